package oracle

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fettlehq/fettle/kit"
)

// grpcDoor calls by Connect with JSON, and reads the answers by the descriptors; streamed reads lists by the streams.
type grpcDoor struct {
	methods  map[string]protoreflect.MethodDescriptor // by name
	streamed bool
}

func (d grpcDoor) name() string {
	if d.streamed {
		return "gRPC's streams"
	}
	return "gRPC"
}

func (d grpcDoor) offers(w Wish) bool { return !d.streamed || w.Do == "list" }

func (d grpcDoor) ask(r *matrixRun, w Wish, v Viewer) (said, error) {
	e := r.product.backend.Entity(w.Entity)
	message := map[string]any{}
	var name string
	switch w.Do {
	case "list":
		if name = "Stream" + capital(e.Plural); !d.streamed {
			name, message["pageSize"], message["includeTotal"] = "List"+capital(e.Plural), fullPage, true
		}
	case "aggregate":
		name = "Aggregate" + capital(e.Plural)
	case "get":
		name = "Get" + e.Name
	case "history":
		name = "List" + e.Name + "History"
	case "create", "update", "delete", "restore":
		name = capital(w.Do) + e.Name
	default:
		name, message = capital(w.Operation.Name), r.identified(w.Values).(map[string]any)
		if w.Operation.Where != nil {
			message["pageSize"], message["includeTotal"] = fullPage, true
		}
	}
	m := d.methods[name]
	if m == nil {
		return said{}, fmt.Errorf("no method %s", name)
	}
	r.asked["method "+name] = true
	if w.Row != "" {
		message["id"] = r.id(w.Row)
	}
	if m.Input().Fields().ByName("input") != nil && w.Operation == nil {
		values := r.identified(w.Values).(map[string]any)
		message["input"] = values
		if w.Do == "update" && slices.Contains(slices.Collect(maps.Values(values)), nil) {
			message["updateMask"] = strings.Join(slices.Sorted(maps.Keys(values)), ",")
		}
	}
	body := []byte(text(toProto(m.Input(), message)))
	if d.streamed {
		_, answer := d.post(r, m, v, "application/connect+json", enveloped(body))
		return streamed(w, m, answer)
	}
	status, answer := d.post(r, m, v, "application/json", body)
	if status != http.StatusOK {
		return connectProblem(w, answer)
	}
	out := dynamicpb.NewMessage(m.Output())
	if err := protojson.Unmarshal(answer, out); err != nil {
		return said{}, fmt.Errorf("%s: %w", answer, err)
	}
	return d.answer(w, out)
}

// enveloped is a message of a stream: https://connectrpc.com/docs/protocol/#streaming-request.
func enveloped(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body))), body...)
}

// envelope is the first message of a stream, nil where it is not whole yet.
func envelope(stream []byte) (message []byte, last bool, rest []byte) {
	if len(stream) < 5 {
		return nil, false, stream
	}
	size := int(binary.BigEndian.Uint32(stream[1:5]))
	if len(stream) < 5+size {
		return nil, false, stream
	}
	return stream[5 : 5+size], stream[0]&2 != 0, stream[5+size:]
}

// streamed is the rows of a stream, or the error that its last message has.
func streamed(w Wish, m protoreflect.MethodDescriptor, answer []byte) (said, error) {
	items := []any{}
	for {
		message, last, rest := envelope(answer)
		if message == nil {
			return said{}, errors.New("the stream has no end")
		}
		answer = rest
		if last {
			var end struct{ Error json.RawMessage }
			if err := json.Unmarshal(message, &end); err != nil {
				return said{}, err
			}
			if end.Error != nil {
				return connectProblem(w, end.Error)
			}
			return said{answer: list(items, len(items))}, nil
		}
		out := dynamicpb.NewMessage(m.Output())
		if err := protojson.Unmarshal(message, out); err != nil {
			return said{}, fmt.Errorf("%s: %w", message, err)
		}
		items = append(items, fromProtoField(out, m.Output().Fields().Get(0), true))
	}
}

func (d grpcDoor) post(r *matrixRun, m protoreflect.MethodDescriptor, v Viewer, kind string, body []byte) (int, []byte) {
	q := httptest.NewRequest(http.MethodPost, "/"+string(m.Parent().FullName())+"/"+string(m.Name()), bytes.NewReader(body))
	q.Header.Set("Content-Type", kind)
	q.Header.Set("Connect-Protocol-Version", "1")
	visitor := r.visitor(v)
	if visitor.viewer != "" {
		q.Header.Set(viewerHeader, visitor.viewer)
	}
	if visitor.tenant != "" {
		q.Header.Set("Tenant", visitor.tenant)
	}
	out := httptest.NewRecorder()
	r.product.grpc["/"+string(m.Parent().FullName())+"/"].ServeHTTP(out, q)
	return out.Code, out.Body.Bytes()
}

