package golang

import (
	"go/ast"
	goconstant "go/constant"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Of a contract (protobuf, thrift, OpenAPI) a tool writes an interface, and what calls it. The code gives that a value which implements the
// interface: pb.RegisterUsersServer(server, users), usersconnect.NewUsersHandler(users), api.RegisterHandlers(router, users). Its methods are
// what answers: as procedures by their names, or by the paths for which what is written registers functions of its own around them.

// findServed lifts the procedures of the values that a file gives to what is written of a contract.
func (l *lifter) findServed(p place) {
	if aside := p.aside[p.file]; aside == "test" || aside == "generated" {
		return
	}
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		fn := calledFunction(p.source, call)
		if fn == nil || l.declared[fn] == nil {
			l.servedUnseen(p, call)
			return true
		}
		sig := fn.Type().(*types.Signature)
		if l.declared[fn].fact.Aside != "generated" || sig.Recv() != nil {
			return true
		}
		for i, arg := range call.Args {
			if i < sig.Params().Len() {
				l.served(p, arg, sig.Params().At(i).Type())
			}
		}
		return true
	})
}

// calledFunction is the function that a call names, nil for another expression.
func calledFunction(s *source, call *ast.CallExpr) *types.Func {
	fn, is := s.target(call.Fun).(*types.Func)
	if !is {
		return nil
	}
	return fn.Origin()
}

// served lifts the methods of a value that is given as an interface of a contract.
func (l *lifter) served(p place, value ast.Expr, as types.Type) {
	named, is := types.Unalias(as).(*types.Named)
	if !is || !l.ofContract(named) {
		return
	}
	iface := named.Underlying().(*types.Interface)
	service := namesService.ReplaceAllString(named.Obj().Name(), "")
	if service == "" {
		service = named.Obj().Pkg().Name()
	}
	for method := range iface.Methods() {
		for _, f := range l.answering(p.source, value, method, iface) {
			if !l.handlers[f] {
				l.procedure(f, service)
			}
		}
	}
}

// namesService is what stands behind the name of a service in the name of its interface.
var namesService = regexp.MustCompile(`(HTTP|Strict)?(Server|Handler|Service|ServerInterface|API)?$`)

// procedure makes a method a way in, of a service.
func (l *lifter) procedure(f *function, service string) {
	decl, is := f.node.(*ast.FuncDecl)
	if !is {
		return
	}
	l.handlers[f] = true
	l.facts.Routes = append(l.facts.Routes, &facts.Route{Pos: l.pos(decl.Name.Pos()), Path: service + "/" + decl.Name.Name, Kind: "grpc", Handler: f.fact, Checks: l.looksAtCaller(f)})
}

// answering are the methods of the code that a method of an interface is, of a value that is given as that interface.
func (l *lifter) answering(s *source, value ast.Expr, method *types.Func, iface *types.Interface) []*function {
	t := typeOr(s.info.TypeOf(value))
	if !types.IsInterface(t) {
		object, _, _ := types.LookupFieldOrMethod(t, true, method.Pkg(), method.Name())
		if fn, is := object.(*types.Func); is && l.declared[fn.Origin()] != nil {
			return writtenByHand([]*function{l.declared[fn.Origin()]})
		}
		return nil
	}
	return writtenByHand(l.implementing(method, iface))
}

func writtenByHand(functions []*function) []*function {
	return slices.DeleteFunc(slices.Clone(functions), func(f *function) bool { return f.fact.Aside != "" })
}

// ofContract reports whether an interface is one that is written of a contract for who answers: most of its methods are given a request,
// or a context and something else that is written, and may fail.
func (l *lifter) ofContract(named *types.Named) bool {
	iface, is := named.Underlying().(*types.Interface)
	if !is || iface.NumMethods() == 0 || !l.isGenerated(named) {
		return false
	}
	answers, all := 0, 0
	for method := range iface.Methods() {
		if !method.Exported() {
			continue
		}
		all++
		sig := method.Type().(*types.Signature)
		if l.isHandlerType(sig) {
			answers++
			continue
		}
		params, results := sig.Params(), sig.Results()
		if params.Len() == 0 || results.Len() == 0 || !isError(results.At(results.Len()-1).Type()) {
			continue
		}
		written := false
		for i := range params.Len() {
			written = written || l.isGenerated(carried(params.At(i).Type()))
		}
		for i := range results.Len() {
			written = written || l.isGenerated(carried(results.At(i).Type()))
		}
		if written || params.Len() == 1 && isNamed(params.At(0).Type(), "context", "Context") {
			answers++
		}
	}
	return answers > 0 && answers*2 > all
}

// carried is a named type, what it points to, or what a generic type is made of: connect.Request[T]. Nil for none.
func carried(t types.Type) *types.Named {
	if pointer, is := types.Unalias(t).(*types.Pointer); is {
		t = pointer.Elem()
	}
	named, is := types.Unalias(t).(*types.Named)
	if !is {
		return nil
	}
	if of := named.TypeArgs(); of.Len() > 0 {
		return carried(of.At(0))
	}
	return named
}

var (
	registersServer = regexp.MustCompile(`^Register(\w+)Server$`)
	makesHandler    = regexp.MustCompile(`^New(\w+)Handler$`)
)

