package breaking

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// Design compares what two models promise and no contract says in a way that could be compared: how a request names its tenant, what
// the key of a row is, and what a write is refused for, by a rule or a constraint. What is worked out is not compared: it says what a
// service is, and not how it is asked.
//
// Today is what days that are said are compared with.
func Design(before, after *model.Model, today time.Time) []Change {
	c := &promises{before: before, after: after, today: today, renamed: renamed(after)}
	c.tenant()
	for _, was := range before.Entities {
		if is := c.now(was); is != nil && !is.Internal {
			c.entity(was, is)
		}
	}
	now := operations(after)
	for name, was := range operations(before) {
		if is := now[name]; is != nil {
			c.operation(was, is)
		}
	}
	inputs := structs(after)
	for name, was := range structs(before) {
		if is := inputs[name]; is != nil {
			c.references(name, "", was.Fields, is.Fields)
			c.checks(name, checksOf(was.Fields), checksOf(is.Fields), func(f *model.Field) bool { return field(was.Fields, f) == nil && f.Null })
		}
	}
	c.sunsets()
	return sorted(c.changes)
}

type promises struct {
	before, after *model.Model
	today         time.Time
	renamed       map[string]string // fields and values of enums that have another name, by that which they had
	changes       []Change
}

func (c *promises) add(rule, typ, member, format string, args ...any) {
	at := strings.Trim(typ+"."+member, ".")
	c.changes = append(c.changes, Change{Rule: rule, At: at, Type: typ, Member: member, Text: fmt.Sprintf(format, args...)})
}

// now is the entity that has the name of was, or had it before; nil for none.
func (c *promises) now(was *model.Entity) *model.Entity {
	for _, e := range c.after.Entities {
		if e.Name == was.Name {
			return e
		}
	}
	for _, e := range c.after.Entities {
		if e.Former == was.Name {
			return e
		}
	}
	return nil
}

func operations(m *model.Model) map[string]*model.Operation {
	out := map[string]*model.Operation{}
	for _, o := range slices.Concat(door.Operations(m), door.Subscriptions(m)) {
		out[string(o.Kind)+" "+o.Name] = o
	}
	return out
}

func structs(m *model.Model) map[string]*model.Struct {
	out := map[string]*model.Struct{}
	for _, module := range m.Modules {
		for _, s := range module.Inputs {
			out[s.Name] = s
		}
	}
	return out
}

func (c *promises) tenant() {
	was, is := c.before.Tenant, c.after.Tenant
	switch {
	case was == nil && is == nil:
	case was == nil:
		c.add("TENANT_ADDED", is.Entity.Name, "", "rows belong to a %s now: none refers to one of another, and a key that several have finds nothing", is.Entity.Singular)
	case is == nil:
		c.add("TENANT_REMOVED", was.Entity.Name, "", "a request that names a %s is answered with the rows of all", was.Entity.Singular)
	case !c.asWide([]*model.Expr{was.When}, []*model.Expr{is.When}):
		c.add("RULE_NARROWER", is.Entity.Name, "", "a %s is closed to some to whom it was open", is.Entity.Singular)
	}
	if was != nil && is != nil && was.By != is.By {
		c.add("TENANT_NAMED_OTHERWISE", is.Entity.Name, "", "a request named its %s by %s and names it by %s: one that does so as before is in none",
			is.Entity.Singular, was.By, is.By)
	}
}

func (c *promises) entity(was, is *model.Entity) {
	named := slices.ContainsFunc([]model.Verb{model.Read, model.Update, model.Delete}, func(v model.Verb) bool { return door.Exposed(was, v) })
	if key := was.Key.Name; named && key != is.Key.Name && key != is.Key.Former && key != "id" {
		c.add("KEY_CHANGED", is.Name, is.Key.Name, "%s was named by %s and is named by %s", article(is.Name), key, is.Key.Name)
	}
	if was.Upsert && !is.Upsert {
		c.add("KEY_UPSERT_REMOVED", is.Name, is.Key.Name, "a write that named an unknown %s made it, and is refused", is.Singular)
	}
	if door.Exposed(was, model.Create) || door.Exposed(was, model.Update) {
		c.uniques(was, is)
		c.checks(is.Name, append(checksOf(was.Fields), was.Checks...), append(checksOf(is.Fields), is.Checks...), func(f *model.Field) bool { return absent(was, f) })
		c.spans(was, is)
	}
	c.rules(was, is)
	if is.Page.Max < was.Page.Max && door.Exposed(was, model.Read) && door.Exposed(is, model.Read) {
		c.add("PAGE_SMALLER", is.Name, "", "a page had up to %d rows and has up to %d: who asks for more is refused", was.Page.Max, is.Page.Max)
	}
	if order(was) != order(is) && door.Exposed(was, model.Read) {
		c.add("ORDER_CHANGED", is.Name, "", "a list without an order comes by %s, which came by %s", order(is), order(was))
	}
	for _, f := range door.CreateFields(is) {
		before := field(was.Fields, f)
		if before == nil || before.Default == nil || f.Default == nil || before.Default.Op != model.Const || f.Default.Op != model.Const {
			continue
		}
		if text(before.Default) != text(f.Default) {
			c.add("DEFAULT_CHANGED", is.Name, f.Name, "%s was %s unless given, and is %s", f.Name, text(before.Default), text(f.Default))
		}
	}
	for _, f := range is.Fields {
		before := field(was.Fields, f)
		if before != nil {
			c.sunset(is.Name, f.Name, before.Sunset, f.Sunset)
		}
		switch {
		case before == nil:
		case f.Kind == model.EnumKind && f.Flow != nil && (slices.Contains(door.CreateFields(is), f) || slices.Contains(door.UpdateFields(is), f)):
			c.flow(is, before, f)
		case f.Kind == model.Ref && before.Kind == model.Ref && door.Exposed(f.Target, model.Delete) && !refuses(before) && refuses(f):
			c.add("DELETE_REFUSED", is.Name, f.Name, "%s was deleted though %s referred to it, and is not", article(f.Target.Name), article(is.Name))
		}
	}
	c.references(is.Name, "", hidden(door.CreateFields(was)), hidden(door.CreateFields(is)))
}

