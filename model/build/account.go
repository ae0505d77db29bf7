package build

import (
	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// account finds who signs in.
func (b *builder) account() {
	for _, e := range b.model.Entities {
		d := design.Find(b.declared[e].Directives, "account")
		if d == nil {
			continue
		}
		if b.model.Account != nil {
			b.problems.Add(d.Pos, BadAccount, "", "%s has the accounts already: one entity signs in", b.model.Account.Entity.Name)
			continue
		}
		a := &model.Account{Entity: e, Verify: model.BeforeSignIn}
		if v := d.Arg("verify"); v != nil {
			a.Verify = model.Verify(v.Text)
		}
		b.model.Account = a
		b.login(a, d)
	}
	for _, t := range b.design.Types {
		if d := design.Find(t.Directives, "account"); d != nil && b.entities[t.Name] == nil {
			b.problems.Add(d.Pos, BadAccount, "write @entity behind "+t.Name, "who signs in is an entity")
		}
	}
}

// loginEdit makes a field one to sign in with: an Email that is required and unique.
func (b *builder) loginEdit(f *model.Field) (string, diag.Edit) {
	if f == nil || b.written[f] == nil || f.Repeated {
		return "", diag.Edit{}
	}
	better := "Email!"
	if design.Find(b.directives(f), "unique") == nil {
		better += " @unique"
	}
	t := b.written[f].Type
	return "write " + f.Name + ": Email! @unique", diag.Between(t.Pos, t.End, better)
}

// login is the field by which an account is known: an email address that no two share.
func (b *builder) login(a *model.Account, d *design.Directive) {
	name := d.Arg("login")
	if name == nil {
		return
	}
	f := find(a.Entity.Fields, name.Text)
	hint, edit := b.loginEdit(f)
	switch {
	case f == nil:
		b.unknownField(a.Entity, name.Pos, name.Text)
		return
	case f.Kind == "":
		return
	case f.Kind != model.Email:
		b.problems.AddEdit(name.Pos, BadAccount, hint, edit, "people sign in with an Email, and %s is %s", f.Name, typOf(f))
		return
	case f.Null:
		b.problems.AddEdit(name.Pos, BadAccount, hint, edit, "the login %s is required", f.Name)
		return
	}
	a.Login = f
	f.Immutable = true // it was proven; to change it is the account's business, with a proof of the new one
	for _, u := range a.Entity.Uniques {
		if len(u.Fields) == 1 && u.Fields[0] == f {
			return
		}
	}
	for _, other := range design.FindAll(b.declared[a.Entity].Directives, "unique") {
		if names := other.Arg("fields").Names(); len(names) == 1 && names[0].Text == f.Name && other.Arg("when") == nil {
			return
		}
	}
	if b.broken[f] || b.declared[a.Entity].Broken {
		return
	}
	edit = diag.Edit{Pos: b.written[f].Type.End, Text: " @unique"}
	b.problems.AddEdit(name.Pos, BadAccount, hint, edit, "two accounts could share the login %s", f.Name)
}

// registration chooses the fields that a person gives when registering: what CREATE may set, less what has a rule of
// its own for writing, because nobody is signed in yet to satisfy one.
func (b *builder) registration() {
	a := b.model.Account
	if a == nil || a.Login == nil {
		return
	}
	for _, f := range a.Entity.Fields {
		if f == a.Login || f.Auto || f.ReadOnly || f.Internal || f.Kind == model.List || f.Kind == "" || isComputed(f) || f.Repeated || b.broken[f] {
			continue
		}
		ruled := len(f.Allow.Create) > 0 || len(f.Allow.Update) > 0
		optional := f.Null || f.Default != nil
		switch {
		case len(f.Allow.Create) > 0 && !optional:
			b.problems.Add(f.Pos, BadAccount, "give it a @default", "registration cannot give %s, which is required: its rule asks for a viewer who is not there yet", f.Name)
		case ruled && optional:
		default:
			a.Fields = append(a.Fields, f)
		}
	}
	for _, f := range a.Entity.Fields {
		required := !f.Null && f.Default == nil && f.Kind != model.List && f.Kind != "" && !isComputed(f) && !f.Auto && !f.Repeated && !b.broken[f]
		if required && (f.ReadOnly || f.Internal) && design.Find(b.directives(f), "default") == nil {
			b.problems.Add(f.Pos, BadAccount, "give it a @default, or leave out its \"!\"", "registration cannot give %s, which is required: clients never set it", f.Name)
		}
	}
}
