// Package graphql is the GraphQL door of a backend.
//
//	HTTP ─▶ request ─▶ document (parsed, validated, bounded, kept) ─▶ plan (a query.Select a root field) ─▶ query.Tx ─▶ JSON
//
// However deep a selection is, each root field is one read: nothing here calls the database per row. It serves GraphQL
// over HTTP (the GraphQL foundation's draft of 2025) for queries and mutations. It decides nothing about who may see
// what: that is package query.
package graphql

import (
	"fmt"
	"log/slog"
	"net/http"

	"github.com/vektah/gqlparser/v2/validator/rules"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/kept"
	"github.com/fettlehq/fettle/kit/internal/lasting"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/playground"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/query"
)

// Options are what the door needs besides engine and schema. The zero value works: then nobody is ever signed in.
type Options struct {
	Viewer     func(*http.Request) (kit.Viewer, error) // a *kit.Problem 401 where a token is bad
	Log        *slog.Logger                            // see problem.Reporter; may be nil
	Notices    *slog.Logger                            // what no request is about; may be nil
	Playground http.Handler                            // answers browsers; that of package playground unless given
	HideSchema bool                                    // refuses introspection, tells no names that the caller did not, and has no playground
	Documents  *Documents                              // that are trusted and may be asked for by their ids; may be nil
	Only       bool                                    // runs no others than Documents
	Origins    []string                                // https://app.example.com: whose pages may open a WebSocket, besides the service's own
	Limits     Limits
}

// Door is the handler of /graphql.
type Door struct {
	engine    *query.Engine
	options   Options
	limits    Limits
	report    problem.Reporter
	schema    *schema
	rules     *rules.Rules
	documents kept.Values[*document] // validated, by their text
	persisted kept.Values[string]    // texts, by their SHA-256 in hexadecimal
	streams   *lasting.Streams
}

// New makes the handler of /graphql. sdl is the schema that was written for the backend of engine; where they do not
// fit, the code was not generated in one go, and New panics.
func New(engine *query.Engine, sdl string, o Options) *Door {
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
	d := &Door{
		engine:  engine,
		options: o,
		limits:  o.Limits.withDefaults(),
		report:  problem.Reporter{Log: o.Log},
		schema:  s,
		rules:   validation(o.HideSchema),
		streams: lasting.New(),
	}
	d.checkDocuments()
	return d
}

func playgroundOf(b *meta.Backend) http.Handler {
	o := playground.Options{Title: b.Name}
	if b.Account != nil {
		o.SignIn = "/auth/sign-in"
	}
	return playground.Handler(o)
}
