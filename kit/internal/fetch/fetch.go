// Package fetch is what the doors share around reading: rows that a business operation named, its typed errors, and
// the size of a read before it is made.
//
//	ids of an operation's result ─▶ ByIDs ─▶ rows, as the viewer may see them
//	query.Select ─▶ Rows ─▶ how many rows it may return
package fetch

import (
	"cmp"
	"context"
	"errors"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// The page of a list whose design gives none.
const (
	defaultSize = 20
	defaultMax  = 100
)

// ByIDs reads what s selects of the rows with ids, in their order. Those that the viewer may not see are left out.
func ByIDs(ctx context.Context, tx *query.Tx, s *query.Select, ids []any) ([]*query.Row, error) {
	found := make(map[string]*query.Row, len(ids))
	most := cmp.Or(s.Entity.Page.Max, defaultMax)
	for start := 0; start < len(ids); start += most {
		chunk := ids[start:min(start+most, len(ids))]
		alternatives := make([]*meta.Expr, len(chunk))
		for i, id := range chunk {
			alternatives[i] = meta.Const(id)
		}
		page := &query.Select{Entity: s.Entity, Fields: s.Fields, Where: meta.In(meta.This(), alternatives...), First: most}
		list, err := tx.List(ctx, page)
		if err != nil {
			return nil, err
		}
		for _, row := range list.Rows {
			found[string(row.ID)] = row
		}
	}
	rows := make([]*query.Row, 0, len(ids))
	for _, id := range ids {
		if row := found[id.(string)]; row != nil {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// Size is how many rows a page of s has at most. list is the field that s is the Nested of, nil at the root.
func Size(s *query.Select, list *meta.Field) int {
	if list != nil && list.Bound > 0 {
		return list.Bound
	}
	return cmp.Or(s.First, s.Last, s.Paging(list).Size, defaultSize)
}

// Rows is how many rows one row of s may bring with it, itself counted. It stops counting above limit.
func Rows(s *query.Select, limit int) int {
	total := 1
	for _, selection := range s.Fields {
		if selection.Nested == nil || total > limit {
			continue
		}
		each := Rows(selection.Nested, limit)
		if selection.Field.Kind == meta.List {
			each *= Size(selection.Nested, selection.Field)
		}
		total += each
	}
	return min(total, limit+1)
}

// WithStatus gives a typed error of the operation the status that the design says.
func WithStatus(o *meta.Operation, err error) error {
	var p *kit.Problem
	if !errors.As(err, &p) {
		return err
	}
	for _, fault := range o.Fails {
		if fault.Code == p.Code && fault.Status != 0 && fault.Status != p.Status {
			said := *p
			said.Status = fault.Status
			return &said
		}
	}
	return err
}
