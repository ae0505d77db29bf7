package server

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/prometheus"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

const tables = `-- +goose Up
CREATE TABLE users (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL,
	email TEXT NOT NULL, name TEXT NOT NULL);
CREATE UNIQUE INDEX users_email_key ON users (email);
CREATE TABLE account_credentials (account_id TEXT PRIMARY KEY REFERENCES users (id), password_hash TEXT NOT NULL,
	verified_at INTEGER, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL);
CREATE TABLE account_sessions (id TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES users (id), refresh_hash TEXT NOT NULL UNIQUE,
	previous_hash TEXT, created_at INTEGER NOT NULL, refreshed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, revoked_at INTEGER,
	user_agent TEXT NOT NULL);
CREATE TABLE account_tokens (hash TEXT PRIMARY KEY, account_id TEXT NOT NULL REFERENCES users (id), purpose TEXT NOT NULL,
	created_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, used_at INTEGER);
`

const schema = `
type Query { user(id: ID!): User }
type User { id: ID! createdAt: DateTime! updatedAt: DateTime! version: Int64! email: Email! name: String! }
scalar DateTime
scalar Int64
scalar Email
`

// shop is a service with accounts, /count, which takes a moment and counts, and /panic.
func shop(counted *atomic.Int64) Service {
	user := &meta.Entity{
		Name: "User", Singular: "user", Plural: "users", Path: "users", Table: "users", Key: "id",
		Page: meta.Page{Size: 20, Max: 100},
		Fields: kittest.Fields(
			&meta.Field{Name: "email", Kind: meta.Email, Column: "email", Personal: true},
			&meta.Field{Name: "name", Kind: meta.String, Column: "name"},
		),
		Uniques: []meta.Unique{{Name: "users_email_key", Fields: []string{"email"}}},
		Allow:   meta.Allow{Read: []meta.Rule{{When: meta.Eq(meta.This(), meta.Viewer())}}},
	}
	return Service{
		Name:       "shop",
		Backend:    &meta.Backend{Name: "shop", Entities: []*meta.Entity{user}, Account: &meta.Account{Entity: "User", Login: "email", Fields: []string{"name"}}},
		OpenAPI:    []byte(`{"openapi":"3.1.0"}`),
		SDL:        schema,
		Migrations: fstest.MapFS{"sqlite/0001_users.sql": {Data: []byte(tables)}},
		Drivers:    []sqldb.Driver{sqlite.Driver},
		Metrics:    prometheus.New(),
		Seed: func(ctx context.Context, tx *query.Tx) error {
			user := tx.Engine().Backend().Entity("User")
			_, err := tx.Create(ctx, user, []query.Change{{Field: user.Field("email"), Value: "seed@example.com"}, {Field: user.Field("name"), Value: "Seed"}})
			return err
		},
		Mount: func(mux *http.ServeMux, s *Server) {
			mux.HandleFunc("POST /count", func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err != nil {
					s.Report().Write(w, r, "count", err)
					return
				}
				time.Sleep(time.Duration(counted.Add(1)%5) * time.Millisecond)
				w.Write(body)
			})
			mux.HandleFunc("GET /panic", func(http.ResponseWriter, *http.Request) { panic("secret of the house") })
			mux.HandleFunc("GET /slow", func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done(); w.WriteHeader(504) })
		},
	}
}

// TestMain runs the service's program instead of the tests where a test asked for it.
func TestMain(m *testing.M) {
	if os.Getenv("RUN_SHOP") != "" {
		os.Exit(Main(shop(&atomic.Int64{}), strings.Fields(os.Getenv("RUN_SHOP"))))
	}
	os.Exit(m.Run())
}

func environment(pairs ...string) func(string) string {
	return func(name string) string {
		for i := 0; i < len(pairs); i += 2 {
			if pairs[i] == name {
				return pairs[i+1]
			}
		}
		return ""
	}
}

func open(t *testing.T, logs io.Writer, pairs ...string) *Server {
	t.Helper()
	pairs = append(pairs, "DATABASE_URL", "sqlite:"+t.TempDir()+"/shop.db")
	config, err := ReadConfig("shop", environment(pairs...))
	if err != nil {
		t.Fatal(err)
	}
	config.Logs = logs
	s, err := New(t.Context(), shop(&atomic.Int64{}), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func decode(t *testing.T, body io.Reader) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.NewDecoder(body).Decode(&object); err != nil {
		t.Fatal(err)
	}
	return object
}
