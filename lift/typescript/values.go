package typescript

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// mostOrigins bounds how many sources a value is said to have.
const mostOrigins = 24

// value is what an expression of a function may hold.
func (l *lifter) value(f *function, e syntax.Expr) facts.Value {
	v := facts.Value{Origins: l.origins(f, e, 0)}
	if e == nil {
		return v
	}
	v.Text, v.Pos = f.file.said(e), f.file.pos(e)
	switch t := l.typeOf(f, e); {
	case t.plain == "text" || t.plain == "number":
		v.Kind = t.plain
	case t.list:
		v.Kind = "list"
	}
	l.sentWhole(f, e, &v)
	if v.Kind == "" || v.Kind == "list" {
		v.List = v.Origins // its items are from where it is, unless it says itself what they are
	}
	switch x := unwrapped(e).(type) {
	case *syntax.Select, *syntax.Index:
		v.Part = true
	case *syntax.Call:
		if s, is := x.Fun.(*syntax.Select); is {
			_, whole := s.X.(*syntax.Ident)
			v.Part = !whole
		}
	case *syntax.Array:
		v.Kind, v.List = "list", nil
		for _, item := range x.Items {
			v.List = append(v.List, l.origins(f, item, 1)...)
		}
	case *syntax.Object:
		v.Written, v.Named, v.List = true, true, nil
		for _, p := range x.Props {
			if p.Spread || p.Key == "" {
				v.Written, v.Named = false, false
				continue
			}
			v.Fields = append(v.Fields, facts.FieldGiven{Name: p.Key, Origins: l.origins(f, p.Value, 1)})
		}
	}
	return v
}

// origins are the sources of an expression.
func (l *lifter) origins(f *function, e syntax.Expr, depth int) []facts.Origin {
	out := distinct(l.sources(f, e, depth))
	if len(out) > mostOrigins {
		out = out[:mostOrigins]
	}
	return out
}

func distinct(all []facts.Origin) []facts.Origin {
	var out []facts.Origin
	for _, o := range all {
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
	}
	return out
}

// deepestValue bounds how many steps a value is followed.
const deepestValue = 14

// numbers are functions that make a number, boolean or time of a text.
var numbers = regexp.MustCompile(`^(Number|parseInt|parseFloat|Boolean|BigInt|isNaN|Date|toNumber|getTime|valueOf|length)$`)

// reckons are functions that answer a number reckoned of what they are given.
var reckons = regexp.MustCompile(`^(Number|parseInt|parseFloat|BigInt|toNumber|round|floor|ceil|abs|min|max|trunc|plus|minus|add|sub|subtract|times|mul|multiply|div|divide|Decimal|BigNumber|Big|toFixed|valueOf)$`)

func (l *lifter) sources(f *function, e syntax.Expr, depth int) []facts.Origin {
	if e == nil {
		return nil
	}
	unknown := []facts.Origin{{Kind: facts.FromUnknown, Pos: f.file.pos(e)}}
	if depth > deepestValue {
		return unknown
	}
	constant := []facts.Origin{{Kind: facts.FromConstant}}
	all := func(list ...syntax.Expr) []facts.Origin {
		var out []facts.Origin
		for _, x := range list {
			out = append(out, l.sources(f, x, depth+1)...)
		}
		return out
	}
	switch e := e.(type) {
	case *syntax.Literal:
		return constant
	case *syntax.As:
		return l.sources(f, e.X, depth)
	case *syntax.Await:
		return l.sources(f, e.X, depth)
	case *syntax.Spread:
		return l.sources(f, e.X, depth)
	case *syntax.Template:
		if call := l.tags[e]; call != nil {
			if q := l.queryAt(f, call); q != nil {
				return []facts.Origin{{Kind: facts.FromQuery, Name: q.Library, Pos: q.Pos}}
			}
		}
		if len(e.Values) == 0 {
			return constant
		}
		return made(all(e.Values...))
	case *syntax.Array:
		if len(e.Items) == 0 {
			return constant
		}
		return made(all(e.Items...))
	case *syntax.Object:
		var out []facts.Origin
		for _, p := range e.Props {
			out = append(out, l.sources(f, p.Value, depth+1)...)
		}
		if len(out) == 0 {
			return constant
		}
		return made(out)
	case *syntax.Func, *syntax.Class:
		return constant
	case *syntax.Unary:
		return numbered(all(e.X))
	case *syntax.Update:
		return numbered(reckoned(all(e.X)))
	case *syntax.Cond:
		return all(e.Then, e.Else)
	case *syntax.Comma:
		if len(e.List) > 0 {
			return l.sources(f, e.List[len(e.List)-1], depth+1)
		}
	case *syntax.Binary:
		switch e.Op {
		case "??", "||":
			return all(e.X, e.Y)
		case "&&":
			return all(e.Y)
		case "+":
			out := made(all(e.X, e.Y))
			if l.typeOf(f, e).plain == "number" {
				return numbered(reckoned(out))
			}
			return out
		case "-", "*", "/", "%", "**":
			return numbered(reckoned(made(all(e.X, e.Y))))
		}
		return numbered(made(all(e.X, e.Y)))
	case *syntax.Assign:
		return all(e.Y)
	case *syntax.Ident:
		return l.identSources(f, e, depth)
	case *syntax.Select:
		return l.selectSources(f, e, depth)
	case *syntax.Index:
		return made(all(e.X, e.Index))
	case *syntax.Call:
		return l.callSources(f, e, depth)
	}
	return unknown
}

