package query

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/input"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/sqldb"
)

// Access is why a viewer may do something with a row, or may not. It is for operators: it tells of rows and values that the
// viewer himself may not see.
type Access struct {
	Verb   string `json:"verb"`
	Entity string `json:"entity"`
	Row    string `json:"row,omitempty"`    // its id; empty where there is none
	Viewer string `json:"viewer,omitempty"` // the id of the account; empty for nobody
	Answer string `json:"answer"`           // what a door says: OK, or the code of a problem
	Detail string `json:"detail,omitempty"` // of the problem

	Hidden  []string   `json:"hidden,omitempty"`  // why the row is not there for anybody, or not in this tenant
	Refused string     `json:"refused,omitempty"` // why what is written is refused before any rule is asked
	Rules   []Decision `json:"rules"`             // of the entity: alternatives
	Seen    []Decision `json:"seen,omitempty"`    // of a change: the rules for reading, since what is hidden is missing
	Fields  []Decision `json:"fields,omitempty"`  // of fields that have rules of their own
}

// Decision is what one rule says.
type Decision struct {
	Field   string   `json:"field,omitempty"`
	Source  string   `json:"source"` // where it stands, and as it is written
	Holds   bool     `json:"holds"`
	Later   bool     `json:"later,omitempty"` // it names old, so that only a change decides it
	Clauses []Clause `json:"clauses,omitempty"`
}

// Clause is a part of a rule.
type Clause struct {
	Text    string   `json:"text"`
	Holds   bool     `json:"holds"`
	Values  []Read   `json:"values,omitempty"`
	Clauses []Clause `json:"clauses,omitempty"` // what it is made of: of a && b both; of can(READ, x) the rules of x
}

// Read is a value that a clause read. A list is how many elements it has.
type Read struct {
	Path  string `json:"path"`
	Value any    `json:"value"` // as JSON has it
}

// errExplained undoes what was done to explain it.
var errExplained = errors.New("explained")

// Access explains what viewer may do with the row that key or id names: READ, CREATE, UPDATE or DELETE. Of a CREATE there is no
// key, and changes are the new row; of an UPDATE they are what he changes, none to ask of the row as it is. What is written to
// find out is undone.
//
// Its problem is NOT_FOUND where nothing, deleted or not, has that key.
func (e *Engine) Access(ctx context.Context, viewer kit.Viewer, entity *meta.Entity, verb meta.Verb, key string, changes []Change) (*Access, error) {
	a := &Access{Verb: verbs[verb], Entity: entity.Name, Viewer: string(viewer.ID)}
	if err := a.answer(ctx, e, viewer, entity, verb, key, changes); err != nil {
		return nil, err
	}
	err := e.db.Write(ctx, func(c sqldb.Conn) error {
		tx := e.tx(c, viewer)
		if viewer.Tenant != "" {
			if err := tx.chooseAny(ctx, a); err != nil {
				return err
			}
		}
		if err := tx.explain(ctx, a, entity, verb, key, changes); err != nil {
			return err
		}
		return errExplained
	})
	if !errors.Is(err, errExplained) {
		return nil, err
	}
	return a, nil
}

// answer asks as a door would, and undoes it.
func (a *Access) answer(ctx context.Context, e *Engine, viewer kit.Viewer, entity *meta.Entity, verb meta.Verb, key string, changes []Change) error {
	err := e.Write(ctx, viewer, func(ctx context.Context, tx *Tx) (err error) {
		switch verb {
		case meta.Read:
			_, err = tx.Get(ctx, &Select{Entity: entity}, key)
		case meta.Create:
			_, err = tx.Create(ctx, entity, changes)
		case meta.Update:
			_, err = tx.Update(ctx, entity, key, 0, changes)
		case meta.Delete:
			err = tx.Delete(ctx, entity, key, 0)
		}
		if err == nil {
			err = errExplained
		}
		return err
	})
	var problem *kit.Problem
	switch {
	case errors.Is(err, errExplained):
		a.Answer = "OK"
	case errors.As(err, &problem):
		a.Answer, a.Detail = problem.Code, told(problem)
	default:
		return err
	}
	return nil
}

// refuse keeps why a write is refused whatever the rules say.
func (a *Access) refuse(err error) error {
	var problem *kit.Problem
	if !errors.As(err, &problem) {
		return err
	}
	a.Refused = problem.Code + ": " + told(problem)
	return nil
}

// told is what a problem tells, with its fields.
func told(p *kit.Problem) string {
	text := p.Detail
	for _, f := range p.Fields {
		text += fmt.Sprintf(" %s: %s.", f.Field, f.Code)
	}
	return text
}

