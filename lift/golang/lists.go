package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// lists follows a list to where its items are from, as the list that it is: what a query answers, what a client or another service
// sends, what a loop puts together. A value that has only to do with how it was found, such as the key of its parent, is none of that.
type lists struct {
	l      *lifter
	seen   map[types.Object]bool
	budget int
}

// list is where the items of a list are from.
func (l *lifter) list(s *source, e ast.Expr) []facts.Origin {
	w := &lists{l: l, seen: map[types.Object]bool{}, budget: 200}
	return compact(w.of(s, e, 0))
}

func (w *lists) of(s *source, e ast.Expr, depth int) []facts.Origin {
	w.budget--
	if e == nil || w.budget < 0 || depth > 8 {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.StarExpr:
		return w.of(s, e.X, depth)
	case *ast.UnaryExpr:
		return w.of(s, e.X, depth)
	case *ast.TypeAssertExpr:
		return w.of(s, e.X, depth)
	case *ast.SliceExpr:
		return w.of(s, e.X, depth)
	case *ast.Ident:
		if object, is := s.target(e).(*types.Var); is {
			return w.variable(s, object, depth)
		}
	case *ast.SelectorExpr:
		return w.field(s, e, depth)
	case *ast.IndexExpr: // a list among lists that a client names: r.URL.Query()["id"]
		return w.sent(s, e.X)
	case *ast.CompositeLit: // a message with lists in it
		var out []facts.Origin
		for _, element := range e.Elts {
			if pair, is := element.(*ast.KeyValueExpr); is && isListType(s.info.TypeOf(pair.Value)) {
				out = append(out, w.of(s, pair.Value, depth+1)...)
			}
		}
		return out
	case *ast.CallExpr:
		return w.call(s, e, 0, depth)
	}
	return nil
}

// isLiteral reports whether an expression makes a value of its parts, or a pointer to one.
func isLiteral(e ast.Expr) bool {
	if pointer, is := ast.Unparen(e).(*ast.UnaryExpr); is {
		e = pointer.X
	}
	_, is := ast.Unparen(e).(*ast.CompositeLit)
	return is
}

func (w *lists) variable(s *source, object *types.Var, depth int) []facts.Origin {
	if w.seen[object] {
		return nil
	}
	w.seen[object] = true
	defer delete(w.seen, object)
	var out []facts.Origin
	if f, index, is := w.l.parameter(object); is {
		out = append(out, facts.Origin{Kind: facts.FromParam, Function: f.fact, Index: index, Whole: true})
	}
	for i, d := range w.l.defs[object] {
		if i == 12 {
			break
		}
		out = append(out, w.definition(object, d, depth)...)
	}
	return out
}

// definition is what a definition gives a variable: a list, or an item of it where it is given within a loop.
func (w *lists) definition(object *types.Var, d def, depth int) []facts.Origin {
	switch d.kind {
	case item:
		if d.loop != nil && d.index == 1 {
			return []facts.Origin{{Kind: facts.FromLoop, Loop: d.loop}} // a list of lists
		}
		return nil
	case filled:
		call := d.expr.(*ast.CallExpr)
		if spec, is := w.l.querySpec(d.source, call); is {
			return []facts.Origin{{Kind: facts.FromQuery, Name: spec.library, Pos: w.l.pos(spec.pos.Sel.Pos())}}
		}
		if through := w.filledThrough(d.source, object, call); through != nil {
			return through
		}
		return w.decoded(d.source, call)
	case appended:
		return nil
	}
	if call, is := ast.Unparen(d.expr).(*ast.CallExpr); is {
		if calledName(call) == "append" && len(call.Args) > 0 {
			out := w.of(d.source, call.Args[0], depth+1)
			if call.Ellipsis.IsValid() && len(call.Args) == 2 {
				out = append(out, w.of(d.source, call.Args[1], depth+1)...)
			}
			return append(out, w.turns(object, d)...)
		}
		return w.call(d.source, call, max(d.index, 0), depth+1)
	}
	if t := d.source.info.TypeOf(d.expr); t != nil && !types.Identical(t.Underlying(), object.Type().Underlying()) && !isListType(t) {
		return w.turns(object, d) // m[key] = item
	}
	return w.of(d.source, d.expr, depth+1)
}

