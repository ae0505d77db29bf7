package build

import (
	"fmt"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// expressions lowers everything written in quotes, but for the conditions of indexes and checks.
func (b *builder) expressions() {
	for _, e := range b.model.Entities {
		for _, f := range e.Fields {
			b.computedField(e, f)
			b.computedDefault(e, f)
		}
	}
	for _, e := range b.model.Entities {
		b.allow(&e.Allow, b.declared[e].Directives, e, nil)
		for _, f := range e.Fields {
			b.allow(&f.Allow, b.directives(f), e, f)
			for _, arm := range f.Arms {
				arm.Allow = f.Allow
			}
		}
	}
	b.seenTenants()
	for _, o := range b.design.Operations {
		b.operationRules(o)
	}
	b.extraExpressions()
}

func (b *builder) computedField(e *model.Entity, f *model.Field) {
	from := design.Find(b.directives(f), "computed").Arg("from")
	if from == nil || f.Kind == "" {
		return
	}
	x := b.compile(from, scope{entity: e}, typOf(f))
	if x == nil || b.fractional(f, x, from) {
		return
	}
	*f.Computed = *x
	b.moveExpr(x, f.Computed)
	b.computed[f] = true
}

// fractional reports a number that may have a fraction for a field that holds whole numbers.
func (b *builder) fractional(f *model.Field, x *model.Expr, from *design.Value) bool {
	if f.Kind != model.Int && f.Kind != model.Int64 || x.Kind != model.Float && x.Kind != model.Decimal {
		return false
	}
	b.problems.Add(from.Pos, WrongType, fmt.Sprintf("write %s: %s", f.Name, x.Kind), "%s is needed here, and this is %s: nothing says how it is rounded", typOf(f), article(string(x.Kind)))
	return true
}

// moveExpr keeps what is known of an expression that was copied.
func (b *builder) moveExpr(from, to *model.Expr) {
	if t, ok := b.touched[from]; ok {
		b.touched[to] = t
	}
	if a, ok := b.asked[from]; ok {
		b.asked[to] = a
	}
}

func (b *builder) computedDefault(e *model.Entity, f *model.Field) {
	d := design.Find(b.directives(f), "default")
	from := d.Arg("from")
	if from == nil || d.Arg("value") != nil || f.Kind == "" || isComputed(f) {
		return
	}
	switch {
	case f.Kind == model.List || f.Repeated || f.Kind == model.Value || f.Kind == model.Union || f.Kind == model.File:
		b.problems.Add(d.Pos, WrongPlace, "", "a %s takes no default", f.Kind)
		return
	}
	x := b.compile(from, scope{entity: e, defaults: true}, typOf(f))
	if x == nil || b.fractional(f, x, from) {
		return
	}
	if isNext(x) && f.Kind != model.Int && f.Kind != model.Int64 {
		b.problems.Add(from.Pos, WrongType, f.Name+": Int!", "next makes whole numbers, and %s is %s", f.Name, typOf(f))
		return
	}
	if isNext(x) && len(x.Args) == 1 && isComputed(find(e.Fields, x.Args[0].Path[0])) {
		b.problems.Add(from.Pos, WrongPlace, "", "next counts per parent, and %s is computed: it takes a reference that is stored", x.Args[0].Path[0])
		return
	}
	if f.Kind == model.Int && x.Op == model.Call {
		x.Kind = model.Int
	}
	f.Default = x
}

// ruleSite is where a rule stands.
type ruleSite struct {
	rule   *model.Rule
	entity *model.Entity    // of a rule of an entity or a field
	field  *model.Field     // of a field's rule
	op     *model.Operation // of an operation's rule
	verb   model.Verb       // of the others
	block  bool             // written in triple quotes
}

// allow lowers the rules of an entity or a field. A field's rule without verbs is about READ and UPDATE.
func (b *builder) allow(to *model.Allow, ds []*design.Directive, e *model.Entity, f *model.Field) {
	for _, d := range design.FindAll(ds, "allow") {
		when := d.Arg("when")
		if when == nil || f != nil && f.Kind == "" {
			continue
		}
		verbs := d.Arg("do").Names()
		if len(verbs) == 0 {
			if f == nil && !d.Broken {
				b.problems.Add(d.Pos, WrongPlace, "say it with do:", "a rule of an entity says what it allows")
			}
			if f == nil || d.Broken {
				continue
			}
			verbs = []design.Name{{Text: string(model.Read)}, {Text: string(model.Update)}}
		}
		b.allowVerbs(to, verbs, d, when, e, f)
	}
}

// onlyRead is the edit that makes a rule one for READ.
func onlyRead(d *design.Directive) diag.Edit {
	if do := d.Arg("do"); do != nil {
		return diag.Between(do.Pos, do.End, "READ")
	}
	return diag.Edit{Pos: d.Args[0].Pos, Text: "do: READ, "}
}

// withoutVerbs is the edit that leaves out the verbs of a rule.
func withoutVerbs(d *design.Directive) diag.Edit {
	for i, a := range d.Args {
		switch {
		case a.Name != "do":
		case i+1 < len(d.Args):
			return diag.Between(a.Pos, d.Args[i+1].Pos, "")
		case i > 0:
			return diag.Between(d.Args[i-1].Value.End, a.Value.End, "")
		}
	}
	return diag.Edit{}
}

func (b *builder) allowVerbs(to *model.Allow, verbs []design.Name, d *design.Directive, when *design.Value, e *model.Entity, f *model.Field) {
	old := true
	for _, verb := range verbs {
		if v := model.Verb(verb.Text); v != model.Update && v != model.Delete {
			old = false
		}
		if f != nil && model.Verb(verb.Text) == model.Delete {
			b.problems.Add(d.Pos, WrongPlace, "put it on the entity", "a row is deleted as a whole: no field has a rule for DELETE")
			return
		}
		if f != nil && model.Verb(verb.Text) != model.Read && (f.Auto || isComputed(f)) {
			b.problems.AddEdit(d.Pos, WrongPlace, "write do: READ", onlyRead(d), "nobody writes %s, so it has no rule but for READ", f.Name)
			return
		}
	}
	x := b.compile(when, scope{entity: e, old: old}, boolean)
	if x == nil {
		return
	}
	for _, verb := range verbs {
		r := &model.Rule{When: x, Pos: when.Pos, Source: when.Text}
		list := to.Of(model.Verb(verb.Text))
		if list == nil {
			continue
		}
		if model.Verb(verb.Text) == model.Delete && names(x, model.Old) {
			r.When = b.oldAsThis(x)
		}
		*list = append(*list, r)
		b.rules = append(b.rules, ruleSite{rule: r, entity: e, field: f, verb: model.Verb(verb.Text), block: when.Block})
	}
}

// oldAsThis is a rule for DELETE, where the row before is the row itself.
func (b *builder) oldAsThis(x *model.Expr) *model.Expr {
	c := *x
	if c.Op == model.Get && c.Root == model.Old {
		c.Root = model.This
	}
	c.Args = nil
	for _, arg := range x.Args {
		c.Args = append(c.Args, b.oldAsThis(arg))
	}
	b.moveExpr(x, &c)
	return &c
}

// operationRules lowers the @allow and @where of an operation.
func (b *builder) operationRules(o *design.Operation) {
	op := b.operation(o)
	if op == nil {
		return
	}
	for _, d := range design.FindAll(o.Directives, "allow") {
		if do := d.Arg("do"); do != nil {
			b.problems.AddEdit(do.Pos, WrongPlace, "leave out do:", withoutVerbs(d), "an operation is called: its rule has no verbs")
		}
		when := d.Arg("when")
		if when == nil {
			continue
		}
		if x := b.compile(when, scope{args: op.Args}, boolean); x != nil {
			r := &model.Rule{When: x, Pos: when.Pos, Source: when.Text}
			op.Allow = append(op.Allow, r)
			b.rules = append(b.rules, ruleSite{rule: r, op: op, block: when.Block})
		}
	}
	if op.Kind == model.Subscription {
		b.subscribed(op, o)
		return
	}
	if that := design.Find(o.Directives, "where").Arg("that"); that != nil && op.Result.Kind != "" {
		if op.Result.Kind != model.Ref {
			b.problems.Add(that.Pos, WrongPlace, "", "@where filters the rows of an entity, and %s gives %s", op.Name, typOf(op.Result))
		} else {
			op.Where = b.compile(that, scope{entity: op.Result.Target, args: op.Args}, boolean)
			b.listed(op, o)
		}
	}
	if op.Result.Kind == model.Ref {
		b.resultPage(op, o)
	}
}

// listArguments are what every list takes at the doors.
var listArguments = map[string]bool{
	"where": true, "order": true, "first": true, "last": true, "after": true, "before": true, "limit": true, "include": true,
	"fields": true, "count": true, "search": true,
}

// listed finds what a query by a condition cannot be. Without a rule of its own, whoever may read the rows may ask it.
func (b *builder) listed(op *model.Operation, o *design.Operation) {
	if e := op.Result.Target; e.Internal || len(e.Allow.Read) == 0 {
		b.problems.Add(op.Pos, WrongPlace, "say on "+e.Name+" who may READ", "nobody may read %s, so %s lists nothing", e.Plural, op.Name)
	}
	if design.Find(o.Directives, "allow") == nil {
		op.Allow = []*model.Rule{{When: &model.Expr{Op: model.Const, Kind: model.Boolean, Value: true}, Pos: op.Pos, Source: "true", SignedOut: true}}
	}
	if op.Kind != model.Query {
		b.problems.Add(op.Pos, WrongPlace, "put it into extend type Query", "@where reads, and %s is a Mutation", op.Name)
	}
	if d := design.Find(o.Directives, "rest"); op.Method != "GET" && d.Arg("method") != nil {
		method := d.Arg("method")
		b.problems.AddEdit(method.Pos, BadPath, "write GET", diag.Between(method.Pos, method.End, "GET"), "@where reads, so %s answers to GET", op.Name)
	}
	for _, a := range op.Args {
		if listArguments[a.Name] {
			b.problems.Add(a.Pos, NamesClash, "", "every list has a parameter %q of its own", a.Name)
		}
	}
}

// resultPage is how the list of a query by a condition is read: as its entity is, where @page does not say.
func (b *builder) resultPage(op *model.Operation, o *design.Operation) {
	d := design.Find(o.Directives, "page")
	if d == nil && op.Where == nil {
		return
	}
	page := op.Result.Target.Page
	if d != nil {
		b.page(&page, op.Result.Target, d)
	}
	op.Result.Page = page
}

// extraExpressions checks the expressions of directives that nothing is built from yet.
func (b *builder) extraExpressions() {
	for _, o := range b.design.Operations {
		args := b.argumentsOf(o)
		b.extra(design.Find(o.Directives, "idempotent").Arg("key"), scope{args: args}, typ{})
		for _, name := range []string{"due", "on"} {
			for _, d := range design.FindAll(o.Directives, name) {
				if b.made[o] == nil {
					b.extraTask(o, d)
				}
			}
		}
	}
}

func (b *builder) extra(v *design.Value, s scope, want typ) {
	if v != nil {
		b.compile(v, s, want)
	}
}

func (b *builder) extraTask(o *design.Operation, d *design.Directive) {
	if event := d.Arg("event"); event != nil {
		if s := b.structs[event.Text]; s == nil || design.Find(b.structured[s].Directives, "event") == nil {
			b.problems.Add(event.Pos, UnknownName, "", "no event is called %s", event.Text)
		}
	}
	name := d.Arg("entity")
	if name == nil {
		return
	}
	e := b.entities[name.Text]
	if e == nil {
		b.unknownEntity(name.Pos, name.Text)
		return
	}
	b.extra(d.Arg("at"), scope{entity: e}, typ{kind: model.DateTime})
	b.extra(d.Arg("when"), scope{entity: e, old: true}, boolean)
}

func (b *builder) enumNames(e *model.Enum, names []design.Name) {
	var values []string
	for _, v := range e.Values {
		values = append(values, v.Name)
	}
	for _, name := range names {
		if !hasValue(e, name.Text) {
			b.misspelt(name.Pos, name.Text, values, "%s has no value %s", e.Name, name.Text)
		}
	}
}
