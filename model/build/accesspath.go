package build

import (
	"slices"
	"strings"

	"github.com/fettlehq/fettle/model"
	"github.com/fettlehq/fettle/schema"
)

// A design states by which way rows are found: by key, by the row that they belong to, in the order of a list, and by the
// condition of a query. The last has its index here, where the design has none that serves it:
//
//	owner == viewer, owner == user     the columns that are equal to what the request knows, then the order of the page
//	closedAt == null, status != DONE   the order of the page, of these rows alone
//	startsAt > now                     the column that is compared
//	author.followed                    the order of the page; the other side of the reference has its own
//
// Alternatives have one each. A condition on nothing of these reads all rows (scan.go). What callers filter by is their choice and has no
// index for its sake.

// queryIndexes serves the queries of a model that list rows of the table.
func (t *tableBuilder) queryIndexes(m *model.Model) {
	for _, module := range m.Modules {
		for _, o := range module.Operations {
			if o.Where != nil && o.Result != nil && o.Result.Target == t.entity {
				way := accessPath{tableBuilder: t, args: o.Args}
				way.serve(way.plain(o.Where, false, 0), o.Result.Page.Order)
			}
		}
	}
}

// accessPath is how the rows of a query are found.
type accessPath struct {
	*tableBuilder
	args []*model.Field
	// alternative: the condition is one of several, each of which needs an index that leads to its rows: SQLite takes none of some rows.
	alternative bool
	// named are the computed fields of which plain made conditions.
	named map[*model.Expr]*model.Field
}

// serve makes sure that an index leads to the rows for which a condition holds.
func (t accessPath) serve(x *model.Expr, order []model.Order) {
	var equal, compared []*model.Field
	var constant, some, alternatives []*model.Expr
	all := conjuncts(x)
	for _, c := range all {
		switch f := t.comparedWith(c); {
		case t.alternative && f == nil:
		case f != nil && isEquality(c) && (t.alternative || t.found(f) || !t.provable(c)):
			equal = append(equal, f)
		case !t.alternative && t.provable(c):
			constant = append(constant, c)
		case f != nil && t.from(c):
			compared = append([]*model.Field{f}, compared...) // of instants the later ones are few
		case f != nil:
			compared = append(compared, f)
		case t.isKept(c):
			some = append(some, c)
		case c.Op == model.Or && alternatives == nil:
			alternatives = ofRows(c.Args)
		}
	}
	switch {
	case len(equal) > 0:
		t.ofEqual(equal, order)
	case len(constant) > 0:
		t.ofSome(constant, order)
	case len(compared) > 0:
		if parts := t.withinTenant(compared[0].Column); !t.found(compared[0]) {
			t.table.Indexes = append(t.table.Indexes, &schema.Index{Name: t.unusedIndex(named(parts)), Parts: parts})
		}
	case len(some) > 0:
		t.ofSome(some, order)
	case !slices.ContainsFunc(all, isSearch):
		t.alternative = t.alternative || len(alternatives) > 1
		for _, alternative := range alternatives {
			t.serve(alternative, order)
		}
		if alternatives == nil && !t.alternative {
			t.ordered(order, named(t.withinTenant())...)
		}
	}
}

// ofRows are the conditions that are not the same for all rows.
func ofRows(xs []*model.Expr) []*model.Expr {
	return slices.DeleteFunc(slices.Clone(xs), func(x *model.Expr) bool { return !ofRow(x) })
}

