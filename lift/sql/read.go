// Package sql reads what SQL a backend holds: its statements, and the migrations that make its schema.
//
//	text of a query ─▶ Read ─▶ facts.Statement
//	migration files ─▶ Replay ─▶ facts.Database, facts.Migration
//
// It reads PostgreSQL, MySQL and SQLite with one tolerant reader, for reviewed code mixes placeholders and holds pieces
// that are only known at run time (decision 0051). What it does not understand it leaves out, and says so: a statement
// with Nested or without predicates is one of which a rule may say less, never more.
package sql

import (
	"cmp"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
)

// Read understands one statement, with the values of its parameters in order. It is nil where the text is no statement.
func Read(text string, args []facts.Value) *facts.Statement {
	r := &reader{args: args}
	list := tokens(text)
	for len(list) > 0 && list[len(list)-1].is(";") {
		list = list[:len(list)-1]
	}
	if len(list) == 0 || until(list, 0, ";") < len(list) {
		return nil
	}
	return r.statement(list)
}

// Conditions understands a condition alone, such as "email = ? AND active", on columns of a table.
func Conditions(text, table string, args []facts.Value) []facts.Predicate {
	r := &reader{args: args, out: &facts.Statement{Tables: []facts.TableUse{{Table: table, Alias: table}}}}
	r.conditions(tokens(text), false)
	return r.out.Predicates
}

type reader struct {
	args []facts.Value
	next int // the parameter that the next ? is
	out  *facts.Statement

	covered bool             // there are queries that Covered of the statement speaks of
	within  []facts.TableUse // and these are their tables
}

// cover reads a query within a column or beside one: it says which rows the statement is of no more than the column does.
func (r *reader) cover(list []token) {
	nested, tables := r.out.Nested, r.out.Tables
	r.out.Tables = nil
	r.inner(list)
	r.within, r.covered = append(r.within, r.out.Tables...), true
	r.out.Nested, r.out.Tables = nested, tables
}

func (r *reader) statement(list []token) *facts.Statement {
	r.out = &facts.Statement{Verb: facts.Other}
	list = r.with(list)
	if len(list) == 0 {
		return nil
	}
	before := len(r.out.Tables)
	switch {
	case list[0].is("select"):
		r.selects(list)
	case list[0].is("insert", "replace"):
		r.insert(list)
	case list[0].is("update"):
		r.update(list)
	case list[0].is("delete"):
		r.delete(list)
	case list[0].is("create", "alter", "drop", "truncate", "begin", "commit", "rollback", "set", "pragma", "explain", "analyze", "vacuum", "lock", "notify", "listen", "savepoint", "release", "values", "call", "show", "copy", "grant", "do", "refresh"):
	default:
		return nil
	}
	if r.out.Write() { // what it writes stands first, before the tables of the queries that it begins with
		r.out.Tables = append(r.out.Tables[before:len(r.out.Tables):len(r.out.Tables)], r.out.Tables[:before]...)
	} else {
		r.out.Within = before
	}
	for _, t := range r.within {
		t.Join = "within"
		r.out.Tables = append(r.out.Tables, t)
	}
	r.out.Covered = r.covered && !r.out.Nested
	r.out.Nested = r.out.Nested || r.covered
	return r.out
}

// with reads past the queries that a statement begins with.
func (r *reader) with(list []token) []token {
	if !list[0].is("with") {
		return list
	}
	r.out.Nested = true
	end := until(list, 1, "select", "insert", "update", "delete")
	name := ""
	for i := 1; i < end; i++ {
		if list[i].name() && !list[i].is("recursive", "as", "not", "materialized") {
			name = list[i].text
		}
		if list[i].is("(") {
			stop := closing(list, i)
			before := r.next
			r.inner(list[i+1 : min(stop, len(list))])
			if i+1 < stop && list[i+1].is("select", "update", "delete", "insert") {
				own := &reader{args: r.args, next: before}
				if st := own.statement(list[i+1 : min(stop, len(list))]); st != nil {
					st.Name = name
					r.out.Inner = append(r.out.Inner, st)
				}
			}
			i = stop
		}
	}
	return list[end:]
}

// inner reads a query within another: its tables count, its conditions do not.
func (r *reader) inner(list []token) {
	r.out.Nested = true
	for i, t := range list {
		if t.is("from", "join", "into", "update") && i+1 < len(list) && list[i+1].name() {
			table, end := qualified(list, i+1)
			r.use(table, "", schemaOf(list[i+1:end]))
		}
		if t.kind == param {
			r.value(t)
		}
	}
}

