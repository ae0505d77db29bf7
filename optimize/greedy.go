package optimize

import (
	"cmp"
	"context"
	"slices"
)

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
