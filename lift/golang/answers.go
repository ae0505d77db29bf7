package golang

import (
	"go/ast"
	"go/types"

	"github.com/fettlehq/fettle/facts"
)

// unheld lifts an answer of HTTP that nothing holds, and so nobody can close: _, err := client.Get(url). Functions of the code and of other libraries
// may have read theirs to its end, and an answer to HEAD has no body.
func (l *lifter) unheld(p place, call *ast.CallExpr, stack []ast.Node) {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || selector.Sel.Name == "Head" || p.packageOf(selector.X) != "net/http" && !isNamed(typeOr(p.info.TypeOf(selector.X)), "net/http", "Client") {
		return
	}
	results, is := typeOr(p.info.TypeOf(call)).(*types.Tuple)
	if f := l.around(stack); f != nil && is && results.Len() == 2 && isNamed(results.At(0).Type(), "net/http", "Response") {
		f.fact.Resources = append(f.fact.Resources, &facts.Resource{
			Pos: l.pos(call.Pos()), Kind: "answer", Name: "what " + text(selector) + " answers", Never: true, InLoop: l.loopOf(stack) != nil,
		})
	}
}

// readAsResponse reports whether what a call answers, whose type is not at hand, is read as an answer of HTTP is: it has a status, and a body that
// something reads from.
func (l *lifter) readAsResponse(s *source, f *function, call *ast.CallExpr, object types.Object) bool {
	if object.Type() != types.Typ[types.Invalid] || !requestName.MatchString(calledName(call)) {
		return false
	}
	status, read := false, false
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		selector, is := n.(*ast.SelectorExpr)
		if !is || s.target(selector.X) != object {
			return true
		}
		above, isCall := last(stack).(*ast.CallExpr)
		switch selector.Sel.Name {
		case "StatusCode", "Header":
			status = status || !isCall || above.Fun != ast.Expr(selector)
		case "Body":
			if isCall && above.Fun != ast.Expr(selector) {
				pkg := s.packageOf(firstOf(above.Fun))
				read = read || readers[pkg+"."+calledName(above)]
			}
		}
		return true
	})
	return status && read
}
