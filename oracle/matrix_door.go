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
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// A door asks for a wish in its own words, and says in words that all doors share what it was answered: of a row an object of
// its fields without those that are null, a row that another refers to as its id, an instant in UTC, a list as {items, total}.
type door interface {
	name() string
	offers(w Wish) bool
	ask(r *matrixRun, w Wish, v Viewer) (said, error)
}

// fullPage is more rows than a matrix has, and no more than a page may have.
const fullPage = 100

// visitor is the request of a viewer.
func (r *matrixRun) visitor(v Viewer) request {
	return request{viewer: r.ids[v.Person], tenant: r.ids[v.Tenant]}
}

// path leads to an entity, or to a row by its id.
func (r *matrixRun) path(w Wish) string {
	return resource(r.product.backend.Entity(w.Entity), r.ids[w.Row])
}

// restDoor is plain HTTP; batched sends what writes as the only request of a batch.
type restDoor struct{ batched bool }

func (d restDoor) name() string {
	if d.batched {
		return "REST's batch"
	}
	return "REST"
}

func (d restDoor) offers(w Wish) bool { return !d.batched || w.writes() && w.Operation == nil }

func (d restDoor) ask(r *matrixRun, w Wish, v Viewer) (said, error) {
	q := r.visitor(v)
	q.method, q.path = http.MethodGet, ""
	values := r.identified(w.Values)
	switch w.Do {
	case "list":
		q.path = r.path(w) + fmt.Sprintf("?limit=%d&count=true", fullPage)
	case "aggregate":
		q.path = r.path(w) + ":aggregate"
	case "get":
		q.path = r.path(w)
	case "history":
		q.path = r.path(w) + fmt.Sprintf("/history?limit=%d", fullPage)
	case "create":
		q.method, q.path, q.body = http.MethodPost, r.path(w), values
	case "update":
		q.method, q.path, q.body = http.MethodPatch, r.path(w), values
	case "delete":
		q.method, q.path = http.MethodDelete, r.path(w)
	case "restore":
		q.method, q.path = http.MethodPost, r.path(w)+"/restore"
	default:
		d.call(&q, w.Operation, values.(map[string]any))
	}
	if d.batched {
		inner := map[string]any{"method": q.method, "path": q.path}
		if q.body != nil {
			inner["body"] = q.body
		}
		q.method, q.path, q.body = http.MethodPost, "/v1/batch", map[string]any{"requests": []any{inner}}
	}
	a, err := r.product.ask(q)
	if err != nil {
		return said{}, err
	}
	answer := a.object()
	if d.batched && a.status < http.StatusBadRequest {
		one := answer["responses"].([]any)[0].(map[string]any)
		answer, _ = one["body"].(map[string]any)
	}
	if a.status >= http.StatusBadRequest {
		code, _ := answer["code"].(string)
		if want := kit.StatusOf(code); want != 0 && want != a.status {
			return said{}, fmt.Errorf("%s with the status %d", code, a.status)
		}
		s := said{code: code}
		listed, _ := answer["errors"].([]any)
		for _, e := range listed {
			field := fmt.Sprint(e.(map[string]any)["field"])
			if d.batched {
				field = strings.TrimPrefix(strings.TrimPrefix(field, "requests.0"), ".")
			}
			if isWhole(w.Operation) {
				field = "input." + field
			}
			s.fields = append(s.fields, field)
		}
		slices.Sort(s.fields)
		return s, nil
	}
	return said{answer: fromREST(w, answer, a.json)}, nil
}

