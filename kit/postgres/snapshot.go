package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// snapshot is a read-only transaction. It begins on the way of its first query, so that beginning costs no round trip.
type snapshot struct {
	conn   *pgx.Conn
	limit  string
	begun  bool
	nested conn // runs what comes later
}

const beginSnapshot = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

func (s *snapshot) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	if s.begun {
		return s.nested.Query(ctx, sql, args...)
	}
	ctx, end := sqldb.StartSpan(ctx, sqldb.Postgres, sql)
	batch := &pgx.Batch{}
	batch.Queue(beginSnapshot)
	if s.limit != "" {
		batch.Queue(s.limit)
	}
	batch.Queue(sql, args...)
	s.begun, s.nested.runner = true, s.conn
	results := s.conn.SendBatch(ctx, batch)
	for range batch.Len() - 1 {
		if _, err := results.Exec(); err != nil {
			err = errors.Join(translate(err), results.Close())
			end(err)
			return nil, err
		}
	}
	answer, err := results.Query()
	if err != nil {
		answer.Close()
		results.Close()
		err = translate(err)
		end(err)
		return nil, err
	}
	return &rows{Rows: answer, end: func(err error) {
		results.Close()
		end(err)
	}}, nil
}

// Exec runs what returns no rows; the database refuses what would write.
func (s *snapshot) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	if !s.begun {
		rows, err := s.Query(ctx, "SELECT 1")
		if err != nil {
			return 0, err
		}
		rows.Close()
	}
	return s.nested.Exec(ctx, sql, args...)
}

func (s *snapshot) Savepoint(context.Context, func() error) error {
	return errors.New("savepoint: nothing is written in a snapshot")
}

// end ends the transaction; the pool throws away a connection on which that fails.
func (s *snapshot) end(ctx context.Context) {
	if s.begun {
		if _, err := s.conn.Exec(context.WithoutCancel(ctx), "COMMIT"); err != nil {
			s.conn.Close(context.WithoutCancel(ctx))
		}
	}
}
