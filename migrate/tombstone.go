package migrate

import (
	"fmt"
	"time"

	"github.com/fettlehq/fettle/schema"
)

// A row whose tombstone has a value is deleted. Without the column it would live again, or be gone for good, and nobody
// would have said which: so a migration that drops one, or makes an ordinary column of it, stops where it has a value.

// unkept tells whether a column of a table tells the deleted rows from the living and in the other no longer does.
func unkept(column *schema.Column, to *schema.Table) bool {
	if !column.Tombstone {
		return false
	}
	kept := findColumn(to, column.Name)
	return kept == nil || !kept.Tombstone
}

// keptLess tells whether the deleted rows of a table are erased sooner than they were, so that some are at once.
func keptLess(column *schema.Column, to *schema.Table) bool {
	now := findColumn(to, column.Name)
	if now == nil || !column.Tombstone || !now.Tombstone || column.Kept == "" || now.Kept == schema.Ever {
		return false
	}
	after, err := time.ParseDuration(now.Kept)
	if err != nil || column.Kept == schema.Ever {
		return err == nil
	}
	before, err := time.ParseDuration(column.Kept)
	return err == nil && after < before
}

// days spells how long something is kept.
func days(kept string) string {
	if long, err := time.ParseDuration(kept); err == nil && long%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", long/(24*time.Hour))
	} else if err == nil && long%time.Hour == 0 {
		return fmt.Sprintf("%dh", long/time.Hour)
	}
	return kept
}

// eachUnkept calls do for each table and column that is unkept.
func eachUnkept(from, to *schema.Schema, do func(table *schema.Table, column *schema.Column)) {
	for _, table := range to.Tables {
		old := findTable(from, table.Name)
		if old == nil {
			continue
		}
		for _, column := range old.Columns {
			if unkept(column, table) {
				do(table, column)
			}
		}
	}
}

const (
	leftOver = "deleted rows are left"
	lookLeft = "left_over"
)

// noneLeftOnSQLite makes a script stop where a row is deleted.
func noneLeftOnSQLite(from, to *schema.Schema) (statements []string) {
	eachUnkept(from, to, func(table *schema.Table, column *schema.Column) {
		statements = append(statements,
			fmt.Sprintf("CREATE TEMP TABLE %s (\n  rows integer CONSTRAINT \"%s\" CHECK (rows = 0)\n)", lookLeft, leftOver),
			fmt.Sprintf("INSERT INTO %s SELECT count(*) FROM `%s` WHERE `%s` IS NOT NULL", lookLeft, table.Name, column.Name),
			"DROP TABLE "+lookLeft)
	})
	return statements
}

// noneLeftOnPostgres is the same there; the constraint goes with the column, or at once.
func noneLeftOnPostgres(from, to *schema.Schema) (statements []string) {
	eachUnkept(from, to, func(table *schema.Table, column *schema.Column) {
		alter := fmt.Sprintf(`ALTER TABLE "%s" `, table.Name)
		statements = append(statements,
			fmt.Sprintf(`%sADD CONSTRAINT "%s" CHECK ("%s" IS NULL)`, alter, leftOver, column.Name),
			fmt.Sprintf(`%sDROP CONSTRAINT "%s"`, alter, leftOver))
	})
	return statements
}
