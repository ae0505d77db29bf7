package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// clientUse is one use of a variable or field that holds a client of net/http.
type clientUse struct {
	source  *source
	request ast.Expr       // what Do is given
	into    []types.Object // the variables that it is given to
	unseen  bool           // it is sent by without a request, or goes where nobody sees it
}

// ends reports whether a context ends each request of the client that a literal makes, or may end it, where it comes from where nobody sees
// it: its own limit is not needed then. Where the client goes out of sight, or sends nothing that is seen, it is not known, and false.
func (l *lifter) ends(p place, n *ast.CompositeLit, stack []ast.Node) bool {
	use := l.clientUse(p, n, stack)
	sends := false
	return len(use.into) > 0 && !use.unseen && l.endsEach(use.into, &sends, map[types.Object]bool{}) && sends
}

// endsEach reports whether a context ends each request that is sent through some variables, and sets sends where there are any.
func (l *lifter) endsEach(objects []types.Object, sends *bool, seen map[types.Object]bool) bool {
	for _, object := range objects {
		if seen[object] {
			continue
		}
		seen[object] = true
		if _, made := object.(*types.Func); !made && !isHTTPClient(object.Type()) {
			return false
		}
		for _, use := range l.clientUses()[object] {
			if use.unseen || use.request != nil && !l.requestEnds(use.source, use.request, 0) || !l.endsEach(use.into, sends, seen) {
				return false
			}
			*sends = *sends || use.request != nil
		}
	}
	return true
}

// standsInForNil reports whether a literal is put where nothing was: if client == nil { client = &http.Client{} }.
func standsInForNil(s *source, n *ast.CompositeLit, stack []ast.Node) bool {
	var to types.Object
	for _, at := range slices.Backward(stack) {
		switch at := at.(type) {
		case *ast.AssignStmt:
			if len(at.Lhs) == 1 && len(at.Rhs) == 1 && to == nil {
				to = s.target(at.Lhs[0])
			}
		case *ast.IfStmt:
			if at.Body.Pos() > n.Pos() || n.Pos() > at.Body.End() || to == nil {
				return false
			}
			test, is := ast.Unparen(at.Cond).(*ast.BinaryExpr)
			return is && test.Op == token.EQL && isNilIdent(test.Y) && s.target(test.X) == to
		case *ast.FuncLit, *ast.FuncDecl:
			return false
		}
	}
	return false
}

// object is what a function is declared as, nil for a literal.
func (f *function) object() types.Object {
	if declared, is := f.node.(*ast.FuncDecl); is {
		return f.source.info.Defs[declared.Name]
	}
	return nil
}

func isHTTPClient(t types.Type) bool {
	path, name := namedType(t)
	return path == "net/http" && name == "Client"
}

// isBareClient reports whether an expression is a client that is declared and nowhere filled, as a variable or a field: it has no time limit.
func (l *lifter) isBareClient(s *source, e ast.Expr) bool {
	v, is := s.target(e).(*types.Var)
	if !is || v.Pkg() == nil || l.loader.sources[v.Pkg().Path()] == nil || len(l.defs[v]) > 0 {
		return false
	}
	if _, isPointer := types.Unalias(v.Type()).(*types.Pointer); isPointer || !isHTTPClient(v.Type()) {
		return false
	}
	if _, _, isParam := l.parameter(v); isParam {
		return false
	}
	for _, name := range []string{"Timeout", "Transport"} {
		field, _, _ := types.LookupFieldOrMethod(v.Type(), true, v.Pkg(), name)
		if slices.ContainsFunc(l.defs[field], func(d def) bool { return d.source.path == v.Pkg().Path() && !d.keyed }) {
			return false // perhaps of this one
		}
	}
	return !slices.ContainsFunc(l.clientUses()[v], func(use clientUse) bool { return len(use.into) > 0 })
}

