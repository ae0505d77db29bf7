package golang

import (
	"go/ast"
	"go/types"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Jet's statements are chains in the words of SQL, on tables and columns that jet has written of a schema: SELECT(Users.AllColumns).FROM(Users).
// WHERE(Users.ID.EQ(Int(id))).QueryContext(ctx, db, &dest). What it wrote says how they are called; where that is not at hand, as it is made when the
// code is built, their names in the code do.

func isJet(path string) bool { return strings.HasPrefix(path, "github.com/go-jet/jet") }

// jetTerminals are the methods that send a statement.
var jetTerminals = map[string]bool{"Query": true, "QueryContext": true, "Exec": true, "ExecContext": true, "Rows": true}

// jetBegins are the functions and methods of tables that begin a statement, with what it does.
var jetBegins = map[string]facts.Verb{
	"SELECT": facts.Select, "INSERT": facts.Insert, "UPDATE": facts.Update, "DELETE": facts.Delete, "WITH": facts.Select, "WITH_RECURSIVE": facts.Select,
	"UNION": facts.Select, "UNION_ALL": facts.Select, "INTERSECT": facts.Select, "RawStatement": facts.Other,
}

// importsJet reports whether a package knows jet.
func (s *source) importsJet() bool {
	if s.jet == nil {
		is := slices.ContainsFunc(s.files, func(file *ast.File) bool {
			return slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return isJet(strings.Trim(i.Path.Value, "\"`")) })
		})
		s.jet = &is
	}
	return *s.jet
}

// jetSpec recognises a call that sends a statement of jet's.
func (l *lifter) jetSpec(s *source, call *ast.CallExpr, selector *ast.SelectorExpr) (querySpec, bool) {
	if !jetTerminals[selector.Sel.Name] || len(call.Args) == 0 || !s.importsJet() {
		return querySpec{}, false
	}
	if path := namedPath(typeOr(s.info.TypeOf(selector.X))); path != "" && !isJet(path) {
		return querySpec{}, false
	}
	if steps := l.jetSteps(s, selector.X, 0); !slices.ContainsFunc(steps, func(s step) bool { return jetBegins[s.name] != "" }) {
		return querySpec{}, false
	}
	spec := querySpec{library: "jet", text: -1, args: len(call.Args), ctx: contextIndex(s, call), pos: selector}
	if strings.HasSuffix(selector.Sel.Name, "Context") {
		spec.ctx = 0 // its type may not be at hand
	}
	if strings.HasPrefix(selector.Sel.Name, "Query") {
		into := typeOr(s.info.TypeOf(call.Args[len(call.Args)-1]))
		if pointer, is := into.Underlying().(*types.Pointer); is {
			_, several := pointer.Elem().Underlying().(*types.Slice)
			spec.one = !several
		}
	}
	return spec, true
}

// jetSteps follows a chain back to where it begins, through variables that hold its middle and functions of the code that make it.
func (l *lifter) jetSteps(s *source, e ast.Expr, depth int) []step {
	if depth > 6 {
		return nil
	}
	switch e := ast.Unparen(e).(type) {
	case *ast.CallExpr:
		if made := l.static(s, e); len(made) == 1 {
			return l.jetStepsWithin(s, e, made[0], depth)
		}
		switch fun := ast.Unparen(e.Fun).(type) {
		case *ast.Ident: // of a package whose names stand for themselves: SELECT(…)
			return []step{{name: fun.Name, call: e, source: s}}
		case *ast.SelectorExpr:
			return append(l.jetSteps(s, fun.X, depth), step{name: fun.Sel.Name, call: e, source: s})
		}
	case *ast.Ident:
		object := s.target(e)
		v, is := object.(*types.Var)
		if _, isTable := l.jetTableOf(s, e); !is || v.IsField() || isTable {
			return nil
		}
		var out []step
		begun := l.begunAnew(s, e, object)
		for i, d := range l.defs[object] {
			if i > 12 || d.source != s || d.kind != assigned || d.index > 0 || d.expr == nil || begun.IsValid() && d.pos < begun || d.pos > e.Pos() && d.loop == nil {
				continue
			}
			if root := jetRoot(d.expr); root != nil && s.target(root) == object { // stmt = stmt.WHERE(…)
				added := chained(s, d.expr)
				for i := range added {
					added[i].maybe = s.sometimes(d.pos, e.Pos())
				}
				out = append(out, added...)
				continue
			}
			out = append(out, l.jetSteps(d.source, d.expr, depth+1)...)
		}
		return out
	}
	return nil
}

