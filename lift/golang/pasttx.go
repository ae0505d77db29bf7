package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// Stores of the code's own often run a function within a transaction and give it a store like themselves, which goes through that:
//
//	ds.WithTx(func(tx DataStore) error { … })
//
// What goes through ds there, by a method that goes by what the other store has of its own, is no part of the transaction.

// beginsWithin are names by which a library begins a transaction, or runs something within one.
var beginsWithin = regexp.MustCompile(`^(Begin\w*|(Run)?InTx|(Run)?InTransaction|With(in)?(Tx|Transaction)|Transaction(al)?)$`)

// ownTransaction is the store that a literal is given for the transaction in which a call runs it, with the fields that are not what they are in the
// store by which it begins; nil where the call does no such thing.
func (l *lifter) ownTransaction(p place, call *ast.CallExpr, literal *ast.FuncLit) (types.Object, []types.Object) {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	at := slices.IndexFunc(call.Args, func(arg ast.Expr) bool { return ast.Unparen(arg) == ast.Expr(literal) })
	if !is || at < 0 || p.packageOf(selector.X) != "" {
		return nil, nil
	}
	given, fields := -1, []types.Object(nil)
	for _, f := range l.static(p.source, call) {
		if at < len(f.params) && f.params[at] != nil && given < 0 && f.fact.Aside != "test" {
			given, fields = l.givenAnother(f, f.params[at])
		}
	}
	params := l.nodes[literal].params
	if given < 0 || given >= len(params) || params[given] == nil {
		return nil, nil
	}
	on, tx := typeOr(p.info.TypeOf(selector.X)), params[given].Type()
	if l.isTx(tx) || isGormDB(tx) || !types.AssignableTo(on, tx) && !types.AssignableTo(tx, on) {
		return nil, nil
	}
	return params[given], fields
}

// givenAnother is the argument that a method gives to a function which it is given, where that is made anew and a transaction begins in the
// method, with the fields that are made for it; -1 where it gives none so.
func (l *lifter) givenAnother(f *function, do types.Object) (given int, fields []types.Object) {
	given = -1
	begins := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		begins = begins || beginsWithin.MatchString(calledName(call)) && len(l.static(f.source, call)) == 0
		if f.source.target(call.Fun) != do {
			return true
		}
		for i, arg := range call.Args {
			if made := l.madeOf(f.source, arg); made != nil {
				given, fields = i, f.source.newFields(made)
			}
		}
		return true
	})
	if !begins || len(fields) == 0 {
		return -1, nil
	}
	return given, fields
}

// madeOf is the struct that an expression is, also by way of a variable, and nil where it is made elsewhere.
func (l *lifter) madeOf(s *source, e ast.Expr) *ast.CompositeLit {
	e = stripAddress(e)
	if literal, is := e.(*ast.CompositeLit); is {
		return literal
	}
	if id, is := e.(*ast.Ident); is {
		for _, d := range l.defs[s.target(id)] {
			if d.kind == assigned && d.expr != nil {
				if literal, is := stripAddress(d.expr).(*ast.CompositeLit); is {
					return literal
				}
			}
		}
	}
	return nil
}

// newFields are the fields of a struct that are given another value than the same field of another one.
func (s *source) newFields(literal *ast.CompositeLit) []types.Object {
	var out []types.Object
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			continue
		}
		if field := s.target(pair.Key); field != nil && s.target(pair.Value) != field {
			out = append(out, field)
		}
	}
	return out
}

// goesBy reports whether a function reads one of some fields, by itself or by what it calls.
func (l *lifter) goesBy(f *function, fields []types.Object, depth int) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			found = found || slices.Contains(fields, f.source.info.Uses[n.Sel])
		case *ast.CallExpr:
			found = found || depth < 2 && slices.ContainsFunc(l.static(f.source, n), func(callee *function) bool { return l.goesBy(callee, fields, depth+1) })
		}
		return !found
	})
	return found
}

