package design

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/diag"
)

// resolver collects what the files declare, then checks every name and directive.
type resolver struct {
	design   *Design
	problems *diag.List
	prelude  prelude
	schema   []*Directive // of extend schema
	strays   []token      // names behind extend type that cannot be extended
	partial  map[*Directive]bool
	spans    map[diag.Pos]int // the lengths of words and texts in characters, for edits
	refs     references
	blind    bool // whether part of the design could not be read, so that nothing is known to be absent
}

func newResolver(d *Design, problems *diag.List) *resolver {
	r := &resolver{design: d, problems: problems, prelude: readPrelude(), partial: map[*Directive]bool{}, spans: map[diag.Pos]int{}}
	for _, name := range scalars() {
		d.ByName[name] = &Type{Name: name, Kind: Scalar}
	}
	return r
}

func (r *resolver) resolve() {
	r.backend()
	r.findReferences()    // entity.go
	r.forgottenEntities() // entity.go
	for _, t := range r.design.Types {
		r.checkType(t)
	}
	for _, op := range r.design.Operations {
		r.checkOperation(op)
	}
	r.dropRepeatedOperations()
	r.checkServices()
	r.checkClashes()
	r.checkInterfaces()
	r.strayExtensions()
}

// declare adds a type, unless its name is taken. whole leaves its declaration out.
func (r *resolver) declare(t *Type, whole diag.Edit) {
	before := r.design.ByName[t.Name]
	_, ours := r.prelude.types[t.Name]
	switch {
	case isExtensible(t.Name):
		r.problems.Add(t.Pos, ReservedName, "choose another name", "%s is a type of the language's own", t.Name)
		t.Broken = true
		r.design.ByName[t.Name] = t
	case before != nil && before.Module == nil && before.Kind == Scalar:
		r.problems.AddEdit(t.Pos, DuplicateType, "leave it out", whole, "%s is a scalar of the language", t.Name)
	case before != nil:
		r.problems.Add(t.Pos, DuplicateType, "", "%s is declared twice, first at %s", t.Name, place(before.Pos))
	case ours:
		r.problems.Add(t.Pos, ReservedName, "choose another name", "%s is a type of the language's directives", t.Name)
		t.Broken = true
		r.design.ByName[t.Name] = t
	default:
		r.design.ByName[t.Name] = t
		r.design.Types = append(r.design.Types, t)
	}
}

func place(pos diag.Pos) string { return fmt.Sprintf("%s:%d", pos.File, pos.Line) }

// unread declares names that stand in text that could not be read.
func (r *resolver) unread(names []string, m *Module) {
	r.blind = true
	for _, name := range names {
		if r.design.ByName[name] == nil {
			r.design.ByName[name] = &Type{Name: name, Kind: Object, Module: m, Broken: true}
		}
	}
}

func (r *resolver) hasType(name string) bool {
	t := r.design.ByName[name]
	return t != nil && t.Module != nil
}

func extensible() []string {
	return []string{string(Query), string(Mutation), string(Subscription), string(Task), string(External)}
}

func isExtensible(name string) bool { return slices.Contains(extensible(), name) }

// strayExtensions reports extend type of anything but the extensible types. It waits until all types are known.
func (r *resolver) strayExtensions() {
	for _, name := range r.strays {
		if t := r.design.ByName[name.text]; t != nil && t.Module != nil {
			r.problems.Add(name.pos, NotExtensible, "write the fields where it is declared, at "+place(t.Pos), "type %s cannot be extended", name.text)
			t.Broken = true
			continue
		}
		if meant, ok := nearest(name.text, extensible()); ok {
			r.problems.AddEdit(name.pos, NotExtensible, didYouMean(meant), r.span(name.pos, meant), "%q cannot be extended", name.text)
			continue
		}
		r.problems.Add(name.pos, NotExtensible, "extend Query, Mutation, Subscription, Task or External", "%q cannot be extended", name.text)
	}
}

// checkType checks a type's own name, its directives and what it holds.
func (r *resolver) checkType(t *Type) {
	r.typeName(t)
	location := map[TypeKind]string{
		Scalar: "SCALAR", Enum: "ENUM", Object: "OBJECT", Input: "INPUT_OBJECT", Union: "UNION", Interface: "INTERFACE",
	}[t.Kind]
	r.directives(&t.Directives, location, &t.Broken)
	t.Fields = r.distinct(t.Fields, DuplicateField, t.Name+" has two fields")
	for _, f := range t.Fields {
		r.checkField(t, f)
	}
	r.checkValues(t)
	t.Members = r.checkMembers(t, t.Members, func(m *Type) bool { return m.Kind == Object }, "union "+t.Name+" joins types, and %s is %s")
	t.Implements = r.checkMembers(t, t.Implements, func(m *Type) bool { return m.Kind == Interface }, t.Name+" implements interfaces, and %s is %s")
}

