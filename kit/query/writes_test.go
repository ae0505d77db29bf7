package query_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

func (w *world) row(v kit.Viewer, entity string, id kit.ID) map[string]any {
	w.Helper()
	row, err := w.get(v, query.Full(w.entity(entity)), id)
	must(err)
	values := map[string]any{}
	for i, f := range w.entity(entity).Columns() {
		values[f.Name] = row.Values[i]
		if nested, ok := row.Values[i].(*query.Row); ok {
			values[f.Name] = nested.ID
		}
	}
	return values
}

func testScalars(w *world) {
	book := w.create(w.ann, false, "Notebook")
	given := map[string]any{
		"text": "ü'\"\\ $1 ? \n\U0001F600", "day": kit.Date{Year: 2024, Month: 2, Day: 29}, "at": kit.TimeOfDay(13*time.Hour + 5*time.Microsecond),
		"takes": -90*time.Minute + time.Microsecond, "weight": 0.1, "big": int64(-1 << 62), "data": json.RawMessage(`{"a": [1, null]}`),
		"raw": []byte{0, 1, 255}, "link": "https://example.com/?a=b", "zone": "Europe/Vienna", "country": "AT", "ref": string(kit.NewID()),
	}
	pairs := []any{"notebook", book}
	for k, v := range given {
		pairs = append(pairs, k, v)
	}
	id := w.create(w.ann, false, "Note", pairs...)
	got := w.row(w.ann, "Note", id)
	for k, v := range given {
		if fmt.Sprintf("%T %v", got[k], got[k]) != fmt.Sprintf("%T %v", v, v) {
			w.Errorf("%s is %T %v, want %v", k, got[k], got[k], v)
		}
	}
	if !got["createdAt"].(time.Time).Equal(w.clock.now) || got["version"] != int64(1) || got["id"] != string(id) || got["notebook"] != book {
		w.Errorf("row is %v", got)
	}
	for k := range given {
		if k != "text" {
			must(w.update(w.ann, "Note", id, 0, k, nil))
		}
	}
	got = w.row(w.ann, "Note", id)
	for k := range given {
		if k != "text" && got[k] != nil {
			w.Errorf("%s is %v, want null", k, got[k])
		}
	}
	a := w.article(w.ann, "price", "price", []any{decimal("1234567890.12"), "EUR"})
	price := w.row(w.ann, "Article", a)["price"].([]any)
	if price[0].(kit.Decimal).String() != "1234567890.12" || price[1] != "EUR" {
		w.Errorf("price is %v", price)
	}
	// Every scalar can be ordered and paged by.
	w.create(w.ann, false, "Note", pairs...)
	for k := range given {
		if k == "data" || k == "raw" {
			continue
		}
		s := w.sel("Note", "text")
		s.Order, s.First = []query.Order{{Path: []string{k}}}, 1
		first := w.list(w.ann, s)
		s.After = first.Cursor(0)
		if next := w.list(w.ann, s); len(next.Rows) != 1 || next.Rows[0].ID == first.Rows[0].ID {
			w.Errorf("order by %s: the second page is wrong", k)
		}
	}
}

func testValidation(w *world) {
	book := w.create(w.ann, false, "Notebook")
	for _, test := range []struct {
		entity string
		pairs  []any
		want   string
	}{
		{"User", []any{"email", "no", "name", strings.Repeat("ü", 21), "role", "KING"}, "INVALID email:WRONG_FORMAT name:TOO_LONG role:WRONG_FORMAT"},
		{"User", []any{"email", "Ann <a@example.com>", "name", ""}, "INVALID email:WRONG_FORMAT name:TOO_SHORT"},
		{"User", []any{}, "INVALID email:REQUIRED name:REQUIRED"},
		{"User", []any{"email", nil, "name", 3, "active", "yes", "version", 3}, "INVALID email:REQUIRED name:WRONG_TYPE active:WRONG_TYPE version:READ_ONLY"},
		{"User", []any{"email", "x@example.com", "name", "x", "boss", kit.NewID(), "articles", []any{}}, "INVALID articles:READ_ONLY boss:NOT_FOUND"},
		{"Article", []any{"title", "x", "rating", 6, "slug", "NO", "price", []any{decimal("1.234"), "eur"}}, "INVALID rating:TOO_LARGE slug:WRONG_FORMAT price.amount:WRONG_FORMAT price.currency:WRONG_FORMAT"},
		{"Article", []any{"title", "x", "price", []any{decimal("12345678901.2"), nil}}, "INVALID price.amount:TOO_LARGE price.currency:REQUIRED"},
		{"Article", []any{"title", "x", "price", []any{decimal("1e9999"), "EUR"}}, "INVALID price.amount:TOO_LARGE"},
		{"Article", []any{"title", "a\x00b", "rating", 1 << 40, "tags", []any{"none", nil, 3}, "price", "x"}, "INVALID title:WRONG_FORMAT rating:TOO_LARGE tags.1:REQUIRED tags.2:WRONG_TYPE price:WRONG_TYPE tags.0:NOT_FOUND"},
		{"Article", []any{"title", "x", "tags", []any{"a", "b", "c", "d"}}, "INVALID tags:TOO_LONG"},
		{
			"Note",
			[]any{"notebook", book, "text", "x", "data", json.RawMessage(`{`), "link", "ftp://x", "zone", "Mars/Base", "country", "Austria", "ref", "x"},
			"INVALID data:WRONG_FORMAT link:WRONG_FORMAT zone:WRONG_FORMAT country:WRONG_FORMAT ref:WRONG_FORMAT",
		},
		{"Note", []any{"notebook", "", "text", "x"}, "INVALID notebook:WRONG_TYPE"},
	} {
		v := w.ann
		if test.entity == "User" {
			v = w.root
		}
		_, err := w.tryCreate(v, false, test.entity, test.pairs...)
		w.want(err, test.want)
	}
}

