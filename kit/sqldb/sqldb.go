// Package sqldb is what the runtime asks of a database.
//
//	query ─▶ Database ─▶ sqlite, postgres (packages that main imports)
//
// It runs statements and names what went wrong. It knows nothing of entities: that is package query.
package sqldb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// ErrUndecided is the error of a transaction of which nobody knows whether it was committed: the connection was lost meanwhile.
var ErrUndecided = errors.New("the connection was lost, so what was written may be there or not")

// Dialect is a kind of database.
type Dialect string

// The dialects.
const (
	SQLite   Dialect = "sqlite"
	Postgres Dialect = "postgres"
)

// Database is an open database. All its methods may be called at the same time.
type Database interface {
	Dialect() Dialect
	// Read calls do with a connection on which nothing can be written, all its statements seeing one snapshot.
	Read(ctx context.Context, do func(Conn) error) error
	// Write calls do in a transaction, committed when do returns nil and rolled back otherwise. On SQLite writers
	// queue fairly; none ever sees "busy".
	Write(ctx context.Context, do func(Conn) error) error
	// Handle is the same database for database/sql, for migrations and tools.
	Handle() *sql.DB
	// Ping tells whether the database answers.
	Ping(ctx context.Context) error
	Close() error
}

// Driver opens databases whose URL has one of Schemes.
type Driver struct {
	Schemes []string // "sqlite", "file"; "postgres", "postgresql"
	// Open opens the database at url. Replicas are the URLs of its copies; with any, the database is a Replicated.
	Open func(ctx context.Context, url string, replicas ...string) (Database, error)
}

// Conn runs statements. It is used by one goroutine at a time. Placeholders are $1, $2, … in both dialects.
// Arguments are nil, bool, int64, float64, string, []byte or time.Time.
type Conn interface {
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	// Exec returns how many rows were changed.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Savepoint calls do and undoes what it did when it fails.
	Savepoint(ctx context.Context, do func() error) error
}

// Rows is the rows of an answer. It must be closed; the last Next closes it too.
type Rows interface {
	Next() bool
	// Scan reads the row. Destinations are *any, *string, *int64, *float64, *bool, *[]byte, *time.Time or
	// pointers to pointers of these.
	Scan(dest ...any) error
	// Cell reads one column of the row, counted from 0, by into's Class. It allocates for texts and bytes alone.
	Cell(column int, into *Cell) error
	Err() error
	Close()
}

// Queued is Rows of a statement that may have waited before it was sent.
type Queued interface {
	Rows
	// Waited is for how long: that is no time of the statement's.
	Waited() time.Duration
}

// Collision is the error of a transaction that others stood in the way of: of two that wait for each other, or change what
// the other has read, one is undone. To run it again from its beginning may succeed.
type Collision struct{ Err error }

func (c *Collision) Error() string { return c.Err.Error() }
func (c *Collision) Unwrap() error { return c.Err }

// Violation is the error of a statement that a constraint refused.
type Violation struct {
	Kind       ViolationKind
	Constraint string   // name of the index or constraint where the database tells it
	Table      string   // where the database tells it
	Columns    []string // where the database tells them (SQLite: of a unique index)
	Err        error
}

// ViolationKind says which kind of constraint refused.
type ViolationKind string

// The kinds of violations.
const (
	UniqueViolation     ViolationKind = "unique"
	ForeignKeyViolation ViolationKind = "foreign key"
	CheckViolation      ViolationKind = "check"
	NotNullViolation    ViolationKind = "not null"
	ExclusionViolation  ViolationKind = "exclusion"
	GuardViolation      ViolationKind = "guard" // no constraint, but the statement itself: see Guard
)

func (v *Violation) Error() string {
	return fmt.Sprintf("%s constraint %s of table %s: %v", v.Kind, v.Constraint, v.Table, v.Err)
}

func (v *Violation) Unwrap() error { return v.Err }
