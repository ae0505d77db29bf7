package build

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// place says where a field stands: that decides what its type may be.
type place int

const (
	inEntity place = iota
	inValue        // a value object or an event
	inInput        // an input
	inArgument
	inResult
)

// scalarKinds are the scalars of the language.
var scalarKinds = map[string]model.Kind{
	"ID": model.ID, "String": model.String, "Int": model.Int, "Int64": model.Int64, "Float": model.Float,
	"Boolean": model.Boolean, "Decimal": model.Decimal, "DateTime": model.DateTime, "Date": model.Date,
	"Time": model.Time, "Duration": model.Duration, "UUID": model.UUID, "Email": model.Email, "URL": model.URL,
	"JSON": model.JSON, "Bytes": model.Bytes, "TimeZone": model.TimeZone, "Country": model.Country,
	"Currency": model.Currency, "File": model.File,
}

// reserved names mean something else in expressions.
var reserved = map[string]bool{"viewer": true, "input": true, "old": true, "now": true, "this": true, "true": true, "false": true, "null": true}

// automatic are the fields that every entity has unsaid.
var automatic = map[string]model.Kind{"id": model.ID, "createdAt": model.DateTime, "updatedAt": model.DateTime, "version": model.Int}

// declareFields gives every type its fields. Lists of entities get their other side later.
func (b *builder) declareFields() {
	for _, t := range b.design.Types {
		if s := b.structs[t.Name]; s != nil && b.structured[s] == t {
			where := inValue
			if t.Kind == design.Input {
				where = inInput
			}
			s.Fields = b.fields(t.Fields, where)
		}
	}
	b.finite()
	for _, e := range b.model.Entities {
		for _, name := range []string{"id", "createdAt", "updatedAt", "version"} {
			e.Fields = append(e.Fields, &model.Field{Pos: e.Pos, Name: name, Kind: automatic[name], Column: snake(name), Auto: true})
		}
		e.Key = e.Fields[0]
		e.Fields = append(e.Fields, b.fields(b.declared[e].Fields, inEntity)...)
		for _, f := range e.Fields {
			emptyUnlessGiven(f)
		}
		b.flattenValues(e.Fields, "")
		b.columnsDiffer(e)
	}
}

func (b *builder) fields(written []*design.Field, where place) []*model.Field {
	var out []*model.Field
	for _, w := range written {
		switch {
		case where == inEntity && automatic[w.Name] != "":
			edit := diag.Between(w.Pos, w.End, "")
			if w.Doc != "" || !slices.ContainsFunc(written, func(w *design.Field) bool { return automatic[w.Name] == "" }) {
				edit = diag.Edit{} // its text would describe the next, or nothing would be left
			}
			b.problems.AddEdit(w.Pos, ReservedName, "leave it out", edit, "every entity has a field %s unsaid", w.Name)
			continue
		case reserved[w.Name] && (where != inArgument || w.Name != "input"):
			continue // the parser reports it
		}
		if find(out, w.Name) == nil {
			f := b.field(w, where)
			out = append(out, f)
			if f.Kind == model.Union && where == inEntity {
				out = append(out, b.arms(f)...)
			}
		}
	}
	return out
}

// field makes a field of its type. A field whose type could not be understood has no Kind, and every pass is silent
// about it from then on.
func (b *builder) field(w *design.Field, where place) *model.Field {
	f := &model.Field{Pos: w.Pos, Name: w.Name, Doc: w.Doc, Null: !w.Type.Required, Deprecated: b.deprecated(w.Directives), Sunset: b.sunset(w.Name, w.Directives)}
	b.mustBeGiven(w, where)
	b.written[f] = w
	t := w.Type
	if w.Broken {
		b.broken[f] = true
	}
	if t.List && !t.Elements {
		edit := diag.Edit{Pos: t.Pos, Length: len(t.Name), Text: t.Name + "!"}
		b.problems.AddEdit(t.Pos, BadType, "write "+t.Name+"!", edit, "a list holds no null: the elements of %s are required", w.Name)
		return f
	}
	f.Repeated = t.List
	switch {
	case t.Name == "ID" && scalarKinds["ID"] != "":
		b.referenceByID(f, w, where)
	case scalarKinds[t.Name] != "":
		f.Kind = scalarKinds[t.Name]
	case b.scalars[t.Name] != nil:
		f.Kind, f.Scalar = model.String, b.scalars[t.Name]
		f.Pattern = f.Scalar.Pattern
		if d := design.Find(b.design.ByName[t.Name].Directives, "decimal"); d != nil {
			f.Kind, f.Scalar = model.Decimal, nil
			b.decimal(f, []*design.Directive{d})
		}
	case b.enums[t.Name] != nil:
		f.Kind, f.Enum = model.EnumKind, b.enums[t.Name]
	case b.entities[t.Name] != nil:
		b.referenceByType(f, w, where)
	case b.structs[t.Name] != nil:
		b.structField(f, w, where)
	case b.unions[t.Name] != nil:
		f.Kind, f.Union = model.Union, b.union(b.unions[t.Name])
	case b.shapes[t.Name] != nil:
		b.problems.Add(t.Pos, BadType, "join the types: union "+w.Type.Name+"s = A | B", "%s is an interface: types share its shape, and nothing is of its type", t.Name)
		return f
	default:
		return f // unknown: reported elsewhere
	}
	if where == inEntity && f.Kind != model.List && f.Kind != model.Union && f.Kind != "" {
		f.Column = columnOf(f, w.Directives)
	}
	b.facts(f, w, where)
	return f
}

