package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// variable is what a variable may hold.
func (w *walk) variable(object *types.Var, at token.Pos) []facts.Origin {
	if known, found := w.l.origins[object]; found && w.holds(known) {
		return known.origins
	}
	if w.seen[object] {
		return nil
	}
	w.seen[object] = true
	before := w.cut
	w.cut = false
	out := compact(w.held(object, at))
	delete(w.seen, object)
	if w.budget > 0 {
		w.l.origins[object] = w.keep(out)
	}
	w.cut = w.cut || before
	return out
}

// held is what the definitions of a variable give it.
func (w *walk) held(object *types.Var, at token.Pos) []facts.Origin {
	var out []facts.Origin
	if f, index, is := w.l.parameter(object); is {
		switch request, identity := w.l.isRequest(object.Type()), isNamed(object.Type(), "context", "Context"); {
		case w.l.injected[object] != "":
			out = append(out, facts.Origin{Kind: facts.FromRequest, Name: w.l.injected[object], Pos: w.l.pos(at)})
		case request:
			out = append(out, facts.Origin{Kind: facts.FromRequest, Name: "the request", Pos: w.l.pos(at)})
		case identity:
			out = append(out, facts.Origin{Kind: facts.FromContext})
		default:
			out = append(out, facts.Origin{Kind: facts.FromParam, Function: f.fact, Index: index})
		}
	}
	defs := w.l.defs[object]
	loaded := slices.ContainsFunc(defs, w.l.loads)
	for i, d := range defs {
		if i == 12 {
			break
		}
		if loaded && d.kind == assigned && isStructLiteral(d.expr) {
			continue // what the row was looked for by
		}
		out = append(out, w.definition(d)...)
	}
	if len(out) == 0 {
		kind := facts.FromConstant // var total int
		if object.Pkg() != nil && w.l.loader.sources[object.Pkg().Path()] == nil || object.IsField() {
			kind = facts.FromUnknown
		}
		if object.Pkg() != nil && object.Pkg().Path() == "os" && object.Name() == "Args" {
			return []facts.Origin{{Kind: facts.FromInput, Name: "os.Args", Pos: w.l.pos(at)}}
		}
		return []facts.Origin{{Kind: kind}}
	}
	if slices.ContainsFunc(defs, func(d def) bool { return d.kind == appended }) && isNumber(object.Type()) {
		reckon(out)
	}
	if w.l.bounded[object] {
		bound(out)
	}
	if w.l.positive[object] {
		raise(out)
	}
	if w.l.ranged[object] {
		bound(out)
	} else if (w.l.checked[object] || w.l.formed[object]) && !w.l.floored[object] {
		out = slices.Clone(out)
		for i := range out {
			if w.l.checked[object] {
				out[i] = allowed(out[i])
			} else {
				out[i] = formed(out[i])
			}
		}
	}
	return out
}

// loads reports whether a definition puts a row into a struct.
func (l *lifter) loads(d def) bool {
	call, is := d.expr.(*ast.CallExpr)
	if !is || d.kind != filled {
		return false
	}
	_, is = l.querySpec(d.source, call)
	return is
}

// writtenOutBefore reports whether a variable that may hold a row is, on every way to a place, first given a new one that the code writes out.
func (l *lifter) writtenOutBefore(s *source, e ast.Expr, at token.Pos) bool {
	newest := l.givenBefore(s, e, at)
	return newest != nil && isStructLiteral(newest.expr) &&
		slices.ContainsFunc(l.defs[s.target(e)], func(d def) bool { return d.pos < newest.pos && l.loads(d) })
}

// madeBefore reports whether a variable is, on every way to a place, first given what a function of the code makes without a query, as of what a
// client sent. What a query puts into it before or after that is not there.
func (l *lifter) madeBefore(s *source, e ast.Expr, at token.Pos) bool {
	newest := l.givenBefore(s, e, at)
	if newest == nil {
		return false
	}
	call, is := ast.Unparen(newest.expr).(*ast.CallExpr)
	if !is || len(l.static(newest.source, call)) == 0 {
		return false
	}
	w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
	return !slices.ContainsFunc(w.definition(*newest), func(o facts.Origin) bool { return o.Kind == facts.FromQuery || o.Kind == facts.FromUnknown })
}

