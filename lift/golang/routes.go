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

// scope is a router, or a part of one: what stands before the paths that are registered on it, and what is around them.
type scope struct {
	parent *scope
	prefix string
	guards []layer
	made   token.Pos // where a group is made: of what is put around its parent later it knows nothing
}

// layer is a middleware that is put around a router.
type layer struct {
	facts.Guard
	pos     token.Pos
	in      *ast.FuncDecl // where that is written
	ordered bool          // only around what is registered after it
}

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

// add puts middleware around a router. Those of gin, fiber and of echo's groups are only around what is registered after them.
func (s *scope) add(p place, call *ast.CallExpr, ordered bool, guards ...facts.Guard) {
	for _, g := range guards {
		s.guards = append(s.guards, layer{Guard: g, pos: call.Pos(), in: p.declaration(call.Pos()), ordered: ordered})
	}
}

// declaration is the function that a place lies in.
func (p place) declaration(pos token.Pos) *ast.FuncDecl {
	for _, decl := range p.file.Decls {
		if fn, is := decl.(*ast.FuncDecl); is && fn.Pos() <= pos && pos <= fn.End() {
			return fn
		}
	}
	return nil
}

// routerOf names the library of a router by its type.
func routerOf(t types.Type) string {
	path, name := namedType(t)
	switch {
	case path == "net/http" && name == "ServeMux":
		return "http"
	case strings.HasPrefix(path, "github.com/go-chi/chi") && (name == "Mux" || name == "Router"):
		return "chi"
	case strings.HasPrefix(path, "github.com/gin-gonic/gin") && (name == "Engine" || name == "RouterGroup" || name == "IRouter" || name == "IRoutes"):
		return "gin"
	case strings.HasPrefix(path, "github.com/labstack/echo") && (name == "Echo" || name == "Group"):
		return "echo"
	case path == "github.com/gorilla/mux" && (name == "Router" || name == "Route"):
		return "mux"
	case strings.HasPrefix(path, "github.com/gofiber/fiber") && (name == "App" || name == "Group" || name == "Router"):
		return "fiber"
	}
	return ""
}

var httpMethods = map[string]bool{"GET": true, "POST": true, "PUT": true, "PATCH": true, "DELETE": true, "HEAD": true, "OPTIONS": true, "CONNECT": true, "TRACE": true}

// registration recognises a call that registers a handler.
func (l *lifter) registration(s *source, call *ast.CallExpr) (router ast.Expr, library, method string, is bool) {
	selector, isSelector := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !isSelector || len(call.Args) < 1 {
		return nil, "", "", false
	}
	name := selector.Sel.Name
	if s.packageOf(selector.X) == "net/http" && (name == "Handle" || name == "HandleFunc") {
		return nil, "http", "", true
	}
	if strings.HasPrefix(s.packageOf(selector.X), "github.com/danielgtaylor/huma") && len(call.Args) >= 3 {
		if upper := strings.ToUpper(name); httpMethods[upper] || name == "Register" {
			return nil, "huma", upper, true
		}
	}
	library = routerOf(s.info.TypeOf(selector.X))
	if library == "" {
		return nil, "", "", false
	}
	upper := strings.ToUpper(name)
	switch {
	case httpMethods[upper] && len(call.Args) >= 2:
		return selector.X, library, upper, true
	case name == "Handle" || name == "HandleFunc" || name == "Any" || name == "All":
		return selector.X, library, "", len(call.Args) >= 2
	case name == "Method" || name == "MethodFunc" || name == "Add":
		return selector.X, library, "arg", len(call.Args) >= 3
	}
	return nil, "", "", false
}

func (l *lifter) isRegistration(s *source, call *ast.CallExpr) bool {
	_, _, _, is := l.registration(s, call)
	return is
}

// isHandlerType reports whether a function is one that answers requests, or makes one.
func (l *lifter) isHandlerType(t types.Type) bool {
	sig, is := t.Underlying().(*types.Signature)
	if !is {
		return false
	}
	for i := range sig.Params().Len() {
		param := sig.Params().At(i).Type()
		if path, name := namedType(param); isRequest(param) || path == "net/http" && (name == "ResponseWriter" || name == "Handler") {
			return true
		}
	}
	return false
}

