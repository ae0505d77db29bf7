// Package migrate plans the change of a database from one schema to the next, in the SQL of SQLite and of Postgres.
//
//	from, to schema ─▶ Between ─▶ Plan{Steps, Losses, SQLite, Postgres} ─▶ Files ─▶ migrations/sqlite/0003_add_reviews.sql
//	                                                                               migrations/postgres/0003_add_reviews.sql
//
// It needs no database: the schema as last planned is kept beside the files (ReadSnapshot, WriteSnapshot). The same
// two schemas give the same plan, byte for byte. It runs nothing; kit/migrate does.
//
// On SQLite a plan is one script. What ALTER TABLE cannot do is done by rebuilding the table, which needs foreign keys
// to be off, or dropping the old table would delete its children; the script checks that they are and refuses else.
//
// On Postgres a plan has up to six scripts, so that none holds a lock for as long as it reads a table: the change
// itself, with new constraints not yet valid; then the checking of old rows; then exclusions on tables that have rows,
// for which Postgres does hold the table; then indexes on such tables, built concurrently outside of a transaction; then
// foreign keys that need those, and the checking of old rows by them. None waits long for a lock either.
//
// Not done: a change of a primary key, or of its type, while foreign keys of other tables name it is refused by Postgres;
// an index on a column whose type changes is dropped before it is built anew; there are no Down sections.
package migrate

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// Plan is what to do to get from one schema to the next.
type Plan struct {
	Steps    []Step
	Losses   []Loss
	SQLite   []Script
	Postgres []Script
}

// Empty tells that the schemas are equal for both databases.
func (p *Plan) Empty() bool { return len(p.SQLite) == 0 && len(p.Postgres) == 0 }

// Script is the statements that one migration file holds, without their closing semicolons.
type Script struct {
	Suffix        string // "" for the change itself, else what the script does after it: "validate", "exclude", "index", "link", "verify"
	Statements    []string
	NoTransaction bool // each statement runs on its own; a failed script can be run again from its start
}

// Options are the choices of one plan.
type Options struct {
	AcceptLoss bool   // plan although the plan has Losses
	Service    string // names the first migration: create_shop
}

// LossError refuses a plan that would lose data or may not run on the data there is.
type LossError struct{ Losses []Loss }

func (e *LossError) Error() string {
	texts := make([]string, len(e.Losses))
	for i, loss := range e.Losses {
		texts[i] = loss.Text
	}
	return strings.Join(texts, "\n")
}

// Between plans the change from one schema to another; a nil from is an empty database. It fails with a *LossError when
// the plan has losses that opts does not accept, and with another error when a schema cannot be had on both databases
// or a column's type cannot become the other.
func Between(from, to *schema.Schema, opts Options) (*Plan, error) {
	if from == nil {
		from = &schema.Schema{}
	}
	if err := checkSchema(to); err != nil {
		return nil, err
	}
	renamed, renames := applyRenames(from, to)
	steps, losses := describe(renamed, to, renames, len(from.Tables) == 0, opts.Service)
	if len(losses) > 0 && !opts.AcceptLoss {
		return nil, &LossError{losses}
	}
	if err := checkConversions(renamed, to); err != nil {
		return nil, err
	}
	onSQLite, err := planSQLite(from, renamed, to, renames)
	if err != nil {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	onPostgres, err := planPostgres(from, renamed, to, renames)
	if err != nil {
		return nil, fmt.Errorf("postgres: %w", err)
	}
	return &Plan{Steps: steps, Losses: losses, SQLite: onSQLite, Postgres: onPostgres}, nil
}
