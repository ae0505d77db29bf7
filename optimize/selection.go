package optimize

import (
	"cmp"
	"context"
	"errors"
	"slices"
)

// Selection chooses indexes for a whole workload out of a fixed pool:
//
//	seed: the planner picks for each query, of all its candidates at once, and again without what it picked (pool.go)
//	merge: one index in place of two where it serves both (pool.go)
//	greedy: what gains most a byte, looked at again only when it comes first (greedy.go)
//	swap: each chosen one against what else serves its table; or, if the budget is short (swap.go),
//	improve: what is guessed to be a better set, by all that is known (improve.go)
//	twins: one in place of two whose keys begin alike and that hold different columns beside them
//	each: what makes one statement much faster, however little of the workload it is
//	thin: what little is gained by goes
//
// Indexes are never grown column by column. All of it is deterministic: pools and ties go by the indexes' text.
type selection struct {
	plans   *counted
	queries []*Query
	budget  float64 // bytes; 0: none
	writes  func(*Index) float64

	// sharpens reports whether indexes with which a query costs less are worth it for this query alone.
	sharpens func(q *Query, before, after float64, indexes []*Index) bool

	blunt float64 // times the cost of a statement that no smaller index makes good

	longer   bool // a longer key is taken for one statement alone, since what sorting compares is not in the costs
	prefixes bool // the beginnings of keys are in the pool, too: where what covers is part of the key

	short   bool    // something did not fit into the budget
	base    float64 // cost of the workload as it is
	usual   float64 // what gains are parts of: base, but for statements that outweigh all others
	costs   map[*Query]float64
	pool    []*Index
	origins map[*Index][]*Index // what an index was merged of
	hopes   map[string]float64  // of each in the pool: what the queries gained when the planner picked it
	first   map[string]bool     // those that the planner picked for a query while it had all its candidates
	sets    [][]*Index          // that a plan used together, and that gain nothing one by one: the arms of an OR
}

const (
	rounds      = 3     // of seeding a query
	worthAdding = 0.003 // of the workload's cost; a smaller gain ends the choice
	worthSwap   = 0.002
	worthKeep   = 0.0005
	outlier     = 10   // times the median of the statements' costs
	worthSeeing = 0.03 // of one query's cost as it is
	smallLoss   = 0.03 // of an index's gain, that another of half its size may lose
	swapRounds  = 3
	dearerByOne = 1.5 // times the cost of a statement that one index in place of two may not make dearer
)

// choose returns the indexes. An error other than a spent budget ends it; a spent one ends the search, not the run.
func (s *selection) choose(ctx context.Context) ([]*Index, error) {
	s.costs = map[*Query]float64{}
	for _, q := range s.queries {
		cost, _, err := s.plans.cost(ctx, q, nil)
		if errors.Is(err, errBudget) { // the search ends, not the run
			cost, err = q.Base.Cost(), nil
		}
		if err != nil {
			return nil, err
		}
		s.costs[q] = cost
		s.base += q.Weight * cost
	}
	s.usual = s.withoutOutliers()
	chosen, err := s.search(ctx)
	if err != nil || s.budget == 0 || s.short {
		return chosen, err
	}
	budget := s.budget // it did not bind, so that the choice is the one without
	s.budget = 0
	s.usual = s.withoutOutliers()
	free, err := s.search(ctx)
	s.budget = budget
	if err != nil || !s.fits(free) {
		return chosen, err
	}
	return free, nil
}

func (s *selection) search(ctx context.Context) ([]*Index, error) {
	var chosen []*Index
	exchange := func(ctx context.Context, chosen *[]*Index) error {
		if s.short {
			return s.improve(ctx, chosen)
		}
		if err := s.each(ctx, chosen); err != nil {
			return err
		}
		return s.swap(ctx, chosen)
	}
	for _, step := range []func(context.Context, *[]*Index) error{s.greedy, exchange, s.each, s.twins, s.thin} {
		if err := step(ctx, &chosen); err != nil && !errors.Is(err, errBudget) { // the next step does what it can by what is known
			return nil, err
		}
	}
	return chosen, nil
}

