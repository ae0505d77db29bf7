package golang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/model"
)

// own are the events that the backend tells of, without those that others send.
func own(events []*model.Event) []*model.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e *model.Event) bool { return e.From != "" })
}

// event is the type of a message: references are ids, since whoever hears of it reads rows as they are then.
func event(p *printer, e *model.Event) {
	m := e.Module
	p.f("")
	p.comment(strings.TrimSpace(e.Name + " is an event, which operations leave in the outbox.\n\n" + strings.TrimSpace(e.Doc)))
	p.f("type %s struct {", e.Name)
	for _, f := range e.Fields {
		field(p, exported(f.Name), typeOf(m, f, false).declared(f.Null, f.Repeated), f)
	}
	p.f("}")
	p.f("")
	p.comment("Values is v as package meta states it.")
	p.f("func (v %s) Values() []any {", e.Name)
	values := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		t, v := typeOf(m, f, false), "v."+exported(f.Name)
		values[i] = t.write(v, f.Null)
		if f.Repeated {
			values[i] = "typed.Items(" + v + ", " + t.item() + ")"
		}
	}
	p.f("return []any{%s}", strings.Join(values, ", "))
	p.f("}")
}

// outboxName is the type of what an operation emits through, empty where it emits nothing.
func outboxName(o *model.Operation) string {
	if len(o.Emits) == 0 {
		return ""
	}
	return exported(o.Name) + "Events"
}

// outboxes prints what the operations of a module emit through: each its own events and no others.
func outboxes(p *printer, m *model.Module) {
	for _, o := range m.Business() {
		name := outboxName(o)
		if name == "" {
			continue
		}
		p.f("")
		p.comment(fmt.Sprintf("%s is what %s has others hear of: an event is there once the transaction has committed, and forgotten with it otherwise.", name, o.Name))
		p.f("type %s struct{ tx *query.Tx }", name)
		for _, e := range o.Emits {
			p.f("")
			p.comment(exported(e.Name) + " leaves the event in the outbox" + inOrder(e) + ".")
			p.f("func (o %s) %s(ctx context.Context, e %s) error {", name, exported(e.Name), named(m, e.Module, e.Name))
			p.f("return o.tx.Emit(ctx, %q, e.Values())", e.Name)
			p.f("}")
		}
	}
}

func inOrder(e *model.Event) string {
	if e.Key == nil {
		return ""
	}
	return ", behind the others of its " + e.Key.Name
}

func eventMeta(p *printer, e *model.Event) {
	p.f("{")
	p.f("Name: %q,", e.Name)
	if e.Key != nil {
		p.f("Key: %q,", e.Key.Name)
	}
	p.f("Fields: []*meta.Field{")
	for _, f := range e.Fields {
		p.f("%s,", fieldMeta(f))
	}
	p.f("},")
	p.f("},")
}
