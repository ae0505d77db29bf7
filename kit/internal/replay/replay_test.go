package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// clock is a clock that tests set.
type clock struct{ hours atomic.Int64 }

func (c *clock) Now() time.Time {
	return time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC).Add(time.Duration(c.hours.Load()) * time.Hour)
}

// door does what a door does with a request.
type door struct {
	*testing.T
	engine *query.Engine
	clock  *clock
	done   atomic.Int64 // how often the write was done
}

// each runs a test on both databases.
func each(t *testing.T, test func(d *door)) {
	for _, on := range []struct {
		name   string
		driver sqldb.Driver
		url    func(testing.TB) string
	}{{"sqlite", sqlite.Driver, kittest.SQLite}, {"postgres", postgres.Driver, kittest.Postgres}} {
		t.Run(on.name, func(t *testing.T) {
			d := &door{T: t, clock: &clock{}}
			db, b := kittest.Open(t, on.driver, on.url(t)), &meta.Backend{}
			var err error
			if d.engine, err = query.New(b, db, query.Options{Clock: d.clock}); err != nil {
				t.Fatal(err)
			}
			kittest.Tables(t, db, b, nil)
			test(d)
		})
	}
}

var ann, bob, nobody = kit.Viewer{ID: kit.NewID()}, kit.Viewer{ID: kit.NewID()}, kit.Viewer{}

