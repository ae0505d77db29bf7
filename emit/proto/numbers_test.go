package proto

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// Whatever becomes of a message, a number is for ever the same on the wire, and is that of one field: under the name that it had, or
// under the one that it was renamed to.
func TestNumbersOfAMessageThatGoesOn(t *testing.T) {
	types := []string{"string", "int32", "IntFilter", "StringFilter", "Mood"}
	all := typesOf([]*declaration{{name: "IntFilter"}, {name: "StringFilter"}, {name: "Mood", values: true}})
	for seed := range uint64(200) {
		random := rand.New(rand.NewPCG(seed, 1))
		numbers, wire, owner := Numbers{}, map[int]string{}, map[int]string{}
		var fields []field
		for step := range 30 {
			name := fmt.Sprintf("f%d", random.IntN(8))
			at := slices.IndexFunc(fields, func(f field) bool { return f.name == name })
			for i := range fields {
				fields[i].formers = nil
			}
			switch what := random.IntN(5); {
			case at < 0:
				fields = append(fields, field{name: name, typ: types[random.IntN(len(types))]})
			case what == 0:
				fields = slices.Delete(fields, at, at+1)
			case what == 1:
				fields[at].typ = types[random.IntN(len(types))]
			case what == 2:
				fields[at].label = []string{"", optional, repeated}[random.IntN(3)]
			case what == 3:
				fields[at].name, fields[at].formers = fmt.Sprintf("renamed%d", step), []string{name}
			default:
				random.Shuffle(len(fields), func(i, j int) { fields[i], fields[j] = fields[j], fields[i] })
			}
			message := &declaration{name: "Message"}
			for i := range fields {
				f := fields[i]
				message.fields = append(message.fields, &f)
			}
			numbers.give(message, all)
			given := map[int]bool{}
			for _, f := range message.fields {
				is := all.wires(f)[0]
				if given[f.number] || f.number < 1 {
					t.Fatalf("seed %d, step %d: %s has the number %d, which another has or nothing can have", seed, step, f.name, f.number)
				}
				if was, known := wire[f.number]; known && was != is {
					t.Fatalf("seed %d, step %d: number %d was %s and is %s", seed, step, f.number, was, is)
				}
				if was, known := owner[f.number]; known && was != f.name && !slices.Contains(f.formers, was) {
					t.Fatalf("seed %d, step %d: number %d was that of %s and is that of %s", seed, step, f.number, was, f.name)
				}
				given[f.number], wire[f.number], owner[f.number] = true, is, f.name
			}
			for _, g := range message.gone {
				if given[g.number] {
					t.Fatalf("seed %d, step %d: %d is reserved and given", seed, step, g.number)
				}
				given[g.number] = true
			}
			if count := len(strings.Fields(numbers["Message"])); count != len(given) {
				t.Fatalf("seed %d, step %d: %d numbers are known and %d are given or reserved: %s", seed, step, count, len(given), numbers["Message"])
			}
		}
	}
}
