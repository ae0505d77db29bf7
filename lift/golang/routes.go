package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

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
	case strings.HasPrefix(path, "github.com/cloudwego/hertz/pkg/") && (name == "Hertz" || name == "Engine" || name == "RouterGroup" || name == "IRouter" || name == "IRoutes"):
		return "gin" // whose methods it has
	case strings.HasPrefix(path, "github.com/labstack/echo") && (name == "Echo" || name == "Group"):
		return "echo"
	case path == "github.com/gorilla/mux" && (name == "Router" || name == "Route"):
		return "mux"
	case strings.HasPrefix(path, "github.com/gofiber/fiber") && (name == "App" || name == "Group" || name == "Router"):
		return "fiber"
	case path == "github.com/julienschmidt/httprouter" && name == "Router":
		return "httprouter"
	case isMacaron(path) && (name == "Macaron" || name == "Router" || name == "ComboRouter"):
		return "macaron"
	case path == "github.com/flamego/flamego" && (name == "Flame" || name == "Router" || name == "ComboRoute"):
		return "flamego"
	case isRestful(path) && (name == "WebService" || name == "Container"):
		return "restful"
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
	of := s.info.TypeOf(selector.X)
	if library = routerOf(of); library == "" {
		library = l.routerOfContract(of)
	}
	if library == "" {
		return nil, "", "", false
	}
	upper := strings.ToUpper(name)
	if nests(library) {
		_, of := namedType(s.info.TypeOf(selector.X))
		path := !strings.HasPrefix(of, "Combo")
		switch {
		case httpMethods[upper]:
			return selector.X, library, upper, !path || len(call.Args) >= 2
		case name == "Any":
			return selector.X, library, "", len(call.Args) >= 2
		case name == "Route" || name == "Routes":
			return selector.X, library, "list", len(call.Args) >= 3
		}
		return nil, "", "", false
	}
	if library == "httprouter" && (name == "Handle" || name == "Handler" || name == "HandlerFunc") {
		return selector.X, library, "arg", len(call.Args) >= 3
	}
	switch {
	case httpMethods[upper] && len(call.Args) >= 2:
		return selector.X, library, upper, true
	case name == "Handle" || name == "HandleFunc" || name == "Any" || name == "All":
		return selector.X, library, "", len(call.Args) >= 2
	case name == "Method" || name == "MethodFunc" || name == "Add":
		return selector.X, library, "arg", len(call.Args) >= 3
	case library == "mux" && (name == "Handler" || name == "HandlerFunc"): // of a route whose path stands before: r.Path("/").Handler(h)
		return selector.X, library, "", len(call.Args) == 1
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
		if path, name := namedType(param); l.isRequest(param) || path == "net/http" && (name == "ResponseWriter" || name == "Handler") {
			return true
		}
	}
	return false
}

// findRoutes lifts the routes that a file registers.
func (l *lifter) findRoutes(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		l.findNamedRoutes(p.source, call)
		l.restfulRoute(p, call, stack)
		switch router, library, method, is := l.registration(p.source, call); {
		case is && l.repositoryRoutes(p, call, stack):
		case is && nests(library):
			l.nestedRoute(p, call, router, method, l.around(stack))
		case is:
			l.route(p, call, router, library, method)
		}
		return true
	})
	l.findServices(p)
}