// call is an operation: arguments stand in its path, the others in the query or the body.
func (restDoor) call(q *request, o *meta.Operation, args map[string]any) {
	q.method = o.Method
	if q.method == "" {
		q.method = http.MethodPost
	}
	if isWhole(o) {
		args, _ = args["input"].(map[string]any)
	}
	rest := maps.Clone(args)
	var path []string
	for _, step := range strings.Split(o.Path, "/") {
		if name, ok := strings.CutPrefix(step, "{"); ok {
			name = strings.TrimSuffix(name, "}")
			step = url.PathEscape(fmt.Sprint(args[name]))
			delete(rest, name)
		}
		path = append(path, step)
	}
	q.path = "/v1" + strings.TrimPrefix(strings.Join(path, "/"), "/v1")
	if q.method != http.MethodGet && q.method != http.MethodDelete {
		if q.body = rest; len(rest) == 0 && !isWhole(o) {
			q.body = nil
		}
		return
	}
	parameters := url.Values{}
	for name, v := range rest {
		parameters.Set(name, fmt.Sprint(v))
	}
	if o.Where != nil {
		parameters.Set("limit", fmt.Sprint(fullPage))
		parameters.Set("count", "true")
	}
	if len(parameters) > 0 {
		q.path += "?" + parameters.Encode()
	}
}

// isWhole tells whether the body of REST is the one input of an operation.
func isWhole(o *meta.Operation) bool {
	return o != nil && len(o.Args) == 1 && o.Args[0].Name == "input" && o.Args[0].Kind == meta.Input
}

// unseen is the answer to a write of a row that the viewer may not read, or no longer.
const unseen = "unseen"

func fromREST(w Wish, object map[string]any, whole any) any {
	switch {
	case w.Do == "aggregate":
		return firstCount(object["groups"])
	case w.Do == "delete":
		return true
	case w.row() && (len(object) == 0 || len(object) == 1 && object["id"] != nil):
		return unseen
	case w.Do == "history":
		return list(plainly(object["items"]), nil)
	case w.Do == "list", w.Operation != nil && w.Operation.Where != nil:
		return list(plainly(object["items"]), object["total"])
	case w.Operation != nil && w.Operation.Result.Target() == nil:
		if object["result"] != nil {
			return plainly(object["result"])
		}
		return plainly(whole)
	}
	return plainly(object)
}

func firstCount(groups any) any {
	all, _ := groups.([]any)
	if len(all) == 0 {
		return nil
	}
	return map[string]any{"count": fmt.Sprint(all[0].(map[string]any)["count"])}
}

func list(items any, total any) any {
	if items == nil {
		items = []any{}
	}
	if total == nil {
		return items
	}
	return map[string]any{"items": items, "total": fmt.Sprint(total)}
}

// plainly is a tree without nulls and lists of rows, numbers as text, and {id} as the id.
func plainly(v any) any {
	switch v := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for name, item := range v {
			if p := plainly(item); p != nil {
				out[name] = p
			}
		}
		if id, ok := out["id"]; ok && len(out) == 1 {
			return id
		}
		return out
	case []any:
		out := []any{}
		for _, item := range v {
			out = append(out, plainly(item))
		}
		return out
	case json.Number:
		return v.String()
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t.UTC().Format(time.RFC3339Nano)
		}
	}
	return v
}

// graphqlDoor selects all that needs no arguments. By is node or nodes, where rows are asked for by these.
type graphqlDoor struct {
	schema *ast.Schema
	by     string
}

func (d graphqlDoor) name() string { return strings.TrimSpace("GraphQL " + d.by) }

func (d graphqlDoor) offers(w Wish) bool { return d.by == "" || w.Do == "get" }

