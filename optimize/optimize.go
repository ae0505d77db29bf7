// Package optimize finds what makes a database slow, and proves what would make it fast.
//
//	workload, catalog ─▶ plans ─▶ candidates ─▶ selection ─▶ proof ─▶ advice ─▶ text, JSON, HTML, SARIF, migrations
//
// It claims what it has seen. An index that the planner would use (HypoPG) is said to lower a cost; a time is named only
// where it was measured, on a clone that the user names; a rewritten statement is proposed only where both forms returned
// the same rows. The database itself is read in a session that cannot write.
package optimize

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
)

// Options are what a run is asked for.
type Options struct {
	Database string  // its URL
	Clone    string  // of a copy that may be changed; empty: nothing is run
	Budget   float64 // bytes that new indexes may take; 0: no limit
	Explains int     // plans that may be asked for; 0: 2500
	Literals bool    // constants of statements are shown
	Ruler    bool    // the budget counts sizes as HypoPG does, which others measure by; else by a nearer estimate

	Progress func(string) // is told what is being done, or nil

	steps float64 // that a statement of SQLite may take; 0: mostSteps

	Statements []*Statement // the workload; nil: what pg_stat_statements counted
}

// says tells what is being done, to who waits.
func (o Options) says(format string, args ...any) {
	if o.Progress != nil {
		o.Progress(fmt.Sprintf(format, args...))
	}
}

const usualExplains = 2500

// worthLooking is the cost below which a statement is fast whatever is done.
const worthLooking = 100

// rare is how often a day a statement has to run to be worth an index.
const rare = 0.2

// Run looks at a Postgres database. Notes tell what could not be done; an error that nothing could.
func Run(ctx context.Context, o Options) (*Report, error) {
	s, err := connect(ctx, o.Database, readOnly)
	if err != nil {
		return nil, err
	}
	defer s.close()
	r := &run{
		options: o, s: s, report: &Report{Literals: o.Literals},
		measured: map[*Query]*pair{}, sharing: map[*Index][]special{}, alsoServing: map[*Index]bool{},
	}
	if r.options.Explains == 0 {
		r.options.Explains = usualExplains
	}
	defer func() { r.clone.end() }()
	defer func() { r.thought.unthink() }()
	for _, step := range []func(context.Context) error{
		r.readCatalog, r.openClone, r.policies, r.readWorkload, r.notUnder, r.openPlanner, r.planRewrites, r.chooseIndexes, r.proveIndexes, r.special,
		r.proveRewrites, r.alsoServed, r.statistics, r.settings, r.hygiene,
	} {
		err := step(ctx)
		if ctx.Err() != nil {
			return r.untilThen()
		}
		if err != nil {
			return nil, err
		}
		r.safe(ctx)
	}
	r.report.finish()
	return r.report, nil
}

var errInterrupted = errors.New("interrupted: nothing was proved until then, so nothing is advised")

// run is one run.
type run struct {
	options Options
	s       *session
	clone   *clone // nil: there is none
	lite    *lite  // nil: it is not SQLite
	catalog *Catalog
	queries []*Query
	plans   *counted // nil: nothing can be thought of
	thought *session // where plans holds its indexes
	chosen  []*Index
	better  []*rewrite // with the same rows, and cheaper
	stale   []*Table   // that were analysed on the clone
	report  *Report
	settled bool    // it was looked at whether what is advised makes a statement slower
	sure    *Report // as it was when something was done last, of which the end of the run has made nothing else

	measured    map[*Query]*pair     // on the clone
	sharing     map[*Index][]special // that an index which was chosen does the work of
	alsoServing map[*Index]bool      // of the chosen, what something needs that shows in no plan: the check of a foreign key
}

// note tells a reader what could not be done. Errors are told without constants.
func (r *run) note(format string, args ...any) {
	for i, arg := range args {
		if err, is := arg.(error); is {
			args[i] = told(err, r.options.Literals)
		}
	}
	r.report.Notes = append(r.report.Notes, fmt.Sprintf(format, args...))
}

func (r *run) add(a *Advice) { r.report.Advice = append(r.report.Advice, a) }

func (r *run) readCatalog(ctx context.Context) error {
	r.options.says("the tables of the database")
	catalog, notes, err := readCatalog(ctx, r.s)
	r.catalog, r.report.Catalog = catalog, catalog
	r.report.Notes = append(r.report.Notes, notes...)
	return err
}

