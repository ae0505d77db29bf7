package golang

import (
	"go/ast"
	"go/types"
	"slices"
)

// opened reports whether a call of a function of the code opens something that its caller has to close: it answers an error beside something with a Close,
// of a type of io or of the code's own type around one.
func (l *lifter) opened(p place, call *ast.CallExpr, t types.Type) bool {
	results, is := typeOr(p.info.TypeOf(call)).(*types.Tuple)
	if !is || results.Len() != 2 || !isError(results.At(1).Type()) || len(call.Args) == 0 || !isCloser(t) {
		return false
	}
	callees := l.static(p.source, call)
	return len(callees) > 0 && !slices.ContainsFunc(callees, func(f *function) bool { return !l.opens(f, 0) })
}

// isCloser reports whether values of a type are read from or written to until they are closed: one of io's, or a struct that embeds one.
func isCloser(t types.Type) bool {
	path, name := namedType(t)
	switch {
	case path == "io":
		return name == "ReadCloser" || name == "ReadSeekCloser" || name == "WriteCloser" || name == "ReadWriteCloser"
	case path == "os" && name == "File", path == "mime/multipart" && name == "File":
		return true
	}
	fields, is := deref(typeOr(t)).Underlying().(*types.Struct)
	if !is {
		return false
	}
	for i := range fields.NumFields() {
		field := fields.Field(i)
		if path, name := namedType(field.Type()); field.Embedded() && (path == "io" && (name == "Closer" || name == "ReadCloser" || name == "ReadSeekCloser" || name == "WriteCloser") || path == "os" && name == "File") {
			return true
		}
	}
	return false
}

// opens reports whether a function answers with what it, or what it calls, has opened anew. What a field holds is closed by who keeps it, and what
// lies in memory needs no closing.
func (l *lifter) opens(f *function, depth int) bool {
	if depth > 3 || f.fact.Aside == "test" {
		return false
	}
	found := false
	for _, n := range f.returns() {
		if len(n.Results) == 1 {
			if call, is := ast.Unparen(n.Results[0]).(*ast.CallExpr); is {
				found = found || l.opensCall(f.source, call, depth)
			}
			continue
		}
		if len(n.Results) == 2 && l.opensValue(f, n.Results[0], depth) {
			found = true
		}
	}
	return found
}

// opensValue reports whether an expression is something newly opened, by way of a variable, or of a struct that is made around it.
func (l *lifter) opensValue(f *function, e ast.Expr, depth int) bool {
	if depth > 6 {
		return false
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		return l.opensCall(f.source, e, depth)
	case *ast.UnaryExpr:
		return l.opensValue(f, e.X, depth)
	case *ast.CompositeLit:
		return slices.ContainsFunc(e.Elts, func(part ast.Expr) bool {
			if pair, is := part.(*ast.KeyValueExpr); is {
				part = pair.Value
			}
			return hasClose(f.source.info.TypeOf(part)) && l.opensValue(f, part, depth+1)
		})
	case *ast.Ident:
		v, is := f.source.target(e).(*types.Var)
		if !is || v.Pos() < f.node.Pos() || f.node.End() < v.Pos() {
			return false
		}
		return slices.ContainsFunc(l.defs[v], func(d def) bool {
			return d.kind == assigned && d.index <= 0 && d.expr != nil && l.opensValue(f, d.expr, depth+1)
		}) || l.filledWithOpened(f, v, depth)
	}
	return false
}

// filledWithOpened reports whether a field of a variable is given something newly opened: s.ReadCloser = f.
func (l *lifter) filledWithOpened(f *function, v *types.Var, depth int) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		assign, is := n.(*ast.AssignStmt)
		if !is || len(assign.Lhs) != len(assign.Rhs) || found {
			return !found
		}
		for i, left := range assign.Lhs {
			selector, is := left.(*ast.SelectorExpr)
			if is && f.source.target(selector.X) == types.Object(v) && hasClose(f.source.info.TypeOf(assign.Rhs[i])) && l.opensValue(f, assign.Rhs[i], depth+1) {
				found = true
			}
		}
		return !found
	})
	return found
}

