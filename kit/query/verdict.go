package query

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// A verdict is everything that is asked of one row before or after it is written, in one statement: its entity's rules,
// the rules of the fields that change, and the checks that the database cannot hold.
type verdict struct {
	entity    *meta.Entity
	row       *scope
	looks     bool // no write follows
	stays     bool // so does the row: meanwhile others may refer to it
	mustRead  bool // of new rows: those with others must be readable
	questions []question
	columns   []string
	renderer  *renderer
	visible   string // before a write: the condition under which the viewer may read the row; who may not neither locks it nor waits for it
	readable  int    // of new rows: the column that tells whether the viewer may read them; -1 for yes, -2 for no
	old       []*meta.Field
	held      []holder   // of a delete
	of        *belonging // the row that this one belongs to; nil: whichever
}

// question is one rule or check.
type question struct {
	column  int // -1: known, as truth says
	truth   bool
	field   *meta.Field // of a field's rule
	check   *meta.Check
	bound   *meta.Field // of a bounded list: the reference to its owner
	limit   int
	usesOld bool // asked only afterwards
	rule    int  // its place among the rules of the entity or field

	when  *meta.Expr // of a rule
	where env        // of when
}

type stage uint8

const (
	beforeStage stage = iota
	afterStage
)

// verdict renders the questions of a stage.
func (w *write) verdict(s stage) (*verdict, error) {
	t := w.tx
	if !t.system && len(w.entity.Allow.Of(w.verb)) == 0 {
		return nil, denied(t.viewer, w.what())
	}
	row := &scope{entity: w.entity, alias: "t0", fate: w.fate}
	v := &verdict{entity: w.entity, row: row, renderer: t.renderer(), readable: -1, stays: w.verb == meta.Update}
	if w.fate == deleted { // whoever could delete it by what was deleted with it may bring it back
		v.renderer.back = row.alias + "." + meta.DeletedAt
	}
	e := env{this: row, old: w.oldScope(row, s)}
	if s == beforeStage {
		v.old = w.oldFields()
		v.visible = v.renderer.policy(w.entity, meta.Read, row)
	}
	v.rules(w.entity.Allow.Of(w.verb), nil, e, s, t.system)
	for _, f := range w.given {
		v.rules(f.Allow.Of(w.verb), f, e, s, t.system)
	}
	if s == beforeStage && w.verb == meta.Delete && w.fate != deleted {
		v.holders(t)
	}
	if s == afterStage {
		if w.verb != meta.Update || len(w.given)+len(w.parts) > 0 {
			v.checks(w, e)
			v.bounds(w, row)
		}
	} else {
		for _, f := range v.old {
			v.columns = append(v.columns, v.renderer.selected(v.renderer.column(row, f).sql, fieldType(f).kind))
		}
	}
	if v.renderer.err != nil {
		return nil, fmt.Errorf("%s: %w", w.what(), v.renderer.err)
	}
	return v, nil
}

// oldScope is what `old.` means: of an update, afterwards, the values that were loaded; of a delete the row itself.
func (w *write) oldScope(row *scope, s stage) *scope {
	switch {
	case w.verb == meta.Delete:
		return row
	case w.verb == meta.Create || s == beforeStage:
		return nil
	}
	old := w.oldFields()
	return &scope{entity: w.entity, bound: func(f *meta.Field) int { return 1 + slices.Index(old, f) }}
}

