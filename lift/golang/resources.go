package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// findResources lifts what must be given back and on which paths it is not.
func (l *lifter) findResources(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		assign, is := n.(*ast.AssignStmt)
		if !is {
			return true
		}
		call, is := rightCall(assign)
		if !is {
			return true
		}
		id, is := assign.Lhs[0].(*ast.Ident)
		if !is || id.Name == "_" || p.info.Defs[id] == nil && p.info.Uses[id] == nil {
			return true
		}
		f := l.around(stack)
		object := p.target(id)
		if f == nil || object == nil || object.Parent() == nil || object.Pkg() != nil && object.Parent() == object.Pkg().Scope() {
			return true
		}
		if _, inIf := last(stack).(*ast.IfStmt); inIf {
			return true // its scope is the statement
		}
		if r := l.resource(p, f, assign, call, object, stack); r != nil {
			f.fact.Resources = append(f.fact.Resources, r)
		}
		return true
	})
}

// kinds of resources, by type: what gives each back.
func resourceKind(t types.Type, call string) (kind string, closers []string) {
	path, name := namedType(t)
	switch {
	case name == "Rows" && (path == "database/sql" || strings.HasPrefix(path, "github.com/jackc/pgx") || strings.HasSuffix(path, "jmoiron/sqlx")):
		return "rows", []string{"Close"}
	case path == "net/http" && name == "Response":
		return "body", []string{"Close"}
	case isTx(t) && beginName.MatchString(call):
		return "transaction", []string{"Rollback", "Commit"}
	case path == "database/sql" && name == "Stmt" && strings.HasPrefix(call, "Prepare"):
		return "statement", []string{"Close"}
	case strings.HasSuffix(path, "pgxpool") && name == "Conn" && call == "Acquire":
		return "connection", []string{"Release"}
	case isXorm(path) && name == "Session" && call == "NewSession":
		return "session", []string{"Close"}
	}
	return "", nil
}

func (l *lifter) resource(p place, f *function, assign *ast.AssignStmt, call *ast.CallExpr, object types.Object, stack []ast.Node) *facts.Resource {
	kind, closers := resourceKind(object.Type(), calledName(call))
	if kind == "" {
		return nil
	}
	u := &usage{p: p, object: object, kind: kind, closers: closers, from: assign.End()}
	u.look(f.body)
	if u.escapes || u.deferred {
		return nil
	}
	r := &facts.Resource{Pos: l.pos(assign.Pos()), Kind: kind, Name: object.Name(), Never: len(u.closed) == 0}
	if kind == "transaction" && !u.rolledBack {
		r.Close = "Rollback"
	}
	checked := errorCheck(assign, stack)
	ast.PreorderStack(f.body, nil, func(n ast.Node, stack []ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.ReturnStmt:
			inCheck := checked != nil && checked.Pos() <= n.Pos() && n.End() <= checked.End()
			if n.Pos() > assign.End() && !inCheck && !u.closedBefore(n, stack) {
				r.Lost = append(r.Lost, l.pos(n.Pos()))
			}
		}
		return true
	})
	if !r.Never && len(r.Lost) == 0 {
		return nil
	}
	return r
}

// errorCheck is the statement behind an assignment that leaves where it failed.
func errorCheck(assign *ast.AssignStmt, stack []ast.Node) ast.Node {
	var list []ast.Stmt
	switch block := last(stack).(type) {
	case *ast.BlockStmt:
		list = block.List
	case *ast.CaseClause:
		list = block.Body
	case *ast.CommClause:
		list = block.Body
	}
	for i, s := range list {
		if s == ast.Stmt(assign) && i+1 < len(list) {
			if check, is := list[i+1].(*ast.IfStmt); is {
				return check
			}
		}
	}
	return nil
}

// usage is what a function does with a resource.
type usage struct {
	p          place
	object     types.Object
	kind       string
	closers    []string
	from       token.Pos
	escapes    bool
	deferred   bool
	rolledBack bool
	closed     []token.Pos
}

func (u *usage) look(body *ast.BlockStmt) {
	ast.PreorderStack(body, nil, func(n ast.Node, stack []ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || u.p.info.Uses[id] != u.object || id.Pos() < u.from {
			return true
		}
		u.use(id, stack)
		return true
	})
}

