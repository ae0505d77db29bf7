package pgsql

import (
	"slices"
	"strconv"
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
	Place  string // "limit" or "offset", else empty
	Cast   string // of Column.Scan, that is cast before it is compared, where Column has no name
}

// Scan is one mention of a table.
type Scan struct {
	Table string // as Tables calls it
	Alias string // as the statement calls it
	Level int    // which SELECT it stands in, by the order in which they were met
	Inner bool   // below the outermost SELECT

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
	Write string         // "update", "delete" where the statement changes the table
}

// Class is what a comparison can use an index for.
type Class int

// The classes.
const (
	Other    Class = iota
	Equal          // =, IN, = ANY, IS NULL, a truth value
	Range          // <, <=, >, >=, BETWEEN
	Prefix         // LIKE 'x%'
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

// source is something that a FROM names.
type source struct {
	alias   string
	scan    *Scan             // of a table
	columns []string          // that it has
	derived map[string]Column // of a subquery: what its columns are, where they are columns
}

func (s *source) column(name string) (Column, bool) {
	if !slices.Contains(s.columns, name) {
		return Column{}, false
	}
	if s.scan != nil {
		return Column{s.scan, name}, true
	}
	return s.derived[name], true
}

type scope struct {
	sources []*source
	ctes    map[string]*source
	outer   *scope
	level   int
}

func (s *scope) cte(name string) *source {
	for ; s != nil; s = s.outer {
		if found := s.ctes[name]; found != nil {
			return found
		}
	}
	return nil
}

// column finds what a reference means. The zero Column with true is a column that is no table's.
func (s *scope) column(names []string) (Column, bool) {
	name := names[len(names)-1]
	for ; s != nil; s = s.outer {
		for _, source := range s.sources {
			if len(names) > 1 && source.alias != names[len(names)-2] {
				continue
			}
			if column, has := source.column(name); has {
				return column, true
			}
		}
	}
	return Column{}, false
}

func (w *walker) statement(n Node, outer *scope) *source {
	switch n.Kind {
	case "SelectStmt":
		return w.selection(n, outer)
	case "InsertStmt":
		scope := w.newScope(n, outer)
		w.statement(n.Node("selectStmt"), scope)
	case "UpdateStmt", "DeleteStmt":
		w.change(n, outer)
	}
	return &source{}
}

func (w *walker) newScope(n Node, outer *scope) *scope {
	w.levels++
	s := &scope{ctes: map[string]*source{}, outer: outer, level: w.levels}
	for _, cte := range n.As("withClause", "WithClause").Nodes("ctes") {
		name := cte.Text("ctename")
		if n.As("withClause", "WithClause").Bool("recursive") {
			s.ctes[name] = &source{alias: name}
		}
		made := w.statement(cte.Node("ctequery"), s)
		renamed := renamed(made, cte.Names("aliascolnames"))
		if cte.Text("ctematerialized") == "CTEMaterializeAlways" {
			renamed.derived = nil // conditions do not reach into it
		}
		s.ctes[name] = renamed
	}
	return s
}

func renamed(s *source, names []string) *source {
	if len(names) == 0 {
		return s
	}
	out := &source{alias: s.alias, derived: map[string]Column{}, columns: slices.Clone(s.columns)}
	for i, name := range names {
		if i < len(s.columns) {
			out.derived[name], _ = s.column(s.columns[i])
			out.columns[i] = name
		}
	}
	return out
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
	for _, target := range n.Nodes("targetList") {
		w.use(target.Node("val"), s)
	}
	w.condition(n.Node("whereClause"), s)
}

func (w *walker) selection(n Node, outer *scope) *source {
	if op := n.Text("op"); op != "" && op != "SETOP_NONE" {
		s := w.newScope(n, outer)
		left := w.selection(n.As("larg", "SelectStmt"), s)
		w.selection(n.As("rarg", "SelectStmt"), s)
		return &source{columns: left.columns}
	}
	s := w.newScope(n, outer)
	before := len(w.roles.Scans)
	for _, from := range n.Nodes("fromClause") {
		w.from(from, s, false)
	}
	made := w.targets(n, s)
	w.condition(n.Node("whereClause"), s)
	w.use(n.Node("havingClause"), s)
	w.grouping(n, s)
	w.order(n, s)
	w.extreme(n, s)
	w.limit(n, s, before)
	if n.Has("limitCount") || n.Has("limitOffset") || n.Has("distinctClause") {
		made.derived = nil
	}
	return made
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
			return &source{alias: alias, scan: made.scan, columns: made.columns, derived: made.derived}
		}
		return &source{alias: alias, columns: columns}
	}
	scan := &Scan{Table: id, Alias: alias, Level: s.level, Inner: s.outer != nil}
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
		made := w.statement(n.Node("subselect"), s)
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
			for _, inner := range arg.Nodes("args") {
				if scan, predicate, is = w.predicate(inner, s); is && predicate.Class != Other && predicate.Class != Unequal {
					break
				}
			}
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
			p.Op = mirrored(p.Op)
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
			w.roles.Params[inner.Int("number")] = append(w.roles.Params[inner.Int("number")],
				Use{Column: Column{scan, p.Column}, Class: p.Class, Op: p.Op, Cast: p.cast})
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

