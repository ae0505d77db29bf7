package migrate

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fettlehq/fettle/schema"
)

// Whatever two schemas are, the change between them applies to a database with rows, keeps the rows of every table that
// stays, and leads to the same schema as making it at once.
func TestRandomPairsApplyOnSQLite(t *testing.T) { randomPairs(t, "sqlite", 100) }

func TestRandomPairsApplyOnPostgres(t *testing.T) { randomPairs(t, "postgres", 12) }

func randomPairs(t *testing.T, dialect string, most int) {
	tried := 0
	rapid.Check(t, func(r *rapid.T) {
		from, to := randomSchema(r, "from", nil), &schema.Schema{}
		to = randomSchema(r, "to", from)
		if tried++; tried > most {
			return
		}
		if _, err := Between(from, to, Options{AcceptLoss: true}); err != nil {
			r.Skip(err.Error())
		}
		d, other := newDatabase(t, dialect), newDatabase(t, dialect)
		defer d.db.Close()
		defer other.db.Close()
		d.migrate(r, nil, from)
		for _, table := range from.Tables {
			d.fill(r, table)
		}
		d.exec(r, map[string]string{"sqlite": "PRAGMA foreign_keys = on", "postgres": "SET session_replication_role = origin"}[dialect])
		d.migrate(r, from, to)
		other.migrate(r, nil, to)
		d.same(r, other)
		renamed, _ := applyRenames(from, to)
		for _, table := range to.Tables {
			if findTable(renamed, table.Name) != nil {
				d.want(r, `SELECT count(*) FROM "`+table.Name+`"`, "2")
			}
		}
		checkSteps(r, from, to)
	})
}

// checkSteps: planning again gives the same, and from the target there is nothing left to plan.
func checkSteps(r *rapid.T, from, to *schema.Schema) {
	text := func() string {
		plan, err := Between(from, to, Options{AcceptLoss: true})
		return fmt.Sprintf("%v %v", plan, err)
	}
	if once, twice := text(), text(); once != twice {
		r.Errorf("two plans of the same change differ")
	}
	plan, err := Between(to, to, Options{})
	if err != nil || !plan.Empty() || len(plan.Steps) > 0 {
		r.Errorf("a schema differs from itself: %v, %v", plan, err)
	}
}

// fill gives a table two rows, 1 and 2. A foreign key names the row of the same number.
func (d *database) fill(r *rapid.T, table *schema.Table) {
	if d.dialect == "sqlite" {
		d.exec(r, "PRAGMA foreign_keys = off")
	} else {
		d.exec(r, "SET session_replication_role = replica")
	}
	for row := 1; row <= 2; row++ {
		var names, values []string
		for _, column := range table.Columns {
			names = append(names, `"`+column.Name+`"`)
			value := fmt.Sprint(row)
			switch column.Type {
			case schema.Text:
				value = fmt.Sprintf("'%d'", row)
				if column.Name == "day" {
					value = fmt.Sprintf("'2024-01-0%d'", row)
				}
			case schema.Boolean:
				value = map[string]string{"sqlite": "1", "postgres": "true"}[d.dialect]
			case schema.Date:
				value = fmt.Sprintf("'2024-01-0%d'", row)
			case schema.DateTime:
				value = map[string]string{"sqlite": fmt.Sprint(row), "postgres": fmt.Sprintf("'2024-01-0%dT00:00:00Z'", row)}[d.dialect]
			}
			values = append(values, value)
		}
		d.exec(r, `INSERT INTO "`+table.Name+`" (`+strings.Join(names, ", ")+") VALUES ("+strings.Join(values, ", ")+")")
	}
}

// randomSchema draws a schema. After another, its required columns have defaults, since there are rows.
func randomSchema(r *rapid.T, label string, after *schema.Schema) *schema.Schema {
	s := &schema.Schema{}
	names := rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"alpha", "beta", "gamma", "order"}), 1, 4, rapid.ID[string]).Draw(r, label)
	for _, name := range names {
		s.Tables = append(s.Tables, randomTable(r, name, names, after))
	}
	return s
}

