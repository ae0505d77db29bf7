package server

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// ask sends a request to the handler, as from this machine.
func ask(s *Server, method, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.RemoteAddr, r.Host = "127.0.0.1:40000", "localhost:8080"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		if headers[i+1] == "" {
			continue
		}
		if headers[i] == "Host" {
			r.Host = headers[i+1]
		}
		r.Header.Set(headers[i], headers[i+1])
	}
	answer := httptest.NewRecorder()
	s.Handler().ServeHTTP(answer, r)
	return answer
}

func TestFromRegistrationToTheFirstRead(t *testing.T) {
	s := open(t, io.Discard)
	if got := ask(s, "POST", "/auth/register", `{"email":"ada@example.com","password":"correct horse","name":"Ada"}`); got.Code != 202 {
		t.Fatalf("register: %d %s", got.Code, got.Body)
	}
	var messages []struct {
		To, Subject, Text, HTML string
		Links                   []string
	}
	if err := json.Unmarshal(ask(s, "GET", "/dev/mail", "", "Accept", "application/json").Body.Bytes(), &messages); err != nil || len(messages) != 1 {
		t.Fatalf("mailbox: %v %v", messages, err)
	}
	link := messages[0].Links[0]
	if !strings.HasPrefix(link, "http://127.0.0.1:8080/auth/verify?token=") || !strings.Contains(messages[0].Text, link) || !strings.Contains(messages[0].HTML, link) {
		t.Errorf("link %s in %s", link, messages[0].Text)
	}
	_, token, _ := strings.Cut(link, "token=")
	if got := ask(s, "POST", "/auth/verify", "token="+token, "Content-Type", "application/x-www-form-urlencoded"); got.Code != 200 {
		t.Fatalf("verify: %d %s", got.Code, got.Body)
	}
	signedIn := ask(s, "POST", "/auth/sign-in", `{"email":"ada@example.com","password":"correct horse"}`)
	access, _ := decode(t, signedIn.Body)["accessToken"].(string)
	got := decode(t, ask(s, "GET", "/v1/users", "", "Authorization", "Bearer "+access).Body)
	if items, _ := got["items"].([]any); len(items) != 1 {
		t.Errorf("the account reads %v", got)
	}
	for _, path := range []string{"/v1/users", "/graphql?query={__typename}"} {
		if got := ask(s, "GET", path, "", "Authorization", "Bearer x"); got.Code != 401 || !strings.HasPrefix(got.Header().Get("WWW-Authenticate"), `Bearer error="invalid_token"`) {
			t.Errorf("%s: a bad token: %d %v", path, got.Code, got.Header())
		}
	}
	for _, none := range []string{"", "Basic eA=="} {
		if got := ask(s, "POST", "/auth/sign-out", "", "Authorization", none); got.Code != 401 || got.Header().Get("WWW-Authenticate") != "Bearer" {
			t.Errorf("%q is no token: %d %v", none, got.Code, got.Header())
		}
	}
}

