package optimize

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// lite plans by trying, on the copy of a SQLite database. To build every candidate would take minutes, so SQLite is asked first, of a
// database that has the same tables without a row, and the copy's statistics:
//
//	all candidates ─▶ shape: indexes that hold nothing, with statistics ─▶ which of them SQLite picks
//	those it picks ─▶ copy: they are built, and the statement is run with exactly these and undone
//
// What is built has exact statistics from then on, so the shape picks as the copy does.
type lite struct {
	m       *machine // of the copy
	shape   *machine // in memory
	catalog *Catalog

	built  map[string]string  // on the copy: names by what they are
	drawn  map[string]string  // in the shape
	failed map[string]bool    // it cannot be made
	stats  map[string]string  // of sqlite_stat1, by index
	values map[string]float64 // of expressions, how many they have
	tried  map[string]*trial  // by statement and indexes
	base   map[string]float64 // steps of a statement with no more than there is
	best   map[string]*trial  // with the fewest steps, by statement
	most   float64            // steps of a statement
	spent  float64            // steps of trials
	says   func(string, ...any)
}

// trial is a statement that was run with indexes.
type trial struct {
	plan    *Plan
	indexes []*Index // that it uses
}

// mostTrialSteps is how many steps all trials of a run may take together: some minutes.
const mostTrialSteps = 5e9

// muchSlower ends a trial: a statement that takes so many times its steps with an index has no use for it.
const muchSlower = 2

