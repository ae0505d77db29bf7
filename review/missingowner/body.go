package missingowner

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// The path may name whose the rows are, and the body which they are: POST /projects/{project}/tasks/delete with a list of ids. What the path says
// is asked of another row than that which the body names, so that a path alone proves less here than one that names both: another statement of
// the table must look for a row by its key and its parent.

// byBody looks at rows that a body, a form or what stands behind the question mark names, below a path that names a parent. It reports whether it
// told of it.
func (s *search) byBody(q *facts.Query, key *facts.Predicate) bool {
	table := q.Statement.Tables[0].Table
	if session.MatchString(table) {
		return false
	}
	for _, source := range s.tracer.Sent(q.From, *key.Arg) {
		start := s.from(q, source)
		for _, route := range s.tracer.Routes(start) {
			names := inPathOf(route)
			if source.Origin.Name == "the request" || slices.Contains(names, source.Origin.Name) || s.tracer.ForOperators(route) {
				continue
			}
			for _, parent := range names {
				column := s.parentColumn(table, parent)
				if column == "" || strings.EqualFold(column, key.Column) || s.scoped(q, start, parent, column) {
					continue
				}
				if sibling := s.narrowed(q, column); sibling != nil {
					s.tell(q, source, route, parent, column)
					told := &s.found[len(s.found)-1]
					told.Evidence = append(told.Evidence, rule.Evidence{Pos: sibling.Pos, What: "what compares it: " + trace.Query(sibling)})
					return true
				}
			}
		}
	}
	return false
}

// inPathOf are the parameters of a route's path, in their order.
func inPathOf(r *facts.Route) []string {
	var out []string
	for _, m := range pathParam.FindAllStringSubmatch(r.Path, -1) {
		out = append(out, m[1])
	}
	return out
}

// narrowed is another statement of a query's table, on the way of a route, that finds rows by their key and by a column; nil where there is none.
func (s *search) narrowed(q *facts.Query, column string) *facts.Query {
	for _, other := range s.ofTable[strings.ToLower(q.Statement.Tables[0].Table)] {
		if other != q && s.named(other) != nil && compares(other.Statement, column) && s.tracer.To(other.From) != nil {
			return other
		}
	}
	return nil
}
