package optimize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// fewLoops is how often a statement has to run for each run of another to be taken for its loop.
const fewLoops = 10

// loops finds statements that run once for each row that another returned, and says them as one.
func (r *run) loops(ctx context.Context) error {
	for _, q := range r.queries {
		s, ok := takeApart(ctx, r, q, q.parsed.Text)
		if !ok || len(s.roles.Scans) != 1 || q.original != nil || s.clauses.Limit+s.clauses.Offset+s.clauses.Group+s.clauses.Having != "" {
			continue
		}
		i, column, parent := s.lookedUp()
		if parent == nil {
			continue
		}
		list, per := r.listOf(ctx, parent, q)
		if list == nil {
			continue
		}
		r.loop(ctx, s, i, column, list, per)
	}
	return nil
}

// lookedUp finds the one condition that compares a column which refers to another table, or a key, with one value.
func (s *selected) lookedUp() (at int, column string, parent *Table) {
	t := s.run.catalog.table(s.roles.Scans[0].Table)
	if t == nil {
		return 0, "", nil
	}
	for i, n := range s.nodes {
		if n.Text("kind") != "AEXPR_OP" || !slices.Equal(n.Names("name"), []string{"="}) || !n.Node("lexpr").Is("ColumnRef") || mentionsColumn(n.Node("rexpr")) {
			continue
		}
		ref, found := s.roles.Find(n.Node("lexpr"))
		if !found {
			continue
		}
		for _, key := range t.Keys {
			if slices.Equal(key.Columns, []string{ref.Name}) {
				return i, ref.Name, key.Table
			}
		}
		for _, other := range s.run.catalog.Tables { // or the key that others refer to
			for _, key := range other.Keys {
				if key.Table == t && slices.Equal(t.primary(), []string{ref.Name}) && len(key.Columns) == 1 {
					return i, ref.Name, other
				}
			}
		}
	}
	return 0, "", nil
}

// listOf finds the statement whose rows are looped over: q runs about as often as it returns rows.
func (r *run) listOf(ctx context.Context, parent *Table, q *Query) (list *Query, per float64) {
	for _, other := range r.queries {
		if other == q || !other.reads() || other.Calls <= 0 || !slices.ContainsFunc(other.roles.Scans, func(s *pgsql.Scan) bool { return s.Table == parent.ID }) {
			continue
		}
		rows := other.Rows
		if rows == 0 {
			rows = other.Base.Root.Rows
		}
		per := q.Calls / other.Calls
		if per < fewLoops || !loopsOver(per, rows) {
			continue
		}
		if other.Rows == 0 && r.clone != nil && per < mostLoops { // what the planner says is a guess
			if counted, err := r.counted(ctx, other); err != nil || !loopsOver(per, counted) {
				continue
			}
		}
		return other, per
	}
	return nil, 0
}

// mostLoops is how many rows of a list are counted.
const mostLoops = 10_000

// counted is how many rows a statement returns on the clone.
func (r *run) counted(ctx context.Context, q *Query) (rows float64, err error) {
	if reason := r.catalog.runnable(q.parsed); reason != "" {
		return 0, errors.New(reason)
	}
	err = r.clone.inside(ctx, func() error {
		if _, err := r.clone.Exec(ctx, fmt.Sprintf("SET LOCAL statement_timeout = %d", runLimit.Milliseconds())); err != nil {
			return err
		}
		return r.clone.QueryRow(ctx, fmt.Sprintf("SELECT count(*)::float8 FROM (SELECT FROM (%s) list LIMIT %d) listed", q.bound, mostLoops)).Scan(&rows)
	})
	return rows, err
}

// loopsOver reports whether a statement that runs per times for each run of another may do so once for each of its rows.
func loopsOver(per, rows float64) bool { return per >= 0.5*rows && per <= 1.2*rows }

func (r *run) loop(ctx context.Context, s *selected, at int, column string, list *Query, per float64) {
	q := s.query
	c := s.clauses
	name := pgsql.Ident(s.roles.Scans[0].Alias) + "." + pgsql.Ident(column)
	grouped := aggregates(s.parsed.Tree)
	kind := r.catalog.table(s.roles.Scans[0].Table).column(column).Type
	build := func(values string) string {
		c := c
		c.Select = name + ", " + c.Select
		texts := slices.Clone(s.texts)
		texts[at] = name + " = ANY(" + values + ")"
		c.Where = strings.Join(texts, " AND ")
		if grouped {
			c.Group = name
		}
		if c.Order != "" {
			c.Order = name + ", " + c.Order
		}
		return c.String()
	}
	w := &rewrite{
		query: q, rule: "loop", text: build("$1::" + kind + "[]"),
		why:   fmt.Sprintf("it runs %s times for each run of %s, which returns about as many rows: a loop in the program", Count(per), list.title()),
		notes: []string{"one statement for all rows of the list; what has no match has no row in the answer"},
	}
	if r.clone == nil || len(pgsql.Params(q.parsed)) > 1 {
		r.hint(w)
		return
	}
	if err := r.proveLoop(ctx, w, s, at, column, build, int(min(per, 200))); err != nil {
		w.differs = told(err, r.options.Literals)
		r.hint(w)
	}
}

// proveLoop compares the rows of both ways on the clone, and their times: that of the loop is the sum of its runs
// without the way to the server and back, which a program pays for each.
func (r *run) proveLoop(ctx context.Context, w *rewrite, s *selected, at int, column string, build func(string) string, n int) error {
	t := r.catalog.table(s.roles.Scans[0].Table)
	var keys []string
	err := r.clone.QueryRow(ctx, fmt.Sprintf("SELECT ARRAY(SELECT DISTINCT %s::text FROM %s WHERE %[1]s IS NOT NULL ORDER BY 1 LIMIT %[3]d)", pgsql.Ident(column), t.ID, n)).Scan(&keys)
	if err != nil {
		return shortened(err)
	}
	kind := t.column(column).Type
	list := pgsql.Literal("{" + strings.Join(keys, ",") + "}")
	one := s.clauses
	texts := slices.Clone(s.texts)
	texts[at] = pgsql.Ident(s.roles.Scans[0].Alias) + "." + pgsql.Ident(column) + " = looped.key"
	one.Where, one.Order = strings.Join(texts, " AND "), ""
	each := fmt.Sprintf("SELECT looped.key, one.* FROM unnest(%s::%s[]) looped(key), LATERAL (%s) one", list, kind, one.String())
	instead := build(list + "::" + kind + "[]")
	var extra bool
	if err := r.clone.QueryRow(ctx, "SELECT EXISTS ((SELECT t::text FROM ("+instead+") t) EXCEPT ALL (SELECT t::text FROM ("+each+") t))").Scan(&extra); err != nil {
		return shortened(err)
	}
	if extra {
		return fmt.Errorf("on the clone it returned other rows")
	}
	before, after, err := r.clone.compare(ctx, each, instead, nil, nil)
	if err != nil {
		return err
	}
	if !faster(before, after) {
		return fmt.Errorf("inside the database it is not faster: %s; the %d ways to the server that are saved were not measured", sentence(before, after, "the clone"), len(keys)-1)
	}
	w.bound = instead
	a := r.rewriteAdvice(w)
	if r.options.Literals {
		a.Change = w.text
	}
	a.Proof = Proof{L3, measured(before), measured(after)}
	a.Confidence = fmt.Sprintf("medium (L3): both returned the same rows for %d keys; inside the database %s. The %d ways to the server that are saved were not measured", len(keys), sentence(before, after, "the clone"), len(keys)-1)
	r.add(a)
	return nil
}
