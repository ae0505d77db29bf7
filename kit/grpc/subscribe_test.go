package grpc_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/internal/doortest"
	"github.com/fettlehq/fettle/kit/query"
)

// patience bounds every wait: nothing takes as long but what does not happen.
const patience = time.Minute

// lively are the ways of calling by which a method can go on answering.
var lively = []struct {
	name    string
	options []connect.ClientOption
}{
	{"gRPC", []connect.ClientOption{connect.WithGRPC()}},
	{"gRPC-Web", []connect.ClientOption{connect.WithGRPCWeb()}},
	{"Connect", nil},
	{"gRPC with JSON", []connect.ClientOption{connect.WithGRPC(), connect.WithProtoJSON()}},
	{"Connect with JSON", []connect.ClientOption{connect.WithProtoJSON()}},
}

// subscriber is a caller who is told.
type subscriber struct {
	*client
	stream *connect.ServerStreamForClient[dynamicpb.Message]
	cancel context.CancelFunc
}

// subscribe begins a subscription, and waits until it has begun.
func (c *client) subscribe(who, name, text string) *subscriber {
	c.Helper()
	s := c.subscribing(who, name, text)
	if got := s.next(); got != `{}` {
		c.Fatalf("%s %s begins with %s", name, text, got)
	}
	return s
}

func (c *client) subscribing(who, name, text string) *subscriber {
	c.Helper()
	client, m := c.connect(name)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	stream, err := client.CallServerStream(ctx, c.request(m, who, text))
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { cancel(); stream.Close() })
	return &subscriber{c, stream, cancel}
}

// next is the next answer, or why there is none.
func (s *subscriber) next() string {
	s.Helper()
	if !s.stream.Receive() {
		if err := s.stream.Err(); err != nil {
			return told(s, err)
		}
		return "the end"
	}
	return plain(s, s.stream.Msg())
}

func (s *subscriber) want(text string) {
	s.Helper()
	if got := s.next(); got != text {
		s.Fatalf("got %.400s\nwant %s", got, text)
	}
}

// watching waits until so many subscriptions watch.
func (c *client) watching(n int) {
	c.Helper()
	for end := time.Now().Add(patience); c.world.Feed.Watchers() != n || c.door.Streams() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			c.Fatalf("%d watch, %d are open, want %d", c.world.Feed.Watchers(), c.door.Streams(), n)
		}
	}
}

// done calls a method of which nothing but that it succeeds is of interest.
func (c *client) done(who, name, text string) {
	c.Helper()
	if got := c.call(who, name, text); !strings.HasPrefix(got, "{") {
		c.Fatalf("%s %s: %s", name, text, got)
	}
}

// until skips answers to the first that has all parts; none before it, nor itself, may have what is not to be heard.
func (s *subscriber) until(unheard string, parts ...string) {
	s.Helper()
	for {
		got := s.next()
		if !strings.HasPrefix(got, "{") || unheard != "" && strings.Contains(got, unheard) {
			s.Fatalf("waiting for %s: heard %.400s", parts, got)
		}
		if !slices.ContainsFunc(parts, func(part string) bool { return !strings.Contains(got, part) }) {
			return
		}
	}
}

// listening waits until the database is heard at all.
func (c *client) listening() {
	c.Helper()
	s := c.subscribe("", "SubscribeArticles", `{"readMask":"id"}`)
	defer s.cancel()
	heard := make(chan string, 1)
	go func() { heard <- s.next() }()
	for end := time.Now().Add(patience); ; {
		c.done("ann", "UpdateArticle", `{"id":"gamma","input":{"note":"`+time.Now().String()+`"}}`)
		select {
		case <-heard:
			return
		case <-time.After(50 * time.Millisecond):
		}
		if time.Now().After(end) {
			c.Fatal("nothing is told")
		}
	}
}

