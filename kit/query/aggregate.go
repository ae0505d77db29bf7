package query

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Aggregation says what to work out of the rows of an entity that fit: for each combination of the values of Groups, or
// with none for all rows together. It is built per request and not kept.
type Aggregation struct {
	Entity   *meta.Entity
	Where    *meta.Expr // asked for by the viewer, so that field rules apply inside it; nil for all
	Search   string     // words that the searched fields of a row must have; empty for all
	Groups   []GroupKey
	Measures []Measure
	First    int    // groups at most; DefaultGroups unless given
	After    string // the cursor of the group behind which to begin
}

// How many groups a page of an Aggregation has, and of how many parts one may consist.
const (
	DefaultGroups = 100
	MaxGroups     = 1000
	maxKeys       = 8
	maxMeasures   = 64
)

// Groups is a page of groups in the order of their keys, null last. Without keys it is the one group of all rows, whether
// there are any or not.
type Groups struct {
	Groups  []Group
	HasNext bool

	hash string
}

// Group is what was worked out of the rows that are alike. Count is how many they are.
type Group struct {
	Count  int64
	Keys   []any // of each of Groups, as its Field's Kind states in package meta; null where null or hidden
	Values []any // of each of Measures, as its Field's Kind states; null where no row has a value that the viewer may see
}

// Cursor is where group i stands: the page after it begins there.
func (g *Groups) Cursor(i int) string { return writeCursor(g.hash, g.Groups[i].Keys) }

// Aggregate works out what a says of the rows that the viewer may read, in one statement. What a field's READ rule hides
// counts as null: it is in no sum, and its rows are grouped as those where it is null.
func (t *Tx) Aggregate(ctx context.Context, a *Aggregation) (*Groups, error) {
	if err := t.mayRead(a.Entity); err != nil {
		return nil, err
	}
	if err := a.check(); err != nil {
		return nil, err
	}
	pg, err := a.page()
	if err != nil {
		return nil, err
	}
	s := &shaper{}
	plan, err := t.aggregatePlan(s, a, pg)
	if err != nil {
		return nil, err
	}
	groups, err := t.groups(ctx, a, plan, append(append(s.values, pg.cursor...), a.zones()...))
	if err != nil {
		return nil, fmt.Errorf("aggregate %s: %w", a.Entity.Plural, err)
	}
	groups.hash = a.hash()
	if pg.limit > 0 && len(groups.Groups) > pg.limit {
		groups.Groups, groups.HasNext = groups.Groups[:pg.limit], true
	}
	return groups, nil
}

// SingleAggregate returns ctx for a Read that does nothing but Aggregate, which is one statement: the database need not open
// a transaction around it.
func (e *Engine) SingleAggregate(ctx context.Context) context.Context {
	if e.tenant != nil { // which is looked for first
		return ctx
	}
	return sqldb.WithSingle(ctx)
}

func (a *Aggregation) check() error {
	switch {
	case len(a.Groups) > maxKeys:
		return kit.Invalid("groupBy", kit.FieldTooLong, "must have at most %d keys", maxKeys)
	case len(a.Measures) > maxMeasures:
		return malformed("More than %d values are asked for.", maxMeasures)
	}
	for i, k := range a.Groups {
		if slices.ContainsFunc(a.Groups[:i], func(other GroupKey) bool { return other.Name(".") == k.Name(".") }) {
			return kit.Invalid("groupBy", kit.FieldFormat, "has %s twice", k.Name("."))
		}
		if err := k.check(a.Entity); err != nil {
			return err
		}
	}
	for i, m := range a.Measures {
		if slices.ContainsFunc(a.Measures[:i], m.is) {
			return kit.Invalid(string(m.Of), kit.FieldFormat, "has %s twice", strings.Join(m.Path, "."))
		}
		if err := m.check(a); err != nil {
			return err
		}
	}
	return nil
}

