package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// wayOut says how far the last of some statements goes away from what follows them: the farther, the greater.
type wayOut int

const (
	onward        wayOut = iota // to what follows
	outOfBlock                  // continue or goto: a loop around them may take another turn
	outOfLoop                   // break, of a switch too
	outOfFunction               // return, a panic, the end of the goroutine or of the program
)

// wayOutOf is the way that statements go when they have been done.
func wayOutOf(list []ast.Stmt) wayOut {
	if len(list) == 0 {
		return onward
	}
	switch s := list[len(list)-1].(type) {
	case *ast.ReturnStmt:
		return outOfFunction
	case *ast.BranchStmt:
		switch s.Tok {
		case token.BREAK:
			return outOfLoop
		case token.CONTINUE, token.GOTO:
			return outOfBlock
		}
	case *ast.ExprStmt:
		if call, is := s.X.(*ast.CallExpr); is && neverComesBack(call) {
			return outOfFunction
		}
	}
	return onward
}

// leavesLoop reports whether statements leave the loop around them, not only a switch within it.
func leavesLoop(list []ast.Stmt, stack []ast.Node) bool {
	way := wayOutOf(list)
	if way != outOfLoop || list[len(list)-1].(*ast.BranchStmt).Label != nil {
		return way >= outOfLoop
	}
	for _, n := range slices.Backward(stack) {
		switch n.(type) {
		case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			return false
		case *ast.ForStmt, *ast.RangeStmt:
			return true
		}
	}
	return true
}

// neverComesBack reports whether a call ends its function by its name: panic, os.Exit, runtime.Goexit, and what loggers and tests call fatal.
func neverComesBack(call *ast.CallExpr) bool {
	if id, is := call.Fun.(*ast.Ident); is {
		return id.Name == "panic"
	}
	switch calledName(call) {
	case "Exit", "Goexit", "FailNow", "Fatal", "Fatalf", "Fatalln", "Panic", "Panicf", "Panicln":
		return true
	}
	return false
}

// bodyOfLoop is the body of a loop, nil for what is none.
func bodyOfLoop(n ast.Node) *ast.BlockStmt {
	switch n := n.(type) {
	case *ast.ForStmt:
		return n.Body
	case *ast.RangeStmt:
		return n.Body
	}
	return nil
}

// endsTurn reports whether a statement ends the turn of a loop that declares a variable: continue, or break, of that loop. The next turn has a
// variable of its own, and nothing behind the loop has one.
func endsTurn(n *ast.BranchStmt, stack []ast.Node, object types.Object) bool {
	if n.Tok != token.CONTINUE && n.Tok != token.BREAK {
		return false
	}
	for i := len(stack) - 1; i >= 0; i-- {
		switch s := stack[i].(type) {
		case *ast.FuncLit:
			return false
		case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
			if n.Tok == token.BREAK && n.Label == nil {
				return false
			}
		case *ast.ForStmt, *ast.RangeStmt:
			if n.Label != nil && (i == 0 || !labels(stack[i-1], n.Label.Name)) {
				continue
			}
			body := bodyOfLoop(s)
			return body.Pos() < object.Pos() && object.Pos() < body.End()
		}
	}
	return false
}

func labels(n ast.Node, name string) bool {
	s, is := n.(*ast.LabeledStmt)
	return is && s.Label.Name == name
}

// closedBefore reports whether the resource is given back on the way to a statement that leaves: in a block around it, or by it.
func (u *usage) closedBefore(n ast.Stmt, stack []ast.Node) bool {
	for _, pos := range u.closed {
		if n.Pos() <= pos && pos <= n.End() {
			return true
		}
		if pos > n.Pos() {
			continue
		}
		if u.inPath(pos, n, stack) {
			return true
		}
	}
	return false
}

