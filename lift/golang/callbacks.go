package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// onceName are names of functions of libraries that call what they are given once, or begin it as a goroutine of its own.
var onceName = regexp.MustCompile(`^(AfterFunc|Do|Go|Submit|Once|OnceFunc)([A-Z]|$)`)

// findCalledBack lifts functions that a library is given to tell of each event, and that send to a channel without room of which one event is read:
// whoever tells of the next one waits for ever, and with it all that it would tell of.
func (l *lifter) findCalledBack(p place) {
	told := map[types.Object]bool{}
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		send, is := n.(*ast.SendStmt)
		if !is {
			return true
		}
		if clause, is := last(stack).(*ast.CommClause); is && clause.Comm == ast.Stmt(send) {
			return true // it may do something else
		}
		literal := literalAround(stack)
		if literal == nil || len(literal.Type.Params.List) == 0 {
			return true
		}
		channel := p.target(send.Chan)
		at := slices.Index(stack, ast.Node(literal))
		f := l.around(stack[:at])
		if f == nil || channel == nil || told[channel] || channel.Pos() < f.body.Pos() || literal.Pos() <= channel.Pos() || !l.withoutRoom(channel) {
			return true
		}
		if !l.calledBack(p, f, literal, stack[:at]) || !readOnce(p, f, channel) {
			return true
		}
		told[channel] = true
		f.fact.Resources = append(f.fact.Resources, &facts.Resource{Pos: l.pos(send.Pos()), Kind: "callback", Name: channel.Name(), Never: true})
		return true
	})
}

// calledBack reports whether a literal is handed to a library, by itself or in a variable or struct, to be called for each event, and is called by nothing
// in its function.
func (l *lifter) calledBack(p place, f *function, literal *ast.FuncLit, stack []ast.Node) bool {
	switch above := last(stack).(type) {
	case *ast.CallExpr:
		return ast.Unparen(above.Fun) != ast.Expr(literal) && l.tellsOfEach(p, above)
	case *ast.KeyValueExpr:
		return l.ofLibrary(p, stack[len(stack)-2])
	case *ast.AssignStmt:
		i := slices.Index(above.Rhs, ast.Expr(literal))
		if i < 0 || len(above.Lhs) != len(above.Rhs) {
			return false
		}
		if field, is := ast.Unparen(above.Lhs[i]).(*ast.SelectorExpr); is {
			return l.ofLibrary(p, field.X)
		}
		return l.handedAsHandler(p, f, p.target(above.Lhs[i]))
	}
	return false
}

// handedAsHandler reports whether a variable that holds a function is given to a library, and called by nothing in the function around it.
func (l *lifter) handedAsHandler(p place, f *function, object types.Object) bool {
	handed, calledHere := false, false
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || object == nil || p.info.Uses[id] != object {
			return true
		}
		switch above := last(stack).(type) {
		case *ast.CallExpr:
			calledHere = calledHere || ast.Unparen(above.Fun) == ast.Expr(id)
			handed = handed || l.tellsOfEach(p, above)
		case *ast.KeyValueExpr:
			handed = handed || above.Value == ast.Expr(id) && l.ofLibrary(p, stack[len(stack)-2])
		}
		return true
	})
	return handed && !calledHere
}

// ofLibrary reports whether a value is of a type that a library has, which calls the functions in it as it pleases.
func (l *lifter) ofLibrary(p place, n ast.Node) bool {
	e, is := n.(ast.Expr)
	if !is {
		return false
	}
	path, _ := namedType(p.info.TypeOf(e))
	return path != "" && !isStandard(path) && l.loader.sources[path] == nil
}

// tellsOfEach reports whether a call is one of a library that may call a function that it is given many times.
func (l *lifter) tellsOfEach(p place, call *ast.CallExpr) bool {
	if len(l.static(p.source, call)) > 0 || onceName.MatchString(calledName(call)) {
		return false
	}
	of := p.packageOf(firstOf(call.Fun))
	return of != "" && !isStandard(of) || l.ofLibrary(p, firstOf(call.Fun))
}

// readOnce reports whether a function reads one value of a channel, outside of loops, and gives the channel to nobody.
func readOnce(p place, f *function, channel types.Object) bool {
	reads, known := 0, true
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || p.info.Uses[id] != channel {
			return true
		}
		switch above := last(stack).(type) {
		case *ast.UnaryExpr:
			reads++
			known = known && literalAround(stack) == nil && loopAround(stack) == nil
		case *ast.SendStmt:
			known = known && above.Chan == ast.Expr(id)
		case *ast.CallExpr:
			name := calledName(above)
			known = known && (name == "close" || name == "len" || name == "cap")
		default:
			known = false
		}
		return known
	})
	return known && reads == 1
}
