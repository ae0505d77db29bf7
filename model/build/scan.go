package build

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// scans reports what reads all rows of an entity and does not say so: queries to whose rows no index leads, and pages of all rows in an order
// that no index has.
func (b *builder) scans() {
	for _, o := range b.design.Operations {
		if op := b.made[o]; op != nil && op.Where != nil && op.Result.Target != nil {
			b.scanned(op, design.Find(o.Directives, "where"), design.Find(o.Directives, "page"))
		}
	}
	for _, e := range b.model.Entities {
		if len(e.Allow.Read) > 0 && !e.Internal {
			b.scannedPage(e, design.Find(b.declared[e].Directives, "page"))
		}
	}
}

// scanned reports a query that reads all rows. The order of the page has an index too, but a page is read in it only where most rows fit, and
// which do nobody knows beforehand.
func (b *builder) scanned(op *model.Operation, where, page *design.Directive) {
	if isTrue(where.Arg("scan")) {
		return
	}
	e := op.Result.Target
	t := rowsOf(e, op.Args)
	switch way, s := t.way(t.plain(op.Where, false, 0), 0); way {
	case read:
		hint := "write @where(that: …, scan: true)"
		if s.hint != "" {
			hint = s.hint + ", or " + hint
		}
		b.problems.Add(where.Arg("that").Pos, Unindexed, hint, "%s reads all %s: %s", op.Name, e.Plural, s.what)
	case anyRow:
		b.scannedPage(e, page)
	}
}

// scannedPage reports a list of all rows in an order that no index has: each page reads all of them.
func (b *builder) scannedPage(e *model.Entity, page *design.Directive) {
	if isTrue(page.Arg("scan")) {
		return
	}
	for _, name := range page.Arg("order").Names() {
		f := find(e.Fields, strings.TrimSuffix(strings.TrimSuffix(name.Text, "_DESC"), "_ASC"))
		if f != nil && f.Computed != nil {
			b.problems.Add(name.Pos, Unindexed, "order by a field that is stored, or write @page(order: …, scan: true)",
				"a page of %s reads all of them: %s is worked out of each row, and no index has it", e.Plural, f.Name)
		}
	}
}

// way is how the rows are found for which a condition holds.
type way int

const (
	anyRow way = iota // it is the same for all rows
	found             // an index leads to them
	led               // an index leads to other rows, which lead to them
	read              // all rows are read
)

// scan is why all rows are read, and what would find them.
type scan struct{ what, hint string }

// rows looks for the ways to the rows of an entity.
type rows struct {
	accessPath
	// behind: the rows are looked for because others refer to them, so that what the design asks of them has no index of its own.
	behind bool
}

func rowsOf(e *model.Entity, args []*model.Field) rows {
	return rows{accessPath: accessPath{tableBuilder: &tableBuilder{entity: e}, args: args, named: map[*model.Expr]*model.Field{}}}
}

// deepest is how far computed fields are followed: those that ask each other without end are reported elsewhere.
const deepest = 16

// way is how the rows are found for which x, a plain condition, holds, and of those that are read why.
func (t rows) way(x *model.Expr, depth int) (way, scan) {
	w, s := t.wayOf(x, depth)
	if f := t.named[x]; f != nil && w == read && !strings.Contains(s.what, "within") {
		s = computedScan(f)
	}
	return w, s
}

func (t rows) wayOf(x *model.Expr, depth int) (way, scan) {
	if depth > deepest || !ofRow(x) && x.Op != model.Can {
		return anyRow, scan{}
	}
	switch x.Op {
	case model.And:
		return t.together(x.Args, depth)
	case model.Or:
		return t.alternatives(x.Args, depth)
	case model.Exists:
		return t.list(x, depth)
	case model.Can:
		return t.can(x, depth)
	case model.Call:
		if isSearch(x) && len(x.Args[0].Path) == 0 {
			return found, scan{}
		}
	case model.Get, model.Eq, model.Lt, model.Le, model.Gt, model.Ge, model.In:
		if w, s, ok := t.throughReference(x, depth); ok {
			return w, s
		}
	}
	if t.indexed(x) {
		return found, scan{}
	}
	return read, t.why(x)
}

