package graphql_test

import (
	"bufio"
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/internal/doortest"
	"github.com/fettlehq/fettle/kit/query"
)

// patience bounds every wait: nothing takes as long but what does not happen.
const patience = time.Minute

// served is a door behind a server.
type served struct {
	*client
	door *graphql.Door
	url  string
	out  atomic.Bool // tokens are no longer good

	drained sync.Once
}

func serve(c *client, change ...func(*graphql.Options)) *served {
	s := &served{client: c}
	c.log = &bytes.Buffer{}
	o := graphql.Options{Notices: slog.New(slog.NewTextHandler(c.log, nil)), Viewer: func(r *http.Request) (kit.Viewer, error) {
		if s.out.Load() {
			return kit.Viewer{}, kit.Unauthenticated()
		}
		return c.world.Viewer(r)
	}}
	for _, change := range change {
		change(&o)
	}
	s.door = graphql.New(c.world.Engine, doortest.SDL, o)
	web := httptest.NewServer(s.door)
	s.url = web.URL
	c.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		s.drained.Do(func() { s.door.Drain(ctx) })
		web.Close()
	})
	return s
}

// socket is a client of graphql-transport-ws.
type socket struct {
	*testing.T
	conn *websocket.Conn
	ctx  context.Context
}

func (s *served) dial(protocols ...string) *socket {
	s.Helper()
	if protocols == nil {
		protocols = []string{"graphql-transport-ws"}
	}
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	s.Cleanup(cancel)
	conn, answer, err := websocket.Dial(ctx, s.url, &websocket.DialOptions{Subprotocols: protocols})
	if err != nil {
		s.Fatal(err, answer)
	}
	s.Cleanup(func() { conn.CloseNow() })
	return &socket{s.T, conn, ctx}
}

// open is dial by somebody.
func (s *served) open(who string) *socket {
	s.Helper()
	c := s.dial()
	payload := ""
	if who != "" {
		payload = `,"payload":{"Authorization":"Bearer ` + who + `"}`
	}
	c.send(`{"type":"connection_init"` + payload + `}`)
	c.want(`{"type":"connection_ack"}`)
	return c
}

func (c *socket) send(text string) {
	c.Helper()
	if err := c.conn.Write(c.ctx, websocket.MessageText, []byte(text)); err != nil {
		c.Fatalf("%s: %v", text, err)
	}
}

func (c *socket) next() string {
	c.Helper()
	_, text, err := c.conn.Read(c.ctx)
	if err != nil {
		return err.Error()
	}
	return string(text)
}

func (c *socket) want(text string) {
	c.Helper()
	if got := c.next(); got != text {
		c.Fatalf("got %s\nwant %s", got, text)
	}
}

func (c *socket) has(parts ...string) {
	c.Helper()
	got := c.next()
	for _, part := range parts {
		if !strings.Contains(got, part) {
			c.Fatalf("got %s\nlacks %s", got, part)
		}
	}
}

// closed expects the connection to be closed with a code.
func (c *socket) closed(code websocket.StatusCode, reason string) {
	c.Helper()
	for {
		_, text, err := c.conn.Read(c.ctx)
		if err == nil && strings.Contains(string(text), `"type":"next"`) {
			continue // was on its way
		}
		if websocket.CloseStatus(err) != code || !strings.Contains(err.Error(), reason) {
			c.Fatalf("%s %v, want %d %s", text, err, code, reason)
		}
		return
	}
}

// listening waits until the world has heard of all that was written so far: it writes a row, is told of it, and takes it away.
func (s *served) listening() {
	s.Helper()
	c := s.open("ann")
	c.send(`{"type":"subscribe","id":"probe","payload":{"query":"subscription { articles { title } }"}}`)
	c.send(`{"type":"subscribe","id":"q","payload":{"query":"{ __typename }"}}`)
	for !strings.Contains(c.next(), `"complete"`) { // then the first has begun
	}
	s.run("ann", `mutation { createArticle(input: {title: "Probe"}) { id } }`, "null")
	for {
		switch said := c.next(); {
		case c.ctx.Err() != nil:
			s.Fatal("nothing is told")
		case strings.Contains(said, `"Probe"`):
			s.want("ann", `mutation { deleteArticle(id: "probe") }`, "null", `{"data":{"deleteArticle":true}}`)
			c.conn.Close(websocket.StatusNormalClosure, "")
			return
		}
	}
}

