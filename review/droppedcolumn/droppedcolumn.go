// Package droppedcolumn finds queries of columns and tables that the migrations have dropped.
package droppedcolumn

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
	"github.com/fettlehq/fettle/schema"
)

//go:embed dropped-column.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "dropped-column", Severity: rule.Critical, CWE: "CWE-628", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	if f.Database == nil {
		return nil
	}
	dropped := map[string]*facts.MigrationStatement{}
	for _, m := range f.Migrations {
		for _, s := range m.Statements {
			if s.Kind == "drop column" || s.Kind == "rename column" {
				dropped[strings.ToLower(s.Table+"."+s.Column)] = s
			}
		}
	}
	tracer := trace.New(f)
	var out []rule.Finding
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "migration" {
			continue
		}
		for _, q := range function.Queries {
			for _, use := range uses(q) {
				if s := dropped[strings.ToLower(use)]; s != nil && gone(f.Database.Schema, use) && !ofAnother(f.Database.Schema, q, use) && !elsewhere(q, use, s) && !runsBefore(q, s) {
					out = append(out, finding(tracer, q, use, s))
				}
			}
		}
	}
	return out
}

// uses are the columns that a query names, as table.column.
func uses(q *facts.Query) []string {
	st := q.Statement
	if st == nil || len(st.Tables) == 0 {
		return nil
	}
	var out []string
	add := func(table, column string) {
		if table != "" && column != "" && column != "*" && !slices.Contains(out, table+"."+column) {
			out = append(out, table+"."+column)
		}
	}
	for _, p := range st.Predicates {
		add(p.Table, p.Column)
	}
	for _, o := range st.Order {
		add(o.Table, o.Column)
	}
	for _, c := range st.Sets {
		add(st.Tables[0].Table, c)
	}
	if len(st.Tables) == 1 {
		for _, c := range st.Columns {
			add(st.Tables[0].Table, c)
		}
	}
	return out
}

// gone reports whether a table stands in the schema without the column.
func gone(s *schema.Schema, use string) bool {
	table, column, _ := strings.Cut(use, ".")
	for _, t := range s.Tables {
		if strings.EqualFold(t.Name, table) {
			return len(t.Columns) > 0 && !slices.ContainsFunc(t.Columns, func(c *schema.Column) bool { return strings.EqualFold(c.Name, column) })
		}
	}
	return false
}

// ofAnother reports whether a column may be that of a table which a mapper's query joins, and of which its chain says no more: another has one.
func ofAnother(s *schema.Schema, q *facts.Query, use string) bool {
	table, column, _ := strings.Cut(use, ".")
	return q.Mapped && q.Statement.Nested && slices.ContainsFunc(s.Tables, func(t *schema.Table) bool {
		return !strings.EqualFold(t.Name, table) && slices.ContainsFunc(t.Columns, func(c *schema.Column) bool { return strings.EqualFold(c.Name, column) })
	})
}

// elsewhere reports whether a query says of its table that it is in another schema than that which the migration names.
func elsewhere(q *facts.Query, use string, s *facts.MigrationStatement) bool {
	table, _, _ := strings.Cut(use, ".")
	return s.Schema != "" && slices.ContainsFunc(q.Statement.Tables, func(t facts.TableUse) bool {
		return strings.EqualFold(t.Table, table) && t.Schema != "" && !strings.EqualFold(t.Schema, s.Schema)
	})
}

// runsBefore reports whether a query stands before the statement that drops its column, in the same function: it is a step of that migration.
func runsBefore(q *facts.Query, s *facts.MigrationStatement) bool {
	return s.Pos.File == q.Pos.File && q.Pos.Line < s.Pos.Line && s.Pos.Line <= q.From.End.Line
}

func finding(tracer *trace.Tracer, q *facts.Query, use string, s *facts.MigrationStatement) rule.Finding {
	how, fix := "drops", "take the column out of the code, release that, and drop it in a later migration"
	if s.Kind == "rename column" {
		how, fix = "renames", "add "+s.To+" beside it, write both, and drop the old one when no code names it"
	}
	evidence := append(tracer.To(q.From).Evidence(), rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
	return rule.Finding{
		Pos: q.Pos, Confidence: rule.Certain,
		Message:  fmt.Sprintf("this query names %s, which a migration %s", use, how),
		Evidence: append(evidence, rule.Evidence{Pos: s.Pos, What: trace.Short(s.Text)}),
		Fix:      fix,
	}
}
