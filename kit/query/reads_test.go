package query_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fettlehq/fettle/kit"
	"github.com/fettlehq/fettle/kit/meta"
	"github.com/fettlehq/fettle/kit/query"
	"github.com/fettlehq/fettle/kit/sqldb"
)

func (w *world) wantRows(v kit.Viewer, s *query.Select, want string) {
	w.Helper()
	if got := rowsText(w.list(v, s).Rows); got != want {
		w.Errorf("got  %s\nwant %s", got, want)
	}
}

func rowsText(rows []*query.Row) string {
	var all []any
	for _, r := range rows {
		all = append(all, rowText(r))
	}
	return fmt.Sprint(all)
}

func rowText(r *query.Row) any {
	if r == nil {
		return nil
	}
	values := make([]any, len(r.Values))
	for i, v := range r.Values {
		switch v := v.(type) {
		case *query.Row:
			values[i] = rowText(v)
		case *query.List:
			values[i] = rowsText(v.Rows)
		default:
			values[i] = v
		}
	}
	return values
}

var published = []any{"status", "PUBLISHED"}

// article makes a published article.
func (w *world) article(v kit.Viewer, title string, pairs ...any) kit.ID {
	w.Helper()
	return w.create(v, false, "Article", append(append([]any{"title", title}, published...), pairs...)...)
}

func testPolicies(w *world) {
	draft := w.create(w.ann, false, "Article", "title", "Draft of Ann")
	public := w.article(w.ann, "Hello, World!")
	s := w.sel("Article", "slug", nest{"author", w.sel("User", "name", "email")})
	w.wantRows(w.ann, s, "[[hello-world [ann ann@example.com]] [draft-of-ann [ann ann@example.com]]]")
	w.wantRows(w.bob, s, "[[hello-world [ann <nil>]]]")
	w.wantRows(kit.Viewer{}, s, "[[hello-world [ann <nil>]]]")
	_, err := w.get(w.bob, s, draft)
	w.want(err, "NOT_FOUND")
	for _, key := range []any{public, "hello-world", strings.ToUpper(string(public))} {
		_, err := w.get(w.bob, s, key)
		w.want(err, "ok")
	}
	for _, key := range []any{"no-such", "", "\x00", "\xff", kit.NewID(), "'; --"} {
		_, err := w.get(w.bob, s, key)
		w.want(err, "NOT_FOUND")
	}
	_, err = w.get(w.bob, w.sel("User", "name"), "BOB")
	w.want(err, "ok") // unique whatever the case
}

func testFieldRules(w *world) {
	w.article(w.ann, "one", "earnings", decimal("12.5"))
	s := w.sel("Article", "earnings")
	w.wantRows(w.ann, s, "[[12.5]]")
	w.wantRows(w.bob, s, "[[<nil>]]")
}

func testHiddenReferences(w *world) {
	w.article(w.ann, "one", "editor", w.bob.ID)
	must(w.update(w.bob, "User", w.bob.ID, 0, "active", false))
	s := w.sel("Article", "editor", nest{"editor", w.sel("User", "name", nest{"boss", w.sel("User", "name")}, nest{"articles", w.sel("Article", "slug")})})
	w.wantRows(w.ann, s, "[[<nil> <nil>]]")
	w.wantRows(w.bob, s, fmt.Sprintf("[[[%s] [bob <nil> []]]]", w.bob.ID))
}

