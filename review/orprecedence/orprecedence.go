// Package orprecedence finds conditions that an OR beside them lets pass.
package orprecedence

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed or-precedence.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "or-precedence", Severity: rule.High, CWE: "CWE-863", OWASP: "API1:2023", Exposes: true, Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "migration" {
			continue
		}
		for _, q := range function.Queries {
			if q.Statement == nil || q.Statement.Mixed == "" {
				continue
			}
			finding := rule.Finding{
				Pos: q.Pos, Confidence: rule.Likely, Severity: rule.Medium,
				Message:  fmt.Sprintf("the condition %s does not hold for all rows: an OR stands beside it, and AND binds closer", q.Statement.Mixed),
				Evidence: append(tracer.To(function).Evidence(), rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
				Fix:      "put the alternatives in one group of their own",
			}
			if narrows(q.Statement.Mixed) {
				finding.Severity = rule.High
			}
			out = append(out, finding)
		}
	}
	return out
}

// narrows reports whether a condition says which row, or whose.
func narrows(condition string) bool {
	lower := strings.ToLower(condition)
	for _, word := range []string{"id =", "id=", "_id", "owner", "tenant", "user"} {
		if strings.Contains(lower, word) {
			return true
		}
	}
	return false
}
