package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is a kind of token.
type kind uint8

const (
	end kind = iota
	word
	private // #name
	number
	text
	template // up to its end, or up to ${
	regexpKind
	punct
)

// token is one token.
type token struct {
	kind  kind
	from  int
	to    int
	value string // of a word or sign as written, of a text what it stands for
	line  bool   // a line begins before it
	more  bool   // of a template: ${ stands at its end
}

// scanner reads tokens one after the other. Whether / begins a pattern only the parser knows: it says so.
type scanner struct {
	text     string
	at       int
	comments []Comment
}

// signs are the signs of more than one character, the longest first.
var signs = []string{
	">>>=", "...", "===", "!==", "**=", "<<=", ">>=", ">>>", "&&=", "||=", "??=",
	"=>", "==", "!=", "<=", ">=", "&&", "||", "??", "?.", "++", "--", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "**", "<<", ">>",
}

// bySign are signs by their first character.
var bySign = func() (out [128][]string) {
	for _, s := range signs {
		out[s[0]] = append(out[s[0]], s)
	}
	return out
}()

// next reads a token. In types > always stands alone, and where a value may begin / begins a pattern.
func (s *scanner) next(value, types bool) token {
	line := s.space()
	t := token{from: s.at, line: line}
	if s.at >= len(s.text) {
		t.to = s.at
		return t
	}
	switch c := s.text[s.at]; {
	case c < utf8.RuneSelf && letters[c]:
		t.kind = word
		s.name()
	case c >= utf8.RuneSelf || c == '\\':
		t.kind = word
		if !s.name() {
			t.kind = punct
			_, size := utf8.DecodeRuneInString(s.text[s.at:])
			s.at += size
		}
	case c == '#' && s.at+1 < len(s.text):
		t.kind = private
		s.at++
		s.name()
	case c >= '0' && c <= '9' || c == '.' && s.at+1 < len(s.text) && s.text[s.at+1] >= '0' && s.text[s.at+1] <= '9':
		t.kind = number
		s.number()
	case c == '"' || c == '\'':
		t.kind = text
		t.value = s.quoted(c)
		t.to = s.at
		return t
	case c == '`':
		s.at++
		return s.part(t)
	case c == '/' && value:
		t.kind = regexpKind
		s.pattern()
	default:
		t.kind = punct
		s.sign(types)
	}
	t.to = s.at
	t.value = s.text[t.from:t.to]
	return t
}

