package query

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// A tree is a read with lists as one statement, so that it takes one round trip however deep it goes.
//
//	WITH p0 AS MATERIALIZED (the page), p1 AS MATERIALIZED (a list of its rows that has lists itself)
//	SELECT 0, … FROM p0 UNION ALL SELECT 1, … FROM p1 UNION ALL SELECT 2, … FROM (a list of p1's rows) …
//
// Each part is what the planner makes of a list of several rows, with the rows of the part above it in place of ids. The
// parts share the columns of their types; what a part does not have is null. Nothing is built by the database but rows:
// JSON costs it more. A part's rows keep their order, since PostgreSQL appends the parts one after the other: the scan of
// a materialized part is not run in parallel.
type tree struct {
	sql    string
	params []param
	parts  []part // each behind the one that it belongs to
}

// part is the rows of one branch, or how many there are.
type part struct {
	branch int   // its place among the branches
	of     int   // the part whose rows hold the list, -1 for the root
	step   int   // which of that part's lists it is
	plan   *plan // how a row is read; without rows where it never holds any
	counts bool  // it tells how many rows there are, of each list
	places []int // the column of each of the plan's cells
}

// branch is a list that a tree reads, in one request: the root, or a list in the rows of another branch.
type branch struct {
	sel    *Select
	list   *meta.Field // nil for the root
	path   []int       // of Selections, from the branch above
	page   page
	extra  int
	search *sought
	lists  []int // their places among the branches
}

// branches tells whether sel is read as a tree. SQLite runs in the process: there a round trip costs nothing.
func (t *Tx) branches(sel *Select) bool {
	return t.engine.dialect.postgres && (sel.Count || hasLists(sel.Fields))
}

// tree reads sel: a page of rows, or the rows that value names.
func (t *Tx) tree(ctx context.Context, sel *Select, v variant, value any) (*List, []*Row, error) {
	r, values, err := t.planTree(sel, v, value)
	if err != nil {
		return nil, nil, err
	}
	if err := r.run(ctx, values); err != nil {
		return nil, nil, err
	}
	return r.result(v)
}

// planTree finds the tree of that shape, or makes it, and the values that it takes.
func (t *Tx) planTree(sel *Select, v variant, value any) (*treeReading, []any, error) {
	s := newShaper()
	all := make([]*branch, 0, 4)
	if err := t.grow(s, &all, &branch{sel: sel}, v, value); err != nil {
		return nil, nil, err
	}
	tr := t.engine.trees.get(s.key)
	if tr == nil {
		b := treeBuilder{renderer: t.renderer(), tree: &tree{}, branches: all}
		b.slots = s.slots
		if err := b.build(v); err != nil {
			return nil, nil, fmt.Errorf("read %s: %w", sel.Entity.Plural, err)
		}
		tr = b.tree
		t.engine.trees.put(string(s.key), tr)
	}
	return &treeReading{tx: t, tree: tr, branches: all}, s.values, nil
}

// grow adds b and the branches in it, and writes their shape and their values.
func (t *Tx) grow(s *shaper, all *[]*branch, b *branch, v variant, value any) (err error) {
	if v == pageVariant || v == childrenVariant {
		if b.page, err = b.sel.page(b.list); err != nil {
			return err
		}
	}
	if err := t.shape(s, b.sel, b.list, v, b.page); err != nil {
		return err
	}
	s.flag(b.sel.Count)
	b.search = s.sought
	b.page.firstSlot = len(s.values)
	s.values = append(s.values, b.page.cursor...)
	b.extra = len(s.values)
	s.values = append(s.values, b.sel.given...)
	switch {
	case v == idVariant || v == keyVariant || v == idsVariant:
		s.values = append(s.values, value)
	case b.page.skip > 0:
		s.values = append(s.values, int64(b.page.skip))
	}
	*all = append(*all, b)
	return t.growLists(s, all, b, b.sel.Fields, nil)
}

