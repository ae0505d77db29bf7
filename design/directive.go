package design

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/fettlehq/fettle/diag"
)

// directives checks the directives that stand at a GraphQL location such as OBJECT, corrects what is clearly meant,
// and leaves out what cannot be used, which breaks the type or field that they stand on.
func (r *resolver) directives(ds *[]*Directive, location string, broken *bool) {
	var kept []*Directive
	for _, d := range *ds {
		def := r.definitionOf(d)
		switch {
		case def == nil:
			*broken = true
			continue
		case !r.fits(d, def, location):
			continue
		case !def.IsRepeatable && Find(kept, d.Name) != nil:
			r.problems.AddEdit(d.Pos, RepeatedDirective, "leave it out", diag.Between(d.Pos, d.End, ""), "@%s may stand only once", d.Name)
			continue
		case !r.checkArguments(d, def):
			*broken = true
			continue
		}
		kept = append(kept, d)
	}
	*ds = kept
}

func (r *resolver) definitionOf(d *Directive) *ast.DirectiveDefinition {
	if def := r.prelude.directives[d.Name]; def != nil {
		return def
	}
	meant, ok := nearest(d.Name, r.prelude.names)
	if !ok {
		r.problems.Add(d.Pos, UnknownDirective, "", "no directive @%s", d.Name)
		return nil
	}
	name := d.Pos
	name.Column++
	r.problems.AddEdit(d.Pos, UnknownDirective, didYouMean("@"+meant), r.span(name, meant), "no directive @%s", d.Name)
	d.Name = meant
	return r.prelude.directives[meant]
}

func (r *resolver) fits(d *Directive, def *ast.DirectiveDefinition, location string) bool {
	if slices.Contains(def.Locations, ast.DirectiveLocation(location)) {
		return true
	}
	var places []string
	for _, l := range def.Locations {
		places = append(places, locationWords(string(l)))
	}
	r.problems.Add(d.Pos, MisplacedDirective, "", "@%s cannot stand on %s, only on %s", d.Name, locationWords(location), enumerate(places, "or"))
	return false
}

func locationWords(location string) string {
	switch location {
	case "SCHEMA":
		return "extend schema"
	case "OBJECT":
		return "a type"
	case "FIELD_DEFINITION":
		return "a field"
	case "ARGUMENT_DEFINITION":
		return "an argument"
	case "INPUT_FIELD_DEFINITION":
		return "a field of an input"
	case "INPUT_OBJECT":
		return "an input"
	case "ENUM_VALUE":
		return "a value of an enum"
	case "ENUM", "INTERFACE":
		return "an " + strings.ToLower(location)
	default:
		return "a " + strings.ToLower(location)
	}
}

// enumerate writes a, b or c.
func enumerate(words []string, last string) string {
	if n := len(words); n > 1 {
		return strings.Join(words[:n-1], ", ") + " " + last + " " + words[n-1]
	}
	return strings.Join(words, "")
}

// checkArguments checks names and kinds. It returns false when an argument that the directive needs is not usable.
func (r *resolver) checkArguments(d *Directive, def *ast.DirectiveDefinition) bool {
	var kept []Arg
	wrong := map[string]bool{}
	for i, a := range d.Args {
		param := def.Arguments.ForName(a.Name)
		if param == nil {
			if param = r.unknownArgument(d, &a, def); param == nil {
				d.Broken = true
				continue
			}
		}
		switch {
		case slices.ContainsFunc(kept, func(k Arg) bool { return k.Name == a.Name }) || wrong[a.Name]:
			edit := diag.Between(d.Args[max(i-1, 0)].Value.End, a.Value.End, "")
			r.problems.AddEdit(a.Pos, RepeatedArgument, "leave it out", edit, "@%s has argument %q twice", d.Name, a.Name)
		case r.checkValue(&a.Value, param.Type, fmt.Sprintf("%s of @%s", a.Name, d.Name)):
			kept = append(kept, a)
		default:
			wrong[a.Name], d.Broken = true, true
		}
	}
	d.Args = kept
	if r.partial[d] {
		return false
	}
	return r.needs(d, def, wrong)
}

func (r *resolver) unknownArgument(d *Directive, a *Arg, def *ast.DirectiveDefinition) *ast.ArgumentDefinition {
	var names []string
	for _, p := range def.Arguments {
		names = append(names, p.Name)
	}
	if meant, ok := nearest(a.Name, names); ok {
		r.problems.AddEdit(a.Pos, UnknownArgument, didYouMean(meant), r.span(a.Pos, meant), "@%s has no argument %q", d.Name, a.Name)
		a.Name = meant
		return def.Arguments.ForName(meant)
	}
	hint := "it takes none"
	if len(names) > 0 {
		hint = "it takes " + enumerate(names, "and")
	}
	r.problems.Add(a.Pos, UnknownArgument, hint, "@%s has no argument %q", d.Name, a.Name)
	return nil
}

// needs reports arguments that are missing. wrong are those that were given and have been reported.
func (r *resolver) needs(d *Directive, def *ast.DirectiveDefinition, wrong map[string]bool) bool {
	usable := true
	for _, p := range def.Arguments {
		if !p.Type.NonNull || d.Arg(p.Name) != nil {
			continue
		}
		usable = false
		if !wrong[p.Name] {
			hint := fmt.Sprintf("add %s: and %s", p.Name, r.sample(p.Type))
			r.problems.Add(d.Pos, MissingArgument, hint, "@%s needs argument %q", d.Name, p.Name)
		}
	}
	return usable
}