// holdsOpened is the field of what a call of a function of the code answers in which that function leaves something that it has opened: whoever
// calls it closes file.Content. It is "" where there is none, or where the value knows how to close it.
func (l *lifter) holdsOpened(s *source, call *ast.CallExpr, t types.Type) string {
	structure, is := deref(typeOr(t)).Underlying().(*types.Struct)
	callees := l.static(s, call)
	if !is || len(callees) == 0 || isCloser(t) || hasClose(t) {
		return ""
	}
	for i := range structure.NumFields() {
		field := structure.Field(i)
		if !isCloser(field.Type()) || field.Embedded() {
			continue
		}
		if !slices.ContainsFunc(callees, func(f *function) bool { return !l.leavesOpen(f, field.Name()) }) {
			return field.Name()
		}
	}
	return ""
}

// leavesOpen reports whether a function answers, beside an error, with a value that it has made and in whose field it has put something newly opened,
// itself or by a method of the value, and keeps the value nowhere else.
func (l *lifter) leavesOpen(f *function, field string) bool {
	if f.sig == nil || f.sig.Results().Len() != 2 || !isError(f.sig.Results().At(1).Type()) || f.fact.Aside == "test" {
		return false
	}
	for _, r := range f.returns() {
		if len(r.Results) != 2 || isNilIdent(r.Results[0]) {
			continue
		}
		v, is := f.source.target(r.Results[0]).(*types.Var)
		if !is || v.IsField() || v.Pos() < f.body.Pos() || f.body.End() < v.Pos() || len(l.defs[v]) != 1 || !isMade(l.defs[v][0].expr) || f.keepsElsewhere(v) {
			return false
		}
		if l.fillsField(f, v, field, 0) {
			return true
		}
	}
	return false
}

// isMade reports whether an expression makes a new value: T{…} or &T{…}.
func isMade(e ast.Expr) bool {
	if address, is := e.(*ast.UnaryExpr); is {
		e = address.X
	}
	_, is := e.(*ast.CompositeLit)
	return is
}

// keepsElsewhere reports whether a function puts a variable anywhere else: into a field, a map or another variable.
func (f *function) keepsElsewhere(v types.Object) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		if assign, is := n.(*ast.AssignStmt); is {
			found = found || slices.ContainsFunc(assign.Rhs, func(e ast.Expr) bool { return f.source.target(e) == v })
		}
		return !found
	})
	return found
}

// fillsField reports whether a function puts something newly opened into a field of a variable, or calls a method of the variable that does.
func (l *lifter) fillsField(f *function, v types.Object, field string, depth int) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.AssignStmt:
			for i, left := range n.Lhs {
				selector, is := left.(*ast.SelectorExpr)
				if !is || selector.Sel.Name != field || f.source.target(selector.X) != v {
					continue
				}
				if len(n.Rhs) == len(n.Lhs) {
					found = found || l.opensValue(f, n.Rhs[i], 0)
				} else if call, is := ast.Unparen(n.Rhs[0]).(*ast.CallExpr); is && i == 0 {
					found = found || l.opensCall(f.source, call, 0)
				}
			}
		case *ast.CallExpr:
			selector, is := ast.Unparen(n.Fun).(*ast.SelectorExpr)
			if !is || f.source.target(selector.X) != v || depth > 2 {
				return true
			}
			for _, callee := range l.static(f.source, n) {
				found = found || callee.recv != nil && callee.body != nil && l.fillsField(callee, callee.recv, field, depth+1)
			}
		}
		return !found
	})
	return found
}

func hasClose(t types.Type) bool { return t != nil && method(t, "Close", nil) != nil }

// opensCall reports whether a call opens something: os.Open and its like, or a function of the code that does.
func (l *lifter) opensCall(s *source, call *ast.CallExpr, depth int) bool {
	name := calledName(call)
	switch s.packageOf(firstOf(call.Fun)) {
	case "os":
		return name == "Open" || name == "OpenFile" || name == "Create" || name == "CreateTemp"
	case "io", "bytes", "strings", "net/http":
		return false
	}
	callees := l.static(s, call)
	if len(callees) == 0 { // a method of a library that opens an object of a store
		results, is := typeOr(s.info.TypeOf(call)).(*types.Tuple)
		return is && results.Len() == 2 && isCloser(results.At(0).Type())
	}
	return slices.ContainsFunc(callees, func(f *function) bool { return l.opens(f, depth+1) })
}
