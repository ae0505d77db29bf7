package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// load is many clients that count: each sends a number, waits for its echo, and sends the next until it is refused a
// connection.
type load struct {
	url      string
	client   *http.Client
	answered atomic.Int64
	lost     sync.Map // number ─▶ loss, of requests that were neither answered nor refused before they were sent
	wait     sync.WaitGroup
	stop     atomic.Bool
}

type loss struct {
	err    error
	reused bool          // the connection had carried a request before
	waited time.Duration // since the client's last answer, or since it began
}

func (l loss) String() string {
	return fmt.Sprintf("%v (reused %v, waited %v)", l.err, l.reused, l.waited)
}

func start(url string, clients int, keepAlive bool) *load {
	l := &load{url: url, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, DisableKeepAlives: !keepAlive}}}
	for i := range clients {
		l.wait.Go(func() { l.run(i) })
	}
	return l
}

func (l *load) run(client int) {
	last := time.Now()
	for n := 0; !l.stop.Load(); n++ {
		text := fmt.Sprintf("%d.%d", client, n)
		reused, err := l.send(text)
		waited := time.Since(last)
		last = last.Add(waited)
		var refused *net.OpError
		switch {
		case err == nil:
			l.answered.Add(1)
		case errors.As(err, &refused) && refused.Op == "dial":
			return
		default:
			l.lost.Store(text, loss{err, reused, waited})
			return
		}
	}
}

func (l *load) send(text string) (reused bool, err error) {
	trace := &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) { reused = info.Reused }}
	r, err := http.NewRequestWithContext(httptrace.WithClientTrace(context.Background(), trace), "POST", l.url+"?n="+text, onlyOnce{strings.NewReader(text)})
	if err != nil {
		return false, err
	}
	answer, err := l.client.Do(r)
	if err != nil {
		return reused, err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && string(body) != text {
		err = fmt.Errorf("answered %q with %d %q", text, answer.StatusCode, body)
	}
	return reused, err
}

// onlyOnce keeps net/http's client from sending a request again behind our back.
type onlyOnce struct{ io.Reader }

func (l *load) losses() (losses []string) {
	l.lost.Range(func(text, lost any) bool {
		losses = append(losses, fmt.Sprintf("%v: %v", text, lost))
		return true
	})
	return losses
}

// forgetTurnedAway takes back what is TCP's and HTTP/1.1's own (see drain.go) where no handler ran: what was sent on a new
// connection whose handshake ended as the listener closed, since the system resets it in place of a refusal (the client
// may see the reset while it writes, or have closed the connection itself by then); and what a client sent that a busy
// machine had kept silent for longer than the server waits for it.
func (l *load) forgetTurnedAway(patience time.Duration, ran func(text string) bool) {
	l.lost.Range(func(text, lost any) bool {
		turned := lost.(loss)
		reset := errors.Is(turned.err, syscall.ECONNRESET) || errors.Is(turned.err, net.ErrClosed)
		if !ran(text.(string)) && (turned.waited > patience || !turned.reused && reset) {
			l.lost.Delete(text)
		}
		return true
	})
}

func (l *load) end() {
	l.stop.Store(true)
	l.wait.Wait()
	l.client.CloseIdleConnections()
}

func TestNoRequestInFlightIsLost(t *testing.T) {
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) }) // after the servers are closed
	for round := range 20 {
		s := open(t, io.Discard, "SHUTDOWN_TIMEOUT", "1m")
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		var began sync.Map
		handler := s.handler
		s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			began.Store(r.URL.Query().Get("n"), true)
			handler.ServeHTTP(w, r)
		})
		ctx, terminate := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- s.Serve(ctx, l) }()
		load := start("http://"+l.Addr().String()+"/count", 32, round%2 == 0)
		time.Sleep(time.Duration(100+round*7) * time.Millisecond)
		terminate()
		if err := <-served; err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		load.end()
		load.forgetTurnedAway(silence, func(text string) bool { _, ran := began.Load(text); return ran })
		if losses := load.losses(); losses != nil || load.answered.Load() == 0 {
			t.Errorf("round %d: %d answered, %d lost: %q", round, load.answered.Load(), len(losses), losses)
		}
	}
}

func TestASilentConnectionDoesNotHoldTheServer(t *testing.T) {
	for range 20 { // until the machine lets the caller ask within the server's patience
		if held := silentConnection(t); !held {
			return
		}
	}
	t.Error("a connection is closed before the server's patience ends, or an answer while draining does not say Connection: close")
}

