package typescript

import (
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// handler is what is known of a function that answers requests: what its parameters hold that the code does not give it.
type handler struct {
	params    map[int]facts.Origin
	requests  map[int]bool                    // parameters that are the request
	loose     map[int]*looseBody              // parameters that are bodies which nothing strips
	schema    *schemaRef                      // of its input; nil for none
	validated bool                            // something before it looks at the body
	members   map[int]map[string]facts.Origin // of parameters that hold several such things by their names
}

func newHandler() *handler {
	return &handler{params: map[int]facts.Origin{}, requests: map[int]bool{}, loose: map[int]*looseBody{}, members: map[int]map[string]facts.Origin{}}
}

// given is what a parameter, or the member of it that a path leads to, holds; false where a caller of the code gives it.
func (h *handler) given(param int, path []string) ([]facts.Origin, bool) {
	if members := h.members[param]; members != nil && len(path) > 0 {
		if o, is := members[path[0]]; is {
			if len(path) > 1 {
				return parted([]facts.Origin{o}, path[1:]), true
			}
			return []facts.Origin{o}, true
		}
	}
	if h.requests[param] && len(path) > 0 {
		if o, is := ofRequest(path[0]); is {
			if len(path) > 1 {
				return parted([]facts.Origin{o}, path[1:]), true
			}
			return []facts.Origin{o}, true
		}
	}
	o, is := h.params[param]
	if !is {
		return nil, false
	}
	if len(path) > 0 {
		return parted([]facts.Origin{o}, path), true
	}
	return []facts.Origin{o}, true
}

var (
	sent   = regexp.MustCompile(`^(params|query|body|headers|cookies|files?|rawBody|header|get|param|json|formData|text|url|nextUrl)$`)
	caller = regexp.MustCompile(`(?i)^(user|session|auth|account|member|tenant|org|organi[sz]ation|team|principal|locals|viewer|identity|apiToken|metadata)\w*$`)
)

// ofRequest is what a member of a request holds.
func ofRequest(name string) (facts.Origin, bool) {
	switch {
	case sent.MatchString(name):
		return facts.Origin{Kind: facts.FromRequest}, true
	case caller.MatchString(name):
		return facts.Origin{Kind: facts.FromContext, Name: name}, true
	}
	return facts.Origin{}, false
}

// findHandlers finds the routes, and says of their handlers what their parameters hold.
func (l *lifter) findHandlers() {
	l.findNest()
	l.findRouters()
	l.findProcedures()
	l.findNext()
}

// handle makes a function a handler.
func (f *function) handle() *handler {
	if f.handler == nil {
		f.handler = newHandler()
	}
	return f.handler
}

// requests are fields that hold the request of whoever is served at the moment.
var requests = regexp.MustCompile(`^(this\.)?_?(request|req)$`)

// requestMember is what a member of a request holds, as req.body and this.request.user do; false where it is none.
func (l *lifter) requestMember(f *function, e *syntax.Select) (facts.Origin, bool) {
	switch x := unwrapped(e.X).(type) {
	case *syntax.Ident:
		b := f.binding(x.Name, x.Pos())
		if b == nil || b.param < 0 || len(b.path) > 0 {
			return facts.Origin{}, false
		}
		if h := b.of.handler; h != nil {
			if members := h.members[b.param]; members != nil {
				if o, is := members[e.Name]; is {
					return o, true
				}
			}
			if h.requests[b.param] {
				return ofRequest(e.Name)
			}
		}
		if b.typed != nil && isRequest(b.typed) {
			return ofRequest(e.Name)
		}
	case *syntax.Select:
		if root, is := x.X.(*syntax.Ident); is && root.Name == "this" && requests.MatchString(x.Name) {
			return ofRequest(e.Name)
		}
	}
	return facts.Origin{}, false
}

// requestTypes are types of requests, and of what holds one.
var requestTypes = regexp.MustCompile(`^(\w+\.)?(\w*Request|RequestContext|FastifyRequest|Context|\w*RequestWithUser|IncomingMessage)$`)

// isRequest reports whether a type is that of a request.
func isRequest(t *syntax.Type) bool {
	return t.Kind == syntax.RefType && requestTypes.MatchString(t.Name) && t.Name != "Context" && t.Name != "RequestContext" ||
		t.Kind == syntax.IntersectionType && slices.ContainsFunc(t.Args, isRequest)
}

// proofs are functions by which a handler itself asks for proof of who is calling: the signature of a hook, a token that it is sent.
var proofs = regexp.MustCompile(`^(constructEvent(Async)?|timingSafeEqual|createHmac|verify|verifyAsync|(verify|validate|check)\w*(Signature|Token|Webhook|Hmac|Jwt|JWT|Secret|ApiKey|Session)|decodeJwt|jwtVerify|getServerSession|getSession|auth|currentUser|getToken)$`)

// looksAtCaller reports whether a handler itself asks who is calling: it is given who that is, or reads it from the request.
func (l *lifter) looksAtCaller(f *function) bool {
	if f.handler != nil {
		for _, o := range f.handler.params {
			if o.Kind == facts.FromContext {
				return true
			}
		}
	}
	found := slices.ContainsFunc(f.sites, func(s site) bool { return proofs.MatchString(calledName(s.call)) })
	look := func(n syntax.Node) bool {
		if e, is := n.(*syntax.Select); is && caller.MatchString(e.Name) && e.Name != "metadata" {
			if o, is := l.requestMember(f, e); is && o.Kind == facts.FromContext {
				found = true
			}
		}
		return !found
	}
	for _, s := range bodyOf(f) {
		syntax.Walk(s, look)
	}
	if !found {
		for name, all := range f.bindings { // ({ctx: {user}})
			found = found || slices.ContainsFunc(all, func(b *binding) bool {
				if b.param < 0 || f.handler == nil || !caller.MatchString(name) {
					return false
				}
				o, is := f.handler.given(b.param, b.path)
				return is && o[0].Kind == facts.FromContext
			})
		}
	}
	return found
}

// bodyOf are the statements of a function.
func bodyOf(f *function) []syntax.Stmt {
	switch {
	case f.node == nil:
		return nil
	case f.node.Body != nil:
		return f.node.Body.Body
	case f.node.Value != nil:
		return []syntax.Stmt{&syntax.ExprStmt{Span: syntax.Span{From: f.node.Value.Pos(), To: f.node.Value.End()}, X: f.node.Value}}
	}
	return nil
}
