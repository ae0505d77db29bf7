package graphql

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/fetch"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Ids are unique among all types, so that a row is found by its id alone: node and nodes (Relay's Global Object Identification).
// Which types ids have is looked up by one statement, then the rows of each type are read by one, both under policy: what is hidden
// is null as what is missing is, and takes no statement more.

const nodeInterface = "Node"

// referred is how the rows of one type are read and written where a field may name rows of several.
type referred struct {
	entity *meta.Entity
	sel    *query.Select
	object *object
}

// reference names a row: by its id, or by the value of its entity's key.
type reference struct {
	entity *meta.Entity // nil where it is to be found out
	id     kit.ID
	key    any // nil where the id is given
}

// referent is one of the rows that were named; its row is nil where it is missing.
type referent struct {
	object *object
	row    *query.Row
}

// referable are the entities whose rows the type of f may be.
func (s *schema) referable(f *ast.FieldDefinition) []*meta.Entity {
	var entities []*meta.Entity
	for _, possible := range s.ast.PossibleTypes[f.Type.Name()] {
		if e := s.backend.Entity(possible.Name); e != nil {
			entities = append(entities, e)
		}
	}
	return entities
}

// planReferences plans what is read of the rows that references name.
func (d *Door) planReferences(r *root, references []reference) {
	if len(references) > d.limits.References {
		r.problem = kit.Invalid(r.definition.Arguments[0].Name, kit.FieldTooLong, "must be at most %d", d.limits.References)
		references = nil
	}
	r.references = references
	r.member = &member{field: r.field, shape: shapeReferences, most: max(len(references), 1)}
	for _, e := range d.schema.referable(r.definition) {
		sel := &query.Select{Entity: e}
		o := planObject(e.Name, r.possible[e.Name], sel)
		r.referred = append(r.referred, referred{e, sel, o})
		r.member.arms = append(r.member.arms, arm{object: o})
	}
}

// planNodes plans node and nodes.
func (d *Door) planNodes(r *root) {
	ids := texts(r.arguments["ids"])
	if id, one := r.arguments["id"].(string); one {
		ids = []string{id}
	}
	references := make([]reference, len(ids))
	for i, id := range ids {
		references[i].id = lowerID(id)
	}
	d.planReferences(r, references)
}

// lowerID is an id as rows have theirs.
func lowerID(text string) kit.ID { return kit.ID(strings.ToLower(text)) }

func texts(raw any) []string {
	list, _ := raw.([]any)
	out := make([]string, len(list))
	for i, v := range list {
		out[i], _ = v.(string)
	}
	return out
}

// rowsOfReferences is how many rows those of r may bring, each as many as the type that brings most.
func (r *root) rowsOfReferences(limit int) int {
	most := 1
	for _, t := range r.referred {
		most = max(most, fetch.Rows(t.sel, limit))
	}
	return most * max(len(r.references), 1)
}

// refer reads the rows that r names.
func (d *Door) refer(ctx context.Context, tx *query.Tx, r *root) ([]referent, error) {
	if err := locate(ctx, tx, r); err != nil {
		return nil, err
	}
	found := make([]referent, len(r.references))
	for _, t := range r.referred {
		if err := t.read(ctx, tx, r.references, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// locate finds out of which types the rows are.
func locate(ctx context.Context, tx *query.Tx, r *root) error {
	var ids []kit.ID
	for _, ref := range r.references {
		if ref.entity == nil {
			ids = append(ids, ref.id)
		}
	}
	if ids == nil {
		return nil
	}
	entities := make([]*meta.Entity, len(r.referred))
	for i, t := range r.referred {
		entities[i] = t.entity
	}
	types, err := tx.Locate(ctx, entities, ids)
	r.references = slices.Clone(r.references)
	for i := range r.references {
		if ref := &r.references[i]; ref.entity == nil {
			ref.entity = types[ref.id]
		}
	}
	return err
}

// read reads those of references that are of the type, and puts them where they stand.
func (t *referred) read(ctx context.Context, tx *query.Tx, references []reference, found []referent) error {
	var ids []kit.ID
	var keys []any
	for _, ref := range references {
		switch {
		case ref.entity != t.entity:
		case ref.key != nil:
			keys = append(keys, ref.key)
		default:
			ids = append(ids, ref.id)
		}
	}
	byID, byKey := map[kit.ID]*query.Row{}, map[any]*query.Row{}
	var err error
	if ids != nil {
		byID, err = tx.Find(ctx, t.sel, ids)
	}
	if err == nil && keys != nil {
		byKey, err = t.byKeys(ctx, tx, keys)
	}
	if err != nil {
		return err
	}
	for i, ref := range references {
		if ref.entity != t.entity {
			continue
		}
		row := byID[ref.id]
		if ref.key != nil {
			row = byKey[ref.key]
		}
		found[i] = referent{t.object, row}
	}
	return nil
}

// byKeys reads rows by the key of their entity, by as many at a time as a page has. A key that several rows have, as those of several
// tenants may, names none.
func (t *referred) byKeys(ctx context.Context, tx *query.Tx, keys []any) (map[any]*query.Row, error) {
	sel := *t.sel
	key := t.entity.Field(t.entity.Key)
	at := selected(&sel, key)
	most := cmp.Or(sel.Paging(nil).Max, 100)
	slices.SortFunc(keys, func(a, b any) int { return strings.Compare(keyText(a), keyText(b)) })
	keys = slices.Compact(keys)
	found, several := map[any]*query.Row{}, map[any]bool{}
	for part := range slices.Chunk(keys, most) {
		alternatives := make([]*meta.Expr, len(part))
		for i, k := range part {
			alternatives[i] = meta.Const(k)
		}
		sel.Where, sel.First = meta.In(meta.This(key.Name), alternatives...), most
		list, err := tx.List(ctx, &sel)
		if err != nil {
			return nil, err
		}
		for _, row := range list.Rows {
			k := row.Values[at]
			several[k] = several[k] || found[k] != nil
			found[k] = row
		}
	}
	for k, many := range several {
		if many {
			delete(found, k)
		}
	}
	return found, nil
}

func keyText(key any) string {
	if n, ok := key.(int64); ok {
		return strconv.FormatInt(n, 10)
	}
	text, _ := key.(string)
	return text
}

// referents writes rows of several types.
func (w *writer) referents(m *member, named []referent) bool {
	t := m.definition.Type
	one := func(t *ast.Type, e referent) bool {
		if e.row == nil {
			return w.null(m.field, t)
		}
		return w.row(e.object, e.row)
	}
	if t.Elem == nil && len(named) == 0 {
		return w.null(m.field, t)
	}
	if t.Elem == nil {
		return one(t, named[0])
	}
	return w.list(t, len(named), func(i int) bool { return one(t.Elem, named[i]) })
}