// made are origins of something that is made of what they say, and not that itself.
func made(all []facts.Origin) []facts.Origin {
	for i := range all {
		all[i].Whole = false
	}
	return all
}

func numbered(all []facts.Origin) []facts.Origin {
	for i := range all {
		all[i].Number, all[i].Whole = true, false
	}
	return all
}

func reckoned(all []facts.Origin) []facts.Origin {
	for i := range all {
		all[i].Reckoned = true
	}
	return all
}

// identSources are those of a name.
func (l *lifter) identSources(f *function, e *syntax.Ident, depth int) []facts.Origin {
	switch e.Name {
	case "undefined", "NaN", "Infinity":
		return []facts.Origin{{Kind: facts.FromConstant}}
	case "this":
		return []facts.Origin{{Kind: facts.FromParam, Function: f.fact, Index: -1, Whole: true}}
	}
	b := f.binding(e.Name, e.Pos())
	if b == nil {
		d := l.named(f.file, e.Name)
		if d != nil && (d.enum != nil || d.class != nil || d.fixed && d.value != nil && settled(d.value, 0)) {
			return []facts.Origin{{Kind: facts.FromConstant}}
		}
		return []facts.Origin{{Kind: facts.FromUnknown, Name: e.Name, Pos: f.file.pos(e)}}
	}
	out := l.bindingSources(b, depth)
	if b.of.clamped(e.Name) {
		return bounded(slices.Clone(out))
	}
	return out
}

// settled reports whether an expression is made of constants alone.
func settled(e syntax.Expr, depth int) bool {
	if depth > 20 {
		return false
	}
	all := func(list []syntax.Expr) bool {
		return !slices.ContainsFunc(list, func(x syntax.Expr) bool { return x != nil && !settled(x, depth+1) })
	}
	switch e := e.(type) {
	case *syntax.Literal:
		return true
	case *syntax.As:
		return settled(e.X, depth+1)
	case *syntax.Template:
		return all(e.Values)
	case *syntax.Array:
		return all(e.Items)
	case *syntax.Object:
		return !slices.ContainsFunc(e.Props, func(p *syntax.Property) bool { return p.Spread || !settled(p.Value, depth+1) })
	case *syntax.Select:
		x, is := e.X.(*syntax.Ident)
		return is && x.Name != "" && strings.ToUpper(x.Name[:1]) == x.Name[:1] // a member of an enum
	case *syntax.Unary:
		return settled(e.X, depth+1)
	case *syntax.Binary:
		return settled(e.X, depth+1) && settled(e.Y, depth+1)
	}
	return false
}

