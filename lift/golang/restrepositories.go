package golang

import (
	"go/ast"
	"go/constant"
	"go/types"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// deluan/rest answers requests by the methods of a repository, which a function makes for each request:
//
//	r.Get("/{id}", rest.Get(notes))
//	r.Put("/{id}", rest.Put(notes))
//
// Often one function of the code registers the routes of many, and is given each: its path, and the function or the model that says which
// repository it is. So such a route is lifted for each call of the function around it.

const restPath = "github.com/deluan/rest"

// restMethods are the methods that answer a request, by the function that makes the handler.
var restMethods = map[string]string{"GetAll": "ReadAll", "Get": "Read", "Post": "Save", "Put": "Update", "Delete": "Delete"}

// theBody names what a client sends behind the head of its request.
const theBody = "the body"

// mostWays bounds by how many calls a function that registers such routes is looked at.
const mostWays = 64

// calledWith is a call of a function, with that of the function in which it stands.
type calledWith struct {
	of    *function
	at    site
	outer *calledWith
}

// argument is what an expression stands for where it is a parameter of a function that is called.
func (w *calledWith) argument(s *source, e ast.Expr) (*source, ast.Expr, *calledWith, bool) {
	object := s.target(e)
	for ; w != nil && object != nil; w = w.outer {
		if i := slices.Index(w.of.params, object); i >= 0 && i < len(w.at.call.Args) {
			return w.at.source, w.at.call.Args[i], w.outer, true
		}
	}
	return s, e, w, false
}

// repositoryRoutes lifts the routes of a registration whose handler rest makes. It reports whether it is one.
func (l *lifter) repositoryRoutes(p place, call *ast.CallExpr, stack []ast.Node) bool {
	router, library, method, is := l.registration(p.source, call)
	if !is || nests(library) {
		return false
	}
	method, args := l.methodOf(p.source, call, library, method)
	if len(args) < 2 {
		return false
	}
	answers, maker := p.madeByRest(args[len(args)-1])
	if answers == "" {
		return false
	}
	path, _ := l.routePath(p.source, args[0])
	at := l.scopeOf(p.source, router, 0)
	for _, way := range l.waysOf(p.source, call, 0) {
		if l.leftOut(p.source, stack, way) {
			continue
		}
		placed := l.placedFor(at, way)
		guards := placed.around(call.Pos())
		for _, m := range args[1 : len(args)-1] {
			guards = append(guards, l.guard(p.source, m))
		}
		whole := normalPath(placed.path() + path)
		for _, repository := range l.madeBy(p.source, maker, way) {
			handler := l.methodOfRepository(repository, answers, 0)
			if handler == nil || slices.ContainsFunc(l.facts.Routes, func(r *facts.Route) bool {
				return r.Handler == handler.fact && r.Path == whole && r.Method == method
			}) {
				continue
			}
			l.handlers[handler] = true
			l.sentTo(handler, whole)
			l.facts.Routes = append(l.facts.Routes, &facts.Route{
				Pos: l.pos(call.Pos()), Method: method, Path: whole, Router: text(router), Kind: "http", Handler: handler.fact, Guards: guards,
				Checks: l.looksAtCaller(handler), Unplaced: placed.unplaced(), Rows: l.rowsOf(repository),
			})
		}
	}
	return true
}

// madeByRest is the method of a repository by which a handler of rest's answers, and what makes the repository; "" for any other handler.
func (s *source) madeByRest(e ast.Expr) (method string, maker ast.Expr) {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is || len(call.Args) == 0 {
		return "", nil
	}
	if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && s.packageOf(selector.X) == restPath {
		return restMethods[selector.Sel.Name], call.Args[0]
	}
	return "", nil
}

// sentTo notes what a method of a repository is given: the key that the path names, and what the body holds.
func (l *lifter) sentTo(method *function, path string) {
	named := pathParam.FindAllStringSubmatch(path, -1)
	for i, param := range method.params {
		switch {
		case param == nil || i > 1:
		case i == 0 && isString(param.Type()) && len(named) > 0:
			l.injected[param] = named[len(named)-1][2]
		case types.IsInterface(param.Type()):
			l.injected[param] = theBody
		}
	}
}

// waysOf are the calls by which the function around a registration is reached, one without any where it is given a router alone, or none is seen.
func (l *lifter) waysOf(s *source, call *ast.CallExpr, depth int) []*calledWith {
	f := l.nodes[s.topLevelAt(call.Pos())]
	if f == nil || len(f.params) < 2 || depth > 3 {
		return []*calledWith{nil}
	}
	var out []*calledWith
	for _, at := range l.sites()[f] {
		if caller := l.nodes[at.source.topLevelAt(at.call.Pos())]; caller == nil || caller == f || caller.fact.Aside == "test" {
			continue
		}
		for _, outer := range l.waysOf(at.source, at.call, depth+1) {
			if len(out) < mostWays {
				out = append(out, &calledWith{of: f, at: at, outer: outer})
			}
		}
	}
	if len(out) == 0 {
		return []*calledWith{nil}
	}
	return out
}

// leftOut reports whether a place stands behind a condition that its code says not to hold, or the call of its function: if writable { … }.
func (l *lifter) leftOut(s *source, stack []ast.Node, way *calledWith) bool {
	return slices.ContainsFunc(stack, func(n ast.Node) bool {
		around, is := n.(*ast.IfStmt)
		if !is || !slices.Contains(stack, ast.Node(around.Body)) {
			return false
		}
		in, arg, _ := l.standsFor(s, around.Cond, way)
		value := in.info.Types[arg].Value
		return value != nil && value.Kind() == constant.Bool && !constant.BoolVal(value)
	})
}

// placedFor is a router as it stands where a function is called with it.
func (l *lifter) placedFor(at *scope, way *calledWith) *scope {
	if at == nil || way == nil {
		return at
	}
	for i, param := range way.of.params {
		if param != nil && l.scopes[param] == at && i < len(way.at.call.Args) {
			return l.placedFor(l.scopeOf(way.at.source, way.at.call.Args[i], 0), way.outer)
		}
	}
	made := *at
	made.parent = l.placedFor(at.parent, way)
	if at.said != nil {
		in, arg, _ := l.standsFor(at.in, at.said, way)
		made.prefix, _ = l.routePath(in, arg)
	}
	return &made
}

// madeBy are the types of the repositories that a function may make.
func (l *lifter) madeBy(s *source, maker ast.Expr, way *calledWith) []*types.Named {
	s, maker, way = l.standsFor(s, maker, way)
	var out []*types.Named
	for _, f := range l.constructors(s, maker, way) {
		for _, e := range l.answersFor(f, way) {
			for _, named := range l.repositories(f.source, e, way, 0) {
				if !slices.Contains(out, named) {
					out = append(out, named)
				}
			}
		}
	}
	return out
}

// constructors are the functions that make a repository. Of a method behind an interface they are those of what the code puts there.
func (l *lifter) constructors(s *source, maker ast.Expr, way *calledWith) []*function {
	if method, is := ast.Unparen(maker).(*ast.SelectorExpr); is && types.IsInterface(typeOr(s.info.TypeOf(method.X))) {
		var out []*function
		for _, of := range l.repositories(s, method.X, way, 0) {
			if f := l.methodOfRepository(of, method.Sel.Name, 0); f != nil && !slices.Contains(out, f) {
				out = append(out, f)
			}
		}
		if len(out) > 0 {
			return out
		}
	}
	return l.functionsOf(s, maker, 0)
}

// standsFor is what an expression stands for, through the calls of all functions whose parameter it is.
func (l *lifter) standsFor(s *source, e ast.Expr, way *calledWith) (*source, ast.Expr, *calledWith) {
	for {
		in, arg, outer, is := way.argument(s, e)
		if !is {
			return s, e, way
		}
		s, e, way = in, arg, outer
	}
}

// repositories are the types of the code that an expression may be, behind whatever interface.
func (l *lifter) repositories(s *source, e ast.Expr, way *calledWith, depth int) []*types.Named {
	if depth > 8 {
		return nil
	}
	if named := structOf(s.info.TypeOf(e)); named != nil && named.Obj().Pkg() != nil && l.loader.sources[named.Obj().Pkg().Path()] != nil && !isList(s.info.TypeOf(e)) && !isMap(s.info.TypeOf(e)) {
		return []*types.Named{named}
	}
	var out []*types.Named
	switch e := ast.Unparen(e).(type) {
	case *ast.TypeAssertExpr:
		return l.repositories(s, e.X, way, depth+1)
	case *ast.CallExpr:
		if s.info.Types[e.Fun].IsType() && len(e.Args) == 1 {
			return l.repositories(s, e.Args[0], way, depth+1)
		}
		for _, f := range l.static(s, e) {
			inner := &calledWith{of: f, at: site{e, s}, outer: way}
			for _, result := range l.answersFor(f, inner) {
				out = append(out, l.repositories(f.source, result, inner, depth+1)...)
			}
		}
	case *ast.Ident, *ast.SelectorExpr:
		if in, arg, outer, is := way.argument(s, e); is {
			return l.repositories(in, arg, outer, depth+1)
		}
		if f, index, is := l.parameter(s.target(e)); is && index >= 0 {
			for _, at := range l.calledAt()[f] {
				if caller := l.nodes[at.source.topLevelAt(at.call.Pos())]; index < len(at.call.Args) && (caller == nil || caller.fact.Aside != "test") {
					out = append(out, l.repositories(at.source, at.call.Args[index], nil, depth+1)...)
				}
			}
		}
		for _, d := range l.defs[s.target(e)] {
			if d.kind == assigned && d.expr != nil && d.index <= 0 {
				out = append(out, l.repositories(d.source, d.expr, way, depth+1)...)
			}
		}
	}
	return out
}

// answersFor are the first results of a function as it is called: of a switch over the type of what it is given, those of the case that holds.
func (l *lifter) answersFor(f *function, way *calledWith) []ast.Expr {
	var out []ast.Expr
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			if len(n.Results) > 0 && !l.otherCase(f, stack, way) {
				out = append(out, n.Results[0])
			}
		}
		return true
	})
	return out
}

