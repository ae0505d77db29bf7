package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
)

// wish is a phrase of a clause: of a recipe, or of what no recipe does.
type wish struct {
	at     span
	recipe *Recipe
	waits  *Waiting
	given  *Given
}

// mention is where a clause names an entity, or a field as TYPE.FIELD.
type mention struct {
	span
	of    *design.Type
	field string
}

// clause is a part of a request that is read by itself.
type clause struct {
	*editor
	text        string
	said, words []string // as they are written, and in lower case
	wishes      []wish
	named       []mention
	read        []span
}

func (e *editor) clause(text string) *clause {
	c := &clause{editor: e, text: text, said: spell(text)}
	for _, word := range c.said {
		c.words = append(c.words, strings.ToLower(word))
	}
	c.name()
	var covered []span
	consider := func(phrases []string, w wish) {
		best, all := longest(c.words, phrases)
		if len(all) > 0 {
			w.at = best
			c.wishes, covered, c.read = append(c.wishes, w), append(covered, best), append(c.read, all...)
		}
	}
	for _, one := range Recipes {
		consider(one.phrases, wish{recipe: one})
	}
	for i := range Waits {
		consider(Waits[i].phrases, wish{waits: &Waits[i]})
	}
	for i := range Unsaid {
		consider(Unsaid[i].phrases, wish{given: &Unsaid[i]})
	}
	c.wishes = slices.DeleteFunc(c.wishes, func(w wish) bool { // within a longer one, or begun in another: soft [delete all]
		return slices.ContainsFunc(covered, func(o span) bool {
			return o.from <= w.at.from && w.at.to <= o.to && o.to-o.from > w.at.to-w.at.from || o.from < w.at.from && w.at.from < o.to && o.to < w.at.to
		})
	})
	c.wishes = slices.DeleteFunc(c.wishes, func(w wish) bool { // an owner that is to be unique is a field, and no wish for one
		return w.recipe != nil && slices.ContainsFunc(c.wishes, func(o wish) bool {
			return o.recipe != nil && o.recipe != w.recipe && o.recipe.takesFields() &&
				slices.ContainsFunc(c.fieldsIn(span{0, len(c.words)}), func(f mention) bool { return f.span == w.at })
		})
	})
	return c
}

// idioms are words in which the name of an entity is none.
var idioms = []string{"in order to", "in order that", "in the order of", "in the order", "order by", "ordered by", "note that", "please note", "take note"}

// name finds what a clause names of the design: entities by their names in the singular and plural, fields as TYPE.FIELD.
func (c *clause) name() {
	_, idiom := longest(c.words, idioms)
	c.read = append(c.read, idiom...)
	for _, t := range c.entities() {
		found := places(c.words, strings.Join(splitName(t.Name), " "))
		for i, w := range c.words {
			if w == strings.ToLower(t.Name) || w == strings.ToLower(many(t.Name)) {
				found = append(found, span{i, i + 1})
			}
		}
		found = append(found, places(c.words, strings.Join(splitName(many(t.Name)), " "))...)
		for _, at := range found {
			if !slices.ContainsFunc(idiom, func(s span) bool { return s.holds(at.from) }) && !slices.Contains(c.named, mention{at, t, ""}) {
				c.named = append(c.named, mention{span: at, of: t})
			}
		}
	}
	for _, m := range dotted.FindAllStringSubmatch(c.text, -1) {
		t := c.typ(m[1])
		if t == nil || field(t, m[2]) == nil {
			continue
		}
		for i := 0; i+1 < len(c.said); i++ {
			if c.said[i] == m[1] && c.said[i+1] == m[2] {
				c.named = append(c.named, mention{span{i, i + 2}, t, m[2]})
			}
		}
	}
	c.named = slices.DeleteFunc(slices.Clone(c.named), func(m mention) bool { // Order, where OrderLine is what was said
		return slices.ContainsFunc(c.named, func(o mention) bool {
			return o.from <= m.from && m.to <= o.to && o.to-o.from > m.to-m.from
		})
	})
	slices.SortFunc(c.named, func(a, b mention) int { return a.from - b.from })
}

