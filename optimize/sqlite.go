package optimize

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/pgsql"
	"modernc.org/sqlite" // the driver that reads the catalog
	sqlite3 "modernc.org/sqlite/lib"
)

// sqliteExplains is how many trials are usual: each runs its statement.
const sqliteExplains = 400

// ErrNoStatements is that SQLite, which counts no statements, was given none.
var ErrNoStatements = errors.New("SQLite counts no statements: name a file of them, --workload FILE")

// RunSQLite looks at a SQLite file. The file is only read: candidates are built on a temporary copy, where each
// statement is run and undone, and what it costs is the number of steps that SQLite's virtual machine takes.
func RunSQLite(ctx context.Context, o Options) (*Report, error) {
	if o.Statements == nil {
		return nil, ErrNoStatements
	}
	if o.Clone != "" {
		return nil, fmt.Errorf("SQLite needs no clone: a temporary copy is made")
	}
	dir, err := os.MkdirTemp("", "fettle-optimize")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "copy.db")
	if err := copySQLite(ctx, o.Database, path); err != nil {
		return nil, err
	}
	l := &lite{made: map[string]string{}}
	if l.catalog, err = readSQLite(ctx, path); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Database, err)
	}
	if l.m, err = openMachine(path); err != nil {
		return nil, err
	}
	defer l.m.close()
	for _, statement := range []string{"PRAGMA foreign_keys = ON", "PRAGMA analysis_limit = 0", "ANALYZE"} {
		if _, err := l.m.run(ctx, statement, 0); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", o.Database, statement, err)
		}
	}
	return l.optimize(ctx, o)
}

// busyTimeout is how long a writer that keeps readers out is waited for.
const busyTimeout = 5 * time.Second

// copySQLite copies a database as it is at one moment, while others may write to it.
func copySQLite(ctx context.Context, from, to string) error {
	switch about, err := os.Stat(from); {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("database %s: there is no such file: it is a URL, postgres://user@host:5432/name, or the file of a SQLite database", from)
	case err != nil:
		return fmt.Errorf("database: %w", err)
	case about.IsDir():
		return fmt.Errorf("database %s: it is a folder: name the file of a SQLite database in it", from)
	case !about.Mode().IsRegular():
		return fmt.Errorf("database %s: it is no file", from)
	}
	db, err := sql.Open("sqlite", fmt.Sprintf("file:%s?mode=ro&_pragma=busy_timeout(%d)", (&url.URL{Path: from}).EscapedPath(), busyTimeout.Milliseconds()))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.ExecContext(ctx, "VACUUM INTO "+pgsql.Literal(to)); err != nil {
		return fmt.Errorf("database %s: it cannot be copied: %w%s", from, err, sqliteHints[resultOf(err)])
	}
	return nil
}

// sqliteHints say what to do about a result of SQLite, by its code.
var sqliteHints = map[int]string{
	sqlite3.SQLITE_BUSY:     ": somebody writes and keeps readers out; try again, or look at a copy",
	sqlite3.SQLITE_CORRUPT:  ": it is damaged; sqlite3 FILE .recover saves what can be read",
	sqlite3.SQLITE_NOTADB:   ": it is something else, or encrypted",
	sqlite3.SQLITE_CANTOPEN: ": may this user read it?",
}

func resultOf(err error) int {
	var said *sqlite.Error
	if errors.As(err, &said) {
		return said.Code() & 0xff
	}
	return 0
}

func readSQLite(ctx context.Context, path string) (*Catalog, error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	c := &Catalog{
		Dialect: SQLite, byName: map[string]*Table{}, path: []string{"main"}, volatile: map[string]bool{},
		mutable: map[string]bool{"random": true, "randomblob": true, "changes": true, "last_insert_rowid": true},
	}
	var names, views, texts []string
	if err := eachRow(ctx, db, "SELECT name, type, coalesce(sql, '') FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND coalesce(sql, '') NOT LIKE 'CREATE VIRTUAL%' ORDER BY name", func(s []string) {
		names, views, texts = append(names, s[0]), append(views, s[1]), append(texts, s[2])
	}); err != nil {
		return nil, err
	}
	for i, name := range names {
		t := &Table{Schema: "main", Name: name, ID: pgsql.Ident(name), Kind: "r", Visible: 1, Analysed: true}
		if views[i] == "view" {
			t.Kind = "v"
			if _, body, found := strings.Cut(texts[i], " AS "); found {
				t.View = body
			}
		}
		if err := t.readSQLite(ctx, db); err != nil {
			return nil, err
		}
		c.add(t)
	}
	return c, nil
}

