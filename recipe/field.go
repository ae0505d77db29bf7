package recipe

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

var counts = &Recipe{
	Name:    "counts",
	Title:   "a row tells how many rows refer to it, in the statement that reads it",
	Takes:   "TYPE.LIST...",
	Example: "fettle add counts User.notes",
	phrases: []string{"count of", "counts", "number of", "how many", "computed count", "computed counts"},
	apply: func(e *editor, args []string) error {
		if len(args) == 0 {
			return e.usage()
		}
		for _, arg := range args {
			if err := e.count(arg); err != nil {
				return err
			}
		}
		return nil
	},
}

func (e *editor) count(place string) error {
	of, list, found := strings.Cut(place, ".")
	if !found {
		return fmt.Errorf("%s: is no list; write TYPE.LIST, such as User.notes", place)
	}
	t, err := e.entity(of)
	if err != nil {
		return err
	}
	target := ""
	if f := field(t, list); f != nil {
		if !f.Type.List || e.typ(f.Type.Name) == nil {
			return fmt.Errorf("%s:%d: %s is no list of rows", f.Pos.File, f.Pos.Line, list)
		}
		target = f.Type.Name
	} else {
		if target, err = e.referring(t, list); err != nil {
			return err
		}
		e.addField(t.Name, list, fmt.Sprintf("[%s!]!", target), "")
	}
	expression := list + ".size()"
	for _, f := range e.typ(t.Name).Fields {
		if from := design.Find(f.Directives, "computed").Arg("from"); from != nil && strings.ReplaceAll(from.Text, " ", "") == expression {
			return nil
		}
	}
	name := lower(target) + "Count"
	if f := field(e.typ(t.Name), name); f != nil {
		return fmt.Errorf("%s:%d: %s has a field %s already", f.Pos.File, f.Pos.Line, t.Name, name)
	}
	e.addField(t.Name, name, fmt.Sprintf("Int! @computed(from: %q)", expression), "")
	e.note("%s counts every row, also those that a viewer may not read", name)
	return nil
}

// referring finds the entity whose rows a list of a type would hold: the one of that plural that refers to the type once.
func (e *editor) referring(t *design.Type, list string) (string, error) {
	var could []string
	for _, other := range e.entities() {
		refers := 0
		for _, f := range other.Fields {
			if f.Type.Name == t.Name && !f.Type.List {
				refers++
			}
		}
		switch {
		case refers == 1 && many(other.Name) == list:
			return other.Name, nil
		case refers == 1:
			could = append(could, many(other.Name))
		case refers > 1 && many(other.Name) == list:
			return "", fmt.Errorf("%s refers to %s %d times: write %s: [%s!]! @inverse(field:) first", other.Name, t.Name, refers, list, other.Name)
		}
	}
	if len(could) == 0 {
		return "", fmt.Errorf("%s has no list %s, and nothing refers to a %s", t.Name, list, t.Name)
	}
	return "", fmt.Errorf("%s has no list %s; it could have %s", t.Name, list, strings.Join(could, ", "))
}

var search = &Recipe{
	Name:    "search",
	Title:   "words are found in the text of rows: search: at every door",
	Takes:   "TYPE.FIELD..., or TYPE for all its texts",
	Example: "fettle add search Note.title Note.text",
	phrases: []string{"search", "searchable", "full text", "fulltext", "find words", "text search"},
	apply: func(e *editor, args []string) error {
		if len(args) == 0 {
			return e.usage()
		}
		for _, arg := range args {
			places, err := e.texts(arg)
			if err != nil {
				return err
			}
			for _, place := range places {
				of, name, _ := strings.Cut(place, ".")
				e.addToField(of, name, "search", "")
			}
		}
		return nil
	},
}