var dotted = regexp.MustCompile(`\b([A-Z][A-Za-z0-9]*)\.([a-z][A-Za-z0-9]*)\b`)

// making tells whether a clause asks for something new besides.
func (c *clause) making() bool {
	_, all := longest(c.words, []string{"add", "create", "introduce", "enable", "implement"})
	return len(all) > 0 && len(c.wishes) > 0
}

// slow are the entities of a clause in which something is.
func (c *clause) slow() (names []string) {
	for _, m := range c.named {
		if !slices.Contains(names, m.of.Name) {
			names = append(names, m.of.Name)
		}
	}
	return names
}

// leave is a word by which what is slow, or is not, is to stay so.
func (c *clause) leave() string {
	_, all := longest(c.words, []string{"optimize", "optimise", "speed up", "faster"})
	for _, at := range all {
		for i := max(0, at.from-3); i < at.from; i++ {
			if slices.Contains([]string{"not", "don", "never", "no", "without"}, c.words[i]) {
				return c.words[i]
			}
		}
	}
	return ""
}

// verb finds the command that a clause names.
func (c *clause) verb(r *Request) {
	for i := range Verbs {
		if _, all := longest(c.words, Verbs[i].phrases); len(all) > 0 {
			r.Verb = &Verbs[i]
			r.Unread = slices.DeleteFunc(r.Unread, func(word string) bool {
				return slices.ContainsFunc(all, func(s span) bool { return slices.Contains(c.words[s.from:s.to], word) })
			})
			return
		}
	}
}

// assign gives each wish of a clause what it is done to, and tells what was not read.
func (c *clause) assign(r *Request) {
	var takers []wish
	for _, w := range c.wishes {
		if w.recipe == nil || !w.recipe.takesNothing() {
			takers = append(takers, w)
		}
	}
	slices.SortFunc(takers, func(a, b wish) int { return a.at.from - b.at.from })
	c.people(takers)
	extents, plain := c.extents(takers)
	if !plain {
		for _, m := range c.named {
			c.read = append(c.read, m.span)
		}
		r.Missing = append(r.Missing, "which of them is done to what? say one wish a sentence, with what it is done to behind it")
	}
	for _, w := range c.wishes { // in the order of recipes
		if w.recipe != nil && w.recipe.takesNothing() {
			c.wanted(r, w, span{0, len(c.words)})
		}
		for i, taker := range takers {
			if taker == w && plain {
				c.wanted(r, w, extents[i])
			}
		}
	}
	for i, word := range c.words {
		if !c.isRead(i) && (!slices.Contains(small, word) || c.isNamed(i)) && !slices.Contains(r.Unread, word) {
			r.Unread = append(r.Unread, word)
		}
	}
}

func (c *clause) isRead(i int) bool {
	return slices.ContainsFunc(c.read, func(s span) bool { return s.holds(i) })
}

func (c *clause) isNamed(i int) bool {
	return slices.ContainsFunc(c.named, func(m mention) bool { return m.holds(i) })
}

// near is the word before a place, or behind it, but for articles.
func (c *clause) near(i, step int) string {
	for ; i >= 0 && i < len(c.words); i += step {
		if !slices.Contains([]string{"a", "an", "the", "all", "our", "my", "every", "each", "any"}, c.words[i]) {
			return c.words[i]
		}
	}
	return ""
}

// people takes the account out of what is named where people are meant, who do something or for whom it is: users who may comment.
// What stands by another entity, or alone behind a preposition or a wish, is the entity itself.
func (c *clause) people(takers []wish) {
	account := c.account()
	others := slices.ContainsFunc(c.named, func(m mention) bool { return m.of != account })
	c.named = slices.DeleteFunc(slices.Clone(c.named), func(m mention) bool {
		if m.of != account || m.field != "" {
			return false
		}
		if len(takers) == 0 {
			c.read = append(c.read, m.span)
			return true
		}
		before, behind := c.near(m.from-1, -1), c.near(m.to, 1)
		beside := slices.ContainsFunc(c.named, func(o mention) bool {
			return o.of != account && (before == "and" && o.to == m.from-1 || behind == "and" && (o.from == m.to+1 || o.from == m.to+2) || o.to == m.from || o.from == m.to)
		})
		wished := slices.ContainsFunc(takers, func(w wish) bool { return w.at.to == m.from || w.at.from == m.to })
		does := slices.Contains(wordsOf("let lets allow by that so where when as if"), before) ||
			slices.Contains(wordsOf("can could may should must shall will want need"), behind) || wished && m.to == takers[0].at.from
		switch {
		case beside:
			return false
		case others && does, !others && slices.Contains(wordsOf("let lets allow by"), before), !others && does && !wished:
			c.read = append(c.read, m.span)
			return true
		}
		return false
	})
}

