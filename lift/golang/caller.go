package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// Who looks at the caller is told by what it does: it reads what proves who somebody is (a header, a cookie, a signature), or
// takes the identity that a middleware has put beside the request. Names count only where there is nothing to read: for a
// library's function, and for what the identity is kept under.

// deepestLook bounds how many calls below a handler a look at the caller may be, and nearLook those of one that shows what handlers beside it are used to do.
const (
	deepestLook = 6
	nearLook    = 5
)

// glance is what one function does by itself: whether it reads who is calling, which functions of the code it calls, and which
// of its parameters say under what it reads something that stands beside the request.
type glance struct {
	reads   bool
	callees []*function
	keys    []int
}

// looksAtCaller reports whether a function reads who is calling, itself or some calls below.
func (l *lifter) looksAtCaller(f *function) bool { return l.looksWithin(f, deepestLook) }

// looksWithin reports whether it does so at most some calls below.
func (l *lifter) looksWithin(f *function, deepest int) bool {
	if l.isGivenCaller(f) {
		return true
	}
	seen := map[*function]bool{f: true}
	at := []*function{f}
	for depth := 0; depth <= deepest && len(at) > 0; depth++ {
		var next []*function
		for _, f := range at {
			g := l.glance(f)
			if g.reads {
				return true
			}
			for _, callee := range g.callees {
				if !seen[callee] {
					seen[callee] = true
					next = append(next, callee)
				}
			}
		}
		at = next
	}
	return false
}

func (l *lifter) glance(f *function) *glance {
	if known, found := l.glances[f]; found {
		return known
	}
	g := &glance{}
	l.glances[f] = g
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			g.reads = g.reads || credentialHeader.MatchString(n.Value) && !setsHeader(stack) && !compared(stack)
		case *ast.SelectorExpr:
			g.reads = g.reads || n.Sel.Name == "PeerCertificates" || knowsCaller.MatchString(n.Sel.Name) && l.besideInContext(f.source, n) && !assignedTo(n, stack)
		case *ast.CallExpr:
			callees := l.static(f.source, n)
			g.callees = append(g.callees, callees...)
			g.reads = g.reads || l.readsCaller(f.source, n, stack, len(callees) > 0) || l.readsUnder(f.source, n, callees)
			if key := l.besideRequest(f.source, n); key != nil {
				if i := slices.Index(f.params, f.source.target(key)); i >= 0 && f.params[i] != nil {
					g.keys = append(g.keys, i)
				}
			}
		}
		return true
	})
	return g
}

// readsUnder reports whether a call tells one of the functions that it may reach to read somebody's identity.
func (l *lifter) readsUnder(s *source, call *ast.CallExpr, callees []*function) bool {
	return slices.ContainsFunc(callees, func(callee *function) bool {
		return slices.ContainsFunc(l.glance(callee).keys, func(i int) bool {
			return i < len(call.Args) && identityName.MatchString(keptUnder(s, call.Args[i]))
		})
	})
}

// besideRequest is the key under which a call reads what stands beside a request, nil for a call that does not.
func (l *lifter) besideRequest(s *source, call *ast.CallExpr) ast.Expr {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || len(call.Args) != 1 {
		return nil
	}
	switch selector.Sel.Name {
	case "GetSession", "Session":
		if l.isRequest(s.info.TypeOf(selector.X)) {
			return call.Args[0]
		}
	case "Value", "Attribute", "Get", "MustGet", "Locals", "GetString", "GetInt", "GetInt64", "GetUint":
		if receiver := s.info.TypeOf(selector.X); isNamed(receiver, "context", "Context") || l.isRequest(receiver) {
			return call.Args[0]
		}
	}
	return nil
}

// assignedTo reports whether an expression is what an assignment changes.
func assignedTo(e ast.Expr, stack []ast.Node) bool {
	assign, is := last(stack).(*ast.AssignStmt)
	return is && slices.Contains(assign.Lhs, e)
}

// setsHeader reports whether a header's name is given to be written, by who asks another service.
func setsHeader(stack []ast.Node) bool {
	call, is := last(stack).(*ast.CallExpr)
	return is && (calledName(call) == "Set" || calledName(call) == "Add" || calledName(call) == "Del" || calledName(call) == "SetHeader")
}

// compared reports whether a header's name is what another is compared with, by who leaves its value out of a log.
func compared(stack []ast.Node) bool {
	comparison, is := last(stack).(*ast.BinaryExpr)
	return is && (comparison.Op == token.EQL || comparison.Op == token.NEQ)
}

