package optimize

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// What is worth a change. An index is written with each row, takes room and is one thing more to know of a table; a statement
// that is rewritten has to be read and tried again. So a gain has to be seen, by a person who waits or in what the server does in a day:
// a hundred milliseconds a call, or ten seconds a day of all calls, which is a ten-thousandth of one core.
//
// A workload may not say how often its statements run. Then a millisecond a call is enough: at ten thousand calls a day, one in
// nine seconds, it comes to the same.
const (
	noticed     = 100.0    // milliseconds a call
	noticedADay = 10_000.0 // milliseconds
	noticedOnce = 1.0      // milliseconds a call, of a statement that runs nobody knows how often
	sharply     = 2        // times as cheap is worth an index for a statement that is little of the workload
)

// What a millisecond is taken for where no time was measured. It decides what is left alone, and nothing else: a plan's cost is never
// shown as a time. Measured on statements that read tables in memory: 30 to 2,000 of the planner's units, and 2,000 to 10,000
// steps of SQLite. A little is taken of both, which leaves the doubt to the statement.
const (
	costOfMS   = 30
	stepsOfMS  = 5_000
	upkeepOfMS = 120 // entries of a b-tree that are written in one: 200,000 rows took 0.55 s without an index and 2.24 s with one
)

// savings are milliseconds a call, by query.
type savings map[*Query]float64

// add counts what a change saves a query, together with other changes.
func (s savings) add(q *Query, ms float64, others int) { s[q] = ms / float64(max(1, others)) }

// day is what is saved a day, in milliseconds, as far as it is known how often the queries run.
func (s savings) day() float64 {
	sum := 0.0
	for _, q := range s.queries() {
		sum += s[q] * q.Day
	}
	return sum
}

// total is what is saved in the time in which the calls of the workload were counted.
func (s savings) total() float64 {
	sum := 0.0
	for _, q := range s.queries() {
		sum += s[q] * q.Weight
	}
	return sum
}

// queries are in their order, so that sums are the same each time.
func (s savings) queries() []*Query {
	return slices.SortedFunc(maps.Keys(s), func(a, b *Query) int { return cmp.Or(strings.Compare(a.ID, b.ID), strings.Compare(a.bound, b.bound)) })
}

// worth reports whether the savings are worth a change that costs so many milliseconds a day.
func (s savings) worth(upkeep float64) bool {
	for q, ms := range s {
		if q.Day == 0 && ms >= noticedOnce {
			return true
		}
		if ms >= noticed && ms*q.Day >= upkeep {
			return true
		}
	}
	return s.day() >= noticedADay+upkeep
}

// String tells them to a reader.
func (s savings) String() string {
	most := 0.0
	for _, ms := range s {
		most = max(most, ms)
	}
	text := fmt.Sprintf("%s a call", Milliseconds(most))
	if day := s.day(); day > 0 {
		text += fmt.Sprintf(", %s a day", Milliseconds(day))
	}
	return text
}

// atMost is what a query can be spared at most, in milliseconds a call, by its plan and by what somebody measured.
func (r *run) atMost(q *Query) float64 {
	unit := float64(costOfMS)
	if r.catalog.Dialect == SQLite {
		unit = stepsOfMS
	}
	ms := q.Base.Cost() / unit
	if q.Mean > 0 {
		ms = min(ms, q.Mean)
	}
	return ms
}

// planned is what gains of the planner's cost save at most.
func (r *run) planned(gains []gain) savings {
	s := savings{}
	for _, g := range gains {
		s.add(g.query, r.atMost(g.query)*(1-g.after.Cost()/g.before.Cost()), len(g.used))
	}
	return s
}

// sharpens reports whether indexes with which a query costs less are worth it for this query alone: it costs half with them or
// less, who waits for it notices, and they cost those who write less. The planner takes an expression that it has no statistics of
// for a two-hundredth of the rows, so that much more than half is not to be had on paper where it is in truth.
func (r *run) sharpens(q *Query, before, after float64, indexes []*Index) bool {
	if before < worthLooking || before < sharply*after {
		return false
	}
	writes := 0.0
	for _, index := range indexes {
		writes += r.writeCost(index)
	}
	saved := savings{q: r.atMost(q) * (before - after) / q.Base.Cost()}
	return q.Weight*(before-after) > writes && saved.worth(r.upkeep(indexes...))
}

// often reports whether a query runs often enough for an index.
func (q *Query) often() bool { return q.Day == 0 || q.Day >= rare }

// looksSlow reports whether a query costs so much that a change for it alone could be worth it.
func (r *run) looksSlow(q *Query) bool {
	return q.Base.Cost() >= worthLooking && q.often() && savings{q: r.atMost(q)}.worth(0)
}

// upkeep is what writing to indexes takes a day, in milliseconds, as far as it is known how often rows are written.
func (r *run) upkeep(indexes ...*Index) float64 {
	window := 0.0
	for _, q := range r.queries {
		if q.Day > 0 {
			window = max(window, q.Calls/q.Day)
		}
	}
	if window == 0 {
		return 0
	}
	sum := 0.0
	for _, index := range indexes {
		sum += r.writeCost(index)
	}
	return sum / window / upkeepOfMS
}

// leftAlone notes a change that gains too little.
func (r *run) leftAlone(what string, q *Query, s savings, measured bool) {
	gained := "what it could save of " + q.title() + " is little"
	if measured {
		gained = fmt.Sprintf("it would save %s %s", q.title(), s)
	}
	r.note("%s: %s; it is left alone", what, gained)
}