// filledThrough are the queries that fill what a function of the code is given a pointer to.
func (w *lists) filledThrough(s *source, object *types.Var, call *ast.CallExpr) []facts.Origin {
	var out []facts.Origin
	for _, callee := range w.l.static(s, call) {
		for i, arg := range call.Args {
			if i >= len(callee.params) || callee.params[i] == nil || s.target(arg) != types.Object(object) {
				continue
			}
			ast.Inspect(callee.body, func(n ast.Node) bool {
				inner, is := n.(*ast.CallExpr)
				if !is {
					return true
				}
				spec, is := w.l.querySpec(callee.source, inner)
				if is && slices.ContainsFunc(inner.Args, func(given ast.Expr) bool { return callee.source.target(given) == types.Object(callee.params[i]) }) {
					out = append(out, facts.Origin{Kind: facts.FromQuery, Name: spec.library, Pos: w.l.pos(spec.pos.Sel.Pos())})
				}
				return true
			})
		}
	}
	return out
}

// turns is the loop that gives a variable an item in each of its turns.
func (w *lists) turns(object *types.Var, d def) []facts.Origin {
	if d.loop == nil || w.l.pos(object.Pos()).File == d.loop.Pos.File && w.l.pos(object.Pos()).Line > d.loop.Pos.Line {
		return nil // it is another one in each turn
	}
	if w.parents(d) {
		return nil
	}
	if d.loop.Kind == facts.OverEvents || d.loop.Kind == facts.OverCondition {
		if call, is := ast.Unparen(d.expr).(*ast.CallExpr); !is || !call.Ellipsis.IsValid() {
			return nil // one at a time, of something that is gone through; a list at a time are pages
		}
	}
	return []facts.Origin{{Kind: facts.FromLoop, Loop: d.loop}}
}

// foreign are names of keys of other rows than the one that has them.
var foreign = regexp.MustCompile(`[a-z](ID|Id|UUID)$`)

// parents reports whether a definition gathers what the items of a loop belong to, each once: there are fewer of them, and mostly one.
func (w *lists) parents(d def) bool {
	key := ast.Unparen(d.expr)
	if call, isCall := key.(*ast.CallExpr); isCall && appends(call) && len(call.Args) == 2 {
		key = call.Args[1]
	}
	around := d.source.declarationAt(d.pos, w.l)
	if around == nil {
		return false
	}
	found := false
	ast.Inspect(around.node, func(n ast.Node) bool {
		index, is := n.(*ast.IndexExpr)
		if !is || !isMap(d.source.info.TypeOf(index.X)) || !foreign.MatchString(text(index.Index)) {
			return !found
		}
		assigned := n.Pos() == d.pos // the set itself: m[item.ParentID] = …
		found = found || assigned || text(index.Index) == text(key)
		return !found
	})
	return found
}

// field is the list in a field: of what a function is given, of what a loop goes over, or what the same function puts there.
func (w *lists) field(s *source, e *ast.SelectorExpr, depth int) []facts.Origin {
	if s.packageOf(e.X) != "" {
		return nil
	}
	var out []facts.Origin
	if isMap(s.info.TypeOf(e)) {
		return nil // by names, of which there are few
	}
	switch root := s.target(rootOf(e.X)).(type) {
	case *types.Var:
		if f, index, is := w.l.parameter(root); is {
			out = append(out, facts.Origin{Kind: facts.FromParam, Function: f.fact, Index: index, Beside: fieldsBeside(s, e)})
		}
		for _, d := range w.l.defs[root] {
			switch {
			case d.kind == item && d.loop != nil:
				out = append(out, facts.Origin{Kind: facts.FromLoop, Loop: d.loop})
			case d.kind == filled:
				for _, o := range w.decoded(d.source, d.expr.(*ast.CallExpr)) {
					o.Beside = fieldsBeside(s, e)
					out = append(out, o)
				}
			}
		}
	}
	object, is := s.target(e).(*types.Var)
	if !is || w.seen[object] {
		return out
	}
	if w.l.documents[object] {
		out = append(out, facts.Origin{Kind: facts.FromOutside, Pos: w.l.pos(object.Pos())})
	}
	around := s.declarationAt(e.Pos(), w.l)
	w.seen[object] = true
	defer delete(w.seen, object)
	for i, d := range w.l.defs[object] {
		switch {
		case around != nil && d.pos >= around.node.Pos() && d.pos < around.node.End():
			out = append(out, w.definition(object, d, depth)...)
		case i < 12 && d.loop != nil && appends(d.expr):
			out = append(out, w.turns(object, d)...) // wherever it is put together
		}
	}
	return out
}

