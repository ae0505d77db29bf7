package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// usage is what a function does with a resource.
type usage struct {
	l          *lifter
	keepers    []types.Object // variables that hold a function that gives it back
	committers []types.Object // and that hold one that commits it
	handedOver []token.Pos    // returns that give it to the caller
	p          place
	body       *ast.BlockStmt
	object     types.Object
	kind       string
	part       string // the field of the value that is closed: Body of an answer
	closers    []string
	from       token.Pos
	escapes    bool
	deferred   bool
	deferredAt []token.Pos // the statements that do so
	depth      int         // of calls that it is followed into
	rolledBack bool
	closed     []token.Pos
	readBy     []*function // functions of the code that read from it and leave it open
}

func (u *usage) look(body *ast.BlockStmt) {
	u.body = body
	ast.PreorderStack(body, nil, func(n ast.Node, stack []ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || u.p.info.Uses[id] != u.object || id.Pos() < u.from {
			return true
		}
		u.use(id, stack)
		return true
	})
}

// lookAtKeepers looks where the functions that give the resource back are called: rollback := func() { tx.Rollback() }.
func (u *usage) lookAtKeepers(body *ast.BlockStmt) {
	if len(u.keepers)+len(u.committers) == 0 {
		return
	}
	ast.PreorderStack(body, nil, func(n ast.Node, stack []ast.Node) bool {
		id, is := n.(*ast.Ident)
		if is && slices.Contains(u.committers, u.p.info.Uses[id]) {
			if call, is := last(stack).(*ast.CallExpr); is && call.Fun == ast.Expr(id) && !slices.ContainsFunc(stack, func(n ast.Node) bool { _, is := n.(*ast.DeferStmt); return is }) {
				u.closed = append(u.closed, id.Pos())
			}
			return true
		}
		if !is || !slices.Contains(u.keepers, u.p.info.Uses[id]) {
			return true
		}
		if call, is := last(stack).(*ast.CallExpr); is && call.Fun == ast.Expr(id) {
			if slices.ContainsFunc(stack, func(n ast.Node) bool { _, is := n.(*ast.DeferStmt); return is }) {
				u.deferred = true
			}
			u.closed = append(u.closed, id.Pos())
			return true
		}
		if r := returning(stack); r.IsValid() {
			u.handedOver = append(u.handedOver, r)
			return true
		}
		u.escapes = true
		return true
	})
}

// lookAtResult takes the returns that name nothing for those that give the caller the resource, where it is one of the function's results, but
// for those behind a failure: of that the caller sees the error alone.
func (u *usage) lookAtResult(f *function) {
	if f.sig == nil || f.body == nil {
		return
	}
	named := false
	for result := range f.sig.Results().Variables() {
		named = named || types.Object(result) == u.object
	}
	if !named {
		return
	}
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			behind := slices.ContainsFunc(stack, func(n ast.Node) bool {
				branch, is := n.(*ast.IfStmt)
				return is && failed(branch.Cond)
			})
			if len(n.Results) == 0 && n.Pos() > u.from && !behind {
				u.handedOver = append(u.handedOver, n.Pos())
			}
		}
		return true
	})
}

// returning is the place of the return statement that a node is part of.
func returning(stack []ast.Node) token.Pos {
	for _, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.ReturnStmt:
			return n.Pos()
		case *ast.FuncLit:
			return token.NoPos
		}
	}
	return token.NoPos
}