func testNesting(w *world) {
	for i := range 3 {
		tag := w.create(w.ann, false, "Tag", "name", fmt.Sprint("t", i))
		a := w.article(w.ann, fmt.Sprint("a", i), "tags", []any{string(tag), "t0"})
		for j := range 4 {
			w.create(w.bob, false, "Comment", "article", a, "body", fmt.Sprint("c", i, j))
		}
	}
	s := w.sel("Article", "slug", nest{"tags", w.sel("Tag", "name")},
		nest{"comments", w.sel("Comment", "body", nest{"author", w.sel("User", "name", nest{"articles", w.sel("Article", "slug")})})},
		nest{"author", w.sel("User", nest{"articles", w.sel("Article", "slug", nest{"tags", w.sel("Tag", "name")})})})
	l, statements, err := w.tryList(w.ann, s)
	must(err)
	want := 6 // one a level
	if w.engine.DB().Dialect() == sqldb.Postgres {
		want = 1
	}
	if statements != want {
		w.Errorf("%d statements, want %d", statements, want)
	}
	tags := "[[a2 [[t0] [t2]]] [a1 [[t0] [t1]]] [a0 [[t0]]]]"
	wanted := fmt.Sprintf("[[a2 [[t0] [t2]] [[c2 0 [bob []]] [c2 1 [bob []]]] [%[1]s]] [a1 [[t0] [t1]] [[c1 0 [bob []]] [c1 1 [bob []]]] [%[1]s]] "+
		"[a0 [[t0]] [[c0 0 [bob []]] [c0 1 [bob []]]] [%[1]s]]]", tags)
	if got := rowsText(l.Rows); got != wanted {
		w.Errorf("got  %s\nwant %s", got, wanted)
	}
	comments := l.Rows[0].Values[2].(*query.List)
	if !comments.HasNext || len(comments.Rows) != 2 {
		w.Error("the comments have no next page")
	}
	// The next page of each list, with totals.
	next := w.sel("Comment", "body")
	next.After, next.Count, next.First = comments.Cursor(1), true, 1
	row, err := w.get(w.ann, w.sel("Article", nest{"comments", next}), "a2")
	must(err)
	l = row.Values[0].(*query.List)
	if rowsText(l.Rows) != "[[c2 2]]" || l.Total != 4 || !l.HasNext || !l.HasPrevious {
		w.Errorf("next comments are %s of %d", rowsText(l.Rows), l.Total)
	}
	last := w.sel("Comment", "body")
	last.Last, last.Count = 1, true
	w.wantRows(w.ann, w.sel("Article", nest{"comments", last}), "[[[[c2 3]]] [[[c1 3]]] [[[c0 3]]]]")
}

func testPages(w *world) {
	for i := range 7 {
		w.article(w.ann, fmt.Sprint("a", i), "rating", 1+i%2)
	}
	for _, order := range [][]query.Order{nil, {{Path: []string{"rating"}}}, {{Path: []string{"rating"}, Descending: true}, {Path: []string{"title"}}}} {
		s := w.sel("Article", "slug")
		s.Order, s.First, s.Count = order, 100, true
		all := w.list(w.ann, s)
		if all.Total != 7 || all.HasNext || all.HasPrevious {
			w.Errorf("all: %+v", all)
		}
		var forward, backward []string
		s.First, s.After = 3, ""
		for {
			l := w.list(w.ann, s)
			forward = append(forward, cursorsOf(l)...)
			if s.After = ""; len(l.Rows) > 0 {
				s.After = l.Cursor(len(l.Rows) - 1)
			}
			if !l.HasNext {
				break
			}
		}
		s.First, s.After, s.Last = 0, "", 3
		for {
			l := w.list(w.ann, s)
			backward = append(append([]string{}, cursorsOf(l)...), backward...)
			s.Before = l.Cursor(0)
			if !l.HasPrevious {
				break
			}
		}
		if fmt.Sprint(forward) != fmt.Sprint(cursorsOf(all)) || fmt.Sprint(backward) != fmt.Sprint(cursorsOf(all)) {
			w.Errorf("order %v: pages differ from the whole\n%v\n%v\n%v", order, cursorsOf(all), forward, backward)
		}
	}
}

