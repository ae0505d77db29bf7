package graphql_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/kit/graphql"
)

func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// ask posts a request made of pairs of members and returns the body.
func (c *client) ask(pairs ...any) string {
	c.Helper()
	members := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		members[pairs[i].(string)] = pairs[i+1]
	}
	body, err := json.Marshal(members)
	if err != nil {
		c.Fatal(err)
	}
	return c.post(string(body)).Body.String()
}

func persisted(sum string) map[string]any {
	return map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": sum}}
}

// A document that was sent with its hash is run by the hash alone from then on.
func TestAutomaticPersistedQueries(t *testing.T) {
	c := newClient(t)
	const document, answer = `query Q($s: String!) { article(slug: $s) { title } }`, `{"data":{"article":{"title":"Alpha"}}}`
	sum, variables := hashOf(document), map[string]any{"s": "alpha"}
	const unknown = `{"errors":[{"message":"PersistedQueryNotFound","extensions":{"code":"PERSISTED_QUERY_NOT_FOUND","status":200}}]}`
	check := func(what, got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	check("before", c.ask("extensions", persisted(sum), "variables", variables), unknown)
	check("another's", c.ask("query", `{ __typename }`, "extensions", persisted(sum)),
		`{"errors":[{"message":"The document is not that of its sha256Hash.","extensions":{"code":"INVALID_DOCUMENT","status":400}}]}`)
	check("still", c.ask("extensions", persisted(sum), "variables", variables), unknown)
	check("with the document", c.ask("query", document, "extensions", persisted(sum), "variables", variables), answer)
	check("by hash", c.ask("extensions", persisted(strings.ToUpper(sum)), "variables", variables), answer)
	extensions, _ := json.Marshal(persisted(sum))
	get := "/graphql?extensions=" + url.QueryEscape(string(extensions)) + "&variables=" + url.QueryEscape(`{"s":"alpha"}`)
	check("by GET", c.send(httptest.NewRequest("GET", get, nil), "Accept", "text/html, */*").Body.String(), answer)
	wrong := `{ nosuch }`
	c.ask("query", wrong, "extensions", persisted(hashOf(wrong)))
	check("what is not valid", c.ask("extensions", persisted(hashOf(wrong))), unknown)
	for _, hash := range []any{"x", "", 5, sum[:62], strings.Repeat("g", 64)} {
		if got := c.ask("extensions", map[string]any{"persistedQuery": map[string]any{"version": 1, "sha256Hash": hash}}); !strings.Contains(got, `"code":"MALFORMED"`) {
			t.Errorf("%v: %s", hash, got)
		}
	}
	if got := c.ask("query", document, "extensions", map[string]any{"persistedQuery": map[string]any{"version": 2, "sha256Hash": sum}}); !strings.Contains(got, `"code":"MALFORMED"`) {
		t.Errorf("version 2: %s", got)
	}
	// However many there are, a bounded number is kept, and the last is among them.
	for i := range 700 {
		document := `{ __typename } #` + strings.Repeat("x", i)
		c.ask("query", document, "extensions", persisted(hashOf(document)))
	}
	last := `{ __typename } #` + strings.Repeat("x", 699)
	check("the last of many", c.ask("extensions", persisted(hashOf(last))), `{"data":{"__typename":"Query"}}`)
	found := 0
	for i := range 700 {
		if got := c.ask("extensions", persisted(hashOf(`{ __typename } #`+strings.Repeat("x", i)))); !strings.Contains(got, "NotFound") {
			found++
		}
	}
	if found > 500 {
		t.Errorf("%d are kept", found)
	}
}

// Where only trusted documents run, everything else is refused, its text too; elsewhere they are a shorthand.
func TestTrustedDocuments(t *testing.T) {
	const document, answer = `query Q($s: String!) { article(slug: $s) { title } }`, `{"data":{"article":{"title":"Alpha"}}}`
	sum := hashOf(document)
	quoted, _ := json.Marshal(document)
	for _, manifest := range []string{
		`{"` + sum + `":` + string(quoted) + `,"old":"{ nosuch }"}`,
		`{"format":"apollo-persisted-query-manifest","version":1,"operations":[{"id":"` + sum + `","name":"Q","type":"query","body":` + string(quoted) + `},{"id":"old","body":"{ nosuch }"}]}`,
	} {
		documents, err := graphql.ReadDocuments([]byte(manifest))
		if err != nil || documents.Len() != 2 {
			t.Fatal(documents.Len(), err)
		}
		log := &bytes.Buffer{}
		for _, only := range []bool{true, false} {
			c := newClient(t, func(o *graphql.Options) {
				o.Documents, o.Only, o.Notices = documents, only, slog.New(slog.NewTextHandler(log, nil))
			})
			if !strings.Contains(log.String(), "document=old") {
				t.Error("log:", log)
			}
			variables := map[string]any{"s": "alpha"}
			for what, got := range map[string]string{
				"id":               c.ask("documentId", sum, "variables", variables),
				"hash as id":       c.ask("documentId", "sha256:"+sum, "variables", variables),
				"hash":             c.ask("extensions", persisted(sum), "variables", variables),
				"text":             c.ask("query", document, "variables", variables),
				"text with a hash": c.ask("query", document, "extensions", persisted(sum), "variables", variables),
				"GET":              c.send(httptest.NewRequest("GET", "/graphql?documentId="+sum+"&variables="+url.QueryEscape(`{"s":"alpha"}`), nil)).Body.String(),
			} {
				if got != answer {
					t.Errorf("%s: %s", what, got)
				}
			}
			other := `{ __typename }`
			for what, refused := range map[string]struct{ got, code string }{
				"another id":     {c.ask("documentId", "nosuch"), "UNKNOWN_DOCUMENT"},
				"text and an id": {c.ask("query", document, "documentId", sum), "MALFORMED"},
				"hash and an id": {c.ask("documentId", sum, "extensions", persisted(sum)), "MALFORMED"},
				"no id":          {c.ask("documentId", 5), "MALFORMED"},
				"old":            {c.ask("documentId", "old"), "INVALID_DOCUMENT"},
			} {
				if !strings.Contains(refused.got, `"code":"`+refused.code+`"`) {
					t.Errorf("%s: %s", what, refused.got)
				}
			}
			got := []string{c.ask("query", other), c.ask("query", other, "extensions", persisted(hashOf(other))), c.ask("extensions", persisted(hashOf(other)))}
			for i, code := range []string{"UNTRUSTED_DOCUMENT", "UNTRUSTED_DOCUMENT", "PERSISTED_QUERY_NOT_SUPPORTED"} {
				if only != strings.Contains(got[i], `"code":"`+code+`"`) {
					t.Errorf("only trusted: %v: %s", only, got[i])
				}
			}
		}
	}
	for _, manifest := range []string{``, `[]`, `{"a":5}`, `{"a":""}`, `{"":"{ x }"}`, `{"operations":[{"id":"a"}]}`, `{"operations":[{"id":"a","body":"{ a }"},{"id":"a","body":"{ b }"}]}`} {
		if _, err := graphql.ReadDocuments([]byte(manifest)); err == nil {
			t.Errorf("%s is taken", manifest)
		}
	}
}
