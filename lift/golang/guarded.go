package golang

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// taken is a lock that a function takes, from there to where the statements beside it give it back.
type taken struct {
	lock  string // where it is declared, or facts.SomeLock
	name  string // as written: "s.mu"; "" where no method of the lock itself takes it
	read  bool   // others hold it as well
	from  token.Pos
	given token.Pos // NoPos where it is held to the end
}

var (
	lockNames = regexp.MustCompile(`^(Try)?R?Lock$`)
	// lockers are names of functions that may take a lock of which nothing more is known.
	lockers = regexp.MustCompile(`^(lock|acquire|synchronized|exclusive|(with|try|r)?Lock|(with|try|r)lock)|^(With)?(R)?Lock[A-Z]|^Acquire`)
	// underLockDoc are words of a comment that speaks of the lock that a caller holds.
	underLockDoc = regexp.MustCompile(`(?i)\b(lock|locked|locks|locking|mutex|mu|not (thread|goroutine|concurrency)[- ]?safe)\b`)
)

// takenBy are the locks that a function itself takes, in the order of its text.
func (l *lifter) takenBy(f *function) []taken {
	if known, found := l.taken[f]; found {
		return known
	}
	var out []taken
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		if _, is := n.(*ast.FuncLit); is {
			return false // it takes locks of its own
		}
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		selector, isSelector := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		switch name := calledName(call); {
		case isSelector && lockNames.MatchString(name) && len(call.Args) == 0:
			t := taken{lock: l.lockOf(f.source, selector), name: text(selector.X), read: strings.HasSuffix(name, "RLock"), from: call.Pos()}
			for _, s := range behind(stack) {
				if after, is := s.(*ast.ExprStmt); is && givesBack(after, selector) {
					t.given = after.Pos()
					break
				}
			}
			out = append(out, t)
		case lockers.MatchString(name):
			out = append(out, taken{lock: facts.SomeLock, from: call.Pos()})
		}
		return true
	})
	l.taken[f] = out
	return out
}

// behind are the statements that follow the one that a stack ends with, in its own list.
func behind(stack []ast.Node) []ast.Stmt {
	statement, is := last(stack).(*ast.ExprStmt)
	if !is || len(stack) < 2 {
		return nil
	}
	list := listOf(stack[len(stack)-2])
	return list[slices.Index(list, ast.Stmt(statement))+1:]
}

// givesBack reports whether a statement gives a lock back.
func givesBack(s *ast.ExprStmt, lock *ast.SelectorExpr) bool {
	call, is := s.X.(*ast.CallExpr)
	if !is {
		return false
	}
	unlock, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	return is && strings.TrimPrefix(unlock.Sel.Name, "R") == "Unlock" && text(unlock.X) == text(lock.X)
}

// lockOf names the lock whose method is called by where it is declared: a field, one that is embedded, or a package's variable.
func (l *lifter) lockOf(s *source, selector *ast.SelectorExpr) string {
	object, is := s.target(selector.X).(*types.Var)
	if selected := s.info.Selections[selector]; selected != nil && len(selected.Index()) > 1 { // of what the value embeds
		object, is = embeddedAt(selected), true
	}
	if !is || object == nil || object.Pkg() == nil || l.loader.sources[object.Pkg().Path()] == nil || !object.IsField() && object.Parent() != object.Pkg().Scope() {
		return facts.SomeLock
	}
	at := l.pos(object.Origin().Pos())
	return fmt.Sprintf("%s:%d:%d", at.File, at.Line, at.Column)
}

// embeddedAt is the field that a method is selected through.
func embeddedAt(selected *types.Selection) *types.Var {
	var out *types.Var
	t := selected.Recv()
	for _, i := range selected.Index()[:len(selected.Index())-1] {
		structure := literalOf(t)
		if structure == nil {
			return nil
		}
		out = structure.Field(i)
		t = out.Type()
	}
	return out
}

