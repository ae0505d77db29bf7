package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// drained reports whether a function goes through rows to their end wherever it has them, which gives them back.
func drained(p place, f *function, assign *ast.AssignStmt, object types.Object, stack []ast.Node) bool {
	var loop *ast.ForStmt
	for _, s := range listOf(last(stack)) {
		if each, is := s.(*ast.ForStmt); is && loop == nil && s.Pos() > assign.End() {
			if call, is := each.Cond.(*ast.CallExpr); is && calledName(call) == "Next" && p.target(firstOf(call.Fun)) == object {
				loop = each
			}
		}
	}
	if loop == nil {
		return false
	}
	check, through := errorCheck(assign, stack), true
	closed := scanChecks(p, loop.Body, object)
	ast.Inspect(f.body, func(n ast.Node) bool {
		if n == nil || n.End() <= assign.End() || n.Pos() >= loop.End() || n == check || slices.Contains(closed, n) {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return n.Pos() <= assign.Pos() && assign.End() <= n.End() // the one that it stands in
		case *ast.ReturnStmt:
			through = false
		case *ast.BranchStmt:
			through = through && n.Tok == token.CONTINUE && n.Label == nil
		}
		return through
	})
	return through
}

// ofPgx reports whether rows are those of pgx.
func ofPgx(t types.Type) bool {
	path, _ := namedType(t)
	return strings.HasPrefix(path, "github.com/jackc/pgx")
}

// scanChecks are the statements of a loop over rows that leave where a row could not be read, if that closes the rows, as it does those of pgx.
func scanChecks(p place, body *ast.BlockStmt, rows types.Object) []ast.Node {
	if !ofPgx(rows.Type()) {
		return nil
	}
	var out []ast.Node
	scans := func(s ast.Stmt) (err types.Object) {
		assign, is := s.(*ast.AssignStmt)
		if !is || len(assign.Lhs) != 1 || len(assign.Rhs) != 1 {
			return nil
		}
		if call, is := assign.Rhs[0].(*ast.CallExpr); is && calledName(call) == "Scan" && p.target(firstOf(call.Fun)) == rows {
			return p.target(assign.Lhs[0])
		}
		return nil
	}
	for i, s := range body.List {
		check, is := s.(*ast.IfStmt)
		if !is || check.Else != nil {
			continue
		}
		scanned := check.Init
		if scanned == nil && i > 0 {
			scanned = body.List[i-1]
		}
		test, is := check.Cond.(*ast.BinaryExpr)
		if failed := scans(scanned); failed != nil && is && test.Op == token.NEQ && isNilIdent(test.Y) && p.target(test.X) == failed {
			out = append(out, check)
		}
	}
	return out
}
