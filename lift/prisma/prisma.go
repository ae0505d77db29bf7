// Package prisma reads the schemas of Prisma: which tables its models are kept in, and what its client calls them.
//
//	*.prisma ─▶ blocks ─▶ Schema: models with their fields and relations, and the database that they describe
//
// A schema is one file, or all files of a folder, one of which has the datasource
// (https://www.prisma.io/docs/orm/prisma-schema/overview/location). What it says of the database is what migrations have made, but for
// what Prisma's language cannot say: partial indexes and those of expressions.
package prisma

import (
	"crypto/sha256"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/schema"
)

// largest bounds a file, in bytes.
const largest = 4 << 20

// Lifted are the schemas below a folder.
type Lifted struct {
	Schemas []*Schema // in the order of their folders
	Ignores []facts.Ignore
	Sums    map[string]facts.Sum // of the files
	Unread  []string             // files that are too large, or cannot be read
}

// Schema is one.
type Schema struct {
	Dir      string // below the folder that was read
	Files    []string
	Provider string          // as its datasource says: "postgresql"
	Database *facts.Database // nil where the provider keeps no tables
	Models   map[string]*Model
	Enums    map[string]bool
	order    []*Model
	loose    bool // relationMode = "prisma": there are no foreign keys in the database
}

// Model is a model, or a view.
type Model struct {
	Name    string
	Table   string
	Pos     facts.Pos
	Fields  map[string]*Field
	Order   []string // the names of its fields
	View    bool
	ID      []string // fields
	indexes []index
}

// Field is a field of a model.
type Field struct {
	Name       string
	Column     string // "" of a relation
	Type       string // of Prisma, or the name of an enum or model
	Native     string // of @db: "Uuid"
	List       bool
	Optional   bool
	ID         bool
	Unique     bool
	UpdatedAt  bool
	HasDefault bool
	Relation   *Relation // nil of a scalar
	Pos        facts.Pos
}

// Relation is what a field says of other rows.
type Relation struct {
	Model      string
	Name       string
	Fields     []string // of this model, where it holds the key; none on the other side
	References []string // of the other model
	List       bool
	OnDelete   string // as written: "Cascade"; "" where it is not said
}

// index is @@unique, @@index or such.
type index struct {
	name   string
	unique bool
	kind   string // of type: "Gin"; "" for a tree
	parts  []part
	pos    facts.Pos
}

type part struct {
	field string
	desc  bool
}

var skipped = regexp.MustCompile(`^(node_modules|dist|build|out|vendor|testdata|migrations|\..*)$`)

// Lift reads all schemas below a folder.
func Lift(dir string) Lifted {
	out := Lifted{Sums: map[string]facts.Sum{}}
	blocks := map[string][]*block{} // by folder
	files := map[string][]string{}
	_ = filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil // what cannot be read holds nothing to review
		case entry.IsDir() && name != dir && skipped.MatchString(entry.Name()):
			return filepath.SkipDir
		case !entry.Type().IsRegular() || !Reads(entry.Name()):
			return nil
		}
		below, err := filepath.Rel(dir, name)
		if err != nil {
			return nil
		}
		below = filepath.ToSlash(below)
		info, err := entry.Info()
		if err != nil || info.Size() > largest {
			out.Unread = append(out.Unread, below)
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			out.Unread = append(out.Unread, below)
			return nil
		}
		out.Sums[below] = sha256.Sum256(text)
		in := path.Dir(below)
		files[in] = append(files[in], below)
		blocks[in] = append(blocks[in], read(below, string(text))...)
		for i, line := range strings.Split(string(text), "\n") {
			if ignore, found := facts.ReadIgnore(facts.Pos{File: below, Line: i + 1, Column: 1}, line); found {
				out.Ignores = append(out.Ignores, ignore)
			}
		}
		return nil
	})
	for _, group := range grouped(blocks) {
		s := &Schema{Dir: group[0], Models: map[string]*Model{}, Enums: map[string]bool{}}
		var all []*block
		for _, in := range group {
			s.Files = append(s.Files, files[in]...)
			all = append(all, blocks[in]...)
		}
		out.Schemas = append(out.Schemas, s.apart(all)...)
	}
	return out
}

// Reads reports whether a lift reads files of a name.
func Reads(name string) bool { return strings.HasSuffix(name, ".prisma") }

// grouped are the folders of each schema: one that has a datasource with those below it that have none.
func grouped(blocks map[string][]*block) [][]string {
	dirs := make([]string, 0, len(blocks))
	for dir := range blocks {
		dirs = append(dirs, dir)
	}
	slices.Sort(dirs)
	sources := func(dir string) bool {
		return slices.ContainsFunc(blocks[dir], func(b *block) bool { return b.kind == "datasource" })
	}
	var out [][]string
	taken := map[string]bool{}
	for _, dir := range dirs {
		if !sources(dir) {
			continue
		}
		group := []string{dir}
		for _, other := range dirs {
			if other != dir && !taken[other] && !sources(other) && (dir == "." || strings.HasPrefix(other, dir+"/")) {
				group = append(group, other)
				taken[other] = true
			}
		}
		taken[dir] = true
		out = append(out, group)
	}
	for _, dir := range dirs {
		if !taken[dir] {
			out = append(out, []string{dir})
		}
	}
	return out
}

