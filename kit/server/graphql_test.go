package server

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// production is a server without accounts, as in production.
func production(t *testing.T, pairs ...string) (*Server, error) {
	config, err := ReadConfig("shop", environment(append(pairs, "ENV", "production", "DATABASE_URL", "sqlite:"+t.TempDir()+"/shop.db", "MIGRATE", "auto")...))
	if err != nil {
		t.Fatal(err)
	}
	service := shop(&atomic.Int64{})
	service.Backend.Account = nil
	s, err := New(t.Context(), service, config)
	if err == nil {
		t.Cleanup(func() { s.Close() })
	}
	return s, err
}

// In production the schema is told and suggested only where that was allowed, and only trusted documents run where there
// are any.
func TestGraphQLInProduction(t *testing.T) {
	manifest := filepath.Join(t.TempDir(), "documents.json")
	if err := os.WriteFile(manifest, []byte(`{"known":"{ __typename }"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		environment []string
		body        string
		has, lacks  string
	}{
		{nil, `{"query":"{ __schema { queryType { name } } }"}`, `"code":"FORBIDDEN"`, "Query"},
		{nil, `{"query":"{ usr { id } }"}`, `"code":"INVALID_DOCUMENT"`, "Did you mean"},
		{nil, `{"query":"{ __typename }"}`, `{"data":{"__typename":"Query"}}`, "errors"},
		{[]string{"SHOW_CONTRACT", "yes"}, `{"query":"{ __schema { queryType { name } } }"}`, `{"name":"Query"}`, "errors"},
		{[]string{"SHOW_CONTRACT", "yes"}, `{"query":"{ usr { id } }"}`, "Did you mean", `"data"`},
		{[]string{"GRAPHQL_DOCUMENTS", manifest}, `{"query":"{ a: __typename }"}`, `"code":"UNTRUSTED_DOCUMENT"`, `"data"`},
		{[]string{"GRAPHQL_DOCUMENTS", manifest}, `{"documentId":"known"}`, `{"data":{"__typename":"Query"}}`, "errors"},
	} {
		s, err := production(t, test.environment...)
		if err != nil {
			t.Fatal(err)
		}
		got := ask(s, "POST", "/graphql", test.body, "Content-Type", "application/json").Body.String()
		if !strings.Contains(got, test.has) || strings.Contains(got, test.lacks) {
			t.Errorf("%v %s: %s", test.environment, test.body, got)
		}
		r := httptest.NewRequest("GET", "/graphql", nil)
		r.Header.Set("Accept", "text/html")
		w := httptest.NewRecorder()
		s.Handler().ServeHTTP(w, r)
		if page := strings.Contains(w.Header().Get("Content-Type"), "text/html"); page != (len(test.environment) > 0 && test.environment[0] == "SHOW_CONTRACT") {
			t.Errorf("%v: playground: %v", test.environment, page)
		}
	}
	if err := os.WriteFile(manifest, []byte(`[]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{manifest, manifest + ".nosuch"} {
		if _, err := production(t, "GRAPHQL_DOCUMENTS", path); err == nil || !strings.Contains(err.Error(), "GRAPHQL_DOCUMENTS: ") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

// In production REST tells its contract where the other doors do, and nowhere else.
func TestContractInProduction(t *testing.T) {
	for _, environment := range [][]string{nil, {"SHOW_CONTRACT", "yes"}} {
		s, err := production(t, environment...)
		if err != nil {
			t.Fatal(err)
		}
		status := 404
		if environment != nil {
			status = 200
		}
		for _, path := range []string{"/openapi.json", "/docs", "/docs/swagger-ui.css", "/v1/", "/v1"} {
			if got := ask(s, "GET", path, ""); got.Code != status && (status == 404 || got.Code != 301) {
				t.Errorf("%v: %s: %d", environment, path, got.Code)
			}
		}
		if got := ask(s, "GET", "/v1/users", ""); got.Code != 200 {
			t.Errorf("%v: %d %s", environment, got.Code, got.Body)
		}
	}
	if _, err := ReadConfig("shop", environment("GRAPHQL_INTROSPECTION", "on")); err == nil || !strings.Contains(err.Error(), "GRAPHQL_INTROSPECTION: is SHOW_CONTRACT") {
		t.Error(err)
	}
}
