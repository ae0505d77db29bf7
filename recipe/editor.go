package recipe

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

// editor changes the text of a design. Each change is made at the places of tokens and read again before the next, so that
// what a method finds is always what stands there.
type editor struct {
	recipe   *Recipe
	name     string // of the backend, for a design that does not exist yet
	before   map[string]string
	sources  []design.Source
	design   *design.Design
	problems diag.List
	notes    []string
}

func open(sources []design.Source, name string) *editor {
	e := &editor{name: name, before: design.Texts(sources), sources: slices.Clone(sources)}
	e.read()
	return e
}

func (e *editor) read() {
	e.problems = nil
	e.design = design.Parse(e.sources, &e.problems)
	if len(e.sources) == 0 {
		e.problems = nil // a design that does not exist yet has nothing wrong
	}
}

func (e *editor) result() Result {
	r := Result{Sources: e.sources, Notes: e.notes}
	for _, s := range e.sources {
		if old, found := e.before[s.Name]; !found || old != s.Text {
			r.Changed = append(r.Changed, s.Name)
		}
	}
	return r
}

// usage is the error of arguments that say too little.
func (e *editor) usage() error {
	return fmt.Errorf("takes %s, such as %s%s", e.recipe.Takes, e.recipe.Example, e.choices())
}

func (e *editor) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(e.notes, text) {
		e.notes = append(e.notes, text)
	}
}

// edit makes a change in a file, with the line ends that the file has.
func (e *editor) edit(change diag.Edit) {
	i := slices.IndexFunc(e.sources, func(s design.Source) bool { return s.Name == change.Pos.File })
	if i < 0 || change.Pos.Line == 0 {
		panic(fmt.Sprintf("edit nowhere: %+v", change))
	}
	text := e.sources[i].Text
	change.Text = lineEnds(text, change.Text)
	e.sources[i].Text = diag.Apply(text, []diag.Edit{change})
	e.read()
}

func lineEnds(file, inserted string) string {
	if strings.Contains(file, "\r\n") {
		return strings.ReplaceAll(inserted, "\n", "\r\n")
	}
	return inserted
}

func (e *editor) insert(pos diag.Pos, text string) { e.edit(diag.Edit{Pos: pos, Text: text}) }

// define writes a definition at the end of a module, which is made where it does not exist.
func (e *editor) define(file, head, text string) {
	i := slices.IndexFunc(e.sources, func(s design.Source) bool { return s.Name == file })
	if i < 0 {
		if head != "" {
			text = "# " + head + "\n" + e.backend() + "\n" + text
		} else if backend := e.backend(); backend != "" {
			text = backend + "\n" + text
		}
		e.sources = append(e.sources, design.Source{Name: file, Text: text})
		slices.SortFunc(e.sources, func(a, b design.Source) int { return strings.Compare(a.Name, b.Name) })
		e.read()
		return
	}
	have := e.sources[i].Text
	gap := "\n"
	if !strings.HasSuffix(have, "\n") {
		gap = "\n\n"
	}
	e.sources[i].Text = have + lineEnds(have, gap+text)
	e.read()
}

// backend is the line that a design begins with, empty where it has one.
func (e *editor) backend() string {
	if e.design.Backend.Name != "" {
		return ""
	}
	return fmt.Sprintf("extend schema @backend(name: %q, module: %q)\n", e.name, "example.com/"+e.name)
}

// typ is the type of that name, nil without.
func (e *editor) typ(name string) *design.Type {
	t := e.design.ByName[name]
	if t == nil || t.Module == nil {
		return nil
	}
	return t
}

// entity finds the entity that a word names: Note, note or notes.
func (e *editor) entity(word string) (*design.Type, error) {
	for _, same := range []func(*design.Type) bool{
		func(t *design.Type) bool { return t.Name == word },
		func(t *design.Type) bool {
			return slices.Contains([]string{strings.ToLower(t.Name), strings.ToLower(many(t.Name))}, strings.ToLower(word))
		},
	} {
		for _, t := range e.entities() {
			if same(t) {
				return t, nil
			}
		}
	}
	return nil, fmt.Errorf("no entity %s%s", word, e.choices())
}

func (e *editor) entities() []*design.Type {
	var out []*design.Type
	for _, t := range e.design.Types {
		if t.Kind == design.Object && design.Find(t.Directives, "entity") != nil {
			out = append(out, t)
		}
	}
	return out
}

// choices name the entities that there are, for errors.
func (e *editor) choices() string {
	var names []string
	for _, t := range e.entities() {
		names = append(names, t.Name)
	}
	if len(names) == 0 {
		return "; the design has no entity yet: fettle add entity begins one"
	}
	return "; there are " + strings.Join(names, ", ")
}

// account is the entity that signs in, nil without.
func (e *editor) account() *design.Type {
	for _, t := range e.entities() {
		if design.Find(t.Directives, "account") != nil {
			return t
		}
	}
	return nil
}

