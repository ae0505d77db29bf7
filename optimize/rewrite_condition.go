package optimize

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/pgsql"
)

// functionToRange turns a comparison of a function of a time into one of the time itself, which an index can serve:
//
//	date_trunc('day', at) = $1        ─▶   at >= $1 AND at < $1 + interval '1 day'
//	to_char(at, 'YYYY-MM') = $1       ─▶   at >= to_date($1, 'YYYY-MM') AND at < to_date($1, 'YYYY-MM') + interval '1 month'
func functionToRange(s *selected) (rewrite, bool) {
	for i, n := range s.nodes {
		condition, unit, ok := s.rangeOf(n)
		if !ok {
			continue
		}
		w := rewrite{rule: "range", why: "a function of the column is compared, so no index on the column can be used", text: s.with(i, condition)}
		switch {
		case written[unit] != "":
			w.notes = []string{"a text that names no such date is an error then, and no longer an empty answer"}
		case unit != "date" && unit != "extract year":
			w.notes = []string{"the same only while the value compared with is the beginning of what it names, such as midnight of a day"}
		}
		return w, true
	}
	return rewrite{}, false
}

// rangeOf writes a comparison as a range, and tells what is cut off.
func (s *selected) rangeOf(n pgsql.Node) (condition, unit string, ok bool) {
	if !n.Is("A_Expr") || len(n.Names("name")) == 0 {
		return "", "", false
	}
	op, kind := n.Names("name")[0], n.Text("kind")
	left, right := n.Node("lexpr"), n.Node("rexpr")
	unit, column, zone, ok := s.truncated(left)
	if !ok {
		return "", "", false
	}
	if written[unit] != "" && op != "=" {
		return "", "", false // as text, others compare in another way
	}
	low, high := right, right
	if kind == "AEXPR_BETWEEN" {
		bounds := right.Nodes("items")
		if len(bounds) != 2 {
			return "", "", false
		}
		low, high, op = bounds[0], bounds[1], "BETWEEN"
	} else if kind != "AEXPR_OP" {
		return "", "", false
	}
	from, ok := s.bound(low, unit, zone, false)
	if !ok {
		return "", "", false
	}
	next, ok := s.bound(high, unit, zone, true)
	if !ok {
		return "", "", false
	}
	switch op {
	case "=", "BETWEEN":
		return fmt.Sprintf("%s >= %s AND %s < %s", column, from, column, next), unit, true
	case ">=":
		return column + " >= " + from, unit, true
	case ">":
		return column + " >= " + next, unit, true
	case "<":
		return column + " < " + from, unit, true
	case "<=":
		return column + " < " + next, unit, true
	}
	return "", "", false
}

// written are the formats in which a time is text that names a span, and the length of that.
var written = map[string]string{"YYYY": "1 year", "YYYY-MM": "1 month", "YYYYMM": "1 month", "YYYY-MM-DD": "1 day", "YYYYMMDD": "1 day"}

// truncated reads what is cut off a time: date_trunc('day', at), at::date, date(at), extract(year from at), to_char(at, 'YYYY-MM').
func (s *selected) truncated(n pgsql.Node) (unit, column, zone string, ok bool) {
	inner := n
	switch {
	case n.Is("TypeCast"):
		if names := n.As("typeName", "TypeName").Names("names"); len(names) == 0 || names[len(names)-1] != "date" {
			return "", "", "", false
		}
		unit, inner = "date", n.Node("arg")
	case n.Is("FuncCall"):
		names, args := n.Names("funcname"), n.Nodes("args")
		if len(names) == 0 || len(args) == 0 {
			return "", "", "", false
		}
		switch name := names[len(names)-1]; {
		case name == "date" && len(args) == 1:
			unit, inner = "date", args[0]
		case name == "date_trunc" && len(args) == 2:
			unit, _ = pgsql.ConstantText(args[0])
			inner = args[1]
		case name == "to_char" && len(args) == 2:
			if format, _ := pgsql.ConstantText(args[1]); written[format] != "" {
				unit, inner = format, args[0]
			}
		case (name == "extract" || name == "date_part") && len(args) == 2:
			if field, _ := pgsql.ConstantText(args[0]); field == "year" {
				unit, inner = "extract year", args[1]
			}
		}
	}
	if !slices.Contains([]string{"date", "hour", "day", "week", "month", "quarter", "year", "minute", "extract year"}, unit) && written[unit] == "" {
		return "", "", "", false
	}
	if inner.Is("FuncCall") && slices.Contains(inner.Names("funcname"), "timezone") && len(inner.Nodes("args")) == 2 { // at AT TIME ZONE 'UTC'
		zone, _ = pgsql.ConstantText(inner.Nodes("args")[0])
		if inner = inner.Nodes("args")[1]; zone == "" {
			return "", "", "", false
		}
	}
	if !inner.Is("ColumnRef") {
		return "", "", "", false
	}
	column, c, found := s.name(inner)
	if !found || !strings.HasPrefix(c.Type, "timestamp") && (c.Type != "date" || unit == "date") || zone != "" && !strings.HasSuffix(c.Type, "with time zone") {
		return "", "", "", false
	}
	return unit, column, zone, true
}

