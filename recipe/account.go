package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
)

var registration = &Recipe{
	Name:    "registration",
	Title:   "people register with an email address that they prove, sign in and out",
	Takes:   "nothing",
	Example: "fettle add registration",
	phrases: []string{"register", "registration", "sign up", "signup", "email verification", "verification by email", "verification by mail", "email confirmation", "confirmation by email", "verify email", "verify their email", "confirm their email", "create account", "login", "log in", "sign in", "authentication", "authenticate", "accounts"},
	apply: func(e *editor, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("takes nothing, not %s", strings.Join(args, " "))
		}
		if err := e.register(); err != nil {
			return err
		}
		e.note("POST /auth/register sends a message with a link, POST /auth/verify takes its token; then /auth/sign-in, /auth/refresh and /auth/sign-out")
		e.note("while it is developed, messages are at /dev/mail; SMTP_URL sends them")
		return nil
	},
}

var passwordReset = &Recipe{
	Name:    "password-reset",
	Title:   "who has forgotten a password sets a new one by a link",
	Takes:   "nothing",
	Example: "fettle add password-reset",
	phrases: []string{"password reset", "reset password", "reset a password", "reset the password", "reset my password", "reset their password", "forgot password", "forgot my password", "forgot their password", "forgotten password"},
	apply: func(e *editor, args []string) error {
		if len(args) > 0 {
			return fmt.Errorf("takes nothing, not %s", strings.Join(args, " "))
		}
		if e.account() == nil {
			if err := e.newAccount(); err != nil {
				return err
			}
		}
		e.note("every account has it: POST /auth/forgot sends a link that works once, for an hour; POST /auth/reset takes its token and the new password, and ends all sessions")
		e.note("while it is developed, messages are at /dev/mail; SMTP_URL sends them")
		return nil
	},
}

// register makes an account whose email address is proven before it signs in.
func (e *editor) register() error {
	account := e.account()
	if account == nil {
		return e.newAccount()
	}
	verify := design.Find(account.Directives, "account").Arg("verify")
	if verify == nil || verify.Text == "BEFORE_SIGN_IN" {
		return nil
	}
	e.edit(diag.Between(verify.Pos, verify.End, "BEFORE_SIGN_IN"))
	return nil
}

// newAccount makes an entity User the account, or writes one.
func (e *editor) newAccount() error {
	have := e.typ("User")
	if have == nil {
		e.define(moduleFile("accounts"), "Who may sign in.", `"A person who signs in here."
type User @entity @account(login: email)
  @allow(do: [READ, UPDATE], when: "this == viewer") {
  email: Email! @unique @personal
  name: String! @length(min: 1, max: 80) @personal
}
`)
		return nil
	}
	if design.Find(have.Directives, "entity") == nil {
		return fmt.Errorf("%s:%d: User is no entity, and no other type has @account: write @account(login:) on the entity that signs in", have.Pos.File, have.Pos.Line)
	}
	if email := field(have, "email"); email != nil && (email.Type.Name != "Email" || !email.Type.Required || email.Type.List) {
		return fmt.Errorf("%s:%d: write email: Email! first: what people sign in with is an email address", email.Pos.File, email.Pos.Line)
	}
	e.addField("User", "email", "Email! @unique @personal", "")
	e.addToField("User", "email", "unique", "")
	e.addDirective("User", "account", "(login: email)")
	if len(rules(e.typ("User"), "READ")) == 0 {
		e.allow("User", []string{"READ", "UPDATE"}, "this == viewer")
	}
	return nil
}

// privileged are names of roles that nobody means for whoever registers.
var privileged = regexp.MustCompile(`^(SUPER_?)?(ADMIN|ADMINISTRATOR|OWNER|ROOT)$|^SUPER_?USER$`)

