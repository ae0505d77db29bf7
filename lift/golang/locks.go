package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// heldAt reports whether a function, or one around it, holds a lock at a place: one that it takes before and has not given back there.
func (l *lifter) heldAt(f *function, at token.Pos) bool {
	for ; f != nil; f = f.parent {
		if strings.HasSuffix(f.fact.Name, "Locked") || l.lockAt(f, at, "Lock", "TryLock") != nil || l.onceAt(f, at) || l.runUnder(f, "Lock", "TryLock") {
			return true
		}
	}
	return false
}

// lockAt is the call, of one of some names, by which a function itself takes a lock that it holds at a place. One that is taken for a key is none:
// others hold it for other keys. Neither is the lock of a value that the function has just made.
func (l *lifter) lockAt(f *function, at token.Pos, names ...string) *ast.CallExpr {
	var out *ast.CallExpr
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || out != nil || at <= call.Pos() || !slices.Contains(names, calledName(call)) || l.forKey(f.source, call) || l.ofNew(f.source, call) {
			return out == nil
		}
		if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); !is || !givenBackBefore(selector, stack, at) {
			out = call
		}
		return true
	})
	return out
}

// onceAt reports whether a place stands in what a function hands to Do, of a sync.Once or a group of singleflight: that holds a lock while it
// runs, and no longer.
func (l *lifter) onceAt(f *function, at token.Pos) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && calledName(call) == "Do" && call.Lparen < at && at < call.Rparen {
			found = f.source.handsFunction(call) && !l.forKey(f.source, call)
		}
		return !found
	})
	return found
}

// runUnder reports whether a literal is handed to a function of the code that calls it while it holds a lock, which it takes by one of some
// names: s.locked(func() { … }).
func (l *lifter) runUnder(f *function, names ...string) bool {
	literal, is := f.node.(*ast.FuncLit)
	if !is {
		return false
	}
	call := l.givenTo(literal)
	if call == nil {
		return false
	}
	callees := l.static(f.source, call)
	index := slices.IndexFunc(call.Args, func(arg ast.Expr) bool { return ast.Unparen(arg) == ast.Expr(literal) })
	for _, callee := range callees {
		if index >= len(callee.params) || callee.params[index] == nil || !l.runsUnder(callee, callee.params[index], names) {
			return false
		}
	}
	return len(callees) > 0
}

// givenTo is the call that is given a literal, nil for none.
func (l *lifter) givenTo(literal *ast.FuncLit) *ast.CallExpr {
	if l.handed == nil {
		l.handed = map[*ast.FuncLit]*ast.CallExpr{}
		l.eachFile(func(p place) {
			ast.Inspect(p.file, func(n ast.Node) bool {
				if call, is := n.(*ast.CallExpr); is {
					for _, arg := range call.Args {
						if literal, is := ast.Unparen(arg).(*ast.FuncLit); is {
							l.handed[literal] = call
						}
					}
				}
				return true
			})
		})
	}
	return l.handed[literal]
}

// runsUnder reports whether a function calls what it is given, and wherever it does holds a lock.
func (l *lifter) runsUnder(f *function, param types.Object, names []string) bool {
	runs, bare := false, false
	ast.Inspect(f.body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && f.source.target(call.Fun) == param {
			runs = true
			bare = bare || l.lockAt(f, call.Pos(), names...) == nil
		}
		return !bare
	})
	return runs && !bare
}

// handsFunction reports whether a call is given a function.
func (s *source) handsFunction(call *ast.CallExpr) bool {
	return slices.ContainsFunc(call.Args, func(arg ast.Expr) bool {
		_, is := types.Unalias(typeOr(s.info.TypeOf(arg))).Underlying().(*types.Signature)
		return is
	})
}

