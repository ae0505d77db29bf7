package golang

import (
	"go/ast"
	"go/token"
	"go/types"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/lift/sql"
)

// step is one call of a builder's chain, in the order in which they run.
type step struct {
	name   string
	call   *ast.CallExpr
	source *source
	within []given
	maybe  bool // stands behind a condition behind which the chain is not sent
}

// given is a call of a function of the code whose steps are part of a chain: what it is given stands for the parameters.
type given struct {
	source *source
	call   *ast.CallExpr
	callee *function
}

// steps follows a chain back to where it begins, through variables that hold its middle.
func (l *lifter) steps(s *source, e ast.Expr, depth int) []step {
	if depth > 8 {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr)
		if l.isChain(s, e) {
			if made := l.static(s, e); len(made) == 1 && !made[0].source.generatedByEnt() {
				return l.stepsWithin(s, e, made[0], depth)
			}
		}
		if !is {
			return nil
		}
		return append(l.steps(s, selector.X, depth), step{name: selector.Sel.Name, call: e, source: s})
	case *ast.Ident:
		object := s.target(e)
		if object == nil {
			return nil
		}
		var out []step
		for i, d := range l.defs[object] {
			if d.kind != assigned || d.index > 0 || d.expr == nil || i > 8 {
				continue
			}
			if call, is := ast.Unparen(d.expr).(*ast.CallExpr); is {
				if d.index == 0 && calledName(call) == "ToSql" {
					continue
				}
				if object == d.source.target(root(call)) {
					added := chained(d.source, call) // q = q.Where(…): only what is new
					if d.source.sometimes(d.pos, e.Pos()) {
						for i := range added {
							added[i].maybe = true
						}
					}
					out = append(out, added...)
					continue
				}
				out = append(out, l.steps(d.source, call, depth+1)...)
			}
		}
		// session.Where(…) as a statement of its own, on a builder that changes in place
		return append(out, l.inPlace[object]...)
	}
	return nil
}

// sometimes reports whether a place stands behind a condition, of an if or a switch, behind which another does not stand.
func (s *source) sometimes(at, other token.Pos) bool {
	i := slices.IndexFunc(s.files, func(f *ast.File) bool { return f.FileStart <= at && at < f.FileEnd })
	if i < 0 {
		return false
	}
	around := place{s, s.files[i]}.around(at)
	if around == nil {
		return false
	}
	found := false
	apart := func(n ast.Node) {
		found = found || n.Pos() <= at && at <= n.End() && (other < n.Pos() || n.End() < other)
	}
	ast.Inspect(around, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.IfStmt:
			apart(n.Body)
			if n.Else != nil {
				apart(n.Else)
			}
		case *ast.CaseClause:
			apart(n)
		}
		return !found
	})
	return found
}

// stepsWithin are those of a function of the code that gives back a builder: of one that it is given, and what it puts behind it.
func (l *lifter) stepsWithin(s *source, call *ast.CallExpr, f *function, depth int) []step {
	var out []step
	for _, arg := range call.Args {
		if l.isChain(s, arg) {
			out = append(out, l.steps(s, arg, depth+1)...)
		}
	}
	return append(out, withGiven(l.stepsReturned(f, depth), given{s, call, f})...)
}

func withGiven(steps []step, by given) []step {
	out := slices.Clone(steps)
	for i := range out {
		out[i].within = append(slices.Clip(out[i].within), by)
	}
	return out
}

// replaced are the origins of a value within functions that build a chain, with what they are given for their parameters. Which of a
// list of steps, or of values of any type, holds what the code puts into the text is not known.
func (l *lifter) replaced(origins []facts.Origin, within []given) []facts.Origin {
	for _, by := range within {
		w := &walk{l: l, seen: map[types.Object]bool{}, budget: 400}
		var out []facts.Origin
		for _, o := range origins {
			if o.Kind != facts.FromParam || o.Function != by.callee.fact {
				out = append(out, o)
				continue
			}
			if o.Index >= 0 && l.holdsSeveral(by.callee, o.Index) {
				out = append(out, facts.Origin{Kind: facts.FromUnknown})
				continue
			}
			for _, origin := range w.argument(by.source, by.call, by.callee, o.Index) {
				origin.Number, origin.Bounded = origin.Number || o.Number, origin.Bounded || o.Bounded
				if o.Checked {
					origin = allowed(origin)
				}
				out = append(out, origin)
			}
		}
		origins = compact(out)
	}
	return origins
}

// holdsSeveral reports whether a parameter is a list, or of an interface that is no request.
func (l *lifter) holdsSeveral(f *function, index int) bool {
	if index >= len(f.params) || f.params[index] == nil {
		return true
	}
	switch t := f.params[index].Type(); t.Underlying().(type) {
	case *types.Slice, *types.Interface, *types.Map:
		return !l.isRequest(t)
	}
	return false
}

