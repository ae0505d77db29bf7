package syntax

// statements reads statements up to a closing sign, "" for the end of the file.
func (p *parser) statements(closing string) []Stmt {
	var out []Stmt
	for p.tok.kind != end && (closing == "" || !p.is(closing)) {
		from := p.tok.from
		if s := p.guarded(); s != nil {
			out = append(out, s)
		} else if closing == "" && p.is("}") {
			p.advance() // of what was broken
		}
		if p.tok.from == from && p.tok.kind != end && (closing == "" || !p.is(closing)) {
			p.advance()
		}
	}
	return out
}

// guarded reads a statement, nil where it is broken or empty.
func (p *parser) guarded() (out Stmt) {
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
	return p.statement()
}

func (p *parser) statement() Stmt {
	p.down()
	defer p.up()
	from := p.tok.from
	if p.tok.kind == punct {
		switch p.tok.value {
		case "{":
			return p.block()
		case ";":
			p.advance()
			return nil
		case "@":
			return p.decoratedClass(nil, from)
		}
	}
	if p.tok.kind == word {
		if s, is := p.byWord(from); is {
			return s
		}
	}
	p.leading = from
	x := p.expression()
	if name, is := x.(*Ident); is && p.is(":") {
		p.advance()
		return &Labeled{Label: name.Name, Body: p.inner(), Span: p.span(from)}
	}
	p.semicolon()
	return &ExprStmt{X: x, Span: p.span(from)}
}

// inner is a statement that stands within another; an empty one is a block.
func (p *parser) inner() Stmt {
	from := p.tok.from
	if s := p.statement(); s != nil {
		return s
	}
	return &Block{Span: p.span(from)}
}

// byWord reads a statement that begins with a word of the language.
func (p *parser) byWord(from int) (Stmt, bool) {
	switch p.tok.value {
	case "import":
		if t := p.peek(); t.kind == punct && (t.value == "(" || t.value == ".") {
			return nil, false
		}
		return p.importStmt(), true
	case "export":
		return p.exportStmt(), true
	case "const", "let", "var":
		if p.tok.value == "const" {
			if t := p.peek(); t.kind == word && t.value == "enum" {
				p.advance()
				return p.enum(from), true
			}
		}
		if p.tok.value == "let" {
			if t := p.peek(); t.kind != word && (t.kind != punct || t.value != "{" && t.value != "[") {
				return nil, false
			}
		}
		v := p.variables()
		p.semicolon()
		v.Span = p.span(from)
		return v, true
	case "using":
		if t := p.peek(); t.kind == word && !t.line && t.value != "instanceof" && t.value != "in" && t.value != "of" && t.value != "as" {
			v := p.variables()
			p.semicolon()
			v.Span = p.span(from)
			return v, true
		}
	case "function":
		return &FuncDecl{Func: p.function(), Span: p.span(from)}, true
	case "async":
		if t := p.peek(); t.kind == word && t.value == "function" && !t.line {
			return &FuncDecl{Func: p.function(), Span: p.span(from)}, true
		}
	case "class":
		c := p.class(nil)
		return &ClassDecl{Class: c, Span: p.span(from)}, true
	case "abstract":
		if t := p.peek(); t.kind == word && t.value == "class" {
			return &ClassDecl{Class: p.class(nil), Span: p.span(from)}, true
		}
	case "interface":
		if t := p.peek(); t.kind == word && !t.line {
			return p.interfaceDecl(from), true
		}
	case "type":
		if t := p.peek(); t.kind == word && !t.line {
			return p.alias(from), true
		}
	case "enum":
		if t := p.peek(); t.kind == word {
			return p.enum(from), true
		}
	case "namespace", "module":
		if t := p.peek(); (t.kind == word || t.kind == text) && !t.line {
			p.advance()
			return p.namespace(from), true
		}
	case "global":
		if t := p.peek(); t.kind == punct && t.value == "{" {
			return p.namespace(from), true
		}
	case "declare":
		if t := p.peek(); t.kind == word && !t.line {
			p.advance()
			return p.statement(), true
		}
	case "if":
		return p.ifStmt(), true
	case "for":
		return p.forStmt(), true
	case "while":
		p.advance()
		p.need("(")
		test := p.expression()
		p.need(")")
		return &While{Test: test, Body: p.inner(), Span: p.span(from)}, true
	case "do":
		p.advance()
		body := p.inner()
		p.need("while")
		p.need("(")
		test := p.expression()
		p.need(")")
		p.take(";")
		return &While{Do: true, Test: test, Body: body, Span: p.span(from)}, true
	case "return":
		p.advance()
		out := &Return{}
		if !p.tok.line && !p.is(";") && !p.is("}") && p.tok.kind != end {
			out.X = p.expression()
		}
		p.semicolon()
		out.Span = p.span(from)
		return out, true
	case "throw":
		p.advance()
		x := p.expression()
		p.semicolon()
		return &Throw{X: x, Span: p.span(from)}, true
	case "break", "continue":
		out := &Branch{Op: p.tok.value}
		p.advance()
		if p.tok.kind == word && !p.tok.line {
			out.Label = p.ident()
		}
		p.semicolon()
		out.Span = p.span(from)
		return out, true
	case "try":
		return p.tryStmt(), true
	case "switch":
		return p.switchStmt(), true
	case "debugger":
		p.advance()
		p.semicolon()
		return nil, true
	}
	return nil, false
}