// What is committed is told to whoever may read it now, and to nobody else, over all protocols.
func TestSubscriptions(t *testing.T) {
	onEach(t, func(c *client) {
		c.listening()
		for i, p := range lively {
			c.Run(p.name, func(t *testing.T) {
				c := *c
				c.T, c.codec = t, p.options
				title, slug := fmt.Sprintf("Secret %d", i), fmt.Sprintf("secret-%d", i)
				const fields = `{"readMask":"title,status,author.username,author.email"}`
				ann, bob := c.subscribe("ann", "SubscribeArticles", fields), c.subscribe("bob", "SubscribeArticles", fields)
				said := c.subscribe("bob", "SubscribeComments", `{"article":"alpha","author":"bob","readMask":"body"}`)
				c.done("ann", "CreateArticle", `{"input":{"title":"`+title+`","slug":"`+slug+`"}}`)
				ann.until("", `{"article":{"title":"`+title+`","status":"STATUS_DRAFT","author":{"username":"ann","email":"ann@example.com"}}}`)
				c.done("ann", "CreateComment", `{"input":{"article":"beta","body":"elsewhere"}}`)
				c.done("ann", "CreateComment", `{"input":{"article":"alpha","body":"of another"}}`)
				c.done("bob", "CreateComment", `{"input":{"article":"alpha","body":"here"}}`)
				said.want(`{"comment":{"body":"here"}}`)
				c.done("ann", "UpdateArticle", `{"id":"beta","input":{"note":"`+slug+`"}}`)
				bob.until(title, `"title":"Beta"`)
				c.done("ann", "Publish", `{"article":"`+slug+`"}`)
				bob.until(`"email"`, `{"article":{"title":"`+title+`","status":"STATUS_OPEN","author":{"username":"ann"}}}`)
				for _, s := range []*subscriber{ann, bob, said} {
					s.cancel()
				}
				c.watching(0)
			})
		}
	})
}

// A subscription is refused for the reasons for which a call is, and ends when its rules no longer hold.
func TestRefusedSubscriptions(t *testing.T) {
	c := newClient(t)
	for _, p := range lively {
		c.codec = p.options
		for _, test := range []struct{ who, name, text, want string }{
			{"", "SubscribeComments", `{"article":"alpha"}`, "unauthenticated UNAUTHENTICATED"},
			{"eve", "SubscribeArticles", `{}`, "unauthenticated UNAUTHENTICATED"},
			{"bob", "SubscribeComments", `{"article":"draft"}`, "not_found NOT_FOUND article NOT_FOUND"},
			{"bob", "SubscribeComments", `{}`, "invalid_argument INVALID article REQUIRED"},
			{"bob", "SubscribeArticles", `{"readMask":"titel"}`, "invalid_argument INVALID read_mask UNKNOWN_FIELD"},
			{"bob", "SubscribeArticles", `{"readMask":"author.articles.items.author.articles.items.author.username"}`, "invalid_argument INVALID read_mask TOO_LONG"},
		} {
			if got := c.subscribing(test.who, test.name, test.text).next(); got != test.want {
				t.Errorf("%s %s as %q: %s, want %s", test.name, test.text, test.who, got, test.want)
			}
		}
		bob := c.subscribe("bob", "SubscribeComments", `{"article":"beta","readMask":"body"}`)
		c.done("ann", "UpdateArticle", `{"id":"beta","input":{"status":"STATUS_DRAFT"}}`)
		c.done("ann", "CreateComment", `{"input":{"article":"beta","body":"hidden"}}`)
		bob.want("not_found NOT_FOUND article NOT_FOUND")
		c.done("ann", "UpdateArticle", `{"id":"beta","input":{"status":"STATUS_OPEN"}}`)
		c.watching(0)
	}
	if c.log.Len() > 0 {
		t.Error("log:", c.log)
	}
}

// Somebody whose token is no longer good hears nothing more, and hears so at the next sign of life.
func TestSubscriptionsEndWithTheirTokens(t *testing.T) {
	for _, beat := range []time.Duration{time.Hour, time.Millisecond} {
		w := doortest.New(t)
		var out atomic.Bool
		c := on(t, w, grpc.Options{Beat: beat, Viewer: func(r *http.Request) (kit.Viewer, error) {
			if out.Load() && r.Header.Get("Authorization") == "Bearer bob" {
				return kit.Viewer{}, kit.Unauthenticated()
			}
			return w.Viewer(r)
		}})
		for _, p := range lively {
			c.codec = p.options
			out.Store(false)
			bob := c.subscribe("bob", "SubscribeArticles", `{"readMask":"title"}`)
			out.Store(true)
			if beat == time.Hour {
				c.done("ann", "UpdateArticle", `{"id":"alpha","input":{"note":"`+p.name+`"}}`)
			}
			got := bob.next()
			for got == `{}` {
				got = bob.next()
			}
			if got != "unauthenticated UNAUTHENTICATED" {
				t.Errorf("%s: %s", p.name, got)
			}
			c.watching(0)
		}
	}
}

