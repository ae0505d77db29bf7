package golang

import (
	"go/ast"
	"go/types"
	"regexp"

	"github.com/fettlehq/fettle/facts"
)

// alone are values of the standard library that one goroutine may use at a time, by the documentation of their packages, and the methods by which each
// of them changes although nothing seems to be set. The functions of math/rand itself may be called at once.
var alone = map[string]*regexp.Regexp{
	"math/rand.Rand":         regexp.MustCompile(``),
	"math/rand/v2.Rand":      regexp.MustCompile(``),
	"hash.Hash":              regexp.MustCompile(`^(Write|Reset)$`),
	"bytes.Buffer":           regexp.MustCompile(`^(Write\w*|Read\w*|Next|Reset|Truncate)$`),
	"strings.Builder":        regexp.MustCompile(`^(Write\w*|Reset)$`),
	"html/template.Template": regexp.MustCompile(`^(Funcs|Delims|Option|Parse\w*|AddParseTree)$`),
	"text/template.Template": regexp.MustCompile(`^(Funcs|Delims|Option|Parse\w*|AddParseTree)$`),
}

// findAlone lifts the values of the standard library that one goroutine may use at a time, where they outlive a call: those of a package, of a method's
// value, and those in a map or list that it keeps.
func (l *lifter) findAlone() {
	uses := map[*types.Var]*facts.Guarded{}
	l.eachFile(func(p place) {
		ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is {
				return true
			}
			selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			if !is {
				return true
			}
			path, name := namedType(typeOr(p.info.TypeOf(selector.X)))
			if changes := alone[path+"."+name]; changes == nil || !changes.MatchString(selector.Sel.Name) {
				return true
			}
			f := l.around(stack)
			kept := l.keptIn(p, selector.X)
			if f == nil || f.fact.Aside != "" || kept == nil {
				return true
			}
			object, owner := l.keptAt(p, kept, stack)
			if object == nil || l.ownSource(object) {
				return true
			}
			g := uses[object]
			if g == nil {
				g = &facts.Guarded{Name: text(kept), Kind: "alone", Type: path + "." + name}
				if owner != nil {
					g.Field, g.MadeIn = true, l.makers(owner)
				}
				uses[object] = g
				l.facts.Guarded = append(l.facts.Guarded, g)
			}
			g.Uses = append(g.Uses, facts.GuardedUse{Pos: l.pos(selector.Sel.Pos()), Name: text(selector), In: f.fact, Write: true, Locks: l.holds(f, call.Pos(), false)})
			return true
		})
	})
}

// keptIn is the variable or field that holds a value: the one that is named, or that of which it is an element; nil where it may be one of the
// function's own.
func (l *lifter) keptIn(p place, e ast.Expr) ast.Expr {
	switch e := ast.Unparen(e).(type) {
	case *ast.IndexExpr:
		if _, is := ast.Unparen(e.X).(*ast.IndexExpr); !is {
			return ast.Unparen(e.X)
		}
	case *ast.SelectorExpr:
		return e
	case *ast.Ident:
		object, is := p.target(e).(*types.Var)
		if !is || object.Pkg() == nil {
			return nil
		}
		if object.Parent() == object.Pkg().Scope() {
			return e
		}
		if defs := l.defs[object]; len(defs) == 1 && defs[0].kind == assigned && defs[0].source == p.source && defs[0].expr != nil {
			switch from := ast.Unparen(defs[0].expr).(type) {
			case *ast.IndexExpr, *ast.SelectorExpr:
				return l.keptIn(p, from)
			}
		}
	}
	return nil
}

// ownSource reports whether a source of random numbers is made of one that the code declares, which may keep goroutines apart itself.
func (l *lifter) ownSource(object *types.Var) bool {
	for _, d := range l.defs[object] {
		call, is := ast.Unparen(orNone(d.expr)).(*ast.CallExpr)
		if is && calledName(call) == "New" && len(call.Args) == 1 && l.ownType(typeOr(d.source.info.TypeOf(call.Args[0]))) != nil {
			return true
		}
	}
	return false
}
