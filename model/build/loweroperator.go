package build

import (
	"fmt"
	"slices"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"

	"github.com/fettlehq/fettle/model"
)

// call lowers operators and functions.
func (l *lowerer) call(e ast.Expr) *value {
	c := e.AsCall()
	args := c.Args()
	switch name := c.FunctionName(); name {
	case operators.LogicalAnd:
		return l.junction(model.And, args)
	case operators.LogicalOr:
		return l.junction(model.Or, args)
	case operators.LogicalNot:
		return l.not(args[0])
	case operators.Equals:
		return l.compare(e, model.Eq, args)
	case operators.NotEquals:
		return l.compare(e, model.Ne, args)
	case operators.Less:
		return l.compare(e, model.Lt, args)
	case operators.LessEquals:
		return l.compare(e, model.Le, args)
	case operators.Greater:
		return l.compare(e, model.Gt, args)
	case operators.GreaterEquals:
		return l.compare(e, model.Ge, args)
	case operators.In:
		return l.in(e, args)
	case operators.Conditional:
		return l.choice(e, args)
	case operators.Add:
		return l.arithmetic(e, model.Add, args)
	case operators.Subtract:
		return l.arithmetic(e, model.Sub, args)
	case operators.Multiply:
		return l.arithmetic(e, model.Mul, args)
	case operators.Divide:
		return l.arithmetic(e, model.Div, args)
	case operators.Modulo:
		return l.arithmetic(e, model.Mod, args)
	case operators.Negate:
		v := l.lower(args[0])
		if v == nil {
			return nil
		}
		v = &value{x: &model.Expr{Op: model.Neg, Args: []*model.Expr{v.x}, Kind: v.t.kind}, t: v.t}
		if v.t.kind == model.Decimal {
			l.fold(v, e)
		}
		return v
	default:
		return l.function(e, name)
	}
}

func truth(x *model.Expr) *value { return &value{x: x, t: boolean} }

// junction flattens a && b && c.
func (l *lowerer) junction(op model.Op, args []ast.Expr) *value {
	out := &model.Expr{Op: op, Kind: model.Boolean}
	for _, a := range args {
		x := l.as(l.lower(a), boolean, a)
		if x == nil {
			return nil
		}
		if x.Op == op {
			out.Args = append(out.Args, x.Args...)
		} else {
			out.Args = append(out.Args, x)
		}
	}
	return truth(out)
}

func (l *lowerer) not(arg ast.Expr) *value {
	x := l.as(l.lower(arg), boolean, arg)
	if x == nil {
		return nil
	}
	return truth(negate(x))
}

func negate(x *model.Expr) *model.Expr {
	if x.Op == model.Not {
		return x.Args[0]
	}
	return &model.Expr{Op: model.Not, Args: []*model.Expr{x}, Kind: model.Boolean}
}

func and(a, b *model.Expr) *model.Expr {
	switch {
	case a == nil:
		return b
	case b == nil:
		return a
	}
	out := &model.Expr{Op: model.And, Kind: model.Boolean}
	for _, x := range []*model.Expr{a, b} {
		if x.Op == model.And {
			out.Args = append(out.Args, x.Args...)
		} else {
			out.Args = append(out.Args, x)
		}
	}
	return out
}

func (l *lowerer) compare(e ast.Expr, op model.Op, args []ast.Expr) *value {
	a, c := l.lower(args[0]), l.lower(args[1])
	if a == nil || c == nil {
		return nil
	}
	if a.list != nil || c.list != nil {
		return l.fail(e, NoSuchOperation, "ask with exists or size", "lists do not compare")
	}
	l.settle(a, c.t, args[0])
	l.settle(c, a.t, args[1])
	x, y := l.as(a, typ{}, args[0]), l.as(c, typ{}, args[1])
	if x == nil || y == nil {
		return nil
	}
	if x.Root == model.Arg && y.Root == model.Arg && slices.Equal(x.Path, y.Path) {
		return l.withItself(e, x)
	}
	null := a.t.kind == nullKind || c.t.kind == nullKind
	if a.t.kind == model.Union || c.t.kind == model.Union {
		return l.compareUnion(e, op, a, c)
	}
	switch {
	case !a.t.like(c.t):
		return l.fail(args[1], WrongType, "", "%s cannot be compared with %s", a.t, c.t)
	case null && op != model.Eq && op != model.Ne:
		return l.fail(e, WrongType, "", "null is neither less nor greater than anything")
	case !null && (a.t.kind == model.Value || a.t.kind == model.InputDTO):
		return l.fail(e, NoSuchOperation, "compare its parts", "%s cannot be compared as a whole", a.t)
	case !null && (a.t.kind == model.JSON || a.t.kind == model.File):
		return l.fail(e, NoSuchOperation, "", "%s can only be compared with null", a.t)
	case a.t.kind == model.Decimal && c.t.kind == model.Float || a.t.kind == model.Float && c.t.kind == model.Decimal:
		return l.fail(e, WrongType, "make both Decimals, or both Floats; a literal is what the other side is", "a Decimal is exact and a Float is not: they do not compare")
	}
	if null && (a.t.kind == model.Value || c.t.kind == model.Value) {
		return l.valueAbsence(e, op, a, c)
	}
	return truth(&model.Expr{Op: op, Args: []*model.Expr{x, y}, Kind: model.Boolean})
}