func (r *run) openClone(ctx context.Context) error {
	if r.options.Clone == "" {
		return nil
	}
	if r.options.Clone == r.options.Database {
		return errItself
	}
	r.options.says("the tables of the clone")
	s, err := connect(ctx, r.options.Clone, onClone)
	if err != nil {
		return fmt.Errorf("clone: %w", err)
	}
	r.clone = newClone(s)
	r.clone.says = r.options.says
	if err := r.clone.apart(ctx, r.s, r.catalog); err != nil {
		return err
	}
	if err := r.clone.check(ctx, r.catalog); err != nil {
		return err
	}
	r.report.Notes = append(r.report.Notes, r.clone.notes...)
	if reason, err := r.clone.unwritable(ctx); err != nil {
		return err
	} else if reason != "" {
		r.note("clone: nothing can be made there, so nothing is measured, and what follows is by plan alone: %s", reason)
		r.clone.close()
		r.clone = nil
		return nil
	}
	if left := r.clone.extra(r.catalog); len(left) > 0 {
		r.note("clone: %s: not in the database, so what is measured has more than it", strings.Join(left, ", "))
	}
	return nil
}

func (r *run) readWorkload(ctx context.Context) error {
	statements := r.options.Statements
	if statements == nil {
		var notes []string
		var err error
		if statements, notes, err = fromStatistics(ctx, r.s, r.catalog); err != nil {
			return err
		}
		r.report.Notes = append(r.report.Notes, notes...)
	}
	if r.clone != nil {
		r.catalog.asked = r.sampling(ctx)
	}
	queries, passed, unread, left := merge(statements, mostQueries, nil, r.options.Literals)
	r.report.Passed = passed
	r.report.Notes = append(r.report.Notes, left.notes()...)
	if len(queries) == 0 && len(statements) > 0 && len(unread) == 0 {
		r.note(nothingToRead)
	}
	refused := map[string]bool{}
	for i, q := range queries {
		r.options.says("statement %d of %d", i+1, len(queries))
		if q.roles = r.catalog.rolesOf(q.parsed); len(q.roles.Scans) == 0 && aboutCatalog.MatchString(q.Text) {
			r.report.Passed = append(r.report.Passed, q.Statement)
			continue
		}
		if reason := r.catalog.plannable(q.parsed); reason != "" {
			unread = append(unread, unreadOf(q.place(), "it is left out: %s", reason))
			continue
		}
		if err := q.bind(ctx, r.s, r.catalog); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			unread = append(unread, unreadOf(q.place(), "cannot be planned and is left out: %s", told(err, r.options.Literals)))
			if table, is := strings.CutPrefix(err.Error(), "permission denied for "); is {
				refused[strings.TrimSuffix(table, " ("+insufficientPrivilege+")")] = true
			}
			continue
		}
		r.queries = append(r.queries, q)
	}
	r.report.Left = len(unread) + left.wordings
	r.report.Notes = append(r.report.Notes, unreadNotes(unread)...)
	if r.options.Statements != nil && len(queries) > 0 { // what was counted by the server has BEGIN and its like all over
		r.report.Notes = append(r.report.Notes, leftOut(r.report.Passed)...)
	}
	if len(refused) > 0 {
		r.note("this user may not read %s: GRANT SELECT on them, or GRANT pg_read_all_data, lets their statements be planned", strings.Join(sortedNames(refused), ", "))
	}
	r.queries = rank(r.queries)
	r.report.Queries = slices.Clone(r.queries)
	return nil
}

// nothingToRead is said of a workload that has statements and none to look at.
const nothingToRead = "the workload has no statement that reads or writes rows: BEGIN, SET, CREATE and their like are passed over"

// openPlanner finds where indexes can be thought of: in the database, if HypoPG is there, else in the clone.
func (r *run) openPlanner(ctx context.Context) error {
	switch {
	case r.clone != nil && (r.analyseClone(ctx) || !r.catalog.Extensions["hypopg"]):
		// Statistics that are fresh are on the clone alone.
		s, err := r.clone.thinking(ctx)
		if err != nil {
			return err
		}
		if s == nil {
			r.note("HypoPG is installed neither in the database nor on the clone's server: indexes are proposed by rule and tried on the clone")
			return nil
		}
		r.thought = s
	case r.catalog.Extensions["hypopg"]:
		r.thought = r.s
	default:
		r.note("HypoPG is not installed in this database and no --clone is named: nothing can be proved, so what follows are hints")
		return nil
	}
	thinking := newHypothetical(r.thought, r.options.Ruler)
	if r.clone != nil {
		thinking.there = r.clone.advised
	}
	r.plans = newCounted(thinking, r.options.Explains)
	r.plans.says = r.options.says
	if r.thought == r.s {
		return nil
	}
	kept := r.queries[:0]
	for _, q := range r.queries { // costs are compared with costs of the same statistics
		plan, err := explain(ctx, r.thought, q.bound)
		switch {
		case ofStatement(ctx, err):
			r.note("clone: %s: cannot be planned and is left out: %v", q.place(), err)
			continue
		case err != nil:
			return fmt.Errorf("clone: %s: %w", q.ID, err)
		}
		q.Base = plan
		kept = append(kept, q)
	}
	r.queries = kept
	return nil
}

