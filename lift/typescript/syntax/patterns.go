package syntax

// pattern reads what a value is given to, without its default.
func (p *parser) pattern() *Pattern {
	p.down()
	defer p.up()
	from := p.tok.from
	out := &Pattern{}
	switch {
	case p.take("{"):
		for !p.is("}") {
			out.Props = append(out.Props, p.patternProp())
			if !p.take(",") {
				break
			}
		}
		p.need("}")
	case p.take("["):
		for !p.is("]") {
			if p.is(",") {
				p.advance()
				out.Items = append(out.Items, nil)
				continue
			}
			rest := p.take("...")
			item := p.pattern()
			item.Rest = rest
			p.byDefault(item)
			out.Items = append(out.Items, item)
			if !p.take(",") {
				break
			}
		}
		p.need("]")
	default:
		out.Name = p.ident()
	}
	out.Span = p.span(from)
	return out
}

// byDefault reads the default of a pattern, if there is one.
func (p *parser) byDefault(out *Pattern) {
	if p.take("=") {
		out.Default = p.assignment()
	}
}

func (p *parser) patternProp() *PatternProp {
	out := &PatternProp{}
	from := p.tok.from
	if p.take("...") {
		out.Pattern = p.pattern()
		out.Pattern.Rest = true
		return out
	}
	switch {
	case p.take("["):
		out.Computed = p.assignment()
		p.need("]")
		if literal, is := out.Computed.(*Literal); is && literal.Kind == Text {
			out.Key = literal.Value
		}
	case p.tok.kind == text || p.tok.kind == number || p.tok.kind == private:
		out.Key = p.tok.value
		p.advance()
	default:
		out.Key = p.ident()
		if !p.is(":") {
			out.Pattern = &Pattern{Name: out.Key, Span: p.span(from)}
			p.byDefault(out.Pattern)
			return out
		}
	}
	p.need(":")
	out.Pattern = p.pattern()
	p.byDefault(out.Pattern)
	return out
}

// params reads the parameters of a function, with their brackets.
func (p *parser) params() []*Param {
	var out []*Param
	p.need("(")
	for !p.is(")") {
		out = append(out, p.param())
		if !p.take(",") {
			break
		}
	}
	p.need(")")
	return out
}

// access are the words that make a parameter of a constructor a field.
var access = map[string]bool{"private": true, "protected": true, "public": true, "readonly": true, "override": true}

func (p *parser) param() *Param {
	from := p.tok.from
	out := &Param{}
	for p.is("@") {
		out.Decorators = append(out.Decorators, p.decorator())
	}
	for p.tok.kind == word && access[p.tok.value] {
		if t := p.peek(); t.kind != word && (t.kind != punct || t.value != "{" && t.value != "[") {
			break
		}
		if out.Access == "" || out.Access == "readonly" {
			out.Access = p.tok.value
		}
		p.advance()
	}
	out.Rest = p.take("...")
	out.Pattern = p.pattern()
	out.Pattern.Rest = out.Rest
	out.Optional = p.take("?")
	if p.take(":") {
		out.Type = p.typ()
	}
	if p.take("=") {
		out.Default = p.assignment()
	}
	out.Span = p.span(from)
	return out
}
