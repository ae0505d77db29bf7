package pgsql

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Token is a word, number, text or sign of SQL. Spaces and comments are none.
type Token struct {
	Kind  TokenKind
	Text  string // as it stands
	Start int    // byte offset
	Depth int    // how many parentheses are open around it
}

// TokenKind is what a token is.
type TokenKind int

// The kinds.
const (
	Word TokenKind = iota
	Quoted
	String
	Number
	Parameter // $1 or ?
	Sign
	Comment // only where comments are asked for
)

// Is reports whether the token is this keyword.
func (t Token) Is(keyword string) bool { return t.Kind == Word && strings.EqualFold(t.Text, keyword) }

// Name is the name that a word or a name in quotes stands for, in the case in which it stands.
func (t Token) Name() string {
	if t.Kind != Quoted {
		return t.Text
	}
	return strings.ReplaceAll(strings.TrimSuffix(t.Text[1:], `"`), `""`, `"`)
}

// End is the byte offset behind the token.
func (t Token) End() int { return t.Start + len(t.Text) }

// Tokens cuts SQL into tokens without parsing it. It never fails: what is not closed ends with the text.
func Tokens(text string) []Token {
	var tokens []Token
	for _, token := range AllTokens(text) {
		if token.Kind != Comment {
			tokens = append(tokens, token)
		}
	}
	return tokens
}

// AllTokens is Tokens with the comments.
func AllTokens(text string) []Token {
	var tokens []Token
	depth := 0
	for i := 0; i < len(text); {
		r, width := utf8.DecodeRuneInString(text[i:])
		if unicode.IsSpace(r) {
			i += width
			continue
		}
		kind, length := tokenAt(text[i:])
		if text[i] == ')' {
			depth = max(0, depth-1)
		}
		tokens = append(tokens, Token{kind, text[i : i+length], i, depth})
		if text[i] == '(' {
			depth++
		}
		i += length
	}
	return tokens
}

func tokenAt(text string) (TokenKind, int) {
	c := text[0]
	switch {
	case strings.HasPrefix(text, "--"):
		return Comment, until(text, 2, "\n")
	case strings.HasPrefix(text, "/*"):
		return Comment, blockComment(text)
	case c == '\'':
		return String, quoted(text, 1, '\'', false)
	case (c == 'e' || c == 'E') && strings.HasPrefix(text[1:], "'"):
		return String, quoted(text, 2, '\'', true)
	case c == '"':
		return Quoted, quoted(text, 1, '"', false)
	case c == '$' && len(text) > 1 && isDigit(text[1]):
		return Parameter, 1 + digits(text[1:])
	case c == '$':
		if tag := dollarTag(text); tag != "" {
			return String, until(text, len(tag), tag)
		}
		return Sign, 1
	case c == '?':
		return Parameter, 1 + digits(text[1:])
	case isDigit(c):
		return Number, number(text)
	}
	if length := word(text); length > 0 {
		return Word, length
	}
	_, width := utf8.DecodeRuneInString(text)
	return Sign, width
}

func until(text string, from int, end string) int {
	if at := strings.Index(text[from:], end); at >= 0 {
		return from + at + len(end)
	}
	return len(text)
}

// blockComment measures a comment; they nest.
func blockComment(text string) int {
	depth := 0
	for i := 0; i+1 < len(text); i++ {
		switch text[i : i+2] {
		case "/*":
			depth++
			i++
		case "*/":
			depth--
			i++
			if depth == 0 {
				return i + 1
			}
		}
	}
	return len(text)
}

func quoted(text string, from int, mark byte, backslashes bool) int {
	for i := from; i < len(text); i++ {
		switch {
		case backslashes && text[i] == '\\':
			i++
		case text[i] == mark && i+1 < len(text) && text[i+1] == mark:
			i++
		case text[i] == mark:
			return i + 1
		}
	}
	return len(text)
}

