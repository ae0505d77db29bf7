package optimize

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// special is an index whose gain cannot be thought of: it has to be made to be tried. Of several, each gains nothing without the
// others: they are for the arms of an OR.
type special struct {
	indexes []*Index
	query   *Query
	rule    string // why they are proposed
	notes   []string
}

func (sp special) String() string {
	var texts []string
	for _, index := range sp.indexes {
		texts = append(texts, index.String())
	}
	return strings.Join(texts, "; ")
}

// special proposes GIN indexes and those of foreign keys, and tries them on the clone.
func (r *run) special(ctx context.Context) (err error) {
	defer func() { r.settled = err == nil && ctx.Err() == nil }()
	seen := map[string]bool{}
	asking := map[string][]*Query{} // of each, the statements that ask the same
	defer func() {
		for _, a := range r.report.Advice {
			if a.Kind == KindHint && a.special != nil {
				for _, q := range asking[a.special.String()] {
					a.serve(servedToo{id: q.ID, title: q.title()})
				}
			}
		}
	}()
	advised := slices.Clone(r.chosen)
	for _, q := range r.queries {
		if !q.often() {
			continue
		}
		var open []special
		for _, sp := range r.specials(q) {
			if seen[sp.String()] {
				asking[sp.String()] = append(asking[sp.String()], q)
			}
			if seen[sp.String()] || len(sp.indexes) == 1 && sp.indexes[0].Table.has(sp.indexes[0]) {
				continue
			}
			seen[sp.String()] = true
			open = append(open, sp)
		}
		for more := true; more; { // what gains little beside the longest of a statement's ways may gain much once that is short
			more = false
			for _, sp := range slices.Clone(open) {
				before := len(r.chosen)
				if err := r.trySpecial(ctx, sp); err != nil {
					return err
				}
				r.safe(ctx)
				if len(r.chosen) > before {
					more = true
				} else if q.parsed.Tree.Is("DeleteStmt") && r.clone != nil {
					continue
				}
				open = slices.DeleteFunc(open, func(other special) bool { return other.String() == sp.String() })
			}
			more = more && len(open) > 0
		}
	}
	var open unproved
	for range 1 + len(advised) { // each round proves what the one before has changed
		made := slices.DeleteFunc(slices.Clone(r.chosen), func(i *Index) bool { return slices.Contains(advised, i) })
		if len(made) == 0 && open.none() {
			return nil
		}
		if err := r.settle(ctx, open); err != nil {
			return err
		}
		if open, err = r.superseded(ctx, advised); err != nil || open.none() {
			return err
		}
	}
	return r.settle(ctx, open)
}

// superseded takes back what was advised before others could be tried, and nothing uses any more beside them. Where the statement that it was
// measured with now uses others, it has to be proved again.
func (r *run) superseded(ctx context.Context, advised []*Index) (again unproved, err error) {
	if r.clone == nil {
		return again, nil
	}
	if err := r.plans.hide(ctx); err != nil {
		return again, err
	}
	for _, index := range advised {
		if r.alsoServing[index] || r.clone.made[index] == "" || r.usedOnClone(ctx, index) {
			continue
		}
		r.note("%s: nothing uses it beside what was tried later; it is not advised", index.Name())
		more, err := r.goOnWithout(ctx, index)
		if err != nil {
			return again, err
		}
		again.add(more)
	}
	r.report.Advice = slices.DeleteFunc(r.report.Advice, func(a *Advice) bool {
		if a.shown == nil || a.special != nil || len(a.Indexes) == 0 || a.Proof.After.tree == nil {
			return false
		}
		text := a.shown.bound
		if p := r.measured[a.shown]; p != nil {
			text = p.text
		}
		plan, err := r.clone.explain(ctx, text)
		if err != nil || sameIndexes(r.clone.among(plan), r.clone.among(a.Proof.After.tree)) {
			return false
		}
		again.indexes = append(again.indexes, a.Indexes...)
		return true
	})
	return again, nil
}

