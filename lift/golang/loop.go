package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// loop makes the fact of a loop.
func (l *lifter) loop(p place, n ast.Node, stack []ast.Node) {
	f := l.around(stack)
	if f == nil || l.loops[n] != nil {
		return
	}
	loop := &facts.Loop{Pos: l.pos(n.Pos()), Outer: l.loopOf(stack), ID: len(l.loops) + 1}
	l.loops[n] = loop
	f.fact.Loops = append(f.fact.Loops, loop)
}

// judgeLoops says how each loop goes on, once all definitions are known.
func (l *lifter) judgeLoops(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		loop := l.loops[n]
		if loop == nil {
			return true
		}
		switch n := n.(type) {
		case *ast.RangeStmt:
			l.rangeLoop(p, n, loop)
		case *ast.ForStmt:
			l.forLoop(p, n, loop)
		}
		return true
	})
}

// findLists gives loops the values of what they go over, once all numbers that are cut off are known.
func (l *lifter) findLists(p place) {
	ast.Inspect(p.file, func(n ast.Node) bool {
		loop := l.loops[n]
		if loop == nil {
			return true
		}
		switch n := n.(type) {
		case *ast.RangeStmt:
			loop.From, loop.Part = l.value(p.source, n.X), isField(p, n.X)
			loop.From.List = l.list(p.source, n.X)
		case *ast.ForStmt:
			if list := counted(n); list != nil {
				loop.From, loop.Part = l.value(p.source, list), isField(p, list)
				loop.From.List = l.list(p.source, list)
			} else if next, is := n.Cond.(*ast.CallExpr); is && loop.Kind == facts.OverRows {
				if selector, is := next.Fun.(*ast.SelectorExpr); is {
					loop.From.List = l.list(p.source, selector.X)
				}
			}
		}
		return true
	})
}

// isField reports whether an expression is a field of a value, or what it points to.
func isField(p place, e ast.Expr) bool {
	if star, is := ast.Unparen(e).(*ast.StarExpr); is {
		e = star.X
	}
	selector, is := ast.Unparen(e).(*ast.SelectorExpr)
	return is && p.packageOf(selector.X) == ""
}

// counted is the list whose items a loop counts through, nil where it is none.
func counted(n *ast.ForStmt) ast.Expr {
	condition, is := n.Cond.(*ast.BinaryExpr)
	if !is || n.Init == nil || n.Post == nil {
		return nil
	}
	length, is := condition.Y.(*ast.CallExpr)
	if !is || calledName(length) != "len" || len(length.Args) != 1 {
		return nil
	}
	return length.Args[0]
}

var (
	batchName = regexp.MustCompile(`(?i)(chunk|batch|page|partition|window)`)
	retryName = regexp.MustCompile(`(?i)(retr|attempt|tries|timeout|deadline)`)
)

func (l *lifter) rangeLoop(p place, n *ast.RangeStmt, loop *facts.Loop) {
	loop.Over = text(n.X)
	loop.Kind = facts.OverItems
	t := p.info.TypeOf(n.X)
	if t != nil {
		switch u := t.Underlying().(type) {
		case *types.Chan:
			loop.Kind = facts.OverEvents
			return
		case *types.Map: // of groups
			if inner, is := u.Elem().Underlying().(*types.Slice); is && !isBytes(inner) {
				loop.Batch = true
			}
		case *types.Array:
			loop.Kind = facts.OverConstant
			return
		case *types.Basic:
			if u.Kind() == types.Invalid { // what a library gives that is not at hand
				break
			}
			if p.info.Types[n.X].Value != nil {
				loop.Kind = facts.OverConstant
			} else if u.Info()&types.IsString != 0 {
				loop.Kind = facts.OverConstant // characters
			}
			return
		case *types.Slice:
			if inner, is := u.Elem().Underlying().(*types.Slice); is && n.Value != nil && !isBytes(inner) {
				loop.Batch = true
			}
			if works(u.Elem()) {
				loop.Kind = facts.OverConstant // how many there are, whoever put the program together has said
				return
			}
		}
	}
	for _, variable := range []ast.Expr{n.Key, n.Value} { // an iterator over chunks
		if id, is := variable.(*ast.Ident); is && isFunction(t) {
			if object := p.info.Defs[id]; object != nil {
				inner, is := object.Type().Underlying().(*types.Slice)
				loop.Batch = loop.Batch || is && !isBytes(inner)
			}
		}
	}
	if l.constantList(p.source, n.X, 0) {
		loop.Kind = facts.OverConstant
	}
	if batchName.MatchString(loop.Over) {
		if id, is := n.Value.(*ast.Ident); is && batchName.MatchString(id.Name) || t == nil {
			loop.Batch = true
		}
	}
}

