package golang

import (
	"cmp"
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A builder of huandu/go-sqlbuilder is changed in place, and gives its text with the values of its parameters:
//
//	sb := sqlbuilder.Select("id").From("tasks")
//	sb.Where(sb.Equal("done", false)).Limit(20)
//	text, args := sb.Build()
//
// What is put into it is read as the text that it would write.

func isSqlbuilder(path string) bool { return strings.HasSuffix(path, "huandu/go-sqlbuilder") }

// ofSqlbuilder reports whether an expression is such a builder, by its type, or by what it begins with where the library is not at hand.
func (l *lifter) ofSqlbuilder(s *source, e ast.Expr, depth int) bool {
	if t := typeOr(s.info.TypeOf(e)); t != types.Typ[types.Invalid] || depth > 6 {
		return isSqlbuilder(namedPath(t))
	}
	switch begin := ast.Unparen(root(e)).(type) {
	case *ast.SelectorExpr:
		return begin != e && l.ofSqlbuilder(s, begin, depth+1) || isSqlbuilder(s.packageOf(rootOf(begin)))
	case *ast.Ident:
		object := s.target(begin)
		return isSqlbuilder(s.packageOf(begin)) || object != nil && slices.ContainsFunc(l.defs[object], func(d def) bool {
			return d.kind == assigned && d.expr != nil && d.index < 0 && l.ofSqlbuilder(d.source, d.expr, depth+1)
		})
	}
	return false
}

// sqlbuilderClauses are the parts of a statement, in the order in which they are written, with the calls that put something there.
var sqlbuilderClauses = []struct {
	begin, between string
	calls          []string
}{
	{"SELECT ", ", ", []string{"Select", "SelectMore"}},
	{"UPDATE ", ", ", []string{"Update"}},
	{"DELETE FROM ", ", ", []string{"DeleteFrom"}},
	{"INSERT INTO ", ", ", []string{"InsertInto", "InsertIgnoreInto", "ReplaceInto"}},
	{"(", ", ", []string{"Cols"}},
	{"VALUES (", "), (", []string{"Values"}},
	{"SET ", ", ", []string{"Set", "SetMore"}},
	{"FROM ", ", ", []string{"From", "SelectFrom"}},
	{"", " ", []string{"Join", "JoinWithOption"}},
	{"WHERE ", " AND ", []string{"Where"}},
	{"GROUP BY ", ", ", []string{"GroupBy"}},
	{"HAVING ", " AND ", []string{"Having"}},
	{"ORDER BY ", ", ", []string{"OrderBy", "OrderByAsc", "OrderByDesc"}},
	{"LIMIT ", "", []string{"Limit"}},
	{"OFFSET ", "", []string{"Offset"}},
	{"FOR UPDATE", "", []string{"ForUpdate"}},
}

// builtBySqlbuilder reads the text that Build gives.
func (r *reader) builtBySqlbuilder(s *source, e *ast.CallExpr, depth int) (string, bool) {
	selector, is := ast.Unparen(e.Fun).(*ast.SelectorExpr)
	if !is || r.deep(depth) || !strings.HasPrefix(selector.Sel.Name, "Build") || !r.l.ofSqlbuilder(s, selector.X, 0) {
		return "", false
	}
	calls := r.putIntoSqlbuilder(s, selector.X, e.Pos())
	var clauses []string
	for _, clause := range sqlbuilderClauses {
		var texts []string
		for _, call := range calls {
			if !slices.Contains(clause.calls, call.name) {
				continue
			}
			for _, text := range r.sqlbuilderPart(s, call, depth+1) {
				if call.object {
					text = r.placed(s, text, call.call.Pos(), e.Pos())
				}
				texts = append(texts, text)
			}
			if clause.begin == "FROM " && call.name == "SelectFrom" {
				clauses = append(clauses, "SELECT *")
			}
		}
		if len(texts) > 0 {
			text := together(append([]string{clause.begin + texts[0]}, texts[1:]...), clause.between)
			if strings.HasSuffix(clause.begin, "(") {
				text += ")"
			}
			clauses = append(clauses, text)
		}
	}
	if len(clauses) == 0 {
		return "", false
	}
	r.collects = true
	return strings.Join(clauses, " "), true
}

// sqlbuilderCall is one call that puts something into a builder.
type sqlbuilderCall struct {
	name   string
	call   *ast.CallExpr
	object bool // a statement of its own, of a variable that holds the builder
}

// putIntoSqlbuilder are the calls that put something into a builder until a place, in their order.
func (r *reader) putIntoSqlbuilder(s *source, e ast.Expr, at token.Pos) []sqlbuilderCall {
	var out []sqlbuilderCall
	add := func(chain []step, object bool) {
		for _, step := range chain {
			out = append(out, sqlbuilderCall{step.name, step.call, object})
		}
	}
	object, is := s.target(root(e)).(*types.Var)
	if !is || object.IsField() {
		add(chained(s, e), false)
		return out
	}
	from := object.Pos() // one name serves for several builders of a function
	for i, d := range r.l.defsBefore(s, object, at) {
		if i == 0 {
			from = d.pos
		}
		if d.kind == assigned && d.expr != nil && d.source == s {
			add(chained(s, d.expr), false)
		}
	}
	around := s.topLevelAt(at)
	if around == nil {
		return out
	}
	ast.Inspect(around, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ExprStmt:
			if from < n.Pos() && n.Pos() < at && s.target(root(n.X)) == types.Object(object) {
				add(chained(s, n.X), true)
			}
		case *ast.CallExpr: // who is given the builder may put anything into it
			if from < n.Pos() && n.Pos() < at && slices.ContainsFunc(n.Args, func(arg ast.Expr) bool { return s.target(stripAddress(arg)) == types.Object(object) }) && len(r.l.static(s, n)) > 0 {
				out = append(out, sqlbuilderCall{"Where", &ast.CallExpr{Fun: n.Fun, Lparen: n.Pos(), Args: []ast.Expr{n}, Rparen: n.End() - 1}, true})
			}
		}
		return true
	})
	if _, direct := ast.Unparen(e).(*ast.Ident); !direct {
		add(chained(s, e), false)
	}
	slices.SortStableFunc(out, func(a, b sqlbuilderCall) int { return cmp.Compare(a.call.End(), b.call.End()) })
	return out
}

