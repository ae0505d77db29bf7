package oracle

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// caller makes random steps for a world as it stands.
type caller struct {
	*rand.Rand
	world *World
	mails int
	made  map[*Type]int
}

func (c *caller) chance(percent int) bool { return c.IntN(100) < percent }

func one[T any](c *caller, from []T) T { return from[c.IntN(len(from))] }

// domain is values of each scalar, few so that they meet, and some at the edges.
var domain = map[string][]any{
	"String":   {"a", "b", "A", "ab", "", "é", "É", "%", "a_b", "'", "ba\u00df", "\U0001d518", " a "},
	"Int":      {json.Number("0"), json.Number("1"), json.Number("2"), json.Number("-1"), json.Number("3"), json.Number("5")},
	"Int64":    {"0", "1", "2", "9007199254740993", "-9007199254740993"},
	"Float":    {json.Number("0.5"), json.Number("1"), json.Number("-1.5"), json.Number("2"), json.Number("1e-3")},
	"Boolean":  {true, false},
	"Decimal":  {"1.5", "2", "0", "0.0001", "-3.25", "99999999.9999"},
	"DateTime": {"2026-03-28T22:00:00Z", "2026-03-28T21:00:00.000001Z", "1999-12-31T23:59:59Z", "2026-03-28T22:30:00Z", "2400-01-01T00:00:00Z"},
	"Date":     {"2026-03-29", "2024-02-29", "1970-01-01"},
	"Time":     {"09:00", "23:59:59", "00:00"},
	"Duration": {"1h0m0s", "1m30s", "48h0m0s", "0s"},
}

// json is a random value of f as a door takes it.
func (c *caller) json(f *Field) any {
	if f.Repeated {
		list := []any{}
		for range c.IntN(4) {
			list = append(list, c.scalar(f))
		}
		return list
	}
	switch f.Scalar {
	case "reference":
		return c.label(f.Type)
	case "list":
		list := []any{}
		for range c.IntN(3) {
			if label := c.label(f.Type); !slices.Contains(list, any(label)) {
				list = append(list, label)
			}
		}
		return list
	case "value":
		parts := map[string]any{}
		for _, part := range f.Type.Fields {
			if !part.Null || c.chance(50) {
				parts[part.Name] = c.json(part)
			}
		}
		return parts
	}
	return c.scalar(f)
}

func (c *caller) scalar(f *Field) any {
	switch f.Scalar {
	case "enum":
		return one(c, c.world.Schema.Enums[f.Enum])
	case "Email":
		c.mails++
		return fmt.Sprintf("u%d@example.org", c.mails)
	case "ID":
		return c.label(one(c, c.world.Schema.Entities))
	}
	values, ok := domain[f.Scalar]
	if !ok {
		panic("no values of " + f.Scalar)
	}
	return one(c, values)
}

// label is a row of t, sometimes one that is not there.
func (c *caller) label(t *Type) string {
	rows := c.world.Rows[t]
	if len(rows) == 0 || c.chance(3) {
		return t.Name + "99"
	}
	return one(c, rows).Label
}

// viewer is nobody, or an account that lives.
func (c *caller) viewer() string {
	var living []string
	for _, u := range c.world.Rows[c.world.Schema.Account] {
		if c.world.Lives(u) {
			living = append(living, u.Label)
		}
	}
	if len(living) == 0 || c.chance(20) {
		return ""
	}
	return one(c, living)
}

// creation makes a row, by the system or by somebody.
func (c *caller) creation(t *Type, as string) Step {
	c.made[t]++
	s := Step{As: as, Do: "create", Entity: t.Name, Row: fmt.Sprint(t.Name, c.made[t]), Values: map[string]any{}}
	for _, f := range t.Fields {
		if f.Auto || f.Computed != nil || f.List() && !f.Owner {
			continue
		}
		settable := as == "system" || !f.ReadOnly && !f.Internal && (!f.List() || f.Bound > 0)
		needed := !f.Null && f.Given == nil && f.Default == nil && !f.List()
		switch {
		case !settable && !c.chance(1):
		case needed && !c.chance(1), c.chance(65):
			s.Values[f.Name] = c.json(f)
		case f.Null && c.chance(30):
			s.Values[f.Name] = nil
		}
		if f.Scalar == "reference" && f.Null && c.chance(30) {
			s.Values[f.Name] = nil
		}
		if f.List() && as == "system" && s.Values[f.Name] == nil {
			delete(s.Values, f.Name)
		}
	}
	return s
}

