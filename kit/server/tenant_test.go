package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

const desks = `-- +goose Up
CREATE TABLE teams (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL, handle TEXT NOT NULL, open INTEGER NOT NULL);
CREATE UNIQUE INDEX teams_handle_key ON teams (handle);
CREATE TABLE notes (id TEXT PRIMARY KEY, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, version INTEGER NOT NULL, team_id TEXT NOT NULL REFERENCES teams (id), text TEXT NOT NULL);
CREATE TABLE idempotency_keys (scope TEXT NOT NULL, name TEXT NOT NULL, request_hash TEXT NOT NULL, created_at INTEGER NOT NULL, status INTEGER, location TEXT, etag TEXT, body BLOB, PRIMARY KEY (scope, name));
`

const desksSchema = `
type Query { notes(first: Int, after: String, last: Int, before: String): NoteConnection! team(handle: String!): Team }
type Mutation { createNote(input: CreateNoteInput!): Note! ping: String! }
input CreateNoteInput { text: String! team: ID }
type NoteConnection { nodes: [Note!]! edges: [NoteEdge!]! pageInfo: PageInfo! }
type NoteEdge { node: Note! cursor: String! }
type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }
type Note { id: ID! createdAt: DateTime! updatedAt: DateTime! version: Int64! team: Team text: String! }
type Team { id: ID! createdAt: DateTime! updatedAt: DateTime! version: Int64! handle: String! open: Boolean! }
scalar DateTime
scalar Int64
`

// desk is a service of teams with notes, one of which is closed to all, and a hand-written handler that counts notes.
func desk(by meta.TenantBy) Service {
	all := []meta.Rule{{When: meta.True()}}
	page := meta.Page{Size: 20, Max: 100, Order: []meta.Order{{Field: "createdAt"}}}
	note := &meta.Entity{
		Name: "Note", Singular: "note", Plural: "notes", Path: "notes", Table: "notes", Key: "id", Page: page,
		TenantColumn: "team_id", TenantBy: "team", Allow: meta.Allow{Read: all, Create: all},
		Fields: kittest.Fields(
			&meta.Field{Name: "team", Kind: meta.Reference, Type: "Team", Column: "team_id", Immutable: true},
			&meta.Field{Name: "text", Kind: meta.String, Column: "text"},
		),
	}
	return Service{
		Name: "desk", SDL: desksSchema, Drivers: []sqldb.Driver{sqlite.Driver}, Migrations: fstest.MapFS{"sqlite/0001_desk.sql": {Data: []byte(desks)}},
		Handlers: map[string]query.Handler{"ping": func(_ context.Context, tx *query.Tx, _ []any) (any, error) { return string(tx.Tenant()), nil }},
		Backend: &meta.Backend{
			Name: "desk",
			Entities: []*meta.Entity{note, {
				Name: "Team", Singular: "team", Plural: "teams", Path: "teams", Table: "teams", Key: "handle", Page: page, TenantColumn: "id",
				Allow: meta.Allow{Read: []meta.Rule{{When: meta.This("open")}}, Create: all},
				Fields: kittest.Fields(
					&meta.Field{Name: "handle", Kind: meta.String, Column: "handle"},
					&meta.Field{Name: "open", Kind: meta.Boolean, Column: "open", Default: meta.Const(true)},
				),
				Uniques: []meta.Unique{{Name: "teams_handle_key", Fields: []string{"handle"}}},
			}},
			Operations: []*meta.Operation{{
				Name: "ping", Mutation: true, Method: "POST", Path: "/ping", Allow: all, Result: &meta.Field{Name: "result", Kind: meta.String},
			}},
			Tenant: &meta.Tenant{Entity: "Team", By: by, When: meta.True()},
		},
		Mount: func(mux *http.ServeMux, s *Server) {
			mux.HandleFunc("GET /count", func(w http.ResponseWriter, r *http.Request) {
				viewer, err := s.Viewer(r)
				if err == nil {
					err = s.Engine().Read(r.Context(), viewer, func(ctx context.Context, tx *query.Tx) error {
						list, err := tx.List(ctx, &query.Select{Entity: note, Count: true})
						if err == nil {
							fmt.Fprint(w, list.Total)
						}
						return err
					})
				}
				if err != nil {
					report := s.Report()
					report.Write(w, r, "count", err)
				}
			})
		},
	}
}

