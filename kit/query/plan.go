package query

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/fettlehq/fettle/kit/meta"
)

// plan is a read as one statement, rendered once for all requests of its shape.
type plan struct {
	sql    string
	params []param
	cells  []cell // a prototype of each column
	node   *node  // how to read a row
	never  bool   // no row can fit, so that no statement is needed
	keys   []orderKey
	hash   string // of the order, for cursors
	parent int    // the column that names the row whose list this is, or -1
	lists  []listStep
	idle   sync.Pool // of cells that no reading has, []cell
}

// take is cells to read rows into, for who alone has them until he gives them back.
func (p *plan) take() *[]cell {
	if idle, _ := p.idle.Get().(*[]cell); idle != nil {
		return idle
	}
	cells := slices.Clone(p.cells)
	return &cells
}

// giveBack takes cells whose rows are read. What they hold is forgotten: it is somebody's.
func (p *plan) giveBack(cells *[]cell) {
	copy(*cells, p.cells)
	p.idle.Put(cells)
}

// node reads one row out of columns.
type node struct {
	id, version int // columns; version is -1 where there is none
	values      []reader
}

// reader reads the value of one Selection.
type reader struct {
	kind   readerKind
	column int
	parts  []reader // of a value object
	node   *node    // of a reference; nil for its id alone
	list   int      // the place among the plan's lists
}

type readerKind uint8

const (
	hiddenReader readerKind = iota // always null
	scalarReader
	valueReader
	idReader // a reference as its id alone
	rowReader
	listReader
	methodReader // the value is worked out later
)

// listStep is a list in the selection: the next statement reads it for all rows at once.
type listStep struct {
	path  []int // of Selections, from the plan's Select
	field *meta.Field
}

// variant says for which rows a plan reads.
type variant uint8

const (
	pageVariant     variant = iota
	idVariant               // one row, by id
	keyVariant              // one row, by its entity's key
	idsVariant              // several rows, by id
	childVariant            // the list of one row
	childrenVariant         // the lists of several rows
	countVariant            // how many rows fit
	countsVariant           // how many rows of each list fit
)

// planner builds a plan.
type planner struct {
	*renderer
	plan     *plan
	joins    []string
	columns  []string
	sel      *Select
	page     page
	variant  variant
	list     *meta.Field       // of a child or children variant
	search   *sought           // nil for none
	extra    int               // the slot of the id, key or ids, or the first of the arguments of a query
	ordered  *scope            // the rows of an order
	searched map[string]string // its keys that are searched for, by the fields that they are
	owners   string            // selects the ids of the rows whose lists are read; those at extra where empty
}

// build renders a statement of its own.
func (p *planner) build() error {
	p.render()
	p.plan.sql, p.plan.params = finish(p.plan.sql, p.params)
	return p.err
}

func (p *planner) render() {
	p.plan.hash = orderHash(p.sel.Entity, orderOf(p.sel, p.list))
	row := &scope{entity: p.sel.Entity, alias: p.alias("t")}
	if p.list != nil && p.list.Join == nil { // of rows at hand
		row.kin = akin(p.sel.Entity.Field(p.list.Inverse).Target(), p.sel.Entity)
	}
	where := p.where(row)
	switch {
	case where == sqlFalse:
		p.plan.never = true
	case p.variant == countVariant:
		p.plan.sql = "SELECT count(*) FROM " + p.table(row) + whereClause(where)
	case p.variant == countsVariant:
		from, parent, owned := p.ownedFrom(row)
		p.plan.sql = "SELECT " + parent + ", count(*) FROM " + from + whereClause(conjunction(owned, where)) + " GROUP BY 1"
	case p.variant == childrenVariant && p.page.limit > 0 && p.owners != "":
		p.lateral(row, where)
	case p.variant == childrenVariant && p.page.limit > 0:
		p.ranked(row, where)
	default:
		p.plain(row, where)
	}
}

