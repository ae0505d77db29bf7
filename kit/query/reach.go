package query

import (
	"context"
	"slices"

	"github.com/fettlehq/fettle/kit/meta"
)

// reach is a condition on a row that asks about what the row refers to: a check, or the bound of a list. Writes for which one holds come
// one after the other under each such parent, or each would be asked without the others.
type reach struct {
	over  []*meta.Field // the references
	names []string      // of the fields that the condition looks at, of whatever entity
	any   bool          // it looks at what is computed: any field may be part of that
}

// findReaches finds those of each entity.
func (e *Engine) findReaches() {
	e.reaches = map[*meta.Entity][]reach{}
	for _, entity := range e.backend.Entities {
		for _, c := range allChecks(entity) {
			if r := e.reachOf(entity, c.That); !c.Local && len(r.over) > 0 {
				e.reaches[entity] = append(e.reaches[entity], r)
			}
		}
		for _, f := range entity.Fields {
			if boundBy(entity, f) > 0 {
				e.reaches[entity] = append(e.reaches[entity], reach{over: []*meta.Field{f}, names: []string{f.Name}})
			}
		}
	}
}

func (e *Engine) reachOf(entity *meta.Entity, that *meta.Expr) reach {
	var r reach
	walk(that, func(x *meta.Expr) {
		if x.Op == meta.OpCan && x.Args[0].Op == meta.OpGet && x.Args[0].Root == meta.RootThis && len(x.Args[0].Path) == 1 {
			r.through(entity, x.Args[0].Path[0])
		}
		if x.Op != meta.OpGet || len(x.Path) == 0 {
			return
		}
		r.names = append(r.names, x.Path...)
		for _, name := range x.Path {
			r.any = r.any || e.anyComputes(name)
		}
		if x.Root != meta.RootThis && x.Root != meta.RootOld {
			return
		}
		first := entity.Field(x.Path[0])
		switch {
		case first != nil && first.Computed != nil:
			inner := e.reachOf(entity, first.Computed)
			r.over = append(r.over, inner.over...)
		case len(x.Path) > 1:
			r.through(entity, x.Path[0])
		}
	})
	slices.SortFunc(r.over, func(a, b *meta.Field) int { return slices.Index(entity.Fields, a) - slices.Index(entity.Fields, b) })
	r.over = slices.Compact(r.over)
	return r
}

// through adds the reference of that name, or those of a union.
func (r *reach) through(entity *meta.Entity, name string) {
	f := entity.Field(name)
	switch {
	case f == nil:
	case f.Kind == meta.Reference:
		r.over = append(r.over, f)
	case f.Kind == meta.Union:
		for _, arm := range f.Arms {
			r.over = append(r.over, entity.Field(arm))
		}
	}
}

// anyComputes tells whether some entity has a computed field of that name.
func (e *Engine) anyComputes(name string) bool {
	return slices.ContainsFunc(e.backend.Entities, func(entity *meta.Entity) bool {
		f := entity.Field(name)
		return f != nil && f.Computed != nil
	})
}

// reached tells whether a check or bound of the entity asks about the rows that f refers to.
func (e *Engine) reached(entity *meta.Entity, f *meta.Field) bool {
	return slices.ContainsFunc(e.reaches[entity], func(r reach) bool { return slices.Contains(r.over, f) })
}

// keeps tells whether an update leaves the reference f as it is, and may break a check that asks about what that refers to; what comes back
// may break each. A row that it is written with is locked already.
func (w *write) keeps(f *meta.Field) bool {
	switch {
	case f.Kind != meta.Reference, f == w.by, slices.Contains(w.given, f):
		return false
	case w.fate == deleted:
		return w.tx.engine.reached(w.entity, f)
	case len(w.given)+len(w.parts) == 0:
		return false
	}
	return slices.ContainsFunc(w.tx.engine.reaches[w.entity], func(r reach) bool {
		return slices.Contains(r.over, f) && (r.any || len(w.parts) > 0 || slices.ContainsFunc(w.given, func(g *meta.Field) bool { return slices.Contains(r.names, g.Name) }))
	})
}

// kept is the references that w keeps, of an update or of what comes back.
func (w *write) kept() (kept []*meta.Field) {
	if len(w.tx.engine.reaches[w.entity]) == 0 || w.verb != meta.Update && w.fate != deleted {
		return nil
	}
	for _, f := range w.entity.Fields {
		if w.keeps(f) {
			kept = append(kept, f)
		}
	}
	return kept
}

// lockReached locks what the row of an update refers to, or is to refer to, where a check asks about it, and does so before the row itself is
// locked: who deletes a row takes it before what goes with it, and so does who writes its lists. Two that took them the other way round
// would wait for each other.
func (w *write) lockReached(ctx context.Context, before *verdict, key string) error {
	if !w.tx.engine.dialect.postgres || len(w.wrong.wrong) > 0 || before.impossible(w.tx.viewer, w.what()) != nil {
		return nil // it comes to nothing, and nobody waits for that
	}
	for _, f := range w.entity.Fields {
		var err error
		text, named := w.values[f].(string)
		switch {
		case w.keeps(f):
			err = w.lockReferred(ctx, before, f, key)
		case named && f.Kind == meta.Reference && w.tx.engine.reached(w.entity, f):
			r := w.tx.renderer()
			if id, value, ok := r.lookup(f.Target(), text, 0); ok {
				err = w.lockBefore(ctx, f.Target(), r, id, []any{value})
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// lockReferred locks what the row that key names, and the viewer may read, refers to by f.
func (w *write) lockReferred(ctx context.Context, before *verdict, f *meta.Field, key string) error {
	kind, value, ok := addressed(w.entity, key)
	if !ok || before.visible == sqlFalse || before.visible == sqlNull {
		return nil
	}
	r := *before.renderer
	where, values := before.found(&r, kind, value)
	return w.lockBefore(ctx, f.Target(), &r, "(SELECT t0."+ident(f.Column)+where+")", values)
}

// lockBefore locks the row whose id a query gives.
func (w *write) lockBefore(ctx context.Context, e *meta.Entity, r *renderer, id string, values []any) error {
	if r.err != nil {
		return r.err
	}
	sql, params := finish("SELECT id FROM "+stored(e)+" WHERE id = "+id+" FOR NO KEY UPDATE", r.params)
	cells := []cell{{class: textClass}}
	found, err := w.tx.one(ctx, sql, params, values, cells)
	if found {
		w.locked = append(w.locked, *cells[0].text)
	}
	return err
}

// lockKept locks what the row, which is locked, goes on to refer to, unless lockReached did: somebody may have changed that in between.
func (w *write) lockKept(ctx context.Context, row *loaded) error {
	if !w.tx.engine.dialect.postgres {
		return nil
	}
	for i, f := range w.oldFields() {
		id, refers := row.old[i].(string)
		if !refers || !w.keeps(f) || slices.Contains(w.locked, id) {
			continue
		}
		if _, err := w.tx.conn.Exec(ctx, "SELECT 1 FROM "+stored(f.Target())+" WHERE id = $1 FOR NO KEY UPDATE", id); err != nil {
			return err
		}
	}
	return nil
}
