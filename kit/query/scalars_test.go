package query_test

import (
	"fmt"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
)

func testScalarLists(w *world) {
	ref := string(kit.NewID())
	given := map[string][]any{
		"labels": {"a", `"q", \ {x} 'y' NULL`, "", "ü\n\U0001F600"}, "roles": {"ADMIN", "MEMBER"}, "counts": {int64(3), int64(-4)},
		"bigs": {int64(-1 << 62), int64(1<<62 + 1)}, "weights": {0.1, -2.5e-9, 3.0}, "flags": {true, false}, "prices": {decimal("1.50"), decimal("-1234567.89")},
		"instants": {time.Date(2024, 2, 29, 1, 2, 3, 4000, time.UTC), time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)}, "days": {kit.Date{Year: 2024, Month: 2, Day: 29}},
		"clocks": {kit.TimeOfDay(13*time.Hour + 5*time.Microsecond), kit.TimeOfDay(0)}, "spans": {-90 * time.Minute, time.Microsecond},
		"refs": {ref}, "zones": {"Europe/Rome"},
	}
	var pairs []any
	for name, value := range given {
		pairs = append(pairs, name, value)
	}
	full := w.create(w.ann, false, "Bag", pairs...)
	row := w.row(w.ann, "Bag", full)
	for name, value := range given {
		if got, want := fmt.Sprintf("%#v", plainly(row[name])), fmt.Sprintf("%#v", plainly(value)); got != want {
			w.Errorf("%s is %s, want %s", name, got, want)
		}
	}
	none := w.create(w.bob, false, "Bag")
	if row := w.row(w.bob, "Bag", none); fmt.Sprint(row["labels"], row["counts"], row["roles"]) != "[new] [] <nil>" {
		w.Errorf("defaults are %v", row)
	}
	if row := w.row(w.bob, "Bag", full); row["prices"] != nil || row["bigs"] == nil {
		w.Errorf("a hidden list is %v", row["prices"])
	}
	empty := w.create(w.ann, false, "Bag", "labels", []any{}, "roles", []any{}, "counts", []any{int64(7)}, "prices", []any{decimal("3")})

	has := func(field string, v any) *meta.Expr {
		return meta.Over(meta.OpExists, meta.This(field), "x", meta.Eq(meta.Var("x"), meta.Const(v)))
	}
	some := func(field string, vs ...*meta.Expr) *meta.Expr {
		return meta.Over(meta.OpExists, meta.This(field), "x", meta.In(meta.Var("x"), vs...))
	}
	sized := func(field string, n int64) *meta.Expr {
		return meta.Eq(meta.Call("size", meta.This(field)), meta.Const(n))
	}
	for _, test := range []struct {
		viewer kit.Viewer
		where  *meta.Expr
		want   []kit.ID
	}{
		{w.ann, has("labels", "a"), []kit.ID{full}},
		{w.ann, has("labels", "A"), nil},
		{w.ann, has("labels", ""), []kit.ID{full}},
		{w.ann, has("labels", `"q", \ {x} 'y' NULL`), []kit.ID{full}},
		{w.ann, some("labels", meta.Const("new"), meta.Const("a")), []kit.ID{full, none}},
		{w.ann, meta.Not(has("labels", "a")), []kit.ID{none, empty}},
		{w.ann, meta.Not(has("roles", "ADMIN")), []kit.ID{none, empty}},
		{w.ann, has("roles", "MEMBER"), []kit.ID{full}},
		{w.ann, has("counts", int64(-4)), []kit.ID{full}},
		{w.ann, has("bigs", int64(1<<62+1)), []kit.ID{full}},
		{w.ann, has("weights", 0.1), []kit.ID{full}},
		{w.ann, has("flags", false), []kit.ID{full}},
		{w.ann, has("prices", "1.5"), []kit.ID{full}},
		{w.ann, has("instants", "2024-02-29T01:02:03.000004Z"), []kit.ID{full}},
		{w.ann, has("days", "2024-02-29"), []kit.ID{full}},
		{w.ann, has("clocks", "00:00:00"), []kit.ID{full}},
		{w.ann, has("spans", int64(1)), []kit.ID{full}},
		{w.ann, has("refs", ref), []kit.ID{full}},
		{w.ann, sized("labels", 0), []kit.ID{empty}},
		{w.ann, sized("roles", 0), []kit.ID{none, empty}},
		{w.ann, meta.Eq(meta.This("roles"), meta.Null()), []kit.ID{none}},
		{w.ann, meta.Apply(meta.OpGt, meta.Over(meta.OpSum, meta.This("prices"), "p", meta.True(), meta.Var("p")), meta.Const(int64(2))), []kit.ID{empty}},
		{w.ann, meta.Over(meta.OpExists, meta.This("prices"), "p", meta.Apply(meta.OpGt, meta.Var("p"), meta.Const("2.99"))), []kit.ID{empty}},
		{w.bob, has("prices", "1.5"), nil},
		{w.bob, meta.Not(has("prices", "1.5")), []kit.ID{full, none, empty}},
		{w.bob, sized("prices", 0), []kit.ID{full, none, empty}},
		{w.ann, meta.Over(meta.OpExists, meta.This("counts"), "c", meta.Apply(meta.OpLt, meta.Var("c"), meta.Const(int64(0)))), []kit.ID{full}},
		{w.ann, meta.Eq(meta.This("first"), meta.Const("new")), []kit.ID{none}},
		{w.ann, meta.Eq(meta.This("long"), meta.Const(int64(1))), []kit.ID{full}},
	} {
		s := &query.Select{Entity: w.entity("Bag"), Where: test.where, Order: []query.Order{{Path: []string{"createdAt"}}}}
		var got []kit.ID
		for _, row := range w.list(test.viewer, s).Rows {
			got = append(got, row.ID)
		}
		if fmt.Sprint(got) != fmt.Sprint(test.want) {
			w.Errorf("%+v: %v, want %v", test.where, got, test.want)
		}
	}

	for _, test := range []struct {
		pairs []any
		want  string
	}{
		{[]any{"labels", []any{"a", "b", "c", "d", "e"}}, "INVALID labels:TOO_LONG"},
		{[]any{"labels", []any{"a", nil, 3, "b!"}}, "INVALID labels.1:REQUIRED labels.2:WRONG_TYPE labels.3:WRONG_FORMAT"},
		{[]any{"labels", "a"}, "INVALID labels:WRONG_TYPE"},
		{[]any{"roles", []any{"KING"}, "counts", []any{int64(101), int64(1 << 40)}, "zones", []any{"Mars"}}, "INVALID roles.0:WRONG_FORMAT counts.0:TOO_LARGE counts.1:TOO_LARGE zones.0:WRONG_FORMAT"},
		{[]any{"prices", []any{decimal("1.234")}}, "INVALID prices.0:WRONG_FORMAT"},
		{[]any{"labels", []any{"root"}}, "FORBIDDEN"},
		{[]any{"counts", []any{int64(1), int64(1)}}, "INVALID counts:TWICE"},
	} {
		_, err := w.tryCreate(w.ann, false, "Bag", test.pairs...)
		w.want(err, test.want)
	}
	w.want(w.update(w.ann, "Bag", full, 0, "labels", []any{"b"}), "FORBIDDEN")
	open := w.create(w.ann, false, "Bag", "labels", []any{"open", "x"}, "roles", []any{"ADMIN"})
	w.want(w.update(w.ann, "Bag", open, 0, "labels", []any{"open", "y"}, "roles", nil), "ok")
	if row := w.row(w.ann, "Bag", open); fmt.Sprint(row["labels"], row["roles"]) != "[open y] <nil>" {
		w.Errorf("changed to %v", row)
	}

	tagged := func(words ...any) ([]kit.ID, error) {
		list, _, err := w.tryList(w.ann, &query.Select{
			Entity: w.entity("Bag"), Query: w.operation("tagged"), Args: []any{words}, Order: []query.Order{{Path: []string{"createdAt"}}},
		})
		if err != nil {
			return nil, err
		}
		var ids []kit.ID
		for _, row := range list.Rows {
			ids = append(ids, row.ID)
		}
		return ids, nil
	}
	for _, test := range []struct {
		words []any
		want  string
	}{
		{[]any{"a", "open"}, fmt.Sprint([]kit.ID{full, open}, "ok")},
		{[]any{}, fmt.Sprint([]kit.ID(nil), "ok")},
		{[]any{"a", "secret"}, fmt.Sprint([]kit.ID(nil), "FORBIDDEN")},
	} {
		ids, err := tagged(test.words...)
		if got := fmt.Sprint(ids, describe(err)); got != test.want {
			w.Errorf("tagged %v: %s, want %s", test.words, got, test.want)
		}
	}
}

// plainly is the elements of a list in a form that compares.
func plainly(list any) (texts []string) {
	items, _ := list.([]any)
	for _, item := range items {
		texts = append(texts, fmt.Sprintf("%T %v", item, item))
	}
	return texts
}
