package golang

import (
	"go/ast"
	"go/types"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// boilerQuery reads the parts that a query is made of.
func (b *builder) boilerQuery(s *source, e ast.Expr) {
	in, begin := b.l.boilerBegin(s, e)
	if begin == nil {
		b.out.Nested, b.out.Unread = true, true // a function is given it
		return
	}
	if callees := b.l.static(in, begin); len(callees) == 1 && callees[0].source.generatedByBoiler() {
		if callees[0].recv != nil {
			b.boilerEdge(in, begin, callees[0])
		}
	} else if len(callees) > 0 {
		b.out.Nested, b.out.Unread = true, true // a function of the code makes it
		return
	} else if len(b.out.Tables) == 0 && b.l.boiledElsewhere(in, begin) != nil {
		b.use(facts.Snake(calledName(begin)))
	}
	if calledName(begin) == "NewQuery" {
		b.out.Nested = true
	}
	b.boilerParts(in, begin.Args, begin.Ellipsis.IsValid(), false, false, 0)
}

// boilerEdge reads what leads from a row to others: user.Posts(), whose rows have its key. With a table between them nothing is known.
func (b *builder) boilerEdge(s *source, begin *ast.CallExpr, written *function) {
	selector, is := ast.Unparen(begin.Fun).(*ast.SelectorExpr)
	if !is {
		return
	}
	row := b.l.value(s, selector.X)
	b.q.Args = append(b.q.Args, row)
	ast.Inspect(written.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		switch calledName(call) {
		case "Where":
			if len(call.Args) == 2 {
				b.condition(step{source: written.source}, call.Args[0], []facts.Value{row}, b.tableName(), false)
			}
		case "InnerJoin":
			b.out.Nested = true
		}
		return true
	})
}

func (b *builder) tableName() string {
	if len(b.out.Tables) == 0 {
		return ""
	}
	return b.out.Tables[0].Table
}

// boilerParts reads parts of a statement, the last a list of them where they are spread.
func (b *builder) boilerParts(s *source, parts []ast.Expr, spread, maybe, disjoint bool, depth int) {
	for i, part := range parts {
		before := len(b.out.Predicates)
		if spread && i == len(parts)-1 {
			b.boilerList(s, part, depth)
		} else {
			b.boilerPart(s, part, disjoint, depth)
		}
		for i := before; i < len(b.out.Predicates) && maybe; i++ {
			b.out.Predicates[i].Optional = true
		}
	}
}

// boilerList reads a list of parts that a variable of the function holds.
func (b *builder) boilerList(s *source, e ast.Expr, depth int) {
	if literal, is := ast.Unparen(e).(*ast.CompositeLit); is {
		b.boilerParts(s, literal.Elts, false, false, false, depth+1)
		return
	}
	object, is := s.target(e).(*types.Var)
	if _, _, given := b.l.parameter(object); !is || object.IsField() || given || depth > 3 || len(b.l.defs[object]) == 0 {
		b.out.Nested, b.out.Unread = true, true
		return
	}
	for _, d := range b.l.defs[object] {
		if d.expr == nil || d.source != s || d.kind != assigned || d.pos > e.Pos() && d.loop == nil {
			continue
		}
		maybe := s.sometimes(d.pos, e.Pos())
		switch expr := ast.Unparen(d.expr).(type) {
		case *ast.CompositeLit:
			b.boilerParts(s, expr.Elts, false, maybe, false, depth+1)
		case *ast.CallExpr:
			switch calledName(expr) {
			case "append":
				b.boilerParts(s, expr.Args[1:], expr.Ellipsis.IsValid(), maybe, false, depth+1)
			case "make":
			default:
				b.out.Nested, b.out.Unread = true, true
			}
		default:
			b.out.Nested, b.out.Unread = true, true
		}
	}
}

// boilerOperators are the methods of the fields that sqlboiler writes for conditions: models.UserWhere.Email.EQ(e).
var boilerOperators = map[string]string{
	"EQ": "=", "NEQ": "<>", "GT": ">", "GTE": ">=", "LT": "<", "LTE": "<=", "IN": "IN", "NIN": "NOT IN", "LIKE": "LIKE", "NLIKE": "NOT LIKE", "ILIKE": "ILIKE", "SIMILAR": "SIMILAR",
	"IsNull": "IS NULL", "IsNotNull": "IS NOT NULL",
}

