package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// pair is a primary with one replica, each also reached by itself.
type pair struct {
	db      sqldb.Replicated
	standby *kittest.Standby
	alone   sqldb.Database // the standby
}

func newPair(t *testing.T, standby *kittest.Standby) *pair {
	t.Helper()
	url := kittest.Postgres(t)
	p := &pair{standby: standby}
	primary := kittest.Open(t, postgres.Driver, url)
	exec(t, primary, "CREATE TABLE t (n bigint)", "INSERT INTO t VALUES (0)")
	until(t, "the standby has the database", func() bool {
		db, err := postgres.Driver.Open(t.Context(), p.standby.URL(url))
		if err == nil {
			t.Cleanup(func() { db.Close() })
		}
		p.alone = db
		return err == nil
	})
	until(t, "the standby has the table", func() bool { return rows(t.Context(), p.alone) == 1 })
	db, err := postgres.Driver.Open(t.Context(), url, p.standby.URL(url)+"&max_lag=1s")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p.db = db.(sqldb.Replicated)
	return p
}

func (p *pair) state() sqldb.Replica { return p.db.Replicas()[0] }

// pause stops the standby from following.
func (p *pair) pause(t *testing.T) {
	t.Helper()
	exec(t, p.alone, "SELECT pg_wal_replay_pause()")
	t.Cleanup(func() { p.alone.Handle().Exec("SELECT pg_wal_replay_resume()") })
	until(t, "the standby pauses", func() bool {
		n, err := ask(t.Context(), p.alone, "SELECT (pg_get_wal_replay_pause_state() = 'paused')::int::bigint")
		return err == nil && n == 1
	})
}

// whole tells whether the standby has all of the primary's log. It may lack some though nobody wrote: the server itself
// writes now and then.
func (p *pair) whole(t *testing.T) bool {
	t.Helper()
	at := func(db sqldb.Database, position string) int64 {
		n, err := ask(t.Context(), db, "SELECT pg_wal_lsn_diff("+position+"(), '0/0')::bigint")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	return at(p.alone, "pg_last_wal_replay_lsn") == at(p.db, "pg_current_wal_insert_lsn")
}

func (p *pair) resume(t *testing.T) {
	t.Helper()
	exec(t, p.alone, "SELECT pg_wal_replay_resume()")
}

func ask(ctx context.Context, db sqldb.Database, sql string) (n int64, err error) {
	err = db.Read(ctx, func(c sqldb.Conn) error {
		n, err = number(ctx, c, sql)
		return err
	})
	return n, err
}

func rows(ctx context.Context, db sqldb.Database) int64 {
	n, err := ask(ctx, db, "SELECT count(*) FROM t")
	if err != nil {
		return -1
	}
	return n
}

func insert(ctx context.Context, db sqldb.Database) error {
	return db.Write(ctx, func(c sqldb.Conn) error {
		_, err := c.Exec(ctx, "INSERT INTO t VALUES (1)")
		return err
	})
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("20 seconds, and not: %s", what)
		}
	}
}

// who is a caller whose reads may go anywhere and who has written up to a position, and his session.
func who(t *testing.T, written sqldb.Position) (context.Context, *sqldb.Session) {
	session := sqldb.NewSession(written)
	return sqldb.WithReplicas(sqldb.WithSession(t.Context(), session)), session
}

func TestReplica(t *testing.T) {
	kittest.Postgres(t) // or skip
	standby := kittest.NewStandby(t)
	for name, test := range map[string]func(*testing.T, *pair){
		"read your writes": readYourWrites, "who reads wrote nothing": whoReads, "the primary unless told": thePrimaryUnlessTold, "behind": behind, "refused": refused,
	} {
		t.Run(name, func(t *testing.T) { test(t, newPair(t, standby)) })
	}
}

// Who wrote reads what he wrote, also in a later request at another process, while the replica stands still; who did not
// write is answered by the replica; and once it has followed it answers him too.
func readYourWrites(t *testing.T, p *pair) {
	for _, single := range []bool{false, true} {
		anyone, _ := who(t, 0)
		writer, session := who(t, 0)
		if single {
			anyone, writer = sqldb.WithSingle(anyone), sqldb.WithSingle(writer)
		}
		before := rows(t.Context(), p.db)
		p.pause(t)
		if err := insert(writer, p.db); err != nil {
			t.Fatal(err)
		}
		written, wrote := session.Written()
		if !wrote || written == 0 {
			t.Fatalf("wrote %v up to %d", wrote, written)
		}
		later, _ := who(t, written)
		if n := rows(anyone, p.db); n != before {
			t.Errorf("anyone sees %d rows, want the replica's %d", n, before)
		}
		answered := p.state()
		for _, ctx := range []context.Context{writer, later} {
			if n := rows(ctx, p.db); n != before+1 {
				t.Errorf("the writer sees %d rows, want %d", n, before+1)
			}
		}
		if s := p.state(); s.Behind != answered.Behind+2 || s.Answered != answered.Answered {
			t.Errorf("%+v after %+v: want 2 more behind", s, answered)
		}
		p.resume(t)
		until(t, "the replica answers the writer", func() bool {
			asked := p.state().Answered
			if n := rows(later, p.db); n != before+1 {
				t.Fatalf("the writer sees %d rows, want %d", n, before+1)
			}
			return p.state().Answered == asked+1
		})
	}
}

