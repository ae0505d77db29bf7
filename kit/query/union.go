package query

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// takeUnion takes a union as its references: one is set and the others are null.
func (w *write) takeUnion(f *meta.Field, value any) {
	arms := f.References()
	parts, ok := value.([]any)
	switch {
	case value == nil && !f.Null:
		w.wrong.add(f.Name, kit.FieldRequired, "This is required.")
		return
	case value == nil:
		parts = make([]any, len(arms))
	case !ok || len(parts) != len(arms):
		w.wrong.add(f.Name, kit.FieldType, "This is a %s.", f.Type)
		return
	case present(parts) != 1:
		w.wrong.add(f.Name, kit.FieldFormat, "Give exactly one of these: %s.", strings.Join(memberNames(f), ", "))
		return
	}
	changes := make([]Change, len(arms))
	for i, arm := range arms {
		changes[i] = Change{arm, parts[i]}
	}
	w.take(changes)
}

func present(parts []any) (n int) {
	for _, p := range parts {
		if p != nil {
			n++
		}
	}
	return n
}

func memberNames(f *meta.Field) []string {
	names := make([]string, len(f.Fields))
	for i, part := range f.Fields {
		names[i] = part.Name
	}
	return names
}

// takesAny tells whether one of the references of a union has a value, or what is wrong with it was said.
func (w *write) takesAny(f *meta.Field) bool {
	for _, arm := range f.References() {
		if w.values[arm] != nil {
			return true
		}
	}
	return slices.ContainsFunc(w.wrong.wrong, func(e kit.FieldError) bool { return e.Field == f.Name })
}

// ShownArms is the references of a union that lead to what somebody may read.
func ShownArms(f *meta.Field) []*meta.Field {
	var shown []*meta.Field
	for _, arm := range f.References() {
		if Exposed(arm.Target(), meta.Read) {
			shown = append(shown, arm)
		}
	}
	return shown
}

// arms is what the references of a union are set to, nil where none is, and whether they are set.
func (w *write) arms(f *meta.Field) (value any, set bool) {
	references := f.References()
	values := make([]any, len(references))
	for i, arm := range references {
		values[i], set = w.values[arm], set || slices.Contains(w.given, arm)
	}
	if present(values) == 0 {
		return nil, set
	}
	return values, set
}
