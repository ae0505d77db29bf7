package golang

import (
	"go/ast"
	"go/types"
	"slices"
)

// A lock that is taken for a key, locks.Lock(name) or a flight of singleflight, keeps out who asks for the same key. What all keys share, a map of
// them above all, it does not keep.

// forKey reports whether a call that takes a lock takes it for a key that differs from call to call: what a parameter or a variable of the function
// says, and neither a context nor a constant. What the receiver's own fields say is the same for all that its value holds.
func (l *lifter) forKey(s *source, call *ast.CallExpr) bool {
	return slices.ContainsFunc(call.Args, func(arg ast.Expr) bool {
		switch t := types.Unalias(typeOr(s.info.TypeOf(arg))).Underlying().(type) {
		case *types.Basic:
			if t.Info()&(types.IsString|types.IsInteger) == 0 {
				return false
			}
		case *types.Array:
		default:
			return false
		}
		if path, _ := namedType(s.info.TypeOf(arg)); path == "time" || s.info.Types[arg].Value != nil {
			return false
		}
		differs := false
		ast.Inspect(arg, func(n ast.Node) bool {
			if id, is := n.(*ast.Ident); is && !differs {
				differs = l.differs(s, id)
			}
			return !differs
		})
		return differs
	})
}

// differs reports whether a name is a parameter's, or that of a variable of a function that holds no constant.
func (l *lifter) differs(s *source, id *ast.Ident) bool {
	v, is := s.info.Uses[id].(*types.Var)
	if !is || v.IsField() || v.Pkg() == nil || v.Parent() == v.Pkg().Scope() {
		return false
	}
	if _, index, isParam := l.parameter(v); isParam {
		return index >= 0
	}
	return !slices.ContainsFunc(l.defs[v], func(d def) bool { return d.expr != nil && d.source.info.Types[d.expr].Value != nil })
}

// ofNew reports whether a call takes the lock of a value that the function itself has just made: nobody else has that value yet, so that the lock keeps
// nobody out, and mostly another one was meant.
func (l *lifter) ofNew(s *source, call *ast.CallExpr) bool {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || len(call.Args) > 0 {
		return false
	}
	id := firstIdent(selector.X)
	if id == nil {
		return false
	}
	path, _ := namedType(s.info.TypeOf(id)) // a lock alone is shared by what the function starts
	return path != "sync" && l.justMade(s, id, 0)
}

// justMade reports whether a variable of a function holds what a literal made there, or in the function of the code that was called for it.
func (l *lifter) justMade(s *source, id *ast.Ident, depth int) bool {
	d, once := l.setOnce(s, id)
	return once && depth <= 2 && d.index <= 0 && l.makesOne(d.source, d.expr, depth)
}

// makesOne reports whether an expression makes a value that nobody else has.
func (l *lifter) makesOne(s *source, e ast.Expr, depth int) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return true
	case *ast.UnaryExpr:
		_, is := ast.Unparen(e.X).(*ast.CompositeLit)
		return is
	case *ast.Ident:
		return l.justMade(s, e, depth+1)
	case *ast.CallExpr:
		callees := l.static(s, e)
		if len(callees) != 1 {
			return false
		}
		returns := callees[0].returns()
		return len(returns) > 0 && !slices.ContainsFunc(returns, func(r *ast.ReturnStmt) bool {
			return len(r.Results) == 0 || !isNilIdent(r.Results[0]) && !l.makesOne(callees[0].source, r.Results[0], depth+1)
		})
	}
	return false
}

// keyLock reports whether a function, or one around it, takes a lock for a key.
func (l *lifter) keyLock(f *function) bool {
	found := false
	for ; f != nil && !found; f = f.parent {
		ast.Inspect(f.body, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is && (calledName(call) == "Lock" || calledName(call) == "Do") {
				found = found || l.forKey(f.source, call)
			}
			return !found
		})
	}
	return found
}

// readLock reports whether a function that holds no lock to write under takes one all the same: RLock, or one that it gave back before.
func (l *lifter) readLock(f *function) bool {
	return l.takesLock(f) && !l.keyLock(f)
}
