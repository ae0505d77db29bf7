package golang

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// signingKey reports whether a literal is a key that signatures are made with: it looks drawn, and stands for what its name says is one.
func signingKey(literal string, stack []ast.Node) bool {
	if !facts.KeyFormed(strings.Trim(literal, "`\"")) {
		return false
	}
	for _, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.CallExpr: // []byte("…")
			if _, is := n.Fun.(*ast.ArrayType); !is || len(n.Args) != 1 {
				return false
			}
		case *ast.ParenExpr:
		case *ast.ValueSpec:
			return len(n.Names) == 1 && facts.KeyNamed(n.Names[0].Name)
		case *ast.AssignStmt:
			return len(n.Lhs) == 1 && n.Tok != token.ADD_ASSIGN && facts.KeyNamed(lastName(n.Lhs[0]))
		case *ast.KeyValueExpr:
			return facts.KeyNamed(lastName(n.Key))
		default:
			return false
		}
	}
	return false
}

// lastName is the name of a variable or a field.
func lastName(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.Ident:
		return e.Name
	case *ast.SelectorExpr:
		return e.Sel.Name
	}
	return ""
}
