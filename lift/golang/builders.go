package golang

import (
	"cmp"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
)

// chain reads what a builder asks for.
func (l *lifter) chain(at work, spec querySpec, q *facts.Query) {
	steps := append(l.scoped(l.steps(at.source, spec.pos.X, 0)), step{name: spec.pos.Sel.Name, call: at.call, source: at.source})
	q.Chain, q.Mapped = text(at.call), true
	b := &builder{l: l, q: q, out: &facts.Statement{Verb: facts.Select}, library: spec.library, at: at}
	for _, s := range steps {
		b.table(s)
		q.Sorts = q.Sorts || strings.Contains(s.name, "Order")
		q.Mapped = q.Mapped && !picksColumns[s.name]
	}
	for _, s := range steps {
		before, known := len(q.Dynamic), len(b.out.Predicates)
		if s.unread {
			b.out.Nested, b.out.Unread = true, true
			continue
		}
		b.step(s)
		for i := known; i < len(b.out.Predicates) && s.maybe; i++ {
			b.out.Predicates[i].Optional, b.out.Predicates[i].Given = true, s.given
		}
		for i := before; i < len(q.Dynamic) && len(s.within) > 0; i++ {
			q.Dynamic[i].Origins = l.replaced(q.Dynamic[i].Origins, s.within)
		}
		if limit := b.out.LimitArg; limit != nil && s.name == "Limit" && len(s.within) > 0 {
			limit.Origins = l.replaced(limit.Origins, s.within)
			if over := b.out.LimitOver; over != nil {
				over.Origins = l.replaced(over.Origins, s.within)
			}
		}
	}
	if spec.library == "gorm" {
		l.contextOfChain(at, q, l.sentThrough(at.source, spec), steps)
	}
	if raw := b.raw; raw != nil && q.Text == "" && len(raw.Args) > 0 {
		l.readText(at.source, raw.Args[0], q)
		for _, arg := range raw.Args[1:] {
			q.Args = append(q.Args, l.value(at.source, arg))
		}
		return
	}
	if spec.text >= 0 {
		return
	}
	if len(b.out.Tables) == 0 {
		q.Statement, q.Limit = nil, b.out.LimitArg
		return
	}
	q.Statement = b.out
	l.noteHanded(at, spec, steps, q)
	if b.reckons {
		q.One, b.out.Limit = false, ""
		b.out.Grouped = true
	}
}

// picksColumns are calls that say which columns of a row are stored.
var picksColumns = map[string]bool{"Select": true, "Omit": true, "Cols": true, "Column": true, "ExcludeColumn": true}

// reckoning are columns that say something of all rows and not whether there are any.
var reckoning = regexp.MustCompile(`(?i)^\s*(coalesce\s*\(\s*)?(max|min|sum|avg)\s*\(`)

// builder makes a statement of the steps of a chain.
type builder struct {
	l       *lifter
	q       *facts.Query
	out     *facts.Statement
	library string
	at      work
	raw     *ast.CallExpr
	reckons bool // selects a figure of the rows

	first       string // condition
	conditions  int    // that must hold together
	alternative bool   // stands beside them
}

// beside notes a condition that another call of the chain puts an OR beside: A AND B OR C lets C pass without A.
func (b *builder) beside(s step, or bool) {
	if b.library == "squirrel" || len(s.call.Args) == 0 {
		return
	}
	this := text(s.call.Args[0])
	switch {
	case or && b.conditions >= 2:
		b.out.Mixed = b.first
	case !or && b.alternative:
		b.out.Mixed = this
	}
	if b.alternative = b.alternative || or; !or {
		if b.conditions++; b.first == "" {
			b.first = this
		}
	}
}

func (b *builder) use(table string) {
	if table = unqualified(table); table != "" && len(b.out.Tables) == 0 {
		b.out.Tables = append(b.out.Tables, facts.TableUse{Table: table, Alias: table})
	}
}

