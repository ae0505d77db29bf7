package optimize

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/fettlehq/fettle/pgsql"
)

// Selection chooses indexes for a whole workload out of a fixed pool:
//
//	seed: the planner picks for each query, of all its candidates at once, and again without what it picked
//	merge: one index in place of two where it serves both
//	greedy: what gains most a byte, looked at again only when it comes first
//	swap: each chosen one against what else serves its table; or, if the budget is short,
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

// seed fills the pool with what the planner picks.
func (s *selection) seed(ctx context.Context, c *Catalog) error {
	pool := map[string]*Index{}
	s.hopes, s.first, s.origins = map[string]float64{}, map[string]bool{}, map[*Index][]*Index{}
	for _, q := range s.queries {
		now, _, err := s.plans.cost(ctx, q, nil)
		if errors.Is(err, errBudget) {
			break
		}
		if err != nil {
			return err
		}
		picked := map[string]bool{}
		all := candidates(q, c)
		left := slices.Clone(all)
		for i, index := range left {
			if known := pool[index.String()]; known != nil {
				left[i] = known // one object an index, so that answers are found again
			}
		}
		for round := range rounds {
			cost, used, err := s.plans.cost(ctx, q, left)
			if errors.Is(err, errBudget) {
				break
			}
			if err != nil {
				return err
			}
			if len(used) == 0 {
				break
			}
			hope := func(index *Index) {
				pool[index.String()] = index
				if !picked[index.String()] {
					picked[index.String()] = true
					s.hopes[index.String()] += q.Weight * (now - cost)
				}
			}
			for _, index := range append(partsOf(used, all), used...) {
				hope(index)
				if round == 0 {
					s.first[index.String()] = true
				}
			}
			if len(used) > 1 {
				s.sets = append(s.sets, used)
			}
			left = slices.DeleteFunc(slices.Clone(left), func(i *Index) bool { return slices.Contains(used, i) })
		}
	}
	s.pool = s.merged(pool)
	for _, q := range s.queries { // the least that each can cost
		if _, _, err := s.plans.cost(ctx, q, s.pool); err != nil && !errors.Is(err, errBudget) {
			return err
		}
	}
	return nil
}

// partsOf are the partial indexes that have nothing in their keys that an index in use lacks: smaller, and as quick.
func partsOf(used, all []*Index) []*Index {
	var out []*Index
	for _, index := range all {
		if index.Where == "" || len(index.Include) > 0 {
			continue
		}
		for _, u := range used {
			lacks := func(k Key) bool {
				return !slices.ContainsFunc(u.Keys, func(o Key) bool { return o.Column == k.Column && o.Expr == k.Expr })
			}
			if u.Table == index.Table && len(u.Keys) <= len(index.Keys)+1 && !slices.ContainsFunc(index.Keys, lacks) {
				out = append(out, index)
				break
			}
		}
	}
	return out
}

// merged adds to the pool what serves two of the first picks, and the plain form of those that cover.
func (s *selection) merged(pool map[string]*Index) []*Index {
	add := func(index Index, of ...*Index) {
		if pool[index.String()] != nil || index.Table.has(&index) {
			return
		}
		pool[index.String()] = &index
		s.origins[&index] = of
		for _, from := range of {
			s.hopes[index.String()] += s.hopes[from.String()]
		}
	}
	for _, a := range sortedPool(pool) {
		for n := len(a.Keys) - 1; n > 0 && s.prefixes; n-- {
			shorter := *a
			shorter.Keys = a.Keys[:n]
			add(shorter, a)
		}
		if len(a.Include) > 0 {
			plain := *a
			plain.Include = nil
			add(plain, a)
			if len(a.Include) == 1 && s.sorts(a.Table, a.Include[0]) { // as a part of the key it also sorts
				plain.Keys = append(slices.Clone(a.Keys), Key{Column: a.Include[0]})
				add(plain, a)
			}
		}
		if a.Where != "" {
			whole := *a
			whole.Where = ""
			add(whole, a)
		}
		for _, b := range sortedPool(pool) {
			if a == b || !s.first[a.String()] || !s.first[b.String()] || a.Table != b.Table || a.Where != b.Where || len(b.Include) == 0 || len(a.Keys) < len(b.Keys) && len(a.Include) == 0 {
				continue
			}
			if a.Keys[0] != b.Keys[0] {
				continue
			}
			both := *a
			both.Include = nil
			for _, column := range append(append(slices.Clone(a.Include), b.Include...), b.columns()...) {
				if column != "" && !slices.Contains(both.Include, column) && !slices.Contains(a.columns(), column) {
					both.Include = append(both.Include, column)
				}
			}
			slices.Sort(both.Include)
			if len(both.Include) <= mostIncluded && both.Table.width(both.Include) <= widestInclude {
				add(both, a, b)
			}
		}
	}
	return sortedPool(pool)
}

