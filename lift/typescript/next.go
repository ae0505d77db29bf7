package typescript

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/typescript/syntax"
)

// Next.js answers what the names of its files say: app/…/route.ts by a function for each method, pages/api/… by one for all
// (https://nextjs.org/docs/app/api-reference/file-conventions/route, https://nextjs.org/docs/pages/building-your-application/routing/api-routes).
// A function around such a handler is its guard: export const POST = withSession(async ({ req, session }) => …).

var (
	routeFile = regexp.MustCompile(`(?:^|/)app/((?:.*/)?)route\.[mc]?ts$`)
	apiFile   = regexp.MustCompile(`(?:^|/)pages/(api/.*)\.[mc]?ts$`)
	httpVerb  = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE|HEAD|OPTIONS)$`)
	bracket   = regexp.MustCompile(`\[+(?:\.\.\.)?(\w+)\]+`)
	grouped   = regexp.MustCompile(`\([^/]*\)/|@[^/]*/`)
	// wrapping are names of functions around a handler that ask who is calling.
	wrapping = regexp.MustCompile(`(?i)^(with|require|authenticated|protect|auth|secure|verify)\w*(auth|session|user|workspace|team|admin|partner|member|org|project|permission|token|key|signature|qstash|cron|owner|protected)`)
)

// findNext finds what the files of Next.js answer.
func (l *lifter) findNext() {
	for _, f := range l.order {
		if f.aside == "test" {
			continue
		}
		if m := routeFile.FindStringSubmatch(f.name); m != nil {
			at := nextPath(m[1])
			for _, name := range exportedNames(f) {
				if httpVerb.MatchString(name) {
					l.nextRoute(f, name, name, at)
				}
			}
		}
		if m := apiFile.FindStringSubmatch(f.name); m != nil {
			l.nextRoute(f, "default", "", nextPath(strings.TrimSuffix(m[1], "index")))
		}
	}
}

// exportedNames are the names that a file exports, in order.
func exportedNames(f *file) []string {
	var out []string
	for name := range f.exports {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// nextPath is the path of a folder of routes.
func nextPath(folder string) string {
	return path.Join("/", bracket.ReplaceAllString(grouped.ReplaceAllString(folder, ""), "{$1}"))
}

// nextRoute makes the fact of a route: what a file exports under a name, with the functions around it.
func (l *lifter) nextRoute(f *file, name, method, at string) {
	d := l.exported(f, name, 0)
	if d == nil || d.file == nil {
		return
	}
	r := &facts.Route{Method: method, Path: at, Router: "next", Kind: "http"}
	to := d.function
	r.Pos = facts.Pos{File: f.name, Line: 1, Column: 1}
	if d.node != nil {
		r.Pos = d.file.pos(d.node)
	}
	if to == nil && d.value != nil {
		r.Pos = d.file.pos(d.value)
		to = l.wrapped(d.file, d.value, r, 0)
	}
	if to == nil || to.node == nil {
		return
	}
	l.nextParams(to, len(r.Guards) > 0)
	r.Handler, r.Checks = to.fact, l.looksAtCaller(to)
	l.facts.Routes = append(l.facts.Routes, r)
}

// wrapped is the function that an expression leads to, through those around it, which are noted as guards.
func (l *lifter) wrapped(f *file, e syntax.Expr, r *facts.Route, depth int) *function {
	if depth > 6 {
		return nil
	}
	switch x := unwrapped(e).(type) {
	case *syntax.Func:
		return l.runs[x]
	case *syntax.Ident:
		if d := l.named(f, x.Name); d != nil {
			if d.function != nil {
				return d.function
			}
			if d.value != nil {
				return l.wrapped(d.file, d.value, r, depth+1)
			}
		}
	case *syntax.Call:
		for _, arg := range x.Args {
			if to := l.wrapped(f, arg, r, depth+1); to != nil {
				name := calledName(x)
				g := facts.Guard{Pos: f.pos(x), Name: name, Auth: wrapping.MatchString(name)}
				if d := l.named(f, name); d != nil && d.function != nil {
					g.Runs = []*facts.Function{d.function.fact}
				}
				r.Guards = slices.Insert(r.Guards, 0, g)
				return to
			}
		}
	}
	return nil
}

// nextParams says what a handler is given: the request and the parameters of its path, or what a function around it makes of them.
func (l *lifter) nextParams(f *function, around bool) {
	h := f.handle()
	for i, p := range f.node.Params {
		if i == 0 && p.Pattern != nil && len(p.Pattern.Props) == 0 {
			h.requests[0] = true
			h.params[0] = facts.Origin{Kind: facts.FromUnknown, Name: "request"}
			continue
		}
		if i == 0 && !around {
			continue
		}
		members := map[string]facts.Origin{}
		for _, name := range []string{"params", "searchParams", "body", "query", "parsedInput", "input"} {
			members[name] = facts.Origin{Kind: facts.FromRequest, Pos: f.file.pos(p)}
		}
		members["headers"] = facts.Origin{Kind: facts.FromRequest}
		if around {
			for _, name := range []string{"workspace", "session", "user", "token", "team", "org", "organization", "project", "partner", "program", "ctx", "auth", "member", "account"} {
				members[name] = facts.Origin{Kind: facts.FromContext, Name: name}
			}
		}
		h.members[i] = members
	}
}
