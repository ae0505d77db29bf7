package graphql_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/internal/doortest"
)

// subgraphSDL is the schema of the world as emit/graphql writes it for a subgraph.
func subgraphSDL() string {
	text := strings.Replace(doortest.SDL, "type Query {", "type Query {\n  _service: _Service!\n  _entities(representations: [_Any!]!): [_Entity]!", 1)
	text = strings.Replace(text, "type Article implements Node {", `type Article implements Node @key(fields: "id") @key(fields: "slug") {`, 1)
	return `extend schema @link(url: "https://specs.apollo.dev/federation/v2.5", import: ["@key"])` + "\n" + text + `
directive @link(url: String!, as: String, for: link__Purpose, import: [link__Import]) repeatable on SCHEMA
directive @key(fields: federation__FieldSet!, resolvable: Boolean = true) repeatable on OBJECT | INTERFACE
scalar link__Import
scalar federation__FieldSet
enum link__Purpose { SECURITY EXECUTION }
scalar _Any
type _Service { sdl: String! }
union _Entity = User | Article | Comment
`
}

func subgraph(c *client, change func(*graphql.Options)) *client {
	o := graphql.Options{Viewer: c.world.Viewer}
	if change != nil {
		change(&o)
	}
	return &client{c.T, c.world, graphql.New(c.world.Engine, subgraphSDL(), o), nil}
}

// A gateway reads rows by what it names them by, in one statement a type, under policy: what is hidden is null as what is missing is.
func TestEntities(t *testing.T) {
	onEach(t, func(c *client) {
		c = subgraph(c, nil)
		alpha, ann := c.id("", `article(slug: "alpha")`), string(c.world.Ann.ID)
		const document = `query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Article { title author { username } } ... on User { username email } } }`
		before := c.world.Queries()
		c.want("", document, `{"r":[{"__typename":"Article","slug":"beta"},{"__typename":"User","id":"`+ann+`"},{"__typename":"Article","id":"`+alpha+`"},
			{"__typename":"Article","slug":"draft"},{"__typename":"Article","slug":"nosuch"},{"__typename":"User","id":"`+alpha+`"},{"__typename":"Article","slug":"beta"}]}`,
			`{"data":{"_entities":[{"__typename":"Article","title":"Beta","author":{"username":"ann"}},{"__typename":"User","username":"ann","email":null},`+
				`{"__typename":"Article","title":"Alpha","author":{"username":"ann"}},null,null,null,{"__typename":"Article","title":"Beta","author":{"username":"ann"}}]}}`)
		if n := c.world.Queries() - before; n != 2*3 { // want asks twice
			t.Errorf("entities of two types, by id and by key, take %d statements, asked for twice", n)
		}
		c.want("ann", document, `{"r":[{"__typename":"Article","slug":"draft"}]}`, `{"data":{"_entities":[{"__typename":"Article","title":"Draft","author":{"username":"ann"}}]}}`)
		c.want("", `{ _entities(representations: [{__typename: "Article", slug: "alpha"}]) { ... on Article { slug } } }`, "null", `{"data":{"_entities":[{"slug":"alpha"}]}}`)
		var slugs []string
		for i := range 250 {
			slugs = append(slugs, fmt.Sprintf(`{"__typename":"Article","slug":"none-%d"}`, i))
		}
		c.want("", document, `{"r":[`+strings.Join(slugs, ",")+`]}`, `{"data":{"_entities":[`+strings.TrimSuffix(strings.Repeat("null,", 250), ",")+`]}}`)
	})
}

