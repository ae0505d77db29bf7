package missingowner

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// A store may say by habit whose rows are asked for: nearly all of its statements of a table ask for the tenant, which its methods are given or its value
// holds. One that has the tenant at hand as well and leaves it out finds the rows of any tenant.

// habit is the share of a store's statements of a table that ask for the tenant, from which on one that does not is an exception.
const habit = 0.75

// stores are the statements that find rows of one table alone, by the store whose methods send them: a type, or a file where they are of none.
func (s *search) stores() (order []string, out map[string][]*facts.Query) {
	out = map[string][]*facts.Query{}
	for _, f := range s.facts.Functions {
		if f.Aside != "" && f.Aside != "generated" {
			continue
		}
		store := f.Package + " " + f.Of
		if f.Of == "" {
			store = f.Pos.File
		}
		for _, q := range f.Queries {
			st := q.Statement
			if st == nil || len(st.Tables) == 0 || st.Verb != facts.Select && st.Verb != facts.Update && st.Verb != facts.Delete {
				continue
			}
			name := store + " " + strings.ToLower(st.Tables[0].Table)
			if out[name] == nil {
				order = append(order, name)
			}
			out[name] = append(out[name], q)
		}
	}
	return order, out
}

// byHabit looks at statements of a store that leave out the tenant, for which nearly all others of the table ask.
func (s *search) byHabit() {
	order, stores := s.stores()
	for _, name := range order {
		var asking, open []*facts.Query
		for _, q := range stores[name] {
			if ofItsTenant(q) != nil {
				asking = append(asking, q)
			}
		}
		for _, q := range stores[name] {
			if !slices.ContainsFunc(asking, func(other *facts.Query) bool { return other.From == q.From }) && leavesOpen(q) {
				open = append(open, q)
			}
		}
		if len(asking) < 4 || float64(len(asking)) < habit*float64(len(asking)+len(open)) {
			continue
		}
		for _, q := range open {
			s.besideHabit(q, asking, len(open))
		}
	}
}

// ofItsTenant is the condition by which a statement asks for rows of one tenant, whom its function is given or the store's value holds; nil for none.
func ofItsTenant(q *facts.Query) *facts.Predicate {
	for i, p := range q.Statement.Predicates {
		if p.Operator == "=" && p.Arg != nil && !p.Disjoint && ofTenant.MatchString(p.Column) {
			return &q.Statement.Predicates[i]
		}
	}
	return nil
}

// leavesOpen reports whether a statement finds rows of one table by what its function is given, and by nothing that strangers do not know.
func leavesOpen(q *facts.Query) bool {
	st, given := q.Statement, false
	if st.Nested || len(q.Dynamic) > 0 || len(st.Tables) != 1 {
		return false
	}
	for _, p := range st.Predicates {
		if ofPerson.MatchString(p.Column) || secretColumn.MatchString(p.Column) {
			return false
		}
		if p.Arg != nil && p.Arg.Part {
			return false // what stands in a field of something was mostly read before
		}
		given = given || p.Arg != nil && (p.Arg.Has(facts.FromParam) || p.Arg.Has(facts.FromRequest))
	}
	return given
}

// besideHabit tells of a statement whose function has the tenant at hand and does not ask for him, on the way of a route on which nothing else does.
func (s *search) besideHabit(q *facts.Query, asking []*facts.Query, open int) {
	if !atHand(q.From, asking) {
		return
	}
	column := ofItsTenant(asking[0]).Column
	for _, start := range s.starts(q) {
		for _, route := range s.tracer.Routes(start) {
			if s.tracer.ForOperators(route) || s.askedBefore(start, asking) {
				continue
			}
			s.found = append(s.found, rule.Finding{
				Pos: q.Pos, Severity: rule.Medium, Confidence: rule.Likely,
				Message: fmt.Sprintf("%s finds rows of %s whatever %s they are of, which %d of the %d statements of its store ask for",
					q.From.Name, q.Statement.Tables[0].Table, column, len(asking), len(asking)+open),
				Evidence: []rule.Evidence{
					{Pos: route.Pos, What: fmt.Sprintf("route %s is handled by %s, which leads there", route, start.Name)},
					{Pos: q.Pos, What: trace.Query(q)},
					{Pos: asking[0].Pos, What: "what asks for it: " + trace.Query(asking[0])},
				},
				Fix: fmt.Sprintf("AND %s = …, as the others have it", column),
			})
			return
		}
	}
}

// askedBefore reports whether a handler finds a row of the table by its key and its tenant too: what it does to rows of one key may be done to that.
func (s *search) askedBefore(handler *facts.Function, asking []*facts.Query) bool {
	below := trace.Below(handler)
	return slices.ContainsFunc(asking, func(q *facts.Query) bool { return s.keyOf(q.Statement, "=") != nil && slices.Contains(below, q.From) })
}

// atHand reports whether a function has the tenant at hand where the statements have him that ask for him: in the value whose method it is, or in its context.
func atHand(f *facts.Function, asking []*facts.Query) bool {
	return slices.ContainsFunc(asking, func(q *facts.Query) bool {
		tenant := ofItsTenant(q).Arg
		return tenant.Has(facts.FromContext) && f.Context != "" || f.Of != "" && slices.ContainsFunc(tenant.Origins, func(o facts.Origin) bool {
			return o.Kind == facts.FromParam && o.Index == -1 && o.Function == q.From
		})
	})
}
