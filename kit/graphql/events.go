package graphql

import (
	"bytes"
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/media"
)

// Server-sent events carry a subscription, or the one answer of any other operation, over plain HTTP: GraphQL over SSE in
// the mode of distinct connections. A stream that ends without "complete" was broken off, and the client connects again.

const mediaEvents = "text/event-stream"

// wantsEvents tells whether a request asks for a stream of events before anything else. Wildcards do not.
func wantsEvents(accept []string) bool {
	events := media.Weight(accept, mediaEvents, false)
	return events > 0 && events >= media.Weight(accept, mediaResponse, false) && events >= media.Weight(accept, mediaJSON, false)
}

// answerEvents answers with a stream of events.
func (d *Door) answerEvents(w http.ResponseWriter, r *http.Request, media string, viewer kit.Viewer, p *plan) {
	if err := d.streams.Enter(d.limits.Streams); err != nil {
		d.refuse(w, r, media, err)
		return
	}
	defer d.streams.Leave()
	ctx, cancel := d.streams.Context(r)
	defer cancel()
	s := &eventStream{w: w, control: http.NewResponseController(w), wait: d.limits.Write}
	if !p.subscription {
		answer := d.execute(r.Context(), viewer, p)
		s.begin()
		if s.event("next", answer) == nil {
			s.event("complete", nil)
		}
		return
	}
	var beats sync.WaitGroup
	defer func() { // before the response ends
		cancel()
		beats.Wait()
	}()
	begun := false // nothing is sent before it is known whether the subscription is refused
	send := func(answer []byte) error {
		if _, err := d.options.Viewer(r); err != nil {
			cancel() // his token has expired
			return err
		}
		return s.event("next", answer)
	}
	failures := d.subscription(ctx, viewer, p, func() {
		begun = true
		s.begin()
		beats.Go(func() { s.beat(ctx, cancel, d.limits.Beat) })
	}, send)
	if begun {
		if failures != nil && s.event("next", append(appendFailures([]byte(`{"errors":`), failures), `,"data":null}`...)) == nil {
			s.event("complete", nil)
		}
		return
	}
	if failures != nil {
		refused := failures[0].problem
		d.send(w, r, media, refused.Status, appendErrors(nil, failures), refused)
	}
}

// eventStream writes events. The functions may be called at the same time.
type eventStream struct {
	w       http.ResponseWriter
	control *http.ResponseController
	wait    time.Duration // for a client that is slow to read
	mu      sync.Mutex
	begun   bool
}

// begin sends the header. The time that a request may take is not for what lasts.
func (s *eventStream) begin() {
	s.control.SetReadDeadline(time.Time{})
	h := s.w.Header()
	h.Set("Content-Type", mediaEvents+"; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Accel-Buffering", "no") // or nginx keeps events back
	h.Set("X-Content-Type-Options", "nosniff")
	s.w.WriteHeader(http.StatusOK)
	s.control.SetWriteDeadline(time.Now().Add(s.wait))
	defer s.control.SetWriteDeadline(time.Time{})
	s.begun = s.control.Flush() == nil
}

func (s *eventStream) event(name string, data []byte) error {
	var b bytes.Buffer
	b.WriteString("event: " + name + "\ndata: ")
	b.Write(data) // JSON as the door writes it has no line ends
	b.WriteString("\n\n")
	return s.write(b.Bytes())
}

// comment tells a client, and whatever stands between, that the stream is alive.
func (s *eventStream) comment() error { return s.write([]byte(":\n\n")) }

// beat sends comments until the stream ends, and ends it where nobody reads them.
func (s *eventStream) beat(ctx context.Context, end context.CancelFunc, every time.Duration) {
	ticker := time.NewTicker(every)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			if s.comment() != nil {
				end()
				return
			}
		}
	}
}

// write sends text. Between events there is no deadline: over HTTP/2 one that passes ends the stream, also where nothing is
// being written.
func (s *eventStream) write(text []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.begun {
		return http.ErrHandlerTimeout
	}
	s.control.SetWriteDeadline(time.Now().Add(s.wait))
	defer s.control.SetWriteDeadline(time.Time{})
	if _, err := s.w.Write(text); err != nil {
		return err
	}
	return s.control.Flush()
}
