package query

import (
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// get is the value at the end of a path.
func (r *renderer) get(x *meta.Expr, e env) operand {
	switch x.Root {
	case meta.RootViewer:
		return r.viewer(x.Path, e)
	case meta.RootArg:
		return r.argument(x.Path, e)
	case meta.RootOld:
		if e.old == nil {
			return operand{sql: sqlNull} // of a new row
		}
	}
	s := e.rowOf(x)
	if s == nil {
		r.fail("expression: nothing is called %q here", x.Var)
		return operand{sql: sqlNull}
	}
	return r.follow(s, x.Path, e)
}

func (e env) rowOf(x *meta.Expr) *scope {
	switch x.Root {
	case meta.RootThis:
		return e.this
	case meta.RootOld:
		return e.old
	}
	return e.variable(x.Var)
}

// follow is the value at the end of a path from the row s on.
func (r *renderer) follow(s *scope, path []string, e env) operand {
	if len(path) == 0 {
		return r.identity(s)
	}
	f := s.entity.Field(path[0])
	switch {
	case f == nil:
		r.fail("expression: %s has no field %q", s.entity.Name, path[0])
		return operand{sql: sqlNull}
	case f.Kind == meta.Value && len(path) == 2:
		if part := partOf(f, path[1]); part != nil {
			o := r.column(s, part)
			o.typ.null = o.typ.null || f.Null
			return r.guard(o, s, f, e)
		}
	case f.Kind == meta.Reference && (len(path) == 1 || len(path) == 2 && path[1] == "id"):
		return r.guard(r.column(s, f), s, f, e)
	case f.Kind == meta.Reference:
		return r.behind(r.column(s, f), s.entity, f.Target(), path[1:], r.fieldGuard(s, f, e), e)
	case len(path) == 1 && f.Kind != meta.Value && f.Kind != meta.List:
		return r.guard(r.column(s, f), s, f, e)
	}
	r.fail("expression: %s.%s is no value", s.entity.Name, strings.Join(path, "."))
	return operand{sql: sqlNull}
}

// behind is the value at the end of a path that begins at the row whose id key is, to which a row of from refers.
func (r *renderer) behind(key operand, from, target *meta.Entity, path []string, guard string, e env) operand {
	row := &scope{entity: target, alias: r.alias("r"), kin: akin(from, target)}
	policy := sqlTrue
	if e.guarded {
		policy = r.policy(target, meta.Read, row)
	}
	o := r.follow(row, path, e)
	where := conjunction(row.alias+".id = "+key.sql, policy)
	if where == sqlFalse || o.sql == sqlNull || key.sql == sqlNull {
		return operand{sql: sqlNull, typ: o.typ}
	}
	o.typ.null = o.nullable() || key.nullable() || policy != sqlTrue || r.absent(nil, target)
	o.typ.column = false
	o.sql = "(SELECT " + o.shown() + " FROM " + r.table(row) + " WHERE " + where + ")"
	o.guard = guard
	return o
}

func partOf(f *meta.Field, name string) *meta.Field {
	for _, part := range f.Fields {
		if part.Name == name {
			return part
		}
	}
	return nil
}

// identity is the id of the row s, or the element that it is of a list of scalars.
func (r *renderer) identity(s *scope) operand {
	if s.entity == nil {
		return operand{sql: s.alias + ".value", typ: s.value}
	}
	t := typ{kind: meta.ID, entity: s.entity, column: true}
	switch {
	case s.bound != nil:
		return operand{sql: r.typedParam(param{source: slotSource, slot: s.bound(s.entity.Field("id")), typ: t}), typ: t}
	case s.id != "":
		return operand{sql: s.id, typ: t}
	}
	return operand{sql: s.alias + ".id", typ: t}
}

// column is a field of its own, or part of a value object, of the row s: a column of its table, or what is computed in
// its place.
func (r *renderer) column(s *scope, f *meta.Field) operand {
	if f.Name == "id" && f.Kind == meta.ID {
		return r.identity(s)
	}
	if f.Computed != nil && s.bound == nil {
		return r.computed(s, f)
	}
	if f.Name == meta.HistoryChanges && s.entity.Owner() != nil {
		s.used = true
		return r.shownChanges(s, f)
	}
	t := fieldType(f)
	if s.bound != nil {
		t.column = false
		return operand{sql: r.typedParam(param{source: slotSource, slot: s.bound(f), typ: t}), typ: t}
	}
	s.used = true
	return operand{sql: s.alias + "." + ident(f.Column), typ: t}
}

func fieldType(f *meta.Field) typ {
	if isScalars(f) {
		return typ{kind: listOf(f.Kind), scale: scaleOf(f), null: f.Null, column: true}
	}
	t := typ{kind: f.Kind, scale: scaleOf(f), entity: f.Target(), null: f.Null, column: true}
	if f.Kind == meta.Decimal {
		t.bits = digitsOf(f)*10/3 + 1 // of SQLite's
	}
	return t
}

// scaleOf is how many digits of a Decimal stand behind the point: 4 unless given.
func scaleOf(f *meta.Field) int {
	if f.Kind == meta.Decimal && f.Digits == 0 && f.Scale == 0 {
		return 4
	}
	return f.Scale
}

// guard adds to o, the value of the field f, the condition under which the viewer may see it: the field's own READ
// rules and, of a reference, those of the row that it leads to, which must be there whoever asks.
func (r *renderer) guard(o operand, s *scope, f *meta.Field, e env) operand {
	if s.bound != nil { // what is written is there; what the row had referred to may be gone
		if s != e.this && f.Kind == meta.Reference && r.absent(s.entity, f.Target()) {
			o.guard = r.isThere(&scope{entity: f.Target(), alias: r.alias("r"), kin: akin(s.entity, f.Target())}, o.sql, sqlTrue)
		}
		return o
	}
	visible := r.fieldGuard(s, f, e)
	switch {
	case f.Kind == meta.Reference && e.guarded:
		visible = conjunction(visible, r.visible(s.entity, f.Target(), o.sql))
	case f.Kind == meta.Reference && r.absent(s.entity, f.Target()):
		visible = r.isThere(&scope{entity: f.Target(), alias: r.alias("r"), kin: akin(s.entity, f.Target())}, o.sql, sqlTrue)
	}
	switch visible {
	case sqlTrue, "":
	case sqlFalse:
		o.sql = sqlNull
	default:
		o.guard = visible
	}
	return o
}

// fieldGuard is the condition of the field's own READ rules, empty for none.
func (r *renderer) fieldGuard(s *scope, f *meta.Field, e env) string {
	if !e.guarded || s.bound != nil {
		return ""
	}
	if rule := r.fieldRule(f, meta.Read, s); rule != sqlTrue {
		return rule
	}
	return ""
}

// visible is the condition that the viewer may read the row of that id, to which one of from refers.
func (r *renderer) visible(from, target *meta.Entity, id string) string {
	row := &scope{entity: target, alias: r.alias("r"), kin: akin(from, target)}
	policy := r.policy(target, meta.Read, row)
	if policy == sqlFalse || policy == sqlTrue && !r.absent(from, target) {
		return policy
	}
	return r.isThere(row, id, policy)
}

// viewer is the id of the account that asks, or a field of its row.
func (r *renderer) viewer(path []string, e env) operand {
	t := typ{kind: meta.ID, entity: r.account}
	if !r.signed || r.account == nil {
		return operand{sql: sqlNull, typ: t}
	}
	id := operand{sql: r.param(param{source: viewerSource, typ: t}), typ: t}
	if len(path) == 0 || len(path) == 1 && path[0] == "id" {
		id.sql += r.cast(meta.ID)
		return id
	}
	o := r.behind(id, nil, r.account, path, "", e)
	o.typ.null = true // the account may be gone
	return o
}

// argument is an argument of the operation, a field of it, or of the row that it names.
func (r *renderer) argument(path []string, e env) operand {
	fields, null := e.args, false
	for i, name := range path {
		f := fieldNamed(fields, name)
		if f == nil {
			break
		}
		null = null || f.Null
		if f.Kind == meta.Input || f.Kind == meta.Value {
			fields = f.Fields
			continue
		}
		slot := argumentSlot(e.args, path[:i+1])
		if slot < 0 || f.Repeated && !isScalars(f) {
			break
		}
		slot += e.firstArg
		t := fieldType(f)
		t.column, t.null = false, null
		if r.missing != nil && !f.Repeated {
			if r.missing(slot) {
				return operand{sql: sqlNull, typ: t}
			}
			t.null = false
		}
		o := operand{sql: r.typedParam(param{source: slotSource, slot: slot, typ: t}), typ: t}
		rest := path[i+1:]
		if f.Kind != meta.Reference || len(rest) == 0 || len(rest) == 1 && rest[0] == "id" {
			return o
		}
		return r.behind(o, nil, f.Target(), rest, "", e)
	}
	r.fail("expression: no argument %q", strings.Join(path, "."))
	return operand{sql: sqlNull}
}

func fieldNamed(fields []*meta.Field, name string) *meta.Field {
	for _, f := range fields {
		if f.Name == name {
			return f
		}
	}
	return nil
}

// argumentSlot is the place of an argument, or a field of one, among all that leaves(args) lists.
func argumentSlot(args []*meta.Field, path []string) int {
	for i, leaf := range leaves(args, nil, nil) {
		if strings.Join(leaf, ".") == strings.Join(path, ".") {
			return i
		}
	}
	return -1
}

// leaves lists the paths to all that is no input or value object itself.
func leaves(fields []*meta.Field, prefix []string, into [][]string) [][]string {
	for _, f := range fields {
		path := append(prefix[:len(prefix):len(prefix)], f.Name)
		if (f.Kind == meta.Input || f.Kind == meta.Value) && !f.Repeated {
			into = leaves(f.Fields, path, into)
		} else {
			into = append(into, path)
		}
	}
	return into
}

// typedParam is a placeholder that says its type where PostgreSQL wants it said.
func (r *renderer) typedParam(p param) string { return r.param(p) + r.cast(p.typ.kind) }

// constant is a constant in the type of what it meets.
func (r *renderer) constant(x *meta.Expr, t typ) operand {
	column := t.column
	t = typ{kind: t.kind, scale: t.scale, entity: t.entity, long: t.long}
	if slot, ok := r.slots[x]; ok {
		if t.kind == meta.Decimal && !r.postgres && isFine(x.Value) {
			t.long = true
		}
		if column {
			return operand{sql: r.param(param{source: slotSource, slot: slot, typ: t}), typ: t}
		}
		return operand{sql: r.typedParam(param{source: slotSource, slot: slot, typ: t}), typ: t}
	}
	if t.kind == meta.Int || t.kind == meta.Int64 {
		switch v := x.Value.(type) {
		case float64:
			t.kind = meta.Float // which the other side becomes
		case string: // a Decimal beside a sum of nothing
			t = typ{kind: meta.Decimal, scale: fraction(v, 0)}
		}
	}
	sql, err := r.literal(x.Value, t)
	if err != nil {
		r.fail("constant %v: %w", x.Value, err)
	}
	return operand{sql: sql, typ: t.sized(sql)}
}

// bracket puts what is more than one word in brackets.
func bracket(sql string) string {
	if !strings.Contains(sql, " ") || strings.HasPrefix(sql, "(") && closes(sql) == len(sql)-1 {
		return sql
	}
	return "(" + sql + ")"
}