// findRoutes lifts the routes that a file registers.
func (l *lifter) findRoutes(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		if router, library, method, is := l.registration(p.source, call); is {
			l.route(p, call, router, library, method)
		}
		return true
	})
	l.findServices(p)
}

func (l *lifter) route(p place, call *ast.CallExpr, router ast.Expr, library, method string) {
	args := call.Args
	if method == "arg" {
		method = strings.ToUpper(constantText(p.source, args[0]))
		args = args[1:]
	}
	if library == "gin" && calledName(call) == "Handle" && len(args) >= 3 {
		method, args = strings.ToUpper(constantText(p.source, args[0])), args[1:]
	}
	if library == "huma" {
		if args = args[1:]; method == "REGISTER" {
			var at ast.Expr
			method, at = operationOf(p.source, args[0])
			args = append([]ast.Expr{at}, args[1:]...)
		}
	}
	if len(args) < 2 || l.registrar(p, call, args) {
		return
	}
	path, known := l.routePath(p.source, args[0])
	if !known {
		return
	}
	if library == "http" {
		if verb, rest, found := strings.Cut(path, " "); found {
			method, path = verb, strings.TrimSpace(rest)
		}
	}
	at := l.scopeOf(p.source, router, 0)
	if library == "mux" {
		method = l.muxMethods(call, method)
	}
	handlerArg, middle := args[1], args[2:]
	if library == "gin" || library == "fiber" {
		handlerArg, middle = args[len(args)-1], args[1:len(args)-1]
	}
	guards := at.around(call.Pos())
	for _, m := range middle {
		guards = append(guards, l.guard(p.source, m))
	}
	handler, wrappers := l.unwrap(p.source, handlerArg, 0)
	guards = append(guards, wrappers...)
	if handler == nil {
		return
	}
	l.handlers[handler] = true
	l.facts.Routes = append(l.facts.Routes, &facts.Route{
		Pos: l.pos(call.Pos()), Method: method, Path: normalPath(at.path() + path), Kind: "http", Handler: handler.fact, Guards: guards,
		Checks: l.asksWho(handler),
	})
}

// registrar notes a function that registers what it is given: the routes are where it is called. It is one where the handler is
// a parameter, or a literal that calls one, and the path is not said.
func (l *lifter) registrar(p place, call *ast.CallExpr, args []ast.Expr) bool {
	decl := p.declaration(call.Pos())
	f := l.nodes[decl]
	if decl == nil || f == nil {
		return false
	}
	for _, arg := range args[1:] {
		for index, param := range f.params {
			if param == nil || !isFunction(param.Type()) && !hasServeHTTP(param.Type()) || !l.leadsTo(p.source, arg, param, 0) {
				continue
			}
			l.registrars[f] = index
			return true
		}
	}
	return false
}

// leadsTo reports whether an expression is a parameter, or a function that calls it.
func (l *lifter) leadsTo(s *source, e ast.Expr, param types.Object, depth int) bool {
	if depth > 3 {
		return false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		object := s.target(e)
		if object == param {
			return true
		}
		return slices.ContainsFunc(l.defs[object], func(d def) bool {
			return d.kind == assigned && d.expr != nil && d.source == s && l.leadsTo(s, d.expr, param, depth+1)
		})
	case *ast.FuncLit:
		found := false
		ast.Inspect(e.Body, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is {
				fun := call.Fun
				if selector, is := fun.(*ast.SelectorExpr); is && selector.Sel.Name == "ServeHTTP" {
					fun = selector.X
				}
				found = found || s.target(fun) == param
			}
			return !found
		})
		return found
	case *ast.CallExpr:
		return slices.ContainsFunc(e.Args, func(arg ast.Expr) bool { return l.leadsTo(s, arg, param, depth+1) })
	}
	return false
}

