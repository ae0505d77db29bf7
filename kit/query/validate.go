package query

import (
	"encoding/json"
	"fmt"
	"math"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
)

// compilePatterns compiles every @format once.
func compilePatterns(b *meta.Backend) (map[string]*regexp.Regexp, error) {
	patterns := map[string]*regexp.Regexp{}
	var compile func(owner string, fields []*meta.Field) error
	compile = func(owner string, fields []*meta.Field) error {
		for _, f := range fields {
			if f.Pattern != "" && patterns[f.Pattern] == nil {
				compiled, err := regexp.Compile(f.Pattern)
				if err != nil {
					return fmt.Errorf("%s.%s: %w", owner, f.Name, err)
				}
				patterns[f.Pattern] = compiled
			}
			if err := compile(owner+"."+f.Name, f.Fields); err != nil {
				return err
			}
		}
		return nil
	}
	for _, e := range b.Entities {
		if err := compile(e.Name, e.Fields); err != nil {
			return nil, err
		}
	}
	for _, e := range b.Events {
		if err := compile(e.Name, e.Fields); err != nil {
			return nil, err
		}
	}
	for _, o := range b.Operations {
		if err := compile(o.Name, o.Args); err != nil {
			return nil, err
		}
	}
	return patterns, nil
}

// validator collects what is wrong with an input, field by field.
type validator struct {
	engine *Engine
	wrong  []kit.FieldError
	growth int  // of the numbers of JSON
	ours   bool // code of the service made the value, of lists as long as it likes
}

func (v *validator) add(path, code, format string, args ...any) {
	v.wrong = append(v.wrong, kit.FieldError{Field: path, Code: code, Detail: fmt.Sprintf(format, args...)})
}

// problem is all that is wrong as one problem, nil for nothing.
func (v *validator) problem() error {
	if len(v.wrong) == 0 {
		return nil
	}
	return &kit.Problem{Code: kit.CodeInvalid, Status: 422, Detail: "The input is invalid.", Fields: v.wrong}
}

// field checks the value of f, which stands at path, and returns it in the form in which it is stored.
func (v *validator) field(f *meta.Field, path string, value any) any {
	if value == nil {
		if !f.Null {
			v.add(path, kit.FieldRequired, "This is required.")
		}
		return nil
	}
	if f.Repeated || f.Kind == meta.List {
		return v.list(f, path, value)
	}
	return v.one(f, path, value)
}

func (v *validator) list(f *meta.Field, path string, value any) any {
	items, ok := value.([]any)
	if !ok {
		v.add(path, kit.FieldType, "This is a list.")
		return nil
	}
	most := f.MaxLength
	if f.Kind == meta.List && f.Bound > 0 {
		most = f.Bound
	}
	if most == 0 && !v.ours {
		most = maxElements
	}
	if most > 0 && len(items) > most {
		v.add(path, kit.FieldTooLong, "At most %d.", most)
		return nil
	}
	if len(items) < f.MinLength {
		v.add(path, kit.FieldTooShort, "At least %d.", f.MinLength)
	}
	one := *f
	one.Repeated, one.MinLength, one.MaxLength = false, 0, 0 // which are about the list
	valid := make([]any, len(items))
	for i, item := range items {
		at := path + "." + strconv.Itoa(i)
		switch {
		case item == nil:
			v.add(at, kit.FieldRequired, "This is required.")
		case f.Kind == meta.List:
			valid[i] = v.reference(at, item)
		default:
			valid[i] = v.one(&one, at, item)
		}
	}
	return valid
}

// maxElements bounds lists that the design does not.
const maxElements = 1000

