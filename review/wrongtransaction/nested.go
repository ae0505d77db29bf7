package wrongtransaction

import (
	"fmt"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// nested tells of what begins another transaction while one is open: the second waits for a connection, and perhaps for locks, that the first
// holds, and the first waits for it.
func nested(tracer *trace.Tracer, function *facts.Function) []rule.Finding {
	var out []rule.Finding
	told := map[*facts.Function]bool{}
	for _, call := range function.Calls {
		open, begun := "the transaction "+function.Tx, rule.Evidence{Pos: function.Pos, What: function.Name + " is given the transaction " + function.Tx}
		switch {
		case call.InTx.Line > 0:
			open, begun = "a transaction", rule.Evidence{Pos: call.InTx, What: "a transaction begins"}
		case function.Tx == "":
			continue
		}
		if !surely(call) {
			continue
		}
		opener, way := opening(call, nil)
		if opener == nil || told[opener] {
			continue
		}
		told[opener] = true
		evidence := append(tracer.To(function).Evidence(), begun)
		for _, c := range way {
			evidence = append(evidence, trace.Called(c))
		}
		out = append(out, rule.Finding{
			Pos: call.Pos, Confidence: rule.Likely, Severity: rule.Medium,
			Message:  fmt.Sprintf("%s begins a transaction of its own while %s is open here: on a second connection, and apart from it", opener.Name, open),
			Evidence: append(evidence, rule.Evidence{Pos: opener.Begins, What: "another transaction begins"}),
			Fix:      "give it the open transaction, or do it before that begins",
		})
	}
	return out
}

// opening finds a function below a call that begins a transaction, and is given none.
func opening(call *facts.Call, above []*facts.Call) (*facts.Function, []*facts.Call) {
	callee, way := call.Callees[0], append(above, call)
	if callee.Tx != "" {
		return nil, nil
	}
	if callee.Begins.Line > 0 {
		return callee, way
	}
	if len(way) == deepest {
		return nil, nil
	}
	for _, next := range callee.Calls {
		if next.InTx.Line == 0 && surely(next) && next.Callees[0] != callee {
			if opener, way := opening(next, way[:len(way):len(way)]); opener != nil {
				return opener, way
			}
		}
	}
	return nil, nil
}
