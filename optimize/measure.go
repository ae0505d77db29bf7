package optimize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fettlehq/fettle/pgsql"
)

// The measuring.
const (
	usualRuns = 5
	doubtRuns = 10               // more, where only times tell that a statement is faster
	runLimit  = 30 * time.Second // of one run
	allLimit  = time.Minute      // of the runs of one statement
	lessTime  = 0.7              // of a statement's, that is a speed-up
)

// Measured is what runs of a statement took.
type Measured struct {
	Times    []float64 // milliseconds, in the order of the runs
	TimedOut bool      // no run ended within runLimit; Times is that limit
	Plan     *Plan     // of the last run
}

// Median is the median time in milliseconds.
func (m Measured) Median() float64 {
	sorted := slices.Clone(m.Times)
	slices.Sort(sorted)
	if len(sorted) == 0 {
		return 0
	}
	return sorted[len(sorted)/2]
}

// least is the shortest time. What else the machine does only adds to a run, so this one tells most of the statement.
func (m Measured) least() float64 {
	if len(m.Times) == 0 {
		return 0
	}
	return slices.Min(m.Times)
}

// faster reports whether the second way is faster by more than chance: by three tenths, and in most of the turns. Where it does not touch
// as many pages less, nothing but the times tells so, and a few turns of a machine that is busy may all have fallen on the first: then
// the shortest times have to differ as much.
func faster(before, after Measured) bool {
	won := 0
	runs := min(len(before.Times), len(after.Times))
	for i := range runs {
		if after.Times[i] < before.Times[i] {
			won++
		}
	}
	if after.TimedOut || before.Median() <= 0.1 || after.Median() >= lessTime*before.Median() || won*5 < runs*4 {
		return false
	}
	return fewerPages(before, after) || after.least() < lessTime*before.least()
}

// fewerPages reports whether the second way touches as many pages less as it has to be faster.
func fewerPages(before, after Measured) bool {
	return before.Plan != nil && after.Plan != nil && after.Plan.Buffers() < lessTime*before.Plan.Buffers()
}

func slower(before, after Measured) bool {
	return after.TimedOut && !before.TimedOut || after.Median() > 1.1*before.Median()+1 && faster(after, before)
}

// clone is a database that may be changed: a copy that the user names.
type clone struct {
	*session
	catalog *Catalog
	made    map[*Index]string // what they are called there; see names
	build   map[*Index]time.Duration
	real    map[*Index]float64 // their sizes
	advised map[string]string  // what plans call an index that was made, or its part for a partition, to the name that is advised

	extended []string // extensions that were made
	notes    []string // what was found there
	says     func(string, ...any)
}

// make builds indexes for real. What cannot be built is left out, with its reason.
func (c *clone) make(ctx context.Context, indexes []*Index) (failed map[*Index]error) {
	failed = map[*Index]error{}
	tables := map[string]bool{}
	for _, index := range indexes {
		if _, is := c.made[index]; is {
			continue
		}
		if index.Needs != "" {
			if err := c.extend(ctx, index.Needs); err != nil {
				failed[index] = fmt.Errorf("extension %s: %w", index.Needs, err)
				continue
			}
		}
		c.says("index %s, which is made on the clone", index.Name())
		name := ownName()
		took, err := c.create(ctx, index, name)
		if err != nil {
			if ctx.Err() != nil {
				c.made[index] = name // it may be there all the same
			}
			failed[index] = shortened(err)
			continue
		}
		c.build[index] = took
		c.made[index], c.advised[name] = name, index.Name()
		c.measureSize(ctx, index)
		if !index.simple() {
			tables[index.Table.ID] = true // an expression has statistics once its index is there
		}
	}
	for _, table := range sortedNames(tables) {
		c.Exec(ctx, "ANALYZE "+table) //nolint:errcheck // then it is measured without
	}
	return failed
}

// measureSize asks for the size of an index that was made, and for what it is called on each partition.
func (c *clone) measureSize(ctx context.Context, index *Index) {
	rows, err := c.Query(ctx, `SELECT k.relname, pg_relation_size(k.oid) FROM pg_class k WHERE k.oid = ANY ($1::text[]::regclass[])
		UNION ALL SELECT k.relname, pg_relation_size(k.oid) FROM unnest($1::text[]::regclass[]) m, pg_partition_tree(m) t JOIN pg_class k ON k.oid = t.relid
			WHERE t.isleaf AND t.level > 0`, c.names(index, c.made[index]))
	if err != nil {
		return // it is called as it is, and has the size that is guessed
	}
	defer rows.Close()
	total := 0.0
	for rows.Next() {
		var name string
		var size int64
		if rows.Scan(&name, &size) != nil {
			return
		}
		total += float64(size)
		c.advised[name] = index.Name()
	}
	c.real[index] = total
}

// qualified is what an index that was made is called there, for DROP INDEX: several have commas between them.
func (c *clone) qualified(index *Index) string {
	return strings.Join(c.names(index, c.made[index]), ", ")
}

// names are what the indexes are called on the clone that are made for one.
func (c *clone) names(index *Index, name string) (names []string) {
	for i, part := range index.each() {
		names = append(names, pgsql.Ident(part.Table.Schema)+"."+pgsql.Ident(ownPart(name, i)))
	}
	return names
}