// jetStepsWithin are those of the statement that a function of the code answers with, of its one way to do so, behind those of one that it is given.
func (l *lifter) jetStepsWithin(s *source, call *ast.CallExpr, f *function, depth int) []step {
	var out []step
	for _, arg := range call.Args {
		if path, name := namedType(typeOr(s.info.TypeOf(arg))); isJet(path) && strings.HasSuffix(name, "Statement") {
			out = append(out, l.jetSteps(s, arg, depth+1)...)
			out = append(out, step{call: call, source: s, unread: true})
		}
	}
	if returns := f.returns(); len(returns) > 0 && len(returns[len(returns)-1].Results) > 0 {
		out = append(out, withGiven(l.jetSteps(f.source, returns[len(returns)-1].Results[0], depth+1), given{s, call, f})...)
	}
	return out
}

// jetRoot is the name that a chain of calls begins with; nil for another beginning.
func jetRoot(e ast.Expr) *ast.Ident {
	id, _ := ast.Unparen(root(e)).(*ast.Ident)
	return id
}

// jet reads a statement of jet's.
func (l *lifter) jet(at work, spec querySpec, q *facts.Query) {
	q.Chain = text(at.call)
	j := &jetReader{b: &builder{l: l, q: q, out: &facts.Statement{Verb: facts.Select}, library: "jet", at: at}}
	steps := l.jetSteps(at.source, spec.pos.X, 0)
	for _, s := range steps {
		if verb := jetBegins[s.name]; verb != "" {
			j.b.out.Verb = verb
		}
	}
	for _, s := range steps {
		if s.unread {
			j.unread()
			continue
		}
		before := len(j.b.out.Predicates)
		j.step(s)
		for i := before; i < len(j.b.out.Predicates) && s.maybe; i++ {
			j.b.out.Predicates[i].Optional = true
		}
	}
	for _, selected := range j.columns {
		if selected.Table == j.b.tableName() {
			j.b.out.Columns = append(j.b.out.Columns, selected.Column)
		}
	}
	if j.b.out.Verb == facts.Other || len(j.b.out.Tables) == 0 {
		q.Limit = j.b.out.LimitArg
		return
	}
	q.Statement = j.b.out
	if j.b.reckons {
		q.One, j.b.out.Limit = false, ""
		j.b.out.Grouped = true
	}
}

// jetReader makes a statement of the steps of a chain of jet's.
type jetReader struct {
	b       *builder
	columns []facts.Predicate // that are selected, of whatever table
}

func (j *jetReader) unread() { j.b.out.Nested, j.b.out.Unread = true, true }

