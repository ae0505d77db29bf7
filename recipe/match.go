package recipe

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/design"
)

// Request is what somebody wants, in words, as far as it is understood. Nothing in it is guessed: what the words do not say is
// named as missing, with the choices, and words that were not read are told.
type Request struct {
	Recipes []Wanted  // in the order in which they are done
	Slow    string    // an entity whose list is slow, "" where none is named
	Faster  bool      // something is to be made faster
	Verb    *Verb     // a command that answers it; only where nothing else was named
	Waits   []Waiting // named, and done by no recipe
	Given   []Given   // named, and there without being asked for
	Missing []string  // what has to be said besides
	Unread  []string  // words that were not read: what they change is not known, so nothing may be done
	Against string    // a word by which less is asked for, or only an answer: nothing may be done
}

// Wanted is a recipe and what it is to be done to.
type Wanted struct {
	Recipe *Recipe
	Args   []string
}

// small are words that say nothing of what is wanted.
var small = wordsOf(`a an the and or of to for in on with by from that this it its is are be being was were must can could
	would will shall may should please want wants like need needs needed over i we you me my our your they their them create add make give build write
	implement introduce support enable keep put have has get let lets help some any all each every new endpoint endpoints api apis route
	feature functionality list lists query queries table tables row rows field fields record records data so as at into also then
	using use via user users people person email address too very really quite much do does just able app application backend
	code codebase design project site website system service s d ll re ve m`)

// against are words by which something is not to be, or to be taken away, which no recipe does.
var against = wordsOf(`not no never none neither nor without remove removes removed removing delete drop dropping disable disabled undo revert
	rid off stop avoid except instead unless don doesn didn shouldn won cannot isn rather cancel replace rename`)

// asking are words that begin a question; of the others, a question begins with them before "I".
var (
	asking   = wordsOf("how why what when where which who whose should is are am was were does did")
	askingIf = wordsOf("can could may shall should would do must")
)

// slowness are phrases by which people say that something should be faster.
var slowness = []string{"slow", "too long", "faster", "speed up", "optimize", "optimise", "performance", "latency", "times out", "timing out", "takes long", "takes forever", "timeout"}

// span is some of the words of a request, from one to before another.
type span struct{ from, to int }

func (s span) holds(i int) bool { return s.from <= i && i < s.to }

// places are where a phrase stands among words.
func places(words []string, phrase string) (found []span) {
	wanted := wordsOf(phrase)
	for i := 0; len(wanted) > 0 && i+len(wanted) <= len(words); i++ {
		if slices.EqualFunc(words[i:i+len(wanted)], wanted, same) {
			found = append(found, span{i, i + len(wanted)})
		}
	}
	return found
}

// longest is where the longest of some phrases stands, and all places at which any does.
func longest(words []string, phrases []string) (best span, all []span) {
	for _, phrase := range phrases {
		for _, at := range places(words, phrase) {
			all = append(all, at)
			if at.to-at.from > best.to-best.from {
				best = at
			}
		}
	}
	return best, all
}

