// Package model describes a backend: its types, operations, rules and storage.
//
//	design ─▶ model/build ─▶ Model ─▶ emit/golang, emit/openapi, emit/graphql
//	                               ─▶ schema ─▶ migrate
//
// A Model is complete and consistent once model/build returns it, and is never changed after. Every name that an
// output needs is already decided here. It knows nothing of files or formats: those belong to emit.
package model

import (
	"slices"
	"time"

	"github.com/fettlehq/fettle/diag"
)

// Model is a whole backend.
type Model struct {
	Name     string    // "shop"
	GoModule string    // "example.com/shop"
	Modules  []*Module // by name
	Entities []*Entity // of all modules, in source order
	Account  *Account  // nil without an @account
	Tenant   *Tenant   // nil without a @tenant
	Scalars  []*Scalar // constrained scalars that the design declares

	Interfaces []*Interface

	Clients []ClientLanguage // in which clients are written

	Subgraph bool // its GraphQL door is one of Apollo Federation 2
}

// ClientLanguage is what a client is written in.
type ClientLanguage string

// The choices of @backend(clients:).
const (
	GoClient         ClientLanguage = "GO"
	TypeScriptClient ClientLanguage = "TYPESCRIPT"
)

// Module is a bounded context: one file of the design, one package of the service.
type Module struct {
	Name       string // "orders"
	Doc        string
	Entities   []*Entity
	Enums      []*Enum
	Values     []*Struct // value objects
	Inputs     []*Struct // DTOs of operations
	Unions     []*UnionType
	Events     []*Event
	Operations []*Operation
	Uses       []*Module // whose types its Go code names, by name; never a cycle

	Subscriptions []*Operation
}

// Business returns the operations of m that the team writes in Go: all but queries by a condition.
func (m *Module) Business() []*Operation {
	var out []*Operation
	for _, o := range m.Operations {
		if o.Where == nil {
			out = append(out, o)
		}
	}
	return out
}

// Method is a field that the team works out in Go: @computed without from.
type Method struct {
	Entity *Entity
	Field  *Field
}

// Methods returns the fields of the entities of m that the team works out in Go.
func (m *Module) Methods() []Method {
	var out []Method
	for _, e := range m.Entities {
		for _, f := range e.Fields {
			if f.Method {
				out = append(out, Method{e, f})
			}
		}
	}
	return out
}

// Enum is an enumeration.
type Enum struct {
	Pos    diag.Pos
	Name   string
	Former string // the former name, or empty. No table has either
	Doc    string
	Module *Module
	Values []EnumValue
}

// EnumValue is one value of an Enum.
type EnumValue struct {
	Name       string // "OPEN"
	Former     string // the former name, or empty
	Doc        string
	Deprecated string  // the reason, or empty
	Sunset     *Sunset // what is known of its end; nil: nothing
}

// Event is a message that operations leave in the outbox, or one that others send.
type Event struct {
	Pos    diag.Pos
	Name   string // "OrderPlaced"
	Doc    string
	Module *Module
	Fields []*Field // references as ids
	Key    *Field   // one of Fields: messages with one value of it keep their order. Nil: there is none
	From   string   // the subject on the bus of a message that others send; empty of the backend's own
}

// Scalar is a scalar with a constraint: scalar Isbn @format(pattern:). It is stored as text.
type Scalar struct {
	Pos     diag.Pos
	Name    string
	Doc     string
	Pattern string // RE2
}

// Struct is a value object or an input.
type Struct struct {
	Pos    diag.Pos
	Name   string
	Doc    string
	Module *Module
	Fields []*Field
	Shapes []*Interface // that a value object implements
}

