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
//	closedAt == null, status == OPEN   the order of the page, of these rows alone
//	startsAt > now                     the column that is compared
//
// Alternatives have one each. A condition on nothing of these finds its rows another way, or reads all: through a relation,
// by search, by what is worked out of each row (scan.go). What callers filter by is their choice and has no index for its sake.

// queryIndexes serves the queries of a model that list rows of the table.
func (t *tableBuilder) queryIndexes(m *model.Model) {
	for _, module := range m.Modules {
		for _, o := range module.Operations {
			if o.Where != nil && o.Result != nil && o.Result.Target == t.entity {
				t.accessPath(o.Where, o.Result.Page.Order)
			}
		}
	}
}

// accessPath makes sure that an index leads to the rows for which a condition holds.
func (t *tableBuilder) accessPath(x *model.Expr, order []model.Order) {
	all := t.conditions(x)
	var equal, compared []*model.Field
	var constant []*model.Expr
	for _, c := range all {
		switch f := t.comparedWith(c); {
		case f != nil && isEquality(c) && (t.found(f) || !t.provable(c)):
			equal = append(equal, f)
		case t.provable(c):
			constant = append(constant, c)
		case f != nil && (c.Op == model.Gt || c.Op == model.Ge):
			compared = append([]*model.Field{f}, compared...) // of instants the later ones are few
		case f != nil:
			compared = append(compared, f)
		case c.Op == model.Or && len(all) == 1:
			for _, alternative := range c.Args {
				t.accessPath(alternative, order)
			}
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
	}
}

// conditions are the conditions that must all hold for x, those of computed fields of the row among them.
func (t *tableBuilder) conditions(x *model.Expr) (all []*model.Expr) {
	if f := t.computedField(x); f != nil {
		return conjuncts(f.Computed)
	}
	if x.Op != model.And {
		return []*model.Expr{x}
	}
	for _, a := range x.Args {
		all = append(all, t.conditions(a)...)
	}
	return all
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
	if f := t.ownColumn(x.Args[1]); f != nil && x.Op == model.Eq && !ofRow(x.Args[0]) {
		return f
	}
	return nil
}

func isEquality(x *model.Expr) bool { return x.Op == model.Eq || x.Op == model.In }

// found tells whether an index leads to the rows that are equal in f.
func (t *tableBuilder) found(f *model.Field) bool {
	parts := t.withinTenant(f.Column)
	return f.Column == "id" || t.leads(parts) || t.leads(parts[len(parts)-1:])
}

// ownColumn is the field of the row, or the part of a value in it, whose column x is, nil where it is none.
func (t *tableBuilder) ownColumn(x *model.Expr) *model.Field {
	if x.Op != model.Get || x.Root != model.This || len(x.Path) == 0 {
		return nil
	}
	var f *model.Field
	fields := t.entity.Fields
	for _, name := range x.Path {
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
	if slices.ContainsFunc(x.Args, reckons) {
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
	when := t.where(conditions[0])
	if len(conditions) > 1 {
		when = t.where(&model.Expr{Op: model.And, Args: conditions})
	}
	alike := func(i *schema.Index) bool { return i.Where != nil && *i.Where == *when }
	if slices.ContainsFunc(t.table.Indexes, alike) {
		return
	}
	some := &tableBuilder{table: &schema.Table{Name: t.table.Name}, entity: t.entity}
	some.ordered(order, named(t.withinTenant())...)
	for _, i := range some.table.Indexes {
		i.Name, i.Where = t.unusedIndex(named(i.Parts)), when
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
