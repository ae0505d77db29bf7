package migrate

import (
	"fmt"
	"slices"
	"strings"

	atlas "ariga.io/atlas/sql/schema"

	"github.com/fettlehq/fettle/schema"
)

// renamedValues is the values of a column that get another name: those that to tells and from does not.
func renamedValues(from, to *schema.Column) []schema.Renaming {
	if !sameType(from, to) || to.Type != schema.Text {
		return nil
	}
	var renamings []schema.Renaming
	for _, r := range to.Renamed {
		if !slices.Contains(from.Renamed, r) {
			renamings = append(renamings, r)
		}
	}
	return renamings
}

// renamedOnSQLite is what a row has in the column, of which the table is rebuilt.
func renamedOnSQLite(renamings []schema.Renaming, column string, list bool) string {
	if !list {
		return renamedValue(renamings, column)
	}
	return "CASE WHEN " + column + " IS NOT NULL THEN (SELECT json_group_array(v) FROM (SELECT " + renamedValue(renamings, "value") +
		" AS v FROM json_each(" + column + ") ORDER BY key)) END"
}

// renamedValue is one value by its name of now. All are renamed at once, so that two may have changed names.
func renamedValue(renamings []schema.Renaming, value string) string {
	var out strings.Builder
	out.WriteString("CASE " + value)
	for _, r := range renamings {
		fmt.Fprintf(&out, " WHEN %s THEN %s", quoteText(r.Was), quoteText(r.Name))
	}
	out.WriteString(" ELSE " + value + " END")
	return out.String()
}

// renameValues renames values of old rows, once the checks are gone that know but their former names.
func (p *postgresPlan) renameValues(table *schema.Table) {
	old := findTable(p.from, table.Name)
	if old == nil {
		return
	}
	for _, column := range table.Columns {
		was := findColumn(old, column.Name)
		if was == nil {
			continue
		}
		renamings := renamedValues(was, column)
		if len(renamings) == 0 {
			continue
		}
		names := make([]string, len(renamings))
		for i, r := range renamings {
			names[i] = quoteText(r.Was)
		}
		name, among := `"`+column.Name+`"`, strings.Join(names, ", ")
		value, where := renamedValue(renamings, name), name+" IN ("+among+")"
		if column.List {
			value = "(SELECT array_agg(" + renamedValue(renamings, "v") + " ORDER BY n) FROM unnest(" + name + ") WITH ORDINALITY AS u(v, n))"
			where = name + " && ARRAY[" + among + "]"
		}
		p.renamed = append(p.renamed, fmt.Sprintf(`UPDATE "%s" SET %s = %s WHERE %s`, table.Name, name, value, where))
	}
}

// dropsCheck drops a check of a table of which values are renamed, before they are.
func (p *postgresPlan) dropsCheck(table *atlas.Table, check *atlas.Check) bool {
	old, to := findTable(p.from, table.Name), findTable(p.to, table.Name)
	renames := slices.ContainsFunc(to.Columns, func(c *schema.Column) bool {
		was := findColumn(old, c.Name)
		return was != nil && len(renamedValues(was, c)) > 0
	})
	if renames {
		p.before = append(p.before, fmt.Sprintf(`ALTER TABLE "%s" DROP CONSTRAINT "%s"`, table.Name, check.Name))
	}
	return renames
}
