package graphql_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/internal/doortest"
)

// client calls the door without a network.
type client struct {
	*testing.T
	world   *doortest.World
	handler http.Handler
	log     *bytes.Buffer
}

func newClient(t *testing.T, change ...func(*graphql.Options)) *client {
	w := doortest.New(t)
	log := &bytes.Buffer{}
	o := graphql.Options{
		Viewer: w.Viewer, Log: slog.New(slog.NewTextHandler(log, nil)),
		Playground: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<page>")) }),
	}
	for _, c := range change {
		c(&o)
	}
	return &client{t, w, graphql.New(w.Engine, doortest.SDL, o), log}
}

func (c *client) send(r *http.Request, headers ...string) *httptest.ResponseRecorder {
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return w
}

func (c *client) post(body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest("POST", "/graphql", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return c.send(r, headers...)
}

// run runs a document as somebody, with variables as JSON, and returns the body.
func (c *client) run(who, document, variables string) string {
	c.Helper()
	body, _ := json.Marshal(map[string]any{"query": document, "variables": json.RawMessage(variables)})
	headers := []string{}
	if who != "" {
		headers = []string{"Authorization", "Bearer " + who}
	}
	w := c.post(string(body), headers...)
	if !json.Valid(w.Body.Bytes()) {
		c.Errorf("%s: no JSON: %s", document, w.Body)
	}
	if w.Code >= 500 {
		c.Errorf("%s: %d %s", document, w.Code, w.Body)
	}
	return w.Body.String()
}

// want runs a document and expects exactly this body. A query is run twice: the second time what the first made of the
// document is at hand.
func (c *client) want(who, document, variables, body string) {
	c.Helper()
	times := 2
	if strings.Contains(document, "mutation") {
		times = 1
	}
	for n := range times {
		if got := c.run(who, document, variables); got != body {
			c.Errorf("time %d: %s\n got %s\nwant %s", n+1, document, got, body)
		}
	}
}

// has runs a document and expects parts of the body.
func (c *client) has(who, document, variables string, parts ...string) {
	c.Helper()
	got := c.run(who, document, variables)
	for _, part := range parts {
		if !strings.Contains(got, part) {
			c.Errorf("%s\n got %s\nlacks %s", document, got, part)
		}
	}
}

// A page has the same rows whether or not anybody asks where it ends.
func TestPagesThatNobodyGoesOnFrom(t *testing.T) {
	onEach(t, func(c *client) {
		for _, document := range []string{
			`{ articles(first: 2) { nodes { title } PLACE } }`,
			`{ articles(last: 2, order: [title_ASC]) { nodes { title } totalCount PLACE } }`,
			`{ articles(first: 2, order: [author_username_ASC, title_DESC]) { edges { node { title author { username } } } PLACE } }`,
			`{ articles { nodes { title comments(first: 1, order: createdAt_ASC) { nodes { body author { username } } totalCount PLACE } } } }`,
			`{ articles { nodes { title comments(last: 1) { nodes { body } PLACE } } PLACE } }`,
			`{ article(slug: "alpha") { comments(first: 1) { edges { node { body } } PLACE } } }`,
		} {
			unasked := c.run("ann", strings.ReplaceAll(document, "PLACE", ""), "null")
			asked := c.run("ann", strings.ReplaceAll(document, "PLACE", "pageInfo { endCursor hasNextPage hasPreviousPage }"), "null")
			rows := regexp.MustCompile(`,"pageInfo":\{[^}]*\}`).ReplaceAllString(asked, "")
			if unasked != rows || !strings.Contains(asked, `Page":true`) || !strings.Contains(asked, `"endCursor":"`) {
				c.Errorf("%s\nunasked %s\nasked   %s", document, unasked, asked)
			}
		}
	})
}

func TestQueries(t *testing.T) {
	c := newClient(t)
	c.want("", `{ article(slug: "alpha") { title __typename status price { amount currency __typename } note views author { username email } } }`, "null",
		`{"data":{"article":{"title":"Alpha","__typename":"Article","status":"OPEN","price":{"amount":"0","currency":"EUR","__typename":"Money"},"note":null,"views":"0","author":{"username":"ann","email":null}}}}`)
	c.want("", `{ article(slug: "nosuch") { title } draft: article(slug: "draft") { title } __typename }`, "null", `{"data":{"article":null,"draft":null,"__typename":"Query"}}`)
	c.want("ann", `query Q($s: String!) { d: article(slug: $s) { t: title } user(username: "ann") { email } }`, `{"s":"draft"}`, `{"data":{"d":{"t":"Draft"},"user":{"email":"ann@example.com"}}}`)
	c.want("", `{ articles(order: [title_DESC], first: 2) { nodes { title } edges { node { slug } } pageInfo { hasNextPage hasPreviousPage __typename } totalCount __typename } }`, "null",
		`{"data":{"articles":{"nodes":[{"title":"Gamma"},{"title":"Beta"}],"edges":[{"node":{"slug":"gamma"}},{"node":{"slug":"beta"}}],"pageInfo":{"hasNextPage":true,"hasPreviousPage":false,"__typename":"PageInfo"},"totalCount":3,"__typename":"ArticleConnection"}}}`)
	c.want("", `{ articles { totalCount } }`, "null", `{"data":{"articles":{"totalCount":3}}}`)
	c.want("", `{ articles(where: {title: {eq: "Alpha"}}) { nodes { tags { name } comments(first: 1, order: createdAt_ASC) { nodes { body author { username } } pageInfo { hasNextPage } } two: comments(last: 1) { nodes { body } totalCount } } } }`, "null",
		`{"data":{"articles":{"nodes":[{"tags":[{"name":"go"},{"name":"sql"}],"comments":{"nodes":[{"body":"nice","author":{"username":"bob"}}],"pageInfo":{"hasNextPage":true}},"two":{"nodes":[{"body":"thanks"}],"totalCount":2}}]}}}`)
	c.want("", `{ latest(count: 3) { title author { id } } }`, "null", strings.ReplaceAll(`{"data":{"latest":[{"title":"Gamma","author":{"id":"ANN"}},{"title":"Beta","author":{"id":"ANN"}},{"title":"Alpha","author":{"id":"ANN"}}]}}`, "ANN", string(c.world.Ann.ID)))
	c.want("", `query($yes: Boolean!, $no: Boolean! = false) { article(slug: "alpha") { ...F title @skip(if: $yes) ... on Article @include(if: $no) { note } ... { status } } } fragment F on Article { slug author { ...G } } fragment G on User { username }`, `{"yes":true}`,
		`{"data":{"article":{"slug":"alpha","author":{"username":"ann"},"status":"OPEN"}}}`)
	c.want("", `{ article(slug: "alpha") { author { id } author { username } a: author { __typename } } }`, "null",
		`{"data":{"article":{"author":{"id":"`+string(c.world.Ann.ID)+`","username":"ann"},"a":{"__typename":"User"}}}}`)
}

func TestSearch(t *testing.T) {
	c := newClient(t)
	c.want("", `query($words: String) { articles(search: $words, order: [title_ASC], where: {status: {eq: OPEN}}) { nodes { title } totalCount } }`, `{"words":"ALPH*"}`,
		`{"data":{"articles":{"nodes":[{"title":"Alpha"}],"totalCount":1}}}`)
	c.want("", `{ articles(search: "draft") { totalCount } user(username: "ann") { articles(search: "beta") { nodes { title } } } }`, "null",
		`{"data":{"articles":{"totalCount":0},"user":{"articles":{"nodes":[{"title":"Beta"}]}}}}`)
	c.want("ann", `{ articles(search: "\"draft") { totalCount } a: articles(search: null) { totalCount } b: articles(search: "(:*'") { totalCount } }`, "null",
		`{"data":{"articles":{"totalCount":1},"a":{"totalCount":4},"b":{"totalCount":0}}}`)
	c.has("", `{ articles(search: "`+strings.Repeat("x ", 17)+`") { totalCount } user(username: "ann") { articles(search: "`+strings.Repeat("x", 201)+`") { totalCount } } }`, "null",
		`"errors":[{"field":"search","code":"TOO_LONG","detail":"must have at most 16 words"}]`, `must have at most 200 characters`)
	c.has("", `{ users(search: "x") { totalCount } }`, "null", `search`, `errors`)
}

func TestPagesGoBothWays(t *testing.T) {
	c := newClient(t)
	var page struct {
		Data struct {
			Articles struct {
				PageInfo struct{ StartCursor, EndCursor string }
			}
		}
	}
	if err := json.Unmarshal([]byte(c.run("", `{ articles(first: 1, order: [title_ASC]) { pageInfo { startCursor endCursor } } }`, "null")), &page); err != nil {
		t.Fatal(err)
	}
	cursor := page.Data.Articles.PageInfo.EndCursor
	c.want("", `query($c: String) { articles(first: 1, order: [title_ASC], after: $c) { nodes { title } } }`, `{"c":"`+cursor+`"}`, `{"data":{"articles":{"nodes":[{"title":"Beta"}]}}}`)
	c.want("", `{ articles(first: 1, order: [author_username_DESC, title_DESC]) { nodes { title } } }`, "null", `{"data":{"articles":{"nodes":[{"title":"Gamma"}]}}}`)
	c.want("", `{ articles(last: 2, order: [title_ASC]) { nodes { title } pageInfo { hasPreviousPage } } }`, "null", `{"data":{"articles":{"nodes":[{"title":"Beta"},{"title":"Gamma"}],"pageInfo":{"hasPreviousPage":true}}}}`)
}

// However many rows there are, a root field takes the same statements: none is run per row.
func TestNothingIsReadPerRow(t *testing.T) {
	c := newClient(t)
	const document = `query($n: Int) { articles(first: $n, order: [title_ASC]) { nodes { title author { username } tags { name articles(first: 2) { nodes { slug } } } comments { totalCount nodes { author { username articles(first: 3) { nodes { title } } } } } } } }`
	taken := map[string]int{}
	for _, n := range []string{`{"n":1}`, `{"n":3}`} {
		before := c.world.Queries()
		c.has("", document, n, `"title":"Alpha"`)
		taken[n] = c.world.Queries() - before
	}
	if taken[`{"n":1}`] != taken[`{"n":3}`] || taken[`{"n":1}`] == 0 || taken[`{"n":1}`] > 8 {
		t.Error(taken)
	}
}

func TestFilters(t *testing.T) {
	c := newClient(t)
	for where, titles := range map[string]string{
		`{title: {contains: "a"}, and: [{title: {ne: "Beta"}}, {not: {slug: {startsWith: "g"}}}]}`:         "Alpha",
		`{or: [{title: {eq: "Alpha"}}, {slug: {in: ["beta"]}}]}`:                                           "Alpha Beta",
		`{author: {username: {eq: "ann"}}, status: {in: [OPEN]}}`:                                          "Alpha Beta Gamma",
		`{author: {id: {ne: "` + string(c.world.Ann.ID) + `"}}}`:                                           "",
		`{tags: {some: {name: {eq: "go"}}}, title: {gt: "Beta"}}`:                                          "Gamma",
		`{tags: {none: {name: {eq: "go"}}}}`:                                                               "",
		`{tags: {every: {name: {in: ["go", "sql"]}}}, title: {lte: "Alpha"}}`:                              "Alpha",
		`{comments: {some: {author: {username: {eq: "bob"}}}}, title: {notIn: ["Alpha", "Beta"]}}`:         "Gamma",
		`{price: {amount: {lt: "0.01"}, currency: {eq: "EUR"}}, note: {isNull: true}, slug: {eq: "beta"}}`: "Beta",
		`{note: {eq: null}, title: null, and: [], slug: {eq: "beta"}}`:                                     "Beta",
		`{note: {ne: null}}`: "",
		`{}`:                 "Alpha Beta Gamma",
	} {
		var answer struct {
			Data struct {
				Articles struct{ Nodes []struct{ Title string } }
			}
		}
		body := c.run("", `{ articles(order: [title_ASC], where: `+where+`) { nodes { title } } }`, "null")
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Error(err)
		}
		var got []string
		for _, n := range answer.Data.Articles.Nodes {
			got = append(got, n.Title)
		}
		if strings.Join(got, " ") != titles || strings.Contains(body, "errors") {
			t.Errorf("%s: %s", where, body)
		}
	}
}

