package graphql

import (
	"strconv"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit/input"
)

// field is a field of the answer: fragments are put in, and what stands under one response key is merged.
type field struct {
	key        string
	definition *ast.FieldDefinition
	arguments  input.Object
	at         *ast.Position
	given      ast.ArgumentList    // as the document has them
	fields     []*field            // of its type, where that has any
	possible   map[string][]*field // of each type that it may be, where its own is a union or an interface
}

// collector turns selection sets into fields, within limits (GraphQL, section 6.3.2).
type collector struct {
	door      *Door
	fragments ast.FragmentDefinitionList
	variables input.Object
	visited   int // fields and spreads so far, merged ones counted each time
	aliases   int
	failure   *failure // the first
}

// fail says that a limit of that name is passed.
func (c *collector) fail(limit string, most int, detail string, at *ast.Position) {
	if c.failure == nil {
		c.failure = tooMuch(limit, most, detail, at)
	}
}

// collected is the fields under one key while more of them are found.
type collected struct {
	*field
	sets []ast.SelectionSet
}

// collect makes the fields of owner that sets select. depth is the levels above; -1 inside of introspection, which has
// a limit of its own.
func (c *collector) collect(owner *ast.Definition, sets []ast.SelectionSet, depth int) []*field {
	if depth > c.door.limits.Depth {
		c.fail("depth", c.door.limits.Depth, "The selection goes deeper than "+strconv.Itoa(c.door.limits.Depth)+" levels.", nil)
		return nil
	}
	var order []*collected
	byKey := map[string]*collected{}
	for _, set := range sets {
		c.walk(owner, set, map[string]bool{}, func(f *ast.Field) {
			known := byKey[f.Alias]
			if known == nil {
				known = &collected{field: c.field(f)}
				byKey[f.Alias] = known
				order = append(order, known)
			}
			known.sets = append(known.sets, f.SelectionSet)
		})
	}
	fields := make([]*field, 0, len(order))
	for _, found := range order {
		if c.failure != nil {
			return nil
		}
		switch target := c.door.schema.ast.Types[found.definition.Type.Name()]; {
		case target.IsAbstractType():
			found.possible = map[string][]*field{}
			for _, possible := range c.door.schema.ast.PossibleTypes[target.Name] {
				found.possible[possible.Name] = c.collect(possible, found.sets, below(depth, found.definition.Name))
			}
		case target.IsCompositeType():
			found.fields = c.collect(target, found.sets, below(depth, found.definition.Name))
		}
		fields = append(fields, found.field)
	}
	return fields
}

func below(depth int, name string) int {
	if depth < 0 || isIntrospection(name) {
		return -1
	}
	return depth + 1
}

// walk calls each for the fields of set that apply to owner. A fragment is put in once: what it selects under a key
// that stands already is the same.
func (c *collector) walk(owner *ast.Definition, set ast.SelectionSet, spread map[string]bool, each func(*ast.Field)) {
	for _, selection := range set {
		c.visited++
		if c.visited > c.door.limits.Fields {
			c.fail("fields", c.door.limits.Fields, "The document selects more than "+strconv.Itoa(c.door.limits.Fields)+" fields.", selection.GetPosition())
		}
		if c.failure != nil {
			return
		}
		switch s := selection.(type) {
		case *ast.Field:
			if c.included(s.Directives) {
				each(s)
			}
		case *ast.InlineFragment:
			if c.included(s.Directives) && c.applies(owner, s.TypeCondition) {
				c.walk(owner, s.SelectionSet, spread, each)
			}
		case *ast.FragmentSpread:
			fragment := c.fragments.ForName(s.Name)
			if c.included(s.Directives) && !spread[s.Name] && c.applies(owner, fragment.TypeCondition) {
				spread[s.Name] = true
				c.walk(owner, fragment.SelectionSet, spread, each)
			}
		}
	}
}

// applies tells whether a fragment on condition applies to owner, which is always an object type.
func (c *collector) applies(owner *ast.Definition, condition string) bool {
	if condition == "" || condition == owner.Name {
		return true
	}
	for _, possible := range c.door.schema.ast.PossibleTypes[condition] {
		if possible.Name == owner.Name {
			return true
		}
	}
	return false
}

// included reads @skip and @include.
func (c *collector) included(directives ast.DirectiveList) bool {
	for _, d := range directives {
		if d.Name != "skip" && d.Name != "include" {
			continue
		}
		when := false
		if a := d.Arguments.ForName("if"); a != nil {
			value, _ := c.literal(ast.NonNullNamedType("Boolean", nil), a.Value)
			when, _ = value.(bool)
		}
		if when == (d.Name == "skip") {
			return false
		}
	}
	return true
}

func (c *collector) field(f *ast.Field) *field {
	if f.Alias != f.Name {
		c.aliases++
		if c.aliases > c.door.limits.Aliases {
			c.fail("aliases", c.door.limits.Aliases, "The document has more than "+strconv.Itoa(c.door.limits.Aliases)+" aliases.", f.Position)
		}
	}
	definition := f.Definition
	if f.Name == "__typename" {
		definition = typename
	}
	return &field{key: f.Alias, definition: definition, arguments: c.arguments(definition, f.Arguments), at: f.Position, given: f.Arguments}
}

var typename = &ast.FieldDefinition{Name: "__typename", Type: ast.NonNullNamedType("String", nil)}

// arguments are those that were given, and the defaults of others.
func (c *collector) arguments(definition *ast.FieldDefinition, given ast.ArgumentList) input.Object {
	if len(definition.Arguments) == 0 {
		return nil
	}
	object := input.Object{}
	for _, a := range definition.Arguments {
		if g := given.ForName(a.Name); g != nil {
			if value, ok := c.literal(a.Type, g.Value); ok {
				object[a.Name] = value
				continue
			}
		}
		if a.DefaultValue != nil {
			object[a.Name], _ = c.literal(a.Type, a.DefaultValue)
		}
	}
	return object
}
