package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
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
func (l *lifter) permits(n ast.Node, stack []ast.Node) {
	asks := false
	switch n := n.(type) {
	case *ast.CallExpr:
		asks = asksWhetherMay.MatchString(calledName(n))
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
		asks = refusal.MatchString(n.Name) && !l.tellsErrors(stack)
	case *ast.BasicLit:
		asks = n.Value == "403" && !l.tellsErrors(stack)
	}
	if !asks {
		return
	}
	if f := l.around(stack); f != nil {
		f.fact.Permits = true
	}
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
