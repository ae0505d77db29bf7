package prisma

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fettlehq/fettle/facts"
)

// A file is blocks of lines: a word, a name and braces; within, a line is a setting, a field with its type and attributes, or an attribute of
// the whole block. What is not understood is passed, up to the end of its line.

// block is model X { … } or such.
type block struct {
	kind     string
	name     string
	pos      facts.Pos
	settings map[string]string // of a datasource
	lines    []line
}

// line is one line of a block.
type line struct {
	pos        facts.Pos
	name       string // "" of an attribute of the block
	typed      string
	list       bool
	optional   bool
	attributes []attribute
}

// attribute is @name(args) or @@name(args).
type attribute struct {
	name string
	args []argument
}

// argument is value or name: value.
type argument struct {
	name  string
	value string   // of a text without its quotes
	items []string // of [a, b(sort: Desc)], as written
}

// reader reads one file.
type reader struct {
	file string
	text string
	at   int
	line int
	from int // where the line began
}

func read(file, text string) []*block {
	r := &reader{file: file, text: text, line: 1}
	var out []*block
	for r.space(true); r.at < len(r.text); r.space(true) {
		pos := r.pos()
		kind := r.word()
		r.space(false)
		name := r.word()
		r.space(false)
		if kind == "" || r.peek() != '{' {
			r.passLine()
			continue
		}
		r.at++
		b := &block{kind: kind, name: name, pos: pos, settings: map[string]string{}}
		r.body(b)
		out = append(out, b)
	}
	return out
}

func (r *reader) pos() facts.Pos {
	return facts.Pos{File: r.file, Line: r.line, Column: utf8.RuneCountInString(r.text[r.from:r.at]) + 1}
}

func (r *reader) peek() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

// space passes blanks and comments, and lines' ends where asked to.
func (r *reader) space(lines bool) {
	for r.at < len(r.text) {
		switch c := r.text[r.at]; {
		case c == '\n':
			if !lines {
				return
			}
			r.at++
			r.line++
			r.from = r.at
		case c == ' ' || c == '\t' || c == '\r':
			r.at++
		case strings.HasPrefix(r.text[r.at:], "//"):
			for r.at < len(r.text) && r.text[r.at] != '\n' {
				r.at++
			}
		default:
			return
		}
	}
}

func (r *reader) passLine() {
	for r.at < len(r.text) && r.text[r.at] != '\n' {
		r.at++
	}
}

// word reads a name, with dots in it.
func (r *reader) word() string {
	from := r.at
	for r.at < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.at:])
		if !unicode.IsLetter(c) && !unicode.IsDigit(c) && c != '_' && c != '.' && c != '-' {
			break
		}
		r.at += size
	}
	return r.text[from:r.at]
}

// body reads the lines of a block, up to its brace.
func (r *reader) body(b *block) {
	for r.space(true); r.at < len(r.text); r.space(true) {
		if r.peek() == '}' {
			r.at++
			return
		}
		l := line{pos: r.pos()}
		if r.peek() == '@' {
			l.attributes = r.attributes()
		} else {
			l.name = r.word()
			r.space(false)
			if r.peek() == '=' { // a setting
				r.at++
				r.space(false)
				b.settings[l.name] = r.value()
				r.passLine()
				continue
			}
			l.typed = r.word()
			if r.peek() == '(' { // Unsupported("…")
				r.brackets()
			}
			for c := r.peek(); c == '[' || c == ']' || c == '?' || c == '!'; c = r.peek() {
				l.list, l.optional = l.list || c == '[', l.optional || c == '?'
				r.at++
			}
			l.attributes = r.attributes()
		}
		b.lines = append(b.lines, l)
		r.passLine()
	}
}

// attributes reads those that stand on the rest of a line.
func (r *reader) attributes() []attribute {
	var out []attribute
	for r.space(false); r.peek() == '@'; r.space(false) {
		for r.peek() == '@' {
			r.at++
		}
		a := attribute{name: r.word()}
		if r.peek() == '(' {
			a.args = r.arguments()
		}
		out = append(out, a)
	}
	return out
}

// arguments reads (a, name: b), over lines.
func (r *reader) arguments() []argument {
	var out []argument
	r.at++
	for r.space(true); r.at < len(r.text) && r.peek() != ')'; r.space(true) {
		at := r.at
		var a argument
		if name := r.word(); name != "" {
			r.space(true)
			if r.peek() == ':' {
				r.at++
				r.space(true)
				a.name = name
			} else {
				r.at = at
			}
		}
		if r.peek() == '[' {
			a.items = r.items()
		} else {
			a.value = r.value()
		}
		out = append(out, a)
		r.space(true)
		if r.peek() == ',' {
			r.at++
		}
		if r.at == at {
			r.at++ // what is not understood
		}
	}
	if r.at < len(r.text) {
		r.at++
	}
	return out
}

