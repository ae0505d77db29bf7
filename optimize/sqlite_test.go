package optimize_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/fettlehq/fettle/optimize"
)

// littleLike is applike in SQLite, smaller.
const littleLike = `
CREATE TABLE users (id INTEGER PRIMARY KEY, org_id INTEGER NOT NULL, email TEXT NOT NULL, phone TEXT NOT NULL, deleted_at TEXT, created_at TEXT NOT NULL, bio TEXT NOT NULL, domain TEXT AS (substr(email, 2) || phone) VIRTUAL);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER NOT NULL, total INTEGER NOT NULL, ext_id TEXT NOT NULL);
CREATE TABLE tiny (id INTEGER PRIMARY KEY, code TEXT NOT NULL);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
	INSERT INTO users (id, org_id, email, phone, deleted_at, created_at, bio) SELECT i, i * 7919 % 97, 'User' || i || '@example.org', '+49' || i, CASE WHEN i % 10 = 0 THEN '2024-01-01' END, datetime(1500000000 + i * 7919 % 20000 * 60, 'unixepoch'), hex(zeroblob(100)) FROM n;
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 30000)
	INSERT INTO orders SELECT i, 1 + i * 7919 % 20000, i % 500, 'X' || i FROM n;
INSERT INTO tiny VALUES (1, 'a'), (2, 'b');
CREATE INDEX redundant ON orders (total);
CREATE INDEX wide ON orders (total, ext_id);
`

func TestSQLite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "little.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(littleLike); err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, c := range []struct{ name, statement, want string }{
		{"the list of an organisation", "select * from users where org_id = ? and deleted_at is null order by created_at desc limit 25", "CREATE INDEX ON users (org_id, created_at DESC) WHERE deleted_at IS NULL"},
		{"a function of a column", "select id from users where lower(email) = 'user77@example.org'", "CREATE INDEX ON users ((lower(email)))"},
		{"the beginning of a text", "select id from users where email like 'User1234%'", "CREATE INDEX ON users (email COLLATE NOCASE)"},
		{"an OR in one table", "select bio from users where email = 'User77@example.org' or phone = '+4977'", "CREATE INDEX ON users (email)\nCREATE INDEX ON users (phone)"},
		{"a join that builds an index for each run", "select u.bio, o.ext_id from users u join orders o on o.user_id = u.id where u.phone = '+4977'", "CREATE INDEX ON orders (user_id)\nCREATE INDEX ON users (phone)"},
		{"an index for each run, behind a table that is read in whole", "select id from users where exists (select 1 from orders o where o.user_id = users.id and o.ext_id < 'X2')", "CREATE INDEX ON orders (user_id, ext_id)"},
		{"a column that is computed", "select id from users where domain = 'ser77@example.org+4977'", "CREATE INDEX ON users (domain)"},
		{"rows in an order", "select bio from users where org_id = ? order by created_at", "CREATE INDEX ON users (org_id, created_at)"},
		{"the few that are something", "select count(*) from users where deleted_at is not null", "CREATE INDEX ON users (deleted_at) WHERE deleted_at IS NOT NULL"},
		{"the few, and some of them", "select count(*) from users where deleted_at is not null; select bio from users where phone = ? and deleted_at is not null order by created_at limit 5", "CREATE INDEX ON users (phone) WHERE deleted_at IS NOT NULL"},
		{"a far page", "select id, bio from users order by created_at desc limit 20 offset 12345", "SELECT id, bio\nFROM users\nWHERE (users.created_at, users.id) < ($3, $4)\nORDER BY created_at desc, users.id DESC\nLIMIT $2\nCREATE INDEX ON users (created_at DESC, id DESC)"},
		{"those without", "select id from users where org_id = 5 and id not in (select user_id from orders where total < 400)", "SELECT id\nFROM users\nWHERE org_id = $1 AND NOT EXISTS (SELECT 1 FROM orders WHERE (total < $2) AND users.id = orders.user_id)\nCREATE INDEX ON orders (user_id)\nCREATE INDEX ON users (org_id)"},
		{"those without, where some of the list are unknown", "select id from users where id not in (select nullif(user_id, 7) from orders where total = 3)", ""},
		{"an OR of two tables", "select u.bio from users u join orders o on o.user_id = u.id where u.phone = '+4977' or o.ext_id = 'X77'", "SELECT u.bio\nFROM users u join orders o on o.user_id = u.id\nWHERE (u.phone = $1)\nUNION ALL\nSELECT u.bio\nFROM users u join orders o on o.user_id = u.id\nWHERE (o.ext_id = $2) AND (u.phone = $1) IS NOT TRUE\nCREATE INDEX ON orders (user_id)\nCREATE INDEX ON users (phone)"},
		{"a key that is compared as text", "select email from users where cast(id as text) = ?", "SELECT email\nFROM users\nWHERE users.id = $1"},
		{"a key that is compared as text with what is no number", "select email from users where cast(id as text) = '077'", ""},
		{"a number that may be none, compared as text", "select email from users where cast(org_id as text) = '77'", "SELECT email\nFROM users\nWHERE users.org_id = $2"},
		{"a primary key", "select * from users where id = ?", ""},
		{"a table of two rows", "select * from tiny where code = 'a'", ""},
		{"what SQLite does not know", "select * from nowhere", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			statements, _ := optimize.ParseWorkload("work.sql", c.statement)
			report, err := optimize.RunSQLite(context.Background(), optimize.Options{Database: path, Statements: statements})
			if err != nil {
				t.Fatal(err)
			}
			notes := strings.Join(report.Notes, "\n")
			if few := "(tiny 2): what is fast with so few says nothing of more"; strings.Contains(c.statement, "tiny") != strings.Contains(notes, few) {
				t.Errorf("it notes %s", notes)
			}
			var got []string
			for _, a := range report.Advice {
				applies(t, db, a)
				if a.Kind == optimize.KindHygiene {
					if notes := strings.Join(a.Notes, "\n"); !strings.Contains(notes, "frees about 292 kB") { // 30,000 rows of ten bytes
						t.Errorf("of an index that goes it says %s", notes)
					}
					if a.Change != "DROP INDEX redundant" {
						t.Errorf("got %s", a.Change)
					}
					continue
				}
				got = append(got, a.Change)
				if a.Proof.After == nil || *a.Proof.After.Steps >= *a.Proof.Before.Steps {
					t.Errorf("%s: the steps did not fall: %+v", a.Change, a.Proof)
				}
			}
			if strings.Join(got, "\n") != c.want {
				t.Errorf("got %s\nwant %s", strings.Join(got, "\n"), c.want)
				for _, note := range report.Notes {
					t.Log(note)
				}
			}
		})
	}
}

