package query

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

// A history is an entity of its own, whose rows the engine writes with every write of its owner's. It is read as the list
// of a row is; what is special in reading is that its changes leave out the fields that the viewer may not read.

// The verbs of a history.
const (
	created  = "CREATE"
	updated  = "UPDATE"
	buried   = "DELETE"
	restored = "RESTORE"
)

// History reads a page of the changes of the row of e that key or id names: for whoever may read the row, of a deleted one
// for whoever may restore it. sel is of e's history.
func (t *Tx) History(ctx context.Context, e *meta.Entity, key string, sel *Select) (*List, error) {
	f := e.Field(meta.HistoryList)
	if e.History() == nil || f == nil {
		return nil, kit.NotFound(e.Singular)
	}
	if _, err := cost(sel, f, 1); err != nil {
		return nil, err
	}
	id, err := t.remembered(ctx, e, key)
	if err != nil {
		return nil, err
	}
	lists, err := t.page(ctx, sel, f, []string{id})
	if err != nil {
		return nil, err
	}
	return lists[id], t.workOut(ctx, sel, lists[id].Rows)
}

// remembered is the id of a row whose history the viewer may read.
func (t *Tx) remembered(ctx context.Context, e *meta.Entity, key string) (string, error) {
	row, err := t.Get(ctx, &Select{Entity: e, Fields: []Selection{{Field: e.Field("id")}}}, key)
	var problem *kit.Problem
	switch {
	case err == nil:
		return string(row.ID), nil
	case !e.SoftDelete || !errors.As(err, &problem) || problem.Code != kit.CodeNotFound:
		return "", err
	}
	w := t.write(e, meta.Delete)
	w.fate = deleted
	before, unasked := w.verdict(beforeStage)
	if unasked != nil {
		return "", err
	}
	before.looks = true
	lost, asked := before.load(ctx, t, key, 0, w.what())
	if errors.As(asked, &problem) {
		return "", err
	}
	if asked != nil {
		return "", asked
	}
	return string(lost.id), nil
}

// Remember tells those who watch e, and adds to its history, if it has one, that SQL of the caller's own has updated a row, and raised its version.
func (t *Tx) Remember(ctx context.Context, e *meta.Entity, id kit.ID, changes ...Change) error {
	w := t.write(e, meta.Create) // all that is given is new
	for _, c := range changes {
		w.values[c.Field] = c.Value
	}
	t.changed(e, meta.Update, string(id))
	return t.record(ctx, e, updated, []string{string(id)}, w.changes(nil))
}

// record adds to the history of e that rows were written. It is asked for when they have been, or right before they go for
// good.
func (t *Tx) record(ctx context.Context, e *meta.Entity, verb string, ids []string, changes []byte) error {
	h := e.History()
	if h == nil || len(ids) == 0 {
		return nil
	}
	d := t.engine.dialect
	at, err := d.encode(t.now, typ{kind: meta.DateTime})
	if err != nil {
		return err
	}
	entries := make([]string, len(ids))
	for i := range entries {
		entries[i] = string(kit.NewID())
	}
	columns := []string{"id", h.Field(meta.HistoryRow).Column, h.Field("version").Column}
	version := "r." + ident(e.Field("version").Column)
	if verb == buried && !e.SoftDelete {
		version += " + 1"
	}
	values := []string{"entries.value", "r.id", version}
	args := []any{t.engine.ids(entries, childrenVariant), t.engine.ids(ids, childrenVariant)}
	add := func(name string, kind meta.Kind, value any) {
		if f := h.Field(name); f != nil {
			args = append(args, value)
			columns, values = append(columns, ident(f.Column)), append(values, "$"+itoa(len(args))+d.cast(kind))
		}
	}
	add(meta.HistoryAt, meta.DateTime, at)
	if t.viewer.SignedIn() {
		add(meta.HistoryBy, meta.ID, string(t.viewer.ID))
	}
	if h.TenantColumn != "" {
		columns, values = append(columns, ident(h.TenantColumn)), append(values, "r."+ident(e.TenantColumn))
	}
	add(meta.HistoryVerb, meta.String, verb)
	add(meta.HistoryChanges, meta.JSON, string(changes))
	from := "json_each($1) entries JOIN json_each($2) rows ON rows.key = entries.key JOIN " + stored(e) + " r ON r.id = rows.value"
	if d.postgres {
		from = "unnest($1::uuid[], $2::uuid[]) entries(value, id) JOIN " + stored(e) + " r ON r.id = entries.id"
	}
	_, err = t.conn.Exec(ctx, "INSERT INTO "+stored(h)+" ("+strings.Join(columns, ", ")+") SELECT "+strings.Join(values, ", ")+" FROM "+from, args...)
	return err
}

