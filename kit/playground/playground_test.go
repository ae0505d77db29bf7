package playground_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/internal/doortest"
	"github.com/fettlehq/fettle/kit/playground"
)

func TestPageStandsAlone(t *testing.T) {
	w := httptest.NewRecorder()
	playground.Handler(playground.Options{Title: `A "B" & <C>`}).ServeHTTP(w, httptest.NewRequest("GET", "/graphql", nil))
	body, policy := w.Body.String(), w.Header().Get("Content-Security-Policy")
	for _, part := range []string{"A &#34;B&#34; &amp; &lt;C&gt;", `data-endpoint="/graphql"`} {
		if !strings.Contains(body, part) {
			t.Error("lacks", part)
		}
	}
	if strings.Contains(body, "{{") || strings.Contains(body, " src=") || strings.Contains(strings.ReplaceAll(body, "http://www.w3.org/2000/svg", ""), "//www.") {
		t.Error("the page is not filled in, or names another host")
	}
	if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "script-src 'sha256-") {
		t.Error("policy:", policy)
	}
}

//go:embed testdata/drive.js
var drive string

// TestInBrowser uses the page in a real browser: it types, completes, runs, signs in, shares and searches.
func TestInBrowser(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("chromium is not installed")
		}
		t.Skip("chromium is not installed: the page is not tested")
	}
	world := doortest.New(t)
	reported := make(chan []string, 1)
	mux := http.NewServeMux()
	mux.Handle("/graphql", withDriver(graphql.New(world.Engine, doortest.SDL, graphql.Options{Viewer: world.Viewer})))
	mux.HandleFunc("POST /auth/sign-in", signIn)
	mux.HandleFunc("POST /report", func(_ http.ResponseWriter, r *http.Request) {
		var failures []string
		if err := json.NewDecoder(r.Body).Decode(&failures); err != nil {
			failures = []string{err.Error()}
		}
		reported <- failures
	})
	server := httptest.NewServer(mux)
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	var log bytes.Buffer
	program := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
		"--user-data-dir="+t.TempDir(), "--window-size=1400,860", "--remote-debugging-port=0", server.URL+"/graphql")
	program.Stdout, program.Stderr = &log, &log
	program.WaitDelay = 5 * time.Second
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	select {
	case failures := <-reported:
		for _, f := range failures {
			t.Error(f)
		}
	case <-ctx.Done():
		t.Errorf("the page did not report: %s", &log)
	}
	_ = program.Process.Kill()
	_ = program.Wait() // it was killed
}

// withDriver puts the driver at the end of the page, and allows it.
func withDriver(next http.Handler) http.Handler {
	sum := sha256.Sum256([]byte(drive))
	allowed := "script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "' "
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		next.ServeHTTP(answer, r)
		body := answer.Body.String()
		if policy := answer.Header().Get("Content-Security-Policy"); policy != "" {
			answer.Header().Set("Content-Security-Policy", strings.Replace(policy, "script-src ", allowed, 1))
			body = strings.Replace(body, "</body>", "<script>"+drive+"</script></body>", 1)
			answer.Header().Del("Content-Length")
		}
		for name, values := range answer.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, body)
	})
}

func signIn(w http.ResponseWriter, r *http.Request) {
	var in struct{ Email, Password string }
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil || in.Password != "correct horse" {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"detail":"The password is wrong."}`)
		return
	}
	_, _ = io.WriteString(w, `{"accessToken":"ann","refreshToken":"r","expiresIn":900}`)
}
