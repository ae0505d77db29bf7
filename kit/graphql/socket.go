package graphql

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/body"
	"github.com/fettlehq/fettle/kit/internal/tenant"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// A WebSocket carries many operations at the same time: graphql-transport-ws, as npm graphql-ws has it. One goroutine reads
// what the client sends, and each operation has one of its own. A client that is slow to read makes these wait; what is
// written to the database meanwhile is kept by key only, each row once, up to a bound (package feed).

const subprotocol = "graphql-transport-ws"

// The codes with which a connection is closed, as clients of graphql-ws expect them.
const (
	closeInvalid      websocket.StatusCode = 4400
	closeUnauthorized websocket.StatusCode = 4401
	closeForbidden    websocket.StatusCode = 4403
	closeSubprotocol  websocket.StatusCode = 4406
	closeInitTimeout  websocket.StatusCode = 4408
	closeTaken        websocket.StatusCode = 4409
	closeInitTwice    websocket.StatusCode = 4429
	closeInternal     websocket.StatusCode = 4500
)

func wantsSocket(r *http.Request) bool {
	return r.Method == http.MethodGet && slices.ContainsFunc(r.Header.Values("Upgrade"), func(v string) bool { return strings.EqualFold(v, "websocket") })
}

// serveSocket upgrades the connection and serves it until it ends.
func (d *Door) serveSocket(w http.ResponseWriter, r *http.Request) {
	telemetry.SetOperation(r.Context(), "graphql socket")
	if err := d.streams.Enter(d.limits.Streams); err != nil {
		d.refuse(w, r, mediaJSON, err)
		return
	}
	defer d.streams.Leave()
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}, OriginPatterns: d.options.Origins})
	if err != nil {
		return // it has answered
	}
	conn.SetReadLimit(d.limits.Body)
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.Context()))
	s := &socket{door: d, conn: conn, request: r, ctx: ctx, budgets: body.BudgetsOf(w), running: map[string]context.CancelFunc{}}
	defer func() {
		cancel()
		s.work.Wait()
		conn.CloseNow()
	}()
	if conn.Subprotocol() == "" {
		s.close(closeSubprotocol, "Subprotocol not acceptable")
		return
	}
	timer := time.AfterFunc(d.limits.Init, s.initTimeout)
	defer timer.Stop()
	go s.drain()
	go s.beat()
	s.read()
}

// socket is one connection.
type socket struct {
	door    *Door
	conn    *websocket.Conn
	request *http.Request // of the upgrade, with what connection_init says in its header
	ctx     context.Context
	budgets body.Budgets
	work    sync.WaitGroup // operations

	mu      sync.Mutex
	begun   bool // connection_init was received
	ready   bool // and acknowledged
	ending  bool
	viewer  kit.Viewer
	running map[string]context.CancelFunc // by the ids of operations
}

// close closes the connection with a code and a reason.
func (s *socket) close(code websocket.StatusCode, reason string) {
	s.conn.Close(code, reason[:min(len(reason), 120)])
}

func (s *socket) initTimeout() {
	s.mu.Lock()
	late := !s.begun
	s.mu.Unlock()
	if late {
		s.close(closeInitTimeout, "Connection initialisation timeout")
	}
}

// drain ends the connection when streams are to end: subscriptions at once, other operations when they are done.
func (s *socket) drain() {
	select {
	case <-s.ctx.Done():
		return
	case <-s.door.streams.Draining():
	}
	s.mu.Lock()
	s.ending = true
	s.mu.Unlock()
	s.work.Wait()
	s.close(websocket.StatusGoingAway, "Going away")
}

// beat finds connections that are gone, and viewers whose tokens are.
func (s *socket) beat() {
	ticker := time.NewTicker(s.door.limits.Beat)
	defer ticker.Stop()
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-ticker.C:
		}
		ctx, cancel := context.WithTimeout(s.ctx, s.door.limits.Write)
		err := s.conn.Ping(ctx)
		cancel()
		if err != nil {
			s.conn.CloseNow()
			return
		}
		s.mu.Lock()
		ready := s.ready
		s.mu.Unlock()
		if ready && !s.stillAllowed() {
			return
		}
	}
}

