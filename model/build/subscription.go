package build

import (
	"slices"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// A subscription is a query by a condition that is asked of rows when they have been written: of those for which it holds
// then, and which the subscriber may read, it tells. So its parts are those of such a query, and its expression is too.

// subscribed is the directive that says of which rows a subscription tells; nil where it tells of events.
func subscribed(o *design.Operation) *design.Directive {
	for _, d := range design.FindAll(o.Directives, "on") {
		if d.Arg("entity") != nil {
			return d
		}
	}
	return nil
}

// notOfSubscriptions are the directives of operations that mean nothing on what only tells.
var notOfSubscriptions = []string{"where", "rest", "fails", "idempotent", "retryable", "page", "emits"}

func (b *builder) subscription(o *design.Operation, args []*model.Field) {
	op := &model.Operation{
		Pos: o.Pos, Name: o.Name, Doc: o.Doc, Kind: model.Subscription, Module: b.contexts[o.Module], Args: args,
		Deprecated: b.deprecated(o.Directives),
		Sunset:     b.sunset(o.Name, o.Directives),
		Internal:   design.Find(o.Directives, "internal") != nil,
	}
	op.Result = b.result(o)
	b.made[o] = op
	if op.Module != nil {
		op.Module.Subscriptions = append(op.Module.Subscriptions, op)
	}
	b.misplaced(o.Directives, notOfSubscriptions, "is for queries and mutations, and "+o.Name+" is a Subscription")
}

// subscribed lowers what a subscription tells of.
func (b *builder) subscribed(op *model.Operation, o *design.Operation) {
	on := subscribed(o)
	name := on.Arg("entity")
	e := b.entities[name.Text]
	switch {
	case e == nil:
		b.unknownEntity(name.Pos, name.Text)
		return
	case op.Result.Kind == "":
		return // reported before
	case op.Result.Target != e || op.Result.Kind != model.Ref || op.Result.Repeated:
		b.problems.Add(o.Pos, WrongPlace, "write "+e.Name+"!", "%s tells of each %s that is written, so that is its type", op.Name, e.Name)
		return
	case e.Internal || len(e.Allow.Read) == 0:
		b.problems.Add(op.Pos, WrongPlace, "say on "+e.Name+" who may READ", "nobody may read %s, so %s tells of nothing", e.Plural, op.Name)
	}
	if design.Find(o.Directives, "allow") == nil {
		op.Allow = []*model.Rule{{When: &model.Expr{Op: model.Const, Kind: model.Boolean, Value: true}, Pos: op.Pos, Source: "true", SignedOut: true}}
	}
	op.On = b.toldVerbs(op, on)
	op.Result.Page = e.Page
	op.Where = b.told(op, e, on)
}

// toldVerbs are the writes of which a subscription tells: of a row that is gone nothing can be read again, so nobody
// could be told whether he may know of it.
func (b *builder) toldVerbs(op *model.Operation, on *design.Directive) []model.Verb {
	do := on.Arg("do")
	if do == nil {
		return []model.Verb{model.Create, model.Update}
	}
	var verbs []model.Verb
	for _, verb := range do.Names() {
		v := model.Verb(verb.Text)
		switch {
		case v != model.Create && v != model.Update:
			b.problems.Add(verb.Pos, WrongPlace, "leave it out", "%s is told of rows as they are read after a write: CREATE and UPDATE, not %s", op.Name, verb.Text)
		case !slices.Contains(verbs, v):
			verbs = append(verbs, v)
		}
	}
	return verbs
}

// told is the condition for a row to be told: when:, and that it has the values of the arguments that are called as its
// fields. One that may be left out then counts for nothing.
func (b *builder) told(op *model.Operation, e *model.Entity, on *design.Directive) *model.Expr {
	all := &model.Expr{Op: model.And, Kind: model.Boolean}
	when := on.Arg("when")
	if when != nil {
		x := b.compile(when, scope{entity: e, args: op.Args}, boolean)
		if x == nil {
			return nil
		}
		all.Args = append(all.Args, x)
	}
	for _, a := range op.Args {
		f := find(e.Fields, a.Name)
		switch {
		case a.Kind == "" || f != nil && f.Kind == "":
		case f != nil && f.Stored() && alike(a, f) && !a.Repeated && !f.Repeated:
			all.Args = append(all.Args, has(f, a))
		case f != nil:
			b.problems.Add(a.Pos, WrongPlace, "", "%s is called as a field of %s, which is %s", a.Name, e.Name, typOf(f))
		case !slices.ContainsFunc(all.Args, func(x *model.Expr) bool { return asks(x, a) }) && !ruled(op, a):
			b.problems.Add(a.Pos, WrongPlace, "name it in when:", "%s has no field %q, and no condition names it", e.Name, a.Name)
		}
	}
	switch len(all.Args) {
	case 0:
		return &model.Expr{Op: model.Const, Kind: model.Boolean, Value: true}
	case 1:
		return all.Args[0]
	}
	return all
}

// alike tells whether an argument and a field can be equal.
func alike(a, f *model.Field) bool {
	return a.Kind == f.Kind && a.Target == f.Target && a.Enum == f.Enum && a.Kind != model.Value && a.Kind != model.JSON
}

// has is that the row's f is the argument a, or that none is given.
func has(f, a *model.Field) *model.Expr {
	arg := &model.Expr{Op: model.Get, Root: model.Arg, Path: []string{a.Name}, Kind: a.Kind}
	equal := &model.Expr{
		Op: model.Eq, Kind: model.Boolean,
		Args: []*model.Expr{{Op: model.Get, Root: model.This, Path: []string{f.Name}, Kind: f.Kind}, arg},
	}
	if !a.Null {
		return equal
	}
	none := &model.Expr{Op: model.Eq, Kind: model.Boolean, Args: []*model.Expr{arg, {Op: model.Const}}}
	return &model.Expr{Op: model.Or, Kind: model.Boolean, Args: []*model.Expr{none, equal}}
}

// asks tells whether an expression names an argument.
func asks(x *model.Expr, a *model.Field) bool {
	if x.Root == model.Arg && len(x.Path) > 0 && x.Path[0] == a.Name {
		return true
	}
	return slices.ContainsFunc(x.Args, func(arg *model.Expr) bool { return asks(arg, a) })
}

// ruled tells whether a rule of an operation names an argument.
func ruled(op *model.Operation, a *model.Field) bool {
	return slices.ContainsFunc(op.Allow, func(r *model.Rule) bool { return asks(r.When, a) })
}
