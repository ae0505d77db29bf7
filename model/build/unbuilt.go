package build

import (
	"slices"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// unbuilt are the directives that are checked and that nothing is generated from yet.
var unbuilt = map[string]bool{
	"cache": true, "rateLimit": true, "on": true, "due": true, "every": true, "retry": true, "timeout": true, "signed": true, "upload": true,
	"encrypted": true, "service": true,
}

// Unbuilt reports what is in the language and in this design, but not generated yet. It is for generating, not for
// checking: nothing is ever accepted and then left out.
func Unbuilt(d *design.Design, m *model.Model, problems *diag.List) {
	u := unbuiltFinder{problems: problems, seen: map[diag.Pos]bool{}}
	for _, s := range d.Services {
		u.report(s.Pos, "@service")
	}
	for _, t := range d.Types {
		u.directives(t.Directives)
		if d := design.Find(t.Directives, "db"); d != nil && t.Kind == design.Enum {
			u.report(d.Pos, "@db on an enum")
		}
		entity := design.Find(t.Directives, "entity") != nil
		if d := design.Find(t.Directives, "internal"); d != nil && !entity {
			u.report(d.Pos, "@internal on a type that is no entity")
		}
		for _, v := range t.Values {
			u.directives(v.Directives)
			if d := design.Find(v.Directives, "db"); d != nil {
				u.report(d.Pos, "@db on a value of an enum")
			}
		}
		for _, f := range t.Fields {
			u.field(f)
			if !entity {
				u.part(f)
			}
		}
	}
	for _, o := range d.Operations {
		if o.Kind == design.Subscription && subscribed(o) != nil {
			u.directives(slices.DeleteFunc(slices.Clone(o.Directives), func(d *design.Directive) bool { return d == subscribed(o) }))
			for _, a := range o.Args {
				u.field(a)
			}
			continue
		}
		u.directives(o.Directives)
		if o.Kind != design.Query && o.Kind != design.Mutation {
			u.report(o.Pos, "extend type "+string(o.Kind))
		}
		if d := design.Find(o.Directives, "page"); d != nil && design.Find(o.Directives, "where") == nil {
			u.report(d.Pos, "@page on an operation of Go")
		}
		for _, a := range o.Args {
			u.field(a)
		}
		if o.Type.Name == "File" {
			u.report(o.Type.Pos, "File")
		}
	}
	u.model(m)
}

type unbuiltFinder struct {
	problems *diag.List
	seen     map[diag.Pos]bool
}

func (u unbuiltFinder) report(pos diag.Pos, what string) {
	if !u.seen[pos] {
		u.seen[pos] = true
		u.problems.Add(pos, NotBuilt, "", "this is checked but not built yet: %s", what)
	}
}

func (u unbuiltFinder) directives(ds []*design.Directive) {
	for _, d := range ds {
		switch {
		case unbuilt[d.Name]:
			u.report(d.Pos, "@"+d.Name)
		case d.Name == "idempotent" && d.Arg("key") != nil:
			u.report(d.Arg("key").Pos, "@idempotent(key:)")
		case d.Name == "event" && d.Arg("from") != nil:
			u.report(d.Arg("from").Pos, "@event(from:)")
		case d.Name == "account" && isTrue(d.Arg("machines")):
			u.report(d.Arg("machines").Pos, "@account(machines: true)")
		case d.Name == "entity" && d.Arg("name") != nil:
			u.report(d.Arg("name").Pos, "@entity(name:)")
		}
	}
}

// part reports what only fields of entities heed so far.
func (u unbuiltFinder) part(f *design.Field) {
	for _, name := range []string{"readOnly", "writeOnly", "immutable", "internal", "was"} {
		if d := design.Find(f.Directives, name); d != nil {
			u.report(d.Pos, "@"+name+" inside a value object")
		}
	}
}

func (u unbuiltFinder) field(f *design.Field) {
	u.directives(f.Directives)
	if f.Type.Name == "File" {
		u.report(f.Type.Pos, "File")
	}
}

// model reports what only the meaning of a design tells.
func (u unbuiltFinder) model(m *model.Model) {
	for _, e := range m.Entities {
		for _, f := range e.Fields {
			switch {
			case f.Method && (f.Kind == model.Value || f.Kind == model.List || f.Kind == model.Ref || f.Kind == model.Union || f.Kind == model.JSON && f.Repeated):
				u.report(f.Pos, "@computed by a method of Go of what is no scalar")
			case f.Computed != nil && (f.Kind == model.Value || f.Kind == model.List || f.Repeated):
				u.report(f.Pos, "@computed of what is more than one value")
			case f.Repeated && !f.Scalars():
				u.report(f.Pos, "a list of what is neither an entity nor a scalar")
			case f.Kind == model.Value:
				for _, part := range f.Fields {
					if part.Kind == model.Value || part.Repeated {
						u.report(f.Pos, "a value object inside another")
					}
				}
			}
			if f.Default != nil {
				u.defaulted(e, f.Pos, f.Default)
			}
			if f.Computed != nil {
				u.expression(f.Pos, f.Computed)
			}
			u.checks(f.Checks)
			u.allow(f.Allow)
		}
		u.checks(e.Checks)
		u.allow(e.Allow)
	}
	for _, module := range m.Modules {
		for _, o := range module.Operations {
			u.rules(o.Allow)
			if o.Result.Kind == model.Union {
				u.report(o.Pos, "an operation that returns a union")
			}
			if o.Where != nil {
				u.expression(o.Pos, o.Where)
				u.listed(o)
			}
		}
		for _, e := range module.Events {
			for _, f := range e.Fields {
				switch {
				case f.Kind == model.Union:
					u.report(f.Pos, "a union outside of an entity")
				case f.Kind == model.Value && f.Repeated:
					u.report(f.Pos, "a list of value objects in an event")
				}
			}
		}
		for _, o := range module.Subscriptions {
			u.rules(o.Allow)
			u.expression(o.Pos, o.Where)
			u.parted(o)
		}
		for _, s := range append(append([]*model.Struct{}, module.Values...), module.Inputs...) {
			for _, f := range s.Fields {
				if f.Kind == model.Union {
					u.report(f.Pos, "a union outside of an entity")
				}
				u.checks(f.Checks)
			}
		}
	}
}

// listed reports what a query by a condition cannot be yet.
func (u unbuiltFinder) listed(o *model.Operation) {
	if !o.Result.Repeated {
		u.report(o.Pos, "@where on a query of one row")
	}
	u.parted(o)
}

// parted reports arguments that a condition on rows cannot have yet.
func (u unbuiltFinder) parted(o *model.Operation) {
	for _, a := range o.Args {
		if a.Kind == model.InputDTO || a.Kind == model.Value {
			u.report(a.Pos, "@where with an argument that has parts")
		}
	}
}

func (u unbuiltFinder) allow(a model.Allow) {
	for _, verb := range []model.Verb{model.Read, model.Create, model.Update, model.Delete} {
		u.rules(*a.Of(verb))
	}
}

func (u unbuiltFinder) rules(rules []*model.Rule) {
	for _, r := range rules {
		u.expression(r.Pos, r.When)
	}
}

func (u unbuiltFinder) checks(checks []*model.Check) {
	for _, c := range checks {
		u.expression(c.Pos, c.That)
	}
}

// defaulted reports what a default cannot be yet. A slug or a number is made where a row is created, and only there.
func (u unbuiltFinder) defaulted(e *model.Entity, pos diag.Pos, x *model.Expr) {
	if !ofTheRow(e, x) {
		u.report(pos, "a default of what the new row does not hold itself")
	}
	if x.Op == model.Call && (x.Name == "slug" || x.Name == "next") {
		for _, a := range x.Args {
			u.expression(pos, a)
		}
		return
	}
	u.expression(pos, x)
}

// ofTheRow tells whether all that x names of the row are values that it is given.
func ofTheRow(e *model.Entity, x *model.Expr) bool {
	if x.Op == model.Get && x.Root == model.This && len(x.Path) > 0 {
		f := find(e.Fields, x.Path[0])
		return f != nil && f.Stored() && (f.Kind != model.Ref || len(x.Path) == 1)
	}
	return !slices.ContainsFunc(x.Args, func(a *model.Expr) bool { return !ofTheRow(e, a) })
}

// expression reports the functions and forms that the runtime does not have yet.
func (u unbuiltFinder) expression(pos diag.Pos, x *model.Expr) {
	switch {
	case x.Op == model.Call && (x.Name == "slug" || x.Name == "next"):
		u.report(pos, x.Name+"() inside an expression")
	case x.Var != "" && x.Op != model.Get && len(x.Args) > 0 && x.Args[0].Root == model.Arg && len(x.Args[0].Path) > 0:
		switch x.Args[0].Kind {
		case model.InputDTO, model.Value, model.JSON, model.Bytes:
			u.report(pos, "a list operation over parts of an argument")
		}
	}
	for _, a := range x.Args {
		u.expression(pos, a)
	}
}
