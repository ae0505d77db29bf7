package design

import (
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/fettlehq/fettle/diag"
)

// maxFile is the size in bytes beyond which a file is not read.
const maxFile = 1 << 20

// maxUnreadable is the number of unreadable signs after which a file is given up.
const maxUnreadable = 100

// token is a word or sign of a file. Its place is counted in characters, as editors do.
type token struct {
	kind   lexer.Type // lexer.Invalid for what could not be read, and has been reported
	text   string     // of a string, its value
	pos    diag.Pos
	length int  // in characters, quotes included
	last   int  // its last line
	first  bool // whether it opens its line
}

// scanned is a file as tokens.
type scanned struct {
	tokens []token      // without comments
	doc    string       // the comment at the head
	bad    map[int]bool // lines that hold something unreadable
	cut    bool         // whether the end could not be read: an open block string, or a file beyond the bounds
}

// scan reads a whole file. It reports what it cannot read, leaves an Invalid token in its place and goes on behind it.
func scan(file Source, problems *diag.List) scanned {
	if len(file.Text) > maxFile {
		problems.Add(diag.Pos{File: file.Name, Line: 1, Column: 1}, TooLarge, "split it into modules",
			"the file has %d bytes, %d are the most that is read", len(file.Text), maxFile)
		return scanned{cut: true}
	}
	s := &scanner{file: file, lines: lineStarts(file.Text), problems: new(diag.List)}
	s.out.bad = map[int]bool{}
	for s.read() {
	}
	if s.out.cut {
		s.distrust()
	}
	*problems = append(*problems, *s.problems...)
	return s.out
}

// distrust marks all lines from the first block string on, because one of them was left open: what was reported there
// may follow from that. The last report says so itself.
func (s *scanner) distrust() {
	blocks := slices.IndexFunc(s.out.tokens, func(t token) bool { return t.kind == lexer.BlockString || t.kind == lexer.Invalid })
	if blocks < 0 {
		return
	}
	first, last := s.out.tokens[blocks].pos.Line, s.out.tokens[len(s.out.tokens)-1].last
	for line := first; line <= last; line++ {
		s.out.bad[line] = true
	}
	cause := (*s.problems)[len(*s.problems)-1]
	*s.problems = slices.DeleteFunc(*s.problems, func(d diag.Diagnostic) bool { return d.Pos.Line >= first })
	*s.problems = append(*s.problems, cause)
}

type scanner struct {
	file      Source
	lines     []int // where each starts, in characters
	problems  *diag.List
	out       scanned
	comment   []string // the lines of the comment at the head
	unread    int      // how much could not be read
	commented int      // the last of them
	end       int      // where the last token ends, in characters
	begin     int      // where the lexer was last started, in bytes
	chars     int      // the same in characters
	lexer     *lexer.Lexer
}

func lineStarts(text string) []int {
	starts := []int{0}
	chars := 0
	for i := 0; i < len(text); {
		_, width := utf8.DecodeRuneInString(text[i:])
		i, chars = i+width, chars+1
		crlf := text[i-1] == '\r' && i < len(text) && text[i] == '\n'
		if (text[i-1] == '\n' || text[i-1] == '\r') && !crlf {
			starts = append(starts, chars)
		}
	}
	return starts
}

// read adds the next token. It returns false at the end.
func (s *scanner) read() bool {
	if s.lexer == nil {
		l := lexer.New(&ast.Source{Name: s.file.Name, Input: s.file.Text[s.begin:]})
		s.lexer = &l
	}
	t, err := s.lexer.ReadToken()
	start, end := s.chars+t.Pos.Start, s.chars+t.Pos.End
	switch {
	case t.Kind == lexer.EOF:
		return false
	case err != nil:
		return s.unreadable(start)
	case t.Kind == lexer.Comment:
		s.head(t.Value, s.pos(start).Line)
	default:
		s.add(t.Kind, t.Value, start, end)
	}
	return true
}

// head collects the comment before the first token, up to a blank line.
func (s *scanner) head(comment string, line int) {
	n := len(s.comment)
	if len(s.out.tokens) > 0 || n > 0 && line != s.commented+1 {
		return
	}
	s.commented = line
	s.comment = append(s.comment, strings.TrimSpace(strings.TrimLeft(comment, "#")))
	s.out.doc = strings.Join(s.comment, "\n")
}

