package syntax

// decorators reads those that stand here.
func (p *parser) decorators() []*Decorator {
	var out []*Decorator
	for p.is("@") {
		out = append(out, p.decorator())
	}
	return out
}

func (p *parser) decorator() *Decorator {
	from := p.tok.from
	p.need("@")
	out := &Decorator{}
	at := p.tok.from
	x := p.primary()
	for p.is(".") {
		p.advance()
		x = p.selected(x, at, false)
	}
	if p.is("<") {
		p.typeArgs()
	}
	out.Name = nameAtEnd(x)
	if p.is("(") {
		out.Args, out.Call = p.args(), true
		x = &Call{Fun: x, Args: out.Args, Span: p.span(at)}
	}
	out.X = x
	out.Span = p.span(from)
	return out
}

// nameAtEnd is the last name of a chain of names.
func nameAtEnd(x Expr) string {
	switch x := x.(type) {
	case *Ident:
		return x.Name
	case *Select:
		return x.Name
	case *Call:
		return nameAtEnd(x.Fun)
	}
	return ""
}

// decoratedClass reads a class behind its decorators, between which export may stand.
func (p *parser) decoratedClass(before []*Decorator, from int) Stmt {
	decorators := append(before, p.decorators()...)
	exported, byDefault := false, false
	if p.take("export") {
		exported = true
		byDefault = p.take("default")
	}
	decorators = append(decorators, p.decorators()...)
	p.take("declare")
	c := p.class(decorators)
	return &ClassDecl{Class: c, Exported: exported, Default: byDefault, Span: p.span(from)}
}

// class reads a class from abstract or its word on.
func (p *parser) class(decorators []*Decorator) *Class {
	p.down()
	defer p.up()
	from := p.tok.from
	out := &Class{Decorators: decorators, Abstract: p.take("abstract")}
	p.need("class")
	if p.tok.kind == word && !p.isAny("extends", "implements") {
		out.Name = p.ident()
	}
	out.TypeParams = p.typeParams()
	if p.take("extends") {
		at := p.tok.from
		out.Extends = p.behind(p.primary(), at, true)
		if p.is("<") {
			out.ExtendsOf = p.typeArgs()
		}
	}
	if p.take("implements") {
		for {
			out.Implements = append(out.Implements, p.typ())
			if !p.take(",") {
				break
			}
		}
	}
	p.need("{")
	for !p.is("}") && p.tok.kind != end {
		if m := p.guardedMember(); m != nil {
			out.Members = append(out.Members, m)
		}
	}
	p.need("}")
	out.Span = p.span(from)
	return out
}

// guardedMember reads a member, nil where it is broken or empty.
func (p *parser) guardedMember() (out *Member) {
	s := p.save()
	defer func() {
		if r := recover(); r != nil {
			f, is := r.(failure)
			if !is || p.trying > 0 {
				panic(r)
			}
			p.depth, p.noIn, p.noCond, p.ternary = s.depth, s.noIn, s.noCond, s.ternary
			p.broken(s.tok.from, f.at)
			out = nil
		}
	}()
	if p.take(";") {
		return nil
	}
	return p.member()
}

// modifiers are words before the name of a member.
var modifiers = map[string]bool{
	"public": true, "private": true, "protected": true, "static": true, "readonly": true, "abstract": true, "override": true, "declare": true, "async": true, "get": true, "set": true, "accessor": true,
}

func (p *parser) member() *Member {
	from := p.tok.from
	out := &Member{Kind: FieldMember, Decorators: p.decorators()}
	async, generator := false, false
	for p.tok.kind == word && modifiers[p.tok.value] {
		t := p.peek()
		if closesName(t) || t.line && !modifierGoesOn(p.tok.value, t) {
			break
		}
		if p.tok.value == "static" && t.kind == punct && t.value == "{" {
			p.advance()
			out.Kind, out.Body = StaticMember, p.block()
			out.Span = p.span(from)
			return out
		}
		switch w := p.tok.value; w {
		case "public", "private", "protected":
			out.Access = w
		case "static":
			out.Static = true
		case "readonly":
			out.Readonly = true
		case "abstract":
			out.Abstract = true
		case "async":
			async = true
		case "get":
			out.Kind = GetMember
		case "set":
			out.Kind = SetMember
		}
		p.advance()
		out.Decorators = append(out.Decorators, p.decorators()...)
	}
	if p.take("*") {
		generator = true
	}
	if p.is("[") && p.signature() {
		p.typeMember() // [key: string]: T
		p.take(";")
		return nil
	}
	out.Name, out.Computed = p.memberName()
	out.Optional = p.take("?")
	p.take("!")
	if p.is("(") || p.is("<") {
		if out.Kind == FieldMember {
			out.Kind = MethodMember
			if out.Name == "constructor" && !out.Static {
				out.Kind = ConstructorMember
			}
		}
		out.Func = p.method(from, async, generator)
		out.Func.Name = out.Name
		out.Span = p.span(from)
		return out
	}
	if p.take(":") {
		out.Type = p.typ()
	}
	if p.take("=") {
		out.Value = p.assignment()
	}
	p.semicolon()
	out.Span = p.span(from)
	return out
}

// modifierGoesOn reports whether a word before a line's end is still a modifier: get and such on a line of their own are fields.
func modifierGoesOn(w string, next token) bool {
	return w != "get" && w != "set" && w != "async" && w != "static" && w != "accessor" && w != "declare" && next.kind == word
}

// signature reports whether [ begins an index signature.
func (p *parser) signature() bool {
	s := p.save()
	defer p.restore(s)
	p.advance()
	if p.tok.kind != word {
		return false
	}
	p.advance()
	return p.is(":")
}
