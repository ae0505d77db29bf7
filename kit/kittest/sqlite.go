package kittest

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// SQLite gives the URL of a database file that does not exist yet and goes with the test.
func SQLite(tb testing.TB) (url string) {
	tb.Helper()
	return "sqlite:" + filepath.Join(tb.TempDir(), "test.db")
}

// Memory opens an SQLite database in memory that is closed with the test.
func Memory(tb testing.TB) sqldb.Database {
	tb.Helper()
	return Open(tb, sqlite.Driver, "sqlite::memory:")
}

// Open opens a database that is closed with the test.
func Open(tb testing.TB, driver sqldb.Driver, url string) sqldb.Database {
	tb.Helper()
	db, err := driver.Open(context.Background(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Errorf("close %s: %v", url, err)
		}
	})
	return db
}
