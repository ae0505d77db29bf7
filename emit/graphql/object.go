package graphql

import (
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// object prints the type of an entity.
func (s *schema) object(e *model.Entity) {
	s.f("")
	doc := strings.TrimSpace(e.Doc)
	if e.Deprecated != "" { // which GraphQL says of no type
		doc = strings.TrimSpace(doc + "\n\nDeprecated: " + e.Deprecated)
	}
	s.doc("", doc)
	s.f("type %s%s%s {", e.Name, s.implementing(e), s.keys(e))
	for _, f := range door.ReadFields(e) {
		s.doc("  ", door.Doc(f))
		s.f("  %s%s: %s%s", f.Name, s.listArgs(f), s.shown(f), deprecated(f.Deprecated))
	}
	s.f("}")
}

// shown is the type of a field that is read.
func (s *schema) shown(f *model.Field) string {
	null := f.Null || door.Hidden(f)
	switch {
	case f.Kind == model.List && f.Bound > 0:
		return required("["+f.Target.Name+"!]", null)
	case f.Kind == model.List:
		s.pages = true
		return required(s.name(f.Target.Name+"Connection"), null)
	case f.Repeated:
		return required("["+s.readType(f)+"!]", null)
	}
	return required(s.readType(f), null)
}

// readType is the type of one value that is read.
func (s *schema) readType(f *model.Field) string {
	switch f.Kind {
	case model.Ref:
		return f.Target.Name
	case model.Union:
		s.union[f.Union] = true
		return f.Union.Name
	case model.EnumKind:
		s.enum[f.Enum] = true
		return f.Enum.Name
	case model.Value, model.InputDTO:
		s.useValue(f.Struct)
		return f.Struct.Name
	}
	return s.scalarType(f)
}

func (s *schema) useValue(v *model.Struct) {
	if s.value[v] {
		return
	}
	s.value[v] = true
	for _, f := range v.Fields {
		s.readType(f)
	}
}

// scalarType is the name of a scalar: one that the design declares, or the kind's.
func (s *schema) scalarType(f *model.Field) string {
	if f.Scalar != nil {
		s.scalar[f.Scalar.Name] = true
		return f.Scalar.Name
	}
	name := string(f.Kind)
	switch f.Kind {
	case model.ID, model.String, model.Int, model.Float, model.Boolean:
	default:
		s.scalar[name] = true
	}
	return name
}

func required(typ string, null bool) string {
	if null {
		return typ
	}
	return typ + "!"
}

// listArgs are the arguments of a list that comes in pages.
func (s *schema) listArgs(f *model.Field) string {
	if f.Kind != model.List || f.Bound > 0 {
		return ""
	}
	return s.pageArgs(f.Target)
}

func (s *schema) pageArgs(e *model.Entity) string {
	var args []string
	if len(e.Search) > 0 {
		args = append(args, "search: String")
	}
	args = append(args, "where: "+s.name(e.Name+"Filter"))
	if len(door.Keys(e)) > 0 {
		args = append(args, "order: ["+s.name(e.Name+"Order")+"!]")
	}
	return "(" + strings.Join(append(args, "first: Int", "after: String", "last: Int", "before: String"), ", ") + ")"
}

// connection prints the pages of an entity.
func (s *schema) connection(e *model.Entity) {
	if !s.listed[e] {
		return
	}
	s.pages = true
	edge := s.name(e.Name + "Edge")
	s.f("")
	s.f("type %s {", s.name(e.Name+"Connection"))
	s.f("  edges: [%s!]!", edge)
	s.f("  nodes: [%s!]!", e.Name)
	s.f("  pageInfo: PageInfo!")
	s.f("  \"How many there are on all pages.\"")
	s.f("  totalCount: Int!")
	s.f("}")
	s.f("")
	s.f("type %s {", edge)
	s.f("  cursor: String!")
	s.f("  node: %s!", e.Name)
	s.f("}")
}

func (s *schema) pageInfo() {
	if !s.pages {
		return
	}
	s.f("")
	s.f("type PageInfo%s {", s.shareable())
	s.f("  hasNextPage: Boolean!")
	s.f("  hasPreviousPage: Boolean!")
	s.f("  startCursor: String")
	s.f("  endCursor: String")
	s.f("}")
}

// orders prints the keys by which an entity is ordered.
func (s *schema) orders(e *model.Entity) {
	keys := door.Keys(e)
	if !s.listed[e] || len(keys) == 0 {
		return
	}
	s.f("")
	s.f("enum %s {", s.name(e.Name+"Order"))
	for _, k := range keys {
		names := make([]string, len(k.Path))
		for i, f := range k.Path {
			names[i] = f.Name
		}
		name := strings.Join(names, "_")
		s.f("  %s_ASC", name)
		s.f("  %s_DESC", name)
	}
	s.f("}")
}