// add appends a token. The lexer's own lines are wrong for block strings, so the place is found by the offset.
func (s *scanner) add(kind lexer.Type, text string, start, end int) {
	pos := s.pos(start)
	s.end = end
	n := len(s.out.tokens)
	s.out.tokens = append(s.out.tokens, token{
		kind: kind, text: text, pos: pos, length: max(end-start, 1), last: s.pos(max(end-1, start)).Line,
		first: n == 0 || s.out.tokens[n-1].last < pos.Line,
	})
}

func (s *scanner) pos(char int) diag.Pos {
	i, exact := slices.BinarySearch(s.lines, char)
	if !exact {
		i--
	}
	return diag.Pos{File: s.file.Name, Line: i + 1, Column: char - s.lines[i] + 1}
}

// unreadable reports what stands at a character where no token could be read, and starts the lexer again behind it.
func (s *scanner) unreadable(char int) bool {
	at := s.bytes(char)
	// The lexer has stepped into a string before it fails.
	for _, quotes := range []string{`"""`, `"`} {
		if n := len(quotes); char-n >= s.end && s.file.Text[at-n:at] == quotes {
			at, char = at-n, char-n
			break
		}
	}
	rest := s.file.Text[at:]
	pos := s.pos(char)
	if s.unread++; s.unread > maxUnreadable {
		s.problems.Add(pos, TooLarge, "", "the file is no text of a design: it has more than %d signs that cannot be read", maxUnreadable)
		s.out.cut = true
		return false
	}
	again, found := s.out.bad[pos.Line], len(*s.problems)
	kind, width := lexer.Invalid, 0 // in bytes
	switch {
	case strings.HasPrefix(rest, `"""`):
		s.problems.Add(pos, OpenString, `close it with """`, `the text that """ opens is never closed`)
		s.add(lexer.Invalid, "", char, char+3)
		s.out.cut = true
		return false
	case strings.HasPrefix(rest, `"`):
		kind, width = s.badString(rest, pos)
	case closingQuotes(rest) != "":
		width = s.otherQuotes(rest, pos)
		kind = lexer.String
	case strings.HasPrefix(rest, "//"), strings.HasPrefix(rest, "/*"):
		s.slashes(rest, pos, at, char)
		s.distrusted(pos.Line, found)
		return true
	case rest[0] == '-' || '0' <= rest[0] && rest[0] <= '9':
		width = len(rest) - len(strings.TrimLeft(rest, "-+.0123456789eE"))
		s.problems.Add(pos, UnreadableText, "", "%s is no number", rest[:width])
		kind = lexer.Int
	default:
		r, w := utf8.DecodeRuneInString(rest)
		width = w
		if !again || r == ';' {
			s.badCharacter(r, w, pos)
		}
	}
	s.distrusted(pos.Line, found)
	length := utf8.RuneCountInString(rest[:width])
	text := strings.Trim(rest[:width], `"'“”„‘’«»`)
	if kind == lexer.Int {
		text = "1" // stands for a number that nothing else will complain of
	}
	s.add(kind, text, char, char+length)
	s.begin, s.chars, s.lexer = at+width, char+length, nil
	return true
}

// distrusted marks a line, unless what was found since is a text or a comment that is read as its hint says.
func (s *scanner) distrusted(line, since int) {
	mended := !slices.ContainsFunc((*s.problems)[since:], func(d diag.Diagnostic) bool { return d.Edit == nil || d.Edit.Text == "" || d.Code == OpenString })
	s.out.bad[line] = s.out.bad[line] || !mended || len(*s.problems) == since
}

// bytes is the offset of a character at or behind the place where the lexer was last started.
func (s *scanner) bytes(char int) int {
	at := s.begin
	for range char - s.chars {
		_, w := utf8.DecodeRuneInString(s.file.Text[at:])
		at += w
	}
	return at
}

