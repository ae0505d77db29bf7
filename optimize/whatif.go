package optimize

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// planner says what a query would cost with other indexes.
type planner interface {
	// cost plans the query as if the indexes were there, and tells which of them the plan uses.
	cost(ctx context.Context, q *Query, indexes []*Index) (cost float64, used []*Index, err error)
	// plan is cost of one text of the query, with the plan.
	plan(ctx context.Context, q *Query, text string, indexes []*Index) (*Plan, []*Index, error)
	// bytes is how large an index would be.
	bytes(index *Index) float64
}

// hypothetical plans with indexes that are only thought of, by the HypoPG extension.
type hypothetical struct {
	s      *session
	made   map[*Index][]made
	failed map[*Index]bool   // it cannot be thought of
	stands map[string]*Index // for partial ones that HypoPG does not see, by how they are written
	there  map[string]string // what plans call an index that was made on the clone, to the name that is advised
	ruler  bool
	sizes  map[*Index]float64 // as HypoPG has them
}

type made struct {
	oid  uint32
	name string
}

func newHypothetical(s *session, ruler bool) *hypothetical {
	return &hypothetical{s: s, ruler: ruler, sizes: map[*Index]float64{}, made: map[*Index][]made{}, failed: map[*Index]bool{}, stands: map[string]*Index{}}
}

// cost is the mean of what the query costs with each of the values that it is planned with.
func (h *hypothetical) cost(ctx context.Context, q *Query, indexes []*Index) (sum float64, all []*Index, err error) {
	texts := q.texted()
	for _, text := range texts {
		plan, used, err := h.plan(ctx, q, text, indexes)
		if err != nil {
			return 0, nil, err
		}
		sum += plan.Cost()
		for _, index := range used {
			if !slices.Contains(all, index) {
				all = append(all, index)
			}
		}
	}
	return sum / float64(len(texts)), all, nil
}

func (h *hypothetical) plan(ctx context.Context, q *Query, text string, indexes []*Index) (*Plan, []*Index, error) {
	shown, instead := h.withStandIns(q, indexes)
	if err := h.show(ctx, shown); err != nil {
		return nil, nil, err
	}
	plan, err := explain(ctx, h.s, text)
	if err != nil {
		return nil, nil, err
	}
	named := map[string]*Index{}
	for _, index := range shown {
		for _, m := range h.made[index] {
			if named[m.name] = instead[index.String()]; named[m.name] == nil {
				named[m.name] = index
			}
		}
	}
	for _, index := range indexes { // where plans are asked of a copy on which it has been made by now, the one that is there may be the cheaper of the two
		if _, is := h.made[index]; is {
			named[index.Name()] = index
		}
	}
	var used []*Index
	for _, n := range plan.All() {
		if advised := h.there[n.Index]; advised != "" {
			n.Index = advised
		}
		if index := named[n.Index]; index != nil {
			n.Index = index.Name()
			if !slices.Contains(used, index) {
				used = append(used, index)
			}
		}
	}
	slices.SortFunc(used, func(a, b *Index) int { return slices.Index(indexes, a) - slices.Index(indexes, b) })
	return plan, used, nil
}

// withStandIns are the indexes with what stands for those that HypoPG does not see, and for which each stands: the smallest.
func (h *hypothetical) withStandIns(q *Query, indexes []*Index) (shown []*Index, instead map[string]*Index) {
	shown, instead = slices.Clone(indexes), map[string]*Index{}
	for _, index := range indexes {
		if !h.unseen(q, index) {
			continue
		}
		for _, stand := range index.standIns() {
			shape := stand.String()
			if instead[shape] == nil && !slices.ContainsFunc(indexes, func(i *Index) bool { return i.String() == shape }) {
				if h.stands[shape] == nil {
					h.stands[shape] = stand
				}
				shown = append(shown, h.stands[shape])
			}
			if of := instead[shape]; of == nil || index.bytes() < of.bytes() {
				instead[shape] = index
			}
		}
	}
	return shown, instead
}

// unseen reports whether HypoPG takes the condition of a partial index for one of the first table of the statement, so that no plan uses it: for
// partitions, and behind a join. Where a mention of the table does not say the condition, nothing stands for the index. A budget that is compared
// with those of others is kept to what HypoPG sees.
func (h *hypothetical) unseen(q *Query, index *Index) (is bool) {
	if index.Where == "" || q == nil || h.ruler {
		return false
	}
	for _, scan := range q.roles.Scans {
		switch {
		case scan.Table != index.Table.ID:
		case !index.mayServe(scan):
			return false
		case !scan.First || index.Table.split():
			is = true
		}
	}
	return is
}

