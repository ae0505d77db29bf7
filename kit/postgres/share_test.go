package postgres_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// asked says the number it is given and which transaction says so. It fails for 0, and first waits for some seconds.
const asked = "SELECT $1::bigint * (1 / $1::bigint) + $1::bigint - (1 / $1::bigint), pg_backend_pid() || ' ' || now() FROM pg_sleep($2)"

// answer is what one reader heard.
type answer struct {
	number      int64
	transaction string
	err         error
}

func hear(ctx context.Context, db sqldb.Database, n int64, wait float64) (a answer) {
	a.err = db.Read(sqldb.WithSingle(ctx), func(c sqldb.Conn) error {
		rows, err := c.Query(ctx, asked, n, wait)
		if err != nil {
			return err
		}
		defer rows.Close()
		if rows.Next() {
			err = rows.Scan(&a.number, &a.transaction)
		}
		return errors.Join(err, rows.Err())
	})
	return a
}

// sharing is a database with two connections, both open, and what checks at the end that all are given back.
func sharing(t *testing.T, url string) sqldb.Database {
	t.Helper()
	db := kittest.Open(t, postgres.Driver, url+"&pool_max_conns=2&pool_max_wait=20s")
	two := db.Read(t.Context(), func(sqldb.Conn) error { return hear(t.Context(), db, 1, 0).err })
	if two != nil {
		t.Fatal(two)
	}
	t.Cleanup(func() { idle(t, db) })
	return db
}

