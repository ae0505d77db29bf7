package golang

import (
	"go/ast"
	"go/types"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// prepared finds the text of a prepared statement.
func (l *lifter) prepared(at work, spec querySpec, q *facts.Query) {
	if in, written := l.preparedText(at.source, spec.pos.X, 0); written != nil {
		l.readText(in, written, q)
	}
}

// preparedText is the text that a statement was made of: by Prepare, or by a function of the code that hands its text on to that. A statement of
// another, as of a transaction (tx.Stmt(s)), or what a function of the code gives for one, has the text of that.
func (l *lifter) preparedText(s *source, e ast.Expr, depth int) (*source, ast.Expr) {
	if depth > 4 {
		return nil, nil
	}
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		for _, d := range l.defs[s.target(e)] {
			if d.expr == nil || d.kind != assigned {
				continue
			}
			if in, written := l.preparedText(d.source, d.expr, depth+1); written != nil {
				return in, written
			}
		}
		return nil, nil
	}
	for _, arg := range call.Args {
		if isStmt(s.info.TypeOf(arg)) {
			return l.preparedText(s, arg, depth+1)
		}
	}
	if !strings.HasPrefix(calledName(call), "Prepare") && !l.handsToPrepare(s, call) {
		return nil, nil
	}
	for _, arg := range call.Args {
		if t := s.info.TypeOf(arg); t != nil && isString(t) {
			return s, arg
		}
	}
	return nil, nil
}

// handsToPrepare reports whether a call is of a function of the code that makes a statement of the only text that it is given.
func (l *lifter) handsToPrepare(s *source, call *ast.CallExpr) bool {
	made := l.static(s, call)
	if len(made) != 1 || made[0].body == nil || made[0].sig == nil || made[0].sig.Results().Len() == 0 || !isStmt(made[0].sig.Results().At(0).Type()) {
		return false
	}
	var given types.Object
	for _, param := range made[0].params {
		if param == nil || !isString(param.Type()) {
			continue
		}
		if given != nil {
			return false
		}
		given = param
	}
	found := false
	ast.Inspect(made[0].body, func(n ast.Node) bool {
		if inner, is := n.(*ast.CallExpr); is && strings.HasPrefix(calledName(inner), "Prepare") {
			for _, arg := range inner.Args {
				name, is := ast.Unparen(arg).(*ast.Ident)
				found = found || is && given != nil && made[0].source.info.Uses[name] == given
			}
		}
		return !found
	})
	return found
}

// isStmt reports whether a type is a prepared statement of database/sql.
func isStmt(t types.Type) bool {
	path, name := namedType(t)
	return path == "database/sql" && name == "Stmt"
}
