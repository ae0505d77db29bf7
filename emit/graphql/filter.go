package graphql

import (
	"maps"
	"slices"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// filter prints the conditions on an entity, all of which must hold.
func (s *schema) filter(e *model.Entity) {
	if !s.listed[e] {
		return
	}
	name := s.name(e.Name + "Filter")
	s.f("")
	s.f("input %s {", name)
	s.f("  and: [%s!]", name)
	s.f("  or: [%s!]", name)
	s.f("  not: %s", name)
	for _, f := range door.ReadFields(e) {
		if f.Name == "and" || f.Name == "or" || f.Name == "not" {
			continue
		}
		if filter := s.filterType(f); filter != "" {
			s.f("  %s: %s", f.Name, filter)
		}
	}
	s.f("}")
	if !s.inList(e) {
		return
	}
	s.f("")
	s.f("input %s {", s.name(e.Name+"ListFilter"))
	s.f("  some: %s", name)
	s.f("  every: %s", name)
	s.f("  none: %s", name)
	s.f("}")
}

// inList tells whether a list of an entity that is listed leads to e.
func (s *schema) inList(e *model.Entity) bool {
	for _, from := range door.Entities(s.model) {
		if !s.listed[from] {
			continue
		}
		for _, f := range door.ReadFields(from) {
			if f.Kind == model.List && f.Target == e {
				return true
			}
		}
	}
	return false
}

// filterType is what a filter asks of a field, empty when it asks nothing.
func (s *schema) filterType(f *model.Field) string {
	if f.Method {
		return ""
	}
	switch f.Kind {
	case model.List:
		return s.name(f.Target.Name + "ListFilter")
	case model.Ref:
		return s.name(f.Target.Name + "Filter")
	case model.Union:
		s.unionIs[f.Union] = true
		return s.name(f.Union.Name + "Filter")
	case model.EnumKind:
		s.enum[f.Enum] = true
		if f.Repeated {
			s.elements[f.Enum.Name] = true
			return s.name(f.Enum.Name + "ListFilter")
		}
		s.enumIn[f.Enum] = true
		return s.name(f.Enum.Name + "Filter")
	case model.Value:
		if !s.filterable(f.Struct) {
			return ""
		}
		s.valueIs[f.Struct] = true
		for _, part := range f.Struct.Fields {
			s.filterType(part)
		}
		return s.name(f.Struct.Name + "Filter")
	}
	one := *f
	if one.Repeated = false; door.Comparisons(&one) == nil {
		return ""
	}
	kind := f.Kind
	if len(door.Comparisons(&one)) == len(door.Comparisons(&model.Field{Kind: model.String})) {
		kind = model.String // all text is compared alike
	}
	if kind != model.String {
		s.scalarType(&model.Field{Kind: kind})
	}
	if f.Repeated {
		s.elements[string(kind)] = true
		return s.name(string(kind) + "ListFilter")
	}
	s.compared[string(kind)] = true
	return s.name(string(kind) + "Filter")
}

func (s *schema) filterable(v *model.Struct) bool {
	return slices.ContainsFunc(v.Fields, func(f *model.Field) bool {
		return f.Kind == model.EnumKind || f.Kind == model.Ref || door.Comparisons(f) != nil || f.Kind == model.Value && s.filterable(f.Struct)
	})
}

// scalarFilters prints the filters of scalars, enums and value objects that were named.
func (s *schema) scalarFilters() {
	for _, module := range s.model.Modules {
		for _, v := range module.Values {
			if !s.valueIs[v] {
				continue
			}
			s.f("")
			s.f("input %s {", s.name(v.Name+"Filter"))
			for _, f := range v.Fields {
				if filter := s.filterType(f); filter != "" {
					s.f("  %s: %s", f.Name, filter)
				}
			}
			s.f("}")
		}
		for _, e := range module.Enums {
			if s.enumIn[e] {
				s.comparisons(e.Name, &model.Field{Kind: model.EnumKind})
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(s.compared)) {
		s.comparisons(kind, &model.Field{Kind: model.Kind(kind)})
	}
	for _, typ := range slices.Sorted(maps.Keys(s.elements)) {
		s.comparisons(typ, &model.Field{Kind: model.String, Repeated: true})
	}
}

// comparisons prints what may be asked of fields like f, whose values, or elements, are of a type.
func (s *schema) comparisons(typ string, f *model.Field) {
	name := typ + "Filter"
	if f.Repeated {
		name = typ + "ListFilter"
	}
	s.f("")
	s.f("input %s {", s.name(name))
	for _, c := range door.Comparisons(f) {
		operand := typ
		switch c {
		case "in", "notIn", "hasSome", "hasEvery":
			operand = "[" + typ + "!]"
		case "isNull", "isEmpty":
			operand = "Boolean"
		}
		s.f("  %s: %s", c, operand)
	}
	s.f("}")
}
