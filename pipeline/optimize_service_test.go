package pipeline

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestStatementsOfService reads what a service tells of itself, and says what is wrong with what is none.
func TestStatementsOfService(t *testing.T) {
	answers := map[string]string{
		"/metrics/statements": `{"seconds": 43200, "statements": [{"text": "SELECT name FROM users WHERE id = $1", "calls": 6, "milliseconds": 3}], "others": 2}`,
		"/page":               `<html>`,
		"/idle":               `{"seconds": 1, "statements": [], "others": 0}`,
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answers[r.URL.Path] == "" {
			http.NotFound(w, r)
			return
		}
		w.Write([]byte(answers[r.URL.Path]))
	}))
	defer server.Close()
	for _, path := range []string{"", "/", "/metrics", "/metrics/statements"} {
		statements, notes, err := statementsOfService(t.Context(), server.URL+path)
		if err != nil || len(statements) != 1 || len(notes) != 2 {
			t.Fatalf("%q: %d statements, notes %q, %v", path, len(statements), notes, err)
		}
		if s := statements[0]; s.Calls != 6 || s.Day != 12 || s.Mean != 0.5 {
			t.Errorf("%q: %+v", path, s)
		}
	}
	for path, want := range map[string]string{"/none": "METRICS_ADDR", "/page": "does not tell statements", "/idle": "nothing of its database yet"} {
		if _, _, err := statementsOfService(t.Context(), server.URL+path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
