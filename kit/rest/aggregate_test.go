package rest_test

import (
	"strings"
	"testing"
)

func TestAggregates(t *testing.T) {
	c := newClient(t)
	c.want(200, "GET", "/v1/articles:aggregate", "", "--", `{"groups":[{"group":{},"count":3}],"next":null}`)
	c.want(200, "GET", "/v1/articles:aggregate?sum=views&avg=views&min=title,createdAt&title=Alpha", "", "--",
		`{"groups":[{"group":{},"count":1,"sum":{"views":"0"},"avg":{"views":0},"min":{"title":"Alpha","createdAt":"2030-01-`)
	c.want(200, "GET", "/v1/articles:aggregate?groupBy=status,createdAt.month&zone=Europe/Rome", "", as(ann, "--",
		`{"groups":[{"group":{"status":"DRAFT","createdAt.month":"2030-01-01"},"count":1},{"group":{"status":"OPEN","createdAt.month":"2030-01-01"},"count":3}],"next":null}`)...)
	c.want(200, "GET", "/v1/articles:aggregate?groupBy=price.currency&sum=price.amount&title=Alpha", "", "--", `{"group":{"price.currency":"EUR"},"count":1,"sum":{"price.amount":"0"}}`)
	w := c.want(200, "GET", "/v1/articles:aggregate?groupBy=title&limit=2", "", "--", `"Alpha"`, `"Beta"`, `"next":"`)
	next := w.Header().Get("Link")
	if !strings.HasPrefix(next, "</v1/articles:aggregate?") {
		t.Fatal("Link:", next)
	}
	c.want(200, "GET", next[1:strings.Index(next, ">")], "", "--", `{"groups":[{"group":{"title":"Gamma"},"count":1}],"next":null}`)
	c.want(422, "GET", "/v1/articles:aggregate?sum=price.amount", "", "--", `"field":"groupBy"`, `must have price.currency`)
	c.want(422, "GET", "/v1/articles:aggregate?sum=title&groupBy=stat&zone=x&limit=1001&nothing=1", "", "--",
		`"field":"sum"`, `"field":"groupBy"`, `did you mean \"status\"?`, `"field":"limit"`, `"field":"nothing"`)
	c.want(422, "GET", "/v1/articles:aggregate?groupBy=status,status", "", "--", `has status twice`)
	c.want(422, "GET", "/v1/articles:aggregate?groupBy=createdAt.day&zone=x", "", "--", `"field":"zone"`)
	c.want(400, "GET", "/v1/articles:aggregate?groupBy=status&after=x", "", "--", `cursor`)
	c.want(404, "GET", "/v1/feedbacks:aggregate", "")
	c.want(200, "GET", "/v1/articles:aggregate?groupBy=author", "", "--", `{"group":{"author":{"id":"`+string(c.world.Ann.ID)+`"}},"count":3}`)
}
