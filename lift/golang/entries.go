package golang

import (
	"go/ast"
	"go/types"
	"slices"
)

// namedByCode reports whether all names in a map are the code's own: it is in a variable that is given maps which are made there, and into
// which something is put under constants alone: filters["branch"] = branch.
func (l *lifter) namedByCode(s *source, e ast.Expr) bool {
	object, is := s.target(e).(*types.Var)
	if !is || object.IsField() || !isMap(object.Type()) || len(l.defs[object]) == 0 {
		return false
	}
	if _, _, given := l.parameter(object); given {
		return false
	}
	return !slices.ContainsFunc(l.defs[object], func(d def) bool {
		return d.kind != assigned || d.entry && !d.named || !d.entry && !namesConstants(d.source, d.expr)
	})
}

// namesConstants reports whether an expression makes a map that is empty, or whose names are constants.
func namesConstants(s *source, e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		return calledName(e) == "make"
	case *ast.CompositeLit:
		return !slices.ContainsFunc(e.Elts, func(element ast.Expr) bool {
			pair, is := element.(*ast.KeyValueExpr)
			return !is || s.info.Types[pair.Key].Value == nil
		})
	}
	return e != nil && s.isConstant(e)
}
