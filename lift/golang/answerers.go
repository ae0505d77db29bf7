package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Few handlers write their answers by themselves. They hand a status and a text, or an error, to a function of the code that does:
//
//	func fail(w http.ResponseWriter, code int, message string, err error) {
//		body, _ := json.Marshal(map[string]string{"message": message, "details": err.Error()})
//		w.WriteHeader(code)
//		w.Write(body)
//	}

// answerer is what a function of the code does with what it is given when it answers a request.
type answerer struct {
	status int   // the parameter that is the status; -1 where no one is
	inside bool  // it says itself that something failed inside
	tells  []int // the parameters whose text is in the answer
}

// answererOf is what a function does with what it is given when it answers, nil for one that does not answer, or that looks at what failed or with which
// status before it does: it may keep some of it to itself.
func (l *lifter) answererOf(f *function) *answerer {
	if known, found := l.answerers[f]; found {
		return known
	}
	if f.body == nil || f.sig == nil || !takesWriter(l, f) {
		return nil
	}
	if l.answerers == nil {
		l.answerers = map[*function]*answerer{}
	}
	l.answerers[f] = nil // a circle finds nothing
	out := &answerer{status: -1}
	if chooses(f) {
		return nil
	}
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			_, literal := n.(*ast.FuncLit)
			return !literal
		}
		if !f.onlyIfGiven(stack) {
			return true
		}
		status, texts, taken := l.answeredBy(f.source, call)
		if status != nil && f.source.insideStatus(status) {
			out.inside = true
		} else if i := f.paramOf(status); i >= 0 {
			out.status = i
		}
		for _, e := range texts {
			if i := f.paramOf(e); taken && i >= 0 {
				out.tells = append(out.tells, i)
			} else {
				out.tells = append(out.tells, l.paramsIn(f, e, 0)...)
			}
		}
		return true
	})
	if len(out.tells) == 0 || out.status < 0 && !out.inside {
		return nil
	}
	slices.Sort(out.tells)
	out.tells = slices.Compact(out.tells)
	l.answerers[f] = out
	return out
}

// answeredBy are the status that a call answers with, and what it writes into the answer, each nil where it does not. Of an error among these the text
// is taken by what is called, where that is a function of the code.
func (l *lifter) answeredBy(s *source, call *ast.CallExpr) (status ast.Expr, texts []ast.Expr, taken bool) {
	if callees := l.static(s, call); len(callees) == 1 && callees[0].sig != nil && !callees[0].sig.Variadic() {
		if a := l.answererOf(callees[0]); a != nil {
			if a.status >= 0 && a.status < len(call.Args) {
				status = call.Args[a.status]
			}
			for _, i := range a.tells {
				if i < len(call.Args) {
					texts = append(texts, call.Args[i])
				}
			}
			return status, texts, true
		}
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is {
		return nil, nil, false
	}
	name, pkg, args := selector.Sel.Name, s.packageOf(selector.X), call.Args
	switch {
	case isWriter(s, selector.X) && name == "WriteHeader" && len(args) == 1:
		return args[0], nil, false
	case isWriter(s, selector.X) && (name == "Write" || name == "WriteString"):
		return nil, args, false
	case pkg == "net/http" && name == "Error" && len(args) == 3:
		return args[2], args[1:2], false
	case pkg == "fmt" && strings.HasPrefix(name, "Fprint") || pkg == "io" && name == "WriteString":
		if len(args) > 1 && isWriter(s, args[0]) {
			return nil, args[1:], false
		}
	case name == "Encode" && len(args) == 1:
		if made, is := ast.Unparen(selector.X).(*ast.CallExpr); is && len(made.Args) == 1 && isWriter(s, made.Args[0]) {
			return nil, args, false
		}
	case l.isRequest(s.info.TypeOf(selector.X)) && (name == "JSON" || name == "String" || name == "AbortWithStatusJSON" || name == "XML") && len(args) >= 2:
		return args[0], args[1:], false
	}
	return nil, nil, false
}

// isWriter reports whether an expression is what an answer of HTTP is written to.
func isWriter(s *source, e ast.Expr) bool {
	return isNamed(s.info.TypeOf(e), "net/http", "ResponseWriter")
}

// takesWriter reports whether a function is given what it answers with.
func takesWriter(l *lifter, f *function) bool {
	for p := range f.sig.Params().Variables() {
		if t := typeOr(p.Type()); isNamed(t, "net/http", "ResponseWriter") || l.isRequest(t) && !isNamed(t, "net/http", "Request") {
			return true
		}
	}
	return false
}

// chooses reports whether a function asks what kind of failure, or which status, it is given.
func chooses(f *function) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			name := calledName(n)
			found = found || f.source.packageOf(firstOf(n.Fun)) == "errors" && (name == "Is" || name == "As" || name == "AsType")
		case *ast.TypeAssertExpr, *ast.SwitchStmt:
			found = true
		case *ast.BinaryExpr:
			switch n.Op {
			case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
				found = found || f.paramOf(n.X) >= 0 && isNumber(typeOr(f.source.info.TypeOf(n.X)))
			}
		}
		return !found
	})
	return found
}

