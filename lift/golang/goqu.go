package golang

import (
	"go/ast"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
)

// Goqu makes a text of a chain, as squirrel does: text, args, err := goqu.From("users").Where(goqu.Ex{"email": email}).ToSQL(). Its conditions
// are maps of columns, or columns with a method: goqu.C("age").Gt(18).

func isGoqu(path string) bool { return strings.Contains(path, "doug-martin/goqu") }

// ofGoqu reports whether an expression is a chain of goqu, or what begins one.
func (l *lifter) ofGoqu(s *source, e ast.Expr) bool {
	path, name := namedType(typeOr(s.info.TypeOf(e)))
	return isGoqu(path) && (strings.HasSuffix(name, "Dataset") || name == "DialectWrapper")
}

// goqu reads the steps of a chain of goqu's.
func (b *builder) goqu(s step, values func(int) []facts.Value, table string) {
	args := s.call.Args
	switch s.name {
	case "Insert":
		b.out.Verb = facts.Insert
	case "Update":
		b.out.Verb = facts.Update
	case "Delete":
		b.out.Verb = facts.Delete
	case "From", "FromQuery", "With", "WithRecursive", "Union", "UnionAll", "Intersect", "Join", "InnerJoin", "LeftJoin", "RightJoin", "FullJoin", "CrossJoin":
		b.out.Nested = b.out.Nested || s.name != "From" || len(args) > 1
		for _, arg := range args {
			if b.l.ofGoqu(s.source, arg) {
				b.out.Nested, b.out.Unread = true, true
			}
		}
	case "Where":
		for _, arg := range args {
			b.goquCondition(s, arg, table, false)
		}
		if s.call.Ellipsis.IsValid() {
			b.out.Nested, b.out.Unread = true, true
		}
	case "Rows", "Set":
		if s.name == "Set" {
			b.out.Verb = facts.Update
		}
		for _, arg := range args {
			b.goquRow(s, arg)
		}
	case "Cols":
		for _, arg := range args {
			b.out.Sets = append(b.out.Sets, b.goquColumn(s.source, arg))
		}
	case "Vals":
		b.q.Args = append(b.q.Args, values(0)...)
	case "OnConflict":
		b.out.OnConflict = true
		b.goquTexts(s, args)
	case "Order", "OrderAppend", "OrderPrepend":
		b.goquTexts(s, args)
		for _, arg := range args {
			by, is := ast.Unparen(arg).(*ast.CallExpr)
			if !is {
				b.out.Unread = b.out.Unread || s.call.Ellipsis.IsValid()
				continue
			}
			if selector, is := ast.Unparen(by.Fun).(*ast.SelectorExpr); is {
				if column := b.goquColumn(s.source, selector.X); column != "" {
					b.out.Order = append(b.out.Order, facts.OrderPart{Table: table, Column: column, Descending: selector.Sel.Name == "Desc"})
				}
			}
		}
	case "Select", "SelectAppend", "SelectDistinct", "Returning", "GroupBy":
		b.goquTexts(s, args)
		b.out.Grouped = b.out.Grouped || s.name == "GroupBy"
		for _, arg := range args {
			if s.name == "Returning" || s.name == "GroupBy" {
				break
			}
			b.out.Columns = append(b.out.Columns, b.goquColumn(s.source, arg))
			switch goquFigure(arg) {
			case "COUNT":
				b.out.Aggregate = true
			case "SUM", "MIN", "MAX", "AVG":
				b.reckons = true
			}
		}
	case "Limit":
		if v := values(0); len(v) == 1 {
			b.out.Limit, b.out.LimitArg = v[0].Text, &v[0]
			b.limitOver(s)
		}
	case "Offset":
		b.out.Offset = true
	case "ForUpdate":
		b.out.Locks = true
	case "Count", "CountContext":
		b.out.Aggregate = true
	case "ScanStruct", "ScanStructContext", "ScanVal", "ScanValContext":
		b.out.Limit = "1"
	}
}

