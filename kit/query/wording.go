package query

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/fettlehq/fettle/kit/meta"
)

// wording is an expression in the words of the design: near what was written, for people to read.
func wording(x *meta.Expr) string { return word(x, 0) }

// binding is how tightly operators bind, as in CEL.
var binding = map[meta.Op]int{
	meta.OpIf: 1, meta.OpOr: 2, meta.OpAnd: 3,
	meta.OpEq: 4, meta.OpNe: 4, meta.OpLt: 4, meta.OpLe: 4, meta.OpGt: 4, meta.OpGe: 4, meta.OpIn: 4,
	meta.OpAdd: 5, meta.OpSub: 5, meta.OpMul: 6, meta.OpDiv: 6, meta.OpMod: 6, meta.OpNot: 7, meta.OpNeg: 7,
}

var signs = map[meta.Op]string{
	meta.OpOr: " || ", meta.OpAnd: " && ",
	meta.OpEq: " == ", meta.OpNe: " != ", meta.OpLt: " < ", meta.OpLe: " <= ", meta.OpGt: " > ", meta.OpGe: " >= ",
	meta.OpAdd: " + ", meta.OpSub: " - ", meta.OpMul: " * ", meta.OpDiv: " / ", meta.OpMod: " % ",
}

// word writes x where what binds less tightly than around needs brackets.
func word(x *meta.Expr, around int) string {
	binds := binding[x.Op]
	text := words1(x, binds)
	if binds > 0 && binds < around {
		return "(" + text + ")"
	}
	return text
}

func words1(x *meta.Expr, binds int) string {
	switch x.Op {
	case meta.OpConst:
		return constantWord(x.Value)
	case meta.OpNow:
		return "now"
	case meta.OpGet:
		return pathWord(x)
	case meta.OpNot:
		return "!" + word(x.Args[0], binds)
	case meta.OpNeg:
		return "-" + word(x.Args[0], binds)
	case meta.OpIf:
		return word(x.Args[0], binds+1) + " ? " + word(x.Args[1], binds+1) + " : " + word(x.Args[2], binds)
	case meta.OpIn:
		return word(x.Args[0], binds+1) + " in [" + joined(x.Args[1:]) + "]"
	case meta.OpCan:
		return "can(" + verbs[x.Verb] + ", " + wording(x.Args[0]) + ")"
	case meta.OpCall:
		return callWord(x)
	case meta.OpExists, meta.OpCount, meta.OpSum, meta.OpMin, meta.OpMax, meta.OpAvg, meta.OpFind:
		return listWord(x)
	}
	parts := make([]string, len(x.Args))
	for i, a := range x.Args {
		parts[i] = word(a, binds+i&1) // a - (b - c) keeps its brackets
	}
	return strings.Join(parts, signs[x.Op])
}

var verbs = [...]string{meta.Read: "READ", meta.Create: "CREATE", meta.Update: "UPDATE", meta.Delete: "DELETE"}

func joined(xs []*meta.Expr) string {
	texts := make([]string, len(xs))
	for i, x := range xs {
		texts[i] = wording(x)
	}
	return strings.Join(texts, ", ")
}

func constantWord(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "'" + strings.ReplaceAll(v, "'", `\'`) + "'"
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case time.Time:
		return v.Format(time.RFC3339Nano)
	}
	return fmt.Sprint(v)
}

func pathWord(x *meta.Expr) string {
	path := strings.Join(x.Path, ".")
	root := map[meta.Root]string{meta.RootOld: "old", meta.RootViewer: "viewer", meta.RootVariable: x.Var}[x.Root]
	switch {
	case root == "" && path == "":
		return "this"
	case root == "":
		return path
	case path == "":
		return root
	}
	return root + "." + path
}

func callWord(x *meta.Expr) string {
	if len(x.Args) == 0 {
		return x.Name + "()"
	}
	switch x.Name {
	case "slug", "next", "token":
		return x.Name + "(" + joined(x.Args) + ")"
	}
	return word(x.Args[0], 8) + "." + x.Name + "(" + joined(x.Args[1:]) + ")"
}

func listWord(x *meta.Expr) string {
	list := wording(x.Args[0])
	condition := ""
	if len(x.Args) > 1 && !isTrue(x.Args[1:2]) {
		condition = x.Var + ", " + wording(x.Args[1])
	}
	switch x.Op {
	case meta.OpExists:
		if condition == "" {
			condition = x.Var + ", true"
		}
		return list + ".exists(" + condition + ")"
	case meta.OpFind:
		if condition == "" {
			condition = x.Var + ", true"
		}
		found := list + ".find(" + condition + ")"
		if value := x.Args[2]; value.Op == meta.OpGet && value.Var == x.Var {
			return strings.TrimSuffix(found+"."+strings.Join(value.Path, "."), ".")
		}
		return found + ".map(" + x.Var + ", " + wording(x.Args[2]) + ")"
	}
	if condition != "" {
		list += ".filter(" + condition + ")"
	}
	if x.Op == meta.OpCount {
		return list + ".size()"
	}
	names := map[meta.Op]string{meta.OpSum: "sum", meta.OpMin: "min", meta.OpMax: "max", meta.OpAvg: "avg"}
	return list + ".map(" + x.Var + ", " + wording(x.Args[2]) + ")." + names[x.Op] + "()"
}
