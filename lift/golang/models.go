package golang

import (
	"go/ast"
	"go/types"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/fettlehq/fettle/facts"
	"github.com/fettlehq/fettle/schema"
)

// findModels reads the tables that the structs of an object-relational mapper describe by their tags.
func (l *lifter) findModels() {
	l.facts.Models = &facts.Database{Schema: &schema.Schema{}, At: map[string]facts.Pos{}}
	for _, named := range l.named {
		structure, is := named.Underlying().(*types.Struct)
		if !is {
			continue
		}
		for _, library := range []string{"gorm", "xorm", "bun"} {
			if m := (model{l: l, library: library, table: &schema.Table{}}); m.read(named, structure) {
				l.facts.Models.Schema.Tables = append(l.facts.Models.Schema.Tables, m.table)
				l.facts.Models.At[m.table.Name] = l.pos(named.Obj().Pos())
				break
			}
		}
	}
	l.eachFile(l.findEntTables)
	slices.SortStableFunc(l.facts.Models.Schema.Tables, func(a, b *schema.Table) int { return strings.Compare(a.Name, b.Name) })
}

// model is a struct that describes a table.
type model struct {
	l       *lifter
	library string
	table   *schema.Table
	places  map[string][]int // of the columns of an index, by its name
}

// read reports whether a struct describes a table: some field has a tag of the library, and there is a key or
// an index.
func (m *model) read(named *types.Named, structure *types.Struct) bool {
	tagged := false
	for i := range structure.NumFields() {
		tag := reflect.StructTag(structure.Tag(i)).Get(m.library)
		tagged = tagged || tag != "" && tag != "-" && !strings.Contains(tag, "foreignKey") || m.library == "gorm" && isGormModel(structure.Field(i))
	}
	if !tagged {
		return false
	}
	m.table.Name = m.l.tableNamed(named, m.library)
	m.fields(structure, 0)
	if len(m.table.Indexes) == 0 && m.l.isGenerated(named) {
		return false // drawn from a database by a program that leaves indexes out
	}
	return m.table.Name != "" && len(m.table.PrimaryKey)+len(m.table.Indexes) > 0
}

// isGenerated reports whether a program wrote the file of a type.
func (l *lifter) isGenerated(named *types.Named) bool {
	if named == nil || named.Obj().Pkg() == nil {
		return false
	}
	if known, found := l.generated[named.Obj()]; found {
		return known
	}
	s := l.loader.sources[named.Obj().Pkg().Path()]
	l.generated[named.Obj()] = s != nil && slices.ContainsFunc(s.files, func(file *ast.File) bool {
		return file.FileStart <= named.Obj().Pos() && named.Obj().Pos() < file.FileEnd && ast.IsGenerated(file)
	})
	return l.generated[named.Obj()]
}

func isGormModel(field *types.Var) bool {
	path, name := namedType(field.Type())
	return field.Embedded() && isGorm(path) && name == "Model"
}

func (m *model) fields(structure *types.Struct, depth int) {
	for i := range structure.NumFields() {
		field, tag := structure.Field(i), reflect.StructTag(structure.Tag(i)).Get(m.library)
		if tag == "-" || !field.Exported() {
			continue
		}
		if isGormModel(field) && m.library == "gorm" {
			m.table.Columns = append(m.table.Columns, &schema.Column{Name: "id"}, &schema.Column{Name: "created_at"}, &schema.Column{Name: "updated_at"}, &schema.Column{Name: "deleted_at", Null: true})
			m.table.PrimaryKey = []string{"id"}
			m.index("idx_"+m.table.Name+"_deleted_at", "deleted_at", false)
			continue
		}
		if inner, is := types.Unalias(deref(field.Type())).Underlying().(*types.Struct); is && depth < 3 && (field.Embedded() && tag == "" || strings.Contains(tag, "embedded") || tag == "extends") {
			m.fields(inner, depth+1)
			continue
		}
		switch m.library {
		case "xorm":
			m.xorm(field, tag)
		default:
			m.gorm(field, tag)
		}
	}
}

func deref(t types.Type) types.Type {
	if pointer, is := types.Unalias(t).(*types.Pointer); is {
		return pointer.Elem()
	}
	return t
}

// scalar reports whether values of a type stand in one column.
func scalar(t types.Type) bool {
	switch u := deref(t).Underlying().(type) {
	case *types.Basic:
		return true
	case *types.Slice:
		return isBytes(u)
	case *types.Struct:
		path, name := namedType(t)
		return path == "time" && name == "Time" || path == "database/sql" || name == "UUID" || name == "Decimal"
	case *types.Array:
		return true
	}
	return false
}

func (m *model) index(name, column string, unique bool) { m.indexAt(name, column, unique, usual) }

// usual is the place of a column among those of an index whose tag names none, as gorm counts.
const usual = 10

// indexAt puts a column into an index: before those of a higher place, behind all others.
func (m *model) indexAt(name, column string, unique bool, place int) {
	if m.places == nil {
		m.places = map[string][]int{}
	}
	at := 0
	for at < len(m.places[name]) && m.places[name][at] <= place {
		at++
	}
	m.places[name] = slices.Insert(m.places[name], at, place)
	for _, i := range m.table.Indexes {
		if i.Name == name {
			i.Parts = slices.Insert(i.Parts, at, schema.IndexPart{Column: column})
			return
		}
	}
	m.table.Indexes = append(m.table.Indexes, &schema.Index{Name: name, Unique: unique, Parts: []schema.IndexPart{{Column: column}}})
}

var priority = regexp.MustCompile(`priority:\s*(\d+)`)

