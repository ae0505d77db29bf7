// Package secret finds what lets somebody in, written into the code.
package secret

import (
	_ "embed"
	"fmt"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
)

//go:embed secret-in-code.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "secret-in-code", Severity: rule.High, CWE: "CWE-798", OWASP: "A07:2021", Exposes: true, Lies: true, Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	var out []rule.Finding
	for _, s := range f.Secrets {
		out = append(out, rule.Finding{
			Pos: s.Pos, Confidence: rule.Likely, Message: fmt.Sprintf("this text has the form of a secret: %s", s.Kind),
			Evidence: []rule.Evidence{{Pos: s.Pos, What: "a constant of the code"}},
			Fix:      "make it void where it was issued, and read its successor from the environment or a keeper of secrets",
		})
	}
	return out
}
