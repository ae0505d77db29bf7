package golang

import (
	"go/ast"
	"go/types"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// A list is sorted by what a client names, out of those orders that the code allows:
//
//	var orders = map[string]string{"name": "name, id", "newest": "created_at"}
//	q.OrderBy(orders[r.FormValue("sort")]).Limit(20)
//
// Or a repository has such a map in a field, of which those who make one fill in another map and the table:
//
//	r := &albums{}; r.table = "album"; r.orders = map[string]string{"artist": "order_artist_name, name"}

// sortsAs are calls of a chain that say how to sort.
var sortsAs = map[string]bool{"Order": true, "OrderBy": true, "OrderExpr": true}

// sorting is what a query sorts by, where that is no constant.
type sorting struct {
	query  *facts.Query
	source *source
	expr   ast.Expr
}

// byHole is an order that begins with what is no constant.
var byHole = regexp.MustCompile(`(?is)\border\s+by\s+` + hole)

// noteSorting keeps what a text sorts by, where that is no constant, until all calls are known.
func (l *lifter) noteSorting(q *facts.Query, r *reader) {
	if at := byHole.FindStringIndex(q.Text); at != nil && strings.Count(q.Text, hole) == len(r.holes) {
		piece := r.holes[strings.Count(q.Text[:at[1]], hole)-1]
		l.sortings = append(l.sortings, sorting{q, piece.source, piece.expr})
	}
}

// findSortings finds the queries that sort by what a map holds.
func (l *lifter) findSortings() {
	for _, by := range l.sortings {
		for _, held := range l.mapsOf(by.source, by.expr) {
			for _, given := range l.literalsOf(held, 0) {
				if sort := l.sort(given); len(sort.Orders) > 0 {
					by.query.OneOf = append(by.query.OneOf, sort)
				}
			}
		}
	}
}

// findSorts finds the chains that sort by what a map holds, and bound how many rows they ask for.
func (l *lifter) findSorts(p place) {
	ast.PreorderStack(p.file, nil, func(n ast.Node, stack []ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is || !sortsAs[calledName(call)] || len(call.Args) == 0 {
			return true
		}
		selector, is := ast.Unparen(call.Fun).(*ast.SelectorExpr)
		f := l.around(stack)
		if !is || f == nil || f.fact.Aside != "" || constantText(p.source, call.Args[0]) != "" || !l.isChain(p.source, selector.X) || !limitsIn(f) {
			return true
		}
		for _, held := range l.mapsOf(p.source, call.Args[0]) {
			l.sortsOf(f, held)
		}
		return true
	})
}

// limitsIn reports whether a function bounds how many rows a chain asks for.
func limitsIn(f *function) bool {
	found := false
	ast.Inspect(f.body, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		found = found || is && calledName(call) == "Limit" && len(call.Args) == 1
		return !found
	})
	return found
}

// mapped finds the maps of texts by one of whose values a text is made.
type mapped struct {
	l      *lifter
	seen   map[types.Object]bool
	called map[*function]bool
	maps   []*types.Var
	budget int
}

// mapsOf are the maps of texts by one of whose values an expression is made.
func (l *lifter) mapsOf(s *source, e ast.Expr) []*types.Var {
	w := &mapped{l: l, seen: map[types.Object]bool{}, called: map[*function]bool{}, budget: 400}
	w.expression(s, e, 0)
	return w.maps
}

func (w *mapped) expression(s *source, e ast.Expr, depth int) {
	if e == nil || depth > 8 {
		return
	}
	ast.Inspect(e, func(n ast.Node) bool {
		if w.budget--; w.budget < 0 {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.IndexExpr:
			if object, is := s.target(n.X).(*types.Var); is && isNames(object.Type()) {
				if !slices.Contains(w.maps, object) {
					w.maps = append(w.maps, object)
				}
				return false
			}
		case *ast.CallExpr:
			if callees := w.l.static(s, n); len(callees) == 1 && !w.called[callees[0]] {
				w.called[callees[0]] = true
				for _, r := range callees[0].returns() {
					for _, result := range r.Results {
						w.expression(callees[0].source, result, depth+1)
					}
				}
			}
		case *ast.Ident:
			object, is := s.target(n).(*types.Var)
			if !is || object.IsField() || w.seen[object] || object.Pkg() == nil || object.Parent() == object.Pkg().Scope() {
				return true
			}
			w.seen[object] = true
			for _, d := range w.l.defs[object] {
				w.expression(d.source, d.expr, depth+1)
			}
		}
		return true
	})
}

// sortsOf notes the orders that the map in a field of a repository allows the chains of a function, for each that is made.
func (l *lifter) sortsOf(f *function, held *types.Var) {
	if !held.IsField() {
		return
	}
	for _, given := range l.literalsOf(held, 0) {
		maker := given.source.declarationAt(given.literal.Pos(), l)
		if maker == nil {
			continue
		}
		sort := l.sort(given)
		table, of := l.tableOfMade(maker)
		sort.Table, sort.Lists = table, l.listing(of)
		if table != "" && len(sort.Orders) > 0 && !l.narrows(of) && !slices.ContainsFunc(f.fact.Sorts, func(s facts.Sort) bool { return s.Pos == sort.Pos }) {
			f.fact.Sorts = append(f.fact.Sorts, sort)
		}
	}
}

