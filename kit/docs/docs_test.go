package docs_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/docs"
)

func get(h http.Handler, path string, headers ...string) *http.Response {
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func TestOpenAPI(t *testing.T) {
	h := docs.OpenAPI([]byte(`{"openapi":"3.1.0"}`))
	answer := get(h, "/openapi.json")
	if body, _ := io.ReadAll(answer.Body); string(body) != `{"openapi":"3.1.0"}` || answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("%s %v", body, answer.Header)
	}
	if again := get(h, "/openapi.json", "If-None-Match", answer.Header.Get("ETag")); again.StatusCode != 304 {
		t.Error(again.Status)
	}
}

func TestUI(t *testing.T) {
	h := docs.UI("Shop & Co", "/docs", "/openapi.json")
	for _, path := range []string{"/docs", "/docs/"} {
		answer := get(h, path)
		body, _ := io.ReadAll(answer.Body)
		for _, part := range []string{"Shop &amp; Co", `src="/docs/swagger-ui-bundle.js"`, `data-url="/openapi.json"`, "SwaggerUIBundle({"} {
			if !strings.Contains(string(body), part) {
				t.Errorf("%s lacks %s: %s", path, part, body)
			}
		}
		if strings.Contains(string(body), "http://") || strings.Contains(string(body), "https://") {
			t.Error("the page names another host")
		}
	}
	for _, name := range []string{"swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"} {
		plain, packed := get(h, "/docs/"+name), get(h, "/docs/"+name, "Accept-Encoding", "gzip")
		body, _ := io.ReadAll(plain.Body)
		if plain.StatusCode != 200 || len(body) < 100 || packed.StatusCode != 200 || plain.Header.Get("Content-Encoding") != "" {
			t.Errorf("%s: %s, %d bytes, %s", name, plain.Status, len(body), packed.Status)
		}
		if media := plain.Header.Get("Content-Type"); media == "" {
			t.Error(name, "has no type")
		}
	}
	for _, name := range []string{"nothing", "../docs.go", "swagger-ui.css.gz"} {
		if answer := get(h, "/docs/"+name); answer.StatusCode != 404 {
			t.Error(name, answer.Status)
		}
	}
}
