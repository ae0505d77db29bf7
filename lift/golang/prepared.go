package golang

import (
	"go/ast"
	"go/token"
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
		listed := l.preparedIn()[s.target(e)]
		return listed.source, listed.expr
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

// preparedIn are the texts of statements that stand in a list, each beside a pointer to the variable that gets the statement:
//
//	statements{{&s.find, findSQL}, {&s.add, addSQL}}.prepare(db)
func (l *lifter) preparedIn() map[types.Object]element {
	if l.preparedTexts == nil {
		l.preparedTexts = map[types.Object]element{}
		l.eachFile(func(p place) {
			ast.Inspect(p.file, func(n ast.Node) bool {
				if literal, is := n.(*ast.CompositeLit); is && len(literal.Elts) == 2 && isStmtWithText(p.info.TypeOf(literal)) {
					l.notePair(p.source, literal)
				}
				return true
			})
		})
	}
	return l.preparedTexts
}

// notePair notes the text of the statement that a pair of both makes.
func (l *lifter) notePair(s *source, pair *ast.CompositeLit) {
	var statement types.Object
	var written ast.Expr
	for _, e := range pair.Elts {
		if keyed, is := e.(*ast.KeyValueExpr); is {
			e = keyed.Value
		}
		if pointer, is := ast.Unparen(e).(*ast.UnaryExpr); is && pointer.Op == token.AND && isStmt(s.info.TypeOf(pointer.X)) {
			statement = s.target(pointer.X)
		} else if isString(typeOr(s.info.TypeOf(e))) {
			written = e
		}
	}
	if statement != nil && written != nil {
		l.preparedTexts[statement] = element{s, written}
	}
}

// isStmtWithText reports whether a type is a struct of a pointer to where a prepared statement is put and of its text.
func isStmtWithText(t types.Type) bool {
	structure, is := deref(typeOr(t)).Underlying().(*types.Struct)
	if !is || structure.NumFields() != 2 {
		return false
	}
	pointers, texts := 0, 0
	for field := range structure.Fields() {
		if pointer, is := field.Type().Underlying().(*types.Pointer); is && isStmt(pointer.Elem()) {
			pointers++
		}
		if isString(field.Type()) {
			texts++
		}
	}
	return pointers == 1 && texts == 1
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