// holds are the locks that a function, or one around it that runs it in its place, holds at a place: those that it alone holds, or all of them.
func (l *lifter) holds(f *function, at token.Pos, reading bool) []string {
	var out []string
	add := func(lock string) {
		if !slices.Contains(out, lock) {
			out = append(out, lock)
		}
	}
	for ; f != nil; f = f.parent {
		for _, t := range l.takenBy(f) {
			if t.from < at && (t.given == token.NoPos || at < t.given) && (reading || !t.read) {
				add(t.lock)
			}
		}
		if strings.HasSuffix(f.fact.Name, "Locked") || l.saysLocked(f) || l.onceAt(f, at) || l.runUnder(f, "Lock", "TryLock", "RLock") {
			add(facts.SomeLock)
		}
		if f.parent != nil && l.runsByItself(f) {
			break
		}
		at = f.node.Pos()
	}
	return out
}

// saysLocked reports whether the comment of a function speaks of a lock: mostly the one that its caller holds.
func (l *lifter) saysLocked(f *function) bool {
	decl, is := f.node.(*ast.FuncDecl)
	return is && decl.Doc != nil && len(l.takenBy(f)) == 0 && underLockDoc.MatchString(decl.Doc.Text())
}

// runsByItself reports whether a literal is run by a goroutine of its own, or later.
func (l *lifter) runsByItself(f *function) bool {
	literal, is := f.node.(*ast.FuncLit)
	if !is {
		return false
	}
	given := l.givenTo(literal)
	return l.spawned[literal] || given != nil && (calledName(given) == "Go" || runsLater.MatchString(calledName(given)))
}

// findGuarded lifts the values of which some functions read without a lock what others write under one, or which they set by what they were.
func (l *lifter) findGuarded() {
	set := l.setValues()
	uses := map[*types.Var]*facts.Guarded{}
	var order []*types.Var
	l.eachFile(func(p place) {
		ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
			if start, is := n.(*ast.GoStmt); is {
				l.spawned[ast.Unparen(start.Call.Fun)] = true
			}
			e, is := n.(ast.Expr)
			if !is {
				return true
			}
			object, owner := l.keptAt(p, e, stack)
			if object == nil || !isMapOrList(object.Type()) && !set[object] {
				return true // what nobody sets nobody reads too early
			}
			use, is := l.useOf(p, e, stack)
			maker := l.makerOf(e, stack)
			if !is && maker == nil {
				return true
			}
			if uses[object] == nil {
				uses[object] = &facts.Guarded{Name: text(e), Kind: guardedKind(object.Type())}
				if p.atomically(e, stack) {
					uses[object].Kind = "atomic"
				}
				if owner != nil {
					uses[object].Field = true
					uses[object].MadeIn = l.makers(owner)
				}
				order = append(order, object)
			}
			if maker != nil {
				uses[object].MadeIn = append(slices.Clone(uses[object].MadeIn), maker)
			} else {
				uses[object].Uses = append(uses[object].Uses, use)
			}
			return true
		})
	})
	for _, f := range l.functions {
		for call, fact := range f.calls {
			if !fact.Spawned {
				fact.Holds = l.holds(f, call.Pos(), true)
			}
		}
	}
	for _, object := range order {
		if g := uses[object]; g.Mixed() || g.Raced() || g.Kind == "sync" {
			l.facts.Guarded = append(l.facts.Guarded, g)
		}
	}
}

// keptAt is the package's variable, or the field of a value that a method has, that an expression names; and the type whose field it is. Of fields that
// hold neither a map nor a list it is one of the method's value itself, or of a package's variable.
func (l *lifter) keptAt(p place, e ast.Expr, stack []ast.Node) (*types.Var, types.Type) {
	switch e := e.(type) {
	case *ast.Ident:
		object, is := p.info.Uses[e].(*types.Var)
		if !is || object.Pkg() == nil || object.Parent() != object.Pkg().Scope() || isChan(object.Type()) {
			return nil, nil
		}
		return object, nil
	case *ast.SelectorExpr:
		object, is := p.info.Uses[e.Sel].(*types.Var)
		if !is || object.Pkg() == nil || l.loader.sources[object.Pkg().Path()] == nil || isChan(object.Type()) {
			return nil, nil
		}
		if p.packageOf(e.X) != "" {
			return object, nil
		}
		if !object.IsField() {
			return nil, nil
		}
		if v, is := p.target(e.X).(*types.Var); is && !isMapOrList(object.Type()) && v.Pkg() != nil && v.Parent() == v.Pkg().Scope() {
			return object.Origin(), typeOr(p.info.TypeOf(e.X))
		}
		f := l.around(stack)
		if f == nil {
			return nil, nil
		}
		method, begin := f.method(), firstIdent(e)
		if id, is := ast.Unparen(e.X).(*ast.Ident); is && l.takenOut(p.source, p.target(id), 0) && !isMapOrList(object.Type()) && !p.toldBy(f, p.target(id), e.Pos()) {
			return object.Origin(), typeOr(p.info.TypeOf(e.X))
		}
		if index, is := ast.Unparen(e.X).(*ast.IndexExpr); is && !isMapOrList(object.Type()) && p.keepsMap(index.X) && l.leadsOn(p.info.TypeOf(index)) {
			return object.Origin(), typeOr(p.info.TypeOf(index)) // s.known[name].size
		}
		if _, direct := ast.Unparen(e.X).(*ast.Ident); !direct && !isMapOrList(object.Type()) {
			return nil, nil
		}
		if begin == nil || method.recv == nil || p.target(begin) != method.recv || l.madeForContext(method.recv.Type()) || isBeego(object.Pkg().Path()) {
			return nil, nil
		}
		return object.Origin(), typeOr(p.info.TypeOf(e.X))
	}
	return nil, nil
}