func TestMutations(t *testing.T) {
	c := newClient(t)
	c.want("ann", `mutation($in: CreateArticleInput!) { createArticle(input: $in) { slug version price { amount } tags { name } author { username } } }`,
		`{"in":{"title":"Hello World","price":{"amount":"2.50","currency":"EUR"},"tags":["go"]}}`,
		`{"data":{"createArticle":{"slug":"hello-world","version":"1","price":{"amount":"2.5"},"tags":[{"name":"go"}],"author":{"username":"ann"}}}}`)
	c.want("ann", `mutation { updateArticle(id: "hello-world", version: 1, input: {note: "x"}) { note version } again: updateArticle(id: "hello-world", input: {note: null, tags: []}) { note tags { name } } }`, "null",
		`{"data":{"updateArticle":{"note":"x","version":"2"},"again":{"note":null,"tags":[]}}}`)
	c.has("ann", `mutation { updateArticle(id: "hello-world", version: 1, input: {note: "y"}) { note } }`, "null", `"data":{"updateArticle":null}`, `"path":["updateArticle"]`, `"code":"STALE","status":412`)
	c.want("ann", `mutation { publish(article: "hello-world") { status } deleteArticle(id: "hello-world") __typename }`, "null", `{"data":{"publish":{"status":"OPEN"},"deleteArticle":true,"__typename":"Mutation"}}`)
	c.has("bob", `mutation { restoreArticle(id: "hello-world") { title } }`, "null", `"code":"FORBIDDEN"`)
	c.want("ann", `mutation { restoreArticle(id: "hello-world") { title status } deleteArticle(id: "hello-world") }`, "null", `{"data":{"restoreArticle":{"title":"Hello World","status":"OPEN"},"deleteArticle":true}}`)
	c.want("ann", `mutation { restoreArticle(id: "hello-world") { history(first: 3) { nodes { verb version by { username } changes } pageInfo { hasNextPage } totalCount } } deleteArticle(id: "hello-world") }`, "null",
		`{"data":{"restoreArticle":{"history":{"nodes":[{"verb":"RESTORE","version":"8","by":{"username":"ann"},"changes":{}},{"verb":"DELETE","version":"7","by":{"username":"ann"},"changes":{}},{"verb":"RESTORE","version":"6","by":{"username":"ann"},"changes":{}}],"pageInfo":{"hasNextPage":true},"totalCount":8}},"deleteArticle":true}}`)
	c.has("ann", `mutation { updateArticle(id: "alpha", version: 0, input: {note: "y"}) { note } deleteArticle(id: "alpha", version: -1) }`, "null", `"path":["updateArticle"],"extensions":{"code":"STALE"`, `"path":["deleteArticle"],"extensions":{"code":"STALE"`)
	c.has("bob", `mutation { updateArticle(id: "alpha", version: 0, input: {note: "y"}) { note } }`, "null", `"code":"FORBIDDEN"`)
	// Each is a transaction of its own, whose failure takes nothing from the others.
	c.has("ann", `mutation { createTag(input: {name: "before"}) { name } deleteArticle(id: "hello-world") after: createTag(input: {name: "after"}) { name } }`, "null",
		`"code":"NOT_FOUND"`, `"data":{"createTag":{"name":"before"},"deleteArticle":null,"after":{"name":"after"}}`)
	c.want("", `mutation { quote(input: {amount: "1.25", country: "DE"}) { a: amount currency } }`, "null", `{"data":{"quote":{"a":"2.5","currency":"EUR"}}}`)
	c.has("", `mutation { quote(input: {amount: 1.25}) { amount } }`, "null", `"code":"NO_COUNTRY","status":402`, "Say where to.")
	c.has("ann", `mutation { createArticle(input: {title: "", slug: "s", price: {amount: "x", currency: "EUR"}}) { id } }`, "null", `"code":"INVALID","status":422`, `"field":"price.amount"`)
	c.has("ann", `mutation { createArticle(input: {title: "x", slug: "01890a5d-ac96-774b-bcce-b302099a8057"}) { id } }`, "null", `"field":"slug","code":"WRONG_FORMAT","detail":"This has the form of an id, and would be taken for one."`)
	c.has("ann", `mutation { createArticle(input: {title: ""}) { id } }`, "null", `{"field":"title","code":"TOO_SHORT"`)
	c.has("ann", `mutation { createArticle(input: {title: "Alpha"}) { slug } }`, "null", `slug`)
	c.has("bob", `mutation { updateArticle(id: "alpha", input: {note: "y"}) { note } }`, "null", `"code":"FORBIDDEN"`)
}