func (r *resolver) checkField(t *Type, f *Field) {
	r.fieldName(f)
	if t.Kind == Input {
		r.typeOf(f, false)
		r.directives(&f.Directives, "INPUT_FIELD_DEFINITION", &f.Broken)
		return
	}
	r.typeOf(f, true)
	r.directives(&f.Directives, "FIELD_DEFINITION", &f.Broken)
}

func (r *resolver) checkOperation(op *Operation) {
	r.wordName(op.Name, op.Pos, "operation", &op.Broken)
	r.typeOf(&op.Field, true)
	r.directives(&op.Directives, "FIELD_DEFINITION", &op.Broken)
	op.Args = r.distinct(op.Args, DuplicateParameter, "operation \""+op.Name+"\" has two arguments")
	for _, a := range op.Args {
		r.wordName(a.Name, a.Pos, "argument", &a.Broken)
		if slices.Contains(reservedArguments(), a.Name) {
			r.problems.Add(a.Pos, ReservedName, "choose another name", "no argument is called %q: expressions mean something else by it", a.Name)
		}
		r.typeOf(a, false)
		r.directives(&a.Directives, "ARGUMENT_DEFINITION", &a.Broken)
		op.Broken = op.Broken || a.Broken
	}
}

func (r *resolver) checkValues(t *Type) {
	seen := map[string]diag.Pos{}
	var values []*EnumValue
	for _, v := range t.Values {
		switch first, again := seen[v.Name]; {
		case again:
			edit := diag.Between(v.Pos, v.End, "")
			if v.Doc != "" {
				edit = diag.Edit{} // its text would describe the next
			}
			r.problems.AddEdit(v.Pos, DuplicateValue, "leave it out", edit, "enum %s has %s twice, first on line %d", t.Name, v.Name, first.Line)
			continue
		case slices.Contains(literals(), v.Name) || isReserved(v.Name):
			r.problems.Add(v.Pos, ReservedName, "choose another name", "no value of an enum is called %s", v.Name)
			t.Broken = true
		}
		seen[v.Name] = v.Pos
		r.directives(&v.Directives, "ENUM_VALUE", &t.Broken)
		values = append(values, v)
	}
	t.Values = values
}

// distinct reports and leaves out the second field of a name.
func (r *resolver) distinct(fields []*Field, code diag.Code, what string) []*Field {
	seen := map[string]diag.Pos{}
	var kept []*Field
	for _, f := range fields {
		if first, again := seen[f.Name]; again {
			r.problems.Add(f.Pos, code, "", "%s called %q, the first on line %d", what, f.Name, first.Line)
			continue
		}
		seen[f.Name] = f.Pos
		kept = append(kept, f)
	}
	return kept
}

func (r *resolver) dropRepeatedOperations() {
	type key struct {
		kind OperationKind
		name string
	}
	seen := map[key]diag.Pos{}
	var kept []*Operation
	for _, op := range r.design.Operations {
		k := key{op.Kind, op.Name}
		if first, again := seen[k]; again {
			r.problems.Add(op.Pos, DuplicateField, "", "%s has two operations called %q, the first at %s", op.Kind, op.Name, place(first))
			continue
		}
		seen[k] = op.Pos
		kept = append(kept, op)
	}
	r.design.Operations = kept
}

// typeOf resolves the type of a field that is returned or of one that is sent.
func (r *resolver) typeOf(f *Field, output bool) {
	if f.Type.Name == "" {
		f.Broken = true
		return
	}
	t := r.lookup(&f.Type.Name, f.Type.Pos, undeclared(f))
	if t.Broken && !(output && t.Kind == Input) {
		return
	}
	entity := Find(t.Directives, "entity") != nil
	switch {
	case output && t.Kind == Input:
		r.problems.Add(f.Type.Pos, WrongDirection, "declare a type with the same fields", "%q cannot be of input %s, which is only sent", f.Name, t.Name)
		f.Broken = true
	case !output && entity:
		r.byReference(f, t)
	case !output && t.Kind != Scalar && t.Kind != Enum && t.Kind != Input:
		r.problems.Add(f.Type.Pos, WrongDirection, "declare an input with the same fields", "%q cannot be of %s %s, which is only returned", f.Name, t.Kind, t.Name)
		f.Broken = true
	}
}