// explain fills in a.
func (t *Tx) explain(ctx context.Context, a *Access, entity *meta.Entity, verb meta.Verb, key string, changes []Change) error {
	var id string
	var old []any
	var err error
	w := t.write(entity, verb)
	if verb == meta.Create {
		made, err := t.System().Create(ctx, entity, changes)
		if err != nil {
			return a.refuse(err)
		}
		id = string(made)
	} else if id, err = t.anyRow(ctx, entity, key); err != nil {
		return err
	}
	a.Row = id
	given := entity.Fields
	if verb == meta.Update && len(changes) > 0 {
		if old, err = t.oldValues(ctx, w, id); err != nil {
			return err
		}
		if _, err := t.System().Update(ctx, entity, id, 0, changes); err != nil {
			return a.refuse(err)
		}
		given = nil
		for _, c := range changes {
			given = append(given, c.Field)
		}
	}
	if verb != meta.Create {
		if err := t.whereabouts(ctx, a, entity, key, id); err != nil {
			return err
		}
	}
	x := explainer{tx: t, entity: entity, id: id, old: old, row: &scope{entity: entity, alias: "t0"}}
	x.renderer = t.renderer()
	x.env = env{this: x.row}
	switch {
	case verb == meta.Delete:
		x.env.old = x.row
	case old != nil:
		fields := w.oldFields()
		x.env.old = &scope{entity: entity, bound: func(f *meta.Field) int { return 1 + slices.Index(fields, f) }}
	}
	if verb == meta.Update || verb == meta.Delete {
		a.Seen = x.decide(nil, entity.Allow.Read)
	}
	a.Rules = x.decide(nil, entity.Allow.Of(verb))
	for _, f := range given {
		if verb != meta.Delete {
			a.Fields = append(a.Fields, x.decide(f, f.Allow.Of(verb))...)
		}
	}
	if err := x.run(ctx); err != nil {
		return err
	}
	for _, fill := range x.fill {
		fill()
	}
	return nil
}

// chooseAny chooses the tenant that the viewer names, though he may not see it.
func (t *Tx) chooseAny(ctx context.Context, a *Access) error {
	system := t.System()
	var problem *kit.Problem
	switch err := system.choose(ctx); {
	case errors.As(err, &problem):
		a.Hidden = append(a.Hidden, "there is no tenant "+t.viewer.Tenant)
		return nil
	case err != nil:
		return err
	}
	switch err := t.choose(ctx); {
	case errors.As(err, &problem):
		a.Hidden = append(a.Hidden, "the viewer may not see the tenant "+t.viewer.Tenant)
		t.tenant = system.tenant
	case err != nil:
		return err
	}
	return nil
}

// anyRow is the id of the row that key names, deleted or not, of whatever tenant: of several that have one first of the tenant at hand,
// then where the viewer may read it.
func (t *Tx) anyRow(ctx context.Context, entity *meta.Entity, key string) (string, error) {
	kind, value, ok := addressed(entity, key)
	if !ok {
		return "", kit.NotFound(entity.Singular)
	}
	r, row := t.renderer(), &scope{entity: entity, alias: "t0"}
	where := "t0.id = " + r.param(param{source: slotSource, typ: typ{kind: meta.ID}})
	if kind == keyVariant {
		where = hasKey(row, r.param(param{source: slotSource, typ: fieldType(entity.Field(entity.Key))}))
	}
	var first []string
	if entity.TenantColumn != "" {
		if t.tenant != "" {
			first = append(first, "t0."+ident(entity.TenantColumn)+" = "+r.typedParam(param{source: tenantSource, typ: typ{kind: meta.ID}})+" DESC")
		}
		first = append(first, "("+r.policy(entity, meta.Read, row)+") IS TRUE DESC")
	}
	if entity.SoftDelete {
		first = append(first, "t0."+meta.DeletedAt+" IS NOT NULL", "t0."+meta.DeletedAt+" DESC")
	}
	sql := "SELECT t0.id FROM " + stored(entity) + " t0 WHERE " + where
	if len(first) > 0 {
		sql += " ORDER BY " + strings.Join(first, ", ")
	}
	sql, params := finish(sql+" LIMIT 1", r.params)
	cells := []cell{{class: textClass}}
	found, err := t.one(ctx, sql, params, []any{value}, cells)
	if err != nil {
		return "", err
	}
	if !found {
		return "", kit.NotFound(entity.Singular)
	}
	return *cells[0].text, nil
}

