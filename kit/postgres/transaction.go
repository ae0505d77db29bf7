package postgres

import (
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
	savepoints int
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

// commit ends the transaction. What had failed before is rolled back and is an error.
func (t *transaction) commit(ctx context.Context) error {
	if !t.begun {
		return nil
	}
	tag, err := t.end(ctx)
	if err == nil && tag.String() != "COMMIT" {
		err = errors.New("commit: a statement failed before, so the transaction was rolled back")
	}
	return translate(err)
}

// end commits. Where a caller's reads must see what he wrote it asks on the same way how far the log has come.
func (t *transaction) end(ctx context.Context) (tag pgconn.CommandTag, err error) {
	session := sqldb.SessionOf(ctx)
	if session == nil {
		return t.conn.Exec(ctx, "COMMIT")
	}
	batch := &pgx.Batch{}
	batch.Queue("COMMIT")
	batch.Queue(inserted)
	results := t.conn.SendBatch(ctx, batch)
	defer results.Close()
	if tag, err = results.Exec(); err != nil {
		return tag, err
	}
	var reached int64
	if results.QueryRow().Scan(&reached) != nil {
		reached = math.MaxInt64 // it is committed, nobody knows where: only the primary has it for certain
	}
	session.Wrote(sqldb.Position(reached))
	return tag, nil
}

// rollback undoes the transaction. The pool throws away a connection on which that fails.
func (t *transaction) rollback(ctx context.Context) {
	if t.begun {
		t.conn.Exec(context.WithoutCancel(ctx), "ROLLBACK")
	}
}