// columnOf is the name of a field's column: @db(name:), or its own in snake case, a reference's with _id.
func columnOf(f *model.Field, ds []*design.Directive) string {
	if name := design.Find(ds, "db").Arg("name"); name != nil {
		return name.Text
	}
	if f.Kind == model.Ref || f.Kind == model.Union {
		return snake(f.Name) + "_id"
	}
	return snake(f.Name)
}

// referenceByID makes an ID argument or input field a reference to the entity that it names.
func (b *builder) referenceByID(f *model.Field, w *design.Field, where place) {
	ref := design.Find(w.Directives, "ref")
	if where == inEntity || where == inValue || where == inResult {
		b.problems.Add(w.Type.Pos, BadType, "use the entity's type, or UUID for an id that is not ours",
			"ID stands in arguments and inputs only, where it names an entity")
		return
	}
	if name := ref.Arg("entity"); name != nil {
		if f.Target = b.entities[name.Text]; f.Target == nil {
			b.unknownEntity(name.Pos, name.Text)
			return
		}
		f.Kind = model.Ref
		return
	}
	for _, e := range b.model.Entities {
		if w.Name == e.Singular || w.Type.List && w.Name == e.Plural {
			f.Kind, f.Target = model.Ref, e
			return
		}
	}
	b.unnamedReference(w, where)
}

// unnamedReference reports an ID that names no entity. Where one is nearly named, the hint is to name it, or to say
// whose ID it is where the name as written is used elsewhere.
func (b *builder) unnamedReference(w *design.Field, where place) {
	const message = "%s is an ID, but no entity is called so: whose id is it?"
	if b.namesBroken(w) {
		return
	}
	e, name := b.nearlyNamed(w)
	switch {
	case e == nil:
		b.problems.Add(w.Pos, UnnamedReference, "say it with @ref, or make it a String where the id is not ours", message, w.Name)
	case where == inArgument && !b.spoken(w, name):
		edit := diag.Edit{Pos: w.Pos, Length: len([]rune(w.Name)), Text: name}
		b.problems.AddEdit(w.Pos, UnnamedReference, didYouMean(name), edit, message, w.Name)
	default:
		ref := fmt.Sprintf("@ref(entity: %s)", e.Name)
		b.problems.AddEdit(w.Pos, UnnamedReference, "write "+ref, diag.Edit{Pos: w.Type.End, Text: " " + ref}, message, w.Name)
	}
}

// namesBroken says whether an ID names a type that was reported and left out.
func (b *builder) namesBroken(w *design.Field) bool {
	for _, t := range b.design.ByName {
		if name := lowerCamel(t.Name); t.Broken && b.entities[t.Name] == nil && (w.Name == name || w.Type.List && w.Name == Plural(name)) {
			return true
		}
	}
	return false
}

// nearlyNamed is the entity that the name of an ID, or of a list of them, was probably meant to name, and that name.
func (b *builder) nearlyNamed(w *design.Field) (*model.Entity, string) {
	names := map[string]*model.Entity{}
	var all []string
	for _, e := range b.model.Entities {
		name := e.Singular
		if w.Type.List {
			name = e.Plural
		}
		names[name] = e
		all = append(all, name)
	}
	near := nearest(w.Name, all)
	return names[near], near
}

// spoken says whether an argument cannot be called by another name alone: its operation names it in a rule or a path,
// or has an argument of the other name.
func (b *builder) spoken(w *design.Field, other string) bool {
	word := regexp.MustCompile(`\b` + w.Name + `\b`)
	for _, o := range b.design.Operations {
		if !slices.Contains(o.Args, w) {
			continue
		}
		for _, d := range o.Directives {
			if slices.ContainsFunc(d.Args, func(a design.Arg) bool { return word.MatchString(a.Value.Text) }) {
				return true
			}
		}
		return slices.ContainsFunc(o.Args, func(a *design.Field) bool { return a.Name == other })
	}
	return true
}

