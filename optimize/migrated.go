package optimize

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// appliedMigrations counts what goose has applied (kit/migrate); the row of number 0 it makes for itself.
const appliedMigrations = "SELECT count(*) FROM goose_db_version WHERE version_id > 0"

// Migrated tells whether a database, by the URL of Postgres or the path of a SQLite file, has migrations applied. It is only read. One
// that is there and does not answer may have them, so it counts as one that has; a file that is not there has none.
func Migrated(ctx context.Context, database string) bool {
	var n int
	if strings.HasPrefix(database, "postgres://") || strings.HasPrefix(database, "postgresql://") {
		c, err := pgx.Connect(ctx, database)
		if err != nil {
			return true
		}
		defer c.Close(ctx)
		var said *pgconn.PgError
		err = c.QueryRow(ctx, appliedMigrations).Scan(&n)
		if errors.As(err, &said) && said.Code == "42P01" { // undefined_table
			return false
		}
		return err != nil || n > 0
	}
	if about, err := os.Stat(database); errors.Is(err, os.ErrNotExist) || err == nil && about.Size() == 0 {
		return false
	}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: database}).EscapedPath()+"?mode=ro")
	if err != nil {
		return true
	}
	defer db.Close()
	err = db.QueryRowContext(ctx, appliedMigrations).Scan(&n)
	if err != nil && strings.Contains(err.Error(), "no such table") {
		return false
	}
	return err != nil || n > 0
}
