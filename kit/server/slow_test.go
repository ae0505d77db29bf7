package server

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

// Who sends slowly holds a connection for as long as the limits say and no longer: then it is closed, answered or not, and
// nothing is left of it.
func TestSlowClientsAreLetGo(t *testing.T) {
	before := goleak.IgnoreCurrent()
	s := open(t, io.Discard, "REQUEST_TIMEOUT", "300ms")
	s.config.headerTimeout = 200 * time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	body := func(path string) string {
		return "POST " + path + " HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{"
	}
	for _, test := range []struct {
		name, sent string
		answers    []string // one of which is how the answer begins; "" is none
	}{
		{"nothing at all", "", []string{""}},
		{"half a request line", "GET /hea", []string{"", "HTTP/1.1 400"}},
		{"half of the headers", "GET /healthz HTTP/1.1\r\nHost: shop\r\nX-Slow: ", []string{""}},
		{"half of a body to GraphQL", body("/graphql"), []string{"HTTP/1.1 408"}},
		{"half of a body to accounts", body("/auth/sign-in"), []string{"HTTP/1.1 408"}},
		{"half of a body to a handler", body("/count"), []string{"HTTP/1.1 408"}},
		{"a chunk that is none", "POST /count HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", []string{"HTTP/1.1 400"}},
		{"half of a chunk", "POST /graphql HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{", []string{"HTTP/1.1 408"}},
		{"half of a preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM", []string{"", "HTTP/1.1 400"}},
		{"a preface of HTTP/2 and nothing", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", nil},
	} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(conn, test.sent); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if test.answers == nil { // closed below, by the end of the server
			defer conn.Close()
			continue
		}
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(conn) // until the server closes
		if err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("%s: the connection stays open: %v", test.name, err)
		}
		fits := false
		for _, want := range test.answers {
			fits = fits || want == "" && len(said) == 0 || want != "" && strings.HasPrefix(string(said), want)
		}
		if !fits {
			t.Errorf("%s is answered with %.300q, want one of %q", test.name, said, test.answers)
		}
		conn.Close()
	}
	stop()
	if err := <-served; err != nil {
		t.Error(fmt.Errorf("the server ends with: %w", err))
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, before)
}

// A body that ends before its end is malformed, at each door, whatever the caller waits for.
func TestHalfABody(t *testing.T) {
	l := listener(t)
	listening(t, l, func(*Config) {})
	for _, e := range entrances {
		if e.http2() {
			continue // whose frames say where a body ends: see broken off in TestHostileInput
		}
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		good := e.content(`{"small":1}`)
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: doors\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", e.path, e.media, len(good), good[:len(good)-3])
		if err := errors.Join(conn.(*net.TCPConn).CloseWrite(), conn.SetReadDeadline(time.Now().Add(time.Minute))); err != nil {
			t.Fatal(err)
		}
		said, err := io.ReadAll(conn)
		if want := "HTTP/1.1 400"; err != nil || !e.enveloped && !bytes.HasPrefix(said, []byte(want)) || e.enveloped && inBody(said, "Grpc-Status: ") != "3" {
			t.Errorf("%s: %v: %.300q", e.name, err, said)
		}
	}
}

