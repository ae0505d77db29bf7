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
	"os"
	"strings"
	"time"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/emit"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/rest"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/migrate"
	"github.com/fettlehq/fettle/model/build"
)

// blueprint is what the tool makes of a design.
type blueprint struct {
	text     string
	files    map[string][]byte // generated code with metadata
	sdl      string
	openapi  []byte
	sqlite   []string // the statements that make the tables
	postgres []string
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
	openapi *contract
	clock   *clock
	log     *bytes.Buffer
}

// clock stands still until it is set.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

// viewerHeader carries who asks; the doors trust it here.
const viewerHeader = "X-Viewer"

func newProduct(name string, p *blueprint, db sqldb.Database) (*product, error) {
	b, err := backendOf(p.files)
	if err != nil {
		return nil, err
	}
	statements := p.sqlite
	if db.Dialect() == sqldb.Postgres {
		statements = p.postgres
	}
	for _, s := range statements {
		if _, err := db.Handle().Exec(s); err != nil {
			return nil, fmt.Errorf("%s: %s: %w", name, s, err)
		}
	}
	openapi, err := readContract(p.openapi)
	if err != nil {
		return nil, err
	}
	made := &product{name: name, backend: b, openapi: openapi, clock: &clock{}, log: &bytes.Buffer{}}
	var out io.Writer = made.log
	if os.Getenv("ORACLE_LOG") != "" {
		out = os.Stderr
	}
	log := slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelError}))
	handlers := map[string]query.Handler{}
	for _, o := range b.Operations {
		handlers[o.Name] = func(context.Context, *query.Tx, []any) (any, error) { return nil, errors.New("it is not called") }
	}
	made.engine, err = query.New(b, db, query.Options{Clock: made.clock, Log: log, Handlers: handlers})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	viewer := func(r *http.Request) (kit.Viewer, error) {
		return kit.Viewer{ID: kit.ID(r.Header.Get(viewerHeader))}, nil
	}
	made.graphql = graphql.New(made.engine, p.sdl, graphql.Options{Viewer: viewer, Log: log, Limits: graphql.Limits{Aliases: 2000, Roots: 200, Rows: 1 << 40}})
	made.rest = rest.New(made.engine, rest.Options{Viewer: viewer, Log: log, MaxRows: 1 << 40})
	return made, nil
}

// ask sends a request to a door and returns the status and the JSON of the answer, nil of an empty one.
func (p *product) ask(door http.Handler, viewer, method, url string, body any) (int, any, error) {
	var reader io.Reader
	var text []byte
	if body != nil {
		var err error
		if text, err = json.Marshal(body); err != nil {
			return 0, nil, err
		}
		reader = bytes.NewReader(text)
	}
	r := httptest.NewRequest(method, url, reader)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if viewer != "" {
		r.Header.Set(viewerHeader, viewer)
	}
	w := httptest.NewRecorder()
	door.ServeHTTP(w, r)
	if w.Code == http.StatusGatewayTimeout {
		return w.Code, nil, errTooSlow
	}
	if w.Code >= 500 {
		return w.Code, nil, fmt.Errorf("%s %s: %d %s\n%s", method, url, w.Code, w.Body, p.log)
	}
	if strings.HasPrefix(url, "/v1/") {
		if err := p.openapi.check(r, text, w); err != nil {
			return w.Code, nil, err
		}
	}
	if w.Body.Len() == 0 {
		return w.Code, nil, nil
	}
	decoder := json.NewDecoder(w.Body)
	decoder.UseNumber()
	var answer any
	if err := decoder.Decode(&answer); err != nil {
		return w.Code, nil, fmt.Errorf("%s %s: %w", method, url, err)
	}
	return w.Code, answer, nil
}

// data asks the GraphQL door. What is wrong with the answer is an error.
func (p *product) data(viewer, document string, variables map[string]any) (map[string]any, error) {
	_, answer, err := p.ask(p.graphql, viewer, http.MethodPost, "/graphql", map[string]any{"query": document, "variables": variables})
	if err != nil {
		return nil, err
	}
	object, _ := answer.(map[string]any)
	if object["errors"] != nil {
		if firstCode(object["errors"]) == kit.CodeTimeout {
			return nil, errTooSlow
		}
		text, _ := json.Marshal(object["errors"])
		return nil, &refusal{code: firstCode(object["errors"]), text: string(text)}
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