// Match reads a request by the phrases of recipes. The longest phrase at a place counts, so that "password reset" is not also
// "password"; entities of the design, and their fields, are what a recipe is done to.
func Match(sources []design.Source, text string) *Request {
	e := open(sources, "")
	words := wordsOf(text)
	r := &Request{}
	things := e.named(words, text)
	if _, slow := longest(words, slowness); len(slow) > 0 {
		r.Faster = true
		if len(things.types) > 0 {
			r.Slow = things.types[0].Name
		}
		return r // what is slow is no wish for a recipe, whatever else its words are
	}
	type candidate struct {
		at     span
		recipe *Recipe
		waits  *Waiting
		given  *Given
		verb   *Verb
	}
	var candidates []candidate
	var covered, read []span
	consider := func(phrases []string, c candidate) {
		best, all := longest(words, phrases)
		if len(all) == 0 {
			return
		}
		c.at = best
		candidates, covered, read = append(candidates, c), append(covered, best), append(read, all...)
	}
	for _, one := range Recipes {
		consider(one.phrases, candidate{recipe: one})
	}
	for i := range Waits {
		consider(Waits[i].phrases, candidate{waits: &Waits[i]})
	}
	for i := range Unsaid {
		consider(Unsaid[i].phrases, candidate{given: &Unsaid[i]})
	}
	if len(candidates) == 0 {
		for i := range Verbs {
			consider(Verbs[i].phrases, candidate{verb: &Verbs[i]})
		}
	}
	within := func(at span) bool {
		return slices.ContainsFunc(covered, func(c span) bool { return c.from <= at.from && at.to <= c.to && c.to-c.from > at.to-at.from })
	}
	candidates = slices.DeleteFunc(candidates, func(c candidate) bool { return within(c.at) })
	candidates = slices.DeleteFunc(candidates, func(c candidate) bool { // an owner that is to be unique is a field, and no wish for one
		return c.recipe != nil && slices.ContainsFunc(candidates, func(o candidate) bool {
			return o.recipe != nil && o.recipe != c.recipe && o.recipe.takesFields() && slices.ContainsFunc(things.fields, func(f string) bool { return slices.Contains(placesOf(words, f), c.at) })
		})
	})
	for _, c := range candidates {
		switch {
		case c.verb != nil:
			r.Verb = c.verb
		case c.waits != nil:
			r.Waits = append(r.Waits, *c.waits)
		case c.given != nil:
			r.Given = append(r.Given, *c.given)
		default:
			args, missing := e.argsFor(c.recipe, things)
			if missing != "" {
				r.Missing = append(r.Missing, missing)
			}
			for _, arg := range args {
				read = append(read, placesOf(words, arg)...)
			}
			r.Recipes = append(r.Recipes, Wanted{c.recipe, args})
		}
	}
	isRead := func(i int) bool {
		return slices.ContainsFunc(slices.Concat(read, things.read), func(s span) bool { return s.holds(i) })
	}
	for i, word := range words {
		if !isRead(i) && !slices.Contains(small, word) && !slices.Contains(r.Unread, word) {
			r.Unread = append(r.Unread, word)
		}
	}
	switch against := opposed(words, isRead); {
	case len(r.Unread) > 2*len(candidates): // more was said than was read: it is about something else
		return &Request{Unread: r.Unread}
	case against != "" && len(r.Recipes) > 0:
		return &Request{Against: against}
	}
	return r
}

// placesOf are where words name an argument of a recipe: a type, a field of one, a role.
func placesOf(words []string, arg string) []span {
	_, name, found := strings.Cut(arg, ".")
	if !found {
		return places(words, arg)
	}
	return append(places(words, name), places(words, strings.Join(splitName(name), " "))...)
}

// opposed is a word by which a request asks for less, or for an answer; empty without.
func opposed(words []string, isRead func(int) bool) string {
	for i, word := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		switch {
		case isRead(i):
		case slices.Contains(against, word), i == 0 && slices.Contains(asking, word), slices.Contains(askingIf, word) && next == "i", word == "how" && next != "many":
			return word
		}
	}
	return ""
}

// things are what a request names of a design.
type things struct {
	types  []*design.Type
	fields []string // "Note.title", in the order in which they were said
	roles  []string // words in capitals
	read   []span
}

var (
	dotted  = regexp.MustCompile(`\b([A-Z][A-Za-z0-9]*)\.([a-z][A-Za-z0-9]*)\b`)
	capital = regexp.MustCompile(`\b[A-Z][A-Z0-9_]+\b`)
)

