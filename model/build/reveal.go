package build

import (
	"slices"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// A unique constraint tells one bit of a row that the viewer may not READ: that it is there, by refusing a second one. Nothing
// can keep that bit from whoever may choose the values, so where READ is restricted the design says that it knows.
//
// No more is told, and nothing need be said, where a caller learns nothing that he could not ask for (decision 0024): a key is
// an address, which whoever has it may try; of a login registration speaks; fields that clients never choose collide with
// nothing that they chose; and within a tenant, or beside a reference, whose row the caller must be able to READ, there are no
// rows but those of that one.

// keepSecrets reports unique constraints that tell more than anybody said.
func (b *builder) keepSecrets() {
	for _, e := range b.model.Entities {
		for _, u := range e.Uniques {
			if !u.Reveals && u.Pos.File != "" && b.secret(e, u) {
				d := b.uniqueAt(e, u)
				if d == nil {
					continue
				}
				b.problems.AddEdit(u.Pos, Reveals, "write reveals: true into it", revealing(d),
					"%s that a viewer may not read is told by this: who gives another the same %s hears that it is taken", article(e.Name), u.Fields[len(u.Fields)-1].Name)
			}
		}
	}
}

// secret tells whether u tells of rows that READ hides something that its caller could not ask for.
func (b *builder) secret(e *model.Entity, u *model.Unique) bool {
	if e.TenantColumn != "" && e.TenantColumn != "id" || e.Internal || len(u.Fields) == 1 && u.Fields[0] == e.Key {
		return false
	}
	a := b.model.Account
	if a != nil && a.Entity == e && len(u.Fields) == 1 && (u.Fields[0] == a.Login || a.Login == nil) {
		return false
	}
	for _, f := range u.Fields {
		if f.Auto || f.ReadOnly || f.Internal || f.Kind == "" || isComputed(f) || f.Kind == model.Ref && !f.Null {
			return false
		}
	}
	return restricted(e, u) && b.chosen(e, u)
}

// restricted tells whether a row, or a field of the constraint, may be there that somebody may not READ.
func restricted(e *model.Entity, u *model.Unique) bool {
	open := func(rules []*model.Rule) bool {
		return slices.ContainsFunc(rules, func(r *model.Rule) bool { return r.When.Op == model.Const && r.When.Value == true })
	}
	return !open(e.Allow.Read) || slices.ContainsFunc(u.Fields, func(f *model.Field) bool { return len(f.Allow.Read) > 0 && !open(f.Allow.Read) })
}

// chosen tells whether clients choose the values: in a new row, in one that they change, or when they register.
func (b *builder) chosen(e *model.Entity, u *model.Unique) bool {
	changes := slices.ContainsFunc(u.Fields, func(f *model.Field) bool { return !f.Immutable })
	registers := b.model.Account != nil && b.model.Account.Entity == e &&
		slices.ContainsFunc(u.Fields, func(f *model.Field) bool { return slices.Contains(b.model.Account.Fields, f) })
	return len(e.Allow.Create) > 0 || len(e.Allow.Update) > 0 && changes || registers
}

// uniqueAt is the directive that says u.
func (b *builder) uniqueAt(e *model.Entity, u *model.Unique) *design.Directive {
	for _, d := range append(design.FindAll(b.declared[e].Directives, "unique"), b.uniquesOfFields(e)...) {
		if d.Pos == u.Pos {
			return d
		}
	}
	return nil
}

// revealing is the edit that makes a directive say it.
func revealing(d *design.Directive) diag.Edit {
	if len(d.Args) == 0 {
		return diag.Edit{Pos: d.End, Text: "(reveals: true)"}
	}
	return diag.Edit{Pos: d.Args[len(d.Args)-1].Value.End, Text: ", reveals: true"}
}
