package filter

import (
	"maps"
	"slices"
	"strconv"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// What bounds one filter. A condition on a list within lists may look at each row of the outer ones as often as the inner has
// rows: it weighs four times as much as one that is a list less deep.
const (
	maxConditions = 200
	maxLists      = 4   // lists within lists
	maxWeight     = 128 // of all conditions on lists: 1, 4, 16 or 64
)

// Tree reads a filter of e that is written as a tree: {and, or, not, FIELD: {eq: …}, REFERENCE: {FIELD: …},
// LIST: {some, every, none: {FIELD: …}}}. A null anywhere asks nothing, except that {eq: null} and {ne: null} ask
// for null. The result is nil where nothing is asked.
func Tree(e *meta.Entity, name string, raw any) (*meta.Expr, []kit.FieldError) {
	t := tree{}
	condition := t.entity(e, Place{}, name, raw)
	if t.conditions > maxConditions {
		return nil, []kit.FieldError{{Field: name, Code: kit.FieldTooLarge, Detail: "must have at most " + strconv.Itoa(maxConditions) + " conditions"}}
	}
	return condition, t.errors
}

type tree struct {
	errors     []kit.FieldError
	conditions int
	elements   int // names of elements so far
	lists      int // within which the condition at hand stands
	weight     int // of the conditions on lists so far
}

func (t *tree) fail(name, code, detail string) *meta.Expr {
	t.errors = append(t.errors, kit.FieldError{Field: name, Code: code, Detail: detail})
	return nil
}

// entity reads the conditions on a row of e, all of which must hold.
func (t *tree) entity(e *meta.Entity, place Place, name string, raw any) *meta.Expr {
	return t.all(name, raw, func(member string, value any) *meta.Expr {
		at := name + "." + member
		switch member {
		case "and":
			return t.several(e, place, at, value, meta.And)
		case "or":
			return t.several(e, place, at, value, meta.Or)
		case "not":
			return negate(t.entity(e, place, at, value))
		}
		f := Readable(e, member)
		if f == nil {
			return t.fail(at, kit.FieldUnknown, "is no field of "+e.Name+input.DidYouMean(member, Names(query.ReadFields(e))))
		}
		return t.field(place, f, at, value)
	})
}

// all reads the members of raw, in order of their names so that equal requests share a plan, and joins them.
func (t *tree) all(name string, raw any, member func(name string, value any) *meta.Expr) *meta.Expr {
	if raw == nil || len(t.errors) >= 20 || t.conditions > maxConditions {
		return nil
	}
	object, ok := raw.(input.Object)
	if !ok {
		return t.fail(name, kit.FieldType, "must be an object")
	}
	members := make([]string, 0, len(object))
	for m := range object {
		members = append(members, m)
	}
	slices.Sort(members)
	var conditions []*meta.Expr
	for _, m := range members {
		if condition := member(m, object[m]); condition != nil {
			conditions = append(conditions, condition)
		}
	}
	return join(conditions)
}

func join(conditions []*meta.Expr) *meta.Expr {
	switch len(conditions) {
	case 0:
		return nil
	case 1:
		return conditions[0]
	default:
		return meta.And(conditions...)
	}
}

func negate(condition *meta.Expr) *meta.Expr {
	if condition == nil {
		return nil
	}
	return meta.Not(condition)
}

func (t *tree) several(e *meta.Entity, place Place, name string, raw any, combine func(...*meta.Expr) *meta.Expr) *meta.Expr {
	if raw == nil {
		return nil
	}
	elements, ok := raw.([]any)
	if !ok {
		elements = []any{raw}
	}
	var conditions []*meta.Expr
	for i, element := range elements {
		if condition := t.entity(e, place, name+"."+strconv.Itoa(i), element); condition != nil {
			conditions = append(conditions, condition)
		} else if element != nil {
			conditions = append(conditions, meta.True()) // {} asks nothing, so every row fits
		}
	}
	return combine(conditions...)
}

func (t *tree) field(place Place, f *meta.Field, name string, raw any) *meta.Expr {
	switch f.Kind {
	case meta.Reference:
		return t.reference(place.Step(f.Name), f, name, raw)
	case meta.List:
		return t.list(place.Step(f.Name), f, name, raw)
	case meta.Union:
		return t.union(place, f, name, raw)
	case meta.Value:
		return t.parts(place.Step(f.Name), f, name, raw)
	default:
		return t.scalar(place.Step(f.Name), f, name, raw)
	}
}

func (t *tree) scalar(place Place, f *meta.Field, name string, raw any) *meta.Expr {
	return t.all(name, raw, func(comparison string, operand any) *meta.Expr {
		if operand == nil && comparison != Eq && comparison != Ne {
			return nil
		}
		t.conditions++
		condition, errs := Compare(place, f, comparison, name+"."+comparison, operand)
		t.errors = append(t.errors, errs...)
		return condition
	})
}

func (t *tree) parts(place Place, f *meta.Field, name string, raw any) *meta.Expr {
	return t.all(name, raw, func(member string, value any) *meta.Expr {
		for _, part := range f.Fields {
			if part.Name == member {
				return t.field(place, part, name+"."+member, value)
			}
		}
		return t.fail(name+"."+member, kit.FieldUnknown, "is no field of "+f.Type+input.DidYouMean(member, Names(f.Fields)))
	})
}

// union reads {MEMBER: {FIELD: …}}, which holds where the union is of that type, and isNull.
func (t *tree) union(place Place, f *meta.Field, name string, raw any) *meta.Expr {
	arms := query.ShownArms(f)
	return t.all(name, raw, func(member string, value any) *meta.Expr {
		switch i := slices.IndexFunc(arms, func(arm *meta.Field) bool { return arm.Target().Singular == member }); {
		case value == nil:
			return nil
		case i >= 0:
			arm := place.Step(arms[i].Name)
			return join([]*meta.Expr{meta.Ne(arm.Expr(), meta.Null()), orTrue(t.reference(arm, arms[i], name+"."+member, value))})
		case member == IsNull:
			return t.absent(place, f, name+"."+member, value)
		}
		known := make([]string, len(arms))
		for i, arm := range arms {
			known[i] = arm.Target().Singular
		}
		return t.fail(name+"."+member, kit.FieldUnknown, "is no type of "+f.Name+input.DidYouMean(member, known))
	})
}

// absent holds where a union is null, or where it is not.
func (t *tree) absent(place Place, f *meta.Field, name string, raw any) *meta.Expr {
	want, errs := input.Value(&meta.Field{Name: name, Kind: meta.Boolean}, raw)
	if t.errors = append(t.errors, errs...); errs != nil {
		return nil
	}
	t.conditions++
	var none []*meta.Expr
	for _, arm := range f.References() {
		none = append(none, meta.Eq(place.Step(arm.Name).Expr(), meta.Null()))
	}
	if want == true {
		return meta.And(none...)
	}
	return meta.Not(meta.And(none...))
}

func orTrue(condition *meta.Expr) *meta.Expr {
	if condition == nil {
		return meta.True()
	}
	return condition
}

// reference reads the conditions on what f refers to. Its id is f itself, which needs no other table.
func (t *tree) reference(place Place, f *meta.Field, name string, raw any) *meta.Expr {
	object, ok := raw.(input.Object)
	if !ok {
		return t.entity(f.Target(), place, name, raw)
	}
	rest := maps.Clone(object)
	var conditions []*meta.Expr
	if id, ok := rest["id"]; ok {
		delete(rest, "id")
		conditions = append(conditions, t.scalar(place, f.Target().Field("id"), name+".id", id))
	}
	if want, ok := rest[IsNull]; ok && Readable(f.Target(), IsNull) == nil {
		delete(rest, IsNull)
		conditions = append(conditions, t.scalar(place, f, name, input.Object{IsNull: want}))
	}
	if len(rest) > 0 {
		conditions = append(conditions, t.entity(f.Target(), place, name, rest))
	}
	return join(slices.DeleteFunc(conditions, func(c *meta.Expr) bool { return c == nil }))
}

// list reads {some, every, none} of a list.
func (t *tree) list(place Place, f *meta.Field, name string, raw any) *meta.Expr {
	return t.all(name, raw, func(quantifier string, value any) *meta.Expr {
		if value == nil {
			return nil
		}
		t.lists++
		defer func() { t.lists-- }()
		if t.lists > maxLists {
			return t.fail(name+"."+quantifier, kit.FieldTooLarge, "must not ask of lists in more than "+strconv.Itoa(maxLists)+" levels")
		}
		if t.weight += 1 << (2 * (t.lists - 1)); t.weight > maxWeight {
			return t.fail(name+"."+quantifier, kit.FieldTooLarge, "must not ask of so many lists in lists")
		}
		t.elements++
		element := "e" + strconv.Itoa(t.elements)
		condition := t.entity(f.Target(), Place{Element: element}, name+"."+quantifier, value)
		if condition == nil {
			condition = meta.True()
		}
		t.conditions++
		switch quantifier {
		case "some":
			return meta.Over(meta.OpExists, place.Expr(), element, condition)
		case "none":
			return meta.Not(meta.Over(meta.OpExists, place.Expr(), element, condition))
		case "every":
			return meta.Not(meta.Over(meta.OpExists, place.Expr(), element, meta.Not(condition)))
		}
		return t.fail(name+"."+quantifier, kit.FieldUnknown, "must be some, every or none")
	})
}
