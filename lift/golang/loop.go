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
		case *types.Array:
			loop.Kind = facts.OverConstant
			return
		case *types.Basic:
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
	for i := range iface.NumMethods() {
		if params := iface.Method(i).Type().(*types.Signature).Params(); params.Len() > 0 && isNamed(params.At(0).Type(), "context", "Context") {
			return true
		}
	}
	return false
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
		if length, is := condition.Y.(*ast.CallExpr); is && calledName(length) == "len" && len(length.Args) == 1 {
			loop.Over = text(length.Args[0])
			loop.Kind = facts.OverItems
			if l.constantList(p.source, length.Args[0], 0) {
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
	for i, node := range slices.Backward(path) {
		switch node := node.(type) {
		case *ast.FuncLit, *ast.FuncDecl:
			return out
		case *ast.ForStmt, *ast.RangeStmt:
			inLoop = true
		case *ast.IfStmt:
			if i+1 < len(path) && path[i+1] == ast.Node(node.Body) && failed(node.Cond) {
				out.ErrorPath = true
			}
			if i+1 < len(path) && path[i+1] != ast.Node(node.Init) && path[i+1] != ast.Node(node.Cond) {
				out.Branch = out.Branch || !inLoop
			}
		case *ast.ReturnStmt:
			out.EndsLoop = out.EndsLoop || !inLoop
		case *ast.BlockStmt:
			if !inLoop && ends(node.List) && i+1 < len(path) {
				out.EndsLoop = true
			}
		case *ast.CaseClause:
			out.Branch = out.Branch || !inLoop
			if !inLoop && ends(node.Body) {
				out.EndsLoop = true
			}
		}
	}
	return out
}

// ends reports whether statements leave the loop or function for good.
func ends(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	switch s := list[len(list)-1].(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return s.Tok == token.BREAK && s.Label == nil || s.Tok == token.BREAK
	}
	return false
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