func (u *usage) use(id *ast.Ident, stack []ast.Node) {
	for i, n := range slices.Backward(stack) {
		var child ast.Node = id
		if i+1 < len(stack) {
			child = stack[i+1]
		}
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if n.X == child && u.method(n, stack[:i]) {
				return
			}
		case *ast.CallExpr:
			if n.Fun == child {
				return // a method of it
			}
			if name := calledName(n); u.kind == "transaction" && !regexpCloses.MatchString(name) || u.kind == "session" && !regexpCloses.MatchString(name) {
				return // it is used, and stays ours
			}
			if selector, is := child.(*ast.SelectorExpr); is && u.kind == "body" && selector.Sel.Name == "Body" {
				return
			}
			u.escapes = u.escapes || !(len(n.Args) > 0 && calledName(n) == "len")
			return
		case *ast.ReturnStmt, *ast.CompositeLit, *ast.SendStmt, *ast.KeyValueExpr:
			u.escapes = u.escapes || !isFieldOf(child)
			return
		case *ast.AssignStmt:
			for _, right := range n.Rhs {
				if right == child {
					u.escapes = u.escapes || !isFieldOf(child)
				}
			}
			return
		case *ast.BinaryExpr, *ast.IfStmt, *ast.ForStmt, *ast.ExprStmt, *ast.DeferStmt:
			return
		case *ast.UnaryExpr:
			u.escapes = true
			return
		}
	}
}

var regexpCloses = regexp.MustCompile(`(?i)(rollback|close|finish|commit|release|done|end)`)

// isFieldOf reports whether a use is of a field or method only.
func isFieldOf(n ast.Node) bool {
	_, is := n.(*ast.SelectorExpr)
	return is
}

// method notes a call that gives the resource back. It reports whether the use is dealt with.
func (u *usage) method(n *ast.SelectorExpr, above []ast.Node) bool {
	name := n.Sel.Name
	if u.kind == "body" {
		if name != "Body" || len(above) == 0 {
			return false
		}
		outer, is := last(above).(*ast.SelectorExpr)
		if !is {
			if assign, is := last(above).(*ast.AssignStmt); is && slices.Contains(assign.Rhs, ast.Expr(n)) {
				u.escapes = true
			}
			if _, is := last(above).(*ast.ReturnStmt); is {
				u.escapes = true
			}
			if _, is := last(above).(*ast.KeyValueExpr); is {
				u.escapes = true
			}
			return false
		}
		name = outer.Sel.Name
	}
	if !slices.Contains(u.closers, name) {
		return false
	}
	if name == "Rollback" {
		u.rolledBack = true
	}
	u.closed = append(u.closed, n.Pos())
	for i, a := range above {
		switch a.(type) {
		case *ast.DeferStmt:
			if name != "Commit" {
				u.deferred = true
			}
		case *ast.FuncLit:
			if i > 0 && name != "Commit" {
				u.deferred = true // in a function that is kept, or deferred
			}
		}
	}
	if _, isCall := last(above).(*ast.CallExpr); !isCall && u.kind != "body" {
		u.deferred = true // the method is handed over
	}
	return true
}

// closedBefore reports whether the resource is given back on the way to a return: in a block around it, or by it.
func (u *usage) closedBefore(n *ast.ReturnStmt, stack []ast.Node) bool {
	for _, pos := range u.closed {
		if n.Pos() <= pos && pos <= n.End() {
			return true
		}
		if pos > n.Pos() {
			continue
		}
		if u.inPath(pos, n, stack) {
			return true
		}
	}
	return false
}

// inPath reports whether a place before a return is on its way: in a statement of a block that holds the return, not
// within a branch of it that ends by itself.
func (u *usage) inPath(pos token.Pos, n *ast.ReturnStmt, stack []ast.Node) bool {
	for _, a := range stack {
		var list []ast.Stmt
		switch a := a.(type) {
		case *ast.BlockStmt:
			list = a.List
		case *ast.CaseClause:
			list = a.Body
		case *ast.CommClause:
			list = a.Body
		}
		for _, s := range list {
			if s.Pos() > n.Pos() || s.Pos() > pos || pos > s.End() || s.Pos() <= n.Pos() && n.End() <= s.End() {
				continue
			}
			if branch, is := s.(*ast.IfStmt); is && branch.Init == nil && ends(branch.Body.List) && branch.Body.Pos() <= pos && pos <= branch.Body.End() {
				continue // given back in a branch that left
			}
			return true
		}
	}
	// In the condition of the branch that the return stands in.
	for _, a := range stack {
		if branch, is := a.(*ast.IfStmt); is && branch.Body.Pos() > pos && branch.Pos() < pos && branch.Body.Pos() <= n.Pos() {
			return true
		}
	}
	return false
}
