package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Groups of macaron and flamego are no values: m.Group("/x", func() { m.Get(…) }, guards…) calls the function, and what is registered
// within it, also some calls below, is of the group. So the scope of a route is where its call stands.

// nests reports whether the groups of a router are functions that take nothing.
func nests(library string) bool { return library == "macaron" || library == "flamego" }

// nest is a place at which a function registers routes: a group, or a call within one.
type nest struct {
	call   *ast.CallExpr
	source *source
	in     *function // that the call stands in; nil for none
	group  bool
}

// mostNests bounds how many groups the routes of one function are registered in.
const mostNests = 8

// findNests collects where functions that register routes of such routers are called, or given to a group.
func (l *lifter) findNests() {
	registering := map[*function]bool{}
	type site struct {
		nest
		runs []*function
	}
	var sites []site
	l.eachFile(func(p place) {
		ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			at := site{nest: nest{call: call, source: p.source, in: l.around(stack)}}
			if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && nests(l.routerOf(typeOr(p.info.TypeOf(selector.X)))) {
				for f := at.in; f != nil; f = f.parent {
					registering[f] = true
				}
				if selector.Sel.Name == "Group" && len(call.Args) >= 2 {
					at.group, at.runs = true, l.functionsOf(p.source, call.Args[1], 0)
				}
			}
			if at.runs == nil {
				at.runs = l.static(p.source, call)
			}
			if len(at.runs) > 0 {
				sites = append(sites, at)
			}
			return true
		})
	})
	if len(registering) == 0 {
		return
	}
	l.nests = map[*function][]nest{}
	for changed := true; changed; { // what calls a function that registers does so too
		changed = false
		for _, at := range sites {
			if at.in == nil || registering[at.in] || !slices.ContainsFunc(at.runs, func(f *function) bool { return registering[f] }) {
				continue
			}
			for f := at.in; f != nil; f = f.parent {
				changed = changed || !registering[f]
				registering[f] = true
			}
		}
	}
	for _, at := range sites {
		for _, f := range at.runs {
			if registering[f] && f != at.in && len(l.nests[f]) < mostNests {
				l.nests[f] = append(l.nests[f], at.nest)
			}
		}
	}
}

// nestings are the groups around what a function registers, one for each way that leads to it; one without anything where no
// group does.
func (l *lifter) nestings(f *function, depth int) []*scope {
	if f == nil || depth > 12 {
		return []*scope{nil}
	}
	around := l.nests[f]
	if len(around) == 0 && f.parent != nil {
		return l.nestings(f.parent, depth+1)
	}
	var out []*scope
	for _, n := range around {
		for _, outer := range l.nestings(n.in, depth+1) {
			made := outer
			if n.group {
				made = &scope{parent: outer}
				made.prefix, _ = l.routePath(n.source, n.call.Args[0])
				for _, arg := range n.call.Args[2:] {
					made.guards = append(made.guards, layer{Guard: l.guard(n.source, arg)})
				}
			}
			if len(out) < mostNests {
				out = append(out, made)
			}
		}
	}
	if len(out) == 0 {
		return []*scope{nil}
	}
	return out
}

// nestedRoute lifts a route of such a router: the last of the handlers answers, those before it are around it.
func (l *lifter) nestedRoute(p place, call *ast.CallExpr, router ast.Expr, method string, in *function) {
	args, path, methods := call.Args, "", []string{method}
	if _, name := namedType(p.info.TypeOf(router)); !strings.HasPrefix(name, "Combo") {
		path, _ = l.routePath(p.source, args[0])
		args = args[1:]
	}
	if method == "list" {
		methods = strings.Split(constantText(p.source, args[0]), ",")
		args = args[1:]
	}
	if len(args) == 0 {
		return
	}
	handler, inner := l.unwrap(p.source, args[len(args)-1], 0)
	if handler == nil {
		return
	}
	l.handlers[handler] = true
	base := l.scopeOf(p.source, router, 0)
	for _, nesting := range l.nestings(in, 0) {
		guards := slices.Concat(base.around(call.Pos()), nesting.around(call.Pos()), l.comboOf(p.source, router))
		for _, arg := range args[:len(args)-1] {
			guards = append(guards, l.guard(p.source, arg))
		}
		whole := nesting.path() + base.path() + path
		for _, method := range methods {
			l.facts.Routes = append(l.facts.Routes, &facts.Route{
				Pos: l.pos(call.Pos()), Method: strings.ToUpper(strings.TrimSpace(method)), Path: nestedPath(whole), Router: text(router), Kind: "http", Handler: handler.fact,
				Guards: slices.Concat(guards, inner), Checks: l.looksAtCaller(handler),
			})
		}
	}
}

// comboOf are the handlers that several methods of one path share, outermost first; nil for a router that is no such path.
func (l *lifter) comboOf(s *source, router ast.Expr) []facts.Guard {
	for {
		call, is := ast.Unparen(router).(*ast.CallExpr)
		if !is {
			return nil
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is {
			return nil
		}
		if selector.Sel.Name == "Combo" && len(call.Args) > 0 {
			var out []facts.Guard
			for _, arg := range call.Args[1:] {
				out = append(out, l.guard(s, arg))
			}
			return out
		}
		router = selector.X
	}
}

var (
	paramPattern = regexp.MustCompile(`:(\w+)\([^)]*\)`)
	ofPattern    = strings.NewReplacer("^", "", "$", "", `\.`, ".")
)

// nestedPath writes parameters as {name}, without the patterns that they must match.
func nestedPath(path string) string {
	return normalPath(ofPattern.Replace(paramPattern.ReplaceAllString(path, ":$1")))
}

// findInjected notes the parameters of handlers that a handler before them fills with what the client sent:
// m.Post("/", binding.Bind(Form{}), func(form Form) {…}).
func (l *lifter) findInjected(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is || !nests(l.routerOf(typeOr(p.info.TypeOf(selector.X)))) {
			return true
		}
		var forms []types.Type
		for _, arg := range call.Args {
			if binds, is := ast.Unparen(arg).(*ast.CallExpr); is {
				for _, of := range binds.Args {
					if literal, is := ast.Unparen(of).(*ast.CompositeLit); is && structOf(p.info.TypeOf(literal)) != nil {
						forms = append(forms, p.info.TypeOf(literal))
					}
				}
			}
			if len(forms) == 0 {
				continue
			}
			for _, f := range l.functionsOf(p.source, arg, 0) {
				for _, param := range f.params {
					if param != nil && slices.ContainsFunc(forms, func(t types.Type) bool { return structOf(t) == structOf(param.Type()) }) {
						l.injected[param] = theBody
					}
				}
			}
		}
		return true
	})
}
