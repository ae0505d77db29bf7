package designtest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// Served is a running service, as Refusals, Unmatched and Limited ask it: each sends every operation of its OpenAPI document
// what must be refused.
type Served struct {
	URL     string
	OpenAPI []byte
	Token   string                         // of somebody who may do much
	Place   func(path, name string) string // what stands in a path for a parameter, of a row that is there
	Skip    func(path string) bool         // what a team wrote itself and answers in its own way; nil for nothing
}

// documented is what is read of an operation.
type documented struct {
	method, path string // as in the document
	RequestBody  *struct{ Content map[string]json.RawMessage }
	Parameters   []struct {
		Ref string `json:"$ref"`
	}
	Responses map[string]json.RawMessage
}

func (d documented) takes(parameter string) bool {
	for _, p := range d.Parameters {
		if p.Ref == "#/components/parameters/"+parameter {
			return true
		}
	}
	return false
}

func (d documented) names(status int) bool { return d.Responses[fmt.Sprint(status)] != nil }

// refusal is a request that an operation must refuse.
type refusal struct {
	name   string
	header http.Header
	body   string
	query  string
	of     func(documented) bool // the operations that it is sent to
	status []int                 // one of them; nil: whatever the document names
}

func always(documented) bool       { return true }
func withBody(d documented) bool   { return d.RequestBody != nil }
func matched(d documented) bool    { return d.takes("ifMatch") }
func called(d documented) bool     { return d.takes("idempotencyKey") && !d.takes("ifMatch") }
func repeatable(d documented) bool { return d.takes("idempotencyKey") }
func negotiated(d documented) bool { return d.names(http.StatusNotAcceptable) }

func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

var refusals = []refusal{
	{name: "Accept of another type", header: header("Accept", "text/csv"), of: negotiated, status: []int{406}},
	{name: "Accept that refuses", header: header("Accept", "*/*;q=0"), of: negotiated, status: []int{406}},
	{name: "text", header: header("Content-Type", "text/plain"), body: "{}", of: withBody, status: []int{415}},
	{name: "no type", header: header("Content-Type", ""), body: "{}", of: withBody, status: []int{415}},
	{name: "two types", header: header("Content-Type", "application/json, text/plain"), body: "{}", of: withBody, status: []int{415}},
	{name: "a type of the wrong form", header: header("Content-Type", ";;;"), body: "{}", of: withBody, status: []int{415}},
	{name: "another charset", header: header("Content-Type", "application/json; charset=utf-16"), body: "{}", of: withBody, status: []int{415}},
	{name: "br", header: header("Content-Encoding", "br"), body: "{}", of: withBody, status: []int{415}},
	{name: "gzip twice", header: header("Content-Encoding", "gzip, gzip"), body: "{}", of: withBody, status: []int{415}},
	{name: "no gzip", header: header("Content-Encoding", "gzip"), body: "{}", of: withBody, status: []int{400}},
	{name: "no zstd", header: header("Content-Encoding", "zstd"), body: "{}", of: withBody, status: []int{400}},
	{name: "half an object", body: `{"a":`, of: withBody, status: []int{400}},
	{name: "nothing", body: "", of: withBody},
	{name: "null", body: "null", of: withBody, status: []int{400, 422}},
	{name: "a list", body: "[]", of: withBody, status: []int{400, 422}},
	{name: "a text", body: `"{}"`, of: withBody, status: []int{400, 422}},
	{name: "two values", body: "{}{}", of: withBody, status: []int{400, 422}},
	{name: "an unknown field", body: `{"nonesuch":1}`, of: withBody, status: []int{400, 422}},
	{name: "no UTF-8", body: "{\"a\":\"\xff\"}", of: withBody, status: []int{400, 422}},
	{name: "deep", body: strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000), of: withBody, status: []int{400, 413, 422}},
	{name: "too large", body: `{"a":"` + strings.Repeat("a", 3<<20) + `"}`, of: withBody, status: []int{413}},
	{name: "no tag", header: header("If-Match", "x"), body: "{}", of: repeatable, status: []int{400}},
	{name: "all and one", header: header("If-Match", `*, "1"`), body: "{}", of: repeatable, status: []int{400}},
	{name: "another version", header: header("If-Match", `"99"`), body: "{}", of: matched, status: []int{403, 404, 412}},
	{name: "a version beyond numbers", header: header("If-Match", `"99999999999999999999999"`), body: "{}", of: matched, status: []int{400, 403, 404, 412}},
	{name: "a version of what has none", header: header("If-Match", `"1"`), body: "{}", of: called, status: []int{412}},
	{name: "what must not be there", header: header("If-None-Match", "*"), body: "{}", of: matched, status: []int{403, 404, 412}},
	{name: "a long key", header: header("Idempotency-Key", strings.Repeat("k", 5000)), body: "{}", of: repeatable, status: []int{400}},
	{name: "a key of the wrong form", header: header("Idempotency-Key", "\u00e9\u00e9"), body: "{}", of: repeatable, status: []int{400}},
	{name: "an unknown parameter", query: "nonesuch=1", body: "{}", of: always},
	{name: "a query of the wrong form", query: "%zz=%", body: "{}", of: always},
	{name: "no token", header: header("Authorization", "Bearer x"), body: "{}", of: always},
	{name: "another scheme", header: header("Authorization", "Basic eDp5"), body: "{}", of: always},
}

