package sql

import (
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/schema"
)

func (r *replay) createTable(list []token) *facts.MigrationStatement {
	list = ifExists(list)
	name, at := qualified(list, 0)
	if name == "" {
		return nil
	}
	s := &facts.MigrationStatement{Kind: "create table", Table: name, NewTable: true}
	r.made[name] = true
	if r.table(name) != nil {
		r.database.At["also:"+name] = r.at(list[0])
		return s // IF NOT EXISTS of one that does
	}
	t := &schema.Table{Name: name}
	r.tables[strings.ToLower(name)] = t
	r.cut[strings.ToLower(name)] = until(list, at, "partition") < len(list)
	r.database.At[name] = r.at(list[0])
	if at < len(list) && list[at].is("(") {
		end := closing(list, at)
		for _, part := range split(list[at+1:min(end, len(list))], ",") {
			r.define(t, part)
		}
	}
	return s
}

// define reads one part of a table: a column, or a constraint.
func (r *replay) define(t *schema.Table, part []token) {
	if len(part) == 0 {
		return
	}
	name := ""
	if part[0].is("constraint") && len(part) > 2 {
		name = part[1].text
		part = part[2:]
	}
	switch {
	case part[0].is("primary"):
		t.PrimaryKey = r.columnsIn(part)
	case part[0].is("unique") || part[0].is("key", "index") && len(r.columnsIn(part)) > 0: // KEY name (column), and no column of that name: key varchar(255)
		columns := r.columnsIn(part)
		if name == "" {
			name = nameInside(part)
		}
		if name == "" {
			name = t.Name + "_" + strings.Join(columns, "_") + "_key"
		}
		r.index(t, &schema.Index{Name: name, Unique: part[0].is("unique"), Parts: parts(columns)}, part[0])
	case part[0].is("foreign"):
		columns := r.columnsIn(part)
		if i := until(part, 0, "references"); i+1 < len(part) {
			table, end := qualified(part, i+1)
			to := r.columnsIn(part[end:])
			t.ForeignKeys = append(t.ForeignKeys, &schema.ForeignKey{Name: name, Columns: columns, Table: table, To: to, OnDelete: onDelete(part)})
		}
	case part[0].is("exclude"):
		r.exclude(t, name, part)
	case part[0].is("check", "like", "period", "fulltext", "spatial"):
	case part[0].name():
		r.column(t, part)
	}
}

// nameInside is the name that an index within a table of MySQL has: UNIQUE KEY name (column); "" where it has none.
func nameInside(part []token) string {
	rest := part[1:]
	if len(rest) > 0 && rest[0].is("key", "index") {
		rest = rest[1:]
	}
	if len(rest) > 1 && rest[0].name() && rest[1].is("(", "using") && !rest[0].is("using") {
		return rest[0].text
	}
	return ""
}

// exclude reads an exclusion constraint: the index behind it finds rows by the columns that it leads with.
func (r *replay) exclude(t *schema.Table, name string, part []token) {
	open := slices.IndexFunc(part, func(t token) bool { return t.is("(") })
	if open < 0 {
		return
	}
	index := &schema.Index{Name: name, Lists: true} // GiST, as good as always: it gives no order
	var columns []string
	for _, element := range split(part[open+1:min(closing(part, open), len(part))], ",") {
		p := indexPart(element[:until(element, 0, "with")])
		index.Parts, columns = append(index.Parts, p), append(columns, p.Column)
	}
	if index.Name == "" {
		index.Name = t.Name + "_" + strings.Join(columns, "_") + "_excl"
	}
	r.index(t, index, part[0])
}

func parts(columns []string) []schema.IndexPart {
	var out []schema.IndexPart
	for _, c := range columns {
		out = append(out, schema.IndexPart{Column: c})
	}
	return out
}

func onDelete(part []token) schema.Action {
	for i := range part {
		if part[i].is("delete") && i+1 < len(part) {
			switch {
			case part[i+1].is("cascade"):
				return schema.Cascade
			case part[i+1].is("set"):
				return schema.SetNull
			}
		}
	}
	return schema.Restrict
}

// columnsIn are the names in the first parentheses.
func (r *replay) columnsIn(part []token) []string {
	open := -1
	for i, t := range part {
		if t.is("(") {
			open = i
			break
		}
	}
	if open < 0 {
		return nil
	}
	var out []string
	for _, c := range split(part[open+1:min(closing(part, open), len(part))], ",") {
		if len(c) > 0 && c[0].name() {
			out = append(out, c[0].text)
		}
	}
	return out
}

