package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// A limit is often put only where its number is above zero, so that who sends zero gets all rows, however large a number is refused:
//
//	if limit > 0 {
//		query += " LIMIT " + strconv.Itoa(limit)
//	}
//
// A number is above zero where the code asks whether it is, and gives it another value or refuses it otherwise.

var (
	// limits is a text that says how many rows are read, and nothing else.
	limits = regexp.MustCompile(`(?i)^\s*limit\b[^,]*$`)
	// minimum are tags of validators that refuse zero.
	minimum = regexp.MustCompile(`(validate|binding|valid):"[^"]*\b(min=[1-9]|gte=[1-9]|gt=|required|range)|minimum:"[1-9]`)
	// swaggerMinimum is a line of a contract's comment that does.
	swaggerMinimum = regexp.MustCompile(`(?m)^\s*Minimum:\s*[1-9]`)
)

// aboveZero is the number that must be above zero for a place to be reached, beside another, where nothing else is done otherwise; nil where
// there is none.
func (s *source) aboveZero(at, other token.Pos) ast.Expr {
	around := s.topLevelAt(at)
	if around == nil {
		return nil
	}
	var out ast.Expr
	ast.Inspect(around, func(n ast.Node) bool {
		if n == nil || at < n.Pos() || n.End() < at {
			return false
		}
		if condition, is := n.(*ast.IfStmt); is && condition.Body.Pos() <= at && at <= condition.Body.End() && (other < condition.Pos() || condition.End() < other) {
			out = nil
			if condition.Else == nil {
				out = s.overZero(condition.Cond)
			}
		}
		return true
	})
	return out
}

// overZero is the number that a condition asks to be above zero: limit > 0, limit != 0, and both beside others.
func (s *source) overZero(cond ast.Expr) ast.Expr {
	comparison, is := ast.Unparen(cond).(*ast.BinaryExpr)
	if !is {
		return nil
	}
	switch comparison.Op {
	case token.LAND:
		if out := s.overZero(comparison.X); out != nil {
			return out
		}
		return s.overZero(comparison.Y)
	case token.GTR, token.NEQ:
		if n, known := s.constantInt(comparison.Y); known && n == 0 && isNumber(s.info.TypeOf(comparison.X)) {
			return comparison.X
		}
	case token.GEQ:
		if n, known := s.constantInt(comparison.Y); known && n == 1 && isNumber(s.info.TypeOf(comparison.X)) {
			return comparison.X
		}
	}
	return nil
}

func (s *source) constantInt(e ast.Expr) (int64, bool) {
	value := s.info.Types[e].Value
	if value == nil || value.Kind() != constant.Int {
		return 0, false
	}
	return constant.Int64Val(value)
}

// limitOver notes the number that must be above zero for a step of a chain to put a limit.
func (b *builder) limitOver(s step) {
	b.out.LimitOver = nil
	other := token.NoPos
	if s.source == b.at.source {
		other = b.at.call.End()
	}
	if number := s.source.aboveZero(s.call.Pos(), other); number != nil {
		v := b.l.value(s.source, number)
		b.out.LimitOver = &v
	}
}

// note keeps what was read of a query's text until the statement is.
func (l *lifter) note(q *facts.Query, read *reader) {
	l.marked[q] = read.text
	if read.over != nil {
		over := read.valueOf(*read.over)
		l.limitOver[q] = &over
	}
}

// atLeast notes a number for which the code does something else where it is not above zero: if limit < 1 { … }, if n > 0 { limit = n }.
func (l *lifter) atLeast(p place, n *ast.BinaryExpr, stack []ast.Node) {
	number, other, op := n.X, n.Y, n.Op
	least, known := p.constantInt(other)
	if !known {
		if least, known = p.constantInt(number); !known {
			return
		}
		number, op = other, reversed[op]
	}
	object := p.target(number)
	if object == nil || !isNumber(object.Type()) {
		return
	}
	switch op {
	case token.LSS:
		known = least >= 1
	case token.LEQ:
		known = least >= 0
	case token.EQL:
		known = least == 0
	case token.GTR, token.NEQ:
		known = least >= 0 && l.usedAbove(p, object, stack)
	case token.GEQ:
		known = least >= 1 && l.usedAbove(p, object, stack)
	default:
		known = false
	}
	if known {
		l.positive[object] = true
	}
}

var reversed = map[token.Token]token.Token{token.LSS: token.GTR, token.LEQ: token.GEQ, token.GTR: token.LSS, token.GEQ: token.LEQ, token.EQL: token.EQL, token.NEQ: token.NEQ}