func (p *parser) block() *Block {
	from := p.tok.from
	p.need("{")
	old := p.noIn
	p.noIn = false
	body := p.statements("}")
	p.noIn = old
	p.need("}")
	return &Block{Body: body, Span: p.span(from)}
}

// variables reads const a = 1, b: T = 2 without its end.
func (p *parser) variables() *Var {
	from := p.tok.from
	out := &Var{Kind: p.ident()}
	for {
		at := p.tok.from
		d := &Declarator{Pattern: p.pattern()}
		p.take("!")
		if p.is(":") {
			p.advance()
			d.Type = p.typ()
		}
		if p.take("=") {
			d.Init = p.assignment()
		}
		d.Span = p.span(at)
		out.Names = append(out.Names, d)
		if !p.take(",") {
			break
		}
	}
	out.Span = p.span(from)
	return out
}

func (p *parser) importStmt() Stmt {
	from := p.tok.from
	p.need("import")
	out := &Import{}
	if p.tok.kind == text {
		out.From = p.textLiteral()
		p.attributes()
		p.semicolon()
		out.Span = p.span(from)
		return out
	}
	if p.is("type") {
		if t := p.peek(); t.kind == punct && (t.value == "{" || t.value == "*") || t.kind == word && t.value != "from" {
			p.advance()
			out.TypeOnly = true
		}
	}
	if p.tok.kind == word {
		name := p.ident()
		if p.take("=") { // import x = require("…"), import x = a.b
			out.Namespace = name
			if p.is("require") {
				p.advance()
				p.need("(")
				out.From = p.textLiteral()
				p.need(")")
			} else {
				p.expression()
			}
			p.semicolon()
			out.Span = p.span(from)
			return out
		}
		out.Default = name
		p.take(",")
	}
	if p.take("*") {
		p.need("as")
		out.Namespace = p.ident()
	} else if p.is("{") {
		out.Names = p.names()
	}
	p.need("from")
	out.From = p.textLiteral()
	p.attributes()
	p.semicolon()
	out.Span = p.span(from)
	return out
}

// attributes passes with { type: "json" }.
func (p *parser) attributes() {
	if (p.is("with") || p.is("assert")) && !p.tok.line {
		p.advance()
		if p.is("{") {
			p.passOne()
		}
	}
}

func (p *parser) textLiteral() string {
	if p.tok.kind != text {
		p.fail()
	}
	value := p.tok.value
	p.advance()
	return value
}