// column reads a column with what stands behind it.
func (r *replay) column(t *schema.Table, part []token) {
	c := &schema.Column{Name: part[0].text, Null: true}
	if len(part) > 1 {
		c.Type = schema.Type(part[1].text)
	}
	if slices.ContainsFunc(t.Columns, func(old *schema.Column) bool { return strings.EqualFold(old.Name, c.Name) }) {
		return
	}
	t.Columns = append(t.Columns, c)
	r.database.At[t.Name+"."+c.Name] = r.at(part[0])
	for i := 1; i < len(part); i++ {
		switch {
		case part[i].is("("):
			i = closing(part, i)
		case part[i].is("not") && i+1 < len(part) && part[i+1].is("null"):
			c.Null = false
		case part[i].is("primary"):
			t.PrimaryKey = []string{c.Name}
			c.Null = false
		case part[i].is("unique"):
			r.index(t, &schema.Index{Name: t.Name + "_" + c.Name + "_key", Unique: true, Parts: parts([]string{c.Name})}, part[0])
		case part[i].is("default") && i+1 < len(part):
			c.Default = &schema.Value{Text: strings.Trim(part[i+1].text, "'")}
		case part[i].is("references") && i+1 < len(part):
			table, end := qualified(part, i+1)
			t.ForeignKeys = append(t.ForeignKeys, &schema.ForeignKey{Columns: []string{c.Name}, Table: table, To: r.columnsIn(part[end:]), OnDelete: onDelete(part)})
			i = end
		}
	}
}

func (r *replay) index(t *schema.Table, index *schema.Index, at token) {
	t.Indexes = append(t.Indexes, index)
	r.database.At["index:"+index.Name] = r.at(at)
}

func (r *replay) createIndex(list []token, unique bool) *facts.MigrationStatement {
	s := &facts.MigrationStatement{Kind: "create index", Unique: unique}
	for i := range min(4, len(list)) {
		s.Concurrently = s.Concurrently || list[i].is("concurrently")
	}
	list = ifExists(list)
	on := until(list, 0, "on")
	if on == len(list) {
		return nil
	}
	if on > 0 {
		s.Name = list[0].text
		if on > 2 { // a schema's name before it
			s.Name = list[on-1].text
		}
	}
	rest := ifExists(list[on+1:])
	table, at := qualified(rest, 0)
	s.Table = table
	index := &schema.Index{Name: s.Name, Unique: unique}
	open := at
	for open < len(rest) && !rest[open].is("(") {
		if rest[open].is("using") && open+1 < len(rest) && rest[open+1].is("gin", "gist", "hash", "brin") {
			index.Lists = true // it answers no equality or order in the way of a tree
		}
		open++
	}
	if open < len(rest) {
		end := closing(rest, open)
		parts := split(rest[open+1:min(end, len(rest))], ",")
		for _, part := range parts {
			index.Parts = append(index.Parts, indexPart(part))
		}
		if s.Name == "" {
			s.Name = r.unnamed(table, parts)
			index.Name = s.Name
		}
		if held := until(rest, end+1, "include"); held+1 < len(rest) && rest[held+1].is("(") {
			for _, column := range split(rest[held+2:min(closing(rest, held+1), len(rest))], ",") {
				index.Include = append(index.Include, indexPart(column).Column)
			}
		}
		if where := until(rest, end+1, "where"); where+1 < len(rest) {
			condition := strings.TrimSpace(r.up[rest[where+1].at:rest[len(rest)-1].end])
			index.Where = &schema.Predicate{SQLite: condition, Postgres: condition}
		}
	}
	for _, p := range index.Parts {
		s.Columns = append(s.Columns, p.Column)
	}
	t := r.table(table)
	if t == nil {
		r.database.Loose = append(r.database.Loose, facts.LooseIndex{Table: table, Index: index, Pos: r.at(list[0])})
		return s
	}
	if !slices.ContainsFunc(t.Indexes, func(old *schema.Index) bool { return old.Name != "" && old.Name == index.Name }) {
		r.index(t, index, list[0])
	}
	return s
}

// unnamed is the name that PostgreSQL gives an index without one: after its table and columns, of an expression after its function, and with a number
// where another index has it already. One of the same columns is the same, of which a dump of the schema tells as well.
func (r *replay) unnamed(table string, parts [][]token) string {
	words := []string{table}
	for _, part := range parts {
		if len(part) > 0 && part[0].name() {
			words = append(words, part[0].text)
		} else {
			words = append(words, "expr")
		}
	}
	base := strings.Join(append(words, "idx"), "_")
	name := base
	t := r.table(table)
	same := func() bool {
		return t != nil && slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool { return i.Name == name && slices.EqualFunc(i.Parts, parts, equalPart) })
	}
	for n := 1; r.database.At["index:"+name].Line > 0 && !same(); n++ {
		name = base + strconv.Itoa(n)
	}
	return name
}

func equalPart(p schema.IndexPart, part []token) bool { return p == indexPart(part) }

// indexPart reads one part of an index; an expression that is not lower(column) has no column.
func indexPart(part []token) schema.IndexPart {
	var out schema.IndexPart
	for len(part) > 2 && part[0].is("(") && closing(part, 0) == len(part)-1 {
		part = part[1 : len(part)-1]
	}
	switch {
	case len(part) >= 4 && part[0].is("lower", "upper") && part[1].is("("):
		inner := part[2:]
		for len(inner) > 0 && inner[0].is("(") {
			inner = inner[1:]
		}
		if len(inner) > 0 && inner[0].name() {
			out.Column, out.IgnoreCase = inner[0].text, true
		}
	case len(part) > 0 && part[0].name() && (len(part) == 1 || !part[1].is("(") || len(part) > 2 && part[2].kind == number):
		out.Column = part[0].text
	}
	out.Descending = until(part, 0, "desc") < len(part)
	return out
}
