package goclient

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// columns prints, for each row that is shown, the variable by which its fields are named. Fields of rows that a row leads to
// are named one step further; At goes deeper.
func (w *writer) columns() {
	for _, o := range w.plan.Objects {
		if o.Role == client.Row {
			w.fields(o)
			w.variable(o)
		}
	}
}

// column is one field of a row, as columns name it.
type column struct {
	name, typ string
	value     func(at string) string
	leads     *client.Object // of references and lists
}

// fields prints the fields of a row, wherever it is.
func (w *writer) fields(o *client.Object) {
	typ := fieldsType(w.names.objects[o])
	columns := w.columnsOf(o)
	w.comment(fmt.Sprintf("%s is the fields of %s, as rows of E lead to them.", typ, w.names.objects[o]))
	w.f("type %s[E any] struct {", typ)
	for _, c := range columns {
		w.f("%s %s", c.name, c.typ)
	}
	w.f("}")
	w.f("")
	w.f("func new%s[E any](at string) %s[E] {", spell.UpperFirst(typ), typ)
	w.f("var f %s[E]", typ)
	for _, c := range columns {
		w.f("%s", c.value("f."+c.name))
	}
	w.f("return f")
	w.f("}")
	w.f("")
}

func fieldsType(name string) string { return spell.LowerFirst(name) + "Fields" }

// variable prints the fields of a row that is asked for itself.
func (w *writer) variable(o *client.Object) {
	row, name := w.names.objects[o], w.names.columns[o]
	columns := slices.DeleteFunc(w.columnsOf(o), func(c column) bool { return c.leads == nil })
	typ := spell.LowerFirst(row) + "Columns"
	w.comment(fmt.Sprintf("%s is the fields of %s, for conditions, orders and what is to be shown.", name, row))
	w.f("var %s = func() %s {", name, typ)
	w.f("f := %s{%s: new%s[%s](\"\")}", typ, fieldsType(row), spell.UpperFirst(fieldsType(row)), row)
	for _, c := range columns {
		target := fieldsType(w.names.objects[c.leads])
		w.f("f.%s.%s = f.%s.%s", c.name, embedded(c), fieldsType(row), c.name)
		w.f("f.%s.%s = new%s[%s](%q)", c.name, target, spell.UpperFirst(target), row, c.value("")+".")
	}
	w.f("return f")
	w.f("}()")
	w.f("")
	w.f("type %s struct {", typ)
	w.f("%s[%s]", fieldsType(row), row)
	for _, c := range columns {
		w.f("%s struct {", c.name)
		w.f("%s[%s]", embedded(c), row)
		w.f("%s[%s]", fieldsType(w.names.objects[c.leads]), row)
		w.f("}")
	}
	w.f("}")
	w.f("")
}

func embedded(c column) string {
	if c.typ == "ReferenceField[E]" {
		return "reference"
	}
	return "plain"
}

// columnsOf are the columns of the fields of a row.
func (w *writer) columnsOf(o *client.Object) []column {
	var out []column
	taken := map[string]bool{}
	for i, f := range door.ReadFields(o.Entity) {
		m := o.Members[i]
		c := column{name: free(taken, spell.Exported(f.Name), "Field")}
		switch f.Kind {
		case model.Value:
			c.typ, c.value = w.valueColumn(f)
			if f.Repeated {
				c.typ, c.value = simple("PlainField", "", f.Name, "")
			}
		case model.Union:
			c.typ, c.value = unionColumn(f)
		default:
			kind, of := w.columnKind(f)
			c.typ, c.value = simple(kind, of, f.Name, "")
		}
		if f.Target != nil {
			c.leads = m.Type.Object
			plain := c.value
			c.value = func(to string) string {
				if to == "" {
					return f.Name
				}
				return plain(to)
			}
		}
		out = append(out, c)
	}
	return out
}

// simple is a column of one of the runtime's types.
func simple(kind, of, name, whole string) (string, func(string) string) {
	parameters := "[E]"
	if of != "" {
		parameters = "[E, " + of + "]"
	}
	return kind + parameters, func(to string) string {
		if whole == "" {
			return fmt.Sprintf("%s = new%s%s(at+%q, \"\")", to, kind, parameters, name)
		}
		return fmt.Sprintf("%s = new%s%s(at+%q, at+%q)", to, kind, parameters, name, whole)
	}
}

// columnKind is the type of the runtime that has what may be asked of f, and what its values are.
func (w *writer) columnKind(f *model.Field) (kind, of string) {
	comparisons := door.Comparisons(f)
	if f.Kind != model.Ref && f.Kind != model.List && len(comparisons) > 0 {
		of = w.scalar(f)
	}
	switch {
	case f.Kind == model.Ref:
		return "ReferenceField", ""
	case len(comparisons) == 0:
		return "PlainField", ""
	case f.Scalars():
		return "ListField", of
	case f.Kind == model.Boolean:
		return "BoolField", ""
	case slices.Contains(comparisons, "contains"):
		return "TextField", of
	case f.Kind == model.DateTime, f.Kind == model.Date:
		return "MomentField", of
	case slices.Contains(comparisons, "gt"):
		return "OrderedField", of
	}
	return "EqualField", of
}

func (w *writer) scalar(f *model.Field) string {
	if f.Kind == model.EnumKind {
		return w.names.enums[f.Enum]
	}
	return scalars[f.Kind]
}

// valueColumn is a value object, whose parts are compared.
func (w *writer) valueColumn(f *model.Field) (typ string, value func(string) string) {
	typ = "struct {\nplain[E]\n"
	var parts []func(string) string
	taken := map[string]bool{}
	for _, part := range f.Fields {
		kind, of := w.columnKind(part)
		name := free(taken, spell.Exported(part.Name), "Field")
		t, v := simple(kind, of, f.Name+"."+part.Name, f.Name)
		typ += name + " " + t + "\n"
		parts = append(parts, func(to string) string { return v(to + "." + name) })
	}
	return typ + "}", func(to string) string {
		text := fmt.Sprintf("%s.plain = newPlainField[E](at+%q, \"\")", to, f.Name)
		for _, part := range parts {
			text += "\n" + part(to)
		}
		return text
	}
}

// unionColumn is a union, whose members are compared.
func unionColumn(f *model.Field) (typ string, value func(string) string) {
	typ = "struct {\nplain[E]\n"
	arms := door.ShownArms(f)
	for _, arm := range arms {
		typ += spell.Exported(arm.Target.Singular) + " ReferenceField[E]\n"
	}
	return typ + "}", func(to string) string {
		text := fmt.Sprintf("%s.plain = newPlainField[E](at+%q, \"\")", to, f.Name)
		for _, arm := range arms {
			text += fmt.Sprintf("\n%s.%s = newReferenceField[E](at+%q, \"\")", to, spell.Exported(arm.Target.Singular), f.Name+"."+arm.Target.Singular)
		}
		return text
	}
}
