// Package rest is the REST door of a backend.
//
//	HTTP ─▶ route ─▶ resource (list, get, create, update, delete) or operation ─▶ query.Tx ─▶ JSON
//
// It only translates: paths, parameters and bodies into the calls of package query, rows and problems back. Which
// rows and fields a caller sees or writes is not decided here. Its routes are built once, from the metadata.
package rest

import (
	"cmp"
	"log/slog"
	"net/http"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/internal/kept"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/telemetry"
)

// Prefix is where the resources stand.
const Prefix = "/v1"

// Options are what the door needs besides the engine. The zero value works: then nobody is ever signed in.
type Options struct {
	Viewer   func(*http.Request) (kit.Viewer, error) // a *kit.Problem 401 where a token is bad
	Log      *slog.Logger                            // see problem.Reporter; may be nil
	MaxBody  int64                                   // bytes of a request's body; 1 MiB unless given
	MaxDepth int                                     // levels of include; 4 unless given
	MaxRows  int                                     // rows of one answer, included ones counted; 10000 unless given

	RequireIfMatch bool // a change or a deletion of a row without If-Match is refused with 428
	HideSchema     bool // there is no list of paths at the prefix
}

func (o Options) withDefaults() Options {
	o.MaxBody = cmp.Or(o.MaxBody, 1<<20)
	o.MaxDepth = cmp.Or(o.MaxDepth, 4)
	o.MaxRows = cmp.Or(o.MaxRows, 10_000)
	if o.Viewer == nil {
		o.Viewer = func(*http.Request) (kit.Viewer, error) { return kit.Viewer{}, nil }
	}
	return o
}

// door is the handler of all routes.
type door struct {
	engine    *query.Engine
	options   Options
	report    problem.Reporter
	routes    routes
	resources map[string]*resource // by the name of the entity
	shown     kept.Values[[]query.Selection]
}

// New makes the handler of every path under Prefix.
func New(engine *query.Engine, o Options) http.Handler {
	o = o.withDefaults()
	d := &door{
		engine:    engine,
		options:   o,
		report:    problem.Reporter{Log: o.Log},
		resources: map[string]*resource{},
	}
	for _, e := range engine.Backend().Entities {
		d.resources[e.Name] = newResource(e)
	}
	for _, e := range engine.Backend().Entities {
		if e.Owner() == nil { // a history is read where its row is
			d.addResource(&d.routes, d.resources[e.Name])
		}
	}
	if !o.HideSchema {
		d.addIndex(&d.routes)
	}
	d.addBatch(&d.routes)
	for _, o := range engine.Backend().Operations {
		d.addOperation(&d.routes, o) // after the resources: a declared operation replaces a generated one
	}
	return d
}

func (d *door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer problem.Recover(func(err error) { d.report.Write(w, r, r.Method+" "+r.Pattern, err) })
	found := d.routes.match(r)
	if found == nil {
		telemetry.SetOperation(r.Context(), unmatched)
		d.report.Write(w, r, unmatched, kit.NotFound("resource"))
		return
	}
	d.serve(w, r, found)
}

// unmatched is the operation of a request that no route takes.
const unmatched = "unmatched"