func (r *reader) use(table, alias, of string) {
	if alias == "" {
		alias = table
	}
	r.out.Tables = append(r.out.Tables, facts.TableUse{Table: table, Alias: alias, Schema: of})
}

// qualified reads a name with its schema left out, and says where it ends.
func qualified(list []token, at int) (name string, end int) {
	for at < len(list) && list[at].name() {
		name = list[at].text
		at++
		if at+1 < len(list) && list[at].is(".") {
			at++
			continue
		}
		break
	}
	return name, at
}

// schemaOf is the schema that a name says before it, "" where it says none.
func schemaOf(name []token) string {
	if len(name) < 3 {
		return ""
	}
	return name[len(name)-3].text
}

var behindFrom = []string{"where", "group", "having", "order", "limit", "offset", "fetch", "for", "union", "intersect", "except", "returning", "window", "on"}

func (r *reader) selects(list []token) {
	r.out.Verb = facts.Select
	from := until(list, 1, "from", "union", "where", "limit")
	r.columns(list[1:from])
	if from == len(list) || !list[from].is("from") {
		return
	}
	end := until(list, from+1, "where", "group", "having", "order", "limit", "offset", "fetch", "for", "union", "intersect", "except", "window")
	r.from(list[from+1 : end])
	r.clauses(list, end)
}

func (r *reader) columns(list []token) {
	aggregates := 0
	for _, column := range split(list, ",") {
		for len(column) > 0 && column[0].is("distinct", "all") {
			column = column[1:]
			r.out.Grouped = true
		}
		if len(column) == 0 {
			continue
		}
		for i, t := range column {
			if t.is("select") {
				r.cover(column[i:])
				break
			}
			if t.kind == param {
				r.value(t)
			}
		}
		if len(column) > 1 && column[1].is("(") && column[0].is("count", "sum", "max", "min", "avg", "exists", "coalesce", "bool_or", "array_agg", "json_agg", "jsonb_agg", "string_agg", "group_concat", "last_insert_id") {
			if until(column, 0, "over") == len(column) {
				aggregates++
			}
			continue
		}
		name, end := qualified(column, 0)
		if end == len(column) || end < len(column) && column[end].is("as") {
			r.out.Columns = append(r.out.Columns, name)
		} else if t := column[len(column)-1]; t.is("*") {
			r.out.Columns = append(r.out.Columns, "*")
		} else {
			r.out.Columns = append(r.out.Columns, "")
		}
	}
	r.out.Aggregate = aggregates > 0 && len(r.out.Columns) == 0
}

// from reads the tables and the conditions of their joins.
func (r *reader) from(list []token) {
	expectTable, outer := true, ""
	for i := 0; i < len(list); i++ {
		t := list[i]
		switch {
		case t.is("left", "right", "full"):
			outer = strings.ToLower(t.text)
		case t.is(","):
			expectTable, outer = true, ""
		case t.is("join"):
			expectTable = true
		case t.is("on"):
			end := until(list, i+1, "join", "left", "right", "inner", "full", "cross", "outer", ",", "natural")
			r.conditions(list[i+1:end], false)
			i = end - 1
		case t.is("using"):
			if i+1 < len(list) && list[i+1].is("(") {
				i = closing(list, i+1)
			}
		case t.is("("):
			end := closing(list, i)
			r.inner(list[i+1 : min(end, len(list))])
			i = end
			expectTable = false
		case t.kind == gap:
			r.out.Nested = true
			expectTable = false
		case expectTable && t.name() && !t.is("only", "lateral", "left", "right", "inner", "outer", "full", "cross", "natural"):
			table, end := qualified(list, i)
			alias, of := "", schemaOf(list[i:end])
			if end < len(list) && list[end].is("as") {
				end++
			}
			if end < len(list) && list[end].name() && !list[end].is("join", "left", "right", "inner", "outer", "full", "cross", "on", "using", "natural", "use", "force", "set") {
				alias = list[end].text
				end++
			}
			if end < len(list) && list[end].is("(") { // a function
				stop := closing(list, end)
				for _, t := range list[end:stop] {
					r.value(t)
				}
				end = stop + 1
				r.out.Nested = true
			} else {
				r.use(table, alias, of)
				r.out.Tables[len(r.out.Tables)-1].Join = outer
			}
			i = end - 1
			expectTable, outer = false, ""
		}
	}
}

