package graphql

import (
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

func (s *schema) createInput(e *model.Entity) {
	fields := door.CreateFields(e)
	if !door.Exposed(e, model.Create) || len(fields) == 0 || door.Replaced(e, "create"+e.Name) {
		return
	}
	s.f("")
	s.f("input %s {", s.name("Create"+e.Name+"Input"))
	for _, f := range fields {
		s.createField(f)
	}
	s.f("}")
}

func (s *schema) createField(f *model.Field) {
	if f.Parts != nil {
		s.partsField(f, "Create", "Made with it.")
		return
	}
	if door.Links(f) {
		s.linksField(f, "Create")
		return
	}
	s.inputField(f, door.Required(f))
}

func (s *schema) updateField(f *model.Field) {
	if f.Parts != nil {
		s.partsField(f, "Update", "Written with it; the others stay.")
		return
	}
	if door.Links(f) {
		s.linksField(f, "Update")
		return
	}
	if f.Kind == model.JSON && !f.Repeated {
		whole := *f
		whole.Doc = strings.TrimSpace(f.Doc + "\n\n" + door.Replaces)
		f = &whole
	}
	s.inputField(f, false)
}

// updateInput prints a patch: what is absent stays, null clears.
func (s *schema) updateInput(e *model.Entity) {
	fields := door.UpdateFields(e)
	if !door.Exposed(e, model.Update) || len(fields) == 0 || door.Replaced(e, "update"+e.Name) {
		return
	}
	s.f("")
	s.doc("", "What is left out stays as it is; null clears.")
	s.f("input %s {", s.name("Update"+e.Name+"Input"))
	for _, f := range fields {
		s.updateField(f)
	}
	s.f("}")
}

func (s *schema) partsField(f *model.Field, verb, doc string) {
	s.doc("  ", strings.TrimSpace(door.Doc(f)+" "+doc))
	s.f("  %s: %s%s", f.Name, s.partsName(f, verb+"Input"), deprecated(f.Deprecated))
}

func (s *schema) linksField(f *model.Field, verb string) {
	s.links[verb] = true
	s.doc("  ", door.Doc(f))
	s.f("  %s: %s%s", f.Name, s.name("Links"+verb+"Input"), deprecated(f.Deprecated))
}

// linkInputs prints what lists that rows are linked to take.
func (s *schema) linkInputs() {
	if s.links["Create"] {
		s.f("")
		s.doc("", "The rows that a list is to have, by id or key.")
		s.f("input %s {", s.name("LinksCreateInput"))
		s.f("  link: [ID!]")
		s.f("}")
	}
	if s.links["Update"] {
		s.f("")
		s.doc("", "The rows that a list is to have and to lose, by id or key. The others stay.")
		s.f("input %s {", s.name("LinksUpdateInput"))
		s.f("  link: [ID!]")
		s.f("  unlink: [ID!]")
		s.f("}")
	}
}

// partsName is the name of an input of a list of parts: OrderLinesCreateInput.
func (s *schema) partsName(f *model.Field, suffix string) string {
	return s.name(f.Inverse.Target.Name + strings.ToUpper(f.Name[:1]) + f.Name[1:] + suffix)
}

// partInputs prints what the lists of parts of e take: rows to make, with a new row of e, and rows to change and delete
// too with one that is there.
func (s *schema) partInputs(e *model.Entity) {
	creates := door.Exposed(e, model.Create) && !door.Replaced(e, "create"+e.Name)
	updates := door.Exposed(e, model.Update) && !door.Replaced(e, "update"+e.Name)
	for _, f := range door.UpdateFields(e) {
		switch {
		case f.Parts == nil || !creates && !updates:
			continue
		case creates && f.Parts.Create:
			s.partInput(f, "CreateInput", model.Parts{Create: true})
		}
		if updates {
			s.partInput(f, "UpdateInput", *f.Parts)
		}
		if f.Parts.Create {
			s.f("")
			s.f("input %s {", s.partsName(f, "CreateItem"))
			for _, part := range door.But(door.CreateFields(f.Target), f.Inverse) {
				s.createField(part)
			}
			s.f("}")
		}
		if updates && f.Parts.Update {
			s.f("")
			s.doc("", "What is left out stays as it is; null clears.")
			s.f("input %s {", s.partsName(f, "UpdateItem"))
			s.f("  id: ID!")
			s.doc("  ", "Where it is no longer the row's, all fails with STALE.")
			s.f("  version: %s", s.version(f.Target))
			for _, part := range door.But(door.UpdateFields(f.Target), f.Inverse) {
				s.updateField(part)
			}
			s.f("}")
		}
	}
}

func (s *schema) partInput(f *model.Field, suffix string, parts model.Parts) {
	s.f("")
	s.doc("", "Each is written by its own rules; all happens or nothing.")
	s.f("input %s {", s.partsName(f, suffix))
	if parts.Create {
		s.f("  create: [%s!]", s.partsName(f, "CreateItem"))
	}
	if parts.Update {
		s.f("  update: [%s!]", s.partsName(f, "UpdateItem"))
	}
	if parts.Delete {
		s.f("  delete: [ID!]")
	}
	s.f("}")
}

func (s *schema) inputField(f *model.Field, must bool) {
	s.doc("  ", door.Doc(f))
	reason := f.Deprecated
	if must {
		reason = "" // GraphQL deprecates no required input field
	}
	s.f("  %s: %s%s", f.Name, required(s.taking(f), !must), deprecated(reason))
}

// taking is the type of a field or argument that is written.
func (s *schema) taking(f *model.Field) string {
	typ := s.takenType(f)
	if f.Repeated || f.Kind == model.List {
		return "[" + typ + "!]"
	}
	return typ
}

func (s *schema) takenType(f *model.Field) string {
	switch f.Kind {
	case model.Ref, model.List:
		return "ID"
	case model.Union:
		s.unionIn[f.Union] = true
		return s.name(f.Union.Name + "Input")
	case model.EnumKind:
		s.enum[f.Enum] = true
		return f.Enum.Name
	case model.Value:
		s.takeValue(f.Struct)
		return s.name(f.Struct.Name + "Input")
	case model.InputDTO:
		s.takeInput(f.Struct)
		return f.Struct.Name
	}
	return s.scalarType(f)
}

func (s *schema) takeValue(v *model.Struct) {
	if s.valueIn[v] {
		return
	}
	s.valueIn[v] = true
	for _, f := range v.Fields {
		s.takenType(f)
	}
}

func (s *schema) takeInput(v *model.Struct) {
	if s.input[v] {
		return
	}
	s.input[v] = true
	for _, f := range v.Fields {
		s.takenType(f)
	}
}

// structs prints the value objects, as types and as inputs, and the inputs of operations.
func (s *schema) structs() {
	for _, module := range s.model.Modules {
		for _, v := range module.Values {
			if s.value[v] {
				s.f("")
				s.doc("", v.Doc)
				s.f("type %s%s%s {", v.Name, s.implements(v.Shapes), s.shareable())
				for _, f := range v.Fields {
					s.doc("  ", f.Doc)
					s.f("  %s: %s%s", f.Name, s.shown(f), deprecated(f.Deprecated))
				}
				s.f("}")
			}
			if s.valueIn[v] {
				s.inputType(s.name(v.Name+"Input"), v)
			}
		}
		for _, v := range module.Inputs {
			if s.input[v] {
				s.inputType(v.Name, v)
			}
		}
	}
}

func (s *schema) inputType(name string, v *model.Struct) {
	s.f("")
	s.doc("", v.Doc)
	s.f("input %s {", name)
	for _, f := range v.Fields {
		s.inputField(f, door.Required(f))
	}
	s.f("}")
}

// unions prints the unions that were named, as types and as inputs. They stand in the order of their fields.
func (s *schema) unions() {
	printed := map[*model.UnionType]bool{}
	for _, e := range s.model.Entities {
		for _, f := range e.Fields {
			if f.Kind != model.Union || printed[f.Union] {
				continue
			}
			printed[f.Union] = true
			if s.union[f.Union] {
				var names []string
				for _, arm := range door.ShownArms(f) {
					names = append(names, arm.Target.Name)
				}
				s.f("")
				s.doc("", f.Union.Doc)
				s.f("union %s = %s", f.Union.Name, strings.Join(names, " | "))
			}
			if s.unionIn[f.Union] {
				s.f("")
				s.doc("", "One of these, by its id or key.")
				s.f("input %s%s {", s.name(f.Union.Name+"Input"), s.oneOf())
				for _, arm := range f.Arms {
					s.f("  %s: ID", arm.Target.Singular)
				}
				s.f("}")
			}
			if s.unionIs[f.Union] {
				s.f("")
				s.f("input %s {", s.name(f.Union.Name+"Filter"))
				for _, arm := range door.ShownArms(f) {
					s.f("  %s: %s", arm.Target.Singular, s.name(arm.Target.Name+"Filter"))
				}
				s.f("  isNull: Boolean")
				s.f("}")
			}
		}
	}
}

func (s *schema) enums() {
	for _, module := range s.model.Modules {
		for _, e := range module.Enums {
			if !s.enum[e] {
				continue
			}
			s.f("")
			s.doc("", e.Doc)
			s.f("enum %s {", e.Name)
			for _, v := range e.Values {
				s.doc("  ", v.Doc)
				s.f("  %s%s", v.Name, deprecated(v.Deprecated))
			}
			s.f("}")
		}
	}
}

// scalars prints the custom scalars that were named, in the order of the language and then of the design.
func (s *schema) scalars() {
	for _, known := range scalarDocs {
		if s.scalar[string(known.kind)] {
			s.f("")
			s.doc("", known.doc)
			s.f("scalar %s", known.kind)
		}
	}
	for _, declared := range s.model.Scalars {
		if s.scalar[declared.Name] {
			s.f("")
			doc := declared.Doc
			if doc == "" {
				doc = "Text that matches " + strconv.Quote(declared.Pattern) + "."
			}
			s.doc("", doc)
			s.f("scalar %s", declared.Name)
		}
	}
}

var scalarDocs = []struct {
	kind model.Kind
	doc  string
}{
	{model.Int64, "A whole number of 64 bits, written as text."},
	{model.Decimal, "An exact decimal number, written as text: 12.50."},
	{model.DateTime, "An instant, as in RFC 3339: 2006-01-02T15:04:05Z."},
	{model.Date, "A day: 2006-01-02."},
	{model.Time, "A time of day: 15:04:05."},
	{model.Duration, "A duration: 90s, 30m, 2h45m."},
	{model.UUID, "A UUID, as in RFC 9562."},
	{model.Email, "An email address."},
	{model.URL, "An absolute URL."},
	{model.JSON, "Any JSON value."},
	{model.Bytes, "Bytes, in base64 with padding."},
	{model.TimeZone, "A time zone of the IANA database: Europe/Berlin."},
	{model.Country, "A country, as in ISO 3166-1: DE."},
	{model.Currency, "A currency, as in ISO 4217: EUR."},
}
