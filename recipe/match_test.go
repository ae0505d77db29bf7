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
		{"new", "keep an audit log", "? history"},
		{"new", "a state machine for notes", "? state-machine"},
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
		{"new", "review my change", "> review since"},
		{"new", "please review the changes", "> review since"},
		{"new", "run the tests", "> test"},
		{"new", "please check the design", "> check"},
		{"new", "generate the service", "> generate"},
		{"new", "let people reset their password", "password-reset"},
		{"new", "I forgot my password", "password-reset"},
		{"new", "users upload attachments", "- uploads"},
		{"new", "create an endpoint for user registration, with verification by email", "registration"},
		{"new", "create a user registration endpoint with verification by phone", "registration; unread verification phone"},
		{"new", "let people sign up and confirm their email", "registration"},
		{"new", "Create a user registration endpoint with email verification and roles admin, member", "? roles; registration"},
		{"new", "roles called reader, writer and editor", "? roles"},
		{"shop", "add roles, history and soft delete to products", "roles; soft-delete Product; history Product"},
		{"shop", "roles history and search for products", "roles; search Product; history Product"},
		{"new", "add roles based on departments and teams", "roles; unread based departments teams"},
		{"new", "add roles, then tenancy for notes with history and soft delete", "roles; tenancy Note; soft-delete Note; history Note"},
		{"new", "add comments to notes with history", "? which of them is done to what? say one wish a sentence, with what it is done to behind it"},
		{"shop", "add full text search to Product and number the order lines of an order", "search Product; numbers OrderLine.order"},
		{"shop", "number the order lines and orders", "? numbers"},
		{"shop", "number the variants per product", "numbers Variant.product"},
		{"shop", "number the products of a user", "? numbers"},
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
		{"shop", "let staff delete orders", ""},
		{"shop", "Do products have history?", "against do"},
		{"shop", "Products have history?", "against ?"},
		{"shop", "Do products have history", "against do"},
		{"shop", "Add soft delete to Product, but keep Orders forever", "soft-delete Product Order; unread but keep forever"},
		// Fields, and roles.
		{"shop", "Add an index on Product.title", "index Product.title"},
		{"shop", "index products by title", "index Product.title"},
		{"shop", "add a slug to Product.title", "slug Product.title"},
		{"new", "Notes need a unique owner and title", "? unique"},
		{"new", "Notes need a unique owner and title together", "unique Note.owner Note.title"},
		{"shop", "index product title and product description", "? index"},
		{"shop", "separate indexes for product title and description", "index Product.title; index Product.description"},
		{"shop", "Please make products searchable", "search Product"},
		{"shop", "I want products to be searchable by title", "search Product.title"},
		{"shop", "add history to Product.title", "history Product; unread title"},
		{"shop", "numbers for Order", "numbers Order"},
		{"shop", "add roles ADMIN and EDITOR", "? roles"},
		{"new", "Add RBAC roles ADMIN and USER", "? roles"},
		{"new", "Add user roles to the REST API", "roles; unread rest"},
		{"new", "Create an admin registration endpoint with email verification", "registration; unread admin"},
		{"new", "Create a user registration endpoint with email verification, rate limited to 5 per minute", "registration; - rate-limit; unread 5 per minute"},
		// Each wish takes what stands by it, and what none takes is told.
		{"shop", "add soft delete to Product and history to Order", "soft-delete Product; history Order"},
		{"shop", "Products need history, and orders soft delete", "soft-delete Order; history Product"},
		{"shop", "add soft delete and history to products and orders", "soft-delete Product Order; history Product Order"},
		{"shop", "Add an index on Product.title and soft delete to Order", "index Product.title; soft-delete Order"},
		{"shop", "add search to products and let people favorite orders", "favorites Order; search Product"},
		{"shop", "add history to Product and soft delete. Order is as it is.", "? which of them is done to what? say one wish a sentence, with what it is done to behind it; unread order"},
		{"shop", "orders need history, soft delete products", "? which of them is done to what? say one wish a sentence, with what it is done to behind it"},
		{"shop", "Keep Product as it is and add soft delete to Order", "soft-delete Product Order; unread keep"},
		{"shop", "Add soft delete to products in order to restore them", "soft-delete Product"},
		{"shop", "add soft delete to Product or Variant", "soft-delete Product Variant; unread or"},
		{"shop", "Keep Product from soft delete", "soft-delete Product; unread keep from"},
		{"shop", "add soft delete to User and Product", "soft-delete User Product"},
		{"shop", "add history to users and orders", "history User Order"},
		{"shop", "let users comment on products", "comments Product"},
		{"shop", "users can favorite products and rate orders", "favorites Product; ratings Order"},
		{"shop", "let users comment", "? comments"},
		{"shop", "Let people follow products", "follows; unread products"},
		{"shop", "register products", "registration; unread products"},
		{"shop", "Create a product registration endpoint", "registration; unread product"},
		{"shop", "soft delete all orders of the user", "soft-delete Order User"},
		// Steps.
		{"shop", "state machine for Order.status: PLACED to PAID, PAID to SHIPPED", "state-machine Order.status PLACED:PAID PAID:SHIPPED"},
		{"shop", "add a state machine to orders: placed -> shipped -> cancelled", "state-machine Order.status PLACED:SHIPPED SHIPPED:CANCELLED"},
		{"shop", "a workflow for Order.status from PLACED to PAID or CANCELLED, then PAID to SHIPPED", "state-machine Order.status PLACED:PAID,CANCELLED PAID:SHIPPED"},
		{"shop", "state machine for Order.status: PLACED, PAID, SHIPPED", "? state-machine; unread placed paid shipped"},
		{"shop", "state machine for Order.status: PLACED to lost", "? state-machine; unread placed lost"},
		{"shop", "state machine for Order.status", "? state-machine"},
		// What is slow.
		{"shop", "add soft delete to Product; the list of orders is slow", "slow; ? one thing at a time; soft-delete Product"},
		{"shop", "The product and order lists are slow", "slow; ? one list at a time"},
		{"shop", "The user list is fast, please do not optimize it", "against not"},
		{"shop", "the search for products is too slow", "slow Product"},
		{"new", "Add a Book entity with a title and pages", "? entity; unread book title pages"},
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
			asked := "> " + r.Verb.Command
			if r.Verb.Since {
				asked += " since"
			}
			got = append(got, asked)
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
