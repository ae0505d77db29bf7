package query

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Whoever may not make a row must not learn by trying that another, which he may not see, has what must be unique. The rules
// are asked of the row by the statement that inserts it (lot.go), which the other row stops; then they are asked of the row as
// it would be:
//
//	INSERT … ON CONFLICT DO NOTHING   ─▶   SELECT rules FROM (SELECT $1 AS id, …) t0   ─▶   INSERT …, which tells what is taken
//
// SQLite goes on after a statement that fails, so there it begins with what is the third step here.

// hides reports whether what is unique has to wait for a rule.
func (l *lot) hides() bool {
	if len(l.entity.Uniques)+len(l.entity.Excludes) == 0 {
		return false
	}
	for _, q := range l.after.questions {
		if q.isRule() && q.column >= 0 {
			return true
		}
	}
	return false
}

// isRule tells a rule from what must hold whoever asks.
func (q *question) isRule() bool { return q.check == nil && q.bound == nil }

// refused turns what the database said of a new row into its problem, or into that of somebody who may not make it.
func (l *lot) refused(ctx context.Context, w *write, err error) error {
	var said *sqldb.Violation
	if errors.As(err, &said) && !l.after.renderer.postgres && l.hides() && (said.Kind == sqldb.UniqueViolation || said.Kind == sqldb.ExclusionViolation) {
		if denied := l.mayBe(ctx, w); denied != nil {
			return denied
		}
	}
	return w.at(w.violation(err))
}

// mayBe asks the rules of a row that is not there. Those that look for the row itself, as on SQLite in the index of a search, or at a list
// that is written with it, count as kept: their answer is only known when the row is there. Of a rule that asks for more, only the part
// that looks does. Any other list of it is empty either way.
func (l *lot) mayBe(ctx context.Context, w *write) error {
	v := l.after
	var columns []string
	var args []any
	err := l.eachStored(w, nil, func(f *meta.Field, value any) {
		args = append(args, value)
		columns = append(columns, "$"+strconv.Itoa(len(args))+v.renderer.cast(fieldType(f).kind)+" AS "+ident(f.Column))
	})
	if err != nil {
		return err
	}
	alone := len(w.parts) == 0 && !slices.ContainsFunc(w.given, func(f *meta.Field) bool { return f.Kind == meta.List })
	conditions, kept := slices.Clone(v.columns), map[int]bool{}
	for i, q := range v.questions {
		if !q.isRule() || q.column < 0 || !looksForItself(v.columns[q.column], alone) {
			continue
		}
		conditions[q.column], kept[i] = v.withoutLooking(q, alone)
	}
	if v.renderer.err != nil {
		return v.renderer.err
	}
	asked, params := finishBehind(len(args), strings.Join(conditions, ", "), v.renderer.params)
	more, err := l.tx.args(params, []any{""})
	if err != nil {
		return err
	}
	from := "(SELECT " + strings.Join(columns, ", ") + ") t0"
	if texts := l.entity.Searched(); v.renderer.postgres && len(texts) > 0 { // the document that the database would have made
		from = "(SELECT *, " + document(v.row, texts) + " AS search_document FROM " + from + ") t0"
	}
	sql := "SELECT " + asked + " FROM " + from
	rows, err := l.tx.conn.Query(ctx, sql, append(args, more...)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	cells := v.cells()
	if !rows.Next() {
		return errors.Join(rows.Err(), errors.New(l.entity.Name+": no row where one is written down"))
	}
	if err := readAll(rows, cells); err != nil {
		return err
	}
	held := v.answers(cells)
	for i, q := range v.questions {
		if !q.isRule() || kept[i] {
			held[i] = true
		}
	}
	if denied := v.judge(held, nil, l.tx.viewer, w.what()); denied != nil {
		return w.at(denied)
	}
	return nil
}

// withoutLooking is the condition of a rule that looks its row up without the parts that do; kept where nothing is left.
func (v *verdict) withoutLooking(q question, alone bool) (condition string, kept bool) {
	var parts []string
	for _, x := range conjuncts(q.when) {
		if part := v.renderer.cond(x, q.where, false); !looksForItself(part, alone) {
			parts = append(parts, part)
		}
	}
	if condition = conjunction(parts...); condition == sqlTrue {
		return v.columns[q.column], true
	}
	return "(" + condition + ") IS TRUE", false
}

// conjuncts are the conditions that must all hold.
func conjuncts(x *meta.Expr) (all []*meta.Expr) {
	if x.Op != meta.OpAnd {
		return []*meta.Expr{x}
	}
	for _, a := range x.Args {
		all = append(all, conjuncts(a)...)
	}
	return all
}

// looksForItself tells whether a condition looks its row up by its id. What refers to a row that stands alone is not there yet.
func looksForItself(condition string, alone bool) bool {
	if !strings.Contains(condition, "SELECT ") {
		return false
	}
	return slices.ContainsFunc(byID.FindAllStringSubmatch(condition, -1), func(found []string) bool {
		column := found[1]
		return !alone || column == "" || column == "id" || strings.HasSuffix(column, ".id")
	})
}

var byID = regexp.MustCompile(`(?:([\w.]+) = )?\bt0\.id\b`)
