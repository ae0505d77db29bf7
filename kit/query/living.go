package query

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// This file alone names the tables of entities (living_test.go sees to it). Whatever reads rows, in whatever part of a
// statement, gets its FROM or JOIN here, and with it the living alone, of one tenant alone where the transaction has one
// (tenancy.go): nobody can forget those that are deleted, or another's.
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
func (r *renderer) table(s *scope) string {
	tenant := ""
	if !s.kin && r.confines(s.entity) {
		tenant = r.tenantParam()
	}
	return r.derivedFrom(s.entity, s.fate, tenant, r.back, nil) + " " + s.alias
}

// tableOfAll is the row s after FROM or JOIN, of whatever tenant: for what follows from rows at hand.
func (d dialect) tableOfAll(s *scope) string { return d.derived(s.entity, s.fate, "") + " " + s.alias }

// derived is the rows of e of that fate, and of that tenant unless it is empty, as a table. A row that is part of another is
// not there while the other is deleted.
func (d dialect) derived(e *meta.Entity, fate fate, tenant string) string {
	return d.derivedFrom(e, fate, tenant, "", nil)
}

// derivedFrom is derived on the way from parts to wholes, which leads through each entity once, so that it ends where entities
// are parts of each other. What was deleted at the instant back, if that is not empty, counts as living.
func (d dialect) derivedFrom(e *meta.Entity, fate fate, tenant, back string, passed []*meta.Entity) string {
	var wholes []string
	if fate == living {
		wholes = d.wholes(e, back, append(passed[:len(passed):len(passed)], e))
	}
	named, row, all := "", "", "*"
	if wholes != nil {
		named, row, all = " part", "part.", "part.*"
	}
	var conditions []string
	if tenant != "" {
		conditions = append(conditions, row+ident(e.TenantColumn)+" = "+tenant)
	}
	switch {
	case fate == deleted:
		conditions = append(conditions, meta.DeletedAt+" IS NOT NULL")
	case e.SoftDelete && back != "":
		conditions = append(conditions, "("+row+meta.DeletedAt+" IS NULL OR "+row+meta.DeletedAt+" = "+back+")")
	case e.SoftDelete:
		conditions = append(conditions, row+meta.DeletedAt+" IS NULL")
	}
	conditions = append(conditions, wholes...)
	if conditions == nil {
		return stored(e)
	}
	return "(SELECT " + all + " FROM " + stored(e) + named + " WHERE " + strings.Join(conditions, " AND ") + ")"
}

// wholes is the conditions that what a row of e is part of is there.
func (d dialect) wholes(e *meta.Entity, back string, passed []*meta.Entity) (conditions []string) {
	for _, f := range e.PartOf() {
		if slices.Contains(passed, f.Target()) {
			continue
		}
		rows := d.derivedFrom(f.Target(), living, "", back, passed)
		if rows == stored(f.Target()) {
			continue
		}
		whole := "EXISTS (SELECT 1 FROM " + rows + " whole WHERE whole.id = part." + ident(f.Column) + ")"
		if f.Null {
			whole = "(part." + ident(f.Column) + " IS NULL OR " + whole + ")"
		}
		conditions = append(conditions, whole)
	}
	return conditions
}

// Living is the rows of an entity that are there, of all tenants, as a table for SQL of one's own: "FROM "+engine.Living(e)+" a".
func (e *Engine) Living(entity *meta.Entity) string { return e.dialect.derived(entity, living, "") }

// Living is the rows of an entity that are there in the transaction, as a table for SQL of one's own.
func (t *Tx) Living(entity *meta.Entity) string {
	if t.sought != "" {
		panic("query: Single is for List and Get alone") // the tenant is not known yet
	}
	if t.tenant == "" || entity.TenantColumn == "" {
		return t.engine.Living(entity)
	}
	return t.engine.dialect.derived(entity, living, quote(t.tenant)) // a UUID
}

// links is the links of a many-to-many list. Those that hold nothing but the ids of their ends are there when these are.
func (r *renderer) links(j *meta.JoinTable, alias string) string {
	if link := j.Link(); link != nil {
		return r.table(&scope{entity: link, alias: alias})
	}
	return linkTable(j) + " " + alias
}

// stored is the table of e with all its rows, for what writes.
func stored(e *meta.Entity) string { return ident(e.Table) }

// linkTable is the table of a many-to-many relation, for what writes.
func linkTable(j *meta.JoinTable) string { return ident(j.Table) }

// isThere is the condition that there is a row of that id for which condition holds.
func (r *renderer) isThere(s *scope, id, condition string) string {
	if id == sqlNull {
		return sqlFalse
	}
	return "EXISTS (SELECT 1 FROM " + r.table(s) + " WHERE " + conjunction(s.alias+".id = "+id, condition) + ")"
}