// otherCase reports whether a place stands in a case for other types than what a call gives.
func (l *lifter) otherCase(f *function, stack []ast.Node, way *calledWith) bool {
	for i, n := range stack {
		over, is := n.(*ast.TypeSwitchStmt)
		if !is || i+2 >= len(stack) {
			continue
		}
		clause, is := stack[i+2].(*ast.CaseClause)
		of := switchedOver(over)
		if !is || of == nil || clause.List == nil {
			continue
		}
		in, arg, _ := l.standsFor(f.source, of, way)
		t := in.info.TypeOf(arg)
		if t == nil || types.IsInterface(t) {
			continue
		}
		if !slices.ContainsFunc(clause.List, func(e ast.Expr) bool {
			return f.source.info.TypeOf(e) != nil && types.Identical(f.source.info.TypeOf(e), t)
		}) {
			return true
		}
	}
	return false
}

// switchedOver is what a switch asks for its type.
func switchedOver(n *ast.TypeSwitchStmt) ast.Expr {
	var e ast.Expr
	switch assign := n.Assign.(type) {
	case *ast.ExprStmt:
		e = assign.X
	case *ast.AssignStmt:
		e = assign.Rhs[0]
	}
	if assertion, is := ast.Unparen(e).(*ast.TypeAssertExpr); is {
		return assertion.X
	}
	return nil
}