// indexed tells whether an index leads to the rows for which x holds.
func (t rows) indexed(x *model.Expr) bool {
	if !t.behind {
		return t.comparedWith(x) != nil || !t.alternative && t.isKept(x)
	}
	f := t.comparedWith(x)
	if f == nil && x.Op == model.Get {
		f = t.ownColumn(x)
	}
	return f != nil && t.leadsTo(f)
}

// leadsTo tells whether an index begins with f as the design is written.
func (t rows) leadsTo(f *model.Field) bool {
	e := t.entity
	first := func(fields []*model.Field, when *model.Expr) bool { return when == nil && fields[0] == f }
	return f.Name == "id" && f.Auto || f.Kind == model.Ref ||
		slices.ContainsFunc(e.Uniques, func(u *model.Unique) bool { return !u.IgnoreCase && first(u.Fields, u.When) }) ||
		slices.ContainsFunc(e.Indexes, func(i *model.Index) bool { return first(i.Fields, i.When) }) ||
		len(e.Allow.Read) > 0 && !e.Internal && len(e.Page.Order) > 0 && e.Page.Order[0].Field == f
}

// together is the way to the rows for which all of xs hold: the best of theirs.
func (t rows) together(xs []*model.Expr, depth int) (best way, s scan) {
	for _, x := range xs {
		switch w, why := t.way(x, depth+1); {
		case w == anyRow:
		case best == anyRow || w < best:
			best, s = w, why
		}
	}
	return best, s
}

// alternatives is the way to the rows for which one of xs holds. Where other rows lead to some of them, or where one asks something of the
// request that is not known when the statement is written, databases read all and look.
func (t rows) alternatives(xs []*model.Expr, depth int) (worst way, s scan) {
	some := ofRows(xs)
	known := !slices.ContainsFunc(xs, func(x *model.Expr) bool { return !ofRow(x) && !isKnown(x) })
	t.alternative = t.alternative || len(some) > 1
	for _, x := range some {
		if w, why := t.way(x, depth+1); w > worst {
			worst, s = w, why
		}
	}
	if worst == read || worst == anyRow || known && (worst == found || len(some) == 1) {
		return worst, s
	}
	return read, scan{what: "no index finds the rows of one alternative or of another", hint: "make a query of each"}
}

// isKnown tells whether x is known when a statement is written: whether somebody asks, and whether an argument is given.
func isKnown(x *model.Expr) bool {
	switch x.Op {
	case model.Const:
		return true
	case model.Eq, model.Ne:
		return slices.ContainsFunc(x.Args, isNull) && slices.ContainsFunc(x.Args, func(a *model.Expr) bool {
			return a.Op == model.Get && (a.Root == model.Arg || a.Root == model.Viewer && len(a.Path) == 0)
		})
	}
	return (x.Op == model.And || x.Op == model.Or || x.Op == model.Not) && !slices.ContainsFunc(x.Args, func(a *model.Expr) bool { return !isKnown(a) })
}

// list is the way to the rows of which a list has an element that fits.
func (t rows) list(x *model.Expr, depth int) (way, scan) {
	if f := t.scalars(x.Args[0]); f != nil {
		c := x.Args[1]
		asksForOne := (c.Op == model.Eq || c.Op == model.In) && slices.ContainsFunc(c.Args, func(a *model.Expr) bool { return isElement(a, x) })
		if asksForOne && slices.ContainsFunc(t.entity.Indexes, func(i *model.Index) bool { return i.Fields[0] == f && i.When == nil }) {
			return found, scan{}
		}
		return read, scan{what: "no index has what is in " + f.Name, hint: "write @index on it and ask for one of its values"}
	}
	e, through := t.elements(x.Args[0])
	switch {
	case e == nil && t.leadHere(x):
		return led, scan{}
	case e == nil && x.Args[0].Root == model.Arg && len(x.Args[0].Path) == 1:
		return read, scan{what: "no index finds rows by what is in a list among the arguments"}
	case e == nil:
		return read, scan{what: "what it compares is worked out of each row, and no index has it", hint: "compare a field that is stored"}
	case x.Args[1].Op == model.Const:
		return led, scan{}
	}
	inner := t.of(e)
	inner.args = t.args
	w, s := inner.way(inner.plain(ofElement(x.Args[1], x.Var), false, 0), depth+1)
	if w == anyRow || w == found || w == led {
		return led, scan{}
	}
	return read, behind(s, e, through)
}

