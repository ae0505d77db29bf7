package grpc

import (
	"encoding/json"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/fettlehq/fettle/kit/input"
)

// decodeJSON reads data as a message m in the JSON form of Protobuf, as the same tree that decode makes: names of fields are
// those of the design or of the contract, null is absent, enums are called as in the contract. What the contract does not
// have stays, so that whoever reads the tree says that it is unknown.
func decodeJSON(m *message, data []byte) (input.Object, error) {
	if len(data) == 0 {
		return input.Object{}, nil
	}
	tree, err := input.Parse(data)
	if err != nil {
		return nil, err
	}
	object, ok := tree.(input.Object)
	if !ok {
		return nil, malformed("The message is no JSON object.")
	}
	return m.named(object), nil
}

// named is object under the names of the design.
func (m *message) named(object input.Object) input.Object {
	out := make(input.Object, len(object))
	for name, raw := range object {
		f := m.names[name]
		switch {
		case f == nil:
			out[name] = raw
		case raw == nil && f.form != formValue:
		default:
			for _, other := range f.others {
				delete(out, other.name)
			}
			out[f.name] = f.fromJSON(raw)
		}
	}
	return out
}

func (f *field) fromJSON(raw any) any {
	list, ok := raw.([]any)
	if !f.repeated || !ok {
		return f.one(raw)
	}
	out := make([]any, len(list))
	for i, element := range list {
		out[i] = f.one(element)
	}
	return out
}

func (f *field) one(raw any) any {
	switch f.form {
	case formMessage:
		if object, ok := raw.(input.Object); ok {
			return f.message.whole(f.message.named(object))
		}
	case formEnum:
		switch v := raw.(type) {
		case string:
			if number, ok := f.enum.numbers[v]; ok {
				return f.enum.names[number]
			}
		case json.Number:
			if n, err := strconv.ParseInt(string(v), 10, 32); err == nil {
				return number(f, uint64(protowire.Number(n)))
			}
		}
	case formInt32:
		if text, ok := raw.(string); ok {
			return json.Number(text)
		}
	case formInt64:
		text, ok := raw.(string)
		if n, isNumber := raw.(json.Number); isNumber {
			text, ok = string(n), true
		}
		if n, err := strconv.ParseInt(text, 10, 64); ok && err == nil {
			return n
		}
	case formMask:
		if text, ok := raw.(string); ok {
			if text == "" {
				return []string{}
			}
			return strings.Split(text, ",")
		}
	}
	return raw
}