// testPagesAmongChanges walks a list while, between its pages, the row that the cursor names goes and others come before
// and behind it: each row that is there all the while is seen once, in its order.
func testPagesAmongChanges(w *world) {
	const stay = 12
	for _, backward := range []bool{false, true} {
		for i, order := range [][]query.Order{{{Path: []string{"title"}}}, {{Path: []string{"rating"}}, {Path: []string{"title"}, Descending: true}}} {
			name := func(kind string, n int) string { return fmt.Sprintf("%v-%d-%02d-%s", backward, i, n, kind) }
			mine := func(title string) bool { return strings.HasPrefix(title, fmt.Sprintf("%v-%d-", backward, i)) }
			for n := range stay {
				w.article(w.ann, name("stays", n), "rating", 1+n%3)
				w.article(w.ann, name("goes", n), "rating", 1+n%3)
			}
			s := w.sel("Article", "title", "slug")
			s.Order, s.First = order, 100
			var want, seen []string
			for _, row := range w.list(w.ann, s).Rows {
				if title := row.Values[0].(string); mine(title) && strings.HasSuffix(title, "stays") {
					want = append(want, title)
				}
			}
			if s.First = 2; backward {
				s.First, s.Last = 0, 2
			}
			for page := 0; ; page++ {
				l := w.list(w.ann, s)
				var some []string
				for _, row := range l.Rows {
					if title := row.Values[0].(string); mine(title) && strings.HasSuffix(title, "stays") {
						some = append(some, title)
					}
				}
				edge, more := len(l.Rows)-1, l.HasNext
				if seen = append(seen, some...); backward {
					seen, edge, more = append(some, seen[:len(seen)-len(some)]...), 0, l.HasPrevious
				}
				if !more || page > 20*stay {
					break
				}
				if s.After = l.Cursor(edge); backward {
					s.After, s.Before = "", l.Cursor(edge)
				}
				if row := l.Rows[edge]; strings.HasSuffix(row.Values[0].(string), "goes") {
					w.want(w.delete(w.ann, "Article", row.Values[1], 0), "ok")
				}
				if page < 6 {
					w.article(w.ann, name("comes", 2*page), "rating", 1+page%3)
					w.article(w.ann, name("comes", stay-page), "rating", 1+page%3)
				}
			}
			if !slices.Equal(seen, want) {
				w.Errorf("backward %v, order %d:\nsaw  %v\nwant %v", backward, i, seen, want)
			}
		}
	}
}

func testNullOrder(w *world) {
	w.article(w.ann, "none")
	w.article(w.ann, "one", "rating", 1)
	w.article(w.ann, "two", "rating", 2)
	s := w.sel("Article", "slug")
	s.Order = []query.Order{{Path: []string{"rating"}}}
	w.wantRows(w.bob, s, "[[one] [two] [none]]")
	s.Order[0].Descending = true
	w.wantRows(w.bob, s, "[[none] [two] [one]]")
	for _, order := range []string{"earnings", "price.amount", "price.currency", "editor", "publishedAt"} {
		s.Order, s.First = []query.Order{{Path: strings.Split(order, ".")}}, 1
		first := w.list(w.bob, s)
		s.After = first.Cursor(0)
		second := w.list(w.bob, s)
		s.After = second.Cursor(0)
		if third := w.list(w.bob, s); third.HasNext || len(third.Rows) != 1 || third.Rows[0].ID == first.Rows[0].ID {
			w.Errorf("order by %s: pages are wrong", order)
		}
		s.After = ""
	}
}

func testCursors(w *world) {
	w.article(w.ann, "one")
	s := w.sel("Article", "slug")
	cursor := w.list(w.ann, s).Cursor(0)
	for _, c := range []struct {
		change func(s *query.Select)
	}{
		{func(s *query.Select) { s.After = "?" }},
		{func(s *query.Select) { s.After, s.Order = cursor, []query.Order{{Path: []string{"title"}}} }},
		{func(s *query.Select) { s.After, s.Before, s.Last = cursor, cursor, 1 }},
		{func(s *query.Select) { s.First = -1 }},
		{func(s *query.Select) { s.First = 101 }},
		{func(s *query.Select) { s.First, s.Last = 1, 1 }},
		{func(s *query.Select) { s.After = strings.Repeat("A", 9000) }},
		{func(s *query.Select) { s.After = cursor[:len(cursor)-3] }},
		{func(s *query.Select) { s.After = withNull(w, cursor, 0) }},
		{func(s *query.Select) { s.Before, s.Last = withNull(w, cursor, 0), 1 }},
	} {
		s := w.sel("Article", "slug")
		c.change(s)
		_, _, err := w.tryList(w.ann, s)
		w.want(err, "MALFORMED")
	}
	for _, order := range []string{"title", "createdAt"} {
		for _, down := range []bool{false, true} {
			s := w.sel("Article", "slug")
			s.Order = []query.Order{{Path: []string{order}, Descending: down}, {Path: []string{"rating"}}}
			c := w.list(w.ann, s).Cursor(0)
			s.After = withNull(w, c, 0)
			_, _, err := w.tryList(w.ann, s)
			w.want(err, "MALFORMED")
			s.After = withNull(w, c, 1) // which a row may have
			w.list(w.ann, s)
		}
	}
}

