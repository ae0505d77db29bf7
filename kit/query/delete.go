package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Delete deletes the row that key or id names. A version other than 0 must be the row's. Its problems are NOT_FOUND,
// FORBIDDEN, STALE, and CONFLICT where other rows refer to it.
//
// A row of an entity with SoftDelete stays in its table and is seen no more. The rows that refer to it with Cascade go
// with it, as deleted at the same instant.
func (t *Tx) Delete(ctx context.Context, e *meta.Entity, key string, version int64) (err error) {
	defer t.state.spoil(t.state.writes, &err)
	return t.delete(ctx, e, key, version, nil)
}

// delete is Delete of a row that belongs to another, if of is not nil.
func (t *Tx) delete(ctx context.Context, e *meta.Entity, key string, version int64, of *belonging) error {
	w := t.write(e, meta.Delete)
	before, err := w.verdict(beforeStage)
	if err != nil {
		return err
	}
	before.of = of
	row, err := before.load(ctx, t, key, version, w.what())
	if err != nil {
		return err
	}
	w.heldBy = row.by
	return w.remove(ctx, []string{string(row.id)})
}

// DeleteWhere deletes the rows that the viewer may read and for which where holds, as Delete does each, and returns how many. One of
// them that he may not delete is the problem FORBIDDEN of all. They are locked as they are found, so that where holds of each when it
// goes. A statement finds, and another deletes, lotSize of them.
func (t *Tx) DeleteWhere(ctx context.Context, e *meta.Entity, where *meta.Expr) (n int, err error) {
	defer t.state.spoil(t.state.writes, &err)
	if where == nil {
		return 0, fmt.Errorf("delete %s: no condition is given, and without one every row would go", e.Plural)
	}
	w := t.write(e, meta.Delete)
	before, err := w.verdict(beforeStage)
	if err != nil {
		return 0, err
	}
	for {
		ids, err := before.loadWhere(ctx, w, where)
		if err != nil {
			return 0, err
		}
		if len(ids) == 0 {
			return n, nil
		}
		if err := w.remove(ctx, ids); err != nil {
			return 0, err
		}
		if n += len(ids); len(ids) < lotSize {
			return n, nil
		}
	}
}

// lotSize is how many rows a statement deletes at most.
const lotSize = 1000

// loadWhere locks rows for which a condition holds, at most lotSize, and asks what must hold before they are written.
func (v *verdict) loadWhere(ctx context.Context, w *write, where *meta.Expr) (ids []string, err error) {
	t, what := w.tx, w.what()
	w.heldBy = nil
	s := &shaper{}
	if s.filter(where, 0); s.err != nil {
		return nil, s.err
	}
	r := *v.renderer
	r.slots = s.slots
	fits := (&planner{renderer: &r, sel: &Select{Entity: v.entity, Where: where}}).where(v.row)
	if r.err != nil {
		return nil, fmt.Errorf("%s: %w", what, r.err)
	}
	sql := "SELECT " + strings.Join(append([]string{"t0.id"}, v.columns...), ", ") + " FROM " + r.table(v.row) + whereClause(fits) +
		" ORDER BY t0.id LIMIT " + itoa(lotSize) // in one order, so that two who delete the same wait for each other only one way round
	if r.postgres {
		sql += " FOR UPDATE OF t0"
	}
	sql, params := finish(sql, r.params)
	args, err := t.args(params, s.values)
	if err != nil {
		return nil, err
	}
	rows, err := t.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	defer rows.Close()
	cells := append([]cell{{class: textClass}}, v.cells()...)
	for rows.Next() {
		if err := readAll(rows, cells); err != nil {
			return nil, err
		}
		if err := v.judge(v.answers(cells[1:]), nil, t.viewer, what); err != nil {
			return nil, err
		}
		ids, w.heldBy = append(ids, *cells[0].text), v.heldBy(cells[1:], w.heldBy)
	}
	return ids, rows.Err()
}

// remove deletes rows that are locked and may be deleted.
func (w *write) remove(ctx context.Context, ids []string) error {
	t, e := w.tx, w.entity
	t.state.writes++
	if e.SoftDelete {
		return w.bury(ctx, ids)
	}
	t.changed(e, meta.Delete, ids...)
	if err := t.record(ctx, e, buried, ids, unchanged); err != nil {
		return err
	}
	which, arg := "= $1", any(ids[0])
	if len(ids) > 1 {
		which, arg = t.engine.dialect.among(), t.engine.ids(ids, childrenVariant)
	}
	if _, err := t.conn.Exec(ctx, "DELETE FROM "+stored(e)+" WHERE id "+which, arg); err != nil {
		return w.violation(err)
	}
	return nil
}