// stillAllowed tells whether the client's token is still good; if not it closes the connection, so that the client comes
// back with a fresh one.
func (s *socket) stillAllowed() bool {
	if _, err := s.door.options.Viewer(s.request); err != nil {
		s.close(closeForbidden, "Forbidden")
		return false
	}
	return true
}

// read reads messages until the connection ends.
func (s *socket) read() {
	defer problem.Recover(func(err error) {
		s.door.streamReport().Problem(s.ctx, "graphql socket", err)
		s.close(closeInternal, "Internal server error")
	})
	for {
		m, ok := s.receive()
		if !ok || !s.take(m) {
			return
		}
	}
}

// receive reads the next message; false where the connection has ended or was closed for it. Once it has begun, a message must
// come in the time that an operation may take.
func (s *socket) receive() (message, bool) {
	ctx, cancel := context.WithCancel(s.ctx)
	defer cancel()
	kind, from, err := s.conn.Reader(ctx)
	if err != nil {
		return message{}, false
	}
	defer time.AfterFunc(s.door.limits.Time, cancel).Stop()
	received := s.budgets.Receiving.Receive(io.NopCloser(from), time.Time{})
	defer received.Release()
	text, err := io.ReadAll(received)
	switch {
	case kit.HasCode(err, kit.CodeUnavailable):
		s.close(websocket.StatusTryAgainLater, "Too much is under way: try again soon.")
		return message{}, false
	case err != nil:
		return message{}, false
	case kind != websocket.MessageText:
		s.close(closeInvalid, "Invalid message: it is not text")
		return message{}, false
	}
	m, err := readMessage(text)
	if err != nil {
		s.close(closeInvalid, "Invalid message: "+err.Error())
		return message{}, false
	}
	return m, true
}

// take does what a message asks; false where the connection was closed for it.
func (s *socket) take(m message) bool {
	switch m.kind {
	case typeInit:
		return s.init(m.payload)
	case typePing:
		var payload []byte
		if m.payload != nil {
			payload = appendTree(m.payload)
		}
		return s.write(appendMessage(typePong, "", payload)) == nil
	case typeSubscribe:
		return s.subscribe(m)
	case typeComplete:
		s.mu.Lock()
		defer s.mu.Unlock()
		if cancel := s.running[m.id]; cancel != nil {
			cancel()
			delete(s.running, m.id)
		}
	}
	return true
}

// init learns who asks.
func (s *socket) init(payload input.Object) bool {
	s.mu.Lock()
	twice := s.begun
	s.begun = true
	s.mu.Unlock()
	if twice {
		s.close(closeInitTwice, "Too many initialisation requests")
		return false
	}
	s.request = tenant.Again(s.door.engine.Backend(), withHeader(s.request, payload))
	viewer, err := s.door.options.Viewer(s.request)
	if err != nil {
		s.close(closeForbidden, "Forbidden")
		return false
	}
	if s.write(appendMessage(typeAck, "", nil)) != nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.viewer, s.ready = viewer, true
	return true
}

// withHeader is r with what connection_init says in place of a header, which browsers cannot send with an upgrade: a
// member Authorization or Tenant, in any case, of its own or of a member headers.
func withHeader(r *http.Request, payload input.Object) *http.Request {
	said := r.Clone(context.WithoutCancel(r.Context()))
	set := func(object input.Object) {
		for name, value := range object {
			text, ok := value.(string)
			if ok && (strings.EqualFold(name, "Authorization") || strings.EqualFold(name, tenant.Header)) {
				said.Header.Set(name, text)
			}
		}
	}
	set(payload)
	if headers, ok := payload["headers"].(input.Object); ok {
		set(headers)
	}
	return said
}

