package syntax

// expression reads an expression with commas.
func (p *parser) expression() Expr {
	from := p.tok.from
	x := p.assignment()
	if !p.is(",") {
		return x
	}
	out := &Comma{List: []Expr{x}}
	for p.take(",") {
		out.List = append(out.List, p.assignment())
	}
	out.Span = p.span(from)
	return out
}

// assigns are the signs that give a value.
var assigns = map[string]bool{
	"=": true, "+=": true, "-=": true, "*=": true, "/=": true, "%=": true, "**=": true, "<<=": true, ">>=": true, ">>>=": true, "&=": true, "|=": true, "^=": true, "&&=": true, "||=": true, "??=": true,
}

// assignment reads an expression without commas.
func (p *parser) assignment() Expr {
	p.down()
	defer p.up()
	from := p.tok.from
	if arrow := p.arrow(); arrow != nil {
		return arrow
	}
	if p.is("yield") && !p.yieldName() {
		p.advance()
		p.take("*")
		out := &Yield{}
		if !p.tok.line && !p.isAny(")", "]", "}", ",", ";", ":") && p.tok.kind != end {
			out.X = p.assignment()
		}
		out.Span = p.span(from)
		return out
	}
	if from == p.leading && (p.is("{") || p.is("[")) {
		if out := p.takenApart(from); out != nil {
			return out
		}
	}
	x := p.conditional()
	if p.tok.kind != punct || !assigns[p.tok.value] {
		return x
	}
	out := &Assign{Op: p.tok.value, X: x}
	p.advance()
	out.Y = p.assignment()
	out.Span = p.span(from)
	return out
}

// yieldName reports whether yield is a name here.
func (p *parser) yieldName() bool {
	t := p.peek()
	return t.kind == punct && (t.value == "." || t.value == "=" || t.value == "=>")
}

// takenApart reads [a, b] = c and {a, b} = c, nil where it is no such thing.
func (p *parser) takenApart(from int) Expr {
	if known, is := p.arrows[from]; is && !known {
		return nil
	}
	out := &Assign{Op: "="}
	ok := p.apart() && p.try(func() {
		out.Pattern = p.target()
		p.need("=")
	})
	p.arrows[from] = ok
	if !ok {
		return nil
	}
	out.Y = p.assignment()
	out.Span = p.span(from)
	return out
}

// apart reports whether = stands behind the bracket that closes the one at hand.
func (p *parser) apart() bool {
	s := p.save()
	defer p.restore(s)
	p.passOne()
	return p.is("=")
}

// target is a pattern whose ends may be members: [a.b, c] = d.
func (p *parser) target() *Pattern {
	p.down()
	defer p.up()
	from := p.tok.from
	out := &Pattern{}
	switch {
	case p.take("["):
		for !p.is("]") {
			if p.take(",") {
				out.Items = append(out.Items, nil)
				continue
			}
			rest := p.take("...")
			item := p.target()
			item.Rest = rest
			p.byDefault(item)
			out.Items = append(out.Items, item)
			if !p.take(",") {
				break
			}
		}
		p.need("]")
	case p.take("{"):
		for !p.is("}") {
			prop := &PatternProp{}
			at := p.tok.from
			switch {
			case p.take("..."):
				prop.Pattern = p.target()
				prop.Pattern.Rest = true
			case p.tok.kind == word && p.peek().value != ":":
				prop.Key = p.ident()
				prop.Pattern = &Pattern{Name: prop.Key, Span: p.span(at)}
				p.byDefault(prop.Pattern)
			default:
				prop.Key = p.nameOrText()
				p.need(":")
				prop.Pattern = p.target()
				p.byDefault(prop.Pattern)
			}
			out.Props = append(out.Props, prop)
			if !p.take(",") {
				break
			}
		}
		p.need("}")
	default:
		x := p.postfix()
		if name, is := x.(*Ident); is {
			out.Name = name.Name
		} else {
			out.Target = x
		}
	}
	out.Span = p.span(from)
	return out
}