// givenBackBefore reports whether the statements behind the one that takes a lock give it back before a place.
func givenBackBefore(lock *ast.SelectorExpr, stack []ast.Node, at token.Pos) bool {
	statement, is := last(stack).(*ast.ExprStmt)
	if !is || len(stack) < 2 {
		return false
	}
	for _, s := range listOf(stack[len(stack)-2]) {
		after, is := s.(*ast.ExprStmt)
		if !is || after.Pos() <= statement.Pos() || at <= after.Pos() {
			continue
		}
		call, is := after.X.(*ast.CallExpr)
		if !is {
			continue
		}
		unlock, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if is && strings.TrimPrefix(unlock.Sel.Name, "R") == "Unlock" && text(unlock.X) == text(lock.X) {
			return true
		}
	}
	return false
}

// guardOf is a place where another function reads or writes a map that a field or a package's variable holds while it holds a lock that stands
// beside the map: in the same value, or the same package.
func (l *lifter) guardOf(object *types.Var, other *function) *facts.LockedUse {
	l.findUses()
	for _, use := range l.lockedUses[object] {
		if use.In != other.fact {
			return use
		}
	}
	return nil
}

// bareUses are the places where functions read or write a map that a field or a package's variable holds and take no lock at all.
func (l *lifter) bareUses(object *types.Var) []facts.MapUse {
	l.findUses()
	return l.bare[object]
}

func (l *lifter) findUses() {
	if l.lockedUses == nil {
		l.lockedUses, l.bare = map[*types.Var][]*facts.LockedUse{}, map[*types.Var][]facts.MapUse{}
		l.eachFile(l.findUsesIn)
	}
}

func (l *lifter) findUsesIn(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		e, is := n.(ast.Expr)
		if !is {
			return true
		}
		held := l.heldMap(p.source, e)
		f := l.around(stack)
		if held == nil || f == nil || f.fact.Aside != "" {
			return true
		}
		object := p.target(e).(*types.Var)
		lock := l.lockAt(f, e.Pos(), "Lock", "RLock")
		if lock == nil {
			if readsMap(e, stack) && !l.locksAnywhere(f) {
				l.bare[object] = append(l.bare[object], facts.MapUse{Pos: l.pos(e.Pos()), In: f.fact})
			}
			return true
		}
		root := firstIdent(lock.Fun)
		if root == nil {
			return true
		}
		beside := p.target(root) == f.recv && f.recv != nil && !p.ofAnother(lock)
		if held.of == nil {
			v, is := p.target(root).(*types.Var)
			beside = is && v.Pkg() == object.Pkg() && v.Parent() == v.Pkg().Scope()
		}
		if beside {
			l.lockedUses[object] = append(l.lockedUses[object], &facts.LockedUse{Pos: l.pos(e.Pos()), In: f.fact, Lock: text(lock.Fun)})
		}
		return true
	})
}

// ofAnother reports whether a lock is that of another value, which the one that its chain begins with points to: tx.store.mu.Lock().
func (p place) ofAnother(lock *ast.CallExpr) bool {
	method, is := ast.Unparen(lock.Fun).(*ast.SelectorExpr)
	if !is {
		return false
	}
	mutex, is := ast.Unparen(method.X).(*ast.SelectorExpr)
	for is {
		of, further := ast.Unparen(mutex.X).(*ast.SelectorExpr)
		if further {
			if _, points := typeOr(p.info.TypeOf(of)).Underlying().(*types.Pointer); points {
				return true
			}
		}
		mutex, is = of, further
	}
	return false
}

// readsMap reports whether an expression that is a map is asked for what is in it, or gone through: m[k], range m, and what is given m.
func readsMap(e ast.Expr, stack []ast.Node) bool {
	switch parent := last(stack).(type) {
	case *ast.IndexExpr:
		return parent.X == e
	case *ast.RangeStmt:
		return parent.X == e
	case *ast.CallExpr:
		return slices.Contains(parent.Args, e) && calledName(parent) != "len"
	}
	return false
}

// locksAnywhere reports whether a function, or one around it, takes a lock of any kind, or says by its name that its caller does.
func (l *lifter) locksAnywhere(f *function) bool {
	for ; f != nil; f = f.parent {
		if l.takesLock(f) || l.locks(f) || l.runUnder(f, "Lock", "TryLock", "RLock") {
			return true
		}
	}
	return false
}

