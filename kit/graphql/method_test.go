package graphql_test

import "testing"

// What a method of Go works out is worked out once for all the rows that a selection reads, and only for who may see it.
func TestMethods(t *testing.T) {
	onEach(t, func(c *client) {
		id := c.create(`{about: {article: "alpha"}}`)
		c.create(`{about: {article: "beta"}}`)
		mine := c.create(`{about: {user: "ann"}}`)
		c.want("", `{ flags { nodes { mates } } }`, "null", `{"data":{"flags":{"nodes":[{"mates":3},{"mates":3},{"mates":3}]}}}`)
		c.want("", `{ flag(id: "`+id+`") { mates } flags(first: 2) { nodes { m: mates } } }`, "null", `{"data":{"flag":{"mates":1},"flags":{"nodes":[{"m":2},{"m":2}]}}}`)
		c.want("ann", `{ flags(order: createdAt_ASC) { nodes { secret } } }`, "null", `{"data":{"flags":{"nodes":[{"secret":null},{"secret":null},{"secret":"secret `+mine+`"}]}}}`)
		c.want("bob", `{ flags { nodes { secret mates } } }`, "null", `{"data":{"flags":{"nodes":[{"secret":null,"mates":3},{"secret":null,"mates":3},{"secret":null,"mates":3}]}}}`)
		c.want("ann", `mutation { updateFlag(id: "`+mine+`", input: {other: {user: "bob"}}) { mates secret } }`, "null", `{"data":{"updateFlag":{"mates":1,"secret":"secret `+mine+`"}}}`)
	})
}
