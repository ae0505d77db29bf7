package build

import (
	"slices"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/schema"
)

// What keeps tenants apart in the database: a row repeats the id of its tenant, a foreign key between rows of tenants compares
// it, and what is unique is so within a tenant. An index whose first column is a reference to a row of a tenant needs no more.

// tenant adds the column that repeats the id of the tenant.
func (t *tableBuilder) tenant() {
	e := t.entity
	copied := e.TenantCopy()
	if copied == "" {
		return
	}
	by, from := "row_id", e.HistoryOf
	if e.TenantBy != nil {
		by, from = e.TenantBy.Column, e.TenantBy.Target
	}
	t.table.Columns = append(t.table.Columns, &schema.Column{
		Name: copied, Type: schema.UUID, Null: e.HistoryOf != nil, // entries outlive their row, and nobody knows then
		Copied: &schema.Copied{By: by, Table: from.Table, Column: from.TenantColumn},
	})
}

// ofTenant tells whether one of the fields says to which tenant a row belongs.
func ofTenant(fields []*model.Field) bool {
	return slices.ContainsFunc(fields, func(f *model.Field) bool {
		return f.Kind == model.Ref && !f.Null && f.Target.TenantColumn != "" && !isComputed(f)
	})
}

// outside tells whether what is about some fields need not name the tenant: there is none, or they do.
func (t *tableBuilder) outside(fields []*model.Field) bool {
	return t.entity.TenantColumn == "" || t.entity.TenantColumn == "id" || ofTenant(fields)
}

// prefixed is the parts of an index of these fields, with the tenant first.
func (t *tableBuilder) prefixed(fields []*model.Field, parts []schema.IndexPart) []schema.IndexPart {
	if t.outside(fields) {
		return parts
	}
	return append([]schema.IndexPart{{Column: t.entity.TenantColumn}}, parts...)
}

// perTenant is the columns in which rows are equal that must not overlap.
func (t *tableBuilder) perTenant(fields []*model.Field) []string {
	if t.outside(fields) {
		return columns(fields)
	}
	return append([]string{t.entity.TenantColumn}, columns(fields)...)
}

// keepInTenant makes the key of the reference f compare tenants. A reference to the tenant itself beside the one by which the
// row belongs to it is compared by a check.
func (t *tableBuilder) keepInTenant(f *model.Field, key *schema.ForeignKey) *schema.ForeignKey {
	own, other := t.entity.TenantColumn, f.Target.TenantColumn
	switch {
	case own == "" || other == "" || f.Tenant || own == "id" && other == "id":
	case other == "id":
		sql := quote(f.Column) + " = " + quote(own)
		t.check(sqlName(t.table.Name, f.Column, "tenant_check"), schema.Predicate{SQLite: sql, Postgres: sql})
	default:
		key.Columns, key.To = []string{own, f.Column}, []string{other, "id"}
	}
	return key
}

// tenantKeys gives each table to which a foreign key refers by tenant and id a unique index of the two.
func tenantKeys(s *schema.Schema) {
	for _, t := range s.Tables {
		for _, k := range t.ForeignKeys {
			if len(k.To) < 2 {
				continue
			}
			target := s.Tables[slices.IndexFunc(s.Tables, func(t *schema.Table) bool { return t.Name == k.Table })]
			name := sqlName(target.Name, k.To[0], "id", "key")
			if !slices.ContainsFunc(target.Indexes, func(i *schema.Index) bool { return i.Name == name }) {
				target.Indexes = append(target.Indexes, &schema.Index{Name: name, Unique: true, Parts: []schema.IndexPart{{Column: k.To[0]}, {Column: "id"}}})
			}
		}
	}
}
