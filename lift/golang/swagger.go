package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// What go-swagger writes of a contract is filled in by assignments: api.NoteGetNoteHandler = note.GetNoteHandlerFunc(h). The comment of the
// operation beside the type of the function says the route, and the struct that the function is given holds what the client sends.

// operation is an operation that go-swagger has written.
type operation struct {
	method, path string
}

var (
	swaggerRoute   = regexp.MustCompile(`(?m)\bswagger:route\s+(\S+)\s+(\S+)`)
	swaggerMaximum = regexp.MustCompile(`(?m)^\s*Maximum:`)
	swaggerSends   = regexp.MustCompile(`(?m)^swagger:parameters\b`)
)

// findOperations notes the operations of a file, by the type of their functions, and the structs that hold what clients send.
func (l *lifter) findOperations(p place) {
	for _, decl := range p.file.Decls {
		general, is := decl.(*ast.GenDecl)
		if !is || general.Doc == nil || len(general.Specs) != 1 {
			continue
		}
		spec, is := general.Specs[0].(*ast.TypeSpec)
		if !is || p.types == nil {
			continue
		}
		if m := swaggerRoute.FindStringSubmatch(general.Doc.Text()); m != nil {
			if of := p.types.Scope().Lookup(spec.Name.Name + "HandlerFunc"); of != nil {
				l.operations[of] = operation{strings.ToUpper(m[1]), m[2]}
				l.namePathParams(p.types.Scope().Lookup(spec.Name.Name+"Params"), m[2])
			}
		}
		if swaggerSends.MatchString(general.Doc.Text()) {
			if sends, is := p.types.Scope().Lookup(spec.Name.Name).(*types.TypeName); is && l.holdsRequest(sends.Type(), 0) {
				l.contexts[sends] = true
			}
			l.noteMaxima(p, spec)
		}
	}
}

// noteMaxima notes the fields for which the contract says how large they may be, and how small: what sends anything else is refused before the function is called.
func (l *lifter) noteMaxima(p place, spec *ast.TypeSpec) {
	structure, is := spec.Type.(*ast.StructType)
	if !is {
		return
	}
	for _, field := range structure.Fields.List {
		if field.Doc == nil {
			continue
		}
		for _, name := range field.Names {
			if object := p.info.Defs[name]; object != nil && swaggerMaximum.MatchString(field.Doc.Text()) {
				l.bounded[object] = true
			}
			if object := p.info.Defs[name]; object != nil && swaggerMinimum.MatchString(field.Doc.Text()) {
				l.positive[object] = true
			}
		}
	}
}

// namePathParams notes which fields a route's path fills.
func (l *lifter) namePathParams(sends types.Object, path string) {
	if sends == nil {
		return
	}
	structure, is := sends.Type().Underlying().(*types.Struct)
	if !is {
		return
	}
	plain := strings.NewReplacer("_", "", "-", "")
	for _, m := range pathParam.FindAllStringSubmatch(path, -1) {
		for field := range structure.Fields() {
			if strings.EqualFold(plain.Replace(m[1]+m[2]), field.Name()) {
				l.pathParams[field] = m[1] + m[2]
			}
		}
	}
}

// findOperationRoutes lifts the functions that are assigned to operations.
func (l *lifter) findOperationRoutes(p place) {
	if len(l.operations) == 0 {
		return
	}
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || len(call.Args) != 1 || !p.info.Types[call.Fun].IsType() {
			return true
		}
		of, is := l.operations[p.target(call.Fun)]
		if !is {
			return true
		}
		functions := l.functionsOf(p.source, call.Args[0], 0)
		if len(functions) == 0 {
			return true
		}
		handler := l.behindGenerated(functions[0])
		if handler.fact.Aside == "generated" {
			return true // it answers that nothing is there
		}
		var guards []facts.Guard
		if len(functions[0].params) == 2 { // who calls, as the contract says that he proves it
			guards = append(guards, facts.Guard{Pos: l.pos(call.Pos()), Name: "principal", Auth: true})
		}
		l.handlers[handler] = true
		l.facts.Routes = append(l.facts.Routes, &facts.Route{
			Pos: l.pos(call.Pos()), Method: of.method, Path: normalPath(of.path), Kind: "http", Handler: handler.fact, Guards: guards, Checks: l.looksAtCaller(handler),
		})
		return true
	})
}
