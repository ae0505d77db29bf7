package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// holder is the parameter of a function that an expression is, or is a part of, its receiver being -1.
func (l *lifter) holder(f *function, s *source, e ast.Expr, depth int) (index int, is bool) {
	if depth > 4 {
		return 0, false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.StarExpr:
		return l.holder(f, s, e.X, depth)
	case *ast.UnaryExpr:
		return l.holder(f, s, e.X, depth)
	case *ast.Ident:
		object := s.target(e)
		if object == nil {
			return 0, false
		}
		if d, once := l.setOnce(s, e); once && d.index <= 0 {
			return l.holder(f, d.source, d.expr, depth+1)
		}
		if len(l.defs[object]) > 0 {
			return 0, false // it may be another meanwhile
		}
		if object == f.recv {
			return -1, true
		}
		index := slices.Index(f.params, object)
		return index, index >= 0
	case *ast.SelectorExpr:
		if field, isField := s.info.Uses[e.Sel].(*types.Var); isField && field.IsField() {
			return l.holder(f, s, e.X, depth)
		}
	case *ast.CallExpr: // db.WithContext(ctx)
		if begin := root(e); begin != ast.Expr(e) && isGormDB(s.info.TypeOf(e)) && isGormDB(s.info.TypeOf(begin)) {
			return l.holder(f, s, begin, depth+1)
		}
	}
	return 0, false
}

// fieldOfReceiver is the field of the receiver of a function, or of one around it, that an expression is; "" where it is none.
func (l *lifter) fieldOfReceiver(f *function, s *source, e ast.Expr) string {
	if id, is := ast.Unparen(e).(*ast.Ident); is { // q := s.client.User.Query()
		d, once := l.setOnce(s, id)
		if !once || d.index > 0 || d.expr == nil {
			return ""
		}
		s, e = d.source, root(d.expr)
		if selector, is := ast.Unparen(e).(*ast.SelectorExpr); is && l.entClientOf(s, e) {
			e = selector.X
		}
	}
	selector, is := ast.Unparen(e).(*ast.SelectorExpr)
	if !is || f == nil {
		return ""
	}
	f = f.method()
	if field, is := s.target(selector).(*types.Var); !is || !field.IsField() || f.recv == nil || s.target(selector.X) != f.recv {
		return ""
	}
	return selector.Sel.Name
}

// given says of what a query is sent through which parameter of its function holds it.
func (l *lifter) given(f *function, s *source, handle ast.Expr) *facts.Held {
	t := typeOr(s.info.TypeOf(handle))
	if _, isInterface := t.Underlying().(*types.Interface); !isInterface && !isGormDB(t) {
		return nil
	}
	index, is := l.holder(f, s, handle, 0)
	if !is {
		return nil
	}
	return &facts.Held{By: index, Same: isGormDB(t)}
}

// handsOn lists the parameters of the function called that are given one of the caller's, or a part of it.
func (l *lifter) handsOn(at work, callee *function) []facts.HandedOn {
	var out []facts.HandedOn
	for to, e := range handed(at.call, callee) {
		if from, is := l.holder(at.in, at.source, e, 0); is {
			out = append(out, facts.HandedOn{From: from, To: to})
		}
	}
	slices.SortFunc(out, func(a, b facts.HandedOn) int { return a.To - b.To })
	return out
}

// handed are the expressions that a call gives to the parameters of a function, its receiver being -1.
func handed(call *ast.CallExpr, callee *function) map[int]ast.Expr {
	out := map[int]ast.Expr{}
	if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && callee.recv != nil {
		out[-1] = selector.X
	}
	for i, arg := range call.Args {
		if i < len(callee.params) && callee.params[i] != nil {
			out[i] = arg
		}
	}
	return out
}

