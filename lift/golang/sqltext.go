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
	"github.com/fettlehq/fettle/lift/sql"
)

// readText reads the SQL of an expression: its constant parts, with holes for the rest. What is read only where a condition holds
// stands between sql.Sometimes and sql.Again in the text of the reader that it gives back.
func (l *lifter) readText(s *source, e ast.Expr, q *facts.Query) *reader {
	r := &reader{l: l, seen: map[types.Object]bool{}}
	r.text = strings.TrimSpace(r.read(s, e, 0))
	if r.collects {
		r.text = doubled.Replace(r.text)
	}
	if strings.Trim(r.text, hole+" ") == "" {
		r.text = ""
	}
	q.Text = strings.TrimSpace(sql.Always(r.text))
	for _, piece := range r.holes {
		q.Dynamic = append(q.Dynamic, r.valueOf(piece))
	}
	return r
}

// piece is an expression whose value goes into a text, or fills one of its parameters.
type piece struct {
	source *source
	expr   ast.Expr
	number bool    // printed as a number
	within []given // the functions in which it stands, the outermost first
	said   string  // what the function that is read begins with says for it, where it stands in another
}

// reader reads the text of an expression.
type reader struct {
	l        *lifter
	text     string
	seen     map[types.Object]bool
	holes    []piece
	args     []piece // what fills the parameters of a text that was collected with them
	collects bool    // such a text was read
	turns    bool    // a loop puts a text into a list in each of its turns
	lost     bool    // not all of what fills its parameters is known, or how many there are
	either   bool    // it is one of several
	within   []given
	held     *held  // by whose fields a method is read that gives a text
	over     *piece // the number that must be above zero for the limit to be put
}

func (r *reader) open(s *source, e ast.Expr) string {
	r.holes = append(r.holes, piece{source: s, expr: e, within: r.within})
	return hole
}

// valueOf is what a piece holds, by what the functions in which it stands are given.
func (r *reader) valueOf(p piece) facts.Value {
	v := r.l.value(p.source, p.expr)
	if p.said != "" {
		v.Text = p.said
	}
	if p.number {
		v.Kind = "number"
	}
	for _, by := range slices.Backward(p.within) {
		w := &walk{l: r.l, seen: map[types.Object]bool{}, budget: 400}
		var out []facts.Origin
		for _, o := range v.Origins {
			out = append(out, w.handedTo(by.source, by.call, by.callee, o)...)
		}
		v.Origins = compact(out)
	}
	return v
}

// deep reports whether a way is too long to be followed.
func (r *reader) deep(depth int) bool { return depth > 24 || len(r.within) > 6 }

// forget drops what was found while something was read that is one hole after all.
func (r *reader) forget(holes, args int) {
	r.holes, r.args = r.holes[:holes], r.args[:args]
}

func (r *reader) read(s *source, e ast.Expr, depth int) string {
	if tv, found := s.info.Types[e]; found && tv.Value != nil && tv.Value.Kind() == constant.String {
		return constant.StringVal(tv.Value)
	}
	known := len(r.holes)
	defer func() {
		for i := known; i < len(r.holes) && len(r.within) == 0; i++ {
			if h := &r.holes[i]; len(h.within) > 0 && h.said == "" {
				h.said = text(e)
			}
		}
	}()
	switch e := ast.Unparen(e).(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return strings.Trim(e.Value, "`\"")
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			return r.read(s, e.X, depth) + r.read(s, e.Y, depth)
		}
	case *ast.Ident, *ast.SelectorExpr:
		if text, done := r.variable(s, e, depth); done {
			return text
		}
	case *ast.CallExpr:
		if text, done := r.call(s, e, depth); done {
			return text
		}
	}
	return r.open(s, e)
}

// nameHeld is the constant that a field of a struct without a name is given, once and for all, in the one variable that has such a struct, as of names
// of columns that a tool writes: var UserColumns = struct{ ID string }{ID: "id"}.
func (l *lifter) nameHeld(s *source, e ast.Expr, field *types.Var) string {
	selector, is := ast.Unparen(e).(*ast.SelectorExpr)
	if !is || len(l.defs[field]) != 1 || !l.defs[field][0].keyed {
		return ""
	}
	if _, unnamed := typeOr(s.info.TypeOf(selector.X)).(*types.Struct); !unnamed {
		return ""
	}
	return constantText(l.defs[field][0].source, l.defs[field][0].expr)
}

