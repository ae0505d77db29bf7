// Package input turns what a caller sent into the values that the runtime works with, and back.
//
//	JSON text ─▶ Parse ─▶ tree ─▶ Value ─▶ the Go form of meta.Kind ─▶ AppendJSON ─▶ JSON text
//	query text ─▶ Tree, Node ─▶
//
// It knows types, not rules: lengths, ranges, patterns, required fields of an entity and policies belong to package
// query. Nothing here uses reflection, and all work is bounded by the length of the text.
package input

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Object is a JSON object of a tree. The other nodes are nil, bool, json.Number, string and []any.
type Object = map[string]any

// maxErrors bounds what an answer says about one input.
const maxErrors = 50

// Value reads a node of a tree as a value of f, in the form that meta.Kind states: nil for null, []any where f is
// Repeated. The paths of its errors begin with the name of f. All errors are collected, up to a bound.
func Value(f *meta.Field, raw any) (any, []kit.FieldError) {
	r := reader{}
	value := r.value(f, f.Name, raw)
	return value, r.errors
}

// Fields reads the members of object that fields name. Absent ones are absent from the result, so that a default or a
// kept value is not mistaken for null. A name that is not in fields is an error, READ_ONLY where known says that the
// caller could have read it.
func Fields(fields []*meta.Field, object Object, known func(name string) bool) (map[*meta.Field]any, []kit.FieldError) {
	r := reader{}
	values := make(map[*meta.Field]any, len(object))
	for _, f := range fields {
		if raw, ok := object[f.Name]; ok {
			values[f] = r.value(f, f.Name, raw)
		}
	}
	r.unknown(fields, "", object, known)
	return values, r.errors
}

// Arguments reads the arguments of an operation, one value each, with constant defaults for absent ones.
func Arguments(fields []*meta.Field, object Object) ([]any, []kit.FieldError) {
	r := reader{}
	values := r.members(fields, "", object)
	return values, r.errors
}

type reader struct {
	errors []kit.FieldError
}

func (r *reader) fail(path, code, detail string) any {
	if len(r.errors) < maxErrors {
		r.errors = append(r.errors, kit.FieldError{Field: path, Code: code, Detail: detail})
	}
	return nil
}

func (r *reader) value(f *meta.Field, path string, raw any) any {
	switch {
	case raw == nil && f.Null:
		return nil
	case raw == nil:
		return r.fail(path, kit.FieldRequired, "must not be null")
	case f.Repeated || f.Kind == meta.List:
		return r.list(f, path, raw)
	default:
		return r.one(f, path, raw)
	}
}

func (r *reader) list(f *meta.Field, path string, raw any) any {
	elements, ok := raw.([]any)
	if !ok {
		return r.fail(path, kit.FieldType, "must be a list, not "+describe(raw))
	}
	values := make([]any, len(elements))
	for i, element := range elements {
		at := path + "." + strconv.Itoa(i)
		if element == nil {
			r.fail(at, kit.FieldRequired, "must not be null")
			continue
		}
		values[i] = r.one(f, at, element)
	}
	return values
}

// one reads a value that is neither null nor a list.
func (r *reader) one(f *meta.Field, path string, raw any) any {
	switch f.Kind {
	case meta.Value, meta.Input, meta.Union:
		object, ok := raw.(Object)
		if !ok {
			return r.fail(path, kit.FieldType, "must be an object, not "+describe(raw))
		}
		return r.members(f.Fields, path+".", object)
	case meta.JSON:
		if hasNUL(raw) {
			return r.fail(path, kit.FieldFormat, "must not contain the character U+0000")
		}
		return json.RawMessage(appendTree(nil, raw))
	default:
		value, problem := scalar(f, raw)
		if problem.code != "" {
			return r.fail(path, problem.code, problem.detail)
		}
		return value
	}
}

// members reads one value for each of fields.
func (r *reader) members(fields []*meta.Field, prefix string, object Object) []any {
	values := make([]any, len(fields))
	for i, f := range fields {
		raw, ok := object[f.Name]
		switch {
		case ok:
			values[i] = r.value(f, prefix+f.Name, raw)
		case f.Default != nil && f.Default.Op == meta.OpConst:
			values[i] = constant(f, f.Default.Value)
		case !f.Null:
			r.fail(prefix+f.Name, kit.FieldRequired, "is required")
		}
	}
	r.unknown(fields, prefix, object, nil)
	return values
}

func (r *reader) unknown(fields []*meta.Field, prefix string, object Object, known func(string) bool) {
	expected := make([]string, len(fields))
	for i, f := range fields {
		expected[i] = f.Name
	}
	var surplus []string
	for name := range object {
		if !slices.Contains(expected, name) {
			surplus = append(surplus, name)
		}
	}
	slices.Sort(surplus)
	for _, name := range surplus {
		if known != nil && known(name) {
			r.fail(prefix+name, kit.FieldReadOnly, "cannot be set here")
			continue
		}
		r.fail(prefix+shorten(name), kit.FieldUnknown, "is no field here"+DidYouMean(name, expected))
	}
}

// constant gives the value of a default of the design.
func constant(f *meta.Field, value any) any {
	if value == nil {
		return nil
	}
	if items, ok := value.([]any); ok {
		list := make([]any, len(items))
		for i, item := range items {
			list[i] = constant(f, item)
		}
		return list
	}
	if micros, ok := value.(int64); ok && f.Kind == meta.Duration {
		return microseconds(micros)
	}
	decoded, problem := scalar(f, value)
	if problem.code != "" {
		return nil
	}
	return decoded
}

func describe(raw any) string {
	switch raw.(type) {
	case nil:
		return "null"
	case bool:
		return "a boolean"
	case json.Number, int64, float64:
		return "a number"
	case string:
		return "a string"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}

// shorten keeps a name that a caller made up from filling the answer.
func shorten(name string) string {
	const most = 64
	for i := range name {
		if i > most {
			return name[:i] + "…"
		}
	}
	return name
}