// Refusals sends the methods that a path does not have, and to each operation all kinds of requests that are wrong: in their
// types, encodings, forms, sizes, conditions and keys. Whatever the answer, it is none of 5xx, is named by the document, and
// where it refuses is a problem of RFC 9457 that says its own status.
func Refusals(t *testing.T, s Served) {
	operations := s.operations(t)
	if len(operations) == 0 {
		t.Fatal("the document has no operation")
	}
	for start := 0; start < len(operations); {
		end := start
		for end < len(operations) && operations[end].path == operations[start].path {
			end++
		}
		s.methods(t, operations[start:end])
		start = end
	}
	for _, d := range operations {
		for _, r := range refusals {
			if r.of(d) {
				s.refuses(t, d, r)
			}
		}
	}
}

// Unmatched wants of a service with REQUIRE_IF_MATCH=yes that each operation that names 428 refuses so who sends no If-Match,
// and that a batch does so of its parts.
func Unmatched(t *testing.T, s Served) {
	var guarded []documented
	var batch *documented
	for _, d := range s.operations(t) {
		switch {
		case d.path == "/v1/batch":
			batch = &d
		case d.names(http.StatusPreconditionRequired):
			guarded = append(guarded, d)
		case d.takes("ifMatch"):
			t.Errorf("%s %s takes If-Match, and the document does not name 428", d.method, d.path)
		}
	}
	if len(guarded) == 0 || batch == nil {
		t.Fatal("the document has no operation that names 428, or no batch")
	}
	part := func(d documented, match string) refusal {
		request := map[string]any{"method": d.method, "path": s.at(t, d.path), "body": map[string]any{}}
		if match != "" {
			request["ifMatch"] = match
		}
		text, err := json.Marshal(map[string]any{"requests": []any{request}})
		if err != nil {
			t.Fatal(err)
		}
		return refusal{name: d.method + " of " + d.path, body: string(text), status: []int{http.StatusPreconditionRequired}}
	}
	for _, d := range guarded {
		s.refuses(t, d, refusal{name: "no If-Match", body: "{}", status: []int{http.StatusPreconditionRequired}})
		s.refuses(t, *batch, part(d, ""))
	}
	for _, d := range guarded { // at last: what is meant is done
		for _, to := range []struct {
			documented
			refusal
		}{
			{d, refusal{name: "If-Match of another version", header: header("If-Match", `"99"`), body: "{}"}},
			{*batch, part(d, `"99"`)},
			{d, refusal{name: "If-Match of any", header: header("If-Match", "*"), body: "{}"}},
		} {
			to.status = nil
			if answer := s.refuses(t, to.documented, to.refusal); answer.StatusCode == http.StatusPreconditionRequired {
				t.Errorf("%s %s, %s: 428", to.method, to.path, to.name)
			}
		}
	}
}

// Limited wants of a service whose RATE_LIMIT is a small number in a long time that each operation answers 429 once that many
// have asked, says when to ask again, and does nothing.
func Limited(t *testing.T, s Served) {
	operations := s.operations(t)
	const enough = 1000
	for n := 0; ; n++ {
		answer, _ := s.send(t, http.MethodGet, "/v1", refusal{})
		if answer.StatusCode == http.StatusTooManyRequests {
			break
		}
		if n == enough {
			t.Fatalf("after %d requests the answer is %d", n, answer.StatusCode)
		}
	}
	for _, d := range operations {
		for _, r := range []refusal{
			{name: "one too many", body: "{}"},
			{name: "one too many that is wrong", body: "{", header: header("Content-Type", "text/plain", "Accept", "text/csv", "Authorization", "Bearer x")},
		} {
			r.status = []int{http.StatusTooManyRequests}
			answer := s.refuses(t, d, r)
			for _, name := range []string{"Retry-After", "RateLimit", "RateLimit-Policy"} {
				if answer.Header.Get(name) == "" {
					t.Errorf("%s %s, %s: without %s", d.method, d.path, r.name, name)
				}
			}
		}
	}
}

