package schema

import (
	"slices"
	"strings"
)

// Table is the table of a name, whatever its case, as databases take names that are not quoted; nil where none is known, or nothing of its columns.
func (s *Schema) Table(name string) *Table {
	for _, t := range s.Tables {
		if strings.EqualFold(t.Name, name) && len(t.Columns) > 0 {
			return t
		}
	}
	return nil
}

// Keys are the columns of a table's primary key and of each of its unique indexes. Those of expressions have a column "".
func (t *Table) Keys() [][]string {
	var out [][]string
	if len(t.PrimaryKey) > 0 {
		out = append(out, t.PrimaryKey)
	}
	for _, i := range t.Indexes {
		if !i.Unique || len(i.Parts) == 0 {
			continue
		}
		key := make([]string, 0, len(i.Parts))
		for _, p := range i.Parts {
			key = append(key, p.Column)
		}
		out = append(out, key)
	}
	return out
}

// Unique reports whether a unique key of a table is made of some of these columns, whatever their case: no two rows then have the same values in all of them.
func (t *Table) Unique(columns []string) bool {
	return slices.ContainsFunc(t.Keys(), func(key []string) bool { return Covers(columns, key) })
}

// Covers reports whether all columns of a key are among some columns, whatever their case.
func Covers(columns, key []string) bool {
	return !slices.ContainsFunc(key, func(k string) bool {
		return !slices.ContainsFunc(columns, func(c string) bool { return strings.EqualFold(c, k) })
	})
}