// closesIn reports whether a function that a call gives the resource to gives it back, or may do so.
func (u *usage) closesIn(call *ast.CallExpr, arg ast.Node) bool {
	callees := u.l.static(u.p.source, call)
	if len(callees) == 0 {
		return true
	}
	index := slices.IndexFunc(call.Args, func(e ast.Expr) bool { return ast.Node(e) == arg })
	for _, callee := range callees {
		if index < 0 || index >= len(callee.params) || callee.params[index] == nil {
			return true
		}
		inner := &usage{l: u.l, p: place{callee.source, nil}, object: callee.params[index], kind: u.kind, part: u.part, closers: u.closers}
		if u.kind == "body" && !u.holds(inner.object.Type()) {
			inner.kind, inner.part = "file", "" // the body itself
			if method(inner.object.Type(), "Close", nil) == nil {
				continue // an io.Reader
			}
		}
		if u.kind == "file" && !hasClose(inner.object.Type()) {
			continue // an io.Reader
		}
		inner.depth = u.depth + 1
		if inner.depth > 3 {
			return true
		}
		inner.look(callee.body)
		if u.kind == "body" {
			if inner.deferred || len(inner.closed) > 0 || inner.kind == "body" && inner.escapes {
				return true
			}
			continue // what reads a body does not close it
		}
		if inner.escapes || inner.deferred || len(inner.closed) > 0 || len(inner.handedOver) > 0 {
			return true
		}
	}
	return false
}

// closedBy reports whether the one function of the code that a call gives an answer to closes its body, and gives the answer to nobody else.
func (u *usage) closedBy(call *ast.CallExpr, arg ast.Node) bool {
	callees := u.l.static(u.p.source, call)
	index := slices.IndexFunc(call.Args, func(e ast.Expr) bool { return ast.Node(e) == arg })
	if len(callees) != 1 || index < 0 || index >= len(callees[0].params) || callees[0].params[index] == nil || u.depth > 2 {
		return false
	}
	given := callees[0].params[index]
	if !u.holds(given.Type()) {
		return false
	}
	inner := &usage{l: u.l, p: place{callees[0].source, nil}, object: given, kind: u.kind, part: u.part, closers: u.closers, depth: u.depth + 1}
	inner.look(callees[0].body)
	return !inner.escapes && len(inner.handedOver) == 0 && (inner.deferred || len(inner.closed) > 0)
}

// endedIn reports whether the function of the code that a transaction is given to ends it.
func (u *usage) endedIn(call *ast.CallExpr, arg ast.Node) bool {
	callees := u.l.static(u.p.source, call)
	index := slices.IndexFunc(call.Args, func(e ast.Expr) bool { return ast.Node(e) == arg })
	if len(callees) != 1 || index < 0 || index >= len(callees[0].params) || callees[0].params[index] == nil || u.depth > 2 {
		return false
	}
	inner := &usage{l: u.l, p: place{callees[0].source, nil}, object: callees[0].params[index], kind: u.kind, closers: u.closers, depth: u.depth + 1}
	inner.look(callees[0].body)
	if len(inner.closed) > 0 && !inner.deferred && inner.openOnFailure(callees[0]) {
		return false
	}
	u.rolledBack = u.rolledBack || inner.rolledBack
	return inner.deferred || len(inner.closed) > 0
}

// openOnFailure reports whether a function that ends the transaction it is given on some of its ways out leaves it open on another, where it
// has failed: whoever called it has it still.
func (u *usage) openOnFailure(f *function) bool {
	results := f.sig.Results()
	if results.Len() == 0 || !isError(results.At(results.Len()-1).Type()) {
		return false
	}
	found := false
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			if len(n.Results) != results.Len() || isNilIdent(n.Results[len(n.Results)-1]) || u.closedBefore(n, stack) {
				return true
			}
			asked := slices.ContainsFunc(stack, func(n ast.Node) bool { // whether there is one at all, or what happens to it
				check, is := n.(*ast.IfStmt)
				return is && mentions(check.Cond, u.object.Name())
			})
			found = found || !asked
		}
		return !found
	})
	return found
}