// byReference reports an entity where a client sends one: it sends an ID, which its name resolves or @ref does.
func (r *resolver) byReference(f *Field, t *Type) {
	const message = "%q cannot be of type %s: an entity is referred to by its ID"
	if small(t.Name) == f.Name {
		r.problems.AddEdit(f.Type.Pos, WrongDirection, "write ID", r.span(f.Type.Pos, "ID"), message, f.Name, t.Name)
	} else {
		hint := fmt.Sprintf("write ID, and @ref(entity: %s) behind it", t.Name)
		r.problems.Add(f.Type.Pos, WrongDirection, hint, message, f.Name, t.Name)
	}
	f.Broken = true
}

// lookup finds a type by name, corrects the name where the nearest is clear, and declares it as broken where not. unless
// is the hint where nothing is near.
func (r *resolver) lookup(name *string, pos diag.Pos, unless string) *Type {
	if t := r.design.ByName[*name]; t != nil {
		return t
	}
	message := "no type " + *name
	if _, ours := r.prelude.types[*name]; ours {
		message = "no type " + *name + ": it is only for the language's directives"
	}
	meant, ok := aliases()[strings.ToLower(*name)]
	if !ok {
		meant, ok = nearest(*name, r.typeNames())
	}
	if !ok {
		meant, ok = nearAlias(*name)
	}
	if t := r.design.ByName[meant]; ok && r.misnamed(t, *name) {
		return r.rename(t, *name, pos)
	}
	if ok {
		r.problems.AddEdit(pos, UnknownType, didYouMean(meant), r.span(pos, meant), "%s", message)
		*name = meant
		return r.design.ByName[meant]
	}
	if !r.blind {
		r.problems.Add(pos, UnknownType, unless, "%s", message)
	}
	return &Type{Name: *name, Broken: true}
}

// undeclared is what to write where nothing declares the type of a field: an enum, where its default is a value of one.
func undeclared(f *Field) string {
	if v := Find(f.Directives, "default").Arg("value"); v != nil && v.Kind == NameValue {
		return fmt.Sprintf("declare it: enum %s { %s }", f.Type.Name, v.Text)
	}
	return "declare it, as a type, an enum or a scalar"
}

// misnamed reports whether a type's declaration is what is misspelt: an ID refers to it by the other name, and nothing
// uses its own.
func (r *resolver) misnamed(t *Type, name string) bool {
	return t.Module != nil && !t.Broken && r.referredTo(name) != nil && r.referredTo(t.Name) == nil && !r.used(t)
}

// rename reports a misspelt declaration where the type is used, and goes on with the right name.
func (r *resolver) rename(t *Type, name string, pos diag.Pos) *Type {
	hint := fmt.Sprintf("write %s where %s is declared, at %s", name, t.Name, place(t.Pos))
	r.problems.AddEdit(pos, UnknownType, hint, r.span(t.Pos, name), "no type %s", name)
	delete(r.design.ByName, t.Name)
	t.Name = name
	r.design.ByName[name] = t
	return t
}

func (r *resolver) typeNames() []string {
	return slices.Sorted(maps.Keys(r.design.ByName))
}

func (r *resolver) checkMembers(t *Type, names []Name, fits func(*Type) bool, message string) []Name {
	var kept []Name
	for i, n := range names {
		written := r.behind(n.Pos)
		m := r.lookup(&n.Text, n.Pos, "")
		switch {
		case slices.ContainsFunc(names[:i], func(k Name) bool { return k.Text == n.Text }):
			edit := diag.Between(r.behind(names[max(i-1, 0)].Pos), written, "")
			r.problems.AddEdit(n.Pos, DuplicateValue, "leave it out", edit, "%s names %s twice", t.Name, n.Text)
			continue
		case m.Broken:
			t.Broken = true
			continue
		case !fits(m):
			r.problems.Add(n.Pos, WrongMember, "", message, n.Text, article(m.Kind))
			t.Broken = true
			continue
		}
		kept = append(kept, n)
	}
	return kept
}

func article(kind TypeKind) string {
	switch kind {
	case Scalar, Union:
		return "a " + string(kind)
	case Object:
		return "a type"
	default:
		return "an " + string(kind)
	}
}
