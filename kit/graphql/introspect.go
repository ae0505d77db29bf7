package graphql

import (
	"maps"
	"slices"
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit/input"
)

// introspect writes __schema, __type or __typename of the query (GraphQL, section 4).
func (d *Door) introspect(w *writer, f *field) bool {
	s := &introspection{w, d.schema.ast}
	switch f.definition.Name {
	case "__schema":
		s.schemaObject(f.fields)
	case "__type":
		definition := s.schema.Types[input.Text(f.arguments["name"])]
		if definition == nil {
			w.buf = append(w.buf, "null"...)
			break
		}
		s.typ(f.fields, named(definition))
	default:
		s.text(s.schema.Query.Name)
	}
	return true
}

type introspection struct {
	*writer
	schema *ast.Schema
}

func named(definition *ast.Definition) *ast.Type { return &ast.Type{NamedType: definition.Name} }

// each writes an object, its fields one by one.
func (s *introspection) each(name string, fields []*field, write func(f *field)) {
	s.buf = append(s.buf, '{')
	for i, f := range fields {
		if i > 0 {
			s.buf = append(s.buf, ',')
		}
		s.buf = append(input.AppendString(s.buf, f.key), ':')
		if f.definition.Name == typename.Name {
			s.text(name)
			continue
		}
		write(f)
	}
	s.buf = append(s.buf, '}')
}

func (s *introspection) text(text string) { s.buf = input.AppendString(s.buf, text) }

func (s *introspection) optional(text string) {
	if text == "" {
		s.null()
		return
	}
	s.text(text)
}

func (s *introspection) null()           { s.buf = append(s.buf, "null"...) }
func (s *introspection) bool(value bool) { s.buf = strconv.AppendBool(s.buf, value) }

func each[T any](s *introspection, elements []T, write func(T)) {
	s.buf = append(s.buf, '[')
	for i, e := range elements {
		if i > 0 {
			s.buf = append(s.buf, ',')
		}
		write(e)
	}
	s.buf = append(s.buf, ']')
}

func (s *introspection) schemaObject(fields []*field) {
	s.each("__Schema", fields, func(f *field) {
		switch f.definition.Name {
		case "description":
			s.optional(s.schema.Description)
		case "types":
			names := slices.Sorted(maps.Keys(s.schema.Types))
			each(s, names, func(name string) { s.typ(f.fields, named(s.schema.Types[name])) })
		case "queryType":
			s.root(f.fields, s.schema.Query)
		case "mutationType":
			s.root(f.fields, s.schema.Mutation)
		case "subscriptionType":
			s.root(f.fields, s.schema.Subscription)
		case "directives":
			names := slices.Sorted(maps.Keys(s.schema.Directives))
			each(s, names, func(name string) { s.directive(f.fields, s.schema.Directives[name]) })
		}
	})
}

func (s *introspection) root(fields []*field, definition *ast.Definition) {
	if definition == nil {
		s.null()
		return
	}
	s.typ(fields, named(definition))
}

// typ writes a __Type: a named one, or the list or non-null that wraps one.
func (s *introspection) typ(fields []*field, t *ast.Type) {
	if t.NonNull || t.Elem != nil {
		s.wrapped(fields, t)
		return
	}
	definition := s.schema.Types[t.NamedType]
	s.each("__Type", fields, func(f *field) {
		switch f.definition.Name {
		case "kind":
			s.text(string(definition.Kind))
		case "name":
			s.text(definition.Name)
		case "description":
			s.optional(definition.Description)
		case "specifiedByURL":
			s.optional(argument(definition.Directives.ForName("specifiedBy"), "url"))
		case "isOneOf":
			if definition.Kind != ast.InputObject {
				s.null()
				return
			}
			s.bool(definition.Directives.ForName("oneOf") != nil)
		case "ofType":
			s.null()
		default:
			s.members(f, definition)
		}
	})
}

func (s *introspection) wrapped(fields []*field, t *ast.Type) {
	kind, of := "LIST", t.Elem
	if t.NonNull {
		inner := *t
		inner.NonNull = false
		kind, of = "NON_NULL", &inner
	}
	s.each("__Type", fields, func(f *field) {
		switch f.definition.Name {
		case "kind":
			s.text(kind)
		case "ofType":
			s.typ(f.fields, of)
		default:
			s.null()
		}
	})
}

