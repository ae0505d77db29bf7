package optimize

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// What else an index serves is told once all indexes are known: what a statement uses changes with each that is advised, or taken back.

// servedToo is a statement that an index serves beside the one that it is shown with.
type servedToo struct {
	id, title string
	changed   string // "10 ms → 1 ms"; empty where nothing is known of it
	rule      string // what else it has to be known by, such as the check of a foreign key
}

// serve notes a statement that an advice serves, each once.
func (a *Advice) serve(s servedToo) {
	if s.id == a.Query {
		return
	}
	at := slices.IndexFunc(a.serves, func(other servedToo) bool { return other.id == s.id })
	switch {
	case at < 0:
		a.serves = append(a.serves, s)
	case s.changed != "":
		a.serves[at] = s
	}
}

// tellServed writes the note of the statements that are served. Those of one name are told apart by what they are called here.
func (a *Advice) tellServed() {
	names := map[string]int{a.Title: 1}
	for _, s := range a.serves {
		names[s.title]++
	}
	var each []string
	for _, s := range a.serves {
		text := s.title
		if names[s.title] > 1 && s.id != s.title {
			text += " " + s.id
		}
		if s.changed != "" {
			text += " (" + s.changed + ")"
		}
		if s.rule != "" {
			text += ": " + s.rule
		}
		each = append(each, text)
	}
	if a.serves = nil; len(each) > 0 {
		note := "also serves "
		if a.Kind == KindHint {
			note = "also asked for by " // whether it serves them nobody has tried
		}
		a.Notes = append(a.Notes, note+strings.Join(each, ", "))
	}
}

// alsoServed finds for each index that is advised all statements that it serves.
func (r *run) alsoServed(ctx context.Context) error {
	if r.clone == nil {
		return r.alsoPlanned(ctx)
	}
	if err := r.plans.hide(ctx); err != nil {
		return err
	}
	for _, q := range r.worthwhile() {
		text := q.bound
		if p := r.measured[q]; p != nil {
			text = p.text
		}
		plan, err := r.clone.explain(ctx, text)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if err != nil {
			continue
		}
		uses := r.clone.among(plan)
		for _, a := range r.report.Advice {
			for _, index := range a.Indexes {
				if a.Kind != KindIndex || a.Query == q.ID || !slices.Contains(uses, index) {
					continue
				}
				if err := r.servedOnClone(ctx, a, index, q, uses); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// servedOnClone measures what a statement gains by an index that its plan uses.
func (r *run) servedOnClone(ctx context.Context, a *Advice, index *Index, q *Query, uses []*Index) error {
	if known := r.measured[q]; known != nil && known.err == nil && !sameIndexes(uses, r.clone.among(known.after.Plan)) {
		delete(r.measured, q) // it was measured beside others
	}
	p := r.measure(ctx, q)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if p.err != nil || !slices.Contains(r.clone.among(p.after.Plan), index) || !faster(p.before, p.after) {
		return nil
	}
	own, err := r.shareOf(ctx, index, p)
	if err != nil || !faster(own.before, own.after) {
		return err
	}
	a.serve(servedToo{q.ID, q.title(), Milliseconds(own.before.Median()) + " → " + Milliseconds(own.after.Median()), ""})
	return nil
}

// alsoPlanned is alsoServed where there are plans alone.
func (r *run) alsoPlanned(ctx context.Context) error {
	if r.plans == nil {
		return nil
	}
	for _, a := range r.report.Advice {
		if a.Kind != KindIndex || a.Proof.Level != L1 {
			continue
		}
		for _, index := range a.Indexes {
			gains, err := r.gains(ctx, index, r.chosen)
			if err != nil {
				return err
			}
			for _, g := range gains {
				a.serve(servedToo{g.query.ID, g.query.title(), fmt.Sprintf("cost %s → %s", Count(g.before.Cost()), Count(g.after.Cost())), ""})
			}
		}
	}
	return nil
}