// withNull is a cursor with null in the place of one of its values.
func withNull(w *world, cursor string, at int) string {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		w.Fatal(err)
	}
	hash, list, _ := strings.Cut(string(raw), "[")
	var values []*string
	if err := json.Unmarshal([]byte("["+list), &values); err != nil {
		w.Fatal(err)
	}
	values[at] = nil
	text, err := json.Marshal(values)
	if err != nil {
		w.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString([]byte(hash + string(text)))
}

func testFilters(w *world) {
	w.create(w.ann, false, "Tag", "name", "go")
	w.article(w.ann, "one", "rating", 1, "tags", []any{"go"}, "price", []any{decimal("9.99"), "EUR"}, "summary", "It's 100% fine_")
	two := w.article(w.ann, "two", "rating", 2, "editor", w.bob.ID, "publishedAt", w.clock.now)
	w.article(w.bob, "three", "editor", w.ann.ID)
	w.create(w.bob, false, "Comment", "article", two, "body", "hi")
	hour := int64(time.Hour / time.Microsecond)
	this, c, lt, ge := meta.This, meta.Const, meta.OpLt, meta.OpGe
	for _, test := range []struct {
		where *meta.Expr
		want  string
	}{
		{meta.Eq(this("rating"), c(int64(1))), "one"},
		{meta.Ne(this("rating"), c(int64(1))), "three two"},
		{meta.Not(meta.Apply(lt, this("rating"), c(int64(2)))), "three two"},
		{meta.Not(meta.Or(meta.Eq(this("rating"), c(int64(1))), meta.Eq(this("rating"), meta.Null()))), "two"},
		{meta.Eq(this("rating"), meta.Null()), "three"},
		{meta.Ne(this("rating"), meta.Null()), "two one"},
		{meta.In(this("rating"), c(int64(1)), c(int64(2)), meta.Null()), "two one"},
		{meta.Not(meta.In(this("rating"), c(int64(1)))), "three two"},
		{meta.In(this("rating")), ""},
		{meta.Apply(lt, this("price", "amount"), c("10.001")), "one"},
		{meta.Apply(ge, this("price", "amount"), c(decimal("9.99"))), "one"},
		{meta.Apply(meta.OpGt, meta.Apply(meta.OpMul, this("price", "amount"), c(int64(2))), c("19.97")), "one"},
		{meta.Eq(this("price", "currency"), c("EUR")), "one"},
		{meta.Eq(this("author"), c(string(w.ann.ID))), "two one"},
		{meta.Eq(this("author", "name"), c("bob")), "three"},
		{meta.Ne(this("editor", "name"), c("bob")), "three one"},
		{meta.Eq(this("editor", "name"), this("author", "name")), ""},
		{meta.Eq(this("author"), meta.Viewer()), "two one"},
		{meta.Eq(this("createdAt"), this("createdAt")), "three two one"},
		{meta.Apply(lt, this("createdAt"), meta.Now()), "three two one"},
		{meta.Apply(lt, meta.Now(), meta.Apply(meta.OpAdd, this("createdAt"), c(hour))), "three two one"},
		{meta.Apply(lt, meta.Apply(meta.OpSub, meta.Now(), this("createdAt")), c(hour)), "three two one"},
		{meta.Apply(lt, meta.Apply(meta.OpAdd, this("publishedAt"), c(hour)), this("createdAt")), ""},
		{meta.Call("startsWith", this("title"), c("t")), "three two"},
		{meta.Call("endsWith", this("title"), c("e")), "three one"},
		{meta.Call("contains", this("summary"), c("0% f")), "one"},
		{meta.Call("contains", this("summary"), c("'s")), "one"},
		{meta.Call("matches", this("title"), c("^t.o$")), "two"},
		{meta.Eq(meta.Call("size", this("title")), c(int64(5))), "three"},
		{meta.Eq(meta.Call("upper", this("title")), c("ONE")), "one"},
		{meta.Eq(meta.Call("upper", meta.Apply(meta.OpAdd, this("title"), c("é"))), c("ONEÉ")), "one"},
		{meta.Eq(meta.Call("lower", meta.Apply(meta.OpAdd, this("title"), c("ÄΣЖ"))), c("oneäσж")), "one"},
		{meta.Over(meta.OpExists, this("tags"), "t", meta.Eq(meta.Var("t", "name"), c("go"))), "one"},
		{meta.Not(meta.Over(meta.OpExists, this("comments"), "x", meta.True())), "three one"},
		{meta.Over(meta.OpExists, this("author", "articles"), "x", meta.Eq(meta.Var("x", "title"), this("title"))), "three two one"},
		{meta.Apply(ge, meta.Over(meta.OpCount, this("comments"), "x", meta.True()), c(int64(1))), "two"},
		{meta.Eq(meta.Call("size", this("comments")), c(int64(0))), "three one"},
		{meta.Eq(meta.Over(meta.OpSum, this("author", "articles"), "x", meta.True(), meta.Var("x", "rating")), c(int64(3))), "two one"},
		{meta.Eq(meta.Over(meta.OpMax, this("author", "articles"), "x", meta.True(), meta.Var("x", "rating")), c(int64(2))), "two one"},
		{meta.Eq(meta.Over(meta.OpAvg, this("author", "articles"), "x", meta.True(), meta.Var("x", "rating")), c(1.5)), "two one"},
		{meta.Eq(meta.Over(meta.OpAvg, this("author", "articles"), "x", meta.True(), meta.Var("x", "price", "amount")), c(9.99)), "two one"},
		{meta.Eq(meta.Over(meta.OpFind, this("comments"), "x", meta.True(), meta.Var("x", "body")), c("hi")), "two"},
		{meta.Eq(meta.Apply(meta.OpIf, meta.Eq(this("rating"), meta.Null()), c("no"), this("title")), c("no")), "three"},
		{meta.Eq(meta.Apply(meta.OpDiv, this("rating"), c(int64(0))), meta.Null()), "three two one"},
		{meta.Eq(meta.Apply(meta.OpMod, this("rating"), c(int64(2))), c(int64(1))), "one"},
		{meta.Eq(meta.Apply(meta.OpNeg, this("rating")), c(int64(-2))), "two"},
		{meta.Eq(meta.Apply(meta.OpAdd, this("title"), c("!")), c("one!")), "one"},
		{meta.And(this("author", "active"), meta.Eq(this("author", "name"), c("ann")), meta.Eq(this("editor", "name"), c("bob"))), "two"},
		{meta.And(), "three two one"},
		{meta.Or(), ""},
		{meta.Can(meta.Update, meta.This()), "two one"},
		{meta.Eq(this("publishedAt"), c(w.clock.now.Add(-2*time.Second).Format(time.RFC3339Nano))), ""},
		{meta.Eq(meta.Eq(this("rating"), c(int64(1))), meta.Const(false)), "three two"},
	} {
		s := w.sel("Article", "title")
		s.Where, s.Count = test.where, true
		l, _, err := w.tryList(w.ann, s)
		if err != nil {
			w.Errorf("%s: %v", exprText(test.where), err)
			continue
		}
		var titles []string
		for _, r := range l.Rows {
			titles = append(titles, r.Values[0].(string))
		}
		if got := strings.Join(titles, " "); got != test.want || int(l.Total) != len(titles) {
			w.Errorf("%s: got %q of %d, want %q", exprText(test.where), got, l.Total, test.want)
		}
	}
}

