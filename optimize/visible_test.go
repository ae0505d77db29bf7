package optimize_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/internal/pgtest"
)

// The rows of each table are visible to all once it was vacuumed, whatever numbers the transactions have that wrote them: else a case plans
// otherwise when another test comes before it.
func TestVacuumedRowsAreVisible(t *testing.T) {
	url := pgtest.New(t)
	var text strings.Builder
	for i := range 40 {
		fmt.Fprintf(&text, "CREATE TABLE t%d AS SELECT i FROM generate_series(1, 1000) i; ", i)
	}
	for i := range 40 {
		fmt.Fprintf(&text, "VACUUM ANALYZE t%d; ", i)
	}
	must(t, url, text.String())
	conn, err := pgx.Connect(context.Background(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is left to lose
	var hidden int
	if err := conn.QueryRow(context.Background(), "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relname ~ '^t[0-9]+$' AND relallvisible < relpages").Scan(&hidden); err != nil {
		t.Fatal(err)
	}
	if hidden > 0 {
		t.Errorf("%d tables of 40 have rows that are not visible to all", hidden)
	}
}