// recorded tells whether a history holds the values of f: those that a door may show, but nothing personal, which is to be
// forgotten with its row.
func recorded(f *meta.Field) bool {
	switch {
	case f.Kind == meta.Union:
		return !f.Internal && !f.WriteOnly && !f.Personal && len(ShownArms(f)) == len(f.Fields)
	case f.Auto, f.IsComputed(), f.Internal, f.WriteOnly, f.Personal, slices.ContainsFunc(f.Fields, func(part *meta.Field) bool { return part.Personal || part.WriteOnly }):
		return false
	case f.Kind == meta.List && (f.Join == nil || !f.Join.Owner):
		return false
	}
	return f.Target() == nil || Exposed(f.Target(), meta.Read)
}

// unchanged is what a history says of a row that comes or goes as it is.
var unchanged = []byte("{}")

// changes is the fields that the write sets, and their new values. old is what they were, in the order of oldFields; what
// an update leaves as it was is not among them.
func (w *write) changes(old []any) []byte {
	if w.entity.History() == nil {
		return nil
	}
	buf := []byte{'{'}
	for _, f := range w.entity.Fields {
		value, set := w.values[f]
		if f.Kind == meta.Union {
			value, set = w.arms(f)
		}
		if !set || !recorded(f) || value == nil && w.verb == meta.Create {
			continue
		}
		if w.verb == meta.Update && f.Kind != meta.List {
			before := w.before(f, old)
			if alike(f, before, value) {
				continue
			}
		}
		links, ok := value.(Links)
		if ok && len(links.Link)+len(links.Unlink) == 0 {
			continue
		}
		if len(buf) > 1 {
			buf = append(buf, ',')
		}
		buf = append(input.AppendString(buf, f.Name), ':')
		if ok {
			buf = links.appendJSON(buf, f)
			continue
		}
		buf = input.AppendJSON(buf, f, value)
	}
	return append(buf, '}')
}

