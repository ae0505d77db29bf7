package query

import (
	"context"
	"fmt"
	"slices"

	"github.com/fettlehq/fettle/kit"
)

// Figure is what an aggregation tells of a group of rows of E: a value that they have in common, or a statistic.
type Figure[E, T any] struct {
	key     *GroupKey
	measure Measure
	raise   func(any) T
}

// Part is a Figure of E, whatever its type.
type Part[E any] interface {
	ask(a *Aggregation)
}

// Group is the column as what the rows of a group have in common.
func (c Column[E, T]) Group() Figure[E, T] {
	return Figure[E, T]{key: &GroupKey{Path: c.path}, raise: c.raise}
}

// By is the period in which the column, an instant or a date, falls, as what the rows of a group have in common: its first
// day, by the clocks of a zone of IANA, UTC where that is empty.
func (c Column[E, T]) By(period Period, zone string) Figure[E, kit.Date] {
	return Figure[E, kit.Date]{key: &GroupKey{Path: c.path, By: period, Zone: zone}, raise: natural[kit.Date]}
}

// Min is the least value of the column.
func (c Column[E, T]) Min() Figure[E, T] {
	return Figure[E, T]{measure: Measure{Min, c.path}, raise: c.raise}
}

// Max is the greatest value of the column.
func (c Column[E, T]) Max() Figure[E, T] {
	return Figure[E, T]{measure: Measure{Max, c.path}, raise: c.raise}
}

// Number is a column of numbers or durations, whose sum is an S and whose mean an M.
type Number[E, T, S, M any] struct{ Column[E, T] }

// NewNumber is the column of numbers at path.
func NewNumber[E, T, S, M any](path ...string) Number[E, T, S, M] {
	return Number[E, T, S, M]{NewColumn[E, T](path...)}
}

// Sum is the sum of the column: of no values 0.
func (n Number[E, T, S, M]) Sum() Figure[E, S] {
	return Figure[E, S]{measure: Measure{Sum, n.path}, raise: natural[S]}
}

// Avg is the mean of the column.
func (n Number[E, T, S, M]) Avg() Figure[E, M] {
	return Figure[E, M]{measure: Measure{Avg, n.path}, raise: natural[M]}
}

func (f Figure[E, T]) ask(a *Aggregation) {
	if f.key != nil {
		a.Groups = append(a.Groups, *f.key)
	} else if !slices.ContainsFunc(a.Measures, f.measure.is) {
		a.Measures = append(a.Measures, f.measure)
	}
}

// Of is the figure of a group, the zero value where it has none. It panics where it was not asked for.
func (f Figure[E, T]) Of(g Aggregated[E]) T { return f.raise(f.in(g)) }

// OrNil is the figure of a group, nil where it has none.
func (f Figure[E, T]) OrNil(g Aggregated[E]) *T {
	value := f.in(g)
	if value == nil {
		return nil
	}
	v := f.raise(value)
	return &v
}

func (f Figure[E, T]) in(g Aggregated[E]) any {
	if f.key == nil {
		if i := slices.IndexFunc(g.asked.Measures, f.measure.is); i >= 0 {
			return g.group.Values[i]
		}
		panic(fmt.Sprintf("the %s of %v was not asked for", f.measure.Of, f.measure.Path))
	}
	name := f.key.Name(".")
	for i, k := range g.asked.Groups {
		if k.Name(".") == name {
			return g.group.Keys[i]
		}
	}
	panic(fmt.Sprintf("the rows were not grouped by %s", name))
}

// Aggregated is a group of rows of E; figures read it: Orders.Total.Sum().Of(group).
type Aggregated[E any] struct {
	Count int64 // of its rows

	group Group
	asked *Aggregation
}

// Aggregates is a page of groups.
type Aggregates[E any] struct {
	Groups []Aggregated[E]
	Next   string // the cursor after which the next page begins, empty at the end
}

// AggregateRecords works out parts of the rows that sel lists: of its groups First after the cursor After. Their order is
// that of their keys.
func AggregateRecords[E any](ctx context.Context, tx *Tx, sel *Select, parts []Part[E]) (Aggregates[E], error) {
	if len(sel.Order) > 0 || sel.Skip > 0 || sel.Count {
		return Aggregates[E]{}, malformed("Groups of %s have an order of their own, and are neither skipped nor counted.", sel.Entity.Plural)
	}
	a := &Aggregation{Entity: sel.Entity, Where: sel.Where, Search: sel.Search, First: sel.First, After: sel.After}
	for _, p := range parts {
		p.ask(a)
	}
	found, err := tx.Aggregate(ctx, a)
	if err != nil {
		return Aggregates[E]{}, err
	}
	page := Aggregates[E]{Groups: make([]Aggregated[E], len(found.Groups))}
	for i, g := range found.Groups {
		page.Groups[i] = Aggregated[E]{Count: g.Count, group: g, asked: a}
	}
	if found.HasNext {
		page.Next = found.Cursor(len(found.Groups) - 1)
	}
	return page, nil
}
