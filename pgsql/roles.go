package pgsql

import (
	"slices"
	"strings"
)

// Tables tells the roles which tables there are.
type Tables interface {
	// Table finds a table or view as an unqualified or qualified name in SQL does. ID is what Scan.Table will be.
	Table(schema, name string) (id string, columns []string, view string, found bool)
}

// Roles are what a statement asks of the tables that it reads.
type Roles struct {
	Scans  []*Scan
	Params map[int][]Use // what each $n is compared with
	refs   map[int]Column
}

// Column is a column of a scan.
type Column struct {
	Scan *Scan
	Name string
}

// Use is a place of a parameter.
type Use struct {
	Column Column // what it is compared with; zero where that is no column
	Class  Class
	Op     string
	Place  string // "limit" or "offset"; "from" or "to" of a range; Stored; else empty
	Cast   string // of Column.Scan, that is cast before it is compared, where Column has no name
	Key    string // the expression of Column.Scan that it is compared with, as SQL without tables, where Column has no name
}

// Stored is the place of a parameter whose value an INSERT or UPDATE gives to the column. The Scan of what an INSERT writes is none of Roles.Scans.
const Stored = "stored"

// Scan is one mention of a table.
type Scan struct {
	Table string // as Tables calls it
	Alias string // as the statement calls it
	Level int    // which SELECT it stands in, by the order in which they were met
	Inner bool   // below the outermost SELECT
	First bool   // the first table of the SELECT that it is planned with

	Where []Predicate    // all hold
	Or    [][]Predicate  // in each, one of the arms holds; an arm on another table has no Column and no Key
	Order []Sort         // of its SELECT, as far as it is this scan's
	Whole bool           // Order is the whole order
	Group []string       // columns that its SELECT groups by or shows once, when all are this scan's
	Limit bool           // its SELECT has a LIMIT
	Used  []string       // columns that the statement mentions, sorted by name
	Times map[string]int // how often it mentions each
	Star  bool           // all columns are asked for
	Outer bool           // the side of an outer join that may be missing
	Write string         // "update", "delete" (or "insert", of a parameter that is Stored) where the statement changes the table
}

// Class is what a comparison can use an index for.
type Class int

// The classes.
const (
	Other    Class = iota
	Equal          // =, IN, = ANY, IS NULL, a truth value
	Range          // <, <=, >, >=, BETWEEN
	Prefix         // LIKE 'x%', ^@
	Infix          // LIKE '%x%', ILIKE, regular expressions
	Contains       // @>, <@, &&
	HasKey         // ?, ?|, ?&
	Match          // @@
	Unequal        // <>, NOT IN, IS NOT NULL
)

// Predicate is one condition on a scan.
type Predicate struct {
	Column string   // the column compared; empty where an expression is
	Key    string   // the expression compared, as SQL without tables; empty where a column is
	Inside []string // the columns inside Key
	Class  Class
	Op     string
	Join   Column // the other side, where it is a column of another scan
	Fixed  bool   // the other side stands in the text: no parameter, no column, no function
	Param  int    // the other side is this parameter
	Text   string // the whole condition as SQL without tables; empty where it cannot be written
	Value  string // a Fixed other side that is one constant, as SQL
	Node   Node   // the condition itself

	And []Predicate // in an arm of an OR, what else has to hold of the same scan

	cast string // the column, where Key is nothing but a cast of one
}

// Sort is one key of an order.
type Sort struct {
	Column string // or empty
	Key    string // an expression, or empty
	Desc   bool
	Nulls  string // "first", "last" where it says so
}

// Find is the column that a ColumnRef of the statement means.
func (r *Roles) Find(ref Node) (Column, bool) {
	column, found := r.refs[ref.Int("location")]
	return column, found && ref.Is("ColumnRef")
}

// RolesOf follows a statement through aliases, subqueries, CTEs and views.
func RolesOf(s *Statement, tables Tables) *Roles {
	w := &walker{tables: tables, roles: &Roles{Params: map[int][]Use{}, refs: map[int]Column{}}}
	w.statement(s.Tree, nil)
	for _, scan := range w.roles.Scans {
		scan.Times = map[string]int{}
		for _, column := range scan.Used {
			scan.Times[column]++
		}
		slices.Sort(scan.Used)
		scan.Used = slices.Compact(scan.Used)
	}
	return w.roles
}

type walker struct {
	tables Tables
	roles  *Roles
	levels int
	inView int // how deep in the texts of views: their locations are not the statement's
}

