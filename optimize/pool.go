package optimize

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/fettlehq/fettle/pgsql"
)

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
