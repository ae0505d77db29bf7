package realworld_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"example.com/conduit/app"
	"example.com/conduit/conduit"
	"example.com/conduit/realworld"
	"github.com/fettlehq/fettle/kit/kittest"
	"github.com/fettlehq/fettle/kit/openapitest"
	"github.com/fettlehq/fettle/kit/postgres"
	"github.com/fettlehq/fettle/kit/server"
	"github.com/fettlehq/fettle/kit/sqldb"
	"github.com/fettlehq/fettle/kit/sqlite"
)

// client speaks the contract.
type client struct {
	*testing.T
	url   string
	token string
}

// onBoth runs a test on SQLite and on Postgres, as a client who is not signed in.
func onBoth(t *testing.T, test func(c client)) {
	t.Run("sqlite", func(t *testing.T) {
		test(client{t, start(t, "sqlite:"+filepath.Join(t.TempDir(), "conduit.db")), ""})
	})
	t.Run("postgres", func(t *testing.T) { test(client{t, start(t, kittest.Postgres(t)), ""}) })
}

func start(t *testing.T, database string) string {
	t.Helper()
	t.Chdir(t.TempDir()) // where development keeps its secret and its mailbox
	service := app.New(conduit.New())
	service.Drivers = []sqldb.Driver{sqlite.Driver, postgres.Driver}
	service.Mount = realworld.Mount
	config, err := server.ReadConfig("conduit", func(name string) string {
		return map[string]string{"DATABASE_URL": database, "LOG_LEVEL": "error", "STATEMENT_BUDGET": "25"}[name]
	})
	if err != nil {
		t.Fatal(err)
	}
	s, err := server.New(t.Context(), service, config)
	if err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(openapitest.Handler(t, service.OpenAPI, s.Handler()))
	t.Cleanup(func() {
		web.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return web.URL
}

// ask sends a request and returns the answer as JSON, with its status before it.
func (c client) ask(method, path, body string) string {
	c.Helper()
	r, err := http.NewRequest(method, c.url+"/api"+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	if c.token != "" {
		r.Header.Set("Authorization", "Token "+c.token)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		c.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		c.Fatal(err)
	}
	return fmt.Sprint(answer.StatusCode, " ", string(bytes.TrimSpace(text)))
}

func (c client) want(want, method, path, body string) {
	c.Helper()
	if got := strings.TrimSpace(c.ask(method, path, body)); got != want {
		c.Errorf("%s %s %s:\ngot  %s\nwant %s", method, path, body, got, want)
	}
}

// get is a value of an answer: "article.author.username", "articles.0.slug".
func (c client) get(path, method, url, body string) any {
	c.Helper()
	_, text, _ := strings.Cut(c.ask(method, url, body), " ")
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		c.Fatalf("%s %s: %v: %s", method, url, err, text)
	}
	for step := range strings.FieldsFuncSeq(path, func(r rune) bool { return r == '.' }) {
		switch at := value.(type) {
		case map[string]any:
			value = at[step]
		case []any:
			i := 0
			if fmt.Sscan(step, &i); i >= len(at) {
				c.Fatalf("%s %s: no %s in %s", method, url, path, text)
			}
			value = at[i]
		}
	}
	return value
}

// register makes an account, which is signed in at once.
func (c client) register(name string) client {
	c.Helper()
	token, _ := c.get("user.token", "POST", "/users", fmt.Sprintf(`{"user":{"username":%q,"email":"%s@example.com","password":"password123"}}`, name, name)).(string)
	if token == "" {
		c.Fatal("no token for", name)
	}
	return client{c.T, c.url, token}
}

func TestUsers(t *testing.T) {
	onBoth(t, func(c client) {
		ada := c.register("ada")
		const user = `{"user":{"email":"ada@example.com","token":"%s","username":"ada","bio":%s,"image":%s}}`
		ada.want("200 "+fmt.Sprintf(user, ada.token, "null", "null"), "GET", "/user", "")
		c.want(`422 {"errors":{"email":["can't be blank"],"password":["can't be blank"],"username":["can't be blank"]}}`, "POST", "/users", `{"user":{"username":"","email":" "}}`)
		c.want(`422 {"errors":{"password":["is too short"]}}`, "POST", "/users", `{"user":{"username":"x","email":"x@example.com","password":"short"}}`)
		c.want(`422 {"errors":{"email":["is invalid"]}}`, "POST", "/users", `{"user":{"username":"x","email":"x","password":"password123"}}`)
		c.want(`409 {"errors":{"email":["has already been taken"]}}`, "POST", "/users", `{"user":{"username":"x","email":"ADA@example.com","password":"password123"}}`)
		c.want(`409 {"errors":{"username":["has already been taken"]}}`, "POST", "/users", `{"user":{"username":"Ada","email":"x@example.com","password":"password123"}}`)
		c.want(`401 {"errors":{"credentials":["invalid"]}}`, "POST", "/users/login", `{"user":{"email":"ada@example.com","password":"wrong password"}}`)
		c.want(`422 {"errors":{"password":["can't be blank"]}}`, "POST", "/users/login", `{"user":{"email":"ada@example.com","password":""}}`)
		c.want(`401 {"errors":{"token":["is missing"]}}`, "GET", "/user", "")
		c.want(`401 {"errors":{"token":["is missing"]}}`, "PUT", "/user", `{"user":{"bio":"x"}}`)
		client{t, c.url, "nonsense"}.want(`401 {"errors":{"token":["is invalid"]}}`, "GET", "/user", "")

		ada.want("200 "+fmt.Sprintf(user, ada.token, `"Engines."`, `"https://example.com/a.png"`), "PUT", "/user", `{"user":{"bio":"Engines.","image":"https://example.com/a.png"}}`)
		ada.want("200 "+fmt.Sprintf(user, ada.token, `"Engines."`, "null"), "PUT", "/user", `{"user":{"image":""}}`)
		ada.want("200 "+fmt.Sprintf(user, ada.token, "null", "null"), "PUT", "/user", `{"user":{"bio":null}}`)
		for _, body := range []string{`{"user":{"email":""}}`, `{"user":{"email":null}}`} {
			ada.want(`422 {"errors":{"email":["can't be blank"]}}`, "PUT", "/user", body)
		}
		ada.want(`422 {"errors":{"username":["can't be blank"]}}`, "PUT", "/user", `{"user":{"username":null}}`)
		c.register("alan")
		ada.want(`409 {"errors":{"email":["has already been taken"]}}`, "PUT", "/user", `{"user":{"email":"alan@example.com","bio":"never kept"}}`)
		ada.want(`409 {"errors":{"username":["has already been taken"]}}`, "PUT", "/user", `{"user":{"username":"alan"}}`)
		ada.want("200 "+fmt.Sprintf(user, ada.token, "null", "null"), "GET", "/user", "")
		if name := ada.get("user.username", "PUT", "/user", `{"user":{"username":"countess","email":"Countess@example.com","password":"another password"}}`); name != "countess" {
			t.Error(name)
		}
		if email := c.get("user.email", "POST", "/users/login", `{"user":{"email":"countess@example.com","password":"another password"}}`); email != "countess@example.com" {
			t.Error(email)
		}
		c.want(`400 {"errors":{"body":["is no JSON"]}}`, "POST", "/users", `{"user":`)
		c.want(`422 {"errors":{"username":["is invalid"]}}`, "POST", "/users", `{"user":{"username":5,"email":"y@example.com","password":"password123"}}`)
	})
}

func TestProfiles(t *testing.T) {
	onBoth(t, func(c client) {
		ada, alan := c.register("ada"), c.register("alan")
		const profile = `200 {"profile":{"username":"alan","bio":null,"image":null,"following":%t}}`
		c.want(fmt.Sprintf(profile, false), "GET", "/profiles/alan", "")
		for range 2 {
			ada.want(fmt.Sprintf(profile, true), "POST", "/profiles/alan/follow", "")
		}
		ada.want(fmt.Sprintf(profile, true), "GET", "/profiles/alan", "")
		alan.want(fmt.Sprintf(profile, false), "GET", "/profiles/alan", "")
		ada.want(fmt.Sprintf(profile, false), "DELETE", "/profiles/alan/follow", "")
		ada.want(`422 {"errors":{"profile":["is invalid"]}}`, "POST", "/profiles/ada/follow", "")
		ada.want(`404 {"errors":{"profile":["not found"]}}`, "POST", "/profiles/nobody/follow", "")
		c.want(`404 {"errors":{"profile":["not found"]}}`, "GET", "/profiles/nobody", "")
		c.want(`401 {"errors":{"token":["is missing"]}}`, "POST", "/profiles/nobody/follow", "")
	})
}

// Who likes or follows several times at once likes and follows once.
func TestAtOnce(t *testing.T) {
	onBoth(t, func(c client) {
		ada, alan := c.register("ada"), c.register("alan")
		slug := fmt.Sprint(ada.get("article.slug", "POST", "/articles", article("On engines", `[]`)))
		favorite := "/articles/" + slug + "/favorite"
		for _, several := range [][]string{{"POST " + favorite}, {"POST /profiles/ada/follow"}, {"POST " + favorite, "DELETE " + favorite}, {"POST /profiles/ada/follow", "DELETE /profiles/ada/follow"}} {
			for range 3 {
				var wait sync.WaitGroup
				for i := range 16 {
					method, path, _ := strings.Cut(several[i%len(several)], " ")
					wait.Go(func() {
						if got := alan.ask(method, path, ""); !strings.HasPrefix(got, "200 ") {
							t.Errorf("%s %s: %s", method, path, got)
						}
					})
				}
				wait.Wait()
			}
		}
		alan.ask("POST", favorite, "")
		if n := alan.get("article.favoritesCount", "GET", "/articles/"+slug, ""); n != 1.0 {
			t.Errorf("%v people like it", n)
		}
	})
}

// The slug follows the title: one that is taken gets a suffix, and so does one that is a route; a title of the same slug keeps it.
func TestSlugFollowsTitle(t *testing.T) {
	onBoth(t, func(c client) {
		ada, alan := c.register("ada"), c.register("alan")
		slug := ada.write("First", "[]")
		rename := func(to string) string {
			was := slug
			slug = fmt.Sprint(ada.get("article.slug", "PUT", "/articles/"+slug, `{"article":{"title":"`+to+`"}}`))
			if slug != was {
				c.want(`404 {"errors":{"article":["not found"]}}`, "GET", "/articles/"+was, "")
			}
			if title := c.get("article.title", "GET", "/articles/"+slug, ""); title != to {
				t.Errorf("%s is %v, want %s", slug, title, to)
			}
			return slug
		}
		alan.write("Taken", "[]")
		for _, c := range []struct{ title, want string }{
			{"Second thoughts", "second-thoughts"},
			{"Second, thoughts!", "second-thoughts"},
			{"Taken", "taken-*"},
			{"TAKEN", "taken-*"},
			{"Feed", "feed-*"},
			{"!", "*"},
			{"01890A5D-AC96-774B-BCCE-B302099A8057", "01890a5d-ac96-774b-bcce-b302099a8057-*"},
			{"Second thoughts", "second-thoughts"},
		} {
			before := slug
			got := rename(c.title)
			if start, suffix := strings.CutSuffix(c.want, "*"); suffix && !(strings.HasPrefix(got, start) && len(got) == len(start)+7) || !suffix && got != c.want {
				t.Errorf("%s has the slug %s, want %s", c.title, got, c.want)
			}
			if c.title == "TAKEN" && got != before {
				t.Errorf("%s became %s of the same title", before, got)
			}
		}
		if feed := ada.write("Feed", "[]"); !strings.HasPrefix(feed, "feed-") {
			t.Errorf("an article that nobody can read: %s", feed)
		}
		alan.want(`403 {"errors":{"article":["forbidden"]}}`, "PUT", "/articles/"+slug, `{"article":{"title":"Mine"}}`)
	})
}

func TestArticles(t *testing.T) {
	onBoth(t, func(c client) {
		ada, alan := c.register("ada"), c.register("alan")
		const draft = `{"article":{"title":"On engines","description":"Thoughts.","body":"All of it.","tagList":["machines","dragons"]}}`
		c.want(`401 {"errors":{"token":["is missing"]}}`, "POST", "/articles", draft)
		slug, _ := ada.get("article.slug", "POST", "/articles", draft).(string)
		second, _ := alan.get("article.slug", "POST", "/articles", strings.Replace(draft, `"dragons"`, `"numbers"`, 1)).(string)
		if slug != "on-engines" || second == slug || !strings.HasPrefix(second, "on-engines-") {
			t.Errorf("slugs %q and %q", slug, second)
		}
		ada.want(`422 {"errors":{"body":["can't be blank"],"description":["can't be blank"],"title":["can't be blank"]}}`, "POST", "/articles", `{"article":{"title":""}}`)
		alan.want(`404 {"errors":{"article":["not found"]}}`, "POST", "/articles/nothing/favorite", "")
		for range 2 {
			if n := alan.get("article.favoritesCount", "POST", "/articles/on-engines/favorite", ""); n != 1.0 {
				t.Error("favorites:", n)
			}
		}
		alan.ask("POST", "/profiles/ada/follow", "")

		seen := alan.ask("GET", "/articles/on-engines", "")
		for _, part := range []string{
			`"body":"All of it."`, `"tagList":["dragons","machines"]`, `"favorited":true,"favoritesCount":1`,
			`"author":{"username":"ada","bio":null,"image":null,"following":true}`, `"createdAt":"20`,
		} {
			if !strings.Contains(seen, part) {
				t.Errorf("no %s in %s", part, seen)
			}
		}
		for _, q := range []struct {
			client client
			path   string
			want   string
		}{
			{c, "", second + " on-engines of 2"},
			{c, "?limit=1", second + " of 2"},
			{c, "?limit=1&offset=1", "on-engines of 2"},
			{c, "?offset=5", "of 2"},
			{c, "?author=ada", "on-engines of 1"},
			{c, "?author=nobody", "of 0"},
			{c, "?tag=machines", second + " on-engines of 2"},
			{c, "?tag=dragons", "on-engines of 1"},
			{c, "?favorited=alan", "on-engines of 1"},
			{c, "?favorited=ada", "of 0"},
			{c, "?favorited=alan&tag=numbers", "of 0"},
			{alan, "/feed", "on-engines of 1"},
			{ada, "/feed", "of 0"},
		} {
			if got := q.client.list(q.path); got != q.want {
				t.Errorf("articles%s: got %s, want %s", q.path, got, q.want)
			}
		}
		if text := c.ask("GET", "/articles", ""); strings.Contains(text, `"body"`) {
			t.Error("a list shows bodies")
		}
		c.want(`422 {"errors":{"limit":["is invalid"]}}`, "GET", "/articles?limit=x", "")
		c.want(`401 {"errors":{"token":["is missing"]}}`, "GET", "/articles/feed", "")
		if n := alan.get("article.favoritesCount", "DELETE", "/articles/on-engines/favorite", ""); n != 0.0 {
			t.Error("favorites:", n)
		}

		alan.want(`403 {"errors":{"article":["forbidden"]}}`, "PUT", "/articles/on-engines", `{"article":{"body":"Mine."}}`)
		alan.want(`403 {"errors":{"article":["forbidden"]}}`, "DELETE", "/articles/on-engines", "")
		ada.want(`422 {"errors":{"title":["can't be blank"]}}`, "PUT", "/articles/on-engines", `{"article":{"title":""}}`)
		ada.want(`422 {"errors":{"tagList":["can't be blank"]}}`, "PUT", "/articles/on-engines", `{"article":{"tagList":null}}`)
		if tags := fmt.Sprint(ada.get("article.tagList", "PUT", "/articles/on-engines", `{"article":{"body":"More."}}`)); tags != "[dragons machines]" {
			t.Error("tags after an update without them:", tags)
		}
		if tags := fmt.Sprint(ada.get("article.tagList", "PUT", "/articles/on-engines", `{"article":{"tagList":[]}}`)); tags != "[]" {
			t.Error("tags after they were cleared:", tags)
		}
		c.want(`200 {"tags":["machines","numbers"]}`, "GET", "/tags", "")
		ada.want("204", "DELETE", "/articles/on-engines", "")
		ada.want(`404 {"errors":{"article":["not found"]}}`, "GET", "/articles/on-engines", "")
		ada.want(`404 {"errors":{"article":["not found"]}}`, "DELETE", "/articles/on-engines", "")
	})
}

// list is the slugs of a list, and how many there are.
func (c client) list(path string) string {
	c.Helper()
	_, text, _ := strings.Cut(c.ask("GET", "/articles"+path, ""), " ")
	var page struct {
		Articles []struct{ Slug string }
		Count    int `json:"articlesCount"`
	}
	if err := json.Unmarshal([]byte(text), &page); err != nil {
		c.Fatal(err, text)
	}
	slugs := ""
	for _, a := range page.Articles {
		slugs += a.Slug + " "
	}
	return fmt.Sprint(slugs, "of ", page.Count)
}

func TestComments(t *testing.T) {
	onBoth(t, func(c client) {
		ada, alan := c.register("ada"), c.register("alan")
		ada.ask("POST", "/articles", `{"article":{"title":"On engines","description":"Thoughts.","body":"All of it."}}`)
		ada.ask("POST", "/articles", `{"article":{"title":"Other","description":"Thoughts.","body":"All of it."}}`)
		n, _ := alan.get("comment.id", "POST", "/articles/on-engines/comments", `{"comment":{"body":"I see."}}`).(float64)
		if n != math.Trunc(n) || n < 1 || n >= 1<<53 {
			t.Errorf("comment.id is %v, want an integer that JSON numbers hold", n)
		}
		id := strconv.FormatInt(int64(n), 10)
		c.want(`401 {"errors":{"token":["is missing"]}}`, "POST", "/articles/on-engines/comments", `{"comment":{"body":"x"}}`)
		alan.want(`422 {"errors":{"body":["can't be blank"]}}`, "POST", "/articles/on-engines/comments", `{"comment":{"body":""}}`)
		alan.want(`404 {"errors":{"article":["not found"]}}`, "POST", "/articles/nothing/comments", `{"comment":{"body":"x"}}`)
		if name := c.get("comments.0.author.username", "GET", "/articles/on-engines/comments", ""); name != "alan" {
			t.Error(name)
		}
		ada.want(`403 {"errors":{"comment":["forbidden"]}}`, "DELETE", "/articles/on-engines/comments/"+id, "")
		alan.want(`404 {"errors":{"comment":["not found"]}}`, "DELETE", "/articles/other/comments/"+id, "")
		alan.want(`404 {"errors":{"comment":["not found"]}}`, "DELETE", "/articles/on-engines/comments/99999", "")
		alan.want(`404 {"errors":{"comment":["not found"]}}`, "DELETE", "/articles/on-engines/comments/-1", "")
		alan.want("204", "DELETE", "/articles/on-engines/comments/"+id, "")
		c.want(`200 {"comments":[]}`, "GET", "/articles/on-engines/comments", "")
		c.want(`404 {"errors":{"article":["not found"]}}`, "GET", "/articles/nothing/comments", "")
	})
}

// Who deletes an article while others comment on it and like it does so once, and whoever is too late is told that it is gone.
func TestDeletedWhileWritten(t *testing.T) {
	onBoth(t, func(c client) {
		ann := c.register("ann")
		for range 3 {
			slug := ann.write("Busy", "[]")
			answers := make(chan string)
			var asked sync.WaitGroup
			for i := range 24 {
				asked.Go(func() {
					switch i % 4 {
					case 0:
						answers <- ann.ask("DELETE", "/articles/"+slug, "")
					case 1:
						answers <- "favorite " + ann.ask("POST", "/articles/"+slug+"/favorite", "")[:3]
					default:
						answers <- "comment " + ann.ask("POST", "/articles/"+slug+"/comments", `{"comment":{"body":"x"}}`)[:3]
					}
				})
			}
			go func() { asked.Wait(); close(answers) }()
			deleted := map[string]int{}
			for a := range answers {
				deleted[a]++
			}
			if deleted["204 "] != 1 || deleted[`404 {"errors":{"article":["not found"]}}`] != 5 {
				c.Errorf("of six who delete it, one does: %v", deleted)
			}
			ann.want(`404 {"errors":{"article":["not found"]}}`, "GET", "/articles/"+slug, "")
		}
	})
}
