package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/internal/doortest"
)

func TestAggregates(t *testing.T) {
	c := newClient(t)
	c.want("", `{ articlesAggregate { nodes { count sum { views } avg { views } min { title __typename } max { title } group { status } __typename } pageInfo { hasNextPage hasPreviousPage startCursor } __typename } }`, "null",
		`{"data":{"articlesAggregate":{"nodes":[{"count":3,"sum":{"views":"0"},"avg":{"views":0},"min":{"title":"Alpha","__typename":"ArticleMin"},"max":{"title":"Gamma"},"group":{"status":null},"__typename":"ArticleAggregate"}],"pageInfo":{"hasNextPage":false,"hasPreviousPage":false,"startCursor":null},"__typename":"ArticleAggregateConnection"}}}`)
	c.want("ann", `query($by: [ArticleGroupBy!]) { articlesAggregate(groupBy: $by, zone: "Europe/Rome") { nodes { group { s: status createdAt_MONTH title } count } } }`, `{"by":["status","createdAt_MONTH"]}`,
		`{"data":{"articlesAggregate":{"nodes":[{"group":{"s":"DRAFT","createdAt_MONTH":"2030-01-01","title":null},"count":1},{"group":{"s":"OPEN","createdAt_MONTH":"2030-01-01","title":null},"count":3}]}}}`)
	c.want("", `{ articlesAggregate(groupBy: price_currency, where: {title: {in: ["Alpha", "Nosuch"]}}) { nodes { group { price_currency } sum { price_amount } } } none: articlesAggregate(where: {title: {eq: "x"}}) { nodes { count sum { views } max { views } } } }`, "null",
		`{"data":{"articlesAggregate":{"nodes":[{"group":{"price_currency":"EUR"},"sum":{"price_amount":"0"}}]},"none":{"nodes":[{"count":0,"sum":{"views":"0"},"max":{"views":null}}]}}}`)
	c.want("", `{ articlesAggregate(search: "alpha") { nodes { count } } }`, "null", `{"data":{"articlesAggregate":{"nodes":[{"count":1}]}}}`)
	c.has("", `{ articlesAggregate { nodes { sum { price_amount } } } }`, "null", `"field":"groupBy","code":"REQUIRED"`, `price.currency`)
	c.has("", `{ articlesAggregate(groupBy: createdAt_DAY, zone: "Nowhere") { nodes { count } } }`, "null", `"field":"zone"`)
	c.has("", `{ articlesAggregate(groupBy: title, first: 1001) { nodes { count } } }`, "null", `"field":"first"`, "from 1 to 1000")
	page := c.run("", `{ articlesAggregate(groupBy: title, first: 2) { nodes { group { title } } pageInfo { hasNextPage endCursor } } }`, "null")
	_, cursor, _ := strings.Cut(page, `"endCursor":"`)
	cursor, _, _ = strings.Cut(cursor, `"`)
	c.want("", `query($after: String) { articlesAggregate(groupBy: title, first: 2, after: $after) { nodes { group { title } } pageInfo { hasNextPage hasPreviousPage } } }`, `{"after":"`+cursor+`"}`,
		`{"data":{"articlesAggregate":{"nodes":[{"group":{"title":"Gamma"}}],"pageInfo":{"hasNextPage":false,"hasPreviousPage":true}}}}`)
}

func TestSchemaOfAggregates(t *testing.T) {
	w := doortest.New(t)
	for from, to := range map[string]string{"views author }": "views author nothing }", "ArticleAvg { ": "ArticleAvg { title: String ", "createdAt_MONTH: Date": "createdAt_HOUR: Date"} {
		sdl := strings.Replace(doortest.SDL, from, to, 1)
		func() {
			defer func() {
				if said := fmt.Sprint(recover()); !strings.Contains(said, "articlesAggregate: there is no") {
					t.Errorf("%s: %s", to, said)
				}
			}()
			graphql.New(w.Engine, sdl, graphql.Options{})
		}()
	}
}