func testDefaults(w *world) {
	id := w.create(w.ann, false, "Article", "title", "Äpfel & Birnen!", "slug", "x")
	row := w.row(w.ann, "Article", id)
	if row["status"] != "DRAFT" || row["author"] != w.ann.ID || row["kind"] != "essay" {
		w.Errorf("row is %v", row)
	}
	w.create(w.ann, false, "Article", "title", "One, two")
	other := w.create(w.ann, false, "Article", "title", "one TWO")
	slug := w.row(w.ann, "Article", other)["slug"].(string)
	if !strings.HasPrefix(slug, "one-two-") || len(slug) != len("one-two-")+7 {
		w.Errorf("slug is %q", slug)
	}
}

// What has the form of an id is read as one, so no row has it as its key: whoever makes one up takes another, and who gives one is told.
func testKeysLikeIDs(w *world) {
	like := strings.ToUpper(string(kit.NewID()))
	slugOf := func(id kit.ID) string { return w.row(w.ann, "Article", id)["slug"].(string) }
	id := w.create(w.ann, false, "Article", "title", like)
	slug := slugOf(id)
	if !strings.HasPrefix(slug, strings.ToLower(like)+"-") {
		w.Errorf("slug is %q", slug)
	}
	must(w.update(w.ann, "Article", slug, 0, "rating", 1))
	for _, given := range []string{strings.ToLower(like), string(id)} {
		for _, system := range []bool{false, true} {
			_, err := w.tryCreate(w.ann, system, "Article", "title", "x", "author", w.ann.ID, "slug", given)
			w.want(err, "INVALID slug:WRONG_FORMAT")
		}
		w.want(w.update(w.ann, "Article", id, 0, "title", "y", "slug", given), "INVALID slug:WRONG_FORMAT")
	}
	_, err := w.tryCreate(w.ann, true, "Tag", "name", like)
	w.want(err, "INVALID name:WRONG_FORMAT")
	if got := slugOf(id); got != slug {
		w.Errorf("slug is now %q", got)
	}
}

// A slug that is too long for its field, with the suffix that it may need, is cut between characters.
func TestLongSlugs(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			b := backend()
			for _, e := range b.Entities {
				if e.Name == "Tag" {
					e.Fields = append(e.Fields, &meta.Field{Name: "slug", Kind: meta.String, Column: "slug", MaxLength: 13, Default: meta.Call("slug", meta.This("name"))})
				}
			}
			w := newWorldOf(t, d.open(t), b)
			for name, want := range map[string]string{"äöüäöüäöü": "äöüäö", "a日本語の題です": "a日本語の", "abcd-efghijk": "abcd", "Äöü": "äöü"} {
				if got := w.row(w.ann, "Tag", w.create(w.ann, false, "Tag", "name", name))["slug"]; got != want {
					w.Errorf("slug of %q is %q, want %q", name, got, want)
				}
			}
		})
	}
}