// items reads [a, b(sort: Desc)].
func (r *reader) items() []string {
	var out []string
	r.at++
	for r.space(true); r.at < len(r.text) && r.peek() != ']'; r.space(true) {
		at := r.at
		if item := r.value(); item != "" {
			out = append(out, item)
		}
		r.space(true)
		if r.peek() == ',' {
			r.at++
		}
		if r.at == at {
			r.at++
		}
	}
	if r.at < len(r.text) {
		r.at++
	}
	return out
}

// value reads a text, or a name with what stands in brackets behind it.
func (r *reader) value() string {
	if r.peek() == '"' {
		from := r.at + 1
		for r.at++; r.at < len(r.text) && r.text[r.at] != '"' && r.text[r.at] != '\n'; r.at++ {
			if r.text[r.at] == '\\' {
				r.at++
			}
		}
		out := r.text[min(from, len(r.text)):min(r.at, len(r.text))]
		r.at = min(r.at+1, len(r.text))
		return out
	}
	from := r.at
	r.word()
	if r.peek() == '(' {
		r.brackets()
	}
	return r.text[from:r.at]
}

// brackets passes ( … ).
func (r *reader) brackets() {
	open := 0
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case '(':
			open++
		case ')':
			open--
		case '"':
			r.value()
			continue
		case '\n':
			r.line++
			r.from = r.at + 1
		}
		r.at++
		if open == 0 {
			return
		}
	}
}

// named is an argument by its name, or the first that has none.
func (a attribute) named(name string) argument {
	for _, arg := range a.args {
		if arg.name == name {
			return arg
		}
	}
	for _, arg := range a.args {
		if arg.name == "" {
			return arg
		}
	}
	return argument{}
}

// said is the text of an argument by its name alone.
func (a attribute) said(name string) string {
	for _, arg := range a.args {
		if arg.name == name {
			return arg.value
		}
	}
	return ""
}

// model makes a model of a block.
func (b *block) model() *Model {
	m := &Model{Name: b.name, Table: b.name, Pos: b.pos, Fields: map[string]*Field{}, View: b.kind == "view"}
	for _, l := range b.lines {
		if l.name == "" {
			for _, a := range l.attributes {
				m.attribute(a, l.pos)
			}
			continue
		}
		if l.typed == "" || m.Fields[l.name] != nil {
			continue
		}
		f := &Field{Name: l.name, Column: l.name, Type: l.typed, List: l.list, Optional: l.optional, Pos: l.pos}
		for _, a := range l.attributes {
			f.attribute(a)
		}
		m.Fields[l.name] = f
		m.Order = append(m.Order, l.name)
	}
	return m
}

func (f *Field) attribute(a attribute) {
	switch a.name {
	case "id":
		f.ID = true
	case "unique":
		f.Unique = true
	case "updatedAt":
		f.UpdatedAt = true
	case "default":
		f.HasDefault = true
	case "map":
		if to := a.named("name").value; to != "" {
			f.Column = to
		}
	case "relation":
		f.Relation = &Relation{Name: a.named("name").value, OnDelete: a.said("onDelete")}
		for _, arg := range a.args {
			switch arg.name {
			case "fields":
				f.Relation.Fields = arg.items
			case "references":
				f.Relation.References = arg.items
			}
		}
	default:
		if native, is := strings.CutPrefix(a.name, "db."); is {
			f.Native = native
		}
	}
}

func (m *Model) attribute(a attribute, pos facts.Pos) {
	switch a.name {
	case "map":
		if to := a.named("name").value; to != "" {
			m.Table = to
		}
	case "id":
		m.ID = nil
		for _, p := range parts(a.named("fields").items) {
			m.ID = append(m.ID, p.field)
		}
	case "unique", "index":
		m.indexes = append(m.indexes, index{name: a.said("map"), unique: a.name == "unique", kind: a.said("type"), parts: parts(a.named("fields").items), pos: pos})
	}
}

// parts are the fields of an index, as b(sort: Desc).
func parts(items []string) []part {
	out := make([]part, 0, len(items))
	for _, item := range items {
		name, rest, _ := strings.Cut(item, "(")
		out = append(out, part{field: strings.TrimSpace(name), desc: strings.Contains(rest, "Desc")})
	}
	return out
}
