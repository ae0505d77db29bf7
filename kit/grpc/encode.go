package grpc

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
)

// writer appends a message to a buffer: as the wire has it, or in the JSON form of Protobuf. A message is appended where it
// belongs, and its length is put before it when it is known.
type writer struct {
	buf  []byte
	json bool
}

// newWriter begins an answer.
func newWriter(json bool) *writer {
	w := &writer{buf: make([]byte, 0, 1024), json: json}
	if json {
		w.buf = append(w.buf, '{')
	}
	return w
}

// bytes ends it.
func (w *writer) bytes() []byte {
	if w.json {
		return append(w.buf, '}')
	}
	return w.buf
}

// name writes the name of a member, or the tag of a field.
func (w *writer) name(f *field, typ protowire.Type) {
	if !w.json {
		w.buf = protowire.AppendTag(w.buf, f.number, typ)
		return
	}
	w.comma()
	w.buf = append(append(append(w.buf, '"'), f.name...), '"', ':') // which as a name of a design needs no escape
}

// comma separates what follows from what stands before it. No value ends in an opening bracket.
func (w *writer) comma() {
	if last := w.buf[len(w.buf)-1]; last != '{' && last != '[' {
		w.buf = append(w.buf, ',')
	}
}

// open begins a message, or packed numbers, in field f; close ends it.
func (w *writer) open(f *field) (start int) {
	w.name(f, protowire.BytesType)
	return w.begin()
}

func (w *writer) begin() (start int) {
	if w.json {
		w.buf = append(w.buf, '{')
		return 0
	}
	w.buf = append(w.buf, 0)
	return len(w.buf)
}

func (w *writer) close(start int) {
	if w.json {
		w.buf = append(w.buf, '}')
		return
	}
	w.measure(start)
}

// measure puts the length of what was appended since start before it, where one byte stands for it.
func (w *writer) measure(start int) {
	n := len(w.buf) - start
	if n < 0x80 {
		w.buf[start-1] = byte(n)
		return
	}
	var length [10]byte
	prefix := protowire.AppendVarint(length[:0], uint64(n))
	w.buf = append(w.buf, prefix[1:]...)
	copy(w.buf[start-1+len(prefix):], w.buf[start:start+n])
	copy(w.buf[start-1:], prefix)
}

// list writes n messages in the repeated field f.
func (w *writer) list(f *field, n int, element func(i int)) {
	if n == 0 {
		return
	}
	if !w.json {
		for i := range n {
			start := w.open(f)
			element(i)
			w.close(start)
		}
		return
	}
	w.name(f, protowire.BytesType)
	w.buf = append(w.buf, '[')
	for i := range n {
		w.comma()
		start := w.begin()
		element(i)
		w.close(start)
	}
	w.buf = append(w.buf, ']')
}

// text writes a text unless it is empty.
func (w *writer) text(f *field, text string) {
	if text != "" || f.presence {
		w.name(f, protowire.BytesType)
		w.string(text)
	}
}

func (w *writer) string(text string) {
	if w.json {
		w.buf = input.AppendString(w.buf, text)
		return
	}
	w.buf = protowire.AppendString(w.buf, text)
}

// scalar writes a value in the form that its meta.Kind states. A zero of a field that has no presence is not written.
func (w *writer) scalar(f *field, value any) {
	if value == nil || !f.presence && zero(f, value) {
		return
	}
	w.name(f, f.wire())
	w.value(f, value)
}

// zero tells whether value is what a reader takes an absent field for.
func zero(f *field, value any) bool {
	switch v := value.(type) {
	case string:
		return v == "" || f.form == formEnum && f.enum.numbers[v] == 0
	case int64:
		return v == 0
	case bool:
		return !v
	case float64:
		return v == 0 && !math.Signbit(v)
	case []byte:
		return len(v) == 0
	}
	return false
}

// scalars writes a list of scalars.
func (w *writer) scalars(f *field, values []any) {
	switch {
	case len(values) == 0:
	case w.json:
		w.name(f, protowire.BytesType)
		w.buf = append(w.buf, '[')
		for _, v := range values {
			w.comma()
			w.value(f, v)
		}
		w.buf = append(w.buf, ']')
	case f.packed:
		w.name(f, protowire.BytesType)
		w.buf = append(w.buf, 0)
		start := len(w.buf)
		for _, v := range values {
			w.value(f, v)
		}
		w.measure(start)
	default:
		for _, v := range values {
			w.name(f, f.wire())
			w.value(f, v)
		}
	}
}