// takenOut reports whether a variable holds nothing but a pointer that stood in a map, which a field or a package's variable holds: others who look there
// have what it leads to as well.
func (l *lifter) takenOut(s *source, object types.Object, depth int) bool {
	v, is := object.(*types.Var)
	if !is || v.IsField() || depth > 1 || len(l.defs[v]) != 1 {
		return false
	}
	if !l.leadsOn(v.Type()) {
		return false
	}
	d := l.defs[v][0]
	switch e := ast.Unparen(d.expr).(type) {
	case *ast.IndexExpr:
		return d.kind == assigned && d.index <= 0 && d.source.keepsMap(e.X)
	case *ast.CallExpr:
		callees := l.static(d.source, e)
		if d.kind != assigned || d.index > 0 || len(callees) != 1 || callees[0].recv == nil {
			return false
		}
		return slices.ContainsFunc(callees[0].returns(), func(r *ast.ReturnStmt) bool {
			return len(r.Results) > 0 && l.takenOut(callees[0].source, callees[0].source.target(r.Results[0]), depth+1)
		})
	case ast.Expr:
		return d.kind == item && d.index == 1 && d.source.keepsMap(e)
	}
	return false
}

// leadsOn reports whether a type is a pointer to one that the code declares.
func (l *lifter) leadsOn(t types.Type) bool {
	named, is := types.Unalias(deref(typeOr(t))).(*types.Named)
	return isPointer(typeOr(t)) && is && named.Obj().Pkg() != nil && l.loader.sources[named.Obj().Pkg().Path()] != nil
}

// toldBy reports whether a function has waited, before a place, for what a value itself says by a channel of its own: <-v.done. Who sets it does so before.
func (p place) toldBy(f *function, v types.Object, at token.Pos) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		read, is := n.(*ast.UnaryExpr)
		if !is || read.Op != token.ARROW || at < read.Pos() {
			return !found
		}
		from := ast.Unparen(read.X)
		if call, is := from.(*ast.CallExpr); is {
			from = firstOf(call.Fun)
		}
		found = found || p.target(firstOf(from)) == v
		return !found
	})
	return found
}

// keepsMap reports whether an expression is a map that a field or a package's variable holds.
func (s *source) keepsMap(e ast.Expr) bool {
	object, is := s.target(e).(*types.Var)
	return is && isMap(object.Type()) && (object.IsField() || object.Pkg() != nil && object.Parent() == object.Pkg().Scope())
}

// guardedKind is what a value is called that others may use at once: a map, a list, an atomic value, what keeps others apart, or nothing more.
func guardedKind(t types.Type) string {
	if named, is := types.Unalias(typeOr(t)).(*types.Named); is && named.Obj().Pkg() != nil {
		switch named.Obj().Pkg().Path() {
		case "sync/atomic":
			return "atomic"
		case "sync":
			return "sync"
		}
	}
	switch typeOr(t).Underlying().(type) {
	case *types.Map:
		return "map"
	case *types.Slice:
		return "list"
	}
	return ""
}

func isChan(t types.Type) bool {
	_, is := typeOr(t).Underlying().(*types.Chan)
	return is
}

