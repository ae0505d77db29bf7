package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// span is where a transaction is open: from its beginning, or the start of the function that is given it, to its last
// commit.
type span struct {
	from, to token.Pos
	handle   types.Object
	begun    token.Pos
	on       types.Object          // the handle that it is begun on, where that is seen
	field    string                // of the receiver, which that is; "" for none
	keepers  map[types.Object]bool // what is made to hold the transaction
}

var beginName = regexp.MustCompile(`^(Begin|BeginTx|Beginx|BeginTxx|BeginTxFunc)$`)

// ownBegin are names of functions of the code that begin a transaction of its own type.
var ownBegin = regexp.MustCompile(`^(?i:begin)\w*$|^(?i:start|open|new)\w*(Tx|Txn|Transaction)\w*$`)

// isTx reports whether a type is a transaction: of a library, of what ent has written, or one of the code that holds such a one.
func (l *lifter) isTx(t types.Type) bool { return l.isLibraryTx(t) || l.isOwnTx(t) }

// isOwnTx reports whether a type of the code is a transaction of a library in other clothes: it has Commit and Rollback, and holds one, or is an
// interface that such a type has.
func (l *lifter) isOwnTx(t types.Type) bool {
	if pointer, is := types.Unalias(t).(*types.Pointer); is {
		t = pointer.Elem()
	}
	named, is := types.Unalias(t).(*types.Named)
	if !is || named.Obj().Pkg() == nil || l.loader.sources[named.Obj().Pkg().Path()] == nil {
		return false
	}
	known, found := l.ownTx[named]
	if !found {
		l.ownTx[named] = false // a circle finds nothing
		known = l.wrapsTx(named)
		l.ownTx[named] = known
	}
	return known
}

func (l *lifter) wrapsTx(named *types.Named) bool {
	if !endsTx(named) {
		return false
	}
	switch under := named.Underlying().(type) {
	case *types.Interface:
		return slices.ContainsFunc(l.withMethod["Rollback"], func(other *types.Named) bool {
			_, isStruct := other.Underlying().(*types.Struct)
			return isStruct && l.hasMethods(other, under) && l.isOwnTx(other)
		})
	case *types.Struct:
		held, pool := false, false
		for field := range under.Fields() {
			if ownTxName.MatchString(named.Obj().Name()) && sendsStatements(field.Type()) {
				held = true // what the library's transaction and a pool have in common
			}
			if l.isTx(field.Type()) {
				if field.Embedded() {
					return true
				}
				held = true
			}
			path, name := namedType(field.Type())
			pool = pool || isPool(path, name) || isGormDB(field.Type())
		}
		return held && !pool // what has both may begin one itself
	}
	return false
}

// ownTxName are names of types of the code that are transactions.
var ownTxName = regexp.MustCompile(`(?i)(tx|txn|transaction)$`)

// sendsStatements reports whether a type is an interface by which statements are sent.
func sendsStatements(t types.Type) bool {
	under, is := t.Underlying().(*types.Interface)
	if !is {
		return false
	}
	for method := range under.Methods() {
		if name := method.Name(); name == "ExecContext" || name == "Exec" || name == "QueryContext" || name == "Query" {
			return true
		}
	}
	return false
}

// endsTx reports whether a type has Commit and Rollback, which take no more than a context.
func endsTx(named *types.Named) bool {
	for _, name := range []string{"Commit", "Rollback"} {
		object, _, _ := types.LookupFieldOrMethod(types.NewPointer(named), true, named.Obj().Pkg(), name)
		if types.IsInterface(named) {
			object, _, _ = types.LookupFieldOrMethod(named, true, named.Obj().Pkg(), name)
		}
		method, is := object.(*types.Func)
		if !is || method.Type().(*types.Signature).Params().Len() > 1 {
			return false
		}
	}
	return true
}

// isLibraryTx reports whether a type is a transaction of a library, or of what ent has written.
func (l *lifter) isLibraryTx(t types.Type) bool {
	path, name := namedType(t)
	return name == "Transaction" && isGorp(path) || name == "Tx" && l.writtenByEnt(path) || name == "Tx" && (path == "database/sql" || strings.HasPrefix(path, "github.com/jackc/pgx") || strings.HasSuffix(path, "jmoiron/sqlx") || strings.HasPrefix(path, "github.com/uptrace/bun") || isGoPg(path))
}

