package oracle

import (
	"context"
	"sync/atomic"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// counted is a database that counts the statements that are run on it.
type counted struct {
	sqldb.Database
	statements *atomic.Int64
}

func (c counted) Read(ctx context.Context, do func(sqldb.Conn) error) error {
	return c.Database.Read(ctx, func(conn sqldb.Conn) error { return do(c.conn(conn)) })
}

func (c counted) Write(ctx context.Context, do func(sqldb.Conn) error) error {
	return c.Database.Write(ctx, func(conn sqldb.Conn) error { return do(c.conn(conn)) })
}

// conn counts on conn, and can do what conn can: what a writer can (Last, Whole) all writers of a database can.
func (c counted) conn(conn sqldb.Conn) sqldb.Conn {
	one := countedConn{conn, c}
	pipeline, sends := conn.(sqldb.Pipeline)
	ending, ends := conn.(sqldb.Ending)
	switch {
	case sends && ends:
		return struct {
			countedPipeline
			countedLast
		}{countedPipeline{one, pipeline}, countedLast{c, ending}}
	case sends:
		return countedPipeline{one, pipeline}
	case ends:
		return struct {
			countedConn
			countedLast
		}{one, countedLast{c, ending}}
	}
	return one
}

type countedConn struct {
	sqldb.Conn
	of counted
}

func (c countedConn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	c.of.statements.Add(1)
	return c.Conn.Query(ctx, sql, args...)
}

func (c countedConn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	c.of.statements.Add(1)
	return c.Conn.Exec(ctx, sql, args...)
}

type countedPipeline struct {
	countedConn
	pipeline sqldb.Pipeline
}

func (c countedPipeline) Together(ctx context.Context, do []func(sqldb.Conn)) error {
	each := make([]func(sqldb.Conn), len(do))
	for i, one := range do {
		each[i] = func(conn sqldb.Conn) { one(c.of.conn(conn)) }
	}
	return c.pipeline.Together(ctx, each)
}

type countedLast struct {
	of     counted
	ending sqldb.Ending
}

func (c countedLast) Whole(ctx context.Context, write, read func(sqldb.Conn)) (bool, error) {
	of := func(do func(sqldb.Conn)) func(sqldb.Conn) { return func(conn sqldb.Conn) { do(c.of.conn(conn)) } }
	return sqldb.WriteWhole(ctx, c.ending, of(write), of(read))
}

func (c countedLast) Last(do func(sqldb.Conn) error) error {
	return c.ending.Last(func(conn sqldb.Conn) error { return do(c.of.conn(conn)) })
}
