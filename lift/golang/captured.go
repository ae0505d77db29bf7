package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"sync"

	"github.com/fettlehq/fettle/facts"
)

// findCaptured lifts variables that a goroutine has while the function that started it goes on: one of the two sets what the other names, and
// nothing makes either wait for the other.
func (l *lifter) findCaptured(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		call := startedBy(n)
		f := l.around(stack)
		if call == nil || f == nil || f.body == nil {
			return true
		}
		for _, e := range append([]ast.Expr{call.Fun}, call.Args...) {
			if literal, is := ast.Unparen(e).(*ast.FuncLit); is {
				l.captures(p, f, n, call, literal, slices.Clone(stack))
			}
		}
		return true
	})
}

// startedBy is the call that a statement has a goroutine of its own do, or that gives a group of goroutines one more; nil for none.
func startedBy(n ast.Node) *ast.CallExpr {
	switch n := n.(type) {
	case *ast.GoStmt:
		return n.Call
	case *ast.ExprStmt:
		if call, is := n.X.(*ast.CallExpr); is && calledName(call) == "Go" {
			return call
		}
	}
	return nil
}

// naming is where a variable is named, or a field of the struct that it holds.
type naming struct {
	object *types.Var
	field  string // "" for all of it
	set    bool
	within bool // what it leads to is set: an item of a list that it, or a field of it, holds
	item   bool // such an item is read
	grown  bool // the list that it holds is set to what it was and more
	pos    token.Pos
	at     token.Pos // until when the code may wait before it: the end of its statement
	beside bool      // in another goroutine, which is started at at
}

// captures lifts what a literal that runs by itself shares with the function that started it.
func (l *lifter) captures(p place, f *function, start ast.Node, call *ast.CallExpr, literal *ast.FuncLit, stack []ast.Node) {
	given := map[types.Object]*types.Var{} // parameters, and the variables whose copies they are
	for i, param := range p.parameters(literal.Type) {
		if ast.Unparen(call.Fun) == ast.Expr(literal) && param != nil && i < len(call.Args) {
			if v, is := ast.Unparen(call.Args[i]).(*ast.Ident); is {
				given[param], _ = p.info.Uses[v].(*types.Var)
			}
		}
	}
	var shared []naming
	told := map[*types.Var]bool{}
	for _, there := range p.namings(literal.Body) {
		if copied := given[there.object]; copied != nil && there.within && !slices.ContainsFunc(shared, func(n naming) bool { return n.object == there.object && n.set }) {
			there.object = copied
		} else if literal.Pos() <= there.object.Pos() && there.object.Pos() < literal.End() {
			if there.set {
				shared = append(shared, there) // a copy that is its own from here on
			}
			continue
		}
		inner := l.nodes[literal]
		if there.object.Pos() < f.node.Pos() || f.node.End() <= there.object.Pos() || inner == nil || l.heldAt(inner, there.pos) || waitsBefore(p, literal, there.at) ||
			keepsApart(there.object.Type()) {
			continue
		}
		if there.set && l.ofTurns(p, there.object, there.pos, append(stack, start, call, literal)) {
			told[there.object] = true // see turnSets
		}
		shared = append(shared, there)
	}
	both := sync.OnceValue(func() map[types.Object]bool { return l.saidBy(p, start) })
	for _, here := range l.goesOn(p, f, start, stack) {
		for _, there := range shared {
			if there.object != here.object || told[here.object] || !meet(there, here) || l.heldAt(f, here.at) || l.waits(p, f, start, literal, both, here.at) {
				continue
			}
			told[here.object] = true
			f.fact.Captured = append(f.fact.Captured, facts.Captured{
				Name: here.object.Name(), Started: l.pos(start.Pos()), There: l.pos(there.pos), Here: l.pos(here.pos), SetThere: there.set || there.within, SetHere: here.set, Beside: here.beside,
			})
		}
	}
}

// meet reports whether two places name the same, and one of them sets it.
func meet(there, here naming) bool {
	if there.within {
		return here.within // the function answers with what holds the list
	}
	if there.item && here.grown {
		return false // an item stays where it is, or where it was, which does little harm
	}
	return !here.within && (there.set || here.set) && (there.field == here.field || there.field == "" || here.field == "")
}