// findRegistered lifts the routes that are registered by functions of the code: what is constant of the arguments says the
// method and the path, and functions behind the handler are put around it.
func (l *lifter) findRegistered(p place) {
	if len(l.registrars) == 0 {
		return
	}
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		for _, f := range l.static(p.source, call) {
			if index, is := l.registrars[f]; is && index < len(call.Args) {
				l.registered(p, call, f, index)
				break
			}
		}
		return true
	})
}

func (l *lifter) registered(p place, call *ast.CallExpr, f *function, index int) {
	handler, guards := l.unwrap(p.source, call.Args[index], 0)
	if handler == nil {
		return
	}
	method, path := "", ""
	for i, arg := range call.Args {
		text := constantText(p.source, arg)
		switch {
		case httpMethods[strings.ToUpper(text)]:
			method = strings.ToUpper(text)
		case text != "" && i < index:
			if verb, rest, found := strings.Cut(text, " "); found && httpMethods[verb] {
				method, text = verb, strings.TrimSpace(rest)
			}
			path += "/" + text
		case i > index && isFunction(p.info.TypeOf(arg)):
			guards = append(guards, l.guard(p.source, arg))
		}
	}
	if path == "" {
		return
	}
	var around []facts.Guard
	if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && routerOf(p.info.TypeOf(selector.X)) != "" {
		at := l.scopeOf(p.source, selector.X, 0)
		around, path = at.around(call.Pos()), at.path()+path
	}
	l.handlers[handler] = true
	l.facts.Routes = append(l.facts.Routes, &facts.Route{
		Pos: l.pos(call.Pos()), Method: method, Path: normalPath(path), Kind: "http", Handler: handler.fact, Guards: append(around, guards...), Checks: l.asksWho(handler),
	})
}

// operationOf is the method and path of an operation of huma's.
func operationOf(s *source, e ast.Expr) (method string, path ast.Expr) {
	path = e
	literal, is := ast.Unparen(e).(*ast.CompositeLit)
	if !is {
		return "", e
	}
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			continue
		}
		switch text(pair.Key) {
		case "Method":
			method = strings.ToUpper(strings.TrimPrefix(text(pair.Value), "http.Method"))
			if constant := constantText(s, pair.Value); constant != "" {
				method = constant
			}
		case "Path":
			path = pair.Value
		}
	}
	return method, path
}

// routePath is the path of a route, if the code says it.
func (l *lifter) routePath(s *source, e ast.Expr) (string, bool) {
	q := &facts.Query{}
	l.readText(s, e, q)
	if tv := s.info.Types[e]; tv.Value != nil && q.Text == "" {
		return "", true
	}
	return strings.ReplaceAll(q.Text, hole, ""), q.Text != "" && strings.ReplaceAll(q.Text, hole, "") != ""
}

var pathParam = regexp.MustCompile(`:(\w+)|\{(\w+)(?::[^}]*|\.\.\.)?\}`)

