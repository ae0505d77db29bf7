// Package swallowederror finds failures of the database that nobody looks at.
package swallowederror

import (
	_ "embed"
	"fmt"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed swallowed-error.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "swallowed-error", Severity: rule.Medium, CWE: "CWE-252", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside != "" {
			continue
		}
		for _, q := range function.Queries {
			if !q.ErrorLost || q.Statement == nil || !q.Statement.Write() || q.Place.ErrorPath || len(q.Statement.Tables) == 0 {
				continue
			}
			out = append(out, rule.Finding{
				Pos: q.Pos, Confidence: rule.Certain,
				Message:  fmt.Sprintf("nobody looks at whether this %s of %s failed", q.Statement.Verb, q.Statement.Tables[0].Table),
				Evidence: append(tracer.To(function).Evidence(), rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
				Fix:      "look at the error, and give it to the caller",
			})
		}
		for _, r := range function.Resources {
			if r.Unread {
				out = append(out, rule.Finding{
					Pos: r.Pos, Confidence: rule.Certain,
					Message:  fmt.Sprintf("%s is gone through and %s.Err is not asked: a connection that breaks looks like the end", r.Name, r.Name),
					Evidence: append(tracer.To(function).Evidence(), rule.Evidence{Pos: r.Pos, What: function.Name + " goes through " + r.Name}),
					Fix:      fmt.Sprintf("if err := %s.Err(); err != nil { … } behind the loop", r.Name),
					Edits:    r.Mend,
				})
			}
		}
	}
	return out
}
