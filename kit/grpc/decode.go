package grpc

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/http"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
)

const (
	maxNesting = 64      // messages in messages
	maxValues  = 100_000 // of one message, those in it counted
)

// decoder reads a message from the wire as a tree, as package input reads one from JSON: members are called as in the design,
// and those that are absent are absent. What the contract does not have is skipped, as protobuf asks.
type decoder struct {
	left int // values that may still come
}

// decode reads data as a message m.
func decode(m *message, data []byte) (input.Object, error) {
	d := &decoder{left: maxValues}
	object := input.Object{}
	return object, d.message(m, data, object, 0)
}

func malformed(detail string) *kit.Problem {
	return &kit.Problem{Code: kit.CodeMalformed, Status: http.StatusBadRequest, Detail: detail}
}

// consumeTag is protowire's, and refuses numbers that no field has.
func consumeTag(data []byte) (protowire.Number, protowire.Type, int) {
	number, typ, n := protowire.ConsumeTag(data)
	if number > protowire.MaxValidNumber {
		return 0, 0, -1
	}
	return number, typ, n
}

func broken() error { return malformed("The message is not in the wire format of Protobuf.") }

// message reads data into object. A message that comes twice is merged.
func (d *decoder) message(m *message, data []byte, object input.Object, depth int) error {
	if depth > maxNesting {
		return malformed("The message is nested too deeply.")
	}
	for len(data) > 0 {
		number, typ, n := consumeTag(data)
		if n < 0 {
			return broken()
		}
		data = data[n:]
		f := m.numbers[number]
		if f == nil {
			if n = protowire.ConsumeFieldValue(number, typ, data); n < 0 {
				return broken()
			}
			data = data[n:]
			continue
		}
		n, err := d.field(f, typ, data, object, depth)
		if err != nil {
			return err
		}
		data = data[n:]
	}
	return nil
}

// count counts one more value.
func (d *decoder) count() error {
	if d.left--; d.left < 0 {
		return malformed("The message has more than " + strconv.Itoa(maxValues) + " values.")
	}
	return nil
}

// field reads one occurrence of f and says how long it is.
func (d *decoder) field(f *field, typ protowire.Type, data []byte, object input.Object, depth int) (int, error) {
	for _, other := range f.others {
		delete(object, other.name)
	}
	if typ == protowire.BytesType && f.repeated && f.wire() != protowire.BytesType {
		return d.pack(f, data, object)
	}
	if typ != f.wire() {
		return 0, malformed("Field " + strconv.Itoa(int(f.number)) + " (" + f.text + ") has another type.")
	}
	before, again := object[f.name]
	if again && !f.repeated && f.form > formMessage {
		return 0, twice(f.text) // which protobuf would merge part by part
	}
	value, n, err := d.value(f, data, before, depth)
	if err != nil {
		return 0, err
	}
	d.put(f, object, value)
	return n, d.count()
}

func (d *decoder) put(f *field, object input.Object, value any) {
	if f.repeated {
		list, _ := object[f.name].([]any)
		object[f.name] = append(list, value)
		return
	}
	if !f.presence && zero(f, value) {
		delete(object, f.name)
		return
	}
	object[f.name] = value
}

func twice(name string) error { return malformed("Field " + name + " comes twice.") }

// pack reads numbers that stand side by side.
func (d *decoder) pack(f *field, data []byte, object input.Object) (int, error) {
	packed, n := protowire.ConsumeBytes(data)
	if n < 0 {
		return 0, broken()
	}
	for len(packed) > 0 {
		value, read, err := d.value(f, packed, nil, 0)
		if err != nil {
			return 0, err
		}
		d.put(f, object, value)
		if err := d.count(); err != nil {
			return 0, err
		}
		packed = packed[read:]
	}
	return n, nil
}

// wire is how values of f stand on the wire, one by one.
func (f *field) wire() protowire.Type {
	switch f.form {
	case formBool, formInt32, formInt64, formEnum:
		return protowire.VarintType
	case formDouble:
		return protowire.Fixed64Type
	default:
		return protowire.BytesType
	}
}

