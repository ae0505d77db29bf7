package oracle

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// sought is one of the things that a search asks for: words that follow each other, or the beginning of one.
type sought struct {
	words  []string
	begins bool
}

// askedFor reads the text of a search: words, begin*, and "what follows each other".
func askedFor(text string) (all []sought) {
	for i, part := range strings.Split(text, `"`) {
		if i%2 == 1 {
			if words := wordsOf(part); len(words) > 0 {
				all = append(all, sought{words: words})
			}
			continue
		}
		for at, piece := range strings.Split(part, "*") {
			words := wordsOf(piece)
			starred := at < strings.Count(part, "*") && piece != "" && !separates(lastRune(piece))
			for n, word := range words {
				all = append(all, sought{[]string{word}, starred && n == len(words)-1})
			}
		}
	}
	return all
}

func lastRune(text string) rune {
	runes := []rune(text)
	return runes[len(runes)-1]
}

func separates(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c) }

// wordsOf is the words of a text, in lower case and without the accents of Latin letters.
func wordsOf(text string) []string {
	var plain strings.Builder
	latin := false
	for _, c := range norm.NFD.String(strings.ToLower(text)) {
		if unicode.IsMark(c) && latin {
			continue
		}
		latin = unicode.Is(unicode.Latin, c)
		plain.WriteRune(c)
	}
	return strings.FieldsFunc(norm.NFC.String(plain.String()), separates)
}

// in tells whether a text has what is sought.
func (s sought) in(text string) bool {
	words := wordsOf(text)
	if s.begins {
		return slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, s.words[0]) })
	}
	for at := 0; at+len(s.words) <= len(words); at++ {
		if slices.Equal(words[at:at+len(s.words)], s.words) {
			return true
		}
	}
	return false
}

// found tells whether a row has all that a search asks for, each thing in one of the fields that count.
func found(row *Row, text string, counts func(*Field) bool) bool {
	asked := askedFor(text)
	return len(asked) > 0 && !slices.ContainsFunc(asked, func(s sought) bool {
		return !slices.ContainsFunc(row.Type.Fields, func(f *Field) bool {
			text, ok := row.Values[f.Name].(string)
			return f.Search && ok && s.in(text) && counts(f)
		})
	})
}

// finds tells whether a row is found by what the viewer may read of it. A search for nothing finds all.
func (r *reader) finds(row *Row, text string) bool {
	return strings.TrimSpace(text) == "" || found(row, text, func(f *Field) bool { return r.MayRead(row, f) })
}