// clientUses are the uses of each variable and field that holds a client, and of what each function of the code answers, but those in tests.
func (l *lifter) clientUses() map[types.Object][]clientUse {
	if l.clients != nil {
		return l.clients
	}
	l.clients = map[types.Object][]clientUse{}
	l.eachFile(func(p place) {
		if p.aside[p.file] == "test" {
			return
		}
		ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
			e, is := n.(ast.Expr)
			if !is || !isHTTPClient(p.info.TypeOf(e)) {
				return true
			}
			if id, is := n.(*ast.Ident); is {
				if selector, of := last(stack).(*ast.SelectorExpr); of && selector.Sel == id || p.info.Defs[id] != nil {
					return true
				}
			}
			if object, is := p.target(e).(*types.Var); is {
				l.clients[object] = append(l.clients[object], l.clientUse(p, e, stack))
			}
			if call, is := e.(*ast.CallExpr); is {
				for _, callee := range l.static(p.source, call) {
					if made := callee.object(); made != nil {
						l.clients[made] = append(l.clients[made], l.clientUse(p, e, stack))
					}
				}
			}
			return true
		})
	})
	return l.clients
}

// clientUse is what is done with a client where it stands.
func (l *lifter) clientUse(p place, e ast.Expr, stack []ast.Node) clientUse {
	out := clientUse{source: p.source}
	into := func(lhs ast.Expr) clientUse {
		if object, is := p.target(lhs).(*types.Var); is {
			out.into = append(out.into, object)
		}
		out.unseen = len(out.into) == 0
		return out
	}
	for i, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.ParenExpr, *ast.StarExpr:
			e = n.(ast.Expr)
			continue
		case *ast.UnaryExpr:
			e = n
			continue
		case *ast.SelectorExpr:
			call, is := last(stack[:i]).(*ast.CallExpr)
			switch {
			case !is || call.Fun != ast.Expr(n) || n.Sel.Name == "CloseIdleConnections": // one of its fields
			case n.Sel.Name == "Do" && len(call.Args) == 1:
				out.request = call.Args[0]
			default:
				out.unseen = true
			}
			return out
		case *ast.AssignStmt:
			if slices.Contains(n.Lhs, e) {
				return out
			}
			if i := slices.Index(n.Rhs, e); len(n.Lhs) == len(n.Rhs) && i >= 0 {
				return into(n.Lhs[i])
			}
		case *ast.ValueSpec:
			if i := slices.Index(n.Values, e); len(n.Names) == len(n.Values) && i >= 0 {
				return into(n.Names[i])
			}
		case *ast.KeyValueExpr:
			if n.Key == e {
				return out
			}
			return into(n.Key)
		case *ast.ReturnStmt:
			if f := l.around(stack); f != nil && len(n.Results) == 1 && f.object() != nil {
				out.into = append(out.into, f.object())
				return out
			}
		case *ast.BinaryExpr:
			if n.Op == token.EQL || n.Op == token.NEQ {
				return out
			}
		case *ast.CallExpr:
			index := slices.Index(n.Args, e)
			for _, callee := range l.static(p.source, n) {
				if index < 0 || index >= len(callee.params) || callee.params[index] == nil {
					out.unseen = true
					return out
				}
				out.into = append(out.into, callee.params[index])
			}
			out.unseen = len(out.into) == 0
			return out
		}
		break
	}
	out.unseen = true
	return out
}

// requestEnds reports whether a request carries a context of which it is not seen that nothing ends it.
func (l *lifter) requestEnds(s *source, e ast.Expr, depth int) bool {
	if depth > 5 {
		return false
	}
	if call, is := ast.Unparen(e).(*ast.CallExpr); is {
		return l.requestOfCall(s, call, 0, depth)
	}
	v, is := s.target(e).(*types.Var)
	if !is || v.IsField() {
		return false
	}
	if f, index, is := l.parameter(v); is && len(l.defs[v]) == 0 {
		if index < 0 || l.handlers[f] {
			return false
		}
		sites := l.calledAt()[f]
		return len(sites) > 0 && !slices.ContainsFunc(sites, func(at site) bool {
			return index >= len(at.call.Args) || !l.requestEnds(at.source, at.call.Args[index], depth+1)
		})
	}
	bounded := false
	for _, d := range l.defs[v] {
		call, is := d.expr.(*ast.CallExpr)
		if !is || d.kind != assigned {
			continue
		}
		if givesContext(d.source, call) {
			return l.contextEnds(d.source, call.Args[0]) != endless // whatever it was made with
		}
		bounded = l.requestOfCall(d.source, call, max(d.index, 0), depth)
	}
	return bounded
}

// givesContext reports whether a call gives a request another context.
func givesContext(s *source, call *ast.CallExpr) bool {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return is && (selector.Sel.Name == "WithContext" || selector.Sel.Name == "Clone") && len(call.Args) == 1 && isNamed(s.info.TypeOf(selector.X), "net/http", "Request")
}

