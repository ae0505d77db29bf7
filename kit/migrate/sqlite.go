package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/pressly/goose/v3/database"
)

// SQLite has no lock that outlives a transaction. So that two processes do not both apply a file, the row that says it
// is applied is written in the file's own transaction, and writing it a second time fails and undoes the file; whoever
// loses looks again at what there is to do.

const versions = "goose_db_version"

var errAppliedByAnother = errors.New("another process has just applied it")

// sqliteStore is goose's table of versions, in which each version stands once.
type sqliteStore struct{ database.Store }

func newSQLiteStore() (sqliteStore, error) {
	store, err := database.NewStore(database.DialectSQLite3, versions)
	return sqliteStore{store}, err
}

func (sqliteStore) CreateVersionTable(ctx context.Context, db database.DBTxConn) error {
	_, err := db.ExecContext(ctx, `CREATE TABLE IF NOT EXISTS `+versions+` (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  version_id INTEGER NOT NULL,
  is_applied INTEGER NOT NULL,
  tstamp TIMESTAMP DEFAULT (datetime('now'))
)`)
	return err
}

func (sqliteStore) Insert(ctx context.Context, db database.DBTxConn, request database.InsertRequest) error {
	result, err := db.ExecContext(ctx, `INSERT INTO `+versions+` (version_id, is_applied)
SELECT $1, 1 WHERE NOT EXISTS (SELECT 1 FROM `+versions+` WHERE version_id = $1)`, request.Version)
	if err != nil {
		return err
	}
	written, err := result.RowsAffected()
	if err == nil && written == 0 && request.Version > 0 {
		return errAppliedByAnother
	}
	return err
}

// sqliteSession prepares the connection on which goose applies files, and leaves it as it was.
type sqliteSession struct{ foreignKeys, busyTimeout int64 }

func (s *sqliteSession) SessionLock(ctx context.Context, conn *sql.Conn) error {
	if err := conn.QueryRowContext(ctx, "PRAGMA foreign_keys").Scan(&s.foreignKeys); err != nil {
		return err
	}
	if err := conn.QueryRowContext(ctx, "PRAGMA busy_timeout").Scan(&s.busyTimeout); err != nil {
		return err
	}
	return s.set(ctx, conn, 0, patience*1000)
}

func (s *sqliteSession) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	// A file with a BEGIN of its own that failed has left its transaction open. Most have not, which is no error.
	_, _ = conn.ExecContext(ctx, "ROLLBACK")
	return s.set(ctx, conn, s.foreignKeys, s.busyTimeout)
}

func (s *sqliteSession) set(ctx context.Context, conn *sql.Conn, foreignKeys, busyTimeout int64) error {
	if _, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA foreign_keys = %d", foreignKeys)); err != nil {
		return err
	}
	_, err := conn.ExecContext(ctx, fmt.Sprintf("PRAGMA busy_timeout = %d", busyTimeout))
	return err
}

// lostRace tells whether a failed file failed only because another process was applying it at the same time.
func lostRace(ctx context.Context, db *sql.DB, files fs.FS, err error) bool {
	if errors.Is(err, errAppliedByAnother) || strings.Contains(err.Error(), "SQLITE_BUSY") || strings.Contains(err.Error(), "database is locked") {
		return true
	}
	var failed *Error
	if !errors.As(err, &failed) {
		return false
	}
	migrations, err := Status(ctx, db, "sqlite", files)
	if err != nil {
		return false
	}
	for _, m := range migrations {
		if m.File == failed.File {
			return !m.AppliedAt.IsZero()
		}
	}
	return false
}