// value writes a value without its name.
func (w *writer) value(f *field, value any) {
	if w.json {
		w.jsonValue(f, value)
		return
	}
	switch v := value.(type) {
	case string:
		if f.form == formEnum {
			w.buf = protowire.AppendVarint(w.buf, uint64(f.enum.numbers[v]))
			return
		}
		w.buf = protowire.AppendString(w.buf, v)
	case kit.ID:
		w.buf = protowire.AppendString(w.buf, string(v))
	case int64:
		if f.form == formString { // an exact sum of numbers of 64 bits
			w.buf = protowire.AppendString(w.buf, strconv.FormatInt(v, 10))
			return
		}
		w.buf = protowire.AppendVarint(w.buf, uint64(v))
	case bool:
		w.buf = protowire.AppendVarint(w.buf, protowire.EncodeBool(v))
	case float64:
		w.buf = protowire.AppendFixed64(w.buf, math.Float64bits(v))
	case []byte:
		w.buf = protowire.AppendBytes(w.buf, v)
	case time.Time:
		w.pair(v.Unix(), int64(v.Nanosecond()))
	case time.Duration:
		w.pair(int64(v/time.Second), int64(v%time.Second))
	case json.RawMessage:
		w.raw(v)
	default:
		w.buf = protowire.AppendString(w.buf, input.Text(value))
	}
}

// pair writes a Timestamp or a Duration.
func (w *writer) pair(seconds, nanos int64) {
	w.buf = append(w.buf, 0)
	start := len(w.buf)
	if seconds != 0 {
		w.buf = protowire.AppendVarint(append(w.buf, 1<<3), uint64(seconds))
	}
	if nanos != 0 {
		w.buf = protowire.AppendVarint(append(w.buf, 2<<3), uint64(nanos))
	}
	w.measure(start)
}

// raw writes JSON as a google.protobuf.Value. What the database holds is JSON: it was when it was stored.
func (w *writer) raw(text json.RawMessage) {
	w.buf = append(w.buf, 0)
	start := len(w.buf)
	tree, err := input.ParseKept(text)
	if err != nil {
		tree = nil
	}
	w.tree(tree)
	w.measure(start)
}

// The fields of a google.protobuf.Value, as their tags.
const (
	valueNull   = 1<<3 | byte(protowire.VarintType)
	valueNumber = 2<<3 | byte(protowire.Fixed64Type)
	valueString = 3<<3 | byte(protowire.BytesType)
	valueBool   = 4<<3 | byte(protowire.VarintType)
	valueStruct = 5<<3 | byte(protowire.BytesType)
	valueList   = 6<<3 | byte(protowire.BytesType)
	first       = 1<<3 | byte(protowire.BytesType) // of a Struct, of its entries and of a ListValue
	second      = 2<<3 | byte(protowire.BytesType)
)

func (w *writer) tree(node any) {
	switch v := node.(type) {
	case nil:
		w.buf = append(w.buf, valueNull, 0)
	case bool:
		w.buf = protowire.AppendVarint(append(w.buf, valueBool), protowire.EncodeBool(v))
	case string:
		w.buf = protowire.AppendString(append(w.buf, valueString), v)
	case json.Number:
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil { // too large for a google.protobuf.Value, which must not be infinite: by its digits, nothing is lost
			w.tree(string(v))
			return
		}
		w.buf = protowire.AppendFixed64(append(w.buf, valueNumber), math.Float64bits(f))
	case []any:
		w.within(valueList, func() {
			for _, element := range v {
				w.within(first, func() { w.tree(element) })
			}
		})
	case input.Object:
		w.within(valueStruct, func() {
			for name, member := range v {
				w.within(first, func() {
					w.buf = protowire.AppendString(append(w.buf, first), name)
					w.within(second, func() { w.tree(member) })
				})
			}
		})
	}
}

func (w *writer) within(tag byte, write func()) {
	w.buf = append(w.buf, tag, 0)
	start := len(w.buf)
	write()
	w.measure(start)
}

// jsonValue writes a value in the JSON form of Protobuf.
func (w *writer) jsonValue(f *field, value any) {
	switch v := value.(type) {
	case string:
		if f.form == formEnum {
			v = f.enum.texts[f.enum.numbers[v]]
		}
		w.buf = input.AppendString(w.buf, v)
	case int64:
		if f.form == formInt32 {
			w.buf = strconv.AppendInt(w.buf, v, 10)
			return
		}
		w.buf = append(strconv.AppendInt(append(w.buf, '"'), v, 10), '"')
	case bool:
		w.buf = strconv.AppendBool(w.buf, v)
	case float64:
		w.buf = strconv.AppendFloat(w.buf, v, 'g', -1, 64)
	case []byte:
		w.buf = append(base64.StdEncoding.AppendEncode(append(w.buf, '"'), v), '"')
	case time.Duration:
		w.buf = append(append(append(w.buf, '"'), seconds(v)...), '"')
	case time.Time:
		w.buf = input.AppendInstant(w.buf, v)
	case json.RawMessage:
		w.buf = append(w.buf, v...)
	default:
		w.buf = input.AppendString(w.buf, input.Text(value))
	}
}

// seconds is a duration in seconds: "1.5s".
func seconds(d time.Duration) string {
	whole := int64(d / time.Second)
	if whole < 0 {
		whole = -whole
	}
	text := strconv.FormatInt(whole, 10)
	if nanos := d % time.Second; nanos != 0 {
		if nanos < 0 {
			nanos = -nanos
		}
		digits := strconv.Itoa(int(nanos))
		text += "." + strings.TrimRight(strings.Repeat("0", 9-len(digits))+digits, "0")
	}
	if d < 0 {
		text = "-" + text
	}
	return text + "s"
}
