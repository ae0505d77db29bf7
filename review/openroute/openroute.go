// Package openroute finds routes that write and ask nobody who they are, among siblings that do.
package openroute

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed open-route.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "open-route", Severity: rule.High, CWE: "CWE-306", OWASP: "API2:2023", Document: document, Find: find}

// enough is the share of writing routes that ask who is calling, from which on one that does not is an exception.
const enough = 0.6

func find(f *facts.Facts) []rule.Finding {
	var writing, open []*facts.Route
	for _, r := range f.Routes {
		if r.Kind != "http" || !r.Writes() || r.Handler.Aside == "test" {
			continue
		}
		writing = append(writing, r)
		if !r.Guarded() && !r.Checks {
			open = append(open, r)
		}
	}
	guarded := len(writing) - len(open)
	if guarded < 3 || float64(guarded) < enough*float64(len(writing)) {
		return nil // the guard stands elsewhere, or there is none at all
	}
	var out []rule.Finding
	for _, r := range open {
		if trace.Public(r) || !trace.Writes(r.Handler) {
			continue
		}
		out = append(out, rule.Finding{
			Pos: r.Pos, Confidence: rule.Likely,
			Message: fmt.Sprintf("route %s writes and asks nobody who they are, as %d of %d writing routes do", r, guarded, len(writing)),
			Evidence: []rule.Evidence{
				{Pos: r.Pos, What: "its middleware: " + names(r.Guards)},
				{Pos: r.Handler.Pos, What: r.Handler.Name + " looks at no caller either"},
			},
			Fix: "put it behind the middleware of its siblings",
		})
	}
	return out
}

func names(guards []facts.Guard) string {
	if len(guards) == 0 {
		return "none"
	}
	list := make([]string, 0, len(guards))
	for _, g := range guards {
		list = append(list, g.Name)
	}
	return strings.Join(list, ", ")
}
