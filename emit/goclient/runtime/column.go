package runtime

import (
	"fmt"
)

// ConditionOf is what rows of E must fulfil.
type ConditionOf[E any] struct {
	name, text string
	err        error
}

// SortKey is one key by which rows of E are sorted.
type SortKey[E any] struct{ key string }

// PlainField is a field of rows of E that is only shown.
type PlainField[E any] struct {
	name  string
	whole string // of a part of a value: what is shown instead, which has it
}

func (p PlainField[E]) shown(E) string {
	if p.whole != "" {
		return p.whole
	}
	return p.name
}

func (p PlainField[E]) path(E) string { return p.name }

// ColumnOf is a field of rows of E by which they are put into groups, or of which something is worked out.
type ColumnOf[E any] interface{ path(E) string }

// At is a field of rows of E by its path, however deep: At[Order]("lines.variant.sku").
func At[E any](path string) FieldOf[E] { return PlainField[E]{name: path} }

func (p PlainField[E]) is(comparison string, value any) ConditionOf[E] {
	return ConditionOf[E]{name: p.name + "." + comparison, text: text(value)}
}

// among compares with several values, between which there are commas.
func among[E, T any](p PlainField[E], comparison string, values []T) ConditionOf[E] {
	if len(values) == 0 {
		return ConditionOf[E]{err: fmt.Errorf("%s: %s without a value", p.name, comparison)}
	}
	return ConditionOf[E]{name: p.name + "." + comparison, text: commas(values)}
}

// NullableField is a field of rows of E that may be null.
type NullableField[E any] struct{ PlainField[E] }

// IsNull asks for rows where it is null, or where it is not.
func (f NullableField[E]) IsNull(is bool) ConditionOf[E] { return f.is("isNull", is) }

// SortedField is a field of rows of E that has an order.
type SortedField[E any] struct{ NullableField[E] }

// Asc sorts by it.
func (f SortedField[E]) Asc() SortKey[E] { return SortKey[E]{f.name} }

// Desc sorts by it, the greatest first.
func (f SortedField[E]) Desc() SortKey[E] { return SortKey[E]{"-" + f.name} }

// BoolField is a field that is true or false.
type BoolField[E any] struct{ SortedField[E] }

// Eq asks for rows where it is v.
func (f BoolField[E]) Eq(v bool) ConditionOf[E] { return f.is("eq", v) }

// Ne asks for rows where it is not v.
func (f BoolField[E]) Ne(v bool) ConditionOf[E] { return f.is("ne", v) }

// EqualField is a field whose values are the same or not.
type EqualField[E, T any] struct{ SortedField[E] }

// Eq asks for rows where it is v.
func (f EqualField[E, T]) Eq(v T) ConditionOf[E] { return f.is("eq", v) }

// Ne asks for rows where it is not v.
func (f EqualField[E, T]) Ne(v T) ConditionOf[E] { return f.is("ne", v) }

// In asks for rows where it is one of values.
func (f EqualField[E, T]) In(values ...T) ConditionOf[E] { return among(f.PlainField, "in", values) }

// NotIn asks for rows where it is none of values.
func (f EqualField[E, T]) NotIn(values ...T) ConditionOf[E] {
	return among(f.PlainField, "notIn", values)
}

// OrderedField is a field whose values are less or greater.
type OrderedField[E, T any] struct{ EqualField[E, T] }

// Gt asks for rows where it is greater than v.
func (f OrderedField[E, T]) Gt(v T) ConditionOf[E] { return f.is("gt", v) }

// Gte asks for rows where it is v or greater.
func (f OrderedField[E, T]) Gte(v T) ConditionOf[E] { return f.is("gte", v) }

// Lt asks for rows where it is less than v.
func (f OrderedField[E, T]) Lt(v T) ConditionOf[E] { return f.is("lt", v) }

// Lte asks for rows where it is v or less.
func (f OrderedField[E, T]) Lte(v T) ConditionOf[E] { return f.is("lte", v) }

// MomentField is a field of instants.
type MomentField[E, T any] struct{ OrderedField[E, T] }

// Day is the day on which it falls, for groups.
func (f MomentField[E, T]) Day() ColumnOf[E] { return f.period("day") }

