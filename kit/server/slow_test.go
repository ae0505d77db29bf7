package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// Who sends slowly, or does not read, holds a connection for as long as the limits say and no longer: then it is closed,
// answered or not, and nothing is left of it.
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
		{"half of a body to GraphQL", body("/graphql"), []string{"HTTP/1.1 400", "HTTP/1.1 408"}},
		{"half of a body to accounts", body("/auth/sign-in"), []string{"HTTP/1.1 400", "HTTP/1.1 408"}},
		{"half of a body to a handler", body("/count"), []string{"HTTP/1.1 200"}},
		{"half of a chunk", "POST /graphql HTTP/1.1\r\nHost: shop\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{", []string{"HTTP/1.1 400", "HTTP/1.1 408"}},
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
