package oracle

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/openapitest"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/rest"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/migrate"
	"github.com/fettlehq/fettle/model/build"
)

// blueprint is what the tool makes of a design.
type blueprint struct {
	text        string
	files       map[string][]byte // generated code with metadata
	sdl         string
	openapi     []byte
	descriptors []byte   // of the gRPC door
	sqlite      []string // the statements that make the tables
	postgres    []string
}

// blueprintOf runs the tool on the text of a design. Mistakes in it are returned as such.
func blueprintOf(text string) (*blueprint, diag.List, error) {
	var problems diag.List
	d := design.Parse([]design.Source{{Name: "design/world.graphql", Text: text}}, &problems)
	m := build.Model(d, &problems)
	if len(problems) > 0 {
		return nil, problems, nil
	}
	build.Unbuilt(d, m, &problems)
	if len(problems) > 0 {
		return nil, problems, nil
	}
	p := &blueprint{text: text, files: map[string][]byte{}}
	all, _ := emit.All(m, nil)
	for _, f := range all {
		switch {
		case f.Path == "api/schema.graphql":
			p.sdl = string(f.Content)
		case f.Path == "api/descriptors.binpb":
			p.descriptors = f.Content
		case f.Path == "api/openapi.json":
			p.openapi = f.Content
		case strings.HasSuffix(f.Path, "/module.gen.go"), f.Path == "app/app.gen.go":
			p.files[f.Path] = f.Content
		}
	}
	plan, err := migrate.Between(nil, build.Schema(m), migrate.Options{})
	if err != nil {
		return nil, nil, err
	}
	for _, s := range plan.SQLite {
		p.sqlite = append(p.sqlite, s.Statements...)
	}
	for _, s := range plan.Postgres {
		p.postgres = append(p.postgres, s.Statements...)
	}
	return p, nil, nil
}

// product is a service on one database.
type product struct {
	name    string // "sqlite" or "postgres"
	engine  *query.Engine
	backend *meta.Backend
	graphql http.Handler
	rest    http.Handler
	grpc    map[string]http.Handler // by their paths
	openapi *openapitest.Contract
	clock   *clock
	// business is what the team would have written.
	business func(o *meta.Operation, args []any) (any, error)
	db       sqldb.Database
	log      *bytes.Buffer
	// statements is how many the doors have had run so far.
	statements atomic.Int64
}

// clock stands still until it is set.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// viewerHeader carries who asks; the doors trust it here.
const viewerHeader = "X-Viewer"

func newProduct(name string, p *blueprint, db sqldb.Database) (*product, error) {
	statements := p.sqlite
	if db.Dialect() == sqldb.Postgres {
		statements = p.postgres
	}
	for _, s := range statements {
		if _, err := db.Handle().Exec(s); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, s, err)
		}
	}
	return serve(name, p, db, nil)
}

// serve is a service whose tables are there. It tells of what it writes where it has a feed.
func serve(name string, p *blueprint, db sqldb.Database, changes *feed.Feed) (*product, error) {
	b, err := backendOf(p.files)
	if err != nil {
		return nil, err
	}
	openapi, err := openapitest.Read(p.openapi)
	if err != nil {
		return nil, err
	}
	openapi.Signed = func(r *http.Request) bool { return r.Header.Get(viewerHeader) != "" }
	made := &product{name: name, backend: b, db: db, openapi: openapi, clock: &clock{}, log: &bytes.Buffer{}}
	made.business = func(*meta.Operation, []any) (any, error) { return nil, errors.New("it is not called") }
	var out io.Writer = made.log
	if os.Getenv("ORACLE_LOG") != "" {
		out = os.Stderr
	}
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelError}))
	handlers := methods(b)
	for _, o := range b.Operations {
		handlers[o.Name] = func(_ context.Context, _ *query.Tx, args []any) (any, error) { return made.business(o, args) }
	}
	made.engine, err = query.New(b, counted{db, &made.statements}, query.Options{Clock: made.clock, Log: log, Handlers: handlers, Feed: changes})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	viewer := func(r *http.Request) (kit.Viewer, error) {
		named, err := kittest.Tenant(r.Context())
		return kit.Viewer{ID: kit.ID(r.Header.Get(viewerHeader)), Tenant: named}, err
	}
	calls, err := grpc.New(made.engine, p.descriptors, grpc.Options{Viewer: viewer, Log: log})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	made.grpc = calls.Routes
	made.graphql = kittest.Tenants(b, graphql.New(made.engine, p.sdl, graphql.Options{Viewer: viewer, Log: log, Limits: graphql.Limits{Aliases: 2000, Roots: 200, Rows: 1 << 40, Cost: 1 << 40}}))
	made.rest = kittest.Tenants(b, rest.New(made.engine, rest.Options{Viewer: viewer, Log: log, MaxRows: 1 << 40}))
	return made, nil
}

