package rest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/input"
)

// Rows that belong to a row are made, changed and deleted in one request with it, each by its own rules.
func TestParts(t *testing.T) {
	onEach(t, func(c *client) {
		c.want(201, "POST", "/v1/articles?include=comments", `{"title":"Whole","comments":{"create":[{"body":"one"},{"body":"two"}]}}`,
			as(ann, "--", `"body":"one"`, `"body":"two"`)...)
		c.want(201, "POST", "/v1/articles", `{"title":"Alone","comments":null}`, as(ann)...)
		tree, err := input.Parse(c.want(200, "GET", "/v1/articles/whole?include=comments", "", as(ann)...).Body.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		items := tree.(input.Object)["comments"].(input.Object)["items"].([]any)
		one, two := items[0].(input.Object)["id"], items[1].(input.Object)["id"]
		body := fmt.Sprintf(`{"title":"Half","comments":{"create":[{"body":"three"}],"update":[{"id":%q,"version":"1","body":"ONE"}],"delete":[%q]}}`, one, two)
		w := c.want(200, "PATCH", "/v1/articles/whole?include=comments", body, as(ann, "--", `"title":"Half"`, `"body":"ONE"`, `"body":"three"`, `"version":"2"`)...)
		if strings.Contains(w.Body.String(), `"body":"two"`) {
			c.Errorf("what was deleted is there: %s", w.Body)
		}
		c.want(412, "PATCH", "/v1/articles/whole", fmt.Sprintf(`{"comments":{"update":[{"id":%q,"version":"1","body":"x"}]}}`, one), as(ann, "--", `"comments.update.0"`)...)
		c.want(412, "PATCH", "/v1/articles/whole", `{"comments":{"create":[{"body":"x"}]}}`, as(ann, "If-Match", `"1"`)...)
		c.want(404, "PATCH", "/v1/articles/draft", `{"comments":{"create":[{"body":"x"}]}}`, as(bob)...)
		c.want(403, "PATCH", "/v1/articles/alpha", `{"comments":{"create":[{"body":"x"}]}}`, as(bob)...)
		c.want(200, "GET", "/v1/articles/whole?include=comments", "", as(ann, "--", `"version":"2"`, `"body":"ONE"`)...)
	})
}

// What is wrong is told at its place, all of it at once.
func TestPartsThatAreWrong(t *testing.T) {
	c := newClient(t)
	for body, want := range map[string]string{
		`{"title":"","comments":{"create":[{"body":"a"},{"body":"` + strings.Repeat("x", 101) + `"}]}}`: `title:TOO_SHORT comments.create.1.body:TOO_LONG`,
		`{"title":"x","comments":{"create":[{"body":1},{}]}}`:                                           `comments.create.0.body:WRONG_TYPE`,
		`{"title":"x","comments":{"create":[{}]}}`:                                                      `comments.create.0.body:REQUIRED`,
		`{"title":"x","comments":{"create":[{"body":"a","article":"alpha"}]}}`:                          `comments.create.0.article:READ_ONLY`,
		`{"title":"x","comments":{"create":[{"body":"a","author":"bob"}]}}`:                             `comments.create.0.author:READ_ONLY`,
		`{"title":"x","comments":{"create":[{"body":"a","nothing":1}]}}`:                                `comments.create.0.nothing:UNKNOWN_FIELD`,
		`{"title":"x","comments":{"create":[1]}}`:                                                       `comments.create.0:WRONG_TYPE`,
		`{"title":"x","comments":{"create":{}}}`:                                                        `comments.create:WRONG_TYPE`,
		`{"title":"x","comments":{"delete":["x"]}}`:                                                     `comments.delete:UNKNOWN_FIELD`,
		`{"title":"x","comments":[{"body":"a"}]}`:                                                       `comments:WRONG_TYPE`,
	} {
		w := c.want(422, "POST", "/v1/articles", body, as(ann)...)
		for part := range strings.FieldsSeq(want) {
			field, code, _ := strings.Cut(part, ":")
			if !strings.Contains(w.Body.String(), fmt.Sprintf(`{"field":%q,"code":%q`, field, code)) {
				c.Errorf("%s: %s lacks %s", body, w.Body, part)
			}
		}
	}
	for body, want := range map[string]string{
		`{"comments":null}`:                                             `"field":"comments","code":"WRONG_TYPE"`,
		`{"comments":{"update":[{"body":"a"}]}}`:                        `"field":"comments.update.0.id","code":"REQUIRED"`,
		`{"comments":{"update":[{"id":"x","version":"0","body":"a"}]}}`: `"field":"comments.update.0.version","code":"TOO_SMALL"`,
		`{"comments":{"update":[{"id":"x","body":"a"}]}}`:               `"field":"comments.update.0.id","code":"NOT_FOUND"`,
		`{"comments":{"update":[{"id":"x","article":"beta"}]}}`:         `"field":"comments.update.0.article","code":"READ_ONLY"`,
		`{"comments":{"delete":["x"]}}`:                                 `"field":"comments.delete.0","code":"NOT_FOUND"`,
		`{"shelves":["go"]}`:                                            `"field":"shelves","code":"WRONG_TYPE"`,
		`{"shelves":{"link":["go","nowhere"]}}`:                         `"field":"shelves.link.1","code":"NOT_FOUND"`,
		`{"shelves":{"links":["go"]}}`:                                  `"field":"shelves.links","code":"UNKNOWN_FIELD"`,
		`{"comments":{"delete":[null]}}`:                                `"field":"comments.delete.0","code":"REQUIRED"`,
	} {
		c.want(422, "PATCH", "/v1/articles/alpha", body, as(ann, "--", want)...)
	}
}

// Rows of a list without a bound are linked and unlinked, and the others stay.
func TestLinks(t *testing.T) {
	c := newClient(t)
	c.want(201, "POST", "/v1/articles", `{"title":"Shelved","shelves":{"link":["go"]}}`, as(ann)...)
	c.want(422, "POST", "/v1/articles", `{"title":"Shelved","shelves":{"unlink":["go"]}}`, as(ann, "--", `"field":"shelves.unlink","code":"UNKNOWN_FIELD"`)...)
	w := c.want(200, "PATCH", "/v1/articles/shelved?include=shelves", `{"shelves":{"link":["sql"],"unlink":["go"]}}`, as(ann, "--", `"name":"sql"`)...)
	if strings.Contains(w.Body.String(), `"name":"go"`) {
		c.Errorf("what was unlinked is there: %s", w.Body)
	}
}
