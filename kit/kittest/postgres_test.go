package kittest_test

import (
	"database/sql"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"github.com/fettlehq/fettle/kit/kittest"
)

func TestPostgresGivesAFreshDatabasePerCall(t *testing.T) {
	for range 2 {
		db, err := sql.Open("pgx", kittest.Postgres(t))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		if _, err := db.Exec("CREATE TABLE t (a text)"); err != nil {
			t.Fatal(err)
		}
		var lower string
		if err := db.QueryRow("SELECT lower('ÄÖ')").Scan(&lower); err != nil || lower != "äö" {
			t.Fatalf("lower('ÄÖ') is %q: %v", lower, err)
		}
	}
}
