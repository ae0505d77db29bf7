package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"

	"github.com/fettlehq/fettle/schema"
)

// postgresDialect stores each logical type in the type that Postgres has for it, as schema.Type says.
type postgresDialect struct{}

func (d postgresDialect) columnType(c *schema.Column) atlas.Type {
	if c.List {
		one := d.columnType(elementOf(c))
		text, err := postgres.FormatType(one)
		if err != nil {
			panic(fmt.Sprintf("column %s: %v", c.Name, err)) // all types of columns have a form
		}
		return &postgres.ArrayType{Type: one, T: text + "[]"}
	}
	switch c.Type {
	case schema.Text:
		return &atlas.StringType{T: postgres.TypeText}
	case schema.Boolean:
		return &atlas.BoolType{T: postgres.TypeBoolean}
	case schema.Integer:
		return &atlas.IntegerType{T: postgres.TypeInteger}
	case schema.BigInt, schema.Duration:
		return &atlas.IntegerType{T: postgres.TypeBigInt}
	case schema.Double:
		return &atlas.FloatType{T: postgres.TypeDouble}
	case schema.Decimal:
		return &atlas.DecimalType{T: postgres.TypeNumeric, Precision: c.Digits, Scale: c.Scale}
	case schema.DateTime: // timestamptz and time keep microseconds unless told otherwise
		return &atlas.TimeType{T: postgres.TypeTimestampTZ}
	case schema.Date:
		return &atlas.TimeType{T: postgres.TypeDate}
	case schema.Time:
		return &atlas.TimeType{T: postgres.TypeTime}
	case schema.UUID:
		return &atlas.UUIDType{T: postgres.TypeUUID}
	case schema.JSON:
		return &atlas.JSONType{T: postgres.TypeJSONB}
	case schema.Bytes:
		return &atlas.BinaryType{T: postgres.TypeBytea}
	}
	panic(fmt.Sprintf("column %s: type %q", c.Name, c.Type))
}

func (d postgresDialect) defaultExpr(c *schema.Column) atlas.Expr {
	text, err := d.defaultText(c)
	switch {
	case err != nil:
		panic(fmt.Sprintf("column %s: default: %v", c.Name, err))
	case c.Default == nil:
		return nil
	}
	return &atlas.RawExpr{X: text}
}

// foreignKeys leaves out those of several columns, which atlas would make before the indexes that they need (copied.go).
func (postgresDialect) foreignKeys(key *schema.ForeignKey) []*schema.ForeignKey {
	if joint(key) {
		return nil
	}
	return []*schema.ForeignKey{key}
}

func (postgresDialect) predicate(p schema.Predicate) string { return p.Postgres }

func (postgresDialect) indexPredicate(p schema.Predicate) atlas.Attr {
	return &postgres.IndexPredicate{P: p.Postgres}
}

func (postgresDialect) listIndex() atlas.Attr { return &postgres.IndexType{T: postgres.IndexTypeGIN} }

func (postgresDialect) lower(column string) string { return `lower("` + column + `")` }

func (postgresDialect) tableAttrs(t *schema.Table) []atlas.Attr { return comment(t.Comment) }

func (postgresDialect) columnAttrs(c *schema.Column) []atlas.Attr {
	attrs := comment(c.Comment)
	if c.Numbered {
		attrs = append(attrs, &postgres.Identity{Generation: "ALWAYS"})
	}
	return attrs
}

// comment quotes the text itself, since atlas takes one that begins and ends with a quote for already quoted.
func comment(text string) []atlas.Attr {
	switch {
	case text == "":
		return nil
	case strings.HasPrefix(text, "'"):
		text = quoteText(text)
	}
	return []atlas.Attr{&atlas.Comment{Text: text}}
}

// postgresPlan sorts changes into scripts by the locks they hold.
type postgresPlan struct {
	from, to *schema.Schema
	first    []string       // before all else, in the first script
	before   []string       // on the old columns, in the first script
	renamed  []string       // values, in the first script: behind all of before
	main     []atlas.Change // in the first script
	validate []string       // reads whole tables, under a lock that lets others read and write
	exclude  []string       // reads whole tables, while nobody else does
	index    []string       // outside of a transaction
	outlived []string       // by what is built there
	link     []string       // what those indexes are needed for
	verify   []string       // reads whole tables, as validate does
	retyped  bool           // a column of the table at hand changes its type
}

