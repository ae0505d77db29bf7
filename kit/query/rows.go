package query

import (
	"github.com/fettlehq/fettle/kit/meta"
)

// elements is the rows of a list as the FROM and WHERE of a subselect.
type elements struct {
	from   func() string // asked for when all else is rendered, for it leaves out a join that nothing needs
	guard  string        // of the list itself
	link   string        // the column that has the id of the row whose list it is; empty where no row has it
	owner  string        // that id
	where  string        // all else
	row    *scope
	within env
}

// elements finds the rows of the list that x's first argument is, with x's variable for each.
func (r *renderer) elements(x *meta.Expr, e env) (elements, bool) {
	list := x.Args[0]
	if list.Op != meta.OpGet || len(list.Path) == 0 {
		r.fail("list operation: its list is no path")
		return elements{}, false
	}
	if scalars, ok := r.scalars(list, e); ok {
		return r.values(x, scalars, e), true
	}
	if given, rest := argumentAt(list, e); given != nil && len(rest) == 0 {
		return r.givenRows(x, given, e)
	}
	owner, f, guard := r.listOwner(list, e)
	if owner.sql == sqlNull || guard == sqlFalse {
		return elements{}, true
	}
	if f == nil || f.Kind != meta.List {
		r.fail("list operation: %v is no list", list.Path)
		return elements{}, false
	}
	found := elements{row: &scope{name: x.Var, entity: f.Target(), alias: r.alias("e")}, guard: guard, owner: owner.sql}
	found.row.kin = f.Join == nil && list.Root != meta.RootArg && akin(owner.typ.entity, f.Target())
	target := r.table(found.row)
	if f.Join == nil {
		back := f.Target().Field(f.Inverse)
		found.link = found.row.alias + "." + ident(back.Column)
		if e.guarded {
			found.where = conjunction(found.where, r.fieldRule(back, meta.Read, found.row))
		}
		found.from = func() string { return target }
	} else {
		link := r.alias("j")
		found.row.id = link + "." + ident(f.Join.To)
		found.link = link + "." + ident(f.Join.From)
		if leadsNowhere(f.Join) {
			found.where = conjunction(found.where, found.row.id+" IS NOT NULL")
		}
		if e.guarded {
			found.where = conjunction(found.where, r.linkPolicy(f, link))
		}
		found.from = func() string {
			from := r.links(f.Join, link)
			if found.row.used || f.Target().Vanishes() || r.confines(f.Target()) {
				from += " JOIN " + target + " ON " + found.row.alias + ".id = " + found.row.id
			}
			return from
		}
	}
	return r.visibleElements(found, e), true
}

// all is the condition of the elements of the list that fit.
func (found elements) all(fit string) string {
	link := sqlTrue
	if found.link != "" {
		link = found.link + " = " + found.owner
	}
	return conjunction(found.guard, link, found.where, fit)
}

// leadsNowhere tells whether a row of the entity that carries a relation may link to nothing.
func leadsNowhere(j *meta.JoinTable) bool {
	if j.Link() == nil {
		return false
	}
	for _, f := range j.Link().Fields {
		if f.Column == j.To {
			return f.Null
		}
	}
	return false
}

// visibleElements leaves out what the viewer may not see, where he asks.
func (r *renderer) visibleElements(found elements, e env) elements {
	found.within = e.with(found.row)
	if e.guarded {
		found.where = conjunction(found.where, r.policy(found.row.entity, meta.Read, found.row))
	}
	return found
}

// listOwner is the id of the row that a list belongs to, and the list's field.
func (r *renderer) listOwner(list *meta.Expr, e env) (owner operand, f *meta.Field, guard string) {
	last := len(list.Path) - 1
	prefix := &meta.Expr{Op: meta.OpGet, Root: list.Root, Var: list.Var, Path: list.Path[:last]}
	owner = r.get(prefix, e)
	if owner.typ.entity == nil {
		return owner, nil, ""
	}
	f = owner.typ.entity.Field(list.Path[last])
	if f == nil || !e.guarded {
		return owner, f, owner.guard
	}
	row := e.rowOf(list)
	if last > 0 || row == nil {
		row = &scope{entity: owner.typ.entity, alias: r.alias("r")}
		rule := r.fieldRule(f, meta.Read, row)
		if rule != sqlTrue {
			rule = r.isThere(row, owner.sql, rule)
		}
		return owner, f, conjunction(owner.guard, rule)
	}
	return owner, f, conjunction(owner.guard, r.fieldRule(f, meta.Read, row))
}