// bindingSources are those of a variable.
func (l *lifter) bindingSources(b *binding, depth int) []facts.Origin {
	if b.busyValue || depth > deepestValue {
		return nil
	}
	b.busyValue = true
	defer func() { b.busyValue = false }()
	var out []facts.Origin
	switch {
	case b.param >= 0:
		out = l.paramSources(b)
	case b.loop != nil:
		out = []facts.Origin{{Kind: facts.FromLoop, Loop: b.loop}}
	case b.init != nil:
		out = l.sources(b.of, b.init, depth+1)
		if len(b.path) > 0 {
			out = parted(out, b.path)
		}
	case b.callback != nil && begins.MatchString(calledName(b.callback)):
		return []facts.Origin{{Kind: facts.FromUnknown, Name: b.name, Pos: b.of.file.at(b.from)}}
	case b.callback != nil: // of a library's function: what was given to it, or what is behind it
		if s, is := b.callback.Fun.(*syntax.Select); is {
			out = made(l.sources(b.of, s.X, depth+1))
		}
	}
	for _, given := range b.given {
		out = append(out, l.sources(b.of, given, depth+1)...)
	}
	if out == nil {
		out = []facts.Origin{{Kind: facts.FromUnknown, Name: b.name, Pos: b.of.file.at(b.from)}}
	}
	if s, path := l.inputSchema(b); s != nil && len(path) > 0 {
		out = l.validated(s, path[0], out)
	}
	return out
}

// parted are origins of a member of what they say.
func parted(all []facts.Origin, path []string) []facts.Origin {
	for i, o := range all {
		if o.Kind == facts.FromParam && o.Whole && o.Field == "" && path[0] != "[]" {
			all[i].Field = path[0]
		}
		if o.Kind == facts.FromQuery && o.Field == "" && path[0] != "[]" {
			all[i].Field = path[0] // what hangs on a row, where the query reads that as well
		}
		if o.Kind == facts.FromRequest && o.Name == "" && path[0] != "[]" {
			all[i].Name = path[len(path)-1]
		}
		all[i].Whole = false
	}
	return all
}

// paramSources are those of a parameter of a function.
func (l *lifter) paramSources(b *binding) []facts.Origin {
	if h := b.of.handler; h != nil {
		if out, is := h.given(b.param, b.path); is {
			return out
		}
	}
	o := facts.Origin{Kind: facts.FromParam, Function: b.of.fact, Index: b.param, Whole: true}
	if len(b.path) > 0 {
		return parted([]facts.Origin{o}, b.path)
	}
	return []facts.Origin{o}
}

// selectSources are those of a member of something.
func (l *lifter) selectSources(f *function, e *syntax.Select, depth int) []facts.Origin {
	if x, is := e.X.(*syntax.Ident); is {
		if d := l.named(f.file, x.Name); d != nil && d.enum != nil && f.binding(x.Name, x.Pos()) == nil {
			return []facts.Origin{{Kind: facts.FromConstant}}
		}
		if x.Name == "this" {
			if f.class != nil {
				for c, n := f.class, 0; c != nil && n < deepestType; c, n = c.extends, n+1 {
					if fd := c.fields[e.Name]; fd != nil && fd.value != nil && settled(fd.value, 0) {
						return []facts.Origin{{Kind: facts.FromConstant}}
					}
				}
			}
			return []facts.Origin{{Kind: facts.FromParam, Function: f.fact, Index: -1, Field: e.Name}}
		}
	}
	if f.file.said(e) == "process.env" {
		return []facts.Origin{{Kind: facts.FromInput, Pos: f.file.pos(e)}}
	}
	if o, is := l.requestMember(f, e); is {
		return []facts.Origin{o}
	}
	if x, is := unwrapped(e.X).(*syntax.Ident); is {
		if b := f.binding(x.Name, x.Pos()); b != nil {
			if s, path := l.inputSchema(b); s != nil && len(path) == 0 && e.Name != "data" {
				return l.validated(s, e.Name, parted(l.sources(f, e.X, depth+1), []string{e.Name}))
			}
		}
	}
	out := parted(l.sources(f, e.X, depth+1), []string{e.Name})
	if e.Name == "length" || e.Name == "size" {
		return numbered(out)
	}
	return out
}

