package query

import (
	"context"
	"fmt"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Record is a row of E with the fields that were selected; its columns read them: Articles.Title.Of(record). Reading what
// was not selected panics with its name. The zero Record is no row.
type Record[E any] struct {
	row    *Row
	fields []Selection
}

// Records is a page of rows.
type Records[E any] struct {
	Rows  []Record[E]
	Next  string // the cursor after which the next page begins, empty at the end
	Total int64  // of all pages, where it was asked for
}

// Field is what can be selected of E: a column, or a relation With fields.
type Field[E any] interface {
	selectOf(e *meta.Entity) Selection
}

// ID is the row's id, empty of no row.
func (r Record[E]) ID() kit.ID {
	if r.row == nil {
		return ""
	}
	return r.row.ID
}

// Version is the row's version.
func (r Record[E]) Version() int64 { return r.row.Version }

// IsZero tells whether there is no row.
func (r Record[E]) IsZero() bool { return r.row == nil }

// at is the value of a field that was selected.
func (r Record[E]) at(field string) (any, Selection) {
	for i, s := range r.fields {
		if s.Field.Name == field {
			return r.row.Values[i], s
		}
	}
	panic(fmt.Sprintf("field %s of a record was not selected", field))
}

func records[E any](rows []*Row, fields []Selection) []Record[E] {
	out := make([]Record[E], len(rows))
	for i, row := range rows {
		out[i] = Record[E]{row, fields}
	}
	return out
}

// Of is the column's value in row; of null, or of what the viewer may not see, the zero value.
func (c Column[E, T]) Of(row Record[E]) T { return c.raise(c.in(row)) }

// OrNil is the column's value in row, nil for null and for what the viewer may not see.
func (c Column[E, T]) OrNil(row Record[E]) *T {
	value := c.in(row)
	if value == nil {
		return nil
	}
	v := c.raise(value)
	return &v
}

// Of is the list in row, nil of null and of what the viewer may not see.
func (c ListColumn[E, T]) Of(row Record[E]) []T {
	items, _ := c.of.in(row).([]any)
	if items == nil {
		return nil
	}
	list := make([]T, len(items))
	for i, item := range items {
		list[i] = c.of.raise(item)
	}
	return list
}

func (c ListColumn[E, T]) selectOf(e *meta.Entity) Selection { return c.of.selectOf(e) }

func (c Column[E, T]) in(row Record[E]) any {
	value, selection := row.at(c.path[0])
	if len(c.path) == 1 {
		return value
	}
	parts, _ := value.([]any)
	for i, part := range selection.Field.Fields {
		if part.Name == c.path[1] && parts != nil {
			return parts[i]
		}
	}
	return nil
}

func (c Column[E, T]) selectOf(e *meta.Entity) Selection { return Selection{Field: e.Field(c.path[0])} }

// nested is a relation of E with fields of the rows of T that it leads to.
type nested[E, T any] struct {
	field  string
	fields []Field[T]
}

func (n nested[E, T]) selectOf(e *meta.Entity) Selection {
	f := e.Field(n.field)
	return Selection{Field: f, Nested: &Select{Entity: f.Target(), Fields: selections(f.Target(), n.fields)}}
}

// selections are fields, each once: parts of one value object share theirs.
func selections[E any](e *meta.Entity, fields []Field[E]) []Selection {
	var all []Selection
	for _, f := range fields {
		selection := f.selectOf(e)
		known := false
		for _, other := range all {
			known = known || other.Field == selection.Field && selection.Nested == nil
		}
		if !known {
			all = append(all, selection)
		}
	}
	return all
}

// SelectRecords reads a page of rows of sel's entity, with fields in place of sel's.
func SelectRecords[E any](ctx context.Context, tx *Tx, sel *Select, fields []Field[E]) (Records[E], error) {
	sel.Fields = selections(sel.Entity, fields)
	list, err := tx.List(ctx, sel)
	if err != nil {
		return Records[E]{}, err
	}
	page := Records[E]{Rows: records[E](list.Rows, sel.Fields), Total: list.Total}
	if list.HasNext && len(list.Rows) > 0 {
		page.Next = list.Cursor(len(list.Rows) - 1)
	}
	return page, nil
}

// GetRecord reads fields of the row of e with that id or key, or is the problem NOT_FOUND.
func GetRecord[E any](ctx context.Context, tx *Tx, e *meta.Entity, key string, fields []Field[E]) (Record[E], error) {
	sel := &Select{Entity: e, Fields: selections(e, fields)}
	row, err := tx.Get(ctx, sel, key)
	if err != nil {
		return Record[E]{}, err
	}
	return Record[E]{row, sel.Fields}, nil
}