// Nor has one that a default takes from another field.
func TestDefaultKeysAddressTheirRows(t *testing.T) {
	for _, d := range databases(t) {
		t.Run(d.name, func(t *testing.T) {
			b := backend()
			for _, e := range b.Entities {
				if e.Name == "Article" {
					e.Fields[slices.IndexFunc(e.Fields, func(f *meta.Field) bool { return f.Name == "slug" })].Default = meta.This("title")
				}
			}
			w := newWorldOf(t, d.open(t), b)
			w.create(w.ann, false, "Article", "title", "plain")
			for _, title := range []string{".", "..", string(kit.NewID())} {
				_, err := w.tryCreate(w.ann, false, "Article", "title", title)
				w.want(err, "INVALID slug:WRONG_FORMAT")
			}
		})
	}
}

func testCreateRules(w *world) {
	_, err := w.tryCreate(w.ann, false, "Article", "title", "forged", "author", w.bob.ID)
	w.want(err, "FORBIDDEN")
	if l := w.list(w.bob, w.sel("Article", "slug")); len(l.Rows) != 0 {
		w.Error("a forbidden row stays")
	}
	_, err = w.tryCreate(w.root, false, "User", "name", "eve", "email", "eve@example.com", "role", "ADMIN")
	w.want(err, "ok")
	draft := w.create(w.ann, false, "Article", "title", "draft")
	_, err = w.tryCreate(w.bob, false, "Comment", "article", draft, "body", "x")
	w.want(err, "INVALID article:NOT_FOUND")
	_, err = w.tryCreate(w.bob, false, "Comment", "article", "draft", "body", "x")
	w.want(err, "INVALID article:NOT_FOUND")
	w.create(w.ann, false, "Comment", "article", "draft", "body", "by key")
}

func testUpdateRules(w *world) {
	id := w.article(w.ann, "mine")
	w.want(w.update(w.bob, "Article", id, 0, "title", "stolen"), "FORBIDDEN")
	w.want(w.update(w.ann, "Article", id, 0, "author", w.bob.ID), "FORBIDDEN")
	w.want(w.update(w.ann, "Article", "mine", 0, "title", "renamed"), "ok")
	w.want(w.update(w.ann, "Article", id, 0, "kind", "poem"), "INVALID kind:READ_ONLY")
	w.want(w.update(w.ann, "Article", id, 0), "ok")
	draft := w.create(w.ann, false, "Article", "title", "draft")
	w.want(w.update(w.bob, "Article", draft, 0, "title", "x"), "NOT_FOUND")
	w.want(w.update(w.bob, "Article", kit.NewID(), 0, "title", "x"), "NOT_FOUND")
	w.want(w.update(w.ann, "User", w.ann.ID, 0, "role", "ADMIN"), "FORBIDDEN role:FORBIDDEN")
	w.want(w.update(w.root, "User", w.ann.ID, 0, "role", "ADMIN"), "ok")
	// Editing ends an hour after writing.
	comment := w.create(w.bob, false, "Comment", "article", id, "body", "x")
	w.want(w.update(w.bob, "Comment", comment, 0, "body", "y"), "ok")
	w.clock.now = w.clock.now.Add(2 * time.Hour)
	w.want(w.update(w.bob, "Comment", comment, 0, "body", "z"), "FORBIDDEN")
	// A rule that names the old row is asked once: a notebook can be locked, not unlocked.
	book := w.create(w.ann, false, "Notebook")
	w.want(w.update(w.ann, "Notebook", book, 0, "locked", true), "ok")
	w.want(w.update(w.ann, "Notebook", book, 0, "locked", false), "FORBIDDEN")
	w.want(w.update(w.bob, "Notebook", book, 0, "locked", false), "NOT_FOUND")
}

