package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// runner is a transaction, or a connection outside of one.
type runner interface {
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}

type conn struct {
	runner
	tx pgx.Tx // nil outside of a transaction
}

func (c *conn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	ctx, end := sqldb.StartSpan(ctx, sqldb.Postgres, sql)
	answer, err := c.runner.Query(ctx, sql, args...)
	if err != nil {
		err = translate(err)
		end(err)
		return nil, err
	}
	return &rows{Rows: answer, end: end}, nil
}

func (c *conn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	ctx, end := sqldb.StartSpan(ctx, sqldb.Postgres, sql)
	tag, err := c.runner.Exec(ctx, sql, args...)
	err = translate(err)
	end(err)
	return tag.RowsAffected(), err
}

func (c *conn) Savepoint(ctx context.Context, do func() error) error {
	if c.tx == nil {
		return errors.New("savepoint: outside of a transaction")
	}
	point, err := c.tx.Begin(ctx)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return errors.Join(err, point.Rollback(context.WithoutCancel(ctx)))
	}
	return point.Commit(ctx)
}

// rows ends its statement's span when it closes.
type rows struct {
	pgx.Rows
	end func(error)
}

func (r *rows) Next() bool {
	if r.Rows.Next() {
		return true
	}
	r.Close()
	return false
}

func (r *rows) Err() error { return translate(r.Rows.Err()) }

func (r *rows) Close() {
	r.Rows.Close()
	if r.end != nil {
		r.end(r.Rows.Err())
		r.end = nil
	}
}
