// Package concurrent tells what may run while something else does: what starts a function, whether that is before others begin, and which locks are
// held on the way to it.
package concurrent

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// Start is where something begins that runs while others do.
type Start struct {
	In    *facts.Function
	How   string        // "a request", "a thread of its own", …
	Call  *facts.Call   // that starts it; nil of a route
	Route *facts.Route  // of a request
	Calls []*facts.Call // from there to the function, outermost first
}

// Starts are the starts that lead to a function. Ways through functions that take a lock are left out, unless all are asked for.
func Starts(tracer *trace.Tracer, f *facts.Function, all bool) []Start {
	type step struct {
		function *facts.Function
		calls    []*facts.Call
	}
	var out []Start
	seen := map[*facts.Function]bool{f: true}
	for queue := []step{{f, nil}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if routes := tracer.Routes(at.function); len(routes) > 0 {
			out = append(out, Start{In: at.function, How: "a request", Route: routes[0], Calls: at.calls})
		}
		if len(at.calls) == 8 {
			continue
		}
		for _, call := range at.function.Callers {
			if call.From.Aside == "test" || call.From.LocksAny && !all {
				continue
			}
			how := "a thread of its own"
			if call.Later {
				how = "a timer or a message"
			}
			if call.Spawned || call.Later {
				out = append(out, Start{In: at.function, How: how, Call: call, Calls: at.calls})
			} else if !seen[call.From] {
				seen[call.From] = true
				queue = append(queue, step{call.From, append([]*facts.Call{call}, at.calls...)})
			}
		}
	}
	return out
}

// Evidence tells a start and the calls behind it.
func (s Start) Evidence() []rule.Evidence {
	var out []rule.Evidence
	switch {
	case s.Route != nil:
		out = append(out, rule.Evidence{Pos: s.Route.Pos, What: fmt.Sprintf("route %s is handled by %s", s.Route, s.In.Name)})
	default:
		out = append(out, rule.Evidence{Pos: s.Call.Pos, What: fmt.Sprintf("%s starts %s, by %s", s.Call.From.Name, s.In.Name, s.How)})
	}
	for _, call := range s.Calls {
		out = append(out, trace.Called(call))
	}
	return out
}

// Once reports whether a start is a thread that the beginning of the program starts, and that ends when it has done what it was started for.
func (s Start) Once(tracer *trace.Tracer, in *facts.Function) bool {
	if s.Call == nil || s.Call.Later || s.Call.Loop != nil || tracer.To(s.Call.From) != nil || !BeforeOthers(s.Call.From, nil) {
		return false
	}
	return !s.Repeats(in)
}

// Repeats reports whether a start leads to a function again and again: by a request, a timer, or a loop over what happens.
func (s Start) Repeats(in *facts.Function) bool {
	goesOn := func(l *facts.Loop) bool {
		for ; l != nil; l = l.Outer {
			if l.Kind == facts.OverEvents || l.Kind == facts.OverCondition {
				return true
			}
		}
		return false
	}
	return s.Route != nil || s.Call.Later || slices.ContainsFunc(in.Loops, goesOn) || slices.ContainsFunc(s.Calls, func(c *facts.Call) bool { return goesOn(c.Loop) })
}
