// Package doortest is a small written-by-hand backend that the tests of all doors call.
//
//	New ─▶ a database in memory, an engine, three people and what they wrote ─▶ rest, graphql, grpc, playground
//
// It is for tests only.
package doortest

import (
	"context"
	_ "embed"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/feed"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// SDL is the GraphQL schema of the backend.
//
//go:embed schema.graphql
var SDL string

// Descriptors are those of the gRPC contract of the backend.
//
//go:embed doors.binpb
var Descriptors []byte

// World is the backend with data in it.
type World struct {
	testing.TB
	Engine   *query.Engine
	Feed     *feed.Feed
	Ann, Bob kit.Viewer
	Titles   []string     // of Ann's articles, oldest first
	Swaps    atomic.Int64 // calls of swap and swapOnce
	meeting  chan bool
	database *counting
}

// swap changes two articles. Between them the first two calls wait for each other: on SQLite, where one writes at a time, for a moment.
func (w *World) swap(ctx context.Context, tx *query.Tx, args []any) (any, error) {
	first, patience := w.Swaps.Add(1) <= 2, 300*time.Millisecond
	if w.database.Dialect() == sqldb.Postgres {
		patience = time.Minute
	}
	e := w.Engine.Backend().Entity("Article")
	for i, article := range args {
		note := query.Change{Field: e.Field("note"), Value: "swapped"}
		if _, err := tx.Update(ctx, e, string(article.(*query.Row).ID), 0, []query.Change{note}); err != nil {
			return nil, err
		}
		if i == 0 && first {
			select {
			case w.meeting <- true:
			case <-w.meeting:
			case <-time.After(patience):
			}
		}
	}
	return true, nil
}

// New makes a world of its own for a test, in memory.
func New(tb testing.TB) *World {
	tb.Helper()
	return On(tb, kittest.Memory(tb))
}

// On makes a world in an empty database.
func On(tb testing.TB, empty sqldb.Database) *World {
	tb.Helper()
	w := &World{TB: tb, meeting: make(chan bool)}
	db := &counting{Database: empty}
	w.database = db
	b := Backend()
	w.Feed = feed.Open(b.Name, empty, nil)
	tb.Cleanup(w.Feed.Close)
	engine, err := query.New(b, db, query.Options{Feed: w.Feed, Clock: &ticking{start: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC)}, Handlers: w.handlers()})
	if err != nil {
		tb.Fatal(err)
	}
	kittest.Tables(tb, db, b, nil)
	w.Engine = engine
	w.Ann.ID = w.create(kit.Viewer{}, "User", "username", "ann", "email", "ann@example.com")
	w.Bob.ID = w.create(kit.Viewer{}, "User", "username", "bob", "email", "bob@example.com")
	w.create(w.Ann, "Tag", "name", "go")
	w.create(w.Ann, "Tag", "name", "sql")
	w.Titles = []string{"Alpha", "Beta", "Gamma"}
	for _, title := range w.Titles {
		id := w.create(w.Ann, "Article", "slug", strings.ToLower(title), "title", title, "status", "OPEN", "tags", []any{"go", "sql"},
			"price", []any{kit.Decimal{}, "EUR"})
		w.create(w.Bob, "Comment", "article", string(id), "body", "nice")
		w.create(w.Ann, "Comment", "article", string(id), "body", "thanks")
	}
	w.create(w.Ann, "Article", "slug", "draft", "title", "Draft", "status", "DRAFT")
	return w
}

// Viewer reads "Authorization: Bearer ann" or "bob"; another token is refused.
func (w *World) Viewer(r *http.Request) (kit.Viewer, error) {
	switch r.Header.Get("Authorization") {
	case "":
		return kit.Viewer{}, nil
	case "Bearer ann":
		return w.Ann, nil
	case "Bearer bob":
		return w.Bob, nil
	}
	p := kit.Unauthenticated()
	p.Detail = "The token is not valid."
	return kit.Viewer{}, p
}

func (w *World) create(viewer kit.Viewer, entity string, pairs ...any) kit.ID {
	w.Helper()
	e := w.Engine.Backend().Entity(entity)
	var changes []query.Change
	for i := 0; i < len(pairs); i += 2 {
		changes = append(changes, query.Change{Field: e.Field(pairs[i].(string)), Value: pairs[i+1]})
	}
	var id kit.ID
	err := w.Engine.Write(context.Background(), viewer, func(ctx context.Context, tx *query.Tx) (err error) {
		id, err = tx.System().Create(ctx, e, changes)
		return err
	})
	if err != nil {
		var p *kit.Problem
		errors.As(err, &p)
		w.Fatalf("create %s %v: %v %+v", entity, pairs, err, p)
	}
	return id
}

// ticking is a clock on which each look is a second later.
type ticking struct {
	start time.Time
	looks atomic.Int64
}

func (c *ticking) Now() time.Time { return c.start.Add(time.Duration(c.looks.Add(1)) * time.Second) }

// Handlers are the operations of the backend, for a test that opens it in its own way. Those that swap articles need a World.
func Handlers() map[string]query.Handler { return (&World{}).handlers() }

func (w *World) handlers() map[string]query.Handler {
	return map[string]query.Handler{
		"publish": func(ctx context.Context, tx *query.Tx, args []any) (any, error) {
			e := w.Engine.Backend().Entity("Article")
			id, err := tx.Update(ctx, e, string(args[0].(*query.Row).ID), 0, []query.Change{{Field: e.Field("status"), Value: "OPEN"}})
			return string(id), err
		},
		"quote": func(_ context.Context, _ *query.Tx, args []any) (any, error) {
			in := args[0].([]any)
			if in[1] == nil {
				return nil, kit.Fail("NO_COUNTRY", "Say where to.")
			}
			return []any{in[0].(kit.Decimal).Add(in[0].(kit.Decimal)), "EUR"}, nil
		},
		"latest": func(ctx context.Context, tx *query.Tx, args []any) (any, error) {
			e := w.Engine.Backend().Entity("Article")
			list, err := tx.List(ctx, &query.Select{Entity: e, Fields: []query.Selection{{Field: e.Field("id")}}, First: int(args[0].(int64))})
			if err != nil {
				return nil, err
			}
			ids := []any{}
			for _, row := range list.Rows {
				ids = append(ids, string(row.ID))
			}
			return ids, nil
		},
		"Flag.mates": func(_ context.Context, _ *query.Tx, args []any) (any, error) { // with how many others it was worked out
			rows := args[0].([]*query.Row)
			mates := make([]any, len(rows))
			for i := range rows {
				mates[i] = int64(len(rows))
			}
			return mates, nil
		},
		"Flag.secret": func(_ context.Context, _ *query.Tx, args []any) (any, error) {
			rows := args[0].([]*query.Row)
			secrets := make([]any, len(rows))
			for i, row := range rows {
				secrets[i] = "secret " + string(row.ID)
			}
			return secrets, nil
		},
		"swap": w.swap, "swapOnce": w.swap,
		"crash":  func(context.Context, *query.Tx, []any) (any, error) { panic("a secret") },
		"broken": func(context.Context, *query.Tx, []any) (any, error) { return nil, errors.New("a secret") },
		"hidden": func(context.Context, *query.Tx, []any) (any, error) { return true, nil },
		"slow": func(ctx context.Context, _ *query.Tx, _ []any) (any, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	}
}