// Entity is a table, a typed store and, where a policy allows it, a resource at every door.
type Entity struct {
	Pos      diag.Pos
	Name     string // "OrderLine": GraphQL, Go
	Singular string // "orderLine": GraphQL
	Plural   string // "orderLines": GraphQL
	Path     string // "order-lines": REST
	Table    string // "order_lines"
	Doc      string
	Module   *Module
	Fields   []*Field // id, createdAt, updatedAt and version first, then as declared
	Key      *Field   // the field that addresses it at the doors: the @key, else id
	Upsert   bool     // @key(upsert: true): an unknown key that a reference names makes a row
	Page     Page
	Allow    Allow
	Uniques  []*Unique
	Indexes  []*Index
	Search   []*Field // whose words form the document that is searched, as declared; none without a @search
	Excludes []*Exclusion
	Checks   []*Check
	Shapes   []*Interface // that it implements
	Internal bool         // opens no door

	Deprecated string  // the reason, or empty. What leads to it is deprecated as well
	Sunset     *Sunset // what is known of its end; nil: nothing

	Was      string   // the former table
	Former   string   // the former name
	Replaced []string // generated doors ("createArticle") that a declared operation of that name stands for

	SoftDelete bool          // a row that is deleted stays, with the instant in the column DeletedAt
	Keep       time.Duration // how long it stays; 0 is for ever

	TenantColumn string // that holds the id of the tenant to which a row belongs; of the tenant itself "id"; empty outside of tenants
	TenantBy     *Field // the reference through which a row belongs to its tenant; nil of the tenant itself and of a history

	History   *Entity // who changed what: the entity of those entries, which is in no list of entities; nil without @history
	HistoryOf *Entity // of such an entity: the one whose history it is
}

// DeletedAt is the column that holds when a row was deleted. It is no field.
const DeletedAt = "deleted_at"

// Vanishes tells whether a row of e may stand in its table and not be there: it was deleted and stays, or what it is a part
// of by @onDelete(do: CASCADE) is.
func (e *Entity) Vanishes() bool { return e.vanishes(map[*Entity]bool{}) }

func (e *Entity) vanishes(passed map[*Entity]bool) bool {
	if e.SoftDelete || passed[e] {
		return e.SoftDelete
	}
	passed[e] = true
	for _, f := range e.Fields {
		if f.Kind == Ref && f.OnDelete == Cascade && f.Target != nil && f.Target.vanishes(passed) {
			return true
		}
	}
	return false
}

// TenantCopy is the column in which rows of e repeat the id of their tenant; empty where they have none, or where a reference
// to the tenant, or their own id, holds it.
func (e *Entity) TenantCopy() string {
	if e.TenantColumn == "id" || e.TenantBy != nil && e.TenantBy.Column == e.TenantColumn {
		return ""
	}
	return e.TenantColumn
}

// Tenant is what keeps customers apart.
type Tenant struct {
	Entity *Entity
	By     TenantBy
	When   *Expr // of a tenant: where a request names none, whose rows are seen
}

// TenantBy says where a request names its tenant.
type TenantBy string

// The choices of @tenant(by:).
const (
	ByPath      TenantBy = "PATH"
	ByHeader    TenantBy = "HEADER"
	BySubdomain TenantBy = "SUBDOMAIN"
)

// Account is how people sign in.
type Account struct {
	Entity *Entity
	Login  *Field
	Verify Verify
	Fields []*Field // that registration takes besides the login and the password
}

// Verify says when an email address must be proven.
type Verify string

// The choices of @account(verify:).
const (
	BeforeSignIn Verify = "BEFORE_SIGN_IN"
	Later        Verify = "LATER"
	Never        Verify = "NEVER"
)

// Verb is what a rule is about.
type Verb string

// The verbs.
const (
	Read   Verb = "READ"
	Create Verb = "CREATE"
	Update Verb = "UPDATE"
	Delete Verb = "DELETE"
)

// Allow is the rules of an entity, a field or an operation. Several rules of a verb are alternatives; what none allows
// is not exposed. A field without rules of its own for a verb follows its entity.
type Allow struct {
	Read, Create, Update, Delete []*Rule
}

// Rule is one @allow of one verb.
type Rule struct {
	When   *Expr
	Pos    diag.Pos // of the expression
	Source string   // as written

	SignedOut bool // whether it may hold for a viewer who is not signed in
}

// Kind is the kind of a field's value.
type Kind string

// The kinds. The scalars have the names of the language.
const (
	ID       Kind = "ID"
	String   Kind = "String"
	Int      Kind = "Int"
	Int64    Kind = "Int64"
	Float    Kind = "Float"
	Boolean  Kind = "Boolean"
	Decimal  Kind = "Decimal"
	DateTime Kind = "DateTime"
	Date     Kind = "Date"
	Time     Kind = "Time"
	Duration Kind = "Duration"
	UUID     Kind = "UUID"
	Email    Kind = "Email"
	URL      Kind = "URL"
	JSON     Kind = "JSON"
	Bytes    Kind = "Bytes"
	TimeZone Kind = "TimeZone"
	Country  Kind = "Country"
	Currency Kind = "Currency"
	EnumKind Kind = "Enum"      // Field.Enum
	Value    Kind = "Value"     // Field.Struct: a value object, flattened into columns
	InputDTO Kind = "Input"     // Field.Struct: an input of an operation
	Ref      Kind = "Reference" // Field.Target: one row
	List     Kind = "List"      // Field.Target: rows of the other side
	File     Kind = "File"      // checked, not built yet
	Union    Kind = "Union"     // Field.Arms: one row of one of several entities
)