// standIns are indexes over all rows that do at most what a partial one does: with the columns of its condition before its key, if they have
// to be equal to something, else behind it; and of those columns alone, by which its rows are found.
func (i *Index) standIns() []*Index {
	var first, last []Key
	for condition := range strings.SplitSeq(i.Where, " AND ") {
		part := Index{Table: i.Table, Where: condition}
		for _, column := range part.asked() {
			switch key := (Key{Column: column}); {
			case slices.Contains(i.columns(), column):
			case strings.HasSuffix(condition, " IS NOT NULL"):
				last = appendNew(last, key)
			default:
				first = appendNew(first, key)
			}
		}
	}
	whole := *i
	whole.Where, whole.Keys = "", slices.Concat(first, i.Keys, last)
	if len(first) == 0 {
		return []*Index{&whole}
	}
	return []*Index{&whole, {Table: i.Table, Method: i.Method, Keys: first}}
}

// show makes exactly these indexes thought of.
func (h *hypothetical) show(ctx context.Context, indexes []*Index) error {
	for index := range h.made {
		if !slices.Contains(indexes, index) {
			if err := h.forget(ctx, index); err != nil {
				return err
			}
		}
	}
	for _, index := range indexes {
		if _, is := h.made[index]; is || h.failed[index] {
			continue
		}
		if err := h.think(ctx, index); err != nil {
			return err
		}
	}
	return nil
}

// think makes an index thought of, or notes that it cannot be.
func (h *hypothetical) think(ctx context.Context, index *Index) error {
	for _, part := range index.each() {
		var m made
		err := h.s.QueryRow(ctx, "SELECT indexrelid, indexname FROM hypopg_create_index($1)", part.Create("", part.Name())).Scan(&m.oid, &m.name)
		if err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			h.failed[index] = true
			return h.forget(ctx, index)
		}
		h.made[index] = append(h.made[index], m)
	}
	if _, known := h.sizes[index]; !h.ruler || known {
		return nil
	}
	for _, m := range h.made[index] {
		var size int64
		if err := h.s.QueryRow(ctx, "SELECT hypopg_relation_size($1::oid)", m.oid).Scan(&size); err != nil {
			return shortened(err)
		}
		h.sizes[index] += float64(size)
	}
	return nil
}

// forget takes away one that is thought of.
func (h *hypothetical) forget(ctx context.Context, index *Index) error {
	for _, m := range h.made[index] {
		if _, err := h.s.Exec(ctx, "SELECT hypopg_drop_index($1::oid)", m.oid); err != nil {
			return shortened(err)
		}
	}
	delete(h.made, index)
	return nil
}

// hide takes away all that is thought of.
func (c *counted) hide(ctx context.Context) error {
	if c == nil {
		return nil
	}
	if h, is := c.planner.(*hypothetical); is {
		return h.show(ctx, nil)
	}
	return nil
}

// bytes is our own estimate: HypoPG counts equal keys as often as they occur, which Postgres does not.
func (h *hypothetical) bytes(index *Index) float64 {
	if !h.ruler {
		return index.bytes()
	}
	if _, known := h.sizes[index]; !known {
		h.show(context.Background(), []*Index{index}) //nolint:errcheck // then the estimate has to do
	}
	if size, known := h.sizes[index]; known {
		return size
	}
	return index.bytes()
}

// errBudget says that no more statements may be planned.
var errBudget = errors.New("the number of EXPLAINs is used up")

// counted remembers what was planned, and plans no more often than it may.
//
// When the plan with the indexes S used only U of them, any set between U and S gives the same plan: taking away what
// is not used changes nothing. So one plan answers for many sets.
type counted struct {
	planner
	left    int
	asked   int
	answers map[*Query][]answer
	serves  map[*Query]map[*Index]bool // whether a plan of the query could use it
	texts   map[*Index]string
	failed  map[*Query]error // what could not be planned once is not asked for again
	says    func(string, ...any)
}

type answer struct {
	shown []*Index // what was there, of the query's tables
	used  []*Index
	cost  float64
}

func newCounted(p planner, budget int) *counted {
	return &counted{
		planner: p, left: budget, answers: map[*Query][]answer{}, serves: map[*Query]map[*Index]bool{}, texts: map[*Index]string{}, failed: map[*Query]error{},
		says: func(string, ...any) {},
	}
}

