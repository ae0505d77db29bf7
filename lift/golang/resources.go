package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// findResources lifts what must be given back and on which paths it is not: what a variable is given. goroutines.go tells of those that never
// end, usage.go what a function does with a resource.
func (l *lifter) findResources(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		if statement, is := n.(*ast.ExprStmt); is {
			if call, is := ast.Unparen(statement.X).(*ast.CallExpr); is {
				l.unheld(p, call, stack)
			}
			return true
		}
		assign, is := n.(*ast.AssignStmt)
		if !is {
			return true
		}
		call, is := rightCall(assign)
		if !is {
			return true
		}
		if isBlank(assign.Lhs[0]) {
			l.unheld(p, call, stack)
			return true
		}
		id, is := assign.Lhs[0].(*ast.Ident)
		if !is || p.info.Defs[id] == nil && p.info.Uses[id] == nil {
			return true
		}
		f := l.around(stack)
		object := p.target(id)
		if f == nil || object == nil || object.Parent() == nil || object.Pkg() != nil && object.Parent() == object.Pkg().Scope() {
			return true
		}
		if _, inIf := last(stack).(*ast.IfStmt); inIf {
			return true // its scope is the statement
		}
		if l.unread(p, f, call, object) {
			f.fact.Resources = append(f.fact.Resources, &facts.Resource{Pos: l.pos(assign.Pos()), Kind: "rows", Name: object.Name(), Unread: true, Mend: l.askErr(p, f, assign, object, stack)})
		}
		if r := l.resource(p, f, assign, call, object, stack); r != nil {
			r.InLoop = l.loopOf(stack) != nil
			f.fact.Resources = append(f.fact.Resources, r)
		}
		return true
	})
}

// kinds of resources, by type: what gives each back.
func (l *lifter) resourceKind(t types.Type, call string) (kind string, closers []string) {
	path, name := namedType(t)
	switch {
	case name == "Rows" && (path == "database/sql" || strings.HasPrefix(path, "github.com/jackc/pgx") || strings.HasSuffix(path, "jmoiron/sqlx")):
		return "rows", []string{"Close"}
	case path == "net/http" && name == "Response":
		return "body", []string{"Close"}
	case l.isTx(t) && l.begunBy(t, call):
		return "transaction", append([]string{"Rollback", "Commit"}, l.ownEnds(t)...)
	case isGormDB(t) && l.begunBy(t, call):
		return "transaction", []string{"Rollback", "Commit", "RollbackUnlessCommitted"}
	case path == "database/sql" && name == "Stmt" && strings.HasPrefix(call, "Prepare"):
		return "statement", []string{"Close"}
	case strings.HasSuffix(path, "pgxpool") && name == "Conn" && call == "Acquire":
		return "connection", []string{"Release", "Hijack"}
	case isXorm(path) && name == "Session" && call == "NewSession":
		return "session", []string{"Close"}
	case path == "os" && name == "File" && (call == "Open" || call == "OpenFile" || call == "Create" || call == "CreateTemp"),
		path == "mime/multipart" && name == "File" && (call == "Open" || call == "FormFile"):
		return "file", []string{"Close"}
	}
	return "", nil
}

// readAsTransaction reports whether what a call answers, whose type is not at hand, is ended as a transaction is.
func readAsTransaction(s *source, f *function, call *ast.CallExpr, object types.Object) bool {
	if object.Type() != types.Typ[types.Invalid] || !beginName.MatchString(calledName(call)) {
		return false
	}
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && (calledName(call) == "Commit" || calledName(call) == "Rollback") {
			found = found || s.target(firstOf(call.Fun)) == object
		}
		return !found
	})
	return found
}

var (
	requestName = regexp.MustCompile(`^(Do|Get|Post|PostForm|Head|Put|Patch|Delete|RoundTrip|Send|Request)\w*$`)
	// readers are functions that read from what they are given.
	readers = map[string]bool{
		"io.ReadAll": true, "io/ioutil.ReadAll": true, "io.Copy": true, "encoding/json.NewDecoder": true, "encoding/xml.NewDecoder": true,
		"encoding/csv.NewReader": true, "bufio.NewReader": true, "bufio.NewScanner": true, "io.LimitReader": true,
	}
)