// request is a POST with a key and a body.
func request(t testing.TB, key, body string) *Request {
	t.Helper()
	r := httptest.NewRequest("POST", "/v1/orders?include=lines", strings.NewReader(body))
	r.Header.Set(Header, key)
	q, err := Read(r)
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// send answers "done N", where N counts how often it was done, and says what came of it.
func (d *door) send(who kit.Viewer, key, body string) string {
	d.Helper()
	return d.do(who, request(d, key, body), func(context.Context) (Answer, error) {
		return Answer{Status: 201, Location: "/here", ETag: `W/"1"`, Body: fmt.Appendf(nil, "done %d", d.done.Add(1))}, nil
	})
}

func (d *door) do(who kit.Viewer, q *Request, do func(context.Context) (Answer, error)) string {
	d.Helper()
	a, err := q.Write(context.Background(), d.engine.Write, who, func(ctx context.Context, _ *query.Tx, answer *Answer) (err error) {
		*answer, err = do(ctx)
		return err
	})
	var p *kit.Problem
	switch {
	case errors.As(err, &p):
		return fmt.Sprint(p.Status, " ", p.Code)
	case err != nil:
		return "error: " + err.Error()
	case a.Status != 201 || a.Location != "/here" || a.ETag != `W/"1"`:
		d.Errorf("answer is %+v", a)
	}
	return fmt.Sprintf("%s replayed %v", a.Body, a.Replayed)
}

// Who sent a key may ask again where nobody knows whether his write is there; who sent none is not told to.
func TestUndecided(t *testing.T) {
	lost := func(context.Context, kit.Viewer, func(context.Context, *query.Tx) error) error {
		return fmt.Errorf("commit: %w: %w", sqldb.ErrUndecided, io.EOF)
	}
	var p *kit.Problem
	if _, err := request(t, "key", "{}").Write(t.Context(), lost, nobody, nil); !errors.As(err, &p) || p.Status != 503 || p.Retry == 0 {
		t.Errorf("with a key: %v", err)
	}
	if _, err := (*Request)(nil).Write(t.Context(), lost, nobody, nil); err == nil || errors.As(err, &p) && p.Status == 503 {
		t.Errorf("without a key: %v", err)
	}
}

func (d *door) want(got, want string) {
	d.Helper()
	if got != want {
		d.Errorf("got %q, want %q", got, want)
	}
}

func (d *door) kept() (n int64) {
	d.Helper()
	err := d.engine.Read(context.Background(), nobody, func(ctx context.Context, tx *query.Tx) error {
		rows, err := tx.Conn().Query(ctx, "SELECT count(*) FROM idempotency_keys")
		if err != nil {
			return err
		}
		defer rows.Close()
		rows.Next()
		return rows.Scan(&n)
	})
	if err != nil {
		d.Fatal(err)
	}
	return n
}

func TestOneAnswerForEachKey(t *testing.T) {
	each(t, func(d *door) {
		d.want(d.send(ann, "k", "a"), "done 1 replayed false")
		d.want(d.send(ann, "k", "a"), "done 1 replayed true")
		d.want(d.send(ann, "k", "b"), "422 IDEMPOTENCY_KEY_REUSED")
		d.want(d.send(ann, "K", "a"), "done 2 replayed false")
		d.want(d.send(bob, "k", "a"), "done 3 replayed false") // nobody is given what was answered to somebody else
		d.want(d.send(nobody, "k", "a"), "done 4 replayed false")
		d.want(d.send(nobody, "k", "b"), "done 5 replayed false") // nor told that the key is in use
		d.want(d.send(nobody, "k", "a"), "done 4 replayed true")
		d.want(d.send(bob, "k", "a"), "done 3 replayed true")
	})
}

func TestWhatFailsIsNotKept(t *testing.T) {
	each(t, func(d *door) {
		full := func(context.Context) (Answer, error) { return Answer{}, kit.Fail("FULL", "No room.") }
		d.want(d.do(ann, request(d, "k", "a"), full), "409 FULL")
		d.want(d.send(ann, "k", "b"), "done 1 replayed false")
	})
}

func TestALargeAnswerIsNotKept(t *testing.T) {
	each(t, func(d *door) {
		answer := func(n int) func(context.Context) (Answer, error) {
			return func(context.Context) (Answer, error) {
				return Answer{Status: 201, Location: "/here", ETag: `W/"1"`, Body: []byte(strings.Repeat("x", n))}, nil
			}
		}
		fits := strings.Repeat("x", maxBody)
		d.want(d.do(ann, request(d, "fits", ""), answer(maxBody)), fits+" replayed false")
		d.want(d.do(ann, request(d, "fits", ""), answer(1)), fits+" replayed true")
		d.want(d.do(ann, request(d, "large", ""), answer(maxBody+1)), fits+"x replayed false")
		d.want(d.do(ann, request(d, "large", ""), answer(1)), "409 IDEMPOTENCY_ANSWER_TOO_LARGE")
		d.want(d.do(ann, request(d, "empty", ""), answer(0)), " replayed false")
		d.want(d.do(ann, request(d, "empty", ""), answer(1)), " replayed true")
	})
}

func TestKeysAreKeptForADay(t *testing.T) {
	each(t, func(d *door) {
		for i := range 30 {
			d.send(ann, fmt.Sprint("old", i), "")
		}
		d.send(ann, "k", "a")
		d.clock.hours.Store(24)
		d.want(d.send(ann, "k", "a"), "done 31 replayed true")
		d.clock.hours.Store(25)
		d.want(d.send(ann, "k", "b"), "done 32 replayed false")
		d.want(d.send(ann, "k", "b"), "done 32 replayed true")
		for n := 0; d.kept() > 1; n++ {
			if n == 1000 {
				d.Fatalf("%d keys are left", d.kept())
			}
			d.send(ann, "k", "b")
		}
	})
}

// Of requests at the same time one is done, and all are given its answer. Some are undone on their way.
func TestAtTheSameTime(t *testing.T) {
	each(t, func(d *door) {
		for round := range 10 {
			var wait sync.WaitGroup
			answers := make([]string, 6)
			for i := range answers {
				wait.Go(func() {
					answers[i] = d.do(ann, request(d, fmt.Sprint("k", round), "a"), func(context.Context) (Answer, error) {
						time.Sleep(time.Millisecond)
						if i%3 == 0 {
							return Answer{}, errors.New("undone")
						}
						return Answer{Status: 201, Location: "/here", ETag: `W/"1"`, Body: fmt.Appendf(nil, "done %d", d.done.Add(1))}, nil
					})
				})
			}
			wait.Wait()
			counts := map[string]int{}
			for _, a := range answers {
				counts[a]++
			}
			done := fmt.Sprintf("done %d replayed ", round+1)
			if counts[done+"false"] != 1 || counts[done+"false"]+counts[done+"true"]+counts["error: undone"] != len(answers) {
				d.Errorf("answers are %v", answers)
			}
		}
	})
}

// On PostgreSQL whoever waits for the first holds a connection, so not for ever. On SQLite it waits for its turn to write.
func TestTheFirstTakesLong(t *testing.T) {
	each(t, func(d *door) {
		if d.engine.DB().Dialect() != sqldb.Postgres {
			return
		}
		d.do(ann, request(d, "k", ""), func(context.Context) (Answer, error) {
			second := request(d, "k", "")
			second.patience = 20 * time.Millisecond
			_, err := second.Write(context.Background(), d.engine.Write, ann, nil)
			var p *kit.Problem
			if !errors.As(err, &p) || p.Status != 409 || p.Code != kit.CodeInProgress || p.Retry != 1 {
				d.Errorf("the second is told %v", err)
			}
			return Answer{Status: 201, Location: "/here", ETag: `W/"1"`, Body: []byte("slow")}, nil
		})
		d.want(d.send(ann, "k", ""), "slow replayed true")
	})
}

func TestWhatIsAKey(t *testing.T) {
	for _, key := range []string{"", " ", "a b", "é", "a\x7f", strings.Repeat("k", 256)} {
		r := httptest.NewRequest("POST", "/", strings.NewReader(""))
		r.Header[Header] = []string{key}
		if _, err := Read(r); !kit.HasCode(err, kit.CodeMalformed) {
			t.Errorf("key %q: %v", key, err)
		}
	}
	for _, key := range []string{"!", "~", `"8e03978e-40d5-43dd-bc93-6894a57f9324"`, strings.Repeat("k", 255)} {
		request(t, key, "")
	}
	r := httptest.NewRequest("POST", "/", strings.NewReader(""))
	r.Header[Header] = []string{"a", "b"}
	if _, err := Read(r); !kit.HasCode(err, kit.CodeMalformed) {
		t.Error("two keys:", err)
	}
}

// Every part of a request that decides its answer is in its hash.
func TestHash(t *testing.T) {
	hashes := map[string]string{}
	for _, what := range []string{"POST /a x", "PUT /a x", "POST /b x", "POST /a?b x", "POST /a%2Fb x", "POST /a/b x", "POST /a y"} {
		parts := strings.Fields(what)
		r := httptest.NewRequest(parts[0], parts[1], strings.NewReader(parts[2]))
		r.Header.Set(Header, "k")
		q, err := Read(r)
		if err != nil {
			t.Fatal(err)
		}
		if other, ok := hashes[q.hash]; ok {
			t.Errorf("%s and %s are one", what, other)
		}
		hashes[q.hash] = what
	}
}
