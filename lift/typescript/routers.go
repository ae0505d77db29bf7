package typescript

import (
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// Express, Fastify, Koa and Hono register handlers by method and path, behind any number of others that may end the request:
// router.post("/users/:id", requireAuth, update).

var (
	registers = regexp.MustCompile(`^(get|post|put|patch|delete|all|head|options)$`)
	routers   = regexp.MustCompile(`(?i)^_?(\w*router|\w*routes|app|server|fastify|api|hono)$`)
	serves    = regexp.MustCompile(`^(express|fastify|@?koa(-|/)\w*|@koa/router|koa|hono|@hono/\S*|restify|express-promise-router|polka|router)$`)
)

// findRouters finds what routers answer.
func (l *lifter) findRouters() {
	for _, f := range l.functions {
		if f.file.aside == "test" {
			continue
		}
		var around []facts.Guard // of the whole file, from where they stand on
		for _, s := range f.sites {
			on, is := s.call.Fun.(*syntax.Select)
			if !is || !l.router(f, on.X) {
				continue
			}
			if on.Name == "use" || on.Name == "addHook" {
				for _, arg := range s.call.Args {
					if g := l.guard(f.file, arg); g.Auth && constantText(arg) == "" {
						around = append(around, g)
					}
				}
				continue
			}
			if registers.MatchString(on.Name) && len(s.call.Args) > 1 {
				l.registered(f, s.call, on, around)
			}
		}
	}
}

// router reports whether an expression is a router.
func (l *lifter) router(f *function, e syntax.Expr) bool {
	t := l.typeOf(f, e)
	if t.library != "" {
		return serves.MatchString(t.library)
	}
	if t.class != nil {
		return false
	}
	name := endName(e)
	if call, is := unwrapped(e).(*syntax.Call); is { // router.route("/x").get(…), a chain
		if inner, is := call.Fun.(*syntax.Select); is {
			return l.router(f, inner.X)
		}
	}
	return routers.MatchString(name) && !t.known()
}

// registered makes the fact of a route: the last function is its handler, and those before it are guards.
func (l *lifter) registered(f *function, call *syntax.Call, on *syntax.Select, around []facts.Guard) {
	at := constantText(call.Args[0])
	if !strings.HasPrefix(at, "/") && at != "" || at == "" && call.Args[0] == nil {
		return
	}
	if at == "" {
		if t, is := unwrapped(call.Args[0]).(*syntax.Template); !is || t.Tag != nil {
			return
		}
	}
	last := call.Args[len(call.Args)-1]
	var to *function
	switch x := unwrapped(last).(type) {
	case *syntax.Func:
		to = l.runs[x]
	case *syntax.Call: // asyncHandler(async (req, res) => …), controller.update.bind(controller)
		for _, arg := range x.Args {
			if run, is := unwrapped(arg).(*syntax.Func); is && l.runs[run] != nil {
				to = l.runs[run]
			} else if t := l.typeOf(f, arg); t.calls != nil {
				to = t.calls
			}
		}
		if inner, is := x.Fun.(*syntax.Select); is && inner.Name == "bind" {
			to = l.typeOf(f, inner.X).calls
		}
	default:
		to = l.typeOf(f, last).calls
	}
	if to == nil || to.node == nil {
		return
	}
	h := to.handle()
	if len(to.node.Params) > 0 {
		h.requests[0] = true
		h.params[0] = facts.Origin{Kind: facts.FromUnknown, Name: "request"}
	}
	r := &facts.Route{Pos: f.file.pos(call), Method: strings.ToUpper(on.Name), Path: joined(at), Router: f.file.said(on.X), Kind: "http", Handler: to.fact}
	if on.Name == "all" {
		r.Method = ""
	}
	r.Guards = append(r.Guards, around...)
	for _, arg := range call.Args[1 : len(call.Args)-1] {
		list, is := unwrapped(arg).(*syntax.Array)
		if !is {
			list = &syntax.Array{Items: []syntax.Expr{arg}}
		}
		for _, item := range list.Items {
			if item != nil {
				r.Guards = append(r.Guards, l.guard(f.file, item))
				h.validated = h.validated || validators.MatchString(f.file.said(item))
			}
		}
	}
	r.Checks = l.looksAtCaller(to)
	l.facts.Routes = append(l.facts.Routes, r)
}
