package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// findsMethods are libraries that call methods of what they are given by names which need not stand in the code.
var findsMethods = regexp.MustCompile(`^net/rpc$|/(beego|gf|iris|revel|rpcx|graphql-go|wails|goja|otto)(/|$)|^github\.com/gorilla/rpc`)

// findUncalled tells functions that nothing calls: their names stand nowhere but where they are declared, in tests, and in functions that
// nothing calls either. Names are asked for and not calls, which are not all understood. Of code without a program nothing is told: others
// import it.
func (l *lifter) findUncalled() {
	program, templates, byName, resolves := false, false, false, false
	l.eachFile(func(p place) {
		program = program || p.name == "main"
		for _, spec := range p.file.Imports {
			name := strings.Trim(spec.Path.Value, "\"`")
			templates = templates || (name == "html/template" || name == "text/template") && readsTemplates(p)
			byName = byName || findsMethods.MatchString(name)
			resolves = resolves || strings.HasPrefix(name, "github.com/99designs/gqlgen/")
		}
	})
	if !program {
		return
	}
	declared := map[string][]*function{}
	for _, f := range l.functions {
		if _, is := f.node.(*ast.FuncDecl); is {
			declared[f.fact.Own] = append(declared[f.fact.Own], f)
		}
	}
	byName = byName || resolves && declared["NewExecutableSchema"] == nil // what calls the resolvers has not been generated yet
	names, developed := l.namesIn(declared)
	left := map[string]int{} // functions that name each and may be called, and what stands outside of functions
	for _, named := range names {
		for name := range named {
			left[name]++
		}
	}
	var open []string
	for name := range declared {
		if left[name] == 0 {
			open = append(open, name)
		}
	}
	for len(open) > 0 {
		name := open[len(open)-1]
		open = open[:len(open)-1]
		for _, f := range declared[name] {
			if f.fact.Uncalled || l.handlers[f] || !developed[name] && !l.calledByName(f, templates, byName) {
				continue
			}
			f.fact.Uncalled = true
			for named := range names[f] {
				if left[named]--; left[named] == 0 {
					open = append(open, named)
				}
			}
		}
	}
}

// readsTemplates reports whether a file makes templates of what does not stand in the code.
func readsTemplates(p place) bool {
	found := false
	ast.Inspect(p.file, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || found {
			return !found
		}
		switch calledName(call) {
		case "ParseFiles", "ParseGlob", "ParseFS":
			found = true
		case "Parse":
			selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			found = is && strings.HasSuffix(namedPath(p.info.TypeOf(selector.X)), "/template") && !slices.ContainsFunc(call.Args, p.isConstant)
		}
		return !found
	})
	return found
}

// namesIn are the names of functions of the code that each of its functions uses, and under nil those used outside of functions. A function's
// own name is none of them, nor is one that an interface asks for, nor what is used only while the program is developed, which is told apart.
func (l *lifter) namesIn(declared map[string][]*function) (names map[*function]map[string]bool, developed map[string]bool) {
	out, apart := map[*function]map[string]bool{}, map[string]bool{}
	l.eachFile(func(p place) {
		if p.aside[p.file] == "test" {
			return
		}
		for _, d := range p.file.Decls {
			var in *function
			own := ""
			if f, is := d.(*ast.FuncDecl); is {
				in, own = l.nodes[f], f.Name.Name
			}
			if out[in] == nil {
				out[in] = map[string]bool{}
			}
			add := func(name string) {
				if name != own && declared[name] != nil {
					out[in][name] = true
				}
			}
			aside := map[*ast.BlockStmt]bool{}
			ast.Inspect(d, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.InterfaceType:
					return false
				case *ast.IfStmt:
					aside[n.Body] = whileDeveloped(n.Cond)
				case *ast.BlockStmt:
					if aside[n] {
						calledIn(n, apart)
						return false
					}
				case *ast.Ident:
					add(n.Name)
				case *ast.BasicLit:
					for _, name := range namesOf(n) {
						add(name)
					}
				}
				return true
			})
		}
	})
	return out, apart
}

// developing are names of what says that the program runs where it is developed, and not where it serves.
var developing = regexp.MustCompile(`(?i)^(is|in)?_?dev(el(opment)?)?_?(mode|env|environment)?$`)

// whileDeveloped reports whether a condition holds only where the program is developed.
func whileDeveloped(e ast.Expr) bool {
	switch e := ast.Unparen(e).(type) {
	case *ast.BinaryExpr:
		return e.Op == token.LAND && (whileDeveloped(e.X) || whileDeveloped(e.Y))
	case *ast.CallExpr:
		return len(e.Args) == 0 && developing.MatchString(calledName(e))
	case *ast.SelectorExpr:
		return developing.MatchString(e.Sel.Name)
	case *ast.Ident:
		return developing.MatchString(e.Name)
	}
	return false
}

// calledIn notes the names of what a block calls.
func calledIn(block *ast.BlockStmt, names map[string]bool) {
	ast.Inspect(block, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is {
			names[calledName(call)] = true
		}
		return true
	})
}

// saysNames are texts by which functions may be looked for: "get:GetOne", "{{.User.Title}}".
var saysNames = regexp.MustCompile(`(?s)^[\w:;,*./#@ -]{1,200}$|\{\{.*\}\}`)

// namesOf are the names in a text by which functions may be looked for.
func namesOf(literal *ast.BasicLit) []string {
	if literal.Kind != token.STRING {
		return nil
	}
	text, err := strconv.Unquote(literal.Value)
	if err != nil || !saysNames.MatchString(text) {
		return nil
	}
	return strings.FieldsFunc(text, func(r rune) bool { return !isWordRune(r) })
}

func isWordRune(r rune) bool {
	return r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

// calledByName reports whether nobody can call a function without its name: it is a method that no interface of a library asks for, and
// no template.
func (l *lifter) calledByName(f *function, templates, byName bool) bool {
	switch {
	case f.fact.Aside == "test" || f.sig == nil || f.fact.Own == "main" || f.fact.Own == "init" || f.fact.Own == "_":
		return false
	case f.sig.Recv() == nil:
		return true
	case byName, templates && f.fact.Context == "" && f.sig.Results().Len() > 0, f.sig.Params().Len() == 0:
		return false
	case f.sig.Params().Len() == 1 && f.fact.Context != "": // of what it is asked for, its name alone says
		return false
	}
	for _, list := range []*types.Tuple{f.sig.Params(), f.sig.Results()} {
		for v := range list.Variables() {
			if !l.ownOrPlain(v.Type()) {
				return false
			}
		}
	}
	return true
}

// ownOrPlain reports whether a type is one of the code, of the language itself, or one that says nothing of who asks for it.
func (l *lifter) ownOrPlain(t types.Type) bool {
	switch t := types.Unalias(t).(type) {
	case *types.Basic:
		return t.Kind() != types.Invalid
	case *types.Pointer:
		return l.ownOrPlain(t.Elem())
	case *types.Slice:
		return l.ownOrPlain(t.Elem())
	case *types.Array:
		return l.ownOrPlain(t.Elem())
	case *types.Map:
		return l.ownOrPlain(t.Key()) && l.ownOrPlain(t.Elem())
	case *types.Named:
		return isError(t) || isNamed(t, "context", "Context") || isNamed(t, "time", "Time") || isNamed(t, "time", "Duration") || l.ownType(t) != nil
	}
	return false
}
