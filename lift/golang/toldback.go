package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
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
		if len(r.Results) == 0 {
			continue
		}
		given := r.Results[len(r.Results)-1]
		at := work{place: place{source: f.source}, stack: f.stackAt(r.Pos())}
		if isNilIdent(given) || at.knownFailure() || !l.givesBackQuery(f, given, len(r.Results) == 1) {
			continue
		}
		f.fact.Effects = append(f.fact.Effects, &facts.Effect{Pos: l.pos(r.Pos()), Kind: "told back", Name: text(given), Through: through, Bounded: true})
	}
}

// givesBackQuery reports whether an error that a handler gives back is what a query failed with, or has its text. all reports that it stands for all
// results: return store.List(ctx).
func (l *lifter) givesBackQuery(f *function, given ast.Expr, all bool) bool {
	call, is := ast.Unparen(given).(*ast.CallExpr)
	if !is {
		id, is := ast.Unparen(given).(*ast.Ident)
		return is && !all && l.answeredByDatabase(f.source, id)
	}
	selector, _ := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if selector != nil && wrapsError.MatchString(f.source.packageOf(selector.X)) {
		return l.answeredByDatabase(f.source, given)
	}
	if len(l.static(f.source, call)) == 0 {
		return false
	}
	index := 0
	if results, is := typeOr(f.source.info.TypeOf(call)).(*types.Tuple); is {
		index = results.Len() - 1
	}
	w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
	for _, o := range w.call(f.source, call, index) {
		if o.Kind == facts.FromQuery {
			return true
		}
	}
	return false
}
