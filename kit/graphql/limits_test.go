package graphql_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/graphql"
)

// What passes a limit is refused before it is run, and the error names the limit and how much it allows.
func TestLimits(t *testing.T) {
	small := graphql.Limits{Tokens: 60, Depth: 6, Fields: 12, Aliases: 3, Directives: 2, Roots: 2, Rows: 50, Cost: 70, Errors: 2}
	c := newClient(t, func(o *graphql.Options) { o.Limits = small })
	for _, test := range []struct{ limit, fits, passes string }{
		{`"tokens","most":60`, `{ article(slug: "a") { title } }`, `{ ` + strings.Repeat("title ", 60) + `}`},
		{`"depth","most":6`, `{ articles(first: 1) { nodes { author { articles(first: 1) { totalCount } } } } }`, `{ articles(first: 1) { nodes { author { articles(first: 1) { nodes { author { id } } } } } } }`},
		{`"fields","most":12`, `{ article(slug: "a") { ` + strings.Repeat("id ", 11) + `} }`, `{ article(slug: "a") { ` + strings.Repeat("id ", 12) + `} }`},
		{`"fields","most":12`, `{ ...A } fragment A on Query { __typename }`, `{ ...A ...A ...A } fragment A on Query { ...B ...B ...B } fragment B on Query { __typename ` + strings.Repeat("__typename ", 8) + `}`},
		{`"aliases","most":3`, `{ a: __typename article(slug: "a") { b: __typename c: __typename } }`, `{ article(slug: "a") { a: __typename b: __typename c: __typename d: __typename } }`},
		{`"aliases","most":3`, `{ a: __typename }`, `{ a: __typename a: __typename a: __typename a: __typename }`},
		{`"directives","most":2`, `{ __typename @skip(if: false) a: __typename @include(if: true) }`, `{ __typename @skip(if: false) a: __typename @include(if: true) b: __typename @skip(if: false) }`},
		{`"directives","most":2`, `{ __typename }`, `{ __typename @a @b @c }`},
		{`"roots","most":2`, `{ a: __typename b: __typename }`, `{ a: __typename b: __typename c: __typename }`},
		{`"rows","most":50`, `{ articles(first: 49) { totalCount } }`, `{ articles(first: 51) { totalCount } }`},
		{`"cost","most":70`, `{ articles(first: 10) { nodes { id title slug note status } } }`, `{ articles(first: 10) { nodes { id title slug note status views version } } }`},
		{`"cost","most":70`, `{ articles(first: 3) { nodes { comments(first: 2) { nodes { id body } } } } }`, `{ articles(first: 4) { nodes { comments(first: 5) { nodes { id body author { id } } } } } }`},
	} {
		if body := c.run("", test.fits, "null"); strings.Contains(body, "TOO_COMPLEX") {
			t.Errorf("%s: %s", test.fits, body)
		}
		want := `"code":"TOO_COMPLEX","status":400,"limit":` + test.limit + `}`
		if body := c.run("", test.passes, "null"); !strings.Contains(body, want) || strings.Contains(body, `"data"`) {
			t.Errorf("%s: %s\nwant %s", test.passes, body, want)
		}
	}
}

// What the rule compares that fields of one name must agree is counted before it does: where they stand, wherever fragments put them,
// and below fields that stand under one name themselves. What is equal in different places is not compared.
func TestPairsAreCounted(t *testing.T) {
	c := newClient(t, func(o *graphql.Options) { o.Limits.Pairs = 100 })
	spread := func(n int) (spreads, fragments string) {
		for i := range n {
			spreads, fragments = spreads+fmt.Sprintf(" ...F%d", i), fragments+fmt.Sprintf(" fragment F%d on User { id }", i)
		}
		return spreads, fragments
	}
	few, fewer := spread(7)
	many, more := spread(14)
	for _, test := range []struct{ fits, passes string }{
		{`{ user(username: "ann") {` + strings.Repeat(" id", 13) + ` } }`, `{ user(username: "ann") {` + strings.Repeat(" id", 14) + ` } }`},
		{`{ user(username: "ann") {` + few + ` } }` + fewer, `{ user(username: "ann") {` + many + ` } }` + more},
		{`{` + strings.Repeat(` user(username: "ann") { id }`, 9) + ` }`, `{` + strings.Repeat(` user(username: "ann") { id }`, 10) + ` }`},
		{`{ user(username: "ann") {` + strings.Repeat(" ... { id }", 10) + ` } }`, `{ user(username: "ann") {` + strings.Repeat(" ... { id }", 14) + ` } }`},
		{`{ __typename } query B { user(username: "ann") { id } } fragment U on User { id }`, `{ __typename } fragment U on User {` + strings.Repeat(" id", 15) + ` }`},
		{`{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }`, `{ __typename ...A } fragment A on Query { user(username: "a") { ...B } article(slug: "a") { author { ...B } } } fragment B on User { id id id ` + strings.Repeat(" username", 10) + ` }`},
	} {
		if body := c.run("", test.fits, "null"); strings.Contains(body, "TOO_COMPLEX") {
			t.Errorf("%s: %s", test.fits, body)
		}
		if body := c.run("", test.passes, "null"); !strings.Contains(body, `"code":"TOO_COMPLEX","status":400,"limit":"pairs","most":100}`) {
			t.Errorf("%s: %s", test.passes, body)
		}
	}
	usual := newClient(t)
	usual.has("", `{ user(username: "ann") {`+strings.Repeat(" id", 1000)+` } }`, "null", `"limit":"pairs","most":30000`)
	usual.want("", `{ user(username: "ann") {`+strings.Repeat(" username", 200)+` } }`, "null", `{"data":{"user":{"username":"ann"}}}`)
	deep, fragments := "username", ""
	for i := range 30 { // each twice in the next: a billion fields
		fragments += fmt.Sprintf(" fragment F%d on User { %s }", i, deep)
		deep = fmt.Sprintf("articles { nodes { author { ...F%d } } edges { node { author { ...F%d } } } }", i, i)
	}
	usual.has("", `{ user(username: "ann") { ...F29 } }`+fragments, "null", `"limit":"pairs"`)
}