// extents are the words among which each of some wishes finds what it is done to. Wishes that follow each other share it; of others
// each has what stands behind it, or each what stands before it. plain is false where it may be either.
func (c *clause) extents(takers []wish) (extents []span, plain bool) {
	whole := span{0, len(c.words)}
	if len(takers) == 0 {
		return nil, true
	}
	first, last := takers[0].at, takers[len(takers)-1].at
	between, before, behind := false, false, false
	for _, m := range c.named {
		between = between || m.from >= first.to && m.to <= last.from
		before, behind = before || m.to <= first.from, behind || m.from >= last.to
	}
	for range takers {
		extents = append(extents, whole)
	}
	if !between || len(takers) == 1 {
		return extents, !before || !behind || len(takers) == 1
	}
	if before == behind {
		return extents, !before && c.qualified(takers)
	}
	for i, w := range takers {
		extents[i] = span{w.at.from, len(c.words)}
		if before {
			extents[i] = span{0, w.at.to}
		}
		for j, o := range takers {
			// A wish ends at the next one that something stands between.
			apart := slices.ContainsFunc(c.named, func(m mention) bool {
				return m.from >= min(w.at.to, o.at.to) && m.to <= max(w.at.from, o.at.from)
			})
			switch {
			case !apart:
			case behind && j > i:
				extents[i].to = min(extents[i].to, o.at.from)
			case before && j < i:
				extents[i].from = max(extents[i].from, o.at.to)
			}
		}
	}
	return extents, true
}

// qualified tells whether what is wanted of one entity goes on behind it: tenancy for tickets with history and soft delete. What makes
// rows of its own, such as comments, could have them too, so that it is not plain then.
func (c *clause) qualified(takers []wish) bool {
	m := c.named[0]
	return len(c.named) == 1 && m.to < len(c.words) && c.words[m.to] == "with" && !slices.ContainsFunc(takers, func(w wish) bool {
		return w.at.to <= m.from && !slices.Contains([]*Recipe{tenancy, ownership, pagination, softDelete, history}, w.recipe)
	})
}

// within is the reference, as TYPE.FIELD, by which the rows that some words name belong to others that they name: the steps of a ticket.
// It is empty where more or less is named, or there are several references.
func (c *clause) within(s span) string {
	var found []string
	named := c.in(s)
	if len(named) != 2 || named[0].field+named[1].field != "" || named[0].to >= named[1].from {
		return ""
	}
	one, other := named[0], named[1]
	if !slices.Contains([]string{"of", "per", "within", "in"}, c.words[one.to]) || c.near(one.to+1, 1) != c.words[other.from] {
		return ""
	}
	for _, f := range one.of.Fields {
		if f.Type.Name == other.of.Name && !f.Type.List && stored(f) == nil {
			found = append(found, one.of.Name+"."+f.Name)
		}
	}
	if len(found) != 1 {
		return ""
	}
	c.read = append(c.read, span{one.from, other.to})
	return found[0]
}

// wanted takes what stands in some words for a wish.
func (c *clause) wanted(r *Request, w wish, in span) {
	switch {
	case w.waits != nil:
		r.Waits = append(r.Waits, *w.waits)
	case w.given != nil:
		r.Given = append(r.Given, *w.given)
	}
	if w.recipe == nil {
		for _, m := range c.in(in) {
			c.read = append(c.read, m.span)
		}
		return
	}
	each, missing := c.argsFor(w.recipe, in)
	if missing != "" {
		r.Missing = append(r.Missing, missing)
	}
	for _, args := range each {
		r.Recipes = append(r.Recipes, Wanted{w.recipe, args})
	}
}

