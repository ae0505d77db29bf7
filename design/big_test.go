package design_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/design"
)

// A large file takes no longer than its size allows, whatever it holds: quadratic work would be seen.
func TestLarge(t *testing.T) {
	for _, unit := range []string{
		"{", "[", "(", "type A {", "type A @a(b: [", "a: ", "@a(", ";", "\"\n", "type A { a: Int\n", "type A { a a a\n", "enum A { a = ", "a: Int @unique(\n",
		"extend type Query { a(", "\"\"\"", "'a' ", "type A @allow(do: ", "a b", "\u00e9", "  a: Int!!\n", "a: B[]\n", "unique(",
	} {
		text := strings.Repeat(unit, 1<<17/len(unit))
		for _, head := range []string{"", "type Order @entity {\n"} {
			start := time.Now()
			files := []design.Source{{Name: "design/a.graphql", Text: head + text[:len(text)-len(head)]}}
			problems := parse(files)
			if took := time.Since(start); took > 20*time.Second {
				t.Errorf("%q behind %q: %v, %d problems", unit, head, took, len(problems))
			}
		}
	}
	files := []design.Source{{Name: "design/a.graphql", Text: strings.Repeat("#", 1<<20+1)}}
	if problems := parse(files); len(problems) == 0 || problems[0].Code != design.TooLarge {
		t.Errorf("%v", problems)
	}
}
