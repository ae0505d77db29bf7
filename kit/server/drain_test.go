package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
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
	lost     sync.Map // number ─▶ error, of requests that were neither answered nor refused before they were sent
	wait     sync.WaitGroup
	stop     atomic.Bool
}

func start(url string, clients int, keepAlive bool) *load {
	l := &load{url: url, client: &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients, DisableKeepAlives: !keepAlive}}}
	for i := range clients {
		l.wait.Go(func() { l.run(i) })
	}
	return l
}

func (l *load) run(client int) {
	for n := 0; !l.stop.Load(); n++ {
		text := fmt.Sprintf("%d.%d", client, n)
		err := l.send(text)
		var refused *net.OpError
		switch {
		case err == nil:
			l.answered.Add(1)
		case errors.As(err, &refused) && refused.Op == "dial":
			return
		default:
			l.lost.Store(text, err)
			return
		}
	}
}

func (l *load) send(text string) error {
	answer, err := l.client.Post(l.url+"?n="+text, "text/plain", onlyOnce{strings.NewReader(text)})
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err == nil && string(body) != text {
		err = fmt.Errorf("answered %q with %d %q", text, answer.StatusCode, body)
	}
	return err
}

// onlyOnce keeps net/http's client from sending a request again behind our back.
type onlyOnce struct{ io.Reader }

func (l *load) losses() (losses []string) {
	l.lost.Range(func(text, err any) bool {
		losses = append(losses, fmt.Sprintf("%v: %v", text, err))
		return true
	})
	return losses
}

// forgetTurnedAway takes back what was sent on a new connection whose handshake ended as the listener closed: the system
// resets it in place of a refusal, and no handler ran.
func (l *load) forgetTurnedAway(began *sync.Map) {
	l.lost.Range(func(text, err any) bool {
		if _, ran := began.Load(text); !ran && errors.Is(err.(error), syscall.ECONNRESET) {
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
		s := open(t, io.Discard)
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
		draining := time.Now()
		if err := <-served; err != nil {
			t.Errorf("round %d: %v", round, err)
		}
		if took := time.Since(draining); took > 5*time.Second {
			t.Errorf("round %d: draining took %v", round, took)
		}
		load.end()
		if round%2 == 1 {
			load.forgetTurnedAway(&began)
		}
		if losses := load.losses(); losses != nil || load.answered.Load() == 0 {
			t.Errorf("round %d: %d answered, %d lost: %q", round, load.answered.Load(), len(losses), losses)
		}
	}
}

func TestASilentConnectionDoesNotHoldTheServer(t *testing.T) {
	s := open(t, io.Discard)
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	ctx, terminate := context.WithCancel(t.Context())
	served := make(chan error)
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
	ask := func() *http.Response {
		t.Helper()
		io.WriteString(kept, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
		answer, err := http.ReadResponse(reader, nil)
		if err != nil {
			t.Fatal(err)
		}
		io.Copy(io.Discard, answer.Body)
		return answer
	}
	if ask().Close {
		t.Error("the server closes while it is not draining")
	}
	terminate()
	time.Sleep(silence / 2)
	if !ask().Close {
		t.Error("an answer while draining does not say Connection: close")
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestWhatTakesTooLongIsCutOff(t *testing.T) {
	s := open(t, io.Discard, "SHUTDOWN_TIMEOUT", "1s")
	l, _ := net.Listen("tcp", "127.0.0.1:0")
	ctx, terminate := context.WithCancel(t.Context())
	served := make(chan error)
	go func() { served <- s.Serve(ctx, l) }()
	go http.Get("http://" + l.Addr().String() + "/slow")
	time.Sleep(50 * time.Millisecond)
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
	c.Env = append(os.Environ(), "RUN_SHOP=serve", "DATABASE_URL=sqlite:"+database, "LISTEN_FDS=1", "READY_FD=4", "LOG_LEVEL=error")
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
	time.Sleep(50 * time.Millisecond)
	if load.answered.Load() == before {
		t.Error("nobody answers any more: a connection was refused")
	}
	load.end()
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
	s := open(t, io.Discard)
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
	time.Sleep(2 * time.Millisecond) // mostly within the moment that /count takes; either way it is answered
	terminate()
	began := time.Now()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("draining took %v", took)
	}
	var refused *net.OpError
	if err := <-answered; err != nil && !(errors.As(err, &refused) && refused.Op == "dial") {
		t.Error(err)
	}
}
