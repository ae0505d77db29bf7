package openapi

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/emit/door"
	"github.com/fettlehq/fettle/model"
)

// scalarSchema is the JSON form of a scalar, with an example where its format needs one.
func scalarSchema(k model.Kind) object {
	switch k {
	case model.Int:
		return object{{"type", "integer"}, {"format", "int32"}}
	case model.Int64:
		return object{{"type", "string"}, {"format", "int64"}, {"pattern", `^-?(0|[1-9][0-9]*)$`}, {"examples", []string{"1"}}}
	case model.Float:
		return object{{"type", "number"}, {"format", "double"}}
	case model.Boolean:
		return object{{"type", "boolean"}}
	case model.JSON:
		return object{{"description", "Any JSON value."}}
	}
	for _, f := range formats {
		if f.kind == k {
			o := object{{"type", "string"}}
			o.text("format", f.format)
			o.text("pattern", f.pattern)
			if f.example != "" {
				o.put("examples", []string{f.example})
			}
			return o
		}
	}
	return object{{"type", "string"}}
}

var formats = []struct {
	kind                     model.Kind
	format, pattern, example string
}{
	{model.ID, "uuid", "", "01890a5d-ac96-774b-bcce-b302099a8057"},
	{model.UUID, "uuid", "", "01890a5d-ac96-774b-bcce-b302099a8057"},
	{model.Decimal, "decimal", `^-?(0|[1-9][0-9]*)(\.[0-9]+)?$`, "12.50"}, // of no field: decimal says how many digits one has
	{model.DateTime, "date-time", "", "2026-01-31T09:30:00Z"},
	{model.Date, "date", "", "2026-01-31"},
	{model.Time, "time-local", `^([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]+)?)?$`, "09:30:00"},
	{model.Duration, "go-duration", `^[+-]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$`, "1h30m"},
	{model.Email, "email", "", "ada@example.com"},
	{model.URL, "uri", "", "https://example.com/a"},
	{model.Bytes, "byte", "", "aGVsbG8="},
	{model.TimeZone, "time-zone", `^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+)*$`, "Europe/Berlin"},
	{model.Country, "country-code", "^[A-Z]{2}$", "DE"},
	{model.Currency, "currency-code", "^[A-Z]{3}$", "EUR"},
}

// one is the schema of one value of f, without null; taken is how a client writes it.
func (d *document) one(f *model.Field, taken bool) object {
	switch f.Kind {
	case model.Ref, model.List:
		if taken {
			return keySchema("The id or the key of " + article(f.Target.Name) + ".")
		}
		return object{{"anyOf", []object{ref("schemas", f.Target.Name), ref("schemas", "Reference")}}}
	case model.Union:
		return d.union(f, taken)
	case model.EnumKind:
		d.enum(f.Enum)
		return ref("schemas", f.Enum.Name)
	case model.Value, model.InputDTO:
		return d.structure(f.Struct, f.Kind, taken)
	}
	s := scalarSchema(f.Kind)
	if f.Kind == model.Decimal && (taken || f.Stored()) && f.Digits > 0 {
		s.set("pattern", decimal(f, taken))
	}
	constrain(&s, f)
	if taken && d.keys[f] && s.get("format") == nil && s.get("pattern") == nil {
		s.put("pattern", door.AnyKey)
	}
	return s
}

// keySchema is what names a row in an input.
func keySchema(doc string) object {
	return object{{"type", "string"}, {"description", doc}, {"minLength", 1}, {"maxLength", longestKey}}
}

// decimal is the pattern of a Decimal with the digits that f has. What a client writes may have zeros behind them.
func decimal(f *model.Field, taken bool) string {
	whole, zeros := "0", ""
	if n := f.Digits - f.Scale; n > 0 {
		whole = fmt.Sprintf("(0|[1-9][0-9]{0,%d})", n-1)
	}
	if taken {
		zeros = "0*"
	}
	switch {
	case f.Scale > 0:
		return fmt.Sprintf(`^-?%s(\.[0-9]{1,%d}%s)?$`, whole, f.Scale, zeros)
	case taken:
		return "^-?" + whole + `(\.0+)?$`
	default:
		return "^-?" + whole + "$"
	}
}

