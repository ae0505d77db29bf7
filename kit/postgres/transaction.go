package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// transaction begins on the way of its first statement, so that beginning costs no round trip. It implements
// sqldb.Conn.
type transaction struct {
	conn       *pgx.Conn
	begin      []string // the statements before the first
	begun      bool
	writes     bool
	savepoints int
	last       func(sqldb.Conn) error // is asked with the commit
}

func (t *transaction) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	if t.begun {
		answer, err := t.conn.Query(ctx, sql, args...)
		if err != nil {
			return nil, translate(err)
		}
		return &rows{Rows: answer}, nil
	}
	results, err := t.start(ctx, sql, args)
	if err != nil {
		return nil, err
	}
	answer, err := results.Query()
	if err != nil {
		return nil, translate(errors.Join(err, results.Close()))
	}
	return &rows{Rows: answer, batch: results}, nil
}

func (t *transaction) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	changed, err := t.exec(ctx, sql, args)
	return changed, translate(err)
}

func (t *transaction) exec(ctx context.Context, sql string, args []any) (int64, error) {
	if t.begun {
		tag, err := t.conn.Exec(ctx, sql, args...)
		return tag.RowsAffected(), err
	}
	results, err := t.start(ctx, sql, args)
	if err != nil {
		return 0, err
	}
	tag, err := results.Exec()
	return tag.RowsAffected(), errors.Join(err, results.Close())
}

// start sends the beginning and the first statement together; the answer of the latter is next in what it returns.
func (t *transaction) start(ctx context.Context, sql string, args []any) (pgx.BatchResults, error) {
	batch := &pgx.Batch{}
	for _, s := range t.begin {
		batch.Queue(s)
	}
	batch.Queue(sql, args...)
	t.begun = true
	results := t.conn.SendBatch(ctx, batch)
	for range t.begin {
		if _, err := results.Exec(); err != nil {
			return nil, translate(errors.Join(err, results.Close()))
		}
	}
	return results, nil
}

func (t *transaction) Savepoint(ctx context.Context, do func() error) error {
	t.savepoints++
	defer func() { t.savepoints-- }()
	name := fmt.Sprintf("s%d", t.savepoints)
	if _, err := t.exec(ctx, "SAVEPOINT "+name, nil); err != nil {
		return err
	}
	if failure := do(); failure != nil {
		_, err := t.exec(context.WithoutCancel(ctx), "ROLLBACK TO SAVEPOINT "+name, nil)
		return errors.Join(failure, err)
	}
	_, err := t.exec(ctx, "RELEASE SAVEPOINT "+name, nil)
	return translate(err)
}

// Last implements sqldb.Ending.
func (t *transaction) Last(do func(sqldb.Conn) error) error {
	if !t.begun || t.savepoints > 0 || t.last != nil {
		return do(t)
	}
	t.last = do
	return nil
}

// Whole implements sqldb.Whole. What is sent between two Syncs is a transaction of its own, which ends with the second:
// https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-PIPELINING.
func (t *transaction) Whole(ctx context.Context, write, read func(sqldb.Conn)) (done bool, err error) {
	if t.begun || t.savepoints > 0 || t.last != nil || sqldb.SessionOf(ctx) != nil {
		return false, nil
	}
	both := begin([]func(sqldb.Conn){write, read})
	defer both.stop()
	if both[0].ended || both[1].ended {
		return false, nil
	}
	var before, after []string
	if len(t.begin) > 1 { // settings of the transaction
		before, after = t.begin, []string{"COMMIT"}
	}
	if err := both.round(ctx, t.conn, before, after); err != nil {
		if t.conn.PgConn().TxStatus() != 'I' {
			_, _ = t.conn.Exec(context.WithoutCancel(ctx), "ROLLBACK") // the pool throws away a connection on which that fails
		}
		return true, undecided(err)
	}
	return true, nil
}

// commit ends the transaction. What had failed before is rolled back and is an error.
func (t *transaction) commit(ctx context.Context) error {
	if !t.begun {
		return nil
	}
	tag, err := t.end(ctx)
	if err == nil && tag.String() != "COMMIT" {
		err = errors.New("commit: a statement failed before, so the transaction was rolled back")
	}
	if err != nil && t.conn.PgConn().TxStatus() != 'I' {
		t.rollback(ctx)
	}
	return undecided(err)
}

// end commits. On the same way it asks what is read last and, where a caller's reads must see what he wrote, how far the log
// has come. An error with the tag COMMIT is of what was read: the rest is done.
func (t *transaction) end(ctx context.Context) (tag pgconn.CommandTag, err error) {
	session := sqldb.SessionOf(ctx)
	if !t.writes {
		session = nil // who reads has written nothing
	}
	if session == nil && t.last == nil {
		return t.conn.Exec(ctx, "COMMIT")
	}
	batch := &pgx.Batch{}
	var last *reader
	var failed error
	if t.last != nil {
		last = begin([]func(sqldb.Conn){func(c sqldb.Conn) { failed = t.last(c) }})[0]
		defer last.stop()
		if last.ended {
			last = nil
		} else {
			batch.Queue(last.sql, last.args...)
		}
	}
	batch.Queue("COMMIT")
	if session != nil {
		batch.Queue(inserted)
	}
	results := t.conn.SendBatch(ctx, batch)
	defer results.Close()
	if last != nil {
		last.answer(results)
		last.stop()
	}
	if tag, err = results.Exec(); err != nil || session == nil {
		return tag, cmp.Or(failed, err)
	}
	var reached int64
	if results.QueryRow().Scan(&reached) != nil {
		reached = math.MaxInt64 // it is committed, nobody knows where: only the primary has it for certain
	}
	session.Wrote(sqldb.Position(reached))
	return tag, failed
}

// rollback undoes the transaction. The pool throws away a connection on which that fails.
func (t *transaction) rollback(ctx context.Context) {
	if t.begun {
		t.conn.Exec(context.WithoutCancel(ctx), "ROLLBACK")
	}
}
