package missingguard

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// most is the share of what changes something in a part of the code that says which callers may, from which on what does not is an exception.
const most = 0.8

// unread finds routes that say which callers may, around which no guard stands that reads it, as stands around others that say so.
func unread(f *facts.Facts) []rule.Finding {
	var out []rule.Finding
	read := map[string]int{} // routes by the marks that a guard around them reads
	for _, r := range f.Routes {
		for _, m := range r.Marks {
			if !m.Unread && len(m.Readers) > 0 {
				read[m.Name]++
			}
		}
	}
	for _, r := range f.Routes {
		for _, m := range r.Marks {
			if !m.Unread || r.Handler == nil || read[m.Name] < 2 {
				continue
			}
			out = append(out, rule.Finding{
				Pos: r.Handler.Pos, Confidence: rule.Likely, Severity: rule.High,
				Message: fmt.Sprintf("%s says by %s which callers may, and no guard around it reads that: everybody may", r.Handler.Name, m.Name),
				Evidence: []rule.Evidence{
					{Pos: r.Pos, What: fmt.Sprintf("route %s is handled by %s, behind %s", r, r.Handler.Name, guardNames(r))},
					{Pos: m.Pos, What: m.Name + " is read by " + strings.Join(m.Readers, " or ")},
				},
				Fix: "put " + m.Readers[0] + " around it",
			})
			break
		}
	}
	return out
}

// unmarked finds what changes something and does not say which callers may, where nearly all that stands beside it does.
func unmarked(f *facts.Facts, told []rule.Finding) []rule.Finding {
	tracer, seen := trace.New(f), toldOf(f, told)
	type group struct {
		marked, all int
		example     *facts.Route
	}
	groups := map[string]*group{}
	name := func(r *facts.Route) string {
		if r.Handler == nil || r.Handler.Aside != "" || r.Kind == "graphql" && !strings.HasPrefix(r.Path, "Mutation.") || r.Kind == "http" && !r.Writes() || r.Kind != "graphql" && r.Kind != "http" {
			return ""
		}
		return r.Kind + " " + f.Unit(r.Handler.Pos.File)
	}
	for _, r := range f.Routes {
		of := name(r)
		if of == "" {
			continue
		}
		if groups[of] == nil {
			groups[of] = &group{}
		}
		g := groups[of]
		g.all++
		if len(r.Marks) > 0 {
			g.marked++
			g.example = r
		}
	}
	var out []rule.Finding
	for _, r := range f.Routes {
		g := groups[name(r)]
		if g == nil || g.marked < 5 || float64(g.marked) < most*float64(g.all) || len(r.Marks) > 0 || seen[r.Handler] || !r.Guarded() || trace.Public(r) || trace.Permits(r) || tracer.ForOperators(r) || asks(r) || len(r.Handler.Params) == 0 {
			continue
		}
		seen[r.Handler] = true
		out = append(out, rule.Finding{
			Pos: r.Handler.Pos, Confidence: rule.Likely, Severity: rule.Medium,
			Message: fmt.Sprintf("%s does not say which callers may, as %d of %d beside it do", r.Handler.Name, g.marked, g.all),
			Evidence: []rule.Evidence{
				{Pos: r.Pos, What: fmt.Sprintf("route %s is handled by %s, behind %s", r, r.Handler.Name, guardNames(r))},
				{Pos: g.example.Marks[0].Pos, What: fmt.Sprintf("%s says so by %s", g.example.Handler.Name, g.example.Marks[0].Name)},
			},
			Fix: "say which callers may, as the others do by " + g.example.Marks[0].Name,
		})
	}
	return out
}