// bound writes the beginning of what a value names, or of what follows it.
func (s *selected) bound(value pgsql.Node, unit, zone string, next bool) (string, bool) {
	text, ok := pgsql.SQL(value, false)
	if !ok || mentionsColumn(value) {
		return "", false
	}
	if strings.ContainsAny(text, " ") && !value.Is("TypeCast", "A_Const") {
		text = "(" + text + ")"
	}
	step := "1 " + unit
	if length := written[unit]; length != "" {
		text = fmt.Sprintf("to_date(%s, %s)", text, pgsql.Literal(unit))
		if next {
			text = fmt.Sprintf("(%s + interval '%s')", text, length)
		}
		if zone != "" {
			text = fmt.Sprintf("(%s::timestamp AT TIME ZONE %s)", text, pgsql.Literal(zone))
		}
		return text, true
	}
	switch unit {
	case "date":
		text = strings.TrimSuffix(text, "::date") + "::date"
		step = "1 day"
		if next && zone == "" {
			return "(" + text + " + 1)", true
		}
	case "extract year":
		if next {
			return fmt.Sprintf("make_date(%s::int + 1, 1, 1)", text), true
		}
		return fmt.Sprintf("make_date(%s::int, 1, 1)", text), true
	case "quarter":
		step = "3 months"
	}
	if unit != "date" && !value.Is("TypeCast", "FuncCall") {
		text += map[bool]string{true: "::timestamp", false: "::timestamptz"}[zone != ""]
	}
	if next {
		text = fmt.Sprintf("(%s + interval '%s')", text, step)
	}
	if zone != "" {
		if unit == "date" && !next {
			text += "::timestamp"
		}
		text = fmt.Sprintf("(%s AT TIME ZONE %s)", text, pgsql.Literal(zone))
	}
	return text, true
}

func mentionsColumn(n pgsql.Node) (does bool) {
	n.Walk(func(inner pgsql.Node) bool {
		does = does || inner.Is("ColumnRef", "SubLink")
		return !does
	})
	return does
}

