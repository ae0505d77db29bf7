package typed

import (
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// PartsPatch is what a patch does to rows that belong to its own, in the same write: first those that are deleted, then those
// that change, then new ones. Each is written by its own rules. The zero PartsPatch does nothing.
type PartsPatch[N, P any] struct {
	Create []N // which belong to the row, whatever they say
	Update []PartPatch[P]
	Delete []kit.ID
}

// PartPatch changes one of the rows.
type PartPatch[P any] struct {
	ID      kit.ID
	Version int64 // 0 is any; another than the row's is a STALE problem
	Patch   P
}

// Make sets a list to rows that are made with the row; by is the reference by which they belong to it.
func Make[N any](c *Changes, list, by string, rows []N, changes func(N) []query.Change) {
	if len(rows) > 0 {
		c.Set(list, query.Parts{Create: madeWith(by, rows, changes)})
	}
}

// Write sets a list to what becomes of the rows that belong to the row.
func Write[N, P any](c *Changes, list, by string, parts PartsPatch[N, P], created func(N) []query.Change, changed func(P) []query.Change) {
	written := query.Parts{Create: madeWith(by, parts.Create, created)}
	for _, u := range parts.Update {
		written.Update = append(written.Update, query.PartUpdate{Key: string(u.ID), Version: u.Version, Changes: changed(u.Patch)})
	}
	for _, id := range parts.Delete {
		written.Delete = append(written.Delete, string(id))
	}
	if len(written.Create)+len(written.Update)+len(written.Delete) > 0 {
		c.Set(list, written)
	}
}

func madeWith[N any](by string, rows []N, changes func(N) []query.Change) [][]query.Change {
	var made [][]query.Change
	for _, row := range rows {
		var own []query.Change
		for _, change := range changes(row) {
			if change.Field.Name != by {
				own = append(own, change)
			}
		}
		made = append(made, own)
	}
	return made
}
