// Package migrate brings a database to the schema that a service was built for.
//
//	migrations/sqlite/0003_add_reviews.sql ─┐
//	                                        ├▶ Up ─▶ the database, and a row of goose_db_version for each file
//	migrations/postgres/0003_…             ─┘
//
// Many replicas may call Up at once: each file is applied once. The files are goose's, so its own command can run them
// too. It plans nothing: the tool writes the files.
package migrate

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Applied is a file that a call of Up applied.
type Applied struct {
	Number   int64  // 3 of 0003_add_reviews.sql
	File     string // its name without folders
	Duration time.Duration
}

// Migration is a file and whether the database has it.
type Migration struct {
	Number    int64
	File      string
	AppliedAt time.Time // zero: not yet
}

// Error is a file that could not be applied. On SQLite, and on Postgres unless the file says NO TRANSACTION, nothing of
// it is left in the database; the files before it stay applied.
type Error struct {
	File      string
	Statement string // "" when the file could not be read
	Err       error
}

func (e *Error) Error() string {
	if e.Statement == "" {
		return fmt.Sprintf("%s: %v", e.File, e.Err)
	}
	return fmt.Sprintf("%s: %v\n%s", e.File, e.Err, e.Statement)
}

func (e *Error) Unwrap() error { return e.Err }

// patience is how long to wait for another replica's migrations, and for locks, in seconds.
const patience = 600

// Up applies the files that the database does not have yet, in the order of their numbers, and tells which these were;
// also along with an error. The dialect is "sqlite" or "postgres". Files is the folder migrations, which has a folder
// for each dialect, or that dialect's folder itself. It fails with an *Error when a file does.
//
// On SQLite foreign keys are not enforced meanwhile on the connection used, as the rebuilding of tables needs; such a
// file checks them itself before it ends. On Postgres a file that gave up waiting for a lock is tried again.
func Up(ctx context.Context, db *sql.DB, dialect string, files fs.FS) ([]Applied, error) {
	var all []Applied
	for began := time.Now(); ; {
		applied, err := up(ctx, db, dialect, files)
		all = append(all, applied...)
		if err == nil || time.Since(began) > patience*time.Second || !worthAnother(ctx, db, dialect, files, err) {
			return all, err
		}
		select {
		case <-ctx.Done():
			return all, err
		case <-time.After(pause(dialect)):
		}
	}
}

// pause is how long to wait before another try. On Postgres work on the table goes on meanwhile, which had queued behind
// the file that waited for a lock.
func pause(dialect string) time.Duration {
	if dialect == "postgres" {
		return time.Second
	}
	return 50 * time.Millisecond
}

// up is one try of Up.
func up(ctx context.Context, db *sql.DB, dialect string, files fs.FS) ([]Applied, error) {
	statement := &lastStatement{}
	provider, err := open(db, dialect, files, statement)
	if provider == nil {
		return nil, err
	}
	results, err := provider.Up(ctx)
	var partial *goose.PartialError
	if errors.As(err, &partial) {
		results = partial.Applied
		err = &Error{File: path.Base(partial.Failed.Source.Path), Statement: statement.text, Err: partial.Err}
	} else if err != nil {
		err = fmt.Errorf("migrations: %w", err)
	}
	var applied []Applied
	for _, result := range results {
		file := path.Base(result.Source.Path)
		slog.InfoContext(ctx, "migration applied", "file", file, "duration", result.Duration)
		applied = append(applied, Applied{Number: result.Source.Version, File: file, Duration: result.Duration})
	}
	return applied, err
}

// worthAnother tells whether an error may be gone by the next try.
func worthAnother(ctx context.Context, db *sql.DB, dialect string, files fs.FS, err error) bool {
	switch {
	case ctx.Err() != nil:
		return false
	case dialect == "sqlite":
		return lostRace(ctx, db, files, err)
	}
	// Asked of the error's text, so that any driver will do: the code means that a lock could not be had in time.
	return strings.Contains(err.Error(), "55P03")
}

// Status tells of each file whether the database has it, in the order of their numbers. Of a database without the table
// of versions it makes one.
func Status(ctx context.Context, db *sql.DB, dialect string, files fs.FS) ([]Migration, error) {
	provider, err := open(db, dialect, files, &lastStatement{})
	if provider == nil {
		return nil, err
	}
	states, err := provider.Status(ctx)
	var migrations []Migration
	for _, state := range states {
		m := Migration{Number: state.Source.Version, File: path.Base(state.Source.Path)}
		if state.State == goose.StateApplied {
			m.AppliedAt = state.AppliedAt
		}
		migrations = append(migrations, m)
	}
	return migrations, err
}

// open makes goose's provider; it is nil without an error when there are no files.
func open(db *sql.DB, dialect string, files fs.FS, statement *lastStatement) (*goose.Provider, error) {
	if folder, err := fs.Stat(files, dialect); err == nil && folder.IsDir() {
		if files, err = fs.Sub(files, dialect); err != nil {
			return nil, err
		}
	}
	options := []goose.ProviderOption{
		goose.WithDisableGlobalRegistry(true),
		goose.WithVerbose(true), // tells each statement to lastStatement
		goose.WithSlog(slog.New(statement)),
	}
	kind := goose.DialectPostgres
	switch dialect {
	case "postgres":
		locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, patience))
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	case "sqlite":
		store, err := newSQLiteStore()
		if err != nil {
			return nil, err
		}
		kind = goose.DialectCustom
		options = append(options, goose.WithStore(store), goose.WithSessionLocker(&sqliteSession{}))
	default:
		return nil, fmt.Errorf("dialect %q: neither sqlite nor postgres", dialect)
	}
	provider, err := goose.NewProvider(kind, db, files, options...)
	if errors.Is(err, goose.ErrNoMigrations) {
		return nil, nil
	}
	return provider, err
}

// lastStatement is the handler of goose's log: it keeps the statement that goose says it executes, since goose's
// errors do not have it, and drops the rest.
type lastStatement struct{ text string }

func (*lastStatement) Enabled(context.Context, slog.Level) bool { return true }

func (l *lastStatement) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "statement" {
			l.text = strings.TrimSpace(a.Value.String())
		}
		return true
	})
	return nil
}

func (l *lastStatement) WithAttrs([]slog.Attr) slog.Handler { return l }
func (l *lastStatement) WithGroup(string) slog.Handler      { return l }
