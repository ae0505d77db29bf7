package query

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
)

// named is a row that an input names by id or key, and where.
type named struct {
	target *meta.Entity
	text   string
	path   string
	found  func(id string)
	known  bool // it is there, or naming it is a mistake: it is never made
}

// resolve turns the ids and keys of references into ids of rows that the viewer may see.
func (w *write) resolve(ctx context.Context) error {
	unknown, err := w.tx.resolve(ctx, w.names(nil), &w.wrong)
	if err != nil || len(unknown) == 0 || len(w.wrong.wrong) > 0 {
		return err
	}
	return w.tx.upsert(ctx, unknown, &w.wrong)
}

// names adds the rows that the write refers to, where that is not known to be right.
func (w *write) names(all []named) []named {
	for _, f := range w.entity.Fields {
		value := w.values[f]
		if value == nil || w.trust[f] {
			continue
		}
		switch f.Kind {
		case meta.Reference:
			if text, ok := value.(string); ok {
				all = append(all, named{f.Target(), text, w.under(f.Path()), func(id string) { w.values[f] = id }, false})
			}
		case meta.List:
			if links, ok := value.(Links); ok {
				all = links.named(w, f, all)
				continue
			}
			for i, item := range value.([]any) {
				if text, ok := item.(string); ok {
					all = append(all, named{f.Target(), text, w.under(f.Name + "." + itoa(i)), func(id string) { value.([]any)[i] = id }, false})
				}
			}
		}
	}
	return all
}

// resolve finds the rows that are named, in one statement for every namesPerStatement, as the viewer may see them.
// What he may not see is missing. Unknown are those that are not there and that naming can make.
func (t *Tx) resolve(ctx context.Context, all []named, wrong *validator) (unknown []named, err error) {
	for part := range slices.Chunk(all, namesPerStatement) {
		missing, err := t.resolvePart(ctx, part)
		if err != nil {
			return nil, err
		}
		for _, n := range missing {
			if _, isID := canonicalID(n.text); n.target.Upsert && !isID && !n.known {
				unknown = append(unknown, n)
			} else {
				n.miss(wrong)
			}
		}
	}
	return unknown, nil
}

func (n named) miss(wrong *validator) {
	wrong.add(n.path, kit.FieldNotFound, "There is no such %s.", n.target.Singular)
}

const namesPerStatement = 50