// What was done is never answered as if it were not: of a row that the viewer may not see its id is told, however much was asked for.
func TestDoneUnseen(t *testing.T) {
	c := newClient(t)
	c.has("", `mutation { createFeedback(input: {text: "secret"}) { id __typename } }`, "null", `{"data":{"createFeedback":{"id":"`)
	body := c.run("", `mutation { createFeedback(input: {text: "secret"}) { id text } open: createFeedback(input: {text: "public"}) { text } gone: deleteArticle(id: "nothing") }`, "null")
	var answer struct {
		Errors []struct {
			Path       []string
			Extensions struct {
				Code, ID string
				Status   int
			}
		}
	}
	if err := json.Unmarshal([]byte(body), &answer); err != nil || len(answer.Errors) != 2 {
		t.Fatal(err, body)
	}
	done, failed := answer.Errors[0], answer.Errors[1]
	if got := done.Extensions; strings.Join(done.Path, ".") != "createFeedback.text" || got.Code != "DONE_UNSEEN" || got.Status != 200 || len(got.ID) != 36 {
		t.Errorf("%s", body)
	}
	if got := failed.Extensions; got.Code != "NOT_FOUND" || got.ID != "" {
		t.Errorf("%s", body)
	}
	if !strings.Contains(body, `"data":{"createFeedback":null,"open":{"text":"public"},"gone":null}`) {
		t.Errorf("%s", body)
	}
}

