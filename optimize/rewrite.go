package optimize

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// rewrite is another statement that should return the same rows.
type rewrite struct {
	rule    string // its name, part of the advice's ID
	why     string
	text    string // with the parameters of the original
	bound   string // with values
	differs string // what it returns otherwise: then it is a hint, whatever is measured
	notes   []string
	tried   string // what came of it on the clone, where that proves nothing
	doubted bool   // what the planner takes it to cost says little: where it thinks the new form dearer, both are run
	unknown bool   // its index cannot be thought of, so that only a measurement can tell whether it is faster

	// compare is the pair of statements whose rows have to be equal, where those are not bound and the original.
	compare [2]string

	query   *Query // that is rewritten
	instead *Query // the rewritten one, once it is proved equal
	rows    float64
	plan    *Plan // of a hint, estimated
}

// rewriter is one rule. It looks at a statement in the form with parameters or in the one with values.
type rewriter func(s *selected) (rewrite, bool)

// rewriters are all rules, in the order in which they are tried. One that matches ends the search for its statement.
var rewriters = []rewriter{functionToRange, movedInterval, castOfColumn, defaulted, valueInList, notDistinct, notIn, orAcrossTables, existence, countOfJoin, offsetToKeyset, cappedCount}

// selected is a plain SELECT, taken apart.
type selected struct {
	run     *run
	query   *Query
	ctx     context.Context //nolint:containedctx // of the call that made it
	parsed  *pgsql.Statement
	roles   *pgsql.Roles
	clauses pgsql.Clauses
	texts   []string     // of the conditions that all hold
	nodes   []pgsql.Node // the same
}

func takeApart(ctx context.Context, r *run, q *Query, text string) (*selected, bool) {
	parsed, err := pgsql.Parse(text)
	if err != nil {
		return nil, false
	}
	s := &selected{run: r, query: q, ctx: ctx, parsed: parsed, roles: pgsql.RolesOf(parsed, r.catalog)}
	var plain bool
	if s.clauses, plain = pgsql.Cut(parsed.Text); !plain || !parsed.Tree.Is("SelectStmt") {
		return nil, false
	}
	if where := parsed.Tree.Node("whereClause"); where.Kind != "" {
		s.nodes = []pgsql.Node{where}
		if where.Is("BoolExpr") && where.Text("boolop") == "AND_EXPR" {
			s.nodes = where.Nodes("args")
		}
		if s.texts = pgsql.Conjuncts(s.clauses.Where); len(s.texts) != len(s.nodes) {
			return nil, false
		}
	}
	return s, true
}

// with is the statement with one condition replaced.
func (s *selected) with(i int, condition string) string {
	texts := slices.Clone(s.texts)
	texts[i] = condition
	c := s.clauses
	c.Where = strings.Join(texts, " AND ")
	return c.String()
}

// name writes a column so that it means the same anywhere in the statement.
func (s *selected) name(ref pgsql.Node) (text string, column *Column, found bool) {
	c, found := s.roles.Find(ref)
	if !found || c.Scan == nil {
		return "", nil, false
	}
	t := s.run.catalog.table(c.Scan.Table)
	if t == nil || t.column(c.Name) == nil {
		return "", nil, false
	}
	return pgsql.Ident(c.Scan.Alias) + "." + pgsql.Ident(c.Name), t.column(c.Name), true
}

// planRewrites finds statements that can be said better. What returns the same rows on the clone, and is cheaper, stands
// for the original from then on, so that indexes are chosen for it.
func (r *run) planRewrites(ctx context.Context) error {
	for i, q := range r.queries {
		if !q.reads() || !r.looksSlow(q) {
			continue
		}
		for _, rule := range rewriters {
			w, matches := r.apply(ctx, rule, q)
			if !matches {
				continue
			}
			better, err := r.judge(ctx, w)
			if ofStatement(ctx, err) {
				r.note("%s: cannot be planned with other indexes: %v", q.Where, err)
				break
			}
			if err != nil {
				return err
			}
			if better {
				r.queries[i] = w.instead
				r.better = append(r.better, w)
			}
			break
		}
	}
	return r.loops(ctx)
}

// apply rewrites both forms of a statement.
func (r *run) apply(ctx context.Context, rule rewriter, q *Query) (*rewrite, bool) {
	shown, ok := takeApart(ctx, r, q, q.parsed.Text)
	if !ok {
		return nil, false
	}
	bound, ok := takeApart(ctx, r, q, q.bound)
	if !ok {
		return nil, false
	}
	w, ok := rule(bound)
	if !ok {
		return nil, false
	}
	w.query, w.bound = q, w.text
	if form, ok := rule(shown); ok {
		w.text = form.text
	}
	return &w, true
}

