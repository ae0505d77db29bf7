package query

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// List reads a page of the rows that fit, and all that sel nests in them: one statement, and one more for each list in
// the selection, however many rows there are.
func (t *Tx) List(ctx context.Context, sel *Select) (*List, error) {
	if err := t.mayRead(sel.Entity); err != nil {
		return nil, err
	}
	if _, err := cost(sel, nil, 1); err != nil {
		return nil, err
	}
	if sel.Query != nil {
		asked, err := t.prepare(ctx, sel.Query, sel.Args)
		if err != nil {
			return nil, err
		}
		sel.given = asked.leaves()
	}
	list, err := t.list(ctx, sel)
	switch {
	case err != nil:
		return nil, err
	case len(list.Rows) == 0:
		return list, t.prove(ctx)
	}
	return list, t.workOut(ctx, sel, list.Rows)
}

func (t *Tx) list(ctx context.Context, sel *Select) (*List, error) {
	if t.branches(sel) {
		list, _, err := t.tree(ctx, sel, pageVariant, nil)
		return list, err
	}
	lists, err := t.page(ctx, sel, nil, nil)
	if err != nil {
		return nil, err
	}
	return lists[""], nil
}

// Get reads one row by the value of its entity's key, or by its id: a UUID is always taken as the id. A row that is
// missing, or that the viewer may not see, is the problem NOT_FOUND.
func (t *Tx) Get(ctx context.Context, sel *Select, key string) (*Row, error) {
	if err := t.mayRead(sel.Entity); err != nil {
		return nil, err
	}
	if _, err := costOfFields(sel.Fields, 1, 0); err != nil {
		return nil, err
	}
	v, value, ok := addressed(sel.Entity, key)
	if !ok {
		return nil, kit.NotFound(sel.Entity.Singular)
	}
	rows, err := t.rows(ctx, sel, v, value)
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		if err := t.prove(ctx); err != nil {
			return nil, err
		}
		return nil, kit.NotFound(sel.Entity.Singular)
	}
	return rows[0], t.workOut(ctx, sel, rows)
}

// addressed is how a row is found by what a caller calls it.
func addressed(e *meta.Entity, key string) (variant, any, bool) {
	if id, ok := canonicalID(key); ok {
		return idVariant, id, true
	}
	if e.Key == "id" || !wellFormed(key) {
		return idVariant, nil, false
	}
	value, err := cursorValue(key, e.Field(e.Key))
	return keyVariant, value, err == nil
}

func (t *Tx) mayRead(e *meta.Entity) error {
	if !t.system && len(e.Allow.Read) == 0 {
		return denied(t.viewer, "read "+e.Plural)
	}
	return nil
}

// rows reads whole rows, by id or key, without a page.
func (t *Tx) rows(ctx context.Context, sel *Select, v variant, value any) ([]*Row, error) {
	if t.branches(sel) {
		_, rows, err := t.tree(ctx, sel, v, value)
		return rows, err
	}
	s := newShaper()
	p, err := t.plan(s, sel, nil, v, page{})
	if err != nil {
		return nil, err
	}
	read := &reading{tx: t, plan: p, sel: sel}
	if err := read.run(ctx, append(s.values, value)); err != nil {
		return nil, err
	}
	return read.rows, read.nested(ctx)
}

// page reads a page of each parent's list, or with no list the page of the entity itself under the name "".
func (t *Tx) page(ctx context.Context, sel *Select, list *meta.Field, parents []string) (map[string]*List, error) {
	pg, err := sel.page(list)
	if err != nil {
		return nil, err
	}
	v := pageVariant
	switch {
	case list != nil && len(parents) == 1:
		v = childVariant
	case list != nil:
		v = childrenVariant
	}
	s := newShaper()
	p, err := t.plan(s, sel, list, v, pg)
	if err != nil {
		return nil, err
	}
	values := append(append(s.values, pg.cursor...), sel.given...)
	switch {
	case list != nil:
		values = append(values, t.engine.ids(parents, v))
	case pg.skip > 0:
		values = append(values, int64(pg.skip))
	}
	read := &reading{tx: t, plan: p, sel: sel}
	if err := read.run(ctx, values); err != nil {
		return nil, err
	}
	only := ""
	if v == childVariant {
		only = parents[0]
	}
	lists := read.lists(pg, only, parents)
	if sel.Count {
		if err := t.count(ctx, sel, list, parents, lists); err != nil {
			return nil, err
		}
	}
	return lists, read.nested(ctx)
}

