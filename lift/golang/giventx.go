package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

	"github.com/fettlehq/fettle/facts"
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

// beginsOne is where a function begins a transaction of its own, on a pool, and keeps it to itself: whoever calls it while another is open holds two
// connections. It has no line where there is none, and where the function may be given one, or has another one in hand.
func (l *lifter) beginsOne(f *function) facts.Pos {
	out := token.NoPos
	for _, param := range f.params {
		if param == nil {
			continue
		}
		t := param.Type()
		if several, is := types.Unalias(t).(*types.Slice); is { // ...*sql.Tx
			t = several.Elem()
		}
		if l.isTx(t) || isXormSession(t) || isGormDB(t) {
			return facts.Pos{}
		}
	}
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.AssignStmt:
			call, is := rightCall(n)
			if !is || out.IsValid() {
				return !out.IsValid()
			}
			object := f.source.target(n.Lhs[0])
			if object == nil || f.answers(object) || l.givenTwice(object) || f.givenNone(n, stack) || l.hasOne(f, n, stack) {
				return true
			}
			selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			if l.handsOut(f.source, call) || is && l.isLibraryTx(object.Type()) && l.begunBy(object.Type(), calledName(call)) && l.handleKind(f.source, selector.X) == "pool" {
				out = n.Pos()
			}
		}
		return true
	})
	if !out.IsValid() {
		return facts.Pos{}
	}
	return l.pos(out)
}

// givenNone reports whether a place is reached only where a parameter of its function is nil: who calls may give what is begun there.
func (f *function) givenNone(at ast.Node, stack []ast.Node) bool {
	return slices.ContainsFunc(stack, func(n ast.Node) bool {
		branch, is := n.(*ast.IfStmt)
		if !is || at.Pos() < branch.Body.Pos() || branch.Body.End() <= at.Pos() {
			return false
		}
		asked, is := ast.Unparen(branch.Cond).(*ast.BinaryExpr)
		if !is || asked.Op != token.EQL || !isNilIdent(asked.Y) {
			return false
		}
		param := f.source.target(asked.X)
		return param != nil && slices.Contains(f.params, param)
	})
}

// hasOne reports whether a function leaves before a place where it finds a transaction that is open already, as in its context: it begins one
// only where there is none.
func (l *lifter) hasOne(f *function, at ast.Node, stack []ast.Node) bool {
	return slices.ContainsFunc(stack, func(n ast.Node) bool {
		block, is := n.(*ast.BlockStmt)
		return is && slices.ContainsFunc(block.List, func(statement ast.Stmt) bool {
			branch, is := statement.(*ast.IfStmt)
			return is && branch.End() <= at.Pos() && wayOutOf(branch.Body.List) == outOfFunction && (branch.Init != nil && l.namesTx(f.source, branch.Init) || l.namesTx(f.source, branch.Cond))
		})
	})
}

// namesTx reports whether a part of a condition names a transaction.
func (l *lifter) namesTx(s *source, n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		if id, is := n.(*ast.Ident); is {
			v, is := s.info.ObjectOf(id).(*types.Var)
			found = found || is && l.isTx(typeOr(v.Type()))
		}
		return !found
	})
	return found
}

// givenTwice reports whether a variable is given more than one value.
func (l *lifter) givenTwice(object types.Object) bool {
	n := 0
	for _, d := range l.defs[object] {
		if d.kind == assigned && (d.expr == nil || !isNilIdent(d.expr)) {
			n++
		}
	}
	return n > 1
}

// answers reports whether a function gives a variable to its caller.
func (f *function) answers(object types.Object) bool {
	return slices.ContainsFunc(f.returns(), func(r *ast.ReturnStmt) bool {
		return slices.ContainsFunc(r.Results, func(e ast.Expr) bool { return f.source.target(e) == object })
	})
}

// handsOut reports whether a call is one of a function of the code that makes a session of xorm which has begun.
func (l *lifter) handsOut(s *source, call *ast.CallExpr) bool {
	callees := l.static(s, call)
	return len(callees) == 1 && callees[0].sig != nil && callees[0].sig.Results().Len() > 0 && isXormSession(callees[0].sig.Results().At(0).Type()) && callees[0].callsOnSession("Begin")
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