func (u *usage) use(id *ast.Ident, stack []ast.Node) {
	for i, n := range slices.Backward(stack) {
		var child ast.Node = id
		if i+1 < len(stack) {
			child = stack[i+1]
		}
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.X == child && u.method(n, stack[:i]) {
				return
			}
		case *ast.CallExpr:
			if n.Fun == child { // a method of it
				if u.kind == "transaction" {
					u.leads(n, stack[:i])
				}
				return
			}
			if u.kind == "client connection" {
				u.escapes = u.escapes || !u.clientHere(n, stack[:i])
				return
			}
			if u.p.packageOf(firstOf(n.Fun)) == "context" && calledName(n) == "WithValue" {
				u.escapes = true // whoever has the context gives it back
				return
			}
			if literal, is := n.Fun.(*ast.FuncLit); is && u.givenTo(literal, n, child, stack[:i]) {
				return
			}
			if u.kind == "transaction" && u.endedIn(n, child) {
				u.closed = append(u.closed, n.Pos())
				u.deferred = u.deferred || slices.ContainsFunc(stack[:i], func(n ast.Node) bool { _, is := n.(*ast.DeferStmt); return is })
				return
			}
			if u.kind == "transaction" && keepsTx.MatchString(calledName(n)) {
				u.escapes = true // whoever has it gives it back
				return
			}
			if at := returning(stack[:i]); u.kind == "transaction" && at.IsValid() && u.l.isTx(typeOr(u.p.info.TypeOf(n))) {
				u.handedOver = append(u.handedOver, at) // in other clothes
				return
			}
			if name := calledName(n); u.kind == "transaction" && !regexpCloses.MatchString(name) || u.kind == "session" && !regexpCloses.MatchString(name) {
				return // it is used, and stays ours
			}
			if selector, is := unasserted(child).(*ast.SelectorExpr); is && u.kind == "body" && selector.Sel.Name == u.part {
				if closesGiven.MatchString(calledName(n)) {
					u.escapes = true // what it makes closes it
				}
				if len(u.l.static(u.p.source, n)) > 0 && u.closesIn(n, child) {
					u.closed = append(u.closed, n.Pos())
					u.deferred = u.deferred || slices.ContainsFunc(stack[:i], func(n ast.Node) bool { _, is := n.(*ast.DeferStmt); return is })
				}
				if _, returned := last(stack[:i]).(*ast.ReturnStmt); returned && strings.HasPrefix(calledName(n), "New") {
					u.escapes = u.escapes || u.depth > 0
					u.handedOver = append(u.handedOver, last(stack[:i]).Pos()) // what wraps it is the caller's
				}
				return
			}
			if u.kind == "body" && (u.p.packageOf(firstOf(n.Fun)) == "fmt" || len(u.l.static(u.p.source, n)) > 0 && !u.closesIn(n, child)) {
				return // a function that looks at the answer, and leaves it open
			}
			if e, is := child.(*ast.SelectorExpr); is && u.kind == "body" && u.part != "Body" && e.Sel.Name != u.part {
				return // what is known of it
			}
			if e, is := child.(*ast.SelectorExpr); is {
				if _, basic := typeOr(u.p.info.TypeOf(e)).Underlying().(*types.Basic); basic && u.kind == "body" {
					return // its status
				}
			}
			if part, is := child.(*ast.SelectorExpr); u.kind == "file" && (is && typeOr(u.p.info.TypeOf(part)) != types.Typ[types.Invalid] && !hasClose(u.p.info.TypeOf(part)) || u.onlyRead(n, stack[:i])) {
				return
			}
			if (u.kind == "rows" || u.kind == "file") && !u.closesIn(n, child) {
				u.readBy = append(u.readBy, u.l.static(u.p.source, n)...)
				return
			}
			if u.kind == "body" && u.closedBy(n, child) {
				u.closed = append(u.closed, n.Pos())
				return
			}
			u.escapes = u.escapes || calledName(n) != "len"
			return
		case *ast.ReturnStmt:
			if !isFieldOf(child) && (u.kind == "transaction" || u.kind == "connection") && returning(stack[:i+1]).IsValid() && len(n.Results) > 1 {
				u.handedOver = append(u.handedOver, n.Pos())
				return
			}
			u.escapes = u.escapes || !isFieldOf(child)
			return
		case *ast.CompositeLit, *ast.SendStmt, *ast.KeyValueExpr:
			u.escapes = u.escapes || !isFieldOf(child)
			return
		case *ast.AssignStmt:
			for i, right := range n.Rhs {
				if assertion, is := right.(*ast.TypeAssertExpr); is && right == child && assertion.Type != nil && u.kind == "body" && !hasClose(u.p.info.TypeOf(assertion.Type)) {
					continue // what it is read as cannot be closed
				}
				if right == child && !(len(n.Lhs) == len(n.Rhs) && isBlank(n.Lhs[i])) {
					u.escapes = u.escapes || !isFieldOf(child)
				}
			}
			return
		case *ast.BinaryExpr, *ast.IfStmt, *ast.ForStmt, *ast.ExprStmt, *ast.DeferStmt:
			return
		case *ast.UnaryExpr:
			u.escapes = true
			return
		}
	}
}

