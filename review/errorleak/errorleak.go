// Package errorleak finds answers that tell the client what went wrong inside.
package errorleak

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"

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
		if function.Aside == "test" || function.Aside == "command" {
			continue
		}
		path := tracer.To(function)
		confidence := rule.Certain
		if operatorsOnly(path) {
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

// operators are names of guards that let nobody in but who runs the service.
var operators = regexp.MustCompile(`(?i)(admin|superuser|operator|maintainer|root)(only|user|access|required|middleware)*$`)

// ofOne are names of guards that ask for an administrator of one thing, who may be any user.
var ofOne = regexp.MustCompile(`(?i)(repo|repository|project|org|organi[sz]ation|team|group|space|tenant|channel)_?(admin|operator|maintainer)`)

// operatorsOnly reports whether the way to an answer leads through a guard that lets nobody in but who runs the service: what failed
// inside is for them to mend.
func operatorsOnly(path *trace.Path) bool {
	return path != nil && slices.ContainsFunc(path.Route.Guards, func(g facts.Guard) bool {
		return g.Auth && operators.MatchString(g.Name) && !ofOne.MatchString(g.Name)
	})
}
