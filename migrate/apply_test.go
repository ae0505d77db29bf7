package migrate

import (
	"context"
	"database/sql"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	atlasplan "ariga.io/atlas/sql/migrate"
	"ariga.io/atlas/sql/postgres"
	atlas "ariga.io/atlas/sql/schema"
	"ariga.io/atlas/sql/sqlite"
	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite"

	"github.com/fettlehq/fettle/internal/pgtest"
	"github.com/fettlehq/fettle/schema"
)

// database is a real one that migrations are applied to.
type database struct {
	dialect string
	db      *sql.DB
	files   fstest.MapFS // all migrations so far
	number  int
}

// fataler is what testing.T and rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(string, ...any)
	Errorf(string, ...any)
}

func newDatabase(t *testing.T, dialect string) *database {
	d := &database{dialect: dialect, files: fstest.MapFS{}, number: 1}
	var err error
	switch dialect {
	case "sqlite":
		d.db, err = sql.Open("sqlite", filepath.Join(t.TempDir(), "test.db")+"?_pragma=foreign_keys(1)")
		d.db.SetMaxOpenConns(1)
	case "postgres":
		d.db, err = sql.Open("pgx", pgtest.New(t))
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.db.Close() })
	return d
}

func eachDialect(t *testing.T, test func(*testing.T, *database)) {
	for _, dialect := range []string{"sqlite", "postgres"} {
		t.Run(dialect, func(t *testing.T) { test(t, newDatabase(t, dialect)) })
	}
}

// migrate plans the change, applies its files with goose as kit/migrate does, and checks that nothing is left half done.
func (d *database) migrate(t fataler, from, to *schema.Schema) {
	t.Helper()
	if err := d.try(from, to); err != nil {
		t.Fatalf("%v", err)
	}
	if d.dialect == "postgres" {
		d.none(t, "SELECT conname FROM pg_constraint WHERE NOT convalidated")
		d.none(t, "SELECT indexrelid::regclass::text FROM pg_index WHERE NOT indisvalid")
	} else {
		d.none(t, "SELECT \"table\" FROM pragma_foreign_key_check")
	}
}

func (d *database) try(from, to *schema.Schema) error {
	plan, err := Between(from, to, Options{AcceptLoss: true})
	if err != nil {
		return err
	}
	for name, text := range Files(plan, d.number, "") {
		d.files[name] = &fstest.MapFile{Data: text}
	}
	if d.number, err = NextNumber(d.files); err != nil || plan.Empty() {
		return err
	}
	return d.up()
}

// up applies the files that are not yet applied.
func (d *database) up() error {
	dialect := goose.DialectPostgres
	if d.dialect == "sqlite" {
		dialect = goose.DialectSQLite3
		if _, err := d.db.Exec("PRAGMA foreign_keys = off"); err != nil {
			return err
		}
		defer d.db.Exec("PRAGMA foreign_keys = on")
	}
	folder, err := fs.Sub(d.files, "migrations/"+d.dialect)
	if err != nil {
		return err
	}
	provider, err := goose.NewProvider(dialect, d.db, folder, goose.WithDisableGlobalRegistry(true))
	if err == nil {
		_, err = provider.Up(context.Background())
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, d.text())
	}
	return nil
}

func (d *database) text() string {
	var all strings.Builder
	for name, file := range d.files {
		if strings.Contains(name, d.dialect) {
			fmt.Fprintf(&all, "-- %s --\n%s", name, file.Data)
		}
	}
	return all.String()
}

