package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// scope is a router, or a part of one: what stands before the paths that are registered on it, and what is around them.
type scope struct {
	parent *scope
	prefix string
	guards []layer
	made   token.Pos // where a group is made: of what is put around its parent later it knows nothing
	given  bool      // a function is given it that nobody is seen to call
	said   ast.Expr  // where the prefix is a parameter: what says it
	in     *source   // of said
}

// layer is a middleware that is put around a router.
type layer struct {
	facts.Guard
	pos     token.Pos
	in      *ast.FuncDecl // where that is written
	ordered bool          // only around what is registered after it
}

// unplaced reports whether a scope is within a router that a function is given which nobody is seen to call: what is around it is not known.
func (s *scope) unplaced() bool { return s != nil && (s.given || s.parent.unplaced()) }

func (s *scope) path() string {
	if s == nil {
		return ""
	}
	return s.parent.path() + s.prefix
}

// around is what stands around something that is registered at a place.
func (s *scope) around(at token.Pos) []facts.Guard {
	if s == nil {
		return nil
	}
	before := at
	if s.made.IsValid() {
		before = s.made
	}
	out := s.parent.around(before)
	for _, l := range s.guards {
		if late := l.ordered && l.in != nil && l.in.Pos() <= at && at <= l.in.End() && l.pos > at; !late {
			out = append(out, l.Guard)
		}
	}
	return out
}

// put places a router within another. One that would lie within itself stays where it is: functions that hand a router on to each other, or
// methods of one interface of which one calls another, name no outermost one.
func (s *scope) put(parent *scope) {
	for up := parent; up != nil; up = up.parent {
		if up == s {
			return
		}
	}
	s.parent = parent
}

// add puts middleware around a router. Those of gin, fiber and of echo's groups are only around what is registered after them.
func (s *scope) add(p place, call *ast.CallExpr, ordered bool, guards ...facts.Guard) {
	for _, g := range guards {
		s.guards = append(s.guards, layer{Guard: g, pos: call.Pos(), in: p.declaration(call.Pos()), ordered: ordered})
	}
}

// declaration is the function that a place lies in.
func (p place) declaration(pos token.Pos) *ast.FuncDecl {
	fn, _ := p.around(pos).(*ast.FuncDecl)
	return fn
}

// around is the declaration of the file in which a position is, nil for none.
func (p place) around(pos token.Pos) ast.Decl {
	i, found := slices.BinarySearchFunc(p.file.Decls, pos, func(d ast.Decl, pos token.Pos) int {
		switch {
		case d.End() < pos:
			return -1
		case d.Pos() > pos:
			return 1
		}
		return 0
	})
	if !found {
		return nil
	}
	return p.file.Decls[i]
}

// findRouters collects what is put around routers, wherever that is written.
func (l *lifter) findRouters() {
	l.eachFile(func(p place) {
		ast.Inspect(p.file, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is {
				if inner, is := ast.Unparen(selector.X).(*ast.CallExpr); is {
					l.outer[inner] = call
				}
			}
			return true
		})
	})
	l.eachFile(func(p place) {
		ast.Inspect(p.file, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				l.putAround(p, call)
			}
			return true
		})
	})
}

