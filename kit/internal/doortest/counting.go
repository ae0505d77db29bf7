package doortest

import (
	"context"
	"sync/atomic"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// counting is a database that counts the queries it runs.
type counting struct {
	sqldb.Database
	queries atomic.Int64
}

func (c *counting) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	return c.Database.Read(ctx, func(conn sqldb.Conn) error { return do(countingConn{conn, c}) })
}

type countingConn struct {
	sqldb.Conn
	of *counting
}

func (c countingConn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	c.of.queries.Add(1)
	return c.Conn.Query(ctx, sql, args...)
}

// Queries is how many statements reads have run so far.
func (w *World) Queries() int { return int(w.database.queries.Load()) }