var roles = &Recipe{
	Name:    "roles",
	Title:   "people have a role, which rules may ask for and only the last role may change",
	Takes:   "[ROLE...], the first being that of new accounts; MEMBER ADMIN unless given",
	Example: "fettle add roles CUSTOMER STAFF ADMIN",
	phrases: []string{"role", "roles", "admin role", "permissions", "rbac", "rbac roles", "role based access control"},
	apply: func(e *editor, args []string) error {
		names := args
		if len(names) == 0 {
			names = []string{"MEMBER", "ADMIN"}
		}
		for _, name := range names {
			if !valueName.MatchString(name) {
				return fmt.Errorf("%s: a role is written in capitals, such as STAFF", name)
			}
		}
		if len(names) < 2 {
			return fmt.Errorf("one role tells nobody apart: name two at least")
		}
		if privileged.MatchString(names[0]) {
			return fmt.Errorf("%s stands first, and the first role is that of everybody who registers: name them from the least rights to the most, %s", names[0], strings.Join(append(slices.Clone(names[1:]), names[0]), " "))
		}
		if account := e.account(); account == nil {
			if err := e.newAccount(); err != nil {
				return err
			}
		} else if have := field(account, "role"); have != nil {
			if enum := e.design.ByName[have.Type.Name]; enum != nil && len(args) > 0 {
				for _, name := range names {
					if !slices.ContainsFunc(enum.Values, func(v *design.EnumValue) bool { return v.Name == name }) {
						return fmt.Errorf("%s:%d: %s has a role already, and %s is none of %s: write it there", enum.Pos.File, enum.Pos.Line, account.Name, name, enum.Name)
					}
				}
			}
			e.note("%s:%d: %s has a role already: %s", have.Pos.File, have.Pos.Line, account.Name, have.Type.Name)
			return nil
		}
		account := e.account()
		if have := e.typ("Role"); have != nil {
			return fmt.Errorf("%s:%d: Role is declared already, and %s has no field role: add it by hand", have.Pos.File, have.Pos.Line, account.Name)
		}
		first, last := names[0], names[len(names)-1]
		when := "viewer.role == " + last
		e.addField(account.Name, "role", fmt.Sprintf("Role! @default(value: %s) @allow(do: UPDATE, when: %q)", first, when), "What this person may do here. Rules ask for viewer.role.")
		e.define(fileOf(account), "", fmt.Sprintf("enum Role { %s }\n", strings.Join(names, " ")))
		e.allow(account.Name, []string{"READ", "UPDATE"}, when)
		e.note("the first %s is made in the database or by your seed: nobody can give the role to himself", last)
		return nil
	},
}

var ownership = &Recipe{
	Name:    "ownership",
	Title:   "rows have an owner, who may see, change and delete them",
	Takes:   "TYPE...",
	Example: "fettle add ownership Note",
	phrases: []string{"owner", "ownership", "owned by", "own their", "belongs to user", "private to"},
	apply: func(e *editor, args []string) error {
		return e.each(args, func(t *design.Type) error { return e.own(t.Name) })
	},
}

// own gives a type an owner and the rules of one.
func (e *editor) own(name string) error {
	if e.account() == nil {
		if err := e.newAccount(); err != nil {
			return err
		}
	}
	account, t := e.account(), e.typ(name)
	if t == account {
		return fmt.Errorf("%s is who owns: name what is owned", name)
	}
	verbs := []string{"READ", "CREATE", "UPDATE", "DELETE"}
	if len(design.FindAll(t.Directives, "allow")) > 0 && field(t, "owner") == nil {
		verbs = []string{"READ", "UPDATE", "DELETE"} // who may create stays as it is: ownership opens no door to others
	}
	owner := "owner"
	for _, f := range t.Fields { // by whatever name: an author owns what he wrote
		if f.Type.Name == account.Name && !f.Type.List && textOf(design.Find(f.Directives, "default").Arg("from")) == "viewer" {
			owner = f.Name
			e.allow(name, []string{"READ", "UPDATE", "DELETE"}, owner+" == viewer")
			return nil
		}
	}
	if have := field(t, "owner"); have != nil && have.Type.Name != account.Name {
		return fmt.Errorf("%s:%d: owner of %s is a %s, not a %s", have.Pos.File, have.Pos.Line, name, have.Type.Name, account.Name)
	} else if have != nil && len(design.FindAll(t.Directives, "allow")) > 0 {
		return nil
	}
	e.sayWhich(account, t)
	e.addField(name, owner, account.Name+`! @readOnly @default(from: "viewer") @onDelete(do: CASCADE)`, "")
	e.allow(name, verbs, owner+" == viewer")
	return nil
}

// sayWhich says of each list of the account which reference it is the other side of, before another reference comes.
func (e *editor) sayWhich(account, t *design.Type) {
	var refers []string
	for _, f := range t.Fields {
		if f.Type.Name == account.Name && !f.Type.List {
			refers = append(refers, f.Name)
		}
	}
	if len(refers) != 1 {
		return // none is shown, or the design says already which
	}
	for _, f := range account.Fields {
		if f.Type.Name == t.Name && f.Type.List && design.Find(f.Directives, "through") == nil && design.Find(f.Directives, "computed") == nil {
			e.addToField(account.Name, f.Name, "inverse", "(field: "+refers[0]+")")
		}
	}
}

// each does something to each entity that is named, and to one at least.
func (e *editor) each(args []string, do func(*design.Type) error) error {
	if len(args) == 0 {
		return e.usage()
	}
	for _, arg := range args {
		t, err := e.entity(arg)
		if err != nil {
			return err
		}
		if err := do(t); err != nil {
			return err
		}
	}
	return nil
}
