package build

import (
	"slices"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/model"
)

// The codes of a @noOverlap: of two spans that overlap, unless it says code:, and of a span that ends before it starts.
const (
	defaultOverlapCode = "OVERLAP"
	endsFirstCode      = "ENDS_BEFORE_START"
)

// excludes reads @noOverlap.
func (b *builder) excludes(e *model.Entity) {
	for _, d := range design.FindAll(b.declared[e].Directives, "noOverlap") {
		x, ok := b.exclusion(e, d)
		if !ok {
			continue
		}
		e.Excludes = append(e.Excludes, x)
		if !ordered(e, x) {
			e.Checks = append(e.Checks, endsLast(e, x))
		}
	}
}

func (b *builder) exclusion(e *model.Entity, d *design.Directive) (*model.Exclusion, bool) {
	x := &model.Exclusion{Pos: d.Pos, Code: defaultOverlapCode}
	if code := d.Arg("code"); code != nil {
		x.Code = code.Text
	}
	ok := b.bounding(e, d, "from", &x.From)
	ok = b.bounding(e, d, "until", &x.Until) && ok
	if ok && (x.From == x.Until || x.From.Kind != x.Until.Kind) {
		b.problems.Add(d.Arg("until").Pos, Contradiction, "", "a span goes from one DateTime to another, or from one Date to another: %s is %s and %s is %s",
			x.From.Name, typOf(x.From), x.Until.Name, typOf(x.Until))
		ok = false
	}
	for _, name := range d.Arg("per").Names() {
		f := find(e.Fields, name.Text)
		switch {
		case f == nil:
			b.unknownField(e, name.Pos, name.Text)
			ok = false
		case f.Kind == "" || !b.indexable(f, d, "@noOverlap"):
			ok = false
		case f.Kind == model.Union || f == x.From || f == x.Until:
			b.problems.Add(name.Pos, WrongPlace, "", "spans are kept apart per reference or scalar; %s is none", f.Name)
			ok = false
		case slices.Contains(x.Per, f):
			b.problems.Add(name.Pos, Contradiction, "", "%s is named twice", name.Text)
			ok = false
		default:
			x.Per = append(x.Per, f)
		}
	}
	if when := d.Arg("when"); when != nil {
		x.When = b.partialCondition(e, when, "@noOverlap")
		ok = ok && x.When != nil
	}
	if ok {
		x.Name = b.unusedName(append(append([]string{e.Table}, columns(x.Per)...), x.From.Column, "excl")...)
	}
	return x, ok
}

// bounding reads one end of a span.
func (b *builder) bounding(e *model.Entity, d *design.Directive, arg string, into **model.Field) bool {
	for _, name := range d.Arg(arg).Names() {
		f := find(e.Fields, name.Text)
		switch {
		case f == nil:
			b.unknownField(e, name.Pos, name.Text)
		case f.Kind == "":
		case f.Kind != model.DateTime && f.Kind != model.Date || f.Repeated:
			b.problems.Add(name.Pos, WrongPlace, "", "a span has DateTimes or Dates as its ends; %s is %s", f.Name, typOf(f))
		case b.indexable(f, d, "@noOverlap"):
			*into = f
		}
	}
	return *into != nil
}

// endsLast is the check that a span ends after it starts. An end that is null is none.
func endsLast(e *model.Entity, x *model.Exclusion) *model.Check {
	from, until := fieldExpr(x.From), fieldExpr(x.Until)
	that := &model.Expr{Op: model.Lt, Args: []*model.Expr{from, until}, Kind: model.Boolean}
	var open []*model.Expr
	for _, end := range []*model.Field{x.From, x.Until} {
		if end.Null {
			open = append(open, &model.Expr{Op: model.Eq, Args: []*model.Expr{fieldExpr(end), {Op: model.Const}}, Kind: model.Boolean})
		}
	}
	if len(open) > 0 {
		that = &model.Expr{Op: model.Or, Args: append(open, that), Kind: model.Boolean}
	}
	return &model.Check{
		Pos: x.Pos, Name: sqlName(e.Table, x.From.Column, "before", x.Until.Column, "check"), That: that,
		Code: endsFirstCode, Field: x.Until, Local: true, Source: x.From.Name + " < " + x.Until.Name,
	}
}

func fieldExpr(f *model.Field) *model.Expr {
	return &model.Expr{Op: model.Get, Root: model.This, Path: []string{f.Name}, Kind: f.Kind}
}

// ordered tells whether a check of the entity already says so.
func ordered(e *model.Entity, x *model.Exclusion) bool {
	return slices.ContainsFunc(append(slices.Clone(e.Checks), checksOf(e.Fields)...), func(c *model.Check) bool {
		return saysBefore(c.That, x.From.Name, x.Until.Name)
	})
}

// saysBefore tells whether a condition means that one field is less than another unless one of them is null.
func saysBefore(x *model.Expr, less, more string) bool {
	are := func(first, second string) bool {
		return isField(x.Args[0], first) && isField(x.Args[1], second)
	}
	switch x.Op {
	case model.And:
		return slices.ContainsFunc(x.Args, func(part *model.Expr) bool { return saysBefore(part, less, more) })
	case model.Or:
		said := false
		for _, part := range x.Args {
			before := saysBefore(part, less, more)
			if !before && (part.Op != model.Eq || !isNull(part.Args[1])) {
				return false
			}
			said = said || before
		}
		return said
	case model.Lt:
		return are(less, more)
	case model.Gt:
		return are(more, less)
	}
	return false
}

func isField(x *model.Expr, name string) bool {
	return x.Op == model.Get && x.Root == model.This && len(x.Path) == 1 && x.Path[0] == name
}
