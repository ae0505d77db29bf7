package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

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
		{[]string{"--database", "postgres://x", "--workload", "none.sql"}, "none.sql"},
	} {
		code, out, said := optimizeIt(t, c.args...)
		if code != 2 || out != "" || !strings.Contains(said, c.want) {
			t.Errorf("%v: exit code %d, %q, %q; want 2 and %q", c.args, code, out, said, c.want)
		}
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