// castOfColumn takes a cast off a column, or off the value that forces one onto it:
//
//	id::text = $1     ─▶   id = $1
//	id = $1::numeric  ─▶   id = $1::bigint
func castOfColumn(s *selected) (rewrite, bool) {
	for i, n := range s.nodes {
		if n.Text("kind") != "AEXPR_OP" || !slices.Equal(n.Names("name"), []string{"="}) {
			continue
		}
		left, right := n.Node("lexpr"), n.Node("rexpr")
		if mentionsColumn(right) && !mentionsColumn(left) {
			left, right = right, left
		}
		switch {
		case left.Is("TypeCast") && left.Node("arg").Is("ColumnRef") && !mentionsColumn(right):
			column, c, found := s.name(left.Node("arg"))
			value, ok := pgsql.SQL(right, false)
			if !found || !ok || !integral(c.Type) && c.Type != "uuid" || !castTo(left, "text", "varchar", "bpchar", "numeric") {
				continue
			}
			return rewrite{
				rule: "cast", why: fmt.Sprintf("%s is cast before it is compared, so no index on it can be used", column),
				text:  s.with(i, fmt.Sprintf("%s = %s::%s", column, operandOf(value, right), c.Type)),
				notes: []string{fmt.Sprintf("send the value as %s; it is an error then, and no longer an empty answer, when it is none", c.Type)},
			}, true
		case left.Is("ColumnRef") && right.Is("TypeCast") && castTo(right, "numeric", "float8", "float4"):
			column, c, found := s.name(left)
			value, ok := pgsql.SQL(right.Node("arg"), false)
			if !found || !ok || !integral(c.Type) || mentionsColumn(right) {
				continue
			}
			return rewrite{
				rule: "cast", why: fmt.Sprintf("the value is no %s, so that %s is converted in every row and no index on it can be used", c.Type, column),
				text:  s.with(i, fmt.Sprintf("%s = %s::%s", column, operandOf(value, right.Node("arg")), c.Type)),
				notes: []string{fmt.Sprintf("the parameter's type is the client's mistake: bind a %s", c.Type)},
			}, true
		case left.Is("ColumnRef") && right.Is("A_Const"):
			column, c, found := s.name(left)
			value, ok := pgsql.SQL(right, false)
			whole, _, point := strings.Cut(value, ".")
			if !found || !ok || !integral(c.Type) || !point || strings.Trim(value[len(whole)+1:], "0") != "" || strings.Trim(whole, "-0123456789") != "" {
				continue
			}
			return rewrite{
				rule: "cast", why: fmt.Sprintf("the value is no %s, so that %s is converted in every row and no index on it can be used", c.Type, column),
				text:  s.with(i, fmt.Sprintf("%s = %s", column, whole)),
				notes: []string{fmt.Sprintf("the parameter's type is the client's mistake: bind a %s", c.Type)},
			}, true
		}
	}
	return rewrite{}, false
}

// valueInList asks a list for what it contains, which an index of lists can serve:
//
//	'x' = ANY (tags)   ─▶   tags @> ARRAY['x']
func valueInList(s *selected) (rewrite, bool) {
	for i, n := range s.nodes {
		if n.Text("kind") != "AEXPR_OP_ANY" || !slices.Equal(n.Names("name"), []string{"="}) || !n.Node("rexpr").Is("ColumnRef") || mentionsColumn(n.Node("lexpr")) {
			continue
		}
		column, c, found := s.name(n.Node("rexpr"))
		value, ok := pgsql.SQL(n.Node("lexpr"), false)
		if !found || !ok || !strings.HasSuffix(c.Type, "[]") {
			continue
		}
		return rewrite{
			rule: "list", why: fmt.Sprintf("= ANY (%s) compares with every value of the list in every row; only @> can use an index of lists", column),
			text: s.with(i, fmt.Sprintf("%s @> ARRAY[%s]::%s", column, value, c.Type)), unknown: true,
			notes: []string{fmt.Sprintf("needs a GIN index on %s", column)},
		}, true
	}
	return rewrite{}, false
}

// notDistinct says IS NOT DISTINCT FROM, which no index serves, by what indexes do:
//
//	assignee IS NOT DISTINCT FROM 5    ─▶   assignee = 5
//	assignee IS NOT DISTINCT FROM $1   ─▶   (assignee = $1 OR (assignee IS NULL AND $1 IS NULL))
func notDistinct(s *selected) (rewrite, bool) {
	for i, n := range s.nodes {
		if n.Text("kind") != "AEXPR_NOT_DISTINCT" {
			continue
		}
		left, right := n.Node("lexpr"), n.Node("rexpr")
		if !left.Is("ColumnRef") {
			left, right = right, left
		}
		constant := right
		for constant.Is("TypeCast") {
			constant = constant.Node("arg")
		}
		column, c, found := s.name(left)
		value, ok := pgsql.SQL(right, false)
		if !found || !ok || !constant.Is("A_Const", "ParamRef") {
			continue
		}
		condition := fmt.Sprintf("(%s = %s OR (%s IS NULL AND %s IS NULL))", column, value, column, value)
		switch {
		case constant.Bool("isnull"):
			condition = column + " IS NULL"
		case constant.Is("A_Const"), c.NotNull:
			condition = column + " = " + value
		}
		return rewrite{rule: "distinct", why: "IS NOT DISTINCT FROM is served by no index", text: s.with(i, condition)}, true
	}
	return rewrite{}, false
}