// change updates a row.
func (c *caller) change(t *Type, as string) (Step, bool) {
	s := Step{As: as, Do: "update", Entity: t.Name, Row: c.label(t), Values: map[string]any{}, Door: one(c, []string{"", "rest"})}
	for _, f := range t.Fields {
		if f.Auto || f.Computed != nil || f.Immutable || f.List() && (!f.Owner || f.Bound == 0) || as != "system" && (f.ReadOnly || f.Internal) || !c.chance(30) {
			continue
		}
		s.Values[f.Name] = c.json(f)
		if f.Null && c.chance(25) {
			s.Values[f.Name] = nil
		}
		if f.Scalar == "value" && s.Values[f.Name] != nil {
			for _, part := range f.Type.Fields { // a patch of some parts would keep the others
				if _, given := s.Values[f.Name].(map[string]any)[part.Name]; !given {
					s.Values[f.Name].(map[string]any)[part.Name] = nil
				}
			}
		}
	}
	return s, len(s.Values) > 0
}

// exposed tells whether a door does verb with t.
func exposed(t *Type, verb string) bool { return !t.Internal && len(t.Allow[verb]) > 0 }

// step is what somebody asks next.
func (c *caller) step() Step {
	for {
		t := one(c, c.world.Schema.Entities)
		as := c.viewer()
		switch n := c.IntN(100); {
		case n < 8 && exposed(t, "CREATE"):
			return c.creation(t, as)
		case n < 20 && exposed(t, "UPDATE"):
			if s, ok := c.change(t, as); ok {
				return s
			}
		case n < 24 && exposed(t, "DELETE"):
			return Step{As: as, Do: "delete", Entity: t.Name, Row: c.label(t), Door: one(c, []string{"", "rest"})}
		case n < 26:
			return c.creation(t, "system")
		case n < 28:
			if s, ok := c.change(t, "system"); ok {
				return s
			}
		case n < 29:
			return Step{As: "system", Do: "delete", Entity: t.Name, Row: c.label(t)}
		case n >= 29 && exposed(t, "READ"):
			return Step{As: as, Do: "read", Read: c.read(t)}
		}
	}
}

// read is a random read of rows of t.
func (c *caller) read(t *Type) *Read {
	ask := &Read{Of: t.Name}
	switch n := c.IntN(10); {
	case n < 2:
		ask.Row = c.label(t)
		ask.Select = c.selection(t, 2)
		return ask
	case n < 4 && len(c.world.Schema.Queries) > 0:
		q := one(c, c.world.Schema.Queries)
		ask.Of, t, ask.Args = q.Name, q.Of, map[string]any{}
		for _, a := range q.Args {
			ask.Args[a.Name] = c.json(a)
		}
	case n == 4:
		ask.Rest = true
		ask.Count = c.chance(30)
		ask.First = 1 + c.IntN(8)
		if c.chance(20) {
			ask.Row, ask.First, ask.Count = c.label(t), 0, false
		}
		for _, f := range t.Fields {
			if shown(f) && !f.List() {
				ask.Select = append(ask.Select, Selection{Field: f.Name, Of: &Read{}})
			}
		}
		if ask.Row == "" {
			ask.Order = c.order(t)
		}
		return ask
	}
	c.paging(ask, t, 3)
	if c.chance(25) {
		ask.Pages, ask.First, ask.Last = 1+c.IntN(4), 0, 0
		if c.chance(50) {
			ask.Pages = -ask.Pages
		}
		ask.Count = false
	}
	ask.Select = c.selection(t, 2)
	return ask
}

func (c *caller) paging(ask *Read, t *Type, depth int) {
	if c.chance(60) {
		ask.Where = c.where(t, depth)
	}
	if c.chance(50) {
		ask.Order = c.order(t)
	}
	switch c.IntN(4) {
	case 0:
		ask.First = 1 + c.IntN(6)
	case 1:
		ask.Last = 1 + c.IntN(6)
	}
	ask.Count = c.chance(30)
}

// shown tells whether the doors show a field.
func shown(f *Field) bool {
	return !f.Internal && (f.Scalar != "reference" && !f.List() || exposed(f.Type, "READ"))
}

