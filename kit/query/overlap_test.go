package query_test

import (
	"context"
	"sync"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// hour is an instant of the day of these tests; a negative one is none.
func hour(n int) any {
	if n < 0 {
		return nil
	}
	return time.Date(2030, 5, 1, n, 0, 0, 0, time.UTC)
}

func testOverlaps(w *world) {
	room, other := w.create(w.ann, true, "Topic", "name", "room"), w.create(w.ann, true, "Topic", "name", "other")
	book := func(room kit.ID, desk, from, until int, pairs ...any) (kit.ID, error) {
		return w.tryCreate(w.ann, false, "Booking", append([]any{"room", room, "desk", desk, "startsAt", hour(from), "endsAt", hour(until)}, pairs...)...)
	}
	first, err := book(room, 1, 10, 12)
	w.want(err, "ok")
	for _, test := range []struct {
		room        kit.ID
		desk        int
		from, until int
		live        bool
		want        string
	}{
		{room, 1, 12, 13, true, "ok"}, // neighbours
		{room, 1, 9, 10, true, "ok"},
		{room, 1, 11, 13, true, "CONFLICT startsAt:TAKEN"},
		{room, 1, 10, 12, true, "CONFLICT startsAt:TAKEN"},
		{room, 1, 8, 20, true, "CONFLICT startsAt:TAKEN"},
		{room, 1, 11, 13, false, "ok"},
		{room, 2, 11, 13, true, "ok"},
		{other, 1, 11, 13, true, "ok"},
		{room, 1, -1, 9, true, "ok"}, // no limit
		{room, 1, 3, 4, true, "CONFLICT startsAt:TAKEN"},
		{room, 1, 13, -1, true, "ok"},
		{room, 1, 22, 23, true, "CONFLICT startsAt:TAKEN"},
		{room, 1, -1, -1, true, "CONFLICT startsAt:TAKEN"},
		{room, 1, 23, 22, true, "INVALID endsAt:ENDS_BEFORE_START"},
		{room, 1, 22, 22, true, "INVALID endsAt:ENDS_BEFORE_START"},
	} {
		_, err := book(test.room, test.desk, test.from, test.until, "live", test.live)
		if got := describe(err); got != test.want {
			w.Errorf("%s, %d, %d to %d: %s, want %s", test.room, test.desk, test.from, test.until, got, test.want)
		}
	}
	_, err = w.tryCreate(w.ann, false, "Booking", "room", room, "startsAt", hour(1), "endsAt", hour(2))
	w.want(err, "ok")
	_, err = w.tryCreate(w.ann, false, "Booking", "room", room, "startsAt", hour(1), "endsAt", hour(2)) // a desk that is null is no other's
	w.want(err, "ok")

	w.want(w.update(w.ann, "Booking", first, 0, "endsAt", hour(13)), "CONFLICT startsAt:TAKEN")
	w.want(w.update(w.ann, "Booking", first, 0, "room", other), "CONFLICT startsAt:TAKEN")
	w.want(w.update(w.ann, "Booking", first, 0, "endsAt", hour(11)), "ok")
	w.want(w.update(w.ann, "Booking", first, 0, "desk", 3), "ok")
	w.want(w.update(w.ann, "Booking", first, 0, "live", false, "desk", 2, "endsAt", hour(12)), "ok")
	w.want(w.update(w.ann, "Booking", first, 0, "live", true), "CONFLICT startsAt:TAKEN")
}

// Of many who book the same place at the same time exactly one has it, and nobody waits for a deadlock to be broken.
func testOverlapRace(w *world) {
	room := w.create(w.ann, true, "Topic", "name", "room")
	e := w.entity("Booking")
	began := time.Now()
	for round := range 5 {
		var results sync.Map
		var racers sync.WaitGroup
		for i := range 16 {
			racers.Go(func() {
				err := w.engine.Write(w.Context(), w.ann, func(ctx context.Context, tx *query.Tx) error {
					_, err := tx.Create(ctx, e, w.changes(e, "room", room, "desk", 1, "startsAt", hour(round), "endsAt", hour(round+1)))
					return err
				})
				results.Store(i, describe(err))
			})
		}
		racers.Wait()
		count := map[string]int{}
		results.Range(func(_, result any) bool {
			count[result.(string)]++
			return true
		})
		if count["ok"] != 1 || count["CONFLICT startsAt:TAKEN"] != 15 {
			w.Errorf("round %d: %v", round, count)
		}
	}
	if took := time.Since(began); took > time.Minute {
		w.Errorf("took %v", took)
	}
}
