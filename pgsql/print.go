package pgsql

import (
	"regexp"
	"strconv"
	"strings"
)

// SQL writes an expression as SQL. It returns false for what it cannot write, such as a subquery: then whoever asked
// has to do without. Bare leaves the tables out of names, as the definition of an index wants them.
func SQL(n Node, bare bool) (string, bool) {
	p := printer{bare: bare, ok: true}
	text := p.expr(n)
	return text, p.ok
}

// Ident writes a name, quoted where it has to be.
func Ident(name string) string {
	if plainName.MatchString(name) && !reserved[name] {
		return name
	}
	return `"` + strings.ReplaceAll(name, `"`, `""`) + `"`
}

var plainName = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)

// reserved are the words that Postgres or SQLite does not take as the name of a column or table.
var reserved = func() map[string]bool {
	words := map[string]bool{}
	for _, word := range strings.Fields(`all alter analyse analyze and any array as asc asymmetric authorization between
		binary both by case cast check collate collation column commit concurrently constraint create cross current_catalog
		current_date current_role current_schema current_time current_timestamp current_user default deferrable delete desc
		distinct do drop else end escape except exists false fetch for foreign freeze from full grant group having if ilike
		in index initially inner insert intersect into is isnull join lateral leading left like limit localtime
		localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
		returning right rollback select session_user set similar some symmetric table tablesample then to trailing
		transaction true union unique update user using values variadic verbose view when where window with`) {
		words[word] = true
	}
	return words
}()

// Literal writes a text as a constant.
func Literal(text string) string {
	if strings.Contains(text, `\`) {
		return `E'` + strings.NewReplacer(`\`, `\\`, `'`, `''`).Replace(text) + `'`
	}
	return `'` + strings.ReplaceAll(text, `'`, `''`) + `'`
}

type printer struct {
	bare bool
	ok   bool
}

func (p *printer) unknown() string {
	p.ok = false
	return ""
}

func (p *printer) list(nodes []Node) string {
	var texts []string
	for _, n := range nodes {
		texts = append(texts, p.expr(n))
	}
	return strings.Join(texts, ", ")
}

// operand writes what stands beside an operator: in parentheses unless it is one word.
func (p *printer) operand(n Node) string {
	text := p.expr(n)
	if n.Is("A_Expr", "BoolExpr", "NullTest", "BooleanTest", "CaseExpr") {
		return "(" + text + ")"
	}
	return text
}

func (p *printer) expr(n Node) string {
	switch n.Kind {
	case "ColumnRef":
		return p.column(n)
	case "A_Const":
		return p.constant(n)
	case "ParamRef":
		if n.Int("number") == 0 {
			return "?"
		}
		return "$" + strconv.Itoa(n.Int("number"))
	case "A_Expr":
		return p.operator(n)
	case "BoolExpr":
		return p.boolean(n)
	case "NullTest":
		if n.Text("nulltesttype") == "IS_NOT_NULL" {
			return p.operand(n.Node("arg")) + " IS NOT NULL"
		}
		return p.operand(n.Node("arg")) + " IS NULL"
	case "BooleanTest":
		test := strings.ReplaceAll(n.Text("booltesttype"), "_", " ")
		return p.operand(n.Node("arg")) + " " + test
	case "FuncCall":
		return p.call(n)
	case "TypeCast":
		return p.operand(n.Node("arg")) + "::" + p.typeName(n.As("typeName", "TypeName"))
	case "CoalesceExpr":
		return "coalesce(" + p.list(n.Nodes("args")) + ")"
	case "MinMaxExpr":
		name := map[string]string{"IS_GREATEST": "greatest", "IS_LEAST": "least"}[n.Text("op")]
		return name + "(" + p.list(n.Nodes("args")) + ")"
	case "CaseExpr":
		return p.choice(n)
	case "List":
		return "(" + p.list(n.Nodes("items")) + ")"
	case "RowExpr":
		return "(" + p.list(n.Nodes("args")) + ")"
	case "A_ArrayExpr":
		return "ARRAY[" + p.list(n.Nodes("elements")) + "]"
	case "SQLValueFunction":
		switch n.Text("op") {
		case "SVFOP_CURRENT_DATE":
			return "CURRENT_DATE"
		case "SVFOP_CURRENT_TIMESTAMP":
			return "CURRENT_TIMESTAMP"
		case "SVFOP_LOCALTIMESTAMP":
			return "LOCALTIMESTAMP"
		}
	}
	return p.unknown()
}

func (p *printer) column(n Node) string {
	names := n.Names("fields")
	if p.bare && len(names) > 0 {
		names = names[len(names)-1:]
	}
	var parts []string
	for _, name := range names {
		if name == "*" {
			return p.unknown()
		}
		parts = append(parts, Ident(name))
	}
	return strings.Join(parts, ".")
}

