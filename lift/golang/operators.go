package golang

import (
	"go/ast"
	"go/types"
	"regexp"
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
	if made, is := ast.Unparen(d.expr).(*ast.CallExpr); !is || calledName(made) != "NewServeMux" {
		return false
	}
	mux, only, some := p.target(handler), true, false
	ast.Inspect(in.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is && p.target(selector.X) == mux {
			operators := len(call.Args) == 2 && operatorsPath.MatchString(constantText(p.source, call.Args[0]))
			only, some = only && operators, some || operators
		}
		for _, arg := range call.Args {
			only = only && !isUse(p, arg, mux) // who is given it may add what it likes
		}
		return true
	})
	return only && some
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

func isUse(p place, e ast.Expr, object types.Object) bool {
	id, is := ast.Unparen(e).(*ast.Ident)
	return is && p.target(id) == object
}