// in is what is named among some words.
func (c *clause) in(s span) (found []mention) {
	for _, m := range c.named {
		if m.from >= s.from && m.to <= s.to {
			found = append(found, m)
		}
	}
	return found
}

// fieldsIn are the fields among some words: those that are named as TYPE.FIELD, else those by their own names where one entity is.
func (c *clause) fieldsIn(s span) (fields []mention) {
	var of []*design.Type
	for _, m := range c.in(s) {
		if m.field != "" {
			fields = append(fields, m)
		}
		if !slices.Contains(of, m.of) {
			of = append(of, m.of)
		}
	}
	if len(fields) > 0 || len(of) != 1 {
		return fields
	}
	for i := s.from; i < s.to; {
		best := mention{span: span{i, i + 1}}
		for _, f := range of[0].Fields {
			name := splitName(f.Name)
			if to := i + len(name); to <= s.to && slices.Equal(c.words[i:to], name) && !c.isNamed(i) && (best.of == nil || to > best.to) {
				best = mention{span{i, to}, of[0], f.Name}
			}
		}
		if best.of != nil {
			fields = append(fields, best)
		}
		i = best.to
	}
	return fields
}

// takesFields tells whether the fields that a request names are what a recipe is done to.
func (r *Recipe) takesFields() bool {
	return slices.Contains([]*Recipe{index, unique, slug, upsert, counts, search, numbers, noOverlap}, r)
}

// takesNothing tells whether a recipe is done to no entity.
func (r *Recipe) takesNothing() bool {
	return slices.Contains([]*Recipe{registration, passwordReset, roles, follows}, r)
}

// argsFor are the arguments that some words make for a recipe, once for each time that it is done; missing says what else is needed.
// What of the words it takes has been read then.
func (c *clause) argsFor(r *Recipe, in span) (each [][]string, missing string) {
	var args []string
	take := func(at span, arg string) {
		c.read = append(c.read, at)
		if !slices.Contains(args, arg) {
			args = append(args, arg)
		}
	}
	switch {
	case r == roles:
		if names := append(c.listBehind(r.phrases), c.rolesListed()...); len(names) > 0 {
			slices.SortStableFunc(names, func(a, b string) int { return standing(a) - standing(b) })
			return nil, fmt.Sprintf("roles: in which order? the first is everybody's, and the last may do all: fettle add roles %s, or in another", strings.Join(names, " "))
		}
		return [][]string{nil}, ""
	case r.takesNothing():
		return [][]string{nil}, ""
	case r == stateMachine:
		switch args, values := c.steps(in); {
		case len(args) > 1:
			return [][]string{args}, ""
		case len(args) == 1 && len(values) > 1:
			return nil, fmt.Sprintf("state-machine: which steps? from each of %s to which, such as %q, or fettle add state-machine %s %s:%s",
				strings.Join(values, ", "), values[0]+" to "+values[1], args[0], values[0], values[1])
		}
	case r.takesFields():
		for _, f := range c.fieldsIn(in) {
			take(f.span, f.of.Name+"."+f.field)
			for _, m := range c.in(in) {
				if m.of == f.of && m.field == "" {
					c.read = append(c.read, m.span)
				}
			}
		}
	}
	if len(args) == 0 && slices.Contains([]*Recipe{numbers, noOverlap}, r) {
		if place := c.within(in); place != "" {
			return [][]string{{place}}, ""
		}
	}
	if len(args) == 0 && !slices.Contains([]*Recipe{entity, query, operation, bounds, stateMachine, index, unique, slug, upsert, counts}, r) {
		for _, m := range c.in(in) {
			if m.field != "" {
				m.to-- // it is not done to a field of it
			}
			take(m.span, m.of.Name)
		}
	}
	if len(args) == 0 {
		c.recipe = r
		return nil, fmt.Sprintf("%s: of what? fettle add %[1]s takes %s, such as %s%s", r.Name, r.Takes, r.Example, c.choices())
	}
	if len(args) > 1 && slices.Contains([]*Recipe{numbers, noOverlap, slug}, r) {
		return nil, fmt.Sprintf("%s: of which of %s? fettle add %[1]s takes %[3]s, such as %[4]s", r.Name, strings.Join(args, ", "), r.Takes, r.Example)
	}
	if len(args) == 1 || !slices.Contains([]*Recipe{index, unique, upsert}, r) {
		return [][]string{args}, ""
	}
	if _, all := longest(c.words, []string{"together", "combined", "combination", "composite", "pair"}); len(all) > 0 {
		c.read = append(c.read, all...)
		return [][]string{args}, ""
	}
	if _, all := longest(c.words, []string{"separately", "separate", "each of"}); len(all) > 0 {
		c.read = append(c.read, all...)
		for _, arg := range args {
			each = append(each, []string{arg})
		}
		return each, ""
	}
	return nil, fmt.Sprintf("%s: of all together, or of each by itself? fettle add %[1]s %s, or fettle add %[1]s for each", r.Name, strings.Join(args, " "))
}