// table finds the table of a chain before its conditions are read.
func (b *builder) table(s step) {
	args := s.call.Args
	if len(args) == 0 {
		return
	}
	if b.library == "pop" {
		if popModel(s.name) {
			b.use(b.l.tableOf(s.source, args[0], b.library))
		}
		return
	}
	if b.library == "goqu" {
		if s.name == "From" || s.name == "Insert" || s.name == "Update" || s.name == "Delete" {
			b.use(b.goquTable(s.source, args[0]))
		}
		return
	}
	switch s.name {
	case "Table", "From", "Into":
		if name := constantText(s.source, args[0]); name != "" {
			table, _, _ := strings.Cut(strings.TrimSpace(name), " ")
			b.use(strings.Trim(table, "`\""))
		} else {
			b.use(b.l.tableOf(s.source, args[0], b.library))
		}
	case "Model", "First", "Take", "Last", "Find", "Create", "Save", "Delete", "FirstOrCreate", "Get", "Exist", "Insert", "InsertOne", "Update", "Count", "FindAndCount", "Iterate", "CreateInBatches":
		if b.library == "squirrel" {
			if name := constantText(s.source, args[0]); name != "" {
				b.use(strings.Trim(strings.Fields(name + " ")[0], "`\""))
			}
			return
		}
		if b.library == "gorm" && (s.name == "Update" || s.name == "Count") {
			return
		}
		b.use(b.l.tableOf(s.source, args[0], b.library))
	}
}

