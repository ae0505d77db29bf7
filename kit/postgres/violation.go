package postgres

import (
	"errors"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// The codes of broken constraints (PostgreSQL, appendix A, class 23).
var kinds = map[string]sqldb.ViolationKind{
	"23505": sqldb.UniqueViolation,
	"23503": sqldb.ForeignKeyViolation,
	"23001": sqldb.ForeignKeyViolation, // ON DELETE RESTRICT
	"23514": sqldb.CheckViolation,
	"23502": sqldb.NotNullViolation,
	"23P01": sqldb.ExclusionViolation,
}

// malformedText is the code of a text that is no number.
const malformedText = "22P02"

// translate turns the error of a broken constraint into a *sqldb.Violation and one that passes into a *kit.Problem. It
// leaves others as they are.
func translate(err error) error {
	if err == nil {
		return nil
	}
	var problem *pgconn.PgError
	if !errors.As(err, &problem) {
		if lost(err) {
			return unavailable(away, err)
		}
		return err
	}
	if p := passing(problem); p != nil {
		return p
	}
	if problem.Code == malformedText && strings.Contains(problem.Message, sqldb.Guard) {
		return &sqldb.Violation{Kind: sqldb.GuardViolation, Err: err}
	}
	if kinds[problem.Code] == "" {
		return err
	}
	violation := &sqldb.Violation{
		Kind: kinds[problem.Code], Constraint: problem.ConstraintName, Table: problem.TableName, Err: err,
	}
	if problem.ColumnName != "" {
		violation.Columns = []string{problem.ColumnName}
	}
	return violation
}