// texts are the fields that are meant by Note.title, or by Note: all its texts that are for people to read.
func (e *editor) texts(arg string) ([]string, error) {
	if strings.Contains(arg, ".") {
		t, f, err := e.fieldAt(arg)
		if err != nil {
			return nil, err
		}
		if f.Type.Name != "String" || f.Type.List {
			return nil, fmt.Errorf("%s:%d: %s is a %s: words are found in a String", f.Pos.File, f.Pos.Line, f.Name, f.Type.Name)
		}
		for _, hidden := range []string{"internal", "writeOnly", "encrypted", "computed"} {
			if design.Find(f.Directives, hidden) != nil {
				return nil, fmt.Errorf("%s:%d: %s is @%s: its words are not to be found", f.Pos.File, f.Pos.Line, f.Name, hidden)
			}
		}
		return []string{t.Name + "." + f.Name}, nil
	}
	t, err := e.entity(arg)
	if err != nil {
		return nil, err
	}
	var out []string
	for _, f := range t.Fields {
		hidden := slices.ContainsFunc([]string{"personal", "internal", "writeOnly", "computed", "key", "format"}, func(name string) bool { return design.Find(f.Directives, name) != nil })
		if f.Type.Name == "String" && !f.Type.List && !hidden {
			out = append(out, t.Name+"."+f.Name)
		}
	}
	if len(out) == 0 {
		return nil, fmt.Errorf("%s has no text to search, apart from what is @personal, @internal, a @key or has a @format: name the field, as %s.FIELD", t.Name, t.Name)
	}
	return out, nil
}

var index = &Recipe{
	Name:    "index",
	Title:   "the database finds and orders rows by these fields quickly",
	Takes:   "TYPE.FIELD..., in the order of the index",
	Example: "fettle add index Note.status Note.due",
	phrases: []string{"index", "indexes", "indices"},
	apply: func(e *editor, args []string) error {
		t, fields, err := e.fields(args)
		if err != nil {
			return err
		}
		for _, d := range design.FindAll(t.Directives, "index") {
			if d.Arg("when") == nil && slices.Equal(texts(d.Arg("fields").Names()), fields) {
				return nil
			}
		}
		if len(fields) == 1 {
			if f := field(t, fields[0]); f != nil {
				if design.Find(f.Directives, "index") == nil && design.Find(f.Directives, "unique") == nil && design.Find(f.Directives, "key") == nil {
					e.addToField(t.Name, f.Name, "index", "")
				}
				return nil
			}
		}
		e.insert(design.Find(t.Directives, "entity").End, fmt.Sprintf(" @index(fields: [%s])", strings.Join(fields, ", ")))
		return nil
	},
}

var unique = &Recipe{
	Name:    "unique",
	Title:   "no two rows share these fields",
	Takes:   "TYPE.FIELD..., unique together; and reveals, where a refusal may tell of rows that its caller does not see",
	Example: "fettle add unique Note.owner Note.title",
	phrases: []string{"unique", "no duplicates", "duplicate"},
	apply: func(e *editor, args []string) error {
		reveals := len(args) > 1 && args[len(args)-1] == "reveals"
		if reveals {
			args = args[:len(args)-1]
		}
		t, fields, err := e.fields(args)
		if err != nil {
			return err
		}
		for _, d := range design.FindAll(t.Directives, "unique") {
			if d.Arg("when") == nil && slices.Equal(texts(d.Arg("fields").Names()), fields) {
				e.reveal(d, reveals)
				return nil
			}
		}
		said := ""
		if reveals {
			said = "reveals: true"
		}
		if f := field(t, fields[0]); len(fields) == 1 && f != nil {
			switch have := design.Find(f.Directives, "unique"); {
			case design.Find(f.Directives, "key") != nil:
			case have != nil:
				e.reveal(have, reveals)
			case reveals:
				e.addToField(t.Name, f.Name, "unique", "("+said+")")
			default:
				e.addToField(t.Name, f.Name, "unique", "")
			}
			return nil
		}
		if reveals {
			said = ", " + said
		}
		e.insert(design.Find(t.Directives, "entity").End, fmt.Sprintf(" @unique(fields: [%s]%s)", strings.Join(fields, ", "), said))
		return nil
	},
}