func testIncrements(w *world) {
	id := w.article(w.ann, "one", "rating", int64(3), "earnings", decimal("1.25"))
	w.want(w.update(w.ann, "Article", id, 1, "rating", query.Increment{By: int64(2)}, "earnings", query.Increment{By: decimal("-0.50")}), "ok")
	row := w.row(w.ann, "Article", id)
	if row["rating"] != int64(5) || fmt.Sprint(row["earnings"]) != "0.75" || row["version"] != int64(2) {
		w.Errorf("after the additions: %v", row)
	}
	w.want(w.update(w.ann, "Article", id, 0, "rating", query.Increment{By: int64(1)}), "INVALID rating:TOO_LARGE")
	w.want(w.update(w.ann, "Article", id, 0, "rating", query.Increment{By: int64(-5)}), "INVALID rating:TOO_SMALL")
	w.want(w.update(w.ann, "Article", id, 0, "title", query.Increment{By: int64(1)}), "INVALID title:WRONG_TYPE")
	_, err := w.tryCreate(w.ann, false, "Article", "title", "two", "rating", query.Increment{By: int64(1)})
	w.want(err, "INVALID rating:WRONG_TYPE")
	if row := w.row(w.ann, "Article", id); row["rating"] != int64(5) {
		w.Errorf("a refused addition left %v", row["rating"])
	}
	// What comes out must fit its field, on both databases, with a @range and without one.
	comment := w.create(w.ann, false, "Comment", "article", id, "body", "x", "replies", math.MaxInt32-1)
	w.want(w.update(w.ann, "Comment", comment, 0, "replies", query.Increment{By: int64(2)}), "INVALID replies:TOO_LARGE")
	w.want(w.update(w.ann, "Comment", comment, 0, "replies", query.Increment{By: int64(math.MaxInt64)}), "INVALID replies:TOO_LARGE")
	w.want(w.update(w.ann, "Comment", comment, 0, "replies", query.Increment{By: "1"}), "INVALID replies:WRONG_TYPE")
	w.want(w.update(w.ann, "Comment", comment, 0, "replies", query.Increment{By: int64(1)}), "ok")
	if row := w.row(w.ann, "Comment", comment); row["replies"] != int64(math.MaxInt32) {
		w.Errorf("the last number of replies is %v", row["replies"])
	}
	entry := w.create(w.ann, false, "Entry", "name", "x", "big", int64(math.MinInt64+1), "share", math.MaxFloat64, "exact", decimal("99999999999999.9999"))
	w.want(w.update(w.ann, "Entry", entry, 0, "big", query.Increment{By: int64(-2)}), "INVALID big:TOO_LARGE")
	w.want(w.update(w.ann, "Entry", entry, 0, "share", query.Increment{By: math.MaxFloat64}), "INVALID share:TOO_LARGE")
	w.want(w.update(w.ann, "Entry", entry, 0, "exact", query.Increment{By: decimal("0.0001")}), "INVALID exact:TOO_LARGE")
	w.want(w.update(w.ann, "Entry", entry, 0, "exact", query.Increment{By: decimal("-0.00001")}), "INVALID exact:WRONG_FORMAT")
	w.want(w.update(w.ann, "Entry", entry, 0, "big", query.Increment{By: int64(-1)}), "ok")
	w.want(w.update(w.ann, "Entry", entry, 0, "big", nil), "ok")
	w.want(w.update(w.ann, "Entry", entry, 0, "big", query.Increment{By: int64(1)}), "ok")
	if row := w.row(w.ann, "Entry", entry); row["big"] != nil {
		w.Errorf("null and one are %v", row["big"])
	}
}

// Business code that goes on after a refusal commits nothing of it: all of its transaction is undone, unless it asked in a savepoint.
func testSpoiled(w *world) {
	mine, comments := w.article(w.ann, "mine"), w.stored("comments")
	article := w.entity("Article")
	title := func() string { return fmt.Sprint(w.row(w.root, "Article", mine)["title"]) }
	write := func(do func(ctx context.Context, tx *query.Tx)) error {
		return w.engine.Write(w.Context(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
			if _, err := tx.Update(ctx, article, string(mine), 0, w.changes(article, "title", "before")); err != nil {
				return err
			}
			do(ctx, tx)
			_, err := tx.Update(ctx, article, string(mine), 0, w.changes(article, "title", "behind"))
			return err
		})
	}
	give := func(ctx context.Context, tx *query.Tx) error { // the rules are asked once more after it
		_, err := tx.Update(ctx, article, string(mine), 0, w.changes(article, "author", string(w.bob.ID)))
		return err
	}
	forge := func(ctx context.Context, tx *query.Tx) error {
		_, err := tx.Create(ctx, w.entity("Comment"), w.changes(w.entity("Comment"), "article", string(mine), "body", "forged", "author", string(w.bob.ID)))
		return err
	}
	for what, refused := range map[string]func(context.Context, *query.Tx) error{"give": give, "forge": forge} {
		err := write(func(ctx context.Context, tx *query.Tx) { w.want(refused(ctx, tx), "FORBIDDEN") })
		if w.want(err, "FORBIDDEN"); title() != "mine" {
			w.Errorf("%s: the title is %s", what, title())
		}
		must(write(func(ctx context.Context, tx *query.Tx) {
			w.want(tx.Conn().Savepoint(ctx, func() error { return refused(ctx, tx) }), "FORBIDDEN")
		}))
		if title() != "behind" {
			w.Errorf("%s in a savepoint: the title is %s", what, title())
		}
		must(w.update(w.ann, "Article", mine, 0, "title", "mine"))
	}
	if n := w.stored("comments"); n != comments {
		w.Errorf("%d comments, were %d", n, comments)
	}
	// What is refused before anything changes leaves nothing to undo.
	must(write(func(ctx context.Context, tx *query.Tx) {
		w.want(tx.Delete(ctx, article, string(kit.NewID()), 0), "NOT_FOUND")
		_, err := tx.Update(ctx, article, string(mine), 99, w.changes(article, "title", "stale"))
		w.want(err, "STALE")
	}))
	if title() != "behind" {
		w.Errorf("after what changed nothing the title is %s", title())
	}
}

