package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"

	"github.com/fettlehq/fettle/facts"
)

// sharedWrites lifts the writes of a statement or a call to maps that stand in a package's variable, or in a field of the receiver, in a
// function that holds no lock to write under.
func (l *lifter) sharedWrites(p place, n ast.Node, stack []ast.Node) {
	f := l.around(stack)
	if f == nil {
		return
	}
	for _, written := range p.writtenMaps(n) {
		if write := l.sharedWrite(p, f, written, stack); write != nil {
			f.fact.Shared = append(f.fact.Shared, write)
		}
	}
	for _, replaced := range p.replacedMaps(n) {
		if write := l.sharedWrite(p, f, replaced, stack); write != nil {
			write.Whole = true
			f.fact.Shared = append(f.fact.Shared, write)
		}
	}
}

// sharedWrite is one of them, nil where the map is not shared.
func (l *lifter) sharedWrite(p place, f *function, written ast.Expr, stack []ast.Node) *facts.SharedWrite {
	if t := p.info.TypeOf(written); !isMap(t) || f.fact.Locks && l.heldAt(f, written.Pos()) {
		return nil
	}
	got := l.gotMap(p.source, written)
	if got == nil {
		got = l.cachedMap(f, written)
	}
	if got != nil {
		write := &facts.SharedWrite{Pos: l.pos(written.Pos()), Name: got.name(), ReadLock: l.readLock(f), OfKey: l.keyLock(f)}
		if got.of != nil {
			write.Field, write.MadeIn = true, l.makers(got.of)
		}
		return write
	}
	object, is := p.target(written).(*types.Var)
	if !is {
		return nil
	}
	write := &facts.SharedWrite{Pos: l.pos(written.Pos()), Name: text(written), ReadLock: l.readLock(f), OfKey: l.keyLock(f)}
	switch {
	case object.Pkg() != nil && object.Parent() == object.Pkg().Scope():
		write.Guard, write.Bare = l.guardOf(object, f), l.bareUses(object)
	case object.IsField():
		selector, is := ast.Unparen(written).(*ast.SelectorExpr)
		method := f.method()
		if !is || method.recv == nil || !p.within(selector.X, method.recv) {
			return nil
		}
		if l.madeForContext(method.recv.Type()) || object.Pkg() != nil && isBeego(object.Pkg().Path()) {
			return nil // each request has a controller of its own
		}
		write.Field = true
		write.MadeIn = l.makers(method.recv.Type())
		write.Guard, write.Bare = l.guardOf(object, f), l.bareUses(object)
	case l.ofTurns(p, object, written.Pos(), stack):
		write.Turns = true
	default:
		return nil
	}
	return write
}

// within reports whether an expression is a value, or a struct that is a field of it, with no pointer between.
func (s *source) within(e ast.Expr, value types.Object) bool {
	for {
		if s.target(e) == value {
			return true
		}
		selector, is := ast.Unparen(e).(*ast.SelectorExpr)
		if !is {
			return false
		}
		if _, is := typeOr(s.info.TypeOf(e)).Underlying().(*types.Struct); !is {
			return false
		}
		e = selector.X
	}
}

// keptMap is a map that a field or a package's variable holds.
type keptMap struct {
	expr ast.Expr
	of   types.Type // whose field it is, nil for a package's variable
	from ast.Expr   // the cache in which it stands, nil for none
}

// name is what the map is called where it is told of.
func (m *keptMap) name() string {
	if m.from != nil {
		return text(m.expr) + " out of " + text(m.from)
	}
	return text(m.expr)
}

