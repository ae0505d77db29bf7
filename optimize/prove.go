package optimize

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// pair is a query measured without the new indexes and with them.
type pair struct {
	before, after Measured
	err           error

	text   string            // that was measured
	shares map[*Index]*share // of those indexes that it uses beside others
}

// share is what one of several indexes does: a query measured with all of the new indexes but one, and with all.
type share struct {
	before, after Measured
	beside        []*Index
	varied        bool    // with another value than the workload's
	asked         float64 // the part of the calls that ask for the most common values, where it is with those
}

// proveIndexes turns the chosen indexes into advice, each with the query that gains most, and drops those whose gain
// is not to be seen.
func (r *run) proveIndexes(ctx context.Context) error {
	if r.plans == nil && r.clone == nil {
		return nil
	}
	if r.clone != nil {
		for index, err := range r.clone.make(ctx, r.chosen) {
			r.note("clone: %s: %v", index.Name(), err)
			r.chosen = without(r.chosen, index)
		}
	}
	return r.settle(ctx, unproved{indexes: slices.Clone(r.chosen)})
}

// unproved is what has to be measured before it is advised.
type unproved struct {
	indexes  []*Index
	specials []special
}

func (u *unproved) add(more unproved) {
	u.indexes, u.specials = append(u.indexes, more.indexes...), append(u.specials, more.specials...)
}

func (u *unproved) none() bool { return len(u.indexes)+len(u.specials) == 0 }

// settle proves what is open and takes back what makes a statement slower, until nothing is left of either: what goes makes open what was
// measured beside it.
func (r *run) settle(ctx context.Context, open unproved) error {
	for {
		for !open.none() {
			again, err := r.proveNext(ctx, &open)
			if err != nil {
				return err
			}
			open.add(again)
			r.safe(ctx)
		}
		harmful, err := r.harmful(ctx)
		if err != nil || len(harmful) == 0 {
			return err
		}
		for _, index := range harmful {
			again, err := r.goOnWithout(ctx, index)
			if err != nil {
				return err
			}
			open.add(again)
		}
	}
}

// proveNext proves one thing of those that are open, and returns what is open again where it is of no use.
func (r *run) proveNext(ctx context.Context, open *unproved) (again unproved, err error) {
	if len(open.indexes) == 0 {
		sp := open.specials[0]
		open.specials = open.specials[1:]
		return again, r.trySpecial(ctx, sp)
	}
	index := open.indexes[0]
	open.indexes = open.indexes[1:]
	if !slices.Contains(r.chosen, index) {
		return again, nil // it has gone since
	}
	a, err := r.proveIndex(ctx, index)
	if err != nil {
		return again, err
	}
	if a == nil {
		return r.goOnWithout(ctx, index)
	}
	r.add(a)
	delete(r.alsoServing, index)
	for _, sp := range r.sharing[index] {
		if err := r.trySharedKey(ctx, sp, index); err != nil {
			return again, err
		}
	}
	return again, nil
}

// goOnWithout goes on without an index that is of no use, or does harm. What was advised of it goes, too. What was measured beside it is
// forgotten, and returned is what the advice was about that was made of that.
func (r *run) goOnWithout(ctx context.Context, index *Index) (again unproved, err error) {
	gone := []*Index{index}
	leave := func(indexes []*Index) {
		for _, index := range indexes {
			if !slices.Contains(gone, index) {
				gone = append(gone, index)
			}
		}
	}
	for at := 0; at < len(gone); at++ {
		index := gone[at]
		r.chosen = without(r.chosen, index)
		again.specials = append(again.specials, r.sharing[index]...)
		delete(r.sharing, index)
		for q, p := range r.measured {
			if slices.Contains(p.used(r.clone), index) {
				delete(r.measured, q)
			}
		}
		if r.clone != nil && r.clone.made[index] != "" {
			if err := r.clone.drop(ctx, index); err != nil {
				return again, shortened(err)
			}
		}
		r.report.Advice = slices.DeleteFunc(r.report.Advice, func(a *Advice) bool {
			switch {
			case slices.Contains(a.Indexes, index):
				leave(a.Indexes)
			case !slices.Contains(a.beside, index):
				return false
			case a.special != nil: // it is tried as it was, before its indexes are made
				again.specials = append(again.specials, *a.special)
				leave(a.Indexes)
			default:
				again.indexes = append(again.indexes, a.Indexes...)
			}
			return true
		})
	}
	again.indexes = slices.DeleteFunc(again.indexes, func(i *Index) bool { return slices.Contains(gone, i) })
	return again, nil
}

// used are the indexes made on a clone that a query's plans use, those of its shares with them.
func (p *pair) used(c *clone) []*Index {
	all := c.among(p.before.Plan, p.after.Plan)
	for _, own := range p.shares {
		all = append(all, c.among(own.before.Plan, own.after.Plan)...)
	}
	return all
}

