package rest_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/fettlehq/fettle/kit/meta"
)

// Who uses what goes is told, in the headers of the answer; who does not use it is not.
func TestDeprecationsAreTold(t *testing.T) {
	c := newClient(t)
	b := c.world.Engine.Backend()
	b.Entity("Article").Field("note").Deprecated = &meta.Deprecation{}
	b.Entity("Article").Field("title").Deprecated = &meta.Deprecation{Since: 1780272000, On: 1801353600, See: "https://example.com/changes"}
	for _, o := range b.Operations {
		if o.Name == "publish" {
			o.Deprecated = &meta.Deprecation{Since: 1767225600, On: 1788220800}
		}
	}
	const june, january, september = "@1780272000", "Sun, 31 Jan 2027 00:00:00 GMT", "Tue, 01 Sep 2026 00:00:00 GMT"
	links := []string{`<https://example.com/changes>; rel="deprecation"; type="text/html"`, `<https://example.com/changes>; rel="sunset"; type="text/html"`}
	for _, test := range []struct {
		status                      int
		method, path, body          string
		deprecation, sunset, linked string
	}{
		{200, "GET", "/v1/articles/alpha", "", "", "", ""},
		{200, "GET", "/v1/articles/alpha?fields=slug", "", "", "", ""},
		{200, "GET", "/v1/articles/alpha?fields=note", "", "@0", "", ""},
		{200, "GET", "/v1/articles/alpha?fields=note,title", "", june, january, "yes"},
		{200, "GET", "/v1/articles?order=title", "", june, january, "yes"},
		{200, "GET", "/v1/articles?order=-title", "", june, january, "yes"},
		{200, "GET", "/v1/articles?title.ne=x", "", june, january, "yes"},
		{200, "GET", "/v1/articles:aggregate?title.ne=x", "", june, january, "yes"},
		{200, "GET", "/v1/articles:aggregate?groupBy=title", "", june, january, "yes"},
		{200, "GET", "/v1/articles/alpha?fields=author.articles.title", "", june, january, "yes"},
		{200, "PATCH", "/v1/articles/alpha", `{"note":"x"}`, "@0", "", ""},
		{201, "POST", "/v1/articles", `{"title":"New"}`, june, january, "yes"},
		{422, "POST", "/v1/articles", `{"title":1}`, june, january, "yes"},
		{200, "POST", "/v1/articles/alpha/publish", "", "@1767225600", september, ""},
		{200, "POST", "/v1/articles/alpha/publish?fields=title", "", "@1767225600", september, "yes"},
		{200, "POST", "/v1/batch", `{"requests":[{"method":"PATCH","path":"/v1/articles/alpha","body":{"note":"y"}},{"method":"GET","path":"/v1/articles/alpha"}]}`, "@0", "", ""},
	} {
		h := c.want(test.status, test.method, test.path, test.body, ann...).Header()
		if h.Get("Deprecation") != test.deprecation || h.Get("Sunset") != test.sunset {
			t.Errorf("%s %s %s: Deprecation %q, Sunset %q", test.method, test.path, test.body, h.Get("Deprecation"), h.Get("Sunset"))
		}
		if told := h.Values("Link"); test.linked != "" && !slices.Equal(told, links) || test.linked == "" && told != nil {
			t.Errorf("%s %s %s: Link %q", test.method, test.path, test.body, told)
		}
	}
	// Whoever asks for rows of an entity that goes uses it, and whoever sends or compares with a value that goes.
	b.Entity("Tag").Deprecated = &meta.Deprecation{On: 1788220800}
	b.Enum("Status").Deprecated = map[string]*meta.Deprecation{"DRAFT": {Since: 1767225600}}
	for _, test := range []struct {
		status              int
		method, path, body  string
		deprecation, sunset string
	}{
		{200, "GET", "/v1/tags", "", "@0", september},
		{200, "GET", "/v1/tags:aggregate", "", "@0", september},
		{404, "GET", "/v1/tags/nonesuch", "", "@0", september},
		{201, "POST", "/v1/tags", `{"name":"new"}`, "@0", september},
		{200, "POST", "/v1/batch", `{"requests":[{"method":"GET","path":"/v1/tags"}]}`, "@0", september},
		{200, "GET", "/v1/articles?status=DRAFT", "", "@1767225600", ""},
		{200, "GET", "/v1/articles?status.in=OPEN,DRAFT", "", "@1767225600", ""},
		{200, "GET", "/v1/articles?status=OPEN", "", "", ""},
		{200, "GET", "/v1/comments?article.status=DRAFT", "", "@1767225600", ""},
		{200, "GET", "/v1/articles/alpha", "", "", ""},
		{200, "PATCH", "/v1/articles/alpha", `{"status":"DRAFT"}`, "@1767225600", ""},
		{200, "PATCH", "/v1/articles/alpha", `{"status":"OPEN"}`, "", ""},
		{201, "POST", "/v1/samples", `{"states":["OPEN","DRAFT"]}`, "@1767225600", ""},
	} {
		h := c.want(test.status, test.method, test.path, test.body, ann...).Header()
		if h.Get("Deprecation") != test.deprecation || h.Get("Sunset") != test.sunset {
			t.Errorf("%s %s %s: Deprecation %q, Sunset %q", test.method, test.path, test.body, h.Get("Deprecation"), h.Get("Sunset"))
		}
	}
	// The link to the next page stands beside them.
	told := c.want(http.StatusOK, "GET", "/v1/articles?limit=1&order=title", "").Header().Values("Link")
	if len(told) != 3 {
		t.Errorf("a page is linked with %q", told)
	}
}