func (d *database) exec(t fataler, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := d.db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// rows is what a query gives, a line a row, with | between columns.
func (d *database) rows(t fataler, query string) string {
	t.Helper()
	rows, err := d.db.Query(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	names, _ := rows.Columns()
	var lines []string
	for rows.Next() {
		values := make([]any, len(names))
		for i := range values {
			values[i] = new(sql.NullString)
		}
		if err := rows.Scan(values...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		var texts []string
		for _, value := range values {
			texts = append(texts, value.(*sql.NullString).String)
		}
		lines = append(lines, strings.Join(texts, "|"))
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return strings.Join(lines, "\n")
}

func (d *database) want(t fataler, query, want string) {
	t.Helper()
	if got := d.rows(t, query); got != want {
		t.Errorf("%s is %q, not %q\n%s", query, got, want, d.text())
	}
}

func (d *database) none(t fataler, query string) {
	t.Helper()
	d.want(t, query, "")
}

// inspect gives the schema that the database really has.
func (d *database) inspect(t fataler) *atlas.Schema {
	t.Helper()
	var driver atlasplan.Driver
	var err error
	name := map[string]string{"sqlite": "main", "postgres": "public"}[d.dialect]
	if d.dialect == "sqlite" {
		driver, err = sqlite.Open(d.db)
	} else {
		driver, err = postgres.Open(d.db)
	}
	if err != nil {
		t.Fatalf("%v", err)
	}
	s, err := driver.InspectSchema(context.Background(), name, &atlas.InspectOptions{Exclude: []string{"goose_db_version", "*_search", "*_search_*", "*." + schema.SearchColumn}})
	if err != nil {
		t.Fatalf("%v", err)
	}
	for _, table := range s.Tables {
		for _, attr := range table.Attrs { // SQLite quotes a column in a check when it renames it
			if check, ok := attr.(*atlas.Check); ok {
				check.Expr = strings.ReplaceAll(check.Expr, `"`, "")
			}
		}
	}
	return s
}

// same checks that the database has what another has, in which the schema was made at once.
func (d *database) same(t fataler, other *database) {
	t.Helper()
	differ := map[string]atlas.Differ{"sqlite": sqlite.DefaultDiff, "postgres": postgres.DefaultDiff}[d.dialect]
	changes, err := differ.SchemaDiff(d.inspect(t), other.inspect(t), atlas.DiffNormalized())
	if err != nil {
		t.Fatalf("%v", err)
	}
	if len(changes) > 0 {
		var texts []string
		for _, change := range changes {
			if m, ok := change.(*atlas.ModifyTable); ok {
				for _, c := range m.Changes {
					texts = append(texts, fmt.Sprintf("%s: %T %+v", m.T.Name, c, c))
				}
				continue
			}
			texts = append(texts, fmt.Sprintf("%T", change))
		}
		t.Errorf("the schema reached by steps differs: %s\n%s", strings.Join(texts, "\n"), d.text())
	}
	d.sameSearches(t, other)
}

// sameSearches checks what atlas does not look at, and that the index of each search holds the words of its table.
func (d *database) sameSearches(t fataler, other *database) {
	t.Helper()
	made := "SELECT indexdef FROM pg_indexes WHERE indexname LIKE '%_search_idx' UNION SELECT proname FROM pg_proc WHERE proname LIKE 'search_%' ORDER BY 1"
	if d.dialect == "sqlite" {
		made = "SELECT sql FROM sqlite_master WHERE name LIKE '%_search' OR name LIKE '%_search_%' ORDER BY name"
	}
	d.want(t, made, other.rows(t, made))
	if d.dialect == "postgres" {
		return
	}
	for _, table := range strings.Fields(d.rows(t, "SELECT name FROM sqlite_master WHERE name LIKE '%_search'")) {
		d.exec(t, fmt.Sprintf(`INSERT INTO "%s" ("%[1]s", rank) VALUES ('integrity-check', 1)`, table))
		of := strings.TrimSuffix(table, "_search")
		d.want(t, fmt.Sprintf(`SELECT count(*) FROM "%s_rows" JOIN "%s" ON id = key`, table, of), d.rows(t, fmt.Sprintf(`SELECT count(*) FROM "%s"`, of)))
		d.want(t, fmt.Sprintf(`SELECT count(*) FROM "%s_docsize"`, table), d.rows(t, fmt.Sprintf(`SELECT count(*) FROM "%s"`, of)))
	}
}
