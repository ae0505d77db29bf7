package oracle

import (
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"
)

func referred(v Value) []*Row {
	switch v := v.(type) {
	case *Row:
		return []*Row{v}
	case []Value:
		var rows []*Row
		for _, item := range v {
			if row, ok := item.(*Row); ok {
				rows = append(rows, row)
			}
		}
		return rows
	}
	return nil
}

// valid tells whether a value keeps the bounds of its field.
func valid(f *Field, v Value) bool {
	switch v := v.(type) {
	case nil:
		return true
	case []Value:
		if f.List() {
			return f.Bound == 0 || len(v) <= f.Bound
		}
		one := *f
		one.Repeated, one.MinLength, one.MaxLength = false, 0, 0
		return len(v) >= f.MinLength && (f.MaxLength == 0 || len(v) <= f.MaxLength) &&
			!slices.ContainsFunc(v, func(item Value) bool { return !valid(&one, item) })
	case string:
		n := utf8.RuneCountInString(v)
		return f.Scalar != "String" || n >= f.MinLength && (f.MaxLength == 0 || n <= f.MaxLength)
	case Object:
		for _, part := range f.Type.Fields {
			if v[part.Name] == nil && !part.Null || !valid(part, v[part.Name]) {
				return false
			}
		}
		return true
	}
	n, ok := rational(v, true)
	if !ok {
		return true
	}
	return (f.Min == nil || n.Cmp(new(big.Rat).SetFloat64(*f.Min)) >= 0) && (f.Max == nil || n.Cmp(new(big.Rat).SetFloat64(*f.Max)) <= 0)
}

// taken tells whether something of a row that must be unique is another's.
func (w *World) taken(row *Row) bool {
	for _, u := range row.Type.Uniques {
		for _, other := range w.Rows[row.Type] {
			if other != row && !other.Deleted && (row.Type.By == nil || w.TenantOf(row) == w.TenantOf(other)) && u.clash(w, row, other) {
				return true
			}
		}
	}
	return false
}

func (u *Unique) clash(w *World, a, b *Row) bool {
	if u.When != nil && !((env{world: w, row: a}).holds(u.When) && (env{world: w, row: b}).holds(u.When)) {
		return false
	}
	for _, f := range u.Fields {
		x, y := a.Values[f.Name], b.Values[f.Name]
		if x == nil || y == nil {
			return false
		}
		if text, ok := x.(string); ok && u.IgnoreCase {
			x, y = strings.ToLower(text), strings.ToLower(y.(string))
		}
		if compare(x, y) != 0 {
			return false
		}
	}
	return true
}