func TestRoutes(t *testing.T) {
	s := open(t, io.Discard)
	for _, c := range []struct {
		method, path, accept string
		status               int
		contains             string
	}{
		{"GET", "/", "text/html", 200, `<a href="/docs">`},
		{"GET", "/healthz", "", 200, "ok"},
		{"GET", "/readyz", "", 200, "ready"},
		{"GET", "/metrics", "", 200, "go_goroutines"},
		{"GET", "/metrics/statements", "", 200, `"statements":[`},
		{"GET", "/openapi.json", "", 200, `"openapi"`},
		{"GET", "/docs", "text/html", 200, "swagger"},
		{"GET", "/graphql?query={__typename}", "", 200, "Query"},
		{"GET", "/dev/mail", "text/html", 200, "Nothing yet"},
		{"GET", "/dev/mail/7", "text/html", 404, "no such message"},
		{"GET", "/v1/nothing", "", 404, "NOT_FOUND"},
		{"GET", "/nothing", "", 404, "NOT_FOUND"},
		{"GET", "/../../etc/passwd", "", 307, ""},
		{"GET", "/panic", "", 500, "INTERNAL"},
		{"DELETE", "/healthz", "", 405, "This takes GET, HEAD, OPTIONS."},
		{"POST", "/openapi.json", "", 405, "METHOD_NOT_ALLOWED"},
		{"OPTIONS", "/openapi.json", "", 204, ""},
		{"GET", "/count", "", 405, "This takes OPTIONS, POST."},
		{"PUT", "/nothing", "", 404, "NOT_FOUND"},
	} {
		got := ask(s, c.method, c.path, "", "Accept", c.accept)
		if got.Code != c.status || !strings.Contains(strings.ToLower(got.Body.String()), strings.ToLower(c.contains)) {
			t.Errorf("%s %s: %d %s", c.method, c.path, got.Code, got.Body)
		}
		if got.Header().Get("X-Content-Type-Options") != "nosniff" || got.Header().Get("Content-Security-Policy") == "" || len(got.Header().Get("X-Request-Id")) != 32 {
			t.Errorf("%s %s: headers %v", c.method, c.path, got.Header())
		}
		if strings.Contains(got.Body.String(), "secret of the house") {
			t.Errorf("%s %s tells what failed: %s", c.method, c.path, got.Body)
		}
	}
	s.draining.Store(true)
	if got := ask(s, "GET", "/readyz", ""); got.Code != 503 || got.Header().Get("Connection") != "close" {
		t.Errorf("readyz while draining: %d %v", got.Code, got.Header())
	}
}

func TestProductionHasNoDevelopmentRoutes(t *testing.T) {
	config, err := ReadConfig("shop", environment("ENV", "production", "DATABASE_URL", "sqlite:"+t.TempDir()+"/shop.db", "MIGRATE", "auto",
		"AUTH_SECRET", strings.Repeat("x", 32), "PUBLIC_URL", "https://shop.example.com", "SMTP_URL", "smtp://localhost"))
	if err != nil {
		t.Fatal(err)
	}
	service := shop(&atomic.Int64{})
	service.Backend.Account = nil
	s, err := New(t.Context(), service, config)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, path := range []string{"/", "/dev/mail", "/metrics", "/metrics/statements"} {
		if got := ask(s, "GET", path, ""); got.Code != 404 {
			t.Errorf("%s: %d", path, got.Code)
		}
	}
}

