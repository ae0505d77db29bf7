package pgsql

import (
	"slices"
	"strings"
)

func (w *walker) joined(left, right Column, n Node) {
	if left.Scan == nil || right.Scan == nil || left.Scan == right.Scan {
		return
	}
	w.mark(left)
	w.mark(right)
	left.Scan.Where = append(left.Scan.Where, Predicate{Column: left.Name, Class: Equal, Op: "=", Join: right, Node: n})
	right.Scan.Where = append(right.Scan.Where, Predicate{Column: right.Name, Class: Equal, Op: "=", Join: left, Node: n})
}

func (w *walker) columnsJoined(n Node, s *scope) (left, right Column, is bool) {
	if n.Text("kind") != "AEXPR_OP" || !slices.Equal(n.Names("name"), []string{"="}) {
		return left, right, false
	}
	if !n.Node("lexpr").Is("ColumnRef") || !n.Node("rexpr").Is("ColumnRef") {
		return left, right, false
	}
	left, _ = s.column(n.Node("lexpr").Names("fields"))
	right, _ = s.column(n.Node("rexpr").Names("fields"))
	return left, right, left.Scan != nil && right.Scan != nil && left.Scan != right.Scan
}

func (w *walker) alternatives(n Node, s *scope) {
	arms := map[*Scan][]Predicate{}
	var order []*Scan
	count := 0
	for _, arg := range n.Nodes("args") {
		count++
		scan, predicate, is := w.predicate(arg, s)
		if !is && arg.Is("BoolExpr") && arg.Text("boolop") == "AND_EXPR" {
			scan, predicate, is = w.arm(arg, s)
		}
		if !is {
			continue
		}
		if arms[scan] == nil {
			order = append(order, scan)
		}
		arms[scan] = append(arms[scan], predicate)
	}
	for _, scan := range order {
		group := arms[scan]
		for len(group) < count {
			group = append(group, Predicate{})
		}
		scan.Or = append(scan.Or, group)
	}
}

// arm reads conditions of an arm that all hold: the first that can use an index, with the others on the same scan.
func (w *walker) arm(n Node, s *scope) (scan *Scan, first Predicate, is bool) {
	var others []Predicate
	for _, arg := range n.Nodes("args") {
		its, p, found := w.predicate(arg, s)
		usable := p.Class != Other && p.Class != Unequal
		switch {
		case !found:
		case !is, usable && (first.Class == Other || first.Class == Unequal):
			if is && its == scan {
				others = append(others, first)
			}
			scan, first, is = its, p, true
		case its == scan:
			others = append(others, p)
		}
	}
	first.And = slices.DeleteFunc(others, func(p Predicate) bool { return p.Column == "" && p.Key == "" })
	return scan, first, is
}

// predicate reads one comparison of a scan with something else.
func (w *walker) predicate(n Node, s *scope) (*Scan, Predicate, bool) {
	var p Predicate
	var left, right Node
	p.Node = n
	switch n.Kind {
	case "NullTest":
		left, p.Op, p.Fixed, p.Class = n.Node("arg"), "IS NULL", true, Equal
		if n.Text("nulltesttype") == "IS_NOT_NULL" {
			p.Op, p.Class = "IS NOT NULL", Unequal
		}
	case "BooleanTest", "ColumnRef":
		left, p.Op, p.Fixed, p.Class = n, "IS TRUE", true, Equal
		if n.Is("BooleanTest") {
			left = n.Node("arg")
		}
	case "BoolExpr":
		if n.Text("boolop") != "NOT_EXPR" || len(n.Nodes("args")) != 1 || !n.Nodes("args")[0].Is("ColumnRef") {
			return nil, p, false
		}
		left, p.Op, p.Fixed, p.Class = n.Nodes("args")[0], "IS FALSE", true, Equal
	case "A_Expr":
		names := n.Names("name")
		if len(names) == 0 {
			return nil, p, false
		}
		p.Op = names[len(names)-1]
		left, right = n.Node("lexpr"), n.Node("rexpr")
		if !w.mentions(left, s) && w.mentions(right, s) {
			left, right = right, left
			p.Op = Mirrored(p.Op)
		}
		p.Class = classOf(n, p.Op, right)
	default:
		return nil, p, false
	}
	scan, is := w.key(left, s, &p)
	if !is {
		return nil, p, false
	}
	if right.Kind != "" {
		w.otherSide(right, s, scan, &p)
	}
	p.Text, _ = SQL(n, true)
	for _, used := range w.columnsIn(n, s) {
		if used.Scan != scan {
			p.Text = ""
		}
	}
	return scan, p, true
}

// key sets what a predicate compares: a column, or an expression of one scan's columns.
func (w *walker) key(n Node, s *scope, p *Predicate) (*Scan, bool) {
	if n.Is("ColumnRef") {
		column, _ := s.column(n.Names("fields"))
		p.Column = column.Name
		return column.Scan, column.Scan != nil
	}
	columns := w.columnsIn(n, s)
	if len(columns) == 0 {
		return nil, false
	}
	scan := columns[0].Scan
	for _, column := range columns {
		if column.Scan != scan {
			return nil, false
		}
		p.Inside = append(p.Inside, column.Name)
	}
	if n.Is("TypeCast") && n.Node("arg").Is("ColumnRef") {
		p.cast = p.Inside[0]
	}
	key, ok := SQL(n, true)
	if !ok || hasParam(n) || scan == nil {
		return nil, false
	}
	p.Key = key
	return scan, true
}

