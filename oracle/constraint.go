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
	for _, span := range row.Type.Spans {
		for _, other := range w.Rows[row.Type] {
			if other != row && !row.Deleted && !other.Deleted && (row.Type.By == nil || w.TenantOf(row) == w.TenantOf(other)) && span.clash(w, row, other) {
				return true
			}
		}
	}
	return false
}

// clash tells whether the spans of two rows overlap where they may not. An end that is null is no limit.
func (s *Span) clash(w *World, a, b *Row) bool {
	if s.When != nil && !((env{world: w, row: a}).holds(s.When) && (env{world: w, row: b}).holds(s.When)) {
		return false
	}
	for _, f := range s.Per {
		x, y := a.Values[f.Name], b.Values[f.Name]
		if x == nil || y == nil || compare(x, y) != 0 {
			return false
		}
	}
	before := func(from, until Value) bool { return from == nil || until == nil || compare(from, until) < 0 }
	return before(a.Values[s.From.Name], b.Values[s.Until.Name]) && before(b.Values[s.From.Name], a.Values[s.Until.Name])
}

// backwards tells whether a span of a row does not end after it starts.
func (s *Span) backwards(row *Row) bool {
	from, until := row.Values[s.From.Name], row.Values[s.Until.Name]
	return from != nil && until != nil && compare(from, until) >= 0
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
