// Package door says what the doors of an entity show and take, for the contracts that describe them.
//
//	model.Entity ─▶ door ─▶ emit/graphql, emit/openapi
//
// kit/query decides the same of package meta for the running service (Exposed, ReadFields, CreateFields,
// UpdateFields); the two must agree, or a contract promises what no door does.
package door

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/model"
)

// Exposed tells whether a policy opens a verb of e at the doors.
func Exposed(e *model.Entity, verb model.Verb) bool {
	return !e.Internal && len(Rules(e.Allow, verb)) > 0
}

// Restorable tells whether the doors bring deleted rows of e back.
func Restorable(e *model.Entity) bool { return e.SoftDelete && Exposed(e, model.Delete) }

// Rules are the rules of one verb.
func Rules(a model.Allow, verb model.Verb) []*model.Rule {
	switch verb {
	case model.Read:
		return a.Read
	case model.Create:
		return a.Create
	case model.Update:
		return a.Update
	}
	return a.Delete
}

// Replaced tells whether an operation of the design stands where the generated door called name would.
func Replaced(e *model.Entity, name string) bool { return slices.Contains(e.Replaced, name) }

// ReadFields are the fields that the doors show. What leads to an entity that nobody may read is not among them.
func ReadFields(e *model.Entity) []*model.Field {
	return choose(e, func(f *model.Field) bool {
		if f.Kind == model.Union && len(ShownArms(f)) == 0 {
			return false
		}
		return !f.Internal && !f.WriteOnly && (f.Target == nil || Exposed(f.Target, model.Read))
	})
}

// ShownArms are the references of a union that lead to what somebody may read.
func ShownArms(f *model.Field) []*model.Field {
	var out []*model.Field
	for _, arm := range f.Arms {
		if Exposed(arm.Target, model.Read) {
			out = append(out, arm)
		}
	}
	return out
}

// CreateFields are the fields that a client may set in a new row.
func CreateFields(e *model.Entity) []*model.Field {
	return choose(e, func(f *model.Field) bool { return writable(f) && (f.Parts == nil || f.Parts.Create) })
}

// Links tells whether f is a many-to-many list without a bound, whose rows are linked and unlinked.
func Links(f *model.Field) bool { return f.Kind == model.List && f.Parts == nil && f.Bound == 0 }

// But is fields without one: those of a row that is written with the one that it belongs to by that one.
func But(fields []*model.Field, by *model.Field) []*model.Field {
	return slices.DeleteFunc(fields, func(f *model.Field) bool { return f == by })
}

// MaxParts is how many rows one write may have, as the runtime has it.
const MaxParts = 500

// UpdateFields are the fields that a client may change.
func UpdateFields(e *model.Entity) []*model.Field {
	return choose(e, func(f *model.Field) bool { return writable(f) && !f.Immutable })
}

func writable(f *model.Field) bool {
	if f.Kind == model.List && f.Parts == nil && (f.Join == nil || !f.Join.Owner) {
		return false
	}
	return !f.Auto && !f.ReadOnly && !f.Internal && f.Computed == nil && !f.Method
}

// Required tells whether a new row, an input or an argument must give f.
func Required(f *model.Field) bool {
	return !f.Null && f.Default == nil && !f.Tenant && f.Kind != model.List
}

// Hidden tells whether a field that is not null in the database may be null at a door: by a READ rule of its own, or
// because the viewer may not read what it refers to, or that is deleted or another tenant's.
func Hidden(f *model.Field) bool {
	if f.Kind == model.Union {
		shown := ShownArms(f)
		return len(shown) < len(f.Arms) || slices.ContainsFunc(shown, Hidden)
	}
	return len(f.Allow.Read) > 0 || f.Kind == model.Ref && (mayOutlive(f) || f.Target.TenantColumn != "" || !everybody(f.Target.Allow.Read))
}

// SeenByAll tells whether everybody may read all rows of e, so that whoever writes one can be shown it.
func SeenByAll(e *model.Entity) bool { return Exposed(e, model.Read) && everybody(e.Allow.Read) }

// mayOutlive tells whether a row may be there while the one that its field f refers to is deleted and stays. With CASCADE and
// RESTRICT it may not.
func mayOutlive(f *model.Field) bool {
	return f.Target.Vanishes() && !(f.Said && f.OnDelete != model.SetNull)
}

// everybody tells whether one of the rules is the constant true.
func everybody(rules []*model.Rule) bool {
	return slices.ContainsFunc(rules, func(r *model.Rule) bool { return r.When.Op == model.Const && r.When.Value == true })
}

