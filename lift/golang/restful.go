package golang

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// A route of go-restful is built in a chain of its web service, which says the path before it and is added to a container:
// ws.Path("/users"); ws.Route(ws.GET("/{id}").To(find).Filter(signedIn)); container.Add(ws). Filters of all three stand around it, wherever
// they are put there: they are asked for when a request comes.

func isRestful(path string) bool {
	return path == "github.com/emicklei/go-restful" || strings.HasPrefix(path, "github.com/emicklei/go-restful/v")
}

func isRestfulType(t types.Type, name string) bool {
	path, of := namedType(typeOr(t))
	return of == name && isRestful(path)
}

// restfulAround notes what a call puts before and around the routes of a web service or a container. It reports whether it is such a call.
func (l *lifter) restfulAround(p place, call *ast.CallExpr) bool {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || len(call.Args) != 1 {
		return false
	}
	var at *scope
	switch {
	case isRestful(p.packageOf(selector.X)) && (selector.Sel.Name == "Add" || selector.Sel.Name == "Filter"):
		at = l.defaultContainer(p.info.Uses[selector.Sel])
	case l.routerOf(p.info.TypeOf(selector.X)) == "restful":
		at = l.scopeOf(p.source, l.restfulBegin(p.source, selector.X), 0)
	}
	if at == nil {
		return false
	}
	switch selector.Sel.Name {
	case "Path":
		at.prefix, _ = l.routePath(p.source, call.Args[0])
	case "Filter":
		at.add(p, call, false, l.guard(p.source, call.Args[0]))
	case "Add":
		l.addService(p, call.Args[0], at)
	default:
		return false
	}
	return true
}

// restfulBegin is the service or the container that a chain of its own methods begins with: each answers with what it was called on.
func (l *lifter) restfulBegin(s *source, e ast.Expr) ast.Expr {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		return e
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || l.routerOf(typeOr(s.info.TypeOf(selector.X))) != "restful" {
		return e
	}
	return l.restfulBegin(s, selector.X)
}

// defaultContainer is the container that functions of go-restful itself add to.
func (l *lifter) defaultContainer(of types.Object) *scope {
	if of == nil || of.Pkg() == nil {
		return nil
	}
	container := of.Pkg().Scope().Lookup("DefaultContainer")
	if container == nil {
		return nil
	}
	if l.scopes[container] == nil {
		l.scopes[container] = &scope{}
	}
	return l.scopes[container]
}

// addService puts a web service within a container: one that is at hand, or those that a method of several types may answer with.
func (l *lifter) addService(p place, service ast.Expr, container *scope) {
	within := func(at *scope) {
		for at != nil && at.parent != nil && at != container {
			at = at.parent
		}
		if at != nil && at != container {
			at.put(container)
		}
	}
	if call, is := ast.Unparen(service).(*ast.CallExpr); is {
		if made := l.static(p.source, call); len(made) > 1 {
			for _, f := range made {
				for _, result := range l.returnedRouters(f) {
					within(l.scopeOf(f.source, result, 0))
				}
			}
			return
		}
	}
	within(l.scopeOf(p.source, service, 0))
}

// restfulRoute lifts the route that a chain of go-restful's builds, at the step that says its handler.
func (l *lifter) restfulRoute(p place, call *ast.CallExpr, stack []ast.Node) {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || selector.Sel.Name != "To" || len(call.Args) != 1 || !isRestfulType(p.info.TypeOf(selector.X), "RouteBuilder") {
		return
	}
	built := restfulBuilt{}
	if l.restfulChain(p.source, selector.X, &built, nil, 0); built.service == nil {
		return
	}
	for i, n := range slices.Backward(stack) { // what is put around the route behind its handler
		outer, is := n.(*ast.CallExpr)
		if !is {
			continue
		}
		if !isRestfulType(p.info.TypeOf(outer), "RouteBuilder") {
			break
		}
		if calledName(outer) == "Filter" && len(outer.Args) == 1 && i+1 < len(stack) && stack[i+1] == ast.Node(ast.Unparen(outer.Fun)) {
			built.guards = append(built.guards, l.guard(p.source, outer.Args[0]))
		}
	}
	handler, wrappers := l.unwrap(p.source, call.Args[0], 0)
	if handler == nil {
		return
	}
	at := l.scopeOf(built.in, built.service, 0)
	guards := slices.Concat(at.around(call.Pos()), built.guards, wrappers)
	l.handlers[handler] = true
	l.facts.Routes = append(l.facts.Routes, &facts.Route{
		Pos: l.pos(call.Pos()), Method: built.method, Path: normalPath(at.path() + "/" + strings.TrimPrefix(built.path, "/")), Router: text(built.service), Kind: "http",
		Handler: handler.fact, Guards: guards, Checks: l.looksAtCaller(handler), Unplaced: at.unplaced(),
	})
}

// restfulBuilt is what a chain of go-restful's says of a route.
type restfulBuilt struct {
	service ast.Expr
	in      *source
	method  string
	path    string
	guards  []facts.Guard
}

// restfulGiven are the arguments that a function of the code, which begins a chain, is called with.
type restfulGiven struct {
	in   *source
	call *ast.CallExpr
	of   *function
}

// argument is what an expression stands for where the function that it is in is called.
func (g *restfulGiven) argument(s *source, e ast.Expr) (*source, ast.Expr) {
	if g == nil {
		return s, e
	}
	object := s.target(e)
	if i := slices.Index(g.of.params, object); object != nil && i >= 0 && i < len(g.call.Args) {
		return g.in, g.call.Args[i]
	}
	return s, e
}

// restfulChain reads a chain from its end: its own steps, and those of a function of the code that begins it, or is given it.
func (l *lifter) restfulChain(s *source, e ast.Expr, out *restfulBuilt, given *restfulGiven, depth int) {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		if d, once := l.setOnce(s, e); once && d.index <= 0 && depth < 5 {
			l.restfulChain(d.source, d.expr, out, given, depth+1)
		}
		return
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if made := l.static(s, call); len(made) == 1 && depth < 5 {
		for _, arg := range call.Args {
			if isRestfulType(s.info.TypeOf(arg), "RouteBuilder") {
				l.restfulChain(s, arg, out, given, depth+1)
				return
			}
		}
		if returns := made[0].returns(); len(returns) == 1 && len(returns[0].Results) == 1 {
			l.restfulChain(made[0].source, returns[0].Results[0], out, &restfulGiven{s, call, made[0]}, depth+1)
		}
		return
	}
	if !is {
		return
	}
	name := selector.Sel.Name
	if isRestfulType(s.info.TypeOf(selector.X), "RouteBuilder") {
		l.restfulChain(s, selector.X, out, given, depth)
	} else if isRestfulType(s.info.TypeOf(selector.X), "WebService") {
		out.in, out.service = given.argument(s, selector.X)
	}
	if len(call.Args) != 1 {
		return
	}
	in, arg := given.argument(s, call.Args[0])
	switch {
	case httpMethods[name]:
		out.method = name
		out.path, _ = l.routePath(in, arg)
	case name == "Method":
		out.method = strings.ToUpper(constantText(in, arg))
	case name == "Path":
		out.path, _ = l.routePath(in, arg)
	case name == "Filter":
		out.guards = append(out.guards, l.guard(in, arg))
	}
}
