package docs_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

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

// TestInBrowser opens the page in a real browser and expects the document's paths in it.
func TestInBrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed: the page is not tested")
	}
	mux := http.NewServeMux()
	mux.Handle("/openapi.json", docs.OpenAPI([]byte(`{"openapi":"3.1.0","info":{"title":"Shop","version":"1"},"paths":{"/v1/orders":{"get":{"tags":["orders"],"responses":{}}}}}`)))
	mux.Handle("/docs", docs.UI("Shop", "/docs", "/openapi.json"))
	mux.Handle("/docs/", docs.UI("Shop", "/docs", "/openapi.json"))
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var log bytes.Buffer
	program := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--user-data-dir="+t.TempDir(),
		"--enable-logging=stderr", "--virtual-time-budget=10000", "--dump-dom", server.URL+"/docs#/orders")
	program.Stderr, program.WaitDelay = &log, 5*time.Second
	page, err := program.Output()
	if err != nil {
		t.Fatal(err, &log)
	}
	for _, part := range []string{`data-path="/v1/orders"`, "Shop"} {
		if !strings.Contains(string(page), part) {
			t.Errorf("the page lacks %s: %.2000s", part, page)
		}
	}
	if strings.Contains(log.String(), "Content Security Policy") {
		t.Error(&log)
	}
}