func (l *lifter) route(p place, call *ast.CallExpr, router ast.Expr, library, method string) {
	method, args := l.methodOf(p.source, call, library, method)
	secured := false
	if library == "huma" {
		if args = args[1:]; method == "REGISTER" {
			var at ast.Expr
			method, at, secured = operationOf(p.source, args[0])
			args = append([]ast.Expr{at}, args[1:]...)
		}
	}
	before := library == "mux" && len(args) == 1 // the path is the router's
	if before {
		args = []ast.Expr{nil, args[0]}
	}
	if len(args) < 2 || l.registrar(p, call, args, method, router) {
		return
	}
	path, known := "", true
	if !before {
		path, known = l.routePath(p.source, args[0])
		path = below(library, path)
	}
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
	if secured {
		guards = append(guards, l.guardsOfAPI[p.path]...)
	}
	for _, m := range middle {
		guards = append(guards, l.guard(p.source, m))
	}
	handler, wrappers := l.unwrap(p.source, handlerArg, 0)
	guards = append(guards, wrappers...)
	if handler == nil {
		return
	}
	asked, open := l.askedByContract(handler)
	handler = l.behindGenerated(handler)
	l.handlers[handler] = true
	l.facts.Routes = append(l.facts.Routes, &facts.Route{
		Pos: l.pos(call.Pos()), Method: method, Path: normalPath(at.path() + path), Router: text(router), Kind: "http", Handler: handler.fact, Guards: guards,
		Checks: asked || l.looksAtCaller(handler) || slices.ContainsFunc(guards, l.asksForContract), Open: open, Unplaced: at.unplaced(),
	})
}

// registrar notes a function that registers what it is given: the routes are where it is called. It is one where the handler is
// a parameter, or a literal that calls one, and the path is not said.
func (l *lifter) registrar(p place, call *ast.CallExpr, args []ast.Expr, method string, router ast.Expr) bool {
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
			if _, known := l.registrars[f]; !known {
				l.registrars[f] = registrar{index: index, method: method, router: router, at: call, source: p.source, handler: arg}
			}
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
			if r, is := l.registrars[f]; is && r.index < len(call.Args) {
				l.registered(p, call, f, r)
				break
			}
		}
		return true
	})
}

