package optimize

import (
	"slices"
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

// Indexes of one column by other operator classes have names of their own: both have to be there for one to be tried beside the other.
func TestNamesTellOperatorClasses(t *testing.T) {
	name := func(class string) string {
		return (&Index{Table: &Table{Name: "things", ID: "things"}, Method: "gin", Keys: []Key{{Column: "attrs", Class: class}}}).Name()
	}
	if whole, paths := name(""), name("jsonb_path_ops"); whole != "things_attrs_gin_idx" || paths != "things_attrs_jsonb_path_gin_idx" {
		t.Errorf("they are called %s and %s", whole, paths)
	}
}

// Tables of one name are told apart by their schemas, so that advice on each has an id of its own.
func TestNamesTellSchemas(t *testing.T) {
	c := &Catalog{byName: map[string]*Table{}}
	var names []string
	for _, table := range []*Table{{Schema: "public", Name: "tracks", ID: "tracks"}, {Schema: "ops", Name: "tracks", ID: "ops.tracks"}, {Schema: "ops", Name: "cars", ID: "ops.cars"}} {
		c.add(table)
	}
	for _, table := range c.Tables {
		names = append(names, (&Index{Table: table, Method: "btree", Keys: []Key{{Column: "code"}}}).Name())
	}
	if want := []string{"tracks_code_idx", "ops_tracks_code_idx", "cars_code_idx"}; !slices.Equal(names, want) {
		t.Errorf("they are called %q, not %q", names, want)
	}
}

// Names that can be read in two ways are told apart, so that each advice has an id of its own and each index can be made.
func TestNamesTellWhereTheyArePutTogether(t *testing.T) {
	c := &Catalog{byName: map[string]*Table{}}
	columns := func(names ...string) (out []*Column) {
		for _, name := range names {
			out = append(out, &Column{Name: name})
		}
		return out
	}
	order := &Table{Schema: "public", Name: "order_item", ID: "order_item", Columns: columns("price", "at")}
	c.add(order)
	item := &Table{Schema: "public", Name: "order", ID: `"order"`, Columns: columns("item", "price", "item_price", "lower_item")}
	c.add(item)
	seen := map[string]string{}
	for _, index := range []*Index{
		{Table: order, Keys: []Key{{Column: "price"}}},
		{Table: item, Keys: []Key{{Column: "item"}, {Column: "price"}}},
		{Table: item, Keys: []Key{{Column: "item_price"}}},
		{Table: item, Keys: []Key{{Column: "lower_item"}}},
		{Table: item, Keys: []Key{{Expr: "lower(item)"}}},
		{Table: item, Keys: []Key{{Column: "item"}}},
		{Table: order, Keys: []Key{{Column: "at"}}},
	} {
		index.Method = "btree"
		name := index.Name()
		if seen[name] != "" {
			t.Errorf("%s and %s are both called %s", seen[name], index, name)
		}
		seen[name] = index.String()
	}
	for _, plain := range []string{"order_item_price_idx", "order_item_idx", "order_lower_item_idx", "order_item_at_idx"} {
		if seen[plain] == "" {
			t.Errorf("none is called %s: %v", plain, seen)
		}
	}
}