// arrow reads an arrow function, nil where none begins here.
func (p *parser) arrow() Expr {
	from := p.tok.from
	switch {
	case p.tok.kind == word:
		if p.tok.value == "async" {
			if t := p.peek(); !t.line && (t.kind == word && t.value != "function" && t.value != "instanceof" && t.value != "in" || t.kind == punct && (t.value == "(" || t.value == "<")) {
				if f := p.arrowHead(from, true); f != nil {
					return p.arrowBody(f, from)
				}
				return nil
			}
		}
		if t := p.peek(); t.kind == punct && t.value == "=>" && !t.line {
			return p.arrowBody(p.arrowHead(from, false), from)
		}
	case p.is("("), p.is("<"):
		if f := p.arrowHead(from, false); f != nil {
			return p.arrowBody(f, from)
		}
	}
	return nil
}

// arrowHead reads an arrow function up to its arrow, nil where none begins here.
func (p *parser) arrowHead(from int, async bool) *Func {
	known, is := p.arrows[from]
	if is && !known {
		return nil
	}
	out := &Func{Arrow: true, Async: async}
	ok := p.try(func() {
		if async {
			p.advance()
		}
		if p.tok.kind == word {
			at := p.tok.from
			name := p.ident()
			out.Params = []*Param{{Pattern: &Pattern{Name: name, Span: p.span(at)}, Span: p.span(at)}}
		} else {
			out.TypeParams = p.typeParams()
			out.Params = p.params()
			if p.take(":") {
				out.Result = p.returnType()
			}
		}
		if p.tok.line || !p.is("=>") {
			p.fail()
		}
		if out.Result != nil && p.ternary > 0 && !known && !p.elseFollows() {
			p.fail()
		}
		p.advance()
	})
	p.arrows[from] = ok
	if !ok {
		return nil
	}
	return out
}

// elseFollows reports whether : stands behind the body of the arrow function whose arrow is at hand: within a ? b : c it would otherwise be the
// colon of that.
func (p *parser) elseFollows() bool {
	found := false
	p.try(func() {
		old := p.ternary
		p.advance()
		if p.is("{") {
			p.passOne()
		} else {
			p.ternary = 0
			p.assignment()
		}
		p.ternary = old
		found = p.is(":")
		p.fail()
	})
	return found
}

func (p *parser) arrowBody(out *Func, from int) Expr {
	if out == nil {
		p.fail()
	}
	if p.is("{") {
		old := p.ternary
		p.ternary = 0
		out.Body = p.block()
		p.ternary = old
	} else {
		out.Value = p.assignment()
	}
	out.Span = p.span(from)
	return out
}

func (p *parser) conditional() Expr {
	from := p.tok.from
	x := p.binary(0)
	if !p.is("?") {
		return x
	}
	p.advance()
	out := &Cond{Test: x}
	old := p.noIn
	p.noIn = false
	p.ternary++
	out.Then = p.assignment()
	p.ternary--
	p.noIn = old
	p.need(":")
	out.Else = p.assignment()
	out.Span = p.span(from)
	return out
}

// binds are the operators between two values, by how much they bind.
var binds = map[string]int{
	"??": 1, "||": 2, "&&": 3, "|": 4, "^": 5, "&": 6, "==": 7, "!=": 7, "===": 7, "!==": 7, "<": 8, ">": 8, "<=": 8, ">=": 8, "instanceof": 8, "in": 8, "as": 8, "satisfies": 8,
	"<<": 9, ">>": 9, ">>>": 9, "+": 10, "-": 10, "*": 11, "/": 11, "%": 11, "**": 12,
}

func (p *parser) binary(least int) Expr {
	p.down()
	defer p.up()
	from := p.tok.from
	x := p.unary()
	for {
		if p.tok.kind != punct && p.tok.kind != word {
			return x
		}
		op := p.tok.value
		binding := binds[op]
		if binding == 0 || binding <= least || op == "in" && p.noIn {
			return x
		}
		if op == "as" || op == "satisfies" {
			if p.tok.line {
				return x
			}
			p.advance()
			x = &As{X: x, Type: p.typ(), Span: p.span(from)}
			continue
		}
		p.advance()
		next := binding
		if op == "**" {
			next--
		}
		y := p.binary(next)
		x = &Binary{Op: op, X: x, Y: y, Span: p.span(from)}
	}
}

