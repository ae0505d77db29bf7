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

// Some libraries answer with the text of each error that a handler gives back, where nothing says what is shown:
//
//	srv := handler.NewDefaultServer(schema) // gqlgen, without srv.SetErrorPresenter(…)
//	api := humachi.New(router, config)      // huma, whose answers list the errors' texts
//
// Whatever a query failed with is told there, wherever a handler gives it back.

// tellsBack is such a library, and what hides its errors.
type tellsBack struct {
	makes  *regexp.Regexp // functions that make a server
	within *regexp.Regexp // their packages
	hides  *regexp.Regexp // what is called where the code chooses what is shown
	around *regexp.Regexp // what is called with, or declared as, a function around handlers; nil where there is none
}

var (
	ofGqlgen = &tellsBack{
		makes: regexp.MustCompile(`^(New|NewDefaultServer|GraphQL)$`), within: regexp.MustCompile(`^github\.com/99designs/gqlgen/(graphql/)?handler$`),
		hides: regexp.MustCompile(`^(Set)?ErrorPresenter$`), around: regexp.MustCompile(`^(Around(Root)?Fields?|AroundResponses|ResolverMiddleware|Intercept(Root)?(Field|Response))$`),
	}
	ofHuma = &tellsBack{
		makes: regexp.MustCompile(`^New`), within: regexp.MustCompile(`^github\.com/danielgtaylor/huma/v2(/adapters/\w+)?$`),
		hides: regexp.MustCompile(`^UseTransformer$`),
	}
	// asksFailure are names of functions that ask which failure an error is.
	asksFailure = regexp.MustCompile(`^(Is|As|AsType)$|^Is\w*(Err|NotFound|Exist|NoRows)|^[iI]s[A-Z]\w*Error`)
	// wrapsError are packages that make an error with the text of another.
	wrapsError = regexp.MustCompile(`^fmt$|(^|/)(errors|xerrors|gqlerror)$`)
)

// findToldBack lifts what handlers give back of a query to a library that tells it to the client.
func (l *lifter) findToldBack() {
	type server struct {
		module  string
		library *tellsBack
	}
	made, hidden := map[server]facts.Pos{}, map[server]bool{}
	l.eachFile(func(p place) {
		if p.aside[p.file] != "" {
			return
		}
		module := l.loader.moduleOf(p.dir).path
		for _, library := range []*tellsBack{ofGqlgen, ofHuma} {
			at := server{module, library}
			ast.Inspect(p.file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncDecl:
					if library.around != nil && n.Recv != nil && n.Body != nil && library.around.MatchString(n.Name.Name) {
						hidden[at] = hidden[at] || answersOtherwise(n.Body)
					}
				case *ast.AssignStmt:
					if library == ofHuma && p.makesErrors(n) {
						hidden[at] = hidden[at] || p.hidesTexts(n.Rhs[0])
						made[at] = l.pos(n.Pos()) // the place to mend
					}
				case *ast.CallExpr:
					selector, is := ast.Unparen(n.Fun).(*ast.SelectorExpr)
					if !is {
						return true
					}
					hidden[at] = hidden[at] || library.hides.MatchString(selector.Sel.Name)
					if library.around != nil && library.around.MatchString(selector.Sel.Name) && len(n.Args) == 1 {
						literal, is := ast.Unparen(n.Args[0]).(*ast.FuncLit)
						hidden[at] = hidden[at] || !is || answersOtherwise(literal.Body)
					}
					if _, known := made[at]; !known && library.makes.MatchString(selector.Sel.Name) && library.within.MatchString(p.packageOf(selector.X)) {
						made[at] = l.pos(n.Pos())
					}
				}
				return true
			})
		}
	})
	if len(made) == 0 {
		return
	}
	of := map[*facts.Function]*function{}
	for f := range l.handlers {
		of[f.fact] = f
	}
	seen := map[*function]bool{}
	for _, r := range l.facts.Routes {
		f := of[r.Handler]
		if f == nil || f.body == nil || seen[f] || f.fact.Aside != "" {
			continue
		}
		library := ofGqlgen
		if r.Kind == "http" && f.isOperation() {
			library = ofHuma
		} else if r.Kind != "graphql" && r.Kind != "field" {
			continue
		}
		at := server{l.loader.moduleOf(f.source.dir).path, library}
		if through, known := made[at]; known && !hidden[at] {
			seen[f] = true
			l.toldBack(f, through)
		}
	}
}