// leavesBehind reports whether a place within a statement is in a branch of it that ends by a return, or, in the turn of the loop that opens the
// resource, by going on to the next turn.
func leavesBehind(s ast.Stmt, pos token.Pos, inTurn bool) bool {
	found := false
	ast.Inspect(s, func(n ast.Node) bool {
		if n == nil || found || pos < n.Pos() || n.End() <= pos {
			return false
		}
		inTurn = inTurn && bodyOfLoop(n) == nil
		if list := listOf(n); len(list) > 0 && n != ast.Node(s) {
			_, found = list[len(list)-1].(*ast.ReturnStmt)
			next, is := list[len(list)-1].(*ast.BranchStmt)
			found = found || is && inTurn && next.Tok == token.CONTINUE && next.Label == nil
		}
		_, isFunction := n.(*ast.FuncLit)
		return !isFunction
	})
	return found
}

// inPath reports whether a place before a statement that leaves is on its way: in a statement of a block that holds it, not
// within a branch of it that ends by itself.
func (u *usage) inPath(pos token.Pos, n ast.Stmt, stack []ast.Node) bool {
	inTurn := false
	for _, a := range stack {
		if body := bodyOfLoop(a); body != nil {
			inTurn = body.Pos() < u.from && u.from < body.End()
		}
		for _, s := range listOf(a) {
			if s.Pos() > n.Pos() || s.Pos() > pos || pos > s.End() || s.Pos() <= n.Pos() && n.End() <= s.End() {
				continue
			}
			if branch, is := s.(*ast.IfStmt); is && branch.Init == nil && wayOutOf(branch.Body.List) >= outOfLoop && branch.Body.Pos() <= pos && pos <= branch.Body.End() || leavesBehind(s, pos, inTurn) {
				continue // given back in a branch that left
			}
			return true
		}
	}
	// In the condition of the branch that the statement stands in.
	for _, a := range stack {
		if branch, is := a.(*ast.IfStmt); is && branch.Body.Pos() > pos && branch.Pos() < pos && branch.Body.Pos() <= n.Pos() {
			return true
		}
	}
	return false
}

// leavesUnopened reports whether a statement that leaves stands in a branch that is taken only where the opening has failed, also where that is
// asked for behind the branches of which one has opened the resource.
func (l *lifter) leavesUnopened(p place, leaving []ast.Node, assign *ast.AssignStmt, opening []ast.Node, object types.Object) bool {
	failure := p.target(assign.Lhs[len(assign.Lhs)-1])
	for i, n := range leaving {
		branch, is := n.(*ast.IfStmt)
		if !is || branch.Pos() < assign.End() || i+1 == len(leaving) || leaving[i+1] != ast.Node(branch.Body) {
			continue
		}
		asked, is := ast.Unparen(branch.Cond).(*ast.BinaryExpr)
		if !is || !isNilIdent(asked.Y) {
			continue
		}
		if asked.Op == token.EQL && p.target(asked.X) == object {
			return true
		}
		if asked.Op != token.NEQ || failure == nil || failure == object || p.target(asked.X) != failure {
			continue
		}
		if !slices.ContainsFunc(l.defs[failure], func(d def) bool {
			return assign.End() < d.pos && d.pos < asked.Pos() && !exclude(opening, assign.Pos(), d.pos)
		}) {
			return true
		}
	}
	return false
}

// exclude reports whether of two places, the first of which stands within nodes, each is in a branch of its own, so that whoever passes the one
// does not pass the other.
func exclude(within []ast.Node, first, second token.Pos) bool {
	in := func(n ast.Node, pos token.Pos) bool { return n.Pos() <= pos && pos < n.End() }
	for i, n := range within {
		switch n := n.(type) {
		case *ast.IfStmt:
			if n.Else != nil && in(n.Body, first) && in(n.Else, second) {
				return true
			}
		case *ast.CaseClause:
			if i >= 2 && in(within[i-2], second) && !in(n, second) {
				return true
			}
		}
	}
	return false
}
