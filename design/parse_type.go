package design

import (
	"slices"
	"strings"

	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/fettlehq/fettle/diag"
)

// definition reads what one piece of a file declares.
func (p *parser) definition() {
	start := p.peek()
	doc := p.doc()
	switch word := p.peek(); {
	case word.kind == lexer.Invalid:
		return
	case word.kind != lexer.Name:
		p.outside()
	case p.atWord("extend"):
		if p.next > 0 {
			edit := diag.Edit{}
			if word.first && start.kind == lexer.String {
				edit = diag.Between(start.pos, start.end(), "# "+start.text)
			}
			p.failEdit(start.pos, Unexpected, "write it as a comment, behind \"#\"", edit, "a doc string cannot stand before extend")
		}
		p.extension()
	case p.atWord("schema"):
		p.failEdit(word.pos, NotInLanguage, "leave it out: extend schema says the name and Go module", p.whole(),
			"a design has no schema block: Query, Mutation and Subscription are known")
		return
	case p.atWord("directive"):
		p.failEdit(word.pos, NotInLanguage, "leave it out", p.whole(), "a design declares no directives: the language has its own")
		return
	case p.atWord(string(Object)) && p.ahead() == lexer.Name && isExtensible(p.tokens[p.next+1].text) && !p.declaresType():
		p.unextended(word)
	case isKeyword(word):
		p.typeDefinition(TypeKind(word.text), doc)
	default:
		p.unknownKeyword(word, doc)
		return
	}
	if p.next < len(p.tokens) && !p.broken {
		p.leftover()
	}
}

// declaresType reports whether directives or interfaces stand behind the name of a type, as they do not on an extension.
func (p *parser) declaresType() bool {
	if p.next+2 >= len(p.tokens) {
		return false
	}
	t := p.tokens[p.next+2]
	return t.kind == lexer.At || t.text == "implements"
}

// unextended reads type Mutation { … } as the extension that it must be.
func (p *parser) unextended(word token) {
	edit := diag.Edit{Pos: word.pos, Text: "extend "}
	if p.next > 0 {
		edit = diag.Edit{} // a doc string stands before it
	}
	p.take()
	name := p.peek()
	p.failEdit(name.pos, ReservedName, "write extend type "+name.text, edit, "type %s is the language's own: it is extended", name.text)
	p.operations()
}

// leftover reports what stands behind a complete definition.
func (p *parser) leftover() {
	t := p.peek()
	if t.kind == lexer.BraceR {
		p.failEdit(t.pos, Unexpected, `leave out "}"`, diag.Edit{Pos: t.pos, Length: 1}, `this "}" closes nothing`)
		return
	}
	p.unexpected("a definition such as type, enum or extend")
}

// outside reports a sign where a definition must start.
func (p *parser) outside() {
	switch t := p.peek(); t.kind {
	case lexer.BraceL:
		p.fail(t.pos, NotInLanguage, "declare an operation in extend type Query", "a design holds no queries")
	case lexer.BraceR:
		p.leftover()
	case lexer.EOF:
		p.fail(p.tokens[0].pos, Unexpected, "write it as a comment, behind \"#\"", "this text describes nothing")
	default:
		p.unexpected("a definition such as type, enum or extend")
	}
}

// unknownKeyword reads a definition that starts with another word as the one that was meant.
func (p *parser) unknownKeyword(word token, doc string) {
	switch word.text {
	case "query", "mutation", "subscription", "fragment":
		p.fail(word.pos, NotInLanguage, "declare an operation in extend type Query", "a design holds no %s", word.text)
		return
	case "entity", "model", "class", "struct", "table":
		p.entityKeyword(word, doc)
		return
	}
	meant, ok := nearest(word.text, keywords())
	if p.cut && p.bad[word.pos.Line] {
		return
	}
	if !ok {
		p.fail(word.pos, UnknownKeyword, "write one of "+strings.Join(keywords()[:7], ", "), "%q starts no definition", word.text)
		p.take()
		if p.at(lexer.Name) {
			p.declare(&Type{Name: p.peek().text, Pos: p.peek().pos, Kind: Object, Module: p.module, Broken: true}, p.whole())
		}
		return
	}
	edit := diag.Edit{Pos: word.pos, Length: word.length, Text: meant}
	p.failEdit(word.pos, UnknownKeyword, didYouMean(meant), edit, "%q starts no definition", word.text)
	p.tokens[p.next].text = meant
	p.definition()
}

