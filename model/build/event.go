package build

import (
	"maps"
	"slices"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// emissions reads @event and @emits: what operations leave in the outbox for others, and what keeps its order.
func (b *builder) emissions() {
	for _, t := range b.design.Types {
		if e := b.events[t.Name]; e != nil && b.structured[b.structs[t.Name]] == t {
			b.event(e, t)
		}
	}
	for _, o := range b.design.Operations {
		b.emits(o)
	}
}

func (b *builder) event(e *model.Event, t *design.Type) {
	e.Fields = b.structs[t.Name].Fields
	d := design.Find(t.Directives, "event")
	if from := d.Arg("from"); from != nil {
		e.From = from.Text
	}
	name := d.Arg("key")
	if name == nil {
		return
	}
	f := find(e.Fields, name.Text)
	switch {
	case f == nil:
		b.misspelt(name.Pos, name.Text, fieldNames(e.Fields), "%s has no field %s", e.Name, name.Text)
	case f.Kind == "":
	case f.Null:
		b.problems.Add(name.Pos, BadEvent, "write "+f.Name+": "+b.written[f].Type.Name+"!", "%s may be null, and then nothing says which %s come before", f.Name, Plural(lowerCamel(e.Name)))
	case f.Repeated || !keeps[f.Kind]:
		b.problems.Add(name.Pos, BadEvent, "", "%s is not one text, number or reference, so it keeps no order", f.Name)
	default:
		e.Key = f
	}
}

// keeps are the kinds of fields that may be the key of an event: what has one text.
var keeps = map[model.Kind]bool{
	model.String: true, model.Int: true, model.Int64: true, model.UUID: true, model.Email: true, model.URL: true, model.Date: true,
	model.TimeZone: true, model.Country: true, model.Currency: true, model.EnumKind: true, model.Ref: true,
}

func (b *builder) emits(o *design.Operation) {
	d := design.Find(o.Directives, "emits")
	if d == nil {
		return
	}
	if o.Kind == design.Query || o.Kind == design.Subscription {
		b.problems.Add(d.Pos, WrongPlace, "remove it", "%s is a %s: it writes nothing, no event either", o.Name, o.Kind)
		return
	}
	names := slices.Sorted(maps.Keys(b.events))
	seen := map[string]bool{}
	op := b.made[o]
	for _, name := range d.Arg("events").Names() {
		e := b.events[name.Text]
		switch {
		case e == nil:
			b.misspelt(name.Pos, name.Text, names, "no event is called %s", name.Text)
		case seen[name.Text]:
			b.problems.Add(name.Pos, Contradiction, "remove it", "%s emits %s twice", o.Name, name.Text)
		case e.From != "":
			b.problems.Add(name.Pos, BadEvent, "remove it, or from: of "+e.Name, "%s is what others send", e.Name)
		case op != nil:
			op.Emits = append(op.Emits, e)
		}
		seen[name.Text] = true
	}
}

// told tells whether e is the backend's own.
func told(e *model.Event) bool { return e.From == "" }
