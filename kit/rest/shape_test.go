package rest_test

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/internal/doortest"
	"github.com/fettlehq/fettle/kit/problem"
	"github.com/fettlehq/fettle/kit/rest"
)

func TestFieldsSayAllThatIsShown(t *testing.T) {
	c := newClient(t)
	for path, want := range map[string]string{
		"/v1/articles/alpha?fields=title":                               `{"title":"Alpha"}`,
		"/v1/articles/alpha?fields=slug,title":                          `{"slug":"alpha","title":"Alpha"}`,
		"/v1/articles/alpha?fields=title,author.username":               `{"title":"Alpha","author":{"username":"ann"}}`,
		"/v1/articles/alpha?fields=title,tags.name":                     `{"title":"Alpha","tags":[{"name":"go"},{"name":"sql"}]}`,
		"/v1/articles/alpha?fields=comments.author.username":            `{"comments":{"items":[{"author":{"username":"bob"}},{"author":{"username":"ann"}}],"next":null,"previous":null}}`,
		"/v1/articles/alpha?fields=price":                               `{"price":{"amount":"0","currency":"EUR"}}`,
		"/v1/articles?fields=slug&order=title&limit=1&title.ne=Beta":    `"items":[{"slug":"alpha"}]`,
		"/v1/articles/alpha?fields=title,tags.name&include=tags":        `{"title":"Alpha","tags":[{"name":"go"},{"name":"sql"}]}`,
		"/v1/articles/latest/1?fields=slug":                             `[{"slug":"gamma"}]`,
		"/v1/articles/alpha?fields=author":                              `{"author":{"id":"` + string(c.world.Ann.ID) + `"}}`,
		"/v1/articles/alpha?fields=title&include=author.articles":       `"title":"Alpha","author":{"id":`,
		"/v1/articles?fields=slug&order=-createdAt&limit=3&count=true":  `{"items":[{"slug":"gamma"},{"slug":"beta"},{"slug":"alpha"}],"next":null,"previous":null,"total":3}`,
		"/v1/articles/alpha/history?fields=verb":                        `{"items":[`,
		"/v1/articles?fields=title,author.articles.slug&title.eq=Alpha": `{"title":"Alpha","author":{"articles":{"items":[{"slug":`,
	} {
		w := c.want(200, "GET", path, "", "--", want)
		if got := w.Header().Get("Content-Type"); got != "application/json; fields=some" {
			t.Errorf("%s is %s", path, got)
		}
		c.want(304, "GET", path, "", "If-None-Match", w.Header().Get("ETag"))
	}
	for path, want := range map[string]string{
		"/v1/articles?fields=titel":                                       `did you mean \"title\"?`,
		"/v1/articles?fields=price.amount":                                `\"price\" is shown as a whole`,
		"/v1/articles?fields=author.email.x":                              `\"email\" is shown as a whole`,
		"/v1/articles?fields=title,":                                      `\"\" is no field of Article`,
		"/v1/articles?fields=a.b.c.d.e.f":                                 `at most 5 levels`,
		"/v1/articles?fields=title&fields=slug":                           `must stand once`,
		"/v1/articles?fields=" + strings.Repeat("title,", 100) + "title":  `at most 100 paths`,
		"/v1/articles/alpha/restore?fields=x":                             ``,
		"/v1/articles:aggregate?fields=title":                             `"field":"fields"`,
		"/v1/flags?fields=about.thing.x":                                  `is no type of about`,
		"/v1/articles?fields=comments.article.comments.article.author.id": `at most 5 levels`,
	} {
		method := "GET"
		if strings.HasSuffix(path, "restore?fields=x") {
			method = "POST"
		}
		c.want(422, method, path, "", as(ann, "--", want)...)
	}
	// A row that was written is shown so too, and stands where it stands.
	w := c.want(201, "POST", "/v1/articles?fields=title", `{"title":"New"}`, as(ann, "--", `{"title":"New"}`)...)
	if at := w.Header().Get("Location"); !strings.HasPrefix(at, "/v1/articles/") {
		t.Error(at)
	}
	c.want(200, "GET", w.Header().Get("Location"), "", ann...)
	c.want(200, "PATCH", "/v1/articles/new?fields=note", `{"note":"x"}`, as(ann, "If-Match", w.Header().Get("ETag"), "--", `{"note":"x"}`)...)
	if got := c.want(200, "GET", "/v1/articles/new?fields=", "", ann...).Header().Get("Content-Type"); got != "application/json" {
		t.Error(got)
	}
}

