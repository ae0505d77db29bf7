package proto

import (
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// createInput is what makes a row, with the rows that belong to it.
func (p *plan) createInput(e *model.Entity) string {
	return p.of(e, "Create", "Input", func(t *declaration) { p.creation(t, door.CreateFields(e)) })
}

// updateInput is what changes a row.
func (p *plan) updateInput(e *model.Entity) string {
	return p.of(e, "Update", "Input", func(t *declaration) { p.patch(t, door.UpdateFields(e)) })
}

func (p *plan) creation(t *declaration, fields []*model.Field) {
	for _, f := range fields {
		switch {
		case f.Parts != nil:
			p.nested(t, f, "Made with it.", p.parts(f, "CreateInput", model.Parts{Create: true}))
		case door.Links(f):
			p.nested(t, f, "", p.links("LinksCreateInput", "The rows that a list is to have, by id or key.", "link"))
		default:
			p.takenField(t, f)
		}
	}
}

func (p *plan) patch(t *declaration, fields []*model.Field) {
	for _, f := range fields {
		switch {
		case f.Parts != nil:
			p.nested(t, f, "Written with it; the others stay.", p.parts(f, "UpdateInput", *f.Parts))
		case door.Links(f):
			p.nested(t, f, "", p.links("LinksUpdateInput", "The rows that a list is to have and to lose, by id or key. The others stay.", "link", "unlink"))
		case f.Kind == model.JSON && !f.Repeated:
			whole := *f
			whole.Doc = strings.TrimSpace(f.Doc + "\n\n" + door.Replaces)
			p.takenField(t, &whole)
		default:
			p.takenField(t, f)
		}
	}
}

// nested adds a list that is written with its row.
func (p *plan) nested(t *declaration, f *model.Field, doc, typ string) {
	out := of(f)
	out.typ = typ
	if out.doc == "" {
		out.doc = doc
	}
	t.fields = append(t.fields, out)
}

func (p *plan) links(name, doc string, verbs ...string) string {
	return p.generated(name, func(t *declaration) {
		t.doc = doc
		for _, verb := range verbs {
			t.add(repeated, "string", verb, "")
		}
	})
}

// parts is what is to become of the rows of a list.
func (p *plan) parts(f *model.Field, suffix string, parts model.Parts) string {
	list, before := f.Inverse.Target.Name+pascal(f.Name), formerLists(f)
	return p.generated(list+suffix, func(t *declaration) {
		t.doc = "Each is written by its own rules; all happens or nothing."
		if parts.Create {
			t.add(repeated, p.generated(list+"CreateItem", func(t *declaration) {
				p.creation(t, door.But(door.CreateFields(f.Target), f.Inverse))
			}, with(before, "CreateItem")...), "create", "")
		}
		if parts.Update {
			t.add(repeated, p.generated(list+"UpdateItem", func(t *declaration) {
				t.add("", "string", "id", "")
				t.add(optional, "int32", "version", "Where it is no longer the row's, all fails with STALE.")
				p.patch(t, door.But(door.UpdateFields(f.Target), f.Inverse))
			}, with(before, "UpdateItem")...), "update", "What an item does not have stays as it is.")
		}
		if parts.Delete {
			t.add(repeated, "string", "delete", "")
		}
	}, with(before, suffix)...)
}

// formerLists are the names that the messages of a list began with before, if its entity was renamed. A list has no column, so
// it is never renamed itself.
func formerLists(f *model.Field) []string {
	if e := f.Inverse.Target; e.Former != "" {
		return []string{e.Former + pascal(f.Name)}
	}
	return nil
}

func with(names []string, suffix string) []string {
	var out []string
	for _, name := range names {
		out = append(out, name+suffix)
	}
	return out
}