func article(name string) string {
	if strings.ContainsRune("AEIO", rune(name[0])) {
		return "an " + name
	}
	return "a " + name
}

// constrain adds what validation asks of a scalar.
func constrain(s *object, f *model.Field) {
	if f.MinLength != nil && !f.Repeated {
		s.put("minLength", *f.MinLength)
	}
	if f.MaxLength != nil && !f.Repeated {
		s.put("maxLength", *f.MaxLength)
	}
	if f.Kind == model.Int || f.Kind == model.Float {
		if f.Min != nil {
			s.put("minimum", *f.Min)
		}
		if f.Max != nil {
			s.put("maximum", *f.Max)
		}
	}
	pattern := f.Pattern
	if pattern == "" && f.Scalar != nil {
		pattern = f.Scalar.Pattern
	}
	if pattern != "" && s.get("pattern") == nil {
		s.put("pattern", pattern)
	}
}

// property is the schema of f as a member of an object.
func (d *document) property(f *model.Field, taken, null bool) object {
	s := d.one(f, taken)
	switch {
	case f.Kind == model.List && !taken:
		s = d.list(f)
	case f.Repeated || f.Kind == model.List:
		s = object{{"type", "array"}, {"items", s}}
		if f.MinLength != nil {
			s.put("minItems", *f.MinLength)
		}
		switch {
		case f.MaxLength != nil:
			s.put("maxItems", *f.MaxLength)
		case taken && f.Kind == model.List && f.Bound > 0:
			s.put("maxItems", f.Bound)
		case taken:
			s.put("maxItems", door.MaxElements)
		}
	}
	if null {
		s = nullable(s)
	}
	return annotated(s, f, taken)
}

// union is an object with one member, named after the type that is meant.
func (d *document) union(f *model.Field, taken bool) object {
	arms := f.Arms
	if !taken {
		arms = door.ShownArms(f)
	}
	var members object
	for _, arm := range arms {
		members.put(arm.Target.Singular, d.one(arm, taken))
	}
	doc := "The one that it is about, under the name of its type."
	s := object{{"description", doc}, {"type", "object"}, {"properties", members}, {"minProperties", 1}, {"maxProperties", 1}}
	if taken {
		s.put("additionalProperties", false)
	}
	return s
}

// list is a list that include= asks for: an array of few, or a page of many.
func (d *document) list(f *model.Field) object {
	if f.Bound == 0 {
		return ref("schemas", f.Target.Name+"Page")
	}
	return object{{"type", "array"}, {"items", ref("schemas", f.Target.Name)}, {"maxItems", f.Bound}}
}

func nullable(s object) object {
	if typ, ok := s.get("type").(string); ok {
		out := append(object{}, s...)
		for i := range out {
			if out[i].name == "type" {
				out[i].value = []string{typ, "null"}
			}
		}
		return out
	}
	if choices, ok := s.get("anyOf").([]object); ok {
		return object{{"anyOf", append(append([]object{}, choices...), object{{"type", "null"}})}}
	}
	if s.get("$ref") == nil {
		return s // any JSON value is null too
	}
	return object{{"anyOf", []object{s, {{"type", "null"}}}}}
}

// annotated adds what the design says of f.
func annotated(s object, f *model.Field, taken bool) object {
	out, said := object{}, describe(f)
	out.text("description", said)
	for _, m := range s {
		if m.name != "description" || said == "" {
			out = append(out, m)
		}
	}
	if taken && f.Default != nil && f.Default.Op == model.Const && f.Default.Value != nil && f.Kind != model.Duration {
		out.put("default", defaultValue(f))
	}
	deprecation(&out, f.Deprecated, f.Sunset)
	return out
}

