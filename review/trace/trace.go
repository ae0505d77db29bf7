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

// Source is where a value comes from outside, with the calls that carry it, outermost first.
type Source struct {
	Origin facts.Origin
	Calls  []*facts.Call
	Route  *facts.Route
}

// FromOutside follows the origins of a value through callers to what a client sent, or to the program's input. Numbers
// carry no text and are left out when text is asked for.
func (t *Tracer) FromOutside(v facts.Value, text bool) *Source {
	return t.outside(v, func(o facts.Origin) bool { return text && (o.Number || o.Checked) })
}

// Stored follows a text to a row of the database that holds it: somebody has put it there.
func (t *Tracer) Stored(v facts.Value) *Source {
	t.stored = true
	defer func() { t.stored = false }()
	return t.outside(v, func(o facts.Origin) bool {
		return o.Number || o.Checked || o.Kind == facts.FromRequest || o.Kind == facts.FromInput
	})
}

// Unbounded follows a number to what a client sent, where nothing on the way gives it an upper limit.
func (t *Tracer) Unbounded(v facts.Value) *Source {
	return t.outside(v, func(o facts.Origin) bool { return o.Bounded })
}

// FromParam follows a value to the parameter of the request that has a name.
func (t *Tracer) FromParam(v facts.Value, name string) *Source {
	return t.outside(v, func(o facts.Origin) bool {
		return o.Kind == facts.FromRequest && o.Name != name || o.Kind == facts.FromInput
	})
}

// Sent follows a value to each place where a client sends it.
func (t *Tracer) Sent(v facts.Value) []*Source {
	var out []*Source
	w := &wayOut{tracer: t, without: func(o facts.Origin) bool { return o.Kind == facts.FromInput }, seen: map[string]bool{}, found: func(s *Source) bool {
		out = append(out, s)
		return false
	}}
	w.follow(v.Origins, nil, 0)
	return out
}

func (t *Tracer) outside(v facts.Value, without func(facts.Origin) bool) *Source {
	var out *Source
	w := &wayOut{tracer: t, without: without, seen: map[string]bool{}, found: func(s *Source) bool {
		out = s
		return true
	}}
	w.follow(v.Origins, nil, 0)
	return out
}

// wayOut is a search through callers for where a value comes from outside.
type wayOut struct {
	tracer  *Tracer
	without func(facts.Origin) bool
	seen    map[string]bool
	found   func(*Source) bool // is told of each source, and says whether it is enough
}

// follow reports whether what was found is enough.
func (w *wayOut) follow(origins []facts.Origin, calls []*facts.Call, depth int) bool {
	for _, o := range origins {
		if w.without(o) {
			continue
		}
		if o.Kind == facts.FromRequest || o.Kind == facts.FromInput || o.Kind == facts.FromQuery && w.tracer.stored {
			if w.found(&Source{Origin: o, Calls: calls}) {
				return true
			}
		}
	}
	if depth == 6 {
		return false
	}
	for _, o := range origins {
		if o.Kind != facts.FromParam || o.Index < 0 || w.without(o) {
			continue // what a receiver's field holds is said by the field
		}
		key := fmt.Sprintf("%p %d", o.Function, o.Index)
		if w.seen[key] {
			continue
		}
		w.seen[key] = true
		if routes := w.tracer.routes[o.Function]; len(routes) > 0 && routes[0].Kind != "http" && o.Index > 0 && !w.without(facts.Origin{Kind: facts.FromRequest, Name: o.Function.Params[o.Index]}) {
			sent := facts.Origin{Kind: facts.FromRequest, Name: o.Function.Params[o.Index], Pos: o.Function.Pos}
			if w.found(&Source{Origin: sent, Calls: calls, Route: routes[0]}) {
				return true
			}
		}
		for _, call := range o.Function.Callers {
			if call.From.Aside == "test" || call.Handed || o.Index >= len(call.Args) || o.Key && call.Args[o.Index].Named {
				continue
			}
			if w.follow(call.Args[o.Index].Origins, append([]*facts.Call{call}, calls...), depth+1) {
				return true
			}
		}
	}
	return false
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
