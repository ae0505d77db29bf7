package missingowner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// A library may answer requests by the methods of repositories, one for each table: Read, Update and Delete of a key that the path names. Methods of one
// name are siblings there, of tables whose rows belong to those who call: the statements themselves mostly stand in what all repositories share, and say neither
// their table nor their conditions.

// byRepositories looks at the methods of repositories that find one row of a user and ask nothing, where most others of that name ask.
func (s *search) byRepositories() {
	var order []string
	groups := map[string][]*facts.Route{}
	for _, r := range s.facts.Routes {
		if r.Rows == "" || r.Handler == nil || r.Handler.Aside != "" || len(inPathOf(r)) == 0 || !r.Guarded() || s.ownerOf(r) == "" {
			continue
		}
		group := s.facts.Unit(r.Handler.Pos.File) + " " + r.Handler.Own
		if groups[group] == nil {
			order = append(order, group)
		}
		groups[group] = append(groups[group], r)
	}
	for _, group := range order {
		s.amongRepositories(groups[group])
	}
}

// ownerOf is the column that says whose a row is of the repository that answers a route; "" where there is none.
func (s *search) ownerOf(r *facts.Route) string {
	for _, name := range []string{r.Rows, r.Rows + "s"} {
		if t := s.table(name); t != nil && !people.MatchString(t.Name) && !session.MatchString(t.Name) {
			return s.maybeOwner(t.Name)
		}
	}
	return ""
}

func (s *search) amongRepositories(routes []*facts.Route) {
	var asking, open []*facts.Route
	for _, r := range routes {
		switch {
		case s.asksSurely(r.Handler, map[*facts.Function]bool{}, 0):
			asking = append(asking, r)
		case !s.tracer.ForOperators(r) && !trace.Permits(r):
			open = append(open, r)
		}
	}
	if len(asking) < 2 || float64(len(asking)) < enough*float64(len(asking)+len(open)) {
		return
	}
	for _, r := range open {
		column := s.ownerOf(r)
		severity := rule.Medium
		if r.Writes() {
			severity = rule.High
		}
		s.found = append(s.found, rule.Finding{
			Pos: r.Handler.Pos, Severity: severity, Confidence: rule.Likely,
			Message: fmt.Sprintf("route %s finds the row of %s by its key alone, whoever's it is: nothing compares %s with the caller, as %s does", r, r.Rows, column, asking[0].Handler.Name),
			Evidence: []rule.Evidence{
				{Pos: r.Pos, What: fmt.Sprintf("route %s is answered by %s, for whoever is signed in", r, r.Handler.Name)},
				{Pos: asking[0].Handler.Pos, What: fmt.Sprintf("%s asks, as %d of the %d methods of its name do whose rows belong to somebody", asking[0].Handler.Name, len(asking), len(asking)+len(open))},
			},
			Fix: fmt.Sprintf("%s = … in its condition, the caller's", strings.ToLower(column)),
		})
	}
}

// asksSurely reports whether a function asks whether its caller may, itself or some calls below: behind an interface, whichever method is called.
func (s *search) asksSurely(f *facts.Function, known map[*facts.Function]bool, depth int) bool {
	if asks, found := known[f]; found || depth > 6 {
		return asks
	}
	known[f] = s.asks(f)
	known[f] = known[f] || slices.ContainsFunc(f.Calls, func(call *facts.Call) bool {
		return len(call.Callees) > 0 && !slices.ContainsFunc(call.Callees, func(callee *facts.Function) bool { return !s.asksSurely(callee, known, depth+1) })
	})
	return known[f]
}