// plain is x, or its opposite, without what says the same in another way: computed conditions of the row are written out, negations stand at
// comparisons, a choice is two alternatives. Package query writes its statements so.
func (t accessPath) plain(x *model.Expr, negate bool, depth int) *model.Expr {
	if depth > deepest {
		return x
	}
	again := func(x *model.Expr, negate bool) *model.Expr { return t.plain(x, negate, depth+1) }
	switch x.Op {
	case model.Not:
		return again(x.Args[0], !negate)
	case model.And, model.Or:
		op := x.Op
		if negate {
			op = map[model.Op]model.Op{model.And: model.Or, model.Or: model.And}[op]
		}
		return t.join(op, again, negate, x.Args...)
	case model.Const:
		if truth, ok := x.Value.(bool); ok && negate {
			return &model.Expr{Op: model.Const, Kind: model.Boolean, Value: !truth}
		}
		return x
	case model.If:
		return t.choice(x, negate, again)
	case model.Get:
		if f := t.computedField(x); f != nil && f.Kind == model.Boolean {
			x := again(f.Computed, negate)
			if t.named != nil {
				t.named[x] = f
			}
			return x
		}
	case model.In:
		if len(x.Args) == 2 {
			return again(&model.Expr{Op: model.Eq, Kind: model.Boolean, Args: x.Args}, negate)
		}
	case model.Exists:
		if one := oneOfGiven(x); one != nil {
			return orNot(one, negate)
		}
	case model.Eq, model.Ne, model.Lt, model.Le, model.Gt, model.Ge:
		return t.plainComparison(x, negate)
	}
	return orNot(x, negate)
}

// oneOfGiven is x, which asks for a row's own value in a list among the arguments, as a comparison of it with what is in the list; nil for
// another x.
func oneOfGiven(x *model.Expr) *model.Expr {
	list, c := x.Args[0], x.Args[1]
	if list.Op != model.Get || list.Root != model.Arg || len(list.Path) != 1 || c.Op != model.Eq {
		return nil
	}
	value, element := c.Args[0], c.Args[1]
	if isElement(value, x) {
		value, element = element, value
	}
	if !isElement(element, x) || value.Op != model.Get || value.Root != model.This || len(value.Path) > 1 {
		return nil
	}
	return &model.Expr{Op: model.In, Kind: model.Boolean, Args: []*model.Expr{value, list}}
}

// isElement tells whether a is the element itself of the list that x goes through.
func isElement(a, x *model.Expr) bool {
	return a.Op == model.Get && a.Root == model.Variable && a.Var == x.Var && len(a.Path) == 0
}

func orNot(x *model.Expr, not bool) *model.Expr {
	if not {
		return negate(x)
	}
	return x
}

// contrary are the comparisons that hold where others do not: of sides that are not null, save the first two.
var contrary = map[model.Op]model.Op{
	model.Eq: model.Ne, model.Ne: model.Eq, model.Lt: model.Ge, model.Ge: model.Lt, model.Gt: model.Le, model.Le: model.Gt,
}

func (t accessPath) plainComparison(x *model.Expr, negate bool) *model.Expr {
	if x.Args[0].Op == model.Const && x.Args[1].Op != model.Const {
		x = &model.Expr{Op: turned(x.Op), Kind: x.Kind, Args: []*model.Expr{x.Args[1], x.Args[0]}}
	}
	x = shifted(x)
	equality := x.Op == model.Eq || x.Op == model.Ne
	if negate && (equality || !slices.ContainsFunc(x.Args, t.mayBeNull)) {
		other := *x
		other.Op = contrary[x.Op]
		x, negate = &other, false
	}
	if list, some, ok := t.asksForAny(x); ok {
		any := &model.Expr{Op: model.Exists, Kind: model.Boolean, Var: list.Var, Args: list.Args}
		return orNot(any, some == negate)
	}
	return orNot(x, negate)
}

// shifted is x with a constant duration moved from a field to now: startsAt - 24h < now is startsAt < now + 24h.
func shifted(x *model.Expr) *model.Expr {
	field, now := x.Args[0], x.Args[1]
	if field.Op == model.Now {
		field, now = now, field
	}
	if now.Op != model.Now || field.Op != model.Add && field.Op != model.Sub || field.Args[0].Op != model.Get || field.Args[1].Op != model.Const {
		return x
	}
	back := model.Sub
	if field.Op == model.Sub {
		back = model.Add
	}
	op := x.Op
	if x.Args[0].Op == model.Now {
		op = turned(op)
	}
	return &model.Expr{Op: op, Kind: x.Kind, Args: []*model.Expr{field.Args[0], {Op: back, Kind: now.Kind, Args: []*model.Expr{now, field.Args[1]}}}}
}