// keptAsReader reports whether a body is kept in a field whose type has no Close, in code that asks no reader for one: whoever has the struct cannot close it.
func (u *usage) keptAsReader(pair *ast.KeyValueExpr) bool {
	key, is := pair.Key.(*ast.Ident)
	if !is {
		return false
	}
	field, is := u.p.info.Uses[key].(*types.Var)
	return is && field.IsField() && isNamed(field.Type(), "io", "Reader") && !u.l.asksForClose()
}

// asksForClose reports whether the code asks something of another type whether it can be closed.
func (l *lifter) asksForClose() bool {
	if l.closeAsked == nil {
		asked := false
		l.eachFile(func(p place) {
			if p.aside[p.file] == "test" {
				return
			}
			ast.Inspect(p.file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.TypeAssertExpr:
					asked = asked || n.Type != nil && hasClose(p.info.TypeOf(n.Type))
				case *ast.TypeSwitchStmt:
					for _, s := range n.Body.List {
						for _, e := range s.(*ast.CaseClause).List {
							asked = asked || isNamed(p.info.TypeOf(e), "io", "Closer") || isNamed(p.info.TypeOf(e), "io", "ReadCloser")
						}
					}
				}
				return !asked
			})
		})
		l.closeAsked = &asked
	}
	return *l.closeAsked
}

// holds reports whether a value of a type is one whose part is closed, and not the part itself.
func (u *usage) holds(t types.Type) bool {
	path, name := namedType(t)
	if u.part == "Body" && name == "Response" {
		return true
	}
	ownPath, ownName := namedType(u.object.Type())
	return ownName != "" && path == ownPath && name == ownName
}

// unasserted is what a node says to be of another type: f.File of f.File.(io.ReadSeeker).
func unasserted(n ast.Node) ast.Node {
	if e, is := n.(*ast.TypeAssertExpr); is {
		return e.X
	}
	return n
}

// closesGiven are functions of libraries that keep the reader they are given, and close it when it is sent.
var closesGiven = regexp.MustCompile(`^(NewRequest|NewRequestWithContext|SendStream|SetBodyStream)$`)

// makesAnother are names of methods of a transaction that begin another one within it.
var makesAnother = regexp.MustCompile(`(?i)^(begin|start|new|open|savepoint|nest)`)

// leads notes where a transaction is ended by way of another one that it leads to: inner := outer.Delegate().(*bolt.Tx).
func (u *usage) leads(call *ast.CallExpr, above []ast.Node) {
	if _, is := last(above).(*ast.TypeAssertExpr); is {
		above = above[:len(above)-1]
	}
	assign, is := last(above).(*ast.AssignStmt)
	if !is || len(assign.Rhs) != 1 || makesAnother.MatchString(calledName(call)) || u.depth > 2 {
		return
	}
	object, is := u.p.target(assign.Lhs[0]).(*types.Var)
	if !is || object.IsField() || object == u.object {
		return
	}
	inner := &usage{l: u.l, p: u.p, object: object, kind: u.kind, closers: u.closers, from: assign.End(), depth: u.depth + 1}
	inner.look(u.body)
	u.closed = append(u.closed, inner.closed...)
	u.deferredAt = append(u.deferredAt, inner.deferredAt...)
	u.deferred, u.rolledBack = u.deferred || inner.deferred, u.rolledBack || inner.rolledBack
}