func (w *walker) statement(n Node, outer *scope) *source {
	switch n.Kind {
	case "SelectStmt":
		return w.selection(n, outer)
	case "InsertStmt":
		scope := w.newScope(n, outer)
		w.statement(n.Node("selectStmt"), scope)
		w.inserted(n)
	case "UpdateStmt", "DeleteStmt":
		w.change(n, outer)
	}
	return &source{}
}

func (w *walker) change(n Node, outer *scope) {
	s := w.newScope(n, outer)
	target := w.table(n.As("relation", "RangeVar"), s)
	if target.scan != nil {
		target.scan.Write = strings.ToLower(strings.TrimSuffix(n.Kind, "Stmt"))
	}
	s.sources = append(s.sources, target)
	for _, field := range []string{"fromClause", "usingClause"} {
		for _, from := range n.Nodes(field) {
			w.from(from, s, false)
		}
	}
	for _, to := range n.Nodes("targetList") {
		w.use(to.Node("val"), s)
	}
	w.condition(n.Node("whereClause"), s)
	for _, to := range n.Nodes("targetList") { // what a parameter is compared with says more of its value
		w.stored(to.Node("val"), Column{target.scan, to.Text("name")})
	}
}

// inserted says of the parameters that an INSERT stores to which columns they go. Its table is none that is read.
func (w *walker) inserted(n Node) {
	relation := n.As("relation", "RangeVar")
	id, columns, _, found := w.tables.Table(relation.Text("schemaname"), relation.Text("relname"))
	if !found {
		return
	}
	scan := &Scan{Table: id, Alias: relation.Text("relname"), Write: "insert"}
	if n.Has("cols") {
		columns = nil
		for _, to := range n.Nodes("cols") {
			columns = append(columns, to.Text("name"))
		}
	}
	store := func(values []Node) {
		for i, value := range values[:min(len(values), len(columns))] {
			w.stored(value, Column{scan, columns[i]})
		}
	}
	selected := n.Node("selectStmt")
	for _, row := range selected.Nodes("valuesLists") {
		store(row.Nodes("items"))
	}
	var values []Node
	for _, target := range selected.Nodes("targetList") {
		values = append(values, target.Node("val"))
	}
	store(values)
	for _, to := range n.As("onConflictClause", "OnConflictClause").Nodes("targetList") {
		w.stored(to.Node("val"), Column{scan, to.Text("name")})
	}
}

// stored says to which column a value goes that is a parameter.
func (w *walker) stored(value Node, column Column) {
	for value.Is("TypeCast") {
		value = value.Node("arg")
	}
	if value.Is("MultiAssignRef") { // (a, b) = ($1, $2)
		args, at := value.Node("source").Nodes("args"), value.Int("colno")
		if at < 1 || at > len(args) {
			return
		}
		w.stored(args[at-1], column)
		return
	}
	if value.Is("ParamRef") && column.Scan != nil {
		number := value.Int("number")
		w.roles.Params[number] = append(w.roles.Params[number], Use{Column: column, Place: Stored})
	}
}

func (w *walker) selection(n Node, outer *scope) *source {
	if op := n.Text("op"); op != "" && op != "SETOP_NONE" {
		s := w.newScope(n, outer)
		before := len(w.roles.Scans)
		left := w.selection(n.As("larg", "SelectStmt"), s)
		w.selection(n.As("rarg", "SelectStmt"), s)
		w.behind(before)
		return &source{columns: left.columns}
	}
	s := w.newScope(n, outer)
	for _, from := range n.Nodes("fromClause") {
		w.from(from, s, false)
	}
	made := w.targets(n, s)
	w.condition(n.Node("whereClause"), s)
	w.use(n.Node("havingClause"), s)
	w.grouping(n, s)
	w.order(n, s)
	w.extreme(n, s)
	w.limit(n, s)
	if n.Has("limitCount") || n.Has("limitOffset") || n.Has("distinctClause") {
		made.derived = nil
	}
	if merges(n) {
		for _, scan := range w.roles.Scans {
			if scan.Level == s.level {
				made.merged = append(made.merged, scan)
			}
		}
	}
	return made
}

// merges reports whether a SELECT that stands in the FROM of another is planned as a part of that one: it does nothing to the rows of its
// tables but join and choose them.
func merges(n Node) bool {
	for _, clause := range []string{"groupClause", "havingClause", "distinctClause", "sortClause", "limitCount", "limitOffset", "lockingClause", "windowClause"} {
		if n.Has(clause) {
			return false
		}
	}
	plain := true
	for _, target := range n.Nodes("targetList") {
		target.Walk(func(inner Node) bool {
			names := inner.Names("funcname")
			plain = plain && !inner.Bool("agg_star") && !inner.Has("over") && (len(names) == 0 || !slices.Contains(aggregates, names[len(names)-1]))
			return !inner.Is("SubLink")
		})
	}
	return plain
}