// ids is several ids as one value: a JSON list on SQLite, an array on PostgreSQL. The variant of one takes it as it is.
func (e *Engine) ids(ids []string, v variant) any {
	if v == childVariant {
		return ids[0]
	}
	if e.dialect.postgres {
		return "{" + strings.Join(ids, ",") + "}"
	}
	return `["` + strings.Join(ids, `","`) + `"]`
}

func (t *Tx) count(ctx context.Context, sel *Select, list *meta.Field, parents []string, lists map[string]*List) error {
	s := newShaper()
	v := countVariant
	if list != nil {
		v = countsVariant
	}
	p, err := t.plan(s, sel, list, v, page{})
	if err != nil || p.never {
		return err
	}
	values := append(s.values, sel.given...)
	if list != nil {
		values = append(values, t.engine.ids(parents, v))
	}
	args, err := t.args(p.params, values)
	if err != nil {
		return err
	}
	rows, err := t.conn.Query(ctx, p.sql, args...)
	if err != nil {
		return fmt.Errorf("count %s: %w", sel.Entity.Plural, err)
	}
	defer rows.Close()
	for rows.Next() {
		var total int64
		parent := ""
		if list == nil {
			err = rows.Scan(&total)
		} else {
			err = rows.Scan(&parent, &total)
		}
		if err != nil {
			return err
		}
		if l := lists[parent]; l != nil {
			l.Total = total
		}
	}
	return rows.Err()
}

// plan finds the plan of that shape, or makes it. s collects the values that the plan takes.
func (t *Tx) plan(s *shaper, sel *Select, list *meta.Field, v variant, pg page) (*plan, error) {
	if err := t.shape(s, sel, list, v, pg); err != nil {
		return nil, err
	}
	if p := t.engine.plans.get(s.key); p != nil {
		return p, nil
	}
	pg.firstSlot = len(s.values)
	builder := &planner{
		renderer: t.renderer(), plan: &plan{parent: -1}, sel: sel, page: pg, variant: v, list: list,
		extra: len(s.values) + len(pg.cursor), search: s.sought,
	}
	builder.slots = s.slots
	if err := builder.build(); err != nil {
		return nil, fmt.Errorf("read %s: %w", sel.Entity.Plural, err)
	}
	t.engine.plans.put(string(s.key), builder.plan)
	return builder.plan, nil
}

// shape writes to s what the SQL of a read depends on, and the values of its filter and search.
func (t *Tx) shape(s *shaper, sel *Select, list *meta.Field, v variant, pg page) error {
	s.key = append(s.key, byte('0'+v))
	s.flag(sel.Query != nil)
	s.flag(sel.Unversioned)
	s.flag(sel.Unplaced)
	t.shapeOfViewer(s)
	s.text(sel.Entity.Name)
	if sel.Query != nil {
		s.text(sel.Query.Name)
		for _, v := range sel.given {
			s.flag(v != nil)
		}
	}
	if list != nil {
		s.text(list.Type)
		s.text(list.Name)
		s.text(list.Column)
		if list.Join != nil {
			s.text(list.Join.Table)
			s.text(list.Join.From)
		} else {
			s.text(list.Inverse)
		}
	}
	if v != countVariant && v != countsVariant {
		s.fields(sel.Fields, 0)
		s.page(pg)
		if len(sel.Order) > 0 {
			s.order(orderOf(sel, list))
		} else { // that of the entity or list, which is named above
			s.key = append(s.key, '.')
		}
	}
	s.size = 0
	s.filter(sel.Where, 0)
	s.search(sel)
	return s.err
}

