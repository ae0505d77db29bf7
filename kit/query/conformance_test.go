package query_test

import (
	"fmt"
	"testing"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// The suite runs the same on every database.
func TestConformance(t *testing.T) {
	databases := []struct {
		name string
		open func(t *testing.T) sqldb.Database
	}{
		{"sqlite", func(t *testing.T) sqldb.Database { return kittest.Open(t, sqlite.Driver, kittest.SQLite(t)) }},
		{"postgres", func(t *testing.T) sqldb.Database { return kittest.Open(t, postgres.Driver, kittest.Postgres(t)) }},
		{"memory", func(t *testing.T) sqldb.Database { return kittest.Memory(t) }},
	}
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) { c.run(newWorld(t, d.open(t))) })
			}
		})
	}
}

var cases = []struct {
	name string
	run  func(w *world)
}{
	{"policies hide rows", testPolicies},
}

func testPolicies(w *world) {
	draft := w.create(w.ann, false, "Article", "title", "Draft of Ann")
	public := w.create(w.ann, false, "Article", "title", "Hello, World!", "status", "PUBLISHED")
	s := w.sel("Article", "slug", nest{"author", w.sel("User", "name", "email")})
	w.wantRows(w.ann, s, "[[hello-world [ann ann@example.com]] [draft-of-ann [ann ann@example.com]]]")
	w.wantRows(w.bob, s, "[[hello-world [ann <nil>]]]")
	w.wantRows(kit.Viewer{}, s, "[[hello-world [ann <nil>]]]")
	_, err := w.get(w.bob, s, draft)
	w.want(err, "NOT_FOUND")
	for _, key := range []any{public, "hello-world"} {
		if _, err := w.get(w.bob, s, key); err != nil {
			w.Error(err)
		}
	}
}

func (w *world) wantRows(v kit.Viewer, s *query.Select, want string) {
	w.Helper()
	if got := rowsText(w.list(v, s).Rows); got != want {
		w.Errorf("got  %s\nwant %s", got, want)
	}
}

func rowsText(rows []*query.Row) string {
	var all []any
	for _, r := range rows {
		all = append(all, rowText(r))
	}
	return fmt.Sprint(all)
}

func rowText(r *query.Row) any {
	if r == nil {
		return nil
	}
	values := make([]any, len(r.Values))
	for i, v := range r.Values {
		switch v := v.(type) {
		case *query.Row:
			values[i] = rowText(v)
		case *query.List:
			values[i] = rowsText(v.Rows)
		default:
			values[i] = v
		}
	}
	return values
}
