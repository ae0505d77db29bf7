package cli_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	_ "modernc.org/sqlite" // makes the files

	"github.com/fettlehq/fettle/cli"
	"github.com/fettlehq/fettle/internal/pgtest"
)

// optimizeIt runs the command as a user does.
func optimizeIt(t *testing.T, args ...string) (code int, out, said string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = cli.Do(append([]string{"optimize"}, args...), nil, &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestOptimizeSaysWhatIsWrongWithWhatItWasGiven(t *testing.T) {
	t.Setenv("DATABASE_URL", "")
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "which database?"},
		{[]string{"--database", "postgres://nobody@127.0.0.1:1/none"}, "database 127.0.0.1:1/none"},
		{[]string{"--database", "postgres://x", "--budget", "much"}, `size "much"`},
		{[]string{"--database", "postgres://x", "--budget", "0"}, `size "0"`},
		{[]string{"--database", "postgres://x", "--budget", "-5MB"}, `perhaps try --budget="-5MB"`},
		{[]string{"--database", "postgres://x", "--workload", "none.sql"}, "none.sql"},
		{[]string{"--database", "mysql://x/shop"}, "mysql://x/shop: there is no such database; it is a URL as postgres://"},
		{[]string{"--database", "mysql://u:s3@cret/pw@h/x?password=s3cret"}, "mysql://u:…@h/x?password=…: there is no such database"},
		{[]string{"--database", "postgress://u:s3cret@h/x"}, "postgress://u:…@h/x: there is no such database"},
		{[]string{"--database", "postgres://x:port/shop"}, "the database's URL cannot be read: it looks like postgres://"},
		{[]string{"--database", "postgres://x/shop", "--clone", "copy.db"}, "the clone's URL cannot be read"},
		{[]string{"--database", "host=127.0.0.1 port=1 dbname=shop user=nobody"}, "database 127.0.0.1:1/shop: 127.0.0.1:1"},
	} {
		code, out, said := optimizeIt(t, c.args...)
		if code != 2 || out != "" || !strings.Contains(said, c.want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%v: exit code %d, %q, %q; want 2 and a line with %q", c.args, code, out, said, c.want)
		}
	}
}

