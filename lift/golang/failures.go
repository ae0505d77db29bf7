package golang

import (
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// A procedure answers a failure by an error with a code, whose text its client reads:
//
//	status.Errorf(codes.Internal, "list orders: %v", err)
//	connect.NewError(connect.CodeInternal, err)
//
// Most of what fails there is said by the code itself, so that only what a database answered counts.

var (
	// insideCode are names of codes that say that something failed inside.
	insideCode = regexp.MustCompile(`^(Code)?(Internal|Unknown|DataLoss)(Error)?$`)
	// ofCodes are packages that have such codes.
	ofCodes = regexp.MustCompile(`(^|/)(codes|connect|connect-go|twirp)$`)
	// handlerName are names of what an interceptor is given to call.
	handlerName = regexp.MustCompile(`(?i)(handler|next|invoke)`)
	// makesFailure are names of functions that make an error with a code.
	makesFailure = regexp.MustCompile(`^(Error|Errorf|New|Newf|NewError|NewErrorf)$`)
)

// isInside reports whether an expression is a code that says that something failed inside.
func (s *source) isInside(e ast.Expr) bool {
	selector, is := ast.Unparen(e).(*ast.SelectorExpr)
	return is && insideCode.MatchString(selector.Sel.Name) && ofCodes.MatchString(s.packageOf(selector.X))
}

// procedureFails recognises an error of a procedure whose text is what a database answered.
func (l *lifter) procedureFails(at work, selector *ast.SelectorExpr) string {
	args := at.call.Args
	if len(args) < 2 || !makesFailure.MatchString(selector.Sel.Name) || at.packageOf(selector.X) == "" || !at.isInside(args[0]) || l.hidesFailures() {
		return ""
	}
	for _, arg := range args[1:] {
		if found := errorIn(at.source, arg); found != "" && l.answeredByDatabase(at.source, arg) {
			return found
		}
	}
	return ""
}

// latestOf is the definition of a variable before a place that is nearest to it.
func (l *lifter) latestOf(object types.Object, at token.Pos) (def, bool) {
	var latest def
	for _, d := range l.defs[object] {
		if d.pos < at && d.pos > latest.pos {
			latest = d
		}
	}
	return latest, latest.expr != nil
}

// answeredByDatabase reports whether an error in an expression is what a query failed with.
func (l *lifter) answeredByDatabase(s *source, e ast.Expr) bool {
	found := false
	ast.Inspect(e, func(n ast.Node) bool {
		id, is := n.(*ast.Ident)
		if !is || found {
			return !found
		}
		if object, is := s.info.Uses[id].(*types.Var); is && isError(object.Type()) {
			if d, known := l.latestOf(object, id.Pos()); known {
				w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
				for _, o := range w.definition(d) {
					found = found || o.Kind == facts.FromQuery
				}
			}
		}
		return !found
	})
	return found
}

// hidesFailures reports whether something around the procedures of the code makes another error of what they answer: clients read what that one says.
func (l *lifter) hidesFailures() bool {
	if l.hides == nil {
		hides := false
		for _, f := range l.functions {
			hides = hides || f.fact.Aside != "test" && f.body != nil && f.answersForNext()
		}
		l.hides = &hides
	}
	return *l.hides
}

// answersForNext reports whether a function calls another one that it was given, or that is given to what it stands in, and answers an error of its own
// making behind it: resp, err := handler(ctx, req).
func (f *function) answersForNext() bool {
	var called token.Pos
	hides := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return n == f.node
		case *ast.AssignStmt:
			call, is := ast.Unparen(n.Rhs[0]).(*ast.CallExpr)
			if !is || len(n.Lhs) != 2 || len(n.Rhs) != 1 || len(call.Args) != 2 {
				return true
			}
			if next, is := ast.Unparen(call.Fun).(*ast.Ident); is {
				if v, isVar := f.source.info.Uses[next].(*types.Var); isVar && called == token.NoPos && handlerName.MatchString(v.Name()) {
					called = n.End()
				}
			}
		case *ast.ReturnStmt:
			if called != token.NoPos && n.Pos() > called && len(n.Results) == 2 {
				_, makes := ast.Unparen(n.Results[1]).(*ast.CallExpr)
				hides = hides || makes
			}
		}
		return true
	})
	return hides
}

// answersFailure reports whether a call answers with a status that the call before it says, of a failure inside: c.Status(500).JSON(…).
func (l *lifter) answersFailure(at work, selector *ast.SelectorExpr) bool {
	status, is := l.answersStatus(at, selector)
	return is && at.insideStatus(status)
}

// answersStatus is the status that the call before an answer says.
func (l *lifter) answersStatus(at work, selector *ast.SelectorExpr) (status ast.Expr, is bool) {
	before, is := ast.Unparen(selector.X).(*ast.CallExpr)
	if !is || len(at.call.Args) == 0 || calledName(before) != "Status" || len(before.Args) != 1 {
		return nil, false
	}
	switch selector.Sel.Name {
	case "JSON", "SendString", "XML":
	default:
		return nil, false
	}
	of, is := ast.Unparen(before.Fun).(*ast.SelectorExpr)
	return before.Args[0], is && l.isRequest(at.info.TypeOf(of.X))
}

// insideStatus reports whether an expression is a status of HTTP that says that something failed inside.
func (s *source) insideStatus(e ast.Expr) bool {
	if code := s.info.Types[e].Value; code != nil {
		n, exact := constant.Int64Val(constant.ToInt(code))
		return exact && n >= 500
	}
	selector, is := ast.Unparen(e).(*ast.SelectorExpr) // of a library that is not at hand: fiber.StatusInternalServerError
	return is && s.packageOf(selector.X) != "" && strings.HasPrefix(selector.Sel.Name, "StatusInternal")
}