var aggregates = []string{"count", "sum", "min", "max", "avg", "array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg", "bool_or", "bool_and", "every"}

// stand gives the scans of a merged subquery the place of the SELECT around it.
func (s *source) stand(in *scope) {
	for _, scan := range s.merged {
		scan.Level, scan.First = in.level, false
	}
}

// behind says of the scans met since that they are planned with the SELECT around theirs.
func (w *walker) behind(since int) {
	for _, scan := range w.roles.Scans[since:] {
		scan.First = false
	}
}

// targets uses what is selected, and tells what a query around this one sees.
func (w *walker) targets(n Node, s *scope) *source {
	made := &source{derived: map[string]Column{}}
	add := func(name string, column Column) {
		made.columns = append(made.columns, name)
		made.derived[name] = column
	}
	aggregate := n.Has("groupClause")
	for _, target := range n.Nodes("targetList") {
		value := target.Node("val")
		if names := value.Names("fields"); value.Is("ColumnRef") && len(names) > 0 && names[len(names)-1] == "*" {
			for _, source := range s.sources {
				if len(names) > 1 && source.alias != names[len(names)-2] {
					continue
				}
				for _, name := range source.columns {
					column, _ := source.column(name)
					add(name, column)
					if column.Scan != nil {
						column.Scan.Star = column.Scan.Star || column.Scan == source.scan
						w.mark(column)
					}
				}
			}
			continue
		}
		w.use(value, s)
		column := Column{}
		name := target.Text("name")
		if value.Is("ColumnRef") {
			names := value.Names("fields")
			column, _ = s.column(names)
			if name == "" {
				name = names[len(names)-1]
			}
		}
		if value.Is("FuncCall") && name == "" {
			if names := value.Names("funcname"); len(names) > 0 {
				name = names[len(names)-1]
			}
		}
		add(name, column)
	}
	if aggregate {
		grouped := map[Column]bool{}
		for _, key := range n.Nodes("groupClause") {
			if key.Is("ColumnRef") {
				column, _ := s.column(key.Names("fields"))
				grouped[column] = true
			}
		}
		for name, column := range made.derived {
			if !grouped[column] {
				made.derived[name] = Column{}
			}
		}
	}
	return made
}

func (w *walker) from(n Node, s *scope, outer bool) {
	switch n.Kind {
	case "RangeVar":
		made := w.table(n, s)
		if made.scan != nil {
			made.scan.Outer = outer
		}
		s.sources = append(s.sources, made)
	case "RangeSubselect":
		around := s.outer
		if n.Bool("lateral") {
			around = s
		}
		alias := n.As("alias", "Alias")
		made := renamed(w.statement(n.Node("subquery"), &scope{ctes: s.ctes, outer: around}), alias.Names("colnames"))
		made.stand(s)
		s.sources = append(s.sources, &source{alias: alias.Text("aliasname"), columns: made.columns, derived: made.derived})
	case "RangeFunction":
		alias := n.As("alias", "Alias")
		s.sources = append(s.sources, &source{alias: alias.Text("aliasname"), columns: alias.Names("colnames")})
		n.Walk(func(inner Node) bool { return w.visit(inner, s) })
	case "JoinExpr":
		kind := n.Text("jointype")
		first := len(s.sources)
		w.from(n.Node("larg"), s, outer || kind == "JOIN_RIGHT" || kind == "JOIN_FULL")
		middle := len(s.sources)
		w.from(n.Node("rarg"), s, outer || kind == "JOIN_LEFT" || kind == "JOIN_FULL")
		using := n.Names("usingClause")
		for _, name := range using {
			left, _ := (&scope{sources: s.sources[first:middle]}).column([]string{name})
			right, _ := (&scope{sources: s.sources[middle:]}).column([]string{name})
			w.joined(left, right, Node{})
		}
		w.condition(n.Node("quals"), s)
	}
}