// badString reports a string that is not closed on its line, or holds an escape that SDL does not have. Brackets at
// the end of the line that the text did not open are taken to stand behind it.
func (s *scanner) badString(rest string, pos diag.Pos) (lexer.Type, int) {
	end := lineEnd(rest)
	for i := 1; i < end; i++ {
		switch {
		case rest[i] == '"':
			s.problems.Add(pos, UnreadableText, `write \\ for a backslash`,
				"the text holds an escape or a character that cannot stand in it")
			return lexer.String, i + 1
		case rest[i] == '\\' && i+1 < end:
			i++
		}
	}
	inside := strings.TrimRight(rest[:end], " \t{")
	for strings.HasSuffix(inside, ")") && strings.Count(inside, ")") > strings.Count(inside, "(") {
		inside = strings.TrimRight(inside[:len(inside)-1], " \t")
	}
	place := pos
	place.Column += utf8.RuneCountInString(inside)
	edit := diag.Edit{Pos: place, Text: `"`}
	s.problems.AddEdit(pos, OpenString, `close it with "`, edit, "the text is not closed on its line")
	return lexer.String, len(inside)
}

// closingQuotes gives what may close a text that starts with a single or typographic quote, empty where it starts with
// another sign.
func closingQuotes(text string) string {
	opening, _ := utf8.DecodeRuneInString(text)
	switch opening {
	case '\'':
		return "'"
	case '“', '”', '„':
		return "“”\""
	case '‘', '’':
		return "’"
	case '«':
		return "»"
	default:
		return ""
	}
}

// otherQuotes reports a text in single or typographic quotes, and gives its width in bytes.
func (s *scanner) otherQuotes(rest string, pos diag.Pos) int {
	_, first := utf8.DecodeRuneInString(rest)
	inner := rest[first:max(lineEnd(rest), first)]
	if n := strings.IndexAny(inner, closingQuotes(rest)); n > 0 && !strings.ContainsAny(inner[:n], `"\`) {
		_, last := utf8.DecodeRuneInString(inner[n:])
		width := first + n + last
		fixed := `"` + inner[:n] + `"`
		edit := diag.Edit{Pos: pos, Length: utf8.RuneCountInString(rest[:width]), Text: fixed}
		s.problems.AddEdit(pos, UnreadableText, "write "+fixed, edit, "text stands in double quotes")
		return width
	}
	s.problems.Add(pos, UnreadableText, `write "`, "text stands in double quotes")
	return lineEnd(rest)
}

// slashes reports a comment of other languages, and goes on behind it.
func (s *scanner) slashes(rest string, pos diag.Pos, at, char int) {
	width, edit := lineEnd(rest), diag.Edit{Pos: pos, Length: 2, Text: "#"}
	if strings.HasPrefix(rest, "/*") {
		line := rest[:width]
		inside, _, _ := strings.Cut(rest[2:], "*/")
		width = min(len(inside)+4, len(rest))
		if strings.TrimRight(line, " \t") == rest[:width] {
			edit = diag.Edit{Pos: pos, Length: utf8.RuneCountInString(line), Text: "#" + strings.TrimRight(inside, " \t")}
		} else {
			edit = diag.Edit{}
		}
	}
	s.problems.AddEdit(pos, UnreadableText, `write "#"`, edit, "a comment starts with \"#\"")
	s.begin, s.chars, s.lexer = at+width, char+utf8.RuneCountInString(rest[:width]), nil
}

func (s *scanner) badCharacter(r rune, width int, pos diag.Pos) {
	edit := diag.Edit{Pos: pos, Length: 1}
	switch {
	case r == utf8.RuneError && width == 1:
		s.problems.Add(pos, UnreadableText, "save the file as UTF-8", "the file is not UTF-8 here")
	case r == ';':
		s.problems.AddEdit(pos, UnreadableText, `leave out ";"`, edit, `";" has no meaning: a line end or a comma separates`)
	case r == '?':
		s.problems.AddEdit(pos, UnreadableText, `leave out "?"`, edit, `what has no "!" may be null, without a "?"`)
	case r < ' ':
		s.problems.AddEdit(pos, UnreadableText, "leave it out", edit, "the control character %q has no meaning", r)
	default:
		s.problems.Add(pos, UnreadableText, "", "%q cannot stand here", r)
	}
}

func lineEnd(text string) int {
	if i := strings.IndexAny(text, "\r\n"); i >= 0 {
		return i
	}
	return len(text)
}