// keepsApart reports whether values of a type may be used by several goroutines at once.
func keepsApart(t types.Type) bool {
	path, _ := namedType(t)
	return path == "sync" || path == "sync/atomic" || isChan(t)
}

// namings are the places of a statement where variables are named, in order; not those whose address is taken.
func (p place) namings(body ast.Node) []naming {
	var out []naming
	ast.PreorderStack(body, nil, func(n ast.Node, stack []ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is {
			return true
		}
		object, is := p.info.Uses[id].(*types.Var)
		if !is || object.IsField() || object.Pkg() != nil && object.Parent() == object.Pkg().Scope() {
			return true
		}
		if n, known := p.namingOf(id, object, stack); known {
			out = append(out, n)
		}
		return true
	})
	return out
}

func (p place) namingOf(id *ast.Ident, object *types.Var, stack []ast.Node) (naming, bool) {
	out := naming{object: object, pos: id.Pos(), at: id.Pos()}
	for _, n := range slices.Backward(stack) {
		if _, is := n.(ast.Stmt); !is {
			continue
		}
		switch n.(type) {
		case *ast.AssignStmt, *ast.ReturnStmt, *ast.ExprStmt:
			out.at = n.End()
		}
		break
	}
	var child ast.Node = id
	list := false // an item of a list that it leads to is named
	for _, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.ParenExpr:
		case *ast.SelectorExpr:
			if n.X != child {
				return out, false
			}
			selection := p.info.Selections[n]
			switch {
			case selection == nil:
				return out, false
			case selection.Kind() != types.FieldVal:
				return out, !selection.Indirect() && !ofPointer(selection) // a method that may set anything
			case selection.Indirect() || list:
				return out, !list // what a pointer leads to
			case out.field == "":
				out.field = n.Sel.Name
			}
		case *ast.IndexExpr:
			if n.X != child {
				return out, true
			}
			switch typeOr(p.info.TypeOf(n.X)).Underlying().(type) {
			case *types.Slice:
				if list {
					return out, true
				}
				list = true
			case *types.Array:
			default:
				return out, true
			}
		case *ast.AssignStmt:
			set := slices.ContainsFunc(n.Lhs, func(e ast.Expr) bool { return ast.Node(e) == child })
			out.set, out.within = set && !list, set && list
			out.item, out.grown = list && !set, out.set && grows(n)
			return out, true
		case *ast.IncDecStmt:
			out.set, out.within = !list, list
			return out, true
		case *ast.RangeStmt:
			out.set = n.Key == child || n.Value == child
			return out, true
		case *ast.UnaryExpr:
			return out, n.Op != token.AND
		default:
			out.item = list
			return out, true
		}
		child = n
	}
	return out, true
}

// ofPointer reports whether a method is one of a pointer to what it is called on.
func ofPointer(selection *types.Selection) bool {
	f, is := selection.Obj().(*types.Func)
	if !is {
		return true
	}
	recv := f.Signature().Recv()
	if recv == nil {
		return true
	}
	_, pointer := recv.Type().(*types.Pointer)
	return pointer
}

// goesOn are the places where a function names its variables after it has started a goroutine: by itself, and not in a literal that runs who knows
// when, or in another goroutine; behind it where a way leads there, in the next turn of the loop around it, and where it answers by a name.
func (l *lifter) goesOn(p place, f *function, start ast.Node, above []ast.Node) []naming {
	var out []naming
	again := turnsAgain(start, above)
	later := func(pos token.Pos, object types.Object, stack []ast.Node) bool {
		if pos > start.End() {
			return leadsTo(start, above, stack)
		}
		return again != nil && object != nil && object.Pos() < again.Pos() && again.Pos() <= pos
	}
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		if n == start {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			out = append(out, l.besides(p, start, above, n, stack)...)
			return false
		case *ast.Ident:
			object, is := p.info.Uses[n].(*types.Var)
			if !is || object.IsField() || !later(n.Pos(), object, stack) {
				break
			}
			if here, known := p.namingOf(n, object, stack); known && !here.within {
				if _, answers := last(stack).(*ast.ReturnStmt); answers {
					out = append(out, naming{object: object, within: true, pos: n.Pos(), at: here.at})
				}
				out = append(out, here)
			}
		case *ast.ReturnStmt:
			if later(n.Pos(), nil, stack) {
				out = append(out, answered(p, f, n)...)
			}
		}
		return true
	})
	return out
}

