package golang

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/model"
)

// expression is the Go literal of an expression, in the shortest form that package meta has.
func expression(e *model.Expr) string {
	switch e.Op {
	case model.Const:
		return constantExpr(e.Value)
	case model.Get:
		return get(e)
	case model.Now:
		return "meta.Now()"
	case model.Eq, model.Ne, model.Lt, model.Le, model.Gt, model.Ge, model.And, model.Or, model.Not, model.In:
		return "meta." + string(e.Op) + "(" + expressions(e.Args) + ")"
	case model.Exists, model.Count, model.Sum, model.Min, model.Max, model.Avg, model.Find:
		return fmt.Sprintf("meta.Over(meta.Op%s, %s, %q%s)", e.Op, expression(e.Args[0]), e.Var, more(e.Args[1:]))
	case model.Can:
		return fmt.Sprintf("meta.Can(%s, %s)", verbMeta(e.Verb), expression(e.Args[0]))
	case model.Call:
		return fmt.Sprintf("meta.Call(%q%s)", e.Name, more(e.Args))
	}
	return fmt.Sprintf("meta.Apply(meta.Op%s%s)", e.Op, more(e.Args))
}

func expressions(es []*model.Expr) string {
	texts := make([]string, len(es))
	for i, e := range es {
		texts[i] = expression(e)
	}
	return strings.Join(texts, ", ")
}

// more is further arguments.
func more(es []*model.Expr) string {
	if len(es) == 0 {
		return ""
	}
	return ", " + expressions(es)
}

func get(e *model.Expr) string {
	path := quoted(e.Path...)
	if e.Root != model.Variable {
		return "meta." + string(e.Root) + "(" + path + ")"
	}
	if path != "" {
		path = ", " + path
	}
	return fmt.Sprintf("meta.Var(%q%s)", e.Var, path)
}

func constantExpr(v any) string {
	switch v {
	case nil:
		return "meta.Null()"
	case true:
		return "meta.True()"
	}
	switch v := v.(type) {
	case int64:
		return "meta.Const(int64(" + strconv.FormatInt(v, 10) + "))"
	case float64:
		return "meta.Const(float64(" + strconv.FormatFloat(v, 'g', -1, 64) + "))"
	}
	return "meta.Const(" + literal(v) + ")"
}

// literal is a constant of the design as Go.
func literal(v any) string {
	switch v := v.(type) {
	case nil:
		return "nil"
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return strconv.FormatFloat(v, 'g', -1, 64)
	case string:
		return goString(v)
	case []any:
		items := make([]string, len(v))
		for i, item := range v {
			items[i] = literal(item)
			switch item.(type) {
			case int64:
				items[i] = "int64(" + items[i] + ")"
			case float64:
				items[i] = "float64(" + items[i] + ")"
			}
		}
		return "[]any{" + strings.Join(items, ", ") + "}"
	}
	panic(fmt.Sprintf("constant %v of type %T", v, v))
}

// goString is a string literal, raw where that reads better.
func goString(s string) string {
	if strings.ContainsAny(s, "\"\\\n") && strconv.CanBackquote(strings.ReplaceAll(s, "\n", "")) {
		return "`" + s + "`"
	}
	return strconv.Quote(s)
}

func quoted(names ...string) string {
	texts := make([]string, len(names))
	for i, n := range names {
		texts[i] = strconv.Quote(n)
	}
	return strings.Join(texts, ", ")
}

func verbMeta(v model.Verb) string { return "meta." + upperFirst(strings.ToLower(string(v))) }
