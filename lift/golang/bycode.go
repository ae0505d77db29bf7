package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
)

// What the code itself writes is told from what is put beside it: a struct of a column, an operator and a value holds one text that
// stands in the code and one that a client sends. The field of the column holds the code's own texts wherever such a struct is made, if each
// place gives it a constant, or what is chosen and put together of constants, and nothing from outside is read into such structs.

// setByCode reports whether the code gives a field constants alone, wherever it makes such a struct or changes it, and reads nothing
// into such structs: options that functions hand on to each other.
func (l *lifter) setByCode(s *source, e *ast.SelectorExpr) bool {
	w := &byCode{l: l, seen: map[types.Object]bool{}, asked: map[result]bool{}, budget: 200}
	return w.field(s, e)
}

// byCode follows texts to what the code writes.
type byCode struct {
	l      *lifter
	seen   map[types.Object]bool // what is looked at already: a circle brings in nothing
	asked  map[result]bool       // likewise of what functions return
	budget int
}

func (w *byCode) field(s *source, e *ast.SelectorExpr) bool {
	field, is := s.info.Uses[e.Sel].(*types.Var)
	of := structOf(typeOr(s.info.TypeOf(e.X)))
	if !is || !field.IsField() || of == nil || len(w.l.defs[field]) == 0 || w.l.readInto()[of.Obj()] {
		return false
	}
	if w.seen[field] {
		return true
	}
	w.seen[field] = true
	if isTexts(field.Type()) && !w.l.handedIn()[of.Obj()] {
		return !slices.ContainsFunc(w.l.defs[field], func(d def) bool { return !w.definition(d) })
	}
	return !slices.ContainsFunc(w.l.defs[field], func(d def) bool {
		if d.kind != assigned || d.expr == nil || d.source.info.Types[d.expr].Value != nil {
			return d.kind != assigned || d.expr == nil
		}
		other, is := ast.Unparen(d.expr).(*ast.SelectorExpr)
		return !is || !w.field(d.source, other)
	})
}

// isTexts reports whether a type is that of texts, or of a list of them.
func isTexts(t types.Type) bool {
	if list, is := t.Underlying().(*types.Slice); is {
		t = list.Elem()
	}
	basic, is := t.Underlying().(*types.Basic)
	return is && basic.Info()&types.IsString != 0
}

func (w *byCode) definition(d def) bool {
	switch {
	case d.expr == nil || d.kind == filled:
		return false
	case d.kind == item && d.index == 0:
		return !isMap(d.source.info.TypeOf(d.expr)) // a number
	case d.kind != item && d.index >= 0:
		call, is := ast.Unparen(d.expr).(*ast.CallExpr)
		return is && w.call(d.source, call, d.index)
	}
	return w.text(d.source, d.expr)
}

// text reports whether an expression holds texts of the code alone.
func (w *byCode) text(s *source, e ast.Expr) bool {
	w.budget--
	if w.budget < 0 {
		return false
	}
	if tv := s.info.Types[e]; tv.Value != nil || tv.IsNil() {
		return true
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.BinaryExpr:
		return e.Op == token.ADD && w.text(s, e.X) && w.text(s, e.Y)
	case *ast.UnaryExpr:
		return w.text(s, e.X)
	case *ast.StarExpr:
		return w.text(s, e.X)
	case *ast.SliceExpr:
		return w.text(s, e.X)
	case *ast.IndexExpr: // the choice brings in no text
		return w.text(s, e.X)
	case *ast.CompositeLit:
		return literalOf(s.info.TypeOf(e)) == nil && !slices.ContainsFunc(e.Elts, func(element ast.Expr) bool {
			if pair, is := element.(*ast.KeyValueExpr); is {
				element = pair.Value
			}
			return !w.text(s, element)
		})
	case *ast.Ident:
		object, is := s.info.Uses[e].(*types.Var)
		return is && w.variable(object)
	case *ast.SelectorExpr:
		if s.packageOf(e.X) == "" {
			return w.field(s, e)
		}
		object, is := s.info.Uses[e.Sel].(*types.Var)
		return is && w.variable(object)
	case *ast.CallExpr:
		return w.call(s, e, 0)
	}
	return false
}

// variable reports whether a variable holds texts of the code alone: a parameter, what each caller gives it.
func (w *byCode) variable(object *types.Var) bool {
	if w.seen[object] {
		return true
	}
	w.seen[object] = true
	if object.IsField() || object.Pkg() == nil || w.l.loader.sources[object.Pkg().Path()] == nil {
		return false
	}
	if f, index, is := w.l.parameter(object); is && !w.given(f, index) {
		return false
	}
	return !slices.ContainsFunc(w.l.defs[object], func(d def) bool { return !w.definition(d) })
}