// idle waits until nothing of a database is in use.
func idle(t *testing.T, db sqldb.Database) {
	t.Helper()
	for range 1000 {
		if postgres.InUse(db) == 0 {
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d connections, slots and trips are in use by nobody", postgres.InUse(db))
}

// known asks until it is known again that asked takes little.
func known(t *testing.T, db sqldb.Database) {
	t.Helper()
	knownAs(t, db, asked, func() error { return hear(t.Context(), db, 1, 0).err })
}

func knownAs(t *testing.T, db sqldb.Database, sql string, ask func() error) {
	t.Helper()
	for began := time.Now(); !postgres.Shares(db, sql); {
		if err := ask(); err != nil || time.Since(began) > 20*time.Second {
			t.Fatal("a statement that takes nothing is not known to take little ", err)
		}
	}
}

// aboard keeps all connections busy until each of readers waits, and returns when all of them have ended.
func aboard(t *testing.T, db sqldb.Database, boarded func(), readers ...func()) {
	t.Helper()
	known(t, db)
	free := make(chan struct{})
	var busy, holding, reading sync.WaitGroup
	for range 2 {
		holding.Add(1)
		busy.Go(func() {
			err := db.Write(t.Context(), func(c sqldb.Conn) error {
				holding.Done()
				<-free
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	holding.Wait()
	for i, read := range readers {
		reading.Go(read)
		for t0 := time.Now(); postgres.Boarded(db) <= i; time.Sleep(time.Millisecond) {
			if time.Since(t0) > 10*time.Second {
				close(free)
				t.Fatalf("%d wait, want %d", postgres.Boarded(db), i+1)
			}
		}
	}
	if boarded != nil {
		boarded()
	}
	close(free)
	busy.Wait()
	reading.Wait()
}

// Readers that wait for a connection are answered by one transaction, each with its own rows.
func TestReadersShareATrip(t *testing.T) {
	db := sharing(t, kittest.Postgres(t))
	answers := make([]answer, 4) // as many as always find room
	var readers []func()
	for i := range answers {
		readers = append(readers, func() { answers[i] = hear(t.Context(), db, int64(i+2), 0) })
	}
	aboard(t, db, nil, readers...)
	for i, a := range answers {
		if a.err != nil || a.number != int64(i+2) || a.transaction != answers[0].transaction {
			t.Errorf("reader %d: %+v, the first one %+v", i, a, answers[0])
		}
	}
}

// What one reader does wrong no other hears of, whoever stands where.
func TestAnErrorIsItsReadersAlone(t *testing.T) {
	db := sharing(t, kittest.Postgres(t))
	for wrong := range 4 {
		answers := make([]answer, 4)
		var readers []func()
		for i := range answers {
			n := int64(i + 2)
			if i == wrong {
				n = 0
			}
			readers = append(readers, func() { answers[i] = hear(t.Context(), db, n, 0) })
		}
		aboard(t, db, nil, readers...)
		for i, a := range answers {
			switch {
			case i == wrong && (a.err == nil || !strings.Contains(a.err.Error(), "division by zero")):
				t.Errorf("reader %d: %v, want its own error", i, a.err)
			case i != wrong && (a.err != nil || a.number != int64(i+2)):
				t.Errorf("reader %d beside a wrong one at %d: %+v", i, wrong, a)
			}
		}
	}
}

// Who leaves, leading or not, leaves at once, and the others are answered.
func TestWhoLeavesLeavesAlone(t *testing.T) {
	db := sharing(t, kittest.Postgres(t))
	for leaver := range 3 {
		answers := make([]answer, 3)
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan struct{})
		var readers []func()
		for i := range answers {
			readers = append(readers, func() {
				if i != leaver {
					answers[i] = hear(t.Context(), db, int64(i+2), 0)
					return
				}
				answers[i] = hear(ctx, db, int64(i+2), 0)
				close(left)
			})
		}
		aboard(t, db, func() { leave(); <-left }, readers...)
		for i, a := range answers {
			switch {
			case i == leaver && !errors.Is(a.err, context.Canceled):
				t.Errorf("reader %d, who left: %+v", i, a)
			case i != leaver && (a.err != nil || a.number != int64(i+2)):
				t.Errorf("reader %d beside one who left at %d: %+v", i, leaver, a)
			}
		}
	}
}

// Who leaves while the trip is under way does not wait for those before him.
func TestWhoLeavesOnTheWay(t *testing.T) {
	db := sharing(t, kittest.Postgres(t))
	ctx, leave := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer leave()
	var slow, left, last answer
	var took time.Duration
	aboard(t, db, nil,
		func() { slow = hear(t.Context(), db, 2, 0.7) },
		func() {
			began := time.Now()
			left = hear(ctx, db, 3, 0)
			took = time.Since(began)
		},
		func() { last = hear(t.Context(), db, 4, 0) })
	if slow.err != nil || slow.number != 2 || last.err != nil || last.number != 4 || last.transaction != slow.transaction {
		t.Errorf("the first %+v, the last %+v", slow, last)
	}
	if !errors.Is(left.err, context.DeadlineExceeded) || took > 600*time.Millisecond {
		t.Errorf("who had 0.2 s: %v after %v", left.err, took)
	}
}

// What goes wrong in the middle of the rows of one who left nobody hears of.
func TestAnErrorOfWhoLeft(t *testing.T) {
	db := sharing(t, kittest.Postgres(t))
	const halved = "SELECT 6 / ($1::bigint - n) FROM generate_series(0, 1) AS n" // for 1 the second row fails
	half := func(ctx context.Context, n int64) error {
		return db.Read(sqldb.WithSingle(ctx), func(c sqldb.Conn) error {
			rows, err := c.Query(ctx, halved, n)
			if err != nil {
				return err
			}
			for rows.Next() { //nolint:revive // only their end matters
			}
			return rows.Err()
		})
	}
	knownAs(t, db, halved, func() error { return half(t.Context(), 3) })
	ctx, leave := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer leave()
	var left error
	var last answer
	aboard(t, db, nil,
		func() { hear(t.Context(), db, 2, 0.7) },
		func() { left = half(ctx, 1) },
		func() { last = hear(t.Context(), db, 4, 0) })
	if !errors.Is(left, context.DeadlineExceeded) {
		t.Errorf("who had 0.3 s: %v", left)
	}
	if last.err != nil || last.number != 4 {
		t.Errorf("who came behind him: %+v", last)
	}
}

// Who is beside one that waits for a lock does not wait with him.
func TestWhoWaitsForALockWaitsAlone(t *testing.T) {
	url := kittest.Postgres(t)
	db, other := sharing(t, url), kittest.Open(t, postgres.Driver, url)
	exec(t, other, "CREATE TABLE locked (n bigint)", "INSERT INTO locked VALUES (7)")
	const read = "SELECT n FROM locked WHERE $1::bigint > 0"
	locked := func() (n int64, err error) {
		err = db.Read(sqldb.WithSingle(t.Context()), func(c sqldb.Conn) (err error) {
			n, err = number(t.Context(), c, read, int64(1))
			return err
		})
		return n, err
	}
	knownAs(t, db, read, func() error { _, err := locked(); return err })
	known(t, db)
	held, free := make(chan struct{}), make(chan struct{})
	var holding sync.WaitGroup
	holding.Go(func() {
		err := other.Write(t.Context(), func(c sqldb.Conn) error {
			_, err := c.Exec(t.Context(), "LOCK TABLE locked")
			close(held)
			<-free
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
	<-held
	var answered atomic.Int64
	beside := func(n int64) func() {
		return func() {
			if a := hear(t.Context(), db, n, 0); a.err != nil || a.number != n {
				t.Errorf("beside him: %+v", a)
			}
			answered.Add(1)
		}
	}
	time.AfterFunc(5*time.Second, func() {
		if answered.Load() != 2 {
			t.Errorf("%d are answered beside one that waits, want 2", answered.Load())
		}
		close(free)
	})
	aboard(t, db, nil, beside(2), func() {
		if n, err := locked(); n != 7 || err != nil {
			t.Errorf("who waited reads %d, %v", n, err)
		}
	}, beside(3))
	holding.Wait()
}

// When the connection is lost those whose turn it was not are answered over another one.
func TestATripThatIsLost(t *testing.T) {
	url := kittest.Postgres(t)
	db, other := sharing(t, url), kittest.Open(t, postgres.Driver, url)
	var first, second answer
	done := make(chan struct{})
	go func() {
		defer close(done)
		for killed := int64(0); killed == 0 && t.Context().Err() == nil; time.Sleep(10 * time.Millisecond) {
			err := other.Read(t.Context(), func(c sqldb.Conn) (err error) {
				killed, err = number(t.Context(), c, `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
					WHERE datname = current_database() AND state = 'active' AND wait_event = 'PgSleep'`)
				return err
			})
			if err != nil {
				t.Error(err)
				return
			}
		}
	}()
	aboard(t, db, nil,
		func() { first = hear(t.Context(), db, 2, 10) },
		func() { second = hear(t.Context(), db, 3, 0) })
	<-done
	if first.err == nil {
		t.Errorf("whose connection was ended: %+v", first)
	}
	if second.err != nil || second.number != 3 {
		t.Errorf("who was to be next: %+v", second)
	}
}

// A statement that took long waits for nobody and lets nobody wait.
func TestSlowStatementsShareNothing(t *testing.T) {
	db := sharing(t, kittest.Postgres(t))
	known(t, db)
	if a := hear(t.Context(), db, 1, 0.2); a.err != nil {
		t.Fatal(a.err)
	}
	free := make(chan struct{})
	var holding sync.WaitGroup
	holding.Go(func() {
		_ = db.Write(t.Context(), func(sqldb.Conn) error { <-free; return nil })
	})
	var reading sync.WaitGroup
	answers := make([]answer, 3)
	for i := range answers {
		reading.Go(func() { answers[i] = hear(t.Context(), db, int64(i+2), 0.05) })
	}
	reading.Wait()
	close(free)
	holding.Wait()
	seen := map[string]bool{}
	for i, a := range answers {
		if a.err != nil || a.number != int64(i+2) || seen[a.transaction] {
			t.Errorf("reader %d: %+v", i, a)
		}
		seen[a.transaction] = true
	}
}

// Who wants no sharing has none.
func TestSharingIsTurnedOff(t *testing.T) {
	db := kittest.Open(t, postgres.Driver, kittest.Postgres(t)+"&share_reads=off")
	for range 200 {
		if a := hear(t.Context(), db, 2, 0); a.err != nil || a.number != 2 || postgres.Shares(db, asked) {
			t.Fatal(a, postgres.Shares(db, asked))
		}
	}
}

// Rows that are left open, even by a panic, hold up nobody.
func TestRowsThatAreLeftOpen(t *testing.T) {
	db := sharing(t, kittest.Postgres(t))
	var last answer
	left := func(after func() error) func() {
		return func() {
			defer func() { _ = recover() }()
			_ = db.Read(sqldb.WithSingle(t.Context()), func(c sqldb.Conn) error {
				if _, err := c.Query(t.Context(), asked, int64(2), 0.0); err != nil {
					t.Error(err)
				}
				return after()
			})
		}
	}
	aboard(t, db, nil, left(func() error { return nil }), left(func() error { panic("no") }), func() { last = hear(t.Context(), db, 3, 0) })
	if last.err != nil || last.number != 3 {
		t.Errorf("who came last: %+v", last)
	}
}

// unspeakable is an argument that panics when it is to be sent.
type unspeakable struct{}

func (unspeakable) Value() (driver.Value, error) { panic("unspeakable") }

// An argument that panics does so for whoever gave it, alone or beside others.
func TestAnArgumentThatPanics(t *testing.T) {
	db := sharing(t, kittest.Postgres(t))
	said := make([]any, 3)
	ask := func(by int) func() {
		return func() {
			defer func() { said[by] = recover() }()
			err := db.Read(sqldb.WithSingle(t.Context()), func(c sqldb.Conn) error {
				_, err := c.Query(t.Context(), asked, unspeakable{}, 0.0)
				return err
			})
			t.Errorf("%d asked: %v", by, err)
		}
	}
	var first, last answer
	ask(0)()
	aboard(t, db, nil, func() { first = hear(t.Context(), db, 2, 0) }, ask(1), func() { last = hear(t.Context(), db, 3, 0) })
	aboard(t, db, nil, ask(2))
	for by, panicked := range said {
		if panicked != "unspeakable" {
			t.Errorf("%d hears %v", by, panicked)
		}
	}
	if first.err != nil || first.number != 2 || last.err != nil || last.number != 3 {
		t.Errorf("before him %+v, behind him %+v", first, last)
	}
}

// Whatever others do, whoever waits hears his own answer.
func TestManyReaders(t *testing.T) {
	url := kittest.Postgres(t)
	db := kittest.Open(t, postgres.Driver, url+"&pool_max_conns=6&pool_max_wait=20s")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var all sync.WaitGroup
	var transactions sync.Map
	var answered atomic.Int64
	for reader := range 48 {
		all.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(reader)))
			for ctx.Err() == nil {
				own, leave := context.WithTimeout(t.Context(), time.Duration(random.IntN(20))*time.Millisecond)
				if random.IntN(4) > 0 {
					own, leave = context.WithTimeout(t.Context(), 20*time.Second)
				}
				n, wait := int64(random.IntN(8)), float64(random.IntN(40)/39)/50
				a := hear(own, db, n, wait)
				leave()
				switch {
				case a.err == nil && (n == 0 || a.number != n):
					t.Errorf("%d is answered %+v", n, a)
				case a.err == nil:
					answered.Add(1)
					transactions.Store(a.transaction, true)
				case n != 0 && own.Err() == nil:
					t.Errorf("%d: %v", n, a.err)
				}
			}
		})
	}
	all.Wait()
	shared := answered.Load()
	transactions.Range(func(any, any) bool { shared--; return true })
	if shared <= 0 {
		t.Errorf("each of %d answers took a trip of its own", answered.Load())
	}
	idle(t, db)
}
