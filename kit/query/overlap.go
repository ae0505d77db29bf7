package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// queueSpans makes writes of spans that may not overlap come one after the other. PostgreSQL refuses the second of two by
// itself, but of two that both stand and wait to see whether the other stays it can only break the deadlock, after a
// second. SQLite has one writer at a time anyway.
func (w *write) queueSpans(ctx context.Context) error {
	if !w.tx.engine.dialect.postgres {
		return nil
	}
	for i := range w.entity.Excludes {
		if x := &w.entity.Excludes[i]; w.verb == meta.Create || w.moves(x) {
			if err := w.queueSpan(ctx, x); err != nil {
				return err
			}
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

// queueSpan waits for the others that write spans of the same place, until they are done.
func (w *write) queueSpan(ctx context.Context, x *meta.Exclusion) error {
	d := w.tx.engine.dialect
	key := []string{quote(x.Name)}
	if w.entity.TenantColumn != "" {
		key = append(key, quote(w.tx.tenant)) // a UUID
	}
	from := ""
	var args []any
	if w.verb == meta.Update {
		from = " FROM " + stored(w.entity) + " WHERE id = $1"
		args = append(args, string(w.id))
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
			return err
		}
		args = append(args, stored)
		key = append(key, fmt.Sprintf("$%d%s::text", len(args), d.cast(f.Kind)))
	}
	_, err := w.tx.conn.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(' ', "+strings.Join(key, ", ")+"), 0))"+from, args...)
	return err
}
