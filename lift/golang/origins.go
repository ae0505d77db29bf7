package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
	"strconv"

	"github.com/fettlehq/fettle/facts"
)

// walk follows values to their origins, within bounds.
type walk struct {
	l      *lifter
	seen   map[types.Object]bool
	budget int
	depth  int  // of calls that are followed
	cut    bool // a call was too deep to be followed: what was found of it is a guess
}

// kept are the origins of a variable or a result. Those that were found from a depth where calls could not be followed to their end hold for
// what is as deep alone.
type kept struct {
	origins []facts.Origin
	depth   int // -1 where each call was followed
}

// keep is what is kept of the origins that were found where a walk is.
func (w *walk) keep(origins []facts.Origin) kept {
	if w.cut {
		return kept{origins, w.depth}
	}
	return kept{origins, -1}
}

// holds reports whether what is kept holds where a walk is, which then is as far from the end as what was kept was.
func (w *walk) holds(k kept) bool {
	if k.depth > w.depth {
		return false
	}
	w.cut = w.cut || k.depth >= 0
	return true
}

// value is an expression with its origins.
func (l *lifter) value(s *source, e ast.Expr) facts.Value {
	v := facts.Value{Text: text(e), Pos: l.pos(e.Pos()), Kind: s.kindOf(e)}
	w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
	v.Origins = compact(w.origins(s, e))
	for i, o := range v.Origins {
		v.Origins[i].Whole = o.Kind == facts.FromParam && l.isParameter(s, e, o)
	}
	ast.Inspect(e, func(n ast.Node) bool {
		_, selects := n.(*ast.SelectorExpr)
		v.Part = v.Part || selects
		return !v.Part
	})
	v.Fields, v.Written = l.writtenOut(s, e)
	v.Settable, v.Named = l.settable(s, e), l.namedByCode(s, e)
	if isListType(s.info.TypeOf(e)) || isLiteral(e) {
		v.List = l.list(s, e)
	}
	return v
}

// isParameter reports whether an expression is the parameter that an origin tells of, or a pointer to it or from it.
func (l *lifter) isParameter(s *source, e ast.Expr, o facts.Origin) bool {
	switch inner := ast.Unparen(e).(type) {
	case *ast.UnaryExpr:
		return inner.Op == token.AND && l.isParameter(s, inner.X, o)
	case *ast.StarExpr:
		return l.isParameter(s, inner.X, o)
	case *ast.Ident:
		f, index, is := l.parameter(s.target(inner))
		return is && f.fact == o.Function && index == o.Index
	}
	return false
}

func compact(origins []facts.Origin) []facts.Origin {
	var out []facts.Origin
	for _, o := range origins {
		if !slices.Contains(out, o) {
			out = append(out, o)
		}
		if len(out) == 24 {
			break
		}
	}
	return out
}

func (w *walk) origins(s *source, e ast.Expr) []facts.Origin {
	w.budget--
	if e == nil || w.budget < 0 {
		return nil
	}
	if tv, found := s.info.Types[e]; found && tv.Value != nil {
		return []facts.Origin{{Kind: facts.FromConstant}}
	}
	if isHandle(s.info.TypeOf(e)) {
		return []facts.Origin{{Kind: facts.FromConstant}} // what leads to a database holds nothing that a client wrote
	}
	if describesType(s.info.TypeOf(e)) {
		return []facts.Origin{{Kind: facts.FromConstant}} // types are the code's own, whatever their values hold
	}
	out := w.expr(s, e)
	if isNumber(s.info.TypeOf(e)) {
		out = slices.Clone(out)
		for i := range out {
			out[i].Number = true
		}
	}
	return out
}

// describesType reports whether values of a type say what a type is made of: its fields and their tags.
func describesType(t types.Type) bool {
	path, name := namedType(typeOr(t))
	return path == "reflect" && (name == "Type" || name == "StructField" || name == "StructTag")
}

