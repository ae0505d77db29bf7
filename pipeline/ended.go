package pipeline

import (
	"maps"
	"slices"
	"time"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/model/build"
)

// ending is what is gone from a design and was said to be by now, and the model of the design with it still there.
//
// A contract tells of a field in many places: filters, orders, aggregates, inputs, and whatever includes its entity, each in the words of its
// door. To compare with the field put back leaves all of them out, and no other.
type ending struct {
	all   []end
	model *model.Model
}

// end is one declaration that went.
type end struct {
	name string // "Doc.score"
	on   time.Time
	back func(*design.Design) // puts it into a design
}

func (e *ending) has(name string) bool {
	return slices.ContainsFunc(e.all, func(end end) bool { return end.name == name })
}

// ended puts back what went by today. What the design has no place for any more, as the value of an enum that its @flow would have to
// lead to, stays out.
func (c *Checked) ended(was version, today time.Time) *ending {
	out := &ending{model: c.Model}
	if was.model == nil {
		return out
	}
	out.all = endsOf(was, c.design, today)
	with := func(ends []end) *model.Model {
		d := copied(c.design)
		for _, e := range ends {
			e.back(d)
		}
		supply(d, was.design)
		var problems diag.List
		if m := build.Model(d, &problems); len(problems) == 0 {
			return m
		}
		return nil
	}
	if len(out.all) == 0 {
		return out
	}
	if m := with(out.all); m != nil {
		out.model = m
		return out
	}
	var fit []end
	for _, e := range out.all {
		if m := with(append(slices.Clip(fit), e)); m != nil {
			fit, out.model = append(fit, e), m
		}
	}
	return out
}

// over is the day of an end that has come.
func over(s *model.Sunset, today time.Time) bool {
	return s != nil && !s.On.IsZero() && !s.On.After(today)
}

// endsOf are the declarations of a design that its model said would be gone by today, and that now has not, under no name.
func endsOf(was version, now *design.Design, today time.Time) (all []end) {
	fields := func(typ string, fields []*model.Field) {
		before, is := was.design.ByName[typ], typeNow(now, typ)
		if before == nil || is == nil {
			return
		}
		for _, f := range fields {
			if !over(f.Sunset, today) || fieldNow(is.Fields, f.Name) != nil {
				continue
			}
			if old := fieldNow(before.Fields, f.Name); old != nil {
				all = append(all, end{typ + "." + f.Name, f.Sunset.On, func(d *design.Design) {
					t := typeNow(d, typ)
					t.Fields = append(slices.Clip(t.Fields), old)
				}})
			}
		}
	}
	for _, e := range was.model.Entities {
		if over(e.Sunset, today) && typeNow(now, e.Name) == nil && was.design.ByName[e.Name] != nil {
			all = append(all, end{e.Name, e.Sunset.On, func(d *design.Design) { addType(d, was.design.ByName[e.Name]) }})
		}
		fields(e.Name, e.Fields)
	}
	for _, module := range was.model.Modules {
		for _, s := range slices.Concat(module.Values, module.Inputs) {
			fields(s.Name, s.Fields)
		}
		for _, e := range module.Enums {
			before, is := was.design.ByName[e.Name], typeNow(now, e.Name)
			if before == nil || is == nil {
				continue
			}
			for _, v := range e.Values {
				old := slices.IndexFunc(before.Values, func(o *design.EnumValue) bool { return o.Name == v.Name })
				if !over(v.Sunset, today) || old < 0 || slices.ContainsFunc(is.Values, func(n *design.EnumValue) bool { return n.Name == v.Name || former(n.Directives) == v.Name }) {
					continue
				}
				all = append(all, end{e.Name + "." + v.Name, v.Sunset.On, func(d *design.Design) {
					t := typeNow(d, e.Name)
					t.Values = append(slices.Clip(t.Values), before.Values[old])
					leadTo(d, was.design, e.Name, v.Name)
				}})
			}
		}
		for _, o := range slices.Concat(module.Operations, module.Subscriptions) {
			all = append(all, operationEnds(was, now, o, today)...)
		}
	}
	return all
}

// leadTo gives the fields of an enum the steps of their flows again that are from and to a value.
func leadTo(d, before *design.Design, enum, value string) {
	for _, t := range d.Types {
		was := before.ByName[t.Name]
		if was == nil {
			continue
		}
		t.Fields = slices.Clone(t.Fields)
		for i, f := range t.Fields {
			old := fieldNow(was.Fields, f.Name)
			if old == nil || f.Type.Name != enum || old.Type.Name != enum {
				continue
			}
			again := *f
			for _, flow := range design.FindAll(old.Directives, "flow") {
				if step, ok := stepOf(flow, value); ok {
					again.Directives = append(slices.Clip(again.Directives), step)
				}
			}
			t.Fields[i] = &again
		}
	}
}

