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
	switch f.Kind {
	case model.List:
		return s.name(f.Target.Name + "ListFilter")
	case model.Ref:
		return s.name(f.Target.Name + "Filter")
	case model.EnumKind:
		s.enum[f.Enum], s.enumIn[f.Enum] = true, true
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
	if door.Comparisons(f.Kind) == nil {
		return ""
	}
	kind := f.Kind
	if len(door.Comparisons(kind)) == len(door.Comparisons(model.String)) {
		kind = model.String // all text is compared alike
	}
	if kind != model.String {
		s.scalarType(&model.Field{Kind: kind})
	}
	s.compared[string(kind)] = true
	return s.name(string(kind) + "Filter")
}

func (s *schema) filterable(v *model.Struct) bool {
	return slices.ContainsFunc(v.Fields, func(f *model.Field) bool {
		return f.Kind == model.EnumKind || f.Kind == model.Ref || door.Comparisons(f.Kind) != nil || f.Kind == model.Value && s.filterable(f.Struct)
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
				s.comparisons(e.Name, model.EnumKind)
			}
		}
	}
	for _, kind := range slices.Sorted(maps.Keys(s.compared)) {
		s.comparisons(kind, model.Kind(kind))
	}
}

func (s *schema) comparisons(typ string, kind model.Kind) {
	s.f("")
	s.f("input %s {", s.name(typ+"Filter"))
	for _, c := range door.Comparisons(kind) {
		operand := typ
		switch c {
		case "in", "notIn":
			operand = "[" + typ + "!]"
		case "isNull":
			operand = "Boolean"
		}
		s.f("  %s: %s", c, operand)
	}
	s.f("}")
}