func (p *parser) unary() Expr {
	p.down()
	defer p.up()
	from := p.tok.from
	switch {
	case p.tok.kind == punct && (p.tok.value == "!" || p.tok.value == "-" || p.tok.value == "+" || p.tok.value == "~"),
		p.tok.kind == word && (p.tok.value == "typeof" || p.tok.value == "void" || p.tok.value == "delete"):
		op := p.tok.value
		p.advance()
		return &Unary{Op: op, X: p.unary(), Span: p.span(from)}
	case p.is("++"), p.is("--"):
		op := p.tok.value
		p.advance()
		return &Update{Op: op, X: p.unary(), Prefix: true, Span: p.span(from)}
	case p.is("await"):
		if t := p.peek(); t.kind == punct && t.value != "(" && t.value != "[" && t.value != "{" && t.value != "!" && t.value != "+" && t.value != "-" && t.value != "<" && t.value != "/" || t.kind == end {
			break // a name
		}
		p.advance()
		return &Await{X: p.unary(), Span: p.span(from)}
	case p.is("<"):
		if p.jsx {
			return p.element()
		}
		p.advance()
		t := p.typ()
		p.closeAngle()
		return &As{X: p.unary(), Type: t, Span: p.span(from)}
	}
	x := p.postfix()
	if (p.is("++") || p.is("--")) && !p.tok.line {
		op := p.tok.value
		p.advance()
		return &Update{Op: op, X: x, Span: p.span(from)}
	}
	return x
}

// postfix reads a value with its members and calls.
func (p *parser) postfix() Expr {
	from := p.tok.from
	var x Expr
	if p.is("new") {
		x = p.newCall()
	} else {
		x = p.primary()
	}
	return p.behind(x, from, true)
}

// behind reads the members and calls behind a value; calls only where they are its own, and not those of new.
func (p *parser) behind(x Expr, from int, calls bool) Expr {
	for n := 0; ; n++ {
		if n > 4000 {
			p.fail()
		}
		switch {
		case p.tok.kind == template:
			x = p.templateOf(x, from)
		case p.tok.kind != punct:
			return x
		case p.tok.value == ".":
			p.advance()
			x = p.selected(x, from, false)
		case p.tok.value == "?." && calls:
			p.advance()
			switch {
			case p.is("("):
				x = &Call{Fun: x, Args: p.args(), Optional: true, Span: p.span(from)}
			case p.is("["):
				x = p.indexed(x, from, true)
			case p.is("<"):
				of := p.typeArgs()
				x = &Call{Fun: x, TypeArgs: of, Args: p.args(), Optional: true, Span: p.span(from)}
			default:
				x = p.selected(x, from, true)
			}
		case p.tok.value == "[":
			x = p.indexed(x, from, false)
		case p.tok.value == "(" && calls:
			x = &Call{Fun: x, Args: p.args(), Span: p.span(from)}
		case p.tok.value == "!" && !p.tok.line:
			p.advance()
			x = &As{X: x, Span: p.span(from)}
		case p.tok.value == "<" || p.tok.value == "<<":
			of, ok := p.typeArgsOfCall(calls)
			if !ok {
				return x
			}
			switch {
			case p.is("(") && calls:
				x = &Call{Fun: x, TypeArgs: of, Args: p.args(), Span: p.span(from)}
			case p.tok.kind == template:
				x = p.templateOf(x, from)
			default:
				return x
			}
		default:
			return x
		}
	}
}

func (p *parser) selected(x Expr, from int, optional bool) Expr {
	at := p.tok.from
	if p.tok.kind != word && p.tok.kind != private {
		p.fail()
	}
	name := p.tok.value
	p.advance()
	return &Select{X: x, Name: name, At: at, Optional: optional, Span: p.span(from)}
}