func (t *Table) readSQLite(ctx context.Context, db *sql.DB) error {
	quoted := pgsql.Literal(t.Name)
	var key []string
	if err := eachRow(ctx, db, "SELECT name, type, \"notnull\", pk FROM pragma_table_info("+quoted+") ORDER BY cid", func(s []string) {
		t.Columns = append(t.Columns, &Column{Name: s[0], Type: strings.ToLower(s[1]), NotNull: s[2] == "1" || s[3] != "0", Width: 12, Known: true})
		if s[3] != "0" {
			key = append(key, s[0])
		}
	}); err != nil || t.Kind == "v" {
		return err
	}
	if len(key) > 0 {
		t.Indexes = append(t.Indexes, &Existing{Name: "primary key of " + t.Name, Method: "btree", Unique: true, Primary: true, Valid: true, Columns: key})
	}
	if err := t.readSQLiteIndexes(ctx, db); err != nil {
		return err
	}
	var selected []string
	for _, column := range t.Columns {
		name := pgsql.Ident(column.Name)
		selected = append(selected, "count(DISTINCT "+name+")", "count("+name+")", "coalesce(avg(length("+name+")), 0)")
	}
	if err := eachRow(ctx, db, "SELECT count(*), "+strings.Join(selected, ", ")+" FROM "+t.ID, func(s []string) {
		t.Rows, _ = strconv.ParseFloat(s[0], 64)
		t.Pages = t.Rows / 40
		for i, column := range t.Columns {
			column.Distinct, _ = strconv.ParseFloat(s[1+3*i], 64)
			there, _ := strconv.ParseFloat(s[2+3*i], 64)
			column.Width, _ = strconv.ParseFloat(s[3+3*i], 64)
			column.NullFrac = 1 - there/max(1, t.Rows)
		}
	}); err != nil {
		return err
	}
	for _, column := range t.Columns {
		name := pgsql.Ident(column.Name)
		if column.Distinct <= fewValues {
			if err := eachRow(ctx, db, fmt.Sprintf("SELECT %s, count(*) FROM %s WHERE %[1]s IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1", name, t.ID), func(s []string) {
				n, _ := strconv.ParseFloat(s[1], 64)
				column.Common, column.Frequencies = append(column.Common, s[0]), append(column.Frequencies, n/max(1, t.Rows))
			}); err != nil {
				return err
			}
			continue
		}
		if err := eachRow(ctx, db, fmt.Sprintf("SELECT %s FROM (SELECT %[1]s, ntile(20) OVER (ORDER BY %[1]s) AS part FROM %s WHERE %[1]s IS NOT NULL) GROUP BY part HAVING min(%[1]s) ORDER BY 1", name, t.ID), func(s []string) {
			column.Histogram = append(column.Histogram, s[0])
		}); err != nil {
			return err
		}
	}
	return nil
}

func (t *Table) readSQLiteIndexes(ctx context.Context, db *sql.DB) error {
	err := eachRow(ctx, db, `SELECT l.name, l."unique", l.origin, l.partial, coalesce(s.sql, ''), (SELECT group_concat(coalesce(x.name, '') || ' ' || x.desc || ' ' || x.coll, char(10)) FROM pragma_index_xinfo(l.name) x WHERE x.key)
		FROM pragma_index_list(`+pgsql.Literal(t.Name)+`) l LEFT JOIN sqlite_schema s ON s.name = l.name ORDER BY l.name`, func(s []string) {
		e := &Existing{Name: s[0], Definition: s[4], Method: "btree", Unique: s[1] == "1", Constraint: s[2] != "c", Valid: true}
		if s[3] == "1" {
			if at := strings.LastIndex(strings.ToUpper(s[4]), " WHERE "); at >= 0 {
				e.Where = strings.TrimSpace(s[4][at+7:])
			}
		}
		for _, part := range strings.Split(s[5], "\n") {
			name, options, _ := strings.Cut(part, " ")
			e.Columns, e.parts = append(e.Columns, name), append(e.parts, name+" "+options)
			if name == "" {
				e.expressions = s[4]
			}
		}
		t.Indexes = append(t.Indexes, e)
	})
	for _, e := range t.Indexes {
		if err == nil {
			err = eachRow(ctx, db, "SELECT coalesce(sum(pgsize), 0) FROM dbstat WHERE name = "+pgsql.Literal(e.Name), func(s []string) {
				e.Bytes, _ = strconv.ParseFloat(s[0], 64)
			})
		}
	}
	return err
}

