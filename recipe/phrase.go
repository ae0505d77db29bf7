package recipe

import (
	"slices"
	"strings"
	"unicode"
)

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

// spell are the words of a text as they are written. What is in capitals keeps its underscores.
func spell(text string) (words []string) {
	for _, word := range strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' }) {
		if valueName.MatchString(word) {
			words = append(words, word)
			continue
		}
		words = append(words, strings.FieldsFunc(word, func(c rune) bool { return c == '_' })...)
	}
	return words
}

// wordsOf are the words of a text, in lower case.
func wordsOf(text string) []string {
	words := spell(text)
	for i, word := range words {
		words[i] = strings.ToLower(word)
	}
	return words
}

// same tells whether a word of a request is one of a phrase, in the singular or plural.
func same(word, wanted string) bool {
	return word == wanted || word == wanted+"s" || word+"s" == wanted
}