// clauses reads what follows the tables.
func (r *reader) clauses(list []token, at int) {
	for at < len(list) {
		keyword := list[at]
		end := until(list, at+1, behindFrom...)
		if keyword.is("order", "group") && at+1 < len(list) && list[at+1].is("by") {
			end = until(list, at+2, behindFrom...)
		}
		body := list[at+1 : end]
		switch {
		case keyword.is("where"):
			r.conditions(body, false)
		case keyword.is("group"):
			r.out.Grouped = true
			r.out.Aggregate = false
		case keyword.is("order"):
			r.order(body)
		case keyword.is("limit"):
			r.limit(body)
			r.out.LimitGiven = keyword.given
		case keyword.is("offset"):
			r.out.Offset = true
			for _, t := range body {
				if t.kind == param {
					r.value(t)
				}
			}
		case keyword.is("fetch"):
			r.out.Limit = "fetch"
		case keyword.is("for"):
			r.lock(body)
		case keyword.is("union", "intersect", "except"):
			r.out.Nested = true
			r.inner(body)
		}
		at = end
	}
}

// lock reads what stands behind FOR: UPDATE, NO KEY UPDATE, SHARE or KEY SHARE, and of which tables.
func (r *reader) lock(body []token) {
	if len(body) == 0 || !body[0].is("update", "share", "no", "key") {
		return
	}
	r.out.Locks, r.out.LocksShare = true, body[0].is("share", "key")
	of := until(body, 0, "of")
	for i := of + 1; i < len(body) && body[i].name() && !body[i].is("skip", "nowait"); i++ {
		table, end := qualified(body, i)
		r.out.LocksOf = append(r.out.LocksOf, table)
		if i = end; i < len(body) && !body[i].is(",") {
			break
		}
	}
}

func (r *reader) limit(body []token) {
	parts := split(body, ",")
	last := parts[len(parts)-1]
	if len(parts) > 1 {
		r.out.Offset = true
		for _, t := range parts[0] {
			if t.kind == param {
				r.value(t)
			}
		}
	}
	for _, t := range last {
		switch t.kind {
		case param:
			r.out.LimitArg = r.value(t)
		case gap:
			r.out.Limit = "?"
		}
		r.out.Limit += t.text
	}
	if r.out.Limit == "" {
		r.out.Limit = "?"
	}
	if r.out.Limit == "all" || r.out.Limit == "null" {
		r.out.Limit = ""
	}
}

func (r *reader) order(body []token) {
	if len(body) > 0 && body[0].is("by") {
		body = body[1:]
	}
	for _, part := range split(body, ",") {
		table, column, end := r.columnAt(part, 0)
		if column == "" || end < len(part) && !part[end].is("asc", "desc", "nulls", "collate") {
			r.out.Order = append(r.out.Order, facts.OrderPart{})
			continue
		}
		descending := until(part, 0, "desc") < len(part)
		r.out.Order = append(r.out.Order, facts.OrderPart{Table: table, Column: column, Descending: descending})
	}
}

// columnAt reads a column, with the table that its qualifier names.
func (r *reader) columnAt(list []token, at int) (table, column string, end int) {
	if at >= len(list) || !list[at].name() || list[at].is("not", "exists", "case", "null", "true", "false", "select", "interval", "any", "all", "now", "current_timestamp") {
		return "", "", at
	}
	parts := []string{list[at].text}
	at++
	for at+1 < len(list) && list[at].is(".") && list[at+1].name() {
		parts = append(parts, list[at+1].text)
		at += 2
	}
	if at < len(list) && list[at].is("(") {
		return "", "", at
	}
	column = parts[len(parts)-1]
	if len(parts) > 1 {
		qualifier := parts[len(parts)-2]
		for _, use := range r.out.Tables {
			if strings.EqualFold(use.Alias, qualifier) || strings.EqualFold(use.Table, qualifier) {
				return use.Table, column, at
			}
		}
		return "?" + qualifier, column, at
	}
	if len(r.out.Tables) == 1 {
		table = r.out.Tables[0].Table
	}
	return table, column, at
}

// conditions reads what must hold, each for itself; of alternatives every arm is disjoint.
func (r *reader) conditions(list []token, disjoint bool) {
	if arms := split(list, "or"); len(arms) > 1 {
		before := len(r.out.Predicates)
		r.out.Mixed = cmp.Or(r.out.Mixed, mixed(arms))
		for _, arm := range arms {
			r.conditions(arm, true)
		}
		for i := range r.out.Predicates[before:] {
			p := &r.out.Predicates[before+i]
			p.Optional = p.Optional || len(arms) == 2 && (notGiven(arms[0]) || notGiven(arms[1]))
		}
		return
	}
	for _, condition := range split(list, "and") {
		before := len(r.out.Predicates)
		r.condition(condition, disjoint)
		for i := before; i < len(r.out.Predicates) && len(condition) > 0 && condition[0].sometimes; i++ {
			r.out.Predicates[i].Optional, r.out.Predicates[i].Given = true, condition[0].given
		}
	}
}

