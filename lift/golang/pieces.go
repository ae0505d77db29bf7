package golang

import (
	"go/ast"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// A function may put a condition on a statement that others send: return r.newSelect().Where(squirrel.Eq{"user_id": user.ID}).

// narrowing notes the columns of such conditions, of what a function of its own puts together.
func (l *lifter) narrowing(p place, n *ast.CompositeLit, stack []ast.Node) {
	f := l.around(stack)
	if path, name := namedType(typeOr(p.info.TypeOf(n))); f == nil || name != "Eq" || !isSquirrel(path) {
		return
	}
	for _, element := range n.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is || p.isConstant(pair.Value) {
			continue
		}
		if name := constantText(p.source, pair.Key); name != "" {
			f.fact.Narrows = append(f.fact.Narrows, strings.ToLower(name[strings.LastIndex(name, ".")+1:]))
		}
	}
}

// equatesOf notes the fields of a function's parameters that a comparison holds against another value.
func (l *lifter) equatesOf(p place, f *function, n *ast.BinaryExpr) {
	for _, e := range []ast.Expr{n.X, n.Y} {
		field, is := ast.Unparen(e).(*ast.SelectorExpr)
		if !is {
			continue
		}
		if of, index, is := l.parameter(p.target(field.X)); is && of == f && index >= 0 {
			f.fact.EquatesOf = append(f.fact.EquatesOf, facts.FieldOf{Param: index, Column: facts.Snake(field.Sel.Name)})
		}
	}
}

// keepNarrowing leaves out those of functions that send statements, which say themselves what they ask for.
func (l *lifter) keepNarrowing() {
	for _, f := range l.functions {
		if len(f.fact.Queries) > 0 {
			f.fact.Narrows = nil
		}
	}
}
