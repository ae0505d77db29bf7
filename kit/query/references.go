package query

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// named is a row that an input names by id or key, and where.
type named struct {
	target *meta.Entity
	text   string
	path   string
	found  func(id string)
}

// resolve turns the ids and keys of references into ids of rows that the viewer may see.
func (w *write) resolve(ctx context.Context) error {
	var all []named
	for _, f := range w.entity.Fields {
		value := w.values[f]
		if value == nil || w.trust[f] {
			continue
		}
		switch f.Kind {
		case meta.Reference:
			if text, ok := value.(string); ok {
				all = append(all, named{f.Target(), text, f.Path(), func(id string) { w.values[f] = id }})
			}
		case meta.List:
			for i, item := range value.([]any) {
				if text, ok := item.(string); ok {
					all = append(all, named{f.Target(), text, f.Name + "." + itoa(i), func(id string) { value.([]any)[i] = id }})
				}
			}
		}
	}
	unknown, err := w.tx.resolve(ctx, all, &w.wrong)
	if err != nil || len(unknown) == 0 || len(w.wrong.wrong) > 0 {
		return err
	}
	return w.tx.upsert(ctx, unknown, &w.wrong)
}

// resolve finds the rows that are named, in one statement for every namesPerStatement, as the viewer may see them.
// What he may not see is missing. Unknown are those that are not there and that naming can make.
func (t *Tx) resolve(ctx context.Context, all []named, wrong *validator) (unknown []named, err error) {
	for part := range slices.Chunk(all, namesPerStatement) {
		missing, err := t.resolvePart(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, n := range missing {
			if _, isID := canonicalID(n.text); n.target.Upsert && !isID {
				unknown = append(unknown, n)
			} else {
				n.miss(wrong)
			}
		}
	}
	return unknown, nil
}

func (n named) miss(wrong *validator) {
	wrong.add(n.path, kit.FieldNotFound, "There is no such %s.", n.target.Singular)
}

const namesPerStatement = 50

func (t *Tx) resolvePart(ctx context.Context, all []named) (missing []named, err error) {
	r := t.renderer()
	var columns []string
	var values []any
	place := make([]int, len(all))
	for i, n := range all {
		place[i] = -1
		kind, value, ok := addressed(n.target, n.text)
		if !ok {
			continue
		}
		row := &scope{entity: n.target, alias: r.alias("r")}
		policy := r.policy(n.target, meta.Read, row)
		if policy == sqlFalse {
			continue
		}
		p := &planner{renderer: r, extra: len(values)}
		where := p.address(row, kind)
		place[i] = len(columns)
		values = append(values, value)
		columns = append(columns, "(SELECT "+row.alias+".id FROM "+p.table(row)+" WHERE "+conjunction(where, policy)+")")
	}
	if r.err != nil {
		return nil, r.err
	}
	cells := make([]cell, len(columns))
	if len(columns) > 0 {
		sql, params := finish("SELECT "+strings.Join(columns, ", "), r.params)
		if _, err := t.one(ctx, sql, params, values, cells); err != nil {
			return nil, err
		}
	}
	for i, n := range all {
		if place[i] < 0 || cells[place[i]].text == nil {
			missing = append(missing, n)
			continue
		}
		n.found(*cells[place[i]].text)
	}
	return missing, nil
}

// upsert makes the rows that are named and not there, by the rules for creating them. One that somebody else makes at
// the same time is taken as it is. They are made in order of their keys, so that two writes that name the same ones wait
// for each other only one way round.
func (t *Tx) upsert(ctx context.Context, unknown []named, wrong *validator) error {
	slices.SortStableFunc(unknown, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.target.Name, b.target.Name), cmp.Compare(a.text, b.text))
	})
	var others []named
	for i, n := range unknown {
		if i > 0 && unknown[i-1].target == n.target && unknown[i-1].text == n.text {
			others = append(others, n)
			continue
		}
		id, err := t.create(ctx, n.target, []Change{{n.target.Field(n.target.Key), n.text}}, "ON CONFLICT DO NOTHING")
		var problem *kit.Problem
		switch {
		case errors.As(err, &problem) && problem.Code == kit.CodeInvalid && len(problem.Fields) > 0:
			wrong.add(n.path, problem.Fields[0].Code, "%s", problem.Fields[0].Detail)
		case err != nil:
			return err
		case id == "":
			others = append(others, n)
		default:
			n.found(string(id))
		}
	}
	if len(others) == 0 || len(wrong.wrong) > 0 {
		return nil
	}
	hidden, err := t.resolve(ctx, others, wrong)
	for _, n := range hidden {
		n.miss(wrong)
	}
	return err
}

// lockParents locks the rows that the write refers to, where a check or bound reaches over them: two writes under one
// parent then come one after the other. SQLite has one writer at a time anyway. Those that may be deleted and stay are
// held, since no foreign key keeps them.
func (w *write) lockParents(ctx context.Context) error {
	if err := w.holdParents(ctx); err != nil {
		return err
	}
	if !w.tx.engine.dialect.postgres || !w.reaches() {
		return nil
	}
	for _, f := range w.entity.Fields {
		id, ok := w.values[f].(string)
		if f.Kind != meta.Reference || !ok {
			continue
		}
		if _, err := w.tx.conn.Exec(ctx, "SELECT 1 FROM "+stored(f.Target())+" WHERE id = $1 FOR NO KEY UPDATE", id); err != nil {
			return err
		}
	}
	return nil
}

// holdParents makes sure that each row that the write refers to, if it is one that could be deleted and stay, lives, and
// will when the transaction ends.
func (w *write) holdParents(ctx context.Context) error {
	for _, f := range w.entity.Fields {
		id, ok := w.values[f].(string)
		if f.Kind != meta.Reference || !ok || !f.Target().Vanishes() {
			continue
		}
		if err := w.tx.hold(ctx, f.Target(), "($1)", id); err != nil {
			return err
		}
		cells := []cell{{class: textClass}}
		r := w.tx.renderer()
		where := r.table(&scope{entity: f.Target(), alias: "r"}) + " WHERE r.id = " + r.param(param{source: slotSource, typ: typ{kind: meta.ID}})
		sql, params := finish("SELECT r.id FROM "+where, r.params)
		lives, err := w.tx.one(ctx, sql, params, []any{id}, cells)
		if err != nil {
			return err
		}
		if !lives {
			named{target: f.Target(), path: f.Path()}.miss(&w.wrong)
		}
	}
	return w.wrong.problem()
}

// reaches tells whether a check or a bound of the entity asks about other rows.
func (w *write) reaches() bool {
	for _, c := range allChecks(w.entity) {
		if !c.Local {
			return true
		}
	}
	for _, f := range w.entity.Fields {
		if boundBy(w.entity, f) > 0 {
			return true
		}
	}
	return false
}
