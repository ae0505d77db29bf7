package typescript

import (
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// around is what surrounds a place in a function.
type around struct {
	loop    *facts.Loop
	place   facts.Place
	tx      *txScope // the transaction that is open
	from    int      // where names that are declared here can be seen
	to      int
	finally bool // of a try
	turning bool // a statement of a loop, and not of a callback within it
	depth   int
}

// txScope is a callback that a transaction runs, with the name of its handle.
type txScope struct {
	call   *syntax.Call
	handle string // "" where the callback takes none
}

// site is a call with what surrounds it.
type site struct {
	call *syntax.Call
	at   around
}

// deepestNode bounds how deep expressions and statements may stand within each other.
const deepestNode = 400

// each are methods of lists that run a callback for each item, with which of its parameters is the item.
var each = map[string]int{"map": 0, "forEach": 0, "filter": 0, "flatMap": 0, "some": 0, "every": 0, "find": 0, "findIndex": 0, "reduce": 1, "mapSeries": 0}

// eachOf are functions that do so for their first argument.
var eachOf = regexp.MustCompile(`^(pMap|pEach|asyncForEach|asyncMap|forEachAsync|mapAsync|eachSeries|eachLimit|mapLimit|mapSeries|each|map|forEach)$`)

// begins are methods that run a callback within a transaction.
var begins = regexp.MustCompile(`^(\$transaction|transaction|withTransaction|runInTransaction|executeInTransaction|inTransaction|transactional)$`)

// findScopes reads a function once: its variables, loops and calls, and the functions within it that have a name.
func (l *lifter) findScopes(f *function) {
	w := &scopes{l: l, f: f}
	if f.node == nil {
		w.top = true
		w.statements(f.file.tree.Body, around{from: 0, to: len(f.file.tree.Text)})
		return
	}
	at := around{from: f.node.Pos(), to: f.node.End()}
	for i, p := range f.node.Params {
		w.bind(p.Pattern, &binding{param: i, typed: p.Type, from: at.from, to: at.to}, at)
		if p.Default != nil {
			w.expr(p.Default, at)
		}
	}
	switch {
	case f.node.Body != nil:
		w.statements(f.node.Body.Body, at)
	case f.node.Value != nil:
		w.expr(f.node.Value, at)
		f.returns = append(f.returns, &syntax.Return{Span: syntax.Span{From: f.node.Value.Pos(), To: f.node.Value.End()}, X: f.node.Value})
	}
}

// scopes is one reading of one function.
type scopes struct {
	l     *lifter
	f     *function
	top   bool // of what a file does at its top: its variables are the file's
	inner int  // callbacks around the place
}

// bind makes variables of a pattern, which is given what b says.
func (w *scopes) bind(p *syntax.Pattern, b *binding, at around) {
	if p == nil || at.depth > deepestNode {
		return
	}
	at.depth++
	if p.Default != nil {
		w.expr(p.Default, at)
	}
	if p.Name != "" {
		b.name, b.of = p.Name, w.f
		if p.Default != nil && b.init == nil && b.param < 0 && len(b.path) == 0 {
			b.given = append(b.given, p.Default)
		}
		w.f.bindings[p.Name] = append(w.f.bindings[p.Name], b)
		return
	}
	for _, prop := range p.Props {
		below := *b
		below.path = append(slices.Clone(b.path), prop.Key)
		if prop.Pattern != nil && prop.Pattern.Rest {
			below.path = slices.Clone(b.path)
		}
		w.bind(prop.Pattern, &below, at)
	}
	for _, item := range p.Items {
		below := *b
		below.path = append(slices.Clone(b.path), "[]")
		w.bind(item, &below, at)
	}
}

func (w *scopes) statements(body []syntax.Stmt, at around) {
	ends := false
	if at.turning && len(body) > 0 {
		switch last := body[len(body)-1].(type) {
		case *syntax.Return, *syntax.Throw:
			ends = true
		case *syntax.Branch:
			ends = last.Op == "break"
		}
	}
	if ends {
		at.place.EndsLoop = true
	}
	for _, s := range body {
		w.stmt(s, at)
		if leaves(s) {
			at.place.Branch = at.place.Branch || at.loop != nil
			at.place.Kept = at.place.Kept || w.known(s.(*syntax.If), s.(*syntax.If).Then)
		}
	}
}

// known reports whether one way of an if answers with what its test has found to be there already: a member that was read ahead, or what a cache
// answered. What is done otherwise is done where it was not.
func (w *scopes) known(s *syntax.If, way syntax.Stmt) bool {
	if b, is := way.(*syntax.Block); is {
		if len(b.Body) == 0 {
			return false
		}
		way = b.Body[len(b.Body)-1]
	}
	answer, is := way.(*syntax.Return)
	if !is || answer.X == nil {
		return false
	}
	switch x := unwrapped(answer.X).(type) {
	case *syntax.Select:
		return strings.Contains(strings.ReplaceAll(w.f.file.said(s.Test), "?.", "."), w.f.file.said(x))
	case *syntax.Ident:
		if b := w.f.binding(x.Name, x.Pos()); b != nil && b.init != nil {
			return caching.MatchString(w.f.file.said(b.init)) && strings.Contains(w.f.file.said(s.Test), x.Name)
		}
	}
	return false
}

// lacking reports whether an if asks whether a member is lacking, and gives it a value where it is: what is done there is done where it was not
// read ahead.
func (w *scopes) lacking(s *syntax.If) bool {
	test, is := unwrapped(s.Test).(*syntax.Unary)
	if !is || test.Op != "!" {
		return false
	}
	e, is := unwrapped(test.X).(*syntax.Select)
	if is && e.Name == "length" {
		e, is = unwrapped(e.X).(*syntax.Select)
	}
	if !is {
		return false
	}
	member, found := strings.ReplaceAll(w.f.file.said(e), "?.", "."), false
	syntax.Walk(s.Then, func(n syntax.Node) bool {
		if a, is := n.(*syntax.Assign); is && a.Op == "=" && a.X != nil && w.f.file.said(a.X) == member {
			found = true
		}
		return !found
	})
	return found
}

// caching are names of what keeps answers.
var caching = regexp.MustCompile(`(?i)cache|memo|redis`)

// keepers are methods of a cache that ask a callback for what they do not know.
var keepers = regexp.MustCompile(`^(get|getOrSet|getOrCreate|getOrFetch|wrap|remember|fetch|memoize|cached|once|resolve)$`)

// leaves reports whether a statement ends what stands around it where a condition holds: what follows is done only where it does not.
func leaves(s syntax.Stmt) bool {
	i, is := s.(*syntax.If)
	if !is || i.Else != nil {
		return false
	}
	then := i.Then
	if b, is := then.(*syntax.Block); is {
		if len(b.Body) == 0 {
			return false
		}
		then = b.Body[len(b.Body)-1]
	}
	switch then.(type) {
	case *syntax.Return, *syntax.Throw, *syntax.Branch:
		return true
	}
	return false
}

func (w *scopes) stmt(s syntax.Stmt, at around) {
	if s == nil || at.depth > deepestNode {
		return
	}
	top := w.top && at.depth == 0
	at.depth++
	switch s := s.(type) {
	case *syntax.Block:
		at.from, at.to = s.Pos(), s.End()
		w.statements(s.Body, at)
	case *syntax.ExprStmt:
		w.f.dropped = append(w.f.dropped, s.X)
		w.expr(s.X, at)
	case *syntax.Export:
		w.expr(s.Value, at)
	case *syntax.Namespace:
		for _, inner := range s.Body {
			at.depth--
			w.stmt(inner, at)
			at.depth++
		}
	case *syntax.ClassDecl:
		w.decorated(s.Class, at)
	case *syntax.FuncDecl:
		if !top && s.Func.Body != nil {
			w.nested(s.Func, s.Func.Name, at)
		}
	case *syntax.Var:
		for _, v := range s.Names {
			if held, is := unwrapped(v.Init).(*syntax.Func); is && v.Pattern != nil && v.Pattern.Name != "" {
				if !top {
					w.nested(held, v.Pattern.Name, at)
				}
				continue
			}
			if !top {
				w.bind(v.Pattern, &binding{param: -1, typed: v.Type, init: v.Init, from: at.from, to: at.to, fixed: s.Kind == "const"}, at)
			}
			w.expr(v.Init, at)
		}
	case *syntax.If:
		w.expr(s.Test, at)
		then, other := at, at
		then.place.Branch, other.place.Branch = true, true
		if failing(w.f.file.said(s.Test)) {
			then.place.ErrorPath = true
		}
		then.place.Kept = then.place.Kept || w.lacking(s)
		if s.Else != nil {
			then.place.Kept, other.place.Kept = then.place.Kept || w.known(s, s.Else), at.place.Kept || w.known(s, s.Then)
		}
		w.stmt(s.Then, then)
		w.stmt(s.Else, other)
	case *syntax.For:
		w.forLoop(s, at)
	case *syntax.ForOf:
		w.expr(s.Over, at)
		in := w.loop(s, s.Over, at)
		in.from, in.to = s.Pos(), s.End()
		if s.In {
			in.loop.Over = w.f.file.said(s.Over)
			w.bind(s.Pattern, &binding{param: -1, loop: in.loop, from: s.Pos(), to: s.End()}, in)
		} else {
			w.bind(s.Pattern, &binding{param: -1, list: s.Over, loop: in.loop, from: s.Pos(), to: s.End()}, in)
		}
		w.stmt(s.Body, in)
	case *syntax.While:
		w.expr(s.Test, at)
		in := w.loop(s, nil, at)
		in.loop.Kind, in.loop.Over = facts.OverCondition, w.f.file.said(s.Test)
		if test, is := s.Test.(*syntax.Literal); is && test.Value == "true" {
			in.loop.Kind = facts.OverEvents
		}
		w.stmt(s.Body, in)
	case *syntax.Return:
		if w.inner == 0 {
			w.f.returns = append(w.f.returns, s)
		}
		w.expr(s.X, at)
	case *syntax.Throw:
		at.place.ErrorPath = true
		w.expr(s.X, at)
	case *syntax.Try:
		w.stmt(block(s.Body), at)
		failed := at
		failed.place.ErrorPath = true
		if s.Param != nil && s.Handler != nil {
			w.bind(s.Param, &binding{param: -1, caught: true, from: s.Handler.Pos(), to: s.Handler.End()}, failed)
		}
		w.stmt(block(s.Handler), failed)
		last := at
		last.finally = true
		w.stmt(block(s.Finally), last)
	case *syntax.Switch:
		w.expr(s.X, at)
		for i, c := range s.Cases {
			w.expr(c.Test, at)
			in := at
			in.place.Branch, in.place.Switch, in.place.Case = true, w.f.file.pos(s), i
			in.turning = false // its break ends the switch
			in.from, in.to = s.Pos(), s.End()
			w.statements(c.Body, in)
		}
	case *syntax.Labeled:
		w.stmt(s.Body, at)
	}
}

// block is a block as a statement, nil where there is none.
func block(b *syntax.Block) syntax.Stmt {
	if b == nil {
		return nil
	}
	return b
}

// failing reports whether a condition asks whether something has failed.
func failing(test string) bool {
	return strings.HasPrefix(test, "err") && !strings.ContainsAny(test, "=!") || strings.Contains(test, "instanceof") && strings.Contains(test, "Error") || strings.HasPrefix(test, "error ")
}

// nested makes a function of one within the function.
func (w *scopes) nested(n *syntax.Func, name string, at around) {
	made := w.l.add(&function{file: w.f.file, node: n, class: w.f.class, outer: w.f}, w.f.fact.Name+"."+name, name, "", n.Pos(), n.End())
	if w.f.node == nil {
		made.fact.Name = name
	}
	w.f.bindings[name] = append(w.f.bindings[name], &binding{
		name: name, of: w.f, param: -1, from: at.from, to: at.to, fixed: true,
		source: func(int) typing { return typing{run: n, calls: made, file: made.file} },
	})
}

// decorated reads what stands in the decorators of a class and its members, and what its fields are first given.
func (w *scopes) decorated(c *syntax.Class, at around) {
	for _, m := range c.Members {
		if _, run := unwrapped(m.Value).(*syntax.Func); m.Kind == syntax.FieldMember && m.Value != nil && !run {
			w.expr(m.Value, at)
		}
	}
}

// loop makes the fact of a loop; what is in it is surrounded by what it returns.
func (w *scopes) loop(n syntax.Node, over syntax.Expr, at around) around {
	w.l.loops++
	made := &facts.Loop{Pos: w.f.file.pos(n), Outer: at.loop, Kind: facts.OverItems, ID: w.l.loops}
	if over != nil {
		made.Over = w.f.file.said(over)
		w.l.over = append(w.l.over, overLoop{w.f, made, over})
	}
	w.f.loops[n] = made
	w.f.fact.Loops = append(w.f.fact.Loops, made)
	in := at
	in.loop, in.place, in.turning = made, facts.Place{ErrorPath: at.place.ErrorPath}, true
	return in
}

// overLoop is a loop with what it goes over.
type overLoop struct {
	in   *function
	loop *facts.Loop
	over syntax.Expr
}

func (w *scopes) forLoop(s *syntax.For, at around) {
	in := w.loop(s, nil, at)
	in.from, in.to = s.Pos(), s.End()
	w.stmt(s.Init, in)
	loop := in.loop
	loop.Kind = facts.OverCondition
	if s.Test == nil {
		loop.Kind = facts.OverEvents
	}
	if test, is := s.Test.(*syntax.Binary); is {
		loop.Over = w.f.file.said(s.Test)
		switch bound := unwrapped(test.Y).(type) {
		case *syntax.Select:
			if bound.Name == "length" {
				loop.Kind, loop.Over = facts.OverItems, w.f.file.said(bound.X)
				w.l.over = append(w.l.over, overLoop{w.f, loop, bound.X})
				w.counted(s, bound.X, loop)
			}
		case *syntax.Literal:
			loop.Kind = facts.OverConstant
		}
	}
	if step, is := s.Update.(*syntax.Assign); is && step.Op == "+=" {
		loop.Batch = true
	}
	w.expr(s.Test, in)
	w.expr(s.Update, in)
	w.stmt(s.Body, in)
}

// counted lets what counts through a list change with the turns of its loop.
func (w *scopes) counted(s *syntax.For, list syntax.Expr, loop *facts.Loop) {
	v, is := s.Init.(*syntax.Var)
	if !is {
		return
	}
	for _, n := range v.Names {
		if n.Pattern == nil {
			continue
		}
		for _, b := range w.f.bindings[n.Pattern.Name] {
			if b.from == s.Pos() {
				b.loop, b.init = loop, nil
			}
		}
	}
}

func (w *scopes) exprs(list []syntax.Expr, at around) {
	for _, e := range list {
		w.expr(e, at)
	}
}

func (w *scopes) expr(e syntax.Expr, at around) {
	if e == nil || at.depth > deepestNode {
		return
	}
	at.depth++
	switch e := e.(type) {
	case *syntax.Template:
		if e.Tag != nil { // a call that is given the text
			w.l.tags[e] = &syntax.Call{Span: e.Span, Fun: e.Tag, Args: []syntax.Expr{e}}
			w.f.sites = append(w.f.sites, site{w.l.tags[e], at})
		}
		w.expr(e.Tag, at)
		w.exprs(e.Values, at)
	case *syntax.Array:
		w.exprs(e.Items, at)
	case *syntax.Object:
		for _, p := range e.Props {
			w.expr(p.Computed, at)
			w.expr(p.Value, at)
		}
	case *syntax.Func:
		w.callback(e, nil, 0, at)
	case *syntax.Class:
		w.decorated(e, at)
	case *syntax.Unary:
		w.expr(e.X, at)
	case *syntax.Update:
		w.expr(e.X, at)
	case *syntax.Binary:
		w.expr(e.X, at)
		if e.Op == "&&" || e.Op == "||" || e.Op == "??" {
			at.place.Branch = true
		} else {
			w.f.compared = append(w.f.compared, e)
		}
		w.expr(e.Y, at)
	case *syntax.Assign:
		w.expr(e.X, at)
		w.expr(e.Y, at)
		w.assigned(e)
	case *syntax.Cond:
		w.expr(e.Test, at)
		at.place.Branch = true
		w.expr(e.Then, at)
		w.expr(e.Else, at)
	case *syntax.Call:
		w.called(e, at)
	case *syntax.Select:
		w.expr(e.X, at)
	case *syntax.Index:
		w.expr(e.X, at)
		w.expr(e.Index, at)
	case *syntax.Await:
		w.expr(e.X, at)
	case *syntax.Yield:
		w.expr(e.X, at)
	case *syntax.Spread:
		w.expr(e.X, at)
	case *syntax.As:
		w.expr(e.X, at)
	case *syntax.Comma:
		w.exprs(e.List, at)
	}
}

// assigned notes what a variable is given after it was made.
func (w *scopes) assigned(e *syntax.Assign) {
	name, is := e.X.(*syntax.Ident)
	if !is {
		w.f.sets = append(w.f.sets, e)
		return
	}
	if b := w.f.binding(name.Name, e.Pos()); b != nil && len(b.given) < 8 {
		b.given = append(b.given, e.Y)
	}
}

// called reads a call, with the callbacks that it is given.
func (w *scopes) called(e *syntax.Call, at around) {
	w.f.sites = append(w.f.sites, site{e, at})
	w.expr(e.Fun, at)
	for i, arg := range e.Args {
		if run, is := unwrapped(arg).(*syntax.Func); is {
			w.callback(run, e, i, at)
			continue
		}
		w.expr(arg, at)
	}
}

// callback reads a function that has no name: it belongs to the one around it, unless that is the top of a file.
func (w *scopes) callback(n *syntax.Func, call *syntax.Call, which int, at around) {
	if w.l.runs[n] != nil {
		return
	}
	if w.f.node == nil && !w.top {
		return
	}
	w.f.owned[n] = true
	in := at
	in.from, in.to, in.turning = n.Pos(), n.End(), false
	in.place.EndsLoop = false
	item, list := -1, syntax.Expr(nil)
	if call != nil {
		w.f.callbacks[n] = call
		item, list = goesOver(call, which)
		switch name := calledName(call); {
		case item >= 0:
			in = w.loop(n, list, in)
			in.from, in.to, in.turning = n.Pos(), n.End(), false
		case begins.MatchString(name):
			in.tx = &txScope{call: call}
			if len(n.Params) > 0 && n.Params[0].Pattern != nil {
				in.tx.handle = n.Params[0].Pattern.Name
			}
		case name == "catch":
			in.place.ErrorPath = true
		case keepers.MatchString(name):
			if on, is := call.Fun.(*syntax.Select); is && caching.MatchString(w.f.file.said(on.X)) {
				in.place.Kept = true
			}
		}
	}
	for i, p := range n.Params {
		b := &binding{param: -1, typed: p.Type, from: n.Pos(), to: n.End(), callback: call, place: i}
		if i == item {
			b.list, b.loop = list, in.loop
		} else if item >= 0 && i == item+1 {
			b.loop = in.loop
		} else if call != nil {
			b.source = w.l.callbackTypes(w.f, call, i)
		}
		w.bind(p.Pattern, b, in)
	}
	w.inner++
	if n.Body != nil {
		w.statements(n.Body.Body, in)
	} else {
		w.expr(n.Value, in)
	}
	w.inner--
}

// goesOver says of a callback that is given to a call which of its parameters is an item of a list, and of which; -1 where it is not run
// for each item of one.
func goesOver(call *syntax.Call, which int) (int, syntax.Expr) {
	switch fun := call.Fun.(type) {
	case *syntax.Select:
		if item, is := each[fun.Name]; is && which == 0 {
			if x, is := fun.X.(*syntax.Ident); !is || x.Name != "_" && x.Name != "lodash" && x.Name != "TE" && x.Name != "E" && x.Name != "O" && x.Name != "Promise" && x.Name != "async" {
				return item, fun.X
			}
		}
		if x, is := fun.X.(*syntax.Ident); is && (x.Name == "_" || x.Name == "lodash" || x.Name == "Promise" || x.Name == "async") && which > 0 && eachOf.MatchString(fun.Name) {
			return 0, call.Args[0]
		}
	case *syntax.Ident:
		if which > 0 && eachOf.MatchString(fun.Name) {
			return 0, call.Args[0]
		}
	}
	return -1, nil
}

// calledName is the last name of what is called.
func calledName(call *syntax.Call) string {
	switch fun := unwrapped(call.Fun).(type) {
	case *syntax.Ident:
		return fun.Name
	case *syntax.Select:
		return fun.Name
	}
	return ""
}
