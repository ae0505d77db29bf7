package goclient

import (
	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// names are what things are called in Go.
type names struct {
	taken      map[string]bool // in the package
	objects    map[*client.Object]string
	enums      map[*model.Enum]string
	values     map[*model.Enum][]string
	codes      map[string]string
	resources  map[*client.Resource]string // the type
	columns    map[*client.Object]string   // the variable
	methods    map[string]bool             // of Client, and its fields
	members    map[*client.Resource]string // the field of Client
	operations map[*client.Operation]string

	batches map[*client.Resource]string  // the type
	parts   map[*client.Operation]string // the method of RequestBatch
	batched map[*client.Resource]string  // the field of RequestBatch
}

// newNames gives names. Those of the runtime never change; who comes first keeps its own, another gets the word for what it
// is behind it.
func newNames(plan *client.Plan, reserved map[string]bool) *names {
	n := &names{
		taken: reserved, objects: map[*client.Object]string{}, enums: map[*model.Enum]string{}, values: map[*model.Enum][]string{},
		codes: map[string]string{}, resources: map[*client.Resource]string{}, columns: map[*client.Object]string{},
		methods: map[string]bool{"In": true}, members: map[*client.Resource]string{}, operations: map[*client.Operation]string{},
	}
	if plan.Batch {
		n.methods["Batch"] = true
	}
	if plan.Account != nil {
		for _, name := range []string{"Register", "Verify", "Resend", "SignIn", "SignOut"} {
			n.methods[name] = true
		}
	}
	for _, c := range plan.Codes {
		if name := spell.Constant("Code", c.Name); c.Name == "UNAUTHENTICATED" {
			n.codes[c.Name] = name // the runtime's
		} else {
			n.codes[c.Name] = free(n.taken, name, "Fault")
		}
	}
	for _, o := range plan.Objects {
		if o.Role == client.Row {
			n.objects[o] = free(n.taken, o.Name, "Row")
		}
	}
	for _, e := range plan.Enums {
		n.enums[e] = free(n.taken, e.Name, "Enum")
	}
	for _, o := range plan.Objects {
		if o.Role != client.Row {
			n.objects[o] = free(n.taken, o.Name, "Value")
		}
	}
	for _, e := range plan.Enums {
		for _, v := range e.Values {
			n.values[e] = append(n.values[e], free(n.taken, spell.Constant(n.enums[e], v.Name), "Value"))
		}
	}
	for _, r := range plan.Resources {
		n.resources[r] = free(n.taken, r.Entity.Name+"Resource", "Type")
		n.members[r] = free(n.methods, spell.Exported(r.Entity.Plural), "Rows")
	}
	for _, o := range plan.Operations {
		n.operations[o] = free(n.methods, spell.Exported(o.Name), "Operation")
		if o.Page != nil {
			n.methods[n.operations[o]+"All"] = true
		}
	}
	for _, o := range plan.Objects {
		if o.Role == client.Row {
			n.columns[o] = free(n.taken, spell.Exported(o.Entity.Plural), "Columns")
		}
	}
	n.batches, n.parts, n.batched = map[*client.Resource]string{}, map[*client.Operation]string{}, map[*client.Resource]string{}
	taken := map[string]bool{"Send": true}
	for _, r := range plan.Resources {
		if r.Writes() {
			n.batches[r] = free(n.taken, r.Entity.Name+"Batch", "Type")
			n.batched[r] = free(taken, spell.Exported(r.Entity.Plural), "Rows")
		}
	}
	for _, o := range plan.Operations {
		if o.Kind == model.Mutation {
			n.parts[o] = free(taken, spell.Exported(o.Name), "Operation")
		}
	}
	return n
}

// free is name, with a suffix where it is taken.
func free(taken map[string]bool, name, suffix string) string {
	for taken[name] {
		name += suffix
	}
	taken[name] = true
	return name
}