// beside lists the parameters of the function called within a transaction that lead past it: those given a pool, and those given
// nothing that the transaction has to do with.
func (l *lifter) beside(p place, call *ast.CallExpr, callee *function, in span) (pools, apart []int) {
	for to, e := range handed(call, callee) {
		if l.touchedBy(p.source, e, in.handle) || in.keepers[p.target(beginning(e))] {
			continue
		}
		apart = append(apart, to)
		if to >= 0 && l.pooled(p.source, e, 0) || to < 0 && l.pooledReceiver(p.source, call, 0) {
			pools = append(pools, to)
		}
	}
	slices.Sort(pools)
	slices.Sort(apart)
	return pools, apart
}

// beginning is the variable that a chain of fields and calls begins with.
func beginning(e ast.Expr) ast.Expr {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			e = x.X
		case *ast.CallExpr:
			e = x.Fun
		case *ast.StarExpr:
			e = x.X
		case *ast.UnaryExpr:
			e = x.X
		default:
			return x
		}
	}
}

var takesTx = regexp.MustCompile(`^(Set|Use|With|Bind|Join|Attach|Enlist)`)

// keepersOf are the variables that are made to hold a transaction: repo.db = tx, and repo.Use(tx).
func (p place) keepersOf(body *ast.BlockStmt, handle types.Object) map[types.Object]bool {
	out := map[types.Object]bool{}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				if _, isField := ast.Unparen(lhs).(*ast.SelectorExpr); isField && i < len(n.Rhs) && p.mentionsObject(n.Rhs[i], handle) {
					out[p.target(beginning(lhs))] = true
				}
			}
		case *ast.ExprStmt:
			call, is := n.X.(*ast.CallExpr)
			if is && takesTx.MatchString(calledName(call)) && slices.ContainsFunc(call.Args, func(e ast.Expr) bool { return p.mentionsObject(e, handle) }) {
				out[p.target(beginning(call.Fun))] = true
			}
		}
		return true
	})
	return out
}

// asksWhether reports whether a function that is given a transaction may be given none, and does without it then.
func (l *lifter) asksWhether(p place, call *ast.CallExpr, callee *function, handle types.Object) bool {
	for to, e := range handed(call, callee) {
		if to < 0 || !l.touchedBy(p.source, e, handle) {
			continue
		}
		param := callee.params[to]
		if len(l.defs[param]) > 0 {
			return true
		}
		found := false
		ast.Inspect(callee.body, func(n ast.Node) bool {
			b, is := n.(*ast.BinaryExpr)
			found = found || is && isNilIdent(b.Y) && callee.source.target(beginning(b.X)) == param
			return !found
		})
		if found {
			return true
		}
	}
	return false
}

// touchedBy reports whether an expression names a transaction, or something that was made of it or given it.
func (l *lifter) touchedBy(s *source, e ast.Node, handle types.Object) bool {
	return l.touched(s, e, handle, map[types.Object]bool{})
}

func (l *lifter) touched(s *source, e ast.Node, handle types.Object, seen map[types.Object]bool) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || found {
			return !found
		}
		object := s.target(id)
		if object == nil || seen[object] {
			return true
		}
		seen[object] = true
		if object == handle || l.isTx(typeOr(object.Type())) {
			found = true
			return false
		}
		v, isVar := object.(*types.Var)
		near := isVar && !v.IsField() && v.Pkg() != nil && v.Parent() != v.Pkg().Scope()
		for _, d := range l.defs[object] {
			if d.expr != nil && !found {
				found = near && l.touched(d.source, d.expr, handle, seen) || !near && d.source.mentionsObject(d.expr, handle)
			}
		}
		return !found
	})
	return found
}

// mentionsObject reports whether an expression holds a variable.
func (s *source) mentionsObject(e ast.Node, object types.Object) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		found = found || is && s.info.Uses[id] == object
		return !found
	})
	return found
}

