package golang

import (
	"fmt"
	"testing"

	"github.com/fettlehq/fettle/facts"
)

// statements lifts a folder and tells what its queries ask, each in a line: verb and table, conditions ("?" where one may be left out, or another hold in
// its place), order, and what more says of it.
func statements(t *testing.T, dir string, more func(*facts.Query, *facts.Statement) string) []string {
	t.Helper()
	lifted, err := Lift(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, f := range lifted.Facts.Functions {
		for _, q := range f.Queries {
			s := q.Statement
			if s == nil {
				out = append(out, "nothing known")
				continue
			}
			line := fmt.Sprintf("%s %s", s.Verb, s.Tables[0].Table)
			for _, p := range s.Predicates {
				line += fmt.Sprintf(" %s %s", p.Column, p.Operator)
				if p.Optional || p.Disjoint {
					line += "?"
				}
			}
			for _, o := range s.Order {
				line += fmt.Sprintf(" by %s %v", o.Column, o.Descending)
			}
			out = append(out, line+more(q, s))
		}
	}
	return out
}
