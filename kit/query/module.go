package query

import "github.com/fettlehq/fettle/kit/meta"

// Module is what a generated package tells of itself: its part of the metadata and its handlers.
type Module struct {
	Entities   []*meta.Entity
	Enums      []*meta.Enum
	Structs    []*meta.Struct
	Events     []*meta.Event
	Operations []*meta.Operation

	Subscriptions []*meta.Operation
	Handlers      map[string]Handler // of Operations and of Methods of Entities, by their names
}