func (p *printer) constant(n Node) string {
	switch {
	case n.Bool("isnull"):
		return "NULL"
	case n.Has("ival"):
		return strconv.Itoa(n.As("ival", "Integer").Int("ival"))
	case n.Has("fval"):
		return n.As("fval", "Float").Text("fval")
	case n.Has("boolval"):
		return strconv.FormatBool(n.As("boolval", "Boolean").Bool("boolval"))
	case n.Has("sval"):
		return Literal(n.As("sval", "String").Text("sval"))
	}
	return p.unknown()
}

func (p *printer) operator(n Node) string {
	names := n.Names("name")
	if len(names) == 0 {
		return p.unknown()
	}
	op := names[len(names)-1]
	left, right := n.Node("lexpr"), n.Node("rexpr")
	negated := strings.HasPrefix(op, "!") || op == "<>"
	not := ""
	if negated {
		not = "NOT "
	}
	switch n.Text("kind") {
	case "AEXPR_OP":
		if left.Kind == "" {
			return op + p.operand(right)
		}
		return p.operand(left) + " " + op + " " + p.operand(right)
	case "AEXPR_OP_ANY":
		return p.operand(left) + " " + op + " ANY(" + p.expr(right) + ")"
	case "AEXPR_OP_ALL":
		return p.operand(left) + " " + op + " ALL(" + p.expr(right) + ")"
	case "AEXPR_IN":
		return p.operand(left) + " " + not + "IN " + p.expr(right)
	case "AEXPR_LIKE":
		return p.operand(left) + " " + not + "LIKE " + p.operand(right)
	case "AEXPR_ILIKE":
		return p.operand(left) + " " + not + "ILIKE " + p.operand(right)
	case "AEXPR_DISTINCT":
		return p.operand(left) + " IS DISTINCT FROM " + p.operand(right)
	case "AEXPR_NOT_DISTINCT":
		return p.operand(left) + " IS NOT DISTINCT FROM " + p.operand(right)
	case "AEXPR_NULLIF":
		return "nullif(" + p.expr(left) + ", " + p.expr(right) + ")"
	case "AEXPR_BETWEEN", "AEXPR_NOT_BETWEEN":
		bounds := right.Nodes("items")
		if len(bounds) != 2 {
			return p.unknown()
		}
		word := " BETWEEN "
		if n.Text("kind") == "AEXPR_NOT_BETWEEN" {
			word = " NOT BETWEEN "
		}
		return p.operand(left) + word + p.operand(bounds[0]) + " AND " + p.operand(bounds[1])
	}
	return p.unknown()
}

func (p *printer) boolean(n Node) string {
	args := n.Nodes("args")
	if n.Text("boolop") == "NOT_EXPR" && len(args) == 1 {
		return "NOT " + p.operand(args[0])
	}
	word := " AND "
	if n.Text("boolop") == "OR_EXPR" {
		word = " OR "
	}
	var texts []string
	for _, arg := range args {
		if arg.Is("BoolExpr") {
			texts = append(texts, "("+p.expr(arg)+")")
			continue
		}
		texts = append(texts, p.expr(arg))
	}
	return strings.Join(texts, word)
}

func (p *printer) choice(n Node) string {
	text := "CASE"
	if n.Has("arg") {
		text += " " + p.operand(n.Node("arg"))
	}
	for _, when := range n.Nodes("args") {
		text += " WHEN " + p.expr(when.Node("expr")) + " THEN " + p.expr(when.Node("result"))
	}
	if n.Has("defresult") {
		text += " ELSE " + p.expr(n.Node("defresult"))
	}
	return text + " END"
}

func (p *printer) call(n Node) string {
	if n.Has("over") || n.Has("agg_filter") || n.Has("agg_order") {
		return p.unknown()
	}
	names := n.Names("funcname")
	if len(names) == 0 {
		return p.unknown()
	}
	name := Ident(names[len(names)-1])
	args := p.list(n.Nodes("args"))
	switch parts := n.Nodes("args"); { // these two take no list
	case name == "extract" && len(parts) == 2:
		args = p.expr(parts[0]) + " from " + p.expr(parts[1])
	case name == "position" && len(parts) == 2:
		args = p.operand(parts[1]) + " in " + p.operand(parts[0])
	case n.Bool("agg_star"):
		args = "*"
	case n.Bool("agg_distinct"):
		args = "DISTINCT " + args
	}
	return name + "(" + args + ")"
}

func (p *printer) typeName(n Node) string {
	names := n.Names("names")
	if len(names) == 0 {
		return p.unknown()
	}
	name := names[len(names)-1]
	if len(names) == 1 {
		name = Ident(name)
	}
	if mods := n.Nodes("typmods"); len(mods) > 0 && name != "interval" {
		name += "(" + p.list(mods) + ")"
	}
	for range n.Nodes("arrayBounds") {
		name += "[]"
	}
	return name
}