// variable reads what a variable of the function, or of a package, is assigned in order.
func (r *reader) variable(s *source, e ast.Expr, depth int) (string, bool) {
	object, is := s.target(e).(*types.Var)
	if !is || r.seen[object] || r.deep(depth) {
		return "", false
	}
	if object.IsField() {
		if name := r.l.nameHeld(s, e, object); name != "" {
			return name, true
		}
		return r.held.text(r, object, "")
	}
	if text, is := r.l.embeddedTexts[object]; is {
		return text, true
	}
	if r.l.checked[object] {
		return "", false
	}
	if _, _, isParam := r.l.parameter(object); isParam {
		return r.parameter(object, depth)
	}
	r.seen[object] = true
	defer delete(r.seen, object)
	holes, args := len(r.holes), len(r.args)
	var b strings.Builder
	for i, d := range r.l.defsBefore(s, object, e.Pos()) {
		if d.kind != assigned && d.kind != appended || d.index > 0 || d.expr == nil || i > 40 {
			r.forget(holes, args)
			return "", false
		}
		added := i > 0 && d.kind == assigned
		if added && !d.source.goesOn(d.expr, object) {
			r.forget(holes, args)
			return "", false // another value, and not query = query + " …"
		}
		text, done := "", true
		switch call, isCall := ast.Unparen(d.expr).(*ast.CallExpr); {
		case added && isCall: // fmt.Sprintf("%s …", query)
			first := len(r.holes)
			text = strings.TrimPrefix(r.printed(d.source, call.Args, depth+1), hole)
			r.holes = slices.Delete(r.holes, first, first+1)
		case added:
			text = r.behind(d.source, ast.Unparen(d.expr).(*ast.BinaryExpr), depth+1)
		case isCall && d.index == 0:
			text, done = r.call(d.source, call, depth+1)
		default:
			text = r.read(d.source, d.expr, depth+1)
		}
		if !done {
			r.forget(holes, args)
			return "", false
		}
		if (i > 0 || d.kind == appended) && d.source == s { // var clause string holds nothing at first
			text = r.placed(s, text, d.pos, e.Pos())
		}
		b.WriteString(text)
	}
	if b.String() == hole { // the variable tells more than what it was assigned
		r.forget(holes, args)
		return "", false
	}
	return b.String(), b.Len() > 0
}

// defsBefore are the definitions that make what a variable holds at a place, where it is one of a function: from the last before it that
// gives another value, whatever way leads there, on.
func (l *lifter) defsBefore(s *source, object *types.Var, at token.Pos) []def {
	defs := l.defs[object]
	if len(defs) < 2 || object.Parent() == object.Pkg().Scope() || defs[0].source != s {
		return defs
	}
	around := s.topLevelAt(at)
	if around == nil || object.Pos() < around.Pos() || around.End() < object.Pos() {
		return defs
	}
	from, to := 0, len(defs)
	for i, d := range defs {
		if d.pos >= at {
			to = i
			break
		}
		if d.kind == assigned && !s.goesOn(d.expr, object) && !s.sometimes(d.pos, at) {
			from = i
		}
	}
	if to == 0 {
		return defs
	}
	return defs[from:to]
}

// goesOn reports whether what a variable is given is what it held, with more behind it.
func (s *source) goesOn(e ast.Expr, object types.Object) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.BinaryExpr:
		return s.target(leftmost(e)) == object
	case *ast.CallExpr:
		switch calledName(e) {
		case "append":
			return len(e.Args) > 0 && s.target(e.Args[0]) == object
		case "Sprintf":
			return len(e.Args) > 1 && strings.HasPrefix(constantText(s, e.Args[0]), "%s") && s.target(e.Args[1]) == object
		}
	}
	return false
}

// parameter reads what a function that is read is given for a parameter, and what it puts before it or behind.
func (r *reader) parameter(object *types.Var, depth int) (string, bool) {
	f, index, _ := r.l.parameter(object)
	for i, by := range slices.Backward(r.within) {
		if by.callee != f || index < 0 || index >= len(by.call.Args) || f.sig == nil || f.sig.Variadic() && index == f.sig.Params().Len()-1 {
			continue
		}
		inside := r.within
		r.within = slices.Clip(inside[:i])
		text := r.read(by.source, by.call.Args[index], depth+1)
		r.within = inside
		r.seen[object] = true
		defer delete(r.seen, object)
		for _, d := range r.l.defs[object] {
			sum, is := ast.Unparen(d.expr).(*ast.BinaryExpr)
			switch {
			case d.kind == appended:
				text += r.read(f.source, d.expr, depth+1)
			case is && sum.Op == token.ADD && f.source.target(sum.Y) == types.Object(object):
				text = r.read(f.source, sum.X, depth+1) + text
			case is && sum.Op == token.ADD && f.source.target(sum.X) == types.Object(object):
				text += r.read(f.source, sum.Y, depth+1)
			}
		}
		return text, true
	}
	return "", false
}

// behind reads what a sum puts behind what stands leftmost in it.
func (r *reader) behind(s *source, sum *ast.BinaryExpr, depth int) string {
	before := ""
	if inner, is := ast.Unparen(sum.X).(*ast.BinaryExpr); is {
		before = r.behind(s, inner, depth)
	}
	return before + r.read(s, sum.Y, depth)
}