func (c *caller) selection(t *Type, depth int) (all []Selection) {
	for _, f := range t.Fields {
		nests := f.List() || f.Scalar == "reference"
		if !shown(f) || nests && depth == 0 || !c.chance(60) {
			continue
		}
		s := Selection{Field: f.Name}
		if nests {
			s.Of = &Read{Select: c.selection(f.Type, depth-1)}
			if f.List() && f.Bound == 0 {
				c.paging(s.Of, f.Type, 1)
			}
		}
		all = append(all, s)
	}
	return all
}

// keys are the orders of t, by the names that the GraphQL door has for them.
func keys(t *Type) (all []string) {
	for _, f := range t.Fields {
		switch {
		case !shown(f), f.List(), f.Repeated:
		case f.Scalar == "reference":
			for _, behind := range f.Type.Fields {
				if shown(behind) && !behind.List() && !behind.Repeated && behind.Scalar != "value" && behind.Scalar != "reference" {
					all = append(all, f.Name+"_"+behind.Name)
				}
			}
		case f.Scalar == "value":
			for _, part := range f.Type.Fields {
				all = append(all, f.Name+"_"+part.Name)
			}
		default:
			all = append(all, f.Name)
		}
	}
	return all
}

func (c *caller) order(t *Type) (order []string) {
	all := keys(t)
	for range c.IntN(3) {
		key := one(c, all)
		if slices.ContainsFunc(order, func(o string) bool { return strings.HasPrefix(o, key+"_") }) || key == "id" {
			continue
		}
		order = append(order, key+one(c, []string{"_ASC", "_DESC"}))
	}
	return order
}

// where is a random filter of t.
func (c *caller) where(t *Type, depth int) map[string]any {
	w := c.conditions(t, depth)
	for len(w) == 0 { // which asks nothing, also inside not
		w = c.conditions(t, depth)
	}
	return w
}

func (c *caller) conditions(t *Type, depth int) map[string]any {
	w := map[string]any{}
	for range 1 + c.IntN(2) {
		if depth > 0 && c.chance(30) {
			switch c.IntN(3) {
			case 0:
				w["and"] = []any{c.where(t, depth-1), c.where(t, depth-1)}
			case 1:
				w["or"] = []any{c.where(t, depth-1), c.where(t, depth-1)}
			default:
				w["not"] = c.where(t, depth-1)
			}
			continue
		}
		f := one(c, t.Fields)
		if !shown(f) {
			continue
		}
		switch f.Scalar {
		case "list":
			if depth > 0 {
				w[f.Name] = map[string]any{one(c, []string{"some", "every", "none"}): c.where(f.Type, depth-1)}
			}
		case "reference":
			switch {
			case c.chance(40):
				w[f.Name] = map[string]any{"id": c.comparison(&Field{Scalar: "ID"})}
			case depth > 0:
				w[f.Name] = c.where(f.Type, depth-1)
			}
		case "value":
			part := one(c, f.Type.Fields)
			w[f.Name] = map[string]any{part.Name: c.comparison(part)}
		default:
			w[f.Name] = c.comparison(f)
		}
	}
	return w
}

// comparison is a random comparison of f.
func (c *caller) comparison(f *Field) map[string]any {
	names := []string{"eq", "ne", "in", "notIn", "isNull"}
	switch {
	case f.Repeated:
		names = []string{"has", "hasSome", "hasEvery", "isEmpty", "isNull"}
	case f.Scalar == "Boolean":
		names = []string{"eq", "ne", "isNull"}
	case f.Scalar == "String":
		names = append(names, "gt", "gte", "lt", "lte", "contains", "startsWith")
	case f.Scalar != "ID" && f.Scalar != "enum" && f.Scalar != "Email":
		names = append(names, "gt", "gte", "lt", "lte")
	}
	single := *f
	single.Repeated = false
	switch name := one(c, names); name {
	case "isNull", "isEmpty":
		return map[string]any{name: c.chance(50)}
	case "in", "notIn", "hasSome", "hasEvery":
		list := []any{}
		for range 1 + c.IntN(2) {
			list = append(list, c.scalar(&single))
		}
		return map[string]any{name: list}
	case "eq", "ne":
		if c.chance(10) {
			return map[string]any{name: nil}
		}
		return map[string]any{name: c.scalar(&single)}
	default:
		return map[string]any{name: c.scalar(&single)}
	}
}
