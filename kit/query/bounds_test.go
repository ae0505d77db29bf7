package query_test

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/fettlehq/fettle/kit/meta"
)

// What a number of JSON comes to is bounded: PostgreSQL writes it out, and clients read it as a float of 64 bits.
func testJSONNumbers(w *world) {
	for data, want := range map[string]string{
		`1e300`:                    `1` + strings.Repeat("0", 300),
		`{"a": [-1.50E+1, "1e5"]}`: `{"a": [-15.0, "1e5"]}`,
		`25e-3`:                    `0.025`,
		`-0e0`:                     `0`,
	} {
		id, err := w.tryCreate(w.ann, false, "Note", "notebook", w.create(w.ann, false, "Notebook"), "text", "x", "data", json.RawMessage(data))
		w.want(err, "ok")
		if got := w.row(w.ann, "Note", id)["data"]; string(got.(json.RawMessage)) != want {
			w.Errorf("%s is kept as %s, want %s", data, got, want)
		}
	}
	for _, data := range []string{
		`1e999`, `-1e309`, `1e-200000`, `1e2147483647`, `0e99999999999999999999`, `{"a":1e131073}`, strings.Repeat("7", 10_000), `0.` + strings.Repeat("0", 20_000) + `1`,
		`[` + strings.Repeat("1e300,", 800) + `1]`,
	} {
		_, err := w.tryCreate(w.ann, false, "Note", "notebook", w.create(w.ann, false, "Notebook"), "text", "x", "data", json.RawMessage(data))
		w.want(err, "INVALID data:TOO_LARGE")
	}
}

// Lists within lists are looked through in another way where they are deep, and hold for the same rows.
func testDeepFilters(w *world) {
	for _, title := range []string{"one", "two", "three"} {
		article := w.article(w.ann, title)
		for range len(title) - 3 {
			w.create(w.bob, false, "Comment", "article", article, "body", title)
		}
		if title == "two" {
			w.create(w.bob, false, "Comment", "article", article, "body", "two")
			w.create(w.ann, false, "Comment", "article", article, "body", "other")
		}
	}
	inside := func(lists int, condition *meta.Expr) *meta.Expr {
		for i := lists; i > 0; i-- {
			list := meta.Var(fmt.Sprint("e", i-1), "article", "comments")
			if i == 1 {
				list = meta.This("comments")
			}
			condition = meta.Over(meta.OpExists, list, fmt.Sprint("e", i), condition)
		}
		return condition
	}
	for lists := 1; lists <= 4; lists++ {
		last := meta.Var(fmt.Sprint("e", lists), "body")
		for _, test := range []struct {
			where *meta.Expr
			want  string
		}{
			{inside(lists, meta.Eq(last, meta.Const("two"))), "two"},
			{meta.Not(inside(lists, meta.Eq(last, meta.Const("two")))), "three one"},
			{inside(lists, meta.Not(meta.Eq(last, meta.Const("two")))), "three two"},
			{inside(lists-1, meta.Not(meta.Over(meta.OpExists, meta.Var(fmt.Sprint("e", lists-1), "article", "comments"), "e", meta.Eq(meta.Var("e", "body"), meta.Const("three"))))), "two"},
		} {
			if lists == 1 && test.want == "two" && test.where.Op == meta.OpNot {
				continue // there is no list around it
			}
			s := w.sel("Article", "slug")
			s.Where = test.where
			var slugs []string
			for _, row := range w.list(w.ann, s).Rows {
				slugs = append(slugs, row.Values[0].(string))
			}
			if got := strings.Join(slugs, " "); got != test.want {
				w.Errorf("%d lists: %q, want %q", lists, got, test.want)
			}
		}
	}
}