// findTransactions says of queries, calls and effects in which transaction they stand.
func (l *lifter) findTransactions(p place) {
	for _, decl := range p.file.Decls {
		fn, is := decl.(*ast.FuncDecl)
		if !is || fn.Body == nil {
			continue
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				l.goesPast(p, call)
			}
			return true
		})
		spans := l.spans(p, fn)
		if len(spans) == 0 {
			continue
		}
		for i := range spans {
			spans[i].keepers = p.keepersOf(fn.Body, spans[i].handle)
		}
		ast.PreorderStack(fn.Body, nil, func(n ast.Node, stack []ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				for _, s := range spans {
					if s.from < call.Pos() && call.End() <= s.to && !spawnedIn(stack) && !p.rolledBack(stack, s) {
						l.within(p, call, s)
					}
				}
			}
			return true
		})
	}
}

// rolledBack reports whether a transaction has been rolled back before a place is reached, within a block that the place is in.
func (p place) rolledBack(stack []ast.Node, s span) bool {
	for i, n := range stack {
		block, is := n.(*ast.BlockStmt)
		if !is || i+1 >= len(stack) {
			continue
		}
		for _, statement := range block.List {
			if statement.Pos() < s.from {
				continue
			}
			if statement.Pos() >= stack[i+1].Pos() {
				break
			}
			var call *ast.CallExpr
			switch statement := statement.(type) {
			case *ast.ExprStmt:
				call, _ = statement.X.(*ast.CallExpr)
			case *ast.AssignStmt:
				call, _ = rightCall(statement)
			}
			if call == nil || calledName(call) != "Rollback" {
				continue
			}
			if selector, is := call.Fun.(*ast.SelectorExpr); is && p.target(selector.X) == s.handle {
				return true
			}
		}
	}
	return false
}

func spawnedIn(stack []ast.Node) bool {
	return slices.ContainsFunc(stack, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.GoStmt, *ast.DeferStmt:
			return true
		}
		return false
	})
}

func (l *lifter) spans(p place, fn *ast.FuncDecl) []span {
	var out []span
	on := map[ast.Node]types.Object{}
	fields := map[ast.Node]string{}
	ast.Inspect(fn.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			call, is := rightCall(n)
			if !is {
				return true
			}
			object := p.target(n.Lhs[0])
			if object == nil || !l.begunBy(object.Type(), calledName(call)) || l.wraps(p.source, call) {
				return true
			}
			if end := lastCommit(p, fn.Body, object); end.IsValid() {
				begun := span{from: n.End(), to: end, handle: object, begun: n.Pos()}
				if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is {
					begun.field = l.fieldOfReceiver(l.nodes[fn], p.source, root(selector.X))
				}
				out = append(out, begun)
			}
		case *ast.CallExpr: // a session of xorm is a variable before it begins
			selector, is := ast.Unparen(n.Fun).(*ast.SelectorExpr)
			out = append(out, l.runWithin(p, n)...)
			if !is {
				return true
			}
			if session := p.target(selector.X); selector.Sel.Name == "Begin" && isXormSession(p.info.TypeOf(selector.X)) && session != nil {
				if end := lastCommit(p, fn.Body, session); end.IsValid() {
					out = append(out, span{from: n.End(), to: end, handle: session, begun: n.Pos()})
				}
			}
			if field := l.fieldOfReceiver(l.nodes[fn], p.source, root(selector.X)); field != "" {
				for _, arg := range n.Args {
					fields[arg] = field
				}
			}
			if selector.Sel.Name == "Transaction" && isGormDB(p.info.TypeOf(selector.X)) {
				for _, arg := range n.Args {
					on[arg] = p.target(root(selector.X))
				}
			}
			if selector.Sel.Name == "Transaction" && isXorm(namedPath(p.info.TypeOf(selector.X))) {
				out = append(out, l.givenSession(n)...)
			}
		case *ast.FuncLit:
			f := l.nodes[n]
			for _, param := range f.params {
				if param != nil && (l.isTx(param.Type()) || isGormDB(param.Type())) && !addsTo(f, param) {
					begun := span{from: n.Body.Pos(), to: n.Body.End(), handle: param, begun: n.Pos(), on: on[n], field: fields[n]}
					if p.keptIn(n.Body, param, begun.field) {
						begun.field = ""
					}
					out = append(out, begun)
				}
			}
		}
		return true
	})
	return out
}

// addsTo reports whether a function that is given a handle of gorm answers with one: it puts something on a query, and no transaction is open in it.
func addsTo(f *function, param types.Object) bool {
	return f.sig != nil && f.sig.Results().Len() == 1 && isGormDB(f.sig.Results().At(0).Type()) && isGormDB(param.Type())
}

