package migrate

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/schema"
)

// Columns that repeat one of another row, and the foreign keys that compare it (schema.Copied, schema.ForeignKey): how a table
// comes to belong to tenants.
//
// Old rows get the value that the row which they refer to has, or will have: that is asked for along references which were
// there before, so no table waits for another. On SQLite that is part of copying the table. On Postgres a column is added
// empty and filled in the second script. A key of several columns names a unique index that is built by then: so it comes in
// a script behind the indexes, in place of the key of one column that stood until then, and is checked in another. Rows that
// it would refuse stop the first script, before anything has changed.

// copying says in the SQL of a database what old rows get.
type copying struct {
	from, to *schema.Schema
	quote    string
}

func (c copying) name(parts ...string) string {
	quoted := make([]string, len(parts))
	for i, p := range parts {
		quoted[i] = c.quote + p + c.quote
	}
	return strings.Join(quoted, ".")
}

// value is what the column will hold in the row of that alias, by what the database held before.
func (c copying) value(table, alias, column string) string {
	if old := findTable(c.from, table); old != nil && findColumn(old, column) != nil {
		return c.name(alias, column)
	}
	copied := findColumn(findTable(c.to, table), column).Copied
	if copied == nil {
		return "NULL"
	}
	next := alias + "_of"
	return "(SELECT " + c.value(copied.Table, next, copied.Column) + " FROM " + c.name(copied.Table) + " " + c.name(next) +
		" WHERE " + c.name(next, "id") + " = " + c.name(alias, copied.By) + ")"
}

// fill gives a new column its values.
func (p *postgresPlan) fill(table string, column *schema.Column) string {
	c := copying{p.from, p.to, `"`}
	return fmt.Sprintf(`UPDATE "%s" "row" SET "%s" = %s WHERE "%[2]s" IS NULL`, table, column.Name, c.value(table, "row", column.Name))
}

// joint tells whether a foreign key compares more than an id.
func joint(key *schema.ForeignKey) bool { return len(key.Columns) > 1 }

// jointKeys sorts what the plan does about the foreign keys of several columns, which atlas is not told of. It gives the
// statements that make those of new tables, for when all else stands.
func (p *postgresPlan) jointKeys() (last []string) {
	for _, table := range p.from.Tables {
		now := findTable(p.to, table.Name)
		for _, key := range table.ForeignKeys {
			if now == nil || !joint(key) {
				continue
			}
			if same := named(now.ForeignKeys, keyName, key.Name); same == nil || !reflect.DeepEqual(same, key) {
				p.before = append(p.before, fmt.Sprintf(`ALTER TABLE "%s" DROP CONSTRAINT "%s"`, table.Name, key.Name))
			}
		}
	}
	for _, table := range p.to.Tables {
		for _, key := range table.ForeignKeys {
			if joint(key) {
				last = append(last, p.jointKey(table, key)...)
			}
		}
	}
	return last
}

func (p *postgresPlan) jointKey(table *schema.Table, key *schema.ForeignKey) (last []string) {
	old := findTable(p.from, table.Name)
	var was *schema.ForeignKey
	if old != nil {
		was = named(old.ForeignKeys, keyName, key.Name)
	}
	add := fmt.Sprintf(`ADD CONSTRAINT "%s" FOREIGN KEY ("%s") REFERENCES "%s" ("%s") ON UPDATE NO ACTION ON DELETE %s`,
		key.Name, strings.Join(key.Columns, `", "`), key.Table, strings.Join(key.To, `", "`), strings.ToUpper(string(key.OnDelete)))
	if key.OnDelete == schema.SetNull {
		add += fmt.Sprintf(` ("%s")`, key.Columns[len(key.Columns)-1])
	}
	switch {
	case was != nil && reflect.DeepEqual(was, key):
	case old == nil && p.hadKey(key):
		last = append(last, fmt.Sprintf(`ALTER TABLE "%s" %s`, table.Name, add))
	default:
		instead := ""
		if was != nil && !joint(was) {
			instead = fmt.Sprintf(`DROP CONSTRAINT IF EXISTS "%s", `, key.Name)
		}
		p.link = append(p.link, fmt.Sprintf(`ALTER TABLE "%s" %s%s NOT VALID`, table.Name, instead, add))
		p.verify = append(p.verify, fmt.Sprintf(`ALTER TABLE "%s" VALIDATE CONSTRAINT "%s"`, table.Name, key.Name))
		if old != nil {
			p.agree(table, key)
		}
	}
	return last
}

// hadKey tells whether what the key names is unique when the first script has run.
func (p *postgresPlan) hadKey(key *schema.ForeignKey) bool {
	target := findTable(p.from, key.Table)
	return target == nil || slices.ContainsFunc(target.Indexes, func(i *schema.Index) bool {
		return i.Unique && i.Where == nil && slices.EqualFunc(i.Parts, key.To, func(part schema.IndexPart, column string) bool { return part.Column == column && !part.IgnoreCase })
	})
}

// agree stops the first script where a row refers to one that the key would refuse.
func (p *postgresPlan) agree(table *schema.Table, key *schema.ForeignKey) {
	reference := key.Columns[len(key.Columns)-1]
	if own := findColumn(table, key.Columns[0]); own.Copied != nil && own.Copied.By == reference || findTable(p.from, key.Table) == nil {
		return // it is copied from there, or nothing can refer to it yet
	}
	if findColumn(findTable(p.from, table.Name), reference) == nil {
		return
	}
	c := copying{p.from, p.to, `"`}
	p.first = append(p.first, fmt.Sprintf(`DO $$ BEGIN
  IF EXISTS (SELECT 1 FROM "%s" "row" JOIN "%s" "other" ON "other"."id" = "row"."%s" WHERE %s <> %s) THEN
    RAISE EXCEPTION 'a row of %[1]s refers by %[3]s to one that has another %[6]s';
  END IF;
END $$`, table.Name, key.Table, reference, c.value(table.Name, "row", key.Columns[0]), c.value(key.Table, "other", key.To[0]), key.Columns[0]))
}
