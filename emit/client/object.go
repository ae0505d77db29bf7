package client

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// row is a row as it is shown.
func (b *builder) row(e *model.Entity) *Object {
	return b.object("row "+e.Name, Object{Name: e.Name, Doc: e.Doc, Role: Row, Entity: e}, func(o *Object) {
		for _, f := range door.ReadFields(e) {
			m := b.member(f, false)
			m.Null = f.Null || door.Hidden(f)
			m.Optional = !f.Stored() && f.Kind != model.Union
			o.Members = append(o.Members, m)
		}
	})
}

// creation is what makes a row.
func (b *builder) creation(e *model.Entity) *Object {
	return b.object("new "+e.Name, Object{Name: "New" + e.Name, Doc: made(e), Role: Creation, Entity: e}, func(o *Object) {
		o.Members = b.creationMembers(door.CreateFields(e))
	})
}

func made(e *model.Entity) string {
	return "New" + e.Name + " is " + Article(spell.Human(e.Name)) + " to be. What is left out has its default, or is null."
}

// creationMembers are what a new row is given, with rows that are made with it.
func (b *builder) creationMembers(fields []*model.Field) []Member {
	var out []Member
	for _, f := range fields {
		m := b.taken(f)
		switch {
		case door.Links(f):
			m.Type, m.Null = Type{Kind: Struct, Object: b.links("LinksCreate", "link")}, false
		case f.Parts != nil:
			m.Type, m.Null = Type{Kind: Struct, Object: b.parts(f, "Create", model.Parts{Create: true})}, false
		}
		out = append(out, m)
	}
	return out
}

// patch is what changes a row.
func (b *builder) patch(e *model.Entity) *Object {
	doc := e.Name + "Patch changes " + Article(spell.Human(e.Name)) + ": what is left out stays, null clears."
	return b.object("patch "+e.Name, Object{Name: e.Name + "Patch", Doc: doc, Role: Patch, Entity: e}, func(o *Object) {
		o.Members = b.patchMembers(e, door.UpdateFields(e), true)
	})
}

// patchMembers are what may be changed of a row. In a row of its own value objects are patches too, where they can be read.
func (b *builder) patchMembers(e *model.Entity, fields []*model.Field, merged bool) []Member {
	var out []Member
	for _, f := range fields {
		m := b.member(f, true)
		m.Optional = true
		switch {
		case door.Links(f):
			m.Type = Type{Kind: Struct, Object: b.links("LinksUpdate", "link", "unlink")}
		case f.Parts != nil:
			m.Type = Type{Kind: Struct, Object: b.parts(f, "Update", *f.Parts)}
		case merged && f.Kind == model.Value && !f.Repeated && slices.Contains(door.ReadFields(e), f):
			m.Type = Type{Kind: Struct, Object: b.valuePatch(f.Struct)}
		}
		out = append(out, m)
	}
	return out
}

// valuePatch changes parts of a value object.
func (b *builder) valuePatch(s *model.Struct) *Object {
	doc := s.Name + "Patch changes parts of " + Article(spell.Human(s.Name)) + ": what is left out stays."
	return b.object("patch "+s.Name, Object{Name: s.Name + "Patch", Doc: doc, Role: Patch}, func(o *Object) {
		for _, f := range s.Fields {
			m := b.member(f, true)
			m.Optional = true
			o.Members = append(o.Members, m)
		}
	})
}

// links are the rows that a list is to have and to lose.
func (b *builder) links(name string, verbs ...string) *Object {
	return b.object(name, Object{Name: name, Doc: name + " names rows of a list, by id or key.", Role: Sent}, func(o *Object) {
		for _, verb := range verbs {
			o.Members = append(o.Members, Member{Name: verb, Type: Type{Kind: Key, List: true}, Optional: true})
		}
	})
}

// parts are rows of a list that are written with the row that they belong to.
func (b *builder) parts(f *model.Field, suffix string, parts model.Parts) *Object {
	name := f.Inverse.Target.Name + spell.UpperFirst(f.Name)
	doc := name + suffix + " is what becomes of the rows of " + f.Name + "; the others stay. All of it happens or nothing."
	return b.object(name+suffix, Object{Name: name + suffix, Doc: doc, Role: Sent}, func(o *Object) {
		add := func(verb string, t Type) {
			t.List = true
			o.Members = append(o.Members, Member{Name: verb, Type: t, Optional: true})
		}
		if parts.Create {
			item := b.object(name+"CreateItem", Object{Name: name + "CreateItem", Doc: name + "CreateItem is a row to be.", Role: Creation}, func(o *Object) {
				o.Members = b.creationMembers(door.But(door.CreateFields(f.Target), f.Inverse))
			})
			add("create", Type{Kind: Struct, Object: item})
		}
		if parts.Update {
			item := b.object(name+"UpdateItem", Object{Name: name + "UpdateItem", Doc: name + "UpdateItem changes a row: what is left out stays, null clears.", Role: Patch}, func(o *Object) {
				o.Members = append([]Member{
					{Name: "id", Type: Type{Kind: Key}},
					{Name: "version", Doc: "That the row must still have; any unless given.", Type: Type{Kind: Scalar, Scalar: model.Int}, Optional: true},
				}, b.patchMembers(f.Target, door.But(door.UpdateFields(f.Target), f.Inverse), false)...)
			})
			add("update", Type{Kind: Struct, Object: item})
		}
		if parts.Delete {
			add("delete", Type{Kind: Key})
		}
	})
}

