package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// givenTransaction is the parameter of a declared function that is an open transaction; "" where there is none, or where the function also does
// without one, ends it or puts another in its place.
func (l *lifter) givenTransaction(f *function) string {
	decl, is := f.node.(*ast.FuncDecl)
	if !is {
		return ""
	}
	for _, param := range f.params {
		if param == nil || !l.isTx(param.Type()) && (!isXormSession(param.Type()) || !l.handsOutBegun()) {
			continue
		}
		if slices.ContainsFunc(l.defs[param], func(d def) bool { return d.kind == assigned }) || f.asksForNil(param) || lastCommit(place{source: f.source}, decl.Body, param).IsValid() {
			return ""
		}
		return param.Name()
	}
	return ""
}

// asksForNil reports whether a function asks whether a variable, or a part of it, is nil.
func (f *function) asksForNil(object types.Object) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		b, is := n.(*ast.BinaryExpr)
		found = found || is && (b.Op == token.EQL || b.Op == token.NEQ) && isNilIdent(b.Y) && f.source.target(beginning(b.X)) == object
		return !found
	})
	return found
}

// handsOutBegun reports whether a function of the code makes sessions of xorm that have begun: one that is handed on is a transaction then.
func (l *lifter) handsOutBegun() bool {
	if l.begunSessions == nil {
		begun := false
		for _, f := range l.functions {
			begun = begun || f.fact.Aside == "" && f.sig != nil && f.sig.Results().Len() == 1 && isXormSession(f.sig.Results().At(0).Type()) && f.callsOnSession("Begin")
		}
		l.begunSessions = &begun
	}
	return *l.begunSessions
}

// callsOnSession reports whether a function calls a method of a name on a session.
func (f *function) callsOnSession(name string) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		selector, is := n.(*ast.SelectorExpr)
		found = found || is && selector.Sel.Name == name && isXormSession(f.source.info.TypeOf(selector.X))
		return !found
	})
	return found
}

// poolArguments are the arguments of a call that are pools, as their types say.
func (l *lifter) poolArguments(s *source, call *ast.CallExpr) []int {
	var out []int
	for i, arg := range call.Args {
		if l.handleKind(s, arg) == "pool" {
			out = append(out, i)
		}
	}
	return out
}
