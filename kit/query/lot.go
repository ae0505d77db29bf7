package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// draft is a row to be made.
type draft struct {
	path    string // of the row in what the caller sent, "lines.create.2"; empty for what he sent itself
	changes []Change
	of      *belonging // of a row that is made with another
	depth   int        // of rows that it belongs to
}

// lot is rows of one entity that are made together: what is asked of the database is asked for all of them at once. All
// set fields that have rules alike, and so meet the same questions; all stand in one tenant.
type lot struct {
	tx     *Tx // in their tenant
	entity *meta.Entity
	writes []*write
	after  *verdict
	last   *lastRead // of a row that is made alone; nil otherwise
}

// makeAll makes rows and returns them, in order. See create for onConflict and last.
func (t *Tx) makeAll(ctx context.Context, e *meta.Entity, drafts []draft, onConflict string, last *lastRead) ([]*write, error) {
	writes := make([]*write, len(drafts))
	lots, err := t.lots(ctx, e, drafts, writes)
	if err != nil {
		return nil, err
	}
	for _, l := range lots {
		l.last = last
		if err := l.make(ctx, onConflict); err != nil {
			return nil, err
		}
	}
	return writes, nil
}

// lots takes what is said of the rows and puts those together that are made together. What is wrong is a problem when all
// of it is known.
func (t *Tx) lots(ctx context.Context, e *meta.Entity, drafts []draft, writes []*write) ([]*lot, error) {
	verdicts := map[string]*verdict{}
	var lots []*lot
	known := map[string]*lot{}
	for i, d := range drafts {
		w := t.write(e, meta.Create)
		writes[i] = w
		w.path, w.depth = d.path, d.depth
		w.id = kit.NewID() // ids rise in the order in which the rows were sent, whatever is made first
		w.take(d.changes)
		w.belong(d.of)
		w.begin()
		ruled := w.ruled()
		after := verdicts[ruled]
		if after == nil {
			var err error
			if after, err = w.verdict(afterStage); err != nil {
				return nil, w.at(err)
			}
			if err := after.impossible(t.viewer, w.what()); err != nil {
				return nil, w.at(err)
			}
			verdicts[ruled] = after
		}
		if len(w.parts) > 0 {
			if err := after.mustSee(w); err != nil {
				return nil, w.at(err)
			}
		}
		if err := w.settle(ctx); err != nil {
			return nil, w.at(err)
		}
		key := ruled + " " + w.tx.tenant
		if known[key] == nil {
			known[key] = &lot{tx: w.tx, entity: e, after: after}
			lots = append(lots, known[key])
		}
		known[key].writes = append(known[key].writes, w)
	}
	return lots, nil
}

// ruled names the questions that a new row meets: those of the fields it sets.
func (w *write) ruled() string {
	var ruled []string
	for _, f := range w.given {
		if len(f.Allow.Create) > 0 || f.Kind == meta.List {
			ruled = append(ruled, f.Name)
		}
	}
	slices.Sort(ruled)
	return strings.Join(ruled, ",")
}

// make stores the rows, with what comes with them, and asks whether they may be.
func (l *lot) make(ctx context.Context, onConflict string) error {
	for _, w := range l.writes {
		if err := w.defaults(ctx); err != nil {
			return w.at(err)
		}
		w.required()
	}
	wrong := &validator{engine: l.tx.engine}
	for _, w := range l.writes {
		for _, f := range w.wrong.wrong {
			f.Field = w.under(f.Field)
			wrong.wrong = append(wrong.wrong, f)
		}
	}
	var inserted bool
	var err error
	if among := l.lookups(); among != nil && len(wrong.wrong) == 0 && onConflict == "" {
		if done, err := l.insertWhole(ctx, among); done || err != nil {
			return err
		}
		if len(among.fields) > 0 && len(l.after.columns) > 0 {
			if inserted, err = l.insertThese(ctx, l.writes, "", among); err != nil {
				return l.refused(ctx, l.writes[0], err)
			}
		}
	}
	if !inserted {
		if inserted, err = l.insertStepwise(ctx, onConflict, wrong); err != nil {
			return err
		}
	}
	if !inserted {
		l.writes[0].id = ""
		return nil
	}
	for _, w := range l.writes {
		if err := w.writeLists(ctx); err != nil {
			return w.at(err)
		}
	}
	if err := l.parts(ctx); err != nil {
		return err
	}
	for _, w := range l.writes {
		l.tx.changed(l.entity, meta.Create, string(w.id))
	}
	if l.entity.History() != nil {
		for _, w := range l.writes {
			if err := l.tx.record(ctx, l.entity, created, []string{string(w.id)}, w.changes(nil)); err != nil {
				return err
			}
		}
	}
	return l.judge(ctx)
}