// What is committed is told to whoever may read it now, and to nobody else; what is refused or undone is told to nobody.
func TestSubscriptions(t *testing.T) {
	onEach(t, func(c *client) {
		s := serve(c)
		s.listening()
		ann, bob := s.open("ann"), s.open("bob")
		for _, who := range []*socket{ann, bob} {
			who.send(`{"type":"subscribe","id":"a","payload":{"query":"subscription { articles { title status note author { username email } } }"}}`)
			who.send(`{"type":"subscribe","id":"c","payload":{"query":"subscription C($article: ID!) { comments(article: $article) { body author { username } } }","variables":{"article":"alpha"}}}`)
			who.send(`{"type":"subscribe","id":"q","payload":{"query":"{ __typename }"}}`) // answered when the others have begun
			who.want(`{"type":"next","id":"q","payload":{"data":{"__typename":"Query"}}}`)
			who.want(`{"type":"complete","id":"q"}`)
		}
		s.subscribed(4)
		s.run("ann", `mutation { createArticle(input: {title: "Secret"}) { id } }`, "null")
		ann.want(`{"type":"next","id":"a","payload":{"data":{"articles":{"title":"Secret","status":"DRAFT","note":null,"author":{"username":"ann","email":"ann@example.com"}}}}}`)
		s.run("bob", `mutation { updateArticle(id: "secret", input: {note: "refused"}) { id } }`, "null")
		s.run("ann", `mutation { createTag(input: {name: "untold"}) { id } }`, "null")
		s.run("ann", `mutation { createComment(input: {article: "beta", body: "elsewhere"}) { id } }`, "null")
		s.run("bob", `mutation { createComment(input: {article: "alpha", body: "here"}) { id } }`, "null")
		const here = `{"type":"next","id":"c","payload":{"data":{"comments":{"body":"here","author":{"username":"bob"}}}}}`
		ann.want(here)
		bob.want(here)
		s.run("ann", `mutation { updateArticle(id: "beta", input: {note: "seen"}) { id } }`, "null")
		ann.has(`"note":"seen"`)
		bob.has(`"title":"Beta"`) // so he has looked at what was written before, and found it hidden
		s.run("ann", `mutation { publish(article: "secret") { id } }`, "null")
		ann.has(`"status":"OPEN"`)
		bob.want(`{"type":"next","id":"a","payload":{"data":{"articles":{"title":"Secret","status":"OPEN","note":null,"author":{"username":"ann","email":null}}}}}`)
		bob.send(`{"type":"complete","id":"a"}`)
		bob.send(`{"type":"subscribe","id":"q","payload":{"query":"{ __typename }"}}`)
		bob.has(`"id":"q"`)
		bob.has(`"id":"q"`)
		s.run("ann", `mutation { updateArticle(id: "secret", input: {note: "after"}) { id } }`, "null")
		ann.has(`"note":"after"`)
		s.run("ann", `mutation { createComment(input: {article: "alpha", body: "last"}) { id } }`, "null")
		bob.has(`"body":"last"`) // and nothing of what it no longer hears
	})
}

// subscribed waits until so many subscriptions are watching.
func (s *served) subscribed(n int) {
	s.Helper()
	for end := time.Now().Add(patience); s.world.Feed.Watchers() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("%d watch, want %d", s.world.Feed.Watchers(), n)
		}
	}
}

