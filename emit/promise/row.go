package promise

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/model"
)

// row is what is known of a row that ada has made.
type row struct {
	entity *model.Entity
	name   string          // under which its id is kept
	fields map[string]any  // what is known of its values: a constant, or who
	refs   map[string]*row // what it refers to
}

// who is a person as a value.
type who string

// make promises that ada makes a row, and what it refers to before. It gives up where a required value has no sample, or where
// something else has a say in whether a row may be.
func (w *writer) make(e *model.Entity, title string, depth int) (*row, bool) {
	if depth > 3 || e.Internal || e.TenantColumn != "" || len(e.Checks)+len(e.Excludes)+len(e.Allow.Create)+len(e.Replaced) != len(e.Allow.Create) || len(e.Allow.Create) == 0 {
		return nil, false
	}
	w.samples[e]++
	r := &row{entity: e, fields: map[string]any{}, refs: map[string]*row{}}
	var body []string
	for _, f := range e.Fields {
		known, value := preset(f)
		if known {
			r.fields[f.Name] = value
		}
	}
	for _, f := range inputs(e) {
		if f.Null || f.Default != nil {
			continue
		}
		if f.Kind == model.Ref {
			to, can := w.make(f.Target, title, depth+1)
			if !can || allows(f.Target.Allow.Create, viewer{ada, accountFields(w.model)}, to) != yes || allows(f.Target.Allow.Read, viewer{ada, accountFields(w.model)}, to) != yes {
				return nil, false
			}
			r.refs[f.Name] = to
			body = append(body, fmt.Sprintf(`%q:"{%s}"`, f.Name, to.name))
			continue
		}
		value, known := sample(f, w.samples[e])
		if !known || len(f.Checks) > 0 || len(f.Allow.Create) > 0 {
			return nil, false
		}
		body = append(body, fmt.Sprintf("%q:%s", f.Name, value))
	}
	for _, f := range e.Fields {
		if len(f.Checks) > 0 && !f.Null { // a default may not pass it, for all that is known
			return nil, false
		}
	}
	w.names++
	r.name = fmt.Sprintf("%s%d", e.Singular, w.names)
	w.promise(Promise{Title: title, As: ada, Ask: "POST /v1/" + e.Path, Body: Body{Before: "{" + strings.Join(body, ",") + "}"}, Want: 201, Keep: r.name})
	return r, true
}

// inputs are the fields that a client may give to a new row.
func inputs(e *model.Entity) []*model.Field {
	var out []*model.Field
	for _, f := range e.Fields {
		if f.Auto || f.ReadOnly || f.Internal || f.Computed != nil || f.Method || f.Kind == model.List || f.ArmOf != nil {
			continue
		}
		out = append(out, f)
	}
	return out
}

// preset is the value that a field has when nobody gives one, as far as it is known.
func preset(f *model.Field) (known bool, value any) {
	switch d := f.Default; {
	case d != nil && d.Op == model.Const:
		return true, d.Value
	case d != nil && d.Op == model.Get && d.Root == model.Viewer && len(d.Path) == 0:
		return true, who(ada)
	case d == nil && f.Null && f.Computed == nil && !f.Method && f.Kind != model.List:
		return true, nil
	}
	return false, nil
}

// sample is a value of a field as JSON, the nth of its kind.
func sample(f *model.Field, nth int) (text string, known bool) {
	if f.Repeated {
		return "[]", f.MinLength == nil || *f.MinLength == 0
	}
	switch f.Kind {
	case model.String:
		if f.Pattern != "" || f.Scalar != nil {
			return "", false
		}
		text := fmt.Sprintf("s%d", nth)
		if f.MinLength != nil && len(text) < *f.MinLength {
			text += strings.Repeat("x", *f.MinLength-len(text))
		}
		return fmt.Sprintf("%q", text), f.MaxLength == nil || len(text) <= *f.MaxLength
	case model.Int:
		n := int64(nth)
		if f.Min != nil && float64(n) < *f.Min {
			n = int64(*f.Min)
		}
		return fmt.Sprint(n), f.Max == nil || float64(n) <= *f.Max
	case model.Float:
		return "1", f.Min == nil && f.Max == nil
	case model.Boolean:
		return "false", true
	case model.Decimal:
		return `"1"`, f.Min == nil && f.Max == nil && len(f.Checks) == 0
	case model.Email:
		return fmt.Sprintf(`"s%d@example.com"`, nth), true
	case model.URL:
		return `"https://example.com/"`, true
	case model.TimeZone:
		return `"UTC"`, true
	case model.Country:
		return `"IT"`, true
	case model.Currency:
		return `"EUR"`, true
	case model.Date:
		return `"2030-01-01"`, true
	case model.DateTime:
		return `"2030-01-01T00:00:00Z"`, true
	case model.EnumKind:
		return fmt.Sprintf("%q", f.Enum.Values[0].Name), true
	case model.Value:
		var parts []string
		for _, part := range f.Fields {
			value, known := sample(part, nth)
			if !known || len(part.Checks) > 0 {
				return "", false
			}
			parts = append(parts, fmt.Sprintf("%q:%s", part.Name, value))
		}
		return "{" + strings.Join(parts, ",") + "}", true
	}
	return "", false
}
