// Package feed tells which rows have been written, to whoever watches, in every process of a service.
//
//	query: a transaction ─▶ Announce (within it) ─▶ Committed ─▶ Watcher ─▶ doors, which read the rows again
//	                            └▶ PostgreSQL's NOTIFY ─▶ the feed of each process, this one too
//
// It carries keys and never what rows hold: who may see a row, and what of it, is decided when it is read again. What is
// told of may be told twice, or be undone by the time that it is read; a watcher that may have missed something hears that.
// It knows no entity and reads nothing.
package feed

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Change is what a transaction did to a row.
type Change struct {
	Entity string
	Verb   meta.Verb
	ID     kit.ID
}

// Feed is the feed of one database. All its methods may be called at the same time. The zero Feed works within one process.
type Feed struct {
	messenger sqldb.Messenger // nil: one process has the database
	channel   string
	log       *slog.Logger
	stop      func()

	mu       sync.RWMutex
	watchers map[string]map[*Watcher]bool // by entity
	closed   bool
}

// Open is the feed of the service of that name on db. Where other processes may have the database open it listens to
// what they write, until Close; it returns when it does so, or when that failed, and then it is tried again. log may be nil.
func Open(name string, db sqldb.Database, log *slog.Logger) *Feed {
	f := &Feed{channel: channel(name), log: log, stop: func() {}}
	messenger, ok := db.(sqldb.Messenger)
	if !ok {
		return f
	}
	f.messenger = messenger
	ctx, cancel := context.WithCancel(context.Background())
	ended, tried := make(chan struct{}), make(chan struct{})
	once := sync.OnceFunc(func() { close(tried) })
	go func() {
		defer close(ended)
		f.messenger.Listen(ctx, f.channel, sqldb.Listener{
			Begun: func() {
				f.missed()
				once()
			},
			Received: f.received,
			Failed: func(err error) {
				f.failed(err)
				once()
			},
		})
	}()
	<-tried
	f.stop = func() {
		cancel()
		<-ended
	}
	return f
}

// channel is the name that a service's feeds share. PostgreSQL takes 63 bytes.
func channel(name string) string {
	name = "feed " + name
	return name[:min(len(name), 63)]
}

// Close ends the listening; whoever waits for changes hears ErrClosed.
func (f *Feed) Close() {
	f.stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
	for _, watchers := range f.watchers {
		for w := range watchers {
			w.close()
		}
	}
	f.watchers = nil
}

// Announce says within the transaction of c, right before it commits, what it changed.
func (f *Feed) Announce(ctx context.Context, c sqldb.Conn, changes []Change) error {
	if f.messenger == nil || len(changes) == 0 {
		return nil
	}
	return f.messenger.Send(ctx, c, f.channel, messages(changes))
}

// Committed says that a transaction which announced changes has committed.
func (f *Feed) Committed(changes []Change) {
	if f.messenger == nil {
		f.dispatch(changes)
	}
}

func (f *Feed) dispatch(changes []Change) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, c := range changes {
		for w := range f.watchers[c.Entity] {
			w.add(c)
		}
	}
}

// missed tells every watcher that it may have missed something.
func (f *Feed) missed() {
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, watchers := range f.watchers {
		for w := range watchers {
			w.miss()
		}
	}
}

func (f *Feed) received(text string) {
	entity, changes, err := readMessage(text)
	switch {
	case err != nil:
		f.failed(err)
	case changes == nil:
		f.mu.RLock()
		defer f.mu.RUnlock()
		for w := range f.watchers[entity] {
			w.miss()
		}
	default:
		f.dispatch(changes)
	}
}

func (f *Feed) failed(err error) {
	if f.log != nil {
		f.log.Warn("changes are not heard of", "error", err)
	}
}

// Watchers is how many watch.
func (f *Feed) Watchers() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	n := 0
	for _, watchers := range f.watchers {
		n += len(watchers)
	}
	return n
}

// Idle tells whether whoever watches has taken all that was dispatched, and waits for more. Tests wait for it.
func (f *Feed) Idle() bool {
	f.mu.Lock() // after what is being dispatched
	defer f.mu.Unlock()
	for _, watchers := range f.watchers {
		for w := range watchers {
			if !w.idle() {
				return false
			}
		}
	}
	return true
}

// ErrClosed is what a watcher hears when its feed is closed.
var ErrClosed = errors.New("the feed is closed")

// maxPending is how many rows a watcher may be behind. One that is further behind has missed some.
const maxPending = 1000

// Watcher collects the rows of one entity that were written until they are asked for: each once, however often it was
// written meanwhile. One goroutine waits on it.
type Watcher struct {
	feed   *Feed
	entity string
	verbs  [meta.Delete + 1]bool
	signal chan struct{}

	mu      sync.Mutex
	pending []kit.ID
	known   map[kit.ID]bool
	lost    bool
	closed  bool
	waiting bool // nothing was pending when its reader came last
}

// Watch begins to watch writes of rows of an entity. The watcher must be closed.
func (f *Feed) Watch(entity string, verbs ...meta.Verb) *Watcher {
	w := &Watcher{feed: f, entity: entity, signal: make(chan struct{}, 1), known: map[kit.ID]bool{}}
	for _, verb := range verbs {
		w.verbs[verb] = true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		w.close()
		return w
	}
	if f.watchers == nil {
		f.watchers = map[string]map[*Watcher]bool{}
	}
	if f.watchers[entity] == nil {
		f.watchers[entity] = map[*Watcher]bool{}
	}
	f.watchers[entity][w] = true
	return w
}

// Close ends the watching.
func (w *Watcher) Close() {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	delete(w.feed.watchers[w.entity], w)
}

// Next waits for rows to be written and returns their keys, in the order in which they were first written. Missed tells
// that there may be others which it does not know of.
func (w *Watcher) Next(ctx context.Context) (ids []kit.ID, missed bool, err error) {
	for {
		if ids, missed, err = w.take(); err != nil || len(ids) > 0 || missed {
			return ids, missed, err
		}
		select {
		case <-ctx.Done():
			return nil, false, ctx.Err()
		case <-w.signal:
		}
	}
}

func (w *Watcher) take() (ids []kit.ID, missed bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	ids, missed = w.pending, w.lost
	w.pending, w.lost = nil, false
	clear(w.known)
	w.waiting = len(ids) == 0 && !missed
	if w.closed && len(ids) == 0 && !missed {
		err = ErrClosed
	}
	return ids, missed, err
}

func (w *Watcher) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting && len(w.pending) == 0 && !w.lost
}

func (w *Watcher) add(c Change) {
	if !w.verbs[c.Verb] {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.known[c.ID]:
		return
	case len(w.pending) == maxPending:
		w.lose()
	default:
		w.known[c.ID] = true
		w.pending = append(w.pending, c.ID)
	}
	w.wake()
}

func (w *Watcher) miss() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lose()
	w.wake()
}

// lose forgets what is pending: who missed something reads all of it again.
func (w *Watcher) lose() {
	w.pending, w.lost = nil, true
	clear(w.known)
}

func (w *Watcher) close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.wake()
}

func (w *Watcher) wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}