// What is no representation is told, each at its place, and so many are refused at once.
func TestWrongRepresentations(t *testing.T) {
	c := subgraph(newClient(t), nil)
	for representations, want := range map[string]string{
		`5`:                                    `"field":"representations.0","code":"WRONG_TYPE"`,
		`null`:                                 `"code":"REQUIRED"`,
		`[]`:                                   `{"data":{"_entities":[]}}`,
		`[{}]`:                                 `"field":"representations.0.__typename","code":"UNKNOWN_FIELD"`,
		`[{"__typename":5,"id":"x"}]`:          `"field":"representations.0.__typename","code":"UNKNOWN_FIELD"`,
		`[{"__typename":"Tag","id":"x"}]`:      `"field":"representations.0.__typename","code":"UNKNOWN_FIELD"`,
		`[{"__typename":"PageInfo"}]`:          `"field":"representations.0.__typename","code":"UNKNOWN_FIELD"`,
		`[{"__typename":"Article"}]`:           `"field":"representations.0","code":"REQUIRED"`,
		`[{"__typename":"Article","id":7}]`:    `"field":"representations.0.id","code":"WRONG_TYPE"`,
		`[{"__typename":"Article","id":null}]`: `"field":"representations.0.id","code":"WRONG_TYPE"`,
		`[{"__typename":"User","username":"ann"},{"__typename":"Article","slug":"a","title":"x"}]`:        `"field":"representations.1.title","code":"UNKNOWN_FIELD"`,
		`[{"__typename":"Article","slug":"a","id":"x"}]`:                                                  `"field":"representations.0","code":"REQUIRED"`,
		`[{"__typename":"Article","slug":"a\u0000"}]`:                                                     `"field":"representations.0.slug"`,
		`[{"__typename":"Article","id":"\u0000"},{"__typename":"Article","slug":""}]`:                     `{"data":{"_entities":[null,null]}}`,
		`[{"__typename":"Article","slug":["a"]}]`:                                                         `"field":"representations.0.slug","code":"WRONG_TYPE"`,
		`[` + strings.TrimSuffix(strings.Repeat(`{"__typename":"Article","id":"x"},`, 10_000), ",") + `]`: `"field":"representations","code":"TOO_LONG"`,
		`[` + strings.TrimSuffix(strings.Repeat(`7,`, 1000), ",") + `]`:                                   `"field":"representations.19","code":"WRONG_TYPE"`,
	} {
		if got := c.run("", `query($r: [_Any!]!) { _entities(representations: $r) { __typename } }`, `{"r":`+representations+`}`); !strings.Contains(got, want) || len(got) > 10_000 {
			t.Errorf("%.100s: %.300s\nlacks %s", representations, got, want)
		}
	}
	c.has("", `query($r: [_Any!]!) { _entities(representations: $r) { ... on Article { comments(first: 100) { nodes { id } } } } }`,
		`{"r":[`+strings.TrimSuffix(strings.Repeat(`{"__typename":"Article","id":"x"},`, 200), ",")+`]}`, "TOO_COMPLEX")
}

// The schema of a subgraph is told to its gateway where it is told at all.
func TestService(t *testing.T) {
	c := subgraph(newClient(t), nil)
	var answer struct {
		Data struct {
			Service struct{ Sdl, Typename string }
		}
	}
	text := c.run("", `{ Service: _service { sdl Typename: __typename } }`, "null")
	if err := json.Unmarshal([]byte(text), &answer); err != nil || answer.Data.Service.Sdl != subgraphSDL() || answer.Data.Service.Typename != "_Service" {
		t.Errorf("%v %.200s", err, text)
	}
	hidden := subgraph(c, func(o *graphql.Options) { o.HideSchema = true })
	hidden.has("", `{ _service { sdl } }`, "null", `"code":"FORBIDDEN"`)
	hidden.has("", `{ _entities(representations: [{__typename: "Article", slug: "alpha"}]) { ... on Article { slug } } }`, "null", `"slug":"alpha"`)
	plain := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(`{"query":"{ _service { sdl } }"}`))
	r.Header.Set("Content-Type", "application/json")
	graphql.New(c.world.Engine, doortest.SDL, graphql.Options{}).ServeHTTP(plain, r)
	if !strings.Contains(plain.Body.String(), "errors") {
		t.Error("a backend that is no subgraph has _service:", plain.Body)
	}
}
