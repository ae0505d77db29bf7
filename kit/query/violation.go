package query

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// violation turns what the database refused into the problem of the field at fault.
func (w *write) violation(err error) error {
	var refused *sqldb.Violation
	if !errors.As(err, &refused) {
		return err
	}
	switch refused.Kind {
	case sqldb.UniqueViolation:
		return w.taken(refused)
	case sqldb.ExclusionViolation:
		return w.overlaps(refused)
	case sqldb.ForeignKeyViolation:
		if w.verb == meta.Delete {
			return stillReferred(w.entity, w.heldBy, err)
		}
		return &kit.Problem{Code: kit.CodeInvalid, Status: 422, Detail: "Something that this refers to is gone.", Err: err}
	case sqldb.CheckViolation:
		for _, c := range allChecks(w.entity) {
			if c.Name == refused.Constraint {
				return &kit.Problem{
					Code: kit.CodeInvalid, Status: 422, Detail: "The input is invalid.", Err: err,
					Fields: []kit.FieldError{failed(c)},
				}
			}
		}
		return &kit.Problem{Code: kit.CodeInvalid, Status: 422, Detail: "The input is invalid.", Err: err, Fields: w.outOfBounds(refused.Constraint)}
	case sqldb.NotNullViolation:
		problem := &kit.Problem{Code: kit.CodeInvalid, Status: 422, Detail: "The input is invalid.", Err: err}
		for _, f := range w.entity.Fields {
			if slices.Contains(refused.Columns, f.Column) {
				problem.Fields = append(problem.Fields, kit.FieldError{Field: f.Name, Code: kit.FieldRequired, Detail: "This is required."})
			}
		}
		return problem
	}
	return err
}

func (w *write) taken(refused *sqldb.Violation) error {
	problem := &kit.Problem{
		Code: kit.CodeConflict, Status: 409, Err: refused,
		Detail: "There is such " + article(w.entity.Singular) + " already.",
	}
	names := w.uniqueFields(refused)
	if w.by != nil && len(names) > 1 { // which nobody sends with it
		names = slices.DeleteFunc(names, func(name string) bool { return name == w.by.Name })
	}
	for _, name := range names {
		problem.Fields = append(problem.Fields, kit.FieldError{Field: name, Code: kit.FieldTaken, Detail: "This is taken."})
	}
	return problem
}

func (w *write) overlaps(refused *sqldb.Violation) error {
	problem := &kit.Problem{
		Code: kit.CodeConflict, Status: 409, Err: refused,
		Detail: "This " + w.entity.Singular + " overlaps with another.",
	}
	for _, x := range w.entity.Excludes {
		if x.Name == refused.Constraint {
			problem.Fields = append(problem.Fields, kit.FieldError{Field: x.From, Code: x.Code, Detail: "This overlaps with another."})
		}
	}
	return problem
}

// uniqueFields is the fields of the index that refused: by its name, or else by its columns.
func (w *write) uniqueFields(refused *sqldb.Violation) []string {
	for _, u := range w.entity.Uniques {
		if u.Name == refused.Constraint && u.Name != "" || w.isOf(u, refused.Columns) {
			names := make([]string, len(u.Fields))
			for i, name := range u.Fields {
				names[i] = w.entity.Field(name).Path()
			}
			return names
		}
	}
	var names []string
	for _, f := range w.entity.Fields {
		columns := []string{f.Column}
		for _, part := range f.Fields {
			columns = append(columns, part.Column)
		}
		for _, c := range columns {
			if c != "" && slices.Contains(refused.Columns, c) && !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// isOf tells whether these are the columns of u, or those behind the tenant's.
func (w *write) isOf(u meta.Unique, columns []string) bool {
	var own []string
	for _, name := range u.Fields {
		own = append(own, w.entity.Field(name).Column)
	}
	rest := slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(own, c) || c == w.entity.TenantColumn })
	return len(rest) == 0 && !slices.ContainsFunc(own, func(c string) bool { return !slices.Contains(columns, c) })
}

// outOfBounds names the field whose @range a value has left that the database worked out. All others were validated before.
func (w *write) outOfBounds(constraint string) []kit.FieldError {
	for _, f := range w.given {
		switch constraint {
		case w.entity.Table + "_" + f.Column + "_min":
			return []kit.FieldError{{Field: f.Name, Code: kit.FieldTooSmall, Detail: fmt.Sprintf("At least %v.", *f.Min)}}
		case w.entity.Table + "_" + f.Column + "_max":
			return []kit.FieldError{{Field: f.Name, Code: kit.FieldTooLarge, Detail: fmt.Sprintf("At most %v.", *f.Max)}}
		}
	}
	return nil
}

// article is a noun with its article, which goes by the letter that it begins with.
func article(noun string) string {
	if noun != "" && strings.ContainsRune("aeio", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
