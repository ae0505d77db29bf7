package optimize

import (
	"cmp"
	"context"
	"math/bits"
	"slices"
)

// Where the budget is short, what is chosen is improved by what is already known. The plans that were asked for say of any set of
// indexes the most that a query costs with it (what a plan costs that used only indexes of the set) and the least (what one
// costs that was shown all of it). A guess between the two needs no plan, so many sets can be guessed at: without one
// index, without two, without those of a table, without any; each time the room is filled with what is guessed to gain most.
// The best few are planned, which makes the guesses better, and so on, first by what is sure and then in more hope, until
// no guess is better than what is chosen.

const (
	atOnce         = 4 // sets that are planned before it is looked again
	worthImproving = 0.0003
	mostPairs      = 30 // chosen indexes, of which pairs are taken away
	spareExplains  = 60 // left for what comes after
)

// trusts is how near to the least a query is guessed to cost, in turn.
var trusts = []float64{0, 0.1, 0.8}

// improve changes the chosen set for a better one that fits into the budget.
func (s *selection) improve(ctx context.Context, chosen *[]*Index) error {
	now, err := s.total(ctx, *chosen)
	if err != nil {
		return err
	}
	for _, q := range s.queries { // what each costs without one of the best makes the guesses of all near
		_, used, err := s.plans.cost(ctx, q, s.pool)
		if err != nil {
			return err
		}
		for _, u := range used {
			if _, _, err := s.plans.cost(ctx, q, without(s.pool, u)); err != nil {
				return err
			}
		}
	}
	k := newKnowledge(s)
	planned := map[placeSet]bool{}
	for _, trust := range trusts {
		k.believe(trust)
		for s.plans.left > spareExplains {
			k.update()
			better := slices.DeleteFunc(k.neighbours(k.set(*chosen)), func(g guess) bool {
				return planned[g.set] || g.total >= now-worthImproving*s.base
			})
			if len(better) == 0 {
				break
			}
			for _, g := range better[:min(len(better), atOnce)] {
				planned[g.set] = true
				indexes := k.indexes(g.set)
				total, err := s.total(ctx, indexes)
				if err != nil {
					return err
				}
				if total < now-worthImproving*s.base {
					*chosen, now = indexes, total
				}
			}
			if err := ctx.Err(); err != nil {
				return err
			}
		}
	}
	return nil
}

func without(indexes []*Index, index *Index) []*Index {
	return slices.DeleteFunc(slices.Clone(indexes), func(i *Index) bool { return i == index })
}

// placeSet is a set of indexes, by their places in knowledge.
type placeSet [8]uint64

func (b *placeSet) add(i int)     { b[i/64] |= 1 << (i % 64) }
func (b placeSet) has(i int) bool { return b[i/64]&(1<<(i%64)) != 0 }
func (b placeSet) empty() bool    { return b == placeSet{} }

func (b placeSet) within(other placeSet) bool {
	for i := range b {
		if b[i]&^other[i] != 0 {
			return false
		}
	}
	return true
}

func (b placeSet) and(other placeSet) placeSet {
	for i := range b {
		b[i] &= other[i]
	}
	return b
}

func (b placeSet) less(other placeSet) placeSet {
	for i := range b {
		b[i] &^= other[i]
	}
	return b
}

func (b placeSet) places() []int {
	var out []int
	for word, rest := range b {
		for ; rest != 0; rest &= rest - 1 {
			out = append(out, 64*word+bits.TrailingZeros64(rest))
		}
	}
	return out
}

// knowledge is what the plans that were asked for say of each query, in a form that is quick to ask.
type knowledge struct {
	s     *selection
	pool  []*Index // the first of it, by hope
	place map[*Index]int
	sizes []float64
	write []float64
	of    []*queryKnowledge
	trust float64
}

type queryKnowledge struct {
	q       *Query
	read    int      // of the answers
	useful  placeSet // what a plan used, and what was made of that
	answers []placedAnswer
	told    map[placeSet]float64
}

type placedAnswer struct {
	shown, used placeSet
	elsewhere   bool // it used an index that has no place
	cost        float64
}

func newKnowledge(s *selection) *knowledge {
	k := &knowledge{s: s, pool: slices.Clone(s.pool), place: map[*Index]int{}}
	slices.SortStableFunc(k.pool, func(a, b *Index) int { return cmp.Compare(s.hopes[b.String()], s.hopes[a.String()]) })
	k.pool = k.pool[:min(len(k.pool), 64*len(placeSet{}))]
	for i, index := range k.pool {
		k.place[index] = i
		k.sizes = append(k.sizes, s.plans.bytes(index))
		k.write = append(k.write, s.writes(index))
	}
	for _, q := range s.queries {
		k.of = append(k.of, &queryKnowledge{q: q})
	}
	return k
}

func (k *knowledge) set(indexes []*Index) placeSet {
	var b placeSet
	for _, index := range indexes {
		if i, is := k.place[index]; is {
			b.add(i)
		}
	}
	return b
}

