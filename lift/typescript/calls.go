package typescript

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// findLoops says of each loop what it goes over, once all variables are known.
func (l *lifter) findLoops() {
	for _, o := range l.over {
		o.loop.From = l.value(o.in, o.over)
		_, o.loop.Part = unwrapped(o.over).(*syntax.Select)
		if l.fewItems(o.in, o.over) {
			o.loop.Kind = facts.OverConstant
		}
		if call, is := unwrapped(o.over).(*syntax.Call); is {
			name := strings.ToLower(calledName(call))
			o.loop.Batch = o.loop.Batch || strings.Contains(name, "chunk") || strings.Contains(name, "batch")
		}
	}
}

// fewItems reports whether the code itself says which items a list has.
func (l *lifter) fewItems(f *function, e syntax.Expr) bool {
	switch e := unwrapped(e).(type) {
	case *syntax.Array:
		return !slices.ContainsFunc(e.Items, func(x syntax.Expr) bool { _, spread := x.(*syntax.Spread); return spread })
	case *syntax.Call:
		s, is := e.Fun.(*syntax.Select)
		if !is {
			return false
		}
		x, is := s.X.(*syntax.Ident)
		if is && x.Name == "Object" && len(e.Args) == 1 {
			return l.fewItems(f, e.Args[0]) || l.typeOf(f, e.Args[0]).enum != nil
		}
		return (s.Name == "map" || s.Name == "filter" || s.Name == "slice" || s.Name == "flatMap") && l.fewItems(f, s.X)
	case *syntax.Object:
		return !slices.ContainsFunc(e.Props, func(p *syntax.Property) bool { return p.Spread || p.Computed != nil })
	case *syntax.Ident:
		if b := f.binding(e.Name, e.Pos()); b != nil {
			return b.fixed && b.init != nil && len(b.path) == 0 && !pushed(b) && l.fewItems(b.of, b.init)
		}
		d := l.named(f.file, e.Name)
		return d != nil && (d.enum != nil || d.fixed && d.value != nil && settled(d.value, 0))
	}
	return false
}

// pushed reports whether a list is filled after it was made.
func pushed(b *binding) bool {
	return slices.ContainsFunc(b.of.sites, func(s site) bool {
		on, is := s.call.Fun.(*syntax.Select)
		if !is || on.Name != "push" && on.Name != "unshift" && on.Name != "splice" {
			return false
		}
		x, is := on.X.(*syntax.Ident)
		return is && x.Name == b.name
	})
}

// findBody tells what a function does: its calls, queries and effects.
func (l *lifter) findBody(f *function) {
	l.findSpans(f)
	l.findUndeclared(f)
	l.findUnheeded(f)
	l.findResources(f)
	for _, s := range f.sites {
		if q := l.queryAt(f, s.call); q != nil {
			q.Loop, q.Place = s.at.loop, s.at.place
			l.handle(f, q, s)
			f.fact.Queries = append(f.fact.Queries, q)
			continue
		}
		l.callOf(f, s)
		if e := l.effectOf(f, s); e != nil {
			f.fact.Effects = append(f.fact.Effects, e)
		}
	}
	l.findUnheard(f)
	for _, b := range f.compared {
		l.compare(f, b)
	}
}

// callOf makes the facts of a call of the code's own functions, and of those that it is given.
func (l *lifter) callOf(f *function, s site) {
	callees := l.callees(f, s.call)
	if len(callees) > 0 {
		call := &facts.Call{Pos: f.file.pos(s.call), From: f.fact, Loop: s.at.loop, Place: s.at.place}
		for _, c := range callees {
			call.Callees = append(call.Callees, c.fact)
		}
		if on, is := s.call.Fun.(*syntax.Select); is {
			call.Receiver = l.value(f, on.X)
			x, is := on.X.(*syntax.Ident)
			call.Self = is && x.Name == "this"
		}
		for _, arg := range s.call.Args {
			call.Args = append(call.Args, l.value(f, arg))
		}
		call.InTx = l.begun(f, s)
		f.fact.Calls = append(f.fact.Calls, call)
	}
	for i, arg := range s.call.Args {
		l.handed(f, s, arg, i)
	}
}

// handed makes the fact of a function that is given to a call. What runs it for each item of a list calls it in a loop.
func (l *lifter) handed(f *function, s site, arg syntax.Expr, which int) {
	arg = unwrapped(arg)
	var to *function
	switch x := arg.(type) {
	case *syntax.Func:
		to = l.runs[x]
	case *syntax.Ident, *syntax.Select:
		to = l.typeOf(f, x).calls
	case *syntax.Call: // this.method.bind(this)
		if on, is := x.Fun.(*syntax.Select); is && on.Name == "bind" {
			to = l.typeOf(f, on.X).calls
		}
	}
	if to == nil {
		return
	}
	call := &facts.Call{Pos: f.file.pos(arg), From: f.fact, Callees: []*facts.Function{to.fact}, Loop: s.at.loop, Place: s.at.place, Handed: true}
	if item, list := goesOver(s.call, which); item >= 0 {
		loop := f.loops[arg]
		if loop == nil {
			l.loops++
			loop = &facts.Loop{Pos: call.Pos, Kind: facts.OverItems, Over: f.file.said(list), Outer: s.at.loop, ID: l.loops, From: l.value(f, list)}
			f.loops[arg] = loop
			f.fact.Loops = append(f.fact.Loops, loop)
		}
		call.Loop, call.Handed, call.Place = loop, false, facts.Place{ErrorPath: s.at.place.ErrorPath}
		for i := range to.fact.Params {
			v := facts.Value{}
			if i == item {
				v = facts.Value{Text: loop.Over, Pos: call.Pos, Origins: []facts.Origin{{Kind: facts.FromLoop, Loop: loop}}}
			}
			call.Args = append(call.Args, v)
		}
	}
	f.fact.Calls = append(f.fact.Calls, call)
}

