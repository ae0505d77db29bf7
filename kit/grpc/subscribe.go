package grpc

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/fettlehq/fettle/kit/internal/watch"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/query"
)

// A subscription is a method that goes on answering: with nothing at once, when it has begun, then with each row that its
// caller is to be told of, with read_again where there may be others, and from time to time with nothing, a sign of life
// that finds callers who are gone and tokens that have expired. It lasts as long as its caller's deadline allows, and ends
// with UNAVAILABLE when the process does.

// addSubscription adds the method that tells of the rows of o.
func (d *door) addSubscription(l *linker, m *method, o *meta.Operation) error {
	m.args = o.Args
	out, r, err := d.rowOut(l, m, o.Result.Target())
	if err != nil {
		return err
	}
	again := m.out.flag()
	if again == nil {
		return errors.New("its answer does not tell to read again")
	}
	mask := free(o.Args, "readMask")
	m.lasting = true
	return d.stream(m, func(ctx context.Context, c *call, send func([]byte) error) error {
		sel := &query.Select{Entity: o.Result.Target(), Query: o}
		if sel.Args, err = c.arguments(o); err != nil {
			return err
		}
		shape, err := d.choose(sel, r, c.in, mask)
		if err == nil {
			err = d.checkRows(sel, 1, mask)
		}
		if err != nil {
			return err
		}
		return c.follow(ctx, sel, send, func(row *query.Row) []byte {
			if row != nil {
				return c.rowAnswer(out, shape, row)
			}
			w := c.answer()
			w.scalar(again, true)
			return w.bytes()
		})
	})
}

// flag is the one field of m that is true or false.
func (m *message) flag() *field {
	for _, f := range m.fields {
		if f.form == formBool {
			return f
		}
	}
	return nil
}

// follow sends what told makes of each row that the caller is to be told of, and of nil where he may have missed some, until
// ctx ends, he is gone or may no longer hear of them.
func (c *call) follow(ctx context.Context, sel *query.Select, send func([]byte) error, told func(*query.Row) []byte) error {
	d := c.door
	ctx, end := context.WithCancelCause(ctx)
	defer end(nil)
	s, err := watch.Open(ctx, d.engine, c.viewer, sel, d.options.Time)
	if err != nil {
		return c.ended(ctx, err)
	}
	defer s.Close()
	live := &liveStream{call: c, control: http.NewResponseController(c.visit.w), end: end, send: send}
	live.control.SetReadDeadline(time.Time{})
	if err := live.answer(c.answer().bytes()); err != nil {
		return c.ended(ctx, err)
	}
	var beats sync.WaitGroup
	defer beats.Wait()
	defer end(nil)
	beats.Go(func() { live.beat(ctx) })
	failed := func(err error) { problem.Reporter{Log: d.options.Notices}.Problem(ctx, c.method.name, err) }
	for {
		rows, missed, err := s.Next(ctx, failed)
		if missed && err == nil {
			err = live.tell(told(nil))
		}
		for i := 0; i < len(rows) && err == nil; i++ {
			err = live.tell(told(rows[i]))
		}
		if err != nil {
			return c.ended(ctx, err)
		}
	}
}

// ended is why a stream ended: what ended its context, where that did, else err. That the time is over which the caller gave it
// is no failure.
func (c *call) ended(ctx context.Context, err error) error {
	switch cause := context.Cause(ctx); {
	case cause == nil:
		return err
	case errors.Is(cause, context.DeadlineExceeded):
		return c.door.toldAs(ctx, outOfTime.Problem, outOfTime.code)
	default:
		return cause
	}
}

// liveStream is a stream of answers of which nobody knows when there will be another.
type liveStream struct {
	call    *call
	control *http.ResponseController
	end     context.CancelCauseFunc

	mu   sync.Mutex
	send func([]byte) error
}

// answer sends one, and waits for a caller who is slow to read no longer than he may be. Between answers there is no deadline:
// over HTTP/2 one that passes ends the stream, also where nothing is being written.
func (s *liveStream) answer(body []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.control.SetWriteDeadline(time.Now().Add(s.call.door.options.Write))
	defer s.control.SetWriteDeadline(time.Time{})
	return s.send(body)
}

// tell is answer if the caller's token is still good.
func (s *liveStream) tell(body []byte) error {
	if _, err := s.call.door.options.Viewer(s.call.visit.r); err != nil {
		return err
	}
	return s.answer(body)
}

// beat sends signs of life until ctx ends, and ends the stream where nobody may read them or does.
func (s *liveStream) beat(ctx context.Context) {
	ticker := time.NewTicker(s.call.door.options.Beat)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if err := s.tell(s.call.answer().bytes()); err != nil {
				s.end(err)
				return
			}
		}
	}
}

// serveLasting is serve for a method that goes on answering: it takes a place among the streams, and the time that a request
// may take is not for it.
func (d *door) serveLasting(w http.ResponseWriter, r *http.Request, m *method, v *visit) {
	if v.err == nil {
		if v.err = d.streams.Enter(d.options.Streams); v.err == nil {
			defer d.streams.Leave()
		}
	}
	ctx, cancel := d.streams.Context(r)
	defer cancel()
	m.handler.ServeHTTP(w, r.WithContext(context.WithValue(ctx, visitKey{}, v)))
}