// methodOfRepository is the function that a method of a repository is: its own, or that of what the code puts into an interface that it embeds. It is
// nil where there is none, or more than one.
func (l *lifter) methodOfRepository(of *types.Named, name string, depth int) *function {
	if depth > 3 {
		return nil
	}
	object, index, _ := types.LookupFieldOrMethod(types.NewPointer(of), true, of.Obj().Pkg(), name)
	method, is := object.(*types.Func)
	if !is {
		return nil
	}
	if f := l.declared[method.Origin()]; f != nil {
		return f
	}
	var t types.Type = of
	for _, i := range index[:len(index)-1] {
		fields, is := deref(t).Underlying().(*types.Struct)
		if !is {
			return nil
		}
		field := fields.Field(i)
		if !types.IsInterface(field.Type()) {
			t = field.Type()
			continue
		}
		return l.methodIn(field, name, depth+1)
	}
	return nil
}

// methodIn is the function that a method is which is called through a field that holds a repository.
func (l *lifter) methodIn(field *types.Var, name string, depth int) *function {
	var out *function
	for _, d := range l.defs[field] {
		if d.kind != assigned || d.expr == nil || d.index > 0 {
			continue
		}
		for _, held := range l.repositories(d.source, d.expr, nil, 0) {
			f := l.methodOfRepository(held, name, depth)
			if out != nil && f != out {
				return nil
			}
			out = f
		}
	}
	return out
}

// behindRepository is the method that a call is through a field of one of rest's interfaces, which code puts around a repository; nil where that
// is not known.
func (l *lifter) behindRepository(s *source, e *ast.SelectorExpr) *function {
	field, is := s.target(e.X).(*types.Var)
	if !is || !field.IsField() || namedPath(field.Type()) != restPath {
		return nil
	}
	return l.methodIn(field, e.Sel.Name, 0)
}

// rowsOf is the table whose rows a repository holds, by the name of the struct that it makes for one; "" where that is not known.
func (l *lifter) rowsOf(repository *types.Named) string {
	f := l.methodOfRepository(repository, "NewInstance", 0)
	if f == nil {
		return ""
	}
	for _, r := range f.returns() {
		if len(r.Results) == 1 {
			if named := structOf(f.source.info.TypeOf(r.Results[0])); named != nil {
				return facts.Snake(named.Obj().Name())
			}
		}
	}
	return ""
}
