package query

import "github.com/fettlehq/fettle/kit"

// Optional is a field of a patch: absent (the zero Optional leaves the field as it is), null, a value, or a difference.
type Optional[T any] struct {
	value T
	state optionalState
}

type optionalState uint8

const (
	absent optionalState = iota
	null
	given
	added
)

// Set changes a field to v.
func Set[T any](v T) Optional[T] { return Optional[T]{value: v, state: given} }

// Clear changes a field to null.
func Clear[T any]() Optional[T] { return Optional[T]{state: null} }

// Add changes a number by n, which may be negative. The database adds, so that of two writers at once neither undoes
// what the other did; a bound or check that the sum breaks is refused as ever. It is for fields of their own that hold
// a number, not for parts of value objects.
func Add[T int | int64 | float64 | kit.Decimal](n T) Optional[T] {
	return Optional[T]{value: n, state: added}
}

// Given tells whether the field is to change.
func (o Optional[T]) Given() bool { return o.state != absent }

// Get returns the value, or the difference that Add gives; nil for null or where the field is absent.
func (o Optional[T]) Get() *T {
	if o.state != given && o.state != added {
		return nil
	}
	return &o.value
}

// Added tells whether the field is to change by what Get returns, not to it.
func (o Optional[T]) Added() bool { return o.state == added }

// Increment is the value of a Change that adds By, in the form that the field's Kind states, to a number.
type Increment struct{ By any }