// page is which of the groups are read; without keys there is one, and no page.
func (a *Aggregation) page() (page, error) {
	if len(a.Groups) == 0 {
		if a.After != "" {
			return page{}, malformed("Without groups there is no page behind a cursor.")
		}
		return page{}, nil
	}
	p := page{limit: defaulted(a.First, DefaultGroups)}
	switch {
	case a.First < 0 || p.limit > MaxGroups:
		return p, malformed("A page has at most %d groups.", MaxGroups)
	case a.After == "":
		return p, nil
	}
	texts, ok := cursorTexts(a.After, a.hash(), len(a.Groups))
	wrong := malformed("The cursor does not belong to these groups.")
	if !ok {
		return p, wrong
	}
	p.cursor = make([]any, len(texts))
	for i, text := range texts {
		if text == nil {
			continue
		}
		var err error
		if p.cursor[i], err = cursorValue(*text, a.Groups[i].Field(a.Entity)); err != nil {
			return p, wrong
		}
	}
	return p, nil
}

func (a *Aggregation) hash() string {
	order := make([]Order, len(a.Groups))
	for i, k := range a.Groups {
		order[i].Path = append(append(order[i].Path, k.Path...), string(k.By), k.zone())
	}
	return orderHash(a.Entity, order)
}

// zones are the values of the time zones of the groups, in order.
func (a *Aggregation) zones() (zones []any) {
	for _, k := range a.Groups {
		if k.By != "" {
			zones = append(zones, k.zone())
		}
	}
	return zones
}

// aggregatePlan is an aggregation as one statement, rendered once for all requests of its shape.
type aggregatePlan struct {
	sql    string
	params []param
	cells  []cell
	never  bool // no row can fit
	count  int  // the column of the number of rows
	keys   []int
	values []measured
}

// aggregatePlan finds the plan of that shape, or makes it. s collects the values that the plan takes.
func (t *Tx) aggregatePlan(s *shaper, a *Aggregation, pg page) (*aggregatePlan, error) {
	sel := &Select{Entity: a.Entity, Where: a.Where, Search: a.Search}
	if err := t.shape(s, sel, nil, countVariant, page{}); err != nil {
		return nil, err
	}
	s.page(pg)
	for _, k := range a.Groups {
		s.text(strings.Join(k.Path, "."))
		s.text(string(k.By))
	}
	s.key = append(s.key, '|')
	for _, m := range a.Measures {
		s.text(strings.Join(m.Path, "."))
		s.text(string(m.Of))
	}
	if p := t.engine.aggregates.get(s.key); p != nil {
		return p, nil
	}
	pg.firstSlot = len(s.values)
	b := &aggregator{
		planner: &planner{
			renderer: t.renderer(), plan: &plan{parent: -1}, sel: sel, page: pg, variant: countVariant, search: s.sought,
		},
		asked: a, plan: &aggregatePlan{}, known: map[string]operand{},
	}
	b.slots = s.slots
	b.build()
	if b.err != nil {
		return nil, fmt.Errorf("aggregate %s: %w", a.Entity.Plural, b.err)
	}
	t.engine.aggregates.put(string(s.key), b.plan)
	return b.plan, nil
}

// aggregator renders an aggregation.
//
//	SELECT g.… FROM (SELECT k0, count(*) AS n, sum(v0) AS s0 FROM (SELECT … AS k0, … AS v0 FROM the rows that fit) r GROUP BY k0) g
//	WHERE behind the cursor ORDER BY g.k0 LIMIT …
//
// The values stand in a query of their own, so that each is worked out once and an aggregate within one is no aggregate of
// this. Both databases read through it.
type aggregator struct {
	*planner
	asked *Aggregation
	plan  *aggregatePlan

	rows  []string           // columns of the rows that fit
	alike []string           // columns of a group
	known map[string]operand // columns of the rows that measures are of, by their paths
}

