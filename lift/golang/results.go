package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// identityCalls are methods of requests that give who is calling, or nothing of the client's.
var identityCalls = regexp.MustCompile(`^(Context|UserContext|Attribute|Get|MustGet|GetString|GetInt|GetInt64|GetUint|Locals|Writer|Response|Value|Method)$`)

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
	if out := w.failedWithin(s, e, index); len(out) > 0 {
		return out
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
		case path == "strings" && doublesQuotes(s, e, name):
			return numbered(w.arguments(s, e))
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
	if s.raises(e, name) {
		out := w.arguments(s, e)
		raise(out)
		if clampName.MatchString(name) {
			bound(out)
		}
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

// doublesQuotes reports whether a call writes each of the quotes that stand around names twice: what it gives does not end a name.
func doublesQuotes(s *source, e *ast.CallExpr, name string) bool {
	if name != "ReplaceAll" && name != "Replace" || len(e.Args) < 3 || name == "Replace" && text(e.Args[len(e.Args)-1]) != "-1" {
		return false
	}
	quote := constantText(s, e.Args[1])
	return (quote == `"` || quote == "`" || quote == "]") && constantText(s, e.Args[2]) == quote+quote
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

// failedWithin are the queries that an error stands for which a call answers, and which a function failed with that it is given and runs:
// db.WithConn(ctx, func(conn Conn) error { … }).
func (w *walk) failedWithin(s *source, e *ast.CallExpr, index int) []facts.Origin {
	if len(e.Args) == 0 {
		return nil
	}
	literal, is := ast.Unparen(e.Args[len(e.Args)-1]).(*ast.FuncLit)
	if !is {
		return nil
	}
	f := w.l.nodes[literal]
	if f == nil || f.sig == nil || f.sig.Results().Len() != max(index, 0)+1 || !isError(f.sig.Results().At(max(index, 0)).Type()) {
		return nil
	}
	if t := typeOr(s.info.TypeOf(e)); t != types.Typ[types.Invalid] && !isError(t) {
		if results, is := t.(*types.Tuple); !is || results.Len() != index+1 || !isError(results.At(index).Type()) {
			return nil
		}
	}
	return slices.DeleteFunc(slices.Clone(w.returned(f, max(index, 0))), func(o facts.Origin) bool { return o.Kind != facts.FromQuery })
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
			out = append(out, w.handedTo(s, e, callee, o)...)
		}
	}
	for _, arg := range e.Args {
		if text := constantText(s, arg); text != "" && len(text) < 40 {
			return named(out, strings.TrimPrefix(text, ":"))
		}
	}
	return out
}

// handedTo are the origins that stand for one within a function where a call gives what a parameter of it holds.
func (w *walk) handedTo(s *source, e *ast.CallExpr, callee *function, o facts.Origin) []facts.Origin {
	if o.Kind != facts.FromParam || o.Function != callee.fact {
		return []facts.Origin{o}
	}
	if o.Key && o.Index >= 0 && o.Index < len(e.Args) {
		return w.keys(s, e.Args[o.Index])
	}
	var out []facts.Origin
	for _, given := range w.argument(s, e, callee, o.Index) {
		given.Number, given.Bounded, given.Positive = given.Number || o.Number, given.Bounded || o.Bounded, given.Positive || o.Positive
		out = append(out, likewise(given, o))
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
