package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Ensure makes a row as Create does, unless there is one that has the same in the fields that by names, which must be unique
// together. It returns the id of the row that is there in the end, and whether that was made. Of several transactions that ensure the same
// row one makes it, and the others wait for it: to look first, and then to create, would be a CONFLICT for all but one.
//
// A row that is there stays as it is, whatever else the changes say. Whoever may not CREATE the row that they describe may not ensure it either,
// there or not, and where he may not READ the one that is there the problem is that of Create.
func (t *Tx) Ensure(ctx context.Context, e *meta.Entity, by []string, changes []Change) (id kit.ID, made bool, err error) {
	defer t.state.spoil(t.state.writes, &err)
	if err := few(changes); err != nil {
		return "", false, err
	}
	uniques := uniquesOf(e, by)
	if len(uniques) == 0 {
		return "", false, fmt.Errorf("%s: %s need not be unique", e.Name, strings.Join(by, " and "))
	}
	w, err := t.makeUnlessThere(ctx, e, changes)
	if err != nil {
		return "", false, err
	}
	if w.id != "" {
		return w.id, true, nil
	}
	if err := w.mayBe(ctx); err != nil {
		return "", false, err
	}
	for range maxVanishings {
		id, there, err := w.twin(ctx, uniques)
		if err != nil || id != "" {
			return id, false, err
		}
		// It was deleted since, or may not be read, or something else is taken: Create tells which.
		refused := t.conn.Savepoint(ctx, func() error {
			id, err = t.Create(ctx, e, changes)
			return err
		})
		if refused == nil {
			return id, true, nil
		}
		if there || !w.isTaken(uniques, refused) {
			return "", false, refused
		}
	}
	return "", false, w.taken(&sqldb.Violation{Kind: sqldb.UniqueViolation, Constraint: uniques[0].Name})
}

// maxVanishings is how often somebody else may make the row and delete it again between two statements.
const maxVanishings = 20

// uniquesOf is what makes the fields of these names unique together; that of a union stands for each of its references.
func uniquesOf(e *meta.Entity, by []string) (all []meta.Unique) {
	for _, u := range e.Uniques {
		if slices.EqualFunc(u.Fields, by, func(name, asked string) bool {
			f := e.Field(name)
			return name == asked || f.Union() != nil && f.Union().Name == asked
		}) {
			all = append(all, u)
		}
	}
	return all
}

// errThere undoes what was made on the way to a row that is there.
var errThere = errors.New("there is such a row")

// makeUnlessThere makes a row, which has no id where one has what must be unique. What naming makes is then not made either.
func (t *Tx) makeUnlessThere(ctx context.Context, e *meta.Entity, changes []Change) (w *write, err error) {
	try := func() error {
		writes, err := t.makeAll(ctx, e, []draft{{changes: changes}}, "ON CONFLICT DO NOTHING", nil)
		if err != nil {
			return err
		}
		if w = writes[0]; w.id == "" {
			return errThere
		}
		return nil
	}
	if slices.ContainsFunc(changes, func(c Change) bool { return c.Field.Target() != nil && c.Field.Target().Upsert }) {
		err = t.conn.Savepoint(ctx, try)
	} else {
		err = try()
	}
	if errors.Is(err, errThere) {
		return w, nil
	}
	return w, err
}

// mayBe asks the CREATE rules of a row that another kept from being made.
func (w *write) mayBe(ctx context.Context) error {
	after, err := w.verdict(afterStage)
	if err != nil {
		return err
	}
	l := &lot{tx: w.tx, entity: w.entity, writes: []*write{w}, after: after}
	if !l.hides() {
		return nil // they hold whatever the row is, or it would not have been tried
	}
	w.id = kit.NewID()
	return l.mayBe(ctx, w)
}

// twin is the row that has what w was to have alone, as the viewer may READ it: its id is empty otherwise, even where it is there.
func (w *write) twin(ctx context.Context, uniques []meta.Unique) (id kit.ID, there bool, err error) {
	r := w.tx.renderer()
	var values []any
	slot := func(v any) int {
		values = append(values, v)
		return len(values) - 1
	}
	row := &scope{entity: w.entity, alias: "t0"}
	own := &scope{entity: w.entity, bound: func(f *meta.Field) int { return slot(w.soFar(f)) }}
	var same []string
	for _, u := range uniques {
		var parts []string
		for _, name := range u.Fields {
			f := w.entity.Field(name)
			if w.values[f] == nil {
				parts = append(parts, sqlFalse) // null is like nothing
				continue
			}
			column, given := row.alias+"."+ident(f.Column), r.param(param{source: slotSource, slot: slot(w.values[f]), typ: fieldType(f)})
			if u.IgnoreCase && isText(f.Kind) && f.Kind != meta.EnumKind {
				column, given = "lower("+column+")", "lower("+given+")"
			}
			parts = append(parts, column+" = "+given)
		}
		if u.When != nil {
			parts = append(parts, r.cond(u.When, inside(row), false), r.cond(u.When, inside(own), false))
		}
		same = append(same, conjunction(parts...))
	}
	sql := "SELECT t0.id, CASE WHEN " + r.policy(w.entity, meta.Read, row) + " THEN 1 ELSE 0 END FROM " + r.table(row) + " WHERE " + disjunction(same...)
	if r.err != nil {
		return "", false, r.err
	}
	sql, params := finish(sql+" LIMIT 1", r.params)
	cells := []cell{{class: textClass}, {class: integerClass, kind: meta.Int64}}
	if there, err = w.tx.one(ctx, sql, params, values, cells); err != nil || !there || *cells[1].integer == 0 {
		return "", there, err
	}
	return kit.ID(*cells[0].text), true, nil
}

// isTaken tells whether one of uniques is what refused the row.
func (w *write) isTaken(uniques []meta.Unique, err error) bool {
	var refused *sqldb.Violation
	return errors.As(err, &refused) && refused.Kind == sqldb.UniqueViolation && slices.ContainsFunc(uniques, func(u meta.Unique) bool {
		return u.Name == refused.Constraint && u.Name != "" || w.isOf(u, refused.Columns)
	})
}
