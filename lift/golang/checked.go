package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// parsers are functions that take a text for a value of a form of its own, by their packages: none of what they accept can end a text of SQL.
var parsers = map[string][]string{
	"time":                   {"LoadLocation", "Parse", "ParseInLocation", "ParseDuration"},
	"strconv":                {"Atoi", "ParseInt", "ParseUint", "ParseFloat", "ParseBool"},
	"net":                    {"ParseIP", "ParseCIDR", "ParseMAC"},
	"github.com/google/uuid": {"Parse"},
}

// parses notes what a parser was given, see refuses.
func (l *lifter) parses(p place, call *ast.CallExpr, stack []ast.Node) {
	name, pkg := calledName(call), p.packageOf(firstOf(call.Fun))
	if len(call.Args) == 0 || !slices.Contains(parsers[pkg], name) {
		return
	}
	arg := call.Args[0]
	if pkg == "time" && len(call.Args) > 1 {
		arg = call.Args[1] // behind the layout
	}
	l.refuses(p, call, arg, stack)
}

// refuses notes a variable, or a field, that a call was given in a function, or in a turn of a loop, that leaves where the call fails. It may be asked
// only if there is a text at all, and under no other condition.
func (l *lifter) refuses(p place, call *ast.CallExpr, arg ast.Expr, stack []ast.Node) {
	object := p.target(arg)
	if object == nil {
		return
	}
	around := len(stack) - 1
	var condition *ast.IfStmt
	for ; around >= 0 && condition == nil; around-- {
		switch n := stack[around].(type) {
		case *ast.IfStmt:
			condition = n
		case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
			condition = p.refusal(call, listOf(n))
			around++
			if condition == nil {
				return
			}
		}
	}
	if condition == nil || condition.Else != nil || !p.failsBy(call, condition) || wayOutOf(condition.Body.List) == onward {
		return
	}
	for ; around >= 0; around-- {
		switch n := stack[around].(type) {
		case *ast.FuncDecl, *ast.FuncLit, *ast.ForStmt, *ast.RangeStmt:
			if field, is := object.(*types.Var); is && field.IsField() {
				l.check(p, arg)
			} else {
				l.formed[object] = true
			}
			return
		case *ast.IfStmt:
			if !p.mentionsObject(n.Cond, object) {
				return
			}
		case *ast.CaseClause, *ast.CommClause:
			return
		}
	}
}

// comparesEach notes a text that is compared with each of a list that stands in the code, where the function leaves if it was none of them, or
// takes another: for _, name := range names { if name == by { found = true } }; if !found { return errOrder }.
func (l *lifter) comparesEach(p place, n *ast.BinaryExpr, stack []ast.Node) {
	if n.Op != token.EQL || len(stack) < 4 {
		return
	}
	same, isIf := last(stack).(*ast.IfStmt)
	loop, isLoop := stack[len(stack)-3].(*ast.RangeStmt)
	if !isIf || !isLoop || same.Cond != ast.Expr(n) || loop.Value == nil || !l.standsInCode(p.source, loop.X) {
		return
	}
	flag := p.setsTrue(same.Body.List)
	one := p.target(loop.Value)
	for _, pair := range [][2]ast.Expr{{n.X, n.Y}, {n.Y, n.X}} {
		if object := p.target(pair[0]); flag != nil && object != nil && one != nil && p.target(pair[1]) == one && p.refusesUnless(flag, object, loop, listOf(stack[len(stack)-4])) {
			l.check(p, pair[0])
		}
	}
}

// standsInCode reports whether a list is one of a package, or written where it is gone through.
func (l *lifter) standsInCode(s *source, e ast.Expr) bool {
	if _, is := ast.Unparen(e).(*ast.CompositeLit); is {
		return true
	}
	list, is := s.target(e).(*types.Var)
	if !is || list.IsField() || list.Pkg() == nil {
		return false
	}
	if list.Parent() == list.Pkg().Scope() {
		return true
	}
	return len(l.defs[list]) > 0 && !slices.ContainsFunc(l.defs[list], func(d def) bool {
		literal, is := d.expr.(*ast.CompositeLit)
		return !is || d.kind != assigned || slices.ContainsFunc(literal.Elts, func(e ast.Expr) bool { return d.source.info.Types[e].Value == nil })
	})
}

