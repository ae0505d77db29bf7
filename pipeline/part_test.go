package pipeline

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// What a team describes of its own handlers stands in the document; what would clash, lead nowhere or never be served is a
// problem where it stands.
func TestPartOfTheDescription(t *testing.T) {
	const design = `extend schema @backend(name: "shop", module: "example.com/shop")
type Order @entity @allow(do: [READ, CREATE], when: "true") { total: Int }`
	const get = "{get: {operationId: feed, responses: {\"200\": {$ref: \"#/components/responses/Feed\"}, default: {$ref: \"#/components/responses/Problem\"}}}}"
	const feed = "\ncomponents: {responses: {Feed: {description: All., content: {text/plain: {schema: {type: string, maxLength: 9}}}}}}"
	for _, test := range []struct{ part, want string }{
		{"", ""},
		{"# nothing yet\n", ""},
		{"openapi: 3.1.0\ninfo: {title: x, version: '1'}\npaths:\n  /feed.txt: " + get + feed, ""},
		{`{"paths": {"/feed.txt": {"get": {"responses": {"200": {"description": "a < b 😀", "x-n": 1.50}}}}}}`, ""},
		{"paths:\n  /v1/orders: {}\n", "2:3 /v1/orders is served by what is generated"},
		{"paths:\n  /graphql: {}\n", "2:3 /graphql is served by what is generated"},
		{"paths:\n  feed: {}\n", "2:3 a path begins with /"},
		{"paths:\n  /a/{b}: {}\n  /a/{c}: {}\n", "3:3 /a/{c} is /a/{b} again"},
		{"paths:\n  /a: {get: {operationId: createOrder}}\n", "2:27 the operation createOrder is there already"},
		{"paths:\n  /a: " + get, "2:59 there is no component responses/Feed"},
		{"components:\n  schemas:\n    Order: {}\n", "3:5 schemas has Order already"},
		{"servers: []\n", "1:1 a part has paths, tags and components"},
		{"paths: 1\n", "1:8 an object stands here"},
		{"- 1\n", "1:1 an object stands here"},
		{"paths:\n  /a: [\n", "is no YAML"},
		{"paths:\n  /a: &a {get: {x: *a}}\n", "deeper than 100 levels"},
		{"paths:\n  /a: {x: .nan}\n", "2:11 .nan is no number of JSON"},
	} {
		dir := t.TempDir()
		put(t, filepath.Join(dir, "design", "shop.graphql"), []byte(design))
		put(t, filepath.Join(dir, "api", "openapi.part.yaml"), []byte(test.part))
		c, err := Check(dir)
		if err != nil {
			t.Fatal(err)
		}
		var said []string
		for _, p := range c.Problems {
			if p.Code != BadPart || p.Pos.File != partFile || c.Texts[partFile] != test.part {
				t.Errorf("%q: %v %s", test.part, p.Pos, p.Code)
			}
			said = append(said, fmt.Sprintf("%d:%d %s", p.Pos.Line, p.Pos.Column, p.Message))
		}
		if test.want == "" && said != nil || test.want != "" && !strings.Contains(strings.Join(said, "\n"), test.want) {
			t.Errorf("%q: %q, want %q", test.part, said, test.want)
		}
		if test.want == "" && strings.Contains(test.part, "/feed.txt") != strings.Contains(string(c.openAPI), `"/feed.txt"`) {
			t.Errorf("%q: the document is %s", test.part, c.openAPI)
		}
		if strings.Contains(test.part, "x-n") && !strings.Contains(string(c.openAPI), `"description": "a < b 😀"`) {
			t.Errorf("the text is another in %s", c.openAPI)
		}
	}
}