// A caller is told how far he wrote if he wrote: a read tells him nothing, whoever answers it and by however many statements.
func whoReads(t *testing.T, p *pair) {
	for _, ctx := range []context.Context{t.Context(), sqldb.WithReplicas(t.Context())} {
		session := sqldb.NewSession(0)
		rows(sqldb.WithSession(ctx, session), p.db)
		if written, wrote := session.Written(); wrote || written != 0 {
			t.Errorf("a reader wrote up to %x", written)
		}
	}
}

// A read goes to the primary unless its context says that it may not.
func thePrimaryUnlessTold(t *testing.T, p *pair) {
	for _, ctx := range []context.Context{
		t.Context(), sqldb.WithReplicas(t.Context()), sqldb.WithSession(t.Context(), sqldb.NewSession(0)),
	} {
		if n := rows(ctx, p.db); n != 1 {
			t.Errorf("%d rows", n)
		}
	}
	if s := p.state(); s.Answered+s.Behind+s.Failed != 0 {
		t.Errorf("the replica was asked: %+v", s)
	}
}

// A replica that falls behind is left alone, and taken again when it has caught up. A primary that writes nothing makes
// none late.
func behind(t *testing.T, p *pair) {
	p.pause(t)
	time.Sleep(1500 * time.Millisecond)
	if s := p.state(); !s.Up && p.whole(t) {
		t.Errorf("%+v: nothing was written", s)
	}
	until(t, "the replica is left alone", func() bool {
		if err := insert(t.Context(), p.db); err != nil {
			t.Fatal(err)
		}
		return !p.state().Up
	})
	if s := p.state(); s.Lag <= time.Second {
		t.Errorf("%+v: left alone within max_lag", s)
	}
	anyone, _ := who(t, 0)
	if n, want := rows(anyone, p.db), rows(t.Context(), p.db); n != want {
		t.Errorf("%d rows, want the primary's %d", n, want)
	}
	p.resume(t)
	until(t, "the replica is asked again", func() bool { return p.state().Up })
}

// A replica that dies under load, or stops answering, costs nobody an error, and nobody waits long.
func TestReplicaThatDies(t *testing.T) {
	for name, end := range map[string]func(*kittest.Standby){"killed": (*kittest.Standby).Kill, "frozen": (*kittest.Standby).Freeze} {
		t.Run(name, func(t *testing.T) {
			kittest.Postgres(t) // or skip
			p := newPair(t, kittest.NewStandby(t))
			ctx, cancel := context.WithCancel(t.Context())
			var callers sync.WaitGroup
			var slowest, asked atomic.Int64
			for i := range 8 {
				callers.Go(func() {
					for ctx.Err() == nil {
						reader, _ := who(t, 0)
						if i%2 == 0 {
							reader = sqldb.WithSingle(reader)
						}
						began := time.Now()
						n, err := ask(reader, p.db, "SELECT count(*) FROM t, generate_series(1, 2000)")
						if err != nil || n != 2000 {
							t.Errorf("%d, %v", n, err)
							return
						}
						asked.Add(1)
						took := int64(time.Since(began))
						for known := slowest.Load(); took > known && !slowest.CompareAndSwap(known, took); known = slowest.Load() {
						}
					}
				})
			}
			until(t, "the replica answers", func() bool { return p.state().Answered > 50 })
			end(p.standby)
			until(t, "the replica is left alone", func() bool { return !p.state().Up })
			since := asked.Load()
			until(t, "the primary answers", func() bool { return asked.Load() > since+50 })
			cancel()
			callers.Wait()
			if took := time.Duration(slowest.Load()); took > 30*time.Second {
				t.Errorf("one waited for %v", took)
			}
			t.Logf("%d reads, the slowest took %v; %+v", asked.Load(), time.Duration(slowest.Load()), p.state())
		})
	}
}

// What the caller's own statement is wrong about is the primary's answer, and no reason to leave a replica alone.
func refused(t *testing.T, p *pair) {
	anyone, _ := who(t, 0)
	if _, err := ask(anyone, p.db, "SELECT 1 / (n - n) FROM t"); err == nil {
		t.Error("a division by zero has an answer")
	}
	own := errors.New("own")
	if err := p.db.Read(anyone, func(sqldb.Conn) error { return own }); !errors.Is(err, own) {
		t.Error(err)
	}
	if s := p.state(); !s.Up || s.Failed != 1 {
		t.Errorf("%+v, want it up, and one read failed", s)
	}
}

func TestReplicaOfSomethingElse(t *testing.T) {
	url := kittest.Postgres(t)
	if db, err := postgres.Driver.Open(t.Context(), url, url); err != nil {
		t.Error(err)
	} else {
		if db.(sqldb.Replicated).Replicas()[0].Up {
			t.Error("a primary is asked as a replica")
		}
		db.Close()
	}
	if _, err := postgres.Driver.Open(t.Context(), url, kittest.Stranger(t)); err == nil || !strings.Contains(err.Error(), "no copy of this database") {
		t.Errorf("another database is taken for a replica: %v", err)
	}
	if _, err := postgres.Driver.Open(t.Context(), url, kittest.Postgres(t)); err == nil || !strings.Contains(err.Error(), "no copy of this database") {
		t.Errorf("another database of the same server is taken for a replica: %v", err)
	}
	if _, err := postgres.Driver.Open(t.Context(), url, url+"&max_lag=1h"); err == nil {
		t.Error("a lag of one hour is taken")
	}
	if _, err := postgres.Driver.Open(t.Context(), url, url, url); err == nil {
		t.Error("one replica is taken twice")
	}
}
