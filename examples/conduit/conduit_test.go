// Package conduit_test calls conduit as its clients do, over HTTP.
package conduit_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	neturl "net/url"
	"path/filepath"
	"strings"
	"testing"

	"example.com/conduit/app"
	"example.com/conduit/conduit"
	"github.com/fettlehq/fettle/kit/grpc"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/openapitest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/server"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

type object = map[string]any

// onBoth runs a test on SQLite and on Postgres, with two people signed in.
func onBoth(t *testing.T, test func(t *testing.T, ada, alan client)) {
	run := func(database func(t *testing.T) string) func(t *testing.T) {
		return func(t *testing.T) {
			url := start(t, database(t))
			test(t, register(t, url, "ada"), register(t, url, "alan"))
		}
	}
	t.Run("sqlite", run(func(t *testing.T) string { return "sqlite:" + filepath.Join(t.TempDir(), "conduit.db") }))
	t.Run("postgres", run(func(t *testing.T) string { return kittest.Postgres(t) }))
}

// start starts conduit on a database, with settings in pairs.
func start(t *testing.T, database string, settings ...string) (url string) {
	t.Helper()
	environment := map[string]string{"DATABASE_URL": database, "LOG_LEVEL": "error", "STATEMENT_BUDGET": "25"}
	for i := 0; i < len(settings); i += 2 {
		environment[settings[i]] = settings[i+1]
	}
	t.Chdir(t.TempDir()) // where development keeps its secret and its mailbox
	service := app.New(conduit.New())
	service.Drivers = []sqldb.Driver{sqlite.Driver, postgres.Driver}
	service.GRPC = grpc.Open
	config, err := server.ReadConfig("conduit", func(name string) string { return environment[name] })
	if err != nil {
		t.Fatal(err)
	}
	srv, err := server.New(t.Context(), service, config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(openapitest.Handler(t, service.OpenAPI, srv.Handler()))
	t.Cleanup(func() {
		web.Close()
		if err := srv.Close(); err != nil {
			t.Error(err)
		}
	})
	return web.URL
}

// register makes an account, proves its address by the letter that comes, and signs in.
func register(t *testing.T, url, name string) client {
	t.Helper()
	nobody := client{t, url, ""}
	credentials := object{"email": name + "@conduit.example", "password": "correct horse battery", "username": name}
	nobody.want(http.StatusAccepted, "POST", "/auth/register", credentials)
	nobody.want(http.StatusOK, "POST", "/auth/verify", object{"token": nobody.tokenOf(credentials["email"].(string))})
	delete(credentials, "username")
	tokens := nobody.want(http.StatusOK, "POST", "/auth/sign-in", credentials)
	return client{t, url, tokens["accessToken"].(string)}
}

func TestFeedHoldsWhatFollowedPeopleWrote(t *testing.T) {
	onBoth(t, func(t *testing.T, ada, alan client) {
		alan.want(http.StatusCreated, "POST", "/v1/articles", article("on-machines"))
		ada.wantItems(0, "GET", "/v1/feed")
		for range 2 { // twice is once
			ada.want(http.StatusOK, "POST", "/v1/profiles/alan/follow", nil)
		}
		ada.wantItems(1, "GET", "/v1/feed")
		feed := ada.want(http.StatusOK, "POST", "/conduit.v1.ConduitService/Feed", object{"readMask": "slug,author.username", "includeTotal": true})
		if got, _ := json.Marshal(feed); string(got) != `{"articles":[{"author":{"username":"alan"},"slug":"on-machines"}],"totalSize":"1"}` {
			t.Errorf("the feed over Connect is %s", got)
		}
		ada.want(http.StatusOK, "DELETE", "/v1/profiles/alan/follow", nil)
		ada.wantItems(0, "GET", "/v1/feed")
		ada.want(http.StatusForbidden, "POST", "/v1/profiles/ada/follow", nil)
		client{t, ada.url, ""}.want(http.StatusUnauthorized, "GET", "/v1/feed", nil)
	})
}

func TestArticlesBelongToTheirAuthors(t *testing.T) {
	onBoth(t, func(t *testing.T, ada, alan client) {
		ada.want(http.StatusCreated, "POST", "/v1/articles", article("on-engines"))
		alan.want(http.StatusForbidden, "PATCH", "/v1/articles/on-engines", object{"title": "Mine"})
		alan.want(http.StatusForbidden, "DELETE", "/v1/articles/on-engines", nil)
		changed := ada.want(http.StatusOK, "PATCH", "/v1/articles/on-engines", object{"title": "On engines, again"})
		if changed["title"] != "On engines, again" || changed["body"] != "All of it." {
			t.Errorf("after the change: %v", changed)
		}
		alan.want(http.StatusConflict, "POST", "/v1/articles", article("on-engines"))
		ada.want(http.StatusNoContent, "DELETE", "/v1/articles/on-engines", nil)
		ada.want(http.StatusNotFound, "GET", "/v1/articles/on-engines", nil)
	})
}

func TestEqualTitlesGetDifferentAddresses(t *testing.T) {
	onBoth(t, func(t *testing.T, ada, alan client) {
		untold := article("")
		delete(untold, "slug")
		first := ada.want(http.StatusCreated, "POST", "/v1/articles", untold)
		second := alan.want(http.StatusCreated, "POST", "/v1/articles", untold)
		if first["slug"] != "on-something" || second["slug"] == first["slug"] {
			t.Errorf("slugs: %v, %v", first["slug"], second["slug"])
		}
		ada.want(http.StatusOK, "GET", "/v1/articles/"+second["slug"].(string), nil)
	})
}

func TestFavoriteAndTags(t *testing.T) {
	onBoth(t, func(t *testing.T, ada, alan client) {
		tagged := article("on-engines")
		tagged["tags"] = []string{"engines", "numbers"} // made by naming them
		ada.want(http.StatusCreated, "POST", "/v1/articles", tagged)
		other := article("on-numbers")
		other["tags"] = []string{"numbers"}
		ada.want(http.StatusCreated, "POST", "/v1/articles", other)
		for range 2 { // twice is once
			alan.want(http.StatusOK, "POST", "/v1/articles/on-engines/favorite", nil)
		}
		ada.want(http.StatusOK, "POST", "/v1/articles/on-engines/favorite", nil)
		ada.want(http.StatusOK, "DELETE", "/v1/articles/on-engines/favorite", nil)
		alan.want(http.StatusOK, "POST", "/v1/profiles/ada/follow", nil)
		for _, c := range []struct {
			client    client
			favorited bool
			followed  bool
		}{{alan, true, true}, {ada, false, false}, {client{t, ada.url, ""}, false, false}} {
			seen := c.client.want(http.StatusOK, "GET", "/v1/articles/on-engines?include=tags,author", nil)
			if seen["favoritesCount"] != 1.0 || seen["favorited"] != c.favorited {
				t.Errorf("favorites: %v, %v", seen["favoritesCount"], seen["favorited"])
			}
			if tags := seen["tags"].([]any); len(tags) != 2 {
				t.Errorf("tags: %v", tags)
			}
			if author := seen["author"].(object); author["username"] != "ada" || author["followed"] != c.followed || c.client != ada && author["email"] != nil {
				t.Errorf("the author: %v", author)
			}
		}
		if tag := alan.want(http.StatusOK, "GET", "/v1/articles/on-engines?include=tags", nil)["tags"].([]any)[0].(object); tag["uses"] != nil {
			t.Errorf("a tag in a list is counted unasked: %v", tag)
		}
		if tag := alan.want(http.StatusOK, "GET", "/v1/articles/on-engines?include=tags.uses", nil)["tags"].([]any)[0].(object); tag["uses"] == nil {
			t.Errorf("a tag in a list is not counted: %v", tag)
		}
		alan.wantItems(1, "GET", "/v1/articles?favorited=true")
		popular := alan.wantItems(2, "GET", "/v1/popular-tags?limit=5")
		if tag := popular[0].(object); tag["name"] != "numbers" || tag["uses"] != 2.0 {
			t.Errorf("the most popular tag: %v", tag)
		}
	})
}

func TestSearch(t *testing.T) {
	onBoth(t, func(t *testing.T, ada, alan client) {
		ada.want(http.StatusCreated, "POST", "/v1/articles", object{"title": "On engines", "description": "x", "body": "Brass wheels, and a mill."})
		ada.want(http.StatusCreated, "POST", "/v1/articles", object{"title": "On flowers", "description": "engines", "body": "Café gardens."})
		for words, found := range map[string]int{"engines": 1, "on": 2, "mill wheels": 1, "cafe gard*": 1, "brass flowers": 0, "%22wheels+and%22": 1} {
			alan.wantItems(found, "GET", "/v1/articles?search="+strings.ReplaceAll(words, " ", "+"))
		}
		answer := alan.want(http.StatusOK, "POST", "/graphql", object{"query": `{ articles(search: "mill") { nodes { slug } } }`})
		if got, _ := json.Marshal(answer); string(got) != `{"data":{"articles":{"nodes":[{"slug":"on-engines"}]}}}` {
			t.Errorf("got %s", got)
		}
	})
}

func TestGraphQLShowsTheSame(t *testing.T) {
	onBoth(t, func(t *testing.T, ada, alan client) {
		ada.want(http.StatusCreated, "POST", "/v1/articles", article("on-engines"))
		alan.want(http.StatusOK, "POST", "/v1/articles/on-engines/favorite", nil)
		alan.want(http.StatusOK, "POST", "/v1/profiles/ada/follow", nil)
		answer := alan.want(http.StatusOK, "POST", "/graphql", object{"query": `{
			feed(first: 5, order: [favoritesCount_DESC], where: {favorited: {eq: true}}) {
				totalCount
				nodes { slug favoritesCount favorited author { followed followers { nodes { username } } } fans { totalCount } }
			}
		}`})
		const want = `{"data":{"feed":{"nodes":[{"author":{"followed":true,"followers":{"nodes":[{"username":"alan"}]}},"fans":{"totalCount":1},"favorited":true,"favoritesCount":1,"slug":"on-engines"}],"totalCount":1}}}`
		if got, _ := json.Marshal(answer); string(got) != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
	})
}

func article(slug string) object {
	return object{"slug": slug, "title": "On something", "description": "Thoughts.", "body": "All of it."}
}

// client calls conduit with a token, or without.
type client struct {
	t     *testing.T
	url   string
	token string
}

// tokenOf is the token in the last letter to an address.
func (c client) tokenOf(address string) (token string) {
	c.t.Helper()
	for _, letter := range c.want(http.StatusOK, "GET", "/dev/mail", nil)["items"].([]any) {
		if letter := letter.(object); letter["to"] == address {
			link, err := neturl.Parse(letter["links"].([]any)[0].(string))
			if err != nil {
				c.t.Fatal(err)
			}
			token = link.Query().Get("token")
		}
	}
	return token
}

func (c client) wantItems(n int, method, path string) []any {
	c.t.Helper()
	answer := c.want(http.StatusOK, method, path, nil)
	items, _ := answer["items"].([]any)
	if len(items) != n {
		c.t.Fatalf("%s %s: want %d items, got %v", method, path, n, answer)
	}
	return items
}

func (c client) want(status int, method, path string, body object) object {
	c.t.Helper()
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			c.t.Fatal(err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, c.url+path, content)
	if err != nil {
		c.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if method == "PATCH" {
		r.Header.Set("Content-Type", "application/merge-patch+json")
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	if response.StatusCode != status {
		c.t.Fatalf("%s %s: want %d, got %d: %s", method, path, status, response.StatusCode, text)
	}
	var answer object
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			var list []any
			if json.Unmarshal(text, &list) == nil {
				return object{"items": list}
			}
			c.t.Fatalf("%s %s: %v: %s", method, path, err, text)
		}
	}
	return answer
}
