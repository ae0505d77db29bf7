package postgres

import (
	"context"
	"errors"
	"iter"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// Readers that run together are coroutines: each runs until it asks a query, and then waits. When all of them wait, or have
// ended, what they ask is sent as one batch, and each goes on in turn with its rows, up to its next query.

const beginSnapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

// Together implements sqldb.Pipeline outside of a transaction, for readers of one query each: the snapshot that they share begins
// and ends on the way of their queries.
func (c conn) Together(ctx context.Context, do []func(sqldb.Conn)) error {
	readers := begin(do)
	defer readers.stop()
	for readers.asking() {
		if err := readers.round(ctx, c.pool.Conn(), []string{beginSnapshot}, []string{"COMMIT"}); err != nil {
			_, _ = c.pool.Conn().Exec(context.WithoutCancel(ctx), "ROLLBACK") // the pool throws away a connection on which that fails
			return err
		}
	}
	return nil
}

// Together implements sqldb.Pipeline.
func (t *transaction) Together(ctx context.Context, do []func(sqldb.Conn)) error {
	readers := begin(do)
	defer readers.stop()
	for readers.asking() {
		var before []string
		if !t.begun {
			before, t.begun = t.begin, true
		}
		if err := readers.round(ctx, t.conn, before, nil); err != nil {
			return err
		}
	}
	return nil
}

// reader is one of those that run together, and the sqldb.Conn that it reads by.
type reader struct {
	yield func(struct{}) bool
	next  func() (struct{}, bool)
	stop  func()

	ended bool
	sql   string // what it asks
	args  []any
	rows  *rows // what it is answered
	err   error
}

type readers []*reader

// begin runs each of do up to its first query.
func begin(do []func(sqldb.Conn)) readers {
	all := make(readers, len(do))
	for i, run := range do {
		r := &reader{}
		all[i] = r
		r.next, r.stop = iter.Pull(func(yield func(struct{}) bool) {
			r.yield = yield
			run(r)
		})
		r.resume()
	}
	return all
}

// resume lets the reader go on up to its next query.
func (r *reader) resume() {
	_, waits := r.next()
	r.ended = !waits
}

func (all readers) stop() {
	for _, r := range all {
		r.stop()
	}
}

func (all readers) asking() bool {
	for _, r := range all {
		if !r.ended {
			return true
		}
	}
	return false
}

// round asks what the readers wait for. Its error is that of the statements around theirs: each reader hears of its own.
func (all readers) round(ctx context.Context, c *pgx.Conn, before, after []string) (err error) {
	batch := &pgx.Batch{}
	for _, s := range before {
		batch.Queue(s)
	}
	var waiting readers
	for _, r := range all {
		if !r.ended {
			batch.Queue(r.sql, r.args...)
			waiting = append(waiting, r)
		}
	}
	for _, s := range after {
		batch.Queue(s)
	}
	results := c.SendBatch(ctx, batch)
	defer func() { err = translate(errors.Join(err, results.Close())) }()
	for range before {
		if _, err = results.Exec(); err != nil { // or a query cannot be prepared
			for _, r := range waiting {
				r.rows, r.err = nil, translate(err)
				r.resume()
			}
			return err
		}
	}
	for _, r := range waiting {
		err = errors.Join(err, r.answer(results))
	}
	for range after {
		if err == nil {
			_, err = results.Exec()
		}
	}
	return err
}

// answer lets the reader go on with the next answer of a batch.
func (r *reader) answer(results pgx.BatchResults) error {
	answer, failed := results.Query()
	r.rows, r.err = nil, translate(failed)
	if failed == nil {
		r.rows = &rows{Rows: answer}
	}
	r.resume()
	answer.Close()
	return errors.Join(failed, answer.Err())
}

var errStopped = errors.New("query: a reader before this one failed")

func (r *reader) Query(_ context.Context, sql string, args ...any) (sqldb.Rows, error) {
	r.sql, r.args = sql, args
	if !r.yield(struct{}{}) {
		return nil, errStopped
	}
	if r.err != nil {
		return nil, r.err
	}
	return r.rows, nil
}

func (r *reader) Exec(context.Context, string, ...any) (int64, error) {
	return 0, errors.New("exec: those who read together do not write")
}

func (r *reader) Savepoint(context.Context, func() error) error {
	return errors.New("savepoint: those who read together do not write")
}