// argumentAt is the argument, or the field of one, at which a path ends or leaves the arguments for a row, and the rest
// of the path.
func argumentAt(x *meta.Expr, e env) (f *meta.Field, rest []string) {
	if x.Root != meta.RootArg {
		return nil, nil
	}
	fields := e.args
	for i, name := range x.Path {
		if f = fieldNamed(fields, name); f == nil {
			return nil, nil
		}
		if f.Kind != meta.Input && f.Kind != meta.Value {
			return f, x.Path[i+1:]
		}
		fields = f.Fields
	}
	return f, nil
}

// givenRows is the rows that f, a repeated reference among the arguments, names.
func (r *renderer) givenRows(x *meta.Expr, f *meta.Field, e env) (elements, bool) {
	list := x.Args[0]
	if !f.Repeated || f.Kind != meta.Reference {
		r.fail("list operation: argument %v is no list of rows", list.Path)
		return elements{}, false
	}
	row := &scope{name: x.Var, entity: f.Target(), alias: r.alias("e")}
	slot := e.firstArg + argumentSlot(e.args, list.Path)
	found := elements{row: row, where: row.alias + ".id " + r.oneOf(slot)}
	found.from = func() string { return r.table(row) }
	return r.visibleElements(found, e), true
}

// oneOf is the condition to be one of the ids that stand together in one value of the request.
func (r *renderer) oneOf(slot int) string {
	p := r.param(param{source: slotSource, slot: slot, typ: typ{kind: meta.List}})
	if r.postgres {
		return "= ANY (" + p + "::uuid[])"
	}
	return "IN (SELECT value FROM json_each(" + p + "))"
}

// exists is whether a list has an element that fits.
func (r *renderer) exists(x *meta.Expr, e env) string {
	if scalars, ok := r.scalars(x.Args[0], e); ok {
		if condition, ok := r.holds(x, scalars, e); ok {
			return condition
		}
	}
	found, ok := r.elements(x, e)
	if !ok || found.row == nil {
		return sqlFalse
	}
	if condition, ok := r.oneOfGiven(x, found); ok {
		return condition
	}
	condition := sqlTrue
	if e.guarded {
		r.lists++
	}
	if len(x.Args) > 1 {
		condition = r.cond(x.Args[1], found.within, false)
	}
	if e.guarded {
		r.lists--
	}
	where := found.all(condition)
	switch {
	case where == sqlFalse:
		return sqlFalse
	case r.lists >= deepLists && e.guarded && found.link != "":
		return conjunction(found.guard, bracket(found.owner)+" IN (SELECT "+found.link+" FROM "+found.from()+whereClause(conjunction(found.where, condition))+r.fence()+")")
	}
	return "EXISTS (SELECT 1 FROM " + found.from() + " WHERE " + where + ")"
}

// oneOfGiven is whether a row's own value is in a list among the arguments, where x asks just that: in the form for which databases look up
// each of the list by an index of the value.
func (r *renderer) oneOfGiven(x *meta.Expr, found elements) (string, bool) {
	if x.Args[0].Root != meta.RootArg || found.link != "" || len(x.Args) < 2 || x.Args[1].Op != meta.OpEq {
		return "", false
	}
	value, element := x.Args[1].Args[0], x.Args[1].Args[1]
	if isElement(value, x) {
		value, element = element, value
	}
	if !isElement(element, x) || value.Op != meta.OpGet || value.Root != meta.RootThis || len(value.Path) > 1 {
		return "", false
	}
	one, of := r.pair(value, element, found.within)
	if one.sql == sqlNull || of.sql == sqlNull {
		return sqlFalse, true
	}
	return conjunction(bracket(one.sql)+" IN (SELECT "+of.sql+" FROM "+found.from()+whereClause(conjunction(found.all(sqlTrue), of.guard))+")", one.guard), true
}

// isElement tells whether a is the element itself of the list that x goes through.
func isElement(a, x *meta.Expr) bool {
	return a.Op == meta.OpGet && a.Root == meta.RootVariable && a.Var == x.Var && len(a.Path) == 0
}