// sample says which form a value has, for hints.
func (r *resolver) sample(t *ast.Type) string {
	switch t.Name() {
	case celArg:
		return "an expression in quotes"
	case "String":
		return "a text in quotes"
	case "Int":
		return "a whole number"
	case nameArg:
		return "a name"
	case namesArg:
		return "names"
	case literalArg:
		return "a value"
	default:
		return enumerate(r.prelude.types[t.Name()], "or")
	}
}

// checkValue checks the kind of an argument's value, and corrects it where the text shows what is meant.
func (r *resolver) checkValue(v *Value, t *ast.Type, of string) bool {
	if t.Elem != nil || t.Name() == namesArg {
		return r.checkList(v, t, of)
	}
	switch name := t.Name(); name {
	case nameArg:
		return v.Kind == NameValue || r.unquoted(v, NameValue, of+" is a plain name")
	case literalArg:
		return v.Kind != NullValue || r.wrong(v, "leave out the directive: what has no default is null", of+" cannot be null")
	case celArg:
		return r.checkText(v, of+" is an expression in quotes")
	case "String":
		return r.checkText(v, of+" is a text in quotes")
	case "Int":
		return r.checkInt(v, of)
	case "Float":
		number := v.Kind == IntValue || v.Kind == FloatValue
		return number || r.unquoted(v, FloatValue, of+" is a number")
	case "Boolean":
		return v.Kind == BoolValue || r.unquoted(v, BoolValue, of+" is true or false")
	default:
		return r.checkChoice(v, r.prelude.types[name], of)
	}
}

func (r *resolver) checkList(v *Value, t *ast.Type, of string) bool {
	elem := t.Elem
	if elem == nil {
		elem = ast.NonNullNamedType(nameArg, nil)
	}
	if v.Kind != ListValue {
		return r.checkValue(v, elem, of)
	}
	if len(v.List) == 0 {
		return r.wrong(v, "name one at least", of+" lists nothing")
	}
	ok := true
	for i := range v.List {
		ok = r.checkValue(&v.List[i], elem, of) && ok
	}
	return ok
}

func (r *resolver) checkText(v *Value, message string) bool {
	switch v.Kind {
	case StringValue:
		return strings.TrimSpace(v.Text) != "" || r.wrong(v, "", message+", not an empty one")
	case NameValue, IntValue, FloatValue, BoolValue:
		r.problems.AddEdit(v.Pos, WrongArgument, "write "+quote(v.Text), r.span(v.Pos, quote(v.Text)), "%s, not %s", message, v.describe())
		v.Kind = StringValue
		return true
	default:
		return r.wrong(v, "", message)
	}
}

func (r *resolver) checkInt(v *Value, of string) bool {
	if v.Kind != IntValue {
		return r.unquoted(v, IntValue, of+" is a whole number")
	}
	n, err := strconv.ParseInt(v.Text, 10, 64)
	if err != nil || n < math.MinInt32 || n > math.MaxInt32 {
		return r.wrong(v, "", of+" is a whole number of 32 bits")
	}
	return true
}

func (r *resolver) checkChoice(v *Value, choices []string, of string) bool {
	message := of + " is " + enumerate(choices, "or")
	if v.Kind == StringValue && slices.Contains(choices, v.Text) {
		return r.unquoted(v, NameValue, message)
	}
	if v.Kind != NameValue && v.Kind != StringValue {
		return r.wrong(v, "", message)
	}
	if slices.Contains(choices, v.Text) {
		return true
	}
	meant, ok := nearest(v.Text, choices)
	if !ok {
		r.problems.Add(v.Pos, UnknownChoice, "", "%s, not %s", message, v.describe())
		return false
	}
	r.problems.AddEdit(v.Pos, UnknownChoice, didYouMean(meant), r.span(v.Pos, meant), "%s, not %s", message, v.describe())
	v.Kind, v.Text = NameValue, meant
	return true
}

// unquoted takes a text whose words are a value of the wanted kind for that value, and reports anything else.
func (r *resolver) unquoted(v *Value, want ValueKind, message string) bool {
	if v.Kind != StringValue || !reads(v.Text, want) {
		return r.wrong(v, "", message)
	}
	r.problems.AddEdit(v.Pos, WrongArgument, "write "+v.Text, r.span(v.Pos, v.Text), "%s, not %s", message, v.describe())
	v.Kind = want
	return true
}

// reads reports whether a text is a literal of a kind.
func reads(text string, kind ValueKind) bool {
	switch kind {
	case IntValue:
		_, err := strconv.ParseInt(text, 10, 32)
		return err == nil && !strings.HasPrefix(text, "+")
	case FloatValue:
		_, err := strconv.ParseFloat(text, 64)
		return err == nil && strings.Trim(text, "-0123456789.") == "" && !strings.HasSuffix(text, ".") && !strings.HasPrefix(text, ".")
	case BoolValue:
		return text == "true" || text == "false"
	default:
		return isName(text) && wordKind(text) == NameValue
	}
}

func (r *resolver) wrong(v *Value, hint, message string) bool {
	r.problems.Add(v.Pos, WrongArgument, hint, "%s, not %s", strings.TrimSuffix(message, ","), v.describe())
	return false
}

func (v Value) describe() string {
	switch v.Kind {
	case StringValue:
		return fmt.Sprintf("the text %q", v.Text)
	case ListValue:
		return "a list"
	case ObjectValue:
		return "an object"
	case NameValue:
		return "the name " + v.Text
	default:
		return v.Text
	}
}
