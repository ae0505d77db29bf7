package pipeline

import "github.com/fettlehq/fettle/diag"

// Codes of what stands between a correct design and its files.
const (
	// EditedByHand is a generated Go file that was changed.
	//
	// Example:
	//
	//	-- orders/entity.gen.go --
	//	package orders // with a field added
	EditedByHand diag.Code = "G001"

	// LosesData is a change of the design that would destroy data that tables may hold, or that may not run on it.
	//
	// Example:
	//
	//	type Order @entity { number: Int! } # had a field note
	LosesData diag.Code = "G002"

	// NoMigration is a change of the design that no migration can make.
	//
	// Example:
	//
	//	type Order @entity { placed: Date } # was placed: Int
	NoMigration diag.Code = "G003"

	// LostSnapshot is a project with migrations but without migrations/schema.json, from which the next is planned.
	//
	// Example:
	//
	//	$ rm migrations/schema.json
	LostSnapshot diag.Code = "G004"

	// GoError is a mistake that the Go compiler found.
	//
	// Example:
	//
	//	-- orders/orders.go --
	//	package orders
	//	func New() *Busines { return nil }
	GoError diag.Code = "G005"

	// BreaksREST is a change of the design after which a client that keeps to the OpenAPI contract of a revision may fail. The
	// rule in parentheses is oasdiff's.
	//
	// Example:
	//
	//	type Order @entity { total: Int } # was total: Int!, in what clients read
	BreaksREST diag.Code = "G006"

	// BadPart is a mistake in api/openapi.part.yaml, where a team describes handlers of its own.
	//
	// Example:
	//
	//	-- api/openapi.part.yaml --
	//	paths: {/v1/orders: {get: {}}}
	BadPart diag.Code = "G009"

	// BreaksGraphQL is a change of the design after which a document that was valid against the schema of a revision may fail.
	//
	// Example:
	//
	//	enum Status { OPEN } # was OPEN and DRAFT
	BreaksGraphQL diag.Code = "G007"

	// BreaksGRPC is a change of the design after which a client that was generated from the gRPC contract of a revision may fail. The
	// rule in parentheses is that of buf breaking.
	//
	// Example:
	//
	//	type Order @entity { note: String } # was noteToSelf: String
	BreaksGRPC diag.Code = "G008"

	// BreaksPromise is a change of the design after which requests that were right are refused or mean something else, though no
	// contract is written otherwise.
	//
	// Example:
	//
	//	type Tag @entity { name: String! @key } # was @key(upsert: true)
	BreaksPromise diag.Code = "G010"
)
