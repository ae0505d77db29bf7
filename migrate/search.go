package migrate

import (
	"fmt"
	"slices"
	"strings"

	"ariga.io/atlas/sql/sqlite"

	"github.com/fettlehq/fettle/schema"
)

// How the words of a table's Search are kept (decision 0016). Package kit/query reads what is made here, and
// kit/kittest makes the same for tests.
//
// On Postgres the document is a generated column of the table with a GIN index, made by two functions: search_fold gives
// words the form in which they are compared, search_words makes the document of one field.
//
// On SQLite the document is an FTS5 table over the view of the texts. Its rows are numbered by a table of their own,
// which names rows of the searched one by their key: VACUUM may number the rows of a table without an INTEGER PRIMARY
// KEY anew. Triggers keep both in step; what stands there as of the script's end is filled at once.

// searchedLength is how many characters of a document are searched, in equal parts of its fields: what a tsvector of at
// most a megabyte holds of any text.
const searchedLength = 200000

// tokenizer makes the words of FTS5 those of search_words: what is accented is folded by both for Latin letters only,
// marks belong to words, and a variation selector (which stands, unseen, between the quotes) separates them.
const tokenizer = `"unicode61 remove_diacritics 2 categories 'L* Nd Nl Mn Mc' separators '` + "\ufe0f" + `'"`

// searchFold and searchWords have bodies that Postgres resolves when it reads them, so that a restore, whose search path
// is empty, finds what they call. Between fields stands a word that no text has, so that no phrase reaches across.
const (
	searchFold = `CREATE OR REPLACE FUNCTION search_fold(text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN normalize(regexp_replace(normalize(translate(lower($1), 'ς', 'σ'), NFD), '([a-z])[\u0300-\u036f]+', '\1', 'g'), NFC)`
	searchWords = `CREATE OR REPLACE FUNCTION search_words(text) RETURNS tsvector
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('simple', regexp_replace(search_fold(coalesce($1, '')), '[^a-z0-9\u0080-\ufe0e\ufe10-\U0010ffff]+', ' ', 'g')) || '|:1'::tsvector`
)

// sameSearch tells whether two tables are searched by the same columns, in whatever order.
func sameSearch(a, b *schema.Table) bool {
	return slices.Equal(slices.Sorted(slices.Values(a.Search)), slices.Sorted(slices.Values(b.Search)))
}

// searched tells whether a table of s is searched.
func searched(s *schema.Schema) bool {
	return slices.ContainsFunc(s.Tables, func(t *schema.Table) bool { return len(t.Search) > 0 })
}

// searches adds what the plan does about searches: documents that go or change are dropped before their columns are. It
// gives the statements that make them, for when all else stands.
func (p *postgresPlan) searches() (last []string) {
	for _, old := range p.from.Tables {
		if to := findTable(p.to, old.Name); len(old.Search) > 0 && to != nil && !sameSearch(old, to) {
			p.before = append(p.before, fmt.Sprintf(`ALTER TABLE "%s" DROP COLUMN "%s"`, old.Name, schema.SearchColumn))
		}
	}
	if searched(p.to) && !searched(p.from) {
		last = append(last, searchFold, searchWords)
	}
	for _, table := range p.to.Tables {
		old := findTable(p.from, table.Name)
		if len(table.Search) == 0 || old != nil && sameSearch(old, table) {
			continue
		}
		last = append(last, fmt.Sprintf("ALTER TABLE \"%s\" ADD COLUMN \"%s\" tsvector GENERATED ALWAYS AS (%s) STORED",
			table.Name, schema.SearchColumn, documentOnPostgres(table)))
		index := fmt.Sprintf(`"%s" ON "%s" USING gin ("%s")`, searchIndex(table.Name), table.Name, schema.SearchColumn)
		if old == nil {
			last = append(last, "CREATE INDEX "+index)
		} else {
			p.index = append(p.index,
				fmt.Sprintf(`DROP INDEX CONCURRENTLY IF EXISTS "%s"`, searchIndex(table.Name)), "CREATE INDEX CONCURRENTLY "+index)
		}
	}
	if searched(p.from) && !searched(p.to) {
		last = append(last, "DROP FUNCTION search_words(text)", "DROP FUNCTION search_fold(text)")
	}
	return last
}

func documentOnPostgres(table *schema.Table) string {
	parts := make([]string, len(table.Search))
	for i, column := range table.Search {
		parts[i] = fmt.Sprintf(`search_words(left("%s", %d))`, column, searchedLength/len(table.Search))
	}
	return strings.Join(parts, " || ")
}

func searchIndex(table string) string { return cut(table, schema.SearchSuffix+"_idx") }

// renameSearches gives the indexes of renamed tables their new names.
func renameSearches(renamed *schema.Schema, renames []rename) []string {
	var statements []string
	for _, r := range renames {
		if r.kind == "table" && len(findTable(renamed, r.table).Search) > 0 {
			statements = append(statements, fmt.Sprintf(`ALTER INDEX "%s" RENAME TO "%s"`, searchIndex(r.old), searchIndex(r.new)))
		}
	}
	return statements
}

