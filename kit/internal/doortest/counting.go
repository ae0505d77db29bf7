package doortest

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// counting is a database that counts the queries it runs.
type counting struct {
	sqldb.Database
	queries    atomic.Int64
	last       atomic.Value // the SQL of the one before, a string
	collisions atomic.Int64 // that are to come
}

func (c *counting) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	return c.Database.Read(ctx, func(conn sqldb.Conn) error { return do(countingConn{conn, c}) })
}

// Write undoes as many transactions as were asked to collide.
func (c *counting) Write(ctx context.Context, do func(sqldb.Conn) error) error {
	return c.Database.Write(ctx, func(conn sqldb.Conn) error {
		if c.collisions.Load() > 0 {
			conn = struct{ sqldb.Conn }{conn} // which commits at the end, and not before
		}
		if err := do(conn); err != nil {
			return err
		}
		if c.collisions.Add(-1) >= 0 {
			return &kit.Problem{
				Code: kit.CodeUnavailable, Status: http.StatusServiceUnavailable, Retry: 1, Detail: "Try again.",
				Err: &sqldb.Collision{Err: errors.New("as the test asked")},
			}
		}
		return nil
	})
}

// Collide has the next n transactions fail at their end, as when others stood in their way.
func (w *World) Collide(n int) { w.database.collisions.Store(int64(n)) }

type countingConn struct {
	sqldb.Conn
	of *counting
}

func (c countingConn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	c.of.queries.Add(1)
	c.of.last.Store(sql)
	return c.Conn.Query(ctx, sql, args...)
}

// Queries is how many statements reads have run so far.
func (w *World) Queries() int { return int(w.database.queries.Load()) }

// Query is the SQL of the last of them.
func (w *World) Query() string { return w.database.last.Load().(string) }
