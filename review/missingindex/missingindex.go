// Package missingindex finds queries of the code that no index of its own schema serves.
package missingindex

import (
	"cmp"
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/review/growth"
	"github.com/fettlehq/fettle/review/rule"
	"github.com/fettlehq/fettle/review/trace"
	"github.com/fettlehq/fettle/schema"
)

//go:embed missing-index.md
var document string

// Rule is the rule.
var Rule = rule.Rule{Name: "missing-index", Severity: rule.High, CWE: "CWE-1072", Document: document, Find: find}

func find(f *facts.Facts) []rule.Finding {
	if f.Database == nil {
		return nil
	}
	tracer := trace.New(f)
	seen := map[string]bool{}
	several := len(f.Database.Others) > 0
	out := within(f, tracer, seen, several)
	for _, other := range f.Database.Others {
		beside := *f
		beside.Database = other
		out = append(out, within(&beside, tracer, seen, several)...)
	}
	return out
}

// within asks of each query whether the schema of one database serves it: of several that the code works with, where the file of the
// query does not say that it is for another.
func within(f *facts.Facts, tracer *trace.Tracer, seen map[string]bool, several bool) []rule.Finding {
	s := &search{facts: f, tracer: tracer, tables: growth.Of(f, tracer), several: several, seen: seen, unsure: map[string]bool{}}
	var prepared []*facts.Query
	for _, function := range f.Functions {
		if function.Aside == "test" || function.Aside == "migration" {
			continue
		}
		if d := facts.DialectIn(function.Pos.File); several && d != "" && d != f.Database.Dialect {
			continue
		}
		s.orders(function)
		for _, q := range function.Queries {
			if q.Library == "prepare" {
				prepared = append(prepared, q)
				continue
			}
			s.asked(q)
		}
	}
	for _, q := range prepared { // what is not seen to be sent is told of where it is made
		s.asked(q)
	}
	s.references()
	return s.found
}

// asked asks of all that a query sends whether some index leads with a column that it compares.
func (s *search) asked(q *facts.Query) {
	s.query(q, q.Statement)
	callers := trace.PerCaller(q)
	slices.SortStableFunc(callers, func(a, b trace.Asked) int { return cmp.Compare(s.seldom(a.From), s.seldom(b.From)) })
	for _, asked := range callers {
		if asked.Handed {
			s.by = &asked
		}
		s.query(q, asked.Statement)
		s.by = nil
	}
	if q.Statement != nil {
		for _, inner := range q.Statement.Inner {
			s.query(q, inner)
		}
	}
}

// seldom is 1 of a function that nobody leads to but who runs the service, else 0.
func (s *search) seldom(f *facts.Function) int {
	if ways := s.tracer.Ways(f); ways.Operators() || ways.None() {
		return 1
	}
	return 0
}

type search struct {
	facts   *facts.Facts
	tracer  *trace.Tracer
	tables  *growth.Tables
	several bool            // the database is one of several that the code works with
	seen    map[string]bool // what was told of, by table and columns
	unsure  map[string]bool // of which what was told is uncertain
	by      *trace.Asked    // the caller by whose condition a query is asked about now; nil where it has its own
	found   []rule.Finding
}

// harmless are parts of a text that are not known and say nothing of which rows are read: columns, numbers of parameters, how many rows.
var harmless = regexp.MustCompile(`(?is)^\s*select\s.*?\sfrom\s|\$\x{FFFC}|\b(?:limit|offset)\s+\x{FFFC}`)

