// Package trace follows facts from a place in the code back to where a request enters.
package trace

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
)

// Path is a way into a function: the calls that lead to it, outermost first, and the route that they begin with.
type Path struct {
	Route *facts.Route // nil where no route leads here
	Calls []*facts.Call
}

// deepest bounds how many calls a path has.
const deepest = 12

// Tracer finds paths. It is made once for all rules of a run.
type Tracer struct {
	routes map[*facts.Function][]*facts.Route
	known  map[*facts.Function]*Path
	ways   map[*facts.Function]Ways
	keyed  map[*facts.Function]bool // guards that ask for keys alone
	stored bool                     // what rows hold counts as coming from outside
}

// New prepares the search.
func New(f *facts.Facts) *Tracer {
	t := &Tracer{routes: map[*facts.Function][]*facts.Route{}, known: map[*facts.Function]*Path{}, ways: map[*facts.Function]Ways{}, keyed: map[*facts.Function]bool{}}
	for _, r := range f.Routes {
		t.routes[r.Handler] = append(t.routes[r.Handler], r)
	}
	return t
}

// Routes are the routes that a function handles.
func (t *Tracer) Routes(f *facts.Function) []*facts.Route { return t.routes[f] }

// To finds the shortest way from a route to a function, nil where there is none.
func (t *Tracer) To(f *facts.Function) *Path {
	if known, found := t.known[f]; found {
		return known
	}
	t.known[f] = t.search(f)
	return t.known[f]
}

func (t *Tracer) search(f *facts.Function) *Path {
	type step struct {
		function *facts.Function
		call     *facts.Call
		next     *step
		depth    int
	}
	seen := map[*facts.Function]bool{f: true}
	queue := []*step{{function: f}}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if routes := t.routes[at.function]; len(routes) > 0 {
			path := &Path{Route: routes[0]}
			for s := at; s.call != nil; s = s.next {
				path.Calls = append(path.Calls, s.call)
			}
			return path
		}
		if at.depth == deepest {
			continue
		}
		for _, call := range at.function.Callers {
			if !seen[call.From] && call.From.Aside != "test" {
				seen[call.From] = true
				queue = append(queue, &step{call.From, call, at, at.depth + 1})
			}
		}
	}
	return nil
}

// Evidence tells a path: the route, its handler, and each call.
func (p *Path) Evidence() []rule.Evidence {
	if p == nil || p.Route == nil {
		return nil
	}
	out := []rule.Evidence{{Pos: p.Route.Pos, What: fmt.Sprintf("route %s is handled by %s", p.Route, p.Route.Handler.Name)}}
	for _, call := range p.Calls {
		out = append(out, Called(call))
	}
	return out
}

// Called tells a call.
func Called(call *facts.Call) rule.Evidence {
	verb := "calls"
	if call.Handed {
		verb = "hands over"
	}
	names := make([]string, 0, len(call.Callees))
	for i, callee := range call.Callees {
		if i == 2 && len(call.Callees) > 3 {
			names = append(names, fmt.Sprintf("%d more", len(call.Callees)-2))
			break
		}
		names = append(names, callee.Name)
	}
	return rule.Evidence{Pos: call.Pos, What: fmt.Sprintf("%s %s %s", call.From.Name, verb, strings.Join(names, " or "))}
}

// Query tells a query, as far as it is known.
func Query(q *facts.Query) string {
	switch {
	case q.Text != "":
		return q.Name + ": " + Short(strings.ReplaceAll(q.Text, "\uFFFC", "…"))
	case q.Chain != "":
		return Short(q.Chain)
	default:
		return q.Name
	}
}

// Short is a text on one line, cut where it is long.
func Short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > 120 {
		return string(runes[:117]) + "…"
	}
	return text
}

// Writes reports whether a function changes rows, itself or in what it calls.
func Writes(f *facts.Function) bool { return writes(f, 0, map[*facts.Function]bool{}) }

func writes(f *facts.Function, depth int, seen map[*facts.Function]bool) bool {
	if seen[f] || depth > 6 {
		return false
	}
	seen[f] = true
	for _, q := range f.Queries {
		if q.Statement != nil && q.Statement.Write() {
			return true
		}
	}
	for _, call := range f.Calls {
		for _, callee := range call.Callees {
			if writes(callee, depth+1, seen) {
				return true
			}
		}
	}
	return false
}

// Below are the functions that a function surely calls, itself among them, some calls deep.
func Below(f *facts.Function) []*facts.Function {
	out := []*facts.Function{f}
	seen := map[*facts.Function]bool{f: true}
	for from, depth := 0, 0; depth < 5 && from < len(out); depth++ {
		end := len(out)
		for _, at := range out[from:end] {
			for _, call := range at.Calls {
				for _, callee := range call.Callees {
					if !seen[callee] {
						seen[callee] = true
						out = append(out, callee)
					}
				}
			}
		}
		from = end
	}
	return out
}
