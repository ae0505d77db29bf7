package proto

import (
	"maps"
	"slices"
	"strings"
)

// Numbers are the numbers that the fields of messages and the values of enums have: by the name of the type its names in the
// order of their numbers, from 1 on, each with what it is on the wire, and a minus before those that are gone:
// "id:string title:string -subtitle:string price:Money".
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

// types are what the types of a contract are, as far as it concerns the fields that hold them.
type types map[string]*declaration

func typesOf(all []*declaration) types {
	out := types{}
	for _, t := range all {
		out[t.name] = t
	}
	return out
}

// wires is what a field is on the wire, as far as a number must not change it, and what that was called before: the type of one
// value, which of a message or an enum is its name, and whether there are many. That it may be missing is no part of that. Locks
// of before said of messages and enums that they are "*", and nothing of any before that.
func (t types) wires(f *field) []string {
	names := []string{f.typ}
	if of := t[f.typ]; of != nil {
		names = append(names, of.formers...)
		if of.values {
			for i := range names {
				names[i] = "enum." + names[i]
			}
		}
		names = append(names, "*")
	}
	for i := range names {
		if f.label == repeated {
			names[i] += "[]"
		}
		names[i] = strings.ReplaceAll(names[i], " ", "")
	}
	return append(names, "")
}

// give numbers the fields of t: those that are known by their name, or by one that they had, keep theirs as long as they
// are the same on the wire. A name that was gone, or was something else in between, and comes again as it was has its number again.
func (n Numbers) give(t *declaration, all types) {
	text := n[t.name]
	for _, former := range t.formers {
		if text == "" {
			text = n[former]
		}
	}
	var given []known
	for entry := range strings.FieldsSeq(text) {
		name, wire, _ := strings.Cut(strings.TrimPrefix(entry, "-"), ":")
		given = append(given, known{name, wire})
	}
	taken := make([]bool, len(given))
	current := map[string]bool{}
	for _, f := range t.fields {
		current[f.name] = true
	}
	// place is where a field was that had one of the names and was one of the things on the wire, -1 for nowhere.
	place := func(names, wires []string) int {
		for _, name := range names {
			for _, wire := range wires {
				if at := slices.Index(given, known{name, wire}); at >= 0 && !taken[at] {
					return at
				}
			}
		}
		return -1
	}
	for _, f := range t.fields {
		if t.values && f.name == unspecified {
			continue
		}
		names := []string{f.name}
		for _, former := range f.formers {
			if !current[former] {
				names = append(names, former)
			}
		}
		wires := all.wires(f)
		now, at := known{f.name, wires[0]}, place(names, wires)
		if at < 0 {
			at, given, taken = len(given), append(given, now), append(taken, false)
		}
		given[at], taken[at] = now, true
		f.number = at + 1
	}
	entries := make([]string, len(given))
	for i, k := range given {
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