// Business code that fails because of a refusal that it swallowed is answered with the refusal, which is the cause; a problem of its own
// words stands.
func testSpoiledAndFailed(w *world) {
	tag := w.entity("Tag")
	twice := func(fail error) error {
		return w.engine.Write(w.Context(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
			for range 2 {
				if _, err := tx.System().Create(ctx, tag, w.changes(tag, "name", "twice")); err != nil {
					return fail
				}
			}
			return nil
		})
	}
	w.want(twice(errors.New("current transaction is aborted")), "CONFLICT name:TAKEN")
	w.want(twice(kit.Forbidden("to do it twice")), "FORBIDDEN")
}

// A transaction that outlives its operation, in a goroutine or a variable, would run on a connection that is somebody else's by then.
func testOver(w *world) {
	tag, before := w.entity("Tag"), w.stored("tags")
	for what, run := range map[string]func(context.Context, kit.Viewer, func(context.Context, *query.Tx) error) error{"read": w.engine.Read, "write": w.engine.Write} {
		var kept *query.Tx
		must(run(w.Context(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
			kept = tx
			_, err := tx.List(ctx, w.sel("Tag", "name"))
			return err
		}))
		for how, use := range map[string]func(tx *query.Tx) error{
			"list": func(tx *query.Tx) error { _, err := tx.List(w.Context(), w.sel("Tag", "name")); return err },
			"create": func(tx *query.Tx) error {
				_, err := tx.System().Create(w.Context(), tag, w.changes(tag, "name", "late"))
				return err
			},
			"exec":      func(tx *query.Tx) error { _, err := tx.Conn().Exec(w.Context(), "DELETE FROM tags"); return err },
			"savepoint": func(tx *query.Tx) error { return tx.Conn().Savepoint(w.Context(), func() error { return nil }) },
			"together": func(tx *query.Tx) error {
				return sqldb.Together(w.Context(), tx.Conn(), []func(sqldb.Conn){func(sqldb.Conn) {}, func(sqldb.Conn) {}})
			},
			"last": func(tx *query.Tx) error { return sqldb.Last(tx.Conn(), func(sqldb.Conn) error { return nil }) },
			"whole": func(tx *query.Tx) error {
				_, err := sqldb.WriteWhole(w.Context(), tx.Conn(), func(sqldb.Conn) {}, func(sqldb.Conn) {})
				return err
			},
		} {
			if err := use(kept); err == nil || !strings.Contains(err.Error(), "is over") {
				w.Errorf("%s by a %s that is over: %v", how, what, err)
			}
		}
	}
	if n := w.stored("tags"); n != before {
		w.Errorf("%d tags, were %d", n, before)
	}
}

func testVersions(w *world) {
	id := w.article(w.ann, "one")
	w.clock.now = w.clock.now.Add(time.Minute)
	w.want(w.update(w.ann, "Article", id, 1, "title", "two"), "ok")
	w.want(w.update(w.ann, "Article", id, 1, "title", "three"), "STALE")
	w.want(w.update(w.ann, "Article", id, 2, "title", "three"), "ok")
	row := w.row(w.ann, "Article", id)
	if row["version"] != int64(3) || !row["updatedAt"].(time.Time).Equal(w.clock.now) || row["createdAt"].(time.Time).Equal(w.clock.now) {
		w.Errorf("row is %v", row)
	}
	w.want(w.delete(w.ann, "Article", id, 2), "STALE")
	w.want(w.delete(w.ann, "Article", id, 3), "ok")
	// Writers that race for one version: one wins.
	id = w.article(w.ann, "race")
	var wg sync.WaitGroup
	results := make([]string, 8)
	changes := w.changes(w.entity("Article"), "title", "raced")
	for i := range results {
		wg.Go(func() {
			results[i] = describe(w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
				_, err := tx.Update(ctx, w.entity("Article"), string(id), 1, changes)
				return err
			}))
		})
	}
	wg.Wait()
	if text := fmt.Sprint(results); strings.Count(text, "ok") != 1 || strings.Count(text, "STALE") != 7 {
		w.Errorf("race: %s", text)
	}
}

