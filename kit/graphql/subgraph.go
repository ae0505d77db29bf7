package graphql

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

// A backend may be a subgraph of Apollo Federation 2: a gateway reads its schema by _service and rows by _entities, which names
// them by representations: {__typename: "Article", id: "…"}, or by the key in place of the id. They are read as nodes are: one
// statement a type, under policy, null where there is nothing that the viewer may see.

const (
	serviceRoot  = "_service"
	entitiesRoot = "_entities"
)

// linkSubgraph finds what a gateway asks for.
func (s *schema) linkSubgraph(sdl string) {
	if s.ast.Query == nil || s.ast.Types["_Service"] == nil {
		return
	}
	s.sdl = sdl
	s.queries[serviceRoot] = verb{do: service}
	if s.ast.Types["_Entity"] != nil {
		s.queries[entitiesRoot] = verb{do: entities}
	}
}

// serviceResult describes what _service answers.
var serviceResult = &meta.Field{Kind: meta.Value, Type: "_Service", Fields: []*meta.Field{{Name: "sdl", Kind: meta.String}}}

func (d *Door) planService(r *root) {
	r.member = &member{field: r.field, shape: shapeParts, object: planParts(serviceResult, r.fields)}
}

// planEntities plans the rows that representations name.
func (d *Door) planEntities(r *root) {
	list, _ := r.arguments["representations"].([]any)
	if len(list) > d.limits.References {
		list = list[:d.limits.References+1] // enough to be refused
	}
	known := map[string]*meta.Entity{}
	for _, e := range d.schema.referable(r.definition) {
		known[e.Name] = e
	}
	read := representations{known: known}
	references := make([]reference, len(list))
	if len(list) <= d.limits.References {
		for i, raw := range list {
			references[i] = read.one(fmt.Sprintf("representations.%d", i), raw)
		}
	}
	d.planReferences(r, references)
	if r.problem == nil && read.errors != nil {
		r.problem = invalid(read.errors)
	}
}

// representations reads what a gateway names rows by, and collects what is wrong with it.
type representations struct {
	known  map[string]*meta.Entity
	errors []kit.FieldError
}

func (r *representations) fail(place, code, detail string) {
	if len(r.errors) < 20 {
		r.errors = append(r.errors, kit.FieldError{Field: place, Code: code, Detail: detail})
	}
}

func (r *representations) one(place string, raw any) (named reference) {
	object, ok := raw.(input.Object)
	if !ok {
		r.fail(place, kit.FieldType, "must be an object with __typename and a key")
		return named
	}
	name, _ := object["__typename"].(string)
	e := r.known[name]
	if e == nil {
		r.fail(place+".__typename", kit.FieldUnknown, "must be the name of an entity")
		return named
	}
	named.entity = e
	keys := 0
	for member, value := range object {
		text, isText := value.(string)
		switch {
		case member == "__typename":
			continue
		case member != "id" && (member != e.Key || !keyNames(e)):
			r.fail(place+"."+member[:min(len(member), 64)], kit.FieldUnknown, "is no key of "+e.Name)
		case !isText:
			r.fail(place+"."+member, kit.FieldType, "must be a string")
		case member == "id":
			named.id = lowerID(text)
		default:
			named.key = text
			if _, errs := input.Value(&meta.Field{Name: member, Kind: meta.String}, text); errs != nil {
				r.fail(place+"."+member, errs[0].Code, errs[0].Detail)
			}
		}
		keys++
	}
	if keys != 1 && len(r.errors) == 0 {
		r.fail(place, kit.FieldRequired, "must have one key beside __typename")
	}
	return named
}

// keyNames tells whether rows of e are named by their key too; emit/graphql says so by @key.
func keyNames(e *meta.Entity) bool {
	f := e.Field(e.Key)
	if f == nil || f.Kind != meta.String {
		return false
	}
	for _, u := range e.Uniques {
		if u.IgnoreCase && len(u.Fields) == 1 && u.Fields[0] == e.Key {
			return false
		}
	}
	return true
}

// isSchemaRoot tells whether a root field shows the schema.
func isSchemaRoot(f *ast.FieldDefinition) bool {
	return f.Name == "__schema" || f.Name == "__type" || f.Name == serviceRoot
}