// taken is a field of what makes something: a row, an input, the arguments of an operation.
func (b *builder) taken(f *model.Field) Member {
	m := b.member(f, true)
	m.Optional, m.Default = !door.Required(f), f.Default != nil
	return m
}

func (b *builder) member(f *model.Field, taken bool) Member {
	return Member{Name: f.Name, Doc: Doc(f), Deprecated: f.Deprecated, Type: b.typeOf(f, taken), Null: f.Null}
}

// typeOf is the type of a field, as a client sends it or as it is shown.
func (b *builder) typeOf(f *model.Field, taken bool) Type {
	t := Type{List: f.Repeated}
	switch f.Kind {
	case model.Ref, model.List:
		t.List = t.List || f.Kind == model.List
		switch {
		case taken:
			t.Kind = Key
		case f.Kind == model.Ref:
			t.Kind, t.Object = Reference, b.row(f.Target)
		case f.Bound == 0:
			t.Kind, t.Object, t.List = PageOf, b.row(f.Target), false
		default:
			t.Kind, t.Object = Struct, b.row(f.Target)
		}
	case model.Union:
		t.Kind, t.Object = Struct, b.union(f, taken)
	case model.EnumKind:
		t.Kind, t.Enum = Enum, f.Enum
		b.enum(f.Enum)
	case model.Value, model.InputDTO:
		t.Kind, t.Object = Struct, b.structure(f.Struct, f.Kind == model.InputDTO)
		if taken && f.Kind == model.Value && slices.ContainsFunc(f.Struct.Fields, func(part *model.Field) bool { return !door.Required(part) }) {
			t.Object = b.newValue(f.Struct)
		}
	default:
		t.Kind, t.Scalar = Scalar, f.Kind
	}
	return t
}

func (b *builder) enum(e *model.Enum) {
	if !b.enums[e] {
		b.enums[e] = true
		b.plan.Enums = append(b.plan.Enums, e)
	}
}

// structure is a value object, which is written whole, or an input.
func (b *builder) structure(s *model.Struct, input bool) *Object {
	role := Whole
	if input {
		role = Sent
	}
	return b.object("struct "+s.Name, Object{Name: s.Name, Doc: s.Doc, Role: role}, func(o *Object) {
		for _, f := range s.Fields {
			m := b.member(f, input)
			if input {
				m = b.taken(f)
			}
			o.Members = append(o.Members, m)
		}
	})
}

// newValue is a value object as it is sent, of which some parts may be left out.
func (b *builder) newValue(s *model.Struct) *Object {
	doc := "New" + s.Name + " is " + Article(spell.Human(s.Name)) + " to be. What is left out has its default, or is null."
	return b.object("new "+s.Name, Object{Name: "New" + s.Name, Doc: doc, Role: Creation}, func(o *Object) {
		for _, f := range s.Fields {
			o.Members = append(o.Members, b.taken(f))
		}
	})
}

// union is one reference of several.
func (b *builder) union(f *model.Field, taken bool) *Object {
	arms, name, doc := door.ShownArms(f), f.Union.Name, f.Union.Doc
	if taken {
		arms, name, doc = f.Arms, f.Union.Name+"Key", f.Union.Name+"Key names the one that is meant, by id or key."
	}
	return b.object("union "+name, Object{Name: name, Doc: doc, Role: Choice}, func(o *Object) {
		for _, arm := range arms {
			t := b.typeOf(arm, taken)
			o.Members = append(o.Members, Member{Name: arm.Target.Singular, Type: t, Null: !taken && door.Hidden(arm)})
		}
	})
}

// figures are what the rows of e come to.
func (b *builder) figures(e *model.Entity) *Object {
	return b.object("figures "+e.Name, Object{
		Name: e.Name + "Figures", Role: Figures, Entity: e,
		Doc: e.Name + "Figures is what " + spell.Human(spell.UpperFirst(e.Plural)) + " come to: all that fit, or those of a group.",
	}, func(o *Object) {
		group := b.object("group "+e.Name, Object{
			Name: e.Name + "Group", Role: Figures, Entity: e,
			Doc: e.Name + "Group is what the rows of a group have in common: what was grouped by.",
		}, func(o *Object) {
			for _, k := range door.GroupKeys(e) {
				t := b.typeOf(k.Field, false)
				if k.By != "" {
					t = Type{Kind: Scalar, Scalar: model.Date}
				}
				o.Members = append(o.Members, Member{Name: k.Name("."), Type: t, Null: true, Optional: true})
			}
		})
		o.Members = []Member{
			{Name: "group", Type: Type{Kind: Struct, Object: group}},
			{Name: "count", Type: Type{Kind: Scalar, Scalar: model.Int}},
		}
		for _, statistic := range door.Statistics {
			if keys := door.Measured(e, statistic); len(keys) > 0 {
				of := b.statistic(e, statistic, keys)
				o.Members = append(o.Members, Member{Name: statistic, Type: Type{Kind: Struct, Object: of}, Optional: true})
			}
		}
	})
}

func (b *builder) statistic(e *model.Entity, statistic string, keys []door.Key) *Object {
	name := e.Name + spell.UpperFirst(statistic)
	return b.object("statistic "+name, Object{
		Name: name, Role: Figures, Entity: e, Doc: fmt.Sprintf("%s is the %s of the fields that were asked for.", name, statistic),
	}, func(o *Object) {
		for _, k := range keys {
			o.Members = append(o.Members, Member{Name: k.Name("."), Type: b.typeOf(k.Field, false), Null: k.Field.Null, Optional: true})
		}
	})
}

// Article is a noun with an article before it.
func Article(noun string) string {
	if strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
