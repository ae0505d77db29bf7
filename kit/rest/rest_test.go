package rest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/internal/doortest"
	"github.com/fettlehq/fettle/kit/rest"
)

// client calls the door without a network.
type client struct {
	*testing.T
	world   *doortest.World
	handler http.Handler
	log     *bytes.Buffer
}

func newClient(t *testing.T) *client {
	w := doortest.New(t)
	log := &bytes.Buffer{}
	o := rest.Options{Viewer: w.Viewer, Log: slog.New(slog.NewTextHandler(log, nil)), MaxBody: 10_000}
	return &client{t, w, rest.New(w.Engine, o), log}
}

// call sends a request. headers are names and values in turn; a body without a Content-Type is application/json.
func (c *client) call(method, path, body string, headers ...string) *httptest.ResponseRecorder {
	c.Helper()
	var reader *strings.Reader
	r := httptest.NewRequest(method, path, http.NoBody)
	if body != "" {
		reader = strings.NewReader(body)
		r = httptest.NewRequest(method, path, reader)
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	if text := w.Body.String(); text != "" && !json.Valid([]byte(text)) {
		c.Errorf("%s %s: body is no JSON: %s", method, path, text)
	}
	return w
}

// want calls and expects a status and parts of the body.
func (c *client) want(status int, method, path, body string, rest ...string) *httptest.ResponseRecorder {
	c.Helper()
	var headers, parts []string
	for i, text := range rest {
		if text == "--" {
			headers, parts = rest[:i], rest[i+1:]
			break
		}
		if i == len(rest)-1 {
			headers = rest
		}
	}
	w := c.call(method, path, body, headers...)
	if w.Code != status {
		c.Errorf("%s %s %s: status %d, want %d: %s\n%s", method, path, body, w.Code, status, w.Body, c.log)
	}
	for _, part := range parts {
		if !strings.Contains(w.Body.String(), part) {
			c.Errorf("%s %s %s: %s lacks %s", method, path, body, w.Body, part)
		}
	}
	if w.Code >= 400 && w.Body.Len() > 0 && w.Header().Get("Content-Type") != "application/problem+json" {
		c.Errorf("%s %s: error is %s", method, path, w.Header().Get("Content-Type"))
	}
	return w
}

var ann, bob = []string{"Authorization", "Bearer ann"}, []string{"Authorization", "Bearer bob"}

func as(who []string, rest ...string) []string { return append(append([]string{}, who...), rest...) }

// conditionsOfOthers are those that are met or not by hello-world in its version 4, and those of what has no version.
func conditionsOfOthers(c *client) {
	c.Helper()
	one, all := "/v1/articles/hello-world", "/v1/articles"
	page := c.call("GET", all, "", ann...).Header().Get("ETag")
	for _, test := range []struct {
		status                           int
		method, path, header, tag, about string
	}{
		{412, "PATCH", one, "If-None-Match", "*", "what is there"},
		{412, "PATCH", one, "If-None-Match", `"1", W/"4-x"`, "the version as it is"},
		{412, "DELETE", one, "If-None-Match", "*", "what is there"},
		{404, "PATCH", "/v1/articles/nothing", "If-None-Match", "*", "nothing"},
		{400, "PATCH", one, "If-None-Match", "4", "no tag"},
		{400, "PATCH", one, "If-Match", `*, "4"`, "* among others"},
		{400, "GET", one, "If-Match", `"4", *`, "* among others"},
		{412, "PATCH", one, "If-Match", "", "no tag at all"},
		{412, "GET", one, "If-Match", "", "no tag at all"},
		{412, "GET", one, "If-Match", `"3"`, "another version"},
		{412, "HEAD", one, "If-Match", `"3"`, "another version"},
		{200, "GET", one, "If-Match", `"3", W/"4"`, "its version"},
		{200, "GET", one, "If-Match", "*", "what is there"},
		{404, "GET", "/v1/articles/nothing", "If-Match", "*", "nothing"},
		{412, "GET", all, "If-Match", `"4"`, "a page"},
		{200, "GET", all, "If-Match", page, "a page"},
		{412, "POST", all, "If-None-Match", "*", "a page"},
		{412, "POST", all, "If-Match", `"4"`, "a page"},
		{412, "POST", one + "/publish", "If-Match", `"4"`, "an operation"},
		{412, "POST", one + "/publish", "If-Match", "*", "an operation"},
		{412, "POST", one + "/restore", "If-Match", "*", "an operation"},
		{412, "POST", "/v1/batch", "If-Match", "*", "an operation"},
	} {
		body := ""
		if test.method == "PATCH" || test.path == all && test.method == "POST" {
			body = `{"title":"Changed"}`
		}
		w := c.call(test.method, test.path, body, as(ann, test.header, test.tag)...)
		if w.Code != test.status || w.Code == 412 && (w.Header().Get("ETag") != "" || test.method != "HEAD" && !strings.Contains(w.Body.String(), `"code":"STALE"`)) {
			c.Errorf("%s %s with %s: %s, of %s: %d %v %s", test.method, test.path, test.header, test.tag, test.about, w.Code, w.Header(), w.Body)
		}
	}
	c.want(200, "GET", one, "", as(ann, "--", `"title":"Hello World"`, `"version":"4"`)...)
	c.want(422, "GET", all+"?title.eq=Changed&x=1", "", ann...)
	c.want(200, "GET", all+"?title.eq=Changed", "", as(ann, "--", `{"items":[]`)...)
	c.want(200, "PATCH", "/v1/articles/alpha", `{"note":"x"}`, as(ann, "If-None-Match", `W/"7"`)...)
	// Who may not write hears that, whatever version he names.
	for _, tag := range []string{`W/"0"`, `"abc"`, `W/"1"`, `W/"7", W/"8"`} {
		c.want(412, "PATCH", "/v1/articles/alpha", `{"note":"x"}`, as(ann, "If-Match", tag)...)
		c.want(403, "PATCH", "/v1/articles/alpha", `{"note":"x"}`, as(bob, "If-Match", tag)...)
		c.want(401, "DELETE", "/v1/articles/alpha", "", "If-Match", tag)
		c.want(404, "DELETE", "/v1/articles/nothing", "", as(ann, "If-Match", tag)...)
	}
}

func TestLifeOfARow(t *testing.T) {
	c := newClient(t)
	w := c.want(201, "POST", "/v1/articles", `{"title":"Hello World","tags":["go"],"price":{"amount":"12.50","currency":"EUR"}}`, as(ann, "--",
		`"slug":"hello-world"`, `"price":{"amount":"12.5","currency":"EUR"}`, `"views":"0"`, `"author":{"id":"`+string(c.world.Ann.ID)+`"}`, `"note":null`)...)
	if got := w.Header().Get("Location"); got != "/v1/articles/hello-world" {
		t.Error("Location:", got)
	}
	tag := w.Header().Get("ETag")
	if !strings.HasPrefix(tag, `W/"1-`) {
		t.Error("ETag:", tag)
	}
	c.want(200, "GET", "/v1/articles/hello-world", "", as(ann, "--", `"title":"Hello World"`)...)
	c.want(304, "GET", "/v1/articles/hello-world", "", as(ann, "If-None-Match", tag)...)
	c.want(200, "GET", "/v1/articles/hello-world?include=tags", "", as(ann, "If-None-Match", tag, "--", `"tags":[{"id":`, `"name":"go"`)...)
	c.want(404, "GET", "/v1/articles/hello-world", "", as(bob, "--", `"code":"NOT_FOUND"`)...)
	c.want(200, "PATCH", "/v1/articles/hello-world", `{"note":"x","price":{"amount":"3"}}`, as(ann, "If-Match", tag, "Content-Type", "application/merge-patch+json",
		"--", `"note":"x"`, `"version":"2"`, `"price":{"amount":"3","currency":"EUR"}`)...)
	c.want(412, "PATCH", "/v1/articles/hello-world", `{"note":"y"}`, as(ann, "If-Match", tag, "--", `"code":"STALE"`)...)
	c.want(412, "PATCH", "/v1/articles/hello-world", `{"note":"y"}`, as(ann, "If-Match", `W/"7", "8"`)...)
	c.want(412, "PATCH", "/v1/articles/hello-world", `{"note":"y"}`, as(ann, "If-Match", `"abc"`)...)
	c.want(200, "PATCH", "/v1/articles/hello-world", `{"note":null}`, as(ann, "If-Match", `W/"1", W/"2"`, "--", `"note":null`)...)
	c.want(200, "PATCH", "/v1/articles/hello-world", `{"price":null}`, as(ann, "If-Match", `*`, "--", `"price":null`)...)
	c.want(412, "DELETE", "/v1/articles/hello-world", "", as(ann, "If-Match", `W/"2"`)...)
	conditionsOfOthers(c)
	if w := c.want(204, "DELETE", "/v1/articles/hello-world", "", ann...); w.Body.Len() > 0 {
		t.Error("body after delete")
	}
	c.want(404, "GET", "/v1/articles/hello-world", "", ann...)
	c.want(404, "DELETE", "/v1/articles/hello-world", "", ann...)
	c.want(404, "POST", "/v1/articles/hello-world/restore", "", bob...)
	c.want(404, "POST", "/v1/articles/alpha/restore", "", ann...)
	c.want(404, "GET", "/v1/articles/hello-world/history", "", bob...)
	if w := c.want(200, "GET", "/v1/articles/hello-world/history?limit=2&include=by", "", as(ann, "--", `{"items":[{"id":`, `"verb":"DELETE","changes":{}`,
		`"username":"ann"`, `"verb":"UPDATE","changes":{"price":null}`)...); !strings.Contains(w.Header().Get("Link"), "/v1/articles/hello-world/history?after=") {
		t.Error("Link:", w.Header().Get("Link"))
	}
	c.want(422, "GET", "/v1/articles/hello-world/history?nothing=1", "", ann...)
	c.want(404, "GET", "/v1/comments/hello-world/history", "", ann...)
	c.want(200, "POST", "/v1/articles/hello-world/restore?include=tags", "", as(ann, "--", `"title":"Hello World"`, `"name":"go"`)...)
	c.want(404, "POST", "/v1/articles/hello-world/restore", "", ann...)
	c.want(204, "DELETE", "/v1/articles/hello-world", "", ann...)
	c.want(201, "POST", "/v1/articles", `{"title":"Hello World"}`, as(ann, "--", `"slug":"hello-world"`)...)
	c.want(409, "POST", "/v1/articles/hello-world/restore", "", as(ann, "--", `"field":"slug"`, `"code":"TAKEN"`)...)
}

func TestMergePatch(t *testing.T) {
	c := newClient(t)
	w := c.want(201, "POST", "/v1/samples", `{"data":{"a":1,"b":null,"x":{"y":1,"z":2}}}`, as(ann, "--", `"b":null`)...)
	one := w.Header().Get("Location")
	deep := as(ann, "Content-Type", "application/merge-patch+json; charset=utf-8")
	c.want(200, "PATCH", one, `{"data":{"a":null,"x":{"y":null,"n":3}}}`, as(deep, "--", `"data":{"b":null,"x":{"n":3,"z":2}}`)...)
	c.want(200, "PATCH", one, `{"data":{"x":{"n":null}}}`, as(deep, "--", `"data":{"b":null,"x":{"z":2}}`)...)
	c.want(422, "PATCH", one, `{"data":{"x":1e999}}`, as(deep, "--", `"field":"data"`, `"code":"TOO_LARGE"`)...)
	c.want(200, "PATCH", one, `{"data":{"x":{"n":null}}}`, as(ann, "--", `"data":{"x":{"n":null}}`)...)
	c.want(200, "POST", "/v1/batch", `{"requests":[{"method":"PATCH","path":"`+one+`","body":{"data":{"y":null}}}]}`, as(ann, "--", `"data":{"y":null}`)...)
	c.want(200, "PATCH", one, `{"data":null}`, as(deep, "--", `"data":null`)...)
	c.want(200, "PATCH", one, `{"data":{"y":null,"z":[null]}}`, as(deep, "--", `"data":{"z":[null]}`)...)
}

func TestList(t *testing.T) {
	c := newClient(t)
	w := c.want(200, "GET", "/v1/articles?limit=2&order=title&count=true&status=OPEN", "", "--", `"title":"Alpha"`, `"title":"Beta"`, `"total":3`)
	next := w.Header().Get("Link")
	if !strings.HasPrefix(next, "</v1/articles?") || !strings.HasSuffix(next, `>; rel="next"`) {
		t.Fatal("Link:", next)
	}
	w = c.want(200, "GET", next[1:strings.Index(next, ">")], "", "--", `"title":"Gamma"`, `"next":null`)
	previous := w.Header().Get("Link")
	if strings.Contains(w.Body.String(), "Alpha") || !strings.HasSuffix(previous, `>; rel="prev"`) || strings.Contains(previous, "after=") {
		t.Error("the second page:", w.Body, w.Header())
	}
	c.want(200, "GET", previous[1:strings.Index(previous, ">")], "", "--", `"title":"Alpha"`, `"title":"Beta"`, `"next":"`, `"previous":null`)
	c.want(200, "GET", "/v1/articles?limit=2&order=title&before=&fields=title", "", "--", `[{"title":"Beta"},{"title":"Gamma"}]`, `"next":null,"previous":"`)
	c.want(200, "GET", "/v1/articles?order=title&title=none&before=", "", "--", `{"items":[],"next":null,"previous":null}`)
	c.want(422, "GET", "/v1/articles?before=x&after=", "", "--", `"field":"before","code":"WRONG_FORMAT"`)
	c.want(400, "GET", "/v1/articles?before=nonsense", "")
	for query, items := range map[string]string{
		"title=Alpha":                                      "Alpha",
		"title.in=Alpha,Gamma&order=title":                 "Alpha Gamma",
		`title.in="Alpha",""`:                              "Alpha",
		`title.in=Al"pha,"Gamma"`:                          "Gamma",
		"title.ne=Alpha&order=-title":                      "Gamma Beta",
		"title.contains=amm":                               "Gamma",
		"order=-author.username,-title":                    "Gamma Beta Alpha",
		"title.startsWith=B":                               "Beta",
		"author=ann&title.gt=Beta":                         "Gamma",
		"author.username=bob":                              "",
		"author.username.in=bob,ann&title.lte=Beta":        "Beta Alpha",
		"note.isNull=true&title=Beta":                      "Beta",
		"note.isNull=false":                                "",
		"price.currency=EUR&title=Beta":                    "Beta",
		"price.amount.lt=0":                                "",
		"createdAt.gte=2031-01-01T00:00:00Z":               "",
		"views=0&title.notIn=Alpha,Beta":                   "Gamma",
		"author=" + string(c.world.Ann.ID) + "&title=Beta": "Beta",
		"search=ALPHA":                                     "Alpha",
		"search=alp*&status=OPEN":                          "Alpha",
		"search=alpha+beta":                                "",
		"search=%22AND+%28%27*":                            "",
		"search=&title=Beta":                               "Beta",
		"search=b*&author=ann&order=-title":                "Beta",
	} {
		w := c.want(200, "GET", "/v1/articles?"+query, "")
		var page struct{ Items []struct{ Title string } }
		if err := json.Unmarshal(w.Body.Bytes(), &page); err != nil {
			t.Error(err)
		}
		var titles []string
		for _, item := range page.Items {
			titles = append(titles, item.Title)
		}
		if got := strings.Join(titles, " "); got != items {
			t.Errorf("%s: %s, want %s", query, got, items)
		}
	}
	c.want(200, "GET", "/v1/articles/alpha?include=author,comments.author,tags", "", "--",
		`"author":{"id":`, `"username":"ann"`, `"comments":{"items":[{"id"`, `"username":"bob"`, `"next":null`, `"tags":[{`, `"email":null`)
	c.want(200, "GET", "/v1/users?email.contains=@example", "", as(ann, "--", `"ann"`)...)
	c.want(200, "GET", "/v1/users/ann", "", as(ann, "--", `"email":"ann@example.com"`)...)
}

func TestBatch(t *testing.T) {
	c := newClient(t)
	const writes = `{"method": "POST", "path": "/v1/tags", "body": {"name": "new"}},
		{"method": "POST", "path": "/v1/articles", "body": {"title": "Both", "tags": [{"$id": 0}]}},
		{"method": "PATCH", "path": "/v1/articles/both", "body": {"note": "seen"}, "ifMatch": "\"1\""},
		{"method": "POST", "path": "/v1/comments", "body": {"article": {"$id": 1}, "body": "x"}},
		{"method": "GET", "path": "/v1/articles/both?include=tags,comments"}`
	// All or nothing: the last one is not there.
	c.want(404, "POST", "/v1/batch", `{"requests": [`+writes+`, {"method": "DELETE", "path": "/v1/articles/nothing"}]}`, as(ann, "--", `"detail":"Request 5: There is no such article`)...)
	c.want(404, "GET", "/v1/articles/both", "", ann...)
	c.want(200, "POST", "/v1/batch", `{"requests": [`+writes+`]}`, as(ann, "--",
		`{"responses":[{"status":201,"body":{"id":`, `"note":"seen"`, `"tags":[{"id":`, `"comments":{"items":[{"id":`)...)
	c.want(200, "GET", "/v1/articles/both", "", as(ann, "--", `"note":"seen"`)...)
	// What stands in a field of JSON is the client's own.
	c.want(200, "POST", "/v1/batch", `{"requests": [{"method": "POST", "path": "/v1/samples", "body": {"data": {"a": [{"$id": 9}]}}}]}`, "--", `"data":{"a":[{"$id":9}]}`)
	for body, want := range map[string]string{
		`{"requests": [{"method": "POST", "path": "/v1/articles", "body": {"title": ""}}]}`:    `"field":"requests.0.title","code":"TOO_SHORT"`,
		`{"requests": [{"method": "POST", "path": "/v1/articles", "body": {"titel": "x"}}]}`:   `"field":"requests.0.titel","code":"UNKNOWN_FIELD"`,
		`{"requests": [{"method": "POST", "path": "/v1/tags", "body": {"name": {"$id": 0}}}]}`: `"field":"requests.0.body","code":"NOT_FOUND"`,
		`{"requests": []}`:  `"field":"requests","code":"TOO_SHORT"`,
		`{"requests": [5]}`: `"errors":[{"field":"requests.0","code":"WRONG_TYPE","detail":"must be an object"}]`,
		`{"requests": [` + strings.Repeat(`{"method":"GET","path":"/v1/tags"},`, 50) + `5]}`: `"field":"requests","code":"TOO_LONG"`,
		`{"requests": [{"method":"GET","path":"/v1/tags","body":{}}]}`:                       `"field":"requests.0.body","code":"UNKNOWN_FIELD"`,
		`{}`: `"field":"requests","code":"REQUIRED"`,
		`{"requests": [{"method": "TRACE", "path": "/v1/tags"}, {"method": "GET", "path": "//x/v1/"}, 5], "other": 1}`: `"field":"requests.1.path"`,
	} {
		c.want(422, "POST", "/v1/batch", body, as(ann, "--", want)...)
	}
	// A condition that is none is no missing one.
	for match, want := range map[string]int{`5`: 422, `null`: 422, `["\"1\""]`: 422, `""`: 412, `"x"`: 400, `"\"99\""`: 412} {
		c.want(want, "POST", "/v1/batch", `{"requests": [{"method": "PATCH", "path": "/v1/articles/alpha", "body": {"note": "lost"}, "ifMatch": `+match+`}]}`, ann...)
	}
	c.want(404, "POST", "/v1/batch", `{"requests": [{"method": "POST", "path": "/v1/batch", "body": {"requests": []}}]}`, ann...)
	c.want(422, "POST", "/v1/batch", `{"requests": [{"method": "PUT", "path": "/v1/tags"}]}`, as(ann, "--", `"field":"requests.0.method","code":"WRONG_FORMAT","detail":"must be one of GET, `)...)
	c.want(401, "POST", "/v1/batch", `{"requests": [{"method": "POST", "path": "/v1/tags", "body": {"name": "x"}}]}`)
	c.want(403, "POST", "/v1/batch", `{"requests": [{"method": "PATCH", "path": "/v1/articles/alpha", "body": {"note": "mine"}}]}`, bob...)

	// The rows that all parts may bring are bounded as those of one answer are: here 1,100 each.
	lists := strings.Repeat(`{"method": "GET", "path": "/v1/articles?limit=100&include=comments"},`, 10)
	c.want(200, "POST", "/v1/batch", `{"requests": [`+lists[:len(lists)/10*9-1]+`]}`)
	c.want(422, "POST", "/v1/batch", `{"requests": [`+strings.TrimSuffix(lists, ",")+`]}`, "--", `"field":"requests.9.include","code":"TOO_LARGE","detail":"may bring 11000 rows`)
}

func TestIndex(t *testing.T) {
	c := newClient(t)
	c.want(200, "GET", "/v1/", "", "--", `"documentation":"/docs"`, `"/v1/articles"`, `"/v1/batch"`)
	if text := c.want(200, "GET", "/v1/", "").Body.String(); strings.Contains(text, "{slug}") {
		t.Error(text)
	}
}

func TestMistakes(t *testing.T) {
	c := newClient(t)
	c.want(422, "GET", "/v1/articles?stauts=OPEN", "", "--", `{"field":"stauts","code":"UNKNOWN_FIELD"`, `did you mean \"status\"?`)
	c.want(422, "GET", "/v1/articles?title.contians=x", "", "--", `did you mean \"contains\"?`)
	c.want(422, "GET", "/v1/articles?author.usrname=x", "", "--", `did you mean \"username\"?`)
	c.want(422, "GET", "/v1/articles?status=OEPN", "", "--", `did you mean \"OPEN\"?`, `"field":"status"`)
	c.want(422, "GET", "/v1/articles?limit=101", "", "--", `from 1 to 100`)
	c.want(422, "GET", "/v1/articles?limit=x&order=titel&count=1&include=autor&status.gt=OPEN&price=1&tags=go", "", "--",
		`"field":"limit"`, `"field":"order"`, `"field":"count"`, `"field":"include"`, `"field":"status.gt"`, `"field":"price"`, `"field":"tags"`)
	for _, order := range []string{"author", "tags", "price", "author.email.x", "author.articles", "comments.body"} {
		c.want(422, "GET", "/v1/articles?order="+order, "", "--", `"field":"order","code":"UNKNOWN_FIELD"`)
	}
	c.want(422, "GET", "/v1/articles?createdAt.gt=2026-01-01T00:00:00+01:00", "", "--", `"code":"WRONG_FORMAT"`, `; a + in a URL is written %2B`)
	c.want(200, "GET", "/v1/articles?createdAt.gt=2026-01-01T00:00:00%2B01:00", "")
	c.want(422, "GET", "/v1/articles?createdAt.gt=2026-01-01%2000:00", "", "--", `"code":"WRONG_FORMAT"`, `T15:04:05Z"}`)
	for _, order := range []string{"title,-title", "title,title", "-title,createdAt,title"} {
		c.want(422, "GET", "/v1/articles?order="+order, "", "--", `"field":"order","code":"WRONG_FORMAT","detail":"names \"title\" twice"`)
	}
	c.want(422, "GET", "/v1/articles?search="+strings.Repeat("x", 201), "", "--", `"field":"search","code":"TOO_LONG","detail":"must have at most 200 characters"`)
	c.want(422, "GET", "/v1/articles?limit=x&search="+strings.Repeat("x+", 17), "", "--", `"field":"limit"`, `"field":"search","code":"TOO_LONG","detail":"must have at most 16 words"`)
	alternatives := func(n int) string { return strings.Repeat("x,", n-1) + "x" }
	c.want(200, "GET", "/v1/articles?title.in="+alternatives(500)+"&slug.in="+alternatives(500), "")
	c.want(422, "GET", "/v1/articles?title.in="+alternatives(501), "", "--", `"field":"title.in","code":"TOO_LONG","detail":"must have at most 500 alternatives"`)
	for _, key := range []string{"", ".", ".."} {
		c.want(422, "POST", "/v1/articles", `{"title":"x","slug":"`+key+`"}`, as(ann, "--", `"field":"slug","code":"WRONG_FORMAT","detail":"This stands in paths`)...)
	}
	const id = "01890A5D-AC96-774B-BCCE-B302099A8057"
	c.want(422, "POST", "/v1/articles", `{"title":"x","slug":"`+id+`"}`, as(ann, "--", `"field":"slug","code":"WRONG_FORMAT","detail":"This has the form of an id, and would be taken for one."`)...)
	c.want(422, "PATCH", "/v1/articles/alpha", `{"slug":"`+id+`"}`, as(ann, "--", `"field":"slug","code":"WRONG_FORMAT"`)...)
	c.want(422, "GET", "/v1/users?search=ann", "", "--", `"field":"search","code":"UNKNOWN_FIELD"`)
	for _, quoted := range []string{`"a`, `"a"b`, `a,"`, `""",b`} {
		c.want(422, "GET", "/v1/articles?title.in="+url.QueryEscape(quoted), "", "--", `"field":"title.in","code":"WRONG_FORMAT","detail":"has a quote that does not end`)
	}
	c.want(422, "GET", "/v1/articles?serch=x", "", "--", `did you mean \"search\"?`)
	c.want(422, "GET", "/v1/articles?search=a&search=b", "", "--", "must stand once")
	c.want(422, "GET", "/v1/articles?limit=1&limit=2", "", "--", "must stand once")
	c.want(422, "GET", "/v1/articles?include=comments.article.comments.article.comments", "", "--", "4 levels")
	c.want(422, "GET", "/v1/articles?limit=100&include=comments.article.comments", "", "--", "rows")
	c.want(422, "GET", "/v1/articles/alpha?incldue=author", "", "--", `did you mean \"include\"?`)
	c.want(422, "POST", "/v1/articles", `{"title":5,"tags":"go","price":{"amount":"x"},"titel":1,"views":3,"status":"CLOSED"}`, as(ann, "--",
		`"field":"title","code":"WRONG_TYPE"`, `"field":"tags","code":"WRONG_TYPE"`, `"field":"price.amount","code":"WRONG_FORMAT"`, `"field":"price.currency","code":"REQUIRED"`,
		`"field":"titel","code":"UNKNOWN_FIELD"`, `"field":"views","code":"READ_ONLY"`, `"field":"status","code":"WRONG_FORMAT"`)...)
	c.want(422, "POST", "/v1/articles", `{"title":""}`, as(ann, "--", `"field":"title","code":"TOO_SHORT"`)...)
	c.want(422, "POST", "/v1/articles", `{}`, as(ann, "--", `"field":"title","code":"REQUIRED"`)...)
	c.want(422, "POST", "/v1/articles", `{"title":null}`, as(ann, "--", `"field":"title","code":"REQUIRED"`)...)
	c.want(422, "POST", "/v1/articles", `{"title":"x","tags":["nosuch"]}`, as(ann, "--", `"code":"NOT_FOUND"`)...)
	c.want(409, "POST", "/v1/articles", `{"title":"Alpha","slug":"alpha"}`, as(ann, "--", `TAKEN`)...)
}

func TestStatuses(t *testing.T) {
	c := newClient(t)
	c.want(404, "GET", "/v1/nothing", "", "--", `"code":"NOT_FOUND"`, `"title":"Not Found"`, `"status":404`, `"type":"about:blank"`)
	c.want(404, "GET", "/v1/articles/a/b/c", "")
	w := c.want(405, "PUT", "/v1/articles/alpha", `{}`, "--", `"code":"METHOD_NOT_ALLOWED"`)
	if got := w.Header().Get("Allow"); got != "DELETE, GET, HEAD, OPTIONS, PATCH" {
		t.Error("Allow:", got)
	}
	patches := "application/merge-patch+json, application/json"
	if got := c.want(204, "OPTIONS", "/v1/articles/alpha", "").Header().Get("Accept-Patch"); got != patches {
		t.Error("Accept-Patch:", got)
	}
	w = c.want(415, "PATCH", "/v1/articles/alpha", `[]`, as(ann, "Content-Type", "application/json-patch+json")...)
	if w.Header().Get("Accept-Patch") != patches || w.Header().Get("Accept") != patches {
		t.Error("415:", w.Header())
	}
	w = c.want(204, "OPTIONS", "/v1/articles", "")
	if got := w.Header().Get("Allow"); got != "GET, HEAD, OPTIONS, POST" {
		t.Error("Allow:", got)
	}
	if got := c.want(405, "POST", "/v1/users", `{}`).Header().Get("Allow"); got != "GET, HEAD, OPTIONS" {
		t.Error("Allow:", got)
	}
	if w := c.want(200, "HEAD", "/v1/articles/alpha", ""); w.Header().Get("ETag") == "" || w.Header().Get("Content-Length") == "0" {
		t.Error("HEAD:", w.Header())
	}
	for accept, status := range map[string]int{
		"text/html": 406, "application/json;q=0": 406, "application/json;q=0, */*": 406, "image/*": 406,
		"application/json": 200, "*/*": 200, "text/html, application/*;q=0.1": 200, "application/problem+json": 200, "": 200, "a b c": 406,
	} {
		c.want(status, "GET", "/v1/articles/alpha", "", "Accept", accept)
	}
	c.want(401, "GET", "/v1/articles", "", "Authorization", "Bearer nobody", "--", `"code":"UNAUTHENTICATED"`)
	c.want(400, "POST", "/v1/articles", `{"title":`, as(ann, "--", `"code":"MALFORMED"`, "Line 1, column 10")...)
	c.want(400, "POST", "/v1/articles", `[]`, ann...)
	c.want(400, "PATCH", "/v1/articles/alpha", `{}`, as(ann, "If-Match", "3")...)
	c.want(400, "GET", "/v1/articles?a=%zz", "")
	c.want(400, "GET", "/v1/articles?title=%ff", "")
	c.want(400, "GET", "/v1/articles?after=nonsense", "")
	c.want(415, "POST", "/v1/articles", `{}`, as(ann, "Content-Type", "text/plain", "--", `"code":"UNSUPPORTED_TYPE"`)...)
	c.want(415, "POST", "/v1/articles", `{}`, as(ann, "Content-Type", "application/json; charset=latin1")...)
	c.want(415, "POST", "/v1/articles", `{}`, as(ann, "Content-Encoding", "gzip")...)
	c.want(415, "POST", "/v1/articles", "", ann...)
	c.want(201, "POST", "/v1/articles", `{"title":"q"}`, as(ann, "Content-Type", "Application/JSON; charset=UTF-8")...)
	c.want(413, "POST", "/v1/articles", `{"title":"`+strings.Repeat("x", 20_000)+`"}`, as(ann, "--", `"code":"TOO_LARGE"`)...)
	if w := c.call("POST", "/v1/articles", `{"title":"x"}`); w.Code != 401 && w.Code != 403 {
		t.Error("signed out:", w.Code, w.Body)
	}
	if w := c.call("PATCH", "/v1/articles/alpha", `{"title":"x"}`, bob...); w.Code != 403 && w.Code != 404 {
		t.Error("not the author:", w.Code, w.Body)
	}
	w = c.want(201, "POST", "/v1/feedback", `{"text":"secret"}`, "--", `{"id":"`)
	if strings.Contains(w.Body.String(), "secret") || !strings.HasPrefix(w.Header().Get("Location"), "/v1/feedback/") {
		t.Error("what may be written but not read:", w.Body, w.Header())
	}
}

func TestOperations(t *testing.T) {
	c := newClient(t)
	c.want(200, "POST", "/v1/articles/draft/publish", "", as(ann, "--", `"status":"OPEN"`)...)
	c.want(200, "POST", "/v1/articles/draft/publish?include=author", "{}", as(ann, "--", `"username":"ann"`)...)
	if w := c.call("POST", "/v1/articles/alpha/publish", "", bob...); w.Code != 403 {
		t.Error("not the author:", w.Code, w.Body)
	}
	c.want(404, "POST", "/v1/articles/nosuch/publish", "", ann...)
	c.want(422, "POST", "/v1/articles/draft/publish", `{"article":"x"}`, ann...)
	c.want(200, "POST", "/v1/quote", `{"amount":"2.25","country":"DE"}`, "--", `{"amount":"4.5","currency":"EUR"}`)
	c.want(402, "POST", "/v1/quote", `{"amount":"2.25"}`, "--", `"code":"NO_COUNTRY"`, `Say where to.`)
	c.want(422, "POST", "/v1/quote", `{"amuont":"2.25"}`, "--", `did you mean \"amount\"?`, `"field":"amount","code":"REQUIRED"`)
	c.want(422, "POST", "/v1/quote", "", "--", `"field":"amount"`)
	c.want(422, "POST", "/v1/quote?x=1", `{"amount":"1"}`, "--", `"field":"x"`)
	w := c.want(200, "GET", "/v1/articles/latest/3", "", "--", `"title":"Gamma"`, `"title":"Beta"`)
	if !strings.HasPrefix(w.Body.String(), "[{") {
		t.Error("a list:", w.Body)
	}
	c.want(422, "GET", "/v1/articles/latest/many", "", "--", `"field":"count"`)
	c.want(404, "GET", "/v1/hidden", "")
}

func TestOurFailuresAreHiddenAndLoggedOnce(t *testing.T) {
	for _, path := range []string{"/v1/crash", "/v1/broken"} {
		c := newClient(t)
		w := c.want(500, "GET", path, "", "--", `"code":"INTERNAL"`)
		if strings.Contains(w.Body.String(), "secret") {
			t.Error("leaked:", w.Body)
		}
		if log := c.log.String(); strings.Count(log, "a secret") < 1 || strings.Count(log, "level=ERROR") != 1 {
			t.Error("log:", log)
		}
	}
	c := newClient(t)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, httptest.NewRequest("GET", "/v1/slow", nil).WithContext(ctx))
	if w.Code != 504 || !strings.Contains(w.Body.String(), `"code":"TIMEOUT"`) {
		t.Error("deadline:", w.Code, w.Body)
	}
	c.log.Reset()
	ctx, cancel = context.WithCancel(context.Background())
	time.AfterFunc(20*time.Millisecond, cancel)
	c.handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/v1/slow", nil).WithContext(ctx))
	if c.log.Len() > 0 {
		t.Error("noise about a client that left:", c.log)
	}
}

