package optimize

import (
	"strings"
	"testing"

	"github.com/fettlehq/fettle/pgsql"
)

// TestPartOfAllRows: an index of the rows in which a column is not null is the whole one where it is null nowhere.
func TestPartOfAllRows(t *testing.T) {
	for nulls, partial := range map[float64]bool{0: false, 0.01: false, 0.5: true} {
		parcel := &Table{
			ID: "parcel", Schema: "public", Name: "parcel", Kind: "r", Rows: 1e6, Pages: 1e4, Analysed: true,
			Columns: []*Column{{Name: "receiver", Type: "bigint", NullFrac: nulls}, {Name: "at", Type: "date", NotNull: true}},
		}
		catalog := &Catalog{byName: map[string]*Table{}, path: []string{"public"}}
		catalog.add(parcel)
		parsed, err := pgsql.Parse("SELECT receiver FROM parcel WHERE receiver IS NOT NULL AND at = '2026-01-01'")
		if err != nil {
			t.Fatal(err)
		}
		all := candidates(&Query{parsed: parsed, roles: pgsql.RolesOf(parsed, catalog)}, catalog)
		found := false
		for _, index := range all {
			found = found || strings.Contains(index.String(), "WHERE receiver IS NOT NULL")
		}
		if len(all) == 0 || found != partial {
			t.Errorf("of %v nulls: %v", nulls, all)
		}
	}
}

// TestPartOfTrue: what is true is t in Postgres and 1 in SQLite.
func TestPartOfTrue(t *testing.T) {
	for _, values := range [][]string{{"t", "f"}, {"1", "0"}} {
		product := &Table{Rows: 1e5, Columns: []*Column{{Name: "listed", Common: values, Frequencies: []float64{0.9, 0.1}, Distinct: 2}}}
		for where, want := range map[string]float64{"listed": 0.9, "NOT listed": 0.1, "listed = true": 0.9, "listed = false": 0.1} {
			if got := (&Index{Table: product, Where: where}).part(); got != want {
				t.Errorf("%s with %v: %v", where, values, got)
			}
		}
	}
}
