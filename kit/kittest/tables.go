package kittest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Tables makes the tables of a resolved backend in an empty database, with keys, indexes on references, unique indexes and
// searches, as the tool's own migrations would, and the runtime's own but for those of accounts. constraints adds table
// constraints in SQL, by table, and says by the name of an exclusion of which rows it is.
//
// It is for backends that a test writes by hand; a generated service has its migrations.
func Tables(tb testing.TB, db sqldb.Database, b *meta.Backend, constraints map[string][]string) {
	tb.Helper()
	t := tables{postgres: db.Dialect() == sqldb.Postgres}
	for _, e := range b.Entities {
		t.entity(b, e, constraints[e.Table])
		for i := range e.Excludes {
			t.exclusion(e, &e.Excludes[i], constraints[e.Excludes[i].Name])
		}
	}
	t.joins(b)
	t.searches(b)
	t.runtime()
	statements := slices.Concat(t.create, t.keys, t.indexes)
	err := db.Write(context.Background(), func(c sqldb.Conn) error {
		for _, s := range statements {
			if _, err := c.Exec(context.Background(), s); err != nil {
				return fmt.Errorf("%s: %w", s, err)
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// Fields are those that every entity has unsaid, id, createdAt, updatedAt and version, and then its own.
func Fields(own ...*meta.Field) []*meta.Field {
	return append([]*meta.Field{
		{Name: "id", Kind: meta.ID, Column: "id", Auto: true},
		{Name: "createdAt", Kind: meta.DateTime, Column: "created_at", Auto: true},
		{Name: "updatedAt", Kind: meta.DateTime, Column: "updated_at", Auto: true},
		{Name: "version", Kind: meta.Int64, Column: "version", Auto: true},
	}, own...)
}

type tables struct {
	postgres              bool
	create, keys, indexes []string
}

func (t *tables) entity(b *meta.Backend, e *meta.Entity, constraints []string) {
	var parts []string
	for _, f := range e.Columns() {
		switch f.Kind {
		case meta.Value:
			for _, part := range f.Fields {
				parts = append(parts, t.column(part, f.Null))
			}
		default:
			parts = append(parts, t.column(f, false)+t.reference(e, f))
		}
	}
	if e.SoftDelete {
		parts = append(parts, t.column(&meta.Field{Kind: meta.DateTime, Null: true, Column: meta.DeletedAt}, true))
	}
	if copied := e.TenantCopy(); copied != "" {
		parts = append(parts, t.column(&meta.Field{Kind: meta.ID, Column: copied}, false))
	}
	if !t.postgres {
		parts = append(parts, t.inTenant(e)...)
	}
	parts = append(parts, constraints...)
	t.create = append(t.create, "CREATE TABLE "+name(e.Table)+" ("+strings.Join(parts, ", ")+")")
	if e.TenantColumn != "" && e.TenantColumn != "id" {
		t.create = append(t.create, fmt.Sprintf("CREATE UNIQUE INDEX %s_tenant_key ON %s (%s, id)", e.Table, name(e.Table), name(e.TenantColumn)))
	}
	among := ""
	if e.SoftDelete {
		among = " WHERE " + meta.DeletedAt + " IS NULL"
	}
	for _, u := range e.Uniques {
		var columns []string
		if e.TenantColumn != "" && e.TenantColumn != "id" {
			columns = append(columns, name(e.TenantColumn))
		}
		for _, field := range u.Fields {
			column := name(e.Field(field).Column)
			if u.IgnoreCase {
				column = "lower(" + column + ")"
			}
			columns = append(columns, column)
		}
		t.indexes = append(t.indexes, "CREATE UNIQUE INDEX "+u.Name+" ON "+name(e.Table)+" ("+strings.Join(columns, ", ")+")"+among)
	}
}

// exclusion keeps spans apart, as package migrate of the tool does: by a constraint, or by two triggers.
func (t *tables) exclusion(e *meta.Entity, x *meta.Exclusion, conditions []string) {
	if e.SoftDelete {
		conditions = append(slices.Clone(conditions), meta.DeletedAt+" IS NULL")
	}
	where := strings.Join(append([]string{"TRUE"}, conditions...), " AND ")
	from, until := e.Field(x.From), e.Field(x.Until)
	if t.postgres {
		var parts []string
		if e.TenantColumn != "" {
			parts = append(parts, name(e.TenantColumn)+" WITH =")
		}
		for _, per := range x.Per {
			parts = append(parts, name(e.Field(per).Column)+" WITH =")
		}
		spans := map[meta.Kind]string{meta.DateTime: "tstzrange", meta.Date: "daterange"}[from.Kind]
		parts = append(parts, spans+"("+name(from.Column)+", "+name(until.Column)+") WITH &&")
		t.keys = append(t.keys, "CREATE EXTENSION IF NOT EXISTS btree_gist",
			"ALTER TABLE "+name(e.Table)+" ADD CONSTRAINT "+x.Name+" EXCLUDE USING gist ("+strings.Join(parts, ", ")+") WHERE ("+where+")")
		return
	}
	mine := "id = new.id"
	overlap := []string{
		"NOT " + mine, where, "EXISTS (SELECT 1 FROM " + name(e.Table) + " WHERE " + mine + " AND " + where + ")",
		name(until.Column) + " > new." + name(from.Column) + " OR " + name(until.Column) + " IS NULL OR new." + name(from.Column) + " IS NULL",
		name(from.Column) + " < new." + name(until.Column) + " OR " + name(from.Column) + " IS NULL OR new." + name(until.Column) + " IS NULL",
	}
	if e.TenantColumn != "" {
		overlap = append(overlap, name(e.TenantColumn)+" = new."+name(e.TenantColumn))
	}
	for _, per := range x.Per {
		overlap = append(overlap, name(e.Field(per).Column)+" = new."+name(e.Field(per).Column))
	}
	for _, verb := range []string{"insert", "update"} {
		t.keys = append(t.keys, fmt.Sprintf("CREATE TRIGGER %s_%s AFTER %[2]s ON %s BEGIN SELECT RAISE(ABORT, 'EXCLUSION constraint failed: %[1]s') FROM %[3]s WHERE (%s); END",
			x.Name, verb, name(e.Table), strings.Join(overlap, ") AND (")))
	}
}

func (t *tables) column(f *meta.Field, null bool) string {
	text := name(f.Column) + " " + t.columnType(f)
	switch {
	case f.Name == "id" && f.Kind == meta.ID:
		return text + " PRIMARY KEY NOT NULL"
	case f.Null || null:
		return text
	}
	return text + " NOT NULL"
}

// inTenant is the foreign keys that keep the references of e in its tenant.
func (t *tables) inTenant(e *meta.Entity) (keys []string) {
	for _, f := range e.Columns() {
		if key := t.ofTenant(e, f); key != "" {
			keys = append(keys, key)
		}
	}
	return keys
}

// ofTenant is the foreign key that keeps f in the tenant of its row; empty where there is none to keep it in.
func (t *tables) ofTenant(e *meta.Entity, f *meta.Field) string {
	if f.Kind != meta.Reference || e.Owner() != nil || e.TenantColumn == "" || f.Target().TenantColumn == "" || f.Column == e.TenantColumn {
		return ""
	}
	return fmt.Sprintf("FOREIGN KEY (%s, %s) REFERENCES %s (%s, id)", name(e.TenantColumn), name(f.Column), name(f.Target().Table), name(f.Target().TenantColumn))
}

// reference is the foreign key of f: on PostgreSQL added when all tables stand.
func (t *tables) reference(e *meta.Entity, f *meta.Field) string {
	table, does := e.Table, ""
	switch {
	case f.Kind != meta.Reference, e.Owner() != nil && (f.Name != meta.HistoryRow || !e.Owner().SoftDelete):
		return ""
	case e.Owner() != nil:
		does = " ON DELETE CASCADE"
	case f.OnDelete == meta.Cascade && !f.Target().SoftDelete, f.OnGone == meta.Cascade:
		does = " ON DELETE CASCADE"
	}
	t.indexes = append(t.indexes, fmt.Sprintf("CREATE INDEX %s_%s_idx ON %s (%s)", table, f.Column, name(table), name(f.Column)))
	if !t.postgres {
		return " REFERENCES " + name(f.Target().Table) + " (id)" + does
	}
	if key := t.ofTenant(e, f); key != "" {
		t.keys = append(t.keys, fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s_%s_tenant_fkey %s", name(table), table, f.Column, key))
	}
	t.keys = append(t.keys, fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s_%s_fkey FOREIGN KEY (%s) REFERENCES %s (id)%s",
		name(table), table, f.Column, name(f.Column), name(f.Target().Table), does))
	return ""
}

func (t *tables) joins(b *meta.Backend) {
	seen := map[string]bool{}
	for _, e := range b.Entities {
		seen[e.Table] = true
	}
	id := "TEXT"
	if t.postgres {
		id = "uuid"
	}
	for _, e := range b.Entities {
		for _, f := range e.Fields {
			if f.Kind != meta.List || f.Join == nil || seen[f.Join.Table] {
				continue
			}
			seen[f.Join.Table] = true
			both := ""
			if column := f.Join.Tenant; column != "" {
				key := ", FOREIGN KEY (%s, %s) REFERENCES %s (%s, id) ON DELETE CASCADE"
				both = fmt.Sprintf(", %s %s NOT NULL", name(column), id) +
					fmt.Sprintf(key, name(column), name(f.Join.From), name(e.Table), name(e.TenantColumn)) +
					fmt.Sprintf(key, name(column), name(f.Join.To), name(f.Target().Table), name(f.Target().TenantColumn))
			}
			t.create = append(t.create, fmt.Sprintf(
				"CREATE TABLE %[1]s (%[2]s %[4]s NOT NULL REFERENCES %[5]s (id) ON DELETE CASCADE, %[3]s %[4]s NOT NULL REFERENCES %[6]s (id) ON DELETE CASCADE%[7]s, PRIMARY KEY (%[2]s, %[3]s))",
				name(f.Join.Table), name(f.Join.From), name(f.Join.To), id, name(e.Table), name(f.Target().Table), both))
			t.indexes = append(t.indexes, fmt.Sprintf("CREATE INDEX %s_%s_idx ON %s (%s)", f.Join.Table, f.Join.To, name(f.Join.Table), name(f.Join.To)))
		}
	}
}

// runtime makes what package query keeps for itself.
func (t *tables) runtime() {
	number := t.columnType(&meta.Field{Kind: meta.Int64})
	t.create = append(t.create, "CREATE TABLE number_counters (counter TEXT NOT NULL, parent TEXT NOT NULL, last "+number+" NOT NULL, PRIMARY KEY (counter, parent))")
	instant, bytes := t.columnType(&meta.Field{Kind: meta.DateTime}), t.columnType(&meta.Field{Kind: meta.Bytes})
	t.create = append(t.create, "CREATE TABLE idempotency_keys (scope TEXT NOT NULL, name TEXT NOT NULL, request_hash TEXT NOT NULL, created_at "+instant+
		" NOT NULL, status "+number+", location TEXT, etag TEXT, body "+bytes+", PRIMARY KEY (scope, name))")
	id, position := t.columnType(&meta.Field{Kind: meta.ID}), "INTEGER"
	if t.postgres {
		position = "bigint GENERATED ALWAYS AS IDENTITY"
	}
	t.create = append(t.create, "CREATE TABLE outbox (position "+position+" PRIMARY KEY, id "+id+" NOT NULL, event TEXT NOT NULL, key TEXT, payload "+
		t.columnType(&meta.Field{Kind: meta.JSON})+" NOT NULL, created_at "+instant+" NOT NULL, traceparent TEXT, tracestate TEXT, tenant_id "+id+")")
	t.indexes = append(t.indexes, "CREATE INDEX idempotency_keys_created_at_idx ON idempotency_keys (created_at)")
}

func (t *tables) columnType(f *meta.Field) string {
	if f.Repeated {
		if !t.postgres {
			return "TEXT"
		}
		one := *f
		one.Repeated = false
		return t.columnType(&one) + "[]"
	}
	pair := func(sqlite, postgres string) string {
		if t.postgres {
			return postgres
		}
		return sqlite
	}
	switch f.Kind {
	case meta.ID, meta.UUID, meta.Reference:
		return pair("TEXT", "uuid")
	case meta.Int:
		return "INTEGER"
	case meta.Int64, meta.Duration:
		return pair("INTEGER", "bigint")
	case meta.Float:
		return pair("REAL", "double precision")
	case meta.Boolean:
		return pair("INTEGER", "boolean")
	case meta.Decimal:
		digits, scale := f.Digits, f.Scale
		if digits == 0 && scale == 0 {
			digits, scale = 19, 4
		}
		return pair("INTEGER", fmt.Sprintf("numeric(%d, %d)", digits, scale))
	case meta.DateTime:
		return pair("INTEGER", "timestamptz")
	case meta.Date:
		return pair("TEXT", "date")
	case meta.Time:
		return pair("TEXT", "time")
	case meta.JSON:
		return pair("TEXT", "jsonb")
	case meta.Bytes:
		return pair("BLOB", "bytea")
	}
	return "TEXT"
}

func name(text string) string { return `"` + text + `"` }
