package graphql

import (
	"context"
	"errors"
	"net/http"
	"sync"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/internal/watch"
	"github.com/fettlehq/fettle/kit/problem"
)

// The codes of streams.
const (
	codeReadAgain = "READ_AGAIN"
	codeNeeds     = "NEEDS_STREAM"
	codeBusy      = "TOO_MANY_OPERATIONS"
)

// subscription runs p, a subscription: it calls begun when it is allowed, then gives send an answer for each row that the viewer is to be told of, until ctx
// ends or send fails. The failures are of a subscription that was refused, or that the viewer may no longer have.
func (d *Door) subscription(ctx context.Context, viewer kit.Viewer, p *plan, begun func(), send func(answer []byte) error) []*failure {
	r := p.roots[0]
	if wrong := r.wrong(); wrong != nil {
		return []*failure{{message: wrong.Detail, at: r.at, problem: wrong}}
	}
	s, err := watch.Open(ctx, d.engine, viewer, r.sel, d.limits.Time)
	if err != nil {
		return d.ended(ctx, p, err)
	}
	defer s.Close()
	begun()
	failed := func(err error) { d.streamReport().Problem(ctx, p.name, err) }
	for {
		rows, missed, err := s.Next(ctx, failed)
		if err != nil {
			return d.ended(ctx, p, err)
		}
		if missed {
			if send(readAgain) != nil {
				return nil
			}
		}
		for _, row := range rows {
			if send(d.told(p, []result{{value: row}})) != nil {
				return nil
			}
		}
	}
}

// ended is why a subscription ended, nil where nobody waits for it any more.
func (d *Door) ended(ctx context.Context, p *plan, err error) []*failure {
	if ctx.Err() != nil || errors.Is(err, feed.ErrClosed) {
		return nil
	}
	said := d.streamReport().Problem(ctx, p.name, err)
	return []*failure{{message: said.Detail, at: p.roots[0].at, path: []any{p.roots[0].field.key}, problem: said, instance: problem.Instance(ctx, said)}}
}

// streamReport reports what fails in a stream at once: the request that it belongs to is logged when it ends.
func (d *Door) streamReport() problem.Reporter { return problem.Reporter{Log: d.options.Notices} }

// readAgain is the answer that stands for those that may be missing.
var readAgain = append(appendFailures([]byte(`{"errors":`), []*failure{{
	message: "Some changes may be missing: read again what you show.",
	problem: &kit.Problem{Code: codeReadAgain, Status: http.StatusServiceUnavailable},
}}), `,"data":null}`...)

// needsStream refuses a subscription that was asked for without a stream.
func needsStream() error {
	return &kit.Problem{
		Code: codeNeeds, Status: http.StatusNotAcceptable,
		Detail: "Subscribe over a WebSocket (" + subprotocol + "), or with Accept: " + mediaEvents + ".",
	}
}

// streams are the open connections that last: WebSockets and streams of events.
type streams struct {
	mu       sync.Mutex
	open     int
	draining chan struct{} // closed when they are to end
	ended    chan struct{} // closed when all have, once draining
}

func newStreams() *streams {
	return &streams{draining: make(chan struct{}), ended: make(chan struct{})}
}

// enter takes a place; it is a problem where there is none.
func (s *streams) enter(most int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.isDraining():
		return &kit.Problem{Code: kit.CodeUnavailable, Status: http.StatusServiceUnavailable, Retry: 1, Detail: "This process is about to end: connect again."}
	case s.open >= most:
		return &kit.Problem{Code: kit.CodeUnavailable, Status: http.StatusServiceUnavailable, Retry: 5, Detail: "Too many streams are open."}
	}
	s.open++
	return nil
}

func (s *streams) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.open--
	if s.open == 0 && s.isDraining() {
		close(s.ended)
	}
}

func (s *streams) isDraining() bool {
	select {
	case <-s.draining:
		return true
	default:
		return false
	}
}

// Drain ends all streams and returns when they have ended, at the latest with ctx: their clients connect again, to another
// process. It may be called once.
func (d *Door) Drain(ctx context.Context) {
	s := d.streams
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

// Streams is how many streams are open.
func (d *Door) Streams() int {
	d.streams.mu.Lock()
	defer d.streams.mu.Unlock()
	return d.streams.open
}

// lasting is the context of what lasts longer than a request may: it ends with cancel, with the request's caller, and
// when streams are to end.
func (d *Door) lasting(r *http.Request) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	stop := context.AfterFunc(r.Context(), func() {
		if errors.Is(r.Context().Err(), context.Canceled) {
			cancel()
		}
	})
	go func() {
		select {
		case <-d.streams.draining:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		stop()
		cancel()
	}
}
