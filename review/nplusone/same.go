package nplusone

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// same looks for loops, of what a request leads to, in each turn of which the same is asked, as nothing of the question changes with the turns:
// what the first turn was answered could be kept.
func (s *search) same(q *facts.Query) {
	st := q.Statement
	if st == nil || st.Verb != facts.Select || len(st.Tables) == 0 || st.Locks || q.Place.ErrorPath || q.Place.Kept || q.Place.Branch || q.Loop != nil || q.From.Aside != "" || len(q.Dynamic) > 0 ||
		!slices.ContainsFunc(st.Predicates, func(p facts.Predicate) bool { return p.Arg != nil }) {
		return
	}
	if changes(arguments(q)) {
		return
	}
	type step struct {
		function *facts.Function
		needs    map[int]bool
		below    []*facts.Call
	}
	passed := map[*facts.Function]bool{q.From: true}
	queue := []step{{q.From, params(arguments(q), q.From), nil}}
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		for _, call := range at.function.Callers {
			if call.From.Aside != "" || call.Place.ErrorPath || call.Place.Kept || call.Deferred || call.Handed || call.Spawned || at.function.Outer != nil || passed[call.From] {
				continue
			}
			values := given(call, at.needs)
			calls := append([]*facts.Call{call}, at.below...)
			if call.Loop != nil {
				if s.repeats(call.Loop, !changes(values)) != nil && !call.Place.EndsLoop && !call.Place.Branch {
					s.asksSame(q, call.Loop, calls)
				}
				continue
			}
			passed[call.From] = true
			if len(calls) < deepest && !changes(values) {
				queue = append(queue, step{call.From, params(values, call.From), calls})
			}
		}
	}
}

// changes reports whether some value may be another in each turn of a loop: it comes from an item, or from where nobody knows.
func changes(values []facts.Value) bool {
	return slices.ContainsFunc(values, func(v facts.Value) bool {
		return slices.ContainsFunc(v.Origins, func(o facts.Origin) bool {
			return o.Kind == facts.FromLoop || o.Kind == facts.FromUnknown || o.Kind == facts.FromQuery
		})
	})
}

// asksSame tells of a question that each turn of a loop repeats.
func (s *search) asksSame(q *facts.Query, loop *facts.Loop, calls []*facts.Call) {
	owner := calls[0].From
	path := s.tracer.To(owner)
	if path == nil || s.few(owner, loop) || s.operated(owner) || s.small(loop) || seldom(q, calls) {
		return
	}
	table := q.Statement.Tables[0].Table
	for _, call := range calls { // what a turn changes, the next one has to ask for anew
		if changesTable(call.From, table, 2) {
			return
		}
	}
	evidence := append(path.Evidence(), rule.Evidence{Pos: loop.Pos, What: "a loop, once for an item of " + loop.Over})
	for _, call := range calls {
		evidence = append(evidence, trace.Called(call))
	}
	s.tell(loop, rule.Finding{
		Pos: calls[0].Pos, Confidence: rule.Likely, Severity: rule.Medium,
		Message:  fmt.Sprintf("%s asks the database the same once for each of %s: nothing of the question changes with the turns", owner.Name, loop.Over),
		Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
		Fix:      "ask once before the loop and hand on what it answered, or keep it for as long as the request lasts",
	})
}

// changesTable reports whether a function changes rows of a table, itself or by what it calls.
func changesTable(f *facts.Function, table string, depth int) bool {
	if slices.ContainsFunc(f.Queries, func(q *facts.Query) bool {
		return q.Statement != nil && q.Statement.Write() && q.Statement.Uses(table)
	}) {
		return true
	}
	return depth > 0 && slices.ContainsFunc(f.Calls, func(c *facts.Call) bool {
		return slices.ContainsFunc(c.Callees, func(to *facts.Function) bool { return changesTable(to, table, depth-1) })
	})
}