// eachRow reads rows as texts; a null is an empty one.
func eachRow(ctx context.Context, db *sql.DB, query string, f func([]string)) error {
	rows, err := db.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		cells := make([]sql.NullString, len(columns))
		into := make([]any, len(columns))
		for i := range cells {
			into[i] = &cells[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		texts := make([]string, len(columns))
		for i, cell := range cells {
			texts[i] = cell.String
		}
		f(texts)
	}
	return rows.Err()
}

// lite plans by trying, on the copy of a SQLite database.
type lite struct {
	m       *machine
	catalog *Catalog
	made    map[string]string // names by what they are
}

func (l *lite) cost(ctx context.Context, q *Query, indexes []*Index) (float64, []*Index, error) {
	plan, used, err := l.plan(ctx, q.bound, indexes)
	if errors.Is(err, errNoEnd) && len(indexes) > 0 {
		return mostSteps, nil, nil
	}
	if err != nil {
		return 0, nil, err
	}
	return plan.Cost(), used, nil
}

func (l *lite) bytes(index *Index) float64 { return index.bytes() }

// plan runs a statement with exactly these indexes and undoes what it did. Indexes once made stay in the file, and those
// that are not asked for are dropped in the transaction that is undone.
func (l *lite) plan(ctx context.Context, text string, indexes []*Index) (*Plan, []*Index, error) {
	for _, index := range indexes {
		if _, is := l.made[index.String()]; is {
			continue
		}
		if _, err := l.m.run(ctx, index.Create("", index.Name()), 0); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", index, err)
		}
		if _, err := l.m.run(ctx, "ANALYZE "+pgsql.Ident(index.Name()), 0); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", index, err)
		}
		l.made[index.String()] = index.Name()
	}
	if _, err := l.m.run(ctx, "BEGIN", 0); err != nil {
		return nil, nil, err
	}
	defer l.m.run(context.WithoutCancel(ctx), "ROLLBACK", 0) //nolint:errcheck // what stays is in a copy
	for _, what := range sortedNames(l.made) {
		if !slices.ContainsFunc(indexes, func(i *Index) bool { return i.String() == what }) {
			if _, err := l.m.run(ctx, "DROP INDEX "+pgsql.Ident(l.made[what]), 0); err != nil {
				return nil, nil, err
			}
		}
	}
	steps, err := l.m.run(ctx, "EXPLAIN QUERY PLAN "+text, 1000)
	if err != nil {
		return nil, nil, err
	}
	did, err := l.m.run(ctx, text, 0)
	if err != nil {
		return nil, nil, err
	}
	plan := sqlitePlan(steps.texts)
	plan.Root.Cost, plan.Root.Rows = did.Steps, did.Rows
	var used []*Index
	for _, index := range indexes {
		if slices.ContainsFunc(plan.All(), func(n *Node) bool { return slices.Contains(strings.Fields(n.Type), index.Name()) }) {
			used = append(used, index)
		}
	}
	return plan, used, nil
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

func (l *lite) optimize(ctx context.Context, o Options) (*Report, error) {
	r := &run{options: o, catalog: l.catalog, report: &Report{Literals: o.Literals, Catalog: l.catalog}}
	queries, passed, notes := merge(o.Statements, SQLite, o.Literals)
	r.report.Notes, r.report.Passed = notes, passed
	if len(queries) == 0 && len(o.Statements) > 0 && len(notes) == 0 {
		r.note(nothingToRead)
	}
	for _, q := range queries {
		q.roles = pgsql.RolesOf(q.parsed, l.catalog)
		q.bound = pgsql.Bind(q.parsed.Text, values(l.catalog, q.roles, pgsql.Params(q.parsed), nil, "typical"))
		plan, _, err := l.plan(ctx, q.bound, nil)
		if err != nil {
			r.note("%s: it cannot be run and is left out: %v", q.Where, err)
			continue
		}
		q.Before, q.Base = plan, plan
		r.queries = append(r.queries, q)
	}
	r.queries = rank(r.queries)
	r.report.Queries = slices.Clone(r.queries)
	if r.options.Explains == 0 || r.options.Explains == usualExplains {
		r.options.Explains = sqliteExplains
	}
	r.plans = newCounted(l, r.options.Explains)
	if err := r.chooseIndexes(ctx); err != nil {
		return nil, err
	}
	for _, index := range slices.Clone(r.chosen) {
		gains, err := r.gains(ctx, index, r.chosen)
		if err != nil {
			return nil, err
		}
		if len(gains) == 0 {
			continue
		}
		if saved := r.planned(gains); !saved.worth(r.upkeep(index)) {
			r.leftAlone(index.String(), gains[0].query, saved, false)
			continue
		}
		r.add(r.sqliteAdvice(index, gains))
	}
	if err := r.hygiene(ctx); err != nil {
		return nil, err
	}
	r.report.finish()
	return r.report, nil
}

func (r *run) sqliteAdvice(index *Index, gains []gain) *Advice {
	best := gains[0]
	a := r.indexAdvice(best, index)
	before, after := best.before.Cost(), best.after.Cost()
	a.Proof = Proof{L3, &Evidence{Cost: before, Steps: &before, Plan: best.before.Lines()}, &Evidence{Cost: after, Steps: &after, Plan: best.after.Lines()}}
	a.Confidence = fmt.Sprintf("high (L3): run on a temporary copy, %s steps of SQLite's machine → %s; the number is exact, a time was not measured", Count(before), Count(after))
	for _, n := range best.before.All() {
		switch {
		case strings.Contains(n.Type, "AUTOMATIC"):
			a.Why = append(a.Why, "SQLite builds an index for each run and throws it away: "+n.Type)
		case strings.HasPrefix(n.Type, "SCAN"):
			a.Why = append(a.Why, n.Type+": all of it is read")
		case strings.Contains(n.Type, "TEMP B-TREE"):
			a.Why = append(a.Why, n.Type+": the rows are sorted for each run")
		}
	}
	for _, g := range gains {
		a.Saved += g.query.Share * (1 - g.after.Cost()/g.before.Cost())
	}
	a.Notes = append(a.Notes, "making it locks writers for as long as it takes")
	return a
}
