package migrate

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// rename is one thing that gets another name. Table is the table's name once tables are renamed.
type rename struct {
	kind  string // "table", "column", "index", "foreign key"
	table string
	old   string
	new   string
}

// applyRenames gives from with the names that its tables and columns have in to, and what was renamed, tables first.
//
// A name counts as changed when the old one is in from and no longer in to, and the new one is not yet in from. Indexes
// and foreign keys, whose names are made of those, are followed when nothing but their name differs.
func applyRenames(from, to *schema.Schema) (*schema.Schema, []rename) {
	renamed := clone(from)
	var renames []rename
	for _, table := range to.Tables {
		if old := findTable(renamed, table.Was); old != nil && findTable(renamed, table.Name) == nil && findTable(to, table.Was) == nil {
			renames = append(renames, rename{"table", table.Name, old.Name, table.Name})
			renameTable(renamed, old, table.Name)
		}
	}
	for _, table := range to.Tables {
		old := findTable(renamed, table.Name)
		if old == nil {
			continue
		}
		for _, column := range table.Columns {
			if was := findColumn(old, column.Was); was != nil && findColumn(old, column.Name) == nil && findColumn(table, column.Was) == nil {
				renames = append(renames, rename{"column", table.Name, was.Name, column.Name})
				renameColumn(renamed, old, was, column.Name)
			}
		}
	}
	for _, table := range to.Tables {
		if old := findTable(renamed, table.Name); old != nil {
			renames = append(renames, adoptNames(old, table)...)
		}
	}
	return renamed, renames
}

func clone(s *schema.Schema) *schema.Schema {
	text, err := json.Marshal(s)
	if err != nil {
		panic(fmt.Sprintf("schema does not marshal: %v", err))
	}
	var copied schema.Schema
	if err := json.Unmarshal(text, &copied); err != nil {
		panic(fmt.Sprintf("schema does not unmarshal: %v", err))
	}
	return &copied
}

func renameTable(s *schema.Schema, table *schema.Table, name string) {
	for _, other := range s.Tables {
		for _, key := range other.ForeignKeys {
			if key.Table == table.Name {
				key.Table = name
			}
		}
	}
	table.Name = name
}

func renameColumn(s *schema.Schema, table *schema.Table, column *schema.Column, name string) {
	replace := func(names []string) {
		for i := range names {
			if names[i] == column.Name {
				names[i] = name
			}
		}
	}
	replace(table.PrimaryKey)
	replace(table.Search)
	for _, index := range table.Indexes {
		for i := range index.Parts {
			if index.Parts[i].Column == column.Name {
				index.Parts[i].Column = name
			}
		}
		if index.Where != nil {
			*index.Where = predicateWith(*index.Where, column.Name, name)
		}
	}
	for _, key := range table.ForeignKeys {
		replace(key.Columns)
	}
	for _, other := range s.Tables {
		for _, key := range other.ForeignKeys {
			if key.Table == table.Name {
				replace(key.To)
			}
		}
	}
	for _, check := range table.Checks {
		check.That = predicateWith(check.That, column.Name, name)
	}
	column.Name = name
}

// predicateWith is the predicate as the database keeps it once one of its columns is renamed.
func predicateWith(p schema.Predicate, old, name string) schema.Predicate {
	return schema.Predicate{SQLite: exprWith(p.SQLite, old, name), Postgres: exprWith(p.Postgres, old, name)}
}

var stringLiteral = regexp.MustCompile(`'(?:[^']|'')*'`)

func exprWith(expr, old, name string) string {
	word := regexp.MustCompile(`\b` + regexp.QuoteMeta(old) + `\b`)
	var out strings.Builder
	end := 0
	for _, literal := range stringLiteral.FindAllStringIndex(expr, -1) {
		out.WriteString(word.ReplaceAllLiteralString(expr[end:literal[0]], name))
		out.WriteString(expr[literal[0]:literal[1]])
		end = literal[1]
	}
	out.WriteString(word.ReplaceAllLiteralString(expr[end:], name))
	return out.String()
}

// adoptNames gives indexes and foreign keys of old the names that their equals have in table.
func adoptNames(old, table *schema.Table) []rename {
	var renames []rename
	for _, index := range old.Indexes {
		if named(table.Indexes, indexName, index.Name) != nil {
			continue
		}
		for _, other := range table.Indexes {
			as := *index
			as.Name = other.Name
			if named(old.Indexes, indexName, other.Name) == nil && reflect.DeepEqual(&as, other) {
				renames = append(renames, rename{"index", table.Name, index.Name, other.Name})
				index.Name = other.Name
				break
			}
		}
	}
	for _, key := range old.ForeignKeys {
		if named(table.ForeignKeys, keyName, key.Name) != nil {
			continue
		}
		for _, other := range table.ForeignKeys {
			as := *key
			as.Name = other.Name
			if named(old.ForeignKeys, keyName, other.Name) == nil && reflect.DeepEqual(&as, other) {
				renames = append(renames, rename{"foreign key", table.Name, key.Name, other.Name})
				key.Name = other.Name
				break
			}
		}
	}
	return renames
}

func indexName(i *schema.Index) string    { return i.Name }
func keyName(k *schema.ForeignKey) string { return k.Name }
func checkOf(c *schema.Check) string      { return c.Name }

// named is the item of that name, or nil.
func named[T any](items []*T, name func(*T) string, wanted string) *T {
	for _, item := range items {
		if name(item) == wanted {
			return item
		}
	}
	return nil
}