// order is the order in which rows come unless asked.
func order(e *model.Entity) string {
	var keys []string
	for _, k := range e.Page.Order {
		name := k.Field.Name
		if k.Descending {
			name += "_DESC"
		}
		keys = append(keys, name)
	}
	return strings.Join(keys, ", ")
}

// hidden are the fields of which no answer tells.
func hidden(fields []*model.Field) []*model.Field {
	return slices.DeleteFunc(fields, func(f *model.Field) bool { return !f.WriteOnly })
}

// field is the one of fields that f was, nil for none.
func field(fields []*model.Field, f *model.Field) *model.Field {
	for _, name := range []string{f.Name, f.Former} {
		for _, was := range fields {
			if was.Name == name {
				return was
			}
		}
	}
	return nil
}

// absent tells whether f is new, and null in what is written by those who do not know it.
func absent(was *model.Entity, f *model.Field) bool {
	return field(was.Fields, f) == nil && f.Null && f.Default == nil
}

func (c *promises) uniques(was, is *model.Entity) {
	for _, u := range is.Uniques {
		as := func(before *model.Unique) bool {
			return (before.IgnoreCase || !u.IgnoreCase) && (before.When == nil || text(before.When) == text(u.When)) &&
				!slices.ContainsFunc(before.Fields, func(b *model.Field) bool {
					return !slices.ContainsFunc(u.Fields, func(f *model.Field) bool { return f.Name == b.Name || f.Former == b.Name })
				})
		}
		if slices.ContainsFunc(was.Uniques, as) || slices.ContainsFunc(u.Fields, func(f *model.Field) bool { return absent(was, f) }) {
			continue
		}
		c.add("UNIQUE_ADDED", is.Name, member(u.Fields), "no two share %s from now on: a write that would is refused", strings.Join(names(u.Fields), " and "))
	}
}

func (c *promises) checks(typ string, known, now []*model.Check, absent func(*model.Field) bool) {
	for _, check := range now {
		on := ""
		if check.Field != nil {
			on = check.Field.Name
		}
		at := slices.IndexFunc(known, func(before *model.Check) bool { return c.same(before.That, check.That) })
		if at >= 0 && known[at].Code != check.Code {
			c.add("CODE_CHANGED", typ, on, "a write was refused with %s and is with %s", known[at].Code, check.Code)
		}
		follows := slices.ContainsFunc(known, func(before *model.Check) bool {
			return c.asWide([]*model.Expr{before.That}, []*model.Expr{check.That})
		})
		if follows || check.Field != nil && absent(check.Field) {
			continue
		}
		c.add("CHECK_ADDED", typ, on, "a write is refused with %s where %s does not hold, which nobody asked for in these words", check.Code, check.Source)
	}
}

// checksOf are the checks on fields. Those of a value object's parts stand on the field that holds it as well.
func checksOf(fields []*model.Field) (all []*model.Check) {
	for _, f := range fields {
		if f.Kind != model.Union { // that it is one of its members only, the contracts tell
			all = append(all, f.Checks...)
		}
	}
	return all
}

func (c *promises) spans(was, is *model.Entity) {
	key := func(x *model.Exclusion) string {
		return strings.Join(append(names(x.Per), x.From.Name, x.Until.Name, text(x.When)), " ")
	}
	for _, x := range is.Excludes {
		at := slices.IndexFunc(was.Excludes, func(before *model.Exclusion) bool { return key(before) == key(x) })
		switch {
		case at >= 0 && was.Excludes[at].Code != x.Code:
			c.add("CODE_CHANGED", is.Name, x.From.Name, "a write was refused with %s and is with %s", was.Excludes[at].Code, x.Code)
		case at < 0:
			c.add("OVERLAP_ADDED", is.Name, x.From.Name, "spans from %s until %s do not overlap from now on: a write that makes them is refused", x.From.Name, x.Until.Name)
		}
	}
}

