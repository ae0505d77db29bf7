package wrongtransaction

import (
	"fmt"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// beside tells of a call that goes through the store by which a transaction was begun, where a store that goes through the transaction is at hand
// and could do the same. What it asks is named where that is understood.
func beside(tracer *trace.Tracer, function *facts.Function, call *facts.Call) []rule.Finding {
	if call.Deferred || call.Spawned || call.Handed || call.Place.ErrorPath {
		return nil
	}
	evidence := append(tracer.To(function).Evidence(), rule.Evidence{Pos: call.Past.Begun, What: "transaction " + call.Past.Tx + " begins"})
	finding := rule.Finding{
		Pos: call.Pos, Confidence: rule.Likely, Severity: rule.Medium,
		Message: fmt.Sprintf("this call goes through %s while the transaction %s is open, and is no part of it", call.Past.Through, call.Past.Tx),
		Fix:     "do it through " + call.Past.Tx,
	}
	if q, way := below(call, nil); q != nil {
		does := "reads"
		if q.Statement != nil && q.Statement.Write() {
			does, finding.Severity = "writes", rule.High
		}
		for _, c := range way {
			evidence = append(evidence, trace.Called(c))
		}
		evidence = append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
		finding.Message = fmt.Sprintf("%s %s through %s while the transaction %s is open, and is no part of it", q.From.Name, does, call.Past.Through, call.Past.Tx)
	}
	finding.Evidence = evidence
	return []rule.Finding{finding}
}

// below finds a query of what a call leads to, a write before a read.
func below(call *facts.Call, above []*facts.Call) (*facts.Query, []*facts.Call) {
	way := append(above, call)
	var read *facts.Query
	var readBy []*facts.Call
	keep := func(q *facts.Query, by []*facts.Call) bool {
		if q == nil {
			return false
		}
		if read == nil {
			read, readBy = q, by
		}
		return q.Statement != nil && q.Statement.Write()
	}
	for _, callee := range call.Callees {
		if callee.Aside == "test" || call.Deferred {
			continue
		}
		for _, q := range callee.Queries {
			if q.Library != "prepare" && keep(q, way) {
				return q, way
			}
		}
		if len(way) == deepest {
			continue
		}
		for _, next := range callee.Calls {
			if next.Spawned {
				continue
			}
			if q, by := below(next, way[:len(way):len(way)]); keep(q, by) {
				return q, by
			}
		}
	}
	return read, readBy
}
