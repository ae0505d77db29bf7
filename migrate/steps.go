package migrate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// Step is one change, told as a person would.
type Step struct {
	Do    Do     `json:"do"`
	Table string `json:"table"`
	Name  string `json:"name,omitempty"` // of the column, index or constraint; of a renamed table its former name
	Text  string `json:"text"`           // "add column articles.subtitle"
}

// Do is the kind of a step.
type Do string

// The kinds of step.
const (
	CreateAll        Do = "create" // the first migration; Name is the service
	CreateTable      Do = "create table"
	DropTable        Do = "drop table"
	RenameTable      Do = "rename table"
	ChangeTable      Do = "change table" // its comment
	AddColumn        Do = "add column"
	DropColumn       Do = "drop column"
	RenameColumn     Do = "rename column"
	RenameValue      Do = "rename value"
	ChangeColumn     Do = "change column"
	ChangePrimaryKey Do = "change primary key"
	AddIndex         Do = "add index"
	DropIndex        Do = "drop index"
	ChangeIndex      Do = "change index"
	RenameIndex      Do = "rename index"
	AddForeignKey    Do = "add foreign key"
	DropForeignKey   Do = "drop foreign key"
	ChangeForeignKey Do = "change foreign key"
	RenameForeignKey Do = "rename foreign key"
	AddExclusion     Do = "add exclusion"
	DropExclusion    Do = "drop exclusion"
	ChangeExclusion  Do = "change exclusion"
	RenameExclusion  Do = "rename exclusion"
	AddCheck         Do = "add check"
	DropCheck        Do = "drop check"
	ChangeCheck      Do = "change check"
	AddSearch        Do = "add search"
	DropSearch       Do = "drop search"
	ChangeSearch     Do = "change search"
)

// Loss is data that a plan destroys, or that may stop it.
type Loss struct {
	Table  string `json:"table"`
	Column string `json:"column,omitempty"`
	Text   string `json:"text"` // "column articles.subtitle is dropped with its data"

	Stops bool   `json:"-"` // it destroys nothing: where there are such rows, the migration stops
	Way   string `json:"-"` // by which rows that would stop it are kept, "" where there is none to tell
}

// description collects the steps and losses of a plan, table by table.
type description struct {
	steps  []Step
	losses []Loss
}

func (d *description) step(do Do, table, name, format string, args ...any) {
	d.steps = append(d.steps, Step{do, table, name, fmt.Sprintf(format, args...)})
}

func (d *description) lose(table, column, format string, args ...any) {
	d.losses = append(d.losses, Loss{Table: table, Column: column, Text: fmt.Sprintf(format, args...)})
}

func (d *description) stop(table, column, way, format string, args ...any) {
	d.losses = append(d.losses, Loss{Table: table, Column: column, Text: fmt.Sprintf(format, args...), Stops: true, Way: way})
}

// Ways to a column that every row has.
const (
	wayToAdd     = "where the table may have rows, write the field without its ! and generate; give old rows their value in a migration of your own, migrations/{sqlite,postgres}/NNNN_fill.sql; then write the ! and it becomes required. Where it has none: fettle migrate --accept-loss"
	wayToRequire = "nothing is destroyed: fettle migrate --accept-loss; where a row may have no value, a migration of your own gives it one first, migrations/{sqlite,postgres}/NNNN_fill.sql"
)

// describe tells the difference between from, already renamed, and to.
func describe(from, to *schema.Schema, renames []rename, first bool, service string) ([]Step, []Loss) {
	var d description
	if first && len(to.Tables) > 0 {
		d.step(CreateAll, "", service, "create %d tables", len(to.Tables))
	}
	d.renames(renames)
	for _, table := range from.Tables {
		if findTable(to, table.Name) == nil {
			d.step(DropTable, table.Name, "", "drop table %s", table.Name)
			d.lose(table.Name, "", "table %s is dropped with its rows", table.Name)
		}
	}
	for _, table := range to.Tables {
		if old := findTable(from, table.Name); old != nil {
			d.table(old, table)
		} else if !first {
			d.step(CreateTable, table.Name, "", "create table %s", table.Name)
		}
	}
	return d.steps, d.losses
}

func (d *description) renames(renames []rename) {
	for _, r := range renames {
		switch r.kind {
		case "table":
			d.step(RenameTable, r.new, r.old, "rename table %s to %s", r.old, r.new)
		case "column":
			d.step(RenameColumn, r.table, r.new, "rename column %s.%s to %s", r.table, r.old, r.new)
		case "index":
			d.step(RenameIndex, r.table, r.new, "rename index %s to %s", r.old, r.new)
		case "foreign key":
			d.step(RenameForeignKey, r.table, r.new, "rename foreign key %s to %s", r.old, r.new)
		case "exclusion":
			d.step(RenameExclusion, r.table, r.new, "rename exclusion %s to %s", r.old, r.new)
		}
	}
}

