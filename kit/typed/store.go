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
	Skip  int                // rows left out after that; the database still reads them, so a cursor is better
	Count bool               // also count all rows that fit; Select alone tells

	search string // of a Search
}

// Search is a Query of an E whose words can be searched.
type Search[E any] struct {
	Search string             // words that every row has: good roast* "black coffee"; every row unless given
	Where  query.Condition[E] // every row unless given
	Order  []query.OrderBy[E] // the entity's own unless given
	First  int                // rows at most; the entity's page unless given
	After  string             // the cursor that the page before returned
	Skip   int                // rows left out after that; the database still reads them, so a cursor is better
	Count  bool               // also count all rows that fit; Select alone tells
}

// Query is s as other functions take it.
func (s Search[E]) Query() Query[E] {
	return Query[E]{Where: s.Where, Order: s.Order, First: s.First, After: s.After, Skip: s.Skip, Count: s.Count, search: s.Search}
}

// sel is what q asks for of e, without fields.
func (q Query[E]) sel(e *meta.Entity) *query.Select {
	s := &query.Select{Entity: e, Search: q.search, Where: q.Where.Expr(), First: q.First, After: q.After, Skip: q.Skip, Count: q.Count}
	for _, key := range q.Order {
		s.Order = append(s.Order, key.Order())
	}
	return s
}

// Select reads fields of a page of rows, and of what they lead to.
func Select[E any](ctx context.Context, tx *query.Tx, e *meta.Entity, q Query[E], fields []query.Field[E]) (query.Records[E], error) {
	return query.SelectRecords(ctx, tx, q.sel(e), fields)
}

// Aggregate works out parts of the rows that fit, in groups by those that are keys; with none, of all together. First and
// After are about groups, whose order is that of their keys: q has no Order.
func Aggregate[E any](ctx context.Context, tx *query.Tx, e *meta.Entity, q Query[E], parts []query.Part[E]) (query.Aggregates[E], error) {
	return query.AggregateRecords(ctx, tx, q.sel(e), parts)
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
	page := q.sel(e)
	page.Fields, page.Count = query.Full(e).Fields, false
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
	return rows, list.Cursor(len(rows) - 1), nil
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

// DeleteWhere deletes the rows for which where holds, as Delete does each, and returns how many. The zero condition is an error.
func DeleteWhere[E any](ctx context.Context, tx *query.Tx, e *meta.Entity, where query.Condition[E]) (int, error) {
	return tx.DeleteWhere(ctx, e, where.Expr())
}

// Lock holds the rows of these ids until the transaction ends.
func Lock(ctx context.Context, tx *query.Tx, e *meta.Entity, ids []kit.ID) error {
	rows := make([]query.Named, len(ids))
	for i, id := range ids {
		rows[i] = query.Named{Entity: e, Key: string(id)}
	}
	return tx.Lock(ctx, rows)
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
