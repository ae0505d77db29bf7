package oracle

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// toProto is JSON as protobuf's mapping has it: enums with the prefix of their type, durations in seconds.
func toProto(m protoreflect.MessageDescriptor, v map[string]any) map[string]any {
	out := map[string]any{}
	for name, item := range v {
		f := m.Fields().ByJSONName(name)
		if item == nil {
			continue
		}
		if f == nil {
			out[name] = item
			continue
		}
		out[name] = toProtoValue(f, item)
	}
	return out
}

func toProtoValue(f protoreflect.FieldDescriptor, v any) any {
	if items, ok := v.([]any); ok {
		out := []any{}
		for _, item := range items {
			out = append(out, toProtoValue(f, item))
		}
		return out
	}
	switch {
	case f.Enum() != nil:
		return enumPrefix(f.Enum()) + fmt.Sprint(v)
	case f.Message() == nil:
		return v
	case f.Message().FullName() == "google.protobuf.Duration":
		d, _ := time.ParseDuration(fmt.Sprint(v))
		return fmt.Sprintf("%gs", d.Seconds())
	case strings.HasPrefix(string(f.Message().FullName()), "google.protobuf."):
		return v
	}
	if object, ok := v.(map[string]any); ok {
		return toProto(f.Message(), object)
	}
	return v
}

func enumPrefix(e protoreflect.EnumDescriptor) string {
	return strings.TrimSuffix(string(e.Values().Get(0).Name()), "UNSPECIFIED")
}

// fromProtoField is a field of a message, nil where it is absent. Top is of the rows that were asked for: of others their id.
func fromProtoField(m protoreflect.Message, f protoreflect.FieldDescriptor, top bool) any {
	if f.HasPresence() && !m.Has(f) {
		return nil
	}
	v := m.Get(f)
	if !f.IsList() {
		return fromProto(f, v, top)
	}
	items := []any{}
	for i := range v.List().Len() {
		items = append(items, fromProto(f, v.List().Get(i), top))
	}
	return items
}

func fromProto(f protoreflect.FieldDescriptor, v protoreflect.Value, top bool) any {
	switch {
	case f.Enum() != nil:
		value := f.Enum().Values().ByNumber(v.Enum())
		if v.Enum() == 0 || value == nil {
			return nil
		}
		return strings.TrimPrefix(string(value.Name()), enumPrefix(f.Enum()))
	case f.Message() == nil:
		switch x := v.Interface().(type) {
		case bool, string:
			return plainly(x)
		case []byte:
			return base64.StdEncoding.EncodeToString(x)
		default:
			return fmt.Sprint(x)
		}
	}
	switch of := v.Message(); f.Message().FullName() {
	case "google.protobuf.Timestamp":
		seconds, nanos := of.Descriptor().Fields().ByName("seconds"), of.Descriptor().Fields().ByName("nanos")
		return time.Unix(of.Get(seconds).Int(), of.Get(nanos).Int()).UTC().Format(time.RFC3339Nano)
	case "google.protobuf.Duration":
		seconds, nanos := of.Descriptor().Fields().ByName("seconds"), of.Descriptor().Fields().ByName("nanos")
		return (time.Duration(of.Get(seconds).Int())*time.Second + time.Duration(of.Get(nanos).Int())).String()
	case "google.protobuf.Value":
		raw, err := protojson.Marshal(of.Interface())
		if err != nil {
			panic(err)
		}
		var tree any
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.UseNumber()
		if err := decoder.Decode(&tree); err != nil {
			panic(err)
		}
		return plainly(tree)
	default:
		return fromMessage(of, top)
	}
}

// fromMessage is a row, a value object, or a union of rows.
func fromMessage(m protoreflect.Message, top bool) any {
	fields := m.Descriptor().Fields()
	id := fields.ByName("id")
	if id != nil && !top {
		return m.Get(id).String()
	}
	object := map[string]any{}
	for i := range fields.Len() {
		f := fields.Get(i)
		if f.Message() != nil && strings.HasSuffix(string(f.Message().Name()), "Page") && f.Message().Fields().ByName("items") != nil || f.IsList() && f.Message() != nil && f.Message().Fields().ByName("id") != nil {
			continue // a list of rows
		}
		if v := fromProtoField(m, f, false); v != nil {
			object[f.JSONName()] = v
		}
	}
	if only, ok := object["id"]; ok && len(object) == 1 {
		return only
	}
	return object
}
