package golang

import (
	"cmp"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
)

// Callers fill in part of a struct that says what to look for, and the function puts a condition for each field that is filled:
//
//	if find.Owner != nil {
//		where = append(where, "owner_id = ?")
//	}
//
// A call with a literal of the struct says which conditions hold for that caller.

// placed is a text that is put behind others at one place, as it is read at another.
func (r *reader) placed(s *source, text string, at, other token.Pos) string {
	if !s.sometimes(at, other) {
		return text
	}
	if limits.MatchString(text) {
		if number := s.aboveZero(at, other); number != nil {
			r.over = &piece{source: s, expr: number, within: r.within}
		}
	}
	var given *facts.Given
	if len(r.within) == 0 {
		given = r.l.givenAt(s, at, other)
	}
	return sql.OnlyWhere(given, text)
}

// givenAt is what a caller must give for a place to be reached, beside another: a field of what it gives for a parameter; nil where there is
// more to it.
func (l *lifter) givenAt(s *source, at, other token.Pos) *facts.Given {
	around := s.topLevelAt(at)
	if around == nil {
		return nil
	}
	var out *facts.Given
	conditions := 0
	ast.Inspect(around, func(n ast.Node) bool {
		if n == nil || at < n.Pos() || n.End() < at {
			return false
		}
		beside := other < n.Pos() || n.End() < other
		switch n := n.(type) {
		case *ast.IfStmt:
			if beside {
				conditions++
				if n.Body.Pos() <= at && at <= n.Body.End() {
					out = l.needsGiven(s, n.Cond)
				} else {
					conditions++ // its else
				}
			}
		case *ast.CaseClause, *ast.CommClause, *ast.ForStmt, *ast.RangeStmt, *ast.FuncLit:
			if beside {
				conditions += 2
			}
		}
		return true
	})
	if conditions != 1 {
		return nil
	}
	return out
}

// needsGiven is what a condition asks whether it is given: find.Owner != nil, len(find.States) > 0, find.Own.
func (l *lifter) needsGiven(s *source, cond ast.Expr) *facts.Given {
	switch cond := ast.Unparen(cond).(type) {
	case *ast.BinaryExpr:
		switch cond.Op {
		case token.LAND:
			a, b := l.needsGiven(s, cond.X), l.needsGiven(s, cond.Y)
			if a != nil && b != nil && *a == *b {
				return a
			}
			if (a == nil) != (b == nil) { // without it the whole does not hold
				one := *cmp.Or(a, b)
				one.Partly = true
				return &one
			}
		case token.NEQ, token.GTR:
			if s.isZero(cond.Y) {
				return l.givenPart(s, cond.X, 0)
			}
		}
	case *ast.SelectorExpr, *ast.Ident:
		return l.givenPart(s, cond, 0)
	}
	return nil
}

// isZero reports whether an expression is nil, or the constant that a variable holds which nobody has set.
func (s *source) isZero(e ast.Expr) bool {
	tv := s.info.Types[e]
	if tv.IsNil() {
		return true
	}
	if tv.Value == nil {
		return false
	}
	switch tv.Value.Kind() {
	case constant.String:
		return constant.StringVal(tv.Value) == ""
	case constant.Int, constant.Float:
		return constant.Sign(tv.Value) == 0
	case constant.Bool:
		return !constant.BoolVal(tv.Value)
	}
	return false
}

