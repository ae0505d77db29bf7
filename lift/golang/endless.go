package golang

import (
	"go/ast"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// gin gives a handler a value that may be handed on as a context.Context. Its Done is nil, whatever becomes of the request, unless the engine is told to ask
// the request's own context (Engine.ContextWithFallback).

// endless says why a context that a query is given does not end with its request, "" where that is not known.
func (l *lifter) endless(s *source, e ast.Expr) facts.Lack {
	switch {
	case l.isOwnContext(s, e, 0):
		return facts.OwnContext
	case l.isUnendingRouter(s, e):
		return facts.RouterContext
	}
	return ""
}

// isUnendingRouter reports whether an expression is what gin gives a handler, in code that does not tell its engine to end it with the request.
func (l *lifter) isUnendingRouter(s *source, e ast.Expr) bool {
	path, name := namedType(s.info.TypeOf(e))
	return name == "Context" && strings.HasPrefix(path, "github.com/gin-gonic/gin") && !l.fallsBack()
}

// fallsBack reports whether the code sets ContextWithFallback anywhere.
func (l *lifter) fallsBack() bool {
	if l.fallback == nil {
		set := false
		l.eachFile(func(p place) {
			if set {
				return
			}
			ast.Inspect(p.file, func(n ast.Node) bool {
				id, is := n.(*ast.Ident)
				set = set || is && id.Name == "ContextWithFallback"
				return !set
			})
		})
		l.fallback = &set
	}
	return *l.fallback
}

// takesContext reports whether a function's parameter is a context.Context.
func (f *function) takesContext(i int) bool {
	return f.sig != nil && i < f.sig.Params().Len() && isNamed(f.sig.Params().At(i).Type(), "context", "Context")
}
