package golang

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/fettlehq/fettle/facts"
)

// countedApart are the numbers of other values that a function reads by one method and counts on by another, which takes a lock for itself: between
// the two it holds none.
func (l *lifter) countedApart(f *function) []facts.CountedApart {
	if f.body == nil || f.fact.Aside == "test" {
		return nil
	}
	type use struct {
		call *ast.CallExpr
		by   *function
		of   types.Object // whose number it is
		said string
		num  types.Object
	}
	var reads, steps []use
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			_, isLiteral := n.(*ast.FuncLit)
			return !isLiteral
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is || l.heldAt(f, call.Pos()) {
			return true
		}
		callees := l.static(f.source, call)
		if len(callees) != 1 || callees[0].recv == nil || callees[0].body == nil || callees[0].sig == nil {
			return true
		}
		found := use{call: call, by: callees[0], of: f.source.target(selector.X), said: text(selector.X)}
		if found.of == nil {
			return true
		}
		if found.num = readNumber(found.by); found.num != nil && f.source.takes(call, stack) {
			reads = append(reads, found)
		}
		if found.num = l.countedOn(found.by); found.num != nil {
			steps = append(steps, found)
		}
		return true
	})
	var out []facts.CountedApart
	for _, read := range reads {
		for _, step := range steps {
			if read.of == step.of && read.said == step.said && read.num == step.num {
				out = append(out, facts.CountedApart{Pos: l.pos(read.call.Pos()), Name: read.num.Name(), Read: read.by.fact.Name, Step: l.pos(step.call.Pos()), Counts: step.by.fact.Name})
				break
			}
		}
	}
	return out
}

// readNumber is the field whose number a method answers, and nothing else; nil where it does more.
func readNumber(f *function) types.Object {
	if f.sig.Params().Len() != 0 || f.sig.Results().Len() != 1 {
		return nil
	}
	var out types.Object
	for _, r := range f.returns() {
		number := ownNumber(f, r.Results)
		if number == nil || out != nil && out != number {
			return nil
		}
		out = number
	}
	return out
}

// ownNumber is the field of the receiver that the one of expressions is, where it holds a whole number.
func ownNumber(f *function, of []ast.Expr) types.Object {
	if len(of) != 1 {
		return nil
	}
	selector, is := ast.Unparen(of[0]).(*ast.SelectorExpr)
	if !is || f.source.target(selector.X) != f.recv {
		return nil
	}
	field, is := f.source.target(selector).(*types.Var)
	if !is || !field.IsField() {
		return nil
	}
	if basic, is := field.Type().Underlying().(*types.Basic); !is || basic.Info()&types.IsInteger == 0 {
		return nil
	}
	return field
}

// countedOn is the field that a method which answers nothing counts on while it holds a lock: c.n++.
func (l *lifter) countedOn(f *function) types.Object {
	if f.sig.Results().Len() != 0 {
		return nil
	}
	var out types.Object
	ast.Inspect(f.body, func(n ast.Node) bool {
		var counted ast.Expr
		switch n := n.(type) {
		case *ast.IncDecStmt:
			counted = n.X
		case *ast.AssignStmt:
			if n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
				counted = n.Lhs[0]
			}
		}
		if counted == nil {
			return true
		}
		if number := ownNumber(f, []ast.Expr{counted}); number != nil && l.lockAt(f, counted.Pos(), "Lock") != nil {
			out = number
		}
		return true
	})
	return out
}

// takes reports whether what a call answers is put to use: it is not compared, printed or logged alone.
func (s *source) takes(call *ast.CallExpr, stack []ast.Node) bool {
	switch above := last(stack).(type) {
	case *ast.BinaryExpr, *ast.ExprStmt:
		return false
	case *ast.CallExpr:
		selector, is := ast.Unparen(above.Fun).(*ast.SelectorExpr)
		return !is || s.packageOf(selector.X) != "fmt" && !s.isLogger(selector.X) && !logName.MatchString(selector.Sel.Name)
	}
	return true
}
