package query_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// A transaction that collided is run again, anew and a few times, within the caller's time; what it did is undone. What
// fails otherwise is not.
func testRetries(w *world) {
	tag := w.engine.Backend().Entity("Tag")
	collision := &sqldb.Collision{Err: errors.New("in the way")}
	calls := 0
	run := func(ctx context.Context, fails int, err error) error {
		calls = 0
		return w.engine.Retry(ctx, w.ann, func(ctx context.Context, tx *query.Tx) error {
			calls++
			if tx.Statements() != 0 {
				w.Errorf("call %d has a transaction that ran %d statements", calls, tx.Statements())
			}
			if _, err := tx.System().Create(ctx, tag, []query.Change{{Field: tag.Field("name"), Value: "again"}}); err != nil {
				return err
			}
			if calls <= fails {
				return err
			}
			return nil
		})
	}
	if err := run(w.Context(), 3, &kit.Problem{Code: kit.CodeUnavailable, Err: collision}); err != nil || calls != 4 {
		w.Errorf("%v after %d calls", err, calls)
	}
	if err := run(w.Context(), 9, collision); !kit.HasCode(err, kit.CodeConflict) || calls != 1 {
		w.Errorf("%v after %d calls of a tag that is there", err, calls)
	}
	collided := query.Change{Field: tag.Field("name"), Value: "collided"}
	undone := w.engine.Write(w.Context(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.System().Update(ctx, tag, "again", 0, []query.Change{collided})
		return err
	})
	if undone != nil {
		w.Error(undone)
	}
	if err := run(w.Context(), 9, collision); !errors.Is(err, collision) || calls != 4 {
		w.Errorf("%v after %d calls that all collide", err, calls)
	}
	other := errors.New("other")
	if err := run(w.Context(), 9, other); !errors.Is(err, other) || calls != 1 {
		w.Errorf("%v after %d calls", err, calls)
	}
	short, cancel := context.WithCancel(w.Context())
	if err := w.engine.Retry(short, w.ann, func(context.Context, *query.Tx) error { cancel(); return collision }); err == nil {
		w.Error("who left is answered")
	}
}

// Two transactions that wait for each other both end well when they may be run again.
func testDeadlock(w *world) {
	tag := w.engine.Backend().Entity("Tag")
	for _, name := range []string{"left", "right"} {
		w.create(w.ann, true, "Tag", "name", name)
	}
	meeting, done := make(chan bool), make(chan error)
	for _, names := range []string{"left right", "right left"} {
		go func() {
			done <- w.engine.Retry(w.Context(), w.ann, func(ctx context.Context, tx *query.Tx) error {
				for i, name := range strings.Fields(names) {
					if _, err := tx.System().Update(ctx, tag, name, 0, []query.Change{{Field: tag.Field("name"), Value: name}}); err != nil {
						return err
					}
					if i == 0 {
						select {
						case meeting <- true:
						case <-meeting:
						case <-time.After(200 * time.Millisecond): // SQLite has one writer at a time
						}
					}
				}
				return nil
			})
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			w.Error(err)
		}
	}
}

// Many that write the same rows the other way round all end well: those that are run again go one after the other.
func testDeadlocks(w *world) {
	tag := w.engine.Backend().Entity("Tag")
	for _, name := range []string{"left", "right"} {
		w.create(w.ann, true, "Tag", "name", name)
	}
	var all sync.WaitGroup
	for i := range 8 {
		names := []string{"left", "right"}
		if i%2 == 1 {
			slices.Reverse(names)
		}
		all.Go(func() {
			err := w.engine.Retry(w.Context(), w.ann, func(ctx context.Context, tx *query.Tx) error {
				for _, name := range names {
					if _, err := tx.System().Update(ctx, tag, name, 0, []query.Change{{Field: tag.Field("name"), Value: name}}); err != nil {
						return err
					}
					time.Sleep(20 * time.Millisecond)
				}
				return nil
			})
			if err != nil {
				w.Error(err)
			}
		})
	}
	all.Wait()
}
