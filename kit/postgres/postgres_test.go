package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// each runs test with prepared statements and as behind a PgBouncer that pools transactions.
func each(t *testing.T, test func(t *testing.T, db sqldb.Database)) {
	for _, mode := range []string{"cache_statement", "exec", "simple_protocol"} {
		t.Run(mode, func(t *testing.T) {
			test(t, kittest.Open(t, postgres.Driver, kittest.Postgres(t)+"&statement_timeout=2s&default_query_exec_mode="+mode))
		})
	}
}

func exec(t *testing.T, db sqldb.Database, statements ...string) {
	t.Helper()
	for _, s := range statements {
		err := db.Write(t.Context(), func(c sqldb.Conn) error {
			_, err := c.Exec(t.Context(), s)
			return err
		})
		if err != nil {
			t.Fatal(s, err)
		}
	}
}

func number(ctx context.Context, c sqldb.Conn, sql string, args ...any) (n int64, err error) {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	if rows.Next() {
		err = rows.Scan(&n)
	}
	return n, errors.Join(err, rows.Err())
}

// A cell holds what pgx's own scanning gives, for each type and in each way of asking.
func TestCells(t *testing.T) {
	url := kittest.Postgres(t)
	for _, mode := range []string{"cache_statement", "exec", "simple_protocol"} {
		db := kittest.Open(t, postgres.Driver, url+"&default_query_exec_mode="+mode)
		err := db.Read(sqldb.WithSingle(t.Context()), func(c sqldb.Conn) error {
			rows, err := c.Query(t.Context(), `SELECT 'a'::text, 'b'::varchar, '{"a": 1}'::jsonb, '[1]'::json, '0190b7a2-0000-7000-8000-00000000abcd'::uuid,
				1::int2, -2::int4, 9007199254740993::int8, 0.1::float8, true, '1999-12-31 23:59:59.999999+00'::timestamptz, '\x00ff'::bytea, NULL::text, 'c'::char(2), 7::oid::text`)
			if err != nil {
				return err
			}
			defer rows.Close()
			classes := []sqldb.Class{
				sqldb.TextClass, sqldb.TextClass, sqldb.TextClass, sqldb.TextClass, sqldb.TextClass, sqldb.IntegerClass, sqldb.IntegerClass, sqldb.IntegerClass,
				sqldb.FloatClass, sqldb.BooleanClass, sqldb.InstantClass, sqldb.BytesClass, sqldb.TextClass, sqldb.TextClass, sqldb.TextClass,
			}
			want := []string{
				"a", "b", `{"a": 1}`, "[1]", "0190b7a2-0000-7000-8000-00000000abcd", "1", "-2", "9007199254740993", "0.1", "true",
				"1999-12-31T23:59:59.999999Z", "[0 255]", "null", "c ", "7",
			}
			if !rows.Next() {
				return rows.Err()
			}
			for i, class := range classes {
				cell := sqldb.Cell{Class: class}
				if err := rows.Cell(i, &cell); err != nil {
					return err
				}
				if got := cellText(cell); got != want[i] {
					t.Errorf("%s: column %d is %s, want %s", mode, i, got, want[i])
				}
			}
			if err := rows.Cell(0, &sqldb.Cell{Class: sqldb.IntegerClass}); err == nil {
				t.Errorf("%s: a text is read as a number", mode)
			}
			return nil
		})
		if err != nil {
			t.Errorf("%s: %v", mode, err)
		}
	}
}

func cellText(c sqldb.Cell) string {
	switch {
	case c.Null:
		return "null"
	case c.Class == sqldb.IntegerClass:
		return fmt.Sprint(c.Integer)
	case c.Class == sqldb.FloatClass:
		return fmt.Sprint(c.Float)
	case c.Class == sqldb.BooleanClass:
		return fmt.Sprint(c.Boolean)
	case c.Class == sqldb.InstantClass:
		return c.Instant.Format(time.RFC3339Nano)
	case c.Class == sqldb.BytesClass:
		return fmt.Sprint(c.Bytes)
	}
	return c.Text
}