// onlyRead reports whether a call of the library reads what it is given, and is done with it: what wraps a reader, such as json.NewDecoder, must be
// asked at once, or stay in the function.
func (u *usage) onlyRead(call *ast.CallExpr, above []ast.Node) bool {
	name := calledName(call)
	full := u.p.packageOf(firstOf(call.Fun)) + "." + name
	if strings.HasPrefix(name, "New") {
		if !readers[full] {
			return false
		}
		if assign, is := last(above).(*ast.AssignStmt); is {
			return u.staysHere(assign)
		}
		selector, is := last(above).(*ast.SelectorExpr)
		return is && selector.X == ast.Expr(call)
	}
	return readers[full] && name != "LimitReader" || full == "io.CopyN" || full == "io.CopyBuffer" || full == "net/http.ServeContent"
}

// clientHere reports whether a call makes a client of a connection, as gRPC writes them, that stays in the function: only its methods are called.
func (u *usage) clientHere(call *ast.CallExpr, above []ast.Node) bool {
	if !clientMaker.MatchString(calledName(call)) || len(call.Args) != 1 {
		return false
	}
	switch parent := last(above).(type) {
	case *ast.SelectorExpr:
		return true
	case *ast.AssignStmt:
		return u.staysHere(parent)
	}
	return false
}

// staysHere reports whether what an assignment gives a variable stays in the function: only its methods are called.
func (u *usage) staysHere(parent *ast.AssignStmt) bool {
	if len(parent.Lhs) != 1 || len(parent.Rhs) != 1 {
		return false
	}
	object, is := u.p.target(parent.Lhs[0]).(*types.Var)
	if !is || object.IsField() || object.Pkg() == nil || object.Parent() == object.Pkg().Scope() || object.Pos() < u.body.Pos() || u.body.End() < object.Pos() {
		return false
	}
	stays := true
	ast.PreorderStack(u.body, nil, func(n ast.Node, stack []ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || u.p.info.Uses[id] != object || len(stack) < 2 {
			return true
		}
		selector, isSelector := last(stack).(*ast.SelectorExpr)
		method, isCall := stack[len(stack)-2].(*ast.CallExpr)
		stays = stays && isSelector && selector.X == ast.Expr(id) && isCall && method.Fun == ast.Expr(selector) && literalAround(stack) == nil
		return true
	})
	return stays
}

// clientMaker are names of functions that gRPC writes to make a client.
var clientMaker = regexp.MustCompile(`^New\w*Client$`)

// givenTo notes what a function that is written in place does with the resource that it is given: defer func(tx *sql.Tx) {
// tx.Rollback() }(tx). It reports whether that gives the resource back.
func (u *usage) givenTo(literal *ast.FuncLit, call *ast.CallExpr, arg ast.Node, above []ast.Node) bool {
	index, params := slices.IndexFunc(call.Args, func(e ast.Expr) bool { return ast.Node(e) == arg }), u.p.parameters(literal.Type)
	if index < 0 || index >= len(params) || params[index] == nil {
		return false
	}
	inner := &usage{l: u.l, p: u.p, object: params[index], kind: u.kind, part: u.part, closers: u.closers, depth: u.depth + 1}
	inner.look(literal.Body)
	if len(inner.closed) == 0 && !inner.deferred {
		return false
	}
	u.rolledBack = u.rolledBack || inner.rolledBack
	u.closed = append(u.closed, call.Pos())
	if _, is := last(above).(*ast.DeferStmt); is {
		u.deferred = true
	}
	return true
}

var regexpCloses = regexp.MustCompile(`(?i:rollback|close|finish|commit|release)|(^end|^done|End|Done)([A-Z_]|$)`)

func isBlank(e ast.Expr) bool {
	id, is := e.(*ast.Ident)
	return is && id.Name == "_"
}

