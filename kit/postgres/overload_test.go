package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
)

func wantProblem(t *testing.T, err error, code string, retry int) {
	t.Helper()
	var p *kit.Problem
	if !errors.As(err, &p) || p.Code != code || p.Retry != retry || p.Err == nil {
		t.Errorf("%v, want %s with its cause, Retry %d", err, code, retry)
	}
}

// Callers wait for a connection for pool_max_wait and no longer; those that have one are not disturbed.
func TestLoadIsShed(t *testing.T) {
	db := kittest.Open(t, postgres.Driver, kittest.Postgres(t)+"&pool_max_conns=2&pool_max_wait=100ms")
	one := func(ctx context.Context) error {
		return db.Read(ctx, func(c sqldb.Conn) error {
			_, err := number(ctx, c, "SELECT 1")
			return err
		})
	}
	free := make(chan struct{})
	var ready, done sync.WaitGroup
	for range 2 {
		ready.Add(1)
		done.Go(func() {
			err := db.Write(t.Context(), func(c sqldb.Conn) error {
				ready.Done()
				<-free
				_, err := number(t.Context(), c, "SELECT 1")
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	ready.Wait()
	for _, ctx := range []context.Context{t.Context(), sqldb.WithSingle(t.Context())} {
		wantProblem(t, one(ctx), kit.CodeUnavailable, 1)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if err := one(gone); !errors.Is(err, context.Canceled) {
		t.Errorf("%v to one who left", err)
	}
	waiting := make(chan error)
	go func() { waiting <- one(t.Context()) }()
	close(free)
	if err := <-waiting; err != nil {
		t.Errorf("%v to one who waited a moment", err)
	}
	done.Wait()
	for range 5 { // no slot is lost
		if err := one(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestParametersOfThePool(t *testing.T) {
	for _, wrong := range []string{"pool_max_wait=soon", "share_reads=perhaps"} {
		_, err := postgres.Driver.Open(t.Context(), kittest.Postgres(t)+"&"+wrong)
		if err == nil || !strings.Contains(err.Error(), wrong) {
			t.Error(wrong, err)
		}
	}
}

// One of two that wait for each other is told to try again; so is who takes too long that it was too long.
func TestWhatPassesIsNoFailure(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		ctx := t.Context()
		wantProblem(t, db.Read(ctx, func(c sqldb.Conn) error {
			_, err := number(ctx, c, "SELECT 1 FROM pg_sleep(10)")
			return err
		}), kit.CodeTimeout, 0)

		exec(t, db, "CREATE TABLE t (n bigint)", "INSERT INTO t VALUES (1), (2)")
		var both sync.WaitGroup
		both.Add(2)
		results := make(chan error)
		for _, order := range [][]int64{{1, 2}, {2, 1}} {
			go func() {
				results <- db.Write(ctx, func(c sqldb.Conn) error {
					for i, n := range order {
						if _, err := c.Exec(ctx, "UPDATE t SET n = n WHERE n = $1", n); err != nil {
							return err
						}
						if i == 0 {
							if _, err := c.Exec(ctx, "SET LOCAL statement_timeout = '10s'"); err != nil { // deadlock_timeout is 1s
								return err
							}
							both.Done()
							both.Wait()
						}
					}
					return nil
				})
			}()
		}
		first, second := <-results, <-results
		if first == nil {
			first, second = second, first
		}
		wantProblem(t, first, kit.CodeUnavailable, 1)
		if second != nil {
			t.Errorf("the other one: %v", second)
		}
	})
}
