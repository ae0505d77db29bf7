package golang

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// findLate lifts what each turn of a loop opens and gives back by a deferred call: the function does that when it ends, and keeps all until then.
func (l *lifter) findLate(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		deferred, is := n.(*ast.DeferStmt)
		if !is {
			return true
		}
		loop, f := loopAround(stack), l.around(stack)
		if loop == nil || f == nil || turnsAgain(n, stack) == nil || l.fewTurns(p, stack) {
			return true
		}
		for _, call := range closesBy(deferred) {
			v, part := p.closed(call)
			if v == nil || v.Pos() < loop.Pos() || loop.End() <= v.Pos() || len(l.defs[v]) != 1 {
				continue
			}
			opening, is := ast.Unparen(l.defs[v][0].expr).(*ast.CallExpr)
			if !is {
				continue
			}
			if kind := l.keptOpen(p.source, v, opening, call, part); kind != "" {
				f.fact.Resources = append(f.fact.Resources, &facts.Resource{Pos: l.pos(deferred.Pos()), Kind: kind, Name: v.Name(), Late: true, InLoop: true})
			}
		}
		return true
	})
}

// mostOfFew is how many turns a loop has at most whose turns may keep what they open.
const mostOfFew = 8

// fewTurns reports whether the code itself says how often a place is come by in its function, and that this is seldom.
func (l *lifter) fewTurns(p place, stack []ast.Node) bool {
	turns := 1
	for _, n := range slices.Backward(stack) {
		var over ast.Expr
		switch n := n.(type) {
		case *ast.FuncLit:
			return turns <= mostOfFew
		case *ast.RangeStmt:
			over = n.X
		case *ast.ForStmt:
			if condition, is := n.Cond.(*ast.BinaryExpr); is {
				over = condition.Y
			}
		default:
			continue
		}
		loop := l.loops[n]
		if loop == nil || loop.Kind != facts.OverConstant {
			return false
		}
		times, known := l.turnsOver(p, over)
		if turns *= times; !known || turns > mostOfFew {
			return false
		}
	}
	return turns <= mostOfFew
}

// turnsOver is how many turns a loop over a list that stands in the code has, or up to a number.
func (l *lifter) turnsOver(p place, e ast.Expr) (int, bool) {
	if e == nil {
		return 0, false
	}
	if object := p.target(e); object != nil && len(l.defs[object]) == 1 && l.defs[object][0].kind == assigned && l.defs[object][0].expr != nil {
		e = l.defs[object][0].expr // of which constantList says that nothing is added
	}
	if list, is := ast.Unparen(e).(*ast.CompositeLit); is {
		return len(list.Elts), true
	}
	value := p.info.Types[e].Value
	if value == nil {
		return 0, false
	}
	n, exact := constant.Int64Val(constant.ToInt(value))
	return int(n), exact && value.Kind() == constant.Int
}

// closesBy are the calls that a deferred statement makes: the one itself, or those of a literal.
func closesBy(deferred *ast.DeferStmt) []*ast.CallExpr {
	literal, is := ast.Unparen(deferred.Call.Fun).(*ast.FuncLit)
	if !is {
		return []*ast.CallExpr{deferred.Call}
	}
	var out []*ast.CallExpr
	ast.Inspect(literal.Body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			out = append(out, call)
		}
		return true
	})
	return out
}

// closed is the variable that a call closes, or whose field it closes.
func (p place) closed(call *ast.CallExpr) (v *types.Var, part string) {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || len(call.Args) > 0 || selector.Sel.Name != "Close" && selector.Sel.Name != "Release" {
		return nil, ""
	}
	of := ast.Unparen(selector.X)
	if field, is := of.(*ast.SelectorExpr); is {
		of, part = ast.Unparen(field.X), field.Sel.Name
	}
	id, is := of.(*ast.Ident)
	if !is {
		return nil, ""
	}
	v, is = p.info.Uses[id].(*types.Var)
	if !is || v.IsField() {
		return nil, ""
	}
	return v, part
}

// keptOpen is the kind of what a call opened, where it takes up more than memory until it is closed; "" for anything else. Values of the code's own
// types are what their method closes.
func (l *lifter) keptOpen(s *source, v *types.Var, opening, closing *ast.CallExpr, part string) string {
	kind, _ := l.resourceKind(v.Type(), calledName(opening))
	if kind == "transaction" || kind == "rows" || (kind == "body") != (part == "Body") {
		return "" // the end of rows gives their connection back
	}
	if kind == "" && l.opened(place{s, nil}, opening, v.Type()) {
		return "file"
	}
	if kind != "" || part != "" {
		return kind
	}
	for _, callee := range l.static(s, closing) {
		ast.Inspect(callee.body, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is || calledName(call) != "Close" {
				return true
			}
			selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			if !is {
				return true
			}
			if path, name := namedType(callee.source.info.TypeOf(firstOf(selector.X))); path == "net/http" && name == "Response" {
				kind = "body"
			} else if path, name := namedType(callee.source.info.TypeOf(selector.X)); path == "os" && name == "File" {
				kind = "file"
			}
			return kind == ""
		})
	}
	return kind
}
