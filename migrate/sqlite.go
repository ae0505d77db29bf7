package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	atlasplan "ariga.io/atlas/sql/migrate"
	atlas "ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"

	"github.com/fettlehq/fettle/schema"
)

// sqliteDialect stores all in STRICT tables, as schema.Type says.
type sqliteDialect struct{}

func (sqliteDialect) columnType(c *schema.Column) atlas.Type {
	if c.List {
		return &atlas.StringType{T: "text"}
	}
	switch c.Type {
	case schema.Text, schema.Date, schema.Time, schema.UUID, schema.JSON:
		return &atlas.StringType{T: "text"}
	case schema.Boolean, schema.Integer, schema.BigInt, schema.Decimal, schema.DateTime, schema.Duration:
		return &atlas.IntegerType{T: "integer"}
	case schema.Double:
		return &atlas.FloatType{T: "real"}
	case schema.Bytes:
		return &atlas.BinaryType{T: "blob"}
	}
	panic(fmt.Sprintf("column %s: type %q", c.Name, c.Type))
}

// defaultExpr gives a literal where it can, since atlas adds a column with an expression only by rebuilding the table.
func (d sqliteDialect) defaultExpr(c *schema.Column) atlas.Expr {
	text, err := d.defaultText(c)
	switch {
	case err != nil:
		panic(fmt.Sprintf("column %s: default: %v", c.Name, err))
	case c.Default == nil:
		return nil
	case c.Type == schema.Bytes, strings.Contains(text, `\`): // atlas would quote these a second time
		return &atlas.RawExpr{X: text}
	}
	return &atlas.Literal{V: text}
}

// foreignKeys makes two of a key of several columns that makes only one of them null: SQLite would make them all.
func (sqliteDialect) foreignKeys(key *schema.ForeignKey) []*schema.ForeignKey {
	if !joint(key) || key.OnDelete != schema.SetNull {
		return []*schema.ForeignKey{key}
	}
	last := len(key.Columns) - 1
	clears, compares := *key, *key
	clears.Columns, clears.To = key.Columns[last:], key.To[last:]
	compares.Name, compares.OnDelete = cut(key.Name, "_joint"), noAction
	return []*schema.ForeignKey{&clears, &compares}
}

func (sqliteDialect) predicate(p schema.Predicate) string { return p.SQLite }

func (sqliteDialect) indexPredicate(p schema.Predicate) atlas.Attr {
	return &sqlite.IndexPredicate{P: p.SQLite}
}

func (sqliteDialect) listIndex() atlas.Attr { return nil }

func (sqliteDialect) lower(column string) string { return "lower(`" + column + "`)" }

func (sqliteDialect) tableAttrs(*schema.Table) []atlas.Attr { return []atlas.Attr{&sqlite.Strict{}} }

func (sqliteDialect) columnAttrs(*schema.Column) []atlas.Attr { return nil }

// planSQLite gives the one script for SQLite, or none.
func planSQLite(from, renamed, to *schema.Schema, renames []rename) ([]Script, error) {
	first, err := renameOnSQLite(from, renamed, renames)
	if err != nil {
		return nil, err
	}
	changes, err := sqlite.DefaultDiff.SchemaDiff(render(renamed, sqliteDialect{}), render(to, sqliteDialect{}), atlas.DiffNormalized())
	if err != nil {
		return nil, err
	}
	changes, err = rebuildWhereNeeded(changes, renamed, to)
	if err != nil {
		return nil, err
	}
	planned, err := sqlite.DefaultPlan.PlanChanges(context.Background(), "", changes, layout)
	if err != nil {
		return nil, err
	}
	statements, rebuilds := ownCopying(planned, renamed, to)
	drops, makes := searchesOnSQLite(from, to, renames, statements)
	dropsExclusions, makesExclusions := exclusionsOnSQLite(from, renamed, to, renames, statements)
	statements = slices.Concat(drops, dropsExclusions, first, noneLeftOnSQLite(renamed, to), statements, makes, makesExclusions)
	if rebuilds {
		statements = guarded(statements)
	}
	if len(statements) == 0 {
		return nil, nil
	}
	return []Script{{Statements: statements}}, nil
}

// layout makes statements readable and leaves out the schema's name.
func layout(o *atlasplan.PlanOptions) {
	o.Indent = "  "
	o.SchemaQualifier = new(string)
}

func renameOnSQLite(from, renamed *schema.Schema, renames []rename) ([]string, error) {
	var changes []atlas.Change
	tables := render(renamed, sqliteDialect{})
	for _, r := range renames {
		switch table, _ := tables.Table(r.table); r.kind {
		case "table":
			changes = append(changes, &atlas.RenameTable{From: &atlas.Table{Name: r.old}, To: &atlas.Table{Name: r.new}})
		case "column":
			changes = append(changes, modify(table, &atlas.RenameColumn{From: atlas.NewColumn(r.old), To: atlas.NewColumn(r.new)}))
		case "index": // SQLite has no such statement
			index, ok := table.Index(r.new)
			if !ok {
				continue // SQLite has none
			}
			old := *index
			old.Name = r.old
			changes = append(changes, modify(table, &atlas.DropIndex{I: &old}, &atlas.AddIndex{I: index}))
		}
	}
	return commands(sqlite.DefaultPlan.PlanChanges(context.Background(), "", changes, layout))
}

func modify(table *atlas.Table, changes ...atlas.Change) atlas.Change {
	return &atlas.ModifyTable{T: table, Changes: changes}
}

func commands(planned *atlasplan.Plan, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	var texts []string
	for _, change := range planned.Changes {
		texts = append(texts, change.Cmd)
	}
	return texts, nil
}

// rebuildWhereNeeded makes atlas rebuild a table also where it sees no need: to convert values whose storage stays, and
// to add a required column without a default, which ALTER TABLE refuses even when there is no row.
func rebuildWhereNeeded(changes []atlas.Change, from, to *schema.Schema) ([]atlas.Change, error) {
	changed := map[string]*atlas.ModifyTable{}
	for _, change := range changes {
		if m, ok := change.(*atlas.ModifyTable); ok {
			changed[m.T.Name] = m
		}
	}
	target := render(to, sqliteDialect{})
	for _, table := range to.Tables {
		old := findTable(from, table.Name)
		if old == nil || !needsCopy(old, table) {
			continue
		}
		m := changed[table.Name]
		if m == nil {
			t, _ := target.Table(table.Name)
			m = &atlas.ModifyTable{T: t}
			changes = append(changes, m)
		}
		m.Changes = append(m.Changes, &atlas.ModifyAttr{})
	}
	for _, table := range to.Tables {
		if stands := findTable(to, "new_"+table.Name); stands != nil && changed[table.Name] != nil {
			return nil, fmt.Errorf("table %s: %s stands where it is to be rebuilt", table.Name, stands.Name)
		}
	}
	return changes, nil
}

func needsCopy(from, to *schema.Table) bool {
	for _, column := range to.Columns {
		old := findColumn(from, column.Name)
		if old == nil {
			if !column.Null && column.Default == nil || column.Copied != nil {
				return true
			}
			continue
		}
		if c, _ := convert(old, column); c.sqlite != "@" || len(renamedValues(old, column)) > 0 {
			return true
		}
	}
	return false
}

// ownCopying takes the statements of atlas but for two: its copying of rows knows no conversions, and its turning of
// foreign keys off and on does nothing inside a transaction. It tells whether foreign keys have to be off.
func ownCopying(planned *atlasplan.Plan, from, to *schema.Schema) (statements []string, rebuilds bool) {
	for _, change := range planned.Changes {
		if strings.HasPrefix(change.Cmd, "PRAGMA foreign_keys") {
			rebuilds = true
			continue
		}
		if rest, ok := strings.CutPrefix(change.Cmd, "INSERT INTO `new_"); ok {
			name, _, _ := strings.Cut(rest, "`")
			statements = append(statements, copyRows(from, to, name))
			continue
		}
		statements = append(statements, change.Cmd)
	}
	return statements, rebuilds
}