func (d graphqlDoor) ask(r *matrixRun, w Wish, v Viewer) (said, error) {
	e := r.product.backend.Entity(w.Entity)
	args := map[string]any{}
	var name string
	switch w.Do {
	case "list":
		name, args["first"] = e.Plural, fullPage
	case "aggregate":
		name = e.Plural + "Aggregate"
	case "get", "history":
		name = e.Singular
	case "create", "update", "delete", "restore":
		name = w.Do + e.Name
	default:
		name, args = w.Operation.Name, r.identified(w.Values).(map[string]any)
		if w.Operation.Where != nil {
			args["first"] = fullPage
		}
	}
	if w.Row != "" && w.Do != "get" && w.Do != "history" {
		args["id"] = r.ids[w.Row]
	}
	if w.Do == "create" || w.Do == "update" {
		args["input"] = r.identified(w.Values)
	}
	kind, root := "query", d.schema.Query.Fields.ForName(name)
	if d.by != "" {
		return d.nodes(r, w, v)
	}
	if root == nil {
		kind, root = "mutation", d.schema.Mutation.Fields.ForName(name)
	}
	if root == nil {
		return said{}, fmt.Errorf("no field %s", name)
	}
	if w.Do == "get" || w.Do == "history" { // by what addresses it, which may be its id
		args[e.Key] = r.ids[w.Row]
	}
	r.asked["field "+name] = true
	var types, given []string
	for _, a := range root.Arguments {
		if _, ok := args[a.Name]; ok {
			types = append(types, "$"+a.Name+": "+a.Type.String())
			given = append(given, a.Name+": $"+a.Name)
		}
	}
	document := kind
	field := name
	if len(types) > 0 {
		document += "(" + strings.Join(types, ", ") + ")"
		field += "(" + strings.Join(given, ", ") + ")"
	}
	selection := d.selection(root.Type, true)
	if w.Do == "history" {
		selection = fmt.Sprintf(" { history(first: %d)%s }", fullPage, d.selection(d.schema.Types[root.Type.Name()].Fields.ForName("history").Type, true))
	}
	document += " { " + field + selection + " }"
	q := r.visitor(v)
	q.method, q.path, q.body = http.MethodPost, "/graphql", map[string]any{"query": document, "variables": args}
	a, err := r.product.ask(q)
	if err != nil {
		return said{}, err
	}
	if errs, _ := a.object()["errors"].([]any); errs != nil || a.status >= http.StatusBadRequest {
		s, within := graphqlProblem(a)
		if within && w.row() && s.code == kit.CodeNotFound { // it is done: what cannot be null of the row is not for the viewer
			s = said{answer: unseen}
		}
		return s, nil
	}
	data, _ := a.object()["data"].(map[string]any)
	return d.answer(w, data[name])
}

// nodes asks for a row by its id alone, whatever its type.
func (d graphqlDoor) nodes(r *matrixRun, w Wish, v Viewer) (said, error) {
	r.asked["field "+d.by] = true
	id, at := "id: "+quote(r.ids[w.Row]), 0
	if d.by == "nodes" {
		id = "ids: [" + quote("01900000-0000-7000-8000-000000000000") + ", " + quote(r.ids[w.Row]) + "]"
		at = 1
	}
	selection := d.selection(&ast.Type{NamedType: w.Entity}, true)
	q := r.visitor(v)
	q.method, q.path = http.MethodPost, "/graphql"
	q.body = map[string]any{"query": "{ " + d.by + "(" + id + ") { ... on " + w.Entity + selection + " } }"}
	a, err := r.product.ask(q)
	if err != nil {
		return said{}, err
	}
	if a.object()["errors"] != nil || a.status >= http.StatusBadRequest {
		s, _ := graphqlProblem(a)
		return s, nil
	}
	data, _ := a.object()["data"].(map[string]any)
	row := data[d.by]
	if list, ok := row.([]any); ok {
		row = list[at]
	}
	return d.answer(w, row)
}

// graphqlProblem is the first error of an answer, and whether it is about a field within what the operation returns.
func graphqlProblem(a reply) (s said, within bool) {
	if errs, _ := a.object()["errors"].([]any); len(errs) > 0 {
		first := errs[0].(map[string]any)
		extensions, _ := first["extensions"].(map[string]any)
		path, _ := first["path"].([]any)
		s = said{code: fmt.Sprint(extensions["code"])}
		fields, _ := extensions["errors"].([]any)
		for _, f := range fields {
			s.fields = append(s.fields, fmt.Sprint(f.(map[string]any)["field"]))
		}
		slices.Sort(s.fields)
		return s, len(path) > 1
	}
	return said{code: fmt.Sprint(a.object()["code"])}, false
}