// setsTrue is the variable that statements set to true; nil for none.
func (p place) setsTrue(list []ast.Stmt) types.Object {
	for _, s := range list {
		if assign, is := s.(*ast.AssignStmt); is && len(assign.Lhs) == 1 && len(assign.Rhs) == 1 && text(assign.Rhs[0]) == "true" {
			return p.target(assign.Lhs[0])
		}
	}
	return nil
}

// refusesUnless reports whether, behind a statement, a list of them leaves or gives a variable another value where a flag is not set.
func (p place) refusesUnless(flag, object types.Object, behind ast.Stmt, list []ast.Stmt) bool {
	return slices.ContainsFunc(list[slices.Index(list, behind)+1:], func(s ast.Stmt) bool {
		condition, is := s.(*ast.IfStmt)
		if !is {
			return false
		}
		not, is := ast.Unparen(condition.Cond).(*ast.UnaryExpr)
		if !is || not.Op != token.NOT || p.target(not.X) != flag {
			return false
		}
		return wayOutOf(condition.Body.List) != onward || slices.ContainsFunc(condition.Body.List, func(s ast.Stmt) bool {
			assign, is := s.(*ast.AssignStmt)
			return is && slices.ContainsFunc(assign.Lhs, func(e ast.Expr) bool { return p.target(e) == object })
		})
	})
}

// findRefused notes what functions of the code were given that fail unless a whole text is as a pattern says: if err := named(order); err != nil { … }.
func (l *lifter) findRefused(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || len(call.Args) == 0 || !isErrorValue(lastResult(p.info.TypeOf(call))) {
			return true
		}
		for _, callee := range l.static(p.source, call) {
			for i, param := range callee.params {
				if i < len(call.Args) && param != nil && isString(param.Type()) && l.checked[param] && failsUnlessMatched(callee, param) {
					l.refuses(p, call, call.Args[i], stack)
				}
			}
		}
		return true
	})
}

// lastResult is the type of the last of several results, or of the one.
func lastResult(t types.Type) types.Type {
	if tuple, is := t.(*types.Tuple); is && tuple.Len() > 0 {
		return tuple.At(tuple.Len() - 1).Type()
	}
	return t
}

// failsUnlessMatched reports whether a function asks a pattern for a text that it is given, in a statement of its own, and answers there with something
// else than nil where the pattern does not match.
func failsUnlessMatched(f *function, param types.Object) bool {
	return slices.ContainsFunc(f.body.List, func(s ast.Stmt) bool {
		condition, is := s.(*ast.IfStmt)
		if !is || condition.Init != nil || len(condition.Body.List) == 0 {
			return false
		}
		left, is := condition.Body.List[len(condition.Body.List)-1].(*ast.ReturnStmt)
		return is && len(left.Results) > 0 && !isNilIdent(left.Results[len(left.Results)-1]) && unmatched(f.source, condition.Cond, param)
	})
}

// unmatched reports whether a condition holds wherever a pattern does not match a text: !named.MatchString(s), be it one of several reasons.
func unmatched(s *source, e ast.Expr, param types.Object) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.BinaryExpr:
		return e.Op == token.LOR && (unmatched(s, e.X, param) || unmatched(s, e.Y, param))
	case *ast.UnaryExpr:
		call, is := ast.Unparen(e.X).(*ast.CallExpr)
		return is && e.Op == token.NOT && calledName(call) == "MatchString" && len(call.Args) == 1 && s.target(call.Args[0]) == param
	}
	return false
}

// refusal is the statement that asks for the failure of a call, right behind the one that the call stands in.
func (p place) refusal(call *ast.CallExpr, list []ast.Stmt) *ast.IfStmt {
	i := slices.IndexFunc(list, func(s ast.Stmt) bool { return s.Pos() <= call.Pos() && call.End() <= s.End() })
	if i < 0 || i+1 >= len(list) {
		return nil
	}
	condition, _ := list[i+1].(*ast.IfStmt)
	if _, assigns := list[i].(*ast.AssignStmt); !assigns {
		return nil
	}
	return condition
}