// sqlbuilderPart are the texts that one call puts into its clause.
func (r *reader) sqlbuilderPart(s *source, c sqlbuilderCall, depth int) []string {
	args := c.call.Args
	var out []string
	switch c.name {
	case "Join", "JoinWithOption":
		begin := "JOIN "
		if c.name == "JoinWithOption" && len(args) > 1 {
			begin, args = "LEFT JOIN ", args[1:]
		}
		if len(args) == 0 {
			return nil
		}
		for _, arg := range args[1:] {
			out = append(out, r.sqlbuilderCondition(s, arg, depth))
		}
		return []string{begin + r.read(s, args[0], depth) + " ON " + strings.Join(out, " AND ")}
	case "Limit", "Offset":
		if len(args) == 1 {
			return []string{r.sqlbuilderValue(s, args[0])}
		}
	case "Values":
		for _, arg := range args {
			out = append(out, r.sqlbuilderValue(s, arg))
		}
		return []string{strings.Join(out, ", ")}
	case "ForUpdate":
		return []string{""}
	case "Update":
		if len(args) == 2 { // of a struct: all its fields
			return []string{r.read(s, args[0], depth) + " SET " + r.open(s, args[1])}
		}
		fallthrough
	case "InsertInto", "DeleteFrom", "SelectFrom":
		if len(args) > 0 {
			return []string{r.read(s, args[0], depth)}
		}
	case "OrderByDesc":
		if len(args) == 1 {
			return []string{r.read(s, args[0], depth) + " DESC"}
		}
	default:
		for _, arg := range args {
			out = append(out, r.sqlbuilderCondition(s, arg, depth))
		}
	}
	return out
}

// sqlbuilderOperators are the conditions that a builder makes of a column and values, under all their names.
var sqlbuilderOperators = map[string]string{
	"Equal": "=", "E": "=", "EQ": "=", "NotEqual": "<>", "NE": "<>", "GreaterThan": ">", "G": ">", "GT": ">", "GreaterEqualThan": ">=", "GreaterThanOrEqualTo": ">=", "GE": ">=", "GTE": ">=",
	"LessThan": "<", "L": "<", "LT": "<", "LessEqualThan": "<=", "LessThanOrEqualTo": "<=", "LE": "<=", "LTE": "<=", "Like": "LIKE", "NotLike": "NOT LIKE", "ILike": "ILIKE", "In": "IN", "NotIn": "NOT IN",
	"Assign": "=",
}

// sqlbuilderCondition is the text of a condition, of a column that is given a value, or of anything else that stands in a clause.
func (r *reader) sqlbuilderCondition(s *source, e ast.Expr, depth int) string {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		return r.read(s, e, depth)
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is || !r.l.ofSqlbuilder(s, selector.X, 0) || len(call.Args) == 0 {
		return r.read(s, e, depth)
	}
	name := selector.Sel.Name
	switch operator := sqlbuilderOperators[name]; {
	case (name == "In" || name == "NotIn") && len(call.Args) > 1:
		text := r.read(s, call.Args[0], depth) + " " + operator + " ("
		return text + r.sqlbuilderValue(s, call.Args[1]) + ")"
	case operator != "" && len(call.Args) == 2:
		return r.read(s, call.Args[0], depth) + " " + operator + " " + r.sqlbuilderValue(s, call.Args[1])
	case name == "IsNull" || name == "IsNotNull":
		return r.read(s, call.Args[0], depth) + map[string]string{"IsNull": " IS NULL", "IsNotNull": " IS NOT NULL"}[name]
	case name == "Between" && len(call.Args) == 3:
		return r.read(s, call.Args[0], depth) + " BETWEEN " + r.sqlbuilderValue(s, call.Args[1]) + " AND " + r.sqlbuilderValue(s, call.Args[2])
	case name == "Or" || name == "And":
		var texts []string
		for _, arg := range call.Args {
			texts = append(texts, r.sqlbuilderCondition(s, arg, depth))
		}
		return "(" + strings.Join(texts, " "+strings.ToUpper(name)+" ") + ")"
	case name == "Var" || name == "Args":
		return r.sqlbuilderValue(s, call.Args[0])
	}
	return r.read(s, e, depth)
}

// sqlbuilderValue is a parameter, with the value that fills it.
func (r *reader) sqlbuilderValue(s *source, e ast.Expr) string {
	r.args = append(r.args, piece{source: s, expr: e, within: r.within})
	return "?"
}