// One value stands for a list of it wherever a list is taken: as a variable's default, as a variable, and as a literal.
func TestOneValueForAList(t *testing.T) {
	c := newClient(t)
	const want = `{"data":{"articles":{"nodes":[{"title":"Gamma"},{"title":"Beta"},{"title":"Alpha"}]}}}`
	const read = `articles(where: {status: {in: OPEN}}, order: $o) { nodes { title } } }`
	c.want("", `query($o: [ArticleOrder!] = title_DESC) { `+read, "null", want)
	c.want("", `query($o: [ArticleOrder!] = [title_DESC]) { `+read, "null", want)
	c.want("", `query($o: [ArticleOrder!]) { `+read, `{"o":"title_DESC"}`, want)
	c.want("", `query($o: [ArticleOrder!] = title_ASC) { `+read, `{"o":["title_DESC"]}`, want)
	c.want("", `query($w: ArticleFilter = {status: {in: OPEN}}) { articles(where: $w, order: title_DESC) { nodes { title } } }`, "null", want)
}

func TestListsOfScalars(t *testing.T) {
	c := newClient(t)
	c.want("", `mutation { createSample(input: {words: ["a", "b"], states: [OPEN], bigs: ["7"], small: 1}) { words states bigs } other: createSample(input: {small: 2}) { words states } }`, "null",
		`{"data":{"createSample":{"words":["a","b"],"states":["OPEN"],"bigs":["7"]},"other":{"words":[],"states":null}}}`)
	c.want("", `mutation($w: [String!], $s: Status!) { createSample(input: {words: $w, states: [$s], small: 3}) { words states } }`, `{"w":["b"],"s":"DRAFT"}`,
		`{"data":{"createSample":{"words":["b"],"states":["DRAFT"]}}}`)
	for where, want := range map[string]string{
		`{words: {has: "b"}}`: `1 3`, `{words: {hasEvery: ["a", "b"]}}`: `1`, `{words: {hasSome: ["a", "x"]}, states: {has: OPEN}}`: `1`, `{words: {hasSome: []}}`: ``,
		`{words: {hasEvery: []}}`: `1 2 3`, `{words: {isEmpty: true}}`: `2`, `{not: {words: {has: "a"}}}`: `2 3`, `{states: {isNull: true}}`: `2`, `{bigs: {has: 7}}`: `1`,
	} {
		var answer struct {
			Data struct {
				Samples struct{ Nodes []struct{ Small int } }
			}
		}
		body := c.run("", `{ samples(order: [small_ASC], where: `+where+`) { nodes { small } } }`, "null")
		if err := json.Unmarshal([]byte(body), &answer); err != nil {
			t.Error(err)
		}
		var got []string
		for _, n := range answer.Data.Samples.Nodes {
			got = append(got, strconv.Itoa(n.Small))
		}
		if strings.Join(got, " ") != want || strings.Contains(body, "errors") {
			t.Errorf("%s: %s", where, body)
		}
	}
	c.has("", `mutation { createSample(input: {words: ["a", "b", "c", "d"]}) { words } }`, "null", `"field":"words","code":"TOO_LONG"`)
	c.has("", `{ samples(where: {words: {has: 3}}) { totalCount } }`, "null", `"errors"`)
}

