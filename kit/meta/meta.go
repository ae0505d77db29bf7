// Package meta is the metadata of a backend that the written code holds as literals.
//
//	module.gen.go (literals) ─▶ Resolve ─▶ Backend ─▶ query, rest, graphql, account
//
// It is data and nothing else. Names are resolved once by Resolve, which checks that the parts fit; after that nothing
// changes, so any number of requests may read it.
package meta

import "time"

// Backend is everything that the runtime knows about a service.
type Backend struct {
	Name       string
	Entities   []*Entity
	Enums      []*Enum
	Structs    []*Struct // value objects and inputs
	Events     []*Event  // that operations leave in the outbox
	Operations []*Operation
	Account    *Account // nil when nobody signs in
	Tenant     *Tenant  // nil when there is one customer, or nothing keeps them apart

	Subscriptions []*Operation // each with On

	entities map[string]*Entity
	enums    map[string]*Enum
	structs  map[string]*Struct
	events   map[string]*Event
}

// Entity is a table and its rules.
type Entity struct {
	Name     string // "OrderLine"
	Singular string // "orderLine"
	Plural   string // "orderLines"
	Path     string // "order-lines"
	Table    string // "order_lines"
	Doc      string
	Fields   []*Field // id, createdAt, updatedAt, version first
	Key      string   // the field that addresses it at the doors
	Upsert   bool     // an unknown key that a reference names makes a row
	Page     Page
	Allow    Allow
	Uniques  []Unique
	Excludes []Exclusion
	Checks   []Check
	Internal bool // opens no door

	Deprecated *Deprecation // nil: it is not

	SoftDelete bool          // a row that is deleted stays, with the instant in the column DeletedAt
	Keep       time.Duration // how long it stays; 0 is for ever

	HistoryOf string // the entity whose changes its rows are, which has a list of them; it has no doors of its own

	TenantColumn string // that holds the id of the tenant to which a row belongs; of the tenant itself its id; empty outside of tenants
	TenantBy     string // the reference through which a row belongs to its tenant; empty of the tenant itself and of a history

	fields  map[string]*Field
	parts   []*Field // see PartOf
	history *Entity
	owner   *Entity // of HistoryOf
}

// The fields of an entity that is a history. It has an id, and a version: that of the row after the change.
const (
	HistoryList    = "history" // of the entity whose history it is: the list
	HistoryRow     = "row"
	HistoryAt      = "at"
	HistoryBy      = "by" // the account, null of nobody; missing where there are no accounts
	HistoryVerb    = "verb"
	HistoryChanges = "changes" // an object of fields and their new values, as the doors show them
)

// DeletedAt is the column that holds when a row was deleted, null in those that live. It is no field.
const DeletedAt = "deleted_at"

// Verb is what a rule is about.
type Verb uint8

// The verbs.
const (
	Read Verb = iota
	Create
	Update
	Delete
)

// Allow is the rules of an entity or a field. Those of a verb are alternatives; none means not exposed (an entity)
// or as the entity (a field).
type Allow struct {
	Read, Create, Update, Delete []Rule
}

// Rule is one @allow.
type Rule struct {
	When   *Expr
	Source string // `design/orders.graphql:12:22: buyer == viewer`
}

// Kind is the kind of a field's value. Comment: the Go type that carries it, inside an any, between the doors and package query.
type Kind uint8

// The kinds.
const (
	ID        Kind = iota // string, a lower-case UUID
	String                // string
	Int                   // int64 within 32 bits
	Int64                 // int64
	Float                 // float64
	Boolean               // bool
	Decimal               // kit.Decimal
	DateTime              // time.Time, UTC, whole microseconds
	Date                  // kit.Date
	Time                  // kit.TimeOfDay
	Duration              // time.Duration, whole microseconds
	UUID                  // string
	Email                 // string
	URL                   // string
	JSON                  // json.RawMessage
	Bytes                 // []byte
	TimeZone              // string
	Country               // string
	Currency              // string
	EnumKind              // string
	Value                 // []any, one of each of Fields
	Input                 // []any, one of each of Fields
	Reference             // string, the id
	List                  // []any of ids where it is written; *query.List where it is read
	Union                 // []any, an id or key for the one of Fields that is meant; nil for the others. It is read by its Arms
)

// Field is a field of an entity, a value object or an input, or an argument of an operation.
// Its zero parts are what they look like: no bound, no rule, not null.
type Field struct {
	Name     string
	Doc      string
	Kind     Kind
	Type     string // of EnumKind, Value, Input, Reference, List, Union: the name of the enum, struct, entity or union
	Null     bool
	Repeated bool     // []any of Kind: of an entity's field, a list of scalars in one column
	Fields   []*Field // of a Value or Input; of a Union a Reference for each of its types, named after it
	Column   string

	Inverse string     // of a List: the reference of Type that points back
	Join    *JoinTable // of a many-to-many List
	Page    Page       // of a List
	Parts   *Parts     // of a List: its rows are written with the row; nil: they are not
	Bound   int        // of a List: a plain array of at most so many; 0 is a connection

	Arms []string // of a Union: the nullable references of the entity that hold it, at most one of which is not null

	OnDelete OnDelete // of a Reference to rows that stay when they are deleted
	OnGone   OnDelete // of a Reference: what its foreign key does when the row is removed from its table

	Auto      bool // id, createdAt, updatedAt, version
	ReadOnly  bool
	Immutable bool
	Internal  bool
	WriteOnly bool
	Personal  bool
	Search    bool // its words are in the entity's search document

	Default  *Expr
	Computed *Expr // worked out by the statement that reads it; then there is no Column
	Method   bool  // worked out in Go when the rows have been read, by the handler ENTITY.FIELD; then there is no Column
	Flow     *Flow // of an EnumKind; nil: any value may follow any

	MinLength, MaxLength int // characters, or elements of a List; 0 is no bound
	Min, Max             *float64
	Pattern              string // RE2
	Digits, Scale        int    // of a Decimal
	Checks               []Check

	Allow      Allow
	Deprecated *Deprecation // nil: it is not

	enum   *Enum
	target *Entity
	arms   []*Field
	union  *Field
}

