package kittest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// searches makes what a search reads, as the tool's package migrate plans it, which says why.
func (t *tables) searches(b *meta.Backend) {
	if t.postgres && slices.ContainsFunc(b.Entities, func(e *meta.Entity) bool { return len(e.Searched()) > 0 }) {
		t.create = append([]string{
			`CREATE OR REPLACE FUNCTION search_fold(text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN normalize(regexp_replace(normalize(translate(lower($1), 'ς', 'σ'), NFD), '([a-z])[\u0300-\u036f]+', '\1', 'g'), NFC)`,
			`CREATE OR REPLACE FUNCTION search_words(text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN to_tsvector('simple', regexp_replace(search_fold(coalesce($1, '')), '[^a-z0-9\u0080-\ufe0e\ufe10-\U0010ffff]+', ' ', 'g')) || '|:1'::tsvector`,
		}, t.create...)
	}
	for _, e := range b.Entities {
		switch fields := e.Searched(); {
		case len(fields) == 0:
		case t.postgres:
			t.document(e.Table, fields)
		default:
			t.index(e.Table, fields)
		}
	}
}

const searchedLength = 200000

func (t *tables) document(table string, fields []*meta.Field) {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = fmt.Sprintf("search_words(left(%s, %d))", name(f.Column), searchedLength/len(fields))
	}
	t.create = append(t.create, fmt.Sprintf("ALTER TABLE %s ADD COLUMN search_document tsvector GENERATED ALWAYS AS (%s) STORED",
		name(table), strings.Join(texts, " || ")))
	t.indexes = append(t.indexes, fmt.Sprintf("CREATE INDEX %s ON %s USING gin (search_document)", name(table+"_search_idx"), name(table)))
}

func (t *tables) index(table string, fields []*meta.Field) {
	var columns, texts, olds, news []string
	for _, f := range fields {
		cut := func(row string) string {
			return fmt.Sprintf("substr(%s.%s, 1, %d)", row, name(f.Column), searchedLength/len(fields))
		}
		columns = append(columns, name("in_"+f.Column))
		texts = append(texts, cut("t")+" AS "+name("in_"+f.Column))
		olds, news = append(olds, cut("old")), append(news, cut("new"))
	}
	const (
		remove = `INSERT INTO "SEARCH" ("SEARCH", rowid, COLUMNS) SELECT 'delete', number, OLDS FROM "SEARCH_rows" WHERE key = old.id; `
		add    = `INSERT INTO "SEARCH" (rowid, COLUMNS) SELECT number, NEWS FROM "SEARCH_rows" WHERE key = new.id; `
	)
	names := strings.NewReplacer("SEARCH", table+"_search", "TABLE_NAME", table, "COLUMNS", strings.Join(columns, ", "),
		"TEXTS", strings.Join(texts, ", "), "OLDS", strings.Join(olds, ", "), "NEWS", strings.Join(news, ", "))
	for _, statement := range []string{
		`CREATE TABLE "SEARCH_rows" (number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE) STRICT`,
		`CREATE VIEW "SEARCH_texts" AS SELECT r.number, TEXTS FROM "SEARCH_rows" r JOIN "TABLE_NAME" t ON t.id = r.key`,
		`CREATE VIRTUAL TABLE "SEARCH" USING fts5(COLUMNS, content = 'SEARCH_texts', content_rowid = 'number', ` +
			`tokenize = "unicode61 remove_diacritics 2 categories 'L* Nd Nl Mn Mc' separators '` + "\ufe0f" + `'")`,
		`CREATE TRIGGER "SEARCH_insert" AFTER INSERT ON "TABLE_NAME" BEGIN INSERT INTO "SEARCH_rows" (key) VALUES (new.id); ` + add + `END`,
		`CREATE TRIGGER "SEARCH_update" AFTER UPDATE ON "TABLE_NAME" BEGIN ` + remove + add + `END`,
		`CREATE TRIGGER "SEARCH_delete" AFTER DELETE ON "TABLE_NAME" BEGIN ` + remove + `DELETE FROM "SEARCH_rows" WHERE key = old.id; END`,
	} {
		t.create = append(t.create, names.Replace(statement))
	}
}