// mostGetters bounds how many values a part of the program gives of itself: its name, its kind. What gives more is data.
const mostGetters = 4

// works reports whether the items of a list are parts of the program and no data: functions, or what is called with a context to do
// its work, such as handlers and filters.
func works(item types.Type) bool {
	if isFunction(item) {
		return true
	}
	iface, is := item.Underlying().(*types.Interface)
	if !is {
		return false
	}
	acts, getters := false, 0
	for method := range iface.Methods() {
		sig := method.Type().(*types.Signature)
		switch params := sig.Params(); {
		case params.Len() > 0 && isNamed(params.At(0).Type(), "context", "Context"):
			acts = true
		case params.Len() == 0 && sig.Results().Len() == 1 && !isError(sig.Results().At(0).Type()):
			getters++
		}
	}
	return acts && getters <= mostGetters
}

func isBytes(s *types.Slice) bool {
	b, is := s.Elem().Underlying().(*types.Basic)
	return is && b.Kind() == types.Byte
}

// constantList reports whether the code itself says what a list holds.
func (l *lifter) constantList(s *source, e ast.Expr, depth int) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		return true
	case *ast.UnaryExpr:
		return e.Op == token.AND && l.constantList(s, e.X, depth)
	case *ast.Ident, *ast.SelectorExpr:
		object := s.target(e)
		v, is := object.(*types.Var)
		if !is || v.IsField() || depth > 2 {
			return false
		}
		if _, _, isParam := l.parameter(object); isParam {
			return false
		}
		defs := l.defs[object]
		return len(defs) > 0 && !slices.ContainsFunc(defs, func(d def) bool {
			if d.kind != assigned || d.expr == nil || d.index >= 0 {
				return true
			}
			literal, is := ast.Unparen(d.expr).(*ast.CompositeLit)
			return !is && !l.constantList(d.source, d.expr, depth+1) || is && len(literal.Elts) == 0
		})
	case *ast.CallExpr: // of a function that returns a list it knows
		callees := l.static(s, e)
		if len(callees) != 1 || depth > 2 {
			return false
		}
		all, some := true, false
		ast.Inspect(callees[0].body, func(n ast.Node) bool {
			if r, is := n.(*ast.ReturnStmt); is && len(r.Results) > 0 {
				some = true
				all = all && l.constantList(callees[0].source, r.Results[0], depth+1)
			}
			return true
		})
		return all && some
	}
	return false
}

func (l *lifter) forLoop(p place, n *ast.ForStmt, loop *facts.Loop) {
	switch condition := n.Cond.(type) {
	case nil:
		loop.Kind = facts.OverEvents
		loop.Over = "ever"
	case *ast.CallExpr:
		loop.Over = text(condition)
		loop.Kind = facts.OverCondition
		if calledName(condition) == "Next" {
			loop.Kind = facts.OverRows
			if selector, is := condition.Fun.(*ast.SelectorExpr); is && !isRows(p.info.TypeOf(selector.X)) {
				loop.Kind = facts.OverCondition
			}
		}
	case *ast.BinaryExpr:
		loop.Over = text(condition.Y)
		loop.Kind = facts.OverCondition
		if n.Init == nil || n.Post == nil {
			return
		}
		if p.info.Types[condition.Y].Value != nil {
			loop.Kind = facts.OverConstant
			return
		}
		if step, is := n.Post.(*ast.IncDecStmt); !is || step.Tok != token.INC || retryName.MatchString(text(condition)) {
			loop.Batch = !is
			return
		}
		if list := counted(n); list != nil {
			loop.Over = text(list)
			loop.Kind = facts.OverItems
			if l.constantList(p.source, list, 0) {
				loop.Kind = facts.OverConstant
			}
		}
	default:
		loop.Over, loop.Kind = text(n.Cond), facts.OverCondition
	}
}

func isRows(t types.Type) bool {
	path, name := namedType(t)
	return name == "Rows" && path != ""
}

// loopOf is the innermost loop of the stack, within its function.
func (l *lifter) loopOf(stack []ast.Node) *facts.Loop {
	for i, n := range slices.Backward(stack) {
		switch n := n.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return nil
		case *ast.RangeStmt:
			if i+1 < len(stack) && stack[i+1] != ast.Node(n.Body) || i+1 == len(stack) {
				continue // what it goes over is reckoned once
			}
			return l.loops[n]
		case *ast.ForStmt:
			if i+1 < len(stack) && n.Init != nil && stack[i+1] == ast.Node(n.Init) {
				continue
			}
			return l.loops[n]
		}
	}
	return nil
}

