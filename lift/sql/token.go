package sql

import (
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fettlehq/fettle/facts"
)

// token is a word of SQL. Text is lower case of a plain word, and as it is of all else.
type token struct {
	kind tokenKind
	text string
	at   int // the byte where it begins
	end  int

	sometimes bool         // is there only where the code puts it
	given     *facts.Given // and puts it where a caller gives this
}

// What stands in a text between Sometimes and Again is there only where a condition of the code holds, which Where may say.
const (
	Sometimes = "\uFFF9"
	Again     = "\uFFFB"
	where     = "\uFFFE"
	partly    = "…" // of what is given, where something else must hold as well
)

// OnlyWhere marks a text that is there only where a condition holds: that a caller gives something, or one that is not known.
func OnlyWhere(given *facts.Given, text string) string {
	if given == nil {
		return Sometimes + text + Again
	}
	mark := strconv.Itoa(given.Param) + "." + given.Field
	if given.Partly {
		mark += partly
	}
	return Sometimes + where + mark + where + text + Again
}

var marks = regexp.MustCompile(Sometimes + "|" + Again + "|" + where + "[^" + where + "]*" + where)

// Always is a text without the marks of what is there only sometimes.
func Always(text string) string {
	if !strings.Contains(text, Sometimes) {
		return text
	}
	return marks.ReplaceAllString(text, "")
}

// read reads what Where says.
func read(mark string) *facts.Given {
	param, field, _ := strings.Cut(mark, ".")
	n, err := strconv.Atoi(param)
	if err != nil {
		return nil
	}
	field, more := strings.CutSuffix(field, partly)
	return &facts.Given{Param: n, Field: field, Partly: more}
}

type tokenKind int

const (
	word    tokenKind = iota // a name or keyword
	quoted                   // a name in quotes
	literal                  // a string
	number
	param // $1 ? :name @name
	mark  // punctuation and operators
	gap   // a piece that is not known
)

// filledIn is a schema that the runner of migrations writes before a name: {{ .Namespace }}.users, "{{ .Namespace }}"."users".
var filledIn = regexp.MustCompile(`^("\{\{[^{}]*\}\}"|\{\{[^{}]*\}\})\.`)

// tokens cuts SQL of PostgreSQL, MySQL or SQLite into words, without comments. What no dialect has is a mark.
func tokens(text string) []token {
	var out []token
	sometimes := 0
	var given *facts.Given
	for i := 0; i < len(text); {
		c, width := utf8.DecodeRuneInString(text[i:])
		start := i
		add := func(kind tokenKind, s string, end int) {
			out = append(out, token{kind, s, start, end, sometimes > 0, given})
			i = end
		}
		rest := text[i:]
		switch {
		case unicode.IsSpace(c):
			i += width
		case strings.HasPrefix(rest, Sometimes):
			sometimes++
			given = nil // of one within another nobody knows when it is there
			i += width
		case strings.HasPrefix(rest, where):
			end := i + width + max(0, strings.Index(rest[width:], where))
			if sometimes == 1 {
				given = read(text[i+width : end])
			}
			i = end + width
		case strings.HasPrefix(rest, Again):
			sometimes--
			given = nil
			i += width
		case strings.HasPrefix(rest, "--"):
			i = lineEnd(text, i)
		case c == '#' && !strings.HasPrefix(rest, "#>") && !strings.HasPrefix(rest, "#-"):
			i = lineEnd(text, i)
		case strings.HasPrefix(rest, "/*"):
			if end := strings.Index(rest[2:], "*/"); end >= 0 {
				i += end + 4
			} else {
				i = len(text)
			}
		case (c == '{' || c == '"') && filledIn.MatchString(rest):
			i += len(filledIn.FindString(rest))
		case c == '\'':
			end := stringEnd(text, i, '\'')
			add(literal, text[start:end], end)
		case c == '"', c == '`':
			end := stringEnd(text, i, byte(c))
			add(quoted, strings.Trim(text[start:end], "\"`"), end)
		case c == '[' && strings.IndexByte(rest, ']') > 1 && isName(rest[1:strings.IndexByte(rest, ']')]) && !afterName(out):
			end := i + strings.IndexByte(rest, ']') + 1
			add(quoted, text[i+1:end-1], end)
		case strings.HasPrefix(rest, "$\uFFFC"): // whose number the code counts
			add(param, "?", i+len("$\uFFFC"))
		case c == '$' && len(rest) > 1 && (rest[1] < '0' || rest[1] > '9'):
			if end := dollarEnd(text, i); end > 0 {
				add(literal, text[start:end], end)
			} else {
				add(param, "$", i+1)
			}
		case c == '$' || c == '?' && !strings.HasPrefix(rest, "?|") && !strings.HasPrefix(rest, "?&"):
			end := i + 1
			for end < len(text) && text[end] >= '0' && text[end] <= '9' {
				end++
			}
			add(param, text[start:end], end)
		case strings.HasPrefix(rest, "::"):
			add(mark, "::", i+2)
		case (c == ':' || c == '@') && len(rest) > 1 && (unicode.IsLetter(rune(rest[1])) || rest[1] == '_'):
			end := nameEnd(text, i+1)
			add(param, text[start:end], end)
		case c == '\uFFFC':
			add(gap, "", i+width)
		case c >= '0' && c <= '9':
			end := i
			for end < len(text) && (text[end] >= '0' && text[end] <= '9' || text[end] == '.') {
				end++
			}
			add(number, text[start:end], end)
		case c == '_' || unicode.IsLetter(c):
			end := nameEnd(text, i)
			add(word, strings.ToLower(text[start:end]), end)
		default:
			end := i + width
			for _, operator := range []string{"->>", "<=>", "!~*", "<=", ">=", "<>", "!=", "||", "->", "@>", "<@", "&&", "~*", "!~"} {
				if strings.HasPrefix(rest, operator) {
					end = i + len(operator)
					break
				}
			}
			add(mark, text[start:end], end)
		}
	}
	return out
}

