package build

import (
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/fettlehq/fettle/design"
	"github.com/fettlehq/fettle/diag"
	"github.com/fettlehq/fettle/model"
)

// lowerer turns one checked CEL expression into model.Expr. What it refuses is what SQL could not say.
type lowerer struct {
	b       *builder
	text    *design.Value
	scope   scope
	ast     *ast.AST
	vars    map[string]value // elements of list operations, and what stands for them
	failed  bool
	touched []touch
}

// touch is a field that an expression reaches, and how.
type touch struct {
	owner *model.Entity // nil of a value object's or input's field
	field *model.Field
	root  model.Root
	depth int    // how many fields stand before it in its path
	of    string // the variable of a Variable root
}

// value is a lowered part: one value, or a list with its filter.
type value struct {
	x    *model.Expr
	t    typ
	list *elements
}

// elements is a list on its way to an operation: list.filter(element, condition).map(element, value).
type elements struct {
	list      *model.Expr
	element   string
	condition *model.Expr // nil for all
	value     *value      // nil for the element itself
	t         typ         // of an element
}

func (l *lowerer) fail(at ast.Expr, code diag.Code, hint, format string, args ...any) *value {
	if !l.failed {
		l.b.problems.Add(position(l.text, offset(l.ast, at)), code, hint, format, args...)
	}
	l.failed = true
	return nil
}

// silent gives up without a report: what is wrong has been said elsewhere.
func (l *lowerer) silent() *value {
	l.failed = true
	return nil
}

func (l *lowerer) lower(e ast.Expr) *value {
	if l.failed {
		return nil
	}
	switch e.Kind() {
	case ast.LiteralKind:
		return l.constant(e)
	case ast.IdentKind:
		return l.name(e)
	case ast.SelectKind:
		s := e.AsSelect()
		if of := l.lower(s.Operand()); of != nil {
			return l.selectField(e, *of, s.FieldName())
		}
		return nil
	case ast.CallKind:
		return l.call(e)
	case ast.ComprehensionKind:
		return l.comprehension(e)
	case ast.ListKind:
		return l.fail(e, NoSuchOperation, "x in [A, B]", "a list in brackets stands only after in")
	}
	return l.fail(e, NoSuchOperation, "", "this has no form in a database")
}

func (l *lowerer) constant(e ast.Expr) *value {
	c := func(kind model.Kind, v any) *value {
		return &value{x: &model.Expr{Op: model.Const, Kind: kind, Value: v}, t: typ{kind: kind}}
	}
	switch v := e.AsLiteral().(type) {
	case types.Bool:
		return c(model.Boolean, bool(v))
	case types.Int:
		return c(model.Int64, int64(v))
	case types.Double:
		return c(model.Float, float64(v))
	case types.String:
		return c(model.String, string(v))
	case types.Null:
		return &value{x: &model.Expr{Op: model.Const}, t: typ{kind: nullKind}}
	}
	return l.fail(e, NoSuchOperation, "", "this literal has no form in a database")
}

// name resolves a bare name: an element, an argument, a field of the row, an enum value, viewer, now, this, old.
func (l *lowerer) name(e ast.Expr) *value {
	name := strings.TrimPrefix(e.AsIdent(), ".")
	if v, ok := l.vars[name]; ok {
		return copyValue(v)
	}
	if f := find(l.scope.args, name); f != nil {
		return l.get(&model.Expr{Op: model.Get, Root: model.Arg}, f, nil)
	}
	switch {
	case find(l.scope.rowFields(), name) != nil:
		return l.get(&model.Expr{Op: model.Get, Root: model.This}, find(l.scope.rowFields(), name), l.scope.entity)
	case name == "now":
		return &value{x: &model.Expr{Op: model.Now, Kind: model.DateTime}, t: typ{kind: model.DateTime}}
	case name == "viewer" && l.b.model.Account != nil:
		return l.root(model.Viewer, l.b.model.Account.Entity)
	case name == "this" && l.scope.strct != nil:
		return &value{x: &model.Expr{Op: model.Get, Root: model.This, Kind: model.Value}, t: typ{kind: model.Value, strct: l.scope.strct}}
	case name == "this" && l.scope.entity != nil:
		return l.root(model.This, l.scope.entity)
	case name == "old" && l.scope.entity != nil:
		if !l.scope.old {
			return l.fail(e, WrongPlace, "", "old is the row before an update: only a rule for UPDATE or a @check knows it")
		}
		return l.root(model.Old, l.scope.entity)
	}
	return l.enumValue(e, name)
}

