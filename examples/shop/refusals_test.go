package shop_test

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"example.com/shop/app"
	"example.com/shop/catalog"
	"example.com/shop/orders"
)

// documented is what TestRefusals reads of an operation in openapi.json.
type documented struct {
	RequestBody *struct {
		Content map[string]json.RawMessage
	}
	Parameters []struct {
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

// refusal is a request that an operation must refuse.
type refusal struct {
	name   string
	header http.Header
	body   string
	query  string
	of     func(documented) bool // the operations that it is sent to
	status []int                 // one of them
}

func always(documented) bool       { return true }
func withBody(d documented) bool   { return d.RequestBody != nil }
func matched(d documented) bool    { return d.takes("ifMatch") }
func repeatable(d documented) bool { return d.takes("idempotencyKey") }
func negotiated(d documented) bool { return d.Responses["406"] != nil }
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
	{name: "nothing", body: "", of: withBody, status: nil},
	{name: "null", body: "null", of: withBody, status: []int{400, 422}},
	{name: "a list", body: "[]", of: withBody, status: []int{400, 422}},
	{name: "a text", body: `"{}"`, of: withBody, status: []int{400, 422}},
	{name: "two values", body: "{}{}", of: withBody, status: []int{400, 422}},
	{name: "an unknown field", body: `{"nonesuch":1}`, of: withBody, status: []int{400, 422}},
	{name: "no UTF-8", body: "{\"a\":\"\xff\"}", of: withBody, status: []int{400, 422}},
	{name: "deep", body: strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000), of: withBody, status: []int{400, 413, 422}},
	{name: "too large", body: `{"a":"` + strings.Repeat("a", 3<<20) + `"}`, of: withBody, status: []int{413}},
	{name: "no tag", header: header("If-Match", "x"), body: "{}", of: matched, status: []int{400}},
	{name: "all and one", header: header("If-Match", `*, "1"`), body: "{}", of: matched, status: []int{400}},
	{name: "another version", header: header("If-Match", `"99"`), body: "{}", of: matched, status: []int{403, 404, 412}},
	{name: "a version beyond numbers", header: header("If-Match", `"99999999999999999999999"`), body: "{}", of: matched, status: []int{400, 403, 404, 412}},
	{name: "what must not be there", header: header("If-None-Match", "*"), body: "{}", of: matched, status: []int{403, 404, 412}},
	{name: "a long key", header: header("Idempotency-Key", strings.Repeat("k", 5000)), body: "{}", of: repeatable, status: []int{400}},
	{name: "a key of the wrong form", header: header("Idempotency-Key", "\u00e9\u00e9"), body: "{}", of: repeatable, status: []int{400}},
	{name: "an unknown parameter", query: "nonesuch=1", body: "{}", of: always, status: nil},
	{name: "a query of the wrong form", query: "%zz=%", body: "{}", of: always, status: nil},
	{name: "no token", header: header("Authorization", "Bearer x"), body: "{}", of: always, status: nil},
	{name: "another scheme", header: header("Authorization", "Basic eDp5"), body: "{}", of: always, status: nil},
}

// TestRefusals sends what must be refused to each operation of openapi.json. Whatever the answer, it is none of 5xx, is
// named by the document, and where it refuses is a problem of RFC 9457 that says its own status.
func TestRefusals(t *testing.T) {
	s := start(t, "sqlite:"+filepath.Join(t.TempDir(), "shop.db"))
	var document struct {
		Paths map[string]map[string]json.RawMessage
	}
	if err := json.Unmarshal(app.New(catalog.New(), orders.New()).OpenAPI, &document); err != nil {
		t.Fatal(err)
	}
	asked := 0
	for _, path := range slices.Sorted(maps.Keys(document.Paths)) {
		methods := map[string]documented{}
		for method, text := range document.Paths[path] {
			var d documented
			if method != strings.ToLower(method) || method == "parameters" {
				continue
			}
			if err := json.Unmarshal(text, &d); err != nil {
				t.Fatalf("%s %s: %v", method, path, err)
			}
			methods[strings.ToUpper(method)] = d
		}
		s.refusesMethods(t, path, methods)
		for _, method := range slices.Sorted(maps.Keys(methods)) {
			for _, r := range refusals {
				if d := methods[method]; r.of(d) {
					s.refuses(t, method, path, d, r)
					asked++
				}
			}
		}
	}
	if asked < 500 {
		t.Errorf("only %d requests were made of the document", asked)
	}
}

// refusesMethods sends the methods that a path does not have: 405, with those in Allow that it has.
func (s *shop) refusesMethods(t *testing.T, path string, has map[string]documented) {
	t.Helper()
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"} {
		if _, ok := has[method]; ok {
			continue
		}
		answer, text := s.send(t, method, path, refusal{body: "{}"})
		at := fmt.Sprintf("%s %s", method, path)
		wantRefused(t, at, answer, text, []int{http.StatusMethodNotAllowed})
		allow := strings.Split(answer.Header.Get("Allow"), ", ")
		for method := range has {
			if !slices.Contains(allow, method) {
				t.Errorf("%s: Allow is %q, without %s", at, answer.Header.Get("Allow"), method)
			}
		}
		for _, method := range allow {
			if _, ok := has[method]; !ok && method != "HEAD" && method != "OPTIONS" {
				t.Errorf("%s: Allow names %s, which the document does not have", at, method)
			}
		}
	}
}

func (s *shop) refuses(t *testing.T, method, path string, d documented, r refusal) {
	t.Helper()
	answer, text := s.send(t, method, path, r)
	at := fmt.Sprintf("%s %s, %s", method, path, r.name)
	if _, ok := d.Responses[fmt.Sprint(answer.StatusCode)]; !ok {
		t.Errorf("%s: %d is not in the document: %.200s", at, answer.StatusCode, text)
	}
	if r.status != nil || answer.StatusCode >= http.StatusBadRequest {
		wantRefused(t, at, answer, text, r.status)
	}
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

// send asks as a member of the staff, of rows that are there where the path has a place for one.
func (s *shop) send(t *testing.T, method, path string, r refusal) (*http.Response, []byte) {
	t.Helper()
	place := "green-tea"
	if strings.HasPrefix(path, "/v1/categories") {
		place = "tea"
	}
	for name, value := range map[string]string{"slug": place, "sku": "T100", "id": s.variant, "name": "nonesuch", "order": s.variant, "product": place} {
		path = strings.ReplaceAll(path, "{"+name+"}", value)
	}
	if strings.Contains(path, "{") {
		t.Fatalf("%s: no value for what is in braces", path)
	}
	if r.query != "" {
		path += "?" + r.query
	}
	body := io.Reader(strings.NewReader(r.body))
	if method == "GET" || method == "TRACE" {
		body = nil
	}
	request, err := http.NewRequestWithContext(t.Context(), method, s.url+path, body)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+s.staff.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	for name, values := range r.header {
		request.Header[name] = values
	}
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
