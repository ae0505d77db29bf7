package oracle

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/migrate"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/model/build"
	"github.com/fettlehq/fettle/schema"
)

// The checker refuses a condition of a query just where no index leads to its rows: databases with some thousand rows are asked how they plan
// the statement of each form of testdata/access_paths.txt, with the indexes that its query brings.
func TestAccessPaths(t *testing.T) {
	text, err := os.ReadFile("testdata/access_paths.txt")
	if err != nil {
		t.Fatal(err)
	}
	world, lines, _ := strings.Cut(string(text), "\n\n")
	bare := modelOf(t, world)
	var forms []*pathForm
	all := world + "\nextend type Query {\n"
	for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
		f := readPathForm(fmt.Sprint("query", len(forms)), line)
		f.judge(t, world, build.Schema(bare))
		all += f.query(", scan: true")
		forms = append(forms, f)
	}
	p, problems, err := blueprintOf(all + "}")
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	empty, _, err := blueprintOf(world)
	if err != nil {
		t.Fatal(err)
	}
	p.sqlite, p.postgres = empty.sqlite, empty.postgres
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			db := &explained{Database: open(t, name, "matrix")}
			t.Cleanup(func() { db.Close() })
			made, err := newProduct(name, p, db)
			if err != nil {
				t.Fatal(err)
			}
			made.clock.now = time.Date(2023, 11, 16, 23, 30, 0, 0, time.UTC)
			db.run(t, someThousandRows(name)...)
			for _, f := range forms {
				f.explain(t, made, db)
			}
		})
	}
	for _, f := range forms {
		if f.way == "none" && f.led["sqlite"] && f.led["postgres"] {
			t.Errorf("%s is refused, and an index leads to its rows on both databases:\n%s", f.condition, f.plans)
		}
	}
}

func modelOf(t *testing.T, text string) *model.Model {
	t.Helper()
	var problems diag.List
	m := build.Model(design.Parse([]design.Source{{Name: "design/world.graphql", Text: text}}, &problems), &problems)
	if len(problems) > 0 {
		t.Fatal(problems)
	}
	return m
}

// pathForm is a condition and how its rows are found:
//
//	index     by an index, on both databases
//	postgres  by an index of PostgreSQL; what is in a list has none on SQLite
//	rows      by rows that refer to them or that they refer to: PostgreSQL begins with these, SQLite finds them for each row of the page's order
//	list      as rows; most fit, and PostgreSQL does not begin with these
//	all       it is the same for all rows
//	none      all are read, which the checker refuses
type pathForm struct {
	name, way, condition, argument string
	value                          any

	forth, back *migrate.Plan
	indexes     []string
	led         map[string]bool
	plans       string
}

// readPathForm reads a line: a way, a condition and perhaps "| argument = value". The value of a list is its one element.
func readPathForm(name, line string) *pathForm {
	way, rest, _ := strings.Cut(line, " ")
	condition, argument, _ := strings.Cut(rest, " | ")
	f := &pathForm{name: name, way: way, condition: strings.TrimSpace(condition), led: map[string]bool{}}
	var text string
	f.argument, text, _ = strings.Cut(argument, " = ")
	switch f.value = text; {
	case strings.Contains(f.argument, "Int"):
		n, _ := strconv.ParseInt(text, 10, 64)
		f.value = n
	case strings.Contains(f.argument, "Float"):
		f.value, _ = strconv.ParseFloat(text, 64)
	case strings.Contains(f.argument, "Decimal"):
		f.value, _ = kit.ParseDecimal(text)
	}
	if strings.Contains(f.argument, "[") { // a list of one
		f.value = []any{f.value}
	}
	return f
}

func (f *pathForm) query(scan string) string {
	arguments := ""
	if f.argument != "" {
		arguments = "(" + f.argument + ")"
	}
	return fmt.Sprintf("  %s%s: [Note!]! @where(that: \"%s\"%s)\n", f.name, arguments, f.condition, scan)
}