// where is the condition that the viewer may read the row and that it is asked for.
func (p *planner) where(row *scope) string {
	policy := p.policy(p.sel.Entity, meta.Read, row)
	filter := sqlTrue
	if p.sel.Where != nil && !p.single() {
		filter = p.cond(p.sel.Where, env{this: row, guarded: !p.system}, false)
	}
	where := conjunction(policy, filter)
	if p.search != nil && !p.single() {
		where = conjunction(policy, p.found(row, *p.search, !p.system), filter)
	}
	if q := p.sel.Query; q != nil && p.list == nil {
		p.missing = func(slot int) bool { return p.sel.given[slot-p.extra] == nil }
		where = conjunction(where, p.cond(q.Where, env{this: row, args: q.Args, firstArg: p.extra, probed: !p.system}, false))
		p.missing = nil
	}
	switch {
	case p.list != nil && p.list.Join != nil:
		where = conjunction(where, p.linkPolicy(p.list, linkAlias))
	case p.list != nil: // who may not read the reference does not learn it from the list
		where = conjunction(where, p.fieldRule(p.sel.Entity.Field(p.list.Inverse), meta.Read, row))
	}
	return where
}

// ownedFrom is where the rows of several lists stand, the column that names the row whose list each is in, and the condition that
// this is one of those whose lists are read.
func (p *planner) ownedFrom(row *scope) (from, parent, owned string) {
	from, parent = p.listFrom(row)
	if p.owners != "" { // a join: PostgreSQL plans and runs it cheaper than IN
		return "(" + p.owners + ") o(id) CROSS JOIN " + from, parent, parent + " = o.id"
	}
	return from, parent, parent + " " + p.oneOf(p.extra)
}

func (p *planner) single() bool {
	return p.variant == idVariant || p.variant == keyVariant || p.variant == idsVariant
}

func whereClause(condition string) string {
	if condition == sqlTrue {
		return ""
	}
	return " WHERE " + condition
}

// plain reads rows as they stand, in order.
func (p *planner) plain(row *scope, where string) {
	from, parent := p.table(row), ""
	switch p.variant {
	case idVariant, keyVariant:
		where = conjunction(p.address(row, p.variant), where)
	case idsVariant:
		where = conjunction(row.alias+".id "+p.oneOf(p.extra), where)
	case childVariant:
		from, parent = p.listFrom(row)
		where = conjunction(parent+" = "+p.param(param{source: slotSource, slot: p.extra, typ: typ{kind: meta.ID}}), where)
	case childrenVariant:
		var owned string
		from, parent, owned = p.ownedFrom(row)
		where = conjunction(owned, where)
	}
	var keys []orderKey
	tail, beside := "", ""
	if !p.single() {
		keys, beside = p.orderKeys(row)
	}
	p.plan.node = p.node(row, p.sel.Fields, nil)
	if !p.single() {
		where = conjunction(where, p.after(keys))
		tail = " ORDER BY " + p.orderBy(keys)
		if p.page.limit > 0 { // a list that is read whole has no cursors
			p.selectKeys(keys)
			tail += " LIMIT " + p.rowsOfPage()
			if p.page.skip > 0 {
				tail += " OFFSET " + p.param(param{source: slotSource, slot: p.extra + len(p.sel.given), typ: typ{kind: meta.Int64}})
			}
		}
		if p.variant == childrenVariant {
			p.plan.parent = p.column(parent, typ{kind: meta.ID})
		}
		if p.pageFirst(keys, beside) {
			from = "(SELECT " + row.alias + ".* FROM " + from + whereClause(where) + tail + ") " + row.alias
			where, tail = sqlTrue, " ORDER BY "+p.orderBy(keys)
		}
	}
	p.plan.sql = "SELECT " + strings.Join(p.columns, ", ") + " FROM " + from + strings.Join(p.joins, "") + beside + whereClause(where) + tail
}

// rowsOfPage is how many rows of a page are read: one more than it has, which tells whether there are more, where somebody asks.
func (p *planner) rowsOfPage() string {
	if p.sel.Unplaced {
		return strconv.Itoa(p.page.limit)
	}
	return strconv.Itoa(p.page.limit + 1)
}

// pageFirst tells whether the rows of a page are found before what they refer to is joined with them. PostgreSQL plans a join below
// LIMIT for all rows that there are, and remembers what it read of each for those that come after, which a page does not have. Its
// order is of the row's own columns, so that telling it again costs nothing: the page comes in it.
func (p *planner) pageFirst(keys []orderKey, beside string) bool {
	searched := slices.ContainsFunc(keys, func(k orderKey) bool { return searches(k.sql) })
	return p.postgres && p.page.limit > 0 && len(p.joins) > 0 && beside == "" && !searched
}

