package optimize_test

import (
	"strings"
	"testing"

	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
)

const byPage = "SELECT id FROM visits WHERE page = $1"

// runCloned looks at statements with a clone.
func runCloned(t *testing.T, url, clone string, statements ...string) *optimize.Report {
	t.Helper()
	var workload []*optimize.Statement
	for _, text := range statements {
		workload = append(workload, &optimize.Statement{Text: text, Where: "work.sql", Calls: 1000, Day: 100_000})
	}
	report, err := optimize.Run(t.Context(), optimize.Options{Database: url, Clone: clone, Statements: workload})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// What a killed run left on the clone is dropped and told. What is the user's stays, whatever it is called, and is in nobody's way.
func TestCloneWithIndexesOfAKilledRun(t *testing.T) {
	url := pgtest.New(t)
	must(t, url, visits)
	clone := copyOf(t, url)
	const left = "fettle_optimize_00000000000000ab"
	must(t, clone, "CREATE INDEX "+left+" ON visits (page);"+
		"COMMENT ON INDEX "+left+" IS 'made by fettle optimize to measure with; the next run drops it';"+
		"CREATE INDEX fettle_optimize_of_the_user ON visits (length(note)); CREATE INDEX visits_page_idx ON visits (token)")
	report := runCloned(t, url, clone, byPage)
	if got := outline(report); !strings.HasPrefix(got, "L3 index: CREATE INDEX ON visits (page)") {
		t.Errorf("advised %s", got)
	}
	for _, a := range report.Advice {
		if a.Kind == optimize.KindIndex && (a.ID != "index-visits_page_idx" || !strings.Contains(a.Migration, " visits_page_idx ON visits (page)")) {
			t.Errorf("it is called %s:\n%s", a.ID, a.Migration)
		}
		if plan := strings.Join(a.Proof.After.Plan, "\n"); strings.Contains(plan, "fettle_optimize_") {
			t.Errorf("its plan has a name that nobody knows: %s", plan)
		}
	}
	notes := strings.Join(report.Notes, "\n")
	if want := "clone: dropped the index on public.visits USING btree (page), which a run that was killed had left"; !strings.Contains(notes, want) {
		t.Errorf("said %s, not %s", notes, want)
	}
	must(t, clone, "DROP INDEX fettle_optimize_of_the_user; DROP INDEX visits_page_idx") // they are there
	must(t, clone, "DO $$ BEGIN IF (SELECT count(*) FROM pg_class WHERE relname LIKE 'fettle\\_optimize\\_%') > 0 THEN RAISE 'something is left'; END IF; END $$")
}

// A name that another index of the database has, on whatever table, is not given to a new one: its migration would do nothing.
func TestAdvisedNameIsFree(t *testing.T) {
	url := pgtest.New(t)
	must(t, url, visits+"CREATE TABLE pages (page int); CREATE INDEX visits_page_idx ON pages (page)")
	report := runCloned(t, url, "", byPage)
	for _, a := range report.Advice {
		if a.Kind == optimize.KindIndex && strings.Contains(a.Migration, "EXISTS visits_page_idx ON") {
			t.Errorf("the name is taken: %s", a.Migration)
		}
	}
	if len(report.Advice) == 0 {
		t.Error("nothing is advised")
	}
}

// A clone in which nothing can be made is told in one line, and what is advised is by plan, as without a clone.
func TestCloneThatCannotBeWritten(t *testing.T) {
	url := pgtest.New(t)
	must(t, url, visits+"CREATE ROLE only_reads SUPERUSER LOGIN; ALTER ROLE only_reads SET default_transaction_read_only = on; CREATE ROLE owns_nothing LOGIN; GRANT SELECT ON visits TO owns_nothing")
	clone := copyOf(t, url)
	for role, want := range map[string]string{
		"only_reads":   "transactions of only_reads only read (default_transaction_read_only)",
		"owns_nothing": "owns_nothing owns no table, or may make nothing in its schema",
	} {
		report := runCloned(t, url, strings.Replace(clone, "postgres@", role+"@", 1), byPage)
		if got := outline(report); !strings.HasPrefix(got, "L1 index: CREATE INDEX ON visits (page)") {
			t.Errorf("%s: advised %s", role, got)
		}
		if notes := strings.Join(report.Notes, "\n"); strings.Count(notes, "clone") != 1 || !strings.Contains(notes, want) {
			t.Errorf("%s: said %s, not %s", role, notes, want)
		}
	}
}

// An index that holds all that is asked for does not show it on a clone that was not vacuumed, and that is told.
func TestCloneThatIsNotVacuumed(t *testing.T) {
	database, clone := pgtest.New(t), pgtest.New(t)
	const load = `CREATE EXTENSION hypopg;
		CREATE TABLE hits (id bigint PRIMARY KEY, page int NOT NULL, bytes int NOT NULL, note text NOT NULL) WITH (autovacuum_enabled = off);
		INSERT INTO hits SELECT i, i % 6, i % 1000, repeat('n', 400) FROM generate_series(1, 100000) i;`
	must(t, database, load+"VACUUM ANALYZE hits")
	must(t, clone, load+"ANALYZE hits")
	report := runCloned(t, database, clone, "SELECT sum(bytes) FROM hits WHERE page < 5")
	if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, "on the clone hits was not vacuumed since it was loaded") {
		t.Errorf("said %s and advised %s", notes, outline(report))
	}
}
