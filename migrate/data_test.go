package migrate

import (
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/fettlehq/fettle/schema"
)

// Every golden pair is applied to real databases: from, then to, against to made at once.
func TestGoldenPairsApply(t *testing.T) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		archive, err := txtar.ParseFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var from, to schema.Schema
		if err := json.Unmarshal(archive.Files[0].Data, &from); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(archive.Files[1].Data, &to); err != nil {
			t.Fatal(err)
		}
		if archive.Files[2].Name == "error" {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			eachDialect(t, func(t *testing.T, d *database) {
				d.migrate(t, nil, &from)
				d.migrate(t, &from, &to)
				other := newDatabase(t, d.dialect)
				other.migrate(t, nil, &to)
				d.same(t, other)
			})
		})
	}
}

func id() *schema.Column { return &schema.Column{Name: "id", Type: schema.BigInt} }

// A parent is rebuilt, with foreign keys on, while children that would be deleted with its rows name them.
func TestRebuildKeepsChildren(t *testing.T) {
	author := func(columns ...*schema.Column) *schema.Table {
		return &schema.Table{Name: "authors", PrimaryKey: []string{"id"}, Columns: append([]*schema.Column{id()}, columns...)}
	}
	articles := &schema.Table{
		Name: "articles", PrimaryKey: []string{"id"},
		Columns:     []*schema.Column{id(), {Name: "author_id", Type: schema.BigInt}, {Name: "editor_id", Type: schema.BigInt, Null: true}},
		ForeignKeys: []*schema.ForeignKey{{Name: "a", Columns: []string{"author_id"}, Table: "authors", To: []string{"id"}, OnDelete: schema.Cascade}, {Name: "b", Columns: []string{"editor_id"}, Table: "authors", To: []string{"id"}, OnDelete: schema.SetNull}},
	}
	before := &schema.Schema{Tables: []*schema.Table{articles, author(&schema.Column{Name: "name", Type: schema.Text, Null: true}, &schema.Column{Name: "age", Type: schema.Integer})}}
	after := &schema.Schema{Tables: []*schema.Table{articles, author(&schema.Column{Name: "name", Type: schema.Text, Default: &schema.Value{Text: "anonymous"}}, &schema.Column{Name: "fee", Type: schema.Decimal, Digits: 12, Scale: 2, Default: &schema.Value{Text: "1.5"}})}}
	eachDialect(t, func(t *testing.T, d *database) {
		d.migrate(t, nil, before)
		d.exec(t, "INSERT INTO authors VALUES (1, 'Ada', 36), (2, NULL, 40)", "INSERT INTO articles VALUES (10, 1, 2), (11, 2, 1)")
		d.migrate(t, before, after)
		d.want(t, "SELECT * FROM articles ORDER BY id", "10|1|2\n11|2|1")
		d.want(t, "SELECT id, name, fee FROM authors ORDER BY id", map[string]string{"sqlite": "1|Ada|150\n2|anonymous|150", "postgres": "1|Ada|1.50\n2|anonymous|1.50"}[d.dialect])
		d.exec(t, "DELETE FROM authors WHERE id = 2")
		d.want(t, "SELECT * FROM articles", "10|1|")
	})
}

// Run by something that leaves foreign keys on, a script that rebuilds refuses before it has done anything.
func TestRebuildRefusesEnforcedForeignKeys(t *testing.T) {
	d := newDatabase(t, "sqlite")
	before := &schema.Schema{Tables: []*schema.Table{{Name: "t", PrimaryKey: []string{"id"}, Columns: []*schema.Column{id(), {Name: "a", Type: schema.Text}}}}}
	after := &schema.Schema{Tables: []*schema.Table{{Name: "t", PrimaryKey: []string{"id"}, Columns: []*schema.Column{id()}}}}
	d.migrate(t, nil, before)
	plan, err := Between(before, after, Options{AcceptLoss: true})
	if err != nil {
		t.Fatal(err)
	}
	tx, err := d.db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, statement := range plan.SQLite[0].Statements {
		if _, err = tx.Exec(statement); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "PRAGMA foreign_keys must be off") {
		t.Errorf("ran with foreign keys on: %v", err)
	}
}

