package golang

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// setValues are the fields and variables that something sets, see setOf.
func (l *lifter) setValues() map[*types.Var]bool {
	out := map[*types.Var]bool{}
	l.eachFile(func(p place) {
		add := func(e ast.Expr) {
			if object, is := p.target(e).(*types.Var); is {
				out[object.Origin()] = true
			}
		}
		ast.Inspect(p.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.AssignStmt:
				for _, lhs := range n.Lhs {
					add(lhs)
				}
			case *ast.IncDecStmt:
				add(n.X)
			case *ast.CallExpr:
				if !strings.HasPrefix(calledName(n), "Store") {
					return true
				}
				if selector, is := ast.Unparen(n.Fun).(*ast.SelectorExpr); is {
					add(selector.X)
				}
				for _, arg := range n.Args {
					if pointer, is := ast.Unparen(arg).(*ast.UnaryExpr); is {
						add(pointer.X)
					}
				}
			}
			return true
		})
	})
	return out
}

// setOf is the statement or call that sets a value where it is named: s.n = 1, s.n++, s.flag.Store(true), atomic.StoreInt32(&s.n, 1); nil for none.
func (p place) setOf(e ast.Expr, stack []ast.Node) ast.Node {
	switch parent := last(stack).(type) {
	case *ast.AssignStmt:
		if slices.Contains(parent.Lhs, e) {
			return parent
		}
	case *ast.IncDecStmt:
		return parent
	}
	if call := p.atomicCall(e, stack); call != nil && strings.HasPrefix(calledName(call), "Store") && len(call.Args) > 0 {
		return call
	}
	return nil
}

// atomically reports whether a value is named where a function of sync/atomic is given its address.
func (p place) atomically(e ast.Expr, stack []ast.Node) bool {
	_, addressed := last(stack).(*ast.UnaryExpr)
	return addressed && p.atomicCall(e, stack) != nil
}

// atomicCall is the call by which a value is used atomically: a method of its own, or a function of sync/atomic that is given its address; nil for none.
func (p place) atomicCall(e ast.Expr, stack []ast.Node) *ast.CallExpr {
	if len(stack) < 2 {
		return nil
	}
	call, is := stack[len(stack)-2].(*ast.CallExpr)
	if !is {
		return nil
	}
	switch parent := last(stack).(type) {
	case *ast.SelectorExpr:
		if path, _ := namedType(typeOr(p.info.TypeOf(e))); path == "sync/atomic" && ast.Unparen(call.Fun) == ast.Expr(parent) {
			return call
		}
	case *ast.UnaryExpr:
		if parent.Op == token.AND && p.packageOf(firstOf(call.Fun)) == "sync/atomic" {
			return call
		}
	}
	return nil
}

// setBy lifts how a function sets a value where it is named: to what, and whether it goes by what the value was.
func (l *lifter) setBy(use *facts.GuardedUse, f *function, object *types.Var, e ast.Expr, set ast.Node, stack []ast.Node) {
	var to ast.Expr
	counts := false
	switch set := set.(type) {
	case *ast.IncDecStmt:
		counts = true
	case *ast.AssignStmt:
		if len(set.Lhs) == len(set.Rhs) {
			to = ast.Unparen(set.Rhs[slices.Index(set.Lhs, e)])
		}
		counts = set.Tok != token.ASSIGN
	case *ast.CallExpr:
		to = ast.Unparen(set.Args[len(set.Args)-1])
	}
	if to != nil {
		if binary, is := to.(*ast.BinaryExpr); is {
			counts = counts || namesValue(f.source, object, binary.X) || namesValue(f.source, object, binary.Y)
		}
		if _, literal := to.(*ast.CompositeLit); literal {
			use.To = fmt.Sprintf("a literal at %s:%d", l.pos(to.Pos()).File, l.pos(to.Pos()).Line)
		} else if f.source.info.Types[to].Value != nil {
			use.To = text(to)
		}
	}
	if basic, is := typeOr(object.Type()).Underlying().(*types.Basic); counts && is && basic.Info()&types.IsNumeric == 0 {
		return // a text that grows is of one request mostly
	}
	if slices.ContainsFunc(stack, func(n ast.Node) bool { return isDefer(n) && n.Pos() > f.body.Pos() }) {
		return // at the end, when what was done is done
	}
	if counts {
		use.Set = &facts.Set{Counts: true}
	} else if asked, fills := l.askedBefore(f, object, e, stack); asked != token.NoPos {
		use.Set = &facts.Set{Asked: l.pos(asked), Fills: fills}
	}
}