func (v *validator) one(f *meta.Field, path string, value any) any {
	switch f.Kind {
	case meta.Value, meta.Input:
		return v.parts(f, path, value)
	case meta.Reference:
		return v.reference(path, value)
	case meta.Int, meta.Int64:
		return v.integer(f, path, value)
	case meta.Float:
		if n, ok := value.(float64); ok && !math.IsNaN(n) && !math.IsInf(n, 0) {
			v.inRange(f, path, n)
			return n
		}
	case meta.Boolean:
		if b, ok := value.(bool); ok {
			return b
		}
	case meta.Decimal:
		if d, ok := value.(kit.Decimal); ok {
			return v.decimal(f, path, d)
		}
	case meta.DateTime:
		if t, ok := value.(time.Time); ok {
			return v.instant(path, t)
		}
	case meta.Date:
		if d, ok := value.(kit.Date); ok {
			return d
		}
	case meta.Time:
		if t, ok := value.(kit.TimeOfDay); ok {
			return t
		}
	case meta.Duration:
		if d, ok := value.(time.Duration); ok {
			return d.Truncate(time.Microsecond)
		}
	case meta.Bytes:
		if b, ok := value.([]byte); ok {
			v.length(f, path, len(b), "bytes")
			return b
		}
	case meta.JSON:
		if j, ok := value.(json.RawMessage); ok {
			if !json.Valid(j) || strings.Contains(string(j), `\u0000`) {
				v.add(path, kit.FieldFormat, "This is no JSON.")
				return nil
			}
			written, code, detail := input.Numbers(j, &v.growth)
			if code != "" {
				v.add(path, code, "This %s.", detail)
				return nil
			}
			return written
		}
	default:
		if s, ok := value.(string); ok {
			return v.text(f, path, s)
		}
		if id, ok := value.(kit.ID); ok {
			return v.text(f, path, string(id))
		}
	}
	v.add(path, kit.FieldType, "This is a %s.", kindName(f.Kind))
	return nil
}

// parts checks a value object or an input.
func (v *validator) parts(f *meta.Field, path string, value any) any {
	given, ok := value.([]any)
	if !ok || len(given) != len(f.Fields) {
		v.add(path, kit.FieldType, "This is a %s.", f.Type)
		return nil
	}
	valid := make([]any, len(given))
	for i, part := range f.Fields {
		partValue := given[i]
		if partValue == nil && part.Default != nil && part.Default.Op == meta.OpConst {
			partValue = canonical(part.Default.Value, part)
		}
		valid[i] = v.field(part, path+"."+part.Name, partValue)
	}
	return valid
}

// reference takes an id or a key; that a row has it is asked later.
func (v *validator) reference(path string, value any) any {
	text, ok := textOf(value)
	if !ok || text == "" || len(text) > 1000 {
		v.add(path, kit.FieldType, "This is an id or a key.")
		return nil
	}
	if id, ok := canonicalID(text); ok {
		return id
	}
	return text
}

func (v *validator) integer(f *meta.Field, path string, value any) any {
	n, ok := value.(int64)
	if !ok {
		v.add(path, kit.FieldType, "This is a whole number.")
		return nil
	}
	if f.Kind == meta.Int && (n < math.MinInt32 || n > math.MaxInt32) {
		v.add(path, kit.FieldTooLarge, "This does not fit 32 bits.")
		return nil
	}
	v.inRange(f, path, float64(n))
	return n
}

func (v *validator) inRange(f *meta.Field, path string, n float64) {
	switch {
	case f.Min != nil && n < *f.Min:
		v.add(path, kit.FieldTooSmall, "At least %s.", plain(*f.Min))
	case f.Max != nil && n > *f.Max:
		v.add(path, kit.FieldTooLarge, "At most %s.", plain(*f.Max))
	}
}

func plain(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

// decimal checks that d fits its digits; digits behind the point that are not kept are an error, never rounded away.
func (v *validator) decimal(f *meta.Field, path string, d kit.Decimal) any {
	d, err := bounded(d)
	scale, digits := scaleOf(f), digitsOf(f)
	switch {
	case err != nil || d.Shift(int32(scale)).Abs().Cmp(decimalPower(digits)) >= 0:
		v.add(path, kit.FieldTooLarge, "At most %d digits before the point.", digits-scale)
		return nil
	case !d.Truncate(int32(scale)).Equal(d):
		v.add(path, kit.FieldFormat, "At most %d digits after the point.", scale)
		return nil
	}
	v.inRange(f, path, d.InexactFloat64())
	return d.Truncate(int32(scale))
}

func (v *validator) instant(path string, t time.Time) any {
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		v.add(path, kit.FieldFormat, "The year stands between 1 and 9999.")
		return nil
	}
	return t
}