// boilerPart reads one part of a statement.
func (b *builder) boilerPart(s *source, e ast.Expr, disjoint bool, depth int) {
	call, is := ast.Unparen(e).(*ast.CallExpr)
	if !is {
		if d, once := b.l.setOnce(s, e); once && d.index <= 0 && depth < 4 {
			b.boilerPart(d.source, d.expr, disjoint, depth+1)
			return
		}
		b.boilerOneOf(s, e, depth)
		return
	}
	selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !is {
		b.out.Nested, b.out.Unread = true, true
		return
	}
	if !isBoiler(s.packageOf(selector.X), "queries/qm") {
		if of, isField := ast.Unparen(selector.X).(*ast.SelectorExpr); isField && boilerOperators[selector.Sel.Name] != "" {
			b.boilerField(s, of, boilerOperators[selector.Sel.Name], call.Args, disjoint)
			return
		}
		b.out.Nested, b.out.Unread = true, true // a function of the code
		return
	}
	args := call.Args
	values := func(from int) []facts.Value {
		var out []facts.Value
		for _, arg := range args[min(from, len(args)):] {
			out = append(out, b.l.value(s, arg))
		}
		if n := len(out); n > 0 && call.Ellipsis.IsValid() {
			out[n-1].Kind = ""
		}
		return out
	}
	at, table := step{name: selector.Sel.Name, call: call, source: s}, b.tableName()
	switch selector.Sel.Name {
	case "Where", "And", "WhereIn", "AndIn", "WhereNotIn", "AndNotIn", "Having":
		if len(args) > 0 {
			b.condition(at, args[0], values(1), table, disjoint)
		}
	case "Or", "OrIn", "OrNotIn":
		b.out.Nested = true
		if len(args) > 0 {
			b.condition(at, args[0], values(1), table, true)
		}
	case "Or2":
		b.out.Nested = true
		b.boilerParts(s, args, false, false, true, depth+1)
	case "Expr":
		b.boilerParts(s, args, call.Ellipsis.IsValid(), false, disjoint, depth+1)
	case "OrderBy":
		if len(args) > 0 {
			b.q.Sorts = true
			for _, part := range strings.Split(b.text(at, args[0]), ",") {
				if words := strings.Fields(part); len(words) > 0 && words[0] != hole {
					b.out.Order = append(b.out.Order, facts.OrderPart{Table: table, Column: column(strings.Trim(words[0], "`\"")), Descending: len(words) > 1 && strings.EqualFold(words[1], "desc")})
				}
			}
		}
	case "Limit":
		if v := values(0); len(v) == 1 {
			b.out.Limit, b.out.LimitArg = v[0].Text, &v[0]
			b.limitOver(at)
		}
	case "Offset":
		b.out.Offset = true
	case "For":
		b.out.Locks = b.out.Locks || len(args) == 1 && strings.Contains(strings.ToLower(constantText(s, args[0])), "update")
	case "GroupBy":
		b.out.Grouped = true
		b.text(at, args[0])
	case "Select":
		for _, arg := range args {
			said := b.text(at, arg)
			b.out.Columns = append(b.out.Columns, column(said))
			b.reckons = b.reckons || reckoning.MatchString(said)
			b.out.Aggregate = b.out.Aggregate || counting.MatchString(said)
		}
		b.q.Mapped = false
	case "From":
		b.out.Nested = b.out.Nested || len(b.out.Tables) > 0
		if len(args) > 0 {
			b.use(strings.Trim(b.text(at, args[0]), "`\""))
		}
	case "InnerJoin", "LeftOuterJoin", "RightOuterJoin", "FullOuterJoin", "With", "SQL":
		b.out.Nested = true
		b.out.Unread = b.out.Unread || selector.Sel.Name == "SQL"
		if len(args) > 0 {
			b.text(at, args[0])
			b.q.Args = append(b.q.Args, values(1)...)
		}
	case "Load", "WithDeleted", "Distinct", "Comment", "Rels":
	default:
		b.out.Nested, b.out.Unread = true, true
	}
}

// boilerOneOf reads a part that a variable of the function holds, which is given one of several: by := qm.Where("id = ?", id).
func (b *builder) boilerOneOf(s *source, e ast.Expr, depth int) {
	b.out.Nested = true
	object, is := s.target(e).(*types.Var)
	if _, _, given := b.l.parameter(object); !is || object.IsField() || given || depth > 3 || len(b.l.defs[object]) == 0 {
		b.out.Unread = true
		return
	}
	for _, d := range b.l.defs[object] {
		if d.expr != nil && d.source == s && d.kind == assigned && d.index <= 0 {
			b.boilerPart(s, d.expr, true, depth+1)
		}
	}
}

// boilerField reads a condition on a field: models.UserWhere.Email.EQ(e), whose column the row's struct says.
func (b *builder) boilerField(s *source, field *ast.SelectorExpr, operator string, args []ast.Expr, disjoint bool) {
	name, table := facts.Snake(field.Sel.Name), b.tableName()
	owner, is := ast.Unparen(field.X).(*ast.SelectorExpr)
	if is {
		if own := b.l.loader.sources[s.packageOf(owner.X)]; own != nil && own.types != nil {
			if of := b.l.boiledTables(own)[strings.ToLower(strings.TrimSuffix(owner.Sel.Name, "Where"))]; of != nil {
				table = of.table
				name = of.column(field.Sel.Name)
			}
		}
	}
	p := facts.Predicate{Table: table, Column: name, Operator: operator, Disjoint: disjoint}
	if len(args) == 1 {
		v := b.l.value(s, args[0])
		b.q.Args = append(b.q.Args, v)
		p.Arg = &v
	}
	b.out.Predicates = append(b.out.Predicates, p)
}
