// Package errorleak finds answers that tell the client what went wrong inside.
package errorleak

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed error-leak.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "error-leak", Severity: rule.Medium, CWE: "CWE-209", OWASP: "API8:2023", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	tracer := trace.New(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "command" || function.Aside == "generated" {
			continue
		}
		path := tracer.To(function)
		confidence := rule.Certain
		if path != nil && (tracer.Ways(function).Operators() || tries(path.Route)) {
			confidence = rule.Uncertain
		}
		for _, e := range function.Effects {
			if e.Kind != "response" {
				continue
			}
			out = append(out, rule.Finding{
				Pos: e.Pos, Confidence: confidence, Message: fmt.Sprintf("the client is told %s of a failure inside", e.Note),
				Evidence: append(path.Evidence(), rule.Evidence{Pos: e.Pos, What: e.Name + " with a status of 500 or above"}),
				Fix:      "log the error with the request's id, and answer with http.StatusText",
			})
		}
	}
	return out
}

// tries reports whether a route is there to try something for its caller, who wants to read how it failed.
func tries(r *facts.Route) bool {
	last := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	return last == "test" || last == "check" || last == "try" || last == "validate"
}