// request is what is sent to a door.
type request struct {
	viewer string // an id
	tenant string // a key or id
	method string
	path   string // of the REST door, or /graphql
	body   any    // raw JSON where it is []byte
	key    string // Idempotency-Key
	match  string // If-Match
	patch  bool   // body is a merge patch
}

// reply is the answer of a door.
type reply struct {
	status   int
	json     any // nil of an empty one
	text     string
	replayed bool
}

func (r reply) object() map[string]any {
	object, _ := r.json.(map[string]any)
	return object
}

// ask sends a request to a door.
func (p *product) ask(q request) (reply, error) {
	var reader io.Reader
	body, _ := q.body.([]byte)
	if q.body != nil {
		if body == nil {
			var err error
			if body, err = json.Marshal(q.body); err != nil {
				return reply{}, err
			}
		}
		reader = bytes.NewReader(body)
	}
	plain := httptest.NewRequest(q.method, q.path, reader)
	set := func(name, value string) {
		if value != "" {
			plain.Header.Set(name, value)
		}
	}
	switch {
	case q.patch:
		set("Content-Type", "application/merge-patch+json")
	case q.body != nil:
		set("Content-Type", "application/json")
	}
	set(viewerHeader, q.viewer)
	set("Idempotency-Key", q.key)
	set("If-Match", q.match)
	r := plain
	if t := p.backend.Tenant; q.tenant != "" {
		if t.By == meta.ByHeader {
			set("Tenant", q.tenant)
		} else {
			r = httptest.NewRequest(q.method, "/"+p.backend.Entity(t.Entity).Path+"/"+url.PathEscape(q.tenant)+q.path, reader)
			r.Header = plain.Header
		}
	}
	door := p.rest
	if q.path == "/graphql" {
		door = p.graphql
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	if w.Code == http.StatusGatewayTimeout {
		return reply{}, errTooSlow
	}
	if w.Code >= 500 {
		return reply{}, fmt.Errorf("%s %s: %d %s\n%s", q.method, q.path, w.Code, w.Body, p.log)
	}
	if q.path != "/graphql" {
		if err := p.openapi.Check(openapitest.Exchange{Request: plain, Sent: body, Status: w.Code, Header: w.Header(), Answer: w.Body.Bytes()}); err != nil {
			return reply{}, err
		}
	}
	a := reply{status: w.Code, text: w.Body.String(), replayed: w.Header().Get("Idempotency-Replayed") == "true"}
	if w.Body.Len() == 0 {
		return a, nil
	}
	decoder := json.NewDecoder(w.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&a.json); err != nil {
		return a, fmt.Errorf("%s %s: %w", q.method, q.path, err)
	}
	return a, nil
}

// data asks the GraphQL door. What is wrong with the answer is an error.
func (p *product) data(q request, document string, variables map[string]any) (map[string]any, error) {
	q.method, q.path, q.body = http.MethodPost, "/graphql", map[string]any{"query": document, "variables": variables}
	a, err := p.ask(q)
	if err != nil {
		return nil, err
	}
	return a.data()
}

// data is what a reply of the GraphQL door has, or a refusal.
func (r reply) data() (map[string]any, error) {
	object := r.object()
	if object["code"] != nil && object["data"] == nil && object["errors"] == nil {
		return nil, &refusal{code: fmt.Sprint(object["code"]), text: r.text} // of the request as a whole
	}
	if object["errors"] != nil {
		if firstCode(object["errors"]) == kit.CodeTimeout {
			return nil, errTooSlow
		}
		return nil, &refusal{code: firstCode(object["errors"]), text: text(object["errors"])}
	}
	data, _ := object["data"].(map[string]any)
	return data, nil
}

// errTooSlow is a statement that was ended by its time limit.
var errTooSlow = errors.New("it takes too long")

// refusal is a problem that a door answered with.
type refusal struct {
	code string
	text string
}

func (r *refusal) Error() string { return r.text }

// firstCode is the code of the first error of a GraphQL answer.
func firstCode(errs any) string {
	list, _ := errs.([]any)
	if len(list) == 0 {
		return ""
	}
	first, _ := list[0].(map[string]any)
	extensions, _ := first["extensions"].(map[string]any)
	code, _ := extensions["code"].(string)
	return code
}