// placeOf says how a node lies in the paths of its function.
func (l *lifter) placeOf(p place, n ast.Node, stack []ast.Node) facts.Place {
	var out facts.Place
	path := append(slices.Clone(stack), n)
	inLoop := false
	var comparisons []*ast.BinaryExpr // that hold in this turn of the innermost loop
	for i, node := range slices.Backward(path) {
		switch node := node.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return out
		case *ast.RangeStmt:
			out.Picks = out.Picks || !inLoop && slices.ContainsFunc(comparisons, func(c *ast.BinaryExpr) bool { return picks(p, c, node) })
			inLoop = true
		case *ast.ForStmt:
			inLoop = true
		case *ast.IfStmt:
			if i+1 < len(path) && path[i+1] == ast.Node(node.Body) {
				out.Kept = out.Kept || asksCache(p, node)
				out.Lacks = max(out.Lacks, l.asksGiven(p, node.Cond, token.EQL))
				comparisons = append(comparisons, equalities(node.Cond, token.EQL, token.LAND)...)
			}
			if i+1 < len(path) && path[i+1] == ast.Node(node.Body) && failed(node.Cond) {
				out.ErrorPath = true
			}
			if i+1 < len(path) && node.Else != nil && path[i+1] == ast.Node(node.Else) {
				out.Lacks = max(out.Lacks, l.asksGiven(p, node.Cond, token.NEQ))
			}
			if i+1 < len(path) && path[i+1] != ast.Node(node.Init) && path[i+1] != ast.Node(node.Cond) {
				out.Branch = out.Branch || !inLoop
			}
		case *ast.ReturnStmt:
			out.EndsLoop = out.EndsLoop || !inLoop
		case *ast.BlockStmt:
			if !inLoop && leavesLoop(node.List, path[:i]) && i+1 < len(path) {
				out.EndsLoop = true
			}
			for _, before := range node.List {
				if before.End() > n.Pos() {
					break
				}
				if left, is := before.(*ast.IfStmt); is && wayOutOf(left.Body.List) != onward {
					out.Kept = out.Kept || asksCache(p, left)
					comparisons = append(comparisons, equalities(left.Cond, token.NEQ, token.LOR)...)
				}
			}
		case *ast.CaseClause:
			out.Branch = out.Branch || !inLoop
			if !inLoop && leavesLoop(node.Body, path[:i+1]) {
				out.EndsLoop = true
			}
			if over, is := switchOf(path[:i]); is && out.Switch.Line == 0 {
				out.Switch, out.Case = l.pos(over.Pos()), slices.Index(over.Body.List, ast.Stmt(node))
			}
		}
	}
	return out
}

// equalities are the comparisons of two things that hold where a condition does (==, &&), or where it does not (!=, ||).
func equalities(cond ast.Expr, comparison, joined token.Token) []*ast.BinaryExpr {
	both, is := ast.Unparen(cond).(*ast.BinaryExpr)
	switch {
	case !is:
		return nil
	case both.Op == comparison:
		return []*ast.BinaryExpr{both}
	case both.Op == joined:
		return append(equalities(both.X, comparison, joined), equalities(both.Y, comparison, joined)...)
	}
	return nil
}

// picks reports whether a comparison holds for the one item of a loop that is looked for: it is compared, by a part that tells items
// apart, with what no turn changes and the code itself does not say.
func picks(p place, comparison *ast.BinaryExpr, loop *ast.RangeStmt) bool {
	for _, sides := range [][2]ast.Expr{{comparison.X, comparison.Y}, {comparison.Y, comparison.X}} {
		if mentionsItem(p, sides[0], loop) && !mentionsItem(p, sides[1], loop) && p.info.Types[sides[1]].Value == nil && !isNilIdent(sides[1]) && keyName.MatchString(text(sides[0])) {
			return true
		}
	}
	return false
}

// keyName are names of what tells items apart.
var keyName = regexp.MustCompile(`(?i)(^|[._])?(id|uuid|name|key|slug)(\(\))?$`)

// mentionsItem reports whether an expression uses a variable of a loop.
func mentionsItem(p place, e ast.Expr, loop *ast.RangeStmt) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		if id, is := n.(*ast.Ident); is && p.info.Uses[id] != nil {
			object := p.info.Uses[id]
			found = found || object.Pos() >= loop.Pos() && object.Pos() < loop.End()
		}
		return !found
	})
	return found
}

// cacheName are names of what keeps answers.
// asksGiven is the parameter, counted from 1, of which a condition asks whether the function was given a map at all; 0 for none. What its caller
// has read ahead is not asked for again.
func (l *lifter) asksGiven(p place, cond ast.Expr, comparison token.Token) int {
	for _, c := range equalities(cond, comparison, token.LAND) {
		if _, index, is := l.parameter(p.target(c.X)); is && index >= 0 && isNilIdent(c.Y) && isMap(p.info.TypeOf(c.X)) {
			return index + 1
		}
	}
	return 0
}