// notGiven reports whether a condition asks of a parameter alone whether it says anything: $1 IS NULL, $1 = ”, NOT $1.
func notGiven(list []token) bool {
	given, empty := false, false
	for i, t := range list {
		switch {
		case t.kind == param:
			given = true
		case t.is("null", "not", "true", "false") || t.kind == literal && strings.Trim(t.text, "'") == "" || t.kind == number && strings.Trim(t.text, "0") == "":
			empty = true
		case t.is("::"), t.is("(", ")", "is", "=", "[", "]", ","), t.is("coalesce", "cardinality", "array_length", "length", "cast", "as"), i > 0 && list[i-1].is("::", "as"):
		default:
			return false
		}
	}
	return given && empty
}

func (r *reader) condition(list []token, disjoint bool) {
	for len(list) > 1 && list[0].is("(") && closing(list, 0) == len(list)-1 {
		list = list[1 : len(list)-1]
		if until(list, 0, "and", "or") < len(list) {
			r.conditions(list, disjoint)
			return
		}
	}
	if len(list) == 0 {
		return
	}
	p := facts.Predicate{Disjoint: disjoint}
	at := 0
	switch {
	case list[0].is("not") && len(list) > 1 && !list[1].is("exists", "("):
		if table, column, end := r.columnAt(list, 1); column != "" && end == len(list) {
			r.out.Predicates = append(r.out.Predicates, facts.Predicate{Table: table, Column: column, Operator: "=", Literal: "false", Disjoint: disjoint})
			return
		}
		r.skip(list)
		return
	case list[0].is("not", "exists", "case"):
		r.skip(list)
		return
	case len(list) > 3 && list[0].kind == word && list[1].is("("):
		end := closing(list, 1)
		table, column, stop := r.columnAt(list[:min(end, len(list))], 2)
		if column == "" || stop != end {
			r.skip(list)
			return
		}
		p.Function, p.Table, p.Column = list[0].text, table, column
		at = end + 1
	default:
		p.Table, p.Column, at = r.columnAt(list, 0)
		if p.Column == "" {
			r.reversed(list, p)
			return
		}
	}
	for at+1 < len(list) && list[at].is("::") { // a cast
		p.Function = "::" + list[at+1].text
		at += 2
	}
	if at == len(list) {
		p.Operator, p.Literal = "=", "true" // a boolean column
		r.out.Predicates = append(r.out.Predicates, p)
		return
	}
	r.compare(list, at, p)
}

// reversed reads ? = column and the like.
func (r *reader) reversed(list []token, p facts.Predicate) {
	if len(list) >= 3 && (list[0].kind == param || list[0].kind == literal || list[0].kind == number) && list[1].is("=", "<", ">", "<=", ">=") {
		arg := r.value(list[0])
		if table, column, end := r.columnAt(list, 2); column != "" && end == len(list) {
			p.Table, p.Column, p.Operator, p.Arg = table, column, list[1].text, arg
			if list[0].kind != param {
				p.Literal = list[0].text
			}
			r.out.Predicates = append(r.out.Predicates, p)
			return
		}
		r.skip(list[2:])
		return
	}
	r.skip(list)
}

// compare reads an operator and its right side.
func (r *reader) compare(list []token, at int, p facts.Predicate) {
	negated := list[at].is("not")
	if negated {
		at++
	}
	if at >= len(list) {
		return
	}
	p.Operator = strings.ToUpper(list[at].text)
	at++
	switch p.Operator {
	case "IS":
		p.Operator = "IS NULL"
		if at < len(list) && list[at].is("not") {
			p.Operator = "IS NOT NULL"
			at++
		}
		if at < len(list) && list[at].is("true", "false") {
			p.Operator, p.Literal = "=", list[at].text
		}
		r.out.Predicates = append(r.out.Predicates, p)
		return
	case "=", "<", ">", "<=", ">=", "<>", "!=", "IN", "LIKE", "ILIKE", "BETWEEN", "~", "~*", "@>", "&&", "<=>", "GLOB", "MATCH":
	default:
		r.skip(list[at:])
		return
	}
	if negated {
		p.Operator = "NOT " + p.Operator
	}
	rest := list[at:]
	r.rightSide(rest, &p)
	r.out.Predicates = append(r.out.Predicates, p)
}

