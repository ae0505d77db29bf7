package query

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What could leave the tenant out stands where it is meant to: a table of all tenants is taken only by what follows from rows at
// hand, a transaction is made only where its tenant is chosen, and what writes SQL is made of a transaction. What explains to
// operators why a row is hidden (access.go) must see it.
func TestNothingForgetsTheTenant(t *testing.T) {
	where := map[string][]string{
		"derived":    {"living.go", "access.go"},
		"tableOfAll": {"living.go", "delete.go"},
		"tx":         {"engine.go", "access.go"},
		"within":     {"tenancy.go", "write.go"},
		"renderer{":  {"read.go", "check.go"},
		"Tx{":        {"engine.go"},
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	found := map[string]bool{}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := goparser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			for _, name := range called(n) {
				found[name] = true
				if allowed := where[name]; allowed != nil && !slices.Contains(allowed, file) {
					t.Errorf("%v: %s is for %v: it could forget the tenant", set.Position(n.Pos()), name, allowed)
				}
			}
			return true
		})
	}
	for name := range where {
		if !found[name] {
			t.Errorf("nothing is called %s any more", name)
		}
	}
}

// called is what a node calls or makes: "within", "Tx{".
func called(n ast.Node) []string {
	switch n := n.(type) {
	case *ast.CallExpr:
		if f, ok := n.Fun.(*ast.SelectorExpr); ok {
			return []string{f.Sel.Name}
		}
	case *ast.CompositeLit:
		if name, ok := n.Type.(*ast.Ident); ok {
			return []string{name.Name + "{"}
		}
	}
	return nil
}
