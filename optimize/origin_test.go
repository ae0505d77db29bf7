package optimize_test

import (
	"testing"

	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
)

// A copy beside the database on the primary's server is another database than what a replica follows.
func TestOriginsAreOfDatabases(t *testing.T) {
	var origins []string
	one, other := pgtest.New(t), pgtest.New(t)
	for _, url := range []string{one, one, other} {
		origin, err := optimize.OriginOf(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		origins = append(origins, origin)
	}
	if origins[0] != origins[1] || origins[0] == origins[2] {
		t.Errorf("the database is %q and %q, another one %q", origins[0], origins[1], origins[2])
	}
}