// total is what the workload costs with indexes, their upkeep included. No query counts as worse than it is today: the
// planner need not use what is there.
func (s *selection) total(ctx context.Context, indexes []*Index) (float64, error) {
	sum := 0.0
	for _, q := range s.queries {
		cost, _, err := s.plans.cost(ctx, q, indexes)
		if err != nil {
			return 0, err
		}
		sum += q.Weight * cost
	}
	for _, index := range indexes {
		sum += s.writes(index)
	}
	return sum, nil
}

// below is total, unless that is above a limit: then it stops as soon as what is known of each query, and the least that
// it can cost (counted.floor), add up to more, and the sum is the least that the total can be.
func (s *selection) below(ctx context.Context, indexes []*Index, limit float64) (sum float64, is bool, err error) {
	for _, index := range indexes {
		sum += s.writes(index)
	}
	type open struct {
		q     *Query
		least float64
	}
	var left []open
	for _, q := range s.queries {
		if cost, _, known := s.plans.known(q, indexes); known {
			sum += q.Weight * cost
			continue
		}
		least := q.Weight * s.plans.floor(q, indexes)
		left = append(left, open{q, least})
		sum += least
	}
	slices.SortStableFunc(left, func(a, b open) int { // what may differ most first
		return cmp.Compare(b.q.Weight*s.costs[b.q]-b.least, a.q.Weight*s.costs[a.q]-a.least)
	})
	for _, o := range left {
		if sum > limit {
			return sum, false, nil
		}
		cost, _, err := s.plans.cost(ctx, o.q, indexes)
		if err != nil {
			return 0, false, err
		}
		sum += o.q.Weight*cost - o.least
	}
	return sum, sum <= limit, nil
}

func (s *selection) size(indexes []*Index) float64 {
	sum := 0.0
	for _, index := range indexes {
		sum += s.plans.bytes(index)
	}
	return sum
}

func (s *selection) fits(indexes []*Index) bool { return s.budget == 0 || s.size(indexes) <= s.budget }

// each adds for every statement what makes it much faster, however little of the workload it is: what one report costs, or a hundred
// other statements together, says nothing of who waits for this one. What it can cost the plans say that were asked for; of the
// indexes that do nearly as much the smallest is taken.
func (s *selection) each(ctx context.Context, chosen *[]*Index) error {
	for _, q := range s.queries {
		now, _, err := s.plans.cost(ctx, q, *chosen)
		if errors.Is(err, errBudget) {
			now, _ = s.plans.most(q, *chosen)
		} else if err != nil {
			return err
		}
		least, best := s.plans.most(q, s.pool)
		more := slices.DeleteFunc(slices.Clone(best), func(i *Index) bool { return slices.Contains(*chosen, i) })
		if len(more) == 0 || !s.sharpens(q, now, least, more) {
			continue
		}
		if more, err = s.smallest(ctx, q, *chosen, more, now-(1-smallLoss)*(now-least)); err != nil {
			return err
		}
		if with := append(slices.Clone(*chosen), more...); s.fits(with) {
			*chosen = with
		}
	}
	return nil
}

// smallest is the one index with which, beside what is chosen, a query costs no more than a limit and that fits, or what was found already.
func (s *selection) smallest(ctx context.Context, q *Query, chosen, found []*Index, limit float64) ([]*Index, error) {
	smaller := slices.DeleteFunc(s.plans.relevant(q, s.pool), func(i *Index) bool {
		return slices.Contains(chosen, i) || s.plans.bytes(i) >= s.size(found) || !s.fits(append(slices.Clone(chosen), i))
	})
	slices.SortStableFunc(smaller, func(a, b *Index) int { return cmp.Compare(s.plans.bytes(a), s.plans.bytes(b)) })
	for _, index := range smaller {
		cost, _, err := s.plans.cost(ctx, q, append(slices.Clone(chosen), index))
		switch {
		case errors.Is(err, errBudget):
			return found, nil
		case err != nil:
			return nil, err
		case cost <= limit:
			return []*Index{index}, nil
		}
	}
	return found, nil
}

