package optimize

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// special is an index whose gain cannot be thought of: it has to be made to be tried.
type special struct {
	index *Index
	query *Query
	rule  string // why it is proposed
	notes []string
}

// special proposes GIN indexes and those of foreign keys, and tries them on the clone.
func (r *run) special(ctx context.Context) error {
	seen := map[string]bool{}
	for _, q := range r.queries {
		if q.Day > 0 && q.Day < rare {
			continue
		}
		for _, sp := range r.specials(q) {
			if seen[sp.index.String()] || sp.index.Table.has(sp.index) {
				continue
			}
			seen[sp.index.String()] = true
			if err := r.trySpecial(ctx, sp); err != nil {
				return err
			}
		}
	}
	return nil
}

// specials are the special candidates of a query, as far as what was chosen leaves it slow.
func (r *run) specials(q *Query) []special {
	var out []special
	if q.parsed.Tree.Is("DeleteStmt") {
		out = append(out, r.foreignKeys(q)...)
	}
	if q.Base.Cost() < worthLooking {
		return out
	}
	for _, scan := range q.roles.Scans {
		t := r.catalog.table(scan.Table)
		if t == nil || t.Kind == "v" || t.tiny() || t.stale() || !readsWhole(q.Base, t) {
			continue
		}
		for _, p := range slices.Concat(append(scan.Or, scan.Where)...) {
			if sp, is := r.gin(q, t, p); is {
				out = append(out, sp)
			}
		}
	}
	return out
}

// readsWhole reports whether a plan reads all of a table.
func readsWhole(p *Plan, t *Table) bool {
	return slices.ContainsFunc(p.All(), func(n *Node) bool {
		return n.Table == t.Name && (strings.HasSuffix(n.Type, "Seq Scan") || strings.HasPrefix(n.Type, "Index")) && n.Filter != ""
	})
}

// gin is the GIN or GiST index for one condition, or the one of an expression of which a range is asked for.
func (r *run) gin(q *Query, t *Table, p pgsql.Predicate) (special, bool) {
	key := Key{Column: p.Column, Expr: p.Key}
	kind := ""
	if c := t.column(p.Column); c != nil {
		kind = c.Type
	}
	index := &Index{Table: t, Method: "gin"}
	sp := special{index: index, query: q}
	switch p.Class {
	case pgsql.Infix:
		if pattern, known := pgsql.ConstantText(p.Node.Node("rexpr")); known && longestWord(pattern) < 3 {
			return sp, false
		}
		if kind != "" && kind != "text" && !strings.HasPrefix(kind, "character") || p.Column == "" && !r.catalog.immutable(p.Key, t) {
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
			sp.notes = []string{"serves @> and path queries, not profile->>'key' = …: that is another index"}
		case strings.HasSuffix(kind, "[]"):
			sp.rule = "what a list contains needs a GIN index"
		case strings.HasSuffix(kind, "range"):
			index.Method = "gist"
			sp.rule = "ranges that overlap need a GiST index"
		default:
			return sp, false
		}
	case pgsql.HasKey:
		if kind != "jsonb" {
			return sp, false
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
	default:
		return sp, false
	}
	index.Keys = []Key{key}
	taken := slices.ContainsFunc(t.Indexes, func(e *Existing) bool { // by whatever method
		return e.Method != "btree" && e.Method != "hash" && e.Method != "brin" && p.Column != "" && slices.Contains(e.Columns, p.Column)
	})
	return sp, !taken
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
		for _, key := range child.Keys {
			if key.Table != parent || child.tiny() || parent == nil || child.serves(key.Columns) {
				continue
			}
			index := &Index{Table: child, Method: "btree"}
			for _, column := range key.Columns {
				index.Keys = append(index.Keys, Key{Column: column})
			}
			out = append(out, special{index, q, fmt.Sprintf("each row deleted from %s makes Postgres look for its rows in %s, and nothing leads there", parent.ID, child.ID), nil})
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
	if slices.ContainsFunc(r.chosen, func(i *Index) bool { return sp.index.prefixOf(i) || sp.index.String() == i.String() }) && r.clone == nil {
		return nil
	}
	a := r.indexAdvice(sp.index, gain{query: sp.query})
	a.Notes = append(sp.notes, a.Notes...)
	a.Why = append([]string{sp.rule}, diagnose(sp.query.Base)...)
	a.Saved = sp.query.Share
	if r.clone == nil {
		r.hintSpecial(a, sp, "low (L0): such an index cannot be thought of; name a --clone to have it tried")
		return nil
	}
	for _, index := range r.chosen {
		if sp.index.prefixOf(index) || sp.index.String() == index.String() {
			return r.trySharedKey(ctx, sp, index)
		}
	}
	if reason := r.catalog.runnable(sp.query.parsed); reason != "" {
		a.Notes = append(a.Notes, "not measured: "+reason)
		return nil
	}
	for _, err := range r.clone.make(ctx, []*Index{sp.index}) {
		r.note("clone: %s: %v", sp.index.Name(), err)
		return nil
	}
	before, after, err := r.clone.compare(ctx, sp.query.bound, sp.query.bound, []*Index{sp.index}, nil)
	if err != nil && sp.query.parsed.Tree.Is("DeleteStmt") && ctx.Err() == nil { // something refers to the rows that were tried
		r.hintSpecial(a, sp, fmt.Sprintf("low (L0): a rule says so; on the clone it could not be measured: %v", err))
		return r.clone.drop(ctx, sp.index)
	}
	if err != nil {
		r.note("%s: it could not be measured: %v", sp.index.Name(), err)
		return r.clone.drop(ctx, sp.index)
	}
	used := after.Plan != nil && slices.Contains(after.Plan.Indexes(), sp.index.Name()) || sp.query.parsed.Tree.Is("DeleteStmt")
	if !used || !faster(before, after) {
		return r.clone.drop(ctx, sp.index)
	}
	r.measuredAdvice(a, sp.index, sp.query, before, after)
	a.Why = append([]string{sp.rule}, diagnose(before.Plan)...)
	r.chosen = append(r.chosen, sp.index)
	r.add(a)
	return nil
}

// hintSpecial proposes what is not proved.
func (r *run) hintSpecial(a *Advice, sp special, confidence string) {
	a.ID, a.Kind = "hint-"+sp.index.Name(), KindHint
	a.Proof = Proof{L0, estimated(sp.query.Before), nil}
	a.Confidence = confidence
	r.add(a)
}

// trySharedKey measures what an index that is advised for another query does for this one.
func (r *run) trySharedKey(ctx context.Context, sp special, index *Index) error {
	before, after, err := r.clone.compare(ctx, sp.query.bound, sp.query.bound, []*Index{index}, nil)
	if err != nil || !faster(before, after) {
		return nil //nolint:nilerr // the advice stands without it
	}
	for _, a := range r.report.Advice {
		if a.Index == index {
			a.Notes = append(a.Notes, fmt.Sprintf("also serves %s (%s → %s): %s", sp.query.title(), Milliseconds(before.Median()), Milliseconds(after.Median()), sp.rule))
		}
	}
	return nil
}