// fieldsBeside is how many other fields the struct has that a field is of, those that others may set. Lists of keys stand beside each other where rows of
// several kinds are selected, so that beside one of them the others do not count.
func fieldsBeside(s *source, field *ast.SelectorExpr) int {
	named := structOf(s.info.TypeOf(field.X))
	if named == nil {
		return 0
	}
	of, is := named.Underlying().(*types.Struct)
	if !is {
		return 0
	}
	beside := 0
	for other := range of.Fields() {
		if other.Exported() && other.Name() != field.Sel.Name && !(isListOfKeys(other.Type()) && isListOfKeys(s.info.TypeOf(field))) {
			beside++
		}
	}
	return beside
}

// isListOfKeys reports whether a type is a list of texts or numbers.
func isListOfKeys(t types.Type) bool {
	if t == nil {
		return false
	}
	list, is := t.Underlying().(*types.Slice)
	if !is {
		return false
	}
	_, plain := list.Elem().Underlying().(*types.Basic)
	return plain
}

func appends(e ast.Expr) bool {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	return is && calledName(call) == "append"
}

// declarationAt is the outermost function around a place.
func (s *source) declarationAt(at token.Pos, l *lifter) *function {
	for _, file := range s.files {
		if file.FileStart > at || at >= file.FileEnd {
			continue
		}
		switch decl := (place{s, file}).around(at).(type) {
		case nil:
			return nil
		case *ast.FuncDecl:
			return l.nodes[decl]
		}
		break
	}
	for _, f := range l.functions { // a function within a variable's declaration
		if f.parent == nil && f.source == s && f.node.Pos() <= at && at < f.node.End() {
			return f
		}
	}
	return nil
}

// rootOf is the variable that fields are selected from.
func rootOf(e ast.Expr) ast.Expr {
	for {
		switch x := ast.Unparen(e).(type) {
		case *ast.SelectorExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		default:
			return e
		}
	}
}

// decoded is what a call reads from what a client or another service sent.
func (w *lists) decoded(s *source, call *ast.CallExpr) []facts.Origin {
	if !decodes.MatchString(calledName(call)) {
		return nil
	}
	if w.l.readsBody(s, call) {
		return []facts.Origin{{Kind: facts.FromRequest, Name: theBody, Pos: w.l.pos(call.Pos())}}
	}
	for _, arg := range append([]ast.Expr{calledOn(call)}, call.Args...) {
		if w.reads(s, arg, 0) {
			return []facts.Origin{{Kind: facts.FromOutside, Pos: w.l.pos(call.Pos())}}
		}
	}
	return nil
}

// reads reports whether an expression is read from a stream: the body of an answer, a file.
func (w *lists) reads(s *source, e ast.Expr, depth int) bool {
	if e == nil || depth > 4 {
		return false
	}
	t := s.info.TypeOf(e)
	if isNamed(t, "io", "Reader") || isNamed(t, "io", "ReadCloser") {
		return true
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		object, is := s.target(e).(*types.Var)
		return is && slices.ContainsFunc(w.l.defs[object], func(d def) bool { return d.kind == assigned && w.reads(d.source, d.expr, depth+1) })
	case *ast.CallExpr:
		return slices.ContainsFunc(e.Args, func(arg ast.Expr) bool { return w.reads(s, arg, depth+1) })
	}
	return false
}

func calledOn(call *ast.CallExpr) ast.Expr {
	if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is {
		return selector.X
	}
	return nil
}

// splits are functions that make a list of a text.
var splits = regexp.MustCompile(`^(Split|SplitN|Fields|SplitSeq|FieldsFunc|FindAllString|ExtractMentions)$`)

// sent is the list in a value that a client sent: a text that is cut, what a request says under one name.
func (w *lists) sent(s *source, e ast.Expr) []facts.Origin {
	walk := &walk{l: w.l, seen: map[types.Object]bool{}, budget: 100}
	var out []facts.Origin
	for _, o := range walk.origins(s, e) {
		switch o.Kind {
		case facts.FromRequest:
			out = append(out, facts.Origin{Kind: facts.FromRequest, Name: o.Name, Pos: w.l.pos(e.Pos())})
		case facts.FromParam:
			out = append(out, facts.Origin{Kind: facts.FromParam, Function: o.Function, Index: o.Index, Whole: true})
		}
	}
	return out
}

