package build

import "github.com/fettlehq/fettle/diag"

// Codes of mistakes in what a design means. Each stands for ever.
const (
	// ReservedName is a field that every entity has unsaid, a word of the expression language, or a column or table of a name that a database
	// keeps for itself.
	//
	// Example:
	//
	//	type Order @entity { version: Int! }
	ReservedName diag.Code = "M001"

	// NamesClash is two things that would have one name in the database or the API.
	//
	// Example:
	//
	//	type Order @entity { total: Int }
	//	type Orders @entity { total: Int }
	NamesClash diag.Code = "M002"

	// NameTooLong is a name that PostgreSQL would cut.
	//
	// Example:
	//
	//	type Order @entity { aVeryLongNameOfAFieldThatNobodyWouldEverWriteInADesignOfTheirOwn: Int }
	NameTooLong diag.Code = "M003"

	// UnknownName is the name of a field, value, entity or function that does not exist.
	//
	// Example:
	//
	//	type Order @entity @allow(do: READ, when: "totl > 0") { total: Int }
	UnknownName diag.Code = "M004"

	// BadType is a type that cannot stand where it stands.
	//
	// Example:
	//
	//	type Order @entity { id2: ID! }
	BadType diag.Code = "M005"

	// UnnamedReference is an ID of which it is not known whose it is.
	//
	// Example:
	//
	//	type Order @entity { total: Int }
	//	extend type Mutation { cancel(it: ID!): Boolean! }
	UnnamedReference diag.Code = "M006"

	// Ambiguous is a relation or a name that could be more than one.
	//
	// Example:
	//
	//	type User @entity { messages: [Message!]! }
	//	type Message @entity { sender: User!, recipient: User! }
	Ambiguous diag.Code = "M007"

	// BadInverse is an other side of a relation that does not lead back.
	//
	// Example:
	//
	//	type User @entity { messages: [Message!]! @inverse(field: text) }
	//	type Message @entity { sender: User!, text: String }
	BadInverse diag.Code = "M008"

	// WrongPlace is a directive on what it does not apply to, or a word where it means nothing.
	//
	// Example:
	//
	//	type Order @entity { total: Int @length(max: 3) }
	WrongPlace diag.Code = "M009"

	// Contradiction is facts that cannot hold together.
	//
	// Example:
	//
	//	type Order @entity { total: Int @range(min: 3, max: 2) }
	Contradiction diag.Code = "M010"

	// BadPattern is a pattern that is no RE2.
	//
	// Example:
	//
	//	type Order @entity { code: String @format(pattern: "[a-") }
	BadPattern diag.Code = "M011"

	// WrongDefault is a default that its field cannot hold.
	//
	// Example:
	//
	//	type Order @entity { total: Int @default(value: "none") }
	WrongDefault diag.Code = "M012"

	// BadExpression is an expression that cannot be read.
	//
	// Example:
	//
	//	type Order @entity @allow(do: READ, when: "total >") { total: Int }
	BadExpression diag.Code = "M013"

	// WrongType is an expression whose parts do not fit together.
	//
	// Example:
	//
	//	type Order @entity @allow(do: READ, when: "total == 'none'") { total: Int }
	WrongType diag.Code = "M014"

	// NoSuchOperation is an expression that has no form in a database.
	//
	// Example:
	//
	//	type Order @entity @allow(do: READ, when: "lines.count > 0") { lines: [Line!]! }
	//	type Line @entity { order: Order!, count: Int! }
	NoSuchOperation diag.Code = "M015"

	// NotLocal is the condition of an index that names more than its row.
	//
	// Example:
	//
	//	type Line @entity @unique(fields: [order], when: "order.open") { order: Order! }
	//	type Order @entity { open: Boolean! }
	NotLocal diag.Code = "M016"

	// SignedOutHolds is a rule that lets a signed-out viewer in without saying so.
	//
	// Example:
	//
	//	type User @entity @account(login: email) { email: Email! @unique }
	//	type Order @entity @allow(do: READ, when: "author != viewer") { author: User! }
	SignedOutHolds diag.Code = "M017"

	// Escalation is a field by which people could widen their own rights.
	//
	// Example:
	//
	//	type User @entity @account(login: email) @allow(do: UPDATE, when: "this == viewer") { email: Email! @unique, admin: Boolean! }
	//	type Order @entity @allow(do: READ, when: "viewer.admin") { total: Int }
	Escalation diag.Code = "M018"

	// Circle is rules or computed fields that ask each other without end.
	//
	// Example:
	//
	//	type Folder @entity @allow(do: READ, when: "can(READ, parent)") { parent: Folder }
	Circle diag.Code = "M019"

	// BadAccount is a way to sign in that would not work.
	//
	// Example:
	//
	//	type User @entity @account(login: name) { name: String! }
	BadAccount diag.Code = "M020"

	// BadPath is an address of an operation that cannot be.
	//
	// Example:
	//
	//	extend type Mutation { cancel(order: String!): Boolean! @rest(path: "/orders/{ordr}") }
	BadPath diag.Code = "M021"

	// ModuleCircle is modules that use each other.
	//
	// Example:
	//
	//	-- design/orders.graphql --
	//	type Order @entity { buyer: User! }
	//	-- design/users.graphql --
	//	type User @entity { first: Order }
	ModuleCircle diag.Code = "M022"

	// NotBuilt is part of the language that nothing is generated from yet.
	//
	// Example:
	//
	//	type Order @entity { note: String @encrypted }
	NotBuilt diag.Code = "M023"

	// BadTenant is a tenant that would not keep customers apart.
	//
	// Example:
	//
	//	type Shop @entity @tenant(by: HEADER, when: "true") { name: String! }
	BadTenant diag.Code = "M026"

	// BadEvent is an event whose order nothing could keep, or that is not the backend's to tell.
	//
	// Example:
	//
	//	type Order @entity { total: Int }
	//	type OrderPlaced @event(key: order) { order: Order }
	BadEvent diag.Code = "M028"

	// BadSunset is an end that cannot be told to clients, or something deprecated that they must use.
	//
	// Example:
	//
	//	type Order @entity { total: Int, sum: Int @sunset(on: "2027-01-31") }
	BadSunset diag.Code = "M033"

	// Unindexed is a query of the design to whose rows no index leads.
	//
	// Example:
	//
	//	type Note @entity @allow(do: READ, when: "true") { text: String! }
	//	extend type Query { having(part: String!): [Note!]! @where(that: "text.contains(part)") }
	Unindexed diag.Code = "M029"

	// Reveals is a unique constraint that tells of rows which a viewer may not read.
	//
	// Example:
	//
	//	type User @entity @account(login: email) @allow(do: READ, when: "this == viewer") { email: Email! @unique, phone: String! @unique }
	Reveals diag.Code = "M027"

	// MayBeNull is a field that is computed, or has a default that no client can give, and may be null, though its type says that it never is.
	//
	// Example:
	//
	//	type Line @entity { order: Order!, price: Decimal! }
	//	type Order @entity { lines: [Line!]!, total: Decimal! @computed(from: "lines.map(l, l.price).sum()") }
	MayBeNull diag.Code = "M034"

	// WithItself is a comparison of an argument with itself, which filters nothing: it hides the field that has its name.
	//
	// Example:
	//
	//	type Post @entity @allow(do: READ, when: "true") { rank: Int @index }
	//	extend type Query { latest(rank: Int): [Post!]! @where(that: "rank == rank") }
	WithItself diag.Code = "M035"

	// BadName is a table or a column in whose name a character would end it.
	//
	// Example:
	//
	//	type Order @entity @db(name: "orders;") { total: Int }
	BadName diag.Code = "M036"
)
