package golang

import (
	"go/ast"
	"go/types"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// rata registers a table of routes, each with a name, and a map of handlers by these names:
//
//	rata.NewRouter(rata.Routes{{Path: "/builds/:id", Method: "GET", Name: GetBuild}}, rata.Handlers{GetBuild: builds.Get})

// findNamedRoutes lifts the routes of such a table. What a function puts around all of the map depends on the name, and is not known.
func (l *lifter) findNamedRoutes(s *source, call *ast.CallExpr) {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || selector.Sel.Name != "NewRouter" || len(call.Args) != 2 || s.packageOf(selector.X) != "github.com/tedsuo/rata" {
		return
	}
	handlers, unplaced := map[string]ast.Expr{}, false
	in, e := s, call.Args[1]
	for depth := 0; depth < 4; depth++ {
		if wrapper, is := ast.Unparen(e).(*ast.CallExpr); is && len(wrapper.Args) == 1 { // wrap(handlers)
			e, unplaced = wrapper.Args[0], unplaced || !in.info.Types[wrapper.Fun].IsType()
		}
		if d, once := l.setOnce(in, e); once {
			in, e = d.source, d.expr
		}
	}
	list, is := ast.Unparen(e).(*ast.CompositeLit)
	if !is {
		return
	}
	for _, element := range list.Elts {
		if pair, is := element.(*ast.KeyValueExpr); is {
			if name := constantText(in, pair.Key); name != "" {
				handlers[name] = pair.Value
			}
		}
	}
	table, of := l.routesIn(s, call.Args[0])
	if table == nil {
		return
	}
	for _, row := range table.Elts {
		fields, is := row.(*ast.CompositeLit)
		if !is {
			continue
		}
		value := map[string]string{}
		for _, field := range fields.Elts {
			if pair, is := field.(*ast.KeyValueExpr); is {
				value[text(pair.Key)] = constantText(of, pair.Value)
			}
		}
		e := handlers[value["Name"]]
		if e == nil || value["Path"] == "" {
			continue
		}
		handler, guards := l.namedHandler(in, e)
		if handler == nil {
			continue
		}
		l.handlers[handler] = true
		l.facts.Routes = append(l.facts.Routes, &facts.Route{
			Pos: l.pos(e.Pos()), Method: strings.ToUpper(value["Method"]), Path: normalPath(value["Path"]), Router: text(call.Args[0]), Kind: "http", Handler: handler.fact, Guards: guards,
			Checks: l.looksAtCaller(handler), Unplaced: unplaced,
		})
	}
}

// routesIn is the literal that an expression is: a variable of a function, or one of a package that nothing else is put into.
func (l *lifter) routesIn(s *source, e ast.Expr) (*ast.CompositeLit, *source) {
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && len(call.Args) == 1 { // rata.Routes([]rata.Route{…})
		e = call.Args[0]
	}
	if v, is := s.target(e).(*types.Var); is && len(l.defs[v]) == 1 && l.defs[v][0].expr != nil {
		return l.routesIn(l.defs[v][0].source, l.defs[v][0].expr)
	}
	list, is := ast.Unparen(e).(*ast.CompositeLit)
	if !is {
		return nil, nil
	}
	return list, s
}

// namedHandler is the handler of a route, be it made by a function that is given what loads for it: teams.HandlerFor(builds.Create), where
// Create answers with the handler for a team.
func (l *lifter) namedHandler(s *source, e ast.Expr) (*function, []facts.Guard) {
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && !s.info.Types[call.Fun].IsType() {
		for _, arg := range call.Args {
			if !isFunction(s.info.TypeOf(arg)) || l.isHandlerType(s.info.TypeOf(arg)) {
				continue
			}
			for _, maker := range l.functionsOf(s, arg, 0) {
				for _, r := range maker.returns() {
					if len(r.Results) != 1 {
						continue
					}
					if made := l.functionsOf(maker.source, r.Results[0], 0); len(made) > 0 {
						return made[0], []facts.Guard{l.guard(s, call)}
					}
				}
			}
		}
	}
	return l.unwrap(s, e, 0)
}