func (t *Tx) growLists(s *shaper, all *[]*branch, b *branch, fields []Selection, path []int) error {
	for i, f := range fields {
		nested := f.Nested
		switch {
		case f.Field.Kind != meta.List && nested == nil:
			continue
		case nested == nil:
			nested = &Select{Entity: f.Field.Target()}
		}
		if f.Field.Kind != meta.List && !hasLists(nested.Fields) {
			continue
		}
		here, err := append(path[:len(path):len(path)], i), error(nil)
		if f.Field.Kind == meta.List {
			b.lists = append(b.lists, len(*all))
			err = t.grow(s, all, &branch{sel: nested, list: f.Field, path: here}, childrenVariant, nil)
		} else {
			err = t.growLists(s, all, b, nested.Fields, here)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// treeBuilder renders a tree.
type treeBuilder struct {
	*renderer
	tree     *tree
	branches []*branch
	with     []string // the parts that others hang on
	sources  []string // of each part, what its rows are selected from; empty where it has none
}

func (b *treeBuilder) build(root variant) error {
	b.add(0, -1, 0, root, "")
	b.union()
	return b.err
}

// add renders the rows of a branch, those of the lists in it, and their numbers.
func (b *treeBuilder) add(at, of, step int, v variant, owners string) {
	br := b.branches[at]
	p := b.planner(br, v, owners)
	p.render()
	number := len(b.tree.parts)
	b.tree.parts = append(b.tree.parts, part{branch: at, of: of, step: step, plan: p.plan})
	b.sources = append(b.sources, "")
	if p.plan.never {
		return
	}
	name := "p" + strconv.Itoa(number)
	header := name + "(" + columnNames(len(p.columns)) + ")"
	if len(p.plan.lists) > 0 {
		b.with = append(b.with, header+" AS MATERIALIZED ("+p.plan.sql+")")
		b.sources[number] = name
	} else {
		b.sources[number] = "(" + p.plan.sql + ") " + header
	}
	if br.sel.Count && !p.single() {
		b.addCount(at, of, step, v, owners)
	}
	for i, list := range p.plan.lists {
		b.add(b.listAt(br, list.path), number, i, childrenVariant, p.ownersIn(name, list.path))
	}
}

func columnName(i int) string { return "c" + strconv.Itoa(i) }

func columnNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = columnName(i)
	}
	return strings.Join(names, ", ")
}

func (b *treeBuilder) planner(br *branch, v variant, owners string) *planner {
	return &planner{
		renderer: b.renderer, plan: &plan{parent: -1}, sel: br.sel, page: br.page, variant: v, list: br.list,
		search: br.search, extra: br.extra, owners: owners,
	}
}

func (b *treeBuilder) addCount(at, of, step int, v variant, owners string) {
	counting, cells := countsVariant, []cell{{kind: meta.ID}, {class: integerClass, kind: meta.Int64}}
	if v == pageVariant {
		counting, cells = countVariant, cells[1:]
	}
	p := b.planner(b.branches[at], counting, owners)
	p.render()
	p.plan.cells = cells
	b.tree.parts = append(b.tree.parts, part{branch: at, of: of, step: step, plan: p.plan, counts: true})
	source := ""
	if !p.plan.never {
		source = "(" + p.plan.sql + ") n" + strconv.Itoa(len(b.sources)) + "(" + columnNames(len(cells)) + ")"
	}
	b.sources = append(b.sources, source)
}

func (b *treeBuilder) listAt(br *branch, path []int) int {
	for _, i := range br.lists {
		if equal(b.branches[i].path, path) {
			return i
		}
	}
	panic(fmt.Sprintf("no list at %v of %s", path, br.sel.Entity.Name))
}

func equal(a, b []int) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// ownersIn selects the ids of the rows of the part called name whose list at path the viewer may see, each once. Of a
// page, the one row too many has no lists read.
func (p *planner) ownersIn(name string, path []int) string {
	n := p.plan.node
	for _, i := range path[:len(path)-1] {
		n = n.values[i].node
	}
	of, condition, limit := "SELECT "+columnName(n.id)+" FROM ", "", ""
	if n != p.plan.node || p.variant == childrenVariant {
		of = "SELECT DISTINCT " + columnName(n.id) + " FROM " // what several rows refer to, or what is in several lists
	}
	if guard := n.values[path[len(path)-1]].column; guard >= 0 {
		condition = " WHERE " + columnName(guard) + " IS NOT NULL"
	}
	if p.variant == pageVariant && p.page.limit > 0 && !p.sel.Unplaced {
		limit = " LIMIT " + strconv.Itoa(p.page.limit)
	}
	if limit != "" && (n != p.plan.node || condition != "") {
		return of + "(SELECT * FROM " + name + limit + ") of_page" + condition
	}
	return of + name + condition + limit
}

// union puts the parts together: a column for each that the widest part has of a type.
func (b *treeBuilder) union() {
	tr := b.tree
	shared := map[string][]int{} // by type
	types := []string{""}
	for i := range tr.parts {
		used := map[string]int{}
		for _, c := range tr.parts[i].plan.cells {
			t := columnType(c.kind)
			if used[t] == len(shared[t]) {
				shared[t] = append(shared[t], len(types))
				types = append(types, t)
			}
			tr.parts[i].places = append(tr.parts[i].places, shared[t][used[t]])
			used[t]++
		}
	}
	var selects []string
	for i, source := range b.sources {
		if source != "" {
			selects = append(selects, b.selectPart(i, source, types))
		}
	}
	sql := strings.Join(selects, "\nUNION ALL ")
	if len(b.with) > 0 {
		sql = "WITH " + strings.Join(b.with, ",\n") + "\n" + sql
	}
	tr.sql, tr.params = finish(sql, b.params)
}

func (b *treeBuilder) selectPart(number int, source string, types []string) string {
	columns := make([]string, len(types))
	columns[0] = strconv.Itoa(number)
	for i, t := range types[1:] {
		columns[i+1] = "NULL::" + t
	}
	for i, place := range b.tree.parts[number].places {
		columns[place] = columnName(i)
		if types[place] == "bigint" {
			columns[place] += "::bigint"
		}
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + source
}

// columnType is the type in which values of a kind leave PostgreSQL (see selected).
func columnType(k meta.Kind) string {
	switch k {
	case meta.ID, meta.Reference, meta.UUID:
		return "uuid"
	case meta.Int, meta.Int64, meta.Duration:
		return "bigint"
	case meta.Float:
		return "double precision"
	case meta.Boolean:
		return "boolean"
	case meta.DateTime:
		return "timestamptz"
	case meta.Bytes:
		return "bytea"
	case meta.JSON:
		return "jsonb"
	}
	return "text"
}

// treeReading is a tree's answer.
type treeReading struct {
	tx       *Tx
	tree     *tree
	branches []*branch
	parts    []reading
	totals   []map[string]int64 // of each part that counts, by the row that holds the list; nil where none does
}

func (r *treeReading) run(ctx context.Context, values []any) error {
	r.parts = make([]reading, len(r.tree.parts))
	for i, p := range r.tree.parts {
		r.parts[i] = reading{tx: r.tx, plan: p.plan, sel: r.branches[p.branch].sel}
		r.parts[i].begin()
	}
	defer r.end()
	if r.tree.parts[0].plan.never {
		return nil
	}
	args, err := r.tx.args(r.tree.params, values)
	if err != nil {
		return err
	}
	what := r.branches[0].sel.Entity.Plural
	rows, err := r.tx.conn.Query(ctx, r.tree.sql, args...)
	if err != nil {
		return fmt.Errorf("read %s: %w", what, err)
	}
	defer rows.Close()
	number := cell{class: integerClass}
	for rows.Next() {
		if err := number.read(rows, 0); err != nil {
			return fmt.Errorf("read %s: %w", what, err)
		}
		if err := r.take(rows, int(*number.integer)); err != nil {
			return fmt.Errorf("read %s: %w", what, err)
		}
	}
	return rows.Err()
}

func (r *treeReading) end() {
	for i := range r.parts {
		r.parts[i].end()
	}
}

// take gives the row at hand to its part: only the columns that are the part's are read.
func (r *treeReading) take(rows sqldb.Rows, number int) error {
	p, part := &r.tree.parts[number], &r.parts[number]
	for i, place := range p.places {
		if err := part.cells[i].read(rows, place); err != nil {
			return err
		}
	}
	if !p.counts {
		return part.take()
	}
	owner := ""
	if len(part.cells) == 2 {
		owner = *part.cells[0].text
	}
	if r.totals == nil {
		r.totals = make([]map[string]int64, len(r.parts))
	}
	if r.totals[number] == nil {
		r.totals[number] = map[string]int64{}
	}
	r.totals[number][owner] = *part.cells[len(part.cells)-1].integer
	return nil
}

// result puts the lists into the rows that hold them.
func (r *treeReading) result(root variant) (*List, []*Row, error) {
	var first *List
	known := make([]map[string]*List, len(r.branches)) // by the row that holds it
	for i, p := range r.tree.parts {
		b := r.branches[p.branch]
		switch {
		case p.counts:
			if r.totals == nil {
				continue
			}
			for owner, total := range r.totals[i] {
				if l := known[p.branch][owner]; l != nil {
					l.Total = total
				}
			}
			continue
		case p.of < 0 && root != pageVariant:
			continue
		}
		if p.of < 0 {
			known[p.branch] = r.parts[i].lists(b.page, "", nil)
			first = known[p.branch][""]
			continue
		}
		holes := r.parts[p.of].pending[p.step]
		if len(holes) == 0 {
			continue
		}
		known[p.branch] = r.parts[i].lists(b.page, "", parentsOf(holes))
		for _, h := range holes {
			h.row.Values[h.index] = known[p.branch][string(h.row.ID)]
		}
	}
	return first, r.parts[0].rows, nil
}