// subscribe begins an operation.
func (s *socket) subscribe(m message) bool {
	s.mu.Lock()
	_, taken := s.running[m.id]
	ready, ending, many := s.ready, s.ending, len(s.running) >= s.door.limits.Operations
	s.mu.Unlock()
	switch {
	case !ready:
		s.close(closeUnauthorized, "Unauthorized")
		return false
	case taken:
		s.close(closeTaken, "Subscriber for "+m.id+" already exists")
		return false
	case ending:
		return true // the connection is about to be closed
	case many:
		return s.refuse(m.id, &kit.Problem{Code: codeBusy, Status: http.StatusTooManyRequests, Detail: "Too many operations run on this connection."})
	case m.wrong != nil:
		return s.refuse(m.id, m.wrong)
	}
	if err := s.budgets.Spent(); err != nil {
		return s.refuse(m.id, err)
	}
	if !s.stillAllowed() {
		return false
	}
	ctx, cancel := context.WithCancel(s.ctx)
	s.mu.Lock()
	if s.ending = s.ending || s.door.streams.IsDraining(); s.ending {
		s.mu.Unlock()
		cancel()
		return true
	}
	s.running[m.id] = cancel
	s.work.Add(1)
	s.mu.Unlock()
	go func() {
		defer s.work.Done()
		defer cancel()
		s.run(ctx, m)
	}()
	return true
}

// refuse tells of an operation that was not run.
func (s *socket) refuse(id string, err error) bool {
	p := s.door.streamReport().Problem(s.ctx, "graphql socket", err)
	return s.write(appendMessage(typeError, id, appendFailures(nil, []*failure{{message: p.Detail, problem: p}}))) == nil
}

// run runs an operation and tells its answers.
func (s *socket) run(ctx context.Context, m message) {
	defer problem.Recover(func(err error) {
		if s.finish(m.id) {
			s.refuse(m.id, err)
		}
	})
	ctx, _ = telemetry.Begin(ctx)
	p, failures := s.door.plan(m.request)
	if failures == nil && p.subscription {
		failures = s.follow(ctx, m.id, p)
	} else if failures == nil {
		within, cancel := context.WithTimeout(ctx, s.door.limits.Time)
		defer cancel()
		s.next(m.id, s.door.execute(within, s.viewer, p))
	}
	if !s.finish(m.id) {
		return // the client has completed it
	}
	if failures != nil {
		s.write(appendMessage(typeError, m.id, appendFailures(nil, failures)))
		return
	}
	s.write(appendMessage(typeComplete, m.id, nil))
}

// follow runs a subscription. When streams are to end it ends without a word, as the connection does.
func (s *socket) follow(ctx context.Context, id string, p *plan) []*failure {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-s.door.streams.Draining():
			cancel()
		case <-ctx.Done():
		}
	}()
	failures := s.door.subscription(ctx, s.viewer, p, func() {}, func(answer []byte) error {
		if !s.stillAllowed() {
			return context.Canceled
		}
		return s.next(id, answer)
	})
	if s.door.streams.IsDraining() {
		s.finish(id)
	}
	return failures
}

// next tells an answer, unless the client has completed the operation.
func (s *socket) next(id string, answer []byte) error {
	s.mu.Lock()
	_, running := s.running[id]
	s.mu.Unlock()
	if !running {
		return context.Canceled
	}
	return s.write(appendMessage(typeNext, id, answer))
}

// finish forgets an operation; false where it was forgotten before.
func (s *socket) finish(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, running := s.running[id]
	delete(s.running, id)
	return running
}

// write sends a message. A client that does not read for too long loses the connection.
func (s *socket) write(text []byte) error {
	ctx, cancel := context.WithTimeout(s.ctx, s.door.limits.Write)
	defer cancel()
	_, err := s.budgets.Sending.Send(text, func(text []byte) (int, error) {
		return len(text), s.conn.Write(ctx, websocket.MessageText, text)
	})
	return err
}
