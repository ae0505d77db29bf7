package tsclient

import (
	"regexp"
	"strconv"

	"github.com/fettlehq/fettle/emit/client"
	"github.com/fettlehq/fettle/emit/spell"
	"github.com/fettlehq/fettle/model"
)

// names are what things are called in TypeScript.
type names struct {
	taken      map[string]bool // in the module
	objects    map[*client.Object]string
	enums      map[*model.Enum]string
	resources  map[*client.Resource]string // the class
	methods    map[string]bool             // of Client, and its properties
	members    map[*client.Resource]string // the property of Client
	operations map[*client.Operation]string
	kinds      map[*client.Object]pathKinds

	batches map[*client.Resource]string  // the class
	parts   map[*client.Operation]string // the method of RequestBatch
	batched map[*client.Resource]string  // the property of RequestBatch
}

// pathKinds are the types of the paths of a row.
type pathKinds struct{ own, field, relation, include, order, where string }

// newNames gives names. Those of the runtime never change; who comes first keeps its own, another gets the word for what it
// is behind it.
func newNames(plan *client.Plan, reserved map[string]bool) *names {
	n := &names{
		taken: reserved, objects: map[*client.Object]string{}, enums: map[*model.Enum]string{}, resources: map[*client.Resource]string{},
		// A client with a method then would be taken for a promise.
		methods: map[string]bool{"constructor": true, "then": true, "in": true, "toString": true, "valueOf": true},
		members: map[*client.Resource]string{}, operations: map[*client.Operation]string{}, kinds: map[*client.Object]pathKinds{},
	}
	if plan.Batch {
		n.methods["batch"] = true
	}
	if plan.Account != nil {
		for _, name := range []string{"register", "verify", "resend", "signIn", "signOut"} {
			n.methods[name] = true
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
	for _, r := range plan.Resources {
		n.resources[r] = free(n.taken, r.Entity.Name+"Resource", "Type")
		n.members[r] = free(n.methods, r.Entity.Plural, "Rows")
	}
	for _, o := range plan.Operations {
		n.operations[o] = free(n.methods, o.Name, "Operation")
		if o.Page != nil {
			n.methods[n.operations[o]+"All"] = true
		}
	}
	for _, o := range plan.Objects {
		if o.Role == client.Row {
			kind := func(suffix string) string { return free(n.taken, n.objects[o]+suffix, "Paths") }
			n.kinds[o] = pathKinds{kind("Own"), kind("Field"), kind("Relation"), kind("Include"), kind("Order"), kind("Where")}
		}
	}
	n.batches, n.parts, n.batched = map[*client.Resource]string{}, map[*client.Operation]string{}, map[*client.Resource]string{}
	taken := map[string]bool{"constructor": true, "then": true, "send": true}
	for _, r := range plan.Resources {
		if r.Writes() {
			n.batches[r] = free(n.taken, r.Entity.Name+"Batch", "Type")
			n.batched[r] = free(taken, r.Entity.Plural, "Rows")
		}
	}
	for _, o := range plan.Operations {
		if o.Kind == model.Mutation {
			n.parts[o] = free(taken, o.Name, "Operation")
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

var identifier = regexp.MustCompile(`^[A-Za-z_$][A-Za-z0-9_$]*$`)

// property is a name as that of a property.
func property(name string) string {
	if identifier.MatchString(name) {
		return name
	}
	return strconv.Quote(name)
}

// scalars are the types of scalars.
var scalars = map[model.Kind]string{
	model.ID: "ID", model.String: "string", model.UUID: "string", model.Email: "string", model.URL: "string",
	model.TimeZone: "string", model.Country: "string", model.Currency: "string",
	model.Int: "number", model.Int64: "Int64", model.Float: "number", model.Boolean: "boolean", model.Decimal: "Decimal",
	model.DateTime: "DateTime", model.Date: "CalendarDate", model.Time: "TimeOfDay", model.Duration: "Duration",
	model.JSON: "Json", model.Bytes: "Bytes",
}

// one is the type of one value.
func (n *names) one(t client.Type) string {
	switch t.Kind {
	case client.Enum:
		return n.enums[t.Enum]
	case client.Struct:
		return n.objects[t.Object]
	case client.Reference:
		return "Ref<" + n.objects[t.Object] + ">"
	case client.PageOf:
		return "PageOf<" + n.objects[t.Object] + ">"
	case client.Key:
		return "ID"
	}
	return scalars[t.Scalar]
}

// all is the type of a value, or of several.
func (n *names) all(t client.Type) string {
	if t.List {
		return n.one(t) + "[]"
	}
	return n.one(t)
}

func article(noun string) string { return client.Article(spell.Human(noun)) }