// usedOnClone reports whether a plan of any query uses an index beside all that was made on the clone.
func (r *run) usedOnClone(ctx context.Context, index *Index) bool {
	return slices.ContainsFunc(r.queries, func(q *Query) bool {
		if len(q.relevant([]*Index{index})) == 0 {
			return false
		}
		return slices.ContainsFunc([]string{q.bound, q.common}, func(text string) bool {
			if text == "" {
				return false
			}
			plan, err := r.clone.explain(ctx, text)
			return err != nil || slices.Contains(r.clone.among(plan), index)
		})
	})
}

// specials are the special candidates of a query, as far as what was chosen leaves it slow.
func (r *run) specials(q *Query) []special {
	var out []special
	if q.parsed.Tree.Is("DeleteStmt") {
		out = append(out, r.foreignKeys(q)...)
	}
	if !r.looksSlow(q) {
		return out
	}
	for _, scan := range q.roles.Scans {
		t := r.catalog.table(scan.Table)
		if t == nil || t.Kind == "v" || t.tiny() || t.stale() || !readsWhole(q.Base, t) {
			continue
		}
		for _, p := range scan.Where {
			if sp, is := r.gin(q, scan, t, p); is && !r.served(t, p) {
				out = append(out, sp)
			}
		}
		for _, arms := range scan.Or {
			if sp, is := r.arms(q, scan, t, arms); is {
				out = append(out, sp)
			}
		}
	}
	return out
}

// readsWhole reports whether a plan reads all of a table.
func readsWhole(p *Plan, t *Table) bool {
	return slices.ContainsFunc(p.All(), func(n *Node) bool {
		return t.holds(n.Table) && (strings.HasSuffix(n.Type, "Seq Scan") || strings.HasPrefix(n.Type, "Index")) && n.Filter != ""
	})
}

// gin is the GIN or GiST index for one condition, or the one of an expression that cannot be thought of.
func (r *run) gin(q *Query, scan *pgsql.Scan, t *Table, p pgsql.Predicate) (special, bool) {
	key := Key{Column: p.Column, Expr: p.Key}
	kind := ""
	if c := t.column(p.Column); c != nil {
		kind = c.Type
	}
	index := &Index{Table: t, Method: "gin"}
	sp := special{indexes: []*Index{index}, query: q}
	switch p.Class {
	case pgsql.Infix:
		if pattern, known := pgsql.ConstantText(p.Node.Node("rexpr")); known && longestWord(pattern) < 3 {
			return sp, false
		}
		if kind != "" && kind != "text" && !strings.HasPrefix(kind, "character") {
			return r.byOperator(sp, key, p)
		}
		if p.Column == "" && !r.catalog.immutable(p.Key, t) {
			return sp, false
		}
		key.Class, index.Needs = "gin_trgm_ops", "pg_trgm"
		sp.rule = "a pattern that begins anywhere needs an index of trigrams"
		sp.notes = []string{"needs the extension pg_trgm", "patterns with fewer than 3 letters in a row still read the whole table"}
	case pgsql.Contains:
		switch {
		case kind == "jsonb" && p.Op == "@>":
			key.Class = "jsonb_path_ops"
			sp.rule = "what a document contains needs a GIN index"
			sp.notes = []string{fmt.Sprintf("serves @> and path queries, not %s->>'key' = …: that is another index", cmp.Or(p.Column, p.Key))}
		case strings.HasSuffix(kind, "[]"):
			sp.rule = "what a list contains needs a GIN index"
		case strings.HasSuffix(kind, "range"):
			index.Method = "gist"
			sp.rule = "ranges that overlap need a GiST index"
		default:
			return r.byOperator(sp, key, p)
		}
	case pgsql.HasKey:
		if kind != "jsonb" {
			return r.byOperator(sp, key, p)
		}
		sp.rule = "whether a document has a key needs a GIN index"
	case pgsql.Match:
		if kind != "tsvector" && (p.Column != "" || !strings.HasPrefix(p.Key, "to_tsvector('")) {
			return sp, false
		}
		sp.rule = "a text search needs a GIN index"
	case pgsql.Range:
		if p.Column != "" || p.Join.Scan != nil || severalAtOnce(p) || !r.catalog.immutable(p.Key, t) {
			return sp, false
		}
		index.Method = "btree"
		sp.rule = "an expression is compared, of which nothing is known before it has an index"
	case pgsql.Equal, pgsql.Prefix: // HypoPG's expressions are those of the first table of a statement, and not of its partitions or heirs
		if !t.split() && scan.First || p.Column != "" || p.Join.Scan != nil || severalAtOnce(p) || !r.catalog.immutable(p.Key, t) {
			return sp, false
		}
		f := &former{c: r.catalog, t: t, scan: scan}
		index.Method, index.Keys = "btree", nil
		for _, other := range append([]pgsql.Predicate{p}, scan.Where...) { // what is compared beside it is of the key
			if key, usable := f.ordered(other); usable && key.Column == "" && other.Class == p.Class {
				index.Keys = appendNew(index.Keys, key)
			}
		}
		sp.rule = "an expression is compared, of which nothing can be thought of before it has an index"
		return sp, len(index.Keys) > 0 && len(index.Keys) <= mostKeys
	default:
		return r.byOperator(sp, key, p)
	}
	index.Keys = []Key{key}
	return sp, true
}