func TestPagesHaveTagsToo(t *testing.T) {
	c := newClient(t)
	for _, path := range []string{"/v1/articles", "/v1/articles:aggregate"} {
		tag := c.want(200, "GET", path, "").Header().Get("ETag")
		w := c.want(304, "GET", path, "", "If-None-Match", `"x", `+tag)
		if w.Body.Len() > 0 || w.Header().Get("ETag") != tag {
			t.Errorf("%s: %v %s", path, w.Header(), w.Body)
		}
		c.want(200, "GET", path+"?title.contains=et", "", "If-None-Match", tag)
	}
	tag := c.want(200, "GET", "/v1/articles", "").Header().Get("ETag")
	c.want(201, "POST", "/v1/articles", `{"title":"More","status":"OPEN"}`, ann...)
	c.want(200, "GET", "/v1/articles", "", "If-None-Match", tag)
}

// Whose connection is closed before the answer is told so, in case he still reads.
func TestWhoWentAwayIsAnsweredAllTheSame(t *testing.T) {
	c := newClient(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, method := range []string{"GET", "HEAD"} {
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, method, "/v1/articles", nil))
		if w.Code != problem.StatusClientGone || w.Header().Get("Content-Type") != "application/problem+json" || method == "GET" && !strings.Contains(w.Body.String(), `"status":499`) {
			t.Errorf("%s: %d %v %s", method, w.Code, w.Header(), w.Body)
		}
	}
}

// What Accept and Content-Type say is read as RFC 9110 has it.
func TestTypesAsHeaderFieldsSayThem(t *testing.T) {
	c := newClient(t)
	for accept, want := range map[string]int{
		`application/json;profile="a,b"`: 200, "": 200, " , ": 200, "application/*;q=0, application/json": 200, "application/json;q=0": 406,
		"text/html, */*;q=0.1": 200, "application/json;q=2": 406, "application/json;q=0, */*": 406, `text/html;x="application/json,*/*"`: 406,
	} {
		c.want(want, "GET", "/v1/articles", "", "Accept", accept)
	}
	r := httptest.NewRequest("POST", "/v1/samples", strings.NewReader("{}"))
	r.Header["Content-Type"] = []string{"application/json", "text/plain"}
	w := httptest.NewRecorder()
	if c.handler.ServeHTTP(w, r); w.Code != 415 {
		t.Errorf("two types: %d %s", w.Code, w.Body)
	}
}

func TestIfMatchMayBeAskedFor(t *testing.T) {
	world := doortest.New(t)
	c := &client{T: t, world: world, handler: rest.New(world.Engine, rest.Options{Viewer: world.Viewer, RequireIfMatch: true})}
	c.want(428, "PATCH", "/v1/articles/alpha", `{"note":"x"}`, as(ann, "--", `"code":"PRECONDITION_REQUIRED"`)...)
	c.want(428, "DELETE", "/v1/articles/alpha", "", ann...)
	c.want(428, "POST", "/v1/batch", `{"requests":[{"method":"PATCH","path":"/v1/articles/alpha","body":{"note":"x"}}]}`, ann...)
	c.want(412, "PATCH", "/v1/articles/alpha", `{"note":"x"}`, as(ann, "If-Match", `W/"9"`)...)
	c.want(200, "PATCH", "/v1/articles/alpha", `{"note":"x"}`, as(ann, "If-Match", `W/"1"`)...)
	c.want(200, "PATCH", "/v1/articles/alpha", `{"note":"y"}`, as(ann, "If-Match", `*`)...)
	c.want(204, "DELETE", "/v1/articles/alpha", "", as(ann, "If-Match", `W/"3"`)...)
}
