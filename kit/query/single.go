package query

import (
	"context"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Single returns ctx for a Read that does nothing but List or Get sel. Where that is one statement the database need not
// open a transaction around it.
func (e *Engine) Single(ctx context.Context, sel *Select) context.Context {
	several := !e.dialect.postgres && (sel.Count || hasLists(sel.Fields))
	if several || sel.Query != nil || hasMethods(sel.Fields) { // whose rules and arguments may be asked for first
		return ctx
	}
	if e.dialect.postgres && sel.Entity.TenantColumn != "" {
		ctx = context.WithValue(ctx, provingKey{}, true)
	}
	return sqldb.WithSingle(ctx)
}

// provingKey marks the context of a read whose rows prove that their tenant may be seen; see Tx.expect.
type provingKey struct{}

func hasLists(fields []Selection) bool {
	for _, f := range fields {
		if f.Field.Kind == meta.List || f.Nested != nil && hasLists(f.Nested.Fields) {
			return true
		}
	}
	return false
}
