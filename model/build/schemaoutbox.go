package build

import (
	"slices"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/schema"
)

// tells tells whether a module has events of its own.
func tells(m *model.Module) bool { return slices.ContainsFunc(m.Events, told) }

// outboxTable is where kit/query leaves the events of operations, until they are delivered. Of two of one key that which was
// committed first has the smaller position.
func outboxTable(m *model.Model) *schema.Table {
	t := &schema.Table{
		Name: "outbox",
		Columns: []*schema.Column{
			{Name: "position", Type: schema.BigInt, Numbered: true},
			{Name: "id", Type: schema.UUID},                      // by which whoever hears of it twice knows
			{Name: "event", Type: schema.Text},                   // "OrderPlaced"
			{Name: "key", Type: schema.Text, Null: true},         // those with one key keep their order
			{Name: "payload", Type: schema.JSON},                 // the fields, as the doors show them
			{Name: "created_at", Type: schema.DateTime},          // when its transaction began
			{Name: "traceparent", Type: schema.Text, Null: true}, // W3C Trace Context of the request
			{Name: "tracestate", Type: schema.Text, Null: true},
		},
		PrimaryKey: []string{"position"},
		Indexes: []*schema.Index{
			{Name: "outbox_id_key", Unique: true, Parts: []schema.IndexPart{{Column: "id"}}},
			{Name: "outbox_key_position_idx", Parts: []schema.IndexPart{{Column: "key"}, {Column: "position"}}},
		},
	}
	if m.Tenant != nil {
		t.Columns = append(t.Columns, &schema.Column{Name: "tenant_id", Type: schema.UUID, Null: true})
	}
	return t
}