// planPostgres gives up to six scripts.
func planPostgres(from, renamed, to *schema.Schema, renames []rename) ([]Script, error) {
	first, err := renameOnPostgres(renamed, renames)
	if err != nil {
		return nil, err
	}
	changes, err := postgres.DefaultDiff.SchemaDiff(render(renamed, postgresDialect{}), render(to, postgresDialect{}), atlas.DiffNormalized())
	if err != nil {
		return nil, err
	}
	p := postgresPlan{from: renamed, to: to}
	for _, table := range to.Tables {
		p.renameValues(table)
	}
	for _, change := range changes {
		if err := p.add(change); err != nil {
			return nil, err
		}
	}
	main, err := commands(postgres.DefaultPlan.PlanChanges(context.Background(), "", p.main, layout))
	if err != nil {
		return nil, err
	}
	for i := range main { // atlas breaks the line here as it does in CREATE TABLE
		main[i] = strings.ReplaceAll(main[i], "ADD\nCONSTRAINT", "ADD CONSTRAINT")
	}
	first = append(first, renameSearches(renamed, renames)...)
	last := slices.Concat(p.searches(), p.exclusions(), p.jointKeys())
	main = slices.Concat(first, noneLeftOnPostgres(renamed, to), p.first, p.before, p.renamed, main, last)
	var scripts []Script
	for _, script := range []Script{
		{"", main, false},
		{"validate", p.validate, false},
		{"exclude", p.exclude, false},
		{"index", append(p.index, p.outlived...), true},
		{"link", p.link, false},
		{"verify", p.verify, false},
	} {
		if len(script.Statements) == 0 {
			continue
		}
		if len(from.Tables) > 0 && !script.NoTransaction {
			script.Statements = append([]string{lockTimeout}, script.Statements...)
		}
		scripts = append(scripts, script)
	}
	return scripts, nil
}

// lockTimeout makes a script give up when it waits for a lock, since all other work on the table queues behind it;
// kit/migrate then tries again.
const lockTimeout = "SET LOCAL lock_timeout = '5s'"

func renameOnPostgres(renamed *schema.Schema, renames []rename) ([]string, error) {
	var statements []string
	tables := render(renamed, postgresDialect{})
	for _, r := range renames {
		table, _ := tables.Table(r.table)
		var changes []atlas.Change
		switch r.kind {
		case "table": // the primary key's name is made of the table's
			changes = append(changes, &atlas.RenameTable{From: &atlas.Table{Name: r.old}, To: &atlas.Table{Name: r.new}})
			if table.PrimaryKey != nil {
				changes = append(changes, renameIndex(table, r.old+"_pkey", r.new+"_pkey"))
			}
		case "column":
			changes = append(changes, modify(table, &atlas.RenameColumn{From: atlas.NewColumn(r.old), To: atlas.NewColumn(r.new)}))
		case "index":
			changes = append(changes, renameIndex(table, r.old, r.new))
		case "foreign key", "exclusion": // atlas has no such change
			statements = append(statements, fmt.Sprintf(`ALTER TABLE "%s" RENAME CONSTRAINT "%s" TO "%s"`, r.table, r.old, r.new))
		}
		more, err := commands(postgres.DefaultPlan.PlanChanges(context.Background(), "", changes, layout))
		if err != nil {
			return nil, err
		}
		statements = append(statements, more...)
	}
	return statements, nil
}

func renameIndex(table *atlas.Table, old, name string) atlas.Change {
	return modify(table, &atlas.RenameIndex{From: &atlas.Index{Name: old}, To: &atlas.Index{Name: name}})
}