// alike tells whether two values of f are written alike; JSON may come back from the database with spaces and in another order.
func alike(f *meta.Field, a, b any) bool {
	x, y := input.AppendJSON(nil, f, a), input.AppendJSON(nil, f, b)
	if bytes.Equal(x, y) {
		return true
	}
	if a == nil || b == nil || f.Kind != meta.JSON && f.Kind != meta.Value {
		return false
	}
	x, errX := input.Canonical(x)
	y, errY := input.Canonical(y)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// before is what f was.
func (w *write) before(f *meta.Field, old []any) any {
	fields, columns := w.oldFields(), f.Fields
	switch f.Kind {
	case meta.Value:
	case meta.Union:
		columns = f.References()
	default:
		return old[slices.Index(fields, f)]
	}
	parts, whole := make([]any, len(columns)), false
	for i, part := range columns {
		parts[i] = old[slices.Index(fields, part)]
		whole = whole || parts[i] != nil
	}
	if !whole {
		return nil
	}
	return parts
}

// shownChanges is the changes of the history entry s, without the fields that the viewer may not read: by their own
// rules, asked of the row as it is now, or because they refer to rows that he may not see.
func (r *renderer) shownChanges(s *scope, f *meta.Field) operand {
	changes := s.alias + "." + ident(f.Column)
	var hidden []string
	for _, g := range s.entity.Owner().Fields {
		if !recorded(g) {
			continue
		}
		if visible := r.shownChange(s, changes, g); visible != sqlTrue {
			name, none := quote(g.Name), "''"
			if !r.postgres {
				name, none = `'$."`+g.Name+`"'`, `'$."-"'` // no field is called so
			}
			hidden = append(hidden, "CASE WHEN "+visible+" THEN "+none+" ELSE "+name+" END")
		}
	}
	t := fieldType(f)
	if len(hidden) == 0 {
		return operand{sql: changes, typ: t}
	}
	t.column = false
	if r.postgres {
		return operand{sql: "(" + changes + " - ARRAY[" + strings.Join(hidden, ", ") + "])", typ: t}
	}
	return operand{sql: "json_remove(" + changes + ", " + strings.Join(hidden, ", ") + ")", typ: t}
}

// shownChange is the condition under which the viewer may see what an entry says of the field g.
func (r *renderer) shownChange(s *scope, changes string, g *meta.Field) string {
	visible := sqlTrue
	if len(g.Allow.Read) > 0 && !r.system {
		row := &scope{entity: s.entity.Owner(), alias: r.alias("r"), kin: akin(s.entity, s.entity.Owner())}
		visible = r.isThere(row, s.alias+"."+ident(s.entity.Field(meta.HistoryRow).Column), r.fieldRule(g, meta.Read, row))
	}
	if g.Kind == meta.Union {
		for _, arm := range g.References() {
			visible = conjunction(visible, r.shownArm(s, changes, g, arm))
		}
		return visible
	}
	// A list is told whole, or as what is linked and unlinked: each text in it is the id of a row.
	value, each, at := changes+" ->> '$."+g.Name+"'", "json_tree("+changes+", '$."+g.Name+"') each WHERE each.type = 'text'", "each.value"
	if r.postgres {
		value, at = "("+changes+" ->> '"+g.Name+"')::uuid", "(each.value #>> '{}')::uuid"
		each = "jsonb_path_query(" + changes + `, '$."` + g.Name + `".** ? (@.type() == "string")') each(value) WHERE true`
	}
	switch g.Kind {
	case meta.Reference:
		if there := r.remains(s, g.Target(), value); there != sqlTrue {
			visible = conjunction(visible, "("+disjunction(value+" IS NULL", there)+")")
		}
	case meta.List:
		if there := r.remains(s, g.Target(), at); there != sqlTrue {
			visible = conjunction(visible, "NOT EXISTS (SELECT 1 FROM "+each+" AND "+opposite(there, true)+")")
		}
	}
	return visible
}

// remains is the condition that a row which an entry of the history s names is still there, and that the viewer may see it.
// No foreign key keeps it.
func (r *renderer) remains(s *scope, target *meta.Entity, id string) string {
	row := &scope{entity: target, alias: r.alias("r"), kin: akin(s.entity.Owner(), target)}
	policy := r.policy(target, meta.Read, row)
	if policy == sqlFalse {
		return policy
	}
	return r.isThere(row, id, policy)
}

// shownArm is the condition under which the viewer may see that the union g was the row that one of its references names.
func (r *renderer) shownArm(s *scope, changes string, g, arm *meta.Field) string {
	value := changes + " ->> '$." + g.Name + "." + arm.Target().Singular + "'"
	if r.postgres {
		value = "(" + changes + " #>> '{" + g.Name + "," + arm.Target().Singular + "}')::uuid"
	}
	there := r.remains(s, arm.Target(), value)
	if there == sqlTrue {
		return sqlTrue
	}
	return "(" + disjunction(value+" IS NULL", there) + ")"
}
