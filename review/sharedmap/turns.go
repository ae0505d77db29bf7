package sharedmap

import (
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// turns finds a loop each turn of which has a goroutine that leads to a write of a map: of the same value, where a field holds the map.
func turns(tracer *trace.Tracer, function *facts.Function, w *facts.SharedWrite) (rule.Finding, bool) {
	type step struct {
		function *facts.Function
		spawned  bool
		each     bool // by goroutines of a loop that have one value
		calls    []*facts.Call
	}
	seen := map[*facts.Function]bool{function: true}
	for queue := []step{{function, false, false, nil}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, call := range at.function.Callers {
			literal := at.function.Outer != nil && at.function.Outer == call.From
			if call.From.Aside != "" || call.From.LocksAny || w.Field && !literal && !call.Self && !call.Each || call.Handed && !call.Spawned {
				continue
			}
			calls := append([]*facts.Call{call}, at.calls...)
			spawned, each := at.spawned || call.Spawned, at.each || call.Each
			if spawned && manyTurns(call.Loop, each) && (each || !slices.Contains(w.MadeIn, call.From)) {
				loop := call.Loop
				return ofTurns(tracer, function, w, loop, calls), true
			}
			if !seen[call.From] && len(calls) < 5 {
				seen[call.From] = true
				queue = append(queue, step{call.From, spawned, each, calls})
			}
		}
	}
	return rule.Finding{}, false
}

// manyTurns reports whether the turns of a loop are several that run beside each other. One that counts is where its goroutines are known to have one
// value: it starts workers.
func manyTurns(loop *facts.Loop, each bool) bool {
	return loop != nil && (loop.Kind == facts.OverItems || loop.Kind == facts.OverRows || each && (loop.Kind == facts.OverCondition || loop.Kind == facts.OverConstant))
}

// ofTurns tells of a map that the goroutines of a loop write.
func ofTurns(tracer *trace.Tracer, function *facts.Function, w *facts.SharedWrite, loop *facts.Loop, calls []*facts.Call) rule.Finding {
	evidence := append(tracer.To(calls[0].From).Evidence(), rule.Evidence{Pos: loop.Pos, What: "a loop over " + loop.Over + ", whose turns do not wait for each other"})
	for _, call := range calls {
		evidence = append(evidence, trace.Called(call))
	}
	return rule.Finding{
		Pos: w.Pos, Confidence: rule.Likely, Message: fmt.Sprintf("goroutines of a loop write the map %s at once, by %s, without a lock", w.Name, function.Name),
		Evidence: append(evidence, rule.Evidence{Pos: w.Pos, What: "writes " + w.Name + " while the others do"}),
		Fix:      "guard it with a sync.Mutex at every use, or make it a sync.Map",
	}
}
