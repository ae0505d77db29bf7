package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// conn is a connection outside of a transaction.
type conn struct{ pool *pgxpool.Conn }

func (c conn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	answer, err := c.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, translate(err)
	}
	return &rows{Rows: answer}, nil
}

func (c conn) Exec(context.Context, string, ...any) (int64, error) {
	return 0, errors.New("exec: the read was to be one query")
}

func (c conn) Savepoint(context.Context, func() error) error {
	return errors.New("savepoint: outside of a transaction")
}

// rows closes the batch that it is part of, if there is one.
type rows struct {
	pgx.Rows
	batch pgx.BatchResults
	texts texts

	trip   *trip // of which it is the turn; nil outside of one
	waited time.Duration
	began  time.Time
}

// Waited implements sqldb.Queued.
func (r *rows) Waited() time.Duration { return r.waited }

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
	if r.batch != nil {
		r.batch.Close()
		r.batch = nil
	}
	if t := r.trip; t != nil {
		r.trip = nil
		t.read(r.began, r.Rows.Err())
	}
}
