package golang

import (
	"go/ast"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// authName are the names of middleware that looks at who is calling.
var authName = regexp.MustCompile(`(?i)(auth|jwt|session|login|logged|token|permission|require|protect|rbac|acl|apikey|api_key|admin|guard|verify|ensure|identity|oidc|signature|mustbe|onlyuser|user)`)

// limiting are the names of middleware that asks where a request was made, or counts those of each, and lets everybody through who keeps to
// that. They are its own whatever else they say, as in RateLimitForUser.
var limiting = regexp.MustCompile(`(?i)(csrf|xsrf|cors|crossorigin|rate_?limit|throttl)`)

// recording are the names of middleware that writes down what comes, or what came of it, and lets everybody through.
var recording = regexp.MustCompile(`(?i)(logg|recover|metric|trac(e|ing))`)

// sessionName are the names of libraries' middleware that loads a session for whoever comes, signed in or not.
var sessionName = regexp.MustCompile(`(^|\.)(Sessions|SessionsMany|Sessioner|LoadAndSave)$|^sessions?\.(New|Middleware)$`)

// loadsSession reports whether a middleware is a library's that loads a session and refuses nobody, also where a function of the code makes it.
func (l *lifter) loadsSession(s *source, e ast.Expr, depth int) bool {
	name := text(e)
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if is {
		name = text(call.Fun)
		callees := l.static(s, call)
		for _, callee := range callees {
			for _, n := range callee.returns() {
				if depth > 2 || len(n.Results) == 0 || !l.loadsSession(callee.source, n.Results[0], depth+1) {
					return false
				}
			}
		}
		if len(callees) > 0 {
			return true
		}
	}
	return sessionName.MatchString(name) && len(l.functionsOf(s, e, 0)) == 0
}

// guard makes the fact of a middleware.
func (l *lifter) guard(s *source, e ast.Expr) facts.Guard {
	if known, found := l.guards[e]; found {
		return known
	}
	l.guards[e] = l.newGuard(s, e)
	return l.guards[e]
}

func (l *lifter) newGuard(s *source, e ast.Expr) facts.Guard {
	name := text(e)
	if call, is := ast.Unparen(e).(*ast.CallExpr); is {
		name = text(call.Fun)
	}
	if _, is := ast.Unparen(e).(*ast.FuncLit); is {
		name = "a function"
	}
	g := facts.Guard{Pos: l.pos(e.Pos()), Name: name, Auth: authName.MatchString(name) && !limiting.MatchString(name)}
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && len(call.Args) > 0 {
		g.Of = constantText(s, call.Args[0])
	}
	if l.loadsSession(s, e, 0) {
		g.Auth = false
	}
	for _, f := range l.authenticators(s, e) {
		g.Auth, g.Runs = true, append(g.Runs, f.fact)
		if l.permitsWithin(f, 0) {
			l.contractual[f.fact] = true
		}
	}
	for _, f := range l.functionsOf(s, e, 0) {
		g.Runs = append(g.Runs, f.fact)
		for _, n := range f.returns() { // func(next Handler) Handler { return func(c *Context) error {…} }
			for _, result := range n.Results {
				if literal, is := ast.Unparen(result).(*ast.FuncLit); is && l.nodes[literal] != nil {
					g.Runs = append(g.Runs, l.nodes[literal].fact)
				}
			}
		}
	}
	if !g.Auth && !limiting.MatchString(name) && !recording.MatchString(name) {
		for _, f := range l.functionsOf(s, e, 0) {
			g.Auth = g.Auth || l.looksAtCaller(f)
		}
		if call, is := ast.Unparen(e).(*ast.CallExpr); is {
			for _, f := range l.static(s, call) {
				g.Auth = g.Auth || l.looksAtCaller(f)
			}
		}
	}
	for _, element := range l.spread(s, e) {
		inner := l.guard(element.source, element.expr)
		g.Auth = g.Auth || inner.Auth
		g.Runs = append(g.Runs, inner.Runs...)
	}
	return g
}

// authenticators are the functions that a middleware of a contract is made with, which say how callers prove who they are: it asks them where
// the contract says so.
func (l *lifter) authenticators(s *source, e ast.Expr) []*function {
	if d, once := l.setOnce(s, e); once && d.expr != nil {
		s, e = d.source, d.expr
	}
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		return nil
	}
	var out []*function
	for _, arg := range call.Args {
		ast.Inspect(arg, func(n ast.Node) bool {
			pair, is := n.(*ast.KeyValueExpr)
			if is && text(pair.Key) == "AuthenticationFunc" {
				out = append(out, l.functionsOf(s, pair.Value, 0)...)
			}
			return true
		})
	}
	return out
}

// asksForContract reports whether a guard is one that asks for each operation of a contract whether its caller may: what the contract says of
// an operation says which callers may.
func (l *lifter) asksForContract(g facts.Guard) bool {
	return slices.ContainsFunc(g.Runs, func(f *facts.Function) bool { return l.contractual[f] })
}

// element is an expression that a list holds.
type element struct {
	source *source
	expr   ast.Expr
}

// spread are the elements of the list that a call is given as the rest of its arguments, as far as the function that calls says them: what
// is put around a router all at once, as in chain(mux, around...).
func (l *lifter) spread(s *source, e ast.Expr) []element {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is || !call.Ellipsis.IsValid() {
		return nil
	}
	var out []element
	for _, d := range l.defs[s.target(call.Args[len(call.Args)-1])] {
		var list []ast.Expr
		switch expr := ast.Unparen(d.expr).(type) {
		case *ast.CompositeLit:
			list = expr.Elts
		case *ast.CallExpr:
			if calledName(expr) == "append" && !expr.Ellipsis.IsValid() {
				list = expr.Args[1:]
			}
		default:
			list = []ast.Expr{d.expr}
		}
		for _, expr := range list {
			if expr != nil {
				out = append(out, element{d.source, expr})
			}
		}
	}
	return out
}
