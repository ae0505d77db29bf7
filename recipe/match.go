package recipe

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/design"
)

// Request is what somebody wants, in words, as far as it is understood. Nothing in it is guessed: what the words do not say is
// named as missing, with the choices, and words that were not read are told.
type Request struct {
	Recipes []Wanted  // in the order in which they are done
	Slow    string    // the entity whose list is slow, "" where none is named
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
var small = wordsOf(`a an the and of to for in on with by that this it its is are be being was were must can could
	would will shall may should please want wants like need needs needed over i we you me my our your they their them create add make give build write
	implement introduce support enable put have has get let lets help some any all each every new endpoint endpoints api apis route
	feature functionality list lists query queries table tables row rows field fields record records data so as at into also then
	using use via user users people person email address too very really quite much do does just able app application backend
	code codebase design project site website system service s d ll re ve m`)

// against are words by which something is not to be, or to be taken away, which no recipe does.
var against = wordsOf(`not no never none neither nor without remove removes removed removing delete drop dropping disable disabled undo revert
	rid off stop avoid except instead unless don doesn didn shouldn won cannot isn rather cancel replace rename`)

// asking are words that begin a question; of the others, a question begins with them before "I".
var (
	asking   = wordsOf("how why what when where which who whose should is are am was were does did has")
	askingIf = wordsOf("can could may shall should would do must")
)

// slowness are phrases by which people say that something should be faster.
var slowness = []string{"slow", "too long", "faster", "speed up", "optimize", "optimise", "performance", "latency", "times out", "timing out", "takes long", "takes forever", "timeout"}

// Match reads a request a clause at a time, by the phrases of recipes: the longest phrase at a place counts, so that "password reset"
// is not also "password". What of the design a clause names is what the recipe is done to by which it stands; where that is not
// plain, it is asked.
func Match(sources []design.Source, text string) *Request {
	e := open(sources, "")
	r := &Request{}
	phrases, slow, against := 0, []string(nil), ""
	for _, part := range clauses(text) {
		c := e.clause(part)
		if _, all := longest(c.words, slowness); len(all) > 0 && !c.making() {
			slow = append(slow, c.slow()...)
			r.Faster, against = true, cmp.Or(against, c.leave())
			continue
		}
		phrases += len(c.wishes)
		c.assign(r)
		against = cmp.Or(against, c.opposed())
	}
	if phrases == 0 && !r.Faster {
		for _, part := range clauses(text) {
			e.clause(part).verb(r)
		}
		if r.Verb != nil {
			phrases = 1
		}
	}
	switch {
	case against != "" && (r.Faster || len(r.Recipes)+len(r.Missing) > 0):
		return &Request{Against: against}
	case r.Faster && len(r.Recipes)+len(r.Waits) > 0:
		r.Missing = []string{"one thing at a time: what is slow is looked at by itself, and then what is to be added"}
	case r.Faster && len(slow) > 1:
		r.Missing = []string{fmt.Sprintf("one list at a time: which of %s?", strings.Join(slow, ", "))}
	case r.Faster:
		r.Slow, r.Unread = strings.Join(slow, ""), nil
	case len(r.Unread) > 3*phrases: // more was said than was read: it is about something else
		return &Request{Unread: r.Unread}
	}
	return r
}

var ends = regexp.MustCompile(`[;\n]+|[.!?]+(?:\s|$)`)

// clauses are the parts of a text that are read by themselves, with what ends them.
func clauses(text string) (parts []string) {
	for text != "" {
		at := ends.FindStringIndex(text)
		if at == nil {
			return append(parts, text)
		}
		parts, text = append(parts, text[:at[1]]), text[at[1]:]
	}
	return parts
}
