package review_test

import (
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/fettlehq/fettle/internal/pgtest"
)

// A migration that was mended makes the same schema as before, on a PostgreSQL and as its runner runs it: there, what may not
// stand in a transaction fails.
func TestMigrationFixes(t *testing.T) {
	cases, err := filepath.Glob("lockingmigration/testdata/fix/*.txtar")
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, name := range cases {
		t.Run(filepath.ToSlash(name), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			if err != nil {
				t.Fatal(err)
			}
			before, after := map[string]string{}, map[string]string{}
			for _, f := range archive.Files {
				if strings.HasSuffix(f.Name, ".sql") && !strings.HasPrefix(f.Name, "after/") {
					before[f.Name], after[f.Name] = string(f.Data), string(f.Data)
				}
			}
			mended := 0
			for _, f := range archive.Files {
				if at, is := strings.CutPrefix(f.Name, "after/"); is {
					after[at] = string(f.Data)
					mended++
				}
			}
			if mended == 0 {
				t.Fatal("nothing was mended")
			}
			was, is := migrated(t, before), migrated(t, after)
			if len(was) == 0 || !slices.Equal(was, is) {
				t.Errorf("before the fix:\n%s\nand after it:\n%s", strings.Join(was, "\n"), strings.Join(is, "\n"))
			}
		})
	}
}

// migrated runs the migrations of each folder on a database of their own, and lists what is there then.
func migrated(t *testing.T, files map[string]string) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	folders := map[string][]string{}
	for name := range files {
		folders[filepath.Dir(name)] = append(folders[filepath.Dir(name)], name)
	}
	var out []string
	for folder, names := range folders {
		slices.Sort(names)
		url := pgtest.New(t)
		if strings.HasPrefix(files[names[0]], "-- +goose") {
			gooseUp(t, ctx, url, names, files)
		} else {
			for _, name := range names {
				sendUp(t, ctx, url, name, files[name])
			}
		}
		out = append(out, schemaOf(t, ctx, url, folder)...)
	}
	slices.Sort(out)
	return out
}

func gooseUp(t *testing.T, ctx context.Context, url string, names []string, files map[string]string) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		if err := os.WriteFile(filepath.Join(dir, filepath.Base(name)), []byte(files[name]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Up(ctx); err != nil {
		t.Fatal(err)
	}
}

// sendUp sends what stands above the way down as one message, as golang-migrate does; and as dbmate does, in a transaction
// unless the file says otherwise.
func sendUp(t *testing.T, ctx context.Context, url, name, text string) {
	t.Helper()
	text, _, _ = strings.Cut(text, "-- migrate:down")
	if strings.HasPrefix(text, "-- migrate:up") && !strings.HasPrefix(text, "-- migrate:up transaction:false") {
		text = "BEGIN;\n" + text + ";\nCOMMIT;"
	}
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	if _, err := conn.PgConn().Exec(ctx, text).ReadAll(); err != nil {
		t.Fatalf("%s: %v\n%s", name, err, text)
	}
}

// schemaOf lists the columns, constraints and indexes of a database, and which indexes were left unfinished.
func schemaOf(t *testing.T, ctx context.Context, url, folder string) []string {
	t.Helper()
	conn, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `
		SELECT format('column %s.%s %s null=%s default=%s', table_name, column_name, data_type, is_nullable, column_default)
		FROM information_schema.columns WHERE table_schema = 'public'
		UNION ALL SELECT format('constraint %s %s', conname, pg_get_constraintdef(oid)) FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL SELECT format('index %s valid=%s', pg_get_indexdef(indexrelid), indisvalid) FROM pg_index
		JOIN pg_class ON pg_class.oid = indexrelid WHERE relnamespace = 'public'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	for i := range lines {
		lines[i] = fmt.Sprintf("%s: %s", folder, lines[i])
	}
	return lines
}