// relevant is Query.relevant, remembered.
func (c *counted) relevant(q *Query, indexes []*Index) []*Index {
	serves := c.serves[q]
	if serves == nil {
		serves = map[*Index]bool{}
		c.serves[q] = serves
	}
	var out []*Index
	for _, index := range indexes {
		serve, known := serves[index]
		if !known {
			serve = slices.ContainsFunc(q.roles.Scans, index.mayServe)
			serves[index], c.texts[index] = serve, index.String()
		}
		if serve {
			out = append(out, index)
		}
	}
	slices.SortFunc(out, func(a, b *Index) int { return strings.Compare(c.texts[a], c.texts[b]) })
	return out
}

// known is what cost would answer without planning.
func (c *counted) known(q *Query, indexes []*Index) (cost float64, used []*Index, is bool) {
	return c.recall(q, c.relevant(q, indexes))
}

func (c *counted) recall(q *Query, relevant []*Index) (cost float64, used []*Index, is bool) {
	for _, known := range c.answers[q] {
		if within(known.used, relevant) && within(relevant, known.shown) {
			return known.cost, known.used, true
		}
	}
	return 0, nil, false
}

// floor is what a query costs at least with the indexes: what it does with more of them.
func (c *counted) floor(q *Query, indexes []*Index) float64 {
	relevant := c.relevant(q, indexes)
	least := 0.0
	for _, known := range c.answers[q] {
		if known.cost > least && within(relevant, known.shown) {
			least = known.cost
		}
	}
	return least
}

// most is what a query costs at most with the indexes, by what is known, and which of them it uses then.
func (c *counted) most(q *Query, indexes []*Index) (cost float64, used []*Index) {
	relevant := c.relevant(q, indexes)
	cost = q.Base.Cost()
	for _, known := range c.answers[q] {
		if known.cost < cost && within(known.used, relevant) {
			cost, used = known.cost, known.used
		}
	}
	return cost, used
}

func (c *counted) cost(ctx context.Context, q *Query, indexes []*Index) (float64, []*Index, error) {
	relevant := c.relevant(q, indexes)
	if cost, used, is := c.recall(q, relevant); is {
		return cost, used, nil
	}
	if c.failed[q] != nil {
		return q.Base.Cost(), nil, nil
	}
	if c.left <= 0 {
		return 0, nil, errBudget
	}
	c.left -= len(q.texted())
	c.asked += len(q.texted())
	c.says("plan %d, with indexes that are thought of", c.asked)
	cost, used, err := c.planner.cost(ctx, q, relevant)
	if ofStatement(ctx, err) {
		c.failed[q] = err
		return q.Base.Cost(), nil, nil
	}
	if err != nil {
		return 0, nil, fmt.Errorf("%s: %w", q.ID, err)
	}
	c.answers[q] = append(c.answers[q], answer{relevant, used, cost})
	return cost, used, nil
}

// mayServe reports whether a plan could use the index for one mention of its table: its first part is asked about, or it
// has all that is asked for. A partial one leaves out what the query leaves out, so that all of it can be read in place of the table.
func (i *Index) mayServe(scan *pgsql.Scan) bool {
	if !i.Table.spans(scan.Table) {
		return false
	}
	if i.Where != "" {
		for condition := range strings.SplitSeq(i.Where, " AND ") {
			if !slices.ContainsFunc(scan.Where, func(p pgsql.Predicate) bool { return p.Text == condition }) {
				return false
			}
		}
		return true
	}
	first := i.Keys[0].Column
	if first == "" || slices.Contains(scan.Group, first) || slices.ContainsFunc(scan.Order, func(s pgsql.Sort) bool { return s.Column == first }) {
		return true
	}
	asks := func(p pgsql.Predicate) bool { return p.Column == first }
	if slices.ContainsFunc(scan.Where, asks) || slices.ContainsFunc(scan.Or, func(arms []pgsql.Predicate) bool { return slices.ContainsFunc(arms, asks) }) {
		return true
	}
	has := slices.Concat(i.columns(), i.Include)
	return !scan.Star && !slices.ContainsFunc(scan.Used, func(column string) bool { return !slices.Contains(has, column) })
}

// relevant are the indexes that a plan of the query could use.
func (q *Query) relevant(indexes []*Index) []*Index {
	var out []*Index
	for _, index := range indexes {
		if slices.ContainsFunc(q.roles.Scans, index.mayServe) {
			out = append(out, index)
		}
	}
	slices.SortFunc(out, func(a, b *Index) int { return strings.Compare(a.String(), b.String()) })
	return out
}

func within(some, all []*Index) bool {
	return !slices.ContainsFunc(some, func(i *Index) bool { return !slices.Contains(all, i) })
}
