package build

import (
	"slices"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// flows reads @flow: which value of an enum may follow which. It comes after the defaults, since a new row begins in its
// default.
func (b *builder) flows() {
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			ds := design.FindAll(b.directives(f), "flow")
			if len(ds) > 0 && f.Kind != "" && b.flowing(f, ds[0]) {
				b.flow(e, f, ds)
			}
		}
	}
}

// flowing reports a field that takes no steps.
func (b *builder) flowing(f *model.Field, d *design.Directive) bool {
	switch {
	case f.Kind != model.EnumKind || f.Repeated:
		what := article(string(f.Kind))
		if f.Repeated {
			what = "a list"
		}
		b.problems.Add(d.Pos, WrongPlace, "", "@flow says how an enum changes; %s is %s", f.Name, what)
	case isComputed(f):
		b.problems.Add(d.Pos, WrongPlace, "", "%s is computed: nobody sets it, so it takes no steps", f.Name)
	case f.Immutable:
		b.problems.Add(d.Pos, Contradiction, "remove @immutable", "%s is @immutable, so it takes no steps", f.Name)
	default:
		return true
	}
	return false
}

func (b *builder) flow(e *model.Entity, f *model.Field, ds []*design.Directive) {
	flow := &model.Flow{}
	before := len(*b.problems)
	for _, d := range ds {
		b.steps(flow, f, d)
	}
	if len(*b.problems) > before || b.design.ByName[f.Enum.Name].Broken {
		return
	}
	f.Flow = flow
	flow.Begins = begins(f)
	if len(flow.Begins) == 0 && f.Default == nil && design.Find(b.directives(f), "default") == nil {
		hint := "@default(value: " + f.Enum.Values[0].Name + ")"
		b.problems.Add(ds[0].Pos, Contradiction, hint, "no %s could begin: a step leads to each value of %s, and %s has no default", e.Name, f.Enum.Name, f.Name)
	}
}

// steps adds what one @flow says, in the order of the enum's values.
func (b *builder) steps(flow *model.Flow, f *model.Field, d *design.Directive) {
	from, to := d.Arg("from").Names(), d.Arg("to").Names()
	b.enumNames(f.Enum, append(slices.Clone(from), to...))
	if len(from) != 1 {
		return
	}
	for _, name := range to {
		switch {
		case !hasValue(f.Enum, from[0].Text) || !hasValue(f.Enum, name.Text):
		case name.Text == from[0].Text:
			b.problems.Add(name.Pos, Contradiction, "remove it", "to stay %s is no step: it is always allowed", name.Text)
		case !flow.Add(from[0].Text, name.Text):
			b.problems.Add(name.Pos, Contradiction, "remove it", "the step from %s to %s stands twice", from[0].Text, name.Text)
		}
	}
}

// begins are the values in which a new row may stand: the default, else those to which no step leads.
func begins(f *model.Field) []string {
	if d := f.Default; d != nil && d.Op == model.Const {
		if text, ok := d.Value.(string); ok {
			return []string{text}
		}
	}
	var out []string
	for _, v := range f.Enum.Values {
		if !slices.ContainsFunc(f.Flow.Steps, func(s model.Step) bool { return slices.Contains(s.To, v.Name) }) {
			out = append(out, v.Name)
		}
	}
	return out
}
