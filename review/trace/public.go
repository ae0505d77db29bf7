package trace

import (
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/fettlehq/fettle/facts"
)

// A route may be open by its nature: who signs in, asks whether the program lives, or calls back, is not signed in. What it is called says so, a word
// at a time: an author is no auth, and delivering is not living.

var (
	// entering are parts of words that say so wherever they stand.
	entering = regexp.MustCompile(`log_?in|log_?out|sign_?(in|up|out)|password|forgot|oauth|oidc|saml|captcha|unsubscri|callback|webhook|health|metrics|graphql`)
	// openWords are whole words that say so.
	openWords = regexp.MustCompile(`^(auth|authn|authenticat\w*|authoriz\w*|authoris\w*|regist(er|ration|rations)|reset|verify|verification|confirm|confirmation|activat(e|ion)|sso|token|tokens|refresh|hook|hooks|ready|readyz|readiness|live|livez|liveness|ping|status|invit\w*|public|setup|install|debug|session|sessions|contact|contacts|feedback|csp|subscrib\w*|subscription|subscriptions|bounce|bounces)$`)
	// managed are those among them that also name rows, which those who are signed in look after.
	managed = regexp.MustCompile(`^(token|tokens|hook|hooks|webhook|webhooks|status|invit\w*|session|sessions|contact|contacts|feedback|subscribers?|subscriptions?|bounces?)$`)
	// secretWord is a part of a path, or a column, that only those know whom the route is for.
	secretWord = regexp.MustCompile(`(?i)(token|secret|code|hash|sig|signature|hmac|nonce|uuid|uid)$`)
	// keyWord is a part of a path that numbers a row.
	keyWord = regexp.MustCompile(`(^|_)(id|ids|num|number|index)$`)
	// proves are functions that ask who has sent a request by what it is signed with.
	proves = regexp.MustCompile(`(?i)(verif|valid|check)\w*(sign|hmac|payload|token|secret|digest)|hmac|signature`)
)

// Public reports whether a route is open by its nature, as its path or handler say. Where the word is also that of rows (subscribers, bounces, tokens), the
// route that changes one by its number, or all of them, is not; unless what is sent proves who sends it.
func Public(r *facts.Route) bool {
	words, numbered, secret := said(r.Path)
	if secret {
		return true
	}
	open := opening(words)
	if len(open) > 0 && !slices.ContainsFunc(open, func(word string) bool { return !managed.MatchString(word) }) {
		return !r.Writes() || !(numbered || collection(r, words)) || proven(r)
	}
	return len(open) > 0 || len(opening(wordsOf(r.Handler.Own))) > 0 && !numbered
}

// Secret reports whether the path of a route holds what only those know whom the route is for.
func Secret(r *facts.Route) bool {
	_, _, secret := said(r.Path)
	return secret
}

// said are the words of a path, and whether a part of it numbers a row, or is known to those alone whom it is for.
func said(path string) (words []string, numbered, secret bool) {
	for part := range strings.SplitSeq(path, "/") {
		if name, is := strings.CutPrefix(part, "{"); is {
			name = strings.Join(wordsOf(strings.TrimRight(name, "}.")), "_")
			numbered, secret = numbered || keyWord.MatchString(name), secret || secretWord.MatchString(name)
			continue
		}
		words = append(words, wordsOf(part)...)
	}
	return words, numbered, secret
}

// opening are those of some words that say that a route is open.
func opening(words []string) []string {
	var out []string
	for i, word := range words {
		together := word
		if i+1 < len(words) {
			together = word + "_" + words[i+1] // log in, sign up
		}
		if openWords.MatchString(word) || entering.MatchString(word) || entering.MatchString(together) {
			out = append(out, word)
		}
	}
	return out
}

// collection reports whether a route changes rows that are looked after: all of a kind, or people who are put among others.
func collection(r *facts.Route, words []string) bool {
	if len(words) == 0 {
		return false
	}
	end := words[len(words)-1]
	return managed.MatchString(end) && (r.Method != "POST" || end == "subscribers" || end == "bounces")
}

// proven reports whether the handler of a route asks for a signature, or for a row that only its owner can name.
func proven(r *facts.Route) bool {
	return slices.ContainsFunc(Below(r.Handler), func(f *facts.Function) bool {
		return proves.MatchString(f.Own) || slices.ContainsFunc(f.Matches, proves.MatchString) || slices.ContainsFunc(f.Queries, func(q *facts.Query) bool {
			return q.Statement != nil && slices.ContainsFunc(q.Statement.Predicates, func(p facts.Predicate) bool { return secretWord.MatchString(p.Column) })
		})
	})
}

// wordsOf are the words of a name, in lower case.
func wordsOf(name string) []string {
	var out []string
	start := true
	runes := []rune(name)
	for i, r := range runes {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			start = true
			continue
		case unicode.IsUpper(r) && i > 0 && (unicode.IsLower(runes[i-1]) || unicode.IsUpper(runes[i-1]) && i+1 < len(runes) && unicode.IsLower(runes[i+1])):
			start = true
		}
		if start {
			out = append(out, "")
			start = false
		}
		out[len(out)-1] += string(unicode.ToLower(r))
	}
	return out
}
