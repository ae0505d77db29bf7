package syntax

// typ reads a type.
func (p *parser) typ() *Type {
	p.down()
	defer p.up()
	from := p.tok.from
	if f := p.functionType(from); f != nil {
		return f
	}
	out := p.union()
	if p.is("extends") && !p.tok.line && !p.noCond {
		p.advance()
		old := p.noCond
		p.noCond = true
		p.union()
		p.noCond = old
		p.need("?")
		p.typ()
		p.need(":")
		p.typ()
		return &Type{Kind: OtherType, Span: p.span(from)}
	}
	return out
}

// returnType is the type of what a function answers: x is T and asserts x too.
func (p *parser) returnType() *Type {
	from := p.tok.from
	if p.is("asserts") {
		if t := p.peek(); t.kind == word && !t.line && t.value != "is" {
			p.advance()
			p.ident()
			if p.take("is") {
				p.typ()
			}
			return &Type{Kind: OperatorType, Name: "asserts", Span: p.span(from)}
		}
	}
	if p.tok.kind == word {
		if t := p.peek(); t.kind == word && t.value == "is" && !t.line {
			p.ident()
			p.advance()
			p.typ()
			return &Type{Kind: OperatorType, Name: "is", Span: p.span(from)}
		}
	}
	return p.typ()
}

// functionType reads (a: A) => B and new () => B, nil where none begins here.
func (p *parser) functionType(from int) *Type {
	switch {
	case p.is("abstract") && p.peek().value == "new":
		p.advance()
		p.advance()
	case p.is("new"):
		p.advance()
	case p.is("("), p.is("<"):
		if known, is := p.functions[from]; is && !known {
			return nil
		}
	default:
		return nil
	}
	out := &Type{Kind: FunctionType}
	ok := p.try(func() {
		p.typeParams()
		p.params()
		p.need("=>")
	})
	p.functions[from] = ok
	if !ok {
		return nil
	}
	out.Result = p.returnType()
	out.Span = p.span(from)
	return out
}

func (p *parser) union() *Type {
	from := p.tok.from
	p.take("|")
	first := p.intersection()
	if !p.is("|") {
		return first
	}
	out := &Type{Kind: UnionType, Args: []*Type{first}}
	for p.take("|") {
		out.Args = append(out.Args, p.intersection())
	}
	out.Span = p.span(from)
	return out
}

func (p *parser) intersection() *Type {
	from := p.tok.from
	p.take("&")
	first := p.armType()
	if !p.is("&") {
		return first
	}
	out := &Type{Kind: IntersectionType, Args: []*Type{first}}
	for p.take("&") {
		out.Args = append(out.Args, p.armType())
	}
	out.Span = p.span(from)
	return out
}

// armType is an arm of a union, which may be a function type in brackets of none.
func (p *parser) armType() *Type {
	if f := p.functionType(p.tok.from); f != nil {
		return f
	}
	return p.operatorType()
}

func (p *parser) operatorType() *Type {
	p.down()
	defer p.up()
	from := p.tok.from
	switch {
	case p.isAny("keyof", "unique", "readonly") && !closesType(p.peek()):
		name := p.ident()
		return &Type{Kind: OperatorType, Name: name, Args: []*Type{p.operatorType()}, Span: p.span(from)}
	case p.is("infer") && p.peek().kind == word:
		p.advance()
		name := p.ident()
		if p.is("extends") {
			p.try(func() {
				p.advance()
				old := p.noCond
				p.noCond = true
				p.union()
				p.noCond = old
				if p.is("?") {
					p.fail()
				}
			})
		}
		return &Type{Kind: RefType, Name: name, Span: p.span(from)}
	}
	out := p.simpleType()
	for !p.tok.line && p.is("[") {
		p.advance()
		if p.take("]") {
			out = &Type{Kind: ArrayType, Args: []*Type{out}, Span: p.span(from)}
			continue
		}
		index := p.typ()
		p.need("]")
		out = &Type{Kind: OperatorType, Name: "[]", Args: []*Type{out, index}, Span: p.span(from)}
	}
	return out
}

// closesType reports whether a token ends a type, so that the word before it is a name.
func closesType(t token) bool {
	return t.kind == end || t.kind == punct && t.value != "{" && t.value != "(" && t.value != "["
}

func (p *parser) simpleType() *Type {
	from := p.tok.from
	switch p.tok.kind {
	case text, number:
		out := &Type{Kind: LiteralType, Name: p.text[p.tok.from:p.tok.to]}
		p.advance()
		out.Span = p.span(from)
		return out
	case template:
		p.templateType()
		return &Type{Kind: OtherType, Span: p.span(from)}
	case word:
		return p.namedType(from)
	case punct:
		switch p.tok.value {
		case "-":
			p.advance()
			p.advance()
			return &Type{Kind: LiteralType, Name: p.text[from:p.before], Span: p.span(from)}
		case "(":
			p.advance()
			old := p.noCond
			p.noCond = false
			out := p.typ()
			p.noCond = old
			p.need(")")
			return out
		case "[":
			return p.tuple(from)
		case "{":
			if p.mapped() {
				p.passOne()
				return &Type{Kind: OtherType, Span: p.span(from)}
			}
			members := p.typeMembers()
			return &Type{Kind: ObjectType, Members: members, Span: p.span(from)}
		}
	}
	p.fail()
	return nil
}

