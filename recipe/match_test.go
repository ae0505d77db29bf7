package recipe_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/recipe"
)

// What people say, and what is made of it. "?" is what has to be said besides, "-" what no recipe does,
// "+" what is there unsaid, ">" a verb.
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
		{"new", "add a password reset", "password-reset"},
		{"shop", "let customers rate products with stars", "ratings Product; unread customers"},
		{"shop", "people should be able to favourite products", "favorites Product"},
		{"new", "users follow each other", "follows"},
		{"shop", "report abuse of products", "abuse-reports Product"},
		{"shop", "live updates for orders over websockets", "subscriptions Order"},
		{"shop", "statistics of orders by status", "+ aggregates; unread status"},
		{"shop", "we need gRPC", "+ grpc"},
		{"new", "create or update notes by title", "upsert Note.title"},
		{"new", "I would like to review my code", "> review"},
		{"new", "review my code", "> review"},
		{"new", "run the tests", "> test"},
		{"new", "please check the design", "> check"},
		{"new", "generate the service", "> generate"},
		{"new", "let people reset their password", "password-reset"},
		{"new", "I forgot my password", "password-reset"},
		{"new", "users upload attachments", "- uploads"},
		// What is not read is told, and what asks for less, or only for an answer, is refused.
		{"new", "Create a user registration endpoint without email verification", "against without"},
		{"new", "I do not want user registration", "against not"},
		{"new", "Do not add a registration endpoint", "against not"},
		{"new", "don't add registration", "against don"},
		{"new", "remove the registration endpoint", "against remove"},
		{"shop", "remove soft delete from Order", "against remove"},
		{"shop", "disable search on Product", "against disable"},
		{"shop", "without soft delete, add history to Product", "against without"},
		{"shop", "never add roles CUSTOMER", "against never"},
		{"shop", "should I add soft delete to Product?", "against should"},
		{"shop", "how do I add history to Product", "against how"},
		{"shop", "can you add soft delete to Product?", "soft-delete Product"},
		{"shop", "let staff delete orders", "against delete"},
		{"shop", "Add soft delete to Product, but keep Orders forever", "soft-delete Product Order; unread but forever"},
		// Fields, and roles.
		{"shop", "Add an index on Product.title", "index Product.title"},
		{"shop", "index products by title", "index Product.title"},
		{"shop", "add a slug to Product.title", "slug Product.title"},
		{"new", "Notes need a unique owner and title", "unique Note.owner Note.title"},
		{"shop", "Please make products searchable", "search Product"},
		{"shop", "I want products to be searchable by title", "search Product.title"},
		{"shop", "add history to Product.title", "history Product; unread title"},
		{"shop", "numbers for Order", "numbers Order"},
		{"shop", "add roles ADMIN and EDITOR", "roles ADMIN EDITOR"},
		{"new", "Add a Book entity with a title and pages", ""},
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
		if r.Verb != nil {
			got = append(got, "> "+r.Verb.Command)
		}
		if r.Against != "" {
			got = append(got, "against "+r.Against)
		}
		if len(r.Unread) > 0 && len(got) > 0 {
			got = append(got, "unread "+strings.Join(r.Unread, " "))
		}
		if have := strings.Join(got, "; "); have != c.want {
			t.Errorf("%s: %q is %q, not %q (unread %v)", c.project, c.says, have, c.want, r.Unread)
		}
	}
}
