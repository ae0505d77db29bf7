package graphql

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// A subgraph of Apollo Federation 2 says by which keys a gateway names its rows, and which types others may have too: those of
// values, which are the same wherever they stand. What is found by its id alone is of one subgraph, so a gateway does not show it.

// federation is the version of the specification that a subgraph needs.
const federation = "https://specs.apollo.dev/federation/v2.3"

// link prints what the schema of a subgraph begins with.
func (s *schema) link() {
	if !s.model.Subgraph {
		return
	}
	imports := []string{"@key", "@shareable"}
	if s.noded {
		imports = append(imports, "@inaccessible")
	}
	s.f("extend schema @link(url: %q, import: [\"%s\"])", federation, strings.Join(imports, `", "`))
	s.f("")
}

// keys are what the rows of e are named by, empty where no gateway names them.
func (s *schema) keys(e *model.Entity) string {
	if !s.model.Subgraph || !s.isNode(e) {
		return ""
	}
	keys := ` @key(fields: "id")`
	if s.namesByKey(e) {
		keys += fmt.Sprintf(" @key(fields: %q)", e.Key.Name)
	}
	return keys
}

// namesByKey tells whether the key of e, which is text, names its rows exactly. Kit/graphql decides the same.
func (s *schema) namesByKey(e *model.Entity) bool {
	if e.Key.Name == "id" || e.Key.Kind != model.String || !slices.Contains(door.ReadFields(e), e.Key) {
		return false
	}
	return !slices.ContainsFunc(e.Uniques, func(u *model.Unique) bool {
		return u.IgnoreCase && len(u.Fields) == 1 && u.Fields[0] == e.Key
	})
}

// shareable is what a type says that other subgraphs may have too.
func (s *schema) shareable() string {
	if s.model.Subgraph {
		return " @shareable"
	}
	return ""
}

// oneOf is what an input says of which just one field is given. Gateways do not know it, and the service asks it anyway.
func (s *schema) oneOf() string {
	if s.model.Subgraph {
		return ""
	}
	return " @oneOf"
}

// inaccessible is what a root says that is not for those who ask a gateway.
func (s *schema) inaccessible() string {
	if s.model.Subgraph {
		return " @inaccessible @shareable"
	}
	return ""
}

// gatewayRoots are the roots that a gateway asks.
func (s *schema) gatewayRoots() []root {
	if !s.model.Subgraph {
		return nil
	}
	roots := []root{{"This schema, for a gateway.", "_service: _Service!"}}
	if len(s.gatewayEntities()) > 0 {
		roots = append(roots, root{
			"What a gateway names by its type and one of its keys, at most " + fmt.Sprint(door.MaxReferences) + ". Null stands for what there is not, or what the viewer may not see.",
			"_entities(representations: [_Any!]!): [_Entity]!",
		})
	}
	return roots
}

func (s *schema) gatewayEntities() (names []string) {
	for _, e := range door.Entities(s.model) {
		if s.isNode(e) {
			names = append(names, e.Name)
		}
	}
	return names
}

// subgraph prints what the specification has every subgraph have.
func (s *schema) subgraph() {
	if !s.model.Subgraph {
		return
	}
	s.f("")
	s.f("type _Service {")
	s.f("  sdl: String!")
	s.f("}")
	s.f("")
	s.f("scalar _Any")
	if names := s.gatewayEntities(); len(names) > 0 {
		s.f("")
		s.f("union _Entity = %s", strings.Join(names, " | "))
	}
	s.f("")
	s.f("directive @link(url: String!, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA")
	s.f("")
	s.f("directive @key(fields: federation__FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE")
	s.f("")
	s.f("directive @shareable repeatable on OBJECT | FIELD_DEFINITION")
	if s.noded {
		s.f("")
		s.f("directive @inaccessible on FIELD_DEFINITION | OBJECT | INTERFACE | UNION | ARGUMENT_DEFINITION | SCALAR | ENUM | ENUM_VALUE | INPUT_OBJECT | INPUT_FIELD_DEFINITION")
	}
	s.f("")
	s.f("scalar link__Import")
	s.f("")
	s.f("enum link__Purpose {")
	s.f("  SECURITY")
	s.f("  EXECUTION")
	s.f("}")
	s.f("")
	s.f("scalar federation__FieldSet")
}
