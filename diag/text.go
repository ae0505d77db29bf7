package diag

import (
	"fmt"
	"io"
	"strings"
	"unicode"
)

// Text prints diagnostics for people, each with its source line and a caret:
//
//	design/orders.graphql:12:9: Order has no field "totl" [D204]
//	    12 | totl: Int
//	       | ^
//	  hint: did you mean "total"?
//
// sources holds the files' texts by name; a file that is not in it is printed without its line.
func Text(w io.Writer, list List, sources map[string]string, colour bool) error {
	p := palette{}
	if colour {
		p = palette{place: "\x1b[1m", code: "\x1b[2m", caret: "\x1b[31m", hint: "\x1b[36m", end: "\x1b[0m"}
	}
	lines := map[string][]string{}
	for name, text := range sources {
		lines[name] = split(text)
	}
	var b strings.Builder
	for _, d := range list {
		p.print(&b, d, lines[d.Pos.File])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// palette holds the escape sequences of a terminal, or nothing.
type palette struct{ place, code, caret, hint, end string }

func (p palette) print(b *strings.Builder, d Diagnostic, lines []string) {
	if place := d.Pos.String(); place != "" {
		fmt.Fprintf(b, "%s%s:%s ", p.place, place, p.end)
	}
	fmt.Fprintf(b, "%s %s[%s]%s\n", printable(d.Message), p.code, d.Code, p.end)
	if n := d.Pos.Line; n >= 1 && n <= len(lines) {
		text, column := window(lines[n-1], d.Pos.Column)
		number := fmt.Sprint(n)
		fmt.Fprintf(b, "    %s | %s\n", number, printable(text))
		fmt.Fprintf(b, "    %s | %s%s^%s\n", strings.Repeat(" ", len(number)), blank(text, column), p.caret, p.end)
	}
	if d.Hint != "" {
		fmt.Fprintf(b, "  %shint:%s %s\n", p.hint, p.end, printable(d.Hint))
	}
}

// String writes file:line:column, as editors take it; nothing for nowhere.
func (p Pos) String() string {
	switch {
	case p == Pos{}:
		return ""
	case p.Line == 0:
		return p.File
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column)
	}
}

// split cuts a text into lines, which end with LF, CR or both.
func split(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	return strings.Split(strings.ReplaceAll(text, "\r", "\n"), "\n")
}

// widest is how many characters of a source line are shown.
const widest = 120

// window cuts the part of a line that is shown, without its indentation, and moves the column into it.
func window(line string, column int) (string, int) {
	runes := []rune(line)
	at := min(max(column-1, 0), len(runes))
	from := 0
	for from < at && (unicode.IsSpace(runes[from]) || runes[from] == '\uFEFF') {
		from++
	}
	if at-from > widest/2 && len(runes)-from > widest {
		from = at - widest/2
	}
	to := min(len(runes), from+widest)
	return strings.TrimRightFunc(string(runes[from:to]), unicode.IsSpace), at - from
}

// blank is the space before the caret. A tab stays one, so that the caret stands below its character.
func blank(text string, n int) string {
	var b strings.Builder
	for _, c := range text {
		if n--; n < 0 {
			break
		}
		if c == '\t' {
			b.WriteByte('\t')
		} else {
			b.WriteByte(' ')
		}
	}
	return b.String() + strings.Repeat(" ", max(n, 0))
}

// printable keeps what a file holds from commanding the terminal.
func printable(text string) string {
	return strings.Map(func(c rune) rune {
		if c == '\t' || unicode.IsPrint(c) {
			return c
		}
		return '\uFFFD'
	}, text)
}
