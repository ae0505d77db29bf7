package recipe

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/design"
)

var tenancy = &Recipe{
	Name:    "tenancy",
	Title:   "customers have workspaces that nobody else sees into, named in the path: /workspaces/acme/v1/",
	Takes:   "TYPE..., what belongs to a workspace",
	Example: "fettle add tenancy Note",
	phrases: []string{"tenant", "tenants", "tenancy", "multi tenant", "multi tenancy", "workspace", "workspaces", "organisation", "organization"},
	apply: func(e *editor, args []string) error {
		if len(args) == 0 {
			return e.usage()
		}
		for _, arg := range args {
			if _, err := e.entity(arg); err != nil {
				return err
			}
		}
		tenant, err := e.tenant(args)
		if err != nil {
			return err
		}
		return e.each(args, func(t *design.Type) error {
			if t == e.account() {
				return fmt.Errorf("%s is the account, which is no part of a workspace: its Member is", t.Name)
			}
			if t.Name == tenant {
				return fmt.Errorf("%s is the tenant itself", tenant)
			}
			for _, f := range t.Fields {
				if f.Type.Name == tenant && !f.Type.List && f.Type.Required {
					return nil
				}
			}
			e.addField(t.Name, lower(tenant), tenant+"! @immutable @onDelete(do: CASCADE)", "")
			return nil
		})
	},
}

// tenant is the name of the tenant, which is written where there is none: into a module of its own, unless what is to belong
// to it stands beside the account, to which it refers.
func (e *editor) tenant(belong []string) (string, error) {
	for _, t := range e.entities() {
		if design.Find(t.Directives, "tenant") != nil {
			return t.Name, nil
		}
	}
	for _, name := range []string{"Workspace", "Member", "Invitation"} {
		if t := e.typ(name); t != nil {
			return "", fmt.Errorf("%s:%d: %s is there already, and no tenant: write @tenant on the entity that is a customer", t.Pos.File, t.Pos.Line, name)
		}
	}
	if e.account() == nil {
		if err := e.newAccount(); err != nil {
			return "", err
		}
	}
	account, file := e.account(), moduleFile("workspaces")
	for _, word := range belong {
		if t, err := e.entity(word); err == nil && t.Module == account.Module {
			file = fileOf(account)
		}
	}
	if !e.proves() {
		e.define(file, tenants, fmt.Sprintf(ofNamed, account.Name))
		e.note(rulesOfTenants)
		e.note("an owner makes members of accounts that he may read: as long as each may read himself alone, say in @allow of %s whom else; members by invitation need an @account whose login is an Email, verified BEFORE_SIGN_IN", account.Name)
		return "Workspace", nil
	}
	login := design.Find(account.Directives, "account").Arg("login").Text
	e.define(file, tenants, fmt.Sprintf(ofInvited, account.Name, login))
	e.note(rulesOfTenants)
	e.note("an owner invites an address: POST /workspaces/acme/v1/invitations; who signs in with it finds the workspace at GET /v1/workspaces, the invitation in it, and comes in by POST /workspaces/acme/v1/members; an invitation that is deleted takes its member with it")
	e.note("until then who is invited is there like any stranger who is signed in: a rule that holds for every %s holds for him too", account.Name)
	return "Workspace", nil
}

// proves reports whether who signs in has proved an email address, which is his name here.
func (e *editor) proves() bool {
	account := e.account()
	directive := design.Find(account.Directives, "account")
	verify, login := directive.Arg("verify"), directive.Arg("login")
	if login == nil || verify != nil && verify.Text != "BEFORE_SIGN_IN" {
		return false
	}
	return slices.ContainsFunc(account.Fields, func(f *design.Field) bool { return f.Name == login.Text && f.Type.Name == "Email" })
}

const (
	tenants        = "Customers, kept apart, and who is in each."
	rulesOfTenants = "rules of the types that belong to a workspace go on to hold, so what is to be seen by all of its members says so: @allow(when: \"workspace.inside\"); inside a workspace there is nothing of any other"
)

// ofInvited are tenants whose owner invites addresses. An invitation stays as long as its member does: it is by which he is in, so that who
// was put out does not come back by it.
const ofInvited = `"A customer. What has a workspace belongs to it and is seen from inside it only."
type Workspace @entity @tenant(by: PATH, when: "inside")
  @allow(do: READ, when: "inside || invited")
  @allow(do: [CREATE, UPDATE, DELETE], when: "owner == viewer") {
  handle: String! @key @length(min: 2, max: 40) @format(pattern: "^[a-z0-9-]+$")
  name: String! @length(min: 1, max: 80)
  owner: %[1]s! @readOnly @default(from: "viewer") @onDelete(do: RESTRICT)
  members: [Member!]!
  invitations: [Invitation!]!
  "Whether the viewer is the owner or a member."
  inside: Boolean! @internal @computed(from: "owner == viewer || members.exists(m, m.user == viewer)")
  "Whether the owner asked the viewer in."
  invited: Boolean! @internal @computed(from: "invitations.exists(i, i.email.lower() == viewer.%[2]s)")
}

"An address whose person may come in. Deleting it puts him out."
type Invitation @entity @unique(fields: [workspace, email], ignoreCase: true)
  @allow(do: [READ, CREATE, DELETE], when: "workspace.owner == viewer")
  @allow(do: READ, when: "email.lower() == viewer.%[2]s") {
  workspace: Workspace! @immutable @onDelete(do: CASCADE)
  email: Email! @immutable @personal
}

"A person in a workspace, who came by an invitation."
type Member @entity @unique(fields: [workspace, user])
  @allow(do: READ, when: "workspace.inside")
  @allow(do: CREATE, when: "user == viewer && invitation.email.lower() == viewer.%[2]s")
  @allow(do: DELETE, when: "user == viewer") {
  workspace: Workspace! @immutable @onDelete(do: CASCADE)
  user: %[1]s! @immutable @default(from: "viewer") @onDelete(do: CASCADE)
  invitation: Invitation! @unique @immutable @onDelete(do: CASCADE)
  "By which the others know him, who may not read his account."
  email: Email! @personal @computed(from: "invitation.email")
}
`

// ofNamed are tenants whose owner names the accounts that are members.
const ofNamed = `"A customer. What has a workspace belongs to it and is seen from inside it only."
type Workspace @entity @tenant(by: PATH, when: "inside")
  @allow(do: READ, when: "inside")
  @allow(do: [CREATE, UPDATE, DELETE], when: "owner == viewer") {
  handle: String! @key @length(min: 2, max: 40) @format(pattern: "^[a-z0-9-]+$")
  name: String! @length(min: 1, max: 80)
  owner: %[1]s! @readOnly @default(from: "viewer") @onDelete(do: RESTRICT)
  members: [Member!]!
  "Whether the viewer is the owner or a member."
  inside: Boolean! @internal @computed(from: "owner == viewer || members.exists(m, m.user == viewer)")
}

"A person in a workspace. Its owner says who."
type Member @entity @unique(fields: [workspace, user])
  @allow(do: READ, when: "workspace.inside")
  @allow(do: [CREATE, DELETE], when: "workspace.owner == viewer") {
  workspace: Workspace! @immutable @onDelete(do: CASCADE)
  user: %[1]s! @immutable @onDelete(do: CASCADE)
}
`
