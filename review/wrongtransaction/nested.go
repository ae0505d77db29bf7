package wrongtransaction

import (
	"fmt"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// nested tells of what begins another transaction while one is open: the second waits for a connection, and perhaps for locks, that the first
// holds, and the first waits for it. Each is told once, with the other places that come to it so.
func nested(tracer *trace.Tracer, f *facts.Facts) []rule.Finding {
	var out []rule.Finding
	told, also := map[*facts.Function]int{}, map[*facts.Function]int{}
	for _, function := range f.Functions {
		if function.Aside == "test" {
			continue
		}
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
			if opener == nil {
				continue
			}
			if i, found := told[opener]; found {
				if also[opener]++; also[opener] <= mostPlaces {
					out[i].Evidence = append(out[i].Evidence, rule.Evidence{Pos: call.Pos, What: "and so it does from " + function.Name})
				}
				continue
			}
			told[opener] = len(out)
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
	}
	return out
}

// mostPlaces bounds how many further places a finding names.
const mostPlaces = 4

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