func TestNullGoesUp(t *testing.T) {
	c := newClient(t)
	c.run("ann", `mutation { createComment(input: {article: "draft", body: "hidden"}) { id } }`, "null")
	// The article is not bob's to see, and Comment.article may be null, so that the comment stays.
	c.want("bob", `{ comments(where: {body: {eq: "hidden"}}) { nodes { body article { title } } } }`, "null", `{"data":{"comments":{"nodes":[{"body":"hidden","article":null}]}}}`)
	// broken may be null, so that what stands beside it stays.
	c.has("", `{ broken article(slug: "alpha") { title } }`, "null", `"path":["broken"]`, `"code":"INTERNAL","status":500`, `"data":{"broken":null,"article":{"title":"Alpha"}}`)
	if log := c.log.String(); strings.Count(log, "a secret") != 1 || strings.Contains(log, "Alpha") {
		t.Error("log:", log)
	}
}

// A JSON literal holds any number, as it was written: as a variable it does too.
func TestNumbersInJSONLiterals(t *testing.T) {
	c := newClient(t)
	for _, hide := range []bool{false, true} {
		c.handler = graphql.New(c.world.Engine, doortest.SDL, graphql.Options{Viewer: c.world.Viewer, HideSchema: hide})
		c.want("", `mutation { createSample(input: {words: ["a"], data: {n: 12345678901234567890, in: [{f: 0.1234567890123456789}, 1.50]}}) { data } other: createSample(input: {words: ["a"], data: 12345678901234567890}) { data } }`, "null",
			`{"data":{"createSample":{"data":{"in":[{"f":0.1234567890123456789},1.50],"n":12345678901234567890}},"other":{"data":12345678901234567890}}}`)
		for document, want := range map[string]string{
			`mutation { createSample(input: {weight: 1e999}) { id } }`:                             `"locations":[{"line":1,"column":41}]`,
			`mutation { createSample(input: {small: 12345678901234567890, data: 1}) { id } }`:      `non 32-bit signed integer value: 12345678901234567890`,
			`mutation { createSample(input: {words: [1e999]}) { id } }`:                            `String cannot represent a non string value: 1e999`,
			`mutation { createSample(input: {yes: [1e999]}) { id } }`:                              `Boolean cannot represent a non boolean value: [1e999]`,
			`mutation { createSample(input: {data: {n: 1e999}, nosuch: 1}) { id } }`:               `nosuch`,
			`mutation { createSample(input: {yes: {a: 12345678901234567890}}) { id } }`:            `is not defined by type`,
			`mutation($a: Int = 12345678901234567890) { createSample(input: {small: $a}) { id } }`: `non 32-bit signed integer value: 12345678901234567890`,
		} {
			if body := c.run("", document, "null"); !strings.Contains(body, want) || strings.Contains(body, "Expected value of type") {
				t.Errorf("%s: %s", document, body)
			}
		}
	}
}