// copyRows fills the new table; what the old one lacks is copied from another row, or gets its default.
func copyRows(before, after *schema.Schema, table string) string {
	from, to := findTable(before, table), findTable(after, table)
	var names, values []string
	for _, column := range to.Columns {
		old := findColumn(from, column.Name)
		if old == nil {
			if column.Copied != nil {
				names = append(names, "`"+column.Name+"`")
				values = append(values, copying{before, after, "`"}.value(table, from.Name, column.Name))
			}
			continue
		}
		name := "`" + column.Name + "`"
		c, _ := convert(old, column)
		value := c.onSQLite(name)
		if renamings := renamedValues(old, column); len(renamings) > 0 {
			value = renamedOnSQLite(renamings, name, column.List)
		}
		if old.Null && !column.Null && column.Default != nil {
			text, _ := sqliteDialect{}.defaultText(column)
			value = "IFNULL(" + value + ", " + text + ")"
		}
		names, values = append(names, name), append(values, value)
	}
	return fmt.Sprintf("INSERT INTO `new_%s` (%s)\nSELECT %s FROM `%s`", to.Name, strings.Join(names, ", "), strings.Join(values, ", "), from.Name)
}

// guarded makes a script refuse to run while foreign keys are enforced, since dropping a table would then delete or
// change the rows that name it, and fail at its end if a row names another that is not there.
func guarded(statements []string) []string {
	guard := []string{
		"CREATE TEMP TABLE guard (\n" +
			"  enforced integer CONSTRAINT \"PRAGMA foreign_keys must be off while tables are rebuilt\" CHECK (enforced = 0),\n" +
			"  orphans integer CONSTRAINT \"a foreign key names a row that is not there\" CHECK (orphans = 0)\n)",
		"INSERT INTO guard (enforced) SELECT foreign_keys FROM pragma_foreign_keys",
	}
	statements = append(guard, statements...)
	return append(statements, "INSERT INTO guard (orphans) SELECT count(*) FROM pragma_foreign_key_check", "DROP TABLE guard")
}
