package optimize

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// trials are settings that a server often has wrong, with the value to try. They are tried after the indexes, so that
// nothing is said of a setting that an index makes no matter.
var trials = []struct{ name, usual, try, why string }{
	{"random_page_cost", "4", "1.1", "random_page_cost is that of a spinning disk: plans that jump between pages are taken for dearer than they are"},
	{"work_mem", "4096", "64MB", "work_mem is as delivered: what a sort or a hash table does not find room for goes to disk"},
}

// settings runs the queries whose plans change with a setting, in turns with it and without. A setting touches every
// statement of a server, so that only half the time of a slow one, and no loss of another, is worth a word.
func (r *run) settings(ctx context.Context) error {
	if r.clone == nil {
		return nil
	}
	for _, trial := range trials {
		if r.catalog.Settings[trial.name] != trial.usual {
			continue
		}
		set := fmt.Sprintf("SET LOCAL %s = '%s'", trial.name, trial.try)
		var best *Advice
		var gained []string
		harmed := false
		for _, q := range r.worthwhile() {
			if q.Base.Cost() < 10*worthLooking || r.catalog.runnable(q.parsed) != "" || !q.reads() || harmed {
				continue
			}
			changed, err := r.changes(ctx, q, set)
			if err != nil || !changed {
				continue
			}
			r.options.says("%s with another %s, on the clone", q.title(), trial.name)
			before, after, err := r.clone.compare(ctx, q.bound, q.bound, nil, []string{set})
			if err != nil || after.Plan == nil {
				continue
			}
			harmed = slower(before, after)
			if !faster(before, after) || before.Median() < 20 || after.Median() > before.Median()/2 {
				continue
			}
			gained = append(gained, fmt.Sprintf("%s (%s → %s)", q.title(), Milliseconds(before.Median()), Milliseconds(after.Median())))
			if best == nil {
				best = &Advice{
					ID: "setting-" + trial.name, Kind: KindSetting, Statement: q.Shown(r.options.Literals), Where: q.Where, Query: q.ID, Title: q.title(),
					Change: fmt.Sprintf("ALTER SYSTEM SET %s = '%s'", trial.name, trial.try), Why: append([]string{trial.why}, diagnose(before.Plan)...), Saved: q.Share / 10,
					Proof: Proof{L3, measured(before), measured(after)}, Confidence: "medium (L3): " + sentence(before, after, "the clone, whose pages were in memory"),
					Notes: []string{"text, no migration: it is the server's to decide, for all its databases"},
				}
			}
		}
		if best == nil || harmed {
			continue
		}
		if len(gained) > 1 {
			best.Notes = append(best.Notes, "faster by it: "+strings.Join(gained, ", "))
		}
		r.add(best)
	}
	return nil
}

// changes reports whether a query is planned otherwise with a setting.
func (r *run) changes(ctx context.Context, q *Query, set string) (changed bool, err error) {
	without, err := r.clone.explain(ctx, q.bound)
	if err != nil {
		return false, err
	}
	err = r.clone.inside(ctx, func() error {
		if _, err := r.clone.Exec(ctx, set); err != nil {
			return err
		}
		with, err := r.clone.explain(ctx, q.bound)
		if err == nil {
			changed = !slices.Equal(shape(without), shape(with))
		}
		return err
	})
	return changed, err
}
