package query_test

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// issue makes an issue and returns its number and its serial.
func (w *world) issue(pairs ...any) (id kit.ID, number, serial any) {
	w.Helper()
	id = w.create(kit.Viewer{}, false, "Issue", pairs...)
	row := w.row(kit.Viewer{}, "Issue", id)
	return id, row["number"], row["serial"]
}

func (w *world) wantIssue(number, serial int64, pairs ...any) kit.ID {
	w.Helper()
	id, n, s := w.issue(pairs...)
	if n != number || s != serial {
		w.Errorf("issue %v has number %v and serial %v, want %d and %d", pairs, n, s, number, serial)
	}
	return id
}

func testNumbers(w *world) {
	a, b := w.create(kit.Viewer{}, true, "Project", "name", "a"), w.create(kit.Viewer{}, true, "Project", "name", "b")
	w.wantIssue(1, 1, "project", a)
	second := w.wantIssue(2, 2, "project", "a")
	w.wantIssue(1, 3, "project", b)
	w.wantIssue(1, 4)
	w.wantIssue(2, 5, "project", nil)
	must(w.delete(kit.Viewer{}, "Issue", second, 0))
	w.wantIssue(3, 6, "project", a) // 2 is not given again
	_, err := w.tryCreate(kit.Viewer{}, false, "Issue", "project", "none")
	w.want(err, "INVALID project:NOT_FOUND")
	id, _, serial := w.issue("project", a, "number", nil, "serial", nil)
	if serial != nil {
		w.Errorf("serial of %s is %v, want null as asked for", id, serial)
	}
	w.wantIssue(5, 7, "project", a)
}

func testNumbersByHand(w *world) {
	a, b := w.create(kit.Viewer{}, true, "Project", "name", "a"), w.create(kit.Viewer{}, true, "Project", "name", "b")
	first := w.wantIssue(7, 1, "project", a, "number", 7)
	second := w.wantIssue(8, 2, "project", a)
	w.wantIssue(3, 3, "project", a, "number", 3)
	w.wantIssue(9, 4, "project", a)
	_, err := w.tryCreate(kit.Viewer{}, false, "Issue", "project", a, "number", 8)
	w.want(err, "CONFLICT project:TAKEN number:TAKEN")
	must(w.update(kit.Viewer{}, "Issue", first, 0, "number", 20))
	w.wantIssue(21, 5, "project", a)
	must(w.engine.Write(context.Background(), w.in(kit.Viewer{}), func(ctx context.Context, tx *query.Tx) error {
		e := w.entity("Issue")
		_, err := tx.Update(ctx, e, string(second), 0, []query.Change{{Field: e.Field("number"), Value: query.Increment{By: int64(100)}}})
		return err
	}))
	w.wantIssue(109, 6, "project", a)

	w.wantIssue(1, 7, "project", b)
	must(w.update(kit.Viewer{}, "Issue", first, 0, "project", b)) // it stays number 20
	w.wantIssue(21, 8, "project", b)
	must(w.update(kit.Viewer{}, "Issue", second, 0, "project", nil, "number", 4))
	w.wantIssue(5, 9)

	// Rows from before there was a counter are counted.
	must(w.engine.Write(context.Background(), w.in(kit.Viewer{}), func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.Conn().Exec(ctx, "DELETE FROM number_counters")
		return err
	}))
	w.wantIssue(22, 10, "project", b)
	w.wantIssue(6, 11)
	w.wantIssue(90, 12, "project", a, "number", 90)
	w.wantIssue(110, 13, "project", a)
}

// Creators at the same time, some of whom change their mind, get numbers that differ.
func testRacingNumbers(w *world) {
	projects := []kit.ID{w.create(kit.Viewer{}, true, "Project", "name", "a"), w.create(kit.Viewer{}, true, "Project", "name", "b")}
	const creators, each = 8, 12
	changedMind := errors.New("changed my mind")
	var wait sync.WaitGroup
	for i := range creators {
		wait.Go(func() {
			e := w.entity("Issue")
			for n := range each {
				err := w.engine.Write(context.Background(), w.in(kit.Viewer{}), func(ctx context.Context, tx *query.Tx) error {
					changes := w.changes(e, "project", projects[(i+n)%2])
					if n == each/2 {
						changes = w.changes(e, "project", projects[i%2], "number", 1000*(i+1))
					}
					if _, err := tx.Create(ctx, e, changes); err != nil {
						return err
					}
					if n%5 == 4 {
						return changedMind
					}
					return nil
				})
				if err != nil && !errors.Is(err, changedMind) {
					w.Errorf("creator %d: %s", i, describe(err))
				}
			}
		})
	}
	wait.Wait()
	s := w.sel("Issue", "project", "number", "serial")
	s.First = 100
	list := w.list(kit.Viewer{}, s)
	if want := creators * (each - 2); len(list.Rows) != want {
		w.Fatalf("%d issues, want %d", len(list.Rows), want)
	}
	var serials []int64
	for _, row := range list.Rows {
		serials = append(serials, row.Values[2].(int64))
	}
	slices.Sort(serials)
	if len(slices.Compact(slices.Clone(serials))) != len(serials) || serials[0] != 1 {
		w.Errorf("serials are %v", serials)
	}
}
