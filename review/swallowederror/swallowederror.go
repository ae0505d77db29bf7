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
	told := map[string]int{} // where in out the reads of a file are told
	for _, function := range f.Functions {
		if function.Aside != "" {
			continue
		}
		for _, q := range function.Queries {
			if finding, is := unseen(tracer, q); is {
				if first, found := told[q.Pos.File]; found { // one habit
					out[first].Evidence = append(out[first].Evidence, finding.Evidence[len(finding.Evidence)-1])
				} else {
					told[q.Pos.File] = len(out)
					out = append(out, finding)
				}
				continue
			}
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
		for _, u := range function.Unsent {
			out = append(out, rule.Finding{
				Pos: u.Pos, Severity: rule.High, Confidence: rule.Certain,
				Message:  fmt.Sprintf("this statement is never sent: %s", u.Why),
				Evidence: append(tracer.To(function).Evidence(), rule.Evidence{Pos: u.Pos, What: u.Text}),
				Fix:      "wait for it: await …, with execute() behind a builder's chain",
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

// unseen tells of a row that a request asks for, where a failure looks as if there were none.
func unseen(tracer *trace.Tracer, q *facts.Query) (rule.Finding, bool) {
	if !q.ErrorLost || !q.One || q.Statement == nil || q.Statement.Verb != facts.Select || q.Place.ErrorPath || len(q.Statement.Tables) == 0 {
		return rule.Finding{}, false
	}
	path := tracer.To(q.From)
	if path == nil {
		return rule.Finding{}, false
	}
	return rule.Finding{
		Pos: q.Pos, Severity: rule.Low, Confidence: rule.Certain,
		Message:  fmt.Sprintf("nobody looks at whether this %s of %s failed: a database that does not answer looks like a row that is not there", q.Statement.Verb, q.Statement.Tables[0].Table),
		Evidence: append(path.Evidence(), rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
		Fix:      "look at the error: one of its own says that there is no row, any other goes to the caller",
	}, true
}