// field finds a field, nil without.
func field(t *design.Type, name string) *design.Field {
	for _, f := range t.Fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// fieldAt finds the field that Note.title names.
func (e *editor) fieldAt(place string) (*design.Type, *design.Field, error) {
	of, name, found := strings.Cut(place, ".")
	if !found {
		return nil, nil, fmt.Errorf("%s: is no field; write TYPE.FIELD", place)
	}
	t, err := e.entity(of)
	if err != nil {
		return nil, nil, err
	}
	f := field(t, name)
	if f == nil {
		var names []string
		for _, have := range t.Fields {
			names = append(names, have.Name)
		}
		return nil, nil, fmt.Errorf("%s has no field %s; there are %s", t.Name, name, strings.Join(names, ", "))
	}
	return t, f, nil
}

// addDirective puts a directive behind @entity of a type that has none of its name.
func (e *editor) addDirective(of, name, args string) {
	t := e.typ(of)
	if design.Find(t.Directives, name) != nil {
		return
	}
	e.insert(design.Find(t.Directives, "entity").End, " @"+name+args)
}

// addLine puts a directive on a line of its own behind the last of a type.
func (e *editor) addLine(of, text string) {
	t := e.typ(of)
	e.insert(t.Directives[len(t.Directives)-1].End, "\n  "+text)
}

// allow adds a rule for those verbs that the type has no rule for with the same condition, and that are not allowed to all.
func (e *editor) allow(of string, verbs []string, when string) {
	t := e.typ(of)
	var missing []string
	for _, verb := range verbs {
		if !slices.ContainsFunc(rules(t, verb), func(rule string) bool { return rule == "true" || mentions(rule, when) }) {
			missing = append(missing, verb)
		}
	}
	switch len(missing) {
	case 0:
	case 1:
		e.addLine(of, fmt.Sprintf("@allow(do: %s, when: %q)", missing[0], when))
	default:
		e.addLine(of, fmt.Sprintf("@allow(do: [%s], when: %q)", strings.Join(missing, ", "), when))
	}
}

// mentions tells whether one of the alternatives of a rule is a condition.
func mentions(rule, condition string) bool {
	return slices.ContainsFunc(strings.Split(rule, "||"), func(part string) bool { return strings.TrimSpace(part) == condition })
}

// rules are the conditions under which a type allows a verb.
func rules(t *design.Type, verb string) []string {
	var out []string
	for _, d := range design.FindAll(t.Directives, "allow") {
		if slices.ContainsFunc(d.Arg("do").Names(), func(n design.Name) bool { return n.Text == verb }) {
			out = append(out, d.Arg("when").Text)
		}
	}
	return out
}

// addField writes a field at the end of a type that has none of its name.
func (e *editor) addField(of, name, typ, doc string) bool {
	t := e.typ(of)
	if field(t, name) != nil {
		return false
	}
	text := name + ": " + typ
	before := t.Open
	if n := len(t.Fields); n > 0 {
		before = t.Fields[n-1].Pos
	}
	if before.Line == t.Close.Line { // { a: Int, b: Int }
		if last := t.Fields[len(t.Fields)-1].End; last.Line > 0 && doc == "" {
			e.insert(last, ", "+text)
			return true
		}
		e.insert(t.Close, "\n  "+described(doc, "  ")+text+"\n")
		return true
	}
	indent := strings.Repeat(" ", max(t.Fields[0].Pos.Column-1, 0))
	if t.Fields[0].Pos.Line == t.Open.Line || len(indent) > 12 {
		indent = "  "
	}
	e.insert(diag.Pos{File: t.Close.File, Line: t.Close.Line, Column: 1}, indent+described(doc, indent)+text+"\n")
	return true
}

func described(doc, indent string) string {
	if doc == "" {
		return ""
	}
	return fmt.Sprintf("%q\n%s", doc, indent)
}

// addToField puts a directive behind a field that has none of its name.
func (e *editor) addToField(of, name, directive, args string) bool {
	f := field(e.typ(of), name)
	if design.Find(f.Directives, directive) != nil {
		return false
	}
	end := f.End
	if end.Line == 0 {
		end = f.Type.End
	}
	e.insert(end, " @"+directive+args)
	return true
}

// fileOf is the file that declares a type.
func fileOf(t *design.Type) string { return t.Module.File }

// moduleFile is the file of a module that a recipe may make.
func moduleFile(module string) string { return path.Join("design", module+".graphql") }

var (
	typeName  = regexp.MustCompile(`^[A-Z][A-Za-z0-9]*$`)
	fieldName = regexp.MustCompile(`^[a-z][A-Za-z0-9]*$`)
	valueName = regexp.MustCompile(`^[A-Z][A-Z0-9_]*$`)
)