// firstIdent is the name that a chain of selectors begins with.
func firstIdent(e ast.Expr) *ast.Ident {
	for {
		switch n := ast.Unparen(e).(type) {
		case *ast.Ident:
			return n
		case *ast.SelectorExpr:
			e = n.X
		default:
			return nil
		}
	}
}

// ofTurns reports whether a map of a function is written by goroutines that a loop starts, each of which may run while the others do.
func (l *lifter) ofTurns(p place, object types.Object, at token.Pos, stack []ast.Node) bool {
	for i, n := range slices.Backward(stack) {
		literal, is := n.(*ast.FuncLit)
		if !is {
			continue
		}
		if f := l.nodes[literal]; f == nil || literal.Pos() <= object.Pos() && object.Pos() < literal.End() || l.lockAt(f, at, "Lock", "TryLock", "Do") != nil {
			return false
		}
		if i == 0 {
			return false
		}
		call, is := stack[i-1].(*ast.CallExpr)
		if !is || !(started(literal, stack) || calledName(call) == "Go" && slices.Contains(call.Args, ast.Expr(literal))) {
			continue
		}
		loop := loopAround(stack[:i])
		if loop == nil || object.Pos() >= loop.Pos() {
			continue
		}
		return turnsAgain(call, stack[:i]) != nil && !waitsWithin(loop, literal) && !oneAtATime(l.around(stack[:i]))
	}
	return false
}

// onSame reports whether goroutines that the turns of a loop start call a method of one and the same value, which was there before the loop.
func (l *lifter) onSame(at work, of ast.Expr) bool {
	object, is := at.target(firstIdent(of)).(*types.Var)
	if !is || firstIdent(of) == nil {
		return false
	}
	var start ast.Node = at.call
	stack := at.stack
	if !at.spawned {
		i := slices.IndexFunc(stack, func(n ast.Node) bool { _, is := n.(*ast.GoStmt); return is })
		if i < 0 {
			return false
		}
		start, stack = stack[i], stack[:i]
	}
	loop := loopAround(stack)
	if loop == nil || object.Pos() >= loop.Pos() || waitsWithin(loop, start) {
		return false
	}
	if counts, is := loop.(*ast.ForStmt); is && (counts.Init == nil || counts.Post == nil) {
		return false // until something is so: mostly a turn for each that comes
	}
	return !slices.ContainsFunc(l.defs[object], func(d def) bool { return loop.Pos() <= d.pos && d.pos < loop.End() })
}

// waitsWithin reports whether the body of a loop waits behind what it has started.
func waitsWithin(loop ast.Stmt, literal ast.Node) bool {
	found := false
	ast.Inspect(loop, func(n ast.Node) bool {
		if n == literal {
			return false
		}
		switch n := n.(type) {
		case *ast.CallExpr:
			found = found || n.Pos() > literal.End() && calledName(n) == "Wait"
		case *ast.UnaryExpr:
			found = found || n.Pos() > literal.End() && n.Op == token.ARROW
		}
		return !found
	})
	return found
}

// oneAtATime reports whether a function lets a group run one goroutine at a time.
func oneAtATime(f *function) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		found = found || is && calledName(call) == "SetLimit" && len(call.Args) == 1 && text(call.Args[0]) == "1"
		return !found
	})
	return found
}

// takesLock reports whether a function itself takes a lock that others may have.
func (l *lifter) takesLock(f *function) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && (calledName(call) == "Lock" || calledName(call) == "RLock") {
			found = found || !l.ofNew(f.source, call)
		}
		return !found
	})
	return found
}

// locks reports whether a function, or one around it, takes a lock that one alone holds. RLock is none: others hold it as well.
func (l *lifter) locks(f *function) bool {
	for ; f != nil; f = f.parent {
		found := strings.HasSuffix(f.fact.Name, "Locked")
		ast.Inspect(f.body, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				if name := calledName(call); name == "Lock" || name == "TryLock" || name == "Do" && f.source.handsFunction(call) {
					found = found || !l.forKey(f.source, call) && !l.ofNew(f.source, call)
				}
			}
			return !found
		})
		if found || l.runUnder(f, "Lock", "TryLock") {
			return true
		}
	}
	return false
}
