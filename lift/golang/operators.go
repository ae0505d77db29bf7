package golang

import (
	"go/ast"
	"go/types"
	"regexp"
	"slices"
	"strings"
)

// operatorsPath are patterns of what a server tells those who run it: profiles, metrics, its health.
var operatorsPath = regexp.MustCompile(`^(GET )?/(debug|pprof|metrics|health\w*|ready\w*|live\w*)(/|$)`)

// forOperators reports whether a handler serves nothing but profiles, metrics and the health of the program, as the function in which it is put
// together says.
func (l *lifter) forOperators(p place, handler ast.Expr, in *function) bool {
	if isNilIdent(handler) {
		return l.defaultForOperators()
	}
	if call, is := ast.Unparen(handler).(*ast.CallExpr); is {
		return calledName(call) == "Handler" && p.packageOf(firstOf(call.Fun)) == "github.com/prometheus/client_golang/prometheus/promhttp"
	}
	d, once := l.setOnce(p.source, handler)
	if !once || in == nil {
		return false
	}
	made, is := ast.Unparen(d.expr).(*ast.CallExpr)
	if !is || len(made.Args) > 0 || !makesRouter.MatchString(calledName(made)) || slices.ContainsFunc(l.static(p.source, made), (*function).namesRoute) {
		return false
	}
	for in.parent != nil {
		in = in.parent // a goroutine serves what is put together around it
	}
	only, some := l.putForOperators(in, p.target(handler), 0)
	return only && some
}

// makesRouter are functions that make a router in which nothing is yet.
var makesRouter = regexp.MustCompile(`^([nN]ew|Default|[nN]ew\w*(Router|Mux|Engine))$`)

// namesRoute reports whether a function names the path of a route.
func (f *function) namesRoute() bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		literal, is := n.(*ast.BasicLit)
		found = found || is && strings.Contains(constantText(f.source, literal), "/")
		return !found
	})
	return found
}

// putForOperators reports whether nothing but profiles, metrics and the health of the program is put into a router by a function and those of the
// code that it gives the router to, and whether anything is.
func (l *lifter) putForOperators(in *function, router types.Object, deep int) (only, some bool) {
	if router == nil || deep > 2 {
		return false, false
	}
	only = true
	ast.Inspect(in.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || !only {
			return only
		}
		pkg := in.source.packageOf(firstOf(call.Fun))
		if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && in.source.target(selector.X) == router && selector.Sel.Name != "Use" {
			operators := len(call.Args) >= 2 && operatorsPath.MatchString(constantText(in.source, call.Args[0]))
			only, some = only && operators, some || operators
		}
		for i, arg := range call.Args {
			if !isUse(in.source, arg, router) {
				continue
			}
			switch {
			case pkg == "net/http" && servesName.MatchString(calledName(call)):
			case strings.HasSuffix(pkg, "/pprof"):
				some = true // of a library, which puts profiles there
			default:
				given, puts := l.givenForOperators(in, call, i, deep)
				only, some = only && given, some || puts // who is given it may add what it likes
			}
		}
		return only
	})
	return only, some
}

// givenForOperators is putForOperators of the functions of the code that are given a router as the argument of a call.
func (l *lifter) givenForOperators(in *function, call *ast.CallExpr, arg, deep int) (only, some bool) {
	for _, f := range l.static(in.source, call) {
		if arg >= len(f.params) {
			return false, false
		}
		o, s := l.putForOperators(f, f.params[arg], deep+1)
		if !o {
			return false, false
		}
		only, some = true, some || s
	}
	return only, some
}

// defaultForOperators reports whether nothing but profiles, metrics and the health of the program is put into the handler that net/http has
// itself, by any program of the code.
func (l *lifter) defaultForOperators() bool {
	if l.defaultMux != nil {
		return *l.defaultMux
	}
	only, some := true, false
	l.eachFile(func(p place) {
		if p.aside[p.file] == "test" {
			return
		}
		for _, i := range p.file.Imports {
			some = some || i.Path.Value == `"net/http/pprof"` // which puts itself there
		}
		ast.Inspect(p.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.SelectorExpr:
				only = only && (n.Sel.Name != "DefaultServeMux" || p.packageOf(n.X) != "net/http") // who has it may add what it likes
			case *ast.CallExpr:
				if name := calledName(n); (name == "Handle" || name == "HandleFunc") && len(n.Args) == 2 && p.packageOf(firstOf(n.Fun)) == "net/http" {
					operators := operatorsPath.MatchString(constantText(p.source, n.Args[0]))
					only, some = only && operators, some || operators
				}
			}
			return true
		})
	})
	found := only && some
	l.defaultMux = &found
	return found
}

func isUse(s *source, e ast.Expr, object types.Object) bool {
	id, is := ast.Unparen(e).(*ast.Ident)
	return is && s.target(id) == object
}

// ownAddress are addresses that only the machine itself reaches.
var ownAddress = regexp.MustCompile(`^(localhost|127\.\d+\.\d+\.\d+|\[::1\]):`)

// isOwnAddress reports whether only the machine itself reaches an address, the port of which may be put into it.
func (l *lifter) isOwnAddress(s *source, e ast.Expr) bool {
	if d, once := l.setOnce(s, e); once {
		e = d.expr
	}
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && calledName(call) == "Sprintf" && len(call.Args) > 0 {
		e = call.Args[0]
	}
	return ownAddress.MatchString(constantText(s, e))
}
