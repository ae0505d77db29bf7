package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"

	"github.com/fettlehq/fettle/facts"
)

// That a function asks whether the caller may do what it does shows in its names alone: what it calls, what its conditions
// read, and how it refuses. A comparison with the row's owner is told by Matches.

var (
	// asksWhetherMay are functions that say whether somebody may do something.
	asksWhetherMay = regexp.MustCompile(`^([Cc]an|[Mm]ay)[A-Z]|(?i)(permi(t|ssion)|authori[sz]e|privilege|^enforce|^owns|^(is|has)_?(owner|owned|author|member|allowed|access|admin|super_?user|role|scope|right)|(check|require|ensure|verify|assert|validate|must)\w*(access|owner|member|role|admin|right|scope))`)
	// roleOfCaller are names by which a condition tells callers apart.
	roleOfCaller = regexp.MustCompile(`(?i)(admin|super_?user|owner|moderator|is_?staff|roles?$|permission|privilege|allowed|can_?(edit|delete|update|read|write|view|manage))`)
	// refusal is what a caller is answered who may not.
	refusal = regexp.MustCompile(`(?i)(forbid|permission_?denied|access_?denied|not_?authori[sz]ed|err_?permission)`)
)

// permits notes where a function asks whether its caller may do what it does.
func (l *lifter) permits(p place, n ast.Node, stack []ast.Node) {
	asks, refuses, by := false, false, ""
	switch n := n.(type) {
	case *ast.CallExpr:
		by = calledName(n)
		asks = asksWhetherMay.MatchString(by)
	case *ast.IfStmt:
		asks = names(n.Cond, roleOfCaller)
	case *ast.SwitchStmt:
		asks = n.Tag != nil && names(n.Tag, roleOfCaller)
	case *ast.CaseClause:
		for _, e := range n.List {
			asks = asks || names(e, roleOfCaller) && !l.tellsErrors(stack)
		}
	case *ast.UnaryExpr:
		asks = n.Op == token.NOT && names(n.X, roleOfCaller)
	case *ast.BinaryExpr:
		asks = (n.Op == token.LAND || n.Op == token.LOR) && names(n, roleOfCaller)
	case *ast.Ident:
		refuses = refusal.MatchString(n.Name) && !l.tellsErrors(stack)
	case *ast.BasicLit:
		refuses = n.Value == "403" && !l.tellsErrors(stack)
	}
	if !asks && !refuses {
		return
	}
	if f := l.around(stack); f != nil {
		f.fact.Permits = true
		f.fact.Asks = append(f.fact.Asks, l.asked(p, f, n, by, refuses, stack))
	}
}

// asked says on which ways of a function it asks at a place. What refuses stands behind a condition, which is what asks.
func (l *lifter) asked(p place, f *function, n ast.Node, by string, refuses bool, stack []ast.Node) facts.Asked {
	out := facts.Asked{Pos: l.pos(n.Pos()), By: by}
	path := append(slices.Clone(stack), n)
	other := false // something stands for the ways on which it does not ask, or those on which it does end there
	for i, node := range slices.Backward(path[:len(path)-1]) {
		if l.nodes[node] == f {
			break
		}
		var over ast.Expr
		switch node := node.(type) {
		case *ast.IfStmt:
			if path[i+1] == node.Init || path[i+1] == ast.Node(node.Cond) {
				continue
			}
			over = node.Cond
			if !refuses {
				other = other || node.Else != nil || wayOutOf(node.Body.List) != onward
			}
		case *ast.CaseClause:
			other = other || !refuses
		default:
			continue
		}
		if refuses {
			refuses = false
			continue
		}
		out.From, out.To = l.pos(node.Pos()), l.pos(node.End())
		out.Left = out.Left || over != nil && p.namesGiven(f, over)
	}
	out.Left = out.Left && !other
	return out
}

// namesGiven reports whether an expression reads a parameter of a function, but for a context.
func (p place) namesGiven(f *function, e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || found {
			return !found
		}
		object := p.info.Uses[id]
		found = object != nil && slices.Contains(f.params, object) && !isNamed(object.Type(), "context", "Context")
		return !found
	})
	return found
}

// tellsErrors reports whether a place is in a function that is given an error, to say what to answer: whatever refuses, it refuses nothing.
func (l *lifter) tellsErrors(stack []ast.Node) bool {
	f := l.around(stack)
	return f != nil && slices.ContainsFunc(f.params, func(o types.Object) bool { return o != nil && isError(o.Type()) })
}

// names reports whether an expression reads something with a name of a kind.
func names(e ast.Expr, kind *regexp.Regexp) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		found = found || is && kind.MatchString(id.Name)
		return !found
	})
	return found
}