// Week is the first day of the week in which it falls, for groups.
func (f MomentField[E, T]) Week() ColumnOf[E] { return f.period("week") }

// Month is the first day of the month in which it falls, for groups.
func (f MomentField[E, T]) Month() ColumnOf[E] { return f.period("month") }

// Year is the first day of the year in which it falls, for groups.
func (f MomentField[E, T]) Year() ColumnOf[E] { return f.period("year") }

func (p PlainField[E]) period(name string) ColumnOf[E] {
	return PlainField[E]{name: p.name + "." + name}
}

// TextField is a field of text.
type TextField[E, T any] struct{ OrderedField[E, T] }

// Contains asks for rows where it has v somewhere.
func (f TextField[E, T]) Contains(v string) ConditionOf[E] { return f.is("contains", v) }

// StartsWith asks for rows where it begins with v.
func (f TextField[E, T]) StartsWith(v string) ConditionOf[E] { return f.is("startsWith", v) }

// ListField is a field that is a list of values.
type ListField[E, T any] struct{ NullableField[E] }

// Has asks for rows whose list has v.
func (f ListField[E, T]) Has(v T) ConditionOf[E] { return f.is("has", v) }

// HasSome asks for rows whose list has one of values.
func (f ListField[E, T]) HasSome(values ...T) ConditionOf[E] {
	return among(f.PlainField, "hasSome", values)
}

// HasEvery asks for rows whose list has all of values.
func (f ListField[E, T]) HasEvery(values ...T) ConditionOf[E] {
	return among(f.PlainField, "hasEvery", values)
}

// IsEmpty asks for rows whose list is empty, or is not.
func (f ListField[E, T]) IsEmpty(is bool) ConditionOf[E] { return f.is("isEmpty", is) }

// ReferenceField is a field that leads to a row.
type ReferenceField[E any] struct{ NullableField[E] }

// Eq asks for rows where it leads to the row with an id or a key.
func (f ReferenceField[E]) Eq(id ID) ConditionOf[E] { return f.is("eq", id) }

// Ne asks for rows where it does not lead to the row with an id or a key.
func (f ReferenceField[E]) Ne(id ID) ConditionOf[E] { return f.is("ne", id) }

// In asks for rows where it leads to one of several.
func (f ReferenceField[E]) In(ids ...ID) ConditionOf[E] { return among(f.PlainField, "in", ids) }

// NotIn asks for rows where it leads to none of several.
func (f ReferenceField[E]) NotIn(ids ...ID) ConditionOf[E] { return among(f.PlainField, "notIn", ids) }

// What columns are made by. At is the path of the row in which they stand, with a dot at the end; whole is the field of which
// they are a part, where they are one.

func newPlainField[E any](name, whole string) PlainField[E] { return PlainField[E]{name, whole} }

func newNullableField[E any](name, whole string) NullableField[E] {
	return NullableField[E]{newPlainField[E](name, whole)}
}

func newSortedField[E any](name, whole string) SortedField[E] {
	return SortedField[E]{newNullableField[E](name, whole)}
}

func newBoolField[E any](name, whole string) BoolField[E] {
	return BoolField[E]{newSortedField[E](name, whole)}
}

func newEqualField[E, T any](name, whole string) EqualField[E, T] {
	return EqualField[E, T]{newSortedField[E](name, whole)}
}

func newOrderedField[E, T any](name, whole string) OrderedField[E, T] {
	return OrderedField[E, T]{newEqualField[E, T](name, whole)}
}

func newMomentField[E, T any](name, whole string) MomentField[E, T] {
	return MomentField[E, T]{newOrderedField[E, T](name, whole)}
}

func newTextField[E, T any](name, whole string) TextField[E, T] {
	return TextField[E, T]{newOrderedField[E, T](name, whole)}
}

func newListField[E, T any](name, whole string) ListField[E, T] {
	return ListField[E, T]{newNullableField[E](name, whole)}
}

func newReferenceField[E any](name, whole string) ReferenceField[E] {
	return ReferenceField[E]{newNullableField[E](name, whole)}
}

// What fields of a design stand beside: no name of theirs is one of these.
type (
	plain[E any]     = PlainField[E]
	reference[E any] = ReferenceField[E]
)
