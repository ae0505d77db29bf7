package golang

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// entityFile is the types of a module: enums, value objects, inputs and entities.
func entityFile(m *model.Module) string {
	p := &printer{}
	p.f("package %s", PackageName(m))
	for _, e := range m.Enums {
		enum(p, e)
	}
	for _, s := range m.Values {
		structure(p, m, s, false)
	}
	for _, u := range m.Unions {
		if len(u.Members) > 0 { // and a field is one
			union(p, u)
		}
	}
	for _, e := range m.Entities {
		row(p, m, e)
	}
	for _, s := range m.Inputs {
		structure(p, m, s, true)
	}
	for _, e := range own(m.Events) {
		event(p, e)
	}
	return p.String()
}

func enum(p *printer, e *model.Enum) {
	p.f("")
	values := make([]string, len(e.Values))
	for i, v := range e.Values {
		values[i] = v.Name
	}
	p.comment(spell.Described(e.Name, e.Doc, "one of "+strings.Join(values, ", ")))
	p.f("type %s string", e.Name)
	p.f("")
	p.comment("The values of " + e.Name + ".")
	p.f("const (")
	var names []string
	for _, v := range e.Values {
		name := constant(e.Name, v.Name)
		names = append(names, name)
		p.f("%s %s = %q%s", name, e.Name, v.Name, trailing(v.Doc, v.Deprecated))
	}
	p.f(")")
	p.f("")
	p.comment("Valid tells whether v is a value of " + e.Name + ".")
	p.f("func (v %s) Valid() bool {", e.Name)
	p.f("switch v {")
	p.f("case %s:", strings.Join(names, ", "))
	p.f("return true")
	p.f("}")
	p.f("return false")
	p.f("}")
}

// structure is a value object or an input. Only value objects are ever written.
func structure(p *printer, m *model.Module, s *model.Struct, input bool) {
	p.f("")
	what := "a value without an id, kept in columns of the rows that hold it"
	if input {
		what = "what clients send to operations that take it"
	}
	p.comment(spell.Described(s.Name, s.Doc, what))
	p.f("type %s struct {", s.Name)
	for _, f := range s.Fields {
		field(p, exported(f.Name), typeOf(m, f, true).declared(f.Null, f.Repeated), f)
	}
	p.f("}")
	p.f("")
	p.comment(s.Name + "Of is the typed form of v, which is as package meta states it.")
	p.f("func %sOf(v any) %s {", s.Name, s.Name)
	p.f("p := typed.Parts(v, %d)", len(s.Fields))
	p.f("return %s{", s.Name)
	for i, f := range s.Fields {
		p.f("%s: %s,", exported(f.Name), typeOf(m, f, true).read(fmt.Sprintf("p[%d]", i), f.Null, f.Repeated))
	}
	p.f("}")
	p.f("}")
	if input {
		return
	}
	p.f("")
	p.comment("Values is v as package meta states it.")
	p.f("func (v %s) Values() []any {", s.Name)
	var parts []string
	for _, f := range s.Fields {
		parts = append(parts, typeOf(m, f, false).write("v."+exported(f.Name), f.Null))
	}
	p.f("return []any{%s}", strings.Join(parts, ", "))
	p.f("}")
}

// row is the struct of an entity: its columns, references as ids, unions in place of the references that hold them.
func row(p *printer, m *model.Module, e *model.Entity) {
	columns := columns(e)
	p.f("")
	doc := spell.Described(e.Name, e.Doc, "a row of the table "+e.Table)
	if e.Deprecated != "" {
		doc += " Clients are told that it is deprecated: " + e.Deprecated + "."
	}
	p.comment(doc)
	p.f("type %s struct {", e.Name)
	for _, f := range e.Fields {
		if held(f) {
			field(p, exported(f.Name), typeOf(m, f, false).declared(missing(f), f.Repeated), f)
		}
	}
	p.f("}")
	p.f("")
	p.comment(fmt.Sprintf("%sOf reads a row that query.Full selected.", e.Name))
	p.f("func %sOf(row any) %s {", e.Name, e.Name)
	p.f("v := typed.Row(row, %d)", len(columns))
	p.f("return %s{", e.Name)
	for _, f := range e.Fields {
		if held(f) {
			p.f("%s: %s,", exported(f.Name), readColumn(m, f, columns))
		}
	}
	p.f("}")
	p.f("}")
}

// held tells whether the struct of a row has the field f.
func held(f *model.Field) bool { return f.Stored() && f.ArmOf == nil || f.Kind == model.Union }

// readColumn is the expression that reads f out of the columns of its entity.
func readColumn(m *model.Module, f *model.Field, columns []*model.Field) string {
	at := func(f *model.Field) string { return fmt.Sprintf("v[%d]", slices.Index(columns, f)) }
	if f.Kind != model.Union {
		return typeOf(m, f, false).read(at(f), missing(f), f.Repeated)
	}
	arms := make([]string, len(f.Arms))
	for i, arm := range f.Arms {
		arms[i] = at(arm)
	}
	return typeOf(m, f, false).Read + "(" + strings.Join(arms, ", ") + ")"
}

// missing tells whether a field of a row may be nil: null, or hidden by its own READ rule. A hidden reference that
// is never null is the empty ID.
func missing(f *model.Field) bool {
	return f.Null || len(f.Allow.Read) > 0 && f.Kind != model.Ref && f.Kind != model.Union
}

// columns are the fields of e that its table holds, in the order of meta.Entity.Columns.
func columns(e *model.Entity) []*model.Field {
	var out []*model.Field
	for _, f := range e.Fields {
		if f.Stored() {
			out = append(out, f)
		}
	}
	return out
}

// field prints a field of a struct, with what the design says of it.
func field(p *printer, name, typ string, f *model.Field) {
	doc := f.Doc
	if doc == "" && f.Kind == model.Ref && typ != f.Target.Name && strings.HasSuffix(typ, "kit.ID") {
		doc = "of " + article(human(f.Target.Name))
	}
	if len(f.Allow.Read) > 0 && !f.Null && f.Kind != model.Ref && f.Kind != model.Union {
		doc = strings.TrimSpace(sentence(doc) + " nil where the viewer may not see it")
	}
	if len(doc) > 80 || strings.Contains(doc, "\n") {
		p.comment(doc)
		doc = ""
	}
	p.f("%s %s%s", name, typ, trailing(doc, f.Deprecated))
}

func sentence(doc string) string {
	if doc == "" || strings.HasSuffix(doc, ".") {
		return doc
	}
	return doc + ";"
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
