package migrate

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// How spans are kept apart (decision 0019). Package kit/sqlite and kit/postgres know what refused by the name of the
// constraint, and kit/kittest makes the same for tests.
//
// Postgres has exclusion constraints. It builds one while it holds the table, so one on a table that has rows stands in
// a script of its own, after old rows were found to end after they start.
//
// SQLite has none. There an index finds the rows that may be in the way, and two triggers refuse a row that overlaps
// with one of them, by a message in the form of SQLite's own. Old rows are asked by writing them as they are.

// btreeGist is what Postgres needs to compare ordinary values beside spans.
const btreeGist = `-- An exclusion constraint is one GiST index over the spans and what they are kept apart by. GiST compares ordinary
-- values by btree_gist, which comes with PostgreSQL and which the owner of a database may create.
CREATE EXTENSION IF NOT EXISTS btree_gist`

// needsBtreeGist tells whether an exclusion of s compares more than spans.
func needsBtreeGist(s *schema.Schema) bool {
	return slices.ContainsFunc(s.Tables, func(t *schema.Table) bool {
		return slices.ContainsFunc(t.Exclusions, func(x *schema.Exclusion) bool { return len(x.Per) > 0 })
	})
}

// exclusions sorts what the plan does about exclusions: what goes is dropped before its columns are. It gives the
// statements that make those of new tables, for when all else stands.
func (p *postgresPlan) exclusions() (last []string) {
	extension := func(into []string) []string {
		if needsBtreeGist(p.to) && !needsBtreeGist(p.from) && !slices.Contains(slices.Concat(last, p.exclude), btreeGist) {
			into = append(into, btreeGist)
		}
		return into
	}
	for _, table := range p.to.Tables {
		old := findTable(p.from, table.Name)
		if old == nil {
			for _, x := range table.Exclusions {
				last = append(extension(last), fmt.Sprintf(`ALTER TABLE "%s" ADD %s`, table.Name, exclusionOnPostgres(table, x)))
			}
			continue
		}
		for _, x := range old.Exclusions {
			if other := named(table.Exclusions, exclusionName, x.Name); other == nil || retyped(old, table, x) {
				p.before = append(p.before, fmt.Sprintf(`ALTER TABLE "%s" DROP CONSTRAINT "%s"`, table.Name, x.Name))
			}
		}
		for _, x := range table.Exclusions {
			was := named(old.Exclusions, exclusionName, x.Name)
			if was != nil && reflect.DeepEqual(was, x) && !retyped(old, table, x) {
				continue
			}
			instead := ""
			if was != nil { // unless it went with a column
				instead = fmt.Sprintf(`DROP CONSTRAINT IF EXISTS "%s", `, x.Name)
			}
			p.exclude = append(extension(p.exclude), fmt.Sprintf("-- PostgreSQL reads all of %s meanwhile, and nobody else reads or writes it.\nALTER TABLE \"%[1]s\" %sADD %s",
				table.Name, instead, exclusionOnPostgres(table, x)))
		}
	}
	return last
}

func exclusionOnPostgres(table *schema.Table, x *schema.Exclusion) string {
	var parts []string
	for _, name := range x.Per {
		parts = append(parts, `"`+name+`" WITH =`)
	}
	spans := "tstzrange"
	if findColumn(table, x.From).Type == schema.Date {
		spans = "daterange"
	}
	parts = append(parts, fmt.Sprintf(`%s("%s", "%s") WITH &&`, spans, x.From, x.Until))
	text := fmt.Sprintf(`CONSTRAINT "%s" EXCLUDE USING gist (%s)`, x.Name, strings.Join(parts, ", "))
	if x.Where != nil {
		text += " WHERE (" + x.Where.Postgres + ")"
	}
	return text
}

// retyped tells whether a column that an exclusion names changes its type.
func retyped(from, to *schema.Table, x *schema.Exclusion) bool {
	return slices.ContainsFunc(to.Columns, func(column *schema.Column) bool {
		old := findColumn(from, column.Name)
		return old != nil && !sameType(old, column) && mentions(x, column.Name)
	})
}

func mentions(x *schema.Exclusion, column string) bool {
	return x.From == column || x.Until == column || slices.Contains(x.Per, column) ||
		x.Where != nil && regexp.MustCompile(`\b`+regexp.QuoteMeta(column)+`\b`).MatchString(x.Where.Postgres)
}