func TestEveryKindComesBack(t *testing.T) {
	c := newClient(t)
	for sent, back := range map[string]string{
		`"small":-7`: `"small":-7`, `"small":1.0`: `"small":1`, `"big":"9007199254740993"`: `"big":"9007199254740993"`, `"big":"5"`: `"big":"5"`,
		`"weight":0.1`: `"weight":0.1`, `"yes":false`: `"yes":false`, `"exact":"12.3400"`: `"exact":"12.34"`, `"exact":"-0.5"`: `"exact":"-0.5"`,
		`"at":"2024-02-29T12:30:00.1234567+02:00"`: `"at":"2024-02-29T10:30:00.123456Z"`, `"day":"2024-02-29"`: `"day":"2024-02-29"`,
		`"time":"09:30"`: `"time":"09:30:00"`, `"takes":"90s"`: `"takes":"1m30s"`,
		`"ref":"0197B1C6-2F1E-7C3A-8D2B-9D0F5A4E6B71"`: `"ref":"0197b1c6-2f1e-7c3a-8d2b-9d0f5a4e6b71"`,
		`"mail":"a@b.example"`:                         `"mail":"a@b.example"`, `"link":"https://a.example/x?y"`: `"link":"https://a.example/x?y"`,
		`"data":{"b":[1,2.50,null],"a":"é\n"}`: `"data":{"a":"é\n","b":[1,2.50,null]}`, `"raw":"aGk="`: `"raw":"aGk="`,
		`"zone":"Europe/Berlin"`: `"zone":"Europe/Berlin"`, `"country":"DE"`: `"country":"DE"`, `"currency":"EUR"`: `"currency":"EUR"`, `"status":"OPEN"`: `"status":"OPEN"`,
		`"words":["a","b c"]`: `"words":["a","b c"]`, `"words":[]`: `"words":[]`, `"states":["OPEN","DRAFT"]`: `"states":["OPEN","DRAFT"]`, `"states":null`: `"words":[],"states":null`,
		`"bigs":["5","9007199254740993"]`: `"bigs":["5","9007199254740993"]`,
	} {
		w := c.want(201, "POST", "/v1/samples", "{"+sent+"}", "--", back)
		c.want(200, "GET", w.Header().Get("Location"), "", "--", back)
		c.want(200, "PATCH", w.Header().Get("Location"), "{"+sent+"}", "--", back)
	}
}