// normalPath writes parameters as {name}.
func normalPath(path string) string {
	path = pathParam.ReplaceAllString(path, "{$1$2}")
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

func (l *lifter) muxMethods(call *ast.CallExpr, method string) string {
	if outer := l.outer[call]; outer != nil && calledName(outer) == "Methods" && len(outer.Args) > 0 {
		if literal, is := outer.Args[0].(*ast.BasicLit); is {
			return strings.Trim(literal.Value, `"`)
		}
		return strings.ToUpper(strings.TrimPrefix(text(outer.Args[0]), "http.Method"))
	}
	return method
}

// unwrap finds the handler within the functions that are put around it.
func (l *lifter) unwrap(s *source, e ast.Expr, depth int) (*function, []facts.Guard) {
	if depth > 5 {
		return nil, nil
	}
	call, isCall := ast.Unparen(e).(*ast.CallExpr)
	if isCall && !s.info.Types[call.Fun].IsType() {
		for _, arg := range call.Args {
			if t := s.info.TypeOf(arg); t == nil || !l.isHandlerType(t) && !hasServeHTTP(t) {
				continue
			}
			if handler, inner := l.unwrap(s, arg, depth+1); handler != nil {
				return handler, append([]facts.Guard{l.guard(s, call)}, inner...)
			}
		}
	}
	if method, is := ast.Unparen(e).(*ast.SelectorExpr); is && method.Sel.Name == "ServeHTTP" { // wrapped(handler).ServeHTTP
		if _, isCall := ast.Unparen(method.X).(*ast.CallExpr); isCall {
			return l.unwrap(s, method.X, depth+1)
		}
	}
	if functions := l.functionsOf(s, e, 0); len(functions) > 0 {
		return functions[len(functions)-1], nil
	}
	if t := s.info.TypeOf(e); t != nil { // a value with ServeHTTP
		if object, _, _ := types.LookupFieldOrMethod(t, true, s.types, "ServeHTTP"); object != nil {
			if fn, is := object.(*types.Func); is && l.declared[fn.Origin()] != nil {
				return l.declared[fn.Origin()], nil
			}
		}
	}
	return nil, nil
}

func hasServeHTTP(t types.Type) bool {
	object, _, _ := types.LookupFieldOrMethod(t, true, nil, "ServeHTTP")
	return object != nil
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
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if is && (selector.Sel.Name == "Use" || selector.Sel.Name == "Pre") && routerOf(p.info.TypeOf(selector.X)) != "" {
		at := l.scopeOf(p.source, selector.X, 0)
		if at == nil {
			return
		}
		library := routerOf(p.info.TypeOf(selector.X))
		_, typeName := namedType(p.info.TypeOf(selector.X))
		ordered := library == "gin" || library == "fiber" || library == "echo" && typeName == "Group"
		for _, arg := range call.Args {
			at.add(p, call, ordered, l.guard(p.source, arg))
		}
		return
	}
	if p.info.Types[call.Fun].IsType() || !isAround(p.info.TypeOf(call)) {
		return
	}
	for _, arg := range call.Args {
		if routerOf(p.info.TypeOf(arg)) == "" {
			continue
		}
		if at := l.scopeOf(p.source, arg, 0); at != nil {
			at.add(p, call, false, l.guard(p.source, call))
		}
	}
}

func isAround(t types.Type) bool { return t != nil && hasServeHTTP(t) && routerOf(t) == "" }

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
		object := s.target(e)
		if object == nil {
			return nil
		}
		if known, found := l.scopes[object]; found {
			return known
		}
		made := &scope{}
		l.scopes[object] = made
		made.parent, made.prefix = l.scopeOfVariable(object, depth)
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
	for _, site := range l.sites()[f] {
		selector, is := ast.Unparen(site.call.Fun).(*ast.SelectorExpr)
		if is && routerOf(site.source.info.TypeOf(selector.X)) == "chi" {
			prefix := ""
			if selector.Sel.Name == "Route" && len(site.call.Args) == 2 {
				prefix, _ = l.routePath(site.source, site.call.Args[0])
			}
			return l.scopeOf(site.source, selector.X, depth+1), prefix
		}
		if index < len(site.call.Args) && routerOf(site.source.info.TypeOf(site.call.Args[index])) != "" {
			return l.scopeOf(site.source, site.call.Args[index], depth+1), ""
		}
	}
	return nil, ""
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
		return slices.ContainsFunc(f.params, func(o types.Object) bool { return o != nil && routerOf(o.Type()) != "" })
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
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || routerOf(s.info.TypeOf(call)) == "" {
		if functions := l.static(s, call); routerOf(s.info.TypeOf(call)) != "" && len(functions) == 1 {
			l.scopeCalls[call] = made
			if results := returnedRouters(functions[0]); len(results) > 0 {
				made.parent = l.scopeOf(functions[0].source, results[0], depth+1)
			}
		}
		return made
	}
	l.scopeCalls[call] = made
	args := call.Args
	switch selector.Sel.Name {
	case "Group":
		made.made = call.Pos()
		made.parent = l.scopeOf(s, selector.X, depth+1)
		if len(args) > 0 && !isFunction(s.info.TypeOf(args[0])) {
			made.prefix, _ = l.routePath(s, args[0])
			args = args[1:]
		} else {
			args = nil
		}
		for _, arg := range args {
			made.guards = append(made.guards, layer{Guard: l.guard(s, arg)})
		}
	case "With":
		made.parent = l.scopeOf(s, selector.X, depth+1)
		for _, arg := range args {
			made.guards = append(made.guards, layer{Guard: l.guard(s, arg)})
		}
	case "Use": // gin's answers with the group itself
		made.parent = l.scopeOf(s, selector.X, depth+1)
	case "PathPrefix", "Path":
		made.parent = l.scopeOf(s, selector.X, depth+1)
		if len(args) > 0 {
			made.prefix, _ = l.routePath(s, args[0])
		}
	case "Subrouter", "Route", "Methods", "Name", "StrictSlash":
		made.parent = l.scopeOf(s, selector.X, depth+1)
		if selector.Sel.Name == "Route" && len(args) == 2 {
			made.prefix, _ = l.routePath(s, args[0])
		}
	}
	return made
}