// callSources are those of what a call answers.
func (l *lifter) callSources(f *function, e *syntax.Call, depth int) []facts.Origin {
	if q := l.queryAt(f, e); q != nil {
		return []facts.Origin{{Kind: facts.FromQuery, Name: q.Library, Pos: q.Pos}}
	}
	name := calledName(e)
	if built.MatchString(name) && len(e.Args) == 0 {
		return []facts.Origin{{Kind: facts.FromChecked}} // the text of a builder, whose values are quoted or parameters
	}
	if l.builds(f, e, depth) {
		return []facts.Origin{{Kind: facts.FromChecked}}
	}
	var from []syntax.Expr
	if s, is := e.Fun.(*syntax.Select); is && !e.New {
		if t := l.typeOf(f, e.Fun); t.calls != nil {
			if o := l.answersOf(t.calls, depth); o != nil {
				return o
			}
			return made(l.given(f, e, depth))
		}
		from = append(from, s.X)
	} else if t := l.typeOf(f, e.Fun); t.calls != nil {
		if o := l.answersOf(t.calls, depth); o != nil {
			return o
		}
	}
	var out []facts.Origin
	for _, x := range from {
		if id, is := x.(*syntax.Ident); is && f.binding(id.Name, id.Pos()) == nil {
			continue // of a module, or a constructor such as Object
		}
		out = append(out, l.sources(f, x, depth+1)...)
	}
	out = made(append(out, l.given(f, e, depth)...))
	if !reckons.MatchString(name) {
		for i := range out {
			out[i].Reckoned = false // what is answered is no sum of what was given
		}
	}
	if name == "min" || name == "clamp" {
		return bounded(numbered(out))
	}
	if len(out) == 0 {
		return []facts.Origin{{Kind: facts.FromUnknown, Name: name, Pos: f.file.pos(e)}}
	}
	if numbers.MatchString(name) {
		return numbered(out)
	}
	return out
}

// built are methods of builders that answer their SQL.
var built = regexp.MustCompile(`^(getQuery|toQuery|toSQL|toNative|toSql)$`)

// builds reports whether all functions of the code that a call may come to answer with the SQL of a builder.
func (l *lifter) builds(f *function, e *syntax.Call, depth int) bool {
	if e.New || depth > 6 {
		return false
	}
	callees := l.callees(f, e)
	return len(callees) > 0 && !slices.ContainsFunc(callees, func(to *function) bool {
		return len(to.returns) == 0 || slices.ContainsFunc(to.returns, func(r *syntax.Return) bool { return !l.isBuilt(to, r.X, depth+1) })
	})
}

// isBuilt reports whether an expression is the SQL of a builder, or a list of such.
func (l *lifter) isBuilt(f *function, e syntax.Expr, depth int) bool {
	switch x := unwrapped(e).(type) {
	case *syntax.Call:
		return built.MatchString(calledName(x)) && len(x.Args) == 0 || depth < 6 && l.builds(f, x, depth+1)
	case *syntax.Array:
		return len(x.Items) > 0 && !slices.ContainsFunc(x.Items, func(item syntax.Expr) bool { return !l.isBuilt(f, item, depth+1) })
	case *syntax.Literal:
		return true
	}
	return false
}

// given are the sources of what a call is given, callbacks left out.
func (l *lifter) given(f *function, e *syntax.Call, depth int) []facts.Origin {
	var out []facts.Origin
	for _, arg := range e.Args {
		if _, is := unwrapped(arg).(*syntax.Func); !is {
			out = append(out, l.sources(f, arg, depth+1)...)
		}
	}
	return out
}

// answersOf are the sources of what a function of the code answers, where that is a database's answer; nil for any other.
func (l *lifter) answersOf(f *function, depth int) []facts.Origin {
	if f.answeringValue || depth > deepestValue {
		return nil
	}
	f.answeringValue = true
	defer func() { f.answeringValue = false }()
	var out []facts.Origin
	for _, r := range f.returns {
		for _, o := range l.sources(f, r.X, depth+3) {
			if o.Kind == facts.FromQuery {
				out = append(out, o)
			}
		}
	}
	return out
}