// stepsReturned are those of the chain that a function of the code gives back, of its longest way.
func (l *lifter) stepsReturned(f *function, depth int) []step {
	var longest []step
	for _, n := range f.returns() {
		if len(n.Results) == 0 {
			continue
		}
		if steps := l.steps(f.source, n.Results[0], depth+1); len(steps) > len(longest) {
			longest = steps
		}
	}
	return longest
}

// scoped are steps with those of the functions that Scopes of GORM is given.
func (l *lifter) scoped(steps []step) []step {
	var out []step
	for _, s := range steps {
		out = append(out, s)
		if s.name != "Scopes" {
			continue
		}
		for _, arg := range s.call.Args {
			functions := l.functionsOf(s.source, arg, 0)
			if len(functions) != 1 {
				continue
			}
			scope := l.stepsReturned(functions[0], 0)
			if made, is := ast.Unparen(arg).(*ast.CallExpr); is {
				if makers := l.static(s.source, made); len(makers) == 1 {
					scope = withGiven(scope, given{s.source, made, makers[0]})
				}
			}
			for i := range scope {
				scope[i].within = append(slices.Clip(scope[i].within), s.within...)
			}
			out = append(out, scope...)
		}
	}
	return out
}

// isChain reports whether an expression is a chain of a builder that has not been sent.
func (l *lifter) isChain(s *source, e ast.Expr) bool {
	t := typeOr(s.info.TypeOf(e))
	path, name := namedType(t)
	if found, does := l.entityOf(path, name); found != nil {
		return does != "Client"
	}
	return isGorm(path) && name == "DB" || isXorm(path) && name == "Session" || l.ofSquirrel(s, e, 0)
}

// chained are the calls of an expression itself, without what they begin with.
func chained(s *source, e ast.Expr) []step {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		return nil
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is {
		return nil
	}
	return append(chained(s, selector.X), step{name: selector.Sel.Name, call: call, source: s})
}

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
		b.step(s)
		for i := known; i < len(b.out.Predicates) && s.maybe; i++ {
			b.out.Predicates[i].Optional = true
		}
		for i := before; i < len(q.Dynamic) && len(s.within) > 0; i++ {
			q.Dynamic[i].Origins = l.replaced(q.Dynamic[i].Origins, s.within)
		}
		if limit := b.out.LimitArg; limit != nil && s.name == "Limit" && len(s.within) > 0 {
			limit.Origins = l.replaced(limit.Origins, s.within)
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
	if b.reckons {
		q.One, b.out.Limit = false, ""
		b.out.Grouped = true
	}
}

// contextOfChain is the context that a chain of GORM is given on its way. One that begins at a field, and not at what a function was given or has
// made of it, has none of its own.
func (l *lifter) contextOfChain(at work, q *facts.Query, handle ast.Expr, steps []step) {
	for _, s := range steps {
		if s.name == "WithContext" && len(s.call.Args) == 1 {
			q.Context = l.value(s.source, s.call.Args[0])
			if l.isOwnContext(s.source, s.call.Args[0], 0) {
				q.Endless = facts.OwnContext
			}
			return
		}
	}
	v, is := at.target(handle).(*types.Var)
	if !is || !isGormDB(v.Type()) || !v.IsField() && (v.Pkg() == nil || v.Parent() != v.Pkg().Scope()) {
		return
	}
	for _, d := range l.defs[v] {
		if d.expr != nil && strings.Contains(text(d.expr), "WithContext") {
			return
		}
	}
	q.Endless = facts.NotGiven
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
	if table != "" && len(b.out.Tables) == 0 {
		b.out.Tables = append(b.out.Tables, facts.TableUse{Table: table, Alias: table})
	}
}

// table finds the table of a chain before its conditions are read.
func (b *builder) table(s step) {
	args := s.call.Args
	if len(args) == 0 {
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
			if t := s.source.info.TypeOf(args[1]); t != nil && isString(t) && (len(args) > 2 || constantText(s.source, args[1]) != "" || b.saysMore(s.source, args[1])) {
				b.condition(s, args[1], values(2), table, false)
			} else {
				if t != nil && isString(t) { // the key, or a condition where it is no number
					b.text(s, args[1])
				}
				v := values(1)
				b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: table, Column: "id", Operator: "=", Arg: &v[0]})
			}
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
		b.out.Sets = append(b.out.Sets, "*")
		b.q.Args = append(b.q.Args, values(0)...)
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
			if t := s.source.info.TypeOf(args[1]); t != nil && isString(t) && (len(args) > 2 || constantText(s.source, args[1]) != "" || b.saysMore(s.source, args[1])) {
				b.condition(s, args[1], values(2), table, false)
			} else {
				if t != nil && isString(t) { // the key, or a condition where it is no number
					b.text(s, args[1])
				}
				v := values(1)
				b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: table, Column: "id", Operator: "=", Arg: &v[0]})
			}
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
		b.l.readText(s.source, e, probe)
		b.q.Dynamic = append(b.q.Dynamic, probe.Dynamic...)
		if probe.Text == "" && len(probe.Dynamic) > 0 {
			b.out.Nested, b.out.Unread = true, true
		}
		predicates := sql.Conditions(probe.Text, table, args)
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