func (p *parser) indexed(x Expr, from int, optional bool) Expr {
	p.need("[")
	old, ternary := p.noIn, p.ternary
	p.noIn, p.ternary = false, 0
	index := p.expression()
	p.noIn, p.ternary = old, ternary
	p.need("]")
	return &Index{X: x, Index: index, Optional: optional, Span: p.span(from)}
}

func (p *parser) args() []Expr {
	old, ternary := p.noIn, p.ternary
	p.noIn, p.ternary = false, 0
	out := []Expr{}
	p.need("(")
	for !p.is(")") {
		out = append(out, p.item())
		if !p.take(",") {
			break
		}
	}
	p.need(")")
	p.noIn, p.ternary = old, ternary
	return out
}

// item is an argument or an item of a list.
func (p *parser) item() Expr {
	from := p.tok.from
	if p.take("...") {
		return &Spread{X: p.assignment(), Span: p.span(from)}
	}
	return p.assignment()
}

// typeArgsOfCall reads <T> behind a value, where it is that and no comparison.
func (p *parser) typeArgsOfCall(calls bool) ([]*Type, bool) {
	at := -p.tok.from - 1 // told apart from where arrows begin
	if known, is := p.arrows[at]; is && !known {
		return nil, false
	}
	var out []*Type
	ok := p.try(func() {
		out = p.typeArgs()
		switch {
		case p.tok.kind == template, p.tok.kind == end, p.tok.line:
		case p.isAny("(", ")", "]", ":", ";", ",", ".", "?.", "==", "===", "!=", "!==", "&&", "||", "??", "}", "?", "^", "|", "&", "="):
		default:
			p.fail()
		}
	})
	p.arrows[at] = ok
	return out, ok
}

func (p *parser) newCall() Expr {
	p.down()
	defer p.up()
	from := p.tok.from
	p.need("new")
	if p.take(".") { // new.target
		p.ident()
		return &Ident{Name: "new.target", Span: p.span(from)}
	}
	at := p.tok.from
	var x Expr
	if p.is("new") {
		x = p.newCall()
	} else {
		x = p.primary()
	}
	x = p.behind(x, at, false)
	out := &Call{Fun: x, New: true}
	if p.is("<") {
		if of, ok := p.typeArgsOfCall(false); ok {
			out.TypeArgs = of
		}
	}
	if p.is("(") {
		out.Args = p.args()
	}
	out.Span = p.span(from)
	return out
}

// templateOf reads a template that is given to a function, nil for none.
func (p *parser) templateOf(tag Expr, from int) Expr {
	out := &Template{Tag: tag}
	for {
		out.Parts = append(out.Parts, p.tok.value)
		if !p.tok.more {
			break
		}
		old, ternary := p.noIn, p.ternary
		p.noIn, p.ternary = false, 0
		p.advance()
		out.Values = append(out.Values, p.expression())
		p.noIn, p.ternary = old, ternary
		if !p.is("}") {
			p.fail()
		}
		p.resume()
	}
	p.advance()
	out.Span = p.span(from)
	return out
}

func (p *parser) primary() Expr {
	p.down()
	defer p.up()
	from := p.tok.from
	switch p.tok.kind {
	case number, text, regexpKind:
		kinds := map[kind]LiteralKind{number: Number, text: Text, regexpKind: Regexp}
		out := &Literal{Kind: kinds[p.tok.kind], Value: p.tok.value}
		p.advance()
		out.Span = p.span(from)
		return out
	case template:
		return p.templateOf(nil, from)
	case private: // #x in y
		name := p.tok.value
		p.advance()
		return &Ident{Name: name, Span: p.span(from)}
	case word:
		return p.wordValue(from)
	case punct:
		switch p.tok.value {
		case "(":
			p.advance()
			old, ternary := p.noIn, p.ternary
			p.noIn, p.ternary, p.leading = false, 0, p.tok.from
			x := p.expression()
			p.noIn, p.ternary = old, ternary
			p.need(")")
			return x
		case "[":
			return p.array(from)
		case "{":
			return p.object(from)
		case "/", "/=":
			p.again(true, false)
			return p.primary()
		case "@":
			c := p.class(p.decorators())
			return c
		case "<":
			if p.jsx {
				return p.element()
			}
		}
	}
	p.fail()
	return nil
}