// exclusionsOnSQLite gives the statements before and after all others. What is about a table that changes its name or is
// rebuilt, or says something else than before, is made anew. From has the names of before the renames.
func exclusionsOnSQLite(from, renamed, to *schema.Schema, renames []rename, others []string) (first, last []string) {
	was := map[string]string{} // by the new name of a table
	for _, table := range from.Tables {
		was[table.Name] = table.Name
	}
	for _, r := range renames {
		if r.kind == "table" {
			delete(was, r.old)
			was[r.new] = r.old
		}
	}
	kept := map[string]bool{} // exclusions
	for _, table := range to.Tables {
		old := findTable(from, was[table.Name])
		rebuilt := slices.Contains(others, "DROP TABLE `"+table.Name+"`")
		for _, x := range table.Exclusions {
			kept[x.Name] = old != nil && old.Name == table.Name && !rebuilt && reflect.DeepEqual(x, named(old.Exclusions, exclusionName, x.Name))
		}
		for i := 0; old != nil && i < len(old.Exclusions); i++ {
			if x := old.Exclusions[i]; !kept[x.Name] {
				first = append(first, "DROP TRIGGER `"+x.Name+"_insert`", "DROP TRIGGER `"+x.Name+"_update`", "DROP INDEX `"+x.Name+"`")
			}
		}
	}
	for _, table := range to.Tables {
		for _, x := range table.Exclusions {
			if kept[x.Name] {
				continue
			}
			last = append(last, makeExclusion(table, x)...)
			old := findTable(renamed, table.Name)
			if old == nil || reflect.DeepEqual(x, named(old.Exclusions, exclusionName, x.Name)) && !retyped(old, table, x) {
				continue
			}
			asked := fmt.Sprintf("UPDATE `%s` SET `%s` = `%[2]s`", table.Name, x.From)
			if x.Where != nil {
				asked += " WHERE " + x.Where.SQLite
			}
			last = append(last, asked)
		}
	}
	return first, last
}

// makeExclusion is written with words in capitals for what differs between tables.
func makeExclusion(table *schema.Table, x *schema.Exclusion) []string {
	var parts, same, other []string
	for _, name := range x.Per {
		parts = append(parts, "`"+name+"`")
		same = append(same, fmt.Sprintf("`%s` = new.`%[1]s`", name))
	}
	for _, name := range table.PrimaryKey {
		other = append(other, fmt.Sprintf("`%s` = new.`%[1]s`", name))
	}
	start, end := spanOnSQLite(table, x)
	parts = append(parts, end(""))
	same = append(same, end("")+" > "+start("new."), start("")+" < "+end("new."), "NOT ("+strings.Join(other, " AND ")+")")
	index := "CREATE INDEX `NAME` ON `TABLE_NAME` (" + strings.Join(parts, ", ") + ")"
	if x.Where != nil {
		index += " WHERE (" + x.Where.SQLite + ")"
		same = append(same, "("+x.Where.SQLite+")",
			"EXISTS (SELECT 1 FROM `TABLE_NAME` WHERE "+strings.Join(other, " AND ")+" AND ("+x.Where.SQLite+"))")
	}
	body := " ON `TABLE_NAME` BEGIN\n  SELECT RAISE(ABORT, 'EXCLUSION constraint failed: NAME') FROM `TABLE_NAME`\n  WHERE " +
		strings.Join(same, "\n    AND ") + ";\nEND"
	statements := []string{
		index,
		"CREATE TRIGGER `NAME_insert` AFTER INSERT" + body,
		"CREATE TRIGGER `NAME_update` AFTER UPDATE" + body,
	}
	names := strings.NewReplacer("TABLE_NAME", table.Name, "NAME", x.Name)
	for i := range statements {
		statements[i] = names.Replace(statements[i])
	}
	return statements
}

// spanOnSQLite is the ends of a span, of the row or of new., where null stands before and after all there is.
func spanOnSQLite(table *schema.Table, x *schema.Exclusion) (start, end func(of string) string) {
	least, most := "-9000000000000000000", "9000000000000000000" // microseconds
	if findColumn(table, x.From).Type == schema.Date {
		least, most = "''", "'~'"
	}
	column := func(name, open string) func(string) string {
		return func(of string) string {
			if findColumn(table, name).Null {
				return fmt.Sprintf("ifnull(%s`%s`, %s)", of, name, open)
			}
			return of + "`" + name + "`"
		}
	}
	return column(x.From, least), column(x.Until, most)
}
