package dev

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The test's own program is the service, when this is set to what it shall answer.
const answerVariable = "DEV_TEST_ANSWER"

func TestMain(m *testing.M) {
	if answer := os.Getenv(answerVariable); answer != "" {
		serve(answer)
		return
	}
	os.Exit(m.Run())
}

// serve is a service: it takes the socket, says that it is ready, and answers what it has begun when it is told to end.
func serve(answer string) {
	if answer == "crash" {
		fmt.Fprintln(os.Stderr, "no database")
		os.Exit(2)
	}
	l, err := net.FileListener(os.NewFile(3, "socket"))
	if err != nil {
		panic(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		time.Sleep(5 * time.Millisecond)
		io.WriteString(w, answer)
	})}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGTERM)
	go func() { _ = server.Serve(l) }()
	ready := os.NewFile(4, "ready")
	fmt.Fprintln(ready, "READY")
	ready.Close()
	<-ended
	l.Close()
	time.Sleep(100 * time.Millisecond) // what was accepted just now is no request yet, and Shutdown would not wait for it
	_ = server.Shutdown(context.Background())
}

func run(t *testing.T, s *socket, answer string, output io.Writer) (*process, error) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return start(t.Context(), program, "service", s, Options{Dir: t.TempDir(), Env: []string{answerVariable + "=" + answer}, Output: output})
}

func newSocket(t *testing.T) *socket {
	t.Helper()
	s, err := listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// Versions follow each other on one socket while clients ask without a pause, each time on a new connection: none is
// refused, none is cut off.
func TestNoRequestIsLostBetweenVersions(t *testing.T) {
	socket := newSocket(t)
	running, err := run(t, socket, "0", io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var asked atomic.Int64
	stop := make(chan struct{})
	lost := make(chan error, 4)
	for range 4 {
		go func() {
			for {
				select {
				case <-stop:
					lost <- nil
					return
				default:
				}
				answer, err := client.Get(socket.url())
				if err == nil {
					_, err = io.ReadAll(answer.Body)
					answer.Body.Close()
				}
				if err != nil {
					lost <- err
					return
				}
				asked.Add(1)
			}
		}()
	}
	for version := range 10 {
		next, err := run(t, socket, fmt.Sprint(version+1), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		running.end()
		<-running.exited
		if running.err != nil {
			t.Errorf("version %d: %v", version, running.err)
		}
		running = next
	}
	close(stop)
	for range 4 {
		if err := <-lost; err != nil {
			t.Error(err)
		}
	}
	if asked.Load() < 50 {
		t.Errorf("only %d requests", asked.Load())
	}
	running.end()
	<-running.exited
}

func TestCrashAtStartIsTold(t *testing.T) {
	var output bytes.Buffer
	_, err := run(t, newSocket(t), "crash", &output)
	if err == nil || !strings.Contains(err.Error(), "ended before it was ready: exit status 2") {
		t.Errorf("got %v", err)
	}
	if output.String() != "no database\n" {
		t.Errorf("output %q", output.String())
	}
}

func TestTakenAddress(t *testing.T) {
	_, err := listen(newSocket(t).addr())
	if err == nil || !strings.Contains(err.Error(), "--addr 127.0.0.1:0") {
		t.Errorf("got %v", err)
	}
}