func mirrored(op string) string {
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
	}
	return Other
}

func likeClass(n Node, op string, right Node) Class {
	if strings.HasPrefix(op, "!") {
		return Other
	}
	pattern, known := constantText(right)
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

func constantText(n Node) (string, bool) {
	if n.Is("TypeCast") {
		n = n.Node("arg")
	}
	if !n.Is("A_Const") || !n.Has("sval") {
		return "", false
	}
	return n.As("sval", "String").Text("sval"), true
}

// ConstantText is the text of a text constant, with or without a cast.
func ConstantText(n Node) (string, bool) { return constantText(n) }

func (w *walker) grouping(n Node, s *scope) {
	keys := n.Nodes("groupClause")
	for _, key := range keys {
		w.use(key, s)
	}
	if distinct := n.Nodes("distinctClause"); len(keys) == 0 && len(distinct) > 0 {
		for _, key := range distinct {
			w.use(key, s)
		}
		if keys = distinct; distinct[0].Kind == "" { // DISTINCT without ON
			keys = nil
			for _, target := range n.Nodes("targetList") {
				keys = append(keys, target.Node("val"))
			}
		}
	}
	var scan *Scan
	var columns []string
	for _, key := range keys {
		key = w.output(key, n)
		if !key.Is("ColumnRef") {
			return
		}
		column, _ := s.column(key.Names("fields"))
		if column.Scan == nil || scan != nil && column.Scan != scan {
			return
		}
		scan = column.Scan
		columns = append(columns, column.Name)
	}
	if scan != nil && scan.Level == s.level {
		scan.Group = columns
	}
}

// output follows a name or number of a selected column to what is selected.
func (w *walker) output(key, selection Node) Node {
	targets := selection.Nodes("targetList")
	if key.Is("A_Const") && key.Has("ival") {
		if i := key.As("ival", "Integer").Int("ival"); i >= 1 && i <= len(targets) {
			return targets[i-1].Node("val")
		}
	}
	if names := key.Names("fields"); key.Is("ColumnRef") && len(names) == 1 {
		for _, target := range targets {
			if target.Text("name") == names[0] {
				return target.Node("val")
			}
		}
	}
	return key
}

func (w *walker) order(n Node, s *scope) {
	var first *Scan
	keys := n.Nodes("sortClause")
	for i, key := range keys {
		value := key.Node("node")
		if shown := w.output(value, n); shown.Kind != value.Kind || shown.Int("location") != value.Int("location") {
			value = shown
		} else {
			w.use(value, s)
		}
		var p Predicate
		scan, is := w.key(value, s, &p)
		if !is || first != nil && scan != first || scan.Level != s.level || n.Has("groupClause") {
			continue
		}
		if i > 0 && first == nil || first != nil && len(first.Order) < i {
			continue // an earlier key is another's
		}
		first = scan
		sort := Sort{Column: p.Column, Key: p.Key, Desc: key.Text("sortby_dir") == "SORTBY_DESC"}
		switch key.Text("sortby_nulls") {
		case "SORTBY_NULLS_FIRST":
			sort.Nulls = "first"
		case "SORTBY_NULLS_LAST":
			sort.Nulls = "last"
		}
		scan.Order = append(scan.Order, sort)
	}
	if first != nil {
		first.Whole = len(first.Order) == len(keys)
	}
}

// extreme reads SELECT max(x): that is the first row by x.
func (w *walker) extreme(n Node, s *scope) {
	targets := n.Nodes("targetList")
	if len(targets) != 1 || n.Has("groupClause") || n.Has("havingClause") {
		return
	}
	call := targets[0].Node("val")
	names, args := call.Names("funcname"), call.Nodes("args")
	if len(names) == 0 || len(args) != 1 || !args[0].Is("ColumnRef") {
		return
	}
	column, _ := s.column(args[0].Names("fields"))
	if name := names[len(names)-1]; column.Scan != nil && (name == "max" || name == "min") && column.Scan.Level == s.level {
		column.Scan.Order = []Sort{{Column: column.Name, Desc: name == "max"}}
		column.Scan.Whole, column.Scan.Limit = true, true
	}
}

func (w *walker) limit(n Node, s *scope, before int) {
	for place, field := range map[string]string{"limit": "limitCount", "offset": "limitOffset"} {
		count := n.Node(field)
		count.Walk(func(inner Node) bool {
			if inner.Is("ParamRef") {
				number := inner.Int("number")
				w.roles.Params[number] = append(w.roles.Params[number], Use{Place: place})
			}
			return true
		})
	}
	if !n.Has("limitCount") {
		return
	}
	for _, scan := range w.roles.Scans[before:] {
		scan.Limit = scan.Limit || scan.Level == s.level
	}
}

// ReadsOnly reports whether a statement changes nothing and locks nothing by its form. The functions that it calls are
// whoever runs it to judge: their names come with it.
func ReadsOnly(s *Statement) (is bool, functions []string) {
	is = s.Tree.Is("SelectStmt")
	s.Tree.Walk(func(n Node) bool {
		switch {
		case n.Is("InsertStmt", "UpdateStmt", "DeleteStmt", "MergeStmt"), n.Has("lockingClause"), n.Has("intoClause"):
			is = false
		case n.Is("FuncCall"):
			if names := n.Names("funcname"); len(names) > 0 {
				functions = append(functions, names[len(names)-1])
			}
		}
		return true
	})
	slices.Sort(functions)
	return is, slices.Compact(functions)
}

// Params are the numbers of a statement's parameters, in order.
func Params(s *Statement) []int {
	var numbers []int
	for _, token := range Tokens(s.Text) {
		if token.Kind == Parameter && len(token.Text) > 1 {
			if n, err := strconv.Atoi(token.Text[1:]); err == nil && !slices.Contains(numbers, n) {
				numbers = append(numbers, n)
			}
		}
	}
	slices.Sort(numbers)
	return numbers
}

// Bind writes values in place of parameters. A parameter without one stays.
func Bind(text string, values map[int]string) string {
	var out strings.Builder
	from := 0
	for _, token := range Tokens(text) {
		if token.Kind != Parameter || len(token.Text) < 2 {
			continue
		}
		n, _ := strconv.Atoi(token.Text[1:])
		if value, has := values[n]; has {
			out.WriteString(text[from:token.Start])
			out.WriteString(value)
			from = token.End()
		}
	}
	out.WriteString(text[from:])
	return out.String()
}