// besides are the places where another goroutine, which a function starts behind the first, names the function's variables.
func (l *lifter) besides(p place, start ast.Node, above []ast.Node, literal *ast.FuncLit, stack []ast.Node) []naming {
	if len(stack) < 2 || l.nodes[literal] == nil {
		return nil
	}
	other := stack[len(stack)-2]
	call := startedBy(other)
	if call == nil || call.Fun != ast.Expr(literal) && !slices.Contains(call.Args, ast.Expr(literal)) || other.Pos() < start.End() || !leadsTo(start, above, stack) {
		return nil
	}
	var out []naming
	for _, n := range p.namings(literal.Body) {
		if outside := n.object.Pos() < literal.Pos() || literal.End() <= n.object.Pos(); outside && !n.within && !l.heldAt(l.nodes[literal], n.pos) && !waitsBefore(p, literal, n.at) {
			n.at, n.beside = other.Pos(), true
			out = append(out, n)
		}
	}
	return out
}

// turnsAgain is the loop around a statement, where the statement may come to run again; nil where there is none, or each way from there leaves it.
func turnsAgain(start ast.Node, above []ast.Node) ast.Node {
	for _, n := range slices.Backward(above) {
		switch n := n.(type) {
		case *ast.FuncLit:
			return nil
		case *ast.ForStmt, *ast.RangeStmt:
			return n
		}
		if wayOutOf(listOf(n)) >= outOfLoop {
			return nil
		}
	}
	return nil
}

// answered are the named results that a return sets, or answers with.
func answered(p place, f *function, r *ast.ReturnStmt) []naming {
	var out []naming
	if f.sig == nil {
		return nil
	}
	for i := range f.sig.Results().Len() {
		result := f.sig.Results().At(i)
		if result.Name() == "" || result.Name() == "_" || len(r.Results) == f.sig.Results().Len() && p.target(r.Results[i]) == types.Object(result) {
			continue
		}
		out = append(out, naming{object: result, set: len(r.Results) > 0, pos: r.Pos(), at: r.End()})
	}
	return out
}

// leadsTo reports whether a function may come from one place to another behind it: the two stand in no two cases of the same choice, and no block
// around the first alone ends by leaving.
func leadsTo(start ast.Node, from, to []ast.Node) bool {
	child := start
	for _, n := range slices.Backward(from) {
		if slices.Contains(to, n) {
			switch n := n.(type) {
			case *ast.IfStmt:
				return child != ast.Node(n.Body) || n.Else == nil || !slices.Contains(to, ast.Node(n.Else))
			case *ast.BlockStmt:
				_, clause := child.(*ast.CaseClause)
				_, comm := child.(*ast.CommClause)
				return !clause && !comm
			}
			return true
		}
		if wayOutOf(listOf(n)) != onward {
			return false
		}
		child = n
	}
	return true
}

// waitsBefore reports whether a goroutine waits for something before a place: for a channel, or a group.
func waitsBefore(p place, literal *ast.FuncLit, at token.Pos) bool {
	found := false
	ast.Inspect(literal.Body, func(n ast.Node) bool {
		if n == nil || found || n.Pos() >= at {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return n.Pos() <= at && at < n.End()
		case *ast.UnaryExpr:
			found = n.Op == token.ARROW
		case *ast.RangeStmt:
			found = isChan(p.info.TypeOf(n.X))
		case *ast.CallExpr:
			found = calledName(n) == "Wait"
		}
		return !found
	})
	return found
}

