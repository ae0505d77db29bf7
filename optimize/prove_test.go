package optimize_test

import (
	"strings"
	"testing"

	"github.com/fettlehq/fettle/internal/applike"
	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
)

// stays is a hotel's database: the stays lie in no order of time, and none ends before it begins.
const stays = applike.Hash + `CREATE EXTENSION hypopg;
	CREATE TABLE stay (id int PRIMARY KEY, begins timestamptz NOT NULL, ends timestamptz NOT NULL, remark text NOT NULL);
	CREATE TABLE bill (id int PRIMARY KEY, stay int NOT NULL, total int NOT NULL);
	INSERT INTO stay SELECT i, timestamptz '2020-01-01' + hash(i, 1) * interval '1000 days', timestamptz '2023-01-01' + hash(i, 2) * interval '1000 days', repeat('x', 60) FROM generate_series(1, 30000) i;
	INSERT INTO bill SELECT i, 1 + floor(30000 * hash(i, 3)), i % 700 FROM generate_series(1, 60000) i;
	CHECKPOINT; VACUUM ANALYZE stay; VACUUM ANALYZE bill;`

const (
	latestBills = "SELECT s.id, b.total FROM stay s JOIN bill b ON b.stay = s.id ORDER BY s.begins DESC LIMIT 20"
	ofStay      = "SELECT total FROM bill WHERE stay = $1"
	latest      = "SELECT id, remark FROM stay ORDER BY begins DESC LIMIT 20"
	wrongWay    = "SELECT id, remark FROM stay WHERE ends < begins ORDER BY begins DESC LIMIT 20"
)

// runStays looks at the database of stays with a clone.
func runStays(t *testing.T, statements ...*optimize.Statement) *optimize.Report {
	t.Helper()
	url := pgtest.New(t)
	must(t, url, stays)
	for _, s := range statements {
		s.Where = "work.sql"
	}
	report, err := optimize.Run(t.Context(), optimize.Options{Database: url, Clone: copyOf(t, url), Statements: statements})
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// What is taken back because it makes a statement slower leaves no advice that was measured beside it.
func TestAdviceIsProvedAgainWithoutWhatIsTakenBack(t *testing.T) {
	report := runStays(t,
		&optimize.Statement{Text: latestBills, Calls: 1000, Day: 100_000}, &optimize.Statement{Text: ofStay, Calls: 1000, Day: 100_000}, &optimize.Statement{Text: wrongWay, Calls: 1, Day: 0.1})
	notes := strings.Join(report.Notes, "\n")
	if !strings.Contains(notes, "stay_begins") || !strings.Contains(notes, "slower") {
		t.Errorf("the index that a statement walks in vain was not taken back: %s", notes)
	}
	found := false
	for _, a := range report.Advice {
		all := strings.Join(append(a.Notes, a.Proof.After.Plan...), "\n") + a.Change
		if strings.Contains(all, "stay_begins") || strings.Contains(all, "ON stay") {
			t.Errorf("%s was proved beside what was taken back: %s", a.ID, all)
		}
		found = found || strings.HasPrefix(a.Change, "CREATE INDEX ON bill (stay")
	}
	if !found {
		t.Errorf("the index that gains without the other, too, is not advised: %s%s", outline(report), notes)
	}
}

// An index that makes a statement slower of which it was planned to be faster is not advised for another.
func TestWhatWasPlannedToGainMayBeSlower(t *testing.T) {
	report := runStays(t, &optimize.Statement{Text: latest, Calls: 1000, Day: 100_000}, &optimize.Statement{Text: wrongWay, Calls: 1000, Day: 100_000})
	if got := outline(report); strings.Contains(got, "ON stay (begins") {
		t.Errorf("advised\n%s", got)
	}
	if notes := strings.Join(report.Notes, "\n"); !strings.Contains(notes, "slower") {
		t.Errorf("said %s", notes)
	}
}

// Who waits for a look at Postgres is told what is being done, as of SQLite.
func TestProgressOfPostgres(t *testing.T) {
	url := pgtest.New(t)
	must(t, url, visits)
	var told []string
	statements := []*optimize.Statement{{Text: "SELECT id FROM visits WHERE page = 77", Where: "work.sql"}}
	if _, err := optimize.Run(t.Context(), optimize.Options{Database: url, Clone: copyOf(t, url), Statements: statements, Progress: func(what string) { told = append(told, what) }}); err != nil {
		t.Fatal(err)
	}
	all := strings.Join(told, "\n")
	for _, want := range []string{"the tables of the database", "the tables of the clone", "statement 1 of 1", "plan 1, ", "index visits_page_idx, which is made on the clone", "Q1, which is run on the clone"} {
		if !strings.Contains(all, want) {
			t.Errorf("lacks %q: %s", want, all)
		}
	}
}

// Without a clone no index is thought of for a table whose statistics are old, and the reader is told so.
func TestIndexesWaitForStatistics(t *testing.T) {
	url := pgtest.New(t)
	must(t, url, `CREATE EXTENSION hypopg;
		CREATE TABLE claim (id int PRIMARY KEY, parcel int NOT NULL, closed_at timestamptz) WITH (autovacuum_enabled = off);
		INSERT INTO claim SELECT i, i, now() FROM generate_series(1, 8000) i;
		VACUUM ANALYZE claim;
		INSERT INTO claim SELECT i, i, NULL FROM generate_series(8001, 38000) i;
		SELECT pg_stat_force_next_flush()`)
	statements := []*optimize.Statement{{Text: "SELECT id FROM claim WHERE parcel = 42 AND closed_at IS NULL", Where: "work.sql"}}
	report, err := optimize.Run(t.Context(), optimize.Options{Database: url, Statements: statements})
	if err != nil {
		t.Fatal(err)
	}
	if len(report.Advice) != 1 || report.Advice[0].Change != "ANALYZE claim" || !strings.Contains(strings.Join(report.Advice[0].Notes, "\n"), "run this again after it") {
		t.Errorf("advised %s", outline(report))
	}
}
