package pipeline_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fettlehq/fettle/pipeline"
)

// edits are what each file of a backend may become; "" is no file. What is told of one file depends on the others.
var edits = map[string][]string{
	"go.mod": {"module example.com/app\n\ngo 1.26\n", "module example.com/other\n\ngo 1.26\n", ""},
	"store/store.go": {
		"package store\n\nimport \"database/sql\"\n\ntype DB struct{ *sql.DB }\n\nfunc (d DB) Name(id int) (name string) {\n\td.QueryRow(\"SELECT name FROM users WHERE id = $1\", id).Scan(&name)\n\treturn name\n}\n",
		"package store\n\nimport \"database/sql\"\n\ntype DB struct{ *sql.DB }\n\nfunc (d DB) Name(id int) string { return names[id] }\n\nvar names map[int]string\n",
		"package store\n\nimport \"database/sql\"\n\ntype DB struct{ *sql.DB }\n\nfunc (d DB) Name(id int) (name string) {\n\td.QueryRow(\"SELECT name FROM users WHERE email = $1\", id).Scan(&name)\n",
		"",
	},
	"web/web.go": {
		"package web\n\ntype Names interface{ Name(id int) string }\n\nfunc All(n Names, ids []int) (out []string) {\n\tfor _, id := range ids {\n\t\tout = append(out, n.Name(id))\n\t}\n\treturn out\n}\n",
		"package web\n\ntype Names interface{ Name(id int, more bool) string }\n\nfunc All(n Names, ids []int) (out []string) {\n\tfor _, id := range ids {\n\t\tout = append(out, n.Name(id, true))\n\t}\n\treturn out\n}\n",
		"",
	},
	"web/list.go": {
		"package web\n\nimport \"database/sql\"\n\nfunc List(db *sql.DB, email string) { db.QueryRow(\"SELECT id FROM users WHERE email = $1\", email) }\n",
		"package web\n\nimport \"database/sql\"\n\nfunc List(db *sql.DB, email string) { db.QueryRow(\"SELECT id FROM users WHERE email = '\" + email + \"'\") }\n",
		"",
	},
	"db/1_init.up.sql": {
		"CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL, name text);\n",
		"CREATE TABLE users (id bigint PRIMARY KEY, email text NOT NULL UNIQUE, name text);\n",
		"CREATE TABLE users (email text",
		"",
	},
	"db/2_index.up.sql":      {"CREATE INDEX users_email ON users (email);\n", ""},
	"graph/schema.graphqls":  {"type Mutation { rename(id: ID!): Boolean! @isAdmin }\n", "type Mutation { rename(id: ID!): Boolean! }\n", ""},
	"graph/resolver.go":      {"package graph\n\nimport (\n\t\"context\"\n\t\"database/sql\"\n)\n\ntype mutationResolver struct{ db *sql.DB }\n\nfunc (r *mutationResolver) Rename(ctx context.Context, id string) (bool, error) {\n\t_, err := r.db.ExecContext(ctx, \"UPDATE users SET name = $1\", id)\n\treturn err == nil, err\n}\n", ""},
	"node_modules/readme.go": {"package none\n", ""},
	"cmd/all.go":             {"package main\n\nimport (\n\t\"example.com/app/store\"\n\t\"example.com/app/web\"\n)\n\nfunc main() { web.All(store.DB{}, []int{1, 2}) }\n", "package main\n\nimport \"example.com/app/web\"\n\nfunc main() { web.All(nil, nil) }\n", ""},
}

// After any edits what is told with a cache is what is told without one.
func TestCacheEdits(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	files, told := slices.Sorted(maps.Keys(edits)), map[string]bool{}
	for step := range 16 {
		made := ""
		for range 1 + random.IntN(3) {
			name := files[random.IntN(len(files))]
			version := random.IntN(len(edits[name]))
			made += fmt.Sprintf("%s %d, ", name, version)
			at, text := filepath.Join(dir, filepath.FromSlash(name)), edits[name][version]
			if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
				t.Fatal(err)
			}
			if text == "" {
				_ = os.Remove(at)
			} else if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		kept, fresh := reviewedIn(t, dir, cache), reviewedIn(t, dir, "")
		if again := reviewedIn(t, dir, cache); !bytes.Equal(kept, fresh) || !bytes.Equal(again, fresh) {
			t.Fatalf("step %d (%s): with a cache\n%s\nand then\n%s\nand without\n%s", step, made, kept, again, fresh)
		}
		told[string(fresh)] = true
	}
	if len(told) < 5 {
		t.Errorf("the edits led to %d different answers only", len(told))
	}
}

// After an edit only the packages are read anew that have to do with the edited one.
func TestCacheParts(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	write := func(name, text string) {
		t.Helper()
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("shop/go.mod", "module example.com/shop\n\ngo 1.26\n")
	write("shop/main.go", "package main\n\nimport (\n\t\"example.com/shop/store\"\n\t\"example.com/shop/web\"\n)\n\nfunc main() { web.Serve(store.DB{}) }\n")
	write("shop/web/web.go", "package web\n\nimport \"example.com/shop/store\"\n\nfunc Serve(db store.DB) { db.Name(1) }\n")
	write("shop/store/store.go", edits["store/store.go"][0])
	write("shop/seed/seed.go", "package main\n\nfunc main() {}\n")
	write("tools/go.mod", "module example.com/tools\n\ngo 1.26\n")
	write("tools/leak/leak.go", leaking)
	write("tools/main.go", "package main\n\nimport _ \"example.com/tools/leak\"\n\nfunc main() {}\n")
	write("db/1_init.up.sql", edits["db/1_init.up.sql"][0])
	for _, step := range []struct {
		name, text string
		drawn      int
	}{
		{"db/2_index.up.sql", edits["db/2_index.up.sql"][0], 6}, // cold
		{"db/2_index.up.sql", "CREATE INDEX users_name ON users (name);\n", 0},
		{"README.md", "# Shop\n", 0},
		{"shop/seed/seed.go", "package main\n\nfunc main() { println() }\n", 1},
		{"tools/leak/leak.go", "package leak\n", 2},
		{"shop/web/web.go", "package web\n\nimport \"example.com/shop/store\"\n\nfunc Serve(db store.DB) { db.Name(2) }\n", 3},
		{"shop/seed/seed.go", "package main\n\nimport _ \"embed\"\n\n//go:embed all.sql\nvar all string\n\nfunc main() { println(all) }\n", 1},
		{"shop/seed/all.sql", "SELECT 1", 1}, // its text is a part of the code
		{"shop/store/store.go", edits["store/store.go"][1], 3},
		{"shop/seed/seed.go", "package main\n\nimport _ \"example.com/shop/store\"\n\nfunc main() {}\n", 4}, // two parts become one
		{"shop/seed/seed.go", "package main\n\nfunc main() {}\n", 0},                                        // and two again, both still kept
		{"tools/go.mod", "module example.com/tools\n\ngo 1.25\n", 6},
	} {
		write(step.name, step.text)
		r, err := pipeline.Review(dir, pipeline.ReviewOptions{Uncertain: true, Cache: cache})
		if err != nil {
			t.Fatal(err)
		}
		if r.Drawn != step.drawn {
			t.Errorf("after an edit of %s %d packages were read anew, not %d", step.name, r.Drawn, step.drawn)
		}
		if kept, fresh := reviewedIn(t, dir, cache), reviewedIn(t, dir, ""); !bytes.Equal(kept, fresh) {
			t.Errorf("after an edit of %s, with a cache\n%s\nand without\n%s", step.name, kept, fresh)
		}
	}
}