// applies runs the migration of an advice up, down and up again, in SQLite's own words, and undoes it.
func applies(t *testing.T, db *sql.DB, a *optimize.Advice) {
	t.Helper()
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback() //nolint:errcheck // it is undone either way
	up, down, _ := strings.Cut(a.Migration, "-- +goose Down")
	for _, statements := range []string{up, down, up} {
		if _, err := tx.Exec(statements); err != nil {
			t.Errorf("%s: %v\n%s", a.Change, err, statements)
		}
	}
}

// The values that are made up for parameters are of the columns that they are stored in: a STRICT table takes no others.
func TestSQLiteStoresWhatTablesTake(t *testing.T) {
	path := filepath.Join(t.TempDir(), "strict.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`CREATE TABLE entries (id INTEGER PRIMARY KEY, book INT NOT NULL, amount REAL NOT NULL, note TEXT NOT NULL, seal BLOB NOT NULL) STRICT;
		CREATE TABLE fresh (code TEXT PRIMARY KEY, n INT NOT NULL, x REAL NOT NULL, seal BLOB) STRICT;
		WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 5000) INSERT INTO entries SELECT i, i % 50, i / 3.0, 'note ' || i, randomblob(8) FROM n;`); err != nil {
		t.Fatal(err)
	}
	for _, statement := range []string{
		"insert into entries (id, book, amount, note, seal) values (?, ?, ?, ?, ?)",
		"insert into entries values (?, ?, ?, ?, ?)",
		"insert into entries (book, amount, note, seal) values (?, ?, ?, ?) on conflict (id) do update set amount = ?, seal = ?",
		"insert into fresh values (:code, :n, :x, :seal)",
		"update entries set book = ?, amount = ?, note = ?, seal = ? where id = ?",
		"update fresh set n = ?, seal = ? where code = ?",
	} {
		statements, _ := optimize.ParseWorkload("work.sql", statement)
		report, err := optimize.RunSQLite(context.Background(), optimize.Options{Database: path, Statements: statements})
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Queries) != 1 || report.Left > 0 || report.Queries[0].Before.Cost() <= 1 {
			t.Errorf("%s: is left out, or its rows were refused: %q", statement, report.Notes)
		}
	}
}