// oldValues is what `old` means in rules and checks, before the row is changed.
func (t *Tx) oldValues(ctx context.Context, w *write, id string) ([]any, error) {
	r := t.renderer()
	row := &scope{entity: w.entity, alias: "t0"}
	var columns []string
	var cells []cell
	for _, f := range w.oldFields() {
		columns = append(columns, r.selected(r.column(row, f).sql, fieldType(f).kind))
		cells = append(cells, cell{class: r.class(fieldType(f).kind), kind: fieldType(f).kind, scale: scaleOf(f), dialect: r.dialect})
	}
	sql, params := finish("SELECT "+strings.Join(columns, ", ")+" FROM "+stored(w.entity)+" t0 WHERE t0.id = "+
		r.param(param{source: slotSource, typ: typ{kind: meta.ID}}), r.params)
	if _, err := t.one(ctx, sql, params, []any{id}, cells); err != nil {
		return nil, err
	}
	values := make([]any, len(cells))
	for i := range cells {
		v, err := cells[i].value()
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	return values, nil
}

// whereabouts tells why a row that is stored is not there.
func (t *Tx) whereabouts(ctx context.Context, a *Access, entity *meta.Entity, key, id string) error {
	columns, cells := []string{"1"}, []cell{{class: integerClass}}
	if entity.SoftDelete {
		columns, cells = append(columns, "t0."+meta.DeletedAt), append(cells, cell{class: instantClass})
	}
	r := t.renderer()
	row := r.param(param{source: slotSource, typ: typ{kind: meta.ID}})
	there := "EXISTS (SELECT 1 FROM " + r.derived(entity, living, "") + " l WHERE l.id = t0.id)"
	columns, cells = append(columns, there), append(cells, cell{class: booleanClass})
	if entity.TenantColumn != "" {
		columns, cells = append(columns, "t0."+ident(entity.TenantColumn)), append(cells, cell{class: textClass})
	}
	own := &scope{entity: entity, alias: "t0"}
	whys := []string{}
	ask := func(condition, why string) {
		columns, cells, whys = append(columns, condition), append(cells, cell{class: booleanClass}), append(whys, why)
	}
	if seen := r.ofSeenTenant(own); seen != sqlTrue {
		ask("("+seen+") IS NOT TRUE", "no tenant is named, and the viewer sees nothing of its own unnamed")
	}
	if kind, _, _ := addressed(entity, key); kind == keyVariant {
		alike := func(other *scope) string { return hasKey(other, "t0."+ident(entity.Field(entity.Key).Column)) }
		if several := r.amongTenants(own, alike, "> 1"); several != "" {
			ask(several, "no tenant is named, and several have one that is called so")
		}
	}
	sql, params := finish("SELECT "+strings.Join(columns, ", ")+" FROM "+stored(entity)+" t0 WHERE t0.id = "+row, r.params)
	if _, err := t.one(ctx, sql, params, []any{id}, cells); err != nil {
		return err
	}
	at := 1
	if entity.SoftDelete {
		if cells[at].instant != nil {
			a.Hidden = append(a.Hidden, "it was deleted at "+cells[at].instant.UTC().Format(time.RFC3339))
		}
		at++
	}
	if !answered(cells[at]) && len(a.Hidden) == 0 {
		a.Hidden = append(a.Hidden, "what it is part of was deleted")
	}
	if entity.TenantColumn != "" && t.tenant != "" {
		if own := cells[at+1].text; own == nil || *own != t.tenant {
			a.Hidden = append(a.Hidden, "it belongs to another tenant")
		}
	}
	for i, why := range whys {
		if answered(cells[len(cells)-len(whys)+i]) {
			a.Hidden = append(a.Hidden, why)
		}
	}
	return nil
}

// explainer asks all parts of all rules in one statement.
type explainer struct {
	*renderer
	tx      *Tx
	entity  *meta.Entity
	id      string
	old     []any
	row     *scope
	env     env
	columns []string
	cells   []cell
	fill    []func()
}

// decide explains rules, of an entity or of one of its fields.
func (x *explainer) decide(f *meta.Field, rules []meta.Rule) []Decision {
	decisions := make([]Decision, len(rules))
	for i, rule := range rules {
		d := &decisions[i]
		d.Source = rule.Source
		if f != nil {
			d.Field = f.Name
		}
		if usesOld(rule.When) && x.env.old == nil {
			d.Later = true
			continue
		}
		clause := x.clause(rule.When, x.env, 0)
		d.Clauses = []Clause{{}}
		x.fill = append(x.fill, func() {
			d.Clauses[0] = *clause
			d.Holds = clause.Holds
		})
	}
	return decisions
}

// clause asks x and its parts. What it points to is filled in when the statement has run.
func (x *explainer) clause(part *meta.Expr, e env, depth int) *Clause {
	c := &Clause{Text: wording(part)}
	x.ask(x.cond(part, e, false), func(holds bool) { c.Holds = holds })
	var inner []*Clause
	switch {
	case depth > 8:
	case part.Op == meta.OpAnd, part.Op == meta.OpOr, part.Op == meta.OpNot, part.Op == meta.OpIf:
		for _, a := range part.Args {
			inner = append(inner, x.clause(a, e, depth+1))
		}
	case part.Op == meta.OpCan:
		inner = x.delegated(part, e)
	default:
		if s, f := e.predicate(part); f != nil && f.Kind == meta.Boolean {
			inner = append(inner, x.clause(f.Computed, inside(s), depth+1))
			break
		}
		x.reads(c, part, e)
	}
	x.fill = append(x.fill, func() {
		for _, i := range inner {
			c.Clauses = append(c.Clauses, *i)
		}
	})
	return c
}

// delegated is the rules of the row that can asks about.
func (x *explainer) delegated(part *meta.Expr, e env) (rules []*Clause) {
	key := x.value(part.Args[0], e)
	if key.typ.entity == nil || key.sql == sqlNull {
		return nil
	}
	for _, rule := range key.typ.entity.Allow.Of(part.Verb) {
		row := &scope{entity: key.typ.entity, alias: x.alias("r")}
		c := &Clause{Text: rule.Source}
		x.ask(x.isThere(row, key.shown(), x.cond(rule.When, inside(row), false)), func(holds bool) { c.Holds = holds })
		rules = append(rules, c)
	}
	return rules
}

// reads asks for the values that a clause names, outside of list operations.
func (x *explainer) reads(c *Clause, part *meta.Expr, e env) {
	switch part.Op {
	case meta.OpGet:
		x.readValue(c, pathWord(part), part, e)
		return
	case meta.OpExists, meta.OpCount, meta.OpSum, meta.OpMin, meta.OpMax, meta.OpAvg, meta.OpFind:
		x.readValue(c, wording(part.Args[0])+".size()", meta.Over(meta.OpCount, part.Args[0], part.Var, meta.True()), e)
		if len(part.Args) > 1 && !isTrue(part.Args[1:2]) {
			fitting := meta.Over(meta.OpCount, part.Args[0], part.Var, part.Args[1])
			x.readValue(c, wording(fitting), fitting, e)
		}
		return
	}
	for _, a := range part.Args {
		x.reads(c, a, e)
	}
}

func (x *explainer) readValue(c *Clause, path string, value *meta.Expr, e env) {
	if slices.ContainsFunc(c.Values, func(r Read) bool { return r.Path == path }) || x.err != nil {
		return
	}
	at := len(c.Values)
	c.Values = append(c.Values, Read{Path: path})
	o := x.value(value, e)
	if x.err != nil { // a list, say, which is no value
		x.err = nil
		c.Values = c.Values[:at]
		return
	}
	if o.sql == sqlNull {
		return
	}
	column := len(x.cells)
	x.columns = append(x.columns, x.selected(bracketCase(o.shown()), o.typ.kind))
	x.cells = append(x.cells, cell{class: x.class(o.typ.kind), kind: o.typ.kind, scale: o.typ.scale, dialect: x.dialect})
	x.fill = append(x.fill, func() {
		if v, err := x.cells[column].value(); err == nil && v != nil {
			c.Values[at].Value = input.Text(v)
		}
	})
}

// ask adds a condition, and what is done with the answer.
func (x *explainer) ask(condition string, answer func(holds bool)) {
	switch condition {
	case sqlTrue, sqlFalse, sqlNull:
		answer(condition == sqlTrue)
		return
	}
	column := len(x.cells)
	x.columns = append(x.columns, "("+condition+") IS TRUE")
	x.cells = append(x.cells, cell{class: booleanClass})
	x.fill = append(x.fill, func() { answer(answered(x.cells[column])) })
}

func (x *explainer) run(ctx context.Context) error {
	if x.err != nil || len(x.columns) == 0 {
		return x.err
	}
	sql := "SELECT " + strings.Join(x.columns, ", ") + " FROM " + stored(x.entity) + " t0 WHERE t0.id = " +
		x.param(param{source: slotSource, typ: typ{kind: meta.ID}})
	sql, params := finish(sql, x.params)
	_, err := x.tx.one(ctx, sql, params, append([]any{x.id}, x.old...), x.cells)
	return err
}
