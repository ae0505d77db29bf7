package recipe

import (
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/design"
)

// Request is what somebody wants, in words, as far as it is understood. Nothing in it is guessed: what the words do not say is
// named as missing, with the choices.
type Request struct {
	Recipes []Wanted  // in the order in which they are done
	Slow    string    // an entity whose list is slow, "" where none is named
	Faster  bool      // something is to be made faster
	Waits   []Waiting // named, and done by no recipe
	Given   []Given   // named, and there without being asked for
	Missing []string  // what has to be said besides
	Unread  []string  // words that were not taken into account
}

// Wanted is a recipe and what it is to be done to.
type Wanted struct {
	Recipe *Recipe
	Args   []string
}

// Understood tells whether the words asked for anything that is known.
func (r *Request) Understood() bool {
	return len(r.Recipes) > 0 || r.Faster || len(r.Waits) > 0 || len(r.Given) > 0
}

// small are words that say nothing of what is wanted.
var small = wordsOf(`a an the and or of to for in on with by from that this it its is are be being was were should must can could
	would will shall may please want wants need needs needed i we you me my our your they their them create add make give build write
	implement introduce support enable put have has get let lets help some any all each every new endpoint endpoints api apis route
	feature functionality list lists query queries table tables row rows field fields record records data when so as at into also then
	using use via user users people person email address too very really quite much how do does not just so`)

// slowness are phrases by which people say that something should be faster.
var slowness = []string{"slow", "too long", "faster", "speed up", "optimize", "optimise", "performance", "latency", "times out", "timing out", "takes long", "takes forever", "timeout"}

// Match reads a request by the phrases of recipes. The longest phrase at a place counts, so that "password reset" is not also
// "password"; entities of the design are what a recipe is done to.
func Match(sources []design.Source, text string) *Request {
	e := open(sources, "")
	words := wordsOf(text)
	r := &Request{}
	type hit struct{ from, to int }
	var covered, read []hit
	find := func(phrases []string) (best hit, found bool) {
		for _, phrase := range phrases {
			wanted := wordsOf(phrase)
			for i := 0; i+len(wanted) <= len(words); i++ {
				if slices.EqualFunc(words[i:i+len(wanted)], wanted, same) && len(wanted) > best.to-best.from {
					best, found = hit{i, i + len(wanted)}, true
				}
			}
		}
		return best, found
	}
	cover := func(phrases []string) { // every place at which one of them stands
		for _, phrase := range phrases {
			wanted := wordsOf(phrase)
			for i := 0; i+len(wanted) <= len(words); i++ {
				if slices.EqualFunc(words[i:i+len(wanted)], wanted, same) {
					read = append(read, hit{i, i + len(wanted)})
				}
			}
		}
	}
	within := func(h hit) bool {
		return slices.ContainsFunc(covered, func(c hit) bool { return c.from <= h.from && h.to <= c.to && c.to-c.from > h.to-h.from })
	}
	var named []*design.Type
	for _, t := range e.entities() {
		if slices.ContainsFunc(words, func(w string) bool {
			return w == strings.ToLower(t.Name) || w == strings.ToLower(many(t.Name))
		}) || containsWords(words, splitName(t.Name)) {
			named = append(named, t)
		}
	}
	named = slices.DeleteFunc(slices.Clone(named), func(t *design.Type) bool { // Order, where OrderLine is what was said
		return slices.ContainsFunc(named, func(longer *design.Type) bool {
			return longer != t && len(splitName(longer.Name)) > len(splitName(t.Name)) && containsWords(splitName(longer.Name), splitName(t.Name))
		})
	})
	if _, slow := find(slowness); slow {
		r.Faster = true
		if len(named) > 0 {
			r.Slow = named[0].Name
		}
		return r // what is slow is no wish for a recipe, whatever else its words are
	}
	type candidate struct {
		at     hit
		recipe *Recipe
		waits  *Waiting
		given  *Given
	}
	var candidates []candidate
	for _, recipe := range Recipes {
		if at, found := find(recipe.phrases); found {
			candidates = append(candidates, candidate{at: at, recipe: recipe})
			cover(recipe.phrases)
			covered = append(covered, at)
		}
	}
	for i := range Waits {
		if at, found := find(append([]string{strings.ReplaceAll(Waits[i].Name, "-", " ")}, Waits[i].phrases...)); found {
			candidates = append(candidates, candidate{at: at, waits: &Waits[i]})
			covered = append(covered, at)
		}
	}
	for i := range Unsaid {
		if at, found := find(Unsaid[i].phrases); found {
			candidates = append(candidates, candidate{at: at, given: &Unsaid[i]})
			covered = append(covered, at)
		}
	}
	unread := func() (out []string) {
		for i, w := range words {
			read := slices.Contains(small, w) || slices.ContainsFunc(append(read, covered...), func(h hit) bool { return h.from <= i && i < h.to }) ||
				slices.ContainsFunc(named, func(t *design.Type) bool {
					return slices.ContainsFunc(append(splitName(t.Name), strings.ToLower(t.Name), strings.ToLower(many(t.Name))), func(n string) bool { return same(w, n) })
				})
			if !read && !slices.Contains(out, w) {
				out = append(out, w)
			}
		}
		return out
	}
	if r.Unread = unread(); len(r.Unread) > 2*len(candidates) {
		return r // more was said than was read: it is about something else
	}
	for _, c := range candidates {
		switch {
		case within(c.at):
		case c.waits != nil:
			r.Waits = append(r.Waits, *c.waits)
		case c.given != nil:
			r.Given = append(r.Given, *c.given)
		default:
			args, missing := e.argsFor(c.recipe, named)
			if missing != "" {
				r.Missing = append(r.Missing, missing)
			}
			r.Recipes = append(r.Recipes, Wanted{c.recipe, args})
		}
	}
	return r
}

// argsFor are the arguments that the named entities make; missing says what else is needed.
func (e *editor) argsFor(r *Recipe, named []*design.Type) (args []string, missing string) {
	switch r {
	case registration, roles, follows:
		return nil, ""
	case ownership, tenancy, comments, tags, favorites, ratings, abuseReports, pagination, softDelete, history, search, subscriptions:
		for _, t := range named {
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
