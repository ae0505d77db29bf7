package sql

import (
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/schema"
)

// replay applies statements to a schema, in the order of migrations.
type replay struct {
	tables   map[string]*schema.Table
	database *facts.Database
	made     map[string]bool   // tables that the migration at hand makes
	cut      map[string]bool   // tables that are partitioned
	checks   map[string]string // columns of which a constraint says that they are not null, by its table and name
	proven   map[string]bool   // "table.column" of those of which such a constraint was checked for every row
	text     Text
	up       string
}

var (
	gooseDown   = regexp.MustCompile(`(?im)^\s*--\s*(\+goose\s+Down|\+migrate\s+Down|migrate:down|!Downs)`)
	ownMarker   = regexp.MustCompile(`(?im)^\s*--\s*(\+goose\s+NO\s+TRANSACTION|\+migrate\s+.*notransaction|migrate:up\s+transaction:false|atlas:txmode\s+none)`)
	sqlcQueries = regexp.MustCompile(`(?im)^\s*--\s*name:`)
)

// file replays one file: what it does upwards.
func (r *replay) file(t Text) *facts.Migration {
	if sqlcQueries.MatchString(t.SQL) {
		return nil // queries of the code, not a migration
	}
	m := &facts.Migration{File: t.Pos.File, Runner: "plain", InTx: false}
	switch lower := strings.ToLower(t.SQL); {
	case strings.Contains(lower, "+goose"):
		m.Runner, m.InTx = "goose", true
	case strings.Contains(strings.ToLower(path.Base(t.Name)), ".tx.up."):
		m.Runner, m.InTx = "bun", true // its files without .tx run as those of golang-migrate do
	case strings.Contains(strings.ToLower(path.Base(t.Name)), ".up."):
		m.Runner = "golang-migrate"
	case strings.Contains(lower, "+migrate"):
		m.Runner, m.InTx = "sql-migrate", true
	case strings.Contains(lower, "migrate:up"):
		m.Runner, m.InTx = "dbmate", true
	}
	if ownMarker.MatchString(t.SQL) {
		m.InTx = false
	}
	r.up = t.SQL
	if at := gooseDown.FindStringIndex(r.up); at != nil {
		r.up = r.up[:at[0]]
	}
	r.text, r.made = t, map[string]bool{}
	for _, list := range split(tokens(r.up), ";") {
		if len(list) == 0 {
			continue
		}
		if list[0].is("begin", "start") {
			m.InTx = true
		}
		for _, s := range r.statement(list) {
			if s != nil {
				m.Statements = append(m.Statements, s)
			}
		}
	}
	return m
}

// at is the place of a token in its file.
func (r *replay) at(t token) facts.Pos {
	line := strings.Count(r.up[:t.at], "\n")
	column := t.at - strings.LastIndexByte(r.up[:t.at], '\n')
	if line == 0 {
		column += r.text.Pos.Column - 1
	}
	return facts.Pos{File: r.text.Pos.File, Line: r.text.Pos.Line + line, Column: column}
}

func (r *replay) written(list []token) string {
	return strings.TrimSpace(r.up[list[0].at:list[len(list)-1].end])
}

func (r *replay) statement(list []token) []*facts.MigrationStatement {
	one := func(s *facts.MigrationStatement) []*facts.MigrationStatement {
		if s == nil {
			return nil
		}
		s.Pos, s.Text = r.at(list[0]), r.written(list)
		s.NewTable = s.NewTable || r.made[s.Table]
		return []*facts.MigrationStatement{s}
	}
	if s := r.works(list); s != nil {
		return one(s)
	}
	if len(list) < 3 {
		return nil
	}
	kind := 1
	for kind < len(list) && list[kind].is("or", "replace", "temporary", "temp", "unlogged", "unique", "global", "local", "fulltext", "spatial") {
		kind++
	}
	if kind >= len(list) {
		return nil
	}
	switch {
	case list[0].is("create") && list[kind].is("table"):
		return one(r.createTable(list[kind+1:]))
	case list[0].is("create") && list[kind].is("index"):
		return one(r.createIndex(list[kind+1:], list[kind-1].is("unique")))
	case list[0].is("alter") && list[1].is("table"):
		return r.alterTable(list)
	case list[0].is("alter") && list[1].is("index"):
		r.renameIndex(ifExists(list[2:]))
	case list[0].is("drop") && list[1].is("table"):
		return one(r.dropTable(list[2:]))
	case list[0].is("drop") && list[1].is("index"):
		return one(r.dropIndex(list[2:]))
	case list[0].is("update", "delete"):
		if s := Read(r.written(list), nil); s != nil && len(s.Tables) > 0 {
			kind := "update rows"
			if s.Verb == facts.Delete {
				kind = "delete rows"
			}
			return one(&facts.MigrationStatement{Kind: kind, Table: s.Tables[0].Table, Columns: predicateColumns(s)})
		}
	case list[0].is("set") && until(list, 0, "lock_timeout") < len(list):
		return one(&facts.MigrationStatement{Kind: "set lock_timeout"})
	}
	return nil
}