// waits reports whether a function waits, between the start of a goroutine and a place, for something that the goroutine says: by a channel, a group
// or whatever else both have, see saidBy.
func (l *lifter) waits(p place, f *function, start ast.Node, literal *ast.FuncLit, both func() map[types.Object]bool, at token.Pos) bool {
	said := func(e ast.Node) bool {
		found := false
		ast.Inspect(e, func(n ast.Node) bool {
			id, is := n.(*ast.Ident)
			found = found || is && both()[p.info.Uses[id]]
			return !found
		})
		return found
	}
	if loop := loopOver(f, start); at < start.Pos() && loop != nil {
		return waitsWithin(loop, literal)
	}
	found := false
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		if found || n.Pos() >= at || n == start {
			return false
		}
		if n.End() < start.End() {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.UnaryExpr:
			if n.Op != token.ARROW || n.Pos() < start.End() || !said(n.X) {
				break
			}
			found = true
			for i, around := range stack {
				if clause, is := around.(*ast.CommClause); is && clause.Comm != nil && clause.Comm.Pos() <= n.Pos() && n.End() <= clause.Comm.End() && clause.Pos() <= n.Pos() {
					choice := stack[i-2]
					found = found && (clause.Pos() <= at && at <= clause.End() || choice.End() <= at)
				}
			}
		case *ast.RangeStmt:
			found = isChan(p.info.TypeOf(n.X)) && n.Pos() > start.End() && said(n.X)
		case *ast.SendStmt:
			found = n.Pos() > start.End() && said(n.Chan)
		case *ast.CallExpr:
			if n.Pos() < start.End() {
				break
			}
			found = calledName(n) == "Wait" || l.isWait(p, n) || slices.ContainsFunc(append([]ast.Expr{firstOf(n.Fun)}, n.Args...), func(e ast.Expr) bool {
				id, is := ast.Unparen(e).(*ast.Ident)
				if address, pointer := ast.Unparen(e).(*ast.UnaryExpr); pointer {
					id, is = ast.Unparen(address.X).(*ast.Ident)
				}
				return is && both()[p.info.Uses[id]] && tells(typeOr(p.info.TypeOf(id)))
			})
		}
		return !found
	})
	return found
}

// isWait reports whether a call is one of a literal that a variable holds, and that waits.
func (l *lifter) isWait(p place, call *ast.CallExpr) bool {
	object := p.target(call.Fun)
	return object != nil && slices.ContainsFunc(l.defs[object], func(d def) bool {
		literal, is := d.expr.(*ast.FuncLit)
		return is && waitsBefore(place{d.source, nil}, literal, literal.End())
	})
}

// tells reports whether goroutines tell each other something by values of a type: channels, groups, pipes, connections and what else is no plain data.
func tells(t types.Type) bool {
	switch deref(t).Underlying().(type) {
	case *types.Basic, *types.Slice, *types.Map:
		return false
	}
	return !isNamed(t, "context", "Context")
}

// saidBy are the variables that the statement which starts a goroutine names, and those that were made along with them: of two ends of a pipe the
// goroutine has one, of a context what cancels it.
func (l *lifter) saidBy(p place, start ast.Node) map[types.Object]bool {
	out := map[types.Object]bool{}
	var made []ast.Expr
	ast.Inspect(start, func(n ast.Node) bool {
		if id, is := n.(*ast.Ident); is {
			if object, is := p.info.Uses[id].(*types.Var); is && !isNamed(object.Type(), "context", "Context") {
				out[object] = true
				for _, d := range l.defs[object] {
					if d.index >= 0 {
						made = append(made, d.expr)
					}
				}
			}
		}
		return true
	})
	ast.Inspect(p.file, func(n ast.Node) bool {
		if assign, is := n.(*ast.AssignStmt); is && len(assign.Rhs) == 1 && slices.Contains(made, assign.Rhs[0]) {
			for _, left := range assign.Lhs {
				if object := p.target(left); object != nil && !isError(object.Type()) {
					out[object] = true
				}
			}
		}
		return true
	})
	return out
}

// loopOver is the innermost loop of a function around a statement.
func loopOver(f *function, start ast.Node) ast.Stmt {
	var out ast.Stmt
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		if n == start {
			out = loopAround(stack)
		}
		return n.Pos() <= start.Pos() && out == nil
	})
	return out
}