// deprecation says that something goes, and when: x-sunset is what oasdiff reads.
func deprecation(o *object, reason string, s *model.Sunset) {
	if reason == "" {
		return
	}
	o.put("deprecated", true)
	if s != nil && !s.On.IsZero() {
		o.put("x-sunset", s.On.Format(time.DateOnly))
	}
}

func describe(f *model.Field) string {
	doc := door.Doc(f)
	if f.Deprecated != "" {
		doc = strings.TrimSpace(doc + " Deprecated: " + f.Deprecated)
	}
	return doc
}

// defaultValue is a constant default in the JSON form of its field.
func defaultValue(f *model.Field) any {
	if items, ok := f.Default.Value.([]any); ok {
		out := make([]any, len(items))
		for i, item := range items {
			out[i] = defaultValue(&model.Field{Kind: f.Kind, Default: &model.Expr{Value: item}})
		}
		return out
	}
	if n, ok := f.Default.Value.(int64); ok && (f.Kind == model.Int64 || f.Kind == model.Decimal) {
		return strconv.FormatInt(n, 10)
	}
	if x, ok := f.Default.Value.(float64); ok && f.Kind == model.Decimal {
		return fmt.Sprint(x)
	}
	return f.Default.Value
}

// enum adds the schema of an enum.
func (d *document) enum(e *model.Enum) {
	if d.structs[e.Name] {
		return
	}
	d.structs[e.Name] = true
	s := object{}
	doc := strings.TrimSpace(e.Doc)
	values := make([]string, len(e.Values))
	for i, v := range e.Values {
		values[i] = v.Name
		if v.Doc != "" || v.Deprecated != "" {
			doc += "\n- " + v.Name + ": " + v.Doc
			if v.Deprecated != "" {
				doc = strings.TrimRight(doc, " :.") + ": deprecated, " + v.Deprecated
			}
		}
	}
	s.text("description", strings.TrimSpace(doc))
	s.put("type", "string")
	s.put("enum", values)
	d.schemas.put(e.Name, s)
}

// structure is a reference to the schema of a value object or an input. Of a value object an answer has all parts, and a
// client sends those that it must: what it sends is a schema of its own.
func (d *document) structure(v *model.Struct, kind model.Kind, taken bool) object {
	name := v.Name
	if kind == model.Value && taken {
		name = d.inputName(v)
	}
	if !d.structs[name] {
		d.structs[name] = true
		d.schemas.put(name, d.objectOf(v.Doc, v.Fields, taken, func(f *model.Field) bool { return !taken || door.Required(f) }, false))
	}
	return ref("schemas", name)
}

// inputName is what a value object is called where a client sends it: MoneyInput, unless the design calls something else so.
func (d *document) inputName(v *model.Struct) string {
	name := v.Name + "Input"
	for d.declared(name) {
		name += "_"
	}
	return name
}

// declared tells whether the design has a type of that name.
func (d *document) declared(name string) bool {
	if slices.ContainsFunc(d.model.Entities, func(e *model.Entity) bool { return e.Name == name }) {
		return true
	}
	is := func(s *model.Struct) bool { return s.Name == name }
	return slices.ContainsFunc(d.model.Modules, func(m *model.Module) bool {
		return slices.ContainsFunc(m.Values, is) || slices.ContainsFunc(m.Inputs, is) ||
			slices.ContainsFunc(m.Enums, func(e *model.Enum) bool { return e.Name == name })
	})
}

// objectOf is the schema of an object with fields.
func (d *document) objectOf(doc string, fields []*model.Field, taken bool, must func(*model.Field) bool, hidden bool) object {
	s := object{}
	s.text("description", strings.TrimSpace(doc))
	s.put("type", "object")
	var properties object
	var need []string
	for _, f := range fields {
		properties.put(f.Name, d.property(f, taken, f.Null || hidden && door.Hidden(f)))
		if must(f) {
			need = append(need, f.Name)
		}
	}
	s.put("properties", properties)
	if len(need) > 0 {
		s.put("required", need)
	}
	if taken {
		s.put("additionalProperties", false)
	}
	return s
}