// Metrics tell what is asked and how often: who runs a service says who may read them.
func TestMetricsOfProduction(t *testing.T) {
	for metrics, served := range map[string]int{"": 404, "127.0.0.1:0": 404, "127.0.0.1:9": 200} {
		config, err := ReadConfig("shop", environment("ENV", "production", "DATABASE_URL", "sqlite:"+t.TempDir()+"/shop.db", "MIGRATE", "auto", "ADDR", "127.0.0.1:9", "METRICS_ADDR", metrics))
		if err != nil {
			t.Fatal(err)
		}
		var logs bytes.Buffer
		config.Logs = &logs
		service := shop(&atomic.Int64{})
		service.Backend.Account = nil
		s, err := New(t.Context(), service, config)
		if err != nil {
			t.Fatal(err)
		}
		if got := ask(s, "GET", "/metrics", ""); got.Code != served {
			t.Errorf("%q: %d", metrics, got.Code)
		}
		if got := ask(s, "GET", "/metrics/statements", ""); got.Code != served {
			t.Errorf("%q: statements %d", metrics, got.Code)
		}
		stop, err := s.serveMetrics(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		stop()
		if told := strings.Contains(logs.String(), "set METRICS_ADDR"); told != (metrics == "") {
			t.Errorf("%q: the log says %s", metrics, &logs)
		}
		s.Close()
	}
}

func TestRequestsOfANetworkAreCounted(t *testing.T) {
	s := open(t, io.Discard, "RATE_LIMIT", "3/1h")
	for left := 2; left >= 0; left-- {
		got := ask(s, "GET", "/v1/users", "")
		if got.Code != 200 || got.Header().Get("RateLimit-Policy") != `"service";q=3;w=3600` || !strings.HasPrefix(got.Header().Get("RateLimit"), fmt.Sprintf(`"service";r=%d;t=`, left)) {
			t.Errorf("%d are left: %d %v", left, got.Code, got.Header())
		}
	}
	for _, path := range []string{"/v1/users", "/graphql?query={__typename}", "/nothing"} {
		if got := ask(s, "GET", path, ""); got.Code != 429 || got.Header().Get("Retry-After") == "" || !strings.Contains(got.Body.String(), "TOO_MANY_REQUESTS") {
			t.Errorf("%s: %d %v %s", path, got.Code, got.Header(), got.Body)
		}
	}
	if got := ask(s, "GET", "/readyz", ""); got.Code != 200 {
		t.Errorf("readiness is counted: %d", got.Code)
	}
	uncounted := open(t, io.Discard)
	if got := ask(uncounted, "GET", "/v1/users", ""); got.Header().Get("RateLimit") != "" {
		t.Errorf("without RATE_LIMIT: %v", got.Header())
	}
	if got := ask(uncounted, "POST", "/auth/sign-in", "{}"); !strings.HasPrefix(got.Header().Get("RateLimit"), `"sign-in";r=299;t=`) {
		t.Errorf("signing in: %v", got.Header())
	}
}

func TestProductionRefusesToGuess(t *testing.T) {
	config, err := ReadConfig("shop", environment("ENV", "production"))
	if err == nil || !strings.Contains(err.Error(), "DATABASE_URL: required") {
		t.Errorf("without a database: %v", err)
	}
	config.DatabaseURL, config.Migrate = "sqlite::memory:", true
	for _, want := range []string{"AUTH_SECRET", "PUBLIC_URL", "SMTP_URL"} {
		_, err := New(t.Context(), shop(&atomic.Int64{}), config)
		if err == nil || !strings.Contains(err.Error(), want+": required") {
			t.Errorf("without %s: %v", want, err)
		}
		switch want {
		case "AUTH_SECRET":
			config.AuthSecret = strings.Repeat("x", 32)
		case "PUBLIC_URL":
			config.PublicURL = "https://shop.example.com"
		}
	}
}

func TestTheMailboxIsForThisMachine(t *testing.T) {
	s := open(t, io.Discard)
	for name, headers := range map[string][]string{
		"a name that points here": {"Host", "evil.example.com"},
		"a proxy":                 {"X-Forwarded-For", "127.0.0.1"},
	} {
		if got := ask(s, "GET", "/dev/mail", "", headers...); got.Code != 403 {
			t.Errorf("%s: %d", name, got.Code)
		}
	}
	r := httptest.NewRequest("GET", "/dev/mail", nil)
	r.RemoteAddr, r.Host = "203.0.113.9:1", "localhost:8080"
	got := httptest.NewRecorder()
	if s.Handler().ServeHTTP(got, r); got.Code != 403 {
		t.Errorf("from the internet: %d", got.Code)
	}
}

func TestSecretAndMailSurviveARestart(t *testing.T) {
	database := "sqlite:" + t.TempDir() + "/state/shop.db"
	run := func(do func(*Server)) {
		config, err := ReadConfig("shop", environment("DATABASE_URL", database))
		if err != nil {
			t.Fatal(err)
		}
		config.Logs = io.Discard
		s, err := New(t.Context(), shop(&atomic.Int64{}), config)
		if err != nil {
			t.Fatal(err)
		}
		do(s)
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	var secret []byte
	run(func(s *Server) {
		secret, _ = s.config.secret()
		ask(s, "POST", "/auth/register", `{"email":"ada@example.com","password":"correct horse","name":"Ada"}`)
	})
	run(func(s *Server) {
		if again, _ := s.config.secret(); !bytes.Equal(secret, again) || len(again) < 32 {
			t.Errorf("secret %q, then %q", secret, again)
		}
		if len(s.mailbox.Messages()) != 1 {
			t.Errorf("%d messages after a restart", len(s.mailbox.Messages()))
		}
	})
	path := strings.TrimPrefix(database, "sqlite:")
	for _, name := range []string{"shop.secret", "shop.mail.json"} {
		if info, err := os.Stat(filepath.Join(filepath.Dir(path), name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info, err)
		}
	}
}

func TestOneLineARequest(t *testing.T) {
	var logs bytes.Buffer
	s := open(t, &logs, "LOG_FORMAT", "json")
	logs.Reset()
	got := ask(s, "GET", "/panic?token=hidden", "", "Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	if got.Header().Get("X-Request-Id") != "4bf92f3577b34da6a3ce929d0e0e4736" || !strings.Contains(got.Body.String(), "4bf92f3577b34da6a3ce929d0e0e4736") {
		t.Errorf("the answer is not part of the caller's trace: %v %s", got.Header(), got.Body)
	}
	line := decode(t, &logs)
	for key, want := range map[string]any{"level": "ERROR", "msg": "request", "operation": "GET /panic", "trace_id": "4bf92f3577b34da6a3ce929d0e0e4736", "status": 500.0, "method": "GET"} {
		if line[key] != want {
			t.Errorf("%s is %v, want %v in %v", key, line[key], want, line)
		}
	}
	if text, _ := line["error"].(string); !strings.Contains(text, "secret of the house") || !strings.Contains(line["stack"].(string), "fixture_test.go") {
		t.Errorf("the line does not tell why: %v", line)
	}
	if logs.Len() > 0 {
		t.Errorf("a second line: %s", logs.String())
	}
	ask(s, "GET", "/v1/users?email=ada@example.com", "")
	ask(s, "POST", "/auth/sign-in", `{"email":"ada@example.com","password":"correct horse"}`)
	ask(s, "GET", "/auth/verify?token=hidden", "")
	statements := ask(s, "GET", "/metrics/statements", "").Body.String()
	for _, secret := range []string{"ada@example.com", "correct horse", "hidden"} {
		if strings.Contains(logs.String(), secret) || strings.Contains(statements, secret) {
			t.Errorf("%q stands in %s or %s", secret, logs.String(), statements)
		}
	}
	if !strings.Contains(logs.String(), `"operation":"POST /auth/sign-in"`) || !strings.Contains(logs.String(), `"statements":1`) {
		t.Errorf("the log of a sign-in: %s", logs.String())
	}
	metrics := ask(s, "GET", "/metrics", "").Body.String()
	for _, want := range []string{
		`http_server_request_duration_seconds_count{method="GET",operation="GET /panic",status="5xx"} 1`,
		`http_server_request_duration_seconds_count{method="POST",operation="POST /auth/sign-in",status="4xx"} 1`,
		`db_statement_duration_seconds_count{operation="POST /auth/sign-in"} 1`,
	} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s in the metrics", want)
		}
	}
}