// entityKeyword reads entity Order, and its like in other languages, as type Order @entity.
func (p *parser) entityKeyword(word token, doc string) {
	edit := diag.Edit{Pos: word.pos, Length: word.length, Text: "type"}
	hint := `write "type", and @entity behind the name`
	unsaid := p.ahead() == lexer.Name && !slices.ContainsFunc(p.tokens, func(t token) bool { return t.kind == lexer.Name && t.text == "entity" && t.pos != word.pos })
	if unsaid && p.next+2 < len(p.tokens) && p.tokens[p.next+2].text != "implements" {
		name := p.tokens[p.next+1]
		hint = "write type " + name.text + " @entity"
		edit = diag.Between(word.pos, name.end(), "type "+name.text+" @entity")
	}
	p.failEdit(word.pos, UnknownKeyword, hint, edit, "%q starts no definition", word.text)
	at, before := p.tokens[min(p.next+1, len(p.tokens)-1)], len(p.design.Types)
	p.typeDefinition(Object, doc)
	if unsaid && len(p.design.Types) > before {
		t := p.design.Types[before]
		t.Directives = append([]*Directive{{Pos: at.pos, End: at.end(), Name: "entity"}}, t.Directives...)
	}
}

// typeDefinition reads a type, enum, input, scalar, union or interface.
func (p *parser) typeDefinition(kind TypeKind, doc string) {
	p.take()
	name, ok := p.name("the name of the " + string(kind))
	if !ok {
		p.toBody()
	}
	t := &Type{Pos: name.pos, Name: name.text, Kind: kind, Doc: doc, Module: p.module}
	if kind == Object || kind == Interface {
		ok = p.implements(t) && ok
	}
	ds, fine := p.directives()
	t.Directives = ds
	if !fine || !ok {
		p.toBody()
	}
	switch kind {
	case Object, Interface, Input:
		p.body(t, "a type without fields is no type")
	case Enum:
		p.body(t, "an enum needs values")
	case Union:
		p.members(t)
	}
	t.Broken = p.broken
	if ok || name.kind == lexer.Name {
		p.declare(t, p.whole())
	}
}

// toBody goes on at the opening brace of a definition whose head is broken.
func (p *parser) toBody() {
	for !p.at(lexer.BraceL) && !p.at(lexer.EOF) {
		p.advance()
	}
}

func (p *parser) body(t *Type, missing string) {
	switch {
	case p.at(lexer.BraceL):
	case p.broken:
		return
	case p.at(lexer.EOF):
		p.fail(t.Pos, Empty, "write its fields or values between { and }", "%s has no { }: %s", t.Name, missing)
		return
	case p.ahead() == lexer.Colon && !p.peek().first && len(t.Directives) > 0:
		last := t.Directives[len(t.Directives)-1]
		p.partial[last] = true
		p.fail(p.peek().pos, Unexpected, "put them in parentheses behind @"+last.Name, "the arguments of @%s stand in parentheses", last.Name)
		p.toBody()
	case p.ahead() == lexer.Colon || p.ahead() == lexer.Name && t.Kind == Enum:
		edit := diag.Edit{Pos: p.after(), Text: " {"}
		p.failEdit(p.peek().pos, Unexpected, `write "{" before it`, edit, "expected \"{\", found %s", p.peek().describe())
		p.next-- // stands for the brace
	default:
		p.unexpected(`"{"`)
		p.toBody()
		if p.at(lexer.EOF) {
			return
		}
	}
	if p.at(lexer.BraceL) {
		t.Open = p.peek().pos
	}
	if t.Kind == Enum {
		p.between(lexer.BraceL, lexer.BraceR, t.Name, func() bool { return p.value(t) })
	} else {
		p.fields(t.Name, func() *Field { return p.typeField(t) })
	}
	if last := p.tokens[max(p.next-1, 0)]; last.kind == lexer.BraceR {
		t.Close = last.pos
	}
}

