package postgres_test

import (
	"errors"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// wire stands between a service and its database, and can be cut.
type wire struct {
	listener net.Listener
	server   string
	mu       sync.Mutex
	ends     []net.Conn
}

// between gives a wire to the database at a URL, and the URL of its near end.
func between(t *testing.T, address string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, server: u.Host}
	t.Cleanup(w.cut)
	go w.serve()
	u.Host = listener.Addr().String()
	return w, u.String()
}

func (w *wire) serve() {
	for {
		near, err := w.listener.Accept()
		if err != nil {
			return
		}
		far, err := net.Dial("tcp", w.server)
		if err != nil {
			_ = near.Close()
			continue
		}
		w.mu.Lock()
		w.ends = append(w.ends, near, far)
		w.mu.Unlock()
		for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
			go func() {
				_, _ = io.Copy(pair[0], pair[1])
				_ = pair[0].Close()
			}()
		}
	}
}

// cut ends every connection, and lets none be made.
func (w *wire) cut() {
	_ = w.listener.Close()
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, end := range w.ends {
		_ = end.Close()
	}
}

// A database that cannot be reached for a while is no fault of the service: callers are told to come again, but for those whose commit
// was on its way.
func TestLostConnections(t *testing.T) {
	address := kittest.Postgres(t)
	for name, write := range map[string]bool{"read": false, "write": true} {
		t.Run(name, func(t *testing.T) {
			w, near := between(t, address)
			db := kittest.Open(t, postgres.Driver, near)
			use := db.Read
			if write {
				use = db.Write
			}
			do := func(before func()) error {
				return use(t.Context(), func(c sqldb.Conn) error {
					if _, err := number(t.Context(), c, "SELECT 1"); err != nil {
						return err
					}
					before()
					_, err := number(t.Context(), c, "SELECT 1")
					return err
				})
			}
			if err := do(func() {}); err != nil {
				t.Fatal(err)
			}
			wantProblem(t, do(w.cut), kit.CodeUnavailable, 1)
			wantProblem(t, do(func() {}), kit.CodeUnavailable, 1) // by a connection that would have to be made
		})
	}
	t.Run("commit", func(t *testing.T) {
		w, near := between(t, address)
		err := kittest.Open(t, postgres.Driver, near).Write(t.Context(), func(c sqldb.Conn) error {
			_, err := number(t.Context(), c, "SELECT 1")
			w.cut()
			return err
		})
		var p *kit.Problem
		if err == nil || errors.As(err, &p) {
			t.Errorf("%v, want what nobody is told to do again", err)
		}
	})
	t.Run("whole", func(t *testing.T) {
		w, near := between(t, address)
		err := kittest.Open(t, postgres.Driver, near).Write(t.Context(), func(c sqldb.Conn) error {
			_, err := sqldb.WriteWhole(t.Context(), c, func(c sqldb.Conn) {
				w.cut()
				_, _ = number(t.Context(), c, "SELECT 1")
			}, func(c sqldb.Conn) {
				_, _ = number(t.Context(), c, "SELECT 2")
			})
			return err
		})
		var p *kit.Problem
		if err == nil || errors.As(err, &p) {
			t.Errorf("%v, want what nobody is told to do again", err)
		}
	})
}

// A database that takes no writes for a while is no fault of the service either: who writes is told to come again, and may once it
// takes them again. A write within a read is the service's own fault.
func TestOnlyRead(t *testing.T) {
	address := kittest.Postgres(t)
	db := kittest.Open(t, postgres.Driver, address)
	write := func(c sqldb.Conn) error {
		_, err := c.Exec(t.Context(), "CREATE TABLE IF NOT EXISTS written (n int)")
		return err
	}
	hold := func(how string) {
		t.Helper()
		if _, err := db.Handle().Exec("BEGIN READ WRITE; DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET default_transaction_read_only = " + how + "', current_database()); END $$; COMMIT"); err != nil {
			t.Fatal(err)
		}
	}
	hold("on")
	held := kittest.Open(t, postgres.Driver, address)
	wantProblem(t, held.Write(t.Context(), write), kit.CodeUnavailable, 1)
	if err := held.Read(t.Context(), func(c sqldb.Conn) error { _, err := number(t.Context(), c, "SELECT 1"); return err }); err != nil {
		t.Error(err)
	}
	var p *kit.Problem
	if err := held.Read(t.Context(), write); err == nil || errors.As(err, &p) {
		t.Errorf("a write within a read: %v", err)
	}
	hold("off")
	err := held.Write(t.Context(), write)
	for range 10 { // each that is refused gives up its connection, which was made while none were taken
		if err == nil {
			return
		}
		err = held.Write(t.Context(), write)
	}
	t.Error(err)
}
