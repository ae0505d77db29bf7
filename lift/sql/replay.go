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
	indexers map[string]indexer
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
		for _, written := range blocks(list) {
			for _, s := range r.statement(written) {
				if s != nil {
					m.Statements = append(m.Statements, s)
				}
			}
		}
	}
	return m
}

// blocks are the statements of a block of code that a migration runs once, DO $$ … $$, which mostly asks first whether it was run before; of
// any other statement it is that alone.
func blocks(list []token) [][]token {
	if len(list) < 2 || !list[0].is("do") {
		return [][]token{list}
	}
	body := slices.IndexFunc(list, func(t token) bool { return t.kind == literal && strings.HasPrefix(t.text, "$") })
	if body < 0 {
		return nil
	}
	inner := tokens(strings.Trim(list[body].text, "$"))
	before := list[body].at + strings.Index(list[body].text, strings.Trim(list[body].text, "$"))
	for i := range inner {
		inner[i].at, inner[i].end = inner[i].at+before, inner[i].end+before
	}
	var out [][]token
	for _, statement := range split(inner, ";") {
		for i, t := range slices.Backward(statement) {
			if t.kind == word && t.is("then", "begin", "else", "loop") {
				statement = statement[i+1:]
				break
			}
		}
		if len(statement) > 0 && statement[0].is("alter", "create", "drop") {
			out = append(out, statement)
		}
	}
	return out
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
	case list[0].is("create") && list[kind].is("function", "procedure"):
		r.function(list[kind+1:])
	case list[0].is("select", "call", "perform"):
		r.called(list)
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
	r.database.Loose = slices.DeleteFunc(r.database.Loose, func(loose facts.LooseIndex) bool { return strings.EqualFold(loose.Index.Name, s.Name) })
	return s
}

// finish puts the tables in order.
func (r *replay) finish() {
	for _, t := range r.tables {
		placeLoose(r.database, t) // strings of code stand in any order: an index before its table
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
