package optimize_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
)

const letters = `CREATE EXTENSION hypopg; CREATE EXTENSION pg_trgm;
	CREATE TABLE letters (id bigint PRIMARY KEY, writer int NOT NULL, place int NOT NULL, said text NOT NULL);
	INSERT INTO letters SELECT i, i % 3000, i % 7, md5(i::text) || md5((i + 1)::text) FROM generate_series(1, 60000) i;
	CHECKPOINT; VACUUM ANALYZE letters;`

// Each statement that an index serves is told with it, once, whatever it is called and by whatever the index was found.
func TestIndexesTellAllThatTheyServe(t *testing.T) {
	database, clone := pgtest.New(t), pgtest.New(t)
	must(t, database, letters)
	must(t, clone, letters)
	workload := []*optimize.Statement{
		{Name: "the list", Text: "SELECT * FROM letters WHERE writer = $1", Calls: 900},
		{Name: "the list", Text: "SELECT * FROM letters WHERE writer = $1 AND said > 'a'", Calls: 700},
		{Name: "how many", Text: "SELECT count(*) FROM letters WHERE writer IN (7, 8)", Calls: 500},
		{Name: "search", Text: "SELECT id FROM letters WHERE said LIKE '%abcd12%'", Calls: 300},
		{Name: "search here", Text: "SELECT id FROM letters WHERE said LIKE '%77ee1%' AND place = 5", Calls: 200},
		{Name: "count found", Text: "SELECT count(*) FROM letters WHERE said ILIKE '%9f8e7%'", Calls: 100},
	}
	for name, c := range map[string]struct{ clone, of, also string }{
		"measured":            {clone, "CREATE INDEX ON letters (writer", "the list,how many"},
		"measured, patterns":  {clone, "CREATE INDEX ON letters USING gin (said", "search,search here,count found"},
		"planned":             {"", "CREATE INDEX ON letters (writer", "the list,how many"},
		"not tried, patterns": {"", "CREATE INDEX ON letters USING gin (said", "search,search here,count found"},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := optimize.Run(t.Context(), optimize.Options{Database: database, Clone: c.clone, Statements: workload})
			if err != nil {
				t.Fatal(err)
			}
			at := slices.IndexFunc(report.Advice, func(a *optimize.Advice) bool { return strings.HasPrefix(a.Change, c.of) })
			if at < 0 {
				t.Fatalf("%s is not advised: %+v", c.of, report.Advice)
			}
			a := report.Advice[at]
			notes := 0
			also := ""
			for _, note := range a.Notes {
				if strings.HasPrefix(note, "also ") {
					notes++
					also = note
				}
			}
			if notes != 1 {
				t.Fatalf("it tells what else it serves %d times: %q", notes, a.Notes)
			}
			for _, title := range strings.Split(c.also, ",") {
				others := 0
				for _, part := range strings.Split(also, ", ") {
					part = strings.TrimPrefix(strings.TrimPrefix(part, "also serves "), "also asked for by ")
					if part == title || strings.HasPrefix(part, title+" (") || strings.HasPrefix(part, title+" Q") {
						others++
					}
				}
				want := 1
				if title == "the list" {
					want = 2 // statements are called so
				}
				if a.Title == title {
					want--
				}
				if others != want {
					t.Errorf("shown with %s, it tells of %s %d times: %s", a.Title, title, others, also)
				}
			}
		})
	}
}
