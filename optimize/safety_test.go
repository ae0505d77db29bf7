package optimize_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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
	for _, want := range []string{`invalid input syntax for type uuid: "…" (22P02)`, `syntax error at or near "'…`} {
		if !strings.Contains(notes, want) {
			t.Errorf("lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(notes)
	}
}

// PostgreSQL runs what is declared immutable or stable while it plans. What could write is not planned on the database, by whatever way it
// is called; what is a function of a column, or reads and no more, is.
func TestNothingIsRunByPlanning(t *testing.T) {
	url := pgtest.New(t)
	must(t, url, visits+`
		CREATE EXTENSION citext;
		CREATE FUNCTION held(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it was run'; END $$;
		CREATE FUNCTION looked(int) RETURNS int STABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it was run'; END $$;
		CREATE FUNCTION through(int) RETURNS int LANGUAGE sql AS $$ SELECT held($1) $$;
		CREATE FUNCTION through_two(int) RETURNS int IMMUTABLE LANGUAGE sql RETURN through($1) + 1;
		CREATE FUNCTION twice(int) RETURNS int IMMUTABLE LANGUAGE sql AS $$ SELECT 2 * $1 $$;
		CREATE FUNCTION alike(int, int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it was run'; END $$;
		CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, PROCEDURE = alike);
		CREATE TYPE tone AS (x int);
		CREATE FUNCTION tone_of(text) RETURNS tone IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it was run'; END $$;
		CREATE CAST (text AS tone) WITH FUNCTION tone_of(text) AS IMPLICIT;
		CREATE SCHEMA other;
		CREATE FUNCTION other.lower(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'it was run'; END $$;
		CREATE VIEW seen AS SELECT id, page FROM visits WHERE page > 4 * length(note) AND id > 0;
		CREATE VIEW held_view AS SELECT id FROM visits WHERE page = 5 AND id > (SELECT 0) AND looked(5) = 7;
		CREATE FUNCTION plain(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN upper($1); END $$;
	`)
	run := map[string]bool{
		"SELECT id FROM visits WHERE page = held(5)":                                              true,
		"SELECT id FROM visits WHERE page = looked($1)":                                           true,
		"SELECT id FROM visits WHERE page = through(5)":                                           true,
		"SELECT id FROM visits WHERE page = through_two(5)":                                       true,
		"SELECT id FROM visits WHERE 7 === 7 AND page = 5":                                        true,
		"SELECT id FROM visits WHERE page === 7":                                                  true,
		"SELECT id FROM visits WHERE note > 'a' AND ('a'::text::tone).x = 5":                      true,
		"SELECT id FROM visits WHERE note = other.lower('B')":                                     true,
		"SELECT id FROM held_view":                                                                true,
		"SELECT v.id FROM visits v JOIN (SELECT 5 AS n) c ON held(c.n) = v.page":                  true,
		"SELECT id FROM visits WHERE page = held(coalesce(5, page))":                              true,
		"WITH c AS (SELECT 5 AS n) UPDATE visits SET page = held(c.n) FROM c WHERE visits.id = 1": true,
		"SELECT id FROM visits WHERE page = twice(5)":                                             false,
		"SELECT id FROM visits WHERE held(page) = 5":                                              false,
		"SELECT id FROM visits WHERE plain(note) = 'X'":                                           false,
		"SELECT id FROM visits WHERE note = lower('B') AND note = 'b'::citext":                    false,
		"SELECT id FROM seen WHERE page = abs(-5)":                                                false,
	}
	var statements []*optimize.Statement
	for text := range run {
		statements = append(statements, &optimize.Statement{Text: text, Where: text, Calls: 1})
	}
	report, err := optimize.Run(context.Background(), optimize.Options{Database: url, Statements: statements, Literals: true})
	if err != nil {
		t.Fatal(err)
	}
	for text, run := range run {
		planned := slices.ContainsFunc(report.Queries, func(q *optimize.Query) bool { return q.Where == text })
		left := slices.ContainsFunc(report.Notes, func(note string) bool {
			return strings.Contains(note, text) && strings.Contains(note, "is run while it is planned")
		})
		if planned == run || left != run {
			t.Errorf("%s: planned %v, left out %v; run %v", text, planned, left, run)
		}
	}
	if t.Failed() || testing.Verbose() {
		t.Log(strings.Join(report.Notes, "\n"))
	}
}

// A run that is ended tells what it has proved until then, and leaves nothing on the clone.
func TestInterruptedRunTellsWhatIsProved(t *testing.T) {
	url := pgtest.New(t)
	must(t, url, visits+"CREATE TABLE calls AS SELECT * FROM visits; VACUUM ANALYZE calls;")
	clone := copyOf(t, url)
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	measured := 0
	report, err := optimize.Run(ctx, optimize.Options{
		Database: url, Clone: clone, Statements: []*optimize.Statement{
			{Text: "SELECT note FROM visits WHERE page = $1", Calls: 1000, Day: 100_000}, {Text: "SELECT note FROM calls WHERE page = $1", Calls: 1000, Day: 100_000},
		},
		Progress: func(what string) {
			if strings.HasSuffix(what, "which is run on the clone") {
				if measured++; measured == 2 {
					interrupt()
				}
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Advice) != 1 || report.Advice[0].Proof.Level != optimize.L3 {
		t.Fatalf("it advises %+v", report.Advice)
	}
	const told = "what follows was proved until then; 1 index that was chosen was not, or not tried; whether a statement is slower with it was not looked at"
	if report.Interrupted != told || !slices.Contains(report.Notes, "the run was interrupted: "+told) {
		t.Errorf("it says %q, and notes %q", report.Interrupted, report.Notes)
	}
	must(t, clone, "DO $$ BEGIN IF EXISTS (SELECT FROM pg_indexes WHERE indexname LIKE 'fettle%') THEN RAISE 'an index is left'; END IF; END $$")
}

// A run that is broken off while it makes an index on the clone leaves nothing there, and advises nothing.
func TestInterruptedRunLeavesNothing(t *testing.T) {
	url := pgtest.New(t)
	must(t, url, visits)
	clone := copyOf(t, url)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	watcher, err := pgx.Connect(ctx, clone)
	if err != nil {
		t.Fatal(err)
	}
	defer watcher.Close(ctx)               //nolint:errcheck // nothing is left to lose
	holder, err := pgx.Connect(ctx, clone) // a transaction sees the activity of others once
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close(ctx) //nolint:errcheck // as above
	lock, err := holder.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(ctx, "LOCK TABLE visits IN ROW EXCLUSIVE MODE"); err != nil { // the index waits
		t.Fatal(err)
	}
	broken, interrupt := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() {
		_, err := optimize.Run(broken, optimize.Options{Database: url, Clone: clone, Statements: []*optimize.Statement{{Text: "SELECT id FROM visits WHERE page = $1", Calls: 1}}})
		ended <- err
	}()
	count := func(query string) (n int) {
		if err := watcher.QueryRow(ctx, query).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	const making = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state = 'active' AND query LIKE 'CREATE INDEX%'"
	for count(making) == 0 {
		select {
		case err := <-ended:
			t.Fatalf("it ended before it made an index: %v", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
	interrupt()
	if err := lock.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "interrupted") {
		t.Errorf("it ended with %v", err)
	}
	for count(making) > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	if n := count("SELECT count(*) FROM pg_index x JOIN pg_class k ON k.oid = x.indexrelid WHERE k.relname LIKE 'visits%' AND NOT x.indisprimary"); n > 0 {
		t.Errorf("%d indexes are left", n)
	}
}