// givenBefore is what gives a variable its value on every way to a place, nil where that is no assignment of all of it.
func (l *lifter) givenBefore(s *source, e ast.Expr, at token.Pos) *def {
	object, is := s.target(e).(*types.Var)
	if !is || object.IsField() {
		return nil
	}
	var newest *def
	for i, d := range l.defs[object] {
		if d.source == s && d.pos < at && (newest == nil || d.pos > newest.pos) {
			newest = &l.defs[object][i]
		}
	}
	if newest == nil || newest.kind != assigned || newest.entry || newest.expr == nil || s.sometimes(newest.pos, at) {
		return nil
	}
	return newest
}

func isStructLiteral(e ast.Expr) bool {
	if pointer, is := ast.Unparen(e).(*ast.UnaryExpr); is {
		e = pointer.X
	}
	literal, is := ast.Unparen(e).(*ast.CompositeLit)
	if !is {
		return false
	}
	if len(literal.Elts) == 0 {
		return true
	}
	_, keyed := literal.Elts[0].(*ast.KeyValueExpr)
	return keyed
}

// allowed is an origin whose value is compared with what is allowed.
func allowed(o facts.Origin) facts.Origin {
	switch o.Kind {
	case facts.FromRequest, facts.FromInput, facts.FromUnknown, facts.FromQuery:
		o.Kind = facts.FromChecked
	case facts.FromParam:
		o.Checked = true
	}
	o.Formed = ""
	return o
}

// formed is an origin whose value has the form that a parser asks for, and is as the client sent it: the number of any row.
func formed(o facts.Origin) facts.Origin {
	if o.Kind == facts.FromChecked || o.Checked {
		return o
	}
	kind := o.Kind
	if o = allowed(o); o.Kind == facts.FromChecked || o.Checked {
		o.Formed = kind
	}
	return o
}

// likewise checks an origin as another one was checked on its way from a parameter, if it was.
func likewise(o, was facts.Origin) facts.Origin {
	switch {
	case was.Checked && was.Formed != "":
		return formed(o)
	case was.Checked:
		return allowed(o)
	}
	return o
}

func (w *walk) definition(d def) []facts.Origin {
	switch d.kind {
	case item:
		var out []facts.Origin
		if d.loop != nil {
			out = append(out, facts.Origin{Kind: facts.FromLoop, Loop: d.loop})
		}
		switch {
		case d.expr != nil && d.index == 0 && isMap(d.source.info.TypeOf(d.expr)):
			out = append(out, w.keys(d.source, d.expr)...)
		case d.expr != nil:
			out = append(out, w.origins(d.source, d.expr)...)
		}
		return out
	case filled:
		call := d.expr.(*ast.CallExpr)
		var out []facts.Origin
		if d.loop != nil && d.loop.Kind == facts.OverRows {
			out = append(out, facts.Origin{Kind: facts.FromLoop, Loop: d.loop})
		}
		sends := call
		for d.source.readsModel(call) && w.l.outer[sends] != nil {
			sends = w.l.outer[sends] // the last call of the chain
		}
		if spec, is := w.l.querySpec(d.source, sends); is {
			return append(out, facts.Origin{Kind: facts.FromQuery, Name: spec.library, Pos: w.l.pos(spec.pos.Sel.Pos())})
		}
		return append(out, w.fill(d.source, call)...)
	default:
		if call, is := ast.Unparen(d.expr).(*ast.CallExpr); is && d.index >= 0 {
			return w.call(d.source, call, d.index)
		}
		return w.origins(d.source, d.expr)
	}
}

// keys are the origins of the names in a map. Those of one that was made of a struct are the names of its fields.
func (w *walk) keys(s *source, e ast.Expr) []facts.Origin {
	if w.l.namesFields(s, e) || w.l.namedByCode(s, e) {
		return []facts.Origin{{Kind: facts.FromConstant}}
	}
	out := slices.Clone(w.origins(s, e))
	for i := range out {
		out[i].Key = out[i].Kind == facts.FromParam
	}
	return out
}

// namesFields reports whether a map was made of a struct's fields: by a function of the code that takes any value, given
// one, or by reading what was written of one as JSON.
func (l *lifter) namesFields(s *source, e ast.Expr) bool {
	if call, is := ast.Unparen(e).(*ast.CallExpr); is {
		for _, callee := range l.static(s, call) {
			for i, arg := range call.Args {
				named := structOf(s.info.TypeOf(arg))
				if named == nil || named.Obj().Pkg() == nil || l.loader.sources[named.Obj().Pkg().Path()] == nil || i >= len(callee.params) || callee.params[i] == nil {
					continue
				}
				if takes, is := callee.params[i].Type().Underlying().(*types.Interface); is && takes.Empty() {
					return true
				}
			}
		}
		return false
	}
	object, is := s.target(e).(*types.Var)
	return is && !object.IsField() && slices.ContainsFunc(l.defs[object], func(d def) bool {
		call, is := d.expr.(*ast.CallExpr)
		return is && (d.kind == assigned && d.index <= 0 && l.namesFields(d.source, call) || d.kind == filled && l.marshalled(d.source, call, 0))
	})
}