// isOperation reports whether a function is a handler of huma's: func(ctx context.Context, in *input) (*output, error).
func (f *function) isOperation() bool {
	return f.sig != nil && f.sig.Params().Len() == 2 && f.sig.Results().Len() == 2 && isNamed(f.sig.Params().At(0).Type(), "context", "Context") &&
		isPointer(f.sig.Params().At(1).Type()) && isError(f.sig.Results().At(1).Type())
}

// answersOtherwise reports whether what stands around handlers gives on something else than they do: it changes the errors of an answer, or makes an error
// of its own behind the one that it calls.
func answersOtherwise(body *ast.BlockStmt) bool {
	called := token.NoPos
	found := false
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			found = found || n.Sel.Name == "Errors"
		case *ast.CallExpr:
			if id, is := ast.Unparen(n.Fun).(*ast.Ident); is && called == token.NoPos && handlerName.MatchString(id.Name) {
				called = n.End()
			}
		case *ast.ReturnStmt:
			if called != token.NoPos && n.Pos() > called && len(n.Results) == 2 {
				_, is := ast.Unparen(n.Results[1]).(*ast.Ident)
				found = found || !is
			}
		}
		return !found
	})
	return found
}

// makesErrors reports whether a statement puts a function in the place of the one by which huma makes its errors.
func (p place) makesErrors(n *ast.AssignStmt) bool {
	selector, is := ast.Unparen(n.Lhs[0]).(*ast.SelectorExpr)
	return is && len(n.Rhs) == 1 && strings.HasPrefix(selector.Sel.Name, "NewError") && ofHuma.within.MatchString(p.packageOf(selector.X))
}

// hidesTexts reports whether a function that makes errors looks at their status, or takes no error's text.
func (p place) hidesTexts(made ast.Expr) bool {
	literal, is := ast.Unparen(made).(*ast.FuncLit)
	if !is {
		return true
	}
	asks, takes := false, false
	ast.Inspect(literal.Body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BinaryExpr:
			switch n.Op {
			case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
				asks = asks || isNumber(typeOr(p.info.TypeOf(n.X)))
			}
		case *ast.CallExpr:
			takes = takes || calledName(n) == "Error"
		}
		return true
	})
	return asks || !takes
}

// toldBack notes the returns of a handler that give back what a query failed with.
func (l *lifter) toldBack(f *function, through facts.Pos) {
	for _, r := range f.returns() {
		if given := l.errorOf(f, r, 0); given != nil {
			f.fact.Effects = append(f.fact.Effects, &facts.Effect{Pos: l.pos(r.Pos()), Kind: "told back", Name: text(given), Through: through, Bounded: true})
		}
	}
}

// errorOf is the error that a return gives back, where it is what a query failed with, or has its text; nil for another one, and where the failure is
// one that the code knows.
func (l *lifter) errorOf(f *function, r *ast.ReturnStmt, depth int) ast.Expr {
	if len(r.Results) == 0 || f.knowsFailure(r.Pos()) {
		return nil
	}
	given := r.Results[len(r.Results)-1]
	if isNilIdent(given) || !l.ofQuery(f, given, r.Pos(), depth) {
		return nil
	}
	return given
}

