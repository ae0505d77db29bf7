package postgres

import (
	"errors"
	"net/http"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fettlehq/fettle/kit"
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

// translate turns the error of a broken constraint into a *sqldb.Violation, and one that passes or of a value that is out of
// range into a *kit.Problem. It leaves others as they are.
func translate(err error) error {
	var problem *pgconn.PgError
	if !errors.As(err, &problem) {
		return err
	}
	if p := passing(problem); p != nil {
		return p
	}
	switch problem.Code {
	case "22003", "22008": // numeric_value_out_of_range, datetime_field_overflow: what the bounds of fields left open
		return &kit.Problem{
			Code: kit.CodeInvalid, Status: http.StatusUnprocessableEntity, Err: err,
			Detail: "A number or a time that this comes to is out of range.",
		}
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