// leadHere tells whether x asks for a row of a list of the viewer, or of a row that is an argument, which leads to the row:
// author in viewer.following.
func (t rows) leadHere(x *model.Expr) bool {
	list := x.Args[0]
	if list.Op != model.Get || list.Root != model.Viewer && (list.Root != model.Arg || len(list.Path) < 2) {
		return false
	}
	ofElement := func(a *model.Expr) bool { return a.Op == model.Get && a.Root == model.Variable && a.Var == x.Var }
	return slices.ContainsFunc(conjuncts(x.Args[1]), func(c *model.Expr) bool {
		if c.Op != model.Eq {
			return false
		}
		here, there := c.Args[0], c.Args[1]
		if ofElement(here) {
			here, there = there, here
		}
		f := t.ownColumn(here)
		return f != nil && ofElement(there) && there.Kind != "" && t.leadsTo(f)
	})
}

// of looks for rows of e that lead to those of t.
func (t rows) of(e *model.Entity) rows {
	inner := rowsOf(e, t.args)
	inner.behind = true
	return inner
}

// behind is why no index leads to the rows of e, which would lead to others.
func behind(s scan, e *model.Entity, path []string) scan {
	if s.hint == "" {
		s.hint = "compare what an index has"
	}
	return scan{what: "of " + strings.Join(path, ".") + ", " + s.what, hint: s.hint}
}

// elements is the entity of which a list of the row holds rows, and the path to it.
func (t rows) elements(list *model.Expr) (*model.Entity, []string) {
	if list.Op != model.Get || list.Root != model.This || len(list.Path) == 0 {
		return nil, nil
	}
	e := t.entity
	for _, name := range list.Path {
		f := find(e.Fields, name)
		if f == nil || f.Target == nil {
			return nil, nil
		}
		e = f.Target
	}
	return e, list.Path
}

// throughReference is the way to the rows whose reference leads to one that fits; ok where x asks that.
func (t rows) throughReference(x *model.Expr, depth int) (w way, s scan, ok bool) {
	sides := x.Args
	switch {
	case x.Op == model.Get:
		sides = []*model.Expr{x}
	case x.Op == model.In:
		sides = x.Args[:1]
	case slices.ContainsFunc(x.Args, isNull):
		return anyRow, scan{}, false
	}
	for _, side := range sides {
		if side.Op != model.Get || side.Root != model.This || len(side.Path) < 2 || t.ownColumn(side) != nil {
			continue
		}
		f := find(t.entity.Fields, side.Path[0])
		if f == nil || f.Kind != model.Ref || f.Target == nil {
			continue
		}
		inner := t.of(f.Target)
		w, s := inner.way(inner.plain(behindReference(x, f.Name), false, 0), depth+1)
		if w == read {
			return read, behind(s, f.Target, []string{f.Name}), true
		}
		return led, scan{}, true
	}
	return anyRow, scan{}, false
}

// outside is how conditions on other rows call the row that they are asked for.
const outside = ".outside"

// ofElement is a condition on an element of a list as one on a row.
func ofElement(x *model.Expr, element string) *model.Expr {
	return moved(x, func(get model.Expr) model.Expr {
		switch {
		case get.Root == model.This:
			get.Root, get.Var = model.Variable, outside
		case get.Root == model.Variable && get.Var == element:
			get.Root, get.Var = model.This, ""
		}
		return get
	})
}

