package optimize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/fettlehq/fettle/pgsql"
)

// compareSpecial measures a query without and with indexes. A DELETE is refused while others refer to its rows, as they do to most: then what
// refers to them goes first, within each run, and cleared says so.
func (r *run) compareSpecial(ctx context.Context, sp special, indexes []*Index) (before, after Measured, cleared bool, err error) {
	before, after, err = r.clone.compare(ctx, sp.query.bound, sp.query.bound, indexes, nil)
	var said *pgconn.PgError
	if !errors.As(err, &said) || said.Code != foreignKeyViolation {
		return before, after, false, err
	}
	first := r.clearing(sp.query)
	if len(first) == 0 {
		return before, after, false, err
	}
	if r.clone.unhindered(ctx) { // else each row that is cleared makes the server look for what refers to it
		first = slices.Concat([]string{"SET LOCAL session_replication_role = replica"}, first, []string{"SET LOCAL session_replication_role = origin"})
	}
	before, after, err = r.clone.compareAfter(ctx, first, sp.query.bound, sp.query.bound, indexes, nil)
	return before, after, true, err
}

const foreignKeyViolation = "23503"

// clearing are the statements that delete what refers to the rows of a DELETE and hinders it.
func (r *run) clearing(q *Query) []string {
	parsed, err := pgsql.Parse(q.bound)
	if err != nil || !parsed.Tree.Is("DeleteStmt") || parsed.Tree.Has("usingClause") || parsed.Tree.Has("withClause") {
		return nil
	}
	t := r.catalog.find(q.target())
	where := ""
	if n := parsed.Tree.Node("whereClause"); n.Kind != "" {
		text, ok := pgsql.SQL(n, true)
		if !ok {
			return nil
		}
		where = " WHERE " + text
	}
	if t == nil {
		return nil
	}
	statements := r.catalog.referring(t, where, false, 0)
	if len(statements) > mostCleared {
		return nil
	}
	return statements
}

// The bounds of what is deleted before a DELETE.
const (
	deepest     = 4 // tables away
	mostCleared = 50
)

// referring deletes what hinders that rows of a table go for which a condition holds, what refers to that first. Of rows that are
// cleared themselves all goes that refers to them.
func (c *Catalog) referring(t *Table, where string, cleared bool, depth int) (statements []string) {
	if depth == deepest {
		return nil
	}
	for _, child := range c.Tables {
		for _, key := range child.Keys {
			if key.Table != t || child == t || len(key.Refers) != len(key.Columns) {
				continue
			}
			its := fmt.Sprintf(" WHERE (%s) IN (SELECT %s FROM %s%s)", identList(key.Columns), identList(key.Refers), t.ID, where)
			hinders := key.OnDelete == "a" || key.OnDelete == "r" || key.OnDelete == "c" && cleared
			statements = append(statements, c.referring(child, its, hinders, depth+1)...)
			if len(statements) > mostCleared {
				return statements
			}
			if hinders {
				statements = append(statements, "DELETE FROM "+child.ID+its)
			}
		}
	}
	return statements
}

// unhindered reports whether rows can be deleted without a look for what refers to them.
func (c *clone) unhindered(ctx context.Context) (can bool) {
	err := c.QueryRow(ctx, "SELECT has_parameter_privilege('session_replication_role', 'SET')").Scan(&can)
	return err == nil && can
}

func identList(names []string) string {
	var out []string
	for _, name := range names {
		out = append(out, pgsql.Ident(name))
	}
	return strings.Join(out, ", ")
}
