package optimize

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// A statement that wants the first rows of an order is cheap by an index of the order alone, if the value that it compares with is
// common: soon enough rows have it. For a value that few rows have, the same index is walked to its end. Such a statement is planned with
// several values, the one of the workload, a typical one and the most common one, and costs the mean of them: what serves one
// alone is then not chosen before what serves all.

// The bounds of which values make another plan likely.
const (
	muchMore = 4 // times as many rows
)

// texted are the texts that the query is planned with.
func (q *Query) texted() []string { return append([]string{q.bound}, q.others...) }

// vary finds the texts with other values. A column of few values has states, which statements name each for itself.
func (q *Query) vary(ctx context.Context, s *session, c *Catalog) {
	parsed, err := pgsql.Parse(q.bound)
	if err != nil {
		return
	}
	places := valued(parsed, c)
	for _, commonness := range []string{"typical", "common"} {
		text, differs := parsed.Text, false
		for _, place := range places {
			value, found := sample(place.column, q.roles, pgsql.Use{Class: pgsql.Equal}, commonness)
			if !found {
				continue
			}
			given, other := place.column.frequency(place.value, place.rows), place.column.frequency(value, place.rows)
			differs = differs || given >= muchMore*other || other >= muchMore*given
			text = text[:place.from] + pgsql.Literal(value) + text[place.to:]
		}
		if !differs || text == parsed.Text || slices.Contains(q.others, text) {
			continue
		}
		if plan, err := explain(ctx, s, text); err == nil {
			c.markRead(plan)
			q.others = append(q.others, text)
		}
	}
}

// valuePlace is where a query that is bound compares a column with a constant.
type valuePlace struct {
	from, to int // in its text
	value    string
	column   *Column
	rows     float64
}

// valued are the constants that a statement whose plan may stop early compares columns of many values with, the last first.
func valued(parsed *pgsql.Statement, c *Catalog) (places []valuePlace) {
	for _, scan := range pgsql.RolesOf(parsed, c).Scans {
		t := c.table(scan.Table)
		if t == nil || !scan.Limit || t.Kind == "v" {
			continue
		}
		for _, p := range scan.Where {
			column := t.column(p.Column)
			if p.Op != "=" || p.Value == "" || column == nil || !column.Known || t.distinct(p.Column) <= fewStates {
				continue
			}
			if place, is := constantOf(parsed.Text, p); is {
				place.column, place.rows = column, t.Rows
				places = append(places, place)
			}
		}
	}
	slices.SortFunc(places, func(a, b valuePlace) int { return b.from - a.from })
	return slices.CompactFunc(places, func(a, b valuePlace) bool { return a.from == b.from })
}

// constantOf is the one constant of a condition.
func constantOf(text string, p pgsql.Predicate) (place valuePlace, is bool) {
	count := 0
	p.Node.Walk(func(n pgsql.Node) bool {
		if !n.Is("A_Const") {
			return true
		}
		count++
		for _, token := range pgsql.Tokens(text) {
			if token.Start == n.Int("location") && constant(token) {
				place, is = valuePlace{from: token.Start, to: token.End(), value: strings.Trim(token.Text, "'")}, true
			}
		}
		return false
	})
	return place, is && count == 1
}

// shareOfOthers measures what a query gains by an index with the first of its other values that gains; nil: with none.
func (r *run) shareOfOthers(ctx context.Context, index *Index, q *Query) (*share, error) {
	for _, text := range q.others {
		before, after, err := r.clone.compare(ctx, text, text, []*Index{index}, nil)
		if err != nil && !ofStatement(ctx, err) {
			return nil, err
		}
		if err != nil || after.Plan == nil || !slices.Contains(after.Plan.Indexes(), index.Name()) || !faster(before, after) || index.dull(before, after) {
			continue
		}
		return &share{before: before, after: after, beside: without(r.clone.among(after.Plan), index), varied: true}, nil
	}
	return nil, nil
}

// forOthers notes for which of the values that a query is planned with the gain is, where it is not for all.
func (r *run) forOthers(ctx context.Context, a *Advice, index *Index, q *Query, shown *share) error {
	if shown.asked > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("measured with the values that are most common, which %.2g %% of the calls are taken to ask for, since so many rows have them; for typical ones it gains little", 100*shown.asked))
		return nil
	}
	if shown.varied {
		a.Notes = append(a.Notes, "measured with values that are as common as most; with those of the workload it gains little")
		return nil
	}
	for _, text := range q.others {
		if text == r.measured[q].text {
			continue
		}
		before, after, err := r.clone.compare(ctx, text, text, []*Index{index}, nil)
		if err != nil && !ofStatement(ctx, err) {
			return err
		}
		quick := after.Median() < max(noticedOnce, muchMore*shown.after.Median())
		if err != nil || quick || faster(before, after) {
			continue
		}
		a.Notes = append(a.Notes, fmt.Sprintf("this is the gain for the values that it was measured with; for others it takes %s without the index and %s with it",
			Milliseconds(before.Median()), Milliseconds(after.Median())))
		return nil
	}
	return nil
}

// savesTheBusiest finds what an index is worth for the most common values of parameters, where it saves too little with typical ones. A tenant
// that has a tenth of the rows is taken to make a tenth of the calls. What it saves is added to saved; returned is the query that gains most,
// none where that is not worth it either.
func (r *run) savesTheBusiest(ctx context.Context, index *Index, gains []gain, saved savings) (shown gain, proved *share, err error) {
	weighed := maps.Clone(saved)
	for _, g := range gains {
		q := g.query
		kept := r.measured[q]
		if q.asked == 0 || q.common == q.bound || kept == nil || kept.err != nil || kept.text == q.common {
			continue
		}
		before, after, err := r.clone.compare(ctx, q.common, q.common, []*Index{index}, nil)
		if err != nil && !ofStatement(ctx, err) {
			return gain{}, nil, err
		}
		if err != nil || after.Plan == nil || !slices.Contains(after.Plan.Indexes(), index.Name()) || !faster(before, after) || index.dull(before, after) {
			continue
		}
		weighed[q] = (1-q.asked)*saved[q] + q.asked*(before.Median()-after.Median())
		if shown.query == nil || weighed[q]*q.Weight > weighed[shown.query]*shown.query.Weight {
			shown, proved = g, &share{before: before, after: after, beside: without(r.clone.among(after.Plan), index), asked: q.asked}
		}
	}
	if shown.query == nil || !weighed.worth(r.upkeep(index)) {
		return gain{}, nil, nil
	}
	maps.Copy(saved, weighed)
	return shown, proved, nil
}
