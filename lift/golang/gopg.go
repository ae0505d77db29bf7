package golang

import (
	"go/ast"
	"go/types"
	"strings"
)

// go-pg sends texts with ? for parameters, behind the value that the rows are put into: db.Query(&users, "SELECT …", id). Its models and their
// conditions are not read.

func isGoPg(path string) bool {
	return strings.HasPrefix(path, "github.com/go-pg/pg") || strings.HasPrefix(path, "gopkg.in/pg.v")
}

// goPgMethods are the methods that send a text, with where it stands behind a context.
var goPgMethods = map[string]int{
	"Query": 1, "QueryContext": 1, "QueryOne": 1, "QueryOneContext": 1, "Exec": 0, "ExecContext": 0, "ExecOne": 0, "ExecOneContext": 0,
}

// goPgSpec recognises a call that sends a text through go-pg.
func (l *lifter) goPgSpec(s *source, call *ast.CallExpr, selector *ast.SelectorExpr, path, typeName string) (querySpec, bool) {
	at, is := goPgMethods[selector.Sel.Name]
	if !is || !isGoPg(path) || typeName != "DB" && typeName != "Tx" && typeName != "Conn" && typeName != "DBI" {
		return querySpec{}, false
	}
	ctx := contextIndex(s, call)
	spec := querySpec{library: "go-pg", text: ctx + 1 + at, args: ctx + 2 + at, one: strings.HasPrefix(selector.Sel.Name, "QueryOne"), ctx: ctx, pos: selector}
	if len(call.Args) <= spec.text {
		return querySpec{}, false
	}
	t := typeOr(s.info.TypeOf(call.Args[spec.text]))
	return spec, t == types.Typ[types.Invalid] || isString(t)
}