// among are the indexes made on the clone that plans use.
func (c *clone) among(plans ...*Plan) (used []*Index) {
	for index := range c.made {
		if slices.ContainsFunc(plans, func(p *Plan) bool { return p != nil && slices.Contains(p.Indexes(), index.Name()) }) {
			used = append(used, index)
		}
	}
	slices.SortFunc(used, func(a, b *Index) int { return strings.Compare(a.Name(), b.Name()) })
	return used
}

func (r *run) proveIndex(ctx context.Context, index *Index) (*Advice, error) {
	gains, err := r.gains(ctx, index, r.chosen)
	if err != nil || len(gains) == 0 {
		return nil, err
	}
	if r.clone == nil {
		return r.plannedAdvice(index, gains, gains), nil
	}
	var beside []*Index
	for _, g := range gains {
		beside = append(beside, without(g.used, index)...)
	}
	var shown gain // what is measured to gain most
	var proved *share
	var unmeasured []gain
	saved := savings{}
	for _, g := range gains {
		kept := r.measure(ctx, g.query)
		if kept.err != nil {
			if g.after.Cost() < plannedGain*g.before.Cost() {
				unmeasured = append(unmeasured, g)
			}
			continue
		}
		own, err := r.ownShare(ctx, index, g.query, kept)
		if err != nil {
			return nil, err
		}
		if own == nil {
			continue
		}
		beside = append(beside, without(r.clone.among(own.before.Plan, own.after.Plan), index)...)
		if !faster(own.before, own.after) {
			continue // what it gains, it gains by the others
		}
		saved.add(g.query, own.before.Median()-own.after.Median(), 1)
		if shown.query == nil || saved[g.query]*g.query.Weight > saved[shown.query]*shown.query.Weight {
			shown, proved = g, own
		}
	}
	enough := shown.query != nil && saved.worth(r.upkeep(index))
	if !enough {
		busy, own, err := r.savesTheBusiest(ctx, index, gains, saved)
		if err != nil {
			return nil, err
		}
		if enough = busy.query != nil; enough {
			shown, proved = busy, own
			beside = append(beside, without(r.clone.among(own.before.Plan, own.after.Plan), index)...)
		}
	}
	switch {
	case !enough && len(unmeasured) > 0: // what could be measured gains too little; of the rest there is the plan
		a := r.plannedAdvice(index, unmeasured, gains)
		if a != nil {
			a.beside = beside
			a.Notes = append(a.Notes, "not measured: "+told(r.measured[unmeasured[0].query].err, r.options.Literals))
		}
		return a, nil
	case shown.query == nil:
		r.note("%s on %s: planned as useful, but on the clone it was not faster with it; it is not advised%s", index.Name(), index.Table.ID, r.clone.hides(index))
		return nil, nil
	case !enough:
		r.leftAlone(index.String(), shown.query, saved, true)
		return nil, nil
	}
	a := r.indexAdvice(shown, index)
	a.beside, a.SavedTime, a.Saved = beside, saved.total(), planShare(gains)
	a.Notes = append(a.Notes, notesOf(gains, shown.query)...)
	if len(proved.beside) > 0 {
		a.Notes = append(a.Notes, fmt.Sprintf("works together with %s: measured with it, without this one and with both", namesOf(proved.beside)))
	}
	r.measuredAdvice(a, index, shown.query, proved.before, proved.after)
	for _, g := range unmeasured {
		a.Notes = append(a.Notes, fmt.Sprintf("%s: not measured: %s", g.query.title(), told(r.measured[g.query].err, r.options.Literals)))
	}
	if err := r.forOthers(ctx, a, index, shown.query, proved); err != nil {
		return nil, err
	}
	return r.alsoServes(a, gains), r.tryBlocks(ctx, a, index, shown.query)
}

// ownShare is what a query that was measured gains by an index, with the workload's values or with others; nil: nothing.
func (r *run) ownShare(ctx context.Context, index *Index, q *Query, kept *pair) (own *share, err error) {
	if slices.Contains(kept.after.Plan.Indexes(), index.Name()) && faster(kept.before, kept.after) && !index.dull(kept.before, kept.after) {
		if own, err = r.shareOf(ctx, index, kept); err != nil || faster(own.before, own.after) {
			return own, err
		}
	}
	varied, err := r.shareOfOthers(ctx, index, q)
	if varied != nil {
		kept.share(index, varied)
		return varied, nil
	}
	return own, err
}

