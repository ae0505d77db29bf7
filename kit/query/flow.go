package query

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// begin complains of values in which no row begins.
func (w *write) begin() {
	for _, f := range w.given {
		value, ok := w.values[f].(string)
		if f.Flow == nil || !ok || slices.Contains(f.Flow.Begins, value) || !slices.Contains(f.Enum().Values, value) {
			continue
		}
		w.wrong.add(f.Name, kit.FieldFlow, "A new %s does not begin as %s%s.", w.entity.Singular, value, only("as", f.Flow.Begins))
	}
}

// follow compares the values that change with those of the row, which load has locked: of two that leave the same value
// the second finds the row where the first has put it.
func (w *write) follow(row *loaded) error {
	var wrong []kit.FieldError
	for i, f := range w.oldFields() {
		if f.Flow == nil || !slices.Contains(w.given, f) || leads(f, row.old[i], w.values[f]) {
			continue
		}
		wrong = append(wrong, kit.FieldError{Field: f.Name, Code: kit.FieldFlow, Detail: w.noStep(f, row.old[i], w.values[f])})
	}
	if wrong == nil {
		return nil
	}
	return &kit.Problem{Code: kit.CodeConflict, Status: 409, Detail: wrong[0].Detail, Fields: wrong}
}

// leads tells whether a field may go from one value to another. What was null begins now.
func leads(f *meta.Field, from, to any) bool {
	if from == to {
		return true
	}
	next, ok := to.(string)
	if !ok {
		return false
	}
	if from == nil {
		return slices.Contains(f.Flow.Begins, next)
	}
	return slices.Contains(f.Flow.Next(textIn(from)), next)
}

// noStep says what step there is none of. A value that not every viewer may read is not told.
func (w *write) noStep(f *meta.Field, from, to any) string {
	if len(f.Allow.Read) > 0 {
		return fmt.Sprintf("The %s of this %s cannot become %s now.", f.Name, w.entity.Singular, shown(to))
	}
	next := f.Flow.Next(textIn(from))
	if from == nil {
		next = f.Flow.Begins
	}
	return fmt.Sprintf("The %s of this %s cannot go from %s to %s%s.", f.Name, w.entity.Singular, shown(from), shown(to), only("to", next))
}

func shown(v any) string {
	if v == nil {
		return "null"
	}
	return textIn(v)
}

// only names what is allowed instead.
func only(word string, values []string) string {
	if len(values) == 0 {
		return ""
	}
	return ", only " + word + " " + strings.Join(values, ", ")
}
