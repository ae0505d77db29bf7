package query

import (
	"context"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// CheckTables fails where the database lacks a table or a column that the backend keeps its rows in, and says which: before the first
// request that needs it does. It reads no row.
func (e *Engine) CheckTables(ctx context.Context) error {
	return e.db.Read(ctx, func(c sqldb.Conn) error {
		for _, entity := range e.backend.Entities {
			if err := readsNothing(ctx, c, entity.Table, columnsOf(entity)); err != nil {
				return err
			}
			for _, f := range entity.Fields {
				if j := f.Join; j != nil {
					if err := readsNothing(ctx, c, j.Table, []string{j.From, j.To}); err != nil {
						return err
					}
				}
			}
		}
		return nil
	})
}

func columnsOf(e *meta.Entity) []string {
	var columns []string
	for _, f := range e.Columns() {
		if f.Kind != meta.Value {
			columns = append(columns, f.Column)
			continue
		}
		for _, part := range f.Fields {
			columns = append(columns, part.Column)
		}
	}
	if e.SoftDelete {
		columns = append(columns, meta.DeletedAt)
	}
	return columns
}

// readsNothing asks for columns of no row. They are qualified: what is not, SQLite takes for a text where there is no such column.
func readsNothing(ctx context.Context, c sqldb.Conn, table string, columns []string) error {
	var sql strings.Builder
	sql.WriteString("SELECT ")
	for i, column := range columns {
		if i > 0 {
			sql.WriteString(", ")
		}
		sql.WriteString("t." + ident(column))
	}
	sql.WriteString(" FROM " + ident(table) + " AS t LIMIT 0")
	rows, err := c.Query(ctx, sql.String())
	if err == nil {
		for rows.Next() {
		}
		err = rows.Err()
		rows.Close()
	}
	if err != nil {
		return fmt.Errorf("table %s: %w", table, err)
	}
	return nil
}

// CountRows counts the rows of each entity of the backend, in its order, deleted ones that stay among them. It reads the tables through,
// and asks no rule: it is for whoever runs the service, never for a request.
func (e *Engine) CountRows(ctx context.Context) (counts []int64, err error) {
	err = e.db.Read(ctx, func(c sqldb.Conn) error {
		counts = nil
		for _, entity := range e.backend.Entities {
			n, err := countRows(ctx, c, entity.Table)
			if err != nil {
				return fmt.Errorf("rows of table %s: %w", entity.Table, err)
			}
			counts = append(counts, n)
		}
		return nil
	})
	return counts, err
}

func countRows(ctx context.Context, c sqldb.Conn, table string) (n int64, err error) {
	rows, err := c.Query(ctx, "SELECT count(*) FROM "+ident(table))
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		if err := rows.Scan(&n); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}
