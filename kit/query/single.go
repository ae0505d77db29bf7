package query

import (
	"context"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Single returns ctx for a Read that does nothing but List or Get sel. Where that is one statement the database need not
// open a transaction around it.
func (e *Engine) Single(ctx context.Context, sel *Select) context.Context {
	several := !e.dialect.postgres && (sel.Count || hasLists(sel.Fields))
	if several || sel.Query != nil || hasMethods(sel.Fields) { // whose rules and arguments may be asked for first
		return ctx
	}
	if e.dialect.postgres && sel.Entity.TenantColumn != "" {
		ctx = context.WithValue(ctx, provingKey{}, true)
	}
	return sqldb.WithSingle(ctx)
}

// SingleEach returns ctx for a Read that does nothing but Together, of one List, Get or Aggregate each: sels are what they read,
// nil for an Aggregate. Where each is one statement the database begins and ends their snapshot on the way of these.
func (e *Engine) SingleEach(ctx context.Context, viewer kit.Viewer, sels []*Select) context.Context {
	if len(sels) == 0 || !e.dialect.postgres {
		return ctx
	}
	var each context.Context
	for _, sel := range sels {
		one := e.SingleAggregate(ctx)
		if sel != nil {
			one = e.Single(ctx, sel)
		}
		proves := one.Value(provingKey{}) != nil
		switch {
		case !sqldb.Single(one), each != nil && viewer.Tenant != "" && proves != (each.Value(provingKey{}) != nil):
			return ctx
		}
		each = one
	}
	return each
}

// Together calls each of do with a transaction of its own that reads by the same snapshot: what they ask at the same time takes one
// round trip. They run in turns, never two at a time. Its error is the database's: what each finds it keeps itself.
func (t *Tx) Together(ctx context.Context, do []func(tx *Tx)) error {
	if len(do) == 1 {
		do[0](t)
		return nil
	}
	all := make([]func(sqldb.Conn), len(do))
	for i, one := range do {
		all[i] = func(c sqldb.Conn) {
			tx := *t
			tx.conn = c
			one(&tx)
		}
	}
	return sqldb.Together(ctx, t.conn, all)
}

// Part is the same transaction for who does only a part of it: what he reads by GetLast he has at once.
func (t *Tx) Part() *Tx {
	part := *t
	part.part = true
	return &part
}

// GetLast is Get for what is read last in a transaction that wrote: the statement travels with the commit where the database can do
// that. Then has what Get returned, at once or when all else is done, and its error is the transaction's. It turns no
// transaction back: by then it may be committed.
func (t *Tx) GetLast(ctx context.Context, sel *Select, key string, then func(row *Row, err error) error) error {
	if t.part || !t.engine.dialect.postgres || hasMethods(sel.Fields) { // which may ask more
		return then(t.Get(ctx, sel, key))
	}
	return sqldb.Last(t.conn, func(c sqldb.Conn) error {
		tx := *t
		tx.conn = c
		return then(tx.Get(ctx, sel, key))
	})
}

// CreateLast is Create of a row of sel's entity and then GetLast of it, for who does nothing else in his transaction: where the
// database can do that, both and the commit take one round trip. Then is called with the id of the new row as GetLast calls it.
func (t *Tx) CreateLast(ctx context.Context, sel *Select, changes []Change, then func(id kit.ID, row *Row, err error) error) error {
	var last *lastRead
	if !t.part && t.engine.dialect.postgres && !hasMethods(sel.Fields) && !t.tells(sel.Entity, meta.Create) {
		last = &lastRead{tx: t, sel: sel}
	}
	id, err := t.create(ctx, sel.Entity, changes, "", last)
	switch {
	case err != nil:
		return err
	case last != nil && last.done:
		return then(id, last.row, last.err)
	}
	return t.GetLast(ctx, sel, string(id), func(row *Row, err error) error { return then(id, row, err) })
}

// lastRead is how a new row is read on the way of its insert, once it was.
type lastRead struct {
	tx   *Tx
	sel  *Select
	done bool // it is committed
	row  *Row
	err  error // of Get
}

// provingKey marks the context of a read whose rows prove that their tenant may be seen; see Tx.expect.
type provingKey struct{}

func hasLists(fields []Selection) bool {
	for _, f := range fields {
		if f.Field.Kind == meta.List || f.Nested != nil && hasLists(f.Nested.Fields) {
			return true
		}
	}
	return false
}