// Field is a field of an entity, a value object or an input, or an argument of an operation.
type Field struct {
	Pos      diag.Pos
	Name     string // "createdAt"
	Doc      string
	Kind     Kind
	Null     bool
	Repeated bool       // a list of scalars, references or structs; of an entity, of scalars only, in one column
	Enum     *Enum      // of an EnumKind
	Struct   *Struct    // of a Value or InputDTO
	Target   *Entity    // of a Ref or List
	Union    *UnionType // of a Union
	Scalar   *Scalar    // of a String with a declared scalar
	Fields   []*Field   // of a Value in an entity: a copy of the struct's fields with columns of their own

	Column string // "created_at"; of a Ref "author_id"; of a Value's part "price_amount"; empty for a List
	Was    string // the former column
	Former string // the former name

	// List only.
	Inverse *Field     // one-to-many: the reference on Target that points back
	Join    *JoinTable // many-to-many
	Through *Through   // many-to-many by way of an entity, whose table Join is
	Page    Page       // of the list
	Parts   *Parts     // of a one-to-many: what the doors do with its rows along with the row; nil: nothing
	Bound   int        // @length(max:) of a list: a plain array of at most so many; 0 is a connection

	Tenant bool // a Ref to the tenant to which the row belongs: that of the request unless it is given

	// A Union of an entity is an exclusive arc: it has no column, but a reference for each entity that it joins, at most
	// one of which is not null.
	Arms  []*Field // of a Union, in order
	ArmOf *Field   // of such a reference: the Union

	OnDelete OnDelete // Ref only
	Said     bool     // whether the design says OnDelete; else it is only what foreign keys do

	// Who sets it.
	Auto      bool // id, createdAt, updatedAt, version: the runtime's
	ReadOnly  bool
	Immutable bool
	Internal  bool
	WriteOnly bool
	Personal  bool
	Search    bool // its words are in the entity's search document

	Default *Expr // a constant or an expression; nil without
	Flow    *Flow // of an EnumKind; nil: any value may follow any

	// Validation.
	MinLength, MaxLength *int // characters; of a bounded list, elements
	Min, Max             *float64
	Pattern              string // RE2
	Digits, Scale        int    // of a Decimal
	Checks               []*Check

	Allow      Allow
	Deprecated string  // the reason, or empty
	Sunset     *Sunset // what is known of its end; nil: nothing

	Computed *Expr // @computed(from:): it has no column

	Method bool // @computed without from: a method of Go works it out; it has no column
}

// Interface is a shape that types share: they have its fields. Nothing is of its type; it is for those who read a contract.
type Interface struct {
	Pos    diag.Pos
	Name   string
	Doc    string
	Fields []*Field // with a name and words; what they are, each type says
}

// UnionType is a union of entities.
type UnionType struct {
	Pos     diag.Pos
	Name    string
	Doc     string
	Module  *Module
	Members []*Entity
}

// Parts says what may be done with the rows of a list in one write with the row that they belong to.
type Parts struct {
	Create, Update, Delete bool
}

// Flow is a state machine: which value of an enum may follow which. To stay is no step and always allowed.
type Flow struct {
	Begins []string // in which a new row may stand, besides its default
	Steps  []Step
}

// Step is where one value leads. A value without a Step is final.
type Step struct {
	From string
	To   []string
}

// Add adds a step and tells whether it is new.
func (f *Flow) Add(from, to string) bool {
	for i := range f.Steps {
		if s := &f.Steps[i]; s.From == from {
			if slices.Contains(s.To, to) {
				return false
			}
			s.To = append(s.To, to)
			return true
		}
	}
	f.Steps = append(f.Steps, Step{from, []string{to}})
	return true
}

// Through is the entity that carries a many-to-many relation with fields of its own.
type Through struct {
	Entity   *Entity
	From, To *Field // references of Entity: From names the field's own entity, To the target
}

// OnDelete says what happens to a row when the row that it refers to is deleted.
type OnDelete string

// The choices of @onDelete(do:). Without one it is Restrict.
const (
	Restrict OnDelete = "RESTRICT"
	Cascade  OnDelete = "CASCADE"
	SetNull  OnDelete = "SET_NULL"
)

