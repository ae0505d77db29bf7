package design

import (
	"strings"

	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/fettlehq/fettle/diag"
)

// maxDepth is how deep lists and objects may nest in a literal.
const maxDepth = 32

// directives reads the directives that stand on something.
func (p *parser) directives() ([]*Directive, bool) {
	var ds []*Directive
	for p.at(lexer.At) {
		d := &Directive{Pos: p.take().pos}
		name, ok := p.name("the name of a directive")
		if !ok {
			return ds, false
		}
		d.Name = name.text
		ds = append(ds, d)
		if p.at(lexer.ParenL) && !p.arguments(d) {
			p.partial[d] = true
			return ds, false
		}
	}
	return ds, true
}

// arguments reads (name: value, …).
func (p *parser) arguments(d *Directive) bool {
	open, first := p.next, p.peek()
	return p.between(lexer.ParenL, lexer.ParenR, "@"+d.Name, func() bool {
		if p.nextField(d, open) {
			return p.openArguments(open, first)
		}
		name, ok := p.name("an argument of @" + d.Name)
		if !ok {
			return p.openArguments(open, first)
		}
		if !p.at(lexer.Colon) {
			return p.noColon(d, name)
		}
		p.take()
		v, ok := p.literal()
		if ok {
			d.Args = append(d.Args, Arg{Pos: name.pos, Name: name.text, Value: v})
		}
		return ok
	})
}

// nextField reports whether the next line's field stands where an argument is expected: the directive has none of that
// name, and the first argument stood on the line of its parenthesis.
func (p *parser) nextField(d *Directive, open int) bool {
	t := p.peek()
	def := p.prelude.directives[d.Name]
	return t.first && p.next > open+1 && !p.tokens[open+1].first && p.startsField(p.next) &&
		(def == nil || def.Arguments.ForName(t.text) == nil)
}

func (p *parser) noColon(d *Directive, name token) bool {
	hint := "write " + name.text + ": and its value"
	return p.fail(p.peek().pos, Unexpected, hint, "expected \":\" after argument %q of @%s, found %s", name.text, d.Name, p.peek().describe())
}

// openArguments tells a parenthesis that was left open, which runs into the next lines, from a stray sign.
func (p *parser) openArguments(open int, bracket token) bool {
	if !p.peek().first && p.peek().kind != lexer.BraceR && p.peek().kind != lexer.BraceL && p.peek().kind != lexer.At {
		return p.unexpected("the name of an argument")
	}
	end := open + 1
	for end < p.next && !p.tokens[end].first {
		end++
	}
	p.next = end
	return p.open(bracket, lexer.ParenR)
}

// literal reads a value.
func (p *parser) literal() (Value, bool) {
	t := p.peek()
	v := Value{Pos: t.pos, Text: t.text}
	switch t.kind {
	case lexer.Int:
		v.Kind = IntValue
	case lexer.Float:
		v.Kind = FloatValue
	case lexer.String, lexer.BlockString:
		v.Kind = StringValue
	case lexer.Name:
		v.Kind = wordKind(t.text)
	case lexer.BracketL:
		return p.list()
	case lexer.BraceL:
		return p.object()
	case lexer.Dollar:
		return v, p.fail(t.pos, NotInLanguage, "", "a design has no variables")
	default:
		return v, p.unexpected("a value")
	}
	p.take()
	return v, true
}

func wordKind(word string) ValueKind {
	switch word {
	case "true", "false":
		return BoolValue
	case "null":
		return NullValue
	default:
		return NameValue
	}
}

func (p *parser) list() (Value, bool) {
	bracket := p.peek()
	v := Value{Pos: bracket.pos, Kind: ListValue}
	if !p.deeper() {
		return v, false
	}
	defer func() { p.depth-- }()
	p.take()
	for !p.skip(lexer.BracketR) {
		if k := p.peek().kind; k == lexer.EOF || k == lexer.ParenR || k == lexer.BraceR || k == lexer.Colon {
			return v, p.open(bracket, lexer.BracketR)
		}
		item, ok := p.literal()
		if !ok {
			return v, false
		}
		v.List = append(v.List, item)
	}
	return v, true
}

func (p *parser) object() (Value, bool) {
	brace := p.peek()
	v := Value{Pos: brace.pos, Kind: ObjectValue}
	if !p.deeper() {
		return v, false
	}
	defer func() { p.depth-- }()
	p.take()
	for !p.skip(lexer.BraceR) {
		if p.at(lexer.EOF) || p.at(lexer.ParenR) {
			return v, p.open(brace, lexer.BraceR)
		}
		name, ok := p.name("a name in the object")
		if !ok {
			return v, false
		}
		if !p.skip(lexer.Colon) {
			return v, p.unexpected(`":" after "` + name.text + `"`)
		}
		item, ok := p.literal()
		if !ok {
			return v, false
		}
		v.Args = append(v.Args, Arg{Pos: name.pos, Name: name.text, Value: item})
	}
	return v, true
}

func (p *parser) deeper() bool {
	if p.depth == maxDepth {
		return p.fail(p.peek().pos, TooLarge, "", "values nest deeper than %d", maxDepth)
	}
	p.depth++
	return true
}

// source writes a value as SDL.
func (v Value) source() string {
	switch v.Kind {
	case StringValue:
		return quote(v.Text)
	case ListValue:
		var items []string
		for _, item := range v.List {
			items = append(items, item.source())
		}
		return "[" + strings.Join(items, ", ") + "]"
	case ObjectValue:
		var items []string
		for _, a := range v.Args {
			items = append(items, a.Name+": "+a.Value.source())
		}
		return "{" + strings.Join(items, ", ") + "}"
	default:
		return v.Text
	}
}

func quote(text string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`).Replace(text) + `"`
}

// span is the edit that replaces a word at a place by another.
func (r *resolver) span(pos diag.Pos, text string) diag.Edit {
	return diag.Edit{Pos: pos, Length: r.spans[pos], Text: text}
}