// A subscription is refused for the reasons for which a query is, and ends when its rules no longer hold.
func TestRefusedSubscriptions(t *testing.T) {
	s := serve(newClient(t))
	nobody, bob := s.open(""), s.open("bob")
	for query, code := range map[string]string{
		`subscription { comments(article: \"alpha\") { body } }`: "UNAUTHENTICATED",
		`subscription { comments(article: \"draft\") { body } }`: "UNAUTHENTICATED",
		`subscription { nosuch }`:                                "INVALID_DOCUMENT",
		`subscription { __typename }`:                            "INVALID_DOCUMENT",
		`subscription { a: articles { id } b: articles { id } }`: "INVALID_DOCUMENT",
		`subscription { articles { ` + strings.Repeat("author { articles { nodes { ", 6) + "id" + strings.Repeat(" } } }", 6) + ` } }`: "TOO_COMPLEX",
	} {
		nobody.send(`{"type":"subscribe","id":"x","payload":{"query":"` + query + `"}}`)
		nobody.has(`{"type":"error","id":"x","payload":[{"message":`, `"code":"`+code+`"`)
	}
	bob.send(`{"type":"subscribe","id":"x","payload":{"query":"subscription { comments(article: \"draft\") { body } }"}}`)
	bob.has(`{"type":"error","id":"x"`, `"code":"NOT_FOUND"`)
	bob.send(`{"type":"subscribe","id":"x","payload":{"query":"subscription { comments(article: \"beta\") { body } }"}}`)
	s.subscribed(1)
	s.run("ann", `mutation { updateArticle(id: "beta", input: {status: DRAFT}) { id } createComment(input: {article: "beta", body: "hidden"}) { id } }`, "null")
	bob.has(`{"type":"error","id":"x"`, `"path":["comments"]`, `"code":"NOT_FOUND"`)
	s.subscribed(0)
	if w := s.post(`{"query":"subscription { articles { id } }"}`); w.Code != 406 || !strings.Contains(w.Body.String(), `"code":"NEEDS_STREAM"`) {
		t.Errorf("without a stream: %d %s", w.Code, w.Body)
	}
	if s.log.Len() > 0 {
		t.Error("log:", s.log)
	}
}

// Connections are closed with the codes that clients of graphql-ws expect.
func TestCloseCodes(t *testing.T) {
	s := serve(newClient(t), func(o *graphql.Options) { o.Limits.Body, o.Limits.Init = 2000, patience })
	const init = `{"type":"connection_init"}`
	for _, test := range []struct {
		send   []string
		code   websocket.StatusCode
		reason string
	}{
		{[]string{`{`}, 4400, "Invalid message"},
		{[]string{`[]`}, 4400, "Invalid message"},
		{[]string{`5`}, 4400, "Invalid message"},
		{[]string{`{}`}, 4400, "Invalid message"},
		{[]string{`{"type":5}`}, 4400, "Invalid message"},
		{[]string{`{"type":"start"}`}, 4400, "Invalid message"},
		{[]string{`{"type":"next","id":"1"}`}, 4400, "Invalid message"},
		{[]string{`{"type":"ping","type":"ping"}`}, 4400, "Invalid message"},
		{[]string{`{"type":"ping","payload":[]}`}, 4400, "Invalid message"},
		{[]string{init, `{"type":"subscribe","payload":{"query":"{ a }"}}`}, 4400, "Invalid message: id"},
		{[]string{init, `{"type":"subscribe","id":"","payload":{"query":"{ a }"}}`}, 4400, "Invalid message: id"},
		{[]string{init, `{"type":"subscribe","id":7,"payload":{"query":"{ a }"}}`}, 4400, "Invalid message: id"},
		{[]string{init, `{"type":"subscribe","id":"` + strings.Repeat("x", 200) + `","payload":{"query":"{ a }"}}`}, 4400, "Invalid message: id"},
		{[]string{init, `{"type":"subscribe","id":"1"}`}, 4400, "Invalid message: subscribe"},
		{[]string{init, strings.Repeat("[", 1000)}, 4400, "Invalid message"},
		{[]string{init, "{\"type\":\"ping\",\"payload\":{\"a\":\"\xff\"}}"}, websocket.StatusCode(-2), ""},
		{[]string{init, strings.Repeat(" ", 3000)}, websocket.StatusMessageTooBig, ""},
		{[]string{`{"type":"subscribe","id":"1","payload":{"query":"{ __typename }"}}`}, 4401, "Unauthorized"},
		{[]string{`{"type":"connection_init","payload":{"authorization":"Bearer x"}}`}, 4403, "Forbidden"},
		{[]string{`{"type":"connection_init","payload":{"headers":{"Authorization":"Bearer x"}}}`}, 4403, "Forbidden"},
		{[]string{init, init}, 4429, "Too many initialisation requests"},
		{[]string{
			init, `{"type":"subscribe","id":"1","payload":{"query":"subscription { articles { id } }"}}`,
			`{"type":"subscribe","id":"1","payload":{"query":"subscription { articles { id } }"}}`,
		}, 4409, "Subscriber for 1 already exists"},
	} {
		if test.code == -2 {
			continue // invalid UTF-8 is the library's own: 1007
		}
		c := s.dial()
		for _, text := range test.send {
			c.send(text)
			if text == init && len(test.send) > 1 && text != test.send[1] {
				c.want(`{"type":"connection_ack"}`)
			}
		}
		if len(test.send) == 2 && test.send[0] == test.send[1] {
			c.want(`{"type":"connection_ack"}`)
		}
		c.closed(test.code, test.reason)
	}
	c := s.dial()
	if err := c.conn.Write(c.ctx, websocket.MessageBinary, []byte(init)); err != nil {
		t.Fatal(err)
	}
	c.closed(4400, "Invalid message")
	s.dial("graphql-ws").closed(4406, "Subprotocol not acceptable")
	slow := serve(newClient(t), func(o *graphql.Options) { o.Limits.Init = 20 * time.Millisecond })
	slow.dial().closed(4408, "Connection initialisation timeout")
}

