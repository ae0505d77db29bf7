package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
	v.Settable = l.settable(s, e)
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
	out := w.expr(s, e)
	if isNumber(s.info.TypeOf(e)) {
		out = slices.Clone(out)
		for i := range out {
			out[i].Number = true
		}
	}
	return out
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
		if out[i].Kind == facts.FromRequest && (out[i].Name == "" || out[i].Name == "the request") {
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
		return w.variable(object, e.Pos())
	case nil:
		return []facts.Origin{{Kind: facts.FromUnknown}}
	}
	return nil
}

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
		case w.l.injected[object]:
			out = append(out, facts.Origin{Kind: facts.FromRequest, Name: "the body", Pos: w.l.pos(at)})
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
	if w.l.checked[object] {
		out = slices.Clone(out)
		for i := range out {
			out[i] = allowed(out[i])
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
	if w.l.namesFields(s, e) {
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

func isMap(t types.Type) bool {
	if t == nil {
		return false
	}
	_, is := t.Underlying().(*types.Map)
	return is
}

// fill is what a call writes through a pointer: what it reads from.
func (w *walk) fill(s *source, call *ast.CallExpr) []facts.Origin {
	if len(w.l.static(s, call)) > 0 && !bindName.MatchString(calledName(call)) {
		return []facts.Origin{{Kind: facts.FromUnknown}} // a function of the code that builds something of its own
	}
	var out []facts.Origin
	if selector, is := call.Fun.(*ast.SelectorExpr); is && s.packageOf(selector.X) == "" {
		if selector.Sel.Name == "Scan" {
			return []facts.Origin{{Kind: facts.FromQuery, Pos: w.l.pos(call.Pos())}}
		}
		out = append(out, w.origins(s, selector.X)...)
	}
	for _, arg := range call.Args {
		if pointer, is := ast.Unparen(arg).(*ast.UnaryExpr); is && pointer.Op == token.AND {
			continue
		}
		out = append(out, w.origins(s, arg)...)
	}
	return named(out, "the body")
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
	if w.l.setByCode(s, e, 0) {
		return []facts.Origin{{Kind: facts.FromConstant}}
	}
	if w.l.bounded[field] || isNumber(field.Type()) && !w.seen[field] && w.limited(field) {
		out = slices.Clone(out)
		bound(out)
	}
	if w.l.checkedBeside(field, e.Pos()) {
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

// setByCode reports whether the code gives a field constants alone, wherever it makes such a struct or changes it, and reads nothing
// into such structs: options that functions hand on to each other.
func (l *lifter) setByCode(s *source, e *ast.SelectorExpr, depth int) bool {
	field, is := s.info.Uses[e.Sel].(*types.Var)
	of := structOf(typeOr(s.info.TypeOf(e.X)))
	if !is || !field.IsField() || of == nil || len(l.defs[field]) == 0 || depth > 4 || l.readInto()[of.Obj()] {
		return false
	}
	return !slices.ContainsFunc(l.defs[field], func(d def) bool {
		if d.kind != assigned || d.expr == nil || d.source.info.Types[d.expr].Value != nil {
			return d.kind != assigned || d.expr == nil
		}
		other, is := ast.Unparen(d.expr).(*ast.SelectorExpr)
		return !is || !l.setByCode(d.source, other, depth+1)
	})
}

// readInto are the structs into which something is read: bodies, rows, configuration, and what stands within them.
func (l *lifter) readInto() map[*types.TypeName]bool {
	if l.filledTypes != nil {
		return l.filledTypes
	}
	l.filledTypes = map[*types.TypeName]bool{}
	var note func(t types.Type)
	note = func(t types.Type) {
		named := structOf(t)
		if named == nil || l.filledTypes[named.Obj()] {
			return
		}
		l.filledTypes[named.Obj()] = true
		for field := range named.Underlying().(*types.Struct).Fields() {
			note(field.Type())
		}
	}
	for object, defs := range l.defs {
		if slices.ContainsFunc(defs, func(d def) bool { return d.kind == filled }) {
			note(object.Type())
		}
	}
	for object := range l.injected {
		note(object.Type())
	}
	return l.filledTypes
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

// identityCalls are methods of requests that give who is calling, or nothing of the client's.
var identityCalls = regexp.MustCompile(`^(Context|UserContext|Get|MustGet|GetString|GetInt|GetInt64|GetUint|Locals|Writer|Response|Value|Method)$`)

// call is what result index of a call may be; -1 is its only one.
func (w *walk) call(s *source, e *ast.CallExpr, index int) []facts.Origin {
	if tv := s.info.Types[e.Fun]; tv.IsType() && len(e.Args) == 1 { // a conversion
		return w.origins(s, e.Args[0])
	}
	name := calledName(e)
	selector, _ := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	if id, is := ast.Unparen(e.Fun).(*ast.Ident); is {
		if _, builtin := s.info.Uses[id].(*types.Builtin); builtin {
			switch id.Name {
			case "len", "cap", "make", "new":
				return []facts.Origin{{Kind: facts.FromConstant, Number: true}}
			case "min":
				out := w.arguments(s, e)
				bound(out)
				return out
			}
		}
	}
	if spec, is := w.l.querySpec(s, e); is {
		return []facts.Origin{{Kind: facts.FromQuery, Name: spec.library, Pos: w.l.pos(spec.pos.Sel.Pos())}}
	}
	if text, args, is := boundNames(s, e, name); is {
		if index <= 0 {
			return w.origins(s, text)
		}
		var out []facts.Origin
		for _, arg := range args {
			out = append(out, w.origins(s, arg)...)
		}
		return out
	}
	if selector != nil {
		path := s.packageOf(selector.X)
		if id, is := selector.X.(*ast.Ident); is && id.Name == "strconv" && s.info.Uses[id] == nil {
			path = id.Name // the import is missing
		}
		switch {
		case path == "os" && (name == "Getenv" || name == "LookupEnv"):
			return []facts.Origin{{Kind: facts.FromConstant}} // whoever sets the environment runs the program
		case path == "strings" && name == "Repeat", path == "strconv" && name != "Quote" && name != "Unquote":
			return numbered(w.arguments(s, e))
		case path == "crypto/sha256" || path == "encoding/hex" || path == "crypto/md5":
			return numbered(w.arguments(s, e))
		case path == "" && len(w.l.engineCallees(s, selector, e)) == 0 && w.l.isRequest(s.info.TypeOf(selector.X)) && identityCalls.MatchString(name) && !s.ofBeego(selector) && !(name == "Get" && len(e.Args) == 1 && strings.Contains(namedPath(s.info.TypeOf(selector.X)), "fiber")):
			if name == "Request" {
				return []facts.Origin{{Kind: facts.FromRequest, Name: "the request", Pos: w.l.pos(e.Pos())}}
			}
			return []facts.Origin{{Kind: facts.FromContext}}
		}
	}
	if checkName.MatchString(name) || strings.HasPrefix(name, "Must") && strings.Contains(name, "UUID") {
		return numbered(w.arguments(s, e))
	}
	if clampName.MatchString(name) {
		out := w.arguments(s, e)
		bound(out)
		return out
	}
	if callees := w.l.static(s, e); len(callees) > 0 {
		return w.results(s, e, callees, index)
	}
	if strings.EqualFold(name, "ToSQL") && index <= 0 {
		return []facts.Origin{{Kind: facts.FromConstant}} // a builder gives the text apart from its parameters
	}
	out := w.arguments(s, e)
	if selector != nil && s.packageOf(selector.X) == "" && fillsBuilder.MatchString(name) && !w.l.isRequest(s.info.TypeOf(selector.X)) && len(e.Args) > 1 {
		out = slices.Concat(w.origins(s, selector.X), numbered(w.arguments(s, e))) // what it is given becomes a parameter
	}
	if len(out) == 0 {
		return []facts.Origin{{Kind: facts.FromUnknown}}
	}
	for _, arg := range e.Args {
		if text := constantText(s, arg); text != "" && len(text) < 40 {
			out = named(out, strings.TrimPrefix(text, ":")) // as macaron and beego name parameters of a path
			break
		}
	}
	return out
}

// ofBeego reports whether a method is beego's: what gin reads beside a request by that name, beego reads of it.
func (s *source) ofBeego(selector *ast.SelectorExpr) bool {
	method, is := s.info.Uses[selector.Sel].(*types.Func)
	return is && method.Pkg() != nil && isBeego(method.Pkg().Path())
}

// boundNames are the text and the values of a call of sqlx that writes a text for a driver: the values stay parameters.
func boundNames(s *source, e *ast.CallExpr, name string) (text ast.Expr, args []ast.Expr, is bool) {
	selector, isSelector := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	if !isSelector {
		return nil, nil, false
	}
	ofSqlx, first := strings.HasSuffix(s.packageOf(selector.X), "jmoiron/sqlx"), 0
	if ofSqlx && (name == "BindNamed" || name == "Rebind") {
		first = 1 // behind the way that the driver writes parameters
	}
	switch name {
	case "BindNamed", "Rebind":
		is = len(e.Args) > first
	case "Named", "In":
		is = ofSqlx && len(e.Args) > 0
	}
	if !is {
		return nil, nil, false
	}
	return e.Args[first], e.Args[first+1:], true
}

// fillsBuilder are names of methods of libraries that give a builder a value beside the name of what it is for.
var fillsBuilder = regexp.MustCompile(`^(Set|Add|Where|With|Eq|In|And|Or|Append|Bind)`)

// clampName are names of functions that keep a number within limits.
var clampName = regexp.MustCompile(`(?i)(clamp|^min(int)?$|limitto|withinlimit|normali[sz]e(page|limit|per))`)

func numbered(origins []facts.Origin) []facts.Origin {
	out := slices.Clone(origins)
	for i := range out {
		out[i].Number = true
	}
	return out
}

// arguments are the origins of a call's receiver and arguments: a function of a library may return any of them.
func (w *walk) arguments(s *source, e *ast.CallExpr) []facts.Origin {
	var out []facts.Origin
	if selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr); is && s.packageOf(selector.X) == "" {
		out = append(out, w.origins(s, selector.X)...)
	}
	for _, arg := range e.Args {
		out = append(out, w.origins(s, arg)...)
	}
	return out
}

// results are the origins of what functions of the code return, with their parameters replaced by the arguments.
func (w *walk) results(s *source, e *ast.CallExpr, callees []*function, index int) []facts.Origin {
	if w.depth >= 4 {
		w.cut = true
		return w.arguments(s, e)
	}
	w.depth++
	defer func() { w.depth-- }()
	var out []facts.Origin
	for i, callee := range callees {
		if i == 3 {
			break
		}
		for _, o := range w.returned(callee, max(index, 0)) {
			if o.Kind != facts.FromParam || o.Function != callee.fact {
				out = append(out, o)
				continue
			}
			if o.Key && o.Index >= 0 && o.Index < len(e.Args) {
				out = append(out, w.keys(s, e.Args[o.Index])...)
				continue
			}
			for _, given := range w.argument(s, e, callee, o.Index) {
				given.Number, given.Bounded = given.Number || o.Number, given.Bounded || o.Bounded
				if o.Checked {
					given = allowed(given)
				}
				out = append(out, given)
			}
		}
	}
	for _, arg := range e.Args {
		if text := constantText(s, arg); text != "" && len(text) < 40 {
			return named(out, strings.TrimPrefix(text, ":"))
		}
	}
	return out
}

// argument is what a call gives for a parameter.
func (w *walk) argument(s *source, e *ast.CallExpr, callee *function, index int) []facts.Origin {
	if index == -1 {
		if selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr); is {
			return w.origins(s, selector.X)
		}
		return nil
	}
	var out []facts.Origin
	for i, arg := range e.Args {
		if i == index || i > index && index == len(callee.params)-1 && callee.sig != nil && callee.sig.Variadic() {
			out = append(out, w.origins(s, arg)...)
		}
	}
	return out
}

// returned are the origins of one result of a function.
func (w *walk) returned(f *function, index int) []facts.Origin {
	key := result{f, index}
	if known, found := w.l.results[key]; found && w.holds(known) {
		return known.origins
	}
	w.l.results[key] = kept{depth: -1} // a circle finds nothing
	before := w.cut
	w.cut = false
	var out []facts.Origin
	for _, n := range f.returns() {
		if w.budget <= 0 {
			break
		}
		switch {
		case index < len(n.Results) && (len(n.Results) > 1 || resultCount(f) <= 1):
			out = append(out, w.origins(f.source, n.Results[index])...)
		case len(n.Results) == 1:
			if call, is := ast.Unparen(n.Results[0]).(*ast.CallExpr); is {
				out = append(out, w.call(f.source, call, index)...)
			}
		case len(n.Results) == 0 && f.sig != nil && index < f.sig.Results().Len():
			out = append(out, w.variable(f.sig.Results().At(index), n.Pos())...)
		}
	}
	out = compact(out)
	if w.budget > 0 {
		w.l.results[key] = w.keep(out)
	} else {
		delete(w.l.results, key)
	}
	w.cut = w.cut || before
	return out
}

// result is one result of a function.
type result struct {
	function *function
	index    int
}

// returns are the return statements of a function, without those of literals in it.
func (f *function) returns() []*ast.ReturnStmt {
	if f.returnsKnown {
		return f.returnStatements
	}
	f.returnsKnown = true
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			f.returnStatements = append(f.returnStatements, n)
		}
		return true
	})
	return f.returnStatements
}

func resultCount(f *function) int {
	if f.sig == nil {
		return 1
	}
	return f.sig.Results().Len()
}
