package recipe_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/recipe"
)

// What people say, and what is made of it. "?" is what has to be said besides, "-" what no recipe does, "+" what is there unsaid.
func TestMatch(t *testing.T) {
	for _, c := range []struct{ project, says, want string }{
		{"new", "Create a user registration endpoint with email verification", "registration"},
		{"shop", "Create a user registration endpoint with email verification", "registration"},
		{"new", "The user list query is taking too long, can you help optimize it?", "slow User"},
		{"shop", "The user list query is taking too long, can you help optimize it?", "slow User"},
		{"shop", "listing the order lines is slow", "slow OrderLine"},
		{"shop", "everything is slow", "slow"},
		{"new", "let people sign up", "registration"},
		{"new", "notes should be soft deleted and have an audit trail", "soft-delete Note; history Note"},
		{"shop", "full text search for products", "search Product"},
		{"shop", "Add comments to products", "comments Product"},
		{"new", "multi tenancy for notes", "tenancy Note"},
		{"new", "add roles", "roles"},
		{"new", "paginate the notes", "pagination Note"},
		{"new", "keep an audit log", "? history; history"},
		{"new", "a state machine for notes", "? state-machine; state-machine"},
		{"new", "add a password reset", "- password-reset"},
		{"shop", "let customers rate products with stars", "ratings Product"},
		{"shop", "people should be able to favourite products", "favorites Product"},
		{"new", "users follow each other", "follows"},
		{"shop", "report abuse of products", "abuse-reports Product"},
		{"shop", "live updates for orders over websockets", "subscriptions Order"},
		{"shop", "statistics of orders by status", "+ aggregates"},
		{"shop", "we need gRPC", "+ grpc"},
		{"new", "create or update notes by title", "? upsert; upsert"},
		{"new", "I would like to review my code", ""},
		{"new", "users upload attachments", "- uploads"},
		{"new", "make me a sandwich", ""},
		{"new", "tag the release, push the docker image and deploy to kubernetes with helm charts", ""},
		{"new", "", ""},
		{"new", "💥 \x00 \xff", ""},
	} {
		r := recipe.Match(project(t, c.project), c.says)
		var got []string
		if r.Faster {
			got = append(got, strings.TrimSpace("slow "+r.Slow))
		}
		for _, m := range r.Missing {
			name, _, _ := strings.Cut(m, ":")
			got = append(got, "? "+name)
		}
		for _, w := range r.Recipes {
			got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s", w.Recipe.Name, strings.Join(w.Args, " "))))
		}
		for _, g := range r.Given {
			got = append(got, "+ "+g.Name)
		}
		for _, w := range r.Waits {
			got = append(got, "- "+w.Name)
		}
		if have := strings.Join(got, "; "); have != c.want {
			t.Errorf("%s: %q is %q, not %q (unread %v)", c.project, c.says, have, c.want, r.Unread)
		}
	}
}