// marshalled reports whether an expression holds what json.Marshal wrote of a struct.
func (l *lifter) marshalled(s *source, e ast.Expr, depth int) bool {
	if depth > 8 {
		return false
	}
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		object, is := s.target(e).(*types.Var)
		return is && !object.IsField() && slices.ContainsFunc(l.defs[object], func(d def) bool {
			return d.kind == assigned && d.expr != nil && d.index <= 0 && l.marshalled(d.source, d.expr, depth+1)
		})
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if is && s.packageOf(selector.X) == "encoding/json" && selector.Sel.Name == "Marshal" && len(call.Args) == 1 {
		named := structOf(s.info.TypeOf(call.Args[0]))
		return named != nil && named.Obj().Pkg() != nil && l.loader.sources[named.Obj().Pkg().Path()] != nil
	}
	if is && s.packageOf(selector.X) == "" && l.marshalled(s, selector.X, depth+1) {
		return true
	}
	return slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return l.marshalled(s, arg, depth+1) })
}

// fill is what a call writes through a pointer: what it reads from.
func (w *walk) fill(s *source, call *ast.CallExpr) []facts.Origin {
	if len(w.l.static(s, call)) > 0 && !bindName.MatchString(calledName(call)) {
		return []facts.Origin{{Kind: facts.FromUnknown}} // a function of the code that builds something of its own
	}
	var out []facts.Origin
	if selector, is := call.Fun.(*ast.SelectorExpr); is && s.packageOf(selector.X) == "" {
		if selector.Sel.Name == "Scan" {
			at := call.Pos()
			if asks, is := ast.Unparen(selector.X).(*ast.CallExpr); is { // db.QueryRow(…).Scan(&x)
				if spec, is := w.l.querySpec(s, asks); is {
					at = spec.pos.Sel.Pos()
				}
			}
			return []facts.Origin{{Kind: facts.FromQuery, Pos: w.l.pos(at)}}
		}
		out = append(out, w.origins(s, selector.X)...)
	}
	for _, arg := range call.Args {
		if pointer, is := ast.Unparen(arg).(*ast.UnaryExpr); is && pointer.Op == token.AND {
			continue
		}
		out = append(out, w.origins(s, arg)...)
	}
	return named(out, theBody)
}

// scannedInTurn is the loop over rows each turn of which reads a field of the same variable anew: row := newRow(); rows.Scan(&row.ID).
func (l *lifter) scannedInTurn(s *source, e *ast.SelectorExpr, field *types.Var) []facts.Origin {
	id, is := ast.Unparen(e.X).(*ast.Ident)
	if !is {
		return nil
	}
	for _, d := range l.defs[field] {
		if call, is := d.expr.(*ast.CallExpr); is && d.kind == filled && d.source == s && d.loop != nil && d.loop.Kind == facts.OverRows && givesField(s, call, s.target(id), field) {
			return []facts.Origin{{Kind: facts.FromLoop, Loop: d.loop}}
		}
	}
	return nil
}

// givesField reports whether a call is given the address of a field of a variable.
func givesField(s *source, call *ast.CallExpr, of types.Object, field *types.Var) bool {
	return slices.ContainsFunc(call.Args, func(arg ast.Expr) bool {
		pointer, is := ast.Unparen(arg).(*ast.UnaryExpr)
		if !is || pointer.Op != token.AND {
			return false
		}
		selector, is := ast.Unparen(pointer.X).(*ast.SelectorExpr)
		if !is || s.target(selector) != types.Object(field) {
			return false
		}
		id, is := ast.Unparen(selector.X).(*ast.Ident)
		return is && s.target(id) == of
	})
}

// scanned is what queries put into a field: it holds what a row holds, however far from the query it is read.
func (w *walk) scanned(field *types.Var) []facts.Origin {
	for _, d := range w.l.defs[field] {
		if call, is := d.expr.(*ast.CallExpr); is && d.kind == filled && calledName(call) == "Scan" {
			return []facts.Origin{{Kind: facts.FromQuery, Name: field.Name(), Pos: w.l.pos(call.Pos())}}
		}
	}
	return nil
}
