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
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // nothing is left to lose
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS(dir), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
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