func isDefer(n ast.Node) bool {
	_, is := n.(*ast.DeferStmt)
	return is
}

// askedBefore is where a function decides, by what a value was, whether it comes to set it, although others may set it in between: it holds no lock
// from there to here, and does not look again under the lock that it sets the value under. It fills the value where it asks for nil, or what stands for nothing.
func (l *lifter) askedBefore(f *function, object *types.Var, e ast.Expr, stack []ast.Node) (out token.Pos, fills bool) {
	again := false // it looks again
	look := func(s *ast.IfStmt, within bool) {
		at := l.asksFor(f, object, s)
		again = again || entersOnce(s.Cond) || at != token.NoPos && l.heldThrough(f, at, e.Pos())
		if at == token.NoPos {
			return
		}
		if out == token.NoPos {
			out, fills = at, asksForNothing(s.Cond, within)
		}
	}
	for i, n := range slices.Backward(stack) {
		if l.nodes[n] != nil {
			break
		}
		var child ast.Node = e
		if i+1 < len(stack) {
			child = stack[i+1]
		}
		if s, is := n.(*ast.IfStmt); is && child != ast.Node(s.Cond) && child != ast.Node(s.Init) {
			look(s, child == ast.Node(s.Body))
		}
		for _, before := range slices.Backward(listOf(n)) {
			if s, is := before.(*ast.IfStmt); is && s.End() <= child.Pos() && wayOutOf(s.Body.List) >= outOfLoop {
				look(s, false)
			}
		}
	}
	if again {
		return token.NoPos, false
	}
	return out, fills
}

// entersOnce reports whether a condition is one that a single goroutine passes: it sets what it asks for.
func entersOnce(cond ast.Expr) bool {
	found := false
	ast.Inspect(cond, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		found = found || is && changesAtomically.MatchString(calledName(call))
		return !found
	})
	return found
}

// asksForNothing reports whether a condition asks for nil, or what stands for nothing, as the reason to come to what is within, or else behind.
func asksForNothing(cond ast.Expr, within bool) bool {
	found := false
	ast.Inspect(cond, func(n ast.Node) bool {
		if binary, is := n.(*ast.BinaryExpr); is {
			right := text(binary.Y)
			found = found || (right == "nil" || right == `""` || right == "0") && (binary.Op == token.EQL) == within && (binary.Op == token.EQL || binary.Op == token.NEQ)
		}
		if call, is := n.(*ast.CallExpr); is && calledName(call) == "IsZero" {
			found = found || within
		}
		return !found
	})
	return found
}

// changesAtomically are names of what asks for an atomic value and sets it in one.
var changesAtomically = regexp.MustCompile(`^((CompareAnd)?Swap|Add|And|Or)(U?[iI]nt(32|64|ptr)|Pointer)?$|^TryLock$`)

// heldThrough reports whether a function takes a lock before one place and gives it back behind another.
func (l *lifter) heldThrough(f *function, from, to token.Pos) bool {
	return slices.ContainsFunc(l.takenBy(f), func(t taken) bool { return t.from < from && (t.given == token.NoPos || to < t.given) })
}

// asksFor is where a condition learns what a value is: by its name, by a variable that was given it, or by a method that asks for nothing else. It is
// NoPos where it does not.
func (l *lifter) asksFor(f *function, object *types.Var, s *ast.IfStmt) token.Pos {
	out := token.NoPos
	in := func(n ast.Node) {
		if n == nil {
			return
		}
		ast.Inspect(n, func(n ast.Node) bool {
			if out != token.NoPos {
				return false
			}
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.SelectorExpr:
				if f.source.target(n) == object {
					out = n.Pos()
				}
			case *ast.Ident:
				v, is := f.source.target(n).(*types.Var)
				switch {
				case !is:
				case v == object:
					out = n.Pos()
				case v.Pkg() != nil && v.Parent() != v.Pkg().Scope() && !v.IsField() && len(l.defs[v]) == 1:
					if d := l.defs[v][0]; d.expr != nil && d.kind == assigned && f.source == d.source && f.body.Pos() <= d.expr.Pos() && d.expr.End() <= f.body.End() && namesValue(d.source, object, d.expr) {
						out = d.expr.Pos()
					}
				}
			case *ast.CallExpr:
				if changesAtomically.MatchString(calledName(n)) {
					return false // it asks and sets in one
				}
				if len(n.Args) == 0 {
					if callees := l.static(f.source, n); len(callees) == 1 && l.tellsOf(callees[0], object, 0) {
						out = n.Pos()
					}
				}
			}
			return true
		})
	}
	if s.Init != nil {
		in(s.Init)
	}
	in(s.Cond)
	return out
}