func returnedRouters(f *function) []ast.Expr {
	var out []ast.Expr
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			for _, result := range n.Results {
				if routerOf(f.source.info.TypeOf(result)) != "" {
					out = append(out, result)
				}
			}
		}
		return true
	})
	return out
}

// authName are the names of middleware that looks at who is calling.
var authName = regexp.MustCompile(`(?i)(auth|jwt|session|login|logged|token|permission|require|protect|rbac|acl|apikey|api_key|admin|guard|verify|ensure|identity|oidc|csrf|signature|mustbe|onlyuser|user)`)

// guard makes the fact of a middleware.
func (l *lifter) guard(s *source, e ast.Expr) facts.Guard {
	if known, found := l.guards[e]; found {
		return known
	}
	l.guards[e] = l.newGuard(s, e)
	return l.guards[e]
}

func (l *lifter) newGuard(s *source, e ast.Expr) facts.Guard {
	name := text(e)
	if call, is := ast.Unparen(e).(*ast.CallExpr); is {
		name = text(call.Fun)
	}
	if _, is := ast.Unparen(e).(*ast.FuncLit); is {
		name = "a function"
	}
	g := facts.Guard{Pos: l.pos(e.Pos()), Name: name, Auth: authName.MatchString(name)}
	for _, f := range l.functionsOf(s, e, 0) {
		g.Runs = append(g.Runs, f.fact)
	}
	if !g.Auth {
		for _, f := range l.functionsOf(s, e, 0) {
			g.Auth = g.Auth || l.looksAtCaller(f, 0)
		}
		if call, is := ast.Unparen(e).(*ast.CallExpr); is {
			for _, f := range l.static(s, call) {
				g.Auth = g.Auth || l.looksAtCaller(f, 0)
			}
		}
	}
	return g
}

// looksAtCaller reports whether a function reads credentials, itself or in what it calls.
func (l *lifter) looksAtCaller(f *function, depth int) bool {
	if known, found := l.looks[f]; found || depth > 3 {
		return known
	}
	l.looks[f] = false // a circle finds nothing
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if n.Value == `"Authorization"` || n.Value == `"Cookie"` || strings.Contains(strings.ToLower(n.Value), "x-api-key") {
				found = true
			}
		case *ast.CallExpr:
			if name := calledName(n); name == "BasicAuth" || name == "Cookie" && len(n.Args) == 1 || strings.Contains(name, "VerifyToken") || name == "ParseWithClaims" {
				found = true
			}
			for _, callee := range l.static(f.source, n) {
				found = found || l.looksAtCaller(callee, depth+1)
			}
		}
		return !found
	})
	l.looks[f] = found
	return found
}

// whoName are names of functions that look at who is calling.
var whoName = regexp.MustCompile(`(?i:current_?user|user_?from|get_?user$|from_?context|^auth|[^o]auth|session|viewer|principal|claims|identity_?(?:from|of|id)?$|perm|is_?admin|require|user_?id|verify|signature|token|owner|access)|[cC]an[A-Z]`)

// asksWho reports whether a handler itself looks at who is calling, by what it calls, or by what functions of its own
// package that it calls do.
func (l *lifter) asksWho(f *function) bool { return l.looksAtCaller(f, 0) || l.asks(f, 0) }

