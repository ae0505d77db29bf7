package nplusone

import (
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// hook looks whether a query is sent for each row that a mapper reads, by a method that it calls with one row after the other, where many
// rows of that table are read at once.
func (s *search) hook(q *facts.Query, f *facts.Function, needs map[int]bool, calls []*facts.Call) {
	if f.RowOf == "" || !needs[-1] || seldom(q, calls) {
		return
	}
	list := s.listOf(f.RowOf)
	if list == nil {
		return
	}
	evidence := append(s.tracer.To(list.From).Evidence(), rule.Evidence{Pos: list.Pos, What: trace.Query(list)},
		rule.Evidence{Pos: f.Pos, What: f.Name + " is called for each row that is read"})
	for _, call := range calls {
		evidence = append(evidence, trace.Called(call))
	}
	s.found = append(s.found, rule.Finding{
		Pos: q.Pos, Confidence: rule.Likely, Severity: s.severity(),
		Message:  fmt.Sprintf("%s asks the database once for each row of %s that is read", f.Name, f.RowOf),
		Evidence: append(evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)}),
		Fix:      "read it for all rows of a list at once, where the list is read",
	})
}

// listOf is a query by which a mapper reads many rows of a table, for a route where one is known to, nil for none that is shown to read many.
func (s *search) listOf(table string) *facts.Query {
	var found *facts.Query
	for _, f := range s.lists {
		if f.Aside != "" || s.operated(f) {
			continue
		}
		for _, q := range f.Queries {
			st := q.Statement
			if st == nil || q.One || st.Aggregate || len(st.Tables) == 0 || !strings.EqualFold(st.Tables[0].Table, table) || q.Library != "gorm" && q.Library != "xorm" {
				continue
			}
			if s.rows(st, f) == "" {
				continue
			}
			if s.tracer.To(f) != nil {
				return q
			}
			if found == nil {
				found = q
			}
		}
	}
	return found
}
