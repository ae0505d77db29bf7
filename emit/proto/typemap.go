package proto

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// scalar is the type of one value of a scalar, and whether it is a message, which may be absent as it is.
func (p *plan) scalar(k model.Kind) (typ string, message bool) {
	switch k {
	case model.Int:
		return "int32", false
	case model.Int64:
		return "int64", false
	case model.Float:
		return "double", false
	case model.Boolean:
		return "bool", false
	case model.Bytes:
		return "bytes", false
	case model.DateTime:
		return p.wellKnown("Timestamp", "timestamp"), true
	case model.Duration:
		return p.wellKnown("Duration", "duration"), true
	case model.JSON:
		return p.wellKnown("Value", "struct"), true
	}
	return "string", false
}

// forms say how the scalars that are text are written.
var forms = map[model.Kind]string{
	model.Decimal:  "An exact decimal: 12.50.",
	model.Date:     "A day: 2006-01-02.",
	model.Time:     "A time of day: 15:04:05.",
	model.TimeZone: "A time zone of the IANA database: Europe/Berlin.",
	model.Country:  "A country, as in ISO 3166-1: DE.",
	model.Currency: "A currency, as in ISO 4217: EUR.",
}

// shown plans a field that is read. What may be null, or hidden from a viewer, can be told from a zero.
func (p *plan) shown(t *declaration, f *model.Field) {
	out := of(f)
	if out.doc == "" {
		out.doc = forms[f.Kind]
	}
	null := f.Null || door.Hidden(f)
	message := true
	switch f.Kind {
	case model.List:
		out.typ = p.entityMessage(f.Target)
		if f.Bound > 0 {
			out.label = repeated
		} else {
			out.typ = p.page(f.Target)
		}
		t.fields = append(t.fields, out)
		return
	case model.Ref:
		out.typ = p.entityMessage(f.Target)
	case model.Union:
		out.typ = p.union(f)
	case model.EnumKind:
		out.typ, message = p.enumType(f.Enum), false
	case model.Value, model.InputDTO:
		out.typ = p.structure(f.Struct)
	default:
		out.typ, message = p.scalar(f.Kind)
	}
	switch {
	case f.Repeated:
		out.label = repeated
	case null && !message:
		out.label = optional
	}
	t.fields = append(t.fields, out)
}

// takenField plans a field that is sent. That it is absent can be told from a zero: then it has its default, or stays.
func (p *plan) takenField(t *declaration, f *model.Field) {
	out := of(f)
	if out.doc == "" {
		out.doc = forms[f.Kind]
	}
	message := true
	switch f.Kind {
	case model.Ref, model.List:
		if out.typ, message = "string", false; out.doc == "" {
			out.doc = "The id or the key of " + article(f.Target.Name) + "."
		}
	case model.Union:
		out.typ = p.unionInput(f)
	case model.EnumKind:
		out.typ, message = p.enumType(f.Enum), false
	case model.Value, model.InputDTO:
		out.typ = p.structure(f.Struct)
	default:
		out.typ, message = p.scalar(f.Kind)
	}
	switch {
	case f.Repeated || f.Kind == model.List:
		out.label = repeated
	case !message:
		out.label = optional
	}
	t.fields = append(t.fields, out)
}

func article(name string) string {
	if strings.ContainsRune("AEIO", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// entityMessage is the message of an entity.
func (p *plan) entityMessage(e *model.Entity) string {
	return p.declared(e.Name, func(t *declaration) {
		if t.doc = e.Doc; e.Former != "" {
			t.formers = []string{e.Former}
		}
		if e.Deprecated != "" {
			t.deprecated, t.doc = true, strings.TrimSpace(t.doc+"\n\nDeprecated: "+e.Deprecated)
		}
		for _, f := range door.ReadFields(e) {
			p.shown(t, f)
		}
	})
}

// page is a list that comes in pages, below a row.
func (p *plan) page(e *model.Entity) string {
	return p.of(e, "", "Page", func(t *declaration) {
		t.add(repeated, p.entityMessage(e), "items", "")
		t.add("", "string", "next_page_token", "Empty on the last page.")
	})
}

// structure is a value object or an input. One message is both sent and shown, so all that is no message in it is optional.
func (p *plan) structure(v *model.Struct) string {
	return p.declared(v.Name, func(t *declaration) {
		t.doc = v.Doc
		for _, f := range v.Fields {
			p.takenField(t, f)
		}
	})
}

func (p *plan) enumType(e *model.Enum) string {
	return p.declared(e.Name, func(t *declaration) {
		if t.doc, t.values = e.Doc, true; e.Former != "" {
			t.formers = []string{e.Former}
		}
		for _, v := range e.Values {
			value := &field{name: strings.ToUpper(v.Name), doc: v.Doc, deprecated: v.Deprecated != ""}
			if v.Former != "" {
				value.formers = []string{strings.ToUpper(v.Former)}
			}
			if v.Deprecated != "" {
				value.doc = strings.TrimSpace(v.Doc + "\n\nDeprecated: " + v.Deprecated)
			}
			t.fields = append(t.fields, value)
		}
		// The value that the design itself calls so is the one with the number 0, which stands first.
		slices.SortStableFunc(t.fields, func(a, b *field) int {
			switch {
			case a.name == b.name:
				return 0
			case a.name == unspecified:
				return -1
			case b.name == unspecified:
				return 1
			}
			return 0
		})
	})
}

// union is the one row that is meant, under the name of its type.
func (p *plan) union(f *model.Field) string {
	return p.declared(f.Union.Name, func(t *declaration) {
		t.doc, t.oneof = f.Union.Doc, "value"
		for _, arm := range door.ShownArms(f) {
			t.fields = append(t.fields, &field{
				name: snake(arm.Target.Singular), origin: arm.Target.Singular, formers: formerRow(arm.Target), typ: p.entityMessage(arm.Target),
			})
		}
	})
}

func (p *plan) unionInput(f *model.Field) string {
	return p.generated(f.Union.Name+"Input", func(t *declaration) {
		t.doc, t.oneof = "One of these, by its id or key.", "value"
		for _, arm := range f.Arms {
			t.fields = append(t.fields, &field{
				name: snake(arm.Target.Singular), origin: arm.Target.Singular, formers: formerRow(arm.Target), typ: "string",
			})
		}
	})
}