// A process has so many subscriptions, and before it ends it ends them all; their callers may then call another. A caller who
// goes away, and one whose deadline has passed, leave his place.
func TestSubscriptionsAreBoundedAndDrained(t *testing.T) {
	for _, p := range lively {
		c := newClient(t, grpc.Options{Streams: 2})
		c.codec = p.options
		first, second := c.subscribe("ann", "SubscribeArticles", `{}`), c.subscribe("", "SubscribeArticles", `{}`)
		if got := c.subscribing("", "SubscribeArticles", `{}`).next(); got != "unavailable UNAVAILABLE 5s" {
			t.Errorf("%s: a third: %s", p.name, got)
		}
		second.cancel()
		c.watching(1)
		client, m := c.connect("SubscribeArticles")
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		timed, err := client.CallServerStream(ctx, c.request(m, "", `{}`))
		if err == nil {
			for timed.Receive() {
			}
			err = timed.Err()
			timed.Close()
		}
		if connect.CodeOf(err) != connect.CodeDeadlineExceeded {
			t.Errorf("%s: with a deadline: %v", p.name, err)
		}
		cancel()
		c.watching(1)
		ended := make(chan bool)
		go func() {
			c.door.Drain(t.Context())
			close(ended)
		}()
		first.want("unavailable UNAVAILABLE 1s")
		<-ended
		if got := c.subscribing("", "SubscribeArticles", `{}`).next(); got != "unavailable UNAVAILABLE 1s" {
			t.Errorf("%s: afterwards: %s", p.name, got)
		}
		if n := c.door.Streams(); n != 0 || strings.Contains(c.log.String(), "about to end") {
			t.Errorf("%s: %d are open; log: %s", p.name, n, c.log)
		}
	}
}

// A subscription of which there is nothing to tell goes on for longer than it may take to tell something.
func TestQuietSubscriptions(t *testing.T) {
	c := newClient(t, grpc.Options{Write: time.Second, Beat: time.Hour})
	var quiet []*subscriber
	for _, p := range lively {
		c.codec = p.options
		quiet = append(quiet, c.subscribe("", "SubscribeArticles", `{"readMask":"title"}`))
	}
	time.Sleep(1500 * time.Millisecond)
	c.done("ann", "UpdateArticle", `{"id":"alpha","input":{"note":"at last"}}`)
	for _, s := range quiet {
		s.want(`{"article":{"title":"Alpha"}}`)
	}
}

// A subscriber who does not read loses his subscription, and can tell that it did not end well.
func TestSubscribersWhoAreSlow(t *testing.T) {
	for _, p := range lively {
		if p.name != "gRPC" && p.name != "Connect" {
			continue
		}
		c := newClient(t, grpc.Options{Write: 200 * time.Millisecond, Beat: time.Hour})
		c.codec = append([]connect.ClientOption{connect.WithAcceptCompression("gzip", nil, nil)}, p.options...)
		c.http = &http.Client{Transport: c.narrow(p.name == "Connect")}
		slow := c.subscribe("", "SubscribeArticles", `{"readMask":"title,note"}`)
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		long := strings.Repeat("x", 16<<10)
		article := c.world.Engine.Backend().Entity("Article")
		for i := 0; c.door.Streams() > 0; i++ {
			err := c.world.Engine.Write(ctx, c.world.Ann, func(ctx context.Context, tx *query.Tx) error {
				_, err := tx.Update(ctx, article, "alpha", 0, []query.Change{{Field: article.Field("note"), Value: fmt.Sprint(i, long)}})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for slow.stream.Receive() {
		}
		if slow.stream.Err() == nil {
			t.Errorf("%s: the stream ends as if nothing were missing", p.name)
		}
		c.watching(0)
	}
}

// narrow is a transport that takes little before it is read: over HTTP/1.1, or HTTP/2.
func (c *client) narrow(old bool) *http.Transport {
	t := &http.Transport{Protocols: &http.Protocols{}, HTTP2: &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10, MaxReceiveBufferPerConnection: 64 << 10}}
	t.Protocols.SetHTTP1(old)
	t.Protocols.SetUnencryptedHTTP2(!old)
	c.Cleanup(t.CloseIdleConnections)
	return t
}
