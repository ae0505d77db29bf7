package query

import (
	"context"
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
				all = append(all, named{f.Target(), text, f.Name, func(id string) { w.values[f] = id }})
			}
		case meta.List:
			for i, item := range value.([]any) {
				if text, ok := item.(string); ok {
					all = append(all, named{f.Target(), text, f.Name + "." + itoa(i), func(id string) { value.([]any)[i] = id }})
				}
			}
		}
	}
	return w.tx.resolve(ctx, all, &w.wrong)
}

// resolve finds the rows that are named, in one statement for every namesPerStatement, as the viewer may see them.
// What he may not see is missing.
func (t *Tx) resolve(ctx context.Context, all []named, wrong *validator) error {
	for part := range slices.Chunk(all, namesPerStatement) {
		if err := t.resolvePart(ctx, part, wrong); err != nil {
			return err
		}
	}
	return nil
}

const namesPerStatement = 50

func (t *Tx) resolvePart(ctx context.Context, all []named, wrong *validator) error {
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
		return r.err
	}
	cells := make([]cell, len(columns))
	if len(columns) > 0 {
		sql, params := finish("SELECT "+strings.Join(columns, ", "), r.params)
		if _, err := t.one(ctx, sql, params, values, cells); err != nil {
			return err
		}
	}
	for i, n := range all {
		if place[i] < 0 || cells[place[i]].text == nil {
			wrong.add(n.path, kit.FieldNotFound, "There is no such %s.", n.target.Singular)
			continue
		}
		n.found(*cells[place[i]].text)
	}
	return nil
}

// lockParents locks the rows that the write refers to, where a check or bound reaches over them: two writes under one
// parent then come one after the other. SQLite has one writer at a time anyway.
func (w *write) lockParents(ctx context.Context) error {
	if !w.tx.engine.dialect.postgres || !w.reaches() {
		return nil
	}
	for _, f := range w.entity.Fields {
		id, ok := w.values[f].(string)
		if f.Kind != meta.Reference || !ok {
			continue
		}
		if _, err := w.tx.conn.Exec(ctx, "SELECT 1 FROM "+ident(f.Target().Table)+" WHERE id = $1 FOR NO KEY UPDATE", id); err != nil {
			return err
		}
	}
	return nil
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
