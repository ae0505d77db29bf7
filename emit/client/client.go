// Package client says what a typed client of a service's REST door has, in no language.
//
//	model, door ─▶ Plan (objects, resources, operations) ─▶ emit/goclient, emit/tsclient
//
// Both languages spell the same plan, so that they offer the same. What is shown and taken is decided by package door.
package client

import (
	"strings"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// Version is what stands before the paths of the door.
const Version = "/v1"

// Plan is a client.
type Plan struct {
	Service    string // "shop"
	Tenant     *model.Tenant
	Account    *Account // nil where nobody signs in
	Enums      []*model.Enum
	Objects    []*Object
	Resources  []*Resource
	Operations []*Operation
	Codes      []Code
	Batch      bool // whether there is anything to write
}

// Account is how people sign in.
type Account struct {
	Login        *Member
	Registration *Object // the login, a password and what else it takes
	Verify       model.Verify
}

// Role is what an object is for.
type Role string

// The roles.
const (
	Row      Role = "row"      // of an entity, as it is shown
	Creation Role = "creation" // what makes a row
	Patch    Role = "patch"    // what changes one: all that is left out stays
	Whole    Role = "value"    // a value object
	Sent     Role = "sent"     // an input, or rows that are written along
	Choice   Role = "choice"   // one of its members: a union
	Figures  Role = "figures"  // what rows come to
)

// Object is an object of JSON.
type Object struct {
	Name    string // as in the design, or made of its names; a language may have to spell it otherwise
	Doc     string
	Role    Role
	Entity  *model.Entity // of a Row, Creation, Patch
	Members []Member
}

// Member is one of the members of an object.
type Member struct {
	Name       string // in JSON
	Doc        string
	Deprecated string
	Type       Type
	Null       bool
	Optional   bool // it may be left out
	Default    bool // left out it is something else than null
}

// Kind is what a value is.
type Kind string

// The kinds of values.
const (
	Scalar    Kind = "scalar"
	Enum      Kind = "enum"
	Struct    Kind = "struct"    // an Object
	Reference Kind = "reference" // to a row: its id, or all of it
	Key       Kind = "key"       // names a row: its id or its key
	PageOf    Kind = "page"      // of rows
)

// Type is the type of a value, or of each of several.
type Type struct {
	Kind   Kind
	Scalar model.Kind
	Enum   *model.Enum
	Object *Object // of a Struct, a Reference, a PageOf
	List   bool
}

// Resource is what is done with the rows of an entity. What the design does not allow is nil or false.
type Resource struct {
	Entity  *model.Entity
	Row     *Object
	Path    string // "/v1/products"
	List    bool
	Get     bool
	Create  *Object
	Update  *Object
	Delete  bool
	Restore bool
	History *Object // an entry
	Figures *Object // of Aggregate
}

// Writes tells whether anything is written.
func (r *Resource) Writes() bool { return r.Create != nil || r.Update != nil || r.Delete || r.Restore }

// Operation is a business operation, or a list of rows by a condition.
type Operation struct {
	*model.Operation
	Path   string  // "/v1/orders/{order}/cancel"
	Args   *Object // nil without any
	InPath []string
	InBody bool  // the arguments that the path does not hold are the body, else parameters
	Result *Type // a row is a Struct; nil of a Page
	Null   bool  // the result may be null
	Page   *Object
}

// New plans the client of a service.
func New(m *model.Model) *Plan {
	b := &builder{plan: &Plan{Service: m.Name, Tenant: m.Tenant}, objects: map[string]*Object{}, enums: map[*model.Enum]bool{}}
	for _, e := range door.Entities(m) {
		if e.HistoryOf == nil {
			b.resource(e)
		}
	}
	for _, o := range door.Operations(m) {
		b.operation(o)
	}
	b.account(m.Account)
	b.plan.Codes = codes(m)
	return b.plan
}

// builder collects the parts of a plan.
type builder struct {
	plan    *Plan
	objects map[string]*Object
	enums   map[*model.Enum]bool
}

// object returns the object that is known as key, which write fills the first time: it may hold itself.
func (b *builder) object(key string, o Object, write func(*Object)) *Object {
	if known := b.objects[key]; known != nil {
		return known
	}
	made := &o
	b.objects[key] = made
	b.plan.Objects = append(b.plan.Objects, made)
	write(made)
	return made
}

func (b *builder) resource(e *model.Entity) {
	exposed := func(verb model.Verb, name string) bool { return door.Exposed(e, verb) && !door.Replaced(e, name) }
	r := &Resource{Entity: e, Path: Version + "/" + e.Path, Row: b.row(e)}
	r.List = exposed(model.Read, e.Plural)
	r.Get = exposed(model.Read, e.Singular)
	if exposed(model.Read, e.Plural+"Aggregate") {
		r.Figures = b.figures(e)
	}
	if exposed(model.Create, "create"+e.Name) {
		r.Create = b.creation(e)
		b.plan.Batch = true
	}
	if exposed(model.Update, "update"+e.Name) && len(door.UpdateFields(e)) > 0 {
		r.Update = b.patch(e)
		b.plan.Batch = true
	}
	r.Delete = exposed(model.Delete, "delete"+e.Name)
	b.plan.Batch = b.plan.Batch || r.Delete
	r.Restore = door.Restorable(e) && !door.Replaced(e, "restore"+e.Name)
	if e.History != nil && door.Exposed(e, model.Read) {
		r.History = b.row(e.History)
	}
	if r.List || r.Get || r.Create != nil || r.Update != nil || r.Delete || r.Restore || r.History != nil || r.Figures != nil {
		b.plan.Resources = append(b.plan.Resources, r)
	}
}

// account is how people register and sign in.
func (b *builder) account(a *model.Account) {
	if a == nil {
		return
	}
	login := b.member(a.Login, true)
	login.Null, login.Optional = false, false
	password := Member{Name: "password", Type: Type{Kind: Scalar, Scalar: model.String}}
	b.plan.Account = &Account{Login: &login, Verify: a.Verify}
	b.plan.Account.Registration = b.object("account registration", Object{
		Name: "Registration", Doc: "Registration is what an account is made of.", Role: Creation,
	}, func(o *Object) {
		o.Members = []Member{login, password}
		for _, f := range a.Fields {
			o.Members = append(o.Members, b.taken(f))
		}
	})
}

// Doc is what is said of a field, in one line.
func Doc(f *model.Field) string { return strings.TrimSpace(door.Doc(f)) }

// Tenancy is where requests name their tenant, as the clients' runtimes have it: "path:workspaces", "header", "subdomain", or
// nothing.
func Tenancy(t *model.Tenant) string {
	if t == nil {
		return ""
	}
	switch t.By {
	case model.ByPath:
		return "path:" + t.Entity.Path
	case model.ByHeader:
		return "header"
	}
	return "subdomain"
}