// reserved are words that are no names of values.
var reserved = map[string]bool{
	"case": true, "catch": true, "const": true, "default": true, "do": true, "else": true, "enum": true, "export": true, "extends": true, "finally": true, "for": true, "if": true, "in": true, "instanceof": true, "return": true,
	"switch": true, "throw": true, "try": true, "var": true, "while": true, "with": true, "break": true, "continue": true, "debugger": true,
}

func (p *parser) wordValue(from int) Expr {
	switch p.tok.value {
	case "function":
		return p.function()
	case "async":
		if t := p.peek(); t.kind == word && t.value == "function" && !t.line {
			return p.function()
		}
	case "class":
		return p.class(nil)
	case "abstract":
		if t := p.peek(); t.kind == word && t.value == "class" {
			return p.class(nil)
		}
	case "true", "false":
		value := p.ident()
		return &Literal{Kind: Boolean, Value: value, Span: p.span(from)}
	case "null":
		p.advance()
		return &Literal{Kind: Null, Value: "null", Span: p.span(from)}
	case "import":
		p.advance()
		if p.take(".") {
			p.ident()
			return &Ident{Name: "import.meta", Span: p.span(from)}
		}
		return &Ident{Name: "import", Span: p.span(from)}
	case "new":
		return p.newCall()
	}
	if reserved[p.tok.value] {
		p.fail()
	}
	name := p.ident()
	return &Ident{Name: name, Span: p.span(from)}
}

func (p *parser) array(from int) Expr {
	old, ternary := p.noIn, p.ternary
	p.noIn, p.ternary = false, 0
	out := &Array{}
	p.need("[")
	for !p.is("]") {
		if p.take(",") {
			out.Items = append(out.Items, nil)
			continue
		}
		out.Items = append(out.Items, p.item())
		if !p.take(",") {
			break
		}
	}
	p.need("]")
	p.noIn, p.ternary = old, ternary
	out.Span = p.span(from)
	return out
}

func (p *parser) object(from int) Expr {
	old, ternary := p.noIn, p.ternary
	p.noIn, p.ternary = false, 0
	out := &Object{}
	p.need("{")
	for !p.is("}") {
		out.Props = append(out.Props, p.property())
		if !p.take(",") {
			break
		}
	}
	p.need("}")
	p.noIn, p.ternary = old, ternary
	out.Span = p.span(from)
	return out
}

// closesName reports whether a token behind a word shows that the word is the name of a member, and not a word before one.
func closesName(t token) bool {
	return t.kind == end || t.kind == punct && (t.value == "," || t.value == "}" || t.value == ":" || t.value == "(" || t.value == "=" || t.value == "?" || t.value == ";" || t.value == "<" || t.value == "!")
}

func (p *parser) property() *Property {
	from := p.tok.from
	out := &Property{}
	if p.take("...") {
		out.Spread, out.Value = true, p.assignment()
		out.Span = p.span(from)
		return out
	}
	async, generator := false, false
	for p.tok.kind == word {
		w := p.tok.value
		if w != "async" && w != "get" && w != "set" || closesName(p.peek()) {
			break
		}
		async, out.Get, out.Set = async || w == "async", out.Get || w == "get", out.Set || w == "set"
		p.advance()
	}
	if p.take("*") {
		generator = true
	}
	name := p.tok
	out.Key, out.Computed = p.memberName()
	switch {
	case p.is("(") || p.is("<"):
		f := p.method(from, async, generator)
		f.Name = out.Key
		out.Value, out.Method = f, !out.Get && !out.Set
	case p.take(":"):
		out.Value = p.assignment()
	default:
		if name.kind != word {
			p.fail()
		}
		out.Shorthand = true
		x := Expr(&Ident{Name: out.Key, Span: p.span(from)})
		if p.is("=") { // of a pattern that was read as an object
			p.advance()
			x = &Assign{Op: "=", X: x, Y: p.assignment(), Span: p.span(from)}
		}
		out.Value = x
	}
	out.Span = p.span(from)
	return out
}

