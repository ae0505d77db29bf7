package golang

import (
	"go/ast"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Routes of go-zero stand in a list of structs that is added to a server, with what is around all of them:
//
//	server.AddRoutes([]rest.Route{{Method: http.MethodGet, Path: "/notes", Handler: notes.List(svc)}}, rest.WithPrefix("/v1"), rest.WithJwt(secret))

func isGoZeroRest(path string) bool {
	return strings.HasSuffix(path, "zeromicro/go-zero/rest") || strings.HasSuffix(path, "tal-tech/go-zero/rest")
}

// findGoZeroRoutes lifts the routes that a file adds.
func (l *lifter) findGoZeroRoutes(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || calledName(call) != "AddRoutes" && calledName(call) != "AddRoute" || len(call.Args) == 0 {
			return true
		}
		prefix := ""
		var guards []facts.Guard
		for _, arg := range call.Args[1:] {
			option, is := ast.Unparen(arg).(*ast.CallExpr)
			if !is {
				continue
			}
			switch calledName(option) {
			case "WithPrefix":
				if len(option.Args) == 1 {
					prefix, _ = l.routePath(p.source, option.Args[0])
				}
			case "WithJwt", "WithJwtTransition", "WithSignature":
				guards = append(guards, facts.Guard{Pos: l.pos(option.Pos()), Name: calledName(option), Auth: true})
			}
		}
		l.goZeroRoutes(p, call.Args[0], prefix, guards)
		return true
	})
}

// goZeroRoutes lifts the routes of a list, and of one that rest.WithMiddlewares puts something around.
func (l *lifter) goZeroRoutes(p place, e ast.Expr, prefix string, guards []facts.Guard) {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		if !strings.HasPrefix(calledName(e), "WithMiddleware") {
			return
		}
		routes := e.Args[1:]
		if around, is := ast.Unparen(e.Args[0]).(*ast.CompositeLit); is {
			for _, m := range around.Elts {
				guards = append(guards, l.guard(p.source, m))
			}
		} else {
			guards = append(guards, l.guard(p.source, e.Args[0]))
		}
		for _, list := range routes {
			l.goZeroRoutes(p, list, prefix, guards)
		}
	case *ast.CompositeLit:
		if path, name := namedType(typeOr(p.info.TypeOf(e))); name == "Route" && isGoZeroRest(path) {
			l.goZeroRoute(p, e, prefix, guards)
			return
		}
		for _, element := range e.Elts {
			l.goZeroRoutes(p, element, prefix, guards)
		}
	}
}

func (l *lifter) goZeroRoute(p place, e *ast.CompositeLit, prefix string, guards []facts.Guard) {
	method, path := "", ""
	var handler *function
	var wrappers []facts.Guard
	for _, element := range e.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			continue
		}
		switch text(pair.Key) {
		case "Method":
			method = strings.ToUpper(strings.TrimPrefix(text(pair.Value), "http.Method"))
			if said := constantText(p.source, pair.Value); said != "" {
				method = said
			}
		case "Path":
			path, _ = l.routePath(p.source, pair.Value)
		case "Handler":
			handler, wrappers = l.unwrap(p.source, pair.Value, 0)
		}
	}
	if handler == nil {
		return
	}
	l.handlers[handler] = true
	l.facts.Routes = append(l.facts.Routes, &facts.Route{
		Pos: l.pos(e.Pos()), Method: method, Path: normalPath(prefix + path), Kind: "http", Handler: handler.fact,
		Guards: append(append([]facts.Guard{}, guards...), wrappers...), Checks: l.looksAtCaller(handler),
	})
}