func (l *lifter) registered(p place, call *ast.CallExpr, f *function, r registrar) {
	index := r.index
	if _, passes := l.registrars[l.nodes[p.declaration(call.Pos())]]; passes && l.leadsToParam(p, call, call.Args[index]) {
		return // it registers what it is given itself
	}
	handler, guards := l.unwrap(p.source, call.Args[index], 0)
	if handler == nil {
		return
	}
	method, path := r.method, ""
	_, library, _, _ := l.registration(r.source, r.at)
	for i, arg := range call.Args {
		text := constantText(p.source, arg)
		switch {
		case library == "huma" && i < index && text == "":
			verb, at, secured := operationOf(p.source, arg)
			if at != arg {
				method, path = verb, constantText(p.source, at)
			}
			if secured {
				guards = append(guards, l.guardsOfAPI[p.path]...)
			}
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
	around := l.wrapsOf(r.source, r.handler, f.params[index], 0)
	if base := l.scopeOf(r.source, r.router, 0); r.router != nil && l.routerOf(r.source.info.TypeOf(r.router)) != "own" {
		around, path = slices.Concat(base.around(r.at.Pos()), around), base.path()+path
	}
	if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && l.routerOf(p.info.TypeOf(selector.X)) != "" {
		at := l.scopeOf(p.source, selector.X, 0)
		around, path = slices.Concat(around, at.around(call.Pos())), at.path()+path
	}
	l.handlers[handler] = true
	l.facts.Routes = append(l.facts.Routes, &facts.Route{
		Pos: l.pos(call.Pos()), Method: method, Path: normalPath(path), Kind: "http", Handler: handler.fact, Guards: append(around, guards...), Checks: l.looksAtCaller(handler),
	})
}

// operationOf is the method and path of an operation of huma's, which a function may have added to, and whether its contract says that
// callers prove who they are.
func operationOf(s *source, e ast.Expr) (method string, path ast.Expr, secured bool) {
	path = e
	literal, is := ast.Unparen(e).(*ast.CompositeLit)
	if call, isCall := ast.Unparen(e).(*ast.CallExpr); isCall {
		for _, arg := range call.Args {
			if inner, isLiteral := ast.Unparen(arg).(*ast.CompositeLit); isLiteral && !is {
				literal, is = inner, true
			}
		}
	}
	if !is {
		return "", e, false
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
		case "Security":
			list, isList := ast.Unparen(pair.Value).(*ast.CompositeLit)
			secured = !isNilIdent(pair.Value) && (!isList || len(list.Elts) > 0)
		}
	}
	return method, path, secured
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

// below is a path as gin and fiber put it behind that of their group: with a slash between, said or not. Of the others
// only the root may leave it out.
func below(library, path string) string {
	if path == "" || path[0] == '/' || library != "gin" && library != "fiber" {
		return path
	}
	return "/" + path
}

// normalPath writes parameters as {name}.
func normalPath(path string) string {
	path = pathParam.ReplaceAllString(path, "{$1$2}")
	for strings.Contains(path, "//") {
		path = strings.ReplaceAll(path, "//", "/")
	}
	return path
}

// muxMethods is the method of a route of gorilla/mux: what Methods says, behind the handler or before it.
func (l *lifter) muxMethods(call *ast.CallExpr, method string) string {
	of := l.outer[call]
	if of == nil || calledName(of) != "Methods" {
		for of = call; of != nil && calledName(of) != "Methods"; {
			selector, is := ast.Unparen(of.Fun).(*ast.SelectorExpr)
			if !is {
				return method
			}
			of, _ = ast.Unparen(selector.X).(*ast.CallExpr)
		}
	}
	if of == nil || len(of.Args) == 0 {
		return method
	}
	if literal, is := of.Args[0].(*ast.BasicLit); is {
		return strings.Trim(literal.Value, `"`)
	}
	return strings.ToUpper(strings.TrimPrefix(text(of.Args[0]), "http.Method"))
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
	if isCall {
		if handler, guards := l.inChain(s, call); handler != nil {
			return handler, guards
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

// inChain finds the handler that a library which is not at hand is given first, and what is put around it, which is given behind it:
// chain.ToHandlerFunc(users.Find(), signedIn...), where Find is a function of the code that answers with the library's kind of handler.
func (l *lifter) inChain(s *source, call *ast.CallExpr) (*function, []facts.Guard) {
	if len(call.Args) == 0 || len(l.static(s, call)) > 0 {
		return nil, nil
	}
	made, is := ast.Unparen(call.Args[0]).(*ast.CallExpr)
	if !is {
		return nil, nil
	}
	makers := l.static(s, made)
	if len(makers) != 1 {
		return nil, nil
	}
	handler := makers[0] // what it hands to a maker of handlers is called by them
	for _, r := range handler.returns() {
		if len(r.Results) != 1 {
			return nil, nil
		}
		switch result := ast.Unparen(r.Results[0]).(type) {
		case *ast.FuncLit:
			if l.nodes[result] == nil || !l.isHandlerType(typeOr(makers[0].source.info.TypeOf(result))) {
				return nil, nil
			}
			handler = l.nodes[result]
		case *ast.CallExpr:
			if len(l.static(makers[0].source, result)) == 0 {
				return nil, nil
			}
		default:
			return nil, nil
		}
	}
	guards := []facts.Guard{}
	for _, arg := range call.Args[1:] {
		if d, once := l.setOnce(s, arg); once && call.Ellipsis.IsValid() {
			list, is := d.expr.(*ast.CompositeLit)
			if !is {
				return nil, nil // who may come here is not known
			}
			for _, e := range list.Elts {
				guards = append(guards, l.guard(d.source, e))
			}
			continue
		}
		guards = append(guards, l.guard(s, arg))
	}
	return handler, guards
}

func hasServeHTTP(t types.Type) bool {
	object, _, _ := types.LookupFieldOrMethod(t, true, nil, "ServeHTTP")
	return object != nil
}

// findLasting notes the routes whose handlers are given a context that does not end with the request. That of hertz is the server's, unless it
// is told to look for clients that are gone.
func (l *lifter) findLasting() {
	lasting := map[*facts.Function]bool{}
	for _, f := range l.functions {
		lasting[f.fact] = slices.ContainsFunc(f.params, func(o types.Object) bool {
			return o != nil && isNamed(o.Type(), "github.com/cloudwego/hertz/pkg/app", "RequestContext")
		})
	}
	for _, r := range l.facts.Routes {
		r.Lasting = lasting[r.Handler]
	}
}