// query asks whether some index leads with a column that the query compares.
func (s *search) query(q *facts.Query, st *facts.Statement) {
	if st != nil && (len(st.Tables) > 1 || st.Nested) {
		st = s.first(st)
	}
	if st == nil || st.Verb == facts.Insert || st.Verb == facts.Other || len(st.Tables) != 1 || st.Nested || s.by == nil && strings.ContainsRune(harmless.ReplaceAllString(q.Text, " "), '\uFFFC') {
		return
	}
	table := s.table(st.Tables[0].Table)
	if table == nil || !indexed(table) {
		return
	}
	var equal, ranges, arms []facts.Predicate
	for _, p := range st.Predicates {
		if p.Column == "" {
			return
		}
		if p.Optional && (p.Disjoint || !serves(table, p)) {
			continue // whoever gives nothing asks for all that the other conditions let pass
		}
		if p.Disjoint {
			arms = append(arms, p)
			continue
		}
		column := columnOf(table, p.Column)
		if column == nil {
			return // not of this schema
		}
		switch {
		case serves(table, p):
			s.sorted(q, st, table)
			s.narrowed(q, st, table)
			return
		case column.Type == "boolean" || column.Type == "bool" || p.Literal == "true" || p.Literal == "false":
		case p.Operator == "=" || p.Operator == "IN":
			equal = append(equal, p)
		case (p.Operator == "<" || p.Operator == ">" || p.Operator == "<=" || p.Operator == ">=") && p.Function == "":
			ranges = append(ranges, p)
		}
	}
	if len(arms) > 0 {
		s.alternatives(q, st, table, arms)
		return
	}
	if len(equal) == 0 && (len(ranges) == 0 || st.Limit == "" && st.Verb == facts.Select && !st.Aggregate) {
		return
	}
	s.report(q, st, table, equal, ranges)
}

// alternatives asks whether each arm of an OR has an index: without one for all of them the whole table is read.
func (s *search) alternatives(q *facts.Query, st *facts.Statement, table *schema.Table, arms []facts.Predicate) {
	if len(st.Order) > 0 && st.Limit != "" && slices.ContainsFunc(table.Indexes, func(i *schema.Index) bool {
		return len(i.Parts) > 0 && strings.EqualFold(i.Parts[0].Column, st.Order[0].Column)
	}) {
		return // the first rows in the order are found by it
	}
	var open []facts.Predicate
	for _, p := range arms {
		switch p.Operator {
		case "=", "<", ">", "<=", ">=":
		case "IS NULL":
			continue // stands beside another condition of its arm
		default:
			return
		}
		column := columnOf(table, p.Column)
		if column == nil || p.Function != "" || column.Type == "boolean" || column.Type == "bool" || p.Arg == nil && strings.Trim(p.Literal, "0123456789") != p.Literal {
			return
		}
		if !serves(table, p) {
			open = append(open, p)
		}
	}
	if len(open) > 0 && st.Limit != "" {
		s.report(q, st, table, open[:1], nil)
	}
}

// sorted asks whether the first rows in an order can be read in that order: an index leads with what the query holds
// equal, and goes on with the column of the order.
func (s *search) sorted(q *facts.Query, st *facts.Statement, table *schema.Table) {
	if st.Limit == "" || st.Limit == "1" || q.One || len(st.Order) == 0 || slices.ContainsFunc(st.Order, func(o facts.OrderPart) bool { return o.Column == "" }) || st.Grouped || columnOf(table, st.Order[0].Column) == nil {
		return
	}
	var equal []facts.Predicate
	for _, p := range st.Predicates {
		if p.Operator != "=" || p.Function != "" || p.Disjoint || p.Arg == nil && p.Literal == "" {
			return
		}
		if table.Unique([]string{p.Column}) {
			return
		}
		equal = append(equal, p)
	}
	order := st.Order[0].Column
	holds := func(column string) bool {
		return slices.ContainsFunc(equal, func(p facts.Predicate) bool { return strings.EqualFold(p.Column, column) })
	}
	leads := func(key []string) bool {
		for _, column := range key {
			if strings.EqualFold(column, order) {
				return true
			}
			if !holds(column) {
				return false
			}
		}
		return false
	}
	// A key ends every index of SQLite and MySQL, so that an order by it costs nothing there; on PostgreSQL the newest
	// rows are mostly few enough.
	if holds(order) || len(equal) == 0 || leads(table.PrimaryKey) || slices.Contains(table.PrimaryKey, order) ||
		slices.ContainsFunc(table.Indexes, func(i *schema.Index) bool { return !i.Lists && leads(columnsOf(i)) }) {
		return
	}
	s.report(q, st, table, equal, nil)
}