func (l *lifter) asks(f *function, depth int) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			if whoName.MatchString(calledName(call)) {
				found = true
			}
			if callees := l.static(f.source, call); !found && depth < 2 && len(callees) == 1 && callees[0].source == f.source && callees[0] != f {
				found = l.asks(callees[0], depth+1)
			}
			for _, arg := range call.Args[:min(len(call.Args), 2-2*min(depth, 1))] {
				found = found || whoName.MatchString(constantText(f.source, arg)) && len(constantText(f.source, arg)) < 30
			}
		}
		return !found
	})
	return found
}

// findServices lifts remote procedures: methods of a type that embeds what protoc-gen-go-grpc or connect writes for
// services that are not complete.
func (l *lifter) findServices(p place) {
	for _, decl := range p.file.Decls {
		fn, is := decl.(*ast.FuncDecl)
		if !is || fn.Recv == nil || !fn.Name.IsExported() || fn.Body == nil {
			continue
		}
		object, is := p.info.Defs[fn.Name].(*types.Func)
		if !is {
			continue
		}
		f := l.declared[object]
		sig := object.Type().(*types.Signature)
		if f == nil || sig.Params().Len() != 2 || sig.Results().Len() != 2 || !isNamed(sig.Params().At(0).Type(), "context", "Context") {
			continue
		}
		service := embeddedService(sig.Recv().Type())
		if service == "" {
			continue
		}
		if _, name := namedType(sig.Params().At(1).Type()); name == "" {
			continue
		}
		l.handlers[f] = true
		l.facts.Routes = append(l.facts.Routes, &facts.Route{Pos: l.pos(fn.Name.Pos()), Path: service + "/" + fn.Name.Name, Kind: "grpc", Handler: f.fact, Checks: l.asksWho(f)})
	}
	l.findResolvers(p)
}

// findResolvers lifts what gqlgen calls: methods of queryResolver and mutationResolver are ways in, those of other
// resolvers answer a field of each object.
func (l *lifter) findResolvers(p place) {
	for _, decl := range p.file.Decls {
		fn, is := decl.(*ast.FuncDecl)
		if !is || fn.Recv == nil || !fn.Name.IsExported() || p.aside[p.file] != "" {
			continue
		}
		object, is := p.info.Defs[fn.Name].(*types.Func)
		if !is || l.declared[object] == nil {
			continue
		}
		sig := object.Type().(*types.Signature)
		_, receiver := namedType(sig.Recv().Type())
		of, isResolver := strings.CutSuffix(receiver, "Resolver")
		if !isResolver || of == "" || sig.Params().Len() == 0 || sig.Results().Len() != 2 || !isNamed(sig.Params().At(0).Type(), "context", "Context") {
			continue
		}
		f := l.declared[object]
		isRoot := of == "query" || of == "mutation" || of == "subscription"
		if !isRoot && (sig.Params().Len() < 2 || structOf(sig.Params().At(1).Type()) == nil) {
			continue
		}
		r := &facts.Route{Pos: l.pos(fn.Name.Pos()), Path: strings.ToUpper(of[:1]) + of[1:] + "." + fn.Name.Name, Kind: "graphql", Handler: f.fact, Checks: l.asksWho(f)}
		if !isRoot {
			r.Kind = "field"
		}
		l.handlers[f] = true
		l.facts.Routes = append(l.facts.Routes, r)
	}
}

func embeddedService(t types.Type) string {
	if pointer, is := t.(*types.Pointer); is {
		t = pointer.Elem()
	}
	structure, is := t.Underlying().(*types.Struct)
	if !is {
		return ""
	}
	for i := range structure.NumFields() {
		field := structure.Field(i)
		name := field.Name()
		if !field.Embedded() {
			continue
		}
		for _, prefix := range []string{"Unimplemented", "Unsafe"} {
			if rest, found := strings.CutPrefix(name, prefix); found {
				return strings.TrimSuffix(strings.TrimSuffix(rest, "Server"), "Handler")
			}
		}
	}
	return ""
}
