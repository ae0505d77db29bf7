package oracle

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/recipe"
)

// What the recipe of tenancy writes lets the owner of a workspace ask people in by their addresses, keeps strangers out, and puts out
// whose invitation is taken back.
func TestPeopleComeIntoAWorkspace(t *testing.T) {
	tenancy, err := recipe.Named("tenancy")
	if err != nil {
		t.Fatal(err)
	}
	made, err := recipe.Apply([]design.Source{{Name: "design/world.graphql", Text: `extend schema @backend(name: "world", module: "example.com/world")

type User @entity @account(login: email) @allow(do: [READ, UPDATE], when: "this == viewer") { email: Email! @unique @personal }

type Note @entity @allow(do: [READ, CREATE], when: "workspace.inside") { text: String! }
`}}, "world", tenancy, []string{"Note"})
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, s := range made.Sources {
		text.WriteString(s.Text)
	}
	p, problems, err := blueprintOf(text.String())
	if err != nil || len(problems) > 0 {
		t.Fatal(problems, err)
	}
	for _, name := range []string{"sqlite", "postgres"} {
		t.Run(name, func(t *testing.T) {
			db := open(t, name, "matrix")
			t.Cleanup(func() { db.Close() })
			made, err := newProduct(name, p, db)
			if err != nil {
				t.Fatal(err)
			}
			made.clock.now = epoch
			comeIntoAWorkspace(t, made)
		})
	}
}

func comeIntoAWorkspace(t *testing.T, p *product) {
	people := map[string]string{"nobody": ""}
	user := p.backend.Entity("User")
	for _, name := range []string{"ann", "bob", "eve"} {
		err := p.engine.Write(context.Background(), kit.Viewer{}, func(ctx context.Context, tx *query.Tx) error {
			id, err := tx.System().Create(ctx, user, []query.Change{{Field: user.Field("email"), Value: name + "@example.org"}})
			people[name] = string(id)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	// asks sends a request of a person to a workspace, or to none, demands a status and returns the answer.
	asks := func(who, workspace, method, path string, body any, status int) map[string]any {
		t.Helper()
		answer, err := p.ask(request{viewer: people[who], tenant: workspace, method: method, path: path, body: body})
		if err != nil {
			t.Fatal(err)
		}
		if answer.status != status {
			t.Fatalf("%s: %s /%s%s %v: %d %s", who, method, workspace, path, body, answer.status, answer.text)
		}
		return answer.object()
	}
	// sees demands how many rows a list shows a person.
	sees := func(who, workspace, path string, want int) []any {
		t.Helper()
		list, ok := asks(who, workspace, http.MethodGet, path, nil, http.StatusOK)["items"].([]any)
		if !ok || len(list) != want {
			t.Fatalf("%s sees %v at /%s%s, not %d", who, list, workspace, path, want)
		}
		return list
	}
	type object = map[string]any

	asks("ann", "", http.MethodPost, "/v1/workspaces", object{"handle": "acme", "name": "Acme"}, http.StatusCreated)
	asks("ann", "acme", http.MethodPost, "/v1/notes", object{"text": "for all of us"}, http.StatusCreated)
	for _, stranger := range []string{"bob", "eve", "nobody"} {
		sees(stranger, "", "/v1/workspaces", 0)
		asks(stranger, "acme", http.MethodGet, "/v1/notes", nil, http.StatusNotFound)
	}
	asks("bob", "acme", http.MethodPost, "/v1/invitations", object{"email": "bob@example.org"}, http.StatusNotFound)

	asked := asks("ann", "acme", http.MethodPost, "/v1/invitations", object{"email": "Bob@Example.org"}, http.StatusCreated)
	sees("bob", "", "/v1/workspaces", 1)
	sees("bob", "acme", "/v1/notes", 0) // he has not come in
	found := sees("bob", "acme", "/v1/invitations", 1)[0].(object)
	if found["id"] != asked["id"] {
		t.Fatal(found, asked)
	}
	come := object{"invitation": found["id"]}
	sees("eve", "", "/v1/workspaces", 0)
	asks("eve", "acme", http.MethodPost, "/v1/members", come, http.StatusNotFound)
	asks("bob", "acme", http.MethodPost, "/v1/members", object{"invitation": found["id"], "user": people["eve"]}, http.StatusUnprocessableEntity)
	asks("ann", "acme", http.MethodPost, "/v1/members", come, http.StatusForbidden)
	in := asks("bob", "acme", http.MethodPost, "/v1/members", come, http.StatusCreated)
	asks("bob", "acme", http.MethodPost, "/v1/members", come, http.StatusConflict)

	sees("bob", "acme", "/v1/notes", 1)
	sees("bob", "", "/v1/notes", 1)
	if known := sees("ann", "acme", "/v1/members", 1)[0].(object); known["email"] != "Bob@Example.org" {
		t.Error(known)
	}
	asks("bob", "acme", http.MethodPost, "/v1/notes", object{"text": "from me"}, http.StatusCreated)
	asks("bob", "acme", http.MethodPost, "/v1/invitations", object{"email": "eve@example.org"}, http.StatusForbidden)
	asks("bob", "", http.MethodPatch, "/v1/workspaces/acme", nil, http.StatusUnsupportedMediaType)

	asks("ann", "acme", http.MethodDelete, "/v1/invitations/"+fmt.Sprint(asked["id"]), nil, http.StatusNoContent)
	asks("bob", "acme", http.MethodGet, "/v1/notes", nil, http.StatusNotFound)
	asks("bob", "", http.MethodGet, "/v1/members/"+fmt.Sprint(in["id"]), nil, http.StatusNotFound)
	asks("bob", "acme", http.MethodPost, "/v1/members", come, http.StatusNotFound)
}
