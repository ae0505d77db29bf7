package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// queueSpans makes an update of spans that may not overlap wait for others. PostgreSQL refuses the second of two by
// itself, but of two that both stand and wait to see whether the other stays it can only break the deadlock, after a
// second. SQLite has one writer at a time anyway.
func (w *write) queueSpans(ctx context.Context) error {
	if !w.tx.engine.dialect.postgres {
		return nil
	}
	for i := range w.entity.Excludes {
		x := &w.entity.Excludes[i]
		if !w.moves(x) {
			continue
		}
		place, args, err := w.place(x, []any{string(w.id)})
		if err != nil {
			return err
		}
		if _, err := w.tx.conn.Exec(ctx, "SELECT pg_advisory_xact_lock("+place+") FROM "+stored(w.entity)+" WHERE id = $1", args...); err != nil {
			return err
		}
	}
	return nil
}

// queueSpans is the same for rows that are made together. They wait for each place in one order, so that two lots of the same
// places do not wait for each other.
func (l *lot) queueSpans(ctx context.Context) error {
	if !l.tx.engine.dialect.postgres {
		return nil
	}
	for i := range l.entity.Excludes {
		var places []string
		var args []any
		for _, w := range l.writes {
			place, more, err := w.place(&l.entity.Excludes[i], args)
			if err != nil {
				return err
			}
			places, args = append(places, place), more
		}
		sql := "SELECT pg_advisory_xact_lock(" + places[0] + ")"
		if len(places) > 1 {
			sql = "SELECT pg_advisory_xact_lock(place) FROM (SELECT DISTINCT place FROM (VALUES (" + strings.Join(places, "), (") + ")) v (place) ORDER BY place) p"
		}
		if _, err := l.tx.conn.Exec(ctx, sql, args...); err != nil {
			return err
		}
	}
	return nil
}

// moves tells whether an update may bring the row in the way of another.
func (w *write) moves(x *meta.Exclusion) bool {
	return slices.ContainsFunc(w.given, func(f *meta.Field) bool {
		conditional := false
		if x.When != nil {
			walk(x.When, func(part *meta.Expr) {
				conditional = conditional || part.Op == meta.OpGet && len(part.Path) > 0 && part.Path[0] == f.Name
			})
		}
		return conditional || f.Name == x.From || f.Name == x.Until || slices.Contains(x.Per, f.Name)
	})
}

// place is a number, in SQL, for all rows whose spans may not overlap with that of w. Its values are added to args.
func (w *write) place(x *meta.Exclusion, args []any) (string, []any, error) {
	d := w.tx.engine.dialect
	key := []string{quote(x.Name)}
	if w.entity.TenantColumn != "" {
		key = append(key, quote(w.tx.tenant)) // a UUID
	}
	for _, name := range x.Per {
		f := w.entity.Field(name)
		value, given := w.values[f]
		if !given && w.verb == meta.Update {
			key = append(key, ident(f.Column)+"::text")
			continue
		}
		stored, err := d.encode(value, fieldType(f))
		if err != nil {
			return "", nil, err
		}
		args = append(args, stored)
		key = append(key, fmt.Sprintf("$%d%s::text", len(args), d.cast(f.Kind)))
	}
	return "hashtextextended(concat_ws(' ', " + strings.Join(key, ", ") + "), 0)", args, nil
}
