package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"

	"github.com/fettlehq/fettle/facts"
)

// findMeasured marks the queries whose answer is compared with another number than none, here or where a function gives it back: those that count rows
// do so for a limit.
func (l *lifter) findMeasured() {
	if len(l.queries) == 0 {
		return
	}
	asked := map[facts.Pos]*facts.Query{}
	for _, q := range l.queries {
		asked[q.Pos] = q
	}
	l.eachFile(func(p place) {
		ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
			compared, is := n.(*ast.BinaryExpr)
			if !is || !measures(p.source, compared) {
				return true
			}
			if loop, is := last(stack).(*ast.ForStmt); is && loop.Cond == ast.Expr(compared) {
				return true
			}
			for _, side := range []ast.Expr{compared.X, compared.Y} {
				w := &walk{l: l, seen: map[types.Object]bool{}, budget: 100}
				for _, o := range w.origins(p.source, side) {
					if q := asked[o.Pos]; q != nil && o.Kind == facts.FromQuery {
						q.Measured = true
					}
				}
				for _, d := range l.defs[p.target(side)] { // the call itself, where the library that it is of is not at hand
					if call, is := ast.Unparen(d.expr).(*ast.CallExpr); is && d.kind == filled && l.queries[call] != nil {
						l.queries[call].Measured = true
					}
				}
			}
			return true
		})
	})
}

// measures reports whether an expression asks which of two numbers is greater, neither of which says that there is none or one.
func measures(s *source, e *ast.BinaryExpr) bool {
	switch e.Op {
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
	default:
		return false
	}
	for _, side := range []ast.Expr{e.X, e.Y} {
		basic, is := typeOr(s.info.TypeOf(side)).Underlying().(*types.Basic)
		if !is || basic.Info()&types.IsInteger == 0 {
			return false
		}
		if value := s.info.Types[side].Value; value != nil && constant.Compare(value, token.LEQ, constant.MakeInt64(1)) {
			return false
		}
	}
	return true
}
