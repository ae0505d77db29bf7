package input

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/mail"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a container may have no zone files

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// fault is what is wrong with a scalar; its zero value is nothing.
type fault struct{ code, detail string }

func wrongType(want string, raw any) (any, fault) {
	return nil, fault{kit.FieldType, "must be " + want + ", not " + describe(raw)}
}

func wrongFormat(want string) (any, fault) {
	return nil, fault{kit.FieldFormat, "must be " + want}
}

// scalar reads a scalar, an enum value or a reference.
func scalar(f *meta.Field, raw any) (any, fault) {
	switch f.Kind {
	case meta.Boolean:
		if b, ok := raw.(bool); ok {
			return b, fault{}
		}
		return wrongType("a boolean", raw)
	case meta.Int:
		return readInt(raw)
	case meta.Int64:
		return readInt64(raw)
	case meta.Float:
		return readFloat(raw)
	case meta.Decimal:
		return readDecimal(raw)
	}
	if n, ok := raw.(json.Number); ok && (f.Kind == meta.Reference || f.Kind == meta.List) && isInteger(string(n)) {
		return string(n), fault{} // a key that is a number
	}
	text, ok := raw.(string)
	if !ok {
		return wrongType("a string", raw)
	}
	if strings.IndexByte(text, 0) >= 0 {
		return nil, fault{kit.FieldFormat, "must not contain the character U+0000"}
	}
	return readText(f, text)
}

// readText reads the kinds that are strings in JSON.
func readText(f *meta.Field, text string) (any, fault) {
	switch f.Kind {
	case meta.String:
		return text, fault{}
	case meta.Reference, meta.List:
		if text == "" {
			return wrongFormat("an id or a key")
		}
		return text, fault{}
	case meta.ID, meta.UUID:
		return readUUID(text)
	case meta.EnumKind:
		if slices.Contains(f.Enum().Values, text) {
			return text, fault{}
		}
		return wrongFormat("one of " + strings.Join(f.Enum().Values, ", ") + DidYouMean(text, f.Enum().Values))
	case meta.DateTime:
		return readDateTime(text)
	case meta.Date:
		if d, err := kit.ParseDate(text); err == nil && d.Year > 0 {
			return d, fault{}
		}
		return wrongFormat("a date such as 2006-01-02")
	case meta.Time:
		if t, err := kit.ParseTimeOfDay(text); err == nil {
			return t, fault{}
		}
		return wrongFormat("a time such as 15:04 or 15:04:05")
	case meta.Duration:
		if d, err := time.ParseDuration(text); err == nil {
			return d.Truncate(time.Microsecond), fault{}
		}
		return wrongFormat("a duration such as 90s, 30m or 2h45m")
	case meta.Email:
		if a, err := mail.ParseAddress(text); err == nil && a.Address == text && len(text) <= 254 {
			return text, fault{}
		}
		return wrongFormat("an email address")
	case meta.URL:
		if u, err := url.Parse(text); err == nil && u.Scheme != "" && u.Host != "" {
			return text, fault{}
		}
		return wrongFormat("an absolute URL such as https://example.com/a")
	case meta.Bytes:
		if b, err := base64.StdEncoding.Strict().DecodeString(text); err == nil {
			return b, fault{}
		}
		return wrongFormat("base64 with padding (RFC 4648, section 4)")
	case meta.TimeZone:
		if kit.IsTimeZone(text) {
			return text, fault{}
		}
		return wrongFormat("a time zone such as Europe/Berlin (IANA)")
	case meta.Country:
		if kit.IsCountry(text) {
			return text, fault{}
		}
		return wrongFormat("a country such as DE (ISO 3166-1 alpha-2)")
	case meta.Currency:
		if kit.IsCurrency(text) {
			return text, fault{}
		}
		return wrongFormat("a currency such as EUR (ISO 4217)")
	default:
		panic("input: no scalar of kind " + strconv.Itoa(int(f.Kind)))
	}
}