// Values that were renamed are so in old rows, though no check and no index knows both of their names.
func TestRenamedValues(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/rename_value.txtar")
	if err != nil {
		t.Fatal(err)
	}
	var before, after schema.Schema
	if err := errors.Join(json.Unmarshal(archive.Files[0].Data, &before), json.Unmarshal(archive.Files[1].Data, &after)); err != nil {
		t.Fatal(err)
	}
	const ids = "018f4d9e-0000-7000-8000-00000000000"
	eachDialect(t, func(t *testing.T, d *database) {
		d.migrate(t, nil, &before)
		lists := map[string][2]string{"sqlite": {`'["PAID","PLACED","PAID"]'`, `'[]'`}, "postgres": {`'{PAID,PLACED,PAID}'`, `'{}'`}}[d.dialect]
		instant := map[string]string{"sqlite": "7", "postgres": "'2024-01-02T00:00:00Z'"}[d.dialect]
		d.exec(t, "INSERT INTO orders (id, status, former, passed, paid_at) VALUES "+
			"('"+ids+"1', 'PLACED', 'PLACED', "+lists[0]+", NULL), ('"+ids+"2', 'PAID', NULL, "+lists[1]+", "+instant+"), ('"+ids+"3', 'PLACED', 'MADE', NULL, NULL)")
		d.migrate(t, &before, &after)
		texts := map[string][2]string{"sqlite": {`["SET'TLED","NEW","SET'TLED"]`, "[]"}, "postgres": {"{SET'TLED,NEW,SET'TLED}", "{}"}}[d.dialect]
		d.want(t, "SELECT status, former, passed FROM orders ORDER BY id", "NEW|PLACED|"+texts[0]+"\nSET'TLED||"+texts[1]+"\nNEW|MADE|")
	})
}

func TestValuesAreConverted(t *testing.T) {
	table := func(columns ...*schema.Column) *schema.Schema {
		return &schema.Schema{Tables: []*schema.Table{{Name: "t", PrimaryKey: []string{"id"}, Columns: append([]*schema.Column{id()}, columns...)}}}
	}
	decimal := func(scale int) *schema.Column {
		return &schema.Column{Name: "c", Type: schema.Decimal, Digits: 15, Scale: scale}
	}
	of := func(t schema.Type) *schema.Column { return &schema.Column{Name: "c", Type: t} }
	for _, test := range []struct {
		from, to                 *schema.Column
		sqlite, postgres         string // the literals of two rows
		wantSQLite, wantPostgres string
	}{
		{decimal(4), decimal(2), "(123456), (-15050)", "(12.3456), (-1.505)", "-151\n1235", "-1.51\n12.35"},
		{decimal(2), decimal(4), "(150), (-1)", "(1.5), (-0.01)", "-100\n15000", "-0.0100\n1.5000"},
		{decimal(2), of(schema.Integer), "(150), (-149)", "(1.5), (-1.49)", "-1\n2", "-1\n2"},
		{of(schema.Integer), decimal(2), "(3), (-4)", "(3), (-4)", "-400\n300", "-4.00\n3.00"},
		{of(schema.Double), decimal(2), "(1.256), (-2.5)", "(1.256), (-2.5)", "-250\n126", "-2.50\n1.26"},
		{of(schema.Text), of(schema.Integer), "('12'), ('-3')", "('12'), ('-3')", "-3\n12", "-3\n12"},
		{of(schema.Text), of(schema.Boolean), "('true'), ('false')", "('true'), ('false')", "0\n1", "false\ntrue"},
		{of(schema.Boolean), of(schema.Text), "(1), (0)", "(true), (false)", "false\ntrue", "false\ntrue"},
		{of(schema.Integer), of(schema.Boolean), "(5), (0)", "(5), (0)", "0\n1", "false\ntrue"},
		{of(schema.Date), of(schema.DateTime), "('1969-12-31'), ('2024-02-29')", "('1969-12-31'), ('2024-02-29')", "-86400000000\n1709164800000000", "1969-12-31T00:00:00Z\n2024-02-29T00:00:00Z"},
		{of(schema.DateTime), of(schema.Date), "(-1), (1709164800000001)", "('1969-12-31T23:59:59Z'), ('2024-02-29T00:00:00Z')", "1969-12-31\n2024-02-29", "1969-12-31T00:00:00Z\n2024-02-29T00:00:00Z"},
		{of(schema.UUID), of(schema.Text), "('018f4d9e-0000-7000-8000-000000000001'), ('b')", "('018f4d9e-0000-7000-8000-000000000001'), ('018f4d9e-0000-7000-8000-000000000002')", "018f4d9e-0000-7000-8000-000000000001\nb", "018f4d9e-0000-7000-8000-000000000001\n018f4d9e-0000-7000-8000-000000000002"},
		{of(schema.Text), of(schema.UUID), "('018F4D9E-0000-7000-8000-000000000001'), ('018f4d9e-0000-7000-8000-000000000002')", "('018F4D9E-0000-7000-8000-000000000001'), ('018f4d9e-0000-7000-8000-000000000002')", "018f4d9e-0000-7000-8000-000000000001\n018f4d9e-0000-7000-8000-000000000002", "018f4d9e-0000-7000-8000-000000000001\n018f4d9e-0000-7000-8000-000000000002"},
		{of(schema.Text), of(schema.Date), "('2024-02-29'), ('1969-12-31')", "('2024-02-29'), ('1969-12-31')", "1969-12-31\n2024-02-29", "1969-12-31T00:00:00Z\n2024-02-29T00:00:00Z"},
		{of(schema.BigInt), of(schema.Integer), "(2147483647), (-2147483648)", "(2147483647), (-2147483648)", "-2147483648\n2147483647", "-2147483648\n2147483647"},
		{of(schema.Time), of(schema.Text), "('09:30:00.000000'), ('10:00:00.500000')", "('09:30'), ('10:00:00.5')", "09:30:00.000000\n10:00:00.500000", "09:30:00.000000\n10:00:00.500000"},
	} {
		t.Run(typeName(test.from)+" to "+typeName(test.to), func(t *testing.T) {
			eachDialect(t, func(t *testing.T, d *database) {
				rows := strings.Split(strings.Trim(map[string]string{"sqlite": test.sqlite, "postgres": test.postgres}[d.dialect], "()"), "), (")
				d.migrate(t, nil, table(test.from))
				d.exec(t, "INSERT INTO t VALUES (1, "+rows[0]+"), (2, "+rows[1]+")")
				d.migrate(t, table(test.from), table(test.to))
				d.want(t, "SELECT c FROM t ORDER BY c", map[string]string{"sqlite": test.wantSQLite, "postgres": test.wantPostgres}[d.dialect])
			})
		})
	}
}