// join is a conjunction or a disjunction of what each makes of xs, without those that are known.
func (t accessPath) join(op model.Op, each func(*model.Expr, bool) *model.Expr, negate bool, xs ...*model.Expr) *model.Expr {
	out := &model.Expr{Op: op, Kind: model.Boolean}
	decides := op == model.Or // true || …, false && …
	for _, x := range xs {
		switch x = each(x, negate); {
		case x.Op == model.Const && x.Value == decides:
			return x
		case x.Op == model.Const && x.Value == !decides:
		case x.Op == op:
			out.Args = append(out.Args, x.Args...)
		default:
			out.Args = append(out.Args, x)
		}
	}
	switch len(out.Args) {
	case 0:
		return &model.Expr{Op: model.Const, Kind: model.Boolean, Value: !decides}
	case 1:
		return out.Args[0]
	}
	return out
}

// choice is a ? b : c as a && b || !a && c, unless a is long: statements do not write it twice then.
func (t accessPath) choice(x *model.Expr, negate bool, again func(*model.Expr, bool) *model.Expr) *model.Expr {
	condition, unless := again(x.Args[0], false), again(x.Args[0], true)
	yes, no := again(x.Args[1], negate), again(x.Args[2], negate)
	if yes.Op != model.Const && no.Op != model.Const && t.long(condition) {
		return orNot(x, negate)
	}
	asIs := func(x *model.Expr, _ bool) *model.Expr { return x }
	return t.join(model.Or, asIs, false, t.join(model.And, asIs, false, condition, yes), t.join(model.And, asIs, false, unless, no))
}

// long tells whether x asks for other rows, or chooses.
func (t accessPath) long(x *model.Expr) bool {
	switch x.Op {
	case model.If, model.Exists, model.Find, model.Can, model.Count, model.Sum, model.Min, model.Max, model.Avg:
		return true
	case model.Get:
		return len(x.Path) > 0 && x.Root == model.Viewer || x.Root == model.This && len(x.Path) > 0 && t.ownColumn(x) == nil
	}
	return slices.ContainsFunc(x.Args, t.long)
}

// mayBeNull tells whether the value of x may be null, as far as one sees at x.
func (t accessPath) mayBeNull(x *model.Expr) bool {
	fields := t.args
	switch {
	case x.Op == model.Const:
		return x.Value == nil
	case x.Op == model.Now, x.Op == model.Count:
		return false
	case x.Op == model.Call && x.Name == "size":
		return t.mayBeNull(x.Args[0])
	case x.Op == model.Sub || x.Op == model.Add:
		return x.Args[0].Op != model.Now || x.Args[1].Op != model.Const
	case x.Op == model.Get && x.Root == model.Viewer:
		return len(x.Path) > 0
	case x.Op == model.Get && x.Root == model.This:
		if t.ownColumn(x) == nil {
			return len(x.Path) > 0
		}
		fields = t.entity.Fields
	case x.Op != model.Get || x.Root != model.Arg:
		return true
	}
	for _, name := range x.Path {
		f := find(fields, name)
		if f == nil || f.Null {
			return true
		}
		fields = f.Fields
		if f.Struct != nil && len(fields) == 0 {
			fields = f.Struct.Fields
		}
	}
	return false
}

// asksForAny tells whether x asks whether a list of rows has one or none, by their number.
func (t accessPath) asksForAny(x *model.Expr) (list *model.Expr, some, ok bool) {
	list, least, op := x.Args[0], x.Args[1], x.Op
	if f := t.computedField(list); f != nil {
		list = f.Computed
	}
	if list.Op != model.Count || least.Op != model.Const || t.scalars(list.Args[0]) != nil {
		return nil, false, false
	}
	zero, one := least.Value == int64(0), least.Value == int64(1)
	switch {
	case zero && (op == model.Gt || op == model.Ne), one && op == model.Ge:
		return list, true, true
	case zero && (op == model.Eq || op == model.Le), one && op == model.Lt:
		return list, false, true
	}
	return nil, false, false
}

