package optimize_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
)

// visits is a small database in which an index is worth a lot.
const visits = `CREATE EXTENSION hypopg;
	CREATE TABLE visits (id int PRIMARY KEY, page int NOT NULL, token uuid NOT NULL DEFAULT gen_random_uuid(), note text NOT NULL);
	INSERT INTO visits (id, page, note) SELECT i, i % 5000, repeat('x', 200) FROM generate_series(1, 50000) i;
	ANALYZE visits;`

// run looks at a database of visits and more, and wants an index for the last statement whatever the others do.
func runBeside(t *testing.T, more string, statements ...string) *optimize.Report {
	t.Helper()
	url := pgtest.New(t)
	must(t, url, visits+more)
	return runOn(t, url, statements...)
}

func runOn(t *testing.T, url string, statements ...string) *optimize.Report {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	var workload []*optimize.Statement
	for _, text := range append(statements, "SELECT id FROM visits WHERE page = $1") {
		workload = append(workload, &optimize.Statement{Text: text, Where: "work.sql", Calls: 1000, Day: 100_000})
	}
	report, err := optimize.Run(ctx, optimize.Options{Database: url, Statements: workload})
	if err != nil {
		t.Fatal(err)
	}
	var changes []string
	for _, a := range report.Advice {
		changes = append(changes, a.Change)
	}
	if !strings.Contains(strings.Join(changes, "\n"), "CREATE INDEX ON visits (page)") {
		t.Errorf("the last statement got %q", changes)
	}
	return report
}

// What fails in one statement is said of it, and the others are looked at.
func TestAFailingStatementEndsNothing(t *testing.T) {
	report := runBeside(t, `
		CREATE FUNCTION unless_thought_of(int) RETURNS int STABLE LANGUAGE sql AS
			$$ SELECT $1 / (CASE WHEN EXISTS (SELECT FROM hypopg_list_indexes) THEN 0 ELSE 1 END) $$;`,
		"SELECT id FROM visits WHERE page = unless_thought_of(77)")
	if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, "work.sql: cannot be planned with other indexes: division by zero (22012)") {
		t.Errorf("said %s", notes)
	}
}

// The server's words for a statement that cannot be planned quote its constants, and are not passed on as they are.
func TestNotesHaveNoConstants(t *testing.T) {
	report := runBeside(t, "", "SELECT id FROM visits WHERE token = 'SECRET'", "SELECT id FROM visits WHERE page = 'SECRET' || ' \" SECRET'", "SELECT id FROM visits WHERE 'SECRET' 'SECRET'")
	notes := strings.Join(report.Notes, "\n")
	if strings.Contains(notes, "SECRET") {
		t.Error("a constant is shown")
	}
	for _, want := range []string{`invalid input syntax for type uuid: "…" (22P02)`, `syntax error at or near "…"`} {
		if !strings.Contains(notes, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(notes)
	}
}