// shapeOfViewer writes to s what SQL depends on of who asks, and where.
func (t *Tx) shapeOfViewer(s *shaper) {
	s.flag(t.system)
	s.flag(t.viewer.SignedIn())
	s.flag(t.inTenant())
	s.key = append(s.key, byte('0'+t.seeks()))
}

func (t *Tx) renderer() *renderer {
	return &renderer{
		dialect: t.engine.dialect, backend: t.engine.backend, account: t.engine.account,
		signed: t.viewer.SignedIn(), system: t.system, tenant: t.inTenant(), seeks: t.seeks(),
	}
}

// args is the arguments of a statement.
func (t *Tx) args(params []param, values []any) ([]any, error) {
	args := make([]any, len(params))
	for i, p := range params {
		var value any
		switch p.source {
		case viewerSource:
			value = string(t.viewer.ID)
		case nowSource:
			value = t.now.Add(microseconds(p.offset))
		case tenantSource:
			value = t.tenant
		case soughtSource:
			value = t.sought
		case slotSource:
			value = values[p.slot]
		}
		var err error
		switch p.typ.kind {
		case meta.List:
			args[i] = value
		case matchKind, termsKind:
			args[i], err = t.engine.dialect.encodeSearch(value, p)
		default:
			args[i], err = t.engine.dialect.encode(value, p.typ)
		}
		if err != nil {
			return nil, err
		}
	}
	return args, nil
}

// reading is one statement's answer.
type reading struct {
	tx      *Tx
	plan    *plan
	sel     *Select
	cells   []cell
	taken   *[]cell // to be given back
	rows    []*Row
	parents []string // of each row
	slab    slab
	pending [][]hole // per list of the plan: where it is missing
}

// hole is where a list belongs.
type hole struct {
	row   *Row
	index int
}

func (r *reading) run(ctx context.Context, values []any) error {
	if r.plan.never {
		return nil
	}
	args, err := r.tx.args(r.plan.params, values)
	if err != nil {
		return err
	}
	rows, err := r.tx.conn.Query(ctx, r.plan.sql, args...)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.sel.Entity.Plural, err)
	}
	defer rows.Close()
	r.begin()
	defer r.end()
	for rows.Next() {
		if err := readAll(rows, r.cells); err != nil {
			return fmt.Errorf("read %s: %w", r.sel.Entity.Plural, err)
		}
		if err := r.take(); err != nil {
			return fmt.Errorf("read %s: %w", r.sel.Entity.Plural, err)
		}
	}
	return rows.Err()
}

// begin has room made for what is read, until end.
func (r *reading) begin() {
	r.taken = r.plan.take()
	r.cells = *r.taken
	if n := len(r.plan.lists); n > 0 {
		r.pending = make([][]hole, n)
	}
	if r.plan.parent >= 0 {
		r.slab.expected = fewRows
	}
}

func (r *reading) end() { r.plan.giveBack(r.taken) }

// fewRows is how many rows a list has room for at first.
const fewRows = 4

// take makes a row of the columns just read.
func (r *reading) take() error {
	if r.rows == nil && r.plan.parent >= 0 {
		r.rows, r.parents = make([]*Row, 0, fewRows), make([]string, 0, fewRows)
	}
	row, err := r.node(r.plan.node)
	if err != nil {
		return err
	}
	r.rows = append(r.rows, row)
	if r.plan.parent >= 0 {
		r.parents = append(r.parents, *r.cells[r.plan.parent].text)
	}
	row.keys = r.slab.of(len(r.plan.keys))
	for i, k := range r.plan.keys {
		if row.keys[i], err = r.cells[k.column].value(); err != nil {
			return err
		}
	}
	return nil
}

// node reads a row, nil where there is none.
func (r *reading) node(n *node) (*Row, error) {
	id := r.cells[n.id].text
	if id == nil {
		return nil, nil
	}
	row := r.slab.row()
	row.ID, row.Values = kit.ID(*id), r.slab.of(len(n.values))
	if n.version >= 0 && r.cells[n.version].integer != nil {
		row.Version = *r.cells[n.version].integer
	}
	for i := range n.values {
		var err error
		if row.Values[i], err = r.value(&n.values[i], row, i); err != nil {
			return nil, err
		}
	}
	return row, nil
}