// failsBy reports whether a condition holds wherever a call failed: by its error, which stands beside the condition or before it, or where
// what it gives is nil.
func (p place) failsBy(call *ast.CallExpr, n *ast.IfStmt) bool {
	var one func(e ast.Expr) bool
	one = func(e ast.Expr) bool {
		compared, is := ast.Unparen(e).(*ast.BinaryExpr)
		switch {
		case !is:
			return false
		case compared.Op == token.LOR:
			return one(compared.X) || one(compared.Y)
		case compared.Op == token.EQL:
			return isNilIdent(compared.Y) && ast.Unparen(compared.X) == ast.Expr(call)
		}
		return compared.Op == token.NEQ && isNilIdent(compared.Y) && (isErrorValue(p.info.TypeOf(compared.X)) || errName.MatchString(text(compared.X)))
	}
	return one(n.Cond)
}

// madeOver is the definition that a parameter has at a place, behind the one that made another text of the one that the function was given,
// on every way there: zone = known(zone). What it was given is gone then.
func (l *lifter) madeOver(s *source, object *types.Var, at token.Pos) (def, bool) {
	defs := l.defs[object]
	if _, _, isParam := l.parameter(object); !isParam || len(defs) == 0 || !isString(object.Type()) {
		return def{}, false
	}
	d := defs[len(defs)-1]
	call, is := ast.Unparen(d.expr).(*ast.CallExpr)
	if !is || d.kind != assigned || d.source != s || d.index > 0 || d.loop != nil || at < call.End() || s.sometimes(d.pos, at) {
		return def{}, false
	}
	if !slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return s.target(arg) == types.Object(object) }) {
		return def{}, false
	}
	around := s.topLevelAt(at)
	if around == nil {
		return def{}, false
	}
	apart := false // in a function literal, which may run at any time
	ast.Inspect(around, func(n ast.Node) bool {
		literal, is := n.(*ast.FuncLit)
		apart = apart || is && literal.Pos() <= d.pos && d.pos < literal.End() && (at < literal.Pos() || literal.End() <= at)
		return !apart
	})
	return d, !apart
}

// A field holds only what is allowed where the function that reads it compares it with that, or calls one that does (in.Validate()), and
// where all that the code puts into it was such a field. What any other function checks, says nothing of what this one was given.

// checkedBeside reports whether a function that reads a field compares it with what is allowed, itself or in a function of the code that
// it calls.
func (l *lifter) checkedBeside(s *source, field *types.Var, at token.Pos) bool {
	checks := l.checkedIn[field]
	if len(checks) == 0 {
		return false
	}
	if slices.ContainsFunc(checks, func(d ast.Decl) bool { return d.Pos() <= at && at < d.End() }) {
		return true
	}
	around := s.topLevelAt(at)
	if around == nil {
		return false
	}
	found := false
	ast.Inspect(around, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && !found {
			found = slices.ContainsFunc(l.static(s, call), func(f *function) bool {
				decl, is := f.node.(*ast.FuncDecl)
				return is && slices.Contains(checks, ast.Decl(decl))
			})
		}
		return !found
	})
	return found
}

// topLevelAt is the declaration that a place stands in.
func (s *source) topLevelAt(at token.Pos) ast.Decl {
	i := slices.IndexFunc(s.files, func(f *ast.File) bool { return f.FileStart <= at && at < f.FileEnd })
	if i < 0 {
		return nil
	}
	return place{s, s.files[i]}.around(at)
}

// checkedWherePut reports whether all that the code puts into a field are constants, and fields that were compared with what is allowed
// where they were read.
func (l *lifter) checkedWherePut(s *source, e *ast.SelectorExpr) bool {
	field, is := s.info.Uses[e.Sel].(*types.Var)
	of := structOf(typeOr(s.info.TypeOf(e.X)))
	if !is || !field.IsField() || of == nil || l.readInto()[of.Obj()] {
		return false
	}
	compared := false
	for _, d := range l.defs[field] {
		if d.kind != assigned || d.expr == nil {
			return false
		}
		if ofConstants(d.source, d.expr) {
			continue
		}
		from, is := d.source.target(d.expr).(*types.Var)
		if !is || !from.IsField() || !l.checkedBeside(d.source, from, d.pos) {
			return false
		}
		compared = true
	}
	return compared
}

// ofConstants reports whether an expression is a constant, or what a call makes of constants alone.
func ofConstants(s *source, e ast.Expr) bool {
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && len(call.Args) > 0 {
		return s.packageOf(firstOf(call.Fun)) != "" && !slices.ContainsFunc(call.Args, func(arg ast.Expr) bool { return !ofConstants(s, arg) })
	}
	return s.info.Types[e].Value != nil
}
