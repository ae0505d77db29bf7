package design

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/diag"
)

// reservedArguments are the words that mean something else in expressions.
func reservedArguments() []string {
	return append([]string{"viewer", "old", "now", "this"}, literals()...)
}

// reservedFields are those and the argument that many operations have.
func reservedFields() []string { return append(reservedArguments(), "input") }

// literals are also names that GraphQL gives no value of an enum, and fields are values of the enums that name what rows are grouped by.
func literals() []string { return []string{"true", "false", "null"} }

func isReserved(name string) bool { return strings.HasPrefix(name, "__") }

func isName(text string) bool {
	return regexp.MustCompile(`^[A-Za-z_][A-Za-z_0-9]*$`).MatchString(text)
}

func (r *resolver) typeName(t *Type) {
	switch {
	case isReserved(t.Name):
		r.problems.Add(t.Pos, ReservedName, "choose another name", "names that start with __ are GraphQL's own")
	case !unicode.IsUpper(rune(t.Name[0])):
		r.spelling(t)
	}
}

// spelling reports a type that starts with a small letter. The hint is mechanical where nothing else names the type.
func (r *resolver) spelling(t *Type) {
	better := capital(strings.TrimLeft(t.Name, "_"))
	if better == "" || !unicode.IsUpper(rune(better[0])) {
		r.problems.Add(t.Pos, TypeSpelling, "choose another name", "the name of a type starts with a capital letter")
		return
	}
	r.problems.Add(t.Pos, TypeSpelling, "write "+better+", here and where it is used", "the name of a type starts with a capital letter, not as %q", t.Name)
	if !r.used(t) && r.design.ByName[better] == nil {
		last := &(*r.problems)[len(*r.problems)-1]
		edit := r.span(t.Pos, better)
		last.Hint, last.Edit = "write "+better, &edit
	}
}

func (r *resolver) used(t *Type) bool {
	uses := func(f *Field) bool { return f.Type.Name == t.Name }
	for _, other := range r.design.Types {
		names := slices.Concat(other.Members, other.Implements)
		if slices.ContainsFunc(other.Fields, uses) || slices.ContainsFunc(names, func(n Name) bool { return n.Text == t.Name }) {
			return true
		}
	}
	return slices.ContainsFunc(r.design.Operations, func(op *Operation) bool {
		return uses(&op.Field) || slices.ContainsFunc(op.Args, uses)
	})
}

func (r *resolver) fieldName(f *Field) {
	if slices.Contains(reservedFields(), f.Name) {
		r.problems.Add(f.Pos, ReservedName, "choose another name", "no field is called %q: expressions mean something else by it", f.Name)
		return
	}
	r.wordName(f.Name, f.Pos, "field", &f.Broken)
}

// wordName checks the name of a field, operation or argument.
func (r *resolver) wordName(name string, pos diag.Pos, what string, broken *bool) {
	switch {
	case name == "":
		*broken = true
	case isReserved(name):
		r.problems.Add(pos, ReservedName, "choose another name", "names that start with __ are GraphQL's own")
	case !unicode.IsLower(rune(name[0])):
		better := small(strings.TrimLeft(name, "_"))
		if better == "" || !unicode.IsLower(rune(better[0])) || slices.Contains(reservedFields(), better) {
			r.problems.Add(pos, FieldSpelling, "choose another name", "the name of %s starts with a small letter", a(what))
			return
		}
		r.problems.AddEdit(pos, FieldSpelling, "write "+better, r.span(pos, better), "the name of %s starts with a small letter, not as %q", a(what), name)
	}
}

func a(what string) string {
	if strings.ContainsAny(what[:1], "aeio") {
		return "an " + what
	}
	return "a " + what
}

func capital(name string) string {
	if name == "" {
		return ""
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// small starts a name with a small letter: Order gives order, URLList gives urlList.
func small(name string) string {
	n := 0
	for n < len(name) && unicode.IsUpper(rune(name[n])) {
		n++
	}
	if n > 1 && n < len(name) && unicode.IsLower(rune(name[n])) {
		n--
	}
	return strings.ToLower(name[:n]) + name[n:]
}

// column is a name in the database: unitPrice gives unit_price, userID user_id.
func column(name string) string {
	var b strings.Builder
	for i, c := range name {
		starts := unicode.IsUpper(c) && i > 0 && name[i-1] != '_' &&
			(!unicode.IsUpper(rune(name[i-1])) || i+1 < len(name) && unicode.IsLower(rune(name[i+1])))
		if starts {
			b.WriteByte('_')
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// gone is a name as Go spells it, without regard to the case of its initialisms.
func gone(name string) string {
	return strings.ToLower(strings.ReplaceAll(capital(name), "_", ""))
}