func TestAValueThatDoesNotConvertStopsTheMigration(t *testing.T) {
	column := func(kind schema.Type) *schema.Schema {
		return &schema.Schema{Tables: []*schema.Table{{Name: "t", PrimaryKey: []string{"id"}, Columns: []*schema.Column{id(), {Name: "c", Type: kind}}}}}
	}
	for _, kind := range []schema.Type{schema.Integer, schema.BigInt, schema.Double, schema.Boolean, schema.JSON, schema.Date, schema.UUID} {
		eachDialect(t, func(t *testing.T, d *database) {
			d.migrate(t, nil, column(schema.Text))
			d.exec(t, "INSERT INTO t VALUES (1, 'twelve')")
			if err := d.try(column(schema.Text), column(kind)); err == nil {
				t.Errorf("text 'twelve' became %s: %s", kind, d.rows(t, "SELECT * FROM t"))
			} else {
				d.want(t, "SELECT c FROM t", "twelve")
			}
		})
	}
}

// An interrupted or refused building of an index is made good by running the file again.
func TestConcurrentIndexIsBuiltAgain(t *testing.T) {
	table := func(indexes ...*schema.Index) *schema.Schema {
		return &schema.Schema{Tables: []*schema.Table{{Name: "t", PrimaryKey: []string{"id"}, Columns: []*schema.Column{id(), {Name: "a", Type: schema.Text}}, Indexes: indexes}}}
	}
	unique := &schema.Index{Name: "t_a_key", Unique: true, Parts: []schema.IndexPart{{Column: "a", IgnoreCase: true}}}
	d := newDatabase(t, "postgres")
	d.migrate(t, nil, table())
	d.exec(t, "INSERT INTO t VALUES (1, 'x'), (2, 'X')")
	if err := d.try(table(), table(unique)); err == nil {
		t.Fatal("equal rows have a unique index")
	}
	d.want(t, "SELECT count(*) FROM pg_index WHERE NOT indisvalid", "1")
	d.exec(t, "DELETE FROM t WHERE id = 2")
	if err := d.up(); err != nil {
		t.Fatal(err)
	}
	d.none(t, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
}

func TestDefaultsAreStoredAsWritten(t *testing.T) {
	text := "a -- b;\nc; 'd' \\ e\n\nf"
	to := &schema.Schema{Tables: []*schema.Table{{Name: "t", PrimaryKey: []string{"id"}, Columns: []*schema.Column{
		id(),
		{Name: "a", Type: schema.Text, Default: &schema.Value{Text: text}},
		{Name: "b", Type: schema.Bytes, Default: &schema.Value{Text: "3q0="}},
		{Name: "c", Type: schema.Duration, Default: &schema.Value{Text: "1.5s"}},
	}}}}
	from := &schema.Schema{Tables: []*schema.Table{{Name: "t", PrimaryKey: []string{"id"}, Columns: []*schema.Column{id()}}}}
	eachDialect(t, func(t *testing.T, d *database) {
		d.migrate(t, nil, from)
		d.exec(t, "INSERT INTO t (id) VALUES (1)")
		d.migrate(t, from, to)
		d.want(t, "SELECT a, b, c FROM t", text+"|\xde\xad|1500000")
	})
}

// A chain of changes keeps what was written at its start.
func TestChainKeepsData(t *testing.T) {
	text := func(name, was string) *schema.Column { return &schema.Column{Name: name, Was: was, Type: schema.Text} }
	posts := func(name, was string, columns ...*schema.Column) *schema.Schema {
		return &schema.Schema{Tables: []*schema.Table{
			{
				Name: name, Was: was, PrimaryKey: []string{"id"}, Columns: append([]*schema.Column{id()}, columns...),
				Indexes: []*schema.Index{{Name: name + "_key", Unique: true, Parts: []schema.IndexPart{{Column: columns[0].Name, IgnoreCase: true}}}},
			},
			{
				Name: "votes", PrimaryKey: []string{"id"}, Columns: []*schema.Column{id(), {Name: "of", Type: schema.BigInt}},
				ForeignKeys: []*schema.ForeignKey{{Name: "votes_of_fkey", Columns: []string{"of"}, Table: name, To: []string{"id"}, OnDelete: schema.Cascade}},
			},
		}}
	}
	chain := []*schema.Schema{
		posts("articles", "", text("name", "")),
		posts("posts", "articles", text("title", "name")),
		posts("posts", "articles", text("title", "name"), &schema.Column{Name: "stars", Type: schema.Integer, Default: &schema.Value{Text: "3"}}),
		posts("posts", "articles", text("title", "name"), &schema.Column{Name: "stars", Type: schema.Decimal, Digits: 6, Scale: 1, Default: &schema.Value{Text: "3"}}),
		posts("posts", "articles", text("title", "name"), &schema.Column{Name: "rating", Was: "stars", Type: schema.Double, Null: true}),
	}
	eachDialect(t, func(t *testing.T, d *database) {
		d.migrate(t, nil, chain[0])
		d.exec(t, "INSERT INTO articles VALUES (1, 'One'), (2, 'Two')", `INSERT INTO votes VALUES (1, 1), (2, 2)`)
		for i := range chain[1:] {
			d.migrate(t, chain[i], chain[i+1])
		}
		d.want(t, "SELECT id, title, rating FROM posts ORDER BY id", "1|One|3\n2|Two|3")
		if _, err := d.db.Exec("INSERT INTO posts VALUES (3, 'ONE', 1)"); err == nil {
			t.Error("the unique index does not ignore case")
		}
		d.exec(t, "DELETE FROM posts WHERE id = 1")
		d.want(t, "SELECT * FROM votes", "2|2")
	})
}

// What was deleted neither lives again nor is lost with the column that says so: the migration stops, and does nothing.
func TestTombstoneStops(t *testing.T) {
	notes := func(columns ...*schema.Column) *schema.Schema {
		return &schema.Schema{Tables: []*schema.Table{{Name: "notes", PrimaryKey: []string{"id"}, Columns: append([]*schema.Column{id()}, columns...)}}}
	}
	tombstone := schema.Column{Name: "deleted_at", Type: schema.DateTime, Null: true, Tombstone: true}
	ordinary := tombstone
	ordinary.Tombstone = false
	for _, to := range []*schema.Schema{notes(), notes(&ordinary)} {
		eachDialect(t, func(t *testing.T, d *database) {
			instant := map[string]string{"sqlite": "1", "postgres": "now()"}[d.dialect]
			d.migrate(t, nil, notes(&tombstone))
			d.exec(t, "INSERT INTO notes (id, deleted_at) VALUES (1, NULL), (2, "+instant+")")
			if err := d.try(notes(&tombstone), to); err == nil || !strings.Contains(err.Error(), leftOver) {
				t.Fatalf("error is %v", err)
			}
			d.want(t, "SELECT count(*) FROM notes WHERE deleted_at IS NOT NULL", "1")
			d.exec(t, "DELETE FROM notes WHERE deleted_at IS NOT NULL")
			d.number--
			d.migrate(t, notes(&tombstone), to)
			d.want(t, "SELECT id FROM notes", "1")
		})
	}
}