// value reads one value. Before is what stands in its place so far.
func (d *decoder) value(f *field, data []byte, before any, depth int) (value any, n int, err error) {
	switch f.wire() {
	case protowire.VarintType:
		x, n := protowire.ConsumeVarint(data)
		if n < 0 {
			return nil, 0, broken()
		}
		return number(f, x), n, nil
	case protowire.Fixed64Type:
		x, n := protowire.ConsumeFixed64(data)
		if n < 0 {
			return nil, 0, broken()
		}
		return float(math.Float64frombits(x)), n, nil
	}
	content, n := protowire.ConsumeBytes(data)
	if n < 0 {
		return nil, 0, broken()
	}
	switch f.form {
	case formString:
		if !utf8.Valid(content) {
			return nil, 0, malformed("Field " + strconv.Itoa(int(f.number)) + " (" + f.text + ") is not UTF-8.")
		}
		return string(content), n, nil
	case formBytes:
		return base64.StdEncoding.EncodeToString(content), n, nil
	case formTimestamp:
		value, err = timestamp(content)
	case formDuration:
		value, err = duration(content)
	case formValue:
		value, err = d.json(content, depth)
	case formMask:
		value, err = d.mask(content)
	default:
		value, err = d.nested(f, content, before, depth)
	}
	return value, n, err
}

func number(f *field, x uint64) any {
	switch f.form {
	case formBool:
		return x != 0
	case formInt32:
		return int64(int32(x))
	case formInt64:
		return int64(x)
	}
	n := protowire.Number(int32(x))
	if name, ok := f.enum.names[n]; ok {
		return name
	}
	return strconv.Itoa(int(n)) // which is none of the values
}

// float is a number, or the text of what is none in JSON.
func float(x float64) any {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return strconv.FormatFloat(x, 'g', -1, 64)
	}
	return x
}

// nested reads a message in a message.
func (d *decoder) nested(f *field, content []byte, before any, depth int) (any, error) {
	object, again := before.(input.Object)
	if f.repeated || !again {
		object = input.Object{}
	}
	if f.message.list {
		if list, ok := before.([]any); ok {
			object["values"] = list
		}
	}
	if err := d.message(f.message, content, object, depth+1); err != nil {
		return nil, err
	}
	return f.message.whole(object), nil
}

// whole is a message as the rest of the runtime knows it: of one that is nothing but a list the list.
func (m *message) whole(object input.Object) any {
	if !m.list {
		return object
	}
	if list, ok := object[m.fields[0].name].([]any); ok {
		return list
	}
	return []any{}
}

// pair reads the seconds and nanos of a Timestamp or a Duration.
func pair(content []byte) (seconds int64, nanos int32, err error) {
	for len(content) > 0 {
		number, typ, n := consumeTag(content)
		if n < 0 {
			return 0, 0, broken()
		}
		content = content[n:]
		if typ != protowire.VarintType || number != 1 && number != 2 {
			if n = protowire.ConsumeFieldValue(number, typ, content); n < 0 {
				return 0, 0, broken()
			}
			content = content[n:]
			continue
		}
		x, n := protowire.ConsumeVarint(content)
		if n < 0 {
			return 0, 0, broken()
		}
		if content = content[n:]; number == 1 {
			seconds = int64(x)
		} else {
			nanos = int32(x)
		}
	}
	return seconds, nanos, nil
}

// The instants that a google.protobuf.Timestamp may hold, in seconds.
const (
	firstSecond = -62135596800
	lastSecond  = 253402300799
)

// timestamp is an instant in RFC 3339. One that is none is a text that does not read as one.
func timestamp(content []byte) (any, error) {
	seconds, nanos, err := pair(content)
	if err != nil {
		return nil, err
	}
	if seconds < firstSecond || seconds > lastSecond || nanos < 0 || nanos > 999_999_999 {
		return "out of range", nil
	}
	return time.Unix(seconds, int64(nanos)).UTC().Format(time.RFC3339Nano), nil
}

// duration is a duration as Go writes it. One that is none is a text that does not read as one.
func duration(content []byte) (any, error) {
	seconds, nanos, err := pair(content)
	if err != nil {
		return nil, err
	}
	const most = math.MaxInt64/int64(time.Second) - 1
	if seconds < -most || seconds > most || nanos < -999_999_999 || nanos > 999_999_999 || seconds > 0 && nanos < 0 || seconds < 0 && nanos > 0 {
		return "out of range", nil
	}
	return (time.Duration(seconds)*time.Second + time.Duration(nanos)).String(), nil
}

