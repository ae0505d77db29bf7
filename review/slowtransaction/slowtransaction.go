// Package slowtransaction finds waiting for others while a transaction is open.
package slowtransaction

import (
	_ "embed"
	"fmt"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed slow-transaction.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "slow-transaction", Severity: rule.High, CWE: "CWE-833", Document: document, Find: find}

// deepest bounds how far below the transaction the waiting may be.
const deepest = 4

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	tell := func(at facts.Pos, begun facts.Pos, in *facts.Function, calls []*facts.Call, e *facts.Effect) {
		evidence := append(tracer.To(in).Evidence(), rule.Evidence{Pos: begun, What: "a transaction begins"})
		for _, call := range calls {
			evidence = append(evidence, trace.Called(call))
		}
		evidence = append(evidence, rule.Evidence{Pos: e.Pos, What: e.Name})
		out = append(out, rule.Finding{
			Pos: at, Confidence: rule.Certain, Message: fmt.Sprintf("%s waits for %s while a transaction is open", in.Name, waits[e.Kind]),
			Evidence: evidence, Fix: "do it before the transaction begins, or write it to an outbox table and do it after the commit",
		})
	}
	for _, function := range f.Functions {
		if function.Aside == "test" {
			continue
		}
		for _, e := range function.Effects {
			if e.InTx.Line > 0 && waits[e.Kind] != "" && !e.Deferred {
				tell(e.Pos, e.InTx, function, nil, e)
			}
		}
		for _, call := range function.Calls {
			if call.InTx.Line == 0 || call.Spawned || call.Deferred || len(call.Callees) != 1 {
				continue
			}
			if calls, e := below(call.Callees[0], nil, map[*facts.Function]bool{}); e != nil {
				tell(call.Pos, call.InTx, function, append([]*facts.Call{call}, calls...), e)
			}
		}
	}
	return out
}

// waits say what each effect waits for.
var waits = map[string]string{"http": "another service", "mail": "a mail server", "sleep": "time to pass"}

// below finds a waiting in a function or in those that it surely calls.
func below(f *facts.Function, calls []*facts.Call, seen map[*facts.Function]bool) ([]*facts.Call, *facts.Effect) {
	if seen[f] || len(calls) == deepest {
		return nil, nil
	}
	seen[f] = true
	for _, e := range f.Effects {
		if waits[e.Kind] != "" && !e.Place.ErrorPath && !e.Deferred {
			return calls, e
		}
	}
	for _, call := range f.Calls {
		if call.Spawned || call.Deferred || call.Handed || call.Place.ErrorPath || len(call.Callees) != 1 {
			continue
		}
		if found, e := below(call.Callees[0], append(calls[:len(calls):len(calls)], call), seen); e != nil {
			return found, e
		}
	}
	return nil, nil
}