// names reads { a, b as c, type d }.
func (p *parser) names() []ImportName {
	var out []ImportName
	p.need("{")
	for !p.is("}") {
		if p.is("type") {
			if t := p.peek(); t.kind == word && t.value != "as" || t.kind == text {
				p.advance()
			}
		}
		n := ImportName{Name: p.nameOrText()}
		if p.take("as") {
			n.As = p.nameOrText()
		}
		out = append(out, n)
		if !p.take(",") {
			break
		}
	}
	p.need("}")
	return out
}

func (p *parser) nameOrText() string {
	if p.tok.kind == text {
		return p.textLiteral()
	}
	return p.ident()
}

func (p *parser) exportStmt() Stmt {
	from := p.tok.from
	p.need("export")
	switch {
	case p.is("default"):
		p.advance()
		return p.exportDefault(from)
	case p.take("="):
		out := &Export{Value: p.expression()}
		p.semicolon()
		out.Span = p.span(from)
		return out
	case p.is("*"):
		p.advance()
		out := &Export{All: true}
		if p.take("as") {
			out.As = p.nameOrText()
		}
		p.need("from")
		out.From = p.textLiteral()
		p.attributes()
		p.semicolon()
		out.Span = p.span(from)
		return out
	case p.is("type"):
		if t := p.peek(); t.kind == punct && (t.value == "{" || t.value == "*") {
			p.advance()
			if p.is("*") {
				p.advance()
				out := &Export{All: true}
				if p.take("as") {
					out.As = p.nameOrText()
				}
				p.need("from")
				out.From = p.textLiteral()
				p.semicolon()
				out.Span = p.span(from)
				return out
			}
		}
	case p.is("as"): // export as namespace X
		p.advance()
		p.need("namespace")
		p.ident()
		p.semicolon()
		return nil
	case p.is("@"):
		return p.exported(p.decoratedClass(nil, from), from)
	}
	if p.is("{") {
		out := &Export{Names: p.names()}
		if p.take("from") {
			out.From = p.textLiteral()
			p.attributes()
		}
		p.semicolon()
		out.Span = p.span(from)
		return out
	}
	if p.is("import") { // export import a = b.c
		p.advance()
		p.ident()
		p.need("=")
		p.expression()
		p.semicolon()
		return nil
	}
	return p.exported(p.statement(), from)
}

func (p *parser) exportDefault(from int) Stmt {
	switch {
	case p.is("@"):
		s := p.decoratedClass(nil, from)
		if c, is := s.(*ClassDecl); is {
			c.Default, c.Span = true, p.span(from)
		}
		return s
	case p.is("function"), p.is("async") && p.peek().value == "function":
		return &FuncDecl{Func: p.function(), Default: true, Span: p.span(from)}
	case p.is("class"), p.is("abstract") && p.peek().value == "class":
		return &ClassDecl{Class: p.class(nil), Default: true, Span: p.span(from)}
	case p.is("interface"):
		p.tok.line = false
		return p.interfaceDecl(from)
	}
	out := &Export{Value: p.assignment()}
	p.semicolon()
	out.Span = p.span(from)
	return out
}

// exported marks what is declared with export.
func (p *parser) exported(s Stmt, from int) Stmt {
	switch s := s.(type) {
	case *Var:
		s.Exported, s.Span = true, p.span(from)
	case *FuncDecl:
		s.Exported, s.Span = true, p.span(from)
	case *ClassDecl:
		s.Exported, s.Span = true, p.span(from)
	case *Interface:
		s.Exported, s.Span = true, p.span(from)
	case *TypeAlias:
		s.Exported, s.Span = true, p.span(from)
	case *Enum:
		s.Exported, s.Span = true, p.span(from)
	case *Namespace:
		s.Exported, s.Span = true, p.span(from)
	}
	return s
}

func (p *parser) interfaceDecl(from int) Stmt {
	p.need("interface")
	out := &Interface{Name: p.ident()}
	out.TypeParams = p.typeParams()
	if p.take("extends") {
		for {
			out.Extends = append(out.Extends, p.typ())
			if !p.take(",") {
				break
			}
		}
	}
	out.Members = p.typeMembers()
	out.Span = p.span(from)
	return out
}