func TestASnapshotStaysAndCannotBeWritten(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		ctx := t.Context()
		exec(t, db, "CREATE TABLE t (n bigint)")
		err := db.Read(ctx, func(c sqldb.Conn) error {
			for range 2 {
				if n, err := number(ctx, c, "SELECT count(*) FROM t WHERE n > $1", int64(0)); n != 0 || err != nil {
					t.Error(n, err)
				}
				exec(t, db, "INSERT INTO t VALUES (1)")
			}
			_, err := c.Exec(ctx, "INSERT INTO t VALUES (2)")
			return err
		})
		if err == nil {
			t.Error("a reader writes")
		}
		for _, ctx := range []context.Context{ctx, sqldb.WithSingle(ctx)} {
			err = db.Read(ctx, func(c sqldb.Conn) error {
				n, err := number(ctx, c, "SELECT count(*) FROM t")
				if n != 2 {
					t.Errorf("%d rows, want 2", n)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		}
	})
}

func TestStatementsEnd(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		for _, ctx := range []context.Context{t.Context(), ctx} {
			start := time.Now()
			for _, run := range []func(context.Context, func(sqldb.Conn) error) error{db.Read, db.Write} {
				err := run(ctx, func(c sqldb.Conn) error {
					_, err := number(ctx, c, "SELECT 1 FROM pg_sleep(600)")
					return err
				})
				if err == nil || time.Since(start) > time.Minute {
					t.Error("an endless statement ended well", err)
				}
			}
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAFailureRollsBack(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		ctx, failure := t.Context(), errors.New("no")
		exec(t, db, "CREATE TABLE t (n bigint UNIQUE)")
		insert := func(c sqldb.Conn) error {
			_, err := c.Exec(ctx, "INSERT INTO t VALUES ($1)", int64(1))
			return err
		}
		err := db.Write(ctx, func(c sqldb.Conn) error { return errors.Join(insert(c), failure) })
		if !errors.Is(err, failure) {
			t.Error(err)
		}
		err = db.Write(ctx, func(c sqldb.Conn) error {
			insert(c)
			insert(c) // fails, and nobody looks
			return nil
		})
		if err == nil {
			t.Error("a transaction with a failure commits")
		}
		func() {
			defer func() { recover() }()
			db.Write(ctx, func(c sqldb.Conn) error { insert(c); panic("no") })
		}()
		err = db.Write(ctx, func(c sqldb.Conn) error {
			if err := insert(c); err != nil {
				return err
			}
			var v *sqldb.Violation
			if err := c.Savepoint(ctx, func() error { return insert(c) }); !errors.As(err, &v) {
				t.Error(err)
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestViolations(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		exec(t, db, "CREATE TABLE p (id text PRIMARY KEY)", "INSERT INTO p VALUES ('1')",
			"CREATE TABLE t (a bigint NOT NULL, b text, p text CONSTRAINT t_p_fkey REFERENCES p (id) ON DELETE RESTRICT, CONSTRAINT t_a_check CHECK (a > 0), CONSTRAINT t_excl EXCLUDE USING gist (int8range(a, a + 2) WITH &&))",
			"CREATE UNIQUE INDEX t_b_key ON t (lower(b))", "INSERT INTO t VALUES (1, 'x', '1')")
		for _, test := range []struct{ sql, want string }{
			{"INSERT INTO t VALUES (5, 'X', NULL)", "unique t_b_key t []"},
			{"INSERT INTO t VALUES (2, 'y', NULL)", "exclusion t_excl t []"},
			{"INSERT INTO t VALUES (NULL, 'y', NULL)", "not null  t [a]"},
			{"INSERT INTO t VALUES (-1, 'y', NULL)", "check t_a_check t []"},
			{"INSERT INTO t VALUES (3, 'y', '2')", "foreign key t_p_fkey t []"},
			{"DELETE FROM p", "foreign key t_p_fkey t []"},
		} {
			var v *sqldb.Violation
			err := db.Write(t.Context(), func(c sqldb.Conn) error {
				_, err := c.Exec(t.Context(), test.sql)
				return err
			})
			if !errors.As(err, &v) {
				t.Errorf("%s: %v", test.sql, err)
			} else if got := fmt.Sprintf("%s %s %s %v", v.Kind, v.Constraint, v.Table, v.Columns); got != test.want {
				t.Errorf("%s: %s, want %s", test.sql, got, test.want)
			}
		}
	})
}

// What is written and read on one way is committed with it, and undone with either.
func TestWhole(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		ctx := t.Context()
		exec(t, db, "CREATE TABLE p (id bigint PRIMARY KEY)",
			"CREATE TABLE t (n bigint UNIQUE, p bigint REFERENCES p (id) DEFERRABLE INITIALLY DEFERRED)")
		const insert, find = "INSERT INTO t VALUES ($1, NULL) RETURNING n", "SELECT count(*) FROM t WHERE n = $1"
		for _, test := range []struct {
			n           int64
			write, read string
			refused     sqldb.ViolationKind // "" where it is done; "?" by something else
		}{
			{1, insert, find, ""},
			{1, insert, find, sqldb.UniqueViolation},
			{2, "INSERT INTO t VALUES ($1, NULL) RETURNING CAST(CASE WHEN n <> 2 THEN '1' ELSE '" + sqldb.Guard + "' END AS integer)", find, sqldb.GuardViolation},
			{3, insert, "SELECT 1 / (n - 3) FROM t WHERE n = $1", "?"},
			{4, insert, "SELECT no_such_column FROM t WHERE n = $1", "?"},
			{5, "INSERT INTO t VALUES ($1, 7) RETURNING n", find, sqldb.ForeignKeyViolation}, // at the commit
			{6, insert, find, ""},
		} {
			var counted int64
			err := db.Write(ctx, func(c sqldb.Conn) error {
				done, err := sqldb.WriteWhole(ctx, c, func(c sqldb.Conn) {
					number(ctx, c, test.write, test.n)
				}, func(c sqldb.Conn) {
					counted, _ = number(ctx, c, test.read, test.n)
				})
				if err == nil && !done {
					t.Error("it is not done")
				}
				return err
			})
			var v *sqldb.Violation
			switch errors.As(err, &v); {
			case test.refused == "" && (err != nil || counted != 1):
				t.Errorf("%d: %v, %d rows read", test.n, err, counted)
			case test.refused == "?" && (err == nil || v != nil), v != nil && v.Kind != test.refused, v == nil && test.refused != "?" && test.refused != "":
				t.Errorf("%d: %v, want %s", test.n, err, test.refused)
			}
		}
		if err := db.Read(ctx, func(c sqldb.Conn) error {
			n, err := number(ctx, c, "SELECT sum(n) FROM t WHERE n > $1", int64(0))
			if n != 1+6 {
				t.Errorf("what is stored comes to %d, want 7", n)
			}
			return err
		}); err != nil {
			t.Error(err)
		}
		// Not where something was asked before.
		err := db.Write(ctx, func(c sqldb.Conn) error {
			if _, err := number(ctx, c, "SELECT 1 WHERE $1 = 0", int64(0)); err != nil {
				return err
			}
			never := func(sqldb.Conn) { t.Error("it is tried") }
			done, err := sqldb.WriteWhole(ctx, c, never, never)
			if done {
				t.Error("it is done")
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestTheHandleIsTheSameDatabase(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		if _, err := db.Handle().Exec("CREATE TABLE t (n bigint)"); err != nil {
			t.Fatal(err)
		}
		exec(t, db, "INSERT INTO t VALUES (1)")
	})
}
