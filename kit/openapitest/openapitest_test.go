package openapitest

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

//go:embed testdata/notes.json
var notes []byte

// teller keeps what a test is told.
type teller struct {
	testing.TB
	said []string
	end  []func()
}

func (t *teller) Error(args ...any) { t.said = append(t.said, fmt.Sprint(args...)) }
func (t *teller) Cleanup(f func())  { t.end = append(t.end, f) }
func (t *teller) wrong(part string) bool {
	return len(t.said) == 1 && strings.Contains(t.said[0], part)
}

// An answer that the contract does not promise, and a request that it does not offer but that was taken, are told.
func TestHandler(t *testing.T) {
	const note, problem = `{"id":"01890a5d-ac96-774b-bcce-b302099a8057","text":"hello"}`, `{"status":422,"code":"INVALID"}`
	const some = "application/json; fields=some"
	for _, test := range []struct {
		request string // as "POST /v1/notes {"text":"hello"}"
		token   bool
		status  int
		header  string // as "Link: </v1>", or a content type
		answer  string
		want    string // a part of what is told, empty where all is well
	}{
		{`POST /v1/notes {"text":"hello"}`, true, 201, "", note, ""},
		{`POST /teams/a%2Fb/v1/notes {"text":"hello"}`, true, 201, "", note, ""},
		{`POST /teams/a/v1/notes {"text":"too long"}`, true, 201, "", note, "is taken"},
		{`POST /v1/notes {"text":"hello"}`, false, 201, "", note, "without what bearer asks for"},
		{`POST /v1/notes {"text":"hello"}`, false, 422, "", problem, ""},
		{`POST /v1/notes {"text":"too long"}`, true, 201, "", note, "is taken"},
		{`POST /v1/notes {"text":"hello","more":1}`, true, 201, "", note, "is taken"},
		{`POST /v1/notes `, true, 201, "", note, "is taken"},
		{`POST /v1/notes {"text":"too long"}`, true, 422, "", problem, ""},
		{`POST /v1/notes {"text":"hello"}`, true, 201, "", `{"id":"1","text":"hello"}`, "is answered"},
		{`POST /v1/notes {"text":"hello"}`, true, 201, "", `{"text":"hello"}`, "is answered"},
		{`POST /v1/notes {"text":"hello"}`, true, 201, "text/plain", note, `of the type "text/plain"`},
		{`POST /v1/notes {"text":"hello"}`, true, 201, "ETag: \"1\"", note, "the header Etag"},
		{`POST /v1/notes {"text":"hello"}`, true, 202, "", note, "is answered"},
		{`POST /v1/notes {"text":"hello"}`, true, 422, "", `{"status":422}`, "is answered"},
		{`POST /v1/notes {"text":"hello"}`, true, 503, "", problem, ""},
		{`POST /v1/notes {"text":"hello"}`, true, 409, "", problem, "409 is none of 201, 422, default"},
		{`GET /v1/notes?limit=9`, false, 200, "Link: </v1/notes?after=x>", "[" + note + "]", ""},
		{`GET /v1/notes?limit=10`, false, 200, "", "[]", "is taken"},
		{`GET /v1/notes?limit=10`, false, 400, "", problem, ""},
		{`GET /v1/notes`, false, 200, "", `[{}]`, "is answered"},
		{`GET /v1/notes`, false, 200, some, `[{}]`, ""},
		{`GET /v1/notes`, false, 200, some, `[1]`, "is answered"},
		{`HEAD /v1/notes`, false, 200, "", ``, ""},
		{`POST /v1/form text=hello`, false, 200, "text/html; charset=utf-8", "<p>", ""},
		{`POST /v1/form texts=hello`, false, 200, "text/html; charset=utf-8", "<p>", "is taken"},
		{`POST /v1/form text=hello`, false, 200, "text/html; charset=utf-8", "", "is answered"},
		{`DELETE /v1/notes/1`, false, 204, "", ``, ""},
		{`DELETE /v1/notes/1`, false, 200, "", `{}`, "is answered"},
		{`DELETE /v1/notes/1 {}`, false, 204, "", ``, "a body of 2 bytes"},
		{`PUT /v1/notes`, false, 405, "Allow: GET, POST", problem, ""},
		{`PUT /v1/notes`, false, 405, "", problem, "is answered"},
		{`PUT /v1/notes`, false, 200, "", problem, "is answered"},
		{`OPTIONS /v1/notes`, false, 204, "Allow: GET, POST", "", ""},
		{`GET /v1/more`, false, 404, "", problem, ""},
		{`GET /v1/more`, false, 200, "", problem, "is answered"},
		{`GET /graphql`, false, 200, "X-Any: 1", "any", ""},
	} {
		for _, zip := range []bool{false, true} {
			told := &teller{TB: t}
			method, rest, _ := strings.Cut(test.request, " ")
			path, body, _ := strings.Cut(rest, " ")
			handler := Handler(told, notes, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if sent, err := io.ReadAll(r.Body); err != nil || !zip && string(sent) != body {
					t.Errorf("%s: the service reads %s, %v", test.request, sent, err)
				}
				w.Header().Set("Content-Type", "application/json")
				if test.status >= 400 {
					w.Header().Set("Content-Type", "application/problem+json")
				}
				if name, value, ok := strings.Cut(test.header, ": "); ok {
					w.Header().Set(name, value)
				} else if test.header != "" {
					w.Header().Set("Content-Type", test.header)
				}
				text := []byte(test.answer)
				if zip && len(text) > 0 {
					w.Header().Set("Content-Encoding", "gzip")
					text = zipped(test.answer)
				}
				w.WriteHeader(test.status)
				w.Write(text)
			}))
			r := httptest.NewRequest(method, path, strings.NewReader(body))
			if zip && body != "" {
				r = httptest.NewRequest(method, path, bytes.NewReader(zipped(body)))
				r.Header.Set("Content-Encoding", "gzip")
			}
			r.Header.Set("Content-Type", "application/json")
			if path == "/v1/form" {
				r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			}
			if test.token {
				r.Header.Set("Authorization", "Bearer x")
			}
			w := httptest.NewRecorder()
			handler.ServeHTTP(w, r)
			if w.Code != test.status {
				t.Errorf("%s: the client is answered with %d, want %d", test.request, w.Code, test.status)
			}
			if test.want == "" && len(told.said) > 0 || test.want != "" && !told.wrong(test.want) {
				t.Errorf("%s %d %s: the test is told %q, want %q", test.request, test.status, test.answer, told.said, test.want)
			}
		}
	}
}

// A request that ends after its test tells it nothing more, since that would be a panic.
func TestHandlerAfterItsTest(t *testing.T) {
	told := &teller{TB: t}
	handler := Handler(told, notes, http.NotFoundHandler())
	for _, end := range told.end {
		end()
	}
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("POST", "/v1/notes", nil))
	if len(told.said) > 0 {
		t.Errorf("it is told %q", told.said)
	}
}

func TestReadRefusesWhatIsNoDocument(t *testing.T) {
	for _, text := range []string{"", "{", `{"openapi":"3.1.0","paths":{"/a":{"get":{"responses":{"200":{"$ref":"#/components/responses/None"}}}}}}`} {
		if _, err := Read([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func zipped(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write([]byte(text))
	w.Close()
	return b.Bytes()
}
