package graphql

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/filter"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// groups is how the answer of an aggregation is written: a connection of groups.
type groups struct {
	name    string
	members []*groupsMember
	after   bool // it does not begin with the first
}

// groupsMember is a field of such a connection.
type groupsMember struct {
	*field
	nodes []*groupMember // of nodes
	info  []*field       // of pageInfo
}

// groupMember is a field of a group: its keys or its values where there is an object, else its count.
type groupMember struct {
	*field
	object *object
	keys   bool
}

// planAggregate plans what is worked out of the rows of an entity.
func (d *Door) planAggregate(r *root) {
	a := &query.Aggregation{Entity: r.verb.entity, Search: input.Text(r.arguments["search"]), After: input.Text(r.arguments["after"])}
	r.aggregation = a
	var errs []kit.FieldError
	a.Where, errs = filter.Tree(a.Entity, "where", r.arguments["where"])
	if wrong := query.CheckSearch(a.Search); wrong != nil {
		errs = append(errs, *wrong)
	}
	names, _ := r.arguments["groupBy"].([]any)
	for _, name := range names {
		for _, k := range query.GroupKeys(a.Entity) {
			if name == groupName(k) {
				k.Zone = input.Text(r.arguments["zone"])
				a.Groups = append(a.Groups, k)
			}
		}
	}
	if first := r.arguments["first"]; first != nil {
		value, wrong := input.Value(&meta.Field{Name: "first", Kind: meta.Int}, first)
		n, _ := value.(int64)
		if errs = append(errs, wrong...); wrong == nil && (n < 1 || n > query.MaxGroups) {
			errs = append(errs, kit.FieldError{Field: "first", Code: kit.FieldFormat, Detail: "must be from 1 to " + strconv.Itoa(query.MaxGroups)})
		}
		a.First = int(n)
	}
	if errs != nil {
		r.problem = invalid(errs)
	}
	r.member = &member{field: r.field, shape: shapeGroups, groups: planGroups(r.field, a)}
}

// checkAggregate finds keys and statistics of the schema that the rows of e do not have.
func (s *schema) checkAggregate(f *ast.FieldDefinition, e *meta.Entity) error {
	known := map[string]bool{}
	for _, k := range query.GroupKeys(e) {
		known["group."+groupName(k)] = true
	}
	for _, m := range query.Measures(e) {
		known[string(m.Of)+"."+strings.Join(m.Path, "_")] = true
	}
	var named []string
	if by := f.Arguments.ForName("groupBy"); by != nil {
		for _, v := range s.ast.Types[by.Type.Name()].EnumValues {
			named = append(named, "group."+v.Name)
		}
	}
	group := s.ast.Types[s.ast.Types[f.Type.Name()].Fields.ForName("nodes").Type.Name()]
	for _, part := range group.Fields {
		for _, value := range s.ast.Types[part.Type.Name()].Fields {
			named = append(named, part.Name+"."+value.Name)
		}
	}
	for _, name := range named {
		if !known[name] {
			return fmt.Errorf("schema: %s: there is no %s of %s", f.Name, name, e.Plural)
		}
	}
	return nil
}

// groupName is the name of a key as a value of an enum and as a field: price_currency, createdAt_MONTH.
func groupName(k query.GroupKey) string {
	name := strings.Join(k.Path, "_")
	if k.By != "" {
		name += "_" + strings.ToUpper(string(k.By))
	}
	return name
}

// planGroups makes a work out what the fields of a connection of groups select.
func planGroups(connection *field, a *query.Aggregation) *groups {
	g := &groups{name: connection.definition.Type.Name(), after: a.After != ""}
	for _, f := range connection.fields {
		m := &groupsMember{field: f}
		g.members = append(g.members, m)
		switch f.definition.Name {
		case "nodes":
			for _, part := range f.fields {
				m.nodes = append(m.nodes, planGroup(part, a))
			}
		case "pageInfo":
			m.info = f.fields
		}
	}
	return g
}

