package openapi

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// creation is what makes a row, with the rows that belong to it.
func (d *document) creation(doc string, fields []*model.Field) object {
	plain, lists := apart(fields)
	s := d.objectOf(doc, plain, true, door.Required, false)
	for _, f := range lists {
		if door.Links(f) {
			d.linksMember(&s, f, true, "LinksCreate", "The rows that a list is to have.", "link")
			continue
		}
		d.partsMember(&s, f, "Create", model.Parts{Create: true}, "Made with it.")
	}
	return s
}

// patch is what changes a row, and the rows that belong to it.
func (d *document) patch(doc string, fields []*model.Field) object {
	plain, lists := apart(fields)
	sent := patched(plain)
	for i, f := range plain {
		d.keys[sent[i]] = d.keys[f]
	}
	s := d.objectOf(doc, sent, true, func(*model.Field) bool { return false }, false)
	for _, f := range lists {
		if door.Links(f) {
			d.linksMember(&s, f, false, "LinksUpdate", "The rows that a list is to have and to lose; the others stay.", "link", "unlink")
			continue
		}
		d.partsMember(&s, f, "Update", *f.Parts, "Written with it; the others stay.")
	}
	return s
}

// apart is fields without, and with nothing but, the lists whose rows are written along or linked.
func apart(fields []*model.Field) (plain, lists []*model.Field) {
	for _, f := range fields {
		if f.Parts != nil || door.Links(f) {
			lists = append(lists, f)
		} else {
			plain = append(plain, f)
		}
	}
	return plain, lists
}

// partsMember adds a list to what is sent: what to make, to change and to delete.
func (d *document) partsMember(s *object, f *model.Field, suffix string, parts model.Parts, doc string) {
	name := f.Inverse.Target.Name + strings.ToUpper(f.Name[:1]) + f.Name[1:]
	of := object{{"description", "Each is written by its own rules; all happens or nothing."}, {"type", "object"}}
	var members object
	list := func(verb string, item any) {
		members.put(verb, object{{"type", []string{"array", "null"}}, {"maxItems", door.MaxParts}, {"items", item}})
	}
	if parts.Create {
		list("create", d.part(name+"CreateItem", func() object {
			return d.creation("", door.But(door.CreateFields(f.Target), f.Inverse))
		}))
	}
	if parts.Update {
		list("update", d.part(name+"UpdateItem", func() object {
			item := d.patch("What is left out stays as it is; null clears.", door.But(door.UpdateFields(f.Target), f.Inverse))
			own, _ := item.get("properties").(object)
			item.set("properties", append(object{
				{"id", d.one(&model.Field{Kind: model.Ref, Target: f.Target}, true)},
				{"version", d.version(f.Target)},
			}, own...))
			item.put("required", []string{"id"})
			return item
		}))
	}
	if parts.Delete {
		list("delete", d.one(&model.Field{Kind: model.Ref, Target: f.Target}, true))
	}
	of.put("properties", members)
	of.put("additionalProperties", false)
	addMember(s, f, suffix == "Create", doc, d.part(name+suffix, func() object { return of }))
}

// linksMember adds a many-to-many list to what is sent.
func (d *document) linksMember(s *object, f *model.Field, null bool, name, doc string, verbs ...string) {
	schema := d.part(name, func() object {
		var members object
		for _, verb := range verbs {
			item := object{{"type", "string"}, {"description", "The id or the key of a row."}}
			members.put(verb, object{{"type", []string{"array", "null"}}, {"maxItems", door.MaxParts}, {"items", item}})
		}
		return object{{"description", doc}, {"type", "object"}, {"properties", members}, {"additionalProperties", false}}
	})
	addMember(s, f, null, "", schema)
}

// addMember adds a property whose schema has a name. Where a row is made null is none; a patch has nothing that it could clear.
func addMember(s *object, f *model.Field, null bool, doc string, schema object) {
	described := object{}
	described.text("description", strings.TrimSpace(describe(f)+" "+doc))
	properties, _ := s.get("properties").(object)
	choices := member{"allOf", []object{schema}}
	if null {
		choices = member{"anyOf", []object{schema, {{"type", "null"}}}}
	}
	properties.put(f.Name, append(described, choices))
	s.set("properties", properties)
}

// version is the version that a row must have.
func (d *document) version(e *model.Entity) object {
	f := *e.Fields[slices.IndexFunc(e.Fields, func(f *model.Field) bool { return f.Auto && f.Name == "version" })]
	f.Doc = "Where it is no longer the row's, all fails with 412."
	return d.property(&f, true, true)
}

// part names a schema, which write writes once, behind those of all entities: it may hold itself.
func (d *document) part(name string, write func() object) object {
	if !d.parts[name] {
		d.parts[name] = true
		d.later = append(d.later, func() { d.schemas.put(name, write()) })
	}
	return ref("schemas", name)
}

// writeParts writes the schemas of parts, and those that they name in turn.
func (d *document) writeParts() {
	for ; len(d.later) > 0; d.later = d.later[1:] {
		d.later[0]()
	}
}
