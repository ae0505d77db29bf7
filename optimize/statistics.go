package optimize

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// statistics advises ANALYZE where counts of rows are old, and extended statistics where columns depend on each other.
func (r *run) statistics(ctx context.Context) error {
	for _, t := range r.catalog.Tables {
		if slices.Contains(r.stale, t) || t.stale() {
			if err := r.analyse(ctx, t); err != nil {
				return err
			}
		}
	}
	if r.clone == nil {
		return nil // how many rows come, only a run tells
	}
	for _, q := range r.queries {
		if err := r.dependent(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// analyse advises ANALYZE of a table that statements of the workload read.
func (r *run) analyse(ctx context.Context, t *Table) error {
	a := &Advice{
		ID: "statistics-" + t.label(), Kind: KindStatistics, Change: "ANALYZE " + t.ID, Title: t.ID,
		Why:        []string{fmt.Sprintf("%s rows of %s changed since its statistics were taken", Count(max(t.Modified, 0)), t.ID)},
		Confidence: "medium (L0): the counters say so; what it gains was not measured",
		Proof:      Proof{Level: L0},
		Notes:      []string{"a command, no migration; if it comes back, lower autovacuum_analyze_scale_factor of the table"},
	}
	reading := slices.DeleteFunc(slices.Clone(r.queries), func(q *Query) bool {
		return !slices.ContainsFunc(q.roles.Scans, func(s *pgsql.Scan) bool { return s.Table == t.ID })
	})
	if len(reading) == 0 {
		a.Kind, a.ID = KindHint, "hint-"+a.ID
		r.add(a)
		return nil
	}
	q := reading[0]
	a.Statement, a.Where, a.Query, a.Title, a.Saved = q.Shown(r.options.Literals), q.Where, q.ID, q.title(), q.Share
	a.Proof.Before = estimated(q.Before)
	if r.clone == nil {
		a.Notes = append(a.Notes, fmt.Sprintf("what indexes of %s would gain is not told before: run this again after it, or name a --clone, where it is analysed first", t.ID))
		r.add(a)
		return nil
	}
	plan, err := r.clone.explain(ctx, q.bound)
	if err != nil {
		return nil //nolint:nilerr // it stays at the level of counters
	}
	a.Proof.After = estimated(plan)
	for _, n := range q.Before.All() {
		for _, m := range plan.All() {
			if n.Table == t.Name && m.Table == t.Name && n.Rows > 0 && m.Rows/n.Rows > 10 {
				a.Why = append(a.Why, fmt.Sprintf("%s rows of it were expected where %s are after ANALYZE on the clone", Count(n.Rows), Count(m.Rows)))
			}
		}
	}
	a.Why = slices.Compact(a.Why)
	a.Confidence = "medium (L1): on the clone, ANALYZE changed the plan; the time of the old plan was not measured"
	if slices.Equal(shape(q.Before), shape(plan)) {
		a.Confidence = "low (L0): on the clone, ANALYZE changed what is expected and not the plan, so nothing is claimed"
	} else {
		a.Proof.Level = L1
	}
	r.add(a)
	return nil
}

// shape is what a plan does, without its numbers.
func shape(p *Plan) []string {
	var out []string
	for _, n := range p.All() {
		out = append(out, n.Type+" "+n.Table+" "+n.Index)
	}
	return out
}

// dependent finds conditions on several columns of one table that the planner takes for independent, and tries whether
// extended statistics bring its guess nearer.
func (r *run) dependent(ctx context.Context, q *Query) error {
	if !q.reads() || q.Base.Cost() < worthLooking || r.catalog.runnable(q.parsed) != "" {
		return nil
	}
	for _, scan := range q.roles.Scans {
		t := r.catalog.table(scan.Table)
		if t == nil || t.Kind != "r" || t.tiny() || len(scan.Or) > 0 || len(t.policies) > 0 { // what is expected is of who asks, and what is counted of all
			continue
		}
		var columns, conditions []string
		for _, p := range scan.Where {
			if p.Class == pgsql.Equal && p.Fixed && p.Op == "=" && p.Column != "" && p.Text != "" && !slices.Contains(columns, p.Column) {
				columns = append(columns, p.Column)
				conditions = append(conditions, p.Text)
			}
		}
		if len(columns) < 2 || len(columns) > 8 {
			continue
		}
		if err := r.tryStatistics(ctx, q, t, columns, strings.Join(conditions, " AND ")); err != nil {
			return err
		}
	}
	return nil
}

func (r *run) tryStatistics(ctx context.Context, q *Query, t *Table, columns []string, condition string) error {
	slices.Sort(columns)
	name := strings.Join(append([]string{t.label()}, columns...), "_")
	mark := ""
	if len(name) > 57 || t.alike(columns) {
		sum := sha256.Sum256([]byte(t.ID + " " + strings.Join(columns, ", ")))
		mark = "_" + hex.EncodeToString(sum[:3])
	}
	name = strings.TrimRight(name[:min(len(name), 57-len(mark))], "_") + mark + "_stats"
	if slices.ContainsFunc(r.report.Advice, func(a *Advice) bool { return a.ID == "statistics-"+name }) {
		return nil
	}
	guess := func() (float64, error) {
		plan, err := r.clone.explain(ctx, "SELECT 1 FROM "+t.ID+" WHERE "+condition)
		if err != nil {
			return 0, err
		}
		return max(1, plan.Root.Rows), nil
	}
	var actual, before, after float64
	if err := r.clone.QueryRow(ctx, "SELECT greatest(count(*), 1) FROM "+t.ID+" WHERE "+condition).Scan(&actual); err != nil {
		return nil //nolint:nilerr // then nothing is known
	}
	before, err := guess()
	if err != nil || off(before, actual) < 10 {
		return nil //nolint:nilerr // as above
	}
	var names []string
	for _, column := range columns {
		names = append(names, pgsql.Ident(column))
	}
	create, with := "", (*Plan)(nil)
	for _, kinds := range []string{"dependencies", "dependencies, mcv"} { // a list of common pairs can hide that they depend
		statement := fmt.Sprintf("CREATE STATISTICS %s (%s) ON %s FROM %s", pgsql.Ident(name), kinds, strings.Join(names, ", "), t.ID)
		err = r.clone.inside(ctx, func() error {
			for _, statement := range []string{statement, "ANALYZE " + t.ID} {
				if _, err := r.clone.Exec(ctx, statement); err != nil {
					return err
				}
			}
			rows, err := guess()
			if err != nil || create != "" && off(rows, actual) >= off(after, actual) {
				return err
			}
			create, after = statement, rows
			with, err = r.clone.explain(ctx, q.bound)
			return err
		})
		if err != nil {
			r.note("clone: %s: %v", name, shortened(err))
			return nil
		}
	}
	if off(after, actual) > off(before, actual)/3 {
		return nil
	}
	without, err := r.clone.explain(ctx, q.bound)
	if ofStatement(ctx, err) {
		r.note("clone: %s: %v", q.Where, err)
		return nil
	}
	if err != nil {
		return err
	}
	a := &Advice{
		ID: "statistics-" + name, Kind: KindStatistics, Statement: q.Shown(r.options.Literals), Where: q.Where, Query: q.ID, Title: q.title(),
		Change: create, File: name, Saved: 0, Proof: Proof{L3, estimated(without), estimated(with)},
		Migration: migration([]string{strings.Replace(create, "CREATE STATISTICS", "CREATE STATISTICS IF NOT EXISTS", 1), "ANALYZE " + t.ID}, []string{"DROP STATISTICS IF EXISTS " + pgsql.Ident(name)}, true),
		Why:       []string{fmt.Sprintf("%s go together: the planner expects %s rows where %s come", strings.Join(columns, " and "), Count(before), Count(actual))},
		Confidence: fmt.Sprintf("high (L3) for the guess: off by %.0f times before, by %.1f after, on %s", off(before, actual), off(after, actual),
			r.clone.about(r.catalog, t)),
	}
	if slices.Equal(shape(without), shape(with)) {
		a.Confidence += "; the plan stays the same, so no gain is claimed"
	}
	r.add(a)
	return nil
}

// off is how many times a guess is from what is.
func off(guess, actual float64) float64 { return max(guess/actual, actual/guess) }