// ownEnds are the methods by which a transaction of the code's own type may be ended, beside Rollback and Commit.
func (l *lifter) ownEnds(t types.Type) []string {
	if l.isLibraryTx(t) {
		return nil
	}
	if _, isPointer := t.Underlying().(*types.Pointer); !isPointer && !types.IsInterface(t) {
		t = types.NewPointer(t)
	}
	var out []string
	for method := range types.NewMethodSet(t).Methods() {
		if name := method.Obj().Name(); ownEnd.MatchString(name) && name != "Rollback" && name != "Commit" {
			out = append(out, name)
		}
	}
	return out
}

var ownEnd = regexp.MustCompile(`(?i)^(must|try|do)?(commit|rollback|close|finish|release|end|done|abort|discard|cancel|clean)`)

func (l *lifter) resource(p place, f *function, assign *ast.AssignStmt, call *ast.CallExpr, object types.Object, stack []ast.Node) *facts.Resource {
	if stream := l.stream(p, f, call, object); stream {
		return &facts.Resource{Pos: l.pos(assign.Pos()), Kind: "stream", Name: object.Name(), Never: true}
	}
	kind, closers := l.resourceKind(object.Type(), calledName(call))
	if kind == "" && l.readAsResponse(p.source, f, call, object) {
		kind, closers = "body", []string{"Close"}
	}
	if kind == "" && readAsTransaction(p.source, f, call, object) {
		kind, closers = "transaction", []string{"Rollback", "Commit"}
	}
	if kind == "" && l.opened(p, call, object.Type()) {
		kind, closers = "file", []string{"Close"}
	}
	part := ""
	if kind == "body" {
		part = "Body"
	}
	if kind == "" {
		if part = l.holdsOpened(p.source, call, object.Type()); part != "" {
			kind, closers = "body", []string{"Close"}
		}
	}
	if kind == "" && p.packageOf(firstOf(call.Fun)) == "google.golang.org/grpc" && grpcDial.MatchString(calledName(call)) {
		kind, closers = "client connection", []string{"Close"}
	}
	if kind == "" || kind == "transaction" && l.wraps(p.source, call) || kind == "statement" && l.ofTx(p, call) || kind == "body" && recorded(p, call) ||
		kind == "session" && ofEngine(p, call) && !l.begins(p.source, f, object, 0) || l.cancelled(p, f, call, object) {
		return nil
	}
	u := &usage{l: l, p: p, object: object, kind: kind, part: part, closers: closers, from: assign.End()}
	u.look(f.body)
	u.lookAtKeepers(f.body)
	u.lookAtResult(f)
	if u.escapes || object.Pos() < f.node.Pos() || f.node.End() < object.Pos() {
		return nil // a variable of the function around outlives this one
	}
	named, told := object.Name(), kind
	if kind == "body" && part != "Body" {
		named, told = object.Name()+"."+part, "file"
	}
	if u.deferred {
		if lost := l.beforeDefer(p, f, assign, u, stack); len(lost) > 0 {
			return &facts.Resource{Pos: l.pos(assign.Pos()), Kind: told, Name: named, Lost: lost}
		}
		return nil
	}
	if len(u.handedOver) > 0 && len(u.closed) == 0 {
		u.closed = append(u.closed, token.NoPos) // its caller gives it back
	}
	r := &facts.Resource{Pos: l.pos(assign.Pos()), Kind: told, Name: named, Never: len(u.closed) == 0}
	r.Drained = kind == "rows" && drained(p, f, assign, object, stack)
	if r.Drained && ofPgx(object.Type()) {
		return nil // they say themselves that their end closes them
	}
	for _, reader := range u.readBy {
		if !slices.Contains(r.ReadBy, reader.fact) {
			r.ReadBy = append(r.ReadBy, reader.fact)
		}
	}
	if kind == "transaction" && !u.rolledBack {
		r.Close = "Rollback"
	}
	checked := errorCheck(assign, stack)
	if isGormDB(object.Type()) {
		checked = nil
		if check := l.beginCheck(p, assign, object, stack); check != nil {
			checked = check
		}
	}
	opening := slices.Clone(stack)
	beyond := func(n ast.Node) bool { // the block that has it gives it back, or leaves
		return len(u.closed) > 0 && outOfSight(object, n.Pos())
	}
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			inCheck := checked != nil && checked.Pos() <= n.Pos() && n.End() <= checked.End()
			if n.Pos() > assign.End() && !inCheck && !beyond(n) && !slices.Contains(u.handedOver, n.Pos()) && !u.closedBefore(n, stack) && !l.leavesUnopened(p, stack, assign, opening, object) {
				r.Lost = append(r.Lost, l.pos(n.Pos()))
			}
		case *ast.BranchStmt:
			if n.Pos() > assign.End() && !beyond(n) && endsTurn(n, stack, object) && !u.closedBefore(n, stack) && !l.afterFailure(p, append(stack, n), assign, p.target(assign.Lhs[len(assign.Lhs)-1]), object) {
				r.Lost = append(r.Lost, l.pos(n.Pos()))
			}
		}
		return true
	})
	if !r.Never && len(r.Lost) == 0 {
		return nil
	}
	if len(u.handedOver) == 0 && len(u.keepers) == 0 && told == kind {
		r.Mend = l.giveBack(p, f, assign, call, object, kind, stack)
	}
	return r
}

