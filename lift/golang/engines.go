package golang

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Some code wraps a router in a type of its own: an engine whose methods register what they are given, with middleware and a context of the
// code's own. Its methods Use and Group are read as those of a library's router: what they put around routes is theirs before any
// route is judged.

// registrar is a function that registers what it is given.
type registrar struct {
	index   int    // the parameter that is the handler
	method  string // "" where who calls it says it, or nobody
	router  ast.Expr
	at      *ast.CallExpr
	source  *source
	handler ast.Expr // as it registers it
}

// findEngines finds the functions of the code that register what they are given, and the types that have such methods.
func (l *lifter) findEngines() {
	for range 3 { // one may be called by another
		before := len(l.registrars)
		l.eachFile(func(p place) {
			ast.Inspect(p.file, func(n ast.Node) bool {
				call, is := n.(*ast.CallExpr)
				if !is {
					return true
				}
				if router, library, method, is := l.registration(p.source, call); is && library != "huma" && !nests(library) {
					method, args := l.methodOf(p.source, call, library, method)
					if len(args) < 2 {
						return true
					}
					if answers, _ := p.madeByRest(args[len(args)-1]); answers == "" {
						l.registrar(p, call, args, method, router)
					}
					return true
				}
				if before == 0 {
					return true
				}
				for _, f := range l.static(p.source, call) {
					if known, is := l.registrars[f]; is && known.index < len(call.Args) && l.nodes[p.declaration(call.Pos())] != f {
						method := known.method
						for _, arg := range call.Args {
							if text := strings.ToUpper(constantText(p.source, arg)); method == "" && httpMethods[text] {
								method = text
							}
						}
						l.registrar(p, call, []ast.Expr{nil, call.Args[known.index]}, method, nil)
						break
					}
				}
				return true
			})
		})
		if len(l.registrars) == before {
			break
		}
	}
	for f, r := range l.registrars {
		if f.recv != nil {
			if named := structOf(f.recv.Type()); named != nil {
				l.engines[named.Obj()] = true
			}
		}
		l.noteContexts(f.params[r.index].Type())
	}
}

// methodOf is the method that a registration says, and what it says behind that.
func (l *lifter) methodOf(s *source, call *ast.CallExpr, library, method string) (string, []ast.Expr) {
	args := call.Args
	if method == "arg" || library == "gin" && calledName(call) == "Handle" && len(args) >= 3 {
		return strings.ToUpper(constantText(s, args[0])), args[1:]
	}
	return method, args
}

// noteContexts notes what handlers of an engine of the code are given: a type of its own that holds the request.
func (l *lifter) noteContexts(handler types.Type) {
	sig, is := handler.Underlying().(*types.Signature)
	if !is {
		return
	}
	for param := range sig.Params().Variables() {
		t := types.Unalias(param.Type())
		if pointer, is := t.(*types.Pointer); is {
			t = types.Unalias(pointer.Elem())
		}
		named, is := t.(*types.Named)
		if is && named.Obj().Pkg() != nil && l.loader.sources[named.Obj().Pkg().Path()] != nil && l.holdsRequest(named, 0) {
			l.contexts[named.Obj()] = true
		}
	}
}

// holdsRequest reports whether a struct has a request in it, or an interface gives one.
func (l *lifter) holdsRequest(t types.Type, depth int) bool {
	if l.isRequest(t) {
		return true
	}
	if depth > 2 {
		return false
	}
	if pointer, is := types.Unalias(t).(*types.Pointer); is {
		t = pointer.Elem()
	}
	switch u := t.Underlying().(type) {
	case *types.Struct:
		for field := range u.Fields() {
			if named := structOf(field.Type()); l.isRequest(field.Type()) || named != nil && named.Obj().Pkg() != nil && l.loader.sources[named.Obj().Pkg().Path()] != nil && l.holdsRequest(field.Type(), depth+1) {
				return true
			}
		}
	case *types.Interface:
		for method := range u.Methods() {
			results := method.Type().(*types.Signature).Results()
			if results.Len() == 1 && l.isRequest(results.At(0).Type()) {
				return true
			}
		}
	}
	return false
}

// isEngineContext reports whether a type is what an engine of the code gives its handlers.
func (l *lifter) isEngineContext(t types.Type) bool {
	if len(l.contexts) == 0 || t == nil {
		return false
	}
	if pointer, is := types.Unalias(t).(*types.Pointer); is {
		t = pointer.Elem()
	}
	named, is := types.Unalias(t).(*types.Named)
	return is && l.contexts[named.Obj()]
}

// routerOf names the library of a router by its type; "own" is an engine of the code, or a group of one.
func (l *lifter) routerOf(t types.Type) string {
	if t == nil {
		return ""
	}
	if library := routerOf(t); library != "" {
		return library
	}
	if library := l.routerOfContract(t); library != "" {
		return library
	}
	if named := structOf(t); named != nil && l.engines[named.Obj()] && !isList(t) && !isMap(t) {
		return "own"
	}
	return ""
}

// collects reports whether a method only adds what it is given to a list: that is around what is registered afterwards, and a group
// takes over what there was when it was made.
func (l *lifter) collects(s *source, call *ast.CallExpr) bool {
	return slices.ContainsFunc(l.static(s, call), func(f *function) bool {
		found := false
		ast.Inspect(f.body, func(n ast.Node) bool {
			inner, is := n.(*ast.CallExpr)
			if is {
				id, builtin := inner.Fun.(*ast.Ident)
				found = found || builtin && id.Name == "append"
			}
			return !found
		})
		return found
	})
}

// wrapsOf are the functions that are put around a parameter, outermost first: a(b(param)).
func (l *lifter) wrapsOf(s *source, e ast.Expr, param types.Object, depth int) []facts.Guard {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is || depth > 5 {
		return nil
	}
	for _, arg := range call.Args {
		if l.leadsTo(s, arg, param, 0) {
			inner := l.wrapsOf(s, arg, param, depth+1)
			if s.info.Types[call.Fun].IsType() {
				return inner
			}
			return append([]facts.Guard{l.guard(s, call)}, inner...)
		}
	}
	return nil
}

// engineCallees are the methods of the code that a call on such a context is.
func (l *lifter) engineCallees(s *source, selector *ast.SelectorExpr, call *ast.CallExpr) []*function {
	if !l.isEngineContext(s.info.TypeOf(selector.X)) {
		return nil
	}
	return l.static(s, call)
}

// leadsToParam reports whether an expression is a parameter of the function around it.
func (l *lifter) leadsToParam(p place, call *ast.CallExpr, e ast.Expr) bool {
	f := l.nodes[p.declaration(call.Pos())]
	return f != nil && slices.ContainsFunc(f.params, func(param types.Object) bool { return param != nil && l.leadsTo(p.source, e, param, 0) })
}
