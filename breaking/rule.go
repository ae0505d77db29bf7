package breaking

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// rules tells of what was allowed and may not be now, by entity and by field.
func (c *promises) rules(was, is *model.Entity) {
	for _, verb := range []model.Verb{model.Read, model.Create, model.Update, model.Delete} {
		before, now := door.Rules(was.Allow, verb), door.Rules(is.Allow, verb)
		if !door.Exposed(was, verb) || !door.Exposed(is, verb) {
			continue // a contract tells of it
		}
		if !c.asWide(alternatives(before), alternatives(now)) {
			c.add("RULE_NARROWER", is.Name, "", "%s is refused to some whom it was not: %s", verb, said(before, now))
		}
		for _, f := range is.Fields {
			of := field(was.Fields, f)
			own := door.Rules(f.Allow, verb)
			if of == nil || len(own) == 0 || f.Internal || of.Internal || f.ReadOnly || f.WriteOnly && verb == model.Read {
				continue
			}
			had := door.Rules(of.Allow, verb)
			if allowed := had; len(allowed) == 0 {
				allowed = before // the rules of its entity hold for it as well
				if !c.asWide(alternatives(allowed), alternatives(own)) {
					c.add("RULE_NARROWER", is.Name, f.Name, "%s of %s is refused to some whom it was not: %s", verb, f.Name, said(nil, own))
				}
			} else if !c.asWide(alternatives(allowed), alternatives(own)) {
				c.add("RULE_NARROWER", is.Name, f.Name, "%s of %s is refused to some whom it was not: %s", verb, f.Name, said(had, own))
			}
		}
	}
}

func said(was, is []*model.Rule) string {
	source := func(rules []*model.Rule) string {
		var all []string
		for _, r := range rules {
			all = append(all, r.Source)
		}
		return strings.Join(all, " || ")
	}
	if len(was) == 0 {
		return fmt.Sprintf("`%s` holds from now on", source(is))
	}
	return fmt.Sprintf("`%s` was `%s`", source(is), source(was))
}

// alternatives are the conditions one of which must hold.
func alternatives(rules []*model.Rule) (all []*model.Expr) {
	for _, r := range rules {
		all = append(all, r.When)
	}
	return all
}

// renamed are the new names of what has another in a model than it had.
func renamed(m *model.Model) map[string]string {
	names := map[string]string{}
	for _, e := range m.Entities {
		for _, f := range e.Fields {
			if f.Former != "" {
				names[f.Former] = f.Name
			}
		}
	}
	for _, module := range m.Modules {
		for _, e := range module.Enums {
			for _, v := range e.Values {
				if v.Former != "" {
					names[v.Former] = v.Name
				}
			}
		}
	}
	return names
}

// same tells whether two conditions are the same, but for names that changed.
func (c *promises) same(was, is *model.Expr) bool {
	return text(was) == text(is) || was != nil && text(c.called(was)) == text(is)
}

// called is a condition of before with the names of now.
func (c *promises) called(x *model.Expr) *model.Expr {
	now := *x
	now.Args, now.Path = slices.Clone(x.Args), slices.Clone(x.Path)
	for i, a := range now.Args {
		now.Args[i] = c.called(a)
	}
	for i, name := range now.Path {
		if to := c.renamed[name]; to != "" {
			now.Path[i] = to
		}
	}
	if name, ok := x.Value.(string); ok && c.renamed[name] != "" {
		now.Value = c.renamed[name]
	}
	return &now
}

// asWide tells whether it is sure that one of is holds wherever one of was did: it is where each alternative of before has all that
// some alternative of now asks for. That goes by how conditions are written; of others nobody can say it.
func (c *promises) asWide(was, is []*model.Expr) bool {
	now := parts(model.Or, is)
	return !slices.ContainsFunc(parts(model.Or, was), func(before *model.Expr) bool {
		had := parts(model.And, []*model.Expr{before})
		return !slices.ContainsFunc(now, func(x *model.Expr) bool {
			return !slices.ContainsFunc(parts(model.And, []*model.Expr{x}), func(asked *model.Expr) bool {
				return !constant(asked, true) && !slices.ContainsFunc(had, func(h *model.Expr) bool { return constant(h, false) || c.implies(h, asked) })
			})
		})
	})
}

// parts takes conditions apart that are joined by op. No condition is one that holds.
func parts(op model.Op, all []*model.Expr) (out []*model.Expr) {
	for _, x := range all {
		switch {
		case x == nil:
			out = append(out, &model.Expr{Op: model.Const, Value: true})
		case x.Op == op:
			out = append(out, parts(op, x.Args)...)
		default:
			out = append(out, x)
		}
	}
	return out
}

func constant(x *model.Expr, value bool) bool { return x.Op == model.Const && x.Value == value }

// implies tells whether is surely holds where was does: it is the same, it takes one of more, or it asks for somebody who is signed in
// where was compares something with him.
func (c *promises) implies(was, is *model.Expr) bool {
	if c.same(was, is) {
		return true
	}
	nothing := func(x *model.Expr) bool { return x.Op == model.Const && x.Value == nil }
	switch {
	case is.Op == model.In && (was.Op == model.In || was.Op == model.Eq):
		return c.same(was.Args[0], is.Args[0]) && !slices.ContainsFunc(was.Args[1:], func(a *model.Expr) bool {
			return !slices.ContainsFunc(is.Args[1:], func(b *model.Expr) bool { return c.same(a, b) })
		})
	case is.Op == model.Ne && is.Args[0].Op == model.Get && is.Args[0].Root == model.Viewer && len(is.Args[0].Path) == 0 && nothing(is.Args[1]):
		switch was.Op {
		case model.Eq, model.Lt, model.Le, model.Gt, model.Ge, model.In:
			return !slices.ContainsFunc(was.Args, nothing) &&
				slices.ContainsFunc(was.Args[:min(2, len(was.Args))], func(a *model.Expr) bool { return a.Op == model.Get && a.Root == model.Viewer })
		}
	}
	return false
}