func TestDocumentsWithMistakes(t *testing.T) {
	c := newClient(t)
	for document, part := range map[string]string{
		`{`:                             "Expected Name",
		`{ articel(slug: "x") { id } }`: `Did you mean`,
		`{ article { id } }`:            "slug",
		`{ article(slug: 5) { id } }`:   "String",
		`query A { __typename } query B { __typename }`: "operationName",
		`subscription { x }`:                            `Cannot query field \"x\" on type \"Subscription\"`,
		`{ article(slug: "a") { ...A } } fragment A on Article { author { articles { nodes { ...A } } } }`: "",
		`{ articles(where: {titel: {eq: "x"}}) { totalCount } }`:                                           "titel",
		`{ node(id: {}) { id } }`:                                  "ID cannot represent an object",
		`{ nodes(ids: [{}]) { id } }`:                              "ID cannot represent an object",
		`{ article(slug: {}) { id } }`:                             "String cannot represent an object",
		`{ articles(after: {}) { totalCount } }`:                   "String cannot represent an object",
		`{ articles(where: {title: {eq: {}}}) { totalCount } }`:    "String cannot represent an object",
		`{ articles(where: {status: {eq: {}}}) { totalCount } }`:   "Status cannot represent an object",
		`query($a: Boolean! = {}) { __typename @include(if: $a) }`: "Boolean cannot represent an object",
		`{ __typename @include(if: {}) }`:                          "Boolean cannot represent an object",
		`{ article(slug: "a") { id @nosuch } }`:                    "nosuch",
		`{ article(slug: "a") @defer { id } }`:                     "defer",
	} {
		body := c.run("", document, "null")
		if !strings.Contains(body, `"code":"INVALID_DOCUMENT","status":400`) || !strings.Contains(body, part) || strings.Contains(body, `"data"`) {
			t.Errorf("%s: %s", document, body)
		}
	}
	for variables, part := range map[string]string{
		`{}`: `$s`, `{"s":null}`: `must not be null`, `{"s":1}`: `must be a String`, `{"s":["a"]}`: `must be a String`, `{"s":"a","n":"1"}`: `must be an Int`, `{"s":"a","n":1.5}`: `Int`, `{"s":"a","n":3000000000}`: `Int`,
		`{"s":"a","w":{"titel":{}}}`: `did you mean`, `{"s":"a","w":{"status":{"eq":"open"}}}`: `must be one of DRAFT, OPEN`, `{"s":"a","w":[]}`: `w`, `{"s":"a","w":5}`: `must be an object`,
	} {
		body := c.run("", `query($s: String!, $n: Int, $w: ArticleFilter) { article(slug: $s) { id } articles(first: $n, where: $w) { totalCount } }`, variables)
		if variables == `{"s":"a","w":[]}` {
			continue // a list of none is no object
		}
		if !strings.Contains(body, `"status":400`) || !strings.Contains(body, part) {
			t.Errorf("%s: %s", variables, body)
		}
	}
	deep := func(lists int) string {
		where := `{body: {eq: "x"}}`
		for range lists - 1 {
			where = `{article: {comments: {some: ` + where + `}}}`
		}
		return `{comments: {every: ` + where + `}}`
	}
	c.has("", `{ articles(where: `+deep(4)+`) { totalCount } }`, "null", `{"data":{"articles":{"totalCount":`)
	for _, where := range []string{deep(5), `{and: [` + strings.Repeat(deep(4)+` `, 2) + `]}`} {
		c.has("", `{ articles(where: `+where+`) { totalCount } }`, "null", `"code":"INVALID","status":422`, `"code":"TOO_LARGE"`)
		c.has("", `{ articlesAggregate(where: `+where+`) { nodes { count } } }`, "null", `"code":"INVALID","status":422`, `"code":"TOO_LARGE"`)
	}
	c.has("", `{ articles(first: 0) { totalCount } }`, "null", `"code":"INVALID","status":422`, `"field":"first"`)
	c.has("", `{ articles(first: 2, last: 2) { totalCount } }`, "null", `"field":"last"`)
	c.has("", `{ articles(after: "nonsense") { totalCount } }`, "null", `"path":["articles"]`)
	c.has("", `{ articles(where: {id: {eq: "x"}, createdAt: {gt: "never"}}) { totalCount } }`, "null", `"field":"where.createdAt.gt"`, `"field":"where.id.eq"`)
}

