package migrate

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fettlehq/fettle/schema"
)

// A search follows its table: rows that stood before it, writes of every kind, a rebuild, VACUUM, other columns.
func TestSearchFollowsItsTable(t *testing.T) {
	articles := func(search []string, more ...*schema.Column) *schema.Schema {
		return &schema.Schema{Tables: []*schema.Table{
			{
				Name: "articles", PrimaryKey: []string{"id"}, Search: search,
				Columns: append([]*schema.Column{
					{Name: "id", Type: schema.UUID},
					{Name: "author_id", Type: schema.BigInt},
					{Name: "title", Type: schema.Text},
					{Name: "body", Type: schema.Text, Null: true},
				}, more...),
				ForeignKeys: []*schema.ForeignKey{{Name: "f", Columns: []string{"author_id"}, Table: "authors", To: []string{"id"}, OnDelete: schema.Cascade}},
			},
			{Name: "authors", PrimaryKey: []string{"id"}, Columns: []*schema.Column{id()}},
		}}
	}
	eachDialect(t, func(t *testing.T, d *database) {
		found := func(words, want string) {
			t.Helper()
			if d.dialect == "postgres" {
				d.want(t, "SELECT title FROM articles WHERE search_document @@ to_tsquery('simple', search_fold('"+words+"')) ORDER BY title", want)
				return
			}
			d.exec(t, "INSERT INTO articles_search (articles_search, rank) VALUES ('integrity-check', 1)")
			d.want(t, "SELECT title FROM articles WHERE id IN (SELECT key FROM articles_search s JOIN articles_search_rows ON number = s.rowid WHERE articles_search MATCH '"+words+"') ORDER BY title", want)
		}
		row := func(n, text string) string {
			return "('00000000-0000-7000-8000-00000000000" + n + "', " + text + ")"
		}
		plain, titles := articles(nil), articles([]string{"title"})
		both := articles([]string{"title", "body"})
		rebuilt := articles([]string{"title", "body"}, &schema.Column{Name: "pages", Type: schema.Integer, Null: true})
		rebuilt.Tables[0].Checks = []*schema.Check{{Name: "c", That: schema.Predicate{SQLite: "title <> ''", Postgres: "title <> ''"}}}

		d.migrate(t, nil, plain)
		d.exec(t, "INSERT INTO authors VALUES (1), (2)", "INSERT INTO articles VALUES "+row("1", "1, 'Crème brûlée', NULL")+", "+row("2", "2, 'Bread', 'flour'"))
		d.migrate(t, plain, titles)
		found("creme", "Crème brûlée")
		found("FLOUR", "")
		d.exec(t, "INSERT INTO articles VALUES "+row("3", "1, 'Bread and butter', 'creme'"), "UPDATE articles SET title = 'Loaf' WHERE title = 'Bread'")
		found("bread", "Bread and butter")
		found("loaf", "Loaf")
		d.migrate(t, titles, both)
		found("creme", "Bread and butter\nCrème brûlée")
		found("flour", "Loaf")
		d.exec(t, "DELETE FROM articles WHERE title = 'Bread and butter'", "VACUUM")
		found("creme", "Crème brûlée")
		d.migrate(t, both, rebuilt)
		found("flour", "Loaf")
		if d.dialect == "sqlite" {
			d.exec(t, "PRAGMA foreign_keys = on")
		}
		d.exec(t, "DELETE FROM authors WHERE id = 2", "INSERT INTO articles (id, author_id, title, body) VALUES "+row("4", "1, 'Rye', 'flour'"), "UPDATE articles SET body = NULL WHERE title <> 'Rye'")
		found("flour", "Rye")
		d.migrate(t, rebuilt, plain)
		d.none(t, map[string]string{
			"sqlite":   "SELECT name FROM sqlite_master WHERE name LIKE '%search%'",
			"postgres": "SELECT proname FROM pg_proc WHERE proname LIKE 'search_%'",
		}[d.dialect])
		d.exec(t, "UPDATE articles SET title = 'x'")
	})
}

// The kit makes, reads and bounds searches as they are planned here. It is a module of its own, so its text is compared.
func TestKitSearchesAlike(t *testing.T) {
	for path, parts := range map[string][]string{
		"../kit/kittest/search.go": {
			body(searchFold), body(searchWords), strings.Replace(tokenizer, "\ufe0f", "` + \"\\ufe0f\" + `", 1), fmt.Sprint("searchedLength = ", searchedLength),
		},
		"../kit/query/search.go": {fmt.Sprint("searchedLength = ", searchedLength), schema.SearchColumn, `"` + schema.SearchSuffix + `"`, `"` + schema.SearchSuffix + `_rows"`},
	} {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, part := range parts {
			if !strings.Contains(string(text), part) {
				t.Errorf("%s lacks %s", path, part)
			}
		}
	}
}

// body is what a function returns.
func body(function string) string {
	_, text, _ := strings.Cut(function, "RETURN ")
	return text
}