// oldFields is the columns that `old.` names anywhere in the entity's update rules and checks, after the id, those whose
// flow must be followed, those that are changed by a difference or merged with, and those that are kept.
func (w *write) oldFields() []*meta.Field {
	if w.verb != meta.Update {
		return w.kept()
	}
	fields := append([]*meta.Field{w.entity.Field("id")}, w.kept()...)
	for _, f := range w.given {
		if f.Flow != nil || slices.Contains(w.sums, f) {
			fields = append(fields, f)
		}
	}
	for _, f := range w.merged {
		for _, column := range held(f) {
			if !slices.Contains(fields, column) {
				fields = append(fields, column)
			}
		}
	}
	add := func(x *meta.Expr) {
		if x.Op != meta.OpGet || x.Root != meta.RootOld || len(x.Path) == 0 {
			return
		}
		f := w.entity.Field(x.Path[0])
		if f != nil && f.Kind == meta.Value && len(x.Path) > 1 {
			f = partOf(f, x.Path[1])
		}
		if f != nil && f.Kind != meta.List && !slices.Contains(fields, f) {
			fields = append(fields, f)
		}
	}
	for _, r := range w.entity.Allow.Update {
		walk(r.When, add)
	}
	for _, f := range w.entity.Fields {
		for _, r := range f.Allow.Update {
			walk(r.When, add)
		}
	}
	for _, c := range allChecks(w.entity) {
		walk(c.That, add)
	}
	if w.entity.History() != nil {
		return w.changing(fields)
	}
	return fields
}

// changing adds the fields that the caller sets, for what history says of them.
func (w *write) changing(fields []*meta.Field) []*meta.Field {
	for _, f := range w.given {
		whole, parts := f, []*meta.Field{f}
		switch {
		case f.Kind == meta.Value:
			parts = f.Fields
		case f.Union() != nil:
			whole = f.Union()
		}
		for _, part := range parts {
			if recorded(whole) && f.Kind != meta.List && !slices.Contains(fields, part) {
				fields = append(fields, part)
			}
		}
	}
	return fields
}

func walk(x *meta.Expr, do func(*meta.Expr)) {
	do(x)
	for _, a := range x.Args {
		walk(a, do)
	}
}

func usesOld(x *meta.Expr) (uses bool) {
	walk(x, func(x *meta.Expr) { uses = uses || x.Op == meta.OpGet && x.Root == meta.RootOld })
	return uses
}

func allChecks(e *meta.Entity) []*meta.Check {
	var all []*meta.Check
	for i := range e.Checks {
		all = append(all, &e.Checks[i])
	}
	for _, f := range e.Fields {
		for i := range f.Checks {
			all = append(all, &f.Checks[i])
		}
	}
	return all
}

// add adds a condition to what is selected: its column, or -1 where it is known to hold and -2 where it is not to.
func (v *verdict) add(condition string) int {
	switch condition {
	case sqlTrue:
		return -1
	case sqlFalse, sqlNull:
		return -2
	}
	v.columns = append(v.columns, "("+condition+") IS TRUE")
	return len(v.columns) - 1
}

func (v *verdict) ask1(q question, condition string) {
	q.column = v.add(condition)
	q.truth = q.column == -1
	v.questions = append(v.questions, q)
}

func (v *verdict) rules(rules []meta.Rule, f *meta.Field, e env, s stage, system bool) {
	if system {
		return
	}
	for i, rule := range rules {
		q := question{field: f, rule: i, usesOld: usesOld(rule.When), when: rule.When, where: e}
		if q.usesOld && e.old == nil && s == beforeStage {
			q.column, q.truth = -1, true // asked afterwards
			v.questions = append(v.questions, q)
			continue
		}
		v.ask1(q, v.renderer.cond(rule.When, e, false))
	}
}

// mustSee asks whether the viewer may read new rows: where others are made with one he must, as whoever refers to it.
func (v *verdict) mustSee(w *write) error {
	if v.mustRead || w.tx.system {
		return nil
	}
	v.mustRead = true
	v.readable = v.add(v.renderer.policy(v.entity, meta.Read, v.row))
	if v.renderer.err != nil {
		return fmt.Errorf("%s: %w", w.what(), v.renderer.err)
	}
	return nil
}

func (v *verdict) checks(w *write, e env) {
	for _, c := range allChecks(w.entity) {
		if c.Local || w.verb == meta.Create && usesOld(c.That) {
			continue
		}
		v.ask1(question{check: c}, v.renderer.cond(c.That, e, false))
	}
	for _, f := range w.entity.Fields {
		if mustFit(w.entity, f) {
			v.ask1(question{check: &meta.Check{Code: kit.FieldTooLarge, Field: f.Name}}, bracket(v.renderer.computed(e.this, f).sql)+" IS NOT NULL")
		}
	}
}