// Restore brings the deleted row that key or id names back, with those that were deleted with it, and returns its id. It
// is for whoever may delete it, but for nobody who would bring himself back: his token outlives his account by some minutes.
// Of several that had the key it is the one that was deleted last.
//
// Its problems are NOT_FOUND where there is no such deleted row, FORBIDDEN, INVALID where a check no longer holds, and
// CONFLICT where something unique was taken since, or a row that it belongs to is deleted too.
func (t *Tx) Restore(ctx context.Context, e *meta.Entity, key string) (id kit.ID, err error) {
	defer t.state.spoil(t.state.writes, &err)
	if !e.SoftDelete {
		return "", kit.NotFound(e.Singular)
	}
	w := t.write(e, meta.Delete)
	w.fate = deleted
	before, err := w.verdict(beforeStage)
	if err != nil {
		return "", err
	}
	if err := w.lockReached(ctx, before, key); err != nil {
		return "", err
	}
	row, err := before.load(ctx, t, key, 0, w.what())
	if err != nil {
		return "", err
	}
	w.id = row.id
	if w.bringsBackWhoAsks(group{e, []string{string(w.id)}}) {
		return "", kit.Forbidden(w.what())
	}
	if err := w.raise(ctx); err != nil {
		return "", err
	}
	if err := w.lockKept(ctx, row); err != nil {
		return "", err
	}
	again := t.System().write(e, meta.Create) // what holds of every row that is written
	after, err := again.verdict(afterStage)
	if err != nil {
		return "", err
	}
	return w.id, after.ask(ctx, t, w.id, nil, nil, w.what())
}

// group is rows of one entity that are deleted, or come back, together.
type group struct {
	entity *meta.Entity
	ids    []string
}

// bury deletes rows and what goes with them. Rows that refer to one of them with Restrict are looked for at the end, so
// that those that go too do not count.
func (w *write) bury(ctx context.Context, ids []string) error {
	groups, err := w.together(ctx, ids, meta.DeletedAt+" IS NULL", w.tx.now)
	if err != nil {
		return err
	}
	var by []referrer
	var of *meta.Entity // of which a row is referred to
	for _, g := range groups {
		for _, r := range w.tx.referrers(g.entity, meta.Restrict) {
			ids, err := w.tx.find(ctx, w.tx.engine.dialect.tableOfAll(&scope{entity: r.entity, alias: "t"}), ident(r.field.Column)+" "+among, g.ids, nil, " LIMIT 1")
			if err != nil {
				return err
			}
			if len(ids) == 0 {
				continue
			}
			if of == nil {
				of = g.entity
			}
			if slices.Contains(w.heldBy, r) && !slices.Contains(by, r) {
				by = append(by, r)
			}
		}
	}
	if of != nil {
		return stillReferred(of, by, nil)
	}
	return nil
}

// raise brings a row back, and what was deleted at the same instant with it.
func (w *write) raise(ctx context.Context) error {
	cells := []cell{{class: instantClass, kind: meta.DateTime}}
	params := []param{{source: slotSource, typ: typ{kind: meta.ID}}}
	if _, err := w.tx.one(ctx, "SELECT "+meta.DeletedAt+" FROM "+stored(w.entity)+" WHERE id = $1", params, []any{string(w.id)}, cells); err != nil {
		return err
	}
	instant, err := cells[0].value()
	if err != nil {
		return err
	}
	at, err := w.tx.engine.dialect.encode(instant, typ{kind: meta.DateTime})
	if err != nil {
		return err
	}
	groups, err := w.together(ctx, []string{string(w.id)}, meta.DeletedAt+" = $2", nil, at)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if w.bringsBackWhoAsks(g) {
			return kit.Forbidden(w.what())
		}
		if err := w.belongs(ctx, g); err != nil {
			return err
		}
	}
	return nil
}

// bringsBackWhoAsks tells whether the viewer's own account is among rows that are to come back.
func (w *write) bringsBackWhoAsks(g group) bool {
	return !w.tx.system && g.entity == w.tx.engine.account && slices.Contains(g.ids, string(w.tx.viewer.ID))
}

// belongs refuses rows to come back while one that they refer to with Restrict or Cascade is deleted.
func (w *write) belongs(ctx context.Context, g group) error {
	d := w.tx.engine.dialect
	for _, f := range g.entity.Fields {
		if f.Kind != meta.Reference || f.OnDelete == meta.Stay || !f.Target().Vanishes() {
			continue
		}
		if err := w.tx.hold(ctx, f.Target(), "(SELECT "+ident(f.Column)+" FROM "+stored(g.entity)+" WHERE id "+w.tx.engine.dialect.among()+")", w.tx.engine.ids(g.ids, childrenVariant)); err != nil {
			return err
		}
		lost := "id " + among + " AND t." + ident(f.Column) + " IS NOT NULL AND NOT EXISTS (SELECT 1 FROM " +
			d.tableOfAll(&scope{entity: f.Target(), alias: "r"}) + " WHERE r.id = t." + ident(f.Column) + ")"
		ids, err := w.tx.find(ctx, stored(g.entity)+" t", lost, g.ids, nil, " LIMIT 1")
		if err != nil {
			return err
		}
		if len(ids) > 0 {
			return &kit.Problem{
				Code: kit.CodeConflict, Status: 409,
				Detail: "The " + f.Target().Singular + " of this " + g.entity.Singular + " is deleted too: restore that first.",
				Fields: []kit.FieldError{{Field: f.Name, Code: kit.FieldNotFound, Detail: "This is deleted."}},
			}
		}
	}
	return nil
}