// insertStepwise finds what the rows refer to, locks and counts what they need, and stores them.
func (l *lot) insertStepwise(ctx context.Context, onConflict string, wrong *validator) (inserted bool, err error) {
	if err := l.resolve(ctx, wrong); err != nil {
		return false, err
	}
	if err := wrong.problem(); err != nil {
		return false, err
	}
	if err := l.lockParents(ctx); err != nil {
		return false, err
	}
	if err := l.queueSpans(ctx); err != nil {
		return false, err
	}
	if err := l.number(ctx); err != nil {
		return false, err
	}
	return l.insert(ctx, onConflict)
}

// resolve turns the ids and keys that all rows refer to into ids.
func (l *lot) resolve(ctx context.Context, wrong *validator) error {
	var all []named
	for _, w := range l.writes {
		all = w.names(all)
	}
	unknown, err := l.tx.resolve(ctx, all, wrong)
	if err != nil || len(unknown) == 0 || len(wrong.wrong) > 0 {
		return err
	}
	return l.tx.upsert(ctx, unknown, wrong)
}

// number numbers the rows, those of one parent from one counter at once. It comes after references were resolved: only
// then is the parent's id known.
func (l *lot) number(ctx context.Context) error {
	for _, f := range l.entity.Fields {
		if !counts(f) {
			continue
		}
		waiting := map[string][]*write{} // by the owner of their counter
		var owners []string
		for _, w := range l.writes {
			value, given := w.values[f]
			c := w.counter(f)
			if n, isNumber := value.(int64); isNumber {
				if err := c.reach(ctx, n); err != nil {
					return err
				}
			} else if !given {
				if waiting[c.owner()] == nil {
					owners = append(owners, c.owner())
				}
				waiting[c.owner()] = append(waiting[c.owner()], w)
			}
		}
		slices.Sort(owners) // so that two that number the rows of the same parents do not wait for each other
		for _, owner := range owners {
			if err := numberAll(ctx, f, waiting[owner]); err != nil {
				return err
			}
		}
	}
	return nil
}

// insert stores the rows. Where a constraint refuses one of several they are tried one by one, to tell which.
func (l *lot) insert(ctx context.Context, onConflict string) (inserted bool, err error) {
	if len(l.writes) == 1 {
		inserted, err := l.insertThese(ctx, l.writes, onConflict, nil)
		if err != nil {
			return false, l.refused(ctx, l.writes[0], err)
		}
		return inserted, nil
	}
	if len(l.entity.Uniques)+len(l.entity.Excludes) == 0 {
		_, err := l.insertThese(ctx, l.writes, onConflict, nil)
		return true, l.writes[0].violation(err)
	}
	err = l.tx.conn.Savepoint(ctx, func() error {
		_, err := l.insertThese(ctx, l.writes, onConflict, nil)
		return err
	})
	var refused *sqldb.Violation
	if err == nil || !errors.As(err, &refused) {
		return err == nil, err
	}
	for _, w := range l.writes {
		if _, one := l.insertThese(ctx, []*write{w}, onConflict, nil); one != nil {
			return false, l.refused(ctx, w, one)
		}
	}
	for _, w := range l.writes { // what is asked of one is asked when all are there
		w.answered = nil
	}
	return true, nil
}