// Who closes his half of the connection when he has asked still reads: he is given what he asked for, or told that it was given up, and
// never an empty 200.
func TestWhoClosesHisHalf(t *testing.T) {
	l := listener(t)
	listening(t, l, func(*Config) {})
	for _, request := range []string{
		"GET /v1/articles HTTP/1.1\r\n", "GET /v1/articles?include=comments,author HTTP/1.1\r\n", "GET /graphql?query={articles{nodes{title}}} HTTP/1.1\r\n",
		"POST /v1/samples HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}",
		"POST /graphql HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: 52\r\n\r\n" + `{"query":"mutation { createSample(input:{}) {id} }"}`,
	} {
		head, body, _ := strings.Cut(request, "\r\n\r\n")
		for range 20 {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			_, err = io.WriteString(conn, strings.TrimSuffix(head, "\r\n")+"\r\nHost: doors\r\n\r\n"+body)
			if err = errors.Join(err, conn.(*net.TCPConn).CloseWrite(), conn.SetReadDeadline(time.Now().Add(time.Minute))); err != nil {
				t.Fatal(err)
			}
			answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				t.Fatalf("%q: %v", head, err)
			}
			said, err := io.ReadAll(answer.Body)
			if err != nil || len(said) == 0 || answer.Header.Get("Content-Type") == "" || answer.StatusCode >= 500 {
				t.Errorf("%q: %v: %d %v %q", head, err, answer.StatusCode, answer.Header, said)
			}
			conn.Close()
		}
	}
}

// So it is to a team's own handler that reports what reading failed with, and to whom a body that is too large is announced, before he sends it.
func TestBodiesOfHandlers(t *testing.T) {
	l := listener(t)
	s := open(t, io.Discard)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	for sent, want := range map[string]string{
		"POST /count HTTP/1.1\r\nHost: shop\r\nContent-Length: 100\r\n\r\n{":                                                                   "HTTP/1.1 400",
		"POST /count HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 9000000\r\n\r\n":                                        "HTTP/1.1 413",
		"POST /auth/sign-in HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 70000\r\n\r\n": "HTTP/1.1 413",
	} {
		conn, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, err = io.WriteString(conn, sent)
		if err = errors.Join(err, conn.(*net.TCPConn).CloseWrite(), conn.SetReadDeadline(time.Now().Add(time.Minute))); err != nil {
			t.Fatal(err)
		}
		if said, err := io.ReadAll(conn); !bytes.HasPrefix(said, []byte(want)) {
			t.Errorf("%q: %v: %.300q, want %s", sent, err, said, want)
		}
		conn.Close()
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

// narrow is a listener whose connections take little before somebody reads.
type narrow struct{ *net.TCPListener }

func (n narrow) Accept() (net.Conn, error) {
	c, err := n.AcceptTCP()
	if err != nil {
		return nil, err
	}
	return c, c.SetWriteBuffer(4 << 10)
}

// dial is a connection of a client that takes little before it reads.
func dial(t *testing.T, l net.Listener) net.Conn {
	t.Helper()
	d := net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		return raw.Control(func(fd uintptr) { syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, 4<<10) })
	}}
	conn, err := d.DialContext(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn
}

// long stores samples that come to some megabytes in one answer.
func long(t *testing.T, url string) {
	t.Helper()
	sample := `{"data":"` + strings.Repeat("x", 100<<10) + `"}`
	for range 20 {
		answer, err := http.Post(url+"/v1/samples", "application/json", strings.NewReader(sample))
		if err != nil || answer.StatusCode != http.StatusCreated {
			t.Fatal(answer, err)
		}
		answer.Body.Close()
	}
}

// The requests whose answers are long, one a door.
var longing = []struct {
	name, method, path, media, body string
	enveloped                       bool
}{
	{name: "REST", method: "GET", path: "/v1/samples?limit=100"},
	{name: "GraphQL", method: "POST", path: "/graphql", media: "application/json", body: `{"query":"{ samples(first: 100) { nodes { data } } }"}`},
	{name: "server-sent events", method: "GET", path: "/graphql?query=%7Bsamples(first:100)%7Bnodes%7Bdata%7D%7D%7D"},
	{name: "Connect", method: "POST", path: "/doors.v1.DoorsService/ListSamples", media: "application/json", body: `{"pageSize":100}`},
	{name: "gRPC", method: "POST", path: "/doors.v1.DoorsService/ListSamples", media: "application/grpc+json", body: `{"pageSize":100}`, enveloped: true},
	{name: "a stream of gRPC", method: "POST", path: "/doors.v1.DoorsService/StreamSamples", media: "application/grpc+json", body: `{}`, enveloped: true},
}

