package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Beego's routes name methods of controllers, in a text beside the path (beego.Router("/users", &Users{}, "get:List;post:Add")) or in the
// comment of the method (@router /users [get]). Filters stand around them by patterns of paths, and what a controller's Prepare does comes first.

// beegoFilter is a filter that is put around paths.
type beegoFilter struct {
	pattern string
	guard   facts.Guard
}

// findFilters collects beego.InsertFilter(pattern, position, filter).
func (l *lifter) findFilters(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || len(call.Args) < 3 || calledName(call) != "InsertFilter" {
			return true
		}
		if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && isBeego(p.packageOf(selector.X)) {
			l.filters = append(l.filters, beegoFilter{constantText(p.source, call.Args[0]), l.guard(p.source, call.Args[2])})
		}
		return true
	})
}

func (l *lifter) findBeegoRoutes(p place) {
	if !slices.ContainsFunc(p.file.Imports, func(i *ast.ImportSpec) bool { return isBeego(strings.Trim(i.Path.Value, "\"`")) }) {
		return
	}
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		return !l.beegoRoutes(p, call, "", nil)
	})
}

// beegoRoutes lifts what a call of beego's registers, below a path. It reports whether it is one.
func (l *lifter) beegoRoutes(p place, call *ast.CallExpr, below string, guards []facts.Guard) bool {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || !isBeego(p.packageOf(selector.X)) || len(call.Args) == 0 {
		return false
	}
	name := selector.Sel.Name
	path := below + constantText(p.source, call.Args[0])
	switch verb := strings.ToUpper(strings.TrimPrefix(name, "NS")); {
	case name == "NewNamespace" || name == "NSNamespace":
		for _, arg := range call.Args[1:] {
			if inner, is := ast.Unparen(arg).(*ast.CallExpr); is && calledName(inner) == "NSBefore" {
				for _, filter := range inner.Args {
					guards = append(slices.Clip(guards), l.guard(p.source, filter))
				}
			}
		}
		for _, arg := range call.Args[1:] {
			if inner, is := ast.Unparen(arg).(*ast.CallExpr); is {
				l.beegoRoutes(p, inner, path, guards)
			}
		}
	case (verb == "ROUTER") && len(call.Args) >= 2:
		mappings := ""
		for _, arg := range call.Args[2:] {
			mappings += constantText(p.source, arg) + ";"
		}
		l.mapped(p, call, call.Args[1], path, mappings, guards)
	case verb == "INCLUDE":
		for _, arg := range call.Args {
			l.annotated(p, call, arg, below, guards)
		}
	case httpMethods[verb] && len(call.Args) == 2, verb == "ANY" && len(call.Args) == 2:
		if functions := l.functionsOf(p.source, call.Args[1], 0); len(functions) == 1 {
			l.beegoRoute(p, call, functions[0], nil, strings.TrimSuffix(verb, "ANY"), path, guards)
		}
	default:
		return false
	}
	return true
}

// mapped lifts the methods of a controller that a text maps to methods of HTTP; without one they are named after these.
func (l *lifter) mapped(p place, call *ast.CallExpr, controller ast.Expr, path, mappings string, guards []facts.Guard) {
	of := l.controllerOf(p.source, controller)
	if of == nil {
		return
	}
	found := false
	for mapping := range strings.SplitSeq(mappings, ";") {
		verbs, method, is := strings.Cut(mapping, ":")
		if !is {
			continue
		}
		found = true
		if f := l.methodNamed(of, method); f != nil {
			for verb := range strings.SplitSeq(verbs, ",") {
				l.beegoRoute(p, call, f, of, strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(verb)), "*"), path, guards)
			}
		}
	}
	if found {
		return
	}
	for _, verb := range []string{"Get", "Post", "Put", "Patch", "Delete"} {
		if f := l.methodNamed(of, verb); f != nil {
			l.beegoRoute(p, call, f, of, strings.ToUpper(verb), path, guards)
		}
	}
}

var routerComment = regexp.MustCompile(`(?m)^@router\s+(\S+)\s*(?:\[([\w,* ]+)\])?`)

// annotated lifts the methods of a controller whose comments say their routes.
func (l *lifter) annotated(p place, call *ast.CallExpr, controller ast.Expr, below string, guards []facts.Guard) {
	of := l.controllerOf(p.source, controller)
	if of == nil {
		return
	}
	for method := range of.Methods() {
		f := l.declared[method.Origin()]
		if f == nil {
			continue
		}
		decl, is := f.node.(*ast.FuncDecl)
		if !is || decl.Doc == nil {
			continue
		}
		for _, m := range routerComment.FindAllStringSubmatch(decl.Doc.Text(), -1) {
			verbs := m[2]
			if verbs == "" {
				verbs = "get"
			}
			for verb := range strings.SplitSeq(verbs, ",") {
				l.beegoRoute(p, call, f, of, strings.ToUpper(strings.TrimSpace(verb)), below+m[1], guards)
			}
		}
	}
}

func (l *lifter) beegoRoute(p place, call *ast.CallExpr, handler *function, controller *types.Named, method, path string, guards []facts.Guard) {
	path = normalPath(path)
	if slices.ContainsFunc(l.facts.Routes, func(r *facts.Route) bool { return r.Handler == handler.fact && r.Method == method && r.Path == path }) {
		return // registered by its comment too
	}
	var around []facts.Guard
	for _, filter := range l.filters {
		if matchesFilter(filter.pattern, path) {
			around = append(around, filter.guard)
		}
	}
	around = append(around, guards...)
	if controller != nil {
		if first := l.methodNamed(controller, "Prepare"); first != nil {
			around = append(around, facts.Guard{Pos: first.fact.Pos, Name: first.fact.Name, Auth: l.looksAtCaller(first), Runs: []*facts.Function{first.fact}})
		}
	}
	l.handlers[handler] = true
	l.facts.Routes = append(l.facts.Routes, &facts.Route{
		Pos: l.pos(call.Pos()), Method: method, Path: path, Kind: "http", Handler: handler.fact, Guards: around, Checks: l.looksAtCaller(handler),
	})
}

// matchesFilter reports whether a filter for a pattern is put around a path.
func matchesFilter(pattern, path string) bool {
	before, _, any := strings.Cut(pattern, "*")
	if !any {
		return normalPath(pattern) == path
	}
	return strings.HasPrefix(path, strings.TrimSuffix(normalPath(before), "/"))
}

// controllerOf is the type of a controller, of the code.
func (l *lifter) controllerOf(s *source, e ast.Expr) *types.Named {
	named := structOf(s.info.TypeOf(e))
	if named == nil || named.Obj().Pkg() == nil || l.loader.sources[named.Obj().Pkg().Path()] == nil {
		return nil
	}
	return named
}

// methodNamed is a method of a type of the code, or of what it embeds.
func (l *lifter) methodNamed(of *types.Named, name string) *function {
	object, _, _ := types.LookupFieldOrMethod(types.NewPointer(of), true, of.Obj().Pkg(), strings.TrimSpace(name))
	method, is := object.(*types.Func)
	if !is {
		return nil
	}
	return l.declared[method.Origin()]
}
