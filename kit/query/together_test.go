package query_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

func TestTogether(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			t.Run("reads find what they find alone", func(t *testing.T) { testTogether(newWorld(t, d.open(t))) })
			t.Run("one that fails is told", func(t *testing.T) { testFailsTogether(newWorld(t, d.open(t))) })
		})
	}
	t.Run("on PostgreSQL they take one round trip", testOneRoundTrip)
}

// several are reads of each kind, each of which tells what it found; the last takes two statements and more.
func (w *world) several() (sels []*query.Select, reads []func(ctx context.Context, tx *query.Tx) (any, error)) {
	nested := w.sel("User", "name", nest{"articles", w.sel("Article", "title")})
	nested.Count = true
	sels = []*query.Select{w.sel("Article", "title", "author"), nested, nil, w.sel("User", "name")}
	return sels, []func(ctx context.Context, tx *query.Tx) (any, error){
		func(ctx context.Context, tx *query.Tx) (any, error) { return tx.List(ctx, sels[0]) },
		func(ctx context.Context, tx *query.Tx) (any, error) { return tx.List(ctx, sels[1]) },
		func(ctx context.Context, tx *query.Tx) (any, error) {
			return tx.Aggregate(ctx, &query.Aggregation{Entity: w.entity("Article"), Groups: []query.GroupKey{{Path: []string{"status"}}}})
		},
		func(ctx context.Context, tx *query.Tx) (any, error) { return tx.Get(ctx, sels[3], string(w.bob.ID)) },
	}
}

// together runs reads as the doors do.
func (w *world) together(sels []*query.Select, reads []func(ctx context.Context, tx *query.Tx) (any, error)) (found []any, err error) {
	found = make([]any, len(reads))
	ctx := w.engine.SingleEach(context.Background(), w.ann, sels)
	err = w.engine.Read(ctx, w.ann, func(ctx context.Context, tx *query.Tx) error {
		var all []func(*query.Tx)
		for i, read := range reads {
			all = append(all, func(tx *query.Tx) {
				value, err := read(ctx, tx)
				if found[i] = value; err != nil {
					found[i] = err
				}
			})
		}
		return tx.Together(ctx, all)
	})
	return found, err
}

func testTogether(w *world) {
	for i := range 3 {
		w.create(w.ann, false, "Article", "title", fmt.Sprint("title ", i), "author", w.ann.ID)
	}
	sels, reads := w.several()
	want := make([]any, len(reads))
	must(w.engine.Read(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) (err error) {
		for i, read := range reads {
			if want[i], err = read(ctx, tx); err != nil {
				return err
			}
		}
		return nil
	}))
	for name, sels := range map[string][]*query.Select{"a statement each": sels, "in a transaction": nil} {
		found, err := w.together(sels, reads)
		if err != nil || !reflect.DeepEqual(found, want) {
			w.Errorf("%s: found %v, %v, want %v", name, found, err, want)
		}
	}
	// What asks again, once it has its answer, finds that too.
	twice := append(reads, func(ctx context.Context, tx *query.Tx) (any, error) {
		if _, err := tx.List(ctx, sels[0]); err != nil {
			return nil, err
		}
		return tx.Get(ctx, sels[3], string(w.ann.ID))
	})
	found, err := w.together(nil, twice)
	if err != nil || !reflect.DeepEqual(found[:len(want)], want) {
		w.Errorf("with one that asks twice: found %v, %v, want %v", found, err, want)
	}
	if row, ok := found[len(want)].(*query.Row); !ok || row.ID != w.ann.ID {
		w.Errorf("one that asks twice found %v", found[len(want)])
	}
}

func testFailsTogether(w *world) {
	sels, reads := w.several()
	reads[1] = func(context.Context, *query.Tx) (any, error) { return nil, kit.NotFound("nothing") } // asks nothing
	wrong := "SELECT 1 FROM no_such_table WHERE $1 = ''"
	if w.engine.DB().Dialect() == sqldb.Postgres {
		wrong = "SELECT 1 / (1 - length($1::text))" // it fails only when it runs
	}
	reads[2] = func(ctx context.Context, tx *query.Tx) (any, error) {
		rows, err := tx.Conn().Query(ctx, wrong, "x")
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		for rows.Next() {
			return nil, errors.New("a row of no table")
		}
		return nil, rows.Err()
	}
	for _, sels := range [][]*query.Select{sels, nil} {
		found, err := w.together(sels, reads)
		if list, ok := found[0].(*query.List); !ok || len(list.Rows) != 0 {
			w.Errorf("the read before found %v", found[0])
		}
		if failed, ok := found[1].(error); !ok || describe(failed) != "NOT_FOUND" {
			w.Errorf("a problem is told as %v", found[1])
		}
		if failed, ok := found[2].(error); !ok || !strings.Contains(failed.Error(), "no_such_table") && !strings.Contains(failed.Error(), "division by zero") {
			w.Errorf("a failure is told as %v", found[2])
		}
		if w.engine.DB().Dialect() == sqldb.Postgres && err == nil {
			w.Error("the transaction did not fail")
		}
	}
	// What a database cannot even prepare fails all that is sent with it.
	reads[2] = func(ctx context.Context, tx *query.Tx) (any, error) {
		rows, err := tx.Conn().Query(ctx, "SELECT 1 FROM no_such_table")
		if err == nil {
			rows.Close()
			err = rows.Err()
		}
		return nil, err
	}
	if found, _ := w.together(sels, reads); !strings.Contains(fmt.Sprint(found[2]), "no_such_table") {
		w.Errorf("a query that cannot be prepared is told as %v", found[2])
	}
	// The connection is as good as before.
	sels, reads = w.several()
	if found, err := w.together(sels, reads); err != nil || found[3].(*query.Row).ID != w.bob.ID {
		w.Errorf("after a failure: %v, %v", found, err)
	}
}

func testOneRoundTrip(t *testing.T) {
	url, trips := counting(t, kittest.Postgres(t))
	w := newWorld(t, kittest.Open(t, postgres.Driver, url))
	sels, reads := w.several()
	least := 1 << 30 // the first time statements are prepared, and at times a pool asks how a connection is
	for range 20 {
		before := trips()
		if _, err := w.together(sels, reads); err != nil {
			t.Fatal(err)
		}
		least = min(least, trips()-before)
	}
	if least != 1 {
		t.Errorf("four reads took %d round trips, want 1", least)
	}
}

// counting is a URL by which a database is reached, and how often somebody there asked since an answer.
func counting(t *testing.T, target string) (string, func() int) {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	network, address := "tcp", u.Host
	q := u.Query()
	if host := q.Get("host"); strings.HasPrefix(host, "/") {
		network, address = "unix", host+"/.s.PGSQL."+q.Get("port")
		q.Del("host")
		q.Del("port")
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	var mu sync.Mutex
	trips := 0
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			server, err := net.Dial(network, address)
			if err != nil {
				_ = client.Close()
				return
			}
			answered := true
			pass := func(to io.WriteCloser, from io.Reader, asks bool) {
				defer to.Close()
				buf := make([]byte, 64<<10)
				for {
					n, err := from.Read(buf)
					if err != nil {
						return
					}
					mu.Lock()
					if asks && answered {
						trips++
					}
					answered = !asks
					mu.Unlock()
					if _, err := to.Write(buf[:n]); err != nil {
						return
					}
				}
			}
			go pass(server, client, true)
			go pass(client, server, false)
		}
	}()
	u.Host, u.RawQuery = listener.Addr().String(), q.Encode()
	return u.String(), func() int {
		mu.Lock()
		defer mu.Unlock()
		return trips
	}
}
