package pipeline

import (
	"database/sql"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/internal/pgtest"
)

// What recipes add as required gets to rows that are there by the way that is told: optional first, then filled by a migration of the
// team's, then required.
func TestRequiredForOldRows(t *testing.T) {
	const design = `extend schema @backend(name: "notes", module: "example.com/notes")

type User @entity @account(login: email) @allow(do: READ, when: "this == viewer") { email: Email! @unique @personal }

type Page @entity @allow(do: READ, when: "viewer != null") {
  title: String!
}
`
	const user, other, page = "'00000000-0000-7000-8000-000000000001'", "'00000000-0000-7000-8000-000000000002'", "'00000000-0000-7000-8000-00000000000"
	for _, c := range []struct {
		recipe         []string
		optional, full string
		fill           []string
		ask, want      string
	}{
		{
			[]string{"ownership", "Page"},
			"owner: User @readOnly @default", "owner: User! @readOnly @default",
			[]string{"UPDATE pages SET owner_id = " + user + " WHERE owner_id IS NULL"},
			"SELECT count(*) FROM pages WHERE owner_id = " + user, "2",
		},
		{
			[]string{"numbers", "Page"},
			"number: Int @readOnly", "number: Int! @readOnly",
			[]string{
				"UPDATE pages SET number = (SELECT count(*) FROM pages o WHERE o.id <= pages.id) WHERE number IS NULL",
			},
			"SELECT number FROM pages WHERE title = 'second'", "2",
		},
		{
			[]string{"tenancy", "Page"},
			"workspace: Workspace @immutable", "workspace: Workspace! @immutable",
			[]string{
				"INSERT INTO workspaces (id, created_at, updated_at, handle, name, owner_id) SELECT " + other + ", created_at, updated_at, 'all', 'All', id FROM users",
				"UPDATE pages SET workspace_id = " + other + " WHERE workspace_id IS NULL",
			},
			"SELECT count(*) FROM pages WHERE workspace_id = " + other, "2",
		},
	} {
		t.Run(c.recipe[0], func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "notes")
			file := filepath.Join(dir, "design", "notes.graphql")
			put(t, file, []byte(design))
			writes := func(accept bool) {
				t.Helper()
				g, err := Generate(dir, Options{Kit: "../kit", AcceptLoss: accept})
				if err != nil {
					t.Fatal(err)
				}
				sound(t, g.Problems)
				if err := g.Write(); err != nil {
					t.Fatal(err)
				}
			}
			refused := func(hint string) {
				t.Helper()
				g, err := Generate(dir, Options{Kit: "../kit"})
				if err != nil {
					t.Fatal(err)
				}
				if len(g.Problems) != 1 || g.Problems[0].Code != LosesData || !strings.Contains(g.Problems[0].Hint, hint) {
					t.Fatal(g.Problems)
				}
			}
			becomes := func(old, now string) {
				t.Helper()
				have := string(text(t, file))
				if !strings.Contains(have, old) {
					t.Fatalf("no %q in\n%s", old, have)
				}
				put(t, file, []byte(strings.Replace(have, old, now, 1)))
			}
			writes(false)
			if err := Applied(dir); err != nil {
				t.Fatal(err)
			}
			databases := map[string]*sql.DB{}
			for dialect, at := range map[string][2]string{"sqlite": {"sqlite", "file:" + filepath.Join(t.TempDir(), "notes.db")}, "postgres": {"pgx", pgtest.New(t)}} {
				db, err := sql.Open(at[0], at[1])
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { db.Close() })
				db.SetMaxOpenConns(1) // a temporary table is one connection's
				databases[dialect] = db
			}
			applied := map[string]bool{}
			apply := func() {
				t.Helper()
				for dialect, db := range databases {
					files, err := filepath.Glob(filepath.Join(dir, "migrations", dialect, "*.sql"))
					if err != nil {
						t.Fatal(err)
					}
					slices.Sort(files)
					for _, file := range files {
						if applied[file] {
							continue
						}
						applied[file] = true
						for _, statement := range strings.SplitAfter(string(text(t, file)), ";\n") {
							if _, err := db.ExecContext(t.Context(), statement); err != nil {
								t.Fatal(file, statement, err)
							}
						}
					}
				}
			}
			apply()
			for dialect, db := range databases {
				at := map[string]string{"sqlite": "0, 0", "postgres": "now(), now()"}[dialect]
				for _, statement := range []string{
					"INSERT INTO users (id, created_at, updated_at, email) VALUES (" + user + ", " + at + ", 'ada@example.org')",
					"INSERT INTO pages (id, created_at, updated_at, title) VALUES (" + page + "3', " + at + ", 'first'), (" + page + "4', " + at + ", 'second')",
				} {
					if _, err := db.ExecContext(t.Context(), statement); err != nil {
						t.Fatal(dialect, statement, err)
					}
				}
			}

			e, err := Add(dir, c.recipe[0], c.recipe[1:])
			if err != nil || len(e.Problems) > 0 {
				t.Fatal(err, e)
			}
			if err := e.Write(); err != nil {
				t.Fatal(err)
			}
			refused("write the field without its ! and generate; give old rows their value in a migration of your own")
			becomes(c.full, c.optional)
			writes(false)
			for dialect := range databases {
				put(t, filepath.Join(dir, "migrations", dialect, "0020_fill.sql"), []byte("-- +goose Up\n"+strings.Join(c.fill, ";\n")+";\n"))
			}
			becomes(c.optional, c.full)
			refused("nothing is destroyed: fettle migrate --accept-loss")
			writes(true)
			apply()
			for dialect, db := range databases {
				var have string
				if err := db.QueryRowContext(t.Context(), c.ask).Scan(&have); err != nil || have != c.want {
					t.Error(dialect, have, err)
				}
			}
		})
	}
}