var (
	// identityName are names of somebody's identity: of what it is kept under, and of its types.
	identityName = regexp.MustCompile(`(?i)(user|account|auth|session|claims|principal|viewer|identity|member|tenant|token|subject|caller|actor|role|perm|admin|login|jwt|owner|person|customer)`)
	// knowsCaller are names of fields of a context of the code's own that hold who calls, or whether anybody is known.
	knowsCaller = regexp.MustCompile(`(?i)^(current)?_?(user|account|member|viewer|principal|claims|identity|actor|caller|doer)(id)?$|^is_?(logged|signed|authenticated|admin|token|basic)|^(auth|signed)`)
	// identityType are types of the one who calls, as a parameter of a handler has it.
	identityType = regexp.MustCompile(`^(\w*User|Auth|Session|Principal|Claims|Actor|Viewer|Caller|Identity|AuthInfo|AuthContext|UserInfo|CurrentUser|Subject)$`)
	// proves are functions of libraries that compare what somebody knows or has with what is kept.
	proves = regexp.MustCompile(`^(ConstantTimeCompare|CompareHashAndPassword|ParseWithClaims|ParseRSAPublicKeyFromPEM|ParseSigned|BasicAuth|ValidateToken|VerifyToken|VerifyIDToken|Verify(HTTP)?Request)$`)
)

// isGivenCaller reports whether a handler takes the one who calls as a parameter. The message of a remote procedure is none.
func (l *lifter) isGivenCaller(f *function) bool {
	for i, param := range f.params {
		if param == nil || l.isRequest(param.Type()) || i == 1 && len(f.params) == 2 && f.params[0] != nil && isNamed(f.params[0].Type(), "context", "Context") {
			continue
		}
		if path, name := namedType(param.Type()); identityType.MatchString(name) && l.loader.sources[path] != nil {
			return true
		}
	}
	return false
}

// readsCaller reports whether a call reads who is calling.
func (l *lifter) readsCaller(s *source, call *ast.CallExpr, stack []ast.Node, known bool) bool {
	name := calledName(call)
	if known {
		return false // what it does is read in it
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is {
		return false
	}
	pkg := s.packageOf(selector.X)
	switch {
	case proves.MatchString(name), name == "Equal" && pkg == "crypto/hmac":
		return true
	case name == "Cookie" && len(call.Args) == 1, name == "FromIncomingContext", name == "PeerFromContext":
		return true
	}
	if key := l.besideRequest(s, call); key != nil {
		return identityName.MatchString(keptUnder(s, key)) || identityName.MatchString(asserted(stack))
	}
	if role := l.roleOfReceiver(s, selector); role == "auth" && !strings.HasPrefix(name, "New") && !l.showsOwn(s, selector) {
		return true
	}
	return whoName.MatchString(name)
}

// showsOwn reports whether a call makes what this program shows to another service, and reads nobody's: oauth2.StaticTokenSource(token).
func (l *lifter) showsOwn(s *source, selector *ast.SelectorExpr) bool {
	path := s.packageOf(selector.X)
	if path == "" {
		path, _ = namedType(s.info.TypeOf(selector.X))
	}
	return strings.HasPrefix(path, "golang.org/x/oauth2") && (strings.HasSuffix(selector.Sel.Name, "TokenSource") || selector.Sel.Name == "Client" || selector.Sel.Name == "Token")
}

// roleOfReceiver is what the library of a call's package or receiver is for.
func (l *lifter) roleOfReceiver(s *source, selector *ast.SelectorExpr) string {
	path := s.packageOf(selector.X)
	if path == "" {
		path, _ = namedType(s.info.TypeOf(selector.X))
	}
	if path == "" || strings.HasPrefix(path, "golang.org/x/crypto") {
		return ""
	}
	role, _, _ := roleOf(path)
	return role
}

// keptUnder is the name of what a value is kept under beside a request: the text of the key, or its own name.
func keptUnder(s *source, key ast.Expr) string {
	out := text(key) + " " + constantText(s, key)
	if _, name := namedType(s.info.TypeOf(key)); name != "" {
		out += " " + name
	}
	return out
}

// asserted is the type that a call's answer is taken for: ctx.Value(key).(*User).
func asserted(stack []ast.Node) string {
	if assertion, is := last(stack).(*ast.TypeAssertExpr); is && assertion.Type != nil {
		return types.ExprString(assertion.Type)
	}
	return ""
}

// whoName are names of functions of libraries that look at who is calling.
var whoName = regexp.MustCompile(`(?i)(current_?user|user_?from|get_?user$|authenticat|authoriz|viewer$|principal|claims|is_?admin|require_?(auth|login|role|perm|user)|check_?(auth|perm|access)|has_?(perm|role))`)
