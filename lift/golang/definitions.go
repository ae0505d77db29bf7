package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// def is one way in which a variable or field gets its value. Order and branches are not followed: a variable may hold
// what any of its definitions gives it.
type def struct {
	expr   ast.Expr // what is assigned, or nil
	index  int      // of the result, where expr is a call with several; else -1
	kind   defKind
	loop   *facts.Loop // in which it stands
	source *source
	pos    token.Pos
	keyed  bool // in a composite literal
	entry  bool // of what a list or map holds: m[k] = v
	named  bool // whose name is a constant: m["k"] = v
}

type defKind int

const (
	assigned defKind = iota
	item             // of what a loop goes over
	filled           // through a pointer, by the call expr
	appended         // += and WriteString
)

// findDefinitions collects what variables and fields are assigned, the loops, and what is compared with what is allowed.
func (l *lifter) findDefinitions(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.ForStmt, *ast.RangeStmt:
			l.loop(p, n, stack)
		}
		for _, written := range p.writtenMaps(n) {
			l.written[p.target(written)] = true
		}
		l.permits(p, n, stack)
		l.asksOf(p, n)
		add := func(lhs ast.Expr, d def) {
			d.source, d.loop = p.source, l.loopOf(stack)
			if index, is := ast.Unparen(lhs).(*ast.IndexExpr); is {
				d.entry, d.named = true, p.info.Types[index.Index].Value != nil
			}
			if d.kind == item {
				d.loop = l.loops[n]
			}
			if object := p.target(lhs); object != nil {
				l.defs[object] = append(l.defs[object], d)
			}
		}
		switch n := n.(type) {
		case *ast.AssignStmt:
			kind := assigned
			if n.Tok == token.ADD_ASSIGN || n.Tok == token.SUB_ASSIGN {
				kind = appended
			}
			for i, lhs := range n.Lhs {
				switch {
				case len(n.Rhs) == len(n.Lhs):
					add(lhs, def{expr: n.Rhs[i], index: -1, kind: kind, pos: n.Pos()})
				case len(n.Rhs) == 1:
					add(lhs, def{expr: n.Rhs[0], index: i, kind: kind, pos: n.Pos()})
				}
			}
		case *ast.IncDecStmt:
			add(n.X, def{expr: n.X, index: -1, kind: appended, pos: n.Pos()})
		case *ast.ExprStmt:
			l.changesInPlace(p, n)
		case *ast.ValueSpec:
			for i, name := range n.Names {
				switch {
				case len(n.Values) == len(n.Names):
					add(name, def{expr: n.Values[i], index: -1, pos: n.Pos()})
				case len(n.Values) == 1:
					add(name, def{expr: n.Values[0], index: i, pos: n.Pos()})
				}
			}
		case *ast.RangeStmt:
			if n.Key != nil {
				add(n.Key, def{expr: n.X, index: 0, kind: item, pos: n.Pos()})
			}
			if n.Value != nil {
				add(n.Value, def{expr: n.X, index: 1, kind: item, pos: n.Pos()})
			}
		case *ast.ForStmt:
			if init, is := n.Init.(*ast.AssignStmt); is && len(init.Lhs) == 1 && l.loops[n] != nil {
				add(init.Lhs[0], def{kind: item, pos: n.Pos(), index: 0})
			}
		case *ast.CompositeLit:
			l.narrowing(p, n, stack)
			structure := literalOf(p.info.TypeOf(n))
			for i, element := range n.Elts {
				pair, is := element.(*ast.KeyValueExpr)
				if !is {
					if structure != nil && i < structure.NumFields() {
						field := structure.Field(i)
						l.defs[field] = append(l.defs[field], def{expr: element, index: -1, pos: element.Pos(), keyed: true, source: p.source, loop: l.loopOf(stack)})
					}
					continue
				}
				if key, is := pair.Key.(*ast.Ident); is {
					if field, is := p.info.Uses[key].(*types.Var); is && field.IsField() {
						add(key, def{expr: pair.Value, index: -1, pos: pair.Pos(), keyed: true})
					}
				}
			}
		case *ast.CallExpr:
			l.fills(p, n, add)
			l.checks(p, n)
			l.parses(p, n, stack)
			l.checksIn(p, n, stack)
		case *ast.SwitchStmt:
			if n.Tag != nil {
				l.check(p, n.Tag)
			}
		case *ast.BinaryExpr:
			l.compares(p, n, stack)
			l.comparesEach(p, n, stack)
			l.bounds(p, n)
			l.atLeast(p, n, stack)
			if f := l.around(stack); f != nil && (n.Op == token.EQL || n.Op == token.NEQ) {
				names := append(p.matched(n.X), p.matched(n.Y)...)
				f.fact.Matches = append(f.fact.Matches, names...)
				if !p.isConstant(n.X) && !p.isConstant(n.Y) {
					f.fact.Equates = append(f.fact.Equates, names...)
					l.equatesOf(p, f, n)
				}
			}
		case *ast.IndexExpr: // _, ok := allowed[x]
			if assign, is := last(stack).(*ast.AssignStmt); is && len(assign.Lhs) == 2 && len(assign.Rhs) == 1 {
				l.check(p, n.Index)
			}
			if condition, is := last(stack).(*ast.IfStmt); is && condition.Cond == ast.Expr(n) {
				l.check(p, n.Index)
			}
			if not, is := last(stack).(*ast.UnaryExpr); is && not.Op == token.NOT {
				l.check(p, n.Index)
			}
		}
		return true
	})
}

