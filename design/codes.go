package design

import "github.com/fettlehq/fettle/diag"

// Codes of mistakes in the text itself.
const (
	// UnreadableText is a character or number that SDL does not have.
	//
	// Example:
	//
	//	type Order @entity { total: Int; }
	UnreadableText diag.Code = "D001"

	// OpenString is a string without its closing quotes.
	//
	// Example:
	//
	//	type Order @entity @allow(do: READ, when: "true) { total: Int }
	OpenString diag.Code = "D002"

	// Unexpected is a word or sign where another must stand.
	//
	// Example:
	//
	//	type Order @entity { total Int }
	Unexpected diag.Code = "D003"

	// OpenBracket is a bracket, brace or parenthesis that is never closed.
	//
	// Example:
	//
	//	type Order @entity {
	//	  total: Int
	//	type Line @entity { count: Int }
	OpenBracket diag.Code = "D004"

	// NotInLanguage is SDL or GraphQL that designs do without.
	//
	// Example:
	//
	//	schema { query: Query }
	NotInLanguage diag.Code = "D005"

	// TooLarge is a text beyond the bounds of size or depth.
	//
	// Example:
	//
	//	type Order @entity { tags: JSON @default(value: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]) }
	TooLarge diag.Code = "D006"

	// UnknownKeyword is a definition that starts with another word than SDL's.
	//
	// Example:
	//
	//	tpye Order @entity { total: Int }
	UnknownKeyword diag.Code = "D007"

	// Empty is a pair of brackets with nothing between.
	//
	// Example:
	//
	//	enum Status { }
	Empty diag.Code = "D008"
)

// Codes of names that do not resolve, and of directives that do not fit the prelude.
const (
	// UnknownType is the use of a type that nothing declares.
	//
	// Example:
	//
	//	type Order @entity { lines: [Lien!]! }
	//	type Line @entity { order: Order! }
	UnknownType diag.Code = "D101"

	// UnknownDirective is a directive that the prelude does not have.
	//
	// Example:
	//
	//	type Order @entity { number: Int! @uniqe }
	UnknownDirective diag.Code = "D102"

	// MisplacedDirective is a directive on something that it does not apply to.
	//
	// Example:
	//
	//	type Order @entity @immutable { number: Int! }
	MisplacedDirective diag.Code = "D103"

	// UnknownArgument is an argument that its directive does not take.
	//
	// Example:
	//
	//	type Order @entity { number: Int! @range(mni: 1) }
	UnknownArgument diag.Code = "D104"

	// MissingArgument is a directive without an argument that it needs.
	//
	// Example:
	//
	//	type Order @entity @allow(do: READ) { number: Int! }
	MissingArgument diag.Code = "D105"

	// RepeatedArgument is an argument given twice.
	//
	// Example:
	//
	//	type Order @entity { number: Int! @range(min: 1, min: 2) }
	RepeatedArgument diag.Code = "D106"

	// WrongArgument is an argument of another kind than the directive takes.
	//
	// Example:
	//
	//	type Order @entity @unique(fields: "number") { number: Int! }
	WrongArgument diag.Code = "D107"

	// UnknownChoice is a word outside the choices of an argument.
	//
	// Example:
	//
	//	type Order @entity @allow(do: REED, when: "true") { number: Int! }
	UnknownChoice diag.Code = "D108"

	// RepeatedDirective is a directive that may stand only once.
	//
	// Example:
	//
	//	type Order @entity { number: Int! @immutable @immutable }
	RepeatedDirective diag.Code = "D109"

	// DuplicateType is a type declared twice, or one that the language already has.
	//
	// Example:
	//
	//	enum Status { OPEN }
	//	enum Status { CLOSED }
	DuplicateType diag.Code = "D110"

	// DuplicateField is a field, or an operation, declared twice.
	//
	// Example:
	//
	//	type Order @entity { total: Int, total: Float }
	DuplicateField diag.Code = "D111"

	// DuplicateValue is an enum value, a union member or an interface named twice.
	//
	// Example:
	//
	//	enum Status { OPEN CLOSED OPEN }
	DuplicateValue diag.Code = "D112"

	// DuplicateParameter is an operation's argument declared twice.
	//
	// Example:
	//
	//	extend type Mutation { ship(order: ID!, order: ID!): Boolean! }
	DuplicateParameter diag.Code = "D113"

	// NotExtensible is the extension of something else than Query, Mutation, Subscription, Task and External.
	//
	// Example:
	//
	//	extend type Mutatoin { ship(order: ID!): Boolean! }
	NotExtensible diag.Code = "D114"

	// ReservedName is a name that the language keeps for itself.
	//
	// Example:
	//
	//	type Order @entity { viewer: String }
	ReservedName diag.Code = "D115"

	// TypeSpelling is a type's name that does not start with a capital letter.
	//
	// Example:
	//
	//	enum status { OPEN CLOSED }
	TypeSpelling diag.Code = "D116"

	// FieldSpelling is the name of a field, operation or argument that does not start with a small letter.
	//
	// Example:
	//
	//	type Order @entity { Total: Int }
	FieldSpelling diag.Code = "D117"

	// NameClash is two names that become one in Go or in the database.
	//
	// Example:
	//
	//	type Order @entity { unitPrice: Int, unit_price: Int }
	NameClash diag.Code = "D118"

	// NoBackend is a design that does not say its name and Go module.
	//
	// Example:
	//
	//	-- design/orders.graphql --
	//	type Order @entity { total: Int }
	NoBackend diag.Code = "D119"

	// SecondBackend is a second extend schema @backend.
	//
	// Example:
	//
	//	extend schema @backend(name: "shop", module: "example.com/shop")
	//	extend schema @backend(name: "store", module: "example.com/store")
	SecondBackend diag.Code = "D120"

	// WrongDirection is a type that clients only send where one is returned, or the reverse.
	//
	// Example:
	//
	//	input Checkout { cart: Cart! }
	//	type Cart @entity { count: Int! }
	WrongDirection diag.Code = "D121"

	// WrongMember is a union member that is no type with fields, or an implemented name that is no interface.
	//
	// Example:
	//
	//	enum Status { OPEN CLOSED }
	//	union Subject = Status
	WrongMember diag.Code = "D122"

	// UnusableName is the name of a backend, service or Go module that cannot be used as such.
	//
	// Example:
	//
	//	extend schema @backend(name: "My Shop", module: "example.com/shop")
	UnusableName diag.Code = "D123"

	// UnknownModule is a service of a module that no file makes, or one that two services claim.
	//
	// Example:
	//
	//	extend schema @service(name: "billing", modules: [invoices])
	UnknownModule diag.Code = "D124"

	// ModuleFile is a file whose name is no name of a module.
	//
	// Example:
	//
	//	-- design/My Orders.graphql --
	//	extend schema @backend(name: "shop", module: "example.com/shop")
	ModuleFile diag.Code = "D125"

	// BrokenInterface is a type that lacks a field of an interface it implements, or has it with another type.
	//
	// Example:
	//
	//	interface Named { name: String! }
	//	type Order implements Named @entity { number: Int! }
	BrokenInterface diag.Code = "D126"

	// ForgottenEntity is a type that is used as an entity and does not say that it is one.
	//
	// Example:
	//
	//	type Order @allow(do: READ, when: "true") { total: Int }
	ForgottenEntity diag.Code = "D127"
)
