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
		of, isResolver := strings.CutSuffix(receiver, "Resolver")
		if !isResolver || of == "" || sig.Params().Len() == 0 || sig.Results().Len() != 2 || !isNamed(sig.Params().At(0).Type(), "context", "Context") {
			continue
		}
		f := l.declared[object]
		isRoot := of == "query" || of == "mutation" || of == "subscription"
		if !isRoot && (sig.Params().Len() < 2 || structOf(sig.Params().At(1).Type()) == nil) {
			continue
		}
		r := &facts.Route{Pos: l.pos(fn.Name.Pos()), Path: strings.ToUpper(of[:1]) + of[1:] + "." + fn.Name.Name, Kind: "graphql", Handler: f.fact, Checks: l.looksAtCaller(f)}
		if !isRoot {
			r.Kind = "field"
		}
		l.handlers[f] = true
		l.facts.Routes = append(l.facts.Routes, r)
	}
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