// fields reads the fields of a type, or the operations of an extension, and goes on behind each broken one.
func (p *parser) fields(of string, read func() *Field) {
	p.between(lexer.BraceL, lexer.BraceR, of, func() bool {
		start, before := p.next, len(*p.problems)
		f := read()
		if f != nil {
			f.Broken = len(*p.problems) > before
			return true
		}
		p.toField(start)
		return true
	})
}

func (p *parser) typeField(t *Type) *Field {
	f := &Field{Doc: p.doc()}
	t.Fields = append(t.Fields, f)
	ok := p.field(f, t.Kind != Input)
	switch {
	case f.Name == "":
		t.Fields = t.Fields[:len(t.Fields)-1]
		return nil
	case !ok:
		f.Broken = true
		return nil
	}
	return f
}

// field reads name: Type @directives, and the default of an input's field.
func (p *parser) field(f *Field, output bool) bool {
	name, ok := p.name("the name of a field")
	if !ok {
		return false
	}
	f.Name, f.Pos = name.text, name.pos
	if p.at(lexer.ParenL) {
		p.fail(p.peek().pos, NotInLanguage, "declare an operation in extend type Query", "field %q cannot have arguments", f.Name)
		if !p.skipParens() {
			return false
		}
	}
	return p.typed(f, output)
}

// typed reads : Type = default @directives, of a field that is returned or of one that is sent.
func (p *parser) typed(f *Field, output bool) bool {
	if !p.colon(f.Name) {
		return false
	}
	ref, ok := p.typeRef()
	if !ok {
		return false
	}
	f.Type = ref
	if p.at(lexer.Equals) && !p.defaulted(f, output) {
		return false
	}
	f.Directives, ok = p.directives()
	f.End = p.after()
	return ok
}

// colon takes the ":" behind a name, and does as if it stood there when a type follows.
func (p *parser) colon(name string) bool {
	if p.skip(lexer.Colon) {
		return true
	}
	t := p.peek()
	if (t.kind == lexer.Name || t.kind == lexer.BracketL) && !t.first {
		edit := diag.Edit{Pos: p.after(), Text: ":"}
		p.failEdit(t.pos, Unexpected, `write ":" before it`, edit, "expected \":\" after %q, found %s", name, t.describe())
		return true
	}
	return p.fail(t.pos, Unexpected, "write "+name+": and its type", "expected \":\" after %q, found %s", name, t.describe())
}

func (p *parser) defaulted(f *Field, output bool) bool {
	before, equals := p.after(), p.take()
	v, ok := p.literal()
	if !ok {
		return false
	}
	f.Default = &v
	if output {
		better := "@default(value: " + v.source() + ")"
		p.failEdit(equals.pos, NotInLanguage, "write "+better, diag.Between(equals.pos, v.End, better), "a field has no default with \"=\"")
		return true
	}
	p.failEdit(equals.pos, NotInLanguage, "leave it out: what is not sent is null", diag.Between(before, v.End, ""), "%q cannot have a default: its absence is seen by the operation", f.Name)
	return true
}

// typeRef reads Order, Order! or [Order!]!.
func (p *parser) typeRef() (TypeRef, bool) {
	ref := TypeRef{Pos: p.peek().pos}
	if t := p.tokens[p.next-1]; p.peek().first && (p.startsField(p.next) || p.at(lexer.BraceR)) {
		return ref, p.fail(t.pos, Unexpected, "", "expected a type behind %s", t.describe())
	}
	if bracket := p.peek(); p.skip(lexer.BracketL) {
		ref.List = true
		if p.at(lexer.BracketL) {
			return ref, p.fail(p.peek().pos, NotInLanguage, "give the inner list a type of its own", "a list of lists has no form in the database")
		}
		name, ok := p.name("the type of the list's elements")
		if !ok {
			return ref, false
		}
		ref.Name, ref.Pos = name.text, name.pos
		ref.Elements = p.skip(lexer.Bang)
		if !p.skip(lexer.BracketR) {
			edit := diag.Edit{Pos: p.after(), Text: "]"}
			p.failEdit(bracket.pos, OpenBracket, `write "]" behind `+name.text, edit, `"[" is never closed`)
		}
	} else {
		name, ok := p.name("a type")
		if !ok {
			return ref, false
		}
		ref.Name, ref.Pos = name.text, name.pos
		if p.at(lexer.Invalid) {
			return ref, false
		}
		p.brackets(&ref)
	}
	ref.Required = p.skip(lexer.Bang)
	ref.End = p.after()
	if bang := p.peek(); p.skip(lexer.Bang) {
		p.failEdit(bang.pos, Unexpected, `leave out the second "!"`, diag.Edit{Pos: bang.pos, Length: 1}, `one "!" is enough`)
	}
	return ref, true
}

