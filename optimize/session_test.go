package optimize_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/optimize"
)

// A pooler that shares its server processes is left as it was found: a process that was set to read only would break the
// application that gets it next.
func TestPoolers(t *testing.T) {
	ignore := "ignore_startup_parameters=default_transaction_read_only,statement_timeout,lock_timeout,idle_in_transaction_session_timeout"
	for name, c := range map[string]struct {
		mode    string
		more    []string
		refused string
	}{
		"transaction":                     {"transaction", nil, "pooler in transaction mode"},
		"transaction, ignores parameters": {"transaction", []string{ignore}, "pooler in transaction mode"},
		"transaction, one process":        {"transaction", []string{"default_pool_size=1"}, "pooler in transaction mode"},
		"statement":                       {"statement", nil, "pooler in transaction mode"},
		"session":                         {"session", nil, ""},
		"session, ignores parameters":     {"session", []string{ignore}, ""},
		"session, one process":            {"session", []string{"default_pool_size=1"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			pooler := pgtest.Pooler(t, pgtest.New(t), c.mode, c.more...)
			exec(t, pooler, "CREATE TABLE users (id int PRIMARY KEY)")
			report, err := optimize.Run(ctx, optimize.Options{Database: pooler, Statements: []*optimize.Statement{{Text: "SELECT * FROM users", Calls: 1}}})
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refused == "" && len(report.Queries) != 1:
				t.Errorf("the statement was not looked at: %v", report.Notes)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("said %v, not %s", err, c.refused)
			}
			exec(t, pooler, "INSERT INTO users VALUES (1)") // fails where the process is read only
		})
	}
}

func exec(t *testing.T, url, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), url+"&default_query_exec_mode=exec")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.Background()) //nolint:errcheck // nothing is left to lose
	if _, err := conn.Exec(context.Background(), sql); err != nil {
		t.Error(err)
	}
}

// Indexes that were thought of are gone with the run, also where the server process is given to another client.
func TestNothingIsThoughtOfAfterARun(t *testing.T) {
	url := pgtest.New(t)
	must(t, url, visits)
	pooler := pgtest.Pooler(t, url, "session", "default_pool_size=1")
	runOn(t, pooler)
	must(t, pooler, "DO $$ BEGIN IF (SELECT count(*) FROM hypopg_list_indexes) > 0 THEN RAISE 'an index is left'; END IF; END $$")
}
