package sharedmap

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// start is where something begins that runs while others do.
type start struct {
	in    *facts.Function
	how   string        // "a request", "a thread of its own", …
	call  *facts.Call   // that starts it; nil of a route
	route *facts.Route  // of a request
	calls []*facts.Call // from there to the function, outermost first
}

// startsOf are the starts that lead to a function. Ways through functions that take a lock are left out, unless all are asked for.
func startsOf(tracer *trace.Tracer, f *facts.Function, all bool) []start {
	type step struct {
		function *facts.Function
		calls    []*facts.Call
	}
	var out []start
	seen := map[*facts.Function]bool{f: true}
	for queue := []step{{f, nil}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		if routes := tracer.Routes(at.function); len(routes) > 0 {
			out = append(out, start{in: at.function, how: "a request", route: routes[0], calls: at.calls})
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
				out = append(out, start{in: at.function, how: how, call: call, calls: at.calls})
			} else if !seen[call.From] {
				seen[call.From] = true
				queue = append(queue, step{call.From, append([]*facts.Call{call}, at.calls...)})
			}
		}
	}
	return out
}

// evidence tells a start and the calls behind it.
func (s start) evidence() []rule.Evidence {
	var out []rule.Evidence
	switch {
	case s.route != nil:
		out = append(out, rule.Evidence{Pos: s.route.Pos, What: fmt.Sprintf("route %s is handled by %s", s.route, s.in.Name)})
	default:
		out = append(out, rule.Evidence{Pos: s.call.Pos, What: fmt.Sprintf("%s starts %s, by %s", s.call.From.Name, s.in.Name, s.how)})
	}
	for _, call := range s.calls {
		out = append(out, trace.Called(call))
	}
	return out
}

// beside finds a use of a map, without a lock, by what runs while something else writes it: what a timer or a message starts, a thread, a request.
func beside(tracer *trace.Tracer, function *facts.Function, w *facts.SharedWrite) (rule.Finding, bool) {
	writers := startsOf(tracer, function, true)
	own := map[*facts.Function]bool{} // each of these makes a value of its own
	for _, maker := range w.MadeIn {
		for _, s := range startsOf(tracer, maker, true) {
			own[s.in] = true
		}
	}
	for _, use := range w.Bare {
		if use.In == function || slices.Contains(w.MadeIn, use.In) || use.In.Own == "init" {
			continue
		}
		readers := startsOf(tracer, use.In, false)
		for _, writer := range writers {
			if w.Whole && !writer.repeats(function) {
				continue // it is put there once, mostly before others begin
			}
			for _, reader := range readers {
				if reader.in == writer.in || beforeServing(writer, reader) || own[reader.in] || own[writer.in] || writer.call != nil && writer.call == reader.call {
					continue
				}
				out := rule.Finding{Pos: w.Pos, Confidence: rule.Likely, Severity: rule.Medium, Fix: "guard it with a sync.RWMutex at every use, or make it a sync.Map"}
				verb := "writes"
				if w.Whole {
					verb = "replaces"
				} else if reader.route != nil {
					out.Severity = rule.High
				}
				out.Message = fmt.Sprintf("%s %s the map %s while %s may read it, and nothing keeps them apart", function.Name, verb, w.Name, use.In.Name)
				out.Evidence = append(writer.evidence(), rule.Evidence{Pos: w.Pos, What: verb + " " + w.Name})
				out.Evidence = append(append(out.Evidence, reader.evidence()...), rule.Evidence{Pos: use.Pos, What: use.In.Name + " uses it without a lock"})
				return out, true
			}
		}
	}
	return rule.Finding{}, false
}

// beforeServing reports whether a thread writes before it begins to serve the requests that read: it goes on to a method that answers at an
// address, of the same value that handles them.
func beforeServing(writer, reader start) bool {
	if reader.route == nil || writer.call == nil || !writer.call.Spawned || len(writer.calls) == 0 {
		return false
	}
	first := writer.calls[0].Pos
	return slices.ContainsFunc(writer.in.Calls, func(call *facts.Call) bool {
		behind := call.Pos.Line > first.Line || call.Pos.Line == first.Line && call.Pos.Column > first.Column
		return behind && !call.Spawned && !call.Handed && slices.ContainsFunc(call.Callees, func(f *facts.Function) bool {
			return f.Serves && f.Of != "" && f.Of == reader.in.Of && f.Package == reader.in.Package
		})
	})
}