// ofQuery reports whether an error of a function is what a query failed with, or has its text.
func (l *lifter) ofQuery(f *function, given ast.Expr, at token.Pos, depth int) bool {
	switch given := ast.Unparen(given).(type) {
	case *ast.Ident:
		v, is := f.source.info.Uses[given].(*types.Var)
		if !is {
			return false
		}
		d, known := l.latestOf(v, at)
		if !known || d.kind != assigned {
			return false
		}
		call, is := ast.Unparen(d.expr).(*ast.CallExpr)
		if is && len(l.static(d.source, call)) > 0 {
			return d.source == f.source && l.ofQuery(f, call, call.Pos(), depth)
		}
		if is && d.source.packageOf(firstOf(call.Fun)) != "" && !slices.ContainsFunc(call.Args, func(arg ast.Expr) bool {
			_, runs := ast.Unparen(arg).(*ast.FuncLit)
			return runs || isRows(d.source.info.TypeOf(arg))
		}) {
			return false // what compares or reads a value of a row fails for reasons of its own
		}
		w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
		return mayBeError(v.Type()) && slices.ContainsFunc(w.definition(d), func(o facts.Origin) bool { return o.Kind == facts.FromQuery })
	case *ast.CallExpr:
		selector, _ := ast.Unparen(given.Fun).(*ast.SelectorExpr)
		if selector != nil && wrapsError.MatchString(f.source.packageOf(selector.X)) {
			return slices.ContainsFunc(given.Args, func(arg ast.Expr) bool {
				if _, named := ast.Unparen(arg).(*ast.Ident); named {
					return mayBeError(typeOr(f.source.info.TypeOf(arg))) && l.ofQuery(f, arg, at, depth)
				}
				return l.answeredByDatabase(f.source, arg)
			})
		}
		callees := l.static(f.source, given)
		if depth > 3 || len(callees) == 0 {
			w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
			return len(callees) == 0 && slices.ContainsFunc(w.call(f.source, given, 0), func(o facts.Origin) bool { return o.Kind == facts.FromQuery })
		}
		return slices.ContainsFunc(callees, func(callee *function) bool {
			return callee.body != nil && slices.ContainsFunc(callee.returns(), func(r *ast.ReturnStmt) bool {
				if len(r.Results) == 0 || callee.knowsFailure(r.Pos()) {
					return false
				}
				if i := callee.paramTold(r.Results[len(r.Results)-1]); i >= 0 && i < len(given.Args) {
					return l.ofQuery(f, given.Args[i], at, depth+1)
				}
				return l.errorOf(callee, r, depth+1) != nil
			})
		})
	}
	return false
}

// mayBeError reports whether a type is that of errors, or is not known, as its library is not at hand.
func mayBeError(t types.Type) bool { return isError(t) || t == types.Typ[types.Invalid] }

// paramTold is the number of the parameter that an error is, or whose text it has; -1 where it is of none.
func (f *function) paramTold(e ast.Expr) int {
	out := -1
	ast.Inspect(e, func(n ast.Node) bool {
		if id, is := n.(*ast.Ident); is && out < 0 && isErrorValue(f.source.info.TypeOf(id)) {
			out = f.paramOf(id)
		}
		return out < 0
	})
	return out
}

// knowsFailure reports whether a place is one that a function comes to only where a failure is one that the code knows: errors.Is(err, ErrNotFound).
func (f *function) knowsFailure(at token.Pos) bool {
	stack := f.stackAt(at)
	for i, n := range stack {
		if i+1 == len(stack) {
			break
		}
		switch n := n.(type) {
		case *ast.IfStmt:
			if stack[i+1] == ast.Node(n.Body) && (f.asksKind(n.Cond) || n.Init != nil && f.asksKind(n.Init)) {
				return true
			}
		case *ast.CaseClause:
			if slices.ContainsFunc(n.List, func(e ast.Expr) bool { return f.asksKind(e) }) {
				return true
			}
		case *ast.TypeSwitchStmt:
			return true
		}
	}
	return false
}

// asksKind reports whether a condition, or what stands before it, asks which failure it is, and not which it is not.
func (f *function) asksKind(n ast.Node) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.UnaryExpr:
			return n.Op != token.NOT
		case *ast.TypeAssertExpr:
			found = true
		case *ast.CallExpr:
			fun := ast.Unparen(n.Fun)
			if index, is := fun.(*ast.IndexExpr); is {
				fun = index.X // errors.AsType[*NotFound](err)
			}
			selector, is := fun.(*ast.SelectorExpr)
			found = found || is && asksFailure.MatchString(selector.Sel.Name) || calledName(n) != "" && asksFailure.MatchString(calledName(n))
		}
		return !found
	})
	return found
}
