// Package openroute finds routes that write and ask nobody who they are, among siblings that do.
package openroute

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

//go:embed open-route.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "open-route", Severity: rule.High, CWE: "CWE-306", OWASP: "API2:2023", Exposes: true, Document: document, Find: find}

// The shares of routes that ask who is calling, from which on one that does not is an exception: of those that write, and of all where
// few write.
const (
	enough    = 0.6
	nearlyAll = 0.8
)

// meantOpen are names of routers for those who are not signed in.
var meantOpen = regexp.MustCompile(`(?i)(public|unauth|no_?auth|anonym|guest)`)

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

// unit is the routes that the code of one module registers: what other modules of the same folder ask of their callers says nothing
// about it.
type unit struct {
	dir            string
	writing, every siblings
	open           []*facts.Route // those that write and ask nobody
	routes         []*facts.Route // all of them
}

func find(f *facts.Facts) []rule.Finding {
	var units []*unit
	placed := slices.ContainsFunc(f.Routes, func(r *facts.Route) bool { return r.Kind == "http" && !r.Unplaced })
	for _, r := range f.Routes {
		if r.Kind != "http" || r.Handler == nil || r.Handler.Aside == "test" || placed && r.Unplaced {
			continue
		}
		dir := f.Unit(r.Pos.File)
		at := slices.IndexFunc(units, func(u *unit) bool { return u.dir == dir })
		if at < 0 {
			at, units = len(units), append(units, &unit{dir: dir})
		}
		units[at].add(r)
	}
	var out []rule.Finding
	for _, u := range units {
		out = append(out, u.judge(len(units) > 1)...)
		out = append(out, u.judgeReads(f)...)
	}
	return out
}

func (u *unit) add(r *facts.Route) {
	u.routes = append(u.routes, r)
	asks := r.Guarded() || r.Checks
	if asks || !trace.Public(r) {
		u.every.add(asks)
	}
	if !r.Writes() {
		return
	}
	u.writing.add(asks)
	if !asks {
		u.open = append(u.open, r)
	}
}

// judge tells of the routes that are open; where the module is one of several, by its folder.
func (u *unit) judge(named bool) []rule.Finding {
	as := fmt.Sprintf("%d of %d writing routes", u.writing.guarded, u.writing.all)
	switch {
	case u.writing.ask(enough):
	case u.writing.all < 4 && u.every.ask(nearlyAll): // too few write to be compared with each other
		as = fmt.Sprintf("%d of %d routes", u.every.guarded, u.every.all)
	default:
		return nil // the guard stands elsewhere, or there is none at all
	}
	if named && u.dir != "." {
		as += " of " + u.dir
	}
	var out []rule.Finding
	for _, r := range u.open {
		if r.Open || trace.Public(r) || !trace.Writes(r.Handler) {
			continue
		}
		confidence := rule.Likely
		if meantOpen.MatchString(r.Router) {
			confidence = rule.Uncertain // it may stand there by mistake
		}
		out = append(out, rule.Finding{
			Pos: r.Pos, Confidence: confidence,
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