func (b *builder) unknownEntity(pos diag.Pos, name string) {
	var names []string
	for _, e := range b.model.Entities {
		names = append(names, e.Name)
	}
	b.misspelt(pos, name, names, "no entity is called %s", name)
}

func didYouMean(name string) string {
	if name == "" {
		return ""
	}
	return fmt.Sprintf("did you mean %q?", name)
}

// referenceByType makes a field of an entity's type a reference or the many side of one.
func (b *builder) referenceByType(f *model.Field, w *design.Field, where place) {
	switch where {
	case inInput, inArgument:
		return // the parser reports it
	case inEntity:
		if w.Type.List {
			f.Kind, f.Repeated = model.List, false
			f.Page = model.Page{Size: 20, Max: 100}
			f.Null = false
		} else {
			f.Kind = model.Ref
		}
	default:
		f.Kind = model.Ref
	}
	f.Target = b.entities[w.Type.Name]
}

func (b *builder) structField(f *model.Field, w *design.Field, where place) {
	s := b.structs[w.Type.Name]
	t := b.structured[s]
	input := t.Kind == design.Input
	takes := where == inInput || where == inArgument
	switch {
	case input != takes:
		return // the parser reports it
	case design.Find(t.Directives, "event") != nil:
		b.problems.Add(w.Type.Pos, BadType, "", "%s is an event: no field holds one", s.Name)
		return
	}
	f.Struct = s
	f.Kind = model.Value
	if input {
		f.Kind = model.InputDTO
	}
}

// finite reports value objects and inputs that hold themselves, whether or not anything is one.
func (b *builder) finite() {
	var inside []*model.Struct
	seen := map[*model.Struct]bool{}
	var visit func(s *model.Struct)
	visit = func(s *model.Struct) {
		if seen[s] {
			return
		}
		inside = append(inside, s)
		for _, f := range s.Fields {
			switch {
			case f.Struct == nil:
			case slices.Contains(inside, f.Struct):
				b.problems.Add(f.Pos, BadType, "", "%s holds itself", f.Struct.Name)
				f.Kind, f.Struct = "", nil
			default:
				visit(f.Struct)
			}
		}
		inside = inside[:len(inside)-1]
		seen[s] = true
	}
	for _, t := range b.design.Types {
		if s := b.structs[t.Name]; s != nil && b.structured[s] == t {
			visit(s)
		}
	}
}

// flattenValues gives the parts of value objects columns of their own.
func (b *builder) flattenValues(fields []*model.Field, prefix string) {
	for _, f := range fields {
		if prefix != "" && f.Column != "" {
			f.Column = prefix + "_" + f.Column
		}
		if f.Kind != model.Value || f.Repeated {
			continue
		}
		f.Fields = nil
		for _, part := range f.Struct.Fields {
			c := *part
			b.written[&c] = b.written[part]
			c.Column = columnOf(&c, b.directives(part))
			if c.Kind == model.Ref {
				b.problems.Add(f.Pos, BadType, "", "%s cannot be a column of %s: it holds a reference (%s)", f.Struct.Name, f.Name, part.Name)
				f.Kind = ""
				break
			}
			f.Fields = append(f.Fields, &c)
		}
		b.flattenValues(f.Fields, f.Column)
	}
}

func (b *builder) columnsDiffer(e *model.Entity) {
	columns := map[string]*model.Field{}
	whole := slices.DeleteFunc(slices.Clone(e.Fields), func(f *model.Field) bool { return b.broken[f] })
	eachColumn(whole, func(f *model.Field) {
		b.columnStands(f.Pos, "the column of "+f.Name, f.Column)
		if other := columns[strings.ToLower(f.Column)]; other != nil {
			b.problems.Add(f.Pos, NamesClash, "give one of them another name with @db", "%s.%s and %s would share column %s", e.Name, other.Name, f.Name, f.Column)
			return
		}
		columns[strings.ToLower(f.Column)] = f // SQLite knows no other case
	})
}

// eachColumn calls do for every field that is one column, the parts of value objects included.
func eachColumn(fields []*model.Field, do func(*model.Field)) {
	for _, f := range fields {
		switch {
		case f.Kind == model.Value && !f.Repeated:
			eachColumn(f.Fields, do)
		case f.Column != "" && f.Kind != "" && !isComputed(f):
			do(f)
		}
	}
}

func isComputed(f *model.Field) bool { return f.Computed != nil || f.Method }
