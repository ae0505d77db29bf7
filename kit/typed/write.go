package typed

import (
	"encoding/json"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Changes collects what to set on a row of Entity.
type Changes struct {
	Entity *meta.Entity
	List   []query.Change
}

// Set sets a field; one that a patch leaves out stays as it is.
func (c *Changes) Set(field string, value any) {
	if _, left := value.(absent); left {
		return
	}
	c.List = append(c.List, query.Change{Field: c.Entity.Field(field), Value: value})
}

// SetUnlessNil sets a field unless value is nil: then the field takes its default, or null.
func (c *Changes) SetUnlessNil(field string, value any) {
	if value != nil {
		c.Set(field, value)
	}
}

// absent is the value of a field that a patch leaves out.
type absent struct{}

// Struct is a value object or a union.
type Struct interface{ Values() []any }

// OrNil is the value that p points to, nil for nil.
func OrNil[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

// TextOrNil is OrNil of an id, an enum value or other text.
func TextOrNil[T ~string](p *T) any {
	if p == nil {
		return nil
	}
	return string(*p)
}

// IntOrNil is OrNil of a number of 32 bits.
func IntOrNil(p *int) any {
	if p == nil {
		return nil
	}
	return int64(*p)
}

// StructOrNil is OrNil of a value object.
func StructOrNil[T Struct](p *T) any {
	if p == nil {
		return nil
	}
	return (*p).Values()
}

// ChoiceOrNil is a union, nil for none.
func ChoiceOrNil(c Struct) any {
	if c == nil {
		return nil
	}
	return c.Values()
}

// JSONOrNil is the document, nil for none.
func JSONOrNil(document json.RawMessage) any {
	if document == nil {
		return nil
	}
	return document
}

// BytesOrNil is the bytes, nil for none.
func BytesOrNil(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// Items is the elements of a list of scalars, each as one makes it, nil for none.
func Items[T any](list []T, one func(T) any) any {
	if list == nil {
		return nil
	}
	values := make([]any, len(list))
	for i, item := range list {
		values[i] = one(item)
	}
	return values
}

// Text is an enum value or other text.
func Text[T ~string](v T) any { return string(v) }

// Number is a number of 32 bits.
func Number(n int) any { return int64(n) }

// Same is a value that is as package meta states it.
func Same[T any](v T) any { return v }

// IDs is a list of references, by id or, where the design lets a name make a row, by key.
func IDs[T ~string](ids []T) []any {
	values := make([]any, len(ids))
	for i, id := range ids {
		values[i] = string(id)
	}
	return values
}

// IDsOrNil is a list of references, nil for none.
func IDsOrNil[T ~string](ids []T) any {
	if ids == nil {
		return nil
	}
	return IDs(ids)
}

// From is the value of a field of a patch.
func From[T any](o query.Optional[T]) any {
	if !o.Given() {
		return absent{}
	}
	return difference(o.Added(), OrNil(o.Get()))
}

// FromText is From of an id, an enum value or other text.
func FromText[T ~string](o query.Optional[T]) any {
	if !o.Given() {
		return absent{}
	}
	return TextOrNil(o.Get())
}

// FromInt is From of a number of 32 bits.
func FromInt(o query.Optional[int]) any {
	if !o.Given() {
		return absent{}
	}
	return difference(o.Added(), IntOrNil(o.Get()))
}

// difference is value, or a change by value.
func difference(added bool, value any) any {
	if added {
		return query.Increment{By: value}
	}
	return value
}

// FromStruct is From of a value object.
func FromStruct[T Struct](o query.Optional[T]) any {
	if !o.Given() {
		return absent{}
	}
	return StructOrNil(o.Get())
}

// FromChoice is From of a union.
func FromChoice[T Struct](o query.Optional[T]) any {
	if !o.Given() {
		return absent{}
	}
	if c := o.Get(); c != nil {
		return ChoiceOrNil(*c)
	}
	return nil
}

// FromItems is From of a list of scalars.
func FromItems[T any](o query.Optional[[]T], one func(T) any) any {
	if !o.Given() {
		return absent{}
	}
	list := o.Get()
	switch {
	case list == nil:
		return nil
	case *list == nil:
		return []any{}
	}
	return Items(*list, one)
}

// FromIDs is From of a list of references.
func FromIDs[T ~string](o query.Optional[[]T]) any {
	if !o.Given() {
		return absent{}
	}
	if ids := o.Get(); ids != nil {
		return IDs(*ids)
	}
	return nil
}