func (j *jetReader) step(s step) {
	b, args := j.b, s.call.Args
	if jetBegins[s.name] != "" {
		if selector, is := ast.Unparen(s.call.Fun).(*ast.SelectorExpr); is {
			if table, known := b.l.jetTableOf(s.source, selector.X); known {
				b.use(table.name)
			}
		}
	}
	switch s.name {
	case "SELECT":
		for _, arg := range args {
			j.selected(s, arg)
		}
	case "INSERT", "UPDATE":
		for _, arg := range args {
			if column := j.column(s.source, arg); column != "" {
				b.out.Sets = append(b.out.Sets, column)
			} else {
				b.out.Sets = append(b.out.Sets, "*") // a list of columns
			}
		}
	case "WITH", "WITH_RECURSIVE", "UNION", "UNION_ALL", "INTERSECT", "EXCEPT", "QUERY", "USING":
		b.out.Nested = true
	case "FROM":
		for i, arg := range args {
			b.out.Nested = b.out.Nested || i > 0
			j.from(s.source, arg)
		}
	case "WHERE":
		for _, arg := range args {
			j.condition(s.source, arg, false, 0)
		}
	case "HAVING", "GROUP_BY":
		b.out.Grouped = true
	case "ORDER_BY":
		b.q.Sorts = true
		for _, arg := range args {
			j.order(s.source, arg)
		}
		b.out.Unread = b.out.Unread || s.call.Ellipsis.IsValid() && b.out.Nested
	case "LIMIT":
		if len(args) == 1 {
			v := b.l.value(s.source, args[0])
			b.out.Limit, b.out.LimitArg = v.Text, &v
			b.limitOver(s)
		}
	case "OFFSET":
		b.out.Offset = true
	case "FOR":
		b.out.Locks = b.out.Locks || strings.Contains(text(s.call), "UPDATE")
	case "VALUES", "MODEL", "MODELS":
		for _, arg := range args {
			b.q.Args = append(b.q.Args, b.l.value(s.source, arg))
		}
	case "ON_CONFLICT", "ON_DUPLICATE_KEY_UPDATE":
		b.out.OnConflict = true
	case "SET":
		if b.out.Verb == facts.Update {
			j.set(s.source, args)
		}
	case "RawStatement":
		if len(args) > 0 {
			probe := &facts.Query{}
			read := b.l.readText(s.source, args[0], probe)
			b.q.Text, b.q.Dynamic = probe.Text, append(b.q.Dynamic, probe.Dynamic...)
			b.l.note(b.q, read)
		}
	}
}

// selected reads what stands behind SELECT: columns, or what is reckoned of rows.
func (j *jetReader) selected(s step, e ast.Expr) {
	b := j.b
	if column := j.column(s.source, e); column != "" {
		j.columns = append(j.columns, facts.Predicate{Table: j.tableOfColumn(s.source, e), Column: column})
	}
	ast.Inspect(e, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		switch name := calledName(call); name {
		case "COUNT", "EXISTS":
			b.out.Aggregate = true
		case "MAX", "MIN", "SUM", "AVG", "MAXi", "MINi", "SUMi", "MAXf", "MINf", "SUMf":
			b.reckons = true
		case "OVER": // beside each row
			return false
		case "SELECT":
			b.out.Nested = true
			return false
		}
		return true
	})
	j.raw(s.source, e)
}

// raw reads the texts that an expression puts into the statement as they are: RawString("now()").
func (j *jetReader) raw(s *source, e ast.Expr) (found bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if is && len(call.Args) > 0 && strings.HasPrefix(calledName(call), "Raw") && j.ofJet(s, call) {
			j.b.text(step{source: s}, call.Args[0])
			found = true
		}
		return true
	})
	return found
}

// ofJet reports whether a call is of a function of jet's own, be its name written alone.
func (j *jetReader) ofJet(s *source, call *ast.CallExpr) bool {
	switch fun := ast.Unparen(call.Fun).(type) {
	case *ast.Ident:
		object := s.info.Uses[fun]
		return object == nil || object.Pkg() != nil && isJet(object.Pkg().Path())
	case *ast.SelectorExpr:
		return isJet(s.packageOf(fun.X))
	}
	return false
}

// from reads the tables of FROM: one, and those that are joined to it.
func (j *jetReader) from(s *source, e ast.Expr) {
	b := j.b
	if table, known := b.l.jetTableOf(s, e); known {
		b.use(table.name)
		return
	}
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		if d, once := b.l.setOnce(s, e); once && d.index <= 0 && d.expr != nil {
			j.from(d.source, d.expr)
			return
		}
		b.out.Nested = true
		return
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if is && strings.HasSuffix(selector.Sel.Name, "_JOIN") {
		j.from(s, selector.X)
	}
	b.out.Nested = true
}

