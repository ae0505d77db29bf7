// Package lostcontext finds queries of a request that go on when nobody waits for them any more.
package lostcontext

import (
	_ "embed"
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed lost-context.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "lost-context", Severity: rule.Medium, CWE: "CWE-1088", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	given := habits(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside != "" || function.Context == "" {
			continue
		}
		path := tracer.To(function)
		if path == nil || spawned(path) {
			continue
		}
		for _, q := range function.Queries {
			message, confidence := "", rule.Certain
			switch q.Endless {
			case facts.NotGiven:
				if given[habit{f.Unit(q.Pos.File), q.Library}] {
					message, confidence = fmt.Sprintf("%s is given no context, as others of the code are, and %s is at hand", q.Name, function.Context), rule.Likely
				}
			case facts.TakesNoContext:
				message = fmt.Sprintf("%s takes no context, and %s is at hand", q.Name, function.Context)
			case facts.OwnContext:
				message = fmt.Sprintf("%s is given %s, and %s is at hand", q.Name, q.Context.Text, function.Context)
			}
			if message == "" || q.Library == "prepare" || q.Place.ErrorPath {
				continue
			}
			out = append(out, rule.Finding{
				Pos: q.Pos, Confidence: confidence, Message: message,
				Evidence: append(path.Evidence(), rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
				Fix:      "pass " + function.Context + " (context.WithoutCancel of it for what must be finished)",
				Edits:    edits(q),
			})
		}
	}
	out = append(out, ofRouters(f, tracer)...)
	for _, function := range f.Functions {
		path := (*trace.Path)(nil)
		if function.Aside == "" && function.Context != "" && slices.ContainsFunc(function.Calls, func(c *facts.Call) bool { return len(c.Endless) > 0 }) {
			path = tracer.To(function)
		}
		if path == nil || spawned(path) {
			continue
		}
		for _, call := range function.Calls {
			for _, i := range call.Endless {
				if q, way := asked(call, i, nil); q != nil {
					out = append(out, handedOn(path, function, call.Args[i], q, way))
				}
			}
		}
	}
	return out
}

// ofRouters is one finding for all places of a program where what the router gives a handler is handed on to a query as its context: it is one setting that
// lacks, or one habit.
func ofRouters(f *facts.Facts, tracer *trace.Tracer) []rule.Finding {
	const shown = 5
	found := map[string]*rule.Finding{}
	var order []string
	places := map[string]int{}
	add := func(function *facts.Function, pos facts.Pos, q *facts.Query, way []*facts.Call) {
		path := tracer.To(function)
		if path == nil {
			return
		}
		unit := f.Unit(pos.File)
		places[unit]++
		switch {
		case found[unit] == nil:
			evidence := path.Evidence()
			for _, call := range way {
				evidence = append(evidence, trace.Called(call))
			}
			order = append(order, unit)
			found[unit] = &rule.Finding{
				Pos: pos, Confidence: rule.Likely, Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
				Fix: "set ContextWithFallback of the router's engine, or hand on the request's own context",
			}
		case places[unit] <= shown:
			found[unit].Evidence = append(found[unit].Evidence, rule.Evidence{Pos: pos, What: "likewise: " + function.Name})
		}
	}
	for _, function := range f.Functions {
		if function.Aside != "" {
			continue
		}
		for _, q := range function.Queries {
			if q.Endless == facts.RouterContext && q.Library != "prepare" {
				add(function, q.Pos, q, nil)
			}
		}
		for _, call := range function.Calls {
			for _, i := range call.Routers {
				if q, way := asked(call, i, nil); q != nil {
					add(function, call.Pos, q, way)
				}
			}
		}
	}
	var out []rule.Finding
	for _, unit := range order {
		finding := found[unit]
		finding.Message = "a query is given the router's context, which does not end with the request"
		switch n := places[unit] - 1; n {
		case 0:
		case 1:
			finding.Message += ", here and at another place"
		default:
			finding.Message += fmt.Sprintf(", here and at %d other places", n)
		}
		out = append(out, *finding)
	}
	return out
}

// deepest bounds how many calls below a new context a query is looked for.
const deepest = 3

// asked finds the query that is given what a call gives as one of its arguments, as it is, and is waited for.
func asked(call *facts.Call, arg int, above []*facts.Call) (*facts.Query, []*facts.Call) {
	if len(call.Callees) != 1 || call.Spawned || call.Deferred || call.Handed || call.Place.ErrorPath || arg >= len(call.Callees[0].Params) {
		return nil, nil
	}
	callee, way := call.Callees[0], append(above, call)
	name := callee.Params[arg]
	for _, q := range callee.Queries {
		if q.Passed && q.Context.Text == name && q.Endless == "" && q.Library != "prepare" && !q.Place.ErrorPath {
			return q, way
		}
	}
	if len(way) == deepest {
		return nil, nil
	}
	for _, next := range callee.Calls {
		for _, on := range next.HandedOn {
			if on.From == arg && on.To >= 0 {
				if q, way := asked(next, on.To, way[:len(way):len(way)]); q != nil {
					return q, way
				}
			}
		}
	}
	return nil, nil
}

// handedOn tells of a new context that a function hands to what asks the database.
func handedOn(path *trace.Path, function *facts.Function, given facts.Value, q *facts.Query, way []*facts.Call) rule.Finding {
	evidence := path.Evidence()
	for _, call := range way {
		evidence = append(evidence, trace.Called(call))
	}
	return rule.Finding{
		Pos: way[0].Pos, Confidence: rule.Likely,
		Message:  fmt.Sprintf("%s is given %s, and asks the database with it, and %s is at hand", way[0].Callees[0].Name, given.Text, function.Context),
		Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
		Fix:      "pass " + function.Context + " (context.WithoutCancel of it for what must be finished)",
	}
}

// habit is how the queries of one module are sent through one library.
type habit struct{ unit, library string }

// habits are those by which queries are given a context: where one of several programs in a repository does so, the others need not, and
// neither is one query among many a habit.
func habits(f *facts.Facts) map[habit]bool {
	const oneOf = 8
	with, without := map[habit]int{}, map[habit]int{}
	for _, function := range f.Functions {
		if function.Aside != "" {
			continue
		}
		for _, q := range function.Queries {
			h := habit{f.Unit(q.Pos.File), q.Library}
			switch {
			case q.Endless == facts.NotGiven:
				without[h]++
			case q.Endless == "" && len(q.Context.Origins) > 0:
				with[h]++
			}
		}
	}
	out := map[habit]bool{}
	for h, n := range with {
		out[h] = n*oneOf >= n+without[h]
	}
	return out
}

// edits are those of a query that may end with the request. A statement that changes rows may, where it is alone or in a
// transaction, unless somebody has written that it should go on.
func edits(q *facts.Query) []facts.Edit {
	if q.Statement == nil {
		return nil
	}
	if q.Statement.Verb == facts.Select {
		return q.PassContext
	}
	if q.Endless != facts.TakesNoContext {
		return nil
	}
	for _, other := range q.From.Queries {
		if other != q && q.Handle.Kind != "tx" && (other.Statement == nil || other.Statement.Write()) {
			return nil
		}
	}
	return q.PassContext
}

// spawned reports whether a function runs beside the request, or after it: the request's context may have ended by then.
func spawned(path *trace.Path) bool {
	for _, call := range path.Calls {
		if call.Spawned || call.Deferred || call.Later {
			return true
		}
	}
	return false
}
