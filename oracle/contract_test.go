package oracle

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/openapitest"
)

// An answer that the contract does not promise, and a request that it does not offer but that was taken, are noticed.
func TestContract(t *testing.T) {
	p, problems, err := blueprintOf(`extend schema @backend(name: "world", module: "example.com/world")
type Note @entity @allow(do: [READ, CREATE], when: "true") { text: String! @length(max: 5), done: Boolean! @default(value: false) }`)
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	c, err := openapitest.Read(p.openapi)
	if err != nil {
		t.Fatal(err)
	}
	whole := `{"id":"01890a5d-ac96-774b-bcce-b302099a8057","createdAt":"2026-01-31T09:30:00Z","updatedAt":"2026-01-31T09:30:00Z","version":1,"text":"hello","done":false}`
	for _, test := range []struct {
		body   string
		status int
		answer string
		wrong  string
	}{
		{`{"text":"hello"}`, 201, whole, ""},
		{`{"text":"hello","done":true}`, 201, `{"id":"01890a5d-ac96-774b-bcce-b302099a8057"}`, ""}, // what the viewer may not see
		{`{"text":"too long"}`, 201, whole, "is taken"},
		{`{"text":"hello","more":1}`, 201, whole, "is taken"},
		{`{"text":"too long"}`, 422, `{"title":"Unprocessable Content","status":422,"code":"INVALID"}`, ""},
		{`{"text":"hello"}`, 201, strings.Replace(whole, "1,", `"1",`, 1), "is answered"},
		{`{"text":"hello"}`, 201, strings.Replace(whole, "hello", "longer than five", 1), "is answered"},
		{`{"text":"hello"}`, 202, whole, "is answered"},
		{`{}`, 422, `{"title":"Unprocessable Content"}`, "is answered"},
	} {
		r := httptest.NewRequest("POST", "/v1/notes", strings.NewReader(test.body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		w.Header().Set("Content-Type", "application/json")
		if test.status >= 400 {
			w.Header().Set("Content-Type", "application/problem+json")
		}
		w.WriteHeader(test.status)
		w.Body.WriteString(test.answer)
		err := c.Check(openapitest.Exchange{Request: r, Sent: []byte(test.body), Status: w.Code, Header: w.Header(), Answer: w.Body.Bytes()})
		if (err == nil) != (test.wrong == "") || err != nil && !strings.Contains(err.Error(), test.wrong) {
			t.Errorf("%s %d %s: %v, want %q", test.body, test.status, test.answer, err, test.wrong)
		}
	}
}
