package rest_test

import (
	"strings"
	"testing"
)

// What a method of Go works out is shown with a row, and with the rows of a list; it is neither filtered by nor set.
func TestMethods(t *testing.T) {
	c := newClient(t)
	path := c.want(201, "POST", "/v1/flags", `{"about":{"article":"alpha"}}`, as(ann, "--", `"mates":1`, `"secret":null`)...).Header().Get("Location")
	c.want(201, "POST", "/v1/flags", `{"about":{"user":"ann"}}`, as(ann, "--", `"secret":"secret `)...)
	if body := c.want(200, "GET", "/v1/flags", "").Body.String(); strings.Count(body, `"mates":2`) != 2 {
		t.Errorf("two flags were worked out in %s", body)
	}
	c.want(200, "GET", path, "", "--", `"mates":1`)
	for _, query := range []string{"mates=1", "order=mates", "mates.gt=1"} {
		c.want(422, "GET", "/v1/flags?"+query, "", "--", `"errors"`)
	}
	c.want(422, "PATCH", path, `{"mates":2}`, as(ann, "--", `"field":"mates"`)...)
}
