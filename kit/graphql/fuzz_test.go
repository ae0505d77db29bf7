package graphql

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/internal/doortest"
)

// Whatever a client sends over a WebSocket is a message or a reason to close, and a message holds what its type needs.
func FuzzMessage(f *testing.F) {
	for _, text := range []string{
		`{"type":"connection_init","payload":{"Authorization":"Bearer x"}}`, `{"type":"ping","payload":{}}`, `{"type":"pong"}`, `{"type":"complete","id":"1"}`,
		`{"type":"subscribe","id":"1","payload":{"query":"{ a }","variables":{"b":[1,null]},"extensions":{"persistedQuery":{"version":1,"sha256Hash":"00"}}}}`,
		`{"type":"subscribe","id":"1","payload":{"documentId":"a"}}`, `[[[[`, `{"type":"subscribe","id":7}`, "\xff", `{"type":"ping","type":"ping"}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := readMessage(text)
		if err != nil {
			if err.Error() == "" {
				t.Error("a reason is empty")
			}
			return
		}
		switch m.kind {
		case typeInit, typePing, typePong:
			if m.payload != nil && !json.Valid(appendMessage(typePong, "", appendTree(m.payload))) {
				t.Errorf("%q is answered with what is no JSON", text)
			}
		case typeSubscribe:
			if m.wrong == nil && m.request.query == "" && m.request.document == "" && m.request.hash == "" {
				t.Errorf("%q asks for nothing", text)
			}
			fallthrough
		case typeComplete:
			if m.id == "" || len(m.id) > maxID || !json.Valid(appendMessage(typeComplete, m.id, nil)) {
				t.Errorf("%q has the id %q", text, m.id)
			}
		default:
			t.Errorf("%q is of the type %q", text, m.kind)
		}
	})
}

// Whatever a document and its variables are, they are run or refused, soon, and never by a failure of ours.
func FuzzDocument(f *testing.F) {
	w := doortest.New(f)
	limits := Limits{Tokens: 500, Rows: 200, Cost: 2000}
	d := New(w.Engine, doortest.SDL, Options{Limits: limits})
	for document, variables := range map[string]string{
		`{ __typename }`: `null`,
		`query Q($s: String!, $n: Int = 2) { a: article(slug: $s) { ...F } articles(first: $n, order: [title_DESC], where: {or: [{title: {eq: "x"}}]}) { nodes { id } } } fragment F on Article { title @skip(if: true) }`: `{"s":"alpha","n":3}`,
		`subscription { comments(article: "alpha") { body } }`:                                                                `null`,
		`{ __schema { types { name fields { name } } } }`:                                                                     `null`,
		`{ flags { nodes { about { ... on Article { title } } } } articlesAggregate(groupBy: [status]) { nodes { count } } }`: `{}`,
		`{ a { b { c`: `[`,
		`{ article(slug: "\u{1F600}\"") { id } """ }`: `{"a":1e999}`,
	} {
		f.Add(document, variables)
	}
	f.Fuzz(func(t *testing.T, document, variables string) {
		req := request{query: document}
		if tree, err := input.Parse([]byte(variables)); err == nil {
			req.variables, _ = tree.(input.Object)
		}
		p, failures := d.plan(req)
		if failures != nil {
			if answer := appendErrors(nil, failures); !json.Valid(answer) || len(failures) > 21 {
				t.Errorf("%d errors: %s", len(failures), answer)
			}
			for _, failure := range failures {
				if failure.problem.Code == "" || failure.problem.Status >= 500 {
					t.Errorf("%q fails with %d %s", document, failure.problem.Status, failure.message)
				}
			}
			return
		}
		if p.subscription || p.mutation {
			return // what is written would make the next run another
		}
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if answer := d.execute(ctx, w.Ann, p); !json.Valid(answer) {
			t.Errorf("%q is answered with what is no JSON: %s", document, answer)
		}
	})
}
