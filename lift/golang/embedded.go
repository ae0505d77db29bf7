package golang

import (
	"go/ast"
	"go/constant"
	"regexp"

	"github.com/fettlehq/fettle/lift/sql"
)

var changesSchema = regexp.MustCompile(`(?is)^\s*(--[^\n]*\n\s*)*(begin\s*;\s*)?(create\s+(unique\s+)?(table|index)|alter\s+table|drop\s+(table|index))\b`)

// findEmbedded collects SQL in the code that changes the schema, in the order of the code.
func (l *lifter) findEmbedded(p place) {
	if p.aside[p.file] == "test" {
		return
	}
	ast.Inspect(p.file, func(n ast.Node) bool {
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
