package query

import (
	"fmt"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Column is a column of an entity, for the conditions and orders of business code. Like every condition, one on null
// is false, save IsNull. References are columns of ids; a part of a value object is a column of its own.
type Column[T any] struct {
	path  []string
	lower func(T) any
}

// NewColumn is the column at path.
func NewColumn[T any](path ...string) Column[T] {
	return Column[T]{path, func(v T) any { return constant(v) }}
}

// NewTextColumn is the column of ids, enum values or other text at path.
func NewTextColumn[T ~string](path ...string) Column[T] {
	return Column[T]{path, func(v T) any { return string(v) }}
}

// Eq holds where the column is v.
func (c Column[T]) Eq(v T) *meta.Expr { return c.compare(meta.OpEq, v) }

// Ne holds where the column is not v, or null.
func (c Column[T]) Ne(v T) *meta.Expr { return c.compare(meta.OpNe, v) }

// Lt holds where the column is less than v.
func (c Column[T]) Lt(v T) *meta.Expr { return c.compare(meta.OpLt, v) }

// Le holds where the column is at most v.
func (c Column[T]) Le(v T) *meta.Expr { return c.compare(meta.OpLe, v) }

// Gt holds where the column is more than v.
func (c Column[T]) Gt(v T) *meta.Expr { return c.compare(meta.OpGt, v) }

// Ge holds where the column is at least v.
func (c Column[T]) Ge(v T) *meta.Expr { return c.compare(meta.OpGe, v) }

// In holds where the column is one of vs; none is false.
func (c Column[T]) In(vs ...T) *meta.Expr {
	alternatives := make([]*meta.Expr, len(vs))
	for i, v := range vs {
		alternatives[i] = meta.Eq(meta.This(c.path...), meta.Const(c.lower(v)))
	}
	return meta.Or(alternatives...)
}

// IsNull holds where the column is null.
func (c Column[T]) IsNull() *meta.Expr { return meta.Eq(meta.This(c.path...), meta.Null()) }

// Contains holds where the text of the column contains part.
func (c Column[T]) Contains(part string) *meta.Expr {
	return meta.Call("contains", meta.This(c.path...), meta.Const(part))
}

// StartsWith holds where the text of the column starts with start.
func (c Column[T]) StartsWith(start string) *meta.Expr {
	return meta.Call("startsWith", meta.This(c.path...), meta.Const(start))
}

// Asc orders by the column, least first.
func (c Column[T]) Asc() Order { return Order{Path: c.path} }

// Desc orders by the column, greatest first.
func (c Column[T]) Desc() Order { return Order{Path: c.path, Descending: true} }

func (c Column[T]) compare(op meta.Op, v T) *meta.Expr {
	return meta.Apply(op, meta.This(c.path...), meta.Const(c.lower(v)))
}

// constant is v in the form that a constant of package meta has.
func constant(v any) any {
	switch v := v.(type) {
	case int:
		return int64(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case time.Duration:
		return v.Microseconds()
	case kit.Decimal, kit.Date, kit.TimeOfDay:
		return fmt.Sprint(v)
	}
	return v
}