func (w *walk) expr(s *source, e ast.Expr) []facts.Origin {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return w.origins(s, e.X)
	case *ast.StarExpr:
		return w.origins(s, e.X)
	case *ast.UnaryExpr:
		return w.origins(s, e.X)
	case *ast.TypeAssertExpr:
		return w.origins(s, e.X)
	case *ast.SliceExpr:
		return w.origins(s, e.X)
	case *ast.BasicLit:
		return []facts.Origin{{Kind: facts.FromConstant}}
	case *ast.FuncLit:
		return nil
	case *ast.BinaryExpr:
		out := slices.Concat(w.origins(s, e.X), w.origins(s, e.Y))
		switch e.Op {
		case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ, token.LAND, token.LOR:
			return numbered(out) // also where its types do not fit
		}
		if (e.Op == token.ADD || e.Op == token.SUB || e.Op == token.MUL) && isNumber(s.info.TypeOf(e)) {
			reckon(out)
		}
		return out
	case *ast.KeyValueExpr:
		return w.origins(s, e.Value)
	case *ast.CompositeLit:
		var out []facts.Origin
		for _, element := range e.Elts {
			out = append(out, w.origins(s, element)...)
		}
		if len(e.Elts) == 0 {
			out = []facts.Origin{{Kind: facts.FromConstant}}
		}
		return out
	case *ast.IndexExpr:
		return w.index(s, e)
	case *ast.Ident:
		return w.ident(s, e)
	case *ast.SelectorExpr:
		return w.selector(s, e)
	case *ast.CallExpr:
		return w.call(s, e, -1)
	}
	return []facts.Origin{{Kind: facts.FromUnknown}}
}

// index is an element: what the list holds, and the turn of the loop that chose it. The choice alone brings in no text.
func (w *walk) index(s *source, e *ast.IndexExpr) []facts.Origin {
	out := slices.Clip(w.origins(s, e.X))
	for _, o := range w.origins(s, e.Index) {
		switch o.Kind {
		case facts.FromLoop:
			out = append(out, o)
		case facts.FromConstant:
			if name := constantText(s, e.Index); name != "" {
				out = named(out, name)
			}
		}
	}
	return out
}

// named says which parameter of the request a value is, where only the request was known.
func named(origins []facts.Origin, name string) []facts.Origin {
	out := slices.Clone(origins)
	for i := range out {
		if (out[i].Kind == facts.FromRequest || out[i].Formed == facts.FromRequest) && (out[i].Name == "" || out[i].Name == "the request") {
			out[i].Name = name
		}
	}
	return out
}

// bound marks what has an upper limit.
func bound(origins []facts.Origin) {
	for i := range origins {
		origins[i].Bounded = true
	}
}

// reckon marks what is added or taken away.
func reckon(origins []facts.Origin) {
	for i := range origins {
		origins[i].Reckoned = true
	}
}

func constantText(s *source, e ast.Expr) string {
	if tv, found := s.info.Types[e]; found && tv.Value != nil && tv.Value.Kind() == constant.String {
		return constant.StringVal(tv.Value)
	}
	// The keys of a literal have no type where the library of its type is not at hand: builder.Eq{"owner_id": id}.
	if literal, is := e.(*ast.BasicLit); is && literal.Kind == token.STRING {
		if text, err := strconv.Unquote(literal.Value); err == nil {
			return text
		}
	}
	return ""
}

func (w *walk) ident(s *source, e *ast.Ident) []facts.Origin {
	object := s.info.Uses[e]
	if object == nil {
		object = s.info.Defs[e]
	}
	switch object := object.(type) {
	case *types.Const, *types.Nil:
		return []facts.Origin{{Kind: facts.FromConstant}}
	case *types.Var:
		if d, is := w.l.madeOver(s, object, e.Pos()); is {
			return w.definition(d)
		}
		return w.variable(object, e.Pos())
	case nil:
		return []facts.Origin{{Kind: facts.FromUnknown}}
	}
	return nil
}

