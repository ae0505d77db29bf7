package optimize

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// Tables that others inherit from: what is asked of one is asked of all of them, and Postgres has no index over several tables. So an index
// of it is one of each table of which the workload's plans read much.

// readHeirs reads which tables inherit from others (INHERITS), and counts their rows among those of the table that they inherit from.
func (c *Catalog) readHeirs(ctx context.Context, s *session) error {
	rows, err := s.Query(ctx, `WITH RECURSIVE heirs AS (
			SELECT i.inhparent AS ancestor, i.inhrelid AS heir FROM pg_inherits i JOIN pg_class k ON k.oid = i.inhparent WHERE k.relkind = 'r'
			UNION SELECT heirs.ancestor, i.inhrelid FROM heirs JOIN pg_inherits i ON i.inhparent = heirs.heir
		) SELECT ancestor, heir FROM heirs JOIN pg_class k ON k.oid = heir JOIN pg_namespace n ON n.oid = k.relnamespace
		WHERE k.relkind = 'r' AND `+ours+` ORDER BY ancestor, n.nspname, k.relname`)
	if err != nil {
		return err
	}
	defer rows.Close()
	known := c.byOID()
	for rows.Next() {
		var ancestor, heir uint32
		if err := rows.Scan(&ancestor, &heir); err != nil {
			return err
		}
		if t, h := known[ancestor], known[heir]; t != nil && h != nil {
			t.Heirs = append(t.Heirs, h)
		}
	}
	each := map[*Table]*Table{} // of its own rows alone
	for _, t := range c.Tables {
		own := *t
		own.Heirs, each[t] = nil, &own
	}
	for _, t := range c.Tables {
		if len(t.Heirs) > 0 {
			t.own = each[t]
			t.inherit(each)
		}
	}
	return rows.Err()
}

// inherit adds what the heirs have to what a table has itself.
func (t *Table) inherit(each map[*Table]*Table) {
	visible := t.Visible * t.Pages
	most := t.own
	for _, heir := range t.Heirs {
		own := each[heir]
		t.Rows, t.Pages, t.size = t.Rows+own.Rows, t.Pages+own.Pages, t.size+own.size
		t.Inserted, t.Updated, t.Hot, t.Deleted = t.Inserted+own.Inserted, t.Updated+own.Updated, t.Hot+own.Hot, t.Deleted+own.Deleted
		t.Dead, t.Modified = t.Dead+own.Dead, t.Modified+own.Modified
		visible += own.Visible * own.Pages
		t.toasted = t.toasted || own.toasted
		if own.Rows > most.Rows {
			most = own
		}
	}
	if t.Pages > 0 {
		t.Visible = visible / t.Pages
	}
	for i, column := range t.Columns { // autovacuum does not look at a table whose heirs alone change
		if like := most.column(column.Name); !column.Known && like != nil && like.Known {
			copied := *like
			copied.NotNull = column.NotNull
			t.Columns[i] = &copied
		}
	}
}

// split reports whether the rows that a statement asks a table for are those of several.
func (t *Table) split() bool { return t.Kind == "p" || len(t.Heirs) > 0 }

// spans reports whether the rows of the table that has an ID are among those of this one.
func (t *Table) spans(id string) bool {
	return t.ID == id || slices.ContainsFunc(t.Heirs, func(heir *Table) bool { return heir.ID == id })
}

// members are the table itself and its heirs, as far as plans of the workload read them and they are worth an index. nil: it has no heirs.
func (t *Table) members() []*Table {
	if len(t.Heirs) == 0 {
		return nil
	}
	members := []*Table{}
	for _, member := range append([]*Table{t.own}, t.Heirs...) {
		alone := member
		if member.own != nil {
			alone = member.own
		}
		if member.read && !alone.tiny() {
			members = append(members, alone)
		}
	}
	return members
}

// inheritedNote says what is made of an index of a table that others inherit from.
func inheritedNote(t *Table) string {
	text := fmt.Sprintf("others inherit from %s, and an index is of one table: each that is read of them gets its own", t.ID)
	members := t.members()
	var left []string
	for _, heir := range append([]*Table{t.own}, t.Heirs...) {
		if heir.Rows > 0 && !slices.ContainsFunc(members, func(m *Table) bool { return m.ID == heir.ID }) {
			left = append(left, heir.ID)
		}
	}
	if len(left) > 0 {
		text += fmt.Sprintf("; none has %s, which is small or which no plan of the workload reads", strings.Join(left, ", "))
	}
	return text
}

// markRead marks the tables that a plan reads, of those that inherit and those that they inherit from.
func (c *Catalog) markRead(plan *Plan) {
	for _, t := range c.Tables {
		if len(t.Heirs) == 0 {
			continue
		}
		for _, n := range plan.All() {
			for _, member := range append([]*Table{t.own}, t.Heirs...) {
				member.read = member.read || n.Table == member.Name
			}
		}
	}
}

// on is the index on another table.
func (i *Index) on(t *Table) *Index {
	moved := *i
	moved.Table = t
	return &moved
}

// each are the indexes that are made for this one: itself, or one for each member of a table that others inherit from, but where it is there.
func (i *Index) each() (parts []*Index) {
	members := i.Table.members()
	if members == nil {
		return []*Index{i}
	}
	for _, member := range members {
		if part := i.on(member); !member.has(part) {
			parts = append(parts, part)
		}
	}
	return parts
}

// qualified is a name in the schema of a table, where that is needed.
func (t *Table) qualified(name string) string { return schemaOf(t) + pgsql.Ident(name) }