// cancelled reports whether rows, or a transaction, of database/sql are had on a context that the function cancels on every way out: that gives them
// back. What pgx has stays taken until it is closed.
func (l *lifter) cancelled(p place, f *function, call *ast.CallExpr, object types.Object) bool {
	path, name := namedType(object.Type())
	if path != "database/sql" && !strings.HasSuffix(path, "jmoiron/sqlx") || name != "Rows" && name != "Tx" || len(call.Args) == 0 {
		return false
	}
	context := p.target(call.Args[0])
	cancels := map[types.Object]bool{}
	ast.Inspect(f.body, func(n ast.Node) bool {
		assign, is := n.(*ast.AssignStmt)
		if !is || len(assign.Lhs) != 2 || len(assign.Rhs) != 1 || context == nil || p.target(assign.Lhs[0]) != context {
			return true
		}
		if made, is := assign.Rhs[0].(*ast.CallExpr); is && p.packageOf(firstOf(made.Fun)) == "context" && assign.Pos() < call.Pos() {
			cancels[p.target(assign.Lhs[1])] = true
		}
		return true
	})
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.DeferStmt:
			found = found || cancels[p.target(n.Call.Fun)] && n.Pos() < call.Pos()
		}
		return !found
	})
	return found
}

// beginCheck is the statement behind the beginning of a transaction of gorm that leaves where it failed.
func (l *lifter) beginCheck(p place, assign *ast.AssignStmt, handle types.Object, stack []ast.Node) *ast.IfStmt {
	for _, s := range listOf(last(stack)) {
		if check, is := s.(*ast.IfStmt); is && s.Pos() > assign.End() {
			if l.asksGorm(p, check.Cond, handle) {
				return check
			}
			return nil
		}
	}
	return nil
}

// asksGorm reports whether an expression asks for the error of a handle of gorm, which holds it itself, also by way of a variable:
// if err := tx.Error; err != nil { … }.
func (l *lifter) asksGorm(p place, e ast.Node, handle types.Object) bool {
	isError := func(e ast.Node) bool {
		selector, is := e.(*ast.SelectorExpr)
		return is && selector.Sel.Name == "Error" && isGormDB(p.info.TypeOf(selector.X)) && p.target(selector.X) == handle
	}
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if id, is := n.(*ast.Ident); is && p.info.Uses[id] != nil {
			for _, d := range slices.Backward(l.defs[p.info.Uses[id]]) {
				if d.source == p.source && d.pos < n.Pos() {
					found = found || d.expr != nil && isError(ast.Unparen(d.expr))
					break
				}
			}
		}
		found = found || n != nil && isError(n)
		return !found
	})
	return found
}

// beforeDefer finds the returns between the opening of a resource and the statement that defers giving it back. Where the opening has
// failed, or there is none, nothing needs to be given back.
func (l *lifter) beforeDefer(p place, f *function, assign *ast.AssignStmt, u *usage, stack []ast.Node) []facts.Pos {
	var deferring ast.Stmt
	list := listOf(last(stack))
	for _, s := range list {
		if slices.Contains(u.deferredAt, s.Pos()) && s.Pos() > assign.End() {
			deferring = s
			break
		}
	}
	if deferring == nil || len(u.deferredAt) != 1 || len(u.handedOver) > 0 {
		return nil
	}
	failed := p.target(assign.Lhs[len(assign.Lhs)-1])
	var out []facts.Pos
	for _, s := range list {
		if s.Pos() < assign.End() || s.End() > deferring.Pos() {
			continue
		}
		ast.PreorderStack(s, nil, func(n ast.Node, within []ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return false
			case *ast.ReturnStmt:
				if !u.closedBefore(n, within) && !l.afterFailure(p, append(within, n), assign, failed, u.object) {
					out = append(out, l.pos(n.Pos()))
				}
			}
			return true
		})
	}
	return out
}

