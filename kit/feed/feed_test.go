package feed_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// wait bounds every wait: nothing takes as long but what does not happen.
func wait(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func changes(entity string, verb meta.Verb, ids ...string) (all []feed.Change) {
	for _, id := range ids {
		all = append(all, feed.Change{Entity: entity, Verb: verb, ID: kit.ID(id)})
	}
	return all
}

// write announces changes in a transaction, which commits unless it fails.
func write(t *testing.T, db sqldb.Database, f *feed.Feed, failure error, all []feed.Change) {
	t.Helper()
	err := db.Write(t.Context(), func(c sqldb.Conn) error {
		if err := f.Announce(t.Context(), c, all); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
	if err == nil {
		f.Committed(all)
	}
}

// listening waits until a feed hears what is sent.
func listening(t *testing.T, db sqldb.Database, f *feed.Feed) {
	t.Helper()
	w := f.Watch("Probe", meta.Create)
	defer w.Close()
	for ctx := wait(t); ; {
		write(t, db, f, nil, changes("Probe", meta.Create, "p"))
		brief, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
		ids, _, err := w.Next(brief)
		cancel()
		switch {
		case len(ids) > 0:
			return
		case ctx.Err() != nil:
			t.Fatal(err)
		}
	}
}

// next is what a watcher hears next: keys, or "missed".
func next(t *testing.T, w *feed.Watcher) string {
	t.Helper()
	ids, missed, err := w.Next(wait(t))
	switch {
	case err != nil:
		return err.Error()
	case missed:
		return "missed"
	}
	var texts []string
	for _, id := range ids {
		texts = append(texts, string(id))
	}
	return strings.Join(texts, " ")
}

func onEach(t *testing.T, test func(t *testing.T, db sqldb.Database)) {
	t.Run("sqlite", func(t *testing.T) { test(t, kittest.Open(t, sqlite.Driver, kittest.SQLite(t))) })
	t.Run("postgres", func(t *testing.T) { test(t, kittest.Open(t, postgres.Driver, kittest.Postgres(t))) })
}

// What commits is told, in its order, to those who watch such rows and such writes; what does not commit is not.
func TestCommittedChangesAreTold(t *testing.T) {
	onEach(t, func(t *testing.T, db sqldb.Database) {
		f := feed.Open("shop", db, nil)
		defer f.Close()
		listening(t, db, f)
		created, all := f.Watch("Order", meta.Create), f.Watch("Order", meta.Create, meta.Update, meta.Delete)
		defer created.Close()
		defer all.Close()
		write(t, db, f, errors.New("no"), changes("Order", meta.Create, "undone"))
		write(t, db, f, nil, changes("Customer", meta.Create, "other"))
		write(t, db, f, nil, changes("Order", meta.Update, "a"))
		write(t, db, f, nil, append(changes("Order", meta.Create, "b", "c"), changes("Order", meta.Delete, "d")...))
		if got := next(t, created); got != "b c" {
			t.Errorf("creates: %s", got)
		}
		var heard []string
		for len(heard) < 4 { // they may come one by one
			heard = append(heard, strings.Fields(next(t, all))...)
		}
		if !slices.Equal(heard, []string{"a", "b", "c", "d"}) {
			t.Errorf("all: %v", heard)
		}
		f.Close()
		if got := next(t, all); got != "the feed is closed" {
			t.Errorf("at the end: %s", got)
		}
		if got := next(t, f.Watch("Order", meta.Create)); got != "the feed is closed" {
			t.Errorf("after the end: %s", got)
		}
	})
}

// A row that is written again before it was asked for is told once. A watcher that falls far behind keeps no more, and
// hears that it missed something.
func TestSlowWatchersAreBounded(t *testing.T) {
	f := &feed.Feed{}
	slow, other := f.Watch("Order", meta.Create), f.Watch("Order", meta.Update)
	for i := range 3000 {
		f.Committed(changes("Order", meta.Create, fmt.Sprint(i%1000)))
	}
	if ids, missed, err := slow.Next(wait(t)); len(ids) != 1000 || missed || err != nil {
		t.Errorf("each once: %d %v %v", len(ids), missed, err)
	}
	for i := range 3000 {
		f.Committed(changes("Order", meta.Create, fmt.Sprint(i)))
	}
	if ids, missed, err := slow.Next(wait(t)); len(ids) > 1000 || !missed || err != nil {
		t.Errorf("too many: %d %v %v", len(ids), missed, err)
	}
	f.Committed(changes("Order", meta.Update, "x"))
	if got := next(t, other); got != "x" {
		t.Errorf("another's: %s", got)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := slow.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	slow.Close()
	f.Committed(changes("Order", meta.Create, "y"))
	other.Close()
}

// What one process writes every process hears; a transaction that writes too many rows to name them says so.
func TestEveryProcessHears(t *testing.T) {
	url := kittest.Postgres(t)
	here, there := kittest.Open(t, postgres.Driver, url), kittest.Open(t, postgres.Driver, url)
	ours, theirs, others := feed.Open("shop", here, nil), feed.Open("shop", there, nil), feed.Open("bank", there, nil)
	defer ours.Close()
	defer theirs.Close()
	defer others.Close()
	listening(t, here, ours)
	listening(t, there, theirs)
	listening(t, there, others)
	w, o := theirs.Watch("Order", meta.Create), others.Watch("Order", meta.Create)
	write(t, here, ours, nil, changes("Order", meta.Create, "a"))
	if got := next(t, w); got != "a" {
		t.Errorf("another process heard %s", got)
	}
	var ids []string
	for range 500 {
		ids = append(ids, string(kit.NewID()))
	}
	write(t, here, ours, nil, changes("Order", meta.Create, ids...))
	if got := next(t, w); got != "missed" {
		t.Errorf("of too many it heard %s", got)
	}
	write(t, there, others, nil, changes("Order", meta.Create, "b"))
	if got := next(t, o); got != "b" {
		t.Errorf("another service heard %s", got)
	}
}

// A lost connection is made again, and who watches hears that something may have been missed.
func TestLostConnections(t *testing.T) {
	db := kittest.Open(t, postgres.Driver, kittest.Postgres(t))
	f := feed.Open("shop", db, nil)
	defer f.Close()
	listening(t, db, f)
	w := f.Watch("Order", meta.Create)
	if _, err := db.Handle().Exec(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ '^(UN)?LISTEN ' AND datname = current_database()`); err != nil {
		t.Fatal(err)
	}
	if got := next(t, w); got != "missed" {
		t.Fatalf("after the loss it heard %s", got)
	}
	write(t, db, f, nil, changes("Order", meta.Create, "a"))
	if got := next(t, w); got != "a" {
		t.Errorf("again it heard %s", got)
	}
}

// Who watches is idle when he has taken what was told and waits for more.
func TestIdle(t *testing.T) {
	var f feed.Feed
	w := f.Watch("Note", meta.Create)
	if f.Idle() {
		t.Error("idle before anybody waits")
	}
	taken, more := make(chan string), make(chan bool)
	go func() {
		for range more {
			taken <- next(t, w)
		}
	}()
	idle := func() {
		for ctx := wait(t); !f.Idle(); time.Sleep(time.Millisecond) {
			if ctx.Err() != nil {
				t.Fatal("never idle")
			}
		}
	}
	for range 2 {
		more <- true
		idle()
		f.Committed(changes("Note", meta.Create, "a"))
		if f.Idle() {
			t.Error("idle before what was told is taken, or done with")
		}
		<-taken
		if f.Idle() {
			t.Error("idle before anybody waits again")
		}
	}
	close(more)
	w.Close()
	idle()
}