func (l *lowerer) root(root model.Root, e *model.Entity) *value {
	return &value{x: &model.Expr{Op: model.Get, Root: root, Kind: model.Ref}, t: typ{kind: model.Ref, entity: e}}
}

func (l *lowerer) enumValue(e ast.Expr, name string) *value {
	of, value_, qualified := strings.Cut(name, ".")
	if qualified && l.b.enums[of] != nil && hasValue(l.b.enums[of], value_) {
		return enumConstant(l.b.enums[of], value_)
	}
	switch enums := l.b.env.values[name]; len(enums) {
	case 0:
		return l.fail(e, UnknownName, "", "there is no %q here", name)
	case 1:
		return enumConstant(enums[0], name)
	default:
		return &value{x: &model.Expr{Op: model.Const, Kind: model.EnumKind, Value: name}, t: typ{kind: model.EnumKind, choice: name}}
	}
}

func enumConstant(e *model.Enum, name string) *value {
	return &value{x: &model.Expr{Op: model.Const, Kind: model.EnumKind, Value: name}, t: typ{kind: model.EnumKind, enum: e}}
}

// get extends a path by one field.
func (l *lowerer) get(from *model.Expr, f *model.Field, owner *model.Entity) *value {
	if f.Kind == "" {
		return l.silent()
	}
	l.touched = append(l.touched, touch{owner: owner, field: f, root: from.Root, depth: len(from.Path), of: from.Var})
	x := &model.Expr{Op: model.Get, Root: from.Root, Var: from.Var, Kind: f.Kind}
	x.Path = append(append(x.Path, from.Path...), f.Name)
	if f.Kind == model.List || f.Repeated {
		return &value{list: &elements{list: x, t: typOf(f)}, t: typOf(f)}
	}
	return &value{x: x, t: typOf(f)}
}

func (l *lowerer) selectField(e ast.Expr, of value, name string) *value {
	if of.list != nil {
		return l.fail(e, NoSuchOperation, "exists(x, …) or find(x, …)", "a list has no field %q: its elements have", name)
	}
	var fields []*model.Field
	switch {
	case of.t.entity != nil:
		fields = of.t.entity.Fields
	case of.t.strct != nil:
		fields = of.t.strct.Fields
	case of.t.kind == "":
		return l.silent()
	default:
		return l.fail(e, NoSuchOperation, "", "%s has no fields", of.t)
	}
	f := find(fields, name)
	if f == nil {
		return l.fail(e, UnknownName, didYouMean(nearest(name, fieldNames(fields))), "%s has no field %q", strings.TrimPrefix(strings.TrimPrefix(of.t.String(), "an "), "a "), name)
	}
	switch of.x.Op {
	case model.Get:
		return l.get(of.x, f, of.t.entity)
	case model.Find:
		inner := l.get(of.x.Args[2], f, of.t.entity)
		if inner == nil {
			return nil
		}
		if inner.list != nil {
			return l.fail(e, NoSuchOperation, "", "a list of a found element has no form in a database: name its owner by a reference")
		}
		return &value{x: &model.Expr{Op: model.Find, Var: of.x.Var, Args: []*model.Expr{of.x.Args[0], of.x.Args[1], inner.x}, Kind: f.Kind}, t: inner.t}
	}
	return l.fail(e, NoSuchOperation, "", "a field of this has no form in a database")
}

// as makes a value what its place wants: its type, with enum values and literals settled.
func (l *lowerer) as(v *value, want typ, at ast.Expr) *model.Expr {
	if v == nil || l.failed {
		return nil
	}
	if v.list != nil {
		l.fail(at, WrongType, "", "%s is needed here, and this is a list", want)
		return nil
	}
	l.settle(v, want, at)
	if want.kind != "" && !v.t.like(want) || want.kind == model.Boolean && v.t.kind == nullKind {
		l.fail(at, WrongType, "", "%s is needed here, and this is %s", want, v.t)
		return nil
	}
	if v.t.choice != "" {
		l.ambiguous(v, at)
		return nil
	}
	return v.x
}

