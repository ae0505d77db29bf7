package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

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
