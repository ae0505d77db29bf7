package query

import (
	"go/ast"
	goparser "go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"
)

// Nothing but living.go makes SQL of the table of an entity or a relation, so that nothing reads the deleted by mistake;
// what writes says so with stored and linkTable.
func TestLivingAloneNamesTables(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("no files", err)
	}
	for _, file := range files {
		if file == "living.go" || strings.HasSuffix(file, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		parsed, err := goparser.ParseFile(set, file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) != 1 {
				return true
			}
			name, _ := call.Fun.(*ast.Ident)
			if table, ok := call.Args[0].(*ast.SelectorExpr); ok && name != nil && name.Name == "ident" && table.Sel.Name == "Table" {
				t.Errorf("%v: a table: take table, rows or links of living.go", set.Position(call.Pos()))
			}
			return true
		})
	}
}