func (d graphqlDoor) answer(w Wish, v any) (said, error) {
	object, _ := v.(map[string]any)
	switch {
	case w.Do == "aggregate":
		return said{answer: firstCount(object["nodes"])}, nil
	case v == nil && (w.Do == "get" || w.Do == "history"):
		return said{code: kit.CodeNotFound}, nil
	case w.Do == "history":
		past, _ := object["history"].(map[string]any)
		return said{answer: list(plainly(past["nodes"]), nil)}, nil
	case w.Do == "list", w.Operation != nil && w.Operation.Where != nil:
		return said{answer: list(plainly(object["nodes"]), object["totalCount"])}, nil
	}
	if w.row() && plainly(v) == nil {
		return said{answer: unseen}, nil
	}
	return said{answer: plainly(v)}, nil
}

// selection is what to read of a type: of the rows that a row refers to the id.
func (d graphqlDoor) selection(t *ast.Type, top bool) string {
	def := d.schema.Types[t.Name()]
	switch {
	case def.Kind == ast.Union:
		var arms []string
		for _, arm := range def.Types {
			arms = append(arms, "... on "+arm+" { "+strings.ToLower(arm[:1])+arm[1:]+": id }")
		}
		return " { " + strings.Join(arms, " ") + " }"
	case def.Kind != ast.Object:
		return ""
	case !top && def.Fields.ForName("id") != nil:
		return " { id }"
	}
	var parts []string
	for _, f := range def.Fields {
		of := d.schema.Types[f.Type.Name()]
		rows := of.Kind == ast.Object && (of.Fields.ForName("nodes") != nil || f.Type.Elem != nil && of.Fields.ForName("id") != nil)
		switch {
		case strings.HasPrefix(f.Name, "__"), f.Name == "edges", f.Name == "pageInfo":
		case f.Name == "nodes":
			parts = append(parts, f.Name+d.selection(f.Type, true))
		case rows || len(f.Arguments) > 0:
		case strings.HasSuffix(of.Name, "Group"), strings.HasSuffix(of.Name, "Sum"), strings.HasSuffix(of.Name, "Avg"), strings.HasSuffix(of.Name, "Min"), strings.HasSuffix(of.Name, "Max"):
		default:
			parts = append(parts, f.Name+d.selection(f.Type, false))
		}
	}
	return " { " + strings.Join(parts, " ") + " }"
}

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
		message["id"] = r.ids[w.Row]
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

// streamed is the rows of a stream, or the error that its last message has.
func streamed(w Wish, m protoreflect.MethodDescriptor, answer []byte) (said, error) {
	items := []any{}
	for len(answer) >= 5 {
		last, size := answer[0]&2 != 0, binary.BigEndian.Uint32(answer[1:5])
		message := answer[5 : 5+size]
		answer = answer[5+size:]
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
	return said{}, errors.New("the stream has no end")
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

// unasked are the operations of the contracts that no wish reached.
func (r *matrixRun) unasked(schema *ast.Schema, methods map[string]protoreflect.MethodDescriptor) []string {
	var missing []string
	for _, root := range []*ast.Definition{schema.Query, schema.Mutation} {
		for _, f := range root.Fields {
			if !strings.HasPrefix(f.Name, "__") && !r.asked["field "+f.Name] {
				missing = append(missing, "GraphQL's "+f.Name)
			}
		}
	}
	for name := range methods {
		subscribes := slices.ContainsFunc(r.product.backend.Subscriptions, func(o *meta.Operation) bool { return "Subscribe"+capital(o.Name) == name })
		if !r.asked["method "+name] && !subscribes {
			missing = append(missing, "gRPC's "+name)
		}
	}
	slices.Sort(missing)
	return missing
}
