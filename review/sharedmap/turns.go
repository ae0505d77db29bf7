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
		calls    []*facts.Call
	}
	seen := map[*facts.Function]bool{function: true}
	for queue := []step{{function, false, nil}}; len(queue) > 0; queue = queue[1:] {
		at := queue[0]
		for _, call := range at.function.Callers {
			literal := at.function.Outer != nil && at.function.Outer == call.From
			if call.From.Aside != "" || call.From.LocksAny || w.Field && !literal && !call.Self || call.Handed && !call.Spawned {
				continue
			}
			calls := append([]*facts.Call{call}, at.calls...)
			spawned := at.spawned || call.Spawned
			if loop := call.Loop; spawned && loop != nil && (loop.Kind == facts.OverItems || loop.Kind == facts.OverRows) && !slices.Contains(w.MadeIn, call.From) {
				return ofTurns(tracer, function, w, loop, calls), true
			}
			if !seen[call.From] && len(calls) < 5 {
				seen[call.From] = true
				queue = append(queue, step{call.From, spawned, calls})
			}
		}
	}
	return rule.Finding{}, false
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