// insertThese stores rows by one statement, which asks the questions about them too where it can. A single row may be stored among
// what it refers to: where one of that is not there, nothing is inserted.
//
// What the server made up for a row may be taken by a row that others store just now, whatever it looked up before: the INSERT waits
// for them and says so, and another is made up. What the caller chose is still taken then.
func (l *lot) insertThese(ctx context.Context, writes []*write, onConflict string, among *lookups) (inserted bool, err error) {
	quiet, alone := onConflict, len(writes) == 1
	hides := alone && onConflict == "" && l.after.renderer.postgres && l.hides()
	invents := alone && writes[0].invents()
	if hides || invents {
		quiet = "ON CONFLICT DO NOTHING"
	}
	for attempt := 0; quiet != ""; attempt++ {
		sql, args, err := l.insertion(writes, among)
		if err != nil {
			return false, err
		}
		inserted, err := l.run(ctx, sql+" "+quiet, args, writes)
		if err != nil || inserted || among != nil { // in steps it turns out what is in the way
			return inserted, err
		}
		if hides && attempt == 0 {
			if err := l.mayBe(ctx, writes[0]); err != nil {
				return false, err
			}
		}
		if !invents || attempt == maxInventions {
			break
		}
		if err := writes[0].inventAgain(ctx); err != nil {
			return false, err
		}
	}
	if onConflict != "" {
		return false, nil
	}
	sql, args, err := l.insertion(writes, among)
	if err != nil {
		return false, err
	}
	return l.run(ctx, sql, args, writes)
}

// maxInventions is how often other values are made up for a row whose own are taken: all that are made up again are random.
const maxInventions = 2

// insertWhole stores a row that is made alone, reads it and commits, all in one round trip. It is not done where that cannot be, and where
// the database refuses it: in steps it turns out why.
func (l *lot) insertWhole(ctx context.Context, among *lookups) (done bool, err error) {
	if l.last == nil {
		return false, nil
	}
	guard, ok := l.after.guard()
	if !ok {
		return false, nil
	}
	if len(among.fields) == 0 {
		among = nil
	}
	sql, args, err := l.insertion(l.writes, among)
	if err != nil {
		return false, err
	}
	guard, params := finishBehind(len(args), guard, l.after.renderer.params)
	more, err := l.tx.args(params, []any{""})
	if err != nil {
		return false, err
	}
	inserted := false
	sent, err := sqldb.WriteWhole(ctx, l.tx.conn, func(c sqldb.Conn) {
		rows, err := c.Query(ctx, sql+" RETURNING "+guard, slices.Concat(args, more)...)
		if err != nil {
			return
		}
		defer rows.Close()
		for rows.Next() {
			inserted = true
		}
	}, func(c sqldb.Conn) {
		tx := *l.last.tx
		tx.conn = c
		l.last.row, l.last.err = tx.Get(ctx, l.last.sel, string(l.writes[0].id))
	})
	var refused *sqldb.Violation
	if errors.As(err, &refused) {
		return false, nil
	}
	l.last.done = sent && inserted && err == nil
	return l.last.done, err
}

// insertion is the statement that stores rows.
func (l *lot) insertion(writes []*write, among *lookups) (sql string, args []any, err error) {
	var columns, rows []string
	for i, w := range writes {
		places := make([]string, 0, len(columns))
		err := l.eachStored(w, among, func(f *meta.Field, value any) {
			place := among.place(f)
			if place == "" {
				args = append(args, value)
				place = "$" + strconv.Itoa(len(args))
			}
			if i == 0 {
				columns = append(columns, ident(f.Column))
			}
			places = append(places, place)
		})
		if err != nil {
			return "", nil, err
		}
		rows = append(rows, strings.Join(places, ", "))
	}
	sql = "INSERT INTO " + stored(l.entity) + " AS t0 (" + strings.Join(columns, ", ") + ") "
	if among == nil {
		return sql + "VALUES (" + strings.Join(rows, "), (") + ")", args, nil
	}
	from, params := finishBehind(len(args), strings.Join(among.from, ", "), among.renderer.params)
	keys, err := l.tx.args(params, among.values)
	return sql + "SELECT " + rows[0] + " FROM " + from, append(args, keys...), err
}

// run runs an insert, and asks the questions by it where it can.
func (l *lot) run(ctx context.Context, sql string, args []any, writes []*write) (inserted bool, err error) {
	l.tx.state.writes++
	if !l.after.atOnce(writes) {
		changed, err := l.tx.conn.Exec(ctx, sql, args...)
		return changed > 0, err
	}
	asked, params := finishBehind(len(args), strings.Join(l.after.columns, ", "), l.after.renderer.params)
	more, err := l.tx.args(params, []any{""})
	if err != nil {
		return false, err
	}
	if len(writes) > 1 {
		asked = "t0.id, " + asked
	}
	return l.insertAsking(ctx, sql+" RETURNING "+asked, slices.Concat(args, more), writes)
}

