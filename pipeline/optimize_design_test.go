package pipeline

import (
	"strings"
	"testing"

	"github.com/fettlehq/fettle/optimize"
)

func TestIndexesOfADesignAreEditsOfIt(t *testing.T) {
	checked, err := Check("../examples/shop")
	if err != nil || len(checked.Problems) > 0 {
		t.Fatal(err, checked.Problems)
	}
	orders := &optimize.Table{Name: "orders", ID: "orders"}
	key := func(columns ...string) (keys []optimize.Key) {
		for _, column := range columns {
			keys = append(keys, optimize.Key{Column: column, Desc: true})
		}
		return keys
	}
	for _, c := range []struct {
		index *optimize.Index
		want  string // empty: it stays SQL
	}{
		{&optimize.Index{Table: orders, Method: "btree", Keys: key("updated_at", "status")}, "@index(fields: [updatedAt, status])"},
		{&optimize.Index{Table: orders, Method: "btree", Keys: key("created_at"), Where: "status = 'PLACED'"}, `@index(fields: [createdAt], when: "status == PLACED")`},
		{&optimize.Index{Table: orders, Method: "btree", Keys: key("updated_at", "buyer_id")}, "@index(fields: [updatedAt, buyer])"},
		{&optimize.Index{Table: orders, Method: "btree", Keys: key("status", "created_at")}, ""}, // the design has it: the database lacks it
		{&optimize.Index{Table: orders, Method: "btree", Keys: key("buyer_id")}, ""},
		{&optimize.Index{Table: orders, Method: "gin", Keys: key("status")}, ""},
		{&optimize.Index{Table: orders, Method: "btree", Keys: []optimize.Key{{Expr: "lower(status)"}}}, ""},
		{&optimize.Index{Table: orders, Method: "btree", Keys: key("status"), Include: []string{"created_at"}}, ""},
		{&optimize.Index{Table: orders, Method: "btree", Keys: key("no_such_column")}, ""},
		{&optimize.Index{Table: &optimize.Table{Name: "foreign_table"}, Method: "btree", Keys: key("status")}, ""},
	} {
		report := &optimize.Report{Advice: []*optimize.Advice{{Change: "SQL", Migration: "SQL", Indexes: []*optimize.Index{c.index}}}}
		intoDesign(checked.Model, report)
		a := report.Advice[0]
		switch {
		case c.want == "" && (a.Change != "SQL" || a.Migration != "SQL"):
			t.Errorf("%v became %s", c.index.Keys, a.Change)
		case c.want != "" && (!strings.HasSuffix(a.Change, c.want) || !strings.Contains(a.Change, ".graphql:") || a.Migration != ""):
			t.Errorf("%v became %s, not %s", c.index.Keys, a.Change, c.want)
		}
	}
}
