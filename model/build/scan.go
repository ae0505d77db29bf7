package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// scanned reports a query that finds its rows by nothing but a text in the middle of a field, or what is worked out of each row: no
// index leads to those. Unlike one with a condition that most rows fit, it reads all of them to fill a page.
func (b *builder) scanned(op *model.Operation, o *design.Operation) {
	d := design.Find(o.Directives, "where")
	if op.Where == nil || isTrue(d.Arg("scan")) {
		return
	}
	e := op.Result.Target
	s := scans{&tableBuilder{entity: e}}.condition(op.Where, 0)
	if s == nil {
		return
	}
	hint, what := "compare a field that is stored", "what it compares is worked out of each row, and no index has it"
	switch {
	case s.text:
		hint, what = "search "+s.field.Name+" with @search and this.matches(…)", "no index finds a text within "+s.field.Name
	case s.field != nil:
		hint, what = fmt.Sprintf("keep %s in a field that is stored", s.field.Name), s.field.Name+" is worked out of each row, and no index has it"
	}
	b.problems.Add(d.Arg("that").Pos, Unindexed, hint+", or write @where(that: …, scan: true)", "%s reads all %s: %s", op.Name, e.Plural, what)
}

// scannedPages reports lists of all rows in an order that no index has: each page reads all of them.
func (b *builder) scannedPages() {
	for _, e := range b.model.Entities {
		d := design.Find(b.declared[e].Directives, "page")
		if len(e.Allow.Read) == 0 || e.Internal || isTrue(d.Arg("scan")) {
			continue
		}
		for _, name := range d.Arg("order").Names() {
			f := find(e.Fields, strings.TrimSuffix(strings.TrimSuffix(name.Text, "_DESC"), "_ASC"))
			if f != nil && f.Computed != nil {
				b.problems.Add(name.Pos, Unindexed, "order by a field that is stored, or write @page(order: …, scan: true)",
					"a page of %s reads all of them: %s is worked out of each row, and no index has it", e.Plural, f.Name)
			}
		}
	}
}

// scan is what rows are found by though no index has it: a text within a field, or what is worked out of each row, by a computed
// field or by the condition itself.
type scan struct {
	field *model.Field
	text  bool
}

// scans looks for them in conditions on the rows of a table.
type scans struct{ *tableBuilder }

// deepest is how far computed fields are followed: those that ask each other without end are reported elsewhere.
const deepest = 16

// condition is what the rows are found by for which x holds, nil where an index leads to them, or another way does.
func (t scans) condition(x *model.Expr, depth int) *scan {
	if depth > deepest {
		return nil
	}
	switch x.Op {
	case model.Or: // one alternative is enough to read all
		for _, a := range x.Args {
			if s := t.condition(a, depth+1); s != nil {
				return s
			}
		}
		return nil
	case model.And:
		var first *scan
		for _, a := range x.Args {
			s := t.condition(a, depth+1)
			if s == nil && t.dependsOnRow(a, depth+1) {
				return nil
			}
			if first == nil {
				first = s
			}
		}
		return first
	case model.Get:
		f := t.computedField(x)
		if f == nil {
			return nil
		}
		s := t.condition(f.Computed, depth+1)
		if s != nil && !s.text {
			s.field = f
		}
		return s
	case model.Call:
		within := x.Name == "contains" || x.Name == "startsWith" || x.Name == "endsWith" || x.Name == "matches" && x.Args[0].Kind != model.Ref // a pattern, and no search
		if !within || len(x.Args) != 2 {
			return nil
		}
		if f := t.ownColumn(x.Args[0]); f != nil {
			return &scan{field: f, text: true}
		}
		return t.operand(x.Args[0])
	case model.Eq, model.Lt, model.Le, model.Gt, model.Ge, model.In:
		return t.comparison(x)
	}
	return nil
}

func (t scans) comparison(x *model.Expr) *scan {
	if t.comparedWith(x) != nil || t.provable(x) || t.asksForAny(x) || slices.ContainsFunc(x.Args, isNull) {
		return nil
	}
	if s := t.operand(x.Args[0]); s != nil || x.Op == model.In {
		return s
	}
	return t.operand(x.Args[1])
}

// asksForAny tells whether x asks whether a list has a row or none: the rows of the list lead to those that have it.
func (t scans) asksForAny(x *model.Expr) bool {
	list, least := x.Args[0], x.Args[1]
	one := x.Op == model.Ge || x.Op == model.Lt // compares with one, the others with zero
	if list.Op == model.Const {
		list, least = least, list
		one = x.Op == model.Le || x.Op == model.Gt
	}
	if f := t.computedField(list); f != nil {
		list = f.Computed
	}
	if list.Op != model.Count || least.Op != model.Const {
		return false
	}
	return one && least.Value == int64(1) || !one && x.Op != model.In && least.Value == int64(0)
}

// operand is what a side of a comparison is worked out of, nil where it is no reckoning of the row alone.
func (t scans) operand(x *model.Expr) *scan {
	if t.ownColumn(x) != nil || !t.dependsOnRow(x, 0) || !t.ofItself(x, 0) {
		return nil
	}
	return &scan{field: t.computedField(x)}
}

// ofItself tells whether all that x asks of its row are columns and what lists come to: what lies behind a reference, and the rows of
// a list that fit a condition, are ways on which indexes may lead back.
func (t scans) ofItself(x *model.Expr, depth int) bool {
	if depth > deepest {
		return false
	}
	switch x.Op {
	case model.Exists, model.Find, model.Can:
		return false
	case model.Count, model.Sum, model.Min, model.Max, model.Avg:
		return t.ofItself(x.Args[0], depth+1)
	case model.Get:
		if x.Root != model.This {
			return true
		}
		if f := t.computedField(x); f != nil {
			return t.ofItself(f.Computed, depth+1)
		}
		if len(x.Path) == 0 {
			return true
		}
		f := find(t.entity.Fields, x.Path[0])
		return f != nil && (len(x.Path) == 1 || f.Kind == model.Value)
	}
	return !slices.ContainsFunc(x.Args, func(a *model.Expr) bool { return !t.ofItself(a, depth+1) })
}

// dependsOnRow tells whether x is not the same for all rows.
func (t scans) dependsOnRow(x *model.Expr, depth int) bool {
	if f := t.computedField(x); f != nil && depth <= deepest {
		return t.dependsOnRow(f.Computed, depth+1)
	}
	return x.Op == model.Get && x.Root == model.This ||
		slices.ContainsFunc(x.Args, func(a *model.Expr) bool { return t.dependsOnRow(a, depth+1) })
}
