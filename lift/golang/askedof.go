package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"

	"github.com/fettlehq/fettle/facts"
)

// Whose a row is may be asked of the variable that holds it: row.OwnerID != user.ID, canEdit(user, row), row.VisibleTo(user).

// whose are fields, as columns are spelled, that say whose a row is.
var whose = regexp.MustCompile(`^((user|author|owner|creator|account|member|customer|profile|tenant|org|organi[sz]ation|workspace|company)(_?(id|uid|uuid))?|(created|owned|uploaded)_by(_id)?)$`)

// asksOf notes the variables of which a comparison, or a call, asks whether somebody may have what they hold.
func (l *lifter) asksOf(p place, n ast.Node) {
	note := func(e ast.Expr, named bool) {
		if object, says := p.heldBy(e); object != nil && (named || says) {
			l.askedOf[object] = append(l.askedOf[object], n.Pos())
		}
	}
	switch n := n.(type) {
	case *ast.BinaryExpr:
		if (n.Op == token.EQL || n.Op == token.NEQ) && !p.isConstant(n.X) && !p.isConstant(n.Y) {
			note(n.X, false)
			note(n.Y, false)
		}
	case *ast.CallExpr:
		if !asksWhetherMay.MatchString(calledName(n)) {
			return
		}
		for _, arg := range n.Args {
			note(arg, true)
		}
		if selector, is := ast.Unparen(n.Fun).(*ast.SelectorExpr); is && p.packageOf(selector.X) == "" {
			note(selector.X, true)
		}
	}
}

// heldBy is the variable of whose value an expression is a part, and whether the part says whose it is; nil for any other expression.
func (s *source) heldBy(e ast.Expr) (object types.Object, says bool) {
	for {
		switch of := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			says = says || whose.MatchString(facts.Snake(of.Sel.Name))
			e = of.X
			continue
		case *ast.StarExpr:
			e = of.X
			continue
		case *ast.UnaryExpr:
			if of.Op == token.AND {
				e = of.X
				continue
			}
		case *ast.Ident:
			variable, _ := s.target(of).(*types.Var)
			if variable == nil {
				return nil, false
			}
			return variable, says
		}
		return nil, false
	}
}

// askedAfter reports whether a function goes on to ask of what a call answers whether somebody may have it.
func (l *lifter) askedAfter(at work) bool {
	assign, is := last(at.stack).(*ast.AssignStmt)
	if !is || len(assign.Rhs) != 1 {
		return false
	}
	object, _ := at.heldBy(assign.Lhs[0])
	for _, pos := range l.askedOf[object] {
		if pos > at.call.End() {
			return true
		}
	}
	return false
}