// turned is the comparison with its sides exchanged.
func turned(op model.Op) model.Op {
	if other, ok := map[model.Op]model.Op{model.Lt: model.Gt, model.Gt: model.Lt, model.Le: model.Ge, model.Ge: model.Le}[op]; ok {
		return other
	}
	return op
}

// scalars is the field of the row that holds a list of values, where x is one.
func (t accessPath) scalars(x *model.Expr) *model.Field {
	if x.Op != model.Get || x.Root != model.This || len(x.Path) != 1 {
		return nil
	}
	if f := find(t.entity.Fields, x.Path[0]); f != nil && f.Scalars() {
		return f
	}
	return nil
}

func isSearch(x *model.Expr) bool {
	return x.Op == model.Call && x.Name == "matches" && x.Args[0].Kind == model.Ref
}

func conjuncts(x *model.Expr) (all []*model.Expr) {
	if x.Op != model.And {
		return []*model.Expr{x}
	}
	for _, a := range x.Args {
		all = append(all, conjuncts(a)...)
	}
	return all
}

// computedField is the field of the row that x is, where it is computed; else nil.
func (t *tableBuilder) computedField(x *model.Expr) *model.Field {
	if x.Op != model.Get || x.Root != model.This || len(x.Path) != 1 {
		return nil
	}
	if f := find(t.entity.Fields, x.Path[0]); f != nil && f.Computed != nil {
		return f
	}
	return nil
}

// comparedWith is the column that a comparison is about, nil where the other side is not the same for all rows.
func (t *tableBuilder) comparedWith(x *model.Expr) *model.Field {
	if x.Op != model.In && comparisons[x.Op] == "" || x.Op == model.Ne {
		return nil
	}
	if f := t.ownColumn(x.Args[0]); f != nil && !slices.ContainsFunc(x.Args[1:], ofRow) {
		return f
	}
	if f := t.ownColumn(x.Args[1]); f != nil && x.Op != model.In && !ofRow(x.Args[0]) {
		return f
	}
	return nil
}

// from tells whether the comparison x gives its column a least value.
func (t *tableBuilder) from(x *model.Expr) bool {
	op := x.Op
	if t.ownColumn(x.Args[0]) == nil {
		op = turned(op)
	}
	return op == model.Gt || op == model.Ge
}

func isEquality(x *model.Expr) bool { return x.Op == model.Eq || x.Op == model.In }

// found tells whether an index leads to the rows that are equal in f.
func (t *tableBuilder) found(f *model.Field) bool {
	parts := t.withinTenant(f.Column)
	return f.Column == "id" || t.leads(parts) || t.leads(parts[len(parts)-1:])
}

// ownColumn is the field of the row, or the part of a value in it, whose column x is, nil where it is none.
func (t *tableBuilder) ownColumn(x *model.Expr) *model.Field {
	if x.Op != model.Get || x.Root != model.This {
		return nil
	}
	if len(x.Path) == 0 { // the row is its id
		return find(t.entity.Fields, "id")
	}
	var f *model.Field
	fields := t.entity.Fields
	for _, name := range x.Path {
		if f != nil && f.Kind == model.Ref && name == "id" {
			continue
		}
		if f != nil && f.Kind != model.Value {
			return nil
		}
		if f = find(fields, name); f == nil {
			return nil
		}
		fields = f.Fields
	}
	if f.Column == "" || isComputed(f) || f.Repeated {
		return nil
	}
	return f
}

// ofRow tells whether the value of x depends on the row.
func ofRow(x *model.Expr) bool {
	return x.Op == model.Get && (x.Root == model.This || x.Root == model.Variable) || slices.ContainsFunc(x.Args, ofRow)
}