func planGroup(f *field, a *query.Aggregation) *groupMember {
	m := &groupMember{field: f}
	switch f.definition.Name {
	case "count", typename.Name:
	case "group":
		m.keys, m.object = true, planKeys(f, a)
	default:
		m.object = planMeasures(f, a)
	}
	return m
}

// planKeys finds the keys that f selects. By what the rows are not grouped is null.
func planKeys(f *field, a *query.Aggregation) *object {
	o := &object{name: f.definition.Type.Name()}
	for _, part := range f.fields {
		m := &member{field: part, index: len(a.Groups)}
		o.members = append(o.members, m)
		if part.definition.Name == typename.Name {
			m.shape = shapeTypename
			continue
		}
		for i, k := range a.Groups {
			if groupName(k) == part.definition.Name {
				m.index, m.column = i, k.Field(a.Entity)
				break
			}
		}
	}
	return o
}

func planMeasures(f *field, a *query.Aggregation) *object {
	o := &object{name: f.definition.Type.Name()}
	for _, part := range f.fields {
		m := &member{field: part}
		o.members = append(o.members, m)
		if part.definition.Name == typename.Name {
			m.shape = shapeTypename
			continue
		}
		for _, measure := range query.Measures(a.Entity) {
			if string(measure.Of) == f.definition.Name && strings.Join(measure.Path, "_") == part.definition.Name {
				m.index, m.column = measured(a, measure), measure.Field(a.Entity)
				break
			}
		}
	}
	return o
}

// measured is the place of a measure among those of a.
func measured(a *query.Aggregation, m query.Measure) int {
	for i, known := range a.Measures {
		if known.Of == m.Of && strings.Join(known.Path, ".") == strings.Join(m.Path, ".") {
			return i
		}
	}
	a.Measures = append(a.Measures, m)
	return len(a.Measures) - 1
}

func (w *writer) groups(g *groups, found *query.Groups) bool {
	w.buf = append(w.buf, '{')
	for i, m := range g.members {
		ok := w.field(m.field, i == 0, func() bool {
			switch m.definition.Name {
			case "nodes":
				return w.list(m.definition.Type, len(found.Groups), func(i int) bool {
					return w.group(m.nodes, m.definition.Type.Name(), found.Groups[i])
				})
			case "pageInfo":
				return w.groupsInfo(m.info, g, found)
			}
			w.buf = input.AppendString(w.buf, g.name)
			return true
		})
		if !ok {
			return false
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

func (w *writer) group(members []*groupMember, name string, g query.Group) bool {
	w.buf = append(w.buf, '{')
	for i, m := range members {
		ok := w.field(m.field, i == 0, func() bool {
			switch {
			case m.definition.Name == typename.Name:
				w.buf = input.AppendString(w.buf, name)
				return true
			case m.object == nil:
				w.buf = strconv.AppendInt(w.buf, g.Count, 10)
				return true
			case m.keys:
				return w.object(m.object, append(g.Keys[:len(g.Keys):len(g.Keys)], nil))
			}
			return w.object(m.object, g.Values)
		})
		if !ok {
			return false
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

func (w *writer) groupsInfo(fields []*field, g *groups, found *query.Groups) bool {
	w.buf = append(w.buf, '{')
	for i, f := range fields {
		ok := w.field(f, i == 0, func() bool {
			switch f.definition.Name {
			case "hasNextPage":
				w.buf = strconv.AppendBool(w.buf, found.HasNext)
			case "hasPreviousPage":
				w.buf = strconv.AppendBool(w.buf, g.after)
			case "startCursor":
				return w.groupCursor(f, found, 0)
			case "endCursor":
				return w.groupCursor(f, found, len(found.Groups)-1)
			default:
				w.buf = append(w.buf, `"PageInfo"`...)
			}
			return true
		})
		if !ok {
			return false
		}
	}
	w.buf = append(w.buf, '}')
	return true
}

// groupCursor writes the cursor of a group. The one group of all has none.
func (w *writer) groupCursor(f *field, found *query.Groups, i int) bool {
	if len(found.Groups) == 0 || len(found.Groups[i].Keys) == 0 {
		return w.null(f, f.definition.Type)
	}
	w.buf = input.AppendString(w.buf, found.Cursor(i))
	return true
}