func TestARequestThatTakesTooLongIsGivenUp(t *testing.T) {
	s := open(t, io.Discard, "REQUEST_TIMEOUT", "50ms")
	if got := ask(s, "GET", "/slow", ""); got.Code != 504 {
		t.Errorf("%d", got.Code)
	}
}

func TestPagesOfOtherOrigins(t *testing.T) {
	closed := open(t, io.Discard)
	if got := ask(closed, "GET", "/healthz", "", "Origin", "https://app.example.com"); got.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("open by default: %v", got.Header())
	}
	s := open(t, io.Discard, "CORS_ORIGINS", "https://app.example.com")
	got := ask(s, "OPTIONS", "/v1/users", "", "Origin", "https://app.example.com", "Access-Control-Request-Method", "PATCH")
	if got.Code != 204 || got.Header().Get("Access-Control-Allow-Origin") != "https://app.example.com" || !strings.Contains(got.Header().Get("Access-Control-Allow-Methods"), "PATCH") {
		t.Errorf("preflight: %d %v", got.Code, got.Header())
	}
	got = ask(s, "OPTIONS", "/graphql", "", "Origin", "https://app.example.com", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "content-type,x-apollo-operation-name,last-event-id")
	if got.Code != 204 || got.Header().Get("Access-Control-Allow-Headers") != "content-type,x-apollo-operation-name,last-event-id" {
		t.Errorf("preflight with headers: %d %v", got.Code, got.Header())
	}
	got = ask(s, "OPTIONS", "/graphql", "", "Origin", "https://evil.example.com", "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
	if got.Header().Get("Access-Control-Allow-Headers") != "" || got.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("preflight of another origin: %v", got.Header())
	}
	if got := ask(s, "GET", "/healthz", "", "Origin", "https://evil.example.com"); got.Header().Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("another origin: %v", got.Header())
	}
}