// reveal lets a constraint that is there tell of hidden rows, where that is wanted.
func (e *editor) reveal(d *design.Directive, wanted bool) {
	switch have := d.Arg("reveals"); {
	case !wanted || textOf(have) == "true":
	case have != nil:
		e.edit(diag.Between(have.Pos, have.End, "true"))
	case len(d.Args) > 0:
		e.insert(d.Args[len(d.Args)-1].Value.End, ", reveals: true")
	default:
		e.insert(d.End, "(reveals: true)")
	}
}

// fields are the fields of one type that arguments name; createdAt and updatedAt are there unsaid.
func (e *editor) fields(args []string) (*design.Type, []string, error) {
	if len(args) == 0 {
		return nil, nil, e.usage()
	}
	var of *design.Type
	var names []string
	for _, arg := range args {
		word, name, found := strings.Cut(arg, ".")
		if !found {
			return nil, nil, fmt.Errorf("%s: is no field; write TYPE.FIELD", arg)
		}
		t, err := e.entity(word)
		if err != nil {
			return nil, nil, err
		}
		if of != nil && t != of {
			return nil, nil, fmt.Errorf("%s is no field of %s", arg, of.Name)
		}
		of = t
		if !slices.Contains([]string{"id", "createdAt", "updatedAt"}, name) { // which every row has
			_, f, err := e.fieldAt(arg)
			if err != nil {
				return nil, nil, err
			}
			if f.Type.List {
				return nil, nil, fmt.Errorf("%s:%d: %s is a list", f.Pos.File, f.Pos.Line, name)
			}
			if err := e.column(f); err != nil {
				return nil, nil, err
			}
		}
		if slices.Contains(names, name) {
			return nil, nil, fmt.Errorf("%s: is named twice", arg)
		}
		names = append(names, name)
	}
	return of, names, nil
}

// stored refuses a field that is worked out when it is read.
func stored(f *design.Field) error {
	if design.Find(f.Directives, "computed") != nil {
		return fmt.Errorf("%s:%d: %s is worked out when it is read, and not stored", f.Pos.File, f.Pos.Line, f.Name)
	}
	return nil
}

// column refuses a field that no index holds.
func (e *editor) column(f *design.Field) error {
	if err := stored(f); err != nil {
		return err
	}
	of := e.typ(f.Type.Name)
	switch {
	case f.Type.Name == "File" || f.Type.Name == "JSON":
		return fmt.Errorf("%s:%d: %s is a %s, which no index holds", f.Pos.File, f.Pos.Line, f.Name, f.Type.Name)
	case of != nil && of.Kind == design.Object && design.Find(of.Directives, "entity") == nil:
		return fmt.Errorf("%s:%d: %s has several columns, of which no one index holds all", f.Pos.File, f.Pos.Line, f.Name)
	}
	return nil
}

func texts(names []design.Name) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = n.Text
	}
	return out
}

var slug = &Recipe{
	Name:    "slug",
	Title:   "rows have an address that people can read: /v1/notes/buy-ink",
	Takes:   "TYPE.FIELD, the text that it is made from",
	Example: "fettle add slug Note.title",
	phrases: []string{"slug", "slugs", "readable url", "readable address", "pretty url"},
	apply: func(e *editor, args []string) error {
		if len(args) != 1 {
			return e.usage()
		}
		t, f, err := e.fieldAt(args[0])
		if err != nil {
			return err
		}
		if f.Type.Name != "String" || f.Type.List {
			return fmt.Errorf("%s:%d: %s is a %s, not a String", f.Pos.File, f.Pos.Line, f.Name, f.Type.Name)
		}
		for _, have := range t.Fields {
			if design.Find(have.Directives, "key") != nil {
				e.note("%s:%d: %s is addressed by %s already", have.Pos.File, have.Pos.Line, t.Name, have.Name)
				return nil
			}
		}
		if have := field(t, "slug"); have != nil {
			return fmt.Errorf("%s:%d: %s has a slug already: write @key on it", have.Pos.File, have.Pos.Line, t.Name)
		}
		e.addField(t.Name, "slug", fmt.Sprintf("String! @key @default(from: \"slug(%s)\")", f.Name), "")
		return nil
	},
}