// callees are the functions of the code that a call may come to.
func (l *lifter) callees(f *function, call *syntax.Call) []*function {
	if call.New {
		if t := l.callType(&place{f.file, f}, call, 0); t.class != nil && t.class.methods["constructor"] != nil {
			return []*function{t.class.methods["constructor"]}
		}
		return nil
	}
	on, is := unwrapped(call.Fun).(*syntax.Select)
	if !is {
		if t := l.typeOf(f, call.Fun); t.calls != nil {
			return []*function{t.calls}
		}
		return nil
	}
	t := l.typeOf(f, on.X)
	switch {
	case t.class != nil:
		var out []*function
		for c, n := t.class, 0; c != nil && n < deepestType; c, n = c.extends, n+1 {
			if m := c.methods[on.Name]; m != nil {
				out = append(out, m)
				break
			}
		}
		if x, is := on.X.(*syntax.Ident); is && x.Name == "super" {
			return out
		}
		return append(out, overriding(t.class, on.Name, map[*class]bool{})...)
	case t.face != nil:
		var out []*function
		for _, c := range l.implementing[t.face] {
			if m := c.methods[on.Name]; m != nil {
				out = append(out, m)
			}
		}
		return out
	}
	if of := l.typeOf(f, on); of.calls != nil {
		return []*function{of.calls}
	}
	return nil
}

// overriding are the methods of a name in the classes that extend or implement one.
func overriding(c *class, name string, seen map[*class]bool) []*function {
	var out []*function
	for _, below := range c.below {
		if seen[below] {
			continue
		}
		seen[below] = true
		if m := below.methods[name]; m != nil {
			out = append(out, m)
		}
		out = append(out, overriding(below, name, seen)...)
	}
	return out
}

// compare notes what a function compares.
func (l *lifter) compare(f *function, b *syntax.Binary) {
	if !strings.HasPrefix(b.Op, "==") && !strings.HasPrefix(b.Op, "!=") && b.Op != "<" && b.Op != ">" && b.Op != "<=" && b.Op != ">=" {
		return
	}
	l.measured(f, b)
	equal := strings.HasPrefix(b.Op, "==") || strings.HasPrefix(b.Op, "!=")
	for _, side := range [][2]syntax.Expr{{b.X, b.Y}, {b.Y, b.X}} {
		name := endName(side[0])
		if name == "" {
			continue
		}
		name = facts.Snake(name)
		if !slices.Contains(f.fact.Matches, name) {
			f.fact.Matches = append(f.fact.Matches, name)
		}
		other := endName(side[1])
		if equal && other != "" && other != "undefined" && !slices.Contains(f.fact.Equates, name) {
			f.fact.Equates = append(f.fact.Equates, name)
		}
	}
}

// measured notes of a query that counts that what it answers is compared with another number than none, as the most that there may be.
func (l *lifter) measured(f *function, b *syntax.Binary) {
	if strings.ContainsAny(b.Op, "=!") && b.Op != "<=" && b.Op != ">=" {
		return
	}
	for _, side := range [][2]syntax.Expr{{b.X, b.Y}, {b.Y, b.X}} {
		id, is := unwrapped(side[0]).(*syntax.Ident)
		if literal, fixed := unwrapped(side[1]).(*syntax.Literal); !is || fixed && literal.Value == "0" {
			continue
		}
		of := f.binding(id.Name, id.Pos())
		if of == nil || of.init == nil {
			continue
		}
		e := unwrapped(of.init)
		if list, is := e.(*syntax.Call); is && calledName(list) == "all" && len(list.Args) == 1 { // Promise.all([…])
			if items, is := unwrapped(list.Args[0]).(*syntax.Array); is {
				for _, item := range items.Items {
					l.counts(of.of, item)
				}
			}
			continue
		}
		l.counts(of.of, e)
	}
}

// counts notes that of a query that counts, where an expression is one.
func (l *lifter) counts(f *function, e syntax.Expr) {
	if call, is := unwrapped(e).(*syntax.Call); is {
		if q := l.queryAt(f, call); q != nil && q.Statement != nil && q.Statement.Aggregate {
			q.Measured = true
		}
	}
}

// endName is the name at the end of an expression; "" where it has none.
func endName(e syntax.Expr) string {
	switch e := unwrapped(e).(type) {
	case *syntax.Ident:
		return e.Name
	case *syntax.Select:
		return e.Name
	}
	return ""
}