func exprText(x *meta.Expr) string {
	if x.Op == meta.OpConst {
		return fmt.Sprint(x.Value)
	}
	text := fmt.Sprint(x.Op, " ", x.Var, x.Name, x.Path)
	for _, a := range x.Args {
		text += " (" + exprText(a) + ")"
	}
	return text
}

func testFilterGuards(w *world) {
	one := w.article(w.ann, "one", "earnings", decimal("5"), "editor", w.root.ID)
	must(w.update(w.root, "User", w.root.ID, 0, "active", false))
	w.create(w.ann, false, "Article", "title", "draft")
	for _, test := range []struct {
		viewer kit.Viewer
		where  *meta.Expr
		want   int
	}{
		{w.ann, meta.Eq(meta.This("earnings"), meta.Const("5")), 1},
		{w.bob, meta.Eq(meta.This("earnings"), meta.Const("5")), 0},
		{w.bob, meta.Eq(meta.This("earnings"), meta.Null()), 1},
		{w.bob, meta.Ne(meta.This("earnings"), meta.Const("5")), 1},
		{w.bob, meta.Not(meta.Apply(meta.OpGt, meta.This("earnings"), meta.Const("1"))), 1},
		{w.bob, meta.Eq(meta.This("author", "email"), meta.Const("ann@example.com")), 0},
		{w.ann, meta.Eq(meta.This("author", "email"), meta.Const("ann@example.com")), 2},
		{w.bob, meta.Eq(meta.This("editor"), meta.Const(string(w.root.ID))), 0},
		{w.bob, meta.Eq(meta.This("editor"), meta.Null()), 1},
		{w.root, meta.Eq(meta.This("editor"), meta.Null()), 0},
		{w.bob, meta.Eq(meta.This("editor", "name"), meta.Const("root")), 0},
		{w.bob, meta.Ne(meta.This("editor", "name"), meta.Const("root")), 1},
		{w.root, meta.Eq(meta.This("editor", "name"), meta.Const("root")), 1},
		{w.bob, meta.Eq(meta.Call("size", meta.This("author", "articles")), meta.Const(int64(1))), 1},
		{w.ann, meta.Eq(meta.Call("size", meta.This("author", "articles")), meta.Const(int64(2))), 2},
		{w.bob, meta.Over(meta.OpExists, meta.This("author", "articles"), "a", meta.Eq(meta.Var("a", "title"), meta.Const("draft"))), 0},
	} {
		s := w.sel("Article", "slug")
		s.Where = test.where
		if got := len(w.list(test.viewer, s).Rows); got != test.want {
			w.Errorf("%s: %d rows, want %d", exprText(test.where), got, test.want)
		}
	}
	_ = one
	s := w.sel("Article", "slug")
	s.Where = meta.Eq(meta.This("nothing"), meta.Null())
	if _, _, err := w.tryList(w.bob, s); err == nil {
		w.Error("a filter on no field passes")
	}
	s.Where = meta.Eq(meta.This("author"), meta.Const("no id"))
	_, _, err := w.tryList(w.bob, s)
	w.want(err, "MALFORMED")
	s.Where = meta.Eq(meta.This("rating"), meta.Const(int64(1)<<40))
	_, _, err = w.tryList(w.bob, s)
	w.want(err, "MALFORMED")
}