func newLite(ctx context.Context, m *machine, c *Catalog) (*lite, error) {
	l := &lite{
		m: m, catalog: c, built: map[string]string{}, drawn: map[string]string{}, failed: map[string]bool{}, stats: map[string]string{},
		values: map[string]float64{}, tried: map[string]*trial{}, base: map[string]float64{}, best: map[string]*trial{}, most: mostSteps, says: func(string, ...any) {},
	}
	shape, err := openMachine(":memory:")
	if err != nil {
		return nil, err
	}
	l.shape = shape
	made, err := m.run(ctx, "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY type <> 'table', type <> 'index', rowid", math.MaxInt32)
	if err != nil {
		return nil, err
	}
	for _, row := range made.texts {
		if _, err := shape.run(ctx, row[0], 0); err != nil && ctx.Err() != nil {
			return nil, err
		} // what is part of a virtual table is there already
	}
	stats, err := m.run(ctx, "SELECT tbl, coalesce(idx, ''), stat FROM sqlite_stat1", math.MaxInt32)
	if err != nil {
		return nil, err
	}
	statements := []string{"PRAGMA foreign_keys = ON", "ANALYZE", "DELETE FROM sqlite_stat1"}
	for _, row := range stats.texts {
		statements = append(statements, insertStat(row[0], row[1], row[2]))
	}
	for _, statement := range append(statements, "ANALYZE sqlite_schema") {
		if _, err := shape.run(ctx, statement, 0); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	return l, nil
}

func insertStat(table, index, stat string) string {
	name := "NULL"
	if index != "" {
		name = pgsql.Literal(index)
	}
	return fmt.Sprintf("INSERT INTO sqlite_stat1 (tbl, idx, stat) VALUES (%s, %s, %s)", pgsql.Literal(table), name, pgsql.Literal(stat))
}

func (l *lite) close() { l.shape.close() }

func (l *lite) cost(ctx context.Context, q *Query, indexes []*Index) (float64, []*Index, error) {
	if l.spent > mostTrialSteps {
		return 0, nil, errBudget
	}
	plan, used, err := l.plan(ctx, q, q.bound, indexes)
	if err != nil {
		return 0, nil, err
	}
	return plan.Cost(), used, nil
}

func (l *lite) bytes(index *Index) float64 { return index.bytes() }

// plan runs a statement with those of the indexes that SQLite picks, and undoes what it did.
func (l *lite) plan(ctx context.Context, _ *Query, text string, indexes []*Index) (*Plan, []*Index, error) {
	for {
		picked, err := l.picks(ctx, text, indexes)
		if err != nil {
			return nil, nil, err
		}
		known := !slices.ContainsFunc(picked, func(i *Index) bool { return l.built[i.String()] == "" })
		t, err := l.try(ctx, text, picked)
		if err != nil {
			return nil, nil, err
		}
		if known || len(t.indexes) == len(picked) { // else their statistics are exact now: with them it may pick others
			return t.plan, t.indexes, nil
		}
	}
}

// picks are the indexes that SQLite would use.
func (l *lite) picks(ctx context.Context, text string, indexes []*Index) ([]*Index, error) {
	if len(indexes) == 0 {
		return nil, nil
	}
	if err := l.draw(ctx, indexes); err != nil {
		return nil, err
	}
	explained, err := l.shape.run(ctx, "EXPLAIN QUERY PLAN "+text, 1000)
	if err != nil {
		return nil, err
	}
	names := namesIn(sqlitePlan(explained.texts))
	return slices.DeleteFunc(slices.Clone(indexes), func(i *Index) bool { return l.drawn[i.String()] == "" || !slices.Contains(names, i.Name()) }), nil
}

// namesIn are the words of a plan, the names of its indexes among them.
func namesIn(plan *Plan) []string {
	var names []string
	for _, n := range plan.All() {
		names = append(names, strings.Fields(n.Type)...)
	}
	return names
}

// draw makes exactly these indexes in the shape.
func (l *lite) draw(ctx context.Context, indexes []*Index) error {
	var statements []string
	wanted := map[string]bool{}
	for _, index := range indexes {
		wanted[index.String()] = true
	}
	for _, what := range sortedNames(l.drawn) {
		if !wanted[what] {
			statements = append(statements, "DROP INDEX "+pgsql.Ident(l.drawn[what]))
			delete(l.drawn, what)
		}
	}
	for _, index := range indexes {
		what := index.String()
		if l.drawn[what] != "" || l.failed[what] {
			continue
		}
		if _, err := l.shape.run(ctx, index.Create("", index.Name()), 0); err != nil {
			if ctx.Err() != nil {
				return err
			}
			l.failed[what] = true
			continue
		}
		l.drawn[what] = index.Name()
		stat, err := l.statOf(ctx, index)
		if err != nil {
			return err
		}
		statements = append(statements, insertStat(index.Table.Name, index.Name(), stat))
	}
	if len(statements) == 0 {
		return nil
	}
	for _, statement := range append(statements, "ANALYZE sqlite_schema") {
		if _, err := l.shape.run(ctx, statement, 0); err != nil {
			return fmt.Errorf("%s: %w", statement, err)
		}
	}
	return nil
}

// statOf is what sqlite_stat1 would say of an index: its rows, and how many of them are alike in the first part of the key, in the first
// two, and so on. Until it is built, parts are taken to be independent of each other.
func (l *lite) statOf(ctx context.Context, index *Index) (string, error) {
	if exact := l.stats[index.String()]; exact != "" {
		return exact, nil
	}
	rows := index.Table.Rows
	if index.Where != "" {
		rows *= index.part()
	}
	rows = max(1, math.Ceil(rows))
	numbers, groups := []string{number0(rows)}, 1.0
	for _, key := range index.Keys {
		values := 0.0
		if key.Column != "" {
			values = index.Table.distinct(key.Column)
		} else {
			var err error
			if values, err = l.valuesOf(ctx, index.Table, key.Expr); err != nil {
				return "", err
			}
		}
		groups = min(rows, groups*max(1, values))
		numbers = append(numbers, number0(math.Ceil(rows/groups)))
	}
	return strings.Join(numbers, " "), nil
}

func number0(n float64) string { return strconv.FormatFloat(n, 'f', 0, 64) }

// valuesOf counts the values of an expression.
func (l *lite) valuesOf(ctx context.Context, t *Table, expression string) (float64, error) {
	what := t.ID + " " + expression
	if known, is := l.values[what]; is {
		return known, nil
	}
	counted, err := l.m.within(ctx, "SELECT count(DISTINCT "+expression+") FROM "+t.ID, 1, l.most)
	if err != nil && ctx.Err() != nil {
		return 0, err
	}
	values := max(1, t.Rows/10)
	if err == nil && len(counted.texts) > 0 {
		values, _ = strconv.ParseFloat(counted.texts[0][0], 64)
	}
	l.values[what] = values
	return values, nil
}

// try runs a statement on the copy with these indexes alone. They stay there; those that are not asked for are taken out of the
// schema, which is read again, in the transaction that is undone: to drop them would be to visit each of their pages.
func (l *lite) try(ctx context.Context, text string, indexes []*Index) (*trial, error) {
	key := text
	for _, index := range indexes {
		key += "\n" + index.String()
	}
	if known := l.tried[key]; known != nil {
		return known, nil
	}
	l.says("trial %d", len(l.tried)+1)
	for _, index := range indexes {
		if err := l.build(ctx, index); err != nil {
			return nil, err
		}
	}
	var hidden []string
	for _, what := range sortedNames(l.built) {
		if !slices.ContainsFunc(indexes, func(i *Index) bool { return i.String() == what }) {
			hidden = append(hidden, pgsql.Literal(l.built[what]))
		}
	}
	limit := l.most
	if base := l.base[text]; base > 0 {
		limit = min(limit, muchSlower*base+100*tickSteps)
	}
	const later = "PRAGMA defer_foreign_keys = ON" // what refers to a row is looked for, and whether it is in order only asked at a commit, which never comes
	before := []string{"BEGIN", later}
	if len(hidden) > 0 {
		list := " IN (" + strings.Join(hidden, ", ") + ")"
		before = []string{
			"PRAGMA writable_schema = ON", "BEGIN", "DELETE FROM sqlite_schema WHERE type = 'index' AND name" + list, "DELETE FROM sqlite_stat1 WHERE idx" + list,
			"PRAGMA writable_schema = RESET", later,
		}
	}
	defer func() {
		l.m.run(context.WithoutCancel(ctx), "ROLLBACK", 0) //nolint:errcheck // what stays is in a copy, and an ended statement has done it
		if len(hidden) > 0 {
			l.m.run(context.WithoutCancel(ctx), "PRAGMA writable_schema = RESET", 0) //nolint:errcheck // it cannot fail
		}
	}()
	for _, statement := range before {
		if _, err := l.m.run(ctx, statement, 0); err != nil {
			return nil, fmt.Errorf("%s: %w", statement, err)
		}
	}
	explained, err := l.m.run(ctx, "EXPLAIN QUERY PLAN "+text, 1000)
	if err != nil {
		return nil, err
	}
	did, err := l.m.within(ctx, text, 0, limit)
	cut := errors.Is(err, errManySteps)
	if err != nil && !cut {
		return nil, err
	}
	plan := sqlitePlan(explained.texts)
	plan.Root.Cost, plan.Root.Rows, plan.cut = did.Steps, did.Rows, cut
	names := namesIn(plan)
	t := &trial{plan, slices.DeleteFunc(slices.Clone(indexes), func(i *Index) bool { return !slices.Contains(names, i.Name()) })}
	switch {
	case len(indexes) == 0:
		l.base[text] = did.Steps
	default:
		l.spent += did.Steps
		if len(t.indexes) > 0 && !cut && (l.best[text] == nil || did.Steps < l.best[text].plan.Cost()) {
			l.best[text] = t
		}
	}
	l.tried[key] = t
	return t, nil
}

// build makes an index on the copy, and learns what it holds.
func (l *lite) build(ctx context.Context, index *Index) error {
	what := index.String()
	if l.built[what] != "" {
		return nil
	}
	name := index.Name()
	for _, statement := range []string{index.Create("", name), "ANALYZE " + pgsql.Ident(name)} {
		if _, err := l.m.run(ctx, statement, 0); err != nil {
			return fmt.Errorf("%s: %w", index, err)
		}
	}
	l.built[what] = name
	stat, err := l.m.run(ctx, "SELECT stat FROM sqlite_stat1 WHERE idx = "+pgsql.Literal(name), 1)
	if err != nil {
		return err
	}
	if len(stat.texts) == 0 {
		return nil // it holds nothing
	}
	l.stats[what] = stat.texts[0][0]
	if l.drawn[what] != "" {
		for _, statement := range []string{"DELETE FROM sqlite_stat1 WHERE idx = " + pgsql.Literal(name), insertStat(index.Table.Name, name, l.stats[what]), "ANALYZE sqlite_schema"} {
			if _, err := l.shape.run(ctx, statement, 0); err != nil {
				return err
			}
		}
	}
	return nil
}

// sqlitePlan reads the rows of EXPLAIN QUERY PLAN: id, parent, unused, what is done.
func sqlitePlan(rows [][]string) *Plan {
	root := &Node{Type: "statement"}
	byID := map[string]*Node{"0": root}
	for _, row := range rows {
		n := &Node{Type: row[3]}
		byID[row[0]] = n
		above := byID[row[1]]
		if above == nil {
			above = root
		}
		above.Below = append(above.Below, n)
	}
	return &Plan{Root: root, bare: true}
}

// reference is a foreign key of another table, to one whose rows are deleted.
type reference struct {
	from    *Table
	to      string // in lower case
	columns []string
	cascade bool
}

func (l *lite) references(ctx context.Context) ([]reference, error) {
	var out []reference
	for _, t := range l.catalog.Tables {
		if t.Kind == "v" {
			continue
		}
		read, err := l.m.run(ctx, `SELECT id, lower("table"), "from", on_delete FROM pragma_foreign_key_list(`+pgsql.Literal(t.Name)+") ORDER BY id, seq", math.MaxInt32)
		if err != nil {
			return nil, err
		}
		for i, row := range read.texts {
			if i > 0 && read.texts[i-1][0] == row[0] {
				out[len(out)-1].columns = append(out[len(out)-1].columns, row[2])
				continue
			}
			out = append(out, reference{t, row[1], []string{row[2]}, row[3] == "CASCADE"})
		}
	}
	return out, nil
}

// deletes adds to what a DELETE asks what its references do: rows of other tables are looked for, and where they go with it, what refers
// to them.
func (l *lite) deletes(q *Query, references []reference) {
	if !q.parsed.Tree.Is("DeleteStmt") {
		return
	}
	_, name := q.target()
	seen := map[*Table]bool{}
	for next := []string{strings.ToLower(name)}; len(next) > 0; next = next[1:] {
		for _, r := range references {
			if r.to != next[0] {
				continue
			}
			scan := &pgsql.Scan{Table: r.from.ID, Inner: true, Star: true, Times: map[string]int{}}
			for _, column := range r.columns {
				scan.Where = append(scan.Where, pgsql.Predicate{Column: column, Class: pgsql.Equal, Op: "="})
			}
			q.roles.Scans = append(q.roles.Scans, scan)
			if r.cascade && !seen[r.from] {
				seen[r.from] = true
				next = append(next, strings.ToLower(r.from.Name))
			}
		}
	}
}
