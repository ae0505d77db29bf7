package build

import (
	"strconv"
	"strings"

	"cel.dev/cel-go/common/ast"
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
		return l.fail(e, NoSuchOperation, "put it behind in", "a list in brackets stands only after in")
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
	if f := find(l.scope.rowFields(), name); f != nil && f.Method && find(l.scope.args, name) == nil {
		return l.workedOut(e, f)
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

// workedOut reports a field that is known only when the rows are there.
func (l *lowerer) workedOut(e ast.Expr, f *model.Field) *value {
	return l.fail(e, NoSuchOperation, "say with from: what it is", "%s is worked out in Go, when the rows have been read: no expression can ask for it", f.Name)
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
		return l.fail(e, NoSuchOperation, "ask its elements with exists, or pick one with find", "a list has no field %q: its elements have", name)
	}
	var fields []*model.Field
	switch {
	case of.t.entity != nil:
		fields = of.t.entity.Fields
	case of.t.strct != nil:
		fields = of.t.strct.Fields
	case of.t.kind == model.Union:
		return l.unionMember(e, of, name)
	case of.t.kind == "":
		return l.silent()
	default:
		return l.fail(e, NoSuchOperation, "", "%s has no fields", of.t)
	}
	f := find(fields, name)
	if f == nil {
		return l.fail(e, UnknownName, didYouMean(nearest(name, fieldNames(fields))), "%s has no field %q", strings.TrimPrefix(strings.TrimPrefix(of.t.String(), "an "), "a "), name)
	}
	if f.Method {
		return l.workedOut(e, f)
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
	if v.t.kind == model.Float && other.kind == model.Decimal && v.x.Op != model.Const {
		if _, ok := literals(v.x); ok {
			l.fold(v, at)
		}
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

func copyValue(v value) *value {
	if v.list != nil {
		list := *v.list
		v.list = &list
	}
	return &v
}