func (b *builder) step(s step) {
	args := s.call.Args
	values := func(from int) []facts.Value {
		var out []facts.Value
		for i := from; i < len(args); i++ {
			out = append(out, b.l.value(s.source, args[i]))
		}
		return out
	}
	table := ""
	if len(b.out.Tables) > 0 {
		table = b.out.Tables[0].Table
	}
	if b.library == "goqu" {
		b.goqu(s, values, table)
		return
	}
	if b.library == "pop" && b.pop(s, values, table) {
		return
	}
	if b.library == "squirrel" && b.squirrel(s, values, table) {
		return
	}
	switch s.name {
	case "Where", "And", "Having", "Not":
		if len(args) > 0 {
			if s.name == "Where" || s.name == "And" {
				b.beside(s, false)
			}
			if t := s.source.info.TypeOf(args[0]); len(args) > 1 && isLiteral(args[0]) && !(t != nil && isString(t)) {
				for _, arg := range args { // conditions that hold together: And(builder.Eq{…}, builder.In(…))
					b.condition(s, arg, nil, table, false)
				}
				return
			}
			b.condition(s, args[0], values(1), table, false)
		}
	case "Or", "WhereOr":
		b.beside(s, true)
		b.out.Nested = true
		if len(args) > 0 {
			b.condition(s, args[0], values(1), table, true)
		}
	case "In", "NotIn":
		if len(args) > 0 {
			v := values(1)
			p := facts.Predicate{Table: table, Column: column(constantText(s.source, args[0])), Operator: "IN"}
			if s.name == "NotIn" {
				p.Operator = "NOT IN"
			}
			if len(v) > 0 {
				p.Arg = &v[0]
			}
			b.out.Predicates = append(b.out.Predicates, p)
		}
	case "ID":
		if v := values(0); len(v) > 0 {
			b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: table, Column: "id", Operator: "=", Arg: &v[0]})
			b.q.Args = append(b.q.Args, v...)
		}
	case "Order", "OrderBy", "Asc", "Desc":
		for _, arg := range args {
			if call, is := ast.Unparen(arg).(*ast.CallExpr); is && len(call.Args) > 1 && calledName(call) == "Expr" && isGorm(s.source.packageOf(firstOf(call.Fun))) {
				for _, parameter := range call.Args[1:] {
					b.q.Args = append(b.q.Args, b.l.value(s.source, parameter))
				}
				arg = call.Args[0] // a text, with parameters
			}
			constant := constantText(s.source, arg)
			if constant == "" {
				b.l.sortings = append(b.l.sortings, sorting{b.q, s.source, arg})
				if v := b.l.value(s.source, arg); (v.Kind == "text" || v.Kind == "") && !b.l.quotesNames(s.source, arg, 0) {
					b.q.Dynamic = append(b.q.Dynamic, v)
				}
				continue
			}
			for _, part := range strings.Split(constant, ",") {
				words := strings.Fields(part)
				if len(words) > 0 {
					b.out.Order = append(b.out.Order, facts.OrderPart{Table: table, Column: column(words[0]), Descending: s.name == "Desc" || len(words) > 1 && strings.EqualFold(words[1], "desc")})
				}
			}
		}
	case "OrderExpr", "GroupExpr", "ColumnExpr", "TableExpr": // of bun: a text, with parameters
		if b.library == "bun" && len(args) > 0 {
			b.text(s, args[0])
			b.out.Grouped = b.out.Grouped || s.name == "GroupExpr"
			b.out.Nested = b.out.Nested || s.name == "TableExpr"
			b.reckons = b.reckons || s.name == "ColumnExpr" && reckoning.MatchString(constantText(s.source, args[0]))
		}
	case "WherePK", "WhereGroup":
		b.out.Nested = b.out.Nested || b.library == "bun"
	case "Limit":
		if len(args) > 0 {
			v := b.l.value(s.source, args[0])
			b.out.Limit, b.out.LimitArg = v.Text, &v
			b.limitOver(s)
		}
	case "Offset":
		b.out.Offset = true
	case "Join", "Joins", "LeftJoin", "Preload", "Scopes", "Clauses", "InnerJoin", "Table":
		if s.name != "Table" && s.name != "Preload" {
			b.out.Nested = true
		}
		if s.name == "Clauses" && strings.Contains(text(s.call), "OnConflict") {
			b.out.OnConflict = true
		}
		if s.name == "Clauses" && strings.Contains(text(s.call), "Locking") {
			b.out.Locks = true
		}
	case "ForUpdate":
		b.out.Locks = true
	case "Select", "Cols", "Columns":
		if b.library == "xorm" || b.library == "squirrel" || b.library == "gorm" {
			for _, arg := range args {
				b.out.Columns = append(b.out.Columns, column(constantText(s.source, arg)))
				b.reckons = b.reckons || reckoning.MatchString(constantText(s.source, arg))
			}
		}
	case "Group", "GroupBy":
		b.out.Grouped = true
	case "Raw", "SQL":
		b.raw = s.call
	case "First", "Take", "Last", "Find":
		b.beans(s, 1, table)
		if b.library == "gorm" && len(args) > 1 {
			b.inline(s, values(1), table)
			b.q.Args = append(b.q.Args, values(1)...)
		}
		if b.library == "gorm" && len(args) > 0 {
			b.keyed(s.source, args[0], table)
		}
		if b.library == "gorm" && s.name != "Find" {
			b.out.Limit = "1"
		}
	case "FindAndCount":
		b.beans(s, 1, table)
	case "Get", "Exist":
		if b.library == "xorm" {
			b.bean(s, args[0], table)
			b.out.Limit = "1"
		}
	case "Count", "Sum":
		b.out.Aggregate = true
		b.beans(s, 0, table)
	case "NewInsert":
		b.out.Verb = facts.Insert
	case "NewUpdate":
		b.out.Verb = facts.Update
	case "NewDelete":
		b.out.Verb = facts.Delete
	case "Model":
		if b.library == "bun" && b.out.Verb != facts.Select {
			b.q.Args = append(b.q.Args, values(0)...)
		}
	case "Create", "Insert", "InsertOne", "CreateInBatches", "FirstOrCreate":
		b.out.Verb = facts.Insert
		if len(args) > 0 {
			b.out.Sets = append(b.out.Sets, b.l.columnsOf(s.source, args[0])...)
		}
		b.q.Args = append(b.q.Args, values(0)...)
	case "Save":
		b.out.Verb = facts.Update
		if len(args) == 1 && b.l.writtenOutBefore(s.source, args[0], s.call.Pos()) {
			b.out.Verb = facts.Insert
		}
		b.out.Sets = append(b.out.Sets, "*")
		given := values(0)
		if len(args) == 1 && b.l.madeBefore(s.source, args[0], s.call.Pos()) {
			for i := range given {
				given[i].Origins = slices.DeleteFunc(slices.Clone(given[i].Origins), func(o facts.Origin) bool { return o.Kind == facts.FromQuery })
			}
		}
		b.q.Args = append(b.q.Args, given...)
	case "Update", "Updates", "UpdateColumn", "UpdateColumns", "Set", "SetMap":
		if b.library == "bun" { // as of INSERT … ON CONFLICT
			if len(args) > 0 {
				b.sets(s, args[0], values(1), table)
			}
			return
		}
		b.out.Verb = facts.Update
		if b.library == "gorm" && b.gormSets(s) {
			return
		}
		b.q.Args = append(b.q.Args, values(0)...)
		if len(args) > 0 {
			if name := constantText(s.source, args[0]); name != "" {
				b.out.Sets = append(b.out.Sets, column(name))
			}
		}
	case "Delete":
		b.out.Verb = facts.Delete
		if b.library == "gorm" && len(args) > 1 {
			b.inline(s, values(1), table)
		}
		if b.library == "xorm" {
			b.bean(s, args[0], table)
		}
		b.q.Args = append(b.q.Args, values(0)...)
	}
}

