package goclient

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/emit/spell"
)

// types prints enums, objects and codes.
func (w *writer) types() {
	for _, e := range w.plan.Enums {
		name := w.names.enums[e]
		values := make([]string, len(e.Values))
		for i, v := range e.Values {
			values[i] = v.Name
		}
		w.comment(spell.Described(name, e.Doc, "one of "+strings.Join(values, ", ")))
		w.f("type %s string", name)
		w.f("")
		w.comment("The values of " + name + ".")
		w.f("const (")
		for i, v := range e.Values {
			w.f("%s %s = %q%s", w.names.values[e][i], name, v.Name, trailing(v.Doc, v.Deprecated))
		}
		w.f(")")
		w.f("")
	}
	for _, o := range w.plan.Objects {
		w.object(o)
	}
	w.comment("What may go wrong.")
	w.f("const (")
	for _, c := range w.plan.Codes {
		if name := w.names.codes[c.Name]; name != "CodeUnauthenticated" {
			w.f("%s ErrorCode = %q%s", name, c.Name, trailing(c.Doc, ""))
		}
	}
	w.f(")")
}

func (w *writer) object(o *client.Object) {
	name := w.names.objects[o]
	doc := spell.Described(name, renamed(o, name), what(o))
	if o.Role == client.Row && o.Entity.Deprecated != "" {
		doc += "\n\nDeprecated: " + o.Entity.Deprecated
	}
	w.comment(doc)
	w.f("type %s struct {", name)
	taken := map[string]bool{}
	for _, m := range o.Members {
		typ, omit := w.names.member(o, m)
		tag := m.Name
		if omit {
			tag += ",omitzero"
		}
		doc := m.Doc
		if len(doc) > 60 || strings.Contains(doc, "\n") {
			w.comment(doc)
			doc = ""
		}
		field := free(taken, spell.Exported(strings.ReplaceAll(m.Name, ".", "_")), "Field")
		w.f("%s %s `json:%q`%s", field, typ, tag, trailing(doc, m.Deprecated))
	}
	w.f("}")
	w.f("")
}

// renamed is the comment of an object whose name is another in Go.
func renamed(o *client.Object, name string) string {
	if name != o.Name && strings.HasPrefix(o.Doc, o.Name+" ") {
		return name + strings.TrimPrefix(o.Doc, o.Name)
	}
	return o.Doc
}

// what is what an object is, where the design does not say.
func what(o *client.Object) string {
	switch o.Role {
	case client.Row:
		if e := o.Entity.HistoryOf; e != nil {
			return "an entry of the history of a row of " + e.Name
		}
		return fmt.Sprintf("a row of %s", o.Entity.Plural)
	case client.Choice:
		return "one of its members"
	case client.Sent:
		return "what is sent"
	}
	return "a value"
}

// trailing is a comment at the end of a line, empty without anything to say.
func trailing(doc, deprecated string) string {
	doc = strings.Join(strings.Fields(doc), " ")
	if deprecated != "" {
		doc = strings.TrimSpace(doc + " Deprecated: " + deprecated)
	}
	if doc == "" {
		return ""
	}
	return " // " + doc
}
