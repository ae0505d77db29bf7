package missingowner

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// Whose a row is can also be asked in memory: the handler finds it by its key and compares its user with the caller. Routes of one row, which are
// those with the same path up to its key, show by most of them that this is asked.

var throughKey = regexp.MustCompile(`^[^{]*\{\w+\}`)

// enough is the share of the routes of one row whose handlers ask whose it is, from which on one that does not is an exception.
const enough = 0.6

// bySiblings looks at routes that write beside others of the same row.
func (s *search) bySiblings() {
	var order []string
	groups := map[string][]*facts.Route{}
	for _, r := range s.facts.Routes {
		prefix := throughKey.FindString(r.Path)
		if prefix == "" || r.Kind != "http" || r.Handler == nil || r.Handler.Aside == "test" {
			continue
		}
		group := s.facts.Unit(r.Handler.Pos.File) + " " + prefix
		if groups[group] == nil {
			order = append(order, group)
		}
		groups[group] = append(groups[group], r)
	}
	for _, group := range order {
		s.amongSiblings(groups[group])
	}
}

func (s *search) amongSiblings(routes []*facts.Route) {
	asking, others := map[string][]*facts.Route{}, map[string][]*facts.Route{} // by table and column
	seen := map[string]bool{}
	for _, r := range routes {
		for _, q := range s.rowsOf(r.Handler) {
			table := q.Statement.Tables[0].Table
			column := s.maybeOwner(table)
			name := strings.ToLower(table) + " " + column
			if column == "" || people.MatchString(table) || seen[name+" "+r.Handler.Name] {
				continue
			}
			seen[name+" "+r.Handler.Name] = true
			switch {
			case equates(r, column):
				asking[name] = append(asking[name], r)
			case !slices.ContainsFunc(trace.Below(r.Handler), s.asks):
				others[name] = append(others[name], r)
			}
		}
	}
	for _, r := range routes {
		for _, q := range s.rowsOf(r.Handler) {
			table := q.Statement.Tables[0].Table
			column := s.maybeOwner(table)
			name := strings.ToLower(table) + " " + column
			peers, open := asking[name], others[name]
			if !slices.Contains(open, r) || len(peers) < 2 || float64(len(peers)) < enough*float64(len(peers)+len(open)) || !r.Writes() || !r.Guarded() ||
				s.tracer.ForOperators(r) || trace.Permits(r) || session.MatchString(table) || s.told(r) || s.guardedBeside(r, peers) {
				continue
			}
			s.found = append(s.found, rule.Finding{
				Pos: r.Handler.Pos, Severity: rule.High, Confidence: rule.Likely,
				Message: fmt.Sprintf("route %s finds the row of %s by its key alone, whoever's it is: nothing compares %s with the caller, as %s does", r, table, column, peers[0].Handler.Name),
				Evidence: []rule.Evidence{
					{Pos: r.Pos, What: fmt.Sprintf("route %s is handled by %s, for whoever is signed in", r, r.Handler.Name)},
					{Pos: q.Pos, What: trace.Query(q)},
					{Pos: peers[0].Handler.Pos, What: fmt.Sprintf("%s compares it, as %d of the %d handlers of such a row do", peers[0].Handler.Name, len(peers), len(peers)+len(open))},
				},
				Fix: fmt.Sprintf("compare %s with the caller before anything is changed", column),
			})
			break
		}
	}
}

// rowsOf are the queries by which a handler, or what it calls, finds one row by its key alone.
func (s *search) rowsOf(handler *facts.Function) []*facts.Query {
	var out []*facts.Query
	for _, f := range trace.Below(handler) {
		for _, q := range f.Queries {
			if q.Statement != nil && q.Statement.Verb == facts.Select && s.key(q) != nil {
				out = append(out, q)
			}
		}
	}
	return out
}

// equates reports whether a handler, or what it calls, compares a column with another value.
func equates(r *facts.Route, column string) bool {
	return slices.ContainsFunc(trace.Below(r.Handler), func(f *facts.Function) bool {
		return slices.ContainsFunc(f.Equates, func(name string) bool { return named(name, column) })
	})
}

// asks reports whether a function asks in any way whether its caller may: by a question, a comparison, or a statement.
func (s *search) asks(f *facts.Function) bool {
	return f.Permits || slices.ContainsFunc(f.Equates, ofPerson.MatchString) || slices.ContainsFunc(f.Narrows, ofPerson.MatchString) ||
		slices.ContainsFunc(f.Queries, func(q *facts.Query) bool { return q.Statement != nil && s.asksForOwner(q.Statement) })
}

// guardedBeside reports whether a guard of a route asks so, which none of the others has: behind what all have, they ask still.
func (s *search) guardedBeside(r *facts.Route, others []*facts.Route) bool {
	return slices.ContainsFunc(r.Guards, func(g facts.Guard) bool {
		shared := slices.ContainsFunc(others, func(other *facts.Route) bool {
			return slices.ContainsFunc(other.Guards, func(of facts.Guard) bool { return of.Name == g.Name })
		})
		return !shared && slices.ContainsFunc(g.Runs, func(run *facts.Function) bool { return slices.ContainsFunc(trace.Below(run), s.asks) })
	})
}

// told reports whether something was told of a route already.
func (s *search) told(r *facts.Route) bool {
	return slices.ContainsFunc(s.found, func(f rule.Finding) bool {
		return f.Confidence != rule.Uncertain && slices.ContainsFunc(f.Evidence, func(e rule.Evidence) bool { return e.Pos == r.Pos })
	})
}
