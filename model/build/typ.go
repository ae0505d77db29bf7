package build

import "github.com/fettlehq/fettle/model"

// typ is the type of a lowered value.
type typ struct {
	kind   model.Kind // empty: any
	entity *model.Entity
	enum   *model.Enum
	strct  *model.Struct
	arms   []*model.Field // of a union
	choice string         // the name of an enum value that several enums have
}

// nullKind is the type of the literal null.
const nullKind model.Kind = "Null"

var boolean = typ{kind: model.Boolean}

// typOf is the type of a field's value, or of an element of its list.
func typOf(f *model.Field) typ {
	t := typ{kind: f.Kind, entity: f.Target, enum: f.Enum, strct: f.Struct, arms: f.Arms}
	if t.kind == model.List {
		t.kind = model.Ref
	}
	return t
}

func (t typ) String() string {
	switch {
	case t.kind == nullKind:
		return "null"
	case t.enum != nil:
		return article(t.enum.Name)
	case t.entity != nil:
		return article(t.entity.Name)
	case t.strct != nil:
		return article(t.strct.Name)
	case t.kind == model.Boolean:
		return "true or false"
	}
	return article(string(t.kind))
}

// like says whether values of both types may stand in each other's place.
func (t typ) like(other typ) bool {
	switch {
	case t.kind == "" || other.kind == "" || t.kind == nullKind || other.kind == nullKind:
		return true
	case t.kind == model.Ref || other.kind == model.Ref:
		return t.kind == other.kind && t.entity == other.entity
	case t.kind == model.EnumKind || other.kind == model.EnumKind:
		return t.kind == other.kind && (t.enum == other.enum || t.enum == nil || other.enum == nil)
	case t.strct != nil || other.strct != nil:
		return t.strct == other.strct
	case numberKinds[t.kind] && numberKinds[other.kind]:
		return true
	case t.text() && other.text():
		return true
	}
	return t.kind == other.kind
}

// text says whether the value is a string for the expression language.
func (t typ) text() bool {
	return textKinds[t.kind] || t.kind == model.ID || t.kind == model.UUID
}
