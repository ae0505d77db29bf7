package query

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

var operators = map[meta.Op]string{
	meta.OpEq: "=", meta.OpLt: "<", meta.OpLe: "<=", meta.OpGt: ">", meta.OpGe: ">=", meta.OpNe: "<>",
}

// compare is a comparison that is false or unknown where a side is null.
func (r *renderer) compare(x *meta.Expr, e env) string {
	if lifted, ok := r.lift(x, e); ok {
		return lifted
	}
	a, b := x.Args[0], x.Args[1]
	if isNull(a) || isNull(b) {
		if x.Op != meta.OpEq {
			return sqlFalse
		}
		if isNull(a) {
			a, b = b, a
		}
		return r.isNull(a, e)
	}
	if a.Op == meta.OpConst && b.Op != meta.OpConst { // as an index that is kept for it has it
		return r.compare(&meta.Expr{Op: turned(x.Op), Args: []*meta.Expr{b, a}}, e)
	}
	if condition, ok := r.asksForAny(x, e); ok {
		return condition
	}
	a, b = shiftDuration(a, b)
	left, right := r.pair(a, b, e)
	if left.sql == sqlNull || right.sql == sqlNull {
		return sqlFalse
	}
	return conjunction(left.sql+" "+operators[x.Op]+" "+right.sql, left.guard, right.guard)
}

// differ is a != b, which is true where a side is null.
func (r *renderer) differ(x *meta.Expr, e env, negate bool) string {
	equal := &meta.Expr{Op: meta.OpEq, Args: x.Args}
	if negate {
		return r.compare(equal, e)
	}
	a, b := x.Args[0], x.Args[1]
	if isNull(a) || isNull(b) {
		if isNull(a) {
			a, b = b, a
		}
		return notNull(r.isNull(a, e))
	}
	if _, _, deep := r.hop(equal, e); !deep {
		if condition, ok := r.asksForAny(equal, e); ok {
			return opposite(condition, true)
		}
		left, right := r.pair(a, b, e)
		if left.sql != sqlNull && right.sql != sqlNull && !left.nullable() && !right.nullable() {
			return left.sql + " <> " + right.sql
		}
	}
	return opposite(r.compare(equal, e), true)
}

// turned is the comparison with its sides exchanged.
func turned(op meta.Op) meta.Op {
	if other, ok := map[meta.Op]meta.Op{meta.OpLt: meta.OpGt, meta.OpGt: meta.OpLt, meta.OpLe: meta.OpGe, meta.OpGe: meta.OpLe}[op]; ok {
		return other
	}
	return op
}

// contrary are the comparisons that hold where others do not, of sides that are not null.
var contrary = map[meta.Op]meta.Op{meta.OpLt: meta.OpGe, meta.OpGe: meta.OpLt, meta.OpGt: meta.OpLe, meta.OpLe: meta.OpGt}

// beyond is !(a < b) and its like, which is true where a side is null. Where none can be, it is the contrary comparison, which an index serves.
func (r *renderer) beyond(x *meta.Expr, e env) string {
	if _, _, deep := r.hop(x, e); !deep && !isNull(x.Args[0]) && !isNull(x.Args[1]) {
		left, right := r.pair(x.Args[0], x.Args[1], e)
		if left.sql != sqlNull && right.sql != sqlNull && !left.nullable() && !right.nullable() {
			return r.compare(&meta.Expr{Op: contrary[x.Op], Args: x.Args}, e)
		}
	}
	return opposite(r.compare(x, e), true)
}

// choice is a ? b : c as a condition: as alternatives, which indexes serve, unless a is long, for they have it twice.
func (r *renderer) choice(x *meta.Expr, condition, yes, no string, e env) string {
	unless := func() string { return r.cond(x.Args[0], e, true) }
	switch {
	case no == sqlFalse:
		return conjunction(condition, yes)
	case yes == sqlTrue:
		return disjunction(condition, no)
	case yes == sqlFalse:
		return conjunction(unless(), no)
	case no == sqlTrue:
		return disjunction(unless(), yes)
	case strings.Contains(condition, "SELECT ") || strings.Contains(condition, "CASE "):
		return "CASE WHEN " + condition + " THEN " + yes + " ELSE " + no + " END"
	}
	return disjunction(conjunction(condition, yes), conjunction(unless(), no))
}

