package optimize

import (
	"context"
	"testing"

	"github.com/fettlehq/fettle/pgsql"
)

// TestNotInOfWhatIsNotNull: NOT IN is NOT EXISTS where neither side can be null, be it by the table or by what the subquery asks.
func TestNotInOfWhatIsNotNull(t *testing.T) {
	catalog := &Catalog{byName: map[string]*Table{}, path: []string{"public"}}
	catalog.add(&Table{ID: "customer", Schema: "public", Name: "customer", Columns: []*Column{{Name: "id", Type: "bigint", NotNull: true}}})
	catalog.add(&Table{ID: "parcel", Schema: "public", Name: "parcel", Columns: []*Column{{Name: "receiver", Type: "bigint"}, {Name: "sender", Type: "bigint"}}})
	for condition, same := range map[string]bool{
		"":                           false,
		"WHERE receiver IS NOT NULL": true,
		"WHERE sender = 5 AND parcel.receiver > 7":      true,
		"WHERE sender IS NOT NULL":                      false,
		"WHERE receiver IS NOT NULL OR sender = 5":      false,
		"WHERE NOT (receiver IS NOT NULL)":              false,
		"WHERE receiver IS DISTINCT FROM sender":        false,
		"WHERE coalesce(receiver, 0) = 5 OR sender = 7": false,
	} {
		text := "SELECT id FROM customer WHERE id NOT IN (SELECT receiver FROM parcel " + condition + ")"
		parsed, err := pgsql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := takeApart(context.Background(), &run{catalog: catalog}, &Query{parsed: parsed}, text)
		if !ok {
			t.Fatal(text)
		}
		if w, matches := notIn(s); !matches || (w.differs == "") != same {
			t.Errorf("%q: matches %v, differs: %q", condition, matches, w.differs)
		}
	}
}