// keptIn reports whether a field of some name is given a transaction: what is sent by it is part of that then.
func (p place) keptIn(body *ast.BlockStmt, tx types.Object, field string) bool {
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		assign, is := n.(*ast.AssignStmt)
		if !is || field == "" || len(assign.Lhs) != len(assign.Rhs) {
			return !found
		}
		for i, lhs := range assign.Lhs {
			selector, is := lhs.(*ast.SelectorExpr)
			found = found || is && selector.Sel.Name == field && p.target(root(assign.Rhs[i])) == tx
		}
		return !found
	})
	return found
}

// begunBy reports whether a call of a name that answers with a type begins a transaction.
func (l *lifter) begunBy(t types.Type, name string) bool {
	path, _ := namedType(t)
	if !l.isLibraryTx(t) && l.isOwnTx(t) {
		return ownBegin.MatchString(name)
	}
	return (l.isTx(t) || isGormDB(t)) && (beginName.MatchString(name) || name == "Tx" && l.writtenByEnt(path))
}

// wraps reports whether a call is given a transaction, and so begins none of its own type but clothes that one.
func (l *lifter) wraps(s *source, call *ast.CallExpr) bool {
	return slices.ContainsFunc(call.Args, func(e ast.Expr) bool { return l.isTx(typeOr(s.info.TypeOf(e))) })
}

func isXormSession(t types.Type) bool {
	path, name := namedType(typeOr(t))
	return isXorm(path) && name == "Session"
}

// givenSession are the literals that a call of xorm's Transaction is given: in each a session is open that has begun.
func (l *lifter) givenSession(call *ast.CallExpr) []span {
	var out []span
	for _, arg := range call.Args {
		literal, is := ast.Unparen(arg).(*ast.FuncLit)
		if !is {
			continue
		}
		for _, param := range l.nodes[literal].params {
			if param != nil && isXormSession(param.Type()) {
				out = append(out, span{from: literal.Body.Pos(), to: literal.Body.End(), handle: param, begun: literal.Pos()})
			}
		}
	}
	return out
}

// runWithin are the literals that a call gives to a function of the code which runs them within a transaction, and gives them what it
// made of it: func (s *Store) within(do func(*Queries) error) error { tx, err := …; do(New(tx)) … }.
func (l *lifter) runWithin(p place, call *ast.CallExpr) []span {
	var out []span
	for i, arg := range call.Args {
		literal, is := ast.Unparen(arg).(*ast.FuncLit)
		if !is {
			continue
		}
		callees := l.static(p.source, call)
		if len(callees) != 1 || i >= len(callees[0].params) || callees[0].params[i] == nil {
			return nil
		}
		given, f := l.givenWithin(callees[0], callees[0].params[i]), l.nodes[literal]
		if given < 0 || given >= len(f.params) || f.params[given] == nil || l.isTx(f.params[given].Type()) || isGormDB(f.params[given].Type()) {
			continue
		}
		out = append(out, span{from: literal.Body.Pos(), to: literal.Body.End(), handle: f.params[given], begun: literal.Pos()})
	}
	return out
}

// givenWithin is the argument, made of a transaction, that a function gives to one of its parameters which it calls within that; -1 where it
// calls it nowhere else so.
func (l *lifter) givenWithin(f *function, do types.Object) int {
	if known, found := l.givenTx[do]; found {
		return known
	}
	l.givenTx[do] = -1
	given := -1
	ast.Inspect(f.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || given >= 0 || f.source.target(call.Fun) != do {
			return true
		}
		for i, arg := range call.Args {
			if l.madeOfTx(f.source, arg, 0) {
				given = i
			}
		}
		return true
	})
	l.givenTx[do] = given
	return given
}

// madeOfTx reports whether an expression is a transaction, or holds one.
func (l *lifter) madeOfTx(s *source, e ast.Expr, depth int) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || found {
			return !found
		}
		v, is := s.info.Uses[id].(*types.Var)
		if !is {
			return true
		}
		if found = l.isTx(v.Type()); found || v.IsField() || depth > 3 {
			return !found
		}
		if f, _, isParam := l.parameter(v); isParam {
			found = isGormDB(v.Type()) && f.parent != nil // of db.Transaction(func(tx *gorm.DB) error { … })
			return !found
		}
		for _, d := range l.defs[v] {
			if call, is := d.expr.(*ast.CallExpr); is && isGormDB(v.Type()) {
				found = found || beginName.MatchString(calledName(call))
			} else if d.expr != nil && d.kind == assigned && !isError(v.Type()) {
				found = found || l.madeOfTx(d.source, d.expr, depth+1)
			}
		}
		return !found
	})
	return found
}

func rightCall(n *ast.AssignStmt) (*ast.CallExpr, bool) {
	if len(n.Rhs) != 1 || len(n.Lhs) == 0 {
		return nil, false
	}
	call, is := ast.Unparen(n.Rhs[0]).(*ast.CallExpr)
	return call, is
}

