// Package filter turns the conditions that callers ask for into expressions of package meta.
//
//	status.in=OPEN,PAID           ─▶ Compare ─▶ *meta.Expr ─▶ query.Select.Where
//	{status: {in: [OPEN, PAID]}}  ─▶ Tree ─────▶
//
// Only fields that a caller may read take part. Which rows fit, and which fields are hidden from whom, is decided by
// package query.
package filter

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// The comparisons that fields take, by the names that callers use.
const (
	Eq         = "eq"
	Ne         = "ne"
	In         = "in"
	NotIn      = "notIn"
	Gt         = "gt"
	Gte        = "gte"
	Lt         = "lt"
	Lte        = "lte"
	Contains   = "contains"
	StartsWith = "startsWith"
	IsNull     = "isNull"
	Has        = "has" // of a list of scalars, as all that follow
	HasSome    = "hasSome"
	HasEvery   = "hasEvery"
	IsEmpty    = "isEmpty"
)

// Comparisons are what f may be asked; none where it cannot be filtered by.
func Comparisons(f *meta.Field) []string {
	if f.Method {
		return nil
	}
	if f.Repeated {
		return []string{Has, HasSome, HasEvery, IsEmpty, IsNull}
	}
	switch f.Kind {
	case meta.JSON, meta.Bytes, meta.Value, meta.Input, meta.List, meta.Union:
		return nil
	case meta.Boolean:
		return []string{Eq, Ne, IsNull}
	case meta.ID, meta.UUID, meta.EnumKind, meta.Reference:
		return []string{Eq, Ne, In, NotIn, IsNull}
	case meta.String, meta.Email, meta.URL, meta.TimeZone, meta.Country, meta.Currency:
		return []string{Eq, Ne, In, NotIn, Gt, Gte, Lt, Lte, Contains, StartsWith, IsNull}
	default:
		return []string{Eq, Ne, In, NotIn, Gt, Gte, Lt, Lte, IsNull}
	}
}

// Place is where a field stands that a condition is about: in the row itself or in an element of a list.
type Place struct {
	Element string // the variable of a list operation; empty for the row
	Path    []string
}

// Expr is the value at the place.
func (p Place) Expr() *meta.Expr {
	if p.Element != "" {
		return meta.Var(p.Element, p.Path...)
	}
	return meta.This(p.Path...)
}

// Step is the place of a field of what stands at p.
func (p Place) Step(name string) Place {
	return Place{p.Element, append(slices.Clip(p.Path), name)}
}

// Compare makes the condition that f, at place, compares with raw as comparison says. Its errors stand on name.
func Compare(place Place, f *meta.Field, comparison, name string, raw any) (*meta.Expr, []kit.FieldError) {
	allowed := Comparisons(f)
	if !slices.Contains(allowed, comparison) {
		return nil, []kit.FieldError{{Field: name, Code: kit.FieldUnknown, Detail: cannot(comparison, allowed)}}
	}
	switch {
	case comparison == IsNull:
		return isNull(place, name, raw)
	case f.Repeated:
		return elements(place, f, comparison, name, raw)
	case raw == nil && comparison == Eq:
		return meta.Eq(place.Expr(), meta.Null()), nil
	case raw == nil && comparison == Ne:
		return meta.Ne(place.Expr(), meta.Null()), nil
	case comparison == In || comparison == NotIn:
		return among(place, f, comparison, name, raw)
	}
	operand, errs := constant(f, name, raw)
	if errs != nil {
		return nil, errs
	}
	return compare(comparison, subject(place, f, operand), operand), nil
}

func compare(comparison string, left, right *meta.Expr) *meta.Expr {
	switch comparison {
	case Eq:
		return meta.Eq(left, right)
	case Ne:
		return meta.Ne(left, right)
	case Gt:
		return meta.Apply(meta.OpGt, left, right)
	case Gte:
		return meta.Apply(meta.OpGe, left, right)
	case Lt:
		return meta.Apply(meta.OpLt, left, right)
	case Lte:
		return meta.Apply(meta.OpLe, left, right)
	default: // contains, startsWith
		return meta.Call(comparison, left, right)
	}
}

func cannot(comparison string, allowed []string) string {
	if allowed == nil {
		return "cannot be filtered by"
	}
	return strconv.Quote(comparison) + " does not compare it; these do: " + strings.Join(allowed, ", ")
}

func isNull(place Place, name string, raw any) (*meta.Expr, []kit.FieldError) {
	want, errs := input.Value(&meta.Field{Name: name, Kind: meta.Boolean}, raw)
	if errs != nil {
		return nil, errs
	}
	if want == true {
		return meta.Eq(place.Expr(), meta.Null()), nil
	}
	return meta.Ne(place.Expr(), meta.Null()), nil
}