// Pings are answered, and an operation that fails leaves the connection as it is.
func TestSocketsCarryOperations(t *testing.T) {
	s := serve(newClient(t), func(o *graphql.Options) { o.Limits.Operations = 2 })
	c := s.dial()
	c.send(`{"type":"ping"}`)
	c.want(`{"type":"pong"}`)
	c.send(`{"type":"connection_init","payload":{"headers":{"authorization":"Bearer ann"},"other":5}}`)
	c.want(`{"type":"connection_ack"}`)
	c.send(`{"type":"ping","payload":{"at":[1]}}`)
	c.want(`{"type":"pong","payload":{"at":[1]}}`)
	c.send(`{"type":"pong"}`)
	c.send(`{"type":"complete","id":"nosuch"}`)
	for _, test := range []struct{ payload, want string }{
		{`{"query":"{ article(slug: \"draft\") { title } }"}`, `{"type":"next","id":"1","payload":{"data":{"article":{"title":"Draft"}}}}`},
		{`{"query":"mutation { createTag(input: {name: \"socket\"}) { name } }"}`, `{"type":"next","id":"1","payload":{"data":{"createTag":{"name":"socket"}}}}`},
		{`{"query":"{ broken }"}`, `"code":"INTERNAL"`},
		{`{"query":"query Q($s: String!) { article(slug: $s) { title } }","operationName":"Q","variables":{"s":"alpha"}}`, `"title":"Alpha"`},
	} {
		c.send(`{"type":"subscribe","id":"1","payload":` + test.payload + `}`)
		c.has(test.want)
		c.want(`{"type":"complete","id":"1"}`)
	}
	for _, payload := range []string{`{}`, `{"query":5}`, `{"query":"{"}`, `{"query":"{ nosuch }"}`, `{"query":"{ __typename }","variables":[]}`, `{"query":"{ crash }"}`} {
		c.send(`{"type":"subscribe","id":"1","payload":` + payload + `}`)
		c.has(`{"type":"error","id":"1","payload":[{"message":`)
	}
	for _, id := range []string{"a", "b"} {
		c.send(`{"type":"subscribe","id":"` + id + `","payload":{"query":"subscription { articles { id } }"}}`)
	}
	s.subscribed(2)
	c.send(`{"type":"subscribe","id":"c","payload":{"query":"subscription { articles { id } }"}}`)
	c.has(`{"type":"error","id":"c"`, `"code":"TOO_MANY_OPERATIONS"`)
	c.conn.CloseNow()
	s.subscribed(0)
}

