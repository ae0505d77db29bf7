package optimize

import (
	"context"
	"slices"
)

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
