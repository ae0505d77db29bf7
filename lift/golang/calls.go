package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// mostImplementations bounds how many implementations of an interface a call is followed into.
const mostImplementations = 8

// static finds the functions of the code that a call may call, through interfaces and variables too.
func (l *lifter) static(s *source, call *ast.CallExpr) []*function {
	if known, found := l.callees[call.Fun]; found {
		return known
	}
	l.callees[call.Fun] = nil // a circle finds nothing
	l.callees[call.Fun] = l.functionsOf(s, call.Fun, 0)
	return l.callees[call.Fun]
}

// functionsOf finds the functions that an expression of function type may be.
func (l *lifter) functionsOf(s *source, e ast.Expr, depth int) []*function {
	if depth > 4 {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.FuncLit:
		if f := l.nodes[e]; f != nil {
			return []*function{f}
		}
	case *ast.IndexExpr:
		return l.functionsOf(s, e.X, depth)
	case *ast.IndexListExpr:
		return l.functionsOf(s, e.X, depth)
	case *ast.Ident:
		return l.functionsNamed(s, s.info.Uses[e], depth)
	case *ast.SelectorExpr:
		if f := l.behindRepository(s, e); f != nil {
			return []*function{f}
		}
		method, is := s.info.Uses[e.Sel].(*types.Func)
		if is && l.declared[method.Origin()] == nil {
			if all := l.implementing(method.Origin(), holding(s.info.Selections[e])); len(all) > 0 {
				return all
			}
		}
		return l.functionsNamed(s, s.info.Uses[e.Sel], depth)
	case *ast.CallExpr:
		if tv := s.info.Types[e.Fun]; tv.IsType() && len(e.Args) == 1 {
			return l.functionsOf(s, e.Args[0], depth+1)
		}
		var out []*function // what a function of the code returns
		for _, maker := range l.static(s, e) {
			for _, n := range maker.returns() {
				for _, result := range n.Results {
					if isFunction(maker.source.info.TypeOf(result)) {
						out = append(out, l.functionsOf(maker.source, result, depth+1)...)
					}
				}
			}
		}
		return out
	}
	return nil
}

func isFunction(t types.Type) bool {
	if t == nil {
		return false
	}
	_, is := t.Underlying().(*types.Signature)
	return is
}

func (l *lifter) functionsNamed(s *source, object types.Object, depth int) []*function {
	switch object := object.(type) {
	case *types.Func:
		object = object.Origin()
		if f := l.declared[object]; f != nil {
			return []*function{f}
		}
		sig, is := object.Type().(*types.Signature)
		if is && sig.Recv() != nil {
			iface, _ := sig.Recv().Type().Underlying().(*types.Interface)
			return l.implementing(object, iface)
		}
	case *types.Var:
		if !isFunction(object.Type()) {
			return nil
		}
		var out []*function
		for _, d := range l.defs[object] {
			if d.kind == assigned && d.index < 0 && d.expr != nil {
				out = append(out, l.functionsOf(d.source, d.expr, depth+1)...)
			}
		}
		return out
	}
	return nil
}

// holding is the interface that a selected method is called through, nil where it is none: what the code says of the value, which may
// ask for more than the interface, embedded in it, that declares the method.
func holding(selected *types.Selection) *types.Interface {
	if selected == nil {
		return nil
	}
	t := selected.Recv()
	for _, field := range selected.Index()[:len(selected.Index())-1] {
		if p, is := t.Underlying().(*types.Pointer); is {
			t = p.Elem()
		}
		fields, is := t.Underlying().(*types.Struct)
		if !is {
			return nil
		}
		t = fields.Field(field).Type()
	}
	iface, _ := t.Underlying().(*types.Interface)
	return iface
}

// throughInterface is a method, called through an interface that has it.
type throughInterface struct {
	method *types.Func
	iface  *types.Interface
}