// condition reads one condition of a builder: a text with parameters, or a map of columns.
func (b *builder) condition(s step, e ast.Expr, args []facts.Value, table string, disjoint bool) {
	b.q.Args = append(b.q.Args, args...)
	t := s.source.info.TypeOf(e)
	if t != nil && isString(t) {
		probe := &facts.Query{}
		read := b.l.readText(s.source, e, probe)
		b.q.Dynamic = append(b.q.Dynamic, probe.Dynamic...)
		if probe.Text == "" && len(probe.Dynamic) > 0 {
			b.out.Nested, b.out.Unread = true, true
		}
		b.out.Mixed = cmp.Or(b.out.Mixed, sql.Mixed(read.text))
		predicates := sql.Conditions(read.text, table, args)
		for i := range predicates {
			predicates[i].Disjoint = predicates[i].Disjoint || disjoint
			predicates[i].Table = strings.TrimPrefix(predicates[i].Table, "?")
		}
		b.out.Predicates = append(b.out.Predicates, predicates...)
		return
	}
	literal, is := ast.Unparen(e).(*ast.CompositeLit)
	if pointer, isPointer := ast.Unparen(e).(*ast.UnaryExpr); isPointer && pointer.Op == token.AND {
		literal, is = pointer.X.(*ast.CompositeLit)
	}
	if call, isCall := ast.Unparen(e).(*ast.CallExpr); isCall && calledName(call) == "In" && len(call.Args) == 2 && constantText(s.source, call.Args[0]) != "" {
		v := b.l.value(s.source, call.Args[1])
		b.q.Args = append(b.q.Args, v)
		b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: table, Column: column(constantText(s.source, call.Args[0])), Operator: "IN", Arg: &v, Disjoint: disjoint})
		return
	}
	if !is {
		b.out.Nested = true
		b.q.Args = append(b.q.Args, b.l.value(s.source, e))
		return
	}
	operator := "="
	switch _, name := namedType(t); name {
	case "Lt", "Gt", "LtOrEq", "GtOrEq", "Like", "NotEq", "ILike":
		operator = map[string]string{"Lt": "<", "Gt": ">", "LtOrEq": "<=", "GtOrEq": ">=", "Like": "LIKE", "NotEq": "<>", "ILike": "ILIKE"}[name]
	case "Or":
		b.out.Nested = true
	}
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			b.condition(s, element, nil, table, disjoint)
			continue
		}
		name := column(constantText(s.source, pair.Key))
		if id, is := pair.Key.(*ast.Ident); is && name == "" {
			name = columnName(s.source, structOf(s.source.info.TypeOf(literal)), id)
		}
		v := b.l.value(s.source, pair.Value)
		b.q.Args = append(b.q.Args, v)
		b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: table, Column: name, Operator: operator, Arg: &v, Disjoint: disjoint})
	}
}