// stepOf is what of a @flow is from or to a value.
func stepOf(flow *design.Directive, value string) (*design.Directive, bool) {
	for _, a := range flow.Args {
		if a.Name == "from" && slices.ContainsFunc(oneOrMore(a.Value), func(v design.Value) bool { return v.Text == value }) {
			return flow, true
		}
	}
	step := *flow
	step.Args = slices.Clone(flow.Args)
	for i, a := range step.Args {
		for _, v := range oneOrMore(a.Value) {
			if a.Name == "to" && v.Text == value {
				step.Args[i].Value = v
				return &step, true
			}
		}
	}
	return nil, false
}

func oneOrMore(v design.Value) []design.Value {
	if v.Kind == design.ListValue {
		return v.List
	}
	return []design.Value{v}
}

func operationEnds(was version, now *design.Design, o *model.Operation, today time.Time) (all []end) {
	find := func(d *design.Design) int {
		return slices.IndexFunc(d.Operations, func(other *design.Operation) bool {
			return other.Name == o.Name && string(other.Kind) == string(o.Kind)
		})
	}
	at := find(was.design)
	if at < 0 {
		return nil
	}
	before := was.design.Operations[at]
	is := find(now)
	if is < 0 {
		for _, s := range []*model.Sunset{o.Sunset, o.Result.Sunset} {
			if over(s, today) {
				return []end{{o.Name, s.On, func(d *design.Design) {
					again := *before
					again.Module = home(d, before.Module)
					d.Operations = append(d.Operations, &again)
				}}}
			}
		}
		return nil
	}
	for _, a := range o.Args {
		old := fieldNow(before.Args, a.Name)
		if over(a.Sunset, today) && old != nil && fieldNow(now.Operations[is].Args, a.Name) == nil {
			all = append(all, end{o.Name + "." + a.Name, a.Sunset.On, func(d *design.Design) {
				with := *d.Operations[is]
				with.Args = append(slices.Clip(with.Args), old)
				d.Operations[is] = &with
			}})
		}
	}
	return all
}

// typeNow is the type that has a name or had it before, nil for none.
func typeNow(d *design.Design, name string) *design.Type {
	if t := d.ByName[name]; t != nil {
		return t
	}
	for _, t := range d.Types {
		if former(t.Directives) == name {
			return t
		}
	}
	return nil
}

func fieldNow(fields []*design.Field, name string) *design.Field {
	for _, f := range fields {
		if f.Name == name || former(f.Directives) == name {
			return f
		}
	}
	return nil
}

// former is what something was called before.
func former(ds []*design.Directive) string {
	if name := design.Find(ds, "was").Arg("name"); name != nil {
		return name.Text
	}
	return ""
}

// copied is a design whose types and operations may be replaced and added to.
func copied(d *design.Design) *design.Design {
	out := *d
	out.Types, out.Operations, out.Modules = slices.Clone(d.Types), slices.Clone(d.Operations), slices.Clone(d.Modules)
	out.ByName = maps.Clone(d.ByName)
	for i, t := range out.Types {
		own := *t
		out.Types[i], out.ByName[t.Name] = &own, &own
	}
	return &out
}

// addType adds a type to a design.
func addType(d *design.Design, t *design.Type) {
	own := *t
	own.Module = home(d, t.Module)
	d.Types, d.ByName[t.Name] = append(d.Types, &own), &own
}

// home is the module of a design that has the name of another's, which it gains if there is none.
func home(d *design.Design, m *design.Module) *design.Module {
	if m == nil {
		return nil
	}
	if at := slices.IndexFunc(d.Modules, func(other *design.Module) bool { return other.Name == m.Name }); at >= 0 {
		return d.Modules[at]
	}
	d.Modules = append(d.Modules, m)
	return m
}

// supply adds the types of before that a design names and has not: one may have gone with the last field that was of it.
func supply(d, before *design.Design) {
	for added := true; added; {
		added = false
		need := func(name string) {
			if t := before.ByName[name]; t != nil && d.ByName[name] == nil {
				addType(d, t)
				added = true
			}
		}
		for _, t := range slices.Clone(d.Types) {
			for _, f := range t.Fields {
				need(f.Type.Name)
			}
			for _, m := range t.Members {
				need(m.Text)
			}
		}
		for _, o := range d.Operations {
			need(o.Type.Name)
			for _, a := range o.Args {
				need(a.Type.Name)
			}
		}
	}
}