// Who asks and does not read holds his answer for as long as the limits say, counted, and no longer: over HTTP/1 and over HTTP/2, whether
// he opens no window or none at all. Then nothing is left of him.
func TestSlowReadersAreLetGo(t *testing.T) {
	before := goleak.IgnoreCurrent()
	l := listener(t)
	ended := false
	t.Run("serving", func(t *testing.T) {
		s := listening(t, narrow{l.(*net.TCPListener)}, func(c *Config) { c.RequestTimeout, c.headerTimeout = 3*time.Second, time.Second })
		url := "http://" + l.Addr().String()
		long(t, url)
		http.DefaultClient.CloseIdleConnections()
		asked := 0
		for _, r := range longing {
			if !r.enveloped {
				askOverHTTP1(t, dial(t, l), r.method, r.path, r.media, r.body)
				asked++
			}
			for _, window := range []uint32{1 << 10, 1 << 30} { // what the server may send unasked
				askOverHTTP2(t, dial(t, l), window, r.method, r.path, r.media, r.body, r.enveloped)
				asked++
			}
		}
		// Each answer is counted while it waits; a stream of rows one by one.
		eventually(t, "answers wait", func() bool { return s.budgets.Sending.Held() > int64(asked-4)<<20 })
		eventually(t, "no answer waits", func() bool { return s.budgets.Sending.Held() == 0 })
		ended = true
	})
	if ended {
		goleak.VerifyNone(t, before)
	}
}

// Subscribers who read nothing, at each door that has streams, hold no more than one answer each, however much is written meanwhile, since
// what waits for them are keys (decision 0045); and who reads hears of the last. That they are let go in time each door's own test has.
func TestSlowSubscribersHoldOneAnswerEach(t *testing.T) {
	const each, size, writes = 3, 64 << 10, 200
	l := listener(t)
	s := listening(t, narrow{l.(*net.TCPListener)}, func(c *Config) { c.RequestTimeout, c.headerTimeout = 3*time.Second, time.Second })
	article := s.engine.Backend().Entity("Article")
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	var id kit.ID
	write := func(do func(ctx context.Context, tx *query.Tx) error) {
		t.Helper()
		err := s.engine.Write(ctx, kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error { return do(ctx, tx.System()) })
		if err != nil {
			t.Fatal(err)
		}
	}
	write(func(ctx context.Context, tx *query.Tx) (err error) {
		user := s.engine.Backend().Entity("User")
		author, err := tx.Create(ctx, user, []query.Change{{Field: user.Field("email"), Value: "ann@example.com"}, {Field: user.Field("username"), Value: "ann"}})
		if err != nil {
			return err
		}
		id, err = tx.Create(ctx, article, []query.Change{
			{Field: article.Field("title"), Value: "Alpha"},
			{Field: article.Field("slug"), Value: "alpha"},
			{Field: article.Field("status"), Value: "OPEN"},
			{Field: article.Field("author"), Value: author},
		})
		return err
	})
	tell := func(note string) {
		write(func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.Update(ctx, article, string(id), 0, []query.Change{{Field: article.Field("note"), Value: note}})
			return err
		})
	}

	const subscription = `{"query":"subscription { articles { note } }"}`
	reads, err := http.NewRequestWithContext(ctx, "POST", "http://"+l.Addr().String()+"/graphql", strings.NewReader(subscription))
	if err != nil {
		t.Fatal(err)
	}
	reads.Header.Set("Content-Type", "application/json")
	reads.Header.Set("Accept", "text/event-stream")
	answer, err := http.DefaultClient.Do(reads)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	heard := make(chan struct{})
	go func() { // to the last
		defer close(heard)
		events := bufio.NewScanner(answer.Body)
		events.Buffer(nil, 2*size)
		for events.Scan() && !strings.Contains(events.Text(), "the end") {
		}
	}()
	var slow []net.Conn
	for range each {
		conn := dial(t, l)
		slow = append(slow, conn)
		fmt.Fprintf(conn, "GET /graphql HTTP/1.1\r\nHost: doors\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
			"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n")
		if answer, err := http.ReadResponse(bufio.NewReaderSize(conn, 16), nil); err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
			t.Fatal(answer, err)
		}
		for _, text := range []string{`{"type":"connection_init"}`, `{"type":"subscribe","id":"1","payload":` + subscription + `}`} {
			frame := append([]byte{0x81, 0x80 | byte(len(text)), 0, 0, 0, 0}, text...) // under a mask that changes nothing
			if len(text) > 125 {
				t.Fatal("a frame of another form")
			}
			if _, err := conn.Write(frame); err != nil {
				t.Fatal(err)
			}
		}
		conn = dial(t, l)
		slow = append(slow, conn)
		fmt.Fprintf(conn, "POST /graphql HTTP/1.1\r\nHost: doors\r\nAccept: text/event-stream\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(subscription), subscription)
		conn = dial(t, l)
		slow = append(slow, conn)
		askOverHTTP2(t, conn, 1<<10, "POST", "/doors.v1.DoorsService/SubscribeArticles", "application/grpc+json", `{"readMask":"note"}`, true)
	}
	eventually(t, "all have subscribed", func() bool { return s.engine.Feed().Watchers() == 3*each+1 })
	most, waited := int64(0), false
	for i := range writes {
		tell(fmt.Sprint(i, strings.Repeat("x", size)))
		held := s.budgets.Sending.Held()
		most, waited = max(most, held), waited || held > size
	}
	t.Logf("%d subscribers of whom none reads hold at most %d bytes of the %d that were written for each", 3*each, most, writes*size)
	if bound := int64((3*each + 1) * 2 * size); most > bound || !waited {
		t.Errorf("%d subscribers hold %d bytes, want at most %d; any waited: %v", 3*each, most, bound, waited)
	}
	tell("the end")
	select {
	case <-heard:
	case <-ctx.Done():
		t.Error("who reads has not heard the last")
	}
	cancel()
	for _, conn := range slow {
		conn.Close()
	}
	eventually(t, "nothing waits", func() bool { return s.budgets.Sending.Held() == 0 && s.engine.Feed().Watchers() == 0 })
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for patience := time.Now().Add(time.Minute); !holds(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(patience) {
			t.Fatalf("never: %s", what)
		}
	}
}

