package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Who may call a procedure is often said around all of them: an interceptor looks up the procedure's name in a map of checks, or asks an
// engine that holds the rules whether the caller may. Then the procedure itself need not look at who is calling.

var (
	// procedureName is the full name of a procedure: /shop.v1.OrderService/CreateOrder.
	procedureName = regexp.MustCompile(`^/[\w.]+/\w+$`)
	// engineOfRules are packages whose middleware asks an engine by the name of what is called.
	engineOfRules = regexp.MustCompile(`(?i)^(authz|casbin|rbac)`)
)

// findProcedureChecks notes the procedures for which something around them says who may call.
func (l *lifter) findProcedureChecks() {
	any := false
	for _, r := range l.facts.Routes {
		any = any || r.Kind == "grpc"
	}
	if !any {
		return
	}
	checked := map[string]map[string]bool{} // by module: names of procedures, "" of all
	note := func(s *source, name string) {
		module := l.loader.moduleOf(s.dir).path
		if checked[module] == nil {
			checked[module] = map[string]bool{}
		}
		checked[module][name] = true
	}
	for _, f := range l.functions {
		if f.fact.Aside != "" {
			continue
		}
		if l.asksEngine(f) {
			note(f.source, "")
		}
		if !l.readsProcedure(f) {
			continue
		}
		named, listed := map[string]bool{}, false
		l.procedureTables(f, 0, map[*function]bool{}, named, &listed)
		for name := range named {
			note(f.source, name)
		}
		if len(named) == 0 && !listed && l.permitsWithin(f, 0) {
			note(f.source, "")
		}
	}
	of := map[*facts.Function]*function{}
	for f := range l.handlers {
		of[f.fact] = f
	}
	for _, r := range l.facts.Routes {
		if f := of[r.Handler]; r.Kind == "grpc" && f != nil {
			names := checked[l.loader.moduleOf(f.source.dir).path]
			r.Checks = r.Checks || names[""] || names[r.Path]
		}
	}
}

// findDeepLooks notes the routes whose handlers look at their caller so far below that it shows nothing of what others do.
func (l *lifter) findDeepLooks() {
	of := map[*facts.Function]*function{}
	for f := range l.handlers {
		of[f.fact] = f
	}
	for _, r := range l.facts.Routes {
		if f := of[r.Handler]; r.Checks && f != nil {
			r.Deep = l.looksAtCaller(f) && !l.looksWithin(f, nearLook)
		}
	}
}

// readsProcedure reports whether a function reads the name of the procedure that is called.
func (l *lifter) readsProcedure(f *function) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		if selector, is := n.(*ast.SelectorExpr); is {
			found = found || selector.Sel.Name == "FullMethod" || selector.Sel.Name == "Procedure"
		}
		return !found
	})
	return found
}

// asksEngine reports whether a function puts a middleware around procedures that asks an engine of rules: authz.Server(engine).
func (l *lifter) asksEngine(f *function) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		selector, is := n.(*ast.SelectorExpr)
		if !is || selector.Sel.Name != "Server" {
			return !found
		}
		found = found || f.source.packageOf(selector.X) != "" && engineOfRules.MatchString(text(selector.X))
		return !found
	})
	return found
}

// procedureTables collects the names of procedures for which a map that a function reads holds a check of their own, and notes whether it
// reads a list of names alone.
func (l *lifter) procedureTables(f *function, depth int, seen map[*function]bool, named map[string]bool, listed *bool) {
	if seen[f] || depth > 4 {
		return
	}
	seen[f] = true
	ast.Inspect(f.body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CaseClause:
			for _, e := range n.List {
				*listed = *listed || procedureName.MatchString(constantText(f.source, e))
			}
		case *ast.Ident:
			object, is := f.source.info.Uses[n].(*types.Var)
			if !is || !isMap(object.Type()) {
				return true
			}
			for _, d := range l.defs[object] {
				literal, is := ast.Unparen(d.expr).(*ast.CompositeLit)
				if !is {
					continue
				}
				for _, element := range literal.Elts {
					pair, is := element.(*ast.KeyValueExpr)
					if !is {
						continue
					}
					name := constantText(d.source, pair.Key)
					if !procedureName.MatchString(name) {
						continue
					}
					if !isFunction(d.source.info.TypeOf(pair.Value)) {
						*listed = true
						continue
					}
					named[shortName(name)] = true
				}
			}
		case *ast.CallExpr:
			for _, callee := range l.static(f.source, n) {
				l.procedureTables(callee, depth+1, seen, named, listed)
			}
		}
		return true
	})
}

// shortName is the name of a procedure with its service, as routes say it: OrderService/CreateOrder.
func shortName(name string) string {
	service, method, _ := strings.Cut(strings.TrimPrefix(name, "/"), "/")
	return service[strings.LastIndex(service, ".")+1:] + "/" + method
}

// permitsWithin reports whether a function, or one that it calls, asks whether its caller may do what is called.
func (l *lifter) permitsWithin(f *function, depth int) bool {
	if f.fact.Permits {
		return true
	}
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		if call, is := n.(*ast.CallExpr); is && depth < 2 && !found {
			for _, callee := range l.static(f.source, call) {
				found = found || l.permitsWithin(callee, depth+1)
			}
		}
		return !found
	})
	return found
}