// listing are the methods of a type that answer a list, by options that they hand on.
func (l *lifter) listing(of string) []*facts.Function {
	var out []*facts.Function
	for _, f := range l.functions {
		if f.fact.Of != of || f.fact.Aside != "" || f.sig == nil || f.sig.Results().Len() == 0 || !isListType(f.sig.Results().At(0).Type()) {
			continue
		}
		if slices.ContainsFunc(slices.Collect(maps.Keys(f.calls)), func(call *ast.CallExpr) bool {
			if !call.Ellipsis.IsValid() {
				return false
			}
			by, _, isParam := l.parameter(f.source.target(call.Args[len(call.Args)-1]))
			return isParam && by == f
		}) {
			out = append(out, f.fact)
		}
	}
	return out
}

// narrows reports whether a method of a type puts a condition behind a list that it is given the options of, as of rows of one user.
func (l *lifter) narrows(of string) bool {
	return slices.ContainsFunc(l.functions, func(f *function) bool {
		if f.fact.Of != of {
			return false
		}
		found := false
		ast.Inspect(f.body, func(n ast.Node) bool {
			if call, is := n.(*ast.CallExpr); is && calledName(call) == "Where" {
				found = found || slices.ContainsFunc(chained(f.source, call), func(s step) bool {
					return s.call.Ellipsis.IsValid() && len(l.static(s.source, s.call)) > 0
				})
			}
			return !found
		})
		return found
	})
}

// sort are the orders that a literal holds.
func (l *lifter) sort(given textMap) facts.Sort {
	sort := facts.Sort{Pos: l.pos(given.literal.Pos())}
	for _, element := range given.literal.Elts {
		pair, is := element.(*ast.KeyValueExpr)
		if !is {
			continue
		}
		if columns := l.sortedBy(given.source, pair.Value); len(columns) > 0 {
			sort.Orders = append(sort.Orders, facts.Order{Name: constantText(given.source, pair.Key), Columns: columns, Pos: l.pos(pair.Pos())})
		}
	}
	return sort
}

// textMap is a literal of a map with where it stands.
type textMap struct {
	source  *source
	literal *ast.CompositeLit
}

// literalsOf are the literals that a map is given, where they stand or where a function that puts them there is called.
func (l *lifter) literalsOf(held types.Object, depth int) []textMap {
	var out []textMap
	for _, d := range l.defs[held] {
		if d.kind == assigned && !d.entry && d.expr != nil {
			out = append(out, l.literalsAt(d.source, d.expr, depth)...)
		}
	}
	return out
}

func (l *lifter) literalsAt(s *source, e ast.Expr, depth int) []textMap {
	if literal, is := ast.Unparen(e).(*ast.CompositeLit); is {
		return []textMap{{s, literal}}
	}
	f, index, is := l.parameter(s.target(e))
	if !is || index < 0 || depth > 2 {
		return nil
	}
	var out []textMap
	for _, caller := range l.functions {
		for _, call := range callsOf(caller, f.fact) {
			if index < len(call.Args) && caller.fact.Aside == "" {
				out = append(out, l.literalsAt(caller.source, call.Args[index], depth+1)...)
			}
		}
	}
	return out
}

// tableOfMade is the table of the repository that a function makes, the constant that it gives a field which chains select from, and that repository's type.
func (l *lifter) tableOfMade(f *function) (table, of string) {
	ast.Inspect(f.body, func(n ast.Node) bool {
		assign, is := n.(*ast.AssignStmt)
		if !is || len(assign.Lhs) != len(assign.Rhs) {
			return true
		}
		for i, lhs := range assign.Lhs {
			selector, is := ast.Unparen(lhs).(*ast.SelectorExpr)
			if !is {
				continue
			}
			field, is := f.source.target(selector).(*types.Var)
			if name := constantText(f.source, assign.Rhs[i]); is && name != "" && l.selectedFrom()[field] {
				_, made := namedType(f.source.info.TypeOf(selector.X))
				table, of = name, made
			}
		}
		return true
	})
	return table, of
}

// selectedFrom are the fields that chains select from: Select(…).From(r.table).
func (l *lifter) selectedFrom() map[*types.Var]bool {
	if l.tableFields == nil {
		l.tableFields = map[*types.Var]bool{}
		l.eachFile(func(p place) {
			ast.Inspect(p.file, func(n ast.Node) bool {
				if call, is := n.(*ast.CallExpr); is && (calledName(call) == "From" || calledName(call) == "Table") && len(call.Args) == 1 {
					if field, is := p.target(call.Args[0]).(*types.Var); is && field.IsField() && isString(field.Type()) {
						l.tableFields[field] = true
					}
				}
				return true
			})
		})
	}
	return l.tableFields
}

// plainColumn is a column of an order, with its table perhaps.
var plainColumn = regexp.MustCompile(`(?i)^\s*(?:(\w+)\.)?([a-z_]\w*)(?:\s+(asc|desc))?\s*$`)

// sortedBy are the columns of an order that is a constant, or one of those that a function answers, as far as they are plain.
func (l *lifter) sortedBy(s *source, e ast.Expr) []string {
	text := constantText(s, e)
	if call, is := ast.Unparen(e).(*ast.CallExpr); is && text == "" {
		if callees := l.static(s, call); len(callees) == 1 {
			for _, r := range callees[0].returns() {
				if len(r.Results) == 1 && text == "" {
					text = constantText(callees[0].source, r.Results[0])
				}
			}
		}
	}
	var out []string
	for _, part := range strings.Split(text, ",") {
		m := plainColumn.FindStringSubmatch(part)
		if m == nil {
			break
		}
		out = append(out, m[2])
	}
	return out
}

// isNames reports whether a type is a map of texts by texts.
func isNames(t types.Type) bool {
	m, is := t.Underlying().(*types.Map)
	return is && isString(m.Key()) && isString(m.Elem())
}
