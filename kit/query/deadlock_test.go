package query_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Who writes a row and what goes with it, and who writes the latter alone under a check that asks about the row, take both in one order, and
// neither waits for the other in vain.
func TestParentsAreLockedFirst(t *testing.T) {
	type act func(w *world, tx *query.Tx, bin, move kit.ID) error
	count := func(w *world, tx *query.Tx, _, move kit.ID) error {
		_, err := tx.Update(w.Context(), w.entity("Move"), string(move), 0, w.changes(w.entity("Move"), "count", 2))
		return err
	}
	remove := func(w *world, tx *query.Tx, bin, _ kit.ID) error {
		return tx.System().Delete(w.Context(), w.entity("Bin"), string(bin), 0)
	}
	for _, c := range []struct {
		name          string
		stay          []string // entities whose deleted rows stay
		before        act
		parent, child act
		want          string // of the child's writer
	}{
		{"delete, by a foreign key", nil, nil, remove, count, "NOT_FOUND"},
		{"delete, by statements", []string{"Bin", "Move"}, nil, remove, count, "NOT_FOUND"},
		{"delete, and the child named again what it refers to", nil, nil, remove, func(w *world, tx *query.Tx, bin, move kit.ID) error {
			_, err := tx.Update(w.Context(), w.entity("Move"), string(move), 0, w.changes(w.entity("Move"), "count", 2, "bin", bin))
			return err
		}, "NOT_FOUND"},
		{"delete, and the child is locked", nil, nil, remove, func(w *world, tx *query.Tx, bin, move kit.ID) error {
			if err := tx.Lock(w.Context(), []query.Named{{Entity: w.entity("Move"), Key: string(move)}}); err != nil {
				return err
			}
			return count(w, tx, bin, move)
		}, "NOT_FOUND"},
		{"delete, and both are locked", nil, nil, remove, func(w *world, tx *query.Tx, bin, move kit.ID) error {
			return tx.Lock(w.Context(), []query.Named{{Entity: w.entity("Move"), Key: string(move)}, {Entity: w.entity("Bin"), Key: string(bin)}})
		}, "ok"},
		{"change of a list", nil, nil, func(w *world, tx *query.Tx, bin, move kit.ID) error {
			_, err := tx.System().Update(w.Context(), w.entity("Bin"), string(bin), 0, w.changes(w.entity("Bin"), "moves", query.Parts{
				Update: []query.PartUpdate{{Key: string(move), Changes: w.changes(w.entity("Move"), "count", 3)}},
			}))
			return err
		}, count, "ok"},
		{"delete, and the child comes back", []string{"Move"}, func(w *world, tx *query.Tx, _, move kit.ID) error {
			return tx.Delete(w.Context(), w.entity("Move"), string(move), 0)
		}, remove, func(w *world, tx *query.Tx, _, move kit.ID) error {
			_, err := tx.Restore(w.Context(), w.entity("Move"), string(move))
			return err
		}, "NOT_FOUND"},
	} {
		for _, d := range databases(t) {
			if d.name != "postgres" { // the others have one writer at a time
				continue
			}
			t.Run(c.name, func(t *testing.T) {
				w := newWorldOf(t, d.open(t), moving(c.stay))
				bin := w.create(w.ann, false, "Bin", "size", 10)
				move, other := w.create(w.ann, false, "Move", "bin", bin, "count", 1), w.create(w.ann, false, "Move", "bin", bin, "count", 1)
				write := func(do act) error {
					return w.engine.Write(w.Context(), w.in(w.ann), func(_ context.Context, tx *query.Tx) error { return do(w, tx, bin, move) })
				}
				if c.before != nil {
					must(write(c.before))
				}
				parent, child := make(chan error, 1), make(chan error, 1)
				must(w.engine.Write(w.Context(), w.in(w.ann), func(_ context.Context, tx *query.Tx) error { // holds up both, in this order
					if err := count(w, tx, bin, other); err != nil {
						return err
					}
					go func() { parent <- write(c.parent) }()
					time.Sleep(100 * time.Millisecond)
					go func() { child <- write(c.child) }()
					time.Sleep(100 * time.Millisecond)
					return nil
				}))
				if got := describe(<-parent); got != "ok" {
					t.Errorf("the parent's writer hears %s", got)
				}
				if got := describe(<-child); got != c.want {
					t.Errorf("the child's writer hears %s, want %s", got, c.want)
				}
			})
		}
	}
}

// moving is the backend, of which moves go with their bin and are written with it.
func moving(stay []string) *meta.Backend {
	b := backend()
	for _, e := range b.Entities {
		if e.Name != "Bin" && e.Name != "Move" {
			continue
		}
		if e.SoftDelete = slices.Contains(stay, e.Name); e.Name == "Bin" {
			e.Table = "the_bins" // behind the moves
		}
		for _, f := range e.Fields {
			switch {
			case f.Name == "moves":
				f.Parts = &meta.Parts{Update: true}
			case f.Name == "bin" && slices.Contains(stay, "Bin"):
				f.OnDelete = meta.Cascade
			case f.Name == "bin":
				f.OnGone = meta.Cascade
			}
		}
	}
	return b
}
