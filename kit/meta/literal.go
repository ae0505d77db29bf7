package meta

import "strings"

// Grant is one @allow: a rule and the verbs that it is about.
type Grant struct {
	Rule Rule
	Do   []Verb
}

// When grants verbs to those for whom a condition holds. The source is the rule's place and text.
func When(source string, when *Expr, do ...Verb) Grant {
	return Grant{Rule{When: when, Source: source}, do}
}

// Grants is the rules of an entity or a field, by their verbs.
func Grants(grants ...Grant) Allow {
	var a Allow
	for _, g := range grants {
		for _, verb := range g.Do {
			switch verb {
			case Read:
				a.Read = append(a.Read, g.Rule)
			case Create:
				a.Create = append(a.Create, g.Rule)
			case Update:
				a.Update = append(a.Update, g.Rule)
			case Delete:
				a.Delete = append(a.Delete, g.Rule)
			}
		}
	}
	return a
}

// Pages is a page of size rows, at most max, ordered by keys: "title", or "-createdAt" for the greatest first.
func Pages(size, max int, keys ...string) Page {
	p := Page{Size: size, Max: max}
	for _, key := range keys {
		name, descending := strings.CutPrefix(key, "-")
		p.Order = append(p.Order, Order{Field: name, Descending: descending})
	}
	return p
}