// putAround notes router.Use(…), and handlers that are put around a whole router.
func (l *lifter) putAround(p place, call *ast.CallExpr) {
	if l.restfulAround(p, call) {
		return
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if used := usedOn(call); used != nil && l.routerOf(p.info.TypeOf(used)) != "" {
		at := l.scopeOf(p.source, used, 0)
		if at == nil {
			return
		}
		library := l.routerOf(p.info.TypeOf(used))
		_, typeName := namedType(p.info.TypeOf(used))
		ordered := library == "own" && l.collects(p.source, call) || library == "gin" || library == "fiber" || library == "echo" && typeName == "Group"
		for _, arg := range call.Args {
			at.add(p, call, ordered, l.guard(p.source, arg))
		}
		return
	}
	if is && selector.Sel.Name == "UseMiddleware" && importsHuma(p.file) {
		for _, arg := range call.Args {
			l.guardsOfAPI[p.path] = append(l.guardsOfAPI[p.path], l.guard(p.source, arg))
		}
		return
	}
	if p.info.Types[call.Fun].IsType() || !l.isAround(p.info.TypeOf(call)) {
		return
	}
	for _, arg := range call.Args {
		if router := l.routerWithin(p, arg, 0); router != nil {
			if at := l.scopeOf(p.source, router, 0); at != nil {
				at.add(p, call, false, l.guard(p.source, call))
			}
		}
	}
}

// usedOn is the router that a call of Use or Pre is made on, also behind others: router.Use(a).Use(b) puts both around the router. It is nil
// for another call.
func usedOn(call *ast.CallExpr) ast.Expr {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || selector.Sel.Name != "Use" && selector.Sel.Name != "Pre" {
		return nil
	}
	if before, is := ast.Unparen(selector.X).(*ast.CallExpr); is {
		if used := usedOn(before); used != nil {
			return used
		}
	}
	return selector.X
}

// routerWithin finds the router that handlers are put around, one around the other: a.handle(b.handle(mux)), also by way of a variable.
func (l *lifter) routerWithin(p place, e ast.Expr, depth int) ast.Expr {
	t := p.info.TypeOf(e)
	if l.routerOf(typeOr(t)) != "" {
		return e
	}
	if depth > 8 || !l.isAround(t) {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		for _, arg := range e.Args {
			if router := l.routerWithin(p, arg, depth+1); router != nil {
				return router
			}
		}
	case *ast.Ident:
		for _, d := range slices.Backward(l.defs[p.target(e)]) {
			if d.source == p.source && d.kind == assigned && d.expr != nil && d.index <= 0 && d.expr.End() < e.Pos() {
				return l.routerWithin(p, d.expr, depth+1)
			}
		}
	}
	return nil
}

// importsHuma reports whether a file knows huma, whose APIs may be of a type that is not at hand.
func importsHuma(file *ast.File) bool {
	return slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool {
		return strings.HasPrefix(i.Path.Value, `"github.com/danielgtaylor/huma/`)
	})
}

func (l *lifter) isAround(t types.Type) bool {
	return t != nil && hasServeHTTP(t) && l.routerOf(t) == ""
}

// scopeOf finds the router that an expression is.
func (l *lifter) scopeOf(s *source, e ast.Expr, depth int) *scope {
	if e == nil || depth > 12 {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return l.scopeOf(s, e.X, depth+1)
	case *ast.CallExpr:
		return l.scopeOfCall(s, e, depth)
	case *ast.Ident, *ast.SelectorExpr:
		if embeds, is := e.(*ast.SelectorExpr); is && nests(l.routerOf(typeOr(s.info.TypeOf(embeds.X)))) && l.routerOf(typeOr(s.info.TypeOf(e))) != "" {
			return l.scopeOf(s, embeds.X, depth+1) // m.Router
		}
		object := s.target(e)
		if object == nil {
			return nil
		}
		if known, found := l.scopes[object]; found {
			return known
		}
		made := &scope{}
		l.scopes[object] = made
		parent, prefix := l.scopeOfVariable(object, depth)
		made.prefix = prefix
		made.put(parent)
		return made
	}
	return nil
}

// scopeOfVariable finds what a variable that holds a router stands for.
func (l *lifter) scopeOfVariable(object types.Object, depth int) (*scope, string) {
	if f, index, is := l.parameter(object); is && index >= 0 {
		return l.scopeOfParameter(f, index, depth)
	}
	for _, d := range l.defs[object] {
		if d.kind != assigned || d.expr == nil || d.index > 0 {
			continue
		}
		if at := l.scopeOf(d.source, d.expr, depth+1); at != nil {
			return at, ""
		}
	}
	return nil, ""
}

// scopeOfParameter finds the router that a function is called with: r.Route("/x", func(r chi.Router) {…}), or a
// function of the code that registers routes.
func (l *lifter) scopeOfParameter(f *function, index, depth int) (*scope, string) {
	if len(l.sites()[f]) == 0 {
		return &scope{given: true}, ""
	}
	var unplaced *scope
	for _, site := range l.sites()[f] {
		if site.source == f.source && f.node.Pos() <= site.call.Pos() && site.call.End() <= f.node.End() {
			continue // of itself, or of another method of its name: an interface does not say which
		}
		selector, is := ast.Unparen(site.call.Fun).(*ast.SelectorExpr)
		if is && l.routerOf(site.source.info.TypeOf(selector.X)) == "chi" {
			prefix := ""
			if selector.Sel.Name == "Route" && len(site.call.Args) == 2 {
				if prefix, _ = l.routePath(site.source, site.call.Args[0]); prefix == "" && l.scopes[f.params[index]] != nil {
					l.scopes[f.params[index]].said, l.scopes[f.params[index]].in = site.call.Args[0], site.source
				}
			}
			return l.scopeOf(site.source, selector.X, depth+1), prefix
		}
		if index < len(site.call.Args) && l.routerOf(site.source.info.TypeOf(site.call.Args[index])) != "" {
			at := l.scopeOf(site.source, site.call.Args[index], depth+1)
			if !at.unplaced() {
				return at, ""
			}
			if unplaced == nil { // of several ways to register what a contract says, the code uses one
				unplaced = at
			}
		}
	}
	return unplaced, ""
}

