package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

// Cases of histories, which the backend remembering has.
var historyCases = []struct {
	name string
	run  func(w *world)
}{
	{"every write is remembered", testHistory},
	{"a history tells no more than its row", testHistoryRules},
	{"the history of a deleted row", testHistoryOfDeleted},
	{"what goes for good", testHistoryOfGone},
	{"pages of a history", testHistoryPages},
	{"what was merged is remembered whole", testHistoryOfMerges},
	{"a write that fails leaves no history", testHistoryRolledBack},
}

// history is the changes of a row as lines: version, who, verb and the values.
func (w *world) history(v kit.Viewer, entity string, key any) (string, error) {
	h := w.entity(entity + "History")
	s := w.sel(h.Name, "version", nest{"by", w.sel("User", "name")}, "verb", "changes")
	var list *query.List
	err := w.engine.Read(context.Background(), w.in(v), func(ctx context.Context, tx *query.Tx) (err error) {
		list, err = tx.History(ctx, w.entity(entity), fmt.Sprint(key), s)
		return err
	})
	if err != nil {
		return "", err
	}
	return historyText(list), nil
}

func historyText(list *query.List) string {
	var lines []string
	for _, row := range list.Rows {
		by := "nobody"
		if account, _ := row.Values[1].(*query.Row); account != nil {
			by = account.Values[0].(string)
		}
		var changes any
		if err := json.Unmarshal(row.Values[3].(json.RawMessage), &changes); err != nil {
			panic(err)
		}
		text, _ := json.Marshal(changes) // keys in order
		lines = append(lines, fmt.Sprint(row.Values[0], " ", by, " ", row.Values[2], " ", string(text)))
	}
	return strings.Join(lines, "\n")
}

func (w *world) wantHistory(v kit.Viewer, entity string, key any, want ...string) {
	w.Helper()
	got, err := w.history(v, entity, key)
	if err != nil || got != strings.Join(want, "\n") {
		w.Errorf("history is\n%s\nwant\n%s\n%v", got, strings.Join(want, "\n"), err)
	}
}

func testHistory(w *world) {
	tag := w.create(w.ann, false, "Tag", "name", "t")
	id := w.article(w.ann, "one", "rating", 3, "price", []any{decimal("1.50"), "EUR"}, "tags", []any{string(tag)})
	must(w.update(w.ann, "Article", id, 0, "title", "two", "rating", 3, "summary", nil, "price", []any{decimal("1.5"), "EUR"}))
	must(w.update(w.ann, "Article", id, 0, "rating", query.Increment{By: int64(1)}, "price", nil, "tags", []any{}))
	w.gone(w.ann, "Article", id)
	w.want(w.restore(w.ann, "Article", id), "ok")
	must(w.engine.Write(context.Background(), w.in(kit.Viewer{}), func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.System().Update(ctx, w.entity("Article"), string(id), 0, w.changes(w.entity("Article"), "summary", "by the system"))
		return err
	}))
	w.wantHistory(w.ann, "Article", id,
		`6 nobody UPDATE {"summary":"by the system"}`,
		`5 ann RESTORE {}`,
		`4 ann DELETE {}`,
		`3 ann UPDATE {"price":null,"rating":4,"tags":[]}`,
		`2 ann UPDATE {"title":"two"}`,
		fmt.Sprintf(`1 ann CREATE {"author":"%s","kind":"essay","price":{"amount":"1.5","currency":"EUR"},"rating":3,"slug":"one","status":"PUBLISHED","tags":["%s"],"title":"one"}`, w.ann.ID, tag))
	nested := w.sel("Article", "title", nest{"history", w.sel("ArticleHistory", "verb", "version")})
	w.wantRows(w.bob, nested, "[[two [[UPDATE 6] [RESTORE 5] [DELETE 4] [UPDATE 3] [UPDATE 2] [CREATE 1]]]]")
}