// fence keeps PostgreSQL from making one join of a subselect and what stands around it: of a semi-join within a semi-join it
// looks at each pair of rows.
func (d dialect) fence() string {
	if d.postgres {
		return " OFFSET 0"
	}
	return ""
}

// deepLists is within how many lists a list of what the viewer asks for is looked through once for all rows, and no more for
// each of them: what is asked for there names nothing outside of it. Less deep that would lose by more than it gains, since an
// index finds the few rows of one list.
const deepLists = 2

// aggregate is a count, sum, least, greatest or mean value, or the first, of the elements that fit. Of none, a count
// and a sum are 0 and the others null.
func (r *renderer) aggregate(x *meta.Expr, e env) operand {
	counting := x.Op == meta.OpCount
	if scalars, ok := r.scalars(x.Args[0], e); ok && counting && isTrue(x.Args[1:]) {
		return r.sizeOf(scalars)
	}
	found, ok := r.elements(x, e)
	if !ok || found.row == nil {
		return r.nothing(x.Op)
	}
	condition := sqlTrue
	if len(x.Args) > 1 {
		condition = r.cond(x.Args[1], found.within, false)
	}
	var value operand
	if !counting {
		if len(x.Args) < 3 {
			r.fail("list operation: it has no value")
			return operand{sql: sqlNull}
		}
		value = r.value(x.Args[2], found.within)
	}
	where := found.all(condition)
	if where == sqlFalse || !counting && value.sql == sqlNull {
		return r.nothing(x.Op)
	}
	t := value.typ
	t.column, t.untyped, t.null, t.unfit = false, false, true, false
	selected, order := value.shown(), ""
	var fit func(string) string // nil: whatever it comes to
	switch x.Op {
	case meta.OpCount:
		selected, t = "count(*)", typ{kind: meta.Int64, bits: countBits}
	case meta.OpSum:
		selected, t, fit = r.total(selected, t)
	case meta.OpMin:
		selected = "min(" + collated(operand{sql: selected, typ: t}).sql + ")"
	case meta.OpMax:
		selected = "max(" + collated(operand{sql: selected, typ: t}).sql + ")"
	case meta.OpAvg:
		selected, t = r.mean(selected, t)
	case meta.OpFind:
		order = " ORDER BY " + r.identity(found.row).sql + " LIMIT 1"
		if found.row.entity == nil {
			order = " ORDER BY " + found.row.alias + ".key LIMIT 1"
		}
	}
	t.unfit = value.typ.unfit || x.Op == meta.OpSum && t.null
	if value.typ.unfit && x.Op != meta.OpFind {
		t.null = true
		selected = "CASE WHEN " + r.allFit(x.Args[2], value, found.within) + " THEN " + selected + " END"
	}
	sql := "(SELECT " + selected + " FROM " + found.from() + " WHERE " + where + order + ")"
	if fit != nil {
		sql = r.once(sql, fit)
	}
	return operand{sql: sql, typ: t}
}

// isTrue tells whether a list operation asks nothing of the elements.
func isTrue(conditions []*meta.Expr) bool {
	return len(conditions) == 0 || conditions[0].Op == meta.OpConst && conditions[0].Value == true
}

func (r *renderer) nothing(op meta.Op) operand {
	if op == meta.OpCount || op == meta.OpSum {
		return operand{sql: "0", typ: typ{kind: meta.Int64}}
	}
	return operand{sql: sqlNull}
}

// mean is the mean of a value over rows, null of none. Of Decimals it is their exact sum, divided. Of whole numbers it is the exact sum as a
// Float by the number of values, which is rounded alike on both databases: their own avg is not, PostgreSQL's of eleven by nine being
// another Float than SQLite's.
func (r *renderer) mean(value string, t typ) (string, typ) {
	of, count := typ{kind: meta.Float, null: true, reckoned: t.kind == meta.Float}, "count("+value+")"
	switch {
	case t.kind == meta.Decimal && r.postgres:
		return quotient("sum("+value+")", count), typ{kind: meta.Decimal, null: true, reckoned: true}
	case t.kind == meta.Decimal:
		sum := operand{sql: "decimal_sum(" + value + ", " + itoa(operand{typ: t}.scale()) + ")", typ: typ{kind: meta.Decimal, long: true}}
		mean := r.reckonLong(meta.OpDiv, sum, operand{sql: count})
		return mean.sql, mean.typ
	case r.postgres && t.kind == meta.Float:
		return sumOfFloats(value) + " / nullif(" + count + ", 0)", of
	case r.postgres:
		return "sum(" + value + ")::double precision / " + count, of
	case t.kind != meta.Float && (t.kind != meta.Int || t.size() > intBits): // its halves, as of a sum
		return "(sum(" + value + " >> 32) * 4294967296.0 + sum(" + value + " & 4294967295)) / " + count, of
	}
	return "avg(" + value + ")", of
}

