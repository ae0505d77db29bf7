package grpc_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
)

// post sends JSON as it stands, which protobuf's own messages could not hold.
func (c *client) post(method, text string, headers ...string) (int, string) {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), http.MethodPost, c.url+"/"+service+"/"+method, strings.NewReader(text))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer ann")
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	answer, err := c.http.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	said, err := io.ReadAll(answer.Body)
	if err != nil {
		c.Error(err)
	}
	return answer.StatusCode, string(said)
}

// JSON is read in all forms of Protobuf's mapping, and what this does not have is refused.
func TestFormsOfJSON(t *testing.T) {
	c := newClient(t)
	for _, test := range []struct {
		method, text string
		status       int
		part         string
	}{
		{"CreateSample", `{"input":{"weight":"1.5"}}`, 200, `"weight":1.5`},
		{"CreateSample", `{"input":{"weight":"x"}}`, 400, `"field":"input.weight"`},
		{"CreateSample", `{"input":{"weight":"NaN"}}`, 400, `"field":"input.weight"`},
		{"CreateSample", `{"input":{"raw":"aGk"}}`, 200, `"raw":"aGk="`},
		{"CreateSample", `{"input":{"raw":"-_-_"}}`, 200, `"raw":"+/+/"`},
		{"CreateSample", `{"input":{"raw":"+/+/"}}`, 200, `"raw":"+/+/"`},
		{"CreateSample", `{"input":{"raw":"a"}}`, 400, `"field":"input.raw"`},
		{"CreateSample", ``, 400, `MALFORMED`},
		{"GetArticle", `{"id":5}`, 400, `"field":"id","description":"must be a string"`},
		{"GetArticle", `{"id":["alpha"]}`, 400, `"field":"id","description":"must be a string"`},
		{"GetArticle", `{"id":"alpha"}`, 200, `"slug":"alpha"`},
		{"UpdateSample", `{"id":"x","input":"x"}`, 400, `"field":"input","description":"must be an object"`},
		{"CreateSample", `{"input":[]}`, 400, `"field":"input","description":"must be an object"`},
		{"ListArticles", `{"includeTotal":"yes"}`, 400, `"field":"include_total","description":"must be true or false"`},
		{"ListArticles", `{"pageToken":5}`, 400, `"field":"page_token","description":"must be a string"`},
		{"ListArticles", `{"search":{}}`, 400, `"field":"search","description":"must be a string"`},
		{"ListArticles", `{"orderBy":"x"}`, 400, `"field":"order_by","description":"must be a list"`},
		{"ListArticles", `{"pageSize":1,"page_size":2}`, 400, `Field page_size comes twice.`},
		{"ListArticles", `{"pageSize":null,"page_size":2}`, 400, `Field page_size comes twice.`},
		{"ListArticles", `{"filter":{"createdAt":{"gt":"2030-01-02T03:04:05Z"},"created_at":{}}}`, 400, `Field created_at comes twice.`},
		{"CreateFlag", `{"input":{"about":{"article":"alpha","user":"ann"}}}`, 400, `"field":"input.about"`},
		{"CreateFlag", `{"input":{"about":{"article":null,"user":"ann"}}}`, 200, `"flag":{`},
		{"ListArticles", `{"filter":{"tags":{"some":{"articles":{"some":{"title":{"eq":"x"}}}}}}}`, 200, `{`},
		{"ListArticles", `{"filter":{"tags":{"some":{"articles":{"some":{"tags":{"some":{"articles":{"some":{"tags":{"some":{"name":{"eq":"x"}}}}}}}}}}}}}`, 400, `TOO_LARGE`},
		{"CreateSample", `{"input":{"data":[1e22,0.0,-0e5,1E-3]}}`, 200, `"data":[10000000000000000000000,0.0,0,0.001]`},
		{"CreateSample", `{"input":{"data":{"a":1e400}}}`, 400, `TOO_LARGE`},
		{"CreateSample", `{"input":{"data":{"a":1e-400}}}`, 400, `TOO_LARGE`},
		{"CreateSample", `{"input":{"data":[1e300` + strings.Repeat(",1e300", 4000) + `]}}`, 400, `TOO_LARGE`},
	} {
		status, said := c.post(test.method, test.text)
		if status != test.status || !strings.Contains(said, test.part) {
			t.Errorf("%s %.100s: %d %.600s, want %d %s", test.method, test.text, status, said, test.status, test.part)
		}
	}
}

// A message that is small only as long as it is compressed is not blown up any further than a message may be.
func TestBombs(t *testing.T) {
	c := newClient(t)
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	for range 200 {
		_, _ = w.Write(make([]byte, 1<<20))
	}
	_ = w.Close()
	status, said := c.post("CreateSample", bomb.String(), "Content-Encoding", "gzip")
	if status != http.StatusTooManyRequests || !strings.Contains(said, `"resource_exhausted"`) || strings.Contains(said, "209715200") {
		t.Errorf("%d %s", status, said)
	}
}