func testDelete(w *world) {
	id := w.article(w.ann, "one")
	comment := w.create(w.bob, false, "Comment", "article", id, "body", "x")
	w.want(w.delete(w.bob, "Article", id, 0), "FORBIDDEN")
	w.want(w.delete(w.ann, "Article", id, 0), "CONFLICT")
	w.want(w.delete(w.ann, "Comment", comment, 0), "ok")
	w.want(w.delete(w.ann, "Article", id, 0), "ok")
	w.want(w.delete(w.ann, "Article", id, 0), "NOT_FOUND")
	draft := w.create(w.ann, false, "Article", "title", "draft")
	w.want(w.delete(w.bob, "Article", draft, 0), "NOT_FOUND")
	book := w.create(w.ann, false, "Notebook")
	note := w.create(w.ann, false, "Note", "notebook", book, "text", "x")
	w.want(w.delete(w.ann, "Note", note, 0), "FORBIDDEN")
}

func testUnique(w *world) {
	w.article(w.ann, "one", "slug", "same")
	_, err := w.tryCreate(w.bob, false, "Article", "title", "two", "slug", "same")
	w.want(err, "CONFLICT slug:TAKEN")
	_, err = w.tryCreate(w.root, false, "User", "name", "ANN", "email", "other@example.com")
	w.want(err, "CONFLICT name:TAKEN")
	w.want(w.update(w.bob, "User", w.bob.ID, 0, "email", "ann@example.com"), "CONFLICT email:TAKEN")
}

// Whoever may not make a row hears the same of one that is taken as of one that is free.
func testHiddenUnique(w *world) {
	w.article(w.ann, "hidden", "slug", "taken")
	for _, slug := range []string{"free", "taken"} {
		for _, more := range [][]any{nil, {"tags", []any{}}} {
			_, err := w.tryCreate(w.bob, false, "Article", append([]any{"title", "x", "slug", slug, "author", w.ann.ID}, more...)...)
			w.want(err, "FORBIDDEN")
		}
	}
	for _, name := range []string{"free", "ann"} {
		_, err := w.tryCreate(w.bob, false, "User", "name", name, "email", "other@example.com")
		w.want(err, "FORBIDDEN")
		_, err = w.tryCreate(w.root, false, "User", "name", name+"1", "email", "ann@example.com")
		w.want(err, "CONFLICT email:TAKEN")
	}
	_, err := w.tryCreate(w.ann, false, "Article", "title", "x", "slug", "taken", "tags", []any{})
	w.want(err, "CONFLICT slug:TAKEN")
}

func testChecks(w *world) {
	_, err := w.tryCreate(w.ann, false, "Article", "title", "x", "price", []any{decimal("-1"), "EUR"})
	w.want(err, "INVALID price:NEGATIVE_PRICE")
	must(w.update(w.bob, "User", w.bob.ID, 0, "active", false))
	_, err = w.tryCreate(w.ann, true, "Article", "title", "x", "author", w.ann.ID, "editor", w.bob.ID)
	w.want(err, "INVALID editor:EDITOR_GONE")
	id := w.article(w.ann, "x", "rating", 3)
	w.want(w.update(w.ann, "Article", id, 0, "rating", 4), "ok")
	w.want(w.update(w.ann, "Article", id, 0, "rating", 2), "INVALID rating:RATING_FELL")
}

func testBounds(w *world) {
	book := w.create(w.ann, false, "Notebook")
	for range 3 {
		w.create(w.ann, false, "Note", "notebook", book, "text", "x")
	}
	_, err := w.tryCreate(w.ann, false, "Note", "notebook", book, "text", "x")
	w.want(err, "INVALID notebook:TOO_LONG")
	other := w.create(w.ann, false, "Notebook")
	note := w.create(w.ann, false, "Note", "notebook", other, "text", "x")
	w.want(w.update(w.ann, "Note", note, 0, "notebook", book), "INVALID notebook:TOO_LONG")
	w.want(w.update(w.ann, "Note", note, 0, "text", "y"), "ok")
	w.wantRows(w.ann, w.sel("Notebook", nest{"notes", w.sel("Note", "text")}), "[[[[y]]] [[[x] [x] [x]]]]")
}