func operandOf(text string, n pgsql.Node) string {
	if n.Is("A_Expr", "BoolExpr") {
		return "(" + text + ")"
	}
	return text
}

func integral(kind string) bool {
	return kind == "bigint" || kind == "integer" || kind == "smallint"
}

func castTo(cast pgsql.Node, kinds ...string) bool {
	names := cast.As("typeName", "TypeName").Names("names")
	return len(names) > 0 && slices.Contains(kinds, names[len(names)-1])
}

// notIn turns NOT IN (SELECT …) into NOT EXISTS, which can be a join.
func notIn(s *selected) (rewrite, bool) {
	for i, n := range s.nodes {
		if !n.Is("BoolExpr") || n.Text("boolop") != "NOT_EXPR" {
			continue
		}
		sub := n.Nodes("args")[0]
		if !sub.Is("SubLink") || sub.Text("subLinkType") != "ANY_SUBLINK" || !sub.Node("testexpr").Is("ColumnRef") {
			continue
		}
		targets := sub.Node("subselect").Nodes("targetList")
		inside := s.texts[i]
		open, end := strings.IndexByte(inside, '('), strings.LastIndexByte(inside, ')')
		if len(targets) != 1 || !targets[0].Node("val").Is("ColumnRef") || open < 0 || end < open || strings.HasPrefix(strings.TrimSpace(inside), "(") {
			continue
		}
		clauses, plain := pgsql.Cut(strings.TrimSpace(inside[open+1 : end]))
		outer, outerColumn, found := s.name(sub.Node("testexpr"))
		inner, innerColumn, foundInner := s.name(targets[0].Node("val"))
		outerScan, _ := s.roles.Find(sub.Node("testexpr"))
		innerScan, _ := s.roles.Find(targets[0].Node("val"))
		if !plain || !found || !foundInner || clauses.Limit+clauses.Offset+clauses.Group+clauses.Having+clauses.Rest != "" || outerScan.Scan.Alias == innerScan.Scan.Alias {
			continue
		}
		if clauses.Where != "" {
			clauses.Where = "(" + clauses.Where + ") AND "
		}
		same, why := inner+" = "+outer, "NOT IN looks each row up in a list that is kept in memory, or reads all of it if it does not fit into work_mem; NOT EXISTS can be a join"
		if s.run.catalog.Dialect == SQLite { // which compares by the collation of what stands first
			same, why = outer+" = "+inner, "NOT IN makes a list of all that the subquery finds, before the first row"
		}
		clauses.Where += same
		// A list that fits into memory is hashed, and the planner takes that for cheap: it neither counts what each look costs nor that a
		// join is shared among workers.
		w := rewrite{
			rule: "not-in", why: why, doubted: s.run.catalog.Dialect != SQLite,
			text: s.with(i, existsIn(clauses, false)),
		}
		if !innerColumn.NotNull && !s.saidNotNull(sub.Node("subselect"), innerScan) {
			w.differs = fmt.Sprintf("%s may be null, and then NOT IN returns nothing at all, which is rarely meant; NOT EXISTS returns what has no match", inner)
		}
		if !outerColumn.NotNull {
			w.differs = fmt.Sprintf("%s may be null: NOT IN leaves such rows out, NOT EXISTS returns them", outer)
		}
		return w, true
	}
	return rewrite{}, false
}