// An answer tells a bounded number of errors, and that there are more.
func TestErrorsAreBounded(t *testing.T) {
	c := newClient(t, func(o *graphql.Options) { o.Limits.Errors = 2 })
	const more = `{"message":"There are more errors than 2: the others are not told.","extensions":{"code":"TOO_MANY_ERRORS","status":400,"limit":"errors","most":2}}`
	for document, errors := range map[string]int{
		`{ a b }`:   2,
		`{ a b c }`: 3,
		`{ article(slug: "alpha") { ` + strings.Repeat("nosuch ", 200) + `} }`: 3,
		`{ a: broken b: broken c: broken }`:                                    3,
	} {
		body := c.run("", document, "null")
		if got := strings.Count(body, `"message"`); got != errors || (errors == 3) != strings.Contains(body, more) {
			t.Errorf("%s: %d errors: %s", document, got, body)
		}
	}
	many := `{"input":{` + strings.TrimSuffix(many(300, `"x%":1,`), ",") + `}}`
	if body := c.run("", `mutation($input: QuoteInput!) { quote(input: $input) { amount } }`, many); strings.Count(body, `"field"`) > 50 {
		t.Errorf("%d fields are told", strings.Count(body, `"field"`))
	}
}

// Where the schema is hidden, mistakes are told without the names that were meant.
func TestNothingIsSuggestedWhereTheSchemaIsHidden(t *testing.T) {
	hidden := newClient(t, func(o *graphql.Options) { o.HideSchema, o.Playground = true, nil })
	shown := newClient(t)
	for document, name := range map[string]string{
		`{ articel(slug: "x") { id } }`:                                 `\"article\"`,
		`{ article(slug: "x") { titel } }`:                              `\"title\"`,
		`{ article(slug: "x") }`:                                        `{ ... }`,
		`{ article(sulg: "x") { id } }`:                                 `\"slug\"`,
		`{ articles(where: {titel: {eq: "x"}}) { totalCount } }`:        `\"title\"`,
		`{ articles(where: {status: {eq: OPNE}}) { totalCount } }`:      `\"OPEN\"`,
		`{ articles(order: [titel_ASC]) { totalCount } }`:               `title_ASC`,
		`{ article(slug: "x") { ...F } } fragment F on Artcle { id }`:   `\"Article\"`,
		`mutation { createArticle(input: {titel: "x"}) { id } }`:        `Did you mean`,
		`query($w: ArticleFiltr) { articles(where: $w) { totalCount }}`: `\"ArticleFilter\"`,
	} {
		if body := shown.run("", document, "null"); !strings.Contains(body, name) {
			t.Errorf("%s: %s lacks %s", document, body, name)
		}
		if body := hidden.run("", document, "null"); strings.Contains(body, "Did you mean") || !strings.Contains(body, `"code":"INVALID_DOCUMENT"`) {
			t.Errorf("%s: %s", document, body)
		}
	}
	for variables, name := range map[string]string{`{"w":{"titel":{}}}`: "title", `{"w":{"status":{"eq":"OPNE"}}}`: "OPEN"} {
		const document = `query($w: ArticleFilter) { articles(where: $w) { totalCount } }`
		if body := shown.run("", document, variables); !strings.Contains(body, name) {
			t.Errorf("%s: %s", variables, body)
		}
		if body := hidden.run("", document, variables); strings.Contains(body, "did you mean") || strings.Contains(body, `OPEN`) || !strings.Contains(body, `"code":"INVALID"`) {
			t.Errorf("%s: %s", variables, body)
		}
	}
}
