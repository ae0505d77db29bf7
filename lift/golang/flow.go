package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// def is one way in which a variable or field gets its value. Order and branches are not followed: a variable may hold
// what any of its definitions gives it.
type def struct {
	expr   ast.Expr // what is assigned, or nil
	index  int      // of the result, where expr is a call with several; else -1
	kind   defKind
	loop   *facts.Loop // in which it stands
	source *source
	pos    token.Pos
	keyed  bool // in a composite literal
}

type defKind int

const (
	assigned defKind = iota
	item             // of what a loop goes over
	filled           // through a pointer, by the call expr
	appended         // += and WriteString
)

// findDefinitions collects what variables and fields are assigned, the loops, and what is compared with what is allowed.
func (l *lifter) findDefinitions(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			l.loop(p, n, stack)
		}
		add := func(lhs ast.Expr, d def) {
			d.source, d.loop = p.source, l.loopOf(stack)
			if d.kind == item {
				d.loop = l.loops[n]
			}
			if object := p.target(lhs); object != nil {
				l.defs[object] = append(l.defs[object], d)
			}
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			kind := assigned
			if n.Tok == token.ADD_ASSIGN {
				kind = appended
			}
			for i, lhs := range n.Lhs {
				switch {
				case len(n.Rhs) == len(n.Lhs):
					add(lhs, def{expr: n.Rhs[i], index: -1, kind: kind, pos: n.Pos()})
				case len(n.Rhs) == 1:
					add(lhs, def{expr: n.Rhs[0], index: i, kind: kind, pos: n.Pos()})
				}
			}
		case *ast.ValueSpec:
			for i, name := range n.Names {
				switch {
				case len(n.Values) == len(n.Names):
					add(name, def{expr: n.Values[i], index: -1, pos: n.Pos()})
				case len(n.Values) == 1:
					add(name, def{expr: n.Values[0], index: i, pos: n.Pos()})
				}
			}
		case *ast.RangeStmt:
			if n.Key != nil {
				add(n.Key, def{expr: n.X, index: 0, kind: item, pos: n.Pos()})
			}
			if n.Value != nil {
				add(n.Value, def{expr: n.X, index: 1, kind: item, pos: n.Pos()})
			}
		case *ast.ForStmt:
			if init, is := n.Init.(*ast.AssignStmt); is && len(init.Lhs) == 1 && l.loops[n] != nil {
				add(init.Lhs[0], def{kind: item, pos: n.Pos(), index: 0})
			}
		case *ast.CompositeLit:
			for _, element := range n.Elts {
				pair, is := element.(*ast.KeyValueExpr)
				if !is {
					continue
				}
				if key, is := pair.Key.(*ast.Ident); is {
					if field, is := p.info.Uses[key].(*types.Var); is && field.IsField() {
						add(key, def{expr: pair.Value, index: -1, pos: pair.Pos(), keyed: true})
					}
				}
			}
		case *ast.CallExpr:
			l.fills(p, n, add)
			l.checks(p, n)
		case *ast.SwitchStmt:
			if n.Tag != nil {
				l.check(p, n.Tag)
			}
		case *ast.BinaryExpr:
			l.compares(p, n, stack)
		case *ast.IndexExpr: // _, ok := allowed[x]
			if assign, is := last(stack).(*ast.AssignStmt); is && len(assign.Lhs) == 2 && len(assign.Rhs) == 1 {
				l.check(p, n.Index)
			}
			if condition, is := last(stack).(*ast.IfStmt); is && condition.Cond == ast.Expr(n) {
				l.check(p, n.Index)
			}
			if not, is := last(stack).(*ast.UnaryExpr); is && not.Op == token.NOT {
				l.check(p, n.Index)
			}
		}
		return true
	})
}