// afterFailure reports whether a place is reached only after a look at what the opening of a resource answered: its error, which nothing
// else was given meanwhile, or whether there is a resource at all.
func (l *lifter) afterFailure(p place, stack []ast.Node, assign *ast.AssignStmt, failed, object types.Object) bool {
	asks := func(e ast.Node) bool {
		found := isGormDB(object.Type()) && l.asksGorm(p, e, object)
		ast.Inspect(e, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.Ident:
				found = found || failed != nil && failed != object && p.info.Uses[n] == failed && !l.givenBetween(failed, assign.End(), n.Pos())
			case *ast.BinaryExpr:
				found = found || (n.Op == token.EQL || n.Op == token.NEQ) && isNilIdent(n.Y) && p.target(n.X) == object
			}
			return !found
		})
		return found
	}
	for i, n := range stack {
		switch n := n.(type) {
		case *ast.IfStmt:
			if given, is := n.Init.(*ast.AssignStmt); is && slices.ContainsFunc(given.Rhs, func(e ast.Expr) bool { return asks(e) }) {
				return true // what a function makes of the failure
			}
			if asks(n.Cond) || n.Else != nil && i+1 < len(stack) && stack[i+1] == ast.Node(n.Else) && asks(n.Cond) {
				return true
			}
		case *ast.SwitchStmt:
			if n.Tag != nil && asks(n.Tag) {
				return true
			}
		case *ast.CaseClause:
			if slices.ContainsFunc(n.List, func(e ast.Expr) bool { return asks(e) }) {
				return true
			}
		}
	}
	return false
}

// givenBetween reports whether a variable is given something else between two places.
func (l *lifter) givenBetween(object types.Object, from, to token.Pos) bool {
	return slices.ContainsFunc(l.defs[object], func(d def) bool {
		return from < d.pos && d.pos < to && (d.expr == nil || !isNilIdent(d.expr)) // what is no failure is set to none
	})
}

// ofEngine reports whether a session of xorm is a new one, as the library makes it: it takes a connection for each statement alone
// until Begin is called. A function of the code that makes one may have done so.
func ofEngine(p place, call *ast.CallExpr) bool {
	path, name := namedType(p.info.TypeOf(firstOf(call.Fun)))
	return isXorm(path) && (name == "Engine" || name == "EngineGroup")
}

// begins reports whether a function calls Begin on a session, or gives the session to what does or may.
func (l *lifter) begins(s *source, f *function, session types.Object, depth int) bool {
	found := depth > 3
	ast.Inspect(f.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || found {
			return !found
		}
		if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && selector.Sel.Name == "Begin" && s.target(selector.X) == session {
			found = true
		}
		for i, arg := range call.Args {
			if s.target(arg) != session {
				continue
			}
			callees := l.static(s, call)
			found = found || len(callees) == 0 || slices.ContainsFunc(callees, func(callee *function) bool {
				return i >= len(callee.params) || callee.params[i] == nil || l.begins(callee.source, callee, callee.params[i], depth+1)
			})
		}
		return !found
	})
	return found
}

// outOfSight reports whether a place is beyond the block that a variable is declared in.
func outOfSight(object types.Object, at token.Pos) bool {
	scope := object.Parent()
	return scope != nil && scope != object.Pkg().Scope() && !scope.Contains(at)
}

// recorded reports whether a response is one that a test has recorded, behind which there is no connection, or one that the code reads from a
// connection of its own, which it closes itself.
func recorded(p place, call *ast.CallExpr) bool {
	if p.packageOf(firstOf(call.Fun)) == "net/http" && calledName(call) == "ReadResponse" {
		return true
	}
	return isNamed(p.info.TypeOf(firstOf(call.Fun)), "net/http/httptest", "ResponseRecorder")
}

// ofTx reports whether a call is made on a transaction: the statements that it prepares end with it.
func (l *lifter) ofTx(p place, call *ast.CallExpr) bool {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return is && l.isTx(p.info.TypeOf(selector.X))
}

