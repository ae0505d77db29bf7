package migrate

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// marker begins goose's annotations, which it sees inside of strings too.
const marker = "+goose"

// checkSchema refuses what one of the databases would not take or would take for something else.
func checkSchema(s *schema.Schema) error {
	tables := map[string]bool{}
	for _, table := range s.Tables {
		if tables[table.Name] {
			return fmt.Errorf("table %s: described twice", table.Name)
		}
		tables[table.Name] = true
	}
	indexes := map[string]bool{}
	for _, table := range s.Tables {
		if err := checkTable(s, table); err != nil {
			return fmt.Errorf("table %s: %w", table.Name, err)
		}
		for _, index := range table.Indexes {
			if indexes[index.Name] || tables[index.Name] {
				return fmt.Errorf("index %s of table %s: the name is taken", index.Name, table.Name)
			}
			indexes[index.Name] = true
		}
		for _, x := range table.Exclusions { // which has an index of its name
			if indexes[x.Name] || tables[x.Name] {
				return fmt.Errorf("exclusion %s of table %s: the name is taken", x.Name, table.Name)
			}
			indexes[x.Name] = true
		}
	}
	for _, table := range s.Tables {
		if err := checkSearch(table, tables, indexes); err != nil {
			return fmt.Errorf("table %s: search: %w", table.Name, err)
		}
	}
	return nil
}

// checkSearch refuses a search whose parts would have the names of something else.
func checkSearch(table *schema.Table, tables, indexes map[string]bool) error {
	if len(table.Search) == 0 {
		return nil
	}
	if len(table.PrimaryKey) != 1 {
		return fmt.Errorf("the primary key has %d columns, not one", len(table.PrimaryKey))
	}
	for _, name := range table.Search {
		if column := findColumn(table, name); column == nil || column.Type != schema.Text {
			return fmt.Errorf("no text column %q", name)
		}
	}
	if findColumn(table, schema.SearchColumn) != nil {
		return fmt.Errorf("the name of column %s is taken", schema.SearchColumn)
	}
	for _, part := range []string{"", "_rows", "_texts", "_data", "_idx", "_docsize", "_config"} {
		if name := table.Name + schema.SearchSuffix + part; tables[name] || indexes[name] {
			return fmt.Errorf("the name %s is taken", name)
		}
	}
	if name := searchIndex(table.Name); indexes[name] || tables[name] {
		return fmt.Errorf("the name %s is taken", name)
	}
	return nil
}

func checkTable(s *schema.Schema, table *schema.Table) error {
	if err := checkName(table.Name, schema.LongestTable); err != nil {
		return err
	}
	if len(table.Columns) == 0 {
		return fmt.Errorf("has no columns")
	}
	if strings.Contains(table.Comment, marker) {
		return fmt.Errorf("comment: has %q in it", marker)
	}
	columns := map[string]bool{}
	for _, column := range table.Columns {
		if err := checkName(column.Name, schema.LongestName); err != nil {
			return err
		}
		if columns[column.Name] {
			return fmt.Errorf("column %s: described twice", column.Name)
		}
		columns[column.Name] = true
		if strings.Contains(column.Comment, marker) || column.Default != nil && strings.Contains(column.Default.Text, marker) {
			return fmt.Errorf("column %s: has %q in its default or comment", column.Name, marker)
		}
		if column.List && (column.Type == schema.JSON || column.Type == schema.Bytes) {
			return fmt.Errorf("column %s: a list of %s: none is stored", column.Name, column.Type)
		}
		if !knownType(column.Type) {
			return fmt.Errorf("column %s: type %q: unknown", column.Name, column.Type)
		}
		if column.Type == schema.Decimal && (column.Digits < 1 || column.Scale < 0 || column.Scale > min(column.Digits, 18)) {
			return fmt.Errorf("column %s: decimal(%d,%d): the scale is not between 0 and the digits, at most 18", column.Name, column.Digits, column.Scale)
		}
		if column.Numbered && (column.Type != schema.BigInt || !slices.Equal(table.PrimaryKey, []string{column.Name})) {
			return fmt.Errorf("column %s: numbers the rows and is no bigint that is the primary key", column.Name)
		}
		if _, err := (sqliteDialect{}).defaultText(column); err != nil {
			return fmt.Errorf("column %s: default %q: %w", column.Name, column.Default.Text, err)
		}
	}
	named := append([]string{}, table.PrimaryKey...)
	for _, index := range table.Indexes {
		if err := checkName(index.Name, schema.LongestName); err != nil {
			return err
		}
		for _, part := range index.Parts {
			named = append(named, part.Column)
		}
	}
	for _, x := range table.Exclusions {
		if err := checkExclusion(table, x); err != nil {
			return fmt.Errorf("exclusion %s: %w", x.Name, err)
		}
		named = append(named, x.Per...)
	}
	for _, check := range table.Checks {
		if err := checkName(check.Name, schema.LongestName); err != nil {
			return err
		}
	}
	for _, key := range table.ForeignKeys {
		if err := checkName(key.Name, schema.LongestName); err != nil {
			return err
		}
		named = append(named, key.Columns...)
		target := findTable(s, key.Table)
		if target == nil {
			return fmt.Errorf("foreign key %s: no table %q", key.Name, key.Table)
		}
		for _, column := range key.To {
			if findColumn(target, column) == nil {
				return fmt.Errorf("foreign key %s: no column %q in %s", key.Name, column, key.Table)
			}
		}
	}
	for _, name := range named {
		if !columns[name] {
			return fmt.Errorf("no column %q", name)
		}
	}
	return nil
}

func checkExclusion(table *schema.Table, x *schema.Exclusion) error {
	if err := checkName(x.Name, schema.LongestName); err != nil {
		return err
	}
	from, until := findColumn(table, x.From), findColumn(table, x.Until)
	switch {
	case from == nil || until == nil:
		return fmt.Errorf("no columns %q and %q", x.From, x.Until)
	case from.Type != until.Type || from.Type != schema.DateTime && from.Type != schema.Date:
		return fmt.Errorf("%s and %s are no span", x.From, x.Until)
	case len(table.PrimaryKey) == 0:
		return fmt.Errorf("the table has no primary key")
	}
	return nil
}

func knownType(t schema.Type) bool {
	switch t {
	case schema.Text, schema.Boolean, schema.Integer, schema.BigInt, schema.Double, schema.Decimal, schema.DateTime,
		schema.Date, schema.Time, schema.Duration, schema.UUID, schema.JSON, schema.Bytes:
		return true
	}
	return false
}

func checkName(name string, longest int) error {
	switch {
	case name == "":
		return fmt.Errorf("a name is empty")
	case len(name) > longest:
		return fmt.Errorf("name %q: longer than %d bytes", name, longest)
	case strings.ContainsAny(name, schema.Escaped):
		return fmt.Errorf("name %q: has a character that needs escaping", name)
	}
	return nil
}

func findTable(s *schema.Schema, name string) *schema.Table {
	for _, table := range s.Tables {
		if table.Name == name {
			return table
		}
	}
	return nil
}

func findColumn(table *schema.Table, name string) *schema.Column {
	for _, column := range table.Columns {
		if column.Name == name {
			return column
		}
	}
	return nil
}