// implementing finds the methods of the code that a method may be where it is called through an interface.
func (l *lifter) implementing(method *types.Func, iface *types.Interface) []*function {
	if iface == nil {
		return nil
	}
	through := throughInterface{method, iface}
	if known, found := l.implementations[through]; found {
		return known
	}
	var out []*function
	for _, named := range l.withMethod[method.Name()] {
		if len(out) >= mostImplementations {
			break
		}
		object, _, _ := types.LookupFieldOrMethod(named, true, method.Pkg(), method.Name())
		found, is := object.(*types.Func)
		if !is || l.declared[found.Origin()] == nil {
			continue
		}
		f := l.declared[found.Origin()]
		if mock := f.fact.Aside == "test" || strings.Contains(strings.ToLower(f.fact.Name), "mock"); mock || !l.hasMethods(named, iface) {
			continue
		}
		if !slices.Contains(out, f) {
			out = append(out, f)
		}
	}
	l.implementations[through] = out
	return out
}

// hasMethods reports whether a type has the methods of an interface: by their types where all are known, else by name
// and number of parameters, and by those types that the code itself declares.
func (l *lifter) hasMethods(named *types.Named, iface *types.Interface) bool {
	pointer := types.NewPointer(named)
	if types.Implements(pointer, iface) {
		return true
	}
	for i := range iface.NumMethods() {
		want := iface.Method(i)
		object, _, _ := types.LookupFieldOrMethod(pointer, true, want.Pkg(), want.Name())
		got, is := object.(*types.Func)
		if !is {
			return false
		}
		a, b := want.Type().(*types.Signature), got.Type().(*types.Signature)
		if a.Params().Len() != b.Params().Len() || a.Results().Len() != b.Results().Len() {
			return false
		}
		if l.apart(a.Params(), b.Params()) || l.apart(a.Results(), b.Results()) {
			return false
		}
	}
	return iface.NumMethods() > 0
}

// apart reports whether what two methods take, or give, is surely not the same: two types that the code declares.
func (l *lifter) apart(a, b *types.Tuple) bool {
	for i := range a.Len() {
		one, other := l.ownType(a.At(i).Type()), l.ownType(b.At(i).Type())
		if one != nil && other != nil && one != other {
			return true
		}
	}
	return false
}

// ownType is the type that the code declares which a type is, points to or lists; nil for another one, and for one with parameters.
func (l *lifter) ownType(t types.Type) *types.TypeName {
	for {
		switch of := types.Unalias(t).(type) {
		case *types.Pointer:
			t = of.Elem()
			continue
		case *types.Slice:
			t = of.Elem()
			continue
		case *types.Named:
			if of.Obj().Pkg() == nil || l.loader.sources[of.Obj().Pkg().Path()] == nil || of.TypeArgs().Len() > 0 {
				return nil
			}
			return of.Obj()
		}
		return nil
	}
}

// findWork lifts the calls, queries and effects of a file.
func (l *lifter) findWork(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		f := l.around(stack)
		if f == nil {
			return true
		}
		at := work{place: p, call: call, stack: stack, in: f, loop: l.loopOf(stack), lies: l.placeOf(p, call, stack)}
		switch above := last(stack).(type) {
		case *ast.DeferStmt:
			at.deferred = true
		case *ast.GoStmt:
			at.spawned = true
		case *ast.CallExpr:
			_ = above
		}
		if spec, is := l.querySpec(p.source, call); is {
			l.query(at, spec)
		}
		l.effect(at)
		l.calls(at)
		l.dispatched(at)
		l.redrawn(at)
		l.handedOver(at)
		return true
	})
}

// work is one call under work.
type work struct {
	place
	call     *ast.CallExpr
	stack    []ast.Node
	in       *function
	loop     *facts.Loop
	lies     facts.Place
	deferred bool
	spawned  bool
}