func last(stack []ast.Node) ast.Node {
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

// target is the variable or field that an assignment changes.
func (s *source) target(lhs ast.Expr) types.Object {
	switch e := ast.Unparen(lhs).(type) {
	case *ast.Ident:
		if object := s.info.Defs[e]; object != nil {
			return object
		}
		return s.info.Uses[e]
	case *ast.SelectorExpr:
		return s.info.Uses[e.Sel]
	case *ast.IndexExpr:
		return s.target(e.X)
	case *ast.StarExpr:
		return s.target(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return s.target(e.X)
		}
	}
	return nil
}

// fills notes variables that a call writes through a pointer, such as Scan(&id) and Decode(&in).
func (l *lifter) fills(p place, call *ast.CallExpr, add func(ast.Expr, def)) {
	selector, is := call.Fun.(*ast.SelectorExpr)
	if is && strings.HasPrefix(selector.Sel.Name, "Write") && len(call.Args) == 1 {
		add(selector.X, def{expr: call.Args[0], index: -1, kind: appended, pos: call.Pos()})
		return
	}
	for _, arg := range call.Args {
		pointer, is := ast.Unparen(arg).(*ast.UnaryExpr)
		if !is || pointer.Op != token.AND {
			// A pointer that was made before: in := new(Input); c.Bind(in)
			if id, is := ast.Unparen(arg).(*ast.Ident); !is || !bindName.MatchString(calledName(call)) || !isPointer(p.info.TypeOf(id)) {
				continue
			}
			add(arg, def{expr: call, index: -2, kind: filled, pos: call.Pos()})
			continue
		}
		if calledName(call) == "Fprintf" {
			for _, piece := range call.Args[1:] {
				add(pointer.X, def{expr: piece, index: -1, kind: appended, pos: call.Pos()})
			}
			continue
		}
		if _, is := pointer.X.(*ast.CompositeLit); !is {
			add(pointer.X, def{expr: call, index: -2, kind: filled, pos: call.Pos()})
		}
	}
}

var bindName = regexp.MustCompile(`(?i)^(Should)?(Must)?(Bind|Read|Decode|Unmarshal|Parse|ReadJSON|Scan|Get|First|Find|Take|Load|BodyParser|QueryParser)`)

func isPointer(t types.Type) bool {
	if t == nil {
		return false
	}
	_, is := t.Underlying().(*types.Pointer)
	return is
}

// calledName is the last name of what is called.
func calledName(call *ast.CallExpr) string {
	fun := ast.Unparen(call.Fun)
	switch index := fun.(type) {
	case *ast.IndexExpr:
		fun = index.X
	case *ast.IndexListExpr:
		fun = index.X
	}
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// checkName are the names of functions that refuse what is not allowed.
var checkName = regexp.MustCompile(`(?i)(valid|allow|sanit|escape|quote|whitelist|contains|ident|MatchString|IsSafe)`)

// checks notes the arguments of functions that refuse what is not allowed.
func (l *lifter) checks(p place, call *ast.CallExpr) {
	name := calledName(call)
	if !checkName.MatchString(name) {
		return
	}
	if selector, is := call.Fun.(*ast.SelectorExpr); is && p.packageOf(selector.X) == "strings" {
		return // strings.Contains looks for something within
	}
	for _, arg := range call.Args {
		l.check(p, arg)
	}
}

func (l *lifter) check(p place, e ast.Expr) {
	for {
		if call, is := ast.Unparen(e).(*ast.CallExpr); is && len(call.Args) == 1 { // switch strings.ToLower(x)
			e = call.Args[0]
			continue
		}
		break
	}
	if object := p.target(e); object != nil {
		l.checked[object] = true
	}
}

// compares notes a variable that is compared with constants, more than one or with a refusal.
func (l *lifter) compares(p place, n *ast.BinaryExpr, stack []ast.Node) {
	if n.Op != token.EQL && n.Op != token.NEQ {
		return
	}
	for _, pair := range [][2]ast.Expr{{n.X, n.Y}, {n.Y, n.X}} {
		value := p.info.Types[pair[1]].Value
		if value == nil || value.Kind() != constant.String || constant.StringVal(value) == "" {
			continue
		}
		if outer, is := last(stack).(*ast.BinaryExpr); n.Op == token.NEQ || is && outer.Op == token.LOR {
			l.check(p, pair[0])
		}
	}
}

// packageOf is the import path that an identifier names, or "".
func (s *source) packageOf(e ast.Expr) string {
	if id, is := e.(*ast.Ident); is {
		if name, is := s.info.Uses[id].(*types.PkgName); is {
			return name.Imported().Path()
		}
	}
	return ""
}

// walk follows values to their origins, within bounds.
type walk struct {
	l      *lifter
	seen   map[types.Object]bool
	budget int
	depth  int // of calls that are followed
}

// value is an expression with its origins.
func (l *lifter) value(s *source, e ast.Expr) facts.Value {
	v := facts.Value{Text: text(e), Pos: l.pos(e.Pos()), Kind: s.kindOf(e)}
	w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
	v.Origins = compact(w.origins(s, e))
	return v
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

// kindOf is what kind of value an expression has.
func (s *source) kindOf(e ast.Expr) string {
	t := s.info.TypeOf(e)
	switch {
	case t == nil || t == types.Typ[types.Invalid]:
		return ""
	case isList(t):
		return "list"
	case isNumber(t):
		return "number"
	case isNamed(t, "context", "Context"):
		return "context"
	}
	if isString(t) {
		return "text"
	}
	return ""
}

func isList(t types.Type) bool {
	slice, is := t.Underlying().(*types.Slice)
	return is && !isBytes(slice)
}

// isNumber reports whether values of a type can hold no text of a stranger's choice.
func isNumber(t types.Type) bool {
	if t == nil {
		return false
	}
	if isNamed(t, "time", "Time") || isNamed(t, "github.com/google/uuid", "UUID") || isNamed(t, "github.com/gofrs/uuid", "UUID") {
		return true
	}
	if pointer, is := t.(*types.Pointer); is {
		t = pointer.Elem()
	}
	if slice, is := t.Underlying().(*types.Slice); is {
		if b, is := slice.Elem().Underlying().(*types.Basic); is && b.Kind() == types.Byte {
			return false
		}
		t = slice.Elem()
	}
	b, is := t.Underlying().(*types.Basic)
	return is && b.Info()&(types.IsNumeric|types.IsBoolean) != 0
}

// isNamed reports whether a type, or what it points to, is the named one.
func isNamed(t types.Type, path, name string) bool {
	p, n := namedType(t)
	return p == path && n == name
}

// namedType is the package and name of a type, or of what it points to.
func namedType(t types.Type) (path, name string) {
	if pointer, is := types.Unalias(t).(*types.Pointer); is {
		t = pointer.Elem()
	}
	named, is := types.Unalias(t).(*types.Named)
	if !is || named.Obj().Pkg() == nil {
		return "", ""
	}
	return named.Obj().Pkg().Path(), named.Obj().Name()
}

func (w *walk) origins(s *source, e ast.Expr) []facts.Origin {
	w.budget--
	if e == nil || w.budget < 0 {
		return nil
	}
	if tv, found := s.info.Types[e]; found && tv.Value != nil {
		return []facts.Origin{{Kind: facts.FromConstant}}
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
		return append(w.origins(s, e.X), w.origins(s, e.Y)...)
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
	out := w.origins(s, e.X)
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

func constantText(s *source, e ast.Expr) string {
	if tv, found := s.info.Types[e]; found && tv.Value != nil && tv.Value.Kind() == constant.String {
		return constant.StringVal(tv.Value)
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
	if known, found := w.l.origins[object]; found {
		return known
	}
	if w.seen[object] {
		return nil
	}
	w.seen[object] = true
	out := compact(w.held(object, at))
	delete(w.seen, object)
	if w.budget > 0 {
		w.l.origins[object] = out
	}
	return out
}

// held is what the definitions of a variable give it.
func (w *walk) held(object *types.Var, at token.Pos) []facts.Origin {
	var out []facts.Origin
	if f, index, is := w.l.parameter(object); is {
		switch request, identity := isRequest(object.Type()), isNamed(object.Type(), "context", "Context"); {
		case request:
			out = append(out, facts.Origin{Kind: facts.FromRequest, Name: "the request", Pos: w.l.pos(at)})
		case identity:
			out = append(out, facts.Origin{Kind: facts.FromContext})
		default:
			out = append(out, facts.Origin{Kind: facts.FromParam, Function: f.fact, Index: index})
		}
	}
	defs := w.l.defs[object]
	for i, d := range defs {
		if i == 12 {
			break
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
	if w.l.checked[object] {
		out = slices.Clone(out)
		for i := range out {
			if k := out[i].Kind; k == facts.FromRequest || k == facts.FromInput || k == facts.FromUnknown {
				out[i].Kind = facts.FromChecked
			}
		}
	}
	return out
}

func (w *walk) definition(d def) []facts.Origin {
	switch d.kind {
	case item:
		var out []facts.Origin
		if d.loop != nil {
			out = append(out, facts.Origin{Kind: facts.FromLoop, Loop: d.loop})
		}
		if d.expr != nil {
			out = append(out, w.origins(d.source, d.expr)...)
		}
		return out
	case filled:
		call := d.expr.(*ast.CallExpr)
		var out []facts.Origin
		if d.loop != nil && d.loop.Kind == facts.OverRows {
			out = append(out, facts.Origin{Kind: facts.FromLoop, Loop: d.loop})
		}
		if spec, is := w.l.querySpec(d.source, call); is {
			return append(out, facts.Origin{Kind: facts.FromQuery, Name: spec.library, Pos: w.l.pos(call.Pos())})
		}
		return append(out, w.fill(d.source, call)...)
	default:
		if call, is := ast.Unparen(d.expr).(*ast.CallExpr); is && d.index >= 0 {
			return w.call(d.source, call, d.index)
		}
		return w.origins(d.source, d.expr)
	}
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
	out := w.origins(s, e.X)
	field, is := object.(*types.Var)
	if !is || !field.IsField() {
		return out
	}
	// A field of the receiver holds what the methods of its type put there.
	onlyReceiver := len(out) > 0 && !slices.ContainsFunc(out, func(o facts.Origin) bool { return o.Kind != facts.FromParam || o.Index != -1 })
	if onlyReceiver && !w.seen[field] && len(w.l.defs[field]) > 0 {
		return append(slices.Clone(out), w.variable(field, e.Pos())...)
	}
	return out
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

// isRequest reports whether values of a type are what a client sent.
func isRequest(t types.Type) bool {
	path, name := namedType(t)
	switch {
	case path == "net/http" && name == "Request",
		strings.HasPrefix(path, "github.com/gin-gonic/gin") && name == "Context",
		strings.HasPrefix(path, "github.com/labstack/echo") && name == "Context",
		strings.HasPrefix(path, "github.com/gofiber/fiber") && (name == "Ctx" || name == "Context"),
		strings.HasPrefix(path, "github.com/valyala/fasthttp") && name == "RequestCtx":
		return true
	}
	return false
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
			}
		}
	}
	if spec, is := w.l.querySpec(s, e); is {
		return []facts.Origin{{Kind: facts.FromQuery, Name: spec.library, Pos: w.l.pos(e.Pos())}}
	}
	if selector != nil {
		path := s.packageOf(selector.X)
		switch {
		case path == "os" && (name == "Getenv" || name == "LookupEnv"):
			return []facts.Origin{{Kind: facts.FromConstant}} // whoever sets the environment runs the program
		case path == "strings" && name == "Repeat", path == "strconv" && name != "Quote" && name != "Unquote":
			return numbered(w.arguments(s, e))
		case path == "crypto/sha256" || path == "encoding/hex" || path == "crypto/md5":
			return numbered(w.arguments(s, e))
		case path == "" && isRequest(s.info.TypeOf(selector.X)) && identityCalls.MatchString(name) && !(name == "Get" && len(e.Args) == 1 && strings.Contains(namedPath(s.info.TypeOf(selector.X)), "fiber")):
			if name == "Request" {
				return []facts.Origin{{Kind: facts.FromRequest, Name: "the request", Pos: w.l.pos(e.Pos())}}
			}
			return []facts.Origin{{Kind: facts.FromContext}}
		}
	}
	if checkName.MatchString(name) || strings.HasPrefix(name, "Must") && strings.Contains(name, "UUID") {
		return numbered(w.arguments(s, e))
	}
	if callees := w.l.static(s, e); len(callees) > 0 {
		return w.results(s, e, callees, index)
	}
	out := w.arguments(s, e)
	if len(out) == 0 {
		return []facts.Origin{{Kind: facts.FromUnknown}}
	}
	for _, arg := range e.Args {
		if text := constantText(s, arg); text != "" && len(text) < 40 {
			out = named(out, text)
			break
		}
	}
	return out
}

func namedPath(t types.Type) string {
	path, _ := namedType(t)
	return path
}

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
			for _, given := range w.argument(s, e, callee, o.Index) {
				given.Number = given.Number || o.Number
				out = append(out, given)
			}
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
	if known, found := w.l.results[key]; found {
		return known
	}
	w.l.results[key] = nil // a circle finds nothing
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
		w.l.results[key] = out
	} else {
		delete(w.l.results, key)
	}
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