func sortedNames[V any](of map[string]V) []string {
	names := make([]string, 0, len(of))
	for name := range of {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// drop removes an index that was made.
func (c *clone) drop(ctx context.Context, index *Index) error {
	_, err := c.Exec(ctx, "DROP INDEX IF EXISTS "+c.qualified(index))
	delete(c.made, index)
	return err
}

// compare runs two statements in turns, the first without the indexes named, and rolls back each run. A write is
// undone with its run; what else happens in a run that writes nothing.
func (c *clone) compare(ctx context.Context, before, after string, without []*Index, settings []string) (Measured, Measured, error) {
	return c.compareAfter(ctx, nil, before, after, without, settings)
}

// compareAfter is compare, with statements that are run before each.
func (c *clone) compareAfter(ctx context.Context, first []string, before, after string, without []*Index, settings []string) (Measured, Measured, error) {
	var a, b Measured
	var drops []string
	for _, index := range without {
		drops = append(drops, "DROP INDEX "+c.qualified(index))
	}
	drops, settings = append(drops, first...), append(slices.Clone(settings), first...)
	start := time.Now()
	for run := 0; run <= usualRuns || run <= usualRuns+doubtRuns && doubtful(a, b); run++ {
		warm := run == 0
		if err := c.once(ctx, before, drops, &a, warm); err != nil {
			return a, b, err
		}
		if err := c.once(ctx, after, settings, &b, warm); err != nil {
			return a, b, err
		}
		if a.TimedOut && b.TimedOut {
			break
		}
		if run == 0 {
			start = time.Now() // a round is what both take once they are warm, or one of them if the other has no end
			continue
		}
		if time.Since(start)/time.Duration(run) > allLimit/usualRuns {
			break
		}
	}
	return a, b, nil
}

// doubtful reports whether one of two ways seems to be faster, by times alone that are so short that more turns cost nothing.
func doubtful(a, b Measured) bool {
	short := a.Median()+b.Median() < float64(allLimit.Milliseconds())/100
	return short && (faster(a, b) && !fewerPages(a, b) || faster(b, a) && !fewerPages(b, a))
}

// once runs a statement once. The first run only warms up, unless it takes so long that it has to do.
func (c *clone) once(ctx context.Context, text string, first []string, m *Measured, warm bool) error {
	if m.TimedOut {
		return nil
	}
	timing := "TIMING OFF"
	if parsed, err := pgsql.Parse(text); err != nil || !parsed.Tree.Is("SelectStmt") {
		timing = "TIMING ON" // time in triggers is only told with it
	}
	var out []byte
	started := false
	err := c.inside(ctx, func() error {
		for _, statement := range append([]string{fmt.Sprintf("SET LOCAL statement_timeout = %d", runLimit.Milliseconds()), "SET LOCAL jit = " + c.jit}, first...) {
			if _, err := c.Exec(ctx, statement); err != nil {
				return err
			}
		}
		for _, statement := range c.as {
			if _, err := c.Exec(ctx, statement); err != nil {
				return err
			}
		}
		started = true
		return c.QueryRow(ctx, "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON, "+timing+") "+text).Scan(&out)
	})
	var said *pgconn.PgError
	if started && errors.As(err, &said) && said.Code == "57014" {
		m.TimedOut, m.Times = true, []float64{float64(runLimit.Milliseconds())}
		return nil
	}
	if err != nil {
		return shortened(err)
	}
	plan, err := readPlan(out)
	if err != nil {
		return err
	}
	c.rename(plan)
	m.Plan = plan
	if !warm || plan.Time > 10_000 {
		m.Times = append(m.Times, plan.Time)
	}
	return nil
}

// harmless are functions that count as volatile and whose running on a clone changes nothing that stays.
var harmless = []string{"random", "clock_timestamp", "timeofday", "gen_random_uuid", "nextval", "currval", "lastval", "setseed", "statement_timestamp"}

// runnable reports whether a statement may be run on a clone, and if not, why.
func (c *Catalog) runnable(s *pgsql.Statement) (reason string) {
	_, functions := pgsql.ReadsOnly(s)
	for _, function := range functions {
		if c.volatile[function] && !slices.Contains(harmless, function) {
			return function + "() may do anything, so it is not run"
		}
	}
	if !s.Tree.Is("SelectStmt", "InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt") {
		return "it is no SELECT, INSERT, UPDATE or DELETE, so it is not run"
	}
	return ""
}

// equalRows reports whether two statements return the same rows the same number of times, in one moment.
func (c *clone) equalRows(ctx context.Context, a, b string) (equal bool, rows float64, err error) {
	err = c.inside(ctx, func() error {
		for _, statement := range []string{"SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY", fmt.Sprintf("SET LOCAL statement_timeout = %d", (4 * runLimit).Milliseconds()), "SET LOCAL work_mem = '256MB'"} {
			if _, err := c.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return c.QueryRow(ctx, "WITH a AS MATERIALIZED (SELECT t::text FROM ("+a+") t), b AS MATERIALIZED (SELECT t::text FROM ("+b+`) t)
			SELECT NOT EXISTS (TABLE a EXCEPT ALL TABLE b) AND NOT EXISTS (TABLE b EXCEPT ALL TABLE a), (SELECT count(*) FROM a)`).Scan(&equal, &rows)
	})
	if err != nil {
		return false, 0, shortened(err)
	}
	return equal, rows, nil
}

// sentence says what was measured.
func sentence(before, after Measured, what string) string {
	faster := 0
	for i := range min(len(before.Times), len(after.Times)) {
		if after.Times[i] < before.Times[i] {
			faster++
		}
	}
	if before.TimedOut {
		return fmt.Sprintf("before: no answer within %s; after: median %s, on %s", Milliseconds(before.Median()), Milliseconds(after.Median()), what)
	}
	text := fmt.Sprintf("%d of %d runs faster, median %s → %s", faster, min(len(before.Times), len(after.Times)), Milliseconds(before.Median()), Milliseconds(after.Median()))
	if before.Plan != nil && after.Plan != nil {
		text += fmt.Sprintf(", pages %s → %s", Count(before.Plan.Buffers()), Count(after.Plan.Buffers()))
	}
	return text + ", on " + strings.TrimSpace(what)
}