func isMapOrList(t types.Type) bool {
	switch typeOr(t).Underlying().(type) {
	case *types.Map, *types.Slice:
		return true
	}
	return false
}

// useOf is how a map or list is used where it is named; it is none where it is only counted, given away or made.
func (l *lifter) useOf(p place, e ast.Expr, stack []ast.Node) (facts.GuardedUse, bool) {
	f := l.around(stack)
	if f == nil || f.fact.Aside != "" {
		return facts.GuardedUse{}, false
	}
	use := facts.GuardedUse{Pos: l.pos(e.Pos()), Name: text(e), In: f.fact}
	items := isMapOrList(p.target(e).Type())
	set := p.setOf(e, stack)
	if set == nil && guardedKind(p.target(e).Type()) == "sync" {
		return facts.GuardedUse{}, false // that is what it is there for
	}
	switch {
	case !items && set != nil:
		use.Write, use.Locks = true, l.holds(f, e.Pos(), false)
		l.setBy(&use, f, p.target(e).(*types.Var).Origin(), e, set, stack)
	case items && l.changes(p, e, stack):
		use.Write, use.Locks = true, l.holds(f, e.Pos(), false)
	case !items && !addressed(stack), items && readsItems(p, e, stack):
		use.Locks = l.holds(f, e.Pos(), true)
	default:
		return facts.GuardedUse{}, false
	}
	for _, t := range l.takenBy(f) {
		use.Takes = append(use.Takes, t.lock)
	}
	return use, true
}

// changes reports whether a map or list is changed where it is named: an element of it, or what it holds by what it held, or all of it under a lock.
func (l *lifter) changes(p place, e ast.Expr, stack []ast.Node) bool {
	parent := last(stack)
	if index, is := parent.(*ast.IndexExpr); is && index.X == e && len(stack) > 1 {
		switch above := stack[len(stack)-2].(type) {
		case *ast.AssignStmt:
			return slices.Contains(above.Lhs, ast.Expr(index))
		case *ast.IncDecStmt:
			return true
		}
		return false
	}
	switch parent := parent.(type) {
	case *ast.CallExpr:
		id, is := ast.Unparen(parent.Fun).(*ast.Ident)
		return is && (id.Name == "delete" || id.Name == "clear") && len(parent.Args) > 0 && parent.Args[0] == e
	case *ast.AssignStmt:
		i := slices.Index(parent.Lhs, e)
		if i < 0 {
			return false
		}
		if len(parent.Rhs) == len(parent.Lhs) {
			if call, is := ast.Unparen(parent.Rhs[i]).(*ast.CallExpr); is && calledName(call) == "append" {
				return true
			}
		}
		return len(l.holds(l.around(stack), e.Pos(), false)) > 0
	}
	return false
}

// addressed reports whether a value's address is taken where it is named, or a part of it set.
func addressed(stack []ast.Node) bool {
	for _, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.SelectorExpr, *ast.IndexExpr, *ast.ParenExpr:
		case *ast.UnaryExpr:
			return n.Op == token.AND
		default:
			return false
		}
	}
	return false
}

// makerOf is the function that makes a map or list anew where it is named, and holds no lock: others do not have it yet.
func (l *lifter) makerOf(e ast.Expr, stack []ast.Node) *facts.Function {
	assign, is := last(stack).(*ast.AssignStmt)
	f := l.around(stack)
	if !is || f == nil || len(assign.Lhs) != len(assign.Rhs) || !isMapOrList(f.source.info.TypeOf(e)) || len(l.holds(f, e.Pos(), false)) > 0 {
		return nil
	}
	i := slices.Index(assign.Lhs, e)
	if i < 0 {
		return nil
	}
	switch made := ast.Unparen(assign.Rhs[i]).(type) {
	case *ast.CompositeLit:
		return f.fact
	case *ast.CallExpr:
		if calledName(made) == "make" {
			return f.fact
		}
	}
	return nil
}

// readsItems reports whether what is in a map or list is asked for, or gone through.
func readsItems(p place, e ast.Expr, stack []ast.Node) bool {
	if call, is := last(stack).(*ast.CallExpr); is {
		path := p.packageOf(firstOf(call.Fun))
		return slices.Contains([]string{"maps", "slices", "sort", "encoding/json"}, path) && slices.Contains(call.Args, e)
	}
	return readsMap(e, stack)
}