// silentConnection ends a server with a connection that never sends and one that sends while it drains. It tells whether
// the latter failed though it may have been too late.
func silentConnection(t *testing.T) (late bool) {
	s := open(t, io.Discard, "SHUTDOWN_TIMEOUT", "1m")
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	ctx, terminate := context.WithCancel(t.Context())
	defer terminate()
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	never, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer never.Close()
	kept, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	reader := bufio.NewReader(kept)
	ask := func() (closes bool, err error) {
		io.WriteString(kept, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			return false, err
		}
		_, err = io.Copy(io.Discard, answer.Body)
		return answer.Close, err
	}
	if closes, err := ask(); closes || err != nil {
		t.Fatal("the server closes while it is not draining", err)
	}
	began := time.Now()
	terminate()
	time.Sleep(silence / 2)
	closes, err := ask()
	late = !closes || err != nil
	if late && time.Since(began) < silence {
		t.Errorf("an answer while draining does not say Connection: close, or does not come: %v", err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
	return late
}

func TestWhatTakesTooLongIsCutOff(t *testing.T) {
	s := open(t, io.Discard, "SHUTDOWN_TIMEOUT", "1s")
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	ctx, terminate := context.WithCancel(t.Context())
	served := make(chan error)
	began := make(chan bool)
	handler := s.handler
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		close(began)
		handler.ServeHTTP(w, r)
	})
	go func() { served <- s.Serve(ctx, l) }()
	go http.Get("http://" + l.Addr().String() + "/slow")
	<-began
	terminate()
	if err := <-served; err == nil || !strings.Contains(err.Error(), "1 requests") {
		t.Errorf("got %v", err)
	}
}

// process is the service's program, started with an inherited socket as `fettle dev` does.
func process(t *testing.T, l *net.TCPListener, database string) *exec.Cmd {
	t.Helper()
	socket, err := l.File()
	if err != nil {
		t.Fatal(err)
	}
	defer socket.Close()
	ready, tell, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ready.Close()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "RUN_SHOP=serve", "DATABASE_URL=sqlite:"+database, "LISTEN_FDS=1", "READY_FD=4", "LOG_LEVEL=error", "SHUTDOWN_TIMEOUT=1m")
	c.ExtraFiles = []*os.File{socket, tell}
	c.Stdout, c.Stderr = os.Stderr, os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Process.Kill() })
	tell.Close()
	if text, err := io.ReadAll(ready); err != nil || string(text) != "READY\n" {
		t.Fatalf("told %q: %v", text, err)
	}
	return c
}

func TestProcessesTakeOverWithoutARefusal(t *testing.T) {
	l, err := net.ListenTCP("tcp", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	database := t.TempDir() + "/shop.db"
	current := process(t, l, database)
	load := start("http://"+l.Addr().String()+"/count", 16, true)
	for range 5 {
		next := process(t, l, database)
		current.Process.Signal(syscall.SIGTERM)
		if err := current.Wait(); err != nil {
			t.Error(err)
		}
		current = next
	}
	before := load.answered.Load()
	for end := time.Now().Add(time.Minute); load.answered.Load() == before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Error("nobody answers any more: a connection was refused")
			break
		}
	}
	load.end()
	load.forgetTurnedAway(silenceShared, func(string) bool { return false }) // what another process ran is not known here
	if losses := load.losses(); losses != nil {
		t.Errorf("%d answered, %d lost: %q", load.answered.Load(), len(losses), losses)
	}
	current.Process.Signal(syscall.SIGTERM)
	if err := current.Wait(); err != nil {
		t.Error(err)
	}
}

// A connection of HTTP/2 ends when nothing is under way on it, whatever frames came since; what is under way is answered.
func TestConnectionsOfHTTP2AreDrained(t *testing.T) {
	s := open(t, io.Discard, "SHUTDOWN_TIMEOUT", "1m")
	underWay, answer := make(chan bool), make(chan bool)
	handler := s.handler
	s.handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/count" {
			close(underWay)
			<-answer
		}
		handler.ServeHTTP(w, r)
	})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, terminate := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- s.Serve(ctx, l) }()
	url := "http://" + l.Addr().String()
	over := func() *http.Client {
		transport := &http.Transport{Protocols: &http.Protocols{}}
		transport.Protocols.SetUnencryptedHTTP2(true)
		t.Cleanup(transport.CloseIdleConnections)
		return &http.Client{Transport: transport}
	}
	var idle [8]*http.Client
	for i := range idle {
		idle[i] = over()
		for range 3 {
			answer, err := idle[i].Get(url + "/healthz")
			if err != nil || answer.ProtoMajor != 2 {
				t.Fatal(answer, err)
			}
			io.Copy(io.Discard, answer.Body)
			answer.Body.Close()
		}
	}
	answered := make(chan error, 1)
	busy := over()
	go func() {
		answer, err := busy.Post(url+"/count", "text/plain", strings.NewReader("1"))
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
		}
		answered <- err
	}()
	<-underWay
	terminate()
	for !s.draining.Load() {
		time.Sleep(time.Millisecond)
	}
	for _, client := range idle {
		client.Get(url + "/healthz") // a frame more on a connection that is to end, or a refusal
	}
	close(answer)
	if err := <-served; err != nil {
		t.Error(err)
	}
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
