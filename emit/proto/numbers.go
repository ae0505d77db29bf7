package proto

import (
	"maps"
	"slices"
	"strings"
)

// Numbers are the numbers that the fields of messages and the values of enums have: by the name of the type its names in the
// order of their numbers, from 1 on, each with what it is on the wire, and a minus before those that are gone:
// "id:string title:string -subtitle:string price:*".
type Numbers map[string]string

// unspecified is the value of an enum that has the number 0.
const unspecified = "UNSPECIFIED"

func (n Numbers) clone() Numbers {
	if n == nil {
		return Numbers{}
	}
	return maps.Clone(n)
}

// gone is a number that is given to nothing else.
type gone struct {
	name   string // empty where another number has the name
	number int
}

// known is a number that was given.
type known struct{ name, wire string }

func (k known) String() string {
	if k.wire == "" {
		return k.name
	}
	return k.name + ":" + k.wire
}

// wire is what a field is on the wire, as far as a number must not change it. That it may be missing is no part of that, nor
// what a message or an enum is called.
func (f *field) wire() string {
	kind := f.typ
	if kind != "" && 'A' <= kind[0] && kind[0] <= 'Z' {
		kind = "*"
	}
	if f.label == "repeated" {
		kind += "[]"
	}
	return strings.ReplaceAll(kind, " ", "")
}

// give numbers the fields of t: those that are known by their name, or by the one that they had, keep theirs as long as they
// are the same on the wire. A name that was gone, or was something else in between, and comes again as it was has its number again.
func (n Numbers) give(t *declaration) {
	text := n[t.name]
	if t.former != "" && text == "" {
		text = n[t.former]
	}
	var all []known
	for entry := range strings.FieldsSeq(text) {
		name, wire, _ := strings.Cut(strings.TrimPrefix(entry, "-"), ":")
		all = append(all, known{name, wire})
	}
	taken := make([]bool, len(all))
	place := func(name, wire string) int {
		return slices.IndexFunc(all, func(k known) bool { return k.name == name && k.wire == wire })
	}
	current := map[string]bool{}
	for _, f := range t.fields {
		current[f.name] = true
	}
	for _, f := range t.fields {
		if t.values && f.name == unspecified {
			continue
		}
		now := known{f.name, f.wire()}
		at := -1
		for _, name := range []string{f.name, f.former} {
			if name == "" || name != f.name && current[name] {
				continue
			}
			for _, wire := range []string{now.wire, ""} { // locks of before do not say it
				if found := place(name, wire); at < 0 && found >= 0 && !taken[found] {
					at = found
				}
			}
		}
		if at < 0 {
			at, all, taken = len(all), append(all, now), append(taken, false)
		}
		all[at], taken[at] = now, true
		f.number = at + 1
	}
	entries := make([]string, len(all))
	for i, k := range all {
		entries[i] = k.String()
		if taken[i] {
			continue
		}
		entries[i] = "-" + entries[i]
		g := gone{k.name, i + 1}
		if current[k.name] || slices.ContainsFunc(t.gone, func(other gone) bool { return other.name == k.name }) {
			g.name = ""
		}
		t.gone = append(t.gone, g)
	}
	if len(entries) > 0 {
		n[t.name] = strings.Join(entries, " ")
	}
}