func isNull(x *meta.Expr) bool { return x.Op == meta.OpConst && x.Value == nil }

// isNull is x == null.
func (r *renderer) isNull(x *meta.Expr, e env) string {
	if isNull(x) {
		return sqlTrue
	}
	o := r.value(x, e)
	switch {
	case o.sql == sqlNull:
		return sqlTrue
	case !o.nullable():
		return sqlFalse
	case !o.typ.null:
		return opposite(o.guard, true) // null only where hidden
	}
	return bracket(o.shown()) + " IS NULL"
}

func notNull(isNull string) string {
	if tested, ok := strings.CutSuffix(isNull, " IS NULL"); ok && !loose(isNull, " OR ") && !loose(isNull, " AND ") {
		return tested + " IS NOT NULL"
	}
	if there, ok := strings.CutPrefix(isNull, "NOT "); ok && opposite(there, true) == isNull {
		return there
	}
	return opposite(isNull, true)
}

// asksForAny is whether a list has an element that fits, where x compares their number with zero or one to ask that; ok where it does.
func (r *renderer) asksForAny(x *meta.Expr, e env) (condition string, ok bool) {
	list, least, op := x.Args[0], x.Args[1], x.Op
	if list.Op == meta.OpConst {
		list, least, op = least, list, turned(op)
	}
	if _, ofRequest := r.slots[least]; ofRequest || least.Op != meta.OpConst {
		return "", false
	}
	within := e
	if s, f := e.counted(list); f != nil && r.fieldGuard(s, f, e) == "" {
		list, within = f.Computed, inside(s)
	}
	if list.Op != meta.OpCount {
		return "", false
	}
	if _, scalars := r.scalars(list.Args[0], within); scalars {
		return "", false
	}
	any := &meta.Expr{Op: meta.OpExists, Args: list.Args, Var: list.Var}
	switch {
	case op == meta.OpGt && isNumber(least, 0), op == meta.OpGe && isNumber(least, 1):
		return r.exists(any, within), true
	case op == meta.OpEq && isNumber(least, 0), op == meta.OpLe && isNumber(least, 0), op == meta.OpLt && isNumber(least, 1):
		return opposite(r.exists(any, within), true), true
	}
	return "", false
}

func isNumber(x *meta.Expr, n int64) bool {
	v, ok := x.Value.(int64)
	return ok && v == n
}

// in is whether the first of x.Args equals one of the others.
func (r *renderer) in(x *meta.Expr, e env) string {
	if lifted, ok := r.lift(x, e); ok {
		return lifted
	}
	var items, guarded []string
	needle := r.value(x.Args[0], e)
	if needle.sql == sqlNull {
		return sqlFalse
	}
	for _, alternative := range x.Args[1:] {
		if isNull(alternative) {
			continue
		}
		item := r.value(alternative, e)
		if item.sql == sqlNull {
			continue
		}
		if needle.typ.untyped && !item.typ.untyped {
			needle = r.constant(x.Args[0], item.typ)
		}
		if item.typ.untyped {
			item = r.constant(alternative, needle.typ)
		}
		like, item := r.align(needle, item)
		like, item = collated(like), collated(item)
		switch {
		case item.guard != "" || like.sql != needle.sql:
			guarded = append(guarded, conjunction(like.sql+" = "+item.sql, item.guard))
		default:
			items = append(items, item.sql)
		}
	}
	alternatives := sqlFalse
	switch len(items) {
	case 0:
	case 1:
		alternatives = needle.sql + " = " + items[0]
	default:
		alternatives = needle.sql + " IN (" + strings.Join(items, ", ") + ")"
	}
	return conjunction(disjunction(append(guarded, alternatives)...), needle.guard)
}