func (c *promises) flow(e *model.Entity, was, is *model.Field) {
	goes := func(flow *model.Flow, from, to string) bool {
		return flow == nil || from == to || slices.ContainsFunc(flow.Steps, func(s model.Step) bool { return s.From == from && slices.Contains(s.To, to) })
	}
	begins := func(f *model.Field, value string) bool {
		return f.Flow == nil || slices.Contains(f.Flow.Begins, value) || f.Default != nil && f.Default.Value == value
	}
	var lost []string
	for _, from := range was.Enum.Values {
		if begins(was, from.Name) && !begins(is, from.Name) {
			lost = append(lost, "begin as "+from.Name)
		}
		for _, to := range was.Enum.Values {
			if goes(was.Flow, from.Name, to.Name) && !goes(is.Flow, from.Name, to.Name) {
				lost = append(lost, "go from "+from.Name+" to "+to.Name)
			}
		}
	}
	if len(lost) > 3 {
		lost = append(lost[:3], fmt.Sprintf("take %d steps more", len(lost)-3))
	}
	if len(lost) > 0 {
		c.add("STEP_REMOVED", e.Name, is.Name, "%s may not %s any more", is.Name, door.Either(lost))
	}
}

// refuses tells whether a row that f refers to is not deleted.
func refuses(f *model.Field) bool {
	return f.OnDelete == model.Restrict && (f.Said || !f.Target.SoftDelete)
}

func (c *promises) operation(was, is *model.Operation) {
	root := ""
	if is.Kind == model.Subscription {
		root = "Subscription"
	}
	c.references(root, is.Name, was.Args, is.Args)
	c.sunset(root, is.Name, was.Sunset, is.Sunset)
	if w, now := alternatives(was.Allow), alternatives(is.Allow); !c.asWide(w, now) {
		c.add("RULE_NARROWER", root, is.Name, "%s is refused to some whom it was not: %s", is.Name, said(was.Allow, is.Allow))
	}
	for _, f := range is.Fails {
		for _, before := range was.Fails {
			if before.Code == f.Code && before.Status != f.Status {
				c.add("FAULT_STATUS_CHANGED", "", is.Name, "%s had the status %d and has %d", f.Code, before.Status, f.Status)
			}
		}
	}
	if was.Idempotent && !is.Idempotent {
		c.add("IDEMPOTENCE_REMOVED", "", is.Name, "what was sent twice was done once, and is done twice")
	}
	if is.Kind != model.Subscription {
		return
	}
	for _, verb := range was.On {
		if !slices.Contains(is.On, verb) {
			c.add("SUBSCRIPTION_TELLS_LESS", root, is.Name, "%s told of %s and does not", is.Name,
				map[model.Verb]string{model.Create: "what is made", model.Update: "what is changed"}[verb])
		}
	}
	for _, a := range is.Args { // no document of REST has them, which tells of other bounds
		if before := field(was.Args, a); before != nil && takesLess(before, a) {
			c.add("ARGUMENT_NARROWER", root, is.Name, "the argument %s of %s takes less than before", a.Name, is.Name)
		}
	}
}

// references reports what named a row of one entity and names one of another, which the contracts call an ID or a text.
func (c *promises) references(typ, of string, was, is []*model.Field) {
	for _, f := range is {
		before := field(was, f)
		if before == nil || before.Kind != model.Ref || f.Kind != model.Ref || c.now(before.Target) == f.Target {
			continue
		}
		c.add("REFERENCE_CHANGED", typ, cmp.Or(of, f.Name), "%s named %s and names %s", f.Name, article(before.Target.Name), article(f.Target.Name))
	}
}

// takesLess tells whether f may take less than was does. Of patterns it cannot be said which takes more.
func takesLess(was, f *model.Field) bool {
	return above(was.MinLength, f.MinLength) || above(was.Min, f.Min) || below(was.MaxLength, f.MaxLength) || below(was.Max, f.Max) ||
		f.Pattern != "" && f.Pattern != was.Pattern ||
		f.Kind == model.Decimal && (f.Scale < was.Scale || f.Digits-f.Scale < was.Digits-was.Scale)
}

// above tells whether what is now the least is more than it was, below whether the greatest is less.
func above[N int | float64](was, is *N) bool { return is != nil && (was == nil || *is > *was) }

func below[N int | float64](was, is *N) bool { return is != nil && (was == nil || *is < *was) }

// member is the field that a constraint is told at, none where it is of several.
func member(fields []*model.Field) string {
	if len(fields) == 1 {
		return fields[0].Name
	}
	return ""
}

func names(fields []*model.Field) []string {
	out := make([]string, len(fields))
	for i, f := range fields {
		out[i] = f.Name
	}
	return out
}

func text(x *model.Expr) string {
	if x == nil {
		return ""
	}
	return x.String()
}

func article(name string) string {
	if strings.ContainsRune("AEIO", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}
