package design

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/vektah/gqlparser/v2/ast"
	sdl "github.com/vektah/gqlparser/v2/parser"
)

// Prelude is the definition of the language's scalars and directives, for editors: with it, a design is stock SDL.
// A project keeps it as design/prelude.graphql.
//
//go:embed prelude.graphql
var Prelude string

// stock are the directives of the language that GraphQL itself defines.
const stock = `directive @deprecated(reason: String) on FIELD_DEFINITION | ARGUMENT_DEFINITION | INPUT_FIELD_DEFINITION | ENUM_VALUE`

// prelude is what designs are checked against.
type prelude struct {
	directives map[string]*ast.DirectiveDefinition
	names      []string            // of directives
	types      map[string][]string // every type of it; the choices of an enum
}

// The scalars of the prelude that only directives use.
const (
	nameArg    = "Name"
	namesArg   = "Names"
	literalArg = "Literal"
	celArg     = "CEL"
)

// scalars are the types that fields may have without a declaration.
func scalars() []string {
	return []string{
		"ID", "String", "Int", "Float", "Boolean", "Int64", "Decimal", "DateTime", "Date", "Time", "Duration", "TimeZone",
		"UUID", "Email", "URL", "Country", "Currency", "JSON", "Bytes", "File",
	}
}

// needsArguments reports whether a directive cannot stand without arguments.
func (p prelude) needsArguments(name string) bool {
	def := p.directives[name]
	return def != nil && slices.ContainsFunc(def.Arguments, func(a *ast.ArgumentDefinition) bool { return a.Type.NonNull })
}

func readPrelude() prelude {
	doc, err := sdl.ParseSchema(&ast.Source{Name: "prelude.graphql", Input: Prelude + stock})
	if err != nil {
		panic(fmt.Sprintf("prelude: %v", err)) // it is part of the program
	}
	p := prelude{directives: map[string]*ast.DirectiveDefinition{}, types: map[string][]string{}}
	for _, d := range doc.Directives {
		p.directives[d.Name] = d
		p.names = append(p.names, d.Name)
	}
	slices.Sort(p.names)
	for _, t := range doc.Definitions {
		p.types[t.Name] = nil
		for _, v := range t.EnumValues {
			p.types[t.Name] = append(p.types[t.Name], v.Name)
		}
	}
	return p
}
