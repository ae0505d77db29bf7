package graphql

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// withoutSurrogates is a document with the surrogate pairs in its strings as the characters that they are, which gqlparser does not
// read; false where half of one stands alone (GraphQL, September 2025, section 2.9.4). Comments and block strings have no escapes.
func withoutSurrogates(text string) (string, bool) {
	if !strings.Contains(text, `\ud`) && !strings.Contains(text, `\uD`) {
		return text, true
	}
	var out strings.Builder
	for at := 0; at < len(text); {
		end := tokenEnd(text, at)
		token := text[at:end]
		at = end
		if token[0] != '"' || strings.HasPrefix(token, `"""`) {
			out.WriteString(token)
			continue
		}
		for i := 0; i < len(token); {
			if token[i] != '\\' || i+1 == len(token) {
				out.WriteByte(token[i])
				i++
				continue
			}
			high := escaped(token[i:])
			switch low := rune(0); {
			case !utf16.IsSurrogate(high):
				out.WriteString(token[i : i+2])
				i += 2
				continue
			case i+6 < len(token):
				low = escaped(token[i+6:])
				if whole := utf16.DecodeRune(high, low); whole != utf8.RuneError {
					out.WriteRune(whole)
					i += 12
					continue
				}
			}
			return "", false
		}
	}
	return out.String(), true
}

// tokenEnd is where a comment or a string ends that begins at, or what is neither.
func tokenEnd(text string, at int) int {
	rest := text[at:]
	switch {
	case rest[0] == '#':
		if n := strings.IndexAny(rest, "\r\n"); n >= 0 {
			return at + n
		}
		return len(text)
	case strings.HasPrefix(rest, `"""`):
		for i := 3; i < len(rest); i++ {
			if strings.HasPrefix(rest[i:], `\"""`) {
				i += 3
			} else if strings.HasPrefix(rest[i:], `"""`) {
				return at + i + 3
			}
		}
		return len(text)
	case rest[0] == '"':
		for i := 1; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case '"', '\n', '\r':
				return at + i + 1
			}
		}
		return len(text)
	}
	if n := strings.IndexAny(rest[1:], `"#`); n >= 0 {
		return at + 1 + n
	}
	return len(text)
}

// escaped is the unit that text begins with as \uXXXX, 0 where it begins otherwise.
func escaped(text string) rune {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0
	}
	n, err := strconv.ParseUint(text[2:6], 16, 16)
	if err != nil {
		return 0
	}
	return rune(n)
}
