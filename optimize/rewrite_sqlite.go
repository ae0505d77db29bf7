package optimize

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// ofSQLite are the rules whose statements SQLite reads as Postgres does.
var ofSQLite = []rewriter{notIn, orAcrossTables, numberAsText, offsetToKeyset}

// mostCompared is how many rows of two forms of a statement are compared.
const mostCompared = 200_000

// numberAsText compares a whole number as what it is, and not as the text that SQLite would write of it for each row:
//
//	CAST(id AS TEXT) = '77'   ─▶   id = 77
//	CAST(id AS TEXT) = $1     ─▶   id = $1
func numberAsText(s *selected) (rewrite, bool) {
	for i, n := range s.nodes {
		if n.Text("kind") != "AEXPR_OP" || !slices.Equal(n.Names("name"), []string{"="}) {
			continue
		}
		left, right := n.Node("lexpr"), n.Node("rexpr")
		if mentionsColumn(right) {
			left, right = right, left
		}
		if !left.Is("TypeCast") || !left.Node("arg").Is("ColumnRef") || !castTo(left, "text") || !right.Is("A_Const", "ParamRef") {
			continue
		}
		column, c, found := s.name(left.Node("arg"))
		value, ok := pgsql.SQL(right, false)
		number := wholeNumber.FindStringSubmatch(value)
		if !found || !ok || !strings.Contains(c.Type, "int") || number == nil && right.Is("A_Const") {
			continue
		}
		w := rewrite{rule: "cast", why: fmt.Sprintf("%s is written as text in each row before it is compared, so no index on it can be used", column)}
		if number != nil {
			value = number[1]
		} else {
			w.notes = []string{"send the value as a number: what is written otherwise ('077') is found then, and was not before"}
		}
		if !c.Whole {
			w.differs = column + " may hold a blob of these digits, which is equal as a text alone"
		}
		w.text = s.with(i, column+" = "+value)
		return w, true
	}
	return rewrite{}, false
}

// wholeNumber matches the text that SQLite writes of a whole number.
var wholeNumber = regexp.MustCompile(`^'(-?[1-9][0-9]{0,17}|0)'$`)

// sqliteRewrites finds statements that can be said better. What returns the same rows on the copy, and takes fewer steps, stands for the
// original from then on, so that indexes are chosen for it; what may return others is a hint, with the steps of both.
func (r *run) sqliteRewrites(ctx context.Context, l *lite) error {
	for i, q := range r.queries {
		if !q.reads() || !r.looksSlow(q) || !sameWords(q.own, q.parsed.Text) {
			continue
		}
		as := *q // as it is read: with the names that were declared, in marks
		as.bound = pgsql.Bind(q.parsed.Text, values(r.catalog, q.roles, pgsql.Params(q.parsed), nil, "typical"))
		for _, rule := range ofSQLite {
			w, matches := r.apply(ctx, rule, &as)
			if !matches {
				continue
			}
			w.query = q
			better, err := r.judgeSQLite(ctx, l, w)
			if err != nil {
				return err
			}
			if better {
				r.queries[i] = w.instead
				r.better = append(r.better, w)
			}
			break
		}
	}
	return nil
}

// judgeSQLite tries a rewrite beside its original, each with all indexes that could help it. What it returns otherwise becomes a hint here.
func (r *run) judgeSQLite(ctx context.Context, l *lite, w *rewrite) (better bool, err error) {
	instead := *w.query
	instead.original, instead.own, instead.bound, instead.common = w.query, w.text, w.bound, ""
	if instead.parsed, err = pgsql.Parse(w.bound); err != nil {
		return false, nil //nolint:nilerr // what cannot be read is not proposed
	}
	instead.roles = pgsql.RolesOf(instead.parsed, r.catalog)
	before, _, err := r.plans.plan(ctx, w.query, w.query.bound, candidates(w.query, r.catalog))
	if err != nil {
		return false, err
	}
	l.base[w.bound] = w.query.Base.Cost() // what takes twice that is ended
	after, used, err := r.plans.plan(ctx, w.query, w.bound, candidates(&instead, r.catalog))
	if err != nil {
		return false, ctx.Err() // what cannot be run is not proposed
	}
	if after.cut || after.Cost() >= 0.7*before.Cost() {
		return false, nil
	}
	if w.differs == "" {
		pair := w.compare
		if pair == [2]string{} {
			pair = [2]string{w.query.bound, w.bound}
		}
		equal, rows, err := l.sameRows(ctx, pair[0], pair[1])
		switch {
		case ctx.Err() != nil:
			return false, ctx.Err()
		case err != nil:
			w.differs = "whether both return the same rows could not be seen: " + told(err, r.options.Literals)
		case !equal:
			w.differs = "on the copy it returned other rows"
		}
		w.rows = rows
	}
	if w.differs != "" {
		a := r.rewriteAdvice(w)
		a.ID, a.Kind = "hint-"+w.rule+strings.TrimPrefix(a.ID, "rewrite-"+w.rule), KindHint
		a.Proof = Proof{L0, stepsOf(w.query.Base), stepsOf(after)}
		a.Confidence = "low (L0): not the same: " + w.differs
		for _, index := range used {
			a.Notes = append(a.Notes, "after is with CREATE INDEX ON "+index.String())
		}
		r.add(a)
		return false, nil
	}
	plan, _, err := r.plans.plan(ctx, w.query, w.bound, nil)
	if err != nil {
		return false, err
	}
	instead.Base, instead.Before, w.instead = plan, plan, &instead
	return true, nil
}