// Doc is what the contracts say of f: the design's words, what it is unless it is given, and the steps that its value may take.
func Doc(f *model.Field) string {
	doc := strings.TrimSpace(f.Doc)
	if f.Tenant {
		doc = strings.TrimSpace(doc + "\n\nOf a new row that of the request; it is required where that names none.")
	}
	if f.Flow == nil {
		return doc
	}
	steps := make([]string, len(f.Flow.Steps))
	for i, s := range f.Flow.Steps {
		steps[i] = s.From + " to " + Either(s.To)
	}
	begin := ""
	if len(f.Flow.Begins) > 0 {
		begin = "Begins as " + Either(f.Flow.Begins) + ". "
	}
	return strings.TrimSpace(doc + "\n\n" + begin + "Goes from " + strings.Join(steps, ", from ") + ".")
}

// Replaces says what becomes of a JSON field at doors that know no merge patches.
const Replaces = "Replaces what is there: nothing is merged."

// Either is "A", "A or B", "A, B or C".
func Either(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// Key is an order or a filter of one column: a field, a part of a value object, or a field of a row that is referred to.
type Key struct {
	Path  []*model.Field
	Field *model.Field // the last of Path
}

// Keys are the columns of e by which the doors order.
func Keys(e *model.Entity) []Key {
	var keys []Key
	for _, f := range ReadFields(e) {
		switch f.Kind {
		case model.List:
		case model.Ref:
			for _, behind := range ReadFields(f.Target) {
				if behind.Kind != model.Value && ordered(behind) {
					keys = append(keys, Key{[]*model.Field{f, behind}, behind})
				}
			}
		case model.Value:
			for _, part := range f.Fields {
				if ordered(part) {
					keys = append(keys, Key{[]*model.Field{f, part}, part})
				}
			}
		default:
			if ordered(f) {
				keys = append(keys, Key{[]*model.Field{f}, f})
			}
		}
	}
	return keys
}

func ordered(f *model.Field) bool {
	if f.Method || f.Scalars() {
		return false
	}
	switch f.Kind {
	case model.JSON, model.Bytes, model.Value, model.InputDTO, model.List, model.Ref, model.Union:
		return false
	}
	return true
}

// Comparisons are what a filter may ask of f; none where it cannot be filtered by.
func Comparisons(f *model.Field) []string {
	if f.Method {
		return nil
	}
	if f.Scalars() {
		return []string{"has", "hasSome", "hasEvery", "isEmpty", "isNull"}
	}
	switch f.Kind {
	case model.JSON, model.Bytes, model.Value, model.InputDTO, model.List, model.Union:
		return nil
	case model.Boolean:
		return []string{"eq", "ne", "isNull"}
	case model.ID, model.UUID, model.EnumKind, model.Ref:
		return []string{"eq", "ne", "in", "notIn", "isNull"}
	case model.String, model.Email, model.URL, model.TimeZone, model.Country, model.Currency:
		return []string{"eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "contains", "startsWith", "isNull"}
	}
	return []string{"eq", "ne", "in", "notIn", "gt", "gte", "lt", "lte", "isNull"}
}

// Entities are those that have a type at the doors: what somebody may read, create or change, and what an operation
// returns.
func Entities(m *model.Model) []*model.Entity {
	returned := map[*model.Entity]bool{}
	for _, o := range Operations(m) {
		if o.Result.Target != nil {
			returned[o.Result.Target] = true
		}
	}
	var out []*model.Entity
	for _, e := range m.Entities {
		if returned[e] || Exposed(e, model.Read) || Exposed(e, model.Create) || Exposed(e, model.Update) {
			out = append(out, e)
		}
		if e.History != nil && Exposed(e, model.Read) {
			out = append(out, e.History)
		}
	}
	return out
}

// Operations are the business operations that doors serve, by module.
func Operations(m *model.Model) []*model.Operation {
	var out []*model.Operation
	for _, module := range m.Modules {
		for _, o := range module.Operations {
			if !o.Internal && len(o.Allow) > 0 {
				out = append(out, o)
			}
		}
	}
	return out
}

// Subscriptions are the subscriptions that doors serve, by module.
func Subscriptions(m *model.Model) []*model.Operation {
	var out []*model.Operation
	for _, module := range m.Modules {
		for _, o := range module.Subscriptions {
			if !o.Internal && len(o.Allow) > 0 {
				out = append(out, o)
			}
		}
	}
	return out
}

// MaxReferences is how many rows a field may name by their ids. Kit/graphql has the same number.
const MaxReferences = 1000

// MaxElements is how many elements a list of scalars has that the design does not bound. Kit/query has the same number.
const MaxElements = 1000

// Told says which rows a subscription tells of.
func Told(o *model.Operation) string {
	verbs := make([]string, len(o.On))
	for i, verb := range o.On {
		verbs[i] = map[model.Verb]string{model.Create: "new", model.Update: "changed"}[verb]
	}
	return fmt.Sprintf("Each %s that is %s, as the subscriber may read it.", o.Result.Target.Singular, strings.Join(verbs, " or "))
}

func choose(e *model.Entity, keep func(*model.Field) bool) []*model.Field {
	var out []*model.Field
	for _, f := range e.Fields {
		if keep(f) {
			out = append(out, f)
		}
	}
	return out
}