// brackets takes Order[] for [Order].
func (p *parser) brackets(ref *TypeRef) {
	t := p.peek()
	if t.kind != lexer.BracketL || p.ahead() != lexer.BracketR || t.first {
		return
	}
	p.advance()
	p.advance()
	ref.List = true
	edit := diag.Edit{Pos: ref.Pos, Length: p.after().Column - ref.Pos.Column, Text: "[" + ref.Name + "]"}
	p.failEdit(t.pos, Unexpected, "write "+edit.Text, edit, "a list is written in brackets")
}

// toField goes on at the next field behind a broken one, which starts at a token: at the first name followed by a
// colon outside of brackets, or, where a bracket or text was left open, at the start of a line.
func (p *parser) toField(start int) {
	stop, depth := max(p.next, start+1), 0
	for i := start; i < len(p.tokens); i++ {
		t := p.tokens[i]
		opens := p.startsField(i)
		if i >= stop && (depth <= 0 && (opens || t.kind == lexer.BraceR) || t.first && opens && p.tokens[start].pos.Column == t.pos.Column) {
			p.next = i
			return
		}
		switch t.kind {
		case lexer.ParenL, lexer.BracketL, lexer.BraceL:
			depth++
		case lexer.ParenR, lexer.BracketR, lexer.BraceR:
			depth--
		}
	}
	p.next, p.cut = len(p.tokens), true
	if last := len(p.tokens) - 1; last > start && p.tokens[last].kind == lexer.BraceR {
		p.next = last
	}
}

func (p *parser) startsField(i int) bool {
	if i+1 >= len(p.tokens) {
		return false
	}
	t, after := p.tokens[i], p.tokens[i+1].kind
	text := t.kind == lexer.String || t.kind == lexer.BlockString
	return t.kind == lexer.Name && (after == lexer.Colon || after == lexer.ParenL && t.first) || text && after == lexer.Name && t.first
}

func (p *parser) skipParens() bool {
	depth := 0
	for !p.at(lexer.EOF) {
		switch p.take().kind {
		case lexer.ParenL:
			depth++
		case lexer.ParenR:
			if depth--; depth == 0 {
				return true
			}
		}
	}
	return false
}

func (p *parser) value(t *Type) bool {
	v := &EnumValue{Doc: p.doc()}
	name, ok := p.name("a value of enum " + t.Name)
	if !ok {
		if !p.at(lexer.BraceR) {
			p.advance()
		}
		for !p.at(lexer.EOF) && !p.at(lexer.BraceR) && !p.at(lexer.Name) {
			p.advance()
		}
		return true
	}
	v.Pos, v.Name = name.pos, name.text
	v.Directives, ok = p.directives()
	v.End = p.after()
	t.Values = append(t.Values, v)
	if !ok {
		p.advance()
	}
	return true
}

func (p *parser) members(t *Type) {
	if !p.skip(lexer.Equals) {
		if !p.broken {
			p.fail(t.Pos, Empty, "write \"=\" and its members", "union %s has no members", t.Name)
		}
		return
	}
	p.skip(lexer.Pipe)
	for {
		name, ok := p.name("a member of union " + t.Name)
		if !ok {
			return
		}
		t.Members = append(t.Members, Name{Pos: name.pos, Text: name.text})
		if !p.skip(lexer.Pipe) {
			return
		}
	}
}

func (p *parser) implements(t *Type) bool {
	if !p.atWord("implements") {
		return true
	}
	p.take()
	p.skip(lexer.Amp)
	for {
		name, ok := p.name("an interface that " + t.Name + " implements")
		if !ok {
			return false
		}
		t.Implements = append(t.Implements, Name{Pos: name.pos, Text: name.text})
		if !p.skip(lexer.Amp) && !p.at(lexer.Name) { // the comma of old SDL is white space
			return true
		}
	}
}