// byOperator is the index of an operator class that has the operator of a condition.
func (r *run) byOperator(sp special, key Key, p pgsql.Predicate) (special, bool) {
	index := sp.indexes[0]
	class, found := r.catalog.class(index.Table, p)
	if !found || index.Table.network(p) {
		return sp, false
	}
	index.Method = class.method
	if !class.usual {
		key.Class = class.name
	}
	index.Keys = []Key{key}
	sp.rule = fmt.Sprintf("%s needs an index by %s: those of order do not serve it", p.Op, methods[class.method])
	return sp, true
}

// methods are the names of index methods in their documents.
var methods = map[string]string{"gin": "GIN", "gist": "GiST", "spgist": "SP-GiST"}

// served reports whether a condition has an index already that is not of order: by whatever method.
func (r *run) served(t *Table, p pgsql.Predicate) bool {
	return slices.ContainsFunc(t.Indexes, func(e *Existing) bool {
		return e.Method != "btree" && e.Method != "hash" && e.Method != "brin" && p.Column != "" && slices.Contains(e.Columns, p.Column)
	})
}

// arms are the indexes for an OR of one table of which an arm needs one that cannot be thought of: the planner can use none of them
// before all arms have theirs. What needs a GIN index has one in common.
func (r *run) arms(q *Query, scan *pgsql.Scan, t *Table, arms []pgsql.Predicate) (special, bool) {
	sp := special{query: q}
	f := &former{c: r.catalog, t: t, scan: scan}
	var gin *Index
	for _, p := range arms {
		if r.served(t, p) {
			continue
		}
		if one, is := r.gin(q, scan, t, p); is && one.indexes[0].Method != "btree" {
			index := one.indexes[0]
			if sp.rule == "" {
				sp.rule = one.rule
			}
			for _, note := range one.notes {
				if !slices.Contains(sp.notes, note) {
					sp.notes = append(sp.notes, note)
				}
			}
			switch {
			case index.Method != "gin":
				sp.indexes = append(sp.indexes, index)
			case gin == nil:
				gin = index
				sp.indexes = append(sp.indexes, index)
			default:
				gin.Keys = appendNew(gin.Keys, index.Keys[0])
				gin.Needs = cmp.Or(gin.Needs, index.Needs)
			}
			continue
		}
		key, usable := f.key(p.Column, p.Key)
		switch p.Class {
		case pgsql.Equal, pgsql.Range:
		case pgsql.Prefix:
			key.Class = f.patternClass(p)
		default:
			usable = false
		}
		if !usable || p.Join.Scan != nil || severalAtOnce(p) {
			return sp, false
		}
		index := &Index{Table: t, Method: "btree", Keys: []Key{key}}
		there := slices.ContainsFunc(r.chosen, index.prefixOf) || slices.ContainsFunc(t.Indexes, func(e *Existing) bool {
			return e.Valid && e.Method == "btree" && e.Where == "" && key.Class == "" && key.Column != "" && len(e.Columns) > 0 && e.Columns[0] == key.Column
		})
		if !there && !slices.ContainsFunc(sp.indexes, func(i *Index) bool { return i.String() == index.String() }) {
			sp.indexes = append(sp.indexes, index)
		}
	}
	if sp.rule == "" || len(arms) < 2 {
		return sp, false
	}
	if len(arms) > 1 {
		sp.rule += ", and an OR one for each of its arms"
	}
	return sp, len(sp.indexes) > 0
}