// missed reports whether a query is much slower without an index than with it.
func (s *selection) missed(ctx context.Context, index *Index, with, rest []*Index) (bool, error) {
	for _, q := range s.queries {
		after, _, err := s.plans.cost(ctx, q, with)
		if err != nil {
			return false, err
		}
		before, _, err := s.plans.cost(ctx, q, rest)
		if err != nil || s.sharpens(q, before, after, []*Index{index}) {
			return true, err
		}
	}
	return false, nil
}

// twins puts one index in place of two of which one's key is the beginning of the other's, and that hold different columns beside it: each
// row is then written once. Statements may cost a little more by it, as the one is the wider. Where the budget is short it is used up as it is.
func (s *selection) twins(ctx context.Context, chosen *[]*Index) error {
	for again := !s.short; again; {
		again = false
		now, err := s.total(ctx, *chosen)
		if err != nil {
			return err
		}
		for _, pair := range pairsOf(*chosen) {
			one, err := s.inPlaceOf(ctx, pair, *chosen, now)
			if err != nil {
				return err
			}
			if one != nil {
				*chosen, again = append(without(without(*chosen, pair[0]), pair[1]), one), true
				break
			}
		}
	}
	return nil
}

// pairsOf are the pairs of which the key of the first is the beginning of the second's.
func pairsOf(indexes []*Index) (pairs [][2]*Index) {
	for _, a := range indexes {
		for _, b := range indexes {
			shorter := *a
			shorter.Include = nil
			if a != b && len(a.Include) > 0 && shorter.prefixOf(b) {
				pairs = append(pairs, [2]*Index{a, b})
			}
		}
	}
	return pairs
}

// inPlaceOf is the index that does what two do, nil: none. It has the columns of both, if those are few and short, or is one of the two.
func (s *selection) inPlaceOf(ctx context.Context, pair [2]*Index, chosen []*Index, now float64) (*Index, error) {
	both := *pair[1]
	both.Include = nil
	for _, column := range slices.Concat(pair[0].Include, pair[1].Include) {
		if !slices.Contains(both.Include, column) && !slices.Contains(both.columns(), column) {
			both.Include = append(both.Include, column)
		}
	}
	slices.Sort(both.Include)
	candidates := []*Index{pair[1], pair[0]}
	if len(both.Include) <= mostIncluded && both.Table.width(both.Include) <= widestInclude {
		known := slices.IndexFunc(s.pool, func(i *Index) bool { return i.String() == both.String() })
		if known < 0 { // one object an index, so that answers are found again
			s.pool = append(s.pool, &both)
			known = len(s.pool) - 1
		}
		candidates = append([]*Index{s.pool[known]}, candidates...)
	}
	for _, one := range candidates {
		tried := append(without(without(chosen, pair[0]), pair[1]), one)
		if _, is, err := s.below(ctx, tried, now+worthAdding*s.usual); err != nil || !is {
			if err != nil {
				return nil, err
			}
			continue
		}
		blunter, err := s.times(ctx, tried, chosen, dearerByOne, worthLooking)
		if err != nil {
			return nil, err
		}
		if !blunter {
			return one, nil
		}
	}
	return nil, nil
}

// thin drops what the workload does not miss.
func (s *selection) thin(ctx context.Context, chosen *[]*Index) error {
	least := worthKeep
	if s.short {
		least = worthImproving
	}
	for _, index := range slices.Backward(slices.Clone(*chosen)) {
		now, err := s.total(ctx, *chosen)
		if err != nil {
			return err
		}
		rest := without(*chosen, index)
		_, spared, err := s.below(ctx, rest, now+least*s.usual)
		if err != nil {
			return err
		}
		if !spared {
			continue
		}
		missed, err := s.missed(ctx, index, *chosen, rest)
		if err != nil {
			return err
		}
		if !missed {
			*chosen = rest
		}
	}
	return nil
}