// ranked reads a page of each of several lists: it numbers the rows of each, then reads those of a low number.
func (p *planner) ranked(row *scope, where string) {
	from, parent, owned := p.ownedFrom(row)
	keys, beside := p.orderKeys(row)
	where = conjunction(owned, where, p.after(keys))
	inner := "SELECT " + parent + " AS parent, " + row.alias + ".id AS id, row_number() OVER (PARTITION BY " + parent +
		" ORDER BY " + p.orderBy(keys) + ") AS place FROM " + from + beside + whereClause(where)
	outer := &scope{entity: row.entity, alias: p.alias("t"), kin: true}
	keys, beside = p.orderKeys(outer)
	p.plan.node = p.node(outer, p.sel.Fields, nil)
	p.selectKeys(keys)
	p.plan.parent = p.column("p.parent", typ{kind: meta.ID})
	p.plan.sql = "SELECT " + strings.Join(p.columns, ", ") + " FROM (" + inner + ") p JOIN " + p.table(outer) + " ON " + outer.alias +
		".id = p.id" + strings.Join(p.joins, "") + beside + " WHERE p.place <= " + p.rowsOfPage() + " ORDER BY p.parent, p.place"
}

// lateral reads a page of each of several lists as ranked does, owner by owner: an index in the list's order ends the
// search of each after a page.
func (p *planner) lateral(row *scope, where string) {
	from, parent := p.listFrom(row)
	keys, beside := p.orderKeys(row)
	where = conjunction(parent+" = o.id", where, p.after(keys))
	p.plan.node = p.node(row, p.sel.Fields, nil)
	p.selectKeys(keys)
	inner := "SELECT " + strings.Join(p.columns, ", ") + " FROM " + from + strings.Join(p.joins, "") + beside + whereClause(where) +
		" ORDER BY " + p.orderBy(keys) + " LIMIT " + p.rowsOfPage()
	names := columnNames(len(p.columns))
	p.plan.parent = p.column("o.id", typ{kind: meta.ID})
	p.plan.sql = "SELECT " + names + ", o.id FROM (" + p.owners + ") o(id) CROSS JOIN LATERAL (" + inner + ") l(" + names + ")"
}

const linkAlias = "j"

// listFrom is where the rows of the list stand, and the column that names the row that they belong to.
func (p *planner) listFrom(row *scope) (from, parent string) {
	f := p.list
	if f.Join == nil {
		return p.table(row), row.alias + "." + ident(f.Target().Field(f.Inverse).Column)
	}
	return p.links(f.Join, linkAlias) + " JOIN " + p.table(row) + " ON " + row.alias + ".id = " + linkAlias + "." + ident(f.Join.To),
		linkAlias + "." + ident(f.Join.From)
}

// address is the condition to be the one row of that id or key.
func (p *planner) address(row *scope, v variant) string {
	if v == idVariant {
		return row.alias + ".id = " + p.param(param{source: slotSource, slot: p.extra, typ: typ{kind: meta.ID}})
	}
	given := p.param(param{source: slotSource, slot: p.extra, typ: fieldType(row.entity.Field(row.entity.Key))})
	return conjunction(hasKey(row, given), p.ofOneTenant(row, func(other *scope) string { return hasKey(other, given) }))
}

// hasKey is the condition that a row has the key given.
func hasKey(row *scope, given string) string {
	f := row.entity.Field(row.entity.Key)
	column := row.alias + "." + ident(f.Column)
	if ignoresCase(row.entity, f.Name) {
		return "lower(" + column + ") = lower(" + given + ")"
	}
	return column + " = " + given
}

// ignoresCase tells whether a field alone is unique in whatever case.
func ignoresCase(e *meta.Entity, field string) bool {
	for _, u := range e.Uniques {
		if u.IgnoreCase && len(u.Fields) == 1 && u.Fields[0] == field {
			return true
		}
	}
	return false
}

