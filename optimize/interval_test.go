package optimize_test

import (
	"context"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
)

// TestIntervalOverChangesOfClocks compares statements that add an interval to a column with their rewritten forms, in zones whose
// clocks changed by an hour, by half of one and by a day, about the moments of these changes.
func TestIntervalOverChangesOfClocks(t *testing.T) {
	database := pgtest.New(t)
	must(t, database, `
		CREATE TABLE job (id bigint PRIMARY KEY, at timestamptz NOT NULL, local timestamp NOT NULL);
		INSERT INTO job SELECT row_number() OVER (), at, at AT TIME ZONE 'UTC' FROM (
			SELECT generate_series(timestamptz '2023-02-01Z', '2023-04-20Z', '20 minutes') at
			UNION ALL SELECT generate_series(timestamptz '2023-10-20Z', '2023-11-20Z', '20 minutes')
			UNION ALL SELECT generate_series(timestamptz '2011-12-20Z', '2012-01-20Z', '20 minutes')) s;
		CREATE EXTENSION hypopg;
		VACUUM ANALYZE job;`)
	clone := copyOf(t, database)
	const late, early = "'2023-11-18 06:30:00+00'", "'2011-12-22 06:30:00+00'" // few rows lie behind the one, and before the other
	conditions := []string{
		"at + interval '1 day' > timestamptz " + late, "at + interval '1 week 3 hours' <= timestamptz " + early, "at - interval '2 days' >= timestamptz " + late,
		"at - interval '1 day' < timestamptz " + early, "at + interval '1 day' = timestamptz " + late, "at + interval '90 minutes' > timestamptz " + late,
		"at + interval '1 month' < timestamptz " + early, "local + interval '1 day' > timestamptz " + late, "local - interval '2 hours' = timestamptz " + late,
		"local - interval '1 month 2 days' >= timestamp " + late, "local + interval '1 year' < timestamp " + early, "local + interval '3 days' > timestamp " + late,
		"at + interval '1 day' >= date '2023-11-18'", "timestamptz " + early + " > at + interval '1 day'",
	}
	var workload strings.Builder
	for _, condition := range conditions {
		workload.WriteString("-- calls: 60000/hour\nSELECT id FROM job WHERE " + condition + ";\n") // each is over in a millisecond
	}
	statements, _ := optimize.ParseWorkload("workload.sql", workload.String())
	report, err := optimize.Run(context.Background(), optimize.Options{Database: database, Clone: clone, Statements: statements, Literals: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	conn, err := pgx.Connect(ctx, database)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(ctx)
	moments := regexp.MustCompile("'20(23|11)-1[12]-[0-9]* 06:30:00[+]00'")
	tried, rows := 0, 0
	for _, a := range report.Advice {
		if !strings.Contains(a.ID, "-interval-") {
			continue
		}
		tried++
		for _, zone := range []string{"America/New_York", "Australia/Lord_Howe", "Pacific/Apia"} {
			if _, err := conn.Exec(ctx, "SET TimeZone = '"+zone+"'"); err != nil {
				t.Fatal(err)
			}
			for _, at := range []string{late, early, "'2023-11-05 06:30:00+00'", "'2023-11-06 05:30:00+00'", "'2023-03-13 06:00:00+00'", "'2023-04-02 01:40:00+00'", "'2011-12-30 09:50:00+00'", "'2011-12-31 12:00:00+00'"} {
				before, after := moments.ReplaceAllString(a.Statement, at), moments.ReplaceAllString(a.Change, at)
				var differ, all int
				err := conn.QueryRow(ctx, "WITH a AS ("+before+"), b AS ("+after+") SELECT (SELECT count(*) FROM ((TABLE a EXCEPT ALL TABLE b) UNION ALL (TABLE b EXCEPT ALL TABLE a)) d), (SELECT count(*) FROM a)").Scan(&differ, &all)
				if err != nil {
					t.Fatalf("%s: %v", after, err)
				}
				if differ > 0 {
					t.Errorf("%s, %s: %d rows differ\n%s\n%s", zone, at, differ, before, after)
				}
				rows += all
			}
		}
	}
	if tried < 5 || rows == 0 { // those that measure as not much faster on a busy machine are left out
		t.Errorf("%d of %d statements were rewritten, with %d rows", tried, len(conditions), rows)
	}
}