// Somebody whose token is no longer good hears nothing more: his connection is closed, so that he comes back with another.
func TestTokensEnd(t *testing.T) {
	s := serve(newClient(t))
	c := s.open("ann")
	c.send(`{"type":"subscribe","id":"a","payload":{"query":"subscription { articles { id } }"}}`)
	s.subscribed(1)
	s.out.Store(true)
	s.run("ann", `mutation { updateArticle(id: "alpha", input: {note: "touched"}) { id } }`, "null")
	c.closed(4403, "Forbidden")
	s.subscribed(0)
	beating := serve(newClient(t), func(o *graphql.Options) { o.Limits.Beat = time.Millisecond })
	idle := beating.open("ann")
	beating.out.Store(true)
	idle.closed(4403, "Forbidden")
}

// A process takes so many streams, and before it ends it closes them all; their clients may then connect to another.
func TestStreamsAreBoundedAndDrained(t *testing.T) {
	s := serve(newClient(t), func(o *graphql.Options) { o.Limits.Streams = 2 })
	first, second := s.open("ann"), s.dial()
	_, answer, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err == nil || answer.StatusCode != 503 || answer.Header.Get("Retry-After") == "" {
		t.Errorf("a third: %v %v", answer, err)
	}
	first.send(`{"type":"subscribe","id":"a","payload":{"query":"subscription { articles { id } }"}}`)
	s.subscribed(1)
	ended := make(chan bool)
	go func() {
		s.drained.Do(func() { s.door.Drain(t.Context()) })
		close(ended)
	}()
	first.closed(1001, "Going away")
	second.closed(1001, "Going away")
	<-ended
	if n := s.door.Streams(); n != 0 {
		t.Errorf("%d streams are open", n)
	}
}

// Pages of other origins open no WebSocket, unless they are allowed to.
func TestOrigins(t *testing.T) {
	s := serve(newClient(t), func(o *graphql.Options) { o.Origins = []string{"https://app.example.com"} })
	for origin, allowed := range map[string]bool{"https://app.example.com": true, "https://evil.example.com": false, "http://app.example.com": false, s.url: true} {
		conn, _, err := websocket.Dial(t.Context(), s.url, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}, HTTPHeader: http.Header{"Origin": {origin}}})
		if (err == nil) != allowed {
			t.Errorf("%s: %v", origin, err)
		}
		if err == nil {
			conn.CloseNow()
		}
	}
}

// events asks for a stream of events and returns its answer and what reads its lines.
func (s *served) events(ctx context.Context, who, body string) (*http.Response, *bufio.Scanner) {
	s.Helper()
	r, err := http.NewRequestWithContext(ctx, "POST", s.url, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+who)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		s.Fatal(err)
	}
	s.Cleanup(func() { answer.Body.Close() })
	return answer, bufio.NewScanner(answer.Body)
}

// event is the next one.
func event(lines *bufio.Scanner) string {
	var text []string
	for lines.Scan() {
		switch line := lines.Text(); {
		case line == "" && text != nil:
			return strings.Join(text, "\n")
		case line != "" && line != ":":
			text = append(text, line)
		}
	}
	return strings.Join(append(text, "the end"), "\n")
}

// A stream of server-sent events carries a subscription, and the one answer of anything else.
func TestEvents(t *testing.T) {
	s := serve(newClient(t), func(o *graphql.Options) { o.Limits.Beat = time.Millisecond })
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	answer, lines := s.events(ctx, "ann", `{"query":"subscription { articles { title note } }"}`)
	if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || answer.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
	s.run("ann", `mutation { updateArticle(id: "alpha", input: {note: "one\ntwo"}) { id } }`, "null")
	if got := event(lines); got != "event: next\ndata: "+`{"data":{"articles":{"title":"Alpha","note":"one\ntwo"}}}` {
		t.Errorf("event: %s", got)
	}
	_, query := s.events(ctx, "", `{"query":"{ __typename }"}`)
	for _, want := range []string{"event: next\ndata: " + `{"data":{"__typename":"Query"}}`, "event: complete\ndata: ", "the end"} {
		if got := event(query); got != want {
			t.Errorf("of a query: %s, want %s", got, want)
		}
	}
	for body, status := range map[string]int{`{"query":"{"}`: 200, `{}`: 400, `{"query":"subscription { comments(article: \"alpha\") { body } }"}`: 401} {
		if answer, _ := s.events(ctx, "", body); answer.StatusCode != status || !strings.HasPrefix(answer.Header.Get("Content-Type"), "application/json") {
			t.Errorf("%s: %d %s", body, answer.StatusCode, answer.Header.Get("Content-Type"))
		}
	}
	leaving, leave := context.WithCancel(ctx)
	s.events(leaving, "ann", `{"query":"subscription { articles { title } }"}`)
	s.subscribed(2)
	leave()
	s.subscribed(1)

	_, ending := s.events(ctx, "bob", `{"query":"subscription { comments(article: \"beta\") { body } }"}`)
	s.run("ann", `mutation { updateArticle(id: "beta", input: {status: DRAFT}) { id } createComment(input: {article: "beta", body: "hidden"}) { id } }`, "null")
	if got := event(ending); !strings.Contains(got, `"code":"NOT_FOUND"`) {
		t.Errorf("who may no longer: %s", got)
	}
	if got := event(ending); got != "event: complete\ndata: " {
		t.Errorf("then: %s", got)
	}
	go s.drained.Do(func() { s.door.Drain(ctx) })
	for got := ""; got != "the end"; { // without complete: the client connects again
		if got = event(lines); strings.Contains(got, "complete") || ctx.Err() != nil {
			t.Fatalf("at the end: %s", got)
		}
	}
}

