package lockingmigration

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/growth"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
)

// exclusive are the kinds of statements that keep everybody from a table until the transaction ends.
var exclusive = map[string]bool{
	"add column": true, "drop column": true, "rename column": true, "alter column": true, "change type": true, "set not null": true, "drop not null": true,
	"add check": true, "add unique": true, "add primary key": true, "add exclusion": true, "constraint using index": true, "drop constraint": true,
	"rename table": true, "drop table": true, "drop index": true, "lock table": true,
}

// held are the first of some statements of a transaction to hold each table, in their order.
func held(statements []*facts.MigrationStatement) []*facts.MigrationStatement {
	var out []*facts.MigrationStatement
	for _, s := range statements {
		if exclusive[s.Kind] && !s.NewTable && s.Table != "" && !s.Concurrently && !slices.ContainsFunc(out, func(o *facts.MigrationStatement) bool { return strings.EqualFold(o.Table, s.Table) }) {
			out = append(out, s)
		}
	}
	return out
}

// fills tells of rows that are changed while an earlier statement of the same transaction keeps everybody from a table.
func fills(f *facts.Facts, m *facts.Migration) []rule.Finding {
	var out []rule.Finding
	for i, s := range m.Statements {
		if s.Kind != "update rows" && s.Kind != "delete rows" || s.NewTable || byKey(f, s) {
			continue
		}
		before := held(m.Statements[:i])
		if len(before) == 0 {
			continue
		}
		keeps := before[0]
		if same := slices.IndexFunc(before, func(b *facts.MigrationStatement) bool { return strings.EqualFold(b.Table, s.Table) }); same >= 0 {
			keeps = before[same]
		}
		out = append(out, rule.Finding{
			Pos: s.Pos, Severity: rule.Medium, Confidence: rule.Certain,
			Message:  fmt.Sprintf("nobody may use %s, which line %d changes, until all these rows of %s are written", keeps.Table, keeps.Pos.Line, s.Table),
			Evidence: []rule.Evidence{written(keeps), written(s), {Pos: facts.Pos{File: m.File, Line: 1, Column: 1}, What: newest(m) + ", in one transaction"}},
			Fix:      "change the table in one migration, and fill the rows in batches in another, outside of its transaction",
		})
		break // one end of the transaction is waited for
	}
	return out
}

// byKey reports whether a statement finds its rows by a key.
func byKey(f *facts.Facts, s *facts.MigrationStatement) bool {
	t := f.Database.Schema.Table(s.Table)
	return t != nil && t.Unique(s.Columns)
}

// crossed tells of a transaction that locks two tables one after the other where the code uses them the other way round. PostgreSQL locks
// the tables of a statement in the order in which they stand there.
func crossed(f *facts.Facts, m *facts.Migration, tables *growth.Tables) []rule.Finding {
	if bounded(m) {
		return nil
	}
	locked := slices.DeleteFunc(held(m.Statements), func(s *facts.MigrationStatement) bool { return !tables.Grows(s.Table) })
	for i, first := range locked {
		for _, second := range locked[i+1:] {
			q := reversed(f, first.Table, second.Table)
			if q == nil {
				continue
			}
			return []rule.Finding{{
				Pos: second.Pos, Severity: rule.Medium, Confidence: rule.Certain,
				Message: fmt.Sprintf("the migration holds %s while it waits for %s, and the code takes them the other way round: one of the two is ended as a deadlock", first.Table, second.Table),
				Evidence: []rule.Evidence{
					written(first), written(second),
					{Pos: q.Pos, What: fmt.Sprintf("takes %s and then %s: %s", second.Table, first.Table, trace.Query(q))},
					{Pos: facts.Pos{File: m.File, Line: 1, Column: 1}, What: newest(m) + ", in one transaction, which waits without an end"},
				},
				Fix: "change each table in a transaction of its own; or SET LOCAL lock_timeout = '5s' first, so that the migration gives way, and run it again",
			}}
		}
	}
	return nil
}

// reversed finds a statement that a service sends, which uses the second table before the first.
func reversed(f *facts.Facts, first, second string) *facts.Query {
	for _, function := range f.Functions {
		if len(function.Callers) == 0 || function.Aside == "test" || function.Aside == "migration" || function.Aside == "command" {
			continue
		}
		for _, q := range function.Queries {
			if q.Statement == nil {
				continue
			}
			order := inOrder(q.Statement)
			if a, b := slices.Index(order, strings.ToLower(first)), slices.Index(order, strings.ToLower(second)); b >= 0 && b < a {
				return q
			}
		}
	}
	return nil
}

// inOrder are the tables of a statement in the order in which they are locked: what stands in WITH comes first.
func inOrder(s *facts.Statement) []string {
	var out []string
	for _, inner := range s.Inner {
		out = append(out, inOrder(inner)...)
	}
	for _, t := range s.Tables {
		out = append(out, strings.ToLower(t.Table))
	}
	return out
}

// bounded reports whether a migration waits for its locks for some time only.
func bounded(m *facts.Migration) bool {
	return slices.ContainsFunc(m.Statements, func(s *facts.MigrationStatement) bool { return s.Kind == "set lock_timeout" })
}

func written(s *facts.MigrationStatement) rule.Evidence {
	return rule.Evidence{Pos: s.Pos, What: trace.Short(s.Text)}
}
