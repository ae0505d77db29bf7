package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// findGoroutines lifts goroutines that send to a channel without room, whose reader may leave before: they wait for ever, with all that they
// hold. The reader is the function that started them, or who was given the channel by it.
func (l *lifter) findGoroutines(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		start, is := n.(*ast.GoStmt)
		if !is {
			return true
		}
		literal, is := start.Call.Fun.(*ast.FuncLit)
		f := l.around(stack)
		if !is || f == nil {
			return true
		}
		channel, many := l.sendsTo(p, start.Call, literal, f)
		if channel == nil {
			return true
		}
		many = many || l.loopOf(append(stack, n)) != nil
		left, returned := l.abandons(p, f, channel, literal, many)
		if returned && left == token.NoPos {
			if l.senders == nil {
				l.senders = map[*function]*ast.GoStmt{}
			}
			l.senders[f] = start
		}
		if left.IsValid() {
			f.fact.Resources = append(f.fact.Resources, &facts.Resource{Pos: l.pos(start.Pos()), Kind: "goroutine", Name: channel.Name(), Lost: []facts.Pos{l.pos(left)}})
		}
		return true
	})
}

// findAbandoned lifts those whose channel another function has given away, where who is given it may leave before it has read.
func (l *lifter) findAbandoned(p place) {
	if len(l.senders) == 0 {
		return
	}
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		assign, is := n.(*ast.AssignStmt)
		if !is || len(assign.Lhs) != 1 {
			return true
		}
		call, isCall := rightCall(assign)
		f := l.around(stack)
		if !isCall || f == nil {
			return true
		}
		callees := l.static(p.source, call)
		object, isVar := p.target(assign.Lhs[0]).(*types.Var)
		if len(callees) != 1 || l.senders[callees[0]] == nil || !isVar || object.IsField() || len(l.defs[object]) != 1 {
			return true
		}
		if left, returned := l.abandons(p, f, object, nil, l.loopOf(append(stack, n)) != nil); left.IsValid() && !returned {
			f.fact.Resources = append(f.fact.Resources, &facts.Resource{Pos: l.pos(assign.Pos()), Kind: "goroutine", Name: object.Name(), Lost: []facts.Pos{l.pos(left)}})
		}
		return true
	})
}

// sendsTo is the channel without room, made by the function around, to which a literal sends whatever happens, also where it is given it as an
// argument; and whether it does so more than once.
func (l *lifter) sendsTo(p place, call *ast.CallExpr, literal *ast.FuncLit, f *function) (channel types.Object, many bool) {
	ast.PreorderStack(literal.Body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.GoStmt:
			return false
		case *ast.SendStmt:
			if clause, is := last(stack).(*ast.CommClause); is && clause.Comm == ast.Stmt(n) {
				return true // it may do something else
			}
			if call, is := ast.Unparen(n.Value).(*ast.CallExpr); is && serves.MatchString(calledName(call)) {
				return true // until the program ends
			}
			object := p.given(call, literal, n.Chan)
			if object == nil || object.Pos() < f.node.Pos() || f.node.End() <= object.Pos() || literal.Pos() <= object.Pos() && object.Pos() < literal.End() || !l.withoutRoom(object) {
				return true
			}
			channel = object
			for _, s := range stack {
				switch s.(type) {
				case *ast.ForStmt, *ast.RangeStmt:
					many = true
				}
			}
		}
		return true
	})
	return channel, many
}

// given is what an expression within a literal names: of a parameter, what a call of the literal gives it.
func (p place) given(call *ast.CallExpr, literal *ast.FuncLit, e ast.Expr) types.Object {
	object := p.target(e)
	for i, param := range p.parameters(literal.Type) {
		if param != nil && param == object && i < len(call.Args) {
			return p.target(call.Args[i])
		}
	}
	return object
}

// serves are names of what runs as long as the program does.
var serves = regexp.MustCompile(`^(ListenAndServe|Serve|Listen|Start|Run)([A-Z]|$)`)

// withoutRoom reports whether a variable holds a channel that was made with no room for what nobody has read.
func (l *lifter) withoutRoom(object types.Object) bool {
	defs := l.defs[object]
	if len(defs) != 1 || defs[0].expr == nil || defs[0].kind != assigned {
		return false
	}
	call, is := ast.Unparen(defs[0].expr).(*ast.CallExpr)
	if !is {
		return false
	}
	id, is := call.Fun.(*ast.Ident)
	if !is || id.Name != "make" || len(call.Args) == 0 {
		return false
	}
	if !isChan(defs[0].source.info.TypeOf(call)) {
		return false
	}
	if len(call.Args) == 1 {
		return true
	}
	room := defs[0].source.info.Types[call.Args[1]].Value
	return room != nil && room.Kind() == constant.Int && constant.Sign(room) == 0
}