// elements makes a condition on the elements of a list of scalars. Of nothing, every list has every one and none has some.
func elements(place Place, f *meta.Field, comparison, name string, raw any) (*meta.Expr, []kit.FieldError) {
	if comparison == IsEmpty {
		want, errs := input.Value(&meta.Field{Name: name, Kind: meta.Boolean}, raw)
		if errs != nil {
			return nil, errs
		}
		empty := meta.Eq(meta.Call("size", place.Expr()), meta.Const(int64(0)))
		if want == true {
			return empty, nil
		}
		return meta.Not(empty), nil
	}
	wanted := []any{raw}
	if comparison != Has {
		var ok bool
		if wanted, ok = raw.([]any); !ok {
			wanted = []any{raw}
		}
	}
	operands, errs := constants(f, name, wanted, comparison == Has)
	if errs != nil {
		return nil, errs
	}
	has := func(condition *meta.Expr) *meta.Expr { return meta.Over(meta.OpExists, place.Expr(), "x", condition) }
	if comparison == HasSome {
		if len(operands) == 0 {
			return meta.Not(meta.True()), nil
		}
		return has(meta.In(meta.Var("x"), operands...)), nil
	}
	conditions := make([]*meta.Expr, len(operands))
	for i, operand := range operands {
		conditions[i] = has(meta.Eq(meta.Var("x"), operand))
	}
	return meta.And(conditions...), nil
}

// constants reads operands for f, each of which stands on a name of its own unless there is but one.
func constants(f *meta.Field, name string, raw []any, one bool) ([]*meta.Expr, []kit.FieldError) {
	if len(raw) > maxAlternatives {
		detail := "must have at most " + strconv.Itoa(maxAlternatives) + " alternatives"
		return nil, []kit.FieldError{{Field: name, Code: kit.FieldTooLong, Detail: detail}}
	}
	operands := make([]*meta.Expr, len(raw))
	var errs []kit.FieldError
	for i, element := range raw {
		at := name
		if !one {
			at += "." + strconv.Itoa(i)
		}
		var wrong []kit.FieldError
		operands[i], wrong = constant(f, at, element)
		errs = append(errs, wrong...)
	}
	return operands, errs[:min(len(errs), 20)]
}

// maxAlternatives bounds a list of alternatives.
const maxAlternatives = 500

func among(place Place, f *meta.Field, comparison, name string, raw any) (*meta.Expr, []kit.FieldError) {
	elements, ok := raw.([]any)
	if !ok {
		elements = []any{raw}
	}
	operands, errs := constants(f, name, elements, false)
	if errs != nil {
		return nil, errs
	}
	var ids, keys []*meta.Expr
	for _, operand := range operands {
		if byKey(f, operand) {
			keys = append(keys, operand)
		} else {
			ids = append(ids, operand)
		}
	}
	condition := oneOf(place, f, ids, keys)
	if comparison == NotIn {
		return meta.Not(condition), nil
	}
	return condition, nil
}

// oneOf holds where the field is one of ids, or what it refers to has one of keys.
func oneOf(place Place, f *meta.Field, ids, keys []*meta.Expr) *meta.Expr {
	var conditions []*meta.Expr
	if len(ids) > 0 {
		conditions = append(conditions, meta.In(place.Expr(), ids...))
	}
	if len(keys) > 0 {
		conditions = append(conditions, meta.In(place.Step(f.Target().Key).Expr(), keys...))
	}
	if len(conditions) == 1 {
		return conditions[0]
	}
	return meta.Or(conditions...) // of none: false
}

// constant reads an operand for f, which is never null or a list.
func constant(f *meta.Field, name string, raw any) (*meta.Expr, []kit.FieldError) {
	operand := *f
	operand.Name, operand.Null, operand.Repeated = name, false, false
	if slices.Contains(Comparisons(&operand), Contains) {
		operand.Kind = meta.String // a part of an address is none
	}
	value, errs := input.Value(&operand, raw)
	if errs != nil {
		return nil, errs
	}
	return meta.Const(input.Constant(value)), nil
}

// subject is what operand is compared with: f itself or, where operand is no id, the key of what f refers to.
func subject(place Place, f *meta.Field, operand *meta.Expr) *meta.Expr {
	if byKey(f, operand) {
		return place.Step(f.Target().Key).Expr()
	}
	return place.Expr()
}

func byKey(f *meta.Field, operand *meta.Expr) bool {
	if f.Kind != meta.Reference || operand == nil {
		return false
	}
	text, _ := operand.Value.(string)
	return f.Target().Key != "id" && !IsID(text)
}

// IsID tells whether text is an id rather than a key.
func IsID(text string) bool {
	_, errs := input.Value(&meta.Field{Kind: meta.ID}, text)
	return errs == nil
}

// Readable finds the field of e of that name that a caller may read and so ask about; nil where there is none.
func Readable(e *meta.Entity, name string) *meta.Field {
	for _, f := range query.ReadFields(e) {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// Names are the names of fields.
func Names(fields []*meta.Field) []string {
	all := make([]string, len(fields))
	for i, f := range fields {
		all[i] = f.Name
	}
	return all
}
