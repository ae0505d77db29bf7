package golang

import (
	"go/ast"
	"go/constant"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/lift/sql"
)

var changesSchema = regexp.MustCompile(`(?is)^\s*(--[^\n]*\n\s*)*(begin\s*;\s*)?(create\s+(unique\s+)?(table|index)|alter\s+table|drop\s+(table|index))\b`)

// undoes are names of what takes a migration back, as .down.sql does: Down00012, rollback, Rollback: func(…) {…}.
var undoes = regexp.MustCompile(`^(?i:down|undo|rollback|revert)([A-Z0-9_]|$)|(Down|Undo|Rollback|Revert)$`)

// findEmbedded collects SQL in the code that changes the schema, in the order of the code, and nothing that takes a change back.
func (l *lifter) findEmbedded(p place) {
	if p.aside[p.file] == "test" {
		return
	}
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			return !undoes.MatchString(n.Name.Name)
		case *ast.FuncLit:
			return !undoes.MatchString(calledBy(n, last(stack)))
		}
		e, is := n.(ast.Expr)
		if !is {
			return true
		}
		tv := p.info.Types[e]
		if tv.Value == nil || tv.Value.Kind() != constant.String {
			return true
		}
		if _, isName := e.(*ast.Ident); isName {
			return true // it is read where it is declared
		}
		if text := constant.StringVal(tv.Value); changesSchema.MatchString(text) {
			at := l.pos(e.Pos())
			at.Column++ // behind the quote
			l.embedded = append(l.embedded, sql.Text{Pos: at, SQL: text, Name: at.File})
		}
		return false
	})
}

// calledBy is the name that a literal is given: of a variable, or of a field.
func calledBy(literal *ast.FuncLit, parent ast.Node) string {
	switch n := parent.(type) {
	case *ast.AssignStmt:
		if i := slices.Index(n.Rhs, ast.Expr(literal)); i >= 0 && len(n.Lhs) == len(n.Rhs) {
			return text(n.Lhs[i])
		}
	case *ast.KeyValueExpr:
		return text(n.Key)
	}
	return ""
}