// isList tells whether x is a path to a list.
func (r *renderer) isList(x *meta.Expr, e env) bool {
	f := r.listAt(x, e)
	return f != nil && (f.Repeated || f.Kind == meta.List)
}

// listAt is the field at the end of a path, nil of what is no path.
func (r *renderer) listAt(x *meta.Expr, e env) *meta.Field {
	if x.Op != meta.OpGet || len(x.Path) == 0 {
		return nil
	}
	var entity *meta.Entity
	path := x.Path
	switch x.Root {
	case meta.RootViewer:
		entity = r.account
	case meta.RootArg:
		f, rest := argumentAt(x, e)
		if f == nil || len(rest) == 0 {
			return f
		}
		entity, path = f.Target(), rest
	default:
		if s := e.rowOf(x); s != nil {
			entity = s.entity
		}
	}
	var f *meta.Field
	for _, name := range path {
		if entity == nil {
			return nil
		}
		if f = entity.Field(name); f == nil {
			return nil
		}
		entity = f.Target()
	}
	return f
}

// can is whether the viewer may do something with the row that x's argument refers to, by the rules of its entity.
func (r *renderer) can(x *meta.Expr, e env) string {
	target := x.Args[0]
	if lifted, ok := r.lift(x, e); ok {
		return lifted
	}
	if target.Op == meta.OpGet && len(target.Path) == 0 && target.Root != meta.RootViewer {
		if row := e.rowOf(target); row != nil && row.bound == nil {
			return r.policy(row.entity, x.Verb, row)
		}
	}
	key := r.value(target, e)
	if key.sql == sqlNull {
		return sqlFalse
	}
	if key.typ.entity == nil {
		r.fail("can: its argument is no reference")
		return sqlFalse
	}
	row := &scope{entity: key.typ.entity, alias: r.alias("r"), kin: akin(e.refers(target), key.typ.entity)}
	policy := r.policy(row.entity, x.Verb, row)
	switch {
	case policy == sqlFalse:
		return sqlFalse
	case policy == sqlTrue && key.guard == "" && !key.typ.null && !r.absent(nil, row.entity):
		return sqlTrue
	case policy == sqlTrue && !r.absent(nil, row.entity):
		return conjunction(bracket(key.sql)+" IS NOT NULL", key.guard)
	}
	return conjunction(key.guard, r.isThere(row, key.sql, policy))
}

// policy is the condition under which the viewer may do verb with the row s by the rules of its entity.
func (r *renderer) policy(entity *meta.Entity, verb meta.Verb, s *scope) string {
	if r.system {
		return sqlTrue
	}
	return conjunction(r.rules(entity.Allow.Of(verb), inside(s)), r.ofSeenTenant(s))
}

// linkPolicy is the condition under which the viewer may see that a link of a many-to-many list exists, and what it links.
func (r *renderer) linkPolicy(list *meta.Field, alias string) string {
	link := list.Join.Link()
	if link == nil {
		return sqlTrue
	}
	row := &scope{entity: link, alias: alias}
	policy := r.policy(link, meta.Read, row)
	for _, f := range link.Fields {
		if f.Column == list.Join.From || f.Column == list.Join.To {
			policy = conjunction(policy, r.fieldRule(f, meta.Read, row))
		}
	}
	return policy
}

// fieldRule is the condition of the field's own rules for verb: true where it has none.
func (r *renderer) fieldRule(f *meta.Field, verb meta.Verb, s *scope) string {
	if own := f.Allow.Of(verb); len(own) > 0 && !r.system {
		return r.rules(own, inside(s))
	}
	return sqlTrue
}

// rules is the alternatives as one condition.
func (r *renderer) rules(rules []meta.Rule, e env) string {
	parts := make([]string, len(rules))
	for i, rule := range rules {
		parts[i] = r.cond(rule.When, e, false)
	}
	return disjunction(parts...)
}