// withItself reports the comparison of an argument with itself: mostly a field was meant that has its name.
func (l *lowerer) withItself(e ast.Expr, x *model.Expr) *value {
	name := strings.Join(x.Path, ".")
	if find(l.scope.rowFields(), x.Path[0]) == nil {
		return l.fail(e, WithItself, "", "both sides are the argument %s", name)
	}
	return l.fail(e, WithItself, "this."+name+" is the field", "both sides are the argument %s, which hides the field of that name", name)
}

// valueAbsence asks whether a value object is there: it has no column of its own, its parts tell.
func (l *lowerer) valueAbsence(e ast.Expr, op model.Op, a, c *value) *value {
	if a.t.kind == nullKind {
		a = c
	}
	if a.x.Op != model.Get {
		return l.fail(e, NoSuchOperation, "compare its parts", "whether this value object is there has no form in a database")
	}
	x := absence(a.x, a.t.strct.Fields, 0)
	if op == model.Ne {
		x = negate(x)
	}
	return truth(x)
}

// absence holds when the value object at a path is null: its first required part is, or else every part.
func absence(at *model.Expr, parts []*model.Field, depth int) *model.Expr {
	part := func(f *model.Field) *model.Expr {
		x := &model.Expr{Op: model.Get, Root: at.Root, Var: at.Var, Path: append(at.Path[:len(at.Path):len(at.Path)], f.Name), Kind: f.Kind}
		if f.Kind == model.Value && depth < 8 {
			return absence(x, f.Struct.Fields, depth+1)
		}
		return &model.Expr{Op: model.Eq, Args: []*model.Expr{x, {Op: model.Const}}, Kind: model.Boolean}
	}
	all := &model.Expr{Op: model.And, Kind: model.Boolean}
	for _, f := range parts {
		if f.Kind == "" {
			continue
		}
		if !f.Null {
			return part(f)
		}
		all.Args = append(all.Args, part(f))
	}
	return all
}

// in lowers x in [A, B] and x in a list of the design.
func (l *lowerer) in(e ast.Expr, args []ast.Expr) *value {
	a := l.lower(args[0])
	if a == nil {
		return nil
	}
	if args[1].Kind() == ast.ListKind {
		return l.inLiterals(e, a, args)
	}
	list := l.lower(args[1])
	if list == nil {
		return nil
	}
	if list.list == nil {
		return l.fail(args[1], WrongType, "", "%s is no list", list.t)
	}
	whole := l.whole(list.list)
	element := whole.value
	l.settle(a, element.t, args[0])
	x := l.as(a, element.t, args[0])
	if x == nil {
		return nil
	}
	same := &model.Expr{Op: model.Eq, Args: []*model.Expr{element.x, x}, Kind: model.Boolean}
	return truth(whole.over(model.Exists, and(whole.condition, same)))
}

func (l *lowerer) inLiterals(e ast.Expr, a *value, args []ast.Expr) *value {
	out := &model.Expr{Op: model.In, Kind: model.Boolean, Args: []*model.Expr{nil}}
	var alternatives []*value
	if a.t.kind == nullKind {
		return l.fail(args[0], WrongType, "", "null is in no list")
	}
	for _, item := range args[1].AsList().Elements() {
		v := l.lower(item)
		if v == nil {
			return nil
		}
		if v.t.kind == nullKind {
			return l.fail(item, WrongType, "compare with null by itself", "null is in no list")
		}
		l.settle(a, v.t, args[0])
		alternatives = append(alternatives, v)
	}
	for i, v := range alternatives {
		item := args[1].AsList().Elements()[i]
		l.settle(v, a.t, item)
		x := l.as(v, a.t, item)
		if x == nil {
			return nil
		}
		out.Args = append(out.Args, x)
	}
	if out.Args[0] = l.as(a, typ{}, args[0]); out.Args[0] == nil {
		return nil
	}
	if len(alternatives) == 0 {
		return l.fail(e, WrongType, "", "nothing is in an empty list")
	}
	return truth(out)
}