// narrowed asks whether a lookup that a loop repeats can go straight to its rows: an index that leads with one of the columns
// that it holds equal and does not go on with the other reads all rows of the one in each turn.
func (s *search) narrowed(q *facts.Query, st *facts.Statement, table *schema.Table) {
	var equal []facts.Predicate
	for _, p := range st.Predicates {
		if p.Operator != "=" || p.Function != "" || p.Disjoint || p.Arg == nil || table.Unique([]string{p.Column}) {
			return
		}
		equal = append(equal, p)
	}
	if len(equal) != 2 || equal[0].Column == equal[1].Column {
		return
	}
	keys := [][]string{table.PrimaryKey}
	for _, i := range table.Indexes {
		keys = append(keys, columnsOf(i))
	}
	both := func(key []string) bool {
		return len(key) > 1 && (strings.EqualFold(key[0], equal[0].Column) && strings.EqualFold(key[1], equal[1].Column) ||
			strings.EqualFold(key[0], equal[1].Column) && strings.EqualFold(key[1], equal[0].Column))
	}
	served := slices.IndexFunc(equal, func(p facts.Predicate) bool { return serves(table, p) })
	open := slices.IndexFunc(equal, func(p facts.Predicate) bool { return !serves(table, p) })
	if slices.ContainsFunc(keys, both) || served < 0 || open < 0 {
		return
	}
	column := columnOf(table, equal[open].Column)
	if column == nil || column.Type == "boolean" || column.Type == "bool" || column.Type == schema.BigInt || strings.Contains(string(column.Type), "int") || fewValues.MatchString(column.Name) {
		return // a number may count a few within the rows of the other column
	}
	if s.sharedWithParent(table, equal[served].Column, column.Name) {
		return
	}
	around := repeated(q.From, q.Loop, 0)
	if around == nil {
		return
	}
	before := len(s.found)
	s.report(q, st, table, []facts.Predicate{equal[served], equal[open]}, nil)
	if len(s.found) == before {
		return
	}
	finding := &s.found[before]
	finding.Message = fmt.Sprintf("no index of %s goes on with %s, so each turn of a loop reads all rows of the same %s", table.Name, equal[open].Column, equal[served].Column)
	finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: around.Pos, What: "the loop, over " + around.Over})
}

// fewValues are names of columns that tell rows apart into a few kinds.
var fewValues = regexp.MustCompile(`(?i)(status|state|type|kind|role|level|mode|enabled|active|deleted|gender|lang|locale|currency|provider)$`)

// kinds are names of columns that say what a row is from its beginning to its end, as its status does not.
var kinds = regexp.MustCompile(`(?i)^(\w+_)?(type|kind|role|level|gender|lang|language|locale|currency)$`)

// sameEachTime reports whether a statement asks for all rows of which some columns have values that the code names, so that it is the same
// share of them each time: how large that is the data says. The first few of them, such as those that wait, are few of many, unless the column
// says what a row is from its beginning to its end.
func sameEachTime(st *facts.Statement, equal, ranges []facts.Predicate) bool {
	if len(equal) == 0 || slices.ContainsFunc(equal, func(p facts.Predicate) bool { return !named(p) }) {
		return false
	}
	return st.Limit == "" || st.Limit == "1" ||
		len(ranges) == 0 && !slices.ContainsFunc(equal, func(p facts.Predicate) bool { return !kinds.MatchString(p.Column) || p.Operator != "=" })
}

// named reports whether the code names the value that a predicate compares with.
func named(p facts.Predicate) bool {
	if p.Arg == nil {
		return p.Literal != ""
	}
	return len(p.Arg.Origins) > 0 && p.Arg.Only(facts.FromConstant)
}

// repeated is a loop over many items that a function, or one that calls it, runs a query in.
func repeated(f *facts.Function, loop *facts.Loop, depth int) *facts.Loop {
	if loop != nil && (loop.Kind == facts.OverItems || loop.Kind == facts.OverRows) && !loop.Batch {
		return loop
	}
	if depth == 3 {
		return nil
	}
	for _, call := range f.Callers {
		if call.From.Aside != "" || call.Place.ErrorPath || call.Place.EndsLoop {
			continue
		}
		if found := repeated(call.From, call.Loop, depth+1); found != nil {
			return found
		}
	}
	return nil
}

