package migrate_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib"
	_ "modernc.org/sqlite"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/migrate"
)

// shop has a file that must not be applied twice: the third.
func shop() fs.FS {
	files := fstest.MapFS{}
	for number, text := range []string{
		"CREATE TABLE a (n integer NOT NULL);",
		"INSERT INTO a VALUES (1);",
		"UPDATE a SET n = n * 10;",
		"CREATE TABLE b (n integer);",
	} {
		for _, dialect := range []string{"sqlite", "postgres"} {
			files[fmt.Sprintf("%s/%04d_step.sql", dialect, number+1)] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + text + "\n")}
		}
	}
	return files
}

func TestReplicasThatStartAtOnceApplyEachFileOnce(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "shop.db")
		startAtOnce(t, "sqlite", func() *sql.DB {
			return open(t, "sqlite", "file:"+file+"?_pragma=foreign_keys(1)&_pragma=journal_mode(wal)")
		})
	})
	t.Run("postgres", func(t *testing.T) {
		url := kittest.Postgres(t)
		startAtOnce(t, "postgres", func() *sql.DB { return open(t, "pgx", url) })
	})
}

func open(t *testing.T, driver, url string) *sql.DB {
	db, err := sql.Open(driver, url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func startAtOnce(t *testing.T, dialect string, open func() *sql.DB) {
	const replicas = 6
	var group sync.WaitGroup
	var mutex sync.Mutex
	count := 0
	for range replicas {
		db := open()
		group.Go(func() {
			applied, err := migrate.Up(t.Context(), db, dialect, shop())
			if err != nil {
				t.Error(err)
			}
			mutex.Lock()
			count += len(applied)
			mutex.Unlock()
		})
	}
	group.Wait()
	db := open()
	var n int
	if err := db.QueryRow("SELECT sum(n) FROM a").Scan(&n); err != nil || n != 10 || count != 4 {
		t.Errorf("a.n is %d and %d files were applied: %v", n, count, err)
	}
	states, err := migrate.Status(t.Context(), db, dialect, shop())
	if err != nil || len(states) != 4 || states[3].AppliedAt.IsZero() || states[3].File != "0004_step.sql" {
		t.Errorf("status: %v, %v", states, err)
	}
}

// The processes are this test binary, told by its environment to migrate.
func TestProcessesThatStartAtOnceApplyEachFileOnce(t *testing.T) {
	if file := os.Getenv("MIGRATE_FILE"); file != "" {
		if _, err := migrate.Up(t.Context(), open(t, "sqlite", "file:"+file), "sqlite", shop()); err != nil {
			t.Fatal(err)
		}
		return
	}
	file := filepath.Join(t.TempDir(), "shop.db")
	var processes []*exec.Cmd
	for range 3 {
		process := exec.Command(os.Args[0], "-test.run=^TestProcessesThatStartAtOnceApplyEachFileOnce$")
		process.Env = append(os.Environ(), "MIGRATE_FILE="+file)
		process.Stderr = os.Stderr
		if err := process.Start(); err != nil {
			t.Fatal(err)
		}
		processes = append(processes, process)
	}
	for _, process := range processes {
		if err := process.Wait(); err != nil {
			t.Error(err)
		}
	}
	var n int
	if err := open(t, "sqlite", "file:"+file).QueryRow("SELECT sum(n) FROM a").Scan(&n); err != nil || n != 10 {
		t.Errorf("a.n is %d: %v", n, err)
	}
}

func TestAFailureNamesFileAndStatementAndLeavesNothing(t *testing.T) {
	files := fstest.MapFS{
		"0001_good.sql": {Data: []byte("-- +goose Up\nCREATE TABLE good (n integer);\n")},
		"0002_bad.sql":  {Data: []byte("-- +goose Up\nCREATE TABLE half (n integer);\nINSERT INTO nowhere VALUES (1);\n")},
	}
	for dialect, db := range map[string]func(*testing.T) *sql.DB{
		"sqlite": func(t *testing.T) *sql.DB {
			db := open(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "shop.db")+"?_pragma=foreign_keys(1)")
			db.SetMaxOpenConns(1)
			return db
		},
		"postgres": func(t *testing.T) *sql.DB { return open(t, "pgx", kittest.Postgres(t)) },
	} {
		t.Run(dialect, func(t *testing.T) {
			db := db(t)
			applied, err := migrate.Up(context.Background(), db, dialect, files)
			var failure *migrate.Error
			if !errors.As(err, &failure) || failure.File != "0002_bad.sql" || failure.Statement != "INSERT INTO nowhere VALUES (1);" {
				t.Fatalf("error is %v", err)
			}
			if !strings.HasPrefix(err.Error(), "0002_bad.sql: ") || !strings.Contains(err.Error(), "nowhere") {
				t.Errorf("error reads %q", err)
			}
			if len(applied) != 1 || applied[0].File != "0001_good.sql" {
				t.Errorf("applied %v", applied)
			}
			if _, err := db.Exec("SELECT * FROM half"); err == nil {
				t.Error("the failed file left a table")
			}
			if dialect == "sqlite" {
				var enforced int
				if err := db.QueryRow("PRAGMA foreign_keys").Scan(&enforced); err != nil || enforced != 1 {
					t.Errorf("foreign keys are %d after: %v", enforced, err)
				}
			}
		})
	}
}

func TestNoFilesIsNoError(t *testing.T) {
	db := open(t, "sqlite", "file:"+filepath.Join(t.TempDir(), "shop.db"))
	if applied, err := migrate.Up(t.Context(), db, "sqlite", fstest.MapFS{}); err != nil || applied != nil {
		t.Errorf("applied %v, %v", applied, err)
	}
}

// A rebuilt parent keeps its children although the connection enforces foreign keys; a file that leaves an orphan fails.
func TestRebuildingATableKeepsItsChildren(t *testing.T) {
	guard := `CREATE TEMP TABLE guard (enforced integer CHECK (enforced = 0), orphans integer CONSTRAINT "orphans" CHECK (orphans = 0));
INSERT INTO guard (enforced) SELECT foreign_keys FROM pragma_foreign_keys;
CREATE TABLE new_a (id integer PRIMARY KEY) STRICT;
%s;
DROP TABLE a;
ALTER TABLE new_a RENAME TO a;
INSERT INTO guard (orphans) SELECT count(*) FROM pragma_foreign_key_check;
DROP TABLE guard;
`
	files := fstest.MapFS{
		"0001_create.sql": {Data: []byte(`-- +goose Up
CREATE TABLE a (id integer PRIMARY KEY, gone text) STRICT;
CREATE TABLE b (a_id integer REFERENCES a (id) ON DELETE CASCADE) STRICT;
INSERT INTO a VALUES (1, 'x'), (2, 'y');
INSERT INTO b VALUES (1), (2);
`)},
		"0002_rebuild.sql": {Data: []byte("-- +goose Up\n" + fmt.Sprintf(guard, "INSERT INTO new_a SELECT id FROM a"))},
	}
	db := open(t, "sqlite", filepath.Join(t.TempDir(), "shop.db")+"?_pragma=foreign_keys(1)")
	if _, err := migrate.Up(t.Context(), db, "sqlite", files); err != nil {
		t.Fatal(err)
	}
	files["0003_orphan.sql"] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + fmt.Sprintf(guard, "INSERT INTO new_a SELECT id FROM a WHERE id = 1"))}
	if _, err := migrate.Up(t.Context(), db, "sqlite", files); err == nil || !strings.Contains(err.Error(), "orphans") {
		t.Errorf("a file that leaves an orphan: %v", err)
	}
	var parents, children int
	if err := db.QueryRow("SELECT (SELECT count(*) FROM a), (SELECT count(*) FROM b)").Scan(&parents, &children); err != nil || parents != 2 || children != 2 {
		t.Errorf("%d parents, %d children: %v", parents, children, err)
	}
	if _, err := db.Exec("INSERT INTO b VALUES (3)"); err == nil {
		t.Error("foreign keys are not enforced after")
	}
}

func TestAFileThatGaveUpWaitingForALockIsTriedAgain(t *testing.T) {
	db := open(t, "pgx", kittest.Postgres(t))
	if _, err := db.Exec("CREATE TABLE a (n integer)"); err != nil {
		t.Fatal(err)
	}
	holder, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := holder.Exec("SELECT * FROM a"); err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(500*time.Millisecond, func() { holder.Rollback() })
	files := fstest.MapFS{"0001_alter.sql": {Data: []byte("-- +goose Up\nSET LOCAL lock_timeout = '100ms';\nALTER TABLE a ADD COLUMN m integer;\n")}}
	if applied, err := migrate.Up(t.Context(), db, "postgres", files); err != nil || len(applied) != 1 {
		t.Errorf("applied %v: %v", applied, err)
	}
}
