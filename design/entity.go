package design

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/diag"
)

// marksEntity lists the directives that stand on a type only where it is an entity. A value object with a @check, or with
// a field that is @unique, is as likely a value object with a directive too much, so these do not count.
func marksEntity() []string {
	return []string{"allow", "unique", "index", "page", "history", "softDelete", "tenant", "noOverlap", "account"}
}

// forgottenEntities reports types that are used as entities and lack @entity, and goes on as if they had it.
func (r *resolver) forgottenEntities() {
	for _, t := range r.design.Types {
		if t.Kind != Object || Find(t.Directives, "entity") != nil || Find(t.Directives, "event") != nil || r.mayBeEntity(t) {
			continue
		}
		if reason := r.usedAsEntity(t); reason != "" {
			at := r.behindName(t)
			r.problems.AddEdit(t.Pos, ForgottenEntity, fmt.Sprintf("write type %s @entity", t.Name),
				diag.Edit{Pos: at, Text: " @entity"}, "%s is no entity: %s", t.Name, reason)
			t.Directives = append([]*Directive{{Pos: t.Pos, End: at, Name: "entity"}}, t.Directives...)
		}
	}
}

// mayBeEntity reports whether a directive that cannot be read may be the @entity that is missing.
func (r *resolver) mayBeEntity(t *Type) bool {
	return slices.ContainsFunc(t.Directives, func(d *Directive) bool {
		meant, _ := nearest(d.Name, r.prelude.names)
		return r.prelude.directives[d.Name] == nil && (meant == "" || meant == "entity")
	})
}

// usedAsEntity says what only an entity could do, empty where a type does nothing of the kind.
func (r *resolver) usedAsEntity(t *Type) string {
	for _, d := range t.Directives {
		if slices.Contains(marksEntity(), d.Name) {
			return fmt.Sprintf("@%s stands on an entity", d.Name)
		}
	}
	for _, f := range t.Fields {
		if Find(f.Directives, "key") != nil {
			return fmt.Sprintf("the @key %s is an entity's", f.Name)
		}
	}
	if by := r.referredTo(t.Name); by != nil {
		return fmt.Sprintf("%s refers to one by its ID, at %s", by.Name, place(by.Pos))
	}
	return ""
}

// references says which field refers to an entity: by the name of an ID, alone or in a list, or by the entity's name in
// @ref and @through.
type references struct{ one, several, named map[string]*Field }

func (r *resolver) findReferences() {
	r.refs = references{map[string]*Field{}, map[string]*Field{}, map[string]*Field{}}
	for _, f := range r.fields() {
		for _, d := range f.Directives {
			if entity := d.Arg("entity"); (d.Name == "ref" || d.Name == "through") && entity != nil {
				r.refs.named[entity.Text] = f
			}
		}
	}
	for _, f := range r.sent() {
		switch {
		case f.Type.Name != "ID" || Find(f.Directives, "ref") != nil:
		case f.Type.List:
			r.refs.several[f.Name] = f
		default:
			r.refs.one[f.Name] = f
		}
	}
}

// referredTo gives a field that refers to a type as to an entity, nil without.
func (r *resolver) referredTo(name string) *Field {
	return cmp.Or(r.refs.named[name], r.refs.one[small(name)], r.refs.several[small(name)], r.refs.several[several(small(name))])
}

// sent lists what clients send: the arguments of operations and the fields of inputs.
func (r *resolver) sent() []*Field {
	var all []*Field
	for _, op := range r.design.Operations {
		all = append(all, op.Args...)
	}
	for _, t := range r.design.Types {
		if t.Kind == Input {
			all = append(all, t.Fields...)
		}
	}
	return all
}

// fields lists every field, operation and argument.
func (r *resolver) fields() []*Field {
	var all []*Field
	for _, t := range r.design.Types {
		all = append(all, t.Fields...)
	}
	for _, op := range r.design.Operations {
		all = append(append(all, &op.Field), op.Args...)
	}
	return all
}

// behindName is the place behind a type's name and the interfaces that it implements, where directives begin.
func (r *resolver) behindName(t *Type) diag.Pos {
	pos := t.Pos
	if n := len(t.Implements); n > 0 {
		pos = t.Implements[n-1].Pos
	}
	return r.behind(pos)
}

// behind is the place behind the word at a place.
func (r *resolver) behind(pos diag.Pos) diag.Pos {
	pos.Column += r.spans[pos]
	return pos
}

// several is the plural of most names: model/build knows them all, but this only finds what was probably meant.
func several(name string) string {
	switch {
	case strings.HasSuffix(name, "y"):
		return strings.TrimSuffix(name, "y") + "ies"
	case strings.HasSuffix(name, "s"), strings.HasSuffix(name, "x"), strings.HasSuffix(name, "ch"):
		return name + "es"
	default:
		return name + "s"
	}
}
