package optimize

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestManyStatementsOfOneWording reads a file as a log makes it: each line has other constants.
func TestManyStatementsOfOneWording(t *testing.T) {
	var file strings.Builder
	const lines = 5_000
	for i := range lines {
		fmt.Fprintf(&file, "select id from device where serial = 'SN-%d' and battery > %d.5;\n", i, i)
	}
	file.WriteString("select id from device where serial = 'SN-1' and battery >= 1.5")
	statements, notes := ParseWorkload("w.sql", file.String())
	if len(statements) != lines+1 || len(notes) > 0 || statements[lines].Where != fmt.Sprintf("w.sql:%d", lines+1) {
		t.Fatalf("%d statements, the last at %s, notes %v", len(statements), statements[lines].Where, notes)
	}
	queries, _, _, left := merge(statements, mostQueries, nil, false)
	if len(queries) != 2 || queries[0].Calls != lines || queries[0].texts != lines || left.wordings > 0 {
		t.Errorf("%d queries, the first of %v calls, left out %+v", len(queries), queries[0].Calls, left)
	}
}

// TestMoreThanCanBeLookedAt: what takes most time is looked at, wherever it stands, and the rest is counted.
func TestMoreThanCanBeLookedAt(t *testing.T) {
	const most = 3
	var file strings.Builder
	for i := range most + 2 {
		fmt.Fprintf(&file, "-- mean: 1 ms\nselect c%d from device where id = 1;\n-- mean: 1 ms\nselect c%[1]d from device where id = 2;\n", i)
	}
	file.WriteString("-- mean: 10 ms\nselect slow from device")
	statements, _ := ParseWorkload("w.sql", file.String())
	queries, _, _, left := merge(statements, most, nil, false)
	if len(queries) != most || queries[0].Text != "select slow from device" {
		t.Fatalf("%d queries, the first %s", len(queries), queries[0].Text)
	}
	want := []string{"the workload has 3 statements more than 3 that differ in more than constants: those that took most time are looked at, 70.0 % of what is known of it, 6 lines are left out"}
	if got := left.notes(); !slices.Equal(got, want) {
		t.Errorf("got %q", got)
	}
}

// TestLeftOut: what is not looked at is not passed over in silence.
func TestLeftOut(t *testing.T) {
	statements, _ := ParseWorkload("w.sql", "select id from device where id = 1;\ntruncate device;\nSELECT pg_sleep(30);\nDROP TABLE device")
	_, passed, _, _ := merge(statements, mostQueries, nil, false)
	got := strings.Join(leftOut(append(passed, statements[2])), "\n")
	const want = `2 statements are left out, the first at w.sql:2: no index helps what neither selects nor changes rows by a condition (DROP, TRUNCATE)
1 statement is left out at w.sql:3: it reads no table but what the server tells of itself (pg_sleep)`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestUnread: what could not be looked at is counted, and told once for a reason.
func TestUnread(t *testing.T) {
	statements, _ := ParseWorkload("w.sql", "select 1;\n"+strings.Repeat("selec 1;\n", 8))
	_, _, unread, _ := merge(statements, mostQueries, nil, false)
	notes := unreadNotes(unread)
	if len(unread) != 8 || len(notes) != 1 || !strings.HasPrefix(notes[0], "w.sql:2, w.sql:3, w.sql:4, w.sql:5, w.sql:6, w.sql:7 and 2 more: does not parse") {
		t.Errorf("%d unread, notes %q", len(unread), notes)
	}
	var out strings.Builder
	if err := (&Report{Left: 3, Catalog: &Catalog{}}).Text(&out, nil); err != nil || !strings.HasPrefix(out.String(), "0 of 3 statements looked at") {
		t.Errorf("%v: %s", err, out.String())
	}
}

// TestToldErrors: what a message quotes of a statement is left out, and what it quotes of the server is not. A look at the server alone, as
// this tool takes one, is no statement of a workload.
func TestToldErrors(t *testing.T) {
	for code, texts := range map[string][2]string{
		"22021": {`invalid byte sequence for encoding "UTF8": 0xff`, `invalid byte sequence for encoding "UTF8": 0xff (22021)`},
		"42601": {`unterminated quoted string at or near "'secret"`, `unterminated quoted string at or near "'…" (42601)`},
		"22P02": {`invalid input syntax for type integer: "secret"`, `invalid input syntax for type integer: "…" (22P02)`},
	} {
		if got := told(refused{&pgconn.PgError{Code: code, Message: texts[0]}}, false); got != texts[1] {
			t.Errorf("%s is told as %s", texts[0], got)
		}
	}
	for _, text := range []string{"SELECT pg_backend_pid()", "SELECT pg_sleep($1)"} {
		if !aboutCatalog.MatchString(text) {
			t.Errorf("%s counts as a statement of the workload", text)
		}
	}
}

// TestRunnable: what pg_stat_statements wrote is no SQL where a constant began with its type, or extract named a field.
func TestRunnable(t *testing.T) {
	for _, test := range []struct{ given, want string }{
		{"select id from t where eta = date $1 and ip <<= inet $2", "select id from t where eta = $1::date and ip <<= $2::inet"},
		{"select at + interval $1 > timestamp $2 from t", "select at + $1::interval > $2::timestamp from t"},
		{"select INTERVAL $1 day to second, timestamp (3) with time zone $2", "select $1::INTERVAL day to second, $2::timestamp (3) with time zone"},
		{"select extract($1 from at) = $2, EXTRACT ( $3 FROM at) from t", "select date_part($1, at) = $2, date_part($3, at) from t"},
		{"select date from t where date > $1 and update_date = $2", "select date from t where date > $1 and update_date = $2"},
	} {
		got := runnable(test.given)
		if got != test.want {
			t.Errorf("%s\ngot  %s\nwant %s", test.given, got, test.want)
		}
	}
	view := &Statement{Where: fromView, Text: "select id,\n  name from device where serial = $1 and battery > $2 order by id limit $3"}
	if got, want := view.place(), "pg_stat_statements (select id, name from device where serial = $1 and battery > …)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
