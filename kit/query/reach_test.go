package query_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// A check over what rows share holds though many write at once, whether they name it or leave it as it is, or bring rows back.
func testSharedChecks(w *world) {
	e := w.entity("Move")
	all := func(what string, want int, do func(ctx context.Context, tx *query.Tx, i int) error) {
		w.Helper()
		var group sync.WaitGroup
		outcomes := make([]string, 4)
		for i := range outcomes {
			group.Go(func() {
				outcomes[i] = describe(w.engine.Write(w.Context(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
					err := do(ctx, tx, i)
					time.Sleep(20 * time.Millisecond) // so that all are at it
					return err
				}))
			})
		}
		group.Wait()
		count := map[string]int{}
		for _, outcome := range outcomes {
			count[outcome]++
		}
		if count["ok"] != want || count["INVALID :FULL"] != len(outcomes)-want {
			w.Errorf("%s: %v", what, count)
		}
	}
	bin := w.create(w.ann, false, "Bin", "size", 10)
	all("create", 2, func(ctx context.Context, tx *query.Tx, _ int) error {
		_, err := tx.Create(ctx, e, w.changes(e, "bin", bin, "count", 5))
		return err
	})
	bin = w.create(w.ann, false, "Bin", "size", 10)
	var moves []string
	for range 4 {
		moves = append(moves, string(w.create(w.ann, false, "Move", "bin", bin, "count", 1)))
	}
	all("update", 1, func(ctx context.Context, tx *query.Tx, i int) error {
		_, err := tx.Update(ctx, e, moves[i], 0, w.changes(e, "count", 6))
		return err
	})
	if !e.SoftDelete {
		return
	}
	bin = w.create(w.ann, false, "Bin", "size", 10)
	for i := range moves {
		moves[i] = string(w.create(w.ann, false, "Move", "bin", bin, "count", 5))
		w.want(w.delete(w.ann, "Move", moves[i], 0), "ok")
	}
	all("restore", 2, func(ctx context.Context, tx *query.Tx, i int) error {
		_, err := tx.Restore(ctx, e, moves[i])
		return err
	})
}

// Who writes under what no check asks about does not wait for others there: another's change of the account that made a move, or a change
// that breaks no check.
func testUnsharedRows(w *world) {
	bin := w.create(w.ann, false, "Bin", "size", 10)
	move := w.create(w.ann, false, "Move", "bin", bin, "count", 1)
	e := w.entity("Move")
	err := w.engine.Write(w.Context(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
		if _, err := tx.Create(ctx, e, w.changes(e, "bin", bin, "count", 1)); err != nil {
			return err
		}
		if tx.Engine().DB().Dialect() == sqldb.SQLite {
			return nil
		}
		for i, do := range []func(ctx context.Context, tx *query.Tx) error{
			func(ctx context.Context, tx *query.Tx) error {
				_, err := tx.Update(ctx, e, string(move), 0, w.changes(e, "memo", "soon"))
				return err
			},
			func(ctx context.Context, tx *query.Tx) error {
				_, err := tx.System().Update(ctx, w.entity("User"), string(w.ann.ID), 0, w.changes(w.entity("User"), "active", true))
				return err
			},
		} {
			short, end := context.WithTimeout(w.Context(), 5*time.Second)
			if err := w.engine.Write(short, w.in(w.ann), do); err != nil {
				w.Error(fmt.Errorf("change %d: %w", i, err))
			}
			end()
		}
		return nil
	})
	w.want(err, "ok")
}