// servedUnseen lifts the procedures of a value that is given to what was written of a contract elsewhere, which is not at hand: by how its
// functions are named, and what methods of procedures look like.
func (l *lifter) servedUnseen(p place, call *ast.CallExpr) {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || len(call.Args) == 0 {
		return
	}
	from := p.packageOf(selector.X)
	if from == "" || l.loader.sources[from] != nil {
		return
	}
	value, service := call.Args[0], ""
	if m := registersServer.FindStringSubmatch(selector.Sel.Name); m != nil && len(call.Args) == 2 {
		value, service = call.Args[1], m[1]
	} else if m := makesHandler.FindStringSubmatch(selector.Sel.Name); m != nil && strings.HasSuffix(from, "connect") {
		service = m[1]
	}
	of := structOf(typeOr(p.info.TypeOf(value)))
	if service == "" || of == nil {
		return
	}
	names := map[string]bool{}
	methodNames(of, names, map[*types.Named]bool{})
	for _, name := range sortedKeys(names) {
		object, _, _ := types.LookupFieldOrMethod(types.NewPointer(of), true, of.Obj().Pkg(), name)
		fn, is := object.(*types.Func)
		if !is || !fn.Exported() || l.declared[fn.Origin()] == nil {
			continue
		}
		f, sig := l.declared[fn.Origin()], fn.Type().(*types.Signature)
		if f.fact.Aside == "" && !l.handlers[f] && sig.Params().Len() == 2 && sig.Results().Len() == 2 && isNamed(sig.Params().At(0).Type(), "context", "Context") &&
			isPointer(sig.Params().At(1).Type()) && isError(sig.Results().At(1).Type()) {
			l.procedure(f, service)
		}
	}
}

// behindGenerated is the function of the code that a handler leads to which a tool has written of a contract; the handler itself where it is
// the code's own, or leads to none or to several.
func (l *lifter) behindGenerated(handler *function) *function {
	if handler.fact.Aside != "generated" {
		return handler
	}
	var found []*function
	l.ledTo(handler, 0, map[*function]bool{}, &found)
	if len(found) != 1 {
		return handler
	}
	return found[0]
}

// scopes are names of constants that a tool writes for each way of a contract in which callers prove who they are. What it writes around a
// handler puts them into the context of a request that has to be proven so, for a middleware that asks.
var scopes = regexp.MustCompile(`Scopes$`)

// askedByContract reports whether a contract says of a handler that is written of it that callers prove who they are, or says so of others
// alone.
func (l *lifter) askedByContract(handler *function) (asked, open bool) {
	if handler.fact.Aside != "generated" || handler.source.types == nil {
		return false, false
	}
	some := slices.ContainsFunc(handler.source.types.Scope().Names(), func(name string) bool {
		constant, is := handler.source.types.Scope().Lookup(name).(*types.Const)
		return is && scopes.MatchString(name) && constant.Val().Kind() == goconstant.String
	})
	if !some {
		return false, false
	}
	ast.Inspect(handler.body, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		if is && scopes.MatchString(id.Name) {
			_, constant := handler.source.info.Uses[id].(*types.Const)
			asked = asked || constant
		}
		return !asked
	})
	return asked, !asked
}

// ledTo collects the methods of the code that generated functions call through interfaces of their contract.
func (l *lifter) ledTo(f *function, depth int, seen map[*function]bool, found *[]*function) {
	if seen[f] || depth > 4 {
		return
	}
	seen[f] = true
	ast.Inspect(f.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is {
			return true
		}
		through, _ := typeOr(f.source.info.TypeOf(selector.X)).(*types.Named)
		if through == nil || !l.ofContract(through) {
			return true
		}
		for _, callee := range l.static(f.source, call) {
			switch {
			case callee.fact.Aside == "generated":
				l.ledTo(callee, depth+1, seen, found)
			case callee.fact.Aside == "" && !slices.Contains(*found, callee):
				*found = append(*found, callee)
			}
		}
		return true
	})
}

// routerOfContract names the library whose routers an interface stands for which a tool has written of a contract, by what its methods
// register.
func (l *lifter) routerOfContract(t types.Type) string {
	if t == nil || !types.IsInterface(t) || !l.isGenerated(carried(t)) {
		return ""
	}
	for _, name := range []string{"GET", "Get", "HandleFunc"} {
		object, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
		method, is := object.(*types.Func)
		if !is {
			continue
		}
		params := method.Type().(*types.Signature).Params()
		if params.Len() < 2 || !isString(params.At(0).Type()) {
			continue
		}
		of := params.At(1).Type()
		if list, is := of.(*types.Slice); is {
			of = list.Elem()
		}
		switch path, kind := namedType(of); {
		case strings.HasPrefix(path, "github.com/labstack/echo") && kind == "HandlerFunc":
			return "echo"
		case strings.HasPrefix(path, "github.com/gin-gonic/gin") && kind == "HandlerFunc":
			return "gin"
		case strings.HasPrefix(path, "github.com/gofiber/fiber") && kind == "Handler":
			return "fiber"
		}
		if sig, is := of.Underlying().(*types.Signature); is && sig.Params().Len() == 2 && isNamed(sig.Params().At(1).Type(), "net/http", "Request") {
			if name == "HandleFunc" {
				return "http"
			}
			return "chi"
		}
	}
	return ""
}
