package graphql_test

import (
	"encoding/json"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/internal/doortest"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// onEach runs a test on each kind of database.
func onEach(t *testing.T, test func(c *client)) {
	for _, d := range []struct {
		name   string
		driver sqldb.Driver
		url    func(testing.TB) string
	}{{"sqlite", sqlite.Driver, kittest.SQLite}, {"postgres", postgres.Driver, kittest.Postgres}} {
		t.Run(d.name, func(t *testing.T) {
			w := doortest.On(t, kittest.Open(t, d.driver, d.url(t)))
			test(&client{T: t, world: w, handler: graphql.New(w.Engine, doortest.SDL, graphql.Options{Viewer: w.Viewer})})
		})
	}
}

// mutate runs a document as Ann under a key.
func (c *client) mutate(key, document string, headers ...string) *httptest.ResponseRecorder {
	body, _ := json.Marshal(map[string]any{"query": document})
	return c.post(string(body), append([]string{"Authorization", "Bearer ann", "Idempotency-Key", key}, headers...)...)
}

// One key is for a whole document: it is done once, and all of it or nothing.
func TestRepeatedMutations(t *testing.T) {
	onEach(t, func(c *client) {
		both := `mutation { a: createTag(input: {name: "a"}) { id name } b: createTag(input: {name: "b"}) { id name } }`
		first := c.mutate("k", both)
		again := c.mutate("k", both, "Accept", "application/graphql-response+json")
		if first.Body.String() != again.Body.String() || !strings.Contains(first.Body.String(), `"name":"b"`) {
			t.Errorf("answers are %s and %s", first.Body, again.Body)
		}
		if first.Header().Get("Idempotency-Replayed") != "" || again.Header().Get("Idempotency-Replayed") != "true" || again.Code != 200 {
			t.Errorf("headers are %v and %v", first.Header(), again.Header())
		}
		reused := c.mutate("k", `mutation { createTag(input: {name: "c"}) { name } }`)
		if reused.Code != 422 || !strings.Contains(reused.Body.String(), `"code":"IDEMPOTENCY_KEY_REUSED"`) {
			t.Errorf("a reused key: %d %s", reused.Code, reused.Body)
		}
		if w := c.mutate("k k", both); w.Code != 400 || !strings.Contains(w.Body.String(), `"code":"MALFORMED"`) {
			t.Errorf("no key: %d %s", w.Code, w.Body)
		}

		taken := c.mutate("t", `mutation { c: createTag(input: {name: "c"}) { name } a: createTag(input: {name: "a"}) { name } }`)
		want := `{"errors":[{"message":"There is such a tag already.","locations":[{"line":1,"column":54}],"path":["a"],` +
			`"extensions":{"code":"CONFLICT","status":409,"errors":[{"field":"name","code":"TAKEN","detail":"This is taken."}]}}],"data":null}`
		if taken.Body.String() != want || taken.Code != 200 {
			t.Errorf("answer is %s\nwant %s", taken.Body, want)
		}
		c.want("ann", `{ tags(where: {name: {in: ["a", "b", "c"]}}) { totalCount } }`, "{}", `{"data":{"tags":{"totalCount":2}}}`)
		if w := c.mutate("t", `mutation { createTag(input: {name: "c"}) { name } }`); w.Body.String() != `{"data":{"createTag":{"name":"c"}}}` {
			t.Errorf("what failed was kept: %s", w.Body)
		}
		// A query is read anew.
		for range 2 {
			if w := c.mutate("q", `{ tags { totalCount } }`); w.Code != 200 || w.Header().Get("Idempotency-Replayed") != "" {
				t.Errorf("a query: %d %s", w.Code, w.Body)
			}
		}
	})
}

func TestRepeatedMutationsAtTheSameTime(t *testing.T) {
	onEach(t, func(c *client) {
		answers := make([]string, 6)
		var wait sync.WaitGroup
		for i := range answers {
			wait.Go(func() {
				answers[i] = c.mutate("k", `mutation { createTag(input: {name: "race"}) { id } }`).Body.String()
			})
		}
		wait.Wait()
		for _, a := range answers {
			if a != answers[0] || !strings.Contains(a, `"id"`) {
				t.Errorf("answers are %q", answers)
			}
		}
	})
}

// What is generated is run again after a collision, with a key and without; an operation that does not say that it may
// be is not, nor is a document that holds one.
func TestMutationsAfterCollisions(t *testing.T) {
	onEach(t, func(c *client) {
		const unavailable = `"code":"UNAVAILABLE"`
		for i, test := range []struct {
			collisions int
			document   string
			want       string
		}{
			{3, `mutation { createTag(input: {name: "NAME"}) { name } }`, `{"data":{"createTag":{"name":"NAME"}}}`},
			{4, `mutation { createTag(input: {name: "NAME"}) { name } }`, unavailable},
			{1, `mutation { publish(article: "draft") { title } }`, unavailable},
			{1, `mutation { createTag(input: {name: "NAME"}) { name } deleteArticle(id: "draft", version: 9) }`, `"code":"STALE"`},
		} {
			for _, key := range []string{"", "key" + strconv.Itoa(i)} {
				name := "tag" + strconv.Itoa(i) + key
				document, want := strings.ReplaceAll(test.document, "NAME", name), strings.ReplaceAll(test.want, "NAME", name)
				headers := []string{"Authorization", "Bearer ann"}
				if key != "" {
					headers = append(headers, "Idempotency-Key", key)
				}
				body, _ := json.Marshal(map[string]any{"query": document})
				c.world.Collide(test.collisions)
				if got := c.post(string(body), headers...).Body.String(); !strings.Contains(got, want) {
					c.Errorf("%s after %d collisions: %s, want %s", document, test.collisions, got, want)
				}
				c.world.Collide(0)
			}
		}
		c.world.Collide(1)
		mixed := `mutation { createTag(input: {name: "mixed"}) { name } publish(article: "draft") { title } }`
		if got := c.mutate("mixed", mixed).Body.String(); !strings.Contains(got, unavailable) {
			c.Errorf("a document with an operation that is not run again: %s", got)
		}
	})
}