// What is long is compressed as its caller likes it, at whatever door, and so may be what callers send.
func TestCompression(t *testing.T) {
	s := open(t, io.Discard, "REQUIRE_IF_MATCH", "yes")
	page := ask(s, "GET", "/", "", "Accept-Encoding", "gzip")
	if page.Code != 200 || page.Header().Get("Content-Encoding") != "gzip" || !strings.Contains(page.Header().Get("Vary"), "Accept-Encoding") {
		t.Errorf("%v", page.Header())
	}
	var zipped bytes.Buffer
	w := gzip.NewWriter(&zipped)
	_, _ = io.WriteString(w, `{"query":"{ __typename }"}`)
	_ = w.Close()
	if got := ask(s, "GET", "/graphql?query={__schema{types{name,kind,fields{name,type{name}}}}}", "", "Accept-Encoding", "zstd"); got.Code != 200 || got.Header().Get("Content-Encoding") != "zstd" {
		t.Errorf("GraphQL: %d %v", got.Code, got.Header())
	}
	if got := ask(s, "POST", "/graphql", zipped.String(), "Content-Encoding", "gzip"); got.Code != 200 {
		t.Errorf("%d %s", got.Code, got.Body)
	}
	if got := ask(s, "POST", "/graphql", zipped.String()[:30], "Content-Encoding", "gzip"); got.Code != 400 {
		t.Errorf("cut off: %d %s", got.Code, got.Body)
	}
	if got := ask(s, "POST", "/v1/users", "x", "Content-Encoding", "br"); got.Code != 415 || got.Header().Get("Accept-Encoding") == "" {
		t.Errorf("%d %v", got.Code, got.Header())
	}
	if got := ask(s, "DELETE", "/v1/users/x", ""); got.Code != 428 && got.Code != 405 {
		t.Errorf("%d %s", got.Code, got.Body)
	}
}

func TestForwardedAddressesAreBelievedOfProxiesOnly(t *testing.T) {
	config, err := ReadConfig("shop", environment("TRUSTED_PROXIES", "10.0.0.0/8, 192.168.1.1/32"))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ peer, forwarded, want string }{
		{"203.0.113.9:1", "1.2.3.4", "203.0.113.9"},
		{"10.0.0.1:1", "1.2.3.4", "1.2.3.4"},
		{"10.0.0.1:1", "6.6.6.6, 1.2.3.4, 10.9.9.9", "1.2.3.4"},
		{"10.0.0.1:1", "1.2.3.4, nonsense", "10.0.0.1"},
		{"10.0.0.1:1", "", "10.0.0.1"},
		{"[2001:db8::1]:1", "1.2.3.4", "2001:db8::1"},
	} {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if got := config.client(r); got != c.want {
			t.Errorf("%s with %q: %s, want %s", c.peer, c.forwarded, got, c.want)
		}
	}
}

