package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// Who calls may be of several types of the code behind one interface: a user, a token, the holder of a link. Each has keys of its own, which say
// nothing of the rows of another. What a function does by which of them it was given is read here: it leaves for one of them and answers no, or fails.

// keyMethod are the names of methods that give somebody's key.
var keyMethod = regexp.MustCompile(`(ID|Id|UUID|Key)$`)

// callerParam is a parameter of a function that says who calls.
type callerParam struct {
	f     *function
	index int
}

// kindsOfCallers reads of which types who calls may be, once for each interface, and what functions make of it.
type kindsOfCallers struct {
	*lifter
	kinds map[*types.Named][]*types.Named
	told  map[callerParam][]facts.ToldKind
}

// findCallers lifts the parameters that say who calls, where that may be of several types.
func (l *lifter) findCallers() {
	k := kindsOfCallers{l, map[*types.Named][]*types.Named{}, map[callerParam][]facts.ToldKind{}}
	for _, f := range l.functions {
		if f.parent != nil || f.fact.Aside == "test" {
			continue
		}
		for i, param := range f.params {
			if param == nil {
				continue
			}
			kinds := k.of(param)
			if len(kinds) == 0 {
				continue
			}
			caller := facts.Caller{Param: i, Type: kindName(types.Unalias(param.Type()).(*types.Named)), Told: k.tells(callerParam{f, i}), Key: k.keyUsed(f, param)}
			for _, kind := range kinds {
				caller.Kinds = append(caller.Kinds, kindName(kind))
			}
			f.fact.Given = append(f.fact.Given, caller)
		}
	}
}

// of are the types of which a parameter may be that says who calls; none where it does not say so, or they are not several.
func (k kindsOfCallers) of(param types.Object) []*types.Named {
	named, is := types.Unalias(param.Type()).(*types.Named)
	if !is || named.Obj().Pkg() == nil || k.loader.sources[named.Obj().Pkg().Path()] == nil {
		return nil
	}
	iface, is := named.Underlying().(*types.Interface)
	if !is || iface.NumMethods() == 0 || named.TypeParams().Len() > 0 || !identityName.MatchString(named.Obj().Name()) {
		return nil
	}
	if known, found := k.kinds[named]; found {
		return known
	}
	var out []*types.Named
	for _, kind := range k.withMethod[iface.Method(0).Name()] {
		if types.Implements(types.NewPointer(kind), iface) {
			out = append(out, kind)
		}
	}
	if len(out) < 2 {
		out = nil
	}
	k.kinds[named] = out
	return out
}

func kindName(named *types.Named) string {
	return named.Obj().Pkg().Name() + "." + named.Obj().Name()
}

// kindAsked is the type that a caller is asked whether he is of, as it is written; nil where it is none with a name.
func (s *source) kindAsked(e ast.Expr) *types.Named {
	named, _ := types.Unalias(deref(typeOr(s.info.TypeOf(e)))).(*types.Named)
	if named == nil || named.Obj().Pkg() == nil {
		return nil
	}
	return named
}

// keyUsed is where a function first compares the key of who calls with another, or asks for rows by it.
func (k kindsOfCallers) keyUsed(f *function, param types.Object) facts.Pos {
	var out facts.Pos
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || out != (facts.Pos{}) {
			return out == facts.Pos{}
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is || len(call.Args) > 0 || !keyMethod.MatchString(selector.Sel.Name) || !isUse(f.source, selector.X, param) {
			return true
		}
		at := k.pos(call.Pos())
		if comparison, is := last(stack).(*ast.BinaryExpr); is && (comparison.Op == token.EQL || comparison.Op == token.NEQ) {
			other := comparison.X
			if other == ast.Expr(call) {
				other = comparison.Y
			}
			if f.source.info.Types[other].Value == nil && !isNilIdent(other) && !isCallOf(other, selector.Sel.Name) {
				out = at
			}
		} else if asksBy(f.fact, at) {
			out = at
		}
		return true
	})
	return out
}

// isCallOf reports whether an expression calls a method of a name: the key of another who calls, and of no row.
func isCallOf(e ast.Expr, name string) bool {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	return is && calledName(call) == name
}

// asksBy reports whether what stands at a place is a condition of a statement of a function.
func asksBy(f *facts.Function, at facts.Pos) bool {
	return slices.ContainsFunc(f.Queries, func(q *facts.Query) bool {
		return q.Statement != nil && slices.ContainsFunc(q.Statement.Predicates, func(p facts.Predicate) bool { return p.Arg != nil && p.Arg.Pos == at }) ||
			q.Statement == nil && slices.ContainsFunc(q.Args, func(v facts.Value) bool { return v.Pos == at })
	})
}

