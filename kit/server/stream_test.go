package server

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// A stream lasts longer than a request may, and ends when the server does, which waits for no stream longer than that.
func TestStreamsOutliveRequestsButNotTheServer(t *testing.T) {
	service := shop(&atomic.Int64{})
	service.Backend.Account = nil
	user := service.Backend.Entities[0]
	user.Allow.Read = []meta.Rule{{When: meta.True()}}
	service.Backend.Subscriptions = []*meta.Operation{{
		Name: "users", Result: &meta.Field{Name: "result", Kind: meta.Reference, Type: "User"},
		Allow: user.Allow.Read, Where: meta.True(), On: []meta.Verb{meta.Create},
	}}
	service.SDL += "\ntype Subscription { users: User! }"
	config, err := ReadConfig("shop", environment("DATABASE_URL", "sqlite:"+t.TempDir()+"/shop.db", "REQUEST_TIMEOUT", "200ms"))
	if err != nil {
		t.Fatal(err)
	}
	config.Logs = io.Discard
	s, err := New(t.Context(), service, config)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	url := "http://" + l.Addr().String() + "/graphql"

	patience, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	conn, _, err := websocket.Dial(patience, url, &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.CloseNow()
	say := func(text string) {
		if err := conn.Write(patience, websocket.MessageText, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	hear := func(part string) {
		t.Helper()
		if _, text, err := conn.Read(patience); err != nil || !strings.Contains(string(text), part) {
			t.Fatalf("%s %v, want %s", text, err, part)
		}
	}
	say(`{"type":"connection_init"}`)
	hear("connection_ack")
	say(`{"type":"subscribe","id":"1","payload":{"query":"subscription { users { name } }"}}`)

	r, _ := http.NewRequestWithContext(patience, "POST", url, strings.NewReader(`{"query":"subscription { users { name } }"}`))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "text/event-stream")
	answer, err := http.DefaultClient.Do(r)
	if err != nil || answer.StatusCode != 200 {
		t.Fatal(answer, err)
	}
	defer answer.Body.Close()
	lines := bufio.NewScanner(answer.Body)
	for s.engine.Feed().Watchers() < 2 {
		time.Sleep(time.Millisecond)
	}
	time.Sleep(2 * config.RequestTimeout)
	err = s.engine.Write(patience, kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.System().Create(ctx, user, []query.Change{{Field: user.Field("email"), Value: "new@example.com"}, {Field: user.Field("name"), Value: "New"}})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	hear(`"payload":{"data":{"users":{"name":"New"}}}`)
	for lines.Scan() && !strings.HasPrefix(lines.Text(), "data: ") {
	}
	if got := lines.Text(); got != `data: {"data":{"users":{"name":"New"}}}` {
		t.Errorf("event: %s", got)
	}

	stop()
	if _, _, err := conn.Read(patience); websocket.CloseStatus(err) != websocket.StatusGoingAway {
		t.Errorf("WebSocket: %v", err)
	}
	for lines.Scan() {
		if strings.Contains(lines.Text(), "complete") {
			t.Error("the stream completes")
		}
	}
	if err := <-ended; err != nil {
		t.Errorf("server: %v", err)
	}
}
