package missingindex

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
	"github.com/fettlehq/fettle/schema"
)

// orders asks of each map of orders, one of which a client names for a list that has a limit, whether some index leads with what each sorts by: the
// whole table is sorted for the first few where none does. One finding for a table.
func (s *search) orders(f *facts.Function) {
	for _, sort := range f.Sorts {
		var from *facts.Function
		for _, list := range sort.Lists {
			path := s.tracer.To(list)
			if path == nil || s.seldom(list) > 0 || !slices.Contains(trace.Below(list), f) {
				continue
			}
			if from == nil || path.Route.Method == "GET" && s.tracer.To(from).Route.Method != "GET" {
				from = list
			}
		}
		if from != nil {
			s.order(from, sort, sort.Table)
		}
	}
	for _, q := range f.Queries {
		st := q.Statement
		if len(q.OneOf) == 0 || st == nil || st.Verb != facts.Select || q.One || st.Limit == "" || st.Aggregate || st.Grouped || len(st.Tables) != 1 {
			continue
		}
		table := s.table(st.Tables[0].Table)
		if table == nil || slices.ContainsFunc(st.Predicates, func(p facts.Predicate) bool {
			return !p.Optional && !p.Disjoint && p.Operator != "JOIN" && serves(table, p)
		}) {
			continue // few rows are sorted
		}
		if s.tracer.To(f) != nil && s.seldom(f) == 0 {
			for _, sort := range q.OneOf {
				s.order(f, sort, table.Name)
			}
		}
	}
}

// order tells of the orders of a map that no index of a table leads with.
func (s *search) order(from *facts.Function, sort facts.Sort, name string) {
	table := s.table(name)
	if table == nil || !indexed(table) || !s.tables.Grows(table.Name) {
		return
	}
	var open []facts.Order
	for _, o := range sort.Orders {
		column := columnOf(table, o.Columns[0])
		if column != nil && !holds(table, column.Name) {
			open = append(open, o)
		}
	}
	key := table.Name + " orders"
	if len(open) == 0 || s.seen[key] {
		return
	}
	s.seen[key] = true
	first := open[0]
	finding := rule.Finding{Pos: first.Pos, Confidence: rule.Likely, Severity: rule.Medium}
	finding.Message = fmt.Sprintf("no index of %s leads with %s, by which a list of it is sorted as %s", table.Name, first.Columns[0], first.Name)
	if len(open) > 1 {
		finding.Message += fmt.Sprintf(" (one of %d such orders)", len(open))
	}
	finding.Evidence = append(s.tracer.To(from).Evidence(), rule.Evidence{Pos: first.Pos, What: first.Name + " sorts by " + strings.Join(first.Columns, ", ")})
	if made := s.facts.Database.At[table.Name]; made.Line > 0 {
		finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: made, What: "the table has " + trace.Keys(table)})
	}
	columns := ofTable(table, first.Columns)
	finding.Fix = s.statement(table.Name, columns, columns)
	s.found = append(s.found, finding)
}

// holds reports whether some key or index holds a column: behind others it serves lists that are narrowed by these.
func holds(t *schema.Table, column string) bool {
	return slices.ContainsFunc(t.PrimaryKey, func(c string) bool { return strings.EqualFold(c, column) }) ||
		slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool {
			return slices.ContainsFunc(i.Parts, func(p schema.IndexPart) bool { return strings.EqualFold(p.Column, column) })
		})
}

// ofTable are the first of some columns, as many as are of a table.
func ofTable(table *schema.Table, columns []string) []string {
	if i := slices.IndexFunc(columns, func(c string) bool { return columnOf(table, c) == nil }); i >= 0 {
		columns = columns[:i]
	}
	return columns
}