// gotMap is the map that a variable of a function was given by another name: the one that a method gives away, m := s.Sessions(), or m :=
// s.sessions. It is nil where it may be another.
func (l *lifter) gotMap(s *source, e ast.Expr) *keptMap {
	e = ast.Unparen(e)
	if id, is := e.(*ast.Ident); is {
		d := l.mapOnce(s, id)
		if d.expr == nil {
			return nil
		}
		if _, isSelector := ast.Unparen(d.expr).(*ast.SelectorExpr); isSelector {
			return l.heldMap(d.source, d.expr)
		}
		s, e = d.source, ast.Unparen(d.expr)
	}
	call, is := e.(*ast.CallExpr)
	if !is {
		return nil
	}
	callees := l.static(s, call)
	if len(callees) != 1 {
		return nil
	}
	var out *keptMap
	for _, r := range callees[0].returns() {
		if len(r.Results) == 0 {
			return nil
		}
		got := l.heldMap(callees[0].source, r.Results[0])
		if got == nil || out != nil && text(out.expr) != text(got.expr) {
			return nil
		}
		out = got
	}
	return out
}

// mapOnce is the one definition that gives a variable of a function its map. What is put into the map is none.
func (l *lifter) mapOnce(s *source, id *ast.Ident) def {
	v, is := s.target(id).(*types.Var)
	if _, _, isParam := l.parameter(v); !is || isParam || v.IsField() || v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
		return def{}
	}
	var out def
	for _, d := range l.defs[v] {
		if d.expr != nil && (d.kind == assigned || d.kind == appended) && d.index <= 0 && !isMap(d.source.info.TypeOf(d.expr)) && !isTuple(d.source.info.TypeOf(d.expr)) {
			continue
		}
		if out.expr != nil || d.expr == nil || d.kind != assigned || d.index > 0 {
			return def{}
		}
		out = d
	}
	return out
}

// heldMap is a map that is a field of the receiver of a method, or a package's variable.
func (l *lifter) heldMap(s *source, e ast.Expr) *keptMap {
	object, is := s.target(e).(*types.Var)
	if _, isIndex := ast.Unparen(e).(*ast.IndexExpr); isIndex || !is || !isMap(object.Type()) {
		return nil
	}
	if object.Pkg() != nil && object.Parent() == object.Pkg().Scope() {
		return &keptMap{expr: e}
	}
	selector, is := ast.Unparen(e).(*ast.SelectorExpr)
	if !is || !object.IsField() {
		return nil
	}
	f, index, is := l.parameter(s.target(selector.X))
	if !is || index != -1 {
		return nil
	}
	return &keptMap{expr: e, of: f.recv.Type()}
}

// writtenMaps are the maps that a statement or a call writes an element of: m[k] = v, m[k]++, delete(m, k) and clear(m), and
// what fills it from a text: json.Unmarshal(text, &m).
func (s *source) writtenMaps(n ast.Node) []ast.Expr {
	var out []ast.Expr
	element := func(e ast.Expr) {
		if index, is := ast.Unparen(e).(*ast.IndexExpr); is {
			out = append(out, index.X)
		}
	}
	switch n := n.(type) {
	case *ast.AssignStmt:
		for _, lhs := range n.Lhs {
			element(lhs)
		}
	case *ast.IncDecStmt:
		element(n.X)
	case *ast.CallExpr:
		if id, is := ast.Unparen(n.Fun).(*ast.Ident); is && len(n.Args) > 0 && (id.Name == "delete" || id.Name == "clear") {
			if _, builtin := s.info.Uses[id].(*types.Builtin); builtin {
				out = append(out, n.Args[0])
			}
		}
		if name := calledName(n); (name == "Unmarshal" || name == "Decode") && len(n.Args) > 0 {
			if address, is := ast.Unparen(n.Args[len(n.Args)-1]).(*ast.UnaryExpr); is && address.Op == token.AND && isMap(s.info.TypeOf(address.X)) {
				out = append(out, address.X)
			}
		}
	}
	return out
}