func (r *reader) rightSide(rest []token, p *facts.Predicate) {
	if len(rest) == 0 {
		return
	}
	if rest[0].is("any", "some", "all") && p.Operator == "=" {
		p.Operator = "IN"
	}
	if rest[0].is("coalesce") && len(rest) > 3 && rest[len(rest)-1].is(")") { // COALESCE($1, column) lets every row pass where nothing is given
		if _, column, end := r.columnAt(rest, len(rest)-2); strings.EqualFold(column, p.Column) && end == len(rest)-1 {
			p.Disjoint, p.Optional = true, true
		}
	}
	switch first := rest[0]; {
	case first.kind == literal || first.kind == number || first.is("true", "false", "null"):
		p.Literal = first.text
	case first.kind == word || first.kind == quoted:
		table, column, end := r.columnAt(rest, 0)
		if column != "" && end == len(rest) {
			p.JoinTable, p.JoinColumn = table, column
			if p.Operator == "=" && table != p.Table {
				p.Operator = "JOIN"
			}
			return
		}
	}
	for i, t := range rest {
		switch {
		case t.kind == param:
			if v := r.value(t); p.Arg == nil {
				p.Arg = v
			}
		case t.is("select"):
			r.cover(rest[i:])
			return
		case t.kind == gap:
			p.Literal = "?"
		}
	}
}

// skip passes over a condition that is not understood; its parameters count.
func (r *reader) skip(list []token) {
	for i, t := range list {
		if t.is("select") {
			r.inner(list[i:])
			return
		}
		if t.kind == param {
			r.value(t)
		}
		if t.kind == gap {
			r.out.Nested = true
		}
	}
}

// value is what a parameter holds.
func (r *reader) value(t token) *facts.Value {
	if t.kind != param {
		return nil
	}
	index := r.next
	if n, err := strconv.Atoi(strings.TrimLeft(t.text, "$?")); err == nil {
		index, r.next = n-1, max(r.next, n)
	} else if t.text == "?" {
		r.next++
	} else {
		return &facts.Value{Text: t.text}
	}
	if index < 0 || index >= len(r.args) {
		return &facts.Value{Text: t.text}
	}
	return &r.args[index]
}

func (r *reader) insert(list []token) {
	r.out.Verb = facts.Insert
	into := until(list, 0, "into")
	if into == len(list) {
		return
	}
	table, at := qualified(list, into+1)
	r.use(table, "", schemaOf(list[into+1:at]))
	r.out.OnConflict = list[0].is("replace") || until(list[:into], 0, "ignore", "replace") < into
	if at < len(list) && list[at].is("(") {
		end := closing(list, at)
		for _, column := range split(list[at+1:min(end, len(list))], ",") {
			if name, stop := qualified(column, 0); stop == len(column) {
				r.out.Sets = append(r.out.Sets, name)
			}
		}
		at = end + 1
	}
	for i := at; i < len(list); i++ {
		if list[i].is("on") && i+1 < len(list) && list[i+1].is("conflict", "duplicate") {
			r.out.OnConflict = true
		}
		if list[i].is("select") {
			r.out.Nested = true
		}
	}
}

func (r *reader) update(list []token) {
	r.out.Verb = facts.Update
	set := until(list, 1, "set")
	if set == len(list) {
		return
	}
	r.from(list[1:set])
	end := until(list, set+1, "where", "from", "returning", "order", "limit")
	for _, part := range split(list[set+1:end], ",") {
		column, at := qualified(part, 0)
		if column == "" {
			r.skip(part)
			continue
		}
		r.out.Sets = append(r.out.Sets, column)
		for _, t := range part[min(at, len(part)):] {
			if t.name() && t.text == column {
				r.out.Self = append(r.out.Self, column)
			}
			if t.is("select") {
				r.out.Nested = true
			}
			if t.kind == param {
				r.out.Assigned = append(r.out.Assigned, facts.Assignment{Column: column, Arg: r.value(t)})
			}
		}
	}
	if end < len(list) && list[end].is("from") {
		stop := until(list, end+1, "where", "returning")
		r.from(list[end+1 : stop])
		end = stop
	}
	r.clauses(list, end)
}

func (r *reader) delete(list []token) {
	r.out.Verb = facts.Delete
	from := until(list, 0, "from")
	if from == len(list) {
		return
	}
	end := until(list, from+1, "where", "returning", "using", "order", "limit")
	r.from(list[from+1 : end])
	if end < len(list) && list[end].is("using") {
		stop := until(list, end+1, "where", "returning")
		r.from(list[end+1 : stop])
		end = stop
	}
	r.clauses(list, end)
}
