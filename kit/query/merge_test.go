package query_test

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"sync"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/query"
)

func merge(patch string) query.Merge { return query.Merge{Patch: json.RawMessage(patch)} }

func testMerges(w *world) {
	book := w.create(w.ann, false, "Notebook")
	note := w.create(w.ann, false, "Note", "notebook", book, "text", "x", "data", json.RawMessage(`{"a":1,"x":{"y":1,"z":2}}`))
	data := func() any {
		row, err := w.get(w.ann, w.sel("Note", "data"), note)
		must(err)
		var tree any
		if raw, ok := row.Values[0].(json.RawMessage); ok {
			must(json.Unmarshal(raw, &tree))
		}
		text, err := json.Marshal(tree)
		must(err)
		return string(text)
	}
	for _, step := range []struct{ patch, want string }{
		{`{"a":null,"x":{"y":null,"n":3}}`, `{"x":{"n":3,"z":2}}`},
		{`{}`, `{"x":{"n":3,"z":2}}`},
		{`{"x":[1],"e":{"f":{"g":null}}}`, `{"e":{"f":{}},"x":[1]}`},
		{`{"x":{"a":[null]}}`, `{"e":{"f":{}},"x":{"a":[null]}}`},
		{`[1]`, `[1]`},
		{`{"a":"b","c":null}`, `{"a":"b"}`},
	} {
		w.want(w.update(w.ann, "Note", note, 0, "data", merge(step.patch)), "ok")
		if got := data(); got != step.want {
			w.Errorf("after %s the field is %s, want %s", step.patch, got, step.want)
		}
	}
	w.want(w.update(w.ann, "Note", note, 0, "data", nil), "ok")
	w.want(w.update(w.ann, "Note", note, 0, "data", merge(`{"a":1,"b":null}`)), "ok")
	if got := data(); got != `{"a":1}` {
		w.Errorf("a patch of nothing made %s", got)
	}
	w.want(w.update(w.ann, "Note", note, 0, "data", merge(`{`)), "INVALID data:WRONG_FORMAT")
	w.want(w.update(w.ann, "Note", note, 0, "data", merge(`{"n":1e999}`)), "INVALID data:TOO_LARGE")
	w.want(w.update(w.ann, "Note", note, 0, "text", merge(`{}`)), "INVALID text:WRONG_TYPE")
	w.want(w.update(w.bob, "Note", note, 0, "data", merge(`{}`)), "NOT_FOUND")
	_, err := w.tryCreate(w.ann, false, "Note", "notebook", book, "text", "x", "data", merge(`{}`))
	w.want(err, "INVALID data:WRONG_TYPE")
	half := `{"%s":"` + strings.Repeat("x", 600_000) + `"}`
	w.want(w.update(w.ann, "Note", note, 0, "data", merge(fmt.Sprintf(half, "b"))), "ok")
	w.want(w.update(w.ann, "Note", note, 0, "data", merge(fmt.Sprintf(half, "c"))), "INVALID data:TOO_LONG")
	w.want(w.update(w.ann, "Note", note, 0, "data", merge(`{"b":null}`)), "ok")
	w.parts()
	w.racingMerges(note, data)
}

// parts are value objects of which some parts are given.
func (w *world) parts() {
	w.Helper()
	id := w.article(w.ann, "one", "price", []any{decimal("1.50"), "EUR"})
	price := func() string { return fmt.Sprint(w.row(w.ann, "Article", id)["price"]) }
	w.want(w.update(w.ann, "Article", id, 0, "price", query.Merge{Patch: []any{decimal("2"), query.Kept{}}}), "ok")
	if got := price(); got != "[2 EUR]" {
		w.Errorf("price is %s", got)
	}
	w.want(w.update(w.ann, "Article", id, 0, "price", query.Merge{Patch: []any{decimal("-2"), query.Kept{}}}), "INVALID price:NEGATIVE_PRICE")
	w.want(w.update(w.ann, "Article", id, 0, "price", query.Merge{Patch: []any{query.Kept{}, "eur"}}), "INVALID price.currency:WRONG_FORMAT")
	w.want(w.update(w.ann, "Article", id, 0, "price", query.Merge{Patch: []any{query.Kept{}, nil}}), "INVALID price.currency:REQUIRED")
	w.want(w.update(w.bob, "Article", id, 0, "price", query.Merge{Patch: []any{query.Kept{}, "USD"}}), "FORBIDDEN")
	w.want(w.update(w.ann, "Article", id, 0, "price", nil), "ok")
	w.want(w.update(w.ann, "Article", id, 0, "price", query.Merge{Patch: []any{decimal("2"), query.Kept{}}}), "INVALID price.currency:REQUIRED")
}

// racingMerges are of different members of one field, all of which stay, and of different parts of one value object.
func (w *world) racingMerges(note kit.ID, data func() any) {
	w.Helper()
	const writers = 6
	article := w.article(w.ann, "two", "price", []any{decimal("1.50"), "EUR"})
	write := func(entity string, id kit.ID, pairs ...any) {
		changes := w.changes(w.entity(entity), pairs...)
		must(w.engine.Write(context.Background(), w.ann, func(ctx context.Context, tx *query.Tx) error {
			_, err := tx.Update(ctx, w.entity(entity), string(id), 0, changes)
			return err
		}))
	}
	write("Note", note, "data", json.RawMessage(`{}`))
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() { write("Note", note, "data", merge(fmt.Sprintf(`{"k%d":%d}`, i, i))) })
	}
	wg.Go(func() { write("Article", article, "price", query.Merge{Patch: []any{decimal("9"), query.Kept{}}}) })
	wg.Go(func() { write("Article", article, "price", query.Merge{Patch: []any{query.Kept{}, "USD"}}) })
	wg.Wait()
	if got, want := data(), `{"k0":0,"k1":1,"k2":2,"k3":3,"k4":4,"k5":5}`; got != want {
		w.Errorf("of %d who merged at once there is %s", writers, got)
	}
	if got := fmt.Sprint(w.row(w.ann, "Article", article)["price"]); got != "[9 USD]" {
		w.Errorf("of two who changed parts at once there is %s", got)
	}
}

func testHistoryOfMerges(w *world) {
	book := w.create(w.ann, false, "Notebook")
	note := w.create(w.ann, false, "Note", "notebook", book, "text", "x", "data", json.RawMessage(`{"a":1}`))
	must(w.update(w.ann, "Note", note, 0, "data", merge(`{"b":{"c":2}}`)))
	must(w.update(w.ann, "Note", note, 0, "text", "y", "data", merge(`{"a":1}`)))
	text, err := w.history(w.ann, "Note", note)
	must(err)
	want := "3 ann UPDATE {\"text\":\"y\"}\n2 ann UPDATE {\"data\":{\"a\":1,\"b\":{\"c\":2}}}\n"
	if !strings.HasPrefix(text, want) {
		w.Errorf("history is\n%s\nwant\n%s", text, want)
	}
}
