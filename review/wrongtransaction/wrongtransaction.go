// Package wrongtransaction finds statements that pass by the transaction in whose midst they stand.
package wrongtransaction

import (
	_ "embed"
	"fmt"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed wrong-transaction.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "wrong-transaction", Severity: rule.High, CWE: "CWE-662", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside == "test" {
			continue
		}
		for _, q := range function.Queries {
			if q.Handle.Other == "" || q.Library == "prepare" {
				continue
			}
			out = append(out, rule.Finding{
				Pos: q.Pos, Confidence: rule.Certain,
				Message: fmt.Sprintf("this statement goes through %s while the transaction %s is open, and is no part of it", q.Handle.Text, q.Handle.Other),
				Evidence: append(tracer.To(function).Evidence(),
					rule.Evidence{Pos: q.Handle.Begun, What: "transaction " + q.Handle.Other + " begins"},
					rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
				Fix: "send it through " + q.Handle.Other, Edits: q.ThroughTx,
			})
		}
	}
	return out
}