// placeIn is the place that the options of an index in a tag of gorm give a column: priority:2.
func placeIn(options string) int {
	if found := priority.FindStringSubmatch(options); found != nil {
		if n, err := strconv.Atoi(found[1]); err == nil {
			return n
		}
	}
	return usual
}

// gorm reads a field as gorm does, and bun: keys and values between semicolons or commas.
func (m *model) gorm(field *types.Var, tag string) {
	separator := ";"
	if m.library == "bun" {
		separator = ","
	}
	name := facts.Snake(field.Name())
	parts := strings.Split(tag, separator)
	if m.library == "bun" && !strings.Contains(parts[0], ":") && parts[0] != "" && !strings.HasPrefix(parts[0], "rel") {
		name = parts[0]
	}
	for _, part := range parts {
		if key, value, _ := strings.Cut(part, ":"); strings.EqualFold(strings.TrimSpace(key), "column") {
			name = strings.TrimSpace(value)
		}
	}
	if !scalar(field.Type()) && !strings.Contains(tag, "type:") && !strings.Contains(tag, "serializer") && !strings.Contains(tag, "index") {
		return
	}
	c := &schema.Column{Name: name, Null: true, Type: columnType(field.Type())}
	m.table.Columns = append(m.table.Columns, c)
	for _, part := range parts {
		key, value, _ := strings.Cut(strings.TrimSpace(part), ":")
		value, options, _ := strings.Cut(value, ",")
		if value == "" {
			value = name
		}
		switch strings.ToLower(strings.ReplaceAll(key, "_", "")) {
		case "primarykey", "pk":
			m.table.PrimaryKey = append(m.table.PrimaryKey, name)
		case "index":
			m.indexAt(value, name, strings.Contains(options, "unique"), placeIn(options))
		case "uniqueindex", "unique":
			m.indexAt("unique "+value, name, true, placeIn(options))
		case "not null", "notnull":
			c.Null = false
		}
	}
	if len(m.table.PrimaryKey) == 0 && m.library == "gorm" && (field.Name() == "ID" || name == "id") {
		m.table.PrimaryKey = []string{name}
	}
}

// xorm reads a field as xorm does: words, a name, index(name) and unique(name).
func (m *model) xorm(field *types.Var, tag string) {
	words := xormWords(tag)
	name := xormName(words)
	if name == "" {
		name = facts.Snake(field.Name())
	}
	if !scalar(field.Type()) && tag == "" {
		return
	}
	m.table.Columns = append(m.table.Columns, &schema.Column{Name: name, Null: !strings.Contains(strings.ToLower(tag), "not null"), Type: columnType(field.Type())})
	for _, word := range words {
		key, value, named := strings.Cut(strings.ToLower(word), "(")
		value = strings.TrimSuffix(value, ")")
		if !named {
			value = name
		}
		switch key {
		case "pk":
			m.table.PrimaryKey = append(m.table.PrimaryKey, name)
		case "index":
			m.index("index "+value, name, false)
		case "unique":
			m.index("unique "+value, name, true)
		}
	}
	if len(m.table.PrimaryKey) == 0 && (field.Name() == "ID" || field.Name() == "Id") {
		m.table.PrimaryKey = []string{name}
	}
}

// xormWords are the words of a tag: spaces within quotes and parentheses part nothing, and what follows a default or a
// collation is its value.
func xormWords(tag string) []string {
	var out []string
	var word strings.Builder
	quoted, depth, valued := false, 0, false
	for _, c := range tag + " " {
		switch {
		case c == '\'':
			quoted = !quoted
		case c == '(' && !quoted:
			depth++
		case c == ')' && !quoted:
			depth--
		case c == ' ' && !quoted && depth <= 0:
			if word.Len() == 0 {
				continue
			}
			if !valued {
				out = append(out, word.String())
			}
			valued = !valued && (strings.EqualFold(word.String(), "default") || strings.EqualFold(word.String(), "collate"))
			word.Reset()
			continue
		}
		word.WriteRune(c)
	}
	return out
}

// xormName is the name that a tag gives its column: the last word that means nothing else, with quotes or without.
func xormName(words []string) string {
	name := ""
	for _, word := range words {
		key, _, _ := strings.Cut(strings.ToLower(word), "(")
		if !xormKnows[key] {
			name = strings.Trim(word, "'")
		}
	}
	return name
}

// xormKnows are the words of a tag that say something of a column, types among them.
var xormKnows = wordSet(`-> <- - pk null not notnull autoincr default created updated deleted version utc local index unique cache nocache comment extends unsigned collate
	bit tinyint smallint mediumint int integer bigint enum set char varchar varchar2 nchar nvarchar tinytext text ntext clob mediumtext longtext uuid uniqueidentifier sysname
	date datetime time timestamp timestampz smalldatetime year decimal numeric real float double money smallmoney binary varbinary tinyblob blob mediumblob longblob bytea
	bool boolean serial bigserial json jsonb xml array`)

func wordSet(list string) map[string]bool {
	out := map[string]bool{}
	for _, word := range strings.Fields(list) {
		out[word] = true
	}
	return out
}

// columnType is the type of a column as far as rules ask: whether it holds two values only.
func columnType(t types.Type) schema.Type {
	if b, is := deref(t).Underlying().(*types.Basic); is {
		switch {
		case b.Info()&types.IsBoolean != 0:
			return schema.Boolean
		case b.Info()&types.IsInteger != 0:
			return schema.BigInt
		case b.Info()&types.IsFloat != 0:
			return schema.Double
		}
		return schema.Text
	}
	if path, name := namedType(t); path == "time" && name == "Time" {
		return schema.DateTime
	}
	return ""
}
