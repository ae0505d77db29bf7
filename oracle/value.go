package oracle

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// A Value is what a field holds or an expression comes to:
//
//	nil                     null
//	bool, int64, float64    Boolean, Int and Int64, Float
//	*big.Rat                Decimal
//	string                  String and all that is text: enums, ids, URLs
//	Day, Clock              Date, Time: texts that sort as they should
//	time.Time               DateTime
//	time.Duration           Duration
//	*Row                    a reference
//	Object                  a value object
//	[]Value                 a list of scalars or rows
type Value any

// Day is a date, 2006-01-02.
type Day string

// Clock is a time of day, 15:04:05.
type Clock string

// Document is JSON, with names in order.
type Document string

// Object is a value object, by the names of its parts.
type Object map[string]Value

// compare orders two values that are not null and of one kind.
func compare(a, b Value) int {
	if x, y, ok := rationals(a, b); ok {
		return x.Cmp(y)
	}
	a, b = span(a, b), span(b, a)
	switch a := a.(type) {
	case bool:
		if a == b.(bool) {
			return 0
		} else if b.(bool) {
			return -1
		}
		return 1
	case string:
		return cmp.Compare(a, b.(string))
	case Day:
		return cmp.Compare(a, b.(Day))
	case Clock:
		return cmp.Compare(a, b.(Clock))
	case Document:
		return cmp.Compare(a, b.(Document))
	case time.Time:
		return a.Compare(b.(time.Time))
	case time.Duration:
		return cmp.Compare(a, b.(time.Duration))
	case *Row:
		return cmp.Compare(a.ID, b.(*Row).ID)
	}
	panic(fmt.Sprintf("compare %T", a))
}

// span is the sum of no durations, which is 0, beside another.
func span(v, beside Value) Value {
	if _, ok := beside.(time.Duration); ok && v == int64(0) {
		return time.Duration(0)
	}
	return v
}

// rationals is two numbers exactly, a Float beside a Decimal as it is written.
func rationals(a, b Value) (x, y *big.Rat, ok bool) {
	_, left := a.(*big.Rat)
	_, right := b.(*big.Rat)
	if x, ok = rational(a, left || right); !ok {
		return nil, nil, false
	}
	y, ok = rational(b, left || right)
	return x, y, ok
}

func rational(v Value, written bool) (*big.Rat, bool) {
	switch v := v.(type) {
	case int64:
		return new(big.Rat).SetInt64(v), true
	case float64:
		if written {
			return new(big.Rat).SetString(strconv.FormatFloat(v, 'f', -1, 64))
		}
		return new(big.Rat).SetFloat64(v), true
	case *big.Rat:
		return v, true
	}
	return nil, false
}

// fromJSON is a value of f as a door writes it.
func fromJSON(f *Field, v any) (Value, error) {
	if v == nil {
		return nil, nil
	}
	if f.Repeated {
		items, ok := v.([]any)
		if !ok {
			return nil, fmt.Errorf("%v is no list", v)
		}
		list := []Value{}
		one := *f
		one.Repeated = false
		for _, item := range items {
			element, err := fromJSON(&one, item)
			if err != nil {
				return nil, err
			}
			list = append(list, element)
		}
		return list, nil
	}
	text := fmt.Sprint(v)
	switch f.Scalar {
	case "Int", "Int64":
		return strconv.ParseInt(text, 10, 64)
	case "Float":
		return strconv.ParseFloat(text, 64)
	case "Boolean":
		if b, ok := v.(bool); ok {
			return b, nil
		}
	case "Decimal":
		if r, ok := new(big.Rat).SetString(text); ok {
			return r, nil
		}
	case "DateTime":
		t, err := time.Parse(time.RFC3339Nano, text)
		return t.UTC(), err
	case "Duration":
		d, err := parseDuration(text)
		return d, err
	case "Date":
		return Day(text), nil
	case "Time":
		return clockOf(text), nil
	case "JSON":
		document, err := json.Marshal(v)
		return Document(document), err
	default:
		if s, ok := v.(string); ok {
			return s, nil
		}
	}
	return nil, fmt.Errorf("%v is no %s", v, f.Scalar)
}

// clockOf is a time of day with its seconds.
func clockOf(text string) Clock {
	if len(text) == len("15:04") {
		text += ":00"
	}
	return Clock(text)
}

// parseDuration reads 90s, 1h30m, 30d, and ISO 8601's PT90S.
func parseDuration(text string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(text, "d"); ok {
		n, err := strconv.Atoi(days)
		return time.Duration(n) * 24 * time.Hour, err
	}
	return time.ParseDuration(text)
}

// toJSON is v as a door reads it.
func toJSON(v Value) any {
	switch v := v.(type) {
	case *big.Rat:
		return decimalText(v)
	case int64:
		return json.Number(strconv.FormatInt(v, 10))
	case float64:
		return v
	case time.Time:
		return v.Format(time.RFC3339Nano)
	case time.Duration:
		return v.String()
	case Day:
		return string(v)
	case Clock:
		return string(v)
	case Document:
		return json.RawMessage(v)
	case *Row:
		return v.ID
	case Object:
		object := map[string]any{}
		for name, part := range v {
			object[name] = toJSON(part)
		}
		return object
	case []Value:
		list := []any{}
		for _, element := range v {
			list = append(list, toJSON(element))
		}
		return list
	}
	return v
}

func decimalText(v *big.Rat) string {
	text := v.FloatString(12)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// same tells whether an answer says what is expected. Floats may differ in their last digits.
func same(f *Field, want, got Value) bool {
	if want == nil || got == nil {
		return want == nil && got == nil
	}
	if items, ok := want.([]Value); ok {
		others, ok := got.([]Value)
		if !ok || len(items) != len(others) {
			return false
		}
		for i := range items {
			if !same(f, items[i], others[i]) {
				return false
			}
		}
		return true
	}
	if f.Scalar == "Float" {
		a, _ := rational(want, false)
		b, _ := rational(got, false)
		if a == nil || b == nil {
			return false
		}
		x, _ := a.Float64()
		y, _ := b.Float64()
		return math.Abs(x-y) <= 1e-9*max(1, math.Abs(x))
	}
	if r, ok := want.(*big.Rat); ok && f.Scalar != "Decimal" {
		got, _ := rational(got, true)
		return got != nil && got.Cmp(r) == 0
	}
	return compare(want, got) == 0
}