// judge demands that the checker refuses what it should, and learns which indexes the query brings.
func (f *pathForm) judge(t *testing.T, world string, bare *schema.Schema) {
	t.Helper()
	var problems diag.List
	m := build.Model(design.Parse([]design.Source{{Name: "design/world.graphql", Text: world + "\nextend type Query {\n" + f.query("") + "}"}}, &problems), &problems)
	refused := len(problems) == 1 && problems[0].Code == build.Unindexed
	if len(problems) > 0 && !refused || refused != (f.way == "none") {
		t.Fatalf("%s: %v", f.condition, problems)
	}
	with := build.Schema(m)
	var err error
	if f.forth, err = migrate.Between(bare, with, migrate.Options{}); err != nil {
		t.Fatal(err)
	}
	if f.back, err = migrate.Between(with, bare, migrate.Options{}); err != nil {
		t.Fatal(err)
	}
	before := indexesOf(bare, "notes")
	for _, name := range indexesOf(with, "notes") {
		if !slices.Contains(before, name) {
			f.indexes = append(f.indexes, name)
		}
	}
}

func indexesOf(s *schema.Schema, table string) (names []string) {
	for _, t := range s.Tables {
		for _, i := range t.Indexes {
			if t.Name == table {
				names = append(names, i.Name)
			}
		}
	}
	return names
}

func (f *pathForm) explain(t *testing.T, made *product, db *explained) {
	t.Helper()
	db.migrate(t, f.forth)
	defer db.migrate(t, f.back)
	sel := &query.Select{Entity: made.backend.Entity("Note")}
	sel.Fields = []query.Selection{{Field: sel.Entity.Field("kind")}}
	for _, o := range made.backend.Operations {
		if o.Name == f.name {
			sel.Query = o
		}
	}
	if f.argument != "" {
		sel.Args = []any{f.value}
	}
	db.plan = ""
	if err := made.engine.Read(context.Background(), kit.Viewer{ID: someID(7)}, func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.List(ctx, sel)
		return err
	}); err != nil {
		t.Fatalf("%s: %v", f.condition, err)
	}
	f.led[made.name] = db.leads(f.indexes)
	f.plans += db.plan
	switch {
	case f.way == "index" || f.way == "postgres" && made.name == "postgres" || f.way == "rows" && made.name == "postgres":
		if !f.led[made.name] {
			t.Errorf("no index leads to %s:\n%s", f.condition, db.plan)
		}
	case f.way == "rows" || f.way == "list" && made.name == "sqlite":
		if strings.Contains(db.plan, "SCAN e") || strings.Contains(db.plan, "SCAN r") {
			t.Errorf("all other rows are read for %s:\n%s", f.condition, db.plan)
		}
	}
}

// explained is a database that tells how it plans what it reads.
type explained struct {
	sqldb.Database
	plan string
}

func (d *explained) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	return d.Database.Read(ctx, func(c sqldb.Conn) error { return do(explainedConn{c, d}) })
}

type explainedConn struct {
	sqldb.Conn
	of *explained
}

func (c explainedConn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	explain, before := "EXPLAIN ", []any{}
	if c.of.Dialect() == sqldb.SQLite {
		explain, before = "EXPLAIN QUERY PLAN ", []any{new(int64), new(int64), new(int64)}
	}
	rows, err := c.Conn.Query(ctx, explain+sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	c.of.plan += sql + "\n"
	for rows.Next() {
		line := ""
		if err := rows.Scan(append(before, &line)...); err != nil {
			return nil, err
		}
		c.of.plan += "  " + line + "\n"
	}
	rows.Close()
	return c.Conn.Query(ctx, sql, args...)
}

// leads tells whether the plan finds rows of the table by an index: by a condition on what the index has, or by one of indexes, which has no
// other rows.
func (d *explained) leads(indexes []string) bool {
	lines := strings.Split(d.plan, "\n")
	for i, line := range lines {
		for _, name := range indexes {
			if strings.Contains(line, name) {
				return true
			}
		}
		if strings.Contains(line, "SEARCH t0 ") || strings.Contains(line, "notes_search VIRTUAL TABLE INDEX 0:M") {
			return true
		}
		found := strings.Contains(line, "Index") && (strings.Contains(line, "on notes t0") || strings.Contains(line, "Scan on notes_"))
		if found && i+1 < len(lines) && strings.Contains(lines[i+1], "Index Cond") {
			return true
		}
	}
	return false
}

func (d *explained) run(t *testing.T, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if _, err := d.Handle().Exec(s); err != nil {
			t.Fatal(s, err)
		}
	}
}