// judge tries a rewrite: are the rows the same, is it cheaper? What is not proved becomes a hint here.
func (r *run) judge(ctx context.Context, w *rewrite) (better bool, err error) {
	if w.bound == "" { // nothing to run
		r.hint(w)
		return false, nil
	}
	session := r.thought
	if session == nil {
		session = r.s
		if r.clone != nil {
			session = r.clone.session
		}
	}
	plan, err := explain(ctx, session, w.bound)
	if err != nil {
		return false, nil //nolint:nilerr // what cannot be planned is not proposed
	}
	w.plan = plan
	instead := *w.query
	instead.original, instead.bound, instead.Base, instead.Before = w.query, w.bound, plan, plan
	instead.common, instead.others = "", nil
	if instead.parsed, err = pgsql.Parse(w.bound); err != nil {
		return false, nil //nolint:nilerr // as above
	}
	instead.roles = r.catalog.rolesOf(instead.parsed)
	instead.vary(ctx, session, r.catalog)
	cheaper, err := r.cheaper(ctx, w.query, &instead)
	if err != nil || !cheaper && !w.unknown && (!w.doubted || w.differs != "") {
		return false, err
	}
	if !cheaper && w.doubted {
		w.notes = append(w.notes, "the planner takes the new form for dearer, but counts next to nothing for looking each row up: measure it")
	}
	if r.clone == nil || w.differs != "" || r.catalog.runnable(instead.parsed) != "" || r.catalog.runnable(w.query.parsed) != "" {
		r.hint(w)
		return false, nil
	}
	pair := w.compare
	if pair == [2]string{} {
		pair = [2]string{w.query.bound, w.bound}
	}
	r.options.says("both forms of %s, on the clone", w.query.title())
	equal, rows, err := r.clone.equalRows(ctx, pair[0], pair[1])
	switch {
	case err != nil:
		w.differs = "whether both return the same rows could not be seen: " + told(err, r.options.Literals)
	case !equal:
		w.differs = "on the clone it returned other rows"
	}
	if w.differs != "" {
		r.hint(w)
		return false, nil
	}
	w.rows, w.instead = rows, &instead
	if cheaper || !w.doubted {
		return true, nil
	}
	w.notes = nil
	before, after, err := r.clone.compare(ctx, w.query.bound, w.bound, nil, nil)
	if err != nil && !ofStatement(ctx, err) {
		return false, err
	}
	switch {
	case err != nil || after.Plan == nil || after.Median() >= before.Median():
		return false, nil
	case !faster(before, after):
		w.tried = fmt.Sprintf("both returned the same %s on the clone; %s → %s is too little to be sure of", rowsOf(rows), Milliseconds(before.Median()), Milliseconds(after.Median()))
		r.hint(w)
		return false, nil
	}
	return true, nil
}

// cheaper compares the original with its rewritten form, each with all indexes that could help it.
func (r *run) cheaper(ctx context.Context, q, instead *Query) (bool, error) {
	if r.plans == nil {
		return instead.Base.Cost() < 0.7*q.Base.Cost() || len(instead.roles.Scans) > 0, nil
	}
	before, _, err := r.plans.plan(ctx, q, q.bound, candidates(q, r.catalog))
	if err != nil {
		return false, err
	}
	after, _, err := r.plans.plan(ctx, instead, instead.bound, candidates(instead, r.catalog))
	if err != nil {
		return false, nil //nolint:nilerr // what cannot be planned is not proposed
	}
	return after.Cost() < 0.7*before.Cost(), nil
}

func (r *run) rewriteAdvice(w *rewrite) *Advice {
	q := w.query
	text := w.text
	if !r.options.Literals {
		text = shownBeside(text, q.parsed.Text)
	}
	return &Advice{
		ID: "rewrite-" + w.rule + "-" + q.fingerprint[:min(8, len(q.fingerprint))], Kind: KindRewrite, Statement: q.Shown(r.options.Literals), Where: q.Where,
		Query: q.ID, Title: q.title(), Change: text, Why: append([]string{w.why}, diagnose(q.Base)...), Notes: w.notes, Saved: q.Share,
	}
}

// hint proposes what is not proved.
func (r *run) hint(w *rewrite) {
	a := r.rewriteAdvice(w)
	a.ID, a.Kind = "hint-"+w.rule+strings.TrimPrefix(a.ID, "rewrite-"+w.rule), KindHint
	a.Proof = Proof{L0, estimated(w.query.Base), estimated(w.plan)}
	a.Confidence = "low (L0): a rule says so; name a --clone to have the rows of both compared"
	if w.differs != "" {
		a.Confidence = "low (L0): not the same: " + w.differs
	}
	if w.tried != "" {
		a.Confidence = "low (L0): " + w.tried
	}
	r.add(a)
}

// proveRewrites measures the originals against what stands for them.
func (r *run) proveRewrites(ctx context.Context) error {
	for _, w := range r.better {
		made := r.clone.relevant(w.query)
		for _, index := range r.clone.relevant(w.instead) {
			if !slices.Contains(made, index) {
				made = append(made, index)
			}
		}
		r.options.says("both forms of %s, on the clone", w.query.title())
		before, after, err := r.clone.compare(ctx, w.query.bound, w.bound, made, nil)
		if err != nil || after.Plan == nil || !faster(before, after) {
			if err != nil {
				r.note("%s: its rewritten form could not be measured: %v", w.query.title(), err)
			}
			continue
		}
		saved := savings{}
		saved.add(w.query, before.Median()-after.Median(), 1)
		if !saved.worth(0) {
			r.leftAlone("rewriting "+w.query.title(), w.query, saved, true)
			continue
		}
		a := r.rewriteAdvice(w)
		a.SavedTime = saved.total()
		for _, other := range r.report.Advice { // the statement comes before the index that it is rewritten for
			if other.Query == a.Query {
				a.SavedTime, a.Saved = max(a.SavedTime, other.SavedTime), max(a.Saved, other.Saved)
			}
		}
		a.Proof = Proof{L3, measured(before), measured(after)}
		a.Why = append([]string{w.why}, diagnose(before.Plan)...)
		a.Confidence = fmt.Sprintf("high (L3): both returned the same %s; %s", rowsOf(w.rows), sentence(before, after, "the clone"))
		used := after.Plan.Indexes()
		for _, index := range made {
			if slices.Contains(used, index.Name()) {
				a.Notes = append(a.Notes, "with the index "+index.Name())
			}
		}
		r.add(a)
		r.safe(ctx)
	}
	return nil
}

func rowsOf(n float64) string {
	if n == 1 {
		return "row"
	}
	return Count(n) + " rows"
}
