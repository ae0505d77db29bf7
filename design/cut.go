package design

import (
	"regexp"
	"slices"

	"github.com/vektah/gqlparser/v2/lexer"
)

// cut divides a file's tokens into its top-level definitions, each to be parsed apart, so that one mistake hides no
// other. Where a bracket was left open, a keyword at the start of a line, followed by a name, opens the next one.
func cut(tokens []token) [][]token {
	var pieces [][]token
	start, depth := 0, 0
	next := func(i int) {
		if i > start {
			pieces = append(pieces, tokens[start:i])
		}
		start, depth = i, 0
	}
	for i, t := range tokens {
		if at := withDoc(tokens, i, start); opens(tokens, i, depth) {
			next(at)
		}
		switch t.kind {
		case lexer.BraceL, lexer.ParenL, lexer.BracketL:
			depth++
		case lexer.BraceR, lexer.ParenR, lexer.BracketR:
			depth--
			if depth <= 0 && t.kind == lexer.BraceR && !more(tokens, i+1) {
				next(i + 1)
			}
			depth = max(depth, 0)
		}
	}
	next(len(tokens))
	return pieces
}

// keywords are the words that open a definition, and those that open what designs do without.
func keywords() []string {
	return []string{"type", "enum", "input", "scalar", "union", "interface", "extend", "schema", "directive"}
}

func isKeyword(t token) bool { return t.kind == lexer.Name && slices.Contains(keywords(), t.text) }

// opens reports whether a definition starts at a token that stands at a depth of brackets.
func opens(tokens []token, i, depth int) bool {
	t := tokens[i]
	margin := t.first && t.pos.Column == 1
	if t.kind != lexer.Name || depth > 0 && !margin || i+1 == len(tokens) {
		return false
	}
	after := tokens[i+1]
	if i > 0 {
		switch before := tokens[i-1]; {
		case before.kind == lexer.Name && before.text == "extend" && t.text != "extend":
			return false
		case slices.Contains([]lexer.Type{lexer.At, lexer.Equals, lexer.Pipe, lexer.Amp, lexer.Colon}, before.kind):
			return margin && isKeyword(t) && after.kind == lexer.Name
		}
	}
	switch {
	case t.text == "schema":
		return after.kind == lexer.BraceL || after.kind == lexer.At
	case t.text == "directive":
		return after.kind == lexer.At
	case isKeyword(t):
		return after.kind == lexer.Name || margin && after.kind == lexer.BraceL
	default: // a misspelt keyword
		return depth == 0 && margin && (after.kind == lexer.Name || after.kind == lexer.BraceL) && t.text != "implements"
	}
}

// withDoc moves the start of a definition over its doc string.
func withDoc(tokens []token, i, start int) int {
	if i > start && (tokens[i-1].kind == lexer.String || tokens[i-1].kind == lexer.BlockString) {
		return i - 1
	}
	return i
}

// more reports whether fields go on behind a brace that was closed too early: name, then a colon.
func more(tokens []token, i int) bool {
	return i+1 < len(tokens) && tokens[i].kind == lexer.Name && tokens[i+1].kind == lexer.Colon
}

// declared finds the names that a file seems to declare, for a file whose end cannot be read.
func declared(text string) []string {
	var names []string
	for _, m := range regexp.MustCompile(`(?m)^\s*(?:type|enum|input|scalar|union|interface)\s+(\w+)`).FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}
