package realworld_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// What the contract is, in one paragraph. Each clause has a test of its name.
const paragraph = `/api/users, /api/users/login, /api/user, /api/profiles/:username and /follow, /api/articles with tag author favorited limit offset, /feed, /:slug, /favorite, /comments, /api/tags;
Authorization: Token …;
envelopes such as {"article":{…}} and {"articles":[…],"articlesCount":n};
lists without body;
registering signs in at once;
errors keyed by field, {"errors":{"title":["can't be blank"]}}, {"errors":{"token":["is missing"]}};
401, 403, 404, 409 (duplicates), 422;
on update absent keeps;
"" or null clears what may be null (bio, image);
"" or null is 422 for email and username;
tagList: null is 422, [] clears;
DELETE answers 204;
newest first;
equal titles get different slugs`

// people are three callers of one clause: two who are signed in, whose names no other clause has, and one who is not.
type people struct {
	nobody, ada, alan client
	adasName, alans   string
}

var clauses = []func(p people){
	theRoutes, theToken, theEnvelopes, listsWithoutBody, registeringSignsIn, errorsByField, theStatuses,
	absentKeeps, blankClears, blankIsRefused, theTagList, deleteAnswers, newestFirst, equalTitles,
}

func TestContract(t *testing.T) {
	sentences := strings.Split(paragraph, ";\n")
	if len(sentences) != len(clauses) {
		t.Fatalf("%d clauses have %d tests", len(sentences), len(clauses))
	}
	onBoth(t, func(c client) {
		for i, test := range clauses {
			c.Run(sentences[i], func(t *testing.T) {
				p := people{nobody: client{t, c.url, ""}, adasName: fmt.Sprint("ada", i), alans: fmt.Sprint("alan", i)}
				p.ada, p.alan = p.nobody.register(p.adasName), p.nobody.register(p.alans)
				test(p)
			})
		}
	})
}

// write makes an article and returns its slug.
func (c client) write(title, tags string) string {
	c.Helper()
	slug, _ := c.get("article.slug", "POST", "/articles", article(title, tags)).(string)
	if slug == "" {
		c.Fatalf("%q has no slug", title)
	}
	return slug
}

// members are the names in the object at a path of an answer: "articles.0" is the first of a list, "" the whole.
func (c client) members(path, method, url, body string) []string {
	c.Helper()
	object, ok := c.get(path, method, url, body).(map[string]any)
	if !ok {
		c.Fatalf("%s %s: no object at %s", method, url, path)
	}
	return slices.Sorted(maps.Keys(object))
}

// status is the status of an answer.
func (c client) status(method, path, body string) string {
	c.Helper()
	status, _, _ := strings.Cut(c.ask(method, path, body), " ")
	return status
}

func theRoutes(p people) {
	slug := p.ada.write("Routes", `["routes"]`)
	p.ada.write("Routes, too", `[]`)
	account := `{"user":{"email":"` + p.adasName + `@example.com","password":"password123"}}`
	comment := p.alan.get("comment.id", "POST", "/articles/"+slug+"/comments", `{"comment":{"body":"x"}}`)
	for _, r := range []struct {
		by                         client
		method, path, body, status string
	}{
		{p.nobody, "POST", "/users", `{"user":{"username":"of-routes","email":"of-routes@example.com","password":"password123"}}`, "201"},
		{p.nobody, "POST", "/users/login", account, "200"},
		{p.ada, "GET", "/user", "", "200"},
		{p.ada, "PUT", "/user", `{"user":{"bio":"x"}}`, "200"},
		{p.nobody, "GET", "/profiles/" + p.adasName, "", "200"},
		{p.alan, "POST", "/profiles/" + p.adasName + "/follow", "", "200"},
		{p.nobody, "GET", "/articles", "", "200"},
		{p.alan, "GET", "/articles/feed", "", "200"},
		{p.ada, "POST", "/articles", article("Another", "[]"), "201"},
		{p.nobody, "GET", "/articles/" + slug, "", "200"},
		{p.ada, "PUT", "/articles/" + slug, `{"article":{"body":"y"}}`, "200"},
		{p.alan, "POST", "/articles/" + slug + "/favorite", "", "200"},
		{p.nobody, "GET", "/articles/" + slug + "/comments", "", "200"},
		{p.nobody, "GET", "/tags", "", "200"},
	} {
		if got := r.by.status(r.method, r.path, r.body); got != r.status {
			p.nobody.Errorf("%s %s: %s, want %s", r.method, r.path, got, r.status)
		}
	}
	for query, want := range map[string]string{
		"?tag=routes": slug + " of 1", "?favorited=" + p.alans: slug + " of 1",
		"?author=" + p.adasName + "&limit=1&offset=2": slug + " of 3", "?author=" + p.adasName + "&offset=3": "of 3",
	} {
		if got := p.nobody.list(query); got != want {
			p.nobody.Errorf("articles%s: %s, want %s", query, got, want)
		}
	}
	for path, want := range map[string]string{"/profiles/" + p.adasName + "/follow": "200", "/articles/" + slug + "/favorite": "200", fmt.Sprintf("/articles/%s/comments/%.0f", slug, comment): "204"} {
		if got := p.alan.status("DELETE", path, ""); got != want {
			p.nobody.Errorf("DELETE %s: %s, want %s", path, got, want)
		}
	}
}

