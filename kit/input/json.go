package input

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/fettlehq/fettle/kit"
)

// The bounds of Parse.
const (
	MaxDepth  = 64      // of lists and objects in each other
	MaxValues = 100_000 // those in lists and objects counted
)

// Parse reads one JSON value (RFC 8259) into a tree, keeping numbers as they are written. It is stricter than
// encoding/json: a name twice in an object, a string that is not UTF-8 or half of a surrogate pair is a problem, and so
// is nesting deeper than 64, or more than 100,000 values. Its error is a *kit.Problem MALFORMED that says where.
func Parse(text []byte) (any, error) { return parse(text, MaxValues) }

// ParseKept is Parse for what comes from a database, however many values it has.
func ParseKept(text []byte) (any, error) { return parse(text, len(text)) }

func parse(text []byte, values int) (any, error) {
	p := parser{text: text, left: values}
	if len(text) <= sharedText {
		p.whole = string(text)
	}
	p.space()
	tree, err := p.value(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.at < len(p.text) {
		return nil, p.fail("a value ends here, and more follows")
	}
	return tree, nil
}

// sharedText is the length, in bytes, up to which the strings of a text share its memory: whoever keeps one keeps no more than that.
const sharedText = 4 << 10

type parser struct {
	text  []byte
	whole string // text, where its strings share it
	at    int
	left  int // values that may still come
}

func (p *parser) fail(format string, args ...any) error {
	before := p.text[:min(p.at, len(p.text))]
	line := bytes.Count(before, []byte{'\n'}) + 1
	column := len(before) - bytes.LastIndexByte(before, '\n')
	return &kit.Problem{
		Code: kit.CodeMalformed, Status: http.StatusBadRequest,
		Detail: fmt.Sprintf("Line %d, column %d of the JSON: %s.", line, column, fmt.Sprintf(format, args...)),
	}
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\r', '\n':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) value(depth int) (any, error) {
	if depth > MaxDepth {
		return nil, p.fail("lists and objects nest deeper than %d", MaxDepth)
	}
	if p.left--; p.left < 0 && p.at < len(p.text) {
		return nil, p.fail("it has more than %d values", MaxValues)
	}
	switch c := p.peek(); {
	case p.at >= len(p.text):
		return nil, p.fail("the text ends where a value is expected")
	case c == '{':
		return p.object(depth)
	case c == '[':
		return p.list(depth)
	case c == '"':
		return p.string()
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case c == 't':
		return true, p.word("true")
	case c == 'f':
		return false, p.word("false")
	case c == 'n':
		return nil, p.word("null")
	default:
		return nil, p.fail("a value is expected, not %q", p.text[p.at:p.at+1])
	}
}

func (p *parser) word(word string) error {
	if !bytes.HasPrefix(p.text[p.at:], []byte(word)) {
		return p.fail("a value is expected")
	}
	p.at += len(word)
	return nil
}

func (p *parser) object(depth int) (any, error) {
	object := Object{}
	p.at++
	for p.space(); ; p.space() {
		if p.peek() == '}' && len(object) == 0 {
			break
		}
		if p.peek() != '"' {
			return nil, p.fail("a name in quotes is expected")
		}
		start := p.at
		name, err := p.string()
		if err != nil {
			return nil, err
		}
		if _, twice := object[name]; twice {
			p.at = start
			return nil, p.fail("%q stands twice in an object", shorten(name))
		}
		if p.space(); p.peek() != ':' {
			return nil, p.fail("a colon is expected")
		}
		p.at++
		p.space()
		if object[name], err = p.value(depth + 1); err != nil {
			return nil, err
		}
		if p.space(); p.peek() == '}' {
			break
		}
		if p.peek() != ',' {
			return nil, p.fail("a comma or a closing brace is expected")
		}
		p.at++
	}
	p.at++
	return object, nil
}

func (p *parser) list(depth int) (any, error) {
	list := []any{}
	p.at++
	for p.space(); ; p.space() {
		if p.peek() == ']' && len(list) == 0 {
			break
		}
		element, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, element)
		if p.space(); p.peek() == ']' {
			break
		}
		if p.peek() != ',' {
			return nil, p.fail("a comma or a closing bracket is expected")
		}
		p.at++
	}
	p.at++
	return list, nil
}