func randomTable(r *rapid.T, name string, tables []string, after *schema.Schema) *schema.Table {
	t := &schema.Table{Name: name, PrimaryKey: []string{"id"}, Columns: []*schema.Column{{Name: "id", Type: schema.BigInt}}}
	if after != nil {
		t.Was = rapid.SampledFrom([]string{"", "alpha", "beta", "gamma"}).Draw(r, "was")
	}
	kinds := map[string][]schema.Type{
		"name":  {schema.Text},
		"group": {schema.Text, schema.Integer, schema.BigInt},
		"n":     {schema.Integer, schema.BigInt, schema.Double, schema.Decimal},
		"flag":  {schema.Boolean, schema.Integer},
		"day":   {schema.Date, schema.DateTime, schema.Text},
	}
	defaults := map[schema.Type]string{
		schema.Text: "7", schema.Integer: "7", schema.BigInt: "7", schema.Double: "7.5", schema.Decimal: "7.5",
		schema.Boolean: "true", schema.Date: "2024-01-07", schema.DateTime: "2024-01-07T00:00:00Z",
	}
	for _, column := range rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"name", "group", "n", "flag", "day"}), 0, 5, rapid.ID[string]).Draw(r, "columns") {
		c := &schema.Column{Name: column, Type: rapid.SampledFrom(kinds[column]).Draw(r, "type"), Null: rapid.Bool().Draw(r, "null")}
		if c.Type == schema.Decimal {
			c.Digits, c.Scale = 12, rapid.IntRange(1, 4).Draw(r, "scale")
		}
		if rapid.Bool().Draw(r, "default") || after != nil && !c.Null {
			c.Default = &schema.Value{Text: defaults[c.Type]}
			if column == "day" && c.Type == schema.Text {
				c.Default.Text = defaults[schema.Date]
			}
		}
		if after != nil && column == "group" {
			c.Was = rapid.SampledFrom([]string{"", "name"}).Draw(r, "was")
		}
		t.Columns = append(t.Columns, c)
	}
	for _, target := range tables {
		if rapid.IntRange(0, 3).Draw(r, "key") > 0 {
			continue
		}
		c := &schema.Column{Name: target + "_id", Type: schema.BigInt, Null: true}
		t.Columns = append(t.Columns, c)
		t.ForeignKeys = append(t.ForeignKeys, &schema.ForeignKey{
			Name: name + "_" + c.Name + "_fkey", Columns: []string{c.Name}, Table: target, To: []string{"id"},
			OnDelete: rapid.SampledFrom([]schema.Action{schema.Restrict, schema.Cascade, schema.SetNull}).Draw(r, "action"),
		})
		t.Indexes = append(t.Indexes, &schema.Index{Name: name + "_" + c.Name + "_idx", Parts: []schema.IndexPart{{Column: c.Name}}})
	}
	for _, c := range t.Columns[1:] {
		if len(c.Name) > 5 || rapid.Bool().Draw(r, "no index") {
			continue
		}
		index := &schema.Index{Name: name + "_" + c.Name + "_idx", Parts: []schema.IndexPart{{
			Column: c.Name, IgnoreCase: c.Type == schema.Text && rapid.Bool().Draw(r, "case"), Descending: rapid.Bool().Draw(r, "descending"),
		}}}
		if rapid.Bool().Draw(r, "partial") {
			index.Where = &schema.Predicate{SQLite: "id > 0", Postgres: "id > 0"}
		}
		t.Indexes = append(t.Indexes, index)
	}
	for _, c := range t.Columns {
		if c.Type == schema.Text && rapid.Bool().Draw(r, "search") {
			t.Search = append(t.Search, c.Name)
		}
	}
	if c := findColumn(t, "name"); c != nil && rapid.Bool().Draw(r, "check") {
		t.Checks = append(t.Checks, &schema.Check{Name: name + "_name_check", That: schema.Predicate{SQLite: "length(name) > 0", Postgres: "length(name) > 0"}})
	}
	return t
}
