package design

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/fettlehq/fettle/diag"
)

// maxDepth is how deep lists and objects may nest in a literal.
const maxDepth = 32

// directives reads the directives that stand on something.
func (p *parser) directives() ([]*Directive, bool) {
	var ds []*Directive
	for p.at(lexer.At) || p.forgotAt() {
		sign := p.peek()
		p.skip(lexer.At)
		if p.peek().first && sign.kind == lexer.At {
			return ds, p.fail(sign.pos, Unexpected, "", "expected the name of a directive behind \"@\"")
		}
		name, ok := p.name("the name of a directive")
		if !ok {
			return ds, false
		}
		d := &Directive{Pos: sign.pos, Name: name.text}
		ds = append(ds, d)
		if p.at(lexer.ParenL) && !p.arguments(d) {
			p.partial[d] = true
			return ds, false
		}
		d.End = p.after()
	}
	return ds, true
}

// forgotAt reports a directive without its "@": its name and parentheses on the same line, which no colon follows as
// it would an operation's.
func (p *parser) forgotAt() bool {
	t := p.peek()
	if t.kind != lexer.Name || t.first || p.ahead() != lexer.ParenL || p.prelude.directives[t.text] == nil {
		return false
	}
	behind, depth := p.next+1, 0
	for ; behind < len(p.tokens); behind++ {
		switch p.tokens[behind].kind {
		case lexer.ParenL:
			depth++
		case lexer.ParenR:
			depth--
		}
		if depth == 0 {
			break
		}
	}
	if behind+1 >= len(p.tokens) || p.tokens[behind+1].kind == lexer.Colon {
		return false
	}
	p.failEdit(t.pos, Unexpected, "write @"+t.text, diag.Edit{Pos: t.pos, Text: "@"}, "a directive starts with \"@\"")
	return true
}

// arguments reads (name: value, …).
func (p *parser) arguments(d *Directive) bool {
	open := p.next
	bracket := p.take()
	if p.at(lexer.ParenR) && !p.prelude.needsArguments(d.Name) {
		p.failEdit(bracket.pos, Empty, "leave out ( )", diag.Between(bracket.pos, p.peek().end(), ""), "@%s has nothing between ( and )", d.Name)
	}
	for !p.skip(lexer.ParenR) {
		if !p.at(lexer.Name) || p.nextField(d, open) {
			return p.openArguments(d, open, bracket)
		}
		if !p.argument(d) {
			return false
		}
	}
	return true
}

func (p *parser) argument(d *Directive) bool {
	name := p.take()
	if t := p.peek(); !p.skip(lexer.Colon) {
		const message = "expected \":\" after argument %q of @%s, found %s"
		if n := len(d.Args); n > 0 && (name.text == "ASC" || name.text == "DESC") {
			p.orderWord(name, d.Args[n-1].Value)
			return true
		}
		if !t.isValue() || t.first {
			return p.fail(t.pos, Unexpected, "write "+name.text+": and its value", message, name.text, d.Name, t.describe())
		}
		edit := diag.Edit{Pos: p.after(), Text: ":"}
		p.failEdit(t.pos, Unexpected, `write ":" before it`, edit, message, name.text, d.Name, t.describe())
	}
	p.of = d.Name
	v, ok := p.literal()
	if ok {
		d.Args = append(d.Args, Arg{Pos: name.pos, Name: name.text, Value: v})
	}
	return ok
}

// orderWord takes createdAt DESC for createdAt_DESC.
func (p *parser) orderWord(word token, field Value) {
	edit := diag.Between(field.End, word.end(), "_"+word.text)
	p.failEdit(word.pos, Unexpected, "write "+field.Text+"_"+word.text, edit, "the direction of an order is part of its name")
}

func (t token) isValue() bool {
	return slices.Contains([]lexer.Type{lexer.Name, lexer.Int, lexer.Float, lexer.String, lexer.BlockString, lexer.BracketL}, t.kind)
}

// nextField reports whether the next line's field stands where an argument is expected: the directive has none of that
// name, and the first argument stood on the line of its parenthesis.
func (p *parser) nextField(d *Directive, open int) bool {
	t := p.peek()
	def := p.prelude.directives[d.Name]
	return t.first && p.next > open+1 && !p.tokens[open+1].first && p.startsField(p.next) &&
		(def == nil || def.Arguments.ForName(t.text) == nil)
}

// openArguments tells a parenthesis that was left open, which runs into the next lines, from a stray sign. It goes on
// behind the line of the parenthesis, as if it were closed there.
func (p *parser) openArguments(d *Directive, open int, bracket token) bool {
	t := p.peek()
	if !t.first && !slices.Contains([]lexer.Type{lexer.BraceR, lexer.BraceL, lexer.At, lexer.EOF}, t.kind) {
		return p.unexpected("the name of an argument")
	}
	end := open + 1
	for end < p.next && !p.tokens[end].first {
		end++
	}
	p.next = end
	d.Args = slices.DeleteFunc(d.Args, func(a Arg) bool { return a.Pos.Line > p.tokens[end-1].last })
	p.partial[d] = true
	if end == open+1 {
		edit := diag.Edit{Pos: bracket.pos, Length: 1}
		p.failEdit(bracket.pos, OpenBracket, `leave out "("`, edit, `"(" is never closed`)
		return true
	}
	p.open(bracket, lexer.ParenR)
	return true
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
		v.Kind, v.Block = StringValue, t.kind == lexer.BlockString
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
	v.End = p.after()
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
		switch p.peek().kind {
		case lexer.EOF, lexer.BraceR:
			return v, p.open(bracket, lexer.BracketR)
		case lexer.Colon: // the last name is the next argument's, if there is one
			if !p.argumentStarts() {
				return v, p.unexpected("a value or \"]\"")
			}
			v.List = v.List[:len(v.List)-1]
			p.next--
			fallthrough
		case lexer.ParenR:
			p.open(bracket, lexer.BracketR)
			return v, !p.at(lexer.Colon)
		}
		item, ok := p.literal()
		if !ok {
			return v, false
		}
		if n := len(v.List); p.of == "page" && n > 0 && (item.Text == "ASC" || item.Text == "DESC") {
			p.orderWord(p.tokens[p.next-1], v.List[n-1])
			continue
		}
		v.List = append(v.List, item)
	}
	v.End = p.after()
	return v, true
}

// argumentStarts reports whether the last token names an argument of the directive that is being read.
func (p *parser) argumentStarts() bool {
	def, last := p.prelude.directives[p.of], p.tokens[p.next-1]
	return def == nil && last.kind == lexer.Name || def != nil && def.Arguments.ForName(last.text) != nil
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
	v.End = p.after()
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
