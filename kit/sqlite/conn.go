package sqlite

import (
	"context"
	"database/sql/driver"
	"fmt"
	"io"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// conn is one connection, with the statements that it has compiled.
type conn struct {
	driver     driver.Conn
	statements map[string]*statement
	savepoints int
}

// statement is a compiled statement. While its rows are open it cannot be run again.
type statement struct {
	driver driver.Stmt
	busy   bool
}

// cachedStatements bounds the compiled statements that a connection keeps.
const cachedStatements = 512

func (c *conn) transaction(ctx context.Context, begin string, do func(sqldb.Conn) error) (err error) {
	done := false
	defer func() { // what was interrupted may have begun all the same
		if !done {
			c.run(context.WithoutCancel(ctx), "ROLLBACK", nil)
		}
	}()
	if _, err := c.run(ctx, begin, nil); err != nil {
		return err
	}
	if err := do(c); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if _, err := c.run(context.WithoutCancel(ctx), "COMMIT", nil); err != nil {
		return err
	}
	done = true
	return nil
}

func (c *conn) Query(ctx context.Context, sql string, args ...any) (sqldb.Rows, error) {
	s, err := c.prepare(ctx, sql)
	if err != nil {
		return nil, err
	}
	answer, err := s.driver.(driver.StmtQueryContext).QueryContext(ctx, named(args))
	if err != nil {
		return nil, translate(err)
	}
	s.busy = true
	return &rows{statement: s, driver: answer, values: make([]driver.Value, len(answer.Columns()))}, nil
}

func (c *conn) Exec(ctx context.Context, sql string, args ...any) (int64, error) {
	return c.run(ctx, sql, args)
}

func (c *conn) run(ctx context.Context, sql string, args []any) (int64, error) {
	s, err := c.prepare(ctx, sql)
	if err != nil {
		return 0, err
	}
	result, err := s.driver.(driver.StmtExecContext).ExecContext(ctx, named(args))
	if err != nil {
		return 0, translate(err)
	}
	return result.RowsAffected()
}

func (c *conn) Savepoint(ctx context.Context, do func() error) error {
	c.savepoints++
	name := fmt.Sprintf("s%d", c.savepoints)
	defer func() { c.savepoints-- }()
	if _, err := c.run(ctx, "SAVEPOINT "+name, nil); err != nil {
		return err
	}
	failure := do()
	if failure != nil {
		ctx = context.WithoutCancel(ctx)
		if _, err := c.run(ctx, "ROLLBACK TO "+name, nil); err != nil {
			return err
		}
	}
	if _, err := c.run(ctx, "RELEASE "+name, nil); err != nil {
		return err
	}
	return failure
}

func (c *conn) prepare(ctx context.Context, sql string) (*statement, error) {
	if s := c.statements[sql]; s != nil && !s.busy {
		return s, nil
	}
	compiled, err := c.driver.(driver.ConnPrepareContext).PrepareContext(ctx, sql)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sql, translate(err))
	}
	if len(c.statements) >= cachedStatements {
		c.forget()
	}
	s := &statement{driver: compiled}
	if old := c.statements[sql]; old == nil {
		c.statements[sql] = s
	} else {
		c.statements[fmt.Sprintf("%s --%p", sql, s)] = s // kept so that it is closed in the end
	}
	return s, nil
}

func (c *conn) forget() {
	for sql, s := range c.statements {
		if !s.busy {
			s.driver.Close()
			delete(c.statements, sql)
		}
	}
}

func (c *conn) close() error {
	c.forget()
	return c.driver.Close()
}

func named(args []any) []driver.NamedValue {
	values := make([]driver.NamedValue, len(args))
	for i, a := range args {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return values
}

// rows is the answer of a statement.
type rows struct {
	statement *statement
	driver    driver.Rows
	values    []driver.Value
	err       error
	closed    bool
}

func (r *rows) Next() bool {
	if r.closed {
		return false
	}
	if err := r.driver.Next(r.values); err != nil {
		if err != io.EOF {
			r.err = translate(err)
		}
		r.Close()
		return false
	}
	return true
}

func (r *rows) Err() error { return r.err }

func (r *rows) Close() {
	if r.closed {
		return
	}
	r.closed = true
	if err := r.driver.Close(); err != nil && r.err == nil {
		r.err = translate(err)
	}
	r.statement.busy = false
}