func (k *knowledge) indexes(set placeSet) []*Index {
	var out []*Index
	for _, i := range set.places() {
		out = append(out, k.pool[i])
	}
	return out
}

func (k *knowledge) believe(trust float64) {
	k.trust = trust
	for _, of := range k.of {
		of.told = map[placeSet]float64{}
	}
}

// update reads the answers that came since.
func (k *knowledge) update() {
	for _, of := range k.of {
		answers := k.s.plans.answers[of.q]
		if of.read == len(answers) {
			continue
		}
		for _, a := range answers[of.read:] {
			used := k.set(a.used)
			of.answers = append(of.answers, placedAnswer{k.set(a.shown), used, len(used.places()) < len(a.used), a.cost})
			for _, i := range used.places() {
				of.useful.add(i)
			}
		}
		of.read = len(answers)
		for i, index := range k.pool {
			if !k.set(k.s.origins[index]).and(of.useful).empty() {
				of.useful.add(i)
			}
		}
		of.told = map[placeSet]float64{}
	}
}

// cost is what a query is guessed to cost with a set.
func (of *queryKnowledge) cost(set placeSet, trust float64) float64 {
	set = set.and(of.useful)
	if cost, is := of.told[set]; is {
		return cost
	}
	most, least := 0.0, 0.0
	for _, a := range of.answers {
		uses, shows := !a.elsewhere && a.used.within(set), set.within(a.shown)
		if uses && shows {
			most, least = a.cost, a.cost
			break
		}
		if uses && (most == 0 || a.cost < most) {
			most = a.cost
		}
		if shows && a.cost > least {
			least = a.cost
		}
	}
	of.told[set] = most - trust*max(0, most-least)
	return of.told[set]
}

// guess is a set that was not planned, and what the workload is guessed to cost with it.
type guess struct {
	set   placeSet
	total float64
}

// neighbours are sets that differ from one in part, the cheapest first.
func (k *knowledge) neighbours(of placeSet) []guess {
	var out []guess
	seen := map[placeSet]bool{}
	for _, gone := range k.parts(of) {
		for _, perByte := range []bool{true, false} {
			set := k.fill(of.less(gone), gone, perByte)
			if !seen[set] {
				seen[set] = true
				out = append(out, guess{set, k.total(set)})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b guess) int { return cmp.Compare(a.total, b.total) })
	return out
}

// parts are what may be taken away: nothing, one, two, the indexes of a table, all.
func (k *knowledge) parts(set placeSet) []placeSet {
	places := set.places()
	out := []placeSet{{}}
	tables := map[*Table]placeSet{}
	for n, a := range places {
		var one placeSet
		one.add(a)
		out = append(out, one)
		for _, b := range places[:min(n, mostPairs)] {
			two := one
			two.add(b)
			out = append(out, two)
		}
		table := tables[k.pool[a].Table]
		table.add(a)
		tables[k.pool[a].Table] = table
	}
	for _, a := range places { // in an order that does not change
		if table, is := tables[k.pool[a].Table]; is {
			out = append(out, table)
			delete(tables, k.pool[a].Table)
		}
	}
	return append(out, set)
}

// fill adds what is guessed to gain most, or most a byte, while there is room: first without those that were taken away.
func (k *knowledge) fill(set, gone placeSet, perByte bool) placeSet {
	room := k.s.budget
	for _, i := range set.places() {
		room -= k.sizes[i]
	}
	for {
		best, bestValue := -1, 0.0
		costs := k.costs(set)
		for i, size := range k.sizes {
			if size > room || set.has(i) || gone.has(i) {
				continue
			}
			gain := k.gain(set, i, costs)
			if gain < worthImproving*k.s.base {
				continue
			}
			if perByte {
				gain /= size + 1<<20
			}
			if gain > bestValue {
				best, bestValue = i, gain
			}
		}
		switch {
		case best >= 0:
			set.add(best)
			room -= k.sizes[best]
		case !gone.empty():
			gone = placeSet{}
		default:
			return set
		}
	}
}

// costs are the guesses for each query, by its weight.
func (k *knowledge) costs(set placeSet) []float64 {
	out := make([]float64, len(k.of))
	for n, of := range k.of {
		out[n] = of.q.Weight * of.cost(set, k.trust)
	}
	return out
}

// gain is what one index more is guessed to save.
func (k *knowledge) gain(set placeSet, more int, costs []float64) float64 {
	set.add(more)
	gain := -k.write[more]
	for n, of := range k.of {
		if of.useful.has(more) {
			gain += costs[n] - of.q.Weight*of.cost(set, k.trust)
		}
	}
	return gain
}

func (k *knowledge) total(set placeSet) float64 {
	sum := 0.0
	for _, i := range set.places() {
		sum += k.write[i]
	}
	for _, cost := range k.costs(set) {
		sum += cost
	}
	return sum
}
