package build

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// No design makes the passes panic, and every problem lies inside its text.
func FuzzModel(f *testing.F) {
	for _, pattern := range []string{"../../design/testdata/designs/*.graphql", "testdata/wrong/*.graphql"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) { tryDesign(t, text) })
}

// No expression makes lowering panic.
func FuzzExpression(f *testing.F) {
	for _, seed := range []string{
		"viewer.role == ADMIN", "lines.filter(l, l.count > 1).map(l, l.count).sum() > 3", "lines.find(l, l.order == this).count in [1, 2]",
		"can(READ, buyer) && !(old.total < total)", "now < createdAt + duration('1h')", "a ? b : c", "[1][0] == {'a': 1}.a", "-(-1)",
		"lines.exists(l, lines.all(l, l.count == 1))", "buyer.orders.map(o, o.lines).size()", "Role.ADMIN", "1u == b'x'", "'a'.matches('b')",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, expr string) {
		quoted := `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`).Replace(expr) + `"`
		tryDesign(t, strings.ReplaceAll(`
type User @entity @account(login: email) { email: Email! @unique, role: Role! @readOnly, orders: [Order!]! }
enum Role { ADMIN BUYER }
type Order @entity @allow(do: UPDATE, when: $) @check(that: $) @unique(fields: [total], when: $) {
  buyer: User!
  total: Decimal!
  a: Boolean!
  lines: [Line!]!
  n: Int! @computed(from: $)
  d: Role @default(from: $)
}
type Line @entity { order: Order!, count: Int!, money: Money }
type Money { amount: Decimal! @check(that: $) }
extend type Mutation { pay(order: ID!, input: Pay!): Order! @allow(when: $) }
input Pay { lines: [ID!]! @ref(entity: Line), a: Int }
`, "$", quoted))
	})
}

func tryDesign(t *testing.T, text string) {
	d, m, problems := parse(snippet("design/a.graphql", text))
	lines := strings.Count(text, "\n") + strings.Count(text, "\r") + 1
	for _, p := range problems {
		if p.Pos.File == "design/a.graphql" && (p.Pos.Line > lines || p.Message == "") {
			t.Errorf("outside of the text: %+v", p)
		}
	}
	if len(problems) == 0 {
		Schema(m)
		Unbuilt(d, m, &problems)
	}
}
