package realworld_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// sent sends a request with header fields of its own, and returns the answer with its status before it.
func (c client) sent(method, path, body string, headers ...string) string {
	c.Helper()
	r, err := http.NewRequest(method, c.url+"/api"+path, strings.NewReader(body))
	if err != nil {
		c.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
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
	return fmt.Sprint(answer.StatusCode, " ", strings.TrimSpace(string(text)))
}

func TestTokens(t *testing.T) {
	onBoth(t, func(c client) {
		ada := c.register("ada")
		for header, want := range map[string]string{
			"":                               `401 {"errors":{"token":["is missing"]}}`,
			"Bearer " + ada.token:            `401 {"errors":{"token":["is missing"]}}`,
			"Basic YWRhOnBhc3N3b3JkMTIz":     `401 {"errors":{"token":["is missing"]}}`,
			ada.token:                        `401 {"errors":{"token":["is missing"]}}`,
			"Token ":                         `401 {"errors":{"token":["is missing"]}}`,
			"Token " + ada.token[1:]:         `401 {"errors":{"token":["is invalid"]}}`,
			"Token " + ada.token + ".x":      `401 {"errors":{"token":["is invalid"]}}`,
			"Token Token " + ada.token:       `401 {"errors":{"token":["is invalid"]}}`,
			"Token eyJhbGciOiJub25lIn0.e30.": `401 {"errors":{"token":["is invalid"]}}`,
		} {
			headers := []string{"Authorization", header}
			if header == "" {
				headers = nil
			}
			if got := c.sent("GET", "/user", "", headers...); got != want {
				t.Errorf("GET /user with %q: got %s, want %s", header, got, want)
			}
		}
		// Where nobody need be signed in a token that is wrong is still told, and one of another scheme is none.
		if got := c.sent("GET", "/tags", "", "Authorization", "Token nonsense"); got != `401 {"errors":{"token":["is invalid"]}}` {
			t.Error(got)
		}
		if got := c.sent("GET", "/tags", "", "Authorization", "Bearer nonsense"); got != `200 {"tags":[]}` {
			t.Error(got)
		}
	})
}

func TestBodies(t *testing.T) {
	onBoth(t, func(c client) {
		ada := c.register("ada")
		const noJSON, notThere = `400 {"errors":{"body":["is no JSON"]}}`, `422 {"errors":{"body":["can't be blank"],"description":["can't be blank"],"title":["can't be blank"]}}`
		for body, want := range map[string]string{
			"":                        noJSON,
			" ":                       noJSON,
			"{":                       noJSON,
			"nonsense":                noJSON,
			`{"article":{}}x`:         noJSON,
			`{"article":{}}{}`:        noJSON,
			`{'article':{}}`:          noJSON,
			article(`a\ud800b`, "[]"): noJSON, // half a character, which encoding/json reads as another
			`{"article":{"title":"t","title":"u","description":"d","body":"b"}}`: noJSON,
			"null":                     notThere,
			"{}":                       notThere,
			`{"article":null}`:         notThere,
			`{"article":{}}`:           notThere,
			`{"other":{"title":1}}`:    notThere,
			"[]":                       `422 {"errors":{"body":["is invalid"]}}`,
			`"text"`:                   `422 {"errors":{"body":["is invalid"]}}`,
			`{"article":[]}`:           `422 {"errors":{"article":["is invalid"]}}`,
			`{"article":{"title":{}}}`: `422 {"errors":{"title":["is invalid"]}}`,
			article("t", `"a"`):        `422 {"errors":{"tagList":["is invalid"]}}`,
			article("t", `[5]`):        `422 {"errors":{"tagList":["is invalid"]}}`,
			article("t", `[""]`):       `422 {"errors":{"tagList":["is invalid"]}}`,
			article("t", `["`+strings.Repeat("t", 41)+`"]`):     `422 {"errors":{"tagList":["is too long"]}}`,
			article("t", `["`+strings.Repeat(`t","`, 20)+`x"]`): `422 {"errors":{"tagList":["is too long"]}}`,
			article(strings.Repeat("t", 201), "[]"):             `422 {"errors":{"title":["is too long"]}}`,
			article("  ", "[]"):                                 `422 {"errors":{"title":["can't be blank"]}}`,
			article(`a\u0000b`, "[]"):                           `422 {"errors":{"title":["is invalid"]}}`,
			`{"article":{"title":"t","description":"` + strings.Repeat("d", 501) + `","body":"b"}}`:    `422 {"errors":{"description":["is too long"]}}`,
			`{"article":{"title":"t","description":"d","body":"` + strings.Repeat("b", 100001) + `"}}`: `422 {"errors":{"body":["is too long"]}}`,
			`{"article":{"title":"t","description":"d","body":"` + strings.Repeat("b", 1<<20) + `"}}`:  `413 {"errors":{"body":["is too large"]}}`,
		} {
			if got := ada.ask("POST", "/articles", body); got != want {
				t.Errorf("POST /articles %.80s: got %s, want %s", body, got, want)
			}
		}
		c.want(noJSON, "POST", "/users", "")
		c.want(noJSON, "POST", "/users/login", "{")
		c.want(`422 {"errors":{"email":["can't be blank"],"password":["can't be blank"]}}`, "POST", "/users/login", "{}")
		ada.want(noJSON, "PUT", "/user", "")
		ada.want(`422 {"errors":{"bio":["is too long"]}}`, "PUT", "/user", `{"user":{"bio":"`+strings.Repeat("b", 2001)+`"}}`)
		ada.want(`422 {"errors":{"image":["is invalid"]}}`, "PUT", "/user", `{"user":{"image":"no address"}}`)
		c.want(`422 {"errors":{"username":["is too long"]}}`, "POST", "/users", `{"user":{"username":"`+strings.Repeat("u", 65)+`","email":"u@example.com","password":"password123"}}`)
		if text := c.get("articlesCount", "GET", "/articles", ""); text != 0.0 {
			t.Error("articles after all that:", text)
		}
	})
}

// article is one as it is sent.
func article(title, tags string) string {
	return `{"article":{"title":"` + title + `","description":"d","body":"b","tagList":` + tags + `}}`
}

func TestTextsOfAllScripts(t *testing.T) {
	onBoth(t, func(c client) {
		ada := c.register("ada")
		slugs := map[any]bool{}
		for _, title := range []string{"Überraschung", "日本語の題", "🙂🙂", "!!!", "Ελλάδα", "a/b?c#d%20", strings.Repeat("é", 200), "İstanbul", "01890A5D-AC96-774B-BCCE-B302099A8057"} {
			slug, _ := ada.get("article.slug", "POST", "/articles", article(title, `["日本","`+strings.Repeat("é", 40)+`"]`)).(string)
			if slug == "" || slugs[slug] || strings.ContainsAny(slug, "/?#% ") {
				t.Errorf("%s has the slug %q", title, slug)
				continue
			}
			slugs[slug] = true
			if got := c.get("article.title", "GET", "/articles/"+slug, ""); got != title {
				t.Errorf("%s is read as %v", title, got)
			}
		}
		if n := c.get("articlesCount", "GET", "/articles?tag=%E6%97%A5%E6%9C%AC", ""); n != float64(len(slugs)) {
			t.Error("articles of a tag:", n)
		}
	})
}

func TestParameters(t *testing.T) {
	onBoth(t, func(c client) {
		ada := c.register("ada")
		for range 3 {
			ada.ask("POST", "/articles", article("Same", "[]"))
		}
		for query, want := range map[string]int{
			"": 3, "?limit=2": 2, "?limit=1000": 3, "?limit=9223372036854775807": 3, "?offset=3": 0, "?offset=9223372036854775807": 0,
			"?tag=": 3, "?unknown=1": 3, "?author=" + strings.Repeat("a", 2000): 0,
		} {
			got, _ := c.get("articles", "GET", "/articles"+query, "").([]any)
			if got == nil || len(got) != want {
				t.Errorf("GET /articles%.40s: got %d, want %d: %.200s", query, len(got), want, c.ask("GET", "/articles"+query, ""))
			}
		}
		for _, query := range []string{"?tag=%00", "?author=%00", "?favorited=%FF", "?tag=%C3"} { // no text that could be one
			c.want(`400 {"errors":{"request":["malformed"]}}`, "GET", "/articles"+query, "")
		}
		for query, field := range map[string]string{
			"?limit=0": "limit", "?limit=-1": "limit", "?limit=1.5": "limit", "?limit=x": "limit", "?limit=99999999999999999999": "limit",
			"?offset=-1": "offset", "?offset=x": "offset", "?offset=99999999999999999999": "offset",
		} {
			c.want(`422 {"errors":{"`+field+`":["is invalid"]}}`, "GET", "/articles"+query, "")
			ada.want(`422 {"errors":{"`+field+`":["is invalid"]}}`, "GET", "/articles/feed"+query, "")
		}
		for _, slug := range []string{"%00", "%FF", "nothing", strings.Repeat("x", 3000), "..%2F.."} {
			c.want(`404 {"errors":{"article":["not found"]}}`, "GET", "/articles/"+slug, "")
			c.want(`404 {"errors":{"profile":["not found"]}}`, "GET", "/profiles/"+slug, "")
			ada.want(`404 {"errors":{"comment":["not found"]}}`, "DELETE", "/articles/same/comments/"+slug, "")
		}
	})
}
