package query

import (
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// This file alone names the tables of entities (living_test.go sees to it). Whatever reads rows, in whatever part of a
// statement, gets its FROM or JOIN here, and with it the living alone: nobody can forget those that are deleted.
//
// What is no plain table is a subselect, which both databases dissolve into the statement around it, so that its indexes
// serve as if the condition stood outside.

// fate says which of the rows of a table are meant.
type fate uint8

const (
	living fate = iota
	deleted
)

// table is the row s after FROM or JOIN.
func (d dialect) table(s *scope) string { return d.rows(s.entity, s.fate) + " " + s.alias }

// rows is the rows of e of that fate as a table. A row that is part of another is not there while the other is deleted.
func (d dialect) rows(e *meta.Entity, fate fate) string {
	if fate == deleted {
		return "(SELECT * FROM " + stored(e) + " WHERE " + meta.DeletedAt + " IS NOT NULL)"
	}
	var conditions []string
	if e.SoftDelete {
		conditions = append(conditions, "part."+meta.DeletedAt+" IS NULL")
	}
	for _, f := range e.PartOf() {
		whole := "EXISTS (SELECT 1 FROM " + d.rows(f.Target(), living) + " whole WHERE whole.id = part." + ident(f.Column) + ")"
		if f.Null {
			whole = "(part." + ident(f.Column) + " IS NULL OR " + whole + ")"
		}
		conditions = append(conditions, whole)
	}
	switch {
	case conditions == nil:
		return stored(e)
	case len(e.PartOf()) == 0:
		return "(SELECT * FROM " + stored(e) + " WHERE " + meta.DeletedAt + " IS NULL)"
	}
	return "(SELECT part.* FROM " + stored(e) + " part WHERE " + strings.Join(conditions, " AND ") + ")"
}

// Living is the rows of an entity that are there, as a table for SQL of one's own: "FROM "+engine.Living(e)+" a".
func (e *Engine) Living(entity *meta.Entity) string { return e.dialect.rows(entity, living) }

// links is the links of a many-to-many list.
func (d dialect) links(j *meta.JoinTable, alias string) string {
	if link := j.Link(); link != nil {
		return d.table(&scope{entity: link, alias: alias})
	}
	return linkTable(j) + " " + alias
}

// stored is the table of e with all its rows, for what writes.
func stored(e *meta.Entity) string { return ident(e.Table) }

// linkTable is the table of a many-to-many relation, for what writes.
func linkTable(j *meta.JoinTable) string { return ident(j.Table) }

// isThere is the condition that there is a row of that id for which condition holds.
func (r *renderer) isThere(s *scope, id, condition string) string {
	return "EXISTS (SELECT 1 FROM " + r.table(s) + " WHERE " + conjunction(s.alias+".id = "+id, condition) + ")"
}