// connectProblem reads an error of Connect: its code must be that of the table for the reason that it gives.
func connectProblem(w Wish, body []byte) (said, error) {
	var e struct {
		Code    string
		Message string
		Details []struct{ Type, Value string }
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return said{}, fmt.Errorf("%s: %w", body, err)
	}
	s := said{}
	taken := false
	for _, detail := range e.Details {
		raw, err := base64.RawStdEncoding.DecodeString(detail.Value)
		if err != nil {
			return said{}, err
		}
		switch detail.Type {
		case "google.rpc.ErrorInfo":
			var info errdetails.ErrorInfo
			if err := proto.Unmarshal(raw, &info); err != nil {
				return said{}, err
			}
			s.code = info.Reason
		case "google.rpc.BadRequest":
			var bad errdetails.BadRequest
			if err := proto.Unmarshal(raw, &bad); err != nil {
				return said{}, err
			}
			for _, f := range bad.FieldViolations {
				field := asPath(f.Field)
				if w.Operation == nil {
					field = strings.TrimPrefix(strings.TrimPrefix(field, "input"), ".")
				}
				s.fields = append(s.fields, field)
				taken = taken || f.Reason == kit.FieldTaken
			}
		}
	}
	slices.Sort(s.fields)
	if s.code == "" {
		return said{}, fmt.Errorf("no reason in %s", body)
	}
	p := &kit.Problem{Code: s.code, Status: kit.StatusOf(s.code)}
	if taken {
		p.Fields = []kit.FieldError{{Code: kit.FieldTaken}}
	}
	if p.Status != 0 && e.Code != connectCodes[p.GRPC()] {
		return said{}, fmt.Errorf("%s with the code %s", s.code, e.Code)
	}
	return s, nil
}

// connectCodes are the names that Connect gives to the numbers of google.rpc.Code.
var connectCodes = map[uint32]string{
	2: "unknown", 3: "invalid_argument", 4: "deadline_exceeded", 5: "not_found", 6: "already_exists", 7: "permission_denied",
	8: "resource_exhausted", 9: "failed_precondition", 10: "aborted", 12: "unimplemented", 13: "internal", 14: "unavailable", 16: "unauthenticated",
}

// asPath is lines.create[2].unit_price as the other doors write it: lines.create.2.unitPrice.
func asPath(place string) string {
	place = strings.NewReplacer("[", ".", "]", "").Replace(place)
	words := strings.Split(place, "_")
	for i := range words[1:] {
		words[i+1] = capital(words[i+1])
	}
	return strings.Join(words, "")
}

func capital(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// answer is a response without the envelope of its method.
func (d grpcDoor) answer(w Wish, m protoreflect.Message) (said, error) {
	object := map[string]any{}
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if v := fromProtoField(m, f, true); v != nil {
			object[f.JSONName()] = v
		}
	}
	rows := func() any {
		for i := range fields.Len() {
			if fields.Get(i).IsList() {
				return object[fields.Get(i).JSONName()]
			}
		}
		return []any{}
	}
	switch {
	case w.Do == "aggregate":
		return said{answer: firstCount(rows())}, nil
	case w.Do == "history":
		return said{answer: list(rows(), nil)}, nil
	case w.Do == "list", w.Operation != nil && w.Operation.Where != nil:
		return said{answer: list(rows(), object["totalSize"])}, nil
	case w.Do == "delete":
		return said{answer: true}, nil
	case fields.Len() == 1:
		v := object[fields.Get(0).JSONName()]
		if row, ok := v.(map[string]any); ok && w.row() && row["version"] == "0" { // no row has that: it is absent
			v = unseen
		}
		if v == nil && fields.Get(0).IsList() {
			v = []any{}
		}
		return said{answer: v}, nil
	}
	return said{answer: object}, nil
}

// methodsOf are the methods of a contract by name.
func methodsOf(descriptors []byte) (map[string]protoreflect.MethodDescriptor, error) {
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(descriptors, &set); err != nil {
		return nil, err
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, err
	}
	methods := map[string]protoreflect.MethodDescriptor{}
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			all := f.Services().Get(i).Methods()
			for j := range all.Len() {
				methods[string(all.Get(j).Name())] = all.Get(j)
			}
		}
		return true
	})
	return methods, nil
}