// literalOf is the struct that a composite literal makes, nil where it makes none.
func literalOf(t types.Type) *types.Struct {
	if t == nil {
		return nil
	}
	if pointer, is := t.Underlying().(*types.Pointer); is {
		t = pointer.Elem()
	}
	structure, _ := t.Underlying().(*types.Struct)
	return structure
}

// isConstant reports whether an expression is nil or a constant: what is compared with it is held against no other value.
func (s *source) isConstant(e ast.Expr) bool {
	tv := s.info.Types[e]
	return tv.IsNil() || tv.Value != nil
}

// matched are the names of an operand of a comparison, as columns are spelled.
func (s *source) matched(e ast.Expr) []string {
	switch e := ast.Unparen(e).(type) {
	case *ast.Ident:
		if e.Name != "nil" && e.Name != "err" {
			return []string{facts.Snake(e.Name)}
		}
	case *ast.SelectorExpr:
		return []string{facts.Snake(e.Sel.Name)}
	case *ast.StarExpr:
		return s.matched(e.X)
	case *ast.CallExpr:
		return append(s.matched(e.Fun), s.matchedArgs(e)...)
	}
	return nil
}

// matchedArgs are the names of what a call is given. What another call makes of something is another thing, unless it is the same
// number or text in another type.
func (s *source) matchedArgs(e *ast.CallExpr) []string {
	var out []string
	for _, arg := range e.Args {
		inner, isCall := ast.Unparen(arg).(*ast.CallExpr)
		if !isCall || s.writesAnew(inner) {
			out = append(out, s.matched(arg)...)
		}
	}
	return out
}

// writesAnew reports whether a call gives what it is given in another type: a conversion, or one of strconv's.
func (s *source) writesAnew(call *ast.CallExpr) bool {
	return s.info.Types[call.Fun].IsType() || s.packageOf(firstOf(call.Fun)) == "strconv"
}

func last(stack []ast.Node) ast.Node {
	if len(stack) == 0 {
		return nil
	}
	return stack[len(stack)-1]
}

// target is the variable or field that an assignment changes.
func (s *source) target(lhs ast.Expr) types.Object {
	switch e := ast.Unparen(lhs).(type) {
	case *ast.Ident:
		if object := s.info.Defs[e]; object != nil {
			return object
		}
		return s.info.Uses[e]
	case *ast.SelectorExpr:
		return s.info.Uses[e.Sel]
	case *ast.IndexExpr:
		return s.target(e.X)
	case *ast.StarExpr:
		return s.target(e.X)
	case *ast.UnaryExpr:
		if e.Op == token.AND {
			return s.target(e.X)
		}
	}
	return nil
}

