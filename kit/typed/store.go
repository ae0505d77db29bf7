package typed

import (
	"context"
	"iter"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Query says which rows of E a store lists. The zero Query is the first page of all.
type Query[E any] struct {
	Where query.Condition[E] // every row unless given
	Order []query.OrderBy[E] // the entity's own unless given
	First int                // rows at most; the entity's page unless given
	After string             // the cursor that the page before returned
}

// Get reads one row by its id or key.
func Get[T any](ctx context.Context, tx *query.Tx, e *meta.Entity, key string, read func(any) T) (T, error) {
	row, err := tx.Get(ctx, query.Full(e), key)
	if err != nil {
		var none T
		return none, err
	}
	return read(row), nil
}

// Page reads a page of rows, and returns the cursor after which the next one begins, empty at the end.
func Page[T any](ctx context.Context, tx *query.Tx, e *meta.Entity, q Query[T], read func(any) T) ([]T, string, error) {
	page := query.Full(e)
	page.Where, page.First, page.After = q.Where.Expr(), q.First, q.After
	for _, key := range q.Order {
		page.Order = append(page.Order, key.Order())
	}
	list, err := tx.List(ctx, page)
	if err != nil {
		return nil, "", err
	}
	rows := make([]T, len(list.Rows))
	for i, row := range list.Rows {
		rows[i] = read(row)
	}
	if !list.HasNext || len(rows) == 0 {
		return rows, "", nil
	}
	return rows, list.Cursors[len(rows)-1], nil
}

// All reads every row that fits, page by page (First is the size of one).
func All[T any](ctx context.Context, tx *query.Tx, e *meta.Entity, q Query[T], read func(any) T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		if q.First == 0 {
			q.First = e.Page.Max
		}
		for {
			rows, next, err := Page(ctx, tx, e, q, read)
			if err != nil {
				var none T
				yield(none, err)
				return
			}
			for _, row := range rows {
				if !yield(row, nil) {
					return
				}
			}
			if next == "" {
				return
			}
			q.After = next
		}
	}
}

// Linked reads the ids in a bounded many-to-many list of one row.
func Linked(ctx context.Context, tx *query.Tx, e *meta.Entity, id kit.ID, list string) ([]kit.ID, error) {
	f := e.Field(list)
	ids := &query.Select{Entity: f.Target(), Fields: []query.Selection{{Field: f.Target().Fields[0]}}}
	row, err := tx.Get(ctx, &query.Select{Entity: e, Fields: []query.Selection{{Field: f, Nested: ids}}}, string(id))
	if err != nil {
		return nil, err
	}
	linked, _ := row.Values[0].(*query.List)
	if linked == nil {
		return nil, nil
	}
	out := make([]kit.ID, len(linked.Rows))
	for i, row := range linked.Rows {
		out[i] = row.ID
	}
	return out, nil
}