// pair renders two sides that are compared: those that meet, and decimals with the same scale.
func (r *renderer) pair(a, b *meta.Expr, e env) (left, right operand) {
	left, right = r.meet(a, b, e)
	left, right = r.align(left, right)
	return collated(left), collated(right)
}

// meet renders two sides that meet: a constant takes the type of the other side.
func (r *renderer) meet(a, b *meta.Expr, e env) (left, right operand) {
	left, right = r.value(a, e), r.value(b, e)
	switch {
	case left.sql == sqlNull || right.sql == sqlNull:
	case left.typ.untyped && !right.typ.untyped:
		left = r.constant(a, right.typ)
	case right.typ.untyped && !left.typ.untyped:
		right = r.constant(b, left.typ)
	}
	return left, right
}

// align gives two decimals, or a decimal and a number, the same scale on SQLite, where a decimal is a scaled integer.
func (r *renderer) align(a, b operand) (operand, operand) {
	if r.postgres || a.typ.kind != meta.Decimal && b.typ.kind != meta.Decimal {
		return a, b
	}
	if a.typ.long || b.typ.long {
		return asText(a), asText(b)
	}
	scale := max(a.scale(), b.scale())
	return rescale(a, scale), rescale(b, scale)
}

func (o operand) scale() int {
	if o.typ.kind == meta.Decimal {
		return o.typ.scale
	}
	return 0
}

func rescale(o operand, scale int) operand {
	if o.scale() == scale || o.sql == sqlNull {
		return o
	}
	o.typ.bits = o.sizeAt(scale)
	o.sql = bracket(o.sql) + " * 1" + strings.Repeat("0", scale-o.scale())
	o.typ.kind, o.typ.scale, o.typ.column = meta.Decimal, scale, false
	return o
}

// sizeAt is how many bits a whole number has at most with so many digits behind the point.
func (o operand) sizeAt(scale int) int {
	if o.scale() == scale {
		return o.typ.size()
	}
	return o.typ.size() + (scale-o.scale())*10/3 + 1
}

// shiftDuration moves a constant duration from a field to now (now < createdAt + 720h is now - 720h < createdAt), so
// that an index on the field serves the comparison.
func shiftDuration(a, b *meta.Expr) (*meta.Expr, *meta.Expr) {
	if field, duration, ok := shifted(b); ok && a.Op == meta.OpNow {
		return meta.Apply(meta.OpSub, a, duration), field
	}
	if field, duration, ok := shifted(a); ok && b.Op == meta.OpNow {
		return field, meta.Apply(meta.OpSub, b, duration)
	}
	return a, b
}

func shifted(x *meta.Expr) (field, duration *meta.Expr, ok bool) {
	if x.Op != meta.OpAdd && x.Op != meta.OpSub || x.Args[0].Op != meta.OpGet || x.Args[1].Op != meta.OpConst {
		return nil, nil, false
	}
	micros, ok := x.Args[1].Value.(int64)
	if x.Op == meta.OpSub {
		micros = -micros
	}
	return x.Args[0], meta.Const(micros), ok
}

// hopOf names the reference through which a path begins: its row and its field.
type hopOf struct {
	root  meta.Root
	name  string
	field string
}

// lift renders a condition about the row that a reference leads to as EXISTS on that row, which has its key.
func (r *renderer) lift(x *meta.Expr, e env) (string, bool) {
	hop, reference, ok := r.hop(x, e)
	if !ok {
		return "", false
	}
	return r.throughHop(x, hop, reference, e), true
}

func (r *renderer) throughHop(x *meta.Expr, hop hopOf, reference *meta.Field, e env) string {
	outer := e.scopeOf(hop)
	target := &scope{entity: reference.Target(), alias: r.alias("r"), kin: akin(outer.entity, reference.Target())}
	target.name = "." + target.alias // no variable of a design is called so
	key := r.column(outer, reference)
	policy := sqlTrue
	guard := ""
	if e.guarded {
		policy = r.policy(reference.Target(), meta.Read, target)
		guard = r.fieldRule(reference, meta.Read, outer)
	}
	condition := r.cond(shorten(x, hop, target.name), e.with(target), false)
	where := conjunction(policy, condition)
	if where == sqlFalse || guard == sqlFalse {
		return sqlFalse
	}
	return conjunction(guard, r.isThere(target, key.sql, where))
}

