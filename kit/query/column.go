package query

import (
	"fmt"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Condition is a condition on rows of E, as the columns of E make it. The zero Condition holds for every row. Like every
// condition, one on null is false, save IsNull.
type Condition[E any] struct{ expr *meta.Expr }

// Expr is the condition as package meta has it, nil for every row.
func (c Condition[E]) Expr() *meta.Expr { return c.expr }

// OrderBy is one key of an order of rows of E.
type OrderBy[E any] struct{ order Order }

// Order is the key as a Select has it.
func (o OrderBy[E]) Order() Order { return o.order }

// Column is a column of the entity E with values of T, for the conditions, orders and selections of business code.
// References are columns of ids; a part of a value object is a column of its own.
type Column[E, T any] struct {
	path  []string
	lower func(T) any
	raise func(any) T
}

// NewColumn is the column at path.
func NewColumn[E, T any](path ...string) Column[E, T] {
	return Column[E, T]{path, func(v T) any { return constant(v) }, natural[T]}
}

// NewTextColumn is the column of ids, enum values or other text at path.
func NewTextColumn[E any, T ~string](path ...string) Column[E, T] {
	return Column[E, T]{path, func(v T) any { return string(v) }, func(v any) T { return T(textOrID(v)) }}
}

// Eq holds where the column is v.
func (c Column[E, T]) Eq(v T) Condition[E] { return c.compare(meta.OpEq, v) }

// Ne holds where the column is not v, or null.
func (c Column[E, T]) Ne(v T) Condition[E] { return c.compare(meta.OpNe, v) }

// Lt holds where the column is less than v.
func (c Column[E, T]) Lt(v T) Condition[E] { return c.compare(meta.OpLt, v) }

// Le holds where the column is at most v.
func (c Column[E, T]) Le(v T) Condition[E] { return c.compare(meta.OpLe, v) }

// Gt holds where the column is more than v.
func (c Column[E, T]) Gt(v T) Condition[E] { return c.compare(meta.OpGt, v) }

// Ge holds where the column is at least v.
func (c Column[E, T]) Ge(v T) Condition[E] { return c.compare(meta.OpGe, v) }

// In holds where the column is one of vs; none is false.
func (c Column[E, T]) In(vs ...T) Condition[E] {
	alternatives := make([]*meta.Expr, len(vs))
	for i, v := range vs {
		alternatives[i] = meta.Eq(meta.This(c.path...), meta.Const(c.lower(v)))
	}
	return Condition[E]{meta.Or(alternatives...)}
}

// IsNull holds where the column is null.
func (c Column[E, T]) IsNull() Condition[E] {
	return Condition[E]{meta.Eq(meta.This(c.path...), meta.Null())}
}

// Contains holds where the text of the column contains part.
func (c Column[E, T]) Contains(part string) Condition[E] {
	return Condition[E]{meta.Call("contains", meta.This(c.path...), meta.Const(part))}
}

// StartsWith holds where the text of the column starts with start.
func (c Column[E, T]) StartsWith(start string) Condition[E] {
	return Condition[E]{meta.Call("startsWith", meta.This(c.path...), meta.Const(start))}
}

// Asc orders by the column, least first.
func (c Column[E, T]) Asc() OrderBy[E] { return OrderBy[E]{Order{Path: c.path}} }

// Desc orders by the column, greatest first.
func (c Column[E, T]) Desc() OrderBy[E] { return OrderBy[E]{Order{Path: c.path, Descending: true}} }

func (c Column[E, T]) compare(op meta.Op, v T) Condition[E] {
	return Condition[E]{meta.Apply(op, meta.This(c.path...), meta.Const(c.lower(v)))}
}

// ListColumn is a column of the entity E with lists of values of T.
type ListColumn[E, T any] struct{ of Column[E, T] }

// NewListColumn is the column of lists at path.
func NewListColumn[E, T any](path ...string) ListColumn[E, T] {
	return ListColumn[E, T]{NewColumn[E, T](path...)}
}

// NewTextListColumn is the column of lists of enum values or other text at path.
func NewTextListColumn[E any, T ~string](path ...string) ListColumn[E, T] {
	return ListColumn[E, T]{NewTextColumn[E, T](path...)}
}

// Has holds where the list has v.
func (c ListColumn[E, T]) Has(v T) Condition[E] {
	return c.some(meta.Eq(meta.Var("x"), meta.Const(c.of.lower(v))))
}

// HasSome holds where the list has one of vs; none is false.
func (c ListColumn[E, T]) HasSome(vs ...T) Condition[E] {
	if len(vs) == 0 {
		return Condition[E]{meta.Not(meta.True())}
	}
	alternatives := make([]*meta.Expr, len(vs))
	for i, v := range vs {
		alternatives[i] = meta.Const(c.of.lower(v))
	}
	return c.some(meta.In(meta.Var("x"), alternatives...))
}

// HasEvery holds where the list has all of vs.
func (c ListColumn[E, T]) HasEvery(vs ...T) Condition[E] {
	all := make([]Condition[E], len(vs))
	for i, v := range vs {
		all[i] = c.Has(v)
	}
	return And(all...)
}

// IsEmpty holds where the list has nothing, or is null.
func (c ListColumn[E, T]) IsEmpty() Condition[E] {
	return Condition[E]{meta.Eq(meta.Call("size", meta.This(c.of.path...)), meta.Const(int64(0)))}
}

// IsNull holds where the list is null.
func (c ListColumn[E, T]) IsNull() Condition[E] { return c.of.IsNull() }

func (c ListColumn[E, T]) some(condition *meta.Expr) Condition[E] {
	return Condition[E]{meta.Over(meta.OpExists, meta.This(c.of.path...), "x", condition)}
}

// And holds where all the conditions do.
func And[E any](conditions ...Condition[E]) Condition[E] { return join(meta.OpAnd, conditions) }

// Or holds where one of the conditions does.
func Or[E any](conditions ...Condition[E]) Condition[E] { return join(meta.OpOr, conditions) }

// Not holds where the condition does not.
func Not[E any](c Condition[E]) Condition[E] { return Condition[E]{meta.Not(orTrue(c.expr))} }

func join[E any](op meta.Op, conditions []Condition[E]) Condition[E] {
	args := make([]*meta.Expr, len(conditions))
	for i, c := range conditions {
		args[i] = orTrue(c.expr)
	}
	return Condition[E]{meta.Apply(op, args...)}
}

func orTrue(x *meta.Expr) *meta.Expr {
	if x == nil {
		return meta.True()
	}
	return x
}

// natural is the T that a value of package meta's form stands for, the zero value for null.
func natural[T any](v any) (out T) {
	if n, ok := any(&out).(*int); ok {
		whole, _ := v.(int64)
		*n = int(whole)
		return out
	}
	out, _ = v.(T)
	return out
}

// textOrID is a text, or the id of a row.
func textOrID(v any) string {
	if row, ok := v.(*Row); ok {
		if row == nil {
			return ""
		}
		return string(row.ID)
	}
	text, _ := v.(string)
	return text
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
