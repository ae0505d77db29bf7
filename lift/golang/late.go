package golang

import (
	"go/ast"
	"go/types"

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
		if loop == nil || f == nil || turnsAgain(n, stack) == nil {
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