// ofStatement reports whether an error is of one statement alone, so that the others can go on: the server refused it, and is there.
func ofStatement(ctx context.Context, err error) bool {
	var said *pgconn.PgError
	return ctx.Err() == nil && errors.As(err, &said) && said.SeverityUnlocalized == "ERROR"
}

// worthwhile are the queries that an index may help.
func (r *run) worthwhile() []*Query {
	var out []*Query
	for _, q := range r.queries {
		if q.Base.Cost() >= worthLooking && q.often() && !q.parsed.Tree.Is("InsertStmt") {
			out = append(out, q)
		}
	}
	return out
}

func (r *run) chooseIndexes(ctx context.Context) error {
	queries := r.worthwhile()
	if r.plans == nil {
		return r.guessIndexes(queries)
	}
	s := &selection{plans: r.plans, queries: queries, budget: r.options.Budget, writes: r.writeCost, sharpens: r.sharpens, blunt: 3}
	if r.catalog.Dialect == SQLite { // whose costs are counted, but for what sorting compares
		s.prefixes, s.longer, s.blunt = true, true, 2
	}
	if err := s.seed(ctx, r.catalog); err != nil {
		return err
	}
	chosen, err := s.choose(ctx)
	if err != nil {
		return err
	}
	for _, q := range queries {
		if err := r.plans.failed[q]; err != nil {
			r.note("%s: cannot be planned with other indexes: %v", q.Where, err)
		}
	}
	if r.plans.left == 0 {
		r.note("the %d plans that may be asked for were used up: more may be gained with a larger --explains", r.options.Explains)
	}
	r.chosen, r.report.Chosen = chosen, slices.Clone(chosen)
	r.report.Explains, r.report.Before = r.plans.asked, s.base
	r.report.Size = s.size(chosen)
	if r.report.After, err = s.total(ctx, chosen); err != nil && !errors.Is(err, errBudget) {
		return err
	}
	return nil
}

// writeCost is what keeping an index up to date costs, in the planner's unit and in the time in which the queries' calls
// were counted. An entry costs about what reading a page does: measured on inserts with none, one and three indexes.
func (r *run) writeCost(index *Index) float64 {
	const entry = 1
	rows, window := 0.0, 0.0
	for _, q := range r.queries {
		if q.Day > 0 {
			window = max(window, q.Calls/q.Day)
		}
		if q.reads() {
			continue
		}
		for _, scan := range q.roles.Scans {
			if index.Table.spans(scan.Table) && scan.Write != "" {
				rows += q.Weight * max(1, q.Before.Root.Rows, q.written())
			}
		}
		if target := r.catalog.find(q.target()); target != nil && q.parsed.Tree.Is("InsertStmt") && index.Table.spans(target.ID) {
			rows += q.Weight * max(1, q.Rows, q.written())
		}
	}
	if window > 0 && r.options.Statements == nil && !r.catalog.StatsReset.IsZero() {
		days := r.catalog.Now.Sub(r.catalog.StatsReset).Hours() / 24
		t := index.Table
		rows = max(rows, (t.Inserted+t.Updated-t.Hot+t.Deleted)/max(days, 1./24)*window)
	}
	if index.Where != "" {
		rows *= index.part()
	}
	return rows * entry * map[string]float64{"btree": 1, "gin": 4, "gist": 3, "spgist": 3, "brin": 0.05}[index.Method]
}

// target is the table that a write changes.
func (q *Query) target() (schema, name string) {
	relation := q.parsed.Tree.As("relation", "RangeVar")
	return relation.Text("schemaname"), relation.Text("relname")
}

// written is how many rows the plan expects to write.
func (q *Query) written() float64 {
	if len(q.Before.Root.Below) > 0 {
		return q.Before.Root.Below[0].Rows
	}
	return 1
}

// gain is what a query costs with and without indexes.
type gain struct {
	query         *Query
	text          string // of it, that was planned
	before, after *Plan
	used          []*Index
	together      []*Index // of SQLite: the others that are used and gain something, too
}

// plannedGain is the part of a cost that may be left for an index to be advised by plan alone.
const plannedGain = 0.8