func (d *description) table(from, to *schema.Table) {
	if from.Comment != to.Comment {
		d.step(ChangeTable, to.Name, "", "change comment of table %s", to.Name)
	}
	for _, column := range from.Columns {
		if unkept(column, to) {
			d.stop(to.Name, column.Name, "", "table %s keeps deleted rows no more: if it has any, the migration stops until they are deleted for good or restored", to.Name)
		}
		if keptLess(column, to) {
			d.lose(to.Name, column.Name, "deleted rows of table %s are erased for good after %s, and were kept %s: those that are older are erased at once", to.Name, days(findColumn(to, column.Name).Kept), days(column.Kept))
		}
		if findColumn(to, column.Name) == nil {
			d.step(DropColumn, to.Name, column.Name, "drop column %s.%s", to.Name, column.Name)
			if column.Tombstone {
				continue
			}
			d.lose(to.Name, column.Name, "column %s.%s is dropped with its data", to.Name, column.Name)
		}
	}
	for _, column := range to.Columns {
		if old := findColumn(from, column.Name); old != nil {
			d.column(to, old, column)
			continue
		}
		d.step(AddColumn, to.Name, column.Name, "add column %s.%s", to.Name, column.Name)
		if !column.Null && column.Default == nil && column.Copied == nil {
			d.stop(to.Name, column.Name, wayToAdd, "column %s.%s is added as required and without a default: if the table has rows, the migration stops", to.Name, column.Name)
		}
	}
	if !slices.Equal(from.PrimaryKey, to.PrimaryKey) {
		d.step(ChangePrimaryKey, to.Name, "primary_key", "change primary key of %s", to.Name)
	}
	compare(d, to.Name, from.Indexes, to.Indexes, indexName, [3]Do{AddIndex, DropIndex, ChangeIndex})
	compare(d, to.Name, from.ForeignKeys, to.ForeignKeys, keyName, [3]Do{AddForeignKey, DropForeignKey, ChangeForeignKey})
	compare(d, to.Name, from.Exclusions, to.Exclusions, exclusionName, [3]Do{AddExclusion, DropExclusion, ChangeExclusion})
	compare(d, to.Name, from.Checks, to.Checks, checkOf, [3]Do{AddCheck, DropCheck, ChangeCheck})
	switch {
	case sameSearch(from, to):
	case len(from.Search) == 0:
		d.step(AddSearch, to.Name, "search", "add search of %s by %s", to.Name, strings.Join(to.Search, ", "))
	case len(to.Search) == 0:
		d.step(DropSearch, to.Name, "search", "drop search of %s", to.Name)
	default:
		d.step(ChangeSearch, to.Name, "search", "change search of %s: by %s", to.Name, strings.Join(to.Search, ", "))
	}
}

// compare tells what is added, dropped and changed, as do names it in this order.
func compare[T any](d *description, table string, from, to []*T, name func(*T) string, do [3]Do) {
	for _, item := range from {
		if named(to, name, name(item)) == nil {
			d.step(do[1], table, name(item), "%s %s", do[1], name(item))
		}
	}
	for _, item := range to {
		switch old := named(from, name, name(item)); {
		case old == nil:
			d.step(do[0], table, name(item), "%s %s", do[0], name(item))
		case !reflect.DeepEqual(old, item):
			d.step(do[2], table, name(item), "%s %s", do[2], name(item))
		}
	}
}

func (d *description) column(table *schema.Table, from, to *schema.Column) {
	var changes []string
	if !sameType(from, to) {
		changes = append(changes, typeName(from)+" becomes "+typeName(to))
		if why := narrowing(from, to); why != "" {
			d.lose(table.Name, to.Name, "column %s.%s becomes %s: %s", table.Name, to.Name, typeName(to), why)
		}
	}
	switch {
	case from.Null && !to.Null && to.Default == nil:
		changes = append(changes, "required")
		d.stop(table.Name, to.Name, wayToRequire, "column %s.%s becomes required and has no default: if a row has no value, the migration stops", table.Name, to.Name)
	case from.Null && !to.Null:
		changes = append(changes, "required")
	case !from.Null && to.Null:
		changes = append(changes, "optional")
	}
	if !reflect.DeepEqual(from.Default, to.Default) {
		if to.Default == nil {
			changes = append(changes, "no default")
		} else {
			changes = append(changes, "default "+to.Default.Text)
		}
	}
	if from.Comment != to.Comment {
		changes = append(changes, "comment")
	}
	for _, r := range renamedValues(from, to) {
		d.step(RenameValue, table.Name, to.Name, "rename value %s of %s.%s to %s", r.Was, table.Name, to.Name, r.Name)
	}
	if len(changes) > 0 {
		text := changes[0]
		for _, change := range changes[1:] {
			text += ", " + change
		}
		d.step(ChangeColumn, table.Name, to.Name, "change column %s.%s: %s", table.Name, to.Name, text)
	}
}

func sameType(from, to *schema.Column) bool {
	return from.Type == to.Type && from.List == to.List && (from.Type != schema.Decimal || from.Digits == to.Digits && from.Scale == to.Scale)
}

func typeName(c *schema.Column) string {
	if c.List {
		return typeName(elementOf(c)) + "[]"
	}
	if c.Type == schema.Decimal {
		return fmt.Sprintf("decimal(%d,%d)", c.Digits, c.Scale)
	}
	return string(c.Type)
}
