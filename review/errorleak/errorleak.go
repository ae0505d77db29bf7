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
	habits := map[string]*habit{}
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
			if e.Kind == "failure" && path != nil && confidence != rule.Uncertain {
				unit := f.Unit(e.Pos.File)
				if habits[unit] == nil {
					habits[unit] = &habit{at: len(out)}
					out = append(out, ofProcedure(e, path))
				}
				habits[unit].places = append(habits[unit].places, e)
			}
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
	for _, h := range habits {
		h.tell(&out[h.at])
	}
	return out
}

// habit is what the procedures of a service do at many places: one finding, whose first place stands for all.
type habit struct {
	at     int // in the findings
	places []*facts.Effect
}

func ofProcedure(e *facts.Effect, path *trace.Path) rule.Finding {
	return rule.Finding{
		Pos: e.Pos, Confidence: rule.Likely,
		Evidence: append(path.Evidence(), rule.Evidence{Pos: e.Pos, What: e.Name + " with a code of a failure inside"}),
		Fix:      "log the error with the request's id, and answer with a text of the code's own; one interceptor can do so for all procedures",
	}
}

// tell says at how many places, and shows some of them.
func (h *habit) tell(found *rule.Finding) {
	const shown = 10
	found.Message = fmt.Sprintf("the client is told %s, which is what the database answered", h.places[0].Note)
	if n := len(h.places); n > 1 {
		found.Message += fmt.Sprintf(", here and at %d other places of procedures", n-1)
	}
	for _, e := range h.places[1:min(len(h.places), shown)] {
		found.Evidence = append(found.Evidence, rule.Evidence{Pos: e.Pos, What: "likewise: " + e.Name})
	}
}

// tries reports whether a route is there to try something for its caller, who wants to read how it failed.
func tries(r *facts.Route) bool {
	last := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	return last == "test" || last == "check" || last == "try" || last == "validate"
}
