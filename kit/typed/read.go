// Package typed turns the values of package query into the types of generated code, and back.
//
//	query.Row ─▶ typed ─▶ Order            NewOrder, OrderPatch ─▶ typed ─▶ []query.Change
//
// The forms of the values are those that meta.Kind states. What is null, or hidden from the viewer, is the zero value
// where the Go type has no null. It is called by generated code alone, and uses no reflection.
package typed

import (
	"encoding/json"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// String reads text of any kind.
func String(v any) string { s, _ := v.(string); return s }

// Enum reads an enum value.
func Enum[T ~string](v any) T { s, _ := v.(string); return T(s) }

// ID reads an id, or the id of a row that a reference leads to.
func ID(v any) kit.ID {
	switch v := v.(type) {
	case string:
		return kit.ID(v)
	case *query.Row:
		if v != nil {
			return v.ID
		}
	}
	return ""
}

// Int reads a number of 32 bits.
func Int(v any) int { n, _ := v.(int64); return int(n) }

// Int64 reads a number of 64 bits.
func Int64(v any) int64 { n, _ := v.(int64); return n }

// Float reads a floating-point number.
func Float(v any) float64 { x, _ := v.(float64); return x }

// Bool reads a Boolean.
func Bool(v any) bool { b, _ := v.(bool); return b }

// Decimal reads a Decimal.
func Decimal(v any) kit.Decimal { d, _ := v.(kit.Decimal); return d }

// DateTime reads an instant.
func DateTime(v any) time.Time { t, _ := v.(time.Time); return t }

// Date reads a day.
func Date(v any) kit.Date { d, _ := v.(kit.Date); return d }

// Time reads a time of day.
func Time(v any) kit.TimeOfDay { t, _ := v.(kit.TimeOfDay); return t }

// Duration reads a duration.
func Duration(v any) time.Duration { d, _ := v.(time.Duration); return d }

// JSON reads a JSON document, nil for null.
func JSON(v any) json.RawMessage { j, _ := v.(json.RawMessage); return j }

// Bytes reads bytes, nil for null.
func Bytes(v any) []byte { b, _ := v.([]byte); return b }

// Null reads what may be null.
func Null[T any](v any, read func(any) T) *T {
	if isNull(v) {
		return nil
	}
	value := read(v)
	return &value
}

// List reads a list, nil for null.
func List[T any](v any, read func(any) T) []T {
	switch v := v.(type) {
	case []any:
		return readAll(v, read)
	case []*query.Row:
		return readAll(v, read)
	}
	return nil
}

func readAll[E, T any](values []E, read func(any) T) []T {
	out := make([]T, len(values))
	for i := range values {
		out[i] = read(values[i])
	}
	return out
}

// Row is the values of a row of an entity with n columns: all nil where there is no row.
func Row(v any, n int) []any {
	if row, ok := v.(*query.Row); ok && row != nil && len(row.Values) == n {
		return row.Values
	}
	return make([]any, n)
}

// Parts is the n values of a value object or an input: all nil where it is null.
func Parts(v any, n int) []any {
	if parts, ok := v.([]any); ok && len(parts) == n {
		return parts
	}
	return make([]any, n)
}

func isNull(v any) bool {
	row, ok := v.(*query.Row)
	return v == nil || ok && row == nil
}
