package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// readText reads the SQL of an expression: its constant parts, with holes for the rest.
func (l *lifter) readText(s *source, e ast.Expr, q *facts.Query) {
	r := &reader{l: l, q: q, seen: map[types.Object]bool{}}
	q.Text = strings.TrimSpace(r.read(s, e, 0))
	if strings.Trim(q.Text, hole+" ") == "" {
		q.Text = ""
	}
	for _, piece := range r.holes {
		v := l.value(piece.source, piece.expr)
		if piece.number {
			v.Kind = "number"
		}
		q.Dynamic = append(q.Dynamic, v)
	}
}

type piece struct {
	source *source
	expr   ast.Expr
	number bool // printed as a number
}

type reader struct {
	l     *lifter
	q     *facts.Query
	seen  map[types.Object]bool
	holes []piece
}

func (r *reader) open(s *source, e ast.Expr) string {
	r.holes = append(r.holes, piece{source: s, expr: e})
	return hole
}

func (r *reader) read(s *source, e ast.Expr, depth int) string {
	if tv, found := s.info.Types[e]; found && tv.Value != nil && tv.Value.Kind() == constant.String {
		return constant.StringVal(tv.Value)
	}
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

// variable reads what a variable of the function, or of a package, is assigned in order.
func (r *reader) variable(s *source, e ast.Expr, depth int) (string, bool) {
	object, is := s.target(e).(*types.Var)
	if !is || object.IsField() || r.seen[object] || depth > 6 {
		return "", false
	}
	if _, _, isParam := r.l.parameter(object); isParam || r.l.checked[object] {
		return "", false
	}
	r.seen[object] = true
	defer delete(r.seen, object)
	known := len(r.holes)
	var b strings.Builder
	for i, d := range r.l.defs[object] {
		if d.index >= 0 || d.kind != assigned && d.kind != appended || i > 20 {
			r.holes = r.holes[:known]
			return "", false
		}
		if d.kind == appended || i == 0 {
			b.WriteString(r.read(d.source, d.expr, depth+1))
			continue
		}
		// Another value, or query = query + " …".
		if sum, is := ast.Unparen(d.expr).(*ast.BinaryExpr); is && s.target(leftmost(sum)) == types.Object(object) {
			b.WriteString(r.read(d.source, d.expr, depth+1))
			continue
		}
		r.holes = r.holes[:known]
		return "", false
	}
	if b.String() == hole { // the variable tells more than what it was assigned
		r.holes = r.holes[:known]
		return "", false
	}
	return b.String(), b.Len() > 0
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
		next := 1
		return verbs.ReplaceAllStringFunc(r.read(s, e.Args[0], depth), func(verb string) string {
			if verb == "%%" {
				return "%"
			}
			if next >= len(e.Args) {
				return hole
			}
			arg, known := e.Args[next], len(r.holes)
			next++
			text := r.read(s, arg, depth)
			for i := known; i < len(r.holes); i++ {
				r.holes[i].number = r.holes[i].number || strings.Contains("bcdoeEfFgGtxXU", verb[len(verb)-1:])
			}
			return text
		}), true
	case path == "strings" && (name == "TrimSpace" || name == "Trim" || name == "ToLower") && len(e.Args) > 0:
		return r.read(s, e.Args[0], depth), true
	case name == "Rebind" && len(e.Args) == 1:
		return r.read(s, e.Args[0], depth), true
	case name == "String" && len(e.Args) == 0 && selector != nil:
		return r.variable(s, selector.X, depth)
	}
	callees := r.l.static(s, e)
	if len(callees) != 1 || len(e.Args) > 0 || depth > 3 {
		return "", false
	}
	if results := singleReturn(callees[0]); len(results) == 1 {
		return r.read(callees[0].source, results[0], depth+1), true
	}
	return "", false
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