// Whatever is wrong with a SQLite file is one line.
func TestOptimizeSaysWhatIsWrongWithAFile(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	write := func(name string, content []byte) {
		if err := os.WriteFile(path(name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db := openSQLite(t, path("good.db"))
	if _, err := db.Exec("CREATE TABLE visits (id INTEGER PRIMARY KEY, page INTEGER NOT NULL); WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) INSERT INTO visits SELECT i, i % 900 FROM n"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	good, err := os.ReadFile(path("good.db"))
	if err != nil {
		t.Fatal(err)
	}
	write("text.db", bytes.Repeat([]byte("a text, and no database\n"), 500))
	write("cut.db", good[:len(good)/2])
	write("locked.db", good)
	write("empty.db", nil)
	write("work.sql", []byte("select * from visits where page = 5;\nselect * from nowhere;\nselect nothing from visits;\nselec;\n"))
	write("none.sql", nil)
	write("words.sql", []byte("begin; commit;"))
	lock := openSQLite(t, path("locked.db"))
	defer lock.Close()
	lock.SetMaxOpenConns(1)
	if _, err := lock.Exec("BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		file, workload string
		code           int
		want           []string
	}{
		{"none.db", "work.sql", 2, []string{"none.db: there is no such"}},
		{"", "work.sql", 2, []string{"it is a folder"}},
		{"text.db", "work.sql", 2, []string{"text.db: it cannot be copied: file is not a database (26): it is something else, or encrypted"}},
		{"cut.db", "work.sql", 2, []string{"cut.db: it cannot be copied: database disk image is malformed (11): it is damaged"}},
		{"locked.db", "work.sql", 2, []string{"locked.db: it cannot be copied", "somebody writes and keeps readers out"}},
		{"good.db", "none.sql", 2, []string{"none.sql: it has no statement"}},
		{"good.db", "", 2, []string{"SQLite counts no statements: name a file of them"}},
		{"empty.db", "work.sql", 2, []string{"work.sql:1: it cannot be run and is left out: no such table: visits", "0 of 4 statements looked at", "no statement of it could be looked at"}},
		{"good.db", "words.sql", 2, []string{"no statement of it could be looked at", "the workload has no statement that reads or writes rows"}},
		{"good.db", "work.sql", 1, []string{"CREATE INDEX ON visits (page)", "work.sql:2: it cannot be run", "work.sql:3: it cannot be run", "work.sql:4: does not parse"}},
	} {
		args := []string{"--database", path(c.file)}
		if c.workload != "" {
			args = append(args, "--workload", path(c.workload))
		}
		code, out, said := optimizeIt(t, args...)
		for _, want := range c.want {
			if all := strings.Join(strings.Fields(out+said), " "); !strings.Contains(all, want) {
				t.Errorf("%s, %s: lacks %q: %s", c.file, c.workload, want, all)
			}
		}
		if code != c.code || code == 2 && !strings.Contains(out, "looked at") && (out != "" || strings.Count(said, "\n") != 1) {
			t.Errorf("%s, %s: exit code %d, %q, %q; want %d", c.file, c.workload, code, out, said, c.code)
		}
	}
}

func openSQLite(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// Whoever may read nothing, or finds less than he named, is told, and the rest goes on.
func TestOptimizeGoesOnWithTheRest(t *testing.T) {
	url := pgtest.New(t)
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	name := conn.Config().Database
	for _, statement := range []string{
		"CREATE TABLE visits (id bigint PRIMARY KEY, page bigint NOT NULL)",
		"INSERT INTO visits SELECT i, i % 5000 FROM generate_series(1, 50000) i",
		"CREATE TABLE fresh (id bigint, page bigint NOT NULL)",
		"ALTER TABLE fresh SET (autovacuum_enabled = off)",
		"INSERT INTO fresh SELECT i, i % 5000 FROM generate_series(1, 50000) i",
		"CREATE TABLE parted (day date NOT NULL, page bigint NOT NULL) PARTITION BY RANGE (day)",
		"CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM ('2024-01-01') TO ('2024-02-01')",
		"CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')",
		"INSERT INTO parted SELECT date '2024-01-01' + i % 59, i % 5000 FROM generate_series(1, 60000) i",
		"CREATE VIEW seen AS SELECT * FROM visits WHERE id > 5",
		"CREATE MATERIALIZED VIEW kept AS SELECT * FROM visits",
		"CREATE EXTENSION file_fdw",
		"CREATE SERVER elsewhere FOREIGN DATA WRAPPER file_fdw",
		"CREATE FOREIGN TABLE far (page text) SERVER elsewhere OPTIONS (filename '/dev/null')",
		"ANALYZE visits", "ANALYZE parted", "ANALYZE kept",
		"DROP ROLE IF EXISTS stranger", "CREATE ROLE stranger LOGIN",
	} {
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is left to lose
	dir := t.TempDir()
	workload := filepath.Join(dir, "work.sql")
	text := ""
	for _, table := range []string{"visits", "fresh", "parted", "seen", "kept", "nowhere"} {
		text += "select * from " + table + " where page = $1;\n"
	}
	text += "select * from far where page = 'x';\nselect broken from;\n"
	if err := os.WriteFile(workload, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	flat := func(texts ...string) string { return strings.Join(strings.Fields(strings.Join(texts, " ")), " ") }

	code, out, said := optimizeIt(t, "--database", url, "--workload", workload)
	for _, want := range []string{
		"6 of 8 statements looked at", "CREATE INDEX ON visits (page)", "CREATE INDEX ON kept (page)", "CREATE INDEX ON parted (page)", "ANALYZE fresh",
		`work.sql:6: cannot be planned and is left out: relation "nowhere" does not exist`, "work.sql:8: does not parse", "HypoPG is not installed",
	} {
		if !strings.Contains(flat(out, said), want) {
			t.Errorf("lacks %q:\n%s%s", want, out, said)
		}
	}
	if code != 1 {
		t.Errorf("exit code %d", code)
	}

	_, out, said = optimizeIt(t, "--database", strings.Replace(url, "postgres@", "stranger@", 1), "--workload", workload)
	for _, want := range []string{
		"work.sql:1: cannot be planned and is left out: permission denied for table visits (42501)",
		"this user may not read foreign table far, materialized view kept, table fresh, table parted, table visits, view seen: GRANT SELECT on them, or GRANT pg_read_all_data",
		`relation "nowhere" does not exist`, "no column statistics can be read of parted_1, parted_2, visits",
	} {
		if !strings.Contains(flat(out, said), want) {
			t.Errorf("a stranger: lacks %q:\n%s%s", want, out, said)
		}
	}

	for address, want := range map[string]string{
		strings.Replace(url, "postgres@", "ghost@", 1):      `role "ghost" does not exist (28000)`,
		strings.Replace(url, "/"+name, "/ghost", 1):         `database "ghost" does not exist (3D000)`,
		strings.Replace(url, "sslmode=", "nothing=1&x=", 1): `unrecognized configuration parameter`,
	} {
		code, out, said := optimizeIt(t, "--database", address, "--workload", workload)
		if code != 2 || out != "" || !strings.Contains(said, want) || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: exit code %d, %q, %q; want %s", address, code, out, said, want)
		}
	}

	// The database by another name is no copy of it.
	code, _, said = optimizeIt(t, "--database", url, "--workload", workload, "--clone", strings.Replace(url, "127.0.0.1", "localhost", 1))
	if code != 2 || !strings.Contains(said, "the clone is the database itself") {
		t.Errorf("the clone is the database: exit code %d, %s", code, said)
	}
}

func TestOptimizeFromStartToMigration(t *testing.T) {
	url := pgtest.New(t)
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"CREATE TABLE visits (id bigint PRIMARY KEY, page bigint NOT NULL, secret text NOT NULL)",
		"INSERT INTO visits SELECT i, i % 5000, 's' || i FROM generate_series(1, 50000) i",
		"ANALYZE visits",
	} {
		if _, err := conn.Exec(context.Background(), statement); err != nil {
			t.Fatal(err)
		}
	}
	conn.Close(context.Background())

	dir := t.TempDir()
	workload := filepath.Join(dir, "work.sql")
	text := "-- name: visits of a page\nselect id from visits where page = $1 and secret <> 's7';\nselect broken from;\nselect nothing from visits;\n"
	if err := os.WriteFile(workload, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, said := optimizeIt(t, "--database", url, "--workload", workload, "--format", "json", "--migrations", filepath.Join(dir, "out"))
	if code != 1 {
		t.Fatalf("exit code %d: %s", code, said)
	}
	var report struct {
		Advice []struct {
			ID, Kind, Statement, Where, Change, Migration, Confidence string
			Proof                                                     struct {
				Level         string
				Before, After *struct{ Cost float64 }
			}
		}
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatal(err)
	}
	first := report.Advice[0]
	if first.Change != "CREATE INDEX ON visits (page)" || first.Proof.Level != "L0" || first.Kind != "hint" {
		t.Errorf("without HypoPG and clone it is a hint: %+v", first)
	}
	if strings.Contains(out, "s7") {
		t.Error("the constant of a statement is shown")
	}
	for _, want := range []string{"work.sql:3", "syntax error", "work.sql:4", `column "nothing" does not exist`, "HypoPG is not installed"} {
		if !strings.Contains(said, want) {
			t.Errorf("stderr lacks %q:\n%s", want, said)
		}
	}

	code, out, _ = optimizeIt(t, "--database", url)
	if code != 0 || !strings.Contains(out, "pg_stat_statements is not installed") {
		t.Errorf("without statements: exit code %d, %s", code, out)
	}
}
