package query

import (
	"cmp"
	"context"
	"fmt"
	"math"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// The numbers of next() come from a row of number_counters for each parent, which whoever takes one locks until his
// transaction ends. A counter never goes back, so a number is not given again when its row is gone; and it never stands
// below a number that was set by hand, so it does not run into that one. The counter is locked before the row is written,
// always: otherwise two writers could wait for each other.

// counts tells whether rows are numbered by f.
func counts(f *meta.Field) bool {
	return f.Default != nil && f.Default.Op == meta.OpCall && f.Default.Name == "next"
}

// counter is what numbers the rows of one parent by one field.
type counter struct {
	tx     *Tx
	entity *meta.Entity
	field  *meta.Field
	parent *meta.Field // nil: all rows are numbered together, or those of a tenant
	id     string      // of the parent; empty without one
	tenant string      // of the rows; empty outside of tenants
}

func (w *write) counter(f *meta.Field) counter {
	c := counter{tx: w.tx, entity: w.entity, field: f}
	if w.entity.TenantColumn != "" && w.entity != w.tx.engine.tenant {
		c.tenant = w.tx.tenant
	}
	if args := f.Default.Args; len(args) == 1 {
		c.parent = w.entity.Field(args[0].Path[0])
		c.id = textIn(w.values[c.parent])
	}
	return c
}

// numberAll gives rows that have one counter the next numbers, in order.
func numberAll(ctx context.Context, f *meta.Field, writes []*write) error {
	last, err := writes[0].counter(f).next(ctx, len(writes))
	if err != nil {
		return fmt.Errorf("%s.%s: %w", writes[0].entity.Name, f.Name, err)
	}
	if f.Kind == meta.Int && last > math.MaxInt32 {
		return writes[0].at(kit.Invalid(f.Name, kit.FieldTooLarge, "There are no numbers left."))
	}
	for i, w := range writes {
		w.values[f] = last - int64(len(writes)-1-i)
	}
	return nil
}

// renumber tells the counters of a row that gets another number or another parent.
func (w *write) renumber(ctx context.Context) error {
	for _, f := range w.entity.Fields {
		if !counts(f) {
			continue
		}
		c := w.counter(f)
		_, numbered := w.values[f]
		_, moved := w.values[c.parent]
		if !numbered && !moved {
			continue
		}
		number, parent, err := c.now(ctx, w.id)
		if err != nil {
			return err
		}
		if !moved {
			c.id = parent
		}
		if value, ok := w.values[f].(int64); ok {
			number = value
		}
		if err := c.reach(ctx, number); err != nil {
			return err
		}
	}
	return nil
}

// now is the number and the parent that a row has.
func (c counter) now(ctx context.Context, id kit.ID) (number int64, parent string, err error) {
	column := "NULL"
	if c.parent != nil {
		column = ident(c.parent.Column)
	}
	cells := []cell{{class: integerClass, kind: meta.Int64}, {class: textClass, kind: meta.ID}}
	sql := "SELECT " + ident(c.field.Column) + ", " + column + c.tx.engine.dialect.textual() + " FROM " + stored(c.entity) + " WHERE id = $1"
	if _, err := c.tx.one(ctx, sql, slots(meta.ID), []any{string(id)}, cells); err != nil {
		return 0, "", err
	}
	if cells[0].integer != nil {
		number = *cells[0].integer
	}
	if cells[1].text != nil {
		parent = *cells[1].text
	}
	return number, parent, nil
}

func (d dialect) textual() string {
	if d.postgres {
		return "::text"
	}
	return ""
}

// next takes so many numbers, and returns the last. Rows from before there was a counter are counted when it is made.
func (c counter) next(ctx context.Context, many int) (int64, error) {
	by := " + " + itoa(many)
	cells := []cell{{class: integerClass, kind: meta.Int64}}
	sql := "UPDATE number_counters SET last = last" + by + " WHERE counter = $1 AND parent = $2 RETURNING last"
	found, err := c.tx.one(ctx, sql, slots(meta.String, meta.String), []any{c.name(), c.owner()}, cells)
	if err == nil && !found {
		last, where := c.last()
		sql = "INSERT INTO number_counters (counter, parent, last) SELECT $1, $2, " + last + by + " FROM " + where +
			" ON CONFLICT (counter, parent) DO UPDATE SET last = number_counters.last" + by + " RETURNING last"
		params, values := c.slots()
		_, err = c.tx.one(ctx, sql, params, values, cells)
	}
	if err != nil || cells[0].integer == nil {
		return 0, err
	}
	return *cells[0].integer, nil
}

// reach lets the counter stand at n at least.
func (c counter) reach(ctx context.Context, n int64) error {
	changed, err := c.tx.conn.Exec(ctx, "UPDATE number_counters SET last = CASE WHEN last < $3 THEN $3 ELSE last END WHERE counter = $1 AND parent = $2",
		c.name(), c.owner(), n)
	if err != nil || changed > 0 {
		return err
	}
	first, err := c.next(ctx, 1) // makes the counter
	if err != nil {
		return err
	}
	_, err = c.tx.conn.Exec(ctx, "UPDATE number_counters SET last = $3 WHERE counter = $1 AND parent = $2", c.name(), c.owner(), max(first-1, n))
	return err
}

// owner is whose numbers they are.
func (c counter) owner() string { return cmp.Or(c.id, c.tenant) }

func (c counter) name() string { return c.entity.Table + "." + c.field.Column }

// last is the largest number of the owner's rows and where it is found; $3 is the owner, where there is one.
func (c counter) last() (value, where string) {
	value, where = "coalesce(max("+ident(c.field.Column)+"), 0)", stored(c.entity)+" WHERE "
	if c.id != "" {
		return value, where + ident(c.parent.Column) + " = $3"
	}
	var conditions []string
	if c.parent != nil {
		conditions = append(conditions, ident(c.parent.Column)+" IS NULL")
	}
	if c.tenant != "" {
		conditions = append(conditions, ident(c.entity.TenantColumn)+" = $3")
	}
	return value, where + conjunction(conditions...)
}

// slots are the arguments of a statement with last.
func (c counter) slots() ([]param, []any) {
	owner := c.owner()
	if owner == "" {
		return slots(meta.String, meta.String), []any{c.name(), ""}
	}
	return slots(meta.String, meta.String, meta.ID), []any{c.name(), owner, owner}
}

// slots are parameters of these kinds, in order.
func slots(kinds ...meta.Kind) []param {
	params := make([]param, len(kinds))
	for i, k := range kinds {
		params[i] = param{source: slotSource, slot: i, typ: typ{kind: k}}
	}
	return params
}
