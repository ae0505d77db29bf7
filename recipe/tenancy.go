package recipe

import (
	"fmt"

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
	for _, name := range []string{"Workspace", "Member"} {
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
	e.define(file, "Who shares what: customers, kept apart.", fmt.Sprintf(`"A customer. What has a workspace belongs to it and is seen from inside it only."
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
`, account.Name))
	e.note("rules of the types that belong to a workspace go on to hold, so what is to be seen by all of its members says so: @allow(when: \"workspace.inside\"); inside a workspace there is nothing of any other")
	e.note("an owner makes members of accounts that he may read: as long as each may read himself alone, say in @allow of %s whom else, or let an operation invite by email address", account.Name)
	return "Workspace", nil
}
