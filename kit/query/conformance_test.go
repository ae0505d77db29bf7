package query_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// The suite runs the same on every database.
func TestConformance(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) { c.run(newWorld(t, d.open(t))) })
			}
		})
	}
}

// Nothing else changes where deleted rows stay.
func TestConformanceOfRowsThatStay(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			for _, c := range cases {
				if c.name != "delete" && c.name != "statements" && d.name != "sqlite" {
					t.Run(c.name, func(t *testing.T) { c.run(newWorldOf(t, d.open(t), keeping())) })
				}
			}
			for _, c := range stayingCases {
				t.Run(c.name, func(t *testing.T) { c.run(newWorldOf(t, d.open(t), keeping())) })
			}
		})
	}
}

// What histories add.
func TestConformanceOfHistories(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			for _, c := range append(cases, stayingCases...) {
				if d.name == "memory" && c.name != "delete" && !strings.HasPrefix(c.name, "purge") {
					t.Run(c.name, func(t *testing.T) { c.run(newWorldOf(t, d.open(t), remembering())) })
				}
			}
			for _, c := range historyCases {
				t.Run(c.name, func(t *testing.T) { c.run(newWorldOf(t, d.open(t), remembering())) })
			}
		})
	}
}

// What is written along with a row.
func TestConformanceOfParts(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			for _, c := range partCases {
				t.Run(c.name, func(t *testing.T) { c.run(newWorldOf(t, d.open(t), ordering())) })
			}
		})
	}
}

// database makes empty databases of one kind.
type database struct {
	name string
	open func(t testing.TB) sqldb.Database
}

// databases is every kind. On PostgreSQL each database is a schema of one, which is made faster than a database.
func databases(t testing.TB) []database {
	url := sync.OnceValue(func() string { return kittest.Postgres(t) })
	schemas := 0
	return []database{
		{"sqlite", func(t testing.TB) sqldb.Database { return kittest.Open(t, sqlite.Driver, kittest.SQLite(t)) }},
		{"postgres", func(t testing.TB) sqldb.Database {
			schemas++
			db := kittest.Open(t, postgres.Driver, fmt.Sprintf("%s&search_path=s%d", url(), schemas))
			if _, err := db.Handle().Exec(fmt.Sprintf("CREATE SCHEMA s%d", schemas)); err != nil {
				t.Fatal(err)
			}
			return db
		}},
		{"memory", func(t testing.TB) sqldb.Database { return kittest.Memory(t) }},
	}
}

var cases = []struct {
	name string
	run  func(w *world)
}{
	{"policies hide rows", testPolicies},
	{"field rules hide values", testFieldRules},
	{"references to hidden rows are null", testHiddenReferences},
	{"nested selections take one statement a level", testNesting},
	{"pages go both ways", testPages},
	{"pages stay right while rows come and go", testPagesAmongChanges},
	{"orders put null last", testNullOrder},
	{"cursors belong to their order", testCursors},
	{"filters", testFilters},
	{"filters cannot see more than reads", testFilterGuards},
	{"scalars keep their values", testScalars},
	{"numbers of JSON have bounds", testJSONNumbers},
	{"decimals have eighteen digits", testDigits},
	{"filters know decimals that are finer than a field", testFineDecimals},
	{"lists within lists", testDeepFilters},
	{"a difference is added to what is there", testIncrements},
	{"what is merged is merged with the row as it is when written", testMerges},
	{"validation collects everything", testValidation},
	{"defaults", testDefaults},
	{"no key has the form of an id", testKeysLikeIDs},
	{"create asks its rules", testCreateRules},
	{"update asks before and after", testUpdateRules},
	{"versions", testVersions},
	{"delete", testDelete},
	{"all that fit are deleted, or none", testDeleteWhere},
	{"what refers to a locked row goes, and then it", testLock},
	{"a row that no longer fits is not deleted", testDeleteWhereRace},
	{"nobody waits for a row that he may not read", testHiddenWait},
	{"what is refused is undone though business code goes on", testSpoiled},
	{"what is refused is told though business code fails behind it", testSpoiledAndFailed},
	{"what fails by hand is undone though business code goes on", testSpoiledByHand},
	{"a transaction does nothing once it is over", testOver},
	{"unique", testUnique},
	{"what is taken is hidden from who may not make it", testHiddenUnique},
	{"checks", testChecks},
	{"checks over what is shared hold at the same time", testSharedChecks},
	{"who shares nothing that is checked does not wait", testUnsharedRows},
	{"spans do not overlap", testOverlaps},
	{"of spans at the same time one wins", testOverlapRace},
	{"clocks of zones", testZones},
	{"lists of scalars", testScalarLists},
	{"bounded lists", testBounds},
	{"many-to-many lists are replaced", testLists},
	{"naming makes", testUpsert},
	{"naming at the same time makes once", testUpsertRace},
	{"what is ensured is made or found", testEnsure},
	{"what is ensured at the same time is there once", testEnsureRace},
	{"computed fields", testComputed},
	{"lists through an entity", testThrough},
	{"queries by a condition", testQueries},
	{"rows among those that SQL gives", testAmong},
	{"what SQL gives of rows behind others", testAmongOthers},
	{"arguments of the SQL that gives rows", testAmongArguments},
	{"guesses tell nothing", testGuesses},
	{"records of business code", testRecords},
	{"aggregates", testAggregates},
	{"figures of business code", testFigures},
	{"aggregates of hidden fields", testHiddenAggregates},
	{"sums are exact", testExactSums},
	{"sums of Floats do not fail on the way", testSumsOfFloats},
	{"periods of zones", testPeriods},
	{"groups come in pages", testGroupPages},
	{"amounts are summed in their currency", testCurrencies},
	{"system", testSystem},
	{"operations", testOperations},
	{"statements have a budget", testBudget},
	{"limits", testLimits},
	{"searches", testSearch},
	{"searches find only what may be read", testSearchGuards},
	{"searches are pages", testSearchPages},
	{"searches take any text", testSearchTexts},
	{"searches find what a plain loop finds", testSearchRandom},
	{"signed out", testSignedOut},
	{"flows bind everybody", testFlows},
	{"of two steps from one value one wins", testRacingSteps},
	{"rows are numbered by their parent", testNumbers},
	{"numbers set by hand are not run into", testNumbersByHand},
	{"what collided is run again", testRetries},
	{"of two that wait for each other both end well", testDeadlock},
	{"of many that wait for each other all end well", testDeadlocks},
	{"who refers to a row and changes it waits for nobody who waits for him", testReferAndChange},
	{"no number is given twice", testRacingNumbers},
	{"slugs that are made up at the same time differ", testRacingSlugs},
}
