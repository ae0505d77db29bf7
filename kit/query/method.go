package query

import (
	"context"
	"fmt"

	"github.com/fettlehq/fettle/kit/meta"
)

// What a method of Go works out is in no statement: it is filled in when the rows have been read, by one call for each place
// of the selection that asks for it, however many rows stand there.

// due is the value of a Method until it is worked out. Where the viewer may not see it there is nil.
type due struct{}

func hasMethods(fields []Selection) bool {
	for _, f := range fields {
		if f.Field.Method || f.Nested != nil && hasMethods(f.Nested.Fields) {
			return true
		}
	}
	return false
}

// workOut fills in what methods work out of rows that sel has read, and of those that it nests.
func (t *Tx) workOut(ctx context.Context, sel *Select, rows []*Row) error {
	if len(rows) == 0 || !hasMethods(sel.Fields) {
		return nil
	}
	for i, s := range sel.Fields {
		switch {
		case s.Field.Method:
			if err := t.method(ctx, sel.Entity, s.Field, i, rows); err != nil {
				return err
			}
		case s.Nested != nil:
			if err := t.workOut(ctx, s.Nested, nestedRows(rows, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

// nestedRows is the rows of the i-th value of several rows.
func nestedRows(rows []*Row, i int) []*Row {
	var all []*Row
	for _, row := range rows {
		switch value := row.Values[i].(type) {
		case *Row:
			if value != nil {
				all = append(all, value)
			}
		case *List:
			if value != nil {
				all = append(all, value.Rows...)
			}
		}
	}
	return all
}

// method works out a field of those rows of e that are due, each once, of whole rows: like what a statement computes, it
// may reckon with what the viewer does not see.
func (t *Tx) method(ctx context.Context, e *meta.Entity, f *meta.Field, i int, rows []*Row) error {
	var ids []string
	places := map[string][]*Row{}
	for _, row := range rows {
		if row.Values[i] != (due{}) {
			continue
		}
		if row.Values[i] = nil; places[string(row.ID)] == nil {
			ids = append(ids, string(row.ID))
		}
		places[string(row.ID)] = append(places[string(row.ID)], row)
	}
	if len(ids) == 0 {
		return nil
	}
	name := e.Name + "." + f.Name
	handler := t.engine.handlers[name]
	if handler == nil {
		return fmt.Errorf("field %s: it has no handler", name)
	}
	whole, err := t.System().rows(ctx, Full(e), idsVariant, t.engine.ids(ids, idsVariant))
	if err != nil {
		return err
	}
	result, err := handler(ctx, t, []any{whole})
	if err != nil {
		return fmt.Errorf("field %s: %w", name, err)
	}
	values, _ := result.([]any)
	if len(values) != len(whole) {
		return fmt.Errorf("field %s: %d values for %d rows", name, len(values), len(whole))
	}
	for n, row := range whole {
		switch {
		case values[n] != nil || f.Null:
		case f.Repeated:
			values[n] = []any{}
		default:
			return fmt.Errorf("field %s: no value for %s", name, row.ID)
		}
		if err := t.ofItsType(f, values[n]); err != nil {
			return fmt.Errorf("field %s of %s: %w", name, row.ID, err)
		}
		for _, place := range places[string(row.ID)] {
			place.Values[i] = values[n]
		}
	}
	return nil
}