var numbers = &Recipe{
	Name:    "numbers",
	Title:   "rows are numbered 1, 2, 3, all together or within what they belong to",
	Takes:   "TYPE, or TYPE.FIELD with the reference within which they count",
	Example: "fettle add numbers Note.owner",
	phrases: []string{"numbering", "numbers", "numbered", "sequence number", "consecutive number", "invoice number", "running number"},
	apply: func(e *editor, args []string) error {
		if len(args) != 1 {
			return e.usage()
		}
		of, per, found := strings.Cut(args[0], ".")
		t, err := e.entity(of)
		if err != nil {
			return err
		}
		if found {
			_, f, err := e.fieldAt(args[0])
			if err != nil {
				return err
			}
			if err := stored(f); err != nil {
				return err
			}
			if e.typ(f.Type.Name) == nil || design.Find(e.typ(f.Type.Name).Directives, "entity") == nil || f.Type.List {
				return fmt.Errorf("%s:%d: %s is no reference", f.Pos.File, f.Pos.Line, per)
			}
		}
		if have := field(t, "number"); have != nil {
			if strings.HasPrefix(textOf(design.Find(have.Directives, "default").Arg("from")), "next(") {
				return nil
			}
			return fmt.Errorf("%s:%d: %s has a field number already", have.Pos.File, have.Pos.Line, t.Name)
		}
		uniqueToo := " @unique"
		if found {
			uniqueToo = ""
			e.insert(design.Find(t.Directives, "entity").End, fmt.Sprintf(" @unique(fields: [%s, number])", per))
		}
		e.addField(t.Name, "number", fmt.Sprintf("Int! @readOnly%s @default(from: \"next(%s)\")", uniqueToo, per), "")
		return nil
	},
}

func textOf(v *design.Value) string {
	if v == nil {
		return ""
	}
	return v.Text
}

var stateMachine = &Recipe{
	Name:    "state-machine",
	Title:   "a status takes only the steps that the design names, in business code too",
	Takes:   "TYPE.FIELD FROM:TO[,TO]...",
	Example: "fettle add state-machine Order.status PLACED:SHIPPED,CANCELLED",
	phrases: []string{"state machine", "status flow", "workflow", "transitions", "lifecycle of"},
	apply:   addFlow,
}

type step struct {
	from string
	to   []string
}

func addFlow(e *editor, args []string) error {
	if len(args) == 0 {
		return e.usage()
	}
	of, name, found := strings.Cut(args[0], ".")
	t, err := e.entity(of)
	if err != nil {
		return err
	}
	if !found || !fieldName.MatchString(name) {
		return fmt.Errorf("%s: is no field; write TYPE.FIELD", args[0])
	}
	steps, values, err := steps(args[1:])
	if err != nil {
		return err
	}
	f := field(t, name)
	if len(steps) == 0 {
		if f != nil && e.typ(f.Type.Name) != nil {
			for _, v := range e.typ(f.Type.Name).Values {
				values = append(values, v.Name)
			}
			return fmt.Errorf("which steps? write FROM:TO for each, of %s", strings.Join(values, ", "))
		}
		return e.usage()
	}
	if f == nil {
		enum := t.Name + upper(name)
		if have := e.typ(enum); have != nil {
			return fmt.Errorf("%s:%d: %s is declared already, and %s has no field %s: add it by hand", have.Pos.File, have.Pos.Line, enum, t.Name, name)
		}
		e.addField(t.Name, name, fmt.Sprintf("%s! @default(value: %s)", enum, values[0]), "")
		e.define(fileOf(t), "", fmt.Sprintf("enum %s { %s }\n", enum, strings.Join(values, " ")))
	} else if err := e.fits(f, values); err != nil {
		return err
	} else if err := stored(f); err != nil {
		return err
	} else if design.Find(f.Directives, "immutable") != nil {
		return fmt.Errorf("%s:%d: %s is @immutable, so it takes no steps", f.Pos.File, f.Pos.Line, f.Name)
	}
	for i := len(steps) - 1; i >= 0; i-- { // each goes to the same place, so the first is written last
		if err := e.flow(t.Name, name, steps[i]); err != nil {
			return err
		}
	}
	return nil
}