// shareOf measures what a query gains by an index beside the others that it uses, or would use without this one. By one alone it gains
// what it gains.
func (r *run) shareOf(ctx context.Context, index *Index, p *pair) (*share, error) {
	if known := p.shares[index]; known != nil {
		return known, nil
	}
	own := &share{before: p.before, after: p.after, beside: without(r.clone.among(p.after.Plan), index)}
	stead, err := r.insteadOf(ctx, index, p.text)
	if err != nil {
		return nil, err
	}
	if len(own.beside) > 0 || stead {
		r.options.says("what %s does, beside others, on the clone", index.Name())
		own.before, own.after, err = r.clone.compare(ctx, p.text, p.text, []*Index{index}, nil)
		if err != nil && !ofStatement(ctx, err) {
			return nil, err
		}
		if err != nil || own.after.Plan == nil { // then it is told as what all of them gain
			own.before, own.after = p.before, p.after
		}
	}
	p.share(index, own)
	return own, nil
}

func (p *pair) share(index *Index, own *share) {
	if p.shares == nil {
		p.shares = map[*Index]*share{}
	}
	p.shares[index] = own
}

// insteadOf reports whether a statement would use another of the indexes made, were this one not there.
func (r *run) insteadOf(ctx context.Context, index *Index, text string) (would bool, err error) {
	if len(r.clone.made) < 2 {
		return false, nil
	}
	if err := r.plans.hide(ctx); err != nil {
		return false, err
	}
	err = r.clone.inside(ctx, func() error {
		if _, err := r.clone.Exec(ctx, "DROP INDEX "+r.clone.qualified(index)); err != nil {
			return err
		}
		plan, err := r.clone.explain(ctx, text)
		if err == nil {
			would = len(r.clone.among(plan)) > 0
		}
		return err
	})
	if err != nil && !ofStatement(ctx, err) {
		return false, err
	}
	return would, nil
}

// The bounds of an index that is walked in whole.
const (
	walkedWhole = 0.5 // of the rows
	mostWorkers = 8   // that share one walk; more loops are as many walks
	muchFaster  = 3
)

// dull reports whether a statement reads most of an index and gains little by it: it is narrower than its table, and no more. A column
// that has one value nearly everywhere is not worth one.
func (i *Index) dull(before, after Measured) bool {
	walked := slices.ContainsFunc(after.Plan.All(), func(n *Node) bool {
		return n.Index == i.Name() && n.Loops <= mostWorkers && n.ActualRows >= walkedWhole*i.Table.Rows
	})
	return walked && after.Median() > before.Median()/muchFaster
}

// plannedDull is dull where nothing is measured: of plans, whose rows are those of one worker.
func (i *Index) plannedDull(g gain) bool {
	const sharing = 3 // usual workers, the leader among them
	walked := slices.ContainsFunc(g.after.All(), func(n *Node) bool {
		rows := n.Rows
		if n.Parallel {
			rows *= sharing
		}
		return n.Index == i.Name() && rows >= walkedWhole*i.Table.Rows
	})
	return walked && g.after.Cost() > g.before.Cost()/muchFaster
}

// The bounds of where an index of ranges of blocks is worth a trial.
const (
	blockPages = 1024
	inOrder    = 0.95 // correlation of a column with the order of its rows
)

// tryBlocks measures what a BRIN index would do in place of an index whose table lies in its order, and tells it: it is
// slower, and next to nothing in size.
func (r *run) tryBlocks(ctx context.Context, a *Advice, index *Index, q *Query) error {
	c := index.Table.column(index.Keys[0].Column)
	if c == nil || math.Abs(c.Correlation) < inOrder || index.Table.Pages < blockPages || index.Where != "" {
		return nil
	}
	blocks := &Index{Table: index.Table, Method: "brin", Keys: []Key{{Column: c.Name}}}
	for range r.clone.make(ctx, []*Index{blocks}) {
		return nil
	}
	var m Measured
	for run := range 4 {
		if err := r.clone.once(ctx, q.bound, []string{"DROP INDEX " + r.clone.qualified(index)}, &m, run == 0); err != nil && !ofStatement(ctx, err) {
			return err
		}
	}
	if m.Plan != nil && slices.Contains(m.Plan.Indexes(), blocks.Name()) {
		a.Notes = append(a.Notes, fmt.Sprintf("or USING brin (%s): %s instead of %s, and %s instead of %s; the table lies in the order of %s, and has to stay so",
			pgsql.Ident(c.Name), Bytes(r.clone.real[blocks]), Bytes(r.clone.real[index]), Milliseconds(m.Median()), Milliseconds(*a.Proof.After.MS), c.Name))
	}
	return r.clone.drop(ctx, blocks)
}