// goquFigure is the name of the function that reckons a column: goqu.COUNT("*").As("total").
func goquFigure(e ast.Expr) string {
	for {
		call, is := ast.Unparen(e).(*ast.CallExpr)
		if !is {
			return ""
		}
		if name := calledName(call); name == strings.ToUpper(name) && len(name) > 1 {
			return name
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is {
			return ""
		}
		e = selector.X
	}
}

// goquTable is the table that an expression names: a text, or goqu.T("users").As("u").
func (b *builder) goquTable(s *source, e ast.Expr) string {
	if name := constantText(s, e); name != "" {
		return unqualified(name)
	}
	for {
		call, is := ast.Unparen(e).(*ast.CallExpr)
		if !is || len(call.Args) == 0 {
			return ""
		}
		if name := calledName(call); name == "T" || name == "I" {
			return unqualified(constantText(s, call.Args[0]))
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is {
			return ""
		}
		e = selector.X
	}
}

// goquColumn is the column that an expression names: a text, goqu.I("users.email"), goqu.C("email"), goqu.T("users").Col("email").
func (b *builder) goquColumn(s *source, e ast.Expr) string {
	if name := constantText(s, e); name != "" {
		return column(name)
	}
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is || len(call.Args) == 0 {
		return ""
	}
	switch calledName(call) {
	case "I", "C", "Col":
		return column(constantText(s, call.Args[0]))
	}
	return ""
}

var goquOperators = map[string]string{
	"Eq": "=", "Neq": "<>", "Gt": ">", "Gte": ">=", "Lt": "<", "Lte": "<=", "In": "IN", "NotIn": "NOT IN", "Like": "LIKE", "ILike": "ILIKE", "Is": "=",
	"IsNull": "IS NULL", "IsNotNull": "IS NOT NULL", "IsTrue": "=", "IsFalse": "=",
}

// goquCondition reads one condition.
func (b *builder) goquCondition(s step, e ast.Expr, table string, disjoint bool) {
	add := func(column, operator string, args ...ast.Expr) {
		p := facts.Predicate{Table: table, Column: column, Operator: operator, Disjoint: disjoint}
		if len(args) > 0 {
			v := b.l.value(s.source, args[0])
			p.Arg = &v
			b.q.Args = append(b.q.Args, v)
		}
		b.out.Predicates = append(b.out.Predicates, p)
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CompositeLit:
		_, kind := namedType(typeOr(s.source.info.TypeOf(e)))
		several := kind == "ExOr"
		b.out.Nested = b.out.Nested || several
		for _, element := range e.Elts {
			pair, is := element.(*ast.KeyValueExpr)
			name := ""
			if is {
				name = column(constantText(s.source, pair.Key))
			}
			if name == "" {
				b.out.Nested, b.out.Unread = true, true
				continue
			}
			of := disjoint
			disjoint = disjoint || several
			b.goquPair(s, name, pair.Value, add)
			disjoint = of
		}
		return
	case *ast.CallExpr:
		name := calledName(e)
		selector, _ := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		switch {
		case selector != nil && isGoqu(s.source.packageOf(selector.X)) && (name == "And" || name == "Or"):
			b.out.Nested = b.out.Nested || name == "Or"
			for _, arg := range e.Args {
				b.goquCondition(s, arg, table, disjoint || name == "Or" && len(e.Args) > 1)
			}
			if e.Ellipsis.IsValid() {
				b.out.Nested, b.out.Unread = true, true
			}
			return
		case selector != nil && isGoqu(s.source.packageOf(selector.X)) && name == "L" && len(e.Args) > 0:
			var given []facts.Value
			for _, arg := range e.Args[1:] {
				given = append(given, b.l.value(s.source, arg))
			}
			b.q.Args = append(b.q.Args, given...)
			predicates := sql.Conditions(b.text(s, e.Args[0]), table, given)
			for i := range predicates {
				predicates[i].Disjoint = predicates[i].Disjoint || disjoint
				predicates[i].Table = strings.TrimPrefix(predicates[i].Table, "?")
			}
			b.out.Predicates = append(b.out.Predicates, predicates...)
			b.out.Nested = b.out.Nested || len(predicates) == 0
			return
		case selector != nil && goquOperators[name] != "":
			if column := b.goquColumn(s.source, selector.X); column != "" {
				add(column, goquOperators[name], e.Args...)
				return
			}
		}
		b.goquTexts(s, []ast.Expr{e})
	case *ast.Ident:
		if literal, in := b.literalOf(s.source, e); literal != nil {
			s.source = in
			b.goquCondition(s, literal, table, disjoint)
			return
		}
	}
	b.out.Nested, b.out.Unread = true, true
	b.q.Args = append(b.q.Args, b.l.value(s.source, e))
}

// goquPair reads what a map says of a column: a value, nil, a list, or an operator: goqu.Op{"gt": 18}.
func (b *builder) goquPair(s step, column string, e ast.Expr, add func(column, operator string, args ...ast.Expr)) {
	if isNilIdent(e) {
		add(column, "IS NULL")
		return
	}
	literal, is := ast.Unparen(e).(*ast.CompositeLit)
	if _, kind := namedType(typeOr(s.source.info.TypeOf(e))); is && kind == "Op" {
		for _, element := range literal.Elts {
			pair, is := element.(*ast.KeyValueExpr)
			if !is {
				continue
			}
			for name, operator := range goquOperators {
				if strings.EqualFold(name, constantText(s.source, pair.Key)) {
					add(column, operator, pair.Value)
				}
			}
		}
		return
	}
	if t := s.source.info.TypeOf(e); t != nil && isList(t) {
		add(column, "IN", e)
		return
	}
	add(column, "=", e)
}

// goquRow reads what a row that is stored holds.
func (b *builder) goquRow(s step, e ast.Expr) {
	literal, in := b.literalOf(s.source, e)
	if literal == nil || !isMap(typeOr(in.info.TypeOf(literal))) {
		b.q.Args = append(b.q.Args, b.l.value(s.source, e))
		b.out.Sets = append(b.out.Sets, b.l.columnsOf(s.source, e)...)
		return
	}
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			continue
		}
		name := column(constantText(in, pair.Key))
		if call, is := ast.Unparen(pair.Value).(*ast.CallExpr); is && calledName(call) == "L" && len(call.Args) > 0 {
			b.out.Sets = append(b.out.Sets, name)
			if written := sql.Read("UPDATE t SET "+name+" = "+b.text(step{source: in}, call.Args[0]), nil); written != nil {
				b.out.Self = append(b.out.Self, written.Self...)
			}
			continue
		}
		b.assign(in, name, pair.Value)
	}
}

// goquTexts reads the texts that expressions put into the statement as they are: goqu.L("now()"), goqu.I(name).
func (b *builder) goquTexts(s step, all []ast.Expr) {
	for _, e := range all {
		ast.Inspect(e, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is || len(call.Args) == 0 {
				return true
			}
			selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
			if is && calledName(call) == "L" && isGoqu(s.source.packageOf(selector.X)) {
				b.text(s, call.Args[0])
			}
			return true
		})
	}
}
