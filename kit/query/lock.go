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

// Lock holds rows until the transaction ends: meanwhile nobody changes them, deletes them or makes another refer to them. Whatever
// order they are named in, it takes them in that of their tables and ids: of two that write the same rows the other way round, one
// waits, where else each waits for the other until PostgreSQL ends one of them, and again. A transaction that deletes what refers to
// a row, and then the row, locks it first: what was made in between would refuse it. It asks no rule but the one for reading, as the
// writes do the others, and passes over rows that are not there, or not for the viewer. SQLite, which has one writer at a time, needs none of it.
func (t *Tx) Lock(ctx context.Context, rows []Named) error {
	if !t.engine.dialect.postgres {
		return nil
	}
	rows = slices.Clone(rows)
	slices.SortStableFunc(rows, func(a, b Named) int { return cmp.Compare(a.Entity.Table, b.Entity.Table) })
	for len(rows) > 0 {
		e := rows[0].Entity
		n := slices.IndexFunc(rows, func(other Named) bool { return other.Entity != e })
		if n < 0 {
			n = len(rows)
		}
		if err := t.lock(ctx, e, rows[:n]); err != nil {
			return err
		}
		rows = rows[n:]
	}
	return nil
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

func (t *Tx) lock(ctx context.Context, e *meta.Entity, rows []Named) error {
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
		return nil
	}
	sql := "SELECT t0.id FROM " + p.table(row) + whereClause(conjunction("("+strings.Join(either, " OR ")+")", visible)) + " ORDER BY t0.id" + lockOf(stay)
	if p.err != nil {
		return fmt.Errorf("lock %s: %w", e.Plural, p.err)
	}
	sql, params := finish(sql, p.params)
	args, err := t.args(params, values)
	if err != nil {
		return err
	}
	_, err = t.conn.Exec(ctx, sql, args...)
	return err
}