// saidNotNull reports whether the WHERE of a subquery lets no row through in which a column is null: it says so, or compares the column.
func (s *selected) saidNotNull(sub pgsql.Node, column pgsql.Column) bool {
	is := func(n pgsql.Node) bool {
		found, ok := s.roles.Find(n)
		return n.Is("ColumnRef") && ok && found.Scan == column.Scan && found.Name == column.Name
	}
	all := []pgsql.Node{sub.Node("whereClause")}
	for at := 0; at < len(all); at++ {
		switch n := all[at]; {
		case n.Is("BoolExpr") && n.Text("boolop") == "AND_EXPR":
			all = append(all, n.Nodes("args")...)
		case n.Is("NullTest") && n.Text("nulltesttype") == "IS_NOT_NULL" && is(n.Node("arg")):
			return true
		case n.Is("A_Expr") && n.Text("kind") == "AEXPR_OP" && (is(n.Node("lexpr")) || is(n.Node("rexpr"))):
			if names := n.Names("name"); len(names) == 1 && slices.Contains([]string{"=", "<", "<=", ">", ">=", "<>"}, names[0]) {
				return true
			}
		}
	}
	return false
}

// orAcrossTables turns an OR whose arms are about different tables into two statements, each with its own index. The
// second leaves out what the first has, so that no row comes twice and none that came twice is lost.
func orAcrossTables(s *selected) (rewrite, bool) {
	if s.parsed.Tree.Has("groupClause") || s.parsed.Tree.Has("distinctClause") || aggregates(s.parsed.Tree) || len(s.parsed.Tree.Nodes("targetList")) == 0 {
		return rewrite{}, false
	}
	if s.clauses.Order+s.clauses.Limit+s.clauses.Offset+s.clauses.Rest != "" && !s.orderedByOutput() {
		return rewrite{}, false
	}
	for i, n := range s.nodes {
		if !n.Is("BoolExpr") || n.Text("boolop") != "OR_EXPR" {
			continue
		}
		var arms []string
		scans := map[*pgsql.Scan]bool{}
		ok := true
		for _, arm := range n.Nodes("args") {
			text, can := pgsql.SQL(arm, false)
			ok = ok && can
			arms = append(arms, text)
			arm.Walk(func(inner pgsql.Node) bool {
				if column, found := s.roles.Find(inner); found {
					scans[column.Scan] = true
				}
				return true
			})
		}
		if !ok || len(scans) < 2 || len(arms) > 3 {
			continue
		}
		c := s.clauses
		c.Order, c.Limit, c.Offset, c.Rest = "", "", "", ""
		var parts []string
		for at := range arms {
			texts := slices.Clone(s.texts)
			texts[i] = "(" + arms[at] + ")"
			for _, earlier := range arms[:at] {
				texts = append(texts, "("+earlier+") IS NOT TRUE")
			}
			c.Where = strings.Join(texts, " AND ")
			parts = append(parts, c.String())
		}
		text := strings.Join(parts, "\nUNION ALL\n")
		for _, end := range []struct{ word, text string }{{"ORDER BY ", s.clauses.Order}, {"LIMIT ", s.clauses.Limit}, {"OFFSET ", s.clauses.Offset}} {
			if end.text != "" {
				text += "\n" + end.word + end.text
			}
		}
		return rewrite{rule: "or", why: "the arms of the OR are about different tables, so that all rows are joined before either is looked at", text: text}, true
	}
	return rewrite{}, false
}

func aggregates(tree pgsql.Node) (has bool) {
	for _, target := range tree.Nodes("targetList") {
		target.Walk(func(n pgsql.Node) bool {
			names := n.Names("funcname")
			has = has || n.Bool("agg_star") || n.Has("over") || len(names) > 0 && slices.Contains([]string{"count", "sum", "min", "max", "avg", "array_agg", "string_agg", "json_agg", "jsonb_agg", "bool_or", "bool_and", "total", "group_concat", "json_group_array", "json_group_object"}, names[len(names)-1])
			return !n.Is("SubLink")
		})
	}
	return has
}

// orderedByOutput reports whether the order is by names of the columns that are shown, as a UNION needs.
func (s *selected) orderedByOutput() bool {
	names := map[string]bool{}
	for _, target := range s.parsed.Tree.Nodes("targetList") {
		name := target.Text("name")
		if fields := target.Node("val").Names("fields"); name == "" && len(fields) > 0 {
			name = fields[len(fields)-1]
		}
		names[name] = true
	}
	for _, key := range s.parsed.Tree.Nodes("sortClause") {
		fields := key.Node("node").Names("fields")
		if len(fields) != 1 || !names[fields[0]] {
			return false
		}
	}
	return s.clauses.Rest == ""
}
