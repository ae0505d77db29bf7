//go:build unix

package pipeline

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // a driver of Postgres

	"github.com/fettlehq/fettle/internal/pgtest"
)

// A database that the service was run on without the tool keeps its migrations from being planned anew.
func TestDatabaseShowsMigrations(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "notes")
	if _, err := New(dir, "", "../kit"); err != nil {
		t.Fatal(err)
	}
	design := filepath.Join(dir, "design", "notes.graphql")
	text, err := os.ReadFile(design)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(design, []byte(strings.Replace(string(text), "due: Date", "due: Date weight: Int", 1)), 0o644); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "a b.db")
	planned := func(database string) string {
		t.Helper()
		t.Setenv("DATABASE_URL", database)
		g, err := Generate(dir, Options{Kit: "../kit"})
		if err != nil || len(g.Problems) > 0 || len(g.Migration.Files) == 0 {
			t.Fatal(err, g)
		}
		return filepath.Base(g.Migration.Files[0])
	}
	postgres := pgtest.New(t)
	const again, further = "0001_create_notes.sql", "0002_add_weight_to_notes.sql"
	for _, database := range []string{"", "sqlite::memory:", "sqlite:" + file} {
		if have := planned(database); have != again {
			t.Errorf("%q: %s", database, have)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("asking made a database")
	}
	for _, step := range []struct{ does, want string }{
		{"CREATE TABLE other (id int)", again},
		{"CREATE TABLE goose_db_version (id int, version_id bigint)", again},
		{"INSERT INTO goose_db_version VALUES (1, 0)", again},
		{"INSERT INTO goose_db_version VALUES (2, 1)", further},
	} {
		for driver, at := range map[string]string{"sqlite": "file:" + file, "pgx": postgres} {
			db, err := sql.Open(driver, at)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := db.Exec(step.does); err != nil {
				t.Fatal(driver, err)
			}
			db.Close()
			if have := planned(at); have != step.want {
				t.Errorf("%s, after %s: %s", driver, step.does, have)
			}
		}
	}
	if have := planned("postgres://nobody@127.0.0.1:1/none?sslmode=disable"); have != further {
		t.Errorf("a database that does not answer: %s", have)
	}
}
