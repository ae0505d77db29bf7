package graphql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// An interface has what all the types that implement it show: a field that one of them hides is not in it, and one that may be
// null in one of them may be null in it.

// interfaces prints the interfaces of which something is shown.
func (s *schema) interfaces() {
	for _, i := range s.model.Interfaces {
		fields := s.shared(i)
		if len(fields) == 0 {
			continue
		}
		s.f("")
		s.doc("", i.Doc)
		s.f("interface %s {", i.Name)
		for _, f := range fields {
			s.doc("  ", f.doc)
			s.f("  %s", f.text)
		}
		s.f("}")
	}
}

// node prints the interface of what is found by its id alone (Relay's Global Object Identification). A design that uses its name,
// or one of its roots, has them.
func (s *schema) node() {
	if s.noded {
		s.f("")
		s.doc("", "What has an id that no other has, of whatever type.")
		s.f("interface Node {")
		s.f("  id: ID!")
		s.f("}")
	}
}

// nodeRoots are the roots that find rows by their ids alone.
func (s *schema) nodeRoots() []root {
	if !s.noded {
		return nil
	}
	return []root{
		{"What has this id. Null where there is nothing of it, or nothing that the viewer may see.", "node(id: ID!): Node" + s.inaccessible()},
		{"What has these ids, in their order, at most " + fmt.Sprint(door.MaxReferences) + ". Null stands for what there is not, or what the viewer may not see.", "nodes(ids: [ID!]!): [Node]!" + s.inaccessible()},
	}
}

// hasNodes tells whether anything is found by its id alone.
func (s *schema) hasNodes() bool {
	read := false
	for _, e := range door.Entities(s.model) {
		if s.isNode(e) {
			read = true
			if slices.Contains([]string{e.Singular, e.Plural}, "node") || slices.Contains([]string{e.Singular, e.Plural}, "nodes") {
				return false
			}
		}
	}
	for _, o := range door.Operations(s.model) {
		if o.Name == "node" || o.Name == "nodes" {
			return false
		}
	}
	return read && !s.taken["Node"]
}

// isNode tells whether rows of e are found by their ids alone.
func (s *schema) isNode(e *model.Entity) bool { return s.readable(e) && e.HistoryOf == nil }

// implementing is the clause of an entity that implements interfaces.
func (s *schema) implementing(e *model.Entity) string {
	shapes := s.implements(e.Shapes)
	switch {
	case !s.noded || !s.isNode(e):
		return shapes
	case shapes == "":
		return " implements Node"
	}
	return " implements Node &" + strings.TrimPrefix(shapes, " implements")
}

// implements is the clause of a type that implements interfaces.
func (s *schema) implements(shapes []*model.Interface) string {
	var names []string
	for _, i := range shapes {
		if len(s.shared(i)) > 0 {
			names = append(names, i.Name)
		}
	}
	if names == nil {
		return ""
	}
	return " implements " + strings.Join(names, " & ")
}

// shared is the fields of an interface.
func (s *schema) shared(i *model.Interface) []root {
	var types [][]*model.Field // the fields that each type shows
	for _, e := range door.Entities(s.model) {
		if slices.Contains(e.Shapes, i) {
			types = append(types, door.ReadFields(e))
		}
	}
	for _, module := range s.model.Modules {
		for _, v := range module.Values {
			if slices.Contains(v.Shapes, i) {
				types = append(types, v.Fields)
			}
		}
	}
	var fields []root
	for _, f := range i.Fields {
		if text := s.sharedField(f, types); text != "" {
			fields = append(fields, root{f.Doc, text + deprecated(f.Deprecated)})
		}
	}
	return fields
}

// sharedField is a field that all types show, empty where one of them does not.
func (s *schema) sharedField(f *model.Field, types [][]*model.Field) string {
	text, null := "", false
	for _, fields := range types {
		at := slices.IndexFunc(fields, func(own *model.Field) bool { return own.Name == f.Name })
		if at < 0 {
			return ""
		}
		shown := s.shown(fields[at])
		null = null || !strings.HasSuffix(shown, "!")
		text = f.Name + s.listArgs(fields[at]) + ": " + strings.TrimSuffix(shown, "!")
	}
	if text == "" || null {
		return text
	}
	return text + "!"
}
