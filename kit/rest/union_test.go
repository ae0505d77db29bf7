package rest_test

import (
	"strings"
	"testing"
)

// A union is an object whose only member is named after its type; include= shows the row, whatever its type.
func TestUnions(t *testing.T) {
	c := newClient(t)
	about := `"about":{"article":{"id":"`
	w := c.want(201, "POST", "/v1/flags", `{"about":{"article":"alpha"},"other":{"user":"bob"}}`, as(ann, "--", about, `"other":{"user":{"id":"`+string(c.world.Bob.ID)+`"}}`)...)
	path := w.Header().Get("Location")
	c.want(200, "GET", path+"?include=about.article.author,other", "", "--", `"about":{"article":{`, `"title":"Alpha"`, `"author":{"id":"`+string(c.world.Ann.ID), `"username":"ann"`, `"username":"bob"`)
	c.want(422, "GET", path+"?include=about.tag", "", "--", `is no type of about`)
	c.want(200, "PATCH", path, `{"other":null}`, as(ann, "--", `"other":null`, about)...)
	c.want(200, "PATCH", path, `{"about":{"user":"ann"}}`, as(ann, "--", `"about":{"user":{"id":"`)...)
	c.want(422, "PATCH", path, `{"about":null}`, as(ann, "--", `"field":"about","code":"REQUIRED"`)...)
	c.want(422, "POST", "/v1/flags", `{}`, as(ann, "--", `{"field":"about","code":"REQUIRED"`)...)
	c.want(422, "POST", "/v1/flags", `{"about":{"tag":"go"}}`, as(ann, "--", `"field":"about.tag","code":"UNKNOWN_FIELD"`)...)
	c.want(422, "POST", "/v1/flags", `{"about":"alpha"}`, as(ann, "--", `"field":"about","code":"WRONG_TYPE"`)...)
	c.want(422, "POST", "/v1/flags", `{"aboutUser":"bob","about":{"user":"bob"}}`, as(ann, "--", `"field":"aboutUser","code":"UNKNOWN_FIELD"`)...)
	hidden := c.want(201, "POST", "/v1/flags", `{"about":{"article":"draft"}}`, ann...).Header().Get("Location")
	c.want(200, "GET", hidden, "", "--", `"about":null`)
	for _, query := range []string{"about=alpha", "about.tag=go", "about.isNull=true", "order=about", "order=about.article", "aboutUser=bob"} {
		if w := c.call("GET", "/v1/flags?"+query, ""); w.Code < 400 || w.Code >= 500 || strings.Contains(w.Body.String(), "INTERNAL") {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}

// A union is filtered by under the name of a type, as a reference to that type is.
func TestFilterByUnion(t *testing.T) {
	c := newClient(t)
	for _, body := range []string{`{"about":{"article":"alpha"},"other":{"user":"bob"}}`, `{"about":{"user":"ann"}}`} {
		c.want(201, "POST", "/v1/flags", body, ann...)
	}
	for query, rows := range map[string]int{
		"about.article=alpha": 1, "about.article.title=Alpha": 1, "about.user=ann": 1, "about.user.username.in=ann,bob": 1, "about.user.isNull=true": 1,
		"about.article.ne=beta": 2, "other.user=bob": 1, "other.user=ann": 0, "other.article.isNull=true&other.user.isNull=true": 1,
	} {
		if w := c.call("GET", "/v1/flags?"+query, ""); w.Code != 200 || strings.Count(w.Body.String(), `"about":`) != rows {
			t.Errorf("%s: %d %s", query, w.Code, w.Body)
		}
	}
}
