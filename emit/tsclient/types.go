package tsclient

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/emit/client"
)

// types prints enums, objects and codes.
func (w *writer) types() {
	for _, e := range w.plan.Enums {
		doc := strings.TrimSpace(e.Doc)
		for _, v := range e.Values {
			if v.Doc != "" || v.Deprecated != "" {
				doc += "\n\n- " + v.Name + ": " + strings.TrimSpace(v.Doc)
				if v.Deprecated != "" {
					doc = strings.TrimRight(doc, " :.") + ": deprecated, " + v.Deprecated
				}
			}
		}
		w.comment("", doc, "")
		w.f("export type %s = %s;", w.names.enums[e], union(enumValues(e)))
		w.f("")
	}
	for _, o := range w.plan.Objects {
		w.object(o)
	}
	w.comment("", "What may go wrong.", "")
	w.f("export type KnownCode =")
	for i, c := range w.plan.Codes {
		end := ""
		if i == len(w.plan.Codes)-1 {
			end = ";"
		}
		w.f("  | %q%s // %s", c.Name, end, c.Doc)
	}
	w.comment("", "A stable word for what went wrong: one that was known when this was written, or another.", "")
	w.f("export type Code = KnownCode | (string & {});")
	w.f("")
}

func (w *writer) object(o *client.Object) {
	name := w.names.objects[o]
	doc := o.Doc
	if rest, ok := strings.CutPrefix(doc, o.Name+" is "); ok {
		doc = strings.ToUpper(rest[:1]) + rest[1:]
	}
	deprecated := ""
	if o.Role == client.Row {
		deprecated = o.Entity.Deprecated
	}
	w.comment("", doc, deprecated)
	if o.Role == client.Choice {
		w.choice(o, name)
		return
	}
	w.f("export interface %s {", name)
	for _, m := range o.Members {
		w.comment("  ", m.Doc, m.Deprecated)
		typ := w.names.all(m.Type)
		if m.Null && !(o.Role == client.Patch && along(m)) && typ != "Json" {
			typ += " | null"
		}
		optional := ""
		if m.Optional {
			optional = "?"
			if o.Role != client.Row && o.Role != client.Figures {
				typ += inherited(m.Name) + " | undefined"
			}
		}
		w.f("  %s%s: %s;", property(m.Name), optional, typ)
	}
	w.f("}")
	w.f("")
}

// inherited is what else a member that may be left out is: what every object has under its name.
func inherited(name string) string {
	switch name {
	case "constructor", "toString", "toLocaleString", "valueOf", "hasOwnProperty", "isPrototypeOf", "propertyIsEnumerable":
		return fmt.Sprintf(" | Object[%q]", name)
	}
	return ""
}

// along tells whether a member is rows that are written along.
func along(m client.Member) bool {
	return m.Type.Kind == client.Struct && m.Type.Object.Role == client.Sent
}

// choice is an object that has one of its members, which tells them apart.
func (w *writer) choice(o *client.Object, name string) {
	w.f("export type %s =", name)
	for i, m := range o.Members {
		members := make([]string, 0, len(o.Members))
		for j, other := range o.Members {
			if i == j {
				members = append(members, property(m.Name)+": "+w.names.all(m.Type))
			} else {
				members = append(members, property(other.Name)+"?: never")
			}
		}
		end := ""
		if i == len(o.Members)-1 {
			end = ";"
		}
		w.f("  | { %s }%s", strings.Join(members, "; "), end)
	}
	w.f("")
}

// union is the union of texts, never where there is none.
func union(texts []string) string {
	if len(texts) == 0 {
		return "never"
	}
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = strconv.Quote(text)
	}
	return strings.Join(quoted, " | ")
}
