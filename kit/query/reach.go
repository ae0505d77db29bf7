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

// lockKept locks what the row of an update refers to and goes on to refer to, where a check that the update may break asks about it.
// A row that it is written with is locked already.
func (w *write) lockKept(ctx context.Context) error {
	for _, f := range w.entity.Fields {
		if f.Kind != meta.Reference || f == w.by || slices.Contains(w.given, f) {
			continue
		}
		breaks := slices.ContainsFunc(w.tx.engine.reaches[w.entity], func(r reach) bool {
			return slices.Contains(r.over, f) && (r.any || len(w.parts) > 0 || slices.ContainsFunc(w.given, func(g *meta.Field) bool { return slices.Contains(r.names, g.Name) }))
		})
		if !breaks {
			continue
		}
		if err := w.lockReferred(ctx, f); err != nil {
			return err
		}
	}
	return nil
}

// lockReferred locks the row that the stored row refers to by f.
func (w *write) lockReferred(ctx context.Context, f *meta.Field) error {
	if !w.tx.engine.dialect.postgres {
		return nil
	}
	sql := "SELECT 1 FROM " + stored(f.Target()) + " WHERE id = (SELECT " + ident(f.Column) + " FROM " + stored(w.entity) + " WHERE id = $1) FOR NO KEY UPDATE"
	_, err := w.tx.conn.Exec(ctx, sql, string(w.id))
	return err
}