// json reads a google.protobuf.Value.
func (d *decoder) json(content []byte, depth int) (value any, err error) {
	if depth > maxNesting {
		return nil, malformed("The message is nested too deeply.")
	}
	given := false
	for len(content) > 0 {
		number, typ, n := consumeTag(content)
		if n < 0 {
			return nil, broken()
		}
		content = content[n:]
		if n = protowire.ConsumeFieldValue(number, typ, content); n < 0 {
			return nil, broken()
		}
		if number > 6 {
			content = content[n:]
			continue
		}
		if given {
			return nil, twice("of a google.protobuf.Value")
		}
		given = true
		if err := d.count(); err != nil {
			return nil, err
		}
		if value, err = d.jsonValue(number, typ, content[:n], value, depth); err != nil {
			return nil, err
		}
		content = content[n:]
	}
	return value, nil
}

func (d *decoder) jsonValue(number protowire.Number, typ protowire.Type, data []byte, before any, depth int) (any, error) {
	if typ == protowire.Fixed64Type && number == 2 {
		x, _ := protowire.ConsumeFixed64(data)
		f := math.Float64frombits(x)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return nil, malformed("A google.protobuf.Value is no number that JSON has.")
		}
		return json.Number(strconv.FormatFloat(f, 'g', -1, 64)), nil
	}
	if typ == protowire.VarintType {
		x, _ := protowire.ConsumeVarint(data)
		switch number {
		case 1:
			return nil, nil
		case 4:
			return x != 0, nil
		}
		return before, nil
	}
	if typ != protowire.BytesType {
		return before, nil
	}
	content, _ := protowire.ConsumeBytes(data)
	switch number {
	case 3:
		if !utf8.Valid(content) {
			return nil, malformed("A google.protobuf.Value has text that is not UTF-8.")
		}
		return string(content), nil
	case 5:
		object := input.Object{}
		return object, d.each(content, func(entry []byte) error { return d.member(entry, object, depth) })
	case 6:
		list := []any{}
		err := d.each(content, func(entry []byte) error {
			value, err := d.json(entry, depth+1)
			list = append(list, value)
			return err
		})
		return list, err
	}
	return before, nil
}

// each reads the repeated field 1 of a Struct, a ListValue or a FieldMask.
func (d *decoder) each(content []byte, do func(entry []byte) error) error {
	for len(content) > 0 {
		number, typ, n := consumeTag(content)
		if n < 0 {
			return broken()
		}
		content = content[n:]
		if number != 1 || typ != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, typ, content); n < 0 {
				return broken()
			}
			content = content[n:]
			continue
		}
		entry, n := protowire.ConsumeBytes(content)
		if n < 0 {
			return broken()
		}
		content = content[n:]
		if err := d.count(); err != nil {
			return err
		}
		if err := do(entry); err != nil {
			return err
		}
	}
	return nil
}

// member reads an entry of a Struct.
func (d *decoder) member(entry []byte, object input.Object, depth int) error {
	var name string
	var value any
	given := false
	for len(entry) > 0 {
		number, typ, n := consumeTag(entry)
		if n < 0 {
			return broken()
		}
		entry = entry[n:]
		if n = protowire.ConsumeFieldValue(number, typ, entry); n < 0 {
			return broken()
		}
		if content, read := protowire.ConsumeBytes(entry); typ == protowire.BytesType && read > 0 {
			switch number {
			case 1:
				if name = string(content); !utf8.ValidString(name) {
					return malformed("A google.protobuf.Struct has a name that is not UTF-8.")
				}
			case 2:
				if given {
					return twice("value of a google.protobuf.Struct")
				}
				given = true
				var err error
				if value, err = d.json(content, depth+1); err != nil {
					return err
				}
			}
		}
		entry = entry[n:]
	}
	object[name] = value
	return nil
}

// mask reads a FieldMask: its paths.
func (d *decoder) mask(content []byte) (any, error) {
	text, ends := make([]byte, 0, len(content)), make([]int, 0, 16)
	err := d.each(content, func(entry []byte) error {
		if !utf8.Valid(entry) {
			return malformed("A path of a google.protobuf.FieldMask is not UTF-8.")
		}
		text = append(text, entry...)
		ends = append(ends, len(text))
		return nil
	})
	all, start, paths := string(text), 0, make([]string, len(ends)) // that share their memory
	for i, end := range ends {
		paths[i], start = all[start:end], end
	}
	return paths, err
}
