package grpc

import (
	"encoding/base64"
	"encoding/json"
	"strconv"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/fettlehq/fettle/kit/input"
)

// decodeJSON reads data as a message m in the JSON form of Protobuf, as the same tree that decode makes: names of fields are
// those of the design or of the contract, null is absent, enums are called as in the contract. What the contract does not
// have stays, so that whoever reads the tree says that it is unknown. A field under both of its names is refused; so are two members of a
// oneof, by whoever reads the tree.
func decodeJSON(m *message, data []byte) (input.Object, error) {
	tree, err := input.Parse(data)
	if err != nil {
		return nil, err
	}
	object, ok := tree.(input.Object)
	if !ok {
		return nil, malformed("The message is no JSON object.")
	}
	var r namer
	return r.named(m, object), r.err
}

// namer gives the fields of a tree the names of the design.
type namer struct{ err error }

func (r *namer) named(m *message, object input.Object) input.Object {
	out := make(input.Object, len(object))
	for name, raw := range object {
		f := m.names[name]
		if f == nil {
			out[name] = raw
			continue
		}
		if _, both := object[f.text]; both && name != f.text {
			r.err = twice(f.text)
		}
		if raw != nil || f.form == formValue {
			out[f.name] = r.value(f, raw)
		}
	}
	return out
}

func (r *namer) value(f *field, raw any) any {
	list, ok := raw.([]any)
	if !f.repeated || !ok {
		return r.one(f, raw)
	}
	out := make([]any, len(list))
	for i, element := range list {
		out[i] = r.one(f, element)
	}
	return out
}

// one reads one value in the forms that the JSON mapping of Protobuf allows.
func (r *namer) one(f *field, raw any) any {
	switch f.form {
	case formMessage:
		if object, ok := raw.(input.Object); ok {
			return f.message.whole(r.named(f.message, object))
		}
	case formDouble:
		if text, ok := raw.(string); ok {
			if _, err := strconv.ParseFloat(text, 64); err == nil {
				return json.Number(text)
			}
		}
	case formBytes: // standard or URL-safe, with padding or without
		if text, ok := raw.(string); ok {
			plain := strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
			if content, err := base64.RawStdEncoding.DecodeString(plain); err == nil {
				return base64.StdEncoding.EncodeToString(content)
			}
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