// apart makes schemas of blocks: one for each file where several of a folder have a datasource, as those for several databases have.
func (s *Schema) apart(all []*block) []*Schema {
	files := map[string]bool{}
	for _, b := range all {
		if b.kind == "datasource" {
			files[b.pos.File] = true
		}
	}
	if len(files) < 2 {
		s.build(all)
		return []*Schema{s}
	}
	var out []*Schema
	for _, file := range s.Files {
		if !files[file] {
			continue
		}
		one := &Schema{Dir: s.Dir, Files: []string{file}, Models: map[string]*Model{}, Enums: map[string]bool{}}
		one.build(slices.DeleteFunc(slices.Clone(all), func(b *block) bool { return b.pos.File != file }))
		out = append(out, one)
	}
	return out
}

// build makes the models and the database of the blocks of a schema.
func (s *Schema) build(all []*block) {
	for _, b := range all {
		switch b.kind {
		case "datasource":
			s.Provider = b.settings["provider"]
			s.loose = b.settings["relationMode"] == "prisma"
		case "enum":
			s.Enums[b.name] = true
		}
	}
	for _, b := range all {
		if b.kind != "model" && b.kind != "view" || s.Models[b.name] != nil {
			continue
		}
		m := b.model()
		s.Models[b.name] = m
		s.order = append(s.order, m)
	}
	for _, m := range s.order {
		for _, name := range m.Order {
			f := m.Fields[name]
			if s.Models[f.Type] == nil {
				continue
			}
			if f.Relation == nil {
				f.Relation = &Relation{}
			}
			f.Relation.Model, f.Relation.List, f.Column = f.Type, f.List, ""
		}
	}
	if dialect := facts.DialectOf(s.Provider); dialect != "" || s.Provider == "" {
		s.Database = s.database(dialect)
	}
}

// types are the logical types of Prisma's.
var types = map[string]schema.Type{
	"String": schema.Text, "Int": schema.Integer, "BigInt": schema.BigInt, "Float": schema.Double, "Decimal": schema.Decimal, "Boolean": schema.Boolean, "DateTime": schema.DateTime, "Json": schema.JSON, "Bytes": schema.Bytes,
}