// isFieldOf reports whether a use is of a field or method only.
func isFieldOf(n ast.Node) bool {
	_, is := n.(*ast.SelectorExpr)
	return is
}

// method notes a call that gives the resource back. It reports whether the use is dealt with.
func (u *usage) method(n *ast.SelectorExpr, above []ast.Node) bool {
	name := n.Sel.Name
	if u.kind == "body" {
		if name != u.part || len(above) == 0 {
			return false
		}
		outer, is := last(above).(*ast.SelectorExpr)
		if !is {
			if assign, is := last(above).(*ast.AssignStmt); is && slices.Contains(assign.Rhs, ast.Expr(n)) {
				u.escapes = true
			}
			if _, is := last(above).(*ast.ReturnStmt); is {
				u.escapes = true
			}
			if pair, is := last(above).(*ast.KeyValueExpr); is && !u.keptAsReader(pair) {
				u.escapes = true
			}
			return false
		}
		name = outer.Sel.Name
	}
	if !slices.Contains(u.closers, name) {
		return false
	}
	if u.panicked(above) {
		return true // an ordinary way out does not come there
	}
	if name != "Commit" && u.kind == "transaction" {
		u.rolledBack = true
	}
	u.closed = append(u.closed, n.Pos())
	for i, a := range above {
		switch a.(type) {
		case *ast.DeferStmt:
			if name != "Commit" {
				u.deferred = true
				u.deferredAt = append(u.deferredAt, a.Pos())
			}
		case *ast.FuncLit:
			if keeper := u.keeper(above[:i]); keeper != nil {
				if name != "Commit" {
					u.keepers = append(u.keepers, keeper)
				} else {
					u.committers = append(u.committers, keeper)
				}
				u.closed = u.closed[:len(u.closed)-1] // it is given back where that function is called
				return true
			}
			if at := returning(above[:i]); at.IsValid() && (u.kind == "body" || u.kind == "file" || u.kind == "rows") {
				u.closed, u.handedOver = u.closed[:len(u.closed)-1], append(u.handedOver, at) // by whoever is given that function
				u.deferred = u.deferred && len(u.deferredAt) > 1
				return true
			}
			if i > 0 && name != "Commit" {
				u.deferred = true // in a function that is kept, or deferred
			}
		}
	}
	if _, isCall := last(above).(*ast.CallExpr); !isCall && u.kind != "body" {
		u.deferred = true // the method is handed over
	}
	return true
}

// keepsTx are names of methods that keep a transaction that they are given: c.Set("tx", tx).
var keepsTx = regexp.MustCompile(`^(Set|Put|Store|Register)([A-Z]|$)`)

// panicked reports whether a place is reached only where something has panicked: if r := recover(); r != nil { … }.
func (u *usage) panicked(above []ast.Node) bool {
	recovers := func(e ast.Expr) bool {
		call, is := ast.Unparen(e).(*ast.CallExpr)
		return is && calledName(call) == "recover" && len(call.Args) == 0
	}
	for i, n := range above {
		check, is := n.(*ast.IfStmt)
		if !is || i+1 == len(above) || above[i+1] != ast.Node(check.Body) {
			continue
		}
		unequal, is := ast.Unparen(check.Cond).(*ast.BinaryExpr)
		if !is || unequal.Op != token.NEQ || !isNilIdent(unequal.Y) {
			continue
		}
		object := u.p.target(unequal.X)
		if recovers(unequal.X) || object != nil && slices.ContainsFunc(u.l.defs[object], func(d def) bool { return d.expr != nil && recovers(d.expr) }) {
			return true
		}
	}
	return false
}

// keeper is the local variable that a function literal is assigned to.
func (u *usage) keeper(above []ast.Node) types.Object {
	assign, is := last(above).(*ast.AssignStmt)
	if !is || len(assign.Lhs) != 1 || u.kind != "transaction" && u.kind != "connection" {
		return nil
	}
	if id, is := assign.Lhs[0].(*ast.Ident); is {
		return u.p.info.Defs[id]
	}
	return nil
}
