package sqlite

import (
	"errors"
	"net/http"
	"strings"

	engine "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// translate turns the error of a broken constraint into a *sqldb.Violation, and that of another program that held the file
// for as long as one waits into a *kit.Problem. It leaves others as they are.
func translate(err error) error {
	var problem *engine.Error
	if !errors.As(err, &problem) {
		return err
	}
	switch problem.Code() & 0xff {
	case codes.SQLITE_BUSY, codes.SQLITE_LOCKED:
		return &kit.Problem{
			Code: kit.CodeUnavailable, Status: http.StatusServiceUnavailable, Retry: 1,
			Detail: "Others were changing the same things. Try again.", Err: &sqldb.Collision{Err: err},
		}
	case codes.SQLITE_CONSTRAINT:
	default:
		return err
	}
	violation := &sqldb.Violation{Err: err}
	what := broken(problem.Error())
	switch problem.Code() {
	case codes.SQLITE_CONSTRAINT_UNIQUE, codes.SQLITE_CONSTRAINT_PRIMARYKEY, codes.SQLITE_CONSTRAINT_ROWID:
		violation.Kind = sqldb.UniqueViolation
		if name, ok := strings.CutPrefix(what, "index '"); ok {
			violation.Constraint = strings.TrimSuffix(name, "'")
		} else {
			violation.Table, violation.Columns = columns(what)
		}
	case codes.SQLITE_CONSTRAINT_TRIGGER:
		if violation.Kind = sqldb.ForeignKeyViolation; strings.Contains(problem.Error(), excluded) {
			violation.Kind, violation.Constraint = sqldb.ExclusionViolation, what
		}
	case codes.SQLITE_CONSTRAINT_FOREIGNKEY:
		violation.Kind = sqldb.ForeignKeyViolation
	case codes.SQLITE_CONSTRAINT_CHECK:
		violation.Kind = sqldb.CheckViolation
		violation.Constraint = what
	case codes.SQLITE_CONSTRAINT_NOTNULL:
		violation.Kind = sqldb.NotNullViolation
		violation.Table, violation.Columns = columns(what)
	default:
		return err
	}
	return violation
}

// excluded begins what the triggers of an exclusion say, before its name.
const excluded = "EXCLUSION constraint failed: "

// broken is WHAT in "constraint failed: UNIQUE constraint failed: WHAT (2067)".
func broken(message string) string {
	if at := strings.LastIndex(message, " constraint failed: "); at >= 0 {
		message = message[at+len(" constraint failed: "):]
	}
	if at := strings.LastIndex(message, " ("); at >= 0 {
		message = message[:at]
	}
	return message
}

// columns reads "orders.shop_id, orders.number".
func columns(list string) (table string, names []string) {
	for part := range strings.SplitSeq(list, ", ") {
		owner, name, _ := strings.Cut(part, ".")
		table, names = owner, append(names, name)
	}
	return table, names
}