// hop is the one reference through which x reaches, where x is false when that reference is null.
func (r *renderer) hop(x *meta.Expr, e env) (hop hopOf, reference *meta.Field, ok bool) {
	switch x.Op {
	case meta.OpEq, meta.OpLt, meta.OpLe, meta.OpGt, meta.OpGe, meta.OpIn, meta.OpGet, meta.OpCan:
	case meta.OpAnd:
		for i, part := range x.Args {
			found, field, deep := r.hop(part, e)
			if !deep || i > 0 && found != hop {
				return hopOf{}, nil, false
			}
			hop, reference = found, field
		}
		return hop, reference, reference != nil
	default:
		return hopOf{}, nil, false
	}
	if x.Op == meta.OpEq && (isNull(x.Args[0]) || isNull(x.Args[1])) {
		return hopOf{}, nil, false
	}
	// Each way in which x can be true must need the hop: one side of a comparison, or what is looked for with IN.
	needed := x.Args
	if x.Op == meta.OpGet {
		needed = []*meta.Expr{x}
	}
	if x.Op == meta.OpIn {
		needed = x.Args[:1]
	}
	for _, part := range needed {
		if part.Op != meta.OpGet {
			continue
		}
		if found, field := r.firstHop(part, e); field != nil {
			return found, field, true
		}
	}
	return hopOf{}, nil, false
}

// firstHop is the reference at the beginning of a path that goes on behind it.
func (r *renderer) firstHop(get *meta.Expr, e env) (hopOf, *meta.Field) {
	if len(get.Path) < 2 || get.Path[1] == "id" && len(get.Path) == 2 {
		return hopOf{}, nil
	}
	hop := hopOf{get.Root, get.Var, get.Path[0]}
	s := e.scopeOf(hop)
	if s == nil || s.bound != nil {
		return hopOf{}, nil
	}
	field := s.entity.Field(get.Path[0])
	if field == nil || field.Kind != meta.Reference {
		return hopOf{}, nil
	}
	return hop, field
}

func (e env) scopeOf(hop hopOf) *scope {
	switch hop.root {
	case meta.RootThis:
		return e.this
	case meta.RootVariable:
		return e.variable(hop.name)
	}
	return nil
}

func (e env) variable(name string) *scope {
	for _, s := range slices.Backward(e.vars) {
		if s.name == name {
			return s
		}
	}
	return nil
}

// shorten is x with each path through hop beginning at the variable that stands for the row behind it.
func shorten(x *meta.Expr, hop hopOf, name string) *meta.Expr {
	if x.Op == meta.OpGet && x.Root == hop.root && x.Var == hop.name && len(x.Path) > 1 && x.Path[0] == hop.field {
		return meta.Var(name, x.Path[1:]...)
	}
	if len(x.Args) == 0 {
		return x
	}
	short := *x
	short.Args = make([]*meta.Expr, len(x.Args))
	for i, a := range x.Args {
		short.Args[i] = shorten(a, hop, name)
	}
	return &short
}

// groupHops makes one conjunction of the parts of another that reach through the same reference; xs holds none itself.
func (r *renderer) groupHops(xs []*meta.Expr, e env) []*meta.Expr {
	groups := map[hopOf]int{}
	var grouped []*meta.Expr
	for _, x := range xs {
		hop, _, ok := r.hop(x, e)
		at, known := groups[hop]
		switch {
		case !ok:
			grouped = append(grouped, x)
		case !known:
			groups[hop] = len(grouped)
			grouped = append(grouped, x)
		case grouped[at].Op == meta.OpAnd:
			grouped[at].Args = append(grouped[at].Args, x)
		default:
			grouped[at] = meta.And(grouped[at], x)
		}
	}
	return grouped
}