func (p *postgresPlan) add(change atlas.Change) error {
	m, ok := change.(*atlas.ModifyTable)
	if !ok {
		p.main = append(p.main, change)
		return nil
	}
	var rest []atlas.Change
	p.retyped = slices.ContainsFunc(m.Changes, func(change atlas.Change) bool {
		column, ok := change.(*atlas.ModifyColumn)
		return ok && column.Change.Is(atlas.ChangeType)
	})
	for _, change := range m.Changes {
		kept, err := p.alter(m.T, change)
		if err != nil {
			return err
		}
		rest = append(rest, kept...)
	}
	if len(rest) > 0 {
		p.main = append(p.main, modify(m.T, rest...))
	}
	return nil
}

// alter gives what of a change to a table that has rows belongs in the first script, and puts the rest in the others.
func (p *postgresPlan) alter(table *atlas.Table, change atlas.Change) ([]atlas.Change, error) {
	switch change := change.(type) {
	case *atlas.AddColumn:
		return p.addColumn(table, change), nil
	case *atlas.DropForeignKey:
		if key := named(findTable(p.to, table.Name).ForeignKeys, keyName, change.F.Symbol); key != nil && joint(key) {
			return nil, nil // it stands until the other does
		}
	case *atlas.AddForeignKey:
		return []atlas.Change{p.addForeignKey(table, change.F)}, nil
	case *atlas.ModifyForeignKey:
		return []atlas.Change{&atlas.DropForeignKey{F: change.From}, p.addForeignKey(table, change.To)}, nil
	case *atlas.AddCheck:
		return []atlas.Change{p.addCheck(table, change.C)}, nil
	case *atlas.ModifyCheck:
		if p.dropsCheck(table, change.From) {
			return []atlas.Change{p.addCheck(table, change.To)}, nil
		}
		return []atlas.Change{&atlas.DropCheck{C: change.From}, p.addCheck(table, change.To)}, nil
	case *atlas.DropCheck:
		if p.dropsCheck(table, change.C) {
			return nil, nil
		}
	case *atlas.AddIndex:
		return nil, p.addIndex(table, change.I)
	case *atlas.DropIndex:
		if p.outlives(table, change.I) {
			p.outlived = append(p.outlived, fmt.Sprintf(`DROP INDEX CONCURRENTLY IF EXISTS "%s"`, change.I.Name))
			return nil, nil
		}
	case *atlas.ModifyIndex:
		if p.retyped { // the old index might not go with the new type
			return []atlas.Change{&atlas.DropIndex{I: change.From}}, p.addIndex(table, change.To)
		}
		return nil, p.replaceIndex(table, change.To)
	case *atlas.ModifyColumn:
		return p.modifyColumn(table, change), nil
	}
	return []atlas.Change{change}, nil
}

// outlives tells whether an index that goes may stand until those that may do its work in its place are built: it keeps
// nothing out, and its columns stay as they are.
func (p *postgresPlan) outlives(table *atlas.Table, index *atlas.Index) bool {
	old := named(findTable(p.from, table.Name).Indexes, indexName, index.Name)
	if old == nil || old.Unique || old.Where != nil || p.retyped {
		return false
	}
	to := findTable(p.to, table.Name)
	return !slices.ContainsFunc(old.Parts, func(part schema.IndexPart) bool { return findColumn(to, part.Column) == nil })
}

func (p *postgresPlan) addForeignKey(table *atlas.Table, key *atlas.ForeignKey) atlas.Change {
	p.validates(table, key.Symbol)
	return &atlas.AddForeignKey{F: key, Extra: []atlas.Clause{&postgres.NotValid{}}}
}

func (p *postgresPlan) addCheck(table *atlas.Table, check *atlas.Check) atlas.Change {
	p.validates(table, check.Name)
	return &atlas.AddCheck{C: check, Extra: []atlas.Clause{&postgres.NotValid{}}}
}

func (p *postgresPlan) validates(table *atlas.Table, constraint string) {
	p.validate = append(p.validate, fmt.Sprintf(`ALTER TABLE "%s" VALIDATE CONSTRAINT "%s"`, table.Name, constraint))
}

// addIndex first drops the invalid index that an interrupted building leaves behind.
func (p *postgresPlan) addIndex(table *atlas.Table, index *atlas.Index) error {
	add := modify(table, &atlas.AddIndex{I: index, Extra: []atlas.Clause{&postgres.Concurrently{}}})
	statements, err := commands(postgres.DefaultPlan.PlanChanges(context.Background(), "", []atlas.Change{add}, layout))
	p.index = append(p.index, fmt.Sprintf(`DROP INDEX CONCURRENTLY IF EXISTS "%s"`, index.Name))
	p.index = append(p.index, statements...)
	return err
}