func columnsOf(i *schema.Index) []string {
	out := make([]string, 0, len(i.Parts))
	for _, p := range i.Parts {
		out = append(out, p.Column)
	}
	return out
}

func (s *search) table(name string) *schema.Table { return s.facts.Database.Schema.Table(name) }

// indexed reports whether the schema says anything of a table's indexes, so that the lack of one means something.
func indexed(t *schema.Table) bool { return len(t.PrimaryKey) > 0 || len(t.Indexes) > 0 }

func columnOf(t *schema.Table, name string) *schema.Column {
	for _, c := range t.Columns {
		if strings.EqualFold(c.Name, name) {
			return c
		}
	}
	return nil
}

// serves reports whether some key or index leads with the column that a predicate compares, in the same form.
func serves(t *schema.Table, p facts.Predicate) bool {
	switch p.Operator {
	case "=", "IN", "<", ">", "<=", ">=", "BETWEEN", "LIKE", "IS NULL":
	default:
		return false
	}
	if castToItself(t, p) {
		p.Function = ""
	}
	lower := p.Function == "lower" || p.Function == "upper"
	if p.Function == "" && len(t.PrimaryKey) > 0 && strings.EqualFold(t.PrimaryKey[0], p.Column) || strings.EqualFold(p.Column, "rowid") {
		return true
	}
	return slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool {
		return len(i.Parts) > 0 && strings.EqualFold(i.Parts[0].Column, p.Column) && i.Parts[0].IgnoreCase == lower && (p.Function == "" || lower)
	})
}

