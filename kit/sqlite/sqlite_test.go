package sqlite_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

func each(t *testing.T, test func(t *testing.T, db sqldb.Database)) {
	t.Run("file", func(t *testing.T) { test(t, kittest.Open(t, sqlite.Driver, kittest.SQLite(t))) })
	t.Run("memory", func(t *testing.T) { test(t, kittest.Memory(t)) })
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

func count(t *testing.T, db sqldb.Database) (n int64) {
	t.Helper()
	err := db.Read(t.Context(), func(c sqldb.Conn) error {
		rows, err := c.Query(t.Context(), "SELECT count(*) FROM t")
		if err != nil {
			return err
		}
		defer rows.Close()
		rows.Next()
		return rows.Scan(&n)
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestWritersQueueAndNeverSeeBusy(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		exec(t, db, "CREATE TABLE t (n INTEGER)")
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				err := db.Write(t.Context(), func(c sqldb.Conn) error {
					_, err := c.Exec(t.Context(), "INSERT INTO t VALUES ($1)", int64(i))
					return err
				})
				if err != nil {
					t.Error(err)
				}
				count(t, db)
			})
		}
		wg.Wait()
		if n := count(t, db); n != 50 {
			t.Errorf("%d rows, want 50", n)
		}
	})
}

func TestAWriterThatWaitsGivesUpWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		err := db.Write(t.Context(), func(sqldb.Conn) error {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
			defer cancel()
			return db.Write(ctx, func(sqldb.Conn) error { return nil })
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error is %v", err)
		}
	})
}

func TestAStatementEndsWithItsContext(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		err := db.Read(ctx, func(c sqldb.Conn) error {
			rows, err := c.Query(ctx, "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
			if err != nil {
				return err
			}
			defer rows.Close()
			rows.Next()
			return rows.Err()
		})
		if err == nil {
			t.Error("an endless statement ended well")
		}
		if err := db.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// A caller who leaves in the instant in which the transaction begins leaves none behind, for the next one to trip over.
func TestNoTransactionIsLeftBehind(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		nothing := func(sqldb.Conn) error { return nil }
		for range 3000 {
			for _, run := range []func(context.Context, func(sqldb.Conn) error) error{db.Read, db.Write} {
				ctx, cancel := context.WithCancel(t.Context())
				go cancel()
				if err := run(ctx, nothing); err != nil && !errors.Is(err, context.Canceled) {
					t.Fatal(err)
				}
				if err := run(t.Context(), nothing); err != nil {
					t.Fatal("the next one: ", err)
				}
			}
		}
	})
}

func TestReadersCannotWriteAndSeeOneSnapshot(t *testing.T) {
	db := kittest.Open(t, sqlite.Driver, kittest.SQLite(t))
	exec(t, db, "CREATE TABLE t (n INTEGER)")
	err := db.Read(t.Context(), func(c sqldb.Conn) error {
		if _, err := c.Exec(t.Context(), "INSERT INTO t VALUES (1)"); err == nil {
			t.Error("a reader writes")
		}
		before, err := c.Query(t.Context(), "SELECT * FROM t")
		if err != nil {
			return err
		}
		before.Close()
		exec(t, db, "INSERT INTO t VALUES (2)")
		rows, err := c.Query(t.Context(), "SELECT * FROM t")
		if err != nil {
			return err
		}
		if rows.Next() {
			t.Error("a snapshot changes")
		}
		rows.Close()
		return nil
	})
	if err != nil || count(t, db) != 1 {
		t.Error(err)
	}
}

func TestAFailureRollsBack(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		exec(t, db, "CREATE TABLE t (n INTEGER)")
		failure := errors.New("no")
		insert := func(c sqldb.Conn) error {
			_, err := c.Exec(t.Context(), "INSERT INTO t VALUES (1)")
			return err
		}
		err := db.Write(t.Context(), func(c sqldb.Conn) error { return errors.Join(insert(c), failure) })
		if !errors.Is(err, failure) {
			t.Error(err)
		}
		func() {
			defer func() { recover() }()
			db.Write(t.Context(), func(c sqldb.Conn) error { insert(c); panic("no") })
		}()
		err = db.Write(t.Context(), func(c sqldb.Conn) error {
			if err := c.Savepoint(t.Context(), func() error { return errors.Join(insert(c), failure) }); !errors.Is(err, failure) {
				t.Error(err)
			}
			return c.Savepoint(t.Context(), func() error { return c.Savepoint(t.Context(), func() error { return insert(c) }) })
		})
		if n := count(t, db); err != nil || n != 1 {
			t.Errorf("%d rows, want 1: %v", n, err)
		}
	})
}

func TestViolations(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		exec(t, db, "CREATE TABLE p (id TEXT PRIMARY KEY)", "INSERT INTO p VALUES ('1')",
			"CREATE TABLE t (a INTEGER NOT NULL, b TEXT, p TEXT REFERENCES p (id) ON DELETE RESTRICT, CONSTRAINT t_a_check CHECK (a > 0))",
			"CREATE UNIQUE INDEX t_ap_key ON t (a, p)", "CREATE UNIQUE INDEX t_b_key ON t (lower(b))", "INSERT INTO t VALUES (1, 'x', '1')",
			"CREATE TRIGGER t_excl_insert AFTER INSERT ON t WHEN new.a = 9 BEGIN SELECT RAISE(ABORT, 'EXCLUSION constraint failed: t_excl'); END")
		for _, test := range []struct{ sql, want string }{
			{"INSERT INTO t VALUES (1, 'y', '1')", "unique  t [a p]"},
			{"INSERT INTO t VALUES (2, 'X', NULL)", "unique t_b_key  []"},
			{"INSERT INTO t VALUES (NULL, 'y', NULL)", "not null  t [a]"},
			{"INSERT INTO t VALUES (-1, 'y', NULL)", "check t_a_check  []"},
			{"INSERT INTO t VALUES (3, 'y', '2')", "foreign key   []"},
			{"INSERT INTO t VALUES (9, 'y', NULL)", "exclusion t_excl  []"},
			{"DELETE FROM p", "foreign key   []"},
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

func TestTheHandleIsTheSameDatabase(t *testing.T) {
	each(t, func(t *testing.T, db sqldb.Database) {
		if _, err := db.Handle().Exec("CREATE TABLE t (n INTEGER)"); err != nil {
			t.Fatal(err)
		}
		exec(t, db, "INSERT INTO t VALUES (1)")
		if n := count(t, db); n != 1 {
			t.Errorf("%d rows, want 1", n)
		}
	})
}

func TestURLs(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{"a.db", "new/b c.db", "ü#1.db"} {
		for _, scheme := range []string{"sqlite:", "file:", "sqlite://"} {
			db := kittest.Open(t, sqlite.Driver, scheme+filepath.Join(folder, path))
			exec(t, db, "CREATE TABLE IF NOT EXISTS t (n INTEGER)", "INSERT INTO t VALUES (1)")
		}
		db := kittest.Open(t, sqlite.Driver, "sqlite:"+filepath.Join(folder, path))
		if n := count(t, db); n != 3 {
			t.Errorf("%s: %d rows, want 3", path, n)
		}
	}
	for _, url := range []string{"sqlite:", "shop.db", "postgres://x"} {
		if _, err := sqlite.Driver.Open(t.Context(), url); err == nil {
			t.Errorf("%s opens", url)
		}
	}
}