func TestHTTP(t *testing.T) {
	c := newClient(t)
	get := func(query string, headers ...string) *httptest.ResponseRecorder {
		return c.send(httptest.NewRequest("GET", "/graphql"+query, nil), headers...)
	}
	check := func(what string, w *httptest.ResponseRecorder, status int, media string) {
		t.Helper()
		if w.Code != status || !strings.HasPrefix(w.Header().Get("Content-Type"), media+";") || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%s: %d %s %s", what, w.Code, w.Header().Get("Content-Type"), w.Body)
		}
	}
	const plain, response = "application/json", "application/graphql-response+json"
	ok := "?query=" + url.QueryEscape("{ __typename }")
	check("GET", get(ok), 200, plain)
	check("GET with variables", get("?query="+url.QueryEscape("query($s:String!){article(slug:$s){title}}")+"&variables="+url.QueryEscape(`{"s":"alpha"}`)), 200, plain)
	check("*/*", get(ok, "Accept", "*/*"), 200, plain)
	check("response", get(ok, "Accept", response), 200, response)
	check("both", get(ok, "Accept", response+", "+plain+";q=0.9"), 200, response)
	check("prefers JSON", get(ok, "Accept", response+";q=0.5, "+plain), 200, plain)
	check("not acceptable", get(ok, "Accept", "image/png"), 406, plain)
	check("invalid document", get("?query=%7B", "Accept", plain), 200, plain)
	check("invalid document", get("?query=%7B", "Accept", response), 400, response)
	check("no query", get("", "Accept", plain), 400, plain)
	check("bad variables", get(ok+"&variables=%5B", "Accept", plain), 400, plain)
	check("list of variables", get(ok+"&variables=%5B%5D", "Accept", plain), 400, plain)
	check("two queries", get(ok+"&query=x", "Accept", plain), 400, plain)
	check("not UTF-8", get("?query=%ff", "Accept", plain), 400, plain)
	w := get("?query=" + url.QueryEscape(`mutation { createTag(input: {name: "x"}) { id } }`))
	check("GET of a mutation", w, 405, plain)
	if w.Header().Get("Allow") != "POST" {
		t.Error("Allow:", w.Header())
	}
	check("bad token", get(ok, "Authorization", "Bearer x"), 401, plain)
	check("PUT", c.send(httptest.NewRequest("PUT", "/graphql", nil)), 405, plain)
	if w := get("", "Accept", "text/html,application/xhtml+xml,*/*;q=0.8"); w.Body.String() != "<page>" {
		t.Error("a browser gets", w.Body)
	}
	check("a browser that asks", get(ok, "Accept", "text/html,*/*;q=0.8"), 200, plain)
	for body, status := range map[string]int{
		``: 400, `{`: 400, `[]`: 400, `[{"query":"{ __typename }"}]`: 400, `"x"`: 400, `{}`: 400, `{"query":5}`: 400, `{"query":""}`: 400, `{"query":"{ __typename }","variables":[]}`: 400,
		`{"query":"{ __typename }","operationName":5}`: 400, `{"query":"{ __typename }","extensions":[]}`: 400, `{"query":"a","query":"b"}`: 400,
		`{"query":"{ __typename }","operationName":null,"variables":null,"extensions":{},"id":1}`: 200, `{"query":"{ __typename }","operationName":"X"}`: 200,
		`{"query":"` + strings.Repeat(" ", 2<<20) + `"}`: 413,
	} {
		check("POST "+body[:min(len(body), 60)], c.post(body), status, plain)
	}
	check("form", c.post("query=x", "Content-Type", "application/x-www-form-urlencoded"), 415, plain)
	check("text", c.post("{}", "Content-Type", "text/plain"), 415, plain)
	check("gzip", c.post("{}", "Content-Encoding", "gzip"), 415, plain)
	check("crash", c.post(`{"query":"{ crash }"}`), 500, plain)
	if log := c.log.String(); strings.Count(log, "level=ERROR") != 1 || !strings.Contains(log, "a secret") {
		t.Error("log:", log)
	}
}

