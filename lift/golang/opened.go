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