func (b *aggregator) build() {
	row := &scope{entity: b.asked.Entity, alias: b.alias("t")}
	where := b.where(row)
	if where == sqlFalse {
		b.plan.never = true
	}
	at := env{this: row, guarded: !b.system}
	keys := b.groupKeys(row, at)
	b.alike = append(b.alike, "count(*) AS n")
	b.plan.count = b.column("g.n", typ{kind: meta.Int64})
	for i, m := range b.asked.Measures {
		b.plan.values = append(b.plan.values, b.measure(i, m, row, at))
	}
	if len(b.rows) == 0 {
		b.rows = append(b.rows, "1 AS one")
	}
	fence := ""
	if slices.ContainsFunc(b.rows, searches) {
		fence = b.fence()
	}
	b.plan.sql = "SELECT " + strings.Join(b.columns, ", ") + " FROM (SELECT " + strings.Join(b.alike, ", ") + " FROM (SELECT " +
		strings.Join(b.rows, ", ") + " FROM " + b.table(row) + whereClause(where) + fence + ") r" + b.grouped(len(keys)) + ") g" + b.ordered(keys)
	b.plan.sql, b.plan.params = finish(b.plan.sql, b.params)
	b.plan.cells = b.planner.plan.cells
}

// groupKeys adds the keys of the groups, by which these are ordered too.
func (b *aggregator) groupKeys(row *scope, at env) []orderKey {
	keys := make([]orderKey, len(b.asked.Groups))
	zone := b.page.firstSlot + len(b.page.cursor)
	for i, k := range b.asked.Groups {
		o := b.follow(row, k.Path, at)
		null, t := o.nullable() || o.sql == sqlNull, o.typ
		sql := o.shown()
		if k.By != "" {
			sql, t = b.period(sql, t.kind, k.By, zone), typ{kind: meta.Date}
			zone++
		}
		if sql == sqlNull {
			sql += b.cast(t.kind)
		}
		t.column, t.null = false, null
		name := "k" + strconv.Itoa(i)
		b.rows = append(b.rows, sql+" AS "+name)
		b.alike = append(b.alike, name)
		keys[i] = orderKey{sql: "g." + name, typ: t, null: null}
		b.plan.keys = append(b.plan.keys, b.column(keys[i].sql, t))
	}
	return keys
}

func (b *aggregator) grouped(keys int) string {
	if keys == 0 {
		return ""
	}
	names := make([]string, keys)
	for i := range names {
		names[i] = "k" + strconv.Itoa(i)
	}
	return " GROUP BY " + strings.Join(names, ", ")
}

func (b *aggregator) ordered(keys []orderKey) string {
	if len(keys) == 0 {
		return ""
	}
	return whereClause(b.after(keys)) + " ORDER BY " + b.orderBy(keys) + " LIMIT " + strconv.Itoa(b.page.limit+1)
}

// groups runs the statement and reads its groups.
func (t *Tx) groups(ctx context.Context, a *Aggregation, p *aggregatePlan, values []any) (*Groups, error) {
	if p.never {
		return t.ofNothing(a, p)
	}
	args, err := t.args(p.params, values)
	if err != nil {
		return nil, err
	}
	rows, err := t.conn.Query(ctx, p.sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	found := &Groups{}
	cells := append([]cell(nil), p.cells...)
	for rows.Next() {
		if err := readAll(rows, cells); err != nil {
			return nil, err
		}
		group, err := t.group(a, p, cells)
		if err != nil {
			return nil, err
		}
		found.Groups = append(found.Groups, group)
	}
	return found, rows.Err()
}

// ofNothing is the groups of no rows: none, or without keys the one of all.
func (t *Tx) ofNothing(a *Aggregation, p *aggregatePlan) (*Groups, error) {
	if len(a.Groups) > 0 {
		return &Groups{}, nil
	}
	group, err := t.group(a, p, append([]cell(nil), p.cells...))
	return &Groups{Groups: []Group{group}}, err
}

// group reads the group that cells hold; all of them are null where nothing was read.
func (t *Tx) group(a *Aggregation, p *aggregatePlan, cells []cell) (g Group, err error) {
	if n := cells[p.count].integer; n != nil {
		g.Count = *n
	}
	g.Keys, g.Values = make([]any, len(p.keys)), make([]any, len(p.values))
	for i, column := range p.keys {
		if g.Keys[i], err = cells[column].value(); err != nil {
			return g, err
		}
	}
	for i, m := range p.values {
		if g.Values[i], err = m.value(cells); err != nil {
			return g, err
		}
		if g.Values[i] == nil && a.Measures[i].Of == Sum && (t.system || !a.Measures[i].Hidden(a.Entity)) {
			g.Values[i] = m.zero()
		}
	}
	return g, nil
}