// database is what the models say of the database.
func (s *Schema) database(dialect string) *facts.Database {
	out := &facts.Database{Schema: &schema.Schema{}, At: map[string]facts.Pos{}, Dialect: dialect, Declared: map[string]*facts.Declared{}}
	for _, m := range s.order {
		if m.View {
			continue
		}
		out.Schema.Tables = append(out.Schema.Tables, s.table(m, out.At, dialect))
		out.At[m.Table] = m.Pos
		said := &facts.Declared{Index: "@@index([%s])", Unique: "@@unique([%s])", Fields: map[string]string{}}
		for name, f := range m.Fields {
			said.Fields[f.Column] = name
		}
		out.Declared[m.Table] = said
	}
	out.Schema.Tables = append(out.Schema.Tables, s.joins(out.At)...)
	slices.SortStableFunc(out.Schema.Tables, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func (s *Schema) table(m *Model, at map[string]facts.Pos, dialect string) *schema.Table {
	t := &schema.Table{Name: m.Table}
	columns := func(fields []string) []string {
		var out []string
		for _, name := range fields {
			if f := m.Fields[name]; f != nil && f.Column != "" {
				out = append(out, f.Column)
			}
		}
		return out
	}
	for _, name := range m.Order {
		f := m.Fields[name]
		if f.Relation != nil {
			continue
		}
		t.Columns = append(t.Columns, column(f))
		at[m.Table+"."+f.Column] = f.Pos
		if f.ID {
			t.PrimaryKey = []string{f.Column}
		}
		if f.Unique {
			t.Indexes = append(t.Indexes, &schema.Index{Name: m.Table + "_" + f.Column + "_key", Unique: true, Parts: []schema.IndexPart{{Column: f.Column}}})
			at["index:"+m.Table+"_"+f.Column+"_key"] = f.Pos
		}
	}
	if len(m.ID) > 0 {
		t.PrimaryKey = columns(m.ID)
	}
	for _, i := range m.indexes {
		if made := i.made(m); made != nil {
			t.Indexes = append(t.Indexes, made)
			at["index:"+made.Name] = i.pos
		}
	}
	if s.loose {
		return t
	}
	for _, name := range m.Order {
		r := m.Fields[name].Relation
		if r == nil || len(r.Fields) == 0 {
			continue
		}
		to := s.Models[r.Model]
		key := &schema.ForeignKey{Name: m.Table + "_" + strings.Join(columns(r.Fields), "_") + "_fkey", Columns: columns(r.Fields), Table: to.Table, OnDelete: onDelete(r, m)}
		for _, field := range r.References {
			if f := to.Fields[field]; f != nil {
				key.To = append(key.To, f.Column)
			}
		}
		if len(key.Columns) != len(r.Fields) {
			continue
		}
		t.ForeignKeys = append(t.ForeignKeys, key)
		if dialect == "mysql" && !leads(t, key.Columns) { // InnoDB makes one for each key
			made := &schema.Index{Name: key.Name}
			for _, c := range key.Columns {
				made.Parts = append(made.Parts, schema.IndexPart{Column: c})
			}
			t.Indexes = append(t.Indexes, made)
		}
	}
	return t
}

// leads reports whether a key or index of a table begins with some columns.
func leads(t *schema.Table, columns []string) bool {
	begins := func(key []string) bool { return len(key) >= len(columns) && slices.Equal(key[:len(columns)], columns) }
	if begins(t.PrimaryKey) {
		return true
	}
	return slices.ContainsFunc(t.Indexes, func(i *schema.Index) bool {
		var key []string
		for _, p := range i.Parts {
			key = append(key, p.Column)
		}
		return begins(key)
	})
}

func column(f *Field) *schema.Column {
	c := &schema.Column{Name: f.Column, Null: f.Optional, List: f.List, Type: types[f.Type]}
	if c.Type == "" {
		c.Type = schema.Text // an enum, or what Prisma does not know
	}
	switch f.Native {
	case "Uuid":
		c.Type = schema.UUID
	case "Date":
		c.Type = schema.Date
	case "Time", "Timetz":
		c.Type = schema.Time
	}
	return c
}

// onDelete is what a foreign key does when the row goes that it names: what is said, else what Prisma says for it.
func onDelete(r *Relation, m *Model) schema.Action {
	switch r.OnDelete {
	case "Cascade":
		return schema.Cascade
	case "SetNull":
		return schema.SetNull
	case "":
		if slices.ContainsFunc(r.Fields, func(name string) bool { f := m.Fields[name]; return f != nil && f.Optional }) {
			return schema.SetNull
		}
	}
	return schema.Restrict
}

// made is an index as the database has it. One that is no tree gives no order and finds no single values.
func (i index) made(m *Model) *schema.Index {
	out := &schema.Index{Name: i.name, Unique: i.unique, Lists: i.kind != "" && i.kind != "BTree" && i.kind != "Hash"}
	var names []string
	for _, p := range i.parts {
		f := m.Fields[p.field]
		if f == nil || f.Column == "" {
			return nil
		}
		out.Parts = append(out.Parts, schema.IndexPart{Column: f.Column, Descending: p.desc})
		names = append(names, f.Column)
	}
	if len(out.Parts) == 0 {
		return nil
	}
	if out.Name == "" {
		out.Name = m.Table + "_" + strings.Join(names, "_") + "_idx"
		if i.unique {
			out.Name = m.Table + "_" + strings.Join(names, "_") + "_key"
		}
	}
	return out
}

// joins are the tables of relations of many to many that no model stands for
// (https://www.prisma.io/docs/orm/prisma-schema/data-model/relations/many-to-many-relations).
func (s *Schema) joins(at map[string]facts.Pos) []*schema.Table {
	var out []*schema.Table
	seen := map[string]bool{}
	for _, m := range s.order {
		for _, name := range m.Order {
			f := m.Fields[name]
			if f.Relation == nil || !f.List || s.holder(m, f) {
				continue
			}
			a, b := m.Name, f.Relation.Model
			if a > b {
				a, b = b, a
			}
			table := "_" + a + "To" + b
			if f.Relation.Name != "" {
				table = "_" + f.Relation.Name
			}
			if seen[table] {
				continue
			}
			seen[table] = true
			at[table] = f.Pos
			out = append(out, &schema.Table{
				Name: table, Columns: []*schema.Column{{Name: "A", Type: s.keyType(a)}, {Name: "B", Type: s.keyType(b)}},
				Indexes: []*schema.Index{
					{Name: table + "_AB_unique", Unique: true, Parts: []schema.IndexPart{{Column: "A"}, {Column: "B"}}},
					{Name: table + "_B_index", Parts: []schema.IndexPart{{Column: "B"}}},
				},
			})
		}
	}
	return out
}

// holder reports whether the other side of a list holds the key.
func (s *Schema) holder(m *Model, f *Field) bool {
	other := s.Models[f.Relation.Model]
	return slices.ContainsFunc(other.Order, func(name string) bool {
		back := other.Fields[name]
		return back != f && back.Relation != nil && back.Relation.Model == m.Name && back.Relation.Name == f.Relation.Name && (len(back.Relation.Fields) > 0 || !back.List)
	})
}

// keyType is the type of the key of a model.
func (s *Schema) keyType(model string) schema.Type {
	m := s.Models[model]
	for _, name := range m.Order {
		if m.Fields[name].ID {
			return column(m.Fields[name]).Type
		}
	}
	return schema.Text
}