// fits tells whether a field is an enum that has values.
func (e *editor) fits(f *design.Field, values []string) error {
	enum := e.typ(f.Type.Name)
	if enum == nil || enum.Kind != design.Enum || f.Type.List {
		return fmt.Errorf("%s:%d: %s is a %s, not an enum", f.Pos.File, f.Pos.Line, f.Name, f.Type.Name)
	}
	for _, value := range values {
		if !slices.ContainsFunc(enum.Values, func(v *design.EnumValue) bool { return v.Name == value }) {
			var names []string
			for _, v := range enum.Values {
				names = append(names, v.Name)
			}
			return fmt.Errorf("%s:%d: %s has no value %s; there are %s: write it there first", enum.Pos.File, enum.Pos.Line, enum.Name, value, strings.Join(names, ", "))
		}
	}
	return nil
}

// flow adds a step to a field; of one from the same value what is missing.
func (e *editor) flow(of, name string, s step) error {
	f := field(e.typ(of), name)
	for _, d := range design.FindAll(f.Directives, "flow") {
		if from := d.Arg("from").Names(); len(from) != 1 || from[0].Text != s.from {
			continue
		}
		to := d.Arg("to")
		have := texts(to.Names())
		all := slices.Clone(have)
		for _, value := range s.to {
			if !slices.Contains(all, value) {
				all = append(all, value)
			}
		}
		if len(all) == len(have) {
			return nil
		}
		change := diag.Between(to.Pos, to.End, "["+strings.Join(all, ", ")+"]")
		if change.Pos.Line == 0 {
			return fmt.Errorf("%s:%d: the steps from %s stand on several lines: add %s there by hand", to.Pos.File, to.Pos.Line, s.from, strings.Join(s.to, ", "))
		}
		e.edit(change)
		return nil
	}
	at := f.Type.End
	for _, d := range f.Directives {
		if d.Name != "flow" && d.End.Line > 0 {
			at = d.End
		}
	}
	e.insert(at, fmt.Sprintf("\n    @flow(from: %s, to: [%s])", s.from, strings.Join(s.to, ", ")))
	return nil
}

// steps reads PLACED:SHIPPED,CANCELLED, and gives the values in the order in which they are met.
func steps(args []string) (out []step, values []string, err error) {
	meet := func(value string) error {
		if !valueName.MatchString(value) {
			return fmt.Errorf("%q: a value is written in capitals, such as SHIPPED", value)
		}
		if !slices.Contains(values, value) {
			values = append(values, value)
		}
		return nil
	}
	for _, arg := range args {
		from, to, found := strings.Cut(arg, ":")
		if !found || to == "" {
			return nil, nil, fmt.Errorf("%s: a step is written FROM:TO, such as PLACED:SHIPPED,CANCELLED", arg)
		}
		s := step{from: from}
		if err := meet(from); err != nil {
			return nil, nil, err
		}
		for value := range strings.SplitSeq(to, ",") {
			if err := meet(value); err != nil {
				return nil, nil, err
			}
			s.to = append(s.to, value)
		}
		out = append(out, s)
	}
	return out, values, nil
}
