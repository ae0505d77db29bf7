package oracle

import (
	"slices"
	"strings"
)

// read is a random read of rows of t.
func (c *caller) read(t *Type) *Read {
	if c.chance(15) {
		return c.aggregate(t)
	}
	ask := &Read{Of: t.Name}
	switch n := c.IntN(10); {
	case n < 2:
		ask.Row, ask.Key = c.label(t), c.chance(50)
		if t.History && c.chance(50) {
			ask.Rest, ask.Key, ask.Past = true, false, 1+c.IntN(6)
			if t.Soft && c.chance(70) {
				ask.Row = c.buried(t)
			}
			return ask
		}
		ask.Select = c.selection(t, 2)
		ask.Shape = len(t.Shapes) > 0 && c.chance(50)
		return ask
	case n < 4 && len(c.world.Schema.Queries) > 0:
		q := one(c, c.world.Schema.Queries)
		ask.Of, t, ask.Args = q.Name, q.Of, map[string]any{}
		for _, a := range q.Args {
			if !a.Null || c.chance(60) {
				ask.Args[a.Name] = c.json(a)
			}
		}
	case n == 4:
		ask.Rest = true
		ask.Count = c.chance(30)
		ask.First = 1 + c.IntN(8)
		switch c.IntN(10) {
		case 0, 1:
			ask.Row, ask.First, ask.Count = c.label(t), 0, false
		case 2, 3:
			ask.First, ask.Last = 0, ask.First
		case 4, 5:
			ask.Pages, ask.First, ask.Count = one(c, []int{-3, -2, -1, 1, 2, 3}), 0, false
		}
		for _, f := range t.Fields {
			if shown(f) && !f.List() {
				ask.Select = append(ask.Select, Selection{Field: f.Name, Of: &Read{}})
			}
		}
		if ask.Row == "" {
			ask.Order = c.order(t)
			ask.Search = c.search(t)
		}
		return ask
	}
	ask.Shape = len(t.Shapes) > 0 && c.chance(50)
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
	ask.Search = c.search(t)
}

// search is mostly nothing, and else a few words.
func (c *caller) search(t *Type) string {
	if !t.Searched() || c.chance(60) {
		return ""
	}
	return one(c, []string{"a", "b", "A", "ab", "e", "É", "a*", "b*", `"a b"`, "a b", "%", "ba", "baß", "b a*", `"ab a" b`, "a_b", "zz"})
}

// shown tells whether the doors show a field.
func shown(f *Field) bool {
	if f.Scalar == "union" {
		return !f.Internal && !slices.ContainsFunc(f.Arms, func(t *Type) bool { return !exposed(t, "READ") })
	}
	return !f.Internal && (f.Scalar != "reference" && !f.List() || exposed(f.Type, "READ"))
}

func (c *caller) selection(t *Type, depth int) (all []Selection) {
	for _, f := range t.Fields {
		nests := f.List() || f.refers()
		if !shown(f) || nests && depth == 0 || !c.chance(60) {
			continue
		}
		s := Selection{Field: f.Name}
		if nests {
			if f.Scalar == "union" {
				s.Of = &Read{}
				for _, arm := range f.Arms {
					s.Of.Select = append(s.Of.Select, c.selection(arm, 0)...)
				}
				all = append(all, s)
				continue
			}
			s.Of = &Read{Select: c.selection(f.Type, depth-1)}
			if f.List() && f.Bound == 0 {
				c.paging(s.Of, f.Type, 1)
			}
		}
		all = append(all, s)
	}
	if t.History && depth > 0 && c.chance(40) {
		all = append(all, Selection{Field: historyField, Of: &Read{First: 1 + c.IntN(5)}})
	}
	return all
}

// keys are the orders of t, by the names that the GraphQL door has for them.
func keys(t *Type) (all []string) {
	for _, f := range t.Fields {
		switch {
		case !shown(f), f.List(), f.Repeated, f.Method, f.Scalar == "union", f.Scalar == "JSON":
		case f.Scalar == "reference":
			for _, behind := range f.Type.Fields {
				if shown(behind) && !behind.Method && behind.Scalar != "union" && behind.Scalar != "JSON" && !behind.List() && !behind.Repeated && behind.Scalar != "value" && behind.Scalar != "reference" {
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
		if !shown(f) || f.Method || f.Scalar == "JSON" {
			continue
		}
		switch f.Scalar {
		case "union":
			if arm := one(c, f.Arms); c.chance(30) {
				w[f.Name] = map[string]any{"isNull": c.chance(50)}
			} else if c.chance(50) || depth == 0 {
				w[f.Name] = map[string]any{f.armName(arm): map[string]any{"id": c.comparison(&Field{Scalar: "ID"})}}
			} else {
				w[f.Name] = map[string]any{f.armName(arm): c.where(arm, depth-1)}
			}
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
	case f.Scalar != "ID" && f.Scalar != "enum" && f.Scalar != "Email" && f.Scalar != "TimeZone":
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