// searchesOnSQLite gives the statements before and after all others. What is about a table that changes its name or is
// rebuilt, or about other columns than before, is made anew. From has the names of before the renames.
func searchesOnSQLite(from, to *schema.Schema, renames []rename, others []string) (first, last []string) {
	was := map[string]string{} // by the new name of a table
	for _, table := range from.Tables {
		was[table.Name] = table.Name
	}
	for _, r := range renames {
		if r.kind == "table" {
			was[r.new] = r.old
		}
	}
	kept := map[string]bool{}
	for _, table := range to.Tables {
		old := findTable(from, table.Name)
		rebuilt := slices.Contains(others, "DROP TABLE `"+table.Name+"`")
		kept[table.Name] = old != nil && was[table.Name] == table.Name && sameSearch(old, table) && !rebuilt
	}
	for _, table := range from.Tables {
		if len(table.Search) > 0 && !kept[table.Name] {
			first = append(first, dropSearch(table)...)
		}
	}
	for _, table := range to.Tables {
		if len(table.Search) == 0 || kept[table.Name] {
			continue
		}
		last = append(last, makeSearch(table)...)
		if was[table.Name] != "" {
			last = append(last, fillSearch(table)...)
		}
	}
	return first, last
}

func dropSearch(table *schema.Table) []string {
	name := table.Name + schema.SearchSuffix
	return []string{
		"DROP TRIGGER `" + name + "_insert`", "DROP TRIGGER `" + name + "_update`", "DROP TRIGGER `" + name + "_delete`",
		"DROP TABLE `" + name + "`", "DROP VIEW `" + name + "_texts`", "DROP TABLE `" + name + "_rows`",
	}
}

func fillSearch(table *schema.Table) []string {
	name := table.Name + schema.SearchSuffix
	return []string{
		fmt.Sprintf("INSERT INTO `%s_rows` (`key`) SELECT `%s` FROM `%s`", name, table.PrimaryKey[0], table.Name),
		fmt.Sprintf("INSERT INTO `%s` (`%[1]s`) VALUES ('rebuild')", name),
	}
}

// makeSearch is written with words in capitals for what differs between tables.
func makeSearch(table *schema.Table) []string {
	cut := func(column string) string {
		return fmt.Sprintf("substr(%s, 1, %d)", column, searchedLength/len(table.Search))
	}
	var columns, texts, olds, news, differ []string
	for _, column := range table.Search {
		columns = append(columns, "`in_"+column+"`")
		texts = append(texts, cut("t.`"+column+"`")+" AS `in_"+column+"`")
		olds = append(olds, cut("old.`"+column+"`"))
		news = append(news, cut("new.`"+column+"`"))
		differ = append(differ, fmt.Sprintf("old.`%s` IS NOT new.`%[1]s`", column))
	}
	const (
		remove = "  INSERT INTO `SEARCH` (`SEARCH`, rowid, COLUMNS)\n    SELECT 'delete', `number`, OLDS FROM `SEARCH_rows` WHERE `key` = old.`OWN_KEY`;\n"
		add    = "  INSERT INTO `SEARCH` (rowid, COLUMNS)\n    SELECT `number`, NEWS FROM `SEARCH_rows` WHERE `key` = new.`OWN_KEY`;\n"
	)
	statements := []string{
		"CREATE TABLE `SEARCH_rows` (\n  `number` integer PRIMARY KEY,\n  `key` KEY_TYPE NOT NULL UNIQUE\n) STRICT",
		"CREATE VIEW `SEARCH_texts` AS\n  SELECT r.`number`, TEXTS\n  FROM `SEARCH_rows` r JOIN `TABLE_NAME` t ON t.`OWN_KEY` = r.`key`",
		"CREATE VIRTUAL TABLE `SEARCH` USING fts5(\n  COLUMNS,\n  content = 'SEARCH_texts', content_rowid = 'number',\n  tokenize = TOKENIZER\n)",
		"CREATE TRIGGER `SEARCH_insert` AFTER INSERT ON `TABLE_NAME` BEGIN\n  INSERT INTO `SEARCH_rows` (`key`) VALUES (new.`OWN_KEY`);\n" + add + "END",
		"CREATE TRIGGER `SEARCH_update` AFTER UPDATE ON `TABLE_NAME`\n  WHEN DIFFER BEGIN\n" + remove + add + "END",
		"CREATE TRIGGER `SEARCH_delete` AFTER DELETE ON `TABLE_NAME` BEGIN\n" + remove + "  DELETE FROM `SEARCH_rows` WHERE `key` = old.`OWN_KEY`;\nEND",
	}
	names := strings.NewReplacer(
		"SEARCH", table.Name+schema.SearchSuffix, "TABLE_NAME", table.Name, "OWN_KEY", table.PrimaryKey[0], "KEY_TYPE", keyType(table), "TOKENIZER", tokenizer,
		"COLUMNS", strings.Join(columns, ", "), "TEXTS", strings.Join(texts, ", "), "OLDS", strings.Join(olds, ", "),
		"NEWS", strings.Join(news, ", "), "DIFFER", strings.Join(differ, " OR "))
	for i := range statements {
		statements[i] = names.Replace(statements[i])
	}
	return statements
}

func keyType(table *schema.Table) string {
	text, err := sqlite.FormatType(sqliteDialect{}.columnType(findColumn(table, table.PrimaryKey[0])))
	if err != nil {
		panic(fmt.Sprintf("table %s: primary key: %v", table.Name, err)) // all types of columns have a form
	}
	return text
}