// replacedMaps are the maps in whose place a statement puts another: s.prices = fresh.
func (s *source) replacedMaps(n ast.Node) []ast.Expr {
	assign, is := n.(*ast.AssignStmt)
	if !is || assign.Tok != token.ASSIGN {
		return nil
	}
	var out []ast.Expr
	for _, lhs := range assign.Lhs {
		if object, is := s.target(lhs).(*types.Var); is && isMap(object.Type()) && (object.IsField() || object.Pkg() != nil && object.Parent() == object.Pkg().Scope()) {
			if _, isIndex := ast.Unparen(lhs).(*ast.IndexExpr); !isIndex {
				out = append(out, lhs)
			}
		}
	}
	return out
}

// keeps are names of functions that keep what they are given.
var keeps = regexp.MustCompile(`^(Put|Set|Store|Save|Add|Publish|Send|Register)$`)

// leavesLock lifts a map that a function holds a lock for and gives away: whoever has it goes over it without the lock.
func (l *lifter) leavesLock(p place, e ast.Expr, how string, stack []ast.Node) {
	f := l.around(stack)
	if f == nil || f.parent != nil || !l.takesLock(f) {
		return
	}
	selector, is := ast.Unparen(e).(*ast.SelectorExpr)
	if !is {
		return
	}
	object, is := p.target(selector).(*types.Var)
	if !is || !object.IsField() || !l.written[object] {
		return
	}
	if _, isMap := object.Type().Underlying().(*types.Map); !isMap {
		return
	}
	begin, is := p.target(selector.X).(*types.Var)
	if !is || begin != f.recv && (begin.Pkg() == nil || begin.Parent() != begin.Pkg().Scope()) {
		return
	}
	f.fact.Shared = append(f.fact.Shared, &facts.SharedWrite{Pos: l.pos(e.Pos()), Name: text(e), Leaves: how, Field: true})
}

// makers are the functions that make values of a type.
func (l *lifter) makers(t types.Type) []*facts.Function {
	path, name := namedType(t)
	if l.madeIn == nil {
		l.madeIn = map[string][]*facts.Function{}
		l.eachFile(func(p place) {
			ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
				if path, name := namedType(madeBy(p, n)); name != "" {
					if f := l.around(stack); f != nil {
						l.madeIn[path+"."+name] = append(l.madeIn[path+"."+name], f.fact)
					}
				}
				return true
			})
		})
	}
	return l.madeIn[path+"."+name]
}

// madeBy is the type of a value that an expression or a declaration makes, nil where it makes none: T{…}, new(T), or var x T, into which
// something is read mostly.
func madeBy(p place, n ast.Node) types.Type {
	switch n := n.(type) {
	case *ast.CompositeLit:
		return p.info.TypeOf(n)
	case *ast.CallExpr:
		if id, is := n.Fun.(*ast.Ident); is && id.Name == "new" && len(n.Args) == 1 {
			return p.info.TypeOf(n.Args[0])
		}
	case *ast.ValueSpec:
		if _, pointer := n.Type.(*ast.StarExpr); n.Type != nil && len(n.Values) == 0 && !pointer {
			return p.info.TypeOf(n.Type)
		}
	}
	return nil
}

// madeForContext reports whether values of a type are made where they are put into a context: whoever has the context has one of his own.
func (l *lifter) madeForContext(t types.Type) bool {
	if l.contextual == nil {
		l.contextual = map[string]bool{}
		l.eachFile(func(p place) {
			ast.Inspect(p.file, func(n ast.Node) bool {
				call, is := n.(*ast.CallExpr)
				if !is || len(call.Args) != 3 || calledName(call) != "WithValue" || p.packageOf(firstOf(call.Fun)) != "context" {
					return true
				}
				switch ast.Unparen(call.Args[2]).(type) {
				case *ast.CallExpr, *ast.UnaryExpr, *ast.CompositeLit:
					path, name := namedType(p.info.TypeOf(call.Args[2]))
					l.contextual[path+"."+name] = name != ""
				}
				return true
			})
		})
	}
	path, name := namedType(t)
	return l.contextual[path+"."+name]
}