// given reports whether every call of a function gives a parameter texts of the code alone. A function that nothing names is given nothing; a
// method, a literal or what is handed on may be called by a library.
func (w *byCode) given(f *function, index int) bool {
	called := w.l.calledAt()[f]
	if index < 0 || w.l.handlers[f] || f.sig == nil {
		return false
	}
	if len(called) == 0 {
		return w.l.unnamed(f)
	}
	rest := f.sig.Variadic() && index == len(f.params)-1
	return !slices.ContainsFunc(called, func(at site) bool {
		args := at.call.Args
		if index >= len(args) {
			return !rest
		}
		if !rest {
			args = args[:index+1]
		}
		return slices.ContainsFunc(args[index:], func(arg ast.Expr) bool { return !w.text(at.source, arg) })
	})
}

// unnamed reports whether nothing but tests names a function.
func (l *lifter) unnamed(f *function) bool {
	declared, is := f.node.(*ast.FuncDecl)
	if !is || declared.Recv != nil {
		return false
	}
	object, is := f.source.info.Defs[declared.Name].(*types.Func)
	l.calledAt()
	return is && !l.mentioned[object]
}

// call reports whether a result of a call holds texts of the code alone.
func (w *byCode) call(s *source, call *ast.CallExpr, index int) bool {
	if s.info.Types[call.Fun].IsType() && len(call.Args) == 1 {
		return w.text(s, call.Args[0])
	}
	notOurs := func(arg ast.Expr) bool { return !isNumber(s.info.TypeOf(arg)) && !w.text(s, arg) }
	if callees := w.l.static(s, call); len(callees) > 0 {
		return !slices.ContainsFunc(callees, func(f *function) bool { return !w.returned(f, index) })
	}
	switch name := calledName(call); fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		_, builtin := s.info.Uses[fun].(*types.Builtin)
		return builtin && (name == "make" || name == "append" && !slices.ContainsFunc(call.Args, notOurs))
	case *ast.SelectorExpr:
		switch s.packageOf(fun.X) {
		case "fmt", "strings":
			return len(call.Args) > 0 && !slices.ContainsFunc(call.Args, notOurs)
		case "":
			return name == "String" && isNamed(s.info.TypeOf(fun.X), "strings", "Builder") && w.text(s, fun.X)
		}
	}
	return false
}

// returned reports whether a function gives texts of the code alone as one of its results.
func (w *byCode) returned(f *function, index int) bool {
	if w.asked[result{f, index}] {
		return true
	}
	w.asked[result{f, index}] = true
	returns := f.returns()
	return len(returns) > 0 && !slices.ContainsFunc(returns, func(n *ast.ReturnStmt) bool {
		switch {
		case index < len(n.Results) && (len(n.Results) > 1 || resultCount(f) <= 1):
			return !w.text(f.source, n.Results[index])
		case len(n.Results) == 1:
			call, is := ast.Unparen(n.Results[0]).(*ast.CallExpr)
			return !is || !w.call(f.source, call, index)
		}
		return f.sig == nil || index >= f.sig.Results().Len() || !w.variable(f.sig.Results().At(index))
	})
}

// readInto are the structs into which something is read: bodies, rows, configuration, and what stands within them.
func (l *lifter) readInto() map[*types.TypeName]bool {
	if l.filledTypes != nil {
		return l.filledTypes
	}
	l.filledTypes = map[*types.TypeName]bool{}
	for object, defs := range l.defs {
		if slices.ContainsFunc(defs, func(d def) bool { return d.kind == filled && !l.passesOn(d, object) }) {
			noteStructs(l.filledTypes, object.Type())
		}
	}
	for object := range l.injected {
		noteStructs(l.filledTypes, object.Type())
	}
	return l.filledTypes
}

// handedIn are the structs that functions take which nothing in the code calls: messages of remote procedures, what a router or another
// program gives, and what stands within them.
func (l *lifter) handedIn() map[*types.TypeName]bool {
	if l.handedTypes != nil {
		return l.handedTypes
	}
	l.handedTypes = map[*types.TypeName]bool{}
	for _, f := range l.functions {
		if f.fact.Aside == "test" || (len(l.calledAt()[f]) > 0 || l.unnamed(f)) && !l.handlers[f] {
			continue
		}
		for _, param := range f.params {
			if param != nil {
				noteStructs(l.handedTypes, param.Type())
			}
		}
	}
	return l.handedTypes
}

// noteStructs notes the struct of a type and what stands within it.
func noteStructs(into map[*types.TypeName]bool, t types.Type) {
	named := structOf(t)
	if named == nil || into[named.Obj()] {
		return
	}
	into[named.Obj()] = true
	for field := range named.Underlying().(*types.Struct).Fields() {
		noteStructs(into, field.Type())
	}
}

// passesOn reports whether a call that may fill a struct gives it to functions of the code that take such a struct: whether they fill it is
// said by their parameters.
func (l *lifter) passesOn(d def, object types.Object) bool {
	call, is := d.expr.(*ast.CallExpr)
	if !is {
		return false
	}
	callees := l.static(d.source, call)
	return len(callees) > 0 && !slices.ContainsFunc(callees, func(f *function) bool {
		i := slices.IndexFunc(call.Args, func(arg ast.Expr) bool { return d.source.target(arg) == object })
		return i < 0 || i >= len(f.params) || f.params[i] == nil || structOf(f.params[i].Type()) == nil || structOf(f.params[i].Type()) != structOf(object.Type())
	})
}