func askOverHTTP1(t *testing.T, conn net.Conn, method, path, media, body string) {
	t.Helper()
	accept := "*/*"
	if strings.Contains(path, "query=") {
		accept = "text/event-stream"
	}
	_, err := fmt.Fprintf(conn, "%s %s HTTP/1.1\r\nHost: doors\r\nAccept: %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", method, path, accept, media, len(body), body)
	if err != nil {
		t.Fatal(err)
	}
}

// askOverHTTP2 asks and reads nothing, not even the server's settings.
func askOverHTTP2(t *testing.T, conn net.Conn, window uint32, method, path, media, body string, enveloped bool) {
	t.Helper()
	var all bytes.Buffer
	all.WriteString(http2.ClientPreface)
	f := http2.NewFramer(&all, nil)
	accept := "*/*"
	if strings.Contains(path, "query=") {
		accept = "text/event-stream"
	}
	var head bytes.Buffer
	encoder := hpack.NewEncoder(&head)
	for _, field := range [][2]string{
		{":method", method}, {":scheme", "http"}, {":authority", "doors"}, {":path", path}, {"accept", accept}, {"content-type", media}, {"te", "trailers"},
	} {
		if field[1] != "" {
			if err := encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1]}); err != nil {
				t.Fatal(err)
			}
		}
	}
	content := []byte(body)
	if enveloped {
		content = entrance{enveloped: true}.content(body)
	}
	err := errors.Join(
		f.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}),
		f.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: head.Bytes(), EndHeaders: true, EndStream: body == ""}),
	)
	if window > 1<<16 {
		err = errors.Join(err, f.WriteWindowUpdate(0, window))
	}
	if body != "" {
		err = errors.Join(err, f.WriteData(1, true, content))
	}
	_, failure := conn.Write(all.Bytes())
	if err = errors.Join(err, failure); err != nil {
		t.Fatal(err)
	}
}