// onlyIfGiven reports whether a function always comes to a place when it was given something: the conditions around it only ask whether it was.
func (f *function) onlyIfGiven(stack []ast.Node) bool {
	for i, n := range stack {
		branch, is := n.(*ast.IfStmt)
		if !is || i+1 < len(stack) && (stack[i+1] == ast.Node(branch.Cond) || stack[i+1] == ast.Node(branch.Init)) {
			continue
		}
		asked, is := ast.Unparen(branch.Cond).(*ast.BinaryExpr)
		if !is || asked.Op != token.NEQ || f.paramOf(asked.X) < 0 || !isNilIdent(asked.Y) && text(asked.Y) != `""` {
			return false
		}
	}
	return true
}

// paramOf is the number of the parameter that an expression is, -1 for another one.
func (f *function) paramOf(e ast.Expr) int {
	if e == nil {
		return -1
	}
	object := f.source.target(e)
	if object == nil {
		return -1
	}
	return slices.Index(f.params, object)
}

// paramsIn are the parameters whose text an expression holds, also by way of variables of the function: of an error what it says, not itself.
func (l *lifter) paramsIn(f *function, e ast.Expr, depth int) []int {
	if depth > 4 {
		return nil
	}
	var out []int
	ast.PreorderStack(e, nil, func(n ast.Node, stack []ast.Node) bool {
		if _, is := n.(*ast.FuncLit); is {
			return false
		}
		id, is := n.(*ast.Ident)
		if !is {
			return true
		}
		v, is := f.source.info.Uses[id].(*types.Var)
		if !is || v.IsField() {
			return true
		}
		if i := slices.Index(f.params, types.Object(v)); i >= 0 {
			if mayTell(v.Type()) && (!isError(v.Type()) || textTaken(f.source, id, stack)) {
				out = append(out, i)
			}
			return true
		}
		for _, d := range l.defs[v] {
			if d.source == f.source && f.body.Pos() <= d.pos && d.pos < f.body.End() && d.expr != nil && f.onlyIfGiven(f.stackAt(d.pos)) {
				out = append(out, l.paramsIn(f, d.expr, depth+1)...)
			}
		}
		return true
	})
	return out
}

// mayTell reports whether a parameter of a type may hold the text of a failure.
func mayTell(t types.Type) bool {
	if isError(t) {
		return true
	}
	iface, is := t.Underlying().(*types.Interface)
	return isString(t) || is && iface.Empty()
}