// replaceIndex drops the old index only when the new one stands. Wherever it is interrupted, it can start anew.
func (p *postgresPlan) replaceIndex(table *atlas.Table, index *atlas.Index) error {
	built := *index
	built.Name = cut(index.Name, "_new")
	if err := p.addIndex(table, &built); err != nil {
		return err
	}
	p.index = append(p.index,
		fmt.Sprintf(`DROP INDEX CONCURRENTLY IF EXISTS "%s"`, index.Name),
		fmt.Sprintf(`ALTER INDEX "%s" RENAME TO "%s"`, built.Name, index.Name))
	return nil
}

// cut is a name with a suffix, cut to what Postgres keeps.
func cut(name, suffix string) string {
	return name[:min(len(name), schema.LongestName-len(suffix))] + suffix
}

// addColumn adds a column, and one that repeats another row's without a value first.
func (p *postgresPlan) addColumn(table *atlas.Table, add *atlas.AddColumn) []atlas.Change {
	column := findColumn(findTable(p.to, table.Name), add.C.Name)
	if column.Copied == nil {
		return []atlas.Change{add}
	}
	p.validate = append(p.validate, p.fill(table.Name, column))
	if column.Null {
		return []atlas.Change{add}
	}
	empty, optional := *add.C, *add.C.Type
	optional.Null = true
	empty.Type = &optional
	return []atlas.Change{&atlas.AddColumn{C: &empty}, p.require(table, column)}
}

// modifyColumn changes a type with an explicit conversion, around the default, which has none; and makes a column
// required by a check that is validated later, so that no lock is held while the table is read.
func (p *postgresPlan) modifyColumn(table *atlas.Table, m *atlas.ModifyColumn) []atlas.Change {
	var kept []atlas.Change
	from := findColumn(findTable(p.from, table.Name), m.To.Name)
	to := findColumn(findTable(p.to, table.Name), m.To.Name)
	if m.Change.Is(atlas.ChangeType) {
		if m.From.Default != nil {
			p.before = append(p.before, fmt.Sprintf(`ALTER TABLE "%s" ALTER COLUMN "%s" DROP DEFAULT`, table.Name, to.Name))
			m.Change &^= atlas.ChangeDefault
			if m.To.Default != nil {
				m.Change |= atlas.ChangeDefault
			}
		}
		c, _ := convert(from, to)
		m.Extra = append(m.Extra, &postgres.ConvertUsing{X: c.onPostgres(`"` + to.Name + `"`)})
	}
	if m.Change.Is(atlas.ChangeNull) && !to.Null {
		m.Change &^= atlas.ChangeNull
		kept = append(kept, p.require(table, to))
	}
	if m.Change != atlas.NoChange {
		kept = append(kept, m)
	}
	return kept
}

// require fills the empty values of old rows with the default, if there is one, and then forbids them.
func (p *postgresPlan) require(table *atlas.Table, column *schema.Column) atlas.Change {
	name := cut(table.Name+"_"+column.Name, "_required")
	alter := fmt.Sprintf(`ALTER TABLE "%s" `, table.Name)
	if text, _ := (postgresDialect{}).defaultText(column); text != "" {
		p.validate = append(p.validate, fmt.Sprintf(`UPDATE "%s" SET "%s" = %s WHERE "%[2]s" IS NULL`, table.Name, column.Name, text))
	}
	p.validates(table, name)
	p.validate = append(p.validate,
		fmt.Sprintf(`%sALTER COLUMN "%s" SET NOT NULL`, alter, column.Name),
		fmt.Sprintf(`%sDROP CONSTRAINT "%s"`, alter, name))
	check := &atlas.Check{Name: name, Expr: fmt.Sprintf(`("%s" IS NOT NULL)`, column.Name)}
	return &atlas.AddCheck{C: check, Extra: []atlas.Clause{&postgres.NotValid{}}}
}