func longestWord(pattern string) int {
	longest := 0
	for _, word := range strings.FieldsFunc(pattern, func(r rune) bool { return strings.ContainsRune("%_.*+?[](){}|^$\\", r) }) {
		longest = max(longest, len([]rune(word)))
	}
	return longest
}

// foreignKeys are the indexes that a DELETE needs on the tables that refer to its rows.
func (r *run) foreignKeys(q *Query) []special {
	parent := r.catalog.find(q.target())
	var out []special
	for _, child := range r.catalog.Tables {
		if child.own != nil { // its heirs have no part in its keys
			child = child.own
		}
		for _, key := range child.Keys {
			if key.Table != parent || child.tiny() || parent == nil || child.serves(key.Columns) {
				continue
			}
			index := &Index{Table: child, Method: "btree"}
			for _, column := range key.Columns {
				index.Keys = append(index.Keys, Key{Column: column})
			}
			out = append(out, special{[]*Index{index}, q, fmt.Sprintf("each row deleted from %s makes Postgres look for its rows in %s, and nothing leads there", parent.ID, child.ID), nil})
		}
	}
	return out
}

// serves reports whether an index that is there begins with these columns, in any order.
func (t *Table) serves(columns []string) bool {
	return slices.ContainsFunc(t.Indexes, func(e *Existing) bool {
		if !e.Valid || e.Where != "" || len(e.Columns) < len(columns) {
			return false
		}
		for _, column := range e.Columns[:len(columns)] {
			if !slices.Contains(columns, column) {
				return false
			}
		}
		return true
	})
}

