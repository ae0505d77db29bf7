// Package openroute finds routes that write and ask nobody who they are, among siblings that do.
package openroute

import (
	_ "embed"
	"fmt"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
)

//go:embed open-route.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "open-route", Severity: rule.High, CWE: "CWE-306", OWASP: "API2:2023", Document: document, Find: find}

// enough is the share of writing routes that ask who is calling, from which on one that does not is an exception.
const enough = 0.6

// public are paths that are open by their nature.
var public = regexp.MustCompile(`(?i)(login|logout|sign-?in|sign-?up|signout|register|registration|password|reset|forgot|verify|confirm|activate|oauth|oidc|sso|token|refresh|callback|webhook|hook|health|ready|live|metrics|ping|status|captcha|unsubscribe|subscri|invite|public|graphql|setup|install|debug|session|auth|feedback|contact|bounce|csp)`)

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
		if public.MatchString(r.Path) || public.MatchString(r.Handler.Name) || !writes(r.Handler, 0, map[*facts.Function]bool{}) {
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

// writes reports whether a function changes rows, itself or in what it calls.
func writes(f *facts.Function, depth int, seen map[*facts.Function]bool) bool {
	if seen[f] || depth > 6 {
		return false
	}
	seen[f] = true
	for _, q := range f.Queries {
		if q.Statement != nil && q.Statement.Write() {
			return true
		}
	}
	for _, call := range f.Calls {
		for _, callee := range call.Callees {
			if writes(callee, depth+1, seen) {
				return true
			}
		}
	}
	return false
}