// tells are the types of who calls that a function tells from others, itself or by what it asks and heeds.
func (k kindsOfCallers) tells(at callerParam) []facts.ToldKind {
	if known, found := k.told[at]; found {
		return known
	}
	k.told[at] = nil // a circle tells nothing
	param := at.f.params[at.index]
	r := kindReader{kindsOfCallers: k, f: at.f, param: param, kinds: k.of(param), asked: map[types.Object]*types.Named{}}
	ast.Inspect(at.f.body, func(n ast.Node) bool {
		if assign, is := n.(*ast.AssignStmt); is && len(assign.Lhs) == 2 && len(assign.Rhs) == 1 {
			r.ask(assign)
		}
		return true
	})
	ast.PreorderStack(at.f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		_, is := n.(*ast.FuncLit)
		if !is {
			r.read(n, stack)
		}
		return !is
	})
	k.told[at] = r.told
	return r.told
}

// kindReader reads what one function makes of the type of who calls.
type kindReader struct {
	kindsOfCallers
	f     *function
	param types.Object
	kinds []*types.Named
	asked map[types.Object]*types.Named // variables that say whether it is of a type
	told  []facts.ToldKind
}

// ask notes the variable that says whether who calls is of a type: _, is := caller.(*Token).
func (r *kindReader) ask(assign *ast.AssignStmt) {
	s := r.f.source
	if assertion, is := ast.Unparen(assign.Rhs[0]).(*ast.TypeAssertExpr); is && assertion.Type != nil && s.target(assertion.X) == r.param {
		if object := s.target(assign.Lhs[1]); object != nil {
			r.asked[object] = s.kindAsked(assertion.Type)
		}
	}
}

// read notes what a node of the function makes of it.
func (r *kindReader) read(n ast.Node, stack []ast.Node) {
	s := r.f.source
	switch n := n.(type) {
	case *ast.TypeAssertExpr:
		if n.Type == nil || s.target(n.X) != r.param {
			return
		}
		kind := s.kindAsked(n.Type)
		if kind == nil {
			return
		}
		if assign, is := last(stack).(*ast.AssignStmt); is && len(assign.Lhs) == 2 {
			r.note(n, stack, false, kind)
			return
		}
		r.note(n, stack, true, r.others(kind)...) // it ends by a panic
	case *ast.IfStmt:
		if !refusesAll(s, n.Body) {
			return
		}
		if kind, is := r.condition(n.Cond); kind != nil && is {
			r.note(n, stack, true, kind)
		} else if kind != nil {
			r.note(n, stack, true, r.others(kind)...)
		}
	case *ast.ReturnStmt: // return !is, nil
		if len(n.Results) > 0 {
			if not, negates := ast.Unparen(n.Results[0]).(*ast.UnaryExpr); negates && not.Op == token.NOT {
				if kind := r.asked[s.target(not.X)]; kind != nil {
					r.note(n, stack, true, kind)
				}
			}
		}
	case *ast.TypeSwitchStmt:
		r.cases(n, stack)
	case *ast.CallExpr:
		callees := r.static(s, n)
		if len(callees) != 1 || !heeded(s, r.f, callees[0], n, stack) {
			return
		}
		i := slices.IndexFunc(n.Args, func(arg ast.Expr) bool { return isUse(s, arg, r.param) })
		if i < 0 || i >= len(callees[0].params) || callees[0].params[i] == nil || !types.Identical(callees[0].params[i].Type(), r.param.Type()) {
			return
		}
		for _, told := range r.tells(callerParam{callees[0], i}) {
			if !told.Sometimes {
				r.told = append(r.told, facts.ToldKind{Kind: told.Kind, Pos: r.pos(n.Pos()), Refused: told.Refused, Sometimes: branched(r.f, stack), By: callees[0].fact})
			}
		}
	}
}

// note notes that types are told from others at a node.
func (r *kindReader) note(n ast.Node, stack []ast.Node, refused bool, kinds ...*types.Named) {
	for _, kind := range kinds {
		r.told = append(r.told, facts.ToldKind{Kind: kindName(kind), Pos: r.pos(n.Pos()), Refused: refused, Sometimes: branched(r.f, stack)})
	}
}

// others are the types of who calls without one.
func (r *kindReader) others(kind *types.Named) []*types.Named {
	var out []*types.Named
	for _, other := range r.kinds {
		if other.Obj() != kind.Obj() {
			out = append(out, other)
		}
	}
	return out
}