// works reads a statement that changes nothing of the schema and holds a table while it works through it, or for whoever asks.
func (r *replay) works(list []token) *facts.MigrationStatement {
	s, rest := &facts.MigrationStatement{}, list[1:]
	if len(rest) > 0 && rest[0].is("(") {
		rest = rest[slices.IndexFunc(rest, func(t token) bool { return t.is(")") })+1:]
	}
	switch {
	case list[0].is("vacuum") && slices.ContainsFunc(list, func(t token) bool { return t.is("full") }):
		s.Kind = "vacuum full"
		for len(rest) > 0 && rest[0].is("full", "freeze", "verbose", "analyze") {
			rest = rest[1:]
		}
	case list[0].is("cluster"):
		s.Kind = "cluster"
		rest = trimWord(rest, "verbose")
	case list[0].is("reindex"):
		s.Kind = "reindex"
		if len(rest) == 0 || !rest[0].is("table") {
			return nil
		}
		rest = rest[1:]
		s.Concurrently = len(rest) > 0 && rest[0].is("concurrently")
		rest = trimWord(rest, "concurrently")
	case list[0].is("lock"):
		s.Kind = "lock table"
		rest = trimWord(trimWord(rest, "table"), "only")
		if mode := until(rest, 0, "in"); mode+1 < len(rest) && !rest[mode+1].is("access", "exclusive") || until(rest, 0, "share") < len(rest) {
			return nil
		}
	default:
		return nil
	}
	if s.Table, _ = qualified(rest, 0); s.Table == "" {
		return nil
	}
	return s
}

func predicateColumns(s *facts.Statement) []string {
	var out []string
	for _, p := range s.Predicates {
		out = append(out, p.Column)
	}
	return out
}

// ifExists passes over IF EXISTS, IF NOT EXISTS and the like.
func ifExists(list []token) []token {
	for len(list) > 0 && list[0].is("if", "not", "exists", "concurrently", "only") {
		list = list[1:]
	}
	return list
}

func (r *replay) table(name string) *schema.Table { return r.tables[strings.ToLower(name)] }

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
		for _, part := range split(rest[open+1:min(end, len(rest))], ",") {
			index.Parts = append(index.Parts, indexPart(part))
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
		return s
	}
	if !slices.ContainsFunc(t.Indexes, func(old *schema.Index) bool { return old.Name != "" && old.Name == index.Name }) {
		r.index(t, index, list[0])
	}
	return s
}

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

func (r *replay) dropTable(list []token) *facts.MigrationStatement {
	list = ifExists(list)
	name, _ := qualified(list, 0)
	delete(r.tables, strings.ToLower(name))
	return &facts.MigrationStatement{Kind: "drop table", Table: name}
}

func (r *replay) dropIndex(list []token) *facts.MigrationStatement {
	s := &facts.MigrationStatement{Kind: "drop index", Concurrently: len(list) > 0 && list[0].is("concurrently")}
	list = ifExists(list)
	s.Name, _ = qualified(list, 0)
	for _, t := range r.tables {
		t.Indexes = slices.DeleteFunc(t.Indexes, func(i *schema.Index) bool {
			if strings.EqualFold(i.Name, s.Name) {
				s.Table = t.Name
				return true
			}
			return false
		})
	}
	return s
}

func (r *replay) alterTable(list []token) []*facts.MigrationStatement {
	rest := ifExists(list[2:])
	name, at := qualified(rest, 0)
	if name == "" || at >= len(rest) {
		return nil
	}
	t := r.table(name)
	if t == nil {
		t = &schema.Table{Name: name} // made by something that was not read
	}
	var out []*facts.MigrationStatement
	for _, action := range split(rest[at:], ",") {
		if len(action) < 2 {
			continue
		}
		s := &facts.MigrationStatement{Table: name, Pos: r.at(action[0]), Text: r.written(list), NewTable: r.made[name]}
		if len(out) == 0 {
			s.Pos = r.at(list[0])
		}
		r.alter(t, action, s)
		r.proves(action, s)
		if s.Kind != "" {
			out = append(out, s)
		}
	}
	return out
}