func (r *run) trySpecial(ctx context.Context, sp special) error {
	shared := -1 // of what was chosen
	if len(sp.indexes) == 1 {
		shared = slices.IndexFunc(r.chosen, func(i *Index) bool { return sp.indexes[0].within(i) })
	}
	if shared >= 0 && r.clone == nil {
		r.alsoBy(sp, r.chosen[shared], "")
		return nil
	}
	a := r.indexAdvice(gain{query: sp.query}, sp.indexes...)
	a.Notes = append(sp.notes, a.Notes...)
	a.Why = append([]string{sp.rule}, diagnose(sp.query.Base)...)
	a.Saved = sp.query.Share
	if r.clone == nil {
		r.hintSpecial(a, sp, "low (L0): such an index cannot be thought of; name a --clone to have it tried")
		return nil
	}
	if shared >= 0 {
		r.sharing[r.chosen[shared]] = append(r.sharing[r.chosen[shared]], sp)
		return r.trySharedKey(ctx, sp, r.chosen[shared])
	}
	if reason := r.catalog.runnable(sp.query.parsed); reason != "" {
		a.Notes = append(a.Notes, "not measured: "+reason)
		return nil
	}
	drop := func() error {
		for _, index := range sp.indexes {
			if r.clone.made[index] == "" {
				continue
			}
			if err := r.clone.drop(ctx, index); err != nil {
				return err
			}
		}
		return nil
	}
	for index, err := range r.clone.make(ctx, sp.indexes) {
		r.note("clone: %s: %v", index.Name(), err)
		return drop()
	}
	r.options.says("%s, which is run on the clone", sp.query.title())
	before, after, cleared, err := r.compareSpecial(ctx, sp, sp.indexes)
	if cleared {
		a.Notes = append(a.Notes, "the rows that it deletes are referred to, so in each run what refers to them was deleted before it, unmeasured")
	}
	deletes := sp.query.parsed.Tree.Is("DeleteStmt")
	if err != nil && deletes && ctx.Err() == nil { // something refers to the rows that were tried
		r.hintSpecial(a, sp, "low (L0): a rule says so; on the clone it could not be measured: "+told(err, r.options.Literals))
		return drop()
	}
	if err != nil {
		r.note("%s: it could not be measured: %v", sp, err)
		return drop()
	}
	saved := savings{}
	saved.add(sp.query, before.Median()-after.Median(), 1)
	used := deletes || after.Plan != nil && !slices.ContainsFunc(sp.indexes, func(i *Index) bool { return !slices.Contains(after.Plan.Indexes(), i.Name()) })
	if !used || !faster(before, after) {
		return drop()
	}
	if !saved.worth(r.upkeep(sp.indexes...)) {
		r.leftAlone(sp.String(), sp.query, saved, true)
		return drop()
	}
	a.SavedTime = saved.total()
	for _, index := range sp.indexes {
		r.measuredAdvice(a, index, sp.query, before, after)
	}
	a.Why = append([]string{sp.rule}, diagnose(before.Plan)...)
	if q := sp.query; q.common != "" && q.common != q.bound {
		plan, err := r.clone.explain(ctx, q.common)
		if err == nil && !slices.ContainsFunc(sp.indexes, func(i *Index) bool { return slices.Contains(plan.Indexes(), i.Name()) }) {
			a.Confidence = strings.Replace(a.Confidence, "high (", "medium (", 1)
			a.Notes = append(a.Notes, "for the values that are most common the planner does not use it")
		}
	}
	a.special = &sp
	a.beside = slices.DeleteFunc(r.clone.among(before.Plan, after.Plan), func(i *Index) bool { return slices.Contains(sp.indexes, i) })
	r.measured[sp.query] = &pair{before: before, after: after, text: sp.query.bound}
	r.chosen = append(r.chosen, sp.indexes...)
	r.add(a)
	return nil
}

// hintSpecial proposes what is not proved.
func (r *run) hintSpecial(a *Advice, sp special, confidence string) {
	a.ID, a.Kind, a.special = "hint-"+a.File, KindHint, &sp
	a.Proof = Proof{L0, estimated(sp.query.Before), nil}
	a.Confidence = confidence
	r.add(a)
}

// trySharedKey measures what an index that is advised for another query does for this one.
func (r *run) trySharedKey(ctx context.Context, sp special, index *Index) error {
	before, after, _, err := r.compareSpecial(ctx, sp, []*Index{index})
	if err != nil || !faster(before, after) {
		return nil //nolint:nilerr // the advice stands without it
	}
	r.alsoBy(sp, index, fmt.Sprintf("%s → %s", Milliseconds(before.Median()), Milliseconds(after.Median())))
	return nil
}

// alsoBy notes what else an index is for that is advised for another query.
func (r *run) alsoBy(sp special, index *Index, gained string) {
	for _, a := range r.report.Advice {
		if slices.Contains(a.Indexes, index) {
			a.serve(servedToo{sp.query.ID, sp.query.title(), gained, sp.rule})
			r.alsoServing[index] = true
		}
	}
}
