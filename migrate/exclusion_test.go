package migrate

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fettlehq/fettle/schema"
)

// An exclusion refuses as rows are written, stops a migration that finds rows in its way, and outlives a rebuild.
func TestExclusionsHold(t *testing.T) {
	same := func(sql string) *schema.Predicate { return &schema.Predicate{SQLite: sql, Postgres: sql} }
	stays := func(columns ...*schema.Column) *schema.Table {
		return &schema.Table{Name: "stays", PrimaryKey: []string{"id"}, Columns: append([]*schema.Column{
			id(), {Name: "room", Type: schema.Text, Null: true}, {Name: "since", Type: schema.Date, Null: true}, {Name: "till", Type: schema.Date, Null: true}, {Name: "live", Type: schema.Integer},
		}, columns...)}
	}
	excluding := func(table *schema.Table, where *schema.Predicate) *schema.Schema {
		table.Exclusions = []*schema.Exclusion{{Name: "stays_excl", From: "since", Until: "till", Per: []string{"room"}, Where: where}}
		return &schema.Schema{Tables: []*schema.Table{table}}
	}
	free, all, live := &schema.Schema{Tables: []*schema.Table{stays()}}, excluding(stays(), nil), excluding(stays(), same("live = 1"))
	rebuilt := excluding(stays(&schema.Column{Name: "fee", Type: schema.Decimal, Digits: 9, Scale: 2, Default: &schema.Value{Text: "1"}}), same("live = 1"))
	rebuilt.Tables[0].Columns[4].Type = schema.BigInt
	rebuilt.Tables[0].Checks = []*schema.Check{{Name: "stays_check", That: *same("live >= 0")}}
	eachDialect(t, func(t *testing.T, d *database) {
		d.migrate(t, nil, free)
		row := func(n int, room, since, till string, live int) string {
			return strings.ReplaceAll(fmt.Sprintf("INSERT INTO stays (id, room, since, till, live) VALUES (%d, '%s', '%s', '%s', %d)", n, room, since, till, live), "''", "NULL")
		}
		d.exec(t, row(1, "a", "2030-01-01", "2030-01-05", 1), row(2, "a", "2030-01-04", "2030-01-06", 0))
		if err := d.try(free, all); err == nil || !strings.Contains(err.Error(), "stays_excl") {
			t.Fatalf("rows in the way do not stop the migration: %v", err)
		}
		maps.DeleteFunc(d.files, func(name string, _ *fstest.MapFile) bool { return strings.Contains(name, "excl") })
		d.migrate(t, free, live)
		for _, s := range []*schema.Schema{live, rebuilt} {
			if s == rebuilt {
				d.migrate(t, live, rebuilt)
			}
			refused := func(statement string) {
				t.Helper()
				if _, err := d.db.Exec(statement); err == nil || !strings.Contains(err.Error(), "stays_excl") {
					t.Errorf("%s: %v", statement, err)
				}
			}
			refused(row(3, "a", "2030-01-04", "2030-01-06", 1))
			refused(row(3, "a", "", "2030-01-02", 1))
			refused(row(3, "a", "2030-01-02", "", 1))
			refused(row(3, "a", "", "", 1))
			refused("UPDATE stays SET live = 1 WHERE id = 2")
			d.exec(t, row(3, "a", "2030-01-05", "2030-01-06", 1), row(4, "b", "2030-01-01", "", 1), row(5, "", "2030-01-01", "", 1), row(6, "", "2030-01-01", "", 1))
			refused(row(7, "b", "2035-01-01", "2035-01-02", 1))
			d.exec(t, row(7, "b", "2029-01-01", "2030-01-01", 1))
			refused("UPDATE stays SET till = '2030-01-02' WHERE id = 7")
			d.exec(t, "UPDATE stays SET till = '2029-01-02' WHERE id = 7", "DELETE FROM stays WHERE id > 2")
		}
	})
}