// Parts says what the doors do with the rows of a list along with the row that they belong to.
type Parts struct {
	Create, Update, Delete bool
}

// Flow is which value of an enum may follow which. To stay is no step.
type Flow struct {
	Begins []string // in which a new row may stand, besides its default
	Steps  []Step
}

// Step is where one value leads.
type Step struct {
	From string
	To   []string
}

// Next is where a value leads; none: it is final.
func (f *Flow) Next(from string) []string {
	for _, s := range f.Steps {
		if s.From == from {
			return s.To
		}
	}
	return nil
}

// OnDelete says what becomes of a row when the one that it refers to is deleted and stays in its table.
type OnDelete uint8

// The choices. The reference itself reads as null in any case.
const (
	Stay     OnDelete = iota // nothing
	Restrict                 // while it lives, the other is not deleted
	Cascade                  // it is deleted with the other, and comes back with it
)

// JoinTable is the table of a many-to-many relation.
type JoinTable struct {
	Table   string
	From    string // the column that names the field's own entity
	To      string // the column that names the target
	Owner   bool   // whether this side takes writes
	Through string // the entity whose table it is, if it is one's: its READ rules apply to the links
	Tenant  string // the column of the tenant that both sides belong to, where it is neither From nor To; else empty

	link *Entity
}

// Page is how a list is read when the caller does not say.
type Page struct {
	Size, Max int
	Order     []Order
}

// Order is one key of an order.
type Order struct {
	Field      string
	Descending bool
}

// Unique is a set of fields that no two rows share.
type Unique struct {
	Name       string // of the index in the database
	Fields     []string
	IgnoreCase bool
	When       *Expr
}

// Exclusion keeps the spans of rows apart that are equal in Per: the database refuses one that overlaps.
type Exclusion struct {
	Name        string // of the constraint in the database
	From, Until string // fields; the span does not hold its end, and null is no limit
	Per         []string
	When        *Expr // nil for all rows
	Code        string
}

// Check is a condition that holds on every row written.
type Check struct {
	Name  string // of the constraint in the database
	That  *Expr
	Code  string
	Field string // that it stands on, or empty
	Local bool   // enforced by the database; the others by package query after the write
}

// Enum is an enumeration.
type Enum struct {
	Name   string
	Doc    string
	Values []string

	Deprecated map[string]*Deprecation // by value
}

// Struct is a value object or an input.
type Struct struct {
	Name   string
	Doc    string
	Input  bool
	Fields []*Field
}

// Event is a message that operations leave in the outbox.
type Event struct {
	Name   string // "OrderPlaced"
	Key    string // the field of which messages with one value keep their order; empty: there is none
	Fields []*Field
}

// Operation is a business operation, written in Go, or a subscription, which needs none.
type Operation struct {
	Name     string
	Doc      string
	Mutation bool
	Args     []*Field // a Reference is loaded as the viewer may see it
	Result   *Field
	Allow    []Rule // alternatives; none means not exposed
	Fails    []Fault
	Method   string
	Path     string // "/orders/{order}/cancel"
	Retry    bool   // it may be run again, in a fresh transaction, after it collided with another
	Where    *Expr  // of a query without Go: it lists the rows of Result for which this holds; nil of others
	On       []Verb // of a subscription: the writes of rows of Result of which it tells, where Where holds; nil of others

	Deprecated *Deprecation // nil: it is not
}

// Deprecation is what callers are told of an entity, a field, a value or an operation that goes. Days are in seconds since 1970, 0 where they are
// not known.
type Deprecation struct {
	Since int64  // since when it is deprecated
	On    int64  // when it goes
	See   string // a page that tells of it, or empty
}

// Fault is a typed error of an operation.
type Fault struct {
	Code   string
	Status int
}

// Account is how people sign in.
type Account struct {
	Entity string
	Login  string // a field of Entity
	Verify Verify
	Fields []string // of Entity, that registration takes besides login and password
}

// Tenant keeps customers apart. A request that names one sees and changes what belongs to it, and what belongs to nobody.
type Tenant struct {
	Entity string
	By     TenantBy
	When   *Expr // of a tenant: where a request names none, whose rows are seen
}

// TenantBy says where a request names its tenant, by its key or id.
type TenantBy uint8

// The choices of @tenant(by:).
const (
	ByPath      TenantBy = iota // "/v1/workspaces/acme/issues"
	ByHeader                    // "Tenant: acme"
	BySubdomain                 // "acme.example.com"
)

// Verify says when an email address must be proven.
type Verify uint8

// The choices of @account(verify:).
const (
	BeforeSignIn Verify = iota
	Later
	Never
)