// named finds what words name of the design: entities by their names in the singular and plural; fields as TYPE.FIELD, or by their
// names where one entity is meant.
func (e *editor) named(words []string, text string) things {
	var out things
	at := map[*design.Type][]span{}
	for _, t := range e.entities() {
		found := places(words, strings.Join(splitName(t.Name), " "))
		for i, w := range words {
			if w == strings.ToLower(t.Name) || w == strings.ToLower(many(t.Name)) {
				found = append(found, span{i, i + 1})
			}
		}
		if plural := splitName(many(t.Name)); len(found) == 0 {
			found = places(words, strings.Join(plural, " "))
		}
		if len(found) > 0 {
			out.types, at[t] = append(out.types, t), found
		}
	}
	out.types = slices.DeleteFunc(slices.Clone(out.types), func(t *design.Type) bool { // Order, where OrderLine is what was said
		return slices.ContainsFunc(out.types, func(longer *design.Type) bool {
			return longer != t && len(splitName(longer.Name)) > len(splitName(t.Name)) && containsWords(splitName(longer.Name), splitName(t.Name))
		})
	})
	for _, t := range out.types {
		out.read = append(out.read, at[t]...)
	}
	for _, m := range dotted.FindAllStringSubmatch(text, -1) {
		if t := e.typ(m[1]); t != nil && field(t, m[2]) != nil {
			out.fields = append(out.fields, m[0])
		}
	}
	if len(out.fields) == 0 && len(out.types) == 1 {
		out.fieldsOf(out.types[0], words)
	}
	out.roles = capital.FindAllString(text, -1)
	return out
}

// fieldsOf finds the fields of an entity that words name.
func (o *things) fieldsOf(t *design.Type, words []string) {
	for i := 0; i < len(words); {
		step := 1
		for _, f := range t.Fields {
			name := splitName(f.Name)
			if to := i + len(name); to <= len(words) && slices.Equal(words[i:to], name) && !slices.ContainsFunc(o.read, func(s span) bool { return s.holds(i) }) && len(name) >= step {
				if key := t.Name + "." + f.Name; !slices.Contains(o.fields, key) {
					o.fields = append(o.fields, key)
				}
				step = len(name)
			}
		}
		i += step
	}
}

// takesFields tells whether the fields that a request names are what a recipe is done to.
func (r *Recipe) takesFields() bool {
	return slices.Contains([]*Recipe{index, unique, slug, upsert, counts, search, numbers, noOverlap}, r)
}

// argsFor are the arguments that the named things make; missing says what else is needed. What of them it takes has been read then.
func (e *editor) argsFor(r *Recipe, named things) (args []string, missing string) {
	if r.takesFields() {
		args = named.fields
	}
	switch r {
	case registration, passwordReset, follows:
		return nil, ""
	case roles:
		return named.roles, ""
	case search, numbers, noOverlap:
		if len(args) > 0 {
			break
		}
		fallthrough
	case ownership, tenancy, comments, tags, favorites, ratings, abuseReports, pagination, softDelete, history, subscriptions:
		for _, t := range named.types {
			if t != e.account() {
				args = append(args, t.Name)
			}
		}
	}
	if len(args) == 0 {
		e.recipe = r
		return nil, fmt.Sprintf("%s: of what? fettle add %[1]s takes %s, such as %s%s", r.Name, r.Takes, r.Example, e.choices())
	}
	return args, ""
}

// wordsOf are the words of a text, in lower case.
func wordsOf(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) })
}

// same tells whether a word of a request is one of a phrase, in the singular or plural.
func same(word, wanted string) bool {
	return word == wanted || word == wanted+"s" || word+"s" == wanted
}

// splitName is the words of a type's name: order and line of OrderLine.
func splitName(name string) []string {
	var b strings.Builder
	for i, c := range name {
		if i > 0 && unicode.IsUpper(c) {
			b.WriteByte(' ')
		}
		b.WriteRune(c)
	}
	return wordsOf(b.String())
}

func containsWords(words, wanted []string) bool {
	for i := 0; i+len(wanted) <= len(words); i++ {
		if slices.EqualFunc(words[i:i+len(wanted)], wanted, same) {
			return true
		}
	}
	return false
}