// alter applies one action of ALTER TABLE.
// proves notes what a checked constraint says of a column: CHECK (column IS NOT NULL), which SET NOT NULL relies on.
func (r *replay) proves(action []token, s *facts.MigrationStatement) {
	lower := strings.ToLower
	switch s.Kind {
	case "add check":
		check := until(action, 0, "check")
		body := action[min(check+1, len(action)):]
		for len(body) > 0 && body[0].is("(") {
			body = body[1:]
		}
		if len(body) < 5 || !body[1].is("is") || !body[2].is("not") || !body[3].is("null") || !body[4].is(")") || !action[0].is("add") || !action[1].is("constraint") {
			return
		}
		r.checks[lower(s.Table+"."+action[2].text)] = body[0].text
		if !s.NotValid {
			r.proven[lower(s.Table+"."+body[0].text)] = true
		}
	case "validate constraint":
		if column := r.checks[lower(s.Table+"."+action[len(action)-1].text)]; column != "" {
			r.proven[lower(s.Table+"."+column)] = true
		}
	case "set not null":
		s.Proven = r.proven[lower(s.Table+"."+s.Column)]
	}
}

func (r *replay) alter(t *schema.Table, action []token, s *facts.MigrationStatement) {
	body := action[1:]
	switch {
	case action[0].is("add") && body[0].is("constraint", "primary", "unique", "foreign", "check", "exclude", "index", "key", "fulltext"):
		r.addConstraint(t, body, s)
	case action[0].is("add"):
		body = ifExists(trimWord(body, "column"))
		if len(body) == 0 {
			return
		}
		s.Kind, s.Column = "add column", body[0].text
		r.column(t, body)
		for i := range body {
			switch {
			case body[i].is("not") && i+1 < len(body) && body[i+1].is("null"):
				s.NotNull = true
			case body[i].is("default") && i+1 < len(body):
				s.Default = r.up[body[i+1].at:body[len(body)-1].end]
			case body[i].is("serial", "bigserial"), body[i].is("generated") && until(body, i, "stored") < len(body):
				s.Default = "stored()"
			case body[i].is("unique"):
				s.Unique = true
			}
		}
	case action[0].is("drop") && body[0].is("constraint"):
		body = ifExists(body[1:])
		if len(body) > 0 {
			s.Kind, s.Name = "drop constraint", body[0].text
			t.Indexes = slices.DeleteFunc(t.Indexes, func(i *schema.Index) bool { return i.Name == s.Name })
			t.ForeignKeys = slices.DeleteFunc(t.ForeignKeys, func(k *schema.ForeignKey) bool { return k.Name != "" && k.Name == s.Name })
			if strings.HasSuffix(s.Name, "_pkey") {
				t.PrimaryKey = nil
			}
		}
	case action[0].is("drop") && body[0].is("index", "key") && len(body) > 1:
		r.dropIndex(body[1:])
		s.Kind, s.Name = "drop index", body[1].text
	case action[0].is("drop") && !body[0].is("primary", "foreign", "check"):
		body = ifExists(trimWord(body, "column"))
		if len(body) > 0 {
			s.Kind, s.Column = "drop column", body[0].text
			dropColumn(t, s.Column)
		}
	case action[0].is("rename"):
		r.rename(t, body, s)
	case action[0].is("alter", "modify", "change"):
		r.alterColumn(t, action, body, s)
	case action[0].is("validate"):
		s.Kind = "validate constraint"
	case action[0].is("set") && body[0].is("logged", "unlogged"):
		s.Kind = "set " + strings.ToLower(body[0].text)
	}
}

func trimWord(list []token, w string) []token {
	if len(list) > 0 && list[0].is(w) {
		return list[1:]
	}
	return list
}

func dropColumn(t *schema.Table, name string) {
	t.Columns = slices.DeleteFunc(t.Columns, func(c *schema.Column) bool { return strings.EqualFold(c.Name, name) })
	t.Indexes = slices.DeleteFunc(t.Indexes, func(i *schema.Index) bool {
		return slices.ContainsFunc(i.Parts, func(p schema.IndexPart) bool { return strings.EqualFold(p.Column, name) })
	})
}