func readUUID(text string) (any, fault) {
	if len(text) == 36 {
		if id, err := uuid.Parse(text); err == nil {
			return id.String(), fault{}
		}
	}
	return wrongFormat("a UUID such as 0197b1c6-2f1e-7c3a-8d2b-9d0f5a4e6b71")
}

// rfc3339 is the form of an instant; package time takes an offset of +24:00 or of +01:60, and a comma before fractions, too.
var rfc3339 = regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$`)

// readDateTime reads RFC 3339 and keeps whole microseconds, as databases do.
func readDateTime(text string) (any, fault) {
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil || !rfc3339.MatchString(text) {
		return wrongFormat("a date and time such as 2006-01-02T15:04:05Z")
	}
	t = t.UTC().Truncate(time.Microsecond)
	if t.Year() < 1 || t.Year() > 9999 {
		return wrongFormat("a date and time between the years 1 and 9999")
	}
	return t, fault{}
}

func readInt(raw any) (any, fault) {
	if n, ok := raw.(int64); ok {
		return n, fault{}
	}
	number, ok := raw.(json.Number)
	if !ok {
		return wrongType("an integer", raw)
	}
	n, err := strconv.ParseInt(string(number), 10, 32)
	if err == nil && isInteger(string(number)) {
		return n, fault{}
	}
	// 1.0 and 1e3 are integers to JSON Schema and to GraphQL clients.
	if f, err := strconv.ParseFloat(string(number), 64); err == nil && f == math.Trunc(f) {
		if limit := math.Ldexp(1, 31); f >= -limit && f < limit {
			return int64(f), fault{}
		}
		return nil, fault{kit.FieldTooLarge, "must be an integer of 32 bits"}
	}
	return nil, fault{kit.FieldType, "must be an integer"}
}

// readInt64 reads digits in a text. A number of JSON is refused, since most programs that write one hold it as a float of
// 64 bits (RFC 8259, section 6): what it was cannot be told any more.
func readInt64(raw any) (any, fault) {
	const want = `an integer as text, such as "12"`
	switch n := raw.(type) {
	case int64: // a default of the design
		return n, fault{}
	case string:
		if !isInteger(n) {
			return wrongFormat(want)
		}
		value, err := strconv.ParseInt(n, 10, 64)
		if err != nil {
			return nil, fault{kit.FieldTooLarge, "must be an integer of 64 bits"}
		}
		return value, fault{}
	}
	return wrongType(want, raw)
}

func readFloat(raw any) (any, fault) {
	switch n := raw.(type) {
	case float64:
		return n, fault{}
	case int64:
		return float64(n), fault{}
	case json.Number:
		f, err := strconv.ParseFloat(string(n), 64)
		if err != nil || math.IsInf(f, 0) || math.IsNaN(f) {
			return nil, fault{kit.FieldTooLarge, "must be a number that 64 bits hold"}
		}
		return f, fault{}
	}
	return wrongType("a number", raw)
}

// readDecimal reads an exact decimal from a text, of a bounded length and without an exponent: 1e999999999 is nine
// characters to send and a gigabyte to write. Numbers of JSON are refused as readInt64 does it.
func readDecimal(raw any) (any, fault) {
	const want = `a decimal as text, such as "12.50"`
	switch n := raw.(type) {
	case int64: // a default of the design
		return decimal.NewFromInt(n), fault{}
	case float64:
		return decimal.NewFromFloat(n), fault{}
	case string:
		if len(n) > maxDecimal || !isNumber(n) || strings.ContainsAny(n, "eE") {
			return wrongFormat(want)
		}
		d, err := decimal.NewFromString(n)
		if err != nil {
			return wrongFormat(want)
		}
		return d, fault{}
	}
	return wrongType(want, raw)
}

// maxDecimal is how many characters a decimal has at most.
const maxDecimal = 64

func microseconds(n int64) time.Duration { return time.Duration(n) * time.Microsecond }