// textTaken reports whether the text of an error is taken: err.Error(), or one that fmt puts together.
func textTaken(s *source, id *ast.Ident, stack []ast.Node) bool {
	for i, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			return n.X == ast.Expr(id) && n.Sel.Name == "Error"
		case *ast.CallExpr:
			return s.packageOf(firstOf(n.Fun)) == "fmt" && i >= 0
		}
	}
	return false
}

// stackAt are the nodes of a function around a place.
func (f *function) stackAt(at token.Pos) []ast.Node {
	var out []ast.Node
	ast.Inspect(f.body, func(n ast.Node) bool {
		if n == nil || at < n.Pos() || n.End() <= at {
			return false
		}
		out = append(out, n)
		return true
	})
	return out
}

// writesFailure is what a call writes into an answer of the text of a failure, behind a status in the same block that says that something failed inside.
func (l *lifter) writesFailure(at work) string {
	_, texts, taken := l.answeredBy(at.source, at.call)
	if taken || len(texts) == 0 || !at.failedBefore() {
		return ""
	}
	for _, e := range texts {
		if d, once := l.setOnce(at.source, e); once && d.index <= 0 && errorIn(at.source, e) == "" {
			e = d.expr // res := response{Message: err.Error()}
		}
		if found := errorIn(at.source, e); found != "" && !l.ofWriting(at.source, e) {
			return found
		}
	}
	return ""
}

// failedBefore reports whether the last status that is written before a call, in the blocks around it, says that something failed inside.
func (at work) failedBefore() bool {
	for _, n := range slices.Backward(at.stack) {
		switch n.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		}
		for _, before := range slices.Backward(listOf(n)) {
			s, is := before.(*ast.ExprStmt)
			if !is || s.End() > at.call.Pos() {
				continue
			}
			call, is := s.X.(*ast.CallExpr)
			if !is {
				continue
			}
			selector, is := call.Fun.(*ast.SelectorExpr)
			if is && selector.Sel.Name == "WriteHeader" && len(call.Args) == 1 && isWriter(at.source, selector.X) {
				return at.insideStatus(call.Args[0])
			}
		}
	}
	return false
}

// toldBy is what a call of a function that answers tells the client of a failure inside, with that function. retold reports that it is given the error, and
// takes its text itself, so that it is the one to mend; one that says itself that something failed is told of where it does.
func (l *lifter) toldBy(at work) (note string, through facts.Pos, retold bool) {
	callees := l.static(at.source, at.call)
	if len(callees) != 1 {
		return "", facts.Pos{}, false
	}
	a := l.answererOf(callees[0])
	if a == nil || a.status >= len(at.call.Args) || a.status >= 0 && !at.insideStatus(at.call.Args[a.status]) {
		return "", facts.Pos{}, false
	}
	for _, i := range a.tells {
		if i >= len(at.call.Args) || l.ofWriting(at.source, at.call.Args[i]) {
			continue
		}
		retold := isError(callees[0].params[i].Type())
		if found := errorIn(at.source, at.call.Args[i]); found != "" && (!retold || a.status >= 0) {
			return found, callees[0].fact.Pos, retold
		}
	}
	return "", facts.Pos{}, false
}

// knownFailure reports whether a call stands where a failure has been found to be one that the code knows: errors.Is(err, ErrNotLoggedIn).
func (at work) knownFailure() bool {
	asks := func(e ast.Expr) bool {
		call, is := ast.Unparen(e).(*ast.CallExpr)
		return is && at.packageOf(firstOf(call.Fun)) == "errors" && (calledName(call) == "Is" || calledName(call) == "As")
	}
	for i, n := range at.stack {
		switch n := n.(type) {
		case *ast.CaseClause:
			if len(n.List) > 0 && !slices.ContainsFunc(n.List, func(e ast.Expr) bool { return !asks(e) }) {
				return true
			}
		case *ast.IfStmt:
			if i+1 < len(at.stack) && at.stack[i+1] == ast.Node(n.Body) && asks(n.Cond) {
				return true
			}
		}
	}
	return false
}