// gormSets reads the columns that gorm is told to write: Update("points", value), or Updates of a map or a struct. It reports whether
// that says them.
func (b *builder) gormSets(s step) bool {
	args := s.call.Args
	if len(args) == 2 {
		name := column(constantText(s.source, args[0]))
		if name != "" {
			b.assign(s.source, name, args[1])
		}
		return name != ""
	}
	if len(args) != 1 {
		return false
	}
	literal, in := b.literalOf(s.source, args[0])
	if literal == nil || len(literal.Elts) == 0 {
		return false
	}
	named := structOf(in.info.TypeOf(literal))
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			return false
		}
		name := column(constantText(in, pair.Key))
		if field, is := pair.Key.(*ast.Ident); is && named != nil {
			name = columnName(in, named, field)
		}
		b.assign(in, name, pair.Value)
	}
	return true
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

// quotesNames reports whether gorm quotes whatever names stand in a part of a statement: it does so with the columns of its clauses,
// unless one is said to be raw.
func (l *lifter) quotesNames(s *source, e ast.Expr, depth int) bool {
	path, name := namedType(typeOr(s.info.TypeOf(e)))
	if path != "gorm.io/gorm/clause" || name == "Expr" || name == "NamedExpr" || depth > 4 {
		return false
	}
	if object, is := s.target(e).(*types.Var); is {
		return !slices.ContainsFunc(l.defs[object], func(d def) bool {
			return d.kind == assigned && d.expr != nil && d.index < 0 && !l.quotesNames(d.source, d.expr, depth+1)
		})
	}
	raw := false
	ast.Inspect(e, func(n ast.Node) bool {
		if pair, is := n.(*ast.KeyValueExpr); is {
			key := text(pair.Key)
			raw = raw || key == "Raw" && text(pair.Value) != "false" || key == "Expression" && !l.quotesNames(s, pair.Value, depth+1)
		}
		return !raw
	})
	return !raw
}

// beans reads the conditions of xorm's values from an argument on.
func (b *builder) beans(s step, from int, table string) {
	if b.library != "xorm" {
		return
	}
	for _, arg := range s.call.Args[min(from, len(s.call.Args)):] {
		b.bean(s, arg, table)
	}
}

// bean reads the conditions that xorm takes from the fields of a value that are set.
func (b *builder) bean(s step, e ast.Expr, table string) {
	literal := structLiteral(e)
	if literal == nil {
		literal, s.source = b.madeOnce(s.source, stripAddress(e))
	}
	if literal != nil && len(literal.Elts) > 0 {
		b.condition(s, literal, nil, table, false)
	}
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

// keyed reads the key that is set in the struct that gorm reads a row into, and by which it finds the row.
func (b *builder) keyed(s *source, e ast.Expr, table string) {
	literal := structLiteral(e)
	if literal == nil {
		literal, s = b.madeOnce(s, stripAddress(e))
	}
	if literal == nil {
		return
	}
	for _, element := range literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			return
		}
		named := structOf(s.info.TypeOf(literal))
		if id, is := pair.Key.(*ast.Ident); is && named != nil && isGormKey(named.Underlying().(*types.Struct), id.Name) {
			v := b.l.value(s, pair.Value)
			b.q.Args = append(b.q.Args, v)
			b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: table, Column: columnName(s, named, id), Operator: "=", Arg: &v})
		}
	}
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

// isGormKey reports whether a field is of the key of its struct: by its tag, else ID.
func isGormKey(structure *types.Struct, name string) bool {
	tagged := false
	for i := range structure.NumFields() {
		tag := strings.ToLower(strings.ReplaceAll(reflect.StructTag(structure.Tag(i)).Get("gorm"), "_", ""))
		if !slices.ContainsFunc(strings.Split(tag, ";"), func(part string) bool { return strings.HasPrefix(strings.TrimSpace(part), "primarykey") }) {
			continue
		}
		if tagged = true; structure.Field(i).Name() == name {
			return true
		}
	}
	return !tagged && name == "ID"
}