func dollarTag(text string) string {
	end := strings.IndexByte(text[1:], '$')
	if end < 0 {
		return ""
	}
	tag := text[:end+2]
	if inner := tag[1 : len(tag)-1]; inner != "" && word(inner) != len(inner) {
		return ""
	}
	return tag
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func digits(text string) int {
	n := 0
	for n < len(text) && isDigit(text[n]) {
		n++
	}
	return n
}

func number(text string) int {
	n := digits(text)
	if n < len(text) && text[n] == '.' {
		n += 1 + digits(text[n+1:])
	}
	if n < len(text) && (text[n] == 'e' || text[n] == 'E') {
		sign := n + 1
		if sign < len(text) && (text[sign] == '-' || text[sign] == '+') {
			sign++
		}
		if more := digits(text[sign:]); more > 0 {
			n = sign + more
		}
	}
	return n
}

func word(text string) int {
	for i, r := range text {
		if r != '_' && !unicode.IsLetter(r) && (i == 0 || r != '$' && !unicode.IsDigit(r)) {
			return i
		}
	}
	return len(text)
}

// Piece is one statement of a text, with the comments that stand before it.
type Piece struct {
	Text     string
	Comments []string // without their marks
	Line     int      // of the statement, from 1
}

// Split cuts a text at its semicolons. It does not parse, so that one wrong statement spoils no other.
func Split(text string) []Piece {
	var pieces []Piece
	var comments []string
	start, end := -1, 0
	line, counted := 1, 0 // the line at an offset
	finish := func() {
		if start >= 0 {
			line, counted = line+strings.Count(text[counted:start], "\n"), start
			pieces = append(pieces, Piece{text[start:end], comments, line})
			comments = nil
		}
		start = -1
	}
	for _, token := range AllTokens(text) {
		switch {
		case token.Kind == Comment && start < 0:
			comments = append(comments, commentText(token.Text))
		case token.Kind == Comment:
		case token.Text == ";" && token.Kind == Sign:
			finish()
		default:
			if start < 0 {
				start = token.Start
			}
			end = token.End()
		}
	}
	finish()
	return pieces
}

func commentText(comment string) string {
	comment = strings.TrimPrefix(comment, "--")
	comment = strings.TrimSuffix(strings.TrimPrefix(comment, "/*"), "*/")
	return strings.TrimSpace(comment)
}

// Clauses are the parts of a plain SELECT as they stand in its text.
type Clauses struct {
	Select, From, Where, Group, Having, Order, Limit, Offset string // without their keywords; Select may begin with DISTINCT
	Rest                                                     string // such as FOR UPDATE or FETCH, with its keyword
}

// Cut takes a SELECT apart at its keywords. It returns false for what is no plain SELECT: WITH, UNION, VALUES, WINDOW.
func Cut(text string) (Clauses, bool) {
	var c Clauses
	tokens := Tokens(text)
	if len(tokens) == 0 || !tokens[0].Is("select") {
		return c, false
	}
	part, from := &c.Select, tokens[0].End()
	next := func(to *string, at, behind int) {
		*part = strings.TrimSpace(text[from:at])
		part, from = to, behind
	}
	for i := 1; i < len(tokens); i++ {
		token := tokens[i]
		if token.Depth > 0 || token.Kind != Word {
			continue
		}
		follows := func(word string) bool { return i+1 < len(tokens) && tokens[i+1].Is(word) }
		switch {
		case token.Is("union"), token.Is("intersect"), token.Is("except"), token.Is("window"), token.Is("into"):
			return c, false
		case token.Is("from") && part == &c.Select && !tokens[i-1].Is("distinct"):
			next(&c.From, token.Start, token.End())
		case token.Is("where"):
			next(&c.Where, token.Start, token.End())
		case token.Is("group") && follows("by"):
			next(&c.Group, token.Start, tokens[i+1].End())
		case token.Is("having"):
			next(&c.Having, token.Start, token.End())
		case token.Is("order") && follows("by"):
			next(&c.Order, token.Start, tokens[i+1].End())
		case token.Is("limit"):
			next(&c.Limit, token.Start, token.End())
		case token.Is("offset"):
			next(&c.Offset, token.Start, token.End())
		case token.Is("for") && part != &c.Select, token.Is("fetch"):
			next(&c.Rest, token.Start, token.Start)
		}
	}
	next(&c.Rest, len(text), len(text))
	return c, true
}

// Conjuncts cuts a condition at the ANDs that stand outside of everything.
func Conjuncts(condition string) []string {
	var parts []string
	from, cases, between := 0, 0, false
	for _, token := range Tokens(condition) {
		switch {
		case token.Is("case"):
			cases++
		case token.Is("end"):
			cases--
		case token.Depth > 0 || cases > 0:
		case token.Is("between"):
			between = true
		case token.Is("and") && between:
			between = false
		case token.Is("and"):
			parts = append(parts, strings.TrimSpace(condition[from:token.Start]))
			from = token.End()
		}
	}
	return append(parts, strings.TrimSpace(condition[from:]))
}

// String puts the parts together again, a line for each clause.
func (c Clauses) String() string {
	text := "SELECT " + c.Select
	for _, part := range []struct{ keyword, text string }{
		{"FROM ", c.From},
		{"WHERE ", c.Where},
		{"GROUP BY ", c.Group},
		{"HAVING ", c.Having},
		{"ORDER BY ", c.Order},
		{"LIMIT ", c.Limit},
		{"OFFSET ", c.Offset},
		{"", c.Rest},
	} {
		if part.text != "" {
			text += "\n" + part.keyword + part.text
		}
	}
	return text
}