func (v *validator) length(f *meta.Field, path string, n int, unit string) {
	switch {
	case f.MinLength > 0 && n < f.MinLength:
		v.add(path, kit.FieldTooShort, "At least %d %s.", f.MinLength, unit)
	case f.MaxLength > 0 && n > f.MaxLength:
		v.add(path, kit.FieldTooLong, "At most %d %s.", f.MaxLength, unit)
	}
}

func (v *validator) text(f *meta.Field, path, s string) any {
	if !wellFormed(s) {
		v.add(path, kit.FieldFormat, "This is no text.")
		return nil
	}
	v.length(f, path, utf8.RuneCountInString(s), "characters")
	if f.Pattern != "" && !v.engine.patterns[f.Pattern].MatchString(s) {
		v.add(path, kit.FieldFormat, "This does not have the form %s.", f.Pattern)
	}
	switch f.Kind {
	case meta.EnumKind:
		if !slices.Contains(f.Enum().Values, s) {
			v.add(path, kit.FieldFormat, "One of %s.", strings.Join(f.Enum().Values, ", "))
		}
	case meta.ID, meta.UUID:
		id, ok := canonicalID(s)
		if !ok {
			v.add(path, kit.FieldFormat, "This is no UUID.")
		}
		return id
	case meta.Email:
		if !isEmail(s) {
			v.add(path, kit.FieldFormat, "This is no email address.")
		}
	case meta.URL:
		if !isURL(s) {
			v.add(path, kit.FieldFormat, "This is no address that begins with http:// or https://.")
		}
	case meta.Country:
		if !kit.IsCountry(s) {
			v.add(path, kit.FieldFormat, "This is no country of ISO 3166-1, such as AT.")
		}
	case meta.Currency:
		if !kit.IsCurrency(s) {
			v.add(path, kit.FieldFormat, "This is no currency of ISO 4217, such as EUR.")
		}
	case meta.TimeZone:
		if !kit.IsTimeZone(s) {
			v.add(path, kit.FieldFormat, "This is no time zone, such as Europe/Vienna.")
		}
	}
	return s
}

func isEmail(s string) bool {
	address, err := mail.ParseAddress(s)
	return err == nil && address.Name == "" && address.Address == s && len(s) <= 254
}

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && len(s) <= 2048
}

// canonical is a constant of the design in the form that f's Kind states in package meta; nil where it has none.
func canonical(v any, f *meta.Field) any {
	text, isText := v.(string)
	var value any
	var err error
	items, isList := v.([]any)
	switch {
	case v == nil:
		return nil
	case isList:
		return canonicalList(items, f)
	case f.Kind == meta.Decimal:
		value, err = decimalFrom(v)
	case f.Kind == meta.Duration:
		micros, _ := v.(int64)
		value = microseconds(micros)
	case f.Kind == meta.Float:
		if n, ok := v.(int64); ok {
			return float64(n)
		}
		return v
	case f.Kind == meta.JSON && isText:
		value = json.RawMessage(text)
	case f.Kind == meta.Bytes && isText:
		value = []byte(text)
	case isText:
		value, err = cursorValue(text, f)
	default:
		return v
	}
	if err != nil {
		return nil
	}
	return value
}

func microseconds(n int64) time.Duration { return time.Duration(n) * time.Microsecond }

// wellFormed tells whether every database takes s as a text: it is UTF-8 without NUL.
func wellFormed(s string) bool { return utf8.ValidString(s) && !strings.Contains(s, "\x00") }
