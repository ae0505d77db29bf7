// Package graphql is the GraphQL door of a backend.
//
//	HTTP ─▶ request ─▶ document (parsed, validated, bounded, kept) ─▶ plan (a query.Select a root field) ─▶ query.Tx ─▶ JSON
//
// However deep a selection is, each root field is one read: nothing here calls the database per row. It serves GraphQL
// over HTTP (the GraphQL foundation's draft of 2025) for queries and mutations. It decides nothing about who may see
// what: that is package query.
package graphql

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/playground"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/query"
)

// Options are what the door needs besides engine and schema. The zero value works: then nobody is ever signed in.
type Options struct {
	Viewer     func(*http.Request) (kit.Viewer, error) // a *kit.Problem 401 where a token is bad
	Log        *slog.Logger                            // see problem.Reporter; may be nil
	Playground http.Handler                            // answers browsers; that of package playground unless given
	HideSchema bool                                    // refuses introspection, and with it the playground
	Limits     Limits
}

// Limits bound what one request may ask for. A zero means the number given here.
type Limits struct {
	Body    int64 // bytes; 1 MiB
	Tokens  int   // of the document; 5000
	Depth   int   // levels of fields; 15
	Fields  int   // fields after fragments are put in; 2000
	Aliases int   // fields under another name; 100
	Roots   int   // fields of the query or mutation itself; 20
	Rows    int   // rows that all pages together may bring; 10000
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Body:    cmp.Or(l.Body, 1<<20),
		Tokens:  cmp.Or(l.Tokens, 5000),
		Depth:   cmp.Or(l.Depth, 15),
		Fields:  cmp.Or(l.Fields, 2000),
		Aliases: cmp.Or(l.Aliases, 100),
		Roots:   cmp.Or(l.Roots, 20),
		Rows:    cmp.Or(l.Rows, 10_000),
	}
}

// door is the handler.
type door struct {
	engine    *query.Engine
	options   Options
	limits    Limits
	report    problem.Reporter
	schema    *schema
	documents documents
}

// New makes the handler of /graphql. sdl is the schema that was written for the backend of engine; where they do not
// fit, the code was not generated in one go, and New panics.
func New(engine *query.Engine, sdl string, o Options) http.Handler {
	s, err := link(engine.Backend(), sdl)
	if err != nil {
		panic(fmt.Sprintf("graphql: %v", err))
	}
	if o.Viewer == nil {
		o.Viewer = func(*http.Request) (kit.Viewer, error) { return kit.Viewer{}, nil }
	}
	if o.Playground == nil && !o.HideSchema {
		o.Playground = playgroundOf(engine.Backend())
	}
	return &door{
		engine:  engine,
		options: o,
		limits:  o.Limits.withDefaults(),
		report:  problem.Reporter{Log: o.Log},
		schema:  s,
	}
}

func playgroundOf(b *meta.Backend) http.Handler {
	o := playground.Options{Title: b.Name}
	if b.Account != nil {
		o.SignIn = "/auth/sign-in"
	}
	return playground.Handler(o)
}
