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
	procedures, answers, through, retold, back := map[string]*habit{}, map[string]*habit{}, map[string]*habit{}, map[string]*habit{}, map[string]*habit{}
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
			switch {
			case e.Kind == "failure" && path != nil && confidence != rule.Uncertain:
				noted(procedures, f.Unit(e.Pos.File), e, ofProcedure(e, path))
			case e.Kind == "told back" && path != nil && confidence != rule.Uncertain:
				noted(back, fmt.Sprint(e.Through), e, rule.Finding{Confidence: rule.Likely})
			case e.Kind == "response":
				habits, of := answers, e.Pos.File
				switch {
				case e.Retold:
					habits, of = retold, fmt.Sprint(e.Through)
				case e.Through.Line > 0:
					habits, of = through, fmt.Sprint(e.Through)
				}
				noted(habits, of+" "+string(confidence), e, rule.Finding{
					Pos: e.Pos, Confidence: confidence, Message: fmt.Sprintf("the client is told %s of a failure inside", e.Note),
					Evidence: append(path.Evidence(), rule.Evidence{Pos: e.Pos, What: e.Name + " with a status of 500 or above"}),
					Fix:      "log the error with the request's id, and answer with a text of the code's own",
				})
			}
		}
	}
	for _, h := range procedures {
		out = append(out, h.ofService())
	}
	for _, h := range answers {
		out = append(out, h.ofMany("of the file")...)
	}
	for _, h := range through {
		out = append(out, h.ofMany("that answer by the same function")...)
	}
	for _, h := range retold {
		out = append(out, h.ofAnswerer())
	}
	for _, h := range back {
		out = append(out, h.ofServer())
	}
	return out
}

// habit is what a service, or a file, does at several places.
type habit struct {
	places []*facts.Effect
	found  []rule.Finding // one for each place
}

func noted(habits map[string]*habit, of string, e *facts.Effect, finding rule.Finding) {
	if habits[of] == nil {
		habits[of] = &habit{}
	}
	h := habits[of]
	h.places, h.found = append(h.places, e), append(h.found, finding)
}

func ofProcedure(e *facts.Effect, path *trace.Path) rule.Finding {
	return rule.Finding{
		Pos: e.Pos, Confidence: rule.Likely,
		Evidence: append(path.Evidence(), rule.Evidence{Pos: e.Pos, What: e.Name + " with a code of a failure inside"}),
		Fix:      "log the error with the request's id, and answer with a text of the code's own; one interceptor can do so for all procedures",
	}
}

// ofService is one finding for all procedures of a service, at the first place: it says at how many, and shows some of them.
func (h *habit) ofService() rule.Finding {
	const shown = 10
	found := h.found[0]
	found.Message = fmt.Sprintf("the client is told %s, which is what the database answered", h.places[0].Note)
	if n := len(h.places); n > 1 {
		found.Message += fmt.Sprintf(", here and at %d other places of procedures", n-1)
	}
	for _, e := range h.places[1:min(len(h.places), shown)] {
		found.Evidence = append(found.Evidence, rule.Evidence{Pos: e.Pos, What: "likewise: " + e.Name})
	}
	return found
}

// ofMany are the findings of a file, or of what is said to a function that answers: each place by itself where they are few, else one for all, at the first.
// Whoever mends it does so in what all of them call.
func (h *habit) ofMany(where string) []rule.Finding {
	const few = 5
	if len(h.places) <= few {
		return h.found
	}
	found := h.found[0]
	found.Message += fmt.Sprintf(", here and at %d other places %s", len(h.places)-1, where)
	found.Fix = "let the handlers hand their errors to one function, which logs them with the request's id and answers with a text of the code's own"
	for _, e := range h.places[1:] {
		found.Evidence = append(found.Evidence, rule.Evidence{Pos: e.Pos, What: "likewise: " + e.Name})
	}
	return []rule.Finding{found}
}

// ofAnswerer is one finding at the function that answers with the text of each error that it is given: it is the one to mend.
func (h *habit) ofAnswerer() rule.Finding {
	of := fmt.Sprintf("failures inside at %d places", len(h.places))
	if len(h.places) == 1 {
		of = "a failure inside at one place"
	}
	found := h.through("likewise: ", h.places[1:min(len(h.places), shown)])
	found.Message = "the client is told the text of each error that this function is given, of " + of
	found.Fix = "log the error here with the request's id, and answer with a text of the code's own"
	return found
}

// ofServer is one finding where a server is made whose library answers with the text of each error that a handler gives back.
func (h *habit) ofServer() rule.Finding {
	at := fmt.Sprintf("%d places", len(h.places))
	if len(h.places) == 1 {
		at = "one place"
	}
	found := h.through("gives back ", h.places[:min(len(h.places), shown)])
	found.Message = "the client is told the text of each error that a handler gives back to this server, at " + at + " of what the database answered"
	found.Fix = "say what is shown where the server is made (gqlgen: SetErrorPresenter, huma: NewErrorWithContext): log the error with the request's id, and answer with a text of the code's own"
	return found
}

// shown is how many places a finding names that stands for all of them.
const shown = 10

// through is a finding at what the places of a habit go through, which names some of them.
func (h *habit) through(said string, places []*facts.Effect) rule.Finding {
	found := h.found[0]
	found.Pos = h.places[0].Through
	for _, e := range places {
		found.Evidence = append(found.Evidence, rule.Evidence{Pos: e.Pos, What: said + e.Name})
	}
	return found
}

// tries reports whether a route is there to try something for its caller, who wants to read how it failed.
func tries(r *facts.Route) bool {
	last := r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	return last == "test" || last == "check" || last == "try" || last == "validate"
}
