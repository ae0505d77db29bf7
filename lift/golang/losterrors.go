package golang

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"
)

// errorLost reports whether nobody looks at whether a statement failed: it stands alone, its error is given to _, or to a variable that
// the next statement that knows it gives something else. Of one row that is the error of its Scan.
func errorLost(at work, spec querySpec) bool {
	if scan, is := last(at.stack).(*ast.SelectorExpr); is && spec.one && scan.Sel.Name == "Scan" && len(at.stack) > 2 {
		switch above := at.stack[len(at.stack)-3].(type) {
		case *ast.ExprStmt:
			return true
		case *ast.AssignStmt:
			id, is := above.Lhs[0].(*ast.Ident)
			return is && len(above.Lhs) == 1 && id.Name == "_"
		}
		return false
	}
	switch above := last(at.stack).(type) {
	case *ast.ExprStmt:
		name := spec.pos.Sel.Name
		panics := strings.HasPrefix(name, "Must") || spec.library == "ent" && strings.HasSuffix(name, "X")
		return !spec.one && !panics
	case *ast.AssignStmt:
		id, is := above.Lhs[len(above.Lhs)-1].(*ast.Ident)
		return is && len(above.Rhs) == 1 && (id.Name == "_" || overwritten(at, id))
	}
	return false
}

// overwritten reports whether the error that an assignment gives a variable is lost on the way on: what comes behind it, in its block
// and in those around, gives the variable another before anything asks it.
func overwritten(at work, id *ast.Ident) bool {
	err, is := at.source.target(id).(*types.Var)
	if !is || !errName.MatchString(id.Name) {
		return false
	}
	for i, n := range slices.Backward(at.stack[:len(at.stack)-1]) {
		inner, is := at.stack[i+1].(ast.Stmt)
		if !is {
			return false
		}
		var behind []ast.Stmt
		switch n := n.(type) {
		case *ast.FuncDecl, *ast.FuncLit: // nothing gave it another, or it is the result
			return false
		case *ast.BlockStmt:
			behind = n.List[slices.Index(n.List, inner)+1:]
		case *ast.CaseClause:
			behind = n.Body[slices.Index(n.Body, inner)+1:]
		case *ast.CommClause:
			behind = n.Body[slices.Index(n.Body, inner)+1:]
		case *ast.ForStmt:
			if knows(at.source, err, id, n) {
				return false
			}
		case *ast.RangeStmt:
			if knows(at.source, err, id, n) {
				return false
			}
		case *ast.IfStmt:
			if inner == n.Init {
				return false
			}
		case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt, *ast.LabeledStmt:
		default:
			return false
		}
		for _, next := range behind {
			if !knows(at.source, err, nil, next) {
				continue
			}
			return givesAnother(at.source, next, err) && !heldElsewhere(at, err)
		}
	}
	return false
}

// givesAnother reports whether a statement begins with giving a variable something that is made without it.
func givesAnother(s *source, n ast.Stmt, v *types.Var) bool {
	if around, is := n.(*ast.IfStmt); is && around.Init != nil {
		n = around.Init
	}
	assign, is := n.(*ast.AssignStmt)
	if !is || slices.ContainsFunc(assign.Rhs, func(e ast.Expr) bool { return knows(s, v, nil, e) }) {
		return false
	}
	return slices.ContainsFunc(assign.Lhs, func(e ast.Expr) bool { return s.target(e) == v })
}

// knows reports whether a part of the code names a variable, beside the place where it is given something.
func knows(s *source, v *types.Var, given *ast.Ident, part ast.Node) bool {
	found := false
	ast.Inspect(part, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		found = found || is && id != given && s.target(id) == v
		return !found
	})
	return found
}

// heldElsewhere reports whether a function within the one around reads a variable, as what is deferred may, or the variable is a result
// that has a name.
func heldElsewhere(at work, v *types.Var) bool {
	found := false
	for _, n := range at.stack {
		switch n := n.(type) {
		case *ast.FuncDecl:
			found = found || n.Type.Results != nil && knows(at.source, v, nil, n.Type.Results)
		case *ast.FuncLit:
			found = found || n.Type.Results != nil && knows(at.source, v, nil, n.Type.Results)
		default:
			continue
		}
		ast.Inspect(n, func(inner ast.Node) bool {
			if literal, is := inner.(*ast.FuncLit); is && inner != n && !slices.Contains(at.stack, inner) {
				found = found || knows(at.source, v, nil, literal.Body)
			}
			return !found
		})
	}
	return found
}