// bounds asks whether each bounded list that the row has joined still keeps its bound.
func (v *verdict) bounds(w *write, row *scope) {
	for _, f := range w.entity.Fields {
		limit := boundBy(w.entity, f)
		if limit == 0 || w.verb == meta.Update && !slices.Contains(w.given, f) {
			continue
		}
		column := ident(f.Column)
		v.ask1(question{bound: f, limit: limit}, "(SELECT count(*) FROM "+v.renderer.table(&scope{entity: w.entity, alias: "b"})+" WHERE b."+column+
			" = t0."+column+") <= "+strconv.Itoa(limit))
	}
}

// boundBy is how many rows of e may refer to the same row by f: the bound of the list on the other side, or 0.
func boundBy(e *meta.Entity, f *meta.Field) int {
	if f.Kind != meta.Reference {
		return 0
	}
	for _, list := range f.Target().Fields {
		if list.Kind == meta.List && list.Join == nil && list.Type == e.Name && list.Inverse == f.Name && list.Bound > 0 {
			return list.Bound
		}
	}
	return 0
}

// impossible is the problem of a write that no row could make allowed, so that nothing need be asked.
func (v *verdict) impossible(viewer kit.Viewer, what string) error {
	entityRules, possible := 0, false
	for _, q := range v.questions {
		if q.field == nil && q.check == nil && q.bound == nil {
			entityRules++
			possible = possible || q.column >= 0 || q.truth
		}
	}
	if entityRules > 0 && !possible {
		return denied(viewer, what)
	}
	return nil
}

// loaded is a row as it was before it is written.
type loaded struct {
	id     kit.ID
	tenant string     // empty outside of tenants
	old    []any      // the values of the old fields
	held   []bool     // the answers of the questions
	by     []referrer // what holds it
}

// load locks the row that key names and asks what must hold before it is written.
func (v *verdict) load(ctx context.Context, t *Tx, key string, version int64, what string) (*loaded, error) {
	missing := kit.NotFound(v.entity.Singular)
	kind, value, ok := addressed(v.entity, key)
	if !ok || v.visible == sqlFalse || v.visible == sqlNull {
		return nil, missing
	}
	r := v.renderer
	where, values := v.found(r, kind, value)
	versioned := v.entity.Field("version")
	versionColumn := "0"
	if versioned != nil {
		versionColumn = "t0." + ident(versioned.Column)
	}
	tenant := sqlNull + r.cast(meta.ID)
	if v.entity.TenantColumn != "" {
		tenant = "t0." + ident(v.entity.TenantColumn)
	}
	columns := append([]string{"t0.id", versionColumn, tenant}, v.columns...)
	sql := "SELECT " + strings.Join(columns, ", ") + where
	if r.postgres && !v.looks {
		sql += lockOf(v.stays)
	}
	const first = 3 // of the questions
	cells := []cell{{class: textClass}, {class: integerClass, kind: meta.Int64}, {class: textClass}}
	for range len(v.columns) - len(v.old) {
		cells = append(cells, cell{class: booleanClass})
	}
	for _, f := range v.old {
		cells = append(cells, cell{class: r.class(fieldType(f).kind), kind: fieldType(f).kind, scale: scaleOf(f), dialect: r.dialect})
	}
	sql, params := finish(sql, r.params)
	found, err := t.one(ctx, sql, params, values, cells)
	if err != nil {
		return nil, err
	}
	if !found {
		return nil, missing
	}
	row := &loaded{id: kit.ID(*cells[0].text)}
	if cells[2].text != nil {
		row.tenant = *cells[2].text
	}
	for i := range v.old {
		value, err := cells[len(cells)-len(v.old)+i].value()
		if err != nil {
			return nil, err
		}
		row.old = append(row.old, value)
	}
	row.held, row.by = v.answers(cells[first:]), v.heldBy(cells[first:], nil)
	if err := v.judge(row.held, nil, t.viewer, what); err != nil {
		return nil, err
	}
	if version != 0 && cells[1].integer != nil && *cells[1].integer != version {
		return nil, &kit.Problem{Code: kit.CodeStale, Status: 412, Detail: "Somebody changed this " + v.entity.Singular + " in the meantime."}
	}
	return row, nil
}

