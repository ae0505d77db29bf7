package optimize

import (
	"fmt"
	"strings"
	"testing"
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
	queries, _, notes := merge(statements, nil, false)
	if len(queries) != 2 || queries[0].Calls != lines || queries[0].texts != lines || len(notes) > 0 {
		t.Errorf("%d queries, the first of %v calls, notes %v", len(queries), queries[0].Calls, notes)
	}
}

// TestLeftOut: what is not looked at is not passed over in silence.
func TestLeftOut(t *testing.T) {
	statements, _ := ParseWorkload("w.sql", "select id from device where id = 1;\ntruncate device;\nSELECT pg_sleep(30);\nDROP TABLE device")
	_, passed, _ := merge(statements, nil, false)
	got := strings.Join(leftOut(append(passed, statements[2])), "\n")
	const want = `2 statements are left out, the first at w.sql:2: no index helps what neither selects nor changes rows by a condition (DROP, TRUNCATE)
1 statement is left out at w.sql:3: it reads no table but what the server tells of itself (pg_sleep)`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
