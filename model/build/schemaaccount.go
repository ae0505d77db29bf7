package build

import "github.com/fettlehq/fettle/schema"

// accountSchema is what kit's accounts keep beside the entity that signs in: passwords, sessions and one-time tokens.
func accountSchema(accounts string) []*schema.Table {
	column := func(name string, t schema.Type) *schema.Column { return &schema.Column{Name: name, Type: t} }
	nullable := func(name string, t schema.Type) *schema.Column {
		return &schema.Column{Name: name, Type: t, Null: true}
	}
	owner := func(table string) []*schema.ForeignKey {
		return []*schema.ForeignKey{{
			Name: sqlName(table, "account_id", "fkey"), Columns: []string{"account_id"},
			Table: accounts, To: []string{"id"}, OnDelete: schema.Cascade,
		}}
	}
	index := func(table, name string) *schema.Index {
		return &schema.Index{Name: sqlName(table, name, "idx"), Parts: []schema.IndexPart{{Column: name}}}
	}
	return []*schema.Table{
		{
			Name: "account_credentials",
			Columns: []*schema.Column{
				column("account_id", schema.UUID), column("password_hash", schema.Text), nullable("verified_at", schema.DateTime),
				column("created_at", schema.DateTime), column("updated_at", schema.DateTime),
			},
			PrimaryKey:  []string{"account_id"},
			ForeignKeys: owner("account_credentials"),
		},
		{
			Name: "account_sessions",
			Columns: []*schema.Column{
				column("id", schema.UUID), column("account_id", schema.UUID), column("refresh_hash", schema.Text),
				nullable("previous_hash", schema.Text), column("created_at", schema.DateTime), column("refreshed_at", schema.DateTime),
				column("expires_at", schema.DateTime), nullable("revoked_at", schema.DateTime), column("user_agent", schema.Text),
			},
			PrimaryKey: []string{"id"},
			Indexes: []*schema.Index{
				index("account_sessions", "account_id"),
				index("account_sessions", "previous_hash"),
				{Name: "account_sessions_refresh_hash_key", Unique: true, Parts: []schema.IndexPart{{Column: "refresh_hash"}}},
			},
			ForeignKeys: owner("account_sessions"),
		},
		{
			Name: "account_tokens",
			Columns: []*schema.Column{
				column("hash", schema.Text), column("account_id", schema.UUID), column("purpose", schema.Text),
				column("created_at", schema.DateTime), column("expires_at", schema.DateTime), nullable("used_at", schema.DateTime),
			},
			PrimaryKey:  []string{"hash"},
			Indexes:     []*schema.Index{index("account_tokens", "account_id")},
			ForeignKeys: owner("account_tokens"),
		},
	}
}