func (j *jetReader) order(s *source, e ast.Expr) {
	descending := false
	if call, is := ast.Unparen(e).(*ast.CallExpr); is {
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		if !is || selector.Sel.Name != "ASC" && selector.Sel.Name != "DESC" {
			j.raw(s, e)
			return
		}
		e, descending = selector.X, selector.Sel.Name == "DESC"
	}
	if column := j.column(s, e); column != "" {
		j.b.out.Order = append(j.b.out.Order, facts.OrderPart{Table: j.tableOfColumn(s, e), Column: column, Descending: descending})
		return
	}
	j.raw(s, e)
}

var jetOperators = map[string]string{
	"EQ": "=", "NOT_EQ": "<>", "GT": ">", "GT_EQ": ">=", "LT": "<", "LT_EQ": "<=", "LIKE": "LIKE", "NOT_LIKE": "NOT LIKE", "IN": "IN", "NOT_IN": "NOT IN", "BETWEEN": ">=",
	"IS_NULL": "IS NULL", "IS_NOT_NULL": "IS NOT NULL", "IS_TRUE": "=", "IS_FALSE": "=",
}

// condition reads one condition.
func (j *jetReader) condition(s *source, e ast.Expr, disjoint bool, depth int) {
	b := j.b
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		j.held(s, e, disjoint, depth)
		return
	}
	name := calledName(call)
	selector, isSelector := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	own := j.ofJet(s, call)
	switch {
	case own && (name == "AND" || name == "OR"):
		b.out.Nested = b.out.Nested || name == "OR"
		for _, arg := range call.Args {
			j.condition(s, arg, disjoint || name == "OR" && len(call.Args) > 1, depth)
		}
		if call.Ellipsis.IsValid() {
			j.unread()
		}
		return
	case own && name == "Bool", own && name == "NOT":
		b.out.Nested = b.out.Nested || name == "NOT"
		return
	case !own && isSelector && (name == "AND" || name == "OR"):
		j.condition(s, selector.X, disjoint || name == "OR", depth)
		for _, arg := range call.Args {
			j.condition(s, arg, disjoint || name == "OR", depth)
		}
		b.out.Nested = b.out.Nested || name == "OR"
		return
	case isSelector && jetOperators[name] != "":
		if column := j.column(s, selector.X); column != "" {
			j.predicate(s, selector.X, column, jetOperators[name], call, disjoint)
			return
		}
	}
	if !j.raw(s, e) || !own {
		b.out.Unread = true
	}
	b.out.Nested = true
	b.q.Args = append(b.q.Args, b.l.value(s, e))
}

func (j *jetReader) predicate(s *source, of ast.Expr, column, operator string, call *ast.CallExpr, disjoint bool) {
	b := j.b
	p := facts.Predicate{Table: j.tableOfColumn(s, of), Column: column, Operator: operator, Disjoint: disjoint}
	if len(call.Args) > 0 {
		given := j.given(s, call.Args[0])
		if j.column(s, given) != "" {
			b.out.Nested = true // a condition that joins
			return
		}
		if inner, is := ast.Unparen(given).(*ast.CallExpr); is && slices.ContainsFunc(chained(s, inner), func(s step) bool { return s.name == "FROM" }) {
			b.out.Nested = true
			return
		}
		v := b.l.value(s, given)
		if call.Ellipsis.IsValid() {
			v.Kind = "list"
		}
		b.q.Args = append(b.q.Args, v)
		p.Arg = &v
	}
	b.out.Predicates = append(b.out.Predicates, p)
}

// given is what a value of jet's is made of: id in Int64(id).
func (j *jetReader) given(s *source, e ast.Expr) ast.Expr {
	for range 3 {
		call, is := ast.Unparen(e).(*ast.CallExpr)
		if !is || len(call.Args) != 1 || !j.ofJet(s, call) || strings.HasPrefix(calledName(call), "Raw") {
			return e
		}
		e = call.Args[0]
	}
	return e
}

