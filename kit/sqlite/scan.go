package sqlite

import (
	"fmt"
	"time"
)

func (r *rows) Scan(dest ...any) error {
	if len(dest) != len(r.values) {
		return fmt.Errorf("scan: %d destinations for %d columns", len(dest), len(r.values))
	}
	for i, d := range dest {
		if err := scan(r.values[i], d); err != nil {
			return fmt.Errorf("scan column %d: %w", i+1, err)
		}
	}
	return nil
}

func scan(value, dest any) error {
	switch d := dest.(type) {
	case *any:
		*d = value
		return nil
	case **string:
		return scanPointer(value, d, text)
	case **int64:
		return scanPointer(value, d, integer)
	case **float64:
		return scanPointer(value, d, double)
	case **bool:
		return scanPointer(value, d, boolean)
	case **[]byte:
		return scanPointer(value, d, bytes)
	case **time.Time:
		return scanPointer(value, d, instant)
	case *string:
		return scanValue(value, d, text)
	case *int64:
		return scanValue(value, d, integer)
	case *float64:
		return scanValue(value, d, double)
	case *bool:
		return scanValue(value, d, boolean)
	case *[]byte:
		if value == nil {
			*d = nil
			return nil
		}
		return scanValue(value, d, bytes)
	case *time.Time:
		return scanValue(value, d, instant)
	}
	return fmt.Errorf("destination %T is none that package sqldb names", dest)
}

func scanPointer[T any](value any, dest **T, convert func(any) (T, bool)) error {
	if value == nil {
		*dest = nil
		return nil
	}
	*dest = new(T)
	return scanValue(value, *dest, convert)
}

func scanValue[T any](value any, dest *T, convert func(any) (T, bool)) error {
	converted, ok := convert(value)
	if !ok {
		return fmt.Errorf("%T does not fit %T", value, *dest)
	}
	*dest = converted
	return nil
}

func text(v any) (string, bool) {
	switch v := v.(type) {
	case string:
		return v, true
	case []byte:
		return string(v), true
	}
	return "", false
}

func integer(v any) (int64, bool) {
	switch v := v.(type) {
	case int64:
		return v, true
	case bool:
		if v {
			return 1, true
		}
		return 0, true
	case float64:
		return int64(v), float64(int64(v)) == v
	}
	return 0, false
}

func double(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	}
	return 0, false
}

func boolean(v any) (bool, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case int64:
		return v != 0, true
	}
	return false, false
}

func bytes(v any) ([]byte, bool) {
	switch v := v.(type) {
	case []byte:
		return append([]byte{}, v...), true
	case string:
		return []byte(v), true
	}
	return nil, false
}

// instant reads a time.Time, or the microseconds since 1970 as which SQLite keeps it.
func instant(v any) (time.Time, bool) {
	switch v := v.(type) {
	case time.Time:
		return v.UTC(), true
	case int64:
		return time.UnixMicro(v).UTC(), true
	}
	return time.Time{}, false
}
