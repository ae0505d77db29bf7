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

// references asks of each table that the code deletes rows of whether the database finds what refers to them: PostgreSQL looks for it with each row that
// goes, and makes no index for that by itself. MySQL makes one, and SQLite asks only where it is told to. Of a table that does not grow a row goes now
// and then, as an organisation or a user does.
func (s *search) references() {
	if s.facts.Database.Dialect != "postgres" {
		return
	}
	deletes := s.deletes()
	for _, table := range s.facts.Database.Schema.Tables {
		if !indexed(table) {
			continue
		}
		for _, key := range table.ForeignKeys {
			q := deletes[strings.ToLower(key.Table)]
			if q == nil || len(key.Columns) == 0 || strings.EqualFold(key.Table, table.Name) || !s.tables.Grows(key.Table) || s.table(key.Table) == nil || s.finds(table, key.Columns) {
				continue
			}
			if slices.ContainsFunc(key.Columns, func(c string) bool { return columnOf(table, c) == nil }) {
				continue // it has another name by now
			}
			if s.tables.Grows(table.Name) || key.OnDelete == schema.Cascade {
				s.refers(q, table, key) // a worker or a trigger may make its rows, as many as those that they hang on
			}
		}
	}
}

// finds reports whether a key or an index leads with one of some columns.
func (s *search) finds(t *schema.Table, columns []string) bool {
	leads := func(column string) bool {
		return slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, column) })
	}
	return len(t.PrimaryKey) > 0 && leads(t.PrimaryKey[0]) ||
		slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool { return len(i.Parts) > 0 && leads(i.Parts[0].Column) })
}

// deletes are statements that delete rows of each table, the first of those that somebody but who runs the service comes to, and before all others one
// that deletes several rows.
func (s *search) deletes() map[string]*facts.Query {
	out := map[string]*facts.Query{}
	for _, function := range s.facts.Functions {
		if function.Aside == "test" || function.Aside == "migration" || function.Aside == "command" {
			continue
		}
		for _, q := range function.Queries {
			if q.Statement == nil || q.Statement.Verb != facts.Delete || len(q.Statement.Tables) == 0 {
				continue
			}
			ways := s.tracer.Ways(function)
			if ways.Operators() || ways.None() {
				continue
			}
			name := strings.ToLower(q.Statement.Tables[0].Table)
			if known := out[name]; known == nil || s.clears(q) && !s.clears(known) {
				out[name] = q
			}
		}
	}
	return out
}

// clears reports whether a statement deletes several rows of its table: its key is not what it goes by.
func (s *search) clears(q *facts.Query) bool {
	table := s.table(q.Statement.Tables[0].Table)
	if table == nil || q.Text == "" && len(q.Statement.Predicates) == 0 {
		return false // nothing is known of which rows it deletes
	}
	var held []string
	for _, p := range q.Statement.Predicates {
		if p.Operator == "=" && !p.Disjoint {
			held = append(held, p.Column)
		}
	}
	return !table.Unique(held)
}

// refers tells of a reference that the database looks for in the whole table.
func (s *search) refers(q *facts.Query, table *schema.Table, key *schema.ForeignKey) {
	seen := table.Name + " " + strings.Join(key.Columns, ",")
	if s.seen[seen] && !s.unsure[seen] {
		return
	}
	s.seen[seen], s.unsure[seen] = true, false
	path := s.tracer.To(q.From)
	finding := rule.Finding{
		Pos: q.Pos, Confidence: rule.Likely, Severity: rule.Medium,
		Message: fmt.Sprintf("with each row that this deletes of %s the database reads all rows of %s: no index of it leads with %s", key.Table, table.Name, strings.Join(key.Columns, " or ")),
		Fix:     s.statement(table.Name, key.Columns, key.Columns),
	}
	if !s.clears(q) || !s.tables.MadeMany(key.Table) {
		finding.Confidence = rule.Uncertain // one row now and then
	}
	made := s.facts.Database.At[table.Name]
	if made.Line == 0 {
		made = q.Pos
	}
	finding.Evidence = append(path.Evidence(), rule.Evidence{Pos: q.Pos, What: trace.Query(q)},
		rule.Evidence{Pos: made, What: fmt.Sprintf("%s of the table refers to %s, and it has %s", strings.Join(key.Columns, ", "), key.Table, trace.Keys(table))})
	s.found = append(s.found, finding)
}