func theToken(p people) {
	for header, want := range map[string]string{"Token " + p.ada.token: "200", "Bearer " + p.ada.token: "401", "token " + p.ada.token: "401", "Token": "401"} {
		if got := p.nobody.sent("GET", "/user", "", "Authorization", header); !strings.HasPrefix(got, want+" ") {
			p.nobody.Errorf("Authorization: %.7s…: %s, want %s", header, got, want)
		}
	}
}

func theEnvelopes(p people) {
	slug := p.ada.write("Envelopes", "[]")
	p.alan.ask("POST", "/profiles/"+p.adasName+"/follow", "")
	whole := []string{"author", "body", "createdAt", "description", "favorited", "favoritesCount", "slug", "tagList", "title", "updatedAt"}
	person := []string{"bio", "following", "image", "username"}
	for _, e := range []struct {
		path, method, url, body string
		want                    []string
	}{
		{"", "GET", "/user", "", []string{"user"}},
		{"user", "GET", "/user", "", []string{"bio", "email", "image", "token", "username"}},
		{"", "GET", "/profiles/" + p.alans, "", []string{"profile"}},
		{"profile", "GET", "/profiles/" + p.alans, "", person},
		{"", "GET", "/articles/" + slug, "", []string{"article"}},
		{"article", "GET", "/articles/" + slug, "", whole},
		{"article.author", "GET", "/articles/" + slug, "", person},
		{"article", "POST", "/articles/" + slug + "/favorite", "", whole},
		{"", "GET", "/articles", "", []string{"articles", "articlesCount"}},
		{"", "GET", "/articles/feed", "", []string{"articles", "articlesCount"}},
		{"", "POST", "/articles/" + slug + "/comments", `{"comment":{"body":"x"}}`, []string{"comment"}},
		{"", "GET", "/articles/" + slug + "/comments", "", []string{"comments"}},
		{"comments.0", "GET", "/articles/" + slug + "/comments", "", []string{"author", "body", "createdAt", "id", "updatedAt"}},
		{"", "GET", "/tags", "", []string{"tags"}},
	} {
		if got := p.ada.members(e.path, e.method, e.url, e.body); !slices.Equal(got, e.want) {
			p.nobody.Errorf("%s %s: %s has %v, want %v", e.method, e.url, e.path, got, e.want)
		}
	}
}

func listsWithoutBody(p people) {
	p.ada.write("Lists", "[]")
	p.alan.ask("POST", "/profiles/"+p.adasName+"/follow", "")
	for _, url := range []string{"/articles?author=" + p.adasName, "/articles/feed"} {
		if got := p.alan.members("articles.0", "GET", url, ""); slices.Contains(got, "body") || !slices.Contains(got, "description") {
			p.nobody.Errorf("an article of %s has %v", url, got)
		}
	}
}

func registeringSignsIn(p people) {
	token, _ := p.nobody.get("user.token", "POST", "/users", `{"user":{"username":"signed","email":"signed@example.com","password":"password123"}}`).(string)
	if name := (client{p.nobody.T, p.nobody.url, token}).get("user.username", "GET", "/user", ""); name != "signed" {
		p.nobody.Error("the token of a registration is", name, "'s")
	}
}

