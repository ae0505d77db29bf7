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
}

// After any edits what is told with a cache is what is told without one.
func TestCacheEdits(t *testing.T) {
	dir, cache := t.TempDir(), t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	files, told := slices.Sorted(maps.Keys(edits)), map[string]bool{}
	for step := range 10 {
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
