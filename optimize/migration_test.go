package optimize_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
)

// migrating is a database, and goose with the migrations of a folder for it.
func migrating(t *testing.T, url, dir string) (*sql.DB, *goose.Provider) {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() }) // nothing is left to lose
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS(dir), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	return db, provider
}

// Migrations run by goose, twice too, and take away what an attempt that was broken off has left: an index that is written to and
// never read, which IF NOT EXISTS takes for the one that is wanted.
func TestMigrationsRun(t *testing.T) {
	ctx := context.Background()
	database, clone := pgtest.New(t), pgtest.New(t)
	for _, url := range []string{database, clone} {
		for _, statement := range []string{
			`CREATE TABLE "a | b" (id bigint PRIMARY KEY, "page""s" bigint NOT NULL, note text NOT NULL)`,
			`INSERT INTO "a | b" SELECT i, i % 5000, repeat('n', 100) FROM generate_series(1, 100000) i`,
			`ANALYZE "a | b"`,
		} {
			exec(t, url, statement)
		}
	}
	report, err := optimize.Run(ctx, optimize.Options{
		Database: database, Clone: clone, Statements: []*optimize.Statement{{Text: `select note from "a | b" where "page""s" = 17`, Calls: 100000}},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir, number := t.TempDir(), 0
	for name, text := range report.Migrations() {
		if !regexp.MustCompile(`^[a-z0-9_]+$`).MatchString(name) {
			t.Errorf("file is named %q", name)
		}
		number++
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%05d_%s.sql", number, name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, provider := migrating(t, database, dir)
	valid := func() (valid, invalid int) {
		err := db.QueryRow(`SELECT count(*) FILTER (WHERE indisvalid), count(*) FILTER (WHERE NOT indisvalid) FROM pg_index
			WHERE indrelid = '"a | b"'::regclass AND NOT indisprimary`).Scan(&valid, &invalid)
		if err != nil {
			t.Fatal(err)
		}
		return valid, invalid
	}
	if _, err := provider.Up(ctx); err != nil {
		t.Fatal(err)
	}
	if valid, invalid := valid(); valid != 1 || invalid != 0 {
		t.Fatalf("%d valid indexes and %d invalid ones", valid, invalid)
	}
	exec(t, database, `UPDATE pg_index SET indisvalid = false WHERE indrelid = '"a | b"'::regclass AND NOT indisprimary`)
	exec(t, database, `DELETE FROM goose_db_version WHERE version_id > 0`)
	if _, err := provider.Up(ctx); err != nil {
		t.Fatal(err)
	}
	if valid, invalid := valid(); valid != 1 || invalid != 0 {
		t.Errorf("after an attempt that was broken off: %d valid indexes and %d invalid ones", valid, invalid)
	}
	if _, err := provider.DownTo(ctx, 0); err != nil {
		t.Fatal(err)
	}
	if valid, invalid := valid(); valid+invalid != 0 {
		t.Errorf("%d indexes stay", valid+invalid)
	}
}

// What a statement asks of a table may be kept in several: the migration makes each index beside running writes, and those of partitioned
// tables, of whatever depth, are valid in the end.
func TestMigrationsOfSeveralTables(t *testing.T) {
	ctx := context.Background()
	for name, c := range map[string]struct {
		schema  string
		indexes int // that are made
	}{
		"partitions of partitions": {`
			CREATE TABLE calls (id bigint NOT NULL, caller int NOT NULL, region text NOT NULL, at date NOT NULL, said text NOT NULL) PARTITION BY LIST (region);
			CREATE TABLE calls_north PARTITION OF calls FOR VALUES IN ('north') PARTITION BY RANGE (at);
			CREATE TABLE calls_north_2024 PARTITION OF calls_north FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
			CREATE TABLE calls_north_2025 PARTITION OF calls_north FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
			CREATE TABLE calls_west PARTITION OF calls FOR VALUES IN ('west') PARTITION BY RANGE (at);
			CREATE TABLE calls_south PARTITION OF calls FOR VALUES IN ('south');`, 6},
		"tables that inherit": {`
			CREATE TABLE calls (id bigint NOT NULL, caller int NOT NULL, region text NOT NULL, at date NOT NULL, said text NOT NULL);
			CREATE TABLE calls_north (CHECK (region = 'north')) INHERITS (calls);
			CREATE TABLE calls_south (CHECK (region = 'south')) INHERITS (calls);
			CREATE FUNCTION sort() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
				IF NEW.region = 'north' THEN INSERT INTO calls_north VALUES (NEW.*); ELSE INSERT INTO calls_south VALUES (NEW.*); END IF; RETURN NULL; END $$;
			CREATE TRIGGER sort BEFORE INSERT ON calls FOR EACH ROW EXECUTE FUNCTION sort();`, 2},
	} {
		t.Run(name, func(t *testing.T) {
			database, clone := pgtest.New(t), pgtest.New(t)
			for _, url := range []string{database, clone} {
				must(t, url, c.schema+`
					INSERT INTO calls SELECT i, i % 4000, CASE i % 2 WHEN 0 THEN 'north' ELSE 'south' END, date '2024-01-01' + i % 700, repeat('s', 80) FROM generate_series(1, 100000) i;
					ANALYZE;`)
			}
			report, err := optimize.Run(ctx, optimize.Options{
				Database: database, Clone: clone, Statements: []*optimize.Statement{{Text: "select said from calls where caller = 17", Calls: 100000}},
			})
			if err != nil {
				t.Fatal(err)
			}
			if len(report.Advice) != 1 {
				t.Fatalf("advised is %+v, and noted %q", report.Advice, report.Notes)
			}
			dir := t.TempDir()
			for _, text := range report.Migrations() {
				for _, line := range regexp.MustCompile(`CREATE INDEX .*`).FindAllString(text, -1) {
					if !regexp.MustCompile(`CONCURRENTLY| ON ONLY | ON calls_west `).MatchString(line) { // the last is empty, and what it gets meanwhile has to have the index, too
						t.Errorf("it locks out who writes: %s", line)
					}
				}
				if err := os.WriteFile(filepath.Join(dir, "00001_calls.sql"), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			db, provider := migrating(t, database, dir)
			count := func() (valid, all int) {
				if err := db.QueryRow(`SELECT count(*) FILTER (WHERE indisvalid), count(*) FROM pg_index WHERE indrelid::regclass::text LIKE 'calls%'`).Scan(&valid, &all); err != nil {
					t.Fatal(err)
				}
				return valid, all
			}
			if _, err := provider.Up(ctx); err != nil {
				t.Fatal(err)
			}
			if valid, all := count(); valid != c.indexes || all != c.indexes {
				t.Errorf("%d indexes are valid of %d", valid, all)
			}
			if _, err := provider.DownTo(ctx, 0); err != nil {
				t.Fatal(err)
			}
			if _, all := count(); all != 0 {
				t.Errorf("%d indexes stay", all)
			}
		})
	}
}
