package graphql_test

import (
	"strings"
	"sync"
	"testing"
)

// What is kept of a document is not what one request's variables made of it, nor what one viewer sees.
func TestKeptDocuments(t *testing.T) {
	onEach(t, func(c *client) {
		one := `query($s: String!, $n: Int = 2) { article(slug: $s) { title author { ...U } } articles(first: $n) { nodes { slug tags { name } } totalCount } } fragment U on User { username email }`
		page := `"articles":{"nodes":[{"slug":"gamma","tags":[{"name":"go"},{"name":"sql"}]},{"slug":"beta","tags":[{"name":"go"},{"name":"sql"}]}],"totalCount":3}`
		want := map[string]string{
			`{"s":"alpha"}`:        `{"data":{"article":{"title":"Alpha","author":{"username":"ann","email":null}},` + page + `}}`,
			`{"s":"beta"}`:         `{"data":{"article":{"title":"Beta","author":{"username":"ann","email":null}},` + page + `}}`,
			`{"s":"draft"}`:        `{"data":{"article":null,` + page + `}}`,
			`{"s":"beta","n":1}`:   `{"data":{"article":{"title":"Beta","author":{"username":"ann","email":null}},` + strings.Replace(page, `,{"slug":"beta","tags":[{"name":"go"},{"name":"sql"}]}`, "", 1) + `}}`,
			`{"s":"nosuch","n":2}`: `{"data":{"article":null,` + page + `}}`,
		}
		var all sync.WaitGroup
		for variables, body := range want {
			all.Go(func() {
				for range 3 {
					c.want("", one, variables, body)
				}
			})
		}
		all.Wait()
		c.has("ann", one, `{"s":"draft"}`, `"title":"Draft"`, `"email":"ann@example.com"`)
		c.has("", one, `{"s":"draft"}`, `"article":null`)
		c.has("", one, `{"s":"alpha","n":-1}`, `"errors"`)
		c.has("", one, `{"s":"alpha","n":100000}`, `"errors"`)
		c.has("", one, `{"s":"alpha"}`, page)

		// What a variable decides within is decided anew.
		within := `query($n: Int!, $d: Boolean!) { article(slug: "alpha") { title comments(first: $n) { nodes { body } } status @include(if: $d) } }`
		c.want("", within, `{"n":1,"d":false}`, `{"data":{"article":{"title":"Alpha","comments":{"nodes":[{"body":"nice"}]}}}}`)
		c.want("", within, `{"n":2,"d":true}`, `{"data":{"article":{"title":"Alpha","comments":{"nodes":[{"body":"nice"},{"body":"thanks"}]},"status":"OPEN"}}}`)
		spread := `query($n: Int!) { article(slug: "alpha") { ...A } } fragment A on Article { comments(first: $n) { nodes { body } } }`
		c.want("", spread, `{"n":1}`, `{"data":{"article":{"comments":{"nodes":[{"body":"nice"}]}}}}`)
		c.want("", spread, `{"n":2}`, `{"data":{"article":{"comments":{"nodes":[{"body":"nice"},{"body":"thanks"}]}}}}`)
		root := `query($s: String!, $d: Boolean!) { ...R } fragment R on Query { article(slug: $s) { title } tags @include(if: $d) { totalCount } }`
		c.want("", root, `{"s":"alpha","d":false}`, `{"data":{"article":{"title":"Alpha"}}}`)
		c.want("", root, `{"s":"beta","d":true}`, `{"data":{"article":{"title":"Beta"},"tags":{"totalCount":2}}}`)

		// One document, several operations.
		two := `query A($s: String!) { article(slug: $s) { title } } query B { article(slug: "beta") { slug } }`
		for range 2 {
			for name, body := range map[string]string{"A": `{"data":{"article":{"title":"Alpha"}}}`, "B": `{"data":{"article":{"slug":"beta"}}}`} {
				if w := c.post(`{"query":"` + strings.ReplaceAll(two, `"`, `\"`) + `","operationName":"` + name + `","variables":{"s":"alpha"}}`); w.Body.String() != body {
					c.Errorf("%s: %s", name, w.Body)
				}
			}
		}
	})
}

// A document that is known reads what it read when it was new.
func TestKnownDocumentsReadTheSame(t *testing.T) {
	onEach(t, func(c *client) {
		for _, document := range []string{
			`query($s: String!) { article(slug: $s) { title author { username } tags { name } } }`,
			`query($s: String!) { articles(where: {title: {eq: $s}}) { nodes { title author { username } comments { nodes { body } } } } }`,
			`query($s: String!) { articles(where: {title: {eq: $s}}) { totalCount nodes { title version author { version } } } }`,
		} {
			c.has("", document, `{"s":"alpha"}`, `"data"`)
			first := c.world.Query()
			c.has("", document, `{"s":"beta"}`, `"data"`)
			if second := c.world.Query(); second != first {
				c.Errorf("%s\nfirst  %s\nsecond %s", document, first, second)
			}
		}
	})
}
