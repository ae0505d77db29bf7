package pgsql_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/fettlehq/fettle/pgsql"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// TestGolden reads the roles of the statements in testdata. Each file has the tables, a statement, and its roles.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("testdata: %d files, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var known tables
			for i := range archive.Files {
				section := &archive.Files[i]
				switch {
				case section.Name == "tables":
					known = readTables(string(section.Data))
				case strings.HasSuffix(section.Name, ".sql"):
					got := describe(t, string(section.Data), known)
					want := &archive.Files[i+1]
					if string(want.Data) != got && !*update {
						t.Errorf("%s: got\n%s\nwant\n%s", section.Name, got, want.Data)
					}
					want.Data = []byte(got)
				}
			}
			if *update {
				if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

type table struct {
	columns []string
	view    string
}

type tables map[string]table

func (t tables) Table(_, name string) (string, []string, string, bool) {
	found, is := t[name]
	return name, found.columns, found.view, is
}

// readTables reads lines such as "users: id, email" and "adults: id = select id from users".
func readTables(text string) tables {
	out := tables{}
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(strings.TrimSpace(line), ": ")
		columns, view, _ := strings.Cut(rest, " = ")
		out[name] = table{strings.Split(columns, ", "), view}
	}
	return out
}

func describe(t *testing.T, text string, known tables) string {
	t.Helper()
	statement, err := pgsql.Parse(text)
	if err != nil {
		return "error: " + err.Error() + "\n"
	}
	roles := pgsql.RolesOf(statement, known)
	var out strings.Builder
	for _, scan := range roles.Scans {
		fmt.Fprintf(&out, "%s as %s\n", scan.Table, scan.Alias)
		for _, predicate := range scan.Where {
			fmt.Fprintf(&out, "  where %s\n", predicateLine(predicate))
		}
		for _, arms := range scan.Or {
			out.WriteString("  or\n")
			for _, arm := range arms {
				fmt.Fprintf(&out, "    %s\n", predicateLine(arm))
				for _, p := range arm.And {
					fmt.Fprintf(&out, "      and %s\n", predicateLine(p))
				}
			}
		}
		for _, key := range scan.Order {
			fmt.Fprintf(&out, "  order %s%s desc=%v nulls=%q whole=%v\n", key.Column, key.Key, key.Desc, key.Nulls, scan.Whole)
		}
		fmt.Fprintf(&out, "  group=%v used=%v limit=%v star=%v outer=%v %s\n", scan.Group, scan.Used, scan.Limit, scan.Star, scan.Outer, scan.Write)
	}
	for _, number := range pgsql.Params(statement) {
		for _, use := range roles.Params[number] {
			fmt.Fprintf(&out, "$%d: %s %s %s\n", number, use.Column.Name, use.Op, use.Place)
		}
	}
	return out.String()
}

func predicateLine(p pgsql.Predicate) string {
	class := []string{"other", "equal", "range", "prefix", "infix", "contains", "haskey", "match", "unequal"}[p.Class]
	line := fmt.Sprintf("%s%s %s %s", p.Column, p.Key, p.Op, class)
	if p.Join.Scan != nil {
		line += " join " + p.Join.Scan.Alias + "." + p.Join.Name
	}
	if p.Fixed {
		line += " fixed " + p.Value
	}
	if p.Param > 0 {
		line += fmt.Sprintf(" $%d", p.Param)
	}
	return line + " | " + p.Text
}

func TestSplitKeepsTextsAndCommentsWhole(t *testing.T) {
	pieces := pgsql.Split("-- name: one\nselect ';' ; /* a ; b */ select $x$;$x$;\n\n;select \"a;b\" -- ;\n from t")
	var got []string
	for _, piece := range pieces {
		got = append(got, fmt.Sprintf("%d %q %q", piece.Line, piece.Text, piece.Comments))
	}
	want := []string{
		`2 "select ';'" ["name: one"]`,
		`2 "select $x$;$x$" ["a ; b"]`,
		`4 "select \"a;b\" -- ;\n from t" []`,
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %s\nwant %s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestCutAndPutTogether(t *testing.T) {
	text := "select distinct a, (select max(x) from t2 where t2.y = 1) from t where a is distinct from 2 group by a having count(*) > 1 order by a limit 3 offset 4"
	clauses, ok := pgsql.Cut(text)
	if !ok || clauses.Where != "a is distinct from 2" || clauses.Select != "distinct a, (select max(x) from t2 where t2.y = 1)" || clauses.Offset != "4" {
		t.Fatalf("got %+v, %v", clauses, ok)
	}
	again, err := pgsql.Fingerprint(clauses.String())
	if err != nil {
		t.Fatal(err)
	}
	if before, _ := pgsql.Fingerprint(text); before != again {
		t.Errorf("%s is another statement", clauses)
	}
	for _, text := range []string{"select 1 union select 2", "with a as (select 1) select * from a", "values (1)"} {
		if _, ok := pgsql.Cut(text); ok {
			t.Errorf("%s: was cut", text)
		}
	}
}

func TestBindLeavesTextsAlone(t *testing.T) {
	got := pgsql.Bind("select '$1', $1, $12, $2", map[int]string{1: "'a'", 12: "3"})
	if got != "select '$1', 'a', 3, $2" {
		t.Error(got)
	}
}

func TestReadsOnly(t *testing.T) {
	for text, want := range map[string]bool{
		"select 1":                   true,
		"select * from t for update": false,
		"with gone as (delete from t returning *) select * from gone": false,
		"select * into x from t": false,
		"delete from t":          false,
		"create table t()":       false,
	} {
		s, err := pgsql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if is, _ := pgsql.ReadsOnly(s); is != want {
			t.Errorf("%s: reads only: %v", text, is)
		}
	}
}
