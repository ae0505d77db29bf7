package design

import (
	"fmt"

	"github.com/vektah/gqlparser/v2/lexer"

	"github.com/fettlehq/fettle/diag"
)

// extension reads extend schema @backend, and the operations of extend type Query and its like.
func (p *parser) extension() {
	p.take()
	switch word := p.peek(); {
	case p.atWord("schema"):
		p.take()
		ds, _ := p.directives()
		if p.at(lexer.BraceL) && !p.broken {
			p.failEdit(p.peek().pos, NotInLanguage, "leave out what stands in { }", diag.Between(p.peek().pos, p.tokens[len(p.tokens)-1].end(), ""), "a design has no schema block: Query, Mutation and Subscription are known")
		}
		if len(ds) == 0 && !p.broken {
			p.fail(word.pos, Empty, "write @backend with a name: and a module:", "extend schema says nothing")
		}
		p.schema = append(p.schema, ds...)
	case p.atWord("type"):
		p.take()
		p.operations()
	case word.kind == lexer.Name && !isKeyword(word):
		meant, ok := nearest(word.text, []string{"type", "schema"})
		if !ok {
			p.unexpected(`"type" or "schema"`)
			return
		}
		p.failEdit(word.pos, Unexpected, didYouMean(meant), diag.Edit{Pos: word.pos, Length: word.length, Text: meant}, "expected \"type\" or \"schema\", found %s", word.describe())
		p.tokens[p.next].text = meant
		p.next--
		p.extension()
	case word.kind == lexer.Name:
		p.fail(word.pos, NotInLanguage, "write it where it is declared", "extend %s is not in the language", word.text)
	default:
		p.unexpected(`"type" or "schema"`)
	}
}

func (p *parser) operations() {
	name, ok := p.name("Query, Mutation, Subscription, Task or External")
	if !ok {
		return
	}
	if !isExtensible(name.text) {
		meant, near := nearest(name.text, extensible())
		if !near || p.hasType(name.text) {
			p.strays = append(p.strays, name)
			p.broken = true
			return
		}
		edit := diag.Edit{Pos: name.pos, Length: name.length, Text: meant}
		p.failEdit(name.pos, NotExtensible, didYouMean(meant), edit, "%q cannot be extended", name.text)
		name.text = meant
	}
	if ds, _ := p.directives(); len(ds) > 0 {
		p.fail(ds[0].Pos, MisplacedDirective, "write it on each operation", "@%s cannot stand on extend type", ds[0].Name)
	}
	if !p.at(lexer.BraceL) {
		p.unexpected(`"{"`)
		return
	}
	p.fields(name.text, func() *Field { return p.operation(OperationKind(name.text)) })
}

func (p *parser) operation(kind OperationKind) *Field {
	op := &Operation{Kind: kind, Module: p.module}
	op.Doc = p.doc()
	name, ok := p.name("the name of an operation")
	if !ok {
		return nil
	}
	op.Name, op.Pos = name.text, name.pos
	p.design.Operations = append(p.design.Operations, op)
	if bracket := p.peek(); bracket.kind == lexer.ParenL {
		ok = p.between(lexer.ParenL, lexer.ParenR, fmt.Sprintf("operation %q", op.Name), func() bool { return p.parameter(op, bracket) })
	}
	if !ok || !p.typed(&op.Field, true) {
		op.Broken = true
		return nil
	}
	return &op.Field
}

func (p *parser) parameter(op *Operation, bracket token) bool {
	arg := &Field{Doc: p.doc()}
	if t := p.peek(); t.kind != lexer.Name || t.first && p.ahead() == lexer.ParenL {
		return p.open(bracket, lexer.ParenR)
	}
	name := p.take()
	arg.Name, arg.Pos = name.text, name.pos
	op.Args = append(op.Args, arg)
	if !p.typed(arg, false) {
		arg.Broken = true
		return false
	}
	return true
}
