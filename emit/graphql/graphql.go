// Package graphql writes the schema of a service's GraphQL door.
//
//	model ─▶ types, filters, orders, inputs, roots ─▶ schema.graphql
//
// An entity has a type when a policy exposes it or an operation returns it. A field that a viewer may be kept from
// reading is nullable, and so is a reference to an entity that not everybody may read. Filters and orders exist only
// for what can be listed. What the design keeps inside (@internal, @writeOnly) is nowhere.
package graphql

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// Emit writes api/schema.graphql.
func Emit(m *model.Model) []byte {
	s := newSchema(m)
	s.link()
	s.roots()
	for _, e := range door.Entities(m) {
		s.object(e)
		s.connection(e)
		s.filter(e)
		s.orders(e)
		s.aggregate(e)
		s.createInput(e)
		s.updateInput(e)
		s.partInputs(e)
	}
	s.linkInputs()
	s.structs()
	s.node()
	s.interfaces()
	s.unions()
	s.enums()
	s.pageInfo()
	s.scalarFilters()
	s.scalars()
	s.subgraph()
	return []byte(s.String())
}

// schema collects the text, and which types it names that are written once.
type schema struct {
	strings.Builder
	model    *model.Model
	names    map[string]string // of generated types, by what they are called at best
	taken    map[string]bool   // names of declared and generated types
	scalar   map[string]bool   // custom scalars that are named
	compared map[string]bool   // scalars whose filters are named
	elements map[string]bool   // scalars and enums of which filters of lists are named
	enum     map[*model.Enum]bool
	enumIn   map[*model.Enum]bool   // enums whose filters are named
	value    map[*model.Struct]bool // value objects that are shown
	valueIn  map[*model.Struct]bool // value objects that are taken
	valueIs  map[*model.Struct]bool // value objects whose filters are named
	input    map[*model.Struct]bool
	links    map[string]bool           // verbs whose input of links is named
	union    map[*model.UnionType]bool // that are shown
	unionIn  map[*model.UnionType]bool // that are taken
	unionIs  map[*model.UnionType]bool // whose filters are named
	listed   map[*model.Entity]bool    // entities that have a connection
	filtered map[*model.Entity]bool    // entities that have a filter of lists
	pages    bool
	noded    bool // what can be read is found by its id alone
}

func newSchema(m *model.Model) *schema {
	s := &schema{
		model: m, names: map[string]string{}, taken: map[string]bool{"Query": true, "Mutation": true, "Subscription": true},
		scalar: map[string]bool{}, compared: map[string]bool{}, elements: map[string]bool{}, enum: map[*model.Enum]bool{}, enumIn: map[*model.Enum]bool{},
		value: map[*model.Struct]bool{}, valueIn: map[*model.Struct]bool{}, valueIs: map[*model.Struct]bool{},
		union: map[*model.UnionType]bool{}, unionIn: map[*model.UnionType]bool{}, unionIs: map[*model.UnionType]bool{},
		input: map[*model.Struct]bool{}, links: map[string]bool{}, listed: map[*model.Entity]bool{}, filtered: map[*model.Entity]bool{},
	}
	for _, e := range m.Entities {
		s.taken[e.Name] = true
	}
	for _, e := range m.Entities {
		for _, f := range e.Fields {
			if f.Kind == model.Union {
				s.taken[f.Union.Name] = true
			}
		}
	}
	for _, sc := range m.Scalars {
		s.taken[sc.Name] = true
	}
	for _, i := range m.Interfaces {
		s.taken[i.Name] = true
	}
	for _, module := range m.Modules {
		for _, e := range module.Enums {
			s.taken[e.Name] = true
		}
		for _, v := range append(append([]*model.Struct{}, module.Values...), module.Inputs...) {
			s.taken[v.Name] = true
		}
	}
	for _, e := range door.Entities(m) {
		s.listed[e] = s.readable(e)
	}
	if s.noded = s.hasNodes(); s.noded {
		s.taken["Node"] = true
	}
	return s
}

// readable tells whether e can be listed.
func (s *schema) readable(e *model.Entity) bool { return door.Exposed(e, model.Read) }

// name is the name of a generated type: best, or best with underscores where the design uses that name itself.
func (s *schema) name(best string) string {
	if name, ok := s.names[best]; ok {
		return name
	}
	name := best
	for s.taken[name] {
		name += "_"
	}
	s.names[best], s.taken[name] = name, true
	return name
}

// f prints a line.
func (s *schema) f(format string, args ...any) {
	fmt.Fprintf(s, format, args...)
	s.WriteByte('\n')
}

// doc prints a description.
func (s *schema) doc(indent, text string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return
	}
	if !strings.ContainsAny(text, "\"\\\n") {
		s.f("%s\"%s\"", indent, text)
		return
	}
	s.f("%s\"\"\"", indent)
	for line := range strings.Lines(strings.ReplaceAll(text, `"""`, `\"""`)) {
		s.f("%s", strings.TrimRight(indent+strings.TrimRight(line, "\n"), " "))
	}
	s.f("%s\"\"\"", indent)
}

func deprecated(reason string) string {
	if reason == "" {
		return ""
	}
	return " @deprecated(reason: " + quote(reason) + ")"
}

var escapes = strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\t", `\t`)

func quote(text string) string { return `"` + escapes.Replace(text) + `"` }
