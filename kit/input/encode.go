package input

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// AppendJSON writes a value of f, in the form that meta.Kind states, as JSON: Decimal and Int64 as strings, instants in
// RFC 3339, a Duration as Go writes it ("30m0s"), Bytes in base64, a reference as its id.
func AppendJSON(buf []byte, f *meta.Field, value any) []byte {
	if value == nil {
		return append(buf, "null"...)
	}
	if list, ok := value.([]any); ok && (f.Repeated || f.Kind == meta.List) {
		buf = append(buf, '[')
		for i, element := range list {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = appendOne(buf, f, element)
		}
		return append(buf, ']')
	}
	return appendOne(buf, f, value)
}

func appendOne(buf []byte, f *meta.Field, value any) []byte {
	switch v := value.(type) {
	case nil:
		return append(buf, "null"...)
	case string:
		return AppendString(buf, v)
	case kit.ID:
		return AppendString(buf, string(v))
	case bool:
		return strconv.AppendBool(buf, v)
	case int64:
		if f.Kind == meta.Int64 {
			return append(strconv.AppendInt(append(buf, '"'), v, 10), '"')
		}
		return strconv.AppendInt(buf, v, 10)
	case float64:
		return appendFloat(buf, v)
	case json.RawMessage:
		return append(buf, v...)
	case []byte:
		return append(base64.StdEncoding.AppendEncode(append(buf, '"'), v), '"')
	case []any:
		if f.Kind == meta.Union {
			return appendUnion(buf, f, v)
		}
		return appendStruct(buf, f, v)
	case time.Time:
		return AppendInstant(buf, v)
	default:
		return AppendString(buf, Text(value))
	}
}

// AppendInstant appends an instant as a JSON text: RFC 3339 in UTC, with as many digits of a second as there are, at most six.
func AppendInstant(buf []byte, t time.Time) []byte {
	return append(appendInstant(append(buf, '"'), t), '"')
}

// appendUnion writes the one of its types that a union is: {"message": "…"}.
func appendUnion(buf []byte, f *meta.Field, values []any) []byte {
	for i, part := range f.Fields {
		if values[i] != nil {
			buf = append(AppendString(append(buf, '{'), part.Name), ':')
			return append(AppendJSON(buf, part, values[i]), '}')
		}
	}
	return append(buf, "null"...)
}

func appendStruct(buf []byte, f *meta.Field, values []any) []byte {
	buf = append(buf, '{')
	for i, part := range f.Fields {
		if i > 0 {
			buf = append(buf, ',')
		}
		buf = append(AppendString(buf, part.Name), ':')
		buf = AppendJSON(buf, part, values[i])
	}
	return append(buf, '}')
}

// appendInstant appends RFC 3339 in UTC with as many digits of a second as there are, at most six. This form package time has by heart.
func appendInstant(buf []byte, t time.Time) []byte {
	return t.UTC().Truncate(time.Microsecond).AppendFormat(buf, time.RFC3339Nano)
}

// Text is the text form of a Decimal, Date, Time, DateTime, Duration or of a simpler value.
func Text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case kit.ID:
		return string(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case bool:
		return strconv.FormatBool(v)
	case kit.Decimal:
		return v.String()
	case time.Time:
		return string(appendInstant(nil, v))
	case kit.Date:
		return v.String()
	case kit.TimeOfDay:
		return v.String()
	case time.Duration:
		return v.String()
	default:
		return ""
	}
}

// Constant is a value of f in the form of a meta.Const.
func Constant(value any) any {
	switch v := value.(type) {
	case nil, bool, int64, float64, string:
		return v
	case time.Duration:
		return v.Microseconds()
	default:
		return Text(v)
	}
}

// appendFloat writes the shortest text that reads as the same number, in the manner of ECMAScript.
func appendFloat(buf []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return append(buf, "null"...)
	}
	format := byte('f')
	if a := math.Abs(f); a != 0 && (a < 1e-6 || a >= 1e21) {
		format = 'e'
	}
	return strconv.AppendFloat(buf, f, format, -1, 64)
}

const hexDigits = "0123456789abcdef"

// AppendString writes a JSON string. What is not UTF-8 becomes U+FFFD.
func AppendString(buf []byte, text string) []byte {
	buf = append(buf, '"')
	start := 0
	for i := 0; i < len(text); {
		if len(text)-i >= 8 && plain(text[i:i+8]) {
			i += 8
			continue
		}
		c := text[i]
		if c >= 0x20 && c != '"' && c != '\\' && c < utf8.RuneSelf {
			i++
			continue
		}
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(text[i:])
			if r == utf8.RuneError && size == 1 {
				buf = append(append(buf, text[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		buf = append(buf, text[start:i]...)
		switch c {
		case '"', '\\':
			buf = append(buf, '\\', c)
		case '\n':
			buf = append(buf, '\\', 'n')
		case '\r':
			buf = append(buf, '\\', 'r')
		case '\t':
			buf = append(buf, '\\', 't')
		default:
			buf = append(buf, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
		i++
		start = i
	}
	return append(append(buf, text[start:]...), '"')
}

// plain tells whether none of eight bytes needs an escape or is part of a longer character: all at once, since texts are
// most of what an answer holds. Below, x-ones&^x has the high bit of a byte set where that byte of x was 0, and where it
// has it set wrongly, a byte below it is 0 too.
func plain(text string) bool {
	const (
		ones  = 0x0101010101010101
		highs = 0x8080808080808080
	)
	_ = text[7]
	eight := uint64(text[0]) | uint64(text[1])<<8 | uint64(text[2])<<16 | uint64(text[3])<<24 |
		uint64(text[4])<<32 | uint64(text[5])<<40 | uint64(text[6])<<48 | uint64(text[7])<<56
	quotes, backslashes := eight^('"'*ones), eight^('\\'*ones)
	control := eight - 0x20*ones
	return (eight|control|(quotes-ones)&^quotes|(backslashes-ones)&^backslashes)&highs == 0
}

// appendTree writes a tree as JSON, names in order.
func appendTree(buf []byte, raw any) []byte {
	switch v := raw.(type) {
	case Object:
		names := make([]string, 0, len(v))
		for name := range v {
			names = append(names, name)
		}
		slices.Sort(names)
		buf = append(buf, '{')
		for i, name := range names {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = appendTree(append(AppendString(buf, name), ':'), v[name])
		}
		return append(buf, '}')
	case []any:
		buf = append(buf, '[')
		for i, element := range v {
			if i > 0 {
				buf = append(buf, ',')
			}
			buf = appendTree(buf, element)
		}
		return append(buf, ']')
	case json.Number:
		return append(buf, v...)
	case string:
		return AppendString(buf, v)
	case bool:
		return strconv.AppendBool(buf, v)
	default:
		return append(buf, "null"...)
	}
}

func hasNUL(raw any) bool {
	switch v := raw.(type) {
	case string:
		return strings.IndexByte(v, 0) >= 0
	case []any:
		return slices.ContainsFunc(v, hasNUL)
	case Object:
		for name, member := range v {
			if hasNUL(name) || hasNUL(member) {
				return true
			}
		}
	}
	return false
}
