package rest_test

import (
	"strings"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/kit/internal/doortest"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/rest"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// databases are empty ones of each kind.
var databases = []struct {
	name string
	open func(testing.TB) sqldb.Database
}{
	{"sqlite", func(tb testing.TB) sqldb.Database { return kittest.Open(tb, sqlite.Driver, kittest.SQLite(tb)) }},
	{"postgres", func(tb testing.TB) sqldb.Database { return kittest.Open(tb, postgres.Driver, kittest.Postgres(tb)) }},
}

// onEach runs a test on each kind of database.
func onEach(t *testing.T, test func(c *client)) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			w := doortest.On(t, d.open(t))
			test(&client{T: t, world: w, handler: rest.New(w.Engine, rest.Options{Viewer: w.Viewer, MaxBody: 10_000})})
		})
	}
}

func keyed(who []string, key string, rest ...string) []string {
	return as(who, append([]string{"Idempotency-Key", key}, rest...)...)
}

// A request that comes again is answered as it was, with the header fields that matter, and done once.
func TestRepeatedRequests(t *testing.T) {
	onEach(t, func(c *client) {
		body := `{"title":"Once","price":{"amount":"1","currency":"EUR"}}`
		first := c.want(201, "POST", "/v1/articles?include=tags", body, keyed(ann, "a")...)
		again := c.want(201, "POST", "/v1/articles?include=tags", body, keyed(ann, "a")...)
		if again.Header().Get("Idempotency-Replayed") != "true" || first.Header().Get("Idempotency-Replayed") != "" {
			c.Errorf("replayed is %q, of the first %q", again.Header().Get("Idempotency-Replayed"), first.Header().Get("Idempotency-Replayed"))
		}
		for _, name := range []string{"Location", "ETag", "Content-Type", "Cache-Control"} {
			if first.Header().Get(name) != again.Header().Get(name) || first.Header().Get(name) == "" {
				c.Errorf("%s is %q, was %q", name, again.Header().Get(name), first.Header().Get(name))
			}
		}
		if first.Body.String() != again.Body.String() {
			c.Errorf("body is %s, was %s", again.Body, first.Body)
		}
		c.want(422, "POST", "/v1/articles", body, keyed(ann, "a", "--", `"code":"IDEMPOTENCY_KEY_REUSED"`)...)
		c.want(422, "POST", "/v1/articles?include=tags", body+" ", keyed(ann, "a", "--", `"code":"IDEMPOTENCY_KEY_REUSED"`)...)
		c.want(400, "POST", "/v1/articles", body, keyed(ann, "a b", "--", `"code":"MALFORMED"`)...)
		c.want(200, "GET", "/v1/articles/once?include=tags", "", keyed(ann, "a b", "--", `"title":"Once"`)...)

		c.want(422, "POST", "/v1/articles", `{"title":""}`, keyed(ann, "b", "--", `"code":"INVALID"`)...)
		c.want(201, "POST", "/v1/articles", `{"title":"Now right"}`, keyed(ann, "b")...) // what failed was not kept

		c.want(200, "POST", "/v1/quote", `{"amount":"2","country":"DE"}`, keyed(nil, "q", "--", `"amount":"4"`)...)
		w := c.want(200, "POST", "/v1/quote", `{"amount":"2","country":"DE"}`, keyed(nil, "q", "--", `"amount":"4"`)...)
		if w.Header().Get("Idempotency-Replayed") != "true" {
			c.Error("an operation is not answered again")
		}
		c.want(200, "POST", "/v1/quote", `{"amount":"3","country":"DE"}`, keyed(nil, "q", "--", `"amount":"6"`)...) // somebody else, perhaps
		batch := `{"requests":[{"method":"POST","path":"/v1/tags","body":{"name":"one"}},{"method":"POST","path":"/v1/tags","body":{"name":"two"}}]}`
		for _, replayed := range []string{"", "true"} {
			w := c.want(200, "POST", "/v1/batch", batch, keyed(ann, "batch", "--", `"name":"two"`)...)
			if got := w.Header().Get("Idempotency-Replayed"); got != replayed {
				c.Errorf("replayed is %q of a batch, want %q", got, replayed)
			}
		}
		c.want(413, "POST", "/v1/articles", `{"title":"`+strings.Repeat("x", 20_000)+`"}`, keyed(ann, "c")...)
	})
}

// Changes and deletions are done once under a key as well, whatever the version has become.
func TestRepeatedChanges(t *testing.T) {
	onEach(t, func(c *client) {
		c.want(201, "POST", "/v1/articles", `{"title":"Once"}`, ann...)
		first := c.want(200, "PATCH", "/v1/articles/once", `{"title":"Changed"}`, keyed(ann, "a")...)
		again := c.want(200, "PATCH", "/v1/articles/once", `{"title":"Changed"}`, keyed(ann, "a", "If-Match", `"1"`)...)
		if again.Header().Get("ETag") != first.Header().Get("ETag") || again.Header().Get("Idempotency-Replayed") != "true" {
			c.Errorf("ETag is %s, was %s; replayed %q", again.Header().Get("ETag"), first.Header().Get("ETag"), again.Header().Get("Idempotency-Replayed"))
		}
		c.want(422, "PATCH", "/v1/articles/once", `{"title":"Another"}`, keyed(ann, "a", "--", `"code":"IDEMPOTENCY_KEY_REUSED"`)...)
		// The same text as another type is another request: a merge patch goes into JSON fields.
		c.want(422, "PATCH", "/v1/articles/once", `{"title":"Changed"}`, keyed(ann, "a", "Content-Type", "application/merge-patch+json", "--", `"code":"IDEMPOTENCY_KEY_REUSED"`)...)
		c.want(200, "PATCH", "/v1/articles/once", `{"title":"Changed"}`, keyed(ann, "m", "Content-Type", "application/merge-patch+json")...)
		c.want(422, "PATCH", "/v1/articles/once", `{"title":"Changed"}`, keyed(ann, "m", "--", `"code":"IDEMPOTENCY_KEY_REUSED"`)...)
		merged := c.want(200, "PATCH", "/v1/articles/once", `{"title":"Changed"}`, keyed(ann, "m", "Content-Type", "Application/merge-patch+json; charset=utf-8")...)
		if merged.Header().Get("Idempotency-Replayed") != "true" {
			c.Error("a merge patch that comes again is not answered again")
		}
		for _, replayed := range []string{"", "true"} {
			w := c.want(204, "DELETE", "/v1/articles/once", "", keyed(ann, "b")...)
			if got := w.Header().Get("Idempotency-Replayed"); got != replayed || w.Body.Len() > 0 {
				c.Errorf("replayed is %q of a deletion, want %q; body %q", got, replayed, w.Body)
			}
		}
		c.want(404, "DELETE", "/v1/articles/once", "", keyed(ann, "c")...)
	})
}

// Of requests at the same time one writes, and all tell the same row.
func TestRepeatedAtTheSameTime(t *testing.T) {
	onEach(t, func(c *client) {
		var wait sync.WaitGroup
		locations := make([]string, 8)
		for i := range locations {
			wait.Go(func() {
				w := c.call("POST", "/v1/articles", `{"title":"Race"}`, keyed(ann, "race")...)
				locations[i] = w.Header().Get("Location")
			})
		}
		wait.Wait()
		for _, l := range locations {
			if l != "/v1/articles/race" {
				c.Errorf("locations are %q", locations)
			}
		}
	})
}
