package runtime

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/big"
	"strconv"
	"time"
)

// ID is the id of a row. Where a row is named, its key does as well: ID("green-tea").
type ID string

// Decimal is an exact number as digits: "12.50".
type Decimal string

// Rat is d as a number that can be reckoned with exactly; false where it is none.
func (d Decimal) Rat() (*big.Rat, bool) { return new(big.Rat).SetString(string(d)) }

// Int64 is a whole number of 64 bits, which is text in JSON, since numbers of JavaScript lose digits of it.
type Int64 int64

// MarshalText writes the digits.
func (n Int64) MarshalText() ([]byte, error) { return strconv.AppendInt(nil, int64(n), 10), nil }

// UnmarshalText reads digits.
func (n *Int64) UnmarshalText(text []byte) error {
	v, err := strconv.ParseInt(string(text), 10, 64)
	*n = Int64(v)
	return err
}

// Date is a day of the calendar: "2026-03-29".
type Date string

// DateOf is the day of t, where t is.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// In is midnight of the day, in a place.
func (d Date) In(place *time.Location) (time.Time, error) {
	return time.ParseInLocation(time.DateOnly, string(d), place)
}

// TimeOfDay is a time on some wall clock: "09:30:00".
type TimeOfDay string

// Duration is a span of time.
type Duration time.Duration

func (d Duration) String() string { return time.Duration(d).String() }

// MarshalText writes it as in "1h30m0s".
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

// Optional is a value that may be left out, beside being null: Set and Null make what is not left out.
type Optional[T any] struct {
	value     T
	set, null bool
}

// Set gives a value.
func Set[T any](value T) Optional[T] { return Optional[T]{value: value, set: true} }

// Null clears.
func Null[T any]() Optional[T] { return Optional[T]{set: true, null: true} }

// IsZero tells whether o is left out.
func (o Optional[T]) IsZero() bool { return !o.set }

// Get is the value; false where o is left out or null.
func (o Optional[T]) Get() (T, bool) { return o.value, o.set && !o.null }

// MarshalJSON writes the value, or null.
func (o Optional[T]) MarshalJSON() ([]byte, error) {
	if !o.set || o.null {
		return []byte("null"), nil
	}
	return json.Marshal(o.value)
}

// UnmarshalJSON reads a value, or null.
func (o *Optional[T]) UnmarshalJSON(text []byte) error {
	*o = Optional[T]{set: true, null: string(bytes.TrimSpace(text)) == "null"}
	if o.null {
		return nil
	}
	return json.Unmarshal(text, &o.value)
}

// Ref is a reference to a row of T: its id and, where Include or Fields brought it along, the row.
type Ref[T any] struct {
	ID  ID
	Row *T
}

// UnmarshalJSON reads {"id": …}, or a row.
func (r *Ref[T]) UnmarshalJSON(text []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		return err
	}
	r.Row = nil
	if id, ok := members["id"]; ok {
		if err := json.Unmarshal(id, &r.ID); err != nil {
			return err
		}
		if len(members) == 1 {
			return nil
		}
	}
	r.Row = new(T)
	return json.Unmarshal(text, r.Row)
}

// MarshalJSON writes the row, or {"id": …}.
func (r Ref[T]) MarshalJSON() ([]byte, error) {
	if r.Row != nil {
		return json.Marshal(r.Row)
	}
	return json.Marshal(map[string]ID{"id": r.ID})
}

// text is a value as a parameter says it.
func text(value any) string {
	switch v := value.(type) {
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case []byte, json.RawMessage:
		panic(fmt.Sprintf("parameter of type %T", v)) // no condition is about one
	}
	return fmt.Sprint(value)
}