// literalOf is the literal that an expression is, or that a variable is given once and for all.
func (b *builder) literalOf(s *source, e ast.Expr) (*ast.CompositeLit, *source) {
	if literal := structLiteral(e); literal != nil {
		return literal, s
	}
	object := s.target(stripAddress(e))
	if object == nil || b.l.written[object] || len(b.l.defs[object]) != 1 || b.l.defs[object][0].expr == nil || b.l.defs[object][0].kind != assigned {
		return nil, nil
	}
	return structLiteral(b.l.defs[object][0].expr), b.l.defs[object][0].source
}

// counting are columns that count rows.
var counting = regexp.MustCompile(`(?i)^\s*count\s*\(`)

// assign gives a column a value: a parameter, or what a text of SQL reckons.
func (b *builder) assign(s *source, column string, e ast.Expr) {
	v := b.l.value(s, e)
	b.q.Args = append(b.q.Args, v)
	b.out.Sets = append(b.out.Sets, column)
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && calledName(call) == "Expr" && len(call.Args) > 0 {
		reckons := b.text(step{source: s}, call.Args[0])
		if written := sql.Read("UPDATE t SET "+column+" = "+reckons, nil); written != nil {
			b.out.Self = append(b.out.Self, written.Self...)
		}
		return
	}
	b.out.Assigned = append(b.out.Assigned, facts.Assignment{Column: column, Arg: &v})
}

// saysMore reports whether a text has constant parts besides what it is given.
func (b *builder) saysMore(s *source, e ast.Expr) bool {
	probe := &facts.Query{}
	b.l.readText(s, e, probe)
	return probe.Text != ""
}

// text reads a part of a statement that is a text.
func (b *builder) text(s step, e ast.Expr) string {
	probe := &facts.Query{}
	b.l.readText(s.source, e, probe)
	b.q.Dynamic = append(b.q.Dynamic, probe.Dynamic...)
	return probe.Text
}

// sets reads what a text says of the columns that are written: hits = hits + ?.
func (b *builder) sets(s step, e ast.Expr, args []facts.Value, table string) {
	written := sql.Read("UPDATE "+table+" SET "+b.text(s, e), args)
	b.q.Args = append(b.q.Args, args...)
	if written == nil {
		return
	}
	b.out.Sets = append(b.out.Sets, written.Sets...)
	b.out.Self = append(b.out.Self, written.Self...)
	b.out.Assigned = append(b.out.Assigned, written.Assigned...)
}

// madeOnce is the struct's literal that a variable is given, whatever is read into it later; nil where it is given several things.
func (b *builder) madeOnce(s *source, e ast.Expr) (*ast.CompositeLit, *source) {
	var literal *ast.CompositeLit
	if id, is := e.(*ast.Ident); is {
		for _, d := range b.l.defs[s.target(id)] {
			if d.kind != assigned {
				continue
			}
			if literal != nil || d.expr == nil {
				return nil, s
			}
			if literal = structLiteral(d.expr); literal == nil || structOf(d.source.info.TypeOf(literal)) == nil {
				return nil, s
			}
			s = d.source
		}
	}
	return literal, s
}

func stripAddress(e ast.Expr) ast.Expr {
	e = ast.Unparen(e)
	if pointer, is := e.(*ast.UnaryExpr); is && pointer.Op == token.AND {
		return ast.Unparen(pointer.X)
	}
	return e
}

func structLiteral(e ast.Expr) *ast.CompositeLit {
	literal, _ := stripAddress(e).(*ast.CompositeLit)
	return literal
}