func (p *parser) namedType(from int) *Type {
	switch p.tok.value {
	case "typeof":
		p.advance()
		at := p.tok.from
		if p.is("import") {
			return p.importType(from)
		}
		name := p.ident()
		for p.take(".") {
			name += "." + p.memberWord()
		}
		inner := &Type{Kind: RefType, Name: name, Span: p.span(at)}
		if p.is("<") && !p.tok.line {
			p.typeArgs()
		}
		return &Type{Kind: OperatorType, Name: "typeof", Args: []*Type{inner}, Span: p.span(from)}
	case "import":
		return p.importType(from)
	case "true", "false", "null", "undefined", "void", "never":
		name := p.ident()
		return &Type{Kind: LiteralType, Name: name, Span: p.span(from)}
	}
	out := &Type{Kind: RefType, Name: p.ident()}
	for p.take(".") {
		out.Name += "." + p.memberWord()
	}
	if (p.is("<") || p.is("<<")) && !p.tok.line {
		out.Args = p.typeArgs()
	}
	out.Span = p.span(from)
	return out
}

func (p *parser) memberWord() string {
	if p.tok.kind != word && p.tok.kind != private {
		p.fail()
	}
	name := p.tok.value
	p.advance()
	return name
}

// importType reads import("…").T.
func (p *parser) importType(from int) *Type {
	p.need("import")
	p.need("(")
	p.textLiteral()
	if p.take(",") {
		p.passOne()
	}
	p.need(")")
	out := &Type{Kind: OtherType}
	for p.take(".") {
		p.memberWord()
	}
	if p.is("<") {
		p.typeArgs()
	}
	out.Span = p.span(from)
	return out
}

func (p *parser) templateType() {
	for p.tok.more {
		p.advance()
		p.typ()
		if !p.is("}") {
			p.fail()
		}
		p.resume()
	}
	p.advance()
}

func (p *parser) tuple(from int) *Type {
	out := &Type{Kind: TupleType}
	p.need("[")
	for !p.is("]") {
		p.take("...")
		if p.tok.kind == word {
			if t := p.peek(); t.kind == punct && (t.value == ":" || t.value == "?") {
				s := p.save()
				p.advance()
				p.take("?")
				if !p.take(":") {
					p.restore(s)
				}
			}
		}
		out.Args = append(out.Args, p.typ())
		p.take("?")
		if !p.take(",") {
			break
		}
	}
	p.need("]")
	out.Span = p.span(from)
	return out
}

// mapped reports whether { begins a mapped type: { [K in T]: … }.
func (p *parser) mapped() bool {
	s := p.save()
	defer p.restore(s)
	p.advance()
	for p.isAny("+", "-", "readonly") {
		p.advance()
	}
	if !p.take("[") || p.tok.kind != word {
		return false
	}
	p.advance()
	return p.is("in")
}

// typeMembers reads the members of an interface or object type, with their brackets.
func (p *parser) typeMembers() []*TypeMember {
	p.down()
	defer p.up()
	old := p.noCond
	p.noCond = false
	var out []*TypeMember
	p.need("{")
	for !p.is("}") && p.tok.kind != end {
		if p.take(";") || p.take(",") {
			continue
		}
		out = append(out, p.typeMember())
		if !p.is("}") && !p.is(";") && !p.is(",") && !p.tok.line {
			p.fail()
		}
	}
	p.need("}")
	p.noCond = old
	return out
}

func (p *parser) typeMember() *TypeMember {
	from := p.tok.from
	out := &TypeMember{}
	for p.isAny("readonly", "get", "set", "new", "static", "public", "private", "protected") && !closesName(p.peek()) {
		p.advance()
	}
	if p.is("new") && p.peek().value != ":" && p.peek().value != "?" {
		p.advance()
	}
	switch {
	case p.is("(") || p.is("<"):
		out.Method = true
	case p.is("[") && p.signature():
		p.advance()
		p.ident()
		p.need(":")
		p.typ()
		p.need("]")
	default:
		if p.is("-") || p.is("+") {
			p.advance()
		}
		out.Name, _ = p.memberName()
	}
	out.Optional = p.take("?")
	if p.is("(") || p.is("<") {
		out.Method = true
		p.typeParams()
		out.Params = p.params()
		if p.take(":") {
			out.Type = p.returnType()
		}
	} else if p.take(":") {
		out.Type = p.typ()
	}
	out.Span = p.span(from)
	return out
}

// typeParams reads <T extends U = V>, none where none stand here.
func (p *parser) typeParams() []string {
	if !p.is("<") {
		return nil
	}
	var out []string
	p.need("<")
	for !p.is(">") {
		for p.isAny("const", "in", "out") && p.peek().kind == word {
			p.advance()
		}
		out = append(out, p.ident())
		if p.take("extends") {
			p.typ()
		}
		if p.take("=") {
			p.typ()
		}
		if !p.take(",") {
			break
		}
	}
	p.closeAngle()
	return out
}

// typeArgs reads <A, B>.
func (p *parser) typeArgs() []*Type {
	if p.is("<<") {
		p.again(false, true)
	}
	out := []*Type{}
	p.need("<")
	for p.tok.kind != punct || p.tok.value[0] != '>' {
		out = append(out, p.typ())
		if !p.take(",") {
			break
		}
	}
	p.closeAngle()
	return out
}

// closeAngle passes >, be it the first of >> or >=.
func (p *parser) closeAngle() {
	if p.tok.kind != punct || p.tok.value[0] != '>' {
		p.fail()
	}
	p.again(false, true)
	p.before = p.tok.to
	p.tok = p.next(false, false)
}
