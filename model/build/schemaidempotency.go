package build

import "github.com/fettlehq/fettle/schema"

// keyTable is where the doors keep the answers to requests with an Idempotency-Key, for a day.
func keyTable() *schema.Table {
	return &schema.Table{
		Name: "idempotency_keys",
		Columns: []*schema.Column{
			{Name: "scope", Type: schema.Text}, // the viewer's id; of nobody the request's hash
			{Name: "name", Type: schema.Text},  // the key, as it was sent
			{Name: "request_hash", Type: schema.Text},
			{Name: "created_at", Type: schema.DateTime},
			{Name: "status", Type: schema.Integer, Null: true},
			{Name: "location", Type: schema.Text, Null: true},
			{Name: "etag", Type: schema.Text, Null: true},
			{Name: "body", Type: schema.Bytes, Null: true}, // null where it was too large
		},
		PrimaryKey: []string{"scope", "name"},
		Indexes:    []*schema.Index{{Name: "idempotency_keys_created_at_idx", Parts: []schema.IndexPart{{Column: "created_at"}}}},
	}
}