// found is where the row stands that a caller calls by an id or a key, as a part of a query, and what that compares with.
func (v *verdict) found(r *renderer, kind variant, value any) (sql string, values []any) {
	where, values := (&planner{renderer: r}).address(v.row, kind), []any{value}
	if v.of != nil {
		where += " AND t0." + ident(v.of.by.Column) + " = " + r.param(param{source: slotSource, slot: 1, typ: typ{kind: meta.ID}})
		values = append(values, string(v.of.id))
	}
	sql = " FROM " + r.table(v.row) + whereClause(conjunction(where, v.visible))
	if v.row.fate == deleted { // several may have had the key
		sql += " ORDER BY t0." + meta.DeletedAt + " DESC LIMIT 1"
	}
	return sql, values
}

// ask asks the questions of the row of that id, after it was written. old is its old values and held the answers
// before, both nil for a new row.
func (v *verdict) ask(ctx context.Context, t *Tx, id kit.ID, old []any, held []bool, what string) error {
	if len(v.columns) == 0 {
		return v.judge(v.answers(nil), held, t.viewer, what)
	}
	sql := "SELECT " + strings.Join(v.columns, ", ") + " FROM " + v.renderer.table(v.row) + " WHERE t0.id = " +
		v.renderer.param(param{source: slotSource, typ: typ{kind: meta.ID}})
	cells := v.cells()
	sql, params := finish(sql, v.renderer.params)
	found, err := t.one(ctx, sql, params, append([]any{string(id)}, old...), cells)
	if err != nil {
		return err
	}
	if !found { // it was made a part of one of its parts, which was deleted
		return &kit.Problem{Code: kit.CodeConflict, Status: 409, Detail: "This would be deleted with a row that belongs to it."}
	}
	return v.judge(v.answers(cells), held, t.viewer, what)
}

// mustStay has the row looked at afterwards, though nothing be asked of it.
func (v *verdict) mustStay() {
	if len(v.columns) == 0 {
		v.columns = append(v.columns, sqlTrue)
	}
}

// follows tells whether a row of e may be deleted with another, which may be a part of it: OnDelete says so only of rows that stay in
// their tables, and the database does the rest.
func follows(e *meta.Entity) bool {
	return slices.ContainsFunc(e.Fields, func(f *meta.Field) bool { return f.Kind == meta.Reference && f.Stored() })
}

func (v *verdict) cells() []cell {
	cells := make([]cell, len(v.columns))
	for i := range cells {
		cells[i].class = booleanClass
	}
	return cells
}

// atOnce tells whether the statement that inserts rows has questions to ask too, and can.
func (v *verdict) atOnce(writes []*write) bool { return len(v.columns) > 0 && v.returns(writes) }

// returns tells whether the statement that inserts rows can ask the questions too. It can on PostgreSQL, unless a list
// is written behind it, or the table is named in a question: RETURNING sees the rows of the table as they were before.
func (v *verdict) returns(writes []*write) bool {
	if !v.renderer.postgres || v.entity.Vanishes() {
		return false
	}
	for _, w := range writes {
		if len(w.parts) > 0 || slices.ContainsFunc(w.given, func(f *meta.Field) bool { return f.Kind == meta.List }) {
			return false
		}
	}
	for _, c := range v.columns {
		if strings.Contains(c, v.entity.Table) {
			return false
		}
	}
	return true
}

// one runs a statement that answers with at most one row.
func (t *Tx) one(ctx context.Context, sql string, params []param, values []any, cells []cell) (bool, error) {
	args, err := t.args(params, values)
	if err != nil {
		return false, err
	}
	rows, err := t.conn.Query(ctx, sql, args...)
	if err != nil {
		return false, err
	}
	defer rows.Close()
	if !rows.Next() {
		return false, rows.Err()
	}
	if err := readAll(rows, cells); err != nil {
		return false, err
	}
	rows.Close()
	return true, rows.Err()
}

func answered(c cell) bool { return c.boolean != nil && *c.boolean }

// sees tells whether the viewer may read the row.
func (v *verdict) sees(cells []cell) bool {
	return v.readable == -1 || v.readable >= 0 && answered(cells[v.readable])
}