// Scalars tells whether the field is a list of scalars or enum values.
func (f *Field) Scalars() bool {
	switch f.Kind {
	case Ref, List, Value, InputDTO, Union, File, JSON, Bytes:
		return false
	}
	return f.Repeated
}

// Stored tells whether rows of the field's own table hold its value: all do but lists, unions, whose arms do, and what is
// computed.
func (f *Field) Stored() bool {
	return f.Kind != List && f.Kind != Union && f.Computed == nil && !f.Method
}

// JoinTable is the table of a many-to-many relation.
type JoinTable struct {
	Table string // "article_tags"
	From  string // the column that names the field's entity: "article_id"
	To    string // the column that names the target: "tag_id"
	Owner bool   // whether this side's field declares the table and takes writes

	Tenant string // the column of the tenant of both sides; it may be From or To. Empty where one of them is outside of tenants
}

// Page is how a list is read when the caller does not say.
type Page struct {
	Size  int     // rows a page; 20 unless given
	Max   int     // rows a page at most; 100 unless given
	Order []Order // createdAt_DESC unless given; id is always last
}

// Order is one key of an order.
type Order struct {
	Field      *Field
	Descending bool
}

// Unique is a set of fields that no two rows share.
type Unique struct {
	Pos        diag.Pos
	Name       string // of the index: "order_lines_order_variant_key"
	Fields     []*Field
	IgnoreCase bool
	When       *Expr // nil for all rows
	Reveals    bool
}

// Index is an index that the design asks for.
type Index struct {
	Pos    diag.Pos
	Name   string
	Fields []*Field
	When   *Expr
}

// Exclusion is a @noOverlap: the spans of no two rows overlap that are equal in Per. A span holds its start and not its
// end, and reaches without end where one of them is null.
type Exclusion struct {
	Pos         diag.Pos
	Name        string // of the constraint: "bookings_resource_id_starts_at_excl"
	From, Until *Field // both DateTime or both Date
	Per         []*Field
	When        *Expr  // nil for all rows
	Code        string // stable error code; OVERLAP unless given
}

// Check is a condition that holds on every row written.
type Check struct {
	Pos    diag.Pos
	Name   string // of the constraint
	That   *Expr
	Code   string // stable error code; CHECK_FAILED unless given
	Field  *Field // that it stands on; nil for the whole row
	Local  bool   // names only columns of the row itself, so that the database checks it
	Source string
}

// OperationKind says at which root an operation stands.
type OperationKind string

// The kinds of operations.
const (
	Query    OperationKind = "Query"
	Mutation OperationKind = "Mutation"

	Subscription OperationKind = "Subscription"
)

// Sunset is the end of what is deprecated. Days begin at midnight UTC; one that is not known is zero.
type Sunset struct {
	Since time.Time // when it was deprecated
	On    time.Time // when it goes
	See   string    // a page that tells of it, or empty
}

// Operation is a business operation, written in Go behind a generated interface.
type Operation struct {
	Pos    diag.Pos
	Name   string // "placeOrder"
	Doc    string
	Kind   OperationKind
	Module *Module
	Args   []*Field // a Ref is an ID argument, loaded as the viewer may see it
	Result *Field   // name "result"; Repeated for a list
	Allow  []*Rule
	Fails  []Fault
	Emits  []*Event
	Method string // "POST"
	Path   string // "/orders/{order}/cancel"

	Deprecated string  // the reason, or empty
	Sunset     *Sunset // what is known of its end; nil: nothing

	Internal   bool  // opens no door
	Idempotent bool  // done twice is done once: @idempotent
	Retryable  bool  // it may be run again in a fresh transaction: @retryable
	Where      *Expr // @where(that:): a query without Go, which lists the rows of its result for which this holds; else nil

	// On is the writes of rows of its result that a Subscription tells of, where Where holds for the row. It is written in
	// no Go.
	On []Verb
}

// Fault is a typed error of an operation.
type Fault struct {
	Code   string // "OUT_OF_STOCK"
	Status int    // HTTP: 409 unless as: says otherwise
}

// Of returns the rules of a verb, to read or to extend; nil for a verb that does not exist.
func (a *Allow) Of(v Verb) *[]*Rule {
	switch v {
	case Read:
		return &a.Read
	case Create:
		return &a.Create
	case Update:
		return &a.Update
	case Delete:
		return &a.Delete
	}
	return nil
}
