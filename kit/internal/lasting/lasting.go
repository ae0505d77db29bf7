// Package lasting keeps what lasts longer than a request may: WebSockets, streams of events and calls that go on answering.
//
//	Enter ─▶ a place, and a context that no time limit of a request ends ─▶ Leave; Drain ends them all
//
// A door has one Streams. It knows nothing of what is streamed.
package lasting

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/fettlehq/fettle/kit"
)

// Streams are those of a door that are open.
type Streams struct {
	mu       sync.Mutex
	open     int
	draining chan struct{} // closed when they are to end
	ended    chan struct{} // closed when all have, once draining
}

// New makes Streams of which none is open.
func New() *Streams {
	return &Streams{draining: make(chan struct{}), ended: make(chan struct{})}
}

// ErrEnding is the problem of whoever is sent away because the process ends.
var ErrEnding = &kit.Problem{
	Code: kit.CodeUnavailable, Status: http.StatusServiceUnavailable, Retry: 1, Detail: "This process is about to end: connect again.",
}

// Enter takes a place of most, to be left by Leave; it is a problem where there is none.
func (s *Streams) Enter(most int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.IsDraining():
		return ErrEnding
	case s.open >= most:
		return &kit.Problem{Code: kit.CodeUnavailable, Status: http.StatusServiceUnavailable, Retry: 5, Detail: "Too many streams are open."}
	}
	s.open++
	return nil
}

// Leave gives a place back.
func (s *Streams) Leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.open == 0 && s.IsDraining() {
		close(s.ended)
	}
}

// Draining is closed when streams are to end.
func (s *Streams) Draining() <-chan struct{} { return s.draining }

// IsDraining tells whether streams are to end.
func (s *Streams) IsDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// Drain ends all streams and returns when they have ended, at the latest with ctx: their clients connect again, to another
// process. It may be called once.
func (s *Streams) Drain(ctx context.Context) {
	s.mu.Lock()
	close(s.draining)
	if s.open == 0 {
		close(s.ended)
	}
	s.mu.Unlock()
	select {
	case <-s.ended:
	case <-ctx.Done():
	}
}

// Open is how many streams are open.
func (s *Streams) Open() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open
}

// Context is that of r without the time that a request may take: it ends with cancel, with the caller of r, and when streams
// are to end, of which context.Cause tells as ErrEnding.
func (s *Streams) Context(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := Untimed(r)
	go func() {
		select {
		case <-s.draining:
			cancel(ErrEnding)
		case <-ctx.Done():
		}
	}()
	return ctx, func() { cancel(context.Canceled) }
}

// callerKey is the key of the context that ends with the caller alone.
type callerKey struct{}

// Within is ctx with the time that a request may take. Untimed knows of it what came before: once that time is over, the context of the
// request would tell no more that the caller has gone.
func Within(ctx context.Context, most time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithValue(ctx, callerKey{}, ctx), most)
}

// Untimed is the context of r without the time that a request may take: it ends with cancel, which has to be called, and with the
// caller of r.
func Untimed(r *http.Request) (context.Context, context.CancelCauseFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(r.Context()))
	follow := func(caller context.Context) (stop func() bool) {
		return context.AfterFunc(caller, func() {
			if errors.Is(caller.Err(), context.Canceled) {
				cancel(context.Canceled)
			}
		})
	}
	stop := follow(r.Context())
	gone := func() bool { return true }
	if caller, ok := r.Context().Value(callerKey{}).(context.Context); ok {
		gone = follow(caller)
	}
	return ctx, func(cause error) {
		stop()
		gone()
		cancel(cause)
	}
}