// unread reports whether a function goes through rows and never asks whether they ended by a failure.
func (l *lifter) unread(p place, f *function, call *ast.CallExpr, object types.Object) bool {
	if kind, _ := l.resourceKind(object.Type(), calledName(call)); kind != "rows" {
		return false
	}
	next, err := false, false
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || p.info.Uses[id] != object {
			return true
		}
		selector, is := last(stack).(*ast.SelectorExpr)
		if !is {
			err = true // somebody else may ask
			return true
		}
		next = next || selector.Sel.Name == "Next" && !failsWithout(p, stack) && !passesBy(stack)
		err = err || selector.Sel.Name == "Err"
		return true
	})
	return next && !err
}

// passesBy reports whether nobody looks at what rows.Next answers, in a stack that ends with the selector, or at the rows: what reads the one row
// fails where there is none, and a loop without a body throws all of them away.
func passesBy(stack []ast.Node) bool {
	if len(stack) < 3 {
		return false
	}
	switch around := stack[len(stack)-3].(type) {
	case *ast.ExprStmt:
		return true
	case *ast.ForStmt:
		return around.Cond == stack[len(stack)-2] && len(around.Body.List) == 0
	}
	return false
}

// failsWithout reports whether what stands around rows.Next, in a stack that ends with the selector, gives an error where there is no row: if
// !rows.Next() { return errNone }. Then a connection that breaks is a failure too.
func failsWithout(p place, stack []ast.Node) bool {
	if len(stack) < 4 {
		return false
	}
	not, is := stack[len(stack)-3].(*ast.UnaryExpr)
	branch, inIf := stack[len(stack)-4].(*ast.IfStmt)
	if !is || !inIf || not.Op != token.NOT || branch.Cond != ast.Expr(not) || len(branch.Body.List) == 0 {
		return false
	}
	left, is := branch.Body.List[len(branch.Body.List)-1].(*ast.ReturnStmt)
	if !is || len(left.Results) == 0 {
		return false
	}
	result := left.Results[len(left.Results)-1]
	return isErrorValue(p.info.TypeOf(result)) && !p.info.Types[result].IsNil()
}

// errorCheck is the statement behind an assignment that leaves where it failed. Other assignments may stand between.
func errorCheck(assign *ast.AssignStmt, stack []ast.Node) ast.Node {
	list := listOf(last(stack))
	i := slices.IndexFunc(list, func(s ast.Stmt) bool { return s == ast.Stmt(assign) })
	err, named := assign.Lhs[len(assign.Lhs)-1].(*ast.Ident)
	for n, s := range list[i+1:] {
		switch s := s.(type) {
		case *ast.IfStmt:
			if n == 0 || named && s.Init == nil && mentions(s.Cond, err.Name) {
				return s
			}
			return nil
		case *ast.AssignStmt:
			if i < 0 || !named || slices.ContainsFunc(s.Lhs, func(e ast.Expr) bool { return mentions(e, err.Name) }) {
				return nil
			}
		default:
			return nil
		}
	}
	return nil
}

// mentions reports whether a name stands in an expression.
func mentions(e ast.Expr, name string) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		found = found || is && id.Name == name
		return !found
	})
	return found
}

// stream reports whether a call opens a stream of gRPC on a context that the function was given, in a function that may
// leave before the stream has ended: nothing tells the other side.
func (l *lifter) stream(p place, f *function, call *ast.CallExpr, object types.Object) bool {
	_, name := namedType(object.Type())
	if !streamName.MatchString(name) || strings.HasPrefix(calledName(call), "New") || len(call.Args) == 0 {
		return false
	}
	id, is := ast.Unparen(call.Args[0]).(*ast.Ident)
	if !is || !isNamed(p.info.TypeOf(id), "context", "Context") {
		return false
	}
	if _, _, isParam := l.parameter(p.target(id)); !isParam || len(l.defs[p.target(id)]) > 0 {
		return false
	}
	leaves := false
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			uses := false
			ast.Inspect(n, func(n ast.Node) bool {
				id, is := n.(*ast.Ident)
				uses = uses || is && p.info.Uses[id] == object
				return !uses
			})
			if uses {
				leaves = false
				return false
			}
			leaves = leaves || n.Pos() > call.End() && l.loopOf(stack) != nil
		}
		return true
	})
	return leaves
}

// grpcDial are the functions that make a connection of a client of gRPC.
var grpcDial = regexp.MustCompile(`^(NewClient|Dial|DialContext)$`)

var streamName = regexp.MustCompile(`^\w+_\w+Client$`)
