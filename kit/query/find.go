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

// Locate tells of which of entities each of ids is the id, in one statement that looks them up by their primary keys. It asks no
// rule: whoever calls it reads what it found by Find, and says nothing of what that does not bring.
func (t *Tx) Locate(ctx context.Context, entities []*meta.Entity, ids []kit.ID) (map[kit.ID]*meta.Entity, error) {
	known := canonicalIDs(ids)
	if len(known) == 0 || len(entities) == 0 {
		return nil, nil
	}
	parts := make([]string, len(entities))
	for i, e := range entities {
		parts[i] = "SELECT " + strconv.Itoa(i) + ", id FROM " + stored(e) + " WHERE id " + t.engine.dialect.among()
	}
	sql := strings.Join(parts, " UNION ALL ")
	rows, err := t.conn.Query(ctx, sql, t.engine.ids(known, idsVariant))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", sql, err)
	}
	defer rows.Close()
	found := map[kit.ID]*meta.Entity{}
	for rows.Next() {
		var i int64
		var id string
		if err := rows.Scan(&i, &id); err != nil {
			return nil, fmt.Errorf("%s: %w", sql, err)
		}
		found[kit.ID(id)] = entities[i]
	}
	return found, rows.Err()
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