// behindReference is a condition on what a reference of the row leads to as one on that row.
func behindReference(x *model.Expr, reference string) *model.Expr {
	return moved(x, func(get model.Expr) model.Expr {
		switch {
		case get.Root == model.This && len(get.Path) > 1 && get.Path[0] == reference:
			get.Path = get.Path[1:]
		case get.Root == model.This:
			get.Root, get.Var = model.Variable, outside
		}
		return get
	})
}

func moved(x *model.Expr, at func(model.Expr) model.Expr) *model.Expr {
	other := *x
	if x.Op == model.Get {
		other = at(other)
	}
	other.Args = make([]*model.Expr, len(x.Args))
	for i, a := range x.Args {
		other.Args[i] = moved(a, at)
	}
	return &other
}

// can is the way to the rows with which the viewer may do something, by the rules of their entity or of the one that they refer to.
func (t rows) can(x *model.Expr, depth int) (way, scan) {
	of, target := x.Args[0], t
	switch {
	case of.Op != model.Get || of.Root != model.This:
		return anyRow, scan{}
	case len(of.Path) == 1:
		f := find(t.entity.Fields, of.Path[0])
		if f == nil || f.Target == nil {
			return read, t.why(x)
		}
		target = t.of(f.Target)
	case len(of.Path) > 1:
		return read, t.why(x)
	}
	any := &model.Expr{Op: model.Or, Kind: model.Boolean}
	if rules := target.entity.Allow.Of(x.Verb); rules != nil {
		for _, rule := range *rules {
			any.Args = append(any.Args, rule.When)
		}
	}
	w, s := target.way(target.plain(any, false, 0), depth+1)
	if w == found && len(of.Path) == 1 {
		w = led
	}
	return w, s
}

// why is why no index leads to the rows for which x holds, which is neither And nor Or.
func (t rows) why(x *model.Expr) scan {
	inner, not := x, x.Op == model.Ne
	if x.Op == model.Not {
		inner, not = x.Args[0], true
	}
	for _, a := range append([]*model.Expr{inner}, inner.Args...) {
		if f := t.computedField(a); f != nil {
			return computedScan(f)
		}
	}
	f := t.columnIn(inner)
	switch {
	case isTextCall(inner) && inner.Args[0].Op == model.Get && len(inner.Args[0].Path) > 1 && f == nil:
		return scan{what: "no index finds a text within " + strings.Join(inner.Args[0].Path, ".")}
	case not && inner.Op == model.Exists:
		return scan{what: "no index finds rows by what is in none of their lists"}
	case f != nil && isTextCall(inner) && not:
		return scan{what: "no index finds what is not within " + f.Name}
	case f != nil && isTextCall(inner) && !t.behind:
		return scan{what: "no index finds a text within " + f.Name, hint: "search " + f.Name + " with @search and this.matches(…)"}
	case f != nil && isTextCall(inner):
		return scan{what: "no index finds a text within " + f.Name}
	case f != nil && not:
		return scan{what: "no index finds rows by what " + f.Name + " is not", hint: "ask for what it is"}
	case f != nil && t.behind && (inner.Op == model.Get || t.comparedWith(inner) != nil):
		return scan{what: "no index has " + f.Name, hint: "write @index on " + t.entity.Name + "." + f.Name}
	}
	return scan{what: "what it compares is worked out of each row, and no index has it", hint: "compare a field that is stored"}
}

func computedScan(f *model.Field) scan {
	return scan{what: f.Name + " is worked out of each row, and no index has it", hint: fmt.Sprintf("keep %s in a field that is stored", f.Name)}
}

// columnIn is the column that x, or a side of it, is.
func (t rows) columnIn(x *model.Expr) *model.Field {
	for _, a := range append([]*model.Expr{x}, x.Args...) {
		if f := t.ownColumn(a); f != nil {
			return f
		}
	}
	return nil
}

// isTextCall tells whether x looks for a text within another.
func isTextCall(x *model.Expr) bool {
	return x.Op == model.Call && (x.Name == "contains" || x.Name == "startsWith" || x.Name == "endsWith" || x.Name == "matches")
}