// condition is the type for which a condition holds always, or for all but which; nil for none.
func (r *kindReader) condition(e ast.Expr) (kind *types.Named, is bool) {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		return r.asked[r.f.source.target(e)], true
	case *ast.UnaryExpr:
		if e.Op == token.NOT {
			return r.asked[r.f.source.target(e.X)], false
		}
	case *ast.BinaryExpr:
		if e.Op == token.LOR {
			if kind, is := r.condition(e.X); kind != nil {
				return kind, is
			}
			return r.condition(e.Y)
		}
	}
	return nil, false
}

// cases reads a switch over the type of who calls.
func (r *kindReader) cases(n *ast.TypeSwitchStmt, stack []ast.Node) {
	over := false
	ast.Inspect(n.Assign, func(n ast.Node) bool {
		assertion, is := n.(*ast.TypeAssertExpr)
		over = over || is && r.f.source.target(assertion.X) == r.param
		return true
	})
	if !over {
		return
	}
	named := map[*types.TypeName]bool{}
	for _, s := range n.Body.List {
		clause := s.(*ast.CaseClause)
		for _, e := range clause.List {
			if kind := r.f.source.kindAsked(e); kind != nil {
				named[kind.Obj()] = true
				r.note(n, stack, refusesAll(r.f.source, &ast.BlockStmt{List: clause.Body}), kind)
			}
		}
	}
	for _, s := range n.Body.List {
		if clause := s.(*ast.CaseClause); clause.List == nil && refusesAll(r.f.source, &ast.BlockStmt{List: clause.Body}) {
			for _, kind := range r.kinds {
				if !named[kind.Obj()] {
					r.note(n, stack, true, kind)
				}
			}
		}
	}
}

// branched reports whether a node, by the stack of what is around it, is passed on some ways through a function alone.
func branched(f *function, stack []ast.Node) bool {
	return slices.ContainsFunc(stack, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BlockStmt:
			return n != f.body
		case *ast.CaseClause, *ast.CommClause, *ast.FuncLit:
			return true
		case *ast.BinaryExpr:
			return n.Op == token.LAND
		}
		return false
	})
}

// refusesAll reports whether a block ends with a return that answers no, or gives an error.
func refusesAll(s *source, block *ast.BlockStmt) bool {
	if len(block.List) == 0 {
		return false
	}
	left, is := block.List[len(block.List)-1].(*ast.ReturnStmt)
	if !is || len(left.Results) == 0 {
		return false
	}
	if id, is := ast.Unparen(left.Results[0]).(*ast.Ident); is && id.Name == "false" {
		return true
	}
	failure := left.Results[len(left.Results)-1]
	return !isNilIdent(failure) && implementsError(s.info.TypeOf(failure))
}

// implementsError reports whether a value of a type is an error.
func implementsError(t types.Type) bool {
	return t != nil && types.Implements(t, types.Universe.Lookup("error").Type().Underlying().(*types.Interface))
}

// heeded reports whether a function goes by what a call of another answers: it hands a no or an error on, or leaves for it.
func heeded(s *source, f, callee *function, call *ast.CallExpr, stack []ast.Node) bool {
	switch n := last(stack).(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.UnaryExpr:
		return n.Op == token.NOT
	case *ast.AssignStmt:
		answer := n.Lhs[len(n.Lhs)-1]
		if callee.fact.Judges {
			answer = n.Lhs[0]
		}
		return s.target(answer) != nil && heedsVariable(s, f, s.target(answer), n.End())
	}
	return false
}

// heedsVariable reports whether a function hands a variable on as its answer behind a place, or asks whether it says no or holds an error, and leaves.
func heedsVariable(s *source, f *function, object types.Object, from token.Pos) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ReturnStmt:
			found = found || from <= n.Pos() && !isErrorValue(object.Type()) && slices.ContainsFunc(n.Results, func(e ast.Expr) bool { return s.target(e) == object })
		case *ast.IfStmt:
			found = found || from <= n.Cond.Pos() && wayOutOf(n.Body.List) != onward && asksForNo(s, n.Cond, object)
		}
		return !found
	})
	return found
}

// asksForNo reports whether a condition holds wherever a variable says no.
func asksForNo(s *source, e ast.Expr, object types.Object) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return e.Op == token.NOT && s.target(e.X) == object
	case *ast.BinaryExpr:
		return e.Op == token.LOR && (asksForNo(s, e.X, object) || asksForNo(s, e.Y, object)) ||
			e.Op == token.NEQ && isNilIdent(e.Y) && s.target(e.X) == object
	}
	return false
}