func errorsByField(p people) {
	p.ada.want(`422 {"errors":{"title":["can't be blank"]}}`, "POST", "/articles", article("", "[]"))
	p.nobody.want(`401 {"errors":{"token":["is missing"]}}`, "POST", "/articles", article("x", "[]"))
	for _, r := range [][3]string{ // whatever fails, it is an object of fields with lists of words
		{"POST", "/users", `{}`},
		{"POST", "/users/login", `{"user":{"email":"` + p.adasName + `@example.com","password":"wrong password"}}`},
		{"PUT", "/user", `{"user":{"email":"x"}}`},
		{"GET", "/profiles/nobody", ""},
		{"GET", "/articles/nothing", ""},
		{"GET", "/articles?limit=x", ""},
		{"POST", "/articles", "{"},
		{"DELETE", "/articles/nothing", ""},
		{"POST", "/articles/nothing/comments", `{"comment":{"body":"x"}}`},
	} {
		_, text, _ := strings.Cut(p.ada.ask(r[0], r[1], r[2]), " ")
		var body map[string]map[string][]string
		if err := json.Unmarshal([]byte(text), &body); err != nil || len(body) != 1 || len(body["errors"]) == 0 {
			p.nobody.Errorf("%s %s: %s, %v", r[0], r[1], text, err)
		}
		for field, words := range body["errors"] {
			if field == "" || len(words) == 0 || words[0] == "" {
				p.nobody.Errorf("%s %s: %s", r[0], r[1], text)
			}
		}
	}
}

func theStatuses(p people) {
	slug := p.ada.write("Statuses", "[]")
	user := func(name, address string) string {
		return `{"user":{"username":"` + name + `","email":"` + address + `","password":"password123"}}`
	}
	for _, r := range []struct {
		by                 client
		method, path, body string
		want               int
	}{
		{p.nobody, "GET", "/user", "", http.StatusUnauthorized},
		{p.nobody, "GET", "/articles/feed", "", http.StatusUnauthorized},
		{p.nobody, "DELETE", "/articles/" + slug, "", http.StatusUnauthorized},
		{p.nobody, "POST", "/users/login", `{"user":{"email":"` + p.adasName + `@example.com","password":"another one"}}`, http.StatusUnauthorized},
		{p.alan, "PUT", "/articles/" + slug, `{"article":{"title":"Mine"}}`, http.StatusForbidden},
		{p.alan, "DELETE", "/articles/" + slug, "", http.StatusForbidden},
		{p.alan, "GET", "/articles/nothing", "", http.StatusNotFound},
		{p.alan, "PUT", "/articles/nothing", `{"article":{"title":"Mine"}}`, http.StatusNotFound},
		{p.alan, "DELETE", "/articles/nothing", "", http.StatusNotFound},
		{p.alan, "POST", "/profiles/nobody/follow", "", http.StatusNotFound},
		{p.nobody, "POST", "/users", user(p.adasName, "other@example.com"), http.StatusConflict},
		{p.nobody, "POST", "/users", user("other", p.adasName+"@example.com"), http.StatusConflict},
		{p.alan, "PUT", "/user", `{"user":{"username":"` + p.adasName + `"}}`, http.StatusConflict},
		{p.alan, "PUT", "/user", `{"user":{"email":"` + p.adasName + `@example.com"}}`, http.StatusConflict},
		{p.nobody, "POST", "/users", user("", "x@example.com"), http.StatusUnprocessableEntity},
		{p.ada, "POST", "/articles", `{"article":{}}`, http.StatusUnprocessableEntity},
		{p.ada, "POST", "/articles/" + slug + "/comments", `{"comment":{"body":""}}`, http.StatusUnprocessableEntity},
	} {
		if got := r.by.status(r.method, r.path, r.body); got != fmt.Sprint(r.want) {
			p.nobody.Errorf("%s %s %s: %s, want %d", r.method, r.path, r.body, got, r.want)
		}
	}
}

func absentKeeps(p people) {
	p.ada.ask("PUT", "/user", `{"user":{"bio":"Kept.","image":"https://example.com/kept.png"}}`)
	before := p.ada.ask("GET", "/user", "")
	for _, body := range []string{`{"user":{}}`, `{}`, `{"user":{"username":"` + p.adasName + `"}}`, `{"user":{"bio":"Kept."}}`} {
		p.ada.want(before, "PUT", "/user", body)
	}
	slug := p.ada.write("Kept", `["kept"]`)
	for _, member := range []string{`"title":"Kept"`, `"description":"d"`, `"body":"b"`, ``} {
		p.ada.ask("PUT", "/articles/"+slug, `{"article":{`+member+`}}`)
		for path, want := range map[string]string{"title": "Kept", "description": "d", "body": "b", "tagList": "[kept]", "slug": slug} {
			if got := fmt.Sprint(p.ada.get("article."+path, "GET", "/articles/"+slug, "")); got != want {
				p.nobody.Errorf("after {%s} the %s is %s", member, path, got)
			}
		}
	}
}