// pooled reports whether an expression is a pool, or something that was made with one and with no transaction.
func (l *lifter) pooled(s *source, e ast.Expr, depth int) bool {
	if depth > 5 || e == nil {
		return false
	}
	if l.handleKind(s, e) == "pool" {
		return true
	}
	if l.isTx(typeOr(s.info.TypeOf(e))) {
		return false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return l.pooled(s, e.X, depth)
	case *ast.Ident:
		return l.pooledVariable(s.target(e), depth)
	case *ast.SelectorExpr:
		return l.pooledVariable(s.info.Uses[e.Sel], depth)
	case *ast.CompositeLit:
		return l.pooledAmong(s, e.Elts, depth)
	case *ast.CallExpr:
		if callees := l.static(s, e); len(callees) != 1 || callees[0].recv != nil || s.info.Types[e.Fun].IsType() {
			return false
		}
		return l.pooledAmong(s, e.Args, depth)
	case *ast.KeyValueExpr:
		return l.pooled(s, e.Value, depth)
	}
	return false
}

// pooledAmong reports whether one of some expressions is a pool and none a transaction.
func (l *lifter) pooledAmong(s *source, all []ast.Expr, depth int) bool {
	found := false
	for _, e := range all {
		if pair, is := e.(*ast.KeyValueExpr); is {
			e = pair.Value
		}
		if l.isTx(typeOr(s.info.TypeOf(e))) {
			return false
		}
		found = found || l.pooled(s, e, depth+1)
	}
	return found
}

// pooledVariable reports whether all that a variable or field is given are pools. What a parameter is given is not asked.
func (l *lifter) pooledVariable(object types.Object, depth int) bool {
	v, is := object.(*types.Var)
	if !is || len(l.defs[v]) == 0 || len(l.defs[v]) > 8 {
		return false
	}
	if _, _, isParam := l.parameter(v); isParam {
		return false
	}
	for _, d := range l.defs[v] {
		if d.kind != assigned || d.index > 0 || d.expr == nil {
			return false
		}
		if !l.pooled(d.source, d.expr, depth+1) && !l.pooledParameter(d, depth+1) {
			return false
		}
	}
	return true
}

// pooledParameter reports whether what a field is given is a parameter to which every caller gives a pool.
func (l *lifter) pooledParameter(d def, depth int) bool {
	f, index, is := l.parameter(d.source.target(d.expr))
	if !is || index < 0 || depth > 5 {
		return false
	}
	called := l.calledAt()[f]
	for _, at := range called {
		if index >= len(at.call.Args) || !l.pooled(at.source, at.call.Args[index], depth+1) {
			return false
		}
	}
	return len(called) > 0
}

// pooledReceiver reports whether a method is called of a value that was made with a pool: s.queries.Save, or s.Save, where the queries are
// embedded in s.
func (l *lifter) pooledReceiver(s *source, call *ast.CallExpr, depth int) bool {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is {
		return false
	}
	if selection := s.info.Selections[selector]; selection != nil && len(selection.Index()) > 1 {
		return l.pooledVariable(embeddedField(selection), depth)
	}
	return l.pooled(s, selector.X, depth)
}

// embeddedField is the field by way of which a method is had.
func embeddedField(selection *types.Selection) types.Object {
	t := selection.Recv()
	var field types.Object
	for _, i := range selection.Index()[:len(selection.Index())-1] {
		structure, is := deref(t).Underlying().(*types.Struct)
		if !is {
			return nil
		}
		field = structure.Field(i)
		t = field.Type()
	}
	return field
}

// calledAt are the places that call each function of the code by its name, those of tests left out. It notes what else names a function.
func (l *lifter) calledAt() map[*function][]site {
	if l.callSites != nil {
		return l.callSites
	}
	l.callSites, l.mentioned = map[*function][]site{}, map[*types.Func]bool{}
	l.eachFile(func(p place) {
		if p.aside[p.file] == "test" {
			return
		}
		ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
			if id, is := n.(*ast.Ident); is {
				if named, is := p.info.Uses[id].(*types.Func); is {
					l.mentioned[named.Origin()] = true
				}
			}
			call, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			if f := l.around(stack); f != nil && f.fact.Aside == "test" {
				return true
			}
			for _, callee := range l.static(p.source, call) {
				l.callSites[callee] = append(l.callSites[callee], site{call, p.source})
			}
			return true
		})
	})
	return l.callSites
}