func (l *lowerer) choice(e ast.Expr, args []ast.Expr) *value {
	condition := l.as(l.lower(args[0]), boolean, args[0])
	a, c := l.lower(args[1]), l.lower(args[2])
	if condition == nil || a == nil || c == nil {
		return nil
	}
	l.settle(a, c.t, args[1])
	l.settle(c, a.t, args[2])
	x, y := l.as(a, typ{}, args[1]), l.as(c, typ{}, args[2])
	if x == nil || y == nil {
		return nil
	}
	if !a.t.like(c.t) {
		return l.fail(e, WrongType, "", "both ends of ? : have one type, not %s and %s", a.t, c.t)
	}
	t := a.t
	if t.kind == nullKind {
		t = c.t
	}
	return &value{x: &model.Expr{Op: model.If, Args: []*model.Expr{condition, x, y}, Kind: t.kind}, t: t}
}

// arithmetic lowers + - * / %. The result of numbers is the wider of both kinds.
func (l *lowerer) arithmetic(e ast.Expr, op model.Op, args []ast.Expr) *value {
	a, c := l.lower(args[0]), l.lower(args[1])
	if a == nil || c == nil {
		return nil
	}
	if a.list != nil || c.list != nil {
		return l.fail(e, NoSuchOperation, "", "lists cannot be joined")
	}
	if a.t.kind == nullKind || c.t.kind == nullKind {
		return l.fail(e, WrongType, "", "null cannot be reckoned with")
	}
	l.settle(a, c.t, args[0])
	l.settle(c, a.t, args[1])
	x, y := l.as(a, typ{}, args[0]), l.as(c, typ{}, args[1])
	if x == nil || y == nil {
		return nil
	}
	kind := a.t.kind
	switch {
	case a.t.kind == model.DateTime && c.t.kind == model.DateTime:
		kind = model.Duration
	case a.t.kind == model.Duration && c.t.kind == model.DateTime:
		kind = model.DateTime
	case a.t.kind == model.DateTime || a.t.kind == model.Duration:
	case c.t.kind == model.Duration:
		kind = model.Duration
	case a.t.text():
		kind = model.String
	case numberKinds[a.t.kind] && numberKinds[c.t.kind]:
		var ok bool
		if kind, ok = wider(a.t.kind, c.t.kind); !ok {
			return l.fail(e, WrongType, "make both Decimals, or both Floats; a literal is what the other side is", "a Decimal is exact and a Float is not: they cannot be put together")
		}
	}
	if a, b, cut := cutOff(op, x, y); cut {
		return l.fail(e, WrongType, fmt.Sprintf("write %d.0 / %d, or %d", a, b, a/b), "%d / %d is %d: whole numbers give a whole number", a, b, a/b)
	}
	v := &value{x: &model.Expr{Op: op, Args: []*model.Expr{x, y}, Kind: kind}, t: typ{kind: kind}}
	if kind == model.Decimal {
		l.fold(v, e)
	}
	return v
}

// cutOff tells whether x by y is a quotient of two literals that loses what is behind its point.
func cutOff(op model.Op, x, y *model.Expr) (a, b int64, cut bool) {
	number := func(x *model.Expr) (int64, bool) {
		n, ok := x.Value.(int64)
		return n, ok && x.Op == model.Const && numberKinds[x.Kind]
	}
	a, first := number(x)
	b, second := number(y)
	return a, b, op == model.Div && first && second && b != 0 && a%b != 0
}

func wider(a, b model.Kind) (model.Kind, bool) {
	rank := map[model.Kind]int{model.Int: 0, model.Int64: 1, model.Float: 2, model.Decimal: 2}
	if rank[a] == 2 && rank[b] == 2 && a != b {
		return a, false
	}
	if rank[b] > rank[a] {
		return b, true
	}
	return a, true
}