// letters begin or go on a name.
var letters = func() (out [utf8.RuneSelf]bool) {
	for c := range out {
		out[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '$'
	}
	return out
}()

// space passes blanks and comments, and reports whether a line began.
func (s *scanner) space() bool {
	line := s.at == 0
	for s.at < len(s.text) {
		c := s.text[s.at]
		switch {
		case c == '\n' || c == '\r':
			line = true
			s.at++
		case c == ' ' || c == '\t' || c == '\f' || c == '\v':
			s.at++
		case c == '/' && strings.HasPrefix(s.text[s.at:], "//"), c == '#' && s.at == 0 && strings.HasPrefix(s.text, "#!"):
			from := s.at
			s.at = indexFrom(s.text, s.at, "\n")
			s.comments = append(s.comments, Comment{Span{from, s.at}, strings.TrimRight(s.text[from:s.at], "\r")})
		case c == '/' && strings.HasPrefix(s.text[s.at:], "/*"):
			from := s.at
			s.at = min(indexFrom(s.text, s.at+2, "*/")+2, len(s.text))
			line = line || strings.Contains(s.text[from:s.at], "\n")
			s.comments = append(s.comments, Comment{Span{from, s.at}, s.text[from:s.at]})
		case c >= utf8.RuneSelf:
			r, size := utf8.DecodeRuneInString(s.text[s.at:])
			if r != '\uFEFF' && !unicode.IsSpace(r) {
				return line
			}
			line = line || r == '\u2028' || r == '\u2029'
			s.at += size
		default:
			return line
		}
	}
	return line
}

// indexFrom is where a text stands from an offset on, the end where it stands nowhere.
func indexFrom(text string, from int, what string) int {
	if from > len(text) {
		return len(text)
	}
	if i := strings.Index(text[from:], what); i >= 0 {
		return from + i
	}
	return len(text)
}

// name passes a name, and reports whether one stood there.
func (s *scanner) name() bool {
	from := s.at
	for s.at < len(s.text) {
		c := s.text[s.at]
		if c < utf8.RuneSelf {
			if letters[c] || c >= '0' && c <= '9' {
				s.at++
				continue
			}
			if c == '\\' && s.at+1 < len(s.text) && s.text[s.at+1] == 'u' {
				s.at += 2
				continue
			}
			break
		}
		r, size := utf8.DecodeRuneInString(s.text[s.at:])
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.Is(unicode.Mn, r) && r != '\u200c' && r != '\u200d' {
			break
		}
		s.at += size
	}
	return s.at > from
}

func (s *scanner) number() {
	for s.at < len(s.text) {
		c := s.text[s.at]
		exponent := (c == '+' || c == '-') && (s.text[s.at-1] == 'e' || s.text[s.at-1] == 'E') && !strings.HasPrefix(s.text[max(0, s.at-40):s.at], "0x")
		if c != '.' && !exponent && (c >= utf8.RuneSelf || !letters[c] && (c < '0' || c > '9')) {
			return
		}
		if exponent && !decimal(s.text, s.at-1) {
			return
		}
		s.at++
	}
}

// decimal reports whether the number that ends at an offset has decimal digits, so that an e in it is an exponent.
func decimal(text string, at int) bool {
	from := at
	for from > 0 && (text[from-1] >= '0' && text[from-1] <= '9' || text[from-1] == '.' || text[from-1] == '_') {
		from--
	}
	return from < at && (from == 0 || text[from-1] >= utf8.RuneSelf || !letters[text[from-1]])
}

// quoted passes a text in quotes, and gives what it stands for. It ends with the line where no quote ends it.
func (s *scanner) quoted(quote byte) string {
	s.at++
	from := s.at
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case quote:
			out := s.text[from:s.at]
			s.at++
			return unescaped(out)
		case '\\':
			s.at = min(s.at+2, len(s.text))
		case '\n':
			return unescaped(s.text[from:s.at])
		default:
			s.at++
		}
	}
	return unescaped(s.text[from:min(s.at, len(s.text))])
}

// unescaped is a text without its escapes.
func unescaped(t string) string {
	if !strings.Contains(t, `\`) {
		return t
	}
	var out strings.Builder
	for i := 0; i < len(t); i++ {
		if t[i] != '\\' || i+1 == len(t) {
			out.WriteByte(t[i])
			continue
		}
		i++
		switch t[i] {
		case 'n':
			out.WriteByte('\n')
		case 't':
			out.WriteByte('\t')
		case 'r':
			out.WriteByte('\r')
		case '\n':
		default:
			out.WriteByte(t[i])
		}
	}
	return out.String()
}

// part reads a template from behind its ` or } up to its end or the next ${.
func (s *scanner) part(t token) token {
	t.kind = template
	from := s.at
	for s.at < len(s.text) {
		switch {
		case s.text[s.at] == '`':
			t.value = unescaped(s.text[from:s.at])
			s.at++
			t.to = s.at
			return t
		case s.text[s.at] == '\\':
			s.at = min(s.at+2, len(s.text))
		case strings.HasPrefix(s.text[s.at:], "${"):
			t.value, t.more = unescaped(s.text[from:s.at]), true
			s.at += 2
			t.to = s.at
			return t
		default:
			s.at++
		}
	}
	t.value, t.to = s.text[min(from, len(s.text)):], s.at
	return t
}

// pattern passes a regular expression.
func (s *scanner) pattern() {
	s.at++
	class := false
	for s.at < len(s.text) {
		switch c := s.text[s.at]; {
		case c == '\\':
			s.at = min(s.at+2, len(s.text))
			continue
		case c == '\n':
			return
		case c == '[':
			class = true
		case c == ']':
			class = false
		case c == '/' && !class:
			s.at++
			s.name() // flags
			return
		}
		s.at++
	}
}

func (s *scanner) sign(types bool) {
	c := s.text[s.at]
	if c < utf8.RuneSelf && (!types || c != '>') {
		for _, sign := range bySign[c] {
			if !strings.HasPrefix(s.text[s.at:], sign) {
				continue
			}
			if sign == "?." && s.at+2 < len(s.text) && s.text[s.at+2] >= '0' && s.text[s.at+2] <= '9' {
				continue
			}
			if types && c == '<' {
				continue
			}
			s.at += len(sign)
			return
		}
	}
	s.at++
}
