package server

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Draining ends a server without losing a request whose bytes have reached it.
//
// net/http's own Shutdown closes a kept-alive connection that looks idle while the first bytes of its next request are
// under way, and may then run a handler whose answer goes nowhere. Here each connection knows whether it has read a byte
// since its last answer. When draining begins
//
//  1. connections that wait in the listener's queue are accepted and the listener is closed, in one breath (see sweep);
//     a listener that was inherited is only closed, since its queue belongs to whoever accepts next;
//  2. every answer says Connection: close (see watch), so that busy connections end by themselves;
//  3. after a moment, those that are still silent are woken: they look once more for bytes, and end if there are none.
//
// A connection of HTTP/2 carries many requests, and frames that are none: it is silent while none of its requests is
// under way and no byte has come for a moment. Answers that say Connection: close tell its caller to go elsewhere (GOAWAY).
//
// What remains is TCP's and HTTP/1.1's own: a connection whose handshake ends as the listener closes, and a request that is
// sent at the very moment when the server closes a connection that was silent for the whole moment. Their clients see the
// connection end before any answer, and no handler ran.

// How long a connection may be silent while draining before it is closed: a moment, and less where somebody else accepts
// from the same socket, so that its caller finds the next version at once.
const (
	silence       = 500 * time.Millisecond
	silenceShared = 100 * time.Millisecond
)

// connections are all that a listener accepted and that are still open.
type connections struct {
	net.Listener
	shared   bool // somebody else accepts from the same queue
	most     int  // that may be open
	swept    bool // Accept's alone, as is what the queue held then
	waiting  []net.Conn
	mu       sync.Mutex
	open     map[*connection]bool
	draining bool
}

func track(l net.Listener, shared bool, most int) *connections {
	return &connections{Listener: l, shared: shared, most: most, open: map[*connection]bool{}}
}

// Accept accepts. Once draining has begun it hands out what waited in the queue, and the listener is closed.
func (cs *connections) Accept() (net.Conn, error) {
	for {
		accepted, err := cs.Listener.Accept()
		if err != nil && cs.isDraining() {
			accepted, err = cs.acceptWaiting()
		}
		if err != nil {
			return nil, err
		}
		if cs.count() < cs.most {
			return &connection{Conn: accepted, silent: true}, nil
		}
		accepted.Close() // whoever it is goes elsewhere, or comes again
	}
}

// acceptWaiting is Accept once the listener's own was woken.
func (cs *connections) acceptWaiting() (next net.Conn, err error) {
	if !cs.swept && !cs.shared {
		cs.waiting, err = sweep(cs.Listener)
	}
	cs.swept = true
	if len(cs.waiting) == 0 {
		return nil, errors.Join(net.ErrClosed, err)
	}
	next, cs.waiting = cs.waiting[0], cs.waiting[1:]
	return next, nil
}

// wakeAccept ends Accept's wait.
func (cs *connections) wakeAccept() {
	if l, ok := cs.Listener.(interface{ SetDeadline(time.Time) error }); ok && !cs.shared {
		l.SetDeadline(time.Now())
		return
	}
	cs.Listener.Close() // its queue is another's, or cannot be swept
}

func (cs *connections) isDraining() bool {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return cs.draining
}

// observe is the http.Server's ConnState.
func (cs *connections) observe(c net.Conn, state http.ConnState) {
	tracked, ok := c.(*connection)
	if !ok {
		return
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	switch state {
	case http.StateNew:
		cs.open[tracked] = true
	case http.StateActive:
		tracked.asked()
	case http.StateIdle:
		tracked.answered()
	case http.StateClosed, http.StateHijacked:
		delete(cs.open, tracked)
	}
}

// drain returns once every connection has ended, or after timeout with how many have not. The channel tells that the
// listener is closed, after which no connection is added.
func (cs *connections) drain(timeout time.Duration, closed <-chan error) (left int) {
	cs.mu.Lock()
	cs.draining = true
	cs.mu.Unlock()
	cs.wakeAccept()
	began, patience := time.Now(), silence
	if cs.shared {
		patience = silenceShared
	}
	<-closed
	for time.Since(began) < timeout {
		if left = cs.count(); left == 0 {
			return 0
		}
		if time.Since(began) > patience {
			cs.wakeSilent()
		}
		time.Sleep(5 * time.Millisecond)
	}
	return cs.count()
}

func (cs *connections) count() int {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	return len(cs.open)
}

func (cs *connections) wakeSilent() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for c := range cs.open {
		c.wake()
	}
}

// connection is a connection that knows whether it waits for a request.
type connection struct {
	net.Conn
	mu     sync.Mutex
	silent bool      // no byte was read since it was accepted or its last answer was sent; of HTTP/2, no request is under way
	ahead  bool      // one byte of the next request was read while the last was answered
	woken  bool      // its reader is to look once more, and end
	known  bool      // a byte was read
	multi  bool      // it speaks HTTP/2
	last   time.Time // of HTTP/2: when bytes came
}

// settled is how long after its last bytes a connection of HTTP/2 on which nothing is under way may be ended: its reader has
// long told then of a request that they began.
const settled = 50 * time.Millisecond

func (c *connection) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if n == 0 && errors.Is(err, os.ErrDeadlineExceeded) && c.isWoken() {
		return c.lookOnceMore(p)
	}
	if n > 0 {
		c.mu.Lock()
		if !c.known {
			c.known, c.multi = true, bytes.HasPrefix(p[:n], []byte("PRI "))
		}
		if c.multi {
			c.last = time.Now()
		} else {
			// While a handler runs net/http reads a single byte, to learn of a caller who goes away.
			c.ahead = c.ahead || len(p) == 1 && !c.silent
			c.silent = false
		}
		c.mu.Unlock()
	}
	return n, err
}

// lookOnceMore reads what arrived before the reader was woken. With nothing there the connection ends.
func (c *connection) lookOnceMore(p []byte) (int, error) {
	n, ok := received(c.Conn, p)
	if !ok {
		c.Conn.SetReadDeadline(time.Now().Add(10 * time.Millisecond))
		n, _ = c.Conn.Read(p)
	}
	if n == 0 {
		return 0, io.EOF
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.woken = false
	if c.multi {
		c.last = time.Now()
		return n, c.Conn.SetReadDeadline(time.Time{})
	}
	c.silent = false
	return n, c.Conn.SetReadDeadline(time.Now().Add(headerTimeout))
}

func (c *connection) isWoken() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.woken
}

// asked is called when a request begins; of HTTP/2 the first of those that are under way together.
func (c *connection) asked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent = c.silent && !c.multi
}

// answered is called between an answer and the wait for the next request.
func (c *connection) answered() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.silent, c.ahead = !c.ahead, false
}

// wake ends the wait of a silent connection.
func (c *connection) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.silent && !c.woken && (!c.multi || time.Since(c.last) > settled) {
		c.woken = true
		c.Conn.SetReadDeadline(time.Unix(1, 0))
	}
}

// SetReadDeadline is net/http's. It must not put a woken reader back to sleep.
func (c *connection) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.woken {
		return nil
	}
	return c.Conn.SetReadDeadline(t)
}
