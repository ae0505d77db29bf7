// Package service_test calls a service as its clients do, over HTTP, on both databases.
package service_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/account"
	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/openapitest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/server"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

type object = map[string]any

const password = "correct horse battery"

// world is a running service.
type world struct {
	*testing.T
	server *server.Server
	url    string
}

// onBoth runs a test on SQLite and on Postgres.
func onBoth(t *testing.T, service func() server.Service, test func(w *world)) {
	t.Run("sqlite", func(t *testing.T) {
		test(start(t, service(), "sqlite:"+filepath.Join(t.TempDir(), "service.db")))
	})
	t.Run("postgres", func(t *testing.T) { test(start(t, service(), kittest.Postgres(t))) })
}

func start(t *testing.T, service server.Service, database string) *world {
	t.Helper()
	service.Drivers = []sqldb.Driver{sqlite.Driver, postgres.Driver}
	service.GRPC = grpc.Open
	config, err := server.ReadConfig(service.Name, func(name string) string {
		return map[string]string{"DATABASE_URL": database, "LOG_LEVEL": "error", "STATEMENT_BUDGET": "60"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(t.Context(), service, config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(openapitest.Handler(t, service.OpenAPI, srv.Handler()))
	t.Cleanup(func() {
		web.Close()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return &world{t, srv, web.URL}
}

// system writes as the service itself, for which no rules hold.
func (w *world) system(do func(ctx context.Context, tx *query.Tx) error) {
	w.Helper()
	err := w.server.Engine().Write(w.Context(), kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error { return do(ctx, tx.System()) })
	if err != nil {
		w.Fatal(err)
	}
}

// emitted reads the payloads of the events of a key, or of all, in order.
func (w *world) emitted(event, key string) (payloads []object) {
	w.Helper()
	w.system(func(ctx context.Context, tx *query.Tx) error {
		rows, err := tx.Conn().Query(ctx, "SELECT CAST(payload AS text) FROM outbox WHERE event = $1 AND $2 IN (key, '') ORDER BY position", event, key)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var text string
			var payload object
			if err := rows.Scan(&text); err != nil {
				return err
			}
			if err := json.Unmarshal([]byte(text), &payload); err != nil {
				return err
			}
			payloads = append(payloads, payload)
		}
		return rows.Err()
	})
	return payloads
}

// person makes an account with create and signs in.
func (w *world) person(name string, create func(ctx context.Context, tx *query.Tx, email string) (kit.ID, error)) client {
	w.Helper()
	email := name + "@service.example"
	c := client{t: w.T, url: w.url}
	w.system(func(ctx context.Context, tx *query.Tx) error {
		id, err := create(ctx, tx, email)
		if err != nil {
			return err
		}
		c.id = string(id)
		return account.SetPassword(ctx, tx, id, password)
	})
	tokens := c.want(http.StatusOK, "POST", "/auth/sign-in", object{"email": email, "password": password})
	c.token = tokens["accessToken"].(string)
	return c
}

// client calls the service with a token, or without.
type client struct {
	t              *testing.T
	url, token, id string
}

// want calls and demands a status; it returns the answer, what is no object as its member items.
func (c client) want(status int, method, path string, body object) object {
	c.t.Helper()
	got, text := c.call(method, path, body)
	if got != status {
		c.t.Fatalf("%s %s: want %d, got %d: %s", method, path, status, got, text)
	}
	var answer object
	if len(text) > 0 && json.Unmarshal(text, &answer) != nil {
		var items any
		if err := json.Unmarshal(text, &items); err != nil {
			c.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
		return object{"items": items}
	}
	return answer
}

// refused calls and demands a problem of that code, or of a field with that code.
func (c client) refused(status int, code, method, path string, body object) {
	c.t.Helper()
	problem := c.want(status, method, path, body)
	fields, _ := problem["errors"].([]any)
	if problem["code"] != code && !slices.ContainsFunc(fields, func(f any) bool { return f.(object)["code"] == code }) {
		c.t.Errorf("%s %s: want the code %s, got %v", method, path, code, problem)
	}
}

// items reads a page of n rows.
func (c client) items(n int, path string) []object {
	c.t.Helper()
	list, _ := c.want(http.StatusOK, "GET", path, nil)["items"].([]any)
	if len(list) != n {
		c.t.Fatalf("GET %s: want %d rows, got %v", path, n, list)
	}
	rows := make([]object, n)
	for i := range list {
		rows[i] = list[i].(object)
	}
	return rows
}

// graphql demands an answer without errors.
func (c client) graphql(query string) object {
	c.t.Helper()
	answer := c.want(http.StatusOK, "POST", "/graphql", object{"query": query})
	if answer["errors"] != nil {
		c.t.Fatalf("%s: %v", query, answer["errors"])
	}
	return answer["data"].(object)
}

// same demands that two values are written alike.
func (c client) same(got, want any) {
	c.t.Helper()
	a, err := json.Marshal(got)
	if err != nil {
		c.t.Fatal(err)
	}
	b, err := json.Marshal(want)
	if err != nil {
		c.t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		c.t.Errorf("got %s, want %s", a, b)
	}
}

func (c client) call(method, path string, body object) (status int, answer []byte) {
	c.t.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(c.t.Context(), method, c.url+path, content)
	if err != nil {
		c.t.Fatal(err)
	}
	if r.Header.Set("Content-Type", "application/json"); method == "PATCH" {
		r.Header.Set("Content-Type", "application/merge-patch+json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	if answer, err = io.ReadAll(response.Body); err != nil {
		c.t.Fatal(err)
	}
	return response.StatusCode, answer
}