// goesPast notes of the calls in a literal that they go through what has begun the transaction which it is given.
func (l *lifter) goesPast(p place, call *ast.CallExpr) {
	for _, arg := range call.Args {
		literal, is := ast.Unparen(arg).(*ast.FuncLit)
		if !is {
			continue
		}
		l.goesByAnother(p, call, literal)
		tx, fields := l.ownTransaction(p, call, literal)
		if tx == nil {
			continue
		}
		opener := ast.Unparen(call.Fun).(*ast.SelectorExpr).X
		past := &facts.Past{Through: text(opener), Tx: tx.Name(), Begun: l.pos(literal.Pos())}
		ast.PreorderStack(literal.Body, nil, func(n ast.Node, stack []ast.Node) bool {
			inner, is := n.(*ast.CallExpr)
			if !is || spawnedIn(stack) {
				return true
			}
			selector, is := ast.Unparen(inner.Fun).(*ast.SelectorExpr)
			if is && p.target(selector.X) == p.target(opener) && text(selector.X) == past.Through && method(tx.Type(), selector.Sel.Name, nil) != nil &&
				slices.ContainsFunc(l.static(p.source, inner), func(f *function) bool { return l.goesBy(f, fields, 0) }) {
				if fact := l.callFacts[outermost(inner, stack)]; fact != nil {
					fact.Past = past
				}
			}
			return true
		})
	}
}

// outermost is the last call of the chain that a call begins.
func outermost(call *ast.CallExpr, stack []ast.Node) *ast.CallExpr {
	below := ast.Node(call)
	for _, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.X != below {
				return call
			}
		case *ast.CallExpr:
			if n.Fun != below {
				return call
			}
			call = n
		default:
			return call
		}
		below = n
	}
	return call
}

// goesByAnother notes of the calls in a literal that runs within a transaction that they are given another connection, which the pool that has begun the
// transaction gives to a literal within:
//
//	pool.WithTx(ctx, func(tx Conn) error { … pool.WithConn(ctx, func(conn Conn) error { return token.Lock(ctx, conn) }) … })
//
// Both are of one type, so that what is given the one could be given the other.
func (l *lifter) goesByAnother(p place, call *ast.CallExpr, literal *ast.FuncLit) {
	tx, of := p.connection(literal)
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if tx == nil || !is || !beginsWithin.MatchString(selector.Sel.Name) || len(l.static(p.source, call)) > 0 {
		return
	}
	ast.PreorderStack(literal.Body, nil, func(n ast.Node, stack []ast.Node) bool {
		inner, is := n.(*ast.CallExpr)
		if !is || spawnedIn(stack) {
			return true
		}
		on, is := ast.Unparen(inner.Fun).(*ast.SelectorExpr)
		if !is || text(on.X) != text(selector.X) || p.target(on.X) != p.target(selector.X) {
			return true
		}
		for _, arg := range inner.Args {
			within, is := ast.Unparen(arg).(*ast.FuncLit)
			if !is {
				continue
			}
			conn, other := p.connection(within)
			if conn == nil || other != of {
				continue
			}
			past := &facts.Past{Through: conn.Name(), Tx: tx.Name(), Begun: l.pos(literal.Pos())}
			ast.Inspect(within.Body, func(n ast.Node) bool {
				if asks, is := n.(*ast.CallExpr); is && slices.ContainsFunc(asks.Args, func(e ast.Expr) bool { return p.target(e) == conn }) {
					if fact := l.callFacts[asks]; fact != nil {
						fact.Past = past
					}
				}
				return true
			})
		}
		return true
	})
}

// connection is the one parameter of a literal beside a context, and its type as written.
func (p place) connection(literal *ast.FuncLit) (types.Object, string) {
	var out types.Object
	of := ""
	for _, field := range literal.Type.Params.List {
		if written := text(field.Type); written != "context.Context" {
			if out != nil || len(field.Names) != 1 {
				return nil, ""
			}
			out, of = p.info.Defs[field.Names[0]], written
		}
	}
	return out, of
}
