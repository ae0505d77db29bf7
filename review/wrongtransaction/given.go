package wrongtransaction

import (
	"fmt"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// given tells of what a function that is given an open transaction sends through a pool, itself or in a function that it calls without it.
// Reading so takes a second connection while the first is held.
func given(tracer *trace.Tracer, function *facts.Function) []rule.Finding {
	if function.Tx == "" {
		return nil
	}
	var out []rule.Finding
	past := func(q *facts.Query, way []*facts.Call) bool {
		return q.Statement != nil && (q.Statement.Write() || q.Statement.Verb == facts.Select) && (q.Handle.Kind == "pool" || q.Handle.Held != nil && throughPool(q, way))
	}
	told := map[*facts.Query]bool{}
	tell := func(at facts.Pos, q *facts.Query, way []*facts.Call) {
		if told[q] {
			return
		}
		told[q] = true
		verb, severity := "reads", rule.Medium
		if q.Statement.Write() {
			verb, severity = "writes", rule.High
		}
		evidence := append(tracer.To(function).Evidence(), rule.Evidence{Pos: function.Pos, What: function.Name + " is given the transaction " + function.Tx})
		for _, call := range way {
			evidence = append(evidence, trace.Called(call))
		}
		out = append(out, rule.Finding{
			Pos: at, Confidence: rule.Likely, Severity: severity,
			Message:  fmt.Sprintf("%s %s through the pool while the transaction %s is open here: on a second connection, and apart from it", q.From.Name, verb, function.Tx),
			Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
			Fix:      "send it through " + function.Tx + ", or do it before the transaction begins",
		})
	}
	for _, q := range function.Queries {
		if q.Handle.Begun.Line == 0 && q.Handle.Kind == "pool" && !q.Place.ErrorPath && q.Library != "prepare" && past(q, nil) {
			tell(q.Pos, q, nil)
		}
	}
	for _, call := range function.Calls {
		if call.InTx.Line > 0 || !surely(call) || call.Callees[0].Tx != "" {
			continue
		}
		if q, way := passing(call, nil, past); q != nil {
			tell(call.Pos, q, way)
		}
	}
	return out
}