func testLists(w *world) {
	for _, name := range []string{"a", "b", "c", "d"} {
		w.create(w.ann, false, "Tag", "name", name)
	}
	id := w.article(w.ann, "x", "tags", []any{"a", "b", "a"})
	s := w.sel("Article", nest{"tags", w.sel("Tag", "name")})
	w.wantRows(w.bob, s, "[[[[a] [b]]]]")
	must(w.update(w.ann, "Article", id, 0, "tags", []any{"b", "c", "d"}))
	w.wantRows(w.bob, s, "[[[[b] [c] [d]]]]")
	must(w.update(w.ann, "Article", id, 0, "tags", []any{}))
	w.wantRows(w.bob, s, "[[[]]]")
	if v := w.row(w.ann, "Article", id)["version"]; v != int64(3) {
		w.Errorf("version is %v, want 3", v)
	}
	must(w.update(w.ann, "User", w.ann.ID, 0, "likes", []any{string(id)}))
	w.wantRows(w.bob, w.sel("Article", nest{"fans", w.sel("User", "name")}), "[[[[ann]]]]")
	w.wantRows(w.bob, w.sel("Tag", "name", nest{"articles", nil}), "[[a []] [b []] [c []] [d []]]")
}

func testSystem(w *world) {
	draft := w.create(w.ann, false, "Article", "title", "draft", "earnings", decimal("7"))
	must(w.engine.Write(context.Background(), w.bob, func(ctx context.Context, tx *query.Tx) error {
		article := w.entity("Article")
		if _, err := tx.Get(ctx, query.Full(article), string(draft)); describe(err) != "NOT_FOUND" {
			w.Errorf("the viewer sees the draft: %v", err)
		}
		l, err := tx.System().List(ctx, w.sel("Article", "earnings"))
		if err != nil || rowsText(l.Rows) != "[[7]]" {
			w.Errorf("the system sees %v: %v", l, err)
		}
		_, err = tx.System().Update(ctx, article, string(draft), 0, w.changes(article, "rating", 9))
		w.want(err, "INVALID rating:TOO_LARGE")
		_, err = tx.System().Update(ctx, article, string(draft), 0, w.changes(article, "status", "PUBLISHED"))
		w.want(err, "ok")
		if l, err := tx.List(ctx, w.sel("Article", "earnings")); err != nil || rowsText(l.Rows) != "[[<nil>]]" {
			w.Errorf("the viewer sees %v: %v", l, err)
		}
		return nil
	}))
	failure := errors.New("undo")
	err := w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		if err := tx.Delete(ctx, w.entity("Article"), string(draft), 0); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		w.Errorf("error is %v", err)
	}
	if _, err := w.get(w.ann, w.sel("Article"), draft); err != nil {
		w.Errorf("the deletion was not rolled back: %v", err)
	}
}

func (w *world) call(v kit.Viewer, operation string, args ...any) error {
	w.called = nil
	for _, o := range w.engine.Backend().Operations {
		if o.Name == operation {
			return w.engine.Write(context.Background(), w.in(v), func(ctx context.Context, tx *query.Tx) error {
				_, err := tx.Call(ctx, o, args)
				return err
			})
		}
	}
	return fmt.Errorf("no operation %s", operation)
}

// A loop of statements fails where a budget is set.
func testBudget(w *world) {
	engine, err := query.New(backend(), w.engine.DB(), query.Options{Budget: 3})
	must(err)
	run := func(times int) error {
		return engine.Read(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
			for range times {
				if _, err := tx.List(ctx, query.Full(engine.Backend().Entity("Tag"))); err != nil {
					return err
				}
			}
			return nil
		})
	}
	w.want(run(3), "ok")
	const beyond = "statement 4 of a transaction that may run 3: SELECT"
	if err := run(4); err == nil || !strings.Contains(err.Error(), beyond) {
		w.Errorf("got %v", err)
	}
	swallowed := engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
		for range 6 {
			_ = tx.Conn().Savepoint(ctx, func() error {
				_, err := tx.List(ctx, query.Full(engine.Backend().Entity("Tag")))
				return err
			})
		}
		return nil
	})
	if swallowed == nil || !strings.Contains(swallowed.Error(), beyond) {
		w.Errorf("of a loop that goes on got %v", swallowed)
	}
}

// SQL of business code that fails spoils its transaction on all databases alike: nothing stays, though the code goes on.
func testSpoiledByHand(w *world) {
	tag := w.entity("Tag")
	tags := w.stored("tags")
	write := func(name string, do func(ctx context.Context, tx *query.Tx)) error {
		return w.engine.Write(w.Context(), w.in(w.ann), func(ctx context.Context, tx *query.Tx) error {
			if _, err := tx.System().Create(ctx, tag, w.changes(tag, "name", name)); err != nil {
				return err
			}
			do(ctx, tx)
			return nil
		})
	}
	for how, fails := range map[string]func(ctx context.Context, tx *query.Tx) error{
		"exec": func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.Conn().Exec(ctx, "INSERT INTO nowhere VALUES (1)")
			return err
		},
		"query": func(ctx context.Context, tx *query.Tx) error {
			rows, err := tx.Conn().Query(ctx, "SELECT id FROM nowhere")
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		},
	} {
		err := write("by hand", func(ctx context.Context, tx *query.Tx) {
			if err := fails(ctx, tx); err == nil {
				w.Errorf("%s: it did not fail", how)
			}
		})
		if err == nil || !strings.Contains(err.Error(), "nowhere") {
			w.Errorf("%s: got %v", how, err)
		}
		if n := w.stored("tags"); n != tags {
			w.Errorf("%s: %d tags, were %d", how, n, tags)
		}
		must(write(how, func(ctx context.Context, tx *query.Tx) {
			if err := tx.Conn().Savepoint(ctx, func() error { return fails(ctx, tx) }); err == nil {
				w.Errorf("%s in a savepoint: it did not fail", how)
			}
		}))
		tags++
	}
}