func (p *parser) alias(from int) Stmt {
	p.need("type")
	out := &TypeAlias{Name: p.ident()}
	out.TypeParams = p.typeParams()
	p.need("=")
	out.Type = p.typ()
	p.semicolon()
	out.Span = p.span(from)
	return out
}

func (p *parser) enum(from int) Stmt {
	p.need("enum")
	out := &Enum{Name: p.ident()}
	p.need("{")
	for !p.is("}") {
		m := EnumMember{}
		if p.take("[") {
			m.Name = p.textLiteral()
			p.need("]")
		} else {
			m.Name = p.nameOrText()
		}
		if p.take("=") {
			m.Value = p.assignment()
		}
		out.Members = append(out.Members, m)
		if !p.take(",") {
			break
		}
	}
	p.need("}")
	out.Span = p.span(from)
	return out
}

func (p *parser) namespace(from int) Stmt {
	out := &Namespace{Name: p.nameOrText()}
	for p.take(".") {
		out.Name += "." + p.ident()
	}
	if p.is("{") {
		out.Body = p.block().Body
	} else {
		p.semicolon()
	}
	out.Span = p.span(from)
	return out
}

func (p *parser) ifStmt() Stmt {
	from := p.tok.from
	p.need("if")
	p.need("(")
	out := &If{Test: p.expression()}
	p.need(")")
	out.Then = p.inner()
	if p.take("else") {
		out.Else = p.inner()
	}
	out.Span = p.span(from)
	return out
}

func (p *parser) forStmt() Stmt {
	from := p.tok.from
	p.need("for")
	await := p.take("await")
	p.need("(")
	var init Stmt
	at := p.tok.from
	switch {
	case p.is(";"):
	case p.isAny("const", "let", "var") || p.is("using") && p.peek().kind == word && p.peek().value != "of":
		old := p.noIn
		p.noIn = true
		v := p.variables()
		p.noIn = old
		if p.isAny("of", "in") && len(v.Names) == 1 {
			return p.forOf(from, await, v.Names[0].Pattern)
		}
		init = v
	default:
		old := p.noIn
		p.noIn, p.leading = true, at
		x := p.expression()
		p.noIn = old
		if p.isAny("of", "in") {
			return p.forOf(from, await, &Pattern{Target: x, Span: p.span(at)})
		}
		init = &ExprStmt{X: x, Span: p.span(at)}
	}
	p.need(";")
	out := &For{Init: init}
	if !p.is(";") {
		out.Test = p.expression()
	}
	p.need(";")
	if !p.is(")") {
		out.Update = p.expression()
	}
	p.need(")")
	out.Body = p.inner()
	out.Span = p.span(from)
	return out
}

func (p *parser) forOf(from int, await bool, pattern *Pattern) Stmt {
	out := &ForOf{Await: await, Pattern: pattern, In: p.is("in")}
	p.advance()
	out.Over = p.expression()
	p.need(")")
	out.Body = p.inner()
	out.Span = p.span(from)
	return out
}

func (p *parser) tryStmt() Stmt {
	from := p.tok.from
	p.need("try")
	out := &Try{Body: p.block()}
	if p.take("catch") {
		if p.take("(") {
			out.Param = p.pattern()
			if p.take(":") {
				p.typ()
			}
			p.need(")")
		}
		out.Handler = p.block()
	}
	if p.take("finally") {
		out.Finally = p.block()
	}
	out.Span = p.span(from)
	return out
}

func (p *parser) switchStmt() Stmt {
	from := p.tok.from
	p.need("switch")
	p.need("(")
	out := &Switch{X: p.expression()}
	p.need(")")
	p.need("{")
	for !p.is("}") && p.tok.kind != end {
		at := p.tok.from
		c := &Case{}
		if p.take("case") {
			c.Test = p.expression()
		} else {
			p.need("default")
		}
		p.need(":")
		for !p.isAny("case", "default", "}") && p.tok.kind != end {
			if s := p.statement(); s != nil {
				c.Body = append(c.Body, s)
			}
		}
		c.Span = p.span(at)
		out.Cases = append(out.Cases, c)
	}
	p.need("}")
	out.Span = p.span(from)
	return out
}
