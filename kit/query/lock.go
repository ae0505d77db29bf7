package query

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// Named is a row, by its id or key.
type Named struct {
	Entity *meta.Entity
	Key    string
	Stays  bool // it is changed at most, and not deleted: meanwhile others may make rows refer to it
}

// lockOf locks row t0. PostgreSQL locks what a new row refers to, FOR KEY SHARE, until the transaction ends: of two that each made a row that
// refers to this one and then change it, each would wait for the other were it locked FOR UPDATE.
func lockOf(stays bool) string {
	if stays {
		return " FOR NO KEY UPDATE OF t0"
	}
	return " FOR UPDATE OF t0"
}

// Lock holds rows until the transaction ends: meanwhile nobody changes them, deletes them or makes another refer to them. Whatever order they
// are named in, it takes them in one: what is referred to before what refers to it, and else by their ids. Of two that write the same rows the
// other way round, one waits, where else each waits for the other until PostgreSQL ends one of them, and again. A transaction that deletes
// what refers to a row, and then the row, locks it first: what was made in between would refuse it. So does one that changes what goes with a row,
// and then the row, as whoever deletes it does. What a check of a row asks about is locked before it, as a change of it does. Lock asks no rule
// but the one for reading, as the writes do the others, and passes over rows that are not there, or not for the viewer. SQLite, which has one
// writer at a time, needs none of it.
func (t *Tx) Lock(ctx context.Context, rows []Named) error {
	if !t.engine.dialect.postgres {
		return nil
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Named) int { return t.engine.first(a.Entity, b.Entity) })
	var all []locking
	for len(rows) > 0 {
		e := rows[0].Entity
		n := slices.IndexFunc(rows, func(other Named) bool { return other.Entity != e })
		if n < 0 {
			n = len(rows)
		}
		of, err := t.locking(e, rows[:n])
		if err != nil {
			return err
		}
		all, rows = append(all, of...), rows[n:]
	}
	slices.SortStableFunc(all, func(a, b locking) int { return t.engine.first(a.entity, b.entity) })
	for _, l := range all {
		if _, err := t.conn.Exec(ctx, l.sql, l.args...); err != nil {
			return err
		}
	}
	return nil
}

// first compares entities by the order in which their rows are locked.
func (e *Engine) first(a, b *meta.Entity) int {
	return slices.Index(e.order, a) - slices.Index(e.order, b)
}

// findOrder finds the order in which rows are locked: those that an entity refers to come before its own, as far as they do not refer to
// each other, and else go by the names of their tables.
func (e *Engine) findOrder() {
	known := map[*meta.Entity]bool{}
	var visit func(entity *meta.Entity)
	visit = func(entity *meta.Entity) {
		if known[entity] {
			return
		}
		known[entity] = true
		for _, f := range entity.Fields {
			if f.Kind == meta.Reference {
				visit(f.Target())
			}
		}
		e.order = append(e.order, entity)
	}
	for _, entity := range slices.SortedFunc(slices.Values(e.backend.Entities), func(a, b *meta.Entity) int { return cmp.Compare(a.Table, b.Table) }) {
		visit(entity)
	}
}

// Queue makes transactions that write several rows come one after the other, where to write one waits for more than that row: for whoever
// writes under the same parent, numbers its rows or books the same place. Two that do so for the same parents the other way round would
// wait for each other. made and changed have the entity of each row that will be made or changed, as often as there are rows.
func (t *Tx) Queue(ctx context.Context, made, changed []*meta.Entity) error {
	if !t.engine.dialect.postgres {
		return nil
	}
	var queues []string
	for i, e := range slices.Concat(made, changed) {
		if len(e.Excludes) > 0 || len(t.engine.reaches[e]) > 0 || i < len(made) && slices.ContainsFunc(e.Fields, counts) {
			queues = append(queues, e.Table+" "+t.tenant)
		}
	}
	if len(queues) < 2 {
		return nil
	}
	slices.Sort(queues)
	queues = slices.Compact(queues)
	locks, args := make([]string, len(queues)), make([]any, len(queues))
	for i, queue := range queues {
		locks[i], args[i] = "pg_advisory_xact_lock(hashtextextended('several ' || $"+itoa(i+1)+"::text, 0))", queue
	}
	_, err := t.conn.Exec(ctx, "SELECT "+strings.Join(locks, ", "), args...)
	return err
}

// locking is a statement that locks rows of an entity.
type locking struct {
	entity *meta.Entity
	sql    string
	args   []any
}

// locking is the statements that lock rows of an entity, and what its checks ask about of these.
func (t *Tx) locking(e *meta.Entity, rows []Named) (all []locking, err error) {
	row, p := &scope{entity: e, alias: "t0"}, &planner{renderer: t.renderer()}
	visible := p.policy(e, meta.Read, row)
	var either []string
	var values []any
	stay := true
	for _, named := range rows {
		stay = stay && named.Stays
		if kind, value, ok := addressed(e, named.Key); ok {
			p.extra = len(values)
			either, values = append(either, p.address(row, kind)), append(values, value)
		}
	}
	if len(values) == 0 || visible == sqlFalse || visible == sqlNull {
		return nil, nil
	}
	from := " FROM " + p.table(row) + whereClause(conjunction("("+strings.Join(either, " OR ")+")", visible))
	if p.err != nil {
		return nil, fmt.Errorf("lock %s: %w", e.Plural, p.err)
	}
	add := func(of *meta.Entity, sql string) {
		var params []param
		l := locking{entity: of}
		l.sql, params = finish(sql, p.params)
		if l.args, err = t.args(params, values); err == nil {
			all = append(all, l)
		}
	}
	for _, f := range e.Fields {
		if t.engine.reached(e, f) && err == nil {
			add(f.Target(), "SELECT r.id FROM "+stored(f.Target())+" r WHERE r.id IN (SELECT t0."+ident(f.Column)+from+") ORDER BY r.id FOR NO KEY UPDATE")
		}
	}
	if err == nil {
		add(e, "SELECT t0.id"+from+" ORDER BY t0.id"+lockOf(stay))
	}
	return all, err
}