// gains are the queries that use an index, what saves most first.
func (r *run) gains(ctx context.Context, index *Index, all []*Index) ([]gain, error) {
	var out []gain
	for _, q := range r.worthwhile() {
		if len(q.relevant([]*Index{index})) == 0 {
			continue
		}
		for _, text := range q.texted() {
			g, is, err := r.gain(ctx, q, text, index, all)
			if ofStatement(ctx, err) {
				r.note("%s: cannot be planned with other indexes: %v", q.Where, err)
				break
			}
			if err != nil {
				return nil, err
			}
			if is {
				out = append(out, g)
				break
			}
		}
	}
	slices.SortStableFunc(out, func(a, b gain) int {
		x, y := a.query.Weight*(a.before.Cost()-a.after.Cost()), b.query.Weight*(b.before.Cost()-b.after.Cost())
		switch {
		case x > y:
			return -1
		case x < y:
			return 1
		}
		return 0
	})
	return out, nil
}

// gain plans a text of a query with indexes and reports whether one of them is used to any gain.
func (r *run) gain(ctx context.Context, q *Query, text string, index *Index, all []*Index) (g gain, is bool, err error) {
	g = gain{query: q, text: text, before: q.Base}
	if g.after, g.used, err = r.planWith(ctx, q, text, q.relevant(all)); err != nil {
		return g, false, err
	}
	if text != q.bound {
		if g.before, _, err = r.planWith(ctx, q, text, nil); err != nil {
			return g, false, err
		}
	}
	least := plannedGain
	if r.clone != nil { // where it is measured, what the planner hopes for is not what decides
		least = 1.0
	}
	return g, slices.Contains(g.used, index) && g.after.Cost() < least*g.before.Cost(), nil
}

// planWith plans a text of a query with indexes that are thought of, or that are there on the clone.
func (r *run) planWith(ctx context.Context, q *Query, text string, indexes []*Index) (*Plan, []*Index, error) {
	if r.plans != nil {
		return r.plans.plan(ctx, q, text, indexes)
	}
	plan, err := r.clone.explain(ctx, text)
	if err != nil {
		return nil, nil, err
	}
	names := plan.Indexes()
	return plan, slices.DeleteFunc(indexes, func(i *Index) bool { return !slices.Contains(names, i.Name()) }), nil
}

// either notes where a statement is said in another way and its expression has an index, too: each is enough, and with both one is dead
// weight.
func (r *Report) either() {
	for _, said := range r.Advice {
		if said.Kind != KindRewrite && said.Kind != KindHint || len(said.Indexes) > 0 || said.Query == "" {
			continue
		}
		for _, made := range r.Advice {
			of := func(index *Index) bool { return slices.Contains(index.columns(), "") }
			if made.Query != said.Query || !slices.ContainsFunc(made.Indexes, of) {
				continue
			}
			made.Notes = append(made.Notes, fmt.Sprintf("or the statement is said otherwise, as %s does: it needs no index of an expression then, unless others compare with it", said.ID))
			said.Notes = append(said.Notes, fmt.Sprintf("or the statement stays, with %s: each is enough", made.ID))
		}
	}
}

// finish orders the advice: what was measured to save most first, then what is planned to, hints last.
func (r *Report) finish() {
	r.either()
	for _, a := range r.Advice {
		a.tellServed()
	}
	slices.SortStableFunc(r.Advice, func(a, b *Advice) int {
		switch {
		case (a.Kind == KindHint) != (b.Kind == KindHint):
			if a.Kind == KindHint {
				return 1
			}
			return -1
		}
		return cmp.Or(cmp.Compare(b.SavedTime, a.SavedTime), cmp.Compare(b.Saved, a.Saved), -strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.ID, b.ID))
	})
	if few := r.few(); few != "" {
		r.Notes = append(r.Notes, few)
	}
	if r.Interrupted != "" {
		r.Notes = append(r.Notes, "the run was interrupted: "+r.Interrupted)
	}
	slices.Sort(r.Notes)
	r.Notes = slices.Compact(r.Notes)
}

// few tells that all that is read is small: what is fast there says nothing of a database that has more. Where one table is not, or its
// rows were never counted, it is empty.
func (r *Report) few() string {
	var told []string
	for _, q := range r.Queries {
		for _, scan := range q.roles.Scans {
			t := r.Catalog.table(scan.Table)
			if t == nil || t.Kind == "v" {
				continue
			}
			if t.Rows >= tinyRows || r.Catalog.Dialect != SQLite && !t.Analysed {
				return ""
			}
			text := t.ID + " " + Count(t.Rows)
			if !slices.Contains(told, text) {
				told = append(told, text)
			}
		}
	}
	if len(told) == 0 {
		return ""
	}
	return "what is read has few rows here (" + strings.Join(told, ", ") + "): what is fast with so few says nothing of more"
}