func (r *replay) addConstraint(t *schema.Table, body []token, s *facts.MigrationStatement) {
	s.Kind = "add constraint"
	s.NotValid = until(body, 0, "valid") < len(body)
	kind := body
	if body[0].is("constraint") && len(body) > 2 {
		s.Name = body[1].text
		kind = body[2:]
	}
	if len(kind) == 0 {
		return
	}
	switch {
	case kind[0].is("foreign"):
		s.Kind = "add foreign key"
	case kind[0].is("unique"):
		s.Kind, s.Unique = "add unique", true
	case kind[0].is("primary"):
		s.Kind = "add primary key"
	case kind[0].is("check"):
		s.Kind = "add check"
	case kind[0].is("exclude"):
		s.Kind = "add exclusion"
	case kind[0].is("index", "key"):
		s.Kind = "create index"
	}
	s.Columns = r.columnsIn(kind)
	if i := until(kind, 0, "using"); i+2 < len(kind) && kind[i+1].is("index") { // of an index that exists
		s.Kind, s.NotValid = "constraint using index", true
		return
	}
	if kind[0].is("index", "key") && len(kind) > 1 && kind[1].name() {
		r.index(t, &schema.Index{Name: kind[1].text, Parts: parts(s.Columns)}, kind[0])
		return
	}
	r.define(t, body)
}

// renameIndex replays ALTER INDEX a RENAME TO b, and takes no note of what else can be altered of an index.
func (r *replay) renameIndex(list []token) {
	name, at := qualified(list, 0)
	if name == "" || at+2 >= len(list) || !list[at].is("rename") || !list[at+1].is("to") {
		return
	}
	for _, t := range r.tables {
		for _, i := range t.Indexes {
			if strings.EqualFold(i.Name, name) {
				i.Name = list[at+2].text
			}
		}
	}
}

func (r *replay) rename(t *schema.Table, body []token, s *facts.MigrationStatement) {
	body = trimWord(body, "column")
	switch {
	case body[0].is("to") && len(body) > 1:
		s.Kind, s.To = "rename table", body[1].text
		delete(r.tables, strings.ToLower(t.Name))
		t.Name = s.To
		r.tables[strings.ToLower(s.To)] = t
	case len(body) >= 3 && body[1].is("to"):
		s.Kind, s.Column, s.To = "rename column", body[0].text, body[2].text
		for _, c := range t.Columns {
			if strings.EqualFold(c.Name, s.Column) {
				c.Name = s.To
			}
		}
		for _, i := range t.Indexes {
			for n := range i.Parts {
				if strings.EqualFold(i.Parts[n].Column, s.Column) {
					i.Parts[n].Column = s.To
				}
			}
		}
		for n, c := range t.PrimaryKey {
			if strings.EqualFold(c, s.Column) {
				t.PrimaryKey[n] = s.To
			}
		}
	}
}

func (r *replay) alterColumn(t *schema.Table, action, body []token, s *facts.MigrationStatement) {
	body = trimWord(body, "column")
	if len(body) == 0 {
		return
	}
	s.Column = body[0].text
	has := func(words ...string) bool {
		at := 0
		for _, w := range words {
			at = until(body, at, w)
			if at == len(body) {
				return false
			}
			at++
		}
		return true
	}
	set := func(null bool) {
		for _, c := range t.Columns {
			if strings.EqualFold(c.Name, s.Column) {
				c.Null = null
			}
		}
	}
	switch {
	case has("set", "not", "null"):
		s.Kind, s.NotNull = "set not null", true
		set(false)
	case has("drop", "not", "null"):
		s.Kind = "drop not null"
		set(true)
	case has("type"):
		s.Kind = "change type"
		if i := until(body, 0, "type"); i+1 < len(body) {
			s.To = r.up[body[i+1].at:body[len(body)-1].end]
		}
	case action[0].is("modify", "change"):
		s.Kind = "modify column"
	default:
		s.Kind = "alter column"
	}
}

// finish puts the tables in order.
func (r *replay) finish() {
	for _, t := range r.tables {
		r.database.Schema.Tables = append(r.database.Schema.Tables, t)
		if r.database.Dialect == "mysql" {
			indexKeys(t)
		}
	}
	slices.SortFunc(r.database.Schema.Tables, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
}

// indexKeys adds the indexes that MySQL makes of foreign keys where no other leads with their columns.
func indexKeys(t *schema.Table) {
	for _, k := range t.ForeignKeys {
		leads := func(columns []string) bool {
			return len(columns) >= len(k.Columns) && slices.EqualFunc(columns[:len(k.Columns)], k.Columns, strings.EqualFold)
		}
		if leads(t.PrimaryKey) || slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool {
			var columns []string
			for _, p := range i.Parts {
				columns = append(columns, p.Column)
			}
			return leads(columns)
		}) {
			continue
		}
		name := k.Name
		if name == "" {
			name = strings.Join(k.Columns, "_")
		}
		t.Indexes = append(t.Indexes, &schema.Index{Name: name, Parts: parts(k.Columns)})
	}
}