// abandons is the return of a function by which it leaves while a goroutine may still send to a channel: another case of a select that reads
// from it, or a way out of a loop that reads what many send. returned reports that the function gives the channel to its caller. Nothing is
// said where others are given the channel.
func (l *lifter) abandons(p place, f *function, channel types.Object, sender *ast.FuncLit, many bool) (left token.Pos, returned bool) {
	known := true
	reads := func(n ast.Node) bool {
		found := false
		if n == nil {
			return false
		}
		ast.Inspect(n, func(n ast.Node) bool {
			read, is := n.(*ast.UnaryExpr)
			found = found || is && read.Op == token.ARROW && p.target(read.X) == channel
			return !found
		})
		return found
	}
	note := func(pos token.Pos) {
		if !left.IsValid() {
			left = pos
		}
	}
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		if n == ast.Node(sender) {
			return false
		}
		switch n := n.(type) {
		case *ast.SelectStmt:
			read := false
			for _, s := range n.Body.List {
				clause := s.(*ast.CommClause)
				read = read || clause.Comm != nil && reads(clause.Comm)
			}
			for _, s := range n.Body.List {
				if clause := s.(*ast.CommClause); read && clause.Comm != nil && l.fromElsewhere(p, f, clause.Comm) {
					if out := returnOf(clause.Body); out != nil && !reads(&ast.BlockStmt{List: clause.Body}) {
						note(out.Pos())
					}
				}
			}
		case *ast.Ident:
			if p.info.Uses[n] != channel {
				return true
			}
			parent := last(stack)
			if literal := literalAround(stack); literal != nil {
				call, isCall := parent.(*ast.CallExpr)
				send, isSend := parent.(*ast.SendStmt)
				if !started(literal, stack) || !(isCall && calledName(call) == "close" || isSend && send.Chan == ast.Expr(n)) {
					known = false // another function reads from it
				}
				return true
			}
			switch parent := parent.(type) {
			case *ast.UnaryExpr:
				if parent.Op != token.ARROW {
					known = false
				} else if loop := loopAround(stack); many && loop != nil {
					list := []ast.Stmt{loop}
					for _, s := range stack {
						if clause, is := s.(*ast.CommClause); is {
							list = clause.Body
						}
					}
					if out := returnOf(list); out != nil && out.Pos() > n.Pos() {
						note(out.Pos())
					}
				}
			case *ast.RangeStmt:
				if out := returnOf(parent.Body.List); many && out != nil {
					note(out.Pos())
				}
			case *ast.ReturnStmt:
				returned = true
			case *ast.CallExpr:
				if sender != nil && ast.Unparen(parent.Fun) == ast.Expr(sender) {
					break // the goroutine itself is given it
				}
				if name := calledName(parent); name != "close" && name != "len" && name != "cap" {
					known = false
				}
			default:
				known = false
			}
		}
		return true
	})
	if !known {
		return token.NoPos, false
	}
	return left, returned
}

// fromElsewhere reports whether a case of a select waits for what others than the goroutines of this function say: the end of a context, a
// clock, or a channel that the function was given.
func (l *lifter) fromElsewhere(p place, f *function, comm ast.Stmt) bool {
	found := false
	ast.Inspect(comm, func(n ast.Node) bool {
		read, is := n.(*ast.UnaryExpr)
		if !is || read.Op != token.ARROW {
			return true
		}
		from := ast.Unparen(read.X)
		if id, is := from.(*ast.Ident); is {
			object, defs := p.target(id), l.defs[p.target(id)]
			if _, _, isParam := l.parameter(object); isParam {
				found = true
				return false
			}
			if len(defs) != 1 || defs[0].expr == nil {
				return false
			}
			from = ast.Unparen(defs[0].expr)
		}
		switch from := from.(type) {
		case *ast.CallExpr:
			name := calledName(from)
			found = name == "Done" || name == "After" || name == "Tick"
		case *ast.SelectorExpr:
			found = true // of a timer, or of what outlives the function
		}
		return false
	})
	return found
}

// literalAround is the innermost function literal around a node.
func literalAround(stack []ast.Node) *ast.FuncLit {
	for _, n := range slices.Backward(stack) {
		if literal, is := n.(*ast.FuncLit); is {
			return literal
		}
	}
	return nil
}

// started reports whether a literal is one that a goroutine of its own runs.
func started(literal *ast.FuncLit, stack []ast.Node) bool {
	return slices.ContainsFunc(stack, func(n ast.Node) bool {
		start, is := n.(*ast.GoStmt)
		return is && start.Call.Fun == ast.Expr(literal)
	})
}

// loopAround is the innermost loop around a node, in its own function.
func loopAround(stack []ast.Node) ast.Stmt {
	for _, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.FuncLit:
			return nil
		case *ast.ForStmt:
			return n
		case *ast.RangeStmt:
			return n
		}
	}
	return nil
}

// returnOf is the last return within statements, in their own function.
func returnOf(list []ast.Stmt) *ast.ReturnStmt {
	var out *ast.ReturnStmt
	for _, s := range list {
		ast.Inspect(s, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ReturnStmt:
				out = n
			}
			return true
		})
	}
	return out
}
