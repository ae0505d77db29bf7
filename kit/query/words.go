package query

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fettlehq/fettle/kit"
)

// What a search asks for is read here, for both databases alike, so that no text of a user is ever read as a query
// language of theirs:
//
//	good "strong coffee" roast*   ─▶  good, then strong followed by coffee, then what begins with roast: all three
//
// Letters and digits, with their marks, are words; all else separates them. A quote that is not closed ends with the text.

// Bounds of a search.
const (
	maxSearch = 200 // characters
	maxWords  = 16
)

// term is one of the things that a document must have.
type term struct {
	words  []string // more than one follow each other
	prefix bool     // of a single word
}

// CheckSearch tells what is wrong with the text of a search, nil for nothing.
func CheckSearch(text string) *kit.FieldError {
	_, wrong := readSearch(text)
	return wrong
}

// readSearch gives what a text asks for; none for a text without a word.
func readSearch(text string) ([]term, *kit.FieldError) {
	text = strings.TrimSpace(text)
	if utf8.RuneCountInString(text) > maxSearch {
		return nil, tooMuch("must have at most 200 characters")
	}
	var terms []term
	count := 0
	for i, part := range strings.Split(text, `"`) {
		words := strings.FieldsFunc(part, func(r rune) bool { return !ofWord(r) && r != '*' })
		if i%2 == 1 {
			words = spoken(strings.FieldsFunc(part, func(r rune) bool { return !ofWord(r) }))
			if len(words) > 0 {
				terms = append(terms, term{words: words})
			}
			count += len(words)
			continue
		}
		for _, word := range words {
			found := singles(word)
			terms = append(terms, found...)
			count += len(found)
		}
	}
	if count > maxWords {
		return nil, tooMuch("must have at most 16 words")
	}
	return terms, nil
}

func tooMuch(detail string) *kit.FieldError {
	return &kit.FieldError{Field: "search", Code: kit.FieldTooLong, Detail: detail}
}

// singles is the words of a text without separators: one* begins a word, one*two is both.
func singles(text string) []term {
	var terms []term
	for text != "" {
		word, rest, starred := strings.Cut(text, "*")
		if sounds(word) {
			terms = append(terms, term{words: []string{word}, prefix: starred})
		}
		text = rest
	}
	return terms
}

// ofWord tells whether a character is part of words: letters, digits, and the marks on them.
func ofWord(r rune) bool {
	return unicode.In(r, unicode.L, unicode.Nd, unicode.Nl, unicode.Mn, unicode.Mc) && r != '\ufe0f'
}

// sounds tells whether a word has more than marks.
func sounds(word string) bool {
	return strings.ContainsFunc(word, func(r rune) bool { return unicode.In(r, unicode.L, unicode.Nd, unicode.Nl) })
}

func spoken(words []string) []string {
	kept := words[:0]
	for _, w := range words {
		if sounds(w) {
			kept = append(kept, w)
		}
	}
	return kept
}

// asMatch is the terms as the database has them: a query of FTS5, or a text for to_tsquery, each word quoted. No word
// holds a quote. A text without a word finds nothing.
func (d dialect) asMatch(terms []term) string {
	texts := make([]string, len(terms))
	for i, t := range terms {
		texts[i] = t.onSQLite()
		if d.postgres {
			texts[i] = t.onPostgres()
		}
	}
	switch {
	case d.postgres:
		return strings.Join(texts, " & ")
	case len(terms) == 0:
		return `""`
	}
	return strings.Join(texts, " AND ")
}

// asList is the terms for SQLite, each by itself, as JSON.
func asList(terms []term) string {
	texts := make([]string, len(terms))
	for i, t := range terms {
		texts[i] = t.onSQLite()
	}
	list, err := json.Marshal(texts)
	if err != nil {
		panic(fmt.Sprintf("search for %v: %v", texts, err)) // any texts have a form
	}
	return string(list)
}

func (t term) onSQLite() string {
	text := `"` + strings.Join(t.words, " ") + `"`
	if t.prefix {
		text += " *"
	}
	return text
}

func (t term) onPostgres() string {
	text := "('" + strings.Join(t.words, "' <-> '") + "')"
	if t.prefix {
		text = "'" + t.words[0] + "':*"
	}
	return text
}