// calls lifts the call of functions of the code.
func (l *lifter) calls(at work) {
	callees := l.static(at.source, at.call)
	if len(callees) == 0 {
		return
	}
	fact := &facts.Call{
		Pos: l.pos(at.call.Pos()), From: at.in.fact, Loop: at.loop, Place: at.lies, Deferred: at.deferred, Spawned: at.spawned,
	}
	for _, callee := range callees {
		fact.Callees = append(fact.Callees, callee.fact)
	}
	if selector, is := ast.Unparen(at.call.Fun).(*ast.SelectorExpr); is {
		fact.Pos = l.pos(selector.Sel.Pos())
		if method := at.in.method(); method.recv != nil && at.target(selector.X) == method.recv {
			fact.Self = true
		}
		if at.packageOf(selector.X) == "" {
			fact.Receiver = l.value(at.source, selector.X)
			fact.Each = l.onSame(at, selector.X)
		}
	}
	for i, arg := range at.call.Args {
		fact.Args = append(fact.Args, l.value(at.source, arg))
		if l.isOwnContext(at.source, arg, 0) {
			fact.Endless = append(fact.Endless, i)
		}
		if len(callees) == 1 && callees[0].takesContext(i) && l.isUnendingRouter(at.source, arg) {
			fact.Routers = append(fact.Routers, i)
		}
	}
	fact.AskedOf = l.askedAfter(at)
	fact.Plain = l.poolArguments(at.source, at.call)
	if len(callees) == 1 {
		fact.HandedOn = l.handsOn(at, callees[0])
	}
	at.in.fact.Calls = append(at.in.fact.Calls, fact)
	at.in.calls[at.call] = fact
	l.callFacts[at.call] = fact
}

// method is the function of a declaration in which a literal stands.
func (f *function) method() *function {
	for f.recv == nil && f.parent != nil {
		f = f.parent
	}
	return f
}

// handedOver lifts functions of the code that are given to another, which is taken to call them there and then.
func (l *lifter) handedOver(at work) {
	if name := calledName(at.call); name == "Use" || l.isRegistration(at.source, at.call) {
		return
	}
	for _, arg := range at.call.Args {
		if !isFunction(at.info.TypeOf(arg)) || l.isHandlerType(at.info.TypeOf(arg)) {
			continue
		}
		for _, f := range l.functionsOf(at.source, arg, 0) {
			place := at.lies
			place.Kept = place.Kept || l.fillsCache(at, f)
			at.in.fact.Calls = append(at.in.fact.Calls, &facts.Call{
				Pos: l.pos(arg.Pos()), From: at.in.fact, Callees: []*facts.Function{f.fact}, Loop: at.loop, Place: place,
				Handed: true, Later: runsLater.MatchString(calledName(at.call)), Deferred: at.deferred, Spawned: at.spawned || calledName(at.call) == "Go",
			})
		}
	}
}

// fillsCache reports whether a function that is handed over answers what a cache does not know: the one that takes it is named after a cache, or belongs to one.
func (l *lifter) fillsCache(at work, f *function) bool {
	if f.sig == nil || f.sig.Results().Len() == 0 || isError(f.sig.Results().At(0).Type()) {
		return false // it answers nothing that could be kept
	}
	name := calledName(at.call)
	if selector, is := ast.Unparen(at.call.Fun).(*ast.SelectorExpr); is {
		name += " " + text(selector.X) + typeName(at.place, selector.X)
	}
	return cacheName.MatchString(name)
}

// runsLater are names of functions that keep what they are given and run it when its time, a message or an event comes: of time, cron, gocron, NATS,
// Watermill and the like.
var runsLater = regexp.MustCompile(`^(AfterFunc|AddFunc|AddJob|NewTask|NewJob|ScheduleFunc|Subscribe\w*|QueueSubscribe\w*|Consume|ConsumeFunc|AddConsumerHandler|AddNoPublisherHandler|AddConcurrentHandlers|OnMessage|OnEvent|Add(Event|Message)(Handler|Listener)\w*)$`)

// findReturns gives functions the values that they return.
func (l *lifter) findReturns() {
	for _, f := range l.functions {
		ast.Inspect(f.body, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.FuncLit:
				return n == f.node
			case *ast.ReturnStmt:
				for _, result := range n.Results {
					if t := f.source.info.TypeOf(result); t != nil && len(f.fact.Returns) < 8 && !isError(t) && !isNilIdent(result) {
						f.fact.Returns = append(f.fact.Returns, l.value(f.source, result))
					}
				}
			}
			return true
		})
	}
}

func isError(t types.Type) bool {
	return types.Identical(t, types.Universe.Lookup("error").Type())
}
