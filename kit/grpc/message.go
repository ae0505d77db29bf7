package grpc

import (
	"strings"
	"unicode"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fettlehq/fettle/kit/meta"
)

// message is how one message of the contract is read and written.
type message struct {
	fields  []*field
	numbers map[protowire.Number]*field
	names   map[string]*field // by their names in JSON and in the contract
	list    bool              // nothing but a list of alternatives
}

// field is a field of a message.
type field struct {
	number   protowire.Number
	name     string // in JSON, which is that of the design
	text     string // in the contract
	form     form
	repeated bool
	packed   bool
	presence bool     // a zero is written too
	others   []*field // of a oneof
	message  *message // of formMessage
	enum     *enum    // of formEnum
}

// form is how a value stands on the wire.
type form uint8

const (
	formString form = iota
	formBool
	formInt32
	formInt64
	formDouble
	formBytes
	formEnum
	formMessage
	formTimestamp // google.protobuf.Timestamp
	formDuration  // google.protobuf.Duration
	formValue     // google.protobuf.Value
	formMask      // google.protobuf.FieldMask
)

// enum is the values of an enum.
type enum struct {
	names   map[protowire.Number]string // as the design has them, or what follows the prefix
	texts   map[protowire.Number]string // in the contract
	numbers map[string]protowire.Number // by either name
}

// linker makes messages of descriptors.
type linker struct {
	backend  *meta.Backend
	messages map[protoreflect.FullName]*message
	enums    map[protoreflect.FullName]*enum
}

func (l *linker) message(of protoreflect.MessageDescriptor) *message {
	if m := l.messages[of.FullName()]; m != nil {
		return m
	}
	m := &message{numbers: map[protowire.Number]*field{}, names: map[string]*field{}}
	l.messages[of.FullName()] = m
	fields := of.Fields()
	for i := range fields.Len() {
		f := l.field(fields.Get(i))
		m.fields = append(m.fields, f)
		m.numbers[f.number] = f
		m.names[f.text], m.names[f.name] = f, f
	}
	for i := range fields.Len() {
		oneof := fields.Get(i).ContainingOneof()
		if oneof == nil || oneof.IsSynthetic() {
			continue
		}
		for j := range oneof.Fields().Len() {
			if other := m.numbers[oneof.Fields().Get(j).Number()]; other != m.fields[i] {
				m.fields[i].others = append(m.fields[i].others, other)
			}
		}
	}
	return m
}

func (l *linker) field(of protoreflect.FieldDescriptor) *field {
	f := &field{
		number: of.Number(), name: of.JSONName(), text: string(of.Name()),
		repeated: of.IsList(), packed: of.IsPacked(), presence: of.HasPresence(),
	}
	switch of.Kind() {
	case protoreflect.BoolKind:
		f.form = formBool
	case protoreflect.Int32Kind:
		f.form = formInt32
	case protoreflect.Int64Kind:
		f.form = formInt64
	case protoreflect.DoubleKind:
		f.form = formDouble
	case protoreflect.BytesKind:
		f.form = formBytes
	case protoreflect.EnumKind:
		f.form, f.enum = formEnum, l.enum(of.Enum())
	case protoreflect.MessageKind:
		switch of.Message().FullName() {
		case "google.protobuf.Timestamp":
			f.form = formTimestamp
		case "google.protobuf.Duration":
			f.form = formDuration
		case "google.protobuf.Value":
			f.form = formValue
		case "google.protobuf.FieldMask":
			f.form = formMask
		default:
			f.form, f.message = formMessage, l.message(of.Message())
		}
	}
	return f
}

func (l *linker) enum(of protoreflect.EnumDescriptor) *enum {
	if e := l.enums[of.FullName()]; e != nil {
		return e
	}
	e := &enum{names: map[protowire.Number]string{}, texts: map[protowire.Number]string{}, numbers: map[string]protowire.Number{}}
	l.enums[of.FullName()] = e
	designed := map[string]string{} // by the names of the contract, without the prefix
	if known := l.backend.Enum(string(of.Name())); known != nil {
		for _, v := range known.Values {
			designed[strings.ToUpper(v)] = v
		}
	}
	prefix := strings.ToUpper(snake(string(of.Name()))) + "_"
	for i := range of.Values().Len() {
		v := of.Values().Get(i)
		number := protowire.Number(v.Number())
		name := strings.TrimPrefix(string(v.Name()), prefix)
		e.texts[number] = string(v.Name())
		e.numbers[string(v.Name())] = number
		if own := designed[name]; own != "" {
			name = own
		} else if number == 0 {
			continue // what is not specified
		}
		e.names[number] = name
		e.numbers[name] = number
	}
	return e
}

// alternatives marks the messages below a filter that are nothing but lists.
func (m *message) alternatives(passed map[*message]bool) {
	if m == nil || passed[m] {
		return
	}
	passed[m] = true
	for _, f := range m.fields {
		switch f.name {
		case "in", "notIn", "hasSome", "hasEvery":
			if of := f.message; of != nil && len(of.fields) == 1 && of.fields[0].name == "values" && of.fields[0].repeated {
				of.list = true
				continue
			}
		}
		f.message.alternatives(passed)
	}
}

// snake is a name of the design as protobuf writes it; emit/proto has the same function.
func snake(name string) string {
	var out strings.Builder
	runes := []rune(name)
	for i, r := range runes {
		if unicode.IsUpper(r) && i > 0 && runes[i-1] != '_' {
			beforeLower := i+1 < len(runes) && unicode.IsLower(runes[i+1])
			if !unicode.IsUpper(runes[i-1]) || beforeLower {
				out.WriteByte('_')
			}
		}
		out.WriteRune(unicode.ToLower(r))
	}
	return out.String()
}

// joined is a path as one name of the contract.
func joined(path []string) string {
	names := make([]string, len(path))
	for i, step := range path {
		names[i] = snake(step)
	}
	return strings.Join(names, "_")
}
