package graphql_test

import (
	"strings"
	"testing"
)

// A union is read by fragments on its types, in the same statement, and written by naming one of them.
func TestUnions(t *testing.T) {
	onEach(t, func(c *client) {
		shown := `about { __typename ... on Article { title author { username } } ... on User { username } } other { ... on Article { slug } ... on User { id username } }`
		id := c.create(`{about: {article: "alpha"}, other: {user: "bob"}}`)
		c.want("", `query($id: ID!) { flag(id: $id) { `+shown+` } }`, `{"id":"`+id+`"}`,
			`{"data":{"flag":{"about":{"__typename":"Article","title":"Alpha","author":{"username":"ann"}},"other":{"id":"`+string(c.world.Bob.ID)+`","username":"bob"}}}}`)
		c.want("ann", `mutation($id: ID!) { updateFlag(id: $id, input: {about: {user: "ann"}, other: null}) { `+shown+` } }`, `{"id":"`+id+`"}`,
			`{"data":{"updateFlag":{"about":{"__typename":"User","username":"ann"},"other":null}}}`)

		c.create(`{about: {article: "draft"}}`)
		c.want("", `{ flags(order: createdAt_ASC) { nodes { about { __typename } } } }`, "null",
			`{"data":{"flags":{"nodes":[{"about":{"__typename":"User"}},{"about":null}]}}}`)
		c.want("ann", `{ flags(order: createdAt_ASC) { nodes { about { ...F } a: about { ... on Article { title } } } } } fragment F on Flagged { ... on Article { slug } __typename }`, "null",
			`{"data":{"flags":{"nodes":[{"about":{"__typename":"User"},"a":{}},{"about":{"slug":"draft","__typename":"Article"},"a":{"title":"Draft"}}]}}}`)
	})
}

// Exactly one of the types of a union is named, of a row that the viewer may see.
func TestWrongUnions(t *testing.T) {
	onEach(t, func(c *client) {
		for input, parts := range map[string][]string{
			`{about: {}}`: {`must specify exactly one key`},
			`{about: {article: "alpha", user: "bob"}}`:  {`must specify exactly one key`},
			`{about: {article: null, user: null}}`:      {`must specify exactly one key`},
			`{about: {article: "nosuch"}}`:              {`"field":"about.article","code":"NOT_FOUND"`},
			`{about: {user: "bob"}, other: {user: ""}}`: {`"field":"other.user","code":"WRONG_FORMAT"`},
		} {
			got := c.run("bob", `mutation { createFlag(input: `+input+`) { id } }`, "null")
			for _, part := range parts {
				if !strings.Contains(got, part) {
					t.Errorf("%s: %s lacks %s", input, got, part)
				}
			}
		}
		c.has("ann", `mutation($input: CreateFlagInput!) { createFlag(input: $input) { id } }`, `{"input":{"about":{"article":"alpha","user":"bob"}}}`, `"field":"about","code":"WRONG_FORMAT"`)
		c.has("bob", `mutation { createFlag(input: {about: {article: "draft"}}) { id } }`, "null", `"code":"NOT_FOUND"`)
		c.create(`{about: {user: "bob"}}`)
		c.has("ann", `mutation { createFlag(input: {about: {user: "bob"}}) { id } }`, "null", `"field":"about.user","code":"TAKEN"`)
	})
}

// A union is filtered by as one of its types, which it then is, or by whether it is there.
func TestFilterByUnion(t *testing.T) {
	onEach(t, func(c *client) {
		c.create(`{about: {article: "alpha"}, other: {user: "bob"}}`)
		c.create(`{about: {user: "ann"}}`)
		for where, rows := range map[string]string{
			`about: {article: {slug: {eq: "alpha"}}}`:                                    "1",
			`about: {article: {}}`:                                                       "1",
			`not: {about: {user: {username: {eq: "ann"}}}}`:                              "1",
			`about: {user: {username: {ne: "bob"}}}`:                                     "1",
			`other: {isNull: true}`:                                                      "1",
			`other: {isNull: false, user: {id: {eq: "` + string(c.world.Bob.ID) + `"}}}`: "1",
			`other: {isNull: true, user: {}}`:                                            "0",
			`about: {article: {}, user: {}}`:                                             "0",
			`about: {}`:                                                                  "2",
		} {
			c.want("", `{ flags(where: {`+where+`}) { totalCount } }`, "null", `{"data":{"flags":{"totalCount":`+rows+`}}}`)
		}
	})
}

// create makes a flag as Ann and returns its id.
func (c *client) create(input string) string {
	c.Helper()
	got := c.run("ann", `mutation { createFlag(input: `+input+`) { id } }`, "null")
	id, ok := strings.CutPrefix(got, `{"data":{"createFlag":{"id":"`)
	if !ok {
		c.Fatal(got)
	}
	return id[:36]
}