// fills notes variables that a call writes through a pointer, such as Scan(&id) and Decode(&in).
func (l *lifter) fills(p place, call *ast.CallExpr, add func(ast.Expr, def)) {
	selector, is := call.Fun.(*ast.SelectorExpr)
	if is && strings.HasPrefix(selector.Sel.Name, "Write") && len(call.Args) == 1 {
		add(selector.X, def{expr: call.Args[0], index: -1, kind: appended, pos: call.Pos()})
		return
	}
	for _, arg := range call.Args {
		pointer, is := ast.Unparen(arg).(*ast.UnaryExpr)
		if !is || pointer.Op != token.AND {
			// A pointer that was made before: in := new(Input); c.Bind(in)
			if id, is := ast.Unparen(arg).(*ast.Ident); !is || !bindName.MatchString(calledName(call)) && !p.readsModel(call) || !isPointer(p.info.TypeOf(id)) {
				continue
			}
			add(arg, def{expr: call, index: -2, kind: filled, pos: call.Pos()})
			continue
		}
		if calledName(call) == "Fprintf" {
			for _, piece := range call.Args[1:] {
				add(pointer.X, def{expr: piece, index: -1, kind: appended, pos: call.Pos()})
			}
			continue
		}
		if _, is := pointer.X.(*ast.CompositeLit); !is {
			add(pointer.X, def{expr: call, index: -2, kind: filled, pos: call.Pos()})
		}
	}
}

// readsModel reports whether a call of bun says what a SELECT is read into.
func (s *source) readsModel(call *ast.CallExpr) bool {
	path, name := namedType(typeOr(s.info.TypeOf(firstOf(call.Fun))))
	return calledName(call) == "Model" && strings.HasPrefix(path, "github.com/uptrace/bun") && name == "SelectQuery"
}

var bindName = regexp.MustCompile(`(?i)^(Should)?(Must)?(Bind|Read|Decode|Unmarshal|Parse|ReadJSON|Scan|Get|First|Find|Take|Load|BodyParser|QueryParser)`)

