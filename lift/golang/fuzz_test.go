package golang_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/internal/graph"
	"github.com/fettlehq/fettle/lift/golang"
	"github.com/fettlehq/fettle/review"
)

// No text makes a lift or a rule fail, and of the same text the same is told. Libraries are not at hand here.
func FuzzLift(f *testing.F) {
	examples, err := filepath.Glob("../../review/*/testdata/*.txtar")
	if err != nil || len(examples) == 0 {
		f.Fatalf("no examples: %v", err)
	}
	for _, example := range examples {
		archive, err := txtar.ParseFile(example)
		if err != nil {
			f.Fatal(err)
		}
		texts := []string{"", ""}
		for _, file := range archive.Files {
			if strings.HasSuffix(file.Name, ".go") {
				texts = append([]string{string(file.Data)}, texts...)
			}
		}
		f.Add(texts[0], texts[1])
	}
	f.Add("package a\n\ntype T[P any, Q interface{ ~[]P; m() }] struct{ T[Q, P] }\n\nfunc (t *T[P, Q]) m() { for range t.m { t.T.m() } }\n\nfunc F[T F[T]]() { F[F]() }\n", "package b")
	f.Add("package a\n\n// #include <stdio.h>\nimport \"C\"\n\nimport . \"code/b\"\n\nvar x, y = y, x\n\ntype I interface{ I; J }\n\ntype J interface{ I }\n\nfunc f() (g func() func()) { return f()().g }\n", "//go:build linux\n\npackage b\n\nimport . \"code/a\"\n\ntype A = B\n\ntype B = A\n")
	f.Add("package a\n\nimport \"database/sql\"\n\nfunc q(db *sql.DB, more ...string) { q(db, more...); db.Query(more[0]+q, q...) ; for rows.Next() { defer func(tx *sql.Tx) {}() } }\n\nfunc (t struct{}) m() {}\n\nfunc (m) m(m m) m { return m.m(m.m) }\n", "package a\n\nfunc (\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		dir := t.TempDir()
		for name, text := range map[string]string{"a/a.go": a, "b/b.go": b} {
			name = filepath.Join(dir, name)
			if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		told := func() string {
			lifted, err := golang.LiftAlone(dir)
			if err != nil {
				t.Fatal(err)
			}
			f := lifted.Facts
			f.Database = &facts.Database{Schema: f.Models.Schema, At: f.Models.At}
			review.Find(f, review.Rules, true)
			return string(graph.Encode(f))
		}
		if first, second := told(), told(); first != second {
			t.Error("of the same text something else is told")
		}
	})
}
