package oracle

import (
	"context"
	"database/sql"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit/sqldb"
)

// snapshot is all rows of a database as they once were, kept in tables of their own beside the others.
type snapshot struct {
	db     sqldb.Database
	tables []keptTable
	first  string // the rows, as text
}

type keptTable struct {
	name    string
	columns []string // quoted; without those that the database works out or counts
}

// keptPrefix begins the names of the tables that keep rows.
const keptPrefix = "kept_"

var kitID = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

func takeSnapshot(db sqldb.Database) (*snapshot, error) {
	s := &snapshot{db: db}
	columns := `SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' AND m.sql LIKE '%) STRICT%' AND NOT (c.type = 'integer' AND c.pk > 0) ORDER BY m.name, c.cid`
	if db.Dialect() == sqldb.Postgres {
		columns = `SELECT table_name, column_name FROM information_schema.columns
			WHERE table_schema = 'public' AND is_generated = 'NEVER' AND is_identity = 'NO' ORDER BY table_name, ordinal_position`
	}
	rows, err := db.Handle().Query(columns)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var table, column string
		if err := rows.Scan(&table, &column); err != nil {
			return nil, err
		}
		if n := len(s.tables); n == 0 || s.tables[n-1].name != table {
			s.tables = append(s.tables, keptTable{name: table})
		}
		last := &s.tables[len(s.tables)-1]
		last.columns = append(last.columns, `"`+column+`"`)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	rows.Close()
	for _, t := range s.tables {
		if _, err := db.Handle().Exec(fmt.Sprintf(`CREATE TABLE "%s%s" AS SELECT %s FROM "%s"`, keptPrefix, t.name, strings.Join(t.columns, ", "), t.name)); err != nil {
			return nil, err
		}
	}
	s.first, err = s.rows()
	return s, err
}

// rows is all rows as sorted lines.
func (s *snapshot) rows() (string, error) {
	var parts []string
	for _, t := range s.tables {
		part := fmt.Sprintf(`SELECT '%s ' || CAST(row_to_json(t) AS text) FROM (SELECT %s FROM "%s") t`, t.name, strings.Join(t.columns, ", "), t.name)
		if s.db.Dialect() == sqldb.SQLite {
			var members []string
			for _, c := range t.columns {
				members = append(members, "'"+strings.Trim(c, `"`)+"', "+c)
			}
			part = fmt.Sprintf(`SELECT '%s ' || json_object(%s) FROM "%s"`, t.name, strings.Join(members, ", "), t.name)
		}
		parts = append(parts, part)
	}
	rows, err := s.db.Handle().Query(strings.Join(parts, " UNION ALL "))
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var lines []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return "", err
		}
		lines = append(lines, line)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n"), rows.Err()
}

// restore puts all rows back.
func (s *snapshot) restore() error {
	before, after := "PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"
	if s.db.Dialect() == sqldb.Postgres {
		before, after = "SET session_replication_role = replica", "RESET session_replication_role"
	}
	ctx := context.Background()
	conn, err := s.db.Handle().Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, before); err != nil {
		return err
	}
	err = s.refill(ctx, conn)
	if _, err := conn.ExecContext(ctx, after); err != nil {
		return err
	}
	return err
}

func (s *snapshot) refill(ctx context.Context, conn *sql.Conn) error {
	tx, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, t := range s.tables {
		columns := strings.Join(t.columns, ", ")
		for _, do := range []string{
			fmt.Sprintf(`DELETE FROM "%s"`, t.name),
			fmt.Sprintf(`INSERT INTO "%s" (%s) SELECT %s FROM "%s%s"`, t.name, columns, columns, keptPrefix, t.name),
		} {
			if _, err := tx.ExecContext(ctx, do); err != nil {
				return fmt.Errorf("%s: %w", do, err)
			}
		}
	}
	return tx.Commit()
}

// lineDiff is the lines that are in one text alone, with - or + before them.
func lineDiff(before, after string) string {
	old, now := strings.Split(before, "\n"), strings.Split(after, "\n")
	var out []string
	for _, line := range old {
		if !slices.Contains(now, line) {
			out = append(out, "- "+line)
		}
	}
	for _, line := range now {
		if !slices.Contains(old, line) {
			out = append(out, "+ "+line)
		}
	}
	slices.Sort(out)
	return strings.Join(out, "\n")
}