// members writes the lists of a named type; null where its kind has none.
func (s *introspection) members(f *field, definition *ast.Definition) {
	object := definition.Kind == ast.Object || definition.Kind == ast.Interface
	switch name := f.definition.Name; {
	case name == "fields" && object:
		each(s, shown(f, definition.Fields), func(of *ast.FieldDefinition) { s.fieldObject(f.fields, of) })
	case name == "inputFields" && definition.Kind == ast.InputObject:
		each(s, shown(f, definition.Fields), func(of *ast.FieldDefinition) {
			s.inputValue(f.fields, of.Name, of.Description, of.Type, of.DefaultValue, of.Directives)
		})
	case name == "enumValues" && definition.Kind == ast.Enum:
		values := slices.DeleteFunc(slices.Clone(definition.EnumValues), func(v *ast.EnumValueDefinition) bool {
			return hidden(f, v.Directives) || definition.Name == "__DirectiveLocation" && ahead(ast.DirectiveLocation(v.Name))
		})
		each(s, values, func(v *ast.EnumValueDefinition) { s.enumValue(f.fields, v) })
	case name == "interfaces" && object:
		each(s, definition.Interfaces, func(name string) { s.typ(f.fields, &ast.Type{NamedType: name}) })
	case name == "possibleTypes" && definition.IsAbstractType():
		each(s, s.schema.GetPossibleTypes(definition), func(of *ast.Definition) { s.typ(f.fields, named(of)) })
	default:
		s.null()
	}
}

// shown are the fields without the introspection's own and, unless asked for, the deprecated.
func shown(f *field, fields ast.FieldList) ast.FieldList {
	return slices.DeleteFunc(slices.Clone(fields), func(of *ast.FieldDefinition) bool {
		return isIntrospection(of.Name) || hidden(f, of.Directives)
	})
}

func hidden(f *field, directives ast.DirectiveList) bool {
	return f.arguments["includeDeprecated"] != true && directives.ForName("deprecated") != nil
}

func (s *introspection) fieldObject(fields []*field, of *ast.FieldDefinition) {
	s.each("__Field", fields, func(f *field) {
		switch f.definition.Name {
		case "name":
			s.text(of.Name)
		case "description":
			s.optional(of.Description)
		case "args":
			s.arguments(f, of.Arguments)
		case "type":
			s.typ(f.fields, of.Type)
		default:
			s.deprecation(f, of.Directives)
		}
	})
}

func (s *introspection) arguments(f *field, arguments ast.ArgumentDefinitionList) {
	list := slices.DeleteFunc(slices.Clone(arguments), func(a *ast.ArgumentDefinition) bool { return hidden(f, a.Directives) })
	each(s, list, func(a *ast.ArgumentDefinition) {
		s.inputValue(f.fields, a.Name, a.Description, a.Type, a.DefaultValue, a.Directives)
	})
}

func (s *introspection) inputValue(fields []*field, name, description string, t *ast.Type, value *ast.Value, directives ast.DirectiveList) {
	s.each("__InputValue", fields, func(f *field) {
		switch f.definition.Name {
		case "name":
			s.text(name)
		case "description":
			s.optional(description)
		case "type":
			s.typ(f.fields, t)
		case "defaultValue":
			if value == nil {
				s.null()
				return
			}
			s.text(value.String())
		default:
			s.deprecation(f, directives)
		}
	})
}

func (s *introspection) enumValue(fields []*field, v *ast.EnumValueDefinition) {
	s.each("__EnumValue", fields, func(f *field) {
		switch f.definition.Name {
		case "name":
			s.text(v.Name)
		case "description":
			s.optional(v.Description)
		default:
			s.deprecation(f, v.Directives)
		}
	})
}

func (s *introspection) directive(fields []*field, d *ast.DirectiveDefinition) {
	s.each("__Directive", fields, func(f *field) {
		switch f.definition.Name {
		case "name":
			s.text(d.Name)
		case "description":
			s.optional(d.Description)
		case "isRepeatable":
			s.bool(d.IsRepeatable)
		case "locations":
			each(s, slices.DeleteFunc(slices.Clone(d.Locations), ahead), func(l ast.DirectiveLocation) { s.text(string(l)) })
		case "args":
			s.arguments(f, d.Arguments)
		}
	})
}

// ahead tells whether a location of directives is one that gqlparser knows and the specification does not yet have (September 2025, section
// 4.2.6): clients refuse it.
func ahead(l ast.DirectiveLocation) bool { return l == "DIRECTIVE_DEFINITION" }

// deprecation writes isDeprecated or deprecationReason.
func (s *introspection) deprecation(f *field, directives ast.DirectiveList) {
	d := directives.ForName("deprecated")
	if f.definition.Name == "isDeprecated" {
		s.bool(d != nil)
		return
	}
	if d == nil {
		s.null()
		return
	}
	reason := argument(d, "reason")
	if reason == "" {
		reason = "No longer supported"
	}
	s.text(reason)
}

func argument(d *ast.Directive, name string) string {
	if d == nil {
		return ""
	}
	if a := d.Arguments.ForName(name); a != nil {
		return a.Value.Raw
	}
	return ""
}