var cacheName = regexp.MustCompile(`(?i)(cache|lru|memoi[sz]e)`)

// asksCache reports whether a condition, or the statement in front of it, looks into something named as a cache, or into a map that keeps
// answers: what is not found there is stored there.
func asksCache(p place, n *ast.IfStmt) bool {
	found := false
	for _, part := range []ast.Node{n.Init, n.Cond} {
		if part == nil || part == ast.Node(nil) {
			continue
		}
		ast.Inspect(part, func(n ast.Node) bool {
			var kept ast.Expr
			switch n := n.(type) {
			case *ast.CallExpr:
				selector, is := ast.Unparen(n.Fun).(*ast.SelectorExpr)
				if is && len(n.Args) > 0 {
					kept = selector.X
				}
			case *ast.IndexExpr:
				kept = n.X
				found = found || keepsAnswers(p, n)
			case *ast.Ident: // answer, known := kept[key], in a statement of its own
				if looked := lookedUp(p, n); looked != nil {
					kept = looked.X
					found = found || keepsAnswers(p, looked)
				}
			}
			if kept != nil && cacheName.MatchString(text(kept)+typeName(p, kept)) {
				found = true
			}
			return !found
		})
	}
	return found
}

// lookedUp is the place of a map that a variable says whether it holds something.
func lookedUp(p place, e *ast.Ident) *ast.IndexExpr {
	object, is := p.info.Uses[e].(*types.Var)
	if !is || object.IsField() {
		return nil
	}
	if kind, is := object.Type().Underlying().(*types.Basic); !is || kind.Kind() != types.Invalid && kind.Info()&types.IsBoolean == 0 {
		return nil
	}
	around := p.declaration(e.Pos())
	if around == nil {
		return nil
	}
	var found *ast.IndexExpr
	ast.Inspect(around, func(n ast.Node) bool {
		assign, is := n.(*ast.AssignStmt)
		if is && len(assign.Lhs) == 2 && len(assign.Rhs) == 1 {
			if known, is := assign.Lhs[1].(*ast.Ident); is && p.info.Defs[known] == object {
				found, _ = ast.Unparen(assign.Rhs[0]).(*ast.IndexExpr)
			}
		}
		return found == nil
	})
	return found
}

// keepsAnswers reports whether a place of a map is looked at and, in the same function, written with what was found out. A set of what was
// seen keeps no answers.
func keepsAnswers(p place, looked *ast.IndexExpr) bool {
	kept, is := typeOr(p.info.TypeOf(looked.X)).Underlying().(*types.Map)
	if !is {
		return false
	}
	switch value := kept.Elem().Underlying().(type) {
	case *types.Basic:
		if value.Info()&types.IsBoolean != 0 {
			return false
		}
	case *types.Struct:
		if value.NumFields() == 0 {
			return false
		}
	}
	around := p.declaration(looked.Pos())
	if around == nil {
		return false
	}
	found := false
	ast.Inspect(around, func(n ast.Node) bool {
		if assign, is := n.(*ast.AssignStmt); is && assign.Tok == token.ASSIGN {
			for _, left := range assign.Lhs {
				place, is := ast.Unparen(left).(*ast.IndexExpr)
				found = found || is && text(place.X) == text(looked.X) && text(place.Index) == text(looked.Index)
			}
		}
		return !found
	})
	return found
}

func typeName(p place, e ast.Expr) string {
	_, name := namedType(p.info.TypeOf(e))
	return name
}

// failed reports whether a condition says that something has failed.
func failed(cond ast.Expr) bool {
	found := false
	ast.Inspect(cond, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			if n.Op == token.NEQ && isNilIdent(n.Y) && errName.MatchString(text(n.X)) {
				found = true
			}
		case *ast.CallExpr:
			if name := calledName(n); name == "Is" && len(n.Args) == 2 && errName.MatchString(text(n.Args[0])) {
				found = true
			}
		}
		return !found
	})
	return found
}

var errName = regexp.MustCompile(`(?i)err`)

func isNilIdent(e ast.Expr) bool {
	id, is := ast.Unparen(e).(*ast.Ident)
	return is && id.Name == "nil"
}

// switchOf is the switch over a value whose case follows a stack.
func switchOf(stack []ast.Node) (*ast.SwitchStmt, bool) {
	if len(stack) < 2 {
		return nil, false
	}
	over, is := stack[len(stack)-2].(*ast.SwitchStmt)
	return over, is && over.Tag != nil
}