// together marks rows, and all that follows them by references with Cascade, as deleted at an instant, or with nil as
// living, where they are as condition says. It returns them all, and those that are only hidden or seen with them.
func (w *write) together(ctx context.Context, ids []string, condition string, instant any, args ...any) ([]group, error) {
	groups := []group{{w.entity, ids}}
	if err := w.tx.mark(ctx, groups[0], instant); err != nil {
		return nil, err
	}
	known := make(map[string]bool, len(ids))
	for _, id := range ids {
		known[id] = true
	}
	for i := 0; i < len(groups); i++ {
		for _, r := range w.tx.referrers(groups[i].entity, meta.Cascade) {
			marked := r.entity.SoftDelete && groups[i].entity.SoftDelete
			where, values := ident(r.field.Column)+" "+among, []any(nil)
			switch {
			case marked:
				where, values = where+" AND "+condition, args
			case r.entity.SoftDelete: // what is deleted by itself stays so
				where += " AND " + meta.DeletedAt + " IS NULL"
			}
			lock := ""
			if w.tx.engine.dialect.postgres {
				lock = " ORDER BY id FOR UPDATE" // nobody refers to them from now on, and whoever writes several of them takes them in this order
			}
			ids, err := w.tx.find(ctx, stored(r.entity), where, groups[i].ids, values, lock)
			if err != nil {
				return nil, err
			}
			g := group{entity: r.entity}
			for _, id := range ids {
				if !known[id] {
					known[id] = true
					g.ids = append(g.ids, id)
				}
			}
			if len(g.ids) == 0 {
				continue
			}
			if marked {
				if err := w.tx.mark(ctx, g, instant); err != nil {
					return nil, err
				}
			}
			groups = append(groups, g)
		}
	}
	return groups, nil
}

// referrer is a reference of an entity to another.
type referrer struct {
	entity *meta.Entity
	field  *meta.Field
}

// referrers is the references to e that say do.
func (t *Tx) referrers(e *meta.Entity, do meta.OnDelete) []referrer {
	return slices.DeleteFunc(t.references(e), func(r referrer) bool { return r.field.OnDelete != do })
}

// references is all references to e.
func (t *Tx) references(e *meta.Entity) (all []referrer) {
	for _, other := range t.engine.backend.Entities {
		for _, f := range other.Fields {
			if f.Kind == meta.Reference && f.Target() == e && f.Stored() {
				all = append(all, referrer{other, f})
			}
		}
	}
	return all
}

// among stands in a condition for being one of the ids of $1.
const among = "@"

func (d dialect) among() string {
	if d.postgres {
		return "= ANY ($1::uuid[])"
	}
	return "IN (SELECT value FROM json_each($1))"
}

// find returns the ids of rows of a table that fit where, in which $1 is ids.
func (t *Tx) find(ctx context.Context, table, where string, ids []string, args []any, tail string) (found []string, err error) {
	sql := "SELECT id FROM " + table + " WHERE " + strings.Replace(where, among, t.engine.dialect.among(), 1) + tail
	rows, err := t.conn.Query(ctx, sql, append([]any{t.engine.ids(ids, childrenVariant)}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sql, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		found = append(found, id)
	}
	return found, rows.Err()
}

// mark sets the instant at which rows were deleted, nil for living ones.
func (t *Tx) mark(ctx context.Context, g group, instant any) error {
	d := t.engine.dialect
	deletedAt, err := d.encode(instant, typ{kind: meta.DateTime})
	if err != nil {
		return err
	}
	now, err := d.encode(t.now, typ{kind: meta.DateTime})
	if err != nil {
		return err
	}
	sets, args := []string{meta.DeletedAt + " = $2" + d.cast(meta.DateTime)}, []any{t.engine.ids(g.ids, childrenVariant), deletedAt}
	if f := g.entity.Field("updatedAt"); f != nil && f.Auto {
		sets, args = append(sets, ident(f.Column)+" = $3"), append(args, now)
	}
	sets = append(sets, nextVersion(g.entity)...)
	t.state.writes++
	if _, err := t.conn.Exec(ctx, "UPDATE "+stored(g.entity)+" SET "+strings.Join(sets, ", ")+" WHERE id "+t.engine.dialect.among(), args...); err != nil {
		return t.write(g.entity, meta.Delete).violation(err)
	}
	verb, change := buried, meta.Delete
	if instant == nil {
		verb, change = restored, meta.Create
	}
	t.changed(g.entity, change, g.ids...)
	return t.record(ctx, g.entity, verb, g.ids, unchanged)
}

// hold keeps rows of e from being deleted until the transaction ends. ids is a list of them in brackets, with one argument.
// SQLite has one writer at a time anyway.
func (t *Tx) hold(ctx context.Context, e *meta.Entity, ids string, arg any) error {
	if !t.engine.dialect.postgres {
		return nil
	}
	_, err := t.conn.Exec(ctx, "SELECT 1 FROM "+stored(e)+" WHERE id IN "+ids+" FOR KEY SHARE", arg)
	return err
}
