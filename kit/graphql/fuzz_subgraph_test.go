package graphql_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/graphql"
	"github.com/fettlehq/fettle/kit/internal/doortest"
)

// Whatever a gateway names rows by, the answer is JSON, and what is wrong with it is its mistake.
func FuzzRepresentations(f *testing.F) {
	w := doortest.New(f)
	door := graphql.New(w.Engine, subgraphSDL(), graphql.Options{Viewer: w.Viewer})
	for _, seed := range []string{
		`[{"__typename":"Article","slug":"alpha"},{"__typename":"User","id":"` + string(w.Ann.ID) + `"}]`, `[{"__typename":"Article"}]`, `[{"__typename":"Nosuch","id":"1"}]`,
		`[{"__typename":7}]`, `[null,[],"x"]`, `{}`, `[{"__typename":"Article","slug":"alpha","id":"x","title":{"a":1}}]`, `[{"__typename":"Article","slug":"\u0000"}]`, `[{"id":1e999}]`,
	} {
		f.Add(seed)
	}
	const before = `{"query":"query($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Article { title } ... on User { username } } }","variables":{"r":`
	f.Fuzz(func(t *testing.T, representations string) {
		r := httptest.NewRequest(http.MethodPost, "/graphql", strings.NewReader(before+representations+`}}`))
		r.Header.Set("Content-Type", "application/json")
		answer := httptest.NewRecorder()
		door.ServeHTTP(answer, r)
		if answer.Code >= 500 || !json.Valid(answer.Body.Bytes()) || strings.Contains(answer.Body.String(), `"INTERNAL"`) {
			t.Errorf("%q: %d %s", representations, answer.Code, answer.Body)
		}
	})
}