// measure runs a query on the clone without what was made there and with it.
func (r *run) measure(ctx context.Context, q *Query) *pair {
	if r.measured[q] != nil {
		return r.measured[q]
	}
	p := &pair{text: q.bound}
	r.measured[q] = p
	r.options.says("%s, which is run on the clone", q.title())
	if reason := r.catalog.runnable(q.parsed); reason != "" {
		p.err = fmt.Errorf("%s", reason)
		return p
	}
	p.before, p.after, p.err = r.clone.compare(ctx, q.bound, q.bound, r.clone.relevant(q), nil)
	if p.err == nil && q.common != "" && q.common != q.bound && !faster(p.before, p.after) && !slower(p.before, p.after) {
		// What is typical is quick as it is; what is asked for often may not be.
		before, after, err := r.clone.compare(ctx, q.common, q.common, r.clone.relevant(q), nil)
		if err == nil && after.Plan != nil && faster(before, after) {
			p.before, p.after, p.text = before, after, q.common
			const note = "measured with the values that are most common; for others it gains little"
			if !slices.Contains(q.notes, note) {
				q.notes = append(q.notes, note)
			}
		}
	}
	if p.err == nil && p.after.Plan == nil {
		p.err = fmt.Errorf("it did not end within %s", runLimit)
	}
	return p
}

// relevant are the indexes that were made on a query's tables.
func (c *clone) relevant(q *Query) []*Index {
	var all []*Index
	for index := range c.made {
		all = append(all, index)
	}
	return q.relevant(all)
}

// harmful measures the queries that use what is advised, and returns the indexes that make one slower.
func (r *run) harmful(ctx context.Context) ([]*Index, error) {
	if r.clone == nil || len(r.chosen) == 0 {
		return nil, nil
	}
	if err := r.plans.hide(ctx); err != nil {
		return nil, err
	}
	for _, q := range r.queries {
		if len(q.relevant(r.chosen)) == 0 || r.catalog.runnable(q.parsed) != "" {
			continue
		}
		text := q.bound
		known := r.measured[q]
		if known != nil {
			text = known.text
		}
		plan, err := r.clone.explain(ctx, text)
		if err != nil {
			continue
		}
		uses := r.clone.among(plan)
		if len(uses) == 0 {
			continue
		}
		if known != nil && known.err == nil && !sameIndexes(uses, r.clone.among(known.after.Plan)) {
			delete(r.measured, q) // what was made since is used for it
		}
		p := r.measure(ctx, q)
		if p.err != nil || !slower(p.before, p.after) {
			continue
		}
		if used := r.clone.among(p.after.Plan); len(used) > 0 {
			uses = used
		}
		for _, index := range uses {
			r.note("%s: it made %s slower on the clone (%s → %s); it is not advised", index.Name(), q.title(), Milliseconds(p.before.Median()), Milliseconds(p.after.Median()))
		}
		return uses, nil
	}
	return nil, nil
}

func sameIndexes(a, b []*Index) bool { return within(a, b) && within(b, a) }

// explain plans a statement on the clone. The indexes that were made there are called as is advised.
func (c *clone) explain(ctx context.Context, text string) (*Plan, error) {
	plan, err := explain(ctx, c.session, text)
	if err == nil {
		c.rename(plan)
	}
	return plan, err
}

// rename gives the indexes of a plan that were made on the clone, and their parts for partitions, the names that are advised.
func (c *clone) rename(plan *Plan) {
	for _, n := range plan.All() {
		if advised := c.advised[n.Index]; advised != "" {
			n.Index = advised
		}
	}
}

// title is what a person calls the query.
func (q *Query) title() string {
	if q.Name != "" {
		return q.Name
	}
	return q.ID
}

// holds reports whether the rows of a table are in the one that a plan names: itself, one of its partitions, or one that inherits from it.
func (t *Table) holds(name string) bool {
	return t.Name == name || slices.ContainsFunc(slices.Concat(t.Partitions, t.Heirs), func(p *Table) bool { return p.holds(name) })
}

// guessIndexes proposes, where nothing can be thought of, the fullest candidate for each table that is read whole.
func (r *run) guessIndexes(queries []*Query) error {
	for _, q := range queries {
		if r.clone == nil && !r.looksSlow(q) {
			continue
		}
		for _, n := range q.Before.All() {
			if !strings.HasSuffix(n.Type, "Seq Scan") || n.Filter == "" && q.Before.Root.Type != "Limit" {
				continue
			}
			for _, index := range candidates(q, r.catalog) {
				if !index.Table.holds(n.Table) || len(index.Include) > 0 {
					continue
				}
				if r.clone != nil {
					r.chosen = append(r.chosen, index)
					break
				}
				a := r.indexAdvice(gain{query: q}, index)
				a.ID, a.Kind = "hint-"+index.Name(), KindHint
				a.Proof = Proof{L0, estimated(q.Before), nil}
				a.Confidence = "low (L0): a rule says so; install HypoPG or name a --clone to have it tried"
				a.Why = diagnose(q.Before)
				a.Saved = q.Share
				if !slices.ContainsFunc(r.report.Advice, func(other *Advice) bool { return other.ID == a.ID }) {
					r.add(a)
				}
				break
			}
		}
	}
	return nil
}