// operations are those of the document in the order of their paths and methods.
func (s Served) operations(t *testing.T) (all []documented) {
	t.Helper()
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(s.OpenAPI, &document); err != nil {
		t.Fatal(err)
	}
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		if s.Skip != nil && s.Skip(path) {
			continue
		}
		for _, method := range slices.Sorted(maps.Keys(document.Paths[path])) {
			if !slices.Contains([]string{"get", "post", "put", "patch", "delete"}, method) {
				continue
			}
			d := documented{method: strings.ToUpper(method), path: path}
			if err := json.Unmarshal(document.Paths[path][method], &d); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			all = append(all, d)
		}
	}
	return all
}

// methods sends the methods that a path does not have: 405, with those in Allow that it has.
func (s Served) methods(t *testing.T, operations []documented) {
	t.Helper()
	var has []string
	for _, d := range operations {
		has = append(has, d.method)
	}
	path := operations[0].path
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} {
		if slices.Contains(has, method) {
			continue
		}
		answer, text := s.send(t, method, path, refusal{body: "{}"})
		at := fmt.Sprintf("%s %s", method, path)
		wantRefused(t, at, answer, text, []int{http.StatusMethodNotAllowed})
		allow := strings.Split(answer.Header.Get("Allow"), ", ")
		for _, method := range has {
			if !slices.Contains(allow, method) {
				t.Errorf("%s: Allow is %q, without %s", at, answer.Header.Get("Allow"), method)
			}
		}
		for _, method := range allow {
			if !slices.Contains(has, method) && method != "HEAD" && method != "OPTIONS" {
				t.Errorf("%s: Allow names %s, which the document does not have", at, method)
			}
		}
	}
}

func (s Served) refuses(t *testing.T, d documented, r refusal) *http.Response {
	t.Helper()
	answer, text := s.send(t, d.method, d.path, r)
	at := fmt.Sprintf("%s %s, %s", d.method, d.path, r.name)
	if !d.names(answer.StatusCode) {
		t.Errorf("%s: %d is not in the document: %.200s", at, answer.StatusCode, text)
	}
	if r.status != nil || answer.StatusCode >= http.StatusBadRequest {
		wantRefused(t, at, answer, text, r.status)
	}
	return answer
}

// wantRefused wants a problem with one of the statuses; with any below 500 where none is given.
func wantRefused(t *testing.T, at string, answer *http.Response, text []byte, status []int) {
	t.Helper()
	if answer.StatusCode >= http.StatusInternalServerError || status != nil && !slices.Contains(status, answer.StatusCode) {
		t.Errorf("%s: %d, want one of %v: %.200s", at, answer.StatusCode, status, text)
		return
	}
	var problem struct {
		Status       int
		Code, Detail string
	}
	if err := json.Unmarshal(text, &problem); err != nil || answer.Header.Get("Content-Type") != "application/problem+json" ||
		problem.Status != answer.StatusCode || problem.Code == "" {
		t.Errorf("%s: %d is no problem (%s): %.200s", at, answer.StatusCode, answer.Header.Get("Content-Type"), text)
	}
}

// at is a path with values where its parameters stand.
func (s Served) at(t *testing.T, path string) string {
	t.Helper()
	return kept.ReplaceAllStringFunc(path, func(name string) string {
		value := s.Place(path, strings.Trim(name, "{}"))
		if value == "" {
			t.Fatalf("%s: no value for %s", path, name)
		}
		return value
	})
}

func (s Served) send(t *testing.T, method, path string, r refusal) (*http.Response, []byte) {
	t.Helper()
	url := s.URL + s.at(t, path)
	if r.query != "" {
		url += "?" + r.query
	}
	var body io.Reader
	if method != http.MethodGet && method != http.MethodTrace {
		body = bytes.NewReader([]byte(r.body))
	}
	request, err := http.NewRequestWithContext(t.Context(), method, url, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.Token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	maps.Copy(request.Header, r.header)
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return answer, text
}
