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