// held reads a condition that a variable of the function holds, which more are put beside: where = where.AND(…).
func (j *jetReader) held(s *source, e ast.Expr, disjoint bool, depth int) {
	b := j.b
	object, is := s.target(e).(*types.Var)
	if is && isNamedColumn(object.Type()) {
		if column := j.column(s, e); column != "" {
			b.out.Predicates = append(b.out.Predicates, facts.Predicate{Table: j.tableOfColumn(s, e), Column: column, Operator: "=", Disjoint: disjoint})
			return
		}
	}
	if _, _, given := b.l.parameter(object); !is || object.IsField() || given || depth > 3 || len(b.l.defs[object]) == 0 {
		j.unread()
		return
	}
	for _, d := range b.l.defs[object] {
		if d.expr == nil || d.source != s || d.kind != assigned || d.pos > e.Pos() && d.loop == nil {
			continue
		}
		before := len(b.out.Predicates)
		if of := jetRoot(d.expr); of != nil && s.target(of) == types.Object(object) {
			for _, added := range chained(s, d.expr) {
				b.out.Nested = b.out.Nested || added.name != "AND"
				for _, arg := range added.call.Args {
					j.condition(s, arg, disjoint || added.name == "OR", depth+1)
				}
			}
		} else {
			j.condition(s, d.expr, disjoint, depth+1)
		}
		maybe := s.sometimes(d.pos, e.Pos())
		for i := before; i < len(b.out.Predicates) && maybe; i++ {
			b.out.Predicates[i].Optional = true
		}
	}
}

// set reads what an update gives its columns: Users.Name.SET(String(name)), or the values of those that stand behind UPDATE.
func (j *jetReader) set(s *source, args []ast.Expr) {
	b := j.b
	listed := slices.Clone(b.out.Sets)
	for i, arg := range args {
		call, is := ast.Unparen(arg).(*ast.CallExpr)
		if is && calledName(call) == "SET" && len(call.Args) == 1 {
			if selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr); is {
				j.assign(s, j.column(s, selector.X), call.Args[0], true)
				continue
			}
		}
		if i < len(listed) {
			j.assign(s, listed[i], arg, false)
		}
	}
}

func (j *jetReader) assign(s *source, column string, e ast.Expr, sets bool) {
	b := j.b
	if sets {
		b.out.Sets = append(b.out.Sets, column)
	}
	reckoned := false
	ast.Inspect(e, func(n ast.Node) bool { // hits.SET(hits.ADD(Int(1)))
		of, is := n.(ast.Expr)
		reckoned = reckoned || is && column != "" && j.column(s, of) == column
		return !reckoned
	})
	if reckoned {
		b.out.Self = append(b.out.Self, column)
		return
	}
	v := b.l.value(s, j.given(s, e))
	b.q.Args = append(b.q.Args, v)
	b.out.Assigned = append(b.out.Assigned, facts.Assignment{Column: column, Arg: &v})
}

func isNamedColumn(t types.Type) bool {
	path, name := namedType(typeOr(t))
	return isJet(path) && strings.HasPrefix(name, "Column") && name != "ColumnList"
}

// column is the column that an expression names: Users.Email; "" for none.
func (j *jetReader) column(s *source, e ast.Expr) string {
	selector, is := ast.Unparen(e).(*ast.SelectorExpr)
	if !is {
		return ""
	}
	table, known := j.b.l.jetTableOf(s, selector.X)
	switch name := selector.Sel.Name; {
	case !known, name == "AllColumns", name == "MutableColumns", name == "DefaultColumns":
		return ""
	case table.columns[name] != "":
		return table.columns[name]
	default:
		return facts.Snake(name)
	}
}

// tableOfColumn is the table of a column that an expression names.
func (j *jetReader) tableOfColumn(s *source, e ast.Expr) string {
	if selector, is := ast.Unparen(e).(*ast.SelectorExpr); is {
		if table, known := j.b.l.jetTableOf(s, selector.X); known {
			return table.name
		}
	}
	return ""
}
