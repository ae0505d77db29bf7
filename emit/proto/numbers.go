package proto

import (
	"maps"
	"slices"
	"strings"
)

// Numbers are the numbers that the fields of messages and the values of enums have: by the name of the type its names in the
// order of their numbers, from 1 on, with a minus before those that are gone: "id title -subtitle price".
type Numbers map[string]string

// unspecified is the value of an enum that has the number 0.
const unspecified = "UNSPECIFIED"

func (n Numbers) clone() Numbers {
	if n == nil {
		return Numbers{}
	}
	return maps.Clone(n)
}

// gone is a number that is not given again.
type gone struct {
	name   string
	number int
}

// give numbers the fields of t: those that are known by their name, or by the one that they had, keep theirs. A name that
// was gone and comes again has its number again.
func (n Numbers) give(t *declaration) {
	known := strings.Fields(n[t.name])
	if t.former != "" && len(known) == 0 {
		known = strings.Fields(n[t.former])
	}
	place := func(name string) int {
		return slices.IndexFunc(known, func(k string) bool { return strings.TrimPrefix(k, "-") == name })
	}
	current := map[string]bool{}
	for _, f := range t.fields {
		current[f.name] = true
	}
	for _, f := range t.fields {
		if t.values && f.name == unspecified {
			continue
		}
		at := place(f.name)
		if at < 0 && f.former != "" && !current[f.former] {
			at = place(f.former)
		}
		if at < 0 {
			at, known = len(known), append(known, f.name)
		}
		known[at] = f.name
		f.number = at + 1
	}
	for i, name := range known {
		name = strings.TrimPrefix(name, "-")
		if !current[name] {
			known[i] = "-" + name
			t.gone = append(t.gone, gone{name, i + 1})
		}
	}
	if len(known) > 0 {
		n[t.name] = strings.Join(known, " ")
	}
}