// What slow senders and slow readers hold together is bounded: who comes while it is spent is told to come again, and comes in when they
// have gone.
func TestWhatSlowCallersHold(t *testing.T) {
	const most = 1 << 20
	l := listener(t)
	s := listening(t, narrow{l.(*net.TCPListener)}, func(c *Config) { c.maxReceiving, c.maxSending = most, 4*most })
	url := "http://" + l.Addr().String()
	long(t, url)
	refused := func(doing string) {
		t.Helper()
		for _, e := range entrances {
			e.refused(t, url, doing, kit.CodeUnavailable)
		}
	}
	welcome := func() {
		t.Helper()
		for _, e := range entrances {
			e.meet(t, clientOf(t, e.http2()), url, hostiles[0])
		}
	}
	var conns []net.Conn
	leave := func() {
		for _, conn := range conns {
			conn.Close()
		}
		conns = nil
	}
	sent := bytes.Repeat([]byte(" "), 64<<10)
	for s.budgets.Receiving.Spent() == nil { // senders of half a body, one after the other
		conn := dial(t, l)
		conns = append(conns, conn)
		e := entrances[len(conns)%4]
		held := s.budgets.Receiving.Held()
		fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: doors\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s", e.path, e.media, 2*len(sent), sent)
		eventually(t, "a body is counted", func() bool { return s.budgets.Receiving.Held() >= min(most, held+int64(len(sent))) })
	}
	if n := len(conns); n != most/len(sent) {
		t.Errorf("%d senders hold %d bytes", n, s.budgets.Receiving.Held())
	}
	refused("bodies are under way")
	if got := ask(s, "GET", "/healthz", ""); got.Code != http.StatusOK {
		t.Errorf("health: %d", got.Code)
	}
	leave()
	eventually(t, "the senders have gone", func() bool { return s.budgets.Receiving.Held() == 0 })
	welcome()

	for s.budgets.Sending.Spent() == nil { // readers of nothing
		conn := dial(t, l)
		conns = append(conns, conn)
		held := s.budgets.Sending.Held()
		askOverHTTP1(t, conn, "GET", "/v1/samples?limit=100", "", "")
		eventually(t, "an answer is counted", func() bool { return s.budgets.Sending.Held() > held })
	}
	if n := len(conns); n > 4 {
		t.Errorf("%d readers hold %d bytes", n, s.budgets.Sending.Held())
	}
	refused("answers wait")
	leave()
	eventually(t, "the readers have gone", func() bool { return s.budgets.Sending.Held() == 0 })
	welcome()
}

// Connections beyond the bound are closed as they come, and others take their places when they end.
func TestConnectionsAreBounded(t *testing.T) {
	l := listener(t)
	listening(t, l, func(c *Config) { c.maxConnections = 3 })
	health := func(conn net.Conn) string {
		io.WriteString(conn, "GET /healthz HTTP/1.1\r\nHost: doors\r\n\r\n")
		conn.SetReadDeadline(time.Now().Add(time.Minute))
		answer := make([]byte, 12)
		n, _ := io.ReadFull(conn, answer)
		return string(answer[:n])
	}
	var conns []net.Conn
	for range 3 {
		conn := dial(t, l)
		conns = append(conns, conn)
		if got := health(conn); got != "HTTP/1.1 200" {
			t.Fatalf("%q", got)
		}
	}
	if got := health(dial(t, l)); got != "" {
		t.Errorf("a fourth: %q", got)
	}
	conns[0].Close()
	eventually(t, "a place is free", func() bool { return health(dial(t, l)) == "HTTP/1.1 200" })
}