// listBehind are the words in capitals that stand in a list behind one of some phrases, or before it.
func (c *clause) listBehind(phrases []string) (names []string) {
	_, all := longest(c.words, phrases)
	for _, at := range all {
		for _, step := range []int{1, -1} {
			i := at.to
			if step < 0 {
				i = at.from - 1
			}
			var run []string
			for ; i >= 0 && i < len(c.said); i += step {
				if valueName.MatchString(c.said[i]) && len(c.said[i]) > 1 {
					run = append(run, c.said[i])
					c.read = append(c.read, span{i, i + 1})
				} else if c.words[i] != "and" && !slices.Contains(naming, c.words[i]) {
					break
				}
			}
			if step < 0 {
				slices.Reverse(run)
			}
			names = append(names, run...)
		}
	}
	return names
}

var listed = regexp.MustCompile(`(?i)\broles?(?:\s+(?:named|called))?:?\s+([a-z]+(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+)[a-z]+)+)`)

// rolesListed are the words of a list behind the word roles, in small letters, where none of them says something else.
func (c *clause) rolesListed() (names []string) {
	m := listed.FindStringSubmatch(c.text)
	if m == nil {
		return nil
	}
	words := wordsOf(m[1])
	from := slices.IndexFunc(places(c.words, m[1]), func(at span) bool {
		return at.from > 0 && (same(c.words[at.from-1], "role") || slices.Contains(naming, c.words[at.from-1]))
	})
	if from < 0 {
		return nil
	}
	at := places(c.words, m[1])[from]
	for i, word := range words {
		if word == "and" {
			continue
		}
		if c.isRead(at.from+i) || c.isNamed(at.from+i) || slices.Contains(small, word) || slices.Contains(against, word) {
			return nil
		}
		names = append(names, strings.ToUpper(word))
	}
	if slices.Contains(naming, c.words[at.from-1]) {
		at.from--
	}
	c.read = append(c.read, at)
	return names
}

// naming are words between the word roles and their names.
var naming = []string{"named", "called"}

// standing is where a role stands among others: one that nobody means for everybody is behind.
func standing(role string) int {
	if privileged.MatchString(role) {
		return 1
	}
	return 0
}

// opposed is a word by which a clause asks for less, or for an answer; empty without.
func (c *clause) opposed() string {
	for i, word := range c.words {
		next := ""
		if i+1 < len(c.words) {
			next = c.words[i+1]
		}
		switch {
		case c.isRead(i):
		case slices.Contains(against, word), i == 0 && word == "do" && c.isNamed(1), i == 0 && slices.Contains(asking, word), slices.Contains(askingIf, word) && next == "i", word == "how" && next != "many":
			return word
		}
	}
	if strings.HasSuffix(strings.TrimSpace(c.text), "?") {
		if _, kindly := longest(c.words, []string{"can you", "could you", "would you", "will you", "please"}); len(kindly) == 0 {
			return "?"
		}
	}
	return ""
}