func leftmost(e *ast.BinaryExpr) ast.Expr {
	for {
		inner, is := ast.Unparen(e.X).(*ast.BinaryExpr)
		if !is {
			return e.X
		}
		e = inner
	}
}

var verbs = regexp.MustCompile(`%[-+# 0]*\d*(?:\.\d+)?(?:\[\d+\])?[a-zA-Z%]`)

// call reads what functions make of texts.
func (r *reader) call(s *source, e *ast.CallExpr, depth int) (string, bool) {
	if tv := s.info.Types[e.Fun]; tv.IsType() && len(e.Args) == 1 {
		return r.read(s, e.Args[0], depth), true
	}
	name := calledName(e)
	selector, _ := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	path := ""
	if selector != nil {
		path = s.packageOf(selector.X)
	}
	switch {
	case path == "fmt" && name == "Sprintf" && len(e.Args) > 0:
		return r.printed(s, e.Args, depth), true
	case path == "strings" && (name == "TrimSpace" || name == "Trim" || name == "ToLower") && len(e.Args) > 0:
		return r.read(s, e.Args[0], depth), true
	case path == "strings" && name == "Join" && len(e.Args) == 2:
		return r.joined(s, e, depth)
	case name == "Rebind" && len(e.Args) == 1:
		return r.read(s, e.Args[0], depth), true
	}
	if text, done := r.collected(s, e, depth); done {
		return text, true
	}
	if text, done := r.builtBySqlbuilder(s, e, depth); done {
		return text, true
	}
	if name == "String" && len(e.Args) == 0 && selector != nil {
		return r.variable(s, selector.X, depth)
	}
	return r.returned(s, e, depth)
}

// returned reads what a function of the code gives back, where one of its ways alone gives a text.
func (r *reader) returned(s *source, e *ast.CallExpr, depth int) (string, bool) {
	callees := r.l.static(s, e)
	if len(callees) != 1 || r.deep(depth) || checkName.MatchString(calledName(e)) {
		return "", false
	}
	result := textReturned(callees[0])
	if result == nil {
		return "", false
	}
	holes, args := len(r.holes), len(r.args)
	outside := r.within
	r.within = append(slices.Clip(outside), given{s, e, callees[0]})
	text := r.read(callees[0].source, result, depth+1)
	r.within = outside
	if len(e.Args) > 0 && !saysSQL.MatchString(text) { // it makes something of what it is given, such as a name within quotes
		r.forget(holes, args)
		return "", false
	}
	return text, true
}

// saysSQL is a word or a mark of a parameter.
var saysSQL = regexp.MustCompile(`[A-Za-z]{2}|[$?]`)

// textReturned is the text that a function gives back first: the one that is not empty, and stands beside no error.
func textReturned(f *function) ast.Expr {
	var found ast.Expr
	for _, n := range f.returns() {
		if len(n.Results) == 0 || len(n.Results) != resultCount(f) {
			return nil
		}
		if tv := f.source.info.Types[n.Results[0]]; tv.Value != nil && tv.Value.Kind() == constant.String && constant.StringVal(tv.Value) == "" {
			continue
		}
		if found != nil && !(f.names(found) && f.names(n.Results[0])) {
			return nil
		}
		if found == nil {
			found = n.Results[0]
		}
	}
	return found
}

// names reports whether a result is a constant that is a name alone, such as that of a table.
func (f *function) names(e ast.Expr) bool {
	tv := f.source.info.Types[e]
	return tv.Value != nil && tv.Value.Kind() == constant.String && aName.MatchString(constant.StringVal(tv.Value))
}

// aName is the name of a table or a column.
var aName = regexp.MustCompile(`^[a-z]\w*_\w*$`)

// printed reads what a form with its values makes, as fmt.Sprintf does.
func (r *reader) printed(s *source, args []ast.Expr, depth int) string {
	next := 1
	return verbs.ReplaceAllStringFunc(r.read(s, args[0], depth), func(verb string) string {
		if verb == "%%" {
			return "%"
		}
		if next >= len(args) {
			return hole
		}
		arg, known := args[next], len(r.holes)
		next++
		text := r.read(s, arg, depth)
		for i := known; i < len(r.holes); i++ {
			r.holes[i].number = r.holes[i].number || strings.Contains("bcdoeEfFgGtxXU", verb[len(verb)-1:])
		}
		return text
	})
}

// singleReturn is what a function whose body is one return statement returns.
func singleReturn(f *function) []ast.Expr {
	if len(f.body.List) != 1 {
		return nil
	}
	r, is := f.body.List[0].(*ast.ReturnStmt)
	if !is {
		return nil
	}
	return r.Results
}