// requestOfCall reports whether the request that a call answers carries such a context.
func (l *lifter) requestOfCall(s *source, call *ast.CallExpr, index, depth int) bool {
	if givesContext(s, call) {
		return l.contextEnds(s, call.Args[0]) != endless
	}
	if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && s.packageOf(selector.X) == "net/http" {
		return selector.Sel.Name == "NewRequestWithContext" && len(call.Args) > 0 && l.contextEnds(s, call.Args[0]) != endless
	}
	bounded := false
	for _, callee := range l.static(s, call) {
		for _, r := range callee.returns() {
			if index >= len(r.Results) {
				return false
			}
			if id, is := r.Results[index].(*ast.Ident); is && id.Name == "nil" {
				continue
			}
			if bounded = l.requestEnds(callee.source, r.Results[index], depth+1); !bounded {
				return false
			}
		}
	}
	return bounded
}

// ending is what is known of the end of a context.
type ending int

const (
	unseen  ending = iota // it comes from where nobody sees it
	endless               // nothing ends it
	ended                 // it ends by itself, or with a request or a command
)

// contextEnds is what is known of the end of a context, wherever it is handed on from.
func (l *lifter) contextEnds(s *source, e ast.Expr) ending {
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		switch {
		case s.isNewContext(e):
			return endless
		case is && s.packageOf(selector.X) == "context" && limitsContext(selector.Sel.Name):
			return ended
		case is && selector.Sel.Name == "Context" && len(e.Args) == 0 && (l.isRequest(s.info.TypeOf(selector.X)) || isCommand(s.info.TypeOf(selector.X))):
			return ended
		}
		for _, arg := range e.Args {
			if l.isContext(s.info.TypeOf(arg)) { // what is made of it ends with it
				return l.contextEnds(s, arg)
			}
		}
	case *ast.Ident, *ast.SelectorExpr:
		v, is := s.target(e).(*types.Var)
		if is && !v.IsField() {
			known, found := l.endings[v]
			if !found {
				l.endings[v] = unseen // a circle adds nothing
				known = l.variableEnds(v)
				l.endings[v] = known
			}
			return known
		}
	}
	return unseen
}

// variableEnds is contextEnds for a variable. It ends if it is given a time limit here, or a person who runs a command waits, or one of those
// that it may be ends and none is endless.
func (l *lifter) variableEnds(v *types.Var) ending {
	if l.isRequest(v.Type()) || slices.ContainsFunc(l.functions, func(f *function) bool {
		return f.node.Pos() <= v.Pos() && v.Pos() < f.node.End() && slices.ContainsFunc(f.params, func(o types.Object) bool { return o != nil && isCommand(o.Type()) })
	}) {
		return ended
	}
	out := unseen
	for _, d := range l.defs[v] {
		if call, is := d.expr.(*ast.CallExpr); is && limitsContext(calledName(call)) && d.source.packageOf(firstOf(call.Fun)) == "context" {
			return ended
		}
		if d.expr != nil && d.kind == assigned {
			out = both(out, l.contextEnds(d.source, d.expr))
		}
	}
	f, index, is := l.parameter(v)
	switch {
	case !is || index < 0:
	case l.handlers[f]:
		out = both(out, ended)
	default:
		for _, at := range l.calledAt()[f] {
			if index < len(at.call.Args) && !strings.HasSuffix(at.source.path, "test") {
				out = both(out, l.contextEnds(at.source, at.call.Args[index]))
			}
		}
	}
	return out
}

// both is what is known of a context that may be either of two.
func both(a, b ending) ending {
	if a == endless || b == endless {
		return endless
	}
	return max(a, b)
}

// limitsContext reports whether a function of package context gives one a time limit.
func limitsContext(name string) bool {
	return strings.HasPrefix(name, "WithTimeout") || strings.HasPrefix(name, "WithDeadline")
}

// isCommand reports whether a type is what libraries for command lines give a command.
func isCommand(t types.Type) bool {
	path, name := namedType(t)
	return path == "github.com/spf13/cobra" && name == "Command" || strings.HasPrefix(path, "github.com/urfave/cli") && (name == "Context" || name == "Command")
}

func (l *lifter) isContext(t types.Type) bool {
	return t != nil && (isNamed(t, "context", "Context") || l.isRequest(t))
}