// provable tells whether the condition x is known before any request, and databases see that a statement that has it needs no
// rows but those of an index that has it: both write it alike, which they do not where a comparison may meet null, in a
// negation, or in a reckoning.
func (t *tableBuilder) provable(x *model.Expr) bool {
	if slices.ContainsFunc(x.Args, reckons) || sameSides(x) {
		return false
	}
	switch x.Op {
	case model.Get, model.Eq, model.In, model.Lt, model.Le, model.Gt, model.Ge:
	case model.Ne:
		if !isNull(x.Args[0]) && !isNull(x.Args[1]) {
			return false
		}
	default:
		return false
	}
	that, ok := predicate(t.entity, x)
	return ok && !strings.Contains(that.Postgres, "coalesce(")
}

// isKept tells whether an index can hold the rows for which x is true and no others, so that databases see what it is for.
func (t *tableBuilder) isKept(x *model.Expr) bool {
	inner := x
	if x.Op == model.Not {
		inner = x.Args[0]
	}
	switch inner.Op {
	case model.Get, model.Eq, model.Ne, model.Lt, model.Le, model.Gt, model.Ge, model.In:
	default:
		return false
	}
	_, ok := predicateOfIndex(t.entity, x)
	return ok && ofRow(x) && !sameSides(inner) && !slices.ContainsFunc(inner.Args, reckons)
}

// sameSides tells whether x compares a column with itself.
func sameSides(x *model.Expr) bool {
	return len(x.Args) == 2 && x.Args[0].Op == model.Get && x.Args[1].Op == model.Get && slices.Equal(x.Args[0].Path, x.Args[1].Path)
}

// reckons tells whether x is worked out, by steps that a statement writes so that none fails.
func reckons(x *model.Expr) bool {
	switch x.Op {
	case model.Add, model.Sub, model.Mul, model.Div, model.Mod, model.Neg:
		return true
	}
	return slices.ContainsFunc(x.Args, reckons)
}

// ofEqual serves the rows that are equal in some columns, unless one of them leads to few rows already.
func (t *tableBuilder) ofEqual(fields []*model.Field, order []model.Order) {
	if slices.ContainsFunc(fields, t.found) {
		return
	}
	t.ordered(order, named(t.withinTenant(columns(fields)...))...)
	if parts := t.withinTenant(fields[0].Column); !t.leads(parts) { // an order that no index has
		t.table.Indexes = append(t.table.Indexes, &schema.Index{Name: t.unusedIndex(named(parts)), Parts: parts})
	}
}

// ofSome serves the rows for which conditions hold that are known before any request, in the order of the page.
func (t *tableBuilder) ofSome(conditions []*model.Expr, order []model.Order) {
	all := conditions[0]
	if len(conditions) > 1 {
		all = &model.Expr{Op: model.And, Args: conditions}
	}
	when, _ := predicateOfIndex(t.entity, all)
	alike := func(i *schema.Index) bool { return i.Where != nil && *i.Where == when }
	if slices.ContainsFunc(t.table.Indexes, alike) {
		return
	}
	some := &tableBuilder{table: &schema.Table{Name: t.table.Name}, entity: t.entity}
	some.ordered(order, named(t.withinTenant())...)
	for _, i := range some.table.Indexes {
		i.Name, i.Where = t.unusedIndex(named(i.Parts)), &when
		t.table.Indexes = append(t.table.Indexes, i)
	}
}

// withinTenant is columns, behind that of the tenant where rows have one.
func (t *tableBuilder) withinTenant(columns ...string) []schema.IndexPart {
	var parts []schema.IndexPart
	if c := t.entity.TenantColumn; c != "" && c != "id" && !slices.Contains(columns, c) {
		parts = append(parts, schema.IndexPart{Column: c})
	}
	for _, c := range columns {
		parts = append(parts, schema.IndexPart{Column: c})
	}
	return parts
}

func named(parts []schema.IndexPart) []string {
	names := make([]string, len(parts))
	for i, p := range parts {
		names[i] = p.Column
	}
	return names
}
