package pipeline

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/optimize"
)

// TestParametersOfLibraries: what a library replaces before it sends a statement is a parameter of Postgres.
func TestParametersOfLibraries(t *testing.T) {
	for text, want := range map[string]string{
		"select a from t where b = ? and c in (?)":             "select a from t where b = $1 and c in ($2)",
		"select a::text from t where b = :b or c = :b":         "select a::text from t where b = $1 or c = $1",
		"select a from t where b = @b and tags @> @tags":       "select a from t where b = $1 and tags @> $2",
		"select a from t where doc ? 'x' and b = $1":           "select a from t where doc ? 'x' and b = $1",
		"select a from t where b = '?' and at > '10:00' -- :x": "select a from t where b = '?' and at > '10:00' -- :x",
	} {
		if got := withNumbers(text); got != want {
			t.Errorf("%s: got %s", text, got)
		}
	}
}

// TestStatementsOfBuilders: a chain of calls whose meaning is known in full is SQL; what is known in part is none.
func TestStatementsOfBuilders(t *testing.T) {
	users := []facts.TableUse{{Table: "user"}}
	of := func(s *facts.Statement) string { return spelled(&facts.Query{Statement: s}) }
	got := of(&facts.Statement{
		Verb: facts.Select, Tables: users, Limit: "size", Order: []facts.OrderPart{{Column: "id", Descending: true}, {Column: "name"}},
		Predicates: []facts.Predicate{{Column: "email", Function: "lower", Operator: "="}, {Column: "gone", Operator: "IS NULL"}, {Column: "kind", Operator: "IN"}},
	})
	if want := `SELECT * FROM "user" WHERE lower(email) = $1 AND gone IS NULL AND kind IN ($2) ORDER BY id DESC, name LIMIT $3`; got != want {
		t.Errorf("got %s", got)
	}
	for name, s := range map[string]*facts.Statement{
		"an arm of an OR": {Verb: facts.Select, Tables: users, Predicates: []facts.Predicate{{Column: "a", Operator: "=", Disjoint: true}}},
		"a join":          {Verb: facts.Select, Tables: append(users, facts.TableUse{Table: "post"}), Predicates: []facts.Predicate{{Column: "a", Operator: "="}}},
		"an insert":       {Verb: facts.Insert, Tables: users},
	} {
		if got := of(s); got != "" {
			t.Errorf("%s: got %s", name, got)
		}
	}
}

// TestOptimizeCode finds what the queries of a program lack, and says where in its code they stand.
func TestOptimizeCode(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module shop\n\ngo 1.24\n",
		"store.go": `package shop

import "database/sql"

func byMail(db *sql.DB, mail string) *sql.Row {
	return db.QueryRow("SELECT id FROM users WHERE email = ?", mail)
}

func sorted(db *sql.DB, by string) (*sql.Rows, error) {
	return db.Query("SELECT id FROM users ORDER BY " + by)
}
`,
		"store_test.go": `package shop

import "database/sql"

func fill(db *sql.DB) { db.Exec("DELETE FROM users WHERE name = ?", "x") }
`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT, name TEXT);
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
		INSERT INTO users SELECT i, 'u' || i || '@shop.example', 'n' || i FROM n`); err != nil {
		t.Fatal(err)
	}
	report, err := Optimize(t.Context(), OptimizeOptions{Database: file, Workload: dir})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Advice) != 1 || report.Advice[0].Kind != optimize.KindIndex || !strings.HasPrefix(report.Advice[0].Change, "CREATE INDEX ON users (email") || report.Advice[0].Where != "store.go:6" {
		t.Errorf("advised %+v", report.Advice)
	}
	notes := strings.Join(report.Notes, "\n")
	if len(report.Queries) != 1 || !strings.Contains(notes, "put together while the program runs are left out: 1") {
		t.Errorf("%d queries, notes %s", len(report.Queries), notes)
	}
	if _, err := Optimize(t.Context(), OptimizeOptions{Database: file, Workload: t.TempDir()}); err == nil || !strings.Contains(err.Error(), "no statement whose text is known") {
		t.Errorf("of a folder without code: %v", err)
	}
}