// namesValue reports whether an expression that calls nothing but what asks the value itself names it.
func namesValue(s *source, object *types.Var, e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if selector, is := n.(*ast.SelectorExpr); is && s.target(selector) == object {
			found = true
		}
		if id, is := n.(*ast.Ident); is && s.target(id) == object {
			found = true
		}
		return !found
	})
	return found
}

// tellsOf reports whether a method that is given nothing reads a value, by itself or by such a method, and sets none.
func (l *lifter) tellsOf(f *function, object *types.Var, depth int) bool {
	if f.recv == nil || len(f.params) > 0 || depth > 2 {
		return false
	}
	found, sets := false, false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for _, lhs := range n.Lhs {
				_, field := ast.Unparen(lhs).(*ast.SelectorExpr)
				sets = sets || field
			}
		case *ast.SelectorExpr:
			found = found || f.source.target(n) == object
		case *ast.CallExpr:
			if len(n.Args) == 0 && !found {
				callees := l.static(f.source, n)
				found = len(callees) == 1 && callees[0] != f && l.tellsOf(callees[0], object, depth+1)
			}
		}
		return !sets
	})
	return found && !sets
}

// turnSets lifts the variables, and fields of variables, that a statement sets beside the other turns of a loop, whose goroutines all have them.
func (l *lifter) turnSets(p place, n ast.Node, stack []ast.Node) {
	for _, set := range setExpressions(n) {
		object, is := p.target(firstIdent(set)).(*types.Var)
		if !is || isMap(typeOr(p.info.TypeOf(set))) || !l.ofTurns(p, object, set.Pos(), stack) {
			continue
		}
		if _, field := set.(*ast.SelectorExpr); field && (object.Parent() == object.Pkg().Scope() || ownTurn(p, stack)) {
			continue
		}
		f := l.around(stack)
		f.fact.TurnSets = append(f.fact.TurnSets, facts.TurnSet{Pos: l.pos(set.Pos()), Name: text(set), Grows: grows(n)})
	}
}

// ownTurn reports whether a statement stands behind a condition that asks which turn of the loop it is in, so that each sets a field of its own.
func ownTurn(p place, stack []ast.Node) bool {
	i := slices.IndexFunc(stack, isLoop)
	if i < 0 {
		return false
	}
	of := func(object types.Object) bool { // whether a variable is one of the turn, and not of what its goroutine does
		if object == nil || object.Pos() < stack[i].Pos() || stack[i].End() <= object.Pos() {
			return false
		}
		within := slices.IndexFunc(stack[i:], func(n ast.Node) bool {
			literal, is := n.(*ast.FuncLit)
			return is && literal.Body.Pos() <= object.Pos() && object.Pos() < literal.End()
		})
		return within < 0
	}
	asks := func(e ast.Expr) bool {
		found := false
		ast.Inspect(e, func(n ast.Node) bool {
			id, is := n.(*ast.Ident)
			found = found || is && of(p.target(id))
			return !found
		})
		return found
	}
	return slices.ContainsFunc(stack[i:], func(n ast.Node) bool {
		switch s := n.(type) {
		case *ast.IfStmt:
			cond, is := ast.Unparen(s.Cond).(*ast.BinaryExpr)
			return is && cond.Op == token.EQL && asks(cond)
		case *ast.SwitchStmt:
			return s.Tag != nil && asks(s.Tag)
		}
		return false
	})
}

// isLoop reports whether a statement has turns.
func isLoop(n ast.Node) bool {
	switch n.(type) {
	case *ast.ForStmt, *ast.RangeStmt:
		return true
	}
	return false
}

// setExpressions are the variables and fields that a statement sets, and does not declare.
func setExpressions(n ast.Node) []ast.Expr {
	var out []ast.Expr
	add := func(e ast.Expr) {
		e = ast.Unparen(e)
		if root := firstIdent(e); root != nil && root.Name != "_" {
			out = append(out, e)
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, lhs := range n.Lhs {
			add(lhs)
		}
	case *ast.IncDecStmt:
		add(n.X)
	}
	return out
}

// grows reports whether a statement sets something to what it was and more: n++, all = append(all, one).
func grows(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.IncDecStmt:
		return true
	case *ast.AssignStmt:
		if n.Tok != token.ASSIGN {
			return n.Tok != token.DEFINE
		}
		call, is := ast.Unparen(n.Rhs[0]).(*ast.CallExpr)
		return is && calledName(call) == "append" && len(call.Args) > 0 && text(call.Args[0]) == text(n.Lhs[0])
	}
	return false
}