func (s *search) report(q *facts.Query, st *facts.Statement, table *schema.Table, equal, ranges []facts.Predicate) {
	var columns, names []string
	for _, p := range append(slices.Clone(equal), ranges[:min(1, len(ranges))]...) {
		part := p.Column
		if p.Function != "" && !isCast(p) {
			part = p.Function + "(" + p.Column + ")"
		}
		if !slices.Contains(columns, part) {
			columns, names = append(columns, part), append(names, p.Column)
		}
	}
	compared := slices.Clone(columns)
	served := slices.ContainsFunc(equal, func(p facts.Predicate) bool { return serves(table, p) })
	for _, o := range st.Order {
		if (len(st.Order) == 1 || served) && o.Column != "" && len(ranges) == 0 && st.Limit != "" && !slices.Contains(columns, o.Column) {
			part := o.Column
			if o.Descending && len(st.Order) > 1 { // where directions differ, an index that is read backwards does not serve
				part += " DESC"
			}
			columns, names = append(columns, part), append(names, o.Column)
		}
	}
	if len(compared) == 0 {
		compared = columns // it only orders by them
	}
	same := sameEachTime(st, equal, ranges)
	key := table.Name + " " + strings.Join(columns, ",")
	if same {
		key += " the same" // another query by the same column may be told
	}
	if s.seen[key] {
		return
	}
	s.seen[key] = true
	from := q.From
	if s.by != nil {
		from = s.by.From
	}
	path := s.tracer.To(from)
	finding := rule.Finding{Pos: q.Pos, Confidence: rule.Likely, Severity: rule.Medium}
	ways := s.tracer.Ways(from)
	if !s.tables.Grows(table.Name) && !s.tables.Keeps(table.Name) && !s.many(table, equal) || ways.Operators() || ways.None() || same {
		finding.Confidence = rule.Uncertain
	}
	if (len(equal) == 0 || st.Write()) && s.tracer.Job(from) {
		finding.Confidence = rule.Uncertain // a sweep that nobody waits for reads the table now and then, and so does what is changed as something that it hangs on goes
	}
	if path != nil && !served && (s.tables.MadeMany(table.Name) || s.many(table, equal)) {
		finding.Severity = rule.High // and of others it is shown only that lists of them have pages
	}
	finding.Message = fmt.Sprintf("no index of %s leads with %s, by which this %s looks for rows", table.Name, strings.Join(compared, " or "), strings.ToLower(string(st.Verb)))
	if served && len(st.Order) > 0 {
		finding.Message = fmt.Sprintf("no index of %s goes on with %s, so all rows of the same %s are read and sorted for the first few", table.Name, st.Order[0].Column, strings.Join(compared, ", "))
		if !s.tables.Piles(table.Name) {
			finding.Confidence = rule.Uncertain // those of one user are mostly few enough to sort
		}
	}
	finding.Evidence = path.Evidence()
	if s.by != nil {
		finding.Pos = s.by.Calls[0].Pos // where the condition stands
		for _, call := range s.by.Calls {
			finding.Evidence = append(finding.Evidence, trace.Called(call))
		}
	}
	finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: q.Pos, What: trace.Query(q)})
	made := s.facts.Database.At[table.Name]
	if made.Line == 0 {
		made = q.Pos
	}
	which := "the table"
	if s.several {
		which += " of " + s.facts.Database.Dialect
	}
	finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: made, What: which + " has " + trace.Keys(table)})
	if also := s.facts.Database.At["also:"+table.Name]; also.Line > 0 {
		finding.Evidence = append(finding.Evidence, rule.Evidence{Pos: also, What: "and stands here too"})
	}
	for _, p := range equal {
		if mismatch := plain(table, p); mismatch != "" {
			finding.Message = fmt.Sprintf("index %s is on %s, and this query compares %s(%s), which it does not serve", mismatch, p.Column, p.Function, p.Column)
		}
		if i := lowered(table, p); i != nil {
			finding.Message = fmt.Sprintf("index %s is on lower(%s), and this query compares %s, which it does not serve", i.Name, p.Column, p.Column)
		}
	}
	s.unsure[key] = finding.Confidence == rule.Uncertain
	finding.Fix = s.statement(table.Name, columns, names)
	for _, p := range equal {
		if !isCast(p) || castToItself(table, p) {
			continue
		}
		way := bareWay(p)
		if lead := leading(table, p.Column); lead != "" {
			finding.Message = fmt.Sprintf("%s is on %s, and this query compares %s, which it does not serve", lead, p.Column, written(p))
			finding.Fix = way
			break
		}
		finding.Fix += " Then " + way
	}
	s.found = append(s.found, finding)
}

// expiry are names of columns that say until when a row holds.
var expiry = regexp.MustCompile(`(?i)^(expir(es|ed|y|ation)\w*|valid_(until|to)|(refresh_|access_)?token_expir\w*)$`)

// proof are names of columns of what somebody shows to be let in.
var proof = regexp.MustCompile(`(?i)(token|hash|digest|secret|session|nonce|state|code)(_?(id|key|value))?$`)

// sharedWithParent reports whether a column says the same of all rows of one parent, which has such a column itself: whose they are.
func (s *search) sharedWithParent(t *schema.Table, key, column string) bool {
	return slices.ContainsFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool {
		parent := s.table(k.Table)
		return len(k.Columns) == 1 && strings.EqualFold(k.Columns[0], key) && parent != nil && parent != t && strings.HasSuffix(column, "_id") && columnOf(parent, column) != nil
	})
}

// many reports whether a lookup finds few of many rows, where the table by itself does not show that it grows: others than who runs the
// service make rows that end by themselves and are found by what somebody shows, one each time he comes, or rows that hang on those of a table that grows, by the column that says on which.
// And whoever made an index on another form of the column thought of many.
func (s *search) many(t *schema.Table, equal []facts.Predicate) bool {
	if slices.ContainsFunc(equal, func(p facts.Predicate) bool { return plain(t, p) != "" || lowered(t, p) != nil }) {
		return true
	}
	if !s.tables.Used(t.Name) || len(equal) == 0 {
		return false
	}
	return proof.MatchString(equal[0].Column) && slices.ContainsFunc(t.Columns, func(c *schema.Column) bool { return expiry.MatchString(c.Name) }) ||
		slices.ContainsFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool {
			return len(k.Columns) == 1 && strings.EqualFold(k.Columns[0], equal[0].Column) && s.tables.Grows(k.Table)
		})
}