func testLimits(w *world) {
	deep := meta.True()
	for range 30 {
		deep = meta.Not(meta.Eq(meta.This("rating"), deep))
	}
	wide := meta.Or()
	for range 600 {
		wide.Args = append(wide.Args, meta.Eq(meta.This("title"), meta.Const("x")))
	}
	for _, where := range []*meta.Expr{deep, wide} {
		s := w.sel("Article", "slug")
		s.Where = where
		_, _, err := w.tryList(w.ann, s)
		w.want(err, "MALFORMED")
	}
	nested := w.sel("User", "name")
	for range 20 {
		nested = w.sel("User", nest{"boss", nested})
	}
	_, _, err := w.tryList(w.ann, nested)
	w.want(err, "MALFORMED")
	lists := w.sel("User", "name")
	lists.First = 100
	for range 4 {
		articles := w.sel("Article", nest{"fans", lists})
		articles.First = 100
		lists = w.sel("User", nest{"articles", articles})
		lists.First = 100
	}
	_, _, err = w.tryList(w.ann, lists)
	w.want(err, "MALFORMED")
	_, err = w.get(w.ann, lists, "ann")
	w.want(err, "MALFORMED")
}

func testSignedOut(w *world) {
	nobody := kit.Viewer{}
	_, err := w.tryCreate(nobody, false, "Article", "title", "one")
	w.want(err, "UNAUTHENTICATED")
	_, err = w.tryCreate(w.bob, false, "User", "name", "x", "email", "x@example.com")
	w.want(err, "FORBIDDEN")
	l, statements, err := w.tryList(nobody, w.sel("Notebook", "locked"))
	must(err)
	if len(l.Rows) != 0 || statements != 0 {
		w.Errorf("%d rows by %d statements", len(l.Rows), statements)
	}
	w.want(w.update(nobody, "User", w.ann.ID, 0, "name", "x"), "UNAUTHENTICATED")
	w.want(w.delete(nobody, "User", w.ann.ID, 0), "UNAUTHENTICATED")
}

func must(err error) {
	if err != nil {
		panic(describe(err))
	}
}

// BenchmarkFeed reads 20 articles with their authors, tags and two comments each.
func BenchmarkFeed(b *testing.B) {
	for _, d := range databases(b) {
		b.Run(d.name, func(b *testing.B) { benchmarkFeed(b, d.open(b)) })
	}
}

func cursorsOf(l *query.List) (all []string) {
	for i := range l.Rows {
		all = append(all, l.Cursor(i))
	}
	return all
}