// lastCommit is where a transaction is committed for the last time.
func lastCommit(p place, body *ast.BlockStmt, object types.Object) token.Pos {
	end := token.NoPos
	ast.Inspect(body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && calledName(call) == "Commit" {
			if selector, is := call.Fun.(*ast.SelectorExpr); is && p.target(selector.X) == object {
				end = max(end, call.Pos())
			}
		}
		return true
	})
	return end
}

// within notes that a call stands in an open transaction.
func (l *lifter) within(p place, call *ast.CallExpr, s span) {
	begun := l.pos(s.begun)
	if q := l.queries[call]; q != nil {
		spec, is := l.querySpec(p.source, call)
		if is && q.Handle.Other != "" && s.on != nil && s.on.Name() == q.Handle.Other && p.target(root(l.handleOf(p.source, call, spec))) == s.handle {
			q.Handle.Begun, q.Handle.Other, q.ThroughTx = begun, "", nil // a transaction within the other
		}
		if is && q.Handle.Begun.Line == 0 {
			q.Handle.Begun = begun
			begin := l.handleOf(p.source, call, spec)
			beside := l.handleKind(p.source, begin) == "pool" || (isGormDB(p.info.TypeOf(begin)) || l.isEntClient(p.info.TypeOf(begin))) && !l.comesFrom(p.target(root(begin)), s.handle, 0) && !l.givenBack(p.source, begin, s.handle, 0) && !l.heldBy(p.source, root(begin), s.handle)
			if object := p.target(begin); beside && object != s.handle && !isNamed(s.handle.Type(), "context", "Context") {
				q.Handle.Other = s.handle.Name()
				q.ThroughTx = l.throughTx(p, call, s.handle)
			}
		}
	}
	for _, f := range l.effects[call] {
		f.InTx = begun
	}
	if f := l.callFacts[call]; f != nil {
		f.InTx, f.Pools, f.Apart, f.MayLack, f.BegunBy = begun, nil, nil, false, ""
		if f.Self {
			f.BegunBy = s.field
		}
		handle, is := s.handle.(*types.Var)
		if callees := l.static(p.source, call); len(callees) == 1 && is && !handle.IsField() {
			f.Pools, f.Apart = l.beside(p, call, callees[0], s)
			f.MayLack = l.asksWhether(p, call, callees[0], s.handle)
		}
	}
}

// comesFrom reports whether a variable is made of another, such as q := tx.Where(…).
func (l *lifter) comesFrom(object, handle types.Object, depth int) bool {
	if object == nil || depth > 4 {
		return false
	}
	if object == handle {
		return true
	}
	for _, d := range l.defs[object] {
		if d.expr == nil || d.kind != assigned {
			continue
		}
		if from := d.source.target(root(d.expr)); from == handle || l.comesFrom(from, handle, depth+1) || l.givenBack(d.source, d.expr, handle, depth+1) || l.heldBy(d.source, root(d.expr), handle) {
			return true
		}
	}
	return false
}

// heldBy reports whether an expression is a field of a store that runs something within a transaction, and the field is one that is given the
// transaction where such a store is made.
func (l *lifter) heldBy(s *source, e ast.Expr, store types.Object) bool {
	field, is := ast.Unparen(e).(*ast.SelectorExpr)
	return is && s.target(field.X) == store && slices.ContainsFunc(l.defs[s.target(field)], func(d def) bool {
		return d.expr != nil && l.madeOfTx(d.source, d.expr, 0)
	})
}

// givenBack reports whether a chain begins with a call of a function of the code that gives back a handle that it is given, as it is or with more
// put on it: locking(tx).Where(…).
func (l *lifter) givenBack(s *source, e ast.Expr, handle types.Object, depth int) bool {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is || depth > 4 {
		return false
	}
	if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && s.packageOf(selector.X) == "" && l.givenBack(s, selector.X, handle, depth) {
		return true
	}
	callees := l.static(s, call)
	return len(callees) > 0 && !slices.ContainsFunc(callees, func(f *function) bool {
		index := slices.IndexFunc(call.Args, func(arg ast.Expr) bool {
			from := s.target(root(arg))
			return from == handle || l.comesFrom(from, handle, depth+1)
		})
		if index < 0 || index >= len(f.params) || f.params[index] == nil {
			return true
		}
		returns := f.returns()
		return len(returns) == 0 || slices.ContainsFunc(returns, func(r *ast.ReturnStmt) bool {
			return len(r.Results) != 1 || !l.comesFrom(f.source.target(root(r.Results[0])), f.params[index], depth+1)
		})
	})
}