func testHistoryRules(w *world) {
	id := w.article(w.ann, "one", "earnings", decimal("7"), "editor", w.bob.ID, "tags", []any{string(w.create(w.ann, false, "Tag", "name", "t"))})
	must(w.update(w.bob, "User", w.bob.ID, 0, "active", false))
	saw := func(v kit.Viewer, field string) bool {
		text, err := w.history(v, "Article", id)
		must(err)
		return strings.Contains(text, `"`+field+`"`)
	}
	for _, c := range []struct {
		viewer kit.Viewer
		field  string
		want   bool
	}{
		{w.ann, "earnings", true},
		{w.bob, "earnings", false},
		{kit.Viewer{}, "earnings", false},
		{w.bob, "title", true},
		{w.bob, "editor", true},
		{w.ann, "editor", false},
		{w.ann, "tags", true},
	} {
		if got := saw(c.viewer, c.field); got != c.want {
			w.Errorf("%s sees %s: %t", c.viewer.ID, c.field, got)
		}
	}
	w.gone(w.ann, "Tag", "t")
	if saw(w.ann, "tags") {
		w.Error("a deleted tag is seen")
	}
	draft := w.create(w.ann, false, "Article", "title", "draft")
	_, err := w.history(w.bob, "Article", draft)
	w.want(err, "NOT_FOUND")
	_, err = w.history(w.ann, "Article", "no-such")
	w.want(err, "NOT_FOUND")
}

func testHistoryOfDeleted(w *world) {
	id := w.article(w.ann, "one", "earnings", decimal("7"))
	w.gone(w.ann, "Article", id)
	for _, v := range []kit.Viewer{w.bob, {}} {
		_, err := w.history(v, "Article", id)
		w.want(err, "NOT_FOUND")
	}
	text, err := w.history(w.ann, "Article", "one")
	if err != nil || !strings.HasPrefix(text, "2 ann DELETE {}\n1 ann CREATE {") || strings.Contains(text, "earnings") {
		w.Errorf("history is %s: %v", text, err)
	}
}

func testHistoryOfGone(w *world) {
	book := w.create(w.ann, false, "Notebook")
	note := w.create(w.ann, false, "Note", "notebook", book, "text", "x")
	w.gone(w.ann, "Notebook", book)
	_, err := w.history(w.ann, "Note", note)
	w.want(err, "NOT_FOUND")
	w.want(w.restore(w.ann, "Notebook", book), "ok")
	must(w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		return tx.System().Delete(ctx, w.entity("Note"), string(note), 0)
	}))
	if n := w.stored("notes_history WHERE verb = 'DELETE' AND version = 2"); n != 1 {
		w.Errorf("%d deletes are remembered", n)
	}
	w.wantHistory(w.ann, "Notebook", book, "3 ann RESTORE {}", "2 ann DELETE {}", fmt.Sprintf(`1 ann CREATE {"locked":false,"owner":"%s"}`, w.ann.ID))
}

func testHistoryPages(w *world) {
	id := w.article(w.ann, "one")
	for i := range 5 {
		must(w.update(w.ann, "Article", id, 0, "summary", fmt.Sprint(i)))
	}
	var versions []string
	s := w.sel("ArticleHistory", "version")
	s.First = 2
	for range 3 {
		must(w.engine.Read(context.Background(), w.bob, func(ctx context.Context, tx *query.Tx) error {
			list, err := tx.History(ctx, w.entity("Article"), string(id), s)
			if err != nil {
				return err
			}
			versions = append(versions, fmt.Sprint(rowsText(list.Rows), list.HasNext))
			s.After = list.Cursor(len(list.Rows) - 1)
			return nil
		}))
	}
	if got := strings.Join(versions, " "); got != "[[6] [5]]true [[4] [3]]true [[2] [1]]false" {
		w.Errorf("pages are %s", got)
	}
	s = w.sel("Article", "title")
	s.Where = meta.Over(meta.OpExists, meta.This("history"), "h", meta.Eq(meta.Var("h", "verb"), meta.Const("UPDATE")))
	w.wantRows(w.bob, s, "[[one]]")
}

func testHistoryRolledBack(w *world) {
	w.article(w.ann, "one")
	_, err := w.tryCreate(w.ann, false, "Article", "title", "two", "slug", "one")
	w.want(err, "CONFLICT slug:TAKEN")
	if n := w.stored("articles_history"); n != 1 {
		w.Errorf("%d are remembered", n)
	}
}