func TestListsOfScalars(t *testing.T) {
	c := newClient(t)
	for _, body := range []string{`{"words":["a","b"],"states":["OPEN"],"small":1}`, `{"words":["b"],"states":[],"bigs":["7"],"small":2}`, `{"small":3}`} {
		c.want(201, "POST", "/v1/samples", body)
	}
	c.want(422, "POST", "/v1/samples", `{"words":["a","b","c","d"]}`, "--", `"field":"words"`, `"code":"TOO_LONG"`)
	c.want(422, "POST", "/v1/samples", `{"words":["a",null,3],"states":["SHUT"]}`, "--", `"field":"words.1"`, `"field":"words.2"`, `"field":"states.0"`)
	c.want(422, "PATCH", c.want(201, "POST", "/v1/samples", `{"small":4}`).Header().Get("Location"), `{"words":null}`, "--", `"field":"words","code":"REQUIRED"`)
	for query, want := range map[string]string{
		"words.has=b": "1 2", "words.has=a": "1", "words.hasSome=a,x": "1", "words.hasSome=a,b": "1 2", "words.hasEvery=a,b": "1", "words.hasEvery=b": "1 2",
		"words.isEmpty=true": "3 4", "words.isEmpty=false": "1 2", "states.has=OPEN": "1", "states.isNull=true": "3 4", "states.isEmpty=true": "2 3 4", "bigs.has=7": "2",
	} {
		var page struct{ Items []struct{ Small int } }
		if err := json.Unmarshal(c.want(200, "GET", "/v1/samples?order=small&"+query, "").Body.Bytes(), &page); err != nil {
			t.Error(err)
		}
		var got []string
		for _, item := range page.Items {
			got = append(got, fmt.Sprint(item.Small))
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	c.want(422, "GET", "/v1/samples?words=a", "", "--", `"field":"words"`, `these do: has, hasSome, hasEvery, isEmpty, isNull`)
	c.want(422, "GET", "/v1/samples?order=words", "", "--", `\"words\" has no order`)
	c.want(422, "GET", "/v1/samples?bigs.has=x", "", "--", `"field":"bigs.has"`)
	c.want(422, "GET", "/v1/samples?states.hasSome=OPEN,SHUT", "", "--", `"field":"states.hasSome.1"`)
}

// No input of a caller, however hostile, is a failure of ours.
func TestHostileInput(t *testing.T) {
	c := newClient(t)
	bodies := []string{
		"", " ", "null", "true", "{", "}", "[", `{"small"`, `{"small":}`, `{"small":1,}`, `{"small":1}x`, `{"small":1 "big":2}`, `{'small':1}`, `{"small":01}`, `{"small":+1}`, `{"small":.5}`, `{"small":1e}`,
		`{"small":1,"small":2}`, `{"data":{"a":1,"a":2}}`, `{"data":"\ud800"}`, `{"data":"\u0000"}`, `{"zone":"\u0000"}`, `{"\u0000":1}`, "{\"zone\":\"\xff\"}", "{\"zone\":\"a\nb\"}", `{"zone":"../../etc/passwd"}`,
		`{"small":2147483648}`, `{"small":1e99}`, `{"small":"1"}`, `{"big":"9223372036854775808"}`, `{"big":1e30}`, `{"big":""}`, `{"weight":1e999}`, `{"weight":"x"}`, `{"exact":"1e999999999"}`, `{"exact":1e999999999}`,
		`{"exact":"NaN"}`, `{"exact":"1234567890123456789012345"}`, `{"exact":"0.12345678901"}`, `{"exact":"0x10"}`, `{"at":"0000-01-01T00:00:00Z"}`, `{"at":"9999-12-31T23:59:59-14:00"}`, `{"at":"yesterday"}`, `{"day":"0000-01-01"}`,
		`{"day":"2023-02-29"}`, `{"time":"24:00"}`, `{"time":"25:61"}`, `{"takes":"9999999999h"}`, `{"takes":5}`, `{"takes":"-1h"}`, `{"ref":"x"}`, `{"mail":"a@b@c"}`, `{"mail":"<a@b.c>"}`, `{"link":"javascript:alert(1)"}`, `{"link":"http://[::1"}`,
		`{"raw":"!!"}`, `{"raw":"aGk"}`, `{"zone":"Local"}`, `{"zone":"localtime"}`, `{"zone":"posix/Europe/Rome"}`, `{"zone":"Factory"}`, `{"country":"ZZ"}`, `{"currency":"BTC"}`, `{"zone":""}`, `{"country":"de"}`, `{"currency":"EURO"}`, `{"status":null}`, `{"status":[]}`, `{"status":{}}`, `{"id":"x"}`, `{"version":1}`, `{"__proto__":1}`,
		`{"data":` + strings.Repeat("[", 5000) + strings.Repeat("]", 4000), strings.Repeat(`{"data":`, 70) + "1" + strings.Repeat("}", 70), `{"data":[` + strings.Repeat("1,", 4000) + `1]}`,
		"{" + strings.Repeat(`"a`, 500) + "}", `{"` + strings.Repeat("k", 9000) + `":1}`, wide(600),
	}
	for _, body := range bodies {
		for _, path := range []string{"POST /v1/samples", "POST /v1/articles", "PATCH /v1/articles/alpha", "POST /v1/quote", "POST /v1/comments"} {
			method, path, _ := strings.Cut(path, " ")
			if w := c.call(method, path, body, as(ann, "Content-Type", "application/json")...); w.Code >= 500 {
				t.Errorf("%s %s %.80q: %d %s\n%s", method, path, body, w.Code, w.Body, c.log)
				c.log.Reset()
			}
		}
	}
	keys := []string{"%00", "%ff", "%2F", "..%2f..", "'%3B%20DROP", strings.Repeat("x", 5000), "%F0%9F%92%A9", "-1", "NaN"}
	for _, key := range keys {
		for _, path := range []string{
			"/v1/articles/" + key, "/v1/samples/" + key, "/v1/articles/latest/" + key, "/v1/articles?title=" + key, "/v1/articles?after=" + key,
			"/v1/articles?author=" + key, "/v1/articles?" + key + "=1", "/v1/articles?order=" + key, "/v1/articles?include=" + key, "/v1/articles?limit=" + key, "/v1/articles?id=" + key,
			"/v1/samples?exact.gt=" + key, "/v1/samples?at=" + key, "/v1/samples?zone.contains=" + key, "/v1/samples?small.in=" + key, "/v1/articles?title." + key + "=x",
		} {
			if w := c.call("GET", path, ""); w.Code >= 500 {
				t.Errorf("GET %.80s: %d %s\n%s", path, w.Code, w.Body, c.log)
				c.log.Reset()
			}
		}
	}
	for _, match := range []string{`""`, `W/""`, `"`, `W/"99999999999999999999"`, `W/"-1"`, "*, W/\"1\"", ",,,"} {
		if w := c.call("DELETE", "/v1/articles/alpha", "", as(ann, "If-Match", match)...); w.Code >= 500 {
			t.Errorf("If-Match %s: %d %s", match, w.Code, w.Body)
		}
	}
}

func wide(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(`,"k`)
		b.WriteByte(byte('a' + i%26))
		b.WriteString(strings.Repeat("z", i/26))
		b.WriteString(`":1`)
	}
	return "{" + b.String()[1:] + "}"
}
