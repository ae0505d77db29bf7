package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"time"

	"github.com/coder/websocket"
	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fettlehq/fettle/kit/meta"
)

// An ear hears one subscription of one viewer at one door.
type ear interface {
	// settled tells, once nobody has more to tell, whether all that was told has arrived.
	settled() error
	// take is what was told since the last time, and how the subscription ended, where it has.
	take() (events []any, end *said, err error)
	close()
}

// An earDoor opens ears. An ear has begun, or has ended, when it is returned.
type earDoor interface {
	name() string
	listen(r *matrixRun, w Wish, v Viewer) (ear, error)
}

// patience bounds every wait: nothing takes as long but what does not happen.
const patience = time.Minute

// until waits for something to be so.
func until(what string, so func() bool) error {
	for end := time.Now().Add(patience); !so(); time.Sleep(100 * time.Microsecond) {
		if time.Now().After(end) {
			return fmt.Errorf("it never was so that %s", what)
		}
	}
	return nil
}

// liveAnswer is an answer that goes on, as far as it has come.
type liveAnswer struct {
	mu     sync.Mutex
	header http.Header
	status int
	body   bytes.Buffer
	ended  bool
	leave  context.CancelFunc
	gone   chan struct{}
}

// stream sends a request to a handler that may go on answering.
func stream(h http.Handler, q *http.Request) *liveAnswer {
	ctx, leave := context.WithCancel(context.Background())
	a := &liveAnswer{header: http.Header{}, leave: leave, gone: make(chan struct{})}
	go func() {
		defer close(a.gone)
		h.ServeHTTP(a, q.WithContext(ctx))
		a.mu.Lock()
		defer a.mu.Unlock()
		a.ended = true
	}()
	return a
}

func (a *liveAnswer) Header() http.Header { return a.header }
func (a *liveAnswer) Flush()              { a.WriteHeader(http.StatusOK) }

func (a *liveAnswer) WriteHeader(status int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.status == 0 {
		a.status = status
	}
}

func (a *liveAnswer) Write(p []byte) (int, error) {
	a.WriteHeader(http.StatusOK)
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.body.Write(p)
}

// next is what came since the last time.
func (a *liveAnswer) next() (status int, text []byte, ended bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	text = bytes.Clone(a.body.Bytes())
	a.body.Reset()
	return a.status, text, a.ended
}

// begun waits for the first bytes, or the end.
func (a *liveAnswer) begun() error {
	return until("a subscription begins or is refused", func() bool {
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.status != 0 && (a.ended || a.status == http.StatusOK)
	})
}

func (a *liveAnswer) settled() error { return nil }

func (a *liveAnswer) close() {
	a.leave()
	<-a.gone
}

// subscriptionDocument asks for a subscription in GraphQL.
func subscriptionDocument(r *matrixRun, schema *ast.Schema, w Wish) (map[string]any, error) {
	root := schema.Subscription.Fields.ForName(w.Operation.Name)
	if root == nil {
		return nil, fmt.Errorf("no subscription %s", w.Operation.Name)
	}
	r.asked["field "+root.Name] = true
	args := r.identified(w.Values).(map[string]any)
	var types, given []string
	for _, a := range root.Arguments {
		if _, ok := args[a.Name]; ok {
			types = append(types, "$"+a.Name+": "+a.Type.String())
			given = append(given, a.Name+": $"+a.Name)
		}
	}
	head, call := "subscription", root.Name
	if len(types) > 0 {
		head += "(" + strings.Join(types, ", ") + ")"
		call += "(" + strings.Join(given, ", ") + ")"
	}
	selection := graphqlDoor{schema: schema}.selection(root.Type, true)
	return map[string]any{"query": head + " { " + call + selection + " }", "variables": args}, nil
}

// toldByGraphQL is an answer of a subscription: a row, or what is wrong.
func toldByGraphQL(name string, answer any) (row any, wrong *said) {
	object, _ := answer.(map[string]any)
	if errs, _ := object["errors"].([]any); errs != nil {
		s, _ := graphqlProblem(reply{json: object})
		return nil, &s
	}
	data, _ := object["data"].(map[string]any)
	return plainly(data[name]), nil
}

// eventsDoor listens by server-sent events.
type eventsDoor struct{ schema *ast.Schema }

func (eventsDoor) name() string { return "GraphQL's events" }

type eventsEar struct {
	*liveAnswer
	name string
	rest string
}