// Over HTTP/2 too a stream on which there is nothing to tell goes on for longer than it may take to tell something.
func TestQuietEvents(t *testing.T) {
	s := serve(newClient(t), func(o *graphql.Options) { o.Limits.Write, o.Limits.Beat = time.Second, time.Hour })
	web := httptest.NewUnstartedServer(s.door)
	web.Config.Protocols = &http.Protocols{}
	web.Config.Protocols.SetUnencryptedHTTP2(true)
	web.Start()
	defer web.Close()
	transport := &http.Transport{Protocols: web.Config.Protocols}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(t.Context(), "POST", web.URL, strings.NewReader(`{"query":"subscription { articles { title } }"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	answer, err := transport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	time.Sleep(1500 * time.Millisecond)
	s.run("ann", `mutation { updateArticle(id: "alpha", input: {note: "at last"}) { id } }`, "null")
	if got := event(bufio.NewScanner(answer.Body)); !strings.Contains(got, `"title":"Alpha"`) || answer.ProtoMajor != 2 {
		t.Errorf("%s: %s", answer.Proto, got)
	}
}

// Who does not read what he subscribed to loses it, by either transport; whoever reads goes on.
func TestSubscribersWhoAreSlow(t *testing.T) {
	s := serve(newClient(t), func(o *graphql.Options) { o.Limits.Write, o.Limits.Beat = 200*time.Millisecond, time.Hour })
	const subscription = `subscription { articles { title note } }`
	subscribe := `{"type":"subscribe","id":"a","payload":{"query":"` + subscription + `"}}`
	reads := s.open("")
	reads.conn.SetReadLimit(1 << 20)
	reads.send(subscribe)
	s.subscribed(1)
	said := make(chan string, 1) // the last that was heard
	go func() {
		for {
			_, text, err := reads.conn.Read(t.Context())
			if err != nil {
				close(said)
				return
			}
			select {
			case <-said:
			default:
			}
			said <- string(text)
		}
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 5*patience) // it writes megabytes
	defer cancel()
	article := s.world.Engine.Backend().Entity("Article")
	write := func(note string) {
		err := s.world.Engine.Write(ctx, s.world.Ann, func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.Update(ctx, article, "alpha", 0, []query.Change{{Field: article.Field("note"), Value: note}})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	long := strings.Repeat("x", 128<<10)
	for name, begin := range map[string]func(){
		"a WebSocket": func() { s.open("").send(subscribe) },
		"events":      func() { s.events(t.Context(), "", `{"query":"`+subscription+`"}`) },
	} {
		begin()
		s.subscribed(2)
		for i := 0; s.world.Feed.Watchers() > 1; i++ {
			write(name + strconv.Itoa(i) + long)
		}
	}
	write("the end")
	for {
		text, ok := <-said
		if !ok {
			t.Fatal("who reads was closed too")
		}
		if strings.Contains(text, "the end") {
			return
		}
	}
}
