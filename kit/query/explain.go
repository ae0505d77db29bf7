package query

import (
	"context"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Statement is a statement of a read, with the plan that the database makes for it.
type Statement struct {
	SQL  string
	Args []any
	Plan string
}

// Explain tells the statements that List would run for viewer: the page, the count where it was asked for, and one for
// each list in the selection, the latter with made-up ids. It runs none of them.
func (e *Engine) Explain(ctx context.Context, viewer kit.Viewer, sel *Select) (statements []Statement, err error) {
	err = e.Read(ctx, viewer, func(ctx context.Context, tx *Tx) error {
		if err := tx.mayRead(sel.Entity); err != nil {
			return err
		}
		if _, err := cost(sel, nil, 1); err != nil {
			return err
		}
		statements, err = tx.explain(ctx, sel, nil, nil)
		return err
	})
	return statements, err
}

// someIDs stand for the rows whose lists are read.
var someIDs = []string{"00000000-0000-7000-8000-000000000001", "00000000-0000-7000-8000-000000000002"}

func (t *Tx) explain(ctx context.Context, sel *Select, list *meta.Field, into []Statement) ([]Statement, error) {
	pg, err := sel.page(list)
	if err != nil {
		return nil, err
	}
	variants := []variant{pageVariant, countVariant}
	if list != nil {
		variants = []variant{childrenVariant, countsVariant}
	}
	if !sel.Count {
		variants = variants[:1]
	}
	var lists []listStep
	for i, v := range variants {
		if i > 0 {
			pg = page{}
		}
		s := &shaper{}
		p, err := t.plan(s, sel, list, v, pg)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			lists = p.lists
		}
		if p.never {
			continue
		}
		values := append(s.values, pg.cursor...)
		if list != nil {
			values = append(values, t.engine.ids(someIDs, v))
		}
		statement, err := t.planOf(ctx, p, values)
		if err != nil {
			return nil, err
		}
		into = append(into, statement)
	}
	for _, step := range lists {
		nested := sel.at(step.path)
		if nested == nil {
			nested = &Select{Entity: step.field.Target()}
		}
		if into, err = t.explain(ctx, nested, step.field, into); err != nil {
			return nil, err
		}
	}
	return into, nil
}

// planOf asks the database for its plan.
func (t *Tx) planOf(ctx context.Context, p *plan, values []any) (Statement, error) {
	args, err := t.args(p.params, values)
	if err != nil {
		return Statement{}, err
	}
	s := Statement{SQL: p.sql, Args: args}
	explain := "EXPLAIN "
	if t.engine.db.Dialect() == sqldb.SQLite {
		explain = "EXPLAIN QUERY PLAN "
	}
	rows, err := t.conn.Query(ctx, explain+p.sql, args...)
	if err != nil {
		return s, fmt.Errorf("%s: %w", p.sql, err)
	}
	defer rows.Close()
	var lines []string
	depth := map[int64]int{}
	for rows.Next() {
		var line string
		if t.engine.dialect.postgres {
			err = rows.Scan(&line)
		} else {
			var id, parent, unused int64
			err = rows.Scan(&id, &parent, &unused, &line)
			depth[id] = depth[parent] + 1
			line = strings.Repeat("  ", depth[id]-1) + line
		}
		if err != nil {
			return s, err
		}
		lines = append(lines, line)
	}
	s.Plan = strings.Join(lines, "\n")
	return s, rows.Err()
}
