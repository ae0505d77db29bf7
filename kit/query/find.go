package query

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// Find reads those rows of ids that there are and that the viewer may see, by their ids, in one statement; what is no id names
// no row.
func (t *Tx) Find(ctx context.Context, sel *Select, ids []kit.ID) (map[kit.ID]*Row, error) {
	if err := t.mayRead(sel.Entity); err != nil {
		return nil, err
	}
	known := canonicalIDs(ids)
	if _, err := costOfFields(sel.Fields, max(len(known), 1), 0); err != nil {
		return nil, err
	}
	if len(known) == 0 {
		return nil, t.prove(ctx)
	}
	rows, err := t.rows(ctx, sel, idsVariant, t.engine.ids(known, idsVariant))
	if err != nil {
		return nil, err
	}
	if len(rows) == 0 {
		return nil, t.prove(ctx)
	}
	found := make(map[kit.ID]*Row, len(rows))
	for _, row := range rows {
		found[row.ID] = row
	}
	return found, t.workOut(ctx, sel, rows)
}

// Locate tells of which of entities each of ids is the id, in one statement that looks them up by their primary keys. It finds
// what the viewer may see, and no more: a row that is hidden takes the statements that a missing one does.
func (t *Tx) Locate(ctx context.Context, entities []*meta.Entity, ids []kit.ID) (map[kit.ID]*meta.Entity, error) {
	known := canonicalIDs(ids)
	if len(known) == 0 {
		return nil, t.prove(ctx)
	}
	p, err := t.locator(entities)
	if err != nil {
		return nil, err
	}
	found := make(map[kit.ID]*meta.Entity, len(known))
	if !p.never {
		if err := t.locate(ctx, p, known, entities, found); err != nil {
			return nil, err
		}
	}
	if len(found) == 0 {
		return nil, t.prove(ctx)
	}
	return found, nil
}

// locator is the plan of Locate.
func (t *Tx) locator(entities []*meta.Entity) (*plan, error) {
	s := &shaper{key: []byte{'L'}} // where reads have their variant
	t.shapeOfViewer(s)
	for _, e := range entities {
		s.text(e.Name)
	}
	if p := t.engine.plans.get(s.key); p != nil {
		return p, nil
	}
	r := t.renderer()
	var parts []string
	for i, e := range entities {
		row := &scope{entity: e, alias: r.alias("t")}
		policy := r.policy(e, meta.Read, row)
		if policy == sqlFalse {
			continue
		}
		parts = append(parts, "SELECT "+strconv.Itoa(i)+", "+row.alias+".id FROM "+r.table(row)+
			whereClause(conjunction(row.alias+".id "+r.oneOf(0), policy)))
	}
	p := &plan{never: parts == nil}
	p.sql, p.params = finish(strings.Join(parts, " UNION ALL "), r.params)
	if r.err != nil {
		return nil, fmt.Errorf("locate rows: %w", r.err)
	}
	t.engine.plans.put(string(s.key), p)
	return p, nil
}

func (t *Tx) locate(ctx context.Context, p *plan, ids []string, entities []*meta.Entity, found map[kit.ID]*meta.Entity) error {
	args, err := t.args(p.params, []any{t.engine.ids(ids, idsVariant)})
	if err != nil {
		return err
	}
	rows, err := t.conn.Query(ctx, p.sql, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", p.sql, err)
	}
	defer rows.Close()
	for rows.Next() {
		var i int64
		var id string
		if err := rows.Scan(&i, &id); err != nil {
			return fmt.Errorf("%s: %w", p.sql, err)
		}
		found[kit.ID(id)] = entities[i]
	}
	return rows.Err()
}

// canonicalIDs are those of ids that are such, each once.
func canonicalIDs(ids []kit.ID) []string {
	known := make([]string, 0, len(ids))
	taken := make(map[string]bool, len(ids))
	for _, id := range ids {
		if canonical, ok := canonicalID(string(id)); ok && !taken[canonical] {
			taken[canonical] = true
			known = append(known, canonical)
		}
	}
	return known
}