func (d *explained) migrate(t *testing.T, plan *migrate.Plan) {
	t.Helper()
	steps := plan.SQLite
	if d.Dialect() == sqldb.Postgres {
		steps = plan.Postgres
	}
	for _, s := range steps {
		d.run(t, s.Statements...)
	}
	if len(steps) > 0 {
		d.run(t, "ANALYZE notes")
	}
}

func someID(n int) kit.ID { return kit.ID(fmt.Sprintf("00000000-0000-7000-9000-%012d", n)) }

// someThousandRows fills the tables of testdata/access_paths.txt. Of what a condition asks for there are few.
func someThousandRows(name string) (statements []string) {
	numbers, id := " FROM n", func(n string) string { return "printf('00000000-0000-7000-9000-%012d', " + n + ")" }
	at, day, list, number := "1700000000000000 + n * 60000000", "date('2020-01-01', '+' || n || ' days')", "json_array(%s)", ""
	if name == "postgres" {
		numbers, id = " FROM generate_series(1, 3000) n", func(n string) string {
			return "('00000000-0000-7000-9000-' || lpad((" + n + ")::text, 12, '0'))::uuid"
		}
		at, day, list, number = "timestamptz '2023-11-14 22:13:20Z' + n * interval '1 minute'", "date '2020-01-01' + n", "array[%s]", "::int"
	}
	put := func(table string, columns ...string) {
		names, values := "id, created_at, updated_at, version", strings.Join([]string{id("n"), at, at, "1"}, ", ")
		for _, c := range columns {
			column, value, _ := strings.Cut(c, " ")
			names, values = names+", "+column, values+", "+value
		}
		with := ""
		if name == "sqlite" {
			with = "WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 3000) "
		}
		statements = append(statements, "INSERT INTO "+table+" ("+names+") "+with+"SELECT "+values+numbers, "ANALYZE "+table)
	}
	rarely := func(column, value string) string { return column + " CASE WHEN n % 50 = 0 THEN " + value + " END" }
	put("users", "email 'u' || n || '@example.org'", "name 'name ' || n", "rank n")
	put("notes",
		"kind 'kind ' || (n % 1000)", rarely("label", "'label ' || n"), "rank n", rarely("count", "n"),
		"copies n - (n % 100 = 0)"+number, rarely("sold", "n"), "ratio n / 7.0", "done (n % 100 = 0)", rarely("flag", "(n % 100 = 0)"),
		"status CASE WHEN n % 100 = 0 THEN 'OPEN' ELSE 'DONE' END", rarely("mood", "'OPEN'"), "at "+at, rarely("due", at), "day "+day,
		rarely("price_amount", "n"), rarely("price_unit", "'EUR'"), "cost_amount n", "cost_unit 'EUR'",
		"author_id "+id("n % 1000 + 1"), rarely("editor_id", id("n % 1000 + 1")), "labels "+fmt.Sprintf(list, "'l' || n"),
		"marks "+fmt.Sprintf(list, "'m' || n"), "text 'text ' || n", "title 'title ' || n", "key 'k' || n")
	put("remarks", "note_id "+id("n % 500 + 1"), "text 'text ' || n", "stars n", "by_id "+id("n % 1000 + 1"))
	return statements
}
