package emit_test

import (
	"strings"
	"testing"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/emit/golang"
)

// What Go would declare twice is found before it is written, at the later of the two names.
func TestClashes(t *testing.T) {
	m := parse(t, []design.Source{{Name: "design/shop.graphql", Text: `extend schema @backend(name: "shop", module: "example.com/shop")
enum Order { STATUS }
enum OrderStatus { OPEN }
type Product @entity { name: String! }
input NewProduct { values: String! }
type Board @entity { name: String! @key, create: [Product!]! @length(max: 3), byName: [Product!]! @length(max: 3), tags: [Product!]! @length(max: 3), update: [Product!]! }
type Pair { values: String!, other: String! }
extend type Mutation { make(input: NewProduct!): Boolean! }
`}})
	var got []string
	for _, c := range golang.Clashes(m) {
		got = append(got, c.Name+": "+c.Of)
	}
	const want = `Create: a method of the store of Board
ByName: a method of the store of Board
Values: the method that writes a Pair
OrderStatus: the enum OrderStatus`
	if text := strings.Join(got, "\n"); text != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
}