func (w *lists) call(s *source, e *ast.CallExpr, index, depth int) []facts.Origin {
	if tv := s.info.Types[e.Fun]; tv.IsType() && len(e.Args) == 1 {
		return w.of(s, e.Args[0], depth)
	}
	if spec, is := w.l.querySpec(s, e); is {
		return []facts.Origin{{Kind: facts.FromQuery, Name: spec.library, Pos: w.l.pos(spec.pos.Sel.Pos())}}
	}
	if splits.MatchString(calledName(e)) && len(e.Args) > 0 {
		return w.sent(s, e.Args[0])
	}
	callees := w.l.static(s, e)
	var out []facts.Origin
	for i, callee := range callees {
		if i == 8 {
			break
		}
		for _, o := range w.returned(callee, index, depth+1) {
			if o.Kind != facts.FromParam || o.Function != callee.fact {
				out = append(out, o)
				continue
			}
			if arg := argumentOf(e, o.Index); arg != nil {
				if o.Whole {
					out = append(out, w.of(s, arg, depth+1)...)
				} else if id, is := ast.Unparen(arg).(*ast.Ident); is {
					if f, index, is := w.l.parameter(s.target(id)); is {
						out = append(out, facts.Origin{Kind: facts.FromParam, Function: f.fact, Index: index})
					}
				}
			}
		}
	}
	if selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr); is && len(callees) == 0 && w.l.isRequest(s.info.TypeOf(selector.X)) {
		return w.sent(s, e) // c.QueryArray("id")
	}
	if slices.ContainsFunc(w.l.effects[e], func(e *facts.Effect) bool { return e.Kind == "remote" || e.Kind == "http" }) {
		return []facts.Origin{{Kind: facts.FromOutside, Pos: w.l.pos(e.Pos())}}
	}
	if len(callees) == 0 { // a library's: of the lists that it is given, sorted, without what is twice
		for _, arg := range e.Args {
			if isListType(s.info.TypeOf(arg)) {
				out = append(out, w.of(s, arg, depth+1)...)
			} else if inner, is := ast.Unparen(arg).(*ast.CallExpr); is {
				out = append(out, w.call(s, inner, 0, depth+1)...) // slices.Collect(maps.Keys(m))
			}
		}
	}
	return out
}

// argumentOf is what a call gives for a parameter, -1 being the receiver.
func argumentOf(e *ast.CallExpr, index int) ast.Expr {
	if index == -1 {
		if selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr); is {
			return selector.X
		}
		return nil
	}
	if index < len(e.Args) {
		return e.Args[index]
	}
	return nil
}

func isListType(t types.Type) bool {
	if t == nil {
		return false
	}
	if pointer, is := t.Underlying().(*types.Pointer); is {
		t = pointer.Elem()
	}
	switch u := t.Underlying().(type) {
	case *types.Slice:
		return !isBytes(u)
	case *types.Map:
		return true
	}
	return false
}

// returned is where the items of one result of a function are from.
func (w *lists) returned(f *function, index, depth int) []facts.Origin {
	key := result{f, index}
	if known, found := w.l.listed[key]; found {
		return known
	}
	w.l.listed[key] = nil // a circle finds nothing
	var out []facts.Origin
	for _, n := range f.returns() {
		switch {
		case index < len(n.Results) && (len(n.Results) > 1 || resultCount(f) <= 1):
			out = append(out, w.of(f.source, n.Results[index], depth)...)
		case len(n.Results) == 1:
			if call, is := ast.Unparen(n.Results[0]).(*ast.CallExpr); is {
				out = append(out, w.call(f.source, call, index, depth)...)
			}
		case len(n.Results) == 0 && f.sig != nil && index < f.sig.Results().Len():
			out = append(out, w.variable(f.source, f.sig.Results().At(index), depth)...)
		}
	}
	out = compact(out)
	if w.budget > 0 && depth < 5 {
		w.l.listed[key] = out
	} else {
		delete(w.l.listed, key)
	}
	return out
}