// calledName is the last name of what is called.
func calledName(call *ast.CallExpr) string {
	fun := ast.Unparen(call.Fun)
	switch index := fun.(type) {
	case *ast.IndexExpr:
		fun = index.X
	case *ast.IndexListExpr:
		fun = index.X
	}
	switch f := fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

// checkName are the names of functions that refuse what is not allowed.
var checkName = regexp.MustCompile(`(?i)(valid|allow|sanit|escape|quote|whitelist|contains|ident|MatchString|IsSafe)`)

// checks notes the arguments of functions that refuse what is not allowed.
func (l *lifter) checks(p place, call *ast.CallExpr) {
	name := calledName(call)
	if !checkName.MatchString(name) {
		return
	}
	if selector, is := call.Fun.(*ast.SelectorExpr); is && p.packageOf(selector.X) == "strings" {
		return // strings.Contains looks for something within
	}
	for _, arg := range call.Args {
		l.check(p, arg)
	}
}

// checksIn notes what a set holds where all else is refused, if !allowed.Has(key) { return errNo }, and what knows by itself whether it is one of
// the constants of its type: if order.IsValid() { … }.
func (l *lifter) checksIn(p place, call *ast.CallExpr, stack []ast.Node) {
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || p.packageOf(selector.X) != "" {
		return
	}
	if len(call.Args) == 0 && (selector.Sel.Name == "IsValid" || selector.Sel.Name == "Valid") {
		if basic, is := deref(typeOr(p.info.TypeOf(selector.X))).Underlying().(*types.Basic); is && basic.Info()&types.IsString != 0 {
			l.check(p, selector.X)
		}
		return
	}
	if selector.Sel.Name != "Has" || len(call.Args) != 1 || p.isConstant(call.Args[0]) || len(stack) < 2 {
		return
	}
	not, is := last(stack).(*ast.UnaryExpr)
	refuses, inIf := stack[len(stack)-2].(*ast.IfStmt)
	if !is || !inIf || not.Op != token.NOT || len(refuses.Body.List) == 0 {
		return
	}
	switch refuses.Body.List[len(refuses.Body.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		l.check(p, call.Args[0])
	}
}

func (l *lifter) check(p place, e ast.Expr) {
	for {
		if call, is := ast.Unparen(e).(*ast.CallExpr); is && len(call.Args) == 1 { // switch strings.ToLower(x)
			e = call.Args[0]
			continue
		}
		break
	}
	if object := p.target(e); object != nil {
		l.checked[object] = true
		if field, is := object.(*types.Var); is && field.IsField() {
			if decl := p.around(e.Pos()); decl != nil {
				l.checkedIn[field] = append(l.checkedIn[field], decl)
			}
		}
	}
}

// compares notes a variable that is compared with constants, more than one or with a refusal.
func (l *lifter) compares(p place, n *ast.BinaryExpr, stack []ast.Node) {
	if n.Op != token.EQL && n.Op != token.NEQ {
		return
	}
	for _, pair := range [][2]ast.Expr{{n.X, n.Y}, {n.Y, n.X}} {
		value := p.info.Types[pair[1]].Value
		if value == nil || value.Kind() != constant.String || constant.StringVal(value) == "" {
			continue
		}
		if outer, is := last(stack).(*ast.BinaryExpr); n.Op == token.NEQ || is && outer.Op == token.LOR {
			l.check(p, pair[0])
		}
	}
}

// bounds notes a variable that is compared with an upper limit: if limit > 100 { … }.
func (l *lifter) bounds(p place, n *ast.BinaryExpr) {
	e := n.X
	switch n.Op {
	case token.GTR, token.GEQ:
	case token.LSS, token.LEQ:
		e = n.Y
	default:
		return
	}
	limit := n.Y
	if e == n.Y {
		limit = n.X
	}
	if value := p.info.Types[limit].Value; value != nil {
		if n, exact := constant.Int64Val(constant.ToInt(value)); !exact || n <= 1 {
			return // if id > 0
		}
	}
	if object := p.target(e); object != nil && isNumber(object.Type()) {
		l.bounded[object] = true
	}
}

// inPlaceNames are methods of xorm's sessions, and of the queries of ent and bun, that change the statement to come, whoever keeps their
// result.
var inPlaceNames = regexp.MustCompile(`^(Where|And|Or|In|NotIn|Join|Order|OrderBy|OrderExpr|Asc|Desc|Limit|Offset|Cols|Table|ID|Select|GroupBy|WhereOr)$`)

// changesInPlace notes conditions that are put on a session by a statement of their own.
func (l *lifter) changesInPlace(p place, n *ast.ExprStmt) {
	call, is := n.X.(*ast.CallExpr)
	if !is || !inPlaceNames.MatchString(calledName(call)) {
		return
	}
	begin, is := root(call).(*ast.Ident)
	if !is {
		return
	}
	path, name := namedType(p.info.TypeOf(begin))
	ofQuery := strings.HasSuffix(name, "Query") && (strings.HasPrefix(path, "github.com/uptrace/bun") || l.writtenByEnt(path))
	if !ofQuery && (!isXorm(path) || name != "Session") {
		return
	}
	l.inPlace[p.target(begin)] = append(l.inPlace[p.target(begin)], chained(p.source, call)...)
}

// packageOf is the import path that an identifier names, or "".
func (s *source) packageOf(e ast.Expr) string {
	if id, is := e.(*ast.Ident); is {
		if name, is := s.info.Uses[id].(*types.PkgName); is {
			return name.Imported().Path()
		}
	}
	return ""
}
