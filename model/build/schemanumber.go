package build

import (
	"slices"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/schema"
)

// isNext tells whether a default numbers the rows.
func isNext(x *model.Expr) bool { return x != nil && x.Op == model.Call && x.Name == "next" }

func isNumbered(e *model.Entity) bool {
	return slices.ContainsFunc(e.Fields, func(f *model.Field) bool { return isNext(f.Default) })
}

// counterTable is where kit/query keeps the last number that each parent's rows were given.
func counterTable() *schema.Table {
	return &schema.Table{
		Name: "number_counters",
		Columns: []*schema.Column{
			{Name: "counter", Type: schema.Text}, // "issues.number"
			{Name: "parent", Type: schema.Text},  // its id; empty without one
			{Name: "last", Type: schema.BigInt},
		},
		PrimaryKey: []string{"counter", "parent"},
	}
}
