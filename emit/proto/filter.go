package proto

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// filter is the conditions on an entity.
func (p *plan) filter(e *model.Entity) string {
	return p.of(e, "", "Filter", func(t *declaration) {
		t.doc = "All conditions that are given must hold."
		t.add(repeated, t.name, "and", "All of them; none asks nothing.")
		t.add(repeated, t.name, "or", "One of them; none asks nothing.")
		t.add("", t.name, "not", "")
		for _, f := range door.ReadFields(e) {
			if f.Name != "and" && f.Name != "or" && f.Name != "not" {
				p.condition(t, f)
			}
		}
	})
}

// condition adds what is asked of a field, if anything can be.
func (p *plan) condition(t *declaration, f *model.Field) {
	typ := p.filterType(f)
	if typ == "" {
		return
	}
	out := of(f)
	out.doc, out.typ = "", typ
	t.fields = append(t.fields, out)
}

func (p *plan) filterType(f *model.Field) string {
	if f.Method {
		return ""
	}
	switch f.Kind {
	case model.List:
		return p.of(f.Target, "", "ListFilter", func(t *declaration) {
			one := p.filter(f.Target)
			t.add("", one, "some", "Holds for a row of the list.")
			t.add("", one, "every", "Holds for all rows of the list.")
			t.add("", one, "none", "Holds for no row of the list.")
		})
	case model.Ref:
		return p.filter(f.Target)
	case model.Union:
		return p.generated(f.Union.Name+"Filter", func(t *declaration) {
			for _, arm := range door.ShownArms(f) {
				t.fields = append(t.fields, &field{
					name: snake(arm.Target.Singular), origin: arm.Target.Singular, formers: formerRow(arm.Target), typ: p.filter(arm.Target),
				})
			}
			t.add(optional, "bool", "is_null", "")
		})
	case model.EnumKind:
		return p.comparisons(f.Enum.Name, f)
	case model.Value:
		if !filterable(f.Struct) {
			return ""
		}
		return p.generated(f.Struct.Name+"Filter", func(t *declaration) {
			for _, part := range f.Struct.Fields {
				p.condition(t, part)
			}
		})
	}
	one := *f
	if one.Repeated = false; door.Comparisons(&one) == nil {
		return ""
	}
	if len(door.Comparisons(&one)) == len(door.Comparisons(&model.Field{Kind: model.String})) {
		one.Kind = model.String // all text is compared alike
	}
	one.Repeated, one.Scalar = f.Repeated, nil
	return p.comparisons(string(one.Kind), &one)
}

func filterable(v *model.Struct) bool {
	return slices.ContainsFunc(v.Fields, func(f *model.Field) bool {
		return f.Kind == model.EnumKind || f.Kind == model.Ref || door.Comparisons(f) != nil || f.Kind == model.Value && filterable(f.Struct)
	})
}

// comparisons is what may be asked of fields of a type. A list of alternatives is a message of its own, so that none can be
// told from nothing asked.
func (p *plan) comparisons(of string, f *model.Field) string {
	suffix := "Filter"
	if f.Repeated {
		suffix = "ListFilter"
	}
	formers := func(suffix string) []string {
		if f.Kind == model.EnumKind && f.Enum.Former != "" {
			return []string{f.Enum.Former + suffix}
		}
		return nil
	}
	return p.generated(of+suffix, func(t *declaration) {
		operand, message := "", false
		if f.Kind == model.EnumKind {
			operand = p.enumType(f.Enum)
		} else {
			operand, message = p.scalar(f.Kind)
		}
		for _, c := range door.Comparisons(f) {
			typ, label := operand, optional
			switch c {
			case "in", "notIn", "hasSome", "hasEvery":
				typ, label = p.generated(of+"List", func(t *declaration) { t.add(repeated, operand, "values", "") }, formers("List")...), ""
			case "isNull", "isEmpty":
				typ = "bool"
			default:
				if message {
					label = ""
				}
			}
			t.add(label, typ, snake(c), "")
		}
	}, formers(suffix)...)
}

// orders is the keys by which an entity is ordered, empty without any.
func (p *plan) orders(e *model.Entity) string {
	keys := door.Keys(e)
	if len(keys) == 0 {
		return ""
	}
	return p.of(e, "", "Order", func(t *declaration) {
		t.values = true
		for _, k := range shortFirst(keys, func(k door.Key) int { return len(k.Path) }) {
			for _, direction := range []string{"_asc", "_desc"} {
				t.once(value(path(k), formerPaths(k), direction))
			}
		}
	})
}

// once adds a field unless another has its name: "author_name" is the author's name only where the row has none of its own.
func (t *declaration) once(f *field) {
	if !slices.ContainsFunc(t.fields, func(other *field) bool { return other.name == f.name }) {
		t.fields = append(t.fields, f)
	}
}

// shortFirst sorts keys by how many names they have, and keeps their order otherwise. Kit/grpc looks for them so.
func shortFirst[K any](keys []K, length func(K) int) []K {
	sorted := slices.Clone(keys)
	slices.SortStableFunc(sorted, func(a, b K) int { return length(a) - length(b) })
	return sorted
}

// value is a value of an enum: a key, with what is said of it.
func value(key string, formers []string, more string) *field {
	f := &field{name: strings.ToUpper(key + more)}
	for _, former := range formers {
		f.formers = append(f.formers, strings.ToUpper(former+more))
	}
	return f
}

// formerPaths are the names that a key had before: each part of it may have been renamed.
func formerPaths(k door.Key) []string {
	names := []string{""}
	for i, f := range k.Path {
		var longer []string
		for _, name := range names {
			if i > 0 {
				name += "_"
			}
			longer = append(longer, name+snake(f.Name))
			if f.Former != "" {
				longer = append(longer, name+snake(f.Former))
			}
		}
		names = longer
	}
	return names[1:] // the first is its name now
}

// path is a key as one name.
func path(k door.Key) string {
	names := make([]string, len(k.Path))
	for i, f := range k.Path {
		names[i] = snake(f.Name)
	}
	return strings.Join(names, "_")
}