// In whatever way a request names its tenant, every door is in it: REST, its batches, GraphQL, business operations, requests
// that come again, and handlers that were written by hand.
func TestEveryDoorIsInTheTenant(t *testing.T) {
	for name, c := range map[string]struct {
		by   meta.TenantBy
		name func(r *http.Request, tenant string)
	}{
		"path":      {meta.ByPath, func(r *http.Request, tenant string) { r.URL.Path = "/teams/" + tenant + r.URL.Path }},
		"header":    {meta.ByHeader, func(r *http.Request, tenant string) { r.Header.Set("Tenant", tenant) }},
		"subdomain": {meta.BySubdomain, func(r *http.Request, tenant string) { r.Host = tenant + ".desk.example:8080" }},
	} {
		t.Run(name, func(t *testing.T) {
			config, err := ReadConfig("desk", environment("DATABASE_URL", "sqlite:"+t.TempDir()+"/desk.db", "PUBLIC_URL", "http://desk.example:8080"))
			if err != nil {
				t.Fatal(err)
			}
			config.Logs = io.Discard
			s, err := New(t.Context(), desk(c.by), config)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			call := func(tenant, method, path, body string, headers ...string) (int, string) {
				t.Helper()
				r := httptest.NewRequest(method, "http://desk.example:8080"+path, strings.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				for i := 0; i < len(headers); i += 2 {
					r.Header.Set(headers[i], headers[i+1])
				}
				if tenant != "" {
					c.name(r, tenant)
				}
				w := httptest.NewRecorder()
				s.Handler().ServeHTTP(w, r)
				return w.Code, w.Body.String()
			}
			want := func(status int, holds, lacks, tenant, method, path, body string, headers ...string) {
				t.Helper()
				got, text := call(tenant, method, path, body, headers...)
				if got != status || !strings.Contains(text, holds) || lacks != "" && strings.Contains(text, lacks) {
					t.Errorf("%s %s in %q: want %d with %q without %q, got %d %s", method, path, tenant, status, holds, lacks, got, text)
				}
			}
			for _, team := range []string{"one", "two"} {
				want(201, team, "", "", "POST", "/v1/teams", `{"handle":"`+team+`"}`)
				want(201, "note of "+team, "", team, "POST", "/v1/notes", `{"text":"note of `+team+`"}`)
			}
			want(201, `{"id"`, "", "", "POST", "/v1/teams", `{"handle":"closed","open":false}`)
			if c.by == meta.ByPath {
				want(200, `data-endpoint="/teams/one/graphql"`, "", "one", "GET", "/graphql", "", "Accept", "text/html")
			}
			want(422, "team", "", "", "POST", "/v1/notes", `{"text":"of none"}`)
			want(200, "note of one", "two", "one", "GET", "/v1/notes", "")
			want(200, "note of two", "", "", "GET", "/v1/notes", "")
			want(200, "note of one", "two", "one", "POST", "/graphql", `{"query":"{ notes { nodes { text team { handle } } } team(handle: \"two\") { id } }"}`)
			want(200, "by GraphQL", "", "one", "POST", "/graphql", `{"query":"mutation { createNote(input: {text: \"by GraphQL\"}) { text } }"}`)
			want(200, "in a batch", "two", "one", "POST", "/v1/batch", `{"requests":[{"method":"POST","path":"/v1/notes","body":{"text":"in a batch"}},{"method":"GET","path":"/v1/notes"}]}`)
			want(200, "3", "", "one", "GET", "/count", "")
			want(200, "1", "", "two", "GET", "/count", "")
			want(200, "4", "", "", "GET", "/count", "")
			_, team := call("", "GET", "/v1/teams/one", "")
			var one struct{ ID string }
			if err := json.Unmarshal([]byte(team), &one); err != nil {
				t.Fatal(err)
			}
			want(200, one.ID, "", "one", "POST", "/v1/ping", "{}")
			want(200, `""`, "", "", "POST", "/v1/ping", "{}")
			for _, team := range []string{"one", "two", "one"} {
				want(201, "again", "", team, "POST", "/v1/notes", `{"text":"again"}`, "Idempotency-Key", "k")
			}
			want(200, "4", "", "one", "GET", "/count", "")
			want(200, "2", "", "two", "GET", "/count", "")
			// A closed tenant is as none: for reads, writes, operations and answers that were kept.
			for _, path := range []string{"GET /v1/notes", "GET /v1/teams", "GET /count", "POST /v1/notes", "POST /v1/ping", "POST /v1/batch"} {
				method, path, _ := strings.Cut(path, " ")
				body := map[string]string{"/v1/notes": `{"text":"x"}`, "/v1/batch": `{"requests":[{"method":"GET","path":"/v1/notes"}]}`, "/v1/ping": "{}"}[path]
				_, closed := call("closed", method, path, body, "Idempotency-Key", "k")
				status, missing := call("missing", method, path, body, "Idempotency-Key", "k")
				if status != 404 || without(closed) != without(missing) {
					t.Errorf("%s %s: of a closed tenant %s, of none %d %s", method, path, closed, status, missing)
				}
			}
			want(200, "NOT_FOUND", "nodes\":", "closed", "POST", "/graphql", `{"query":"{ notes { nodes { text } } }"}`)
		})
	}
}

// without is a problem without the request's id.
func without(text string) string {
	before, _, _ := strings.Cut(text, `"instance"`)
	return before
}

// A subdomain needs a host to be one of.
func TestSubdomainsNeedAPublicURL(t *testing.T) {
	config, err := ReadConfig("desk", environment("ENV", "production", "DATABASE_URL", "sqlite:"+t.TempDir()+"/desk.db", "MIGRATE", "auto"))
	if err != nil {
		t.Fatal(err)
	}
	config.Logs = io.Discard
	if _, err := New(t.Context(), desk(meta.BySubdomain), config); err == nil || !strings.Contains(err.Error(), "PUBLIC_URL") {
		t.Errorf("it starts without: %v", err)
	}
}