// usedAbove reports whether the condition around a comparison leads to where a number is the result, or becomes that of another variable. What the
// other one holds else is looked at once all definitions are known.
func (l *lifter) usedAbove(p place, object types.Object, stack []ast.Node) bool {
	i := len(stack) - 1
	for i >= 0 {
		if _, is := stack[i].(*ast.BinaryExpr); !is {
			break
		}
		i--
	}
	if i < 0 {
		return false
	}
	condition, is := stack[i].(*ast.IfStmt)
	if !is {
		return false
	}
	holds := func(e ast.Expr) bool {
		t := p.info.TypeOf(e)
		if t == nil {
			return false
		}
		if pointer, is := t.Underlying().(*types.Pointer); is {
			t = pointer.Elem()
		}
		return isNumber(t) && p.mentionsObject(e, object)
	}
	found := false
	ast.Inspect(condition.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, e := range n.Rhs {
				if holds(e) && len(n.Lhs) == len(n.Rhs) {
					l.above = append(l.above, givenAbove{p, object, p.target(n.Lhs[i]), condition})
				}
			}
		case *ast.ReturnStmt:
			found = found || slices.ContainsFunc(n.Results, holds)
		}
		return !found
	})
	return found
}

// givenAbove is a number that another variable is given where it is above zero.
type givenAbove struct {
	place     place
	number    types.Object
	to        types.Object
	condition *ast.IfStmt
}

// settlePositive notes the numbers that are given where they are above zero, to what holds another number before: a constant of the same function,
// or what a literal gives a field.
func (l *lifter) settlePositive() {
	for _, g := range l.above {
		around := g.place.around(g.condition.Pos())
		if g.to == nil || around == nil || slices.ContainsFunc(l.defs[g.to], func(d def) bool {
			beside := d.pos < g.condition.Pos() || g.condition.End() < d.pos
			return beside && d.expr != nil && !d.source.isZero(d.expr) && (d.keyed || around.Pos() <= d.pos && d.pos <= around.End())
		}) {
			l.positive[g.number] = true
		}
	}
}

// raised notes the numbers that a call raises, or refuses where they are zero: atLeastOne(n), once all comparisons are known. Of those that it asks
// for something else, and lets pass where they are zero, it is known that they are not too large, and no more; of those that it refuses where they
// are too small, nothing.
func (l *lifter) raised(s *source, call *ast.CallExpr) {
	for i, arg := range call.Args {
		object := s.target(stripAddress(arg))
		if object == nil || !isNumber(object.Type()) || l.positive[object] {
			continue
		}
		callees := l.static(s, call)
		if len(callees) > 0 && !slices.ContainsFunc(callees, func(f *function) bool { return i >= len(f.params) || f.params[i] == nil || !l.positive[f.params[i]] }) {
			l.positive[object] = true
		}
		if (checkName.MatchString(calledName(call)) || onlyJudges(callees)) && l.boundsParam(s, call, i) {
			l.ranged[object] = true
		}
		if isUpper := slices.ContainsFunc(callees, func(f *function) bool { return !f.asksTooSmall(i) }); len(callees) > 0 && !isUpper {
			l.floored[object] = true
		}
	}
}

// asksTooSmall reports whether a function asks of a parameter whether it is less than a number, or none, and does nothing else with it but tell it.
func (f *function) asksTooSmall(index int) bool {
	if f.body == nil || index >= len(f.params) || f.params[index] == nil {
		return false
	}
	asked, other := false, false
	var above []ast.Node
	ast.Inspect(f.body, func(n ast.Node) bool {
		if n == nil {
			above = above[:len(above)-1]
			return true
		}
		if name, is := n.(*ast.Ident); is && f.source.info.Uses[name] == f.params[index] {
			switch parent := last(above).(type) {
			case *ast.BinaryExpr:
				small := (parent.Op == token.LSS || parent.Op == token.LEQ) && parent.X == name || parent.Op == token.EQL && parent.X == name
				_, known := f.source.constantInt(parent.Y)
				asked, other = asked || small && known, other || !small || !known
			case *ast.CallExpr:
				other = other || parent.Fun == name || f.source.packageOf(firstOf(parent.Fun)) != "fmt"
			default:
				other = true
			}
		}
		above = append(above, n)
		return true
	})
	return asked && !other
}

// onlyJudges reports whether functions answer with nothing but whether they refuse what they are given.
func onlyJudges(callees []*function) bool {
	return len(callees) > 0 && !slices.ContainsFunc(callees, func(f *function) bool {
		if f.sig == nil || f.sig.Results().Len() != 1 {
			return true
		}
		t := f.sig.Results().At(0).Type()
		return !types.Identical(t, types.Typ[types.Bool]) && !types.Identical(t, types.Universe.Lookup("error").Type())
	})
}

// raises reports whether a call gives back a number that is above zero, whatever it is given.
func (s *source) raises(call *ast.CallExpr, name string) bool {
	if clampName.MatchString(name) {
		return true
	}
	if !strings.EqualFold(name, "max") && !(name == "Or" && s.packageOf(firstOf(call.Fun)) == "cmp") {
		return false
	}
	return slices.ContainsFunc(call.Args, func(arg ast.Expr) bool {
		n, known := s.constantInt(arg)
		return known && n > 0 || !known && s.info.Types[arg].Value == nil && name == "Or"
	})
}

// raise marks what is above zero.
func raise(origins []facts.Origin) {
	for i := range origins {
		origins[i].Positive = true
	}
}