// memberName reads the name of a member of an object or class: its text, or what is computed.
func (p *parser) memberName() (string, Expr) {
	switch {
	case p.tok.kind == word || p.tok.kind == text || p.tok.kind == number || p.tok.kind == private:
		name := p.tok.value
		p.advance()
		return name, nil
	case p.take("["):
		old, ternary := p.noIn, p.ternary
		p.noIn, p.ternary = false, 0
		x := p.assignment()
		p.noIn, p.ternary = old, ternary
		p.need("]")
		if literal, is := x.(*Literal); is && literal.Kind == Text {
			return literal.Value, nil
		}
		return "", x
	}
	p.fail()
	return "", nil
}

// function reads a function with its word.
func (p *parser) function() *Func {
	from := p.tok.from
	async := p.take("async")
	p.need("function")
	generator := p.take("*")
	name := ""
	if p.tok.kind == word {
		name = p.ident()
	}
	out := p.method(from, async, generator)
	out.Name = name
	return out
}

// method reads a function from its parameters on. It has no body where a line or semicolon ends it.
func (p *parser) method(from int, async, generator bool) *Func {
	p.down()
	defer p.up()
	old, ternary := p.noIn, p.ternary
	p.noIn, p.ternary = false, 0
	out := &Func{Async: async, Generator: generator}
	out.TypeParams = p.typeParams()
	out.Params = p.params()
	if p.take(":") {
		out.Result = p.returnType()
	}
	if p.is("{") {
		out.Body = p.block()
	} else {
		p.semicolonOr(",")
	}
	p.noIn, p.ternary = old, ternary
	out.Span = p.span(from)
	return out
}

// semicolonOr passes the end of a member, unless another sign stands there.
func (p *parser) semicolonOr(sign string) {
	if !p.is(sign) {
		p.semicolon()
	}
}

// element passes an element of JSX: its tags, and what stands within.
func (p *parser) element() Expr {
	p.down()
	defer p.up()
	from := p.tok.from
	p.at = p.tok.from
	p.passElement(0)
	p.tok = token{kind: punct, value: ")", from: p.at, to: p.at}
	p.advance()
	p.before = max(p.before, from)
	return &Ident{Name: "<jsx>", Span: Span{from, max(from, p.before)}}
}

// passElement passes an element, from its <, by its characters: braces and quotes within tags, elements within elements.
func (p *parser) passElement(depth int) {
	if depth > deepest {
		p.fail()
	}
	if closed := p.passTag(); closed {
		return
	}
	for p.at < len(p.text) {
		switch {
		case p.text[p.at] == '{':
			p.passBraces()
		case p.text[p.at] == '<' && p.at+1 < len(p.text) && p.text[p.at+1] == '/':
			p.at = min(indexFrom(p.text, p.at, ">")+1, len(p.text))
			return
		case p.text[p.at] == '<':
			p.passElement(depth + 1)
		default:
			p.at++
		}
	}
}

// passTag passes a tag, and reports whether it closes itself.
func (p *parser) passTag() bool {
	p.at++
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case '"', '\'':
			p.at = min(indexFrom(p.text, p.at+1, string(c))+1, len(p.text))
		case '{':
			p.passBraces()
		case '>':
			p.at++
			return p.text[p.at-2] == '/'
		default:
			p.at++
		}
	}
	return true
}

// passBraces passes { … } with texts, templates and comments in it.
func (p *parser) passBraces() {
	open := 0
	for p.at < len(p.text) {
		switch c := p.text[p.at]; c {
		case '{':
			open++
			p.at++
		case '}':
			open--
			p.at++
			if open == 0 {
				return
			}
		case '"', '\'':
			p.quoted(c)
		case '`':
			p.at++
			for p.at < len(p.text) && p.text[p.at] != '`' {
				if p.text[p.at] == '\\' {
					p.at++
				}
				p.at++
			}
			p.at = min(p.at+1, len(p.text))
		case '/':
			if p.at+1 < len(p.text) && (p.text[p.at+1] == '*' || p.text[p.at+1] == '/') {
				p.space()
			} else {
				p.at++
			}
		default:
			p.at++
		}
	}
}