func (p *parser) number() (any, error) {
	start := p.at
	for p.at < len(p.text) && isNumberByte(p.text[p.at]) {
		p.at++
	}
	text := string(p.text[start:p.at])
	if !isNumber(text) {
		p.at = start
		return nil, p.fail("a number is malformed")
	}
	return json.Number(text), nil
}

func isNumberByte(c byte) bool {
	return c >= '0' && c <= '9' || c == '-' || c == '+' || c == '.' || c == 'e' || c == 'E'
}

// isInteger tells whether text is -?(0|[1-9][0-9]*).
func isInteger(text string) bool {
	rest, ok := integer(text)
	return ok && rest == ""
}

// isNumber tells whether text is a number of RFC 8259, section 6.
func isNumber(text string) bool {
	rest, ok := integer(text)
	if !ok {
		return false
	}
	if rest != "" && rest[0] == '.' {
		if rest, ok = digits(rest[1:]); !ok {
			return false
		}
	}
	if rest != "" && (rest[0] == 'e' || rest[0] == 'E') {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		if rest, ok = digits(rest); !ok {
			return false
		}
	}
	return rest == ""
}

func integer(text string) (rest string, ok bool) {
	if text != "" && text[0] == '-' {
		text = text[1:]
	}
	if text != "" && text[0] == '0' {
		return text[1:], true
	}
	return digits(text)
}

func digits(text string) (rest string, ok bool) {
	n := 0
	for n < len(text) && text[n] >= '0' && text[n] <= '9' {
		n++
	}
	return text[n:], n > 0
}

func (p *parser) string() (string, error) {
	p.at++
	start := p.at
	for p.at < len(p.text) && p.text[p.at] != '"' && p.text[p.at] != '\\' && p.text[p.at] >= 0x20 {
		p.at++
	}
	if p.peek() == '"' && p.whole != "" && utf8.ValidString(p.whole[start:p.at]) {
		p.at++
		return p.whole[start : p.at-1], nil
	}
	if p.peek() == '"' {
		return p.checked(p.text[start:p.at])
	}
	return p.escaped(bytes.Clone(p.text[start:p.at]))
}

// checked ends a string at its closing quote.
func (p *parser) checked(text []byte) (string, error) {
	if !utf8.Valid(text) {
		return "", p.fail("a string is not UTF-8")
	}
	p.at++
	return string(text), nil
}

// escaped reads on from the first escape.
func (p *parser) escaped(text []byte) (string, error) {
	for p.at < len(p.text) {
		c := p.text[p.at]
		switch {
		case c == '"':
			return p.checked(text)
		case c < 0x20:
			return "", p.fail("a control character in a string must be escaped")
		case c != '\\':
			text = append(text, c)
			p.at++
		default:
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			text = utf8.AppendRune(text, r)
		}
	}
	return "", p.fail("the text ends in a string")
}

func (p *parser) escape() (rune, error) {
	p.at++
	c := p.peek()
	p.at++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		return p.unicode()
	}
	p.at -= 2
	return 0, p.fail("an escape is malformed")
}

func (p *parser) unicode() (rune, error) {
	r, err := p.hex()
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if p.peek() == '\\' && p.at+1 < len(p.text) && p.text[p.at+1] == 'u' {
		p.at += 2
		low, err := p.hex()
		if err != nil {
			return 0, err
		}
		if whole := utf16.DecodeRune(r, low); whole != utf8.RuneError {
			return whole, nil
		}
	}
	return 0, p.fail("half of a surrogate pair stands alone")
}

func (p *parser) hex() (rune, error) {
	if p.at+4 > len(p.text) {
		return 0, p.fail("an escape is malformed")
	}
	n, err := strconv.ParseUint(string(p.text[p.at:p.at+4]), 16, 16)
	if err != nil {
		return 0, p.fail("an escape is malformed")
	}
	p.at += 4
	return rune(n), nil
}