// selector is a field of a value, a package's variable, or a method value.
func (w *walk) selector(s *source, e *ast.SelectorExpr) []facts.Origin {
	object := s.info.Uses[e.Sel]
	if s.packageOf(e.X) != "" {
		switch object := object.(type) {
		case *types.Const:
			return []facts.Origin{{Kind: facts.FromConstant}}
		case *types.Var:
			return w.variable(object, e.Pos())
		}
		return []facts.Origin{{Kind: facts.FromUnknown}}
	}
	if t := s.info.TypeOf(e); t != nil && w.l.isRequest(t) && !w.l.isRequest(typeOr(s.info.TypeOf(e.X))) { // one that a value holds
		return []facts.Origin{{Kind: facts.FromRequest, Name: "the request", Pos: w.l.pos(e.Pos())}}
	}
	if w.l.besideInContext(s, e) {
		return []facts.Origin{{Kind: facts.FromContext}}
	}
	field, is := object.(*types.Var)
	if is && field.IsField() && w.l.givenLimit(s, e, field) && !w.seen[field] {
		return w.variable(field, e.Pos())
	}
	out := w.origins(s, e.X)
	if !is || !field.IsField() {
		return out
	}
	if _, index, isParam := w.l.parameter(s.target(e.X)); isParam && index >= 0 {
		if _, is := ast.Unparen(e.X).(*ast.Ident); is {
			out = slices.Clone(out)
			for i := range out {
				if out[i].Kind == facts.FromParam && out[i].Index == index {
					out[i].Field = field.Name()
				}
			}
		}
	}
	if w.l.setByCode(s, e) {
		return []facts.Origin{{Kind: facts.FromConstant}}
	}
	if w.l.bounded[field] || isNumber(field.Type()) && !w.seen[field] && w.limited(field) {
		out = slices.Clone(out)
		bound(out)
	}
	if w.l.positive[field] {
		out = slices.Clone(out)
		raise(out)
	}
	if w.l.checkedBeside(s, field, e.Pos()) || w.l.checkedWherePut(s, e) {
		out = slices.Clone(out)
		for i := range out {
			out[i] = allowed(out[i])
		}
		return out
	}
	if param := w.l.pathParams[field]; param != "" {
		out = append(slices.Clip(out), facts.Origin{Kind: facts.FromRequest, Name: param, Pos: w.l.pos(e.Pos())})
	}
	// A field of the receiver holds what the methods of its type put there.
	onlyReceiver := len(out) > 0 && !slices.ContainsFunc(out, func(o facts.Origin) bool { return o.Kind != facts.FromParam || o.Index != -1 })
	if onlyReceiver && !w.seen[field] && len(w.l.defs[field]) > 0 {
		return append(slices.Clone(out), w.variable(field, e.Pos())...)
	}
	if !onlyReceiver {
		out = append(slices.Clip(out), w.scanned(field)...)
		out = append(out, w.l.scannedInTurn(s, e, field)...)
	}
	return out
}

// besideInContext reports whether a field stands beside the request in a context of the code's own: type Context struct{ *gin.Context;
// User *User }. A middleware put there what it found out, unless something is decoded into it.
func (l *lifter) besideInContext(s *source, e *ast.SelectorExpr) bool {
	selection := s.info.Selections[e]
	if selection == nil || selection.Kind() != types.FieldVal || !l.isRequest(selection.Recv()) {
		return false
	}
	field := selection.Obj().(*types.Var)
	if l.isEngineContext(selection.Recv()) {
		return knowsCaller.MatchString(field.Name())
	}
	return !field.Embedded() && field.Pkg() != nil && l.loader.sources[field.Pkg().Path()] != nil && !l.isRequest(field.Type()) &&
		!slices.ContainsFunc(l.defs[field], func(d def) bool { return d.kind == filled })
}

// parameter finds the function that a variable is a parameter of. The receiver has index -1.
func (l *lifter) parameter(object types.Object) (*function, int, bool) {
	if l.params == nil {
		l.params = map[types.Object]param{}
		for _, f := range l.functions {
			for i, p := range f.params {
				if p != nil {
					l.params[p] = param{f, i}
				}
			}
			if f.recv != nil {
				l.params[f.recv] = param{f, -1}
			}
		}
	}
	p, found := l.params[object]
	return p.function, p.index, found
}

type param struct {
	function *function
	index    int
}

func numbered(origins []facts.Origin) []facts.Origin {
	out := slices.Clone(origins)
	for i := range out {
		out[i].Number = true
	}
	return out
}
