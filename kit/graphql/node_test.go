package graphql_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// id is that of a row, as who may read it.
func (c *client) id(who, root string) string {
	c.Helper()
	var answer struct {
		Data map[string]struct{ ID string }
	}
	if err := json.Unmarshal([]byte(c.run(who, `{ it: `+root+` { id } }`, "null")), &answer); err != nil || answer.Data["it"].ID == "" {
		c.Fatal(root, err)
	}
	return answer.Data["it"].ID
}

// A row is found by its id alone, whatever its type; what is hidden cannot be told from what is missing. However many ids there
// are, one statement finds their types, and each type that is met is read by one.
func TestNodes(t *testing.T) {
	onEach(t, func(c *client) {
		alpha, draft, ann := c.id("", `article(slug: "alpha")`), c.id("ann", `article(slug: "draft")`), string(c.world.Ann.ID)
		const shown = `{ __typename id ... on Article { title author { username } } ...U } } fragment U on User { username email }`
		before := c.world.Queries()
		c.want("", `query($id: ID!) { node(id: $id) `+shown, `{"id":"`+alpha+`"}`,
			`{"data":{"node":{"__typename":"Article","id":"`+alpha+`","title":"Alpha","author":{"username":"ann"}}}}`)
		if n := c.world.Queries() - before; n != 2*2 { // want asks twice
			t.Errorf("a node takes %d statements, asked for twice", n)
		}
		c.want("ann", `query($id: ID!) { node(id: $id) `+shown, `{"id":"`+strings.ToUpper(ann)+`"}`,
			`{"data":{"node":{"__typename":"User","id":"`+ann+`","username":"ann","email":"ann@example.com"}}}`)
		for _, id := range []string{draft, "01900000-0000-7000-8000-000000000000", "alpha", "", "é", `a\u0000`, strings.Repeat("x", 5000)} {
			before := c.world.Queries()
			c.want("bob", `query($id: ID!) { node(id: $id) `+shown, `{"id":"`+id+`"}`, `{"data":{"node":null}}`)
			c.want("bob", `query($ids: [ID!]!) { nodes(ids: $ids) `+shown, `{"ids":["`+id+`"]}`, `{"data":{"nodes":[null]}}`)
			want := 0 // of what cannot be an id
			if len(id) == len(draft) {
				want = 2 * 2
			}
			if n := c.world.Queries() - before; n != want {
				t.Errorf("%.40q, which bob may not see or nobody made, takes %d statements, each asked for twice", id, n)
			}
		}
		before = c.world.Queries()
		c.want("", `query($ids: [ID!]!) { nodes(ids: $ids) { ... on User { username } ... on Article { title comments { totalCount } } } }`,
			`{"ids":["`+ann+`","`+draft+`","`+alpha+`","nonsense","`+ann+`"]}`,
			`{"data":{"nodes":[{"username":"ann"},null,{"title":"Alpha","comments":{"totalCount":2}},null,{"username":"ann"}]}}`)
		if n := c.world.Queries() - before; n > 2*5 {
			t.Errorf("five nodes of two types and a counted list take %d statements, asked for twice", n)
		}
		c.want("", `{ nodes(ids: []) { id } }`, "null", `{"data":{"nodes":[]}}`)
		c.want("", `{ nodes(ids: "`+alpha+`") { id } node(id: 7) { __typename } }`, "null", `{"data":{"nodes":[{"id":"`+alpha+`"}],"node":null}}`)
	})
}

// What is asked of nodes is bounded as it is of lists.
func TestBoundsOfNodes(t *testing.T) {
	c := newClient(t)
	ids := func(n int) string { return `{"ids":["` + strings.Repeat(`x","`, n-1) + `x"]}` }
	const many = `query($ids: [ID!]!) { nodes(ids: $ids) { id } }`
	c.want("", many, ids(3), `{"data":{"nodes":[null,null,null]}}`)
	c.has("", many, ids(1001), `"field":"ids","code":"TOO_LONG"`, `"data":null`)
	c.has("", `query($ids: [ID!]!) { nodes(ids: $ids) { ... on Article { comments(first: 100) { nodes { id } } } } }`, ids(200), `"code":"TOO_COMPLEX"`, "20200 rows")
	c.has("", `{ node(id: "x") { id title } }`, "null", "errors")
	c.has("", `{ node(id: "x") { ... on PageInfo { endCursor } } }`, "null", "errors")
	c.has("", `{ node { id } }`, "null", "errors")
	c.has("", `{ node(id: "x") { ... on User { articles(first: -1) { totalCount } } } }`, "null", `"field":"first"`)
	c.has("", `{ __type(name: "Node") { kind fields { name } possibleTypes { name } } }`, "null", `"kind":"INTERFACE"`, `{"name":"Article"}`)
	if got := c.run("", `{ __type(name: "Node") { possibleTypes { name } } }`, "null"); strings.Contains(got, "History") {
		t.Error(fmt.Sprint("a history is no node: ", got))
	}
}