// lowered is an index on the lower case of a column that a predicate compares as it is.
func lowered(t *schema.Table, p facts.Predicate) *schema.Index {
	if p.Function != "" {
		return nil
	}
	for _, i := range t.Indexes {
		if len(i.Parts) > 0 && strings.EqualFold(i.Parts[0].Column, p.Column) && i.Parts[0].IgnoreCase {
			return i
		}
	}
	return nil
}

// isCast reports whether a predicate compares what a column is cast to.
func isCast(p facts.Predicate) bool { return strings.HasPrefix(p.Function, "::") || isDay(p) }

func isDay(p facts.Predicate) bool { return p.Function == "::date" || p.Function == "date" }

// castToItself reports whether a cast changes nothing, so that an index on the column serves.
func castToItself(t *schema.Table, p facts.Predicate) bool {
	to, is := strings.CutPrefix(p.Function, "::")
	c := columnOf(t, p.Column)
	return is && c != nil && (strings.EqualFold(to, string(c.Type)) || to == "text" && strings.EqualFold(string(c.Type), "varchar"))
}

// written is the compared side as the query has it.
func written(p facts.Predicate) string {
	if strings.HasPrefix(p.Function, "::") {
		return p.Column + p.Function
	}
	return p.Function + "(" + p.Column + ")"
}

// bareWay is how to compare the column itself: an index on its days cannot be made where a day depends on the zone.
func bareWay(p facts.Predicate) string {
	if isDay(p) {
		return fmt.Sprintf("compare the column itself with where the day begins and ends: %s >= … AND %s < …", p.Column, p.Column)
	}
	return fmt.Sprintf("cast what %s is compared with, and not the column", p.Column)
}

// leading is the key or index that leads with a bare column.
func leading(t *schema.Table, column string) string {
	if len(t.PrimaryKey) > 0 && strings.EqualFold(t.PrimaryKey[0], column) {
		return "the key of " + t.Name
	}
	for _, i := range t.Indexes {
		if len(i.Parts) > 0 && strings.EqualFold(i.Parts[0].Column, column) && !i.Parts[0].IgnoreCase {
			return "index " + i.Name
		}
	}
	return ""
}

// plain is an index on the bare column that a function keeps from serving.
func plain(t *schema.Table, p facts.Predicate) string {
	if p.Function != "lower" && p.Function != "upper" {
		return ""
	}
	for _, i := range t.Indexes {
		if len(i.Parts) > 0 && strings.EqualFold(i.Parts[0].Column, p.Column) && !i.Parts[0].IgnoreCase {
			return i.Name
		}
	}
	return ""
}

// statement is the index to create, with the marker of the runner that the migrations are for.
func (s *search) statement(table string, columns, names []string) string {
	if said := s.facts.Database.Declared[table].Says(false, names...); said != "" {
		return said
	}
	name := table + "_" + strings.Join(names, "_") + "_idx"
	if len(name) > 63 {
		name = name[:63]
	}
	if s.facts.Database.Dialect != "postgres" {
		return fmt.Sprintf("CREATE INDEX %s ON %s (%s);", name, table, strings.Join(columns, ", "))
	}
	name, table, columns = quoted(name), quoted(table), slices.Clone(columns)
	for i, c := range columns {
		columns[i] = quoted(c)
	}
	marker := ""
	for _, m := range s.facts.Migrations {
		if m.Runner == "goose" {
			marker = "-- +goose NO TRANSACTION\n-- +goose Up\n"
		}
	}
	return fmt.Sprintf("%sCREATE INDEX CONCURRENTLY %s ON %s (%s);", marker, name, table, strings.Join(columns, ", "))
}

// quoted is a name as PostgreSQL takes it: one with capitals loses them outside of quotes.
func quoted(name string) string {
	if strings.ToLower(name) == name || strings.ContainsAny(name, "\"( ") {
		return name
	}
	return `"` + name + `"`
}