// No document, however hostile, is a failure of ours or reads what it may not.
func TestHostileDocuments(t *testing.T) {
	c := newClient(t)
	deep := func(n int) string {
		return "{ articles { nodes { " + strings.Repeat("author { articles { nodes { ", n) + "id " + strings.Repeat("} } } ", n) + "} } }"
	}
	fragments := "{ ...F0 } "
	for i := range 30 {
		n := string(rune('a'+i%26)) + string(rune('a'+i/26))
		m := string(rune('a'+(i+1)%26)) + string(rune('a'+(i+1)/26))
		if i == 0 {
			fragments = "{ article(slug: \"alpha\") { ...F" + n + " } } "
		}
		fragments += "fragment F" + n + " on Article { x" + n + ": author { articles { nodes { ...F" + m + " y: author { articles { nodes { ...F" + m + " } } } } } } } "
	}
	fragments += "fragment Feb on Article { id }"
	documents := map[string]string{
		"deep":       deep(10),
		"very deep":  deep(400),
		"brackets":   strings.Repeat("{ a", 20_000),
		"values":     `{ articles(where: ` + strings.Repeat("{not: ", 900) + "{}" + strings.Repeat("}", 900) + `) { totalCount } }`,
		"aliases":    "{ " + strings.Repeat("a: __typename ", 2000) + "}",
		"names":      "{ article(slug: \"alpha\") { " + many(300, "a%: title ") + "} }",
		"roots":      "{ " + many(60, "a%: articles { totalCount } ") + "}",
		"rows":       `{ articles(first: 100) { nodes { comments(first: 100) { nodes { article { comments(first: 50) { nodes { id } } } } } } } }`,
		"fragments":  fragments,
		"spreads":    "{ " + strings.Repeat("...A ", 2000) + "} fragment A on Query { " + strings.Repeat("...B ", 500) + "} fragment B on Query { __typename }",
		"directives": "{ __typename " + strings.Repeat("@skip(if: false) ", 1000) + "}",
		"variables":  "query(" + many(500, "$a%: Int ") + ") { __typename }",
		"overlap":    "{ article(slug: \"alpha\") { " + strings.Repeat("author { username } ", 1000) + "} }",
		"introspect": `{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }`,
		"numbers":    `{ articles(first: 99999999999999999999) { totalCount } }`,
		"escape":     `{ article(slug: "\uD800") { id } }`,
		"nul":        `{ article(slug: "\u0000") { id } articles(where: {title: {eq: "\u0000"}}) { totalCount } }`,
		"long name":  `{ ` + strings.Repeat("x", 50_000) + ` }`,
		"conditions": `{ articles(where: {or: [` + strings.Repeat(`{title: {eq: "x"}} `, 400) + `]}) { totalCount } }`,
		"key":        `{ article(slug: "` + strings.Repeat("x", 50_000) + `") { id } }`,
	}
	for name, document := range documents {
		body := c.run("", document, "null")
		if strings.Contains(body, "INTERNAL") {
			t.Errorf("%s: %.300s\n%s", name, body, c.log)
			c.log.Reset()
		}
		switch name {
		case "deep", "very deep", "brackets", "aliases", "names", "roots", "rows", "introspect", "fragments":
			if strings.Contains(body, `"data"`) {
				t.Errorf("%s was run: %.200s", name, body)
			}
		}
	}
}

func many(n int, text string) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.ReplaceAll(text, "%", string(rune('a'+i%26))+strings.Repeat("z", i/26)))
	}
	return b.String()
}

// Rows that belong to a row are written with it; what is wrong is told at its place.
func TestParts(t *testing.T) {
	onEach(t, func(c *client) {
		send := func(document string, variables map[string]any) string {
			body, _ := json.Marshal(map[string]any{"query": document, "variables": variables})
			return c.post(string(body), "Authorization", "Bearer ann").Body.String()
		}
		const create = `mutation($input: CreateArticleInput!) { createArticle(input: $input) { title comments { nodes { body } } } }`
		comments := func(bodies ...any) map[string]any {
			var items []any
			for _, body := range bodies {
				items = append(items, map[string]any{"body": body})
			}
			return map[string]any{"title": "Whole", "comments": map[string]any{"create": items}}
		}
		for _, test := range []struct {
			input map[string]any
			want  string
		}{
			{comments("one", "two"), `{"data":{"createArticle":{"title":"Whole","comments":{"nodes":[{"body":"one"},{"body":"two"}]}}}}`},
			{comments("one", nil), `Variable $input.comments.create.1.body must not be null.`},
			{comments("one", strings.Repeat("x", 101)), `{"field":"comments.create.1.body","code":"TOO_LONG"`},
		} {
			if got := send(create, map[string]any{"input": test.input}); !strings.Contains(got, test.want) {
				c.Errorf("%v: %s, want %s", test.input, got, test.want)
			}
		}
		const update = `mutation { updateArticle(id: "alpha", version: 1, input: {comments: {create: [{body: "new"}]}}) { version comments(last: 1) { nodes { body } } } }`
		for _, want := range []string{`{"data":{"updateArticle":{"version":"2","comments":{"nodes":[{"body":"new"}]}}}}`, `"code":"STALE"`} {
			if got := send(update, nil); !strings.Contains(got, want) {
				c.Errorf("%s, want %s", got, want)
			}
		}
	})
}