// givenPart is the field of a parameter that an expression is, or the parameter itself.
func (l *lifter) givenPart(s *source, e ast.Expr, depth int) *facts.Given {
	switch e := ast.Unparen(e).(type) {
	case *ast.StarExpr:
		return l.givenPart(s, e.X, depth)
	case *ast.CallExpr:
		if id, is := ast.Unparen(e.Fun).(*ast.Ident); is && id.Name == "len" && len(e.Args) == 1 {
			return l.givenPart(s, e.Args[0], depth)
		}
	case *ast.SelectorExpr:
		field, is := s.target(e).(*types.Var)
		if _, index, isParam := l.parameter(s.target(e.X)); is && field.IsField() && isParam && index >= 0 {
			if id, is := ast.Unparen(e.X).(*ast.Ident); is && id != nil {
				return &facts.Given{Param: index, Field: field.Name()}
			}
		}
	case *ast.Ident:
		object := s.target(e)
		if _, index, isParam := l.parameter(object); isParam && index >= 0 {
			return &facts.Given{Param: index}
		}
		if defs := l.defs[object]; len(defs) == 1 && defs[0].kind == assigned && defs[0].index < 0 && defs[0].expr != nil && depth < 3 {
			return l.givenPart(defs[0].source, defs[0].expr, depth+1)
		}
	}
	return nil
}

// writtenOut are the fields that a call gives in a struct which the code writes out there, or in a variable that is given such a one and
// filled further by its function; false where something else may fill it.
func (l *lifter) writtenOut(s *source, e ast.Expr) ([]facts.FieldGiven, bool) {
	literal := structLiteral(e)
	object, isVar := s.target(stripAddress(e)).(*types.Var)
	if literal == nil {
		if !isVar || object.IsField() || structOf(object.Type()) == nil || l.written[object] || object.Parent() == nil || object.Parent() == object.Pkg().Scope() {
			return nil, false
		}
		defs := slices.DeleteFunc(slices.Clone(l.defs[object]), func(d def) bool { // by this call, or what follows it
			return d.kind == filled && d.expr != nil && d.expr.End() >= e.End()
		})
		if len(defs) != 1 || defs[0].kind != assigned || defs[0].expr == nil || defs[0].source != s {
			return nil, false
		}
		if literal = structLiteral(defs[0].expr); literal == nil {
			return nil, false
		}
	}
	named := structOf(s.info.TypeOf(literal))
	if named == nil || isListType(s.info.TypeOf(literal)) || named.Obj().Pkg() == nil || l.loader.sources[named.Obj().Pkg().Path()] == nil {
		return nil, false
	}
	var out []facts.FieldGiven
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			return nil, false
		}
		if key, is := pair.Key.(*ast.Ident); is && !s.isZero(pair.Value) {
			out = append(out, facts.FieldGiven{Name: key.Name, Origins: l.givenFrom(s, pair.Value)})
		}
	}
	if structLiteral(e) != nil {
		return out, true
	}
	around := s.topLevelAt(e.Pos())
	if around == nil {
		return nil, false
	}
	alone := true
	ast.Inspect(around, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, lhs := range n.Lhs {
				selector, is := ast.Unparen(lhs).(*ast.SelectorExpr)
				if !is || s.target(rootOf(selector)) != types.Object(object) {
					continue
				}
				if _, direct := ast.Unparen(selector.X).(*ast.Ident); !direct || len(n.Rhs) != len(n.Lhs) {
					alone = false
					continue
				}
				out = append(out, facts.FieldGiven{Name: selector.Sel.Name, Sometimes: s.sometimes(n.Pos(), e.Pos()), Origins: l.givenFrom(s, n.Rhs[i])})
			}
		case *ast.CallExpr: // who is given it before may fill it
			for _, arg := range n.Args {
				if arg != e && n.Pos() < e.Pos() && s.target(stripAddress(arg)) == types.Object(object) {
					alone = false
				}
			}
		}
		return true
	})
	return out, alone
}

// givenFrom is where the value of a field comes from that a caller gives. What is put together, a builder of conditions or a time, may hold anything,
// whatever it is made of.
func (l *lifter) givenFrom(s *source, e ast.Expr) []facts.Origin {
	w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
	out := compact(w.origins(s, e))
	switch t := typeOr(s.info.TypeOf(e)); deref(t).Underlying().(type) {
	case *types.Struct, *types.Interface, *types.Signature:
		out = append(out, facts.Origin{Kind: facts.FromUnknown})
	}
	return out
}