func (t *Tx) resolvePart(ctx context.Context, all []named) (missing []named, err error) {
	r := t.renderer()
	var columns []string
	var values []any
	place := make([]int, len(all))
	for i, n := range all {
		place[i] = -1
		if sql, value, ok := r.lookup(n.target, n.text, len(values)); ok {
			place[i] = len(columns)
			values = append(values, value)
			columns = append(columns, sql)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	cells := make([]cell, len(columns))
	if len(columns) > 0 {
		sql, params := finish("SELECT "+strings.Join(columns, ", "), r.params)
		if _, err := t.one(ctx, sql, params, values, cells); err != nil {
			return nil, err
		}
	}
	for i, n := range all {
		if place[i] < 0 || cells[place[i]].text == nil {
			missing = append(missing, n)
			continue
		}
		n.found(*cells[place[i]].text)
	}
	return missing, nil
}

// lookup is the query of the id of a row that the viewer may see, by what stands in an input. The value that it compares with is
// the one at place among those of its statement. It is not ok where there cannot be such a row.
func (r *renderer) lookup(e *meta.Entity, text string, place int) (sql string, value any, ok bool) {
	kind, value, ok := addressed(e, text)
	if !ok {
		return "", nil, false
	}
	row := &scope{entity: e, alias: r.alias("r")}
	policy := r.policy(e, meta.Read, row)
	if policy == sqlFalse {
		return "", nil, false
	}
	p := &planner{renderer: r, extra: place}
	return "(SELECT " + row.alias + ".id FROM " + p.table(row) + " WHERE " + conjunction(p.address(row, kind), policy) + ")", value, true
}

// lookups are the rows that a new row refers to, as the statement that inserts it finds them.
type lookups struct {
	renderer *renderer
	fields   []*meta.Field
	from     []string // a query of one id each, called n0, n1, …
	values   []any
}

// place is where the id of what f refers to stands, empty where that is not looked up.
func (ls *lookups) place(f *meta.Field) string {
	if ls == nil {
		return ""
	}
	if i := slices.Index(ls.fields, f); i >= 0 {
		return "n" + itoa(i) + ".id"
	}
	return ""
}

// lookups spares a single row the statement that resolves what it refers to: nil where more is done with that before the row is
// stored. SQLite, where a statement is no round trip, has one way only.
func (l *lot) lookups() *lookups {
	w := l.writes[0]
	if len(l.writes) > 1 || !l.after.returns(l.writes) || reaches(w.entity) || len(l.entity.Excludes) > 0 || l.entity.History() != nil {
		return nil
	}
	ls := &lookups{renderer: l.tx.renderer()}
	for _, f := range l.entity.Fields {
		text, isText := w.values[f].(string)
		switch {
		case counts(f), f.Kind == meta.List && w.values[f] != nil, f.Kind == meta.Reference && isText && f.Target().Vanishes():
			return nil
		case f.Kind != meta.Reference || !isText || w.trust[f]:
			continue
		}
		sql, value, ok := ls.renderer.lookup(f.Target(), text, len(ls.values))
		if !ok {
			return nil
		}
		ls.from = append(ls.from, sql+" n"+itoa(len(ls.fields)))
		ls.fields, ls.values = append(ls.fields, f), append(ls.values, value)
	}
	if ls.renderer.err != nil {
		return nil
	}
	return ls
}

// upsert makes the rows that are named and not there, by the rules for creating them. One that somebody else makes at
// the same time is taken as it is. They are made in order of their keys, so that two writes that name the same ones wait
// for each other only one way round.
func (t *Tx) upsert(ctx context.Context, unknown []named, wrong *validator) error {
	slices.SortStableFunc(unknown, func(a, b named) int {
		return cmp.Or(cmp.Compare(a.target.Name, b.target.Name), cmp.Compare(a.text, b.text))
	})
	var others []named
	taken := map[*meta.Entity]map[string]*write{}
	for i, n := range unknown {
		if i > 0 && unknown[i-1].target == n.target && unknown[i-1].text == n.text {
			others = append(others, n)
			continue
		}
		writes, err := t.makeAll(ctx, n.target, []draft{{changes: []Change{{n.target.Field(n.target.Key), n.text}}}}, "ON CONFLICT DO NOTHING", nil)
		var problem *kit.Problem
		switch {
		case errors.As(err, &problem) && problem.Code == kit.CodeInvalid && len(problem.Fields) > 0:
			wrong.add(n.path, problem.Fields[0].Code, "%s", problem.Fields[0].Detail)
		case err != nil:
			return err
		case writes[0].id == "":
			others = append(others, n)
			if taken[n.target] == nil {
				taken[n.target] = map[string]*write{}
			}
			taken[n.target][n.text] = writes[0]
		default:
			n.found(string(writes[0].id))
		}
	}
	if len(others) == 0 || len(wrong.wrong) > 0 {
		return nil
	}
	hidden, err := t.resolve(ctx, others, wrong)
	if err != nil {
		return err
	}
	for _, n := range hidden { // who may not make it is told that, as of one that is not there
		if w := taken[n.target][n.text]; w != nil {
			if err := w.mayBe(ctx); err != nil {
				return err
			}
		}
		n.miss(wrong)
	}
	return nil
}

// lockParents is that of a lot of one, and locks what an update leaves as it is.
func (w *write) lockParents(ctx context.Context, row *loaded) error {
	l := &lot{tx: w.tx, entity: w.entity, writes: []*write{w}}
	if err := l.lockParents(ctx); err != nil {
		return err
	}
	return w.lockKept(ctx, row)
}

// lockParents locks the rows that the writes refer to, where a check or bound reaches over them: two writes under one
// parent then come one after the other. SQLite has one writer at a time anyway. Those that may be deleted and stay are
// held, since no foreign key keeps them. A row that is written with them is locked already.
func (l *lot) lockParents(ctx context.Context) error {
	if err := l.holdParents(ctx); err != nil {
		return err
	}
	if !l.tx.engine.dialect.postgres {
		return nil
	}
	for _, f := range l.entity.Fields {
		if !l.tx.engine.reached(l.entity, f) {
			continue
		}
		ids, _ := l.parents(f)
		ids = slices.DeleteFunc(ids, func(id string) bool { return slices.Contains(l.writes[0].locked, id) })
		if len(ids) == 0 {
			continue
		}
		sql := "SELECT 1 FROM " + stored(f.Target()) + " WHERE id " + l.tx.engine.dialect.among() + " ORDER BY id FOR NO KEY UPDATE"
		if _, err := l.tx.conn.Exec(ctx, sql, l.tx.engine.ids(ids, childrenVariant)); err != nil {
			return err
		}
	}
	return nil
}

// parents is the rows that the writes refer to by a reference, each once, and which writes do so first.
func (l *lot) parents(f *meta.Field) (ids []string, by []*write) {
	if f.Kind != meta.Reference {
		return nil, nil
	}
	for _, w := range l.writes {
		if id, ok := w.values[f].(string); ok && (w.of == nil || w.of.by != f) && !slices.Contains(ids, id) {
			ids, by = append(ids, id), append(by, w)
		}
	}
	return ids, by
}

// holdParents makes sure that each row that the writes refer to, if it is one that could be deleted and stay, lives, and
// will when the transaction ends.
func (l *lot) holdParents(ctx context.Context) error {
	wrong := &validator{engine: l.tx.engine}
	for _, f := range l.entity.Fields {
		ids, by := l.parents(f)
		if len(ids) == 0 || !f.Target().Vanishes() {
			continue
		}
		list := "(SELECT unnest($1::uuid[]))"
		if err := l.tx.hold(ctx, f.Target(), list, l.tx.engine.ids(ids, childrenVariant)); err != nil {
			return err
		}
		living, err := l.tx.living(ctx, f.Target(), ids)
		if err != nil {
			return err
		}
		for i, id := range ids {
			if !living[id] {
				named{target: f.Target(), path: by[i].under(f.Path())}.miss(wrong)
			}
		}
	}
	return wrong.problem()
}

// living tells which of the rows are there, for the system.
func (t *Tx) living(ctx context.Context, e *meta.Entity, ids []string) (map[string]bool, error) {
	p := &planner{renderer: t.renderer()}
	sql, params := finish("SELECT r.id FROM "+p.table(&scope{entity: e, alias: "r"})+" WHERE r.id "+p.oneOf(0), p.params)
	args, err := t.args(params, []any{t.engine.ids(ids, idsVariant)})
	if err != nil {
		return nil, err
	}
	rows, err := t.conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	living := make(map[string]bool, len(ids))
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		living[id] = true
	}
	return living, rows.Err()
}

// reaches tells whether a check or a bound of the entity asks about other rows.
func reaches(e *meta.Entity) bool {
	for _, c := range allChecks(e) {
		if !c.Local {
			return true
		}
	}
	return slices.ContainsFunc(e.Fields, func(f *meta.Field) bool { return boundBy(e, f) > 0 })
}
