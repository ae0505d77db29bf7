package optimize_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
)

const underPolicies = `CREATE EXTENSION hypopg;
	CREATE TABLE invoices (id bigint PRIMARY KEY, tenant_id int NOT NULL, at timestamptz NOT NULL, total numeric NOT NULL, note text NOT NULL);
	INSERT INTO invoices SELECT i, i % 400, timestamptz '2024-01-01' + i * interval '1 minute', i, repeat('x', 100) FROM generate_series(1, 100000) i;
	ALTER TABLE invoices ENABLE ROW LEVEL SECURITY;
	CREATE POLICY of_tenant ON invoices USING (tenant_id = current_setting('app.tenant')::int);
	DO $$ BEGIN CREATE ROLE teller LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
	GRANT SELECT ON invoices TO teller;
	CHECKPOINT; VACUUM ANALYZE invoices;`

// as is a URL with another user, and more.
func as(t *testing.T, address, user, more string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User(user)
	return u.String() + more
}

// What policies ask of a role is asked by each of its statements, so that the index leads with it: planned and measured as that role.
func TestPoliciesAreAsked(t *testing.T) {
	database, clone := pgtest.New(t), pgtest.New(t)
	must(t, database, underPolicies)
	must(t, clone, underPolicies)
	for name, c := range map[string]struct{ database, clone, change, note, none string }{
		"planned": {
			as(t, database, "teller", "&options=-c%20app.tenant%3D7"), "",
			"CREATE INDEX ON invoices (tenant_id, at DESC)", "", "app.tenant, which",
		},
		"measured": {
			as(t, database, "teller", "&options=-c%20app.tenant%3D7"), clone,
			"CREATE INDEX ON invoices (tenant_id, at DESC)", "", "app.tenant, which",
		},
		"no setting": {
			as(t, database, "teller", ""), clone,
			"CREATE INDEX ON invoices (tenant_id, at DESC)",
			"policy of_tenant of invoices asks for the setting app.tenant, which this session does not have: statements are planned with a value of invoices.tenant_id", "",
		},
		"not under them": {
			database, clone,
			"", "row-level security: postgres is not under the policies of invoices (of_tenant), so statements are planned without their conditions", "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := optimize.Run(t.Context(), optimize.Options{Database: c.database, Clone: c.clone, Statements: []*optimize.Statement{
				{Text: "SELECT * FROM invoices ORDER BY at DESC LIMIT 20", Calls: 1000, Day: 100_000},
			}})
			if err != nil {
				t.Fatal(err)
			}
			notes := strings.Join(report.Notes, "\n")
			if !strings.Contains(notes, c.note) || c.none != "" && strings.Contains(notes, c.none) {
				t.Errorf("said %s", notes)
			}
			if c.change == "" {
				return
			}
			if len(report.Advice) == 0 || !strings.HasPrefix(report.Advice[0].Change, c.change) {
				t.Fatalf("advised %+v, with notes %s", report.Advice, notes)
			}
			a := report.Advice[0]
			if told := strings.Join(a.Notes, "\n"); !strings.Contains(told, "policy of_tenant of invoices asks for tenant_id in each statement of this role") {
				t.Errorf("the advice says %s", told)
			}
			if want := map[bool]optimize.Level{true: optimize.L3, false: optimize.L1}[c.clone != ""]; a.Proof.Level != want {
				t.Errorf("proved at %s: %s", a.Proof.Level, a.Confidence)
			}
		})
	}
}