func afterName(out []token) bool {
	return len(out) > 0 && (out[len(out)-1].kind == word || out[len(out)-1].kind == quoted) && out[len(out)-1].text == "array"
}

func isName(s string) bool {
	for i, c := range s {
		if c != '_' && !unicode.IsLetter(c) && (i == 0 || !unicode.IsDigit(c) && c != ' ') {
			return false
		}
	}
	return s != ""
}

func lineEnd(text string, from int) int {
	if end := strings.IndexByte(text[from:], '\n'); end >= 0 {
		return from + end + 1
	}
	return len(text)
}

// stringEnd is behind the closing quote; a doubled quote, or one behind a backslash, is part of the text.
func stringEnd(text string, from int, quote byte) int {
	for i := from + 1; i < len(text); i++ {
		switch {
		case text[i] == '\\' && quote == '\'' && i+1 < len(text) && text[i+1] == '\'' && i+2 < len(text) && strings.IndexByte(text[i+2:], '\'') >= 0 && from > 0 && (text[from-1] == 'E' || text[from-1] == 'e'):
			i++
		case text[i] == quote && i+1 < len(text) && text[i+1] == quote:
			i++
		case text[i] == quote:
			return i + 1
		}
	}
	return len(text)
}

// dollarEnd is behind a text in dollars, such as a function's body; 0 where there is none.
func dollarEnd(text string, from int) int {
	end := strings.IndexByte(text[from+1:], '$')
	if end < 0 || !isName(strings.ReplaceAll("a"+text[from+1:from+1+end], " ", "!")) {
		return 0
	}
	tag := text[from : from+end+2]
	if stop := strings.Index(text[from+len(tag):], tag); stop >= 0 {
		return from + len(tag) + stop + len(tag)
	}
	return len(text)
}

func nameEnd(text string, from int) int {
	for i, c := range text[from:] {
		if c != '_' && c != '$' && !unicode.IsLetter(c) && !unicode.IsDigit(c) {
			return from + i
		}
	}
	return len(text)
}

// is reports whether a token is one of these keywords or marks.
func (t token) is(texts ...string) bool {
	if t.kind != word && t.kind != mark {
		return false
	}
	for _, text := range texts {
		if t.text == text {
			return true
		}
	}
	return false
}

func (t token) name() bool { return t.kind == word || t.kind == quoted }

// split cuts a list of tokens at a mark or keyword outside of parentheses.
func split(list []token, separators ...string) [][]token {
	var out [][]token
	depth, from, between := 0, 0, false
	for i, t := range list {
		switch {
		case t.is("(", "["):
			depth++
		case t.is(")", "]"):
			depth--
		case depth == 0 && t.is("between"):
			between = true
		case depth == 0 && t.is("and") && between:
			between = false
		case depth == 0 && t.is(separators...):
			out = append(out, list[from:i])
			from = i + 1
		}
	}
	return append(out, list[from:])
}

// until finds the first of these keywords outside of parentheses, or the end.
func until(list []token, from int, words ...string) int {
	depth := 0
	for i := from; i < len(list); i++ {
		switch {
		case list[i].is("(", "["):
			depth++
		case list[i].is(")", "]"):
			depth--
		case depth == 0 && list[i].is(words...):
			return i
		}
	}
	return len(list)
}

// closing is the place of the parenthesis that closes the one at from, or the end.
func closing(list []token, from int) int {
	depth := 0
	for i := from; i < len(list); i++ {
		if list[i].is("(", "[") {
			depth++
		} else if list[i].is(")", "]") {
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(list)
}