func hasParam(n Node) (has bool) {
	n.Walk(func(inner Node) bool {
		has = has || inner.Is("ParamRef", "SubLink")
		return !has
	})
	return has
}

func (w *walker) otherSide(n Node, s *scope, scan *Scan, p *Predicate) {
	columns := w.columnsIn(n, s)
	switch {
	case len(columns) == 1 && n.Is("ColumnRef"):
		p.Join = columns[0]
		return
	case len(columns) > 0:
		p.Join = columns[0]
		if columns[0].Scan == scan {
			p.Class = Other
		}
		return
	}
	fixed := true
	n.Walk(func(inner Node) bool {
		switch inner.Kind {
		case "ParamRef":
			fixed = false
			use := Use{Column: Column{scan, p.Column}, Class: p.Class, Op: p.Op, Place: placeIn(n, inner), Cast: p.cast, Key: p.Key}
			if name := beside(p.Node, inner); n.Is("RowExpr") {
				use.Column.Name, use.Key = name, ""
			}
			w.roles.Params[inner.Int("number")] = append(w.roles.Params[inner.Int("number")], use)
			if p.Param == 0 {
				p.Param = inner.Int("number")
			}
		case "FuncCall", "SubLink", "SQLValueFunction":
			fixed = false
		}
		return true
	})
	p.Fixed = fixed
	if fixed {
		p.Value, _ = SQL(n, true)
	}
}

// beside is the column that a parameter of a row stands against: the second of (a, b) < ($1, $2). Empty where none does.
func beside(comparison, param Node) string {
	left, right := comparison.Node("lexpr").Nodes("args"), comparison.Node("rexpr").Nodes("args")
	for i := range min(len(left), len(right)) {
		for _, pair := range [][2]Node{{left[i], right[i]}, {right[i], left[i]}} {
			value, names := pair[1], pair[0].Names("fields")
			for value.Is("TypeCast") {
				value = value.Node("arg")
			}
			if value.Is("ParamRef") && value.Int("number") == param.Int("number") && pair[0].Is("ColumnRef") && len(names) > 0 {
				return names[len(names)-1]
			}
		}
	}
	return ""
}

// placeIn tells which end of a range a parameter is: tstzrange($1, $2).
func placeIn(n, param Node) string {
	names := n.Names("funcname")
	if len(names) == 0 || !strings.HasSuffix(names[len(names)-1], "range") {
		return ""
	}
	for i, arg := range n.Nodes("args") {
		found := false
		arg.Walk(func(inner Node) bool {
			found = found || inner.Is("ParamRef") && inner.Int("number") == param.Int("number")
			return true
		})
		if found && i < 2 {
			return [2]string{"from", "to"}[i]
		}
	}
	return ""
}

func (w *walker) columnsIn(n Node, s *scope) []Column {
	var columns []Column
	n.Walk(func(inner Node) bool {
		if inner.Is("SubLink") {
			return false
		}
		if names := inner.Names("fields"); inner.Is("ColumnRef") && len(names) > 0 {
			if column, found := s.column(names); found && !slices.Contains(columns, column) {
				columns = append(columns, column)
			}
		}
		return true
	})
	return columns
}

func (w *walker) mentions(n Node, s *scope) bool { return len(w.columnsIn(n, s)) > 0 }

// Mirrored is the operator that asks the same with its sides changed.
func Mirrored(op string) string {
	switch op {
	case "<":
		return ">"
	case "<=":
		return ">="
	case ">":
		return "<"
	case ">=":
		return "<="
	case "@>":
		return "<@"
	case "<@":
		return "@>"
	case "<<":
		return ">>"
	case ">>":
		return "<<"
	case "<<=":
		return ">>="
	case ">>=":
		return "<<="
	}
	return op
}

func classOf(n Node, op string, right Node) Class {
	switch n.Text("kind") {
	case "AEXPR_IN":
		if op == "<>" {
			return Unequal
		}
		return Equal
	case "AEXPR_OP_ANY":
		if op == "=" {
			return Equal
		}
		return Other
	case "AEXPR_BETWEEN":
		return Range
	case "AEXPR_LIKE", "AEXPR_ILIKE":
		return likeClass(n, op, right)
	case "AEXPR_NOT_DISTINCT":
		return Other
	case "AEXPR_OP":
	default:
		return Other
	}
	switch op {
	case "=":
		return Equal
	case "<", "<=", ">", ">=":
		return Range
	case "<>", "!=":
		return Unequal
	case "@>", "<@", "&&":
		return Contains
	case "?", "?|", "?&":
		return HasKey
	case "@@":
		return Match
	case "~", "~*":
		return Infix
	case "^@":
		return Prefix
	}
	return Other
}

func likeClass(n Node, op string, right Node) Class {
	if strings.HasPrefix(op, "!") {
		return Other
	}
	pattern, known := ConstantText(right)
	switch {
	case n.Text("kind") == "AEXPR_ILIKE" && !known:
		return Infix
	case !known:
		return Prefix // a parameter; whether it begins with % only its value tells
	case n.Text("kind") == "AEXPR_ILIKE", strings.HasPrefix(pattern, "%"), strings.HasPrefix(pattern, "_"):
		return Infix
	}
	return Prefix
}

// ConstantText is the text of a text constant, with or without a cast.
func ConstantText(n Node) (string, bool) {
	if n.Is("TypeCast") {
		n = n.Node("arg")
	}
	if !n.Is("A_Const") || !n.Has("sval") {
		return "", false
	}
	return n.As("sval", "String").Text("sval"), true
}