// eachStored calls do for each column of a new row with its value as it is stored, or with nil where it is looked up among
// others.
func (l *lot) eachStored(w *write, among *lookups, do func(*meta.Field, any)) error {
	add := func(f *meta.Field, value any) error {
		stored, err := l.tx.engine.dialect.encode(value, fieldType(f))
		if err == nil {
			do(f, stored)
		}
		return err
	}
	for _, f := range l.entity.Columns() {
		if among.place(f) != "" {
			do(f, nil)
			continue
		}
		if err := eachColumn(f, w.stored(f), add); err != nil {
			return err
		}
	}
	if copied := l.entity.TenantCopy(); copied != "" {
		return add(&meta.Field{Kind: meta.ID, Column: copied}, l.tx.tenant)
	}
	return nil
}

// insertAsking runs an insert that answers, for each row, whether it may be.
func (l *lot) insertAsking(ctx context.Context, sql string, args []any, writes []*write) (inserted bool, err error) {
	rows, err := l.tx.conn.Query(ctx, sql, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	return l.answers(rows, writes)
}

// answers reads a row of answers for each of writes: where there are several its id stands first.
func (l *lot) answers(rows sqldb.Rows, writes []*write) (found bool, err error) {
	cells := l.after.cells()
	if len(writes) > 1 {
		cells = append([]cell{{class: textClass}}, cells...)
	}
	for rows.Next() {
		if err := readAll(rows, cells); err != nil {
			return false, err
		}
		w, asked := writes[0], cells
		if len(writes) > 1 {
			asked = cells[1:]
			i := slices.IndexFunc(writes, func(w *write) bool { return cells[0].text != nil && string(w.id) == *cells[0].text })
			if i < 0 {
				return false, fmt.Errorf("%s: a row is answered that was not made", l.entity.Name)
			}
			w = writes[i]
		}
		w.answered, w.seen = l.after.answers(asked), l.after.sees(asked)
		found = true
	}
	return found, rows.Err()
}

// judge asks what was not asked yet, and turns the answers into a problem.
func (l *lot) judge(ctx context.Context) error {
	for _, w := range l.writes {
		if len(l.after.columns) == 0 {
			w.answered, w.seen = l.after.answers(nil), l.after.sees(nil)
		}
	}
	if l.writes[0].answered == nil {
		if err := l.ask(ctx); err != nil {
			return err
		}
	}
	for _, w := range l.writes {
		if w.answered == nil {
			return fmt.Errorf("%s %s: it is gone within its own transaction", l.entity.Name, w.id)
		}
		if err := l.after.judge(w.answered, nil, l.tx.viewer, w.what()); err != nil {
			return w.at(err)
		}
		if !w.seen && len(w.parts) > 0 {
			return w.at(kit.Invalid(w.parts[0].field.Name, kit.FieldNotFound, "There is no such %s.", l.entity.Singular))
		}
	}
	return nil
}

// ask asks the questions of the rows as they stand.
func (l *lot) ask(ctx context.Context) error {
	v := l.after
	var id, which string
	var value any
	if len(l.writes) == 1 {
		value = string(l.writes[0].id)
		which = "= " + v.renderer.param(param{source: slotSource, typ: typ{kind: meta.ID}})
	} else {
		ids := make([]string, len(l.writes))
		for i, w := range l.writes {
			ids[i] = string(w.id)
		}
		value = l.tx.engine.ids(ids, idsVariant)
		id, which = "t0.id, ", (&planner{renderer: v.renderer}).oneOf(0)
	}
	sql, params := finish("SELECT "+id+strings.Join(v.columns, ", ")+" FROM "+v.renderer.table(v.row)+" WHERE t0.id "+which, v.renderer.params)
	args, err := l.tx.args(params, []any{value})
	if err != nil {
		return err
	}
	rows, err := l.tx.conn.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	_, err = l.answers(rows, l.writes)
	return err
}