// sorts reports whether a query wants rows of a table in the order of a column.
func (s *selection) sorts(t *Table, column string) bool {
	return slices.ContainsFunc(s.queries, func(q *Query) bool {
		return slices.ContainsFunc(q.roles.Scans, func(scan *pgsql.Scan) bool {
			return scan.Table == t.ID && slices.ContainsFunc(scan.Order, func(key pgsql.Sort) bool { return key.Column == column })
		})
	})
}

func sortedPool(pool map[string]*Index) []*Index {
	var out []*Index
	for _, index := range pool {
		out = append(out, index)
	}
	slices.SortFunc(out, func(a, b *Index) int { return cmp.Compare(a.String(), b.String()) })
	return out
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

// offer is an index, or indexes that gain together, and what it gained when it was last looked at.
type offer struct {
	indexes []*Index
	gain    float64
	round   int
}

func (o *offer) String() string {
	text := ""
	for _, index := range o.indexes {
		text += index.String() + "\n"
	}
	return text
}

// joined are the indexes with those of the offer, each once.
func (o *offer) joined(to []*Index) []*Index {
	out := slices.Clone(to)
	for _, index := range o.indexes {
		if !slices.Contains(out, index) {
			out = append(out, index)
		}
	}
	return out
}

// greedy adds what gains most a byte until nothing gains enough. What the planner gained by an index when it picked it,
// and later what it gained when it was last looked at, is an upper guess, so only what comes first is asked again.
func (s *selection) greedy(ctx context.Context, chosen *[]*Index) error {
	now, err := s.total(ctx, *chosen)
	if err != nil {
		return err
	}
	offers := s.offers()
	room := func(o *offer) float64 { return s.size(o.indexes) + 1<<20 }
	value := func(o *offer) float64 { return o.gain / room(o) }
	lead := 0.0 // the value of the best that was looked at in this round
	for round := 0; ; {
		offers = slices.DeleteFunc(offers, func(o *offer) bool {
			fits := s.fits(o.joined(*chosen))
			s.short = s.short || !fits
			return o.round == round && o.gain < s.worth(now) || !fits
		})
		if len(offers) == 0 {
			return nil
		}
		best := slices.MaxFunc(offers, func(a, b *offer) int {
			return cmp.Or(cmp.Compare(value(a), value(b)), cmp.Compare(b.String(), a.String()))
		})
		if best.round < round {
			needed := s.worth(now)
			leads := 0.999 * lead * room(best) // a tie is looked at
			with, is, err := s.below(ctx, best.joined(*chosen), now-max(needed, leads))
			if err != nil {
				return err
			}
			best.gain = now - with // at most, if it is not below
			switch {
			case is:
				best.round, lead = round, max(lead, value(best))
			case leads <= needed: // it goes
				best.gain, best.round = 0, round
			}
			continue
		}
		helps, err := s.helps(ctx, *chosen, best.joined(*chosen))
		if err != nil {
			return err
		}
		if helps {
			*chosen = best.joined(*chosen)
			now -= best.gain
			round++
		}
		lead = 0
		offers = slices.DeleteFunc(offers, func(o *offer) bool { return o == best })
	}
}

// worth is the gain that an index has to have while the workload costs so much: a part of what it cost without any, and where
// nothing bounds their size of what is left, once that is little; else a statement that one index takes from minutes to
// seconds is never taken further.
func (s *selection) worth(now float64) float64 {
	if s.budget > 0 {
		return worthAdding * s.usual
	}
	return worthAdding * min(s.usual, max(now, s.usual/50))
}

// withoutOutliers is the cost of the workload with no statement counted for more than ten times the median. What one report costs that
// the planner takes for endless says nothing of what the pages are worth that are asked for all day. A budget is for the
// whole cost, where it is.
func (s *selection) withoutOutliers() float64 {
	if s.budget > 0 || len(s.queries) == 0 {
		return s.base
	}
	var costs []float64
	for _, q := range s.queries {
		costs = append(costs, q.Weight*s.costs[q])
	}
	slices.Sort(costs)
	sum := 0.0
	for _, cost := range costs {
		sum += min(cost, outlier*costs[len(costs)/2])
	}
	return sum
}

func (s *selection) offers() []*offer {
	var offers []*offer
	for _, index := range s.pool {
		offers = append(offers, &offer{[]*Index{index}, s.hopes[index.String()], -1})
	}
	for _, set := range s.sets {
		hope := 0.0
		for _, index := range set {
			hope = max(hope, s.hopes[index.String()])
		}
		offers = append(offers, &offer{set, hope, -1})
	}
	return offers
}

// swap tries for each chosen index what else could serve its table.
func (s *selection) swap(ctx context.Context, chosen *[]*Index) error {
	now, err := s.total(ctx, *chosen)
	if err != nil {
		return err
	}
	for range swapRounds {
		improved := false
		for _, old := range slices.Clone(*chosen) {
			rest := without(*chosen, old)
			best, bestTotal, bestSize := *chosen, now, s.size(*chosen)
			without, err := s.total(ctx, rest)
			if err != nil {
				return err
			}
			kept := smallLoss * (without - now)
			for _, other := range s.pool {
				if slices.Contains(*chosen, other) || other.Table != old.Table {
					continue
				}
				tried := append(slices.Clone(rest), other)
				if !s.fits(tried) {
					continue
				}
				total, is, err := s.below(ctx, tried, max(bestTotal+worthSwap*s.usual, now+kept))
				if err != nil {
					return err
				}
				if !is {
					continue
				}
				size := s.size(tried)
				smaller := size < 0.95*bestSize && total <= bestTotal+worthSwap*s.usual ||
					s.plans.bytes(other) < 0.5*s.plans.bytes(old) && size < 0.95*bestSize && total <= now+kept
				if smaller { // but not where a statement would cost so many times as much
					blunter, err := s.times(ctx, tried, best, s.blunt, worthLooking/5)
					if err != nil {
						return err
					}
					smaller = !blunter
				}
				sharper, err := s.sharper(ctx, best, tried)
				if err != nil {
					return err
				}
				sharper = sharper && total <= bestTotal && size <= 2*bestSize
				simpler := len(other.Include) < len(old.Include) && size <= 1.1*bestSize && total <= now+kept && sameColumns(old, other)
				longer := false // it does what the old one does, and one statement well
				if s.longer && old.prefixOf(other) && total <= bestTotal && s.plans.bytes(other) <= 8*s.plans.bytes(old) {
					if longer, err = s.times(ctx, best, tried, s.blunt, worthLooking); err != nil {
						return err
					}
				}
				dearer := s.plans.bytes(old) < 0.5*s.plans.bytes(other) && total >= now-kept // much more room for little
				if total < bestTotal-worthSwap*s.usual && !dearer || smaller || simpler || sharper || longer {
					best, bestTotal, bestSize = tried, total, size
				}
			}
			if !slices.Equal(best, *chosen) {
				*chosen, now, improved = best, bestTotal, true
			}
		}
		if !improved {
			return s.refill(ctx, chosen)
		}
	}
	return s.refill(ctx, chosen)
}

// sharper reports whether one query becomes four times as cheap, however little of the workload it is: an index that
// another query only happens to be able to walk is worth less than one that leads to its rows.
func (s *selection) sharper(ctx context.Context, before, after []*Index) (bool, error) {
	return s.times(ctx, before, after, 4, worthLooking)
}

// times reports whether a query that costs enough becomes so many times as cheap.
func (s *selection) times(ctx context.Context, before, after []*Index, factor, enough float64) (bool, error) {
	for _, q := range s.queries {
		old, _, err := s.plans.cost(ctx, q, before)
		if err != nil {
			return false, err
		}
		cost, _, err := s.plans.cost(ctx, q, after)
		if err != nil {
			return false, err
		}
		if cost < old/factor && old >= enough {
			return true, nil
		}
	}
	return false, nil
}

// sameColumns reports whether two indexes hold the same columns.
func sameColumns(a, b *Index) bool {
	of := func(i *Index) []string {
		columns := slices.Concat(i.columns(), i.Include)
		slices.Sort(columns)
		return columns
	}
	return a.Table == b.Table && slices.Equal(of(a), of(b))
}

// refill adds what gains beside what was swapped.
func (s *selection) refill(ctx context.Context, chosen *[]*Index) error {
	for {
		now, err := s.total(ctx, *chosen)
		if err != nil {
			return err
		}
		var best *Index
		bestTotal := now - worthAdding*s.usual
		for _, index := range s.pool {
			tried := append(slices.Clone(*chosen), index)
			if slices.Contains(*chosen, index) || !s.fits(tried) {
				continue
			}
			total, is, err := s.below(ctx, tried, bestTotal)
			if err != nil {
				return err
			}
			if !is {
				continue
			}
			helps, err := s.helps(ctx, *chosen, tried)
			if err != nil {
				return err
			}
			if total < bestTotal && helps {
				best, bestTotal = index, total
			}
		}
		if best == nil {
			return nil
		}
		*chosen = append(*chosen, best)
	}
}

// helps reports whether more indexes are seen in at least one query.
func (s *selection) helps(ctx context.Context, before, after []*Index) (bool, error) {
	for _, q := range s.queries {
		old, _, err := s.plans.cost(ctx, q, before)
		if err != nil {
			return false, err
		}
		cost, _, err := s.plans.cost(ctx, q, after)
		if err != nil {
			return false, err
		}
		if old-cost >= worthSeeing*s.costs[q] || cost < old/4 && old >= worthLooking {
			return true, nil
		}
	}
	return false, nil
}

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