func (w *walker) table(n Node, s *scope) *source {
	name, schema := n.Text("relname"), n.Text("schemaname")
	alias := n.As("alias", "Alias").Text("aliasname")
	if alias == "" {
		alias = name
	}
	if schema == "" {
		if cte := s.cte(name); cte != nil {
			cte.stand(s)
			return &source{alias: alias, scan: cte.scan, columns: cte.columns, derived: cte.derived}
		}
	}
	id, columns, view, found := w.tables.Table(schema, name)
	switch {
	case !found:
		return &source{alias: alias}
	case view != "" && w.inView < 8:
		if parsed, err := Parse(view); err == nil {
			w.inView++
			made := w.statement(parsed.Tree, nil)
			w.inView--
			made.stand(s)
			return &source{alias: alias, scan: made.scan, columns: made.columns, derived: made.derived}
		}
		return &source{alias: alias, columns: columns}
	}
	scan := &Scan{Table: id, Alias: alias, Level: s.level, Inner: s.outer != nil, First: len(s.sources) == 0}
	w.roles.Scans = append(w.roles.Scans, scan)
	return &source{alias: alias, scan: scan, columns: columns}
}

func (w *walker) mark(column Column) {
	if column.Scan != nil {
		column.Scan.Used = append(column.Scan.Used, column.Name)
	}
}

// use marks every column below n as used, and follows subqueries.
func (w *walker) use(n Node, s *scope) {
	n.Walk(func(inner Node) bool { return w.visit(inner, s) })
}

func (w *walker) visit(n Node, s *scope) bool {
	switch n.Kind {
	case "ColumnRef":
		if names := n.Names("fields"); len(names) > 0 && names[len(names)-1] != "*" {
			if column, found := s.column(names); found {
				w.mark(column)
				if w.inView == 0 {
					w.roles.refs[n.Int("location")] = column
				}
			}
		}
		return false
	case "SubLink":
		if test := n.Node("testexpr"); test.Kind != "" {
			w.use(test, s)
		}
		before := len(w.roles.Scans)
		made := w.statement(n.Node("subselect"), s)
		if n.Text("subLinkType") != "EXPR_SUBLINK" {
			w.behind(before)
		}
		// x IN (SELECT y …) joins x to y.
		if test := n.Node("testexpr"); n.Text("subLinkType") == "ANY_SUBLINK" && test.Is("ColumnRef") && len(made.columns) == 1 {
			left, _ := s.column(test.Names("fields"))
			right, _ := made.column(made.columns[0])
			w.joined(left, right, Node{})
		}
		return false
	case "SelectStmt":
		w.statement(n, s)
		return false
	}
	return true
}

// condition takes a WHERE or ON apart.
func (w *walker) condition(n Node, s *scope) {
	if n.Kind == "" {
		return
	}
	if n.Is("BoolExpr") && n.Text("boolop") == "AND_EXPR" {
		for _, arg := range n.Nodes("args") {
			w.condition(arg, s)
		}
		return
	}
	if pairs := n.pairs(); len(pairs) > 0 {
		for _, pair := range pairs {
			w.condition(pair, s)
		}
		return
	}
	w.use(n, s)
	if n.Is("BoolExpr") && n.Text("boolop") == "OR_EXPR" {
		w.alternatives(n, s)
		return
	}
	if left, right, is := w.columnsJoined(n, s); is {
		w.joined(left, right, n)
		return
	}
	if row := n.Node("lexpr"); n.Text("kind") == "AEXPR_IN" && row.Is("RowExpr") {
		w.rows(n, row, s)
		return
	}
	if scan, predicate, is := w.predicate(n, s); is {
		scan.Where = append(scan.Where, predicate)
	}
}

// pairs are the conditions that (a, b) = (1, 2) stands for, all of which hold.
func (n Node) pairs() (pairs []Node) {
	left, right := n.Node("lexpr"), n.Node("rexpr")
	if n.Text("kind") != "AEXPR_OP" || !slices.Equal(n.Names("name"), []string{"="}) || !left.Is("RowExpr") || !right.Is("RowExpr") {
		return nil
	}
	lefts, rights := left.Nodes("args"), right.Nodes("args")
	if len(lefts) != len(rights) {
		return nil
	}
	for i := range lefts {
		pairs = append(pairs, Node{Kind: n.Kind, fields: map[string]any{
			"kind": "AEXPR_OP", "name": n.fields["name"], "lexpr": lefts[i].value(), "rexpr": rights[i].value(),
		}})
	}
	return pairs
}

// rows reads (a, b) IN ((1, 2), (3, 4)): each column has one of few values.
func (w *walker) rows(n, row Node, s *scope) {
	if !slices.Equal(n.Names("name"), []string{"="}) {
		return
	}
	for _, arg := range row.Nodes("args") {
		if column, _ := s.column(arg.Names("fields")); arg.Is("ColumnRef") && column.Scan != nil {
			column.Scan.Where = append(column.Scan.Where, Predicate{Column: column.Name, Class: Equal, Op: "=", Node: n})
		}
	}
}
