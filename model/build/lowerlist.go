package build

import (
	"strconv"

	"cel.dev/cel-go/common/ast"

	"github.com/fettlehq/fettle/model"
)

// wholeList is a list with the name of its element and the value of each.
type wholeList struct {
	list      *model.Expr
	element   string
	condition *model.Expr
	value     *value
}

// over makes a list operation. Without a condition it is about all elements.
func (w wholeList) over(op model.Op, args ...*model.Expr) *model.Expr {
	condition := args[0]
	if condition == nil {
		condition = &model.Expr{Op: model.Const, Kind: model.Boolean, Value: true}
	}
	x := &model.Expr{Op: op, Var: w.element, Kind: model.Boolean, Args: append([]*model.Expr{w.list, condition}, args[1:]...)}
	if op == model.Count {
		x.Kind = model.Int64
	}
	return x
}

// whole names the element of a list, where no filter or map has named it yet.
func (l *lowerer) whole(list *elements) wholeList {
	w := wholeList{list: list.list, element: list.element, condition: list.condition, value: list.value}
	if w.element == "" {
		w.element = l.unused("x")
	}
	if w.value == nil {
		w.value = &value{x: &model.Expr{Op: model.Get, Root: model.Variable, Var: w.element, Kind: list.t.kind}, t: list.t}
	}
	return w
}

// unused is a name for an element that hides no other.
func (l *lowerer) unused(name string) string {
	taken := func(name string) bool {
		for key, v := range l.vars {
			if key == name || v.x != nil && v.x.Var == name {
				return true
			}
		}
		return false
	}
	if !taken(name) {
		return name
	}
	for n := 2; ; n++ {
		if numbered := name + strconv.Itoa(n); !taken(numbered) {
			return numbered
		}
	}
}

// comprehension lowers exists, all, exists_one, filter and map.
func (l *lowerer) comprehension(e ast.Expr) *value {
	c := comprehension(e)
	source := l.lower(c.list)
	if source == nil {
		return nil
	}
	if source.list == nil {
		return l.fail(c.list, NoSuchOperation, "", "%s is no list", source.t)
	}
	list := source.list
	if list.element == "" {
		list.element = l.unused(c.element)
	}
	w := l.whole(list)

	hidden, hides := l.vars[c.element]
	l.vars[c.element] = *w.value
	defer func() {
		if delete(l.vars, c.element); hides {
			l.vars[c.element] = hidden
		}
	}()
	if c.accu == accuMap {
		mapped := l.lower(c.value)
		if mapped == nil {
			return nil
		}
		if mapped.list != nil {
			return l.fail(c.value, NoSuchOperation, "", "a list of lists has no form in a database")
		}
		return &value{list: &elements{list: list.list, element: list.element, condition: list.condition, value: mapped, t: mapped.t}, t: mapped.t}
	}
	condition := l.as(l.lower(c.condition), boolean, c.condition)
	if condition == nil {
		return nil
	}
	switch c.accu {
	case accuExists:
		return truth(w.over(model.Exists, and(list.condition, condition)))
	case accuAll:
		return truth(negate(w.over(model.Exists, and(list.condition, negate(condition)))))
	case accuOne:
		one := &model.Expr{Op: model.Const, Kind: model.Int64, Value: int64(1)}
		return truth(&model.Expr{Op: model.Eq, Args: []*model.Expr{w.over(model.Count, and(list.condition, condition)), one}, Kind: model.Boolean})
	}
	return &value{list: &elements{list: list.list, element: list.element, condition: and(list.condition, condition), value: list.value, t: list.t}, t: list.t}
}

// first lowers find: the element, or null without one.
func (l *lowerer) first(e ast.Expr, of *value) *value {
	if of.list == nil {
		return l.fail(e, NoSuchOperation, "", "%s is no list", of.t)
	}
	w := l.whole(of.list)
	x := w.over(model.Find, w.condition, w.value.x)
	x.Kind = w.value.t.kind
	return &value{x: x, t: w.value.t}
}

// aggregate lowers size, sum, min, max and avg of a list.
func (l *lowerer) aggregate(e ast.Expr, name string, of *value) *value {
	w := l.whole(of.list)
	if name == "size" {
		return &value{x: w.over(model.Count, w.condition), t: typ{kind: model.Int64}}
	}
	kind := w.value.t.kind
	orderable := numberKinds[kind] || kind == model.Duration
	if name == "min" || name == "max" {
		orderable = orderable || kind == model.DateTime || kind == model.Date || kind == model.Time
	}
	if !orderable {
		return l.fail(e, WrongType, "pick the numbers with map", "%s is of numbers, and this is a list of %s", name, kind)
	}
	ops := map[string]model.Op{"sum": model.Sum, "min": model.Min, "max": model.Max, "avg": model.Avg}
	x := w.over(ops[name], w.condition, w.value.x)
	switch {
	case name == "avg" && kind != model.Decimal:
		kind = model.Float
	case name == "sum" && kind == model.Int:
		kind = model.Int64
	}
	x.Kind = kind
	return &value{x: x, t: typ{kind: kind}}
}
