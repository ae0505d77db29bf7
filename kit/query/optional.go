package query

// Optional is a field of a patch: absent (the zero Optional leaves the field as it is), null or a value.
type Optional[T any] struct {
	value T
	state optionalState
}

type optionalState uint8

const (
	absent optionalState = iota
	null
	given
)

// Set changes a field to v.
func Set[T any](v T) Optional[T] { return Optional[T]{value: v, state: given} }

// Clear changes a field to null.
func Clear[T any]() Optional[T] { return Optional[T]{state: null} }

// Given tells whether the field is to change, to a value or to null.
func (o Optional[T]) Given() bool { return o.state != absent }

// Get returns the value, nil for null or where the field is absent.
func (o Optional[T]) Get() *T {
	if o.state != given {
		return nil
	}
	return &o.value
}