func TestEveryWrongSettingIsNamed(t *testing.T) {
	_, err := ReadConfig("shop", environment("ENV", "staging", "ADDR", "8080", "AUTH_SECRET", "short", "LOG_LEVEL", "loud", "LOG_FORMAT", "xml",
		"PUBLIC_URL", "shop", "SHUTDOWN_TIMEOUT", "-1s", "REQUEST_TIMEOUT", "soon", "MIGRATE", "yes", "REQUIRE_IF_MATCH", "1", "CORS_ORIGINS", "*", "TRUSTED_PROXIES", "x", "RATE_LIMIT", "600"))
	for _, name := range []string{"ENV", "ADDR", "AUTH_SECRET", "LOG_LEVEL", "LOG_FORMAT", "PUBLIC_URL", "SHUTDOWN_TIMEOUT", "REQUEST_TIMEOUT", "MIGRATE", "REQUIRE_IF_MATCH", "CORS_ORIGINS", "TRUSTED_PROXIES", "RATE_LIMIT"} {
		if err == nil || !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
}

// run is the program with its output.
func run(t *testing.T, ctx context.Context, args []string, pairs ...string) (exit int, stdout, stderr string) {
	t.Helper()
	var out, problems bytes.Buffer
	exit = Run(ctx, shop(&atomic.Int64{}), args, environment(pairs...), &out, &problems)
	return exit, out.String(), problems.String()
}

func TestCommands(t *testing.T) {
	database := []string{"DATABASE_URL", "sqlite:" + t.TempDir() + "/shop.db", "LOG_LEVEL", "error"}
	for _, c := range []struct {
		args             []string
		exit             int
		stdout, inStderr string
	}{
		{[]string{"migrate"}, 0, "applied 0001_users.sql in", ""},
		{[]string{"migrate"}, 0, "nothing to apply", ""},
		{[]string{"seed"}, 0, "made 1 users\n", ""},
		{[]string{"seed"}, 1, "", "it fills a fresh database, and this one has 1 users already"},
		{[]string{"explain", "plan", "--as", "00000000-0000-7000-8000-000000000001", `{ user(id: "00000000-0000-7000-8000-000000000001") { name } }`}, 0, "--   SEARCH", ""},
		{[]string{"explain", "plan", "{ __typename }"}, 0, "-- no statement: what somebody who is not signed in may see", ""},
		{[]string{"explain", "plan", "{ nothing }"}, 1, "", "nothing"},
		{[]string{"explain"}, 1, "", "want: explain plan"},
		{[]string{"version"}, 0, "shop ", ""},
		{[]string{"--help"}, 0, "SHUTDOWN_TIMEOUT", ""},
		{[]string{"--help"}, 0, "sqlite:data/shop.db in development", ""},
		{[]string{"dance"}, 2, "", `no command "dance"`},
		{[]string{"migrate", "now"}, 2, "", "takes no arguments"},
	} {
		exit, stdout, stderr := run(t, t.Context(), c.args, database...)
		if exit != c.exit || !strings.Contains(stdout, c.stdout) || !strings.Contains(stderr, c.inStderr) {
			t.Errorf("%q: exit %d\n%s%s", c.args, exit, stdout, stderr)
		}
	}
}

func TestMigrateNeedsNoSecret(t *testing.T) {
	exit, stdout, stderr := run(t, t.Context(), []string{"migrate"}, "ENV", "production", "DATABASE_URL", "sqlite:"+t.TempDir()+"/shop.db")
	if exit != 0 || !strings.Contains(stdout, "applied 0001") {
		t.Errorf("exit %d: %s%s", exit, stdout, stderr)
	}
	if exit, _, stderr = run(t, t.Context(), []string{"serve"}, "ENV", "production", "ADDR", "127.0.0.1:0", "DATABASE_URL", "sqlite::memory:"); exit != 2 || !strings.Contains(stderr, "AUTH_SECRET") {
		t.Errorf("exit %d: %s", exit, stderr)
	}
}

// What would fail every request is told before the first: a database that nobody has migrated, or whose migrations say something else.
func TestServeRefusesOtherTables(t *testing.T) {
	database := "sqlite:" + t.TempDir() + "/shop.db"
	serve := []string{"MIGRATE", "off", "ADDR", "127.0.0.1:0", "DATABASE_URL", database}
	for _, args := range [][]string{{"explain", "plan", "{ users(first: 2) { nodes { name } } }"}, {"explain", "plan", "--as", "a@example.com", "{ __typename }"}, {"explain", "access", "READ", "User/1"}} {
		if exit, stdout, stderr := run(t, t.Context(), args, serve...); exit != 1 || !strings.Contains(stderr, "has not the tables of this version") {
			t.Errorf("%q: exit %d: %s%s", args, exit, stdout, stderr)
		}
	}
	exit, _, stderr := run(t, t.Context(), []string{"serve"}, serve...)
	if exit != 2 || !strings.Contains(stderr, "table users") || !strings.Contains(stderr, `"shop migrate"`) {
		t.Errorf("exit %d: %s", exit, stderr)
	}
	if exit, stdout, stderr := run(t, t.Context(), []string{"migrate"}, serve...); exit != 0 {
		t.Fatal(exit, stdout, stderr)
	}
	db, err := sqlite.Driver.Open(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Handle().Exec("ALTER TABLE users RENAME COLUMN name TO title"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if exit, _, stderr := run(t, t.Context(), []string{"serve"}, serve...); exit != 2 || !strings.Contains(stderr, "no such column: t.name") {
		t.Errorf("exit %d: %s", exit, stderr)
	}
}

func TestServeTellsWhereItListens(t *testing.T) {
	before := goleak.IgnoreCurrent()
	ctx, terminate := context.WithCancel(t.Context())
	stdout, tell := io.Pipe()
	ended := make(chan int)
	metrics := "127.0.0.1:0"
	go func() {
		ended <- Run(ctx, shop(&atomic.Int64{}), nil, environment("ADDR", "127.0.0.1:0", "METRICS_ADDR", metrics, "DATABASE_URL", "sqlite:"+t.TempDir()+"/shop.db"), tell, io.Discard)
		tell.Close()
	}()
	line := make([]byte, 100)
	n, err := stdout.Read(line)
	address, found := strings.CutPrefix(strings.TrimSpace(string(line[:n])), "listening on ")
	if err != nil || !found {
		t.Fatalf("it says %q: %v", line[:n], err)
	}
	client := &http.Client{Transport: &http.Transport{}, Timeout: time.Minute}
	for path, status := range map[string]int{"/readyz": 200, "/metrics": 404} {
		answer, err := client.Get(address + path)
		if err != nil || answer.StatusCode != status {
			t.Errorf("%s: %v %v", path, answer, err)
		}
		answer.Body.Close()
	}
	terminate()
	if exit := <-ended; exit != 0 {
		t.Errorf("exit %d", exit)
	}
	client.CloseIdleConnections()
	goleak.VerifyNone(t, before)
}

func TestAPortInUseIsSaid(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	exit, _, stderr := run(t, t.Context(), nil, "ADDR", strings.TrimPrefix(s.URL, "http://"), "DATABASE_URL", "sqlite::memory:")
	if exit != 2 || !strings.Contains(stderr, "address already in use") {
		t.Errorf("exit %d: %s", exit, stderr)
	}
}

// What was deleted long ago is gone when the server has started, and said once; what others refer to is not.
func TestDeletedRowsArePurged(t *testing.T) {
	var logs bytes.Buffer
	s := open(t, &logs)
	user := s.service.Backend.Entities[0]
	user.SoftDelete, user.Keep = true, time.Hour
	if _, err := s.db.Handle().Exec(`ALTER TABLE users ADD COLUMN deleted_at INTEGER;
		INSERT INTO users VALUES ('a', 1, 1, 1, 'a', 'a', 1), ('b', 1, 1, 1, 'b', 'b', 1), ('c', 1, 1, 1, 'c', 'c', NULL);
		INSERT INTO account_credentials VALUES ('b', '', 1, 1, 1)`); err != nil {
		t.Fatal(err)
	}
	told := map[kit.ID]bool{}
	s.purge(t.Context(), told)
	s.purge(t.Context(), told)
	var left string
	if err := s.db.Handle().QueryRow("SELECT group_concat(id, ' ') FROM users").Scan(&left); err != nil || left != "b c" {
		t.Errorf("left are %q: %v", left, err)
	}
	if n := strings.Count(logs.String(), "gone for good"); n != 1 || strings.Count(logs.String(), "deleted rows stay") != 1 {
		t.Errorf("log is %s", &logs)
	}
	s.startPurging(t.Context())()
}
