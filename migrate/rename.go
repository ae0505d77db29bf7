package migrate

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// rename is one thing that gets another name. Table is the table's name once tables are renamed.
type rename struct {
	kind  string // "table", "column", "index", "foreign key", "exclusion"
	table string
	old   string
	new   string
}

// applyRenames gives from with the names that its tables and columns have in to, and what was renamed, tables first.
//
// A name counts as changed when the old one is in from and no longer in to, and the new one is not yet in from. Indexes,
// foreign keys and exclusions, whose names are made of those, are followed when nothing but their name differs.
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
	for _, x := range table.Exclusions {
		ends := []string{x.From, x.Until}
		replace(ends)
		x.From, x.Until = ends[0], ends[1]
		replace(x.Per)
		if x.Where != nil {
			*x.Where = predicateWith(*x.Where, column.Name, name)
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

// adoptNames gives indexes, foreign keys and exclusions of old the names that their equals have in table.
func adoptNames(old, table *schema.Table) []rename {
	return slices.Concat(
		adopt("index", table.Name, old.Indexes, table.Indexes, func(i *schema.Index) *string { return &i.Name }),
		adopt("foreign key", table.Name, old.ForeignKeys, table.ForeignKeys, func(k *schema.ForeignKey) *string { return &k.Name }),
		adopt("exclusion", table.Name, old.Exclusions, table.Exclusions, func(x *schema.Exclusion) *string { return &x.Name }))
}

func adopt[T any](kind, table string, from, to []*T, name func(*T) *string) []rename {
	var renames []rename
	nameOf := func(item *T) string { return *name(item) }
	for _, item := range from {
		if named(to, nameOf, *name(item)) != nil {
			continue
		}
		for _, other := range to {
			as := *item
			*name(&as) = *name(other)
			if named(from, nameOf, *name(other)) == nil && reflect.DeepEqual(&as, other) {
				renames = append(renames, rename{kind, table, *name(item), *name(other)})
				*name(item) = *name(other)
				break
			}
		}
	}
	return renames
}

func indexName(i *schema.Index) string    { return i.Name }
func keyName(k *schema.ForeignKey) string { return k.Name }
func checkOf(c *schema.Check) string      { return c.Name }

func exclusionName(x *schema.Exclusion) string { return x.Name }

// named is the item of that name, or nil.
func named[T any](items []*T, name func(*T) string, wanted string) *T {
	for _, item := range items {
		if name(item) == wanted {
			return item
		}
	}
	return nil
}
