package golang

import (
	"go/ast"
	"go/types"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

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
		service := embeddedService(sig.Recv().Type(), fn.Name.Name)
		if service == "" {
			continue
		}
		if _, name := namedType(sig.Params().At(1).Type()); name == "" && !isPointer(sig.Params().At(1).Type()) {
			continue
		}
		l.handlers[f] = true
		l.facts.Routes = append(l.facts.Routes, &facts.Route{Pos: l.pos(fn.Name.Pos()), Path: service + "/" + fn.Name.Name, Kind: "grpc", Handler: f.fact, Checks: l.looksAtCaller(f)})
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
		if object := l.resolvedObject(sig.Recv().Type()); object != "" {
			receiver = object + "Resolver"
		}
		of, isResolver := strings.CutSuffix(receiver, "Resolver")
		if !isResolver || of == "" || sig.Params().Len() == 0 || sig.Results().Len() != 2 || !isNamed(sig.Params().At(0).Type(), "context", "Context") {
			continue
		}
		of = strings.ToLower(of[:1]) + of[1:]
		f := l.declared[object]
		isRoot := of == "query" || of == "mutation" || of == "subscription"
		if !isRoot && (sig.Params().Len() < 2 || structOf(sig.Params().At(1).Type()) == nil && !isGivenObject(fn, of)) {
			continue
		}
		r := &facts.Route{Pos: l.pos(fn.Name.Pos()), Path: strings.ToUpper(of[:1]) + of[1:] + "." + fn.Name.Name, Kind: "graphql", Handler: f.fact, Checks: l.looksAtCaller(f)}
		if !isRoot {
			r.Kind, r.Parent = "field", 1
		}
		l.handlers[f] = true
		l.facts.Routes = append(l.facts.Routes, r)
	}
}

// isGivenObject reports whether what a resolver is given beside its context has the name of the object whose field it answers, where the type that
// the tool writes for it is not at hand.
func isGivenObject(fn *ast.FuncDecl, object string) bool {
	if len(fn.Type.Params.List) < 2 {
		return false
	}
	pointer, is := fn.Type.Params.List[1].Type.(*ast.StarExpr)
	if !is {
		return false
	}
	switch named := pointer.X.(type) {
	case *ast.Ident:
		return strings.EqualFold(named.Name, object)
	case *ast.SelectorExpr:
		return strings.EqualFold(named.Sel.Name, object)
	}
	return false
}

// resolvedObject is the object of the schema whose fields a type answers, by the function that gives one: func (r *Resolver) Order()
// OrderResolver { return &ordersResolver{r} }. "" where there is none.
func (l *lifter) resolvedObject(t types.Type) string {
	if l.resolved == nil {
		l.resolved = map[*types.TypeName]string{}
		for _, f := range l.functions {
			decl, is := f.node.(*ast.FuncDecl)
			if !is || decl.Recv == nil || f.body == nil || f.sig.Params().Len() != 0 || f.sig.Results().Len() != 1 || len(f.body.List) != 1 {
				continue
			}
			if _, as := namedType(f.sig.Results().At(0).Type()); as != decl.Name.Name+"Resolver" && as != "" {
				continue // "" where the code that the tool writes is not at hand
			}
			if given, is := f.body.List[0].(*ast.ReturnStmt); is && len(given.Results) == 1 {
				if of := structOf(typeOr(f.source.info.TypeOf(given.Results[0]))); of != nil && strings.HasSuffix(of.Obj().Name(), "Resolver") {
					l.resolved[of.Obj()] = decl.Name.Name
				}
			}
		}
	}
	if of := structOf(t); of != nil {
		return l.resolved[of.Obj()]
	}
	return ""
}

// embeddedService is the service whose procedure a method is: of the types that stand in for what is not written yet, the one that
// has a method of that name, else the last.
func embeddedService(t types.Type, method string) string {
	if pointer, is := t.(*types.Pointer); is {
		t = pointer.Elem()
	}
	structure, is := t.Underlying().(*types.Struct)
	if !is {
		return ""
	}
	service := ""
	for i := range structure.NumFields() {
		field := structure.Field(i)
		if !field.Embedded() {
			continue
		}
		for _, prefix := range []string{"Unimplemented", "Unsafe"} {
			rest, found := strings.CutPrefix(field.Name(), prefix)
			if !found {
				continue
			}
			service = strings.TrimSuffix(strings.TrimSuffix(rest, "Server"), "Handler")
			if object, _, _ := types.LookupFieldOrMethod(field.Type(), true, field.Pkg(), method); object != nil {
				return service
			}
		}
	}
	return service
}