func testOperations(w *world) {
	draft := w.create(w.ann, false, "Article", "title", "draft")
	public := w.article(w.ann, "public")
	w.want(w.call(kit.Viewer{}, "ping"), "ok")
	w.want(w.call(w.root, "hidden"), "FORBIDDEN")
	w.want(w.call(w.ann, "publish", string(draft)), "ok")
	if row := w.called[0].(*query.Row); row.ID != draft || len(row.Values) != len(w.entity("Article").Columns()) {
		w.Errorf("called with %v", w.called)
	}
	w.want(w.call(w.ann, "publish", "draft"), "ok")
	w.want(w.call(w.ann, "publish"), "INVALID article:REQUIRED")
	w.want(w.call(w.ann, "publish", 3), "INVALID article:WRONG_TYPE")
	w.want(w.call(w.bob, "publish", string(draft)), "NOT_FOUND article:NOT_FOUND")
	w.want(w.call(w.bob, "publish", "draft"), "NOT_FOUND article:NOT_FOUND")
	w.want(w.call(w.bob, "publish", string(public)), "FORBIDDEN")
	w.want(w.call(w.ann, "publish", string(public)), "FORBIDDEN")
	w.want(w.call(kit.Viewer{}, "publish", string(public)), "UNAUTHENTICATED")
	w.want(w.call(w.bob, "review", []any{string(public), int64(3), []any{string(w.ann.ID), "bob"}}), "ok")
	input := w.called[0].([]any)
	if input[0].(*query.Row).ID != public || input[1] != int64(3) || len(input[2].([]*query.Row)) != 2 || input[2].([]*query.Row)[1].ID != w.bob.ID {
		w.Errorf("called with %v", w.called)
	}
	w.want(w.call(w.bob, "review", []any{string(public), int64(3), nil}), "ok")
	w.want(w.call(w.bob, "review", []any{string(public), int64(3), []any{"root"}}), "FORBIDDEN")
	w.want(w.call(w.ann, "review", []any{string(public), int64(3), nil}), "FORBIDDEN")
	w.want(w.call(kit.Viewer{}, "review", []any{"x", int64(9), nil}), "UNAUTHENTICATED")
	w.want(w.call(w.bob, "review", []any{nil, int64(9), []any{nil}}), "INVALID input.article:REQUIRED input.stars:TOO_LARGE input.cc.0:REQUIRED")
	w.want(w.call(w.bob, "review", []any{string(draft), int64(1), []any{"nobody"}}), "NOT_FOUND input.cc.0:NOT_FOUND")
}

func benchmarkFeed(b *testing.B, db sqldb.Database) {
	w := newWorld(b, db)
	for i := range 10 {
		w.create(w.ann, false, "Tag", "name", fmt.Sprint("t", i))
	}
	for i := range 200 {
		id := w.article(w.ann, fmt.Sprint("article ", i), "tags", []any{fmt.Sprint("t", i%10), fmt.Sprint("t", (i+1)%10)})
		for range 5 {
			w.create(w.bob, false, "Comment", "article", id, "body", "hello")
		}
	}
	author := nest{"author", w.sel("User", "name", "active")}
	s := w.sel("Article", "slug", "title", "summary", "createdAt", author, nest{"tags", w.sel("Tag", "name")},
		nest{"comments", w.sel("Comment", "body", author)})
	b.Run("one", func(b *testing.B) {
		one := w.sel("Article", "slug", "title", "summary", "createdAt", author, nest{"tags", w.sel("Tag", "name")})
		for b.Loop() {
			if _, err := w.get(w.bob, one, "article-7"); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("create", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			w.create(w.bob, false, "Comment", "article", "article-7", "body", "hello")
		}
	})
	b.Run("feed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			w.list(w.bob, s)
		}
	})
}