func blankClears(p people) {
	for _, field := range []string{"bio", "image"} {
		for _, blank := range []string{`""`, `null`} {
			if got := p.ada.get("user."+field, "PUT", "/user", `{"user":{"`+field+`":"https://example.com/full"}}`); got != "https://example.com/full" {
				p.nobody.Errorf("%s is %v", field, got)
			}
			for _, url := range []string{"PUT", "GET"} {
				if got := p.ada.get("user."+field, url, "/user", `{"user":{"`+field+`":`+blank+`}}`); got != nil {
					p.nobody.Errorf("%s after %s is %v", field, blank, got)
				}
			}
		}
	}
}

func blankIsRefused(p people) {
	before := p.ada.ask("GET", "/user", "")
	for _, field := range []string{"email", "username"} {
		for _, blank := range []string{`""`, `null`, `"  "`} {
			p.ada.want(`422 {"errors":{"`+field+`":["can't be blank"]}}`, "PUT", "/user", `{"user":{"bio":"never","`+field+`":`+blank+`}}`)
		}
	}
	p.ada.want(before, "GET", "/user", "")
}

func theTagList(p people) {
	slug := p.ada.write("Tags", `["one","two"]`)
	tags := func(want string) {
		p.nobody.Helper()
		if got := fmt.Sprint(p.nobody.get("article.tagList", "GET", "/articles/"+slug, "")); got != want {
			p.nobody.Errorf("the tags are %s, want %s", got, want)
		}
	}
	if status := p.ada.status("PUT", "/articles/"+slug, `{"article":{"title":"Never","tagList":null}}`); status != "422" {
		p.nobody.Error("null:", status)
	}
	if status := p.ada.status("POST", "/articles", `{"article":{"title":"Never","description":"d","body":"b","tagList":null}}`); status != "422" {
		p.nobody.Error("null of a new one:", status)
	}
	tags("[one two]")
	if got := p.nobody.list("?author=" + p.adasName); got != slug+" of 1" {
		p.nobody.Error("articles:", got)
	}
	if status := p.ada.status("PUT", "/articles/"+slug, `{"article":{"tagList":[]}}`); status != "200" {
		p.nobody.Error("[]:", status)
	}
	tags("[]")
}

func deleteAnswers(p people) {
	slug := p.ada.write("Deleted", "[]")
	comment := p.alan.get("comment.id", "POST", "/articles/"+slug+"/comments", `{"comment":{"body":"x"}}`)
	p.alan.want("204", "DELETE", fmt.Sprintf("/articles/%s/comments/%.0f", slug, comment), "")
	p.alan.ask("POST", "/articles/"+slug+"/comments", `{"comment":{"body":"goes with it"}}`)
	p.alan.ask("POST", "/articles/"+slug+"/favorite", "")
	p.ada.want("204", "DELETE", "/articles/"+slug, "")
	p.nobody.want(`404 {"errors":{"article":["not found"]}}`, "GET", "/articles/"+slug, "")
}

func newestFirst(p people) {
	p.alan.ask("POST", "/profiles/"+p.adasName+"/follow", "")
	want := ""
	for _, title := range []string{"First", "Second", "Third"} {
		want = p.ada.write(title+" of "+p.adasName, "[]") + " " + want
	}
	for who, url := range map[client]string{p.nobody: "?author=" + p.adasName, p.alan: "/feed"} {
		if got := who.list(url); got != want+"of 3" {
			p.nobody.Errorf("articles%s: %s, want %s", url, got, want)
		}
	}
	if got := p.nobody.list("?limit=1"); !strings.HasPrefix(got, strings.Fields(want)[0]+" ") {
		p.nobody.Errorf("the newest of all: %s, want %s", got, want)
	}
}

func equalTitles(p people) {
	slugs := map[string]bool{}
	for _, who := range []client{p.ada, p.ada, p.alan} {
		slugs[who.write("Equal", "[]")] = true
	}
	if len(slugs) != 3 {
		p.nobody.Errorf("three articles have the slugs %v", slices.Collect(maps.Keys(slugs)))
	}
	for slug := range slugs {
		if title := p.nobody.get("article.title", "GET", "/articles/"+slug, ""); title != "Equal" {
			p.nobody.Errorf("%s is %v", slug, title)
		}
	}
}