// sqliteRewritten advises the rewrites that gain enough with the indexes that were chosen.
func (r *run) sqliteRewritten(ctx context.Context) error {
	for _, w := range r.better {
		before := w.query.Base
		after, used, err := r.plans.plan(ctx, w.query, w.bound, w.instead.relevant(r.chosen))
		if err != nil {
			return err
		}
		saved := savings{w.query: r.atMost(w.query) * (1 - after.Cost()/before.Cost())}
		if after.Cost() >= leastGain*before.Cost() || !saved.worth(0) {
			r.leftAlone("rewriting "+w.query.title(), w.query, saved, false)
			continue
		}
		a := r.rewriteAdvice(w)
		a.Saved = w.query.Share * (1 - after.Cost()/before.Cost())
		for _, other := range r.report.Advice { // the statement comes before the index that it is rewritten for
			if other.Query == a.Query {
				a.Saved = max(a.Saved, other.Saved)
			}
		}
		a.Proof = Proof{L3, stepsOf(before), stepsOf(after)}
		a.Confidence = fmt.Sprintf("high (L3): both returned the same %s on a temporary copy, %s steps of SQLite's machine → %s; the number is exact, a time was not measured",
			rowsOf(w.rows), Count(before.Cost()), Count(after.Cost()))
		for _, index := range used {
			a.Notes = append(a.Notes, "with the index "+index.Name())
		}
		r.add(a)
	}
	return nil
}

func stepsOf(p *Plan) *Evidence {
	cost := p.Cost()
	return &Evidence{Cost: cost, Steps: &cost, Plan: p.Lines(), tree: p}
}

// sameRows reports whether two statements return the same rows the same number of times. All indexes that were built are there.
func (l *lite) sameRows(ctx context.Context, a, b string) (equal bool, rows float64, err error) {
	var of [2][]string
	l.m.exact = true
	defer func() { l.m.exact = false }()
	for i, text := range []string{a, b} {
		did, err := l.m.within(ctx, text, mostCompared, l.most)
		if err != nil {
			return false, 0, err
		}
		if did.Rows > mostCompared {
			return false, 0, errors.New("they are too many")
		}
		for _, row := range did.texts {
			of[i] = append(of[i], strings.Join(row, "\x00"))
		}
		slices.Sort(of[i])
	}
	return slices.Equal(of[0], of[1]), float64(len(of[0])), nil
}

// sameWords reports whether a statement of SQLite is read as it stands, but for the case of names, their marks and LIMIT with a comma.
func sameWords(own, read string) bool {
	a, b := pgsql.Tokens(limits(own)), pgsql.Tokens(read)
	word := func(t pgsql.Token) string {
		if t.Kind == pgsql.Word || t.Kind == pgsql.Quoted {
			return strings.ToLower(t.Name())
		}
		return t.Text
	}
	return slices.EqualFunc(a, b, func(x, y pgsql.Token) bool { return word(x) == word(y) })
}

// lastRow reads the keys of the row before a page, as constants.
func (l *lite) lastRow(ctx context.Context, page pgsql.Clauses, names []string, offset int) ([]string, error) {
	page.Select, page.Limit, page.Offset = "", "1", fmt.Sprint(offset-1)
	var parts []string
	for _, name := range names {
		parts = append(parts, "quote("+name+")")
	}
	page.Select = strings.Join(parts, ", ")
	did, err := l.m.within(ctx, page.String(), 1, l.most)
	if err == nil && len(did.texts) == 0 {
		err = errors.New("no row is there")
	}
	if err != nil {
		return nil, err
	}
	return did.texts[0], nil
}