func (r *reading) value(from *reader, row *Row, index int) (any, error) {
	switch from.kind {
	case scalarReader:
		return r.cells[from.column].value()
	case valueReader:
		parts, whole := make([]any, len(from.parts)), false
		for i := range from.parts {
			part, err := r.cells[from.parts[i].column].value()
			if err != nil {
				return nil, err
			}
			parts[i], whole = part, whole || part != nil
		}
		if whole {
			return parts, nil
		}
	case idReader:
		if id := r.cells[from.column].text; id != nil {
			nested := r.slab.row()
			nested.ID, nested.Values = kit.ID(*id), r.slab.of(1)
			nested.Values[0] = *id
			return nested, nil
		}
	case rowReader:
		// A nil *Row must not become a non-nil any.
		if nested, err := r.node(from.node); nested != nil || err != nil {
			return nested, err
		}
	case methodReader:
		if from.column < 0 || r.cells[from.column].integer != nil {
			return due{}, nil
		}
	case listReader:
		if from.column < 0 || r.cells[from.column].integer != nil {
			r.pending[from.list] = append(r.pending[from.list], hole{row, index})
		}
	}
	return nil, nil
}

// lists parts the rows by parent and makes pages of them.
func (r *reading) lists(pg page, only string, parents []string) map[string]*List {
	lists := make(map[string]*List, max(1, len(parents)))
	if len(parents) == 0 {
		parents = []string{""}
	}
	for _, parent := range parents {
		lists[parent] = &List{hash: r.plan.hash, HasPrevious: pg.cursor != nil || pg.skip > 0}
	}
	for from := 0; from < len(r.rows); {
		to, parent := len(r.rows), only
		if r.parents != nil {
			parent = r.parents[from]
			for to = from + 1; to < len(r.rows) && r.parents[to] == parent; to++ {
			}
		}
		lists[parent].add(r.rows[from:to:to], pg.limit)
		from = to
	}
	if pg.backward {
		for _, l := range lists {
			slices.Reverse(l.Rows)
			l.HasNext, l.HasPrevious = l.HasPrevious, l.HasNext
		}
	}
	return lists
}

// add appends rows up to the limit, 0 for none. A page whose rows came together needs no room of its own.
func (l *List) add(rows []*Row, limit int) {
	if l.Rows == nil {
		l.Rows = rows
	} else {
		l.Rows = append(l.Rows, rows...)
	}
	if limit > 0 && len(l.Rows) > limit {
		l.Rows, l.HasNext = l.Rows[:limit:limit], true
	}
}

// nested reads each list of the selection for all rows at once.
func (r *reading) nested(ctx context.Context) error {
	for i, holes := range r.pending {
		if len(holes) == 0 {
			continue
		}
		step := r.plan.lists[i]
		sel := r.sel.at(step.path)
		lists, err := r.tx.lists(ctx, sel, step.field, parentsOf(holes))
		if err != nil {
			return err
		}
		for _, h := range holes {
			h.row.Values[h.index] = lists[string(h.row.ID)]
		}
	}
	return nil
}

// lists reads a list of each parent, all empty where the viewer may read none of its rows.
func (t *Tx) lists(ctx context.Context, sel *Select, f *meta.Field, parents []string) (map[string]*List, error) {
	if sel == nil {
		sel = &Select{Entity: f.Target()}
	}
	return t.page(ctx, sel, f, parents)
}

// at is the Select nested in sel at the end of a path of selections, nil for one without.
func (sel *Select) at(path []int) *Select {
	for _, i := range path {
		sel = sel.Fields[i].Nested
	}
	return sel
}

func parentsOf(holes []hole) []string {
	if len(holes) == 1 {
		return []string{string(holes[0].row.ID)}
	}
	seen := make(map[kit.ID]bool, len(holes))
	var ids []string
	for _, h := range holes {
		if !seen[h.row.ID] {
			seen[h.row.ID] = true
			ids = append(ids, string(h.row.ID))
		}
	}
	return ids
}