// column adds a column to the statement and tells its place.
func (p *planner) column(sql string, t typ) int {
	if sql == sqlNull { // which PostgreSQL would take for a text
		sql += p.cast(t.kind)
	}
	selected := p.selected(sql, t.kind)
	for i, known := range p.columns {
		if known == selected && p.plan.cells[i].kind == t.kind {
			return i
		}
	}
	p.columns = append(p.columns, selected)
	p.plan.cells = append(p.plan.cells, cell{class: p.class(t.kind), kind: t.kind, scale: t.scale, dialect: p.dialect})
	return len(p.columns) - 1
}

// node selects what is asked for of the row s.
func (p *planner) node(s *scope, fields []Selection, path []int) *node {
	n := &node{id: p.column(s.alias+".id", typ{kind: meta.ID}), version: -1}
	if version := s.entity.Field("version"); version != nil && !p.sel.Unversioned {
		n.version = p.column(s.alias+"."+ident(version.Column), typ{kind: meta.Int64})
	}
	n.values = make([]reader, len(fields))
	for i, selection := range fields {
		n.values[i] = p.reader(s, selection, append(path[:len(path):len(path)], i))
	}
	return n
}

func (p *planner) reader(s *scope, selection Selection, path []int) reader {
	f := selection.Field
	visible := p.fieldRule(f, meta.Read, s)
	if visible == sqlFalse {
		return reader{kind: hiddenReader}
	}
	if f.Method {
		return reader{kind: methodReader, column: p.whether(visible)}
	}
	switch f.Kind {
	case meta.Value:
		r := reader{kind: valueReader}
		for _, part := range f.Fields {
			r.parts = append(r.parts, p.scalar(s, part, visible))
		}
		return r
	case meta.Reference:
		if selection.Nested == nil {
			return p.idOf(s, f, visible)
		}
		return p.row(s, selection, visible, path)
	case meta.List:
		r := reader{kind: listReader, list: len(p.plan.lists), column: p.whether(visible)}
		p.plan.lists = append(p.plan.lists, listStep{path: path, field: f})
		return r
	}
	return p.scalar(s, f, visible)
}

// whether selects 1 where a condition holds and null where it does not: -1 for what always holds.
func (p *planner) whether(condition string) int {
	if condition == sqlTrue {
		return -1
	}
	return p.column("CASE WHEN "+condition+" THEN 1 END", typ{kind: meta.Int64})
}

func (p *planner) scalar(s *scope, f *meta.Field, visible string) reader {
	if sql, ok := p.searched[f.Name]; ok && s == p.ordered {
		return reader{kind: scalarReader, column: p.column(bracketCase(sql), fieldType(f))}
	}
	o := p.renderer.column(s, f)
	if visible != sqlTrue {
		o.guard = visible
	}
	return reader{kind: scalarReader, column: p.column(bracketCase(o.shown()), fieldType(f))}
}

// bracketCase makes a CASE fit for a cast.
func bracketCase(sql string) string {
	if strings.HasPrefix(sql, "CASE ") {
		return "(" + sql + ")"
	}
	return sql
}

// idOf selects the id of a reference, null where the viewer may not see the row.
func (p *planner) idOf(s *scope, f *meta.Field, visible string) reader {
	o := p.renderer.column(s, f)
	visible = conjunction(visible, p.visible(s.entity, f.Target(), o.sql))
	if visible == sqlFalse {
		return reader{kind: hiddenReader}
	}
	if visible != sqlTrue {
		o.guard = visible
	}
	return reader{kind: idReader, column: p.column(o.shown(), fieldType(f))}
}

// row joins the row that a reference leads to, where the viewer may see it.
func (p *planner) row(s *scope, selection Selection, visible string, path []int) reader {
	f := selection.Field
	target := &scope{entity: f.Target(), alias: p.alias("t"), kin: akin(s.entity, f.Target())}
	policy := p.policy(target.entity, meta.Read, target)
	if policy == sqlFalse {
		return reader{kind: hiddenReader}
	}
	on := conjunction(target.alias+".id = "+p.renderer.column(s, f).sql, visible, policy)
	p.joins = append(p.joins, " LEFT JOIN "+p.table(target)+" ON "+on)
	return reader{kind: rowReader, node: p.node(target, selection.Nested.Fields, path)}
}