func (l *lowerer) ambiguous(v *value, at ast.Expr) {
	var names []string
	for _, e := range l.b.env.values[v.t.choice] {
		names = append(names, e.Name+"."+v.t.choice)
	}
	l.fail(at, Ambiguous, strings.Join(names, " or "), "%s is a value of several enums", v.t.choice)
}

// settle gives a literal the kind of the other side, and an enum value that several enums have its enum.
func (l *lowerer) settle(v *value, other typ, at ast.Expr) {
	if v.x == nil || l.failed {
		return
	}
	if v.t.choice != "" && other.enum != nil {
		if !hasValue(other.enum, v.t.choice) {
			l.fail(at, WrongType, "", "%s is no value of %s", v.t.choice, other.enum.Name)
			return
		}
		*v = *enumConstant(other.enum, v.t.choice)
		return
	}
	if v.x.Op == model.Neg && v.x.Args[0].Op == model.Const {
		inner := value{x: v.x.Args[0], t: v.t}
		l.settle(&inner, other, at)
		v.x = &model.Expr{Op: model.Neg, Args: []*model.Expr{inner.x}, Kind: inner.t.kind}
		v.t = inner.t
		return
	}
	if v.x.Op != model.Const {
		return
	}
	become := func(kind model.Kind, constant any) {
		v.x = &model.Expr{Op: model.Const, Kind: kind, Value: constant}
		v.t = typ{kind: kind}
	}
	switch c := v.x.Value.(type) {
	case int64:
		switch {
		case v.t.kind == model.Duration:
		case other.kind == model.Decimal:
			become(model.Decimal, strconv.FormatInt(c, 10))
		case other.kind == model.Float:
			become(model.Float, float64(c))
		case other.kind == model.Int:
			become(model.Int, c)
		}
	case float64:
		if other.kind == model.Decimal {
			become(model.Decimal, strconv.FormatFloat(c, 'f', -1, 64))
		}
	case string:
		if v.t.kind == model.String && other.text() {
			become(other.kind, c)
		}
	}
}

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
		return &value{x: &model.Expr{Op: model.Neg, Args: []*model.Expr{v.x}, Kind: v.t.kind}, t: v.t}
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
		return l.fail(e, NoSuchOperation, "exists(x, …) or size()", "lists do not compare")
	}
	l.settle(a, c.t, args[0])
	l.settle(c, a.t, args[1])
	x, y := l.as(a, typ{}, args[0]), l.as(c, typ{}, args[1])
	if x == nil || y == nil {
		return nil
	}
	null := a.t.kind == nullKind || c.t.kind == nullKind
	switch {
	case !a.t.like(c.t):
		return l.fail(args[1], WrongType, "", "%s cannot be compared with %s", a.t, c.t)
	case null && op != model.Eq && op != model.Ne:
		return l.fail(e, WrongType, "", "null is neither less nor greater than anything")
	case !null && (a.t.kind == model.Value || a.t.kind == model.InputDTO):
		return l.fail(e, NoSuchOperation, "compare its parts", "%s cannot be compared as a whole", a.t)
	case !null && (a.t.kind == model.JSON || a.t.kind == model.Union || a.t.kind == model.File):
		return l.fail(e, NoSuchOperation, "", "%s can only be compared with null", a.t)
	case a.t.kind == model.Decimal && c.t.kind == model.Float || a.t.kind == model.Float && c.t.kind == model.Decimal:
		return l.fail(e, WrongType, "", "a Decimal is exact and a Float is not: they do not compare")
	}
	if null && (a.t.kind == model.Value || c.t.kind == model.Value) {
		return l.valueAbsence(e, op, a, c)
	}
	return truth(&model.Expr{Op: op, Args: []*model.Expr{x, y}, Kind: model.Boolean})
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
			return l.fail(item, WrongType, "x == null || x in […]", "null is in no list")
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
			return l.fail(e, WrongType, "", "a Decimal is exact and a Float is not: they cannot be put together")
		}
	}
	return &value{x: &model.Expr{Op: op, Args: []*model.Expr{x, y}, Kind: kind}, t: typ{kind: kind}}
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

func copyValue(v value) *value {
	if v.list != nil {
		list := *v.list
		v.list = &list
	}
	return &v
}
