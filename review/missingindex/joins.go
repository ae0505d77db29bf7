package missingindex

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/schema"
)

// first is a statement as the first of its tables sees it: without those that are joined to it, and without queries within columns and beside
// them. It is nil where the database may begin with another table, so that no index of the first has to lead: by a condition on another that
// an index serves, with a table of few rows, or with one on whose rows those of the first hang by a column that has an index.
func (s *search) first(st *facts.Statement) *facts.Statement {
	if st.Verb != facts.Select || st.Nested && !st.Covered || len(st.Tables) == 0 {
		return nil
	}
	var uses []facts.TableUse
	tables, outer := map[string]*schema.Table{}, map[string]bool{}
	for _, use := range st.Tables {
		if use.Join == "within" {
			continue
		}
		table, name := s.table(use.Table), strings.ToLower(use.Table)
		if table == nil || !indexed(table) || tables[name] != nil || use.Join == "right" || use.Join == "full" || len(uses) > 0 && use.Join == "" && !s.tables.Grows(name) {
			return nil
		}
		uses, tables[name], outer[name] = append(uses, use), table, use.Join != ""
	}
	if len(uses) == 0 {
		return nil
	}
	lead := strings.ToLower(uses[0].Table)
	out := *st
	out.Tables, out.Predicates, out.Order, out.Nested = uses[:1], nil, nil, false
	for _, p := range st.Predicates {
		if p.Operator == "JOIN" {
			left, right := whose(tables, p.Table, p.Column), whose(tables, p.JoinTable, p.JoinColumn)
			if left == lead && !outer[right] && found(tables[lead], p.Column) || right == lead && !outer[left] && found(tables[lead], p.JoinColumn) {
				return nil
			}
			continue
		}
		name := whose(tables, p.Table, p.Column)
		if name == "" || p.Disjoint && !p.Optional || serves(tables[name], p) {
			return nil
		}
		if name == lead && (p.Arg != nil || p.Literal != "") { // and not what another query finds
			out.Predicates = append(out.Predicates, p)
		}
	}
	if !slices.ContainsFunc(st.Order, func(o facts.OrderPart) bool { return whose(tables, o.Table, o.Column) != lead }) {
		out.Order = st.Order
	}
	return &out
}

// found reports whether several rows of a table are found by a column, as those that hang on a row of another: that one may have fewer rows.
func found(t *schema.Table, column string) bool {
	return serves(t, facts.Predicate{Column: column, Operator: "="}) && !t.Unique([]string{column})
}

// whose is which of some tables has a column, "" where that is not known.
func whose(tables map[string]*schema.Table, said, column string) string {
	if said = strings.ToLower(said); said != "" {
		if tables[said] == nil {
			return ""
		}
		return said
	}
	for name, table := range tables {
		if columnOf(table, column) != nil {
			if said != "" {
				return "" // the database would not know either
			}
			said = name
		}
	}
	return said
}