func (d eventsDoor) listen(r *matrixRun, w Wish, v Viewer) (ear, error) {
	document, err := subscriptionDocument(r, d.schema, w)
	if err != nil {
		return nil, err
	}
	q := r.streamRequest(v, r.graphqlPath(v), []byte(text(document)))
	q.Header.Set("Accept", "text/event-stream")
	q.Header.Set("Content-Type", "application/json")
	e := &eventsEar{liveAnswer: stream(r.audience.product.graphql, q), name: w.Operation.Name}
	return e, e.begun()
}

// streamRequest is a POST of a viewer, in the tenant that its path or header names.
func (r *matrixRun) streamRequest(v Viewer, path string, body []byte) *http.Request {
	q := httptest.NewRequest(http.MethodPost, path, bytes.NewReader(body))
	for name, value := range r.viewerHeaders(v) {
		q.Header.Set(name, value)
	}
	return q
}

func (r *matrixRun) viewerHeaders(v Viewer) map[string]string {
	headers := map[string]string{}
	visitor := r.visitor(v)
	if visitor.viewer != "" {
		headers[viewerHeader] = visitor.viewer
	}
	if visitor.tenant != "" {
		headers["Tenant"] = visitor.tenant
	}
	return headers
}

func (r *matrixRun) graphqlPath(v Viewer) string {
	if t := r.product.backend.Tenant; v.Tenant != "" && t.By != meta.ByHeader {
		return "/" + r.product.backend.Entity(t.Entity).Path + "/" + r.ids[v.Tenant] + "/graphql"
	}
	return "/graphql"
}

func (e *eventsEar) take() (events []any, end *said, err error) {
	status, said, ended := e.next()
	if status != http.StatusOK {
		var answer any
		if err := json.Unmarshal(said, &answer); err != nil {
			return nil, nil, fmt.Errorf("%d %s: %w", status, said, err)
		}
		_, end = toldByGraphQL(e.name, answer)
		return nil, end, nil
	}
	e.rest += string(said)
	for {
		event, rest, whole := strings.Cut(e.rest, "\n\n")
		if !whole {
			break
		}
		e.rest = rest
		kind, data, _ := strings.Cut(event, "\ndata: ")
		if kind != "event: next" {
			continue // a sign of life, or that it is complete
		}
		answer, err := decoded([]byte(data))
		if err != nil {
			return nil, nil, err
		}
		row, wrong := toldByGraphQL(e.name, answer)
		if wrong == nil {
			events = append(events, row)
		} else {
			end = wrong
		}
	}
	if ended != (end != nil) {
		return events, end, fmt.Errorf("an end %v, and %v", ended, end)
	}
	return events, end, nil
}

func decoded(data []byte) (v any, err error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return nil, fmt.Errorf("%s: %w", data, err)
	}
	return v, nil
}

// streamDoor listens by a method of Connect that goes on answering.
type streamDoor struct {
	methods map[string]protoreflect.MethodDescriptor
}

func (streamDoor) name() string { return "gRPC's subscriptions" }

type streamEar struct {
	*liveAnswer
	wish   Wish
	method protoreflect.MethodDescriptor
	rest   []byte
}

func (d streamDoor) listen(r *matrixRun, w Wish, v Viewer) (ear, error) {
	name := "Subscribe" + capital(w.Operation.Name)
	m := d.methods[name]
	if m == nil {
		return nil, fmt.Errorf("no method %s", name)
	}
	r.asked["method "+name] = true
	message := toProto(m.Input(), r.identified(w.Values).(map[string]any))
	service := "/" + string(m.Parent().FullName()) + "/"
	q := r.streamRequest(v, service+string(m.Name()), enveloped([]byte(text(message))))
	q.Header.Set("Content-Type", "application/connect+json")
	q.Header.Set("Connect-Protocol-Version", "1")
	e := &streamEar{liveAnswer: stream(r.audience.product.grpc[service], q), wish: w, method: m}
	return e, e.begun()
}

func (e *streamEar) take() (events []any, end *said, err error) {
	_, came, ended := e.next()
	e.rest = append(e.rest, came...)
	for {
		message, last, rest := envelope(e.rest)
		if message == nil {
			break
		}
		e.rest = rest
		if last {
			var over struct{ Error json.RawMessage }
			if err := json.Unmarshal(message, &over); err != nil {
				return nil, nil, err
			}
			if over.Error == nil {
				return events, nil, errors.New("it has ended without a reason")
			}
			s, err := connectProblem(e.wish, over.Error)
			return events, &s, err
		}
		out := dynamicpb.NewMessage(e.method.Output())
		if err := protojson.Unmarshal(message, out); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", message, err)
		}
		fields := out.Descriptor().Fields()
		for i := range fields.Len() {
			f := fields.Get(i)
			switch {
			case !out.Has(f): // a sign of life has nothing in it
			case f.Message() == nil:
				return events, nil, fmt.Errorf("%s: it may have missed something", e.method.Name())
			default:
				events = append(events, fromProtoField(out, f, true))
			}
		}
	}
	if ended {
		return events, nil, errors.New("it has ended without a last message")
	}
	return events, nil, nil
}

