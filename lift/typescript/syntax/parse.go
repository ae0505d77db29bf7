package syntax

import (
	"sort"
	"strings"
	"unicode/utf8"
)

// Parse reads a file. It never fails: what could not be read is in Broken.
func Parse(name, text string) *File {
	p := &parser{scanner: scanner{text: text}, file: &File{Name: name, Text: text}, jsx: strings.HasSuffix(name, "x"), arrows: map[int]bool{}, functions: map[int]bool{}}
	p.advance()
	p.file.Body = p.statements("")
	p.file.Comments = p.comments
	return p.file
}

// deepest bounds how deep things may stand within each other: what is deeper is broken.
const deepest = 300

// parser reads a tree from tokens, one ahead.
type parser struct {
	scanner
	file      *File
	tok       token
	before    int // where the token before ended
	depth     int
	jsx       bool
	arrows    map[int]bool // whether an arrow function begins at an offset
	functions map[int]bool // whether a type of functions does
	noIn      bool         // in the head of a for
	noCond    bool         // before the ? of a conditional type
	ternary   int          // how many ? are open whose : is to come
	leading   int          // the offset where an assignment may begin that takes apart
	trying    int
}

// failure is what parsing a statement or member stops with.
type failure struct{ at int }

// state is where a parser stands, to come back to.
type state struct {
	at, before, comments, depth int
	tok                         token
	noIn, noCond                bool
	ternary                     int
}

func (p *parser) save() state {
	return state{p.at, p.before, len(p.comments), p.depth, p.tok, p.noIn, p.noCond, p.ternary}
}

func (p *parser) restore(s state) {
	p.at, p.before, p.comments, p.depth, p.tok = s.at, s.before, p.comments[:s.comments], s.depth, s.tok
	p.noIn, p.noCond, p.ternary = s.noIn, s.noCond, s.ternary
}

// fail ends the statement or member that is being read.
func (p *parser) fail() { panic(failure{p.tok.from}) }

// try reports whether reading something succeeds; where it does not, nothing was read.
func (p *parser) try(read func()) (ok bool) {
	s := p.save()
	p.trying++
	defer func() {
		p.trying--
		if r := recover(); r != nil {
			if _, is := r.(failure); !is {
				panic(r)
			}
			p.restore(s)
			ok = false
		}
	}()
	read()
	return true
}

// down goes one level deeper; the caller goes up again.
func (p *parser) down() {
	if p.depth++; p.depth > deepest {
		p.fail()
	}
}

func (p *parser) up() { p.depth-- }

// advance reads the next token. What stands before says whether / begins a pattern.
func (p *parser) advance() {
	p.before = p.tok.to
	p.tok = p.next(p.valueNext(), false)
}

// valueNext reports whether a value may begin behind the token at hand.
func (p *parser) valueNext() bool {
	switch p.tok.kind {
	case word:
		switch p.tok.value {
		case "return", "typeof", "instanceof", "in", "of", "new", "delete", "void", "throw", "case", "do", "else", "await", "yield":
			return true
		}
		return false
	case private, number, text, regexpKind:
		return false
	case template:
		return p.tok.more
	case punct:
		return p.tok.value != ")" && p.tok.value != "]" && p.tok.value != "}" && p.tok.value != "++" && p.tok.value != "--" && p.tok.value != "!"
	}
	return true
}

// again reads the token at hand anew, as the beginning of a value, or in a type.
func (p *parser) again(value, types bool) {
	p.at = p.tok.from
	line := p.tok.line
	p.tok = p.next(value, types)
	p.tok.line = line
}

// is reports whether a sign or word is at hand.
func (p *parser) is(value string) bool {
	return (p.tok.kind == punct || p.tok.kind == word) && p.tok.value == value
}

// isAny reports whether one of some signs or words is at hand.
func (p *parser) isAny(values ...string) bool {
	for _, v := range values {
		if p.is(v) {
			return true
		}
	}
	return false
}

// take passes a sign or word, if it is at hand.
func (p *parser) take(value string) bool {
	if p.is(value) {
		p.advance()
		return true
	}
	return false
}

// need passes a sign or word that must stand here.
func (p *parser) need(value string) {
	if !p.take(value) {
		p.fail()
	}
}

// ident passes a name.
func (p *parser) ident() string {
	if p.tok.kind != word {
		p.fail()
	}
	name := p.tok.value
	p.advance()
	return name
}

// peek is the token behind the one at hand.
func (p *parser) peek() token {
	s := p.save()
	p.advance()
	t := p.tok
	p.restore(s)
	return t
}

// semicolon passes the end of a statement, which a line's end may be.
func (p *parser) semicolon() {
	if p.take(";") || p.is("}") || p.tok.kind == end || p.tok.line {
		return
	}
	p.fail()
}

// span is what was read since an offset.
func (p *parser) span(from int) Span { return Span{from, max(from, p.before)} }

// broken notes that something could not be read, and passes it: up to the end of what looks like a statement, or before the bracket that closes
// what is around it.
func (p *parser) broken(from, at int) {
	if n := len(p.file.Broken); n == 0 || p.file.Broken[n-1] != at {
		p.file.Broken = append(p.file.Broken, at)
	}
	if p.tok.from == from && p.tok.kind != end {
		p.passOne()
	}
	for p.tok.kind != end && !p.is("}") {
		if p.take(";") {
			return
		}
		if p.tok.line && p.before > at {
			return
		}
		p.passOne()
	}
}

// passOne passes a token, with all up to the end of the bracket that it opens.
func (p *parser) passOne() {
	var open []bool // brackets, and whether each is that of a value in a template
	for p.tok.kind != end {
		switch {
		case p.tok.kind == template && p.tok.more:
			open = append(open, true)
		case p.tok.kind == punct && (p.tok.value == "{" || p.tok.value == "(" || p.tok.value == "["):
			open = append(open, false)
		case p.tok.kind == punct && (p.tok.value == "}" || p.tok.value == ")" || p.tok.value == "]"):
			if n := len(open); n > 0 && open[n-1] && p.tok.value == "}" {
				p.resume()
				if !p.tok.more {
					open = open[:n-1]
				}
			} else if n > 0 {
				open = open[:n-1]
			}
		}
		p.advance()
		if len(open) == 0 {
			return
		}
	}
}

// resume reads on in a template, from the } that ends a value in it.
func (p *parser) resume() {
	p.before = p.tok.to
	p.at = p.tok.to
	p.tok = p.part(token{from: p.at})
}

// Line is the line and column of an offset, counted from 1; the column counts characters.
func (f *File) Line(offset int) (line, column int) {
	if f.lines == nil {
		f.lines = []int{0}
		for i := range len(f.Text) {
			if f.Text[i] == '\n' {
				f.lines = append(f.lines, i+1)
			}
		}
	}
	offset = min(offset, len(f.Text))
	line = sort.Search(len(f.lines), func(i int) bool { return f.lines[i] > offset })
	return line, utf8.RuneCountInString(f.Text[f.lines[line-1]:offset]) + 1
}
