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

// The shares of routes that ask who is calling, from which on one that does not is an exception: of those that write, and of all where
// few write.
const (
	enough    = 0.6
	nearlyAll = 0.8
)

// siblings are routes of one kind, and how many of them ask who is calling.
type siblings struct{ guarded, all int }

func (s *siblings) add(asks bool) {
	s.all++
	if asks {
		s.guarded++
	}
}

func (s siblings) ask(share float64) bool {
	return s.guarded >= 3 && float64(s.guarded) >= share*float64(s.all)
}

func find(f *facts.Facts) []rule.Finding {
	var writing, every siblings
	var open []*facts.Route
	for _, r := range f.Routes {
		if r.Kind != "http" || r.Handler == nil || r.Handler.Aside == "test" {
			continue
		}
		asks := r.Guarded() || r.Checks
		if asks || !trace.Public(r) {
			every.add(asks)
		}
		if !r.Writes() {
			continue
		}
		writing.add(asks)
		if !asks {
			open = append(open, r)
		}
	}
	as := fmt.Sprintf("%d of %d writing routes", writing.guarded, writing.all)
	switch {
	case writing.ask(enough):
	case writing.all < 4 && every.ask(nearlyAll): // too few write to be compared with each other
		as = fmt.Sprintf("%d of %d routes", every.guarded, every.all)
	default:
		return nil // the guard stands elsewhere, or there is none at all
	}
	var out []rule.Finding
	for _, r := range open {
		if trace.Public(r) || !trace.Writes(r.Handler) {
			continue
		}
		out = append(out, rule.Finding{
			Pos: r.Pos, Confidence: rule.Likely,
			Message: fmt.Sprintf("route %s writes and asks nobody who they are, as %s do", r, as),
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