func (v *verdict) answers(cells []cell) []bool {
	held := make([]bool, len(v.questions))
	for i, q := range v.questions {
		held[i] = q.truth
		if q.column >= 0 {
			held[i] = answered(cells[q.column])
		}
	}
	return held
}

// judge turns answers into a problem: first of the entity's rules, then of the fields', then of the checks. Of
// alternatives one must hold, and one that held before the write must be the one.
func (v *verdict) judge(held, before []bool, viewer kit.Viewer, what string) error {
	entityRules, entityHolds := 0, false
	fields, fieldHolds := []*meta.Field{}, map[*meta.Field]bool{}
	var wrong []kit.FieldError
	for i, q := range v.questions {
		holds := held[i]
		switch {
		case q.check != nil:
			if !holds {
				wrong = append(wrong, failed(q.check))
			}
			continue
		case q.bound != nil:
			if !holds {
				wrong = append(wrong, kit.FieldError{
					Field: q.bound.Name, Code: kit.FieldTooLong,
					Detail: fmt.Sprintf("It has %d already.", q.limit),
				})
			}
			continue
		}
		if before != nil {
			holds = holds && before[i]
		}
		if q.field == nil {
			entityRules++
			entityHolds = entityHolds || holds
			continue
		}
		if _, known := fieldHolds[q.field]; !known {
			fields = append(fields, q.field)
		}
		fieldHolds[q.field] = fieldHolds[q.field] || holds
	}
	if entityRules > 0 && !entityHolds {
		return denied(viewer, what)
	}
	if err := forbiddenFields(fields, fieldHolds, viewer, what); err != nil {
		return err
	}
	if len(wrong) > 0 {
		return &kit.Problem{Code: kit.CodeInvalid, Status: 422, Detail: "The input is invalid.", Fields: wrong}
	}
	return nil
}

// allowed tells whether a row may be updated by a rule that holds already, since it names no old row, or by none that is asked.
func (v *verdict) allowed(held []bool) bool {
	asked := false
	for i, q := range v.questions {
		if !q.isRule() || q.field != nil {
			continue
		}
		if asked = true; held[i] && !q.usesOld {
			return true
		}
	}
	return !asked
}

// guard is a column that the database fails at (sqldb.Guard) where judge would find something wrong with a new row. It is not ok
// where that is known before.
func (v *verdict) guard() (column string, ok bool) {
	condition, alternatives := sqlTrue, map[*meta.Field]string{} // by field; nil for the entity's rules
	var ruled []*meta.Field
	for _, q := range v.questions {
		holds := sqlFalse
		switch {
		case q.column >= 0:
			holds = v.columns[q.column]
		case q.truth:
			holds = sqlTrue
		}
		if q.check != nil || q.bound != nil {
			condition = conjunction(condition, holds)
			continue
		}
		if _, known := alternatives[q.field]; !known {
			ruled, alternatives[q.field] = append(ruled, q.field), sqlFalse
		}
		alternatives[q.field] = disjunction(alternatives[q.field], holds)
	}
	for _, f := range ruled {
		condition = conjunction(condition, bracketed(alternatives[f]))
	}
	if condition == sqlTrue {
		return "1", true
	}
	return "CAST(CASE WHEN " + condition + " THEN '1' ELSE '" + sqldb.Guard + "' END AS integer)", condition != sqlFalse
}

func forbiddenFields(fields []*meta.Field, holds map[*meta.Field]bool, viewer kit.Viewer, what string) error {
	var problem *kit.Problem
	for _, f := range fields {
		if holds[f] {
			continue
		}
		if problem == nil {
			problem = denied(viewer, what)
		}
		problem.Fields = append(problem.Fields, kit.FieldError{Field: f.Name, Code: kit.FieldForbidden, Detail: "You may not set this."})
	}
	if problem == nil {
		return nil
	}
	return problem
}

func failed(c *meta.Check) kit.FieldError {
	code := c.Code
	if code == "" {
		code = kit.FieldCheck
	}
	return kit.FieldError{Field: c.Field, Code: code, Detail: "This does not hold."}
}