// socketDoor listens by graphql-transport-ws: a viewer has one connection.
type socketDoor struct {
	schema  *ast.Schema
	url     string
	sockets map[Viewer]*socket
}

func (*socketDoor) name() string { return "GraphQL's sockets" }

// socket is the connection of a viewer.
type socket struct {
	conn *websocket.Conn
	n    int // subscriptions that it ever had

	mu    sync.Mutex
	told  map[string][]socketMessage // by the ids of subscriptions
	pongs int
	pings int
	err   error
}

type socketMessage struct {
	Type    string
	ID      string
	Payload any
}

func (d *socketDoor) of(r *matrixRun, v Viewer) (*socket, error) {
	if s := d.sockets[v]; s != nil {
		return s, nil
	}
	header := http.Header{}
	for name, value := range r.viewerHeaders(v) {
		header.Set(name, value)
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, _, err := websocket.Dial(ctx, d.url+r.graphqlPath(v), &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: header})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	s := &socket{conn: conn, told: map[string][]socketMessage{}}
	go s.read()
	d.sockets[v] = s
	return s, s.send(`{"type":"connection_init"}`)
}

func (s *socket) send(message string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	return s.conn.Write(ctx, websocket.MessageText, []byte(message))
}

func (s *socket) read() {
	for {
		_, raw, err := s.conn.Read(context.Background())
		var m socketMessage
		var v any
		if err == nil {
			v, err = decoded(raw)
		}
		s.mu.Lock()
		if err != nil {
			s.err = err
			s.mu.Unlock()
			return
		}
		object, _ := v.(map[string]any)
		m.Type, _ = object["type"].(string)
		m.ID, _ = object["id"].(string)
		m.Payload = object["payload"]
		if m.Type == "pong" {
			s.pongs++
		} else {
			s.told[m.ID] = append(s.told[m.ID], m)
		}
		s.mu.Unlock()
	}
}

type socketEar struct {
	*socket
	name, id string
	over     bool
}

func (d *socketDoor) listen(r *matrixRun, w Wish, v Viewer) (ear, error) {
	document, err := subscriptionDocument(r, d.schema, w)
	if err != nil {
		return nil, err
	}
	s, err := d.of(r, v)
	if err != nil {
		return nil, err
	}
	s.n++
	e := &socketEar{socket: s, name: w.Operation.Name, id: fmt.Sprint(s.n)}
	before := r.audience.feed.Watchers()
	if err := s.send(text(map[string]any{"type": "subscribe", "id": e.id, "payload": document})); err != nil {
		return nil, err
	}
	err = until("a subscription over a socket begins or is refused", func() bool {
		s.mu.Lock()
		refused := s.err != nil || len(s.told[e.id]) > 0
		s.mu.Unlock()
		return refused || r.audience.feed.Watchers() > before && r.audience.feed.Idle()
	})
	return e, err
}

// settled: what was told stands before the answer to a ping.
func (e *socketEar) settled() error {
	e.mu.Lock()
	e.pings++
	pings := e.pings
	e.mu.Unlock()
	if err := e.send(`{"type":"ping"}`); err != nil {
		return err
	}
	return until("a socket answers a ping", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.err != nil || e.pongs >= pings
	})
}

func (e *socketEar) take() (events []any, end *said, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err != nil {
		return nil, nil, e.err
	}
	all := e.told[e.id]
	delete(e.told, e.id)
	for _, m := range all {
		switch m.Type {
		case "next":
			row, wrong := toldByGraphQL(e.name, m.Payload)
			if wrong != nil {
				return events, nil, fmt.Errorf("an answer with %v", wrong)
			}
			events = append(events, row)
		case "error":
			_, end = toldByGraphQL(e.name, map[string]any{"errors": m.Payload})
			e.over = true
		default:
			return events, nil, fmt.Errorf("a message %s", m.Type)
		}
	}
	return events, end, nil
}

// close ends a subscription and leaves the connection to the others.
func (e *socketEar) close() {
	if !e.over {
		e.send(text(map[string]any{"type": "complete", "id": e.id}))
	}
}
