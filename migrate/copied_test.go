package migrate

import (
	"encoding/json"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/fettlehq/fettle/schema"
)

// tenants is a pair of schemas, without tenants and with them.
func tenants(t *testing.T) (without, with *schema.Schema) {
	archive, err := txtar.ParseFile("testdata/add_tenant.txtar")
	if err != nil {
		t.Fatal(err)
	}
	without, with = &schema.Schema{}, &schema.Schema{}
	for i, s := range []*schema.Schema{without, with} {
		if err := json.Unmarshal(archive.Files[i].Data, s); err != nil {
			t.Fatal(err)
		}
	}
	return without, with
}

// key is an id that both databases take.
func key(n string) string { return "'00000000-0000-7000-8000-00000000000" + n + "'" }

// rowsOfTwo are two workspaces with a project each, and what belongs to those.
func rowsOfTwo(d *database, t *testing.T) {
	changes := map[string]string{"sqlite": "0, 'UPDATE', '{}'", "postgres": "now(), 'UPDATE', '{}'"}[d.dialect]
	d.exec(t,
		"INSERT INTO workspaces (id, handle) VALUES ("+key("1")+", 'one'), ("+key("2")+", 'two')",
		"INSERT INTO projects (id, workspace_id, name) VALUES ("+key("3")+", "+key("1")+", 'a'), ("+key("4")+", "+key("2")+", 'b')",
		"UPDATE workspaces SET home_id = "+key("4")+" WHERE handle = 'two'",
		"INSERT INTO projects_history (id, row_id, at, verb, changes) VALUES ("+key("1")+", "+key("4")+", "+changes+"), ("+key("2")+", "+key("9")+", "+changes+")",
		"INSERT INTO statuses (id, project_id, name) VALUES ("+key("5")+", "+key("3")+", 'open'), ("+key("6")+", "+key("4")+", 'done')",
		"INSERT INTO issues (id, project_id, status_id) VALUES ("+key("7")+", "+key("3")+", "+key("5")+"), ("+key("8")+", "+key("4")+", "+key("6")+")",
		"INSERT INTO labels (id, project_id) VALUES ("+key("1")+", "+key("4")+")",
		"INSERT INTO issue_labels (issue_id, label_id) VALUES ("+key("8")+", "+key("1")+")",
	)
}

// What there was before there were tenants belongs to the one that it reaches, and nothing crosses any more.
func TestOldRowsBelongToTheirTenant(t *testing.T) {
	without, with := tenants(t)
	eachDialect(t, func(t *testing.T, d *database) {
		d.migrate(t, nil, without)
		rowsOfTwo(d, t)
		d.exec(t, "UPDATE issues SET parent_id = "+key("7")+" WHERE id = "+key("7"))
		d.migrate(t, without, with)
		last := func(id string) string { return strings.Trim(key(id), "'") }
		d.want(t, "SELECT id, tenant_id FROM issues ORDER BY id", last("7")+"|"+last("1")+"\n"+last("8")+"|"+last("2"))
		d.want(t, "SELECT id, tenant_id FROM statuses ORDER BY id", last("5")+"|"+last("1")+"\n"+last("6")+"|"+last("2"))
		d.want(t, "SELECT tenant_id FROM issue_labels", last("2"))
		d.want(t, "SELECT id, tenant_id FROM projects_history ORDER BY id", last("1")+"|"+last("2")+"\n"+last("2")+"|")
		for _, statement := range []string{
			"UPDATE issues SET status_id = " + key("6") + " WHERE id = " + key("7"),
			"UPDATE issues SET tenant_id = " + key("2") + " WHERE id = " + key("7"),
			"UPDATE projects SET workspace_id = " + key("2") + " WHERE id = " + key("3"),
			"UPDATE workspaces SET home_id = " + key("4") + " WHERE handle = 'one'",
			"INSERT INTO issue_labels (issue_id, label_id, tenant_id) VALUES (" + key("7") + ", " + key("1") + ", " + key("1") + ")",
			"UPDATE issues SET parent_id = " + key("8") + " WHERE id = " + key("7"),
		} {
			if _, err := d.db.Exec(statement); err == nil || !strings.Contains(strings.ToLower(err.Error()), "foreign key") {
				t.Errorf("%s: %v", statement, err)
			}
		}
		d.exec(t, "INSERT INTO issues (id, project_id, status_id, parent_id, tenant_id) VALUES ("+key("9")+", "+key("3")+", "+key("5")+", "+key("7")+", "+key("1")+")")
		d.exec(t, "UPDATE issues SET parent_id = NULL WHERE id = "+key("7"), "DELETE FROM issues WHERE id = "+key("7"))
		d.want(t, "SELECT parent_id, tenant_id FROM issues WHERE id = "+key("9"), "|"+last("1"))
		d.migrate(t, with, without)
		d.want(t, "SELECT count(*) FROM issues", "2")
	})
}

// Rows that refer to those of another tenant stop the migration before it has changed anything.
func TestRowsThatCrossStopTheMigration(t *testing.T) {
	without, with := tenants(t)
	for _, cross := range []string{
		"UPDATE issues SET status_id = " + key("6") + " WHERE id = " + key("7"),
		"UPDATE issues SET parent_id = " + key("8") + " WHERE id = " + key("7"),
		"UPDATE workspaces SET home_id = " + key("4"),
		"INSERT INTO issue_labels (issue_id, label_id) VALUES (" + key("7") + ", " + key("1") + ")",
	} {
		eachDialect(t, func(t *testing.T, d *database) {
			d.migrate(t, nil, without)
			rowsOfTwo(d, t)
			d.exec(t, cross)
			err := d.try(without, with)
			want := map[string]string{"sqlite": "a foreign key names a row that is not there", "postgres": "to one that has another"}[d.dialect]
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v", cross, err)
			}
			if _, err := d.db.Exec("SELECT tenant_id FROM issues"); err == nil {
				t.Errorf("%s: half of it is done", cross)
			}
		})
	}
}
