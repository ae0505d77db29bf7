package query

import (
	"context"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Single returns ctx for an Engine.Read that does nothing but List or Get sel. Where that is one statement the
// database need not open a transaction around it.
func Single(ctx context.Context, sel *Select) context.Context {
	if sel.Count || sel.Query != nil || hasLists(sel.Fields) {
		return ctx
	}
	return sqldb.WithSingle(ctx)
}

func hasLists(fields []Selection) bool {
	for _, f := range fields {
		if f.Field.Kind == meta.List || f.Nested != nil && hasLists(f.Nested.Fields) {
			return true
		}
	}
	return false
}
