package oracle

import (
	"context"
	"fmt"
	"time"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// What Go works out of a row is the same text on both sides: of when the row was made, and how often it was written.
func workedOut(createdAt time.Time, version int64) string {
	return fmt.Sprintf("%d after %s", version, createdAt.UTC().Format(time.RFC3339Nano))
}

// methods are the handlers of what Go works out, by their names.
func methods(b *meta.Backend) map[string]query.Handler {
	handlers := map[string]query.Handler{}
	for _, e := range b.Entities {
		for _, f := range e.Fields {
			if f.Method {
				handlers[e.Name+"."+f.Name] = work
			}
		}
	}
	return handlers
}

// work answers for whole rows, which begin with id, createdAt, updatedAt and version.
func work(_ context.Context, _ *query.Tx, args []any) (any, error) {
	var out []any
	for _, row := range args[0].([]*query.Row) {
		out = append(out, workedOut(row.Values[1].(time.Time), row.Values[3].(int64)))
	}
	return out, nil
}
