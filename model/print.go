package model

import (
	"fmt"
	"strconv"
	"strings"
)

// String prints an expression as an s-expression, for people and for golden files:
//
//	(And (Get This listed) (Eq (Get This shop owner) (Get Viewer)))
func (e *Expr) String() string {
	if e == nil {
		return "nil"
	}
	var b strings.Builder
	e.print(&b)
	return b.String()
}

func (e *Expr) print(b *strings.Builder) {
	if e.Op == Const {
		printConst(b, e)
		return
	}
	b.WriteString("(" + string(e.Op))
	switch e.Op {
	case Get:
		b.WriteString(" " + string(e.Root))
		if e.Var != "" {
			b.WriteString(" " + e.Var)
		}
		for _, name := range e.Path {
			b.WriteString(" " + name)
		}
	case Can:
		b.WriteString(" " + string(e.Verb))
	case Call:
		b.WriteString(" " + e.Name)
	default:
		if e.Var != "" {
			b.WriteString(" " + e.Var)
		}
	}
	for _, arg := range e.Args {
		b.WriteString(" ")
		arg.print(b)
	}
	b.WriteString(")")
}

func printConst(b *strings.Builder, e *Expr) {
	switch v := e.Value.(type) {
	case nil:
		b.WriteString("null")
	case string:
		if e.Kind == String || e.Kind == "" {
			b.WriteString(strconv.Quote(v))
		} else {
			b.WriteString(string(e.Kind) + ":" + v)
		}
	default:
		if e.Kind == Duration {
			b.WriteString("Duration:")
		}
		fmt.Fprint(b, v)
	}
}
