package design

import (
	"fmt"
	"strings"

	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/fettlehq/fettle/diag"
)

// Parse reads the files of a design and reports every mistake in their text and names. The Design is never nil: what
// a mistake broke is repaired as its hint says, or marked Broken, so that later passes can go on and report more.
func Parse(files []Source, problems *diag.List) *Design {
	d := &Design{ByName: map[string]*Type{}}
	r := newResolver(d, problems)
	for _, file := range files {
		parseFile(file, r)
	}
	r.resolve()
	problems.Sort()
	return d
}

// Texts gives the files' texts by name, as diag.Text wants them.
func Texts(files []Source) map[string]string {
	texts := make(map[string]string, len(files))
	for _, file := range files {
		texts[file.Name] = file.Text
	}
	return texts
}

func parseFile(file Source, r *resolver) {
	s := scan(file, r.problems)
	module := r.module(file, s.doc)
	for _, piece := range cut(s.tokens) {
		p := &parser{resolver: r, module: module, tokens: piece, bad: s.bad, cut: s.cut}
		p.definition()
	}
	if s.cut {
		r.unread(declared(file.Text), module)
	}
}

// parser reads one definition. Its methods return false once they have reported, and leave the parser where they
// stopped; the loops over fields and the like find the next one.
type parser struct {
	*resolver
	module *Module
	tokens []token
	next   int
	bad    map[int]bool // lines whose mistakes have been reported by scan
	cut    bool         // whether the end of the file could not be read
	broken bool         // whether anything in the definition was reported
	depth  int
	of     string // the directive whose argument is being read
}

func (p *parser) peek() token {
	if p.next < len(p.tokens) {
		return p.tokens[p.next]
	}
	last := p.tokens[len(p.tokens)-1]
	end := last.pos
	if last.last == last.pos.Line {
		end.Column += last.length
	}
	return token{kind: lexer.EOF, pos: end, last: last.last}
}

func (p *parser) at(kind lexer.Type) bool { return p.peek().kind == kind }

func (p *parser) atWord(word string) bool {
	t := p.peek()
	return t.kind == lexer.Name && t.text == word
}

// ahead is the kind of the token after the next.
func (p *parser) ahead() lexer.Type {
	if p.next+1 < len(p.tokens) {
		return p.tokens[p.next+1].kind
	}
	return lexer.EOF
}

func (p *parser) take() token {
	t := p.peek()
	if p.next < len(p.tokens) {
		p.next++
		p.spans[t.pos] = t.length
	}
	return t
}

// advance leaves out a token.
func (p *parser) advance() { p.next = min(p.next+1, len(p.tokens)) }

func (p *parser) skip(kind lexer.Type) bool {
	if p.at(kind) {
		p.take()
		return true
	}
	return false
}

// fail reports a mistake, unless the line has one that may be its cause.
func (p *parser) fail(pos diag.Pos, code diag.Code, hint, format string, args ...any) bool {
	p.broken = true
	if !p.bad[pos.Line] && !p.at(lexer.Invalid) {
		p.problems.Add(pos, code, hint, format, args...)
	}
	return false
}

// failEdit is fail with a hint that can be applied.
func (p *parser) failEdit(pos diag.Pos, code diag.Code, hint string, edit diag.Edit, format string, args ...any) bool {
	n := len(*p.problems)
	p.fail(pos, code, hint, format, args...)
	if len(*p.problems) > n && edit.Pos.Line > 0 {
		(*p.problems)[n].Edit = &edit
	}
	return false
}

// unexpected reports the next token where what was wanted.
func (p *parser) unexpected(what string) bool {
	t := p.peek()
	return p.fail(t.pos, Unexpected, "", "expected %s, found %s", what, t.describe())
}

func (t token) describe() string {
	switch t.kind {
	case lexer.EOF:
		return "the end of the definition"
	case lexer.String, lexer.BlockString:
		return "a text in quotes"
	case lexer.Name, lexer.Int, lexer.Float:
		return fmt.Sprintf("%q", t.text)
	default:
		return fmt.Sprintf("%q", t.kind.String())
	}
}

// name takes a name. what says whose, as in "the name of a field".
func (p *parser) name(what string) (token, bool) {
	if !p.at(lexer.Name) {
		return p.peek(), p.unexpected(what)
	}
	return p.take(), true
}

// after is the place behind the last token taken, where something missing would be inserted.
func (p *parser) after() diag.Pos {
	return p.tokens[max(p.next-1, 0)].end()
}

// end is the place behind a token; that of a text on several lines is not known, and is zero.
func (t token) end() diag.Pos {
	if t.last != t.pos.Line {
		return diag.Pos{}
	}
	return diag.Pos{File: t.pos.File, Line: t.pos.Line, Column: t.pos.Column + t.length}
}

// whole is the edit that leaves out the definition, where it stands on one line.
func (p *parser) whole() diag.Edit {
	return diag.Between(p.tokens[0].pos, p.tokens[len(p.tokens)-1].end(), "")
}

func (p *parser) doc() string {
	if p.at(lexer.String) || p.at(lexer.BlockString) {
		return strings.TrimSpace(p.take().text)
	}
	return ""
}

// between reads items up to a closing bracket. It returns false when the bracket is never closed.
func (p *parser) between(open, closing lexer.Type, of string, item func() bool) bool {
	bracket := p.take()
	if p.at(closing) {
		hint, edit := "", diag.Edit{}
		if closing == lexer.ParenR {
			hint, edit = "leave out ( )", diag.Between(bracket.pos, p.peek().end(), "")
		}
		p.failEdit(bracket.pos, Empty, hint, edit, "%s has nothing between %s and %s", of, open, closing)
		p.take()
		return true
	}
	for !p.at(closing) {
		if p.at(lexer.EOF) {
			return p.open(bracket, closing)
		}
		if !item() {
			return false
		}
	}
	p.take()
	return true
}

// open reports a bracket that is never closed.
func (p *parser) open(bracket token, closing lexer.Type) bool {
	if p.cut || p.unreadable(bracket) {
		p.broken = true
		return false
	}
	edit := diag.Edit{Pos: p.after(), Text: closing.String()}
	if closing == lexer.BraceR {
		edit.Text = "\n}"
	}
	return p.failEdit(bracket.pos, OpenBracket, fmt.Sprintf("close it with %q", closing.String()), edit,
		"%q is never closed", bracket.kind.String())
}

// unreadable reports whether something that scan has reported may have swallowed the other bracket.
func (p *parser) unreadable(bracket token) bool {
	for line := bracket.pos.Line; line <= p.tokens[max(p.next-1, 0)].last; line++ {
		if p.bad[line] {
			return true
		}
	}
	return false
}