type site struct {
	call   *ast.CallExpr
	source *source
}

// sites are the places that call, or hand over, each function that takes a router.
func (l *lifter) sites() map[*function][]site {
	if l.siteOf != nil {
		return l.siteOf
	}
	l.siteOf = map[*function][]site{}
	takesRouter := func(f *function) bool {
		return slices.ContainsFunc(f.params, func(o types.Object) bool { return o != nil && l.routerOf(o.Type()) != "" })
	}
	l.eachFile(func(p place) {
		ast.Inspect(p.file, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			for _, e := range append([]ast.Expr{call.Fun}, call.Args...) {
				if !isFunction(p.info.TypeOf(e)) {
					continue
				}
				for _, f := range l.functionsOf(p.source, e, 0) {
					if takesRouter(f) {
						l.siteOf[f] = append(l.siteOf[f], site{call, p.source})
					}
				}
			}
			return true
		})
	})
	return l.siteOf
}

func (l *lifter) scopeOfCall(s *source, call *ast.CallExpr, depth int) *scope {
	if known, found := l.scopeCalls[call]; found {
		return known
	}
	made := &scope{}
	if !l.answersRouter(s.info.TypeOf(call)) {
		return made
	}
	l.scopeCalls[call] = made
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || l.routerOf(typeOr(s.info.TypeOf(selector.X))) == "" {
		if functions := l.static(s, call); len(functions) == 1 {
			if results := l.returnedRouters(functions[0]); len(results) > 0 {
				made.put(l.scopeOf(functions[0].source, results[0], depth+1))
			}
			return made
		}
	}
	if !is {
		return made
	}
	args := call.Args
	switch selector.Sel.Name {
	case "Group":
		made.made = call.Pos()
		made.put(l.scopeOf(s, selector.X, depth+1))
		if len(args) > 0 && !isFunction(s.info.TypeOf(args[0])) {
			made.prefix, _ = l.routePath(s, args[0])
			made.prefix = below(l.routerOf(s.info.TypeOf(selector.X)), made.prefix)
			args = args[1:]
		} else {
			args = nil
		}
		for _, arg := range args {
			made.guards = append(made.guards, layer{Guard: l.guard(s, arg)})
		}
	case "With":
		made.put(l.scopeOf(s, selector.X, depth+1))
		for _, arg := range args {
			made.guards = append(made.guards, layer{Guard: l.guard(s, arg)})
		}
	case "Use", "Consumes", "Produces", "Doc", "ApiVersion", "Param", "Filter": // of gin and go-restful: the group itself
		made.put(l.scopeOf(s, selector.X, depth+1))
	case "Combo", "Get", "Patch", "Post", "Put", "Delete", "Options", "Head": // of macaron and flamego: several methods of one path
		made.put(l.scopeOf(s, selector.X, depth+1))
		if selector.Sel.Name == "Combo" && len(args) > 0 {
			made.prefix, _ = l.routePath(s, args[0])
		}
	case "PathPrefix", "Path":
		made.put(l.scopeOf(s, selector.X, depth+1))
		if len(args) > 0 && l.routerOf(s.info.TypeOf(call)) != "restful" { // there the service itself has it
			made.prefix, _ = l.routePath(s, args[0])
		}
	case "Subrouter", "NewRoute", "Route", "Methods", "Name", "StrictSlash", "SkipClean", "UseEncodedPath", "Host", "Schemes", "Headers", "Queries":
		made.put(l.scopeOf(s, selector.X, depth+1))
		if selector.Sel.Name == "Route" && len(args) == 2 {
			made.prefix, _ = l.routePath(s, args[0])
		}
	}
	return made
}

// answersRouter reports whether a call of a type answers with a router, alone or with whether that failed.
func (l *lifter) answersRouter(t types.Type) bool {
	if tuple, is := t.(*types.Tuple); is && tuple.Len() > 0 {
		t = tuple.At(0).Type()
	}
	return l.routerOf(typeOr(t)) != ""
}

func (l *lifter) returnedRouters(f *function) []ast.Expr {
	var out []ast.Expr
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for _, result := range n.Results {
				if l.routerOf(f.source.info.TypeOf(result)) != "" {
					out = append(out, result)
				}
			}
		}
		return true
	})
	return out
}
